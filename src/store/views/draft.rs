//! What a batch of blocks makes of the cells, before it is written.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::DbErr;

use crate::ledger::cell::{Cell, CellKey, Count, Fund, FundId, Sheet};
use crate::ledger::fact::Fact;
use crate::ledger::hop::Hop;
use crate::ledger::ids::AllocationId;

use super::Views;
use super::areas::Areas;
use super::cells::{Cells, number, place};
use super::entity::{cell, cell_row, fund};
use super::error::ViewsError;
use super::project::ProjectedBlock;
use crate::store::dialect::Writing;

/// What a batch of blocks makes of the cells.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// The block before the batch.
    pub(super) before: Option<u64>,
    pub(super) height: Option<u64>,
    /// How many funds and cells there were before.
    first: (usize, usize),
    pub(super) areas: Areas,
    pub(super) funds: Vec<Fund>,
    pub(super) fund_ids: BTreeMap<Fund, FundId>,
    pub(super) fund_of: BTreeMap<AllocationId, FundId>,
    pub(super) keys: Vec<CellKey>,
    pub(super) cell_ids: BTreeMap<CellKey, u32>,
    /// What is in each touched cell after each block, in order of blocks and ids.
    pub(super) rows: Vec<cell_row::Model>,
}

impl Draft {
    /// Writes the rows of a batch.
    pub(super) async fn write(&self, tx: &mut Writing) -> Result<(), DbErr> {
        let (funds, keys) = self.first;
        let rows = (funds..).zip(&self.funds).map(|(id, row)| fund::Model::of(FundId(number(id)), row)).collect();
        tx.insert::<fund::Entity>(rows).await?;
        let rows = (keys..).zip(&self.keys).map(|(id, key)| cell::Model::of(number(id), key)).collect();
        tx.insert::<cell::Entity>(rows).await?;
        tx.insert::<cell_row::Entity>(self.rows.clone()).await
    }
}

impl Views {
    /// What a batch makes of the cells.
    pub(super) async fn draft_cells(&self, blocks: &[ProjectedBlock]) -> Result<Draft, ViewsError> {
        let Some(first) = blocks.first() else { return Ok(Draft::default()) };
        let stand_before = || self.cells().height() == first.height.checked_sub(1);
        if !stand_before() {
            self.load_cells().await?;
        }
        if !stand_before() {
            return Err(ViewsError::NotNext { given: first.height, first_entry: first.first_entry });
        }
        let unknown = unknown_funds(&self.cells(), blocks);
        let found = self.allocations(&unknown).await?;
        let funds = found.iter().map(|allocation| (allocation.id, Fund::of(allocation))).collect();
        draft(&self.cells(), blocks, funds)
    }
}

/// The allocations of a batch whose fund is neither in it nor in memory.
fn unknown_funds(cells: &Cells, blocks: &[ProjectedBlock]) -> Vec<AllocationId> {
    let facts = blocks.iter().flat_map(|block| &block.changes).flat_map(|change| &change.facts);
    let of = |fact: &Fact| match fact {
        Fact::TokenMade(token) | Fact::TokenSpent(token) => Some(token.allocation),
        Fact::HopSet(hop, _) => Some(hop.allocation),
        _ => None,
    };
    let unknown: BTreeSet<AllocationId> = facts.filter_map(of).filter(|id| cells.fund_of(*id).is_none()).collect();
    unknown.into_iter().collect()
}

/// What a batch makes of the cells; `funds` are those of allocations that memory lacks.
fn draft(cells: &Cells, blocks: &[ProjectedBlock], funds: BTreeMap<AllocationId, Fund>) -> Result<Draft, ViewsError> {
    let draft = Draft { before: cells.height(), first: cells.counts(), ..Draft::default() };
    let mut drafting = Drafting { cells, draft, current: BTreeMap::new() };
    for (id, fund) in funds {
        drafting.set_fund(id, fund);
    }
    for block in blocks {
        let mut changes = BTreeMap::new();
        for fact in block.changes.iter().flat_map(|change| &change.facts) {
            drafting.take(fact, &mut changes).ok_or(ViewsError::BadBlock {
                height: block.height,
                reason: "it moves money of an allocation that is not known",
            })?;
        }
        drafting.spread(changes, block.height)?;
        drafting.draft.height = Some(block.height);
    }
    Ok(drafting.draft)
}

