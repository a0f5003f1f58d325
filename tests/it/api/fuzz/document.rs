//! Documents: an operation with a few root fields and what is selected of them.

use serde_json::{Map, Value};

use super::random::Random;
use super::schema::{Member, Ref, Schema, Type};
use super::values::{Known, literal};

/// A document with what an answer to it must look like.
pub struct Document {
    pub text: String,
    pub variables: Value,
    /// The type of the root.
    pub root: String,
    pub selected: Vec<Selected>,
}

/// A selected field.
pub struct Selected {
    /// Its name in the answer.
    pub key: String,
    /// Its type; `__typename` has none.
    pub of: Option<Ref>,
    /// The object it is selected of, where that is told by `__typename`.
    pub only_on: Option<String>,
    pub selected: Vec<Selected>,
}

/// Fields that are selected of one object at most, beside `__typename`.
const FIELDS_MAX: usize = 3;

/// How deep fields are selected.
const DEPTH_MAX: usize = 4;

struct Maker<'a> {
    schema: &'a Schema,
    known: &'a Known,
    random: &'a mut Random,
    declared: Vec<String>,
    variables: Map<String, Value>,
    aliases: usize,
}

impl Document {
    pub fn make(schema: &Schema, known: &Known, random: &mut Random) -> Self {
        let is_query = random.chance(75);
        let root = if is_query { &schema.query } else { &schema.mutation };
        let mut maker = Maker { schema, known, random, declared: Vec::new(), variables: Map::new(), aliases: 0 };
        let count = 1 + maker.random.below(2);
        let (mut texts, mut selected) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let field = maker.random.one(schema.fields(root));
            let (text, field) = maker.field(field, None, 0);
            texts.push(text);
            selected.push(field);
        }
        let Maker { declared, variables, .. } = maker;
        let declared = if declared.is_empty() { String::new() } else { format!("({})", declared.join(", ")) };
        let kind = if is_query { "query" } else { "mutation" };
        let text = format!("{kind} Generated{declared} {{ {} }}", texts.join(" "));
        Self { text, variables: Value::Object(variables), root: root.clone(), selected }
    }
}

impl Maker<'_> {
    fn field(&mut self, field: &Member, only_on: Option<&str>, depth: usize) -> (String, Selected) {
        self.aliases += 1;
        let key = format!("a{}", self.aliases);
        let arguments = self.arguments(field);
        let (text, selected) = self.selection(field.of.named(), depth + 1);
        let text = format!("{key}: {}{arguments}{text}", field.name);
        (text, Selected { key, of: Some(field.of.clone()), only_on: only_on.map(str::to_owned), selected })
    }

    fn arguments(&mut self, field: &Member) -> String {
        let mut texts = Vec::new();
        // Both ways of paging at once are always refused.
        let backward = self.random.chance(20);
        for argument in &field.arguments {
            let is_other_way = match argument.name.as_str() {
                "first" | "after" => backward,
                "last" | "before" => !backward,
                _ => false,
            };
            let is_needed = argument.of.is_required() && !argument.has_default;
            let chance = match (is_needed, is_other_way, argument.name.as_str()) {
                (true, ..) => 99,
                (_, true, _) => 1,
                (_, _, "first" | "last") => 80,
                (_, _, "after" | "before") => 4,
                _ => 30,
            };
            if !self.random.chance(chance) {
                continue;
            }
            let value = self.known.value(self.schema, &argument.of, self.random, 1);
            let text = if self.random.chance(50) {
                let name = format!("v{}", self.declared.len());
                self.declared.push(format!("${name}: {}", argument.of.text()));
                self.variables.insert(name.clone(), value);
                format!("${name}")
            } else {
                literal(self.schema, &argument.of, &value)
            };
            texts.push(format!("{}: {text}", argument.name));
        }
        if texts.is_empty() { String::new() } else { format!("({})", texts.join(", ")) }
    }

    /// What is selected of a type; nothing of a scalar or an enum.
    fn selection(&mut self, name: &str, depth: usize) -> (String, Vec<Selected>) {
        if !self.schema.is_composite(name) {
            return (String::new(), Vec::new());
        }
        let typename = Selected { key: "__typename".to_owned(), of: None, only_on: None, selected: Vec::new() };
        let (mut texts, mut selected) = (vec!["__typename".to_owned()], vec![typename]);
        self.some_fields(self.schema.fields(name).to_vec(), None, depth, &mut texts, &mut selected);
        if let Type::Abstract(_, possible) = self.schema.get(name) {
            let on = self.random.one(possible).clone();
            let mut inner = Vec::new();
            self.some_fields(self.schema.fields(&on).to_vec(), Some(&on), depth, &mut inner, &mut selected);
            if !inner.is_empty() {
                texts.push(format!("... on {on} {{ {} }}", inner.join(" ")));
            }
        }
        (format!(" {{ {} }}", texts.join(" ")), selected)
    }

    fn some_fields(
        &mut self,
        fields: Vec<Member>,
        only_on: Option<&str>,
        depth: usize,
        texts: &mut Vec<String>,
        selected: &mut Vec<Selected>,
    ) {
        let fields: Vec<Member> = fields
            .into_iter()
            .filter(|field| depth < DEPTH_MAX || !self.schema.is_composite(field.of.named()))
            .collect();
        if fields.is_empty() {
            return;
        }
        for _ in 0..1 + self.random.below(FIELDS_MAX) {
            let field = self.random.one(&fields).clone();
            let (text, field) = self.field(&field, only_on, depth);
            texts.push(text);
            selected.push(field);
        }
    }
}
