//! Flags: what detectors found, and what has been done about it.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};

use crate::api::id::NodeId;
use crate::api::page::{Weight, connection};
use crate::api::query::report::moment;
use crate::api::request::api;
use crate::api::scalar::{DateTime, Decimal, LogIndex};
use crate::leakage::finding::Finding;
use crate::leakage::rule;
use crate::leakage::selection::FindingSum;
use crate::ledger::case::CaseState;
use crate::ledger::ids::HopId;

use super::case::Case;
use super::entry::Entry;
use super::hop::Hop;
use super::money::Money;
use super::party::Party;
use super::programme::Programme;
use super::recipient::Recipient;

/// How grave a flag is. Added in 0.1.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum Severity {
    /// Money is lost.
    A,
    /// Money is at risk.
    B,
    /// A control was breached.
    C,
    /// Data or evidence is defective.
    D,
}

impl From<rule::Severity> for Severity {
    fn from(severity: rule::Severity) -> Self {
        match severity {
            rule::Severity::A => Self::A,
            rule::Severity::B => Self::B,
            rule::Severity::C => Self::C,
            rule::Severity::D => Self::D,
        }
    }
}

impl From<Severity> for rule::Severity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::A => Self::A,
            Severity::B => Self::B,
            Severity::C => Self::C,
            Severity::D => Self::D,
        }
    }
}

/// How far a flag is. Added in 0.1.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum FlagState {
    /// A detector found it; nobody has taken it up.
    Raised,
    /// An officer took it up.
    UnderReview,
    /// It is known where the money went.
    Traced,
    /// Put right and closed by two officers.
    Closed,
    /// Two officers found nothing to it.
    Dismissed,
    /// The facts resolved it before anybody closed it, such as a late hop that was acknowledged.
    Resolved,
}

/// A rule of the catalogue.
pub struct LeakageRule(pub rule::Rule);

/// A rule of the catalogue: what is looked for. Added in 0.1.0.
#[Object]
impl LeakageRule {
    /// Its code, such as `L01`.
    async fn code(&self) -> &str {
        self.0.code()
    }

    /// What it is called.
    async fn title(&self) -> &str {
        self.0.title()
    }

    /// When it fires.
    async fn definition(&self) -> &str {
        self.0.definition()
    }

    /// Where it comes from.
    async fn reference(&self) -> &str {
        self.0.reference()
    }

    /// How grave its flags are, unless a flag says otherwise.
    async fn severity(&self) -> Severity {
        self.0.severity().into()
    }

    /// The version of what it computes; 2,147,483,647 stands for anything above.
    async fn version(&self) -> i32 {
        i32::try_from(self.0.version()).unwrap_or(i32::MAX)
    }
}

/// A named number of an equation. Added in 0.1.0.
#[derive(SimpleObject)]
pub struct Operand {
    /// Its name, as the equation has it.
    name: String,
    /// Its value: of money in minor units.
    value: Decimal,
}

/// A figure that says how sure a flag is. Added in 0.1.0.
#[derive(SimpleObject)]
pub struct Score {
    /// How it was computed, with the numbers in it.
    equation: String,
    /// Its value.
    value: Decimal,
}

/// A finding, as a version of it says.
#[derive(Clone)]
pub struct Flag {
    /// The version.
    pub finding: Arc<Finding>,
}

impl Flag {
    /// The flag of an id as it stands at a moment, if the caller may see it.
    pub async fn by_id(ctx: &Context<'_>, id: uuid::Uuid, as_of: Option<DateTime>) -> Result<Option<Self>> {
        let api = api(ctx)?;
        let may_see = api.reader()?.may_see_cases();
        let moment = moment(api, as_of).await?;
        let height = api.node.examined_height(moment).await;
        let found = api.node.finding(id, height).await?;
        Ok(found.filter(|_| may_see).map(|finding| Self { finding: Arc::new(finding) }))
    }
}

/// The flags that rest on hops, as they stand now, if the caller may see them; each once.
pub async fn of_hops(ctx: &Context<'_>, hops: &[HopId]) -> Result<Vec<Flag>> {
    let api = api(ctx)?;
    if hops.is_empty() || !api.reader()?.may_see_cases() {
        return Ok(Vec::new());
    }
    let mut found: Vec<Arc<Finding>> = api.load.flags.many(hops).await?.into_iter().flatten().collect();
    found.sort_by_key(|finding| (finding.rule, finding.id));
    found.dedup_by_key(|finding| finding.id);
    Ok(found.into_iter().map(|finding| Flag { finding }).collect())
}

