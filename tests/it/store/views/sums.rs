//! Sums of cells equal sums over the tokens and hops of the books.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aqueduct::ledger::cell::Sums;
use aqueduct::ledger::ids::{AllocationId, AreaId, PartyKey, TokenId};
use aqueduct::ledger::money::Currency;
use aqueduct::ledger::registry::{Allocation, Appropriation};
use aqueduct::ledger::selection::{GroupBy, GroupKey, MoneyFilter};
use aqueduct::ledger::state::Tables;
use aqueduct::ledger::statement::{HopSums, Statement};
use aqueduct::ledger::time::{DAY_MS, Millis};
use aqueduct::ledger::token::HopKind;
use aqueduct::store::faults::Faults;
use aqueduct::store::views::Views;
use aqueduct::store::views::project::ProjectedBlock;

use crate::ledger::history::History as RandomHistory;

use crate::books::Books;

use super::history::{AGENCY, BUREAU, History, currency};
use super::{filled, place, views};

const GROUPINGS: [GroupBy; 10] = [
    GroupBy::Nothing,
    GroupBy::Programme,
    GroupBy::Cycle,
    GroupBy::Purpose,
    GroupBy::Party,
    GroupBy::HopKind,
    GroupBy::Area { level: 0 },
    GroupBy::Area { level: 1 },
    GroupBy::Area { level: 2 },
    GroupBy::Area { level: 9 },
];

fn filters(history: &History) -> Vec<MoneyFilter> {
    let tables = &history.tables;
    let filter = MoneyFilter::default;
    let mut filters = vec![filter()];
    filters.extend(tables.programmes.keys().map(|id| MoneyFilter { programme: Some(*id), ..filter() }));
    for party in [BUREAU, AGENCY] {
        filters.push(MoneyFilter { party: Some(tables.party_ids[&party]), ..filter() });
    }
    for area in ["", "north", "north/river", "north/river/", "North", "north/river/ford/v1", "Land/Dist", "nowhere"] {
        filters.push(MoneyFilter { area: Some(area.to_owned()), ..filter() });
    }
    for code in ["INR", "KES", "EUR"] {
        filters.push(MoneyFilter { currency: Some(currency(code)), ..filter() });
    }
    for text in ["2026-11", "GRANT", "' OR 1=1"] {
        filters.push(MoneyFilter { cycle: Some(text.to_owned()), ..filter() });
        filters.push(MoneyFilter { purpose: Some(text.to_owned()), ..filter() });
    }
    filters
}

/// What is known of a unit of money, of a token or of a hop.
struct Unit<'a> {
    allocation: &'a Allocation,
    accountable: PartyKey,
    area: &'a str,
    kind: Option<HopKind>,
}

fn unit<'a>(
    tables: &'a Tables,
    allocation: AllocationId,
    accountable: PartyKey,
    area: AreaId,
    kind: Option<HopKind>,
) -> Unit<'a> {
    let area = tables.areas.iter().find(|(_, id)| **id == area).unwrap().0;
    Unit { allocation: &tables.allocations[&allocation], accountable, area, kind }
}

impl Unit<'_> {
    fn is_in(&self, filter: &MoneyFilter) -> bool {
        let under = |path: &String| {
            path.is_empty()
                || self.area == path
                || self.area.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
        };
        filter.programme.is_none_or(|id| id == self.allocation.programme)
            && filter.cycle.as_ref().is_none_or(|cycle| *cycle == self.allocation.cycle)
            && filter.purpose.as_ref().is_none_or(|purpose| *purpose == self.allocation.purpose)
            && filter.party.is_none_or(|party| party == self.accountable)
            && filter.area.as_ref().is_none_or(under)
            && filter.currency.is_none_or(|currency| currency == self.allocation.currency)
    }

    fn group(&self, by: GroupBy) -> (GroupKey, Currency) {
        let key = match by {
            GroupBy::Nothing => GroupKey::Nothing,
            GroupBy::Programme => GroupKey::Programme(self.allocation.programme),
            GroupBy::Cycle => GroupKey::Cycle(self.allocation.cycle.clone()),
            GroupBy::Purpose => GroupKey::Purpose(self.allocation.purpose.clone()),
            GroupBy::Party => GroupKey::Party(self.accountable),
            GroupBy::Area { level } => {
                let names: Vec<&str> = self.area.split('/').take(usize::try_from(level).unwrap()).collect();
                GroupKey::Area(names.join("/"))
            }
            GroupBy::HopKind => GroupKey::HopKind(self.kind),
        };
        (key, self.allocation.currency)
    }
}

