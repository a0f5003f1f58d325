//! L09, duplicate identity: one identity is that of two or more recipients who may be paid.
//!
//! The keyed digest of an identity number stands for two or more recipients who are active now. One
//! of them is right, the one who came to it first; what the others received and did not give back is
//! at stake. It is a loss (A) once they were paid, before that a defect of the register (D). Who
//! stated the identity of the last of them is responsible. Amounts are in the currency of the first
//! payment. The similarity of names is for the register itself: the ledger holds no names. Source:
//! pension audits of Haryana (9.15 crore on the same identity) and Punjab (8,256 cases).

use crate::ledger::ids::PartyKey;
use crate::ledger::note::{Noted, Particular, Person, PersonDigest, RecipientStatus};
use crate::ledger::time::Millis;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::{Holding, Payment};
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::payments;
use crate::leakage::rule::{Rule, Severity};

/// The detector.
#[derive(Debug)]
pub struct DuplicateIdentity;

impl Detector for DuplicateIdentity {
    fn rule(&self) -> Rule {
        Rule::L09
    }

    fn examine(&self, event: &Event<'_>, at: &At, facts: &Facts, found: &mut Found) {
        if let Event::Noted(note, _) = event {
            let Noted::Of { person: Person::Recipient(recipient), particular, .. } = note.fact else { return };
            let Some(file) = facts.recipient(recipient) else { return };
            match particular {
                Particular::Identity(_) => {
                    file.identity_before.into_iter().for_each(|left| judge(left, 1, at.now, facts, found));
                    file.identity.into_iter().for_each(|digest| judge(digest, 2, at.now, facts, found));
                }
                Particular::Status(_) => {
                    file.identity.into_iter().for_each(|digest| judge(digest, 2, at.now, facts, found));
                }
                _ => {}
            }
            return;
        }
        let Some(moved) = payments::moved(event, facts) else { return };
        moved.file.identity.into_iter().for_each(|digest| judge(digest, 2, at.now, facts, found));
    }
}

/// Judges an identity if it has so many holders.
fn judge(digest: PersonDigest, holders: usize, now: Millis, facts: &Facts, found: &mut Found) {
    if facts.holders(Holding::Identity, digest).len() >= holders {
        found.judge(Subject::Digest(digest), conclusion(digest, now, facts));
    }
}

fn conclusion(digest: PersonDigest, now: Millis, facts: &Facts) -> Option<Conclusion> {
    // Recipients are of no programme, so their day is that of UTC.
    let today = now.date(0)?;
    let is_active = |member: &&PartyKey| {
        facts.recipient(**member).is_some_and(|file| file.status_on(today) == RecipientStatus::Active)
    };
    let active: Vec<PartyKey> = facts.holders(Holding::Identity, digest).iter().filter(is_active).copied().collect();
    let (first, last) = (*active.first()?, *active.last().filter(|_| active.len() > 1)?);
    let mut paid = payments::in_one_currency(payments::of_recipients(&active, facts).collect(), facts);
    let all = payments::sum(&paid, Payment::kept);
    let of_first = payments::sum(paid.iter().filter(|paid| paid.recipient == first), Payment::kept);
    paid.retain(|paid| paid.recipient != first);
    let equation = Equation::new("paid - first", &[("paid", all), ("first", of_first)]);
    let conclusion = payments::over(Rule::L09, equation, &paid, facts);
    let notes = active.iter().filter_map(|member| facts.recipient(*member)?.identity_note);
    Some(Conclusion {
        severity: if paid.is_empty() { Severity::D } else { Severity::A },
        responsible: facts.recipient(last).and_then(|file| file.identity_by),
        area: facts.party(last).map(|party| party.area),
        recipient: Some(last),
        entries: conclusion.entries.iter().copied().chain(notes.map(|note| note.0.entry())).collect(),
        ..conclusion
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{World, digest};

    fn identity(world: &mut World, recipient: &str, name: &str) {
        world.of_recipient(recipient, Particular::Identity(digest(name)), None);
    }

    fn paid(world: &mut World, recipient: &str, amount: i64) {
        let hop = world.sent("county", recipient, amount);
        world.answered(hop, amount);
    }

    #[test]
    fn a_second_recipient_with_one_identity_is_a_defect_and_a_loss_once_paid() {
        let mut world = World::new();
        identity(&mut world, "r1", "one person");
        identity(&mut world, "r2", "one person");
        let finding = world.only(&DuplicateIdentity);
        assert_eq!((finding.amount(), finding.severity), (0, Severity::D));
        assert_eq!(finding.responsible, Some(world.key("registrar")));
        paid(&mut world, "r1", 500);
        paid(&mut world, "r2", 300);
        let finding = world.only(&DuplicateIdentity);
        assert_eq!((finding.amount(), finding.severity), (300, Severity::A));
        assert_eq!((finding.recipient, finding.hops.len()), (Some(world.key("r2")), 1));
        assert_eq!(finding.equation.to_string(), "paid - first = 800 - 500 = 300");
    }

    #[test]
    fn two_people_and_one_who_is_stated_twice_are_no_duplicate() {
        let mut world = World::new();
        identity(&mut world, "r1", "one person");
        identity(&mut world, "r1", "one person");
        identity(&mut world, "r2", "another");
        paid(&mut world, "r1", 500);
        paid(&mut world, "r2", 500);
        assert!(world.history(&DuplicateIdentity).is_empty());
    }

    #[test]
    fn a_recipient_who_is_struck_off_or_had_another_identity_resolves_it() {
        let mut world = World::new();
        identity(&mut world, "r1", "one person");
        identity(&mut world, "r2", "one person");
        world.status("r1", RecipientStatus::Deceased, "2026-11-01");
        world.none(&DuplicateIdentity);
        world.status("r1", RecipientStatus::Active, "2026-11-01");
        assert_eq!(world.findings(&DuplicateIdentity).len(), 1);
        identity(&mut world, "r2", "another");
        world.none(&DuplicateIdentity);
    }
}
