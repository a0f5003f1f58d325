//! Sums by the database equal sums over the books in memory.

use std::collections::{BTreeMap, BTreeSet};

use aqueduct::ledger::ids::{AllocationId, AreaId, PartyKey, TokenId};
use aqueduct::ledger::money::Currency;
use aqueduct::ledger::registry::Allocation;
use aqueduct::ledger::selection::{GroupBy, GroupKey, MoneyFilter};
use aqueduct::ledger::state::Tables;
use aqueduct::ledger::statement::{HopSums, Statement};
use aqueduct::ledger::time::Millis;
use aqueduct::ledger::token::HopKind;
use aqueduct::store::views::Views;

use super::history::{AGENCY, BUREAU, History, currency};
use super::{filled, views};

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
    filters.extend(tables.allocations.keys().map(|id| MoneyFilter { allocation: Some(*id), ..filter() }));
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
            && filter.allocation.is_none_or(|id| id == self.allocation.id)
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
            groups.entry(unit.group(by)).or_default().add_token(token, at);
        }
    }
    groups
}

fn hop_sums_in_memory(tables: &Tables, filter: &MoneyFilter, by: GroupBy, at: Millis) -> Groups<HopSums> {
    let mut groups: Groups<HopSums> = BTreeMap::new();
    for hop in tables.hops.values() {
        let unit = unit(tables, hop.allocation, hop.accountable, hop.area, Some(hop.kind));
        if unit.is_in(filter) {
            groups.entry(unit.group(by)).or_default().add_hop(hop, at);
        }
    }
    groups
}

async fn compare(views: &Views, tables: &Tables, filter: &MoneyFilter, by: GroupBy, entries: u64, at: Millis) {
    let statements = views.statements(filter, by, entries, at).await.unwrap();
    let statements: Groups<Statement> = statements.into_iter().map(|(k, c, s)| ((k, c), s)).collect();
    assert_eq!(statements, statements_in_memory(tables, filter, by, at), "{filter:?} {by:?} {entries}");
    assert!(statements.values().all(Statement::closes));
    let sums = views.hop_sums(filter, by, entries, at).await.unwrap();
    let sums: Groups<HopSums> = sums.into_iter().map(|(k, c, s)| ((k, c), s)).collect();
    assert_eq!(sums, hop_sums_in_memory(tables, filter, by, at), "{filter:?} {by:?} {entries}");
}

#[tokio::test]
async fn sums_are_those_of_the_books_for_every_filter_and_grouping() {
    let (_folder, views, history) = filled().await;
    for filter in filters(&history) {
        for by in GROUPINGS {
            compare(&views, &history.tables, &filter, by, history.entries(), history.now()).await;
        }
    }
    compare(&views, &history.tables, &MoneyFilter::default(), GroupBy::Party, u64::MAX, history.now()).await;
}

#[tokio::test]
async fn sums_of_an_earlier_moment_are_those_of_the_books_then() {
    let (_folder, views, history) = filled().await;
    // At the very moment something is due it is not overdue; a millisecond later it is.
    let dues: BTreeSet<Millis> = history.tables.hops.values().map(|hop| hop.due).collect();
    let moments = dues.iter().flat_map(|due| [*due, due.plus(1)]).chain([history.now()]);
    let moments: Vec<Millis> = moments.collect();
    for entries in 0..=history.entries() {
        let tables = history.tables_at(entries);
        for at in moments.iter().copied() {
            for by in [GroupBy::Nothing, GroupBy::Area { level: 2 }, GroupBy::HopKind] {
                compare(&views, &tables, &MoneyFilter::default(), by, entries, at).await;
            }
        }
    }
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
        let mut found = Statement::default();
        for sum in views.descendant_sums(*id, history.entries(), at).await.unwrap() {
            found.add(sum.origin, sum.state, sum.overdue, sum.amount);
        }
        assert_eq!(found, expected, "token {id}");
    }
}

#[tokio::test]
async fn sums_over_nothing_are_empty() {
    let (_folder, views) = views().await;
    for by in GROUPINGS {
        assert_eq!(views.token_sums(&MoneyFilter::default(), by, 0, Millis(0)).await.unwrap(), []);
        assert_eq!(views.hop_sums(&MoneyFilter::default(), by, 9, Millis(0)).await.unwrap(), []);
    }
}
