//! Answers: GraphQL's, and those of the server itself in the same form; and headers.

use std::time::Duration;

use async_graphql::{Name, ServerError, Value};
use poem::Response;
use poem::http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::json;

use crate::api::error::is_listed;
use crate::service::node::Heights;

use super::media::Media;

/// Names the request in the log.
pub const REQUEST_ID: &str = "x-request-id";

/// The height of the chain's last block.
pub const HEAD: &str = "aqueduct-head";

/// The height of the last block that the answer was read from.
pub const VIEWS: &str = "aqueduct-views";

/// The header that says how far the findings are.
pub const FINDINGS: &str = "aqueduct-findings";

/// What a client knows of: a read waits for it.
pub const AT_LEAST: &str = "aqueduct-at-least";

/// A GraphQL response (GraphQL, section 7.1).
#[derive(Debug, Serialize)]
pub struct Executed {
    /// Absent when the request was not executed.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ServerError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<Value>,
}

impl Executed {
    /// What the engine answered, with how far the node is.
    pub fn of(response: async_graphql::Response, heights: &Heights) -> Self {
        Self { data: Some(response.data), errors: response.errors, extensions: Some(extensions(heights)) }
    }

    /// A request that was not executed.
    pub fn refused(errors: Vec<ServerError>, heights: &Heights) -> Self {
        Self { data: None, errors, extensions: Some(extensions(heights)) }
    }

    /// As JSON text.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("an answer is plain JSON")
    }

    /// As JSON, in an HTTP answer.
    pub fn response(&self, media: Media, status: StatusCode, heights: &Heights) -> Response {
        let mut response = json_text(media, status, self.text());
        let heights = [(HEAD, heights.head.height), (VIEWS, heights.views.height), (FINDINGS, heights.findings)];
        for (name, height) in heights {
            if let Some(height) = height {
                header(&mut response, name, &height.to_string());
            }
        }
        header(&mut response, "cache-control", "no-store");
        response
    }
}

fn extensions(heights: &Heights) -> Value {
    let value = |height: Option<u64>| height.map_or(Value::Null, |height| Value::String(height.to_string()));
    let heights = [
        (Name::new("head"), value(heights.head.height)),
        (Name::new("views"), value(heights.views.height)),
        (Name::new("findings"), value(heights.findings)),
    ];
    let aqueduct = Value::Object(heights.into_iter().collect());
    Value::Object([(Name::new("aqueduct"), aqueduct)].into_iter().collect())
}

/// A request that the server does not take, with an error that says more than its code.
pub fn refusal_in(media: Media, status: StatusCode, error: ServerError) -> Response {
    let refused = Executed { data: None, errors: vec![error], extensions: None };
    json_text(media, status, refused.text())
}

/// A request that is answered by an error of the server and not of GraphQL; in the same form.
pub fn failure(status: StatusCode, code: &str, message: &str) -> Response {
    failure_in(Media::Json, status, code, message)
}

/// The same in a media type.
pub fn failure_in(media: Media, status: StatusCode, code: &str, message: &str) -> Response {
    debug_assert!(is_listed(code), "{code} is not in the list of codes");
    let body = json!({ "errors": [{ "message": message, "extensions": { "code": code } }] });
    json_text(media, status, body.to_string())
}

fn json_text(media: Media, status: StatusCode, body: String) -> Response {
    Response::builder().status(status).content_type(media.content_type()).body(body)
}

/// Says when to try again, in whole seconds.
pub fn retry_after(response: &mut Response, after: Duration) {
    header(response, "retry-after", &after.as_millis().div_ceil(1_000).to_string());
}

/// Sets a header whose value is plain text made here.
pub fn header(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
