//! `aqueduct sign`: signs a payload with a key that its holder keeps.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::chain::envelope::Envelope;
use crate::chain::key::SecretKey;
use crate::chain::payload::Payload;

use super::failure::Failure;
use super::keygen;
use super::output::{print, read_input};

const EXAMPLES: &str = "\
Examples:
  The first officer signs what the API's operationDraft gave:
    aqueduct sign payload.json --key maker.key > operation.dsse.json
  The second officer adds a signature to the same envelope:
    aqueduct sign operation.dsse.json --key checker.key > whole.dsse.json
  Hand it in (and its lines, where it has any):
    aqueduct submit whole.dsse.json --server https://books.example --login-file maker.token";

/// Signs a payload and prints the DSSE envelope; adds a signature to an envelope.
///
/// Give the exact bytes of the payload, as `operationDraft` or `aqueduct init` printed them: a
/// payload that was formatted anew is refused, since the signature would be over other bytes.
/// One newline at the end is ignored. Look at what you sign: the payload is plain JSON.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Sign {
    /// The payload, or an envelope that has signatures already; `-` reads standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// The key file, as made by `aqueduct keygen` or OpenSSL (PEM), or 64 hexadecimal digits.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

impl Sign {
    /// Signs.
    pub fn run(&self) -> Result<(), Failure> {
        let input = read_input(&self.file)?;
        let key = read_key(&self.key)?;
        let signed = match Envelope::parse_lenient(&input) {
            Ok(envelope) => {
                envelope.verify().map_err(|why| {
                    Failure::input(format!("the envelope is not in order: {why}"))
                        .way_out("ask for it again: it was changed after it was signed")
                })?;
                envelope.and_sign(&key)
            }
            Err(_) => Envelope::sign(payload(input)?, &key),
        };
        let signed = signed.map_err(|why| Failure::input(format!("this cannot be signed: {why}")))?;
        print(&format!("{}\n", String::from_utf8_lossy(&signed.to_entry_bytes())))
    }
}

/// The payload's bytes, which must be a payload: nothing else is ever signed here.
fn payload(mut input: Vec<u8>) -> Result<Vec<u8>, Failure> {
    if input.last() == Some(&b'\n') {
        input.pop();
    }
    match Payload::parse(&input) {
        Ok(_) => Ok(input),
        Err(why) => Err(Failure::input(format!("this is neither a payload nor an envelope: {why}"))
            .way_out("give the exact bytes that operationDraft returned")),
    }
}

fn read_key(path: &Path) -> Result<SecretKey, Failure> {
    let bytes = read_input(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let from_hex = || {
        let mut seed = [0; 32];
        hex::decode_to_slice(text.trim(), &mut seed).ok().map(|()| SecretKey::from_bytes(&seed))
    };
    keygen::from_pem(&text).or_else(from_hex).ok_or_else(|| {
        Failure::input(format!("{} holds no Ed25519 key", path.display()))
            .way_out("give an unencrypted PEM file as `aqueduct keygen` makes it")
    })
}
