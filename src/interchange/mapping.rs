//! The mapping of a tracking table: which column says what. Its form in TOML is read in
//! `mapping_form`, once and whole; a mapping cannot be wrong afterwards.

use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};

use super::amount::{ExtraDecimals, NumberForm};
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
    pub(super) programme_label: Option<String>,
    pub(super) cycle: CycleSource,
    pub(super) date: Option<String>,
    pub(super) route: Vec<RouteColumn>,
    pub(super) payees_label: String,
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
            CycleSource::Days { from, to } => ["days".to_owned(), folded(from), folded(to)].to_vec(),
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
    payees: &'a str,
    purposes: Vec<PurposeColumns>,
}

impl RouteColumn {
    fn folded(&self) -> Self {
        Self { column: folded(&self.column), level: self.level.clone() }
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
            self.official_quantity.as_deref().map(|column| ("official_quantity", column)),
            self.verified_quantity.as_deref().map(|column| ("verified_quantity", column)),
        ]
        .into_iter()
        .flatten()
    }
}

/// How headers are compared: trimmed and without regard to case.
pub(super) fn folded(header: &str) -> String {
    header.trim().to_lowercase()
}
