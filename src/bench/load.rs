//! Many connections that send what was made beforehand, as fast as it is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::client::Client;
use super::error::BenchError;
use super::measurement::{Latencies, rate};

/// What a client told `OVERLOADED` waits, as the server asks it to.
const RETRY_AFTER: Duration = Duration::from_millis(crate::limits::RETRY_AFTER_MS);

/// Requests that one connection sends one after the other.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Who sends them.
    pub login: Arc<str>,
    /// Their bodies.
    pub bodies: Vec<Bytes>,
}

/// A load.
#[derive(Clone, Debug)]
pub struct Load<'a> {
    /// The server.
    pub address: &'a str,
    /// How many connections send at the same time.
    pub connections: usize,
    /// What they send; each unit once.
    pub units: &'a [Unit],
    /// Begins anew behind the last unit.
    pub again: bool,
    /// What every answer must hold.
    pub expected: &'static str,
    /// When no further request is sent; the end of the units otherwise.
    pub at_most: Option<Duration>,
}

/// What became of a load.
#[derive(Debug, Default)]
pub struct Done {
    /// Of each answer that held what was expected.
    pub latencies: Latencies,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// How many units were begun.
    pub units: usize,
    /// When the first request was told `OVERLOADED`, and how many had been answered by then.
    pub overloaded: Option<(Duration, u64)>,
}

impl Done {
    /// Answers a second.
    pub fn rate(&self) -> f64 {
        // A length in memory always fits into 64 bits.
        rate(self.latencies.len() as u64, self.elapsed)
    }
}

/// What the connections share.
struct Shared {
    units: Vec<Unit>,
    next: AtomicUsize,
    answered: AtomicU64,
    start: Barrier,
}

impl Load<'_> {
    /// Sends it.
    pub async fn run(self) -> Result<Done, BenchError> {
        let shared = Arc::new(Shared {
            units: self.units.to_vec(),
            next: AtomicUsize::new(0),
            answered: AtomicU64::new(0),
            start: Barrier::new(self.connections),
        });
        let mut clients = Vec::with_capacity(self.connections);
        for _ in 0..self.connections {
            clients.push(Client::open(self.address).await?);
        }
        let mut tasks = JoinSet::new();
        for client in clients {
            let sender = Sender { client, shared: shared.clone(), again: self.again, expected: self.expected };
            tasks.spawn(sender.run(self.at_most));
        }
        let mut all = Done::default();
        while let Some(done) = tasks.join_next().await {
            let done = done.expect("a sender does not panic")?;
            all.elapsed = all.elapsed.max(done.elapsed);
            all.units += done.units;
            all.overloaded = [all.overloaded, done.overloaded].into_iter().flatten().min();
            all.latencies.extend(done.latencies);
        }
        Ok(all)
    }
}

struct Sender {
    client: Client,
    shared: Arc<Shared>,
    again: bool,
    expected: &'static str,
}

impl Sender {
    async fn run(mut self, at_most: Option<Duration>) -> Result<Done, BenchError> {
        let shared = self.shared.clone();
        shared.start.wait().await;
        let began = Instant::now();
        let is_over = || at_most.is_some_and(|at_most| began.elapsed() >= at_most);
        let mut done = Done::default();
        'units: while !is_over() {
            let at = shared.next.fetch_add(1, Ordering::Relaxed);
            if at >= shared.units.len() && !self.again {
                break;
            }
            done.units += 1;
            let unit = &shared.units[at % shared.units.len()];
            for body in &unit.bodies {
                if is_over() {
                    break 'units;
                }
                self.send(unit, body, began, &mut done).await?;
            }
        }
        done.elapsed = began.elapsed();
        Ok(done)
    }

    /// Sends one request until it is taken.
    async fn send(&mut self, unit: &Unit, body: &Bytes, began: Instant, done: &mut Done) -> Result<(), BenchError> {
        loop {
            let sent = Instant::now();
            let answer = self.client.post(&unit.login, body.clone()).await?;
            if holds(&answer, self.expected) {
                done.latencies.take(sent.elapsed());
                self.shared.answered.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
            if !holds(&answer, "\"OVERLOADED\"") {
                return Err(BenchError::answer("to an operation", &answer));
            }
            let answered = self.shared.answered.load(Ordering::Relaxed);
            done.overloaded.get_or_insert((began.elapsed(), answered));
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }
}

fn holds(answer: &[u8], text: &str) -> bool {
    std::str::from_utf8(answer).is_ok_and(|answer| answer.contains(text))
}
