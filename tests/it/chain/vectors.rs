//! The published vectors beside the package, where they are.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder of published vectors; none, and a plain word, without it.
pub fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors");
    if folder.is_dir() {
        return Some(folder);
    }
    let is_required = std::env::var("AQUEDUCT_REQUIRE_SHARED").is_ok_and(|value| value == "1");
    assert!(!is_required, "../shared is not here, but is required");
    println!("skipped: ../shared is not here");
    None
}

pub fn read_json(path: &Path) -> Value {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap()
}

/// Every JSON file below a folder, in order of its path.
pub fn json_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "json") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
