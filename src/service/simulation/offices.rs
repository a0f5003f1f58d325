//! What is planted at offices: transfers that lose money, balances that are not there, payments that
//! stay below a threshold, and what is done about losses (L00 to L04, L19, L20, L23 to L25, L30, L36
//! to L38, L40, L42, L43).

use std::collections::BTreeMap;

use crate::ledger::case::{CaseMove, CaseOutcome};
use crate::ledger::lines::EvidenceLine;
use crate::ledger::note::{EvidenceKind, Particular};
use crate::ledger::operation::{Operation, RecipientRecord};
use crate::ledger::time::Millis;

use super::cast::{BANKS, REGISTRAR, SUPERVISOR, TREASURY, Who};
use super::flow::{Arrival, Bank, Granted, Pay, Pot, line};
use super::honest::{SCHOOL_GRANT, THRESHOLD, WORKS, World, particular};
use super::plan::{Deed, HopName, days_after, deduction, evidence, minor, moment, seconds_after};
use super::truth::About;

/// How many amounts lie just below the threshold, and how many just below those.
const BUNCH: [usize; 2] = [24, 4];

impl World {
    /// Everything that is planted at offices.
    pub fn plant_offices(&mut self) {
        let counties = self.plan.cast.counties.clone();
        self.bad_county(counties[5]);
        let losses = self.losses();
        self.pay_schools();
        self.transfers_lose(&losses);
        self.schools_lose(counties[5]);
        self.cases();
        for turn in 0..self.count {
            self.at_schools();
            self.off_the_books(turn);
        }
        self.pays_themselves();
        self.fast_hands();
        self.round_trip();
        self.above_the_declared();
        self.bunching();
        self.one_explanation(counties[2]);
    }

    fn amount(&mut self) -> i64 {
        self.plan.random.between(5_000, 5_000)
    }

    /// A county whose schools all get less than it sent: an outlier among its peers.
    fn bad_county(&mut self, county: Who) {
        self.short_county = Some((county, SCHOOL_GRANT / 10));
    }

    /// Which transfers of the monthly school money lose what; the others are as they should be.
    fn losses(&mut self) -> Vec<(u32, Who, i64)> {
        let (bureaus, counties) = (self.plan.cast.bureaus.clone(), self.plan.cast.counties.clone());
        let mut losses =
            vec![(0, counties[0], self.amount()), (0, counties[2], self.amount()), (0, counties[6], 4_000)];
        for at in 1..self.count {
            let cycle = u32::try_from(at).unwrap_or(0) % self.plan.calendar.cycles;
            let county = counties[at % 2];
            if !losses.iter().any(|(known, who, _)| (*known, *who) == (cycle, county)) {
                losses.push((cycle, county, self.amount()));
            }
        }
        for (cycle, county, short) in &losses {
            self.arrivals.insert((*cycle, *county), Arrival { short: *short, ..Arrival::default() });
        }
        self.arrivals.insert((1, bureaus[1]), Arrival { short: -500, ..Arrival::default() });
        let taken =
            |code: &str, amount| Arrival { deductions: deduction(code, amount), officer: 1, ..Arrival::default() };
        self.arrivals.insert((1, counties[4]), taken("ADMIN", 700));
        self.arrivals.insert((1, counties[3]), taken("FEE", 900));
        losses
    }

    fn transfers_lose(&mut self, losses: &[(u32, Who, i64)]) {
        for (cycle, county, short) in losses {
            let hop = self.transfers[&(*cycle, *county)];
            let sender = self.above(*county);
            self.plant("L01", *short, sender, About::Hop(hop), *cycle, "less arrives than was sent");
        }
        let (bureau, counties) = (self.plan.cast.bureaus[1], self.plan.cast.counties.clone());
        let hop = self.transfers[&(1, bureau)];
        self.plant("L02", 500, TREASURY, About::Hop(hop), 1, "more arrives than was sent");
        for (county, excess, note) in
            [(counties[4], 700, "a fee that no schedule knows"), (counties[3], 400, "a fee above its cap")]
        {
            let (hop, sender) = (self.transfers[&(1, county)], self.above(county));
            self.plant("L03", excess, sender, About::Hop(hop), 1, note);
        }
    }

    fn above(&self, office: Who) -> Who {
        self.plan.cast.member(office).parent.expect("a county is below a bureau")
    }

    fn schools_lose(&mut self, county: Who) {
        let payments = std::mem::take(&mut self.short_payments);
        let lost: i64 = payments.iter().map(|(_, paid)| paid.short).sum();
        for (cycle, paid) in payments {
            let note = "a school gets less than was sent";
            self.plant("L01", paid.short, county, About::Hop(paid.hop), cycle, note);
        }
        let note = "loses a tenth of every payment, its peers hardly anything";
        let planted = self.plant("L40", lost, county, About::Party(county), 0, note);
        // What is expected of it follows from all its peers.
        (planted.amount, planted.cycle) = (None, None);
    }

