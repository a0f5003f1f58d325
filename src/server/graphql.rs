//! `/graphql`: one request, one answer.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::http::parse_query_string;
use async_graphql::parser::types::OperationType;
use async_graphql::{Name, Request as Document, Value};
use poem::error::ReadBodyError;
use poem::http::StatusCode;
use poem::web::Data;
use poem::{Body, Request, Response, handler};

use crate::api::request::{Api, Caller};
use crate::limits;

use super::App;
use super::reply::{self, failure};

/// A query in the URL. Mutations are refused: a link must not move money.
#[handler]
pub async fn get(request: &Request, app: Data<&App>) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let mut document = match parse_query_string(query) {
        Ok(document) => document,
        Err(_) => return bad("the parameters are `query`, `operationName` and `variables` (JSON)"),
    };
    if document.query.is_empty() {
        return bad("there is no `query`; send one, or try /graphiql");
    }
    // A document that cannot be parsed goes on: the engine says what is wrong with it.
    let only_reads = |operation: OperationType| operation == OperationType::Query;
    if let Ok(parsed) = document.parsed_query()
        && !parsed.operations.iter().all(|(_, operation)| only_reads(operation.node.ty))
    {
        let message = "GET takes queries only; send mutations by POST";
        return failure(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message);
    }
    answer(&app, request, document).await
}

/// A request in the body.
#[handler]
pub async fn post(request: &Request, body: Body, app: Data<&App>) -> Response {
    let is_json = request.content_type().is_some_and(|kind| kind.starts_with("application/json"));
    if !is_json {
        let message = "the body is JSON: send `Content-Type: application/json`";
        return failure(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message);
    }
    let bytes = match read(body).await {
        Ok(bytes) => bytes,
        Err(refused) => return refused,
    };
    // The library would read a list as the fields of a request, one after the other.
    let is_object = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    match serde_json::from_slice::<Document>(&bytes) {
        Ok(_) if !is_object => bad("the body is one GraphQL request as a JSON object; send several one by one"),
        Ok(document) => answer(&app, request, document).await,
        Err(error) => bad(&format!("the body is not one GraphQL request as JSON: {error}")),
    }
}

async fn read(body: Body) -> Result<Vec<u8>, Response> {
    let limit = limits::BODY_BYTES_MAX;
    let reading = body.into_bytes_limit(limit);
    match tokio::time::timeout(Duration::from_secs(limits::BODY_SECONDS_MAX), reading).await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(ReadBodyError::PayloadTooLarge)) => {
            let message = format!("a request has at most {limit} bytes; send a long list in parts");
            Err(failure(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", &message))
        }
        Ok(Err(_)) => Err(bad("the body could not be read")),
        Err(_) => Err(failure(StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", "the body did not come in time")),
    }
}

fn bad(message: &str) -> Response {
    failure(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", message)
}

/// Executes a document for whoever sent it.
async fn answer(app: &App, request: &Request, document: Document) -> Response {
    let caller = match caller(app, request).await {
        Ok(caller) => caller,
        Err(refused) => return refused,
    };
    let api = Api::new(app.node.clone(), caller, app.last_recorded.clone());
    let mut executed = app.schema.execute(document.data(Arc::new(api))).await;
    let heights = app.node.heights();
    let (head, views) = (heights.head.height, heights.views.height);
    let text = |height: Option<u64>| height.map(|height| height.to_string());
    let value = |height: Option<u64>| text(height).map_or(Value::Null, Value::String);
    let heights = [(Name::new("head"), value(head)), (Name::new("views"), value(views))];
    executed.extensions.insert("aqueduct".to_owned(), Value::Object(heights.into_iter().collect()));
    let body = serde_json::to_string(&executed).expect("an answer is plain JSON");
    let mut response = reply::json_text(StatusCode::OK, body);
    for (name, height) in [(reply::HEAD, text(head)), (reply::VIEWS, text(views))] {
        if let Some(height) = height {
            reply::header(&mut response, name, &height);
        }
    }
    reply::header(&mut response, "cache-control", "no-store");
    response
}

/// Who sends the request, by its headers.
async fn caller(app: &App, request: &Request) -> Result<Caller, Response> {
    let at_least = match request.header(reply::AT_LEAST) {
        None => 0,
        Some(text) => match text.trim().parse::<u64>() {
            Ok(index) => index.saturating_add(1),
            Err(_) => return Err(bad("the header Aqueduct-At-Least is the index of an entry, such as 17")),
        },
    };
    let bearer = request.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    let viewer = match bearer {
        Some(token) => app.node.viewer(token.trim()).await.map_err(|why| unavailable(&why))?,
        None => None,
    };
    Ok(Caller { viewer, at_least })
}

fn unavailable(why: &dyn std::error::Error) -> Response {
    tracing::error!(error = %why, "a login cannot be looked up");
    let message = "the server cannot look up logins now; try again";
    failure(StatusCode::SERVICE_UNAVAILABLE, "STORE_UNAVAILABLE", message)
}
