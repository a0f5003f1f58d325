//! `batch`: signed lists of outputs over HTTP, as fast as they are durable.
//!
//! The yardstick is the least that any tamper-evident and durable log must do with the same
//! bytes: hash every line and the nodes above, append the bytes to one file, sync it after each
//! list.

use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::chain::digest::Digest;
use crate::chain::list::line_hash;
use crate::chain::merkle::Peaks;
use crate::ledger::ids::Reference;
use crate::ledger::operation::{Operation, TokenSplit};

use super::Plan;
use super::books::{Books, RECORDED, Who, currency, dispatch, minor, side_by_side, unit};
use super::cast::Signed;
use super::client::Client;
use super::error::BenchError;
use super::host::Host;
use super::load::{Done, Load, Unit};
use super::measurement::{Latencies, Measurement, rate};

/// Outputs of one list.
const OUTPUTS: [usize; 2] = [1_000, 8_000];

/// Lists on their way at the same time: one is checked while another is made durable.
const CONNECTIONS: usize = 4;

/// Lists of the first, short run that tells how many the long one needs; and in a quick run.
const FIRST_LISTS: (usize, usize) = (8, 2);

/// How often the yardstick appends each of these.
const YARDSTICK_TIMES: usize = 8;

/// Outputs made beforehand for one run, at most: each takes about 90 bytes of memory.
const OUTPUTS_MAX: usize = 24_000_000;

/// What each output sends, in minor units.
const AMOUNT: i64 = 1_500;

/// Parts of one split, so many as an operation may have.
const PARTS: usize = 1_000;

/// Measures it.
pub async fn measure(plan: &Plan, figures: &mut Vec<Measurement>) -> Result<(), BenchError> {
    for outputs in OUTPUTS {
        plan.say(&format!("batch: lists of {outputs} outputs"));
        let program = plan.program(&format!("batch-{outputs}")).await?;
        let (mut books, host) = Books::begin(program, plan.seed).await?;
        let mut client = host.client().await?;
        // No list is longer than there are recipients; a length fits into 64 bits.
        books.enrol(&mut client, outputs as u64).await?;
        let mut batch = Batch { plan, books, host, client, outputs, tokens: Vec::new(), allocations: 0 };
        batch.measure(figures).await?;
        let program = batch.books.program.clone();
        batch.host.stop().await?;
        plan.remove(&program).await?;
    }
    Ok(())
}

struct Batch<'a> {
    plan: &'a Plan,
    books: Books,
    host: Host,
    client: Client,
    outputs: usize,
    /// Held by the treasury, each for one list.
    tokens: Vec<Reference>,
    allocations: usize,
}

