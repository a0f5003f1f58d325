//! L26, agent or device concentration: one agent or device stands for too many confirmations.
//!
//! Three parts, each with its own subject. (i) Within an hour one agent served more recipients than
//! `L26.recipients`: the agent, at the hour in which the fullest such stretch begins. (ii) A run of
//! `L26.run` or more confirmations of one agent, each less than `L26.seconds` after the one before: the
//! note that begins it. (iii) In an area with two or more agents and `L26.count` confirmations the sum
//! of the agents' squared shares (Herfindahl-Hirschman) is above `L26.index`: the area. The money is
//! what was sent by the payments of the hour, of the run, of the agent with the most confirmations.
//!
//! Lines of one entry with one moment tell no pace: the time is the entry's, so they count once for
//! (i) and (ii). An agent's file holds the newest 128 confirmations: of a longer run the first of them
//! are found. Imports are skipped. For an area the programme's treasury is responsible, who lets so few
//! serve it. Source: the same thumb impressions (Kerala), one handwriting (Changzhou).

use rust_decimal::Decimal;

use crate::ledger::hop::Hop;
use crate::ledger::ids::{AreaId, NoteId, ProgrammeId};
use crate::ledger::money::six_places;
use crate::ledger::note::{EvidenceKind, Noted, PersonDigest};
use crate::ledger::parameter::Parameter;
use crate::ledger::time::Millis;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::{AllocationFile, AreaAgentsFile, Collection, RECENT_MAX};
use crate::leakage::finding::{Conclusion, Score, Subject};
use crate::leakage::rule::Rule;
use crate::leakage::statistics::{concentration, share};

const HOUR_MS: i64 = 3_600_000;

/// The detector.
#[derive(Debug)]
pub struct AgentConcentration;

impl Detector for AgentConcentration {
    fn rule(&self) -> Rule {
        Rule::L26
    }

    fn examine(&self, event: &Event<'_>, _: &At, facts: &Facts, found: &mut Found) {
        match event {
            Event::Noted(note, Some(hop)) if !hop.reported => {
                let Noted::Evidence(evidence) = &note.fact else { return };
                let agent = evidence.agent.filter(|_| evidence.kind == EvidenceKind::Collected);
                if let Some((agent, allocation)) = agent.zip(facts.allocation(hop)) {
                    let of = Of { agent, at: evidence.at, note: note.id, hop, allocation };
                    collected(&of, facts, found);
                }
            }
            Event::Day(_) => {
                for ((programme, area), file) in &facts.files.area_agents {
                    area_of(*programme, *area, file, facts, found);
                }
            }
            _ => {}
        }
    }
}

/// One confirmation.
struct Of<'a> {
    agent: PersonDigest,
    at: Millis,
    note: NoteId,
    hop: &'a Hop,
    allocation: &'a AllocationFile,
}

fn collected(of: &Of<'_>, facts: &Facts, found: &mut Found) {
    let Some(file) = facts.files.agents.get(&of.agent) else { return };
    let value = |parameter| facts.value(of.allocation.programme, parameter);
    let mut paced = file.recent.clone();
    paced.dedup_by_key(|collection| (collection.note.0.entry(), collection.at));
    let hour = of.at.0.div_euclid(HOUR_MS);
    for begins in [hour - 1, hour] {
        let stretch = fullest_hour(&paced, begins);
        if recipients(stretch) > value(Parameter::AgentPerHour) {
            let subject = Subject::Agent(of.agent, Some(Millis(begins.saturating_mul(HOUR_MS))));
            found.holds(subject, conclusion(of, stretch, value(Parameter::AgentPerHour)));
        }
    }
    let starts_open = file.recent.len() >= RECENT_MAX;
    run(of, &paced, starts_open, [value(Parameter::AgentSeconds), value(Parameter::AgentRun)], found);
}

/// The hour with the most recipients of those that begin with a confirmation in a clock's hour.
fn fullest_hour(paced: &[Collection], begins: i64) -> &[Collection] {
    let mut fullest: &[Collection] = &[];
    for (at, first) in paced.iter().enumerate() {
        if first.at.0.div_euclid(HOUR_MS) == begins {
            let rest = paced.get(at..).unwrap_or_default();
            let end = rest.partition_point(|collection| collection.at.0 < first.at.0.saturating_add(HOUR_MS));
            let stretch = rest.get(..end).unwrap_or_default();
            if stretch.len() > fullest.len() {
                fullest = stretch;
            }
        }
    }
    fullest
}

