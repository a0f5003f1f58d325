//! L43, explanation abuse: an officer uses one explanation far more often than others do.
//!
//! Explanations are codes of deductions, and outcomes of cases; each kind is compared by itself. Of an
//! officer with `L43.count` or more of a kind, the share of one explanation is more than `L43.factor`
//! times its share among the other officers of parties of the same level, whose work is alike; among
//! all others where none of the level explained anything. The score is the binomial tail at the others' share,
//! `(k + 1) / (n + 2)` by the rule of succession, that nothing be certain from few; after
//! Benjamini-Hochberg over all that are judged it has to be below the probability for outliers
//! (`L40.probability`). Thresholds are those of the programme in which the officer explained last. No
//! money is at stake: it is a breach of control. Source: audit practice.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use uuid::Uuid;

use crate::ledger::money::six_places;
use crate::ledger::parameter::Parameter;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::OfficerFile;
use crate::leakage::finding::{Conclusion, Score, Subject};
use crate::leakage::rule::Rule;
use crate::leakage::statistics::{benjamini_hochberg, binomial_tail, millionths};

/// The detector.
#[derive(Debug)]
pub struct ExplanationAbuse;

impl Detector for ExplanationAbuse {
    fn rule(&self) -> Rule {
        Rule::L43
    }

    fn examine(&self, event: &Event<'_>, _: &At, facts: &Facts, found: &mut Found) {
        if !matches!(event, Event::Day(_)) {
            return;
        }
        let judged = judged(facts);
        let tails: Vec<Decimal> = judged.iter().map(Used::tail).collect();
        for (used, adjusted) in judged.iter().zip(benjamini_hochberg(&tails)) {
            let value = |parameter| value(used.file, parameter, facts);
            let is_abused = used.is_above(value(Parameter::ExplanationFactor))
                && adjusted < millionths(value(Parameter::OutlierProbability));
            let conclusion = is_abused.then(|| conclusion(used, adjusted, judged.len(), facts));
            found.judge(Subject::Officer(used.officer, used.explanation.to_owned()), conclusion);
        }
    }
}

/// How often an officer used an explanation, and others.
struct Used<'a> {
    officer: Uuid,
    explanation: &'a str,
    file: &'a OfficerFile,
    own: u32,
    own_all: u32,
    others: u64,
    others_all: u64,
}

impl Used<'_> {
    /// Whether its share is more than so many millionths of the others' share.
    fn is_above(&self, factor: i64) -> bool {
        let own = i128::from(self.own) * i128::from(self.others_all) * 1_000_000;
        own > i128::from(factor) * i128::from(self.others) * i128::from(self.own_all)
    }

    fn tail(&self) -> Decimal {
        let share = Decimal::from(self.others + 1) / Decimal::from(self.others_all + 2);
        binomial_tail(self.own, self.own_all, share)
    }
}

fn is_of_a_case(explanation: &str) -> bool {
    explanation.starts_with("case ")
}

fn value(file: &OfficerFile, parameter: Parameter, facts: &Facts) -> i64 {
    file.programme.map_or(parameter.default(), |programme| facts.value(programme, parameter))
}

/// How often explanations were used.
#[derive(Default)]
struct Counts<'a> {
    by_text: BTreeMap<&'a str, u64>,
    /// Of deductions, of cases.
    by_kind: [u64; 2],
}

impl<'a> Counts<'a> {
    fn add(&mut self, explanation: &'a str, count: u32) {
        *self.by_text.entry(explanation).or_default() += u64::from(count);
        let [deductions, cases] = &mut self.by_kind;
        *(if is_of_a_case(explanation) { cases } else { deductions }) += u64::from(count);
    }

    fn of_kind(&self, cases: bool) -> u64 {
        let [deductions, of_cases] = self.by_kind;
        if cases { of_cases } else { deductions }
    }
}

/// Every explanation of every officer with enough of its kind, where others explained as well.
fn judged(facts: &Facts) -> Vec<Used<'_>> {
    let (mut all, mut levels) = (Counts::default(), BTreeMap::<&str, Counts<'_>>::new());
    for file in facts.files.officers.values() {
        let level = levels.entry(&file.level).or_default();
        for (explanation, count) in &file.explanations {
            all.add(explanation, *count);
            level.add(explanation, *count);
        }
    }
    let mut judged = Vec::new();
    for (officer, file) in &facts.files.officers {
        let least = value(file, Parameter::ExplanationCount, facts);
        for kind in [false, true] {
            let own = file.explanations.iter().filter(|(text, _)| is_of_a_case(text) == kind);
            let own_all: u32 = own.clone().map(|(_, count)| count).fold(0, |sum, count| sum.saturating_add(*count));
            let of_others = |counts: &Counts<'_>| counts.of_kind(kind).saturating_sub(u64::from(own_all));
            let level = levels.get(file.level.as_str()).filter(|level| of_others(level) > 0);
            let peers = level.unwrap_or(&all);
            let others_all = of_others(peers);
            if others_all == 0 || i64::from(own_all) < least {
                continue;
            }
            judged.extend(own.map(|(explanation, count)| Used {
                officer: *officer,
                explanation,
                file,
                own: *count,
                own_all,
                others: peers.by_text.get(explanation.as_str()).map_or(0, |of| of.saturating_sub(u64::from(*count))),
                others_all,
            }));
        }
    }
    judged
}

