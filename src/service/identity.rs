//! The check of a starting node that every allocation adds up to its tokens. It reads every unspent
//! token, so of large books the answer comes while the node serves already.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{error, warn};

use crate::ledger::ids::AllocationId;
use crate::limits;
use crate::store::error::with_causes;
use crate::store::views::Views;
use crate::store::views::error::ViewsError;

use super::node::StartError;

/// The allocations that do not add up, once they are known.
pub(super) type Identity = JoinHandle<Result<Vec<AllocationId>, ViewsError>>;

/// Waits a while for the answer; when it takes longer, what gives it later.
pub(super) async fn check(views: Views) -> Result<Option<Identity>, StartError> {
    let mut checking = tokio::spawn(async move { views.identity_breaks().await });
    let wait = Duration::from_millis(limits::IDENTITY_WAIT_MS);
    match tokio::time::timeout(wait, &mut checking).await {
        Err(_) => Ok(Some(checking)),
        Ok(breaks) => match breaks.map_err(|why| StartError::ViewsContradict(why.to_string()))??.first() {
            Some(first) => Err(StartError::ViewsContradict(broken_at(*first))),
            None => Ok(None),
        },
    }
}

/// Ends a node whose books turn out not to add up.
pub(super) async fn watch(identity: Identity, broken: Arc<watch::Sender<bool>>) {
    match identity.await {
        Ok(Ok(breaks)) => {
            if let Some(first) = breaks.first() {
                let what = broken_at(*first);
                error!(what, "the views contradict themselves; make them anew with `aqueduct rebuild`");
                broken.send_replace(true);
            }
        }
        Ok(Err(why)) => warn!(error = with_causes(&why), "the identity of the books could not be checked"),
        // The node is stopping.
        Err(_) => {}
    }
}

fn broken_at(allocation: AllocationId) -> String {
    format!("allocation {allocation} does not add up to its tokens")
}
