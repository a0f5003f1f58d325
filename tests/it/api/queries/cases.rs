//! Cases: looked up, listed, and hidden from recipients.

use aqueduct::ledger::case::{CaseMove, CaseOutcome};
use aqueduct::ledger::operation::{CaseStep, FlagClose, FlagReview, Operation};
use aqueduct::ledger::time::DAY_MS;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{Actor, START, World, inr, minor, reference};

use super::client::{Served, login, text};

fn review(number: u128, rule: &str, accused: &Actor, days: i64) -> Operation {
    Operation::FlagReview(FlagReview {
        accused: Some(accused.party),
        amount: minor(500),
        currency: inr(),
        deadline: START.plus(days * DAY_MS),
        finding: Uuid::from_u128(number),
        hops: Vec::new(),
        reason: format!("finding {number}"),
        rule: rule.to_owned(),
        rule_version: 1,
    })
}

/// A world with five cases: 1 and 2 of L01 about the bureau, of which 2 was dismissed, 3 to 5 of L05
/// about the county, of which 3 has a deadline in two days, 4 is traced, 5 is as it was opened.
async fn served() -> Served {
    let world = World::start().await;
    let supervisor = &world.supervisor;
    let mut cases = Vec::new();
    for (number, rule, accused, days) in [
        (1, "L01", &world.bureau, 30),
        (2, "L01", &world.bureau, 2),
        (3, "L05", &world.county, 2),
        (4, "L05", &world.county, 30),
        (5, "L05", &world.county, 30),
    ] {
        cases.push(reference(&world.record(supervisor, review(number, rule, accused, days)).await, 0));
    }
    let (outcome, reason) = (CaseOutcome::Dismissed, "nothing to it".to_owned());
    world.record(supervisor, Operation::FlagClose(FlagClose { case: cases[1], outcome, reason })).await;
    let (deadline, reason) = (START.plus(40 * DAY_MS), "found".to_owned());
    let step = CaseStep { amount: None, case: cases[3], deadline, reason, step: CaseMove::Traced };
    world.record(supervisor, Operation::CaseStep(step)).await;
    world.node().catch_up().await;
    Served::of(world).await
}

