//! The command line, by running the real binary.

mod begin;
mod bench;
mod files;
mod help;
mod import;
mod progress;
mod rajasthan;
pub mod serve;
mod server_import;
mod sign;
mod verify;
mod webhook;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::database;

/// What a command did.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    /// The answer, once the exit code is the expected one.
    #[track_caller]
    fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|why| panic!("{why}: {}", self.out))
    }
}

/// The binary, without anything of this environment.
fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aqueduct"));
    for name in [
        "AQUEDUCT_DATA",
        "AQUEDUCT_DATABASE",
        "AQUEDUCT_LISTEN",
        "AQUEDUCT_PASSPHRASE",
        "AQUEDUCT_LOG",
        "RUST_LOG",
        "AQUEDUCT_LOGIN",
        "AQUEDUCT_APPROVER_LOGIN",
    ] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

fn finish(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn run(args: &[&str]) -> Ran {
    finish(binary().args(args))
}

/// Runs a command on a data directory.
fn run_in(directory: &Path, args: &[&str]) -> Ran {
    finish(binary_in(directory).args(args))
}

/// The binary on a data directory, with the database that belongs to it.
fn binary_in(directory: &Path) -> Command {
    let mut command = binary();
    command.arg("--data").arg(directory);
    command.envs(database::address_of(directory).map(|address| ("AQUEDUCT_DATABASE", address)));
    command
}

/// A folder of a test's own, with a data directory in it.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.file(name), text).unwrap();
        self.path(name)
    }

    fn path(&self, name: &str) -> String {
        self.file(name).to_str().unwrap().to_owned()
    }

    fn run(&self, args: &[&str]) -> Ran {
        run_in(&self.data(), args)
    }

    /// Imports a table with the mapping of these tests.
    fn import(&self, name: &str, table: &str) -> Ran {
        self.import_with(name, table, &[])
    }

    /// The same with further arguments.
    fn import_with(&self, name: &str, table: &str, args: &[&str]) -> Ran {
        let (table, mapping) = (self.write(name, table), self.write("map.toml", MAPPING));
        let import = ["import", "tracking", &table, "--mapping", &mapping, "--json"];
        self.run(&import.into_iter().chain(args.iter().copied()).collect::<Vec<_>>())
    }
}

/// A mapping of a small table: two steps of the route, two purposes.
pub const MAPPING: &str = r#"
name = "small"
currency = "USD"
date_format = "%Y-%m-%d"

[programme]
value = "MEALS"

[cycle]
from = "from"
to = "to"

[[route]]
column = "state"
level = "state"

[[route]]
column = "district"
level = "district"

[payees]
label = "Schools"

[[purpose]]
code = "FOOD"
official = "food_official"
verified = "food_verified"

[[purpose]]
code = "FUEL"
official = "fuel_official"
verified = "fuel_verified"
"#;

const HEADER: &str = "state,district,from,to,food_official,food_verified,fuel_official,fuel_verified\n";

/// A small table: a loss, a surplus, money that nobody sent officially, and nothing at all.
pub fn small_table() -> String {
    format!(
        "{HEADER}North,East,2026-01-01,2026-01-31,100.00,60.50,10.00,10.00\n\
         North,West,2026-01-01,2026-01-31,50.25,70.25,0.00,5.00\n\
         North,West,2026-02-01,2026-02-28,0.00,0.00,7.00,0.00\n"
    )
}

/// A second table, with one row of the first.
fn second_table() -> String {
    format!(
        "{HEADER}North,West,2026-01-01,2026-01-31,50.25,70.25,0.00,5.00\n\
         North,South,2026-03-01,2026-03-31,900.00,450.00,0.00,0.00\n"
    )
}
