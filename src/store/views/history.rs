//! What entries changed, found again from the views: for whoever follows behind them.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Condition, Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::ledger::case::Case;
use crate::ledger::hop::Hop;
use crate::ledger::ids::{HopId, Place, TokenId};
use crate::ledger::note::Note;
use crate::ledger::registry::{Allocation, Programme, Recorded};
use crate::ledger::token::{MissingReason, Token, TokenState};

use super::Views;
use super::entity::{allocation, hop, programme, token};
use super::error::ViewsError;
use super::fields::{index, number};

/// What a range of entries changed, each kind in the order of its keys.
#[derive(Debug, Default)]
pub struct OfEntries {
    /// The operations.
    pub operations: Vec<Recorded>,
    /// Programmes as these entries set them.
    pub programmes: Vec<Programme>,
    /// Allocations that they opened.
    pub allocations: Vec<Allocation>,
    /// Notes.
    pub notes: Vec<Note>,
    /// Versions of cases.
    pub cases: Vec<Case>,
    /// Missing tokens that they made by deductions.
    pub deducted: Vec<Token>,
    /// Hops as these entries opened them, each with the hop by which its money had come.
    pub opened: Vec<(Hop, Option<HopId>)>,
    /// Hops as these entries changed them, with what they were before.
    pub changed: Vec<(Hop, Hop)>,
}

impl Views {
    /// What entries from the first to the last changed.
    pub async fn of_entries(&self, first: u64, last: u64) -> Result<OfEntries, ViewsError> {
        let (Some((low, _)), Some((_, high))) = (Place::range_of(first), Place::range_of(last)) else {
            return Ok(OfEntries::default());
        };
        let (low, high) = (low.to_key(), high.to_key());
        let operations = self.operations_after(first.checked_sub(1), last - first + 1).await?;
        let programmes = programme::Entity::find()
            .filter(programme::Column::Version.between(index(first), index(last)))
            .order_by_asc(programme::Column::Version)
            .all(&self.readers);
        let programmes = programmes.await.map_err(ViewsError::read("programmes"))?;
        let allocations = allocation::Entity::find()
            .filter(allocation::Column::Id.between(low, high))
            .order_by_asc(allocation::Column::Id)
            .all(&self.readers);
        let allocations = allocations.await.map_err(ViewsError::read("allocations"))?;
        let deducted = token::Entity::find()
            .filter(token::Column::Id.between(low, high))
            .filter(token::Column::State.eq(number(TokenState::Missing.number())))
            .filter(token::Column::Reason.eq(number(MissingReason::Deduction.number())))
            .order_by_asc(token::Column::Id)
            .all(&self.readers);
        let deducted = deducted.await.map_err(ViewsError::read("tokens"))?;
        Ok(OfEntries {
            operations: operations.into_iter().map(|row| row.recorded).collect(),
            programmes: programmes.into_iter().map(programme::Model::read).collect::<Result<_, _>>()?,
            allocations: allocations.into_iter().map(allocation::Model::read).collect::<Result<_, _>>()?,
            notes: self.notes_of_entries(first, last).await?,
            cases: self.cases_of_entries(first, last).await?,
            deducted: deducted.into_iter().map(token::Model::read).collect::<Result<_, _>>()?,
            opened: self.opened(low, high).await?,
            changed: self.changed(first, last).await?,
        })
    }

    async fn opened(&self, low: i64, high: i64) -> Result<Vec<(Hop, Option<HopId>)>, ViewsError> {
        let rows = hop::Entity::find()
            .filter(hop::Column::Id.between(low, high))
            // The version that its own entry made.
            .filter(Expr::cust("version = id / 1048576"))
            .order_by_asc(hop::Column::Id)
            .all(&self.readers)
            .await;
        let rows = rows.map_err(ViewsError::read("hops"))?;
        let hops: Vec<Hop> = rows.into_iter().map(|row| Ok(row.read()?.0)).collect::<Result<_, ViewsError>>()?;
        let mut tokens: Vec<TokenId> = hops.iter().filter_map(|hop| hop.token).collect();
        tokens.sort_unstable();
        tokens.dedup();
        let tokens = self.tokens(&tokens).await?;
        let came_by: BTreeMap<TokenId, Option<HopId>> = tokens.into_iter().map(|token| (token.id, token.hop)).collect();
        let with = |hop: Hop| {
            let by = hop.token.and_then(|token| came_by.get(&token).copied().flatten());
            (hop, by)
        };
        Ok(hops.into_iter().map(with).collect())
    }

    async fn changed(&self, first: u64, last: u64) -> Result<Vec<(Hop, Hop)>, ViewsError> {
        let rows = hop::Entity::find()
            .filter(hop::Column::Version.between(index(first), index(last)))
            .filter(Expr::cust("version > id / 1048576"))
            .order_by_asc(hop::Column::Version)
            .order_by_asc(hop::Column::Id)
            .all(&self.readers)
            .await;
        let rows = rows.map_err(ViewsError::read("changed hops"))?;
        let after: Vec<Hop> = rows.into_iter().map(|row| Ok(row.read()?.0)).collect::<Result<_, ViewsError>>()?;
        let keys = after.iter().map(|hop| hop.id.0.to_key());
        let ended = Condition::all().add(Expr::col(hop::Column::Ended).between(index(first), index(last)));
        let rows = self.rows_in::<hop::Entity>("hops", hop::Column::Id, keys, ended).await?;
        let mut before: BTreeMap<(HopId, u64), Hop> = BTreeMap::new();
        for row in rows {
            let (hop, ended) = row.read()?;
            before.extend(ended.map(|ended| ((hop.id, ended), hop)));
        }
        Ok(after
            .into_iter()
            .filter_map(|hop| before.remove(&(hop.id, hop.version)).map(|before| (hop, before)))
            .collect())
    }

    /// Hops as they stood after an entry; those that were not opened by then are passed over.
    pub async fn hops_as_of(&self, ids: &[HopId], entry: u64) -> Result<Vec<Hop>, ViewsError> {
        let keys = ids.iter().map(|id| id.0.to_key());
        let rows = self.rows_in::<hop::Entity>("hops", hop::Column::Id, keys, as_of(entry)).await?;
        rows.into_iter().map(|row| Ok(row.read()?.0)).collect()
    }

    /// The hops that one entry opened, as they stood after another, in order.
    pub async fn hops_of_entry_as_of(&self, opened_by: u64, entry: u64) -> Result<Vec<Hop>, ViewsError> {
        let Some((low, high)) = Place::range_of(opened_by) else { return Ok(Vec::new()) };
        let rows = hop::Entity::find()
            .filter(hop::Column::Id.between(low.to_key(), high.to_key()))
            .filter(as_of(entry))
            .order_by_asc(hop::Column::Id)
            .all(&self.readers)
            .await;
        let rows = rows.map_err(ViewsError::read("hops of an entry"))?;
        rows.into_iter().map(|row| Ok(row.read()?.0)).collect()
    }
}

/// The versions of hops that stood after an entry.
fn as_of(entry: u64) -> Condition {
    let later = Condition::any().add(hop::Column::Ended.is_null()).add(hop::Column::Ended.gt(index(entry)));
    Condition::all().add(hop::Column::Version.lte(index(entry))).add(later)
}
