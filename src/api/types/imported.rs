//! Rows of tables that were imported.

use async_graphql::{Context, Result, SimpleObject};

use crate::api::request::api;
use crate::ledger::ids::ProgrammeId;
use crate::ledger::operation::Kind;
use crate::ledger::registry::Recorded;

use super::entry::Entry;
use super::money::Money;

/// A row of a table, with one of its purposes, that somebody asked about. Added in 0.1.0.
#[derive(SimpleObject)]
pub struct ImportedRow {
    /// The key that was asked for: 32 hexadecimal digits.
    pub key: String,
    /// The entry that imported it; null when no entry did, or it was reversed.
    pub entry: Option<Entry>,
}

/// What the rows of one import come to in the books, as it recorded them. Added in 0.1.0.
#[derive(SimpleObject)]
pub struct ImportedSums {
    /// How many rows, each purpose counted for itself: 1 to 10,000.
    rows: i32,
    /// What was officially spent.
    official: Money,
    /// What was verified: the part of it that arrived, and what arrived above it.
    verified: Money,
}

impl ImportedSums {
    /// What an entry imported; none for an entry that is no import, or while the views are behind.
    pub async fn of(ctx: &Context<'_>, recorded: &Recorded) -> Result<Option<Self>> {
        let api = api(ctx)?;
        if recorded.kind != Kind::TrackingImport || api.moment().await?.entries <= recorded.entry {
            return Ok(None);
        }
        let programme = recorded.subject.map(ProgrammeId);
        let currency = programme.and_then(|id| Some(api.node.tables().programmes.get(&id)?.currency));
        let Some(currency) = currency else { return Ok(None) };
        let found = api.node.imported_by(recorded.entry).await?;
        Ok(Some(Self {
            rows: i32::try_from(found.count).unwrap_or(i32::MAX),
            official: Money::of(found.sent, currency),
            verified: Money::of(found.arrived, currency),
        }))
    }
}
