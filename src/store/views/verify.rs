//! Reading every row of every table in the order of keys, for whoever compares the views with
//! books derived anew from the chain. What is small or stays in memory comes whole, by
//! [`Views::load_resident`].

use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::ledger::cell::{Cell, CellKey, Fund, FundId};
use crate::ledger::hop::Hop;
use crate::ledger::ids::{AllocationId, HopId, ProgrammeId, TokenId};
use crate::ledger::registry::{Allocation, Programme};
use crate::ledger::selection::{AllocationFilter, OperationFilter, Page, TokenFilter};
use crate::ledger::token::Token;

use super::Views;
use super::blocks::{BlockRow, OperationRow, Tile};
use super::entity::{block, cell, cell_row, fund, hop, imported_row, programme, tile};
use super::error::ViewsError;
use super::fields::index;
use super::rows::Meant;

impl Views {
    /// Blocks after a height.
    pub async fn blocks_after(&self, after: Option<u64>, limit: u64) -> Result<Vec<BlockRow>, ViewsError> {
        let page = Page::oldest_first(after.map(index), limit);
        let all = Meant::served(Condition::all());
        let found = self.page_of::<block::Entity>("blocks", block::Column::Height, all, page).await?;
        found.rows.into_iter().map(block::Model::read).collect()
    }

    /// Operations after an entry.
    pub async fn operations_after(&self, after: Option<u64>, limit: u64) -> Result<Vec<OperationRow>, ViewsError> {
        Ok(self.operations_page(&OperationFilter::default(), Page::oldest_first(after, limit)).await?.rows)
    }

    /// Allocations after an id.
    pub async fn allocations_after(
        &self,
        after: Option<AllocationId>,
        limit: u64,
    ) -> Result<Vec<Allocation>, ViewsError> {
        Ok(self.allocations_page(&AllocationFilter::default(), Page::oldest_first(after, limit)).await?.rows)
    }

    /// Tokens after an id, spent and unspent.
    pub async fn tokens_after(&self, after: Option<TokenId>, limit: u64) -> Result<Vec<Token>, ViewsError> {
        Ok(self.tokens_page(&TokenFilter::default(), Page::oldest_first(after, limit)).await?.rows)
    }

    /// Versions of hops after a version, each with the entry that made the next one.
    pub async fn hop_versions_after(
        &self,
        after: Option<(HopId, u64)>,
        limit: u64,
    ) -> Result<Vec<(Hop, Option<u64>)>, ViewsError> {
        let key = (hop::Column::Id, hop::Column::Version);
        let after = after.map(|(id, version)| (id.0.to_key(), index(version)));
        let rows = self.rows_after::<hop::Entity>("versions of hops", key, after, limit).await?;
        rows.into_iter().map(hop::Model::read).collect()
    }

    /// Versions of programmes after a version.
    pub async fn programme_versions_after(
        &self,
        after: Option<(ProgrammeId, u64)>,
        limit: u64,
    ) -> Result<Vec<Programme>, ViewsError> {
        let key = (programme::Column::Id, programme::Column::Version);
        let after = after.map(|(id, version)| (id.0.to_key(), index(version)));
        let rows = self.rows_after::<programme::Entity>("versions of programmes", key, after, limit).await?;
        rows.into_iter().map(programme::Model::read).collect()
    }

    /// Imported rows after a key.
    pub async fn imported_rows_after(
        &self,
        after: Option<[u8; 16]>,
        limit: u64,
    ) -> Result<Vec<([u8; 16], Option<u64>)>, ViewsError> {
        let column = imported_row::Column::Key;
        let rows = imported_row::Entity::find()
            .filter(Condition::all().add_option(after.map(|key| column.gt(key.to_vec()))))
            .order_by_asc(column)
            .limit(limit)
            .all(&self.readers)
            .await;
        rows.map_err(ViewsError::read("imported rows"))?.into_iter().map(imported_row::Model::read).collect()
    }

    /// Funds after an id.
    pub async fn funds_after(&self, after: Option<FundId>, limit: u64) -> Result<Vec<(FundId, Fund)>, ViewsError> {
        let page = Page::oldest_first(after.map(|id| i64::from(id.0)), limit);
        let all = Meant::served(Condition::all());
        let found = self.page_of::<fund::Entity>("funds", fund::Column::Id, all, page).await?;
        found.rows.into_iter().map(fund::Model::read).collect()
    }

    /// The keys of cells after an id.
    pub async fn cells_after(&self, after: Option<u32>, limit: u64) -> Result<Vec<(u32, CellKey)>, ViewsError> {
        let page = Page::oldest_first(after.map(i64::from), limit);
        let all = Meant::served(Condition::all());
        let found = self.page_of::<cell::Entity>("cells", cell::Column::Id, all, page).await?;
        found.rows.into_iter().map(cell::Model::read).collect()
    }

    /// What was in cells after blocks, after a cell and height.
    pub async fn cell_rows_after(
        &self,
        after: Option<(u32, u64)>,
        limit: u64,
    ) -> Result<Vec<(u32, u64, Cell)>, ViewsError> {
        let key = (cell_row::Column::Cell, cell_row::Column::Height);
        let after = after.map(|(cell, height)| (i64::from(cell), index(height)));
        let rows = self.rows_after::<cell_row::Entity>("rows of cells", key, after, limit).await?;
        rows.into_iter().map(cell_row::Model::read).collect()
    }

    /// Tiles after a level and number.
    pub async fn tiles_after(&self, after: Option<(u8, u64)>, limit: u64) -> Result<Vec<Tile>, ViewsError> {
        let key = (tile::Column::Level, tile::Column::Number);
        let after = after.map(|(level, number)| (i64::from(level), index(number)));
        let rows = self.rows_after::<tile::Entity>("tiles", key, after, limit).await?;
        rows.into_iter().map(tile::Model::read).collect()
    }

    /// The rows that follow a key of two columns, in its order.
    async fn rows_after<E: EntityTrait>(
        &self,
        what: &'static str,
        (first, second): (E::Column, E::Column),
        after: Option<(i64, i64)>,
        limit: u64,
    ) -> Result<Vec<E::Model>, ViewsError> {
        let rest = after.map(|(at, from)| past(first, at, second, from));
        let rows = E::find()
            .filter(Condition::all().add_option(rest))
            .order_by_asc(first)
            .order_by_asc(second)
            .limit(limit)
            .all(&self.readers)
            .await;
        rows.map_err(ViewsError::read(what))
    }
}

/// After a key of two columns.
fn past<C: ColumnTrait>(first: C, at: i64, second: C, from: i64) -> Condition {
    // The first condition alone lets a database begin in the middle of the key.
    let after = Condition::any().add(first.gt(at)).add(second.gt(from));
    Condition::all().add(first.gte(at)).add(after)
}
