//! Hops.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};

use crate::api::id::NodeId;
use crate::api::page::{Args, List, ListOrder, Weight, connection};
use crate::api::request::api;
use crate::api::scalar::DateTime;
use crate::ledger::hop;
use crate::ledger::ids::HopId;
use crate::ledger::selection::HopFilter;
use crate::ledger::time::Millis;
use crate::ledger::token::HopState as State;
use crate::service::lists::place_number;

use super::allocation::Allocation;
use super::entry::{self, Entry};
use super::evidence::{self, BankEvidence, Evidence, is_of_hop};
use super::money::Money;
use super::names::{HopKind, HopState};
use super::party::Party;
use super::programme::Programme;
use super::reference::Reference;
use super::token::Token;

/// A hop, by the ledger's record.
pub struct Hop(pub Arc<hop::Hop>);

impl Hop {
    /// The hop of an id, if the caller may see it.
    pub async fn by_id(ctx: &Context<'_>, id: HopId) -> Result<Option<Self>> {
        let api = api(ctx)?;
        let reader = api.reader()?;
        let found = api.load.hops.one(id).await?;
        Ok(found.filter(|hop| reader.may_see_hop(hop)).map(Self))
    }

    async fn money(&self, ctx: &Context<'_>, minor: i64) -> Result<Money> {
        let allocation = Allocation::record(ctx, self.0.allocation).await?;
        Ok(Money::of(minor, allocation.currency))
    }

    async fn money_if_any(&self, ctx: &Context<'_>, minor: Option<i64>) -> Result<Option<Money>> {
        match minor {
            Some(minor) => self.money(ctx, minor).await.map(Some),
            None => Ok(None),
        }
    }
}

/// Whether money is on a hop past its due time: the same rule as the list's filter.
fn is_overdue(hop: &hop::Hop, at: Millis) -> bool {
    let on_it = hop.sent - hop.figures.deducted - hop.refused - hop.credited.unwrap_or(0);
    let over = matches!(hop.state, State::Returned | State::Reversed);
    hop.figures.arrived.is_none() && !over && hop.due < at && on_it > 0
}

connection! {
    /// A page of hops. Added in 0.1.0.
    HopConnection,
    /// A hop with its cursor. Added in 0.1.0.
    HopEdge,
    Hop
}

/// A page of the hops that the caller may see.
pub async fn hops(
    ctx: &Context<'_>,
    mut filter: HopFilter,
    order: Option<ListOrder>,
    args: Args,
) -> Result<HopConnection> {
    let api = api(ctx)?;
    let page = args.read(api, List::Hops)?;
    if let Some(own) = api.reader()?.only() {
        if filter.party.is_some_and(|party| party != own) {
            return Ok(HopConnection::new(page.nothing(), Hop));
        }
        filter.party = Some(own);
    }
    api.settle().await;
    let found = api.node.hops_list(&filter, page.window(ListOrder::is_newest_first(order))).await?;
    let rows = page.rows(found, |hop| place_number(hop.id.0));
    Ok(HopConnection::new(rows.counted(ctx, api.node.hops_count(&filter)).await?, Hop))
}

/// A deduction declared on a hop. Added in 0.1.0.
#[derive(SimpleObject)]
pub struct Deduction {
    /// The code it is declared under, such as `TRANSIT_FEE`.
    code: String,
    /// How much was taken under it, in all.
    amount: Money,
}

/// One pass of hands: what the sender says was sent, and what the receiver says arrived, each
/// with its own amount and signature. Added in 0.1.0.
#[Object]
impl Hop {
    /// Its id in this interface: `hop_...`.
    pub async fn id(&self) -> ID {
        NodeId::Hop(self.0.id).to_id()
    }

    /// What kind of pass it is.
    async fn kind(&self) -> HopKind {
        self.0.kind.into()
    }

    /// How far it has come.
    async fn state(&self) -> HopState {
        self.0.state.into()
    }

    /// The sender; null for money that arrived although nobody had sent it.
    async fn from(&self, ctx: &Context<'_>) -> Result<Option<Party>> {
        match self.0.from {
            Some(key) => Party::by_key(ctx, key),
            None => Ok(None),
        }
    }

    /// The receiver.
    async fn to(&self, ctx: &Context<'_>) -> Result<Party> {
        Party::known(ctx, self.0.to)
    }

    /// The payment provider whose evidence counts, when the sender named one.
    async fn via(&self, ctx: &Context<'_>) -> Result<Option<Party>> {
        match self.0.via {
            Some(key) => Party::by_key(ctx, key),
            None => Ok(None),
        }
    }

    /// What the sender says was sent, before deductions; 0 once reversed.
    async fn dispatched(&self, ctx: &Context<'_>) -> Result<Money> {
        self.money(ctx, self.0.sent).await
    }

    /// What the receiver says arrived in all; for a recipient the word. Null before any answer.
    async fn acknowledged(&self, ctx: &Context<'_>) -> Result<Option<Money>> {
        self.money_if_any(ctx, self.0.figures.arrived).await
    }

    /// Deductions declared on it, by code, in order of their first use.
    async fn deductions(&self, ctx: &Context<'_>) -> Result<Vec<Deduction>> {
        let allocation = Allocation::record(ctx, self.0.allocation).await?;
        let all = self.0.figures.deductions.iter();
        Ok(all
            .map(|(code, amount)| Deduction { code: code.clone(), amount: Money::of(*amount, allocation.currency) })
            .collect())
    }

