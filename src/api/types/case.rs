//! Cases: findings that an officer took up.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};

use crate::api::id::NodeId;
use crate::api::page::Weight;
use crate::api::request::api;
use crate::api::scalar::{DateTime, Uuid};
use crate::ledger::case;
use crate::ledger::ids::CaseId;

use super::entry::{self, Entry};
use super::hop::Hop;
use super::money::Money;
use super::names::CaseState;
use super::party::Party;
use super::reference::Reference;

/// A case, by the ledger's record.
pub struct Case(pub Arc<case::Case>);

impl Case {
    /// The case of an id, if the caller may see it.
    pub fn by_id(ctx: &Context<'_>, id: CaseId) -> Result<Option<Self>> {
        let api = api(ctx)?;
        let may_see = api.reader()?.may_see_cases();
        Ok(api.node.case(id).filter(|_| may_see).map(Self))
    }

    fn money(&self, minor: i64) -> Money {
        Money::of(minor, self.0.currency)
    }
}

/// A finding that an officer took up, and what was done about it. It quotes the finding, which is
/// derived and may change with the rules. Added in 0.1.0.
#[Object]
impl Case {
    /// Its id in this interface: `case_...`.
    pub async fn id(&self) -> ID {
        NodeId::Case(self.0.id).to_id()
    }

    /// The id of the finding that it quotes.
    async fn finding(&self) -> Uuid {
        Uuid(self.0.finding)
    }

    /// The rule that the finding is of, such as `L01`.
    async fn rule(&self) -> &str {
        &self.0.rule
    }

    /// The version of that rule; 2,147,483,647 stands for anything above.
    async fn rule_version(&self) -> i32 {
        i32::try_from(self.0.rule_version).unwrap_or(i32::MAX)
    }

    /// How far it is.
    async fn state(&self) -> CaseState {
        self.0.state.into()
    }

    /// The money at stake, as the finding says.
    async fn reported(&self) -> Money {
        self.money(self.0.reported)
    }

    /// What was found to be lost; null before that was decided.
    async fn decided(&self) -> Option<Money> {
        self.0.decided.map(|minor| self.money(minor))
    }

    /// What was ordered back; null before that.
    async fn ordered(&self) -> Option<Money> {
        self.0.ordered.map(|minor| self.money(minor))
    }

    /// What was sent back under this case, whether it has arrived or not.
    async fn booked(&self) -> Money {
        self.money(self.0.booked)
    }

    /// What of it has arrived at the treasury by now.
    #[graphql(complexity = "Weight(5) * child_complexity")]
    async fn recovered(&self, ctx: &Context<'_>) -> Result<Money> {
        let hops = api(ctx)?.load.hops.many(&self.0.recoveries).await?;
        let arrived: i128 = hops.iter().map(|hop| i128::from(hop.figures.arrived.unwrap_or(0))).sum();
        Ok(Money::of(arrived, self.0.currency))
    }

    /// The hops on which money was sent back under this case.
    #[graphql(complexity = "Weight(5) * child_complexity")]
    async fn recoveries(&self, ctx: &Context<'_>) -> Result<Vec<Hop>> {
        Ok(api(ctx)?.load.hops.many(&self.0.recoveries).await?.into_iter().map(Hop).collect())
    }

    /// The hops that it is about, at most 100.
    #[graphql(complexity = "Weight(5) * child_complexity")]
    async fn hops(&self, ctx: &Context<'_>) -> Result<Vec<Hop>> {
        Ok(api(ctx)?.load.hops.many(&self.0.hops).await?.into_iter().map(Hop).collect())
    }

    /// The party that is held responsible; null when the finding names none.
    async fn accused(&self, ctx: &Context<'_>) -> Result<Option<Party>> {
        match self.0.accused {
            Some(key) => Party::by_key(ctx, key),
            None => Ok(None),
        }
    }

    /// The parties that it is about: no officer of theirs may take a step of it or end it.
    #[graphql(complexity = "Weight(5) * child_complexity")]
    async fn parties(&self, ctx: &Context<'_>) -> Result<Vec<Party>> {
        self.0.parties.iter().map(|key| Party::known(ctx, *key)).collect()
    }

    /// The supervisor that works on it.
    async fn by(&self, ctx: &Context<'_>) -> Result<Party> {
        Party::known(ctx, self.0.by)
    }

    /// When it was opened: the time of its block.
    async fn opened_at(&self) -> DateTime {
        self.0.opened_at.into()
    }

    /// By when the next step is to be taken.
    async fn deadline(&self) -> DateTime {
        self.0.deadline.into()
    }

    /// Whether it is open and its deadline was missed, at the time of the last block.
    async fn is_overdue(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(self.0.is_overdue(api(ctx)?.moment().await?.at))
    }

    /// The reason of the last step.
    async fn reason(&self) -> &str {
        &self.0.reason
    }

    /// Every step so far, the first first: officers' steps, and recoveries that were booked.
    #[graphql(complexity = "Weight(5) * child_complexity")]
    async fn history(&self, ctx: &Context<'_>) -> Result<Vec<CaseVersion>> {
        let all = api(ctx)?.load.case_versions.one(self.0.id).await?.unwrap_or_default();
        Ok(all.into_iter().filter(|version| version.version <= self.0.version).map(CaseVersion).collect())
    }

    /// How signed bytes name it. Null only while the views are behind.
    async fn reference(&self, ctx: &Context<'_>) -> Result<Option<Reference>> {
        entry::reference(ctx, self.0.id.0).await
    }
}

/// A case as one entry left it.
pub struct CaseVersion(Arc<case::Case>);

/// A case as one step left it. Added in 0.1.0.
#[Object]
impl CaseVersion {
    /// The entry that took the step. Null only while the views are behind.
    async fn entry(&self, ctx: &Context<'_>) -> Result<Option<Entry>> {
        Entry::by_index(ctx, self.0.version).await
    }

    /// The reason that was given last.
    async fn reason(&self) -> &str {
        &self.0.reason
    }

    /// How far the case was.
    async fn state(&self) -> CaseState {
        self.0.state.into()
    }

    /// By when the next step was to be taken.
    async fn deadline(&self) -> DateTime {
        self.0.deadline.into()
    }

    /// What was found to be lost by then; null before that was decided.
    async fn decided(&self) -> Option<Money> {
        self.0.decided.map(|minor| Money::of(minor, self.0.currency))
    }

    /// What was ordered back by then; null before that.
    async fn ordered(&self) -> Option<Money> {
        self.0.ordered.map(|minor| Money::of(minor, self.0.currency))
    }

    /// What was sent back under the case by then.
    async fn booked(&self) -> Money {
        Money::of(self.0.booked, self.0.currency)
    }
}
