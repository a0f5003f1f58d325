//! L32, bank amount mismatch: the bank credited another amount than was instructed.
//!
//! The bank states `x` credited in all on a payment to a recipient, and `x` is above zero and differs
//! from `i = s - f - q`. Judged when the bank states `x`. What bounces from the account after that is
//! told by `q` alone: it makes no mismatch of a credit that fitted, and may resolve one below `i`.
//! Bank and sender are a pair. Source: bank reconciliation, amounts that differ.

use crate::ledger::hop::Hop;
use crate::ledger::ids::PartyKey;
use crate::ledger::token::{HopKind, HopState};

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct BankMismatch;

impl Detector for BankMismatch {
    fn rule(&self) -> Rule {
        Rule::L32
    }

    fn examine(&self, event: &Event<'_>, at: &At, facts: &Facts, found: &mut Found) {
        let Event::Changed(hop, before) = event else { return };
        let of = |hop: &Hop| (hop.credited, instructed(hop));
        if hop.kind != HopKind::Delivery || of(hop) == of(before) || !facts.is_to_recipient(hop) {
            return;
        }
        let is_stated = hop.credited != before.credited;
        match mismatch(hop) {
            Some(more) if !is_stated && more > 0 => {}
            Some(_) => {
                if let Some(conclusion) = conclusion(hop, at.party, at.entry, facts) {
                    found.holds(Subject::Hop(hop.id), conclusion);
                }
            }
            None if mismatch(before).is_some() => found.clear(Subject::Hop(hop.id)),
            None => {}
        }
    }
}

/// `i`: what the bank was to credit.
fn instructed(hop: &Hop) -> i64 {
    hop.sent - hop.figures.deducted - hop.refused
}

/// `x - i`, where something was credited and it is not zero.
fn mismatch(hop: &Hop) -> Option<i64> {
    let credited = hop.credited.filter(|credited| *credited > 0 && hop.state != HopState::Reversed)?;
    Some(credited.saturating_sub(instructed(hop))).filter(|more| *more != 0)
}

fn conclusion(hop: &Hop, by: Option<PartyKey>, entry: Option<u64>, facts: &Facts) -> Option<Conclusion> {
    let equation = Equation::new(
        "max(x - (s - f - q), (s - f - q) - x)",
        &[
            ("x", hop.credited?.into()),
            ("s", hop.sent.into()),
            ("f", hop.figures.deducted.into()),
            ("q", hop.refused.into()),
        ],
    );
    let conclusion = Conclusion::new(Rule::L32, equation).of_hop(hop, facts.allocation(hop)?);
    Some(Conclusion {
        responsible: hop.via.or(by),
        counterparty: Some(hop.accountable),
        recipient: Some(hop.to),
        entries: [hop.id.0.entry()].into_iter().chain(entry).collect(),
        ..conclusion
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::World;

    #[test]
    fn a_credit_below_or_above_what_was_instructed_is_found() {
        for (credited, text) in [
            (499, "max(x - (s - f - q), (s - f - q) - x) = max(499 - (500 - 0 - 0), (500 - 0 - 0) - 499) = 1"),
            (503, "max(x - (s - f - q), (s - f - q) - x) = max(503 - (500 - 0 - 0), (500 - 0 - 0) - 503) = 3"),
        ] {
            let mut world = World::new();
            let hop = world.sent("county", "r1", 500);
            world.banked(hop, Some(credited), None, None);
            let finding = world.only(&BankMismatch);
            assert_eq!(finding.equation.to_string(), text);
            let pair = (finding.responsible, finding.counterparty, finding.recipient);
            assert_eq!(pair, (Some(world.key("bank")), Some(world.key("county")), Some(world.key("r1"))));
        }
    }

    #[test]
    fn the_whole_or_what_did_not_bounce_or_nothing_is_no_mismatch() {
        let mut world = World::new();
        let whole = world.sent("county", "r1", 500);
        world.banked(whole, Some(500), None, None);
        world.banked(whole, None, Some(100), None);
        let part = world.sent("county", "r2", 500);
        world.banked(part, Some(400), Some(100), None);
        let nothing = world.sent("county", "r3", 500);
        world.banked(nothing, Some(0), None, None);
        assert!(world.history(&BankMismatch).is_empty());
    }

    #[test]
    fn the_rest_credited_or_bounced_resolves_it() {
        let mut world = World::new();
        let (credited, bounced) = (world.sent("county", "r1", 500), world.sent("county", "r2", 500));
        world.banked(credited, Some(400), None, None);
        world.banked(bounced, Some(400), None, None);
        assert_eq!(world.findings(&BankMismatch).len(), 2);
        world.banked(credited, Some(500), None, None);
        world.banked(bounced, None, Some(60), None);
        assert_eq!(world.only(&BankMismatch).amount(), 40);
        world.banked(bounced, None, Some(40), None);
        world.none(&BankMismatch);
    }
}
