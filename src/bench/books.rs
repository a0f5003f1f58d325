//! Books that begin now: a chain, the parties on a route with their officers, programmes with
//! money appropriated, recipients. Every step is a signed operation sent over HTTP.

use std::sync::Arc;

use uuid::Uuid;

use crate::chain::digest::Digest;
use crate::chain::envelope::Envelope;
use crate::chain::key::SecretKey;
use crate::ledger::ids::{KeyId, Reference};
use crate::ledger::lines::{OutputLine, RecipientLine};
use crate::ledger::money::{Currency, Minor};
use crate::ledger::operation::{
    AllocationCreate, AllowedDays, BudgetAppropriate, HopAcknowledge, KeyRegister, Operation, PartyRegister,
    ProgrammeDefine, RecipientEnrol, TokenDispatch,
};
use crate::ledger::registry::{Custody, PartyKind, Role};
use crate::ledger::time::Cycle;
use crate::service::begin::{self, Beginning};
use crate::service::clock::Clock;
use crate::service::logins::{self, NewLogin};

use super::cast::{Actor, Officer, Signed};
use super::client::Client;
use super::error::BenchError;
use super::host::{Host, Program};
use super::load::{Load, Unit};
use super::seed::Seed;

/// Bureaus below the treasury, one for each province.
pub const BUREAUS: usize = 8;

/// Counties of a province and towns of a county.
const DIVISIONS: u64 = 8;

/// The programmes, all in one currency.
pub const PROGRAMMES: [&str; 4] = ["OLD_AGE", "SUBSISTENCE", "SCHOOL_MEALS", "HOUSING"];

/// How many monthly cycles have money.
pub const CYCLES: usize = 20;

/// What is appropriated to a programme and cycle, in minor units.
const APPROPRIATED: i64 = 100_000_000_000_000;

/// Lines of one enrolment.
const ENROLMENT_LINES: u64 = 8_000;

/// What every recorded operation is answered with.
pub const RECORDED: &str = "\"RECORDED\"";

/// The books and who acts in them.
#[derive(Debug)]
pub struct Books {
    /// The program and its data directory.
    pub program: Program,
    /// The chain's id.
    pub chain: Digest,
    /// What is made up next.
    pub seed: Seed,
    /// Registers everybody.
    pub registrar: Actor,
    /// Sets money aside, by two officers.
    pub treasury: Actor,
    /// Pass it on.
    pub bureaus: Vec<Actor>,
    /// Says what was credited.
    pub bank: Actor,
    /// Reads everything.
    pub supervisor: Actor,
    /// The recipients' public ids.
    pub recipients: Vec<Uuid>,
}

impl Books {
    /// Begins a chain, starts its server, and registers everybody but the recipients.
    pub async fn begin(program: Program, seed: u64) -> Result<(Self, Host), BenchError> {
        let key = SecretKey::generate()?;
        let beginning = Beginning { label: "Registry", demonstration: false };
        let payload = begin::first_payload(beginning, key.public(), Clock::system().now()?)?;
        let envelope = Envelope::sign(payload, &key)?;
        let begun = begin::begin_signed(program.options()?, &envelope.to_entry_bytes()).await?;
        let host = program.serve().await?;
        let officer = Officer { id: begun.officer, key, login: begun.token };
        let nobody = || Actor { party: Uuid::nil(), officers: Vec::new() };
        let mut books = Self {
            program,
            chain: begun.chain,
            seed: Seed::new(seed),
            registrar: Actor { party: begun.party, officers: vec![officer] },
            treasury: nobody(),
            bureaus: Vec::new(),
            bank: nobody(),
            supervisor: nobody(),
            recipients: Vec::new(),
        };
        let mut client = host.client().await?;
        books.register_all(&mut client).await?;
        books.appropriate_all(&mut client).await?;
        Ok((books, host))
    }

