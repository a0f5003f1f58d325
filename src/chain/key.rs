//! Ed25519 keys and signatures (RFC 8032), checked by the strict rule only.

use std::cell::RefCell;
use std::fmt;
use std::hint;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::digest;
use crate::limits;

/// What stands before a public key's digits: the algorithm.
const ALGORITHM_PREFIX: &str = "ed25519:";

/// A public key, printed with its algorithm: `ed25519:d75a98...511a` (64
/// lower-case hexadecimal digits). This text is also the key id of a DSSE
/// envelope, so an envelope names its keys by itself.
///
/// Any 32 bytes can be held; bytes that are no usable point verify nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

/// An Ed25519 signature, printed in standard Base64 (88 characters).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature(pub [u8; 64]);

/// A secret key. It is wiped from memory when dropped and never printed.
pub struct SecretKey(SigningKey);

/// The text is not `ed25519:` with 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a public key is `ed25519:` and 64 lower-case hexadecimal digits")]
pub struct MalformedKey;

/// The text is not a signature of 64 bytes in standard Base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signature is 64 bytes in padded standard Base64")]
pub struct MalformedSignature;

/// The signature was not made by this key over these bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature was not made by this key over these bytes")]
pub struct BadSignature;

/// The operating system gave no random bytes for a new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes for a new key: {0}")]
pub struct NoRandomness(getrandom::Error);

impl PublicKey {
    /// Checks a signature by the strict rule: a canonical `s`, no key and no
    /// `R` of small order, no cofactor. Never in batches: on some crafted
    /// inputs a batch and a single check differ, and so would two nodes.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        let key = self.point().ok_or(BadSignature)?;
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        key.verify_strict(message, &signature).map_err(|_| BadSignature)
    }

    /// The point of the curve that the bytes stand for; none when they stand for none. Finding it
    /// takes a sixth of a check, and the same keys sign again and again: each thread keeps some.
    fn point(&self) -> Option<VerifyingKey> {
        thread_local! {
            static POINTS: RefCell<Vec<Option<VerifyingKey>>> =
                const { RefCell::new(Vec::new()) };
        }
        let place = usize::from(u16::from_le_bytes([self.0[0], self.0[1]])) % limits::KEY_POINTS_KEPT_MAX;
        POINTS.with_borrow_mut(|points| {
            points.resize(limits::KEY_POINTS_KEPT_MAX, None);
            if let Some(point) = points[place]
                && *point.as_bytes() == self.0
            {
                return Some(point);
            }
            let point = VerifyingKey::from_bytes(&self.0).ok()?;
            points[place] = Some(point);
            Some(point)
        })
    }
}

impl SecretKey {
    /// Makes a new key from the operating system's randomness.
    pub fn generate() -> Result<SecretKey, NoRandomness> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(NoRandomness)?;
        let key = SecretKey::from_bytes(&seed);
        seed.fill(0);
        // Keeps the compiler from dropping the wipe above as unused.
        hint::black_box(&seed);
        Ok(key)
    }

    /// Takes the 32 bytes that RFC 8032 calls the private key.
    pub fn from_bytes(seed: &[u8; 32]) -> SecretKey {
        SecretKey(SigningKey::from_bytes(seed))
    }

    /// The secret bytes, for the one who seals them. Never log or print them.
    pub fn secret_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The public key that belongs to it.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs these bytes. The same bytes give the same signature (RFC 8032).
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM_PREFIX}{}", hex::encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl FromStr for PublicKey {
    type Err = MalformedKey;

    fn from_str(text: &str) -> Result<PublicKey, MalformedKey> {
        text.strip_prefix(ALGORITHM_PREFIX).and_then(digest::read_hex).map(PublicKey).ok_or(MalformedKey)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

impl FromStr for Signature {
    type Err = MalformedSignature;

    fn from_str(text: &str) -> Result<Signature, MalformedSignature> {
        let bytes = STANDARD.decode(text).map_err(|_| MalformedSignature)?;
        bytes.try_into().map(Signature).map_err(|_| MalformedSignature)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PublicKey, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Signature, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
