//! Operations that wait, or waited, in this node for a signature: what readers see of them.

use uuid::Uuid;

use crate::chain::digest::Digest;
use crate::chain::payload::Payload;
use crate::ledger::ids::KeyId;
use crate::ledger::operation::Kind;
use crate::ledger::time::Millis;
use crate::limits;
use crate::store::node::drafts::{Draft, DraftStatus};

use super::lists::ListError;
use super::node::Node;
use super::officers::Viewer;
use super::operation;

/// The bytes of an operation that waits or waited for a signature.
#[derive(Clone, Debug)]
pub struct Paper {
    /// The party that states it.
    pub party: Uuid,
    /// Its id within its party.
    pub id: Uuid,
    /// Its kind.
    pub kind: Option<Kind>,
    /// The exact bytes to sign.
    pub payload: Vec<u8>,
    /// The lines beside them.
    pub lines: Vec<String>,
    /// Who has signed, in the order in which they did.
    pub signers: Vec<KeyId>,
    /// The officer who made it here.
    pub created_by: Uuid,
    /// When it was made.
    pub created_at: Millis,
}

impl From<Draft> for Paper {
    fn from(draft: Draft) -> Self {
        Self {
            party: draft.party,
            id: draft.id,
            kind: Kind::parse(&draft.kind),
            payload: draft.payload,
            lines: draft.lines.map(|lines| lines.lines().map(str::to_owned).collect()).unwrap_or_default(),
            signers: draft.signatures.iter().map(|signature| signature.key).collect(),
            created_by: draft.created_by,
            created_at: draft.created_at,
        }
    }
}

impl Node {
    /// The paper of an operation; none when it never waited here.
    pub async fn paper(&self, party: Uuid, id: Uuid) -> Result<Option<Paper>, ListError> {
        Ok(self.store().draft(party, id).await?.map(Paper::from))
    }

    /// The parties that stated an operation under an id, here or on the chain.
    pub async fn parties_that_stated(&self, id: Uuid) -> Result<Vec<Uuid>, ListError> {
        let mut parties: Vec<Uuid> =
            self.store().drafts_named(id).await?.into_iter().map(|draft| draft.party).collect();
        let recorded = self.views().operations(&[id]).await?;
        let tables = self.tables();
        parties.extend(recorded.iter().filter_map(|found| tables.parties.get(&found.party)).map(|party| party.id));
        parties.sort_unstable();
        parties.dedup();
        Ok(parties)
    }

    /// What waits for a signature that the viewer may give: of the viewer's party, or such that
    /// the second signature is that party's. Oldest first, with what has not expired.
    pub async fn papers_to_approve(&self, viewer: &Viewer, now: Millis) -> Result<Vec<Paper>, ListError> {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = self.store().drafts_with(DraftStatus::AwaitingSignature, after, limits::PAGE_SIZE_MAX).await?;
            let Some(last) = page.last() else { return Ok(found) };
            after = Some((last.id, last.party));
            for paper in page.into_iter().filter(|draft| now <= draft.expires_at).map(Paper::from) {
                if self.may_sign(viewer, &paper).await {
                    found.push(paper);
                }
            }
        }
    }

    /// The operations that the viewer made and that still wait for another officer, oldest first,
    /// with what has not expired: party and id of each.
    pub async fn awaiting_others(&self, viewer: &Viewer, now: Millis) -> Result<Vec<(Uuid, Uuid)>, ListError> {
        Ok(self.store().drafts_made_by(viewer.officer, DraftStatus::AwaitingSignature, now).await?)
    }

    /// Whether one of the viewer's keys can give a signature that is missing.
    async fn may_sign(&self, viewer: &Viewer, paper: &Paper) -> bool {
        let Ok(payload) = Payload::parse(&paper.payload) else { return false };
        let digest = Digest::of(&paper.payload);
        let Ok(stated) = operation::read_payload(&payload, digest, &paper.signers, &paper.lines) else { return false };
        let Ok((party, needed)) = self.needed(&stated).await else { return false };
        let tables = self.tables();
        let signed: Vec<_> = paper.signers.iter().filter_map(|key| tables.keys.get(key)).map(AsRef::as_ref).collect();
        if signed.iter().any(|key: &&crate::ledger::registry::OfficerKey| key.officer == viewer.officer) {
            return false;
        }
        let missing = needed.missing(&party, &signed).len();
        viewer.keys.iter().any(|key| {
            let mut with = signed.clone();
            with.push(key);
            needed.missing(&party, &with).len() < missing
        })
    }
}
