//! A WebSocket client that sees everything that comes.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::client::{PATIENCE, Served};

pub const PROTOCOL: &str = "graphql-transport-ws";

pub struct Socket(WebSocketStream<TcpStream>);

/// What came.
#[derive(Debug, PartialEq)]
pub enum Came {
    Said(Value),
    Ping,
    Closed(u16, String),
    /// The line ended without a word.
    Gone,
}

impl Socket {
    /// Connects, as a page of an origin or as a program; the status when it is refused.
    pub async fn connect(served: &Served, protocol: Option<&str>, origin: Option<&str>) -> Result<Self, u16> {
        let stream = TcpStream::connect(served.address).await.unwrap();
        Self::over(stream, served, protocol, origin).await
    }

    pub async fn over(
        stream: TcpStream,
        served: &Served,
        protocol: Option<&str>,
        origin: Option<&str>,
    ) -> Result<Self, u16> {
        let mut request = format!("ws://{}/graphql/ws", served.address).into_client_request().unwrap();
        for (name, value) in [("sec-websocket-protocol", protocol), ("origin", origin)] {
            if let Some(value) = value {
                request.headers_mut().insert(name, value.parse().unwrap());
            }
        }
        match client_async(request, stream).await {
            Ok((stream, _)) => Ok(Self(stream)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(why) => panic!("{why}"),
        }
    }

    /// Connects without a word of initialisation.
    pub async fn open(served: &Served) -> Self {
        Self::connect(served, Some(PROTOCOL), None).await.unwrap()
    }

    /// Connects and initialises with a login that sees much.
    pub async fn ready(served: &Served) -> Self {
        let mut socket = Self::open(served).await;
        socket.init(Some(served.token())).await;
        socket.hears(json!({ "type": "connection_ack" })).await;
        socket
    }

    pub async fn init(&mut self, token: Option<&str>) {
        let payload = token.map_or(Value::Null, |token| json!({ "token": token }));
        self.say(json!({ "type": "connection_init", "payload": payload })).await;
    }

    pub async fn say(&mut self, message: Value) {
        self.send(Message::text(message.to_string())).await;
    }

    pub async fn send(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// Sends what the server may refuse while it is still being sent.
    pub async fn try_send(&mut self, message: Message) {
        let _ = self.0.send(message).await;
    }

    pub async fn subscribe(&mut self, id: &str, query: &str) {
        self.say(json!({ "type": "subscribe", "id": id, "payload": { "query": query } })).await;
    }

    pub async fn next(&mut self) -> Came {
        match timeout(PATIENCE, self.0.next()).await.expect("something comes") {
            Some(Ok(Message::Text(text))) => Came::Said(serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Ping(_))) => Came::Ping,
            Some(Ok(Message::Close(Some(frame)))) => Came::Closed(frame.code.into(), frame.reason.to_string()),
            Some(Ok(other)) => panic!("{other:?}"),
            None | Some(Err(_)) => Came::Gone,
        }
    }

    /// The next message.
    pub async fn said(&mut self) -> Value {
        match self.next().await {
            Came::Said(message) => message,
            other => panic!("{other:?}"),
        }
    }

    pub async fn hears(&mut self, expected: Value) {
        assert_eq!(self.said().await, expected);
    }

    /// The code that the connection is closed with, whatever comes before.
    pub async fn closed(&mut self) -> u16 {
        loop {
            match self.next().await {
                Came::Closed(code, reason) => {
                    assert!(!reason.is_empty());
                    assert!(aqueduct::server::websocket::close::CODES.iter().any(|(known, _)| *known == code));
                    return code;
                }
                Came::Gone => panic!("the line ended without a code"),
                Came::Said(_) | Came::Ping => {}
            }
        }
    }
}
