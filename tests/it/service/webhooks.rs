//! Webhooks, with a real receiver on this machine: every version of a finding arrives once and in
//! order, signed, whatever happens to the receiver and the node meanwhile.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use aqueduct::leakage::detectors::l01_hop_shortfall::HopShortfall;
use aqueduct::leakage::event::{At, Event};
use aqueduct::leakage::examine::{Detector, Found};
use aqueduct::leakage::facts::Facts;
use aqueduct::leakage::rule::{Rule, Severity};
use aqueduct::ledger::ids::Reference;
use aqueduct::service::webhooks::worker::Deliveries;
use aqueduct::service::webhooks::{self, MadeWebhook, NewWebhook, WebhookError};
use aqueduct::store::node::webhooks::Webhook;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::database;
use crate::world::{World, reference};

/// A request that the receiver got, and what it answered.
struct Got {
    headers: BTreeMap<String, String>,
    body: String,
    status: u16,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}"))
    }

    /// Verifies it as the specification tells receivers to.
    fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        let signed = format!("{}.{}.{}", self.header("webhook-id"), self.header("webhook-timestamp"), self.body);
        mac.update(signed.as_bytes());
        let signature = self.header("webhook-signature").strip_prefix("v1,").unwrap();
        mac.verify_slice(&STANDARD.decode(signature).unwrap()).is_ok()
    }
}

/// A receiver that answers with a status until it is told another.
struct Receiver {
    address: SocketAddr,
    status: Arc<AtomicU16>,
    got: mpsc::UnboundedReceiver<Got>,
}

impl Receiver {
    async fn start(status: u16) -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").await.unwrap(), status)
    }

    fn listen(listener: TcpListener, status: u16) -> Self {
        let address = listener.local_addr().unwrap();
        let status = Arc::new(AtomicU16::new(status));
        let (sender, got) = mpsc::unbounded_channel();
        let answers = status.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let status = answers.load(Ordering::SeqCst);
                if let Some(got) = take(stream, status).await
                    && sender.send(got).is_err()
                {
                    return;
                }
            }
        });
        Self { address, status, got }
    }

    fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    async fn next(&mut self) -> Got {
        let next = tokio::time::timeout(Duration::from_secs(30), self.got.recv()).await;
        next.expect("a message comes").unwrap()
    }
}

/// Reads one request and answers it.
async fn take(mut stream: TcpStream, status: u16) -> Option<Got> {
    let mut bytes = Vec::new();
    let (head, rest) = loop {
        let mut part = [0; 4_096];
        let read = stream.read(&mut part).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&part[..read]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break (String::from_utf8(bytes[..end].to_vec()).unwrap(), bytes[end + 4..].to_vec());
        }
    };
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let headers: BTreeMap<String, String> =
        lines.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let mut body = rest;
    let length: usize = headers["content-length"].parse().unwrap();
    while body.len() < length {
        let mut part = [0; 4_096];
        let read = stream.read(&mut part).await.ok().filter(|read| *read > 0)?;
        body.extend_from_slice(&part[..read]);
    }
    let location = if status == 302 { "Location: /elsewhere\r\n" } else { "" };
    let answer = format!("HTTP/1.1 {status} Said\r\n{location}Content-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.ok()?;
    Some(Got { headers, body: String::from_utf8(body).unwrap(), status })
}

/// Finds what L01 does, as another rule.
#[derive(Debug)]
struct Twin;

impl Detector for Twin {
    fn rule(&self) -> Rule {
        Rule::L02
    }

    fn examine(&self, event: &Event<'_>, at: &At, facts: &Facts, found: &mut Found) {
        HopShortfall.examine(event, at, facts, found);
    }
}

/// A world whose node delivers, also to this machine, and finds shortfalls only.
async fn delivering() -> World {
    let mut world = World::start().await;
    world.stop().await;
    world.serving = true;
    world.deliveries = Deliveries { allow_private: true, look_ms: 5 };
    world.detectors = vec![&HopShortfall];
    database::remove(world.path(), "findings");
    world.open().await;
    world.node().examine_up().await;
    world
}

