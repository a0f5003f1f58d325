//! Bulk input: one JSON object on each line of a string, which costs a tenth of what a list of
//! input objects does.

use serde::de::DeserializeOwned;

use crate::ledger::note::PersonDigest;
use crate::ledger::time::read_day;
use crate::limits;

use super::fault::Fault;
use super::reading::InputReader;
use super::refusal_code::RefusalCode;

/// How many bad lines are named before reading stops.
const BAD_LINES_NAMED: usize = 10;

/// Reads every line; one bad line fails them all, and the first bad ones are named.
pub fn read<T: DeserializeOwned, L>(
    reader: &mut InputReader<'_>,
    text: &str,
    mut line_of: impl FnMut(&mut InputReader<'_>, usize, T) -> Option<L>,
) -> Option<Vec<L>> {
    let count = text.lines().count();
    if count == 0 || count > limits::LIST_LINES_MAX {
        let message = format!("give 1 to {} lines, not {count}", limits::LIST_LINES_MAX);
        reader.fault(Fault::at(&["lines"], RefusalCode::BadList, message));
        return None;
    }
    let mut good = Vec::with_capacity(count);
    let mut bad = 0;
    for (at, line) in text.lines().enumerate() {
        let read = match parse::<T>(line) {
            Ok(typed) => line_of(reader, at, typed),
            Err(why) => {
                let message = format!("line {at}: {why}");
                reader.fault(Fault::at(&["lines", &at.to_string()], RefusalCode::BadLines, message));
                None
            }
        };
        match read {
            Some(line) => good.push(line),
            None => bad += 1,
        }
        if bad == BAD_LINES_NAMED {
            break;
        }
    }
    (bad == 0).then_some(good)
}

fn parse<T: DeserializeOwned>(line: &str) -> Result<T, String> {
    let most = limits::LINE_INPUT_BYTES_MAX;
    if line.len() > most {
        return Err(format!("it has {} bytes, and a line has at most {most}", line.len()));
    }
    serde_json::from_str(line).map_err(|why| why.to_string())
}

/// Reads texts of one line; what cannot be read is noted with the path of its field.
pub struct LineReader<'a, 'r> {
    reader: &'a mut InputReader<'r>,
    at: &'a str,
}

impl<'a, 'r> LineReader<'a, 'r> {
    /// The reader of the line of a number, from 0, as text.
    pub fn new(reader: &'a mut InputReader<'r>, at: &'a str) -> Self {
        Self { reader, at }
    }

    /// A field that one function reads; `what` says what it is to be.
    pub fn text<T>(&mut self, field: &str, text: &str, what: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = read(text);
        if value.is_none() {
            let message = format!("line {}: {text:?} is not {what}", self.at);
            self.reader.fault(Fault::at(&["lines", self.at, field], RefusalCode::BadLines, message));
        }
        value
    }

    /// A day.
    pub fn day(&mut self, field: &str, text: &str) -> Option<chrono::NaiveDate> {
        self.text(field, text, "a day such as 2026-11-30", read_day)
    }

    /// A digest.
    pub fn digest(&mut self, field: &str, text: &str) -> Option<PersonDigest> {
        let read = |text: &str| text.parse().ok().map(|digest: crate::chain::digest::Digest| PersonDigest(digest.0));
        self.text(field, text, "a SHA-256 digest, 64 lower-case hexadecimal digits", read)
    }

    /// A random id.
    pub fn uuid(&mut self, field: &str, text: &str) -> Option<uuid::Uuid> {
        self.text(field, text, "a UUID", |text| uuid::Uuid::try_parse(text).ok())
    }
}