/// A draft in the making, over the cells that it changes.
struct Drafting<'a> {
    cells: &'a Cells,
    draft: Draft,
    /// The cells that the batch touched, as they stand so far.
    current: BTreeMap<u32, Cell>,
}

impl Drafting<'_> {
    /// Counts a fact in what a block changes; none when an allocation is not known.
    fn take(&mut self, fact: &Fact, changes: &mut BTreeMap<u32, Cell>) -> Option<()> {
        let mut change = |drafting: &mut Self, key, add: &dyn Fn(&mut Cell)| {
            add(changes.entry(drafting.cell_id(key)).or_default());
        };
        match fact {
            Fact::AreaNamed(id, path) => self.draft.areas.name(Some(self.cells.areas()), *id, path),
            Fact::AllocationSet(allocation) => self.set_fund(allocation.id, Fund::of(allocation)),
            Fact::TokenMade(token) => {
                let key = CellKey::of_token(self.fund_of(token.allocation)?, token);
                change(self, key, &|cell| cell.count_token(token, Count::In));
            }
            Fact::TokenSpent(token) => {
                let key = CellKey::of_token(self.fund_of(token.allocation)?, token);
                change(self, key, &|cell| cell.count_token(token, Count::Out));
            }
            Fact::HopSet(hop, before) => {
                let fund = self.fund_of(hop.allocation)?;
                let of = |hop: &Hop| CellKey::of_hop(fund, hop);
                if let Some(before) = before {
                    change(self, of(before), &|cell| cell.count_hop(before, Count::Out));
                }
                change(self, of(hop), &|cell| cell.count_hop(hop, Count::In));
            }
            _ => {}
        }
        Some(())
    }

    /// Adds what a block changed to its cells on every sheet, and notes their rows.
    fn spread(&mut self, changes: BTreeMap<u32, Cell>, height: u64) -> Result<(), ViewsError> {
        let mut coarser: BTreeMap<u32, Cell> = BTreeMap::new();
        for (id, change) in &changes {
            let key = self.key(*id);
            for sheet in Sheet::coarser() {
                let area = self.draft.areas.on(sheet, key.area).or_else(|| self.cells.areas().on(sheet, key.area));
                let id = self.cell_id(key.on(sheet, area.unwrap_or(key.area)));
                coarser.entry(id).or_default().merge(change);
            }
        }
        // Those of a sheet and those of another have ids of their own.
        for (id, change) in changes.into_iter().chain(coarser).collect::<BTreeMap<u32, Cell>>() {
            let cell = match self.current.entry(id) {
                std::collections::btree_map::Entry::Occupied(found) => found.into_mut(),
                std::collections::btree_map::Entry::Vacant(place) => {
                    let stands = self.cells.bytes(id).map(cell_row::read_sums).transpose()?;
                    place.insert(stands.unwrap_or_default())
                }
            };
            cell.merge(&change);
            self.draft.rows.push(cell_row::Model::of(id, height, cell.to_bytes()));
        }
        Ok(())
    }

    fn set_fund(&mut self, allocation: AllocationId, fund: Fund) {
        let id = match self.cells.fund_id(&fund).or_else(|| self.draft.fund_ids.get(&fund).copied()) {
            Some(id) => id,
            None => {
                let id = FundId(number(self.draft.first.0 + self.draft.funds.len()));
                self.draft.funds.push(fund.clone());
                self.draft.fund_ids.insert(fund, id);
                id
            }
        };
        self.draft.fund_of.insert(allocation, id);
    }

    fn fund_of(&self, allocation: AllocationId) -> Option<FundId> {
        self.draft.fund_of.get(&allocation).copied().or_else(|| self.cells.fund_of(allocation))
    }

    fn cell_id(&mut self, key: CellKey) -> u32 {
        match self.cells.cell_id(&key).or_else(|| self.draft.cell_ids.get(&key).copied()) {
            Some(id) => id,
            None => {
                let id = number(self.draft.first.1 + self.draft.keys.len());
                self.draft.keys.push(key);
                self.draft.cell_ids.insert(key, id);
                id
            }
        }
    }

    fn key(&self, id: u32) -> CellKey {
        let first = self.draft.first.1;
        match place(id).checked_sub(first) {
            Some(new) => self.draft.keys[new],
            None => *self.cells.key(id),
        }
    }
}
