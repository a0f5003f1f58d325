//! L27, collector substitution: somebody collects who is not registered for it, or for many.
//!
//! Two parts. Of a payment: who collected is neither the recipient nor the guardian nor one of the
//! registered collectors, where the registry knows any of these; the money is that of the payment.
//! Of a collector: one person collected for `L27.households` households or more, registered or not;
//! the money is all that was sent to them. Source: alternate collectors in cash programmes.

use crate::ledger::hop::Hop;
use crate::ledger::ids::NoteId;
use crate::ledger::note::{EvidenceKind, Noted, PersonDigest};
use crate::ledger::parameter::Parameter;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::{AllocationFile, RecipientFile};
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct CollectorSubstitution;

impl Detector for CollectorSubstitution {
    fn rule(&self) -> Rule {
        Rule::L27
    }

    fn examine(&self, event: &Event<'_>, _: &At, facts: &Facts, found: &mut Found) {
        let Event::Noted(note, Some(hop)) = event else { return };
        let Noted::Evidence(evidence) = &note.fact else { return };
        let Some(collector) = evidence.digest.filter(|_| evidence.kind == EvidenceKind::Collected) else { return };
        let Some(allocation) = facts.allocation(hop).filter(|_| facts.is_to_recipient(hop)) else { return };
        if facts.recipient(hop.to).is_some_and(|file| is_stranger(file, collector)) {
            found.holds(Subject::Hop(hop.id), of_payment(hop, allocation, note.id));
        }
        if let Some(conclusion) = of_collector(hop, allocation, collector, facts) {
            found.holds(Subject::Digest(collector), conclusion);
        }
    }
}

fn is_stranger(file: &RecipientFile, collector: PersonDigest) -> bool {
    let mut known = file.identity.iter().chain(&file.guardian).chain(&file.collectors).peekable();
    known.peek().is_some() && known.all(|digest| *digest != collector)
}

fn of_payment(hop: &Hop, allocation: &AllocationFile, note: NoteId) -> Conclusion {
    let (s, f, q) = (hop.sent.into(), hop.figures.deducted.into(), hop.refused.into());
    let equation = Equation::new("s - f - q", &[("s", s), ("f", f), ("q", q)]);
    let conclusion = Conclusion::new(Rule::L27, equation).of_hop(hop, allocation);
    Conclusion {
        counterparty: None,
        recipient: Some(hop.to),
        entries: vec![hop.id.0.entry(), note.0.entry()],
        ..conclusion
    }
}

fn of_collector(hop: &Hop, allocation: &AllocationFile, by: PersonDigest, facts: &Facts) -> Option<Conclusion> {
    let households = &facts.files.collectors.get(&by)?.households;
    let count = i64::try_from(households.len()).unwrap_or(i64::MAX);
    if count < facts.value(allocation.programme, Parameter::CollectorHouseholds) {
        return None;
    }
    let collected: i128 = households.iter().map(|(.., sent)| i128::from(*sent)).sum();
    let equation = Equation::new("collected", &[("collected", collected)]);
    let conclusion = Conclusion::new(Rule::L27, equation).of_hop(hop, allocation);
    Some(Conclusion {
        counterparty: None,
        hops: households.iter().map(|(_, hop, ..)| *hop).chain([hop.id]).collect(),
        entries: households.iter().flat_map(|(_, hop, note, _)| [hop.0.entry(), note.0.entry()]).collect(),
        cycle: None,
        purpose: None,
        ..conclusion
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{World, digest, id, line};
    use crate::ledger::lines::EvidenceLine;
    use crate::ledger::note::Particular;

    fn collected(world: &mut World, recipient: &str, by: &str) {
        let hop = world.sent("county", recipient, 500);
        let of = EvidenceLine { digest: Some(digest(by)), ..line(EvidenceKind::Collected) };
        world.evidence_of_hop("county", EvidenceKind::Collected, hop, &of);
    }

    #[test]
    fn a_collector_who_is_not_registered_is_found() {
        let mut world = World::new();
        world.of_recipient("r1", Particular::Collector(digest("aunt")), None);
        collected(&mut world, "r1", "stranger");
        let finding = world.only(&CollectorSubstitution);
        assert_eq!(finding.equation.to_string(), "s - f - q = 500 - 0 - 0 = 500");
        assert_eq!((finding.responsible, finding.recipient), (Some(world.key("county")), Some(world.key("r1"))));
    }

    #[test]
    fn who_is_registered_may_collect_and_of_whom_nothing_is_known_anybody() {
        let mut world = World::new();
        world.of_recipient("r1", Particular::Identity(digest("r1 herself")), None);
        world.of_recipient("r1", Particular::Guardian(digest("guardian")), None);
        world.of_recipient("r1", Particular::Collector(digest("aunt")), None);
        for by in ["r1 herself", "guardian", "aunt"] {
            collected(&mut world, "r1", by);
        }
        collected(&mut world, "r2", "somebody");
        world.none(&CollectorSubstitution);
    }

    #[test]
    fn one_collector_of_three_households_is_found_with_all_that_was_collected() {
        let mut world = World::new();
        world.of_recipient("r1", Particular::Household(id("house")), None);
        for recipient in ["r1", "r2", "r1"] {
            collected(&mut world, recipient, "clerk");
        }
        world.none(&CollectorSubstitution);
        collected(&mut world, "r3", "clerk");
        let finding = world.only(&CollectorSubstitution);
        assert_eq!(finding.equation.to_string(), "collected = 2000 = 2000");
        assert_eq!(finding.hops.len(), 3);
    }

    #[test]
    fn a_collection_that_is_said_twice_counts_once() {
        let mut world = World::new();
        world.thresholds(&[("L27.households", 2)]);
        collected(&mut world, "r1", "clerk");
        let hop = world.sent("county", "r2", 500);
        let of = EvidenceLine { digest: Some(digest("clerk")), ..line(EvidenceKind::Collected) };
        for _ in 0..2 {
            world.evidence_of_hop("county", EvidenceKind::Collected, hop, &of);
        }
        assert_eq!(world.only(&CollectorSubstitution).amount(), 1_000);
    }

    #[test]
    fn three_members_of_one_household_are_one_household() {
        let mut world = World::new();
        for recipient in ["r1", "r2", "r3"] {
            world.of_recipient(recipient, Particular::Household(id("house")), None);
            collected(&mut world, recipient, "mother");
        }
        world.none(&CollectorSubstitution);
    }
}
