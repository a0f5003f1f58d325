//! Whether `relay-compiler` accepts the schema: connections that page, nodes that are refetched.
//! It needs Node and npm; `AQUEDUCT_REQUIRE_NODE=1` makes them required.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The program, if it runs here.
fn found(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|ran| ran.status.success())
}

/// Runs a program in a folder; what it wrote, if it did not end well.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> Result<(), String> {
    let ran = Command::new(program).args(arguments).current_dir(folder).output().map_err(|why| why.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if ran.status.success() { Ok(()) } else { Err(text(&ran.stdout) + &text(&ran.stderr)) }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let target = to.join(file.file_name());
        if file.file_type().unwrap().is_dir() {
            copy(&file.path(), &target);
        } else {
            std::fs::copy(file.path(), target).unwrap();
        }
    }
}

#[test]
fn relay_compiler_accepts_the_schema_with_connections_and_refetchable_fragments() {
    let is_required = std::env::var("AQUEDUCT_REQUIRE_NODE").is_ok_and(|value| value == "1");
    if !["node", "npm"].into_iter().all(found) {
        assert!(!is_required, "node and npm are required");
        eprintln!("skipped: node and npm are not here");
        return;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node-relay");
    let lock = std::fs::read_to_string(source.join("package-lock.json")).unwrap();
    assert!(!lock.contains("\"resolved\""), "the lock names no registry");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("node-relay");
    for made in ["src", "generated"] {
        let _ = std::fs::remove_dir_all(folder.join(made));
    }
    copy(&source, &folder);
    std::fs::write(folder.join("schema.graphql"), aqueduct::api::schema::sdl()).unwrap();
    std::fs::create_dir_all(folder.join("generated")).unwrap();
    if let Err(why) = run(&folder, "npm", &["ci", "--no-audit", "--no-fund", "--ignore-scripts"]) {
        assert!(!is_required, "npm ci: {why}");
        eprintln!("skipped: relay-compiler cannot be installed here: {why}");
        return;
    }
    let compiler = folder.join("node_modules/relay-compiler/cli.js");
    let compile = [compiler.to_str().unwrap(), "relay.config.json"];
    run(&folder, "node", &compile).unwrap_or_else(|why| panic!("relay-compiler: {why}"));
    let made: Vec<_> = std::fs::read_dir(folder.join("generated")).unwrap().flatten().collect();
    let is_made = |name: &str| made.iter().any(|file| file.file_name().to_string_lossy().starts_with(name));
    for name in ["listsHopsPaginationQuery", "listsInboxPaginationQuery", "partsHopRefetchQuery", "appQuery"] {
        assert!(is_made(name), "{name} was not made");
    }
    // A schema without what relay needs is refused: the test can fail.
    let broken = aqueduct::api::schema::sdl().replace("endCursor", "lastCursor");
    std::fs::write(folder.join("schema.graphql"), broken).unwrap();
    assert!(run(&folder, "node", &compile).is_err(), "relay-compiler looks at the schema");
}
