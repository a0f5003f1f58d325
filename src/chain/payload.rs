//! What a party signs: a JSON object in its canonical form (RFC 8785), read
//! strictly. The bytes are kept for ever; this type is a reading of them.

use std::fmt;

use serde_json::{Map, Value};
use uuid::{Uuid, Variant};

use super::digest::Digest;
use super::json::{self, JsonFault};
use super::time::Timestamp;
use crate::limits;

/// Largest whole number that every JSON reader holds exactly (RFC 7493, 2.2).
const EXACT_INTEGER_MAX: i64 = (1 << 53) - 1;

/// The kind of the operation that begins a chain. Its payload names the chain
/// by zeros, since the chain's id is the digest of the header above it.
pub const GENESIS_KIND: &str = "CHAIN_BEGIN";

/// One operation as its party states it. The body is opaque here.
#[derive(Clone, Debug, PartialEq)]
pub struct Payload {
    /// The chain it is meant for: the digest of the genesis header, zeros in
    /// the genesis operation itself.
    pub chain: Digest,
    /// The operation's id, made by the signer (UUIDv7) or derived from content
    /// (UUIDv8). It is the idempotency key.
    pub id: Uuid,
    /// The kind of operation, like `TOKEN_DISPATCH`.
    pub kind: String,
    /// The version of the kind's body, from 1.
    pub version: u32,
    /// Whether the party speaks for itself.
    pub basis: Basis,
    /// The party that states it.
    pub party: Uuid,
    /// When it was made.
    pub issued_at: Timestamp,
    /// When it can no longer be recorded: at most 7 days after it was made.
    pub expires_at: Timestamp,
    /// When it happened, as the party claims; absent means when recorded.
    pub occurred_at: Option<Timestamp>,
    /// The fields of its kind: an object of strings, whole numbers, truth
    /// values, nulls, lists and objects.
    pub body: Value,
    /// What it says about the lines beside it, if it has any.
    pub list: Option<ListHeader>,
}

/// Whose word an operation is, printed `OWN` or `REPORTED`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// The party's own word.
    Own,
    /// What a document says of a party, signed by who read it.
    Reported,
}

/// What a signed payload fixes about the lines stored beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListHeader {
    /// How many lines, at least one.
    pub count: u32,
    /// The sum of their amounts in minor units, as the signer computed it. It
    /// is not checked here, where no line means money.
    pub total: i64,
    /// The root of the lines' own Merkle tree.
    pub root: Digest,
}

