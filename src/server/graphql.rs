//! `/graphql`: one request, one answer, by the letter of GraphQL over HTTP
//! (<https://graphql.github.io/graphql-over-http/draft/>).
//!
//! What is not a well-formed request is refused with a status of HTTP. A well-formed one that is
//! not executed has the status that its media type asks for ([`Media::not_executed`]). Once
//! executed the status is 200, whatever its fields say. Lists of requests are not taken.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::ServerError;
use async_graphql::parser::types::OperationType;
use poem::error::ReadBodyError;
use poem::http::StatusCode;
use poem::web::Data;
use poem::{Body, Request, Response, handler};
use serde_json::Value;

use crate::api::document::{self, asked::Asked};
use crate::api::error::{
    BAD_USER_INPUT, BATCH_NOT_SUPPORTED, METHOD_NOT_ALLOWED, NOT_ACCEPTABLE, PAYLOAD_TOO_LARGE, REQUEST_TIMEOUT,
    STOPPING, STORE_UNAVAILABLE, UNAUTHENTICATED, UNSUPPORTED_MEDIA_TYPE, with_code,
};
use crate::api::request::{Api, Caller};
use crate::chain::json;
use crate::limits;

use super::media::{self, Media};
use super::pace::TooMuch;
use super::parameters;
use super::reply::{self, Executed, failure, failure_in, header};
use super::{App, stopped};

/// What is said to a subscription over HTTP.
const FOLLOWED: &str = "subscriptions are followed over a WebSocket (graphql-transport-ws) at /graphql/ws";

/// A query in the URL. Mutations are refused: a link must not move money.
#[handler]
pub async fn get(request: &Request, app: Data<&App>) -> Response {
    let Some(media) = Media::accepted(request.header("accept")) else { return not_acceptable() };
    let fields = parameters::read(request.uri().query().unwrap_or_default());
    match fields.and_then(Asked::of_json) {
        Ok(asked) => answer(&app, request, media, asked, true).await,
        Err(message) => bad(media, &message),
    }
}

/// A request in the body.
#[handler]
pub async fn post(request: &Request, body: Body, app: Data<&App>) -> Response {
    let Some(media) = Media::accepted(request.header("accept")) else { return not_acceptable() };
    let is_plain = request.header("content-encoding").is_none_or(|coding| coding.eq_ignore_ascii_case("identity"));
    if !media::is_json(request.header("content-type")) || !is_plain {
        let message = "the body is JSON in UTF-8, as it is: send `Content-Type: application/json`";
        return failure_in(media, StatusCode::UNSUPPORTED_MEDIA_TYPE, UNSUPPORTED_MEDIA_TYPE, message);
    }
    let bytes = match read(&app, media, body).await {
        Ok(bytes) => bytes,
        Err(refused) => return refused,
    };
    match json::read(&bytes) {
        Ok(Value::Object(fields)) => match Asked::of_json(fields) {
            Ok(asked) => answer(&app, request, media, asked, false).await,
            Err(message) => bad(media, &message),
        },
        Ok(Value::Array(_)) => {
            let message = "the body is one GraphQL request as a JSON object; send several one by one";
            failure_in(media, StatusCode::BAD_REQUEST, BATCH_NOT_SUPPORTED, message)
        }
        Ok(_) => bad(media, "the body is one GraphQL request as a JSON object"),
        Err(fault) => bad(media, &format!("the body is not one GraphQL request as JSON: {fault}")),
    }
}

/// Reads the body, as long as it may be and no longer than it may take.
async fn read(app: &App, media: Media, body: Body) -> Result<Vec<u8>, Response> {
    let limit = limits::BODY_BYTES_MAX;
    let mut stop = app.stop.clone();
    let reading = tokio::time::timeout(app.options.bounds.body, body.into_bytes_limit(limit));
    let read = tokio::select! {
        read = reading => read,
        () = stopped(&mut stop) => {
            let message = "the server is stopping; nothing was recorded";
            return Err(failure_in(media, StatusCode::SERVICE_UNAVAILABLE, STOPPING, message));
        }
    };
    match read {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(ReadBodyError::PayloadTooLarge)) => {
            let message = format!("a request has at most {limit} bytes; send a long list in parts");
            Err(failure_in(media, StatusCode::PAYLOAD_TOO_LARGE, PAYLOAD_TOO_LARGE, &message))
        }
        Ok(Err(_)) => Err(bad(media, "the body could not be read")),
        Err(_) => {
            let message = "the body did not come in time";
            Err(failure_in(media, StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT, message))
        }
    }
}

