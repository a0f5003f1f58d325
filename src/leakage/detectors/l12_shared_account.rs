//! L12, shared account: the payments of several recipients go to one account.
//!
//! The keyed digest of one account is that of as many recipients as the programme finds too many
//! (three by default; of several programmes that paid them the lowest number), and they are neither
//! all of one household nor all under one guardian, who may be one of them. What they received and
//! did not send back is exposed. Who stated the account of the last of them is responsible. Amounts
//! are in the currency of the first payment. Source: the pension audit of Haryana (54.48 crore into
//! others' accounts); HOPE's unique keys.

use crate::ledger::ids::PartyKey;
use crate::ledger::note::{Noted, Particular, Person, PersonDigest};
use crate::ledger::parameter::Parameter;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::{Holding, Payment, RecipientFile};
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::payments;
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct SharedAccount;

impl Detector for SharedAccount {
    fn rule(&self) -> Rule {
        Rule::L12
    }

    fn examine(&self, event: &Event<'_>, _: &At, facts: &Facts, found: &mut Found) {
        let file = if let Event::Noted(note, _) = event {
            let Noted::Of { person: Person::Recipient(recipient), particular, .. } = note.fact else { return };
            let Some(file) = facts.recipient(recipient) else { return };
            match particular {
                Particular::Account(_) => {
                    let before = file.accounts.iter().rev().nth(1).map(|since| since.account);
                    let left = before.filter(|left| Some(*left) != account(file));
                    left.into_iter().for_each(|left| judge(left, 1, facts, found));
                }
                Particular::Household(_) | Particular::Guardian(_) | Particular::Identity(_) => {}
                _ => return,
            }
            file
        } else {
            let Some(moved) = payments::moved(event, facts) else { return };
            moved.file
        };
        account(file).into_iter().for_each(|account| judge(account, 2, facts, found));
    }
}

fn account(file: &RecipientFile) -> Option<PersonDigest> {
    file.accounts.last().map(|since| since.account)
}

/// Judges an account if it has so many holders: fewer cannot be too many, nor can they have been.
fn judge(account: PersonDigest, holders: usize, facts: &Facts, found: &mut Found) {
    if facts.holders(Holding::Account, account).len() >= holders {
        found.judge(Subject::Digest(account), conclusion(account, facts));
    }
}

fn conclusion(digest: PersonDigest, facts: &Facts) -> Option<Conclusion> {
    let members = facts.holders(Holding::Account, digest);
    let files: Vec<&RecipientFile> = members.iter().filter_map(|member| facts.recipient(*member)).collect();
    if members.len() < too_many(&files, facts) || are_related(&files) {
        return None;
    }
    let last: PartyKey = *members.last()?;
    let paid = payments::in_one_currency(payments::of_recipients(members, facts).collect(), facts);
    let equation = Equation::new("paid", &[("paid", payments::sum(&paid, Payment::kept))]);
    let conclusion = payments::over(Rule::L12, equation, &paid, facts);
    let notes = facts.holder_notes(Holding::Account, digest).iter().map(|note| note.0.entry());
    Some(Conclusion {
        responsible: facts.recipient(last).and_then(|file| file.accounts.last()).map(|since| since.by),
        area: facts.party(last).map(|party| party.area),
        recipient: Some(last),
        entries: conclusion.entries.iter().copied().chain(notes).collect(),
        ..conclusion
    })
}

/// The lowest number that a programme which pays them finds too many.
fn too_many(files: &[&RecipientFile], facts: &Facts) -> usize {
    let programmes = files.iter().flat_map(|file| &file.dues).map(|due| due.programme);
    let lowest = programmes.map(|programme| facts.value(programme, Parameter::AccountRecipients)).min();
    usize::try_from(lowest.unwrap_or(Parameter::AccountRecipients.default())).unwrap_or(usize::MAX)
}

/// Whether all are of one household, or under one guardian, who may be among them.
fn are_related(files: &[&RecipientFile]) -> bool {
    let household = files.first().and_then(|file| file.household);
    if household.is_some() && files.iter().all(|file| file.household == household) {
        return true;
    }
    let guardian = files.iter().find_map(|file| file.guardian);
    guardian.is_some() && files.iter().all(|file| file.guardian == guardian || file.identity == guardian)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{World, digest, id};

    /// So many recipients with one account.
    fn shared(world: &mut World, count: u8) {
        for at in 1..=count {
            world.of_recipient(&format!("r{at}"), Particular::Account(digest("account")), None);
        }
    }

    fn paid(world: &mut World, recipient: &str, amount: i64) {
        let hop = world.sent("county", recipient, amount);
        world.answered(hop, amount);
    }

    #[test]
    fn three_strangers_on_one_account_are_found_with_what_they_received() {
        let mut world = World::new();
        paid(&mut world, "r1", 500);
        shared(&mut world, 3);
        assert_eq!(world.only(&SharedAccount).amount(), 500);
        paid(&mut world, "r3", 300);
        let finding = world.only(&SharedAccount);
        assert_eq!((finding.amount(), finding.responsible), (800, Some(world.key("registrar"))));
        assert_eq!((finding.recipient, finding.hops.len()), (Some(world.key("r3")), 2));
        assert_eq!(finding.equation.to_string(), "paid = 800 = 800");
    }

    #[test]
    fn two_on_one_account_or_a_household_or_a_guardian_and_wards_are_right() {
        let mut world = World::new();
        shared(&mut world, 2);
        paid(&mut world, "r1", 500);
        world.none(&SharedAccount);
        let mut world = World::new();
        for recipient in ["r1", "r2", "r3"] {
            world.of_recipient(recipient, Particular::Household(id("house")), None);
        }
        shared(&mut world, 3);
        world.none(&SharedAccount);
        let mut world = World::new();
        world.of_recipient("r1", Particular::Identity(digest("guardian")), None);
        for recipient in ["r2", "r3"] {
            world.of_recipient(recipient, Particular::Guardian(digest("guardian")), None);
        }
        shared(&mut world, 3);
        world.none(&SharedAccount);
    }

    #[test]
    fn one_who_gets_an_account_or_all_who_turn_out_a_household_resolve_it() {
        let mut world = World::new();
        shared(&mut world, 3);
        assert_eq!(world.findings(&SharedAccount).len(), 1);
        world.of_recipient("r2", Particular::Account(digest("own account")), None);
        world.none(&SharedAccount);
        world.of_recipient("r2", Particular::Account(digest("account")), None);
        assert_eq!(world.findings(&SharedAccount).len(), 1);
        for recipient in ["r1", "r2", "r3"] {
            world.of_recipient(recipient, Particular::Household(id("house")), None);
        }
        world.none(&SharedAccount);
    }

    #[test]
    fn what_is_sent_back_is_not_exposed() {
        let mut world = World::new();
        shared(&mut world, 3);
        paid(&mut world, "r1", 500);
        let hop = world.sent("county", "r2", 300);
        world.answered(hop, 300);
        let token = world.token_of("r2", hop);
        world.given_back("r2", token, "county", 100);
        assert_eq!(world.only(&SharedAccount).amount(), 700);
    }

    #[test]
    fn a_programme_may_find_two_too_many() {
        let mut world = World::new();
        world.thresholds(&[("L12.recipients", 2)]);
        shared(&mut world, 2);
        world.none(&SharedAccount);
        paid(&mut world, "r1", 500);
        assert_eq!(world.only(&SharedAccount).amount(), 500);
    }
}