/// Why bytes are not a payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// More than 64 KiB.
    #[error(
        "a payload has at most {max} bytes, not {bytes}",
        max = limits::PAYLOAD_BYTES_MAX
    )]
    TooLong {
        /// Its size.
        bytes: usize,
    },
    /// Not one JSON value.
    #[error("{0}")]
    NotJson(String),
    /// A field stands twice in one object, at any depth.
    #[error("the field `{0}` stands twice in one object")]
    DuplicateField(String),
    /// JSON, but no object.
    #[error("a payload is a JSON object")]
    NotAnObject,
    /// A field that payloads do not have.
    #[error("payloads have no field `{0}`")]
    UnknownField(String),
    /// A field that every payload has is not there.
    #[error("the field `{0}` is missing")]
    MissingField(&'static str),
    /// A field's value has another type or another form than it must have.
    #[error("the field `{field}` must be {expected}")]
    WrongType {
        /// The field, with its parent: `list.total`.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The operation id is a UUID of another version.
    #[error("the operation id {0} is neither a UUIDv7 nor a UUIDv8")]
    IdVersion(Uuid),
    /// The kind is not a name in capitals.
    #[error("a kind is 1 to 64 characters of A-Z, 0-9 and _, beginning with a letter")]
    Kind,
    /// Versions are counted from 1.
    #[error("the version of a kind is counted from 1")]
    VersionZero,
    /// It expires before or when it is made.
    #[error("it expires at {expires_at}, not after it was issued at {issued_at}")]
    ExpiresBeforeIssued {
        /// When it was made.
        issued_at: Timestamp,
        /// When it expires.
        expires_at: Timestamp,
    },
    /// It is valid for more than 7 days.
    #[error("it is valid from {issued_at} to {expires_at}, longer than 7 days")]
    ValidTooLong {
        /// When it was made.
        issued_at: Timestamp,
        /// When it expires.
        expires_at: Timestamp,
    },
    /// A number in the body has a fraction, an exponent or too many digits.
    #[error("the number {0} is not a whole number of at most 2^53 - 1 in size")]
    InexactNumber(String),
    /// The body is nested too deeply.
    #[error("a body is nested at most {max} levels deep", max = limits::PAYLOAD_DEPTH_MAX)]
    TooDeep,
    /// A list of no lines, or of more lines than an operation may have.
    #[error("a list has 1 to {max} lines, not {0}", max = limits::LIST_LINES_MAX)]
    ListCount(u32),
    /// The right content in other bytes than its canonical form.
    #[error("the bytes are not their own canonical form (RFC 8785)")]
    NotCanonical,
}

impl Payload {
    /// Reads signed bytes. They must equal the canonical form of what they say.
    pub fn parse(bytes: &[u8]) -> Result<Payload, Malformed> {
        if bytes.len() > limits::PAYLOAD_BYTES_MAX {
            return Err(Malformed::TooLong { bytes: bytes.len() });
        }
        let value = json::read(bytes).map_err(|fault| match fault {
            JsonFault::Syntax(why) => Malformed::NotJson(why),
            JsonFault::Duplicate(field) => Malformed::DuplicateField(field),
        })?;
        let Value::Object(fields) = value else {
            return Err(Malformed::NotAnObject);
        };
        let payload = read_fields(fields)?;
        payload.check()?;
        if json::canonical(&payload.to_value()) != bytes {
            return Err(Malformed::NotCanonical);
        }
        Ok(payload)
    }

    /// The bytes to sign: the canonical form. What `parse` would refuse is
    /// refused here as well, so nobody signs in vain.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Malformed> {
        self.check()?;
        let bytes = json::canonical(&self.to_value());
        if bytes.len() > limits::PAYLOAD_BYTES_MAX {
            return Err(Malformed::TooLong { bytes: bytes.len() });
        }
        Ok(bytes)
    }

    /// The rules that hold between and within well-typed fields.
    fn check(&self) -> Result<(), Malformed> {
        check_id(self.id)?;
        check_kind(&self.kind)?;
        if self.version == 0 {
            return Err(Malformed::VersionZero);
        }
        let (issued_at, expires_at) = (self.issued_at, self.expires_at);
        // Both lie within the years 0000 to 9999: the difference fits.
        let validity_ms = expires_at.millis() - issued_at.millis();
        if validity_ms <= 0 {
            return Err(Malformed::ExpiresBeforeIssued { issued_at, expires_at });
        }
        if validity_ms > limits::VALIDITY_MS_MAX {
            return Err(Malformed::ValidTooLong { issued_at, expires_at });
        }
        if !self.body.is_object() {
            return Err(wrong("body", "an object"));
        }
        check_body(&self.body, limits::PAYLOAD_DEPTH_MAX)?;
        self.list.map_or(Ok(()), check_list)
    }

    fn to_value(&self) -> Value {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        put("chain", self.chain.to_string().into());
        put("id", self.id.to_string().into());
        put("kind", self.kind.clone().into());
        put("version", self.version.into());
        put("basis", self.basis.to_string().into());
        put("party", self.party.to_string().into());
        put("issuedAt", self.issued_at.to_string().into());
        put("expiresAt", self.expires_at.to_string().into());
        if let Some(occurred_at) = self.occurred_at {
            put("occurredAt", occurred_at.to_string().into());
        }
        put("body", self.body.clone());
        if let Some(list) = self.list {
            let mut header = Map::new();
            header.insert("count".to_owned(), list.count.into());
            header.insert("total".to_owned(), list.total.to_string().into());
            header.insert("root".to_owned(), list.root.to_string().into());
            put("list", header.into());
        }
        Value::Object(fields)
    }
}

fn read_fields(mut fields: Map<String, Value>) -> Result<Payload, Malformed> {
    let payload = Payload {
        chain: digest(take(&mut fields, "chain")?, "chain")?,
        id: uuid(take(&mut fields, "id")?, "id")?,
        kind: text(take(&mut fields, "kind")?, "kind")?,
        version: count(take(&mut fields, "version")?, "version")?,
        basis: basis(take(&mut fields, "basis")?)?,
        party: uuid(take(&mut fields, "party")?, "party")?,
        issued_at: moment(take(&mut fields, "issuedAt")?, "issuedAt")?,
        expires_at: moment(take(&mut fields, "expiresAt")?, "expiresAt")?,
        occurred_at: match fields.remove("occurredAt") {
            Some(value) => Some(moment(value, "occurredAt")?),
            None => None,
        },
        body: take(&mut fields, "body")?,
        list: match fields.remove("list") {
            Some(value) => Some(list_header(value)?),
            None => None,
        },
    };
    none_left(fields)?;
    Ok(payload)
}

