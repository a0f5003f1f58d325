//! Two officers over the same bytes: approval, refusal, expiry, withdrawal, own keys.

use aqueduct::chain::envelope::{Envelope, signing_bytes};
use aqueduct::chain::key::SecretKey;
use aqueduct::ledger::ids::KeyId;
use aqueduct::ledger::operation::*;
use aqueduct::ledger::registry::{Custody, Role};
use aqueduct::service::record::Status;
use aqueduct::service::signed::Signed;

use crate::world::{World, inr, minor, reference};

fn allocation(amount: i64) -> Operation {
    Operation::AllocationCreate(AllocationCreate {
        declared_recipients: None,
        declared_total: None,
        amount: minor(amount),
        currency: inr(),
        cycle: "2024-11".to_owned(),
        programme: "PENSION".to_owned(),
        purpose: "PENSION".to_owned(),
    })
}

#[tokio::test]
async fn an_allocation_waits_for_a_second_officer_and_survives_a_restart() {
    let mut world = World::start().await;
    let id = world.next_id();
    let outcome = world.state_as(&world.treasury, 0, id, allocation(500)).await.unwrap();
    let Status::AwaitingSignature { missing } = outcome.status else { panic!("{outcome:?}") };
    assert_eq!(missing, [vec![Role::Approver]]);
    assert_eq!(world.statement().await.allocated, 0);
    world.stop().await;
    world.open().await;
    let same = world.node().approve(&world.viewer(&world.treasury, 0), id).await.unwrap_err();
    assert_eq!(same.code(), "SAME_OFFICER");
    let foreign = world.node().approve(&world.viewer(&world.bureau, 1), id).await.unwrap_err();
    assert_eq!(foreign.code(), "NOT_WAITING");
    let outcome = world.node().approve(&world.viewer(&world.treasury, 1), id).await.unwrap();
    assert!(matches!(outcome.status, Status::Recorded(_)));
    assert_eq!(world.statement().await.allocated, 500);
    let again = world.node().approve(&world.viewer(&world.treasury, 1), id).await.unwrap_err();
    assert_eq!(again.code(), "NOT_WAITING");
    let retried = world.state_as(&world.treasury, 0, id, allocation(500)).await.unwrap();
    assert!(matches!(retried.status, Status::RecordedBefore(_)), "{retried:?}");
}

#[tokio::test]
async fn a_draft_that_would_be_refused_is_refused_at_once() {
    let world = World::start().await;
    assert_eq!(world.refused(&world.treasury, allocation(10_000_001)).await, "UNFUNDED");
}

#[tokio::test]
async fn a_draft_expires_and_can_be_withdrawn() {
    let world = World::start().await;
    let (first, second) = (world.next_id(), world.next_id());
    world.state_as(&world.treasury, 0, first, allocation(500)).await.unwrap();
    world.state_as(&world.treasury, 0, second, allocation(600)).await.unwrap();
    world.node().withdraw(&world.viewer(&world.treasury, 1), second).await.unwrap();
    let gone = world.node().approve(&world.viewer(&world.treasury, 1), second).await.unwrap_err();
    assert_eq!(gone.code(), "NOT_WAITING");
    world.pass(7 * 86_400_000 + 1);
    let late = world.node().approve(&world.viewer(&world.treasury, 1), first).await.unwrap_err();
    assert_eq!(late.code(), "EXPIRED");
    let party = world.node().party_by_id(world.treasury.party).unwrap();
    let outcome = world.node().outcome(&party, first).await.unwrap().unwrap();
    assert!(matches!(outcome.status, Status::Expired));
    assert_eq!(world.statement().await.allocated, 0);
}

#[tokio::test]
async fn an_id_that_waits_takes_no_other_content_until_it_is_withdrawn() {
    let world = World::start().await;
    let (first, second) = (world.next_id(), world.next_id());
    world.state_as(&world.treasury, 0, first, allocation(10_000_000)).await.unwrap();
    let other = world.state_as(&world.treasury, 0, first, allocation(1)).await.unwrap_err();
    assert_eq!(other.code(), "OPERATION_ID_REUSED");
    world.state_as(&world.treasury, 0, second, allocation(9_000_000)).await.unwrap();
    world.node().approve(&world.viewer(&world.treasury, 1), first).await.unwrap();
    let unfunded = world.node().approve(&world.viewer(&world.treasury, 1), second).await.unwrap_err();
    assert_eq!(unfunded.code(), "UNFUNDED");
    world.programme_money().await;
    let waits = world.state_as(&world.treasury, 0, second, allocation(500)).await.unwrap_err();
    assert_eq!(waits.code(), "OPERATION_ID_REUSED");
    world.node().withdraw(&world.viewer(&world.treasury, 0), second).await.unwrap();
    world.state_as(&world.treasury, 0, second, allocation(500)).await.unwrap();
    let outcome = world.node().approve(&world.viewer(&world.treasury, 1), second).await.unwrap();
    assert!(matches!(outcome.status, Status::Recorded(_)), "{outcome:?}");
    assert_eq!(world.statement().await.allocated, 10_000_500);
}

