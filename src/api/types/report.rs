//! The leakage report.

use std::sync::Arc;

use async_graphql::{Context, Enum, Object, Result, SimpleObject};

use crate::api::page::{Args, List, connection, cost};
use crate::api::request::api;
use crate::api::scalar::{CurrencyCode, DateTime, Decimal, LogIndex};
use crate::ledger::money;
use crate::ledger::selection::{Count, GroupBy, GroupKey, MoneyFilter};
use crate::limits::SUM_WEIGHT;
use crate::service::flags::{self, AGES, Aged};
use crate::service::reads;
use crate::store::findings::lists::FindingFilter;

use super::flag::FlagSum;
use super::money::Money;
use super::party::Party;
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
pub struct LeakageReport {
    report: reads::Report,
    of: Arc<Asked>,
}

/// What a report was asked for.
struct Asked {
    filter: MoneyFilter,
    by: GroupBy,
    moment: reads::Moment,
}

impl LeakageReport {
    /// The report on the money of a filter.
    pub fn new(report: reads::Report, filter: MoneyFilter, by: GroupBy) -> Self {
        let moment = report.moment;
        Self { report, of: Arc::new(Asked { filter, by, moment }) }
    }

    fn group(&self, group: reads::ReportGroup) -> ReportGroup {
        ReportGroup { group, of: self.of.clone() }
    }
}

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
        self.report.moment.at.into()
    }

    /// The height of the last block that counts.
    async fn height(&self) -> LogIndex {
        LogIndex(self.report.moment.height)
    }

    /// All groups together; null when they are in several currencies, and when there is no
    /// money.
    async fn total(&self) -> Option<ReportGroup> {
        self.report.total.clone().map(|total| self.group(total))
    }

    /// The groups, in order of their keys, one for each currency.
    #[graphql(complexity = "cost(first, None) * child_complexity")]
    async fn groups(
        &self,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
    ) -> Result<ReportGroupConnection> {
        // A report at a moment never changes, so the position of a group is a key that stays.
        let all: Vec<(u64, reads::ReportGroup)> = (1..).zip(self.report.groups.iter().cloned()).collect();
        let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
        let page = Args::forward(first, after).read_below(List::Groups, total.saturating_add(1))?;
        let found = page.window(false).part_of(all, |(position, _)| *position);
        let mut rows = page.rows(found, |(position, _)| *position);
        rows.total = Some(Count { rows: total, whole: true });
        Ok(ReportGroupConnection::new(rows, |(_, group)| self.group(group)))
    }

    /// The same money by cycle, in order of their labels.
    #[graphql(complexity = "SUM_WEIGHT + child_complexity")]
    async fn trend(&self, ctx: &Context<'_>) -> Result<Vec<ReportGroup>> {
        let Asked { filter, moment, .. } = self.of.as_ref();
        let report = api(ctx)?.node.report(filter, GroupBy::Cycle, *moment).await?;
        let trend = Self::new(report, filter.clone(), GroupBy::Cycle);
        Ok(trend.report.groups.iter().cloned().map(|group| trend.group(group)).collect())
    }

    /// Every party that sent answered hops, compared with the others of its programme and level, the
    /// highest shrunk rate first. It is as findings are now, whatever `asOf` says.
    #[graphql(complexity = "cost(first, None) * child_complexity")]
    async fn peers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many: 1 to 100, default 20.")] first: Option<i32>,
    ) -> Result<Vec<Peer>> {
        let page = Args::forward(first, None).read_below(List::Groups, 1)?;
        let found = api(ctx)?.node.peers(&self.of.filter).await?;
        let size = usize::try_from(page.window(false).limit - 1).unwrap_or(usize::MAX);
        let peer = |peer: flags::Peer| {
            let of = peer.rate.compared?;
            let six = |value| Decimal::of(money::six_places(value));
            Some(Peer {
                hops: i32::try_from(peer.rate.hops).unwrap_or(i32::MAX),
                sent: Money::of(peer.rate.sent, peer.currency),
                lost: Money::of(peer.rate.lost, peer.currency),
                rate: six(of.rate),
                peers_rate: six(of.mean),
                shrunk_rate: six(of.shrunk),
                equation: peer.rate.equation(),
                probability: six(of.p),
                probability_adjusted: peer.rate.adjusted.map(six),
                party: Party(peer.party),
            })
        };
        Ok(found.into_iter().take(size).filter_map(peer).collect())
    }
}

