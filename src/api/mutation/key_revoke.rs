//! `keyRevoke`: ends a key.

use async_graphql::{Context, InputObject, Object, Result};

use crate::api::scalar::{DateTime, OperationId, PublicKey};
use crate::api::types::party::OfficerKey;
use crate::ledger::ids::KeyId;
use crate::ledger::operation::{KeyRevoke, Operation};

use super::fault::Fields;
use super::payload::{header, payload};
use super::reading::{InputReader, Stating};
use super::way;

/// Ends a key: it signs nothing recorded after this. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct KeyRevokeInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The key.
    pub key: PublicKey,
    /// Why, in words.
    pub reason: String,
}

impl Stating for KeyRevokeInput {
    const FIELDS: Fields = Fields { key: "key", texts: &["reason"], ..Fields::NONE };

    header!();

    async fn operation(&self, _: &mut InputReader<'_>) -> Option<Operation> {
        let key = KeyId(self.key.0.0);
        Some(Operation::KeyRevoke(KeyRevoke { key, reason: self.reason.clone() }))
    }
}

payload! {
    /// The answer to `keyRevoke`. Added in 0.1.0.
    KeyRevokePayload;
    /// Why the key was not revoked. Added in 0.1.0.
    KeyRevokeUserError;
    {
        /// The key; null unless recorded.
        key: OfficerKey,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct KeyRevokeMutation;

#[Object]
impl KeyRevokeMutation {
    /// Revokes a key at once. Needs any officer of its party, or a registrar. Added in 0.1.0.
    async fn key_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: KeyRevokeInput,
    ) -> Result<KeyRevokePayload> {
        let told = way::state(ctx, &input).await?;
        let key = told.made().and_then(|made| made.keys.first()).cloned().map(OfficerKey);
        Ok(KeyRevokePayload { key, ..told.into() })
    }
}
