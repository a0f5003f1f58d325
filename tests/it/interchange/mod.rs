//! Tests of `aqueduct::interchange`.

mod amounts;
mod dialects;
mod encodings;
mod hostile;
mod layouts;
mod mapping;
mod rajasthan;
mod rejected_rows;
mod rows;

use aqueduct::interchange::control::Control;
use aqueduct::interchange::dialect::{Dialect, DialectError};
use aqueduct::interchange::mapping::Mapping;
use aqueduct::interchange::records::FileError;
use aqueduct::interchange::rejection::Rejected;
use aqueduct::interchange::tally::{Oddities, Totals};
use aqueduct::interchange::tracking::{Outcome, Reader, TrackingRow};

/// A mapping with every kind of column; the tests change lines of it.
const SMALL: &str = r#"
name = "small"
currency = "EUR"

[programme]
column = "programme"

[cycle]
from = "from"
to = "to"

[date]
column = "stated"

[[route]]
column = "ministry"
level = "country"

[[route]]
column = "town"
level = "town"

[payees]
label = "payees"

[[purpose]]
code = "WAGE"
official = "paid"
verified = "shown"
official_quantity = "days"
verified_quantity = "days shown"
"#;

const HEADER: &str = "programme,from,to,stated,ministry,town,paid,shown,days,days shown\n";

/// The start of a good row, up to its amounts.
const FACTS: &str = "FOOD,2026-11-01,2026-11-30,2026-12-05,M,T,";

fn minor_digits(currency: &str) -> Option<u8> {
    match currency {
        "EUR" | "INR" | "CNY" => Some(2),
        "JPY" => Some(0),
        "KWD" => Some(3),
        _ => None,
    }
}

fn mapping(text: &str) -> Mapping {
    Mapping::parse(text, minor_digits).unwrap()
}

/// What a whole file gives.
struct Read {
    outcomes: Vec<Outcome>,
    error: Option<FileError>,
    oddities: Oddities,
    totals: Totals,
    control: Control,
}

impl Read {
    fn rows(&self) -> Vec<&TrackingRow> {
        let rows = self.outcomes.iter();
        rows.filter_map(|outcome| outcome.row.as_ref()).collect()
    }

    fn rejected(&self) -> Vec<&Rejected> {
        let outcomes = self.outcomes.iter();
        outcomes.flat_map(|outcome| &outcome.rejected).collect()
    }

    /// Each rejection as `row/purpose/column/value/CODE`.
    fn rejections(&self) -> Vec<String> {
        let line = |rejected: &&Rejected| {
            let purpose = rejected.purpose.as_deref().unwrap_or("-");
            let code = rejected.reason.code();
            format!("{} {purpose} {} {:?} {code}", rejected.number, rejected.column, rejected.value)
        };
        self.rejected().iter().map(line).collect()
    }
}

/// How a file is written.
fn dialect(mapping: &Mapping, bytes: impl AsRef<[u8]>) -> Result<Dialect, DialectError> {
    Dialect::find(mapping, || Ok(bytes.as_ref()))
}

fn read(mapping: &Mapping, bytes: impl AsRef<[u8]>) -> Read {
    let dialect = dialect(mapping, bytes.as_ref()).unwrap();
    let mut reader = Reader::open(mapping, &dialect, bytes.as_ref()).unwrap();
    let mut outcomes = Vec::new();
    let mut error = None;
    while let Some(outcome) = reader.next() {
        match outcome {
            Ok(outcome) => {
                if let Some(row) = &outcome.row {
                    reader.take_in(row);
                }
                outcomes.push(outcome);
            }
            Err(found) => error = Some(found),
        }
    }
    assert!(reader.next().is_none(), "an ended reader stays ended");
    let (oddities, totals) = (reader.oddities().clone(), reader.totals().clone());
    Read { outcomes, error, oddities, totals, control: *reader.control() }
}

/// A mapping that declares the usual form of numbers, with lines added at its top.
fn declared(top: &str) -> Mapping {
    mapping(&format!("decimal_separator = \".\"\n{top}{SMALL}"))
}
