//! What can go wrong with the views.

use sea_orm::DbErr;

use crate::store::database::Place;

/// Why something could not be done with the views. The cause, where there is one, is the
/// source.
#[derive(Debug, thiserror::Error)]
pub enum ViewsError {
    /// The database could not be opened.
    #[error("the views at {place} could not be opened")]
    Open {
        /// Where it is.
        place: Place,
        /// The cause.
        source: DbErr,
    },
    /// The schema could not be brought up to date.
    #[error("the tables of the views could not be brought up to date")]
    Migrate(#[source] DbErr),
    /// They were made by an older version, and were opened only to be read.
    #[error("the views were made by an older version; start the server or run `aqueduct rebuild` to make them anew")]
    Older,
    /// The tables could not be emptied.
    #[error("the views could not be emptied")]
    Clear(#[source] DbErr),
    /// Blocks could not be written; none of the batch was.
    #[error("blocks {first} to {last} could not be written to the views")]
    Project {
        /// The first block of the batch.
        first: u64,
        /// The last block of the batch.
        last: u64,
        /// The cause.
        source: DbErr,
    },
    /// What the examination of blocks came to could not be written; none of it was.
    #[error("the findings up to block {height:?} could not be written")]
    Examine {
        /// The last block that was examined.
        height: Option<u64>,
        /// The cause.
        source: DbErr,
    },
    /// A batch does not begin where the views end; nothing was written.
    #[error("block {given}, whose first entry is {first_entry}, does not follow what the views hold")]
    NotNext {
        /// The block that was given.
        given: u64,
        /// Its first entry.
        first_entry: u64,
    },
    /// A block's parts do not agree; nothing was written.
    #[error("block {height} cannot be written to the views: {reason}")]
    BadBlock {
        /// The block.
        height: u64,
        /// What does not agree.
        reason: &'static str,
    },
    /// Something could not be read.
    #[error("{what} could not be read from the views")]
    Read {
        /// What was asked for.
        what: &'static str,
        /// The cause.
        source: DbErr,
    },
    /// A stored value cannot be what the views write.
    #[error("column {column} of table {table} in the views holds no valid value; rebuild the views")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
}

impl ViewsError {
    /// Makes a cause into the error of reading something.
    pub(in crate::store) fn read(what: &'static str) -> impl Fn(DbErr) -> Self {
        move |source| Self::Read { what, source }
    }
}