/// A group of a report.
#[derive(Clone)]
pub struct ReportGroup {
    group: reads::ReportGroup,
    of: Arc<Asked>,
}

impl ReportGroup {
    /// Which findings are of its money; none where findings do not tell such groups apart.
    fn findings(&self, ctx: &Context<'_>) -> Result<Option<FindingFilter>> {
        let node = &api(ctx)?.node;
        let filter = node.findings_of_group(&self.of.filter, self.of.by, &self.group.key);
        Ok(filter.map(|filter| FindingFilter { currency: Some(self.group.currency), ..filter }))
    }

    fn money(&self, minor: i128) -> Money {
        Money::of(minor, self.group.currency)
    }
}

/// One group of a report, in one currency. Rates are decimals with six places, null without a
/// denominator. Added in 0.1.0.
#[Object]
impl ReportGroup {
    /// What the group is of, in a form that stays: a programme's code, a party's UUID, the label
    /// of a cycle, an area's path, the name of a kind; `TOTAL` for the whole.
    async fn key(&self) -> &str {
        &self.group.key_text
    }

    /// What people call it.
    async fn label(&self) -> &str {
        &self.group.label
    }

    /// The currency of all its amounts.
    async fn currency(&self) -> CurrencyCode {
        CurrencyCode(self.group.currency)
    }

    /// Where its money is.
    async fn statement(&self) -> Statement {
        Statement::new(self.group.currency, self.group.statement)
    }

    /// The sum of `shortfall` over its answered hops; negative when more came than was sent.
    async fn hop_loss(&self) -> Money {
        Money::of(self.group.hops.loss, self.group.currency)
    }

    /// The narrow rate: the share of judged money that was neither confirmed nor lawfully
    /// deducted nor returned. Money held, in transit or booked is not judged yet. For `PARTY`
    /// and `HOP_KIND` it is the share of what judged hops carried that did not arrive.
    async fn narrow_rate(&self) -> Option<Decimal> {
        self.group.narrow_rate.map(Decimal::of)
    }

    /// The broad rate: the share of what people were entitled to by then that they did not
    /// confirm. Null where entitlements are not recorded.
    async fn broad_rate(&self) -> Option<Decimal> {
        self.group.broad_rate.map(Decimal::of)
    }

    /// The share of money sent to recipients that has their word or an end payee's answer, of
    /// that and what is booked or overdue.
    async fn coverage(&self) -> Option<Decimal> {
        self.group.coverage.map(Decimal::of)
    }

    /// The interval that the narrow rate lies in with 95 % confidence (Wilson's score interval over
    /// the number of deliveries with an answer). Null where every judged delivery was answered, since
    /// then nothing is estimated, where nothing was, and of a rate below zero.
    async fn interval(&self) -> Option<RateInterval> {
        self.group.interval.map(|(low, high)| RateInterval { low: Decimal::of(low), high: Decimal::of(high) })
    }

    /// What recipients were entitled to by then: the denominator of the broad rate. Null where
    /// entitlements are not recorded, and by party or kind of hop.
    async fn entitled(&self) -> Option<Money> {
        self.group.entitled.map(|entitled| self.money(entitled))
    }

    /// How old the money is that is overdue or parked, and what the parked money costs. Parked money
    /// is that of standing flags of rule L05; by kind of hop it is not told apart and zero.
    #[graphql(complexity = "SUM_WEIGHT / 4 + child_complexity")]
    async fn ages(&self, ctx: &Context<'_>) -> Result<Vec<AgeBucket>> {
        let api = api(ctx)?;
        let Asked { filter, by, moment } = self.of.as_ref();
        let (by, key) = match self.group.key {
            GroupKey::Nothing => (GroupBy::Nothing, GroupKey::Nothing),
            _ => (*by, self.group.key.clone()),
        };
        let overdue = api.node.ages(filter, by, *moment).await?;
        let mut ages = overdue.get(&(key, self.group.currency)).copied().unwrap_or_default();
        if let Some(findings) = self.findings(ctx)? {
            let parked = api.node.parked(findings, self.group.currency, *moment).await?;
            for (age, parked) in ages.iter_mut().zip(parked) {
                (age.parked, age.idle_cost) = (parked.parked, parked.idle_cost);
            }
        }
        let bucket = |((first, last), aged): ((i64, Option<i64>), Aged)| AgeBucket {
            first_day: i32::try_from(first).unwrap_or(i32::MAX),
            last_day: last.and_then(|last| i32::try_from(last).ok()),
            overdue: self.money(aged.overdue),
            parked: self.money(aged.parked),
            idle_cost: self.money(aged.idle_cost),
        };
        Ok(AGES.into_iter().zip(ages).map(bucket).collect())
    }

