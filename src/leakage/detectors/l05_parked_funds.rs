//! L05, parked funds (滞留): money lies with a party while people wait for it.
//!
//! A party (the treasury too) held money of a programme at the end of every day for more days than
//! allowed, and entitlements of the programme that were due before today are unpaid. The amount is
//! what it holds now. The cost of leaving it idle is shown beside it: the sum of the balances at the
//! ends of these days, times the programme's yearly rate, over 365; in minor units. Looked at once a
//! day. Source: just-in-time release (SNA-SPARSH); audits of idle balances, such as 12.4 million
//! yuan found lying in 陕州区.

use chrono::NaiveDate;

use crate::ledger::ids::{PartyKey, ProgrammeId};
use crate::ledger::money::ratio;
use crate::ledger::parameter::Parameter;
use crate::ledger::time::Millis;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::{Parked, ProgrammeFile};
use crate::leakage::finding::{Conclusion, Score, Subject};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct ParkedFunds;

impl Detector for ParkedFunds {
    fn rule(&self) -> Rule {
        Rule::L05
    }

    fn examine(&self, event: &Event<'_>, at: &At, facts: &Facts, found: &mut Found) {
        if !matches!(event, Event::Day(_)) {
            return;
        }
        for (id, programme) in &facts.files.programmes {
            let today = programme.day(at.now);
            let is_awaited = programme.unpaid_before(today) > 0;
            for (party, file) in &facts.files.parties {
                if let Some(parked) = file.parked.get(id) {
                    judge((*party, *id), parked, (programme, is_awaited), today, facts, found);
                }
            }
        }
    }
}

fn judge(
    (party, id): (PartyKey, ProgrammeId),
    parked: &Parked,
    (programme, is_awaited): (&ProgrammeFile, bool),
    today: NaiveDate,
    facts: &Facts,
    found: &mut Found,
) {
    // Before that nothing was said of it.
    if (today - parked.since).num_days() <= programme.value(Parameter::ParkedDays) {
        return;
    }
    let subject = Subject::Party(id, party);
    if !is_awaited || parked.balance == 0 {
        found.clear(subject);
        return;
    }
    let rate = programme.value(Parameter::IdleRate);
    let cost = ratio(parked.balance_days.saturating_mul(rate.into()), 365_000_000);
    let score = cost.map(|cost| Score {
        equation: format!("balance_days * rate / 365 = {} * {rate} / 1000000 / 365", parked.balance_days),
        value: cost.to_string(),
    });
    let conclusion = Conclusion {
        currency: Some(programme.currency),
        responsible: Some(party),
        programme: Some(id),
        area: facts.party(party).map(|party| party.area),
        since: Some(Millis::end_of(parked.since, programme.utc_offset_minutes)),
        score,
        ..Conclusion::new(Rule::L05, Equation::new("balance", &[("balance", parked.balance.into())]))
    };
    found.holds(subject, conclusion);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{With, World};

    fn world(due: &str) -> World {
        let mut world = World::new();
        world.entitled("r1", "2026-11", 100, due);
        world.fund("county", 900, &With::default());
        world
    }

    #[test]
    fn money_that_lies_for_sixteen_days_while_people_wait_is_found_with_its_cost() {
        let mut world = world("2026-11-10");
        world.pass(15);
        world.none(&ParkedFunds);
        world.pass(1);
        let finding = world.only(&ParkedFunds);
        assert_eq!((finding.amount(), finding.responsible), (900, Some(world.key("county"))));
        assert_eq!(finding.equation.to_string(), "balance = 900 = 900");
        let score = finding.score.expect("it has a cost");
        // Sixteen days of 900 at three per cent a year.
        assert_eq!(score.equation, "balance_days * rate / 365 = 14400 * 30000 / 1000000 / 365");
        assert_eq!(score.value, "1.183562");
    }

    #[test]
    fn money_that_nobody_waits_for_may_lie() {
        let mut world = world("2026-12-24");
        world.pass(30);
        world.none(&ParkedFunds);
    }

    #[test]
    fn it_is_resolved_when_the_money_is_gone_and_when_nobody_waits_any_more() {
        let mut gone = world("2026-11-10");
        gone.pass(17);
        let token = gone.tokens_of("county")[0];
        gone.dispatch("county", token, &[("town", 900)], &With::default());
        gone.pass(1);
        gone.none(&ParkedFunds);
        assert_eq!(gone.history(&ParkedFunds).len(), 1);

        let mut paid = world("2026-11-10");
        paid.pass(17);
        let hop = paid.sent("treasury", "r1", 100);
        paid.answered(hop, 100);
        paid.pass(1);
        paid.none(&ParkedFunds);
        assert_eq!(paid.history(&ParkedFunds).len(), 1);
    }
}
