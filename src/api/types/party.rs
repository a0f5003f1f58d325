//! Parties and the keys of their officers.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};

use crate::api::error::behind;
use crate::api::id::NodeId;
use crate::api::request::api;
use crate::api::scalar::{PublicKey, Uuid};
use crate::ledger::ids::PartyKey;
use crate::ledger::registry;

use super::entry::Entry;
use super::names::{Custody, PartyKind, Role};

/// A party, by the ledger's record.
pub struct Party(pub Arc<registry::Party>);

impl Party {
    /// The party of a key.
    pub fn by_key(ctx: &Context<'_>, key: PartyKey) -> Result<Option<Self>> {
        Ok(api(ctx)?.node.tables().parties.get(&key).map(Self))
    }

    /// The party of a key that the books name: every registered party is in memory.
    pub fn known(ctx: &Context<'_>, key: PartyKey) -> Result<Self> {
        Self::by_key(ctx, key)?.ok_or_else(|| behind("the party"))
    }
}

/// A party that takes part: a treasury, an intermediary, a payment provider, a recipient, a
/// supervisor. Its kind, area and level never change. Added in 0.1.0.
#[Object]
impl Party {
    /// Its id in this interface: `prt_` and its UUID without hyphens, also of a recipient.
    pub async fn id(&self) -> ID {
        NodeId::Party(self.0.id).to_id()
    }

    /// Its public id, random, as signed bytes name it.
    async fn uuid(&self) -> Uuid {
        Uuid(self.0.id)
    }

    /// What it is.
    async fn kind(&self) -> PartyKind {
        self.0.kind.into()
    }

    /// What people call it; for a recipient a label that says nothing of the person.
    async fn label(&self) -> &str {
        &self.0.label
    }

    /// How deep in the administration it stands, such as `county`; free text, may be empty.
    async fn level(&self) -> &str {
        &self.0.level
    }

    /// Where it works, as a path of names (`province/county/township`); empty for the whole
    /// country.
    async fn area(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(api(ctx)?.node.area_path(self.0.area))
    }

    /// Whether it is known from an imported document only: it has no keys and signed nothing.
    async fn reported(&self) -> bool {
        self.0.reported
    }

    /// The keys of its officers, revoked ones too, in order of their registration; empty for
    /// who may not see them.
    async fn keys(&self, ctx: &Context<'_>) -> Result<Vec<OfficerKey>> {
        let api = api(ctx)?;
        if !api.reader_if_any().is_some_and(|reader| reader.may_see_keys_of(self.0.key)) {
            return Ok(Vec::new());
        }
        Ok(api.node.keys_of_party(self.0.key).into_iter().map(OfficerKey).collect())
    }
}

/// A registered key.
pub struct OfficerKey(pub Arc<registry::OfficerKey>);

/// A key of an officer: who may sign what, and who holds the private part. Added in 0.1.0.
#[Object]
impl OfficerKey {
    /// The public key.
    async fn public_key(&self) -> PublicKey {
        self.0.key.into()
    }

    /// The officer's public id; an officer may have several keys.
    async fn officer(&self) -> Uuid {
        Uuid(self.0.officer)
    }

    /// The officer's party.
    async fn party(&self, ctx: &Context<'_>) -> Result<Party> {
        Party::known(ctx, self.0.party)
    }

    /// What it may sign.
    async fn roles(&self) -> Vec<Role> {
        self.0.roles.iter().copied().map(Role::from).collect()
    }

    /// Who holds the private key.
    async fn custody(&self) -> Custody {
        self.0.custody.into()
    }

    /// The entry that registered it.
    async fn registered_by(&self, ctx: &Context<'_>) -> Result<Option<Entry>> {
        Entry::by_index(ctx, self.0.registered_by).await
    }

    /// The entry that revoked it; null while it is valid.
    async fn revoked_by(&self, ctx: &Context<'_>) -> Result<Option<Entry>> {
        match self.0.revoked_by {
            Some(index) => Entry::by_index(ctx, index).await,
            None => Ok(None),
        }
    }
}
