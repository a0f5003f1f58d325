//! Sums by group, and what passed between parties and areas: read from the cells alone.

use std::collections::{BTreeMap, HashMap};

use crate::ledger::cell::{Adding, Cell, CellKey, Fund, FundId, Sheet, Sums};
use crate::ledger::ids::{AreaId, PartyKey, ProgrammeId};
use crate::ledger::money::Currency;
use crate::ledger::selection::{GroupBy, GroupKey, MoneyFilter};
use crate::ledger::statement::HopSums;
use crate::ledger::time::{DAY_MS, Millis};
use crate::ledger::token::HopKind;

use super::Views;
use super::areas::{Areas, cut, is_under, names_of};
use super::cells::{Cells, place};
use super::error::ViewsError;

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
        let names = match by {
            GroupBy::Area { level } => level,
            _ => 0,
        };
        let tells_parties = filter.party.is_some() || by == GroupBy::Party;
        let sheet = Sheet::telling(tells_parties, names.max(filter.area.as_deref().map_or(0, names_of)));
        self.of_height(height, sheet, |cells, found| sums(cells, found, filter, by, at)).await
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
        let sheet = Sheet::telling(true, area_level.max(filter.area.as_deref().map_or(0, names_of)));
        self.of_height(height, sheet, |cells, found| links(cells, found, filter, area_level, at)).await
    }
}

/// Money on its way past its due time, by group, currency and the whole days that it is late; of less
/// than a day 0.
pub type Late = BTreeMap<(GroupKey, Currency, i64), i128>;

impl Views {
    /// How late the overdue money of a filter is after a block, at a moment.
    pub async fn late(&self, filter: &MoneyFilter, by: GroupBy, height: u64, at: Millis) -> Result<Late, ViewsError> {
        let names = match by {
            GroupBy::Area { level } => level,
            _ => 0,
        };
        let tells_parties = filter.party.is_some() || by == GroupBy::Party;
        let sheet = Sheet::telling(tells_parties, names.max(filter.area.as_deref().map_or(0, names_of)));
        self.of_height(height, sheet, |cells, found| late(cells, found, filter, by, at)).await
    }
}

/// Overdue money by group and days, at a moment.
fn late(
    cells: &Cells,
    found: Vec<(&CellKey, &[u8])>,
    filter: &MoneyFilter,
    by: GroupBy,
    at: Millis,
) -> Result<Late, ViewsError> {
    let mut meant = Meant::of(filter, cells);
    let mut late = Late::new();
    for (key, bytes) in found {
        if !meant.has(key) {
            continue;
        }
        let cell = Cell::from_bytes(bytes).ok_or(NOT_A_CELL)?;
        let group = Part::of(by, key, cells.fund(key.fund).currency);
        for (due, amount) in cell.due_amounts().take_while(|(due, _)| *due < at) {
            let days = (at.0 - due.0) / DAY_MS;
            *late.entry((group.group(by, cells).into_key(), group.currency, days)).or_default() += amount;
        }
    }
    Ok(late)
}

/// Which cells are of a filter's money: what there is to compare is compared once for each fund and
/// area.
struct Meant<'a> {
    funds: Vec<bool>,
    areas: Option<(&'a str, &'a Areas)>,
    is_under: HashMap<AreaId, bool>,
    party: Option<PartyKey>,
}

impl<'a> Meant<'a> {
    fn of(filter: &'a MoneyFilter, cells: &'a Cells) -> Self {
        let is_in = |fund: &Fund| {
            filter.programme.is_none_or(|programme| programme == fund.programme)
                && filter.cycle.as_ref().is_none_or(|cycle| *cycle == fund.cycle)
                && filter.purpose.as_ref().is_none_or(|purpose| *purpose == fund.purpose)
                && filter.currency.is_none_or(|currency| currency == fund.currency)
        };
        Self {
            funds: cells.funds().iter().map(is_in).collect(),
            areas: filter.area.as_deref().map(|path| (path, cells.areas())),
            is_under: HashMap::new(),
            party: filter.party,
        }
    }

    fn has(&mut self, key: &CellKey) -> bool {
        self.funds[place(key.fund.0)] && self.party.is_none_or(|party| Some(party) == key.accountable) && {
            let Some((path, areas)) = self.areas else { return true };
            *self.is_under.entry(key.area).or_insert_with(|| is_under(path, areas.path(key.area)))
        }
    }
}

