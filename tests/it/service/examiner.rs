//! The examiner behind the views: the same findings whichever way it comes to them, and detectors
//! that stop by themselves.

use std::sync::atomic::{AtomicBool, Ordering};

use aqueduct::leakage::detectors::ALL;
use aqueduct::leakage::detectors::l01_hop_shortfall::HopShortfall;
use aqueduct::leakage::event::{At, Event};
use aqueduct::leakage::examine::{Detector, Found};
use aqueduct::leakage::facts::Facts;
use aqueduct::leakage::finding::Finding;
use aqueduct::leakage::rule::Rule;
use aqueduct::ledger::ids::Reference;

use crate::world::{World, reference};

const DAY_MS: i64 = 86_400_000;

/// Sends money from the treasury to the bureau, which acknowledges so much of it.
async fn pass(world: &World, sent: i64, arrived: i64) -> Reference {
    let token = world.allocate(sent).await;
    let hop = reference(&world.dispatch(&world.treasury, token, &[(&world.bureau, sent)]).await, 0);
    world.record(&world.bureau, world.acknowledge(hop, arrived)).await;
    hop
}

/// Everything that was found, every version of it, in order.
async fn found(world: &World) -> Vec<Finding> {
    world.node().examine_up().await;
    let mut all = Vec::new();
    for rule in Rule::ALL {
        all.extend(world.node().findings().versions_of_rule(*rule).await.unwrap());
    }
    all.sort_by_key(|finding| (finding.rule, finding.id, finding.version));
    all
}

/// A few things that are found, over some days.
async fn something_happens(world: &World) {
    let hop = pass(world, 900, 880).await;
    world.record(&world.bureau, world.acknowledge(hop, 900)).await;
    pass(world, 500, 400).await;
    let token = world.allocate(300).await;
    world.dispatch(&world.treasury, token, &[(&world.county, 300)]).await;
    for _ in 0..3 {
        world.pass(2 * DAY_MS);
        pass(world, 100, 100).await;
    }
}

#[tokio::test]
async fn findings_made_on_the_way_and_read_again_from_the_views_are_the_same() {
    let mut world = World::start().await;
    something_happens(&world).await;
    let on_the_way = found(&world).await;
    let shortfalls: Vec<_> = on_the_way.iter().filter(|finding| finding.rule == Rule::L01).collect();
    assert_eq!(shortfalls.len(), 3, "one that was made good, and one that stands: {on_the_way:#?}");
    world.stop().await;
    world.options().database.findings().remove().await.unwrap();
    world.open().await;
    assert_eq!(found(&world).await, on_the_way);
}

#[tokio::test]
async fn an_examination_goes_on_where_it_stood() {
    let mut world = World::start().await;
    pass(&world, 900, 880).await;
    world.node().examine_up().await;
    world.stop().await;
    world.open().await;
    something_happens(&world).await;
    let in_two = found(&world).await;
    world.stop().await;
    world.options().database.findings().remove().await.unwrap();
    world.open().await;
    assert_eq!(found(&world).await, in_two);
}

/// Like L01, but it fails as soon as it is told to.
#[derive(Debug)]
struct Failing;

static FAILS: AtomicBool = AtomicBool::new(false);

impl Detector for Failing {
    fn rule(&self) -> Rule {
        Rule::L01
    }

    fn examine(&self, event: &Event<'_>, at: &At, facts: &Facts, found: &mut Found) {
        assert!(!FAILS.load(Ordering::SeqCst), "it was told to fail");
        HopShortfall.examine(event, at, facts, found);
    }
}

#[tokio::test]
async fn a_detector_that_panics_stops_alone_and_catches_up_later() {
    let mut world = World::start().await;
    something_happens(&world).await;
    let whole = found(&world).await;
    let others: Vec<_> = whole.iter().filter(|finding| finding.rule != Rule::L01).cloned().collect();

    // The same history, with a detector that fails in the middle of it.
    let rest: Vec<&'static dyn Detector> =
        ALL.iter().copied().filter(|detector| detector.rule() != Rule::L01).collect();
    world.detectors = rest.into_iter().chain([&Failing as &'static dyn Detector]).collect();
    world.stop().await;
    world.options().database.findings().remove().await.unwrap();
    FAILS.store(true, Ordering::SeqCst);
    world.open().await;
    assert_eq!(found(&world).await, others, "the others go on");
    let stopped = world.node().stopped_detectors();
    assert_eq!(stopped.len(), 1);
    assert!(stopped[0].rule == Rule::L01 && stopped[0].reason.contains("told to fail"), "{stopped:?}");
    assert!(world.node().is_ready(), "nothing is held up by it");
    pass(&world, 70, 60).await;

    world.stop().await;
    FAILS.store(false, Ordering::SeqCst);
    world.open().await;
    let mut examined = world.node().examined();
    while !world.node().stopped_detectors().is_empty() {
        examined.changed().await.unwrap();
    }
    let caught_up = found(&world).await;
    assert_eq!(caught_up.iter().filter(|finding| finding.rule == Rule::L01).count(), 4);
    world.stop().await;
    world.options().database.findings().remove().await.unwrap();
    world.open().await;
    assert_eq!(found(&world).await, caught_up, "as if it had never stopped");
}
