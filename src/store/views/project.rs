//! Writing committed blocks into the views: one transaction for a batch, in bulk.

use std::collections::BTreeMap;
use std::sync::Arc;

use sea_orm::sea_query::{IntoIden, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, Iterable,
    TransactionTrait,
};

use crate::ledger::admit::Change;
use crate::ledger::fact::Fact;
use crate::ledger::hop::Hop;
use crate::ledger::ids::{AllocationId, AreaId, HopId, KeyId, PartyKey, ProgrammeId, TokenId};
use crate::ledger::money::Currency;
use crate::ledger::registry::{Allocation, Appropriation, OfficerKey, Party, Programme, Recorded};
use crate::ledger::time::Millis;
use crate::ledger::token::Token;

use crate::store::faults::Point;

use super::Views;
use super::entity::{
    allocation, applied, appropriation, area, block, hop, imported_row, officer_key, operation, party, programme, tile,
    token, total,
};
use super::error::ViewsError;
use super::fields::index;

/// Variables of one statement: below the 32,766 of SQLite and the 65,535 of PostgreSQL.
const VARIABLES_MAX: usize = 16_000;

/// Rows of the smaller statements that write what is left: few sizes, so that few statements
/// are prepared and all are used again.
const REST_ROWS: [usize; 3] = [64, 8, 1];

/// A committed block with what it changed, as the views take it.
#[derive(Clone, Debug)]
pub struct ProjectedBlock {
    /// Its height.
    pub height: u64,
    /// Its time.
    pub time: Millis,
    /// The index of its first entry.
    pub first_entry: u64,
    /// How many entries it holds; may be none.
    pub entry_count: u64,
    /// The digest of its header.
    pub digest: [u8; 32],
    /// The size of the log's tree after it.
    pub tree_size: u64,
    /// The root of the log's tree after it.
    pub tree_root: [u8; 32],
    /// The running digest of changes after it.
    pub changes_digest: [u8; 32],
    /// The leaf of each entry.
    pub leaves: Vec<[u8; 32]>,
    /// The change of each entry.
    pub changes: Vec<Arc<Change>>,
    /// Tiles of the log that it completed, as (level, number, hashes).
    pub tiles: Vec<(u8, u64, Vec<u8>)>,
}

impl Views {
    /// Writes blocks that follow what the views hold, all of them or none.
    pub async fn project(&self, blocks: &[ProjectedBlock]) -> Result<(), ViewsError> {
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { return Ok(()) };
        check(blocks)?;
        let batch = Batch::of(blocks);
        let failed = |source| ViewsError::Project { first: first.height, last: last.height, source };
        let asked = |point| self.faults.check(point).map_err(|fault| failed(DbErr::Custom(fault.to_string())));
        asked(Point::BeforeProject)?;
        let tx = self.writer.begin().await.map_err(failed)?;
        if !advance(&tx, first, last).await.map_err(failed)? {
            tx.rollback().await.map_err(failed)?;
            return Err(ViewsError::NotNext { given: first.height, first_entry: first.first_entry });
        }
        batch.write_money(&tx).await.map_err(failed)?;
        asked(Point::ViewsHalfway)?;
        batch.write_registry(&tx).await.map_err(failed)?;
        batch.write_log(&tx, blocks).await.map_err(failed)?;
        tx.commit().await.map_err(failed)
    }
}

/// The parts of each block agree, and the blocks follow one another.
fn check(blocks: &[ProjectedBlock]) -> Result<(), ViewsError> {
    for block in blocks {
        let bad = |reason| Err(ViewsError::BadBlock { height: block.height, reason });
        if u64::try_from(block.changes.len()) != Ok(block.entry_count) {
            return bad("it has not one change for each entry");
        }
        if block.leaves.len() != block.changes.len() {
            return bad("it has not one leaf for each entry");
        }
        let entries = block.changes.iter().map(|change| change.recorded().entry);
        if !entries.eq(block.first_entry..block.first_entry + block.entry_count) {
            return bad("its changes are not those of its entries");
        }
    }
    for (before, block) in blocks.iter().zip(blocks.iter().skip(1)) {
        let follows = block.height == before.height + 1
            && block.first_entry == before.first_entry + before.entry_count
            && block.time > before.time;
        if !follows {
            return Err(ViewsError::BadBlock {
                height: block.height,
                reason: "it does not follow the block before it in the batch",
            });
        }
    }
    Ok(())
}

