//! The signed size and root of the log: a C2SP tlog-checkpoint in a C2SP
//! signed note, so that tools nobody here wrote can check it.
//!
//! ```text
//! books.example/aqueduct
//! 923748
//! nND/nri/U0xuHUrYSy0HtMeal2vzD9V4k/BO79C+QeI=
//!
//! — books.example/aqueduct M9e0lv...
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signed_note::{Note, NoteError, Signer, Verifier, VerifierList};
use tlog_tiles::checkpoint::Checkpoint;
use tlog_tiles::tlog;

use super::digest::Digest;
use super::key::{self, PublicKey, SecretKey};
use super::proof::TreeHead;

/// The algorithm of a note's signature: Ed25519 (C2SP signed-note).
const ED25519: u8 = 0x01;

/// Why there is no checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointFault {
    /// The origin cannot name a log.
    #[error("an origin is a text without spaces, plus signs and control characters")]
    Origin,
    /// Not a signed note with a checkpoint in it, in its one form.
    #[error("not a checkpoint in a signed note")]
    Malformed,
    /// A checkpoint of another log.
    #[error("the checkpoint is of the log {0}")]
    OtherOrigin(String),
    /// It has lines that this log never writes.
    #[error("the checkpoint has extension lines")]
    Extension,
    /// The log's key did not sign it.
    #[error("the log's key did not sign it")]
    Unsigned,
    /// There is a signature in the name of the log's key, and it is wrong.
    #[error("the signature of the log's key does not hold")]
    BadSignature,
    /// The log's key signed it more than once.
    #[error("the log's key signed it {0} times")]
    SignedTwice(usize),
}

/// Signs the size and root of the log named by its origin. Make sure first
/// that nothing else was ever signed for this size, and that it is durable.
pub fn sign(origin: &str, head: &TreeHead, key: &SecretKey) -> Result<String, CheckpointFault> {
    sign_with(origin, head, &key.public(), |message| key.sign(message))
}

/// The same with a key that somebody else keeps: `sign` signs by it.
pub fn sign_with(
    origin: &str,
    head: &TreeHead,
    key: &PublicKey,
    sign: impl Fn(&[u8]) -> key::Signature,
) -> Result<String, CheckpointFault> {
    check_origin(origin)?;
    let checkpoint =
        Checkpoint::new(origin, head.size, tlog::Hash(head.root.0), "").map_err(|_| CheckpointFault::Origin)?;
    let mut note = Note::new(&checkpoint.to_bytes(), &[]).map_err(|_| CheckpointFault::Malformed)?;
    let signer = LogSigner { origin, key, sign: &sign };
    note.add_sigs(&[&signer]).map_err(|_| CheckpointFault::Origin)?;
    Ok(String::from_utf8(note.to_bytes()).expect("a note is UTF-8"))
}

/// Reads a checkpoint of this log and checks its signature. Signatures by
/// others (witnesses) may stand beside the log's own; they are not judged.
pub fn open(text: &str, origin: &str, key: &PublicKey) -> Result<TreeHead, CheckpointFault> {
    check_origin(origin)?;
    let note = Note::from_bytes(text.as_bytes()).map_err(|_| CheckpointFault::Malformed)?;
    let checkpoint = Checkpoint::from_bytes(note.text()).map_err(|_| CheckpointFault::Malformed)?;
    let is_canonical = note.to_bytes() == text.as_bytes() && checkpoint.to_bytes() == note.text();
    if !is_canonical {
        return Err(CheckpointFault::Malformed);
    }
    if checkpoint.origin() != origin {
        let found = checkpoint.origin().to_owned();
        return Err(CheckpointFault::OtherOrigin(found));
    }
    if !checkpoint.extension().is_empty() {
        return Err(CheckpointFault::Extension);
    }
    check_signature(&note, text, origin, key)?;
    Ok(TreeHead { size: checkpoint.size(), root: Digest(checkpoint.hash().0) })
}

/// The log's public key as other tools take it:
/// `books.example/aqueduct+33d7b496+AeHTu4Q3hEIM...`.
pub fn verifier_key(origin: &str, key: &PublicKey) -> Result<String, CheckpointFault> {
    check_origin(origin)?;
    let id = key_id(origin, key);
    let encoded = STANDARD.encode(typed_key(key));
    Ok(format!("{origin}+{id:08x}+{encoded}"))
}

fn check_origin(origin: &str) -> Result<(), CheckpointFault> {
    let is_name = signed_note::is_key_name_valid(origin) && !origin.contains(char::is_control);
    if is_name { Ok(()) } else { Err(CheckpointFault::Origin) }
}

fn check_signature(note: &Note, text: &str, origin: &str, key: &PublicKey) -> Result<(), CheckpointFault> {
    let verifier = LogVerifier { origin: origin.to_owned(), key: *key };
    note.verify(&VerifierList::new(vec![Box::new(verifier)])).map_err(|error| match error {
        NoteError::InvalidSignature { .. } => CheckpointFault::BadSignature,
        _ => CheckpointFault::Unsigned,
    })?;
    // The library looks at the first signature of a key and skips the others.
    let id = key_id(origin, key);
    let signatures = text.lines().rev().take_while(|line| !line.is_empty());
    let by_the_log = signatures
        .filter_map(|line| signed_note::Signature::from_bytes(line.as_bytes()).ok())
        .filter(|signature| signature.name() == origin && signature.id() == id)
        .count();
    match by_the_log {
        1 => Ok(()),
        times => Err(CheckpointFault::SignedTwice(times)),
    }
}

fn typed_key(key: &PublicKey) -> Vec<u8> {
    [&[ED25519], key.0.as_slice()].concat()
}

fn key_id(origin: &str, key: &PublicKey) -> u32 {
    signed_note::key_id(origin, &typed_key(key))
}

struct LogSigner<'a> {
    origin: &'a str,
    key: &'a PublicKey,
    sign: &'a dyn Fn(&[u8]) -> key::Signature,
}

impl Signer for LogSigner<'_> {
    fn name(&self) -> &str {
        self.origin
    }

    fn key_id(&self) -> u32 {
        key_id(self.origin, self.key)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, ed25519_dalek::SignatureError> {
        Ok((self.sign)(message).0.to_vec())
    }
}

struct LogVerifier {
    origin: String,
    key: PublicKey,
}

impl Verifier for LogVerifier {
    fn name(&self) -> &str {
        &self.origin
    }

    fn key_id(&self) -> u32 {
        key_id(&self.origin, &self.key)
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match signature.try_into() {
            Ok(bytes) => self.key.verify(message, &key::Signature(bytes)).is_ok(),
            Err(_) => false,
        }
    }
}