type Groups<T> = BTreeMap<(GroupKey, Currency), T>;

fn statements_in_memory(tables: &Tables, filter: &MoneyFilter, by: GroupBy, at: Millis) -> Groups<Statement> {
    let mut groups: Groups<Statement> = BTreeMap::new();
    for token in tables.tokens.values().filter(|token| token.spent_by.is_none()) {
        let unit = unit(tables, token.allocation, token.accountable, token.area, token.hop_kind);
        if unit.is_in(filter) {
            groups.entry(unit.group(by)).or_default().add_token(&token, at);
        }
    }
    groups
}

fn hop_sums_in_memory(tables: &Tables, filter: &MoneyFilter, by: GroupBy, at: Millis) -> Groups<HopSums> {
    let mut groups: Groups<HopSums> = BTreeMap::new();
    for hop in tables.hops.values() {
        let unit = unit(tables, hop.allocation, hop.accountable, hop.area, Some(hop.kind));
        if unit.is_in(filter) {
            groups.entry(unit.group(by)).or_default().add_hop(&hop, at);
        }
    }
    groups
}

async fn compare(views: &Views, tables: &Tables, filter: &MoneyFilter, by: GroupBy, height: u64, at: Millis) {
    let found = views.sums(filter, by, height, at).await.unwrap();
    assert!(found.values().all(|sums| sums.statement.closes()));
    let mut expected: Groups<Sums> = BTreeMap::new();
    for (group, statement) in statements_in_memory(tables, filter, by, at) {
        expected.entry(group).or_default().statement = statement;
    }
    for (group, hops) in hop_sums_in_memory(tables, filter, by, at) {
        expected.entry(group).or_default().hops = hops;
    }
    expected.retain(|_, sums| *sums != Sums::default());
    assert_eq!(found, expected, "{filter:?} {by:?} {height} {at}");
}

/// The moments at which something changes by time alone: at the very moment something is due it
/// is not overdue; a millisecond later it is.
fn moments(history: &History) -> Vec<Millis> {
    let dues: BTreeSet<Millis> = history.tables.hops.values().map(|hop| hop.due).collect();
    dues.iter().flat_map(|due| [*due, due.plus(1)]).chain([history.now()]).collect()
}

#[tokio::test]
async fn sums_are_those_of_the_books_for_every_filter_and_grouping() {
    let (_folder, views, history) = filled().await;
    let last = history.blocks.last().unwrap().height;
    for filter in filters(&history) {
        for by in GROUPINGS {
            compare(&views, &history.tables, &filter, by, last, history.now()).await;
        }
    }
}

#[tokio::test]
async fn sums_of_an_earlier_moment_are_those_of_the_books_then() {
    let (folder, views, history) = filled().await;
    // Another pair of eyes on the same rows, which remembers nothing.
    let reader = Views::open(&place(&folder), Faults::default()).await.unwrap();
    for block in &history.blocks {
        let tables = history.tables_at(block.first_entry + block.entry_count);
        for at in moments(&history) {
            for by in [GroupBy::Nothing, GroupBy::Area { level: 2 }, GroupBy::HopKind] {
                for views in [&views, &reader] {
                    compare(views, &tables, &MoneyFilter::default(), by, block.height, at).await;
                }
            }
        }
    }
}

/// Random histories, written in blocks and batches of random sizes, read at random heights and
/// moments: from memory, from the rows, and after the rows were loaded again.
#[tokio::test]
async fn sums_of_random_histories_are_those_of_the_books() {
    for seed in 1..=RANDOM_HISTORIES {
        let mut random = RandomHistory::begin(seed);
        (0..random.dice.from(60, 120)).for_each(|_| random.step());
        let blocks = in_blocks(&mut random);
        let (folder, views) = views().await;
        let mut waiting = blocks.as_slice();
        while !waiting.is_empty() {
            let size = usize::try_from(random.dice.from(1, 9)).unwrap().min(waiting.len());
            views.project(&waiting[..size]).await.unwrap();
            waiting = &waiting[size..];
        }
        let again = Views::open(&place(&folder), Faults::default()).await.unwrap();
        again.load_cells().await.unwrap();
        assert_eq!(again.contradiction(&random.world.tables), None, "seed {seed}");
        for _ in 0..RANDOM_READINGS {
            let block = random.dice.pick(&blocks).unwrap();
            let mut tables = Books::default();
            for admitted in &random.world.history[..usize::try_from(block.first_entry + block.entry_count).unwrap()] {
                tables.commit(&admitted.change);
            }
            let at = block.time.plus(random.dice.from(0, 20) * DAY_MS / 2);
            let by = random.dice.pick(&GROUPINGS).unwrap();
            for views in [&views, &again] {
                compare(views, &tables, &MoneyFilter::default(), by, block.height, at).await;
            }
        }
    }
}

