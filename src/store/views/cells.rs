//! The cells: the current ones in memory, one row for each that a block touches for the past.
//!
//! Memory is a cache that stands at one height. What memory no longer has is read from the rows,
//! so that an answer for a height is the same wherever it comes from. A cell is kept as the bytes of
//! its row, some tens of them, of which sums are made without anything in between.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLockReadGuard};

use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::ledger::cell::{Cell, CellKey, Fund, FundId, Sheet};
use crate::ledger::ids::AllocationId;
use crate::ledger::time::Millis;
use crate::limits::{CELLS_REMEMBERED_MAX, FUNDS_REMEMBERED_MAX, PAST_CELLS_KEPT_MAX};

use super::Views;
use super::areas::Areas;
use super::draft::Draft;
use super::entity::{area, cell, cell_row, fund};
use super::error::ViewsError;
use super::fields::{index, number as small};

/// Cells that are read at once: a few megabytes.
const PAGE_CELLS: u64 = 20_000;

/// The bytes of a cell.
pub(super) type Bytes = Box<[u8]>;

/// What was in the cells of a sheet after the block of a height, by id; those that came later are
/// left out.
pub(super) type PastCells = (u64, Sheet, Arc<Vec<(u32, Bytes)>>);

/// Every cell, as it stands after one block.
#[derive(Debug, Default)]
pub struct Cells {
    /// The block; none before the first.
    height: Option<u64>,
    areas: Areas,
    funds: Vec<Fund>,
    fund_ids: BTreeMap<Fund, FundId>,
    /// The fund of allocations that blocks touched lately.
    fund_of: BTreeMap<AllocationId, FundId>,
    keys: Vec<CellKey>,
    cell_ids: BTreeMap<CellKey, u32>,
    /// The cells of each sheet, in order.
    of_sheet: BTreeMap<Sheet, Vec<u32>>,
    cells: Vec<Bytes>,
    /// What the newest batches replaced, the newest last: for readers of a moment just past.
    replaced: VecDeque<Replaced>,
}

/// What a batch of blocks replaced.
#[derive(Debug)]
struct Replaced {
    /// The block before it.
    height: Option<u64>,
    /// How many cells there were.
    count: usize,
    cells: BTreeMap<u32, Bytes>,
}

impl Cells {
    pub(super) fn height(&self) -> Option<u64> {
        self.height
    }

    pub(super) fn areas(&self) -> &Areas {
        &self.areas
    }

