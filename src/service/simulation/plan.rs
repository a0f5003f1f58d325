//! What is going to happen, before any of it does: acts with their moments, and names for hops,
//! allocations and cases that do not exist yet.

use chrono::{Datelike as _, Days, Months, NaiveDate};
use uuid::Uuid;

use crate::ledger::case::{CaseMove, CaseOutcome};
use crate::ledger::lines::EvidenceLine;
use crate::ledger::money::{Currency, Minor};
use crate::ledger::note::{EvidenceKind, PersonDigest};
use crate::ledger::operation::{AllocationCreate, Deduction, Operation};
use crate::ledger::time::{Cycle, DAY_MS, Millis};

use super::cast::{Cast, Who};
use super::random::Random;
use super::truth::Planted;

/// A hop that the plan will open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HopName(u32);

/// An allocation that the plan will create.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PotName(u32);

/// A case that the plan will open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CaseName(u32);

/// One thing that somebody states.
#[derive(Clone, Debug)]
pub struct Act {
    /// When it is stated.
    pub at: Millis,
    /// When it is stated to have happened; the same when left out.
    pub occurred: Option<Millis>,
    /// Who states it.
    pub by: Who,
    /// Which of the officers signs first.
    pub officer: u8,
    /// What is stated.
    pub deed: Deed,
    /// The names of the hops that it opens, in their order.
    pub opens: Vec<HopName>,
}

