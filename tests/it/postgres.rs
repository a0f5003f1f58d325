//! What only PostgreSQL can do to a node: its server is restarted under load, a session is cut
//! off, somebody else takes the lock. These run wherever PostgreSQL's programs are, whichever
//! database the rest of the suite is on.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aqueduct::ledger::operation::*;
use aqueduct::ledger::registry::PartyKind;
use aqueduct::ledger::selection::{AllocationFilter, GroupBy, MoneyFilter};
use aqueduct::service::address::Address;
use aqueduct::service::begin::{self, Beginning};
use aqueduct::service::node::{Node, Options, StartError};
use aqueduct::service::orderer::NotRecorded;
use aqueduct::service::record::{NotAccepted, Outcome, Status};
use aqueduct::service::report::{self, Question};
use aqueduct::service::scratch::Scratch;
use aqueduct::service::verify::verify;
use aqueduct::store::chain::{ChainStore, StoredBlock};
use aqueduct::store::database::Database;
use aqueduct::store::faults::Faults;
use aqueduct::store::lock::{LockError, WriterLock};
use aqueduct_migrations::chain::ChainMigrator;
use aqueduct_migrations::node::NodeMigrator;
use aqueduct_migrations::views::ViewsMigrator;
use uuid::Uuid;

use crate::cluster::{self, Cluster, Stop, name_in};
use crate::database::beside_address;
use crate::store::goes_up_down_up_on;
use crate::world::{World, reference};

fn database(address: &str) -> Database {
    Database::Postgres(address.parse().unwrap())
}

