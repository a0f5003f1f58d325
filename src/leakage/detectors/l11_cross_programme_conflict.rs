//! L11, cross-programme conflict: paid from programmes that exclude each other, or to too many of a
//! household.
//!
//! Two cases. A recipient has settled payments for the same cycle from two programmes of which one
//! names the other as exclusive: what was settled first is right, the other is at stake, and is what
//! the finding is about. Or more members of a household than the programme allows have settled
//! payments of it for one cycle: those who were paid first are right, what the others received is at
//! stake. Amounts are net of what was sent back. It is a loss (A). Rules count from when they are
//! set: what was settled before is looked at when it next changes. Source: the pension audit of
//! Telangana (more than one member of a family, 535.39 crore); deduplication across programmes (WFP).

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::ledger::ids::{HopId, PartyKey, ProgrammeId};
use crate::ledger::note::{Noted, Particular, Person};
use crate::ledger::parameter::Parameter;
use crate::ledger::time::Millis;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::{DueFile, Payment, RecipientFile};
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::payments::{self, Paid};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct CrossProgrammeConflict;

impl Detector for CrossProgrammeConflict {
    fn rule(&self) -> Rule {
        Rule::L11
    }

    fn examine(&self, event: &Event<'_>, _: &At, facts: &Facts, found: &mut Found) {
        if let Event::Noted(note, _) = event {
            if let Noted::Of { person: Person::Recipient(recipient), particular: Particular::Household(_), .. } =
                note.fact
            {
                moved_house(recipient, facts, found);
            }
            return;
        }
        let Some(moved) = payments::moved(event, facts) else { return };
        let others: Vec<&DueFile> = excluded(moved.file, moved.due, facts).collect();
        if !others.is_empty() {
            for due in others.into_iter().chain([moved.due]) {
                found
                    .judge(payments::subject(moved.recipient, due), exclusive(moved.recipient, moved.file, due, facts));
            }
        }
        if let Some(household) = moved.file.household {
            of_household(household, (moved.due.programme, &moved.due.cycle), moved.fell, facts, found);
        }
    }
}

/// What else of the same cycle a recipient was paid, from programmes that exclude this one.
fn excluded<'a>(file: &'a RecipientFile, due: &'a DueFile, facts: &'a Facts) -> impl Iterator<Item = &'a DueFile> {
    let excludes = |one: ProgrammeId, other: ProgrammeId| {
        let code = facts.programme(other).map(|file| &file.code);
        facts.programme(one).zip(code).is_some_and(|(file, code)| file.rules.exclusive.contains(code))
    };
    let others = file.dues.iter().filter(|other| other.programme != due.programme && other.cycle == due.cycle);
    others.filter(move |other| {
        !other.payments.is_empty()
            && (excludes(due.programme, other.programme) || excludes(other.programme, due.programme))
    })
}

/// When what is still with the recipient was first settled, and by which hop.
fn first<'a>(paid: impl Iterator<Item = &'a Payment>) -> Option<(Millis, HopId)> {
    paid.filter(|payment| payment.kept() > 0).filter_map(|payment| Some((payment.settled_at?, payment.hop))).min()
}

fn exclusive(recipient: PartyKey, file: &RecipientFile, due: &DueFile, facts: &Facts) -> Option<Conclusion> {
    let own = first(due.payments.iter())?;
    let earlier: Vec<Paid<'_>> = excluded(file, due, facts)
        .filter(|other| first(other.payments.iter()).is_some_and(|other| other < own))
        .flat_map(|other| payments::of_due(recipient, other).filter(|paid| paid.payment.kept() > 0))
        .collect();
    if earlier.is_empty() {
        return None;
    }
    let paid: Vec<Paid<'_>> = payments::of_due(recipient, due).filter(|paid| paid.payment.kept() > 0).collect();
    let equation = Equation::new("paid", &[("paid", payments::sum(&paid, Payment::kept))]);
    let conclusion = payments::about(Rule::L11, equation, recipient, due, facts);
    let all: Vec<Paid<'_>> = earlier.into_iter().chain(paid).collect();
    Some(Conclusion { since: Some(own.0), ..payments::resting_on(conclusion, &all) })
}

/// A recipient came to a household, perhaps from another.
fn moved_house(recipient: PartyKey, facts: &Facts, found: &mut Found) {
    let Some(file) = facts.recipient(recipient) else { return };
    let paid: BTreeSet<(ProgrammeId, &str)> = file
        .dues
        .iter()
        .filter(|due| due.payments.iter().any(|payment| payment.kept() > 0))
        .map(|due| (due.programme, due.cycle.as_str()))
        .collect();
    for household in file.household.into_iter().chain(file.household_before) {
        paid.iter().for_each(|of| of_household(household, *of, true, facts, found));
    }
}

fn of_household(household: Uuid, of: (ProgrammeId, &str), held: bool, facts: &Facts, found: &mut Found) {
    let allowed = usize::try_from(facts.value(of.0, Parameter::HouseholdMembers)).unwrap_or(usize::MAX);
    let members = facts.household(household);
    if allowed == 0 || (members.len() <= allowed && !held) {
        return;
    }
    let conclusion = too_many(members, of, allowed, facts);
    payments::say(found, Subject::Household(household, of.0, of.1.to_owned()), conclusion, held);
}

