//! A tracking table as rows of the ledger's tracking import, read as a stream.
//!
//! Memory holds one record of the file, and for every distinct row 16 bytes of its digest with a
//! count, by which repeats are told apart.

use std::collections::HashMap;
use std::io::Read;

use chrono::NaiveDate;
use csv::StringRecord;
use sha2::{Digest, Sha256};

use super::amount::NumberForm;
use super::columns::Columns;
use super::control::Control;
use super::cycle::Cycle;
use super::dialect::Dialect;
use super::mapping::Mapping;
use super::records::{FileError, Records};
use super::rejected_file;
use super::rejection::{Fault, RejectReason, Rejected};
use super::tally::{Oddities, Rounding, Tally, Totals};

/// One row of the file that is taken in: whole, with all its purposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackingRow {
    /// The data row, from 1; the header does not count.
    pub number: u64,
    /// Its number among the rows that are equal in every mapped column, from 1.
    pub occurrence: u32,
    /// By what the row is known: the first 16 bytes of the SHA-256 over the mapping's identity, the
    /// values of the mapped columns as they stand, and the occurrence. The same for the same row in
    /// whatever file, however its numbers and accents are written there.
    pub key: [u8; 16],
    /// The names of the parties from the treasury to the one that pays, trimmed.
    pub route: Vec<String>,
    /// The programme.
    pub programme: String,
    /// The payment period.
    pub cycle: Cycle,
    /// The day for which the row's facts are stated, if the mapping names a column for it.
    pub date: Option<NaiveDate>,
    /// At least one purpose, in the order of the mapping.
    pub purposes: Vec<PurposeAmounts>,
}

/// What a row says of one purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurposeAmounts {
    /// The purpose, such as `WAGE`.
    pub code: String,
    /// The amount officially spent, in minor units, 0 to 10^15.
    pub official_minor: i64,
    /// The amount verified, in minor units, 0 to 10^15.
    pub verified_minor: i64,
    /// The official quantity in millionths; none without a column or with an empty cell.
    pub official_quantity_micros: Option<i64>,
    /// The verified quantity in millionths; none without a column or with an empty cell.
    pub verified_quantity_micros: Option<i64>,
    /// What rounding did to the two amounts.
    pub rounding: Rounding,
}

/// What becomes of one row of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The data row, from 1.
    pub number: u64,
    /// The line of the file in which it begins, from 1.
    pub line: u64,
    /// Its cells.
    pub record: StringRecord,
    /// The row; none when it is rejected. A row with one bad purpose is rejected whole: corrected,
    /// it is another row, and its good purposes would be taken in twice.
    pub row: Option<TrackingRow>,
    /// Why it is rejected: its first fault, or one for each purpose at fault; else empty.
    pub rejected: Vec<Rejected>,
}

/// Why a file cannot be begun.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file has no header.
    #[error("the file is empty")]
    Empty,
    /// A column of the mapping is not in the header.
    #[error("the file has no column `{column}`; it was read as {encoding}")]
    MissingColumn {
        /// The column.
        column: String,
        /// The encoding by its usual name: read as a wrong one, a header looks like another.
        encoding: &'static str,
    },
    /// A column of the mapping is in the header twice, so it is unclear which one is meant.
    #[error("the file has more than one column `{0}`")]
    AmbiguousColumn(String),
    /// The header cannot be read.
    #[error("the header cannot be read")]
    File(#[from] FileError),
}

/// Reads a file row by row; an iterator that ends after the last row or the first [`FileError`].
pub struct Reader<R> {
    mapping: Mapping,
    numbers: NumberForm,
    columns: Columns,
    header: StringRecord,
    records: Records<R>,
    /// Whether the file is one of rejected rows, whose cells are guarded against spreadsheets.
    is_guarded: bool,
    identity: Sha256,
    occurrences: HashMap<[u8; 16], u32>,
    tally: Tally,
    control: Control,
    ended: bool,
}

impl<R: Read> Reader<R> {
    /// Reads the header and finds the mapping's columns in it.
    pub fn open(mapping: &Mapping, dialect: &Dialect, source: R) -> Result<Self, OpenError> {
        let mut records = Records::new(source, dialect.encoding, dialect.delimiter);
        let mut header = StringRecord::new();
        if !records.read_filled(&mut header, 0)?.0 {
            return Err(OpenError::Empty);
        }
        let mut identity = Sha256::new();
        feed(&mut identity, &mapping.identity());
        Ok(Self {
            columns: Columns::find(mapping, &header, dialect.encoding)?,
            tally: Tally::new(mapping),
            mapping: mapping.clone(),
            numbers: dialect.numbers,
            is_guarded: rejected_file::is_header(&header),
            header,
            records,
            identity,
            occurrences: HashMap::new(),
            control: Control::default(),
            ended: false,
        })
    }

