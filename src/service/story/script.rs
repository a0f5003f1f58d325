//! The story as data: the country and the diary in `seeds/`, read strictly.
//!
//! Unknown fields, tables and deeds are errors, so that a slip of the pen is told at once and a
//! leak that was meant to be planted is never silently left out.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::leakage::rule::Rule;
use crate::ledger::money::Currency;
use crate::ledger::operation::{AllowedDays, Decision};
use crate::ledger::registry::{PartyKind, Role};
use crate::ledger::time::Millis;

use super::StoryError;
use super::notes::{Ask, Collect, EndCase, Entitle, Pursue, Register, SetRules, TakeUp};

const COUNTRY: &str = include_str!("../../../seeds/country.toml");
const DIARY: &str = include_str!("../../../seeds/diary.toml");

/// Everything that `seeds/` says.
#[derive(Debug)]
pub struct Script {
    /// Who takes part and under which rules.
    pub country: Country,
    /// What happens, in order.
    pub steps: Vec<Step>,
    /// What waits for a second officer at the end.
    pub waiting: Vec<Deed>,
}

/// Who takes part and under which rules.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Country {
    /// The currency of every amount.
    pub currency: Currency,
    /// The fixed UTC offset of every programme's days.
    pub utc_offset_minutes: i16,
    /// When the chain begins.
    pub begins: Moment,
    /// The officers of an office of each kind.
    pub staff: Vec<Staff>,
    /// The offices, the registrar first.
    pub party: Vec<Office>,
    /// The townships, each with an office and recipients.
    pub township: Vec<Township>,
    /// The programmes.
    pub programme: Vec<Programme>,
    /// The cycles with their days.
    pub cycle: Vec<CycleDays>,
}

/// The officers of an office of one kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Staff {
    /// The kind of office.
    pub kind: PartyKind,
    /// Who works there.
    pub officers: Vec<Officer>,
}

/// An officer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Officer {
    /// What the officer is called in an office; no name.
    pub title: String,
    /// What the officer may sign.
    pub roles: Vec<Role>,
}

/// An office.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Office {
    /// What people call it; unique in the story.
    pub label: String,
    /// What it is.
    pub kind: PartyKind,
    /// How deep in the administration it stands.
    pub level: String,
    /// Where it works, as a path of names.
    pub area: String,
}

/// A township.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Township {
    /// Its name; its office is called so with "Office" behind it.
    pub name: String,
    /// Its path of names.
    pub area: String,
    /// How many recipients live there.
    pub recipients: u32,
    /// The numbers of those for whom nobody ever had a key registered.
    #[serde(default)]
    pub without_key: Vec<u32>,
}

/// A programme.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Programme {
    /// Its code.
    pub code: String,
    /// What people call it.
    pub label: String,
    /// The treasury that owns it.
    pub treasury: String,
    /// The purpose of its allocations.
    pub purpose: String,
    /// Which numbers of every township are enrolled.
    pub recipients: Numbers,
    /// What each of them is paid in a cycle.
    pub rate: Amount,
    /// How long hops may take.
    pub allowed_days: AllowedDays,
    /// Which deductions are lawful.
    pub deductions: Vec<Schedule>,
}

/// A range of recipients' numbers.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    /// The first.
    pub first: u32,
    /// The last.
    pub last: u32,
}

/// One code of a deduction schedule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The code.
    pub code: String,
    /// The highest amount.
    pub cap_amount: Option<Amount>,
    /// The highest share, in millionths.
    pub cap_millionths: Option<u32>,
}

/// A cycle with its days.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CycleDays {
    /// Its label.
    pub label: String,
    /// The first day.
    pub first_day: NaiveDate,
    /// The last day.
    pub last_day: NaiveDate,
}

/// An amount as a person writes it: `"1200.00"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Amount(pub String);

/// A moment as RFC 3339 text.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Moment(pub Millis);

/// What happens at one moment.
#[derive(Debug, Deserialize)]
#[serde(try_from = "toml::Table")]
pub struct Step {
    /// When.
    pub at: Millis,
    /// What.
    pub deed: Deed,
}

