//! The form of a mapping in TOML, and what is checked about it.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use encoding_rs::Encoding;
use serde::Deserialize;

use super::amount::{ExtraDecimals, NumberForm};
use super::bounds::MINOR_DIGITS_MAX;
use super::columns::read_name;
use super::cycle::Cycle;
use super::mapping::{CycleSource, Mapping, MappingError, ProgrammeSource, PurposeColumns, RouteColumn, folded};

impl Mapping {
    /// Reads a mapping. `minor_digits` tells the decimals of a currency by its ISO 4217 code (2 for
    /// `INR`, 0 for `JPY`), or nothing for a code it does not know: the currency decides, not the
    /// mapping.
    pub fn parse(text: &str, minor_digits: fn(&str) -> Option<u8>) -> Result<Self, MappingError> {
        let document: Document = toml::from_str(text)?;
        let minor_digits = minor_digits(&document.currency)
            .filter(|digits| *digits <= MINOR_DIGITS_MAX)
            .ok_or_else(|| wrong("currency", "is not a known currency code"))?;
        check_columns(&document)?;
        check_name("name", &document.name)?;
        check_name("payees.label", &document.payees.label)?;
        check_date_format(&document.date_format)?;
        Ok(Self {
            minor_digits,
            encoding: encoding(&document.encoding)?,
            delimiter: delimiter(&document.delimiter)?,
            numbers: numbers(&document)?,
            programme: document.programme.source()?,
            programme_label: document.programme.label,
            cycle: document.cycle.source()?,
            name: document.name,
            currency: document.currency,
            extra_decimals: document.extra_decimals,
            date_format: document.date_format,
            date: document.date.map(|date| date.column),
            route: document.route,
            payees_label: document.payees.label,
            purposes: document.purpose,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: String,
    currency: String,
    #[serde(default = "utf_8")]
    encoding: String,
    #[serde(default = "comma")]
    delimiter: String,
    #[serde(default = "point")]
    decimal_separator: char,
    thousands_separator: Option<char>,
    #[serde(default)]
    extra_decimals: ExtraDecimals,
    #[serde(default = "iso_day")]
    date_format: String,
    programme: ProgrammeTable,
    cycle: CycleTable,
    date: Option<DateTable>,
    route: Vec<RouteColumn>,
    payees: PayeesTable,
    purpose: Vec<PurposeColumns>,
}

fn utf_8() -> String {
    "utf-8".to_owned()
}

fn comma() -> String {
    ",".to_owned()
}

fn point() -> char {
    '.'
}

fn iso_day() -> String {
    "%Y-%m-%d".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgrammeTable {
    value: Option<String>,
    column: Option<String>,
    label: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CycleTable {
    value: Option<String>,
    column: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DateTable {
    column: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayeesTable {
    label: String,
}

impl ProgrammeTable {
    fn source(&self) -> Result<ProgrammeSource, MappingError> {
        match (&self.value, &self.column) {
            (Some(value), None) => {
                check_name("programme.value", value)?;
                Ok(ProgrammeSource::Value(value.clone()))
            }
            (None, Some(column)) => Ok(ProgrammeSource::Column(column.clone())),
            _ => Err(wrong("programme", "needs either `value` or `column`")),
        }
    }
}

impl CycleTable {
    fn source(self) -> Result<CycleSource, MappingError> {
        match (self.value, self.column, self.from, self.to) {
            (Some(value), None, None, None) => Cycle::from_label(&value)
                .map(CycleSource::Value)
                .ok_or_else(|| wrong("cycle.value", "is neither a month (`2026-11`) nor `FIRST..LAST` in ISO dates")),
            (None, Some(column), None, None) => Ok(CycleSource::Column(column)),
            (None, None, Some(from), Some(to)) => Ok(CycleSource::Days { from, to }),
            _ => Err(wrong("cycle", "needs either `value`, or `column`, or both `from` and `to`")),
        }
    }
}

fn wrong(key: &str, problem: &str) -> MappingError {
    MappingError::Value { key: key.to_owned(), problem: problem.to_owned() }
}

fn check_name(key: &str, name: &str) -> Result<(), MappingError> {
    match read_name(name) {
        Ok(trimmed) if trimmed == name => Ok(()),
        Ok(_) => Err(wrong(key, "begins or ends with a space")),
        Err(reason) => Err(wrong(key, &reason.to_string())),
    }
}

/// Route and purposes are not empty, no column is empty, and none of theirs is used twice: money
/// would be counted twice.
fn check_columns(document: &Document) -> Result<(), MappingError> {
    if document.route.is_empty() {
        return Err(wrong("route", "needs at least one column"));
    }
    if document.purpose.is_empty() {
        return Err(wrong("purpose", "needs at least one entry"));
    }
    let mut columns = Vec::new();
    for (at, route) in (1..).zip(&document.route) {
        columns.push((format!("route[{at}].column"), route.column.as_str()));
        check_name(&format!("route[{at}].level"), &route.level)?;
    }
    let mut codes = BTreeSet::new();
    for (at, purpose) in (1..).zip(&document.purpose) {
        let key = format!("purpose[{at}].code");
        check_name(&key, &purpose.code)?;
        if !codes.insert(purpose.code.as_str()) {
            return Err(wrong(&key, "is the code of an earlier purpose"));
        }
        for (field, column) in purpose.columns() {
            columns.push((format!("purpose[{at}].{field}"), column));
        }
    }
    let used_once = columns.len();
    let cycle = &document.cycle;
    columns.extend(
        [
            ("programme.column", document.programme.column.as_deref()),
            ("cycle.column", cycle.column.as_deref()),
            ("cycle.from", cycle.from.as_deref()),
            ("cycle.to", cycle.to.as_deref()),
            ("date.column", document.date.as_ref().map(|date| date.column.as_str())),
        ]
        .into_iter()
        .filter_map(|(key, column)| Some((key.to_owned(), column?))),
    );
    if let Some((key, _)) = columns.iter().find(|(_, column)| column.trim().is_empty()) {
        return Err(wrong(key, "is empty"));
    }
    let mut seen = BTreeSet::new();
    match columns[..used_once].iter().find(|(_, column)| !seen.insert(folded(column))) {
        Some((key, _)) => Err(wrong(key, "is a column that is already mapped")),
        None => Ok(()),
    }
}

/// A date format must give a whole day: a sample day printed in it reads back as the same day.
fn check_date_format(format: &str) -> Result<(), MappingError> {
    let problem = "is not a form of a whole day, such as `%d/%m/%Y`";
    let valid = chrono::format::StrftimeItems::new(format).all(|item| !matches!(item, chrono::format::Item::Error));
    if !valid {
        return Err(wrong("date_format", problem));
    }
    let sample = NaiveDate::from_ymd_opt(2026, 11, 23).expect("a day that exists");
    let mut printed = String::new();
    // A form with hours or a zone cannot print a day and is no form of one.
    let printable = std::fmt::Write::write_fmt(&mut printed, format_args!("{}", sample.format(format)));
    match NaiveDate::parse_from_str(&printed, format) {
        Ok(read) if read == sample && printable.is_ok() => Ok(()),
        _ => Err(wrong("date_format", problem)),
    }
}

fn encoding(label: &str) -> Result<&'static Encoding, MappingError> {
    Encoding::for_label_no_replacement(label.as_bytes())
        .ok_or_else(|| wrong("encoding", "is not a known encoding, such as `utf-8` or `gb18030`"))
}

fn delimiter(text: &str) -> Result<u8, MappingError> {
    match text.as_bytes() {
        [byte] if byte.is_ascii_graphic() && !byte.is_ascii_alphanumeric() && *byte != b'"' => Ok(*byte),
        [b'\t'] => Ok(b'\t'),
        _ => Err(wrong("delimiter", "is not one punctuation mark of ASCII or a tab")),
    }
}

fn numbers(document: &Document) -> Result<NumberForm, MappingError> {
    let (decimal, thousands) = (document.decimal_separator, document.thousands_separator);
    let usable = |separator: char| !separator.is_alphanumeric() && !separator.is_control() && separator != '-';
    if !usable(decimal) || decimal.is_whitespace() {
        return Err(wrong("decimal_separator", "is not a mark that can stand between digits"));
    }
    if thousands.is_some_and(|separator| !usable(separator)) {
        return Err(wrong("thousands_separator", "is not a mark that can stand between digits"));
    }
    if thousands == Some(decimal) {
        return Err(wrong("thousands_separator", "is the same as `decimal_separator`"));
    }
    Ok(NumberForm { decimal, thousands })
}
