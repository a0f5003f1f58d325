//! What a node keeps in memory, when it turns callers away, and how time moves it.

use std::sync::Mutex;
use std::time::Instant;

use aqueduct::ledger::operation::*;
use aqueduct::service::clock::Clock;
use aqueduct::service::node::Bounds;
use aqueduct::store::faults::Point;

use crate::world::{World, inr, minor, reference};

#[tokio::test]
async fn records_that_left_memory_are_found_again() {
    let mut world = World::start().await;
    world.stop().await;
    world.bounds = Bounds { resident_records: 0, ..Bounds::default() };
    world.open().await;
    let allocated = world.allocate(100_000).await;
    let sent = world.dispatch(&world.treasury, allocated, &[(&world.bureau, 90_000)]).await;
    let arrived = world.record(&world.bureau, world.acknowledge(reference(&sent, 0), 88_000)).await;
    world.node().catch_up().await;
    let paid = world.dispatch(&world.bureau, reference(&arrived, 0), &[(&world.recipients[0], 5_000)]).await;
    world.node().catch_up().await;
    assert!(world.node().tables().evictable() < 40, "memory keeps little");
    let word = |received: i64| ReceiptConfirm {
        currency: inr(),
        hop: reference(&paid, 0),
        issues: String::new(),
        received: minor(received),
    };
    world.record(&world.recipients[0], Operation::ReceiptConfirm(word(4_000))).await;
    world.node().catch_up().await;
    world.record(&world.recipients[0], Operation::ReceiptConfirm(word(5_000))).await;
    let again = world.refused(&world.recipients[0], Operation::ReceiptConfirm(word(5_000))).await;
    assert_eq!(again, "NOTHING_NEW");
    let spent = TokenSplit { currency: inr(), parts: vec![minor(1), minor(99_999)], token: allocated };
    assert_eq!(world.refused(&world.treasury, Operation::TokenSplit(spent)).await, "TOKEN_SPENT");
    let statement = world.statement().await;
    assert_eq!((statement.confirmed, statement.disputed, statement.unaccounted), (5_000, 0, 2_000));
}

#[tokio::test]
async fn views_too_far_behind_turn_callers_away_until_they_catch_up() {
    let mut world = World::start().await;
    let allocated = world.allocate(100_000).await;
    world.node().catch_up().await;
    world.stop().await;
    world.bounds = Bounds { lag_facts: 1, ..Bounds::default() };
    world.open().await;
    world.faults.arm(Point::BeforeProject, u32::MAX);
    let sent = world.dispatch(&world.treasury, allocated, &[(&world.bureau, 90_000)]).await;
    assert!(!world.node().is_ready());
    let acknowledge = world.acknowledge(reference(&sent, 0), 90_000);
    assert_eq!(world.refused(&world.bureau, acknowledge.clone()).await, "OVERLOADED");
    world.faults.arm(Point::BeforeProject, 0);
    world.node().catch_up().await;
    assert!(world.node().is_ready());
    world.record(&world.bureau, acknowledge).await;
}

#[tokio::test]
async fn a_serving_node_makes_an_empty_block_when_money_falls_due() {
    let mut world = World::start().await;
    let allocated = world.allocate(100_000).await;
    world.dispatch(&world.treasury, allocated, &[(&world.bureau, 90_000)]).await;
    assert_eq!(world.statement().await.overdue, 0);
    world.stop().await;
    world.pass(30 * 86_400_000);
    world.open().await;
    assert_eq!(world.statement().await.overdue, 0, "a command makes no block");
    let before = world.node().heights().head;
    world.stop().await;
    world.serving = true;
    world.open().await;
    let mut applied = world.node().applied();
    applied.wait_for(|applied| applied.height > before.height).await.unwrap();
    let head = world.node().heights().head;
    assert_eq!(head.entries, before.entries, "the block is empty");
    let statement = world.statement().await;
    assert_eq!((statement.in_transit, statement.overdue), (0, 90_000));
}

#[test]
fn a_clock_that_jumped_is_suspect() {
    let jumped = Clock::System(Mutex::new((Instant::now(), 0)));
    assert!(jumped.now().is_err());
    assert!(Clock::system().now().is_ok());
}
