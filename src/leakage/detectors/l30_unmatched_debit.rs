//! L30, bank entry without instruction: money left an account and nobody instructed it.
//!
//! A payment provider states a debit on a party's bank statement that no instruction explains. The
//! party that owns the account answers for it. Source: bank reconciliation, unmatched external
//! entries.

use crate::ledger::note::{EvidenceKind, Noted};

use crate::leakage::equation::Equation;
use crate::leakage::event::{At, Event};
use crate::leakage::examine::{Detector, Found};
use crate::leakage::facts::Facts;
use crate::leakage::finding::{Conclusion, Subject};
use crate::leakage::rule::Rule;

/// The detector.
#[derive(Debug)]
pub struct UnmatchedDebit;

impl Detector for UnmatchedDebit {
    fn rule(&self) -> Rule {
        Rule::L30
    }

    fn examine(&self, event: &Event<'_>, _: &At, facts: &Facts, found: &mut Found) {
        let Event::Noted(note, _) = event else { return };
        let Noted::Evidence(evidence) = &note.fact else { return };
        let Some(debit) = evidence.amount.filter(|debit| *debit > 0 && evidence.kind == EvidenceKind::BankDebit) else {
            return;
        };
        let equation = Equation::new("debit", &[("debit", debit.into())]);
        let conclusion = Conclusion {
            currency: evidence.programme.and_then(|id| facts.programme(id)).map(|file| file.currency),
            responsible: evidence.party,
            programme: evidence.programme,
            area: evidence.party.and_then(|party| facts.party(party)).map(|party| party.area),
            entries: vec![note.id.0.entry()],
            since: Some(evidence.at),
            ..Conclusion::new(Rule::L30, equation)
        };
        found.holds(Subject::Note(note.id), conclusion);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::world::{World, id, line, minor};
    use crate::ledger::lines::EvidenceLine;

    fn stated(world: &mut World, kind: EvidenceKind, by: &str) {
        let line = EvidenceLine {
            party: Some(id("county")),
            programme: Some("PENSION".to_owned()),
            amount: Some(minor(70)),
            ..line(kind)
        };
        world.evidence(by, line);
    }

    #[test]
    fn a_debit_that_nobody_instructed_is_found() {
        let mut world = World::new();
        stated(&mut world, EvidenceKind::BankDebit, "bank");
        let finding = world.only(&UnmatchedDebit);
        assert_eq!(finding.equation.to_string(), "debit = 70 = 70");
        assert_eq!(finding.responsible, Some(world.key("county")));
        assert_eq!((finding.programme, finding.entries), (Some(world.programme_id("PENSION")), vec![world.entry()]));
    }

    #[test]
    fn a_credit_or_a_balance_is_no_debit() {
        let mut world = World::new();
        stated(&mut world, EvidenceKind::BankCredit, "bank");
        stated(&mut world, EvidenceKind::Balance, "county");
        world.none(&UnmatchedDebit);
    }
}
