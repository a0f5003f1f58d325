//! Reading: what the ledger loads, and what lists show, is what the books in memory hold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::history::{AGENCY, BUREAU, History, RECIPIENTS, SCHOOL, TREASURY};
use super::{filled, views};
use aqueduct::ledger::fact::Fact;
use aqueduct::ledger::hop::Hop;
use aqueduct::ledger::ids::{AllocationId, AreaId, HopId, Place, ProgrammeId, TokenId};
use aqueduct::ledger::operation::Kind;
use aqueduct::ledger::registry::Recorded;
use aqueduct::ledger::selection::{AllocationFilter, Count, HopFilter, OperationFilter, Page, Span, TokenFilter};
use aqueduct::ledger::state::Tables;
use aqueduct::ledger::time::{DAY_MS, Millis};
use aqueduct::ledger::token::{HopKind, HopState, Token, TokenState};
use aqueduct::store::views::Views;
use uuid::Uuid;

use crate::books::Books;

fn owned<K, V: Clone>(table: &BTreeMap<K, Arc<V>>) -> Vec<V> {
    table.values().map(|record| record.as_ref().clone()).collect()
}

#[tokio::test]
async fn the_resident_part_is_that_of_the_books() {
    let (_folder, views, history) = filled().await;
    let mut expected = Tables::clone(&history.tables);
    let emptied = Tables::default();
    (expected.allocations, expected.tokens, expected.hops) = (emptied.allocations, emptied.tokens, emptied.hops);
    (expected.operations, expected.rows) = (emptied.operations, emptied.rows);
    assert_eq!(format!("{:?}", views.load_resident().await.unwrap()), format!("{expected:?}"));
    assert_eq!(views.programmes().await.unwrap(), owned(&expected.programmes));
}

