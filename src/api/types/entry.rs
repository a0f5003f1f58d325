//! Entries of the log.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};

use crate::api::error::behind;
use crate::api::id::NodeId;
use crate::api::page::{Args, ListOrder, cost};
use crate::api::request::{Api, api};
use crate::api::scalar::{Bytes, DateTime, Digest, LogIndex, OperationId, PublicKey, Uuid};
use crate::chain::digest;
use crate::ledger::ids::{self, KeyId, Place};
use crate::ledger::registry::{OfficerKey, Recorded};
use crate::ledger::selection::{HopFilter, Span, TokenFilter};
use crate::service::lists::EntryBytes;

use super::hop::{HopConnection, hops};
use super::imported::ImportedSums;
use super::names::{Basis, Custody, OperationKind};
use super::operation::Operation;
use super::party::Party;
use super::reference::Reference;
use super::token::{TokenConnection, tokens};

/// An entry, by the ledger's record of its operation.
pub struct Entry {
    recorded: Arc<Recorded>,
}

impl Entry {
    /// The entry of a recorded operation.
    pub fn of(recorded: Arc<Recorded>) -> Self {
        Self { recorded }
    }

    /// The entry of an index.
    pub async fn by_index(ctx: &Context<'_>, index: u64) -> Result<Option<Self>> {
        let found = api(ctx)?.load.entries.one(index).await?;
        Ok(found.map(|record| Self { recorded: record.recorded }))
    }

    /// Whether the caller may read what the entry says.
    fn is_open(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(api(ctx)?.reader_if_any().is_some_and(|reader| reader.may_see_entry(&self.recorded)))
    }
}

/// An operation's place in the log. That it is there, and its leaf, is public; what it says is
/// null for who may not see it. Added in 0.1.0.
#[Object]
impl Entry {
    /// Its id in this interface: `ent_...`.
    pub async fn id(&self) -> ID {
        NodeId::Entry(self.recorded.entry).to_id()
    }

    /// Its place in the log, from 0.
    async fn index(&self) -> LogIndex {
        LogIndex(self.recorded.entry)
    }

    /// Its leaf in the log: SHA-256 of its exact bytes (`envelope`). The hash in the tree is
    /// SHA-256 of a zero byte and this (RFC 6962). Null only while the views are behind.
    async fn leaf(&self, ctx: &Context<'_>) -> Result<Option<Digest>> {
        let found = api(ctx)?.load.entries.one(self.recorded.entry).await?;
        Ok(found.map(|record| Digest(digest::Digest(record.leaf))))
    }

    /// The height of the block that it is in, from 0. Null only while the views are behind.
    async fn height(&self, ctx: &Context<'_>) -> Result<Option<LogIndex>> {
        Ok(api(ctx)?.load.heights.one(self.recorded.recorded_at).await?.map(LogIndex))
    }

    /// When it was recorded: its block's time.
    async fn recorded_at(&self) -> DateTime {
        self.recorded.recorded_at.into()
    }

