//! The mapping of a tracking table: which column says what, written in TOML.
//!
//! A mapping is read once, checked whole, and cannot be wrong afterwards.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};

use super::amount::{ExtraDecimals, NumberForm};
use super::bounds::MINOR_DIGITS_MAX;
use super::columns::read_name;
use super::cycle::Cycle;

/// How a table is read into rows of the tracking import.
#[derive(Clone, Debug)]
pub struct Mapping {
    pub(super) name: String,
    pub(super) currency: String,
    pub(super) minor_digits: u8,
    pub(super) encoding: &'static Encoding,
    pub(super) delimiter: u8,
    pub(super) numbers: NumberForm,
    pub(super) extra_decimals: ExtraDecimals,
    pub(super) date_format: String,
    pub(super) programme: ProgrammeSource,
    programme_label: Option<String>,
    pub(super) cycle: CycleSource,
    pub(super) date: Option<String>,
    pub(super) route: Vec<RouteColumn>,
    payees_label: String,
    pub(super) purposes: Vec<PurposeColumns>,
}

/// What the programme of a row is: said by the mapping, or in a column `C` (by its header here, by
/// its place once a file is open).
#[derive(Clone, Debug)]
pub(super) enum ProgrammeSource<C = String> {
    Value(String),
    Column(C),
}

/// What the cycle of a row is: said by the mapping, in a column with its label, or in two columns
/// with its first and last day.
#[derive(Clone, Debug)]
pub(super) enum CycleSource<C = String> {
    Value(Cycle),
    Column(C),
    Days { from: C, to: C },
}

/// One step of the route: the column with the party's name, and the level the parties there have.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RouteColumn {
    /// The header of the column, such as `district`.
    pub column: String,
    /// The level of the parties it names, such as `district`.
    pub level: String,
}

/// One purpose and the columns of its amounts and, where the table has them, of its quantities.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PurposeColumns {
    /// The purpose in the books, such as `WAGE`.
    pub code: String,
    /// The column of the amount that was officially spent.
    pub official: String,
    /// The column of the amount that was verified.
    pub verified: String,
    /// The column of the official quantity (person days, meals) that the official amount paid for.
    pub official_quantity: Option<String>,
    /// The column of the quantity that was verified.
    pub verified_quantity: Option<String>,
}

/// Why a text is not a mapping.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The text is not TOML, or has unknown, missing or wrongly typed keys; names line and key.
    #[error(transparent)]
    Form(#[from] toml::de::Error),
    /// A key has a value that it cannot have.
    #[error("`{key}` {problem}")]
    Value {
        /// The key, such as `cycle.from` or `route[2].column`, counted from 1.
        key: String,
        /// What is wrong with it and what would be right.
        problem: String,
    },
}

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

    /// The name of the mapping, such as `mgnrega_rajasthan`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The ISO 4217 code of all its amounts.
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// How many decimals that currency has.
    pub fn minor_digits(&self) -> u8 {
        self.minor_digits
    }

    /// The words by which people know the programme, if the mapping gives any.
    pub fn programme_label(&self) -> Option<&str> {
        self.programme_label.as_deref()
    }

    /// The route: first the treasury, last the party that pays the payees.
    pub fn route(&self) -> &[RouteColumn] {
        &self.route
    }

    /// The label of the end payees that are registered under the last party of a route.
    pub fn payees_label(&self) -> &str {
        &self.payees_label
    }

    /// The purposes, in the order of the mapping.
    pub fn purposes(&self) -> &[PurposeColumns] {
        &self.purposes
    }

    /// What happens to amounts with more decimals than the currency has.
    pub fn extra_decimals(&self) -> ExtraDecimals {
        self.extra_decimals
    }

    /// Stable bytes of what the mapping means: equal bytes say that equal values mean equal facts.
    /// A row is known by them, so a change here makes an import again of the same file add its
    /// money a second time.
    ///
    /// Left out is therefore what never changes the fact that a row states: comments and
    /// the order of keys, the case of headers, encoding and delimiter (the wrapping of the values),
    /// the programme's label, and what becomes of extra decimals (which decides only whether an
    /// amount is admitted, so a file may be imported again with it to add what was rejected).
    pub fn identity(&self) -> Vec<u8> {
        let programme = match &self.programme {
            ProgrammeSource::Value(value) => ["value".to_owned(), value.clone()].to_vec(),
            ProgrammeSource::Column(column) => ["column".to_owned(), folded(column)].to_vec(),
        };
        let cycle = match &self.cycle {
            CycleSource::Value(cycle) => ["value".to_owned(), cycle.label.clone()].to_vec(),
            CycleSource::Column(column) => ["column".to_owned(), folded(column)].to_vec(),
            CycleSource::Days { from, to } => {
                ["days".to_owned(), folded(from), folded(to)].to_vec()
            }
        };
        let meaning = Meaning {
            format: "aqueduct tracking mapping 1",
            name: &self.name,
            currency: &self.currency,
            decimal_separator: self.numbers.decimal,
            thousands_separator: self.numbers.thousands,
            date_format: &self.date_format,
            programme,
            cycle,
            date: self.date.as_deref().map(folded),
            route: self.route.iter().map(RouteColumn::folded).collect(),
            payees: &self.payees_label,
            purposes: self.purposes.iter().map(PurposeColumns::folded).collect(),
        };
        serde_json_canonicalizer::to_vec(&meaning)
            .expect("strings and lists of strings always have a canonical form")
    }
}

