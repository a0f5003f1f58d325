//! Open subscriptions that hear of nothing: each follows a party that states nothing meanwhile.
//! Fan-out to readers of every entry is the readers' own cost; this is the cost of being asked.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use uuid::Uuid;

use super::error::BenchError;

/// The subscriptions, one a connection.
#[derive(Debug)]
pub struct Sockets(Vec<WebSocketStream<TcpStream>>);

impl Sockets {
    /// Opens so many.
    pub async fn open(address: &str, login: &str, party: Uuid, count: usize) -> Result<Self, BenchError> {
        let mut sockets = Vec::with_capacity(count);
        for _ in 0..count {
            sockets.push(follow(address, login, party).await?);
        }
        Ok(Self(sockets))
    }

    /// Closes them.
    pub async fn close(self) -> Result<(), BenchError> {
        for mut socket in self.0 {
            socket.close(None).await.map_err(broken)?;
        }
        Ok(())
    }
}

async fn follow(address: &str, login: &str, party: Uuid) -> Result<WebSocketStream<TcpStream>, BenchError> {
    let mut request = format!("ws://{address}/graphql/ws").into_client_request().map_err(broken)?;
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("graphql-transport-ws"));
    let stream = TcpStream::connect(address).await.map_err(BenchError::Unreachable)?;
    let (mut socket, _) = client_async(request, stream).await.map_err(broken)?;
    send(&mut socket, &json!({ "type": "connection_init", "payload": { "token": login } })).await?;
    match socket.next().await.transpose().map_err(broken)? {
        Some(Message::Text(text)) if text.contains("connection_ack") => {}
        other => return Err(BenchError::answer("to connection_init", format!("{other:?}").as_bytes())),
    }
    let query = format!("subscription {{ entryRecorded(filter: {{ party: \"{party}\" }}) {{ index }} }}");
    send(&mut socket, &json!({ "type": "subscribe", "id": "1", "payload": { "query": query } })).await?;
    Ok(socket)
}

async fn send(socket: &mut WebSocketStream<TcpStream>, message: &Value) -> Result<(), BenchError> {
    socket.send(Message::text(message.to_string())).await.map_err(broken)
}

fn broken(error: Error) -> BenchError {
    BenchError::Socket(Box::new(error))
}
