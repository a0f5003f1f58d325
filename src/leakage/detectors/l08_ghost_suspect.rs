//! L08, ghost suspect: paid again and again, asked each time, and never a sign of life.
//!
//! In several cycles of a programme (two by default) payments to a recipient were booked, the
//! recipient was asked for a word on each of them and gave none, and no authentication, match in
//! another register or visit is newer than they are. A cycle counts only when a word was asked for:
//! silence that nobody asked to break says nothing. Any word, also that nothing came, is a sign of
//! life of then: payments sent before it or before evidence of life do not count any more, later
//! ones do. Source: Niehaus and Sukhtankar 2013, over-reporting; the pension audit of Haryana, where
//! pensions went to people whom nobody could find.

use std::collections::BTreeSet;

use crate::ledger::ids::{HopId, PartyKey, ProgrammeId};
use crate::ledger::note::{EvidenceKind, Noted};
use crate::ledger::parameter::Parameter;
use crate::ledger::time::Millis;
use crate::ledger::token::HopKind;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::{Payment, RecipientFile};
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::payments::{self, Paid};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct GhostSuspect;

impl Detector for GhostSuspect {
    fn rule(&self) -> Rule {
        Rule::L08
    }

    fn examine(&self, event: &Event<'_>, _: &At, facts: &Facts, found: &mut Found) {
        match event {
            Event::Noted(note, hop) => {
                let Noted::Evidence(evidence) = &note.fact else { return };
                match (evidence.kind, hop, evidence.party) {
                    (EvidenceKind::ConfirmationRequested, Some(hop), _) => {
                        let Some((_, due)) = payments::due_of(hop, facts) else { return };
                        say(hop.to, due.programme, false, facts, found);
                    }
                    (
                        EvidenceKind::Authenticated | EvidenceKind::RegistryMatch | EvidenceKind::FieldVisit,
                        _,
                        Some(recipient),
                    ) => lives(recipient, facts, found),
                    _ => {}
                }
            }
            Event::Changed(hop, before) if hop.kind == HopKind::Delivery => {
                let Some((file, due)) = payments::due_of(hop, facts) else { return };
                let spoke = hop.figures.arrived.is_some() && before.figures.arrived.is_none();
                // A first word resolves what was found as long as it was not there.
                let held = spoke && is_long_enough(&silent(hop.to, file, due.programme, Some(hop.id)), facts);
                if spoke || payments::settled(hop) != payments::settled(before) {
                    let fell = payments::settled(hop) < payments::settled(before);
                    say(hop.to, due.programme, held || fell, facts, found);
                }
            }
            _ => {}
        }
    }
}

/// Evidence of life: what was found before it is resolved.
fn lives(recipient: PartyKey, facts: &Facts, found: &mut Found) {
    let Some(file) = facts.recipient(recipient) else { return };
    let programmes: BTreeSet<ProgrammeId> = file.dues.iter().map(|due| due.programme).collect();
    let unseen = RecipientFile { sign_of_life: None, ..file.clone() };
    for programme in programmes {
        let held = is_long_enough(&silent(recipient, &unseen, programme, None), facts);
        say(recipient, programme, held, facts, found);
    }
}

fn say(recipient: PartyKey, programme: ProgrammeId, held: bool, facts: &Facts, found: &mut Found) {
    let Some(file) = facts.recipient(recipient) else { return };
    let silent = silent(recipient, file, programme, None);
    let conclusion = is_long_enough(&silent, facts).then(|| conclusion(recipient, &silent, facts));
    payments::say(found, Subject::Party(programme, recipient), conclusion, held);
}

/// The payments of a programme, settled and asked about, since the last sign of life; as if one hop
/// had no word when it is named.
fn silent(recipient: PartyKey, file: &RecipientFile, programme: ProgrammeId, unspoken: Option<HopId>) -> Vec<Paid<'_>> {
    let all = || {
        let dues = file.dues.iter().filter(|due| due.programme == programme);
        dues.flat_map(|due| payments::of_due(recipient, due))
    };
    let has_word = |payment: &Payment| payment.word.is_some() && Some(payment.hop) != unspoken;
    let spoke = all().filter(|paid| has_word(paid.payment)).map(|paid| paid.payment.sent_at).max();
    let life: Option<Millis> = spoke.max(file.sign_of_life.map(|(at, _)| at));
    let is_silent = |payment: &Payment| {
        payment.requested && payment.settled() > 0 && life.is_none_or(|life| payment.sent_at > life)
    };
    all().filter(|paid| is_silent(paid.payment)).collect()
}

