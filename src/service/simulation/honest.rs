//! The world as it should be: programmes with their rules, everybody registered, a month's money
//! paid each month. Nothing here is a loss: people who never answer are visited, accounts that are
//! closed bounce and are paid again, offices answer late and in time.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use uuid::Uuid;

use crate::ledger::lines::{EntitlementLine, EvidenceLine, ParticularLine};
use crate::ledger::note::{EvidenceKind, Particular, PersonDigest};
use crate::ledger::operation::*;
use crate::ledger::time::Millis;

use super::cast::{REGISTRAR, TREASURY, Who};
use super::flow::{Arrival, Bank, Granted, PAYING_DAY, Pay, Pot};
use super::plan::{Deed, HopName, Plan, days_after, evidence, inr, minor, moment, seconds_after};

/// Pays every pensioner by entitlement, and single grants without one.
pub const PENSION: &str = "PENSION";
/// Pays others by entitlement; nobody is paid from both.
pub const FOOD: &str = "FOOD";
/// Pays schools and suppliers, without entitlements.
pub const WORKS: &str = "WORKS";
/// Above this amount `WORKS` asks for an approval.
pub const THRESHOLD: i64 = 1_000_000;
/// What a county gets of `WORKS` each month.
const WORKS_OF_COUNTY: i64 = 2_000_000;
/// What a school gets with each payment.
pub const SCHOOL_GRANT: i64 = 200_000;
/// What a county gets beside it for each irregularity of a kind.
const WORKS_OF_ONE: i64 = 300_000;
/// How many agents a county has at least, and how many people one of them serves.
const AGENTS: usize = 4;
const PEOPLE_OF_AGENT: usize = 20;

/// More people than one irregularity of each kind needs.
const PLANTED_AT: usize = 22;

/// A recipient, as the registry knows them.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who.
    pub who: Who,
    /// The programme that they are enrolled in.
    pub programme: &'static str,
    /// The household.
    pub household: Uuid,
    /// Who may collect besides.
    pub collector: Option<PersonDigest>,
    /// The identity that the registry noted.
    pub identity: PersonDigest,
    /// The account that the registry noted.
    pub account: PersonDigest,
    /// Whether they answer at all.
    pub answers: bool,
    /// Something is planted at them whose amount is that of all their payments.
    pub is_marked: bool,
}

