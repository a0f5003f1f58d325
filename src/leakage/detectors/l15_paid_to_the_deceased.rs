//! L15, paid to the deceased: money was booked after the recipient had died.
//!
//! On the value date of a payment (where the bank states none, on the day on which it was settled)
//! the recipient is deceased by the register, and the programme's days of grace after that day are
//! over. At stake is what was settled by all such payments, less what was sent back; what the bank
//! took back was never settled. The same is found whether the death or the payment becomes known
//! first. Amounts are in the currency of the first payment. Source: pension audits of Haryana (97.5
//! crore), Rythu Bima (367 persons) and Kerala (38 cases); GAO-15-482T; ISO 20022 reason MD07, NACH
//! reason 60.

use chrono::{Days, NaiveDate};

use crate::ledger::ids::{NoteId, PartyKey};
use crate::ledger::note::{Noted, Particular, Person, RecipientStatus};
use crate::ledger::parameter::Parameter;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::{Payment, RecipientFile, StatusSince};
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::payments::{self, Paid};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct PaidToTheDeceased;

impl Detector for PaidToTheDeceased {
    fn rule(&self) -> Rule {
        Rule::L15
    }

    fn examine(&self, event: &Event<'_>, _: &At, facts: &Facts, found: &mut Found) {
        let (recipient, held) = if let Event::Noted(note, hop) = event {
            match (&note.fact, hop) {
                (Noted::Of { person: Person::Recipient(recipient), particular: Particular::Status(_), .. }, _) => {
                    // Said before, it may be taken back or be of another day now.
                    let was_said = |status: &StatusSince| is_death(status) && status.note != note.id;
                    (*recipient, facts.recipient(*recipient).is_some_and(|file| file.statuses.iter().any(was_said)))
                }
                (Noted::Bank { value_date: Some(_), .. }, Some(hop)) => (hop.to, true),
                _ => return,
            }
        } else {
            let Some(moved) = payments::moved(event, facts) else { return };
            (moved.recipient, moved.fell)
        };
        let Some(file) = facts.recipient(recipient).filter(|file| file.statuses.iter().any(is_death)) else { return };
        payments::say(found, Subject::Recipient(recipient), conclusion(recipient, file, facts), held);
    }
}

fn is_death(status: &StatusSince) -> bool {
    status.status == RecipientStatus::Deceased
}

fn conclusion(recipient: PartyKey, file: &RecipientFile, facts: &Facts) -> Option<Conclusion> {
    let own = [recipient];
    let is_late = |paid: &Paid<'_>| death_before(*paid, file, facts).is_some();
    let late = payments::of_recipients(&own, facts).filter(is_late).collect();
    let late = payments::in_one_currency(late, facts);
    let since = late.iter().filter_map(|paid| paid.payment.settled_at).min()?;
    let operands = [
        ("paid", payments::sum(&late, Payment::settled)),
        ("returned", payments::sum(&late, |payment| payment.returned)),
    ];
    let conclusion = payments::over(Rule::L15, Equation::new("paid - returned", &operands), &late, facts);
    let deaths = late.iter().filter_map(|paid| death_before(*paid, file, facts));
    let entries = conclusion.entries.iter().copied().chain(deaths.map(|note| note.0.entry())).collect();
    Some(Conclusion { entries, since: Some(since), ..conclusion })
}

/// The note of the death that a payment came after, the days of grace included.
fn death_before(paid: Paid<'_>, file: &RecipientFile, facts: &Facts) -> Option<NoteId> {
    let programme = facts.programme(paid.due.programme)?;
    let settled = paid.payment.settled_at.map(|at| programme.day(at));
    let day: NaiveDate = paid.payment.value_date.or(settled)?;
    let death = file.status_since(day).filter(|status| is_death(status))?;
    let grace = u64::try_from(programme.value(Parameter::DeathGraceDays)).unwrap_or(0);
    let limit = death.since.checked_add_days(Days::new(grace))?;
    (day > limit).then_some(death.note)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::World;
    use crate::ledger::ids::HopId;

    fn credited(world: &mut World, day: &str) -> HopId {
        let hop = world.sent("county", "r1", 500);
        world.banked(hop, Some(500), None, Some(day));
        hop
    }

    #[test]
    fn the_day_after_the_death_is_found_whatever_becomes_known_first() {
        for payment_first in [false, true] {
            let mut world = World::new();
            if !payment_first {
                world.status("r1", RecipientStatus::Deceased, "2026-11-01");
            }
            let hop = credited(&mut world, "2026-11-02");
            if payment_first {
                world.none(&PaidToTheDeceased);
                world.status("r1", RecipientStatus::Deceased, "2026-11-01");
            }
            let finding = world.only(&PaidToTheDeceased);
            assert_eq!((finding.amount(), finding.responsible), (500, Some(world.key("county"))));
            assert_eq!((finding.recipient, finding.hops.clone()), (Some(world.key("r1")), vec![hop]));
            assert_eq!(finding.equation.to_string(), "paid - returned = 500 - 0 = 500");
        }
    }

    #[test]
    fn the_day_of_the_death_the_days_of_grace_and_the_suspended_are_not_found() {
        let mut world = World::new();
        world.status("r1", RecipientStatus::Deceased, "2026-11-02");
        credited(&mut world, "2026-11-02");
        world.none(&PaidToTheDeceased);
        let mut world = World::new();
        world.thresholds(&[("L15.days", 10)]);
        world.status("r1", RecipientStatus::Deceased, "2026-11-02");
        credited(&mut world, "2026-11-12");
        world.none(&PaidToTheDeceased);
        credited(&mut world, "2026-11-13");
        assert_eq!(world.only(&PaidToTheDeceased).amount(), 500);
        let mut world = World::new();
        world.status("r1", RecipientStatus::Suspended, "2026-11-01");
        credited(&mut world, "2026-11-02");
        world.none(&PaidToTheDeceased);
    }

    #[test]
    fn money_that_came_back_is_not_at_stake() {
        let mut world = World::new();
        world.status("r1", RecipientStatus::Deceased, "2026-11-01");
        let hops = [credited(&mut world, "2026-11-02"), credited(&mut world, "2026-11-02")];
        world.banked(hops[0], None, Some(500), None);
        assert_eq!(world.only(&PaidToTheDeceased).amount(), 500);
        world.answered(hops[1], 500);
        let token = world.token_of("r1", hops[1]);
        world.given_back("r1", token, "county", 200);
        let finding = world.only(&PaidToTheDeceased);
        assert_eq!(finding.equation.to_string(), "paid - returned = 500 - 200 = 300");
        let token = world.token_of("r1", hops[1]);
        world.given_back("r1", token, "county", 300);
        world.none(&PaidToTheDeceased);
    }

    #[test]
    fn a_value_date_stated_after_the_word_is_what_counts() {
        let mut world = World::new();
        world.status("r1", RecipientStatus::Deceased, "2026-11-01");
        let hop = world.sent("county", "r1", 500);
        world.answered(hop, 500);
        assert_eq!(world.findings(&PaidToTheDeceased).len(), 1);
        world.banked(hop, Some(500), None, Some("2026-11-01"));
        world.none(&PaidToTheDeceased);
    }

    #[test]
    fn a_death_that_is_taken_back_resolves_it() {
        let mut world = World::new();
        world.status("r1", RecipientStatus::Deceased, "2026-11-01");
        credited(&mut world, "2026-11-02");
        assert_eq!(world.findings(&PaidToTheDeceased).len(), 1);
        world.status("r1", RecipientStatus::Active, "2026-11-01");
        world.none(&PaidToTheDeceased);
    }
}
