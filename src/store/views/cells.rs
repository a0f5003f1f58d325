//! The cells: the current ones in memory, one row for each that a block touches for the past.
//!
//! Memory is a cache that stands at one height. What memory no longer has is read from the rows,
//! so that an answer for a height is the same wherever it comes from.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, PoisonError, RwLockReadGuard};

use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryOrder, QueryResult};

use crate::ledger::cell::{Cell, CellKey, Count, Fund, FundId, Sums};
use crate::ledger::fact::Fact;
use crate::ledger::hop::Hop;
use crate::ledger::ids::{AllocationId, AreaId, PartyKey, ProgrammeId};
use crate::ledger::money::Currency;
use crate::ledger::selection::{GroupBy, GroupKey, MoneyFilter};
use crate::ledger::statement::HopSums;
use crate::ledger::time::Millis;
use crate::ledger::token::HopKind;
use crate::limits::{CELLS_REMEMBERED_MAX, FUNDS_REMEMBERED_MAX, PAST_CELLS_KEPT_MAX};

use super::Views;
use super::dialect::{self, Writing};
use super::entity::{area, cell, cell_row, fund};
use super::error::ViewsError;
use super::fields::index;
use super::project::ProjectedBlock;

/// Every cell, as it stands after one block.
#[derive(Debug, Default)]
pub struct Cells {
    /// The block; none before the first.
    height: Option<u64>,
    areas: BTreeMap<AreaId, String>,
    funds: Vec<Fund>,
    fund_ids: BTreeMap<Fund, FundId>,
    /// The fund of allocations that blocks touched lately.
    fund_of: BTreeMap<AllocationId, FundId>,
    keys: Vec<CellKey>,
    cell_ids: BTreeMap<CellKey, u32>,
    cells: Vec<Cell>,
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
    cells: BTreeMap<u32, Cell>,
}

/// What a batch of blocks makes of the cells.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// The block before the batch.
    before: Option<u64>,
    height: Option<u64>,
    /// How many funds and cells there were before.
    first: (usize, usize),
    areas: BTreeMap<AreaId, String>,
    funds: Vec<Fund>,
    fund_ids: BTreeMap<Fund, FundId>,
    fund_of: BTreeMap<AllocationId, FundId>,
    keys: Vec<CellKey>,
    cell_ids: BTreeMap<CellKey, u32>,
    cells: BTreeMap<u32, Cell>,
    rows: Vec<cell_row::Model>,
}

impl Cells {
    /// Every cell with its fund, in order.
    pub(super) fn each(&self) -> impl Iterator<Item = (&Fund, &Cell)> {
        self.keys.iter().map(|key| &self.funds[place(key.fund.0)]).zip(&self.cells)
    }

    /// The cells as they stood at a height, if memory still tells.
    fn at(&self, height: u64) -> Option<Vec<(&CellKey, &Cell)>> {
        let mut found: Vec<&Cell> = self.cells.iter().collect();
        let mut at = self.height;
        for batch in self.replaced.iter().rev() {
            if at == Some(height) {
                break;
            }
            at = batch.height;
            found.truncate(batch.count);
            for (id, cell) in &batch.cells {
                found[place(*id)] = cell;
            }
        }
        (at == Some(height)).then(|| self.keys.iter().zip(found).collect())
    }