fn recipients(stretch: &[Collection]) -> i64 {
    let mut recipients: Vec<_> = stretch.iter().map(|collection| collection.recipient).collect();
    recipients.sort_unstable();
    recipients.dedup();
    i64::try_from(recipients.len()).unwrap_or(i64::MAX)
}

/// The run of fast confirmations that this one is in.
fn run(of: &Of<'_>, paced: &[Collection], starts_open: bool, [seconds, least]: [i64; 2], found: &mut Found) {
    let is_fast = |a: &Collection, b: &Collection| b.at.0.saturating_sub(a.at.0) < seconds.saturating_mul(1_000);
    let mut start = 0;
    for run in paced.chunk_by(is_fast) {
        let place = run.iter().position(|collection| collection.note == of.note);
        if let Some(place) = place.filter(|_| start > 0 || !starts_open) {
            // It joined what came after it, which may have been a run of its own.
            if let Some(next) = run.get(place + 1) {
                found.clear(Subject::Note(next.note));
            }
            if let Some(first) = run.first().filter(|_| i64::try_from(run.len()).is_ok_and(|length| length >= least)) {
                found.holds(Subject::Note(first.note), conclusion(of, run, least));
            }
        }
        start += run.len();
    }
}

/// Of confirmations that are too many, where `limit` are allowed or make a run.
fn conclusion(of: &Of<'_>, which: &[Collection], limit: i64) -> Conclusion {
    let sum = which.iter().map(|collection| i128::from(collection.sent)).sum();
    let equation = Equation::new("confirmed", &[("confirmed", sum)]);
    let times = which.first().zip(which.last());
    let seconds = times.map_or(0, |(first, last)| last.at.0.saturating_sub(first.at.0) / 1_000);
    let conclusion = Conclusion::new(Rule::L26, equation).of_hop(of.hop, of.allocation);
    Conclusion {
        counterparty: None,
        hops: which.iter().map(|collection| collection.hop).collect(),
        entries: which.iter().flat_map(|one| [one.hop.0.entry(), one.note.0.entry()]).collect(),
        since: which.first().map(|first| first.at),
        score: Some(Score {
            equation: format!("{} confirmations in {seconds} s, limit {limit}", which.len()),
            value: which.len().to_string(),
        }),
        ..conclusion
    }
}

