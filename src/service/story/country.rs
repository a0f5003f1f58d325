//! Questions to the country: who is meant, how much, under which rules.

use crate::ledger::money::{Minor, parse_decimal};
use crate::ledger::operation::{Deduction, ProgrammeDefine, ScheduledDeduction};
use crate::ledger::registry::PartyKind;
use crate::ledger::time::Cycle;

use super::StoryError;
use super::script::{Amount, Country, Office, Officer, Programme, Schedule, Taken, Township};

impl Country {
    /// The officers of an office of a kind; none for a kind without staff.
    pub fn staff_of(&self, kind: PartyKind) -> &[Officer] {
        self.staff.iter().find(|staff| staff.kind == kind).map_or(&[], |staff| &staff.officers)
    }

    /// Every office but the registrar's: those listed, then the townships'.
    pub fn offices(&self) -> Vec<Office> {
        let listed = self.party.iter().filter(|office| office.kind != PartyKind::Registrar).cloned();
        let townships = self.township.iter().map(|township| Office {
            label: format!("{} Office", township.name),
            kind: PartyKind::Intermediary,
            level: "township".to_owned(),
            area: township.area.clone(),
        });
        listed.chain(townships).collect()
    }

    /// The registrar that begins the chain.
    pub fn registrar(&self) -> Result<&Office, StoryError> {
        let found = self.party.iter().find(|office| office.kind == PartyKind::Registrar);
        found.ok_or_else(|| StoryError::Script("country.toml: there is no registrar".to_owned()))
    }

    /// A programme by its code.
    pub fn programme(&self, code: &str) -> Result<&Programme, StoryError> {
        let found = self.programme.iter().find(|programme| programme.code == code);
        found.ok_or_else(|| StoryError::Script(format!("there is no programme {code:?}")))
    }

    /// A cycle by its label.
    pub fn cycle(&self, label: &str) -> Result<Cycle, StoryError> {
        let found = self.cycle.iter().find(|cycle| cycle.label == label);
        let found = found.ok_or_else(|| StoryError::Script(format!("there is no cycle {label:?}")))?;
        Ok(Cycle { first_day: found.first_day, label: found.label.clone(), last_day: found.last_day })
    }

    /// The recipients that a step is about: those of a programme in some townships, apart from
    /// some; or those that it lists.
    pub fn chosen(
        &self,
        programme: &str,
        (townships, leave_out, only): (&[String], &[String], &[String]),
    ) -> Result<Vec<String>, StoryError> {
        let numbers = self.programme(programme)?.recipients;
        let mut all = Vec::new();
        for name in townships {
            let township = self.township.iter().find(|township| township.name == *name);
            let township = township.ok_or_else(|| StoryError::Script(format!("there is no township {name:?}")))?;
            all.extend((numbers.first..=numbers.last.min(township.recipients)).map(|n| township.recipient(n)));
        }
        if let Some(stranger) = leave_out.iter().find(|label| !all.contains(label)) {
            return Err(StoryError::Script(format!("{stranger:?} is left out of a step that is not about them")));
        }
        all.retain(|label| !leave_out.contains(label));
        all.extend_from_slice(only);
        match all.is_empty() {
            true => Err(StoryError::Script("a step is about nobody".to_owned())),
            false => Ok(all),
        }
    }

    /// An amount in minor units of the country's currency.
    pub fn minor(&self, amount: &Amount) -> Result<Minor, StoryError> {
        let wrong = |why| StoryError::Script(format!("amount {:?}: {why}", amount.0));
        parse_decimal(&amount.0, self.currency).map_err(wrong)
    }

    /// Deductions as the ledger takes them.
    pub fn deductions(&self, taken: &[Taken]) -> Result<Vec<Deduction>, StoryError> {
        let one = |taken: &Taken| Ok(Deduction { amount: self.minor(&taken.amount)?, code: taken.code.clone() });
        taken.iter().map(one).collect()
    }

    /// A programme as the treasury defines it.
    pub fn definition(&self, programme: &Programme) -> Result<ProgrammeDefine, StoryError> {
        let rule = |rule: &Schedule| {
            Ok(ScheduledDeduction {
                cap_amount: rule.cap_amount.as_ref().map(|cap| self.minor(cap)).transpose()?,
                cap_millionths: rule.cap_millionths,
                code: rule.code.clone(),
            })
        };
        Ok(ProgrammeDefine {
            allowed_days: programme.allowed_days,
            code: programme.code.clone(),
            currency: self.currency,
            deductions: programme.deductions.iter().map(rule).collect::<Result<_, StoryError>>()?,
            label: programme.label.clone(),
            utc_offset_minutes: self.utc_offset_minutes,
        })
    }
}

impl Township {
    /// The label of a recipient: the township and a number, `Alder North 04`.
    pub fn recipient(&self, number: u32) -> String {
        format!("{} {number:02}", self.name)
    }
}
