//! L18, under-entitlement: a recipient says that less came than was due.
//!
//! Every payment of one recipient, programme, cycle and purpose has a word (what bounced whole needs
//! none), the words come to more than nothing, and with the lawful deductions to less than the
//! entitlement: `0 < v < entitled - f`. Nothing at all is L07's, and what is still under way may yet
//! make it up. The sender of the last payment is responsible. Source: Niehaus and Sukhtankar 2013,
//! underpayment, taken from recipients; Payment Integrity Information Act, underpayments.

use crate::ledger::hop::Hop;
use crate::ledger::ids::PartyKey;
use crate::ledger::token::HopKind;

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
pub struct UnderEntitlement;

impl Detector for UnderEntitlement {
    fn rule(&self) -> Rule {
        Rule::L18
    }

    fn examine(&self, event: &Event<'_>, _: &At, facts: &Facts, found: &mut Found) {
        let (recipient, due, held) = match event {
            Event::Noted(note, _) => {
                let Some((recipient, _, due)) = payments::entitled(note, facts) else { return };
                (recipient, due, !due.payments.is_empty())
            }
            Event::Opened(hop, _) if hop.kind == HopKind::Delivery => {
                let Some((_, due)) = payments::due_of(hop, facts) else { return };
                // One more that is under way.
                (hop.to, due, due.payments.len() > 1)
            }
            Event::Changed(hop, before) if hop.kind == HopKind::Delivery => {
                let of = |hop: &Hop| (hop.sent, hop.refused, hop.figures.deducted);
                if hop.figures.arrived == before.figures.arrived && of(hop) == of(before) {
                    return;
                }
                let Some((_, due)) = payments::due_of(hop, facts) else { return };
                (hop.to, due, due.payments.len() > 1 || before.figures.arrived.is_some())
            }
            _ => return,
        };
        payments::say(found, payments::subject(recipient, due), conclusion(recipient, due, facts), held);
    }
}

fn conclusion(recipient: PartyKey, due: &DueFile, facts: &Facts) -> Option<Conclusion> {
    let entitled = due.entitled?;
    let came = |payment: &Payment| payment.refused < payment.sent - payment.deducted || payment.word.is_some();
    let paid: Vec<Paid<'_>> = payments::of_due(recipient, due).filter(|paid| came(paid.payment)).collect();
    if paid.iter().any(|paid| paid.payment.word.is_none()) {
        return None;
    }
    let v = payments::sum(&paid, |payment| payment.word.unwrap_or(0));
    let f = payments::sum(&paid, |payment| payment.lawful);
    if v <= 0 || v >= i128::from(entitled.amount) - f {
        return None;
    }
    let equation = Equation::new("entitled - v - f", &[("entitled", entitled.amount.into()), ("v", v), ("f", f)]);
    let conclusion = payments::about(Rule::L18, equation, recipient, due, facts);
    Some(Conclusion { since: Some(entitled.due), ..payments::resting_on(conclusion, &paid) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{With, World};

    #[test]
    fn a_word_below_the_entitlement_is_found() {
        let mut world = World::new();
        world.entitled("r1", "2026-11", 500, "2026-11-30");
        let hop = world.sent("county", "r1", 499);
        world.answered(hop, 499);
        let finding = world.only(&UnderEntitlement);
        assert_eq!((finding.amount(), finding.responsible), (1, Some(world.key("county"))));
        assert_eq!((finding.recipient, finding.hops.clone()), (Some(world.key("r1")), vec![hop]));
        assert_eq!(finding.equation.to_string(), "entitled - v - f = 500 - 499 - 0 = 1");
    }

    #[test]
    fn a_lawful_deduction_is_no_loss_and_an_unlawful_one_is() {
        for (fee, lost) in [(10, vec![]), (15, vec![5])] {
            let mut world = World::new();
            world.entitled("r1", "2026-11", 500, "2026-11-30");
            let with = With { deductions: vec![("FEE", fee)], ..With::default() };
            let hop = world.sent_with("county", "r1", 500, &with);
            world.answered(hop, 500 - fee);
            let found: Vec<i64> = world.findings(&UnderEntitlement).iter().map(|f| f.conclusion.amount()).collect();
            assert_eq!(found, lost);
        }
    }

    #[test]
    fn the_whole_nothing_at_all_or_a_payment_without_a_word_are_not_found() {
        let mut world = World::new();
        for recipient in ["r1", "r2", "r3"] {
            world.entitled(recipient, "2026-11", 500, "2026-11-30");
        }
        let hops = ["r1", "r2", "r3", "r3"].map(|recipient| world.sent("county", recipient, 500));
        world.answered(hops[0], 500);
        world.answered(hops[1], 0);
        world.answered(hops[2], 100);
        assert!(world.history(&UnderEntitlement).is_empty());
        world.banked(hops[3], None, Some(500), None);
        assert_eq!(world.only(&UnderEntitlement).amount(), 400);
    }

    #[test]
    fn a_payment_that_came_although_it_bounced_counts_again() {
        let mut world = World::new();
        world.entitled("r1", "2026-11", 500, "2026-11-30");
        let hops = [400, 100].map(|amount| world.sent("county", "r1", amount));
        world.banked(hops[1], None, Some(100), None);
        world.answered(hops[0], 400);
        assert_eq!(world.only(&UnderEntitlement).amount(), 100);
        world.answered(hops[1], 100);
        world.none(&UnderEntitlement);
    }

    #[test]
    fn a_payment_that_follows_a_higher_word_or_a_lower_entitlement_resolve_it() {
        for how in 0..3 {
            let mut world = World::new();
            world.entitled("r1", "2026-11", 500, "2026-11-30");
            let hop = world.sent("county", "r1", 500);
            world.answered(hop, 400);
            assert_eq!(world.only(&UnderEntitlement).amount(), 100);
            match how {
                0 => drop(world.sent("county", "r1", 100)),
                1 => drop(world.answered(hop, 500)),
                _ => drop(world.entitled("r1", "2026-11", 400, "2026-11-30")),
            }
            world.none(&UnderEntitlement);
        }
    }
}