connection! {
    /// A page of flags. Added in 0.1.0.
    FlagConnection,
    /// A flag with its cursor. Added in 0.1.0.
    FlagEdge,
    Flag
}

/// What a detector concluded about a hop, a payment, a person's entitlement or a party, with
/// everything that is needed to compute it again. It says nothing about the loss statement, which
/// stays what the ledger says. Added in 0.1.0.
#[Object]
impl Flag {
    /// Its id in this interface: `flg_` and its UUID without hyphens. The same rule and subject have
    /// the same id on every node.
    pub async fn id(&self) -> ID {
        NodeId::Flag(self.finding.id).to_id()
    }

    /// The rule.
    async fn rule(&self) -> LeakageRule {
        LeakageRule(self.finding.rule)
    }

    /// The version of the rule that computed it; 2,147,483,647 stands for anything above.
    async fn rule_version(&self) -> i32 {
        i32::try_from(self.finding.rule_version).unwrap_or(i32::MAX)
    }

    /// How grave it is.
    async fn severity(&self) -> Severity {
        self.finding.conclusion.severity.into()
    }

    /// How far it is.
    async fn state(&self, ctx: &Context<'_>) -> Result<FlagState> {
        let case = api(ctx)?.node.case_of_finding(self.finding.id);
        Ok(match (case.map(|case| case.state), self.finding.resolved) {
            (Some(CaseState::Closed), _) => FlagState::Closed,
            (Some(CaseState::Dismissed), _) => FlagState::Dismissed,
            (Some(CaseState::UnderReview), None) => FlagState::UnderReview,
            (Some(CaseState::Traced), None) => FlagState::Traced,
            (_, Some(_)) => FlagState::Resolved,
            (None, None) => FlagState::Raised,
        })
    }

    /// The equation of the money at stake, such as `s - r - f - q`: `s` sent, `r` arrived, `f`
    /// deducted, `q` refused, `x` booked, `v` confirmed.
    async fn equation(&self) -> &str {
        &self.finding.conclusion.equation.text
    }

    /// The same with its numbers and what it comes to: `s - r - f - q = 900 - 880 - 5 - 0 = 15`, in
    /// minor units.
    async fn computation(&self) -> String {
        self.finding.conclusion.equation.to_string()
    }

    /// The operands of the equation.
    async fn operands(&self) -> Vec<Operand> {
        let operands = self.finding.conclusion.equation.operands.iter();
        operands.map(|(name, value)| Operand { name: name.clone(), value: Decimal(value.to_string()) }).collect()
    }

    /// The money at stake: what the equation comes to. Flags may overlap on the same money. Null
    /// where it is not about money of one currency.
    async fn amount(&self) -> Option<Money> {
        let conclusion = &self.finding.conclusion;
        conclusion.currency.map(|currency| Money::of(conclusion.amount(), currency))
    }

    /// How sure it is, where that is a figure.
    async fn score(&self) -> Option<Score> {
        let score = self.finding.conclusion.score.as_ref()?;
        Some(Score { equation: score.equation.clone(), value: Decimal(score.value.clone()) })
    }

    /// The party that is responsible; of a pair the one that is accountable for the money.
    async fn responsible(&self, ctx: &Context<'_>) -> Result<Option<Party>> {
        self.finding.conclusion.responsible.map_or(Ok(None), |party| Party::by_key(ctx, party))
    }

    /// The other of a pair, where it is contested who of them has the money.
    async fn counterparty(&self, ctx: &Context<'_>) -> Result<Option<Party>> {
        self.finding.conclusion.counterparty.map_or(Ok(None), |party| Party::by_key(ctx, party))
    }

    /// The recipient whom it is about.
    async fn recipient(&self, ctx: &Context<'_>) -> Result<Option<Recipient>> {
        let party = self.finding.conclusion.recipient;
        Ok(party.and_then(|party| api(ctx).ok()?.node.tables().parties.get(&party)).map(Recipient))
    }

    /// The programme whose money it is about.
    async fn programme(&self, ctx: &Context<'_>) -> Result<Option<Programme>> {
        self.finding.conclusion.programme.map_or(Ok(None), |programme| Programme::by_id(ctx, programme))
    }