    /// How many funds and cells there are.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.funds.len(), self.keys.len())
    }

    /// The funds, in order of their ids.
    pub(super) fn funds(&self) -> &[Fund] {
        &self.funds
    }

    /// A fund that there is.
    pub(super) fn fund(&self, id: FundId) -> &Fund {
        &self.funds[place(id.0)]
    }

    pub(super) fn fund_id(&self, fund: &Fund) -> Option<FundId> {
        self.fund_ids.get(fund).copied()
    }

    /// The fund of an allocation, if memory knows it.
    pub(super) fn fund_of(&self, allocation: AllocationId) -> Option<FundId> {
        self.fund_of.get(&allocation).copied()
    }

    pub(super) fn cell_id(&self, key: &CellKey) -> Option<u32> {
        self.cell_ids.get(key).copied()
    }

    /// The key of a cell that there is.
    pub(super) fn key(&self, id: u32) -> &CellKey {
        &self.keys[place(id)]
    }

    /// What is in a cell, if there is one of this id.
    pub(super) fn bytes(&self, id: u32) -> Option<&[u8]> {
        self.cells.get(place(id)).map(AsRef::as_ref)
    }

    /// Every cell with its key, in order.
    pub(super) fn each(&self) -> impl Iterator<Item = (&CellKey, &[u8])> {
        self.keys.iter().zip(self.cells.iter().map(AsRef::as_ref))
    }

    /// The cells of a sheet as they stood at a height, if memory still tells.
    fn at(&self, height: u64, sheet: Sheet) -> Option<Vec<(&CellKey, &[u8])>> {
        let (mut at, mut count) = (self.height, self.cells.len());
        let mut earlier: BTreeMap<u32, &[u8]> = BTreeMap::new();
        for batch in self.replaced.iter().rev() {
            if at == Some(height) {
                break;
            }
            (at, count) = (batch.height, batch.count);
            earlier.extend(batch.cells.iter().map(|(id, bytes)| (*id, bytes.as_ref())));
        }
        let ids = self.of_sheet.get(&sheet).map_or(&[][..], Vec::as_slice);
        let of = |id: &u32| (self.key(*id), earlier.get(id).copied().unwrap_or(&self.cells[place(*id)]));
        (at == Some(height)).then(|| ids.iter().take_while(|id| place(**id) < count).map(of).collect())
    }

    /// Takes what a batch made, once it is written.
    fn take(&mut self, draft: Draft) {
        if self.height != draft.before {
            // The rows were loaded anew meanwhile, and hold it.
            return;
        }
        let mut replaced = Replaced { height: self.height, count: self.cells.len(), cells: BTreeMap::new() };
        self.height = draft.height;
        self.areas.extend(draft.areas);
        self.funds.extend(draft.funds);
        self.fund_ids.extend(draft.fund_ids);
        if self.fund_of.len() > FUNDS_REMEMBERED_MAX {
            self.fund_of.clear();
        }
        self.fund_of.extend(draft.fund_of);
        for key in draft.keys {
            self.push_key(key);
        }
        for row in draft.rows {
            // The draft numbered them.
            let at = usize::try_from(row.cell).expect("ids of cells are small");
            let bytes = row.sums.into_boxed_slice();
            match self.cells.get_mut(at) {
                Some(current) => {
                    let before = std::mem::replace(current, bytes);
                    if at < replaced.count {
                        // The first that a batch replaces is what stood before it.
                        replaced.cells.entry(number(at)).or_insert(before);
                    }
                }
                None => self.cells.push(bytes),
            }
        }
        self.replaced.push_back(replaced);
        let mut remembered: usize = self.replaced.iter().map(|batch| batch.cells.len() + 1).sum();
        while remembered > CELLS_REMEMBERED_MAX
            && let Some(oldest) = self.replaced.pop_front()
        {
            remembered -= oldest.cells.len() + 1;
        }
    }

    fn push_key(&mut self, key: CellKey) {
        let id = number(self.keys.len());
        self.keys.push(key);
        self.cell_ids.insert(key, id);
        self.of_sheet.entry(key.sheet).or_default().push(id);
    }
}

impl Views {
    pub(super) fn cells(&self) -> RwLockReadGuard<'_, Cells> {
        self.cells.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the cells of a sheet as they stood after a block.
    pub(super) async fn of_height<T>(
        &self,
        height: u64,
        sheet: Sheet,
        read: impl Fn(&Cells, Vec<(&CellKey, &[u8])>) -> Result<T, ViewsError>,
    ) -> Result<T, ViewsError> {
        {
            let cells = self.cells();
            if let Some(found) = cells.at(height, sheet) {
                return read(&cells, found);
            }
        }
        let past = self.past_cells(height, sheet).await?;
        let cells = self.cells();
        read(&cells, past.iter().map(|(id, bytes)| (cells.key(*id), bytes.as_ref())).collect())
    }

