//! The server around the interface: methods, sizes, headers, the other addresses.

use aqueduct::limits::BODY_BYTES_MAX;
use serde_json::{Value, json};

use super::client::{Served, login};

const HEAD: &str = "{ log { head { height } } }";

#[tokio::test(flavor = "multi_thread")]
async fn every_reply_says_how_far_the_chain_and_the_views_are() {
    let served = Served::start().await;
    let answer = served.post(&[], json!({ "query": HEAD }).to_string()).await;
    let height = served.world.node().heights().views.height.unwrap().to_string();
    assert_eq!(answer.header("aqueduct-head"), Some(height.as_str()));
    assert_eq!(answer.header("aqueduct-views"), Some(height.as_str()));
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    assert!(answer.header("x-request-id").is_some());
    let told = &answer.json()["extensions"]["aqueduct"];
    assert_eq!((&told["head"], &told["views"]), (&json!(height), &json!(height)));
    let findings = answer.header("aqueduct-findings").map(str::to_owned);
    assert_eq!(told["findings"].as_str().map(str::to_owned), findings, "how far the findings are, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_waits_for_what_the_client_knows_of() {
    let served = Served::start().await;
    let recorded = served.world.allocate(100).await;
    let found = served.world.node().views().operations(&[recorded.operation]).await.unwrap();
    let entries = served.world.node().heights().views.entries;
    let index = found.first().map_or(entries, |operation| operation.entry).to_string();
    let bearer = format!("Bearer {}", login(&served.world.supervisor));
    let headers = [("Authorization", bearer.as_str()), ("Aqueduct-At-Least", index.as_str())];
    let query = format!("{{ operation(id: \"{}\") {{ status }} }}", recorded.operation);
    let answer = served.post(&headers, json!({ "query": query }).to_string()).await;
    assert_eq!(answer.json()["data"], json!({ "operation": { "status": "RECORDED" } }));
    let bad = served.post(&[("Aqueduct-At-Least", "soon")], json!({ "query": HEAD }).to_string()).await;
    assert_eq!((bad.status, code(&bad.json())), (400, "BAD_USER_INPUT".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn get_takes_queries_and_no_mutations() {
    let served = Served::start().await;
    let answer = served.get("/graphql?query=%7B%20log%20%7B%20chainId%20%7D%20%7D").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["data"]["log"]["chainId"], json!(served.world.node().chain_id().to_string()));
    let mutation = served.get("/graphql?query=mutation%20%7B%20__typename%20%7D").await;
    assert_eq!((mutation.status, code(&mutation.json())), (405, "METHOD_NOT_ALLOWED".to_owned()));
    let nothing = served.get("/graphql").await;
    assert_eq!((nothing.status, code(&nothing.json())), (400, "BAD_USER_INPUT".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_request_are_refused_with_a_code() {
    let served = Served::start().await;
    for body in ["", "{", "17", "{\"query\": 1}", "\u{0}"] {
        let answer = served.post(&[], body.to_owned()).await;
        assert_eq!((answer.status, code(&answer.json())), (400, "BAD_USER_INPUT".to_owned()), "{body:?}");
    }
    let batch = served.post(&[], "[{\"query\":\"{ log { chainId } }\"}]".to_owned()).await;
    assert_eq!((batch.status, code(&batch.json())), (400, "BATCH_NOT_SUPPORTED".to_owned()));
    let large = json!({ "query": HEAD, "variables": { "x": "y".repeat(BODY_BYTES_MAX) } }).to_string();
    let answer = served.post(&[], large).await;
    assert_eq!((answer.status, code(&answer.json())), (413, "PAYLOAD_TOO_LARGE".to_owned()));
    let answer = served.post(&[], json!({ "query": HEAD }).to_string()).await;
    assert_eq!(answer.status, 200, "the server lives");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_addresses_answer() {
    let served = Served::start().await;
    assert_eq!(served.get("/healthz").await.text, "ok\n");
    assert_eq!(served.get("/readyz").await.text, "ready\n");
    let entries = served.world.node().heights().views.entries;
    let metrics = served.get("/metrics").await.text;
    assert!(metrics.contains(&format!("\naqueduct_views_entries {entries}\n")), "{metrics}");
    assert_eq!(served.get("/schema.graphql").await.text, aqueduct::api::schema::sdl());
    let absent = served.get("/nothing").await;
    assert_eq!((absent.status, code(&absent.json())), (404, "NOT_FOUND".to_owned()));
    let upgrade = served.get("/graphql/ws").await;
    assert_eq!((upgrade.status, code(&upgrade.json())), (400, "BAD_REQUEST".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_to_try_requests_asks_nobody_else() {
    let served = Served::start().await;
    for path in ["/graphiql", "/graphiql/page.js", "/graphiql/page.css"] {
        let answer = served.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text.contains("http://") && !answer.text.contains("https://"), "{path} names another server");
        assert!(answer.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_stops_when_told_and_lets_go_of_the_node() {
    let mut world = Served::start().await.end().await;
    world.stop().await;
}

fn code(body: &Value) -> String {
    super::client::text(&body["errors"][0]["extensions"]["code"])
}
