//! The use case `rebuild`: the views are emptied and made anew from the chain.

use std::path::Path;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::store::chain::ChainStore;
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

/// Makes the views anew, unless they show that the end of the chain is missing. `progress` is told the blocks in the views and the blocks in all.
pub async fn rebuild(options: Options, progress: impl Fn(u64, u64)) -> Result<Rebuilt, StartError> {
    let directory = options.directory.clone();
    let chain_path = directory.join("chain.db");
    if !chain_path.exists() {
        return Err(StartError::NoChain(directory));
    }
    let blocks = {
        let _lock = WriterLock::acquire(&directory)?;
        let chain = ChainStore::open(&chain_path, options.faults.clone()).await?;
        // The views may be the only ones that still tell of a chain that was longer.
        refuse_lost_end(&options, &chain).await?;
        let blocks = chain.head().await?.map_or(0, |head| head.height + 1);
        chain.close().await?;
        empty(&directory, &options).await?;
        blocks
    };
    let watched = open_views(&directory, &options).await?;
    let node = {
        let opening = async {
            let node = Node::open(options).await?;
            node.catch_up().await;
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

/// Empties the tables; a file that cannot be read at all is taken away, since nothing in it is
/// needed.
async fn empty(directory: &Path, options: &Options) -> Result<(), StartError> {
    let cleared = async {
        let views = open_views(directory, options).await?;
        views.clear().await?;
        views.close().await
    };
    if cleared.await.is_ok() {
        return Ok(());
    }
    for name in ["views.db", "views.db-wal", "views.db-shm"] {
        let path = directory.join(name);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(StartError::Directory { path, source });
            }
            _ => {}
        }
    }
    Ok(())
}

async fn open_views(directory: &Path, options: &Options) -> Result<Views, crate::store::views::error::ViewsError> {
    Views::open(&directory.join("views.db"), options.faults.clone()).await
}
