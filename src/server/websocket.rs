//! `/graphql/ws`: subscriptions over `graphql-transport-ws`.

use async_graphql::http::{WebSocket as Protocol, WebSocketProtocols, WsMessage};
use async_graphql::{Data as Session, Error};
use futures_util::{SinkExt as _, StreamExt as _, future};
use poem::http::StatusCode;
use poem::web::Data;
use poem::web::websocket::{CloseCode, Message, WebSocket, WebSocketConfig, WebSocketStream};
use poem::{IntoResponse, Request, Response, handler};

use crate::api::request::Caller;
use crate::limits;

use super::App;
use super::reply::failure;

/// The only protocol that is spoken.
const PROTOCOL: &str = "graphql-transport-ws";

/// Opens a connection.
#[handler]
pub fn connect(request: &Request, socket: WebSocket, app: Data<&App>) -> Response {
    let offered = request.header("sec-websocket-protocol").unwrap_or_default();
    if !offered.split(',').any(|name| name.trim() == PROTOCOL) {
        let message = "this address speaks graphql-transport-ws: offer it in Sec-WebSocket-Protocol";
        return failure(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", message);
    }
    let config = WebSocketConfig::default()
        .max_message_size(Some(limits::BODY_BYTES_MAX))
        .max_frame_size(Some(limits::BODY_BYTES_MAX));
    let app = app.clone();
    socket.protocols([PROTOCOL]).config(config).on_upgrade(move |stream| follow(app, stream)).into_response()
}

/// Speaks until the client leaves or the server stops. The server waits for it when it stops,
/// so it lets go of the node first and of its place among the open connections last.
async fn follow(app: App, stream: WebSocketStream) {
    let open = app.open.clone();
    converse(app, stream).await;
    drop(open);
}

async fn converse(app: App, stream: WebSocketStream) {
    let (mut sink, messages) = stream.split();
    // A message of another type ends the connection as one that cannot be read.
    let texts = messages.take_while(|message| future::ready(message.is_ok())).filter_map(|message| {
        future::ready(match message {
            Ok(Message::Text(text)) => Some(text.into_bytes()),
            Ok(Message::Binary(bytes)) => Some(bytes),
            _ => None,
        })
    });
    let node = app.node.clone();
    let log_in = move |payload: serde_json::Value| async move {
        let token = payload.get("token").and_then(|token| token.as_str()).unwrap_or_default().to_owned();
        let viewer = node.viewer(&token).await.map_err(|_| Error::new("logins cannot be looked up now; try again"))?;
        let mut session = Session::default();
        session.insert(Caller { viewer, at_least: 0 });
        Ok(session)
    };
    let protocol = Protocol::new(app.schema.clone(), texts, WebSocketProtocols::GraphQLWS).on_connection_init(log_in);
    let mut answers = std::pin::pin!(protocol);
    let mut stop = app.stop.clone();
    loop {
        let answer = tokio::select! {
            answer = answers.next() => answer,
            _ = stop.wait_for(|stop| *stop) => Some(WsMessage::Close(1001, "the server is stopping".to_owned())),
        };
        let message = match answer {
            Some(WsMessage::Text(text)) => Message::text(text),
            Some(WsMessage::Close(code, reason)) => Message::close_with(CloseCode::from(code), reason),
            None => break,
        };
        let is_last = message.is_close();
        if sink.send(message).await.is_err() || is_last {
            break;
        }
    }
}
