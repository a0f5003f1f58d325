//! One allocation, from the treasury to a person, and what a restart finds of it.

use aqueduct::ledger::operation::*;
use aqueduct::ledger::selection::{GroupBy, MoneyFilter};
use aqueduct::ledger::time::Millis;
use aqueduct::service::reads::ReadError;
use aqueduct::service::record::Status;

use crate::world::{World, inr, minor, reference};

#[tokio::test]
async fn money_reaches_a_person_and_every_class_adds_up() {
    let world = World::start().await;
    let allocated = world.allocate(100_000).await;
    let sent = world.dispatch(&world.treasury, allocated, &[(&world.bureau, 90_000)]).await;
    let arrived = world.record(&world.bureau, world.acknowledge(reference(&sent, 0), 88_000)).await;
    let paid = world.dispatch(&world.bureau, reference(&arrived, 0), &[(&world.recipients[0], 5_000)]).await;
    let word =
        ReceiptConfirm { currency: inr(), hop: reference(&paid, 0), issues: String::new(), received: minor(4_000) };
    world.record(&world.recipients[0], Operation::ReceiptConfirm(word)).await;

    let statement = world.statement().await;
    assert!(statement.closes());
    assert_eq!((statement.allocated, statement.surplus), (100_000, 0));
    assert_eq!((statement.held, statement.confirmed), (93_000, 4_000));
    assert_eq!((statement.disputed, statement.unaccounted), (1_000, 2_000));
}

#[tokio::test]
async fn a_restart_finds_the_same_books_and_goes_on() {
    let mut world = World::start().await;
    let allocated = world.allocate(100_000).await;
    let sent = world.dispatch(&world.treasury, allocated, &[(&world.bureau, 90_000)]).await;
    let before = world.statement().await;
    world.stop().await;
    world.open().await;
    assert_eq!(world.statement().await, before);

    world.record(&world.bureau, world.acknowledge(reference(&sent, 0), 90_000)).await;
    assert_eq!(world.statement().await.held, 100_000);
}

#[tokio::test]
async fn views_that_were_lost_are_made_anew_from_the_chain() {
    let mut world = World::start().await;
    let allocated = world.allocate(100_000).await;
    world.dispatch(&world.treasury, allocated, &[(&world.bureau, 90_000)]).await;
    let before = world.statement().await;
    world.stop().await;
    world.options().database.views().remove().await.unwrap();
    world.open().await;
    assert_eq!(world.statement().await, before);
}

#[tokio::test]
async fn the_same_operation_gives_the_first_answer_for_ever() {
    let mut world = World::start().await;
    let allocated = world.allocate(100_000).await;
    let split = Operation::TokenSplit(TokenSplit {
        currency: inr(),
        parts: vec![minor(40_000), minor(60_000)],
        token: allocated,
    });
    let id = world.next_id();
    let first = world.state_as(&world.treasury, 0, id, split.clone()).await.unwrap();
    let Status::Recorded(first) = first.status else { panic!("{first:?}") };
    assert!(!first.is_replayed());
    world.pass(8 * 86_400_000);
    world.stop().await;
    world.open().await;
    let again = world.state_as(&world.treasury, 0, id, split).await.unwrap();
    let Status::Recorded(again) = again.status else { panic!("{again:?}") };
    assert!(again.is_replayed());
    assert_eq!(again.recorded.entry, first.recorded.entry);
    let other = Operation::TokenSplit(TokenSplit {
        currency: inr(),
        parts: vec![minor(50_000), minor(50_000)],
        token: allocated,
    });
    let refused = world.state_as(&world.treasury, 0, id, other).await.unwrap_err();
    assert_eq!(refused.code(), "OPERATION_ID_REUSED");
}

#[tokio::test]
async fn a_past_moment_keeps_its_answer() {
    let world = World::start().await;
    let allocated = world.allocate(100_000).await;
    world.dispatch(&world.treasury, allocated, &[(&world.bureau, 90_000)]).await;
    let then = world.statement().await;
    let moment = world.node().moment(None).await.unwrap();
    world.pass(10 * 86_400_000);
    world.allocate(5_000).await;
    let now = world.statement().await;
    assert_eq!((then.in_transit, then.overdue), (90_000, 0));
    assert_eq!((now.in_transit, now.overdue), (0, 90_000));
    let filter = MoneyFilter::default();
    let again = world.node().moment(Some(moment.at)).await.unwrap();
    assert_eq!(again, moment);
    let again = world.node().statement(&filter, again).await.unwrap().unwrap();
    assert_eq!(again.statement, then);
    let last = world.node().moment(None).await.unwrap();
    let future = world.node().moment(Some(Millis(last.at.0 + 1))).await;
    assert!(matches!(future, Err(ReadError::InTheFuture { .. })));
}

