//! What depends on the size of the books: one set of books grows, and is measured at each size.
//!
//! They grow as real ones do: the treasury allocates and sends to the bureaus of the provinces
//! and to a school, which acknowledge; each bureau pays recipients by signed lists; the bank
//! says of one in two hundred that it was credited.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::ledger::operation::{BankEvidenceRecord, Operation};
use crate::ledger::registry::{PartyKind, Role};
use crate::ledger::time::Millis;

use super::Plan;
use super::books::{BUREAUS, Books, Who, acknowledge, currency, dispatch, minor, record_all, side_by_side, unit};
use super::cast::{Actor, Signed};
use super::client::Client;
use super::error::BenchError;
use super::host::Host;
use super::measurement::{Measurement, megabytes, rate};
use super::questions::{self, Standing};

/// Outputs of one list.
const LIST_LINES: u64 = 8_000;

/// Hops for each recipient: a few years of monthly payments.
const HOPS_PER_RECIPIENT: u64 = 50;

/// One in so many outputs gets evidence of the bank.
const EVIDENCE_EVERY: usize = 200;

/// Rounds that are recorded to see how fast the views follow.
const PROJECTION_ROUNDS: u32 = 3;

/// Lists on their way at the same time, and single operations.
const CONNECTIONS: (usize, usize) = (4, 16);

/// Measures all of it that the plan names, at each size.
pub async fn measure(plan: &Plan, figures: &mut Vec<Measurement>) -> Result<(), BenchError> {
    let mut growth = Growth::begin(plan).await?;
    for hops in &plan.hops {
        plan.say(&format!("books of {hops} hops: growing"));
        growth.grow_to(*hops).await?;
        growth.measure(*hops, figures).await?;
    }
    let program = growth.books.program.clone();
    growth.stop().await?;
    plan.remove(&program).await?;
    Ok(())
}

struct Growth<'a> {
    plan: &'a Plan,
    books: Books,
    /// None while it is stopped.
    host: Option<Host>,
    school: Actor,
    hops: u64,
    rounds: usize,
    standing: Standing,
}

impl<'a> Growth<'a> {
    async fn begin(plan: &'a Plan) -> Result<Self, BenchError> {
        let (mut books, host) = Books::begin(plan.program("books").await?, plan.seed).await?;
        let mut client = host.client().await?;
        let school =
            books.party(&mut client, "School", PartyKind::EndPayee, "Province 0", &[&[Role::Receiver]]).await?;
        let token = deep_token(&mut books, &host, &mut client).await?;
        let bureau = books.bureaus[0].party;
        let standing = Standing { token, bureau, past: Millis(0) };
        // The chain of hops to the deep token.
        let hops = 8;
        Ok(Self { plan, books, host: Some(host), school, hops, rounds: 0, standing })
    }

    /// Records rounds until there are so many hops, and waits for the views.
    async fn grow_to(&mut self, hops: u64) -> Result<(), BenchError> {
        let lists = BUREAUS as u64;
        let mut client = self.host().client().await?;
        let recipients = (hops / HOPS_PER_RECIPIENT).max(LIST_LINES.min(hops));
        self.books.enrol(&mut client, recipients).await?;
        while self.hops < hops {
            let lines = (hops - self.hops).div_ceil(lists).min(LIST_LINES);
            self.round(&mut client, lines, true).await?;
            if self.rounds == 1 {
                self.host().in_step().await?;
                self.standing.past = now();
            }
        }
        self.host().in_step().await
    }

