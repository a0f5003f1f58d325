//! L37, missing evidence: money was spent and the records of it are not produced.
//!
//! Only in programmes that ask for documents within so many days. What an end payee acknowledged is
//! above what `DOCUMENT` evidence of the hop shows by then; the amount is the difference, and what
//! was produced of what was executed stands beside it. Later documents lower or resolve it; one that
//! is produced again, by its digest, counts once. A recipient's own word is the record of a payment to a person. Responsible is the sender, who has
//! to produce them. Hops that were answered before a programme began to ask are not looked at.
//! Source: social audits of Rajasthan (no record at all in 3,088 of 8,706); GAO on insufficient
//! documentation.

use crate::ledger::hop::Hop;
use crate::ledger::money::ratio;
use crate::ledger::note::{EvidenceKind, Noted};
use crate::ledger::parameter::Parameter;
use crate::ledger::registry::PartyKind;
use crate::ledger::token::HopKind;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Due, Event, Wake};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::finding::{Conclusion, Score, Subject};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct MissingEvidence;

impl Detector for MissingEvidence {
    fn rule(&self) -> Rule {
        Rule::L37
    }

    fn examine(&self, event: &Event<'_>, at: &At, facts: &Facts, found: &mut Found) {
        match event {
            Event::Opened(hop, _) if hop.figures.arrived.is_some() => look(hop, at, facts, found),
            Event::Changed(hop, before) if hop.figures.arrived != before.figures.arrived => {
                look(hop, at, facts, found);
            }
            Event::Noted(note, Some(hop)) => {
                let Noted::Evidence(evidence) = &note.fact else { return };
                if evidence.kind == EvidenceKind::Document {
                    look(hop, at, facts, found);
                }
            }
            Event::Due(rule, Due::Hop(hop)) if *rule == self.rule() => look(hop, at, facts, found),
            _ => {}
        }
    }
}

/// Judges a hop once the time for its documents is over; until then asks for it again.
fn look(hop: &Hop, at: &At, facts: &Facts, found: &mut Found) {
    if hop.kind != HopKind::Delivery || facts.kind(hop.to) != Some(PartyKind::EndPayee) {
        return;
    }
    let Some(allocation) = facts.allocation(hop) else { return };
    let days = facts.value(allocation.programme, Parameter::DocumentDays);
    if days == 0 {
        return;
    }
    let Some(answered_at) = hop.figures.answered_at.filter(|_| hop.figures.arrived.is_some()) else {
        found.clear(Subject::Hop(hop.id));
        return;
    };
    let deadline = facts.end_of_day(allocation.programme, answered_at, days);
    if at.now <= deadline {
        found.wake(deadline, Wake::HopsOf(hop.id.0.entry()));
        return;
    }
    match conclusion(hop, facts) {
        Some(conclusion) => found.holds(Subject::Hop(hop.id), conclusion),
        // When the time is just over, nothing was said of it.
        None if at.entry.is_some() => found.clear(Subject::Hop(hop.id)),
        None => {}
    }
}

fn conclusion(hop: &Hop, facts: &Facts) -> Option<Conclusion> {
    let allocation = facts.allocation(hop)?;
    let arrived = hop.figures.arrived?;
    let (documents, notes) =
        facts.hop(hop.id).map_or((0, &[][..]), |file| (file.documents, file.document_notes.as_slice()));
    if documents >= arrived {
        return None;
    }
    let equation = Equation::new("r - documents", &[("r", arrived.into()), ("documents", documents.into())]);
    let entries = notes.iter().map(|note| note.0.entry()).chain([hop.id.0.entry()]);
    Some(Conclusion {
        counterparty: None,
        entries: entries.collect(),
        since: hop.figures.answered_at,
        score: ratio(documents.into(), arrived.into()).map(|share| Score {
            equation: format!("produced / executed = {documents} / {arrived}"),
            value: share.to_string(),
        }),
        ..Conclusion::new(Rule::L37, equation).of_hop(hop, allocation)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{World, digest, line, minor};
    use crate::ledger::ids::HopId;
    use crate::ledger::lines::EvidenceLine;

    fn delivered(world: &mut World) -> HopId {
        world.thresholds(&[("L37.days", 10)]);
        let hop = world.sent("county", "school", 500);
        world.answered(hop, 500);
        hop
    }

    fn document(world: &mut World, hop: HopId, amount: i64) -> u64 {
        let digest = Some(digest(&format!("a bill of {amount}")));
        let line = EvidenceLine { amount: Some(minor(amount)), digest, ..line(EvidenceKind::Document) };
        world.evidence_of_hop("county", EvidenceKind::Document, hop, &line)
    }

    #[test]
    fn what_no_document_shows_after_ten_days_is_found() {
        let mut world = World::new();
        let hop = delivered(&mut world);
        let entry = document(&mut world, hop, 120);
        world.pass(10);
        world.none(&MissingEvidence);
        world.pass(1);
        let finding = world.only(&MissingEvidence);
        assert_eq!((finding.amount(), finding.responsible), (380, Some(world.key("county"))));
        assert_eq!(finding.equation.to_string(), "r - documents = 500 - 120 = 380");
        assert_eq!(finding.entries, vec![hop.0.entry(), entry]);
        let score = finding.score.expect("it has a share");
        assert_eq!((score.equation.as_str(), score.value.as_str()), ("produced / executed = 120 / 500", "0.240000"));
    }

    #[test]
    fn later_documents_lower_and_resolve_it() {
        let mut world = World::new();
        let hop = delivered(&mut world);
        world.pass(11);
        assert_eq!(world.only(&MissingEvidence).amount(), 500);
        document(&mut world, hop, 499);
        document(&mut world, hop, 499);
        assert_eq!(world.only(&MissingEvidence).amount(), 1);
        document(&mut world, hop, 1);
        world.none(&MissingEvidence);
    }

    #[test]
    fn whole_documents_in_time_people_and_programmes_that_ask_for_none_are_passed_over() {
        let mut world = World::new();
        let early = world.sent("county", "school", 500);
        world.answered(early, 500);
        let hop = delivered(&mut world);
        document(&mut world, hop, 500);
        let person = world.sent("county", "r1", 100);
        world.answered(person, 100);
        world.pass(15);
        world.none(&MissingEvidence);
    }
}
