//! Why a row, or one purpose of it, is not taken in.

use super::bounds::QUOTED_CHARS_MAX;

/// A closed list of reasons. Within one row the first in the order of reading is given: width,
/// programme, route, cycle, date, purpose; then per purpose the official and the verified amount and
/// their quantities, each judged in the order number, sign, decimals, size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum RejectReason {
    /// The amount or quantity is below zero.
    #[error("is negative")]
    Negative,
    /// The text is no plain decimal number of the mapping's form; an empty cell is none either.
    #[error("is not a number")]
    NotANumber,
    /// More decimals than the currency (or six, for a quantity) has; zeros at the end do not count.
    #[error("has too many decimals")]
    TooManyDecimals,
    /// Above the largest amount that the ledger takes.
    #[error("is too large")]
    TooLarge,
    /// A party or the programme has no name.
    #[error("is an empty name")]
    EmptyName,
    /// A name is longer than 80 bytes.
    #[error("is a name of more than 80 bytes")]
    NameTooLong,
    /// A name holds `/`, which separates the names of a path, a line break or another control
    /// character.
    #[error("is a name with a slash, a line break or another control character")]
    BadName,
    /// A day does not exist or is not of the mapping's form, or a period ends before it begins.
    #[error("is not a valid date or period")]
    BadDate,
    /// A path does not have the number of names that the mapping gives levels for.
    #[error("is not a path of the mapping's number of names")]
    BadRoute,
    /// The purpose is none that the mapping names.
    #[error("is not a purpose that the mapping knows")]
    UnknownPurpose,
    /// The joined names of the route are longer than 150 bytes.
    #[error("makes the route longer than 150 bytes")]
    RouteTooLong,
    /// The row has more or fewer fields than the header.
    #[error("is not the number of fields that the header has")]
    WrongWidth,
}

impl RejectReason {
    /// The stable code for programs, such as `TOO_MANY_DECIMALS`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Negative => "NEGATIVE",
            Self::NotANumber => "NOT_A_NUMBER",
            Self::TooManyDecimals => "TOO_MANY_DECIMALS",
            Self::TooLarge => "TOO_LARGE",
            Self::EmptyName => "EMPTY_NAME",
            Self::NameTooLong => "NAME_TOO_LONG",
            Self::BadName => "BAD_NAME",
            Self::BadDate => "BAD_DATE",
            Self::BadRoute => "BAD_ROUTE",
            Self::UnknownPurpose => "UNKNOWN_PURPOSE",
            Self::RouteTooLong => "ROUTE_TOO_LONG",
            Self::WrongWidth => "WRONG_WIDTH",
        }
    }
}

/// One fault of a row, which keeps the whole row out: of the row itself, or of one of its purposes.
///
/// Printed: `row 17, WAGE: wage_given "-5" is negative`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The data row, from 1.
    pub number: u64,
    /// The purpose at fault; none when it is the row itself.
    pub purpose: Option<String>,
    /// The column at fault, spelled as in the mapping; empty for `WRONG_WIDTH`.
    pub column: String,
    /// What stood there, cut after 100 characters; for `WRONG_WIDTH` the number of fields.
    pub value: String,
    /// Why.
    pub reason: RejectReason,
}

impl std::fmt::Display for Rejected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "row {}", self.number)?;
        if let Some(purpose) = &self.purpose {
            write!(f, ", {purpose}")?;
        }
        write!(f, ": {} {:?} {}", self.column, self.value, self.reason)
    }
}

/// A column, the text in it and what is wrong with it; the reader adds the row and purpose.
pub(super) struct Fault {
    column: String,
    value: String,
    reason: RejectReason,
}

impl Fault {
    pub(super) fn new(column: &str, value: &str, reason: RejectReason) -> Self {
        Self { column: column.to_owned(), value: quoted(value), reason }
    }

    pub(super) fn of(self, number: u64, purpose: Option<&str>) -> Rejected {
        Rejected {
            number,
            purpose: purpose.map(str::to_owned),
            column: self.column,
            value: self.value,
            reason: self.reason,
        }
    }
}

/// A value as messages quote it: cut after 100 characters.
pub(super) fn quoted(value: &str) -> String {
    match value.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}
