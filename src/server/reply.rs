//! Answers that are not GraphQL's own: their one form as JSON, and headers.

use poem::Response;
use poem::http::{HeaderValue, StatusCode};
use serde_json::json;

/// Names the request in the log.
pub const REQUEST_ID: &str = "x-request-id";

/// The height of the chain's last block.
pub const HEAD: &str = "aqueduct-head";

/// The height of the last block that the answer was read from.
pub const VIEWS: &str = "aqueduct-views";

/// What a client knows of: a read waits for it.
pub const AT_LEAST: &str = "aqueduct-at-least";

/// A request that is answered by an error of the server and not of GraphQL; in the same form.
pub fn failure(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({ "errors": [{ "message": message, "extensions": { "code": code } }] });
    json_text(status, body.to_string())
}

/// An answer in JSON.
pub fn json_text(status: StatusCode, body: String) -> Response {
    Response::builder().status(status).content_type("application/json; charset=utf-8").body(body)
}

/// Sets a header whose value is plain text made here.
pub fn header(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
