//! L31, instruction without bank entry: the bank has said nothing of a payment.
//!
//! A payment to a recipient through a bank that the sender named: `L31.days` after it was sent
//! nothing is credited and nothing bounced. Whether the sender never instructed it or the bank did not
//! carry it out is not known: they are a pair. Resolved when the bank says something, or the payment
//! is taken back. A recipient's word does not stand for the bank's. Imports state no bank. Source:
//! bank reconciliation, unmatched internal entries.

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
pub struct Unbanked;

impl Detector for Unbanked {
    fn rule(&self) -> Rule {
        Rule::L31
    }

    fn examine(&self, event: &Event<'_>, at: &At, facts: &Facts, found: &mut Found) {
        let (Event::Opened(hop, _) | Event::Changed(hop, _) | Event::Due(Rule::L31, Due::Hop(hop))) = event else {
            return;
        };
        if hop.via.is_none() || hop.reported || hop.kind != HopKind::Delivery || !facts.is_to_recipient(hop) {
            return;
        }
        let Some(allocation) = facts.allocation(hop) else { return };
        let days = facts.value(allocation.programme, Parameter::BankDays);
        let moment = facts.end_of_day(allocation.programme, hop.sent_at, days);
        match event {
            Event::Changed(_, before) if at.now > moment && is_silent(before) && !is_silent(hop) => {
                found.clear(Subject::Hop(hop.id));
            }
            Event::Opened(..) | Event::Due(..) if is_silent(hop) => due(hop, allocation, moment, at, found),
            _ => {}
        }
    }
}

/// At the moment, and again should the programme have moved it.
fn due(hop: &Hop, allocation: &AllocationFile, moment: Millis, at: &At, found: &mut Found) {
    if at.now <= moment {
        found.wake(moment, Wake::HopsOf(hop.id.0.entry()));
    } else {
        found.holds(Subject::Hop(hop.id), conclusion(hop, allocation));
    }
}

fn is_silent(hop: &Hop) -> bool {
    hop.credited.is_none() && hop.refused == 0 && hop.state != HopState::Reversed
}

fn conclusion(hop: &Hop, allocation: &AllocationFile) -> Conclusion {
    let (s, f, q) = (hop.sent.into(), hop.figures.deducted.into(), hop.refused.into());
    let equation = Equation::new("s - f - q", &[("s", s), ("f", f), ("q", q)]);
    let conclusion = Conclusion::new(Rule::L31, equation).of_hop(hop, allocation);
    Conclusion {
        responsible: hop.via,
        counterparty: Some(hop.accountable),
        recipient: Some(hop.to),
        since: Some(hop.sent_at),
        ..conclusion
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{With, World};
    use crate::ledger::ids::HopId;

    fn through_the_bank(world: &mut World, to: &str) -> HopId {
        world.sent_with("county", to, 500, &With { via: Some("bank"), ..With::default() })
    }

    #[test]
    fn a_bank_that_says_nothing_for_three_days_is_found_with_the_sender() {
        let mut world = World::new();
        through_the_bank(&mut world, "r1");
        world.pass(3);
        world.none(&Unbanked);
        world.pass(1);
        let finding = world.only(&Unbanked);
        assert_eq!(finding.equation.to_string(), "s - f - q = 500 - 0 - 0 = 500");
        let pair = (finding.responsible, finding.counterparty);
        assert_eq!(pair, (Some(world.key("bank")), Some(world.key("county"))));
    }

    #[test]
    fn what_the_bank_credited_or_returned_in_time_or_never_had_is_matched() {
        let mut world = World::new();
        let credited = through_the_bank(&mut world, "r1");
        world.banked(credited, Some(500), None, None);
        let bounced = through_the_bank(&mut world, "r2");
        world.banked(bounced, None, Some(500), None);
        let reversed = through_the_bank(&mut world, "r3");
        world.reversed("county", reversed);
        world.sent("county", "r4", 500);
        world.pass(5);
        assert!(world.history(&Unbanked).is_empty());
    }

    #[test]
    fn what_the_bank_says_late_resolves_it_and_a_recipients_word_does_not() {
        let mut world = World::new();
        let hop = through_the_bank(&mut world, "r1");
        world.pass(4);
        world.answered(hop, 500);
        assert_eq!(world.only(&Unbanked).amount(), 500);
        world.banked(hop, Some(500), None, None);
        world.none(&Unbanked);
    }
}
