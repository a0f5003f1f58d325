//! How fast all of it is, on this machine and through the same door as everybody: a client with
//! keys of its own sends signed operations over HTTP to a server in a process of its own, and
//! both share the machine's cores.
//!
//! - What is sent is made and signed beforehand; nothing is left out on the server's side: the
//!   same durability, the same checks.
//! - Every figure has a yardstick from the same run where there is one, because two machines,
//!   or one at two moments, are not alike.
//! - [`operations`], [`batch`] and [`growth`] are the benchmarks; [`books`], [`cast`] and
//!   [`seed`] make up what they work on; [`host`], [`client`], [`load`] and [`sockets`] are the
//!   two sides of the wire.
//!
//! No test asserts a time. The stores and GraphQL's own types do not belong here.

pub mod batch;
pub mod books;
pub mod cast;
pub mod client;
pub mod error;
pub mod growth;
pub mod host;
pub mod load;
pub mod measurement;
pub mod operations;
pub mod questions;
pub mod seed;
pub mod sockets;

use std::path::PathBuf;
use std::time::Duration;

use crate::service::scratch::Scratch;

use error::BenchError;
use host::Program;
use measurement::Measurement;

/// What can be measured, with a sentence each.
pub const BENCHMARKS: &[(&str, &str)] = &[
    ("operations", "single signed operations over HTTP, against one signature check a request"),
    ("subscribers", "the same with many open subscriptions, against none"),
    ("batch", "signed lists of outputs over HTTP, against append, hash and fsync"),
    ("projection", "hops written into the views"),
    ("report", "reports in every grouping, statements, the past, lists"),
    ("trace", "the way of a token over eight hops"),
    ("memory", "memory, bytes on disk for each hop, and the time of a start"),
    ("replay", "checking the chain again, making the views anew, verify"),
];

/// What is measured and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// This program, whose server is measured.
    pub program: PathBuf,
    /// A folder of its own, on the disk that is measured.
    pub folder: PathBuf,
    /// Where databases for the books are made; without it they are files in that folder.
    pub scratch: Option<Scratch>,
    /// Names of [`BENCHMARKS`].
    pub names: Vec<String>,
    /// How long the long measurements take.
    pub seconds: Duration,
    /// The sizes at which the books are measured, in hops, rising.
    pub hops: Vec<u64>,
    /// One round instead of several.
    pub quick: bool,
    /// Leaves the books where they are.
    pub keep: bool,
    /// How many subscriptions are opened.
    pub subscribers: usize,
    /// What is made up begins here.
    pub seed: u64,
    /// Hears what is being done.
    pub say: fn(&str),
}

impl Plan {
    /// Measures what is named. Each figure is there as soon as it is found: whoever no longer waits
    /// for the others keeps it.
    pub async fn run(&self, figures: &mut Vec<Measurement>) -> Result<(), BenchError> {
        if self.wants("operations") || self.wants("subscribers") {
            operations::measure(self, figures).await?;
        }
        if self.wants("batch") {
            batch::measure(self, figures).await?;
        }
        if ["projection", "report", "trace", "memory", "replay"].iter().any(|name| self.wants(name)) {
            growth::measure(self, figures).await?;
        }
        Ok(())
    }

    fn wants(&self, name: &str) -> bool {
        self.names.iter().any(|wanted| wanted == name)
    }

    /// How often what is noisy is measured; the middle counts.
    fn rounds(&self) -> usize {
        if self.quick { 1 } else { 3 }
    }

    /// How long each of those takes.
    fn window(&self) -> Duration {
        self.seconds / 4
    }

    fn say(&self, what: &str) {
        (self.say)(what);
    }

    /// The program on a data directory and, if there is to be one, a database of its own.
    async fn program(&self, name: &str) -> Result<Program, BenchError> {
        let data = self.folder.join(name);
        std::fs::create_dir_all(&data).map_err(BenchError::file(&data))?;
        let database = match &self.scratch {
            Some(scratch) => Some(scratch.make(name).await.map_err(BenchError::store)?),
            None => None,
        };
        Ok(Program { path: self.program.clone(), name: name.to_owned(), data, database })
    }

    /// Takes books away that are no longer needed.
    async fn remove(&self, program: &Program) -> Result<(), BenchError> {
        if self.keep {
            return Ok(());
        }
        if let Some(scratch) = &self.scratch {
            scratch.remove(&program.name).await.map_err(BenchError::store)?;
        }
        std::fs::remove_dir_all(&program.data).map_err(BenchError::file(&program.data))
    }
}
