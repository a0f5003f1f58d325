//! L36, self-dealing: the same person stands on both sides of a payment.
//!
//! Of a hop between parties, or to an end payee: an officer who signed its dispatch also signs for
//! its receiver that it arrived. Of a delivery to a recipient: an officer who signs it has the
//! identity of the recipient, or of a member of the recipient's household, as far as the registry
//! knew at the dispatch. Responsible is the sender. Money that a bank or an import speaks of is not
//! meant: neither side signed. Source: audits of cadres' family accounts (汉寿); the rule of two
//! persons.

use uuid::Uuid;

use crate::ledger::hop::Hop;
use crate::ledger::ids::PartyKey;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::Holding;
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct SelfDealing;

impl Detector for SelfDealing {
    fn rule(&self) -> Rule {
        Rule::L36
    }

    fn examine(&self, event: &Event<'_>, at: &At, facts: &Facts, found: &mut Found) {
        match event {
            Event::Opened(hop, _) if !hop.reported && pays_own(hop, at, facts) => {
                hold(hop, ("s", hop.sent), at, facts, found);
            }
            Event::Changed(hop, before) if !hop.reported => {
                answered(hop, before, at, facts, found);
                if facts.is_to_recipient(hop) && hop.is_void() && !before.is_void() {
                    found.clear(Subject::Hop(hop.id));
                }
            }
            _ => {}
        }
    }
}

/// Whether an officer pays themselves or their household.
fn pays_own(hop: &Hop, at: &At, facts: &Facts) -> bool {
    let identity_of = |officer: &Uuid| facts.files.officers.get(officer).and_then(|file| file.identity);
    let own =
        at.officers.iter().filter_map(identity_of).flat_map(|identity| facts.holders(Holding::Identity, identity));
    let household = |recipient: PartyKey| facts.recipient(recipient).and_then(|file| file.household);
    facts.is_to_recipient(hop)
        && own.into_iter().any(|own| {
            let shared = household(*own).filter(|own| household(hop.to) == Some(*own));
            *own == hop.to || shared.is_some()
        })
}

/// The receiver of a hop between parties answers it, or takes the answer back.
fn answered(hop: &Hop, before: &Hop, at: &At, facts: &Facts, found: &mut Found) {
    if hop.from.is_none() || hop.figures.arrived == before.figures.arrived || facts.is_to_recipient(hop) {
        return;
    }
    let Some(arrived) = hop.figures.arrived else {
        found.clear(Subject::Hop(hop.id));
        return;
    };
    let Some(file) = facts.hop(hop.id).filter(|_| at.party == Some(hop.to)) else { return };
    if at.officers.iter().any(|officer| file.sent_by.contains(officer)) {
        hold(hop, ("r", arrived), at, facts, found);
    }
}

fn hold(hop: &Hop, (name, amount): (&str, i64), at: &At, facts: &Facts, found: &mut Found) {
    let Some(allocation) = facts.allocation(hop) else { return };
    let equation = Equation::new(name, &[(name, amount.into())]);
    let conclusion = Conclusion {
        counterparty: None,
        recipient: facts.person(hop),
        entries: [hop.id.0.entry()].into_iter().chain(at.entry).collect(),
        ..Conclusion::new(Rule::L36, equation).of_hop(hop, allocation)
    };
    found.holds(Subject::Hop(hop.id), conclusion);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{With, World, digest, id, officer};
    use crate::ledger::note::Particular;

    #[test]
    fn an_officer_who_sends_and_acknowledges_is_found() {
        let mut world = World::new();
        world.also_officer_of("bureau", "county");
        let hop = world.sent("bureau", "county", 900);
        let entry = world.answered_with(hop, 890, &With { officer: 7, ..With::default() });
        let finding = world.only(&SelfDealing);
        assert_eq!((finding.amount(), finding.responsible), (890, Some(world.key("bureau"))));
        assert_eq!(finding.equation.to_string(), "r = 890 = 890");
        assert_eq!((finding.entries, finding.counterparty), (vec![hop.0.entry(), entry], None));
    }

    #[test]
    fn two_officers_on_the_two_sides_are_right() {
        let mut world = World::new();
        world.also_officer_of("bureau", "county");
        let hop = world.sent("bureau", "county", 900);
        world.answered(hop, 900);
        world.sent("county", "r1", 100);
        world.none(&SelfDealing);
    }

    #[test]
    fn a_payment_to_the_officers_own_household_is_found() {
        let mut world = World::new();
        let identity = Particular::Identity(digest("clerk"));
        world.of_person(officer("county", 0), identity, None);
        world.of_recipient("r2", identity, None);
        for member in ["r1", "r2"] {
            world.of_recipient(member, Particular::Household(id("clerk's household")), None);
        }
        let hop = world.sent("county", "r1", 100);
        world.sent("county", "r3", 100);
        let finding = world.only(&SelfDealing);
        assert_eq!((finding.amount(), finding.recipient), (100, Some(world.key("r1"))));
        assert_eq!(finding.equation.to_string(), "s = 100 = 100");
        world.reversed("county", hop);
        world.none(&SelfDealing);
        world.sent("county", "r2", 70);
        assert_eq!(world.only(&SelfDealing).recipient, Some(world.key("r2")));
    }

    #[test]
    fn another_officer_may_pay_the_household() {
        let mut world = World::new();
        let identity = Particular::Identity(digest("clerk"));
        world.of_person(officer("county", 0), identity, None);
        world.of_recipient("r2", identity, None);
        world.sent_with("county", "r2", 100, &With { officer: 1, ..With::default() });
        world.none(&SelfDealing);
    }
}
