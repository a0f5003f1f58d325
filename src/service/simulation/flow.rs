//! How money goes down its way: from the treasury to offices that pay, and on to the people; with
//! what the bank says of it, and the people themselves.

use std::collections::BTreeMap;

use crate::ledger::lines::EvidenceLine;
use crate::ledger::money::Minor;
use crate::ledger::note::{EvidenceKind, PersonDigest};
use crate::ledger::operation::{AllocationCreate, Deduction};
use crate::ledger::registry::PartyKind;
use crate::ledger::time::Millis;

use super::cast::{TREASURY, Who};
use super::plan::{Deed, HopName, Line, Plan, PotName, days_after, evidence, inr, minor};

/// The fee that every payment costs, by the schedule.
pub const FEE: i64 = 500;
/// The days from the allocation to the payments.
pub const PAYING_DAY: i64 = 4;

/// An allocation that is planned.
#[derive(Clone, Debug)]
pub struct Pot {
    /// Its name.
    pub name: PotName,
    /// Its programme.
    pub programme: &'static str,
    /// The cycle that it is of.
    pub cycle: u32,
    /// What it is for.
    pub purpose: &'static str,
    /// The start of the day on which it is made, at noon.
    pub noon: Millis,
    /// How much is declared to be paid out of it in all.
    pub declared: Option<i64>,
}

/// What the receiver of a transfer says that differs from all is well.
#[derive(Clone, Debug, Default)]
pub struct Arrival {
    /// So much less arrived; below 0 more.
    pub short: i64,
    /// Deductions made on the way.
    pub deductions: Vec<Deduction>,
    /// The number of the officer who signs.
    pub officer: u8,
    /// Hours of delay.
    pub late: i64,
}

/// What the bank says of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bank {
    /// It goes through none.
    None,
    /// All of it is credited.
    Full,
    /// So much is credited.
    Credits(i64),
    /// So much comes back, and so much is credited.
    Bounces(i64, i64),
    /// It says nothing.
    Silent,
}

/// A payment to a recipient.
#[derive(Clone, Debug)]
pub struct Pay {
    /// Its hop.
    pub hop: HopName,
    /// Who pays.
    pub payer: Who,
    /// To whom.
    pub to: Who,
    /// What is to arrive; the fee comes on top.
    pub net: i64,
    /// Under which code the fee is taken, if any is.
    pub fee: Option<&'static str>,
    /// What the bank says.
    pub bank: Bank,
    /// The recipient's word, so many days after the payment.
    pub word: Option<(i64, i64)>,
    /// When the word is stated to have been given, if not when it is: days after the payment.
    pub said: Option<i64>,
    /// Another purpose than the allocation's.
    pub purpose: Option<&'static str>,
    /// What ties it to other hops of one payment.
    pub reference: Option<String>,
    /// Who collected it, through which agent, and when.
    pub collected: Option<(PersonDigest, PersonDigest, Millis)>,
    /// Whether the recipient is asked for a word.
    pub requested: bool,
}

impl Pay {
    /// Gross.
    pub fn gross(&self) -> i64 {
        self.net + self.fee.map_or(0, |_| FEE)
    }

    /// Is of another amount, all of which is confirmed.
    pub fn is_of(&mut self, net: i64) {
        self.net = net;
        self.word = self.word.map(|(days, _)| (days, net));
    }
}

impl Plan {
    /// A payment through the bank and in full, confirmed three days later.
    pub fn pay(&mut self, to: Who, net: i64) -> Pay {
        Pay {
            hop: self.hop(),
            payer: self.cast.county(to),
            to,
            net,
            fee: Some("FEE"),
            bank: Bank::Full,
            word: Some((3, net)),
            said: None,
            purpose: None,
            reference: None,
            collected: None,
            requested: false,
        }
    }

    /// A planned allocation of a cycle, made so many days after its first day.
    pub fn pot_of(&mut self, programme: &'static str, cycle: u32, days: u64, purpose: &'static str) -> Pot {
        let noon = self.calendar.at(cycle, days, 12);
        Pot { name: self.pot(), programme, cycle, purpose, noon, declared: None }
    }

