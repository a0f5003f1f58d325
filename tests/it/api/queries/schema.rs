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

#[tokio::test(flavor = "multi_thread")]
async fn everything_has_a_description() {
    let served = Served::start().await;
    let value = "name description isDeprecated";
    let input = "name description";
    let query = format!(
        "{{ __schema {{ types {{ kind name description specifiedByURL fields(includeDeprecated: true) {{ {value} args {{ {input} }} }} \
         inputFields {{ {input} }} enumValues(includeDeprecated: true) {{ {value} }} }} }} }}"
    );
    let body = served.ask(None, &query, Value::Null).await;
    assert_eq!(body.get("errors"), None, "{body}");
    let mut missing = Vec::new();
    for of in body["data"]["__schema"]["types"].as_array().unwrap() {
        let name = of["name"].as_str().unwrap();
        if name.starts_with("__") || ["Boolean", "Float", "ID", "Int", "String"].contains(&name) {
            continue;
        }
        if of["description"].as_str().unwrap_or_default().is_empty() {
            missing.push(name.to_owned());
        }
        if of["kind"] == "SCALAR" && of["specifiedByURL"].is_null() {
            missing.push(format!("{name} @specifiedBy"));
        }
        for list in ["fields", "inputFields", "enumValues"] {
            for item in of[list].as_array().into_iter().flatten() {
                described(&mut missing, name, item);
                let field = format!("{name}.{}", item["name"].as_str().unwrap());
                for argument in item["args"].as_array().into_iter().flatten() {
                    described(&mut missing, &field, argument);
                }
            }
        }
    }
    assert!(missing.is_empty(), "no description: {}", missing.join(", "));
}

fn described(missing: &mut Vec<String>, of: &str, item: &Value) {
    if item["description"].as_str().unwrap_or_default().is_empty() {
        missing.push(format!("{of}.{}", item["name"].as_str().unwrap()));
    }
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
