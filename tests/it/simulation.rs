//! What is planted in a simulated world is found, with its amount and party, and honest money is not
//! called a loss.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aqueduct::leakage::finding::{Finding, Subject as About};
use aqueduct::leakage::rule::{Rule, Severity};
use aqueduct::ledger::ids::{HopId, PartyKey, Place};
use aqueduct::ledger::time::Millis;
use aqueduct::service::clock::Clock;
use aqueduct::service::node::{Node, Options};
use aqueduct::service::simulation::truth::{Irregularity, Subject, Truth};
use aqueduct::service::simulation::{SimulationError, Size, simulate};
use uuid::Uuid;

use crate::database;

const SEEDS: [u64; 5] = [1, 2, 3, 5, 8];
const SIZE: Size = Size { seed: 0, recipients: 60, cycles: 4, leak_millionths: 20_000 };
/// After the end of every simulated history.
const NOW: &str = "2026-06-01T00:00:00Z";

fn options(directory: &std::path::Path) -> Options {
    let clock = Arc::new(Clock::manual(Millis::parse(NOW).unwrap()));
    Options { clock, ..database::options(directory) }
}

/// The findings that stand at the end.
async fn findings(node: &Node) -> Vec<Finding> {
    node.examine_up().await;
    assert_eq!(node.stopped_detectors(), Vec::new());
    let mut last: BTreeMap<Uuid, Finding> = BTreeMap::new();
    let mut after = None;
    loop {
        let versions = node.findings().after(after, 1_000).await.unwrap();
        let Some((number, _)) = versions.last() else { break };
        after = Some(*number);
        last.extend(versions.into_iter().map(|(_, finding)| (finding.id, finding)));
    }
    last.into_values().filter(|finding| finding.resolved.is_none()).collect()
}

/// A planted irregularity with what the books have for its names.
struct Planted {
    truth: Irregularity,
    party: PartyKey,
    recipient: Option<PartyKey>,
    hop: Option<HopId>,
}

async fn planted(node: &Node, truth: &Truth) -> Vec<Planted> {
    let mut all = Vec::new();
    for truth in &truth.planted {
        let key = |id: Uuid| node.tables().parties.key_of(&id).unwrap();
        let hop = match &truth.subject {
            Subject::Hop { operation, output } => {
                let recorded = node.views().operations(&[*operation]).await.unwrap();
                Some(HopId(Place::new(recorded[0].entry, *output).unwrap()))
            }
            _ => None,
        };
        let recipient = match &truth.subject {
            Subject::Recipient { id, .. } => Some(key(*id)),
            _ => None,
        };
        all.push(Planted { truth: truth.clone(), party: key(truth.party_id), recipient, hop });
    }
    all
}

impl Planted {
    fn is_found_by(&self, finding: &Finding) -> bool {
        let (conclusion, amount) = (&finding.conclusion, finding.conclusion.amount().to_string());
        let of_recipient = |recipient| {
            conclusion.recipient == Some(recipient)
                || matches!(finding.subject, About::Party(_, party) if party == recipient)
        };
        self.truth.rule == finding.rule.code()
            && self.truth.amount == amount
            && conclusion.responsible == Some(self.party)
            && self.hop.is_none_or(|hop| conclusion.hops.contains(&hop))
            && self.recipient.is_none_or(of_recipient)
    }
}

#[derive(Default)]
struct Score {
    planted: usize,
    missed: usize,
    found: usize,
    false_alarms: usize,
}

/// Compares findings with the truth, by rule; what was missed and what was found beside it in words.
fn compare(node: &Node, planted: &[Planted], findings: &[Finding], scores: &mut BTreeMap<Rule, Score>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut explained = BTreeSet::new();
    let label = |key: PartyKey| node.tables().parties.get(&key).unwrap().label.clone();
    for one in planted {
        let rule = Rule::parse(&one.truth.rule).unwrap();
        let score = scores.entry(rule).or_default();
        score.planted += 1;
        let found = findings.iter().find(|finding| !explained.contains(&finding.id) && one.is_found_by(finding));
        match found {
            Some(finding) => drop(explained.insert(finding.id)),
            None => {
                score.missed += 1;
                faults.push(format!("missed: {:?}", one.truth));
            }
        }
    }
    for finding in findings {
        let score = scores.entry(finding.rule).or_default();
        score.found += 1;
        if !explained.contains(&finding.id) {
            score.false_alarms += 1;
            let conclusion = &finding.conclusion;
            let known = if conclusion.severity == Severity::A { "LOSS" } else { "alarm" };
            faults.push(format!(
                "{known}: {} {} of {:?} ({:?}, recipient {:?}), cycle {:?}: {:?}",
                finding.rule.code(),
                conclusion.equation,
                conclusion.responsible.map(label),
                conclusion.purpose,
                conclusion.recipient.map(label),
                conclusion.cycle,
                finding.subject,
            ));
        }
    }
    faults
}

