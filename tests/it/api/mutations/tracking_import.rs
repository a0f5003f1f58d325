//! Rows of tables, imported and asked about.

use aqueduct::ledger::registry::{PartyKind, Role};
use serde_json::{Value, json};

use super::client::{Served, faults, login, recorded};
use crate::world::Actor;

async fn office(served: &Served) -> Actor {
    let officers = [vec![Role::Auditor], vec![Role::Approver]];
    served.world.party("Audit office", PartyKind::Supervisor, "", &officers).await
}

fn key(number: u8) -> String {
    hex::encode([number; 16])
}

fn row(number: u8) -> Value {
    json!({
        "number": number, "key": key(number), "route": "State/Hill", "cycle": 0, "purpose": 0,
        "official": "10.00", "verified": "7.5",
    })
}

fn import(rows: &[Value]) -> Value {
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    json!({
        "programme": "AUDITED", "currency": "INR", "file": "ab".repeat(32), "mapping": "cd".repeat(32),
        "payees": "Workers", "levels": ["state", "district"], "purposes": ["WAGE", "MATERIAL"],
        "cycles": [{ "label": "2024-10", "firstDay": "2024-10-01", "lastDay": "2024-10-31" }],
        "lines": lines.join("\n"),
    })
}

async fn imported(served: &Served, actor: &Actor, index: &Value) -> Value {
    let query = "query($index: LogIndex!) { log { entry(index: $index) { imported { rows official { amount currency } \
                 verified { amount } } } } }";
    served.world.node().catch_up().await;
    let body = served.ask(Some(login(actor, 0)), query, json!({ "index": index })).await;
    body["data"]["log"]["entry"]["imported"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_table_become_reported_money() {
    let served = Served::start().await;
    let office = office(&served).await;
    let mut second = row(2);
    second["date"] = json!("2024-10-15");
    second["purpose"] = json!(1);
    second["officialQuantity"] = json!("12.5");
    second["verifiedQuantity"] = json!("12");
    let fields = "programme { code currency owner { label reported } }";
    let answer = served.record_by_two(&office, "trackingImport", fields, import(&[row(1), second])).await;
    let programme = json!({ "code": "AUDITED", "currency": "INR", "owner": { "label": "State", "reported": true } });
    let expected = recorded(json!({ "programme": programme }), "TRACKING_IMPORT", "Audit office", true);
    assert_eq!(answer, expected);

    let keys = [key(2), key(9), key(1), key(2)];
    let query = "query($keys: [String!]!) { importedRows(keys: $keys) { key entry { index kind basis } } }";
    let body = served.ask(Some(login(&office, 1)), query, json!({ "keys": keys })).await;
    let rows = body["data"]["importedRows"].as_array().unwrap();
    let asked: Vec<&str> = rows.iter().map(|row| row["key"].as_str().unwrap()).collect();
    assert_eq!(asked, keys);
    assert_eq!(rows[1]["entry"], Value::Null);
    assert_eq!((&rows[0]["entry"], &rows[3]["entry"]), (&rows[2]["entry"], &rows[2]["entry"]));
    assert_eq!(
        (&rows[0]["entry"]["kind"], &rows[0]["entry"]["basis"]),
        (&json!("TRACKING_IMPORT"), &json!("REPORTED"))
    );
    let sums = imported(&served, &office, &rows[0]["entry"]["index"]).await;
    let expected =
        json!({ "rows": 2, "official": { "amount": "20.00", "currency": "INR" }, "verified": { "amount": "15.00" } });
    assert_eq!(sums, expected);
    assert_eq!(imported(&served, &office, &json!("0")).await, Value::Null, "no import");

    // A person sees only what is their own: no row, and no sum.
    let person = served.world.recipients[0].clone();
    let body = served.ask(Some(login(&person, 0)), query, json!({ "keys": keys })).await;
    assert!(body["data"]["importedRows"].as_array().unwrap().iter().all(|row| row["entry"].is_null()));
    assert_eq!(imported(&served, &person, &rows[0]["entry"]["index"]).await, Value::Null);
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_says_what_the_rules_would_and_keeps_nothing() {
    let served = Served::start().await;
    let office = office(&served).await;
    let rehearse = |mut input: Value| {
        input["rehearse"] = json!(true);
        input
    };
    let before = served.standing().await;
    let nothing = json!({ "programme": null, "entry": null, "operation": null, "replayed": false, "userErrors": [] });
    let fields = "programme { code }";
    let tried = served.payload(&office, 0, "trackingImport", fields, rehearse(import(&[row(1)]))).await;
    assert_eq!(tried, nothing);
    let mut kept = import(&[row(1)]);
    kept["programme"] = json!("PENSION");
    let tried = served.payload(&office, 0, "trackingImport", fields, rehearse(kept)).await;
    assert_eq!(faults(&tried), ["ALREADY_REGISTERED at -"], "its treasury signs for itself");
    let waiting = "{ viewer { inbox { operationsAwaitingOthers(first: 5) { totalCount nodes { kind } } } } }";
    let mine = async |officer: usize| {
        let body = served.ask(Some(login(&office, officer)), waiting, Value::Null).await;
        body["data"]["viewer"]["inbox"]["operationsAwaitingOthers"].clone()
    };
    assert_eq!(mine(0).await, json!({ "totalCount": 0, "nodes": [] }));
    assert_eq!(served.standing().await, before);

    // Stated in earnest it waits, and its maker finds it.
    served.payload(&office, 0, "trackingImport", fields, import(&[row(1)])).await;
    assert_eq!(mine(0).await, json!({ "totalCount": 1, "nodes": [{ "kind": "TRACKING_IMPORT" }] }));
    assert_eq!(mine(1).await["totalCount"], 0, "the other officer did not make it");
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_are_named_and_a_row_is_imported_once() {
    let served = Served::start().await;
    let office = office(&served).await;
    let with = |field: &str, value: Value| {
        let mut bad = row(3);
        bad[field] = value;
        import(&[row(1), bad])
    };
    for (field, value, expected) in [
        ("key", json!("12"), "BAD_LINES at lines.1.key"),
        ("date", json!("15/10/2024"), "BAD_LINES at lines.1.date"),
        ("official", json!("1.234"), "AMOUNT_TOO_MANY_DECIMALS at lines.1.official"),
        ("verified", json!("-1"), "AMOUNT_NEGATIVE at lines.1.verified"),
        ("officialQuantity", json!("1.0000001"), "BAD_LINES at lines.1.officialQuantity"),
        ("verifiedQuantity", json!("1e3"), "BAD_LINES at lines.1.verifiedQuantity"),
        ("number", json!(-1), "BAD_LINES at lines.1"),
        ("colour", json!("red"), "BAD_LINES at lines.1"),
        ("route", json!("State"), "MALFORMED at lines.1"),
        ("route", json!("State/ Hill"), "MALFORMED at lines.1"),
        ("cycle", json!(1), "MALFORMED at lines.1"),
        ("purpose", json!(2), "MALFORMED at lines.1"),
        ("key", json!(key(1)), "MALFORMED at lines.1"),
        ("number", json!(0), "BAD_LINES at lines.1.number"),
        ("number", json!(1), "BAD_LINES at lines.1.number"),
        ("route", json!("State/\u{202e}lliH"), "MALFORMED at lines.1"),
        ("route", json!("x".repeat(3_000)), "BAD_LINES at lines.1"),
        ("date", json!("2999-01-01"), "OCCURRED_AHEAD at occurredAt"),
    ] {
        let found = served.refused(&office, "trackingImport", with(field, value)).await;
        assert_eq!(found, [expected], "{field}");
    }
    let mut other = import(&[row(1)]);
    other["lines"] = json!("");
    assert_eq!(served.refused(&office, "trackingImport", other).await, ["BAD_LIST at lines"]);
    let mut other = import(&[row(1)]);
    other["payees"] = json!(" ");
    assert_eq!(served.refused(&office, "trackingImport", other).await, ["MALFORMED at payees"]);
    let mut other = import(&[row(1)]);
    let cycle = other["cycles"][0].clone();
    other["cycles"] = json!([cycle, cycle]);
    assert_eq!(served.refused(&office, "trackingImport", other).await, ["MALFORMED at cycles"]);
    let supervisor = served.world.supervisor.clone();
    assert_eq!(served.refused(&supervisor, "trackingImport", import(&[row(1)])).await, ["ROLE_MISSING at -"]);

    served.record_by_two(&office, "trackingImport", "", import(&[row(1)])).await;
    let again = served.refused(&office, "trackingImport", import(&[row(2), row(1)])).await;
    assert_eq!(again, ["ROW_REPEATED at lines"]);

    let ask = async |keys: Vec<String>| {
        let query = "query($keys: [String!]!) { importedRows(keys: $keys) { key } }";
        served.ask(Some(login(&office, 0)), query, json!({ "keys": keys })).await
    };
    assert_eq!(ask(vec![key(1); 1_000]).await["data"]["importedRows"].as_array().unwrap().len(), 1_000);
    for keys in [vec![key(1); 1_001], vec!["zz".to_owned()], vec![String::new()]] {
        assert_eq!(ask(keys).await["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    }
    served.end().await.stop().await;
}
