//! A PostgreSQL server of the tests' own: made in a folder of its own, reached by a socket in it,
//! and gone with the process, however that ends.
//!
//! Its programs are looked for in `AQUEDUCT_POSTGRES_BIN`, in the search path and where Debian and
//! Red Hat keep them. Without them the tests that need them say on standard error that they skip;
//! with `AQUEDUCT_REQUIRE_POSTGRES=1` that is a failure.
#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Stops the server and takes its folder away when nobody holds the other end of its input.
const WATCH: &str =
    r#"trap '' INT TERM HUP; cat > /dev/null; "$0" -D "$1/data" -m immediate stop > /dev/null 2>&1; rm -rf "$1""#;

/// What the tests' server sets: as durable as any, and with connections for many nodes at once.
const SETTINGS: &str = "\
listen_addresses = ''
max_connections = 500
fsync = on
synchronous_commit = on
max_wal_senders = 0
wal_level = minimal
logging_collector = off
";

/// Functions of SQLite that the tests use, in every database.
const FUNCTIONS: &str = "\
CREATE FUNCTION zeroblob(bigint) RETURNS bytea LANGUAGE sql IMMUTABLE AS \
    $$ SELECT decode(repeat('00', $1::integer), 'hex') $$;
CREATE FUNCTION unhex(text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$ SELECT decode($1, 'hex') $$;";

/// A running server. Its watcher outlives the value's process by a moment.
pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    owner: Option<(u32, u32)>,
    databases: AtomicU32,
    _watcher: (Child, ChildStdin),
}

/// How a server is stopped.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    /// Sessions are cut off, and everything is written down in order.
    Fast,
    /// As by a loss of power.
    Immediate,
}

/// The server that most tests share; none where there are no programs.
pub fn shared() -> Option<&'static Cluster> {
    static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
    SHARED.get_or_init(Cluster::start).as_ref()
}

impl Cluster {
    /// Makes a server and starts it.
    pub fn start() -> Option<Self> {
        let programs = programs()?;
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::SeqCst);
        let folder = std::env::temp_dir().join(format!("aqueduct-pg-{}-{number}", std::process::id()));
        // A process of the same number may have left it behind.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        let owner = owner(&folder);
        if let Some((user, group)) = owner {
            chown(&folder, Some(user), Some(group)).unwrap();
        }
        let watcher = watch(&programs, &folder, owner);
        let cluster = Self { programs, folder, owner, databases: AtomicU32::new(0), _watcher: watcher };
        // Sorted otherwise than by bytes, where the server can: then a text that is not is found.
        let data = cluster.data();
        let basics = ["-D", &data, "-U", "aqueduct", "-A", "trust", "-E", "UTF8", "--no-sync"];
        let by_language = ["--locale-provider=icu", "--icu-locale=en-US"];
        if !cluster.command("initdb").args(basics).args(by_language).output().unwrap().status.success() {
            let _ = fs::remove_dir_all(&data);
            run(cluster.command("initdb").args(basics));
        }
        let socket = format!("unix_socket_directories = '{}'\n", cluster.folder.display());
        let config = cluster.folder.join("data/postgresql.auto.conf");
        fs::write(config, format!("{SETTINGS}{socket}")).unwrap();
        cluster.control(&["start"]);
        cluster.sql("template1", FUNCTIONS);
        Some(cluster)
    }

    /// Makes an empty database; its address.
    pub fn database(&self) -> String {
        self.database_from("template1")
    }

    /// Makes a copy of a database that nobody uses; its address.
    pub fn database_from(&self, template: &str) -> String {
        let number = self.databases.fetch_add(1, Ordering::SeqCst);
        let name = format!("books_{number}");
        self.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        self.address(&name)
    }

    /// Takes a database away, whoever uses it.
    pub fn drop_database(&self, address: &str) {
        self.sql("postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", name_in(address)));
    }

    /// The address of a database.
    pub fn address(&self, name: &str) -> String {
        let folder = self.folder.to_str().unwrap().replace('/', "%2F");
        format!("postgres://aqueduct@{folder}/{name}")
    }

    /// Runs statements in a database of a name; what they answer, without decoration.
    pub fn sql(&self, name: &str, sql: &str) -> String {
        let mut psql = self.command("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "aqueduct", "-h"]);
        psql.arg(&self.folder).args(["-d", name]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = psql.spawn().unwrap();
        // Dropped, and so at its end, before the answer is read: none is as long as a pipe.
        child.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
        answer(&psql, &child.wait_with_output().unwrap()).trim().to_owned()
    }

    /// Copies a schema of one database into another.
    pub fn copy_schema(&self, from: &str, to: &str, schema: &str) {
        let mut dump = self.command("pg_dump");
        dump.args(["-U", "aqueduct", "-n", schema, "-h"]).arg(&self.folder).args(["-d", name_in(from)]);
        let dumped = run(&mut dump);
        self.sql(name_in(to), &dumped);
    }

    /// Stops the server and starts it again.
    pub fn restart(&self, stop: Stop) {
        self.control(&["restart", "-m", stop.mode()]);
    }

    /// Stops the server.
    pub fn stop(&self, stop: Stop) {
        self.control(&["stop", "-m", stop.mode()]);
    }

    /// Starts it again.
    pub fn start_again(&self) {
        self.control(&["start"]);
    }

    fn control(&self, args: &[&str]) {
        let log = self.folder.join("log");
        let mut control = self.command("pg_ctl");
        run(control.args(["-D", &self.data(), "-w", "-t", "60", "-l"]).arg(log).args(args));
    }

    fn data(&self) -> String {
        self.folder.join("data").to_str().unwrap().to_owned()
    }

    /// A program of PostgreSQL, as the user whom the server belongs to.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        as_owner(&mut command, self.owner);
        command.current_dir(&self.folder).stdin(Stdio::null());
        command
    }
}

