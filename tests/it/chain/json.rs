//! Canonical JSON against the vectors of RFC 8785's author.

use std::fs;

use aqueduct::chain::json::{self, JsonFault};
use serde_json::json;

use super::random::Random;
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

#[test]
fn the_canonical_form_is_that_of_another_implementation() {
    let mut random = Random::new("canonical");
    let pieces = ["a", "b", "\u{0}", "\u{1f}", "\n", "\u{8}", "\"", "\\", "/", "\u{7f}", "é", "\u{fb33}", "\u{1f600}"];
    let numbers = [json!(0), json!(-1), json!(i64::MAX), json!(i64::MIN), json!(u64::MAX), json!(-0.0), json!(1e21)];
    let exact = [-1, 0, 1].map(|by| json!((1_i64 << 53) + by));
    for _ in 0..2_000 {
        let text = |random: &mut Random| -> String {
            (0..random.below(4)).map(|_| pieces[random.below(pieces.len() as u64) as usize]).collect()
        };
        let mut value = json!(null);
        for _ in 0..random.below(12) {
            let before = value;
            value = match random.below(6) {
                0 => numbers[random.below(numbers.len() as u64) as usize].clone(),
                1 => exact[random.below(exact.len() as u64) as usize].clone(),
                2 => json!(random.below(1 << 62) as i64 - (1 << 61)),
                3 => json!([before, text(&mut random), true]),
                _ => {
                    json!({ text(&mut random): before, text(&mut random): text(&mut random), text(&mut random): false })
                }
            };
        }
        assert_eq!(json::canonical(&value), serde_json_canonicalizer::to_vec(&value).unwrap(), "{value}");
    }
}
