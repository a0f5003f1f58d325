//! Operations that await a signature, and what became of them.
//!
//! Every change is a compare-and-set: two officers who sign at the same moment, or one who
//! signs while another withdraws, cannot undo each other. Payload and lines never change.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{NodeStore, uuid_of};
use crate::ledger::ids::KeyId;
use crate::ledger::operation::Kind;
use crate::ledger::selection::{Listed, Page, WaitingFilter};
use crate::ledger::time::Millis;
use crate::store::error::StoreError;

const DRAFT: &str = "an operation that awaits a signature";

/// An operation before it is on the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The party that states it.
    pub party: Uuid,
    /// The operation's id, unique within the party.
    pub id: Uuid,
    /// Its kind, such as `ALLOCATION_CREATE`.
    pub kind: String,
    /// The exact bytes to sign.
    pub payload: Vec<u8>,
    /// The lines of a bulk operation, joined by line feeds.
    pub lines: Option<String>,
    /// The signatures so far, in the order in which they came.
    pub signatures: Vec<DraftSignature>,
    /// The officer who made it.
    pub created_by: Uuid,
    /// When it was made.
    pub created_at: Millis,
    /// After this moment the ledger no longer takes it.
    pub expires_at: Millis,
    /// Where it stands.
    pub status: DraftStatus,
    /// Why it was refused.
    pub outcome: Option<DraftOutcome>,
    /// Its place in the log, once recorded.
    pub entry: Option<u64>,
}

/// One signature over a draft's payload; the node checked it before it was added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftSignature {
    /// Who signed.
    pub key: KeyId,
    /// The signature, 64 bytes.
    #[serde(with = "signature_hex")]
    pub signature: [u8; 64],
}

/// Why a draft was refused, as its officers are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftOutcome {
    /// The refusal's stable code, such as `TOKEN_SPENT`.
    pub code: String,
    /// The refusal in a sentence.
    pub message: String,
}

/// What `insert_draft` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DraftInserted {
    /// Nothing; it is stored now.
    New,
    /// A draft with this id; the caller compares the payloads.
    Existing(Box<Draft>),
}

/// A step from one status to another, with what is known then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftStep {
    /// The status it must have.
    pub from: DraftStatus,
    /// The status it gets.
    pub to: DraftStatus,
    /// Why it was refused, if it was.
    pub outcome: Option<DraftOutcome>,
    /// Its place in the log, if it has one.
    pub entry: Option<u64>,
}

macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident = $text:literal)*) => {
        /// Where a draft stands.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum DraftStatus {
            $($(#[$doc])* $name,)*
        }

        impl DraftStatus {
            /// Its name in the interface and in the store.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// From its name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$name),)* _ => None }
            }
        }
    };
}

statuses! {
    /// Somebody has still to sign.
    AwaitingSignature = "AWAITING_SIGNATURE"
    /// Its maker took it back before it was complete.
    Withdrawn = "WITHDRAWN"
    /// Complete and given to the orderer; the answer is not known yet.
    Submitted = "SUBMITTED"
    /// On the chain.
    Recorded = "RECORDED"
    /// Not admitted.
    Refused = "REFUSED"
    /// Not complete in time.
    Expired = "EXPIRED"
}

mod rows {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "drafts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub party: Vec<u8>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Vec<u8>,
        pub kind: String,
        pub payload: Vec<u8>,
        pub lines: Option<String>,
        pub signatures: String,
        pub signature_count: i64,
        pub created_by: Vec<u8>,
        pub created_at: i64,
        pub expires_at: i64,
        pub status: String,
        pub outcome_code: Option<String>,
        pub outcome_message: Option<String>,
        pub entry: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

use rows::Column;

impl NodeStore {
    /// Stores a draft unless its party has one with this id.
    pub async fn insert_draft(&self, draft: &Draft) -> Result<DraftInserted, StoreError> {
        let written = rows::Entity::insert(row_of(draft)?)
            .on_conflict(OnConflict::columns([Column::Party, Column::Id]).do_nothing().to_owned())
            .exec_without_returning(self.writer(DRAFT)?)
            .await
            .map_err(StoreError::write(DRAFT))?;
        if written > 0 {
            return Ok(DraftInserted::New);
        }
        let existing = self.draft(draft.party, draft.id).await?.ok_or(StoreError::Damaged { what: DRAFT })?;
        Ok(DraftInserted::Existing(Box::new(existing)))
    }

