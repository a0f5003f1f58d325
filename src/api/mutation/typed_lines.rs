//! Bulk input: one JSON object on each line of a string, which costs a tenth of what a list of
//! input objects does.

use serde::de::DeserializeOwned;

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
