//! Recipients.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};

use crate::api::id::NodeId;
use crate::api::page::{Args, List, ListOrder, Weight, cost};
use crate::api::query;
use crate::api::request::api;
use crate::api::scalar::Uuid;
use crate::ledger::note::Note;
use crate::ledger::registry;
use crate::ledger::selection::HopFilter;

use super::entitlement::{self, Entitlement};
use super::hop::{Hop, HopConnection, hops};
use super::particular::{self, Particular};
use super::party::Party;

/// A person who receives money, by the ledger's record.
pub struct Recipient(pub Arc<registry::Party>);

impl Recipient {
    /// The notes about this person that the caller may see.
    async fn notes(&self, ctx: &Context<'_>) -> Result<Vec<Arc<Note>>> {
        let api = api(ctx)?;
        if !api.reader_if_any().is_some_and(|reader| reader.may_see_party(&self.0)) {
            return Ok(Vec::new());
        }
        Ok(api.load.notes.one(self.0.key.0).await?.unwrap_or_default())
    }
}

/// A person who receives money. The chain knows a random id, an area and a label, never a name
/// or an account. Added in 0.1.0.
#[Object]
impl Recipient {
    /// Its id in this interface: `rcp_` and its UUID without hyphens.
    pub async fn id(&self) -> ID {
        NodeId::Recipient(self.0.id).to_id()
    }

    /// The random id, as signed bytes name it.
    async fn uuid(&self) -> Uuid {
        Uuid(self.0.id)
    }

    /// A label that says nothing of the person.
    async fn label(&self) -> &str {
        &self.0.label
    }

    /// The area, as a path of names (`province/county/township`).
    async fn area(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(api(ctx)?.node.area_path(self.0.area))
    }

    /// The recipient as a party.
    async fn party(&self) -> Party {
        Party(self.0.clone())
    }

    /// What a registry knows of this person, in order of its statements: the newest 1,000. Empty
    /// for who may not see it.
    #[graphql(complexity = "Weight(20) * child_complexity")]
    async fn particulars(&self, ctx: &Context<'_>) -> Result<Vec<Particular>> {
        Ok(particular::of_notes(&self.notes(ctx).await?))
    }

    /// What this person is due: of each programme, cycle and purpose what was stated last, without
    /// what was taken back; in the order of the statements. Of the newest 1,000 that the books
    /// know of this person. Empty for who may not see it.
    #[graphql(complexity = "Weight(20) * child_complexity")]
    async fn entitlements(&self, ctx: &Context<'_>) -> Result<Vec<Entitlement>> {
        Ok(entitlement::in_force(&self.notes(ctx).await?))
    }

    /// Money sent to this recipient.
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn hops(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all when left out.")] filter: Option<query::hop::HopFilter>,
        #[graphql(desc = "In which order; `NEWEST_FIRST` when left out.")] order: Option<ListOrder>,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<HopConnection> {
        let api = api(ctx)?;
        let args = Args { first, after, last, before };
        let own = Some(self.0.key);
        let filter = filter.unwrap_or_default().read(api).await?.map(Option::unwrap_or_default);
        match filter {
            Ok(filter) if filter.to.is_none() || filter.to == own => {
                hops(ctx, HopFilter { to: own, ..filter }, order, args).await
            }
            _ => Ok(HopConnection::new(args.read(api, List::Hops)?.nothing(), Hop)),
        }
    }
}