    /// Two losses are taken up: of one hardly anything comes back, of the other all.
    fn cases(&mut self) {
        let counties = self.plan.cast.counties.clone();
        for (county, share, is_closed) in [(counties[2], 20, false), (counties[6], 1, true)] {
            let (hop, sender) = (self.transfers[&(0, county)], self.above(county));
            let short = self.arrivals[&(0, county)].short;
            let (case, back) = (self.plan.case(), self.plan.hop());
            let at = |days| days_after(Millis::noon(self.plan.calendar.day(0, 20)), days);
            let (opened, paid, over) = (at(0), at(10), at(14));
            let recovered = short / share;
            self.plan.act(opened, SUPERVISOR, Deed::Review(case, hop, short, sender));
            self.plan.act(days_after(opened, 3), SUPERVISOR, Deed::Step(case, CaseMove::Traced, None));
            self.plan.act(days_after(opened, 4), SUPERVISOR, Deed::Step(case, CaseMove::Decided, Some(short)));
            self.plan.act(paid, sender, Deed::Recover(hop, recovered, case)).opens = vec![back];
            self.plan.act(days_after(paid, 1), TREASURY, Deed::Acknowledge(back, recovered, Vec::new()));
            if is_closed {
                self.plan.act(over, SUPERVISOR, Deed::Close(case, CaseOutcome::Corrected));
            } else {
                let note = "a twentieth of it came back in half a year";
                self.plant("L42", short - recovered, sender, About::Case(case), 0, note);
            }
        }
    }

    /// A payment to a school of its own, out of a cycle's school money.
    fn pay_a_school(
        &mut self,
        county: Who,
        cycle: u32,
        days: u64,
        change: impl FnOnce(&mut World, &mut Granted),
    ) -> HopName {
        let name = format!("of {}", self.plan.number());
        let school = self.plan.cast.school(county, &name);
        let mut granted = self.plan.granted(school, 60_000);
        granted.amount += self.amount();
        granted.documents = granted.amount;
        change(self, &mut granted);
        let (pot, at) = (self.works[&cycle].clone(), self.own_moment(cycle, days, 13));
        self.plan.grant(&pot, at, county, std::slice::from_ref(&granted));
        granted.hop
    }

    /// A moment of an hour that nothing else of a party's money is sent at.
    fn own_moment(&mut self, cycle: u32, days: u64, hour: i64) -> Millis {
        let number = self.plan.number();
        seconds_after(self.plan.calendar.at(cycle, days, hour), i64::from(number % 3_000))
    }

    fn at_schools(&mut self) {
        let (county, cycle) = (self.plan.cast.counties[4], self.some_cycle());
        let mut amount = 0;
        let hop = self.pay_a_school(county, cycle, 8, |_, granted| {
            granted.documents = 0;
            amount = granted.amount;
        });
        self.plant("L37", amount, county, About::Hop(hop), cycle, "no document shows what was bought");
        let hop = self.pay_a_school(county, cycle, 9, |world, granted| {
            world.plan.cast.members[granted.school.0].shared = Some((county, 0));
            (granted.officer, amount) = (1, granted.amount);
        });
        self.plant("L36", amount, county, About::Hop(hop), cycle, "one officer signs for both sides");
        let short = self.amount() / 5;
        let hop = self.pay_a_school(county, cycle, 7, |_, granted| {
            (granted.short, granted.documents) = (short, granted.amount - short);
        });
        self.plant("L01", short, county, About::Hop(hop), cycle, "a school gets less, once");
        let early = self.plan.calendar.at(cycle, 10, 12);
        let hop = self.pay_a_school(county, cycle, 10, |_, granted| {
            (granted.answered, amount) = (Some(early), granted.amount);
        });
        self.plant("L38", amount, county, About::Hop(hop), cycle, "stated to have arrived before it was sent");
    }

    /// An officer pays somebody who is the officer, by the registry.
    fn pays_themselves(&mut self) {
        let (county, cycle) = (self.plan.cast.counties[0], self.some_cycle());
        let Pay { to, net, hop, .. } = self.single_grant(cycle);
        let person = self.plan.cast.officer(county, 1);
        let identity = Particular::Identity(self.person(to).identity);
        let of_officer = particular(person, identity, None);
        let known = moment(self.plan.calendar.begins(), 13);
        self.plan.plain(known, REGISTRAR, Operation::RecipientRecord(RecipientRecord {}, vec![of_officer]));
        let (pot, at) = (self.works[&cycle].name, self.own_moment(cycle, 16, 12));
        self.plan.dispatch(at, county, pot, vec![(hop, line(to, net))]).officer = 1;
        self.plan.act(days_after(at, 1), to, Deed::Word(hop, net));
        self.plant("L36", net, county, About::Hop(hop), cycle, "an officer pays themselves");
    }