    /// Money for each bureau, and a list of so many lines by each of them.
    async fn round(&mut self, client: &mut Client, lines: u64, with_evidence: bool) -> Result<(), BenchError> {
        // Thousands of lines.
        let lines = lines as usize;
        let amounts: Vec<Vec<i64>> =
            (0..BUREAUS).map(|_| (0..lines).map(|_| self.books.seed.between(100, 100_000) as i64).collect()).collect();
        let sums: Vec<i64> = amounts.iter().map(|list| list.iter().sum()).collect();
        let to_school = 50_000;
        let whole = sums.iter().sum::<i64>() + to_school;
        let token = self.books.allocate(client, self.rounds, whole).await?;
        let receivers = self.books.bureaus.iter().map(|bureau| bureau.party).chain([self.school.party]);
        let outputs: Vec<_> = receivers.zip(sums.iter().copied().chain([to_school])).collect();
        let sent = self.books.state(client, Who::Treasury(1), &dispatch(token, outputs.clone())).await?;
        let mut held = Vec::new();
        for (at, (_, sum)) in (0_u32..).zip(&outputs) {
            let arrived = acknowledge(sent.output(at), *sum);
            match at as usize {
                bureau if bureau < BUREAUS => {
                    held.push(self.books.state(client, Who::Bureau(bureau), &arrived).await?.output(0));
                }
                _ => {
                    let signed = self.school.sign(self.books.chain, &mut self.books.seed, &arrived, 1)?;
                    record_all(self.host(), 1, &[unit(&self.school, &signed)]).await?;
                }
            }
        }
        let mut seed = self.books.seed.branch();
        let first = self.rounds * BUREAUS * lines;
        let jobs: Vec<_> = held.into_iter().enumerate().map(|(at, token)| (at, token, seed.branch())).collect();
        let books = &self.books;
        let lists = side_by_side(jobs, |(at, token, mut seed)| {
            let recipients = books.recipients.iter().cycle().skip((first + at * lines) % books.recipients.len());
            let outputs = recipients.zip(&amounts[at]).map(|(to, amount)| (*to, *amount));
            books.bureaus[at].sign(books.chain, &mut seed, &dispatch(token, outputs), 1)
        })?;
        let units: Vec<_> = lists.iter().zip(&books.bureaus).map(|(list, bureau)| unit(bureau, list)).collect();
        record_all(self.host(), CONNECTIONS.0, &units).await?;
        if with_evidence {
            self.evidence(&lists, &amounts).await?;
        }
        self.rounds += 1;
        self.hops += (BUREAUS * lines + outputs.len()) as u64;
        Ok(())
    }

    async fn evidence(&mut self, lists: &[Signed], amounts: &[Vec<i64>]) -> Result<(), BenchError> {
        let mut jobs = Vec::new();
        for (list, amounts) in lists.iter().zip(amounts) {
            for (line, amount) in (0_u32..).zip(amounts).step_by(EVIDENCE_EVERY) {
                jobs.push((list.output(line), *amount, self.books.seed.branch()));
            }
        }
        let books = &self.books;
        let login: Arc<str> = Arc::from(books.bank.login());
        let units = side_by_side(jobs, |(hop, amount, mut seed)| {
            let evidence = BankEvidenceRecord {
                reason_code: None,
                value_date: None,
                credited: Some(minor(amount)),
                currency: currency(),
                deductions: Vec::new(),
                hop,
                reference: "CREDITED".to_owned(),
                returned: None,
            };
            let signed = books.bank.sign(books.chain, &mut seed, &Operation::BankEvidenceRecord(evidence), 1)?;
            Ok(super::load::Unit { login: login.clone(), bodies: vec![signed.body] })
        })?;
        record_all(self.host(), CONNECTIONS.1, &units).await
    }

    async fn measure(&mut self, hops: u64, figures: &mut Vec<Measurement>) -> Result<(), BenchError> {
        let (plan, size) = (self.plan, format!("{hops} hops"));
        let mut taken = Vec::new();
        if plan.wants("projection") {
            plan.say(&format!("books of {hops} hops: projection"));
            taken.push(Measurement::new("projection", &size, self.projection().await?, "hops/s"));
        }
        let login = self.books.supervisor.login();
        for (name, questions) in [("report", self.standing.reports()), ("trace", self.standing.traces())] {
            if plan.wants(name) {
                plan.say(&format!("books of {hops} hops: {name}"));
                taken.extend(questions::ask_all(plan, self.host(), login, &questions, &size).await?);
            }
        }
        if plan.wants("memory") || plan.wants("replay") {
            plan.say(&format!("books of {hops} hops: memory, disk, start"));
            self.standing_still(&size, &mut taken).await?;
        }
        if plan.wants("replay") {
            plan.say(&format!("books of {hops} hops: replay and rebuild"));
            self.replay(&size, &mut taken).await?;
            plan.say(&format!("books of {hops} hops: verify"));
            self.verify(&size, &mut taken).await?;
        }
        // Flat is what is wanted: the yardstick is the same at the first size.
        for figure in &mut taken {
            figure.limit = figures.iter().find(|first| first.name == figure.name).map(|first| first.value);
        }
        for figure in &taken {
            // A run of an hour that ends early has said what it found.
            plan.say(&format!("  {figure}"));
        }
        figures.extend(taken);
        Ok(())
    }

    /// Hops written a second while the views are busy.
    async fn projection(&mut self) -> Result<f64, BenchError> {
        let mut client = self.host().client().await?;
        let before = (self.host().figures().await?, self.hops);
        let rounds = if self.plan.quick { 1 } else { PROJECTION_ROUNDS };
        let lines = LIST_LINES.min(self.hops / BUREAUS as u64).max(1);
        for _ in 0..rounds {
            self.round(&mut client, lines, false).await?;
        }
        self.host().in_step().await?;
        let busy = "aqueduct_projection_seconds_sum";
        let seconds = self.host().figures().await?.get(busy) - before.0.get(busy);
        Ok(rate(self.hops - before.1, Duration::from_secs_f64(seconds.max(0.0))))
    }