    async fn register_all(&mut self, client: &mut Client) -> Result<(), BenchError> {
        let first = [Role::Allocator, Role::Approver, Role::Dispatcher, Role::Receiver];
        let passing = [Role::Dispatcher, Role::Receiver];
        self.treasury = self.party(client, "Treasury", PartyKind::Treasury, "", &[&first, &[Role::Approver]]).await?;
        for at in 0..BUREAUS {
            let (label, area) = (format!("Bureau {at}"), format!("Province {at}"));
            let bureau = self.party(client, &label, PartyKind::Intermediary, &area, &[&passing]).await?;
            self.bureaus.push(bureau);
        }
        self.bank = self.party(client, "Bank", PartyKind::Provider, "", &[&passing]).await?;
        let reading = [Role::Supervisor, Role::Auditor];
        self.supervisor = self.party(client, "Audit office", PartyKind::Supervisor, "", &[&reading]).await?;
        Ok(())
    }

    /// Registers a party and its officers, one for each set of roles, each with a key of their
    /// own and a login.
    pub async fn party(
        &mut self,
        client: &mut Client,
        label: &str,
        kind: PartyKind,
        area: &str,
        officers: &[&[Role]],
    ) -> Result<Actor, BenchError> {
        let party = self.seed.id();
        let register =
            PartyRegister { area: area.to_owned(), kind, label: label.to_owned(), level: String::new(), party };
        self.state(client, Who::Registrar, &Operation::PartyRegister(register)).await?;
        let mut actor = Actor { party, officers: Vec::new() };
        for roles in officers {
            actor.officers.push(self.officer(client, party, roles).await?);
        }
        Ok(actor)
    }

    async fn officer(&mut self, client: &mut Client, party: Uuid, roles: &[Role]) -> Result<Officer, BenchError> {
        let (id, key) = (self.seed.id(), SecretKey::generate()?);
        let mut roles = roles.to_vec();
        roles.sort();
        let register = KeyRegister { custody: Custody::Holder, key: KeyId(key.public().0), officer: id, party, roles };
        self.state(client, Who::Registrar, &Operation::KeyRegister(register)).await?;
        let wanted = NewLogin { officer: id, party, label: "bench".to_owned(), new_key: false };
        let login = logins::make(self.program.options()?, &wanted).await?.token;
        Ok(Officer { id, key, login })
    }

    async fn appropriate_all(&mut self, client: &mut Client) -> Result<(), BenchError> {
        for code in PROGRAMMES {
            let define = ProgrammeDefine {
                allowed_days: AllowedDays { delivery: 30, recovery: 30, giving_back: 30, transfer: 30 },
                code: code.to_owned(),
                currency: currency(),
                deductions: Vec::new(),
                label: code.to_lowercase(),
                utc_offset_minutes: 0,
            };
            self.state(client, Who::Treasury(2), &Operation::ProgrammeDefine(define)).await?;
            for at in 0..CYCLES {
                let appropriate = BudgetAppropriate {
                    amount: minor(APPROPRIATED),
                    currency: currency(),
                    cycle: cycle(at),
                    programme: code.to_owned(),
                };
                self.state(client, Who::Treasury(1), &Operation::BudgetAppropriate(appropriate)).await?;
            }
        }
        Ok(())
    }

    /// Enrols recipients until there are so many.
    pub async fn enrol(&mut self, client: &mut Client, recipients: u64) -> Result<(), BenchError> {
        // A length in memory always fits into 64 bits.
        while (self.recipients.len() as u64) < recipients {
            let first = self.recipients.len() as u64;
            let lines: Vec<RecipientLine> = (first..recipients.min(first + ENROLMENT_LINES))
                .map(|number| {
                    let town = number % DIVISIONS;
                    let county = number / DIVISIONS % DIVISIONS;
                    let province = number / DIVISIONS / DIVISIONS % DIVISIONS;
                    let area = format!("Province {province}/County {county}/Town {town}");
                    RecipientLine { party: self.seed.id(), area, label: format!("R{number}") }
                })
                .collect();
            self.recipients.extend(lines.iter().map(|line| line.party));
            self.state(client, Who::Registrar, &Operation::RecipientEnrol(RecipientEnrol {}, lines)).await?;
        }
        Ok(())
    }

    /// Sets money aside for the `at`-th combination of programme and cycle.
    pub async fn allocate(&mut self, client: &mut Client, at: usize, amount: i64) -> Result<Reference, BenchError> {
        let programme = PROGRAMMES[at % PROGRAMMES.len()];
        let allocate = AllocationCreate {
            declared_recipients: None,
            declared_total: None,
            amount: minor(amount),
            currency: currency(),
            cycle: cycle(at / PROGRAMMES.len() % CYCLES).label,
            programme: programme.to_owned(),
            purpose: programme.to_owned(),
        };
        let allocated = self.state(client, Who::Treasury(2), &Operation::AllocationCreate(allocate)).await?;
        Ok(allocated.output(0))
    }