    /// What is nowhere on the way: a transfer that nobody answers, one to somebody outside, a balance
    /// that is not there, a debit that nobody instructed.
    fn off_the_books(&mut self, turn: usize) {
        let (counties, cycle) = (self.plan.cast.counties.clone(), self.some_cycle());
        let pot = self.works[&cycle].name;
        let (sent, hop) = (self.amount() / 2, self.plan.hop());
        let town = self.plan.cast.towns[0];
        let at = self.own_moment(cycle, 11, 12);
        self.plan.dispatch(at, counties[0], pot, vec![(hop, line(town, sent))]);
        self.plant("L04", sent, counties[0], About::Hop(hop), cycle, "nobody says that it arrived");
        let (sent, hop) = (self.amount(), self.plan.hop());
        let name = format!("Committee {}", self.plan.number());
        let outside = self.plan.cast.outside(counties[4], &name);
        let at = self.own_moment(cycle, 12, 12);
        self.plan.dispatch(at, counties[4], pot, vec![(hop, line(outside, sent))]);
        let note = "paid to a committee that is not on the way and signs nothing";
        self.plant("L20", sent, counties[4], About::Hop(hop), cycle, note).also = vec!["L04"];
        self.plant("L04", sent, counties[4], About::Hop(hop), cycle, note).also = vec!["L20"];
        // What one party states of a day last counts: each states on a day of its own.
        let office = counties[turn % counties.len()];
        let days = 13 + u64::try_from(turn / counties.len()).unwrap_or(0);
        let (off, at) = (self.amount(), self.plan.calendar.at(cycle, days, 20));
        self.plan.act(at, office, Deed::Balances(vec![(office, WORKS)], -off));
        self.plant("L00", off, office, About::Party(office), cycle, "states less than the books say it has");
        let (debit, at) = (self.amount(), self.plan.calendar.at(cycle, 14, 11));
        let line = EvidenceLine {
            party: Some(self.plan.id(counties[3])),
            programme: Some(WORKS.to_owned()),
            amount: Some(minor(debit)),
            ..evidence(EvidenceKind::BankDebit)
        };
        self.plan.act(at, BANKS[0], Deed::Evidence(vec![(line, None)]));
        self.plant("L30", debit, counties[3], About::Party(counties[3]), cycle, "a debit that nobody instructed");
    }

    /// Money that passes three hands within seconds; and a payment long after the cycle is over.
    fn fast_hands(&mut self) {
        let county = self.plan.cast.counties[1];
        let [_, bureau, _] = self.plan.cast.way(county)[..] else { return };
        let school = self.plan.cast.school(county, "of the fast");
        let pot = self.plan.pot_of(WORKS, 1, 15, "QUICK");
        self.plan.allocate(&pot, THRESHOLD);
        let hops = [self.plan.hop(), self.plan.hop(), self.plan.hop()];
        let hands = [TREASURY, bureau, county, school];
        for (at, hop) in hops.into_iter().enumerate() {
            let step = i64::try_from(at).unwrap_or(0);
            let stated = |seconds| Some(seconds_after(pot.noon, 6 * step + seconds));
            let block = seconds_after(pot.noon, 600 * (step + 1));
            let line = line(hands[at + 1], THRESHOLD);
            self.plan.dispatch(block, hands[at], pot.name, vec![(hop, line)]).occurred = stated(0);
            let answer = Deed::Acknowledge(hop, THRESHOLD, Vec::new());
            self.plan.act(seconds_after(block, 300), hands[at + 1], answer).occurred = stated(3);
        }
        let digest = Some(self.plan.random.digest("fast document"));
        let document = EvidenceLine { digest, amount: Some(minor(THRESHOLD)), ..evidence(EvidenceKind::Document) };
        self.plan.show(days_after(pot.noon, 2), county, vec![(document, hops[2])]);
        self.plant("L38", THRESHOLD, county, About::Hop(hops[2]), 1, "three hands within seconds");
        let late = self.plan.cast.school(county, "of the late");
        let last_day = self.plan.calendar.cycle(0).last_day;
        let noon = days_after(Millis::noon(last_day), 95);
        let pot = Pot { noon, ..self.plan.pot_of(WORKS, 0, 0, "LATE") };
        self.plan.allocate(&pot, SCHOOL_GRANT);
        let granted = self.plan.granted(late, SCHOOL_GRANT);
        let hop = granted.hop;
        self.plan.grant(&pot, noon, TREASURY, &[granted]);
        self.plant("L38", SCHOOL_GRANT, TREASURY, About::Hop(hop), 0, "paid three months after the cycle's end");
    }

