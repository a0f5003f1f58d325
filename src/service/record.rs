//! The way of one operation, from what a caller states to the answer, as one page.
//!
//! 1. An edge hands over a typed operation ([`Node::state`]) or a signed envelope
//!    ([`Node::submit`]).
//! 2. Its bytes are made or checked here, off the writer: form, signatures, list.
//! 3. If signatures are missing, it is rehearsed and waits in the node's own store until
//!    another officer approves the same bytes ([`Node::approve`]), it expires, or its maker
//!    withdraws it.
//! 4. Otherwise the orderer admits it, makes it durable and answers from the change itself.
//!
//! An operation id answers the same for ever: the same content finds what became of it, other
//! content is refused.

use std::sync::Arc;

use tracing::info;
use uuid::Uuid;

use crate::chain::envelope::{Envelope, EnvelopeFault};
use crate::chain::key::{PublicKey, Signature};
use crate::chain::payload::Payload;
use crate::ledger::admit::{self, Requirement};
use crate::ledger::ids::KeyId;
use crate::ledger::operation::{Operation, Stated};
use crate::ledger::refusal::Refusal;
use crate::ledger::registry::{OfficerKey, Party, Role};
use crate::ledger::state::Layer;
use crate::ledger::time::Millis;
use crate::store::error::StoreError;
use crate::store::node::drafts::{Draft, DraftInserted, DraftOutcome, DraftSignature, DraftStatus, DraftStep};
use crate::store::node::keyring::KeyringError;

use super::node::Node;
use super::officers::Viewer;
use super::operation::{self, Checked, Header, NotAnOperation, ToSign, Unwritable};
use super::orderer::{Answer, NotRecorded};
use super::signed::Signed;

/// What became of an operation.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its id.
    pub id: Uuid,
    /// How far it is.
    pub status: Status,
    /// When it can no longer be recorded.
    pub expires_at: Millis,
}

/// How far an operation is.
#[derive(Clone, Debug)]
pub enum Status {
    /// It waits for officers with one of these roles each.
    AwaitingSignature {
        /// One element for each signature still missing.
        missing: Vec<Vec<Role>>,
    },
    /// Fully signed; the orderer has not answered yet.
    Submitted,
    /// In the log.
    Recorded(Answer),
    /// In the log, as an earlier caller was told; the entry's index.
    RecordedBefore(u64),
    /// Not admitted, with the code and the sentence.
    Refused {
        /// The stable code.
        code: String,
        /// The sentence.
        message: String,
    },
    /// Its time ran out, or its maker withdrew it.
    Expired,
}

