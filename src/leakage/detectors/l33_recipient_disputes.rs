//! L33, recipient disputes: the recipient says that less came than was sent, or nothing.
//!
//! The word on a payment is below `s - f - q`, and some of it is still disputed: a higher word, a
//! bounce or a supervisor's decision ends it. The amount is what the word leaves open. Sender and
//! recipient are a pair: who of them has the money is not known yet. Source: post-distribution
//! monitoring (HOPE: NOT_RECEIVED, RECEIVED_WITH_ISSUES).

use crate::ledger::hop::Hop;
use crate::ledger::token::HopState;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::payments;
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct RecipientDisputes;

impl Detector for RecipientDisputes {
    fn rule(&self) -> Rule {
        Rule::L33
    }

    fn examine(&self, event: &Event<'_>, at: &At, facts: &Facts, found: &mut Found) {
        let (hop, held) = match event {
            Event::Opened(hop, _) => (hop, false),
            Event::Changed(hop, before) => (hop, before.state == HopState::Disputed),
            _ => return,
        };
        if hop.state == HopState::Disputed || held {
            payments::say(found, Subject::Hop(hop.id), conclusion(hop, at, facts), held);
        }
    }
}

fn conclusion(hop: &Hop, at: &At, facts: &Facts) -> Option<Conclusion> {
    let word = hop.figures.arrived.filter(|_| hop.state == HopState::Disputed && facts.is_to_recipient(hop))?;
    hop.shortfall().filter(|open| *open > 0)?;
    let operands =
        [("s", hop.sent.into()), ("f", hop.figures.deducted.into()), ("q", hop.refused.into()), ("v", word.into())];
    let equation = Equation::new("s - f - q - v", &operands);
    let conclusion = Conclusion::new(Rule::L33, equation).of_hop(hop, facts.allocation(hop)?);
    let entries = conclusion.entries.iter().copied().chain(at.entry).collect();
    Some(Conclusion { recipient: Some(hop.to), entries, since: hop.figures.answered_at, ..conclusion })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{With, World};
    use crate::ledger::operation::Decision;

    #[test]
    fn a_word_below_what_was_sent_is_found() {
        let mut world = World::new();
        let with = With { deductions: vec![("FEE", 10)], ..With::default() };
        let hop = world.sent_with("county", "r1", 500, &with);
        world.answered(hop, 489);
        let finding = world.only(&RecipientDisputes);
        assert_eq!((finding.amount(), finding.responsible), (1, Some(world.key("county"))));
        assert_eq!((finding.counterparty, finding.recipient), (Some(world.key("r1")), Some(world.key("r1"))));
        assert_eq!(finding.equation.to_string(), "s - f - q - v = 500 - 10 - 0 - 489 = 1");
    }

    #[test]
    fn the_whole_no_word_and_a_partys_shortfall_are_no_dispute() {
        let mut world = World::new();
        let with = With { deductions: vec![("FEE", 10)], ..With::default() };
        let hop = world.sent_with("county", "r1", 500, &with);
        world.answered(hop, 490);
        world.sent("county", "r2", 500);
        let short = world.sent("bureau", "county", 500);
        world.answered(short, 400);
        assert!(world.history(&RecipientDisputes).is_empty());
    }

    #[test]
    fn a_word_taken_back_is_found_and_a_higher_one_resolves_it() {
        let mut world = World::new();
        let hop = world.sent("county", "r1", 500);
        world.answered(hop, 500);
        world.disputed(hop, 100);
        assert_eq!(world.only(&RecipientDisputes).amount(), 400);
        world.answered(hop, 450);
        assert_eq!(world.only(&RecipientDisputes).amount(), 50);
        world.answered(hop, 500);
        world.none(&RecipientDisputes);
    }

    #[test]
    fn a_decision_or_a_bounce_ends_it() {
        for decision in [Some(Decision::Upheld), Some(Decision::Dismissed), None] {
            let mut world = World::new();
            let hop = world.sent("county", "r1", 500);
            world.answered(hop, 100);
            assert_eq!(world.only(&RecipientDisputes).amount(), 400);
            match decision {
                Some(decision) => world.decided(hop, decision),
                None => world.banked(hop, None, Some(400), None),
            };
            world.none(&RecipientDisputes);
        }
    }
}
