//! A tracking table as rows of the ledger's tracking import, read as a stream.
//!
//! Memory holds one record of the file, and for every distinct row 16 bytes of its digest with a
//! count, by which repeats are told apart.

use std::collections::HashMap;
use std::io::{self, Read};

use chrono::NaiveDate;
use csv::StringRecord;
use sha2::{Digest, Sha256};

use super::bounds::CHUNK_BYTES;
use super::columns::Columns;
use super::cycle::Cycle;
use super::decoding::{Decoding, END, TextFault};
use super::mapping::Mapping;
use super::rejection::{Fault, RejectReason, Rejected};
use super::tally::{Oddities, Tally, Totals};

/// One row of the file, with the purposes that are taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackingRow {
    /// The data row, from 1; the header does not count.
    pub number: u64,
    /// Its number among the rows that are equal in every mapped column, from 1.
    pub occurrence: u32,
    /// By what the row is known: the first 16 bytes of the SHA-256 over the mapping's identity, the
    /// values of the mapped columns as they stand, and the occurrence. The same for the same row in
    /// whatever file. A row has one key with all its purposes; those rejected here may be taken in
    /// from a later reading under the same key.
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
}

/// What becomes of one row of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The data row, from 1.
    pub number: u64,
    /// What is taken in of it; none when the whole row or each of its purposes is rejected.
    pub row: Option<TrackingRow>,
    /// What is not: one rejection for the whole row, or one for each purpose at fault.
    pub rejected: Vec<Rejected>,
}

/// Why a file cannot be begun.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file has no header.
    #[error("the file is empty")]
    Empty,
    /// A column of the mapping is not in the header.
    #[error("the file has no column `{0}`")]
    MissingColumn(String),
    /// A column of the mapping is in the header twice, so it is unclear which one is meant.
    #[error("the file has more than one column `{0}`")]
    AmbiguousColumn(String),
    /// The header cannot be read.
    #[error("the header cannot be read")]
    File(#[from] FileError),
}

/// Why a file cannot be read on. Row 0 is the header. Nothing after it is read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The bytes of a row are not text in the mapping's encoding.
    #[error("row {row} is not valid {encoding}")]
    Encoding {
        /// The row.
        row: u64,
        /// The encoding by its usual name.
        encoding: &'static str,
    },
    /// A row is longer than a record may be.
    #[error("row {row} is longer than a record may be; is a quotation mark never closed?")]
    RecordTooLong {
        /// The row.
        row: u64,
    },
    /// The file ends inside quotation marks: it is cut off, or a mark in this row is stray.
    #[error("row {row} opens a quotation mark that is never closed")]
    UnclosedQuote {
        /// The row.
        row: u64,
    },
    /// The source failed.
    #[error("row {row} cannot be read")]
    Source {
        /// The row.
        row: u64,
        /// What the source says.
        source: io::Error,
    },
}

/// Reads a file row by row; an iterator that ends after the last row or the first [`FileError`].
pub struct Reader<R> {
    mapping: Mapping,
    columns: Columns,
    records: csv::Reader<Decoding<R>>,
    record: StringRecord,
    identity: Sha256,
    occurrences: HashMap<[u8; 16], u32>,
    tally: Tally,
    ended: bool,
}

impl<R: Read> Reader<R> {
    /// Reads the header and finds the mapping's columns in it.
    pub fn open(mapping: &Mapping, source: R) -> Result<Self, OpenError> {
        let mut records = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(mapping.delimiter)
            .quoting(true)
            .double_quote(true)
            .escape(None)
            .comment(None)
            .trim(csv::Trim::None)
            .terminator(csv::Terminator::CRLF)
            .buffer_capacity(CHUNK_BYTES)
            .from_reader(Decoding::new(source, mapping.encoding));
        let mut header = StringRecord::new();
        if !read_record(&mut records, &mut header, 0, mapping.encoding.name())? {
            return Err(OpenError::Empty);
        }
        let mut identity = Sha256::new();
        feed(&mut identity, &mapping.identity());
        Ok(Self {
            columns: Columns::find(mapping, &header)?,
            tally: Tally::new(mapping),
            mapping: mapping.clone(),
            records,
            record: header,
            identity,
            occurrences: HashMap::new(),
            ended: false,
        })
    }

