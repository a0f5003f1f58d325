//! Operations, from the first signature to the log.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};

use crate::api::id::NodeId;
use crate::api::mutation::refusal_code::RefusalCode;
use crate::api::request::api;
use crate::api::scalar::{Bytes, DateTime, OperationId, PublicKey, Uuid};
use crate::ledger::registry::{self, Recorded};
use crate::ledger::time::Millis;
use crate::limits;
use crate::service::operation::id_time;
use crate::service::papers::{Paper, Unrecorded};
use crate::service::record::{Outcome, Status};

use super::entry::{Entry, held_lines};
use super::names::{OperationKind, Role};
use super::party::Party;

/// How far an operation is. Added in 0.1.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum OperationStatus {
    /// It waits for another officer's signature (`missing`).
    AwaitingSignature,
    /// Fully signed; the server does not know yet whether it was recorded. Ask again.
    Submitted,
    /// In the log for ever.
    Recorded,
    /// Not admitted (`refusal`). Nothing changed; the id may be used for a corrected attempt.
    Refused,
    /// Its time ran out, or its party withdrew it. Nothing changed.
    Expired,
}

impl OperationStatus {
    /// How the operations of a status are kept that have no place in the log; none for
    /// `RECORDED`.
    pub fn unrecorded(self) -> Option<Unrecorded> {
        match self {
            Self::AwaitingSignature => Some(Unrecorded::AwaitingSignature),
            Self::Submitted => Some(Unrecorded::Submitted),
            Self::Recorded => None,
            Self::Refused => Some(Unrecorded::Refused),
            Self::Expired => Some(Unrecorded::Expired),
        }
    }
}

/// An operation and what became of it.
pub struct Operation {
    party: Arc<registry::Party>,
    outcome: Outcome,
    recorded: Option<Arc<Recorded>>,
}

impl Operation {
    /// What became of an operation of a party.
    pub fn of(party: Arc<registry::Party>, outcome: Outcome) -> Self {
        let recorded = match &outcome.status {
            Status::Recorded(answer) => Some(answer.recorded.clone()),
            _ => None,
        };
        Self { party, outcome, recorded }
    }

    /// A recorded operation.
    pub fn of_recorded(party: Arc<registry::Party>, recorded: Arc<Recorded>) -> Self {
        let expires_at = id_time(recorded.id).map_or(Millis(0), |at| at.plus(limits::VALIDITY_MS_MAX));
        let outcome = Outcome { id: recorded.id, status: Status::RecordedBefore(recorded.entry), expires_at };
        Self { party, outcome, recorded: Some(recorded) }
    }

    async fn entry_record(&self, ctx: &Context<'_>) -> Result<Option<Arc<Recorded>>> {
        if let Some(recorded) = &self.recorded {
            return Ok(Some(recorded.clone()));
        }
        let Status::RecordedBefore(index) = self.outcome.status else { return Ok(None) };
        Ok(api(ctx)?.load.entries.one(index).await?.map(|record| record.recorded))
    }

    /// The bytes that wait, or waited, for a signature in this node.
    async fn paper(&self, ctx: &Context<'_>) -> Result<Option<Arc<Paper>>> {
        Ok(api(ctx)?.load.papers.one((self.outcome.id, self.party.id)).await?)
    }
}

/// What a party states and signs, and what became of it. Added in 0.1.0.
#[Object]
impl Operation {
    /// Its id in this interface: `opn_...`.
    pub async fn id(&self) -> ID {
        NodeId::Operation { party: self.party.id, id: self.outcome.id }.to_id()
    }

    /// The id that its maker gave it.
    async fn operation_id(&self) -> OperationId {
        OperationId(self.outcome.id)
    }

    /// The party that states it.
    async fn party(&self) -> Party {
        Party(self.party.clone())
    }

    /// How far it is.
    async fn status(&self) -> OperationStatus {
        match self.outcome.status {
            Status::AwaitingSignature { .. } => OperationStatus::AwaitingSignature,
            Status::Submitted => OperationStatus::Submitted,
            Status::Recorded(_) | Status::RecordedBefore(_) => OperationStatus::Recorded,
            Status::Refused { .. } => OperationStatus::Refused,
            Status::Expired => OperationStatus::Expired,
        }
    }

    /// Its place in the log; null unless it is recorded.
    async fn entry(&self, ctx: &Context<'_>) -> Result<Option<Entry>> {
        Ok(self.entry_record(ctx).await?.map(Entry::of))
    }

    /// One element for each signature still missing: the roles of which the signer needs one.
    /// Each signature is of a different officer.
    async fn missing(&self) -> Vec<Vec<Role>> {
        match &self.outcome.status {
            Status::AwaitingSignature { missing } => {
                missing.iter().map(|roles| roles.iter().copied().map(Role::from).collect()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// After this moment it can no longer be recorded.
    async fn expires_at(&self) -> DateTime {
        self.outcome.expires_at.into()
    }

    /// Why it was refused; null unless it was.
    async fn refusal(&self) -> Option<OperationRefusal> {
        match &self.outcome.status {
            Status::Refused { code, message } => {
                let code = RefusalCode::parse(code).unwrap_or(RefusalCode::Malformed);
                Some(OperationRefusal { code, message: message.clone() })
            }
            _ => None,
        }
    }

    /// What kind of operation it is; null when this node does not hold it.
    async fn kind(&self, ctx: &Context<'_>) -> Result<Option<OperationKind>> {
        if let Some(recorded) = self.entry_record(ctx).await? {
            return Ok(Some(recorded.kind.into()));
        }
        Ok(self.paper(ctx).await?.and_then(|paper| paper.kind).map(Into::into))
    }

    /// The exact bytes that were or will be signed: canonical JSON. Read them before you
    /// approve. Null when this node does not hold them as a draft; then see `entry`.
    async fn payload(&self, ctx: &Context<'_>) -> Result<Option<Bytes>> {
        let Some(paper) = self.paper(ctx).await? else { return Ok(None) };
        api(ctx)?.holds(paper.payload.len())?;
        Ok(Some(Bytes(paper.payload.clone())))
    }

    /// The lines that go beside the payload; empty when there are none.
    async fn lines(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        if let Some(paper) = self.paper(ctx).await? {
            return held_lines(api(ctx)?, &paper.lines);
        }
        let Some(recorded) = self.entry_record(ctx).await? else { return Ok(Vec::new()) };
        let stored = api(ctx)?.load.bytes.one(recorded.entry).await?;
        stored.map_or_else(|| Ok(Vec::new()), |stored| held_lines(api(ctx)?, &stored.lines))
    }

    /// The keys that have signed it so far, in the order in which they did.
    async fn signed_by(&self, ctx: &Context<'_>) -> Result<Vec<PublicKey>> {
        if let Some(recorded) = self.entry_record(ctx).await? {
            return Ok(recorded.signers.iter().map(|key| (*key).into()).collect());
        }
        let signers = self.paper(ctx).await?.map(|paper| paper.signers.clone()).unwrap_or_default();
        Ok(signers.into_iter().map(Into::into).collect())
    }

    /// The officer who made it here; null when it never waited here.
    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<Uuid>> {
        Ok(self.paper(ctx).await?.map(|paper| Uuid(paper.created_by)))
    }
}

/// Why an operation was refused. Added in 0.1.0.
#[derive(SimpleObject)]
pub struct OperationRefusal {
    /// The stable code.
    code: RefusalCode,
    /// The reason as a sentence.
    message: String,
}
