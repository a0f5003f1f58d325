//! The file of rejected rows: the rows as they were, in front of each its line and what is wrong,
//! so that they can be corrected in a spreadsheet and imported again.
//!
//! It has the delimiter and the encoding of the file that the rows come from. A cell that a
//! spreadsheet would calculate gets an apostrophe in front (OWASP, "CSV Injection"); read again,
//! it is taken away, here and nowhere else.

use std::io::{self, Write};

use csv::StringRecord;
use encoding_rs::{EncoderResult, Encoding, UTF_16BE, UTF_16LE};

use super::dialect::Dialect;

/// The columns in front of the row's own.
const COLUMNS: [&str; 3] = ["rejected_line", "rejected_code", "rejected_reason"];

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Writes rejected rows.
pub struct RejectedRows<W: Write> {
    inner: csv::Writer<Encoded<W>>,
}

impl<W: Write> RejectedRows<W> {
    /// Begins with the header of the file that the rows come from.
    pub fn begin(target: W, dialect: &Dialect, header: &StringRecord) -> io::Result<Self> {
        let mut target = Encoded { target, encoding: dialect.encoding, rest: Vec::new() };
        if dialect.mark {
            target.write_all("\u{feff}".as_bytes())?;
        }
        let mut inner = csv::WriterBuilder::new().delimiter(dialect.delimiter).flexible(true).from_writer(target);
        // The header of a file of rejected rows has these columns already.
        let front: &[&str] = if is_header(header) { &[] } else { &COLUMNS };
        inner.write_record(front.iter().copied().chain(header.iter()))?;
        Ok(Self { inner })
    }

    /// Writes one row; `was_rejected` says that its file has the three columns already.
    pub fn write(
        &mut self,
        line: u64,
        code: &str,
        reason: &str,
        record: &StringRecord,
        was_rejected: bool,
    ) -> io::Result<()> {
        let line = line.to_string();
        let reason = guarded(reason);
        let own = record.iter().skip(if was_rejected { COLUMNS.len() } else { 0 }).map(guarded);
        let front = [line, code.to_owned(), reason];
        self.inner.write_record(front.into_iter().chain(own))?;
        Ok(())
    }

    /// Writes what is left and gives the target back.
    pub fn end(self) -> io::Result<W> {
        let encoded = self.inner.into_inner().map_err(|error| error.into_error())?;
        Ok(encoded.target)
    }
}

/// Whether a header is that of a file of rejected rows.
pub(super) fn is_header(header: &StringRecord) -> bool {
    header.iter().take(COLUMNS.len()).eq(COLUMNS)
}

/// A record of such a file as its row was.
pub(super) fn without_guards(record: &StringRecord) -> StringRecord {
    let bare = |cell: &'_ str| match cell.strip_prefix('\'') {
        Some(rest) if is_risky(rest) => rest.to_owned(),
        _ => cell.to_owned(),
    };
    record.iter().map(bare).collect()
}

fn guarded(cell: &str) -> String {
    match is_risky(cell) {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    }
}

/// Whether a spreadsheet might calculate a cell; what has apostrophes in front counts as well, so
/// that taking one away always gives what there was. A plain number is harmless.
fn is_risky(cell: &str) -> bool {
    let bare = cell.trim_start_matches('\'');
    let number = bare.strip_prefix(['-', '+']).unwrap_or(bare);
    let is_number = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || ",. ".contains(c));
    bare.starts_with(FORMULA) && !(is_number && bare.len() == cell.len())
}

/// Text on its way into bytes of an encoding.
struct Encoded<W> {
    target: W,
    encoding: &'static Encoding,
    /// The first bytes of a character whose others come with the next writing.
    rest: Vec<u8>,
}

impl<W: Write> Write for Encoded<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.rest.extend_from_slice(text);
        let whole = match std::str::from_utf8(&self.rest) {
            Ok(_) => self.rest.len(),
            Err(error) => error.valid_up_to(),
        };
        let rest = self.rest.split_off(whole);
        let whole = std::mem::replace(&mut self.rest, rest);
        let whole = String::from_utf8(whole).expect("valid up to here");
        self.target.write_all(&in_encoding(&whole, self.encoding))?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.target.flush()
    }
}

/// Text in an encoding. What it lacks, which can only be in a reason, is a question mark.
fn in_encoding(text: &str, encoding: &'static Encoding) -> Vec<u8> {
    // The library writes no UTF-16.
    if encoding == UTF_16LE {
        return text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    }
    if encoding == UTF_16BE {
        return text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    }
    let mut encoder = encoding.new_encoder();
    let mut bytes = Vec::with_capacity(text.len() * 2 + 16);
    let mut rest = text;
    loop {
        bytes.reserve(rest.len() * 4 + 16);
        let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut bytes, true);
        rest = &rest[read..];
        match result {
            EncoderResult::InputEmpty => return bytes,
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(_) => bytes.push(b'?'),
        }
    }
}
