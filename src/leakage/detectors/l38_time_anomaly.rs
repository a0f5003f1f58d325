//! L38, time anomaly: stated times that cannot be, or that nobody would expect.
//!
//! Five parts, each with its own subject; what an import reports is passed over.
//! - A hop is stated to have been answered before it was sent: a defect of the data (D); the amount
//!   is `r`, of a recipient the word.
//! - An entry states that hops were sent, or answered, longer ago than the programme allows before
//!   it was recorded; or it sends money on, by the stated time, after the cycle's last day and the
//!   days of closing. One finding for each entry, with all that it sent, or `r`.
//! - At least three hops in a row follow each other within seconds: nobody counted the money. The
//!   amount is what the first of them carried; found at the start of the row.
//! - Of a year's deliveries, the last nineteen days (the last twentieth) have more than the allowed
//!   share; judged when the year is over, from thirty days with deliveries.
//!
//! A finding of an entry stays, whatever becomes of its hops. Source: tampering cases (相城), which
//! the stated and the recorded time tell apart; year-end spending.

use chrono::{Datelike as _, Days, NaiveDate};

use crate::ledger::hop::Hop;
use crate::ledger::ids::{HopId, ProgrammeId};
use crate::ledger::money::ratio;
use crate::ledger::parameter::Parameter;
use crate::ledger::time::{DAY_MS, Millis};
use crate::ledger::token::HopKind;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::{Leg, ProgrammeFile};
use crate::leakage::finding::{Conclusion, Score, Subject};
use crate::leakage::rule::{Rule, Severity};

/// How many hops make a row.
const ROW_MIN: usize = 3;
/// A twentieth of a year, in whole days.
const LAST_DAYS: u64 = 19;
/// From so many days with deliveries a year is judged.
const DAYS_MIN: usize = 30;

/// The detector.
#[derive(Debug)]
pub struct TimeAnomaly;

impl Detector for TimeAnomaly {
    fn rule(&self) -> Rule {
        Rule::L38
    }

    fn examine(&self, event: &Event<'_>, at: &At, facts: &Facts, found: &mut Found) {
        match event {
            Event::Opened(hop, came_by) if !hop.reported => {
                order(hop, None, at, facts, found);
                sent(hop, at, facts, found);
                row(hop, *came_by, facts, found);
            }
            Event::Changed(hop, before) if !hop.reported && hop.figures.answered_at != before.figures.answered_at => {
                order(hop, Some(before), at, facts, found);
                answered(hop, at, facts, found);
            }
            Event::Day(_) => {
                for (id, programme) in &facts.files.programmes {
                    year_end(*id, programme, at, found);
                }
            }
            _ => {}
        }
    }
}

fn of_hop(hop: &Hop, (name, amount): (&str, i64), at: &At, facts: &Facts) -> Option<Conclusion> {
    let equation = Equation::new(name, &[(name, amount.into())]);
    let conclusion = Conclusion::new(Rule::L38, equation).of_hop(hop, facts.allocation(hop)?);
    let entries = [hop.id.0.entry()].into_iter().chain(at.entry).collect();
    Some(Conclusion { counterparty: None, recipient: facts.person(hop), entries, ..conclusion })
}

fn is_before(hop: &Hop) -> bool {
    hop.figures.answered_at.is_some_and(|answered_at| answered_at < hop.sent_at)
}

/// Answered before it was sent.
fn order(hop: &Hop, before: Option<&Hop>, at: &At, facts: &Facts, found: &mut Found) {
    if !is_before(hop) {
        if before.is_some_and(is_before) {
            found.clear(Subject::Hop(hop.id));
        }
        return;
    }
    let Some(conclusion) = of_hop(hop, ("r", hop.figures.arrived.unwrap_or(0)), at, facts) else { return };
    let answered_at = hop.figures.answered_at.unwrap_or(hop.sent_at);
    let score = Score {
        equation: format!("sent - answered, ms = {} - {}", hop.sent_at.0, answered_at.0),
        value: (hop.sent_at.0 - answered_at.0).to_string(),
    };
    found.holds(Subject::Hop(hop.id), Conclusion { severity: Severity::D, score: Some(score), ..conclusion });
}

/// Why an entry is found, with the days that it took.
type Reason = (String, i64);