/// Executes a request for whoever sent it.
async fn answer(app: &App, request: &Request, media: Media, asked: Asked, is_get: bool) -> Response {
    let caller = match caller(app, request, media).await {
        Ok(caller) => caller,
        Err(refused) => return refused,
    };
    let under_way = match app.accounts.take(caller.officer()) {
        Ok(under_way) => under_way,
        Err(why) => return too_much(media, why),
    };
    let not_executed = |error| {
        let heights = app.node.heights();
        Executed::refused(vec![error], &heights).response(media, media.not_executed(), &heights)
    };
    let ready = match document::ready(asked, app.options.trusted_documents.as_deref(), &app.documents) {
        Ok(ready) => ready,
        Err(error) => return not_executed(error),
    };
    match ready.kind {
        OperationType::Query => {}
        kind if is_get => {
            let message = match kind {
                OperationType::Subscription => FOLLOWED,
                _ => "GET takes queries only; send mutations by POST",
            };
            let mut refused = failure_in(media, StatusCode::METHOD_NOT_ALLOWED, METHOD_NOT_ALLOWED, message);
            header(&mut refused, "allow", "POST");
            return refused;
        }
        OperationType::Mutation => {}
        OperationType::Subscription => {
            return not_executed(with_code(ServerError::new(FOLLOWED, None), BAD_USER_INPUT));
        }
    }
    if let Err(why) = under_way.counts(ready.statements) {
        return too_much(media, why);
    }
    let api = Arc::new(Api::new(app.node.clone(), caller, app.last_recorded.clone()));
    let executed = app.schema.execute(ready.request.data(api.clone())).await;
    let heights = app.node.heights();
    match api.has_begun() {
        true => {
            app.documents.keep(&ready.known);
            Executed::of(executed, &heights).response(media, StatusCode::OK, &heights)
        }
        false => Executed::refused(executed.errors, &heights).response(media, media.not_executed(), &heights),
    }
}

/// Who sends the request, by its headers. A login that is sent must be valid: who lost it would
/// otherwise see the little that everybody sees, and not why.
async fn caller(app: &App, request: &Request, media: Media) -> Result<Caller, Response> {
    let at_least = match request.header(reply::AT_LEAST) {
        None => 0,
        Some(text) => match text.trim().parse::<u64>() {
            Ok(index) => index.saturating_add(1),
            Err(_) => return Err(bad(media, "the header Aqueduct-At-Least is the index of an entry, such as 17")),
        },
    };
    if !request.headers().contains_key("authorization") {
        return Ok(Caller { viewer: None, at_least });
    }
    let bearer = request.header("authorization").and_then(|header| header.split_once(' '));
    let viewer = match bearer {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            app.node.viewer(token.trim()).await.map_err(|why| unavailable(media, &why))?
        }
        _ => None,
    };
    match viewer {
        Some(viewer) => Ok(Caller { viewer: Some(viewer), at_least }),
        None => Err(unauthenticated(media)),
    }
}

/// RFC 6750, section 3.
fn unauthenticated(media: Media) -> Response {
    let message = "this login is not valid; send `Authorization: Bearer TOKEN` with one that is, or nothing";
    let mut response = failure_in(media, StatusCode::UNAUTHORIZED, UNAUTHENTICATED, message);
    header(&mut response, "www-authenticate", "Bearer realm=\"aqueduct\", error=\"invalid_token\"");
    response
}

fn unavailable(media: Media, why: &dyn std::error::Error) -> Response {
    tracing::error!(error = %why, "a login cannot be looked up");
    let message = "the server cannot look up logins now; try again";
    failure_in(media, StatusCode::SERVICE_UNAVAILABLE, STORE_UNAVAILABLE, message)
}

fn too_much(media: Media, why: TooMuch) -> Response {
    let mut response = reply::refusal_in(media, StatusCode::TOO_MANY_REQUESTS, why.error());
    reply::retry_after(&mut response, Duration::from_millis(why.retry_after_ms));
    response
}

fn not_acceptable() -> Response {
    let message = "answers are application/graphql-response+json or application/json";
    failure(StatusCode::NOT_ACCEPTABLE, NOT_ACCEPTABLE, message)
}

fn bad(media: Media, message: &str) -> Response {
    failure_in(media, StatusCode::BAD_REQUEST, BAD_USER_INPUT, message)
}
