//! L16, paid while suspended: money was sent to a recipient who was not to be paid that day.
//!
//! On the day of the dispatch, in the programme's own time, the recipient is suspended by the
//! register, whether the suspension or the payment became known first. The deceased are L15's. At
//! stake is what was sent and neither bounced nor was sent back: `s - q - returned`. Source: the
//! pension audit of Kerala (9,201 service pensioners); audits of Telangana, where land above the
//! limit makes ineligible (67.41 crore).

use crate::ledger::hop::Hop;
use crate::ledger::note::{Noted, Particular, Person, RecipientStatus};
use crate::ledger::token::HopKind;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::{RecipientFile, StatusSince};
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::payments::{self, Paid};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct PaidWhileSuspended;

impl Detector for PaidWhileSuspended {
    fn rule(&self) -> Rule {
        Rule::L16
    }

    fn examine(&self, event: &Event<'_>, _: &At, facts: &Facts, found: &mut Found) {
        match event {
            Event::Noted(note, _) => {
                let Noted::Of { person: Person::Recipient(recipient), particular: Particular::Status(_), .. } =
                    note.fact
                else {
                    return;
                };
                let Some(file) = facts.recipient(recipient) else { return };
                let held = file.statuses.iter().any(|status| is_suspension(status) && status.note != note.id);
                for paid in file.dues.iter().flat_map(|due| payments::of_due(recipient, due)) {
                    payments::say(found, Subject::Hop(paid.payment.hop), conclusion(paid, file, facts), held);
                }
            }
            Event::Opened(hop, _) if hop.kind == HopKind::Delivery => sent(hop, false, facts, found),
            Event::Changed(hop, before)
                if hop.kind == HopKind::Delivery && (hop.refused, hop.sent) != (before.refused, before.sent) =>
            {
                sent(hop, true, facts, found);
            }
            Event::Opened(hop, _) | Event::Changed(hop, _) if hop.kind == HopKind::Return => {
                let Some(moved) = payments::moved(event, facts) else { return };
                let payment = moved.file.payment(moved.hop).map(|(_, payment)| payment);
                let Some(payment) = payment.filter(|_| moved.file.statuses.iter().any(is_suspension)) else { return };
                let paid = Paid { recipient: moved.recipient, due: moved.due, payment };
                found.judge(Subject::Hop(moved.hop), conclusion(paid, moved.file, facts));
            }
            _ => {}
        }
    }
}

fn is_suspension(status: &StatusSince) -> bool {
    status.status == RecipientStatus::Suspended
}

fn sent(hop: &Hop, held: bool, facts: &Facts, found: &mut Found) {
    let Some(file) = facts.recipient(hop.to).filter(|file| file.statuses.iter().any(is_suspension)) else { return };
    let paid = file.payment(hop.id).map(|(due, payment)| Paid { recipient: hop.to, due, payment });
    let conclusion = paid.and_then(|paid| conclusion(paid, file, facts));
    payments::say(found, Subject::Hop(hop.id), conclusion, held);
}

fn conclusion(paid: Paid<'_>, file: &RecipientFile, facts: &Facts) -> Option<Conclusion> {
    let payment = paid.payment;
    let day = facts.programme(paid.due.programme)?.day(payment.sent_at);
    let status = file.status_since(day).filter(|status| is_suspension(status))?;
    if payment.sent <= payment.refused + payment.returned {
        return None;
    }
    let operands = [("s", payment.sent.into()), ("q", payment.refused.into()), ("returned", payment.returned.into())];
    let equation = Equation::new("s - q - returned", &operands);
    let conclusion = payments::over(Rule::L16, equation, &[paid], facts);
    let entries = conclusion.entries.iter().copied().chain([status.note.0.entry()]).collect();
    Some(Conclusion { entries, since: Some(payment.sent_at), ..conclusion })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::World;

    #[test]
    fn a_dispatch_on_the_first_day_of_a_suspension_is_found_whatever_becomes_known_first() {
        for payment_first in [false, true] {
            let mut world = World::new();
            if !payment_first {
                world.status("r1", RecipientStatus::Suspended, "2026-11-02");
            }
            let hop = world.sent("county", "r1", 500);
            if payment_first {
                world.none(&PaidWhileSuspended);
                world.status("r1", RecipientStatus::Suspended, "2026-11-02");
            }
            let finding = world.only(&PaidWhileSuspended);
            assert_eq!((finding.amount(), finding.responsible), (500, Some(world.key("county"))));
            assert_eq!((finding.recipient, finding.hops.clone()), (Some(world.key("r1")), vec![hop]));
            assert_eq!(finding.equation.to_string(), "s - q - returned = 500 - 0 - 0 = 500");
        }
    }

    #[test]
    fn before_and_after_a_suspension_and_to_the_deceased_it_is_not_found() {
        let mut world = World::new();
        world.sent("county", "r1", 500);
        world.status("r1", RecipientStatus::Suspended, "2026-11-03");
        world.status("r1", RecipientStatus::Active, "2026-11-05");
        world.at("2026-11-05T09:00:00Z");
        world.sent("county", "r1", 500);
        world.status("r2", RecipientStatus::Deceased, "2026-11-01");
        world.sent("county", "r2", 500);
        world.none(&PaidWhileSuspended);
    }

    #[test]
    fn a_suspension_that_is_taken_back_resolves_it() {
        let mut world = World::new();
        world.status("r1", RecipientStatus::Suspended, "2026-11-01");
        world.sent("county", "r1", 500);
        assert_eq!(world.findings(&PaidWhileSuspended).len(), 1);
        world.status("r1", RecipientStatus::Active, "2026-11-01");
        world.none(&PaidWhileSuspended);
    }

    #[test]
    fn money_that_bounced_was_reversed_or_sent_back_is_not_at_stake() {
        let mut world = World::new();
        world.status("r1", RecipientStatus::Suspended, "2026-11-01");
        let hops = [1, 2, 3].map(|_| world.sent("county", "r1", 500));
        world.banked(hops[0], None, Some(500), None);
        world.reversed("county", hops[1]);
        assert_eq!(world.only(&PaidWhileSuspended).hops, vec![hops[2]]);
        world.answered(hops[2], 500);
        let token = world.token_of("r1", hops[2]);
        world.given_back("r1", token, "county", 200);
        let finding = world.only(&PaidWhileSuspended);
        assert_eq!(finding.equation.to_string(), "s - q - returned = 500 - 0 - 200 = 300");
        let token = world.token_of("r1", hops[2]);
        world.given_back("r1", token, "county", 300);
        world.none(&PaidWhileSuspended);
    }
}
