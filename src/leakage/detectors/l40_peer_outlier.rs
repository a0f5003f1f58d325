//! L40, peer outlier: a party loses more of what it sends than chance and its peers explain.
//!
//! Rates are those of all parties of one level (panchayats among panchayats) in a programme, over their answered transfers and deliveries,
//! weighted by money: `sum (s - r - f - q) / sum s`. A party with `L40.hops` hops or more is an outlier
//! when the one-sided probability of its rate among its peers, after Benjamini-Hochberg over all that
//! are judged, is below `L40.probability`; see [`crate::leakage::statistics::compare`]. The money is what
//! it lost beyond the peers' rate. [`rates`] lists every party, also those with few hops, whose shrunk
//! rate says little of them. Source: public expenditure tracking surveys, comparison across units.

use std::collections::BTreeMap;

use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::ledger::ids::{PartyKey, ProgrammeId};
use crate::ledger::money::six_places;
use crate::ledger::parameter::Parameter;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::TallyFile;
use crate::leakage::finding::{Conclusion, Score, Subject};
use crate::leakage::rule::Rule;
use crate::leakage::statistics::{Compared, Losses, benjamini_hochberg, compare, millionths};

/// The detector.
#[derive(Debug)]
pub struct PeerOutlier;

impl Detector for PeerOutlier {
    fn rule(&self) -> Rule {
        Rule::L40
    }

    fn examine(&self, event: &Event<'_>, _: &At, facts: &Facts, found: &mut Found) {
        if !matches!(event, Event::Day(_)) {
            return;
        }
        let mut peers: BTreeMap<(ProgrammeId, &str), Vec<(PartyKey, &TallyFile)>> = BTreeMap::new();
        for ((programme, party), tally) in &facts.files.tallies {
            let level = facts.party(*party).map_or("", |party| &party.level);
            peers.entry((*programme, level)).or_default().push((*party, tally));
        }
        for ((programme, _), tallies) in peers {
            let value = |parameter| facts.value(programme, parameter);
            for rate in rates(&tallies, value(Parameter::OutlierHops)) {
                if let Some(adjusted) = rate.adjusted {
                    let is_outlier = adjusted < millionths(value(Parameter::OutlierProbability));
                    let conclusion = is_outlier.then(|| conclusion(programme, &rate, facts));
                    found.judge(Subject::Party(programme, rate.party), conclusion);
                }
            }
        }
    }
}

/// The loss rate of one party of a programme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyRate {
    /// The party.
    pub party: PartyKey,
    /// Over how many answered hops.
    pub hops: u32,
    /// `sum s`, in minor units.
    pub sent: i64,
    /// `sum (s - r - f - q)`, in minor units; may be negative.
    pub lost: i64,
    /// Its rate beside its peers'; none with fewer than two peers.
    pub compared: Option<Compared>,
    /// The probability after Benjamini-Hochberg; none when it has too few hops to be judged.
    pub adjusted: Option<Decimal>,
    /// Over how many parties that is.
    pub judged: usize,
}

/// The rates of all parties of one level in a programme, in the order given; judged from so many hops on.
pub fn rates(tallies: &[(PartyKey, &TallyFile)], hops_min: i64) -> Vec<PartyRate> {
    let of = |tally: &TallyFile| Losses {
        hops: tally.hops,
        sent: tally.sent,
        lost: tally.lost,
        sent_squared: tally.sent_squared,
        lost_squared: tally.lost_squared,
        sent_lost: tally.sent_lost,
    };
    let losses: Vec<Losses> = tallies.iter().map(|(_, tally)| of(tally)).collect();
    let compared = compare(&losses);
    let is_judged = |tally: &TallyFile| i64::from(tally.hops) >= hops_min;
    let judged = tallies.iter().zip(&compared).filter(|((_, tally), _)| is_judged(tally));
    let values: Vec<Decimal> = judged.filter_map(|(_, compared)| compared.as_ref().map(|found| found.p)).collect();
    let mut adjusted = benjamini_hochberg(&values).into_iter();
    let rate = |((party, tally), compared): (&(PartyKey, &TallyFile), Option<Compared>)| PartyRate {
        party: *party,
        hops: tally.hops,
        sent: tally.sent,
        lost: tally.lost,
        adjusted: if compared.is_some() && is_judged(tally) { adjusted.next() } else { None },
        compared,
        judged: values.len(),
    };
    tallies.iter().zip(compared).map(rate).collect()
}

impl PartyRate {
    /// What it would have lost at its peers' rate, in minor units, rounded half to even; 0 without
    /// peers.
    pub fn expected(&self) -> i64 {
        let mean = self.compared.map_or(Decimal::ZERO, |compared| compared.mean);
        let expected = mean.checked_mul(Decimal::from(self.sent)).unwrap_or_default();
        expected.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven).to_i64().unwrap_or(0)
    }

    /// How its shrunk rate is computed, with the numbers; its rate alone without peers.
    pub fn equation(&self) -> String {
        let rate = format!("rate = {} / {}", self.lost, self.sent);
        let Some(c) = self.compared else { return rate };
        let (own, overall, shrunk) = (six_places(c.rate), six_places(c.overall), six_places(c.shrunk));
        format!(
            "{rate} = {own} over {} hops, shrunk towards {overall} of all: {shrunk}; z = (rate - mean) / \
             sqrt(between + within) = ({own} - {}) / sqrt({} + {}), p = {}",
            self.hops,
            six_places(c.mean),
            c.between.round_dp(12).normalize(),
            c.within.round_dp(12).normalize(),
            six_places(c.p)
        )
    }
}