const RANDOM_HISTORIES: u64 = 12;
const RANDOM_READINGS: usize = 12;

/// What a random history recorded, in blocks of random sizes.
fn in_blocks(random: &mut RandomHistory) -> Vec<ProjectedBlock> {
    let mut blocks: Vec<ProjectedBlock> = Vec::new();
    for entry in 0..random.world.history.len() {
        let admitted = &random.world.history[entry];
        let (time, change) = (admitted.context.now, Arc::new(admitted.change.clone()));
        let entry = u64::try_from(entry).unwrap();
        assert_eq!(admitted.context.entry, entry);
        match blocks.last_mut() {
            Some(block) if block.time == time || random.dice.one_in(2) => {
                block.changes.push(change);
                block.time = time;
            }
            _ => blocks.push(super::records::block_of(u64::try_from(blocks.len()).unwrap(), time, entry, change)),
        }
    }
    for block in &mut blocks {
        block.entry_count = u64::try_from(block.changes.len()).unwrap();
        block.tree_size = block.first_entry + block.entry_count;
        block.leaves = vec![[7; 32]; block.changes.len()];
    }
    blocks
}

#[tokio::test]
async fn cells_that_do_not_fit_the_books_are_noticed() {
    let (_folder, views, history) = filled().await;
    assert_eq!(views.contradiction(&history.tables), None);
    let mut others = Tables::clone(&history.tables);
    *others.totals.values_mut().next().unwrap() += 1;
    assert!(views.contradiction(&others).unwrap().contains("does not add up"));
    let mut others = Tables::clone(&history.tables);
    let set = others.appropriations.values_mut().next().unwrap();
    *set = Arc::new(Appropriation { allocated: set.allocated + 1, ..(**set).clone() });
    assert!(views.contradiction(&others).unwrap().contains("allocated"));
    let others = Tables { totals: BTreeMap::new(), ..Tables::clone(&history.tables) };
    assert!(views.contradiction(&others).unwrap().contains("nobody allocated"));
}

#[tokio::test]
async fn the_history_shows_every_class_of_money() {
    let history = super::history::history();
    let (filter, by) = (MoneyFilter::default(), GroupBy::Nothing);
    let now = statements_in_memory(&history.tables, &filter, by, history.now());
    let before = statements_in_memory(&history.tables, &filter, by, history.blocks[0].time);
    let rupees = (GroupKey::Nothing, currency("INR"));
    let s = now[&rupees];
    let seen =
        [s.held, s.overdue, before[&rupees].in_transit, s.booked, s.confirmed, s.deducted, s.unaccounted, s.surplus];
    assert!(seen.iter().all(|amount| *amount > 0), "{s:?}");
}

#[tokio::test]
async fn a_token_sums_with_all_that_was_made_from_it() {
    let (_folder, views, history) = filled().await;
    let tables = &history.tables;
    let at = history.now();
    for id in tables.tokens.keys() {
        let mut expected = Statement::default();
        let is_below = |mut at: TokenId| loop {
            if at == *id {
                return true;
            }
            match tables.tokens[&at].parent {
                Some(parent) => at = parent,
                None => return false,
            }
        };
        for token in tables.tokens.values().filter(|token| token.spent_by.is_none() && is_below(token.id)) {
            expected.add_token(token, at);
        }
        let found = views.descendants_statement(*id, history.entries(), at).await.unwrap();
        assert_eq!(found, expected, "token {id}");
    }
}

#[tokio::test]
async fn sums_over_nothing_are_empty() {
    let (_folder, views) = views().await;
    for by in GROUPINGS {
        assert!(views.sums(&MoneyFilter::default(), by, 0, Millis(0)).await.unwrap().is_empty());
    }
}