/// The world that is planned.
#[derive(Debug)]
pub struct World {
    /// The plan.
    pub plan: Plan,
    /// The recipients.
    pub people: Vec<Person>,
    /// Payments by entitlement, by programme and cycle.
    pub ordinary: BTreeMap<(&'static str, u32), Vec<Pay>>,
    /// What people are due where it is not what is paid: by programme, cycle and recipient.
    pub due: BTreeMap<(&'static str, u32, Who), i64>,
    /// Single grants of the pension programme, by cycle.
    pub single: BTreeMap<u32, Vec<Pay>>,
    /// What more an office is given than it pays out, by programme and cycle.
    pub surplus: BTreeMap<(&'static str, u32, Who), i64>,
    /// What receivers say of transfers of `WORKS`, by cycle.
    pub arrivals: BTreeMap<(u32, Who), Arrival>,
    /// The hops of transfers of `WORKS`, by cycle and receiver, once they are planned.
    pub transfers: BTreeMap<(u32, Who), HopName>,
    /// The allocation of `WORKS` of each cycle, once it is planned.
    pub works: BTreeMap<u32, Pot>,
    /// A county whose payments to schools all arrive with so much less.
    pub short_county: Option<(Who, i64)>,
    /// These payments, with their cycle, once they are planned.
    pub short_payments: Vec<(u32, Granted)>,
    /// So many irregularities of each kind.
    pub count: usize,
    free: Vec<usize>,
    taken: BTreeSet<(u32, Who)>,
    /// Payments of which a part bounces, with the hops by which it comes back.
    pub(super) bounces: Vec<(HopName, HopName)>,
}

/// What a recipient of a programme is paid each month.
pub fn rate(programme: &str) -> i64 {
    if programme == FOOD { 60_000 } else { 100_000 }
}

impl World {
    /// Everybody is there, and what they are paid each month is planned.
    pub fn new(mut plan: Plan, leak_millionths: u32) -> Self {
        let mut people = Vec::new();
        for (at, who) in plan.cast.recipients.clone().into_iter().enumerate() {
            let programme = if at % 5 == 4 { FOOD } else { PENSION };
            let label = plan.cast.label(who).to_owned();
            people.push(Person {
                who,
                programme,
                household: plan.random.id(&format!("household of {label}")),
                collector: None,
                identity: plan.identity(who),
                account: plan.random.digest(&format!("account of {label}")),
                answers: true,
                is_marked: false,
            });
        }
        let counties = plan.cast.counties.len();
        // The third and the last county are left to what is planted at counties.
        let is_free = |at: &usize| people[*at].programme == PENSION && ![2, counties - 1].contains(&(at % counties));
        let mut free: Vec<usize> = (0..people.len()).filter(is_free).collect();
        plan.random.shuffle(&mut free);
        let wanted = people.len() * usize::try_from(leak_millionths).unwrap_or(0) / 1_000_000;
        let count = wanted.clamp(1, (free.len() / PLANTED_AT).max(1));
        let mut world = Self {
            plan,
            people,
            ordinary: BTreeMap::new(),
            due: BTreeMap::new(),
            single: BTreeMap::new(),
            surplus: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            transfers: BTreeMap::new(),
            works: BTreeMap::new(),
            short_county: None,
            short_payments: Vec::new(),
            count,
            free,
            taken: BTreeSet::new(),
            bounces: Vec::new(),
        };
        world.monthly();
        world
    }

    /// Somebody of the pension programme at whom nothing is planted yet.
    pub fn somebody(&mut self) -> Who {
        let at = self.free.pop().expect("there are more people than are planted at");
        self.people[at].who
    }

    /// The registry's knowledge of a recipient.
    pub fn person(&mut self, who: Who) -> &mut Person {
        self.people.iter_mut().find(|person| person.who == who).expect("it is a recipient")
    }

    /// Recipients of a programme who answer and at whom nothing is planted that counts all of their
    /// payments.
    pub fn quiet(&self, programme: Option<&str>) -> Vec<Who> {
        let is_quiet = |person: &&Person| {
            person.answers && !person.is_marked && programme.is_none_or(|programme| person.programme == programme)
        };
        self.people.iter().filter(is_quiet).map(|person| person.who).collect()
    }

    /// A single grant in a cycle, to somebody who answers and has none in that cycle.
    pub fn single_grant(&mut self, cycle: u32) -> Pay {
        let mut quiet = self.quiet(Some(PENSION));
        quiet.retain(|who| !self.taken.contains(&(cycle, *who)));
        self.plan.random.shuffle(&mut quiet);
        let to = *quiet.first().expect("there are more people than grants of a cycle");
        self.taken.insert((cycle, to));
        let net = self.plan.random.between(30_000, 40_000);
        self.plan.pay(to, net)
    }

    /// The monthly payment of a recipient.
    pub fn monthly_of(&mut self, who: Who, cycle: u32) -> &mut Pay {
        let programme = self.person(who).programme;
        let pays = self.ordinary.get_mut(&(programme, cycle)).expect("every cycle is planned");
        pays.iter_mut().find(|pay| pay.to == who).expect("everybody is paid every month")
    }

    fn monthly(&mut self) {
        let counties = self.plan.cast.counties.len();
        let number = (self.people.len() / counties / PEOPLE_OF_AGENT).max(AGENTS);
        let agents: Vec<Vec<PersonDigest>> =
            (0..counties).map(|county| (0..number).map(|at| self.agent(county, at)).collect()).collect();
        for cycle in 0..self.plan.calendar.cycles {
            for at in 0..self.people.len() {
                let Person { who, programme, identity, .. } = self.people[at];
                let county = at % agents.len();
                let turn = at / agents.len();
                let mut pay = self.plan.pay(who, rate(programme));
                let days = 2 + i64::try_from(turn % 5).unwrap_or(0);
                let when = seconds_after(
                    days_after(self.paying_at(cycle), days),
                    i64::try_from(turn / 5 % 8).unwrap_or(0) * 1_800 - 10_000,
                );
                pay.word = Some((days, pay.net));
                pay.collected = Some((identity, agents[county][turn % number], when));
                // One payment in seventeen takes the fee under the other code, which is lawful too.
                pay.fee = Some(if at % 17 == 3 { "HANDLING" } else { "FEE" });
                self.ordinary.entry((programme, cycle)).or_default().push(pay);
            }
        }
    }

    /// An agent of a county.
    pub fn agent(&self, county: usize, number: usize) -> PersonDigest {
        self.plan.random.digest(&format!("agent {number} of county {county}"))
    }

    /// When a cycle's payments go out.
    pub fn paying_at(&self, cycle: u32) -> Millis {
        days_after(self.plan.calendar.at(cycle, 1, 12), PAYING_DAY)
    }

    /// Plans all that was only counted so far.
    pub fn settle(&mut self) {
        self.founding();
        self.registry();
        for cycle in 0..self.plan.calendar.cycles {
            for programme in [PENSION, FOOD] {
                self.entitle(programme, cycle);
                let pays = self.ordinary.remove(&(programme, cycle)).unwrap_or_default();
                self.pay_all(programme, cycle, programme, &pays);
            }
            let pays = self.single.remove(&cycle).unwrap_or_default();
            self.pay_all(PENSION, cycle, "GRANT", &pays);
        }
        self.name_bounces();
        self.balances();
    }

    fn pay_all(&mut self, programme: &'static str, cycle: u32, purpose: &'static str, pays: &[Pay]) {
        if pays.is_empty() {
            return;
        }
        let mut needed: BTreeMap<Who, i64> = BTreeMap::new();
        for pay in pays {
            *needed.entry(pay.payer).or_default() += pay.gross();
        }
        if purpose == programme {
            let of = |(key, amount): (&(&str, u32, Who), &i64)| {
                (key.0 == programme && key.1 == cycle).then_some((key.2, *amount))
            };
            for (office, more) in self.surplus.iter().filter_map(of) {
                *needed.entry(office).or_default() += more;
            }
        }
        let mut pot = self.plan.pot_of(programme, cycle, 1, purpose);
        // What bounces is paid again, out of the same money.
        let total: i64 = needed.values().sum();
        pot.declared = Some(total + total / 10);
        let late = self.late_in_time(cycle);
        self.plan.distribute(&pot, &needed, &late);
        let at = self.paying_at(cycle);
        self.plan.pay_out(&pot, at, pays);
        self.pay_again(&pot, at, pays);
    }

    /// Counties answer a day late now and then, which is in time.
    fn late_in_time(&mut self, cycle: u32) -> BTreeMap<Who, Arrival> {
        let counties = self.plan.cast.counties[1..].to_vec();
        let late = usize::try_from(cycle).unwrap_or(0) % counties.len();
        BTreeMap::from([(counties[late], Arrival { late: 25, ..Arrival::default() })])
    }

    /// What bounced whole comes back to who paid it, and is paid again by hand.
    fn pay_again(&mut self, pot: &Pot, at: Millis, pays: &[Pay]) {
        let mut again: Vec<Pay> = Vec::new();
        for pay in pays.iter().filter(|pay| pay.bank == Bank::Bounces(pay.net, 0) && pay.word.is_none()) {
            let back = self.plan.hop();
            let is_bounce = |deed: &Deed| matches!(deed, Deed::Bank(hop, ..) if *hop == pay.hop);
            let bounce = self.plan.acts.iter_mut().find(|act| is_bounce(&act.deed));
            bounce.expect("the bank says that it bounced").opens = vec![back];
            let acknowledged = Deed::Acknowledge(back, pay.net, Vec::new());
            self.plan.act(days_after(at, 2), pay.payer, acknowledged);
            let by_hand = self.plan.pay(pay.to, pay.net);
            again.push(Pay { payer: pay.payer, fee: None, bank: Bank::None, ..by_hand });
        }
        if !again.is_empty() {
            self.plan.pay_out(pot, days_after(at, 4), &again);
        }
    }

    fn entitle(&mut self, programme: &'static str, cycle: u32) {
        let label = self.plan.calendar.cycle(cycle).label;
        let due = self.plan.calendar.day(cycle, 14);
        let entitled: BTreeSet<Who> =
            self.people.iter().filter(|person| person.programme == programme).map(|person| person.who).collect();
        let mut lines = Vec::new();
        for who in entitled {
            let amount = self.due.get(&(programme, cycle, who)).copied().unwrap_or(rate(programme));
            if amount > 0 {
                lines.push(EntitlementLine { recipient: self.plan.id(who), amount: minor(amount), due });
            }
        }
        let (purpose, code) = (programme.to_owned(), programme.to_owned());
        let body = EntitlementSet { currency: inr(), cycle: label, programme: code, purpose };
        let at = self.plan.calendar.at(cycle, 1, 8);
        self.plan.plain(at, TREASURY, Operation::EntitlementSet(body, lines));
    }

    /// The registry notes something of a recipient.
    pub fn noted(&mut self, at: Millis, who: Who, what: Particular, since: NaiveDate) {
        let line = particular(self.plan.id(who), what, Some(since));
        self.plan.plain(at, REGISTRAR, Operation::RecipientRecord(RecipientRecord {}, vec![line]));
    }

    /// Somebody visits a recipient.
    pub fn visited(&mut self, at: Millis, who: Who) {
        let line = EvidenceLine { party: Some(self.plan.id(who)), ..evidence(EvidenceKind::FieldVisit) };
        let by = self.plan.cast.county(who);
        self.plan.act(at, by, Deed::Evidence(vec![(line, None)]));
    }

    /// Schools are paid twice a month, out of money that every county gets.
    pub fn pay_schools(&mut self) {
        for cycle in 0..self.plan.calendar.cycles {
            let counties = self.plan.cast.counties.clone();
            let more = i64::try_from(self.count).unwrap_or(0) * WORKS_OF_ONE;
            let needed = counties.iter().map(|county| (*county, WORKS_OF_COUNTY + more)).collect();
            let pot = self.plan.pot_of(WORKS, cycle, 0, "SCHOOLS");
            let of_cycle =
                |((at, who), arrival): (&(u32, Who), &Arrival)| (*at == cycle).then(|| (*who, arrival.clone()));
            let arrivals = self.arrivals.iter().filter_map(of_cycle).collect();
            let hops = self.plan.distribute(&pot, &needed, &arrivals);
            self.transfers.extend(hops.into_iter().map(|(who, hop)| ((cycle, who), hop)));
            for (county, schools) in counties.iter().zip(self.plan.cast.schools.clone()) {
                for days in [5, 20] {
                    let at = self.plan.calendar.at(cycle, days, 15);
                    let short = self.short_county.filter(|(of, _)| of == county).map_or(0, |(_, short)| short);
                    let mut granted = Vec::new();
                    for school in &schools {
                        let paid = self.plan.granted(*school, SCHOOL_GRANT);
                        granted.push(Granted { short, documents: SCHOOL_GRANT - short, ..paid });
                    }
                    self.plan.grant(&pot, at, *county, &granted);
                    self.short_payments
                        .extend(granted.into_iter().filter(|paid| paid.short > 0).map(|paid| (cycle, paid)));
                }
            }
            self.works.insert(cycle, pot);
        }
    }

    /// Banks state what offices hold: of one programme each day, of all offices once a week.
    fn balances(&mut self) {
        let mut offices = vec![TREASURY];
        offices.extend(&self.plan.cast.bureaus);
        offices.extend(&self.plan.cast.counties);
        let bank = super::cast::BANKS[0];
        let (mut day, end) = (self.plan.calendar.begins(), self.plan.calendar.ends());
        let mut number = 0_usize;
        while day <= end {
            let of = match number % 7 {
                0 => offices.iter().flat_map(|office| [PENSION, FOOD, WORKS].map(|code| (*office, code))).collect(),
                _ => vec![(TREASURY, [PENSION, FOOD, WORKS][number % 3])],
            };
            self.plan.act(moment(day, 23), bank, Deed::Balances(of, 0));
            (day, number) = (day + chrono::Days::new(1), number + 1);
        }
    }
}

/// A line of the registry.
pub fn particular(person: Uuid, particular: Particular, since: Option<NaiveDate>) -> ParticularLine {
    ParticularLine { person, particular, since }
}
