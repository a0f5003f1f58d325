//! L01, hop shortfall: what was acknowledged is less than what was sent.
//!
//! `s - r - f - q` of a hop that its receiver acknowledged is above the programme's tolerance. A
//! recipient's word below what was sent is a dispute (L33), not a shortfall. Sender and receiver are
//! a pair: who of them has the money is not known yet. Source: public expenditure tracking surveys,
//! which compare what a level says it sent with what the next says it got.

use crate::ledger::hop::Hop;
use crate::ledger::parameter::Parameter;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct HopShortfall;

impl Detector for HopShortfall {
    fn rule(&self) -> Rule {
        Rule::L01
    }

    fn examine(&self, event: &Event<'_>, at: &At, facts: &Facts, found: &mut Found) {
        match event {
            Event::Opened(hop, _) => {
                if let Some(conclusion) = conclusion(hop, at, facts) {
                    found.holds(Subject::Hop(hop.id), conclusion);
                }
            }
            Event::Changed(hop, before) if hop.shortfall() != before.shortfall() => {
                let conclusion_now = conclusion(hop, at, facts);
                if conclusion_now.is_some() || conclusion(before, at, facts).is_some() {
                    found.judge(Subject::Hop(hop.id), conclusion_now);
                }
            }
            _ => {}
        }
    }
}

fn conclusion(hop: &Hop, at: &At, facts: &Facts) -> Option<Conclusion> {
    let shortfall = hop.shortfall().filter(|_| !facts.is_to_recipient(hop))?;
    let allocation = facts.allocation(hop)?;
    if shortfall <= facts.value(allocation.programme, Parameter::ShortfallTolerance) {
        return None;
    }
    let equation = Equation::new(
        "s - r - f - q",
        &[
            ("s", hop.sent.into()),
            ("r", hop.figures.arrived.unwrap_or(0).into()),
            ("f", hop.figures.deducted.into()),
            ("q", hop.refused.into()),
        ],
    );
    let conclusion = Conclusion::new(Rule::L01, equation).of_hop(hop, allocation);
    Some(Conclusion { entries: [hop.id.0.entry()].into_iter().chain(at.entry).collect(), ..conclusion })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::World;

    #[test]
    fn a_missing_unit_of_an_acknowledged_hop_is_found() {
        let mut world = World::new();
        let hop = world.sent("bureau", "county", 900);
        world.answered(hop, 899);
        let finding = world.only(&HopShortfall);
        assert_eq!((finding.amount(), finding.responsible), (1, Some(world.key("bureau"))));
        assert_eq!(finding.counterparty, Some(world.key("county")));
        assert_eq!(finding.equation.to_string(), "s - r - f - q = 900 - 899 - 0 - 0 = 1");
    }

    #[test]
    fn all_of_it_and_what_comes_later_is_no_shortfall() {
        let mut world = World::new();
        let whole = world.sent("bureau", "county", 900);
        world.answered(whole, 900);
        let late = world.sent("bureau", "county", 900);
        world.answered(late, 880);
        world.answered(late, 900);
        world.none(&HopShortfall);
    }
}
