//! `kill -9` at random moments under load: nothing that was answered is lost, nothing is
//! applied twice.
//!
//! A real server on a real data directory is killed while officers acknowledge hops over HTTP.
//! What was answered must be in the log after the restart, under the same entry; what was not
//! is sent again with the same id and must be recorded once. `AQUEDUCT_KILLS` sets how often
//! (5 otherwise), `AQUEDUCT_SEED` the seed, which is printed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aqueduct::ledger::ids::Reference;
use uuid::Uuid;

use crate::cluster;
use crate::world::{World, reference};

const THREADS: usize = 6;
const HOPS: usize = 3_000;
const AMOUNT: i64 = 100;

/// What a thread wants to have recorded, and what it was told.
#[derive(Clone, Default)]
struct Ledger {
    /// The id of each hop's acknowledgement, chosen once.
    ids: BTreeMap<u32, Uuid>,
    /// The entry that the server answered with.
    answered: BTreeMap<u32, String>,
    /// The hops that were tried since the last restart.
    tried: BTreeSet<u32>,
}

#[test]
fn a_killed_server_loses_no_answer_and_applies_none_twice() {
    let kills: u32 = std::env::var("AQUEDUCT_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(5);
    kill_under_load(World::start(), kills);
}

#[test]
fn a_killed_server_on_postgresql_loses_no_answer_and_applies_none_twice() {
    // A run on PostgreSQL kills it as often as it is asked to above.
    let Some(cluster) = cluster::shared() else { return };
    kill_under_load(World::start_on(cluster.database()), 2);
}

fn kill_under_load(world: impl Future<Output = World>, kills: u32) {
    let seed: u64 = std::env::var("AQUEDUCT_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(20_261_121);
    println!("seed {seed}, {kills} kills");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (world, sent, token) = runtime.block_on(prepare(world));
    let known = Arc::new(Mutex::new(Ledger::default()));
    let mut random = seed;
    for kill in 0..kills {
        let (mut server, url) = serve(&world);
        let workers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (known, url, token) = (known.clone(), url.clone(), token.clone());
                std::thread::spawn(move || work(thread, sent, &url, &token, &known))
            })
            .collect();
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(30 + (random >> 33) % 300));
        server.kill().unwrap();
        server.wait().unwrap();
        for worker in workers {
            worker.join().unwrap();
        }
        check_answers(&world, sent, &token, &known, kill);
    }
    {
        let mut known = known.lock().unwrap();
        known.tried = known.ids.keys().copied().collect();
    }
    check_answers(&world, sent, &token, &known, kills);
    runtime.block_on(check_books(world, &known));
}

/// A directory with many hops on their way to the bureau; the reference of the first, and the
/// bureau's login.
async fn prepare(world: impl Future<Output = World>) -> (World, Reference, String) {
    let mut world = world.await;
    let allocated = world.allocate(HOPS as i64 * AMOUNT).await;
    let bureau = world.bureau.clone();
    let outputs: Vec<_> = (0..HOPS).map(|_| (&bureau, AMOUNT)).collect();
    let sent = world.dispatch(&world.treasury, allocated, &outputs).await;
    let token = bureau.officers[0].1.clone();
    world.stop().await;
    (world, reference(&sent, 0), token)
}

/// Acknowledges the thread's share of hops until the server is gone.
fn work(thread: usize, sent: Reference, url: &str, token: &str, known: &Mutex<Ledger>) {
    for hop in (thread..HOPS).step_by(THREADS) {
        let hop = hop as u32;
        let id = {
            let mut known = known.lock().unwrap();
            if known.answered.contains_key(&hop) {
                continue;
            }
            known.tried.insert(hop);
            *known.ids.entry(hop).or_insert_with(Uuid::now_v7)
        };
        let Some((entry, _)) = acknowledge(url, token, sent, hop, id) else { return };
        known.lock().unwrap().answered.insert(hop, entry);
    }
}

