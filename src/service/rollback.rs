//! Whether the end of a chain is missing: what the views and the node's own store still know of
//! it is compared with what is there, before anything is written that would hide the loss.

use crate::chain::block::Header;
use crate::store::chain::ChainStore;
use crate::store::error::StoreError;
use crate::store::node::NodeStore;
use crate::store::node::settings::SignedCheckpoint;
use crate::store::views::Views;
use crate::store::views::error::ViewsError;

use super::node::{Options, StartError};

/// The last block that the views say they hold.
#[derive(Clone, Copy, Debug)]
struct HeldBlock {
    height: u64,
    /// Absent where the views hold no such row.
    digest: Option<[u8; 32]>,
}

/// Refuses when the chain is shorter than, or another than, the one that the views were made
/// from or that this node signed. Views that cannot be read say nothing.
pub(super) async fn refuse_lost_end(options: &Options, chain: &ChainStore) -> Result<(), StartError> {
    let entries = chain.head().await?.map_or(0, |head| head.next_entry);
    if let Ok(Some(held)) = held_by_views(options).await {
        compare_views(held, chain).await?;
    }
    let Some(signed) = signed_by_node(options).await? else { return Ok(()) };
    if signed.size > entries {
        let what = format!("this node signed a log of {} entries, but the chain has {entries}", signed.size);
        return Err(StartError::ChainBehindViews(what));
    }
    let Some(last) = signed.size.checked_sub(1) else { return Ok(()) };
    let header = chain.block_of_entry(last).await?.and_then(|block| Header::parse(&block.header).ok());
    let is_same = header.is_some_and(|header| header.tree_size == signed.size && header.tree_root.0 == signed.root);
    match is_same {
        true => Ok(()),
        false => {
            let what = format!("this node signed another log of {} entries than the chain holds", signed.size);
            Err(StartError::ChainBehindViews(what))
        }
    }
}

/// Refuses where no block is, although the views or the node's own store know of a chain. It
/// makes nothing.
pub async fn refuse_lost_chain(options: &Options) -> Result<(), StartError> {
    if let Some(held) = held_by_views(options).await? {
        let what = format!("the views hold block {}, but the chain holds none", held.height);
        return Err(StartError::ChainBehindViews(what));
    }
    match signed_by_node(options).await? {
        None => Ok(()),
        Some(signed) => {
            let what = format!("this node signed a log of {} entries, but the chain holds no block", signed.size);
            Err(StartError::ChainBehindViews(what))
        }
    }
}

async fn compare_views(held: HeldBlock, chain: &ChainStore) -> Result<(), StartError> {
    let HeldBlock { height, digest } = held;
    let Some(block) = chain.block(height).await? else {
        let end = match chain.head().await? {
            Some(head) => format!("the chain ends with block {}", head.height),
            None => "the chain holds none".to_owned(),
        };
        return Err(StartError::ChainBehindViews(format!("the views hold block {height}, but {end}")));
    };
    let Some(digest) = digest else { return Ok(()) };
    // Not the column beside the block: the bytes are what the chain says.
    let is_same = Header::parse(&block.header).is_ok_and(|header| header.digest().0 == digest);
    match is_same {
        true => Ok(()),
        false => {
            let what = format!("the views were made from another block {height} than the chain holds");
            Err(StartError::ChainBehindViews(what))
        }
    }
}

async fn held_by_views(options: &Options) -> Result<Option<HeldBlock>, StartError> {
    let place = options.database.views();
    if !place.exists().await? {
        return Ok(None);
    }
    let views = Views::open(&place, options.faults.clone()).await?;
    let held = async {
        let Some(height) = views.applied().await?.height else { return Ok::<_, ViewsError>(None) };
        // A row that cannot be read leaves the height, which alone tells of a shorter chain.
        let digest = views.block_at(height).await.ok().flatten().map(|row| row.digest);
        Ok(Some(HeldBlock { height, digest }))
    };
    let held = held.await;
    views.close().await?;
    Ok(held?)
}

async fn signed_by_node(options: &Options) -> Result<Option<SignedCheckpoint>, StoreError> {
    let place = options.database.node();
    if !place.exists().await? {
        return Ok(None);
    }
    let store = NodeStore::open(&place, options.faults.clone()).await?;
    let signed = store.last_signed_checkpoint().await;
    store.close().await?;
    signed
}
