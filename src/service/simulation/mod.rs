//! A world to test on: a realistic history of welfare payments with planted irregularities, stated
//! and signed through the public path, and the truth about what was planted.
//!
//! Everything but keys follows from the seed. `cast` says who takes part, `plan` what is stated when
//! and under which names, `flow` how money goes down its way; `honest` is the world as it should be,
//! and `people`, `payments` and `offices` plant what should not be. Here the plan is carried out, by
//! a clock of its own; `books` finds what operations name. The genesis says that the chain is a
//! demonstration.

mod books;
mod cast;
mod flow;
mod honest;
mod offices;
mod payments;
mod people;
mod plan;
mod random;
mod speech;
pub mod truth;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;
use uuid::Uuid;

use crate::ledger::lines::RecipientLine;
use crate::ledger::operation::{KeyRegister, Operation, PartyRegister, RecipientEnrol};
use crate::ledger::registry::{Custody, PartyKind};
use crate::ledger::time::Millis;
use crate::limits;
use crate::store::node::keyring::{KeyringError, Unlock};

use super::begin::{self, BeginError, Beginning, Begun};
use super::clock::Clock;
use super::node::{Node, Options, StartError};
use super::officers::Viewer;
use super::orderer::{Answer, NotRecorded};
use super::record::{NotAccepted, Status};

use books::Books;
use cast::{Cast, REGISTRAR, Who};
use honest::World;
use plan::{Act, Calendar, Deed, Plan, moment};
use random::Random;
use truth::{About, Irregularity, Planted, Subject, Truth};

/// Recipients of one enrolment.
const ENROLMENT_LINES: usize = 8_000;
/// Which officer gives the second signature.
const APPROVER: u8 = 1;

/// How large a world is, and how much is planted in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// What everything that is made up follows from.
    pub seed: u64,
    /// How many recipients, within [`limits::SIMULATED_RECIPIENTS`].
    pub recipients: u32,
    /// How many monthly cycles, within [`limits::SIMULATED_CYCLES`].
    pub cycles: u32,
    /// Of a million recipients so many for each kind of irregularity, within
    /// [`limits::SIMULATED_LEAK_MILLIONTHS`]; of each kind there is at least one.
    pub leak_millionths: u32,
}

/// Why a world was not simulated.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// A figure of its size is out of bounds.
    #[error("{what} is from {min} to {max}, not {given}")]
    OutOfBounds {
        /// What.
        what: &'static str,
        /// The lowest.
        min: u32,
        /// The highest.
        max: u32,
        /// What was given.
        given: u32,
    },
    /// The history would lie in the future.
    #[error("the clock says {now}, but the history ends at {ends}; set the clock right")]
    NotYet {
        /// The clock.
        now: Millis,
        /// The end of the history.
        ends: Millis,
    },
    /// The clock cannot be trusted.
    #[error(transparent)]
    Clock(NotRecorded),
    /// The chain does not begin.
    #[error(transparent)]
    Begin(#[from] BeginError),
    /// The node does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A key cannot be kept.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The plan names something that is not there.
    #[error("the plan breaks off at {at}: {by} has nothing to name for {what}")]
    Unnamed {
        /// The history's time.
        at: Millis,
        /// Who.
        by: String,
        /// What was to be stated.
        what: String,
    },
    /// An operation was not taken.
    #[error("the plan breaks off at {at}: {by} cannot state {kind}")]
    Refused {
        /// The history's time.
        at: Millis,
        /// Who.
        by: String,
        /// What.
        kind: &'static str,
        /// Why.
        source: Box<NotAccepted>,
    },
    /// An operation came out otherwise than planned.
    #[error("the plan breaks off at {at}: {kind} of {by} is {status}")]
    Unexpected {
        /// The history's time.
        at: Millis,
        /// Who.
        by: String,
        /// What.
        kind: &'static str,
        /// How far it came.
        status: String,
    },
}

