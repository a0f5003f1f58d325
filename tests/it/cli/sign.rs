//! Keys that their holders keep, and what is signed with them.

use std::process::Command;

use serde_json::Value;

use super::{Place, run};

/// A key file, and its public key as printed.
fn keygen(place: &Place, name: &str) -> (String, String) {
    let path = place.path(name);
    let public = run(&["keygen", &path]).expect(0).out.trim().to_owned();
    assert!(public.starts_with("ed25519:") && public.len() == 72, "{public}");
    (path, public)
}

fn signatures(envelope: &str) -> Vec<Value> {
    let envelope: Value = serde_json::from_str(envelope).unwrap();
    envelope["signatures"].as_array().unwrap().clone()
}

#[test]
fn a_chain_begins_with_a_key_that_never_leaves_its_holder() {
    let place = Place::new();
    let (key, public) = keygen(&place, "registrar.key");
    let payload = run(&["init", "--registrar-key", &public, "--registrar", "Registry"]).expect(0).out;
    let first = place.write("first.json", &payload);
    let signed = run(&["sign", &first, "--key", &key]).expect(0).out;
    assert_eq!(signatures(&signed)[0]["keyid"], public.as_str());
    let envelope = place.write("first.dsse.json", &signed);
    let begun = place.run(&["init", "--envelope", &envelope]).expect(0);
    assert!(begun.out.contains(&public) && begun.out.contains("HOLDER"), "{}", begun.out);
    place.run(&["verify"]).expect(0);
    // Nobody here can sign for the registrar, so nothing can be imported here either.
    let refused = place.import("table.csv", &super::small_table()).expect(3);
    assert!(refused.err.contains("registrar"), "{}", refused.err);
}

#[test]
fn a_second_officer_adds_a_signature_to_the_same_bytes() {
    let place = Place::new();
    let (maker, public) = keygen(&place, "maker.key");
    let (checker, _) = keygen(&place, "checker.key");
    let payload = run(&["init", "--registrar-key", &public]).expect(0).out;
    let one = place.write("one.json", &run(&["sign", &place.write("p.json", &payload), "--key", &maker]).expect(0).out);
    let two = run(&["sign", &one, "--key", &checker]).expect(0).out;
    assert_eq!(signatures(&two).len(), 2);
    let before: Value = serde_json::from_str(&std::fs::read_to_string(&one).unwrap()).unwrap();
    let after: Value = serde_json::from_str(&two).unwrap();
    assert_eq!(before["payload"], after["payload"]);
    let twice = run(&["sign", &one, "--key", &maker]).expect(2);
    assert!(twice.err.contains("signs twice"), "{}", twice.err);
    // An envelope that was changed on the way is not signed.
    let damaged = before.to_string().replacen("\"sig\":\"", "\"sig\":\"AAAA", 1);
    run(&["sign", &place.write("damaged.json", &damaged), "--key", &checker]).expect(2);
}

#[test]
fn only_the_exact_bytes_of_a_payload_are_signed() {
    let place = Place::new();
    let (key, public) = keygen(&place, "some.key");
    let payload = run(&["init", "--registrar-key", &public]).expect(0).out;
    let formatted = serde_json::from_str::<Value>(&payload).unwrap();
    for text in [format!("{formatted:#}"), "{}".to_owned(), "hello".to_owned(), format!(" {payload}")] {
        let refused = run(&["sign", &place.write("p.json", &text), "--key", &key]).expect(2);
        assert!(refused.err.contains("operationDraft"), "{}", refused.err);
    }
    let no_key = place.write("no.key", "nothing");
    run(&["sign", &place.write("p.json", &payload), "--key", &no_key]).expect(2);
    run(&["sign", &place.path("absent.json"), "--key", &key]).expect(2);
}

#[test]
fn a_key_file_is_for_its_owner_and_never_overwritten() {
    let place = Place::new();
    let (path, _) = keygen(&place, "some.key");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let before = std::fs::read_to_string(&path).unwrap();
    run(&["keygen", &path]).expect(3);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
}

#[test]
fn openssl_reads_the_key_and_its_keys_are_read() {
    let place = Place::new();
    let openssl = |args: &[&str]| Command::new("openssl").args(args).output();
    if openssl(&["version"]).is_err() {
        eprintln!("skipped: there is no openssl here");
        return;
    }
    let (path, public) = keygen(&place, "ours.key");
    let read = openssl(&["pkey", "-in", &path, "-pubout", "-outform", "DER"]).unwrap().stdout;
    assert_eq!(format!("ed25519:{}", hex::encode(&read[read.len() - 32..])), public);
    let theirs = place.path("theirs.key");
    assert!(openssl(&["genpkey", "-algorithm", "ed25519", "-out", &theirs]).unwrap().status.success());
    let payload = run(&["init", "--registrar-key", &public]).expect(0).out;
    run(&["sign", &place.write("p.json", &payload), "--key", &theirs]).expect(0);
}
