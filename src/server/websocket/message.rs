//! What a client may say, and the form of what it hears.

use serde_json::{Map, Value, json};

use crate::api::document::asked::Asked;
use crate::chain::json;
use crate::limits;

/// A message of a client.
#[derive(Debug)]
pub enum Said {
    /// `connection_init`, with the token of a login or without.
    Init { token: Option<String> },
    /// `ping`, with what it carries.
    Ping(Option<Value>),
    /// `pong`.
    Pong,
    /// `subscribe`.
    Subscribe { id: String, asked: Asked },
    /// `complete`.
    Complete { id: String },
}

impl Said {
    /// Reads a message; a sentence when it is not one.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        let mut fields = match json::read(text) {
            Ok(Value::Object(fields)) => fields,
            Ok(_) => return Err("a message is a JSON object".to_owned()),
            Err(fault) => return Err(fault.to_string()),
        };
        let kind = match fields.remove("type") {
            Some(Value::String(kind)) => kind,
            _ => return Err("a message has a `type`, which is a string".to_owned()),
        };
        match kind.as_str() {
            "connection_init" => {
                let mut payload = payload(&mut fields)?.unwrap_or_default();
                match payload.remove("token") {
                    None | Some(Value::Null) => Ok(Self::Init { token: None }),
                    Some(Value::String(token)) => Ok(Self::Init { token: Some(token) }),
                    Some(_) => Err("`token` is a string".to_owned()),
                }
            }
            "ping" => Ok(Self::Ping(payload(&mut fields)?.map(Value::Object))),
            "pong" => payload(&mut fields).map(|_| Self::Pong),
            "subscribe" => {
                let id = id(&mut fields)?;
                let payload = payload(&mut fields)?.ok_or("`subscribe` has a `payload`")?;
                Ok(Self::Subscribe { id, asked: Asked::of_json(payload)? })
            }
            "complete" => Ok(Self::Complete { id: id(&mut fields)? }),
            other => Err(format!("there is no message of the type `{other}`")),
        }
    }
}

fn payload(fields: &mut Map<String, Value>) -> Result<Option<Map<String, Value>>, String> {
    match fields.remove("payload") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(payload)) => Ok(Some(payload)),
        Some(_) => Err("a `payload` is an object".to_owned()),
    }
}

fn id(fields: &mut Map<String, Value>) -> Result<String, String> {
    match fields.remove("id") {
        Some(Value::String(id)) if (1..=limits::SOCKET_ID_BYTES_MAX).contains(&id.len()) => Ok(id),
        _ => Err(format!("this message has an `id`: a string of 1 to {} bytes", limits::SOCKET_ID_BYTES_MAX)),
    }
}

/// `connection_ack`.
pub fn ack() -> String {
    json!({ "type": "connection_ack" }).to_string()
}

/// `pong`, with what the ping carried.
pub fn pong(payload: Option<Value>) -> String {
    match payload {
        Some(payload) => json!({ "type": "pong", "payload": payload }).to_string(),
        None => json!({ "type": "pong" }).to_string(),
    }
}
