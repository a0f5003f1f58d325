//! The schema's text and its descriptions.

use std::path::Path;

use serde_json::Value;

use super::client::Served;

#[test]
fn schema_graphql_is_what_the_program_writes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    let written = aqueduct::api::schema::sdl();
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == written,
        "schema.graphql is not what the program has; run this test with UPDATE_SCHEMA=1 and review"
    );
}

/// The served schema, with whatever the engine itself adds.
async fn introspected() -> Value {
    let served = Served::start().await;
    let value = "name description isDeprecated type { ...Type }";
    let input = "name description defaultValue type { ...Type }";
    let query = format!(
        "{{ __schema {{ queryType {{ name }} mutationType {{ name }} subscriptionType {{ name }} \
         directives {{ name description args {{ {input} }} }} types {{ kind name description specifiedByURL \
         fields(includeDeprecated: true) {{ {value} args {{ {input} }} }} inputFields {{ {input} }} \
         enumValues(includeDeprecated: true) {{ name description }} }} }} }} \
         fragment Type on __Type {{ kind name ofType {{ kind name ofType {{ kind name ofType {{ kind name }} }} }} }}"
    );
    let body = served.ask(None, &query, Value::Null).await;
    assert_eq!(body.get("errors"), None, "{body}");
    body["data"]["__schema"].clone()
}

fn list<'a>(of: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    of[name].as_array().into_iter().flatten()
}

fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().unwrap_or_default()
}

/// Every type but the introspection's own, which no client asks for by name.
fn types(schema: &Value) -> impl Iterator<Item = &Value> {
    list(schema, "types").filter(|of| !text(of, "name").starts_with("__"))
}

/// Every field, argument, input field, enum value and directive, with its path.
fn items(schema: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    let add = |of: &str, item: &Value| format!("{of}.{}", text(item, "name"));
    for of in types(schema) {
        let name = text(of, "name");
        for kind in ["fields", "inputFields", "enumValues"] {
            for item in list(of, kind) {
                let path = add(name, item);
                found.extend(list(item, "args").map(|argument| (add(&path, argument), argument)));
                found.push((path, item));
            }
        }
    }
    for directive in list(schema, "directives") {
        let path = format!("@{}", text(directive, "name"));
        found.extend(list(directive, "args").map(|argument| (add(&path, argument), argument)));
        found.push((path, directive));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_has_a_description() {
    let schema = introspected().await;
    let mut missing: Vec<String> = Vec::new();
    for of in types(&schema) {
        let (name, kind) = (text(of, "name"), text(of, "kind"));
        if text(of, "description").is_empty() {
            missing.push(name.to_owned());
        }
        let is_built_in = ["Boolean", "Float", "ID", "Int", "String"].contains(&name);
        if kind == "SCALAR" && !is_built_in && of["specifiedByURL"].is_null() {
            missing.push(format!("{name} @specifiedBy"));
        }
    }
    let items = items(&schema);
    missing.extend(items.iter().filter(|(_, item)| text(item, "description").is_empty()).map(|(path, _)| path.clone()));
    assert!(missing.is_empty(), "no description: {}", missing.join(", "));
    let is_sentence = |item: &Value| text(item, "description").trim_end().ends_with(['.', ')']);
    // What the engine says of its own directives is not ours to write.
    let ours = items.iter().filter(|(path, _)| !path.starts_with('@'));
    let loose: Vec<&String> = ours.filter(|(_, item)| !is_sentence(item)).map(|(path, _)| path).collect();
    assert!(loose.is_empty(), "no whole sentence: {loose:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_and_root_field_says_since_when_it_is_there() {
    let schema = introspected().await;
    let says = |item: &Value| {
        let words: Vec<&str> = text(item, "description").split_whitespace().collect();
        words.join(" ").contains("Added in 0.")
    };
    let mut silent: Vec<String> = Vec::new();
    for of in types(&schema) {
        let name = text(of, "name");
        if !["Boolean", "Float", "ID", "Int", "String"].contains(&name) && !says(of) {
            silent.push(name.to_owned());
        }
        if ["queryType", "mutationType", "subscriptionType"].iter().any(|root| text(&schema[*root], "name") == name) {
            let fields = list(of, "fields").filter(|field| !says(field));
            silent.extend(fields.map(|field| format!("{name}.{}", text(field, "name"))));
        }
    }
    assert!(silent.is_empty(), "not said since when: {}", silent.join(", "));
}

/// Every number that is an `Int`, with the highest it can be. What may pass 2^31 is a string.
const NUMBERS: [(&str, &str); 16] = [
    ("first", "100"),
    ("last", "100"),
    ("totalCount", "100,000"),
    ("transfer", "65,535"),
    ("delivery", "65,535"),
    ("return", "65,535"),
    ("recovery", "65,535"),
    ("utcOffsetMinutes", "840"),
    ("areaLevel", "2,147,483,647"),
    ("nodes", "100"),
    ("others", "2,147,483,647"),
    ("output", "1,048,576"),
    ("capMillionths", "1,000,000"),
    ("rows", "10,000"),
    ("ruleVersion", "2,147,483,647"),
    ("declaredRecipients", "2,147,483,647"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_int_says_how_high_it_can_be_and_nothing_is_a_float() {
    let schema = introspected().await;
    let mut wrong = Vec::new();
    for (path, item) in items(&schema) {
        let mut of = &item["type"];
        while !of["ofType"].is_null() {
            of = &of["ofType"];
        }
        let name = path.rsplit('.').next().unwrap();
        let is_said = NUMBERS.iter().any(|(known, bound)| *known == name && text(item, "description").contains(bound));
        if of["name"] == "Float" || (of["name"] == "Int" && !is_said) {
            wrong.push(path);
        }
    }
    assert!(wrong.is_empty(), "a number without its bound: {}", wrong.join(", "));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fixed_names_are_there() {
    let sdl = aqueduct::api::schema::sdl();
    let fixed = [
        ("Token", "amount state holder allocation parent children hops trace statement"),
        ("Hop", "kind from to dispatched acknowledged deductions shortfall entries"),
        (
            "Statement",
            "allocated surplus held inTransit overdue booked confirmed deducted returned disputed unaccounted",
        ),
        ("ReportGroup", "key label statement hopLoss narrowRate broadRate coverage interval"),
        ("RateInterval", "low high"),
        ("Log", "head entry inclusionProof consistencyProof"),
        ("Viewer", "officer party roles inbox"),
        ("Operation", "id status entry missing expiresAt"),
        ("MoneyFilter", "programme cycle purpose party area currency"),
        ("Money", "amount currency"),
    ];
    for (name, fields) in fixed {
        let from = ["type", "input"].iter().find_map(|kind| {
            let starts = [format!("\n{kind} {name} {{"), format!("\n{kind} {name} implements")];
            starts.iter().find_map(|start| sdl.find(start.as_str()))
        });
        let body = &sdl[from.unwrap_or_else(|| panic!("no {name}"))..];
        let body = &body[..body.find("\n}").unwrap()];
        for field in fields.split(' ') {
            let is_there = body.lines().any(|line| {
                let line = line.trim_start();
                line.starts_with(&format!("{field}:")) || line.starts_with(&format!("{field}("))
            });
            assert!(is_there, "{name} has no {field}");
        }
    }
}
