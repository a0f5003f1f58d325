//! The parameters of a GraphQL request in a URL (GraphQL over HTTP, section 5.3).

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::chain::json;

/// Reads the query of a URL into the fields that a body would have; a sentence when it cannot be
/// read. Others than GraphQL's are ignored.
pub fn read(query: &str) -> Result<Map<String, Value>, String> {
    let mut fields = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name)?, decoded(value)?);
        let value = match name.as_str() {
            "query" | "documentId" => Value::String(value),
            // Empty is as good as absent.
            "operationName" | "variables" | "extensions" if value.is_empty() => Value::Null,
            "operationName" => Value::String(value),
            "variables" | "extensions" => {
                json::read(value.as_bytes()).map_err(|fault| format!("`{name}` is JSON: {fault}"))?
            }
            _ => continue,
        };
        if fields.insert(name.clone(), value).is_some() {
            return Err(format!("`{name}` stands twice in the URL"));
        }
    }
    Ok(fields)
}

fn decoded(text: &str) -> Result<String, String> {
    let text = text.replace('+', " ");
    let bytes = percent_decode_str(&text).decode_utf8();
    bytes.map(|text| text.into_owned()).map_err(|_| "the URL is not UTF-8 once it is decoded".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_as_forms_are() {
        let fields = read("query=%7B+a%20%7D&operationName=&variables=%7B%22b%22%3A1%7D&other=%FF%00").unwrap_err();
        assert!(fields.contains("UTF-8"));
        let fields = read("query=%7B+a%20%7D&operationName=&variables=%7B%22b%22%3A1%7D&&other").unwrap();
        let expected = serde_json::json!({ "query": "{ a }", "operationName": null, "variables": { "b": 1 } });
        assert_eq!(Value::Object(fields), expected);
        for bad in ["query=a&query=b", "variables=%7B", "variables=%7B%22b%22%3A1,%22b%22%3A2%7D", "query=%C3%28"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
