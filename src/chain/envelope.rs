//! A payload with its signatures (DSSE, protocol v1), and the one form in
//! which it is an entry of the log.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use serde_json::{Map, Value};

use super::digest::Digest;
use super::json::{self, JsonFault};
use super::key::{PublicKey, SecretKey, Signature};
use crate::limits;

/// What DSSE calls the payload type; it is signed together with the payload.
pub const PAYLOAD_TYPE: &str = "application/vnd.aqueduct.operation+json";

/// The payload's verbatim bytes with one to four signatures, each by another
/// key, in order of key id. Whether they are good is for [`Envelope::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    payload: Vec<u8>,
    signatures: Vec<(PublicKey, Signature)>,
}

/// Why bytes are not an envelope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeFault {
    /// More bytes than any envelope needs.
    #[error("an envelope has at most {max} bytes, not {bytes}")]
    TooLong {
        /// Its size.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// Not one JSON value.
    #[error("{0}")]
    NotJson(String),
    /// A field stands twice in one object.
    #[error("the field `{0}` stands twice in one object")]
    DuplicateField(String),
    /// A field that envelopes do not have.
    #[error("envelopes have no field `{0}`")]
    UnknownField(String),
    /// A field that every envelope has is not there.
    #[error("the field `{0}` is missing")]
    MissingField(&'static str),
    /// A field's value has another type or another form than it must have.
    #[error("the field `{field}` must be {expected}")]
    WrongType {
        /// The field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The envelope holds something else than an operation.
    #[error("the payload type is not {PAYLOAD_TYPE}")]
    PayloadType,
    /// The payload is larger than any payload may be.
    #[error("a payload has at most {max} bytes, not {0}", max = limits::PAYLOAD_BYTES_MAX)]
    PayloadTooLong(usize),
    /// No signature, or more than there can be.
    #[error("an envelope has 1 to {max} signatures, not {0}", max = limits::SIGNATURES_MAX)]
    SignatureCount(usize),
    /// The same key signs twice.
    #[error("the key {0} signs twice")]
    DuplicateKey(PublicKey),
    /// The right content in other bytes than its one form as an entry.
    #[error("the bytes are not the canonical form of their envelope")]
    NotCanonical,
}

/// A signature that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature by {key} does not hold")]
pub struct SignatureFault {
    /// The first key, in order of key id, whose signature is wrong.
    pub key: PublicKey,
}

/// The bytes that a key signs for this payload: the DSSE v1 pre-authentication
/// encoding, so that no other kind of document can pass for an operation.
pub fn signing_bytes(payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len());
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// The leaf of an entry in the log: the digest of its bytes. It shows that
/// nothing was changed and reveals nothing.
pub fn leaf(entry_bytes: &[u8]) -> Digest {
    Digest::of(entry_bytes)
}

impl Envelope {
    /// Puts a payload and its signatures together, in any order.
    pub fn new(payload: Vec<u8>, mut signatures: Vec<(PublicKey, Signature)>) -> Result<Envelope, EnvelopeFault> {
        if payload.len() > limits::PAYLOAD_BYTES_MAX {
            return Err(EnvelopeFault::PayloadTooLong(payload.len()));
        }
        if !(1..=limits::SIGNATURES_MAX).contains(&signatures.len()) {
            return Err(EnvelopeFault::SignatureCount(signatures.len()));
        }
        // All key ids have one prefix and one length in hexadecimal, so the
        // order of the bytes is the order of the texts.
        signatures.sort_by_key(|(key, _)| *key);
        let twice = signatures.windows(2).find(|pair| pair[0].0 == pair[1].0);
        if let Some(pair) = twice {
            return Err(EnvelopeFault::DuplicateKey(pair[0].0));
        }
        Ok(Envelope { payload, signatures })
    }

    /// Signs a payload with a first key.
    pub fn sign(payload: Vec<u8>, key: &SecretKey) -> Result<Envelope, EnvelopeFault> {
        let signature = key.sign(&signing_bytes(&payload));
        Envelope::new(payload, vec![(key.public(), signature)])
    }

    /// The same envelope with one more officer's signature.
    pub fn and_sign(self, key: &SecretKey) -> Result<Envelope, EnvelopeFault> {
        let signature = key.sign(&signing_bytes(&self.payload));
        self.and_signature(key.public(), signature)
    }

    /// The same envelope with a signature that was made elsewhere.
    pub fn and_signature(mut self, key: PublicKey, signature: Signature) -> Result<Envelope, EnvelopeFault> {
        self.signatures.push((key, signature));
        Envelope::new(self.payload, self.signatures)
    }

    /// Reads an entry's bytes, which must be in the canonical form.
    pub fn parse(entry_bytes: &[u8]) -> Result<Envelope, EnvelopeFault> {
        let envelope = read(entry_bytes, limits::ENTRY_BYTES_MAX, Spelling::Canonical)?;
        if envelope.to_entry_bytes() != entry_bytes {
            return Err(EnvelopeFault::NotCanonical);
        }
        Ok(envelope)
    }

    /// Reads an envelope as a client sends it: any JSON formatting, any order
    /// of fields and signatures, either alphabet of Base64 with or without
    /// padding. Only the form becomes ours, never the payload's bytes.
    pub fn parse_lenient(bytes: &[u8]) -> Result<Envelope, EnvelopeFault> {
        read(bytes, limits::ENVELOPE_INPUT_BYTES_MAX, Spelling::Any)
    }

    /// The entry's bytes: the canonical JSON (RFC 8785) of the envelope.
    pub fn to_entry_bytes(&self) -> Vec<u8> {
        // Written by hand: the field names are in canonical order and none of
        // the characters below needs an escape.
        let mut text = String::with_capacity(self.payload.len() * 4 / 3 + 512);
        text.push_str("{\"payload\":\"");
        STANDARD.encode_string(&self.payload, &mut text);
        text.push_str("\",\"payloadType\":\"");
        text.push_str(PAYLOAD_TYPE);
        text.push_str("\",\"signatures\":[");
        for (number, (key, signature)) in self.signatures.iter().enumerate() {
            if number > 0 {
                text.push(',');
            }
            text.push_str("{\"keyid\":\"");
            text.push_str(&key.to_string());
            text.push_str("\",\"sig\":\"");
            text.push_str(&signature.to_string());
            text.push_str("\"}");
        }
        text.push_str("]}");
        text.into_bytes()
    }

    /// Checks every signature, in order of key id.
    pub fn verify(&self) -> Result<(), SignatureFault> {
        let message = signing_bytes(&self.payload);
        for (key, signature) in &self.signatures {
            key.verify(&message, signature).map_err(|_| SignatureFault { key: *key })?;
        }
        Ok(())
    }

    /// The payload's verbatim bytes.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The digest of the payload's bytes, by which later operations name it.
    pub fn payload_digest(&self) -> Digest {
        Digest::of(&self.payload)
    }

    /// The signatures in order of key id, one per key.
    pub fn signatures(&self) -> &[(PublicKey, Signature)] {
        &self.signatures
    }

    /// The keys that signed, in order of key id.
    pub fn keys(&self) -> impl Iterator<Item = PublicKey> + '_ {
        self.signatures.iter().map(|(key, _)| *key)
    }
}

/// Which spellings of Base64 a reader takes.
#[derive(Clone, Copy, PartialEq)]
enum Spelling {
    Canonical,
    Any,
}

/// The standard alphabet with or without padding. Bits behind the last byte
/// must be zero in any spelling.
const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn read(bytes: &[u8], max: usize, spelling: Spelling) -> Result<Envelope, EnvelopeFault> {
    if bytes.len() > max {
        let bytes = bytes.len();
        return Err(EnvelopeFault::TooLong { bytes, max });
    }
    let value = json::read(bytes).map_err(|fault| match fault {
        JsonFault::Syntax(why) => EnvelopeFault::NotJson(why),
        JsonFault::Duplicate(field) => EnvelopeFault::DuplicateField(field),
    })?;
    let mut fields = object(value, "envelope")?;
    let payload = take_base64(&mut fields, "payload", spelling)?;
    if take_text(&mut fields, "payloadType")? != PAYLOAD_TYPE {
        return Err(EnvelopeFault::PayloadType);
    }
    let Value::Array(items) = take(&mut fields, "signatures")? else {
        return Err(wrong("signatures", "a list"));
    };
    none_left(fields)?;
    if items.len() > limits::SIGNATURES_MAX {
        return Err(EnvelopeFault::SignatureCount(items.len()));
    }
    let signatures = items.into_iter().map(|item| read_signature(item, spelling)).collect::<Result<_, _>>()?;
    Envelope::new(payload, signatures)
}

fn read_signature(item: Value, spelling: Spelling) -> Result<(PublicKey, Signature), EnvelopeFault> {
    let mut fields = object(item, "signatures")?;
    let key = take_text(&mut fields, "keyid")?
        .parse()
        .map_err(|_| wrong("keyid", "`ed25519:` and 64 lower-case hexadecimal digits"))?;
    let signature = take_base64(&mut fields, "sig", spelling)?
        .try_into()
        .map(Signature)
        .map_err(|_| wrong("sig", "64 bytes in Base64"))?;
    none_left(fields)?;
    Ok((key, signature))
}

fn object(value: Value, field: &'static str) -> Result<Map<String, Value>, EnvelopeFault> {
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(wrong(field, "an object")),
    }
}