/// The reasons of the cases of a filter, in the order of the list.
async fn listed(served: &Served, arguments: &str) -> Vec<String> {
    let query = format!("{{ cases({arguments}) {{ totalCount nodes {{ finding }} }} }}");
    let data = served.data(&served.world.supervisor, &query).await;
    let nodes = data["cases"]["nodes"].as_array().unwrap();
    assert_eq!(data["cases"]["totalCount"], nodes.len());
    nodes.iter().map(|node| text(&node["finding"]).trim_start_matches(['0', '-']).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_are_found_by_state_rule_accused_and_deadline() {
    let served = served().await;
    let (bureau, county) = (served.world.bureau.party, served.world.county.party);
    let nobody = served.world.next_id();
    let table = [
        ("filter: {}".to_owned(), "5 4 3 2 1"),
        ("order: OLDEST_FIRST".to_owned(), "1 2 3 4 5"),
        ("filter: { state: DISMISSED }".to_owned(), "2"),
        ("filter: { state: TRACED }".to_owned(), "4"),
        ("filter: { state: CLOSED }".to_owned(), ""),
        ("filter: { rule: \"L01\" }".to_owned(), "2 1"),
        ("filter: { rule: \"L0\" }".to_owned(), ""),
        (format!("filter: {{ accused: \"{bureau}\" }}"), "2 1"),
        (format!("filter: {{ accused: \"prt_{}\", state: UNDER_REVIEW }}", county.simple()), "5 3"),
        (format!("filter: {{ accused: \"{nobody}\" }}"), ""),
        ("filter: { overdue: true }".to_owned(), ""),
    ];
    for (arguments, expected) in &table {
        assert_eq!(listed(&served, arguments).await.join(" "), *expected, "{arguments}");
    }
    // Judged at the time of the last block, not by the clock.
    served.world.pass(3 * DAY_MS);
    assert_eq!(listed(&served, "filter: { overdue: true }").await, Vec::<String>::new());
    served.world.programme_money().await;
    served.world.node().catch_up().await;
    assert_eq!(listed(&served, "filter: { overdue: true }").await, ["3"], "2 was as late, and is over");
    let query = "{ cases(order: OLDEST_FIRST) { nodes { isOverdue } } }";
    let data = served.data(&served.world.supervisor, query).await;
    let overdue: Vec<bool> =
        data["cases"]["nodes"].as_array().unwrap().iter().map(|case| case["isOverdue"] == true).collect();
    assert_eq!(overdue, [false, false, true, false, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_cases_go_on_where_the_last_one_ended() {
    let served = served().await;
    let page = async |arguments: String| {
        let query = format!(
            "{{ cases({arguments}) {{ nodes {{ reason }} edges {{ cursor }} \
             pageInfo {{ hasNextPage startCursor endCursor }} }} }}"
        );
        served.data(&served.world.supervisor, &query).await["cases"].clone()
    };
    let first = page("first: 2".to_owned()).await;
    assert_eq!(first["nodes"], json!([{ "reason": "finding 5" }, { "reason": "found" }]));
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    let next = page(format!("first: 5, after: {}", first["pageInfo"]["endCursor"])).await;
    assert_eq!(next["nodes"].as_array().unwrap().len(), 3);
    assert_eq!(next["pageInfo"]["hasNextPage"], false);
    let back = page(format!("last: 2, before: {}", next["pageInfo"]["startCursor"])).await;
    assert_eq!(back["edges"], first["edges"]);
    let login = Some(login(&served.world.supervisor));
    for cursor in ["hops-1", "cases-zzzzzzzzz", "17"] {
        let query = format!("{{ cases(first: 1, after: \"{cursor}\") {{ totalCount }} }}");
        assert_eq!(served.error(login, &query).await, "BAD_USER_INPUT", "{cursor}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_sees_no_case_and_not_that_there_is_one() {
    let served = served().await;
    let all = served.data(&served.world.supervisor, "{ cases(last: 1) { nodes { id } } }").await;
    let id = text(&all["cases"]["nodes"][0]["id"]);
    assert!(id.starts_with("case_"));
    for asked in [id.as_str(), "case_zzzz"] {
        let query = format!(
            "{{ case(id: \"{asked}\") {{ id }} node(id: \"{asked}\") {{ id }} cases {{ totalCount nodes {{ id }} }} }}"
        );
        let expected = json!({ "case": null, "node": null, "cases": { "totalCount": 0, "nodes": [] } });
        assert_eq!(served.data(&served.world.recipients[0], &query).await, expected, "{asked}");
    }
    let query = format!("{{ case(id: \"{id}\") {{ id }} node(id: \"{id}\") {{ id ... on Case {{ rule }} }} }}");
    let expected = json!({ "case": { "id": id }, "node": { "id": id, "rule": "L01" } });
    for actor in [&served.world.supervisor, &served.world.bureau, &served.world.treasury] {
        assert_eq!(served.data(actor, &query).await, expected, "whoever else is logged in sees it");
    }
    let absent = served.data(&served.world.supervisor, "{ case(id: \"case_zzzz\") { id } }").await;
    assert_eq!(absent, json!({ "case": null }));
    assert_eq!(served.error(None, &query).await, "UNAUTHENTICATED");
    let supervisor = Some(login(&served.world.supervisor));
    for bad in ["hop_0", "case_", "7"] {
        let query = format!("{{ case(id: \"{bad}\") {{ id }} }}");
        assert_eq!(served.error(supervisor, &query).await, "BAD_USER_INPUT", "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_every_case_on_a_page_is_one_look_up() {
    let served = served().await;
    let node = served.world.node();
    let statements = async |query: &str| {
        let mut least = u64::MAX;
        // Keys that are collected while the machine is busy may be read in two statements.
        for _ in 0..4 {
            let before = node.views().statements_read();
            served.data(&served.world.supervisor, query).await;
            least = least.min(node.views().statements_read() - before);
        }
        least
    };
    let query = |first: u32| {
        format!("{{ cases(first: {first}) {{ nodes {{ history {{ state reason deadline }} isOverdue }} }} }}")
    };
    assert_eq!(statements(&query(5)).await, statements(&query(1)).await);
    let data = served.data(&served.world.supervisor, &query(5)).await;
    let lengths: Vec<usize> = data["cases"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| case["history"].as_array().unwrap().len())
        .collect();
    assert_eq!(lengths, [1, 2, 1, 2, 1]);
    assert_eq!(data["cases"]["nodes"][1]["history"][0]["reason"], json!("finding 4"));
    assert_eq!(
        data["cases"]["nodes"][1]["history"][1],
        json!({
            "state": "TRACED", "reason": "found", "deadline": START.plus(40 * DAY_MS).to_string(),
        })
    );
    assert_eq!(data["cases"]["nodes"][3]["isOverdue"], Value::Bool(false));
}