fn list_header(value: Value) -> Result<ListHeader, Malformed> {
    let Value::Object(mut fields) = value else {
        return Err(wrong("list", "an object"));
    };
    let header = ListHeader {
        count: count(take(&mut fields, "count")?, "list.count")?,
        total: total(take(&mut fields, "total")?)?,
        root: digest(take(&mut fields, "root")?, "list.root")?,
    };
    none_left(fields)?;
    Ok(header)
}

fn take(fields: &mut Map<String, Value>, name: &'static str) -> Result<Value, Malformed> {
    fields.remove(name).ok_or(Malformed::MissingField(name))
}

fn none_left(fields: Map<String, Value>) -> Result<(), Malformed> {
    match fields.into_iter().next() {
        Some((name, _)) => Err(Malformed::UnknownField(name)),
        None => Ok(()),
    }
}

fn wrong(field: &'static str, expected: &'static str) -> Malformed {
    Malformed::WrongType { field, expected }
}

fn text(value: Value, field: &'static str) -> Result<String, Malformed> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(wrong(field, "a string")),
    }
}

fn count(value: Value, field: &'static str) -> Result<u32, Malformed> {
    value
        .as_u64()
        .and_then(|number| u32::try_from(number).ok())
        .ok_or(wrong(field, "a whole number of at most 2^32 - 1"))
}

fn digest(value: Value, field: &'static str) -> Result<Digest, Malformed> {
    text(value, field)?.parse().map_err(|_| wrong(field, "a digest of 64 lower-case hexadecimal digits"))
}

fn moment(value: Value, field: &'static str) -> Result<Timestamp, Malformed> {
    text(value, field)?.parse().map_err(|_| wrong(field, "a moment like 2026-11-21T07:00:00.000Z"))
}

fn uuid(value: Value, field: &'static str) -> Result<Uuid, Malformed> {
    const EXPECTED: &str = "a UUID in lower case with hyphens";
    let text = text(value, field)?;
    let id = Uuid::parse_str(&text).map_err(|_| wrong(field, EXPECTED))?;
    // The library also reads braces, URNs, capitals and bare digits.
    if id.to_string() != text {
        return Err(wrong(field, EXPECTED));
    }
    Ok(id)
}

fn basis(value: Value) -> Result<Basis, Malformed> {
    match text(value, "basis")?.as_str() {
        "OWN" => Ok(Basis::Own),
        "REPORTED" => Ok(Basis::Reported),
        _ => Err(wrong("basis", "OWN or REPORTED")),
    }
}

fn total(value: Value) -> Result<i64, Malformed> {
    const EXPECTED: &str = "a whole number of minor units as a string";
    let text = text(value, "list.total")?;
    let total: i64 = text.parse().map_err(|_| wrong("list.total", EXPECTED))?;
    // The library also reads signs and zeros in front.
    if total.to_string() != text {
        return Err(wrong("list.total", EXPECTED));
    }
    Ok(total)
}

fn check_id(id: Uuid) -> Result<(), Malformed> {
    let is_known = matches!(id.get_version_num(), 7 | 8) && id.get_variant() == Variant::RFC4122;
    if is_known { Ok(()) } else { Err(Malformed::IdVersion(id)) }
}

fn check_kind(kind: &str) -> Result<(), Malformed> {
    let is_part = |byte: u8| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_');
    let is_name = kind.len() <= limits::KIND_BYTES_MAX
        && kind.starts_with(|first: char| first.is_ascii_uppercase())
        && kind.bytes().all(is_part);
    if is_name { Ok(()) } else { Err(Malformed::Kind) }
}

fn check_list(list: ListHeader) -> Result<(), Malformed> {
    let is_length = |count| (1..=limits::LIST_LINES_MAX).contains(&count);
    if usize::try_from(list.count).is_ok_and(is_length) { Ok(()) } else { Err(Malformed::ListCount(list.count)) }
}

fn check_body(value: &Value, depth: usize) -> Result<(), Malformed> {
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(whole) if (-EXACT_INTEGER_MAX..=EXACT_INTEGER_MAX).contains(&whole) => Ok(()),
            _ => Err(Malformed::InexactNumber(number.to_string())),
        },
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
        Value::Array(_) | Value::Object(_) if depth == 0 => Err(Malformed::TooDeep),
        Value::Array(items) => items.iter().try_for_each(|item| check_body(item, depth - 1)),
        Value::Object(fields) => fields.values().try_for_each(|item| check_body(item, depth - 1)),
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Basis::Own => "OWN",
            Basis::Reported => "REPORTED",
        })
    }
}
