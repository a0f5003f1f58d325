//! The use case `rebuild`: the views are emptied and made anew from the chain.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::store::chain::ChainStore;
use crate::store::database::Place;
use crate::store::lock::WriterLock;
use crate::store::views::Views;

use super::node::{Node, Options, StartError};
use super::rollback::refuse_lost_end;

/// How often progress is told, in milliseconds: fast enough for a person, slow enough to cost
/// nothing.
const PROGRESS_MS: u64 = 200;

/// What the views hold now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// Blocks.
    pub blocks: u64,
    /// Entries.
    pub entries: u64,
}

/// Makes the views anew, unless they show that the end of the chain is missing. `progress` is
/// told the blocks in the views and the blocks in all.
pub async fn rebuild(options: Options, progress: impl Fn(u64, u64)) -> Result<Rebuilt, StartError> {
    let (chain, views) = (options.database.chain(), options.database.views());
    if !chain.exists().await? {
        return Err(StartError::NoChain(options.database));
    }
    let blocks = {
        let lock = WriterLock::acquire(&options.directory, &options.database).await?;
        let chain = ChainStore::open(&chain, options.faults.clone()).await?;
        // The views may be the only ones that still tell of a chain that was longer.
        refuse_lost_end(&options, &chain).await?;
        let blocks = chain.head().await?.map_or(0, |head| head.height + 1);
        chain.close().await?;
        empty(&views, &options).await?;
        // What was concluded from the old views goes with them.
        options.database.findings().remove().await?;
        lock.release().await;
        blocks
    };
    let watched = Views::open(&views, options.faults.clone()).await?;
    let node = {
        let opening = async {
            let node = Node::open(options).await?;
            node.examine_up().await;
            Ok::<_, StartError>(node)
        };
        tokio::pin!(opening);
        let mut ticks = interval(Duration::from_millis(PROGRESS_MS));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                node = &mut opening => break node?,
                _ = ticks.tick() => {
                    let held = watched.applied().await?.height.map_or(0, |height| height + 1);
                    progress(held, blocks);
                }
            }
        }
    };
    let applied = node.heights().views;
    node.stop().await;
    watched.close().await?;
    Ok(Rebuilt { blocks: applied.height.map_or(0, |height| height + 1), entries: applied.entries })
}

/// Empties the tables; views that cannot be read at all are taken away, since nothing in them is
/// needed.
async fn empty(place: &Place, options: &Options) -> Result<(), StartError> {
    let cleared = async {
        let views = Views::open(place, options.faults.clone()).await?;
        views.clear().await?;
        views.close().await
    };
    match cleared.await {
        Ok(()) => Ok(()),
        Err(_) => Ok(place.remove().await?),
    }
}