/// What is stated.
#[derive(Clone, Debug)]
pub enum Deed {
    /// An operation that names nothing of the plan.
    Plain(Box<Operation>),
    /// Money is set aside.
    Allocate(PotName, Box<AllocationCreate>),
    /// Money of an allocation is sent.
    Dispatch(PotName, Vec<Line>),
    /// So much of a hop arrived in all.
    Acknowledge(HopName, i64, Vec<Deduction>),
    /// What the bank says of a hop: credited in all, bounced now, on which day.
    Bank(HopName, Option<i64>, Option<i64>, NaiveDate),
    /// A recipient's word.
    Word(HopName, i64),
    /// What is missing of a hop is paid back, perhaps under a case.
    Recover(HopName, i64, CaseName),
    /// Evidence, each perhaps of a hop.
    Evidence(Vec<(EvidenceLine, Option<HopName>)>),
    /// What offices hold of programmes, off by so much.
    Balances(Vec<(Who, &'static str)>, i64),
    /// A finding of L01 on a hop is taken up.
    Review(CaseName, HopName, i64, Who),
    /// A case goes on.
    Step(CaseName, CaseMove, Option<i64>),
    /// A case ends.
    Close(CaseName, CaseOutcome),
}

/// One output of a dispatch.
#[derive(Clone, Debug)]
pub struct Line {
    /// To whom.
    pub to: Who,
    /// Gross.
    pub amount: i64,
    /// A deduction by its code.
    pub fee: Option<(&'static str, i64)>,
    /// Through which bank.
    pub via: Option<Who>,
    /// Another purpose than the allocation's.
    pub purpose: Option<&'static str>,
    /// What ties it to other hops of one payment.
    pub reference: Option<String>,
}

/// The days of the simulation: monthly cycles that end with 2025, and what comes after them.
#[derive(Clone, Copy, Debug)]
pub struct Calendar {
    /// How many cycles.
    pub cycles: u32,
}

/// How long goes on what follows the last cycle: longer than every default deadline but that of a
/// recovery, which runs from the first cycle on.
const AFTER_DAYS: u64 = 120;

/// How long before the first cycle the chain begins.
const BEFORE_DAYS: u64 = 30;

impl Calendar {
    /// The first day of a cycle; cycles count from 0.
    pub fn first_day(self, cycle: u32) -> NaiveDate {
        let end = NaiveDate::from_ymd_opt(2026, 1, 1).expect("it is a day");
        let months = Months::new(self.cycles.saturating_sub(cycle));
        end.checked_sub_months(months).expect("the cycles are few")
    }

    /// A cycle with its days.
    pub fn cycle(self, cycle: u32) -> Cycle {
        let (first_day, next) = (self.first_day(cycle), self.first_day(cycle + 1));
        let label = format!("{}-{:02}", first_day.year(), first_day.month());
        Cycle { first_day, label, last_day: next.pred_opt().expect("days have days before them") }
    }

    /// A moment: so many days after the first day of a cycle, at an hour.
    pub fn at(self, cycle: u32, days: u64, hour: i64) -> Millis {
        moment(self.first_day(cycle) + Days::new(days), hour)
    }

    /// A day: so many after the first day of a cycle.
    pub fn day(self, cycle: u32, days: u64) -> NaiveDate {
        self.first_day(cycle) + Days::new(days)
    }

    /// When the chain begins.
    pub fn begins(self) -> NaiveDate {
        self.first_day(0) - Days::new(BEFORE_DAYS)
    }

    /// The last day.
    pub fn ends(self) -> NaiveDate {
        self.first_day(self.cycles) + Days::new(AFTER_DAYS)
    }
}

/// A moment of a day.
pub fn moment(day: NaiveDate, hour: i64) -> Millis {
    Millis::noon(day).plus((hour - 12) * 3_600_000)
}

/// The only currency.
pub fn inr() -> Currency {
    Currency::parse("INR").expect("INR is a currency")
}

/// An amount; everything made up here is far inside the range.
pub fn minor(amount: i64) -> Minor {
    Minor::new(amount).expect("amounts made up here are in range")
}

/// Deductions of one code.
pub fn deduction(code: &str, amount: i64) -> Vec<Deduction> {
    vec![Deduction { amount: minor(amount), code: code.to_owned() }]
}

/// Evidence that says nothing yet.
pub fn evidence(kind: EvidenceKind) -> EvidenceLine {
    EvidenceLine {
        kind,
        hop: None,
        party: None,
        programme: None,
        amount: None,
        at: None,
        digest: None,
        agent: None,
        reference: None,
    }
}

/// The plan.
#[derive(Debug)]
pub struct Plan {
    /// Chance.
    pub random: Random,
    /// The days.
    pub calendar: Calendar,
    /// Who takes part.
    pub cast: Cast,
    /// What is stated.
    pub acts: Vec<Act>,
    /// What is planted.
    pub truth: Vec<Planted>,
    names: u32,
}

impl Plan {
    /// An empty plan.
    pub fn new(random: Random, calendar: Calendar, cast: Cast) -> Self {
        Self { random, calendar, cast, acts: Vec::new(), truth: Vec::new(), names: 0 }
    }

    fn name(&mut self) -> u32 {
        self.names += 1;
        self.names
    }

    /// A name for a hop.
    pub fn hop(&mut self) -> HopName {
        HopName(self.name())
    }

    /// A number for something that is called by a number.
    pub fn number(&mut self) -> u32 {
        self.name()
    }

    /// A name for an allocation.
    pub fn pot(&mut self) -> PotName {
        PotName(self.name())
    }

    /// A name for a case.
    pub fn case(&mut self) -> CaseName {
        CaseName(self.name())
    }

    /// Somebody's first officer states something.
    pub fn act(&mut self, at: Millis, by: Who, deed: Deed) -> &mut Act {
        let act = Act { at, occurred: None, by, officer: 0, deed, opens: Vec::new() };
        self.acts.push(act);
        self.acts.last_mut().expect("pushed above")
    }

    /// The same of an operation that names nothing of the plan.
    pub fn plain(&mut self, at: Millis, by: Who, operation: Operation) {
        self.act(at, by, Deed::Plain(Box::new(operation)));
    }

    /// Sends money of an allocation: one line for each name.
    pub fn dispatch(&mut self, at: Millis, by: Who, pot: PotName, lines: Vec<(HopName, Line)>) -> &mut Act {
        let (opens, lines) = lines.into_iter().unzip();
        let act = self.act(at, by, Deed::Dispatch(pot, lines));
        act.opens = opens;
        act
    }

    /// Evidence of hops, stated at once.
    pub fn show(&mut self, at: Millis, by: Who, lines: Vec<(EvidenceLine, HopName)>) {
        if !lines.is_empty() {
            let lines = lines.into_iter().map(|(line, hop)| (line, Some(hop))).collect();
            self.act(at, by, Deed::Evidence(lines));
        }
    }

    /// The digest of a recipient's own identity.
    pub fn identity(&self, of: Who) -> PersonDigest {
        self.random.digest(&format!("identity of {}", self.cast.label(of)))
    }

    /// A party's public id.
    pub fn id(&self, of: Who) -> Uuid {
        self.cast.id(of)
    }

    /// Everything in order of time; what is of one moment is stated at once.
    pub fn moments(&mut self) -> Vec<Vec<Act>> {
        let mut acts = std::mem::take(&mut self.acts);
        acts.sort_by_key(|act| act.at);
        let mut moments: Vec<Vec<Act>> = Vec::new();
        for act in acts {
            match moments.last_mut().filter(|moment| moment[0].at == act.at) {
                Some(moment) => moment.push(act),
                None => moments.push(vec![act]),
            }
        }
        moments
    }
}

/// So many seconds later.
pub fn seconds_after(at: Millis, seconds: i64) -> Millis {
    at.plus(seconds * 1_000)
}

/// So many days later.
pub fn days_after(at: Millis, days: i64) -> Millis {
    at.plus(days * DAY_MS)
}
