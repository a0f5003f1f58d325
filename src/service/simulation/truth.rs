//! What was planted, so that what is found can be compared with it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::cast::Who;
use super::plan::{CaseName, HopName, PotName};

/// A planted irregularity, named as in the plan.
#[derive(Clone, Debug)]
pub struct Planted {
    /// The rule that finds it, such as `L01`.
    pub rule: &'static str,
    /// The money at stake, in minor units; none of what a party loses beyond its peers, which
    /// follows from what all of them lose.
    pub amount: Option<i64>,
    /// Who is responsible.
    pub party: Who,
    /// What it is about.
    pub about: About,
    /// The cycle.
    pub cycle: Option<u32>,
    /// What happened.
    pub note: String,
    /// Other rules that rightly find something of the same subject; each is planted beside it.
    pub also: Vec<&'static str>,
}

/// What a planted irregularity is about, named as in the plan.
#[derive(Clone, Debug)]
pub enum About {
    /// A hop.
    Hop(HopName),
    /// A recipient.
    Recipient(Who),
    /// A party in a programme.
    Party(Who),
    /// An allocation.
    Pot(PotName),
    /// A case.
    Case(CaseName),
    /// Something that has a name of its own: a digest, household, area or officer.
    Named(&'static str, String),
}

/// Everything that was planted, as `truth.json` holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Truth {
    /// The seed.
    pub seed: u64,
    /// How many recipients.
    pub recipients: u32,
    /// How many cycles.
    pub cycles: u32,
    /// Of a million recipients so many for each kind of irregularity.
    pub leak_millionths: u32,
    /// The last day.
    pub ends: NaiveDate,
    /// What was planted.
    pub planted: Vec<Irregularity>,
}

/// One planted irregularity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Irregularity {
    /// The rule that finds it, such as `L01`.
    pub rule: String,
    /// The money at stake, in minor units, as digits.
    pub amount: String,
    /// The label of the party that is responsible.
    pub party: String,
    /// That party's public id.
    pub party_id: Uuid,
    /// What it is about.
    pub subject: Subject,
    /// The label of the cycle.
    pub cycle: Option<String>,
    /// What happened.
    pub note: String,
    /// Other rules that rightly find something of the same subject; each is in the list as well.
    pub also: Vec<String>,
}

/// What an irregularity is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", deny_unknown_fields)]
pub enum Subject {
    /// A hop: the operation that opened it, and its number there.
    Hop {
        /// The operation's id.
        operation: Uuid,
        /// The number.
        output: u32,
    },
    /// A recipient.
    Recipient {
        /// The public id.
        id: Uuid,
        /// The label.
        label: String,
    },
    /// A party.
    Party {
        /// The public id.
        id: Uuid,
        /// The label.
        label: String,
    },
    /// An allocation: the operation that opened it.
    Allocation {
        /// The operation's id.
        operation: Uuid,
    },
    /// A case: the operation that opened it.
    Case {
        /// The operation's id.
        operation: Uuid,
    },
    /// Something that has a name of its own.
    Named {
        /// What it is, such as `household`.
        of: String,
        /// Its name.
        name: String,
    },
}