    /// The cells with what was in them after an earlier block; those that came later are left out.
    fn with<'a>(&'a self, past: &'a [Cell]) -> Vec<(&'a CellKey, &'a Cell)> {
        self.keys.iter().zip(past).collect()
    }

    /// Sums by group and currency, at a moment.
    fn sums(&self, cells: Vec<(&CellKey, &Cell)>, filter: &MoneyFilter, by: GroupBy, at: Millis) -> Groups {
        let area_of = |id: &AreaId| self.areas.get(id).map_or("", String::as_str);
        let mut groups: BTreeMap<(Group<'_>, Currency), Sums> = BTreeMap::new();
        for (key, cell) in cells {
            let fund = &self.funds[place(key.fund.0)];
            if is_in(filter, fund, key, area_of) {
                let group = Group::of(by, fund, key, area_of);
                groups.entry((group, fund.currency)).or_default().add(&cell.at(at));
            }
        }
        let nothing = Sums::default();
        let groups = groups.into_iter().filter(|(_, sums)| *sums != nothing);
        groups.map(|((group, currency), sums)| ((group.into_key(), currency), sums)).collect()
    }

    /// What passed between parties and areas, at a moment.
    fn links(&self, cells: Vec<(&CellKey, &Cell)>, filter: &MoneyFilter, area_level: u32, at: Millis) -> Vec<Link> {
        let area_of = |id: &AreaId| self.areas.get(id).map_or("", String::as_str);
        let everybody = MoneyFilter { party: None, ..filter.clone() };
        let mut links: BTreeMap<_, Sums> = BTreeMap::new();
        for (key, cell) in cells {
            let fund = &self.funds[place(key.fund.0)];
            let between = filter.party.is_none_or(|party| [key.from, key.to].contains(&Some(party)));
            let (Some(kind), true) = (key.hop_kind, between && is_in(&everybody, fund, key, area_of)) else { continue };
            let to = match (kind, key.to) {
                (HopKind::Delivery, _) => End::Area(cut(area_of(&key.area), area_level).to_owned()),
                (_, Some(party)) => End::Party(party),
                // No pass of hands: what tokens hold.
                (_, None) => continue,
            };
            let from = key.from.map_or(End::Nobody, End::Party);
            links.entry((fund.currency, from, to, kind)).or_default().add(&cell.at(at));
        }
        let nothing = HopSums::default();
        let links = links.into_iter().filter(|(_, sums)| sums.hops != nothing);
        let link = |((currency, from, to, kind), Sums { hops, .. })| Link { currency, from, to, kind, hops };
        links.map(link).collect()
    }

    /// The allocations of a batch whose fund is neither in it nor in memory.
    fn unknown_funds(&self, blocks: &[ProjectedBlock]) -> Vec<AllocationId> {
        let mut unknown: Vec<AllocationId> = facts(blocks)
            .filter_map(|fact| match fact {
                Fact::TokenMade(token) | Fact::TokenSpent(token) => Some(token.allocation),
                Fact::HopSet(hop, _) => Some(hop.allocation),
                _ => None,
            })
            .filter(|id| !self.fund_of.contains_key(id))
            .collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown
    }

    /// What a batch makes of the cells; `funds` are those of allocations that memory lacks.
    fn draft(&self, blocks: &[ProjectedBlock], funds: BTreeMap<AllocationId, Fund>) -> Result<Draft, ViewsError> {
        let mut drafting = Drafting {
            cells: self,
            draft: Draft { before: self.height, first: (self.funds.len(), self.keys.len()), ..Draft::default() },
        };
        for (id, fund) in funds {
            drafting.set_fund(id, fund);
        }
        for block in blocks {
            let mut touched = BTreeSet::new();
            for fact in block.changes.iter().flat_map(|change| &change.facts) {
                drafting.take(fact, &mut touched).ok_or(ViewsError::BadBlock {
                    height: block.height,
                    reason: "it moves money of an allocation that is not known",
                })?;
            }
            let rows = touched.into_iter().map(|id| {
                let bytes = drafting.draft.cells[&id].to_bytes();
                cell_row::Model::of(id, block.height, bytes)
            });
            let rows: Vec<_> = rows.collect();
            drafting.draft.rows.extend(rows);
            drafting.draft.height = Some(block.height);
        }
        Ok(drafting.draft)
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
        self.keys.extend(draft.keys);
        self.cell_ids.extend(draft.cell_ids);
        for (id, cell) in draft.cells {
            match self.cells.get_mut(place(id)) {
                Some(current) => {
                    replaced.cells.insert(id, std::mem::replace(current, cell));
                }
                None => self.cells.push(cell),
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
}

/// A draft in the making, over the cells that it changes.
struct Drafting<'a> {
    cells: &'a Cells,
    draft: Draft,
}

impl Drafting<'_> {
    /// Takes a fact and notes the cells that it touches; none when an allocation is not known.
    fn take(&mut self, fact: &Fact, touched: &mut BTreeSet<u32>) -> Option<()> {
        let mut change = |drafting: &mut Self, key, add: &dyn Fn(&mut Cell)| {
            let id = drafting.cell_id(key);
            let current = || drafting.cells.cells.get(place(id)).cloned().unwrap_or_default();
            add(drafting.draft.cells.entry(id).or_insert_with(current));
            touched.insert(id);
        };
        match fact {
            Fact::AreaNamed(id, path) => {
                self.draft.areas.insert(*id, path.clone());
            }
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

    fn set_fund(&mut self, allocation: AllocationId, fund: Fund) {
        let id = match self.cells.fund_ids.get(&fund).or_else(|| self.draft.fund_ids.get(&fund)) {
            Some(id) => *id,
            None => {
                let id = FundId(number(self.cells.funds.len() + self.draft.funds.len()));
                self.draft.funds.push(fund.clone());
                self.draft.fund_ids.insert(fund, id);
                id
            }
        };
        self.draft.fund_of.insert(allocation, id);
    }

    fn fund_of(&self, allocation: AllocationId) -> Option<FundId> {
        self.draft.fund_of.get(&allocation).or_else(|| self.cells.fund_of.get(&allocation)).copied()
    }

    fn cell_id(&mut self, key: CellKey) -> u32 {
        match self.cells.cell_ids.get(&key).or_else(|| self.draft.cell_ids.get(&key)) {
            Some(id) => *id,
            None => {
                let id = number(self.cells.keys.len() + self.draft.keys.len());
                self.draft.keys.push(key);
                self.draft.cell_ids.insert(key, id);
                id
            }
        }
    }
}

/// Where passes of hands begin or end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Nobody: money that was not sent.
    Nobody,
    /// A party.
    Party(PartyKey),
    /// The recipients and end payees of an area, by its path.
    Area(String),
}

/// What passed between two ends by hops of one kind, in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The currency.
    pub currency: Currency,
    /// Who sent.
    pub from: End,
    /// To whom.
    pub to: End,
    /// The kind of the hops.
    pub kind: HopKind,
    /// Sums over them.
    pub hops: HopSums,
}

/// Sums by group and currency.
pub type Groups = BTreeMap<(GroupKey, Currency), Sums>;

impl Views {
    /// Sums over the money of a filter after a block, by group and currency, in the order of
    /// groups; due times are judged at a moment. Groups of nothing are left out.
    pub async fn sums(&self, filter: &MoneyFilter, by: GroupBy, height: u64, at: Millis) -> Result<Groups, ViewsError> {
        self.of_height(height, |cells, found| cells.sums(found, filter, by, at)).await
    }

    pub(super) fn cells(&self) -> RwLockReadGuard<'_, Cells> {
        self.cells.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What passed between parties and areas, of the money of a filter after a block, in order of
    /// currency and ends; of a filter's party, what it sent and what was sent to it. Areas are
    /// told apart by so many names.
    pub async fn links(
        &self,
        filter: &MoneyFilter,
        area_level: u32,
        height: u64,
        at: Millis,
    ) -> Result<Vec<Link>, ViewsError> {
        self.of_height(height, |cells, found| cells.links(found, filter, area_level, at)).await
    }

    /// Reads the cells as they stood after a block.
    async fn of_height<T>(
        &self,
        height: u64,
        read: impl Fn(&Cells, Vec<(&CellKey, &Cell)>) -> T,
    ) -> Result<T, ViewsError> {
        {
            let cells = self.cells();
            if let Some(found) = cells.at(height) {
                return Ok(read(&cells, found));
            }
        }
        let past = self.past_cells(height).await?;
        let cells = self.cells();
        Ok(read(&cells, cells.with(&past)))
    }

    /// What was in every cell after an earlier block: kept for a while, and read by one at a time,
    /// so that many questions about the past leave the readers to others.
    async fn past_cells(&self, height: u64) -> Result<Arc<Vec<Cell>>, ViewsError> {
        let mut kept = self.past.lock().await;
        if let Some(at) = kept.iter().position(|(of, _)| *of == height) {
            // The last one that was asked for is the last to go.
            let found = kept.remove(at).expect("it was found there");
            kept.push_back(found.clone());
            return Ok(found.1);
        }
        if self.cells().height.is_none_or(|stands| stands < height) {
            self.load_cells().await?;
        }
        let rows = self.readers.query_all(&latest(height)).await.map_err(ViewsError::read("cells of the past"))?;
        let past = Arc::new(rows.iter().map(read_row).collect::<Result<Vec<Cell>, _>>()?);
        kept.push_back((height, past.clone()));
        let mut cells: usize = kept.iter().map(|(_, past)| past.len()).sum();
        while cells > PAST_CELLS_KEPT_MAX && kept.len() > 1 {
            cells -= kept.pop_front().map_or(0, |(_, oldest)| oldest.len());
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
        for (due, amount) in cells.cells.iter().flat_map(Cell::due_amounts) {
            *amounts.entry(due).or_default() += amount;
        }
        amounts
    }

    /// What a batch makes of the cells.
    pub(super) async fn draft_cells(&self, blocks: &[ProjectedBlock]) -> Result<Draft, ViewsError> {
        let Some(first) = blocks.first() else { return Ok(Draft::default()) };
        let stand_before = || self.cells().height == first.height.checked_sub(1);
        if !stand_before() {
            self.load_cells().await?;
        }
        if !stand_before() {
            return Err(ViewsError::NotNext { given: first.height, first_entry: first.first_entry });
        }
        let unknown = self.cells().unknown_funds(blocks);
        let found = self.allocations(&unknown).await?;
        let funds = found.iter().map(|allocation| (allocation.id, Fund::of(allocation))).collect();
        self.cells().draft(blocks, funds)
    }

    /// Takes what a batch made of the cells, once it is written.
    pub(super) fn take_cells(&self, draft: Draft) {
        self.cells.write().unwrap_or_else(PoisonError::into_inner).take(draft);
    }

    /// The cells as they stood after a block, from their rows.
    async fn read_cells(&self, height: Option<u64>) -> Result<Cells, ViewsError> {
        let Some(height) = height else { return Ok(Cells::default()) };
        let failed = ViewsError::read("cells");
        let read = async {
            let tx = dialect::snapshot(&self.readers).await?;
            let funds = fund::Entity::find().order_by_asc(fund::Column::Id).all(&tx).await?;
            let keys = cell::Entity::find().order_by_asc(cell::Column::Id).all(&tx).await?;
            let areas = area::Entity::find().all(&tx).await?;
            let rows = tx.query_all(&latest(height)).await?;
            tx.commit().await?;
            Ok((funds, keys, areas, rows))
        };
        let (funds, keys, areas, rows) = read.await.map_err(failed)?;
        let mut cells = Cells { height: Some(height), ..Cells::default() };
        for row in areas {
            let (id, path) = row.read()?;
            cells.areas.insert(id, path);
        }
        for row in funds {
            let (id, fund) = row.read()?;
            in_order("funds", id.0, cells.funds.len())?;
            cells.fund_ids.insert(fund.clone(), id);
            cells.funds.push(fund);
        }
        for (row, sums) in keys.into_iter().zip(rows) {
            let (id, key) = row.read()?;
            in_order("cells", id, cells.keys.len())?;
            if place(key.fund.0) >= cells.funds.len() {
                return Err(ViewsError::Corrupt { table: "cells", column: "fund" });
            }
            cells.cell_ids.insert(key, id);
            cells.keys.push(key);
            cells.cells.push(read_row(&sums)?);
        }
        Ok(cells)
    }
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

/// For each cell, in order, its sums after a block: one look into the key of the rows.
fn latest(height: u64) -> sea_orm::sea_query::SelectStatement {
    let sums = Query::select()
        .column(cell_row::Column::Sums)
        .from(cell_row::Entity)
        .and_where(Expr::col((cell_row::Entity, cell_row::Column::Cell)).equals((cell::Entity, cell::Column::Id)))
        .and_where(Expr::col((cell_row::Entity, cell_row::Column::Height)).lte(index(height)))
        .order_by((cell_row::Entity, cell_row::Column::Height), Order::Desc)
        .limit(1)
        .take();
    Query::select()
        .expr_as(Expr::SubQuery(None, Box::new(sums.into())), "sums")
        .from(cell::Entity)
        .order_by((cell::Entity, cell::Column::Id), Order::Asc)
        .take()
}

/// What a row of [`latest`] says was in a cell; a cell that blocks touched only later is empty.
fn read_row(row: &QueryResult) -> Result<Cell, ViewsError> {
    let sums: Option<Vec<u8>> = row.try_get("", "sums").map_err(ViewsError::read("a cell"))?;
    Ok(sums.as_deref().map(cell_row::read_sums).transpose()?.unwrap_or_default())
}

fn in_order(table: &'static str, id: u32, expected: usize) -> Result<(), ViewsError> {
    if place(id) == expected { Ok(()) } else { Err(ViewsError::Corrupt { table, column: "id" }) }
}

/// The place of a number in a list.
fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The number of a place in a list.
fn number(place: usize) -> u32 {
    u32::try_from(place).expect("cells and funds are far fewer than 2^32")
}

fn facts(blocks: &[ProjectedBlock]) -> impl Iterator<Item = &Fact> {
    blocks.iter().flat_map(|block| &block.changes).flat_map(|change| &change.facts)
}

fn is_in<'a>(filter: &MoneyFilter, fund: &Fund, key: &CellKey, area_of: impl Fn(&AreaId) -> &'a str) -> bool {
    filter.programme.is_none_or(|programme| programme == fund.programme)
        && filter.cycle.as_ref().is_none_or(|cycle| *cycle == fund.cycle)
        && filter.purpose.as_ref().is_none_or(|purpose| *purpose == fund.purpose)
        && filter.currency.is_none_or(|currency| currency == fund.currency)
        && filter.party.is_none_or(|party| party == key.accountable)
        && filter.area.as_deref().is_none_or(|path| is_under(path, area_of(&key.area)))
}

/// Whether an area is a path or lies under it; everything lies under the empty path.
fn is_under(path: &str, area: &str) -> bool {
    path.is_empty() || area.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A group whose text is borrowed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group<'a> {
    Nothing,
    Programme(ProgrammeId),
    Cycle(&'a str),
    Purpose(&'a str),
    Party(PartyKey),
    Area(&'a str),
    HopKind(Option<HopKind>),
}

impl<'a> Group<'a> {
    fn of(by: GroupBy, fund: &'a Fund, key: &CellKey, area_of: impl Fn(&AreaId) -> &'a str) -> Self {
        match by {
            GroupBy::Nothing => Self::Nothing,
            GroupBy::Programme => Self::Programme(fund.programme),
            GroupBy::Cycle => Self::Cycle(&fund.cycle),
            GroupBy::Purpose => Self::Purpose(&fund.purpose),
            GroupBy::Party => Self::Party(key.accountable),
            GroupBy::Area { level } => Self::Area(cut(area_of(&key.area), level)),
            GroupBy::HopKind => Self::HopKind(key.hop_kind),
        }
    }

    fn into_key(self) -> GroupKey {
        match self {
            Self::Nothing => GroupKey::Nothing,
            Self::Programme(id) => GroupKey::Programme(id),
            Self::Cycle(text) => GroupKey::Cycle(text.to_owned()),
            Self::Purpose(text) => GroupKey::Purpose(text.to_owned()),
            Self::Party(key) => GroupKey::Party(key),
            Self::Area(path) => GroupKey::Area(path.to_owned()),
            Self::HopKind(kind) => GroupKey::HopKind(kind),
        }
    }
}

/// The first names of a path.
fn cut(path: &str, level: u32) -> &str {
    // A level deeper than any address space is no cut at all.
    match usize::try_from(level).unwrap_or(usize::MAX).checked_sub(1) {
        None => "",
        Some(last) => path.match_indices('/').nth(last).map_or(path, |(end, _)| &path[..end]),
    }
}
