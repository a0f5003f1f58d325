//! Signed checkpoints.

use aqueduct::chain::checkpoint::{self, CheckpointFault};
use aqueduct::chain::digest::Digest;
use aqueduct::chain::proof::TreeHead;
use signed_note::{Note, StandardSigner, StandardVerifier, VerifierList};

use super::fixtures::key;
use super::random::Random;

const ORIGIN: &str = "books.example/aqueduct";

fn head() -> TreeHead {
    TreeHead { size: 923_748, root: Digest::of(b"root") }
}

fn signed() -> String {
    checkpoint::sign(ORIGIN, &head(), &key(1)).unwrap()
}

/// A note over any text, signed with the log's key by the library alone.
fn note(text: &str) -> String {
    let mut note = Note::new(text.as_bytes(), &[]).unwrap();
    note.add_sigs(&[&signer(ORIGIN, 1)]).unwrap();
    String::from_utf8(note.to_bytes()).unwrap()
}

fn signer(name: &str, number: u8) -> StandardSigner {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let typed = |bytes: &[u8; 32]| [&[1], bytes.as_slice()].concat();
    let id = signed_note::key_id(name, &typed(&key(number).public().0));
    let secret = STANDARD.encode(typed(key(number).secret_bytes()));
    StandardSigner::new(&format!("PRIVATE+KEY+{name}+{id:08x}+{secret}")).unwrap()
}

#[track_caller]
fn refused(text: &str, fault: CheckpointFault) {
    assert_eq!(checkpoint::open(text, ORIGIN, &key(1).public()), Err(fault));
}

#[test]
fn a_checkpoint_opens_here_and_with_the_library() {
    let text = signed();
    assert_eq!(checkpoint::open(&text, ORIGIN, &key(1).public()), Ok(head()));
    let encoded = checkpoint::verifier_key(ORIGIN, &key(1).public()).unwrap();
    let verifier = StandardVerifier::new(&encoded).unwrap();
    let known = VerifierList::new(vec![Box::new(verifier)]);
    let (by_the_log, _) = Note::from_bytes(text.as_bytes()).unwrap().verify(&known).unwrap();
    assert_eq!(by_the_log.len(), 1);
    let body = text.split_once("\n\n").unwrap().0;
    assert_eq!(note(&format!("{body}\n")), text);
}

#[test]
fn witnesses_may_sign_beside_the_log() {
    let mut cosigned = Note::from_bytes(signed().as_bytes()).unwrap();
    cosigned.add_sigs(&[&signer("witness.example", 5)]).unwrap();
    let text = String::from_utf8(cosigned.to_bytes()).unwrap();
    assert_eq!(checkpoint::open(&text, ORIGIN, &key(1).public()), Ok(head()));
    assert_eq!(
        checkpoint::open(&text, "witness.example", &key(5).public()),
        Err(CheckpointFault::OtherOrigin(ORIGIN.to_owned()))
    );
    let (body, signatures) = text.split_once("\n\n").unwrap();
    let witness = signatures.lines().last().unwrap();
    refused(&format!("{body}\n\n{witness}\n"), CheckpointFault::Unsigned);
}

#[test]
fn another_key_or_log_is_refused() {
    let text = signed();
    let other = checkpoint::open(&text, ORIGIN, &key(2).public());
    assert_eq!(other, Err(CheckpointFault::Unsigned));
    let other = checkpoint::open(&text, "other.example", &key(1).public());
    assert_eq!(other, Err(CheckpointFault::OtherOrigin(ORIGIN.to_owned())));
    for origin in ["", "two words", "a+b", "a\nb", "a\u{0}b", "a\u{7f}b"] {
        assert_eq!(checkpoint::sign(origin, &head(), &key(1)), Err(CheckpointFault::Origin));
        let opened = checkpoint::open(&text, origin, &key(1).public());
        assert_eq!(opened, Err(CheckpointFault::Origin));
    }
}

#[test]
fn well_signed_notes_in_another_form_are_refused() {
    let root = "nND/nri/U0xuHUrYSy0HtMeal2vzD9V4k/BO79C+QeI=";
    assert!(checkpoint::open(&note(&format!("{ORIGIN}\n1\n{root}\n")), ORIGIN, &key(1).public()).is_ok());
    for text in [
        format!("{ORIGIN}\n01\n{root}\n"),
        format!("{ORIGIN}\n+1\n{root}\n"),
        format!("{ORIGIN}\n-1\n{root}\n"),
        format!("{ORIGIN}\n18446744073709551616\n{root}\n"),
        format!("{ORIGIN}\n1\n{}\n", root.trim_end_matches('=')),
        format!("{ORIGIN}\n1\n{}\n", &root[4..]),
        format!("{ORIGIN}\n1\n"),
        format!("{ORIGIN}\n1\n{root}\n\n"),
        "no checkpoint\n".to_owned(),
    ] {
        refused(&note(&text), CheckpointFault::Malformed);
    }
    refused(&note(&format!("{ORIGIN}\n1\n{root}\nmore\n")), CheckpointFault::Extension);
}

#[test]
fn signatures_of_the_log_are_neither_doubled_nor_wrong() {
    let text = signed();
    let line = text.lines().last().unwrap();
    refused(&format!("{text}{line}\n"), CheckpointFault::SignedTwice(2));
    refused(&text.replacen("923748", "923749", 1), CheckpointFault::BadSignature);
    refused(text.trim_end(), CheckpointFault::Malformed);
    refused(&text.replace('\n', "\r\n"), CheckpointFault::Malformed);
    refused("", CheckpointFault::Malformed);
}

#[test]
fn no_changed_byte_of_a_checkpoint_passes() {
    let mut random = Random::new("no_changed_byte_of_a_checkpoint_passes");
    let good = signed().into_bytes();
    for position in 0..good.len() {
        let mut changed = good.clone();
        changed[position] ^= 1 << random.below(7);
        if let Ok(text) = String::from_utf8(changed) {
            let verdict = checkpoint::open(&text, ORIGIN, &key(1).public());
            assert!(verdict.is_err(), "byte {position}: {text}");
        }
    }
}