fn too_many(members: &[PartyKey], of: (ProgrammeId, &str), allowed: usize, facts: &Facts) -> Option<Conclusion> {
    let paid: Vec<Paid<'_>> = payments::of_recipients(members, facts)
        .filter(|paid| paid.due.programme == of.0 && paid.due.cycle == of.1)
        .collect();
    let mut by_member: BTreeMap<PartyKey, Vec<Paid<'_>>> = BTreeMap::new();
    paid.iter().for_each(|paid| by_member.entry(paid.recipient).or_default().push(*paid));
    let mut in_order: Vec<_> = by_member
        .into_iter()
        .filter_map(|(member, paid)| Some((first(paid.iter().map(|paid| paid.payment))?, member, paid)))
        .collect();
    in_order.sort_by_key(|(first, member, _)| (*first, *member));
    let ((since, _), _, _) = in_order.get(allowed)?;
    let lawful: i128 = in_order.iter().take(allowed).map(|(.., paid)| payments::sum(paid, Payment::kept)).sum();
    let equation = Equation::new("paid - first", &[("paid", payments::sum(&paid, Payment::kept)), ("first", lawful)]);
    let all: Vec<Paid<'_>> = in_order.iter().flat_map(|(.., paid)| paid.iter().copied()).collect();
    let recipient = in_order.last().map(|(_, member, _)| *member);
    let area = recipient.and_then(|member| facts.party(member)).map(|party| party.area);
    Some(Conclusion { since: Some(*since), recipient, area, ..payments::over(Rule::L11, equation, &all, facts) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{With, World, id};
    use crate::ledger::operation::{Rules, Threshold};

    const FOOD: With = With {
        deductions: Vec::new(),
        keep: Vec::new(),
        via: None,
        payment: None,
        purpose: None,
        for_cycle: None,
        programme: Some("FOOD"),
        cycle: None,
        occurred_at: None,
        officer: 0,
    };

    fn exclusive_world() -> World {
        let mut world = World::new();
        world.rules(Rules { exclusive: vec!["FOOD".to_owned()], ..Rules::default() });
        world
    }

    fn paid(world: &mut World, recipient: &str, amount: i64, with: &With) -> HopId {
        let hop = world.sent_with("county", recipient, amount, with);
        world.banked(hop, Some(amount), None, None);
        hop
    }

    #[test]
    fn the_later_of_two_programmes_that_exclude_each_other_is_found() {
        for food_first in [false, true] {
            let mut world = exclusive_world();
            let (one, two) = if food_first { (&FOOD, &With::default()) } else { (&With::default(), &FOOD) };
            let first = paid(&mut world, "r1", 500, one);
            world.none(&CrossProgrammeConflict);
            let second = paid(&mut world, "r1", 300, two);
            let finding = world.only(&CrossProgrammeConflict);
            assert_eq!((finding.amount(), finding.responsible), (300, Some(world.key("county"))));
            assert_eq!(finding.programme, Some(world.programme_id(two.programme.unwrap_or("PENSION"))));
            assert_eq!(finding.hops, vec![first, second]);
            assert_eq!(finding.equation.to_string(), "paid = 300 = 300");
        }
    }

    #[test]
    fn programmes_that_do_not_exclude_each_other_and_other_cycles_do_not_conflict() {
        let mut world = World::new();
        paid(&mut world, "r1", 500, &With::default());
        paid(&mut world, "r1", 500, &FOOD);
        world.none(&CrossProgrammeConflict);
        let mut world = exclusive_world();
        paid(&mut world, "r1", 500, &With::default());
        paid(&mut world, "r1", 500, &With { cycle: Some("2026-10"), ..FOOD });
        paid(&mut world, "r2", 500, &FOOD);
        assert!(world.history(&CrossProgrammeConflict).is_empty());
    }

    #[test]
    fn the_bounce_of_the_first_payment_leaves_the_second_right() {
        let mut world = exclusive_world();
        let first = paid(&mut world, "r1", 500, &With::default());
        paid(&mut world, "r1", 300, &FOOD);
        world.banked(first, None, Some(500), None);
        world.none(&CrossProgrammeConflict);
    }

    fn household_world() -> World {
        let mut world = World::new();
        let thresholds = vec![Threshold { name: "L11.members".to_owned(), value: 1 }];
        world.rules(Rules { thresholds, ..Rules::default() });
        for recipient in ["r1", "r2"] {
            world.of_recipient(recipient, Particular::Household(id("house")), None);
        }
        world
    }

    #[test]
    fn a_second_member_of_a_household_that_may_have_one_is_found() {
        let mut world = household_world();
        paid(&mut world, "r2", 500, &With::default());
        world.none(&CrossProgrammeConflict);
        paid(&mut world, "r1", 300, &With::default());
        let finding = world.only(&CrossProgrammeConflict);
        assert_eq!((finding.amount(), finding.recipient), (300, Some(world.key("r1"))));
        assert_eq!(finding.equation.to_string(), "paid - first = 800 - 500 = 300");
    }

    #[test]
    fn one_member_alone_another_household_and_another_cycle_are_right() {
        let mut world = household_world();
        paid(&mut world, "r1", 500, &With::default());
        paid(&mut world, "r1", 500, &With { purpose: Some("FUEL"), ..With::default() });
        paid(&mut world, "r2", 500, &With { cycle: Some("2026-10"), ..With::default() });
        paid(&mut world, "r3", 500, &With::default());
        world.none(&CrossProgrammeConflict);
    }

    #[test]
    fn who_moves_out_of_the_household_resolves_it() {
        let mut world = household_world();
        paid(&mut world, "r1", 500, &With::default());
        paid(&mut world, "r2", 300, &With::default());
        assert_eq!(world.findings(&CrossProgrammeConflict).len(), 1);
        world.of_recipient("r2", Particular::Household(id("own house")), None);
        world.none(&CrossProgrammeConflict);
    }
}