/// Simulates a world into an empty directory, stops the node, and tells what was planted. `progress`
/// hears the history's time, how many moments are over, and how many there are.
pub async fn simulate(
    options: Options,
    size: Size,
    progress: impl Fn(&str, u64, u64),
) -> Result<Truth, SimulationError> {
    check(size)?;
    let calendar = Calendar { cycles: size.cycles };
    let now = options.clock.now().map_err(|suspect| SimulationError::Clock(suspect.into()))?;
    let ends = moment(calendar.ends(), 24);
    if now < ends {
        return Err(SimulationError::NotYet { now, ends });
    }
    let clock = Arc::new(Clock::manual(moment(calendar.begins(), 0)));
    let begun =
        begin::begin(with_clock(&options, &clock), Beginning { label: "Registry", demonstration: true }).await?;
    let world = world(size, calendar, &begun);
    let node = Node::open(with_clock(&options, &clock)).await?;
    let (random, cast) = (world.plan.random.clone(), world.plan.cast.clone());
    let mut teller =
        Teller { node, clock, cast, random, begun, viewers: BTreeMap::new(), books: Books::default(), stated: 0 };
    let told = teller.tell(world.plan, &progress).await;
    let truth = told.map(|planted| Truth {
        seed: size.seed,
        recipients: size.recipients,
        cycles: size.cycles,
        leak_millionths: size.leak_millionths,
        ends: calendar.ends(),
        planted,
    });
    // Stopped cleanly whether the plan was carried out to its end or not.
    teller.node.catch_up().await;
    teller.node.stop().await;
    truth
}

fn check(size: Size) -> Result<(), SimulationError> {
    let of = [
        ("the number of recipients", size.recipients, limits::SIMULATED_RECIPIENTS),
        ("the number of cycles", size.cycles, limits::SIMULATED_CYCLES),
        ("the leak rate in millionths", size.leak_millionths, limits::SIMULATED_LEAK_MILLIONTHS),
    ];
    for (what, given, (min, max)) in of {
        if !(min..=max).contains(&given) {
            return Err(SimulationError::OutOfBounds { what, min, max, given });
        }
    }
    Ok(())
}

/// Everything that will happen.
fn world(size: Size, calendar: Calendar, begun: &Begun) -> World {
    let random = Random::new(size.seed);
    let mut cast = Cast::new(random.clone(), size.recipients);
    cast.begun(begun.party);
    let mut world = World::new(Plan::new(random, calendar, cast), size.leak_millionths);
    world.plant_people();
    world.plant_payments();
    world.plant_offices();
    world.settle();
    world
}

/// The same options with the history's clock; it makes no empty blocks, since something is stated
/// every day.
fn with_clock(options: &Options, clock: &Arc<Clock>) -> Options {
    Options {
        unlock: match &options.unlock {
            Unlock::Passphrase(passphrase) => Unlock::Passphrase(passphrase.clone()),
            Unlock::KeyFile(path) => Unlock::KeyFile(path.clone()),
        },
        clock: clock.clone(),
        faults: options.faults.clone(),
        database: options.database.clone(),
        ..Options::new(&options.directory)
    }
}

/// Carries a plan out.
struct Teller {
    node: Node,
    clock: Arc<Clock>,
    cast: Cast,
    random: Random,
    begun: Begun,
    viewers: BTreeMap<(Who, u8), Viewer>,
    books: Books,
    /// Operations stated so far: what their ids are made from.
    stated: u64,
}

impl Teller {
    async fn tell(
        &mut self,
        mut plan: Plan,
        progress: &impl Fn(&str, u64, u64),
    ) -> Result<Vec<Irregularity>, SimulationError> {
        let begins = plan.calendar.begins();
        self.learn();
        let registered = self.registrations(moment(begins, 1));
        self.state_all(registered).await?;
        let keys = self.keys(moment(begins, 2)).await?;
        self.state_all(keys).await?;
        self.learn();
        let moments = plan.moments();
        let total = u64::try_from(moments.len()).unwrap_or(u64::MAX);
        for (done, acts) in (0_u64..).zip(moments) {
            progress(&acts[0].at.to_string(), done, total);
            self.state_all(acts).await?;
        }
        progress("done", total, total);
        plan.truth.iter().map(|planted| self.truth_of(&plan, planted)).collect()
    }

