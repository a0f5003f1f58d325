//! Whether an answer is one that the schema allows for its document.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::document::{Document, Selected};
use super::schema::{Ref, Schema, Type};

pub fn answer(schema: &Schema, document: &Document, answer: &Value) -> Result<(), String> {
    let errors = answer.get("errors").map(|errors| errors.as_array().ok_or("errors are no list")).transpose()?;
    if let Some(errors) = errors {
        if errors.is_empty() {
            return Err("an empty list of errors".to_owned());
        }
        errors.iter().try_for_each(error)?;
    }
    match (answer.get("data"), errors) {
        (None | Some(Value::Null), None) => Err("neither data nor errors".to_owned()),
        (None | Some(Value::Null), Some(_)) => Ok(()),
        (Some(data), _) => object(schema, &document.root, &document.selected, data).map_err(|why| format!("data{why}")),
    }
}

fn error(error: &Value) -> Result<(), String> {
    let text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    if !text(&error["message"]) {
        return Err(format!("an error without a message: {error}"));
    }
    if !text(&error["extensions"]["code"]) || error["extensions"]["code"] == "INTERNAL_SERVER_ERROR" {
        return Err(format!("an error that must not be: {error}"));
    }
    let is_path =
        |path: &Value| path.as_array().is_some_and(|parts| parts.iter().all(|part| part.is_string() || part.is_u64()));
    match error.get("path") {
        Some(path) if !is_path(path) => Err(format!("an error with a path that is none: {error}")),
        _ => Ok(()),
    }
}

/// An object has what was selected, and nothing else.
fn object(schema: &Schema, name: &str, selected: &[Selected], value: &Value) -> Result<(), String> {
    let fields = value.as_object().ok_or_else(|| format!(": no {name}: {value}"))?;
    let of = match schema.get(name) {
        Type::Abstract(_, possible) => {
            let told = fields.get("__typename").and_then(Value::as_str).unwrap_or_default();
            possible.iter().find(|name| *name == told).ok_or_else(|| format!(": {told} is no {name}"))?
        }
        _ => name,
    };
    let wanted = || selected.iter().filter(|field| field.only_on.as_deref().is_none_or(|on| on == of));
    for field in wanted() {
        let found = fields.get(&field.key).ok_or_else(|| format!(".{}: not there", field.key))?;
        match &field.of {
            Some(of) => {
                self::value(schema, of, &field.selected, found).map_err(|why| format!(".{}{why}", field.key))?
            }
            None if found == of => {}
            None => return Err(format!(": {found} is not {of}")),
        }
    }
    match fields.keys().find(|key| wanted().all(|field| field.key != **key)) {
        Some(key) => Err(format!(".{key}: not asked for")),
        None => Ok(()),
    }
}

fn value(schema: &Schema, of: &Ref, selected: &[Selected], found: &Value) -> Result<(), String> {
    match (of, found) {
        (Ref::NonNull(_), Value::Null) => Err(": null where none may be".to_owned()),
        (Ref::NonNull(of), found) => value(schema, of, selected, found),
        (_, Value::Null) => Ok(()),
        (Ref::List(of), Value::Array(items)) => items
            .iter()
            .enumerate()
            .try_for_each(|(at, item)| value(schema, of, selected, item).map_err(|why| format!("[{at}]{why}"))),
        (Ref::List(_), found) => Err(format!(": no list: {found}")),
        (Ref::Named(name), found) => match schema.get(name) {
            Type::Object(_) | Type::Abstract(..) => object(schema, name, selected, found),
            Type::Enum(values) if found.as_str().is_some_and(|found| values.iter().any(|value| value == found)) => {
                Ok(())
            }
            Type::Scalar if is_scalar(name, found) => Ok(()),
            _ => Err(format!(": no {name}: {found}")),
        },
    }
}

fn is_scalar(name: &str, found: &Value) -> bool {
    let text = found.as_str();
    let is_hex = |text: &str, digits: usize| {
        text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    match name {
        "Boolean" => found.is_boolean(),
        "Int" => found.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "String" => found.is_string(),
        "ID" => text
            .is_some_and(|text| text.split_once('_').is_some_and(|(kind, rest)| kind.len() == 3 && !rest.is_empty())),
        "Decimal" => text.is_some_and(is_decimal),
        "CurrencyCode" => {
            text.is_some_and(|text| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()))
        }
        "Digest" => text.is_some_and(|text| is_hex(text, 64)),
        "PublicKey" => text.and_then(|text| text.strip_prefix("ed25519:")).is_some_and(|text| is_hex(text, 64)),
        "LogIndex" => text.is_some_and(|text| text.parse::<u64>().is_ok_and(|index| index.to_string() == text)),
        "UUID" => text.is_some_and(|text| uuid::Uuid::try_parse(text).is_ok_and(|id| id.to_string() == text)),
        "OperationId" => text.is_some_and(|text| uuid::Uuid::try_parse(text).is_ok()),
        "Bytes" | "Signature" => text.is_some_and(|text| STANDARD.decode(text).is_ok()),
        "Date" => text.is_some_and(|text| text.parse::<chrono::NaiveDate>().is_ok()),
        // Milliseconds of UTC, such as `2026-11-21T07:00:00.000Z`.
        "DateTime" => text.is_some_and(|text| {
            chrono::DateTime::parse_from_rfc3339(text).is_ok() && text.ends_with('Z') && text.len() == 24
        }),
        _ => false,
    }
}

fn is_decimal(text: &str) -> bool {
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole.strip_prefix('-').unwrap_or(whole)) && digits(rest)
}