    /// When what it states happened, says its signer.
    async fn occurred_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
        Ok(self.is_open(ctx)?.then(|| self.recorded.occurred_at.into()))
    }

    /// What kind of operation it is.
    async fn kind(&self, ctx: &Context<'_>) -> Result<Option<OperationKind>> {
        Ok(self.is_open(ctx)?.then(|| self.recorded.kind.into()))
    }

    /// The party that speaks.
    async fn party(&self, ctx: &Context<'_>) -> Result<Option<Party>> {
        if !self.is_open(ctx)? {
            return Ok(None);
        }
        Party::by_key(ctx, self.recorded.party)
    }

    /// Who vouches for what it says.
    async fn basis(&self, ctx: &Context<'_>) -> Result<Option<Basis>> {
        Ok(self.is_open(ctx)?.then(|| self.recorded.basis.into()))
    }

    /// The operation's id, made by its signer.
    async fn operation_id(&self, ctx: &Context<'_>) -> Result<Option<OperationId>> {
        Ok(self.is_open(ctx)?.then_some(OperationId(self.recorded.id)))
    }

    /// The operation that it records.
    async fn operation(&self, ctx: &Context<'_>) -> Result<Option<Operation>> {
        if !self.is_open(ctx)? {
            return Ok(None);
        }
        let party = api(ctx)?.node.tables().parties.get(&self.recorded.party);
        Ok(party.map(|party| Operation::of_recorded(party, self.recorded.clone())))
    }

    /// SHA-256 of the signed payload, by which later operations refer to it.
    async fn payload_digest(&self, ctx: &Context<'_>) -> Result<Option<Digest>> {
        Ok(self.is_open(ctx)?.then(|| Digest(digest::Digest(self.recorded.digest.0))))
    }

    /// Who signed, in order of key id; empty for who may not see it.
    async fn signers(&self, ctx: &Context<'_>) -> Result<Vec<Signer>> {
        if !self.is_open(ctx)? {
            return Ok(Vec::new());
        }
        let api = api(ctx)?;
        let tables = api.node.tables();
        // Every registered key is in memory, and who signed had one.
        let signer = |id: &KeyId| tables.keys.get(id).cloned().map(Signer).ok_or_else(|| behind("a key"));
        self.recorded.signers.iter().map(signer).collect()
    }

    /// The exact bytes that were signed and stored: a DSSE envelope in canonical JSON. Verify
    /// the signatures over the payload inside it.
    async fn envelope(&self, ctx: &Context<'_>) -> Result<Option<Bytes>> {
        let Some(stored) = self.stored(ctx).await? else { return Ok(None) };
        api(ctx)?.holds(stored.envelope.len())?;
        Ok(Some(Bytes(stored.envelope.clone())))
    }

    /// What the rows that it imported come to in the books, as it recorded them; null for an entry
    /// that is no import of a table, for who may not see it, and while the views are behind.
    async fn imported(&self, ctx: &Context<'_>) -> Result<Option<ImportedSums>> {
        match self.is_open(ctx)? {
            true => ImportedSums::of(ctx, &self.recorded).await,
            false => Ok(None),
        }
    }

    /// The hops that it opened, in order, as they stand now: each payment of a dispatch, a return, a
    /// recovery. Null for who may not see what it says. What it says of an older hop is in
    /// `Hop.entries` there.
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn hops(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<Option<HopConnection>> {
        if !self.is_open(ctx)? {
            return Ok(None);
        }
        let filter = HopFilter { opened: self.span(), ..HopFilter::default() };
        hops(ctx, filter, Some(ListOrder::OldestFirst), Args { first, after, last, before }).await.map(Some)
    }

    /// The tokens that it made, in order, as they stand now, spent ones too; null for who may not
    /// see what it says.
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn tokens(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<Option<TokenConnection>> {
        if !self.is_open(ctx)? {
            return Ok(None);
        }
        let filter = TokenFilter { made: self.span(), ..TokenFilter::default() };
        tokens(ctx, filter, Some(ListOrder::OldestFirst), Args { first, after, last, before }).await.map(Some)
    }

    /// The lines that the payload's list commits to, in order, each with its salt; empty for a
    /// kind without lines, null for who may not see them.
    async fn lines(&self, ctx: &Context<'_>) -> Result<Option<Vec<String>>> {
        let Some(stored) = self.stored(ctx).await? else { return Ok(None) };
        held_lines(api(ctx)?, &stored.lines).map(Some)
    }
}

impl Entry {
    /// What was made by this entry alone.
    fn span(&self) -> Span {
        Span { from: Some(self.recorded.entry), before: Some(self.recorded.entry + 1) }
    }

    async fn stored(&self, ctx: &Context<'_>) -> Result<Option<Arc<EntryBytes>>> {
        if !self.is_open(ctx)? {
            return Ok(None);
        }
        Ok(api(ctx)?.load.bytes.one(self.recorded.entry).await?)
    }
}

/// Lines for an answer, counted.
pub fn held_lines(api: &Api, lines: &[String]) -> Result<Vec<String>> {
    api.holds(lines.iter().map(String::len).sum())?;
    Ok(lines.to_vec())
}

/// Who signed an entry.
pub struct Signer(Arc<OfficerKey>);

/// One signature of an entry: whose key, and who holds it. Added in 0.1.0.
#[Object]
impl Signer {
    /// The public key.
    async fn public_key(&self) -> PublicKey {
        self.0.key.into()
    }

    /// The officer whose key it is.
    async fn officer(&self) -> Uuid {
        Uuid(self.0.officer)
    }

    /// The officer's party.
    async fn party(&self, ctx: &Context<'_>) -> Result<Party> {
        Party::known(ctx, self.0.party)
    }

    /// Who holds the private key: a signature by a key that a node keeps is that node's word
    /// that the officer was logged in.
    async fn custody(&self) -> Custody {
        self.0.custody.into()
    }
}

/// How signed bytes name what stands at a place of the log.
pub async fn reference(ctx: &Context<'_>, place: Place) -> Result<Option<Reference>> {
    let found = api(ctx)?.load.entries.one(place.entry()).await?;
    Ok(found.map(|record| {
        let recorded = &record.recorded;
        ids::Reference { digest: recorded.digest, operation: recorded.id, output: place.position() }.into()
    }))
}
