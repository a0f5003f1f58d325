//! An answer as tables: every leaf of it, in words that a person can compare.

use serde_json::Value;

/// The tables of an answer: one for the leaves outside of lists, one for each list of objects. What
/// comes without a rank of its own is put in order of its text.
pub fn shown(data: &Value) -> String {
    let mut found = Found::default();
    found.walk("", data);
    let mut text = String::new();
    if !found.leaves.is_empty() {
        text.push_str("| field | value |\n|---|---|\n");
        found.leaves.iter().for_each(|(name, value)| text.push_str(&format!("| {name} | {value} |\n")));
    }
    for (path, rows) in found.lists {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("`{path}`\n\n{}", table(&path, rows)));
    }
    text
}

/// The leaves of an object with their paths.
type Leaves = Vec<(String, String)>;

#[derive(Default)]
struct Found {
    leaves: Leaves,
    lists: Vec<(String, Vec<Leaves>)>,
}

impl Found {
    fn walk(&mut self, path: &str, value: &Value) {
        match value {
            Value::Object(fields) if amount(value).is_none() => {
                fields.iter().for_each(|(name, value)| self.walk(&under(path, name), value));
            }
            Value::Array(rows) if rows.iter().all(Value::is_object) => {
                self.lists.push((path.to_owned(), rows.iter().map(|row| leaves("", row)).collect()));
            }
            _ => self.leaves.extend(leaves(path, value)),
        }
    }
}

fn under(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The amount of an object that has nothing else.
fn amount(value: &Value) -> Option<&str> {
    let fields = value.as_object().filter(|fields| fields.len() == 1)?;
    fields.get("amount")?.as_str()
}

fn leaves(path: &str, value: &Value) -> Leaves {
    let one = |text: String| vec![(path.to_owned(), text.replace('|', "/"))];
    if let Some(amount) = amount(value) {
        return one(amount.to_owned());
    }
    match value {
        Value::Object(fields) => fields.iter().flat_map(|(name, value)| leaves(&under(path, name), value)).collect(),
        Value::Array(elements) if elements.is_empty() => one("-".to_owned()),
        Value::Array(elements) => {
            let words =
                |element: &Value| leaves("", element).into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ");
            one(elements.iter().map(words).collect::<Vec<_>>().join("; "))
        }
        Value::Null => one("-".to_owned()),
        Value::String(text) => one(text.clone()),
        other => one(other.to_string()),
    }
}

fn table(path: &str, mut rows: Vec<Leaves>) -> String {
    let mut columns: Vec<String> = Vec::new();
    for (name, _) in rows.iter().flatten() {
        if !columns.contains(name) {
            columns.push(name.clone());
        }
    }
    // An object that is null in one row has its fields in another.
    let all = columns.clone();
    columns.retain(|name| !all.iter().any(|other| other.starts_with(&format!("{name}."))));
    let mut lines: Vec<String> = rows.drain(..).map(|row| line(&columns, &row)).collect();
    if !path.ends_with("peers") && !path.ends_with("ages") && !path.ends_with("trend") {
        lines.sort();
    }
    format!("| {} |\n|{}\n{}", columns.join(" | "), "---|".repeat(columns.len()), lines.concat())
}

fn line(columns: &[String], row: &Leaves) -> String {
    let cell = |name: &String| row.iter().find(|(known, _)| known == name).map_or("-", |(_, value)| value.as_str());
    format!("| {} |\n", columns.iter().map(cell).collect::<Vec<_>>().join(" | "))
}
