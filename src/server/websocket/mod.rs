//! `/graphql/ws`: operations over `graphql-transport-ws`, by the letter of its protocol
//! (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>).
//!
//! Who connects initialises with `connection_init`, with `{"token": ...}` for a login or without
//! for the little that everybody sees. Queries, mutations and subscriptions run by `subscribe`;
//! an operation prepares nothing before the client has taken what it told before, so a slow client
//! costs little memory, and one that takes nothing is cut off. How connections end is in [`close`].
//!
//! `origin` says whose pages may connect, `message` what a client may say, `session` is one
//! connection and `operation` one operation on it.

pub mod close;
mod message;
mod operation;
mod origin;
mod session;

use poem::http::StatusCode;
use poem::web::Data;
use poem::web::websocket::{WebSocket, WebSocketConfig, WebSocketStream};
use poem::{IntoResponse, Request, Response, handler};

use crate::api::error::{FORBIDDEN, OVERLOADED};
use crate::limits;

use super::App;
use super::pace::Socket;
use super::reply::{failure, retry_after};
use session::Session;

/// The only protocol that is spoken.
const PROTOCOL: &str = "graphql-transport-ws";

/// Opens a connection.
#[handler]
pub fn connect(request: &Request, socket: WebSocket, app: Data<&App>) -> Response {
    if !origin::is_allowed(request, &app.options.allowed_origins) {
        let message = "pages of this origin may not connect; the server's operator can allow it (--allow-origin)";
        return failure(StatusCode::FORBIDDEN, FORBIDDEN, message);
    }
    let Some(place) = app.accounts.socket() else {
        let message = "too many connections are open; try again later";
        let mut refused = failure(StatusCode::SERVICE_UNAVAILABLE, OVERLOADED, message);
        retry_after(&mut refused, app.options.bounds.sockets.ping);
        return refused;
    };
    let offered = request.headers().get_all("sec-websocket-protocol").iter().filter_map(|value| value.to_str().ok());
    let speaks = offered.flat_map(|names| names.split(',')).any(|name| name.trim() == PROTOCOL);
    let config = WebSocketConfig::default()
        .max_message_size(Some(limits::BODY_BYTES_MAX))
        .max_frame_size(Some(limits::BODY_BYTES_MAX));
    let app = app.clone();
    let upgraded = socket.protocols([PROTOCOL]).config(config);
    upgraded.on_upgrade(move |stream| follow(app, stream, place, speaks)).into_response()
}

/// Speaks until one side leaves. The server waits for it when it stops, so it lets go of the
/// node first and of its place among the open connections last.
async fn follow(app: App, stream: WebSocketStream, place: Socket, speaks: bool) {
    let open = app.open.clone();
    let session = Session::new(app, stream, place);
    match speaks {
        true => session.speak().await,
        false => session.close(close::UNKNOWN_PROTOCOL).await,
    }
    drop(open);
}
