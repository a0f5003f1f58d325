//! L20, off-route: money went to somebody who is not next on the programme's route.
//!
//! The programme's rules say to which levels a level may pass money on; `RECIPIENT` and `END_PAYEE`
//! stand for all of these kinds. A transfer or delivery to a party of another level is off-route, and
//! so is one from a level that the route does not name. A programme without a route allows any way;
//! a party that is registered as `OUTSIDE` is never on one. Judged by the rules in force at the
//! dispatch. What is returned and recovered goes upstream and has no route. Nothing is found of money
//! that never was taken in: reversed, refused or bounced whole. Source: audits that found money paid
//! to village committees, not onto people's cards (常州).

use crate::ledger::hop::Hop;
use crate::ledger::operation::RouteStep;
use crate::ledger::registry::{Party, PartyKind};
use crate::ledger::token::HopKind;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct OffRoute;

impl Detector for OffRoute {
    fn rule(&self) -> Rule {
        Rule::L20
    }

    fn examine(&self, event: &Event<'_>, _at: &At, facts: &Facts, found: &mut Found) {
        match event {
            Event::Opened(hop, _) => {
                if let Some(conclusion) = conclusion(hop, facts) {
                    found.holds(Subject::Hop(hop.id), conclusion);
                }
            }
            Event::Changed(hop, before) if hop.is_void() && !before.is_void() && may_be_off(hop, facts) => {
                found.clear(Subject::Hop(hop.id));
            }
            _ => {}
        }
    }
}

/// Whether it is of a kind that has a route, in a programme with one or to somebody outside.
fn may_be_off(hop: &Hop, facts: &Facts) -> bool {
    let has_route = facts.money(hop).is_some_and(|(_, programme)| !programme.rules.route.is_empty());
    matches!(hop.kind, HopKind::Transfer | HopKind::Delivery)
        && (has_route || facts.kind(hop.to) == Some(PartyKind::Outside))
}

fn conclusion(hop: &Hop, facts: &Facts) -> Option<Conclusion> {
    if !may_be_off(hop, facts) {
        return None;
    }
    let (allocation, programme) = facts.money(hop)?;
    let (from, to) = (facts.party(hop.from?)?, facts.party(hop.to)?);
    if to.kind != PartyKind::Outside && is_next(&programme.rules.route, from, to) {
        return None;
    }
    let equation = Equation::new("s", &[("s", hop.sent.into())]);
    Some(Conclusion {
        counterparty: None,
        recipient: facts.person(hop),
        ..Conclusion::new(Rule::L20, equation).of_hop(hop, allocation)
    })
}

fn is_next(route: &[RouteStep], from: &Party, to: &Party) -> bool {
    let is_named = |name: &String| match to.kind {
        PartyKind::Recipient => name == "RECIPIENT",
        PartyKind::EndPayee => name == "END_PAYEE" || *name == to.level,
        _ => *name == to.level,
    };
    route.iter().filter(|step| step.from == from.level).any(|step| step.to.iter().any(is_named))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::World;
    use crate::ledger::operation::Rules;

    fn world() -> World {
        let mut world = World::new();
        let step = |from: &str, to: &[&str]| RouteStep {
            from: from.to_owned(),
            to: to.iter().map(|level| (*level).to_owned()).collect(),
        };
        let route = vec![
            step("treasury", &["bureau", "county"]),
            step("bureau", &["county"]),
            step("county", &["RECIPIENT", "END_PAYEE"]),
        ];
        world.rules(Rules { route, ..Rules::default() });
        world
    }

    #[test]
    fn a_receiver_that_is_not_next_is_found_and_so_is_a_sender_off_the_route() {
        let mut world = world();
        let to_town = world.sent("county", "town", 900);
        let finding = world.only(&OffRoute);
        assert_eq!((finding.amount(), finding.responsible), (900, Some(world.key("county"))));
        assert_eq!((finding.hops, finding.counterparty), (vec![to_town], None));
        assert_eq!(finding.equation.to_string(), "s = 900 = 900");
        world.answered(to_town, 900);
        let token = world.token_of("town", to_town);
        world.dispatch("town", token, &[("r1", 100)], &Default::default());
        assert_eq!(world.findings(&OffRoute)[1].conclusion.responsible, Some(world.key("town")));
    }

    #[test]
    fn every_hop_of_the_route_is_right() {
        let mut world = world();
        let hop = world.sent("bureau", "county", 900);
        world.answered(hop, 900);
        let token = world.token_of("county", hop);
        world.dispatch("county", token, &[("r1", 100), ("school", 300)], &Default::default());
        let back = world.sent("bureau", "county", 50);
        world.answered(back, 50);
        let token = world.token_of("county", back);
        world.given_back("county", token, "treasury", 50);
        world.none(&OffRoute);
    }

    #[test]
    fn a_stranger_is_off_every_route() {
        let mut world = World::new();
        world.sent("county", "town", 50);
        world.sent("county", "stranger", 900);
        assert_eq!(world.only(&OffRoute).amount(), 900);
    }

    #[test]
    fn it_is_resolved_when_nothing_was_taken_in() {
        let mut world = world();
        let slip = world.sent("county", "town", 900);
        let refused = world.sent("county", "town", 50);
        assert_eq!(world.findings(&OffRoute).len(), 2);
        world.reversed("county", slip);
        world.refused(refused, 50);
        world.none(&OffRoute);
    }
}