    fn registration(at: Millis, operation: Operation) -> Act {
        let deed = Deed::Plain(Box::new(operation));
        Act { at, occurred: None, by: REGISTRAR, officer: 0, deed, opens: Vec::new() }
    }

    /// The registrations of everybody.
    fn registrations(&self, at: Millis) -> Vec<Act> {
        let (mut acts, mut recipients) = (Vec::new(), Vec::new());
        for (number, member) in self.cast.members.iter().enumerate().skip(1) {
            let (party, area, label) = (self.cast.id(Who(number)), member.area.clone(), member.label.clone());
            if member.kind == PartyKind::Recipient {
                recipients.push(RecipientLine { party, area, label });
                continue;
            }
            let level = member.level.to_owned();
            let body = PartyRegister { area, kind: member.kind, label, level, party };
            acts.push(Self::registration(at, Operation::PartyRegister(body)));
        }
        for lines in recipients.chunks(ENROLMENT_LINES) {
            acts.push(Self::registration(at, Operation::RecipientEnrol(RecipientEnrol {}, lines.to_vec())));
        }
        acts
    }

    /// Everybody who signs: the party, the number of the officer there, and whose roles it has.
    fn posts(&self) -> Vec<(Who, u8, (Who, u8))> {
        let mut posts = Vec::new();
        for (number, member) in self.cast.members.iter().enumerate().skip(1) {
            let own = u8::try_from(member.officers.len()).unwrap_or(u8::MAX);
            posts.extend((0..own).map(|officer| (Who(number), officer, (Who(number), officer))));
            posts.extend(member.shared.map(|_| (Who(number), own, (Who(number), 0))));
        }
        posts
    }

    /// Makes a key for everybody, kept by the node, and the registrations of these keys.
    async fn keys(&self, at: Millis) -> Result<Vec<Act>, SimulationError> {
        let mut acts = Vec::new();
        for (who, number, (of, role)) in self.posts() {
            let officer = self.cast.officer(who, number);
            let body = KeyRegister {
                custody: Custody::Node,
                key: self.node.keyring().create(officer).await?,
                officer,
                party: self.cast.id(who),
                roles: self.cast.member(of).officers[usize::from(role)].clone(),
            };
            acts.push(Self::registration(at, Operation::KeyRegister(body)));
        }
        Ok(acts)
    }

    /// Learns from the books who may sign by now. An officer of two parties speaks for each.
    fn learn(&mut self) {
        let posts = self.posts();
        let tables = self.node.tables();
        let registrar = (REGISTRAR, 0, self.begun.officer, self.begun.party);
        let others =
            posts.iter().map(|(who, number, _)| (*who, *number, self.cast.officer(*who, *number), self.cast.id(*who)));
        let mut viewers = BTreeMap::new();
        for (who, number, officer, party) in others.chain([registrar]) {
            let Some(party) = tables.parties.by_id(&party) else { continue };
            let keys: Vec<_> = tables.keys_of(officer).filter(|key| key.party == party.key).cloned().collect();
            if !keys.is_empty() {
                viewers.insert((who, number), Viewer { officer, party, keys });
            }
        }
        drop(tables);
        self.viewers = viewers;
    }

