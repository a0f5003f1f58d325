//! What is planted at payments: single grants that go a wrong way, and what banks, agents and
//! recipients say of payments (L20 to L22, L26 to L29, L31 to L34, L38).

use super::cast::{TREASURY, Who};
use super::flow::{Bank, Pay};
use super::honest::{PENSION, World};
use super::plan::{Deed, days_after, seconds_after};
use super::truth::About;

/// More than so many recipients in an hour are too many for an agent, by the rules of `PENSION`.
const AGENT_PER_HOUR: usize = 8;
/// How many follow each other too fast.
const FAST_RUN: usize = 6;

impl World {
    /// Everything that is planted at payments, so often as the world wants.
    pub fn plant_payments(&mut self) {
        for _ in 0..self.count {
            self.off_the_way();
            self.said_otherwise();
            self.bounced_and_kept();
            self.collected_by_a_stranger();
        }
        self.collected_for_many();
        self.agents();
    }

    /// Plans a single grant, and what is planted at it.
    fn single(&mut self, rule: &'static str, note: &str, change: impl FnOnce(&World, &mut Pay) -> (i64, Who)) -> Pay {
        let cycle = self.some_cycle();
        let mut pay = self.single_grant(cycle);
        let (amount, party) = change(self, &mut pay);
        self.plant(rule, amount, party, About::Hop(pay.hop), cycle, note);
        self.single.entry(cycle).or_default().push(pay.clone());
        pay
    }

    fn off_the_way(&mut self) {
        self.single("L20", "a bureau pays a person, past the county", |world, pay| {
            pay.payer = world.plan.cast.bureaus[0];
            (pay.gross(), pay.payer)
        });
        self.single("L21", "paid by the second of two towns, the fifth hand", |world, pay| {
            pay.payer = world.plan.cast.towns[1];
            (pay.gross(), pay.payer)
        });
        self.single("L22", "money for grants is spent on a vehicle", |_, pay| {
            pay.purpose = Some("VEHICLE");
            (pay.gross(), pay.payer)
        });
        // An allowed purpose is no diversion.
        let cycle = self.some_cycle();
        let pay = Pay { purpose: Some("MEDICINE"), ..self.single_grant(cycle) };
        self.single.entry(cycle).or_default().push(pay);
    }

    fn said_otherwise(&mut self) {
        let less = self.plan.random.between(2_000, 3_000);
        self.single("L31", "the bank says nothing of it, the recipient that it came", |world, pay| {
            pay.bank = Bank::Silent;
            (pay.net, world.plan.cast.bank(pay.to))
        });
        self.single("L32", "the bank credits less than it was told", |world, pay| {
            pay.bank = Bank::Credits(pay.net - less);
            (less, world.plan.cast.bank(pay.to))
        });
        self.single("L33", "paid in cash, and less came", |_, pay| {
            (pay.bank, pay.word) = (Bank::None, Some((3, pay.net - less)));
            (less, pay.payer)
        });
        let pay = self.single("L34", "the bank says credited, the recipient that nothing came", |world, pay| {
            pay.word = Some((3, 0));
            (pay.net, world.plan.cast.bank(pay.to))
        });
        let cycle = self.plan.truth.last().and_then(|planted| planted.cycle).unwrap_or(0);
        let note = "the recipient says that nothing came";
        self.plant("L33", pay.net, pay.payer, About::Hop(pay.hop), cycle, note).also = vec!["L34"];
        self.single("L29", "credited, and never claimed", |_, pay| {
            pay.word = None;
            (pay.net, pay.payer)
        });
        // The recipient says so weeks later, and that it was so then.
        self.single("L38", "a word is stated to be 37 days old", |_, pay| {
            (pay.word, pay.said) = (Some((45, pay.net)), Some(8));
            (pay.net, pay.to)
        });
    }

    /// A part bounces, and who paid it does not take it back into the books; the rest is confirmed.
    fn bounced_and_kept(&mut self) {
        let back = self.plan.hop();
        let part = self.plan.random.between(5_000, 5_000);
        let cycle = self.some_cycle();
        let mut pay = self.single_grant(cycle);
        pay.bank = Bank::Bounces(part, pay.net - part);
        pay.word = Some((3, pay.net - part));
        // The bank signed that it had the money last.
        let party = self.plan.cast.bank(pay.to);
        let note = "the bank sends a part back, and nobody acknowledges it";
        self.plant("L28", part, party, About::Hop(back), cycle, note).also = vec!["L04"];
        self.plant("L04", part, party, About::Hop(back), cycle, note).also = vec!["L28"];
        self.bounces.push((pay.hop, back));
        self.single.entry(cycle).or_default().push(pay);
    }

    fn collected_by_a_stranger(&mut self) {
        let cycle = self.some_cycle();
        let mut pay = self.single_grant(cycle);
        let digest = self.plan.random.digest(&format!("stranger at {:?}", pay.hop));
        self.collect_single(&mut pay, cycle, digest, 3);
        let (net, payer, hop) = (pay.net, pay.payer, pay.hop);
        self.plant("L27", net, payer, About::Hop(hop), cycle, "collected by somebody who is not registered for it");
        self.single.entry(cycle).or_default().push(pay);
    }

