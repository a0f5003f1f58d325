//! The schema as introspection tells it.

use std::collections::BTreeMap;

use serde_json::Value;

pub const INTROSPECTION: &str = "{ __schema { queryType { name } mutationType { name } types { kind name isOneOf \
    possibleTypes { name } enumValues(includeDeprecated: true) { name } \
    inputFields { name defaultValue type { ...T } } \
    fields(includeDeprecated: true) { name type { ...T } args { name defaultValue type { ...T } } } } } } \
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name \
    ofType { kind name } } } } } }";

/// A type where it is used.
#[derive(Clone, Debug)]
pub enum Ref {
    Named(String),
    List(Box<Ref>),
    NonNull(Box<Ref>),
}

/// A field, argument or input field.
#[derive(Clone, Debug)]
pub struct Member {
    pub name: String,
    pub of: Ref,
    pub has_default: bool,
    pub arguments: Vec<Member>,
}

/// A named type.
#[derive(Clone, Debug)]
pub enum Type {
    Scalar,
    Enum(Vec<String>),
    Object(Vec<Member>),
    /// With the names of the objects that it can be.
    Abstract(Vec<Member>, Vec<String>),
    Input {
        fields: Vec<Member>,
        one_of: bool,
    },
}

pub struct Schema {
    pub types: BTreeMap<String, Type>,
    pub query: String,
    pub mutation: String,
}

impl Ref {
    fn of(value: &Value) -> Self {
        let inner = || Box::new(Self::of(&value["ofType"]));
        match value["kind"].as_str().unwrap() {
            "LIST" => Self::List(inner()),
            "NON_NULL" => Self::NonNull(inner()),
            _ => Self::Named(name(value)),
        }
    }

    /// The type without its wrappers.
    pub fn named(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::List(of) | Self::NonNull(of) => of.named(),
        }
    }

    pub fn is_required(&self) -> bool {
        matches!(self, Self::NonNull(_))
    }

    /// As a document writes it, such as `[ID!]!`.
    pub fn text(&self) -> String {
        match self {
            Self::Named(name) => name.clone(),
            Self::List(of) => format!("[{}]", of.text()),
            Self::NonNull(of) => format!("{}!", of.text()),
        }
    }
}

impl Schema {
    pub fn of(body: &Value) -> Self {
        let schema = &body["data"]["__schema"];
        let types = schema["types"].as_array().unwrap();
        Self {
            types: types.iter().map(|of| (name(of), Type::of(of))).collect(),
            query: name(&schema["queryType"]),
            mutation: name(&schema["mutationType"]),
        }
    }

    pub fn get(&self, name: &str) -> &Type {
        self.types.get(name).unwrap_or_else(|| panic!("no type {name}"))
    }

    /// The fields of an object or interface.
    pub fn fields(&self, name: &str) -> &[Member] {
        match self.get(name) {
            Type::Object(fields) | Type::Abstract(fields, _) => fields,
            _ => &[],
        }
    }

    /// Whether it has fields to choose from.
    pub fn is_composite(&self, name: &str) -> bool {
        matches!(self.get(name), Type::Object(_) | Type::Abstract(..))
    }
}

impl Type {
    fn of(value: &Value) -> Self {
        let names = |list: &str| value[list].as_array().into_iter().flatten().map(name).collect();
        match value["kind"].as_str().unwrap() {
            "SCALAR" => Self::Scalar,
            "ENUM" => Self::Enum(names("enumValues")),
            "OBJECT" => Self::Object(members(&value["fields"])),
            "INPUT_OBJECT" => {
                Self::Input { fields: members(&value["inputFields"]), one_of: value["isOneOf"] == Value::Bool(true) }
            }
            _ => Self::Abstract(members(&value["fields"]), names("possibleTypes")),
        }
    }
}

fn members(list: &Value) -> Vec<Member> {
    let member = |value: &Value| Member {
        name: name(value),
        of: Ref::of(&value["type"]),
        has_default: !value["defaultValue"].is_null(),
        arguments: members(&value["args"]),
    };
    list.as_array().into_iter().flatten().map(member).collect()
}

fn name(value: &Value) -> String {
    value["name"].as_str().unwrap_or_default().to_owned()
}
