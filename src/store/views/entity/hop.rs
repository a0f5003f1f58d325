//! A version of a hop: as it stood from one entry until another.

use sea_orm::entity::prelude::*;

use serde::{Deserialize, Serialize};

use crate::ledger::hop::{Hop, HopFigures};
use crate::ledger::ids::{AllocationId, HopId, TokenId};
use crate::ledger::time::Millis;
use crate::ledger::token::{HopKind, HopState};
use crate::store::views::error::ViewsError;
use crate::store::views::fields::{Columns, index, maybe_millis, number};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "hops")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    pub ended: Option<i64>,
    pub kind: i64,
    pub from_party: Option<i64>,
    pub to_party: i64,
    pub via: Option<i64>,
    pub allocation: i64,
    pub token: Option<i64>,
    pub sent: i64,
    pub deducted: i64,
    pub arrived: Option<i64>,
    pub answered_at: Option<i64>,
    pub deductions: String,
    pub refused: i64,
    pub bounced_home: i64,
    pub credited: Option<i64>,
    pub sent_at: i64,
    pub due: i64,
    pub payment: Option<String>,
    pub purpose: Option<String>,
    pub for_cycle: Option<String>,
    pub reported: bool,
    pub official_quantity: Option<i64>,
    pub verified_quantity: Option<i64>,
    pub accountable: i64,
    pub area: i64,
    pub from_balance: bool,
    pub state: i64,
    pub live: Vec<u8>,
    pub latest: Option<String>,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const COLUMNS: Columns = Columns("hops");

/// The figures before the latest acknowledgement, as the column holds them, in JSON.
#[derive(Serialize, Deserialize)]
struct Latest {
    entry: u64,
    deducted: i64,
    arrived: Option<i64>,
    answered_at: Option<i64>,
    deductions: Vec<(String, i64)>,
}

impl Model {
    /// The row of a version that was replaced by `ended`, or stands.
    pub fn of(hop: &Hop, ended: Option<u64>) -> Self {
        let figures = &hop.figures;
        let key_bytes = |token: &TokenId| token.0.to_key().to_be_bytes();
        Self {
            id: hop.id.0.to_key(),
            version: index(hop.version),
            ended: ended.map(index),
            kind: number(hop.kind.number()),
            from_party: hop.from.map(|party| party.0.to_key()),
            to_party: hop.to.0.to_key(),
            via: hop.via.map(|party| party.0.to_key()),
            allocation: hop.allocation.0.to_key(),
            token: hop.token.map(|token| token.0.to_key()),
            sent: hop.sent,
            deducted: figures.deducted,
            arrived: figures.arrived,
            answered_at: figures.answered_at.map(|at| at.0),
            deductions: serde_json::to_string(&figures.deductions).expect("codes and amounts are plain JSON"),
            refused: hop.refused,
            bounced_home: hop.bounced_home,
            credited: hop.credited,
            sent_at: hop.sent_at.0,
            due: hop.due.0,
            payment: hop.payment.clone(),
            purpose: hop.purpose.clone(),
            for_cycle: hop.for_cycle.clone(),
            reported: hop.reported,
            official_quantity: hop.official_quantity,
            verified_quantity: hop.verified_quantity,
            accountable: hop.accountable.0.to_key(),
            area: i64::from(hop.area.0),
            from_balance: hop.from_balance,
            state: number(hop.state.number()),
            live: hop.live.iter().flat_map(key_bytes).collect(),
            latest: hop.latest.as_ref().map(|(entry, figures)| print_latest(*entry, figures)),
        }
    }

    /// The hop of a row, and the entry that made the next version.
    pub fn read(self) -> Result<(Hop, Option<u64>), ViewsError> {
        let ended = COLUMNS.maybe_index("ended", self.ended)?;
        let figures = HopFigures {
            deducted: self.deducted,
            arrived: self.arrived,
            answered_at: maybe_millis(self.answered_at),
            deductions: COLUMNS.json("deductions", &self.deductions)?,
        };
        let hop = Hop {
            id: HopId(COLUMNS.place("id", self.id)?),
            kind: COLUMNS.named("kind", self.kind, HopKind::from_number)?,
            from: COLUMNS.maybe_party("from_party", self.from_party)?,
            to: COLUMNS.party("to_party", self.to_party)?,
            via: COLUMNS.maybe_party("via", self.via)?,
            allocation: AllocationId(COLUMNS.place("allocation", self.allocation)?),
            token: COLUMNS.maybe_place("token", self.token)?.map(TokenId),
            sent: self.sent,
            figures,
            refused: self.refused,
            bounced_home: self.bounced_home,
            credited: self.credited,
            sent_at: Millis(self.sent_at),
            due: Millis(self.due),
            payment: self.payment,
            purpose: self.purpose,
            for_cycle: self.for_cycle,
            reported: self.reported,
            official_quantity: self.official_quantity,
            verified_quantity: self.verified_quantity,
            accountable: COLUMNS.party("accountable", self.accountable)?,
            area: COLUMNS.area("area", self.area)?,
            from_balance: self.from_balance,
            state: COLUMNS.named("state", self.state, HopState::from_number)?,
            live: read_live(&self.live)?,
            latest: self.latest.as_deref().map(read_latest).transpose()?,
            version: COLUMNS.index("version", self.version)?,
        };
        Ok((hop, ended))
    }
}

fn read_live(bytes: &[u8]) -> Result<Vec<TokenId>, ViewsError> {
    let (keys, rest) = bytes.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(COLUMNS.corrupt("live"));
    }
    keys.iter().map(|key| COLUMNS.place("live", i64::from_be_bytes(*key)).map(TokenId)).collect()
}

fn print_latest(entry: u64, figures: &HopFigures) -> String {
    let latest = Latest {
        entry,
        deducted: figures.deducted,
        arrived: figures.arrived,
        answered_at: figures.answered_at.map(|at| at.0),
        deductions: figures.deductions.clone(),
    };
    serde_json::to_string(&latest).expect("figures are plain JSON")
}

fn read_latest(text: &str) -> Result<(u64, Box<HopFigures>), ViewsError> {
    let latest: Latest = COLUMNS.json("latest", text)?;
    let figures = HopFigures {
        deducted: latest.deducted,
        arrived: latest.arrived,
        answered_at: maybe_millis(latest.answered_at),
        deductions: latest.deductions,
    };
    Ok((latest.entry, Box::new(figures)))
}
