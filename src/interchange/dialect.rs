//! How a file is written: its encoding, the mark between fields and the form of its numbers. What
//! the mapping declares is taken; the rest is found in the file, and said. What the file leaves
//! open is an error that names the key to declare.

use std::fmt;
use std::io::{self, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use csv::StringRecord;
use encoding_rs::{CoderResult, Encoding, GB18030, GBK, UTF_8, WINDOWS_1252};

use super::amount::NumberForm;
use super::bounds::{CHUNK_BYTES, UTF_8_PER_FAULT_MIN, UTF_16_BYTES_PER_NUL_MAX};
use super::columns::Columns;
use super::mapping::Mapping;
use super::numbers::{Numbers, NumbersFault};
use super::records::Records;
use super::tracking::OpenError;

/// The marks between fields that are looked for.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Why something was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// The mapping declares it.
    Declared,
    /// The file shows it, by this.
    Detected(Evidence),
    /// Nothing in the file depends on it.
    Immaterial,
}

impl Ground {
    /// The stable code, such as `DETECTED`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Declared => "DECLARED",
            Self::Detected(_) => "DETECTED",
            Self::Immaterial => "IMMATERIAL",
        }
    }
}

/// What shows it. Printed so that it fits behind "detected from": `the number in row 3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The mark at the file's beginning.
    ByteOrderMark,
    /// Bytes that are UTF-8, all or nearly all of them.
    Utf8,
    /// What the bytes look like; all of them are valid in it.
    Bytes,
    /// The header: only with this mark it has every column of the mapping.
    Header,
    /// The first number that shows decimals, or that the other mark is left for them, by its row.
    Number(u64),
    /// Digits in groups, without any decimals.
    Groups,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByteOrderMark => f.write_str("the byte order mark"),
            Self::Utf8 => f.write_str("the bytes, which are UTF-8"),
            Self::Bytes => f.write_str("the bytes, which look like it and are valid in it"),
            Self::Header => f.write_str("the header, which has every mapped column with it"),
            Self::Number(row) => write!(f, "the number in row {row}"),
            Self::Groups => f.write_str("the grouped digits"),
        }
    }
}

/// How a file is written.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// The encoding.
    pub encoding: &'static Encoding,
    /// Why that encoding.
    pub encoding_by: Ground,
    /// Whether the file begins with a byte order mark.
    pub mark: bool,
    /// The mark between fields.
    pub delimiter: u8,
    /// Why that mark.
    pub delimiter_by: Ground,
    /// How numbers are written.
    pub numbers: NumberForm,
    /// Why that form.
    pub numbers_by: Ground,
}

