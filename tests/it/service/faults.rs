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
