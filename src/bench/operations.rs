//! `operations` and `subscribers`: single signed acknowledgements and dispatches over HTTP, half
//! of each, at several numbers of connections.
//!
//! The yardstick is one signature check a request: the same requests sent to a server on the
//! same HTTP library that checks the envelope's signature and does nothing else. Two more rates
//! tell where the time goes: of a query that asks for nothing, and of good envelopes sent by an
//! officer of another party, which are refused right after login, GraphQL and signature, before
//! the books are asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Plan;
use super::books::{BUREAUS, Books, RECORDED, acknowledge, dispatch, record_all, side_by_side, unit};
use super::cast::Signed;
use super::client::{Client, question};
use super::error::BenchError;
use super::host::{Host, Program};
use super::load::{Done, Load, Unit};
use super::measurement::{Latencies, Measurement, median, rate};
use super::sockets::Sockets;

/// At how many connections.
const CONNECTIONS: [usize; 3] = [1, 64, 256];

/// The number of connections at which the views are kept in step and subscriptions are open.
const USUAL: usize = 64;

/// Lines of one dispatch from which operations are made.
const LINES: usize = 8_000;

/// A first guess of operations a second for each connection and in all, until one was measured.
const GUESS: (f64, f64) = (400.0, 6_000.0);

/// Measures those of the two that the plan names.
pub async fn measure(plan: &Plan, figures: &mut Vec<Measurement>) -> Result<(), BenchError> {
    let program = plan.program("operations").await?;
    let mut bench = Operations::begin(plan, program).await?;
    if plan.wants("operations") {
        for connections in CONNECTIONS {
            plan.say(&format!("operations: {}", connections_text(connections)));
            bench.at(connections, figures).await?;
        }
        plan.say("operations: views in step");
        bench.in_step(figures).await?;
    }
    if plan.wants("subscribers") {
        plan.say("subscribers");
        bench.subscribers(figures).await?;
    }
    let program = bench.books.program.clone();
    bench.host.stop().await?;
    plan.remove(&program).await?;
    Ok(())
}

struct Operations<'a> {
    plan: &'a Plan,
    books: Books,
    host: Host,
    /// Checks one signature for each request.
    yardstick: Host,
    client: Client,
    /// Made beforehand and not sent yet.
    units: Vec<Unit>,
    /// Sent by somebody else than who signed.
    foreign: Vec<Unit>,
    /// Operations a second, as last measured.
    rate: f64,
}

impl<'a> Operations<'a> {
    async fn begin(plan: &'a Plan, program: Program) -> Result<Self, BenchError> {
        let (books, host) = Books::begin(program, plan.seed).await?;
        let (yardstick, client) = (books.program.serve_yardstick().await?, host.client().await?);
        let (units, foreign) = (Vec::new(), Vec::new());
        let mut bench = Self { plan, books, host, yardstick, client, units, foreign, rate: 0.0 };
        /// Enough that no cache of a few of them helps.
        const FOREIGN: usize = 512;
        bench.prepare(FOREIGN).await?;
        let others = (0..bench.books.bureaus.len()).map(|at| &bench.books.bureaus[(at + 1) % BUREAUS]);
        let others: Vec<Arc<str>> = others.map(|actor| Arc::from(actor.login())).collect();
        bench.foreign = bench
            .units
            .iter()
            .take(FOREIGN)
            .enumerate()
            .map(|(at, unit)| Unit { login: others[at % BUREAUS].clone(), bodies: vec![unit.bodies[0].clone()] })
            .collect();
        Ok(bench)
    }

    async fn at(&mut self, connections: usize, figures: &mut Vec<Measurement>) -> Result<(), BenchError> {
        let size = connections_text(connections);
        let [mut bare, mut refused, mut checked, mut recorded] = <[Side; 4]>::default();
        for _ in 0..self.plan.rounds() {
            let nothing = [Unit { login: Arc::from(""), bodies: vec![question("{ __typename }")] }];
            bare.take(self.again(&self.host, connections, &nothing, "\"Query\"").await?);
            refused.take(self.again(&self.host, connections, &self.foreign, "\"NOT_YOURS\"").await?);
            checked.take(self.check(connections).await?);
            recorded.take(self.record(connections, self.plan.window()).await?);
            self.host.in_step().await?;
        }
        self.rate = recorded.rate();
        let named = |name: &str, side: &Side| {
            [
                Measurement::new(name, &size, side.rate(), "requests/s"),
                Measurement::new(format!("{name} p50"), &size, side.latencies.at_ms(500), "ms"),
                Measurement::new(format!("{name} p99"), &size, side.latencies.at_ms(990), "ms"),
            ]
        };
        let [rate, p50, p99] = named("operations", &recorded);
        let [checked_rate, checked_p50, checked_p99] = named("one signature check", &checked);
        figures.push(Measurement { unit: "operations/s", ..rate.against(checked_rate.value) });
        figures.push(p50.against(checked_p50.value));
        figures.push(p99.against(checked_p99.value));
        figures.extend([checked_rate, checked_p50, checked_p99]);
        figures.push(Measurement::new("operation refused at the door", &size, refused.rate(), "requests/s"));
        figures.push(Measurement::new("trivial query", &size, bare.rate(), "requests/s"));
        Ok(())
    }

    /// The rate until the views hold the last of them, over a longer time.
    async fn in_step(&mut self, figures: &mut Vec<Measurement>) -> Result<(), BenchError> {
        let checked = self.check(USUAL).await?;
        let span = self.plan.seconds * 3;
        // Made before the clock runs: signing takes about as long as sending.
        self.prepare_for(USUAL, span).await?;
        let began = Instant::now();
        let done = self.record(USUAL, span).await?;
        self.host.in_step().await?;
        let caught_up = began.elapsed();
        let size = connections_text(USUAL);
        // A length in memory always fits into 64 bits.
        let in_step = rate(done.latencies.len() as u64, caught_up);
        figures.push(Measurement::new("operations in step", &size, in_step, "operations/s").against(checked.rate()));
        figures.push(Measurement::new("operations in step p99", &size, done.latencies.at_ms(990), "ms"));
        Ok(())
    }