/// Sums by group and currency, at a moment.
fn sums(
    cells: &Cells,
    found: Vec<(&CellKey, &[u8])>,
    filter: &MoneyFilter,
    by: GroupBy,
    at: Millis,
) -> Result<Groups, ViewsError> {
    let mut meant = Meant::of(filter, cells);
    // By numbers first, which are cheap to look up; texts are compared last.
    let mut parts: HashMap<Part, Adding> = HashMap::new();
    for (key, bytes) in found {
        if meant.has(key) {
            let part = Part::of(by, key, cells.fund(key.fund).currency);
            parts.entry(part).or_default().add(bytes, at).ok_or(NOT_A_CELL)?;
        }
    }
    let mut groups: BTreeMap<(Group<'_>, Currency), Sums> = BTreeMap::new();
    for (part, adding) in parts {
        groups.entry((part.group(by, cells), part.currency)).or_default().add(&adding.sums());
    }
    let nothing = Sums::default();
    let groups = groups.into_iter().filter(|(_, sums)| *sums != nothing);
    Ok(groups.map(|((group, currency), sums)| ((group.into_key(), currency), sums)).collect())
}

/// What passed between parties and areas, at a moment.
fn links(
    cells: &Cells,
    found: Vec<(&CellKey, &[u8])>,
    filter: &MoneyFilter,
    area_level: u32,
    at: Millis,
) -> Result<Vec<Link>, ViewsError> {
    let everybody = MoneyFilter { party: None, ..filter.clone() };
    let mut meant = Meant::of(&everybody, cells);
    let mut parts: HashMap<_, Adding> = HashMap::new();
    for (key, bytes) in found {
        let between = filter.party.is_none_or(|party| [key.from, key.to].contains(&Some(party)));
        let (Some(kind), true) = (key.hop_kind, between && meant.has(key)) else { continue };
        let area = match (kind, key.to) {
            (HopKind::Delivery, _) => key.area,
            (_, Some(_)) => AreaId(0),
            // No pass of hands: what tokens hold.
            (_, None) => continue,
        };
        let currency = cells.fund(key.fund).currency;
        let part = parts.entry((currency, key.from, key.to, area, kind)).or_default();
        part.add(bytes, at).ok_or(NOT_A_CELL)?;
    }
    let mut links: BTreeMap<_, Sums> = BTreeMap::new();
    for ((currency, from, to, area, kind), adding) in parts {
        let from = from.map_or(End::Nobody, End::Party);
        let to = match to {
            Some(party) if kind != HopKind::Delivery => End::Party(party),
            _ => End::Area(cut(cells.areas().path(area), area_level).to_owned()),
        };
        links.entry((currency, from, to, kind)).or_default().add(&adding.sums());
    }
    let nothing = HopSums::default();
    let links = links.into_iter().filter(|(_, sums)| sums.hops != nothing);
    let link = |((currency, from, to, kind), Sums { hops, .. })| Link { currency, from, to, kind, hops };
    Ok(links.map(link).collect())
}

const NOT_A_CELL: ViewsError = ViewsError::Corrupt { table: "cell_rows", column: "sums" };

/// What cells of one group have in common, as they say it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Part {
    currency: Currency,
    of: Told,
}

/// What tells the cells of a group from others.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Told {
    Nothing,
    Fund(u32),
    Party(Option<PartyKey>),
    Area(AreaId),
    HopKind(Option<HopKind>),
}

impl Part {
    fn of(by: GroupBy, key: &CellKey, currency: Currency) -> Self {
        let of = match by {
            GroupBy::Nothing => Told::Nothing,
            GroupBy::Programme | GroupBy::Cycle | GroupBy::Purpose => Told::Fund(key.fund.0),
            GroupBy::Party => Told::Party(key.accountable),
            GroupBy::Area { .. } => Told::Area(key.area),
            GroupBy::HopKind => Told::HopKind(key.hop_kind),
        };
        Self { currency, of }
    }

    fn group(self, by: GroupBy, cells: &Cells) -> Group<'_> {
        match (self.of, by) {
            (Told::Fund(fund), by) => {
                let fund = cells.fund(FundId(fund));
                match by {
                    GroupBy::Cycle => Group::Cycle(&fund.cycle),
                    GroupBy::Purpose => Group::Purpose(&fund.purpose),
                    _ => Group::Programme(fund.programme),
                }
            }
            (Told::Party(Some(party)), _) => Group::Party(party),
            (Told::Area(area), GroupBy::Area { level }) => Group::Area(cut(cells.areas().path(area), level)),
            (Told::HopKind(kind), _) => Group::HopKind(kind),
            // Where parties are asked for, the sheet tells them apart.
            (Told::Nothing | Told::Party(None) | Told::Area(_), _) => Group::Nothing,
        }
    }
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

impl Group<'_> {
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
