//! The records of a file, one at a time, each within its bounds.

use std::io::{self, Read};

use csv::StringRecord;
use encoding_rs::Encoding;

use super::bounds::{CHUNK_BYTES, ROWS_MAX};
use super::decoding::{Decoding, END, TextFault};

/// Why a file cannot be read on. Row 0 is the header. Nothing after it is read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The bytes of a row are not text in the file's encoding.
    #[error(
        "row {row} is not valid {encoding}; the file may be damaged there, or be in another encoding: then declare \
         that as `encoding` in the mapping, such as `gb18030`"
    )]
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
    /// The file has more rows than are taken at once.
    #[error("the file has more than {ROWS_MAX} rows; sort it, so that equal rows stay together, and divide it")]
    TooManyRows,
    /// The amounts add up to more than can be counted.
    #[error("the amounts up to row {row} add up to more than the books can hold")]
    TotalTooLarge {
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

/// A file as records of text.
pub(super) struct Records<R> {
    inner: csv::Reader<Decoding<R>>,
    encoding: &'static Encoding,
}

impl<R: Read> Records<R> {
    /// What the bytes are read as.
    pub(super) fn encoding(&self) -> &'static Encoding {
        self.encoding
    }

    pub(super) fn new(source: R, encoding: &'static Encoding, delimiter: u8) -> Self {
        let inner = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .quoting(true)
            .double_quote(true)
            .escape(None)
            .comment(None)
            .trim(csv::Trim::None)
            .terminator(csv::Terminator::CRLF)
            .buffer_capacity(CHUNK_BYTES)
            .from_reader(Decoding::new(source, encoding));
        Self { inner, encoding }
    }

    /// Reads the record of a row; false at the end of the file.
    pub(super) fn read(&mut self, record: &mut StringRecord, row: u64) -> Result<bool, FileError> {
        self.inner.get_mut().begin_record();
        let encoding = self.encoding.name();
        let found = self.inner.read_record(record).map_err(|error| file_error(error, row, encoding))?;
        if !found || record == [END].as_slice() {
            return Ok(false);
        }
        // The end mark inside another record: quotation marks around it were never closed.
        if record.iter().any(|field| field.contains(END)) {
            return Err(FileError::UnclosedQuote { row });
        }
        match row > ROWS_MAX {
            true => Err(FileError::TooManyRows),
            false => Ok(true),
        }
    }

    /// Reads the record of a row, passing over blank ones: whether there is one, and how many were
    /// passed over.
    pub(super) fn read_filled(&mut self, record: &mut StringRecord, row: u64) -> Result<(bool, u64), FileError> {
        let mut blank = 0;
        while self.read(record, row)? {
            if record.iter().any(|field| !field.trim().is_empty()) {
                return Ok((true, blank));
            }
            blank += 1;
        }
        Ok((false, blank))
    }

    /// The line of the file, from 1, in which the record that was read last begins. Counted here: the
    /// library's own count is of where it looked for the record, before empty lines and within the
    /// two characters that end a line.
    pub(super) fn line_of(&mut self, record: &StringRecord) -> u64 {
        // It ends with the character before, the first of those that end its last line.
        let end = self.inner.position().byte().saturating_sub(1);
        let within: u64 = record.iter().map(line_breaks).sum();
        self.inner.get_mut().line_at(end).saturating_sub(within)
    }
}

fn line_breaks(text: &str) -> u64 {
    let (mut breaks, mut after_return) = (0, false);
    for byte in text.bytes() {
        breaks += u64::from(byte == b'\r' || (byte == b'\n' && !after_return));
        after_return = byte == b'\r';
    }
    breaks
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
