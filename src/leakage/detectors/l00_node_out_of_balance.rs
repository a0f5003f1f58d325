//! L00, node out of balance: what a party holds by the ledger is not what it, or its bank, says.
//!
//! The balance of a programme's money with a party at the end of a day, as stated in `BALANCE`
//! evidence, differs from the ledger's by more than the tolerance, either way: money that the ledger
//! says is there and the statement does not show, or money that nobody recorded. What one party
//! states of another's day is one thing; what it states of the same day later replaces it, and no
//! other statement does, so nobody's own figure hides what the bank said. Source: double-entry
//! accounting; a balance that nobody reconciles is none.

use crate::ledger::note::{EvidenceKind, Note, Noted};
use crate::ledger::parameter::Parameter;

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct NodeOutOfBalance;

impl Detector for NodeOutOfBalance {
    fn rule(&self) -> Rule {
        Rule::L00
    }

    fn examine(&self, event: &Event<'_>, _at: &At, facts: &Facts, found: &mut Found) {
        if let Event::Noted(note, _) = event {
            balance(note, facts, found);
        }
    }
}

fn balance(note: &Note, facts: &Facts, found: &mut Found) -> Option<()> {
    let Noted::Evidence(evidence) = &note.fact else { return None };
    if evidence.kind != EvidenceKind::Balance {
        return None;
    }
    let (party, programme, stated) = (evidence.party?, evidence.programme?, evidence.amount?);
    let ledger = *facts.balances.get(&note.id)?;
    let day = facts.end_of_day(programme, evidence.at, 0);
    let subject = Subject::Pair(programme, party, note.by, day);
    let difference = i128::from(ledger) - i128::from(stated);
    if difference.abs() <= facts.value(programme, Parameter::BalanceTolerance).into() {
        found.clear(subject);
        return None;
    }
    let operands = [("ledger", ledger.into()), ("stated", stated.into())];
    let equation = Equation::new("max(ledger - stated, stated - ledger)", &operands);
    let conclusion = Conclusion {
        currency: facts.programme(programme).map(|file| file.currency),
        responsible: Some(party),
        programme: Some(programme),
        area: facts.party(party).map(|party| party.area),
        entries: vec![note.id.0.entry()],
        since: Some(day),
        ..Conclusion::new(Rule::L00, equation)
    };
    found.holds(subject, conclusion);
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{With, World, id, line, minor};
    use crate::ledger::lines::EvidenceLine;

    fn stated(amount: i64) -> EvidenceLine {
        EvidenceLine {
            party: Some(id("county")),
            programme: Some("PENSION".to_owned()),
            amount: Some(minor(amount)),
            ..line(EvidenceKind::Balance)
        }
    }

    #[test]
    fn a_statement_that_shows_less_than_the_ledger_is_found_with_the_party_that_should_hold_it() {
        let mut world = World::new();
        world.fund("county", 900, &With::default());
        let entry = world.evidence("bank", stated(860));
        let finding = world.only(&NodeOutOfBalance);
        assert_eq!((finding.amount(), finding.responsible), (40, Some(world.key("county"))));
        let equation = "max(ledger - stated, stated - ledger) = max(900 - 860, 860 - 900) = 40";
        assert_eq!((finding.equation.to_string().as_str(), finding.entries), (equation, vec![entry]));
    }

    #[test]
    fn money_that_nobody_recorded_is_out_of_balance_too() {
        let mut world = World::new();
        world.evidence("county", stated(7));
        assert_eq!(world.only(&NodeOutOfBalance).amount(), 7);
    }

    #[test]
    fn the_ledgers_balance_and_one_within_the_tolerance_are_right() {
        let mut world = World::new();
        world.fund("county", 900, &With::default());
        world.evidence("county", stated(900));
        world.thresholds(&[("L00.tolerance", 40)]);
        world.evidence("bank", stated(860));
        world.none(&NodeOutOfBalance);
    }

    #[test]
    fn who_stated_it_may_correct_it_and_nobody_else() {
        let mut world = World::new();
        world.fund("county", 900, &With::default());
        world.evidence("bank", stated(860));
        world.evidence("county", stated(900));
        assert_eq!(world.only(&NodeOutOfBalance).amount(), 40);
        world.evidence("bank", stated(900));
        world.none(&NodeOutOfBalance);
    }
}
