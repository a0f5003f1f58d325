//! Operations that wait, or waited, in this node for a signature: what readers see of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use uuid::Uuid;

use crate::chain::digest::Digest;
use crate::chain::payload::Payload;
use crate::ledger::ids::KeyId;
use crate::ledger::operation::Kind;
use crate::ledger::registry::Party;
use crate::ledger::selection::{Count, Listed, Page, WaitingFilter};
use crate::ledger::time::Millis;
use crate::limits::{WAITING_COUNTED_MAX, WAITING_READ_AT_ONCE_MAX};
use crate::store::node::drafts::{Draft, DraftStatus};

use super::lists::ListError;
use super::node::Node;
use super::officers::Viewer;
use super::operation;
use super::record::{NotAccepted, Outcome, Status};

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

/// The key of an operation that waits or waited here: its id and its party's.
pub type PaperKey = (Uuid, Uuid);

/// An operation that waits or waited here, and how far it is.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Its key.
    pub key: PaperKey,
    /// The party that states it.
    pub party: Arc<Party>,
    /// How far it is.
    pub outcome: Outcome,
}

/// How far operations are that have no place in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unrecorded {
    /// They wait for a signature.
    AwaitingSignature,
    /// Fully signed, and not known to be recorded.
    Submitted,
    /// Not admitted.
    Refused,
    /// Out of time, or withdrawn.
    Expired,
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

    /// The papers of some operations.
    pub async fn papers(&self, keys: &[PaperKey]) -> Result<BTreeMap<PaperKey, Arc<Paper>>, ListError> {
        let ids: BTreeSet<Uuid> = keys.iter().map(|(id, _)| *id).collect();
        let found = self.store().drafts_of_ids(&ids.into_iter().collect::<Vec<_>>()).await?;
        Ok(found.into_iter().map(|draft| ((draft.id, draft.party), Arc::new(Paper::from(draft)))).collect())
    }

    /// A part of the list of operations that have no place in the log, by id.
    pub async fn unrecorded_list(
        &self,
        status: Unrecorded,
        filter: &WaitingFilter,
        page: Page<PaperKey>,
    ) -> Result<Listed<Standing, PaperKey>, NotAccepted> {
        let mut found = Listed::nothing();
        let (mut at, mut rest, mut looked_at) = (page, page.limit, 0);
        while rest > 0 {
            at.limit = rest.min(WAITING_READ_AT_ONCE_MAX);
            looked_at += at.limit;
            let part = self.unrecorded_part(status, filter, at).await?;
            let taken = u64::try_from(part.rows.len()).unwrap_or(u64::MAX);
            let last = part.rows.last().map(|standing| standing.key).filter(|_| taken >= at.limit);
            rest = rest.saturating_sub(taken);
            found.rows.extend(part.rows);
            let Some(next) = part.stopped_at.or(last) else { return Ok(found) };
            if looked_at > WAITING_COUNTED_MAX {
                found.stopped_at = Some(next).filter(|_| rest > 0);
                return Ok(found);
            }
            at.after = Some(next);
        }
        Ok(found)
    }

    /// As many of them as are read at once.
    async fn unrecorded_part(
        &self,
        status: Unrecorded,
        filter: &WaitingFilter,
        page: Page<PaperKey>,
    ) -> Result<Listed<Standing, PaperKey>, NotAccepted> {
        let mut merged = BTreeMap::new();
        let mut stops = Vec::new();
        for stored in status.stored() {
            let found = self.store().drafts_page(*stored, filter, page).await?;
            let is_full = u64::try_from(found.rows.len()).is_ok_and(|rows| rows >= page.limit);
            let last = found.rows.last().filter(|_| is_full).map(|draft| (draft.id, draft.party));
            stops.extend(found.stopped_at.or(last));
            merged.extend(found.rows.into_iter().map(|draft| ((draft.id, draft.party), draft)));
        }
        // What lies beyond the first stop is known of one status only.
        let stopped_at = if page.newest_first { stops.into_iter().max() } else { stops.into_iter().min() };
        let is_within =
            |key: PaperKey| stopped_at.is_none_or(|stop| if page.newest_first { key >= stop } else { key <= stop });
        let mut drafts: Vec<_> = merged.into_iter().filter(|(key, _)| is_within(*key)).collect();
        if page.newest_first {
            drafts.reverse();
        }
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let mut rows = Vec::new();
        for (key, draft) in drafts {
            let Some(party) = self.party_by_id(draft.party) else { continue };
            let outcome = self.standing(&draft).await?;
            // Its time may have run out since it was stored: then it is in another list.
            if status.is_of(&outcome.status) && rows.len() < limit {
                rows.push(Standing { key, party, outcome });
            }
        }
        let stopped_at = stopped_at.filter(|_| rows.len() < limit);
        Ok(Listed { rows, stopped_at })
    }

    /// How many there are.
    pub async fn unrecorded_count(&self, status: Unrecorded, filter: &WaitingFilter) -> Result<Count, NotAccepted> {
        let page = Page { look_max: None, ..Page::newest_first(None, WAITING_COUNTED_MAX + 1) };
        Ok(counted(&self.unrecorded_list(status, filter, page).await?))
    }

    /// A part of what waits for a signature that the viewer may give: of the viewer's party, or
    /// such that the second signature is that party's.
    pub async fn papers_to_approve(
        &self,
        viewer: &Viewer,
        page: Page<PaperKey>,
    ) -> Result<Listed<Standing, PaperKey>, NotAccepted> {
        let now = self.now()?;
        let all = WaitingFilter { signing: Some(viewer.party.id), ..WaitingFilter::default() };
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let mut found = Listed::nothing();
        let mut at = Page { limit: WAITING_READ_AT_ONCE_MAX, ..page };
        let mut looked_at = 0;
        while found.rows.len() < limit {
            let some = self.store().drafts_page(DraftStatus::AwaitingSignature, &all, at).await?;
            let Some(last) = some.rows.last() else {
                found.stopped_at = some.stopped_at;
                return Ok(found);
            };
            at.after = Some((last.id, last.party));
            looked_at += at.limit;
            for draft in some.rows.into_iter().filter(|draft| now <= draft.expires_at) {
                let Some(party) = self.party_by_id(draft.party) else { continue };
                let key = (draft.id, draft.party);
                let outcome = self.standing(&draft).await?;
                if self.may_sign(viewer, &Paper::from(draft)).await && found.rows.len() < limit {
                    found.rows.push(Standing { key, party, outcome });
                }
            }
            if looked_at >= WAITING_COUNTED_MAX && found.rows.len() < limit {
                found.stopped_at = at.after;
                return Ok(found);
            }
        }
        Ok(found)
    }

    /// How many there are.
    pub async fn papers_to_approve_count(&self, viewer: &Viewer) -> Result<Count, NotAccepted> {
        let page = Page::oldest_first(None, WAITING_COUNTED_MAX + 1);
        Ok(counted(&self.papers_to_approve(viewer, page).await?))
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

/// A count of what was found, one more than may be counted at most.
fn counted(found: &Listed<Standing, PaperKey>) -> Count {
    let Count { rows, .. } = Count::whole(found.rows.len());
    let whole = rows <= WAITING_COUNTED_MAX && found.stopped_at.is_none();
    Count { rows: rows.min(WAITING_COUNTED_MAX), whole }
}

impl Unrecorded {
    /// How they are stored.
    fn stored(self) -> &'static [DraftStatus] {
        match self {
            Self::AwaitingSignature => &[DraftStatus::AwaitingSignature],
            Self::Submitted => &[DraftStatus::Submitted],
            Self::Refused => &[DraftStatus::Refused],
            Self::Expired => &[DraftStatus::Expired, DraftStatus::Withdrawn, DraftStatus::AwaitingSignature],
        }
    }

    fn is_of(self, status: &Status) -> bool {
        match self {
            Self::AwaitingSignature => matches!(status, Status::AwaitingSignature { .. }),
            Self::Submitted => matches!(status, Status::Submitted),
            Self::Refused => matches!(status, Status::Refused { .. }),
            Self::Expired => matches!(status, Status::Expired),
        }
    }
}
