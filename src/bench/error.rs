//! Why there is no figure.

use std::path::PathBuf;

use crate::chain::envelope::EnvelopeFault;
use crate::chain::key::NoRandomness;
use crate::service::begin::BeginError;
use crate::service::clock::ClockSuspect;
use crate::service::logins::LoginError;
use crate::service::operation::Unwritable;

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The books cannot be begun.
    #[error("the books cannot be begun")]
    Begin(#[from] BeginError),
    /// A login cannot be made.
    #[error("a login cannot be made")]
    Login(#[from] LoginError),
    /// An operation cannot be written down.
    #[error("an operation cannot be written down")]
    Unwritable(#[from] Unwritable),
    /// An envelope cannot be put together.
    #[error("an envelope cannot be put together")]
    Envelope(#[from] EnvelopeFault),
    /// A store or a database cannot be used.
    #[error("the books' database cannot be used")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No key can be made.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The clock cannot be trusted.
    #[error(transparent)]
    Clock(#[from] ClockSuspect),
    /// A file cannot be used.
    #[error("{} cannot be used", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A program cannot be run.
    #[error("{what} cannot be run")]
    Program {
        /// Which.
        what: String,
        /// Why.
        source: std::io::Error,
    },
    /// A program did not do what it was run for.
    #[error("{0}")]
    Failed(String),
    /// The server cannot be reached.
    #[error("the server cannot be reached")]
    Unreachable(#[source] std::io::Error),
    /// A connection broke.
    #[error("a connection to the server broke")]
    Broken(#[from] hyper::Error),
    /// A socket for subscriptions broke.
    #[error("a subscription broke")]
    Socket(#[from] Box<tokio_tungstenite::tungstenite::Error>),
    /// The server answered something else.
    #[error("the server answered {what}: {answer}")]
    Answer {
        /// To what.
        what: &'static str,
        /// With what, in part.
        answer: String,
    },
}

impl BenchError {
    /// A file that cannot be used.
    pub fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        |source| Self::File { path: path.to_owned(), source }
    }

    /// A store or a database that cannot be used.
    pub fn store(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Store(error.into())
    }

    /// An answer that was not expected.
    pub fn answer(what: &'static str, answer: &[u8]) -> Self {
        /// Enough to see what is wrong.
        const SHOWN_BYTES: usize = 500;
        let shown = &answer[..answer.len().min(SHOWN_BYTES)];
        Self::Answer { what, answer: String::from_utf8_lossy(shown).into_owned() }
    }
}
