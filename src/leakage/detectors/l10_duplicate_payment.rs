//! L10, duplicate payment: the same thing was paid twice.
//!
//! Of one recipient, programme, cycle and purpose two or more payments are settled that are not of
//! one reference: hops of one reference are one payment (a top-up, or money of two tokens), and
//! arrears are of the cycle that they are for. The first, in the order of dispatch, is right; what is
//! settled of the others and not sent back is at stake. Source: deduplication in social protection
//! systems (HOPE, OpenG2P); ISO 20022 reason AM05.

use crate::ledger::ids::PartyKey;

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
pub struct DuplicatePayment;

impl Detector for DuplicatePayment {
    fn rule(&self) -> Rule {
        Rule::L10
    }

    fn examine(&self, event: &Event<'_>, _: &At, facts: &Facts, found: &mut Found) {
        let Some(moved) = payments::moved(event, facts) else { return };
        if moved.due.payments.len() > 1 {
            let conclusion = conclusion(moved.recipient, moved.due, facts);
            payments::say(found, payments::subject(moved.recipient, moved.due), conclusion, moved.fell);
        }
    }
}

fn conclusion(recipient: PartyKey, due: &DueFile, facts: &Facts) -> Option<Conclusion> {
    let mut groups = due.settled_by_reference();
    groups.iter_mut().for_each(|group| group.retain(|payment| payment.kept() > 0));
    groups.retain(|group| !group.is_empty());
    let second = groups.get(1)?;
    let since = second.iter().filter_map(|payment| payment.settled_at).min();
    let of = |group: &[&'_ Payment]| group.iter().map(|payment| i128::from(payment.kept())).sum::<i128>();
    let first = groups.first().map_or(0, |group| of(group));
    let all = groups.iter().map(|group| of(group)).sum();
    let equation = Equation::new("paid - first", &[("paid", all), ("first", first)]);
    let paid: Vec<Paid<'_>> = groups.iter().flatten().map(|payment| Paid { recipient, due, payment }).collect();
    let conclusion = payments::about(Rule::L10, equation, recipient, due, facts);
    Some(Conclusion { since, ..payments::resting_on(conclusion, &paid) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{With, World};
    use crate::ledger::ids::HopId;

    fn paid(world: &mut World, amount: i64, with: &With) -> HopId {
        let hop = world.sent_with("county", "r1", amount, with);
        world.banked(hop, Some(amount), None, None);
        hop
    }

    #[test]
    fn the_second_payment_of_a_cycle_is_found() {
        let mut world = World::new();
        let first = paid(&mut world, 500, &With::default());
        world.none(&DuplicatePayment);
        let second = paid(&mut world, 400, &With::default());
        let finding = world.only(&DuplicatePayment);
        assert_eq!((finding.amount(), finding.responsible), (400, Some(world.key("county"))));
        assert_eq!((finding.recipient, finding.hops.clone()), (Some(world.key("r1")), vec![first, second]));
        assert_eq!(finding.equation.to_string(), "paid - first = 900 - 500 = 400");
    }

    #[test]
    fn one_reference_another_cycle_purpose_or_programme_and_what_is_under_way_are_no_duplicates() {
        let mut world = World::new();
        paid(&mut world, 500, &With { payment: Some("A-1"), ..With::default() });
        paid(&mut world, 100, &With { payment: Some("A-1"), ..With::default() });
        paid(&mut world, 500, &With { cycle: Some("2026-10"), ..With::default() });
        paid(&mut world, 500, &With { for_cycle: Some("2026-09"), ..With::default() });
        paid(&mut world, 500, &With { purpose: Some("FUEL"), ..With::default() });
        paid(&mut world, 500, &With { programme: Some("FOOD"), ..With::default() });
        world.sent("county", "r1", 500);
        assert!(world.history(&DuplicatePayment).is_empty());
    }

    #[test]
    fn a_payment_that_bounced_may_be_sent_again() {
        let mut world = World::new();
        let first = paid(&mut world, 500, &With::default());
        world.banked(first, None, Some(500), None);
        let again = paid(&mut world, 500, &With::default());
        assert!(world.history(&DuplicatePayment).is_empty());
        world.answered(again, 500);
        world.none(&DuplicatePayment);
    }

    #[test]
    fn what_is_sent_back_resolves_it_until_that_is_reversed() {
        let mut world = World::new();
        paid(&mut world, 500, &With::default());
        let second = world.sent("county", "r1", 400);
        world.answered(second, 400);
        let token = world.token_of("r1", second);
        let back = world.given_back("r1", token, "county", 300);
        assert_eq!(world.only(&DuplicatePayment).amount(), 100);
        let rest = world.token_of("r1", second);
        world.given_back("r1", rest, "county", 100);
        world.none(&DuplicatePayment);
        world.refused(back, 300);
        assert_eq!(world.only(&DuplicatePayment).amount(), 300);
    }
}