    /// All deductions together.
    async fn deducted(&self, ctx: &Context<'_>) -> Result<Money> {
        self.money(ctx, self.0.figures.deducted).await
    }

    /// What the receiver refused or the bank bounced.
    async fn refused(&self, ctx: &Context<'_>) -> Result<Money> {
        self.money(ctx, self.0.refused).await
    }

    /// What the bank says was credited in all; null when it has said nothing.
    async fn credited(&self, ctx: &Context<'_>) -> Result<Option<Money>> {
        self.money_if_any(ctx, self.0.credited).await
    }

    /// `dispatched - acknowledged - deducted - refused`; null before any answer, negative when
    /// more came than was sent.
    async fn shortfall(&self, ctx: &Context<'_>) -> Result<Option<Money>> {
        self.money_if_any(ctx, self.0.shortfall()).await
    }

    /// When it was sent, says the sender.
    async fn sent_at(&self) -> DateTime {
        self.0.sent_at.into()
    }

    /// When it becomes overdue, by the rules in force when it was sent.
    async fn due(&self) -> DateTime {
        self.0.due.into()
    }

    /// When it was last answered, says who answered; null before any answer.
    async fn answered_at(&self) -> Option<DateTime> {
        self.0.figures.answered_at.map(Into::into)
    }

    /// Whether it has money past its due time that nobody has answered for, at the moment of
    /// this request.
    async fn overdue(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(is_overdue(&self.0, api(ctx)?.moment().await?.at))
    }

    /// Whether it is known from an imported document only: neither side signed it.
    async fn reported(&self) -> bool {
        self.0.reported
    }

    /// The reference that ties several hops to one payment.
    async fn payment(&self) -> Option<&str> {
        self.0.payment.as_deref()
    }

    /// Another purpose than the allocation's, when the sender named one.
    async fn purpose(&self) -> Option<&str> {
        self.0.purpose.as_deref()
    }

    /// The earlier cycle that it pays for, when it pays arrears.
    async fn for_cycle(&self) -> Option<&str> {
        self.0.for_cycle.as_deref()
    }

    /// The allocation whose money it carries; null for who may see only their own money.
    async fn allocation(&self, ctx: &Context<'_>) -> Result<Option<Allocation>> {
        Allocation::by_id(ctx, self.0.allocation).await
    }

    /// The programme whose money it carries.
    async fn programme(&self, ctx: &Context<'_>) -> Result<Programme> {
        Programme::known(ctx, Allocation::record(ctx, self.0.allocation).await?.programme)
    }

    /// The label of the payment period whose money it carries.
    async fn cycle(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(Allocation::record(ctx, self.0.allocation).await?.cycle.clone())
    }

    /// The token that it was sent with; null for money that nobody sent, and for who may not
    /// see it.
    async fn token(&self, ctx: &Context<'_>) -> Result<Option<Token>> {
        match self.0.token {
            Some(id) => Token::by_id(ctx, id).await,
            None => Ok(None),
        }
    }

    /// The unspent tokens that are on it or were delivered by it, in order of their making: at
    /// most one for each state and reason.
    async fn tokens(&self, ctx: &Context<'_>) -> Result<Vec<Token>> {
        let found = api(ctx)?.load.tokens.many(&self.0.live).await?;
        Ok(found.into_iter().map(Token).collect())
    }

    /// How signed bytes name it. Null only while the views are behind.
    async fn reference(&self, ctx: &Context<'_>) -> Result<Option<Reference>> {
        entry::reference(ctx, self.0.id.0).await
    }

    /// What can be shown of it: who collected, which documents there are, whether its receiver was
    /// asked; in order of the statements, the newest 1,000.
    #[graphql(complexity = "Weight(5) * child_complexity")]
    async fn evidence(&self, ctx: &Context<'_>) -> Result<Vec<Evidence>> {
        let notes = api(ctx)?.load.notes.one(self.0.id.0).await?.unwrap_or_default();
        let notes: Vec<_> = notes.into_iter().filter(|note| is_of_hop(note, self.0.id)).collect();
        Ok(evidence::of_notes(&notes))
    }

    /// What its bank's evidence says beyond amounts: value dates and reasons, in order of the
    /// statements, the newest 1,000.
    #[graphql(complexity = "Weight(5) * child_complexity")]
    async fn bank_evidence(&self, ctx: &Context<'_>) -> Result<Vec<BankEvidence>> {
        let notes = api(ctx)?.load.notes.one(self.0.id.0).await?.unwrap_or_default();
        Ok(evidence::of_bank(&notes, self.0.id))
    }

    /// The entries that made or changed it, in order: first the sender's, then the answers.
    #[graphql(complexity = "Weight(5) * child_complexity")]
    async fn entries(&self, ctx: &Context<'_>) -> Result<Vec<Entry>> {
        let api = api(ctx)?;
        let indexes = api.load.versions.one(self.0.id).await?.unwrap_or_default();
        let found = api.load.entries.many(&indexes).await?;
        Ok(found.into_iter().map(|record| Entry::of(record.recorded)).collect())
    }
}
