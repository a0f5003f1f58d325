//! Envelopes: one form as an entry, any form from a client.

use aqueduct::chain::digest::Digest;
use aqueduct::chain::envelope::{self, Envelope, EnvelopeFault, PAYLOAD_TYPE};
use aqueduct::chain::json;
use aqueduct::chain::key::{PublicKey, Signature};
use serde_json::{Value, json as value};

use super::fixtures::{key, payload};
use super::random::Random;

fn signed(officers: u8) -> Envelope {
    let bytes = payload(Digest::ZERO, 1).to_bytes().unwrap();
    let first = Envelope::sign(bytes, &key(1)).unwrap();
    (2..=officers).fold(first, |envelope, number| envelope.and_sign(&key(number)).unwrap())
}

fn as_value(envelope: &Envelope) -> Value {
    serde_json::from_slice(&envelope.to_entry_bytes()).unwrap()
}

#[track_caller]
fn both_refuse(changed: &Value, expected: &EnvelopeFault) {
    let bytes = json::canonical(changed);
    assert_eq!(Envelope::parse(&bytes).as_ref(), Err(expected));
    assert_eq!(Envelope::parse_lenient(&bytes).as_ref(), Err(expected));
}

#[test]
fn signing_bytes_are_the_dsse_encoding() {
    // The form of the example in DSSE's protocol.md, with our payload type.
    assert_eq!(
        envelope::signing_bytes(b"hello world"),
        b"DSSEv1 39 application/vnd.aqueduct.operation+json 11 hello world"
    );
    assert_eq!(PAYLOAD_TYPE.len(), 39);
}

#[test]
fn entry_bytes_are_canonical_and_read_back() {
    for officers in 1..=4 {
        let envelope = signed(officers);
        let bytes = envelope.to_entry_bytes();
        assert_eq!(json::canonical(&json::read(&bytes).unwrap()), bytes);
        assert_eq!(Envelope::parse(&bytes).as_ref(), Ok(&envelope));
        assert_eq!(envelope.verify(), Ok(()));
        assert_eq!(envelope.keys().count(), usize::from(officers));
        assert!(envelope.keys().is_sorted());
        assert_eq!(envelope::leaf(&bytes), Digest::of(&bytes));
    }
}

#[test]
fn a_client_may_format_and_order_as_it_likes() {
    let envelope = signed(3);
    let strict = envelope.to_entry_bytes();
    let mut changed = as_value(&envelope);
    changed["signatures"].as_array_mut().unwrap().reverse();
    for item in changed["signatures"].as_array_mut().unwrap() {
        let url_safe = item["sig"].as_str().unwrap().replace('+', "-").replace('/', "_");
        item["sig"] = value!(url_safe.trim_end_matches('='));
    }
    let bytes = serde_json::to_vec_pretty(&changed).unwrap();
    assert_eq!(Envelope::parse_lenient(&bytes).unwrap().to_entry_bytes(), strict);
    assert!(Envelope::parse(&bytes).is_err());
}

#[test]
fn entries_in_another_form_are_not_canonical() {
    let envelope = signed(2);
    let text = String::from_utf8(envelope.to_entry_bytes()).unwrap();
    let mut reordered = as_value(&envelope);
    reordered["signatures"].as_array_mut().unwrap().reverse();
    let spellings = [
        format!(" {text}").into_bytes(),
        format!("{text}\n").into_bytes(),
        text.replacen("application/", "application\\/", 1).into_bytes(),
        json::canonical(&reordered),
    ];
    for bytes in spellings {
        assert_eq!(Envelope::parse(&bytes), Err(EnvelopeFault::NotCanonical));
        assert_eq!(Envelope::parse_lenient(&bytes).as_ref(), Ok(&envelope));
    }
}

#[test]
fn fields_of_an_envelope_are_closed() {
    let good = as_value(&signed(2));
    for field in ["payload", "payloadType", "signatures"] {
        let mut changed = good.clone();
        changed.as_object_mut().unwrap().remove(field);
        both_refuse(&changed, &EnvelopeFault::MissingField(field));
    }
    for field in ["keyid", "sig"] {
        let mut changed = good.clone();
        changed["signatures"][1].as_object_mut().unwrap().remove(field);
        both_refuse(&changed, &EnvelopeFault::MissingField(field));
    }
    let mut changed = good.clone();
    changed["cert"] = value!("");
    both_refuse(&changed, &EnvelopeFault::UnknownField("cert".to_owned()));
    let mut changed = good.clone();
    changed["signatures"][0]["cert"] = value!("");
    both_refuse(&changed, &EnvelopeFault::UnknownField("cert".to_owned()));
    let mut changed = good;
    changed["payloadType"] = value!("application/json");
    both_refuse(&changed, &EnvelopeFault::PayloadType);
    let doubled =
        String::from_utf8(signed(1).to_entry_bytes()).unwrap().replacen("\"sig\":", "\"sig\":\"\",\"sig\":", 1);
    let fault = EnvelopeFault::DuplicateField("sig".to_owned());
    assert_eq!(Envelope::parse(doubled.as_bytes()).as_ref(), Err(&fault));
    assert_eq!(Envelope::parse_lenient(doubled.as_bytes()), Err(fault));
}