    /// Sets money aside and passes it on, so that each office has what it pays out; the hops by
    /// which each office got it.
    pub fn distribute(
        &mut self,
        pot: &Pot,
        needed: &BTreeMap<Who, i64>,
        arrivals: &BTreeMap<Who, Arrival>,
    ) -> BTreeMap<Who, HopName> {
        let mut passing: BTreeMap<Who, i64> = BTreeMap::new();
        for (office, amount) in needed {
            for at in self.cast.way(*office) {
                *passing.entry(at).or_default() += amount;
            }
        }
        self.allocate(pot, passing.get(&TREASURY).copied().unwrap_or(0));
        let mut hops = BTreeMap::new();
        let mut level = vec![TREASURY];
        for depth in 0.. {
            let mut next = Vec::new();
            for office in level {
                let of: Vec<(Who, i64)> = passing
                    .iter()
                    .filter(|(to, _)| self.cast.member(**to).parent == Some(office))
                    .map(|(to, amount)| (*to, *amount))
                    .collect();
                let lines: Vec<(HopName, Line)> =
                    of.iter().map(|(to, amount)| (self.hop(), line(*to, *amount))).collect();
                hops.extend(lines.iter().map(|(hop, line)| (line.to, *hop)));
                next.extend(of.iter().map(|(to, _)| *to));
                if !lines.is_empty() {
                    self.dispatch(days_after(pot.noon, depth), office, pot.name, lines);
                }
            }
            if next.is_empty() {
                return hops;
            }
            for office in &next {
                let arrival = arrivals.get(office).cloned().unwrap_or_default();
                self.arrive(days_after(pot.noon, depth), hops[office], (*office, passing[office]), arrival);
            }
            level = next;
        }
        hops
    }

    /// Sets money aside.
    pub fn allocate(&mut self, pot: &Pot, amount: i64) {
        let body = AllocationCreate {
            amount: minor(amount),
            currency: inr(),
            cycle: self.calendar.cycle(pot.cycle).label,
            declared_recipients: None,
            declared_total: pot.declared.map(minor),
            programme: pot.programme.to_owned(),
            purpose: pot.purpose.to_owned(),
        };
        self.act(pot.noon.plus(-3_600_000), TREASURY, Deed::Allocate(pot.name, Box::new(body)));
    }

    /// An office says what arrived: on the next morning, unless it is late.
    fn arrive(&mut self, sent: Millis, hop: HopName, (office, amount): (Who, i64), arrival: Arrival) {
        let deducted: i64 = arrival.deductions.iter().map(|deduction| deduction.amount.get()).sum();
        let arrived = amount - arrival.short - deducted;
        let at = sent.plus((21 + arrival.late) * 3_600_000);
        let act = self.act(at, office, Deed::Acknowledge(hop, arrived, arrival.deductions));
        act.officer = arrival.officer;
    }

    /// Payments out of an allocation, all of one moment for each payer; what is said of them.
    pub fn pay_out(&mut self, pot: &Pot, at: Millis, pays: &[Pay]) {
        let mut payers: BTreeMap<Who, Vec<&Pay>> = BTreeMap::new();
        pays.iter().for_each(|pay| payers.entry(pay.payer).or_default().push(pay));
        for (payer, pays) in payers {
            let lines = pays.iter().map(|pay| (pay.hop, self.line_of(pay))).collect();
            self.dispatch(at, payer, pot.name, lines);
            let asked = pays.iter().filter(|pay| pay.requested);
            let asked = asked.map(|pay| (evidence(EvidenceKind::ConfirmationRequested), pay.hop)).collect();
            self.show(days_after(at, 10).plus(3_600_000), payer, asked);
        }
        pays.iter().for_each(|pay| self.said(pay, at));
        self.collected(pays, at);
    }

    fn line_of(&self, pay: &Pay) -> Line {
        let via = (pay.bank != Bank::None).then(|| self.cast.bank(pay.to));
        let fee = pay.fee.map(|code| (code, FEE));
        Line { fee, via, purpose: pay.purpose, reference: pay.reference.clone(), ..line(pay.to, pay.gross()) }
    }

