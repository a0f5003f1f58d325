//! Random histories against the bookkeeper: after every step both sets of books agree, every
//! statement closes, and every earlier report still gives what it gave.
//!
//! `AQUEDUCT_SEED` runs one history; `AQUEDUCT_HISTORIES` says how many.

use std::collections::BTreeMap;
use std::sync::Arc;

use aqueduct::ledger::admit::{self, Change};
use aqueduct::ledger::cell::Sums;
use aqueduct::ledger::hop::Hop;
use aqueduct::ledger::ids::{AllocationId, HopId, PartyKey};
use aqueduct::ledger::needs::{Needs, lacking};
use aqueduct::ledger::records::Records;
use aqueduct::ledger::state::{Layer, Tables};
use aqueduct::ledger::statement::Statement;
use aqueduct::ledger::token::{HopKind, Origin, Token, TokenState};

use super::bookkeeper::{Pot, Purse};
use super::history::{Attempt, History, MONEY};
use super::world::currency;

/// How many histories by default.
const HISTORIES: u64 = 100;

fn seeds() -> Vec<u64> {
    let read = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    match read("AQUEDUCT_SEED") {
        Some(seed) => vec![seed],
        None => (1..=read("AQUEDUCT_HISTORIES").unwrap_or(HISTORIES)).collect(),
    }
}