    /// Signs and sends an operation that must be recorded.
    pub async fn state(&mut self, client: &mut Client, who: Who, operation: &Operation) -> Result<Signed, BenchError> {
        let (actor, officers) = match who {
            Who::Registrar => (&self.registrar, 1),
            Who::Treasury(officers) => (&self.treasury, officers),
            Who::Bureau(at) => (&self.bureaus[at], 1),
        };
        let signed = actor.sign(self.chain, &mut self.seed, operation, officers)?;
        let answer = client.post(actor.login(), signed.body.clone()).await?;
        match std::str::from_utf8(&answer).is_ok_and(|answer| answer.contains(RECORDED)) {
            true => Ok(signed),
            false => Err(BenchError::answer("to an operation", &answer)),
        }
    }
}

/// Who states an operation.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    /// The registrar.
    Registrar,
    /// The treasury, by one or both of its officers.
    Treasury(usize),
    /// One of the bureaus.
    Bureau(usize),
}

/// Sends operations once each over several connections; every one must be recorded.
pub async fn record_all(host: &Host, connections: usize, units: &[Unit]) -> Result<(), BenchError> {
    let load = Load { address: &host.address, connections, units, again: false, expected: RECORDED, at_most: None };
    load.run().await.map(drop)
}

/// One request of a party's first officer.
pub fn unit(actor: &Actor, signed: &Signed) -> Unit {
    Unit { login: Arc::from(actor.login()), bodies: vec![signed.body.clone()] }
}

/// A dispatch of a token to receivers.
pub fn dispatch(token: Reference, outputs: impl IntoIterator<Item = (Uuid, i64)>) -> Operation {
    let line = |(to, amount)| OutputLine {
        to,
        amount: minor(amount),
        deductions: Vec::new(),
        purpose: None,
        for_cycle: None,
        payment: None,
        via: None,
        commitment: None,
    };
    let body = TokenDispatch { currency: currency(), keep: Vec::new(), token };
    Operation::TokenDispatch(body, outputs.into_iter().map(line).collect())
}

/// An acknowledgement that all of it arrived.
pub fn acknowledge(hop: Reference, arrived: i64) -> Operation {
    let arrived = minor(arrived);
    Operation::HopAcknowledge(HopAcknowledge { arrived, currency: currency(), deductions: Vec::new(), hop })
}

/// The only currency.
pub fn currency() -> Currency {
    Currency::parse("INR").expect("INR is a currency")
}

/// An amount; everything made up here is far below the bound.
pub fn minor(amount: i64) -> Minor {
    Minor::new(amount).expect("amounts made up here are in range")
}

/// The `at`-th month from 2024 on.
fn cycle(at: usize) -> Cycle {
    let (year, month) = (2024 + at / 12 % 10, at % 12 + 1);
    let label = format!("{year}-{month:02}");
    let day = |day: u32| format!("{label}-{day:02}").parse().expect("a day that every month has");
    Cycle { first_day: day(1), last_day: day(28), label }
}

/// Does the same to many things, on every core, in their order. Signing takes longer than
/// anything else that is done beforehand.
pub fn side_by_side<J: Send, T: Send>(
    jobs: Vec<J>,
    each: impl Fn(J) -> Result<T, BenchError> + Sync,
) -> Result<Vec<T>, BenchError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = jobs.len().div_ceil(threads).max(1);
    let mut jobs = jobs;
    let mut shares = Vec::new();
    while !jobs.is_empty() {
        let rest = jobs.split_off(share.min(jobs.len()));
        shares.push(std::mem::replace(&mut jobs, rest));
    }
    let work = |jobs: Vec<J>| jobs.into_iter().map(&each).collect::<Result<Vec<T>, _>>();
    let done = tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let running: Vec<_> = shares.into_iter().map(|share| scope.spawn(|| work(share))).collect();
            running.into_iter().map(|thread| thread.join().expect("signing does not panic")).collect::<Vec<_>>()
        })
    });
    let mut all = Vec::new();
    for share in done {
        all.extend(share?);
    }
    Ok(all)
}
