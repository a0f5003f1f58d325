//! What an import found and did.

use std::collections::BTreeMap;
use std::path::PathBuf;

use uuid::Uuid;

use crate::interchange::control::{Control, ExactSum};
use crate::interchange::dialect::Dialect;
use crate::interchange::tally::{Oddities, Rounding, Sums, Totals};
use crate::ledger::ids::PayloadDigest;
use crate::ledger::money::Currency;

/// What an import did, or in a dry run would have done.
#[derive(Clone, Debug)]
pub struct Imported {
    /// SHA-256 of the file.
    pub file: PayloadDigest,
    /// The mapping's name.
    pub mapping: String,
    /// How the file is written.
    pub dialect: Dialect,
    /// The currency of every amount.
    pub currency: Currency,
    /// The programmes of the rows, in order of code.
    pub programmes: Vec<String>,
    /// What this run recorded; in a dry run, what it would have recorded.
    pub recorded: Counted,
    /// What an earlier run had recorded.
    pub already_recorded: Counted,
    /// What was not taken in, by the code of the reason.
    pub rejected: BTreeMap<&'static str, Rejections>,
    /// Where the rejected rows were written, if there are any and it was wanted.
    pub rejected_file: Option<PathBuf>,
    /// Whether the file is one of rows that were rejected before.
    pub is_of_rejected_rows: bool,
    /// Everything odd in the file.
    pub oddities: Oddities,
    /// The sums over the rows that were not rejected, recorded now or before.
    pub totals: Totals,
    /// The file's own totals, and what became of them.
    pub controls: Controls,
    /// The entries that this run made.
    pub entries: Vec<MadeEntry>,
    /// The operations that this run stated and that wait for another officer's signature.
    pub awaiting: Vec<Uuid>,
    /// What became of it.
    pub standing: Standing,
}

/// How an import ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The good rows are in the books, or wait for a signature.
    Done,
    /// Nothing was to be recorded.
    DryRun,
    /// Nothing was recorded, because some rows are bad.
    Nothing,
}

/// Rows, and purposes of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Rows with at least one such purpose.
    pub rows: u64,
    /// Purposes of rows.
    pub purpose_rows: u64,
}

/// The faults of one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejections {
    /// How many.
    pub count: u64,
    /// The first of them, as sentences.
    pub examples: Vec<String>,
}

/// Control totals: what the file says comes to what was taken in and what was rejected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Controls {
    /// The file, added up apart from how its rows are judged.
    pub file: Control,
    /// The rejected rows, as far as their amounts can be read.
    pub rejected: Control,
    /// The rows that were not rejected.
    pub taken: Control,
    /// What rounding did to the amounts taken in.
    pub rounding: Rounding,
    /// What this run recorded, and what the books say of it; none when nothing was recorded.
    pub books: Option<(Sums, Sums)>,
}

impl Controls {
    /// Whether what was taken in and what was rejected come to what the file says.
    pub fn add_up(&self) -> bool {
        let Control { rows, purpose_rows, wrong_width_rows, official, verified, unreadable_amounts: _ } = self.file;
        let side = |taken: ExactSum, rounding: ExactSum, rejected: ExactSum| {
            taken.checked_add(ExactSum(-rounding.0)).and_then(|exact| exact.checked_add(rejected))
        };
        let (taken, rejected, rounding) = (&self.taken, &self.rejected, &self.rounding);
        rows == taken.rows + rejected.rows
            && wrong_width_rows == taken.wrong_width_rows + rejected.wrong_width_rows
            && purpose_rows == taken.purpose_rows + rejected.purpose_rows
            && side(taken.official, rounding.official, rejected.official) == Some(official)
            && side(taken.verified, rounding.verified, rejected.verified) == Some(verified)
    }
}

/// An entry that the import made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MadeEntry {
    /// Its index in the log.
    pub index: u64,
    /// The operation's id.
    pub operation: Uuid,
    /// Its lines: one for each row and purpose.
    pub lines: usize,
}
