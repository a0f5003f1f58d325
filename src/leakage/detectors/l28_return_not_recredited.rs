//! L28, return not re-credited: a payment bounced, and its sender does not have it back.
//!
//! A bank says that a payment came back (`RETURN` hop of the provider, of money that it never held
//! itself), and the sender has not acknowledged it within the days allowed after that statement. The
//! amount is what is on its way back; the bank and the sender are a pair. Source: benefit transfer
//! audit of Haryana, which found a gap between what bounced and what was credited back; ISO 20022
//! camt.054 with reason RRTN.

use crate::ledger::hop::Hop;
use crate::ledger::parameter::Parameter;
use crate::ledger::registry::PartyKind;
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
pub struct ReturnNotRecredited;

impl Detector for ReturnNotRecredited {
    fn rule(&self) -> Rule {
        Rule::L28
    }

    fn examine(&self, event: &Event<'_>, at: &At, facts: &Facts, found: &mut Found) {
        let hop = match event {
            Event::Opened(hop, _) | Event::Changed(hop, _) => hop,
            Event::Due(rule, Due::Hop(hop)) if *rule == self.rule() => hop,
            _ => return,
        };
        if !is_bounce(hop, facts) {
            return;
        }
        let Some(allocation) = facts.allocation(hop) else { return };
        let deadline = deadline(hop, allocation, facts);
        match event {
            Event::Changed(_, before) if at.now > deadline && is_open(hop) != is_open(before) => {
                found.judge(Subject::Hop(hop.id), conclusion(hop, allocation, deadline));
            }
            Event::Changed(..) => {}
            _ if at.now > deadline => {
                if let Some(conclusion) = conclusion(hop, allocation, deadline) {
                    found.holds(Subject::Hop(hop.id), conclusion);
                }
            }
            _ if is_open(hop) => found.wake(deadline, Wake::HopsOf(hop.id.0.entry())),
            _ => {}
        }
    }
}

/// Whether a bank brings back what bounced; money that it gives back was its own to pass on.
fn is_bounce(hop: &Hop, facts: &Facts) -> bool {
    let is_return = hop.kind == HopKind::Return && !hop.from_balance;
    is_return && hop.from.is_some_and(|from| facts.kind(from) == Some(PartyKind::Provider))
}

fn is_open(hop: &Hop) -> bool {
    hop.figures.arrived.is_none() && hop.state != HopState::Reversed && !hop.is_bounced_whole()
}

fn deadline(hop: &Hop, allocation: &AllocationFile, facts: &Facts) -> Millis {
    let days = facts.value(allocation.programme, Parameter::BounceDays);
    facts.end_of_day(allocation.programme, hop.sent_at, days)
}

fn conclusion(hop: &Hop, allocation: &AllocationFile, deadline: Millis) -> Option<Conclusion> {
    if !is_open(hop) {
        return None;
    }
    let operands = [("s", hop.sent.into()), ("f", hop.figures.deducted.into()), ("q", hop.refused.into())];
    let conclusion = Conclusion::new(Rule::L28, Equation::new("s - f - q", &operands)).of_hop(hop, allocation);
    Some(Conclusion { since: Some(deadline), ..conclusion })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::World;
    use crate::ledger::ids::{HopId, Place};

    /// A payment of 100 of which the bank says that 60 came back: the hop back.
    fn bounced(world: &mut World) -> HopId {
        let hop = world.sent("county", "r1", 100);
        let entry = world.banked(hop, None, Some(60), None);
        HopId(Place::new(entry, 0).expect("in range"))
    }

    #[test]
    fn a_bounce_that_the_sender_does_not_have_after_five_days_is_found() {
        let mut world = World::new();
        let back = bounced(&mut world);
        world.pass(5);
        world.none(&ReturnNotRecredited);
        world.pass(1);
        let finding = world.only(&ReturnNotRecredited);
        assert_eq!((finding.amount(), finding.hops), (60, vec![back]));
        let pair = (finding.responsible, finding.counterparty);
        assert_eq!(pair, (Some(world.key("bank")), Some(world.key("county"))));
        assert_eq!(finding.equation.to_string(), "s - f - q = 60 - 0 - 0 = 60");
    }

    #[test]
    fn one_that_is_acknowledged_in_time_is_right() {
        let mut world = World::new();
        let back = bounced(&mut world);
        world.answered(back, 60);
        world.pass(7);
        assert!(world.history(&ReturnNotRecredited).is_empty());
    }

    #[test]
    fn a_late_acknowledgement_resolves_it() {
        let mut world = World::new();
        let back = bounced(&mut world);
        world.pass(6);
        assert_eq!(world.only(&ReturnNotRecredited).amount(), 60);
        world.answered(back, 60);
        world.none(&ReturnNotRecredited);
    }

    #[test]
    fn money_that_other_parties_give_back_is_not_meant() {
        let mut world = World::new();
        let hop = world.sent("county", "town", 100);
        world.answered(hop, 100);
        let token = world.token_of("town", hop);
        world.given_back("town", token, "county", 100);
        world.pass(9);
        world.none(&ReturnNotRecredited);
    }
}