/// Whether they are of enough cycles.
fn is_long_enough(silent: &[Paid<'_>], facts: &Facts) -> bool {
    let cycles: BTreeSet<&str> = silent.iter().map(|paid| paid.due.cycle.as_str()).collect();
    let Some(first) = silent.first() else { return false };
    i64::try_from(cycles.len()).unwrap_or(i64::MAX) >= facts.value(first.due.programme, Parameter::GhostCycles)
}

fn conclusion(recipient: PartyKey, silent: &[Paid<'_>], facts: &Facts) -> Conclusion {
    let equation = Equation::new("paid", &[("paid", payments::sum(silent, Payment::settled))]);
    let conclusion = payments::over(Rule::L08, equation, silent, facts);
    let since = silent.iter().filter_map(|paid| paid.payment.settled_at).min();
    Conclusion { recipient: Some(recipient), since, ..conclusion }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{With, World, line};

    /// A payment for a cycle, credited; asked about or not.
    fn paid(world: &mut World, cycle: &'static str, asked: bool) -> HopId {
        let hop = world.sent_with("county", "r1", 500, &With { cycle: Some(cycle), ..With::default() });
        world.banked(hop, Some(500), None, None);
        if asked {
            world.evidence_of_hop("county", EvidenceKind::ConfirmationRequested, hop, &line(EvidenceKind::Collected));
        }
        hop
    }

    fn seen(world: &mut World) {
        let party = Some(crate::leakage::world::id("r1"));
        world.evidence("supervisor", crate::ledger::lines::EvidenceLine { party, ..line(EvidenceKind::FieldVisit) });
    }

    #[test]
    fn silence_in_two_cycles_is_suspect() {
        let mut world = World::new();
        let hops = [paid(&mut world, "2026-10", true), paid(&mut world, "2026-11", true)];
        let finding = world.only(&GhostSuspect);
        assert_eq!((finding.amount(), finding.responsible), (1000, Some(world.key("county"))));
        assert_eq!((finding.recipient, finding.hops.as_slice()), (Some(world.key("r1")), &hops[..]));
        assert_eq!(finding.equation.to_string(), "paid = 1000 = 1000");
    }

    #[test]
    fn one_cycle_or_one_that_was_not_asked_about_is_not_suspect() {
        let mut world = World::new();
        paid(&mut world, "2026-11", true);
        paid(&mut world, "2026-11", true);
        paid(&mut world, "2026-10", false);
        world.none(&GhostSuspect);
    }

    #[test]
    fn a_word_on_one_payment_resolves_it() {
        let mut world = World::new();
        paid(&mut world, "2026-10", true);
        let hop = paid(&mut world, "2026-11", true);
        assert_eq!(world.findings(&GhostSuspect).len(), 1);
        world.answered(hop, 500);
        world.none(&GhostSuspect);
    }

    #[test]
    fn a_sign_of_life_resolves_it_and_later_silence_counts_anew() {
        let mut world = World::new();
        paid(&mut world, "2026-10", true);
        paid(&mut world, "2026-11", true);
        seen(&mut world);
        world.none(&GhostSuspect);
        paid(&mut world, "2026-10", true);
        world.none(&GhostSuspect);
        paid(&mut world, "2026-11", true);
        assert_eq!(world.only(&GhostSuspect).amount(), 1000);
    }

    #[test]
    fn who_was_seen_before_the_second_payment_never_was_suspect() {
        let mut world = World::new();
        paid(&mut world, "2026-10", true);
        seen(&mut world);
        paid(&mut world, "2026-11", true);
        assert!(world.history(&GhostSuspect).is_empty());
    }
}
