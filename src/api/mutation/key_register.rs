//! `keyRegister`: registers an officer's key.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::scalar::{DateTime, OperationId, PublicKey, Uuid};
use crate::api::types::names::{Custody, Role};
use crate::api::types::party::OfficerKey;
use crate::ledger::ids::KeyId;
use crate::ledger::operation::{KeyRegister, Operation};
use crate::ledger::registry;

use super::fault::{Fault, Fields, NotTaken};
use super::payload::{header, payload};
use super::reading::{InputReader, Stating};
use super::refusal_code::RefusalCode;
use super::way;

/// Registers a key of an officer. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct KeyRegisterInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The party that the officer signs for, by its id.
    pub party: ID,
    /// The officer's public id; made by the server when left out. An officer may have several keys.
    pub officer: Option<Uuid>,
    /// Who holds the private key.
    pub custody: Custody,
    /// The public key; given with custody `HOLDER`, made and kept by the server with `NODE`.
    pub public_key: Option<PublicKey>,
    /// What the key may sign; at least one.
    pub roles: Vec<Role>,
}

impl Stating for KeyRegisterInput {
    const FIELDS: Fields = Fields { key: "publicKey", party: "party", texts: &["roles"], ..Fields::NONE };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let party = reader.party(&["party"], &self.party);
        let officer = self.officer.map_or_else(|| reader.node().derived_id(reader.operation, "officer"), |id| id.0);
        let key = match (self.custody, self.public_key) {
            (Custody::Holder, Some(key)) => Some(KeyId(key.0.0)),
            (Custody::Node, None) => held_key(reader, officer).await,
            (Custody::Holder, None) => {
                let message = "give the public key; its private part stays with you";
                reader.fault(Fault::at(&["publicKey"], RefusalCode::ExactlyOne, message));
                None
            }
            (Custody::Node, Some(_)) => {
                let message = "the server makes the key that it keeps; give none";
                reader.fault(Fault::at(&["publicKey"], RefusalCode::ExactlyOne, message));
                None
            }
        };
        let mut roles: Vec<_> = self.roles.iter().copied().map(registry::Role::from).collect();
        roles.sort_unstable();
        roles.dedup();
        let custody = self.custody.into();
        Some(Operation::KeyRegister(KeyRegister { custody, key: key?, officer, party: party?, roles }))
    }
}

/// A key that the server keeps. Only a registrar can have one made: others would fill the store.
async fn held_key(reader: &mut InputReader<'_>, officer: uuid::Uuid) -> Option<KeyId> {
    if !reader.viewer.has(registry::Role::Registrar) {
        let message = "the operation needs an officer who is REGISTRAR";
        reader.fault(Fault { field: None, message: message.to_owned(), code: RefusalCode::RoleMissing });
        return None;
    }
    match reader.node().make_held_key(reader.operation, officer).await {
        Ok(key) => Some(key),
        Err(why) => {
            match NotTaken::of(why, &Fields::NONE) {
                NotTaken::Error(error) => reader.broke(error),
                NotTaken::Faults(faults) => faults.into_iter().for_each(|fault| reader.fault(fault)),
            }
            None
        }
    }
}

payload! {
    /// The answer to `keyRegister`. Added in 0.1.0.
    KeyRegisterPayload;
    /// Why the key was not registered. Added in 0.1.0.
    KeyRegisterUserError;
    {
        /// The key; null unless recorded.
        key: OfficerKey,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct KeyRegisterMutation;

#[Object]
impl KeyRegisterMutation {
    /// Registers an officer's key. Needs a registrar. With custody `NODE` the server makes the key,
    /// keeps it encrypted and signs with it for that officer's login. Added in 0.1.0.
    async fn key_register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: KeyRegisterInput,
    ) -> Result<KeyRegisterPayload> {
        let told = way::state(ctx, &input).await?;
        let key = told.made().and_then(|made| made.keys.first()).cloned().map(OfficerKey);
        Ok(KeyRegisterPayload { key, ..told.into() })
    }
}
