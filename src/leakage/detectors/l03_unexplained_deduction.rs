//! L03, unexplained deduction (截留): a deduction off the programme's schedule, or above its cap.
//!
//! On a hop: `f` less the part that the schedule allowed when each deduction was declared (per code,
//! the lower of an amount and a share of `s`); later schedules change nothing. Kept by a sender for
//! itself: the whole of what the ledger put aside as missing for that reason, one finding for each
//! token. Responsible is who sent the money, or kept it. A deduction stays unexplained when it is
//! paid back: that is what a case records. Source: audits of withheld funds (截留); networks that
//! pay cash cap fees and exchange at about a tenth.

use crate::ledger::hop::Hop;
use crate::ledger::token::Token;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct UnexplainedDeduction;

impl Detector for UnexplainedDeduction {
    fn rule(&self) -> Rule {
        Rule::L03
    }

    fn examine(&self, event: &Event<'_>, at: &At, facts: &Facts, found: &mut Found) {
        match event {
            Event::Kept(token) => {
                if let Some(conclusion) = kept(token, at, facts) {
                    found.holds(Subject::Token(token.id), conclusion);
                }
            }
            Event::Opened(hop, _) if hop.figures.deducted > 0 => {
                if let Some(conclusion) = declared(hop, at, facts) {
                    found.holds(Subject::Hop(hop.id), conclusion);
                }
            }
            Event::Changed(hop, before) if hop.figures.deducted != before.figures.deducted => {
                match declared(hop, at, facts) {
                    Some(conclusion) => found.holds(Subject::Hop(hop.id), conclusion),
                    None if before.figures.deducted > 0 => found.clear(Subject::Hop(hop.id)),
                    None => {}
                }
            }
            _ => {}
        }
    }
}

fn declared(hop: &Hop, at: &At, facts: &Facts) -> Option<Conclusion> {
    let lawful = match facts.is_to_recipient(hop) {
        true => facts.payment(hop)?.2.lawful,
        false => facts.hop(hop.id)?.lawful,
    };
    let (allocation, deducted) = (facts.allocation(hop)?, hop.figures.deducted);
    if deducted <= lawful {
        return None;
    }
    let equation = Equation::new("f - lawful", &[("f", deducted.into()), ("lawful", lawful.into())]);
    Some(Conclusion {
        counterparty: None,
        recipient: facts.person(hop),
        entries: [hop.id.0.entry()].into_iter().chain(at.entry).collect(),
        ..Conclusion::new(Rule::L03, equation).of_hop(hop, allocation)
    })
}

fn kept(token: &Token, at: &At, facts: &Facts) -> Option<Conclusion> {
    let allocation = facts.files.allocations.get(&token.allocation)?;
    Some(Conclusion {
        currency: Some(allocation.currency),
        responsible: token.holder.or(Some(token.accountable)),
        programme: Some(allocation.programme),
        cycle: Some(allocation.cycle.clone()),
        purpose: Some(allocation.purpose.clone()),
        area: Some(token.area),
        hops: token.hop.into_iter().collect(),
        entries: at.entry.into_iter().collect(),
        ..Conclusion::new(Rule::L03, Equation::new("kept", &[("kept", token.amount.into())]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{With, World};

    fn deducting(deductions: &[(&'static str, i64)]) -> With {
        With { deductions: deductions.to_vec(), ..With::default() }
    }

    #[test]
    fn what_is_above_the_cap_or_off_the_schedule_is_found() {
        let mut world = World::new();
        world.sent_with("bureau", "county", 900, &deducting(&[("FEE", 12), ("TEA", 5)]));
        let finding = world.only(&UnexplainedDeduction);
        assert_eq!((finding.amount(), finding.responsible), (7, Some(world.key("bureau"))));
        assert_eq!((finding.counterparty, finding.recipient), (None, None));
        assert_eq!(finding.equation.to_string(), "f - lawful = 17 - 10 = 7");
    }

    #[test]
    fn a_scheduled_fee_within_its_cap_is_explained() {
        let mut world = World::new();
        let hop = world.sent_with("bureau", "county", 900, &deducting(&[("FEE", 4)]));
        world.answered_with(hop, 890, &deducting(&[("FEE", 6)]));
        world.sent_with("county", "r1", 100, &deducting(&[("FEE", 10)]));
        world.none(&UnexplainedDeduction);
    }

    #[test]
    fn a_deduction_of_an_acknowledgement_counts_from_then_and_goes_with_it() {
        let mut world = World::new();
        let hop = world.sent("county", "town", 100);
        let entry = world.answered_with(hop, 90, &deducting(&[("TEA", 10)]));
        assert_eq!(world.only(&UnexplainedDeduction).entries, vec![hop.0.entry(), entry]);
        world.unacknowledged("town", "county", entry);
        world.none(&UnexplainedDeduction);
    }

    #[test]
    fn a_later_schedule_changes_nothing_of_what_was_declared_before() {
        let mut world = World::new();
        let hop = world.sent_with("bureau", "county", 900, &deducting(&[("FEE", 10)]));
        world.schedule("PENSION", &[("TAX", 3)]);
        world.answered_with(hop, 886, &deducting(&[("TAX", 4)]));
        let finding = world.only(&UnexplainedDeduction);
        assert_eq!(finding.equation.to_string(), "f - lawful = 14 - 13 = 1");
    }

    #[test]
    fn what_a_sender_keeps_is_found_for_each_code() {
        let mut world = World::new();
        let keep = With { keep: vec![("FEE", 30), ("TEA", 5)], ..With::default() };
        world.sent_with("bureau", "county", 600, &keep);
        let findings = world.findings(&UnexplainedDeduction);
        let mut amounts: Vec<i64> = findings.iter().map(|finding| finding.conclusion.amount()).collect();
        amounts.sort_unstable();
        assert_eq!(amounts, vec![5, 20]);
        assert!(findings.iter().all(|finding| finding.conclusion.responsible == Some(world.key("bureau"))));
    }

    #[test]
    fn a_recipients_payment_is_judged_as_a_hop_is() {
        let mut world = World::new();
        world.sent_with("county", "r1", 100, &deducting(&[("FEE", 11)]));
        let finding = world.only(&UnexplainedDeduction);
        assert_eq!((finding.amount(), finding.recipient), (1, Some(world.key("r1"))));
    }
}
