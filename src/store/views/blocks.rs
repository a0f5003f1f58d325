//! Reading the log: blocks, operations with their leaves, and tiles.

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Func, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::ledger::ids::{KeyId, Place, ProgrammeId};
use crate::ledger::operation::Kind;
use crate::ledger::registry::Recorded;
use crate::ledger::selection::{Count, Listed, OperationFilter, Page};
use crate::ledger::time::Millis;
use crate::limits::SIGNATURES_MAX;

use super::Views;
use super::entity::{block, hop, operation, tile, token};
use super::error::ViewsError;
use super::fields::{Columns, index};
use super::lists;
use super::rows::Meant;
use super::sums::col;

/// A tile of the log's tree: its level, its number and its hashes.
pub type Tile = (u8, u64, Vec<u8>);

/// A block of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRow {
    /// Its height.
    pub height: u64,
    /// Its time.
    pub time: Millis,
    /// The index of its first entry.
    pub first_entry: u64,
    /// How many entries it holds.
    pub entry_count: u64,
    /// The digest of its header.
    pub digest: [u8; 32],
    /// The size of the log's tree after it.
    pub tree_size: u64,
    /// The root of the log's tree after it.
    pub tree_root: [u8; 32],
}

impl BlockRow {
    /// How many entries the chain has up to and with this block.
    pub fn entries(&self) -> u64 {
        self.first_entry + self.entry_count
    }
}

/// A recorded operation with its leaf in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationRow {
    /// The operation.
    pub recorded: Recorded,
    /// The SHA-256 of its entry's bytes.
    pub leaf: [u8; 32],
}

impl Views {
    /// The block at a height.
    pub async fn block_at(&self, height: u64) -> Result<Option<BlockRow>, ViewsError> {
        let row = block::Entity::find_by_id(index(height)).one(&self.readers).await;
        row.map_err(ViewsError::read("a block"))?.map(block::Model::read).transpose()
    }

    /// The last block.
    pub async fn last_block(&self) -> Result<Option<BlockRow>, ViewsError> {
        let row = block::Entity::find().order_by_desc(block::Column::Height).one(&self.readers).await;
        row.map_err(ViewsError::read("the last block"))?.map(block::Model::read).transpose()
    }

    /// The last block whose time is not after a moment.
    pub async fn block_as_of(&self, time: Millis) -> Result<Option<BlockRow>, ViewsError> {
        let row = block::Entity::find()
            .filter(block::Column::Time.lte(time.0))
            .order_by_desc(block::Column::Time)
            .one(&self.readers)
            .await;
        row.map_err(ViewsError::read("the block of a moment"))?.map(block::Model::read).transpose()
    }

    /// The block that holds an entry.
    pub async fn block_of_entry(&self, entry: u64) -> Result<Option<BlockRow>, ViewsError> {
        let Some(operation) = self.operation_by_entry(entry).await? else { return Ok(None) };
        // Every operation is recorded at its block's time, and block times rise strictly.
        self.block_as_of(operation.recorded.recorded_at).await
    }

    /// The operation of an entry.
    pub async fn operation_by_entry(&self, entry: u64) -> Result<Option<OperationRow>, ViewsError> {
        let row = operation::Entity::find_by_id(index(entry)).one(&self.readers).await;
        row.map_err(ViewsError::read("an operation"))?.map(operation::Model::read).transpose()
    }

    /// The operations of these entries, in no order; entries that are not there are passed over.
    pub async fn operations_of_entries(&self, entries: &[u64]) -> Result<Vec<OperationRow>, ViewsError> {
        let keys = entries.iter().map(|entry| index(*entry));
        let column = operation::Column::Entry;
        let rows = self.rows_in::<operation::Entity>("operations", column, keys, Condition::all()).await?;
        rows.into_iter().map(operation::Model::read).collect()
    }

    /// The blocks of exactly these times, in no order.
    pub async fn blocks_of_times(&self, times: &[Millis]) -> Result<Vec<BlockRow>, ViewsError> {
        let keys = times.iter().map(|time| time.0);
        let rows = self.rows_in::<block::Entity>("blocks", block::Column::Time, keys, Condition::all()).await?;
        rows.into_iter().map(block::Model::read).collect()
    }

    /// A page of operations, by entry.
    pub async fn operations_page(
        &self,
        filter: &OperationFilter,
        page: Page<u64>,
    ) -> Result<Listed<OperationRow, u64>, ViewsError> {
        let (column, meant) = (operation::Column::Entry, operations_meant(filter));
        let found = self.page_of::<operation::Entity>("operations", column, meant, page.by(index)).await?;
        let stopped_at = found.stopped_at.map(|key| Columns("operations").index("entry", key)).transpose()?;
        let rows = found.rows.into_iter().map(operation::Model::read).collect::<Result<_, _>>()?;
        Ok(Listed { rows, stopped_at })
    }

    /// How many operations a filter shows, looking at so many at most.
    pub async fn operations_count(&self, filter: &OperationFilter, look_max: Option<u64>) -> Result<Count, ViewsError> {
        let (column, meant) = (operation::Column::Entry, operations_meant(filter));
        self.count_of::<operation::Entity>("the number of operations", column, meant, look_max).await
    }

