//! L24, split payments: several payments below the approval threshold that together reach it.
//!
//! In a programme with an approval threshold, two or more payments of one party to one payee within
//! the days of `L24.days`, each below the threshold, with a sum not below it. One finding for each
//! window, from its first payment on; later ones bring it up to date, and a reversed one counts no
//! more. Source: procurement audits, which look for orders that were split to stay below a limit.

use crate::ledger::hop::Hop;
use crate::ledger::ids::HopId;
use crate::ledger::parameter::Parameter;
use crate::ledger::time::{DAY_MS, Millis};
use crate::ledger::token::{HopKind, HopState};

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::AllocationFile;
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct SplitPayments;

impl Detector for SplitPayments {
    fn rule(&self) -> Rule {
        Rule::L24
    }

    fn examine(&self, event: &Event<'_>, _: &At, facts: &Facts, found: &mut Found) {
        match event {
            Event::Opened(hop, _) if is_payment(hop) => opened(hop, facts, found),
            Event::Changed(hop, before) if hop.state == HopState::Reversed && before.state != HopState::Reversed => {
                reversed(hop, facts, found);
            }
            _ => {}
        }
    }
}

fn is_payment(hop: &Hop) -> bool {
    matches!(hop.kind, HopKind::Transfer | HopKind::Delivery)
}

fn opened(hop: &Hop, facts: &Facts, found: &mut Found) {
    let Some((allocation, threshold)) = threshold(hop, facts) else { return };
    if hop.sent >= threshold {
        return;
    }
    let window = window(hop, allocation, facts);
    if let Some(first) = window.first()
        && let Some(conclusion) = conclusion(hop, allocation, threshold, &window)
    {
        found.holds(subject(hop, allocation, first.0), conclusion);
    }
}

/// The window without a payment that was taken back; it began with that one perhaps.
fn reversed(hop: &Hop, facts: &Facts, found: &mut Found) {
    let Some((allocation, threshold)) = threshold(hop, facts) else { return };
    let window = window(hop, allocation, facts);
    let first = window.first().map_or(hop.sent_at, |first| first.0);
    if first >= hop.sent_at {
        found.clear(subject(hop, allocation, hop.sent_at));
    }
    found.judge(subject(hop, allocation, first), conclusion(hop, allocation, threshold, &window));
}

fn threshold<'a>(hop: &Hop, facts: &'a Facts) -> Option<(&'a AllocationFile, i64)> {
    let allocation = facts.allocation(hop)?;
    let threshold = facts.value(allocation.programme, Parameter::ApprovalThreshold);
    (threshold > 0).then_some((allocation, threshold))
}

fn subject(hop: &Hop, allocation: &AllocationFile, first: Millis) -> Subject {
    Subject::Pair(allocation.programme, hop.from.unwrap_or(hop.accountable), hop.to, first)
}

/// The payments between the two within the days before the newest, the earliest first.
fn window(hop: &Hop, allocation: &AllocationFile, facts: &Facts) -> Vec<(Millis, i64, HopId)> {
    let key = hop.from.map(|from| (allocation.programme, from, hop.to));
    let mut window = key.and_then(|key| facts.files.pairs.get(&key)).map_or_else(Vec::new, |file| file.recent.clone());
    let days = facts.value(allocation.programme, Parameter::SplitDays);
    let newest = window.iter().map(|(when, ..)| *when).max().unwrap_or_default();
    window.retain(|(when, ..)| *when > newest.plus(-days * DAY_MS));
    window.sort_unstable();
    window
}

fn conclusion(
    hop: &Hop,
    allocation: &AllocationFile,
    threshold: i64,
    window: &[(Millis, i64, HopId)],
) -> Option<Conclusion> {
    let sum: i128 = window.iter().map(|(_, sent, _)| i128::from(*sent)).sum();
    if window.len() < 2 || sum < i128::from(threshold) {
        return None;
    }
    let names: Vec<String> = (1..=window.len()).map(|at| format!("s_{at}")).collect();
    let operands: Vec<(&str, i128)> =
        names.iter().zip(window).map(|(name, (_, sent, _))| (name.as_str(), i128::from(*sent))).collect();
    let conclusion = Conclusion::new(Rule::L24, Equation::new(&names.join(" + "), &operands)).of_hop(hop, allocation);
    Some(Conclusion {
        responsible: hop.from,
        counterparty: None,
        hops: window.iter().map(|(.., hop)| *hop).collect(),
        entries: window.iter().map(|(.., hop)| hop.0.entry()).collect(),
        since: window.first().map(|first| first.0),
        ..conclusion
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::World;

    fn world() -> World {
        let mut world = World::new();
        world.thresholds(&[("approval.threshold", 1_000)]);
        world
    }

    #[test]
    fn two_payments_below_the_threshold_that_reach_it_together_are_a_split() {
        let mut world = world();
        let first = world.sent("treasury", "school", 400);
        world.pass(6);
        let second = world.sent("treasury", "school", 600);
        let finding = world.only(&SplitPayments);
        assert_eq!(finding.equation.to_string(), "s_1 + s_2 = 400 + 600 = 1000");
        assert_eq!((finding.responsible, finding.counterparty), (Some(world.key("treasury")), None));
        assert_eq!(finding.hops, [first, second]);
    }

    #[test]
    fn a_later_payment_brings_the_same_split_up_to_date() {
        let mut world = world();
        for _ in 0..3 {
            world.sent("treasury", "school", 500);
        }
        assert_eq!(world.only(&SplitPayments).amount(), 1_500);
        assert_eq!(world.history(&SplitPayments).len(), 1);
    }

    #[test]
    fn payments_at_the_threshold_or_far_apart_or_to_others_or_below_it_in_all_are_no_split() {
        let mut world = world();
        world.sent("treasury", "school", 1_000);
        world.sent("treasury", "school", 600);
        world.sent("treasury", "county", 600);
        world.sent("treasury", "town", 500);
        world.sent("treasury", "town", 499);
        world.pass(8);
        world.sent("treasury", "school", 600);
        world.none(&SplitPayments);
    }

    #[test]
    fn a_programme_without_a_threshold_knows_no_split() {
        let mut world = World::new();
        world.sent("treasury", "school", 600);
        world.sent("treasury", "school", 600);
        world.none(&SplitPayments);
    }

    #[test]
    fn a_payment_taken_back_ends_the_split_whether_it_was_first_or_last() {
        for taken_back in [0, 1] {
            let mut world = world();
            let hops = [world.sent("treasury", "school", 600), world.sent("treasury", "school", 600)];
            assert_eq!(world.only(&SplitPayments).amount(), 1_200);
            world.reversed("treasury", hops[taken_back]);
            world.none(&SplitPayments);
        }
    }
}
