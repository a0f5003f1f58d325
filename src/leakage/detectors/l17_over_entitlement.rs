//! L17, over-entitlement: a recipient was paid more than what was due.
//!
//! What is settled of all payments of one recipient, programme, cycle and purpose, less what was sent
//! back, is above the entitlement and the programme's tolerance. An entitlement that was taken back
//! is one of nothing; where none was ever stated nothing is known, and nothing found. At stake is all
//! that is above the entitlement. Source: Payment Integrity Information Act, overpayments; HOPE
//! refuses such a payment, here it is recorded and found.

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
pub struct OverEntitlement;

impl Detector for OverEntitlement {
    fn rule(&self) -> Rule {
        Rule::L17
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
    let entitled = due.entitled?;
    let paid: Vec<Paid<'_>> = payments::of_due(recipient, due).filter(|paid| paid.payment.kept() > 0).collect();
    let above = payments::sum(&paid, Payment::kept) - i128::from(entitled.amount);
    if above <= facts.value(due.programme, Parameter::EntitlementTolerance).into() {
        return None;
    }
    let operands = [
        ("x", payments::sum(&paid, Payment::settled)),
        ("returned", payments::sum(&paid, |payment| payment.returned)),
        ("entitled", entitled.amount.into()),
    ];
    let equation = Equation::new("x - returned - entitled", &operands);
    let conclusion = payments::about(Rule::L17, equation, recipient, due, facts);
    let since = paid.iter().filter_map(|paid| paid.payment.settled_at).max();
    Some(Conclusion { since, ..payments::resting_on(conclusion, &paid) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::World;

    #[test]
    fn a_unit_above_the_entitlement_over_all_payments_is_found() {
        let mut world = World::new();
        world.entitled("r1", "2026-11", 500, "2026-11-30");
        let hops = [world.sent("county", "r1", 400), world.sent("county", "r1", 101)];
        world.banked(hops[0], Some(400), None, None);
        world.none(&OverEntitlement);
        world.answered(hops[1], 101);
        let finding = world.only(&OverEntitlement);
        assert_eq!((finding.amount(), finding.responsible), (1, Some(world.key("county"))));
        assert_eq!((finding.recipient, finding.hops.clone()), (Some(world.key("r1")), hops.to_vec()));
        assert_eq!(finding.equation.to_string(), "x - returned - entitled = 501 - 0 - 500 = 1");
    }

    #[test]
    fn the_entitlement_the_tolerance_and_what_nobody_stated_are_not_above() {
        let mut world = World::new();
        world.thresholds(&[("L17.tolerance", 5)]);
        world.entitled("r1", "2026-11", 500, "2026-11-30");
        for recipient in ["r1", "r2"] {
            let hop = world.sent("county", recipient, 505);
            world.answered(hop, 505);
        }
        assert!(world.history(&OverEntitlement).is_empty());
    }

    #[test]
    fn an_entitlement_lowered_after_the_payment_is_found_and_a_higher_one_resolves_it() {
        let mut world = World::new();
        let hop = world.sent("county", "r1", 500);
        world.answered(hop, 500);
        world.entitled("r1", "2026-11", 500, "2026-11-30");
        world.none(&OverEntitlement);
        world.entitled("r1", "2026-11", 0, "2026-11-30");
        assert_eq!(world.only(&OverEntitlement).amount(), 500);
        world.entitled("r1", "2026-11", 500, "2026-11-30");
        world.none(&OverEntitlement);
    }

    #[test]
    fn what_is_sent_back_is_not_at_stake() {
        let mut world = World::new();
        world.entitled("r1", "2026-11", 500, "2026-11-30");
        let hop = world.sent("county", "r1", 600);
        world.answered(hop, 600);
        let token = world.token_of("r1", hop);
        world.given_back("r1", token, "county", 60);
        assert_eq!(world.only(&OverEntitlement).amount(), 40);
        let token = world.token_of("r1", hop);
        world.given_back("r1", token, "county", 40);
        world.none(&OverEntitlement);
    }
}
