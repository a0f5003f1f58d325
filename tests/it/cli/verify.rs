//! Whatever is changed in the stored files is found, with its place.

use std::fs;
use std::path::Path;

use aqueduct::ledger::case::CaseMove;
use aqueduct::ledger::lines::ParticularLine;
use aqueduct::ledger::note::{Particular, RecipientStatus};
use aqueduct::ledger::operation::{CaseStep, FlagReview, Operation, RecipientRecord};
use aqueduct::ledger::time::DAY_MS;
use aqueduct::store::chain::ChainStore;
use aqueduct::store::faults::Faults;
use sea_orm::{ConnectionTrait, Statement, Value as SqlValue};
use serde_json::Value;

use super::{Place, Ran, run_in, second_table, small_table};
use crate::database;
use crate::world::{START, World, inr, minor, reference};

/// A directory whose chain has several blocks, and the views as they were before the last one.
struct Base {
    place: Place,
}

impl Base {
    fn new() -> Self {
        let place = Place::new();
        place.import("one.csv", &small_table()).expect(0);
        copy(&place.data(), &place.file("before"));
        place.import("two.csv", &second_table()).expect(0);
        Self { place }
    }

    /// A copy of the directory to be tampered with.
    fn copy(&self, name: &str) -> std::path::PathBuf {
        let to = self.place.file(name);
        copy(&self.place.data(), &to);
        to
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_dir() {
            continue;
        }
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
    database::copy(from, to);
}

fn verify(directory: &Path) -> Ran {
    run_in(directory, &["verify", "--json"])
}

/// Changes rows of a store by hand; at least one must change.
async fn tamper(directory: &Path, store: &str, sql: &str) {
    let database = database::beside(directory, store).await;
    let mut changed = 0;
    for sql in sql.split(';') {
        changed += database.execute_unprepared(sql).await.unwrap().rows_affected();
    }
    assert!(changed > 0, "{sql} changes nothing");
    database.close().await.unwrap();
}

/// Changes one byte of a block's header or body.
async fn flip(directory: &Path, column: &str, height: i64, at: impl Fn(usize) -> usize) {
    let change = |bytes: &mut Vec<u8>| {
        let at = at(bytes.len());
        bytes[at] ^= 1;
    };
    change_bytes(directory, "chain", &format!("blocks WHERE height = {height}"), column, change).await;
}

/// Changes the bytes of a column of one row of a store.
async fn change_bytes(directory: &Path, store: &str, row: &str, column: &str, change: impl Fn(&mut Vec<u8>)) {
    let (table, condition) = row.split_once(" WHERE ").unwrap();
    let database = database::beside(directory, store).await;
    let backend = database.get_database_backend();
    let sql = format!("SELECT {column} FROM {row}");
    let row = database.query_one_raw(Statement::from_string(backend, sql)).await.unwrap().unwrap();
    let mut bytes: Vec<u8> = row.try_get("", column).unwrap();
    change(&mut bytes);
    let sql = format!("UPDATE {table} SET {column} = $1 WHERE {condition}");
    let values = [SqlValue::from(bytes)];
    let done = database.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.unwrap();
    assert_eq!(done.rows_affected(), 1);
    database.close().await.unwrap();
}

/// The fault that is found, which must be one.
#[track_caller]
fn fault(directory: &Path) -> Value {
    let ran = verify(directory).expect(4);
    assert!(ran.err.starts_with("error: "), "{}", ran.err);
    let found = ran.json();
    assert_eq!(found["ok"], false);
    found["fault"].clone()
}

#[tokio::test]
async fn every_changed_row_of_the_views_is_found_and_a_rebuild_mends_it() {
    let base = Base::new();
    let sound = verify(&base.place.data()).expect(0).json();
    assert_eq!(sound["ok"], true);
    for table in [
        "areas",
        "parties",
        "officer_keys",
        "programmes",
        "appropriations",
        "allocations",
        "tokens",
        "hops",
        "imported_rows",
        "totals",
        "blocks",
        "operations",
        "tiles",
        "funds",
        "cells",
        "cell_rows",
    ] {
        assert!(sound["checked"]["viewRows"][table].as_u64().unwrap() > 0, "{table} is compared");
    }
    let report = run_in(&base.place.data(), &["report", "--by", "party", "--format", "json"]).expect(0).json();
    let cases = [
        ("tokens", "UPDATE tokens SET amount = amount + 1 WHERE id = (SELECT MAX(id) FROM tokens)"),
        ("tokens", "UPDATE tokens SET spent_by = NULL WHERE id = (SELECT MIN(id) FROM tokens)"),
        ("tokens", "DELETE FROM tokens WHERE id = (SELECT MAX(id) FROM tokens)"),
        ("hops", "UPDATE hops SET arrived = arrived - 1 WHERE id = (SELECT MAX(id) FROM hops)"),
        ("hops", "DELETE FROM hops WHERE id = (SELECT MIN(id) FROM hops)"),
        ("allocations", "UPDATE allocations SET purpose = 'OTHER' WHERE id = (SELECT MAX(id) FROM allocations)"),
        ("appropriations", "UPDATE appropriations SET appropriated = appropriated + 1"),
        ("parties", "UPDATE parties SET label = 'Nobody' WHERE key = (SELECT MAX(key) FROM parties)"),
        ("areas", "UPDATE areas SET path = 'Elsewhere' WHERE id = (SELECT MAX(id) FROM areas)"),
        ("officer_keys", "UPDATE officer_keys SET revoked_by = 1"),
        ("programmes", "UPDATE programmes SET label = 'Other'"),
        ("totals", "UPDATE totals SET total = total - 1"),
        ("operations", "UPDATE operations SET recorded_at = recorded_at + 1 WHERE entry = 2"),
        ("operations", "UPDATE operations SET leaf = zeroblob(32) WHERE entry = 2"),
        ("blocks", "UPDATE blocks SET time = time + 1 WHERE height = 1"),
        ("tiles", "UPDATE tiles SET bytes = zeroblob(length(bytes))"),
        ("imported_rows", "DELETE FROM imported_rows"),
        ("imported_rows", "INSERT INTO imported_rows (key, entry) VALUES (zeroblob(16), 1)"),
        ("funds", "UPDATE funds SET purpose = 'OTHER' WHERE id = 0"),
        ("cells", "UPDATE cells SET area = area + 1 WHERE id = (SELECT MAX(id) FROM cells)"),
        ("cells", "UPDATE cells SET sheet = 99 WHERE id = (SELECT MIN(id) FROM cells)"),
        ("cell_rows", "DELETE FROM cell_rows WHERE cell = (SELECT MAX(id) FROM cells WHERE sheet = 0)"),
        ("tokens", "UPDATE tokens SET state = 99 WHERE id = (SELECT MAX(id) FROM tokens)"),
        ("tokens", "UPDATE tokens SET amount = 'much' WHERE id = (SELECT MAX(id) FROM tokens)"),
    ];
    for (number, (table, sql)) in cases.into_iter().enumerate() {
        if sql.contains("'much'") && database::is_for_sqlite_only() {
            continue;
        }
        let directory = base.copy(&format!("views-{number}"));
        tamper(&directory, "views", sql).await;
        let found = fault(&directory);
        assert_eq!((&found["store"], &found["table"]), (&"views".into(), &table.into()), "{sql}: {found:#}");
        for (change, field) in
            [("label = 'Nobody'", "label: here \"Nobody\", from the chain"), ("arrived -", "arrived: here ")]
        {
            let what = found["what"].as_str().unwrap();
            assert!(!sql.contains(change) || what.contains(field), "the field is named: {what}");
        }
        run_in(&directory, &["rebuild"]).expect(0);
        assert_eq!(verify(&directory).expect(0).json(), sound, "{sql}");
        let again = run_in(&directory, &["report", "--by", "party", "--format", "json"]).expect(0).json();
        assert_eq!(again, report);
        fs::remove_dir_all(&directory).unwrap();
        database::forget(&directory);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_note_and_a_changed_version_of_a_case_are_found() {
    let mut world = World::start().await;
    let died = Particular::Status(RecipientStatus::Deceased);
    let line = ParticularLine { person: world.recipients[0].party, particular: died, since: "2024-11-03".parse().ok() };
    world.record(&world.registrar, Operation::RecipientRecord(RecipientRecord {}, vec![line])).await;
    let deadline = START.plus(10 * DAY_MS);
    let review = FlagReview {
        accused: Some(world.bureau.party),
        amount: minor(5),
        currency: inr(),
        deadline,
        finding: world.next_id(),
        hops: Vec::new(),
        reason: "found".to_owned(),
        rule: "L01".to_owned(),
        rule_version: 1,
    };
    let case = reference(&world.record(&world.supervisor, Operation::FlagReview(review)).await, 0);
    let step = CaseStep { amount: None, case, deadline, reason: "looked into".to_owned(), step: CaseMove::Traced };
    world.record(&world.supervisor, Operation::CaseStep(step)).await;
    world.node().catch_up().await;
    world.stop().await;
    let sound = verify(world.path()).expect(0).json();
    for (table, rows) in [("notes", 1), ("case_versions", 2)] {
        assert_eq!(sound["checked"]["viewRows"][table], rows, "{table} is compared");
    }
    let cases = [
        ("notes", "UPDATE notes SET body = replace(body, 'DECEASED', 'ACTIVE')"),
        ("notes", "UPDATE notes SET subject = NULL"),
        ("notes", "DELETE FROM notes"),
        (
            "case_versions",
            "UPDATE case_versions SET body = replace(body, 'found', 'fine') WHERE version = id / 1048576",
        ),
        ("case_versions", "UPDATE case_versions SET body = replace(body, 'into', 'at') WHERE version > id / 1048576"),
        ("case_versions", "DELETE FROM case_versions WHERE version = id / 1048576"),
        ("case_versions", "DELETE FROM case_versions WHERE version > id / 1048576"),
    ];
    for (number, (table, sql)) in cases.into_iter().enumerate() {
        let directory = world.path().join(format!("changed-{number}"));
        copy(world.path(), &directory);
        tamper(&directory, "views", sql).await;
        let found = fault(&directory);
        assert_eq!((&found["store"], &found["table"]), (&"views".into(), &table.into()), "{sql}: {found:#}");
        run_in(&directory, &["rebuild"]).expect(0);
        assert_eq!(verify(&directory).expect(0).json(), sound, "{sql}");
        database::forget(&directory);
    }
}

/// A figure that stands twice in a cell's bytes could be read as the last or as the sum of both.
#[tokio::test]
async fn a_cell_in_another_form_than_its_own_is_found() {
    let base = Base::new();
    let longest = "length(sums) = (SELECT MAX(length(sums)) FROM cell_rows)";
    let cell = format!("(SELECT MIN(cell) FROM cell_rows WHERE {longest})");
    let height = format!("(SELECT MIN(height) FROM cell_rows WHERE {longest} AND cell = {cell})");
    let row = format!("cell_rows WHERE cell = {cell} AND height = {height}");
    let twice = |bytes: &mut Vec<u8>| {
        let figure_ends = 2 + bytes[2..].iter().position(|byte| *byte < 0x80).unwrap();
        let pair = bytes[1..=figure_ends].to_vec();
        bytes[0] += 2;
        bytes.splice(1..1, pair);
    };
    change_bytes(&base.place.data(), "views", &row, "sums", twice).await;
    let found = fault(&base.place.data());
    assert_eq!((&found["store"], &found["table"]), (&"views".into(), &"cell_rows".into()), "{found:#}");
}

/// The number of a block's row is not signed: a start goes by the headers.
#[tokio::test]
async fn a_block_under_another_height_is_not_passed_over_at_the_start() {
    let base = Base::new();
    database::remove(&base.place.data(), "views");
    tamper(&base.place.data(), "chain", "UPDATE blocks SET height = height + 40 WHERE height > 2").await;
    for _ in 0..2 {
        let ran = run_in(&base.place.data(), &["rebuild"]).expect(4);
        assert!(ran.err.contains("block 3: the block is missing"), "{}", ran.err);
    }
    assert!(fault(&base.place.data())["what"].as_str().unwrap().contains("the block is missing"));
}

#[tokio::test]
async fn every_changed_byte_and_place_of_the_chain_is_found() {
    let base = Base::new();
    let blocks = verify(&base.place.data()).expect(0).json()["checked"]["blocks"].as_i64().unwrap();
    assert!(blocks >= 6, "{blocks}");
    let last = blocks - 1;
    let check = async |name: &str, sql: &str, block: i64, what: &str| {
        let directory = base.copy(name);
        tamper(&directory, "chain", sql).await;
        let found = fault(&directory);
        assert_eq!((&found["store"], &found["block"]), (&"chain".into(), &block.into()), "{sql}: {found:#}");
        assert!(found["what"].as_str().unwrap().contains(what), "{sql}: {found:#}");
    };
    check("missing", "DELETE FROM blocks WHERE height = 3", 3, "missing").await;
    check("first", "DELETE FROM blocks WHERE height = 0", 0, "missing").await;
    check("end", &format!("DELETE FROM blocks WHERE height = {last}"), last, "the end of the chain is missing").await;
    let swap = "UPDATE blocks SET height = 100 WHERE height = 2; UPDATE blocks SET height = 2 WHERE height = 3; \
                UPDATE blocks SET height = 3 WHERE height = 100";
    check("swapped", swap, 2, "the block of height 3 stands in its place").await;
    for column in ["time", "entry_count", "first_entry"] {
        check(column, &format!("UPDATE blocks SET {column} = {column} + 1 WHERE height = 2"), 2, column).await;
    }
    for column in ["digest", "previous"] {
        check(column, &format!("UPDATE blocks SET {column} = zeroblob(32) WHERE height = 2"), 2, column).await;
    }
    // All of these are examined at the same time; the first in order is told.
    let directory = base.copy("several");
    for height in [last, 4, 2] {
        flip(&directory, "body", height, |bytes| bytes / 2).await;
    }
    assert_eq!(fault(&directory)["block"], 2);
    tamper(&directory, "chain", "DELETE FROM blocks WHERE height = 1").await;
    assert_eq!(fault(&directory)["block"], 1);
    let directory = base.copy("all");
    tamper(&directory, "chain", "DELETE FROM blocks").await;
    assert_eq!(fault(&directory)["store"], "chain");

    // Bytes at several places of the header and the body. Only the last block's digest of
    // changes, time and proposer are confirmed by nothing behind them, and the columns beside
    // the block tell even those.
    for height in [0, 2, last] {
        // The check is the same on any database, and a copy of one takes its time.
        let parts = if database::is_postgres() { [3, 2] } else { [23, 11] };
        for (column, parts) in ["header", "body"].into_iter().zip(parts) {
            for part in 0..parts {
                let directory = base.copy("flipped");
                flip(&directory, column, height, |bytes| bytes * part / parts).await;
                let found = fault(&directory);
                assert_eq!(found["store"], "chain", "{column} {height} {part}: {found:#}");
                assert_eq!(found["block"], height, "{column} {height} {part}: {found:#}");
                fs::remove_dir_all(&directory).unwrap();
                database::forget(&directory);
            }
        }
    }
}

#[tokio::test]
async fn views_behind_the_chain_are_no_fault_and_a_shorter_chain_is() {
    let base = Base::new();
    let (before, data) = (base.place.file("before"), base.place.data());
    let height = verify(&data).expect(0).json()["head"]["height"].as_u64().unwrap();

    // The views of yesterday beside the chain of today: they lag.
    let lagging = base.copy("lagging");
    database::replace(&before, &lagging, "views");
    let found = verify(&lagging).expect(0).json();
    assert_eq!((&found["views"]["blocksBehind"], &found["head"]["height"]), (&1.into(), &height.into()));
    // Any start brings them up.
    run_in(&lagging, &["rebuild"]).expect(0);
    assert_eq!(verify(&lagging).expect(0).json()["views"]["blocksBehind"], 0);

    // Without views there is nothing to compare, and nothing wrong.
    let without = base.copy("without");
    database::remove(&without, "views");
    assert_eq!(verify(&without).expect(0).json()["views"]["blocksBehind"], height + 1);

    // The chain of yesterday beside the views of today: its end is missing.
    let rolled_back = base.copy("rolled-back");
    database::replace(&before, &rolled_back, "chain");
    let found = fault(&rolled_back);
    assert_eq!((&found["store"], &found["block"]), (&"chain".into(), &height.into()));
    refuses(&rolled_back, &["rebuild"]);
    assert_eq!(fault(&rolled_back), found, "what tells of it is kept");
    // Only a node of another chain has these views.
    let other = Place::new();
    other.import("one.csv", &second_table()).expect(0);
    let mixed = base.copy("mixed");
    database::replace(&other.data(), &mixed, "views");
    assert_eq!(fault(&mixed)["store"], "views");
    refuses(&mixed, &["rebuild"]);

    // What this node signed binds it.
    let signed = base.copy("signed");
    let sql = format!(
        "INSERT INTO settings (name, value) VALUES ('last_signed_checkpoint', unhex('{:016x}{}'))",
        height + 100,
        "00".repeat(32)
    );
    tamper(&signed, "node", &sql).await;
    assert_eq!(fault(&signed)["store"], "node");
    refuses(&signed, &["rebuild"]);
    tamper(
        &signed,
        "node",
        "UPDATE settings SET value = unhex('0000000000000001') || zeroblob(32) WHERE name LIKE 'last%'",
    )
    .await;
    refuses(&signed, &["rebuild"]);
}

#[tokio::test]
async fn no_chain_begins_where_one_was_lost() {
    let base = Base::new();
    // The views still tell of it, and then what this node signed.
    let emptied = base.copy("emptied");
    tamper(&emptied, "chain", "DELETE FROM blocks").await;
    let table = base.place.path("one.csv");
    let import = ["import", "tracking", &table, "--mapping", &base.place.path("map.toml")];
    for command in [&["init"][..], &["rebuild"], &import] {
        refuses(&emptied, command);
    }
    database::remove(&emptied, "chain");
    refuses(&emptied, &["init"]);
    database::remove(&emptied, "views");
    let sql = "INSERT INTO settings (name, value) VALUES ('last_signed_checkpoint', unhex('0000000000000003') || zeroblob(32))";
    tamper(&emptied, "node", sql).await;
    refuses(&emptied, &["init"]);
    assert!(!database::has(&emptied, "chain").await, "nothing is written");
}

/// A command that would hide that the end of the chain is missing.
#[track_caller]
fn refuses(directory: &Path, command: &[&str]) {
    let ran = run_in(directory, command).expect(4);
    for what in ["the end of the chain is missing", "bring the chain back from a copy that verifies"] {
        assert!(ran.err.contains(what), "{what} in {}", ran.err);
    }
    assert!(!ran.err.contains("aqueduct rebuild") && ran.out.is_empty(), "{} {}", ran.out, ran.err);
}

#[test]
fn files_that_are_no_databases_are_faults() {
    if database::is_for_sqlite_only() {
        return;
    }
    let base = Base::new();
    for store in ["chain", "views", "node"] {
        let directory = base.copy(&format!("garbage-{store}"));
        database::remove(&directory, store);
        fs::write(directory.join(format!("{store}.db")), "this is no database".repeat(1_000)).unwrap();
        let found = fault(&directory);
        assert_eq!(found["store"], store, "{found:#}");
    }
    // Even such views are made anew.
    let directory = base.place.file("garbage-views");
    run_in(&directory, &["rebuild"]).expect(0);
    verify(&directory).expect(0);
}

#[test]
fn verifying_leaves_nothing_behind() {
    let base = Base::new();
    verify(&base.place.data()).expect(0);
    let names: Vec<String> = fs::read_dir(base.place.data())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("verify"))
        .collect();
    assert!(names.is_empty(), "{names:?}");
    let text = run_in(&base.place.data(), &["verify"]).expect(0).out;
    assert!(text.contains("Everything is in order."), "{text}");
}

#[tokio::test]
async fn a_chain_that_was_never_begun_is_no_broken_one() {
    let place = Place::new();
    fs::create_dir(place.data()).unwrap();
    // As a beginning leaves it that is broken off: the store is there, and no block in it.
    let store = ChainStore::open(&database::of(&place.data()).chain(), Faults::default()).await.unwrap();
    store.close().await.unwrap();
    let told = verify(&place.data()).expect(2).err;
    assert!(told.contains("there is no chain in") && told.contains("`aqueduct init`"), "{told}");
    place.run(&["init"]).expect(0);
    verify(&place.data()).expect(0);
    // One that was begun and is gone is another matter.
    tamper(&place.data(), "chain", "DELETE FROM blocks").await;
    assert!(verify(&place.data()).expect(4).err.contains("from a copy that verifies"));
}