async fn add(world: &World, url: String) -> MadeWebhook {
    let wanted = NewWebhook { url, rules: Vec::new(), severities: Vec::new(), from_start: false };
    webhooks::add(world.options(), &wanted).await.unwrap()
}

/// Sends money from the treasury to the bureau, which acknowledges so much of it.
async fn pass(world: &World, sent: i64, arrived: i64) -> Reference {
    let token = world.allocate(sent).await;
    let hop = reference(&world.dispatch(&world.treasury, token, &[(&world.bureau, sent)]).await, 0);
    world.record(&world.bureau, world.acknowledge(hop, arrived)).await;
    world.node().examine_up().await;
    hop
}

/// The receiver as the node has it, once it is as it should be.
async fn until(world: &World, is_so: impl Fn(&Webhook) -> bool) -> Webhook {
    let looked = async {
        loop {
            let found = webhooks::list(world.options()).await.unwrap().remove(0);
            if is_so(&found) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), looked).await.expect("it comes to that")
}

fn kind_and_amount(got: &Got) -> (String, String) {
    let body = got.json();
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no text: {body}")).to_owned();
    (text(&body["type"]), text(&body["data"]["amount"]))
}

fn told(kind: &str, amount: &str) -> (String, String) {
    (kind.to_owned(), amount.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_is_told_in_order_and_signed() {
    let mut world = delivering().await;
    pass(&world, 300, 200).await;
    let mut receiver = Receiver::start(204).await;
    let made = add(&world, receiver.url()).await;
    assert!(made.is_private);
    let hop = pass(&world, 900, 880).await;
    world.record(&world.bureau, world.acknowledge(hop, 890)).await;
    world.record(&world.bureau, world.acknowledge(hop, 900)).await;
    world.node().examine_up().await;
    let versions = [receiver.next().await, receiver.next().await, receiver.next().await];
    let kinds: Vec<_> = versions.iter().map(kind_and_amount).collect();
    let expected = [told("flag.raised", "0.20"), told("flag.changed", "0.10"), told("flag.resolved", "0.10")];
    assert_eq!(kinds, expected, "and nothing of what was found before it was added");
    for (got, version) in versions.iter().zip(1..) {
        assert!(got.is_signed_with(&made.secret));
        assert!(!got.is_signed_with("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        assert_eq!(got.header("content-type"), "application/json");
        let data = &got.json()["data"];
        assert_eq!(
            (&data["version"], &data["rule"], &data["currency"]),
            (&version.into(), &"L01".into(), &"INR".into())
        );
    }
    let first = versions[0].json();
    let data = &first["data"];
    assert_eq!(data["equation"]["text"], "s - r - f - q");
    assert_eq!(data["equation"]["operands"][0], serde_json::json!({ "name": "s", "value": "900" }));
    assert_eq!((&data["equation"]["value"], &data["area"]), (&"20".into(), &"".into()));
    assert_eq!(data["counterparty"], format!("prt_{}", world.bureau.party.simple()));
    let hop_id = data["hops"][0].as_str().unwrap();
    assert!(aqueduct::api::id::hop(hop_id).is_ok(), "{hop_id}");
    assert_eq!((&data["resolvedAt"], versions[2].json()["data"]["resolvedAt"].is_string()), (&Value::Null, true));
    until(&world, |webhook| webhook.reached.is_some_and(|reached| reached.number.is_some())).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_while_the_receiver_is_down_and_the_node_restarts() {
    let mut world = delivering().await;
    // An address at which nobody listens yet.
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let made = add(&world, format!("http://{address}/hook")).await;
    let hop = pass(&world, 900, 880).await;
    let down = until(&world, |webhook| webhook.failures == 1).await;
    assert_eq!(down.next_attempt, world.clock.now().unwrap().plus(5_000), "{down:?}");
    pass(&world, 500, 400).await;
    world.pass(5_000);
    until(&world, |webhook| webhook.failures == 2).await;
    world.stop().await;
    world.open().await;
    world.record(&world.bureau, world.acknowledge(hop, 900)).await;
    world.node().examine_up().await;

    let mut receiver = Receiver::listen(TcpListener::bind(address).await.unwrap(), 500);
    world.pass(300_000);
    let refused = receiver.next().await;
    let down = until(&world, |webhook| webhook.failures == 3).await;
    assert_eq!(down.last_failure.as_deref(), Some("HTTP status 500"));
    receiver.status.store(200, Ordering::SeqCst);
    world.pass(1_800_000);
    let mut taken = Vec::new();
    while taken.len() < 3 {
        taken.push(receiver.next().await);
    }
    let kinds: Vec<_> = taken.iter().map(kind_and_amount).collect();
    assert_eq!(kinds, [told("flag.raised", "0.20"), told("flag.raised", "1.00"), told("flag.resolved", "0.20")]);
    assert!(taken.iter().all(|got| got.status == 200 && got.is_signed_with(&made.secret)));
    assert_eq!(taken[0].header("webhook-id"), refused.header("webhook-id"), "the same message is known again");
    assert_eq!(taken[0].body, refused.body);
    assert_ne!(taken[0].header("webhook-timestamp"), refused.header("webhook-timestamp"));
    let well = until(&world, |webhook| webhook.failures == 0).await;
    assert_eq!(well.last_failure, None);
    world.stop().await;
    assert!(receiver.got.try_recv().is_err(), "each came once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_is_left_alone_until_somebody_says_otherwise() {
    let mut world = delivering().await;
    let mut receiver = Receiver::start(302).await;
    let made = add(&world, receiver.url()).await;
    pass(&world, 900, 880).await;
    let moved = until(&world, |webhook| webhook.failures == 1).await;
    assert_eq!(moved.last_failure.as_deref(), Some("HTTP status 302: redirects are not followed"));
    assert_eq!(receiver.next().await.status, 302);
    receiver.status.store(410, Ordering::SeqCst);
    world.pass(5_000);
    assert_eq!(receiver.next().await.status, 410);
    until(&world, |webhook| webhook.disabled_at.is_some()).await;
    receiver.status.store(200, Ordering::SeqCst);
    world.pass(10 * 86_400_000);
    let mut other = Receiver::start(200).await;
    add(&world, other.url()).await;
    pass(&world, 500, 400).await;
    assert_eq!(kind_and_amount(&other.next().await), told("flag.raised", "1.00"));
    assert!(receiver.got.try_recv().is_err(), "it is not even tried");
    webhooks::retry(world.options(), made.id).await.unwrap();
    assert_eq!(kind_and_amount(&receiver.next().await), told("flag.raised", "0.20"), "it goes on where it stood");
    assert_eq!(kind_and_amount(&receiver.next().await), told("flag.raised", "1.00"));

    webhooks::remove(world.options(), made.id).await.unwrap();
    assert!(matches!(webhooks::remove(world.options(), made.id).await, Err(WebhookError::Absent(_))));
    assert!(matches!(webhooks::retry(world.options(), made.id).await, Err(WebhookError::Absent(_))));
    pass(&world, 700, 600).await;
    other.next().await;
    assert!(receiver.got.try_recv().is_err());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_are_not_connected_to_unless_allowed() {
    let mut world = delivering().await;
    let mut receiver = Receiver::start(200).await;
    world.stop().await;
    world.deliveries.allow_private = false;
    world.open().await;
    let local = receiver.url().replace("127.0.0.1", "localhost");
    add(&world, local).await;
    pass(&world, 900, 880).await;
    let refused = until(&world, |webhook| webhook.failures == 1).await;
    assert_eq!(refused.last_failure.as_deref(), Some("it is at a loopback, link-local or private address"));
    assert!(receiver.got.try_recv().is_err());
    assert_eq!(world.node().metrics().webhooks_failed.get(), 1);
    world.stop().await;
    world.deliveries.allow_private = true;
    world.open().await;
    world.pass(5_000);
    assert_eq!(kind_and_amount(&receiver.next().await), told("flag.raised", "0.20"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_hears_of_the_rules_and_severities_that_it_asked_for() {
    let mut world = delivering().await;
    world.stop().await;
    world.detectors = vec![&HopShortfall, &Twin];
    database::remove(world.path(), "findings");
    world.open().await;
    let (mut of_rule, mut of_severity) = (Receiver::start(200).await, Receiver::start(200).await);
    for (receiver, rules, severities) in
        [(&of_rule, vec![Rule::L02], Vec::new()), (&of_severity, vec![Rule::L01, Rule::L02], vec![Severity::A])]
    {
        let wanted = NewWebhook { url: receiver.url(), rules, severities, from_start: true };
        webhooks::add(world.options(), &wanted).await.unwrap();
    }
    for sent in [900, 800] {
        pass(&world, sent, 700).await;
    }
    for amount in ["2.00", "1.00"] {
        let got = of_rule.next().await;
        assert_eq!((got.json()["data"]["rule"].clone(), kind_and_amount(&got).1), ("L02".into(), amount.to_owned()));
    }
    for _ in 0..4 {
        assert_eq!(of_severity.next().await.json()["data"]["severity"], "A");
    }
    until(&world, |webhook| webhook.failures == 0).await;
    assert_eq!(world.node().metrics().webhooks_delivered.get(), 6);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_concluded_anew_are_told_again_under_the_same_ids() {
    let mut world = delivering().await;
    pass(&world, 300, 200).await;
    let mut receiver = Receiver::start(200).await;
    add(&world, receiver.url()).await;
    let hop = pass(&world, 900, 880).await;
    world.record(&world.bureau, world.acknowledge(hop, 900)).await;
    world.node().examine_up().await;
    let first = [receiver.next().await, receiver.next().await];
    world.stop().await;
    database::remove(world.path(), "findings");
    world.open().await;
    world.node().examine_up().await;
    pass(&world, 500, 400).await;
    for before in &first {
        assert_eq!(receiver.next().await.header("webhook-id"), before.header("webhook-id"));
    }
    assert_eq!(kind_and_amount(&receiver.next().await), told("flag.raised", "1.00"), "and nothing is lost");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_is_nowhere_in_the_clear() {
    if database::is_for_sqlite_only() {
        return;
    }
    let mut world = delivering().await;
    let mut receiver = Receiver::start(200).await;
    let made = add(&world, receiver.url()).await;
    pass(&world, 900, 880).await;
    assert!(receiver.next().await.is_signed_with(&made.secret));
    let text = made.secret.strip_prefix("whsec_").unwrap();
    let key = STANDARD.decode(text).unwrap();
    let mut looked_at = 0;
    for name in ["node.db", "node.db-wal"] {
        let Ok(bytes) = std::fs::read(world.db(name)) else { continue };
        looked_at += bytes.len();
        let has = |needle: &[u8]| bytes.windows(needle.len()).any(|part| part == needle);
        assert!(!has(&key) && !has(text.as_bytes()) && !has(hex::encode(&key).as_bytes()), "{name}");
    }
    assert!(looked_at > 0);
    world.stop().await;
}

#[tokio::test]
async fn what_is_no_receiver_and_too_many_are_refused() {
    let world = World::start().await;
    let wanted =
        |url: &str| NewWebhook { url: url.to_owned(), rules: Vec::new(), severities: Vec::new(), from_start: false };
    for url in ["ftp://audit.example/", "https://clerk:secret@audit.example/", "audit.example"] {
        let refused = webhooks::add(world.options(), &wanted(url)).await;
        assert!(matches!(refused, Err(WebhookError::NotAReceiver(_))), "{url}");
    }
    for _ in 0..aqueduct::limits::WEBHOOKS_MAX {
        webhooks::add(world.options(), &wanted("https://audit.example/flags")).await.unwrap();
    }
    let refused = webhooks::add(world.options(), &wanted("https://audit.example/flags")).await;
    assert!(matches!(refused, Err(WebhookError::TooMany)), "{refused:?}");
}
