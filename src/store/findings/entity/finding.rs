//! A finding as one block left it.

use sea_orm::entity::prelude::*;

use crate::leakage::finding::{Conclusion, Finding, Moment, Subject};
use crate::leakage::rule::Rule;
use crate::ledger::time::Millis;
use crate::store::views::error::ViewsError;
use crate::store::views::fields::{Columns, index};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "findings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub id: Vec<u8>,
    pub version: i64,
    pub rule: String,
    pub rule_version: i64,
    pub severity: String,
    pub height: i64,
    pub time: i64,
    pub raised_height: i64,
    pub raised_time: i64,
    pub resolved_height: Option<i64>,
    pub resolved_time: Option<i64>,
    /// The block that made the next version.
    pub ended: Option<i64>,
    pub amount: i64,
    pub currency: Option<String>,
    pub responsible: Option<i64>,
    pub counterparty: Option<i64>,
    pub programme: Option<i64>,
    pub cycle: Option<String>,
    pub purpose: Option<String>,
    pub area: Option<i64>,
    pub recipient: Option<i64>,
    pub subject: String,
    pub body: String,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const COLUMNS: Columns = Columns("findings");

impl Model {
    /// The row of a version of a finding.
    pub fn of(number: u64, finding: &Finding, ended: Option<u64>) -> Self {
        let conclusion = &finding.conclusion;
        let json = "findings are plain JSON";
        Self {
            number: index(number),
            id: finding.id.as_bytes().to_vec(),
            version: i64::from(finding.version),
            rule: finding.rule.code().to_owned(),
            rule_version: i64::from(finding.rule_version),
            severity: conclusion.severity.name().to_owned(),
            height: index(finding.changed.height),
            time: finding.changed.time.0,
            raised_height: index(finding.raised.height),
            raised_time: finding.raised.time.0,
            resolved_height: finding.resolved.map(|moment| index(moment.height)),
            resolved_time: finding.resolved.map(|moment| moment.time.0),
            ended: ended.map(index),
            amount: conclusion.amount(),
            currency: conclusion.currency.map(|currency| currency.code().to_owned()),
            responsible: conclusion.responsible.map(|party| party.0.to_key()),
            counterparty: conclusion.counterparty.map(|party| party.0.to_key()),
            programme: conclusion.programme.map(|programme| programme.0.to_key()),
            cycle: conclusion.cycle.clone(),
            purpose: conclusion.purpose.clone(),
            area: conclusion.area.map(|area| i64::from(area.0)),
            recipient: conclusion.recipient.map(|party| party.0.to_key()),
            subject: serde_json::to_string(&finding.subject).expect(json),
            body: serde_json::to_string(conclusion).expect(json),
        }
    }

    /// The version of a finding of a row, with its number.
    pub fn read(self) -> Result<(u64, Finding), ViewsError> {
        let moment = |column, height: i64, time: i64| {
            Ok::<_, ViewsError>(Moment { height: COLUMNS.index(column, height)?, time: Millis(time) })
        };
        let resolved = self.resolved_height.zip(self.resolved_time);
        let finding = Finding {
            id: COLUMNS.uuid("id", &self.id)?,
            rule: COLUMNS.parsed("rule", Rule::parse(&self.rule))?,
            rule_version: COLUMNS.small("rule_version", self.rule_version)?,
            subject: COLUMNS.json::<Subject>("subject", &self.subject)?,
            conclusion: COLUMNS.json::<Conclusion>("body", &self.body)?,
            raised: moment("raised_height", self.raised_height, self.raised_time)?,
            version: COLUMNS.small("version", self.version)?,
            changed: moment("height", self.height, self.time)?,
            resolved: resolved.map(|(height, time)| moment("resolved_height", height, time)).transpose()?,
        };
        let (number, ended) = (COLUMNS.index("number", self.number)?, COLUMNS.maybe_index("ended", self.ended)?);
        // An equation that cannot be computed, or another amount beside it, is of no finding.
        match finding.conclusion.equation.value().is_some() && Self::of(number, &finding, ended) == self {
            true => Ok((number, finding)),
            false => Err(COLUMNS.corrupt("body")),
        }
    }
}
