//! One HTTP connection that is kept open, as any client of the API has it.

use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::error::BenchError;

/// A connection to the server.
#[derive(Debug)]
pub struct Client {
    address: String,
    sender: SendRequest<Full<Bytes>>,
}

impl Client {
    /// Connects.
    pub async fn open(address: &str) -> Result<Self, BenchError> {
        let stream = TcpStream::connect(address).await.map_err(BenchError::Unreachable)?;
        // A request is one write: nothing is gained by waiting for more of it.
        stream.set_nodelay(true).map_err(BenchError::Unreachable)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Its end is told to who waits for an answer.
        tokio::spawn(connection);
        Ok(Self { address: address.to_owned(), sender })
    }

    /// Sends a GraphQL request as a login, or as nobody when that is empty; the answer's body.
    pub async fn post(&mut self, login: &str, body: Bytes) -> Result<Bytes, BenchError> {
        let mut request =
            Request::post("/graphql").header("host", &self.address).header("content-type", "application/json");
        if !login.is_empty() {
            request = request.header("authorization", format!("Bearer {login}"));
        }
        let request = request.body(Full::new(body)).expect("an address and a token are header values");
        self.send(request).await.map(|(_, body)| body)
    }

    /// Gets a page; its status and body.
    pub async fn get(&mut self, path: &str) -> Result<(u16, Bytes), BenchError> {
        let request = Request::get(path)
            .header("host", &self.address)
            .body(Full::default())
            .expect("an address is a header value, and the paths are constants");
        self.send(request).await
    }

    /// Asks a query as a login; its data.
    pub async fn ask(&mut self, login: &str, query: &str) -> Result<Value, BenchError> {
        let answer = self.post(login, question(query)).await?;
        let mut body: Value = serde_json::from_slice(&answer).map_err(|_| BenchError::answer(ASKED, &answer))?;
        match body.get("errors") {
            None => Ok(body["data"].take()),
            Some(_) => Err(BenchError::answer(ASKED, &answer)),
        }
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<(u16, Bytes), BenchError> {
        // A server closes a connection on which nothing comes for a while.
        if self.sender.ready().await.is_err() {
            *self = Self::open(&self.address).await?;
        }
        let response = self.sender.send_request(request).await?;
        let status = response.status().as_u16();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }
}

const ASKED: &str = "to a query";

/// A query as a request's body.
pub fn question(query: &str) -> Bytes {
    Bytes::from(serde_json::json!({ "query": query }).to_string())
}
