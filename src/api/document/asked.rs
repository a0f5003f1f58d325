//! The parameters of a GraphQL request, read from JSON or from a URL: both transports use them.

use async_graphql::Variables;
use serde_json::{Map, Value};

/// What a client asks, in the types that the parameters have.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The document.
    pub query: Option<String>,
    /// The document by its id, such as `sha256:7dba4b...`.
    pub document_id: Option<String>,
    /// The document by the hash in `extensions.persistedQuery`.
    pub sha256_hash: Option<String>,
    /// Which of the document's operations.
    pub operation_name: Option<String>,
    /// The values of its variables.
    pub variables: Variables,
}

impl Asked {
    /// Reads the parameters; a sentence when one has the wrong type. Others are ignored: they
    /// are reserved (GraphQL over HTTP, section 5.4.1).
    pub fn of_json(mut fields: Map<String, Value>) -> Result<Self, String> {
        let query = text("query", fields.remove("query"))?;
        let document_id = text("documentId", fields.remove("documentId"))?;
        let operation_name = text("operationName", fields.remove("operationName"))?;
        let variables = object("variables", fields.remove("variables"))?;
        let mut extensions = object("extensions", fields.remove("extensions"))?;
        let sha256_hash = match extensions.remove("persistedQuery") {
            None | Some(Value::Null) => None,
            Some(Value::Object(mut persisted)) => text("sha256Hash", persisted.remove("sha256Hash"))?,
            Some(_) => return Err("`extensions.persistedQuery` is an object".to_owned()),
        };
        if query.is_none() && document_id.is_none() && sha256_hash.is_none() {
            return Err("there is no `query`; send one, or try /graphiql".to_owned());
        }
        // No text of the books holds it, and databases refuse it.
        if operation_name.as_ref().is_some_and(|name| name.contains('\0')) || variables.values().any(has_nul) {
            return Err("a text holds the character U+0000, which no text here may".to_owned());
        }
        let variables = Variables::from_json(Value::Object(variables));
        Ok(Self { query, document_id, sha256_hash, operation_name, variables })
    }
}

fn text(name: &str, value: Option<Value>) -> Result<Option<String>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("`{name}` is a string")),
    }
}

fn object(name: &str, value: Option<Value>) -> Result<Map<String, Value>, String> {
    match value {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(fields)) => Ok(fields),
        Some(_) => Err(format!("`{name}` is an object")),
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