fn conclusion(programme: ProgrammeId, rate: &PartyRate, facts: &Facts) -> Conclusion {
    let operands = [("lost", i128::from(rate.lost)), ("expected", i128::from(rate.expected()))];
    let equation = Equation::new("max(lost - expected, 0)", &operands);
    let adjusted = rate.adjusted.unwrap_or(Decimal::ONE);
    Conclusion {
        currency: facts.programme(programme).map(|file| file.currency),
        responsible: Some(rate.party),
        programme: Some(programme),
        area: facts.party(rate.party).map(|party| party.area),
        score: Some(Score {
            equation: format!("{}, after Benjamini-Hochberg over {} parties", rate.equation(), rate.judged),
            value: six_places(adjusted).to_string(),
        }),
        ..Conclusion::new(Rule::L40, equation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{With, World};
    use crate::ledger::registry::PartyKind;

    /// Parties that send amounts of 100 to the school, which acknowledges so much of each.
    fn world(of: &[(&str, &[i64])]) -> World {
        let mut world = World::new();
        world.thresholds(&[("L40.hops", 5)]);
        for (party, _) in of {
            world.register(party, PartyKind::Intermediary, "North", "district");
        }
        for (party, arrived) in of {
            let sum = 100 * i64::try_from(arrived.len()).expect("few");
            let token = world.fund(party, sum, &With::default());
            let hops = world.dispatch(party, token, &vec![("school", 100); arrived.len()], &With::default());
            for (hop, arrived) in hops.into_iter().zip(*arrived) {
                world.answered(hop, *arrived);
            }
        }
        world.pass(1);
        world
    }

    const HONEST: &[i64] = &[100; 6];

    #[test]
    fn a_party_that_loses_a_tenth_where_peers_lose_nothing_is_found() {
        let world = world(&[("first", HONEST), ("second", &[90, 90, 92, 88, 90, 90]), ("third", HONEST)]);
        let finding = world.only(&PeerOutlier);
        assert_eq!(finding.equation.to_string(), "max(lost - expected, 0) = max(60 - 0, 0) = 60");
        assert_eq!(finding.responsible, Some(world.key("second")));
        let score = finding.score.expect("it has one");
        assert_eq!(score.value, "0.000000");
        assert!(score.equation.starts_with("rate = 60 / 600 = 0.100000 over 6 hops, shrunk towards "), "{score:?}");
    }

    #[test]
    fn what_all_lose_and_one_loss_among_many_and_too_few_hops_are_no_outlier() {
        let lossy: &[i64] = &[90, 80, 95, 85, 100, 90];
        world(&[("first", lossy), ("second", &[80, 90, 90, 85, 95, 92]), ("third", lossy)]).none(&PeerOutlier);
        world(&[("first", HONEST), ("second", &[100, 0, 100, 100, 100, 100]), ("third", HONEST)]).none(&PeerOutlier);
        world(&[("first", HONEST), ("second", &[90, 90, 92, 88]), ("third", HONEST)]).none(&PeerOutlier);
    }

    #[test]
    fn the_expected_loss_is_that_at_the_peers_rate() {
        let peers: &[i64] = &[99, 98, 99, 98, 99, 99];
        let world = world(&[("first", peers), ("second", &[70, 71, 69, 70, 70, 70]), ("third", peers)]);
        // Its two peers lost 16 of 1,200.
        let finding = world.only(&PeerOutlier);
        assert_eq!(finding.equation.to_string(), "max(lost - expected, 0) = max(180 - 8, 0) = 172");
    }

    #[test]
    fn later_honest_hops_resolve_it() {
        let mut world = world(&[("first", HONEST), ("second", &[90; 6]), ("third", HONEST)]);
        assert_eq!(world.only(&PeerOutlier).amount(), 60);
        for _ in 0..60 {
            let hop = world.sent("second", "school", 100);
            world.answered(hop, 100);
        }
        world.pass(1);
        world.none(&PeerOutlier);
    }

    #[test]
    fn every_party_is_listed_with_its_rate() {
        let zero = TallyFile::default();
        let (few, many) = (
            TallyFile {
                hops: 1,
                sent: 100,
                lost: 50,
                sent_squared: 10_000,
                lost_squared: 2_500,
                sent_lost: 5_000,
                ..zero
            },
            // Half of them lost 10, to half as much came in addition.
            TallyFile { hops: 40, sent: 4_000, lost: 0, sent_squared: 400_000, lost_squared: 4_000, ..zero },
        );
        let keys = [PartyKey::MIN, PartyKey::MAX];
        let listed = rates(&[(keys[0], &few), (keys[1], &many), (keys[1], &many)], 30);
        assert_eq!(listed.len(), 3);
        assert_eq!((listed[0].adjusted, listed[0].judged), (None, 2));
        assert!(listed[0].compared.is_some_and(|few| few.shrunk < few.rate && few.shrunk > few.overall));
        assert!(listed[1].adjusted.is_some());
        assert_eq!(rates(&[(keys[0], &few)], 30)[0].equation(), "rate = 50 / 100");
    }
}
