//! The use case `import tracking`: a table of official and verified amounts becomes reported
//! money in the books.
//!
//! The file is read twice as a stream. The first reading ([`Prepared`]) finds how it is written,
//! judges every row and adds up control totals; a single bad row, and nothing is recorded, unless
//! the good rows are wanted by themselves. The second records them by operations of a bounded
//! size, each signed by two officers, and compares what the books say of them with what was sent.
//!
//! What was imported before is known by its row keys and passed over, so the same file adds
//! nothing, and an interrupted import is finished by running it again.

mod batch;
pub mod books;
pub mod outcome;
pub mod prepared;
pub mod rejected;
pub mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use crate::interchange::dialect::DialectError;
use crate::interchange::mapping::MappingError;
use crate::interchange::records::FileError;
use crate::interchange::tally::Sums;
use crate::interchange::tracking::{OpenError, Outcome, Reader};
use crate::ledger::money::Currency;
use crate::limits;

use batch::{Batch, Candidate, candidates};
use books::{Books, BooksError};
use outcome::{Imported, MadeEntry, Standing};
use prepared::Prepared;
use rejected::RejectedFileError;
use table::{Table, TableError};

pub use batch::Content;

/// Rows of the file that are looked up at once, to see which were imported before.
const ROWS_AT_ONCE: usize = 4_096;

/// Lines gathered for all programmes together before they are recorded: it bounds the memory of
/// a file with a programme on every row.
const GATHERED_LINES_MAX: usize = 2 * limits::LIST_LINES_MAX;