fn take(fields: &mut Map<String, Value>, name: &'static str) -> Result<Value, EnvelopeFault> {
    fields.remove(name).ok_or(EnvelopeFault::MissingField(name))
}

fn take_text(fields: &mut Map<String, Value>, name: &'static str) -> Result<String, EnvelopeFault> {
    match take(fields, name)? {
        Value::String(text) => Ok(text),
        _ => Err(wrong(name, "a string")),
    }
}

fn take_base64(
    fields: &mut Map<String, Value>,
    name: &'static str,
    spelling: Spelling,
) -> Result<Vec<u8>, EnvelopeFault> {
    let text = take_text(fields, name)?;
    let bytes = match spelling {
        Spelling::Canonical => STANDARD.decode(text),
        // The URL-safe alphabet differs in two characters only.
        Spelling::Any => ANY_PADDING.decode(text.replace('-', "+").replace('_', "/")),
    };
    bytes.map_err(|_| wrong(name, "Base64"))
}

fn none_left(fields: Map<String, Value>) -> Result<(), EnvelopeFault> {
    match fields.into_iter().next() {
        Some((name, _)) => Err(EnvelopeFault::UnknownField(name)),
        None => Ok(()),
    }
}

fn wrong(field: &'static str, expected: &'static str) -> EnvelopeFault {
    EnvelopeFault::WrongType { field, expected }
}