    /// What was in the cells of a sheet after an earlier block: kept for a while, and read by one at
    /// a time, so that many questions about the past leave the readers to others.
    async fn past_cells(&self, height: u64, sheet: Sheet) -> Result<Arc<Vec<(u32, Bytes)>>, ViewsError> {
        let mut kept = self.past.lock().await;
        if let Some(at) = kept.iter().position(|(of, on, _)| (*of, *on) == (height, sheet)) {
            // The last one that was asked for is the last to go.
            let found = kept.remove(at).expect("it was found there");
            kept.push_back(found.clone());
            return Ok(found.2);
        }
        if self.cells().height.is_none_or(|stands| stands < height) {
            self.load_cells().await?;
        }
        let mut past: Vec<(u32, Bytes)> = Vec::new();
        let mut after = None;
        loop {
            let page = self.latest(height, Some(sheet), after).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            past.extend(page.into_iter().filter_map(|(id, bytes)| Some((id, bytes?))));
        }
        let past = Arc::new(past);
        let known = self.cells().keys.len();
        if past.last().is_some_and(|(id, _)| place(*id) >= known) {
            return Err(ViewsError::Corrupt { table: "cells", column: "id" });
        }
        kept.push_back((height, sheet, past.clone()));
        let mut cells: usize = kept.iter().map(|(_, _, past)| past.len()).sum();
        while cells > PAST_CELLS_KEPT_MAX && kept.len() > 1 {
            cells -= kept.pop_front().map_or(0, |(_, _, oldest)| oldest.len());
        }
        Ok(past)
    }

    /// Brings the cells in memory to what the rows hold.
    pub async fn load_cells(&self) -> Result<(), ViewsError> {
        let height = self.applied().await?.height;
        let read = self.read_cells(height).await?;
        let mut cells = self.cells.write().unwrap_or_else(PoisonError::into_inner);
        // A batch may have been written meanwhile.
        if cells.height < read.height {
            *cells = read;
        }
        Ok(())
    }

    /// Money in transit by the time it falls due, of the cells in memory.
    pub fn due_amounts(&self) -> BTreeMap<Millis, i128> {
        let cells = self.cells();
        let mut amounts = BTreeMap::new();
        // Every sheet holds all money.
        let ids = cells.of_sheet.get(&Sheet::telling(false, 0)).into_iter().flatten();
        for cell in ids.filter_map(|id| Cell::from_bytes(&cells.cells[place(*id)])) {
            for (due, amount) in cell.due_amounts() {
                *amounts.entry(due).or_default() += amount;
            }
        }
        amounts
    }

    /// Takes what a batch made of the cells, once it is written.
    pub(super) fn take_cells(&self, draft: Draft) {
        self.cells.write().unwrap_or_else(PoisonError::into_inner).take(draft);
    }

    /// The cells as they stood after a block, from their rows.
    async fn read_cells(&self, height: Option<u64>) -> Result<Cells, ViewsError> {
        let Some(height) = height else { return Ok(Cells::default()) };
        let mut cells = Cells { height: Some(height), ..Cells::default() };
        let areas = area::Entity::find().order_by_asc(area::Column::Id).all(&self.readers).await;
        for row in areas.map_err(ViewsError::read("areas"))? {
            let (id, path) = row.read()?;
            cells.areas.name(None, id, &path);
        }
        let funds = fund::Entity::find().order_by_asc(fund::Column::Id).all(&self.readers).await;
        for row in funds.map_err(ViewsError::read("funds"))? {
            let (id, fund) = row.read()?;
            in_order("funds", id.0, cells.funds.len())?;
            cells.fund_ids.insert(fund.clone(), id);
            cells.funds.push(fund);
        }
        // A row says for ever what it says, so that what is written meanwhile changes nothing here.
        let sums = tokio::spawn(Self::read_sums(self.clone(), height));
        let keys = self.read_keys().await?;
        let sums = sums.await.map_err(|why| ViewsError::read("cells")(DbErr::Custom(why.to_string())))??;
        if sums.len() > keys.len() {
            return Err(ViewsError::Corrupt { table: "cells", column: "id" });
        }
        for (key, bytes) in keys.into_iter().zip(sums) {
            if place(key.fund.0) >= cells.funds.len() {
                return Err(ViewsError::Corrupt { table: "cells", column: "fund" });
            }
            cells.push_key(key);
            cells.cells.push(bytes);
        }
        Ok(cells)
    }

