//! The pages of `docs` that the program writes are what it has.

use std::path::Path;
use std::process::Command;

#[test]
fn docs_codes_md_is_what_the_program_writes() {
    is_written("--codes", "docs/codes.md");
}

#[test]
fn docs_rules_md_is_what_the_program_writes() {
    is_written("--rules", "docs/rules.md");
}

fn is_written(option: &str, page: &str) {
    let ran = Command::new(env!("CARGO_BIN_EXE_aqueduct")).args(["schema", option]).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let written = String::from_utf8(ran.stdout).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    if std::env::var_os("UPDATE_CODES").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == written, "{page} is not what the program has; run this test with UPDATE_CODES=1 and review");
}