    /// The flags of its money by rule and severity, the gravest first. Empty by kind of hop.
    #[graphql(complexity = "SUM_WEIGHT / 4 + child_complexity")]
    async fn flags(&self, ctx: &Context<'_>) -> Result<Vec<FlagSum>> {
        let api = api(ctx)?;
        let Some(filter) = self.findings(ctx)? else { return Ok(Vec::new()) };
        let height = api.node.examined_height(self.of.moment).await;
        Ok(api.node.finding_sums(&filter, height).await?.into_iter().map(FlagSum).collect())
    }

    /// What came of the cases of its flags. Null by kind of hop.
    #[graphql(complexity = "SUM_WEIGHT / 4 + child_complexity")]
    async fn recovery(&self, ctx: &Context<'_>) -> Result<Option<Recovery>> {
        let api = api(ctx)?;
        let Some(filter) = self.findings(ctx)? else { return Ok(None) };
        let found = api.node.recovery(&filter, self.group.currency, self.of.moment).await?;
        Ok(Some(Recovery {
            cases: i32::try_from(found.cases).unwrap_or(i32::MAX),
            reported: self.money(found.reported),
            decided: self.money(found.decided),
            ordered: self.money(found.ordered),
            recovered: self.money(found.recovered),
            rate_of_reported: money::ratio(found.recovered, found.reported).map(Decimal::of),
        }))
    }

    /// The part of the loss that people were paid too little for what they did: what the
    /// verified quantity was worth at the official rate, less what they got. Null unless every
    /// delivery states both quantities.
    async fn underpayment(&self) -> Option<Money> {
        self.group.hops.quantities.split().map(|(under, _)| Money::of(under, self.group.currency))
    }

    /// The part of the loss that quantities were reported too high: the official sum, less what
    /// the verified quantity was worth at the official rate. Null unless every delivery states
    /// both quantities.
    async fn over_reporting(&self) -> Option<Money> {
        self.group.hops.quantities.split().map(|(_, over)| Money::of(over, self.group.currency))
    }
}

/// Money of one age. Added in 0.1.0.
#[derive(SimpleObject)]
pub struct AgeBucket {
    /// The first day of the age; day 1 is the first day past the due time, or of lying there.
    first_day: i32,
    /// The last day; null without an end.
    last_day: Option<i32>,
    /// Overdue money of this age.
    overdue: Money,
    /// Parked money of this age: it lies with a party while entitlements are due.
    parked: Money,
    /// What that parked money costs by lying idle, at the programme's rate.
    idle_cost: Money,
}

/// What came of cases; dismissed ones are left out. Added in 0.1.0.
#[derive(SimpleObject)]
pub struct Recovery {
    /// How many cases.
    cases: i32,
    /// The money that their flags reported: the denominator of the rate.
    reported: Money,
    /// What was decided to be lost.
    decided: Money,
    /// What was ordered back.
    ordered: Money,
    /// What the treasury acknowledged as come back.
    recovered: Money,
    /// What was recovered of what was reported, with six places; null when nothing was.
    rate_of_reported: Option<Decimal>,
}

/// A party beside its peers. Added in 0.1.0.
#[derive(SimpleObject)]
pub struct Peer {
    /// The party.
    party: Party,
    /// Its answered hops.
    hops: i32,
    /// What it sent by them.
    sent: Money,
    /// What of it neither arrived nor was deducted nor came back; negative when more came.
    lost: Money,
    /// `lost / sent`, with six places.
    rate: Decimal,
    /// The rate of its peers, itself not counted.
    peers_rate: Decimal,
    /// Its rate drawn towards that of all by as much as chance may have made it.
    shrunk_rate: Decimal,
    /// How the shrunk rate was computed.
    equation: String,
    /// The probability that a peer has so high a rate by chance, one-sided.
    probability: Decimal,
    /// The same after Benjamini-Hochberg over all that are judged; null with too few hops.
    probability_adjusted: Option<Decimal>,
}

/// An interval of a rate. Added in 0.1.0.
#[derive(SimpleObject)]
pub struct RateInterval {
    /// Its lower end, with six places.
    low: Decimal,
    /// Its upper end, with six places.
    high: Decimal,
}
