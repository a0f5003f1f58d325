//! A served world, and requests to it byte by byte.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use aqueduct::server::options::Options;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::world::World;

/// The media types of answers.
pub const RESPONSE: &str = "application/graphql-response+json";
pub const JSON: &str = "application/json";

/// How long a test waits for what must come.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub struct Served {
    pub world: World,
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// An answer as it came.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Reply {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        };
        Self { status, headers: lines.map(header).collect(), body: body.to_owned() }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The code of the first error; empty without one. A code must be listed.
    pub fn code(&self) -> String {
        let json = self.json();
        let code = json["errors"][0]["extensions"]["code"].as_str().unwrap_or_default();
        assert!(code.is_empty() || aqueduct::api::error::is_listed(code), "{json}");
        code.to_owned()
    }
}

impl Served {
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        let world = World::start().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let node = world.node().clone();
        let task = tokio::spawn(async move {
            aqueduct::server::serve_with(node, listener, options, stopped).await.unwrap();
        });
        Self { world, address, stop, task }
    }

    /// Stops the server, which must not take long; the node goes on.
    pub async fn end(self) -> World {
        self.stop.send_replace(true);
        tokio::time::timeout(PATIENCE, self.task).await.expect("the server stops").unwrap();
        self.world
    }

    /// The token of a login that sees much.
    pub fn token(&self) -> &str {
        &self.world.supervisor.officers[0].1
    }

    /// Sends a request; the answer.
    pub async fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut request = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        let mut bytes = format!("{request}\r\n").into_bytes();
        bytes.extend_from_slice(body);
        Reply::read(&self.exchange(bytes).await)
    }

    /// Sends bytes; everything that comes back until the server closes.
    pub async fn exchange(&self, bytes: Vec<u8>) -> String {
        let address = self.address;
        tokio::task::spawn_blocking(move || {
            let mut stream = connect(address);
            // The server may have answered and closed before it has read everything.
            let _ = stream.write_all(&bytes);
            rest(&mut stream)
        })
        .await
        .unwrap()
    }

    pub async fn get(&self, target: &str, accept: &str) -> Reply {
        self.send("GET", target, &[("Accept", accept)], b"").await
    }

    /// Posts a body as JSON.
    pub async fn post(&self, accept: &str, body: &Value) -> Reply {
        let headers = [("Accept", accept), ("Content-Type", JSON)];
        self.send("POST", "/graphql", &headers, body.to_string().as_bytes()).await
    }

    /// Asks with the media type that tells most.
    pub async fn ask(&self, query: &str) -> Reply {
        self.post(RESPONSE, &json!({ "query": query })).await
    }

    /// Asserts that the server still answers.
    pub async fn lives(&self) {
        let reply = self.ask("{ __typename }").await;
        assert_eq!((reply.status, &reply.json()["data"]), (200, &json!({ "__typename": "Query" })));
    }
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Everything that still comes.
pub fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => {}
        // A line that breaks after the answer: the server does not read what it refused.
        Err(why) if why.kind() == std::io::ErrorKind::ConnectionReset => {}
        Err(why) => panic!("the server does not close: {why}"),
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
