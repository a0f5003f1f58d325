//! One writer per data directory.

use aqueduct::store::database::Database;
use aqueduct::store::lock::{LockError, WriterLock};

#[tokio::test]
async fn the_second_writer_of_a_directory_is_told_so() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("made on first start");
    let database = crate::database::of(&directory);
    let first = WriterLock::acquire(&directory, &database).await.unwrap();
    let second = WriterLock::acquire(&directory, &database).await.unwrap_err();
    assert!(matches!(&second, LockError::AlreadyRunning { directory: named } if *named == directory));
    assert!(second.to_string().contains("already writing in"), "{second}");
    assert!(!second.to_string().contains("--"), "no option does it: {second}");
    first.release().await;
    WriterLock::acquire(&directory, &database).await.unwrap();
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_named() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("a file");
    std::fs::write(&file, b"").unwrap();
    let error = WriterLock::acquire(&file, &Database::Files(file.clone())).await.unwrap_err();
    assert!(matches!(error, LockError::File { .. }), "{error:?}");
}
