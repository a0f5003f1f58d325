//! An answer as tables: every leaf of it, in words that a person can compare.

use serde_json::Value;

/// The tables of an answer: one for the leaves outside of lists, one for each list of objects. Fields
/// are in the order of the document; rows that come without a rank of their own are in that of their
/// text.
pub fn shown(data: &Value, document: &str) -> String {
    // After the sentence of the first line.
    let fields = document.split_once('\n').map_or("", |(_, fields)| fields);
    let words = fields.split(|letter: char| !letter.is_alphanumeric()).collect();
    let mut found = Found { words, leaves: Leaves::new(), lists: Vec::new() };
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

struct Found<'a> {
    /// The words of the document, which say in which order fields stand.
    words: Vec<&'a str>,
    leaves: Leaves,
    lists: Vec<(String, Vec<Leaves>)>,
}

impl Found<'_> {
    fn in_order<'v>(&self, fields: &'v serde_json::Map<String, Value>) -> Vec<(&'v String, &'v Value)> {
        let mut fields: Vec<_> = fields.iter().collect();
        fields.sort_by_key(|(name, _)| self.words.iter().position(|word| word == name));
        fields
    }

    fn walk(&mut self, path: &str, value: &Value) {
        match value {
            Value::Object(fields) if amount(value).is_none() => {
                self.in_order(fields).into_iter().for_each(|(name, value)| self.walk(&under(path, name), value));
            }
            Value::Array(rows) if rows.iter().all(Value::is_object) => {
                self.lists.push((path.to_owned(), rows.iter().map(|row| self.leaves_of("", row)).collect()));
            }
            _ => self.leaves.extend(self.leaves_of(path, value)),
        }
    }

    fn leaves_of(&self, path: &str, value: &Value) -> Leaves {
        let one = |text: String| vec![(path.to_owned(), text.replace('|', "/"))];
        if let Some(amount) = amount(value) {
            return one(amount.to_owned());
        }
        match value {
            Value::Object(fields) => self
                .in_order(fields)
                .into_iter()
                .flat_map(|(name, value)| self.leaves_of(&under(path, name), value))
                .collect(),
            Value::Array(elements) if elements.is_empty() => one("-".to_owned()),
            Value::Array(elements) => {
                let words = |element: &Value| {
                    self.leaves_of("", element).into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ")
                };
                one(elements.iter().map(words).collect::<Vec<_>>().join("; "))
            }
            Value::Null => one("-".to_owned()),
            Value::String(text) => one(text.clone()),
            other => one(other.to_string()),
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
