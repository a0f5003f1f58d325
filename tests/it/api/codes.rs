//! `docs/codes.md` is what the program writes.

use std::path::Path;
use std::process::Command;

#[test]
fn docs_codes_md_is_what_the_program_writes() {
    let ran = Command::new(env!("CARGO_BIN_EXE_aqueduct")).args(["schema", "--codes"]).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let written = String::from_utf8(ran.stdout).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/codes.md");
    if std::env::var_os("UPDATE_CODES").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &written).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == written, "docs/codes.md is not what the program has; run this test with UPDATE_CODES=1 and review");
}
