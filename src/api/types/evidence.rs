//! What can be shown of hops, people and accounts.

use std::sync::Arc;

use async_graphql::{Context, Object, Result};

use crate::api::request::api;
use crate::api::scalar::{Date, DateTime, Digest};
use crate::chain::digest;
use crate::ledger::ids::{HopId, PartyKey};
use crate::ledger::note::{self, Note, Noted, PersonDigest};

use super::allocation::Allocation;
use super::entry::Entry;
use super::hop::Hop;
use super::money::Money;
use super::names::EvidenceKind;
use super::party::Party;
use super::programme::Programme;

/// One piece of evidence, with the note that states it.
pub struct Evidence {
    note: Arc<Note>,
    evidence: note::Evidence,
}

/// What a bank's evidence says beyond amounts, with the note that states it.
pub struct BankEvidence {
    note: Arc<Note>,
    hop: HopId,
    credited: Option<i64>,
    returned: Option<i64>,
    value_date: Option<chrono::NaiveDate>,
    reason: Option<String>,
}

/// The evidence among notes, in their order.
pub fn of_notes(notes: &[Arc<Note>]) -> Vec<Evidence> {
    let of = |note: &Arc<Note>| match &note.fact {
        Noted::Evidence(evidence) => Some(Evidence { note: note.clone(), evidence: evidence.clone() }),
        _ => None,
    };
    notes.iter().filter_map(of).collect()
}

/// Whether a note is about this hop, and not about something else of the same place.
pub fn is_of_hop(note: &Note, hop: HopId) -> bool {
    matches!(&note.fact, Noted::Evidence(evidence) if evidence.hop == Some(hop))
}

/// What a bank says of this hop among notes, in their order.
pub fn of_bank(notes: &[Arc<Note>], of: HopId) -> Vec<BankEvidence> {
    let bank = |note: &Arc<Note>| match &note.fact {
        Noted::Bank { hop, credited, returned, value_date, reason } if *hop == of => Some(BankEvidence {
            note: note.clone(),
            hop: *hop,
            credited: *credited,
            returned: *returned,
            value_date: *value_date,
            reason: reason.clone(),
        }),
        _ => None,
    };
    notes.iter().filter_map(bank).collect()
}

fn shown(digest: PersonDigest) -> Digest {
    Digest(digest::Digest(digest.0))
}

async fn money_of_hop(ctx: &Context<'_>, hop: HopId, minor: i64) -> Result<Option<Money>> {
    let Some(hop) = api(ctx)?.load.hops.one(hop).await? else { return Ok(None) };
    Ok(Some(Money::of(minor, Allocation::record(ctx, hop.allocation).await?.currency)))
}

fn party(ctx: &Context<'_>, key: Option<PartyKey>) -> Result<Option<Party>> {
    key.map_or(Ok(None), |key| Party::by_key(ctx, key))
}

/// What somebody can show of a hop, a person or an account; it moves no money. Added in 0.1.0.
#[Object]
impl Evidence {
    /// What it is of.
    async fn kind(&self) -> EvidenceKind {
        self.evidence.kind.into()
    }

    /// The hop that it is about; null for what is about a party.
    async fn hop(&self, ctx: &Context<'_>) -> Result<Option<Hop>> {
        match self.evidence.hop {
            Some(id) => Hop::by_id(ctx, id).await,
            None => Ok(None),
        }
    }

    /// The recipient or party that it is about; null for what is about a hop.
    async fn party(&self, ctx: &Context<'_>) -> Result<Option<Party>> {
        party(ctx, self.evidence.party)
    }

    /// The programme whose money it counts, of an account.
    async fn programme(&self, ctx: &Context<'_>) -> Result<Option<Programme>> {
        self.evidence.programme.map_or(Ok(None), |id| Programme::by_id(ctx, id))
    }

    /// How much, of a document or an account.
    async fn amount(&self, ctx: &Context<'_>) -> Result<Option<Money>> {
        let Some(minor) = self.evidence.amount else { return Ok(None) };
        match (self.evidence.hop, self.evidence.programme) {
            (Some(hop), _) => money_of_hop(ctx, hop, minor).await,
            (None, Some(id)) => Ok(Some(Money::of(minor, Programme::known(ctx, id)?.0.currency))),
            (None, None) => Ok(None),
        }
    }

    /// When it was.
    async fn at(&self) -> DateTime {
        self.evidence.at.into()
    }

    /// The digest of the document, or the keyed digest of who collected.
    async fn digest(&self) -> Option<Digest> {
        self.evidence.digest.map(shown)
    }

    /// The keyed digest of the agent or device through which it was collected.
    async fn agent(&self) -> Option<Digest> {
        self.evidence.agent.map(shown)
    }

    /// A reference or reason code.
    async fn reference(&self) -> Option<&str> {
        self.evidence.reference.as_deref()
    }

    /// Who stated it.
    async fn by(&self, ctx: &Context<'_>) -> Result<Party> {
        Party::known(ctx, self.note.by)
    }

    /// The entry that stated it. Null only while the views are behind.
    async fn entry(&self, ctx: &Context<'_>) -> Result<Option<Entry>> {
        Entry::by_index(ctx, self.note.id.0.entry()).await
    }
}

/// What one statement of a payment provider says of a hop, where it says more than amounts. Added
/// in 0.1.0.
#[Object]
impl BankEvidence {
    /// Credited in all; null when it says nothing of that.
    async fn credited(&self, ctx: &Context<'_>) -> Result<Option<Money>> {
        match self.credited {
            Some(minor) => money_of_hop(ctx, self.hop, minor).await,
            None => Ok(None),
        }
    }

    /// Bounced; null when it says nothing of that.
    async fn returned(&self, ctx: &Context<'_>) -> Result<Option<Money>> {
        match self.returned {
            Some(minor) => money_of_hop(ctx, self.hop, minor).await,
            None => Ok(None),
        }
    }

    /// The day on which the account was credited or debited.
    async fn value_date(&self) -> Option<Date> {
        self.value_date.map(Date)
    }

    /// Why, as a code of the external code sets of ISO 20022, such as `AC04`.
    async fn reason_code(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Who stated it.
    async fn by(&self, ctx: &Context<'_>) -> Result<Party> {
        Party::known(ctx, self.note.by)
    }

    /// The entry that stated it. Null only while the views are behind.
    async fn entry(&self, ctx: &Context<'_>) -> Result<Option<Entry>> {
        Entry::by_index(ctx, self.note.id.0.entry()).await
    }
}
