//! A fault at every durable step ends as if it had not happened, or in a clean refusal.

use aqueduct::service::orderer::NotRecorded;
use aqueduct::service::record::{NotAccepted, Status};
use aqueduct::store::faults::Point;

use crate::world::{World, reference};

#[tokio::test]
async fn a_block_that_was_surely_not_written_is_refused_and_a_retry_passes() {
    let mut world = World::start().await;
    let allocated = world.allocate(100_000).await;
    let sent = world.dispatch(&world.treasury, allocated, &[(&world.bureau, 90_000)]).await;
    world.faults.arm(Point::BeforeAppend, 1);
    let id = world.next_id();
    let operation = world.acknowledge(reference(&sent, 0), 90_000);
    let failed = world.state_as(&world.bureau, 0, id, operation.clone()).await.unwrap_err();
    assert!(matches!(failed, NotAccepted::NotRecorded(NotRecorded::Unavailable)), "{failed:?}");
    assert_eq!(world.statement().await.in_transit, 90_000);
    let again = world.state_as(&world.bureau, 0, id, operation).await.unwrap();
    let Status::Recorded(answer) = again.status else { panic!("{again:?}") };
    assert!(!answer.is_replayed());
    let before = world.statement().await;
    assert_eq!(before.held, 100_000);
    world.stop().await;
    world.open().await;
    assert_eq!(world.statement().await, before);
}

#[tokio::test]
async fn a_block_of_unknown_outcome_is_found_and_answered_once() {
    let mut world = World::start().await;
    let allocated = world.allocate(100_000).await;
    let sent = world.dispatch(&world.treasury, allocated, &[(&world.bureau, 90_000)]).await;
    world.faults.arm(Point::AfterAppend, 1);
    world.record(&world.bureau, world.acknowledge(reference(&sent, 0), 90_000)).await;
    let before = world.statement().await;
    assert_eq!(before.held, 100_000);
    world.stop().await;
    world.open().await;
    assert_eq!(world.statement().await, before);
}

#[tokio::test]
async fn views_that_fail_before_and_half_way_catch_up() {
    let mut world = World::start().await;
    for point in [Point::BeforeProject, Point::ViewsHalfway] {
        let allocated = world.allocate(1_000).await;
        world.faults.arm(point, 3);
        world.dispatch(&world.treasury, allocated, &[(&world.bureau, 900)]).await;
        assert!(world.statement().await.closes());
    }
    let before = world.statement().await;
    assert_eq!((before.allocated, before.in_transit), (2_000, 1_800));
    world.stop().await;
    world.open().await;
    assert_eq!(world.statement().await, before);
}

#[tokio::test]
async fn a_failing_node_store_refuses_a_draft_and_a_retry_passes() {
    let world = World::start().await;
    world.faults.arm(Point::BeforeNodeWrite, 1);
    let id = world.next_id();
    let allocate = aqueduct::ledger::operation::AllocationCreate {
        declared_recipients: None,
        declared_total: None,
        amount: crate::world::minor(500),
        currency: crate::world::inr(),
        cycle: "2024-11".to_owned(),
        programme: "PENSION".to_owned(),
        purpose: "PENSION".to_owned(),
    };
    let operation = aqueduct::ledger::operation::Operation::AllocationCreate(allocate);
    let failed = world.state_as(&world.treasury, 0, id, operation.clone()).await.unwrap_err();
    assert_eq!(failed.code(), "STORE_UNAVAILABLE");
    let again = world.state_as(&world.treasury, 0, id, operation).await.unwrap();
    assert!(matches!(again.status, Status::AwaitingSignature { .. }));
    world.node().approve(&world.viewer(&world.treasury, 1), id).await.unwrap();
    assert_eq!(world.statement().await.allocated, 500);
}