impl Batch<'_> {
    async fn measure(&mut self, figures: &mut Vec<Measurement>) -> Result<(), BenchError> {
        let size = format!("{} outputs", self.outputs);
        let first = self.lists(if self.plan.quick { FIRST_LISTS.1 } else { FIRST_LISTS.0 }).await?;
        let units: Vec<Unit> = first.iter().map(|list| unit(&self.books.treasury, list)).collect();
        let short = self.record(&units, None).await?;
        self.host.in_step().await?;

        let lists = (short.rate() * self.plan.seconds.as_secs_f64() * 1.2) as usize + CONNECTIONS;
        let units = self.units(lists.min(OUTPUTS_MAX / self.outputs)).await?;
        let yardstick = self.yardstick(&first)?;
        let before = self.host.figures().await?;
        let began = Instant::now();
        let (done, asked) = self.record_and_ask(&units).await?;
        let after = self.host.figures().await?;
        self.host.in_step().await?;
        let caught_up = began.elapsed();

        // Outputs of a list and lists of a run are far below 2^53.
        let outputs = |lists: f64| lists * self.outputs as f64;
        let figure = |name: &str, value| Measurement::new(name, &size, value, "outputs/s");
        figures.push(figure("batch", outputs(done.rate())).against(yardstick));
        if let Some((until, lists)) = done.overloaded {
            let value = outputs(rate(lists, until));
            figures.push(figure("batch until the views are too far behind", value).against(yardstick));
        }
        let lists = done.latencies.len() as u64;
        figures.push(figure("batch in step", outputs(rate(lists, caught_up))).against(yardstick));
        figures.push(figure("append, hash and fsync", yardstick));
        figures.push(Measurement::new("batch p50", &size, done.latencies.at_ms(500), "ms"));
        figures.push(Measurement::new("batch p99", &size, done.latencies.at_ms(990), "ms"));
        let sum = |name: &str| after.get(name) - before.get(name);
        let appends = sum("aqueduct_block_append_seconds_count").max(1.0);
        let append_ms = sum("aqueduct_block_append_seconds_sum") / appends * 1e3;
        figures.push(Measurement::new("batch append of a block", &size, append_ms, "ms"));
        let behind = after.get("aqueduct_lag_facts");
        figures.push(Measurement::new("batch views behind at its end", &size, behind, "changes"));
        let catching_up = (caught_up - done.elapsed).as_secs_f64();
        figures.push(Measurement::new("batch views catch up in", &size, catching_up, "s"));
        figures.push(Measurement::new("report while lists are recorded p50", &size, asked.at_ms(500), "ms"));
        figures.push(Measurement::new("report while lists are recorded p99", &size, asked.at_ms(990), "ms"));
        Ok(())
    }

    /// Records for the plan's time while a supervisor asks, ten times a second.
    async fn record_and_ask(&self, units: &[Unit]) -> Result<(Done, Latencies), BenchError> {
        const QUERY: &str = "{ leakageReport(groupBy: PROGRAMME) { total { statement { inTransit { amount } } } } }";
        const PAUSE: Duration = Duration::from_millis(100);
        let (mut supervisor, login) = (self.host.client().await?, self.books.supervisor.login());
        let mut asked = Latencies::default();
        let recording = self.record(units, Some(self.plan.seconds));
        let asking = async {
            loop {
                let sent = Instant::now();
                if let Err(error) = supervisor.ask(login, QUERY).await {
                    return error;
                }
                asked.take(sent.elapsed());
                tokio::time::sleep(PAUSE).await;
            }
        };
        let done = tokio::select! {
            done = recording => done?,
            error = asking => return Err(error),
        };
        Ok((done, asked))
    }

    async fn record(&self, units: &[Unit], at_most: Option<Duration>) -> Result<Done, BenchError> {
        let (address, connections) = (self.host.address.as_str(), CONNECTIONS);
        Load { address, connections, units, again: false, expected: RECORDED, at_most }.run().await
    }

    /// Lists whose bodies alone are kept.
    async fn units(&mut self, lists: usize) -> Result<Vec<Unit>, BenchError> {
        /// Signed at a time: their lines are dropped before the next are made.
        const SHARE: usize = 64;
        let mut units = Vec::with_capacity(lists);
        while units.len() < lists {
            let share = self.lists(SHARE.min(lists - units.len())).await?;
            units.extend(share.iter().map(|list| unit(&self.books.treasury, list)));
        }
        Ok(units)
    }

    /// Signed lists, each of a token of its own.
    async fn lists(&mut self, lists: usize) -> Result<Vec<Signed>, BenchError> {
        while self.tokens.len() < lists {
            self.split().await?;
        }
        let tokens: Vec<Reference> = self.tokens.drain(..lists).collect();
        let mut seed = self.books.seed.branch();
        let jobs: Vec<_> = tokens.into_iter().map(|token| (token, seed.branch())).collect();
        let (books, outputs) = (&self.books, self.outputs);
        side_by_side(jobs, |(token, mut seed)| {
            let operation = dispatch(token, books.recipients.iter().take(outputs).map(|to| (*to, AMOUNT)));
            books.treasury.sign(books.chain, &mut seed, &operation, 1)
        })
    }

    /// Sets money aside and splits it into tokens of one list each.
    async fn split(&mut self) -> Result<(), BenchError> {
        // Thousands of outputs of little money each.
        let part = AMOUNT * self.outputs as i64;
        let whole = part * PARTS as i64;
        let token = self.books.allocate(&mut self.client, self.allocations, whole).await?;
        self.allocations += 1;
        let split = TokenSplit { currency: currency(), parts: vec![minor(part); PARTS], token };
        let split = self.books.state(&mut self.client, Who::Treasury(1), &Operation::TokenSplit(split)).await?;
        self.tokens.extend((0_u32..).take(PARTS).map(|part| split.output(part)));
        Ok(())
    }

    /// Outputs a second of the yardstick.
    fn yardstick(&self, lists: &[Signed]) -> Result<f64, BenchError> {
        let path = self.books.program.data.join("yardstick");
        let failed = || BenchError::file(&path);
        let mut file = File::create(&path).map_err(failed())?;
        let began = Instant::now();
        let mut outputs = 0;
        for list in lists.iter().cycle().take(lists.len() * YARDSTICK_TIMES) {
            let mut peaks = Peaks::new();
            let mut bytes = list.entry.clone();
            for (at, line) in (0_u32..).zip(&list.lines) {
                peaks.push(line_hash(list.id, at, line), |_, _| {});
                bytes.extend_from_slice(line.as_bytes());
                bytes.push(b'\n');
            }
            bytes.extend_from_slice(&peaks.root().0);
            bytes.extend_from_slice(&Digest::of(&list.entry).0);
            file.write_all(&bytes).and_then(|()| file.sync_data()).map_err(failed())?;
            outputs += list.lines.len();
        }
        let elapsed = began.elapsed();
        drop(file);
        std::fs::remove_file(&path).map_err(failed())?;
        // A length in memory always fits into 64 bits.
        Ok(rate(outputs as u64, elapsed))
    }
}