/// After a restart: every answer is given again, of the same entry; what was under way is
/// recorded once. After the last one, every answer of all of them.
fn check_answers(world: &World, sent: Reference, token: &str, known: &Mutex<Ledger>, kill: u32) {
    let (mut server, url) = serve(world);
    let mut known = known.lock().unwrap();
    for hop in std::mem::take(&mut known.tried) {
        let id = known.ids[&hop];
        let (entry, replayed) = acknowledge(&url, token, sent, hop, id).expect("the server answers after a restart");
        if let Some(before) = known.answered.get(&hop) {
            assert_eq!(*before, entry, "kill {kill}: hop {hop} has another entry than was answered");
            assert!(replayed, "kill {kill}: hop {hop} was answered and lost");
        }
        known.answered.insert(hop, entry);
    }
    server.kill().unwrap();
    server.wait().unwrap();
}

/// Each acknowledgement is in the books once: as much is held as was answered.
async fn check_books(mut world: World, known: &Mutex<Ledger>) {
    world.clock.set(aqueduct::service::clock::Clock::system().now().unwrap());
    world.open().await;
    let answered = known.lock().unwrap().answered.len() as i128;
    let statement = world.statement().await;
    assert!(answered > 0, "the load never got through");
    assert_eq!(statement.held, answered * i128::from(AMOUNT));
    assert!(statement.closes());
    let mut entries: Vec<_> = known.lock().unwrap().answered.values().cloned().collect();
    entries.sort();
    entries.dedup();
    assert_eq!(entries.len() as i128, answered, "no entry answers two operations");
    world.stop().await;
    let verified = Command::new(env!("CARGO_BIN_EXE_aqueduct"))
        .args(["verify", "--data"])
        .arg(world.path())
        .envs(world.address.iter().map(|address| ("AQUEDUCT_DATABASE", address)))
        .output()
        .unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    println!("{answered} acknowledgements, each recorded once");
}

/// Starts a server on a free port; it prints its address once it listens.
fn serve(world: &World) -> (Child, String) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_aqueduct"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(world.path())
        .envs(world.address.iter().map(|address| ("AQUEDUCT_DATABASE", address)))
        .env("RUST_LOG", "error")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let url = loop {
        let line = lines.next().expect("the server says where it listens").unwrap();
        if let Some(at) = line.find("http://") {
            let rest = &line[at..];
            let end = rest.find(|c: char| c.is_whitespace()).unwrap_or(rest.len());
            break rest[..end].trim_end_matches('/').trim_end_matches("/graphql").to_owned();
        }
    };
    // The pipe stays open, so that the server can go on printing.
    std::thread::spawn(move || lines.for_each(drop));
    (server, url)
}

/// Sends one acknowledgement; the entry's index and whether it was a replay. None when the
/// server is gone before it answers.
fn acknowledge(url: &str, token: &str, sent: Reference, hop: u32, id: Uuid) -> Option<(String, bool)> {
    let query = "mutation($input: HopAcknowledgeInput!) { hopAcknowledge(input: $input) {
        replayed entry { index } userErrors { code message } } }";
    let input = serde_json::json!({
        "operationId": id,
        "hopReference": {
            "operation": sent.operation,
            "digest": hex::encode(sent.digest.0),
            "output": hop,
        },
        "arrived": { "amount": "1.00", "currency": "INR" },
    });
    let body = serde_json::json!({ "query": query, "variables": { "input": input } }).to_string();
    let answer = ureq::post(format!("{url}/graphql"))
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {token}"))
        .send(&body)
        .ok()?
        .body_mut()
        .read_to_string()
        .ok()?;
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let payload = &answer["data"]["hopAcknowledge"];
    let entry = payload["entry"]["index"].as_str();
    let entry = entry.unwrap_or_else(|| panic!("hop {hop}: {answer}")).to_owned();
    Some((entry, payload["replayed"].as_bool().unwrap()))
}
