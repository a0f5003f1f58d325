//! Requests that no honest client sends: the server says what is wrong and lives.

use aqueduct::store::faults::Point;
use serde_json::{Value, json};

use super::client::{Served, error_code, inr, login};

#[tokio::test(flavor = "multi_thread")]
async fn broken_requests_are_answered_and_change_nothing() {
    let served = Served::start().await;
    let treasury = served.world.treasury.clone();
    let login = Some(login(&treasury, 0));
    let before = served.standing().await;
    let (status, _) = served.post(login, "{ this is not json".to_owned()).await;
    assert_eq!(status, 400);
    let (status, _) = served.post(login, String::new()).await;
    assert_eq!(status, 400);

    let unknown = served.ask(login, "mutation { moneyPrint(input: {}) { entry { index } } }", json!({})).await;
    assert_eq!(error_code(&unknown), "GRAPHQL_VALIDATION_FAILED");
    let broken = served.ask(login, "mutation { tokenSplit(", json!({})).await;
    assert_eq!(error_code(&broken), "GRAPHQL_PARSE_FAILED");

    let split = "mutation($input: TokenSplitInput!) { tokenSplit(input: $input) { replayed } }";
    let inputs = [
        json!({ "operationId": "1", "token": "tok_0", "currency": "INR", "parts": ["1", "2"] }),
        json!({ "operationId": uuid::Uuid::from_u128(7), "token": "tok_0", "currency": "INR", "parts": ["1", "2"] }),
        json!({ "operationId": served.world.next_id(), "token": "tok_0", "currency": "Rs", "parts": ["1", "2"] }),
        json!({ "operationId": served.world.next_id(), "token": "tok_0", "currency": "INR", "parts": [1, 2] }),
        json!({ "token": "tok_0", "currency": "INR", "parts": ["1", "2"] }),
    ];
    for input in inputs {
        let body = served.ask(login, split, json!({ "input": input })).await;
        let code = error_code(&body);
        assert!(code == "BAD_USER_INPUT" || code == "GRAPHQL_VALIDATION_FAILED", "{input}: {body}");
    }
    assert_eq!(served.standing().await, before);
    let alive = served.record(
        &treasury,
        "budgetAppropriate",
        "cycle { label }",
        json!({
            "programme": "PENSION", "amount": inr("1"),
            "cycle": { "label": "2027-01", "firstDay": "2027-01-01", "lastDay": "2027-01-31" },
        }),
    );
    assert_eq!(alive.await["cycle"]["label"], "2027-01");
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_passed_before_is_refused_for_its_values() {
    let served = Served::start().await;
    let treasury = served.world.treasury.clone();
    let login = Some(login(&treasury, 0));
    let split = "mutation($input: TokenSplitInput!) { tokenSplit(input: $input) { userErrors { code } } }";
    let id = served.world.next_id();
    let good = json!({ "operationId": id, "token": "tok_0", "currency": "INR", "parts": ["1", "2"] });
    let with = |name: &str, value: Value| {
        let mut input = good.clone();
        input[name] = value;
        json!({ "input": input })
    };
    let wrong = [
        with("parts", json!(["1", 2])),
        with("parts", json!(["1", null])),
        with("operationId", json!("1")),
        with("currency", json!(null)),
        with("unknown", json!(1)),
        json!({ "input": { "operationId": id, "token": "tok_0", "currency": "INR" } }),
        json!({ "input": "tok_0" }),
        json!({ "input": null }),
        json!({}),
    ];
    let mut answers = Vec::new();
    for _ in 0..2 {
        for variables in &wrong {
            let body = served.ask(login, split, variables.clone()).await;
            // Some are found wrong before anything is executed, and some by what is executed.
            answers.push((error_code(&body), body["errors"].clone(), body.get("data").cloned()));
        }
        let passed = served.ask(login, split, json!({ "input": good })).await;
        assert_eq!(passed["data"]["tokenSplit"]["userErrors"].as_array().map(Vec::len), Some(1), "{passed}");
    }
    assert_eq!(answers[..wrong.len()], answers[wrong.len()..]);
    let not_executed = answers.iter().filter(|(_, _, data)| data.is_none()).count();
    assert!((2..answers.len()).contains(&not_executed), "{answers:?}");
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_too_large_is_refused() {
    let served = Served::start().await;
    let treasury = served.world.treasury.clone();
    let before = served.standing().await;
    let lines = "x".repeat(aqueduct::limits::BODY_BYTES_MAX + 1);
    let body = json!({ "query": "{ __typename }", "variables": { "lines": lines } }).to_string();
    let (status, _) = served.post(Some(login(&treasury, 0)), body).await;
    assert_eq!(status, 413);
    assert_eq!(served.standing().await, before);
    served.allocated().await;
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_of_the_future_or_the_distant_past_is_refused() {
    let served = Served::start().await;
    let treasury = served.world.treasury.clone();
    let cycle = json!({ "label": "2027-01", "firstDay": "2027-01-01", "lastDay": "2027-01-31" });
    let input = |id: uuid::Uuid, at: Option<&str>| {
        let mut input = json!({ "operationId": id, "programme": "PENSION", "cycle": cycle, "amount": inr("1") });
        if let Some(at) = at {
            input["occurredAt"] = json!(at);
        }
        input
    };
    let now = served.world.clock.now().unwrap();
    let ahead = crate::world::id_at(now.plus(600_000));
    assert_eq!(
        served.refused(&treasury, "budgetAppropriate", input(ahead, None)).await,
        ["ISSUED_AHEAD at operationId"]
    );
    let old = crate::world::id_at(now.plus(-8 * 86_400_000));
    assert_eq!(served.refused(&treasury, "budgetAppropriate", input(old, None)).await, ["EXPIRED at operationId"]);
    let future = input(served.world.next_id(), Some("2999-01-01T00:00:00Z"));
    assert_eq!(served.refused(&treasury, "budgetAppropriate", future).await, ["OCCURRED_AHEAD at occurredAt"]);
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_is_an_error_and_a_retry_finds_out() {
    let served = Served::start().await;
    let world = &served.world;
    let id = world.next_id();
    let cycle = json!({ "label": "2027-01", "firstDay": "2027-01-01", "lastDay": "2027-01-31" });
    let input = json!({ "operationId": id, "programme": "PENSION", "cycle": cycle, "amount": inr("1") });
    let before = served.standing().await;
    world.faults.arm(Point::BeforeAppend, 1);
    let body = served.send(Some(login(&world.treasury, 0)), "budgetAppropriate", "", input.clone()).await;
    assert_eq!(error_code(&body), "STORE_UNAVAILABLE");
    assert_eq!(served.standing().await, before);
    world.faults.arm(Point::AfterAppend, 1);
    let answer = served.record(&world.treasury, "budgetAppropriate", "", input.clone()).await;
    assert_eq!(answer["replayed"], json!(false), "found written after all");
    let answer = served.record(&world.treasury, "budgetAppropriate", "", input).await;
    assert_eq!(answer["replayed"], json!(true));

    world.faults.arm(Point::BeforeNodeWrite, 1);
    let input = json!({
        "operationId": world.next_id(), "programme": "PENSION", "cycle": "2024-11", "purpose": "P", "amount": inr("1"),
    });
    let body = served.send(Some(login(&world.treasury, 0)), "allocationCreate", "", input.clone()).await;
    assert_eq!(error_code(&body), "STORE_UNAVAILABLE");
    let waiting = served.payload(&world.treasury, 0, "allocationCreate", "", input).await;
    assert_eq!(waiting["operation"]["status"], "AWAITING_SIGNATURE");
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_come_from_the_change_while_the_views_are_behind() {
    let served = Served::start().await;
    let world = &served.world;
    let token = served.allocated().await;
    world.faults.arm(Point::BeforeProject, u32::MAX);
    let input = json!({ "operationId": world.next_id(), "token": token, "currency": "INR", "parts": ["900", "100"] });
    let payload = served.record(&world.treasury, "tokenSplit", "tokens { id state }", input).await;
    assert_eq!(payload["tokens"].as_array().unwrap().len(), 2);
    let next = json!({ "token": payload["tokens"][0]["id"], "currency": "INR", "parts": ["800", "100"] });
    let body = served.send(Some(login(&world.treasury, 0)), "tokenSplit", "", next.clone()).await;
    assert_eq!(error_code(&body), "VIEWS_BEHIND");
    world.faults.arm(Point::BeforeProject, 0);
    served.record(&world.treasury, "tokenSplit", "", next).await;
    served.end().await.stop().await;
}
