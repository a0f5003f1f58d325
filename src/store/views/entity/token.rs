//! A token, unspent or spent.

use sea_orm::entity::prelude::*;

use crate::ledger::ids::{AllocationId, HopId, TokenId};
use crate::ledger::token::{Claim, HopKind, MissingReason, Origin, Token, TokenState};
use crate::store::views::error::ViewsError;
use crate::store::views::fields::{Columns, index, maybe_millis, number};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tokens")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub allocation: i64,
    pub amount: i64,
    pub origin: i64,
    pub state: i64,
    pub reason: Option<i64>,
    pub claim: Option<i64>,
    pub written_off: bool,
    pub holder: Option<i64>,
    pub hop: Option<i64>,
    pub hop_kind: Option<i64>,
    pub parent: Option<i64>,
    pub accountable: i64,
    pub area: i64,
    pub due: Option<i64>,
    pub spent_by: Option<i64>,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const COLUMNS: Columns = Columns("tokens");

impl Model {
    /// The row of a token.
    pub fn of(token: &Token) -> Self {
        Self {
            id: token.id.0.to_key(),
            allocation: token.allocation.0.to_key(),
            amount: token.amount,
            origin: number(token.origin.number()),
            state: number(token.state.number()),
            reason: token.reason.map(|reason| number(reason.number())),
            claim: token.claim.map(|claim| number(claim.number())),
            written_off: token.written_off,
            holder: token.holder.map(|party| party.0.to_key()),
            hop: token.hop.map(|hop| hop.0.to_key()),
            hop_kind: token.hop_kind.map(|kind| number(kind.number())),
            parent: token.parent.map(|parent| parent.0.to_key()),
            accountable: token.accountable.0.to_key(),
            area: i64::from(token.area.0),
            due: token.due.map(|due| due.0),
            spent_by: token.spent_by.map(index),
        }
    }

    /// The token of a row.
    pub fn read(self) -> Result<Token, ViewsError> {
        Ok(Token {
            id: TokenId(COLUMNS.place("id", self.id)?),
            allocation: AllocationId(COLUMNS.place("allocation", self.allocation)?),
            amount: self.amount,
            origin: COLUMNS.named("origin", self.origin, Origin::from_number)?,
            state: COLUMNS.named("state", self.state, TokenState::from_number)?,
            reason: COLUMNS.maybe_named("reason", self.reason, MissingReason::from_number)?,
            claim: COLUMNS.maybe_named("claim", self.claim, Claim::from_number)?,
            written_off: self.written_off,
            holder: COLUMNS.maybe_party("holder", self.holder)?,
            hop: COLUMNS.maybe_place("hop", self.hop)?.map(HopId),
            hop_kind: COLUMNS.maybe_named("hop_kind", self.hop_kind, HopKind::from_number)?,
            parent: COLUMNS.maybe_place("parent", self.parent)?.map(TokenId),
            accountable: COLUMNS.party("accountable", self.accountable)?,
            area: COLUMNS.area("area", self.area)?,
            due: maybe_millis(self.due),
            spent_by: COLUMNS.maybe_index("spent_by", self.spent_by)?,
        })
    }
}