impl Stop {
    fn mode(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Immediate => "immediate",
        }
    }
}

/// The name of the database in an address.
pub fn name_in(address: &str) -> &str {
    address.rsplit('/').next().unwrap().split('?').next().unwrap()
}

/// Where the programs are, or why there are none.
fn programs() -> Option<PathBuf> {
    let named = std::env::var_os("AQUEDUCT_POSTGRES_BIN").map(PathBuf::from);
    let searched = std::env::var_os("PATH").unwrap_or_default();
    // A link in the search path says where the others are, which may have none.
    let linked = std::env::split_paths(&searched).filter_map(|folder| {
        let program = fs::canonicalize(folder.join("initdb")).ok()?;
        program.parent().map(Path::to_owned)
    });
    let mut installed: Vec<PathBuf> = ["/usr/lib/postgresql", "/usr"]
        .iter()
        .filter_map(|root| fs::read_dir(root).ok())
        .flatten()
        .map(|version| version.unwrap().path().join("bin"))
        .collect();
    installed.sort();
    let all = named.into_iter().chain(linked).chain(installed.into_iter().rev());
    let is_whole = |folder: &PathBuf| ["initdb", "pg_ctl", "psql"].iter().all(|name| folder.join(name).is_file());
    let found = all.into_iter().find(is_whole);
    if found.is_none() {
        let required = std::env::var_os("AQUEDUCT_REQUIRE_POSTGRES").is_some_and(|value| value == "1");
        assert!(!required, "PostgreSQL's initdb, pg_ctl and psql are required");
        eprintln!("skipped: PostgreSQL's initdb, pg_ctl and psql are not there");
    }
    found
}

/// Somebody without rights, when we are root, as whom the server refuses to run.
fn owner(folder: &Path) -> Option<(u32, u32)> {
    if fs::metadata(folder).unwrap().uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let user = |name: &str| {
        let line = users.lines().find(|line| line.starts_with(&format!("{name}:")))?;
        let mut fields = line.split(':').skip(2).map(|id| id.parse().unwrap());
        Some((fields.next()?, fields.next()?))
    };
    Some(user("postgres").or_else(|| user("nobody")).expect("a user without rights"))
}

/// Only root can become somebody else, and nobody else has to.
fn as_owner(command: &mut Command, owner: Option<(u32, u32)>) {
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
}

fn watch(programs: &Path, folder: &Path, owner: Option<(u32, u32)>) -> (Child, ChildStdin) {
    let mut watcher = Command::new("/bin/sh");
    as_owner(&mut watcher, owner);
    watcher.args(["-c", WATCH]).arg(programs.join("pg_ctl")).arg(folder).current_dir(folder);
    let mut child = watcher.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let input = child.stdin.take().unwrap();
    (child, input)
}

#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    answer(command, &output)
}

#[track_caller]
fn answer(command: &Command, output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {out}{err}");
    out.into_owned()
}
