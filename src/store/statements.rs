//! How many SQL statements a store's readers have sent: what tests hold pages to, and figures
//! for whoever runs the node.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sea_orm::DatabaseConnection;

/// A count of statements. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct StatementCount(Arc<AtomicU64>);

impl StatementCount {
    /// How many there were so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts what is sent over a connection from now on, and over its clones.
    pub(super) fn watch(&self, connection: &mut DatabaseConnection) {
        let count = self.0.clone();
        connection.set_metric_callback(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        });
    }
}