    /// The cycle.
    async fn cycle(&self) -> Option<&str> {
        self.finding.conclusion.cycle.as_deref()
    }

    /// The purpose.
    async fn purpose(&self) -> Option<&str> {
        self.finding.conclusion.purpose.as_deref()
    }

    /// The area that the money counts in, as a path of names.
    async fn area(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let node = &api(ctx)?.node;
        Ok(self.finding.conclusion.area.map(|area| node.area_path(area)))
    }

    /// The hops that it rests on, as they stand now; 100 at most.
    #[graphql(complexity = "Weight(5) * child_complexity")]
    async fn hops(&self, ctx: &Context<'_>) -> Result<Vec<Hop>> {
        let hops = &self.finding.conclusion.hops;
        let hops = &hops[..hops.len().min(REST_ON_MAX)];
        Ok(api(ctx)?.load.hops.many(hops).await?.into_iter().map(Hop).collect())
    }

    /// The entries that it rests on; 100 at most.
    #[graphql(complexity = "Weight(5) * child_complexity")]
    async fn entries(&self, ctx: &Context<'_>) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for index in self.finding.conclusion.entries.iter().take(REST_ON_MAX) {
            entries.extend(Entry::by_index(ctx, *index).await?);
        }
        Ok(entries)
    }

    /// Since when it is so (a stated time), where that is known; ages count from it.
    async fn since(&self) -> Option<DateTime> {
        self.finding.conclusion.since.map(DateTime)
    }

    /// When it was first raised: the time of the block after which it was found.
    async fn raised_at(&self) -> DateTime {
        DateTime(self.finding.raised.time)
    }

    /// When this version of it was made.
    async fn changed_at(&self) -> DateTime {
        DateTime(self.finding.changed.time)
    }

    /// When the facts resolved it; null while it stands.
    async fn resolved_at(&self) -> Option<DateTime> {
        self.finding.resolved.map(|moment| DateTime(moment.time))
    }

    /// The block after which this version was made.
    async fn height(&self) -> LogIndex {
        LogIndex(self.finding.changed.height)
    }

    /// Which version of it this is, from 1; 2,147,483,647 stands for anything above.
    async fn version(&self) -> i32 {
        i32::try_from(self.finding.version).unwrap_or(i32::MAX)
    }

    /// Its latest case, if an officer took it up.
    async fn case(&self, ctx: &Context<'_>) -> Result<Option<Case>> {
        let api = api(ctx)?;
        let may_see = api.reader()?.may_see_cases();
        Ok(api.node.case_of_finding(self.finding.id).filter(|_| may_see).map(Case))
    }

    /// Every version of it, the first first; 1,000 at most.
    #[graphql(complexity = "Weight(20) * child_complexity")]
    async fn history(&self, ctx: &Context<'_>) -> Result<Vec<Flag>> {
        let versions = api(ctx)?.node.finding_versions(self.finding.id).await?;
        Ok(versions.into_iter().take(VERSIONS_MAX).map(|finding| Flag { finding: Arc::new(finding) }).collect())
    }
}

/// Hops and entries that a flag shows.
const REST_ON_MAX: usize = 100;

/// Versions that a flag shows.
const VERSIONS_MAX: usize = 1_000;

/// How many flags of a rule there are, and about how much money. Added in 0.1.0.
pub struct FlagSum(pub FindingSum);

/// How many flags of a rule and severity there are, in one currency. Added in 0.1.0.
#[Object]
impl FlagSum {
    /// The rule.
    async fn rule(&self) -> LeakageRule {
        LeakageRule(self.0.rule)
    }

    /// Their severity.
    async fn severity(&self) -> Severity {
        self.0.severity.into()
    }

    /// Whether the facts resolved them.
    async fn resolved(&self) -> bool {
        self.0.resolved
    }

    /// How many; 2,147,483,647 stands for anything above.
    async fn count(&self) -> i32 {
        i32::try_from(self.0.count).unwrap_or(i32::MAX)
    }

    /// The money at stake in all; flags may overlap on the same money. Null where they are not about
    /// money.
    async fn amount(&self) -> Option<Money> {
        self.0.currency.map(|currency| Money::of(self.0.amount, currency))
    }
}
