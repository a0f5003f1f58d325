//! Projecting: in order, once, whole or not at all.

use std::sync::Arc;

use aqueduct::ledger::admit::Change;
use aqueduct::ledger::fact::Fact;
use aqueduct::ledger::ids::AreaId;
use aqueduct::store::database::Place;
use aqueduct::store::faults::Faults;
use aqueduct::store::views::error::ViewsError;
use aqueduct::store::views::{Applied, Views};
use aqueduct_migrations::sea_orm_migration::MigratorTrait;
use aqueduct_migrations::views::ViewsMigrator;

use super::history::history;
use super::{filled, place, views, views_on_postgres};
use crate::store::goes_up_down_up;

#[tokio::test]
async fn views_say_how_far_they_are() {
    let (_folder, views) = views().await;
    let nothing = Applied { height: None, entries: 0, changes_digest: [0; 32] };
    assert_eq!(views.applied().await.unwrap(), nothing);
    let history = history();
    for block in &history.blocks {
        views.project(std::slice::from_ref(block)).await.unwrap();
        let applied = Applied {
            height: Some(block.height),
            entries: block.first_entry + block.entry_count,
            changes_digest: block.changes_digest,
        };
        assert_eq!(views.applied().await.unwrap(), applied);
    }
    views.project(&[]).await.unwrap();
}

#[tokio::test]
async fn a_block_that_is_not_next_is_refused() {
    let (_folder, views) = views().await;
    let blocks = history().blocks;
    assert!(matches!(views.project(&blocks[1..2]).await, Err(ViewsError::NotNext { given: 1, .. })));
    views.project(&blocks[..2]).await.unwrap();
    for again in [&blocks[..1], &blocks[1..2], &blocks[..3], &blocks[3..4]] {
        assert!(matches!(views.project(again).await, Err(ViewsError::NotNext { .. })));
    }
    let mut elsewhere = blocks[2].clone();
    elsewhere.entry_count = 0;
    elsewhere.changes.clear();
    elsewhere.leaves.clear();
    elsewhere.first_entry += 1;
    assert!(matches!(views.project(&[elsewhere]).await, Err(ViewsError::NotNext { .. })));
    assert_eq!(views.applied().await.unwrap().height, Some(1));
    views.project(&blocks[2..]).await.unwrap();
}

#[tokio::test]
async fn of_two_writers_of_one_block_one_is_refused() {
    let (_folder, views) = views().await;
    let blocks = history().blocks;
    let (one, other) = tokio::join!(views.project(&blocks), views.project(&blocks));
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1);
    assert_eq!(views.last_block().await.unwrap().unwrap().height + 1, u64::try_from(blocks.len()).unwrap());
}

#[tokio::test]
async fn a_block_whose_parts_do_not_agree_is_refused() {
    let (_folder, views) = views().await;
    let blocks = history().blocks;
    let mut bad = vec![blocks.clone(), blocks.clone(), blocks.clone(), blocks.clone()];
    bad[0][2].leaves.pop();
    bad[1][2].entry_count += 1;
    bad[2][2].changes.reverse();
    bad[3].remove(2);
    for batch in &bad {
        assert!(matches!(views.project(batch).await, Err(ViewsError::BadBlock { .. })));
    }
    assert_eq!(views.applied().await.unwrap().height, None);
}

#[tokio::test]
async fn a_batch_that_fails_halfway_leaves_nothing() {
    let (_folder, views) = views().await;
    let blocks = history().blocks;
    views.project(&blocks[..3]).await.unwrap();
    let mut batch = blocks[3..].to_vec();
    // Two areas of one number: the second is met after all money was written.
    let last = batch.iter_mut().rev().find(|block| block.entry_count > 0).unwrap();
    let mut facts = last.changes[0].facts.clone();
    facts.insert(0, Fact::AreaNamed(AreaId(0), "another".to_owned()));
    last.changes[0] = Arc::new(Change { facts });
    assert!(matches!(views.project(&batch).await, Err(ViewsError::Project { first: 3, .. })));

    assert_eq!(views.applied().await.unwrap().height, Some(2));
    assert_eq!(views.last_block().await.unwrap().unwrap().height, 2);
    assert_eq!(views.tokens_after(None, 1).await.unwrap(), []);
    assert_eq!(views.hop_versions_after(None, 1).await.unwrap(), []);
    views.project(&blocks[3..]).await.unwrap();
}