    /// The rate with many open subscriptions, over that without, in turns.
    async fn subscribers(&mut self, figures: &mut Vec<Measurement>) -> Result<(), BenchError> {
        let (mut without, mut with) = (Side::default(), Side::default());
        for _ in 0..self.plan.rounds() {
            without.take(self.record(USUAL, self.plan.window()).await?);
            self.host.in_step().await?;
            let sockets = Sockets::open(
                &self.host.address,
                self.books.supervisor.login(),
                self.books.bank.party,
                self.plan.subscribers,
            )
            .await?;
            with.take(self.record(USUAL, self.plan.window()).await?);
            self.host.in_step().await?;
            sockets.close().await?;
        }
        let size = format!("{} subscriptions, {}", self.plan.subscribers, connections_text(USUAL));
        let side = |name: &str, value| Measurement::new(name, &size, value, "operations/s");
        figures.push(side("subscribers", with.rate()).against(without.rate()));
        figures.push(Measurement::new("subscribers p99", &size, with.latencies.at_ms(990), "ms"));
        Ok(())
    }

    async fn check(&self, connections: usize) -> Result<Done, BenchError> {
        self.again(&self.yardstick, connections, &self.foreign, "\"GOOD\"").await
    }

    async fn again(
        &self,
        host: &Host,
        connections: usize,
        units: &[Unit],
        expected: &'static str,
    ) -> Result<Done, BenchError> {
        let at_most = Some(self.plan.window());
        Load { address: &host.address, connections, units, again: true, expected, at_most }.run().await
    }

    /// Sends what was made, and makes more first when it would not last.
    async fn record(&mut self, connections: usize, span: Duration) -> Result<Done, BenchError> {
        self.prepare_for(connections, span).await?;
        let done = Load {
            address: &self.host.address,
            connections,
            units: &self.units,
            again: false,
            expected: RECORDED,
            at_most: Some(span),
        }
        .run()
        .await?;
        self.units.drain(..done.units.min(self.units.len()));
        self.rate = done.rate();
        Ok(done)
    }

    async fn prepare_for(&mut self, connections: usize, span: Duration) -> Result<(), BenchError> {
        // The number of connections is far below 2^53.
        let guess = (GUESS.0 * connections as f64).min(GUESS.1);
        let rate = if self.rate > 0.0 && connections == USUAL { self.rate * 1.3 } else { guess.max(self.rate * 1.3) };
        // Two operations a unit; a count of requests fits any integer.
        self.prepare((rate * span.as_secs_f64() / 2.0) as usize + connections).await
    }

    /// Makes operations until so many units are there: an acknowledgement of a hop that the
    /// treasury sent, and a dispatch of what arrived to the next bureau.
    async fn prepare(&mut self, units: usize) -> Result<(), BenchError> {
        while self.units.len() < units {
            let lines = LINES.min(units - self.units.len());
            let amounts: Vec<i64> = (0..lines).map(|_| amount(&mut self.books)).collect();
            let token = self.books.allocate(&mut self.client, self.units.len(), amounts.iter().sum()).await?;
            let outputs =
                amounts.iter().enumerate().map(|(at, amount)| (self.books.bureaus[at % BUREAUS].party, *amount));
            let operation = dispatch(token, outputs.collect::<Vec<_>>());
            let treasury = &self.books.treasury;
            let sent = treasury.sign(self.books.chain, &mut self.books.seed, &operation, 1)?;
            record_all(&self.host, 1, &[unit(treasury, &sent)]).await?;
            self.units.extend(follow_ups(&mut self.books, &sent, &amounts)?);
        }
        Ok(())
    }
}

/// What the bureaus do with a list of hops.
fn follow_ups(books: &mut Books, sent: &Signed, amounts: &[i64]) -> Result<Vec<Unit>, BenchError> {
    let mut seed = books.seed.branch();
    let jobs: Vec<_> = (0_u32..).zip(amounts).map(|(at, amount)| (at, *amount, seed.branch())).collect();
    let (chain, bureaus) = (books.chain, &books.bureaus);
    let logins: Vec<Arc<str>> = bureaus.iter().map(|bureau| Arc::from(bureau.login())).collect();
    side_by_side(jobs, |(at, amount, mut seed)| {
        // A list has at most a few thousand lines.
        let own = at as usize % BUREAUS;
        let arrived = bureaus[own].sign(chain, &mut seed, &acknowledge(sent.output(at), amount), 1)?;
        let onward = dispatch(arrived.output(0), [(bureaus[(own + 1) % BUREAUS].party, amount)]);
        let onward = bureaus[own].sign(chain, &mut seed, &onward, 1)?;
        Ok(Unit { login: logins[own].clone(), bodies: vec![arrived.body, onward.body] })
    })
}

fn amount(books: &mut Books) -> i64 {
    // Below two hundred thousand.
    books.seed.between(100, 100_000) as i64
}

fn connections_text(connections: usize) -> String {
    match connections {
        1 => "1 connection".to_owned(),
        _ => format!("{connections} connections"),
    }
}

/// The windows of one kind of request.
#[derive(Default)]
struct Side {
    rates: Vec<f64>,
    latencies: Latencies,
}

impl Side {
    fn take(&mut self, done: Done) {
        self.rates.push(done.rate());
        self.latencies.extend(done.latencies);
    }

    fn rate(&self) -> f64 {
        median(&self.rates)
    }
}
