//! Payloads: one form, and each way to miss it has its own name.

use aqueduct::chain::digest::Digest;
use aqueduct::chain::payload::{Basis, ListHeader, Malformed, Payload};
use aqueduct::chain::time::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::fixtures::{id, moment, payload};

/// The canonical text of a good payload, after a change of its fields.
fn changed(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let bytes = payload(Digest::of(b"chain"), 1).to_bytes().unwrap();
    let mut value = serde_json::from_slice(&bytes).unwrap();
    change(&mut value);
    aqueduct::chain::json::canonical(&value)
}

#[track_caller]
fn refused(bytes: &[u8], expected: &Malformed) {
    assert_eq!(Payload::parse(bytes).as_ref(), Err(expected));
}

#[track_caller]
fn wrong_type(field: &str, value: Value) {
    let name = field;
    let bytes = changed(|payload| payload[name] = value);
    match Payload::parse(&bytes) {
        Err(Malformed::WrongType { field, .. }) => assert_eq!(field, name),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn a_payload_reads_back_as_it_was_written() {
    let mut full = payload(Digest::of(b"chain"), 1);
    full.basis = Basis::Reported;
    full.occurred_at = Some(moment(-86_400_000));
    full.list = Some(ListHeader { count: 2, total: i64::MIN, root: Digest::of(b"root") });
    for payload in [payload(Digest::ZERO, 1), full] {
        let bytes = payload.to_bytes().unwrap();
        assert_eq!(Payload::parse(&bytes), Ok(payload));
    }
}

#[test]
fn every_missing_field_is_named() {
    for field in ["chain", "id", "kind", "version", "basis", "party", "issuedAt", "expiresAt", "body"] {
        let bytes = changed(|payload| {
            payload.as_object_mut().unwrap().remove(field);
        });
        refused(&bytes, &Malformed::MissingField(field));
    }
    let bytes = changed(|payload| payload["list"] = json!({"count": 1, "total": "1"}));
    refused(&bytes, &Malformed::MissingField("root"));
}

#[test]
fn an_unknown_field_is_named() {
    let bytes = changed(|payload| payload["memo"] = json!("x"));
    refused(&bytes, &Malformed::UnknownField("memo".to_owned()));
    let root = Digest::ZERO.to_string();
    let bytes = changed(|payload| {
        payload["list"] = json!({"count": 1, "total": "1", "root": root, "more": 1});
    });
    refused(&bytes, &Malformed::UnknownField("more".to_owned()));
}

#[test]
fn a_doubled_field_is_named() {
    let text = String::from_utf8(changed(|_| ())).unwrap();
    let doubled = text.replacen("\"kind\":", "\"kind\":\"X\",\"kind\":", 1);
    refused(doubled.as_bytes(), &Malformed::DuplicateField("kind".to_owned()));
    let doubled = text.replacen("\"amount\":", "\"amount\":\"1\",\"amount\":", 1);
    refused(doubled.as_bytes(), &Malformed::DuplicateField("amount".to_owned()));
}

#[test]
fn other_bytes_of_the_same_content_are_not_canonical() {
    let text = String::from_utf8(changed(|_| ())).unwrap();
    assert!(Payload::parse(text.as_bytes()).is_ok());
    let spellings = [
        format!(" {text}"),
        format!("{text}\n"),
        text.replacen("\":", "\": ", 1),
        text.replacen("€", "\\u20ac", 1),
        text.replacen("TOKEN", "\\u0054OKEN", 1),
        // The first field moved to the end.
        {
            let (first, rest) = text[1..].split_once(",\"body\"").unwrap();
            format!("{{\"body\"{},{first}}}", &rest[..rest.len() - 1])
        },
    ];
    for spelling in spellings {
        refused(spelling.as_bytes(), &Malformed::NotCanonical);
    }
}

#[test]
fn what_is_not_an_object_is_refused() {
    refused(b"[]", &Malformed::NotAnObject);
    refused(b"null", &Malformed::NotAnObject);
    assert!(matches!(Payload::parse(b""), Err(Malformed::NotJson(_))));
    assert!(matches!(Payload::parse(b"{}{}"), Err(Malformed::NotJson(_))));
    assert!(matches!(Payload::parse(b"{\"\xff\":1}"), Err(Malformed::NotJson(_))));
}

#[test]
fn a_field_of_another_type_or_form_is_named() {
    let upper = id(0xabc).to_string().to_uppercase();
    wrong_type("chain", json!(1));
    wrong_type("chain", json!("00"));
    wrong_type("chain", json!(Digest::of(b"x").to_string().to_uppercase()));
    wrong_type("id", json!(upper));
    wrong_type("id", json!(id(1).simple().to_string()));
    wrong_type("id", json!(id(1).braced().to_string()));
    wrong_type("party", json!(id(1).urn().to_string()));
    wrong_type("kind", json!(null));
    wrong_type("version", json!("1"));
    wrong_type("version", json!(-1));
    wrong_type("version", json!(1_u64 << 32));
    wrong_type("version", json!(1.5));
    wrong_type("basis", json!("own"));
    wrong_type("body", json!([]));
    wrong_type("body", json!("{}"));
    wrong_type("list", json!(null));
    wrong_type("occurredAt", json!(null));
}

#[test]
fn a_moment_has_one_form() {
    assert_eq!(moment(0).to_string(), "2026-11-21T07:00:00.000Z");
    for field in ["issuedAt", "expiresAt", "occurredAt"] {
        for wrong in [
            "2026-11-21T07:00:00Z",
            "2026-11-21T07:00:00.0000Z",
            "2026-11-21T07:00:00.000+00:00",
            "2026-11-21T08:00:00.000+01:00",
            "2026-11-21t07:00:00.000z",
            "2026-11-21 07:00:00.000Z",
            "2026-11-21T07:00:60.000Z",
            "2026-02-30T07:00:00.000Z",
            "+12026-11-21T07:00:00.000Z",
            "",
        ] {
            wrong_type(field, json!(wrong));
        }
        wrong_type(field, json!(1_795_244_400_000_u64));
    }
    for edge in [Timestamp::FIRST, Timestamp::LAST, moment(0)] {
        assert_eq!(edge.to_string().parse(), Ok(edge));
    }
    assert_eq!(Timestamp::FIRST.to_string(), "0000-01-01T00:00:00.000Z");
    assert_eq!(Timestamp::LAST.to_string(), "9999-12-31T23:59:59.999Z");
    assert_eq!(Timestamp::from_millis(Timestamp::LAST.millis() + 1), None);
    assert_eq!(Timestamp::from_millis(Timestamp::FIRST.millis() - 1), None);
}

#[test]
fn only_ids_of_version_7_and_8_name_operations() {
    let good = ["019aa500-0000-7000-8000-000000000001", "019aa500-0000-8000-bfff-000000000001"];
    for text in good {
        let bytes = changed(|payload| payload["id"] = json!(text));
        assert!(Payload::parse(&bytes).is_ok(), "{text}");
    }
    for text in [
        "019aa500-0000-4000-8000-000000000001",
        "019aa500-0000-7000-c000-000000000001",
        "00000000-0000-0000-0000-000000000000",
    ] {
        let bytes = changed(|payload| payload["id"] = json!(text));
        refused(&bytes, &Malformed::IdVersion(Uuid::parse_str(text).unwrap()));
    }
}

#[test]
fn a_kind_is_a_name_in_capitals() {
    for wrong in ["", "token", "1ST", "_A", "A B", "Ä", &"A".repeat(65)] {
        refused(&changed(|payload| payload["kind"] = json!(wrong)), &Malformed::Kind);
    }
    for good in ["A", "CHAIN_BEGIN", "V2", &"A".repeat(64)] {
        assert!(Payload::parse(&changed(|payload| payload["kind"] = json!(good))).is_ok());
    }
    refused(&changed(|payload| payload["version"] = json!(0)), &Malformed::VersionZero);
}

#[test]
fn validity_is_more_than_nothing_and_at_most_seven_days() {
    const WEEK_MS: i64 = 7 * 86_400_000;
    let lasting = |ms: i64| changed(|payload| payload["expiresAt"] = json!(moment(ms)));
    let issued_at = moment(0);
    assert!(Payload::parse(&lasting(1)).is_ok());
    assert!(Payload::parse(&lasting(WEEK_MS)).is_ok());
    for ms in [0, -1] {
        let expires_at = moment(ms);
        refused(&lasting(ms), &Malformed::ExpiresBeforeIssued { issued_at, expires_at });
    }
    let expires_at = moment(WEEK_MS + 1);
    refused(&lasting(WEEK_MS + 1), &Malformed::ValidTooLong { issued_at, expires_at });
}

#[test]
fn numbers_that_not_every_reader_holds_are_refused() {
    let text = String::from_utf8(changed(|payload| payload["body"] = json!({"n": "N"}))).unwrap();
    let with = |number: &str| text.replacen("\"N\"", number, 1).into_bytes();
    for good in ["0", "-1", "9007199254740991", "-9007199254740991"] {
        assert!(Payload::parse(&with(good)).is_ok(), "{good}");
    }
    for wrong in [
        "1.5",
        "1.0",
        "-0",
        "1e2",
        "9007199254740992",
        "-9007199254740992",
        "18446744073709551615",
        "18446744073709551616",
        "[[0.1]]",
    ] {
        let verdict = Payload::parse(&with(wrong));
        assert!(matches!(verdict, Err(Malformed::InexactNumber(_))), "{wrong}: {verdict:?}");
    }
    // A zero in front is no JSON at all.
    assert!(matches!(Payload::parse(&with("01")), Err(Malformed::NotJson(_))));
}

#[test]
fn size_and_depth_are_bounded() {
    let note = |length: usize| {
        let mut long = payload(Digest::ZERO, 1);
        long.body = json!({"note": "x".repeat(length)});
        long.to_bytes()
    };
    let rest = note(0).unwrap().len();
    let longest = note(65_536 - rest).unwrap();
    assert!(Payload::parse(&longest).is_ok());
    assert_eq!(note(65_537 - rest), Err(Malformed::TooLong { bytes: 65_537 }));
    refused(&[b' '; 65_537], &Malformed::TooLong { bytes: 65_537 });

    let nested = |levels: usize| {
        let text = String::from_utf8(changed(|payload| payload["body"] = json!({"n": "N"}))).unwrap();
        let nest = format!("{}{}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        text.replacen("\"N\"", &nest, 1).into_bytes()
    };
    assert!(Payload::parse(&nested(16)).is_ok());
    refused(&nested(17), &Malformed::TooDeep);
}

#[test]
fn a_list_header_is_read_strictly() {
    let root = Digest::ZERO.to_string();
    let with = |count: Value, total: &str| {
        changed(|payload| payload["list"] = json!({"count": count, "total": total, "root": root}))
    };
    assert!(Payload::parse(&with(json!(10_000), "9223372036854775807")).is_ok());
    refused(&with(json!(0), "1"), &Malformed::ListCount(0));
    refused(&with(json!(10_001), "1"), &Malformed::ListCount(10_001));
    for wrong in ["", "01", "+1", "-0", "1.0", "9223372036854775808", " 1"] {
        let verdict = Payload::parse(&with(json!(1), wrong));
        let is_named = matches!(verdict, Err(Malformed::WrongType { field: "list.total", .. }));
        assert!(is_named, "{wrong}: {verdict:?}");
    }
}

#[test]
fn nothing_is_written_that_would_not_be_read() {
    let mut wrong = payload(Digest::ZERO, 1);
    wrong.kind = "lower".to_owned();
    assert_eq!(wrong.to_bytes(), Err(Malformed::Kind));
    let mut wrong = payload(Digest::ZERO, 1);
    wrong.body = json!({"rate": 0.5});
    assert_eq!(wrong.to_bytes(), Err(Malformed::InexactNumber("0.5".to_owned())));
}
