//! L04, unacknowledged hop: sent, past its due time, and nobody has answered.
//!
//! `r` is null and the time allowed is over: `due` is written into the hop when it is sent. The
//! amount is what nobody says anything of, `s - f - q` less what the bank booked. Hops of every kind
//! count, deliveries and returns too; those that an import reported do not. Sender and receiver are
//! a pair. Ages count from `due`. Money that was declared lost is still not acknowledged. Source:
//! fund transfer orders of MGNREGA that stay pending.

use crate::ledger::hop::Hop;
use crate::ledger::token::HopState;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Due, Event, Wake};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct UnacknowledgedHop;

impl Detector for UnacknowledgedHop {
    fn rule(&self) -> Rule {
        Rule::L04
    }

    fn examine(&self, event: &Event<'_>, at: &At, facts: &Facts, found: &mut Found) {
        match event {
            Event::Opened(hop, _) if open(hop) > 0 => found.wake(hop.due, Wake::HopsOf(hop.id.0.entry())),
            Event::Due(rule, Due::Hop(hop)) if *rule == self.rule() && at.now > hop.due => {
                if let Some(conclusion) = conclusion(hop, facts) {
                    found.holds(Subject::Hop(hop.id), conclusion);
                }
            }
            // Before it is due nothing was said of it.
            Event::Changed(hop, before) if at.now > hop.due && open(hop) != open(before) => {
                found.judge(Subject::Hop(hop.id), conclusion(hop, facts));
            }
            _ => {}
        }
    }
}

/// What of a hop nobody says anything of; nothing once it is answered.
fn open(hop: &Hop) -> i64 {
    if hop.reported || hop.figures.arrived.is_some() || hop.state == HopState::Reversed {
        return 0;
    }
    hop.sent - hop.figures.deducted - hop.refused - booked(hop)
}

/// What the bank booked of it; a surplus that it claims is no part of it.
fn booked(hop: &Hop) -> i64 {
    hop.credited.unwrap_or(0).min(hop.sent - hop.figures.deducted - hop.refused)
}

fn conclusion(hop: &Hop, facts: &Facts) -> Option<Conclusion> {
    let allocation = facts.allocation(hop).filter(|_| open(hop) > 0)?;
    let equation = Equation::new(
        "s - f - q - booked",
        &[
            ("s", hop.sent.into()),
            ("f", hop.figures.deducted.into()),
            ("q", hop.refused.into()),
            ("booked", booked(hop).into()),
        ],
    );
    Some(Conclusion {
        recipient: facts.person(hop),
        since: Some(hop.due),
        ..Conclusion::new(Rule::L04, equation).of_hop(hop, allocation)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::World;

    #[test]
    fn a_hop_that_nobody_answers_is_found_once_its_time_is_over() {
        let mut world = World::new();
        let hop = world.sent("bureau", "county", 900);
        world.pass(5);
        world.none(&UnacknowledgedHop);
        world.pass(1);
        let finding = world.only(&UnacknowledgedHop);
        assert_eq!((finding.amount(), finding.since), (900, Some(world.hop(hop).due)));
        let pair = (finding.responsible, finding.counterparty);
        assert_eq!(pair, (Some(world.key("bureau")), Some(world.key("county"))));
        assert_eq!(finding.equation.to_string(), "s - f - q - booked = 900 - 0 - 0 - 0 = 900");
    }

    #[test]
    fn answered_booked_and_reversed_hops_are_not_open() {
        let mut world = World::new();
        let short = world.sent("bureau", "county", 900);
        world.answered(short, 0);
        let booked = world.sent("county", "r1", 100);
        world.banked(booked, Some(100), None, None);
        let slip = world.sent("bureau", "county", 50);
        world.reversed("bureau", slip);
        world.pass(7);
        world.none(&UnacknowledgedHop);
        assert!(world.history(&UnacknowledgedHop).is_empty());
    }

    #[test]
    fn a_delivery_that_is_partly_booked_and_partly_bounced_is_open_for_the_rest() {
        let mut world = World::new();
        let hop = world.sent("county", "r1", 100);
        world.banked(hop, Some(30), Some(20), None);
        world.pass(6);
        let of_hop = |finding: &&crate::leakage::finding::Finding| finding.conclusion.hops == vec![hop];
        let findings = world.findings(&UnacknowledgedHop);
        let conclusion = &findings.iter().find(of_hop).expect("it is open").conclusion;
        assert_eq!(conclusion.equation.to_string(), "s - f - q - booked = 100 - 0 - 20 - 30 = 50");
        assert_eq!(conclusion.recipient, Some(world.key("r1")));
    }

    #[test]
    fn a_late_answer_resolves_it_and_its_reversal_raises_it_again() {
        let mut world = World::new();
        let hop = world.sent("bureau", "county", 900);
        world.pass(6);
        let entry = world.answered(hop, 900);
        world.none(&UnacknowledgedHop);
        world.unacknowledged("county", "bureau", entry);
        assert_eq!(world.only(&UnacknowledgedHop).amount(), 900);
    }
}