    /// One draft.
    pub async fn draft(&self, party: Uuid, id: Uuid) -> Result<Option<Draft>, StoreError> {
        let row = rows::Entity::find_by_id((party.as_bytes().to_vec(), id.as_bytes().to_vec()))
            .one(&self.readers)
            .await
            .map_err(StoreError::read(DRAFT))?;
        row.map(Draft::try_from).transpose()
    }

    /// The drafts of this id, of whatever party.
    pub async fn drafts_named(&self, id: Uuid) -> Result<Vec<Draft>, StoreError> {
        let rows = rows::Entity::find()
            .filter(Column::Id.eq(id.as_bytes().to_vec()))
            .order_by_asc(Column::Party)
            .all(&self.readers)
            .await
            .map_err(StoreError::read(DRAFT))?;
        rows.into_iter().map(Draft::try_from).collect()
    }

    /// A party's drafts with the newest id first: those before `before`, `limit` at the most,
    /// of one status or of any.
    pub async fn drafts_of(
        &self,
        party: Uuid,
        status: Option<DraftStatus>,
        before: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<Draft>, StoreError> {
        let mut select = rows::Entity::find().filter(Column::Party.eq(party.as_bytes().to_vec()));
        if let Some(status) = status {
            select = select.filter(Column::Status.eq(status.name()));
        }
        if let Some(before) = before {
            select = select.filter(Column::Id.lt(before.as_bytes().to_vec()));
        }
        let rows = select.order_by_desc(Column::Id).limit(limit).all(&self.readers).await;
        rows.map_err(StoreError::read(DRAFT))?.into_iter().map(Draft::try_from).collect()
    }

    /// The drafts of one status, whoever's, oldest id first: those after `after` (id, party),
    /// `limit` at the most. A node that starts finishes what it had submitted.
    pub async fn drafts_with(
        &self,
        status: DraftStatus,
        after: Option<(Uuid, Uuid)>,
        limit: u64,
    ) -> Result<Vec<Draft>, StoreError> {
        let mut select = rows::Entity::find().filter(Column::Status.eq(status.name()));
        if let Some((id, party)) = after {
            let (id, party) = (id.as_bytes().to_vec(), party.as_bytes().to_vec());
            let same_id = Condition::all().add(Column::Id.eq(id.clone())).add(Column::Party.gt(party));
            select = select.filter(Condition::any().add(Column::Id.gt(id)).add(same_id));
        }
        let rows = select
            .order_by_asc(Column::Id)
            .order_by_asc(Column::Party)
            .limit(limit)
            .all(&self.readers)
            .await
            .map_err(StoreError::read(DRAFT))?;
        rows.into_iter().map(Draft::try_from).collect()
    }

    /// The drafts of these ids, of whatever party, in no order.
    pub async fn drafts_of_ids(&self, ids: &[Uuid]) -> Result<Vec<Draft>, StoreError> {
        let rows = rows::Entity::find()
            .filter(Column::Id.is_in(ids.iter().map(|id| id.as_bytes().to_vec())))
            .all(&self.readers)
            .await
            .map_err(StoreError::read(DRAFT))?;
        rows.into_iter().map(Draft::try_from).collect()
    }

    /// A part of the drafts of one status, in order of (id, party). The index of the status
    /// finds them; of those, so many at most are looked at.
    pub async fn drafts_page(
        &self,
        status: DraftStatus,
        filter: &WaitingFilter,
        page: Page<(Uuid, Uuid)>,
    ) -> Result<Listed<Draft, (Uuid, Uuid)>, StoreError> {
        let bound = match page.look_max {
            Some(look_max) => self.draft_after(status, page, look_max).await?,
            None => None,
        };
        let wanted = Condition::all()
            .add_option(filter.party.map(|party| Column::Party.eq(party.as_bytes().to_vec())))
            .add_option(filter.signing.map(of_signing))
            .add_option(filter.kind.map(|kind| Column::Kind.eq(kind.name())))
            .add_option(filter.officer.map(|officer| Column::CreatedBy.eq(officer.as_bytes().to_vec())))
            .add_option(filter.from.map(|from| Column::CreatedAt.gte(from.0)))
            .add_option(filter.before.map(|before| Column::CreatedAt.lt(before.0)))
            .add_option(bound.map(|at| beyond(at, page.newest_first).not()));
        let rows = paged(status, page).filter(wanted).all(&self.readers).await.map_err(StoreError::read(DRAFT))?;
        let is_full = u64::try_from(rows.len()).is_ok_and(|found| found >= page.limit);
        let rows = rows.into_iter().map(Draft::try_from).collect::<Result<_, _>>()?;
        Ok(Listed { rows, stopped_at: bound.filter(|_| !is_full) })
    }

    /// The key of the draft that comes so many after the page's key, if there is one.
    async fn draft_after(
        &self,
        status: DraftStatus,
        page: Page<(Uuid, Uuid)>,
        rows: u64,
    ) -> Result<Option<(Uuid, Uuid)>, StoreError> {
        let found = paged(status, Page { limit: 1, ..page })
            .offset(rows.saturating_sub(1))
            .select_only()
            .columns([Column::Id, Column::Party])
            .into_tuple::<(Vec<u8>, Vec<u8>)>()
            .one(&self.readers)
            .await
            .map_err(StoreError::read(DRAFT))?;
        found.map(|(id, party)| Ok((uuid_of(&id, DRAFT)?, uuid_of(&party, DRAFT)?))).transpose()
    }

    /// Adds a signature to a draft that has exactly `count` and awaits more; answers whether
    /// it did. When not, the draft has changed, is gone or has this key's signature.
    pub async fn add_draft_signature(
        &self,
        party: Uuid,
        id: Uuid,
        count: usize,
        signature: DraftSignature,
    ) -> Result<bool, StoreError> {
        let Some(mut draft) = self.draft(party, id).await? else { return Ok(false) };
        let signed_before = draft.signatures.iter().any(|before| before.key == signature.key);
        if draft.signatures.len() != count || signed_before {
            return Ok(false);
        }
        draft.signatures.push(signature);
        let done = rows::Entity::update_many()
            .col_expr(Column::Signatures, Expr::value(json_of(&draft.signatures)?))
            .col_expr(Column::SignatureCount, Expr::value(count_of(&draft.signatures)?))
            .filter(Column::Party.eq(party.as_bytes().to_vec()))
            .filter(Column::Id.eq(id.as_bytes().to_vec()))
            .filter(Column::SignatureCount.eq(count_of(&draft.signatures)? - 1))
            .filter(Column::Status.eq(DraftStatus::AwaitingSignature.name()))
            .exec(self.writer(DRAFT)?)
            .await
            .map_err(StoreError::write(DRAFT))?;
        Ok(done.rows_affected > 0)
    }

    /// Moves a draft from one status to another; answers whether it had the first.
    pub async fn step_draft(&self, party: Uuid, id: Uuid, step: DraftStep) -> Result<bool, StoreError> {
        let (code, message) = step.outcome.map(|outcome| (outcome.code, outcome.message)).unzip();
        let done = rows::Entity::update_many()
            .col_expr(Column::Status, Expr::value(step.to.name()))
            .col_expr(Column::OutcomeCode, Expr::value(code))
            .col_expr(Column::OutcomeMessage, Expr::value(message))
            .col_expr(Column::Entry, Expr::value(entry_key(step.entry)?))
            .filter(Column::Party.eq(party.as_bytes().to_vec()))
            .filter(Column::Id.eq(id.as_bytes().to_vec()))
            .filter(Column::Status.eq(step.from.name()))
            .exec(self.writer(DRAFT)?)
            .await
            .map_err(StoreError::write(DRAFT))?;
        Ok(done.rows_affected > 0)
    }

    /// Forgets a draft that has this status; answers whether there was one.
    pub async fn remove_draft(&self, party: Uuid, id: Uuid, status: DraftStatus) -> Result<bool, StoreError> {
        let done = rows::Entity::delete_many()
            .filter(Column::Party.eq(party.as_bytes().to_vec()))
            .filter(Column::Id.eq(id.as_bytes().to_vec()))
            .filter(Column::Status.eq(status.name()))
            .exec(self.writer(DRAFT)?)
            .await
            .map_err(StoreError::write(DRAFT))?;
        Ok(done.rows_affected > 0)
    }

    /// Ends every draft that still awaits a signature after its time; answers how many.
    pub async fn expire_drafts(&self, now: Millis) -> Result<u64, StoreError> {
        let done = rows::Entity::update_many()
            .col_expr(Column::Status, Expr::value(DraftStatus::Expired.name()))
            .filter(Column::Status.eq(DraftStatus::AwaitingSignature.name()))
            .filter(Column::ExpiresAt.lt(now.0))
            .exec(self.writer(DRAFT)?)
            .await
            .map_err(StoreError::write(DRAFT))?;
        Ok(done.rows_affected)
    }
}

/// The drafts of a status after a page's key, in the page's order.
fn paged(status: DraftStatus, page: Page<(Uuid, Uuid)>) -> Select<rows::Entity> {
    let order = if page.newest_first { Order::Desc } else { Order::Asc };
    let after = page.after.map(|at| beyond(at, page.newest_first));
    rows::Entity::find()
        .filter(Column::Status.eq(status.name()))
        .filter(Condition::all().add_option(after))
        .order_by(Column::Id, order.clone())
        .order_by(Column::Party, order)
        .limit(page.limit)
}

/// What a party's officers may have to sign.
fn of_signing(party: Uuid) -> Condition {
    Condition::any().add(Column::Party.eq(party.as_bytes().to_vec())).add(Column::Kind.eq(Kind::EntryReverse.name()))
}

/// What comes after a key, in either direction.
fn beyond((id, party): (Uuid, Uuid), newest_first: bool) -> Condition {
    let (id, party) = (id.as_bytes().to_vec(), party.as_bytes().to_vec());
    let same_id = Condition::all().add(Column::Id.eq(id.clone()));
    if newest_first {
        Condition::any().add(Column::Id.lt(id)).add(same_id.add(Column::Party.lt(party)))
    } else {
        Condition::any().add(Column::Id.gt(id)).add(same_id.add(Column::Party.gt(party)))
    }
}

impl TryFrom<rows::Model> for Draft {
    type Error = StoreError;

