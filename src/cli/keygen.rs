//! `aqueduct keygen`: makes an Ed25519 key for somebody who keeps it themselves.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;

use crate::chain::key::SecretKey;

use super::failure::{Failure, Kind};
use super::output::{print, write_secret};

/// What stands before the 32 secret bytes in PKCS#8 (RFC 8410, section 7): version 0, the
/// algorithm 1.3.101.112 (Ed25519), an octet string in an octet string.
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

const EXAMPLES: &str = "\
Examples:
  aqueduct keygen treasurer.key
  openssl pkey -in treasurer.key -noout -text      the same key, read by OpenSSL
  openssl genpkey -algorithm ed25519 -out own.key  a key made by OpenSSL works as well";

/// Makes an Ed25519 key file for an officer who keeps the key, and prints the public key.
///
/// The file is PEM (PKCS#8, RFC 8410), not encrypted and readable by its owner only: OpenSSL and
/// Python's `cryptography` read it. Whoever has the file can sign as the officer. The printed
/// public key is what the registrar registers, with custody HOLDER.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Keygen {
    /// The new file; an existing one is never overwritten.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Keygen {
    /// Makes the key.
    pub fn run(&self) -> Result<(), Failure> {
        let key = SecretKey::generate().map_err(|why| Failure::of(Kind::Other, &why))?;
        write_secret(&self.file, to_pem(&key).as_bytes())?;
        print(&format!("{}\n", key.public()))
    }
}

/// The key as an unencrypted PEM file.
pub fn to_pem(key: &SecretKey) -> String {
    let der = [&PKCS8_PREFIX[..], key.secret_bytes()].concat();
    format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(der))
}

/// Reads an unencrypted PEM file of an Ed25519 key, also one that carries its public key too.
pub fn from_pem(text: &str) -> Option<SecretKey> {
    let (_, rest) = text.split_once(BEGIN)?;
    let (inner, _) = rest.split_once(END)?;
    let base64: String = inner.split_whitespace().collect();
    let der = STANDARD.decode(base64).ok()?;
    // Version 1 (with attributes or the public key) differs in the length and the version only.
    let (head, rest) = der.split_at_checked(PKCS8_PREFIX.len())?;
    let is_ed25519 = head[0] == PKCS8_PREFIX[0] && head[2..4] == PKCS8_PREFIX[2..4] && head[5..] == PKCS8_PREFIX[5..];
    let seed: &[u8; 32] = rest.first_chunk()?;
    is_ed25519.then(|| SecretKey::from_bytes(seed))
}