#[tokio::test]
async fn an_approval_that_got_no_answer_is_sent_again() {
    let world = World::start().await;
    for point in [Point::BeforeAppend, Point::AfterAppend, Point::BeforeNodeWrite] {
        let id = world.next_id();
        let before = world.statement().await.allocated;
        let allocate = aqueduct::ledger::operation::AllocationCreate {
            declared_recipients: None,
            declared_total: None,
            amount: crate::world::minor(500),
            currency: crate::world::inr(),
            cycle: "2024-11".to_owned(),
            programme: "PENSION".to_owned(),
            purpose: "PENSION".to_owned(),
        };
        let operation = aqueduct::ledger::operation::Operation::AllocationCreate(allocate);
        world.state_as(&world.treasury, 0, id, operation).await.unwrap();
        world.faults.arm(point, 1);
        let first = world.node().approve(&world.viewer(&world.treasury, 1), id).await;
        if let Err(failed) = first {
            assert_eq!(failed.code(), "STORE_UNAVAILABLE", "{point:?}");
            let again = world.node().approve(&world.viewer(&world.treasury, 1), id).await.unwrap();
            assert!(matches!(again.status, Status::Recorded(_)), "{point:?}: {again:?}");
        }
        assert_eq!(world.statement().await.allocated - before, 500, "{point:?}");
    }
}

#[tokio::test]
async fn operations_that_stand_on_each_other_in_one_block_are_replayed_from_thin_memory() {
    use crate::world::{inr, minor};
    use aqueduct::ledger::operation::{Operation, TokenReturn, TokenSplit};
    let mut world = World::start().await;
    let allocated = world.allocate(100_000).await;
    let sent = world.dispatch(&world.treasury, allocated, &[(&world.bureau, 90_000)]).await;
    let arrived = world.record(&world.bureau, world.acknowledge(reference(&sent, 0), 90_000)).await;
    let onward = world.dispatch(&world.bureau, reference(&arrived, 0), &[(&world.county, 50_000)]).await;
    let held = world.record(&world.county, world.acknowledge(reference(&onward, 0), 50_000)).await;
    world.node().catch_up().await;
    world.stop().await;
    let kept = world.db("before");
    std::fs::create_dir(&kept).unwrap();
    crate::database::replace(world.path(), &kept, "views");
    world.open().await;

    let viewer = world.viewer(&world.county, 0);
    let (first, second) = (world.next_id(), world.next_id());
    let split = Operation::TokenSplit(TokenSplit {
        currency: inr(),
        parts: vec![minor(20_000), minor(30_000)],
        token: reference(&held, 0),
    });
    let drafted = world.node().draft(&viewer, first, None, &split).unwrap();
    let digest = aqueduct::ledger::ids::PayloadDigest(aqueduct::chain::digest::Digest::of(&drafted.payload).0);
    let give_back = Operation::TokenReturn(TokenReturn {
        amount: minor(20_000),
        currency: inr(),
        reason: "not needed".to_owned(),
        to: world.bureau.party,
        token: aqueduct::ledger::ids::Reference { digest, operation: first, output: 0 },
    });
    // Both are waiting before the orderer looks, so that one block takes them.
    let (one, two) = tokio::join!(
        world.node().state(&viewer, first, None, split),
        world.node().state(&viewer, second, None, give_back)
    );
    let entries = [one, two].map(|outcome| match outcome.unwrap().status {
        Status::Recorded(answer) => answer.recorded,
        other => panic!("{other:?}"),
    });
    assert_eq!(entries[0].recorded_at, entries[1].recorded_at, "one block holds both");
    let before = world.statement().await;
    world.stop().await;
    crate::database::replace(&kept, world.path(), "views");
    world.open().await;
    assert_eq!(world.statement().await, before);
}

#[tokio::test]
async fn a_damaged_view_row_refuses_what_stands_on_it_and_nothing_else() {
    use sea_orm::ConnectionTrait;
    let mut world = World::start().await;
    let allocated = world.allocate(100_000).await;
    let sent = world.dispatch(&world.treasury, allocated, &[(&world.bureau, 90_000)]).await;
    world.node().catch_up().await;
    world.stop().await;
    let database = crate::database::beside(world.path(), "views").await;
    database.execute_unprepared("UPDATE hops SET live = unhex('0000000000ffffff')").await.unwrap();
    database.close().await.unwrap();
    world.open().await;
    let refused = world.refused(&world.bureau, world.acknowledge(reference(&sent, 0), 90_000)).await;
    assert_eq!(refused, "STORE_UNAVAILABLE");
    world.allocate(5).await;
    assert!(!*world.node().broken().borrow());
}