/// Why an operation was not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotAccepted {
    /// The input cannot be written down as an operation.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
    /// The envelope cannot be read.
    #[error(transparent)]
    Envelope(#[from] EnvelopeFault),
    /// The bytes are not an operation.
    #[error(transparent)]
    NotAnOperation(#[from] NotAnOperation),
    /// The books refuse it, or no answer is to be had.
    #[error(transparent)]
    NotRecorded(#[from] NotRecorded),
    /// The node keeps no key of the officer that may sign this.
    #[error("you have no key kept by this node that may sign this ({roles}); use operationDraft and sign it yourself")]
    NoKeyHere {
        /// The roles that would do.
        roles: String,
    },
    /// The id waits with other content.
    #[error("operation id {0} waits for a signature with other content; use a new id")]
    IdWaits(Uuid),
    /// No operation of this id is waiting.
    #[error("no operation {0} is waiting")]
    NotWaiting(Uuid),
    /// The operation is of another party.
    #[error("only the party that states the operation can do this")]
    NotYourParty,
    /// The node's own store does not answer.
    #[error("the node's own store is not available; try again")]
    Store(#[from] StoreError),
    /// The node's keys do not answer.
    #[error("the node cannot use the key it keeps for you")]
    Keyring(#[from] KeyringError),
}

impl NotAccepted {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unwritable(Unwritable::Id(_)) => "BAD_OPERATION_ID",
            Self::Unwritable(Unwritable::Line { .. } | Unwritable::List(_) | Unwritable::Total) => "BAD_LIST",
            Self::Unwritable(_) | Self::Envelope(_) => "MALFORMED",
            Self::NotAnOperation(why) => why.code(),
            Self::NotRecorded(why) => why.code(),
            Self::NoKeyHere { .. } => "NO_KEY_HERE",
            Self::IdWaits(_) => "OPERATION_ID_REUSED",
            Self::NotWaiting(_) => "NOT_WAITING",
            Self::NotYourParty => "NOT_YOURS",
            Self::Store(_) => "STORE_UNAVAILABLE",
            Self::Keyring(_) => "KEYRING_UNAVAILABLE",
        }
    }
}

impl From<Refusal> for NotAccepted {
    fn from(refusal: Refusal) -> Self {
        Self::NotRecorded(NotRecorded::Refused(refusal))
    }
}

impl Node {
    /// States an operation for a logged-in officer whose key the node keeps.
    pub async fn state(
        &self,
        viewer: &Viewer,
        id: Uuid,
        occurred_at: Option<Millis>,
        operation: Operation,
    ) -> Result<Outcome, NotAccepted> {
        let outcome = match self.first_signed(viewer, id, occurred_at, &operation).await {
            Ok((signed, lines)) => self.accept(viewer, signed, lines).await,
            Err(why) => Err(why),
        };
        self.counted(outcome)
    }

    /// An operation with the first signature, by a key that the node keeps for the viewer.
    pub(super) async fn first_signed(
        &self,
        viewer: &Viewer,
        id: Uuid,
        occurred_at: Option<Millis>,
        operation: &Operation,
    ) -> Result<(Signed, Vec<String>), NotAccepted> {
        let to_sign = self.draft(viewer, id, occurred_at, operation)?;
        let stated = self.stated(&to_sign, &[])?;
        let key = self.key_for(viewer, &stated, &[]).await?;
        Ok((Signed::of(self.sign(to_sign.payload, key)?)?, to_sign.lines))
    }

    /// The exact bytes to sign for an operation of the viewer's party.
    pub fn draft(
        &self,
        viewer: &Viewer,
        id: Uuid,
        occurred_at: Option<Millis>,
        operation: &Operation,
    ) -> Result<ToSign, Unwritable> {
        let header = Header { chain: self.chain_id(), id, party: viewer.party.id, occurred_at };
        operation::to_sign(&header, operation, self.salt_key())
    }

    /// Takes an envelope that its signers made themselves, with some or all signatures, as
    /// [`Signed::read`] read it or not.
    pub async fn submit(
        &self,
        viewer: &Viewer,
        read: Result<Signed, NotAccepted>,
        lines: Vec<String>,
    ) -> Result<Outcome, NotAccepted> {
        let outcome = match read {
            Ok(signed) => self.accept(viewer, signed, lines).await,
            Err(why) => Err(why),
        };
        self.counted(outcome)
    }

    /// Adds the viewer's signature, by a key that the node keeps, to an operation that waits.
    pub async fn approve(&self, viewer: &Viewer, id: Uuid) -> Result<Outcome, NotAccepted> {
        self.counted(self.sign_waiting(viewer, id).await)
    }

    async fn sign_waiting(&self, viewer: &Viewer, id: Uuid) -> Result<Outcome, NotAccepted> {
        let draft = self.waiting_draft(viewer, id).await?;
        if draft.status == DraftStatus::Submitted {
            return self.resume(&draft).await;
        }
        let envelope = envelope_of(&draft)?;
        let lines = lines_of(&draft);
        let stated =
            self.stated(&ToSign { payload: draft.payload.clone(), lines: lines.clone() }, &keys_of(&envelope))?;
        let signed = self.officer_keys(&stated.signers)?;
        if signed.iter().any(|key| key.officer == viewer.officer) {
            // Both signatures are there, and the node stopped before it went on with them.
            if self.missing(&stated).await?.is_empty() {
                return self.accept(viewer, Signed::of(envelope)?, lines).await;
            }
            return Err(Refusal::SameOfficer.into());
        }
        let key = self.key_for(viewer, &stated, &signed).await?;
        let signature = self.keyring().sign(key, &crate::chain::envelope::signing_bytes(envelope.payload()))?;
        let whole = envelope.and_signature(PublicKey(key.0), Signature(signature))?;
        self.accept(viewer, Signed::of(whole)?, lines).await
    }

    /// Withdraws an operation that waits; any officer of its party may.
    pub async fn withdraw(&self, viewer: &Viewer, id: Uuid) -> Result<Outcome, NotAccepted> {
        let draft = self.waiting_draft(viewer, id).await?;
        if draft.party != viewer.party.id {
            return Err(NotAccepted::NotYourParty);
        }
        let steps = (DraftStatus::AwaitingSignature, DraftStatus::Withdrawn);
        if !self.step(draft.party, id, steps, None, None).await? {
            return Err(NotAccepted::NotWaiting(id));
        }
        info!(operation.id = %id, "operation withdrawn");
        Ok(Outcome { id, status: Status::Expired, expires_at: draft.expires_at })
    }

    /// What became of an operation of a party; none when nobody here has seen it.
    pub async fn outcome(&self, party: &Party, id: Uuid) -> Result<Option<Outcome>, NotAccepted> {
        if let Some(draft) = self.store().draft(party.id, id).await? {
            return self.standing(&draft).await.map(Some);
        }
        Ok(self.recorded(party, id).await?.map(|(entry, expires_at)| Outcome {
            id,
            status: Status::RecordedBefore(entry),
            expires_at,
        }))
    }

    /// The same outcome, counted when it is a refusal.
    fn counted(&self, outcome: Result<Outcome, NotAccepted>) -> Result<Outcome, NotAccepted> {
        outcome.inspect_err(|why| self.metrics().refused(why.code()))
    }

    /// Signed bytes from any caller: checked, merged with what waits under the same id, and
    /// recorded once whole.
    async fn accept(&self, viewer: &Viewer, signed: Signed, lines: Vec<String>) -> Result<Outcome, NotAccepted> {
        let (envelope, checked) = signed.check(lines, &self.chain_id())?;
        let stated = &checked.stated;
        let (party, needed) = self.needed(stated).await?;
        if viewer.party.key != party.key && needed.second_party != Some(viewer.party.key) {
            return Err(NotAccepted::NotYourParty);
        }
        if needed.roles.len() < 2 {
            let expires_at = stated.expires_at;
            let answer = self.recorder().record(checked).await?;
            return Ok(recorded(answer, expires_at));
        }
        self.accept_for_two(viewer, envelope, checked, &party).await
    }

    /// An operation that needs two officers: kept until both have signed the same bytes.
    async fn accept_for_two(
        &self,
        viewer: &Viewer,
        envelope: Envelope,
        checked: Checked,
        party: &Party,
    ) -> Result<Outcome, NotAccepted> {
        let (id, expires_at) = (checked.stated.id, checked.stated.expires_at);
        let checked = match self.standing_draft(party.id, id, envelope.payload()).await? {
            None => {
                if let Some((entry, expires_at)) = self.recorded(party, id).await? {
                    // The orderer knows whether the content is the same.
                    self.recorder().record(checked).await?;
                    return Ok(Outcome { id, status: Status::RecordedBefore(entry), expires_at });
                }
                self.recorder().rehearse(checked.clone()).await?;
                let draft = self.new_draft(viewer, &envelope, &checked, party)?;
                match self.store().insert_draft(&draft).await? {
                    DraftInserted::New => checked,
                    DraftInserted::Existing(draft) => self.merge(*draft, &envelope, checked.lines).await?,
                }
            }
            Some(draft) if draft.payload == envelope.payload() && draft.status == DraftStatus::Submitted => {
                return self.resume(&draft).await;
            }
            Some(draft) if draft.payload == envelope.payload() && draft.status != DraftStatus::AwaitingSignature => {
                return self.standing(&draft).await;
            }
            Some(draft) => self.merge(draft, &envelope, checked.lines).await?,
        };
        let missing = self.missing(&checked.stated).await?;
        if !missing.is_empty() {
            return Ok(Outcome { id, status: Status::AwaitingSignature { missing }, expires_at });
        }
        let steps = (DraftStatus::AwaitingSignature, DraftStatus::Submitted);
        if self.step(party.id, id, steps, None, None).await? {
            return self.record_draft(party.id, checked).await;
        }
        // Another caller was faster: with the same last step, or with a withdrawal.
        match self.store().draft(party.id, id).await? {
            Some(draft) if draft.status == DraftStatus::Submitted => self.resume(&draft).await,
            Some(draft) => self.standing(&draft).await,
            None => Err(NotAccepted::NotWaiting(id)),
        }
    }

    /// Goes on with an operation that was fully signed and got no answer. A replay is harmless.
    async fn resume(&self, draft: &Draft) -> Result<Outcome, NotAccepted> {
        let envelope = envelope_of(draft)?.to_entry_bytes();
        let checked = Checked::new(envelope, lines_of(draft), &self.chain_id())?;
        self.record_draft(draft.party, checked).await
    }

    /// The draft that an operation id stands for. One that ended without being recorded leaves
    /// no trace: a corrected attempt keeps its id, and a refused one may be tried again.
    async fn standing_draft(&self, party: Uuid, id: Uuid, payload: &[u8]) -> Result<Option<Draft>, NotAccepted> {
        let Some(draft) = self.store().draft(party, id).await? else { return Ok(None) };
        let ended = match draft.status {
            DraftStatus::Refused => true,
            DraftStatus::Withdrawn | DraftStatus::Expired => draft.payload != payload,
            _ => false,
        };
        if !ended {
            return Ok(Some(draft));
        }
        self.store().remove_draft(party, id, draft.status).await?;
        Ok(None)
    }

    /// Records a fully signed draft and notes what became of it.
    pub(super) async fn record_draft(&self, party: Uuid, checked: Checked) -> Result<Outcome, NotAccepted> {
        let (id, expires_at) = (checked.stated.id, checked.stated.expires_at);
        match self.recorder().record(checked).await {
            Ok(answer) => {
                let steps = (DraftStatus::Submitted, DraftStatus::Recorded);
                self.step(party, id, steps, None, Some(answer.recorded.entry)).await?;
                Ok(recorded(answer, expires_at))
            }
            Err(NotRecorded::Refused(refusal)) => {
                let outcome = DraftOutcome { code: refusal.code().to_owned(), message: refusal.to_string() };
                let steps = (DraftStatus::Submitted, DraftStatus::Refused);
                self.step(party, id, steps, Some(outcome), None).await?;
                Err(refusal.into())
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Adds the signatures of an envelope to those that wait over the same bytes.
    async fn merge(&self, draft: Draft, envelope: &Envelope, lines: Vec<String>) -> Result<Checked, NotAccepted> {
        if draft.payload != envelope.payload() {
            return Err(NotAccepted::IdWaits(draft.id));
        }
        let mut whole = envelope_of(&draft)?;
        let before = draft.signatures.len();
        let mut added = Vec::new();
        for (key, signature) in envelope.signatures() {
            if !whole.keys().any(|known| known == *key) {
                whole = whole.and_signature(*key, *signature)?;
                added.push(DraftSignature { key: KeyId(key.0), signature: signature.0 });
            }
        }
        let (_, whole) = Signed::of(whole)?.check(lines, &self.chain_id())?;
        if added.is_empty() {
            return Ok(whole);
        }
        if let Err(why) = self.recorder().rehearse(whole.clone()).await {
            self.void(&draft, &why).await?;
            return Err(why.into());
        }
        for (at, signature) in added.into_iter().enumerate() {
            // Somebody else was faster: the caller asks again and finds what became of it.
            if !self.store().add_draft_signature(draft.party, draft.id, before + at, signature).await? {
                return Err(NotAccepted::NotWaiting(draft.id));
            }
        }
        Ok(whole)
    }

    /// A key that was revoked while its signature waited voids the draft, which is made anew.
    async fn void(&self, draft: &Draft, why: &NotRecorded) -> Result<(), NotAccepted> {
        let NotRecorded::Refused(refusal @ Refusal::RevokedKey { key, .. }) = why else { return Ok(()) };
        if draft.signatures.iter().any(|signature| signature.key == *key) {
            let outcome = DraftOutcome { code: refusal.code().to_owned(), message: refusal.to_string() };
            let steps = (DraftStatus::AwaitingSignature, DraftStatus::Refused);
            self.step(draft.party, draft.id, steps, Some(outcome), None).await?;
        }
        Ok(())
    }

    fn new_draft(
        &self,
        viewer: &Viewer,
        envelope: &Envelope,
        checked: &Checked,
        party: &Party,
    ) -> Result<Draft, NotAccepted> {
        let (signatures, lines) = (envelope.signatures().iter(), &checked.lines);
        Ok(Draft {
            party: party.id,
            id: checked.stated.id,
            kind: checked.stated.operation.kind().name().to_owned(),
            payload: envelope.payload().to_vec(),
            lines: (!lines.is_empty()).then(|| lines.join("\n")),
            signatures: signatures.map(|(key, s)| DraftSignature { key: KeyId(key.0), signature: s.0 }).collect(),
            created_by: viewer.officer,
            created_at: self.now()?,
            expires_at: checked.stated.expires_at,
            status: DraftStatus::AwaitingSignature,
            outcome: None,
            entry: None,
        })
    }

    /// Moves a draft on; false when it moved already: the other caller's step stands.
    async fn step(
        &self,
        party: Uuid,
        id: Uuid,
        (from, to): (DraftStatus, DraftStatus),
        outcome: Option<DraftOutcome>,
        entry: Option<u64>,
    ) -> Result<bool, NotAccepted> {
        Ok(self.store().step_draft(party, id, DraftStep { from, to, outcome, entry }).await?)
    }

    /// How far a draft is now.
    pub(super) async fn standing(&self, draft: &Draft) -> Result<Outcome, NotAccepted> {
        let expires_at = draft.expires_at;
        let status = match draft.status {
            DraftStatus::AwaitingSignature if self.now()? > expires_at => Status::Expired,
            DraftStatus::AwaitingSignature => {
                let envelope = envelope_of(draft)?;
                let to_sign = ToSign { payload: draft.payload.clone(), lines: lines_of(draft) };
                let stated = self.stated(&to_sign, &keys_of(&envelope))?;
                Status::AwaitingSignature { missing: self.missing(&stated).await? }
            }
            DraftStatus::Withdrawn | DraftStatus::Expired => Status::Expired,
            DraftStatus::Submitted => Status::Submitted,
            DraftStatus::Recorded => Status::RecordedBefore(draft.entry.unwrap_or(0)),
            DraftStatus::Refused => {
                let why = draft.outcome.clone();
                let (code, message) = why.map_or_else(Default::default, |why| (why.code, why.message));
                Status::Refused { code, message }
            }
        };
        Ok(Outcome { id: draft.id, status, expires_at })
    }

    /// A draft that waits and that the viewer's party takes part in.
    async fn waiting_draft(&self, viewer: &Viewer, id: Uuid) -> Result<Draft, NotAccepted> {
        let now = self.now()?;
        for draft in self.store().drafts_named(id).await? {
            let is_party_to = draft.party == viewer.party.id || self.takes_part(&draft, viewer).await?;
            if is_party_to && draft.status == DraftStatus::Submitted {
                return Ok(draft);
            }
            if is_party_to && draft.status == DraftStatus::AwaitingSignature {
                return match now > draft.expires_at {
                    true => Err(Refusal::Expired { expires_at: draft.expires_at, now }.into()),
                    false => Ok(draft),
                };
            }
        }
        Err(NotAccepted::NotWaiting(id))
    }

    /// Whether the second signature is the viewer's party's.
    async fn takes_part(&self, draft: &Draft, viewer: &Viewer) -> Result<bool, NotAccepted> {
        let stated = self.stated(&ToSign { payload: draft.payload.clone(), lines: lines_of(draft) }, &[])?;
        Ok(self.needed(&stated).await?.1.second_party == Some(viewer.party.key))
    }

    /// The party that states an operation, and the signatures that it needs. Those of a
    /// reversal depend on records that may have left memory; only the orderer can fetch them.
    pub(super) async fn needed(&self, stated: &Stated) -> Result<(Arc<Party>, Requirement), NotAccepted> {
        let party = self.party_by_id(stated.party).ok_or(Refusal::UnknownSigner)?;
        let needed = match &stated.operation {
            Operation::EntryReverse(_) => self.recorder().requirement(stated.clone()).await?,
            _ => admit::requirement(&Layer::bottom(&self.tables()), stated, &party),
        };
        Ok((party, needed))
    }

    /// Reads bytes that were made here, as signed by these keys.
    fn stated(&self, to_sign: &ToSign, signers: &[KeyId]) -> Result<Stated, NotAccepted> {
        let payload = Payload::parse(&to_sign.payload).map_err(Unwritable::Payload)?;
        let digest = crate::chain::digest::Digest::of(&to_sign.payload);
        Ok(operation::read_payload(&payload, digest, signers, &to_sign.lines)?)
    }

    /// The viewer's key, kept here, for the next signature that is missing.
    async fn key_for(
        &self,
        viewer: &Viewer,
        stated: &Stated,
        signed: &[Arc<OfficerKey>],
    ) -> Result<KeyId, NotAccepted> {
        let (party, needed) = self.needed(stated).await?;
        let signed: Vec<&OfficerKey> = signed.iter().map(AsRef::as_ref).collect();
        viewer.signing_key(&needed, &party, &signed).ok_or_else(|| {
            let roles = needed.missing(&party, &signed);
            NotAccepted::NoKeyHere { roles: roles_text(roles.first().copied().unwrap_or_default()) }
        })
    }

    async fn missing(&self, stated: &Stated) -> Result<Vec<Vec<Role>>, NotAccepted> {
        let (party, needed) = self.needed(stated).await?;
        let signed = self.officer_keys(&stated.signers)?;
        let signed: Vec<&OfficerKey> = signed.iter().map(AsRef::as_ref).collect();
        Ok(needed.missing(&party, &signed).into_iter().map(<[Role]>::to_vec).collect())
    }

    fn officer_keys(&self, ids: &[KeyId]) -> Result<Vec<Arc<OfficerKey>>, NotAccepted> {
        let tables = self.tables();
        ids.iter()
            .map(|id| tables.keys.get(id).cloned().ok_or_else(|| Refusal::UnknownKey { key: *id }.into()))
            .collect()
    }

    fn sign(&self, payload: Vec<u8>, key: KeyId) -> Result<Envelope, NotAccepted> {
        let signature = self.keyring().sign(key, &crate::chain::envelope::signing_bytes(&payload))?;
        Ok(Envelope::new(payload, vec![(PublicKey(key.0), Signature(signature))])?)
    }
}

fn recorded(answer: Answer, expires_at: Millis) -> Outcome {
    Outcome { id: answer.recorded.id, status: Status::Recorded(answer), expires_at }
}

fn keys_of(envelope: &Envelope) -> Vec<KeyId> {
    envelope.keys().map(|key| KeyId(key.0)).collect()
}

pub(super) fn lines_of(draft: &Draft) -> Vec<String> {
    draft.lines.iter().flat_map(|lines| lines.split('\n')).map(str::to_owned).collect()
}

pub(super) fn envelope_of(draft: &Draft) -> Result<Envelope, NotAccepted> {
    let signatures = draft.signatures.iter().map(|s| (PublicKey(s.key.0), Signature(s.signature))).collect();
    Ok(Envelope::new(draft.payload.clone(), signatures)?)
}

/// Roles as a sentence names them.
pub fn roles_text(roles: &[Role]) -> String {
    roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(" or ")
}
