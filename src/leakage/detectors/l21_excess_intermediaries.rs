//! L21, excess intermediaries: money passes through more hands than the programme allows.
//!
//! The hops of the way from the treasury, this transfer or delivery among them, are more than the
//! maximum. Where money came back to a party that had it before, what lies between does not count:
//! a bounced payment that is sent again is no longer way (round trips are L23). Found at each hop
//! beyond the maximum, with its own amount; responsible is its sender. Source: direct benefit
//! transfer audits of Punjab and Kerala, which ask for the fewest levels; Banerjee and others on
//! leaner transfers in Bihar.

use crate::ledger::hop::Hop;
use crate::ledger::ids::{HopId, PartyKey};
use crate::ledger::parameter::Parameter;
use crate::ledger::token::HopKind;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::Leg;
use crate::leakage::finding::{Conclusion, Score, Subject};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct ExcessIntermediaries;

impl Detector for ExcessIntermediaries {
    fn rule(&self) -> Rule {
        Rule::L21
    }

    fn examine(&self, event: &Event<'_>, _at: &At, facts: &Facts, found: &mut Found) {
        match event {
            Event::Opened(hop, came_by) => {
                if let Some(conclusion) = conclusion(hop, *came_by, facts) {
                    found.holds(Subject::Hop(hop.id), conclusion);
                }
            }
            Event::Changed(hop, before) if hop.is_void() && !before.is_void() && has_way(hop) => {
                found.clear(Subject::Hop(hop.id));
            }
            _ => {}
        }
    }
}

fn has_way(hop: &Hop) -> bool {
    matches!(hop.kind, HopKind::Transfer | HopKind::Delivery)
}

fn conclusion(hop: &Hop, came_by: Option<HopId>, facts: &Facts) -> Option<Conclusion> {
    let legs = came_by.filter(|_| has_way(hop)).and_then(|id| facts.hop(id)).map(|file| file.legs.as_slice())?;
    let allocation = facts.allocation(hop)?;
    let maximum = usize::try_from(facts.value(allocation.programme, Parameter::HopsMax)).unwrap_or(usize::MAX);
    if legs.len() < maximum {
        return None;
    }
    let way = way(legs);
    let hops = way.len() + 1;
    if hops <= maximum {
        return None;
    }
    let equation = Equation::new("s", &[("s", hop.sent.into())]);
    let ids: Vec<HopId> = way.into_iter().chain([hop.id]).collect();
    Some(Conclusion {
        counterparty: None,
        recipient: facts.person(hop),
        entries: ids.iter().map(|id| id.0.entry()).collect(),
        hops: ids,
        score: Some(Score {
            equation: format!("hops - maximum = {hops} - {maximum}"),
            value: (hops - maximum).to_string(),
        }),
        ..Conclusion::new(Rule::L21, equation).of_hop(hop, allocation)
    })
}

/// The hops by which money came to where it is, without those that only led back.
fn way(legs: &[Leg]) -> Vec<HopId> {
    let mut way: Vec<(HopId, Option<PartyKey>)> = Vec::new();
    for leg in legs {
        match way.iter().position(|(_, from)| *from == Some(leg.to)) {
            Some(place) => way.truncate(place),
            None => way.push((leg.hop, leg.from)),
        }
    }
    way.into_iter().map(|(hop, _)| hop).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{With, World};

    /// Money of the county, over two hops, passed on to the town and a recipient.
    fn paid_through_the_town(world: &mut World) -> Vec<HopId> {
        let first = world.sent("bureau", "county", 900);
        world.answered(first, 900);
        let token = world.token_of("county", first);
        let second = world.dispatch("county", token, &[("town", 500)], &With::default())[0];
        world.answered(second, 500);
        let token = world.token_of("town", second);
        vec![first, second, world.dispatch("town", token, &[("r1", 100)], &With::default())[0]]
    }

    #[test]
    fn one_hop_more_than_the_maximum_is_found_at_that_hop() {
        let mut world = World::new();
        world.thresholds(&[("L21.hops", 3)]);
        let hops = paid_through_the_town(&mut world);
        let finding = world.only(&ExcessIntermediaries);
        assert_eq!((finding.amount(), finding.responsible), (100, Some(world.key("town"))));
        assert_eq!(finding.equation.to_string(), "s = 100 = 100");
        assert_eq!((finding.hops.len(), &finding.hops[1..]), (4, hops.as_slice()));
        assert_eq!(finding.score.expect("it counts").equation, "hops - maximum = 4 - 3");
        world.reversed("town", hops[2]);
        world.none(&ExcessIntermediaries);
    }

    #[test]
    fn the_maximum_itself_is_allowed() {
        let mut world = World::new();
        world.thresholds(&[("L21.hops", 4)]);
        paid_through_the_town(&mut world);
        world.none(&ExcessIntermediaries);
    }

    #[test]
    fn money_that_came_back_and_is_sent_again_is_no_further_than_before() {
        let mut world = World::new();
        world.thresholds(&[("L21.hops", 2)]);
        let hop = world.sent("bureau", "county", 900);
        world.answered(hop, 900);
        let token = world.token_of("county", hop);
        let back = world.given_back("county", token, "bureau", 900);
        world.answered(back, 900);
        let token = world.token_of("bureau", back);
        world.dispatch("bureau", token, &[("county", 900)], &With::default());
        world.none(&ExcessIntermediaries);
    }
}
