//! What `aqueduct bench` holds single operations against: the same requests over the same HTTP
//! server, of which only the envelope's signatures are checked. No login, no GraphQL, no books.
//! It is never part of a node.

use poem::endpoint::make_sync;
use poem::http::StatusCode;
use poem::{Body, IntoEndpoint as _, Response, Route, get, handler, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::chain::envelope::Envelope;
use crate::limits;

use super::listen;
use super::options::Bounds;

/// Serves until the process is ended.
pub async fn serve(listener: TcpListener) -> std::io::Result<()> {
    let routes = Route::new().at("/graphql", post(check)).at("/readyz", get(make_sync(|_| "ready\n")));
    let (_never, stop) = watch::channel(false);
    listen::listen(listener, routes.into_endpoint(), Bounds::default(), stop).await
}

#[handler]
async fn check(body: Body) -> Response {
    let bytes = body.into_bytes_limit(limits::BODY_BYTES_MAX).await.unwrap_or_default();
    match is_signed(&bytes) {
        Some(true) => Response::builder().content_type("application/json").body("{\"signature\":\"GOOD\"}"),
        _ => Response::builder().status(StatusCode::BAD_REQUEST).body("there is no envelope with good signatures\n"),
    }
}

/// Whether the envelope of an `operationSubmit` is signed; none when there is no envelope.
fn is_signed(body: &[u8]) -> Option<bool> {
    let request: Value = serde_json::from_slice(body).ok()?;
    let envelope = request.pointer("/variables/input/envelope")?.as_str()?;
    Some(Envelope::parse_lenient(envelope.as_bytes()).ok()?.verify().is_ok())
}