    /// How many entries the log had before a moment.
    pub async fn entries_before(&self, time: Millis) -> Result<u64, ViewsError> {
        let block = self.block_as_of(Millis(time.0.saturating_sub(1))).await?;
        Ok(block.map_or(0, |block| block.entries()))
    }

    /// The hashes of a tile.
    pub async fn tile(&self, level: u8, number: u64) -> Result<Option<Vec<u8>>, ViewsError> {
        let row = tile::Entity::find_by_id((i64::from(level), index(number))).one(&self.readers).await;
        Ok(row.map_err(ViewsError::read("a tile"))?.map(|row| row.bytes))
    }

    /// Those of these tiles that are there, by level and number.
    pub async fn tiles(&self, wanted: &[(u8, u64)]) -> Result<Vec<Tile>, ViewsError> {
        let mut found = Vec::with_capacity(wanted.len());
        let mut levels: Vec<u8> = wanted.iter().map(|(level, _)| *level).collect();
        levels.sort_unstable();
        levels.dedup();
        for level in levels {
            let numbers = wanted.iter().filter(|(at, _)| *at == level).map(|(_, number)| index(*number));
            let also = Condition::all().add(tile::Column::Level.eq(i64::from(level)));
            let rows = self.rows_in::<tile::Entity>("tiles", tile::Column::Number, numbers, also).await?;
            for row in rows {
                found.push(row.read()?);
            }
        }
        found.sort_unstable();
        Ok(found)
    }
}

fn operations_meant(filter: &OperationFilter) -> Meant {
    use operation::Column;
    let served = Condition::all()
        .add_option(filter.entries.from.map(|entry| Column::Entry.gte(index(entry))))
        .add_option(filter.entries.before.map(|entry| Column::Entry.lt(index(entry))));
    let looked_at = Condition::all()
        .add_option(filter.party.map(|party| Column::Party.eq(party.0.to_key())))
        .add_option(filter.kind.map(|kind| Column::Kind.eq(kind.name())))
        .add_option(filter.keys.as_deref().map(signed_by))
        .add_option(filter.programme.map(about_programme));
    Meant { looked_at, ..Meant::served(served) }
}

/// Signed by one of some keys. The column holds the keys of 32 bytes one after the other.
fn signed_by(keys: &[KeyId]) -> Condition {
    let places = (0..SIGNATURES_MAX).map(|place| 1 + i64::try_from(32 * place).unwrap_or(i64::MAX));
    let at = |place: i64| {
        let part = Func::cust("SUBSTR").args([
            Expr::col(operation::Column::Signers),
            Expr::val(place).cast_as("INTEGER"),
            Expr::val(32_i64).cast_as("INTEGER"),
        ]);
        Expr::from(part).is_in(keys.iter().map(|key| key.0.to_vec()))
    };
    places.map(at).fold(Condition::any(), |any, one| any.add(one))
}

/// The kinds whose subject is a programme; that of a reversal may be one.
const ABOUT_A_PROGRAMME: [Kind; 4] =
    [Kind::ProgrammeDefine, Kind::BudgetAppropriate, Kind::TrackingImport, Kind::EntryReverse];

/// The kinds whose subject is a hop; that of a reversal may be one.
const ABOUT_A_HOP: [Kind; 7] = [
    Kind::HopAcknowledge,
    Kind::HopRefuse,
    Kind::ReceiptConfirm,
    Kind::ReceiptDispute,
    Kind::BankEvidenceRecord,
    Kind::DisputeDecide,
    Kind::EntryReverse,
];

/// About a programme: its rules or budget, tokens that the entry made of its money, or a hop
/// with its money. What an entry made is a range of keys, so each look is short.
fn about_programme(programme: ProgrammeId) -> Condition {
    use operation::Column;
    let allocations = lists::allocations_of(Some(programme), None, None).expect("a programme is named");
    let first = col(Column::Entry).mul(i64::from(Place::POSITIONS));
    let made = Query::select()
        .expr(Expr::val(1_i64))
        .from(token::Entity)
        .and_where(col(token::Column::Id).gte(first.clone()))
        .and_where(col(token::Column::Id).lt(first.add(i64::from(Place::POSITIONS))))
        .and_where(col(token::Column::Allocation).in_subquery(allocations.clone()))
        .take();
    let hop = Query::select()
        .expr(Expr::val(1_i64))
        .from(hop::Entity)
        .and_where(col(hop::Column::Id).equals((operation::Entity, Column::Subject)))
        .and_where(col(hop::Column::Allocation).in_subquery(allocations.clone()))
        .take();
    let of_hop = Condition::all().add(Column::Kind.is_in(ABOUT_A_HOP.map(Kind::name))).add(Expr::exists(hop));
    let rules = Condition::all()
        .add(Column::Kind.is_in(ABOUT_A_PROGRAMME.map(Kind::name)))
        .add(Column::Subject.eq(programme.0.to_key()));
    // A reversed allocation leaves no token.
    let taken_back = Condition::all()
        .add(Column::Kind.eq(Kind::EntryReverse.name()))
        .add(Column::Subject.in_subquery(allocations.clone()));
    Condition::any().add(rules).add(Expr::exists(made)).add(of_hop).add(taken_back)
}