    async fn read_keys(&self) -> Result<Vec<CellKey>, ViewsError> {
        let mut keys = Vec::new();
        loop {
            let next = cell::Column::Id.gte(i64::from(number(keys.len())));
            let page = cell::Entity::find().filter(next).order_by_asc(cell::Column::Id).limit(PAGE_CELLS);
            let page = page.all(&self.readers).await.map_err(ViewsError::read("keys of cells"))?;
            if page.is_empty() {
                return Ok(keys);
            }
            for row in page {
                let (id, key) = row.read()?;
                in_order("cells", id, keys.len())?;
                keys.push(key);
            }
        }
    }

    /// What was in every cell after a block, in order, up to the last that there was.
    async fn read_sums(self, height: u64) -> Result<Vec<Bytes>, ViewsError> {
        let (mut cells, mut after, mut ended) = (Vec::new(), None, false);
        loop {
            let page = self.latest(height, None, after).await?;
            let Some((last, _)) = page.last() else { return Ok(cells) };
            after = Some(*last);
            for (id, bytes) in page {
                // Cells that came later are behind all others.
                let Some(bytes) = bytes else {
                    ended = true;
                    continue;
                };
                cell_row::read_sums(&bytes)?;
                in_order("cell_rows", id, if ended { usize::MAX } else { cells.len() })?;
                cells.push(bytes);
            }
        }
    }

    /// A page of the cells of one sheet or of all, in order: the id of each, and its bytes after a
    /// block, by one look into the key of the rows.
    async fn latest(
        &self,
        height: u64,
        sheet: Option<Sheet>,
        after: Option<u32>,
    ) -> Result<Vec<(u32, Option<Bytes>)>, ViewsError> {
        let failed = || ViewsError::read("cells");
        let page = self.readers.query_all(&latest(height, sheet, after)).await.map_err(failed())?;
        let read = |row: &sea_orm::QueryResult| {
            let id: i64 = row.try_get_by_index(0).map_err(failed())?;
            let id = u32::try_from(id).map_err(|_| ViewsError::Corrupt { table: "cells", column: "id" })?;
            let sums: Option<Vec<u8>> = row.try_get_by_index(1).map_err(failed())?;
            Ok((id, sums.map(Vec::into_boxed_slice)))
        };
        page.iter().map(read).collect()
    }
}

fn latest(height: u64, sheet: Option<Sheet>, after: Option<u32>) -> SelectStatement {
    let sums = Query::select()
        .column(cell_row::Column::Sums)
        .from(cell_row::Entity)
        .and_where(Expr::col((cell_row::Entity, cell_row::Column::Cell)).equals((cell::Entity, cell::Column::Id)))
        .and_where(Expr::col((cell_row::Entity, cell_row::Column::Height)).lte(index(height)))
        .order_by((cell_row::Entity, cell_row::Column::Height), Order::Desc)
        .limit(1)
        .take();
    let on = |sheet: Sheet| Expr::col((cell::Entity, cell::Column::Sheet)).eq(small(sheet.number()));
    let beyond = |after: u32| Expr::col((cell::Entity, cell::Column::Id)).gt(i64::from(after));
    Query::select()
        .column((cell::Entity, cell::Column::Id))
        .expr_as(Expr::SubQuery(None, Box::new(sums.into())), "sums")
        .from(cell::Entity)
        .and_where_option(sheet.map(on))
        .and_where_option(after.map(beyond))
        .order_by((cell::Entity, cell::Column::Id), Order::Asc)
        .limit(PAGE_CELLS)
        .take()
}

fn in_order(table: &'static str, id: u32, expected: usize) -> Result<(), ViewsError> {
    if place(id) == expected { Ok(()) } else { Err(ViewsError::Corrupt { table, column: "id" }) }
}

/// The place of a number in a list.
pub(super) fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The number of a place in a list.
pub(super) fn number(place: usize) -> u32 {
    u32::try_from(place).expect("cells and funds are far fewer than 2^32")
}