#[test]
fn an_envelope_has_one_to_four_signatures_by_different_keys() {
    let good = as_value(&signed(1));
    let mut changed = good.clone();
    changed["signatures"] = value!([]);
    both_refuse(&changed, &EnvelopeFault::SignatureCount(0));
    let mut changed = good;
    let item = changed["signatures"][0].clone();
    changed["signatures"] = value!([item, item]);
    both_refuse(&changed, &EnvelopeFault::DuplicateKey(key(1).public()));
    assert_eq!(signed(4).and_sign(&key(5)), Err(EnvelopeFault::SignatureCount(5)));
    assert_eq!(signed(2).and_sign(&key(2)), Err(EnvelopeFault::DuplicateKey(key(2).public())));
}

#[test]
fn base64_has_one_spelling_per_byte_string() {
    // "e30=" is "{}"; "e31=" has bits behind the last byte.
    for wrong in ["e31=", "e30", "e30==", "e3 0=", "e30=\n"] {
        let mut changed = as_value(&signed(1));
        changed["payload"] = value!(wrong);
        let verdict = Envelope::parse(&json::canonical(&changed));
        assert!(matches!(verdict, Err(EnvelopeFault::WrongType { field: "payload", .. })), "{wrong}: {verdict:?}");
    }
}

#[test]
fn a_wrong_signature_names_its_key() {
    let envelope = signed(3);
    let keys: Vec<PublicKey> = envelope.keys().collect();
    for (number, wrong) in keys.iter().enumerate() {
        let mut signatures = envelope.signatures().to_vec();
        signatures[number].1.0[40] ^= 1;
        let changed = Envelope::new(envelope.payload().to_vec(), signatures).unwrap();
        assert_eq!(changed.verify().unwrap_err().key, *wrong);
    }
    let mut other = envelope.payload().to_vec();
    other[9] ^= 1;
    let changed = Envelope::new(other, envelope.signatures().to_vec()).unwrap();
    assert_eq!(changed.verify().unwrap_err().key, keys[0]);
    // Over the bare payload, without the encoding in front, nothing counts.
    let bare = key(1).sign(envelope.payload());
    let changed = Envelope::new(envelope.payload().to_vec(), vec![(key(1).public(), bare)]);
    assert!(changed.unwrap().verify().is_err());
}

#[test]
fn sizes_are_bounded_before_reading() {
    let payload = vec![b'x'; 65_536];
    let mut largest = Envelope::sign(payload, &key(1)).unwrap();
    for number in 2..=4 {
        largest = largest.and_sign(&key(number)).unwrap();
    }
    assert_eq!(Envelope::parse(&largest.to_entry_bytes()).as_ref(), Ok(&largest));
    let signature = Signature([0; 64]);
    let fault = Envelope::new(vec![0; 65_537], vec![(key(1).public(), signature)]);
    assert_eq!(fault, Err(EnvelopeFault::PayloadTooLong(65_537)));
    let (bytes, max) = (90_001, 90_000);
    let fault = EnvelopeFault::TooLong { bytes, max };
    assert_eq!(Envelope::parse(&vec![b' '; bytes]), Err(fault));
    let bytes = vec![b' '; 131_073];
    assert!(matches!(Envelope::parse_lenient(&bytes), Err(EnvelopeFault::TooLong { .. })));
}

#[test]
fn no_changed_byte_of_an_entry_passes() {
    let mut random = Random::new("no_changed_byte_of_an_entry_passes");
    let good = signed(2).to_entry_bytes();
    for position in 0..good.len() {
        let mut changed = good.clone();
        changed[position] ^= 1 << random.below(8);
        let passes = Envelope::parse(&changed).is_ok_and(|envelope| envelope.verify().is_ok());
        assert!(!passes, "byte {position}");
    }
}
