//! The mapping of a tracking table: which column says what. Its form in TOML is read in
//! `mapping_form`, once and whole; a mapping cannot be wrong afterwards.

use std::collections::BTreeMap;

use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};

use super::amount::{ExtraDecimals, NumberForm};
use super::bounds::MAPPING_BYTES_MAX;
use super::cycle::Cycle;
use super::text::plain;

/// How a table is read into rows of the tracking import.
#[derive(Clone, Debug)]
pub struct Mapping {
    pub(super) name: String,
    pub(super) currency: String,
    pub(super) minor_digits: u8,
    /// What is not declared here is found in the file.
    pub(super) encoding: Option<&'static Encoding>,
    pub(super) delimiter: Option<u8>,
    pub(super) numbers: Option<NumberForm>,
    pub(super) extra_decimals: ExtraDecimals,
    pub(super) date_format: String,
    pub(super) programme: ProgrammeSource,
    pub(super) programme_label: Option<String>,
    pub(super) cycle: CycleSource,
    pub(super) date: Option<String>,
    pub(super) route: RouteSource,
    pub(super) payees_label: String,
    pub(super) purposes: PurposeSource,
    /// The levels of the route, first the treasury's.
    pub(super) levels: Vec<String>,
    /// The codes of the purposes, by whose places amounts are counted.
    pub(super) codes: Vec<String>,
}

/// What the programme of a row is: said by the mapping, or in a column `C` (by its header here, by
/// its place once a file is open).
#[derive(Clone, Debug)]
pub(super) enum ProgrammeSource<C = String> {
    Value(String),
    Column(C),
}

/// What the cycle of a row is: said by the mapping, in a column with its label, in a column with a
/// month in a form of its own, or in two columns with its first and last day.
#[derive(Clone, Debug)]
pub(super) enum CycleSource<C = String> {
    Value(Cycle),
    Column(C),
    Month { column: C, format: String },
    Days { from: C, to: C },
}

/// Where the route of a row is: one column for each party, or one with a path of all.
#[derive(Clone, Debug)]
pub(super) enum RouteSource<C = String> {
    Columns(Vec<C>),
    Path { column: C, separator: String },
}

/// Where the amounts are: columns of their own for each purpose (a wide table), or a purpose in
/// each row (a long table).
#[derive(Clone, Debug)]
pub(super) enum PurposeSource {
    Columns(Vec<PurposeColumns>),
    Rows(PurposeRows),
}

/// The columns of a long table, and the code for each text of its column of purposes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PurposeRows {
    pub(super) column: String,
    pub(super) official: String,
    pub(super) verified: String,
    pub(super) official_quantity: Option<String>,
    pub(super) verified_quantity: Option<String>,
    pub(super) codes: BTreeMap<String, String>,
}

/// One step of the route: the column with the party's name, and the level the parties there have.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RouteColumn {
    /// The header of the column, such as `district`.
    pub(super) column: String,
    /// The level of the parties it names, such as `district`.
    pub(super) level: String,
}

/// One purpose and the columns of its amounts and, where the table has them, of its quantities.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PurposeColumns {
    /// The purpose in the books, such as `WAGE`.
    pub(super) code: String,
    /// The column of the amount that was officially spent.
    pub(super) official: String,
    /// The column of the amount that was verified.
    pub(super) verified: String,
    /// The column of the official quantity (person days, meals) that the official amount paid for.
    pub(super) official_quantity: Option<String>,
    /// The column of the quantity that was verified.
    pub(super) verified_quantity: Option<String>,
}

