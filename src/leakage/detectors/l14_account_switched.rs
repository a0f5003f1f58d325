//! L14, account switched before payment: the account changed just before the money was sent, or went
//! back just after.
//!
//! The account in force at a dispatch replaced another one fewer days before than the programme
//! allows (seven by default); or it was replaced by the one before it fewer days after. A first
//! account is no switch, nor is one that is stated again. The moments are when the accounts were
//! noted. What was sent and did not bounce is at risk: `s - q`. Who stated the account to which the
//! payment went is responsible. Source: payroll diversion, where an account is changed for one
//! payment.

use crate::ledger::hop::Hop;
use crate::ledger::ids::PartyKey;
use crate::ledger::note::{Noted, Particular, Person};
use crate::ledger::parameter::Parameter;
use crate::ledger::time::DAY_MS;
use crate::ledger::token::HopKind;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::{AccountSince, RecipientFile};
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::payments::{self, Paid};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct AccountSwitched;

impl Detector for AccountSwitched {
    fn rule(&self) -> Rule {
        Rule::L14
    }

    fn examine(&self, event: &Event<'_>, _: &At, facts: &Facts, found: &mut Found) {
        match event {
            Event::Noted(note, _) => {
                let Noted::Of { person: Person::Recipient(recipient), particular: Particular::Account(_), .. } =
                    note.fact
                else {
                    return;
                };
                let Some(file) = facts.recipient(recipient).filter(|file| file.accounts.len() > 1) else { return };
                let all = file.dues.iter().flat_map(|due| payments::of_due(recipient, due));
                for paid in all {
                    say(paid, file, false, facts, found);
                }
            }
            Event::Opened(hop, _) => sent(hop, false, facts, found),
            Event::Changed(hop, before) if hop.refused != before.refused || hop.sent != before.sent => {
                sent(hop, true, facts, found);
            }
            _ => {}
        }
    }
}

fn sent(hop: &Hop, held: bool, facts: &Facts, found: &mut Found) {
    if hop.kind != HopKind::Delivery {
        return;
    }
    let Some(file) = facts.recipient(hop.to).filter(|file| file.accounts.len() > 1) else { return };
    match file.payment(hop.id) {
        Some((due, payment)) => say(Paid { recipient: hop.to, due, payment }, file, held, facts, found),
        // It was reversed.
        None if held => found.clear(Subject::Hop(hop.id)),
        None => {}
    }
}

fn say(paid: Paid<'_>, file: &RecipientFile, held: bool, facts: &Facts, found: &mut Found) {
    payments::say(found, Subject::Hop(paid.payment.hop), conclusion(paid, file, facts), held);
}

fn conclusion(paid: Paid<'_>, file: &RecipientFile, facts: &Facts) -> Option<Conclusion> {
    let (payment, recipient): (_, PartyKey) = (paid.payment, paid.recipient);
    let window = facts.value(paid.due.programme, Parameter::SwitchDays) * DAY_MS;
    let mut accounts: Vec<&AccountSince> = file.accounts.iter().collect();
    accounts.dedup_by_key(|since| since.account);
    let place = accounts.iter().rposition(|since| since.at <= payment.sent_at)?;
    let (current, before) = (*accounts.get(place)?, *accounts.get(place.checked_sub(1)?)?);
    let is_new = payment.sent_at.0 - current.at.0 < window;
    let after = accounts.get(place + 1).filter(|after| after.account == before.account);
    let back = after.filter(|after| after.at.0 - payment.sent_at.0 < window);
    if payment.sent <= payment.refused || !(is_new || back.is_some()) {
        return None;
    }
    let equation = Equation::new("s - q", &[("s", payment.sent.into()), ("q", payment.refused.into())]);
    let conclusion = payments::about(Rule::L14, equation, recipient, paid.due, facts);
    let notes = [Some(before), Some(current), back.copied()].into_iter().flatten().map(|since| since.note.0.entry());
    Some(Conclusion {
        responsible: Some(current.by),
        hops: vec![payment.hop],
        entries: notes.chain([payment.hop.0.entry()]).collect(),
        since: Some(payment.sent_at),
        ..conclusion
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{World, digest};

    fn account(world: &mut World, name: &str) {
        world.of_recipient("r1", Particular::Account(digest(name)), None);
    }

    #[test]
    fn another_account_six_days_before_the_payment_is_found() {
        let mut world = World::new();
        account(&mut world, "old");
        world.at("2026-11-10T09:00:00Z");
        account(&mut world, "new");
        world.at("2026-11-16T09:00:00Z");
        let hop = world.sent("county", "r1", 500);
        let finding = world.only(&AccountSwitched);
        assert_eq!((finding.amount(), finding.responsible), (500, Some(world.key("registrar"))));
        assert_eq!((finding.recipient, finding.hops.clone()), (Some(world.key("r1")), vec![hop]));
        assert_eq!(finding.equation.to_string(), "s - q = 500 - 0 = 500");
    }

    #[test]
    fn a_week_before_is_long_enough_and_a_first_or_repeated_account_is_no_switch() {
        let mut world = World::new();
        account(&mut world, "first");
        account(&mut world, "first");
        world.sent("county", "r1", 500);
        world.at("2026-11-10T09:00:00Z");
        account(&mut world, "new");
        world.at("2026-11-17T09:02:00Z");
        world.sent("county", "r1", 500);
        assert!(world.history(&AccountSwitched).is_empty());
    }

    #[test]
    fn an_account_that_goes_back_after_the_payment_is_found() {
        let mut world = World::new();
        account(&mut world, "old");
        account(&mut world, "new");
        world.at("2026-11-20T09:00:00Z");
        let hop = world.sent("county", "r1", 500);
        world.at("2026-11-22T09:00:00Z");
        world.none(&AccountSwitched);
        account(&mut world, "old");
        let finding = world.only(&AccountSwitched);
        assert_eq!((finding.amount(), finding.hops.clone()), (500, vec![hop]));
    }

    #[test]
    fn a_third_account_after_the_payment_or_a_late_return_is_no_switch_back() {
        for (day, name) in [("2026-11-22T09:00:00Z", "third"), ("2026-11-28T09:00:00Z", "old")] {
            let mut world = World::new();
            account(&mut world, "old");
            account(&mut world, "new");
            world.at("2026-11-20T09:00:00Z");
            world.sent("county", "r1", 500);
            world.at(day);
            account(&mut world, name);
            world.none(&AccountSwitched);
        }
    }

    #[test]
    fn a_bounce_or_a_reversal_resolves_it() {
        let mut world = World::new();
        account(&mut world, "old");
        account(&mut world, "new");
        let hops = [world.sent("county", "r1", 500), world.sent("county", "r1", 300)];
        assert_eq!(world.findings(&AccountSwitched).len(), 2);
        world.banked(hops[0], None, Some(500), None);
        world.reversed("county", hops[1]);
        world.none(&AccountSwitched);
    }
}
