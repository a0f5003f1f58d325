//! Scalars: what is a string with a form of its own in the interface.
//!
//! Numbers that may pass 2^31 are strings, because many clients read JSON numbers as floating
//! point. Each scalar names the document that specifies its form.

use std::str::FromStr;

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::chain::{digest, key};
use crate::ledger::ids::KeyId;
use crate::ledger::money::{self, Currency};
use crate::ledger::time::{self, Millis};

/// A moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateTime(pub Millis);

/// A calendar day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub chrono::NaiveDate);

/// A decimal number in its printed form. What a client sends is kept as typed: only the reader
/// knows how many places it may have, and answers with a sentence if it has more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal(pub String);

/// A SHA-256 digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(pub digest::Digest);

/// A public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(pub key::PublicKey);

/// A signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature(pub key::Signature);

/// An entry's place in the log, or a number of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogIndex(pub u64);

/// The code of a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrencyCode(pub Currency);

/// A random or time-ordered id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uuid(pub uuid::Uuid);

/// The id of an operation, made by who states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationId(pub uuid::Uuid);

/// Bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Decimal {
    /// A rate or another computed decimal.
    pub fn of(value: rust_decimal::Decimal) -> Self {
        Self(value.to_string())
    }

    /// Minor units as the currency's decimals.
    pub fn of_minor(minor: i128, currency: Currency) -> Self {
        Self(money::print_decimal_wide(minor, currency))
    }
}

impl From<KeyId> for PublicKey {
    fn from(key: KeyId) -> Self {
        Self(key::PublicKey(key.0))
    }
}

impl From<u64> for LogIndex {
    fn from(index: u64) -> Self {
        Self(index)
    }
}

impl From<Millis> for DateTime {
    fn from(at: Millis) -> Self {
        Self(at)
    }
}

/// The text of a scalar's value; a number of another type is refused with the scalar's name.
fn text<T: ScalarType + async_graphql::InputType>(value: Value) -> Result<String, InputValueError<T>> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(InputValueError::expected_type(other)),
    }
}

/// Reads a scalar whose Rust type reads its own text.
fn from_text<T, F>(value: Value) -> InputValueResult<T>
where
    T: ScalarType + async_graphql::InputType,
    F: FromStr + Into<T>,
    F::Err: std::fmt::Display,
{
    let text = text::<T>(value)?;
    text.parse::<F>().map(Into::into).map_err(InputValueError::custom)
}

impl From<digest::Digest> for Digest {
    fn from(digest: digest::Digest) -> Self {
        Self(digest)
    }
}

impl From<key::PublicKey> for PublicKey {
    fn from(key: key::PublicKey) -> Self {
        Self(key)
    }
}

impl From<key::Signature> for Signature {
    fn from(signature: key::Signature) -> Self {
        Self(signature)
    }
}

/// A moment as RFC 3339 text, read in any offset and answered in UTC with milliseconds, such as
/// `2026-11-21T07:00:00.000Z`. Added in 0.1.0.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = text::<Self>(value)?;
        Millis::parse(&text)
            .map(Self)
            .ok_or_else(|| InputValueError::custom("it is not a moment such as 2026-11-21T07:00:00.000Z"))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A calendar day as RFC 3339 `full-date`, such as `2026-11-21`. Added in 0.1.0.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = text::<Self>(value)?;
        time::read_day(&text).map(Self).ok_or_else(|| InputValueError::custom("it is not a day such as 2026-11-21"))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A decimal number as a string, never as a JSON number, so that no digit is lost, such as
/// `1250.50`. Amounts have the decimals of their currency, rates six. Added in 0.1.0.
#[Scalar(specified_by_url = "https://www.w3.org/TR/xmlschema11-2/#decimal")]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        text::<Self>(value).map(Self)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// A SHA-256 digest as 64 lower-case hexadecimal digits. Added in 0.1.0.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc6234")]
impl ScalarType for Digest {
    fn parse(value: Value) -> InputValueResult<Self> {
        from_text::<Self, digest::Digest>(value)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A public key with its algorithm: `ed25519:` and 64 lower-case hexadecimal digits. It is also
/// the key id in a signed envelope. Added in 0.1.0.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc8032#section-5.1.5")]
impl ScalarType for PublicKey {
    fn parse(value: Value) -> InputValueResult<Self> {
        from_text::<Self, key::PublicKey>(value)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// An Ed25519 signature, 64 bytes in standard Base64. Added in 0.1.0.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc8032#section-5.1.6")]
impl ScalarType for Signature {
    fn parse(value: Value) -> InputValueResult<Self> {
        from_text::<Self, key::Signature>(value)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// An entry's place in the log, from 0, or a number of entries: digits in a string, because it
/// may pass 2^31. Added in 0.1.0.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc6962#section-2.1")]
impl ScalarType for LogIndex {
    fn parse(value: Value) -> InputValueResult<Self> {
        let wrong = "it is not a place in the log: digits in a string, such as \"17\"";
        let text = text::<Self>(value)?;
        let index: u64 = text.parse().map_err(|_| InputValueError::custom(wrong))?;
        if index.to_string() != text {
            return Err(InputValueError::custom(wrong));
        }
        Ok(Self(index))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// The code of a currency in ISO 4217, such as `INR`. Added in 0.1.0.
#[Scalar(specified_by_url = "https://www.iso.org/iso-4217-currency-codes.html")]
impl ScalarType for CurrencyCode {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = text::<Self>(value)?;
        Currency::parse(&text)
            .map(Self)
            .ok_or_else(|| InputValueError::custom("it is not the code of a currency in ISO 4217, such as INR"))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.code().to_owned())
    }
}

/// A UUID in lower-case hexadecimal with hyphens. Added in 0.1.0.
#[Scalar(name = "UUID", specified_by_url = "https://www.rfc-editor.org/rfc/rfc9562")]
impl ScalarType for Uuid {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = text::<Self>(value)?;
        uuid::Uuid::try_parse(&text).map(Self).map_err(|_| InputValueError::custom("it is not a UUID"))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// The id of an operation: a UUIDv7 made by who states it, and the same again when it is sent
/// again, so that nothing is recorded twice. Added in 0.1.0.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc9562#section-5.7")]
impl ScalarType for OperationId {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = text::<Self>(value)?;
        match uuid::Uuid::try_parse(&text) {
            Ok(id) if id.get_version_num() == 7 => Ok(Self(id)),
            _ => Err(InputValueError::custom("it is not a UUIDv7")),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// Bytes in standard Base64 with padding. Added in 0.1.0.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc4648#section-4")]
impl ScalarType for Bytes {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = text::<Self>(value)?;
        STANDARD.decode(text).map(Self).map_err(|_| InputValueError::custom("it is not Base64 with padding"))
    }

    fn to_value(&self) -> Value {
        Value::String(STANDARD.encode(&self.0))
    }
}
