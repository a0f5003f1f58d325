//! From places in the log to what signed bodies name: the operation, the digest of its payload
//! and the number of the output.

use crate::ledger::ids::{Place, Reference};

use super::node::Node;
use super::reads::ReadError;

impl Node {
    /// The reference to what stands at a place: a token, a hop, or an entry with the number of
    /// one of its hops. `None` when the log has no such entry.
    pub async fn reference_to(&self, place: Place) -> Result<Option<Reference>, ReadError> {
        // Own writes may still be on their way to the views.
        if self.heights().lag_facts > 0 {
            self.wait_for(place.entry() + 1).await;
        }
        let row = self.views().operation_by_entry(place.entry()).await?;
        Ok(row.map(|row| Reference {
            digest: row.recorded.digest,
            operation: row.recorded.id,
            output: place.position(),
        }))
    }
}
