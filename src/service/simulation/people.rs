//! What is planted at people: what the registry knows of them, what they are due and what they are
//! paid each month (L06 to L12, L14 to L18, and those who never answer).

use crate::ledger::note::{Particular, RecipientStatus};

use super::cast::{REGISTRAR, TREASURY, Who};
use super::flow::{Bank, FEE, Pay};
use super::honest::{FOOD, PENSION, World, rate};
use super::plan::{HopName, days_after};
use super::truth::{About, Planted};

impl World {
    /// Notes what is planted.
    pub fn plant(
        &mut self,
        rule: &'static str,
        amount: i64,
        party: Who,
        about: About,
        cycle: u32,
        note: &str,
    ) -> &mut Planted {
        let (amount, cycle, note, also) = (Some(amount), Some(cycle), note.to_owned(), Vec::new());
        self.plan.truth.push(Planted { rule, amount, party, about, cycle, note, also });
        self.plan.truth.last_mut().expect("pushed above")
    }

    /// The middle of the history: a cycle that has others before and after it.
    pub(super) fn some_cycle(&mut self) -> u32 {
        let cycles = i64::from(self.plan.calendar.cycles);
        u32::try_from(self.plan.random.between(1, cycles - 2)).expect("it is between cycles")
    }

    /// Everything that is planted at people, so often as the world wants.
    pub fn plant_people(&mut self) {
        for at in 0..self.count {
            self.never_answers();
            self.never_answers();
            self.late();
            self.not_paid(at == 0);
            self.ghost();
            self.same_identity();
            self.paid_twice();
            self.two_programmes();
            self.shared_account();
            self.switched_account();
            self.deceased();
            self.suspended();
            self.wrong_amounts();
        }
        self.large_household();
        self.honest_changes();
    }

    /// Their money was booked and nobody asked the registry to stop it; they are visited each month,
    /// so they are no ghosts, but what they are sent stays unclaimed.
    fn never_answers(&mut self) {
        let who = self.somebody();
        self.person(who).answers = false;
        self.plan.cast.members[who.0].officers.clear();
        for cycle in 0..self.plan.calendar.cycles {
            self.silent(who, cycle, "the recipient never answers");
            let visit = days_after(self.paying_at(cycle), 15);
            self.visited(visit, who);
        }
    }

    /// A month's payment that is booked, asked about, and never confirmed.
    fn silent(&mut self, who: Who, cycle: u32, note: &str) -> HopName {
        let pay = self.monthly_of(who, cycle);
        (pay.word, pay.collected, pay.requested) = (None, None, true);
        let Pay { hop, payer, net, .. } = *pay;
        self.plant("L29", net, payer, About::Hop(hop), cycle, note);
        hop
    }

    fn late(&mut self) {
        let (who, cycle) = (self.somebody(), self.some_cycle());
        let pay = self.monthly_of(who, cycle);
        (pay.bank, pay.fee, pay.collected) = (Bank::None, None, None);
        pay.word = Some((46, pay.net));
        let (net, payer) = (pay.net, pay.payer);
        self.plant("L06", net, payer, About::Recipient(who), cycle, "paid in cash seven weeks after the dispatch");
    }

    /// The county got the money, the first time, and keeps it.
    fn not_paid(&mut self, is_kept: bool) {
        let who = self.somebody();
        let cycle = if is_kept { 0 } else { self.some_cycle() };
        let pays = self.ordinary.get_mut(&(PENSION, cycle)).expect("every cycle is planned");
        pays.retain(|pay| pay.to != who);
        let county = self.plan.cast.county(who);
        self.plant("L07", rate(PENSION), TREASURY, About::Recipient(who), cycle, "entitled, and never paid");
        if is_kept {
            let kept = rate(PENSION) + FEE;
            self.surplus.insert((PENSION, cycle, county), kept);
            let note = "keeps the money of somebody who was not paid";
            self.plant("L05", kept, county, About::Party(county), cycle, note).cycle = None;
        }
    }

