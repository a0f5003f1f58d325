//! L25, bunching below the threshold: amounts just below the approval threshold are too frequent.
//!
//! Of one party's payments in a programme, those in the twentieth just below the threshold are more
//! than `L25.factor` times those in the twentieth below that, over at least `L25.count` amounts in
//! both. Without a reason to stay below, an amount of the two falls into either as likely: the score
//! is the binomial tail at one half, after Benjamini-Hochberg over the programme's parties, and has to
//! be below the programme's probability for outliers (`L40.probability`). The money is that in the
//! upper band. Source: studies of bunching at procurement thresholds.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

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
use crate::leakage::statistics::{benjamini_hochberg, binomial_tail, millionths};

/// The detector.
#[derive(Debug)]
pub struct ThresholdBunching;

impl Detector for ThresholdBunching {
    fn rule(&self) -> Rule {
        Rule::L25
    }

    fn examine(&self, event: &Event<'_>, _: &At, facts: &Facts, found: &mut Found) {
        if !matches!(event, Event::Day(_)) {
            return;
        }
        let mut judged: BTreeMap<ProgrammeId, Vec<(PartyKey, &TallyFile)>> = BTreeMap::new();
        for ((programme, party), tally) in &facts.files.tallies {
            let both = i64::from(tally.just_below) + i64::from(tally.next_below);
            if both > 0 && both >= facts.value(*programme, Parameter::BunchingCount) {
                judged.entry(*programme).or_default().push((*party, tally));
            }
        }
        for (programme, parties) in judged {
            programme_of(programme, &parties, facts, found);
        }
    }
}

fn programme_of(programme: ProgrammeId, parties: &[(PartyKey, &TallyFile)], facts: &Facts, found: &mut Found) {
    let half = Decimal::new(5, 1);
    let tail = |tally: &TallyFile| binomial_tail(tally.just_below, tally.just_below + tally.next_below, half);
    let tails: Vec<Decimal> = parties.iter().map(|(_, tally)| tail(tally)).collect();
    let probability = millionths(facts.value(programme, Parameter::OutlierProbability));
    let factor = facts.value(programme, Parameter::BunchingFactor);
    for ((party, tally), adjusted) in parties.iter().zip(benjamini_hochberg(&tails)) {
        let (just, next) = (i128::from(tally.just_below), i128::from(tally.next_below));
        let is_bunched = just * 1_000_000 > i128::from(factor) * next && adjusted < probability;
        let score = Score {
            equation: format!(
                "P(X >= {just}), X of {} amounts with 1/2 each, after Benjamini-Hochberg over {} parties",
                just + next,
                parties.len()
            ),
            value: six_places(adjusted).to_string(),
        };
        let conclusion = is_bunched.then(|| conclusion(programme, *party, tally, score, facts));
        found.judge(Subject::Party(programme, *party), conclusion);
    }
}

fn conclusion(programme: ProgrammeId, party: PartyKey, tally: &TallyFile, score: Score, facts: &Facts) -> Conclusion {
    let equation = Equation::new("just_below", &[("just_below", tally.just_below_sum.into())]);
    Conclusion {
        currency: facts.programme(programme).map(|file| file.currency),
        responsible: Some(party),
        programme: Some(programme),
        score: Some(score),
        ..Conclusion::new(Rule::L25, equation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{With, World};

    /// So many payments just below the threshold, and so many below these.
    fn paid(just_below: usize, next_below: usize) -> World {
        let mut world = World::new();
        world.thresholds(&[("approval.threshold", 1_000), ("L25.count", 10)]);
        let token = world.fund("bureau", 100_000, &With::default());
        let just_below = (0..just_below).map(|_| ("school", 950));
        let payments: Vec<(&str, i64)> = just_below.chain((0..next_below).map(|_| ("school", 949))).collect();
        world.dispatch("bureau", token, &payments, &With::default());
        world.pass(1);
        world
    }

    #[test]
    fn amounts_that_crowd_just_below_the_threshold_are_found() {
        let world = paid(13, 2);
        let finding = world.only(&ThresholdBunching);
        assert_eq!(finding.equation.to_string(), "just_below = 12350 = 12350");
        assert_eq!(finding.responsible, Some(world.key("bureau")));
        let score = finding.score.expect("it has one");
        // (1 + 15 + 105) / 2^15
        assert_eq!(score.value, "0.003693");
        assert_eq!(
            score.equation,
            "P(X >= 13), X of 15 amounts with 1/2 each, after Benjamini-Hochberg over 1 parties"
        );
    }

    #[test]
    fn a_few_amounts_or_no_more_than_the_factor_or_what_chance_does_are_no_bunching() {
        for (just_below, next_below) in [(9, 0), (30, 10), (8, 2)] {
            paid(just_below, next_below).none(&ThresholdBunching);
        }
    }

    #[test]
    fn payments_that_were_taken_back_are_not_counted() {
        let mut world = paid(0, 2);
        for _ in 0..13 {
            let token = world.fund("treasury", 950, &With::default());
            let hop = world.dispatch("treasury", token, &[("school", 950)], &With::default())[0];
            world.reversed("treasury", hop);
        }
        world.pass(1);
        world.none(&ThresholdBunching);
    }

    #[test]
    fn bunching_that_later_amounts_dilute_is_resolved() {
        let mut world = paid(13, 2);
        let token = world.fund("bureau", 100_000, &With::default());
        world.dispatch("bureau", token, &[("school", 910); 20], &With::default());
        world.pass(1);
        world.none(&ThresholdBunching);
    }
}
