//! L02, hop surplus: more came than was sent.
//!
//! `s - r - f - q` of an answered hop is below zero; of a recipient `r` is the word. The amount is
//! that surplus, above zero. The sender understated what it sent or the receiver overstates what
//! came, so both are named. It gives no money away and is a breach of the books' control (C). It is
//! never set off against a shortfall elsewhere. Source: negative leakage in social audit data of
//! Andhra Pradesh, which averages hide.

use crate::ledger::hop::Hop;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct HopSurplus;

impl Detector for HopSurplus {
    fn rule(&self) -> Rule {
        Rule::L02
    }

    fn examine(&self, event: &Event<'_>, at: &At, facts: &Facts, found: &mut Found) {
        match event {
            Event::Opened(hop, _) => {
                if let Some(conclusion) = conclusion(hop, at, facts) {
                    found.holds(Subject::Hop(hop.id), conclusion);
                }
            }
            Event::Changed(hop, before) if is_surplus(hop) || is_surplus(before) => {
                found.judge(Subject::Hop(hop.id), conclusion(hop, at, facts));
            }
            _ => {}
        }
    }
}

fn is_surplus(hop: &Hop) -> bool {
    hop.shortfall().is_some_and(|shortfall| shortfall < 0)
}

fn conclusion(hop: &Hop, at: &At, facts: &Facts) -> Option<Conclusion> {
    let allocation = facts.allocation(hop).filter(|_| is_surplus(hop))?;
    let equation = Equation::new(
        "r + f + q - s",
        &[
            ("r", hop.figures.arrived.unwrap_or(0).into()),
            ("f", hop.figures.deducted.into()),
            ("q", hop.refused.into()),
            ("s", hop.sent.into()),
        ],
    );
    Some(Conclusion {
        // Of money that nobody sent the receiver alone is named.
        counterparty: (hop.to != hop.accountable).then_some(hop.to),
        recipient: facts.person(hop),
        entries: [hop.id.0.entry()].into_iter().chain(at.entry).collect(),
        ..Conclusion::new(Rule::L02, equation).of_hop(hop, allocation)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::rule::Severity;
    use crate::leakage::world::World;

    #[test]
    fn a_unit_more_than_was_sent_is_found() {
        let mut world = World::new();
        let hop = world.sent("bureau", "county", 900);
        world.answered(hop, 901);
        let finding = world.only(&HopSurplus);
        assert_eq!((finding.amount(), finding.severity), (1, Severity::C));
        let pair = (finding.responsible, finding.counterparty);
        assert_eq!(pair, (Some(world.key("bureau")), Some(world.key("county"))));
        assert_eq!(finding.equation.to_string(), "r + f + q - s = 901 + 0 + 0 - 900 = 1");
    }

    #[test]
    fn all_of_it_and_less_are_no_surplus() {
        let mut world = World::new();
        for arrived in [900, 899] {
            let hop = world.sent("bureau", "county", 900);
            world.answered(hop, arrived);
        }
        world.none(&HopSurplus);
    }

    #[test]
    fn a_recipients_lower_word_takes_a_surplus_back() {
        let mut world = World::new();
        let hop = world.sent("county", "r1", 100);
        world.answered(hop, 130);
        assert_eq!(world.only(&HopSurplus).recipient, Some(world.key("r1")));
        world.disputed(hop, 100);
        world.none(&HopSurplus);
    }
}