    fn round_trip(&mut self) {
        let (bureau, county, town) = (self.plan.cast.bureaus[0], self.plan.cast.counties[0], self.plan.cast.towns[0]);
        let pot = self.plan.pot_of(WORKS, 1, 10, "ROADS");
        self.plan.distribute(&pot, &BTreeMap::from([(county, 2 * THRESHOLD)]), &BTreeMap::new());
        let mut from = county;
        for (days, to, amount) in [(3, town, 1_900_000), (5, bureau, 1_800_000)] {
            let (hop, at) = (self.plan.hop(), days_after(pot.noon, days));
            self.plan.dispatch(at, from, pot.name, vec![(hop, line(to, amount))]);
            self.plan.act(days_after(at, 1), to, Deed::Acknowledge(hop, amount, Vec::new()));
            if to == bureau {
                self.plant("L23", amount, from, About::Hop(hop), 1, "nine tenths come back to the bureau");
            }
            from = to;
        }
        // Two payments that together need the approval that each avoids.
        let county = self.plan.cast.counties[3];
        let school = self.plan.cast.school(county, "of the builder");
        let pot = self.plan.pot_of(WORKS, 1, 8, "STORES");
        self.plan.distribute(&pot, &BTreeMap::from([(county, 2 * THRESHOLD)]), &BTreeMap::new());
        let mut hop = None;
        for days in [4, 5] {
            let granted = self.plan.granted(school, THRESHOLD / 20 * 11);
            hop = hop.or(Some(granted.hop));
            self.plan.grant(&pot, days_after(pot.noon, days), county, &[granted]);
        }
        let about = hop.map_or(About::Party(county), About::Hop);
        self.plant("L24", THRESHOLD / 10 * 11, county, about, 1, "one order, paid in two halves");
    }

    fn above_the_declared(&mut self) {
        let mut pot = self.plan.pot_of(WORKS, 1, 3, "SUPPLIES");
        pot.declared = Some(300_000);
        self.plan.allocate(&pot, 350_000);
        let county = self.plan.cast.counties[1];
        let schools = ["of the north", "of the south"].map(|name| self.plan.cast.school(county, name));
        let granted = [self.plan.granted(schools[0], 200_000), self.plan.granted(schools[1], 150_000)];
        self.plan.grant(&pot, pot.noon, TREASURY, &granted);
        self.plant("L19", 50_000, TREASURY, About::Pot(pot.name), 1, "more is paid out than was declared");
    }

    /// Scholarships whose amounts avoid an approval.
    fn bunching(&mut self) {
        let county = self.plan.cast.counties[1];
        let mut quiet = self.quiet(None);
        self.plan.random.shuffle(&mut quiet);
        let (mut pays, mut just_below) = (Vec::new(), 0);
        for (at, who) in quiet.into_iter().take(BUNCH[0] + BUNCH[1]).enumerate() {
            let part = if at < BUNCH[0] { 95 } else { 90 };
            let net = self.plan.random.between(THRESHOLD / 100 * part, THRESHOLD / 20);
            just_below += if at < BUNCH[0] { net } else { 0 };
            let mut pay = self.plan.pay(who, net);
            (pay.payer, pay.fee, pay.bank) = (county, None, Bank::None);
            pays.push(pay);
        }
        let needed = BTreeMap::from([(county, pays.iter().map(|pay| pay.net).sum())]);
        let pot = self.plan.pot_of(WORKS, 1, 2, "SCHOLARSHIP");
        self.plan.distribute(&pot, &needed, &BTreeMap::new());
        self.plan.pay_out(&pot, days_after(pot.noon, 4), &pays);
        let note = "six times as many amounts just below the threshold as below those";
        self.plant("L25", just_below, county, About::Party(county), 1, note).cycle = None;
    }

    /// An officer who takes every fee under one code.
    fn one_explanation(&mut self, county: Who) {
        let all = self.ordinary.values_mut().chain(self.single.values_mut()).flatten();
        for pay in all.filter(|pay| pay.payer == county && pay.fee.is_some()) {
            pay.fee = Some("HANDLING");
        }
        let officer = self.plan.cast.officer(county, 0).to_string();
        let about = About::Named("officer", officer);
        self.plant("L43", 0, county, about, 0, "every fee is explained in one way that others hardly use").cycle = None;
    }
}
