//! L06, late to recipient: money that people were entitled to came long after its due day.
//!
//! A payment was first booked or confirmed (by the bank's value date, where it states one) more than
//! the days allowed after the due day of what it pays. The money at stake is what was settled late;
//! what came in time of the same entitlement is not in it. Without an entitlement nothing is late.
//! Source: pension audits of Punjab (8,371 cases, up to 1,432 days beyond 30) and the payment delays
//! of MGNREGA, which owes compensation after 15 days.

use crate::ledger::ids::PartyKey;
use crate::ledger::parameter::Parameter;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::{DueFile, Payment};
use crate::leakage::finding::Conclusion;
use crate::leakage::payments::{self, Paid};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct LateToRecipient;

impl Detector for LateToRecipient {
    fn rule(&self) -> Rule {
        Rule::L06
    }

    fn examine(&self, event: &Event<'_>, _: &At, facts: &Facts, found: &mut Found) {
        let (recipient, due, held) = if let Event::Noted(note, _) = event {
            let Some((recipient, _, due)) = payments::entitled(note, facts) else { return };
            (recipient, due, due.settled() > 0)
        } else {
            let Some(moved) = payments::moved(event, facts) else { return };
            (moved.recipient, moved.due, moved.fell)
        };
        payments::say(found, payments::subject(recipient, due), conclusion(recipient, due, facts), held);
    }
}

fn conclusion(recipient: PartyKey, due: &DueFile, facts: &Facts) -> Option<Conclusion> {
    let entitled = due.entitled.filter(|entitled| entitled.amount > 0)?;
    let days = facts.value(due.programme, Parameter::LateDays);
    let limit = facts.end_of_day(due.programme, entitled.due, days);
    let is_late = |paid: &Paid<'_>| paid.payment.settled_at.is_some_and(|at| at > limit);
    let late: Vec<Paid<'_>> = payments::of_due(recipient, due).filter(is_late).collect();
    let since = late.iter().filter_map(|paid| paid.payment.settled_at).min()?;
    let equation = Equation::new("x", &[("x", payments::sum(&late, Payment::settled))]);
    let conclusion = payments::about(Rule::L06, equation, recipient, due, facts);
    Some(Conclusion { since: Some(since), ..payments::resting_on(conclusion, &late) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::World;

    #[test]
    fn money_that_came_a_day_after_the_days_allowed_is_late() {
        let mut world = World::new();
        world.thresholds(&[("L06.days", 3)]);
        world.entitled("r1", "2026-11", 500, "2026-11-05");
        let hop = world.sent("county", "r1", 500);
        world.at("2026-11-10T09:00:00Z");
        world.answered(hop, 500);
        let finding = world.only(&LateToRecipient);
        assert_eq!((finding.amount(), finding.responsible), (500, Some(world.key("county"))));
        assert_eq!((finding.recipient, finding.hops.clone()), (Some(world.key("r1")), vec![hop]));
        assert_eq!(finding.equation.to_string(), "x = 500 = 500");
    }

    #[test]
    fn the_last_day_allowed_is_not_late_nor_is_what_nobody_was_entitled_to() {
        let mut world = World::new();
        world.thresholds(&[("L06.days", 3)]);
        world.entitled("r1", "2026-11", 500, "2026-11-05");
        let (first, second) = (world.sent("county", "r1", 500), world.sent("county", "r2", 500));
        world.at("2026-11-08T23:00:00Z");
        world.answered(first, 500);
        world.at("2026-12-30T09:00:00Z");
        world.answered(second, 500);
        world.none(&LateToRecipient);
    }

    #[test]
    fn the_banks_value_date_counts_and_not_the_day_of_its_report() {
        let mut world = World::new();
        world.thresholds(&[("L06.days", 3)]);
        world.entitled("r1", "2026-11", 500, "2026-11-05");
        let hop = world.sent("county", "r1", 500);
        world.at("2026-11-20T09:00:00Z");
        world.banked(hop, Some(500), None, Some("2026-11-08"));
        world.none(&LateToRecipient);
    }

    #[test]
    fn an_entitlement_stated_after_the_payment_or_moved_is_judged_again() {
        let mut world = World::new();
        world.thresholds(&[("L06.days", 3)]);
        let hop = world.sent("county", "r1", 500);
        world.at("2026-11-20T09:00:00Z");
        world.answered(hop, 500);
        world.entitled("r1", "2026-11", 500, "2026-11-05");
        assert_eq!(world.only(&LateToRecipient).amount(), 500);
        world.entitled("r1", "2026-11", 500, "2026-11-19");
        world.none(&LateToRecipient);
    }
}