fn area_of(programme: ProgrammeId, area: AreaId, file: &AreaAgentsFile, facts: &Facts, found: &mut Found) {
    let Some((squares, square)) = concentration(file.agents.values().copied()) else { return };
    let count: i64 = file.agents.values().copied().map(i64::from).sum();
    if file.agents.len() < 2 || count < facts.value(programme, Parameter::AgentCount) {
        return;
    }
    let limit = facts.value(programme, Parameter::AgentShare);
    let is_above = squares.saturating_mul(1_000_000) > square.saturating_mul(u128::from(limit.unsigned_abs()));
    let of = || {
        let (agent, _) = file.agents.iter().max_by_key(|(_, count)| **count)?;
        let money = file.money.get(agent).copied().unwrap_or(0);
        let programme_file = facts.programme(programme);
        let decimal = |value: u128| i128::try_from(value).unwrap_or(i128::MAX);
        let index: Decimal = share(decimal(squares), decimal(square));
        Some(Conclusion {
            currency: programme_file.map(|file| file.currency),
            responsible: programme_file.map(|file| file.owner),
            programme: Some(programme),
            area: Some(area),
            score: Some(Score {
                equation: format!(
                    "sum of squares / n^2 = {squares} / {count}^2 over {} agents, limit {}",
                    file.agents.len(),
                    Decimal::new(limit, 6).normalize()
                ),
                value: six_places(index).to_string(),
            }),
            ..Conclusion::new(Rule::L26, Equation::new("confirmed", &[("confirmed", money.into())]))
        })
    };
    found.judge(Subject::Area(programme, area), is_above.then(of).flatten());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{World, digest, line};
    use crate::ledger::lines::EvidenceLine;

    /// A payment to a recipient, confirmed through an agent so many seconds before noon.
    fn confirmed(world: &mut World, recipient: u8, agent: &str, before_noon: i64) {
        let hop = world.sent("county", &format!("r{recipient}"), 100);
        let noon = Millis::parse("2026-11-02T08:00:00Z").expect("a moment");
        let of = EvidenceLine {
            digest: Some(digest("somebody")),
            agent: Some(digest(agent)),
            at: Some(noon.plus(before_noon * -1_000)),
            ..line(EvidenceKind::Collected)
        };
        world.evidence_of_hop("county", EvidenceKind::Collected, hop, &of);
    }

    fn world() -> World {
        let mut world = World::new();
        world.thresholds(&[("L26.recipients", 5), ("L26.count", 10), ("L27.households", 100)]);
        world
    }

    #[test]
    fn one_recipient_too_many_within_an_hour_is_found_across_the_clocks_hour() {
        let mut world = world();
        for at in 1..=6 {
            // The last of them comes 59 minutes after the first.
            confirmed(&mut world, at, "device", 1_800 - i64::from(at - 1) * 708);
        }
        let finding = world.only(&AgentConcentration);
        assert_eq!(finding.equation.to_string(), "confirmed = 600 = 600");
        assert_eq!((finding.responsible, finding.hops.len()), (Some(world.key("county")), 6));
    }

    #[test]
    fn the_allowed_number_within_an_hour_and_the_same_recipient_again_are_silent() {
        let mut world = world();
        for at in 1..=5 {
            confirmed(&mut world, at, "device", 3_600 - i64::from(at - 1) * 700);
        }
        confirmed(&mut world, 5, "device", 300);
        confirmed(&mut world, 6, "device", 0);
        confirmed(&mut world, 7, "another", 1_800);
        world.none(&AgentConcentration);
    }

    #[test]
    fn five_confirmations_within_seconds_of_each_other_are_a_run_in_whatever_order_they_are_told() {
        for order in [[0, 1, 2, 3, 4], [4, 2, 0, 1, 3]] {
            let mut world = world();
            for at in order {
                confirmed(&mut world, 1, "device", 600 - at * 19);
            }
            let finding = world.only(&AgentConcentration);
            assert_eq!(finding.amount(), 500);
            assert_eq!(finding.score.map(|s| s.equation), Some("5 confirmations in 76 s, limit 5".to_owned()));
        }
    }

    #[test]
    fn four_fast_ones_or_a_pause_of_twenty_seconds_are_no_run() {
        let mut world = world();
        for before_noon in [600, 581, 562, 543, 523, 504] {
            confirmed(&mut world, 1, "device", before_noon);
        }
        world.none(&AgentConcentration);
    }

    #[test]
    fn lines_of_one_entry_without_times_of_their_own_are_no_run() {
        let mut world = world();
        let token = world.fund("county", 800, &Default::default());
        let names: Vec<String> = (1..=8).map(|at| format!("r{at}")).collect();
        let to: Vec<(&str, i64)> = names.iter().map(|name| (name.as_str(), 100)).collect();
        let hops = world.dispatch("county", token, &to, &Default::default());
        let of = EvidenceLine {
            digest: Some(digest("somebody")),
            agent: Some(digest("device")),
            ..line(EvidenceKind::Collected)
        };
        world.evidence_of_hops("county", &hops, &of);
        world.none(&AgentConcentration);
    }

    #[test]
    fn an_area_that_depends_on_one_of_two_agents_is_found() {
        let mut world = world();
        for at in 0..12 {
            confirmed(&mut world, 1, if at < 9 { "one" } else { "two" }, at * 4_000);
        }
        world.pass(1);
        let finding = world.only(&AgentConcentration);
        assert_eq!((finding.amount(), finding.responsible), (900, Some(world.key("treasury"))));
        let score = finding.score.expect("it has one");
        assert_eq!(score.equation, "sum of squares / n^2 = 90 / 12^2 over 2 agents, limit 0.5");
        assert_eq!(score.value, "0.625000");
    }

    #[test]
    fn an_area_with_one_agent_or_equal_ones_or_few_confirmations_is_not_concentrated() {
        for (agents, count) in [(vec!["one"], 12), (vec!["one", "two"], 12), (vec!["one", "one", "one", "two"], 8)] {
            let mut world = world();
            for (at, agent) in (0..count).zip(agents.iter().cycle()) {
                confirmed(&mut world, 1, agent, at * 4_000);
            }
            world.pass(1);
            world.none(&AgentConcentration);
        }
    }
}
