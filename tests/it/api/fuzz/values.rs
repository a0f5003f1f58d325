//! Values of arguments: mostly such that they could be meant, sometimes not.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::random::Random;
use super::schema::{Member, Ref, Schema, Type};
use crate::api::queries::client::Served;

/// What is there to be named: ids, cursors and the like.
pub struct Known(BTreeMap<&'static str, Vec<String>>);

/// In how many of a hundred places a value is not what the type asks for.
const WRONG_PER_CENT: usize = 1;

const TEXTS: [&str; 14] = [
    "",
    " ",
    "PENSION",
    "2024-11",
    "North",
    "North/Hill",
    "TRANSIT_FEE",
    "\u{0}",
    "a\u{0}b",
    "जिला/ग्राम",
    "'; DROP TABLE hops; --",
    "\u{202e}right to left",
    "😀\u{10ffff}",
    "%_\\\"\n\t",
];

const NUMBERS: [&str; 10] =
    ["0", "1", "-1", "7", "20", "100", "101", "2147483647", "-2147483648", "99999999999999999999"];

const DECIMALS: [&str; 12] =
    ["0", "1", "0.01", "12.50", "-1", "1e3", "1,5", "NaN", "10000000000000", "99999999999999999999999999", "", "0.001"];

const MOMENTS: [&str; 6] = [
    "2024-11-04T09:00:00Z",
    "2024-11-30T23:59:59.999+05:30",
    "1969-12-31T23:59:59Z",
    "9999-12-31T23:59:59Z",
    "2124-01-01T00:00:00Z",
    "yesterday",
];

impl Known {
    /// What a world holds, as its supervisor sees it.
    pub async fn of(served: &Served) -> Self {
        let query = "{ hops { nodes { id reference { operation digest } } pageInfo { endCursor } } \
            tokens { nodes { id } pageInfo { endCursor } } parties { nodes { id uuid keys { officer } } } \
            recipients { nodes { id } } programmes { nodes { id code } } allocations { nodes { id } } \
            operations { nodes { id operationId entry { id index payloadDigest } } pageInfo { endCursor } } }";
        let data = served.data(&served.world.supervisor, query).await;
        let mut known = Self(BTreeMap::new());
        known.gather("", &data);
        known.0.entry("Int").or_default().extend(NUMBERS.map(str::to_owned));
        known
    }

    fn gather(&mut self, field: &str, value: &Value) {
        let kind = match field {
            "id" | "code" => Some("ID"),
            "uuid" | "officer" => Some("UUID"),
            "endCursor" => Some("String"),
            "operation" | "operationId" => Some("OperationId"),
            "digest" | "payloadDigest" => Some("Digest"),
            "index" => Some("LogIndex"),
            _ => None,
        };
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| self.gather(name, value)),
            Value::Array(items) => items.iter().for_each(|value| self.gather(field, value)),
            Value::String(text) => self.0.entry(kind.unwrap_or("String")).or_default().push(text.clone()),
            _ => {}
        }
    }

    fn one(&self, kind: &str, random: &mut Random) -> String {
        random.one(&self.0[kind]).clone()
    }

    /// A value of a type; none to leave it out, if that may be.
    pub fn value(&self, schema: &Schema, of: &Ref, random: &mut Random, depth: usize) -> Value {
        if random.chance(WRONG_PER_CENT) {
            let wrong = [
                json!(null),
                json!(true),
                json!(-1),
                json!("\u{0}"),
                json!([]),
                json!({}),
                json!(1.5),
                json!([[null]]),
            ];
            return random.one(&wrong).clone();
        }
        match of {
            Ref::NonNull(of) => self.value(schema, of, random, depth),
            Ref::List(of) => {
                let length = random.below(4);
                (0..length).map(|_| self.value(schema, of, random, depth)).collect()
            }
            Ref::Named(name) => match schema.get(name) {
                Type::Enum(values) => json!(random.one(values)),
                Type::Input { fields, one_of } => self.object(schema, fields, *one_of, random, depth + 1),
                _ => self.scalar(name, random),
            },
        }
    }

    fn object(&self, schema: &Schema, fields: &[Member], one_of: bool, random: &mut Random, depth: usize) -> Value {
        let mut object = Map::new();
        if one_of {
            for _ in 0..if random.chance(95) { 1 } else { random.below(3) } {
                let field = random.one(fields);
                // The members of a oneOf are nullable, but the one that is given is not null.
                let value = self.value(schema, &Ref::NonNull(Box::new(field.of.clone())), random, depth);
                object.insert(field.name.clone(), value);
            }
            return Value::Object(object);
        }
        for field in fields {
            let is_needed = field.of.is_required() && !field.has_default;
            if random.chance(if is_needed { 98 } else { 70 / depth.max(2) }) {
                object.insert(field.name.clone(), self.value(schema, &field.of, random, depth));
            }
        }
        if random.chance(1) {
            object.insert("nope".to_owned(), json!(1));
        }
        Value::Object(object)
    }

    fn scalar(&self, name: &str, random: &mut Random) -> Value {
        if random.chance(3) && name != "Int" && name != "Boolean" {
            return json!(random.one(&TEXTS));
        }
        match name {
            "Boolean" => json!(random.chance(50)),
            // Most pages are of a size that may be, so that something comes back.
            "Int" if random.chance(88) => json!(1 + random.below(5)),
            "Int" => serde_json::from_str(&self.one("Int", random)).unwrap(),
            "String" if random.chance(5) => json!("x".repeat(3_000)),
            "String" if random.chance(60) => json!(random.one(&TEXTS)),
            "DateTime" => json!(random.one(&MOMENTS)),
            "Date" => json!(random.one(&["2024-11-01", "2024-02-30", "0000-01-01", "9999-12-31"])),
            "Decimal" => json!(random.one(&DECIMALS)),
            "CurrencyCode" => json!(random.one(&["INR", "INR", "JPY", "XXX", "inr"])),
            "LogIndex" if random.chance(30) => {
                json!(random.one(&["18446744073709551615", "-1", "00", "9223372036854775808"]))
            }
            "OperationId" if random.chance(80) => json!(uuid::Uuid::now_v7()),
            "PublicKey" => json!(format!("ed25519:{}", "0f".repeat(32))),
            "Signature" | "Bytes" => json!(random.one(&["", "AAAA", "AAA", "////////"])),
            other => json!(self.one(if self.0.contains_key(other) { other } else { "String" }, random)),
        }
    }
}

/// A value as a document writes it.
pub fn literal(schema: &Schema, of: &Ref, value: &Value) -> String {
    match (of, value) {
        (Ref::NonNull(of), value) => literal(schema, of, value),
        (Ref::List(of), Value::Array(items)) => {
            format!("[{}]", items.iter().map(|item| literal(schema, of, item)).collect::<Vec<_>>().join(", "))
        }
        (Ref::Named(name), Value::Object(fields)) => {
            let members: &[Member] = match schema.get(name) {
                Type::Input { fields, .. } => fields,
                _ => &[],
            };
            let field = |(name, value): (&String, &Value)| {
                let text = Ref::Named("String".to_owned());
                let of = members.iter().find(|member| member.name == *name).map_or(&text, |member| &member.of);
                format!("{name}: {}", literal(schema, of, value))
            };
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        (Ref::Named(name), Value::String(text)) if matches!(schema.get(name), Type::Enum(values) if values.contains(text)) => {
            text.clone()
        }
        // The escapes of JSON are escapes of GraphQL too; a NUL may stand in it as an escape.
        (_, Value::Object(fields)) if fields.is_empty() => "{}".to_owned(),
        (_, value) => value.to_string(),
    }
}
