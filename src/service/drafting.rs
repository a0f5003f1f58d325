//! What an officer signs who keeps the key: the exact bytes, and who else must sign them.

use crate::chain::digest::Digest;
use crate::chain::envelope;
use crate::chain::payload::Payload;
use crate::ledger::operation::{Kind, Operation};
use crate::ledger::registry::Role;
use crate::ledger::time::Millis;
use uuid::Uuid;

use super::node::Node;
use super::officers::Viewer;
use super::operation::{self, Unwritable};
use super::record::NotAccepted;

/// An operation written down, not yet signed by anybody.
#[derive(Clone, Debug)]
pub struct Drafted {
    /// Its kind.
    pub kind: Kind,
    /// The payload, byte for byte.
    pub payload: Vec<u8>,
    /// SHA-256 of the payload.
    pub digest: Digest,
    /// What each officer's key signs: the DSSE pre-authentication encoding of the payload.
    pub signing_bytes: Vec<u8>,
    /// The lines that go beside the envelope.
    pub lines: Vec<String>,
    /// One element for each signature needed: any of these roles will do.
    pub roles: Vec<Vec<Role>>,
    /// When it can no longer be recorded.
    pub expires_at: Millis,
}

impl Node {
    /// Writes an operation of the viewer's party down. Nothing is kept and nothing reserved.
    pub async fn write_down(
        &self,
        viewer: &Viewer,
        id: Uuid,
        occurred_at: Option<Millis>,
        stated: &Operation,
    ) -> Result<Drafted, NotAccepted> {
        let to_sign = self.draft(viewer, id, occurred_at, stated)?;
        let payload = Payload::parse(&to_sign.payload).map_err(Unwritable::Payload)?;
        let digest = Digest::of(&to_sign.payload);
        let read = operation::read_payload(&payload, digest, &[], &to_sign.lines)?;
        let (_, needed) = self.needed(&read).await?;
        Ok(Drafted {
            kind: stated.kind(),
            digest,
            signing_bytes: envelope::signing_bytes(&to_sign.payload),
            payload: to_sign.payload,
            lines: to_sign.lines,
            roles: needed.roles.iter().map(|roles| roles.to_vec()).collect(),
            expires_at: read.expires_at,
        })
    }

    /// An id derived from an operation's id: the same for every retry, and nothing that others
    /// could guess. `what` tells several ids of one operation apart.
    pub fn derived_id(&self, operation: Uuid, what: &str) -> Uuid {
        let digest = self.derived_secret(operation, what);
        let bytes: [u8; 16] = digest[..16].try_into().expect("a digest has 32 bytes");
        Uuid::new_v8(bytes)
    }

    /// Makes a key that this node keeps for an officer. A function of the operation that
    /// registers it, so that a retry registers the same key.
    pub async fn make_held_key(
        &self,
        operation: Uuid,
        officer: Uuid,
    ) -> Result<crate::ledger::ids::KeyId, NotAccepted> {
        let secret = self.derived_secret(operation, "key");
        Ok(self.keyring().add(officer, &secret).await?)
    }

    fn derived_secret(&self, operation: Uuid, what: &str) -> [u8; 32] {
        let parts: [&[u8]; 4] = [b"aqueduct/derived/v1\0", self.salt_key(), operation.as_bytes(), what.as_bytes()];
        Digest::of_parts(&parts).0
    }
}
