//! The form of a mapping in TOML, and what is checked about it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use encoding_rs::Encoding;
use serde::Deserialize;

use super::amount::{ExtraDecimals, NumberForm};
use super::bounds::{
    CODE_BYTES_MAX, MAPPING_BYTES_MAX, MINOR_DIGITS_MAX, PURPOSES_MAX, ROUTE_NAMES_MAX, ROUTE_NAMES_MIN,
};
use super::columns::read_name;
use super::cycle::Cycle;
use super::mapping::{
    CycleSource, Mapping, MappingError, ProgrammeSource, PurposeColumns, PurposeRows, PurposeSource, RouteColumn,
    RouteSource,
};
use super::text::{folded, plain};

impl Mapping {
    /// Reads a mapping. `minor_digits` tells the decimals of a currency by its ISO 4217 code (2 for
    /// `INR`, 0 for `JPY`), or nothing for a code it does not know: the currency decides, not the
    /// mapping.
    pub fn parse(text: &str, minor_digits: fn(&str) -> Option<u8>) -> Result<Self, MappingError> {
        if text.len() > MAPPING_BYTES_MAX {
            return Err(MappingError::TooLong);
        }
        // Editors on some systems put a byte order mark in front of any text.
        let document: Document = toml::from_str(text.strip_prefix('\u{feff}').unwrap_or(text))?;
        let minor_digits = minor_digits(&document.currency)
            .filter(|digits| *digits <= MINOR_DIGITS_MAX)
            .ok_or_else(|| wrong("currency", "is not a known currency code"))?;
        check_columns(&document)?;
        check_name("name", &document.name)?;
        check_name("payees.label", &document.payees.label)?;
        check_date_format(&document.date_format)?;
        let numbers = numbers(&document)?;
        let (route, levels) = route(document.route, document.route_path)?;
        let (purposes, codes) = purposes(document.purpose, document.purposes)?;
        Ok(Self {
            minor_digits,
            encoding: document.encoding.as_deref().map(encoding).transpose()?,
            delimiter: document.delimiter.as_deref().map(delimiter).transpose()?,
            numbers,
            programme: document.programme.source()?,
            programme_label: document.programme.label,
            cycle: document.cycle.source()?,
            name: document.name,
            currency: document.currency,
            extra_decimals: document.extra_decimals,
            date_format: document.date_format,
            date: document.date.map(|date| date.column),
            route,
            levels,
            payees_label: document.payees.label,
            purposes,
            codes,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: String,
    currency: String,
    encoding: Option<String>,
    delimiter: Option<String>,
    decimal_separator: Option<char>,
    thousands_separator: Option<char>,
    #[serde(default)]
    extra_decimals: ExtraDecimals,
    #[serde(default = "iso_day")]
    date_format: String,
    programme: ProgrammeTable,
    cycle: CycleTable,
    date: Option<DateTable>,
    #[serde(default)]
    route: Vec<RouteColumn>,
    route_path: Option<RoutePathTable>,
    payees: PayeesTable,
    #[serde(default)]
    purpose: Vec<PurposeColumns>,
    purposes: Option<PurposeRows>,
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
    format: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoutePathTable {
    column: String,
    separator: String,
    levels: Vec<String>,
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
        match (self.value, self.column, self.format, self.from, self.to) {
            (Some(value), None, None, None, None) => Cycle::from_label(&value)
                .map(CycleSource::Value)
                .ok_or_else(|| wrong("cycle.value", "is neither a month (`2026-11`) nor `FIRST..LAST` in ISO dates")),
            (None, Some(column), None, None, None) => Ok(CycleSource::Column(column)),
            (None, Some(column), Some(format), None, None) => match Cycle::is_month_format(&format) {
                true => Ok(CycleSource::Month { column, format }),
                false => Err(wrong("cycle.format", "is not a form of a month, such as `%m/%Y`")),
            },
            (None, None, None, Some(from), Some(to)) => Ok(CycleSource::Days { from, to }),
            _ => Err(wrong("cycle", "needs either `value`, or `column` (and maybe `format`), or both `from` and `to`")),
        }
    }
}

fn route(columns: Vec<RouteColumn>, path: Option<RoutePathTable>) -> Result<(RouteSource, Vec<String>), MappingError> {
    let (source, levels): (_, Vec<String>) = match path {
        None => {
            let levels = columns.iter().map(|column| column.level.clone()).collect();
            (RouteSource::Columns(columns.into_iter().map(|column| column.column).collect()), levels)
        }
        Some(RoutePathTable { column, separator, levels }) => {
            if separator.trim().is_empty() || separator.chars().any(char::is_control) {
                return Err(wrong("route_path.separator", "is not a mark that can stand between names"));
            }
            (RouteSource::Path { column, separator }, levels)
        }
    };
    match (ROUTE_NAMES_MIN..=ROUTE_NAMES_MAX).contains(&levels.len()) {
        true => Ok((source, levels)),
        false => Err(wrong("route", "has 2 to 8 levels: the treasury first, the party that pays last")),
    }
}

fn purposes(
    columns: Vec<PurposeColumns>,
    rows: Option<PurposeRows>,
) -> Result<(PurposeSource, Vec<String>), MappingError> {
    match rows {
        None => {
            let codes = columns.iter().map(|purpose| purpose.code.clone()).collect();
            Ok((PurposeSource::Columns(columns), codes))
        }
        Some(mut rows) => {
            let mut codes = BTreeMap::new();
            for (text, code) in &rows.codes {
                check_code("purposes.codes", code)?;
                if codes.insert(plain(text), code.clone()).is_some() {
                    return Err(wrong("purposes.codes", "names a text twice, apart from case and accents"));
                }
            }
            rows.codes = codes;
            let unique: BTreeSet<&String> = rows.codes.values().collect();
            let unique = unique.into_iter().cloned().collect();
            Ok((PurposeSource::Rows(rows), unique))
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

/// A code as the ledger takes it.
fn check_code(key: &str, code: &str) -> Result<(), MappingError> {
    check_name(key, code)?;
    match code.len() > CODE_BYTES_MAX || code.contains([',', ':']) {
        true => Err(wrong(key, "is longer than 64 bytes or holds a comma or colon")),
        false => Ok(()),
    }
}

/// Route and purposes are given in one way each, no column is empty, and none of theirs is used
/// twice: money would be counted twice.
fn check_columns(document: &Document) -> Result<(), MappingError> {
    if document.route.is_empty() == document.route_path.is_none() {
        return Err(wrong("route", "needs either columns (`[[route]]`) or one path (`[route_path]`)"));
    }
    if document.purpose.is_empty() == document.purposes.is_none() {
        return Err(wrong("purpose", "needs either columns (`[[purpose]]`) or rows (`[purposes]`)"));
    }
    let known = document.purpose.len().max(document.purposes.as_ref().map_or(0, |rows| rows.codes.len()));
    if known == 0 || known > PURPOSES_MAX {
        return Err(wrong("purpose", "needs 1 to 100 purposes"));
    }
    let mut columns = Vec::new();
    for (at, route) in (1..).zip(&document.route) {
        columns.push((format!("route[{at}].column"), route.column.as_str()));
        check_name(&format!("route[{at}].level"), &route.level)?;
    }
    if let Some(path) = &document.route_path {
        columns.push(("route_path.column".to_owned(), path.column.as_str()));
        path.levels.iter().try_for_each(|level| check_name("route_path.levels", level))?;
    }
    let mut codes = BTreeSet::new();
    for (at, purpose) in (1..).zip(&document.purpose) {
        let key = format!("purpose[{at}].code");
        check_code(&key, &purpose.code)?;
        if !codes.insert(purpose.code.as_str()) {
            return Err(wrong(&key, "is the code of an earlier purpose"));
        }
        for (field, column) in purpose.columns() {
            columns.push((format!("purpose[{at}].{field}"), column));
        }
    }
    for (field, column) in document.purposes.iter().flat_map(PurposeRows::columns) {
        columns.push((format!("purposes.{field}"), column));
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

/// The form of numbers as far as it is declared: one of the two marks declares the other.
fn numbers(document: &Document) -> Result<Option<NumberForm>, MappingError> {
    let (decimal, thousands) = (document.decimal_separator, document.thousands_separator);
    if decimal.is_none() && thousands.is_none() {
        return Ok(None);
    }
    let decimal = decimal.unwrap_or('.');
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
    Ok(Some(NumberForm { decimal, thousands }))
}