/// How long ago an entry states that it happened, where that is too long.
fn backdated(hop: &Hop, at: &At, facts: &Facts) -> Option<Reason> {
    let allowed = facts.value(facts.allocation(hop)?.programme, Parameter::BackdatedDays);
    let late = at.now.0.saturating_sub(at.occurred_at.0);
    let days = late.div_euclid(DAY_MS);
    (late > allowed * DAY_MS).then(|| (format!("recorded - stated, days = {days} > {allowed}"), days))
}

/// How long after its cycle's last day money is sent on, where that is too long.
fn after_close(hop: &Hop, facts: &Facts) -> Option<Reason> {
    if !matches!(hop.kind, HopKind::Transfer | HopKind::Delivery) || hop.from.is_none() {
        return None;
    }
    let (allocation, programme) = facts.money(hop)?;
    let cycle = facts.cycles.get(&(allocation.programme, allocation.cycle.clone()))?;
    let days = (programme.day(hop.sent_at) - cycle.last_day).num_days();
    let allowed = programme.value(Parameter::ClosedDays);
    (days > allowed).then(|| (format!("sent - last day of the cycle, days = {days} > {allowed}"), days))
}

/// What an entry sent is backdated, or after the close of its cycle.
fn sent(hop: &Hop, at: &At, facts: &Facts, found: &mut Found) {
    let reasons: Vec<Reason> = backdated(hop, at, facts).into_iter().chain(after_close(hop, facts)).collect();
    // What nobody sent has only arrived.
    let operand = match hop.from {
        Some(_) => ("sent", facts.sent_by_entry.1),
        None => ("r", hop.figures.arrived.unwrap_or(0)),
    };
    of_entry(hop, operand, &reasons, at, facts, found);
}

/// An answer is backdated.
fn answered(hop: &Hop, at: &At, facts: &Facts, found: &mut Found) {
    // A reversal brings back an earlier answer, or none.
    let Some(arrived) = hop.figures.arrived.filter(|_| hop.figures.answered_at == Some(at.occurred_at)) else { return };
    let reasons: Vec<Reason> = backdated(hop, at, facts).into_iter().collect();
    of_entry(hop, ("r", arrived), &reasons, at, facts, found);
}

fn of_entry(hop: &Hop, operand: (&str, i64), reasons: &[Reason], at: &At, facts: &Facts, found: &mut Found) {
    let (Some(entry), Some((_, days))) = (at.entry, reasons.first()) else { return };
    let Some(conclusion) = of_hop(hop, operand, at, facts) else { return };
    let texts: Vec<&str> = reasons.iter().map(|(text, _)| text.as_str()).collect();
    let conclusion = Conclusion {
        responsible: at.party.or(conclusion.responsible),
        // An entry may send to many.
        recipient: None,
        since: Some(at.occurred_at),
        score: Some(Score { equation: texts.join("; "), value: days.to_string() }),
        ..conclusion
    };
    found.holds(Subject::Entry(entry), conclusion);
}

/// Hops in a row that follow each other too fast, this one last.
fn row(hop: &Hop, came_by: Option<HopId>, facts: &Facts, found: &mut Found) {
    let Some(file) = came_by.and_then(|id| facts.hop(id)).filter(|file| file.legs.len() + 1 >= ROW_MIN) else { return };
    let Some(allocation) = facts.allocation(hop) else { return };
    let programme = allocation.programme;
    let limit = facts.value(programme, Parameter::ChainSeconds) * 1_000;
    let mut sent_at = hop.sent_at;
    let mut row: Vec<&Leg> = Vec::new();
    for leg in file.legs.iter().rev() {
        let Some(answered_at) = leg.answered_at else { break };
        if sent_at.0.abs_diff(answered_at.0) >= limit.unsigned_abs() {
            break;
        }
        row.push(leg);
        sent_at = leg.sent_at;
    }
    let Some(first) = row.last().filter(|_| row.len() + 1 >= ROW_MIN) else { return };
    let hops: Vec<HopId> = row.iter().map(|leg| leg.hop).chain([hop.id]).collect();
    let equation = Equation::new("s", &[("s", first.sent.into())]);
    let conclusion = Conclusion {
        counterparty: None,
        entries: hops.iter().map(|id| id.0.entry()).collect(),
        since: Some(first.sent_at),
        score: Some(Score {
            equation: format!("hops in a row, each within {limit} ms of the one before = {}", hops.len()),
            value: hops.len().to_string(),
        }),
        hops,
        ..Conclusion::new(Rule::L38, equation).of_hop(hop, allocation)
    };
    let from = first.from.unwrap_or(first.to);
    found.holds(Subject::Pair(programme, from, first.to, first.sent_at), conclusion);
}

