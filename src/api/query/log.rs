//! `log`.

use async_graphql::Object;

use crate::api::types::log::Log;

/// The group of fields about the log.
#[derive(Default)]
pub struct LogQuery;

#[Object]
impl LogQuery {
    /// The public log, its head and its proofs; needs no login. Added in 0.1.0.
    async fn log(&self) -> Log {
        Log
    }
}