#[tokio::test]
async fn holders_of_their_own_keys_sign_the_same_bytes() {
    let world = World::start().await;
    let keys: Vec<SecretKey> = (1..=2).map(|n| SecretKey::from_bytes(&[n; 32])).collect();
    for (key, role) in keys.iter().zip([Role::Allocator, Role::Approver]) {
        let officer = world.next_id();
        world.key(world.treasury.party, officer, KeyId(key.public().0), &[role], Custody::Holder).await;
    }
    let viewer = world.viewer(&world.treasury, 0);
    let id = world.next_id();
    let drafted = world.node().draft(&viewer, id, None, &allocation(700)).unwrap();
    let signed = |key: &SecretKey| {
        let signature = key.sign(&signing_bytes(&drafted.payload));
        Envelope::new(drafted.payload.clone(), vec![(key.public(), signature)]).unwrap().to_entry_bytes()
    };
    let first = world.node().submit(&viewer, Signed::read(&signed(&keys[0])), Vec::new()).await.unwrap();
    assert!(matches!(first.status, Status::AwaitingSignature { .. }));
    let twice = world.node().submit(&viewer, Signed::read(&signed(&keys[0])), Vec::new()).await.unwrap();
    assert!(matches!(twice.status, Status::AwaitingSignature { .. }));
    let second = world.node().submit(&viewer, Signed::read(&signed(&keys[1])), Vec::new()).await.unwrap();
    assert!(matches!(second.status, Status::Recorded(_)));
    let mut forged = signed(&keys[1]);
    let at = forged.len() / 2;
    forged[at] ^= 1;
    assert!(world.node().submit(&viewer, Signed::read(&forged), Vec::new()).await.is_err());
}

#[tokio::test]
async fn a_key_revoked_while_its_signature_waits_voids_the_draft() {
    let world = World::start().await;
    let id = world.next_id();
    world.state_as(&world.treasury, 0, id, allocation(500)).await.unwrap();
    let key = world.viewer(&world.treasury, 0).keys[0].key;
    let revoke = Operation::KeyRevoke(KeyRevoke { key, reason: "lost".to_owned() });
    world.record(&world.registrar.clone(), revoke).await;
    let void = world.node().approve(&world.viewer(&world.treasury, 1), id).await.unwrap_err();
    assert_eq!(void.code(), "REVOKED_KEY");
    let party = world.node().party_by_id(world.treasury.party).unwrap();
    let outcome = world.node().outcome(&party, id).await.unwrap().unwrap();
    assert!(matches!(outcome.status, Status::Refused { .. }), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_approval_and_a_withdrawal_at_once_one_wins_and_both_say_so() {
    let world = World::start().await;
    for _ in 0..20 {
        let id = world.next_id();
        world.state_as(&world.treasury, 0, id, allocation(1)).await.unwrap();
        let before = world.statement().await.allocated;
        let (maker, checker) = (world.viewer(&world.treasury, 0), world.viewer(&world.treasury, 1));
        let (withdrawn, approved) = tokio::join!(world.node().withdraw(&maker, id), world.node().approve(&checker, id));
        let recorded = approved.is_ok_and(|outcome| matches!(outcome.status, Status::Recorded(_)));
        let party = world.node().party_by_id(world.treasury.party).unwrap();
        let standing = world.node().outcome(&party, id).await.unwrap().unwrap().status;
        assert_eq!(world.statement().await.allocated - before, i128::from(recorded));
        assert_eq!(matches!(standing, Status::RecordedBefore(_)), recorded, "{standing:?}");
        assert_ne!(withdrawn.is_ok(), recorded, "{standing:?}");
    }
}

#[tokio::test]
async fn reversing_an_acknowledgement_takes_an_officer_of_each_side() {
    let mut world = World::start().await;
    let allocated = world.allocate(100_000).await;
    let sent = world.dispatch(&world.treasury, allocated, &[(&world.bureau, 90_000)]).await;
    let arrived = world.record(&world.bureau, world.acknowledge(reference(&sent, 0), 9_000)).await;
    let reverse =
        Operation::EntryReverse(EntryReverse { entry: reference(&arrived, 0), reason: "a digit lost".to_owned() });
    let id = world.next_id();
    world.state_as(&world.bureau, 1, id, reverse).await.unwrap();
    // What says whose officer signs second has left memory after a restart.
    world.stop().await;
    world.open().await;
    let own = world.node().approve(&world.viewer(&world.bureau, 0), id).await.unwrap_err();
    assert_eq!(own.code(), "NO_KEY_HERE");
    let outcome = world.node().approve(&world.viewer(&world.treasury, 1), id).await.unwrap();
    assert!(matches!(outcome.status, Status::Recorded(_)), "{outcome:?}");
    let statement = world.statement().await;
    assert_eq!((statement.in_transit, statement.unaccounted), (90_000, 0));
}
