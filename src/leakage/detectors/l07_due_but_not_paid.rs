//! L07, due but not paid: somebody is entitled, the day has passed, and nothing came.
//!
//! An entitlement above zero is past its due day and the days allowed, nothing of it is booked or
//! confirmed, and the recipient was neither suspended nor deceased on the due day, nor is now. What
//! is under way does not count: the recipient has nothing of it. The treasury of the programme is
//! responsible, since nobody else has signed for the money. Source: audits of subsistence allowances
//! that were approved and not paid (Shanzhou: 5.2163 million yuan); Telangana, 230,000 pensioners.

use crate::ledger::ids::PartyKey;
use crate::ledger::note::{Note, Noted, Particular, Person, RecipientStatus};
use crate::ledger::parameter::Parameter;
use crate::ledger::time::Millis;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Due, Event, Wake};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::{DueFile, Entitled, RecipientFile};
use crate::leakage::finding::Conclusion;
use crate::leakage::payments;
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct DueButNotPaid;

impl Detector for DueButNotPaid {
    fn rule(&self) -> Rule {
        Rule::L07
    }

    fn examine(&self, event: &Event<'_>, at: &At, facts: &Facts, found: &mut Found) {
        match event {
            Event::Noted(note, _) => noted(note, at.now, facts, found),
            Event::Due(rule, Due::Note(note)) if *rule == self.rule() => {
                let Some((recipient, file, due)) = payments::entitled(note, facts) else { return };
                // An entitlement that was replaced has a later note, which is looked at in its turn.
                if due.entitled.is_some_and(|entitled| entitled.note == note.id) {
                    let conclusion = conclusion(recipient, file, due, at.now, facts);
                    payments::say(found, payments::subject(recipient, due), conclusion, false);
                }
            }
            _ => {
                let Some(moved) = payments::moved(event, facts) else { return };
                if moved.due.entitled.is_some_and(|entitled| at.now > limit(moved.due, &entitled, facts)) {
                    let conclusion = conclusion(moved.recipient, moved.file, moved.due, at.now, facts);
                    found.judge(payments::subject(moved.recipient, moved.due), conclusion);
                }
            }
        }
    }
}

fn noted(note: &Note, now: Millis, facts: &Facts, found: &mut Found) {
    if let Some((recipient, file, due)) = payments::entitled(note, facts) {
        let Some(entitled) = due.entitled else { return };
        if entitled.amount > 0 {
            found.wake(limit(due, &entitled, facts), Wake::NotesOf(note.id.0.entry()));
        }
        if entitled.restated {
            found.judge(payments::subject(recipient, due), conclusion(recipient, file, due, now, facts));
        }
        return;
    }
    let Noted::Of { person: Person::Recipient(recipient), particular: Particular::Status(_), .. } = note.fact else {
        return;
    };
    let Some(file) = facts.recipient(recipient) else { return };
    let is_past = |due: &&DueFile| due.entitled.is_some_and(|entitled| now > limit(due, &entitled, facts));
    for due in file.dues.iter().filter(|due| due.settled() == 0).filter(is_past) {
        found.judge(payments::subject(recipient, due), conclusion(recipient, file, due, now, facts));
    }
}

fn limit(due: &DueFile, entitled: &Entitled, facts: &Facts) -> Millis {
    facts.end_of_day(due.programme, entitled.due, facts.value(due.programme, Parameter::UnpaidDays))
}

fn conclusion(
    recipient: PartyKey,
    file: &RecipientFile,
    due: &DueFile,
    now: Millis,
    facts: &Facts,
) -> Option<Conclusion> {
    let entitled = due.entitled.filter(|entitled| entitled.amount > 0 && now > limit(due, entitled, facts))?;
    let programme = facts.programme(due.programme)?;
    let days = [programme.day(entitled.due), programme.day(now)];
    if due.settled() != 0 || days.iter().any(|day| file.status_on(*day) != RecipientStatus::Active) {
        return None;
    }
    let operands = [("entitled", entitled.amount.into()), ("x", due.settled().into())];
    let conclusion = payments::about(Rule::L07, Equation::new("entitled - x", &operands), recipient, due, facts);
    Some(Conclusion {
        responsible: Some(programme.owner),
        hops: due.payments.iter().map(|payment| payment.hop).collect(),
        since: Some(entitled.due),
        ..conclusion
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::World;

    #[test]
    fn an_entitlement_of_which_nothing_came_is_found_the_day_after_it_was_due() {
        let mut world = World::new();
        world.entitled("r1", "2026-11", 500, "2026-11-04");
        world.pass(2);
        world.none(&DueButNotPaid);
        world.pass(1);
        let finding = world.only(&DueButNotPaid);
        assert_eq!((finding.amount(), finding.responsible), (500, Some(world.key("treasury"))));
        assert_eq!(finding.recipient, Some(world.key("r1")));
        assert_eq!(finding.equation.to_string(), "entitled - x = 500 - 0 = 500");
    }

    #[test]
    fn what_was_paid_or_taken_back_or_is_of_the_suspended_or_dead_is_not_found() {
        let mut world = World::new();
        for recipient in ["r1", "r2", "r3", "r4"] {
            world.entitled(recipient, "2026-11", 500, "2026-11-04");
        }
        let hop = world.sent("county", "r1", 1);
        world.answered(hop, 1);
        world.entitled("r2", "2026-11", 0, "2026-11-04");
        world.status("r3", RecipientStatus::Suspended, "2026-11-04");
        world.status("r4", RecipientStatus::Deceased, "2026-11-05");
        world.entitled("r5", "2026-11", 500, "2026-11-04");
        world.status("r5", RecipientStatus::Suspended, "2026-11-04");
        world.status("r5", RecipientStatus::Active, "2026-11-05");
        world.pass(5);
        assert!(world.history(&DueButNotPaid).is_empty());
    }

    #[test]
    fn a_late_payment_resolves_it_and_its_bounce_raises_it_again() {
        let mut world = World::new();
        world.entitled("r1", "2026-11", 500, "2026-11-04");
        world.pass(3);
        let hop = world.sent("county", "r1", 500);
        assert_eq!(world.only(&DueButNotPaid).amount(), 500);
        world.banked(hop, Some(500), None, None);
        world.none(&DueButNotPaid);
        world.banked(hop, None, Some(500), None);
        assert_eq!(world.only(&DueButNotPaid).amount(), 500);
    }

    #[test]
    fn an_entitlement_moved_or_taken_back_and_a_suspension_resolve_it() {
        let mut world = World::new();
        for recipient in ["r1", "r2", "r3"] {
            world.entitled(recipient, "2026-11", 500, "2026-11-04");
        }
        world.pass(3);
        assert_eq!(world.findings(&DueButNotPaid).len(), 3);
        world.entitled("r1", "2026-11", 0, "2026-11-04");
        world.entitled("r2", "2026-11", 500, "2026-11-20");
        world.status("r3", RecipientStatus::Suspended, "2026-11-01");
        world.none(&DueButNotPaid);
        world.status("r3", RecipientStatus::Active, "2026-11-01");
        assert_eq!(world.only(&DueButNotPaid).recipient, Some(world.key("r3")));
        world.pass(20);
        assert_eq!(world.findings(&DueButNotPaid).len(), 2);
    }
}
