//! Where the stores of a node are: files of a directory, or schemas of one PostgreSQL database.
//!
//! Which of the two it is, is decided once, here; whoever opens a store is given its [`Place`].

use std::fmt;
use std::path::{Path, PathBuf};

use sea_orm::DbErr;

use super::error::{Cause, StoreError};
use super::postgres::Server;

/// Where all stores are.
#[derive(Clone, Debug)]
pub enum Database {
    /// SQLite files in a directory.
    Files(PathBuf),
    /// Schemas of a PostgreSQL database.
    Postgres(Server),
}

/// Where one store is.
#[derive(Clone, Debug)]
pub enum Place {
    /// A SQLite file.
    File(PathBuf),
    /// A schema of a PostgreSQL database.
    Schema(Schema),
}

/// A schema of a PostgreSQL database. Its printed form: `postgres://db.example:5432/books, schema
/// aqueduct_views`.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The database.
    pub(super) server: Server,
    /// The schema's name.
    pub(super) name: &'static str,
}

impl Database {
    /// The truth.
    pub fn chain(&self) -> Place {
        self.place("chain.db", "aqueduct_chain")
    }

    /// What is derived from it.
    pub fn views(&self) -> Place {
        self.place("views.db", "aqueduct_views")
    }

    /// What is concluded from both.
    pub fn findings(&self) -> Place {
        self.place("findings.db", "aqueduct_findings")
    }

    /// What belongs to the node alone.
    pub fn node(&self) -> Place {
        self.place("node.db", "aqueduct_node")
    }

    /// What people call where it is: a directory, or a database.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Files(_) => "directory",
            Self::Postgres(_) => "database",
        }
    }

    fn place(&self, file: &str, schema: &'static str) -> Place {
        match self {
            Self::Files(directory) => Place::File(directory.join(file)),
            Self::Postgres(server) => Place::Schema(Schema { server: server.clone(), name: schema }),
        }
    }
}

impl Place {
    /// A SQLite file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::File(path.into())
    }

    /// Its path, if it is a file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Schema(_) => None,
        }
    }

    /// Whether a store is there; makes nothing.
    pub async fn exists(&self) -> Result<bool, StoreError> {
        match self {
            Self::File(path) => Ok(path.exists()),
            Self::Schema(schema) => schema.exists().await.map_err(|source| self.cannot_open(source)),
        }
    }

    /// Takes the whole store away, whatever is in it: for views that cannot be read at all.
    pub async fn remove(&self) -> Result<(), StoreError> {
        let failed = |source| StoreError::Remove { place: self.clone(), source };
        match self {
            Self::Schema(schema) => schema.remove().await.map_err(|source| failed(source.into())),
            Self::File(path) => {
                for suffix in ["", "-wal", "-shm"] {
                    let mut path = path.clone().into_os_string();
                    path.push(suffix);
                    match std::fs::remove_file(path) {
                        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                            return Err(failed(source.into()));
                        }
                        _ => {}
                    }
                }
                Ok(())
            }
        }
    }

    pub(super) fn cannot_open(&self, source: impl Into<Cause>) -> StoreError {
        StoreError::Open { place: self.clone(), source: source.into() }
    }

    /// The error of bringing the schema up to date, for which it must be opened first.
    pub(super) fn cannot_migrate(&self, source: DbErr) -> StoreError {
        match source {
            DbErr::Conn(_) => self.cannot_open(source),
            _ => StoreError::Migrate { place: self.clone(), source: source.into() },
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files(directory) => directory.display().fmt(f),
            Self::Postgres(server) => server.fmt(f),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Schema(schema) => write!(f, "{}, schema {}", schema.server, schema.name),
        }
    }
}
