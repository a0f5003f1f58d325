//! Allocations.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};

use crate::api::id::NodeId;
use crate::api::request::api;
use crate::ledger::ids::AllocationId;
use crate::ledger::note::{Note, Noted};
use crate::ledger::registry;

use super::entry::Entry;
use super::money::Money;
use super::party::Party;
use super::programme::Programme;
use super::reference::Reference;

/// An allocation, by the ledger's record.
pub struct Allocation(pub Arc<registry::Allocation>);

impl Allocation {
    /// The allocation of an id, if the caller may see it.
    pub async fn by_id(ctx: &Context<'_>, id: AllocationId) -> Result<Option<Self>> {
        let api = api(ctx)?;
        if !api.reader()?.may_see_totals() {
            return Ok(None);
        }
        Ok(api.load.allocations.one(id).await?.map(Self))
    }

    /// The record of the allocation of some money, which always exists.
    pub async fn record(ctx: &Context<'_>, id: AllocationId) -> Result<Arc<registry::Allocation>> {
        let found = api(ctx)?.load.allocations.one(id).await?;
        found.ok_or_else(|| crate::api::error::behind("the allocation of this money"))
    }

    /// The recipients and the total that it was declared for.
    async fn declared(&self, ctx: &Context<'_>) -> Result<(Option<u32>, Option<i64>)> {
        let notes = api(ctx)?.load.notes.one(self.0.id.0).await?.unwrap_or_default();
        let of = |note: &Arc<Note>| match note.fact {
            Noted::Declared { allocation, recipients, total } if allocation == self.0.id => Some((recipients, total)),
            _ => None,
        };
        Ok(notes.iter().find_map(of).unwrap_or_default())
    }
}

/// Money that a treasury set aside for a programme, cycle and purpose. Every cent on the chain
/// leads back to one allocation. Added in 0.1.0.
#[Object]
impl Allocation {
    /// Its id in this interface: `alc_...`.
    pub async fn id(&self) -> ID {
        NodeId::Allocation(self.0.id).to_id()
    }

    /// The programme.
    async fn programme(&self, ctx: &Context<'_>) -> Result<Programme> {
        Programme::known(ctx, self.0.programme)
    }

    /// The label of the payment period.
    async fn cycle(&self) -> &str {
        &self.0.cycle
    }

    /// What the money is for.
    async fn purpose(&self) -> &str {
        &self.0.purpose
    }

    /// The treasury that allocated it; money comes back there.
    async fn treasury(&self, ctx: &Context<'_>) -> Result<Party> {
        Party::known(ctx, self.0.treasury)
    }

    /// How much; 0 for money that nobody sent, and once reversed.
    async fn amount(&self) -> Money {
        Money::of(self.0.amount, self.0.currency)
    }

    /// To how many recipients at most it was declared to be paid out, 1 to 2,147,483,647, which
    /// stands for anything above; null when that was not declared.
    async fn declared_recipients(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
        let (recipients, _) = self.declared(ctx).await?;
        Ok(recipients.map(|count| i32::try_from(count).unwrap_or(i32::MAX)))
    }

    /// How much at most was declared to be paid out to them; null when that was not declared.
    async fn declared_total(&self, ctx: &Context<'_>) -> Result<Option<Money>> {
        let (_, total) = self.declared(ctx).await?;
        Ok(total.map(|minor| Money::of(minor, self.0.currency)))
    }

    /// Whether it was opened for money that arrived although nobody had sent it.
    async fn unsent(&self) -> bool {
        self.0.unsent
    }

    /// How signed bytes name its first token.
    async fn reference(&self, ctx: &Context<'_>) -> Result<Option<Reference>> {
        super::entry::reference(ctx, self.0.id.0).await
    }

    /// The entry that made it.
    async fn entry(&self, ctx: &Context<'_>) -> Result<Option<Entry>> {
        Entry::by_index(ctx, self.0.id.0.entry()).await
    }

    /// The entry that reversed it; null while it stands.
    async fn reversed_by(&self, ctx: &Context<'_>) -> Result<Option<Entry>> {
        match self.0.reversed_by {
            Some(index) => Entry::by_index(ctx, index).await,
            None => Ok(None),
        }
    }
}
