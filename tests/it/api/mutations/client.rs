//! A served world, and how tests speak to it.

use aqueduct::ledger::statement::Statement;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::world::{Actor, World};

/// What every payload has, asked for whole.
const STANDING: &str =
    "entry { kind party { label } } operation { status missing } replayed userErrors { field message code }";

/// A world with its router on a loopback port.
pub struct Served {
    pub world: World,
    url: String,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Served {
    pub async fn start() -> Self {
        Self::of(World::start().await).await
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

    /// Sends bytes to the endpoint; the status and the body as JSON.
    pub async fn post(&self, login: Option<&str>, body: String) -> (u16, Value) {
        let url = format!("{}/graphql", self.url);
        let bearer = login.map(|token| format!("Bearer {token}"));
        let (status, text) = tokio::task::spawn_blocking(move || {
            let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
            let mut request = agent.post(&url).content_type("application/json");
            if let Some(bearer) = bearer {
                request = request.header("Authorization", bearer);
            }
            let mut response = request.send(body).unwrap();
            (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
        })
        .await
        .unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        (status, body)
    }

    /// Asks with variables; the body. A login that is not valid (any more) is told by the status.
    pub async fn ask(&self, login: Option<&str>, query: &str, variables: Value) -> Value {
        let (status, body) = self.post(login, json!({ "query": query, "variables": variables }).to_string()).await;
        assert!(status == 200 || status == 401, "{status}: {body}");
        body
    }

    /// Sends a mutation as an officer, with a fresh id unless the input has one; the body.
    pub async fn send(&self, login: Option<&str>, mutation: &str, fields: &str, input: Value) -> Value {
        let mut input = input;
        if input.get("operationId").is_none() {
            input["operationId"] = json!(self.world.next_id());
        }
        let mut kind = mutation.to_owned();
        kind[..1].make_ascii_uppercase();
        let query = format!("mutation($input: {kind}Input!) {{ {mutation}(input: $input) {{ {fields} {STANDING} }} }}");
        self.ask(login, &query, json!({ "input": input })).await
    }

    /// The payload of a mutation that gives one.
    pub async fn payload(&self, actor: &Actor, officer: usize, mutation: &str, fields: &str, input: Value) -> Value {
        let body = self.send(Some(login(actor, officer)), mutation, fields, input).await;
        assert_eq!(body.get("errors"), None, "{body}");
        body["data"][mutation].clone()
    }

    /// The payload of a mutation that records at once.
    pub async fn record(&self, actor: &Actor, mutation: &str, fields: &str, input: Value) -> Value {
        let payload = self.payload(actor, 0, mutation, fields, input).await;
        assert_eq!(payload["userErrors"], json!([]), "{mutation}: {payload}");
        assert_eq!(payload["operation"]["status"], "RECORDED", "{mutation}: {payload}");
        payload
    }

    /// The payload of a mutation of two officers: stated by one, approved by the other, and
    /// stated again, which gives what was made.
    pub async fn record_by_two(&self, actor: &Actor, mutation: &str, fields: &str, input: Value) -> Value {
        let id = self.world.next_id();
        let mut input = input;
        input["operationId"] = json!(id);
        let waiting = self.payload(actor, 0, mutation, fields, input.clone()).await;
        assert_eq!(waiting["operation"]["status"], "AWAITING_SIGNATURE", "{mutation}: {waiting}");
        let approved = self.payload(actor, 1, "operationApprove", "", json!({ "operationId": id })).await;
        assert_eq!(approved["operation"]["status"], "RECORDED", "{mutation}: {approved}");
        let payload = self.payload(actor, 0, mutation, fields, input).await;
        assert_eq!(payload["replayed"], json!(true), "{mutation}: {payload}");
        payload
    }

    /// The user errors of a mutation that must be refused, each as `code at path`; nothing may
    /// have changed.
    pub async fn refused(&self, actor: &Actor, mutation: &str, input: Value) -> Vec<String> {
        let before = self.standing().await;
        let payload = self.payload(actor, 0, mutation, "", input).await;
        assert_eq!(payload["entry"], Value::Null, "{payload}");
        assert_eq!(self.standing().await, before, "a refusal changes nothing");
        faults(&payload)
    }

    /// The statement and the number of entries.
    pub async fn standing(&self) -> (Statement, u64) {
        let statement = self.world.statement().await;
        (statement, self.world.node().heights().views.entries)
    }

    /// A token of 1,000.00 INR at the treasury, by its id.
    pub async fn allocated(&self) -> String {
        let input = json!({
            "programme": "PENSION", "cycle": "2024-11", "purpose": "PENSION", "amount": inr("1000"),
        });
        let payload = self.record_by_two(&self.world.treasury, "allocationCreate", "token { id }", input).await;
        text(&payload["token"]["id"])
    }

    /// Sends money on by one hop; the hop's id.
    pub async fn sent(&self, from: &Actor, token: &str, to: &Actor, amount: &str) -> String {
        let input = json!({
            "token": token, "currency": "INR", "outputs": [{ "to": to.party, "amount": amount }],
        });
        text(&self.record(from, "tokenDispatch", "hop { id }", input).await["hop"]["id"])
    }

    /// Acknowledges a hop; the token that the receiver has.
    pub async fn arrived(&self, at: &Actor, hop: &str, amount: &str) -> String {
        let input = json!({ "hop": hop, "arrived": inr(amount) });
        text(&self.record(at, "hopAcknowledge", "token { id }", input).await["token"]["id"])
    }
}

pub fn login(actor: &Actor, officer: usize) -> &str {
    &actor.officers[officer].1
}

pub fn inr(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "INR" })
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// User errors as `CODE at path`.
pub fn faults(payload: &Value) -> Vec<String> {
    let errors = payload["userErrors"].as_array().unwrap();
    let path = |error: &Value| match error["field"].as_array() {
        None => "-".to_owned(),
        Some(parts) => parts.iter().map(text).collect::<Vec<_>>().join("."),
    };
    errors.iter().map(|error| format!("{} at {}", text(&error["code"]), path(error))).collect()
}

/// The code of the only top-level error.
pub fn error_code(body: &Value) -> String {
    assert_eq!(body["errors"].as_array().map(Vec::len), Some(1), "{body}");
    text(&body["errors"][0]["extensions"]["code"])
}

/// A payload with what differs from run to run replaced by its kind, such as `<tok>`.
pub fn normal(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(normal_text(text)),
        Value::Array(items) => Value::Array(items.iter().map(normal).collect()),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), normal(value))).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

fn normal_text(text: &str) -> String {
    const PREFIXES: [&str; 9] = ["tok_", "hop_", "prt_", "rcp_", "prg_", "alc_", "case_", "ent_", "opn_"];
    if let Some(prefix) = PREFIXES.iter().find(|prefix| text.starts_with(**prefix)) {
        return format!("<{}>", prefix.trim_end_matches('_'));
    }
    if uuid::Uuid::try_parse(text).is_ok() {
        return "<uuid>".to_owned();
    }
    if text.starts_with("ed25519:") {
        return "<key>".to_owned();
    }
    text.to_owned()
}

/// A payload of something recorded: its own fields and the standing that goes with them.
pub fn recorded(fields: Value, kind: &str, party: &str, replayed: bool) -> Value {
    let mut whole = fields;
    whole["entry"] = json!({ "kind": kind, "party": { "label": party } });
    whole["operation"] = json!({ "status": "RECORDED", "missing": [] });
    whole["replayed"] = json!(replayed);
    whole["userErrors"] = json!([]);
    whole
}
