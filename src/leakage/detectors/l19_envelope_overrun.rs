//! L19, envelope overrun: more was paid out of an allocation than was declared for it.
//!
//! The allocation was declared to be paid out in so much, or to so many recipients. What its
//! deliveries sent is above the declared sum, or their number is above the declared number. The
//! amount is what was sent above the sum, or by the deliveries beyond the number in the order in
//! which they were made, whichever is more. Responsible is who sent the delivery that shows it. A
//! reversed delivery does not count. Source: utilisation above 105 per cent in expenditure audits;
//! counts per envelope in payment systems.

use crate::ledger::hop::Hop;
use crate::ledger::token::{HopKind, HopState};

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::AllocationFile;
use crate::leakage::finding::{Conclusion, Score, Subject};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct EnvelopeOverrun;

impl Detector for EnvelopeOverrun {
    fn rule(&self) -> Rule {
        Rule::L19
    }

    fn examine(&self, event: &Event<'_>, at: &At, facts: &Facts, found: &mut Found) {
        let (hop, is_reversal) = match event {
            Event::Opened(hop, _) => (hop, false),
            Event::Changed(hop, before) if hop.state == HopState::Reversed && before.state != hop.state => (hop, true),
            _ => return,
        };
        if hop.kind != HopKind::Delivery {
            return;
        }
        let Some(allocation) = facts.allocation(hop) else { return };
        if allocation.declared_total.is_none() && allocation.declared_recipients.is_none() {
            return;
        }
        let subject = Subject::Allocation(hop.allocation);
        match conclusion(hop, allocation, at) {
            Some(conclusion) => found.holds(subject, conclusion),
            None if is_reversal => found.clear(subject),
            None => {}
        }
    }
}

fn conclusion(hop: &Hop, allocation: &AllocationFile, at: &At) -> Option<Conclusion> {
    let delivered = allocation.delivered;
    let is_over = allocation.declared_total.is_some_and(|declared| delivered > declared);
    let too_many = allocation.declared_recipients.filter(|declared| allocation.deliveries > *declared);
    if !is_over && too_many.is_none() {
        return None;
    }
    let beyond = ("beyond", allocation.beyond.into());
    let equation = match allocation.declared_total {
        None => Equation::new("beyond", &[beyond]),
        Some(declared) => {
            let sums = [("delivered", delivered.into()), ("declared", declared.into())];
            match too_many {
                None => Equation::new("delivered - declared", &sums),
                Some(_) => Equation::new("max(delivered - declared, beyond)", &[sums[0], sums[1], beyond]),
            }
        }
    };
    let score = too_many.map(|declared| Score {
        equation: format!("deliveries - declared = {} - {declared}", allocation.deliveries),
        value: (allocation.deliveries - declared).to_string(),
    });
    let declaration = allocation.declared_by.map(|note| note.0.entry());
    Some(Conclusion {
        counterparty: None,
        entries: [hop.id.0.entry()].into_iter().chain(declaration).chain(at.entry).collect(),
        score,
        ..Conclusion::new(Rule::L19, equation).of_hop(hop, allocation)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{With, World};

    #[test]
    fn a_unit_above_the_declared_sum_is_found() {
        let mut world = World::new();
        let (allocation, token) = world.allocate_declared(1_000, None, Some(199));
        let hops = world.dispatch("treasury", token, &[("r1", 100), ("r2", 100)], &With::default());
        let finding = world.only(&EnvelopeOverrun);
        assert_eq!((finding.amount(), finding.responsible), (1, Some(world.key("treasury"))));
        assert_eq!(finding.equation.to_string(), "delivered - declared = 200 - 199 = 1");
        assert_eq!(finding.hops, vec![hops[1]]);
        assert_eq!(finding.entries, vec![allocation.0.entry(), hops[1].0.entry()]);
    }

    #[test]
    fn a_recipient_beyond_the_declared_number_is_found_with_the_money() {
        let mut world = World::new();
        let (_, token) = world.allocate_declared(1_000, Some(2), Some(1_000));
        let to = [("r1", 100), ("r2", 100), ("r3", 70)];
        world.dispatch("treasury", token, &to, &With::default());
        let finding = world.only(&EnvelopeOverrun);
        let equation = "max(delivered - declared, beyond) = max(270 - 1000, 70) = 70";
        assert_eq!(finding.equation.to_string(), equation);
        let score = finding.score.expect("the number is beyond");
        assert_eq!((score.equation.as_str(), score.value.as_str()), ("deliveries - declared = 3 - 2", "1"));
    }

    #[test]
    fn what_was_declared_and_transfers_on_the_way_are_within_it() {
        let mut world = World::new();
        let (_, token) = world.allocate_declared(1_000, Some(2), Some(200));
        let to = [("bureau", 800), ("r1", 100), ("r2", 100)];
        world.dispatch("treasury", token, &to, &With::default());
        world.none(&EnvelopeOverrun);
    }

    #[test]
    fn a_reversed_delivery_resolves_it() {
        let mut world = World::new();
        let (_, token) = world.allocate_declared(1_000, Some(1), None);
        let hops = world.dispatch("treasury", token, &[("r1", 100), ("r2", 60)], &With::default());
        assert_eq!(world.only(&EnvelopeOverrun).amount(), 60);
        world.reversed("treasury", hops[0]);
        world.none(&EnvelopeOverrun);
    }
}
