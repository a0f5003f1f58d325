//! A served world in which money has moved, and how tests ask about it.

use aqueduct::ledger::ids::Reference;
use aqueduct::ledger::operation::{Operation, ReceiptConfirm};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::world::{Actor, World, inr, minor, reference};

/// A world with its router on a loopback port.
pub struct Served {
    pub world: World,
    pub url: String,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// What a server answered.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Served {
    /// A world in which the treasury sent 900.00 of 1,000.00 to the bureau, 880.00 arrived, 600.00
    /// went on to the county, and R1 and R2 were sent 100.00 each, of which R1 confirmed 60.00.
    pub async fn start() -> Self {
        let world = World::start().await;
        let allocated = world.allocate(100_000).await;
        let sent = world.dispatch(&world.treasury, allocated, &[(&world.bureau, 90_000)]).await;
        let at_bureau = arrived(&world, &world.bureau, reference(&sent, 0), 88_000).await;
        let sent = world.dispatch(&world.bureau, at_bureau, &[(&world.county, 60_000)]).await;
        let at_county = arrived(&world, &world.county, reference(&sent, 0), 60_000).await;
        let people = [(&world.recipients[0], 10_000), (&world.recipients[1], 10_000)];
        let sent = world.dispatch(&world.county, at_county, &people).await;
        let word =
            ReceiptConfirm { currency: inr(), hop: reference(&sent, 0), issues: String::new(), received: minor(6_000) };
        world.record(&world.recipients[0], Operation::ReceiptConfirm(word)).await;
        world.node().catch_up().await;
        Self::of(world).await
    }

    pub async fn of(world: World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = watch::channel(false);
        let node = world.node().clone();
        let task = tokio::spawn(async move {
            aqueduct::server::serve(node, listener, stopped).await.unwrap();
        });
        Self { world, url, stop, task }
    }

    /// Stops the server; the world's node goes on.
    pub async fn end(self) -> World {
        self.stop.send_replace(true);
        self.task.await.unwrap();
        self.world
    }

    pub async fn get(&self, path: &str) -> Answer {
        let url = format!("{}{path}", self.url);
        tokio::task::spawn_blocking(move || answer(agent().get(&url).call())).await.unwrap()
    }

    pub async fn post(&self, headers: &[(&str, &str)], body: String) -> Answer {
        let url = format!("{}/graphql", self.url);
        let headers: Vec<(String, String)> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        tokio::task::spawn_blocking(move || {
            let mut request = agent().post(&url).content_type("application/json");
            for (name, value) in headers {
                request = request.header(name, value);
            }
            answer(request.send(body))
        })
        .await
        .unwrap()
    }

    /// The whole body, for a login or nobody.
    pub async fn ask(&self, login: Option<&str>, query: &str, variables: Value) -> Value {
        let bearer = login.map(|token| format!("Bearer {token}"));
        let headers: Vec<(&str, &str)> = bearer.iter().map(|bearer| ("Authorization", bearer.as_str())).collect();
        let answer = self.post(&headers, json!({ "query": query, "variables": variables }).to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// The data of a query that must have no errors.
    pub async fn data(&self, actor: &Actor, query: &str) -> Value {
        let body = self.ask(Some(login(actor)), query, Value::Null).await;
        assert_eq!(body.get("errors"), None, "{body}");
        body["data"].clone()
    }

    /// The code that every error of a query has.
    pub async fn error(&self, login: Option<&str>, query: &str) -> String {
        let body = self.ask(login, query, Value::Null).await;
        let errors = body["errors"].as_array().unwrap_or_else(|| panic!("no errors: {body}"));
        let mut codes: Vec<String> = errors.iter().map(|error| text(&error["extensions"]["code"])).collect();
        codes.dedup();
        assert_eq!(codes.len(), 1, "{body}");
        codes.remove(0)
    }
}

/// Acknowledges a hop; the token that the receiver has.
async fn arrived(world: &World, at: &Actor, hop: Reference, amount: i64) -> Reference {
    reference(&world.record(at, world.acknowledge(hop, amount)).await, 0)
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().new_agent()
}

/// More than the largest answer.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;

fn answer(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut response = response.unwrap();
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let status = response.status().as_u16();
    Answer {
        status,
        headers,
        text: response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string().unwrap(),
    }
}

pub fn login(actor: &Actor) -> &str {
    &actor.officers[0].1
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
