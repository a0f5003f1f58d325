//! What was imported, as readers ask about it.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use crate::ledger::operation::Operation;
use crate::ledger::registry::Recorded;
use crate::ledger::time::Millis;
use crate::store::views::imports::Deliveries;

use super::lists::ListError;
use super::node::Node;
use super::officers::Viewer;
use super::record::NotAccepted;

impl Node {
    /// What the views hold of the rows that an entry imported; nothing while they are behind it.
    pub async fn imported_by(&self, entry: u64) -> Result<Deliveries, ListError> {
        Ok(self.views().deliveries_of(entry).await?)
    }

    /// The operations that imported these rows; rows that are not in the books are left out.
    pub async fn rows_imported(&self, keys: &[[u8; 16]]) -> Result<BTreeMap<[u8; 16], Arc<Recorded>>, ListError> {
        let rows = self.views().imported_rows(keys).await?;
        let rows: Vec<([u8; 16], u64)> = rows.into_iter().filter_map(|(key, entry)| Some((key, entry?))).collect();
        let mut entries: Vec<u64> = rows.iter().map(|(_, entry)| *entry).collect();
        entries.sort_unstable();
        entries.dedup();
        let records = self.entries_by_index(&entries).await?;
        let with_record = |(key, entry)| Some((key, records.get(&entry)?.recorded.clone()));
        Ok(rows.into_iter().filter_map(with_record).collect())
    }

    /// Whether the rules would take an operation of the viewer's party now, apart from signatures
    /// still to come. Nothing is kept.
    pub async fn rehearse(
        &self,
        viewer: &Viewer,
        id: Uuid,
        occurred_at: Option<Millis>,
        operation: &Operation,
    ) -> Result<(), NotAccepted> {
        let (signed, lines) = self.first_signed(viewer, id, occurred_at, operation).await?;
        let (_, checked) = signed.check(lines, &self.chain_id())?;
        Ok(self.recorder().rehearse(checked).await?)
    }
}
