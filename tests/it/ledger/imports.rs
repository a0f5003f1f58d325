//! Tracking imports: rows in the books, sums by group, repeats, and the way back.

use aqueduct::ledger::lines::RowLine;
use aqueduct::ledger::operation::{Operation, TrackingImport};
use aqueduct::ledger::refusal::Refusal;
use aqueduct::ledger::registry::PartyKind;
use aqueduct::ledger::statement::HopSums;
use aqueduct::ledger::token::{HopKind, HopState};
use uuid::Uuid;

use super::acts::{allocate, reverse, write_off};
use super::world::{World, currency, cycle, minor};

fn row(number: u64, block: &str, official: i64, verified: i64) -> RowLine {
    RowLine {
        number,
        key: u128::from(number).to_be_bytes(),
        route: ["State", "District", block].map(str::to_owned).to_vec(),
        cycle: 0,
        date: Some("2025-06-30".parse().unwrap()),
        purpose: 0,
        official: minor(official),
        verified: minor(verified),
        official_quantity: Some(minor(10_000_000)),
        verified_quantity: Some(minor(8_000_000)),
    }
}

fn import(lines: &[RowLine]) -> Operation {
    let body = TrackingImport {
        currency: currency("INR"),
        cycles: vec![cycle("2025")],
        file: aqueduct::ledger::ids::PayloadDigest([3; 32]),
        mapping: aqueduct::ledger::ids::PayloadDigest([4; 32]),
        payees: "payees".to_owned(),
        programme: "TRACKED".to_owned(),
        purposes: vec!["WORKS".to_owned()],
        route: ["state", "district", "block"].map(str::to_owned).to_vec(),
    };
    Operation::TrackingImport(body, lines.to_vec())
}

fn world() -> (World, Uuid) {
    let mut world = World::begin();
    let auditor = world.party("Audit", PartyKind::Supervisor, "");
    (world, auditor)
}

/// Official, verified, then confirmed, unaccounted, surplus.
const ROWS: &[(i64, i64, i128, i128, i128)] =
    &[(100, 80, 80, 20, 0), (100, 0, 0, 100, 0), (100, 100, 100, 0, 0), (100, 130, 130, 0, 30), (0, 40, 40, 0, 40)];

#[test]
fn each_row_is_in_the_classes_that_the_table_gives() {
    for (official, verified, confirmed, unaccounted, surplus) in ROWS {
        let (mut w, auditor) = world();
        w.must(auditor, import(&[row(1, "Block", *official, *verified)]));
        let s = w.statement(|_| true);
        assert!(s.closes());
        assert_eq!(
            (s.allocated, s.surplus, s.confirmed, s.unaccounted),
            (i128::from(*official), *surplus, *confirmed, *unaccounted),
            "O = {official}, V = {verified}"
        );
        assert!(w.tables.hops.values().all(|hop| hop.reported && hop.figures.arrived.is_some()));
        let kinds: Vec<HopKind> = w.tables.hops.values().map(|hop| hop.kind).collect();
        match official {
            0 => assert_eq!(kinds, [HopKind::Delivery]),
            _ => assert_eq!(kinds, [HopKind::Transfer, HopKind::Transfer, HopKind::Delivery]),
        }
    }
}

#[test]
fn sums_of_an_import_are_those_of_its_columns() {
    let (mut w, auditor) = world();
    let lines: Vec<RowLine> =
        ROWS.iter().enumerate().map(|(n, r)| row(n as u64 + 1, ["A", "B"][n % 2], r.0, r.1)).collect();
    w.must(auditor, import(&lines));
    let (official, verified): (i64, i64) = (ROWS.iter().map(|r| r.0).sum(), ROWS.iter().map(|r| r.1).sum());
    let sums = w.hop_sums(None);
    assert_eq!(sums.loss, i128::from(official - verified));
    assert_eq!((sums.quantities.official, sums.quantities.verified), (i128::from(official), i128::from(verified)));
    // Narrow of the whole: 1 - 350/400.
    assert_eq!(w.statement(|_| true).narrow_rate().unwrap().to_string(), "0.125000");
    // By the last party of the route, whose deliveries alone lose: rows 1, 3, 5 are of block A.
    let mut of_a = HopSums::default();
    for hop in w.tables.hops.values() {
        let from = hop.from.map(|from| w.tables.parties[&from].label.clone());
        if from.as_deref() == Some("A") {
            of_a.add_hop(hop, w.now);
        }
    }
    assert_eq!(of_a.narrow_rate().unwrap().to_string(), "-0.100000");
    for party in w.tables.parties.values() {
        let [arrived, out, kept, lost, balance] = w.identity(party.id);
        assert_eq!(arrived, out + kept + lost + balance, "{}", party.label);
    }
}