/// Something that is stated and signed. `by` is the party that states it; `townships`, `leave_out`
/// and `only` say which recipients it is about.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Deed {
    /// The treasury is given a budget.
    Appropriate { programme: String, cycle: String, amount: Amount },
    /// The treasury sets money aside; two officers.
    Allocate { programme: String, cycle: String, amount: Amount },
    /// An office sends money to other offices and may keep some.
    Send {
        by: String,
        programme: String,
        cycle: String,
        to: Vec<Output>,
        #[serde(default)]
        keep: Vec<Taken>,
    },
    /// An office says how much arrived in all.
    Acknowledge {
        by: String,
        programme: String,
        cycle: String,
        from: String,
        arrived: Amount,
        #[serde(default)]
        deductions: Vec<Taken>,
    },
    /// An office pays each recipient the programme's rate.
    Pay {
        by: String,
        programme: String,
        cycle: String,
        through: Option<String>,
        #[serde(default)]
        townships: Vec<String>,
        #[serde(default)]
        leave_out: Vec<String>,
        #[serde(default)]
        only: Vec<String>,
        #[serde(default)]
        deductions: Vec<Taken>,
    },
    /// A bank says that it credited each recipient in full.
    Credit {
        by: String,
        programme: String,
        cycle: String,
        value_date: Option<NaiveDate>,
        #[serde(default)]
        townships: Vec<String>,
        #[serde(default)]
        leave_out: Vec<String>,
        #[serde(default)]
        only: Vec<String>,
    },
    /// A bank says that a payment came back whole, perhaps with a reason code of ISO 20022.
    Bounce { by: String, programme: String, cycle: String, recipient: String, code: Option<String>, reason: String },
    /// Each recipient says that all arrived.
    Confirm {
        programme: String,
        cycle: String,
        #[serde(default)]
        townships: Vec<String>,
        #[serde(default)]
        leave_out: Vec<String>,
        #[serde(default)]
        only: Vec<String>,
    },
    /// A recipient says that less arrived.
    Dispute { programme: String, cycle: String, recipient: String, received: Amount, reason: String },
    /// A supervisor decides a dispute; two officers.
    Decide { by: String, programme: String, cycle: String, recipient: String, decision: Decision, reason: String },
    /// An office gives money back.
    GiveBack { by: String, programme: String, cycle: String, to: String, amount: Amount, reason: String },
    /// An office pays missing money of a delivery back to the treasury, perhaps under the case of a
    /// rule's finding on it.
    Recover {
        by: String,
        programme: String,
        cycle: String,
        recipient: String,
        amount: Amount,
        case: Option<Rule>,
        reason: String,
    },
    /// An office declares money lost that it held.
    Lose { by: String, programme: String, cycle: String, amount: Amount, reason: String },
    /// An office takes back what it sent last to another, unanswered; two officers.
    Reverse { by: String, programme: String, cycle: String, to: String, reason: String },
    /// A treasury sets what is looked for in a programme; two officers.
    SetRules(SetRules),
    /// A treasury states what recipients are due.
    Entitle(Entitle),
    /// The registrar states what it knows of recipients.
    Register(Register),
    /// An office asks recipients for their word on a payment.
    Ask(Ask),
    /// An office states who collected its payments.
    Collect(Collect),
    /// A supervisor takes up a finding: a case.
    TakeUp(TakeUp),
    /// A supervisor takes a case further.
    Pursue(Pursue),
    /// A supervisor ends a case; two officers.
    EndCase(EndCase),
}

/// One receiver of a sending.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// The receiver.
    pub party: String,
    /// The gross amount.
    pub amount: Amount,
    /// Another purpose than the allocation's.
    pub purpose: Option<String>,
}

/// A deduction by code.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// The code.
    pub code: String,
    /// How much.
    pub amount: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Diary {
    step: Vec<Step>,
    waiting: Vec<Deed>,
}

impl Script {
    /// Reads what is embedded in the program.
    pub fn read() -> Result<Self, StoryError> {
        Self::parse(COUNTRY, DIARY)
    }

    /// Reads a country and a diary.
    pub fn parse(country: &str, diary: &str) -> Result<Self, StoryError> {
        let unreadable = |file: &str, error: toml::de::Error| StoryError::Script(format!("{file}: {error}"));
        let country: Country = toml::from_str(country).map_err(|error| unreadable("country.toml", error))?;
        let diary: Diary = toml::from_str(diary).map_err(|error| unreadable("diary.toml", error))?;
        let mut before = country.begins.0;
        for step in &diary.step {
            if step.at <= before {
                return Err(StoryError::Script(format!(
                    "diary.toml: the step at {} does not follow {before}",
                    step.at
                )));
            }
            before = step.at;
        }
        Ok(Self { country, steps: diary.step, waiting: diary.waiting })
    }

    /// When the story ends: the time of its last entry.
    pub fn ends(&self) -> Millis {
        self.steps.last().map_or(self.country.begins.0, |step| step.at)
    }
}

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Millis::parse(&text).map(Self).ok_or_else(|| format!("{text:?} is not a moment such as 2026-08-01T06:00:00Z"))
    }
}

impl TryFrom<toml::Table> for Step {
    type Error = String;

    fn try_from(mut table: toml::Table) -> Result<Self, String> {
        let Some(toml::Value::String(at)) = table.remove("at") else {
            return Err(format!("a step has no time `at`: {table:?}"));
        };
        let deed = toml::Value::Table(table).try_into().map_err(|error| format!("the step at {at}: {error}"))?;
        Ok(Self { at: Moment::try_from(at)?.0, deed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with a diary of one step and one more line.
    fn fault(step: &str) -> String {
        let diary = format!("waiting = []\n[[step]]\n{step}");
        Script::parse(COUNTRY, &diary).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn the_embedded_story_is_read_whole() {
        let script = Script::read().unwrap();
        assert!(script.steps.len() > 100 && !script.waiting.is_empty());
        assert_eq!(Script::parse(COUNTRY, "step = []\nwaiting = []").unwrap().ends(), script.country.begins.0);
    }

    #[test]
    fn a_slip_of_the_pen_is_told() {
        const STEP: &str =
            "at = \"2026-08-02T00:00:00Z\"\ndo = \"appropriate\"\nprogramme = \"OAP\"\ncycle = \"2026-08\"";
        assert!(fault(&format!("{STEP}\namuont = \"1.00\"")).contains("amuont"));
        assert!(fault(&format!("{STEP}\namount = 1.0")).contains("expected a string"));
        assert!(fault("at = \"2026-08-02T00:00:00Z\"\ndo = \"steal\"").contains("steal"));
        assert!(fault("do = \"steal\"").contains("no time"));
        let early = STEP.replace("2026-08-02", "2026-07-02");
        assert!(fault(&format!("{early}\namount = \"1.00\"")).contains("does not follow"));
    }
}
