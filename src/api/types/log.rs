//! The public log: its head, its entries and its proofs.

use async_graphql::{Context, Object, Result, SimpleObject};

use crate::api::error::{NO_PROOF, coded};
use crate::api::request::api;
use crate::api::scalar::{DateTime, Digest, LogIndex};
use crate::chain::digest;
use crate::service::lists::BlockHead;

use super::entry::Entry;

/// The log.
pub struct Log;

/// The tamper-evident log (RFC 6962). It is public: it shows that nothing was changed and
/// reveals nothing of what the entries say. Added in 0.1.0.
#[Object]
impl Log {
    /// The chain's id: the digest of its first block's header, in every signed payload.
    async fn chain_id(&self, ctx: &Context<'_>) -> Result<Digest> {
        Ok(api(ctx)?.node.chain_id().into())
    }

    /// The key that signs the checkpoints (`head.checkpoint`), in the text form that tools for
    /// C2SP signed notes take: the log's name, a short digest and the public key. Note it down
    /// when you first see it, or get it from the operator by another way, and take no other.
    /// Null only while it cannot be read.
    async fn verifier_key(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(api(ctx)?.node.log_verifier_key().await.ok())
    }

    /// The last block that readers see.
    async fn head(&self, ctx: &Context<'_>) -> Result<Option<LogHead>> {
        let api = api(ctx)?;
        api.settle().await;
        Ok(api.node.last_block().await?.map(LogHead))
    }

    /// An entry by its place; null when the log has none there yet.
    async fn entry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The place, from 0.")] index: LogIndex,
    ) -> Result<Option<Entry>> {
        Entry::by_index(ctx, index.0).await
    }

    /// The proof that the log of a size has the entry at a place (RFC 6962, section 2.1.1); the
    /// error `NO_PROOF` when the log is not that long, or that size has no such place.
    async fn inclusion_proof(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The entry's place, from 0.")] index: LogIndex,
        #[graphql(desc = "The size of the log, as in `head.entries`; at most that.")] tree_size: LogIndex,
    ) -> Result<InclusionProof> {
        let api = api(ctx)?;
        api.settle().await;
        within_log(&api.node, tree_size.0)?;
        let hashes = api.node.inclusion_proof(index.0, tree_size.0).await?;
        Ok(InclusionProof { index, tree_size, hashes: hashes.into_iter().map(Digest::from).collect() })
    }

    /// The proof that the log of the second size continues the log of the first (RFC 6962,
    /// section 2.1.2).
    async fn consistency_proof(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The earlier size, at least 1.")] first: LogIndex,
        #[graphql(desc = "The later size; at most `head.entries`.")] second: LogIndex,
    ) -> Result<ConsistencyProof> {
        let api = api(ctx)?;
        api.settle().await;
        within_log(&api.node, second.0)?;
        let hashes = api.node.consistency_proof(first.0, second.0).await?;
        Ok(ConsistencyProof { first, second, hashes: hashes.into_iter().map(Digest::from).collect() })
    }
}

/// Tiles at the right edge grow, so a size beyond the log has no proof, whatever they hold.
fn within_log(node: &crate::service::node::Node, size: u64) -> Result<()> {
    let entries = node.heights().views.entries;
    if size > entries {
        return Err(coded(NO_PROOF, format!("the log has {entries} entries, not {size}")));
    }
    Ok(())
}

/// The last block that readers see.
pub struct LogHead(BlockHead);

/// The last block that readers see, and the log up to it. Added in 0.1.0.
#[Object]
impl LogHead {
    /// The block's height, from 0.
    async fn height(&self) -> LogIndex {
        LogIndex(self.0.height)
    }

    /// The digest of the block's header.
    async fn digest(&self) -> Digest {
        Digest(digest::Digest(self.0.digest))
    }

    /// How many entries the log has.
    async fn entries(&self) -> LogIndex {
        LogIndex(self.0.entries)
    }

    /// The root of the log's tree (RFC 6962).
    async fn root(&self) -> Digest {
        Digest(digest::Digest(self.0.root))
    }

    /// The block's time.
    async fn time(&self) -> DateTime {
        self.0.time.into()
    }

    /// The size and root of the newest log that readers see as a C2SP signed note, by the node's
    /// own key; null when it refuses to sign, because it signed a larger log before.
    async fn checkpoint(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(api(ctx)?.node.checkpoint().await.ok())
    }
}

/// A proof that a log of a size has an entry. Check it against a root that you trust: hash the
/// leaf with a zero byte before it, then with each hash in turn (RFC 9162, section 2.1.3.2).
/// Added in 0.1.0.
#[derive(SimpleObject)]
pub struct InclusionProof {
    /// The entry's place, from 0.
    index: LogIndex,
    /// The size of the log.
    tree_size: LogIndex,
    /// The hashes from the leaf's sibling to the root's child.
    hashes: Vec<Digest>,
}

/// A proof that a log continues an earlier one (RFC 9162, section 2.1.4.2). Added in 0.1.0.
#[derive(SimpleObject)]
pub struct ConsistencyProof {
    /// The earlier size.
    first: LogIndex,
    /// The later size.
    second: LogIndex,
    /// The hashes, in the order of the specification.
    hashes: Vec<Digest>,
}
