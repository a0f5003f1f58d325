//! Canonical JSON against the vectors of RFC 8785's author.

use std::fs;

use aqueduct::chain::json::{self, JsonFault};

use super::vectors;

#[test]
fn rfc_8785_inputs_give_the_published_outputs() {
    let Some(shared) = vectors::shared() else {
        return;
    };
    let inputs = vectors::json_files(&shared.join("jcs/input"));
    assert_eq!(inputs.len(), 6);
    for input in inputs {
        let output = shared.join("jcs/output").join(input.file_name().unwrap());
        let value = json::read(&fs::read(&input).unwrap()).unwrap();
        let canonical = json::canonical(&value);
        let expected = fs::read(output).unwrap();
        assert_eq!(
            String::from_utf8(canonical.clone()).unwrap(),
            String::from_utf8(expected).unwrap().trim_end_matches('\n'),
            "{}",
            input.display()
        );
        let again = json::read(&canonical).unwrap();
        assert_eq!(json::canonical(&again), canonical);
    }
}

#[test]
fn a_field_that_stands_twice_is_found_at_any_depth() {
    let duplicate = |field: &str| Err(JsonFault::Duplicate(field.to_owned()));
    assert_eq!(json::read(br#"{"a":1,"a":1}"#), duplicate("a"));
    assert_eq!(json::read(br#"[{"b":{"c":1,"d":2,"c":3}}]"#), duplicate("c"));
    // The same name in another spelling is the same name.
    assert_eq!(json::read(br#"{"a":1,"\u0061":2}"#), duplicate("a"));
    assert!(json::read(br#"{"a":{"b":1},"b":{"a":1}}"#).is_ok());
}

#[test]
fn what_is_not_one_json_value_is_refused() {
    for wrong in ["", "{", "{} {}", "{}x", "NaN", "1e999", "[1,]", "'a'", "\"\\ud800\"", "01"] {
        assert!(matches!(json::read(wrong.as_bytes()), Err(JsonFault::Syntax(_))), "{wrong}");
    }
    assert!(matches!(json::read(b"\"\xff\""), Err(JsonFault::Syntax(_))));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(json::read(deep.as_bytes()), Err(JsonFault::Syntax(_))));
}
