//! A server with a list of documents executes those and no others.

use std::sync::Arc;

use aqueduct::api::document::trusted::TrustedDocuments;
use aqueduct::chain::digest::Digest;
use aqueduct::server::options::Options;
use serde_json::{Value, json};

use super::client::{JSON, RESPONSE, Served};

const LISTED: &str = "query Chain { log { chainId } } mutation Nothing { __typename }";

fn list(documents: &[&str]) -> Value {
    documents.iter().map(|text| (Digest::of(text.as_bytes()).to_string(), json!(text))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_listed_documents_are_executed() {
    let documents = TrustedDocuments::read(list(&[LISTED]).to_string().as_bytes()).unwrap();
    let served = Served::with(Options { trusted_documents: Some(Arc::new(documents)), ..Options::default() }).await;
    let hash = Digest::of(LISTED.as_bytes()).to_string();
    let other = Digest::of(b"{ __typename }").to_string();
    let persisted = |hash: &str| json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let cases = [
        (json!({ "documentId": format!("sha256:{hash}") }), 200, ""),
        (json!({ "extensions": persisted(&hash) }), 200, ""),
        (json!({ "query": LISTED }), 200, ""),
        (json!({ "query": LISTED, "extensions": persisted(&hash) }), 200, ""),
        (json!({ "query": "{ __typename }" }), 400, "DOCUMENT_NOT_TRUSTED"),
        (json!({ "query": "{ __typename }", "extensions": persisted(&other) }), 400, "DOCUMENT_NOT_TRUSTED"),
        (json!({ "query": "{ __typename }", "extensions": persisted(&hash) }), 400, "BAD_USER_INPUT"),
        (json!({ "documentId": format!("sha256:{other}") }), 400, "PERSISTED_QUERY_NOT_FOUND"),
        (json!({ "documentId": hash }), 400, "PERSISTED_QUERY_NOT_FOUND"),
        (json!({ "documentId": "md5:0" }), 400, "PERSISTED_QUERY_NOT_FOUND"),
        (json!({ "extensions": persisted(&other) }), 400, "PERSISTED_QUERY_NOT_FOUND"),
        (json!({ "documentId": format!("sha256:{hash}"), "extensions": persisted(&other) }), 400, "BAD_USER_INPUT"),
    ];
    for (mut body, status, code) in cases {
        body["operationName"] = json!("Chain");
        let reply = served.post(RESPONSE, &body).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{body}: {reply:?}");
    }
    let again = served.post(RESPONSE, &json!({ "documentId": format!("sha256:{other}") })).await;
    assert_eq!(again.code(), "PERSISTED_QUERY_NOT_FOUND", "a text that was sent is not remembered");
    let get = served.get(&format!("/graphql?documentId=sha256:{hash}&operationName=Chain"), JSON).await;
    assert_eq!(get.json()["data"]["log"]["chainId"], json!(served.world.node().chain_id().to_string()));
    let get = served.get(&format!("/graphql?documentId=sha256:{hash}&operationName=Nothing"), JSON).await;
    assert_eq!(get.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_list_a_hash_alone_says_nothing() {
    let served = Served::start().await;
    let hash = Digest::of(b"{ __typename }").to_string();
    let alone = served.post(RESPONSE, &json!({ "documentId": format!("sha256:{hash}") })).await;
    assert_eq!((alone.status, alone.code().as_str()), (400, "PERSISTED_QUERY_NOT_SUPPORTED"));
    let extensions = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let both = served.post(RESPONSE, &json!({ "query": "{ __typename }", "extensions": extensions })).await;
    assert_eq!(both.status, 200);
}

#[test]
fn a_list_that_cannot_be_used_is_refused() {
    let read = |value: Value| TrustedDocuments::read(value.to_string().as_bytes()).map_err(|why| why.to_string());
    assert!(read(list(&["{ __typename }", LISTED])).is_ok());
    assert!(read(json!([])).unwrap_err().contains("JSON object"));
    assert!(read(json!({ "00": "{ __typename }" })).unwrap_err().contains("has the SHA-256"));
    assert!(read(list(&["{"])).unwrap_err().contains("cannot be executed"));
}