/// The table of the README.
fn table(scores: &BTreeMap<Rule, Score>) -> String {
    let mut table = "| rule | planted | recall | found | precision |\n|---|---|---|---|---|\n".to_owned();
    let share = |part: usize, of: usize| {
        let hundredths = (part * 100).checked_div(of);
        hundredths.map_or("-".to_owned(), |share| format!("{}.{:02}", share / 100, share % 100))
    };
    for (rule, score) in scores {
        table += &format!(
            "| {} {} | {} | {} | {} | {} |\n",
            rule.code(),
            rule.title(),
            score.planted,
            share(score.planted - score.missed, score.planted),
            score.found,
            share(score.found - score.false_alarms, score.found),
        );
    }
    table
}

/// Simulates a world and compares what is found in it with what was planted.
async fn world(size: Size, scores: &mut BTreeMap<Rule, Score>) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let truth = simulate(options(directory.path()), size, |_, _, _| {}).await.unwrap();
    let node = Node::open(options(directory.path())).await.unwrap();
    let (planted, findings) = (planted(&node, &truth).await, findings(&node).await);
    let faults = compare(&node, &planted, &findings, scores);
    node.stop().await;
    faults.into_iter().map(|fault| format!("seed {}: {fault}", size.seed)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_planted_is_found_and_honest_money_is_no_loss() {
    let (mut scores, mut faults) = (BTreeMap::new(), Vec::new());
    for seed in SEEDS {
        faults.extend(world(Size { seed, ..SIZE }, &mut scores).await);
    }
    println!("{}", table(&scores));
    faults.iter().for_each(|fault| println!("{fault}"));
    let is_wrong = |fault: &&String| fault.contains(": missed") || fault.contains(": LOSS");
    assert_eq!(faults.iter().find(is_wrong), None);
    for rule in Rule::ALL {
        assert!(scores.get(rule).is_some_and(|score| score.planted > 0), "nothing is planted for {}", rule.code());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_makes_the_same_truth_but_for_the_registrar() {
    let mut truths = Vec::new();
    for _ in 0..2 {
        let directory = tempfile::tempdir().unwrap();
        let mut truth = simulate(options(directory.path()), Size { seed: 1, ..SIZE }, |_, _, _| {}).await.unwrap();
        truth.planted.iter_mut().filter(|one| one.party == "Registry").for_each(|one| one.party_id = Uuid::nil());
        truths.push(truth);
    }
    assert_eq!(truths[0], truths[1]);
}

#[tokio::test]
async fn a_world_out_of_bounds_is_refused_and_nothing_is_made() {
    let directory = tempfile::tempdir().unwrap();
    for size in [
        Size { recipients: 59, ..SIZE },
        Size { recipients: 5_001, ..SIZE },
        Size { cycles: 2, ..SIZE },
        Size { cycles: 13, ..SIZE },
        Size { leak_millionths: 200_001, ..SIZE },
    ] {
        let refused = simulate(options(directory.path()), size, |_, _, _| {}).await;
        assert!(matches!(refused, Err(SimulationError::OutOfBounds { .. })), "{size:?}: {refused:?}");
    }
    let early = Arc::new(Clock::manual(Millis::parse("2026-01-01T00:00:00Z").unwrap()));
    let refused = simulate(Options { clock: early, ..options(directory.path()) }, SIZE, |_, _, _| {}).await;
    assert!(matches!(refused, Err(SimulationError::NotYet { .. })), "{refused:?}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}
