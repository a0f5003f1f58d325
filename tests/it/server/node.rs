//! Programs of other people, from npm: the audits of GraphQL over HTTP, and a client of
//! `graphql-transport-ws`. They run where Node and npm are; with AQUEDUCT_REQUIRE_NODE=1 they
//! must be.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use super::client::Served;

/// The folder with the packages; none where Node or npm is missing. They are installed once, in
/// the exact versions of the lockfile.
fn installed() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER.get_or_init(install).as_deref()
}

fn install() -> Option<PathBuf> {
    let has = |program: &str| Command::new(program).arg("--version").output().is_ok_and(|ran| ran.status.success());
    if !has("node") || !has("npm") {
        let is_required = std::env::var("AQUEDUCT_REQUIRE_NODE").is_ok_and(|value| value == "1");
        assert!(!is_required, "AQUEDUCT_REQUIRE_NODE is set, and Node or npm is not there");
        eprintln!("skipped: Node and npm are not there");
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("node");
    std::fs::create_dir_all(&folder).unwrap();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/node")).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
    }
    let ran = Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder).output().unwrap();
    assert!(ran.status.success(), "npm ci: {}", said(&ran));
    Some(folder)
}

fn said(ran: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr))
}

/// Runs a script of the folder against a server; what it printed.
async fn run(script: &'static str, args: Vec<String>) -> Option<String> {
    let ran = tokio::task::spawn_blocking(move || {
        let folder = installed()?;
        Some(Command::new("node").arg(script).args(args).current_dir(folder).output().unwrap())
    });
    let ran = ran.await.unwrap()?;
    assert!(ran.status.success(), "{script}: {}", said(&ran));
    Some(String::from_utf8(ran.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn all_audits_of_graphql_over_http_pass() {
    let served = Served::start().await;
    let Some(printed) = run("audits.mjs", vec![format!("http://{}/graphql", served.address)]).await else { return };
    let passed: usize = printed.trim().strip_suffix(" audits passed").unwrap().parse().unwrap();
    assert!(passed > 50, "{printed}");
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_of_graphql_ws_follows_and_asks() {
    let served = Served::start().await;
    let url = format!("ws://{}/graphql/ws", served.address);
    let Some(printed) = run("socket.mjs", vec![url, served.token().to_owned()]).await else { return };
    assert_eq!(printed, "asked\nfollowed 1 2 3\nrefused GRAPHQL_VALIDATION_FAILED\nclosed 4403\n");
    served.end().await;
}