    /// States what is of one moment, all at once.
    async fn state_all(&mut self, acts: Vec<Act>) -> Result<(), SimulationError> {
        let Some(at) = acts.first().map(|act| act.at) else { return Ok(()) };
        self.clock.set(at);
        let mut named: Vec<(Uuid, Act, Operation)> = Vec::with_capacity(acts.len());
        for act in acts {
            let operation = speech::operation(&act, &self.cast, &self.books).ok_or_else(|| self.unnamed(&act))?;
            named.push((self.random.operation(self.stated, at), act, operation));
            self.stated += 1;
        }
        let this = &*self;
        let answers = join_all(named.iter().map(|(id, act, operation)| this.state(*id, act, operation))).await;
        for ((_, act, operation), answer) in named.iter().zip(answers) {
            let answer = answer?;
            let Some(change) = &answer.change else {
                return Err(this_unexpected(&self.cast, act, operation, "recorded before"));
            };
            self.books.take(change);
            self.books.named(act, change);
        }
        Ok(())
    }

    fn unnamed(&self, act: &Act) -> SimulationError {
        let what: String = format!("{:?}", act.deed).chars().take(200).collect();
        SimulationError::Unnamed { at: act.at, by: self.cast.label(act.by).to_owned(), what }
    }

    /// States one operation; its approver signs it too where two officers must.
    async fn state(&self, id: Uuid, act: &Act, operation: &Operation) -> Result<Answer, SimulationError> {
        let refused = |why: NotAccepted| SimulationError::Refused {
            at: act.at,
            by: self.cast.label(act.by).to_owned(),
            kind: operation.kind().name(),
            source: Box::new(why),
        };
        let viewer = |number| self.viewers.get(&(act.by, number)).ok_or_else(|| self.unnamed(act));
        let first = viewer(act.officer)?;
        let mut outcome = self.node.state(first, id, act.occurred, operation.clone()).await.map_err(refused)?;
        if matches!(outcome.status, Status::AwaitingSignature { .. }) {
            outcome = self.node.approve(viewer(APPROVER)?, id).await.map_err(refused)?;
        }
        match outcome.status {
            Status::Recorded(answer) => Ok(answer),
            other => Err(this_unexpected(&self.cast, act, operation, &format!("{other:?}"))),
        }
    }

    /// What was planted, by the names that the books have for it.
    fn truth_of(&self, plan: &Plan, planted: &Planted) -> Result<Irregularity, SimulationError> {
        let id_and_label = |who: Who| (self.cast.id(who), self.cast.label(who).to_owned());
        let subject = match &planted.about {
            About::Hop(name) => {
                self.books.hop_named(*name).map(|hop| Subject::Hop { operation: hop.operation, output: hop.output })
            }
            About::Pot(name) => self.books.pot_named(*name).map(|pot| Subject::Allocation { operation: pot.operation }),
            About::Case(name) => self.books.case_named(*name).map(|case| Subject::Case { operation: case.operation }),
            About::Recipient(who) => {
                let (id, label) = id_and_label(*who);
                Some(Subject::Recipient { id, label })
            }
            About::Party(who) => {
                let (id, label) = id_and_label(*who);
                Some(Subject::Party { id, label })
            }
            About::Named(of, name) => Some(Subject::Named { of: (*of).to_owned(), name: name.clone() }),
        };
        let (party_id, party) = id_and_label(planted.party);
        let subject = subject.ok_or_else(|| SimulationError::Unnamed {
            at: moment(plan.calendar.ends(), 24),
            by: party.clone(),
            what: format!("{planted:?}"),
        })?;
        Ok(Irregularity {
            rule: planted.rule.to_owned(),
            amount: planted.amount.map(|amount| amount.to_string()),
            party,
            party_id,
            subject,
            cycle: planted.cycle.map(|cycle| plan.calendar.cycle(cycle).label),
            note: planted.note.clone(),
            also: planted.also.iter().map(|rule| (*rule).to_owned()).collect(),
        })
    }
}

fn this_unexpected(cast: &Cast, act: &Act, operation: &Operation, status: &str) -> SimulationError {
    SimulationError::Unexpected {
        at: act.at,
        by: cast.label(act.by).to_owned(),
        kind: operation.kind().name(),
        status: status.to_owned(),
    }
}
