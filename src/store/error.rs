//! Why a store could not do what was asked: the attempt in the text, the cause as the source.

use super::database::Place;

/// What lies behind a failure, as the database or the system reported it.
pub type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// A store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It could not be opened.
    #[error("the store {place} could not be opened")]
    Open {
        /// Where it is.
        place: Place,
        /// Why.
        source: Cause,
    },
    /// The schema could not be brought up to date.
    #[error("the schema of {place} could not be brought up to date")]
    Migrate {
        /// Where it is.
        place: Place,
        /// Why.
        source: Cause,
    },
    /// It could not be taken away.
    #[error("the store {place} could not be taken away")]
    Remove {
        /// Where it is.
        place: Place,
        /// Why.
        source: Cause,
    },
    /// Something could not be read.
    #[error("{what} could not be read")]
    Read {
        /// What was asked for.
        what: &'static str,
        /// Why.
        source: Cause,
    },
    /// Something could not be written; whether it was is not known when the connection broke.
    #[error("{what} could not be written")]
    Write {
        /// What was to be written.
        what: &'static str,
        /// Why.
        source: Cause,
    },
    /// A stored value is not what this program writes.
    #[error("{what} is damaged in the store")]
    Damaged {
        /// What was read.
        what: &'static str,
    },
}

/// A block could not be appended. What the caller may do next differs, hence three variants.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The head is not the block that this one follows; nothing was written.
    #[error("the chain's head is not the block that this one follows")]
    Conflict,
    /// Nobody knows whether it was written: reopen the store and read the head before
    /// anybody is answered.
    #[error("it is not known whether the block was written")]
    Unknown {
        /// Why.
        source: Cause,
    },
    /// It was surely not written, for instance because the disk is full.
    #[error("the block could not be written")]
    Failed {
        /// Why.
        source: Cause,
    },
}

/// An error with what lies behind it, on one line, for the log.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(why) = cause {
        let why_text = why.to_string();
        // Some errors tell their cause at the end of their own text.
        if !text.ends_with(&why_text) {
            text.push_str(": ");
            text.push_str(&why_text);
        }
        cause = why.source();
    }
    text
}

impl StoreError {
    /// Wraps the cause of a failed read.
    pub(super) fn read<E: Into<Cause>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::Read { what, source: source.into() }
    }

    /// Wraps the cause of a failed write.
    pub(super) fn write<E: Into<Cause>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::Write { what, source: source.into() }
    }
}
