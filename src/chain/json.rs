//! Reading JSON without losing anything: a field that stands twice in an
//! object is an error here, where the usual reader keeps the last one.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserializer, de};
use serde_json::{Map, Number, Value};

/// Why bytes are not the JSON that is read here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonFault {
    /// The bytes are not one JSON value.
    #[error("not JSON: {0}")]
    Syntax(String),
    /// An object has the same field twice.
    #[error("the field `{0}` stands twice in one object")]
    Duplicate(String),
}

/// Reads one JSON value from all of the bytes.
pub fn read(bytes: &[u8]) -> Result<Value, JsonFault> {
    let duplicate = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Reader(&duplicate).deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| match duplicate.take() {
        Some(field) => JsonFault::Duplicate(field),
        None => JsonFault::Syntax(error.to_string()),
    })
}

/// The canonical form (RFC 8785) of a value.
pub fn canonical(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(CANONICAL_BYTES_USUAL);
    write(value, &mut bytes);
    bytes
}

/// Room for the canonical form of a usual payload.
const CANONICAL_BYTES_USUAL: usize = 1_024;

/// Up to here whole numbers are the same in ECMAScript (RFC 8785, section 3.2.2.3).
const EXACT_MAX: u64 = 1 << 53;

fn write(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(whole) if whole.unsigned_abs() <= EXACT_MAX => bytes.extend_from_slice(whole.to_string().as_bytes()),
            _ => append(serde_json_canonicalizer::to_writer(number, bytes)),
        },
        // Escapes as section 3.2.2.2 has them.
        Value::String(_) | Value::Bool(_) | Value::Null => append(serde_json::to_writer(bytes, value)),
        Value::Array(items) => {
            bytes.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    bytes.push(b',');
                }
                write(item, bytes);
            }
            bytes.push(b']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            // By UTF-16 code units (section 3.2.3), which differs from the order of UTF-8.
            fields.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
            bytes.push(b'{');
            for (at, (name, field)) in fields.into_iter().enumerate() {
                if at > 0 {
                    bytes.push(b',');
                }
                append(serde_json::to_writer(&mut *bytes, name));
                bytes.push(b':');
                write(field, bytes);
            }
            bytes.push(b'}');
        }
    }
}

fn append(written: serde_json::Result<()>) {
    written.expect("numbers of a JSON value are finite, and memory takes what is written");
}

/// Builds a value and notes the first field that it meets twice.
#[derive(Clone, Copy)]
struct Reader<'a>(&'a RefCell<Option<String>>);

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number out of range"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            if object.contains_key(&name) {
                *self.0.borrow_mut() = Some(name);
                return Err(A::Error::custom("a field stands twice"));
            }
            let value = fields.next_value_seed(self)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}