#[tokio::test]
async fn one_batch_and_many_make_the_same_rows() {
    let (_folder, many, history) = filled().await;
    let (_other, one) = views().await;
    one.project(&history.blocks).await.unwrap();
    let (_third, single) = views().await;
    for block in &history.blocks {
        single.project(std::slice::from_ref(block)).await.unwrap();
    }
    let expected = everything(&many).await;
    assert_eq!(everything(&one).await, expected);
    assert_eq!(everything(&single).await, expected);
}

#[tokio::test]
async fn postgresql_holds_the_same_rows() {
    let Some(views) = views_on_postgres().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = Place::file(folder.path().join("views.db"));
    let files = Views::open(&file, Faults::default()).await.unwrap();
    let history = history();
    // Rows of one batch end those of another, and are ended within their own.
    for batch in history.blocks.chunks(4) {
        views.project(batch).await.unwrap();
    }
    files.project(&history.blocks).await.unwrap();
    assert_eq!(everything(&views).await, everything(&files).await);
    views.clear().await.unwrap();
    views.project(&history.blocks).await.unwrap();
    assert_eq!(everything(&views).await, everything(&files).await);
}

#[tokio::test]
async fn emptied_views_can_be_made_anew() {
    let (folder, views, history) = filled().await;
    let expected = everything(&views).await;
    views.clear().await.unwrap();
    assert_eq!(views.applied().await.unwrap().height, None);
    assert_eq!(views.load_resident().await.unwrap().parties.len(), 0);
    assert_ne!(everything(&views).await, expected);
    views.project(&history.blocks).await.unwrap();
    assert_eq!(everything(&views).await, expected);
    views.close().await.unwrap();
    let again = Views::open(&place(&folder), Faults::default()).await.unwrap();
    assert_eq!(everything(&again).await, expected);
}

#[tokio::test]
async fn migrations_run_up_down_and_up() {
    goes_up_down_up::<ViewsMigrator>().await;
    let (folder, views) = views().await;
    views.close().await.unwrap();
    let db = crate::database::beside(folder.path(), "views").await;
    ViewsMigrator::down(&db, None).await.unwrap();
    db.close().await.unwrap();
    let views = Views::open(&crate::database::of(folder.path()).views(), Faults::default()).await.unwrap();
    views.project(&history().blocks).await.unwrap();
}

/// Every row of the views, printed.
async fn everything(views: &Views) -> Vec<String> {
    let resident = views.load_resident().await.unwrap();
    vec![
        format!("{:?}", views.applied().await.unwrap()),
        format!("{resident:?}"),
        format!("{:?}", views.blocks_after(None, 10_000).await.unwrap()),
        format!("{:?}", views.operations_after(None, 10_000).await.unwrap()),
        format!("{:?}", views.allocations_after(None, 10_000).await.unwrap()),
        format!("{:?}", views.tokens_after(None, 10_000).await.unwrap()),
        format!("{:?}", views.hop_versions_after(None, 10_000).await.unwrap()),
        format!("{:?}", views.programme_versions_after(None, 10_000).await.unwrap()),
        format!("{:?}", views.imported_rows_after(None, 10_000).await.unwrap()),
        format!("{:?}", views.notes_after(None, 10_000).await.unwrap()),
        format!("{:?}", views.case_versions_after(None, 10_000).await.unwrap()),
        format!("{:?}", views.tiles_after(None, 10_000).await.unwrap()),
    ]
}