fn conclusion(used: &Used<'_>, adjusted: Decimal, judged: usize, facts: &Facts) -> Conclusion {
    let newest = used.file.newest.get(used.explanation).copied().flatten();
    let responsible = used.file.parties.first().copied();
    Conclusion {
        currency: used.file.programme.and_then(|id| facts.programme(id)).map(|file| file.currency),
        responsible,
        programme: used.file.programme,
        hops: newest.into_iter().collect(),
        entries: newest.into_iter().map(|hop| hop.0.entry()).collect(),
        score: Some(Score {
            equation: format!(
                "{} / {} of the officer's against {} / {} of others', P(X >= {}) after Benjamini-Hochberg over {judged}",
                used.own, used.own_all, used.others, used.others_all, used.own
            ),
            value: six_places(adjusted).to_string(),
        }),
        ..Conclusion::new(Rule::L43, Equation::new("0", &[]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{With, World, officer};
    use crate::ledger::registry::PartyKind;

    /// An officer of the bureau explains deductions by so many of a code each, one of the county as well.
    fn world(bureau: &[(&'static str, usize)], county: &[(&'static str, usize)]) -> World {
        let mut world = World::new();
        world.thresholds(&[("L43.count", 10)]);
        explained(&mut world, "bureau", bureau);
        explained(&mut world, "county", county);
        world.pass(1);
        world
    }

    fn explained(world: &mut World, party: &'static str, of: &[(&'static str, usize)]) {
        for (code, count) in of {
            let count = i64::try_from(*count).expect("few");
            let token = world.fund(party, count * 100, &With::default());
            let to = vec![("school", 100); usize::try_from(count).expect("few")];
            world.dispatch(party, token, &to, &With { deductions: vec![(*code, 1)], ..With::default() });
        }
    }

    #[test]
    fn an_officer_whose_explanation_is_far_more_frequent_than_others_is_found() {
        let world = world(&[("MISC", 8), ("FEE", 4)], &[("MISC", 2), ("FEE", 28)]);
        let finding = world.only(&ExplanationAbuse);
        assert_eq!(finding.equation.to_string(), "0 = 0 = 0");
        assert_eq!((finding.amount(), finding.responsible), (0, Some(world.key("bureau"))));
        let score = finding.score.expect("it has one");
        let text = "8 / 12 of the officer's against 2 / 30 of others', P(X >= 8) after Benjamini-Hochberg over 4";
        assert_eq!(score.equation, text);
        assert!(score.value.starts_with("0.0000"), "{score:?}");
        let id = Subject::Officer(officer("bureau", 0), "MISC".to_owned()).finding_id(Rule::L43);
        assert!(world.history(&ExplanationAbuse).contains_key(&id));
    }

    #[test]
    fn few_explanations_or_others_alike_or_no_others_or_no_more_than_the_factor_are_silent() {
        world(&[("MISC", 8), ("FEE", 1)], &[("MISC", 1), ("FEE", 8)]).none(&ExplanationAbuse);
        world(&[("MISC", 12)], &[("MISC", 28), ("FEE", 2)]).none(&ExplanationAbuse);
        world(&[("MISC", 12)], &[]).none(&ExplanationAbuse);
        world(&[("MISC", 12), ("FEE", 8)], &[("MISC", 20), ("FEE", 80)]).none(&ExplanationAbuse);
    }

    #[test]
    fn what_is_usual_at_a_level_is_no_abuse_there() {
        let mut world = World::new();
        world.thresholds(&[("L43.count", 10)]);
        world.register("province", PartyKind::Intermediary, "South", "bureau");
        for (party, code) in [("bureau", "MISC"), ("province", "MISC"), ("county", "FEE")] {
            explained(&mut world, party, &[(code, 12)]);
        }
        world.pass(1);
        let id = |party: &str| Subject::Officer(officer(party, 0), "MISC".to_owned()).finding_id(Rule::L43);
        let history = world.history(&ExplanationAbuse);
        assert!(!history.contains_key(&id("bureau")) && !history.contains_key(&id("province")));
    }

    #[test]
    fn it_is_resolved_when_others_use_it_as_well() {
        let mut world = world(&[("MISC", 8), ("FEE", 4)], &[("MISC", 2), ("FEE", 28)]);
        explained(&mut world, "county", &[("MISC", 20)]);
        world.pass(1);
        world.none(&ExplanationAbuse);
    }
}
