//! Between the fields of ledger records and the plain integers, texts and bytes of columns.

use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::ledger::ids::{AreaId, PartyKey, Place};
use crate::ledger::money::Currency;
use crate::ledger::time::Millis;

use super::error::ViewsError;

/// An entry, height or size as a column. Above 63 bits, which nothing reaches, it is the
/// highest: such a row is never found.
pub(in crate::store) fn index(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A number of the ledger's named lists as a column.
pub(super) fn number(value: u8) -> i64 {
    i64::from(value)
}

/// A text that is looked for. PostgreSQL takes no NUL; no text of the ledger holds a control
/// character, so that another one is found as little.
pub(in crate::store) fn sought(text: &str) -> String {
    text.replace('\0', "\u{1}")
}

/// Reads the columns of one table's rows.
#[derive(Clone, Copy)]
pub(in crate::store) struct Columns(pub &'static str);

impl Columns {
    /// The error of a column whose value cannot be.
    pub fn corrupt(self, column: &'static str) -> ViewsError {
        ViewsError::Corrupt { table: self.0, column }
    }

    fn some<T>(self, column: &'static str, value: Option<T>) -> Result<T, ViewsError> {
        value.ok_or_else(|| self.corrupt(column))
    }

    pub fn place(self, column: &'static str, key: i64) -> Result<Place, ViewsError> {
        self.some(column, Place::from_key(key))
    }

    pub fn maybe_place(self, column: &'static str, key: Option<i64>) -> Result<Option<Place>, ViewsError> {
        key.map(|key| self.place(column, key)).transpose()
    }

    pub fn party(self, column: &'static str, key: i64) -> Result<PartyKey, ViewsError> {
        self.place(column, key).map(PartyKey)
    }

    pub fn maybe_party(self, column: &'static str, key: Option<i64>) -> Result<Option<PartyKey>, ViewsError> {
        Ok(self.maybe_place(column, key)?.map(PartyKey))
    }

    pub fn index(self, column: &'static str, value: i64) -> Result<u64, ViewsError> {
        self.some(column, u64::try_from(value).ok())
    }

    pub fn maybe_index(self, column: &'static str, value: Option<i64>) -> Result<Option<u64>, ViewsError> {
        value.map(|value| self.index(column, value)).transpose()
    }

    pub fn area(self, column: &'static str, value: i64) -> Result<AreaId, ViewsError> {
        self.small(column, value).map(AreaId)
    }

    pub fn small(self, column: &'static str, value: i64) -> Result<u32, ViewsError> {
        self.some(column, u32::try_from(value).ok())
    }

    pub fn named<T>(self, column: &'static str, value: i64, read: fn(u8) -> Option<T>) -> Result<T, ViewsError> {
        self.some(column, u8::try_from(value).ok().and_then(read))
    }

    pub fn maybe_named<T>(
        self,
        column: &'static str,
        value: Option<i64>,
        read: fn(u8) -> Option<T>,
    ) -> Result<Option<T>, ViewsError> {
        value.map(|value| self.named(column, value, read)).transpose()
    }

    pub fn bytes<const N: usize>(self, column: &'static str, value: &[u8]) -> Result<[u8; N], ViewsError> {
        self.some(column, value.try_into().ok())
    }

    pub fn uuid(self, column: &'static str, value: &[u8]) -> Result<Uuid, ViewsError> {
        self.bytes(column, value).map(Uuid::from_bytes)
    }

    pub fn currency(self, column: &'static str, value: &str) -> Result<Currency, ViewsError> {
        self.some(column, Currency::parse(value))
    }

    pub fn json<T: DeserializeOwned>(self, column: &'static str, value: &str) -> Result<T, ViewsError> {
        self.some(column, serde_json::from_str(value).ok())
    }

    /// A text that something else of the ledger can read.
    pub fn parsed<T>(self, column: &'static str, value: Option<T>) -> Result<T, ViewsError> {
        self.some(column, value)
    }
}

/// The moments of optional columns.
pub(super) fn maybe_millis(value: Option<i64>) -> Option<Millis> {
    value.map(Millis)
}
