//! One writer per data directory.

use aqueduct::store::lock::{LockError, WriterLock};

#[test]
fn the_second_writer_of_a_directory_is_told_so() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("made on first start");
    let first = WriterLock::acquire(&directory).unwrap();
    let second = WriterLock::acquire(&directory).unwrap_err();
    assert!(matches!(&second, LockError::AlreadyRunning { directory: named } if *named == directory));
    assert!(second.to_string().contains("already writing in"), "{second}");
    assert!(!second.to_string().contains("--"), "no option does it: {second}");
    drop(first);
    WriterLock::acquire(&directory).unwrap();
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("a file");
    std::fs::write(&file, b"").unwrap();
    let error = WriterLock::acquire(&file).unwrap_err();
    assert!(matches!(error, LockError::File { .. }), "{error:?}");
}