/// Why an import stopped. What was recorded before stays; running it again goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The table cannot be read at all.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The mapping is wrong.
    #[error("the mapping is wrong")]
    Mapping(#[from] MappingError),
    /// It is not clear how the table is written.
    #[error("the table cannot be read with this mapping")]
    Dialect(#[source] DialectError),
    /// The table does not fit the mapping.
    #[error("the table cannot be read with this mapping")]
    Open(#[source] OpenError),
    /// The table cannot be read on.
    #[error("the table cannot be read to its end")]
    File(#[source] FileError),
    /// There is a header, and nothing below it.
    #[error("the table has no rows, only a header")]
    NoRows,
    /// The file changed between its readings; nothing of the change was taken.
    #[error("{} changed while it was read; import it again once nobody writes to it", .0.display())]
    Changed(PathBuf),
    /// The rejected rows cannot be written.
    #[error(transparent)]
    Rejected(#[from] RejectedFileError),
    /// More programmes than one table can have.
    #[error("the table has more than {} programmes; is the right column mapped?", limits::IMPORT_PROGRAMMES_MAX)]
    TooManyProgrammes,
    /// A fault of the program: the two countings of the file differ.
    #[error("the control totals of the file do not add up, so nothing was recorded; this is a fault of the program")]
    ControlTotals,
    /// The rules would refuse some rows, so none was recorded.
    #[error("row {first}, and others of its programme or cycle, would not be recorded")]
    WouldBeRefused {
        /// The first row like it.
        first: u64,
        /// Why.
        #[source]
        why: BooksError,
    },
    /// The books do not take an operation.
    #[error("rows {first} to {last} were not recorded")]
    NotRecorded {
        /// The first row.
        first: u64,
        /// The last row.
        last: u64,
        /// Why.
        #[source]
        why: BooksError,
        /// How many entries this run had made before.
        entries_before: usize,
    },
    /// The books do not answer.
    #[error("the books do not answer")]
    Books(#[from] BooksError),
}

impl From<DialectError> for ImportError {
    fn from(error: DialectError) -> Self {
        Self::Dialect(error)
    }
}

impl From<OpenError> for ImportError {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl From<FileError> for ImportError {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

/// The decimals of a currency that the ledger knows.
fn minor_digits(code: &str) -> Option<u8> {
    Currency::parse(code).and_then(|currency| u8::try_from(currency.minor_digits()).ok())
}

/// A table that cannot be opened again.
fn unread(table: &Table, source: io::Error) -> ImportError {
    TableError::File { path: table.path().to_owned(), source }.into()
}

/// An error of reading, told as a changed file where it is one.
fn told(table: &Table, error: ImportError) -> ImportError {
    let source = match &error {
        ImportError::Dialect(DialectError::Source(source)) => Some(source),
        ImportError::Dialect(DialectError::Header(OpenError::File(FileError::Source { source, .. })))
        | ImportError::Open(OpenError::File(FileError::Source { source, .. }))
        | ImportError::File(FileError::Source { source, .. }) => Some(source),
        _ => None,
    };
    match source.is_some_and(table::is_change) {
        true => ImportError::Changed(table.path().to_owned()),
        false => error,
    }
}

impl Prepared {
    /// Records the good rows in the books and reads back what became of them; in a dry run it does
    /// everything else. `progress` is told what is done, bytes read and bytes in all.
    pub async fn record(
        self,
        books: &impl Books,
        dry_run: bool,
        progress: &dyn Fn(&str, u64, u64),
    ) -> Result<Imported, ImportError> {
        let table = self.table.clone();
        let mut run = Run { prepared: self, books, dry_run, batches: BTreeMap::new(), sums: Sums::default() };
        run.record_file(progress).await.map_err(|error| told(&table, error))?;
        if !dry_run {
            progress("comparing", table.bytes, table.bytes);
        }
        run.done().await
    }
}

/// An import under way.
struct Run<'a, B> {
    prepared: Prepared,
    books: &'a B,
    dry_run: bool,
    /// What is gathered for the next operation of each programme.
    batches: BTreeMap<String, Batch>,
    /// What this run recorded, or would have.
    sums: Sums,
}

impl<B: Books> Run<'_, B> {
    async fn record_file(&mut self, progress: &dyn Fn(&str, u64, u64)) -> Result<(), ImportError> {
        self.rehearse().await?;
        let Prepared { table, mapping, imported, .. } = &self.prepared;
        let table = table.clone();
        let source = table.open().map_err(|source| unread(&table, source))?;
        let mut reader = Reader::open(mapping, &imported.dialect, source)?;
        loop {
            let outcomes = reader.by_ref().take(ROWS_AT_ONCE).collect::<Result<Vec<_>, _>>()?;
            if outcomes.is_empty() {
                break;
            }
            self.take(outcomes).await?;
            progress("importing", table.read(), table.bytes);
        }
        self.record_all().await
    }

    /// Tries the first row of each programme and cycle before anything is recorded.
    async fn rehearse(&mut self) -> Result<(), ImportError> {
        for (programme, samples) in std::mem::take(&mut self.prepared.samples) {
            let known = self.known(&samples).await?;
            let mut batch = Batch::default();
            for sample in samples {
                if !batch.has_room_for(&sample) {
                    break;
                }
                let is_known = known.contains(&sample.line.key);
                batch.push(sample, is_known);
            }
            if batch.is_recorded() {
                continue;
            }
            let (first, _) = batch.rows();
            let operation = batch.into_operation(&self.prepared.shape, &programme);
            match self.books.rehearse(&operation).await {
                Err(why @ BooksError::Refused { .. }) => return Err(ImportError::WouldBeRefused { first, why }),
                other => other?,
            }
        }
        Ok(())
    }

    /// Takes some rows: what is new is gathered, and recorded whenever an operation is full.
    async fn take(&mut self, outcomes: Vec<Outcome>) -> Result<(), ImportError> {
        // The first reading counted what is rejected.
        let rows = outcomes.into_iter().filter_map(|outcome| outcome.row);
        let fit = rows.filter_map(|row| candidates(&self.prepared.shape, &row).ok()).flatten();
        let fit: Vec<Candidate> = fit.filter(|candidate| !candidate.is_nothing()).collect();
        let known = self.known(&fit).await?;
        let mut last = (0, 0);
        for candidate in fit {
            let (number, is_known) = (candidate.line.number, known.contains(&candidate.line.key));
            let imported = &mut self.prepared.imported;
            let (counted, last) = match is_known {
                true => (&mut imported.already_recorded, &mut last.0),
                false => (&mut imported.recorded, &mut last.1),
            };
            counted.purpose_rows += 1;
            counted.rows += u64::from(*last != number);
            *last = number;
            self.gather(candidate, is_known).await?;
        }
        Ok(())
    }

    async fn known(&self, candidates: &[Candidate]) -> Result<BTreeSet<[u8; 16]>, ImportError> {
        let keys: Vec<[u8; 16]> = candidates.iter().map(|candidate| candidate.line.key).collect();
        Ok(self.books.known(&keys).await?)
    }

    async fn gather(&mut self, candidate: Candidate, is_known: bool) -> Result<(), ImportError> {
        let programme = candidate.programme.clone();
        if self.batches.get(&programme).is_some_and(|batch| !batch.has_room_for(&candidate)) {
            self.record(&programme).await?;
        }
        self.batches.entry(programme).or_default().push(candidate, is_known);
        if self.batches.values().map(Batch::len).sum::<usize>() > GATHERED_LINES_MAX {
            self.record_all().await?;
        }
        Ok(())
    }

    async fn record_all(&mut self) -> Result<(), ImportError> {
        while let Some(programme) = self.batches.keys().next().cloned() {
            self.record(&programme).await?;
        }
        Ok(())
    }

    /// Records what is gathered for a programme as one operation.
    async fn record(&mut self, programme: &str) -> Result<(), ImportError> {
        let Some(batch) = self.batches.remove(programme).filter(|batch| !batch.is_recorded()) else { return Ok(()) };
        let ((first, last), sums) = (batch.rows(), batch.sums());
        if !self.dry_run {
            let operation = batch.into_operation(&self.prepared.shape, programme);
            let imported = &mut self.prepared.imported;
            let entries_before = imported.entries.len();
            let handed = self.books.record(operation).await;
            let handed = handed.map_err(|why| ImportError::NotRecorded { first, last, why, entries_before })?;
            match handed.entry {
                Some(index) => {
                    let lines = usize::try_from(sums.purpose_rows).unwrap_or(usize::MAX);
                    imported.entries.push(MadeEntry { index, operation: handed.operation, lines });
                    self.sums.purpose_rows += sums.purpose_rows;
                    self.sums.official_minor += sums.official_minor;
                    self.sums.verified_minor += sums.verified_minor;
                }
                None => imported.awaiting.push(handed.operation),
            }
        }
        Ok(())
    }

    /// Compares what was recorded with what the books say of it.
    async fn done(self) -> Result<Imported, ImportError> {
        let mut imported = self.prepared.imported;
        imported.standing = if self.dry_run { Standing::DryRun } else { Standing::Done };
        if !imported.entries.is_empty() {
            let entries: Vec<u64> = imported.entries.iter().map(|entry| entry.index).collect();
            imported.controls.books = Some((self.sums, self.books.sums(&entries).await?));
        }
        Ok(imported)
    }
}