#[test]
fn a_party_is_known_by_its_whole_path() {
    let (mut w, auditor) = world();
    let mut other = row(2, "Block", 10, 10);
    other.route[1] = "Another district".to_owned();
    w.must(auditor, import(&[row(1, "Block", 10, 10), other]));
    let blocks = w.tables.parties.values().filter(|party| party.label == "Block" && party.level == "block");
    assert_eq!(blocks.count(), 2, "equal names under other parents are other parties");
    w.must(auditor, import(&[row(3, "Block", 10, 10)]));
    let blocks = w.tables.parties.values().filter(|party| party.label == "Block" && party.level == "block");
    assert_eq!(blocks.count(), 2, "the same path is the same party");
}

#[test]
fn a_row_is_imported_once_until_its_import_is_reversed() {
    let (mut w, auditor) = world();
    let lines = [row(1, "A", 100, 80), row(2, "B", 0, 7), row(3, "B", 5, 0)];
    let entry = w.must(auditor, import(&lines));
    let repeated = w.try_to(auditor, import(&[row(9, "A", 1, 1), row(2, "B", 0, 7)]));
    assert_eq!(repeated, Err(Refusal::RowRepeated { number: 2, entry }));
    let twice = w.try_to(auditor, import(&[row(8, "A", 1, 1), row(8, "A", 1, 1)]));
    assert!(matches!(twice, Err(Refusal::Form { what }) if what.starts_with("line 1: its key")), "twice in one list");
    w.must(auditor, reverse(w.reference(entry, 0)));
    assert_eq!(w.statement(|_| true), Default::default(), "nothing is left");
    assert!(w.tables.hops.values().all(|hop| hop.state == HopState::Reversed && hop.live.is_empty()));
    assert!(w.tables.appropriations.values().all(|a| a.appropriated == 0 && a.allocated == 0));
    let again = w.try_to(auditor, reverse(w.reference(entry, 0)));
    assert!(matches!(again, Err(Refusal::NotReversible { .. })), "{again:?}");
    w.must(auditor, import(&lines));
    assert_eq!(w.statement(|_| true).unaccounted, 25);
}

#[test]
fn an_import_whose_money_was_touched_stays() {
    let (mut w, auditor) = world();
    let entry = w.must(auditor, import(&[row(1, "A", 100, 80)]));
    let missing = w.unspent().find(|token| token.is_findable()).unwrap().id;
    w.must(auditor, write_off(w.of_token(missing)));
    let refused = w.try_to(auditor, reverse(w.reference(entry, 0)));
    assert!(matches!(refused, Err(Refusal::NotReversible { .. })), "{refused:?}");
}

#[test]
fn reported_money_is_never_mixed_with_a_programme_that_signs_for_itself() {
    let (mut w, auditor) = world();
    let treasury = w.party("T", PartyKind::Treasury, "");
    w.programme(treasury, "TRACKED", "INR", 100);
    w.must(treasury, allocate("TRACKED", "INR", "2026-11", "BASIC", 10));
    assert_eq!(w.try_to(auditor, import(&[row(1, "A", 1, 1)])).unwrap_err().code(), "ALREADY_REGISTERED");
}

#[test]
fn malformed_imports_name_their_line() {
    let (mut w, auditor) = world();
    let mut short = row(2, "A", 1, 1);
    short.route.pop();
    let mut stray = row(2, "A", 1, 1);
    stray.cycle = 1;
    for bad in [row(2, "A", 0, 0), row(2, "", 1, 1), short, stray] {
        match w.try_to(auditor, import(&[row(1, "A", 1, 1), bad])) {
            Err(Refusal::Form { what }) => assert!(what.starts_with("line 1: "), "{what}"),
            other => panic!("{other:?}"),
        }
    }
    let mut future = row(1, "A", 1, 1);
    future.date = Some("2027-01-01".parse().unwrap());
    assert_eq!(w.try_to(auditor, import(&[future])).unwrap_err().code(), "OCCURRED_AHEAD");
}

#[test]
fn what_an_import_names_is_named_once_and_rows_have_numbers_that_all_readers_hold() {
    let (mut w, auditor) = world();
    let mut refused = |change: &dyn Fn(&mut TrackingImport, &mut RowLine)| {
        let Operation::TrackingImport(mut body, mut lines) = import(&[row(1, "A", 100, 80)]) else { unreachable!() };
        change(&mut body, &mut lines[0]);
        match w.try_to(auditor, Operation::TrackingImport(body, lines)) {
            Err(Refusal::Form { what }) => what.to_string(),
            other => panic!("{other:?}"),
        }
    };
    assert!(refused(&|body, _| body.cycles.push(cycle("2025"))).starts_with("cycles are stated once"));
    assert!(refused(&|body, _| body.purposes.push("WORKS".to_owned())).starts_with("purposes are stated once"));
    assert!(refused(&|body, _| body.route[2] = "state".to_owned()).starts_with("levels are stated once"));
    assert!(refused(&|_, row| row.number = 1 << 53).contains("2^53 - 1"));
    let Operation::TrackingImport(body, lines) = import(&[row((1 << 53) - 1, "A", 100, 80)]) else { unreachable!() };
    w.must(auditor, Operation::TrackingImport(body, lines));
}