    /// Memory after the load and after a start, bytes on disk, and how long a start takes.
    async fn standing_still(&mut self, size: &str, figures: &mut Vec<Measurement>) -> Result<(), BenchError> {
        let loaded = self.host().figures().await?;
        self.stop().await?;
        self.start().await?;
        let started = self.host().figures().await?;
        let database = self.books.program.options()?.database;
        let (chain, views) = (database.chain().bytes().await, database.views().bytes().await);
        let (chain, views) = (chain.map_err(BenchError::store)?, views.map_err(BenchError::store)?);
        let resident = "process_resident_memory_bytes";
        // The figures are whole numbers below 2^53.
        let megabytes_of = |figures: &super::host::Figures| megabytes(figures.get(resident) as u64);
        let records = loaded.get("aqueduct_resident_records").max(1.0);
        let per_record = ((loaded.get(resident) - started.get(resident)) / records).max(0.0);
        let per_hop = |bytes: u64| bytes as f64 / self.hops as f64;
        figures.extend([
            Measurement::new("memory", size, megabytes_of(&loaded), "MB"),
            Measurement::new("memory after start", size, megabytes_of(&started), "MB"),
            Measurement::new("memory per resident record", size, per_record, "bytes"),
            Measurement::new("bytes per hop, chain", size, per_hop(chain), "bytes"),
            Measurement::new("bytes per hop, views", size, per_hop(views), "bytes"),
            Measurement::new("start", size, self.host().started_in.as_secs_f64(), "s"),
        ]);
        Ok(())
    }

    /// A start without views: it checks every block again before it is ready, and makes the
    /// views anew meanwhile. Far enough behind, the checking waits for them.
    async fn replay(&mut self, size: &str, figures: &mut Vec<Measurement>) -> Result<(), BenchError> {
        self.stop().await?;
        self.books.program.options()?.database.views().remove().await.map_err(BenchError::store)?;
        self.start().await?;
        let began = std::time::Instant::now();
        let checked = self.host().started_in;
        self.host().in_step().await?;
        let rebuilt = checked + began.elapsed();
        figures.push(Measurement::new("replay", size, rate(self.hops, checked), "hops/s"));
        figures.push(Measurement::new("rebuild", size, rate(self.hops, rebuilt), "hops/s"));
        Ok(())
    }

    async fn verify(&mut self, size: &str, figures: &mut Vec<Measurement>) -> Result<(), BenchError> {
        let elapsed = self.books.program.run(&["verify", "--json"]).await?;
        figures.push(Measurement::new("verify", size, rate(self.hops, elapsed), "hops/s"));
        Ok(())
    }

    async fn stop(&mut self) -> Result<(), BenchError> {
        self.host().in_step().await?;
        match self.host.take() {
            Some(host) => host.stop().await,
            None => Ok(()),
        }
    }

    async fn start(&mut self) -> Result<(), BenchError> {
        self.host = Some(self.books.program.serve().await?);
        Ok(())
    }

    fn host(&self) -> &Host {
        self.host.as_ref().expect("it is stopped only to be started again")
    }
}

/// A token that came over eight hops, one from each bureau to the next; its id.
async fn deep_token(books: &mut Books, host: &Host, client: &mut Client) -> Result<String, BenchError> {
    let amount = 1_000;
    let mut token = books.allocate(client, 0, amount).await?;
    let mut from = Who::Treasury(1);
    for at in 0..BUREAUS {
        let to = books.bureaus[at].party;
        let sent = books.state(client, from, &dispatch(token, [(to, amount)])).await?;
        from = Who::Bureau(at);
        token = books.state(client, from, &acknowledge(sent.output(0), amount)).await?.output(0);
    }
    host.in_step().await?;
    let last = &books.bureaus[BUREAUS - 1];
    let query = format!("{{ tokens(first: 1, filter: {{ holder: \"{}\" }}) {{ nodes {{ id }} }} }}", last.party);
    let found = client.ask(books.supervisor.login(), &query).await?;
    let id = found["tokens"]["nodes"][0]["id"].as_str();
    id.map(str::to_owned).ok_or_else(|| BenchError::answer("to a list of tokens", found.to_string().as_bytes()))
}

/// The system's clock, as the server reads it.
fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