#[tokio::test]
async fn every_grouping_of_the_report_adds_up_to_the_whole() {
    let world = World::start().await;
    let allocated = world.allocate(100_000).await;
    let sent = world.dispatch(&world.treasury, allocated, &[(&world.bureau, 90_000)]).await;
    let arrived = world.record(&world.bureau, world.acknowledge(reference(&sent, 0), 95_000)).await;
    let outputs: Vec<_> = world.recipients.iter().map(|r| (r, 1_000)).collect();
    world.dispatch(&world.bureau, reference(&arrived, 0), &outputs).await;
    let whole = world.statement().await;
    let moment = world.node().moment(None).await.unwrap();
    let groupings = [
        GroupBy::Programme,
        GroupBy::Cycle,
        GroupBy::Purpose,
        GroupBy::Party,
        GroupBy::Area { level: 1 },
        GroupBy::Area { level: 3 },
        GroupBy::HopKind,
    ];
    for by in groupings {
        let report = world.node().report(&MoneyFilter::default(), by, moment).await.unwrap();
        assert!(report.groups.iter().all(|group| group.statement.closes()), "{by:?}");
        assert_eq!(report.total.unwrap().statement, whole, "{by:?}");
    }
}

#[tokio::test]
async fn a_checkpoint_is_signed_by_the_node_and_never_contradicts_the_last() {
    use aqueduct::chain::checkpoint;
    use aqueduct::store::node::settings::SignedCheckpoint;
    let world = World::start().await;
    world.node().catch_up().await;
    let note = world.node().checkpoint().await.unwrap();
    assert_eq!(world.node().checkpoint().await.unwrap(), note);
    let origin = note.lines().next().unwrap();
    let head = checkpoint::open(&note, origin, &world.node().proposer()).unwrap();
    assert_eq!(head.size, world.node().heights().head.entries);
    world.allocate(500).await;
    world.node().catch_up().await;
    let later = checkpoint::open(&world.node().checkpoint().await.unwrap(), origin, &world.node().proposer()).unwrap();
    assert!(later.size > head.size);
    let signed_elsewhere = SignedCheckpoint { size: later.size + 10, root: [7; 32] };
    world.node().store().advance_signed_checkpoint(signed_elsewhere).await.unwrap();
    assert!(world.node().checkpoint().await.is_err(), "a restored folder signs no fork");
}

#[tokio::test]
async fn a_second_writer_is_turned_away() {
    let world = World::start().await;
    let second = aqueduct::service::node::Node::open(world.options()).await;
    assert!(second.is_err_and(|error| error.to_string().contains("another")), "a clear error");
}

#[tokio::test]
async fn views_that_break_the_identity_stop_the_start_and_name_rebuild() {
    use sea_orm::ConnectionTrait;
    let mut world = World::start().await;
    world.allocate(100_000).await;
    world.node().catch_up().await;
    world.stop().await;
    let database = crate::database::beside(world.path(), "views").await;
    database.execute_unprepared("UPDATE tokens SET amount = amount - 1").await.unwrap();
    database.close().await.unwrap();
    let error = aqueduct::service::node::Node::open(world.options()).await.err().expect("it does not start");
    assert!(error.to_string().contains("aqueduct rebuild"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn views_of_an_older_version_are_not_changed_by_who_only_reads() {
    use aqueduct::ledger::selection::GroupBy;
    use aqueduct::service::report::{self, Question};
    use sea_orm::ConnectionTrait;
    let mut world = World::start().await;
    world.allocate(100_000).await;
    world.node().catch_up().await;
    let database = world.options().database;
    world.stop().await;
    let views = crate::database::beside(world.path(), "views").await;
    views.execute_unprepared("DELETE FROM seaql_migrations WHERE version LIKE '%make_cells'").await.unwrap();
    let by = GroupBy::Nothing;
    let question = Question {
        by,
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
    let error = report::ask(&database, &question).await.unwrap_err();
    assert!(error.to_string().contains("older version"), "{error}");
    let kept = views.execute_unprepared("UPDATE tokens SET amount = amount").await.unwrap();
    assert!(kept.rows_affected() > 0, "nothing was emptied");
    views.close().await.unwrap();
}