    fn ghost(&mut self) {
        let who = self.somebody();
        self.person(who).is_marked = true;
        for cycle in 0..self.plan.calendar.cycles {
            self.silent(who, cycle, "sent to a ghost");
        }
        let amount = rate(PENSION) * i64::from(self.plan.calendar.cycles);
        let county = self.plan.cast.county(who);
        let note = "paid every month, asked each time, and never seen";
        self.plant("L08", amount, county, About::Recipient(who), 0, note).cycle = None;
    }

    fn same_identity(&mut self) {
        let mut two = [self.somebody(), self.somebody()];
        two.sort_unstable();
        let [first, second] = two;
        let identity = self.person(first).identity;
        self.person(first).is_marked = true;
        let other = self.person(second);
        (other.identity, other.is_marked) = (identity, true);
        for cycle in 0..self.plan.calendar.cycles {
            if let Some((collector, ..)) = &mut self.monthly_of(second, cycle).collected {
                *collector = identity;
            }
        }
        let amount = rate(PENSION) * i64::from(self.plan.calendar.cycles);
        let about = About::Named("identity", hex::encode(identity.0));
        self.plant("L09", amount, REGISTRAR, about, 0, "one person is registered twice and paid twice").cycle = None;
    }

    fn paid_twice(&mut self) {
        let (who, cycle) = (self.somebody(), self.some_cycle());
        let half = rate(PENSION) / 2;
        let second = self.plan.pay(who, half);
        let payer = second.payer;
        let pay = self.monthly_of(who, cycle);
        pay.is_of(half);
        self.ordinary.entry((PENSION, cycle)).or_default().push(second);
        let note = "half a month's payment, and the same half again";
        self.plant("L10", half, payer, About::Recipient(who), cycle, note);
        // Two hops of one reference are one payment.
        let (honest, cycle) = (self.somebody(), self.some_cycle());
        let reference = Some(format!("P-{}", honest.0));
        let mut second = self.plan.pay(honest, half);
        second.reference.clone_from(&reference);
        let pay = self.monthly_of(honest, cycle);
        pay.is_of(half);
        pay.reference = reference;
        self.ordinary.entry((PENSION, cycle)).or_default().push(second);
    }

    fn two_programmes(&mut self) {
        let (who, cycle) = (self.somebody(), self.some_cycle());
        let mut pay = self.plan.pay(who, rate(FOOD));
        (pay.bank, pay.fee, pay.word) = (Bank::None, None, Some((4, pay.net)));
        let payer = pay.payer;
        self.ordinary.entry((FOOD, cycle)).or_default().push(pay);
        let note = "paid from two programmes that exclude each other";
        self.plant("L11", rate(FOOD), payer, About::Recipient(who), cycle, note);
    }

    /// Three of a household where two may be paid, each month.
    fn large_household(&mut self) {
        let members: Vec<Who> = self.quiet(Some(FOOD)).into_iter().take(3).collect();
        let household = self.person(members[0]).household;
        let last = members[2];
        for who in members {
            let person = self.person(who);
            (person.household, person.is_marked) = (household, true);
        }
        let payer = self.plan.cast.county(last);
        for cycle in 0..self.plan.calendar.cycles {
            let pay = self.monthly_of(last, cycle);
            (pay.bank, pay.fee, pay.collected, pay.word) = (Bank::None, None, None, Some((7, pay.net)));
            let about = About::Named("household", household.to_string());
            self.plant("L11", rate(FOOD), payer, about, cycle, "a third member of a household is paid");
        }
    }

    fn shared_account(&mut self) {
        let three = [self.somebody(), self.somebody(), self.somebody()];
        let account = self.person(three[0]).account;
        for who in three {
            let person = self.person(who);
            (person.account, person.is_marked) = (account, true);
        }
        let amount = 3 * rate(PENSION) * i64::from(self.plan.calendar.cycles);
        let about = About::Named("account", hex::encode(account.0));
        self.plant("L12", amount, REGISTRAR, about, 0, "three strangers are paid on one account").cycle = None;
    }