    /// What the bank says the day after, and the recipient's word.
    fn said(&mut self, pay: &Pay, at: Millis) {
        let (bank, booked) = (self.cast.bank(pay.to), days_after(at, 1).plus(-3_600_000));
        let day = booked.date(0).expect("the calendar is near");
        let deed = match pay.bank {
            Bank::None | Bank::Silent => None,
            Bank::Full => Some(Deed::Bank(pay.hop, Some(pay.net), None, day)),
            Bank::Credits(amount) => Some(Deed::Bank(pay.hop, Some(amount), None, day)),
            Bank::Bounces(back, 0) => Some(Deed::Bank(pay.hop, None, Some(back), day)),
            Bank::Bounces(back, amount) => Some(Deed::Bank(pay.hop, Some(amount), Some(back), day)),
        };
        if let Some(deed) = deed {
            self.act(booked, bank, deed);
        }
        if let Some((days, amount)) = pay.word {
            let said = days_after(at, pay.said.unwrap_or(days));
            let collected = pay.collected.map(|(.., when)| when);
            let act = self.act(days_after(at, days).plus(6 * 3_600_000), pay.to, Deed::Word(pay.hop, amount));
            act.occurred = collected.or(pay.said.map(|_| said));
        }
    }

    /// The banks tell, two weeks later, through whom payments were collected.
    fn collected(&mut self, pays: &[Pay], at: Millis) {
        let mut banks: BTreeMap<Who, Vec<(EvidenceLine, HopName)>> = BTreeMap::new();
        for pay in pays {
            let Some((digest, agent, when)) = pay.collected else { continue };
            let (digest, agent, at) = (Some(digest), Some(agent), Some(when));
            let line = EvidenceLine { digest, agent, at, ..evidence(EvidenceKind::Collected) };
            banks.entry(self.cast.bank(pay.to)).or_default().push((line, pay.hop));
        }
        for (turn, (bank, mut lines)) in (0..).zip(banks) {
            lines.sort_by_key(|(line, _)| line.at);
            self.show(days_after(at, 14).plus(turn * 3_600_000), bank, lines);
        }
    }

    /// Pays a school or another end payee, which acknowledges the day after; documents are shown
    /// two days later.
    pub fn grant(&mut self, pot: &Pot, at: Millis, payer: Who, schools: &[Granted]) {
        let lines = schools.iter().map(|granted| (granted.hop, line(granted.school, granted.amount))).collect();
        self.dispatch(at, payer, pot.name, lines);
        let mut documents = Vec::new();
        for granted in schools {
            let arrived = granted.amount - granted.short;
            let act = self.act(days_after(at, 1), granted.school, Deed::Acknowledge(granted.hop, arrived, Vec::new()));
            act.officer = granted.officer;
            act.occurred = granted.answered;
            if granted.documents > 0 {
                let digest = Some(self.random.digest(&format!("document of {:?}", granted.hop)));
                let amount: Option<Minor> = Some(minor(granted.documents));
                documents.push((EvidenceLine { digest, amount, ..evidence(EvidenceKind::Document) }, granted.hop));
            }
        }
        self.show(days_after(at, 3), payer, documents);
    }

    /// A payment to a school for which all is well.
    pub fn granted(&mut self, school: Who, amount: i64) -> Granted {
        debug_assert_eq!(self.cast.member(school).kind, PartyKind::EndPayee);
        Granted { hop: self.hop(), school, amount, short: 0, documents: amount, officer: 0, answered: None }
    }
}

/// A payment to a school.
#[derive(Clone, Debug)]
pub struct Granted {
    /// Its hop.
    pub hop: HopName,
    /// The school.
    pub school: Who,
    /// What is sent.
    pub amount: i64,
    /// So much less arrives.
    pub short: i64,
    /// For so much documents are shown.
    pub documents: i64,
    /// The number of the officer who acknowledges.
    pub officer: u8,
    /// When it is stated to have arrived, if not when that is said.
    pub answered: Option<Millis>,
}

/// An output with nothing more to say.
pub fn line(to: Who, amount: i64) -> Line {
    Line { to, amount, fee: None, via: None, purpose: None, reference: None }
}
