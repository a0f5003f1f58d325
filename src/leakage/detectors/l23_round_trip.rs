//! L23, round trip: money comes back to a party that had sent it.
//!
//! A transfer goes to a party that is the sender of an earlier hop of the same money's way, within
//! so many days of that hop and with at least so large a share of what it had sent then; the share
//! stands beside the amount. Money that is given back (`RETURN`) is no round trip. Responsible is who
//! sent it back. Parties that belong together in other ways are not known, so the circle must close
//! at the same party. Source: anti-money-laundering typologies.

use crate::ledger::hop::Hop;
use crate::ledger::money::ratio;
use crate::ledger::parameter::Parameter;
use crate::ledger::time::DAY_MS;
use crate::ledger::token::HopKind;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::finding::{Conclusion, Score, Subject};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct RoundTrip;

impl Detector for RoundTrip {
    fn rule(&self) -> Rule {
        Rule::L23
    }

    fn examine(&self, event: &Event<'_>, _at: &At, facts: &Facts, found: &mut Found) {
        match event {
            Event::Opened(hop, _) => {
                if let Some(conclusion) = conclusion(hop, facts) {
                    found.holds(Subject::Hop(hop.id), conclusion);
                }
            }
            Event::Changed(hop, before) if hop.is_void() && !before.is_void() && hop.kind == HopKind::Transfer => {
                found.clear(Subject::Hop(hop.id));
            }
            _ => {}
        }
    }
}

fn conclusion(hop: &Hop, facts: &Facts) -> Option<Conclusion> {
    let file = facts.hop(hop.id).filter(|_| hop.kind == HopKind::Transfer)?;
    let allocation = facts.allocation(hop)?;
    let days = facts.value(allocation.programme, Parameter::RoundTripDays);
    let share = i128::from(facts.value(allocation.programme, Parameter::RoundTripShare));
    let (at, out) = file.legs.iter().enumerate().find(|(_, leg)| {
        let is_soon = hop.sent_at.0 - leg.sent_at.0 <= days * DAY_MS;
        let is_most = i128::from(hop.sent) * 1_000_000 >= i128::from(leg.sent) * share;
        leg.hop != hop.id && leg.from == Some(hop.to) && is_soon && is_most
    })?;
    let circle: Vec<_> = file.legs.iter().skip(at).map(|leg| leg.hop).collect();
    let equation = Equation::new("s", &[("s", hop.sent.into())]);
    Some(Conclusion {
        counterparty: None,
        entries: circle.iter().map(|id| id.0.entry()).collect(),
        hops: circle,
        since: Some(out.sent_at),
        score: ratio(hop.sent.into(), out.sent.into()).map(|share| Score {
            equation: format!("s / sent_before = {} / {}", hop.sent, out.sent),
            value: share.to_string(),
        }),
        ..Conclusion::new(Rule::L23, equation).of_hop(hop, allocation)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{With, World};
    use crate::ledger::ids::HopId;

    /// The bureau sends 1000 to the county, which passes on so much to the town, which sends all of
    /// that to the bureau.
    fn circle(world: &mut World, amount: i64, moment: &str) -> Vec<HopId> {
        let first = world.sent("bureau", "county", 1_000);
        world.answered(first, 1_000);
        let token = world.token_of("county", first);
        let second = world.dispatch("county", token, &[("town", amount)], &With::default())[0];
        world.answered(second, amount);
        world.at(moment);
        let token = world.token_of("town", second);
        vec![first, second, world.dispatch("town", token, &[("bureau", amount)], &With::default())[0]]
    }

    #[test]
    fn four_fifths_that_come_back_within_thirty_days_are_found() {
        let mut world = World::new();
        let hops = circle(&mut world, 800, "2026-12-02T08:00:00Z");
        let finding = world.only(&RoundTrip);
        assert_eq!((finding.amount(), finding.responsible), (800, Some(world.key("town"))));
        assert_eq!((finding.equation.to_string().as_str(), &finding.hops), ("s = 800 = 800", &hops));
        let score = finding.score.expect("it has a share");
        assert_eq!((score.equation.as_str(), score.value.as_str()), ("s / sent_before = 800 / 1000", "0.800000"));
        world.reversed("town", hops[2]);
        world.none(&RoundTrip);
    }

    #[test]
    fn a_smaller_part_and_a_later_one_are_no_round_trip() {
        let mut world = World::new();
        circle(&mut world, 799, "2026-12-02T08:00:00Z");
        world.at("2026-12-03T08:00:00Z");
        circle(&mut world, 900, "2027-01-03T08:00:00Z");
        world.none(&RoundTrip);
    }

    #[test]
    fn what_is_given_back_is_no_round_trip() {
        let mut world = World::new();
        let hop = world.sent("bureau", "county", 900);
        world.answered(hop, 900);
        let token = world.token_of("county", hop);
        world.given_back("county", token, "bureau", 900);
        world.none(&RoundTrip);
    }
}
