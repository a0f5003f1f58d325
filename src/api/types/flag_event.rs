//! Versions of flags, as they are written.

use std::sync::Arc;

use async_graphql::SimpleObject;

use crate::api::scalar::{DateTime, Uuid};
use crate::leakage::finding::Finding;

use super::flag::{Flag, Severity};
use super::money::Money;

/// A version of a flag: it was raised, changed, or was resolved by the facts. Added in 0.1.0.
#[derive(SimpleObject)]
pub struct FlagEvent {
    /// Pass it as `after` to go on after a break.
    cursor: String,
    /// The flag, as this version says.
    flag: Flag,
    /// The flag's id; the same for all of its versions.
    flag_id: Uuid,
    /// Which version it is: 1 when it is first raised; 2,147,483,647 stands for anything above.
    version: i32,
    /// The code of the rule, such as `L01`.
    rule: String,
    /// How grave it is.
    severity: Severity,
    /// Whether the facts resolved it; it may be raised again.
    resolved: bool,
    /// The money at stake: of a resolved flag, what it last was. Below zero where more came than was
    /// sent; null when it is about no money of one currency.
    amount: Option<Money>,
    /// When it was first raised: the time of that block.
    raised_at: DateTime,
    /// When this version was made: the time of that block.
    changed_at: DateTime,
}

impl FlagEvent {
    /// A version of a finding, with its cursor.
    pub fn new(cursor: String, finding: &Finding) -> Self {
        let conclusion = &finding.conclusion;
        Self {
            cursor,
            flag: Flag { finding: Arc::new(finding.clone()) },
            flag_id: Uuid(finding.id),
            // Versions follow on recorded facts; so many of one flag do not happen.
            version: i32::try_from(finding.version).unwrap_or(i32::MAX),
            rule: finding.rule.code().to_owned(),
            severity: conclusion.severity.into(),
            resolved: finding.resolved.is_some(),
            amount: conclusion.currency.map(|currency| Money::of(conclusion.amount(), currency)),
            raised_at: finding.raised.time.into(),
            changed_at: finding.changed.time.into(),
        }
    }
}
