//! A recorded operation, remembered for ever, with its leaf in the log.

use sea_orm::entity::prelude::*;

use crate::ledger::ids::{KeyId, PayloadDigest};
use crate::ledger::operation::{Basis, Kind};
use crate::ledger::registry::Recorded;
use crate::ledger::time::Millis;
use crate::store::views::blocks::OperationRow;
use crate::store::views::error::ViewsError;
use crate::store::views::fields::{Columns, index};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "operations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub entry: i64,
    pub operation_id: Vec<u8>,
    pub party: i64,
    pub digest: Vec<u8>,
    pub kind: String,
    pub reported: bool,
    pub recorded_at: i64,
    pub occurred_at: i64,
    pub signers: Vec<u8>,
    pub subject: Option<i64>,
    pub leaf: Vec<u8>,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const COLUMNS: Columns = Columns("operations");

impl Model {
    /// The row of an operation.
    pub fn of(recorded: &Recorded, leaf: &[u8; 32]) -> Self {
        Self {
            entry: index(recorded.entry),
            operation_id: recorded.id.as_bytes().to_vec(),
            party: recorded.party.0.to_key(),
            digest: recorded.digest.0.to_vec(),
            kind: recorded.kind.name().to_owned(),
            reported: recorded.basis == Basis::Reported,
            recorded_at: recorded.recorded_at.0,
            occurred_at: recorded.occurred_at.0,
            signers: recorded.signers.iter().flat_map(|key| key.0).collect(),
            subject: recorded.subject.map(|place| place.to_key()),
            leaf: leaf.to_vec(),
        }
    }

    /// The operation of a row.
    pub fn read(self) -> Result<OperationRow, ViewsError> {
        let (keys, rest) = self.signers.as_chunks::<32>();
        if !rest.is_empty() {
            return Err(COLUMNS.corrupt("signers"));
        }
        let recorded = Recorded {
            entry: COLUMNS.index("entry", self.entry)?,
            id: COLUMNS.uuid("operation_id", &self.operation_id)?,
            party: COLUMNS.party("party", self.party)?,
            digest: PayloadDigest(COLUMNS.bytes("digest", &self.digest)?),
            kind: COLUMNS.parsed("kind", Kind::parse(&self.kind))?,
            basis: if self.reported { Basis::Reported } else { Basis::Own },
            recorded_at: Millis(self.recorded_at),
            occurred_at: Millis(self.occurred_at),
            signers: keys.iter().copied().map(KeyId).collect(),
            subject: COLUMNS.maybe_place("subject", self.subject)?,
        };
        Ok(OperationRow { recorded, leaf: COLUMNS.bytes("leaf", &self.leaf)? })
    }
}
