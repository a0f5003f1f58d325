//! How signed bytes name what an earlier operation made.

use async_graphql::SimpleObject;

use crate::api::scalar::{Digest, OperationId};
use crate::chain::digest;
use crate::ledger::ids;

/// How a signed operation refers to a token, hop or allocation that an earlier operation made.
/// Added in 0.1.0.
#[derive(Clone, Debug, SimpleObject)]
pub struct Reference {
    /// The operation that made it.
    pub operation: OperationId,
    /// SHA-256 of that operation's payload.
    pub digest: Digest,
    /// Which of its outputs: the position of a token, the number of a hop; both from 0, below
    /// 1,048,576.
    pub output: u32,
}

impl From<ids::Reference> for Reference {
    fn from(reference: ids::Reference) -> Self {
        Self {
            operation: OperationId(reference.operation),
            digest: Digest(digest::Digest(reference.digest.0)),
            output: reference.output,
        }
    }
}
