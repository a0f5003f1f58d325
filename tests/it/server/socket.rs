//! Operations over `graphql-transport-ws`.

use aqueduct::limits::{SOCKET_OPERATIONS_MAX, STREAMS_READ_AT_ONCE_MAX};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::client::Served;
use super::socket_client::{Came, Socket};

const ENTRIES: &str = "subscription { entryRecorded { index } }";

/// The codes of an `error` message for an operation.
fn codes(message: &Value, id: &str) -> Vec<String> {
    assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!(id)), "{message}");
    let errors = message["payload"].as_array().unwrap_or_else(|| panic!("a list of errors: {message}"));
    errors.iter().map(|error| error["extensions"]["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_and_mutations_are_answered_once_and_complete() {
    let served = Served::start().await;
    let mut socket = Socket::ready(&served).await;
    socket.subscribe("q", "{ __typename }").await;
    let next = socket.said().await;
    assert_eq!((&next["type"], &next["id"]), (&json!("next"), &json!("q")));
    assert_eq!(next["payload"]["data"], json!({ "__typename": "Query" }));
    assert!(next["payload"]["extensions"]["aqueduct"]["head"].is_string());
    socket.hears(json!({ "type": "complete", "id": "q" })).await;

    let query =
        "mutation($input: BudgetAppropriateInput!) { budgetAppropriate(input: $input) { operation { status } } }";
    let mut treasury = Socket::open(&served).await;
    treasury.init(Some(&served.world.treasury.officers[0].1)).await;
    treasury.hears(json!({ "type": "connection_ack" })).await;
    let input = json!({
        "operationId": served.world.next_id(), "programme": "PENSION", "amount": { "amount": "1", "currency": "INR" },
        "cycle": { "label": "2027-01", "firstDay": "2027-01-01", "lastDay": "2027-01-31" },
    });
    let payload = json!({ "query": query, "variables": { "input": input } });
    treasury.say(json!({ "type": "subscribe", "id": "m", "payload": payload })).await;
    let next = treasury.said().await;
    assert_eq!(next["payload"]["data"]["budgetAppropriate"]["operation"]["status"], "RECORDED", "{next}");
    treasury.hears(json!({ "type": "complete", "id": "m" })).await;

    socket.subscribe("q", "{ viewer { officer } nope: hop(id: \"tok_1\") { id } }").await;
    let next = socket.said().await;
    assert_eq!(next["type"], "next", "fields may fail in what was executed: {next}");
    assert_eq!(next["payload"]["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    socket.hears(json!({ "type": "complete", "id": "q" })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_executed_is_an_error_and_nothing_follows() {
    let served = Served::start().await;
    let mut socket = Socket::ready(&served).await;
    let cases = [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("query($a: ID!) { node(id: $a) { id } }", "BAD_USER_INPUT"),
        ("query A { __typename } query B { __typename }", "BAD_USER_INPUT"),
        ("subscription { a: entryRecorded { index } b: entryRecorded { index } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { ...F } fragment F on Subscription { entryRecorded { index } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ log { ...A } } fragment A on Log { ...B ...B } fragment B on Log { ...A }", "GRAPHQL_VALIDATION_FAILED"),
    ];
    for (query, code) in cases {
        // The id is free again each time, so nothing is left of the operation before.
        socket.subscribe("1", query).await;
        assert_eq!(codes(&socket.said().await, "1"), [code], "{query}");
    }
    let mut nobody = Socket::open(&served).await;
    nobody.init(None).await;
    nobody.hears(json!({ "type": "connection_ack" })).await;
    nobody.subscribe("1", ENTRIES).await;
    assert_eq!(codes(&nobody.said().await, "1"), ["UNAUTHENTICATED"], "what is followed fails before it begins");
    nobody.subscribe("1", "{ __typename }").await;
    assert_eq!(nobody.said().await["payload"]["data"], json!({ "__typename": "Query" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_completes_hears_no_more() {
    let served = Served::start().await;
    let mut socket = Socket::ready(&served).await;
    socket.subscribe("1", "subscription { entryRecorded(after: \"0\") { index } }").await;
    assert_eq!(socket.said().await["payload"]["data"]["entryRecorded"]["index"], "1");
    socket.say(json!({ "type": "complete", "id": "1" })).await;
    socket.say(json!({ "type": "complete", "id": "unknown" })).await;
    socket.say(json!({ "type": "ping" })).await;
    while socket.said().await["type"] != "pong" {}
    served.world.allocate(100).await;
    socket.subscribe("1", "{ __typename }").await;
    assert_eq!(socket.said().await["payload"]["data"], json!({ "__typename": "Query" }), "nothing of the one before");
    socket.hears(json!({ "type": "complete", "id": "1" })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_read_in_turns_and_queries_do_not_wait_for_them() {
    let served = Served::start().await;
    let mut socket = Socket::ready(&served).await;
    let turns = served.world.node().stream_turns().clone();
    let others = turns.acquire_many(STREAMS_READ_AT_ONCE_MAX as u32).await.unwrap();
    socket.subscribe("s", "subscription { entryRecorded(after: \"0\") { index kind envelope } }").await;
    socket.subscribe("q", "{ hops(first: 1) { nodes { id } } }").await;
    assert_eq!(socket.said().await["id"], "q", "as long as others have every turn");
    socket.hears(json!({ "type": "complete", "id": "q" })).await;
    drop(others);
    for index in 1..served.world.node().heights().views.entries {
        let entry = &socket.said().await["payload"]["data"]["entryRecorded"];
        assert_eq!(entry["index"], index.to_string());
    }
    // Who only waits has no turn.
    drop(turns.acquire_many(STREAMS_READ_AT_ONCE_MAX as u32).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_run_beside_each_other_up_to_a_bound() {
    let served = Served::start().await;
    let mut socket = Socket::ready(&served).await;
    for n in 0..SOCKET_OPERATIONS_MAX {
        socket.subscribe(&n.to_string(), ENTRIES).await;
    }
    socket.subscribe("more", ENTRIES).await;
    assert_eq!(codes(&socket.said().await, "more"), ["RATE_LIMITED"]);
    served.world.allocate(100).await;
    let mut heard = std::collections::BTreeSet::new();
    while heard.len() < SOCKET_OPERATIONS_MAX {
        heard.insert(socket.said().await["id"].as_str().unwrap().to_owned());
    }
    socket.say(json!({ "type": "complete", "id": "0" })).await;
    socket.subscribe("more", "{ __typename }").await;
    while socket.said().await["id"] != "more" {}
}

#[tokio::test(flavor = "multi_thread")]
async fn pings_are_answered_with_what_they_carry() {
    let served = Served::start().await;
    let mut socket = Socket::open(&served).await;
    socket.say(json!({ "type": "ping", "payload": { "early": true } })).await;
    socket.hears(json!({ "type": "pong", "payload": { "early": true } })).await;
    socket.init(None).await;
    socket.hears(json!({ "type": "connection_ack" })).await;
    socket.say(json!({ "type": "pong" })).await;
    socket.say(json!({ "type": "ping" })).await;
    socket.hears(json!({ "type": "pong" })).await;
    socket.send(Message::binary(json!({ "type": "ping", "payload": {} }).to_string())).await;
    socket.hears(json!({ "type": "pong", "payload": {} })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_server_says_so() {
    let served = Served::start().await;
    let mut socket = Socket::ready(&served).await;
    socket.subscribe("1", ENTRIES).await;
    let heard = tokio::spawn(async move { socket.next().await });
    served.end().await.stop().await;
    assert!(matches!(heard.await.unwrap(), Came::Closed(1001, _)));
}