#[tokio::test]
async fn records_are_loaded_by_id() {
    let (_folder, views, history) = filled().await;
    let tables = &history.tables;
    let ids: Vec<TokenId> = tables.tokens.keys().copied().chain([TokenId::MAX]).collect();
    let mut tokens = views.tokens(&ids).await.unwrap();
    tokens.sort_by_key(|token| token.id);
    assert_eq!(tokens, owned(&tables.tokens));
    let ids: Vec<HopId> = tables.hops.keys().copied().chain([HopId::MAX]).collect();
    let mut hops = views.hops(&ids).await.unwrap();
    hops.sort_by_key(|hop| hop.id);
    assert_eq!(hops, owned(&tables.hops));
    let ids: Vec<AllocationId> = tables.allocations.keys().copied().collect();
    let mut allocations = views.allocations(&ids).await.unwrap();
    allocations.sort_by_key(|allocation| allocation.id);
    assert_eq!(allocations, owned(&tables.allocations));
    let ids: Vec<Uuid> = tables.operations.keys().map(|(id, _)| *id).chain([Uuid::nil()]).collect();
    let mut operations = views.operations(&ids).await.unwrap();
    operations.sort_by_key(|recorded| recorded.entry);
    assert_eq!(operations, owned(&tables.operations));
    let keys: Vec<[u8; 16]> = tables.rows.keys().copied().chain([[77; 16]]).collect();
    let rows: BTreeMap<[u8; 16], Option<u64>> = views.imported_rows(&keys).await.unwrap().into_iter().collect();
    assert_eq!(rows, tables.rows);
    assert_eq!(views.tokens(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn more_keys_than_one_statement_names_are_loaded() {
    let (_folder, views, history) = filled().await;
    let all: Vec<TokenId> = history.tables.tokens.keys().copied().collect();
    let nobody = (0..9_000).map(|at| TokenId(Place::new(1 << 30, at).unwrap()));
    let wanted: Vec<TokenId> = all[..3].iter().copied().chain(nobody).chain(all[3..].iter().copied()).collect();
    assert_eq!(views.tokens(&wanted).await.unwrap().len(), all.len());
}

#[tokio::test]
async fn what_an_entry_made_is_loaded() {
    let (_folder, views, history) = filled().await;
    let tables = &history.tables;
    for entry in 0..history.entries() + 2 {
        let made = views.of_entry(entry).await.unwrap();
        let is_of = |place: Place| place.entry() == entry;
        let tokens: Vec<Token> = owned(&tables.tokens).into_iter().filter(|token| is_of(token.id.0)).collect();
        let hops: Vec<Hop> = owned(&tables.hops).into_iter().filter(|hop| is_of(hop.id.0)).collect();
        assert_eq!((made.tokens, made.hops), (tokens, hops));
        assert!(made.allocations.iter().all(|allocation| tables.allocations[&allocation.id].as_ref() == allocation));
    }
    assert_eq!(views.of_entry(u64::MAX).await.unwrap(), Default::default());
}

#[tokio::test]
async fn every_version_of_a_hop_is_kept() {
    let (_folder, views, history) = filled().await;
    let mut versions: BTreeMap<(HopId, u64), (Hop, Option<u64>)> = BTreeMap::new();
    for fact in history.changes().flat_map(|change| &change.facts) {
        if let Fact::HopSet(hop, before) = fact {
            if let Some(before) = before {
                versions.get_mut(&(before.id, before.version)).unwrap().1 = Some(hop.version);
            }
            versions.insert((hop.id, hop.version), (hop.as_ref().clone(), None));
        }
    }
    assert!(versions.values().any(|(_, ended)| ended.is_some()));
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let some = views.hop_versions_after(after, 2).await.unwrap();
        let Some((last, _)) = some.last() else { break };
        after = Some((last.id, last.version));
        found.extend(some);
    }
    assert_eq!(found, versions.into_values().collect::<Vec<_>>());
    for entries in 0..=history.entries() {
        let tables = history.tables_at(entries);
        for id in history.tables.hops.keys() {
            let expected = tables.hops.get(id).map(|hop| hop.as_ref().clone());
            assert_eq!(views.hop_at(*id, entries).await.unwrap(), expected);
        }
    }
}

#[tokio::test]
async fn blocks_are_found_by_height_time_and_entry() {
    let (_folder, views, history) = filled().await;
    for block in &history.blocks {
        let row = views.block_at(block.height).await.unwrap().unwrap();
        assert_eq!((row.digest, row.tree_root, row.tree_size), (block.digest, block.tree_root, block.tree_size));
        assert_eq!(views.block_as_of(block.time).await.unwrap(), Some(row));
        let before = views.block_as_of(block.time.plus(-1)).await.unwrap();
        assert_eq!(before.map(|before| before.height), block.height.checked_sub(1));
        for entry in block.first_entry..row.entries() {
            assert_eq!(views.block_of_entry(entry).await.unwrap(), Some(row));
        }
    }
    assert_eq!(views.block_at(u64::MAX).await.unwrap(), None);
    assert_eq!(views.block_as_of(Millis(i64::MAX)).await.unwrap(), views.last_block().await.unwrap());
    assert_eq!(views.block_of_entry(history.entries()).await.unwrap(), None);
}

#[tokio::test]
async fn the_last_bytes_of_a_tile_stand() {
    let (_folder, views, history) = filled().await;
    let last = history.blocks.iter().rev().find(|block| block.entry_count > 0).unwrap();
    let mark = u8::try_from(last.height).unwrap();
    assert_eq!(views.tile(1, 0).await.unwrap().unwrap(), [mark; 32]);
    let found = views.tiles(&[(1, 0), (0, last.height), (0, 0), (9, 9)]).await.unwrap();
    let names: Vec<(u8, u64)> = found.iter().map(|(level, number, _)| (*level, *number)).collect();
    assert_eq!(names, [(0, 0), (0, last.height), (1, 0)]);
    let mut found = Vec::new();
    while let some @ [_, ..] = views.tiles_after(found.last().copied(), 1).await.unwrap().as_slice() {
        found.extend(some.iter().map(|(level, number, _)| (*level, *number)));
    }
    assert_eq!(found.len(), history.blocks.iter().filter(|block| block.entry_count > 0).count() + 1);
}

#[tokio::test]
async fn operations_are_listed_by_every_filter_in_both_directions() {
    let (_folder, views, history) = filled().await;
    let mut all: Vec<Recorded> = owned(&history.tables.operations);
    all.sort_by_key(|recorded| recorded.entry);
    let any = OperationFilter::default;
    let tables = &history.tables;
    let treasury = Some(tables.party_ids[&TREASURY]);
    let mut filters = vec![any(), OperationFilter { party: treasury, ..any() }];
    for kind in [Kind::TokenDispatch, Kind::RecipientEnrol] {
        filters.push(OperationFilter { kind: Some(kind), ..any() });
        filters.push(OperationFilter { kind: Some(kind), party: treasury, ..any() });
    }
    for key in tables.keys.keys() {
        filters.push(OperationFilter { keys: Some(vec![*key]), ..any() });
    }
    filters.extend(spans(history.entries()).map(|entries| OperationFilter { entries, ..any() }));
    filters.extend(tables.programmes.keys().map(|id| OperationFilter { programme: Some(*id), ..any() }));
    for filter in filters {
        let shown = |r: &&Recorded| {
            filter.party.is_none_or(|p| p == r.party)
                && filter.kind.is_none_or(|k| k == r.kind)
                && filter.keys.as_ref().is_none_or(|keys| r.signers.iter().any(|signer| keys.contains(signer)))
                && filter.entries.from.is_none_or(|from| r.entry >= from)
                && filter.entries.before.is_none_or(|before| r.entry < before)
                && filter.programme.is_none_or(|id| is_about(&history, r.entry, id))
        };
        let expected: Vec<u64> = all.iter().filter(shown).map(|recorded| recorded.entry).collect();
        let count = views.operations_count(&filter, None).await.unwrap();
        assert_eq!(count, Count::whole(expected.len()), "{filter:?}");
        for newest_first in [false, true] {
            let mut found: Vec<u64> = Vec::new();
            loop {
                let page = Page { after: found.last().copied(), limit: 3, newest_first, look_max: None };
                let some = views.operations_page(&filter, page).await.unwrap().rows;
                if some.is_empty() {
                    break;
                }
                found.extend(some.iter().map(|row| row.recorded.entry));
            }
            if newest_first {
                found.reverse();
            }
            assert_eq!(found, expected, "{filter:?}");
        }
    }
    let one = views.operation_by_entry(3).await.unwrap().unwrap();
    assert_eq!((&one.recorded, one.leaf), (&all[3], [3; 32]));
}

/// Whether an entry changed anything of a programme: its rules, its budget, its money.
fn is_about(history: &History, entry: u64, programme: ProgrammeId) -> bool {
    let of = |allocation| history.tables.allocations[&allocation].programme == programme;
    let change = history.changes().find(|change| change.recorded().entry == entry).unwrap();
    change.facts.iter().any(|fact| match fact {
        Fact::ProgrammeSet(set) => set.id == programme,
        Fact::AppropriationSet(set) => set.programme == programme,
        Fact::AllocationSet(allocation) => allocation.programme == programme,
        Fact::TokenMade(token) => of(token.allocation),
        Fact::HopSet(hop, _) => of(hop.allocation),
        _ => false,
    })
}

/// Parts of a log of so many entries.
fn spans(entries: u64) -> [Span; 4] {
    let middle = Some(entries / 2);
    [
        Span { from: middle, before: None },
        Span { from: None, before: middle },
        Span { from: Some(entries / 3), before: middle },
        Span { from: middle, before: Some(0) },
    ]
}

fn is_in(span: Span, place: Place) -> bool {
    span.from.is_none_or(|from| place.entry() >= from) && span.before.is_none_or(|before| place.entry() < before)
}

/// An area and all under it.
fn areas(tables: &Tables, path: &str) -> BTreeSet<AreaId> {
    let is_under = |known: &str| known == path || known.starts_with(&format!("{path}/"));
    tables.areas.iter().filter(|(known, _)| is_under(known)).map(|(_, id)| *id).collect()
}

async fn token_list(views: &Views, filter: &TokenFilter) -> Vec<TokenId> {
    let mut found: Vec<TokenId> = Vec::new();
    loop {
        let page = Page::newest_first(found.last().copied(), 2);
        let some = views.tokens_page(filter, page).await.unwrap().rows;
        if some.is_empty() {
            break;
        }
        found.extend(some.iter().map(|token| token.id));
    }
    assert_eq!(views.tokens_count(filter, None).await.unwrap().rows, u64::try_from(found.len()).unwrap());
    found.reverse();
    found
}

#[tokio::test]
async fn tokens_are_listed_by_every_filter() {
    let (_folder, views, history) = filled().await;
    let tables = &history.tables;
    let mut filters = vec![TokenFilter::default()];
    for party in [TREASURY, AGENCY, RECIPIENTS[1]].map(|id| Some(tables.party_ids[&id])) {
        filters.push(TokenFilter { holder: party, ..Default::default() });
        filters.push(TokenFilter { accountable: party, ..Default::default() });
    }
    filters.extend(TokenState::ALL.iter().map(|s| TokenFilter { state: Some(*s), ..Default::default() }));
    filters.extend(tables.allocations.keys().map(|a| TokenFilter { allocation: Some(*a), ..Default::default() }));
    filters.extend(tables.hops.keys().map(|h| TokenFilter { hop: Some(*h), ..Default::default() }));
    filters.extend(tables.programmes.keys().map(|p| TokenFilter { programme: Some(*p), ..Default::default() }));
    filters.push(TokenFilter { cycle: Some("2026-12".to_owned()), ..Default::default() });
    filters.push(TokenFilter { purpose: Some("MEALS".to_owned()), ..Default::default() });
    filters.push(TokenFilter { area: Some("north/river".to_owned()), ..Default::default() });
    for at in [history.now(), history.now().plus(99 * DAY_MS)] {
        filters.push(TokenFilter { overdue_at: Some(at), ..Default::default() });
    }
    for made in spans(history.entries()) {
        filters.push(TokenFilter { made, ..Default::default() });
    }
    let north = areas(tables, "north/river");
    let unspent = filters.clone().into_iter().map(|filter| TokenFilter { unspent_only: true, ..filter });
    let all: Vec<TokenFilter> = unspent.chain(filters).collect();
    for filter in &all {
        let shown = |token: &&Arc<Token>| {
            let allocation = &tables.allocations[&token.allocation];
            filter.holder.is_none_or(|party| token.holder == Some(party))
                && filter.accountable.is_none_or(|party| token.accountable == party)
                && filter.state.is_none_or(|state| token.state == state)
                && filter.allocation.is_none_or(|id| token.allocation == id)
                && filter.hop.is_none_or(|id| token.hop == Some(id))
                && filter.programme.is_none_or(|id| allocation.programme == id)
                && filter.cycle.as_ref().is_none_or(|cycle| allocation.cycle == *cycle)
                && filter.purpose.as_ref().is_none_or(|purpose| allocation.purpose == *purpose)
                && filter.area.as_ref().is_none_or(|_| north.contains(&token.area))
                && filter.overdue_at.is_none_or(|at| token.spent_by.is_none() && token.is_overdue(at))
                && is_in(filter.made, token.id.0)
                && (!filter.unspent_only || token.spent_by.is_none())
        };
        let expected: Vec<TokenId> = tables.tokens.values().filter(shown).map(|token| token.id).collect();
        assert_eq!(token_list(&views, filter).await, expected, "{filter:?}");
    }
}

#[tokio::test]
async fn children_are_listed() {
    let (_folder, views, history) = filled().await;
    for id in history.tables.tokens.keys() {
        let is_child = |token: &&Arc<Token>| token.parent == Some(*id);
        let expected: Vec<TokenId> = history.tables.tokens.values().filter(is_child).map(|token| token.id).collect();
        assert_eq!(token_list(&views, &TokenFilter { parent: Some(*id), ..Default::default() }).await, expected);
    }
}

/// Whether a list shows a hop.
fn shows(filter: &HopFilter, hop: &Hop, tables: &Books) -> bool {
    let allocation = &tables.allocations[&hop.allocation];
    let has_in_transit = |at: Millis| {
        let on_hop = hop.live.iter().map(|id| &tables.tokens[id]);
        on_hop.into_iter().any(|token| token.is_overdue(at))
    };
    let over = matches!(hop.state, HopState::Returned | HopState::Reversed);
    filter.from.is_none_or(|party| hop.from == Some(party))
        && filter.to.is_none_or(|party| hop.to == party)
        && filter.party.is_none_or(|party| hop.to == party || hop.from == Some(party))
        && filter.state.is_none_or(|state| hop.state == state)
        && filter.kind.is_none_or(|kind| hop.kind == kind)
        && filter.allocation.is_none_or(|id| hop.allocation == id)
        && filter.programme.is_none_or(|id| allocation.programme == id)
        && filter.cycle.as_ref().is_none_or(|cycle| allocation.cycle == *cycle)
        && filter.area.as_ref().is_none_or(|path| areas(tables, path).contains(&hop.area))
        && is_in(filter.opened, hop.id.0)
        && filter.overdue_at.is_none_or(has_in_transit)
        && (!filter.unanswered || hop.is_unanswered())
        && (!filter.awaits_receiver || (hop.figures.arrived.is_none() && !over))
}

#[tokio::test]
async fn hops_are_listed_by_every_filter() {
    let (_folder, views, history) = filled().await;
    let tables = &history.tables;
    let one = HopFilter::default;
    let mut filters = vec![one()];
    for party in [TREASURY, BUREAU, AGENCY, SCHOOL, RECIPIENTS[0]].map(|id| Some(tables.party_ids[&id])) {
        filters.extend([HopFilter { from: party, ..one() }, HopFilter { to: party, ..one() }]);
        filters.push(HopFilter { party, ..one() });
        filters.push(HopFilter { party, unanswered: true, ..one() });
        filters.push(HopFilter { to: party, awaits_receiver: true, ..one() });
    }
    filters.extend(HopState::ALL.iter().map(|state| HopFilter { state: Some(*state), ..one() }));
    filters.extend(HopKind::ALL.iter().map(|kind| HopFilter { kind: Some(*kind), ..one() }));
    filters.extend(tables.programmes.keys().map(|id| HopFilter { programme: Some(*id), ..one() }));
    filters.extend(tables.allocations.keys().map(|id| HopFilter { allocation: Some(*id), ..one() }));
    filters.push(HopFilter { cycle: Some("2026-11".to_owned()), ..one() });
    filters.push(HopFilter { area: Some("north/river".to_owned()), ..one() });
    filters.extend(spans(history.entries()).map(|opened| HopFilter { opened, ..one() }));
    let (bureau, agency) = (tables.party_ids[&BUREAU], tables.party_ids[&AGENCY]);
    filters.push(HopFilter { from: Some(bureau), to: Some(agency), ..one() });
    filters.push(HopFilter { party: Some(agency), from: Some(bureau), ..one() });
    for at in [history.blocks[0].time, history.now(), history.now().plus(99 * DAY_MS)] {
        filters.push(HopFilter { overdue_at: Some(at), ..one() });
    }
    for filter in &filters {
        let shown = |hop: &&Arc<Hop>| shows(filter, hop, tables);
        let expected: Vec<HopId> = tables.hops.values().filter(shown).map(|hop| hop.id).collect();
        for newest_first in [false, true] {
            let mut found: Vec<HopId> = Vec::new();
            loop {
                let page = Page { after: found.last().copied(), limit: 2, newest_first, look_max: None };
                let some = views.hops_page(filter, page).await.unwrap().rows;
                if some.is_empty() {
                    break;
                }
                found.extend(some.iter().map(|hop| hop.id));
            }
            if newest_first {
                found.reverse();
            }
            assert_eq!(found, expected, "{filter:?}");
        }
        assert_eq!(views.hops_count(filter, None).await.unwrap().rows, u64::try_from(expected.len()).unwrap());
    }
    let overdue = HopFilter { overdue_at: Some(history.now()), ..one() };
    assert!(views.hops_count(&overdue, None).await.unwrap().rows > 0);
}

#[tokio::test]
async fn allocations_and_keys_are_listed() {
    let (_folder, views, history) = filled().await;
    let tables = &history.tables;
    let meals = AllocationFilter { purpose: Some("MEALS".to_owned()), ..Default::default() };
    let found = views.allocations_page(&meals, Page::oldest_first(None, 100)).await.unwrap().rows;
    assert_eq!(found.iter().map(|allocation| allocation.amount).collect::<Vec<_>>(), [700]);
    let december = AllocationFilter { cycle: Some("2026-12".to_owned()), ..Default::default() };
    assert_eq!(views.allocations_count(&december, None).await.unwrap().rows, 2);
    let all = views.allocations_page(&AllocationFilter::default(), Page::oldest_first(None, 100)).await.unwrap().rows;
    for treasury in [TREASURY, BUREAU].map(|id| tables.party_ids[&id]) {
        let filter = AllocationFilter { treasury: Some(treasury), ..Default::default() };
        let expected = all.iter().filter(|allocation| allocation.treasury == treasury).count();
        let count = views.allocations_count(&filter, None).await.unwrap();
        assert_eq!(count, Count::whole(expected));
    }

    let keys = views.keys_of_party(tables.party_ids[&super::history::BANK]).await.unwrap();
    assert_eq!(keys.iter().map(|key| key.revoked_by.is_some()).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test]
async fn empty_views_answer_with_nothing() {
    let (_folder, views) = views().await;
    assert_eq!(views.last_block().await.unwrap(), None);
    assert_eq!(views.block_as_of(Millis(0)).await.unwrap(), None);
    assert_eq!(views.tokens_count(&TokenFilter::default(), None).await.unwrap().rows, 0);
    assert_eq!(views.hop_at(HopId::MIN, 9).await.unwrap(), None);
    assert_eq!(format!("{:?}", views.load_resident().await.unwrap()), format!("{:?}", Tables::default()));
}

#[tokio::test]
async fn a_search_that_stops_at_its_bound_goes_on_from_there() {
    let (_folder, views, history) = filled().await;
    let tables = &history.tables;
    let agency = Some(tables.party_ids[&AGENCY]);
    let all = HopFilter::default;
    let filters = [
        HopFilter { state: Some(HopState::Short), ..all() },
        HopFilter { kind: Some(HopKind::Delivery), ..all() },
        HopFilter { party: agency, awaits_receiver: true, ..all() },
        HopFilter { party: agency, kind: Some(HopKind::Transfer), ..all() },
        all(),
    ];
    for filter in &filters {
        let expected: Vec<HopId> =
            tables.hops.values().filter(|hop| shows(filter, hop, tables)).map(|hop| hop.id).collect();
        for (newest_first, look_max, limit) in [(false, 1, 2), (true, 1, 2), (true, 2, 2), (false, 3, 1), (true, 3, 9)]
        {
            let mut found: Vec<HopId> = Vec::new();
            let mut after = None;
            loop {
                let page = Page { after, limit, newest_first, look_max: Some(look_max) };
                let some = views.hops_page(filter, page).await.unwrap();
                assert!(some.rows.len() <= usize::try_from(limit).unwrap());
                found.extend(some.rows.iter().map(|hop| hop.id));
                after = match (some.stopped_at, some.rows.last()) {
                    (Some(stop), _) => Some(stop),
                    (None, Some(last)) if some.rows.len() == usize::try_from(limit).unwrap() => Some(last.id),
                    (None, _) => break,
                };
            }
            if newest_first {
                found.reverse();
            }
            assert_eq!(found, expected, "{filter:?} {newest_first} {look_max}");
        }
        let whole = views.hops_count(filter, Some(1_000)).await.unwrap();
        assert_eq!(whole, Count::whole(expected.len()));
    }
    let few = views.hops_count(&all(), Some(3)).await.unwrap();
    assert_eq!(few, Count { rows: 3, whole: false });
    let short = views.hops_count(&filters[0], Some(3)).await.unwrap();
    assert!(!short.whole && short.rows <= 3);
}
