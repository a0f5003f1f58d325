//! L34, contradiction: bank or agent and recipient cannot both be right.
//!
//! One of three. The bank says that more was credited than the recipient says came: `x - v`, where
//! `x` is what of the credit has not bounced. Or somebody says that the payment was collected, and the
//! recipient that nothing came: `s - f - q - v`. Or the bank returned all of it, and the recipient
//! says that some came: `v`. Bank (without one the sender) and recipient are a pair. A later word or
//! later evidence resolves it; a decision on the dispute does not, since both statements still stand.
//! Source: performance audits of direct benefit transfer (CAG, Kerala).

use crate::ledger::hop::Hop;
use crate::ledger::note::{EvidenceKind, Noted};

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::booked;
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::payments;
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct Contradiction;

impl Detector for Contradiction {
    fn rule(&self) -> Rule {
        Rule::L34
    }

    fn examine(&self, event: &Event<'_>, at: &At, facts: &Facts, found: &mut Found) {
        let (hop, held) = match event {
            Event::Noted(note, Some(hop)) if is_collection(&note.fact) => (hop, false),
            Event::Opened(hop, _) => (hop, false),
            Event::Changed(hop, before) => (hop, conclusion(before, at, facts).is_some()),
            _ => return,
        };
        payments::say(found, Subject::Hop(hop.id), conclusion(hop, at, facts), held);
    }
}

fn is_collection(fact: &Noted) -> bool {
    matches!(fact, Noted::Evidence(evidence) if evidence.kind == EvidenceKind::Collected)
}

fn conclusion(hop: &Hop, at: &At, facts: &Facts) -> Option<Conclusion> {
    let word = hop.figures.arrived.filter(|_| facts.is_to_recipient(hop))?;
    let net = hop.sent - hop.figures.deducted;
    let credited = booked(hop.credited, net, hop.refused);
    let collected = facts.hop(hop.id).and_then(|file| file.collected).filter(|_| word == 0 && net > hop.refused);
    let v = ("v", word.into());
    let equation = if credited > word {
        Equation::new("x - v", &[("x", credited.into()), v])
    } else if collected.is_some() {
        let operands = [("s", hop.sent.into()), ("f", hop.figures.deducted.into()), ("q", hop.refused.into()), v];
        Equation::new("s - f - q - v", &operands)
    } else if hop.is_bounced_whole() && word > 0 {
        Equation::new("v", &[v])
    } else {
        return None;
    };
    let conclusion = Conclusion::new(Rule::L34, equation).of_hop(hop, facts.allocation(hop)?);
    let collected = collected.filter(|_| credited <= word).map(|(_, note)| note.0.entry());
    Some(Conclusion {
        responsible: hop.via.or(conclusion.responsible),
        recipient: Some(hop.to),
        entries: conclusion.entries.iter().copied().chain(collected).chain(at.entry).collect(),
        since: hop.figures.answered_at,
        ..conclusion
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{With, World, digest, line};
    use crate::ledger::ids::HopId;
    use crate::ledger::lines::EvidenceLine;

    fn by_bank(world: &mut World, amount: i64) -> HopId {
        world.sent_with("county", "r1", amount, &With { via: Some("bank"), ..With::default() })
    }

    fn collected(world: &mut World, hop: HopId) -> u64 {
        let line = EvidenceLine { digest: Some(digest("collector")), ..line(EvidenceKind::Collected) };
        world.evidence_of_hop("county", EvidenceKind::Collected, hop, &line)
    }

    #[test]
    fn a_credit_that_the_recipient_denies_is_found_whoever_speaks_first() {
        for bank_first in [true, false] {
            let mut world = World::new();
            let hop = by_bank(&mut world, 500);
            if bank_first {
                world.banked(hop, Some(500), None, None);
                world.none(&Contradiction);
                world.answered(hop, 499);
            } else {
                world.answered(hop, 499);
                world.banked(hop, Some(500), None, None);
            }
            let finding = world.only(&Contradiction);
            assert_eq!((finding.amount(), finding.responsible), (1, Some(world.key("bank"))));
            assert_eq!((finding.counterparty, finding.recipient), (Some(world.key("r1")), Some(world.key("r1"))));
            assert_eq!(finding.equation.to_string(), "x - v = 500 - 499 = 1");
        }
    }

    #[test]
    fn a_credit_confirmed_or_a_denial_of_what_nobody_credited_is_none() {
        let mut world = World::new();
        let hops = [by_bank(&mut world, 500), by_bank(&mut world, 500), by_bank(&mut world, 500)];
        world.banked(hops[0], Some(500), None, None);
        world.answered(hops[0], 500);
        world.answered(hops[1], 0);
        world.banked(hops[2], Some(300), Some(200), None);
        world.answered(hops[2], 300);
        assert!(world.history(&Contradiction).is_empty());
    }

    #[test]
    fn a_higher_word_or_the_banks_return_resolves_it() {
        for by_word in [true, false] {
            let mut world = World::new();
            let hop = by_bank(&mut world, 500);
            world.banked(hop, Some(500), None, None);
            world.answered(hop, 0);
            assert_eq!(world.only(&Contradiction).amount(), 500);
            match by_word {
                true => world.answered(hop, 500),
                false => world.banked(hop, None, Some(500), None),
            };
            world.none(&Contradiction);
        }
    }

    #[test]
    fn a_collection_that_the_recipient_denies_is_found_whoever_speaks_first() {
        for agent_first in [true, false] {
            let mut world = World::new();
            let hop = world.sent("county", "r1", 500);
            let entry = if agent_first {
                let entry = collected(&mut world, hop);
                world.none(&Contradiction);
                world.answered(hop, 0);
                entry
            } else {
                world.answered(hop, 0);
                collected(&mut world, hop)
            };
            let finding = world.only(&Contradiction);
            assert_eq!((finding.amount(), finding.responsible), (500, Some(world.key("county"))));
            assert!(finding.entries.contains(&entry));
            assert_eq!(finding.equation.to_string(), "s - f - q - v = 500 - 0 - 0 - 0 = 500");
            world.answered(hop, 500);
            world.none(&Contradiction);
        }
    }

    #[test]
    fn a_payment_that_the_bank_returned_and_the_recipient_received_is_found() {
        let mut world = World::new();
        let hop = by_bank(&mut world, 500);
        world.banked(hop, None, Some(500), None);
        world.none(&Contradiction);
        world.answered(hop, 120);
        let finding = world.only(&Contradiction);
        assert_eq!((finding.amount(), finding.responsible), (120, Some(world.key("bank"))));
        assert_eq!(finding.equation.to_string(), "v = 120 = 120");
        world.disputed(hop, 0);
        world.none(&Contradiction);
    }
}