/// The spike at the end of the last whole year.
fn year_end(id: ProgrammeId, programme: &ProgrammeFile, at: &At, found: &mut Found) -> Option<()> {
    let year = programme.day(at.now).year() - 1;
    let last_day = NaiveDate::from_ymd_opt(year, 12, 31)?;
    let first_of_last = last_day.checked_sub_days(Days::new(LAST_DAYS - 1))?;
    let of_year = programme.delivered_by_day.range(NaiveDate::from_ymd_opt(year, 1, 1)?..=last_day);
    let days: Vec<(NaiveDate, i64)> = of_year.map(|(day, sent)| (*day, *sent)).filter(|(_, sent)| *sent > 0).collect();
    if days.len() < DAYS_MIN {
        return None;
    }
    let total: i128 = days.iter().map(|(_, sent)| i128::from(*sent)).sum();
    let last: i128 = days.iter().filter(|(day, _)| *day >= first_of_last).map(|(_, sent)| i128::from(*sent)).sum();
    let subject = Subject::Year(id, year);
    if last * 1_000_000 <= total * i128::from(programme.value(Parameter::SpikeShare)) {
        found.clear(subject);
        return None;
    }
    let score = ratio(last, total)
        .map(|share| Score { equation: format!("last_days / year = {last} / {total}"), value: share.to_string() });
    let conclusion = Conclusion {
        currency: Some(programme.currency),
        responsible: Some(programme.owner),
        programme: Some(id),
        since: Some(Millis::end_of(last_day, programme.utc_offset_minutes)),
        score,
        ..Conclusion::new(Rule::L38, Equation::new("last_days", &[("last_days", last)]))
    };
    found.holds(subject, conclusion);
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{With, World};

    fn stated(at: Millis) -> With {
        With { occurred_at: Some(at), ..With::default() }
    }

    #[test]
    fn an_answer_before_the_dispatch_is_a_defect_of_the_data() {
        let mut world = World::new();
        let hop = world.sent("bureau", "county", 900);
        let sent_at = world.hop(hop).sent_at;
        let entry = world.answered_with(hop, 890, &stated(sent_at.plus(-1)));
        let finding = world.only(&TimeAnomaly);
        assert_eq!((finding.amount(), finding.severity), (890, Severity::D));
        assert_eq!(
            (finding.equation.to_string().as_str(), finding.responsible),
            ("r = 890 = 890", Some(world.key("bureau")))
        );
        assert_eq!(finding.score.expect("it is measured").value, "1");
        world.unacknowledged("county", "bureau", entry);
        world.none(&TimeAnomaly);
        world.answered_with(hop, 890, &stated(sent_at));
        world.none(&TimeAnomaly);
    }

    #[test]
    fn a_dispatch_stated_more_than_thirty_days_late_is_found_once_with_all_that_it_sent() {
        let mut world = World::new();
        let token = world.fund("county", 900, &With::default());
        let occurred_at = world.now().plus(60_000 - 30 * DAY_MS - 1);
        let to = [("r1", 100), ("r2", 150)];
        let hops = world.dispatch("county", token, &to, &stated(occurred_at));
        let finding = world.only(&TimeAnomaly);
        assert_eq!((finding.amount(), finding.responsible), (250, Some(world.key("county"))));
        assert_eq!((finding.equation.to_string().as_str(), finding.severity), ("sent = 250 = 250", Severity::C));
        assert_eq!((finding.entries, finding.since), (vec![hops[0].0.entry()], Some(occurred_at)));
        assert_eq!(finding.score.expect("it is measured").equation, "recorded - stated, days = 30 > 30");
    }

    #[test]
    fn a_statement_of_thirty_days_ago_is_not_too_late() {
        let mut world = World::new();
        let token = world.fund("county", 900, &With::default());
        let occurred_at = world.now().plus(60_000 - 30 * DAY_MS);
        world.dispatch("county", token, &[("r1", 100)], &stated(occurred_at));
        world.none(&TimeAnomaly);
    }

    #[test]
    fn a_backdated_answer_is_found_with_what_arrived() {
        let mut world = World::new();
        let hop = world.sent("bureau", "county", 900);
        world.at("2026-12-20T10:00:00Z");
        let sent_at = world.hop(hop).sent_at;
        let entry = world.answered_with(hop, 880, &stated(sent_at));
        let finding = world.only(&TimeAnomaly);
        assert_eq!((finding.amount(), finding.responsible), (880, Some(world.key("county"))));
        assert_eq!(finding.entries, vec![hop.0.entry(), entry]);
    }

    #[test]
    fn money_of_a_cycle_may_move_until_ninety_days_after_it() {
        let mut world = World::new();
        let october = With { cycle: Some("2026-10"), ..With::default() };
        let token = world.fund("county", 900, &october);
        world.at("2027-01-29T10:00:00Z");
        world.dispatch("county", token, &[("r1", 100)], &With::default());
        world.none(&TimeAnomaly);
        let token = world.tokens_of("county")[0];
        world.at("2027-01-30T10:00:00Z");
        world.dispatch("county", token, &[("r1", 100), ("r2", 60)], &With::default());
        let finding = world.only(&TimeAnomaly);
        assert_eq!((finding.amount(), finding.cycle.as_deref()), (160, Some("2026-10")));
        let score = finding.score.expect("it is measured");
        assert_eq!(score.equation, "sent - last day of the cycle, days = 91 > 90");
        let token = world.tokens_of("county")[0];
        world.given_back("county", token, "treasury", 10);
        assert_eq!(world.findings(&TimeAnomaly).len(), 1);
    }

    /// Money that goes over three hops, each sent so long after it arrived.
    fn chain(gap_ms: i64) -> World {
        let mut world = World::new();
        let first = world.sent("bureau", "county", 900);
        let mut moment = world.hop(first).sent_at;
        world.answered_with(first, 900, &stated(moment));
        let token = world.token_of("county", first);
        moment = moment.plus(gap_ms);
        let second = world.dispatch("county", token, &[("town", 500)], &stated(moment))[0];
        world.answered_with(second, 500, &stated(moment));
        let token = world.token_of("town", second);
        let to = [("r1", 100), ("r2", 100)];
        world.dispatch("town", token, &to, &stated(moment.plus(gap_ms)));
        world
    }

    #[test]
    fn three_hops_within_seconds_are_found_at_the_start_of_the_row() {
        let world = chain(9_999);
        let finding = world.only(&TimeAnomaly);
        assert_eq!((finding.amount(), finding.hops.len()), (900, 3));
        assert_eq!(
            (finding.equation.to_string().as_str(), finding.responsible),
            ("s = 900 = 900", Some(world.key("town")))
        );
        chain(10_000).none(&TimeAnomaly);
    }

    /// So much a day to a recipient, from 20 November to 19 December, then so much on the next.
    fn year(last: i64) -> World {
        let mut world = World::new();
        world.at("2026-11-18T06:00:00Z");
        let mut token = world.fund("county", 100_000, &With::default());
        for at in 0..30 {
            world.pass(1);
            let hop =
                world.dispatch("county", token, &[("r1", if at == 29 { last } else { 100 })], &With::default())[0];
            world.answered(hop, world.hop(hop).sent);
            token = world.tokens_of("county")[0];
        }
        world.at("2027-01-01T06:00:00Z");
        world.pass(1);
        world
    }

    #[test]
    fn a_year_whose_last_days_have_more_than_a_quarter_of_the_money_is_found() {
        // Until 12 December there are 24 days of 100; from the 13th five more, and the last.
        let world = year(301);
        let finding = world.only(&TimeAnomaly);
        assert_eq!((finding.amount(), finding.responsible), (801, Some(world.key("treasury"))));
        assert_eq!(finding.equation.to_string(), "last_days = 801 = 801");
        assert_eq!(finding.score.expect("it is a share").equation, "last_days / year = 801 / 3201");
        year(300).none(&TimeAnomaly);
    }
}
