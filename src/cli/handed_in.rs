//! What a server says of an operation that was handed in.

use serde_json::Value;

use super::failure::Failure;
use super::output::print;
use super::table::printable;

/// Tells it: `recorded as entry 17`, or that it waits; a refusal is a failure.
pub fn tell(id: &str, answer: &Value) -> Result<(), Failure> {
    let text = |value: &Value| printable(value.as_str().unwrap_or_default());
    if let Some(first) = answer["userErrors"].get(0) {
        return Err(Failure::refused(format!("refused: {} ({})", text(&first["message"]), text(&first["code"]))));
    }
    let again = if answer["replayed"] == Value::Bool(true) { ", as it was before" } else { "" };
    match (answer["operation"]["status"].as_str(), answer["entry"]["index"].as_str()) {
        (Some("RECORDED"), Some(index)) => print(&format!("{id}  recorded as entry {index}{again}\n")),
        (Some("RECORDED"), None) => print(&format!("{id}  recorded{again}\n")),
        (Some("AWAITING_SIGNATURE"), _) => {
            let missing = answer["operation"]["missing"].as_array().into_iter().flatten();
            let roles = |set: &Value| set.as_array().into_iter().flatten().map(text).collect::<Vec<_>>().join(" or ");
            let missing: Vec<String> = missing.map(roles).collect();
            print(&format!(
                "{id}  waits for a signature of an officer who is {}\n",
                missing.join(", and of one who is ")
            ))
        }
        (status, _) => print(&format!("{id}  {}\n", status.unwrap_or("no answer"))),
    }
}
