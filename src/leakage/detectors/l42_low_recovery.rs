//! L42, low recovery: a loss that was taken up and hardly anything came back.
//!
//! `L42.days` after a case was opened, less than `L42.share` of what it reported is recovered: what the
//! treasury acknowledged of the recoveries booked against it. The denominator is what was reported,
//! not what was ordered back. A case that was closed as corrected counts as well, a dismissed one does
//! not. Resolved when enough is recovered. Source: recovery figures of social audits (Bihar).

use crate::ledger::case::{Case, CaseState};
use crate::ledger::parameter::Parameter;
use crate::ledger::time::{DAY_MS, Millis};

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Due, Event, Wake};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::files::CaseFile;
use crate::leakage::finding::{Conclusion, Score, Subject};
use crate::leakage::rule::Rule;
use crate::ledger::money::ratio;

/// The detector.
#[derive(Debug)]
pub struct LowRecovery;

impl Detector for LowRecovery {
    fn rule(&self) -> Rule {
        Rule::L42
    }

    fn examine(&self, event: &Event<'_>, at: &At, facts: &Facts, found: &mut Found) {
        match event {
            Event::Case(case, _) | Event::Due(Rule::L42, Due::Case(case)) => look(case, at, facts, found),
            // A recovery that the treasury acknowledged: its case is looked at with the next block.
            Event::Changed(hop, before) if hop.figures.arrived != before.figures.arrived => {
                if let Some(case) = facts.hop(hop.id).and_then(|file| file.case) {
                    found.wake(at.now, Wake::CaseOf(case.0.entry()));
                }
            }
            _ => {}
        }
    }
}

fn look(case: &Case, at: &At, facts: &Facts, found: &mut Found) {
    let file = facts.files.cases.get(&case.id).cloned().unwrap_or_default();
    let value = |parameter: Parameter| match file.programme {
        Some(programme) => facts.value(programme, parameter),
        None => parameter.default(),
    };
    let moment = case.opened_at.plus(value(Parameter::RecoveryDays) * DAY_MS);
    if at.now > moment {
        let conclusion = conclusion(case, &file, value(Parameter::RecoveryShare), moment, facts);
        found.judge(Subject::Case(case.id), conclusion);
    } else if case.state != CaseState::Dismissed {
        found.wake(moment, Wake::CaseOf(case.id.0.entry()));
    }
}

fn conclusion(case: &Case, file: &CaseFile, share: i64, since: Millis, facts: &Facts) -> Option<Conclusion> {
    let (recovered, reported) = (i128::from(file.recovered), i128::from(case.reported));
    if case.state == CaseState::Dismissed || recovered * 1_000_000 >= i128::from(share) * reported {
        return None;
    }
    let equation = Equation::new("reported - recovered", &[("reported", reported), ("recovered", recovered)]);
    let score = ratio(recovered, reported).map(|rate| Score {
        equation: format!("recovered / reported = {recovered} / {reported}"),
        value: rate.to_string(),
    });
    let responsible = case.accused.unwrap_or(case.by);
    Some(Conclusion {
        currency: Some(case.currency),
        responsible: Some(responsible),
        programme: file.programme,
        area: facts.party(responsible).map(|party| party.area),
        hops: case.hops.iter().chain(&case.recoveries).copied().collect(),
        entries: vec![case.id.0.entry(), case.version],
        since: Some(since),
        score,
        ..Conclusion::new(Rule::L42, equation)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::World;
    use crate::ledger::case::{CaseMove, CaseOutcome};
    use crate::ledger::ids::{CaseId, HopId};

    /// A loss of 100 that was taken up.
    fn taken_up(world: &mut World) -> (HopId, CaseId) {
        let hop = world.sent("bureau", "county", 900);
        world.answered(hop, 800);
        (hop, world.case(hop, 100))
    }

    fn recovered(world: &mut World, hop: HopId, case: CaseId, amount: i64) {
        let back = world.recovery("bureau", hop, amount, case);
        world.answered(back, amount);
    }

    #[test]
    fn a_loss_of_which_less_than_a_tenth_comes_back_in_half_a_year_is_found() {
        let mut world = World::new();
        let (hop, case) = taken_up(&mut world);
        recovered(&mut world, hop, case, 9);
        world.pass(179);
        world.none(&LowRecovery);
        world.pass(1);
        let finding = world.only(&LowRecovery);
        assert_eq!(finding.equation.to_string(), "reported - recovered = 100 - 9 = 91");
        assert_eq!(finding.responsible, Some(world.key("bureau")));
        assert_eq!(finding.score.map(|score| score.value), Some("0.090000".to_owned()));
        assert_eq!(finding.programme, Some(world.programme_id("PENSION")));
    }

    #[test]
    fn a_tenth_is_enough_and_a_dismissed_case_asks_for_nothing() {
        let mut world = World::new();
        let (hop, case) = taken_up(&mut world);
        recovered(&mut world, hop, case, 10);
        let (_, dismissed) = taken_up(&mut world);
        world.closed(dismissed, CaseOutcome::Dismissed);
        world.pass(200);
        assert!(world.history(&LowRecovery).is_empty());
    }

    #[test]
    fn a_case_closed_as_corrected_is_asked_for_its_recovery_and_a_late_one_resolves_it() {
        let mut world = World::new();
        let (hop, case) = taken_up(&mut world);
        world.stepped(case, CaseMove::Traced, None);
        let back = world.recovery("bureau", hop, 50, case);
        world.closed(case, CaseOutcome::Corrected);
        world.pass(181);
        assert_eq!(world.only(&LowRecovery).amount(), 100);
        world.answered(back, 50);
        world.pass(1);
        world.none(&LowRecovery);
    }

    #[test]
    fn dismissed_afterwards_it_is_resolved() {
        let mut world = World::new();
        let (_, case) = taken_up(&mut world);
        world.pass(181);
        assert_eq!(world.only(&LowRecovery).amount(), 100);
        world.closed(case, CaseOutcome::Dismissed);
        world.none(&LowRecovery);
    }

    #[test]
    fn the_programmes_own_days_and_share_are_used() {
        let mut world = World::new();
        world.thresholds(&[("L42.days", 20), ("L42.share", 500_000)]);
        let (hop, case) = taken_up(&mut world);
        recovered(&mut world, hop, case, 49);
        world.pass(21);
        assert_eq!(world.only(&LowRecovery).amount(), 51);
    }
}
