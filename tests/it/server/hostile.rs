//! Requests that no honest client sends get a clear answer, never an error of the server.

use serde_json::{Value, json};

use super::client::{JSON, Served};

/// Asserts that an answer is one of this interface and not a fault of the server.
fn is_clear(status: u16, body: &Value, sent: &str) {
    assert!(status < 500, "{status} for {sent}: {body}");
    for error in body["errors"].as_array().into_iter().flatten() {
        let code = error["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no code for {sent}: {body}"));
        assert!(aqueduct::api::error::is_listed(code) && code != "INTERNAL_SERVER_ERROR", "{code} for {sent}: {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strange_characters_and_numbers_are_answered() {
    let served = Served::start().await;
    let documents = [
        "\u{0}",
        "{ __typename }\u{0}",
        "{ node(id: \"\u{0}\") { id } }",
        "{ node(id: \"\\u0000\") { id } }",
        "{ node(id: \"\\uD800\") { id } }",
        "{ node(id: \"\\uDFFF\\uD800\") { id } }",
        "{ node(id: \"\\uD83D\\uDE00\") { id } }",
        "{ node(id: \"\\u{1F600}\") { id } }",
        "{ node(id: \"\\x\") { id } }",
        "{ node(id: \"\u{1F600}\") { id } }",
        "{ node(id: \"\"\"\\u0000\"\"\") { id } }",
        "{ node(id: \"",
        "\"\"\"",
        "#",
        "\u{feff}{ __typename }",
        "{ hops(first: 99999999999999999999999999) { totalCount } }",
        "{ hops(first: -0) { totalCount } }",
        "{ hops(first: 1e400) { totalCount } }",
        "{ hops(first: 1.5) { totalCount } }",
        "{ hops(first: 00) { totalCount } }",
        "{ log { entry(index: \"18446744073709551616\") { index } } }",
        "{ log { entry(index: 9223372036854775808) { index } } }",
        "query($a: Nope) { __typename }",
        "query($a: Int = \"x\") { hops(first: $a) { totalCount } }",
        "{ hops(first: $a) { totalCount } }",
        "{ __typename @nope }",
        "{ __typename @skip }",
        "{ __typename @skip(if: $a) }",
        "{ ...Nope }",
        "{ ... on Nope { a } }",
        "fragment A on Query { a }",
        "{ __typename } fragment A on Query { __typename }",
        "{ a: __typename a: log { chainId } }",
        "{ __type(name: \"\") { name } }",
        "extend type Query { a: Int }",
        "type A { b: Int }",
        "subscription { __typename }",
        "subscription { ... { entryRecorded { index } } }",
        "query { __typename } { __typename }",
        "query A { a } query A { b }",
        "mutation { operationSubmit(input: {}) { replayed } }",
        "{ \u{202e}a }",
        "{ \u{e9} }",
    ];
    for document in documents {
        let reply = served.ask(document).await;
        is_clear(reply.status, &reply.json(), document);
    }
    for variables in [
        json!({ "a": 1e300 }),
        json!({ "a": -1e300 }),
        json!({ "a": u64::MAX }),
        json!({ "a": i64::MIN }),
        json!({ "a": 2_147_483_648_i64 }),
        json!({ "a": {} }),
        json!({ "a": [] }),
        json!({ "a": [[[1]]] }),
        json!({ "a": "#__graphql_file__:0" }),
        json!({ "a": { "$serde_json::private::Number": "1" } }),
        json!({ "": 1 }),
    ] {
        for kind in ["Int", "Int!", "[Int]", "ID", "String", "Boolean", "HopFilter", "LogIndex"] {
            let query = format!(
                "query($a: {kind}) {{ hops(first: $a) {{ totalCount }} log {{ entry(index: $a) {{ index }} }} }}"
            );
            let reply = served.post(JSON, &json!({ "query": query, "variables": variables })).await;
            is_clear(reply.status, &reply.json(), &format!("{kind} {variables}"));
        }
    }
    served.lives().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_put_together_by_chance_are_answered() {
    const PIECES: [&str; 32] = [
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "query",
        "mutation",
        "subscription",
        "fragment F on",
        "...F",
        "... on Query",
        "on",
        "log",
        "chainId",
        "__typename",
        "__schema",
        "hops",
        "nodes",
        "id",
        "first",
        ":",
        "$a",
        "=",
        "!",
        "@skip(if: true)",
        "1",
        "-1.5e3",
        "\"text\"",
        "\"\"\"block\"\"\"",
        "null",
        "A",
    ];
    let served = Served::start().await;
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut chance = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for _ in 0..400 {
        let length = 1 + chance(24);
        let document: Vec<&str> = (0..length).map(|_| PIECES[chance(32) as usize]).collect();
        let document = document.join(" ");
        let reply = served.ask(&document).await;
        is_clear(reply.status, &reply.json(), &document);
    }
    served.lives().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_not_http_are_refused_and_the_server_lives() {
    let served = Served::start().await;
    let huge = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(200_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(200));
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(200_000));
    for (bytes, status) in [
        (b"\0\0\0\0\r\n\r\n".to_vec(), "400"),
        (b"nonsense\r\n\r\n".to_vec(), "400"),
        (b"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n".to_vec(), "400"),
        (b"POST /graphql HTTP/1.1\r\nContent-Length: -1\r\n\r\n".to_vec(), "400"),
        (b"POST /graphql HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".to_vec(), "400"),
        (huge.into_bytes(), "431"),
        (many.into_bytes(), "431"),
        (long.into_bytes(), "4"),
    ] {
        let answer = served.exchange(bytes).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer:?}");
    }
    let smuggled = "POST /graphql HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n\
                    Transfer-Encoding: chunked\r\n\r\nzz\r\n";
    let answer = served.exchange(smuggled.as_bytes().to_vec()).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer:?}");
    served.lives().await;
}