    /// What was odd so far; of the whole file once the iterator has ended.
    pub fn oddities(&self) -> &Oddities {
        &self.tally.oddities
    }

    /// The sums so far; of the whole file once the iterator has ended.
    pub fn totals(&self) -> &Totals {
        &self.tally.totals
    }

    fn read_outcome(&mut self) -> Result<Option<Outcome>, FileError> {
        let number = self.tally.oddities.rows_read + 1;
        let encoding = self.mapping.encoding.name();
        if !read_record(&mut self.records, &mut self.record, number, encoding)? {
            return Ok(None);
        }
        self.tally.oddities.rows_read = number;
        let record = std::mem::take(&mut self.record);
        let outcome = self.interpret(number, &record);
        self.record = record;
        for rejected in &outcome.rejected {
            self.tally.reject(rejected);
        }
        self.tally.oddities.rows += u64::from(outcome.row.is_some());
        Ok(Some(outcome))
    }

    fn interpret(&mut self, number: u64, record: &StringRecord) -> Outcome {
        let whole = |fault: Fault| Outcome { number, row: None, rejected: vec![fault.of(number, None)] };
        if record.len() != self.columns.width() {
            let width = record.len().to_string();
            return whole(Fault::new("", &width, RejectReason::WrongWidth));
        }
        let (occurrence, key) = self.know(record);
        let facts = match self.columns.read_facts(&self.mapping, record) {
            Ok(facts) => facts,
            Err(fault) => return whole(fault),
        };
        let mut purposes = Vec::new();
        let mut rejected = Vec::new();
        for (at, purpose) in self.mapping.purposes.iter().enumerate() {
            match self.columns.read_amounts(&self.mapping, at, record) {
                Ok((amounts, rounding)) => {
                    self.tally.accept(at, &amounts, rounding);
                    purposes.push(amounts);
                }
                Err(fault) => rejected.push(fault.of(number, Some(&purpose.code))),
            }
        }
        let row = (!purposes.is_empty()).then_some(TrackingRow {
            number,
            occurrence,
            key,
            route: facts.route,
            programme: facts.programme,
            cycle: facts.cycle,
            date: facts.date,
            purposes,
        });
        Outcome { number, row, rejected }
    }

    /// The row's number among its equals, rejected ones included, and its key.
    fn know(&mut self, record: &StringRecord) -> (u32, [u8; 16]) {
        let mut hasher = self.identity.clone();
        for value in self.columns.mapped_values(record) {
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

/// Reads the next record; false at the end of the file.
fn read_record<R: Read>(
    records: &mut csv::Reader<Decoding<R>>,
    record: &mut StringRecord,
    row: u64,
    encoding: &'static str,
) -> Result<bool, FileError> {
    records.get_mut().begin_record();
    let found = records.read_record(record).map_err(|error| file_error(error, row, encoding))?;
    if !found || record == [END].as_slice() {
        return Ok(false);
    }
    // The end mark inside another record: quotation marks around it were never closed.
    if record.iter().any(|field| field.contains(END)) {
        return Err(FileError::UnclosedQuote { row });
    }
    Ok(true)
}

fn file_error(error: csv::Error, row: u64, encoding: &'static str) -> FileError {
    let source = match error.into_kind() {
        csv::ErrorKind::Io(source) => source,
        other => io::Error::other(format!("{other:?}")),
    };
    match source.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(TextFault::Malformed) => FileError::Encoding { row, encoding },
        Some(TextFault::RecordTooLong) => FileError::RecordTooLong { row },
        None => FileError::Source { row, source },
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
