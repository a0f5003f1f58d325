//! Money as those who may see all of it read it: bodies whole.

use serde_json::{Value, json};

use super::client::{Served, login, text};

fn inr(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "INR" })
}

const STATEMENT: &str = "allocated { amount currency } surplus { amount } held { amount } inTransit { amount } \
                         overdue { amount } booked { amount } confirmed { amount } deducted { amount } \
                         returned { amount } disputed { amount } unaccounted { amount }";

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_has_every_class_and_closes() {
    let served = Served::start().await;
    let data = served.data(&served.world.supervisor, &format!("{{ statement {{ {STATEMENT} }} }}")).await;
    let amount = |amount: &str| json!({ "amount": amount });
    let expected = json!({ "statement": {
        "allocated": inr("1000.00"), "surplus": amount("0.00"), "held": amount("780.00"),
        "inTransit": amount("100.00"), "overdue": amount("0.00"), "booked": amount("0.00"),
        "confirmed": amount("60.00"), "deducted": amount("0.00"), "returned": amount("0.00"),
        "disputed": amount("40.00"), "unaccounted": amount("20.00"),
    } });
    assert_eq!(data, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_of_the_past_stays_and_the_future_has_none() {
    let served = Served::start().await;
    let supervisor = login(&served.world.supervisor).to_owned();
    let query = "query($at: DateTime) { statement(asOf: $at) { held { amount } } }";
    let first = "{ operations(last: 1, filter: { kind: ALLOCATION_CREATE }) { nodes { entry { recordedAt } } } }";
    let found = served.data(&served.world.supervisor, first).await;
    let at = found["operations"]["nodes"][0]["entry"]["recordedAt"].clone();
    let then = served.ask(Some(&supervisor), query, json!({ "at": at })).await;
    assert_eq!(then["data"], json!({ "statement": { "held": { "amount": "1000.00" } } }));
    let later = served.ask(Some(&supervisor), query, json!({ "at": "2030-01-01T00:00:00Z" })).await;
    assert_eq!(later["errors"][0]["extensions"]["code"], "AS_OF_IN_THE_FUTURE", "{later}");
    let before = served.ask(Some(&supervisor), query, json!({ "at": "1999-01-01T00:00:00Z" })).await;
    assert_eq!(before["errors"][0]["extensions"]["code"], "AS_OF_BEFORE_THE_CHAIN", "{before}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_groups_by_party_and_pages() {
    let served = Served::start().await;
    let groups = "nodes { label currency statement { held { amount } unaccounted { amount } } hopLoss { amount } \
                  narrowRate broadRate coverage interval { low high } underpayment { amount } }";
    let query = format!(
        "{{ leakageReport(groupBy: PARTY) {{ total {{ key hopLoss {{ amount }} narrowRate }} \
         groups(first: 1) {{ {groups} totalCount pageInfo {{ hasNextPage endCursor }} }} }} }}"
    );
    let data = served.data(&served.world.supervisor, &query).await;
    let report = &data["leakageReport"];
    assert_eq!(report["total"]["key"], "TOTAL");
    assert_eq!(report["total"]["hopLoss"], json!({ "amount": "60.00" }));
    assert_eq!(report["groups"]["totalCount"], 3);
    let treasury = json!([{
        "label": "Treasury", "currency": "INR",
        "statement": { "held": { "amount": "100.00" }, "unaccounted": { "amount": "20.00" } },
        "hopLoss": { "amount": "20.00" }, "narrowRate": "0.022222", "broadRate": null, "coverage": null,
        "interval": null, "underpayment": null,
    }]);
    assert_eq!(report["groups"]["nodes"], treasury);
    let cursor = text(&report["groups"]["pageInfo"]["endCursor"]);
    let rest = format!(
        "{{ leakageReport(groupBy: PARTY) {{ groups(after: \"{cursor}\") {{ nodes {{ label }} \
         pageInfo {{ hasNextPage hasPreviousPage }} }} }} }}"
    );
    let data = served.data(&served.world.supervisor, &rest).await;
    let expected = json!({
        "nodes": [{ "label": "Bureau" }, { "label": "County" }],
        "pageInfo": { "hasNextPage": false, "hasPreviousPage": true },
    });
    assert_eq!(data["leakageReport"]["groups"], expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_by_area_is_as_deep_as_asked() {
    let served = Served::start().await;
    let by = |level: i32| {
        format!("{{ leakageReport(groupBy: AREA, areaLevel: {level}) {{ groups {{ nodes {{ key }} }} }} }}")
    };
    let keys = |data: Value| data["leakageReport"]["groups"]["nodes"].clone();
    let supervisor = &served.world.supervisor;
    assert_eq!(keys(served.data(supervisor, &by(1)).await), json!([{ "key": "" }, { "key": "North" }]));
    let deep = json!([{ "key": "" }, { "key": "North" }, { "key": "North/Hill" }, { "key": "North/Hill/Ford" }]);
    assert_eq!(keys(served.data(supervisor, &by(3)).await), deep);
    assert_eq!(served.error(Some(login(supervisor)), &by(0)).await, "BAD_USER_INPUT");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_names_nothing_is_an_error_of_a_sum_and_an_empty_list() {
    let served = Served::start().await;
    let supervisor = &served.world.supervisor;
    for named in ["programme: \"NOPE\"", "programme: \"prg_zzzz\"", "party: \"0193a000-0000-7000-8000-000000000000\""] {
        for sum in ["statement(filter: F) { held { amount } }", "leakageReport(filter: F, groupBy: CYCLE) { height }"] {
            let query = format!("{{ {} }}", sum.replace('F', &format!("{{ {named} }}")));
            assert_eq!(served.error(Some(login(supervisor)), &query).await, "BAD_USER_INPUT", "{query}");
        }
        let list = format!("{{ hops(filter: {{ {named} }}) {{ totalCount }} }}");
        assert_eq!(served.data(supervisor, &list).await, json!({ "hops": { "totalCount": 0 } }));
    }
    let nothing = "{ statement(filter: { programme: \"NOPE\" }) { held { amount } } }";
    let body = served.ask(Some(login(supervisor)), nothing, Value::Null).await;
    assert_eq!(body["errors"][0]["message"], "there is no programme \"NOPE\"");
    let empty = "{ statement(filter: { cycle: \"1999-01\" }) { allocated { amount currency } } }";
    assert_eq!(served.data(supervisor, empty).await, json!({ "statement": { "allocated": inr("0.00") } }));
    let by_code = "{ statement(filter: { programme: \"PENSION\", currency: INR }) { held { amount } } }";
    assert_eq!(served.error(Some(login(supervisor)), by_code).await, "BAD_USER_INPUT", "a code is a string");
    let by_code = "{ statement(filter: { programme: \"PENSION\", currency: \"INR\" }) { held { amount } } }";
    assert_eq!(served.data(supervisor, by_code).await, json!({ "statement": { "held": { "amount": "780.00" } } }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hop_shows_both_words_and_every_entry_with_its_signers() {
    let served = Served::start().await;
    let query = "{ hops(last: 1) { totalCount nodes { kind state from { label } to { label } dispatched { amount } \
                 acknowledged { amount } deducted { amount } deductions { code } shortfall { amount } \
                 refused { amount } credited { amount } overdue reported payment purpose forCycle cycle \
                 programme { code } token { state lastState spent amount { amount } } tokens { state reason amount { amount } } \
                 reference { output } entries { kind party { label } basis signers { custody party { label } } } } } }";
    let data = served.data(&served.world.treasury, query).await;
    assert_eq!(data["hops"]["totalCount"], 4);
    let signed = |kind: &str, by: &str| {
        json!({
            "kind": kind, "party": { "label": by }, "basis": "OWN",
            "signers": [{ "custody": "NODE", "party": { "label": by } }],
        })
    };
    let expected = json!([{
        "kind": "TRANSFER", "state": "SHORT", "from": { "label": "Treasury" }, "to": { "label": "Bureau" },
        "dispatched": { "amount": "900.00" }, "acknowledged": { "amount": "880.00" }, "deducted": { "amount": "0.00" },
        "deductions": [], "shortfall": { "amount": "20.00" }, "refused": { "amount": "0.00" }, "credited": null,
        "overdue": false, "reported": false, "payment": null, "purpose": null, "forCycle": null, "cycle": "2024-11",
        "programme": { "code": "PENSION" },
        "token": { "state": "SPENT", "lastState": "HELD", "spent": true, "amount": { "amount": "1000.00" } },
        "tokens": [{ "state": "MISSING", "reason": "SHORTFALL", "amount": { "amount": "20.00" } }],
        "reference": { "output": 0 },
        "entries": [signed("TOKEN_DISPATCH", "Treasury"), signed("HOP_ACKNOWLEDGE", "Bureau")],
    }]);
    assert_eq!(data["hops"]["nodes"], expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_traced_to_the_treasury() {
    let served = Served::start().await;
    let query = "{ tokens(filter: { state: CONFIRMED }) { totalCount nodes { amount { amount currency } holder { label } \
                 state origin allocation { amount { amount } treasury { label } } trace { from { label } to { label } } \
                 statement { confirmed { amount } allocated { amount } } hops { totalCount nodes { to { label } } } \
                 parent { state children { totalCount nodes { state amount { amount } } } } } } }";
    let data = served.data(&served.world.supervisor, query).await;
    let label = |label: &str| json!({ "label": label });
    let expected = json!({ "tokens": { "totalCount": 1, "nodes": [{
        "amount": inr("60.00"), "holder": label("R1"), "state": "CONFIRMED", "origin": "ALLOCATION",
        "allocation": { "amount": { "amount": "1000.00" }, "treasury": label("Treasury") },
        "trace": [
            { "from": label("Treasury"), "to": label("Bureau") },
            { "from": label("Bureau"), "to": label("County") },
            { "from": label("County"), "to": label("R1") },
        ],
        "statement": { "confirmed": { "amount": "60.00" }, "allocated": { "amount": "60.00" } },
        "hops": { "totalCount": 1, "nodes": [{ "to": label("R1") }] },
        "parent": { "state": "SPENT", "children": { "totalCount": 2, "nodes": [
            { "state": "CONFIRMED", "amount": { "amount": "60.00" } },
            { "state": "DISPUTED", "amount": { "amount": "40.00" } },
        ] } },
    }] } });
    assert_eq!(data, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_id_leads_back_to_its_node() {
    let served = Served::start().await;
    let query = "{ tokens(first: 1) { nodes { id allocation { id programme { id } } createdBy { id operation { id } } } } \
                 hops(first: 1) { nodes { id } } recipients(first: 1) { nodes { id party { id } } } }";
    let data = served.data(&served.world.supervisor, query).await;
    let token = &data["tokens"]["nodes"][0];
    let recipient = &data["recipients"]["nodes"][0];
    let ids = [
        (&token["id"], "Token"),
        (&token["allocation"]["id"], "Allocation"),
        (&token["allocation"]["programme"]["id"], "Programme"),
        (&token["createdBy"]["id"], "Entry"),
        (&token["createdBy"]["operation"]["id"], "Operation"),
        (&data["hops"]["nodes"][0]["id"], "Hop"),
        (&recipient["id"], "Recipient"),
        (&recipient["party"]["id"], "Party"),
    ];
    for (id, kind) in ids {
        let query = format!("{{ node(id: {id}) {{ __typename id }} }}");
        let found = served.data(&served.world.supervisor, &query).await;
        assert_eq!(found, json!({ "node": { "__typename": kind, "id": id } }));
    }
    let absent = served.data(&served.world.supervisor, "{ node(id: \"tok_zzzzzzzz\") { id } }").await;
    assert_eq!(absent, json!({ "node": null }));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_holds_what_waits_for_the_viewer() {
    let served = Served::start().await;
    let world = &served.world;
    let inbox = "{ viewer { party { label } roles inbox { hopsToAcknowledge { totalCount } \
                 moneyToConfirm { totalCount nodes { dispatched { amount } } } operationsToApprove { totalCount } } } }";
    let r2 = served.data(&world.recipients[1], inbox).await;
    let expected = json!({ "viewer": { "party": { "label": "R2" }, "roles": ["RECEIVER"], "inbox": {
        "hopsToAcknowledge": { "totalCount": 0 },
        "moneyToConfirm": { "totalCount": 1, "nodes": [{ "dispatched": { "amount": "100.00" } }] },
        "operationsToApprove": { "totalCount": 0 },
    } } });
    assert_eq!(r2, expected);
    let county = served.data(&world.county, inbox).await;
    assert_eq!(county["viewer"]["inbox"]["hopsToAcknowledge"], json!({ "totalCount": 0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_waits_is_in_the_other_officers_inbox_with_its_bytes() {
    use aqueduct::ledger::operation::{AllocationCreate, Operation};
    let served = Served::start().await;
    let world = &served.world;
    let allocate = AllocationCreate {
        declared_recipients: None,
        declared_total: None,
        amount: crate::world::minor(500),
        currency: crate::world::inr(),
        cycle: "2024-11".to_owned(),
        programme: "PENSION".to_owned(),
        purpose: "PENSION".to_owned(),
    };
    let id = world.next_id();
    world.state_as(&world.treasury, 0, id, Operation::AllocationCreate(allocate)).await.unwrap();
    let inbox = "{ viewer { inbox { operationsToApprove { totalCount nodes { operationId status missing kind payload \
                 signedBy entry { index } } } } } }";
    let own = served.data(&world.treasury, inbox).await;
    assert_eq!(own["viewer"]["inbox"]["operationsToApprove"]["totalCount"], 0, "who signed has nothing to approve");
    let body = served.ask(Some(&world.treasury.officers[1].1), inbox, Value::Null).await;
    let waiting = &body["data"]["viewer"]["inbox"]["operationsToApprove"];
    assert_eq!(waiting["totalCount"], 1, "{body}");
    let operation = &waiting["nodes"][0];
    assert_eq!(operation["operationId"], json!(id));
    assert_eq!(operation["status"], "AWAITING_SIGNATURE");
    assert_eq!(operation["missing"], json!([["APPROVER"]]));
    assert_eq!(operation["kind"], "ALLOCATION_CREATE");
    assert_eq!(operation["signedBy"].as_array().map(Vec::len), Some(1));
    let query = format!("{{ operation(id: \"{id}\") {{ status party {{ label }} }} }}");
    let found = served.data(&world.supervisor, &query).await;
    let expected = json!({ "status": "AWAITING_SIGNATURE", "party": { "label": "Treasury" } });
    assert_eq!(found["operation"], expected);
}
