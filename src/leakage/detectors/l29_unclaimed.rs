//! L29, unclaimed: a payment that its recipient never confirmed and that did not come back.
//!
//! A delivery to a recipient, `L29.days` after it was sent, without a word of the recipient; at stake
//! is what was not bounced or refused: `s - f - q`. Such money has to go back to the treasury. A word,
//! a bounce of the whole or a reversal resolves it. Source: rules on unclaimed benefits, which are
//! returned after a fixed time.

use crate::ledger::hop::Hop;
use crate::ledger::parameter::Parameter;
use crate::ledger::time::Millis;
use crate::ledger::token::{HopKind, HopState};

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Due, Event, Wake};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::AllocationFile;
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct Unclaimed;

impl Detector for Unclaimed {
    fn rule(&self) -> Rule {
        Rule::L29
    }

    fn examine(&self, event: &Event<'_>, at: &At, facts: &Facts, found: &mut Found) {
        let (Event::Opened(hop, _) | Event::Changed(hop, _) | Event::Due(Rule::L29, Due::Hop(hop))) = event else {
            return;
        };
        if hop.kind != HopKind::Delivery || !facts.is_to_recipient(hop) {
            return;
        }
        let Some(allocation) = facts.allocation(hop) else { return };
        let days = facts.value(allocation.programme, Parameter::UnclaimedDays);
        let moment = facts.end_of_day(allocation.programme, hop.sent_at, days);
        match event {
            Event::Changed(_, before) if at.now > moment && is_open(before) && is_other(hop, before) => {
                found.judge(Subject::Hop(hop.id), conclusion(hop, allocation));
            }
            Event::Opened(..) | Event::Due(..) if is_open(hop) => due(hop, allocation, moment, at, found),
            _ => {}
        }
    }
}

/// At the moment, and again should the programme have moved it.
fn due(hop: &Hop, allocation: &AllocationFile, moment: Millis, at: &At, found: &mut Found) {
    if at.now <= moment {
        found.wake(moment, Wake::HopsOf(hop.id.0.entry()));
    } else if let Some(conclusion) = conclusion(hop, allocation) {
        found.holds(Subject::Hop(hop.id), conclusion);
    }
}

fn is_open(hop: &Hop) -> bool {
    hop.figures.arrived.is_none() && hop.state != HopState::Reversed
}

fn is_other(hop: &Hop, before: &Hop) -> bool {
    let of = |hop: &Hop| (hop.sent, hop.figures.deducted, hop.refused, is_open(hop));
    of(hop) != of(before)
}

fn conclusion(hop: &Hop, allocation: &AllocationFile) -> Option<Conclusion> {
    if !is_open(hop) || hop.sent - hop.figures.deducted - hop.refused <= 0 {
        return None;
    }
    let (s, f, q) = (hop.sent.into(), hop.figures.deducted.into(), hop.refused.into());
    let equation = Equation::new("s - f - q", &[("s", s), ("f", f), ("q", q)]);
    let conclusion = Conclusion::new(Rule::L29, equation).of_hop(hop, allocation);
    Some(Conclusion { counterparty: None, recipient: Some(hop.to), since: Some(hop.sent_at), ..conclusion })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::World;

    #[test]
    fn a_payment_that_nobody_claims_for_sixty_days_is_found() {
        let mut world = World::new();
        let hop = world.sent("county", "r1", 500);
        world.banked(hop, Some(400), Some(100), None);
        world.pass(60);
        world.none(&Unclaimed);
        world.pass(1);
        let finding = world.only(&Unclaimed);
        assert_eq!(finding.equation.to_string(), "s - f - q = 500 - 0 - 100 = 400");
        assert_eq!((finding.responsible, finding.recipient), (Some(world.key("county")), Some(world.key("r1"))));
    }

    #[test]
    fn a_word_or_a_bounce_in_time_leaves_nothing_unclaimed_and_an_end_payee_neither() {
        let mut world = World::new();
        let claimed = world.sent("county", "r1", 500);
        world.answered(claimed, 500);
        let disputed = world.sent("county", "r2", 500);
        world.disputed(disputed, 0);
        let bounced = world.sent("county", "r3", 500);
        world.banked(bounced, None, Some(500), None);
        let reversed = world.sent("county", "r4", 500);
        world.reversed("county", reversed);
        world.sent("county", "school", 500);
        world.pass(70);
        world.none(&Unclaimed);
        assert!(world.history(&Unclaimed).is_empty());
    }

    #[test]
    fn what_is_claimed_or_returned_late_is_resolved() {
        let mut world = World::new();
        let (claimed, bounced) = (world.sent("county", "r1", 500), world.sent("county", "r2", 300));
        world.pass(61);
        assert_eq!(world.findings(&Unclaimed).len(), 2);
        world.answered(claimed, 500);
        world.banked(bounced, None, Some(200), None);
        assert_eq!(world.only(&Unclaimed).amount(), 100);
        world.banked(bounced, None, Some(100), None);
        world.none(&Unclaimed);
    }

    #[test]
    fn more_days_set_meanwhile_are_waited_for() {
        let mut world = World::new();
        world.sent("county", "r1", 500);
        world.thresholds(&[("L29.days", 90)]);
        world.pass(80);
        world.none(&Unclaimed);
        world.pass(11);
        assert_eq!(world.only(&Unclaimed).amount(), 500);
    }
}
