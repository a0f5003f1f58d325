//! A recipient reads only their own money; the rest looks as if it were not there.

use serde_json::{Value, json};

use super::client::{Served, login, text};

#[tokio::test(flavor = "multi_thread")]
async fn lists_hold_only_what_is_the_recipients_own() {
    let served = Served::start().await;
    let query = "{ hops { totalCount nodes { to { label } from { label } acknowledged { amount } allocation { id } \
                 token { id } entries { index kind envelope signers { officer } } } } tokens { totalCount nodes { state \
                 parent { id } trace { to { label } } statement { held { amount } } } } \
                 parties { totalCount nodes { label } } recipients { totalCount } allocations { totalCount } \
                 operations { totalCount nodes { kind } } }";
    let data = served.data(&served.world.recipients[0], query).await;
    assert_eq!(data["hops"]["totalCount"], 1);
    let hop = &data["hops"]["nodes"][0];
    assert_eq!(hop["to"], json!({ "label": "R1" }));
    assert_eq!(hop["from"], json!({ "label": "County" }));
    assert_eq!(hop["acknowledged"], json!({ "amount": "60.00" }));
    assert_eq!((&hop["allocation"], &hop["token"]), (&Value::Null, &Value::Null));
    assert_eq!(hop["entries"][0]["kind"], Value::Null, "what the sender signed is about others as well");
    assert_eq!(hop["entries"][0]["envelope"], Value::Null);
    assert_eq!(hop["entries"][0]["signers"], json!([]));
    assert_eq!(hop["entries"][1]["kind"], "RECEIPT_CONFIRM");
    let tokens = json!({ "totalCount": 1, "nodes": [{
        "state": "CONFIRMED", "parent": null, "trace": [{ "to": { "label": "R1" } }], "statement": null,
    }] });
    assert_eq!(data["tokens"]["totalCount"], tokens["totalCount"]);
    assert_eq!(data["tokens"]["nodes"][0]["trace"], tokens["nodes"][0]["trace"]);
    assert_eq!(data["tokens"]["nodes"][0]["statement"], Value::Null);
    assert_eq!(data["parties"], json!({ "totalCount": 1, "nodes": [{ "label": "R1" }] }));
    assert_eq!(data["recipients"], json!({ "totalCount": 1 }));
    assert_eq!(data["allocations"], json!({ "totalCount": 0 }));
    assert_eq!(data["operations"], json!({ "totalCount": 1, "nodes": [{ "kind": "RECEIPT_CONFIRM" }] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_hidden_looks_like_what_is_absent() {
    let served = Served::start().await;
    let world = &served.world;
    let all = "{ hops { nodes { id to { label } } } tokens { nodes { id holder { label } } } \
               allocations { nodes { id } } operations { nodes { id } } parties { nodes { id label } } }";
    let seen = served.data(&world.supervisor, all).await;
    let mut hidden = vec![text(&seen["allocations"]["nodes"][0]["id"]), text(&seen["operations"]["nodes"][1]["id"])];
    let others = |nodes: &Value, field: &str| -> Vec<String> {
        let all = nodes.as_array().unwrap().iter();
        all.filter(|node| !["R1", "R2"].iter().any(|own| node[field]["label"] == *own))
            .map(|node| text(&node["id"]))
            .collect()
    };
    hidden.extend(others(&seen["hops"]["nodes"], "to"));
    let tokens = seen["tokens"]["nodes"].as_array().unwrap().iter().filter(|token| !token["holder"].is_null());
    let held = others(&Value::Array(tokens.cloned().collect()), "holder");
    // What has no holder is on a hop to a recipient, and may be the recipient's to see.
    hidden.extend(held);
    hidden.push(format!("prt_{}", world.bureau.party.simple()));
    for id in hidden {
        let query = format!("{{ node(id: \"{id}\") {{ id }} }}");
        let as_recipient = served.data(&world.recipients[1], &query).await;
        assert_eq!(as_recipient, json!({ "node": null }), "{id}");
        assert_eq!(served.data(&world.supervisor, &query).await, json!({ "node": { "id": id } }));
    }
    let bureau = world.bureau.party;
    let by_field =
        format!("{{ party(id: \"{bureau}\") {{ label }} hops(filter: {{ party: \"{bureau}\" }}) {{ totalCount }} }}");
    let expected = json!({ "party": null, "hops": { "totalCount": 0 } });
    assert_eq!(served.data(&world.recipients[0], &by_field).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_over_the_money_of_many_are_forbidden() {
    let served = Served::start().await;
    let r1 = Some(login(&served.world.recipients[0]));
    assert_eq!(served.error(r1, "{ statement { held { amount } } }").await, "FORBIDDEN");
    assert_eq!(served.error(r1, "{ leakageReport(groupBy: PARTY) { height } }").await, "FORBIDDEN");
}
