//! GraphQL over HTTP: methods, media types, parameters and statuses.

use serde_json::{Value, json};

use super::client::{JSON, RESPONSE, Served};

const NAME: &str = "{ __typename }";

/// Sends a request that is given as headers and a body, and tells status and code.
async fn posted(served: &Served, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let reply = served.send("POST", "/graphql", headers, body.as_bytes()).await;
    (reply.status, reply.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_is_what_the_media_type_asks_for() {
    let served = Served::start().await;
    // What is asked, the status as application/graphql-response+json, and the code.
    let cases = [
        (json!({ "query": NAME }), 200, ""),
        (json!({ "query": "{" }), 400, "GRAPHQL_PARSE_FAILED"),
        (json!({ "query": "" }), 400, "GRAPHQL_PARSE_FAILED"),
        (json!({ "query": "{ nope }" }), 400, "GRAPHQL_VALIDATION_FAILED"),
        (json!({ "query": "query A { __typename } query B { __typename }" }), 400, "BAD_USER_INPUT"),
        (json!({ "query": NAME, "operationName": "A" }), 400, "BAD_USER_INPUT"),
        (json!({ "query": "query A { __typename }", "operationName": "B" }), 400, "BAD_USER_INPUT"),
        (json!({ "query": "query($a: ID!) { __typename }", "variables": { "a": null } }), 400, "BAD_USER_INPUT"),
        (json!({ "query": "query($a: ID!) { node(id: $a) { id } }" }), 400, "BAD_USER_INPUT"),
        (
            json!({ "query": "query($a: [Int!]) { __typename }", "variables": { "a": [1, null] } }),
            400,
            "BAD_USER_INPUT",
        ),
        (
            json!({ "query": "query($a: Int) { hops(first: $a) { totalCount } }", "variables": { "a": "1" } }),
            400,
            "BAD_USER_INPUT",
        ),
        (json!({ "query": "subscription { entryRecorded { index } }" }), 400, "BAD_USER_INPUT"),
        // Executed, whatever the fields say.
        (json!({ "query": "{ viewer { officer } }" }), 200, "UNAUTHENTICATED"),
        (json!({ "query": "{ __typename viewer { officer } }" }), 200, "UNAUTHENTICATED"),
    ];
    for (body, status, code) in cases {
        let reply = served.post(RESPONSE, &body).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{body}: {reply:?}");
        assert_eq!(reply.header("content-type"), "application/graphql-response+json; charset=utf-8");
        assert_eq!(reply.json().get("data").is_some(), status == 200, "data stands where it was executed: {reply:?}");
        assert!(reply.json()["extensions"]["aqueduct"]["head"].is_string());
        let reply = served.post(JSON, &body).await;
        assert_eq!((reply.status, reply.code().as_str()), (200, code), "{body}: {reply:?}");
        assert_eq!(reply.header("content-type"), "application/json; charset=utf-8");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_refused_by_any_media_type() {
    let served = Served::start().await;
    let bodies = [
        "",
        "{",
        "17",
        "null",
        "\"query\"",
        "{}",
        "{\"query\":null}",
        "{\"query\":1}",
        "{\"query\":[\"{a}\"]}",
        "{\"query\":\"{a}\",\"operationName\":1}",
        "{\"query\":\"{a}\",\"variables\":[]}",
        "{\"query\":\"{a}\",\"variables\":\"{}\"}",
        "{\"query\":\"{a}\",\"extensions\":true}",
        "{\"query\":\"{a}\",\"documentId\":7}",
        "{\"query\":\"{a}\",\"extensions\":{\"persistedQuery\":1}}",
        "{\"query\":\"{a}\",\"query\":\"{b}\"}",
        "{\"query\":\"{a}\",\"variables\":{\"a\":{\"b\":1,\"b\":2}}}",
        "{\"query\":\"{a}\",\"variables\":{\"a\":1e999}}",
        "{\"query\":\"{a}\"} trailing",
        "{\"query\":\"{a}\",\"variables\":{\"a\":\"\\ud800\"}}",
        "{\"query\":\"{a}\",\"variables\":{\"a\":\"\\u0000\"}}",
    ];
    for accept in [RESPONSE, JSON] {
        let headers = [("Accept", accept), ("Content-Type", JSON)];
        for body in bodies {
            assert_eq!(posted(&served, &headers, body).await, (400, "BAD_USER_INPUT".to_owned()), "{body}");
        }
        let deep = format!("{{\"query\":\"{{a}}\",\"variables\":{}{}}}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
        assert_eq!(posted(&served, &headers, &deep).await, (400, "BAD_USER_INPUT".to_owned()));
        let batch = "[{\"query\":\"{ __typename }\"},{\"query\":\"{ __typename }\"}]";
        assert_eq!(posted(&served, &headers, batch).await, (400, "BATCH_NOT_SUPPORTED".to_owned()));
        let reply = served.send("POST", "/graphql", &headers, b"{\"query\":\"{ \xff }\"}").await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "BAD_USER_INPUT"), "bytes that are not UTF-8");
    }
    let ignored = json!({ "query": NAME, "somethingElse": [1], "variables": { "unused": 10_i64.pow(18) } });
    assert_eq!(served.post(RESPONSE, &ignored).await.status, 200, "other members are reserved and ignored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_says_what_it_is_and_a_client_what_it_takes() {
    let served = Served::start().await;
    let body = json!({ "query": NAME }).to_string();
    let unsupported = (415, "UNSUPPORTED_MEDIA_TYPE".to_owned());
    assert_eq!(posted(&served, &[], &body).await, unsupported);
    for kind in
        ["text/plain", "application/graphql", "application/x-www-form-urlencoded", "application/json; charset=utf-16"]
    {
        assert_eq!(posted(&served, &[("Content-Type", kind)], &body).await, unsupported, "{kind}");
    }
    let packed = [("Content-Type", JSON), ("Content-Encoding", "gzip")];
    assert_eq!(posted(&served, &packed, &body).await, unsupported);
    let utf8 = [("Content-Type", "application/json; charset=UTF-8")];
    assert_eq!(posted(&served, &utf8, &body).await, (200, String::new()));
    let refused = served.post("text/html", &json!({ "query": NAME })).await;
    assert_eq!((refused.status, refused.code().as_str()), (406, "NOT_ACCEPTABLE"));
    let body = json!({ "query": NAME });
    let chosen = served.post("application/graphql-response+json;q=0.2, application/json;q=0.3", &body).await;
    assert_eq!(chosen.header("content-type"), "application/json; charset=utf-8");
}

#[tokio::test(flavor = "multi_thread")]
async fn get_takes_the_query_that_is_named_and_no_mutation() {
    let served = Served::start().await;
    let both = "query=query+A+%7B+__typename+%7D+mutation+B+%7B+__typename+%7D";
    let query = served.get(&format!("/graphql?{both}&operationName=A"), RESPONSE).await;
    assert_eq!((query.status, &query.json()["data"]["__typename"]), (200, &json!("Query")));
    let mutation = served.get(&format!("/graphql?{both}&operationName=B"), RESPONSE).await;
    assert_eq!(
        (mutation.status, mutation.code().as_str(), mutation.header("allow")),
        (405, "METHOD_NOT_ALLOWED", "POST")
    );
    let subscription = served.get("/graphql?query=subscription+%7B+entryRecorded+%7B+index+%7D+%7D", JSON).await;
    assert_eq!((subscription.status, subscription.header("allow")), (405, "POST"));
    assert!(subscription.body.contains("WebSocket") && subscription.body.contains("/graphql/ws"));

    let typed = "query=query(%24n%3AString!)%7B__type(name%3A%24n)%7Bname%7D%7D";
    let named =
        served.get(&format!("/graphql?{typed}&variables=%7B%22n%22%3A%22Hop%22%7D&extensions=%7B%7D"), RESPONSE).await;
    assert_eq!(named.json()["data"], json!({ "__type": { "name": "Hop" } }));
    for bad in [
        "",
        "query",
        "query=%FF",
        "query=%7Ba%7D&query=%7Bb%7D",
        "query=%7Ba%7D&variables=%5B%5D",
        "query=%7Ba%7D&variables=%7B",
    ] {
        let reply = served.get(&format!("/graphql?{bad}"), JSON).await;
        let is_no_document = bad == "query";
        let expected = if is_no_document { (200, "GRAPHQL_PARSE_FAILED") } else { (400, "BAD_USER_INPUT") };
        assert_eq!((reply.status, reply.code().as_str()), expected, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_names_its_methods() {
    let served = Served::start().await;
    for (method, target, status, allow) in [
        ("PUT", "/graphql", 405, "GET, HEAD, POST, OPTIONS"),
        ("DELETE", "/graphql", 405, "GET, HEAD, POST, OPTIONS"),
        ("OPTIONS", "/graphql", 204, "GET, HEAD, POST, OPTIONS"),
        ("POST", "/healthz", 405, "GET, HEAD, OPTIONS"),
        ("POST", "/graphql/ws", 405, "GET, OPTIONS"),
    ] {
        let reply = served.send(method, target, &[], b"").await;
        assert_eq!((reply.status, reply.header("allow")), (status, allow), "{method} {target}");
        let code = if status == 405 { reply.code() } else { String::new() };
        assert_eq!(code.as_str(), if status == 405 { "METHOD_NOT_ALLOWED" } else { "" });
    }
    let head = served.send("HEAD", "/graphql?query=%7B__typename%7D", &[], b"").await;
    assert_eq!(
        (head.status, head.body.as_str(), head.header("content-type")),
        (200, "", "application/json; charset=utf-8")
    );
    let head = served.send("HEAD", "/graphql?query=mutation%7B__typename%7D", &[], b"").await;
    assert_eq!((head.status, head.header("allow")), (405, "POST"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_not_valid_is_told_so() {
    let served = Served::start().await;
    let body = json!({ "query": NAME }).to_string();
    let token = format!("bearer {}", served.token());
    let sent = |authorization: String| {
        let (served, body) = (&served, body.clone());
        async move {
            let headers = [("Content-Type", JSON), ("Authorization", authorization.as_str())];
            served.send("POST", "/graphql", &headers, body.as_bytes()).await
        }
    };
    assert_eq!(sent(token).await.status, 200, "the scheme's case does not matter");
    for wrong in ["Bearer aqd_nonsense", "Bearer", "Bearer ", "Basic YTpi", "x", "\u{e9}"] {
        let reply = sent(wrong.to_owned()).await;
        assert_eq!((reply.status, reply.code().as_str()), (401, "UNAUTHENTICATED"), "{wrong}");
        assert!(reply.header("www-authenticate").starts_with("Bearer "), "{reply:?}");
        assert_eq!(reply.json().get("data"), None::<&Value>);
    }
}