/// The canonical form of a mapping's meaning. The names of the fields are part of every row's key.
#[derive(Serialize)]
struct Meaning<'a> {
    format: &'static str,
    name: &'a str,
    currency: &'a str,
    decimal_separator: char,
    thousands_separator: Option<char>,
    date_format: &'a str,
    programme: Vec<String>,
    cycle: Vec<String>,
    date: Option<String>,
    route: Vec<RouteColumn>,
    payees: &'a str,
    purposes: Vec<PurposeColumns>,
}

impl RouteColumn {
    fn folded(&self) -> Self {
        Self {
            column: folded(&self.column),
            level: self.level.clone(),
        }
    }
}

impl PurposeColumns {
    fn folded(&self) -> Self {
        Self {
            code: self.code.clone(),
            official: folded(&self.official),
            verified: folded(&self.verified),
            official_quantity: self.official_quantity.as_deref().map(folded),
            verified_quantity: self.verified_quantity.as_deref().map(folded),
        }
    }

    /// The keys and headers of its columns, in the order in which a row's values are known.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            Some(("official", self.official.as_str())),
            Some(("verified", self.verified.as_str())),
            self.official_quantity
                .as_deref()
                .map(|column| ("official_quantity", column)),
            self.verified_quantity
                .as_deref()
                .map(|column| ("verified_quantity", column)),
        ]
        .into_iter()
        .flatten()
    }
}

/// How headers are compared: trimmed and without regard to case.
pub(super) fn folded(header: &str) -> String {
    header.trim().to_lowercase()
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
                .ok_or_else(|| {
                    wrong(
                        "cycle.value",
                        "is neither a month (`2026-11`) nor `FIRST..LAST` in ISO dates",
                    )
                }),
            (None, Some(column), None, None) => Ok(CycleSource::Column(column)),
            (None, None, Some(from), Some(to)) => Ok(CycleSource::Days { from, to }),
            _ => Err(wrong(
                "cycle",
                "needs either `value`, or `column`, or both `from` and `to`",
            )),
        }
    }
}

fn wrong(key: &str, problem: &str) -> MappingError {
    MappingError::Value {
        key: key.to_owned(),
        problem: problem.to_owned(),
    }
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
            (
                "date.column",
                document.date.as_ref().map(|date| date.column.as_str()),
            ),
        ]
        .into_iter()
        .filter_map(|(key, column)| Some((key.to_owned(), column?))),
    );
    if let Some((key, _)) = columns.iter().find(|(_, column)| column.trim().is_empty()) {
        return Err(wrong(key, "is empty"));
    }
    let mut seen = BTreeSet::new();
    match columns[..used_once]
        .iter()
        .find(|(_, column)| !seen.insert(folded(column)))
    {
        Some((key, _)) => Err(wrong(key, "is a column that is already mapped")),
        None => Ok(()),
    }
}

/// A date format must give a whole day: a sample day printed in it reads back as the same day.
fn check_date_format(format: &str) -> Result<(), MappingError> {
    let problem = "is not a form of a whole day, such as `%d/%m/%Y`";
    let valid = chrono::format::StrftimeItems::new(format)
        .all(|item| !matches!(item, chrono::format::Item::Error));
    if !valid {
        return Err(wrong("date_format", problem));
    }
    let sample = NaiveDate::from_ymd_opt(2026, 11, 23).expect("a day that exists");
    let mut printed = String::new();
    // A form with hours or a zone cannot print a day and is no form of one.
    let printable =
        std::fmt::Write::write_fmt(&mut printed, format_args!("{}", sample.format(format)));
    match NaiveDate::parse_from_str(&printed, format) {
        Ok(read) if read == sample && printable.is_ok() => Ok(()),
        _ => Err(wrong("date_format", problem)),
    }
}

fn encoding(label: &str) -> Result<&'static Encoding, MappingError> {
    Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(|| {
        wrong(
            "encoding",
            "is not a known encoding, such as `utf-8` or `gb18030`",
        )
    })
}

fn delimiter(text: &str) -> Result<u8, MappingError> {
    match text.as_bytes() {
        [byte] if byte.is_ascii_graphic() && !byte.is_ascii_alphanumeric() && *byte != b'"' => {
            Ok(*byte)
        }
        [b'\t'] => Ok(b'\t'),
        _ => Err(wrong(
            "delimiter",
            "is not one punctuation mark of ASCII or a tab",
        )),
    }
}

fn numbers(document: &Document) -> Result<NumberForm, MappingError> {
    let (decimal, thousands) = (document.decimal_separator, document.thousands_separator);
    let usable = |separator: char| {
        !separator.is_alphanumeric() && !separator.is_control() && separator != '-'
    };
    if !usable(decimal) || decimal.is_whitespace() {
        return Err(wrong(
            "decimal_separator",
            "is not a mark that can stand between digits",
        ));
    }
    if thousands.is_some_and(|separator| !usable(separator)) {
        return Err(wrong(
            "thousands_separator",
            "is not a mark that can stand between digits",
        ));
    }
    if thousands == Some(decimal) {
        return Err(wrong(
            "thousands_separator",
            "is the same as `decimal_separator`",
        ));
    }
    Ok(NumberForm { decimal, thousands })
}
