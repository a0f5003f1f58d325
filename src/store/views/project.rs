//! Writing committed blocks into the views: one transaction for a batch, in bulk.

use std::collections::BTreeMap;
use std::sync::Arc;

use sea_orm::{ColumnTrait, DbErr};

use crate::ledger::admit::Change;
use crate::ledger::case::Case;
use crate::ledger::fact::Fact;
use crate::ledger::hop::Hop;
use crate::ledger::ids::{AllocationId, AreaId, HopId, KeyId, PartyKey, ProgrammeId, TokenId};
use crate::ledger::money::Currency;
use crate::ledger::note::Note;
use crate::ledger::registry::{Allocation, Appropriation, OfficerKey, Party, Programme, Recorded};
use crate::ledger::time::Millis;
use crate::ledger::token::Token;

use crate::store::faults::Point;

use super::Views;
use super::entity::{
    allocation, applied, appropriation, area, block, case_version, hop, imported_row, note, officer_key, operation,
    party, programme, tile, token, total,
};
use super::error::ViewsError;
use super::fields::index;
use crate::store::dialect::Writing;

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
        let cells = self.draft_cells(blocks).await?;
        let batch = Batch::of(blocks);
        let failed = |source| ViewsError::Project { first: first.height, last: last.height, source };
        let asked = |point| self.faults.check(point).map_err(|fault| failed(DbErr::Custom(fault.to_string())));
        asked(Point::BeforeProject)?;
        let mut tx = Writing::begin(&self.writer).await.map_err(failed)?;
        if !advance(&mut tx, first, last).await.map_err(failed)? {
            return Err(ViewsError::NotNext { given: first.height, first_entry: first.first_entry });
        }
        batch.write_money(&mut tx, first.first_entry).await.map_err(failed)?;
        asked(Point::ViewsHalfway)?;
        batch.write_registry(&mut tx).await.map_err(failed)?;
        batch.write_log(&mut tx, blocks).await.map_err(failed)?;
        cells.write(&mut tx).await.map_err(failed)?;
        tx.commit().await.map_err(failed)?;
        self.take_cells(cells);
        Ok(())
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
async fn advance(tx: &mut Writing, first: &ProjectedBlock, last: &ProjectedBlock) -> Result<bool, DbErr> {
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
    Ok(tx.update(&update).await? == 1)
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
    notes: Vec<&'a Note>,
    cases: Vec<&'a Case>,
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
            Fact::Noted(note) => self.notes.push(note),
            Fact::CaseSet(case) => self.cases.push(case),
            Fact::Recorded(recorded) => {
                self.operations.insert(recorded.entry, (recorded, leaf));
            }
        }
    }

    /// Writes what changed of the money. What is of entries from `first_entry` on is new, and
    /// that is nearly all.
    async fn write_money(&self, tx: &mut Writing, first_entry: u64) -> Result<(), DbErr> {
        let tokens = self.tokens.values().copied();
        let (made, spent): (Vec<&Token>, Vec<&Token>) = tokens.partition(|token| token.id.0.entry() >= first_entry);
        tx.insert::<token::Entity>(made.into_iter().map(token::Model::of).collect()).await?;
        let spent = spent.into_iter().map(token::Model::of).collect();
        tx.upsert::<token::Entity>(spent, vec![token::Column::Id], vec![token::Column::SpentBy]).await?;

        let of = |(hop, ended): (&Hop, Option<u64>)| hop::Model::of(hop, ended);
        let hops = self.hops.values().copied();
        let (made, ended): (Vec<_>, Vec<_>) = hops.partition(|(hop, _)| hop.version >= first_entry);
        tx.insert::<hop::Entity>(made.into_iter().map(of).collect()).await?;
        let (ended, key) = (ended.into_iter().map(of).collect(), vec![hop::Column::Id, hop::Column::Version]);
        tx.upsert::<hop::Entity>(ended, key, vec![hop::Column::Ended]).await?;

        let rows = self.allocations.values().copied().map(allocation::Model::of).collect();
        let changed = vec![allocation::Column::Amount, allocation::Column::ReversedBy];
        tx.upsert::<allocation::Entity>(rows, vec![allocation::Column::Id], changed).await?;
        let rows = self.rows.iter().map(|(key, entry)| imported_row::Model::of(key, *entry)).collect();
        let changed = vec![imported_row::Column::Entry];
        tx.upsert::<imported_row::Entity>(rows, vec![imported_row::Column::Key], changed).await?;
        let rows = self.totals.iter().map(|(currency, total)| total::Model::of(*currency, *total)).collect();
        tx.upsert::<total::Entity>(rows, vec![total::Column::Currency], vec![total::Column::Total]).await
    }

    async fn write_registry(&self, tx: &mut Writing) -> Result<(), DbErr> {
        let rows = self.areas.iter().map(|(id, path)| area::Model::of(*id, path)).collect();
        tx.insert::<area::Entity>(rows).await?;
        tx.insert::<party::Entity>(self.parties.values().copied().map(party::Model::of).collect()).await?;
        let rows = self.keys.values().copied().map(officer_key::Model::of).collect();
        let changed = vec![officer_key::Column::RevokedBy];
        tx.upsert::<officer_key::Entity>(rows, vec![officer_key::Column::Key], changed).await?;
        let rows = self.programmes.values().copied().map(programme::Model::of).collect();
        tx.insert::<programme::Entity>(rows).await?;
        let rows = self.appropriations.values().copied().map(appropriation::Model::of).collect();
        let key = vec![appropriation::Column::Programme, appropriation::Column::Cycle];
        let changed = vec![appropriation::Column::Appropriated, appropriation::Column::Allocated];
        tx.upsert::<appropriation::Entity>(rows, key, changed).await?;
        tx.insert::<note::Entity>(self.notes.iter().copied().map(note::Model::of).collect()).await?;
        tx.insert::<case_version::Entity>(self.cases.iter().copied().map(case_version::Model::of).collect()).await
    }

    async fn write_log(&self, tx: &mut Writing, blocks: &[ProjectedBlock]) -> Result<(), DbErr> {
        tx.insert::<block::Entity>(blocks.iter().map(block::Model::of).collect()).await?;
        let rows = self.operations.values().map(|(recorded, leaf)| operation::Model::of(recorded, leaf)).collect();
        tx.insert::<operation::Entity>(rows).await?;
        let rows = self.tiles.iter().map(|((level, number), bytes)| tile::Model::of(*level, *number, bytes)).collect();
        let key = vec![tile::Column::Level, tile::Column::Number];
        tx.upsert::<tile::Entity>(rows, key, vec![tile::Column::Bytes]).await
    }
}