/// Sends an operation again, under the same id, until it has an answer.
async fn insist(node: &Node, viewer: &aqueduct::service::officers::Viewer, id: Uuid, operation: Operation) -> Outcome {
    loop {
        match node.state(viewer, id, None, operation.clone()).await {
            Ok(outcome) => return outcome,
            Err(NotAccepted::NotRecorded(NotRecorded::Unavailable | NotRecorded::Overloaded { .. })) => {}
            // The store that says whether it is known already, or the one that remembers drafts.
            Err(error) if error.code() == "STORE_UNAVAILABLE" => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_restarts_under_load_loses_no_answer_and_applies_none_twice() {
    const HOPS: u32 = 400;
    const AMOUNT: i64 = 100;
    // A server of its own: the others would notice.
    let Some(cluster) = Cluster::start() else { return };
    let cluster = Arc::new(cluster);
    let mut world = World::start_on(cluster.database()).await;
    let allocated = world.allocate(i64::from(HOPS) * AMOUNT).await;
    let outputs: Vec<_> = (0..HOPS).map(|_| (&world.bureau, AMOUNT)).collect();
    let sent = world.dispatch(&world.treasury, allocated, &outputs).await;
    world.stop().await;
    world.serving = true;
    world.open().await;
    world.pass(1);

    let answered = Arc::new(AtomicUsize::new(0));
    let viewer = world.viewer(&world.bureau, 0);
    let ids: Vec<Uuid> = (0..HOPS).map(|_| world.next_id()).collect();
    let workers: Vec<_> = (0..8)
        .map(|worker| {
            let (node, viewer, answered) = (world.node().clone(), viewer.clone(), answered.clone());
            let mine: Vec<_> = (worker..HOPS).step_by(8).map(|hop| (ids[hop as usize], hop)).collect();
            let mine: Vec<_> =
                mine.into_iter().map(|(id, hop)| (id, world.acknowledge(reference(&sent, hop), AMOUNT))).collect();
            tokio::spawn(async move {
                let mut entries = Vec::new();
                for (id, operation) in mine {
                    let outcome = insist(&node, &viewer, id, operation).await;
                    entries.push((id, entry_of(&outcome)));
                    answered.fetch_add(1, Ordering::SeqCst);
                }
                entries
            })
        })
        .collect();
    for (at, stop) in [(HOPS / 4, Stop::Fast), (HOPS / 2, Stop::Immediate), (3 * HOPS / 4, Stop::Fast)] {
        while answered.load(Ordering::SeqCst) < at as usize {
            tokio::task::yield_now().await;
        }
        let cluster = cluster.clone();
        tokio::task::spawn_blocking(move || cluster.restart(stop)).await.unwrap();
    }
    let mut told = Vec::new();
    for worker in workers {
        told.extend(worker.await.unwrap());
    }
    assert!(!*world.node().broken().borrow(), "the node goes on");
    for (number, (id, entry)) in told.iter().enumerate() {
        // Every answer is given again, of the same entry.
        let hop = u32::try_from(ids.iter().position(|known| known == id).unwrap()).unwrap();
        let operation = world.acknowledge(reference(&sent, hop), AMOUNT);
        let again = insist(world.node(), &viewer, *id, operation).await;
        assert_eq!(entry_of(&again), *entry, "answer {number}");
    }
    let statement = world.statement().await;
    assert!(statement.closes());
    assert_eq!((statement.held, statement.in_transit), (i128::from(HOPS) * i128::from(AMOUNT), 0));
    world.stop().await;
    is_in_order(&world).await;
    world.open().await;
    assert_eq!(world.statement().await, statement);
}

/// The entry of an answer, whether it is the first or one again.
fn entry_of(outcome: &Outcome) -> u64 {
    match &outcome.status {
        Status::Recorded(answer) => answer.recorded.entry,
        other => panic!("{other:?}"),
    }
}

async fn is_in_order(world: &World) {
    let verified = verify(world.path(), &world.options().database, |_, _, _| {}).await.unwrap();
    assert_eq!(verified.fault, None);
    assert_eq!(verified.views_behind, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_that_wait_for_a_server_that_is_down_are_told_so() {
    let Some(cluster) = Cluster::start() else { return };
    let mut world = World::start_on(cluster.database()).await;
    world.stop().await;
    world.serving = true;
    world.open().await;
    let viewer = world.viewer(&world.registrar, 0);
    let register = |label: &str| {
        let (kind, party) = (PartyKind::Intermediary, Uuid::now_v7());
        let (area, label, level) = (String::new(), label.to_owned(), String::new());
        Operation::PartyRegister(PartyRegister { area, kind, label, level, party })
    };
    cluster.stop(Stop::Fast);
    let (first, second) = (world.next_id(), world.next_id());
    let (one, two) = (register("One"), register("Two"));
    let (waiting, also) = tokio::join!(
        world.node().state(&viewer, first, None, one.clone()),
        world.node().state(&viewer, second, None, two.clone()),
    );
    for refused in [waiting, also] {
        assert_eq!(refused.unwrap_err().code(), "STORE_UNAVAILABLE");
    }
    cluster.start_again();
    let entries = [entry_of(&insist(world.node(), &viewer, first, one).await), {
        entry_of(&insist(world.node(), &viewer, second, two).await)
    }];
    assert_ne!(entries[0], entries[1]);
    assert!(world.node().is_ready());
    world.node().catch_up().await;
    world.stop().await;
    is_in_order(&world).await;
}

#[tokio::test]
async fn a_second_writer_of_a_database_is_told_so() {
    let Some(cluster) = cluster::shared() else { return };
    let mut world = World::start_on(cluster.database()).await;
    let address = world.address.clone().unwrap();
    // With a directory of its own: only the database knows of the first.
    let elsewhere = tempfile::tempdir().unwrap();
    let options = || Options::new(elsewhere.path()).with_database(&address).unwrap();
    let second = Node::open(options()).await.err().expect("it does not start");
    assert!(matches!(&second, StartError::Lock(LockError::DatabaseInUse { .. })), "{second:?}");
    let told = second.to_string();
    assert!(told.contains("already writing in postgres://") && told.contains("another database"), "{told}");
    world.record(&world.registrar, party_named("Still there")).await;
    world.node().catch_up().await;
    // Who reads is let in, also with the right to read alone.
    let rights = "CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA aqueduct_chain, aqueduct_views, aqueduct_findings, aqueduct_node TO reader; \
        GRANT SELECT ON ALL TABLES IN SCHEMA aqueduct_chain, aqueduct_views, aqueduct_findings, aqueduct_node TO reader";
    cluster.sql(name_in(&address), rights);
    let reader = database(&address.replace("aqueduct@", "reader@"));
    assert_eq!(verify(world.path(), &reader, |_, _, _| {}).await.unwrap().fault, None);
    let question = Question {
        by: GroupBy::Programme,
        programme: None,
        cycle: None,
        purpose: None,
        party: None,
        area: None,
        currency: None,
        findings: false,
        peers: false,
        as_of: None,
    };
    assert_eq!(report::ask(&reader, &question).await.unwrap().blocks_behind, 0);
    world.stop().await;
    WriterLock::acquire(elsewhere.path(), &database(&address)).await.unwrap().release().await;
    world.open().await;
}

fn party_named(label: &str) -> Operation {
    let (kind, party) = (PartyKind::Intermediary, Uuid::now_v7());
    let (area, label, level) = (String::new(), label.to_owned(), String::new());
    Operation::PartyRegister(PartyRegister { area, kind, label, level, party })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lost_the_lock_records_nothing_until_it_has_it_again() {
    let Some(cluster) = cluster::shared() else { return };
    let mut world = World::start_on(cluster.database()).await;
    let address = world.address.clone().unwrap();
    let sessions = "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' \
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    // Cut off: the next block takes a new session, and the lock with it.
    assert_eq!(cluster.sql(name_in(&address), sessions), "1");
    world.record(&world.registrar, party_named("After a new session")).await;
    // Cut off, and somebody else is faster.
    assert_eq!(cluster.sql(name_in(&address), sessions), "1");
    let elsewhere = tempfile::tempdir().unwrap();
    let other = WriterLock::acquire(elsewhere.path(), &database(&address)).await.unwrap();
    let (id, viewer) = (world.next_id(), world.viewer(&world.registrar, 0));
    let operation = party_named("Twice");
    let refused = world.node().state(&viewer, id, None, operation.clone()).await.unwrap_err();
    assert_eq!(refused.code(), "STORE_UNAVAILABLE");
    assert!(!world.node().is_ready());
    other.release().await;
    insist(world.node(), &viewer, id, operation).await;
    world.node().catch_up().await;
    assert!(world.node().is_ready());
    world.stop().await;
    is_in_order(&world).await;
}

#[tokio::test]
async fn migrations_of_every_store_run_up_down_up() {
    let Some(cluster) = cluster::shared() else { return };
    let connect = async || sea_orm::Database::connect(beside_address(&cluster.database(), "schema")).await.unwrap();
    goes_up_down_up_on::<ChainMigrator>(&connect().await).await;
    goes_up_down_up_on::<ViewsMigrator>(&connect().await).await;
    goes_up_down_up_on::<NodeMigrator>(&connect().await).await;
}

#[tokio::test]
async fn stores_are_schemas_with_bytewise_texts_and_bodies_out_of_line() {
    let Some(cluster) = cluster::shared() else { return };
    let mut world = World::start_on(cluster.database()).await;
    world.stop().await;
    let address = world.address.clone().unwrap();
    let sql = |sql: &str| cluster.sql(name_in(&address), sql);
    let schemas = "SELECT string_agg(nspname, ' ' ORDER BY nspname) FROM pg_namespace WHERE nspname LIKE 'aqueduct%'";
    assert_eq!(sql(schemas), "aqueduct_chain aqueduct_findings aqueduct_node aqueduct_views");
    assert_eq!(sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
    let texts = "SELECT count(*), count(*) FILTER (WHERE collation_name = 'C') FROM information_schema.columns \
        WHERE table_schema LIKE 'aqueduct%' AND data_type = 'text'";
    let counts = sql(texts);
    let (all, bytewise) = counts.split_once('|').unwrap();
    assert_eq!(all, bytewise);
    assert!(all.parse::<u32>().unwrap() > 20, "{all}");
    let storage = "SELECT attstorage FROM pg_attribute WHERE attrelid = 'aqueduct_chain.blocks'::regclass \
        AND attname = 'body'";
    assert_eq!(sql(storage), "e", "out of line and not compressed");
}

#[tokio::test]
async fn a_text_with_nul_is_refused_or_finds_nothing() {
    let Some(cluster) = cluster::shared() else { return };
    for world in [World::start().await, World::start_on(cluster.database()).await] {
        world.allocate(1_000).await;
        let nul = "PEN\0SION".to_owned();
        assert_eq!(world.refused(&world.registrar, party_named(&nul)).await, "MALFORMED");
        let node = world.node();
        node.catch_up().await;
        let moment = node.moment(None).await.unwrap();
        for filter in [
            MoneyFilter { cycle: Some(nul.clone()), ..MoneyFilter::default() },
            MoneyFilter { purpose: Some(nul.clone()), ..MoneyFilter::default() },
            MoneyFilter { area: Some(nul.clone()), ..MoneyFilter::default() },
        ] {
            let report = node.report(&filter, GroupBy::Nothing, moment).await.unwrap();
            assert!(report.groups.is_empty(), "{filter:?}");
        }
        let views = node.views();
        let allocations = AllocationFilter { cycle: Some(nul.clone()), ..AllocationFilter::default() };
        assert_eq!(views.allocations_count(&allocations, None).await.unwrap().rows, 0);
    }
}

#[tokio::test]
async fn databases_of_a_benchmark_are_made_beside_one_and_taken_away() {
    let Some(cluster) = cluster::shared() else { return };
    let address = Address::from(cluster.database());
    let scratch = Scratch::beside(&address).unwrap();
    let begun_with = format!("SELECT count(*) FROM pg_database WHERE starts_with(datname, '{}')", scratch.prefix());
    let made = || cluster.sql("postgres", &begun_with);
    let books = scratch.make("books").await.unwrap();
    scratch.make("more").await.unwrap();
    assert_eq!(made(), "2");
    let directory = tempfile::tempdir().unwrap();
    let options = Options::new(directory.path()).with_database(books.as_str()).unwrap();
    begin::begin(options, Beginning { label: "Registry", demonstration: false }).await.unwrap();
    let chain = database(books.as_str()).chain();
    assert!(chain.exists().await.unwrap() && chain.bytes().await.unwrap() > 0);
    assert!(!database(address.as_str()).chain().exists().await.unwrap(), "that one is not touched");
    scratch.remove("more").await.unwrap();
    assert_eq!(made(), "1");
    scratch.remove("").await.unwrap();
    assert_eq!(made(), "0");
}

#[tokio::test]
async fn an_address_is_told_without_its_password() {
    let directory = tempfile::tempdir().unwrap();
    // Nobody listens on port 1.
    let address = "postgres://clerk:s3cret@127.0.0.1:1/books?sslmode=disable";
    let options = Options::new(directory.path()).with_database(address).unwrap();
    assert_eq!(options.database.to_string(), "postgres://127.0.0.1:1/books");
    assert!(!format!("{options:?}").contains("s3cret"));
    let error = Node::open(options).await.err().expect("nobody answers");
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    let error = Options::new(directory.path()).with_database("postgres//clerk:s3cret@host").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    for nameless in ["postgres://", "postgres://clerk:s3cret@host", "postgres://clerk:s3cret@host:5432/"] {
        let error = Options::new(directory.path()).with_database(nameless).unwrap_err().to_string();
        assert!(error.contains("the name of a database") && !error.contains("s3cret"), "{error}");
    }
    let why = |address: &str| Options::new(directory.path()).with_database(address).unwrap_err().to_string();
    for (options, told) in [
        ("?sslmod=verify-full", "an option sslmod that is not known; known are sslmode,"),
        ("?sslmode=verify-full&bogus=1", "an option bogus that"),
        ("?options[work_mem=1", "an option options[work_mem that"),
        ("?sslmode=verify-fully", "is none of disable, allow,"),
        ("?port=99999", "cannot be read: number too large"),
    ] {
        let error = why(&format!("postgres://clerk:s3cret@host/books{options}"));
        assert!(error.contains(told) && !error.contains("s3cret"), "{error}");
    }
    for (address, told) in [
        ("postgres://clerk:s3cret@host:99999/books", "cannot be read: invalid port number"),
        ("postgres://clerk:s3cret/more@host/books", "written %2F"),
        ("postgres://clerk:1/x?s3cret@host/books", "an option (not repeated here) that"),
    ] {
        let error = why(address);
        assert!(error.contains(told) && !error.contains("s3cret"), "{error}");
    }
    let whole =
        "postgres://clerk@host/books?sslmode=Verify-Full&ssl-ca=%2Fca.pem&options[work_mem]=1MB&%75ser=clerk#x?y";
    Options::new(directory.path()).with_database(whole).unwrap();
    told_by_the_command(directory.path(), address);
    told_by_the_command(directory.path(), "mysql://clerk:s3cret@host/books");
}

#[test]
fn a_command_waits_for_a_server_that_is_being_started() {
    let Some(cluster) = Cluster::start() else { return };
    let (address, directory) = (cluster.database(), tempfile::tempdir().unwrap());
    cluster.stop(Stop::Fast);
    let command = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aqueduct"));
        command.args(args).env_remove("RUST_LOG").env_remove("AQUEDUCT_DATABASE_WAIT");
        command.arg("--data").arg(directory.path()).env("AQUEDUCT_DATABASE", &address);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    };
    // Not waited for, it is told once why not.
    let refused = command(&["init", "--database-wait", "0"]).output().unwrap();
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert_eq!(told.matches("No such file").count(), 1, "{told}");
    // Waited for in vain.
    let refused = command(&["init", "--database-wait", "1"]).output().unwrap();
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(told.contains("waiting for it up to 1 s") && told.contains("did not come within 1 s"), "{told}");
    // It comes while it is waited for.
    let mut waiting = command(&["init"]).spawn().unwrap();
    let mut lines = BufReader::new(waiting.stderr.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.find(|line| line.contains("waiting for it up to 30 s")).expect("it waits");
    assert!(line.contains("is not there yet"), "{line}");
    cluster.start_again();
    let rest: Vec<String> = lines.collect();
    assert!(waiting.wait().unwrap().success(), "{rest:?}");
}

#[test]
fn an_import_that_waits_for_the_database_says_so() {
    let Some(cluster) = cluster::shared() else { return };
    let (address, directory) = (cluster.database(), tempfile::tempdir().unwrap());
    let (table, mapping) = (directory.path().join("one.csv"), directory.path().join("map.toml"));
    std::fs::write(&table, crate::cli::small_table()).unwrap();
    std::fs::write(&mapping, crate::cli::MAPPING).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_aqueduct"));
    command.arg("--data").arg(directory.path().join("data")).env("AQUEDUCT_DATABASE", &address);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    assert!(command.arg("init").output().unwrap().status.success());
    // The views take nothing for a while.
    let stuck = "CREATE FUNCTION stuck() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'stuck'; END $$; \
        CREATE TRIGGER stuck BEFORE INSERT ON aqueduct_views.blocks EXECUTE FUNCTION stuck()";
    cluster.sql(name_in(&address), stuck);
    let mut command = Command::new(env!("CARGO_BIN_EXE_aqueduct"));
    command.arg("--data").arg(directory.path().join("data")).env("AQUEDUCT_DATABASE", &address);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut import = command.args(["import", "tracking"]).arg(&table).arg("--mapping").arg(&mapping).spawn().unwrap();
    let mut told = BufReader::new(import.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(told.any(|line| line.starts_with("waiting for the database") && line.contains("can be ended")));
    cluster.sql(name_in(&address), "DROP FUNCTION stuck CASCADE");
    let rest: Vec<String> = told.collect();
    assert!(import.wait().unwrap().success(), "{rest:?}");
}

#[test]
fn an_idle_server_takes_its_lock_again_and_ends_when_somebody_else_wrote() {
    let Some(cluster) = cluster::shared() else { return };
    let (address, directory) = (cluster.database(), tempfile::tempdir().unwrap());
    let command = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aqueduct"));
        command.args(args).env_remove("RUST_LOG").stdin(Stdio::null());
        command.arg("--data").arg(directory.path()).env("AQUEDUCT_DATABASE", &address);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    assert!(command(&["init"]).output().unwrap().status.success());
    let mut server = command(&["serve", "--listen", "127.0.0.1:0"]).spawn().unwrap();
    let mut out = BufReader::new(server.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(out.any(|line| line.starts_with("Serving")));
    let sql = |sql: &str| cluster.sql(name_in(&address), sql);
    let locks = "FROM pg_locks WHERE locktype = 'advisory' \
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let cut_off = format!("SELECT count(pg_terminate_backend(pid)) {locks} AND granted");
    let holder = format!("SELECT coalesce(max(pid), 0) {locks} AND granted");
    let first = sql(&holder);
    assert_eq!(sql(&cut_off), "1");
    // Nobody asks it for anything.
    while [&first, "0"].contains(&sql(&holder).as_str()) {}

    // Somebody else who stands in line for the lock has it next, and goes on with the chain.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let (path, other) = (elsewhere.path().to_owned(), database(&address));
    let waiting = runtime.spawn(async move { WriterLock::acquire(&path, &other).await });
    while sql(&format!("SELECT count(*) {locks} AND NOT granted")) == "0" {}
    assert_eq!(sql(&cut_off), "1");
    runtime.block_on(async {
        let lock = waiting.await.unwrap().unwrap();
        let chain = ChainStore::open_locked(&database(&address).chain(), Faults::default(), &lock).await.unwrap();
        let head = chain.head().await.unwrap().unwrap();
        let (height, previous, time, first_entry) = (head.height + 1, head.digest, head.time, head.next_entry);
        let (digest, header, body) = ([7; 32], vec![1], vec![1]);
        let block = StoredBlock { height, digest, previous, first_entry, entry_count: 0, time, header, body };
        chain.append(&block).await.unwrap();
    });
    let ended = server.wait_with_output().unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(3), "{told}");
    assert!(told.contains("error: another process wrote to this chain"), "{told}");
}

fn told_by_the_command(directory: &Path, address: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aqueduct"));
    let args = ["verify", "--database-wait", "0", "--database", address];
    command.arg("--data").arg(directory).args(args).env("RUST_LOG", "trace");
    let output = command.output().unwrap();
    assert!(!output.status.success());
    let told = String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("error: ") && !told.contains("s3cret"), "{told}");
}
