//! The leakage report.

use async_graphql::{Enum, Object, Result, SimpleObject};

use crate::api::page::{Args, List, connection, cost};
use crate::api::scalar::{CurrencyCode, DateTime, Decimal, LogIndex};
use crate::ledger::selection::Count;
use crate::service::reads;

use super::money::Money;
use super::statement::Statement;

/// How a report is grouped; always by currency as well. Added in 0.1.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ReportGroupBy {
    /// By the programme of the allocation.
    Programme,
    /// By the payment period of the allocation.
    Cycle,
    /// By the purpose of the allocation.
    Purpose,
    /// By the accountable party: the last that signed for holding the money.
    Party,
    /// By area, as many names deep as `areaLevel` says.
    Area,
    /// By the kind of the last hop; `NONE` before the first.
    HopKind,
}

/// A leakage report at one moment.
pub struct LeakageReport(pub reads::Report);

connection! {
    /// A page of the groups of a report. Added in 0.1.0.
    ReportGroupConnection,
    /// A group with its cursor. Added in 0.1.0.
    ReportGroupEdge,
    ReportGroup
}

/// Where money is and where it was lost, by group, at one moment. Asked again with the same
/// `asOf` it gives the same answer for ever. Added in 0.1.0.
#[Object]
impl LeakageReport {
    /// The moment at which deadlines are judged: what was asked for, or the last block's time.
    async fn as_of(&self) -> DateTime {
        self.0.moment.at.into()
    }

    /// The height of the last block that counts.
    async fn height(&self) -> LogIndex {
        LogIndex(self.0.moment.height)
    }

    /// All groups together; null when they are in several currencies, and when there is no
    /// money.
    async fn total(&self) -> Option<ReportGroup> {
        self.0.total.clone().map(ReportGroup)
    }

    /// The groups, in order of their keys, one for each currency.
    #[graphql(complexity = "cost(first, None) * child_complexity")]
    async fn groups(
        &self,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
    ) -> Result<ReportGroupConnection> {
        // A report at a moment never changes, so the position of a group is a key that stays.
        let all: Vec<(u64, reads::ReportGroup)> = (1..).zip(self.0.groups.iter().cloned()).collect();
        let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
        let page = Args::forward(first, after).read_below(List::Groups, total.saturating_add(1))?;
        let found = page.window(false).part_of(all, |(position, _)| *position);
        let mut rows = page.rows(found, |(position, _)| *position);
        rows.total = Some(Count { rows: total, whole: true });
        Ok(ReportGroupConnection::new(rows, |(_, group)| ReportGroup(group)))
    }
}

/// A group of a report.
#[derive(Clone)]
pub struct ReportGroup(pub reads::ReportGroup);

/// One group of a report, in one currency. Rates are decimals with six places, null without a
/// denominator. Added in 0.1.0.
#[Object]
impl ReportGroup {
    /// What the group is of, in a form that stays: a programme's code, a party's UUID, the label
    /// of a cycle, an area's path, the name of a kind; `TOTAL` for the whole.
    async fn key(&self) -> &str {
        &self.0.key_text
    }

    /// What people call it.
    async fn label(&self) -> &str {
        &self.0.label
    }

    /// The currency of all its amounts.
    async fn currency(&self) -> CurrencyCode {
        CurrencyCode(self.0.currency)
    }

    /// Where its money is.
    async fn statement(&self) -> Statement {
        Statement::new(self.0.currency, self.0.statement)
    }

    /// The sum of `shortfall` over its answered hops; negative when more came than was sent.
    async fn hop_loss(&self) -> Money {
        Money::of(self.0.hops.loss, self.0.currency)
    }

    /// The narrow rate: the share of judged money that was neither confirmed nor lawfully
    /// deducted nor returned. Money held, in transit or booked is not judged yet. For `PARTY`
    /// and `HOP_KIND` it is the share of what judged hops carried that did not arrive.
    async fn narrow_rate(&self) -> Option<Decimal> {
        self.0.narrow_rate.map(Decimal::of)
    }

    /// The broad rate: the share of what people were entitled to by then that they did not
    /// confirm. Null where entitlements are not recorded.
    async fn broad_rate(&self) -> Option<Decimal> {
        self.0.broad_rate.map(Decimal::of)
    }

    /// The share of money sent to recipients that has their word or an end payee's answer, of
    /// that and what is booked or overdue.
    async fn coverage(&self) -> Option<Decimal> {
        self.0.coverage.map(Decimal::of)
    }

    /// The interval that the narrow rate lies in with 95 % confidence. Null: it is given once
    /// deliveries are drawn as a sample; all that is recorded is counted, not estimated.
    async fn interval(&self) -> Option<RateInterval> {
        None
    }

    /// The part of the loss that people were paid too little for what they did: what the
    /// verified quantity was worth at the official rate, less what they got. Null unless every
    /// delivery states both quantities.
    async fn underpayment(&self) -> Option<Money> {
        self.0.hops.quantities.split().map(|(under, _)| Money::of(under, self.0.currency))
    }

    /// The part of the loss that quantities were reported too high: the official sum, less what
    /// the verified quantity was worth at the official rate. Null unless every delivery states
    /// both quantities.
    async fn over_reporting(&self) -> Option<Money> {
        self.0.hops.quantities.split().map(|(_, over)| Money::of(over, self.0.currency))
    }
}

/// An interval of a rate. Added in 0.1.0.
#[derive(SimpleObject)]
pub struct RateInterval {
    /// Its lower end, with six places.
    low: Decimal,
    /// Its upper end, with six places.
    high: Decimal,
}