    /// Somebody registered collects for three households.
    fn collected_for_many(&mut self) {
        let cycle = self.some_cycle();
        let digest = self.plan.random.digest("collector of many");
        let payer = self.plan.cast.counties[0];
        let mut collected = 0;
        for number in 0..3 {
            let mut pay = self.single_grant(cycle);
            pay.payer = payer;
            self.person(pay.to).collector = Some(digest);
            self.collect_single(&mut pay, cycle, digest, number);
            collected += pay.gross();
            self.single.entry(cycle).or_default().push(pay);
        }
        let about = About::Named("collector", hex::encode(digest.0));
        self.plant("L27", collected, payer, about, cycle, "one person collects for three households");
    }

    fn collect_single(&mut self, pay: &mut Pay, cycle: u32, digest: crate::ledger::note::PersonDigest, turn: i64) {
        // Each at a time of their own, so that no agent is too busy; the word comes when all is over.
        let apart = seconds_after(
            self.paying_at(cycle),
            i64::try_from(self.single.values().flatten().count()).unwrap_or(0) * 200,
        );
        let when = days_after(apart, 3).plus(turn * 3_600_000);
        pay.word = Some((8, pay.net));
        let county = self.plan.cast.counties.iter().position(|county| *county == self.plan.cast.county(pay.to));
        let number = usize::try_from(turn).unwrap_or(0);
        pay.collected = Some((digest, self.agent(county.unwrap_or(0), number), when));
    }

    /// An agent who serves too many in an hour, one who serves them too fast, and a county where
    /// nearly all go to one.
    fn agents(&mut self) {
        let mut quiet = self.quiet(Some(PENSION));
        let last = self.plan.cast.counties.len() - 1;
        let county = self.plan.cast.counties[last];
        quiet.retain(|who| self.plan.cast.county(*who) != county && self.is_collected(*who));
        self.plan.random.shuffle(&mut quiet);
        let first = days_after(self.paying_at(0), 8);
        for (name, seconds, number) in [("busy", 180, AGENT_PER_HOUR + 1), ("fast", 10, FAST_RUN)] {
            let agent = self.plan.random.digest(name);
            let start = seconds_after(first, if name == "busy" { 0 } else { 10_000 });
            // Who paid what the banks tell last.
            let (mut sent, mut last_told) = (0, None);
            for at in 0..number {
                let who = quiet.pop().expect("there are more people than agents need");
                let bank = self.plan.cast.bank(who);
                let pay = self.monthly_of(who, 0);
                let when = seconds_after(start, i64::try_from(at).unwrap_or(0) * seconds);
                pay.word = Some((8, pay.net));
                pay.collected = pay.collected.map(|(digest, ..)| (digest, agent, when));
                (sent, last_told) = (sent + pay.gross(), last_told.max(Some((bank, when, pay.payer))));
            }
            let payer = last_told.map_or(county, |(_, _, payer)| payer);
            let note = format!("{number} collections of one agent, {seconds} seconds apart");
            let about = About::Named("agent", hex::encode(agent.0));
            self.plant("L26", sent, payer, about, 0, &note);
        }
        self.one_agent(last);
    }

    fn is_collected(&self, who: Who) -> bool {
        let pays = self.ordinary.get(&(PENSION, 0));
        pays.is_some_and(|pays| pays.iter().any(|pay| pay.to == who && pay.collected.is_some()))
    }

    /// All but one of a county's collections go through one agent.
    fn one_agent(&mut self, last: usize) {
        let county = self.plan.cast.counties[last];
        let (one, other) = (self.agent(last, 0), self.agent(last, 1));
        let mut is_first = true;
        for cycle in 0..self.plan.calendar.cycles {
            let paying = self.paying_at(cycle);
            let mut apart = 0;
            let Some(pays) = self.ordinary.get_mut(&(PENSION, cycle)) else { continue };
            for pay in pays.iter_mut().filter(|pay| pay.payer == county) {
                let Some((digest, ..)) = pay.collected else { continue };
                let agent = if std::mem::take(&mut is_first) { other } else { one };
                // At the pace of one who is not too busy.
                let when = seconds_after(days_after(paying, 2), apart * 500);
                apart += 1;
                (pay.word, pay.collected) = (Some((8, pay.net)), Some((digest, agent, when)));
            }
        }
        let is_of_area = |pay: &&Pay| self.plan.cast.county(pay.to) == county;
        let all = self.ordinary.iter().filter(|((programme, _), _)| *programme == PENSION).flat_map(|(_, pays)| pays);
        let all = all.chain(self.single.values().flatten()).filter(is_of_area);
        let of_one = all.filter(|pay| pay.collected.is_some_and(|(_, agent, _)| agent == one));
        let sent = of_one.map(Pay::gross).sum();
        let about = About::Named("area", self.plan.cast.member(county).area.clone());
        self.plant("L26", sent, TREASURY, about, 0, "nearly all of an area collect through one agent").cycle = None;
    }

    /// Names the hops by which parts of payments come back, once their bounces are planned.
    pub fn name_bounces(&mut self) {
        for (hop, back) in std::mem::take(&mut self.bounces) {
            let is_bounce = |deed: &Deed| matches!(deed, Deed::Bank(of, ..) if *of == hop);
            let act = self.plan.acts.iter_mut().find(|act| is_bounce(&act.deed));
            act.expect("the bank says that a part bounced").opens = vec![back];
        }
    }
}
