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

#[tokio::test(flavor = "multi_thread")]
async fn no_filter_and_no_sum_tells_of_hidden_allocations() {
    let served = Served::start().await;
    let (recipient, supervisor) = (&served.world.recipients[0], &served.world.supervisor);
    let cycles = "{ programmes { nodes { cycles { label appropriated { amount } allocated { amount } } } } }";
    let cycle = async |actor| served.data(actor, cycles).await["programmes"]["nodes"][0]["cycles"][0].clone();
    let (seen, hidden) = (cycle(supervisor).await, cycle(recipient).await);
    assert_eq!(hidden, json!({ "label": seen["label"], "appropriated": null, "allocated": null }));
    assert!(seen["appropriated"]["amount"].is_string() && seen["allocated"]["amount"].is_string());

    let all = served.data(supervisor, "{ allocations { nodes { id } } }").await;
    let mut ids: Vec<String> =
        all["allocations"]["nodes"].as_array().unwrap().iter().map(|of| text(&of["id"])).collect();
    ids.push("alc_zzzz".to_owned());
    let own = served.data(recipient, "{ viewer { party { uuid } } }").await["viewer"]["party"]["uuid"].clone();
    for id in ids {
        let filter = format!("filter: {{ allocation: \"{id}\" }}");
        let query = format!(
            "{{ hops({filter}) {{ totalCount }} tokens({filter}) {{ totalCount }} \
             recipient(id: {own}) {{ hops({filter}) {{ totalCount }} }} }}"
        );
        let none = json!({ "totalCount": 0 });
        let expected = json!({ "hops": none, "tokens": none, "recipient": { "hops": none } });
        assert_eq!(served.data(recipient, &query).await, expected, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_own_money_was_made_from_is_seen_as_far_as_own_hops_go() {
    let served = Served::start().await;
    for recipient in &served.world.recipients {
        let level = "id hops { totalCount } allocation { id }";
        let query = format!(
            "{{ tokens(filter: {{ includeSpent: true }}) {{ nodes {{ {level} parent {{ {level} parent {{ {level} }} }} }} }} }}"
        );
        let data = served.data(recipient, &query).await;
        for token in data["tokens"]["nodes"].as_array().unwrap() {
            let mut at = token;
            while !at.is_null() {
                assert_eq!((&at["hops"]["totalCount"], &at["allocation"]), (&json!(1), &Value::Null), "{token}");
                let query = format!("{{ token(id: {}) {{ id }} }}", at["id"]);
                assert_eq!(served.data(recipient, &query).await["token"]["id"], at["id"], "by its id as well");
                at = &at["parent"];
            }
            assert!(
                token["parent"].is_null() || token["parent"]["parent"].is_null(),
                "the county's is hidden: {token}"
            );
        }
    }
}