/// Why a text is not a mapping.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The text is far longer than a mapping.
    #[error("it has more than {MAPPING_BYTES_MAX} bytes")]
    TooLong,
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

    /// The period of all rows, if the mapping says it.
    pub fn fixed_cycle(&self) -> Option<&Cycle> {
        match &self.cycle {
            CycleSource::Value(cycle) => Some(cycle),
            _ => None,
        }
    }

    /// The levels of the route: first the treasury's, last that of the party that pays.
    pub fn levels(&self) -> &[String] {
        &self.levels
    }

    /// The label of the end payees that are registered under the last party of a route.
    pub fn payees_label(&self) -> &str {
        &self.payees_label
    }

    /// The codes of the purposes: in the order of the mapping, or of the codes for a long table.
    pub fn purposes(&self) -> &[String] {
        &self.codes
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
    /// the order of keys, case and accents of headers, encoding and delimiter (the wrapping of the
    /// values), how numbers are written (they enter a row's key with a decimal point and without
    /// grouping), the programme's label, and what becomes of extra decimals (which decides only
    /// whether an amount is admitted, so a file may be imported again with it to add what was
    /// rejected).
    pub fn identity(&self) -> Vec<u8> {
        let said = |how: &str, what: &[&str]| -> Vec<String> {
            std::iter::once(how.to_owned()).chain(what.iter().map(|text| plain(text))).collect()
        };
        let value = |value: &str| vec!["value".to_owned(), value.to_owned()];
        let programme = match &self.programme {
            ProgrammeSource::Value(code) => value(code),
            ProgrammeSource::Column(column) => said("column", &[column]),
        };
        let cycle = match &self.cycle {
            CycleSource::Value(cycle) => value(&cycle.label),
            CycleSource::Column(column) => said("column", &[column]),
            CycleSource::Month { column, format } => [said("month", &[column]), vec![format.clone()]].concat(),
            CycleSource::Days { from, to } => said("days", &[from, to]),
        };
        let (route, path) = match &self.route {
            RouteSource::Columns(columns) => {
                let levels = columns.iter().zip(&self.levels);
                (
                    levels.map(|(column, level)| RouteColumn { column: plain(column), level: level.clone() }).collect(),
                    None,
                )
            }
            RouteSource::Path { column, separator } => {
                let path = PathMeaning { column: plain(column), separator, levels: &self.levels };
                (Vec::new(), Some(path))
            }
        };
        let (purposes, purpose_rows) = match &self.purposes {
            PurposeSource::Columns(purposes) => (purposes.iter().map(PurposeColumns::plain).collect(), None),
            PurposeSource::Rows(rows) => (Vec::new(), Some(rows.plain())),
        };
        let meaning = Meaning {
            format: "aqueduct tracking mapping 1",
            name: &self.name,
            currency: &self.currency,
            decimal_separator: '.',
            thousands_separator: None,
            date_format: &self.date_format,
            programme,
            cycle,
            date: self.date.as_deref().map(plain),
            route,
            path,
            payees: &self.payees_label,
            purposes,
            purpose_rows,
        };
        serde_json_canonicalizer::to_vec(&meaning).expect("strings and lists of strings always have a canonical form")
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
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<PathMeaning<'a>>,
    payees: &'a str,
    purposes: Vec<PurposeColumns>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose_rows: Option<PurposeRows>,
}

#[derive(Serialize)]
struct PathMeaning<'a> {
    column: String,
    separator: &'a str,
    levels: &'a [String],
}

impl PurposeRows {
    /// The keys and headers of its columns, in the order in which a row's values are known.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            Some(("column", self.column.as_str())),
            Some(("official", self.official.as_str())),
            Some(("verified", self.verified.as_str())),
            self.official_quantity.as_deref().map(|column| ("official_quantity", column)),
            self.verified_quantity.as_deref().map(|column| ("verified_quantity", column)),
        ]
        .into_iter()
        .flatten()
    }

    fn plain(&self) -> Self {
        Self {
            column: plain(&self.column),
            official: plain(&self.official),
            verified: plain(&self.verified),
            official_quantity: self.official_quantity.as_deref().map(plain),
            verified_quantity: self.verified_quantity.as_deref().map(plain),
            codes: self.codes.clone(),
        }
    }
}

impl PurposeColumns {
    fn plain(&self) -> Self {
        Self {
            code: self.code.clone(),
            official: plain(&self.official),
            verified: plain(&self.verified),
            official_quantity: self.official_quantity.as_deref().map(plain),
            verified_quantity: self.verified_quantity.as_deref().map(plain),
        }
    }

    /// The keys and headers of its columns, in the order in which a row's values are known.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            Some(("official", self.official.as_str())),
            Some(("verified", self.verified.as_str())),
            self.official_quantity.as_deref().map(|column| ("official_quantity", column)),
            self.verified_quantity.as_deref().map(|column| ("verified_quantity", column)),
        ]
        .into_iter()
        .flatten()
    }
}
