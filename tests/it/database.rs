//! Which database a run of the suite is on: SQLite's files, or with
//! `AQUEDUCT_TEST_DATABASE=postgres` a database of PostgreSQL for every data directory.
//!
//! A directory of a test and its database belong together: the database is made when it is first
//! asked for, and goes away after the directory has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use aqueduct::service::node::Options;
use aqueduct::store::database::Database;
use sea_orm::DatabaseConnection;

use crate::cluster::{self, Cluster, name_in};

/// The addresses of databases by their directories.
static DATABASES: Mutex<BTreeMap<PathBuf, String>> = Mutex::new(BTreeMap::new());

/// Whether this run is on PostgreSQL.
pub fn is_postgres() -> bool {
    match std::env::var("AQUEDUCT_TEST_DATABASE").as_deref() {
        Err(_) | Ok("" | "sqlite") => false,
        Ok("postgres") => true,
        Ok(other) => panic!("AQUEDUCT_TEST_DATABASE is sqlite or postgres, not {other}"),
    }
}

/// Says that a test is of SQLite alone, in a run on PostgreSQL.
pub fn is_for_sqlite_only() -> bool {
    if is_postgres() {
        eprintln!("skipped: this is a test of SQLite's files");
    }
    is_postgres()
}

/// The address of a directory's database; none in a run on SQLite.
pub fn address_of(directory: &Path) -> Option<String> {
    is_postgres().then(|| address(directory, Cluster::database))
}

/// Where the stores of a directory are.
pub fn of(directory: &Path) -> Database {
    options(directory).database
}

/// How a node of a directory is opened.
pub fn options(directory: &Path) -> Options {
    let options = Options::new(directory);
    match address_of(directory) {
        Some(address) => options.with_database(&address).unwrap(),
        None => options,
    }
}

/// Makes a copy of a directory's database for another directory.
pub fn copy(from: &Path, to: &Path) {
    if let Some(template) = address_of(from) {
        forget(to);
        address(to, |cluster| cluster.database_from(name_in(&template)));
    }
}

/// Puts a copy of another directory's store in place of this one's.
pub fn replace(from: &Path, to: &Path, store: &str) {
    remove(to, store);
    if let (Some(from), Some(to)) = (address_of(from), address_of(to)) {
        server().copy_schema(&from, &to, &format!("aqueduct_{store}"));
        return;
    }
    for suffix in ["", "-wal", "-shm"] {
        let name = format!("{store}.db{suffix}");
        if from.join(&name).exists() {
            std::fs::copy(from.join(&name), to.join(&name)).unwrap();
        }
    }
}

/// Takes a store of a directory away.
pub fn remove(directory: &Path, store: &str) {
    if let Some(address) = address_of(directory) {
        server().sql(name_in(&address), &format!("DROP SCHEMA IF EXISTS aqueduct_{store} CASCADE"));
        return;
    }
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(directory.join(format!("{store}.db{suffix}")));
    }
}

/// Whether a directory has a store.
pub async fn has(directory: &Path, store: &str) -> bool {
    let database = of(directory);
    let place = match store {
        "chain" => database.chain(),
        "views" => database.views(),
        _ => database.node(),
    };
    place.exists().await.unwrap()
}

/// Takes the database of a directory away.
pub fn forget(directory: &Path) {
    let known = databases().remove(directory);
    if let Some(address) = known {
        server().drop_database(&address);
    }
}

/// A connection of our own to a store, to look at it or to damage it.
pub async fn beside(directory: &Path, store: &str) -> DatabaseConnection {
    let address = match address_of(directory) {
        Some(address) => beside_address(&address, store),
        None => format!("sqlite://{}?mode=rwc", directory.join(format!("{store}.db")).display()),
    };
    sea_orm::Database::connect(address).await.unwrap()
}

/// The address of a store's schema; behind it are the functions of SQLite that the tests use.
pub fn beside_address(address: &str, store: &str) -> String {
    format!("{address}?options=-csearch_path%3Daqueduct_{store},public")
}

fn address(directory: &Path, make: impl FnOnce(&Cluster) -> String) -> String {
    let mut databases = databases();
    if let Some(address) = databases.get(directory) {
        return address.clone();
    }
    let gone: Vec<PathBuf> = databases.keys().filter(|directory| has_ended(directory)).cloned().collect();
    let gone: Vec<String> = gone.iter().filter_map(|directory| databases.remove(directory)).collect();
    let address = make(server());
    databases.insert(directory.to_owned(), address.clone());
    drop(databases);
    for address in gone {
        server().drop_database(&address);
    }
    address
}

/// Whether the test of a directory has ended: its folder, which may hold the directory, is gone.
fn has_ended(directory: &Path) -> bool {
    let is_gone = |path: &Path| !path.exists();
    is_gone(directory) && directory.parent().is_none_or(|folder| is_gone(folder) || folder == std::env::temp_dir())
}

fn databases() -> std::sync::MutexGuard<'static, BTreeMap<PathBuf, String>> {
    DATABASES.lock().unwrap_or_else(PoisonError::into_inner)
}

fn server() -> &'static Cluster {
    cluster::shared().expect("a run on PostgreSQL needs its programs")
}
