//! Programmes, their rules and cycles.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};

use crate::api::error::behind;
use crate::api::id::NodeId;
use crate::api::page::Weight;
use crate::api::request::api;
use crate::api::scalar::{CurrencyCode, Date, Decimal};
use crate::ledger::ids::ProgrammeId;
use crate::ledger::{money, registry};
use crate::service::rights::Reader;

use super::entry::Entry;
use super::money::Money;
use super::party::Party;
use super::rules::ProgrammeRules;

/// A programme, with the rules now in force.
pub struct Programme(pub Arc<registry::Programme>);

impl Programme {
    /// The programme of an id.
    pub fn by_id(ctx: &Context<'_>, id: ProgrammeId) -> Result<Option<Self>> {
        Ok(api(ctx)?.node.tables().programmes.get(&id).cloned().map(Self))
    }

    /// The programme of an id that the books name: every programme is in memory.
    pub fn known(ctx: &Context<'_>, id: ProgrammeId) -> Result<Self> {
        Self::by_id(ctx, id)?.ok_or_else(|| behind("the programme"))
    }
}

/// A welfare scheme: its currency, its owner and the rules now in force. Rules apply from the
/// entry that set them; due times and deductions made before stay as they were. Added in 0.1.0.
#[Object]
impl Programme {
    /// Its id in this interface: `prg_...`.
    pub async fn id(&self) -> ID {
        NodeId::Programme(self.0.id).to_id()
    }

    /// Its code, unique on the chain, as signed bytes name it.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// What people call it.
    async fn label(&self) -> &str {
        &self.0.label
    }

    /// The treasury that owns it.
    async fn owner(&self, ctx: &Context<'_>) -> Result<Party> {
        Party::known(ctx, self.0.owner)
    }

    /// The currency of all its money.
    async fn currency(&self) -> CurrencyCode {
        CurrencyCode(self.0.currency)
    }

    /// The fixed UTC offset of its days, in minutes: -840 to 840.
    async fn utc_offset_minutes(&self) -> i32 {
        i32::from(self.0.utc_offset_minutes)
    }

    /// How many days each kind of hop may take before it is overdue.
    async fn allowed_days(&self) -> AllowedDays {
        let days = self.0.allowed_days;
        AllowedDays {
            transfer: i32::from(days.transfer),
            delivery: i32::from(days.delivery),
            giving_back: i32::from(days.giving_back),
            recovery: i32::from(days.recovery),
        }
    }

    /// Which deductions are lawful, and up to what. Others count as unaccounted.
    async fn deductions(&self) -> Vec<ScheduledDeduction> {
        let of = |rule: &crate::ledger::operation::ScheduledDeduction| ScheduledDeduction {
            code: rule.code.clone(),
            cap_amount: rule.cap_amount.map(|cap| Money::of(cap.get(), self.0.currency)),
            cap_share: rule.cap_millionths.and_then(|cap| money::ratio(i128::from(cap), 1_000_000)).map(Decimal::of),
        };
        self.0.deductions.iter().map(of).collect()
    }

    /// Its payment periods, in order of their labels, with what was appropriated to each.
    async fn cycles(&self, ctx: &Context<'_>) -> Result<Vec<Cycle>> {
        let api = api(ctx)?;
        let all = api.node.appropriations_of(self.0.id);
        let sums = api.reader_if_any().is_some_and(Reader::may_see_totals);
        Ok(all.iter().map(|of| Cycle::of(of, self.0.currency, sums)).collect())
    }

    /// What is looked for in it: the rules set last, or the defaults.
    #[graphql(complexity = "Weight(5) * child_complexity")]
    async fn rules(&self, ctx: &Context<'_>) -> Result<ProgrammeRules> {
        let notes = api(ctx)?.load.notes.one(self.0.id.0).await?.unwrap_or_default();
        Ok(ProgrammeRules::in_force(&notes, self.0.id))
    }

    /// The entry that set its days and deductions now in force; for what is looked for see `rules`.
    async fn rules_set_by(&self, ctx: &Context<'_>) -> Result<Option<Entry>> {
        Entry::by_index(ctx, self.0.version).await
    }
}

/// How many days each kind of hop may take; it is overdue after the end of the last of them.
/// Added in 0.1.0.
#[derive(SimpleObject)]
pub struct AllowedDays {
    /// Between parties: days, 0 to 65,535.
    transfer: i32,
    /// To a recipient or end payee: days, 0 to 65,535.
    delivery: i32,
    /// Back upstream: days, 0 to 65,535.
    #[graphql(name = "return")]
    giving_back: i32,
    /// A recovery on its way to the treasury: days, 0 to 65,535.
    recovery: i32,
}

/// One code of a programme's deduction schedule. Of two caps the lower counts. Added in 0.1.0.
#[derive(SimpleObject)]
pub struct ScheduledDeduction {
    /// The code.
    code: String,
    /// The highest amount for each hop (kept by the sender: for each dispatch); null for none.
    cap_amount: Option<Money>,
    /// The highest share of the gross amount, with six places; null for none.
    cap_share: Option<Decimal>,
}

/// A payment period of a programme. Added in 0.1.0.
#[derive(SimpleObject)]
pub struct Cycle {
    /// Its label, such as `2026-11`.
    label: String,
    /// Its first day.
    first_day: Date,
    /// Its last day.
    last_day: Date,
    /// What was appropriated: the most that may be allocated; null for who may see only their own
    /// money.
    appropriated: Option<Money>,
    /// What of it is allocated; null for who may see only their own money.
    allocated: Option<Money>,
}

impl Cycle {
    /// A cycle by its appropriation, with its sums for who may see them.
    pub fn of(appropriation: &registry::Appropriation, currency: money::Currency, sums: bool) -> Self {
        let cycle = &appropriation.cycle;
        let sum = |minor: i64| sums.then(|| Money::of(minor, currency));
        Self {
            label: cycle.label.clone(),
            first_day: Date(cycle.first_day),
            last_day: Date(cycle.last_day),
            appropriated: sum(appropriation.appropriated),
            allocated: sum(appropriation.allocated),
        }
    }
}