    fn switched_account(&mut self) {
        let (who, cycle) = (self.somebody(), self.some_cycle());
        self.person(who).is_marked = true;
        let account = self.plan.random.digest(&format!("new account of {}", who.0));
        let at = days_after(self.paying_at(cycle), -3);
        self.noted(at, who, Particular::Account(account), at.date(0).expect("the calendar is near"));
        let pay = self.monthly_of(who, cycle);
        let (gross, hop) = (pay.gross(), pay.hop);
        self.plant("L14", gross, REGISTRAR, About::Hop(hop), cycle, "the account changed three days before");
    }

    /// Somebody dies in the first cycle and is paid once more.
    fn deceased(&mut self) {
        let who = self.somebody();
        self.person(who).is_marked = true;
        let day = self.plan.calendar.day(0, 20);
        let known = self.plan.calendar.at(0, 26, 12);
        self.noted(known, who, Particular::Status(RecipientStatus::Deceased), day);
        for cycle in 2..self.plan.calendar.cycles {
            self.due.insert((PENSION, cycle, who), 0);
            self.ordinary.entry((PENSION, cycle)).or_default().retain(|pay| pay.to != who);
        }
        let pay = self.monthly_of(who, 1);
        pay.collected = None;
        let (net, payer) = (pay.net, pay.payer);
        self.plant("L15", net, payer, About::Recipient(who), 1, "paid two weeks after the death");
    }

    fn suspended(&mut self) {
        let (who, cycle) = (self.somebody(), self.some_cycle());
        self.suspend(who, cycle);
        let pay = self.monthly_of(who, cycle);
        let (gross, payer, hop) = (pay.gross(), pay.payer, pay.hop);
        self.plant("L16", gross, payer, About::Hop(hop), cycle, "paid while suspended");
    }

    fn suspend(&mut self, who: Who, cycle: u32) {
        self.person(who).is_marked = true;
        let (from, to) = (self.plan.calendar.at(cycle, 0, 6), self.plan.calendar.at(cycle, 25, 6));
        for (at, status) in [(from, RecipientStatus::Suspended), (to, RecipientStatus::Active)] {
            self.noted(at, who, Particular::Status(status), at.date(0).expect("the calendar is near"));
        }
    }

    fn wrong_amounts(&mut self) {
        let more = self.plan.random.between(10_000, 20_000);
        for (rule, change, amount, note) in [
            ("L17", more, more, "paid more than due"),
            // The fee is lawful: it is no part of what is lacking.
            ("L18", -more, more - FEE, "paid less than due"),
        ] {
            let (who, cycle) = (self.somebody(), self.some_cycle());
            let pay = self.monthly_of(who, cycle);
            pay.is_of(pay.net + change);
            let payer = pay.payer;
            self.plant(rule, amount, payer, About::Recipient(who), cycle, note);
        }
    }

    /// What looks like something and is nothing: an account that changed in time, a suspension
    /// without a payment, a payment that bounced and was paid again.
    fn honest_changes(&mut self) {
        let (who, cycle) = (self.somebody(), self.some_cycle());
        self.person(who).is_marked = true;
        let account = self.plan.random.digest(&format!("new account of {}", who.0));
        let at = days_after(self.paying_at(cycle), -20);
        self.noted(at, who, Particular::Account(account), at.date(0).expect("the calendar is near"));
        let (who, cycle) = (self.somebody(), self.some_cycle());
        self.suspend(who, cycle);
        self.ordinary.entry((PENSION, cycle)).or_default().retain(|pay| pay.to != who);
        let (who, cycle) = (self.somebody(), self.some_cycle());
        let pay = self.monthly_of(who, cycle);
        (pay.bank, pay.word, pay.collected) = (Bank::Bounces(pay.net, 0), None, None);
    }
}