/// Runs each history; the seed of one that fails is printed.
fn each_history(mut check: impl FnMut(&mut History)) {
    for seed in seeds() {
        let mut history = History::begin(seed);
        let steps = history.dice.from(60, 120);
        let run = std::panic::AssertUnwindSafe(|| {
            for _ in 0..steps {
                history.step();
                check(&mut history);
            }
            finish(&history);
        });
        if let Err(panic) = std::panic::catch_unwind(run) {
            eprintln!("the history of seed {seed} failed: run it again with AQUEDUCT_SEED={seed}");
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn ledger_and_bookkeeper_agree_after_every_step_of_random_histories() {
    let mut accepted = BTreeMap::new();
    let mut refused = BTreeMap::new();
    each_history(|history| {
        if let Some(attempt) = history.attempts.last() {
            match &attempt.answer {
                Ok(_) => *accepted.entry(attempt.stated.operation.kind()).or_insert(0) += 1,
                Err(refusal) => *refused.entry(refusal.code()).or_insert(0) += 1,
            }
        }
        hops_agree(history);
        purses_agree(history);
        statements_close(history);
        // A party in turn after each step, everybody at the end.
        let everybody = history.everybody();
        let turn = history.attempts.len() % everybody.len();
        identities_hold(history, everybody.into_iter().skip(turn).take(1));
        let at = history.dice.from(0, history.snapshots.len() as i64 - 1) as usize;
        report_is_the_same(history, at);
    });
    println!("accepted {accepted:?}\nrefused {refused:?}");
}

/// Whether a token stays on its hop: neither with a party nor kept by one.
fn lies_on_hop(token: &Token) -> bool {
    token.hop.is_some() && (token.holder.is_none() || token.state == TokenState::Confirmed)
}

fn hops_agree(history: &History) {
    let world = &history.world;
    assert_eq!(world.tables.hops.len(), history.book.hops.len());
    let mut on: BTreeMap<HopId, Vec<&Token>> = BTreeMap::new();
    for token in world.unspent().filter(|token| lies_on_hop(token)) {
        on.entry(token.hop.unwrap()).or_default().push(token);
    }
    for (id, hop) in &world.tables.hops {
        let book = &history.book.hops[id];
        let tokens = on.remove(id).unwrap_or_default();
        let ids: Vec<_> = tokens.iter().map(|token| token.id).collect();
        assert_eq!(hop.live, ids, "hop {id} lists exactly the unspent tokens that stay on it");
        let sum = |wanted: &dyn Fn(&Token) -> bool| -> i64 {
            tokens.iter().filter(|token| wanted(token)).map(|token| token.amount).sum()
        };
        let state = |state: TokenState| sum(&|token| token.state == state);
        let beyond = sum(&|token| token.state == TokenState::Missing && !token.is_findable());
        assert_eq!(
            [
                state(TokenState::InTransit),
                state(TokenState::Booked),
                state(TokenState::Confirmed),
                state(TokenState::Disputed),
                state(TokenState::Deducted),
                beyond,
                state(TokenState::Missing) - beyond,
            ],
            [book.in_transit, book.booked, book.confirmed, book.disputed, book.deducted, book.beyond, book.missing],
            "classes of hop {id}: {hop:?} {book:?}"
        );
        assert_eq!(
            (hop.sent, hop.figures.deducted, hop.refused, hop.figures.arrived, hop.credited, hop.bounced_home),
            (book.s, book.f, book.q, book.r, book.x, book.bounced_home),
            "figures of hop {id}"
        );
        assert_eq!(hop.shortfall(), book.shortfall());
        assert_eq!((hop.kind, hop.from_balance, hop.due.0), (book.kind, book.from_balance, book.due), "hop {id}");
        let party = |key| world.tables.parties[&key].id;
        assert_eq!(
            (hop.from.map(party), party(hop.to), party(hop.accountable)),
            (book.from, book.to, book.accountable)
        );
        assert_eq!(hop.state, book.state(), "state of hop {id}: {hop:?}");
        tokens.iter().for_each(|token| attribution(history, token, Some(hop)));
    }
    assert!(on.is_empty(), "no token lies on a hop that does not exist");
}

/// The last that signed for holding the money is accountable; its area counts, or for a
/// delivery the receiver's.
fn attribution(history: &History, token: &Token, hop: Option<&Arc<Hop>>) {
    let parties = &history.world.tables.parties;
    let (accountable, area) = match hop {
        Some(hop) if hop.kind == HopKind::Delivery => (hop.accountable, parties[&hop.to].area),
        Some(hop) => (hop.accountable, parties[&hop.accountable].area),
        None => (token.holder.unwrap(), parties[&token.holder.unwrap()].area),
    };
    assert_eq!((token.accountable, token.area), (accountable, area), "attribution of {token:?}");
    assert!(!parties[&token.accountable].kind.is_payee(), "a payee is never accountable");
    assert_eq!(token.hop_kind, token.hop.map(|hop| history.world.tables.hops[&hop].kind));
    assert_eq!(token.allocation, token.hop.map_or(token.allocation, |hop| history.world.tables.hops[&hop].allocation));
    let due = hop.filter(|_| token.state == TokenState::InTransit).map(|hop| hop.due);
    assert_eq!(token.due, due);
}

fn purses_agree(history: &History) {
    let world = &history.world;
    let mut purses: BTreeMap<(uuid::Uuid, Purse), i64> = BTreeMap::new();
    for token in world.unspent().filter(|token| !lies_on_hop(token)) {
        attribution(history, token, None);
        match history.pot(token) {
            Pot::With(party, purse) => *purses.entry((party, purse)).or_default() += token.amount,
            pot => panic!("{pot:?} is on a hop"),
        }
    }
    let mut expected = history.book.purses.clone();
    expected.retain(|_, amount| *amount != 0);
    assert_eq!(purses, expected, "what parties have and kept");
}

/// The node identity, from the bookkeeper's numbers and again from the ledger's.
fn identities_hold(history: &History, parties: impl Iterator<Item = uuid::Uuid>) {
    let world = &history.world;
    parties.for_each(|party| {
        let [arrived, out, kept, lost] = history.book.flows(party);
        let balance = history.book.balance(party);
        assert_eq!(arrived, out + kept + lost + balance, "the node identity of {party}");
        assert_eq!(world.identity(party), [arrived, out, kept, lost, balance], "the flows of {party}");
    });
}

fn groups<K: Ord>(history: &History, key: impl Fn(&Token) -> K) -> BTreeMap<K, Statement> {
    let mut groups: BTreeMap<K, Statement> = BTreeMap::new();
    let at = history.world.now;
    history.world.unspent().for_each(|token| groups.entry(key(token)).or_default().add_token(token, at));
    groups
}

fn statements_close(history: &History) {
    let tables = &history.world.tables;
    let total = history.world.statement(|_| true);
    let check = |name: &str, groups: Vec<Statement>| {
        let mut sum = Sums::default();
        for group in groups {
            assert!(group.closes(), "a group by {name} closes: {group:?}");
            sum.add(&Sums { statement: group, ..Sums::default() });
        }
        assert_eq!(sum.statement, total, "the groups by {name} add up");
    };
    let by_allocation = groups(history, |token| token.allocation);
    for (id, (_, allocated, surplus)) in &history.book.allocations {
        let statement = by_allocation.get(id).copied().unwrap_or_default();
        assert_eq!((statement.allocated, statement.surplus), (i128::from(*allocated), i128::from(*surplus)));
        assert_eq!(tables.allocations[id].amount, *allocated);
    }
    check("allocation", by_allocation.into_values().collect());
    check("party", groups(history, |token| token.accountable).into_values().collect());
    check("area", groups(history, |token| token.area).into_values().collect());
    check("hop kind", groups(history, |token| token.hop_kind).into_values().collect());
    let allocation = |token: &Token| &tables.allocations[&token.allocation];
    check("cycle", groups(history, |t| allocation(t).cycle.clone()).into_values().collect());
    check("purpose", groups(history, |t| allocation(t).purpose.clone()).into_values().collect());
    for money in MONEY {
        let money = currency(money);
        let unspent: i64 = history.world.unspent().filter(|t| allocation(t).currency == money).map(|t| t.amount).sum();
        assert_eq!(unspent, tables.totals.get(&money).copied().unwrap_or(0), "all money of {money}");
    }
    // Allocated money is what the appropriations say.
    let appropriated: i64 = tables.appropriations.values().map(|a| a.allocated).sum();
    assert_eq!(i128::from(appropriated), total.allocated);
    overdue_is_what_passed_its_due(history, &total);
}

fn overdue_is_what_passed_its_due(history: &History, total: &Statement) {
    let now = history.world.now.0;
    let (mut in_transit, mut overdue) = (0_i128, 0_i128);
    for hop in history.book.hops.values() {
        *(if now > hop.due { &mut overdue } else { &mut in_transit }) += i128::from(hop.in_transit);
    }
    assert_eq!((total.in_transit, total.overdue), (in_transit, overdue));
}

/// A token has one parent, of the same allocation; what an allocation made has none, and a
/// surplus has the token its hop was sent with.
fn origins_and_parents(history: &History) {
    let tables = &history.world.tables;
    for token in tables.tokens.values() {
        assert!(token.amount > 0);
        match token.parent.map(|parent| &tables.tokens[&parent]) {
            Some(parent) => {
                assert_eq!(parent.allocation, token.allocation);
                assert!(parent.id < token.id && parent.spent_by.is_some());
                let inherited = parent.origin == token.origin;
                assert!(inherited || (token.claim.is_some() && token.origin == Origin::Surplus), "{token:?}");
            }
            None => assert!(token.claim.is_some() || token.origin == Origin::Allocation, "{token:?}"),
        }
    }
}

/// A report of an earlier moment, from the tokens of today.
fn report_is_the_same(history: &History, snapshot: usize) {
    let snapshot = &history.snapshots[snapshot];
    let tables = &history.world.tables;
    for (money, before) in &snapshot.statements {
        let mut now = Statement::default();
        let money = currency(money);
        for token in tables.tokens.values() {
            let existed = token.id.0.entry() < snapshot.entries
                && token.spent_by.is_none_or(|by| by >= snapshot.entries)
                && tables.allocations[&token.allocation].currency == money;
            if existed {
                now.add_token(token, snapshot.at);
            }
        }
        assert_eq!(now, *before, "as of {} in {money}", snapshot.at);
    }
}

/// At the end: every report, replays, and the same history told again and told by its facts.
fn finish(history: &History) {
    (0..history.snapshots.len()).for_each(|at| report_is_the_same(history, at));
    identities_hold(history, history.everybody().into_iter());
    origins_and_parents(history);
    let mut again = Tables::default();
    let mut by_facts = Tables::default();
    for admitted in &history.world.history {
        let change = admit::admit(&Layer::bottom(&again), &admitted.stated, admitted.context).unwrap().change;
        assert_eq!(bytes(&change), bytes(&admitted.change), "the same history gives the same bytes");
        again.apply(&change.facts);
        by_facts.apply(&admitted.change.facts);
        let replayed = admit::replay(&Layer::bottom(&again), &admitted.stated).unwrap().unwrap();
        assert_eq!(replayed.entry, admitted.context.entry, "a replay gets the first answer");
    }
    assert_same(&again, &history.world.tables);
    assert_same(&by_facts, &history.world.tables);
    assert!(history.world.tables.are_whole());
}

pub fn bytes(change: &Change) -> Vec<u8> {
    let mut bytes = Vec::new();
    change.facts.iter().for_each(|fact| fact.encode(&mut bytes));
    bytes
}

fn assert_same(one: &Tables, other: &Tables) {
    assert_eq!(one.areas, other.areas);
    assert_eq!(one.parties, other.parties);
    assert_eq!(one.keys, other.keys);
    assert_eq!(one.programmes, other.programmes);
    assert_eq!(one.appropriations, other.appropriations);
    assert_eq!(one.totals, other.totals);
    assert_eq!(one.allocations, other.allocations);
    assert_eq!(one.tokens, other.tokens);
    assert_eq!(one.hops, other.hops);
    assert_eq!(one.operations, other.operations);
    assert_eq!(one.rows, other.rows);
}

/// The resident tables of the full books, with nothing of what the bottom layer may lack.
fn residents(full: &Tables) -> Tables {
    Tables {
        allocations: BTreeMap::new(),
        tokens: Records::default(),
        hops: Records::default(),
        operations: Records::default(),
        rows: BTreeMap::new(),
        ..full.clone()
    }
}

/// Copies what is named from the full books, where it exists.
fn fetch(full: &Tables, needs: &Needs, thin: &mut Tables) {
    let books = Layer::bottom(full);
    for id in &needs.operations {
        let found = full.operations.range((*id, PartyKey::MIN)..=(*id, PartyKey::MAX));
        found.for_each(|recorded| thin.operations.insert(recorded));
    }
    needs.tokens.iter().filter_map(|id| full.tokens.get(id)).for_each(|token| thin.tokens.insert(token));
    needs.hops.iter().filter_map(|id| full.hops.get(id)).for_each(|hop| thin.hops.insert(hop));
    let allocations = needs.allocations.iter().filter_map(|id: &AllocationId| full.allocations.get(id));
    thin.allocations.extend(allocations.map(|a| (a.id, a.clone())));
    thin.rows.extend(needs.rows.iter().filter_map(|key| Some((*key, *full.rows.get(key)?))));
    for entry in &needs.entries {
        books.tokens_of_entry(*entry).into_iter().for_each(|token| thin.tokens.insert(token));
        books.hops_of_entry(*entry).into_iter().for_each(|hop| thin.hops.insert(hop));
        thin.allocations.extend(books.allocations_of_entry(*entry).into_iter().map(|a| (a.id, a.clone())));
    }
}

#[test]
fn admission_reads_nothing_but_what_lacking_names() {
    let mut named = 0;
    let mut most = 0;
    for seed in seeds().into_iter().take(60) {
        let mut history = History::begin(seed);
        let before = Tables::clone(&history.world.tables);
        let set_up = history.world.history.len() as u64;
        (0..100).for_each(|_| history.step());
        let mut full = before;
        for Attempt { stated, context, answer } in &history.attempts {
            assert!(context.entry >= set_up);
            let mut thin = residents(&full);
            let mut asked = Needs::default();
            let mut rounds = 0;
            loop {
                let mut new = lacking(&Layer::bottom(&thin), stated);
                new.remove(&asked);
                if new.is_empty() {
                    break;
                }
                fetch(&full, &new, &mut thin);
                asked.add(new);
                rounds += 1;
            }
            named += asked.tokens.len() + asked.hops.len();
            most = most.max(rounds);
            let found = admit::admit(&Layer::bottom(&thin), stated, *context).map(|admitted| admitted.change);
            assert_eq!(&found, answer, "seed {seed}: {stated:?}");
            if let Ok(change) = found {
                full.commit(&change);
            }
        }
    }
    println!("{named} tokens and hops named, at most {most} rounds");
    assert!(most <= 6, "each round follows one more step of references");
}