/// Moves the applied height from just before `first` to `last`; false when it is elsewhere.
async fn advance(tx: &DatabaseTransaction, first: &ProjectedBlock, last: &ProjectedBlock) -> Result<bool, DbErr> {
    let row = applied::Model {
        id: applied::ONLY,
        height: Some(index(last.height)),
        entries: index(last.first_entry + last.entry_count),
        changes_digest: last.changes_digest.to_vec(),
    };
    let before = match first.height.checked_sub(1) {
        None => applied::Column::Height.is_null(),
        Some(height) => applied::Column::Height.eq(index(height)),
    };
    let mut update = applied::replace(&row);
    update.and_where(before).and_where(applied::Column::Entries.eq(index(first.first_entry)));
    Ok(tx.execute(&update).await?.rows_affected() == 1)
}

/// What a batch writes: the last state of each row, in the order of keys.
#[derive(Default)]
struct Batch<'a> {
    areas: BTreeMap<AreaId, &'a str>,
    parties: BTreeMap<PartyKey, &'a Party>,
    keys: BTreeMap<KeyId, &'a OfficerKey>,
    programmes: BTreeMap<(ProgrammeId, u64), &'a Programme>,
    appropriations: BTreeMap<(ProgrammeId, &'a str), &'a Appropriation>,
    allocations: BTreeMap<AllocationId, &'a Allocation>,
    tokens: BTreeMap<TokenId, &'a Token>,
    hops: BTreeMap<(HopId, u64), (&'a Hop, Option<u64>)>,
    rows: BTreeMap<[u8; 16], Option<u64>>,
    totals: BTreeMap<Currency, i64>,
    operations: BTreeMap<u64, (&'a Recorded, &'a [u8; 32])>,
    tiles: BTreeMap<(u8, u64), &'a [u8]>,
}

impl<'a> Batch<'a> {
    fn of(blocks: &'a [ProjectedBlock]) -> Self {
        let mut batch = Self::default();
        for block in blocks {
            for (change, leaf) in block.changes.iter().zip(&block.leaves) {
                for fact in &change.facts {
                    batch.take(fact, leaf);
                }
            }
            batch.tiles.extend(block.tiles.iter().map(|(level, number, bytes)| ((*level, *number), bytes.as_slice())));
        }
        batch
    }

    fn take(&mut self, fact: &'a Fact, leaf: &'a [u8; 32]) {
        match fact {
            Fact::AreaNamed(id, path) => {
                self.areas.insert(*id, path);
            }
            Fact::PartyRegistered(party) => {
                self.parties.insert(party.key, party);
            }
            Fact::KeySet(key) => {
                self.keys.insert(key.key, key);
            }
            Fact::ProgrammeSet(programme) => {
                self.programmes.insert((programme.id, programme.version), programme);
            }
            Fact::AppropriationSet(set) => {
                self.appropriations.insert((set.programme, &set.cycle.label), set);
            }
            Fact::AllocationSet(allocation) => {
                self.allocations.insert(allocation.id, allocation);
            }
            Fact::TokenMade(token) | Fact::TokenSpent(token) => {
                self.tokens.insert(token.id, token);
            }
            Fact::HopSet(hop, before) => {
                if let Some(before) = before {
                    self.hops.insert((before.id, before.version), (before, Some(hop.version)));
                }
                self.hops.insert((hop.id, hop.version), (hop, None));
            }
            Fact::RowSet(key, entry) => {
                self.rows.insert(*key, *entry);
            }
            Fact::TotalSet(currency, total) => {
                self.totals.insert(*currency, *total);
            }
            Fact::Recorded(recorded) => {
                self.operations.insert(recorded.entry, (recorded, leaf));
            }
        }
    }

    async fn write_money(&self, tx: &DatabaseTransaction) -> Result<(), DbErr> {
        let rows = self.tokens.values().copied().map(token::Model::of);
        write::<token::ActiveModel>(tx, rows, Some(replacing(&[token::Column::Id], &[token::Column::SpentBy]))).await?;
        let rows = self.hops.values().map(|(hop, ended)| hop::Model::of(hop, *ended));
        let conflict = replacing(&[hop::Column::Id, hop::Column::Version], &[hop::Column::Ended]);
        write::<hop::ActiveModel>(tx, rows, Some(conflict)).await?;
        let rows = self.allocations.values().copied().map(allocation::Model::of);
        let changed = [allocation::Column::Amount, allocation::Column::ReversedBy];
        write::<allocation::ActiveModel>(tx, rows, Some(replacing(&[allocation::Column::Id], &changed))).await?;
        let rows = self.rows.iter().map(|(key, entry)| imported_row::Model::of(key, *entry));
        let conflict = replacing(&[imported_row::Column::Key], &[imported_row::Column::Entry]);
        write::<imported_row::ActiveModel>(tx, rows, Some(conflict)).await?;
        let rows = self.totals.iter().map(|(currency, total)| total::Model::of(*currency, *total));
        write::<total::ActiveModel>(tx, rows, Some(replacing(&[total::Column::Currency], &[total::Column::Total])))
            .await
    }

    async fn write_registry(&self, tx: &DatabaseTransaction) -> Result<(), DbErr> {
        let rows = self.areas.iter().map(|(id, path)| area::Model::of(*id, path));
        write::<area::ActiveModel>(tx, rows, None).await?;
        write::<party::ActiveModel>(tx, self.parties.values().copied().map(party::Model::of), None).await?;
        let rows = self.keys.values().copied().map(officer_key::Model::of);
        let conflict = replacing(&[officer_key::Column::Key], &[officer_key::Column::RevokedBy]);
        write::<officer_key::ActiveModel>(tx, rows, Some(conflict)).await?;
        write::<programme::ActiveModel>(tx, self.programmes.values().copied().map(programme::Model::of), None).await?;
        let rows = self.appropriations.values().copied().map(appropriation::Model::of);
        let key = [appropriation::Column::Programme, appropriation::Column::Cycle];
        let changed = [appropriation::Column::Appropriated, appropriation::Column::Allocated];
        write::<appropriation::ActiveModel>(tx, rows, Some(replacing(&key, &changed))).await
    }

    async fn write_log(&self, tx: &DatabaseTransaction, blocks: &[ProjectedBlock]) -> Result<(), DbErr> {
        write::<block::ActiveModel>(tx, blocks.iter().map(block::Model::of), None).await?;
        let rows = self.operations.values().map(|(recorded, leaf)| operation::Model::of(recorded, leaf));
        write::<operation::ActiveModel>(tx, rows, None).await?;
        let rows = self.tiles.iter().map(|((level, number), bytes)| tile::Model::of(*level, *number, bytes));
        let conflict = replacing(&[tile::Column::Level, tile::Column::Number], &[tile::Column::Bytes]);
        write::<tile::ActiveModel>(tx, rows, Some(conflict)).await
    }
}

/// A row that is there keeps all but `changed`.
fn replacing<C: IntoIden + Copy>(key: &[C], changed: &[C]) -> OnConflict {
    OnConflict::columns(key.iter().copied()).update_columns(changed.iter().copied()).to_owned()
}

type ModelOf<A> = <<A as ActiveModelTrait>::Entity as EntityTrait>::Model;

/// Inserts rows in as few statements as the variables allow.
async fn write<A>(
    tx: &DatabaseTransaction,
    rows: impl ExactSizeIterator<Item = ModelOf<A>>,
    conflict: Option<OnConflict>,
) -> Result<(), DbErr>
where
    A: ActiveModelTrait,
    ModelOf<A>: IntoActiveModel<A>,
{
    let columns = <A::Entity as EntityTrait>::Column::iter().count();
    let full = VARIABLES_MAX / columns;
    let mut rows = rows;
    while rows.len() > 0 {
        let size = std::iter::once(full).chain(REST_ROWS).find(|size| *size <= rows.len()).unwrap_or(1);
        let mut insert =
            A::Entity::insert_many::<A, _>(rows.by_ref().take(size).map(IntoActiveModel::into_active_model));
        if let Some(conflict) = &conflict {
            insert = insert.on_conflict(conflict.clone());
        }
        insert.exec_without_returning(tx).await?;
    }
    Ok(())
}