    /// The header.
    pub fn header(&self) -> &StringRecord {
        &self.header
    }

    /// Whether the file holds rows that were rejected before, as [`rejected_file`] writes them.
    pub fn is_of_rejected_rows(&self) -> bool {
        self.is_guarded
    }

    /// What was odd so far, in the rows taken in as far as it concerns amounts; of the whole file once the iterator has ended.
    pub fn oddities(&self) -> &Oddities {
        &self.tally.oddities
    }

    /// The sums over the rows taken in so far; of the whole file once the iterator has ended.
    pub fn totals(&self) -> &Totals {
        &self.tally.totals
    }

    /// What the file says in all so far, added up apart from how its rows are judged.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// What rounding added to the amounts of the rows taken in so far.
    pub fn rounding(&self) -> Rounding {
        self.tally.rounding
    }

    /// Counts a row as taken in; what is not counted so is in no sum of [`Self::totals`].
    pub fn take_in(&mut self, row: &TrackingRow) {
        self.tally.oddities.rows += 1;
        row.purposes.iter().for_each(|amounts| self.tally.accept(amounts));
    }

    /// What the cells of one row say; only that it is one where they are not in their columns.
    pub fn control_of(&self, record: &StringRecord) -> Control {
        let mut control = Control::default();
        if record.len() != self.columns.width() {
            return Control { rows: 1, wrong_width_rows: 1, ..Control::default() };
        }
        match control.add_row(self.numbers, self.columns.amount_cells(record)) {
            true => control,
            false => Control { rows: 1, ..Control::default() },
        }
    }

    fn read_outcome(&mut self) -> Result<Option<Outcome>, FileError> {
        let number = self.tally.oddities.rows_read + 1;
        let mut record = StringRecord::new();
        let (found, blank) = self.records.read_filled(&mut record, number)?;
        self.tally.oddities.blank_rows += blank;
        if !found {
            return Ok(None);
        }
        let line = self.records.line_of(&record);
        if self.is_guarded {
            record = rejected_file::without_guards(&record);
        }
        self.tally.oddities.rows_read = number;
        let of_row = self.control_of(&record);
        if !self.control.add(&of_row) {
            return Err(FileError::TotalTooLarge { row: number });
        }
        let (row, rejected) = match self.interpret(number, &record) {
            Ok(row) => (Some(row), Vec::new()),
            Err(rejected) => (None, rejected),
        };
        for rejected in &rejected {
            self.tally.reject(rejected);
        }
        Ok(Some(Outcome { number, line, record, row, rejected }))
    }

    fn interpret(&mut self, number: u64, record: &StringRecord) -> Result<TrackingRow, Vec<Rejected>> {
        let whole = |fault: Fault| vec![fault.of(number, None)];
        if record.len() != self.columns.width() {
            let width = record.len().to_string();
            return Err(whole(Fault::new("", &width, RejectReason::WrongWidth)));
        }
        let (occurrence, key) = self.know(record);
        let facts = self.columns.read_facts(&self.mapping, record).map_err(whole)?;
        let mut purposes = Vec::new();
        let mut rejected = Vec::new();
        for read in self.columns.read_purposes(&self.mapping, self.numbers, record) {
            match read {
                Ok(purpose) => purposes.push(purpose),
                Err((code, fault)) => rejected.push(fault.of(number, code.as_deref())),
            }
        }
        if !rejected.is_empty() {
            return Err(rejected);
        }
        Ok(TrackingRow {
            number,
            occurrence,
            key,
            route: facts.route,
            programme: facts.programme,
            cycle: facts.cycle,
            date: facts.date,
            purposes,
        })
    }

    /// The row's number among its equals, rejected ones included, and its key.
    fn know(&mut self, record: &StringRecord) -> (u32, [u8; 16]) {
        let mut hasher = self.identity.clone();
        for value in self.columns.mapped_values(record, self.numbers) {
            feed(&mut hasher, value.as_bytes());
        }
        let count = self.occurrences.entry(head(hasher.clone())).or_insert(0);
        *count += 1;
        self.tally.oddities.repeats += u64::from(*count > 1);
        hasher.update(count.to_be_bytes());
        (*count, head(hasher))
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Outcome, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let outcome = self.read_outcome().transpose();
        self.ended = !matches!(outcome, Some(Ok(_)));
        outcome
    }
}

/// Length first, so that neighbours cannot lend each other bytes.
fn feed(hasher: &mut Sha256, bytes: &[u8]) {
    let length = u64::try_from(bytes.len()).expect("a length fits 64 bits");
    hasher.update(length.to_be_bytes());
    hasher.update(bytes);
}

fn head(hasher: Sha256) -> [u8; 16] {
    let digest = hasher.finalize();
    std::array::from_fn(|at| digest[at])
}