/// Why it is not clear how a file is written.
#[derive(Debug, thiserror::Error)]
pub enum DialectError {
    /// The file cannot be read.
    #[error("the file cannot be read")]
    Source(#[from] io::Error),
    /// The bytes are not UTF-8, and not surely anything else.
    #[error(
        "the file is not UTF-8; declare its `encoding` in the mapping, such as `gb18030` or `iso-8859-1`{}; a file that \
         should be UTF-8 may be damaged", hint(.0)
    )]
    Encoding(Option<&'static str>),
    /// Every other byte of much of the text is 0.
    #[error("the file looks like UTF-16 without a byte order mark; declare `encoding = \"{0}\"` in the mapping")]
    UnmarkedUtf16(&'static str),
    /// The header does not fit the mapping with any mark between fields.
    #[error(transparent)]
    Header(#[from] OpenError),
    /// More than one mark between fields would fit.
    #[error("the header can be divided in more than one way; declare the `delimiter` in the mapping")]
    Delimiter,
    /// The form of numbers stays open.
    #[error(transparent)]
    Numbers(#[from] NumbersFault),
}

fn hint(guess: &Option<&'static str>) -> String {
    guess.map_or_else(String::new, |guess| format!("; it looks most like {guess}"))
}

impl Dialect {
    /// Finds how a file is written. `open` opens it anew from its beginning: at most three times it
    /// is read whole.
    pub fn find<R: Read>(mapping: &Mapping, mut open: impl FnMut() -> io::Result<R>) -> Result<Self, DialectError> {
        let (encoding, encoding_by) = match mapping.encoding {
            Some(encoding) => (encoding, Ground::Declared),
            None => find_encoding(&mut open)?,
        };
        let mut beginning = Vec::new();
        open()?.take(3).read_to_end(&mut beginning)?;
        let mark = Encoding::for_bom(&beginning).is_some_and(|(marked, _)| marked == encoding);
        let (delimiter, delimiter_by) = match mapping.delimiter {
            Some(delimiter) => (delimiter, Ground::Declared),
            None => (find_delimiter(mapping, encoding, &mut open)?, Ground::Detected(Evidence::Header)),
        };
        let (numbers, numbers_by) = match mapping.numbers {
            Some(numbers) => (numbers, Ground::Declared),
            None => find_numbers(mapping, Records::new(open()?, encoding, delimiter))?,
        };
        Ok(Self { encoding, encoding_by, mark, delimiter, delimiter_by, numbers, numbers_by })
    }
}

/// By the byte order mark; else UTF-8 if all bytes are, or nearly all: then the reader names the row
/// that is not; else what the bytes look like, if that is one of the two that are told apart well
/// and they are all valid in it.
fn find_encoding<R: Read>(
    open: &mut impl FnMut() -> io::Result<R>,
) -> Result<(&'static Encoding, Ground), DialectError> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let (mut utf_8, mut gb18030) = (Validity::new(UTF_8), Validity::new(GB18030));
    let mut first = true;
    let mut shape = Shape::default();
    each_chunk(open()?, |chunk, last| {
        let is_first = std::mem::take(&mut first);
        if is_first
            && let Some((marked, _)) = Encoding::for_bom(chunk)
            && marked != UTF_8
        {
            return Some(Ok(marked));
        }
        if let Some(label) = is_first.then(|| unmarked_utf_16(chunk)).flatten() {
            return Some(Err(DialectError::UnmarkedUtf16(label)));
        }
        shape.see(chunk);
        utf_8.feed(chunk, last);
        gb18030.feed(chunk, last);
        detector.feed(chunk, last);
        None
    })
    .map(|marked| match marked {
        Some(marked) => Ok((marked?, Ground::Detected(Evidence::ByteOrderMark))),
        None if shape.is_ascii() => Ok((UTF_8, Ground::Immaterial)),
        None if utf_8.holds || shape.is_damaged_utf_8() => Ok((UTF_8, Ground::Detected(Evidence::Utf8))),
        None => match detector.guess(None, Utf8Detection::Deny) {
            guess if guess == GBK && gb18030.holds => Ok((GB18030, Ground::Detected(Evidence::Bytes))),
            // A few accents, and one of them damaged: nobody can tell from that.
            guess if guess == WINDOWS_1252 && shape.is_mostly_utf_8() => Err(DialectError::Encoding(None)),
            // ISO-8859-1 is read as its superset, as everywhere on the web.
            guess if guess == WINDOWS_1252 => Ok((WINDOWS_1252, Ground::Detected(Evidence::Bytes))),
            guess => Err(DialectError::Encoding(Some(guess.name()))),
        },
    })?
}

/// The label of UTF-16 if a file's beginning looks like it: zeros in every other place.
fn unmarked_utf_16(chunk: &[u8]) -> Option<&'static str> {
    let zeros = |first: usize| chunk.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    match even.max(odd) * UTF_16_BYTES_PER_NUL_MAX >= chunk.len().max(1) {
        true if odd > 2 * even => Some("utf-16le"),
        true if even > 2 * odd => Some("utf-16be"),
        _ => None,
    }
}

/// Reads a source to its end in chunks, each with whether it is the last; stops at an answer.
fn each_chunk<R: Read, T>(mut source: R, mut see: impl FnMut(&[u8], bool) -> Option<T>) -> io::Result<Option<T>> {
    let limit = u64::try_from(CHUNK_BYTES).expect("a chunk is a few thousand bytes");
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    loop {
        chunk.clear();
        (&mut source).take(limit).read_to_end(&mut chunk)?;
        let last = chunk.len() < CHUNK_BYTES;
        let answer = see(&chunk, last);
        if answer.is_some() || last {
            return Ok(answer);
        }
    }
}

/// How much of a file is UTF-8 beyond ASCII, and how much is not.
#[derive(Default)]
struct Shape {
    characters: u64,
    faults: u64,
}

impl Shape {
    fn see(&mut self, chunk: &[u8]) {
        for part in chunk.utf8_chunks() {
            // A count of characters fits 64 bits.
            self.characters += part.valid().chars().filter(|character| !character.is_ascii()).count() as u64;
            self.faults += u64::from(!part.invalid().is_empty());
        }
    }

    fn is_ascii(&self) -> bool {
        self.characters == 0 && self.faults == 0
    }

    /// Text in another encoding is hardly ever UTF-8 by accident, and never nearly all of it.
    fn is_damaged_utf_8(&self) -> bool {
        self.characters >= UTF_8_PER_FAULT_MIN.saturating_mul(self.faults)
    }

    fn is_mostly_utf_8(&self) -> bool {
        self.characters >= self.faults
    }
}

/// Whether bytes are valid in an encoding.
struct Validity {
    decoder: encoding_rs::Decoder,
    holds: bool,
    scratch: Vec<u16>,
}

impl Validity {
    fn new(encoding: &'static Encoding) -> Self {
        Self { decoder: encoding.new_decoder_with_bom_removal(), holds: true, scratch: vec![0; 2 * CHUNK_BYTES] }
    }

    fn feed(&mut self, chunk: &[u8], last: bool) {
        let mut at = 0;
        while self.holds {
            let (result, read, _, replaced) = self.decoder.decode_to_utf16(&chunk[at..], &mut self.scratch, last);
            self.holds = !replaced;
            at += read;
            if result == CoderResult::InputEmpty {
                return;
            }
        }
    }
}

/// The mark with which the header holds every column of the mapping. With none of them, the fault is
/// told for the mark that finds the most.
fn find_delimiter<R: Read>(
    mapping: &Mapping,
    encoding: &'static Encoding,
    open: &mut impl FnMut() -> io::Result<R>,
) -> Result<u8, DialectError> {
    let mut fitting = Vec::new();
    let mut best: Option<(usize, OpenError)> = None;
    for delimiter in DELIMITERS {
        let mut header = StringRecord::new();
        let mut records = Records::new(open()?, encoding, delimiter);
        let found = match records.read_filled(&mut header, 0) {
            Ok((true, _)) => Columns::find(mapping, &header, encoding).map(drop),
            Ok((false, _)) => Err(OpenError::Empty),
            Err(error) => Err(OpenError::File(error)),
        };
        match found {
            Ok(()) => fitting.push(delimiter),
            Err(error) => {
                if best.as_ref().is_none_or(|(fields, _)| header.len() > *fields) {
                    best = Some((header.len(), error));
                }
            }
        }
    }
    match (fitting.as_slice(), best) {
        ([delimiter], _) => Ok(*delimiter),
        ([], Some((_, error))) => Err(error.into()),
        _ => Err(DialectError::Delimiter),
    }
}

fn find_numbers<R: Read>(mapping: &Mapping, mut records: Records<R>) -> Result<(NumberForm, Ground), DialectError> {
    let mut record = StringRecord::new();
    if !records.read_filled(&mut record, 0).map_err(OpenError::File)?.0 {
        return Err(OpenError::Empty.into());
    }
    let columns = Columns::find(mapping, &record, records.encoding())?;
    let mut numbers = Numbers::default();
    let mut row = 1;
    // A fault of the file is told when it is read in earnest; until there, everything counts.
    while let Ok((true, _)) = records.read_filled(&mut record, row) {
        if record.len() == columns.width() {
            columns.number_cells(&record).for_each(|cell| numbers.see(row, cell));
        }
        row += 1;
    }
    Ok(numbers.conclude()?)
}
