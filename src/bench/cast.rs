//! Who takes part: officers who keep their own keys, as any client of the API may.

use serde_json::json;
use uuid::Uuid;

use hyper::body::Bytes;

use crate::chain::digest::Digest;
use crate::chain::envelope::Envelope;
use crate::chain::key::SecretKey;
use crate::ledger::ids::{PayloadDigest, Reference};
use crate::ledger::operation::Operation;
use crate::service::operation::{Header, to_sign};

use super::error::BenchError;
use super::seed::Seed;

/// What every client sends: the answer tells the place in the log and what is wrong.
const SUBMIT: &str = "mutation($input: OperationSubmitInput!) { operationSubmit(input: $input) { \
                      operation { status } entry { index } userErrors { code message } } }";

/// An officer.
#[derive(Debug)]
pub struct Officer {
    /// The public id.
    pub id: Uuid,
    /// The key, which the server never sees.
    pub key: SecretKey,
    /// The bearer token.
    pub login: String,
}

/// A party with its officers; the first states, the second approves.
#[derive(Debug)]
pub struct Actor {
    /// The public id.
    pub party: Uuid,
    /// Its officers.
    pub officers: Vec<Officer>,
}

/// A signed operation, ready to be sent, and how later ones refer to it.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Its id.
    pub id: Uuid,
    /// The digest of its payload.
    pub digest: Digest,
    /// The whole body of the HTTP request.
    pub body: Bytes,
    /// The canonical envelope.
    pub entry: Vec<u8>,
    /// The lines beside it.
    pub lines: Vec<String>,
}

impl Actor {
    /// The bearer token of the first officer.
    pub fn login(&self) -> &str {
        &self.officers[0].login
    }

    /// Signs an operation by so many of its officers.
    pub fn sign(
        &self,
        chain: Digest,
        seed: &mut Seed,
        operation: &Operation,
        officers: usize,
    ) -> Result<Signed, BenchError> {
        let header = Header { chain, id: seed.id(), party: self.party, occurred_at: None };
        let to_sign = to_sign(&header, operation, &seed.salt_key)?;
        let mut signers = self.officers.iter().take(officers);
        let first = signers.next().expect("every operation has a signer");
        let mut envelope = Envelope::sign(to_sign.payload, &first.key)?;
        for officer in signers {
            envelope = envelope.and_sign(&officer.key)?;
        }
        let (digest, entry) = (envelope.payload_digest(), envelope.to_entry_bytes());
        let mut input = json!({ "operationId": header.id, "envelope": String::from_utf8_lossy(&entry) });
        if !to_sign.lines.is_empty() {
            input["lines"] = to_sign.lines.join("\n").into();
        }
        let body = Bytes::from(json!({ "query": SUBMIT, "variables": { "input": input } }).to_string());
        Ok(Signed { id: header.id, digest, body, entry, lines: to_sign.lines })
    }
}

impl Signed {
    /// How a later operation names one of its outputs.
    pub fn output(&self, output: u32) -> Reference {
        Reference { operation: self.id, digest: PayloadDigest(self.digest.0), output }
    }
}