    fn try_from(row: rows::Model) -> Result<Self, StoreError> {
        let damaged = || StoreError::Damaged { what: DRAFT };
        let outcome = match (row.outcome_code, row.outcome_message) {
            (Some(code), Some(message)) => Some(DraftOutcome { code, message }),
            (None, None) => None,
            _ => return Err(damaged()),
        };
        Ok(Self {
            party: uuid_of(&row.party, DRAFT)?,
            id: uuid_of(&row.id, DRAFT)?,
            kind: row.kind,
            payload: row.payload,
            lines: row.lines,
            signatures: serde_json::from_str(&row.signatures).map_err(|_| damaged())?,
            created_by: uuid_of(&row.created_by, DRAFT)?,
            created_at: Millis(row.created_at),
            expires_at: Millis(row.expires_at),
            status: DraftStatus::from_name(&row.status).ok_or_else(damaged)?,
            outcome,
            entry: row.entry.map(u64::try_from).transpose().map_err(|_| damaged())?,
        })
    }
}

fn row_of(draft: &Draft) -> Result<rows::ActiveModel, StoreError> {
    let (code, message) = draft.outcome.clone().map(|outcome| (outcome.code, outcome.message)).unzip();
    Ok(rows::ActiveModel {
        party: Set(draft.party.as_bytes().to_vec()),
        id: Set(draft.id.as_bytes().to_vec()),
        kind: Set(draft.kind.clone()),
        payload: Set(draft.payload.clone()),
        lines: Set(draft.lines.clone()),
        signatures: Set(json_of(&draft.signatures)?),
        signature_count: Set(count_of(&draft.signatures)?),
        created_by: Set(draft.created_by.as_bytes().to_vec()),
        created_at: Set(draft.created_at.0),
        expires_at: Set(draft.expires_at.0),
        status: Set(draft.status.name().to_owned()),
        outcome_code: Set(code),
        outcome_message: Set(message),
        entry: Set(entry_key(draft.entry)?),
    })
}

fn json_of(signatures: &[DraftSignature]) -> Result<String, StoreError> {
    serde_json::to_string(signatures).map_err(StoreError::write(DRAFT))
}

fn count_of(signatures: &[DraftSignature]) -> Result<i64, StoreError> {
    i64::try_from(signatures.len()).map_err(StoreError::write(DRAFT))
}

fn entry_key(entry: Option<u64>) -> Result<Option<i64>, StoreError> {
    entry.map(i64::try_from).transpose().map_err(StoreError::write(DRAFT))
}

mod signature_hex {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8; 64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 64], D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 64];
        hex::decode_to_slice(&text, &mut bytes).map_err(D::Error::custom)?;
        Ok(bytes)
    }
}
