//! The signed size and root of the log, for anybody who wants to hold this node to it.

use crate::chain::checkpoint::{self, CheckpointFault};
use crate::chain::digest::Digest;
use crate::chain::key::Signature;
use crate::chain::proof::TreeHead;
use crate::ledger::ids::KeyId;
use crate::store::error::StoreError;
use crate::store::node::keyring::KeyringError;
use crate::store::node::settings::{CheckpointError, SignedCheckpoint};
use crate::store::views::error::ViewsError;

use super::node::Node;

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum NotSigned {
    /// There is no block yet.
    #[error("there is no log yet")]
    NoLog,
    /// Another checkpoint was signed that this one would contradict.
    #[error(transparent)]
    Contradiction(#[from] CheckpointError),
    /// The origin is no name.
    #[error(transparent)]
    Note(#[from] CheckpointFault),
    /// The node's key cannot be used.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The node's store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The views do not answer.
    #[error(transparent)]
    Views(#[from] ViewsError),
}

impl Node {
    /// The checkpoint of the newest log that readers see. Size and root are durable before
    /// anybody gets them, and nothing that contradicts them is ever signed.
    pub async fn checkpoint(&self) -> Result<String, NotSigned> {
        let origin = self.origin().await?;
        let block = self.views().last_block().await?.ok_or(NotSigned::NoLog)?;
        let head = TreeHead { size: block.tree_size, root: Digest(block.tree_root) };
        let next = SignedCheckpoint { size: head.size, root: head.root.0 };
        match self.store().advance_signed_checkpoint(next).await {
            // Another request was faster with the same or a newer one: this head is still true.
            Ok(()) | Err(CheckpointError::Overtaken) => {}
            Err(why) => return Err(why.into()),
        }
        let key = self.proposer();
        // Tried before, so that the closure below cannot fail.
        self.keyring().sign(KeyId(key.0), b"")?;
        let sign = |message: &[u8]| {
            Signature(self.keyring().sign(KeyId(key.0), message).expect("the node's own key was tried above"))
        };
        Ok(checkpoint::sign_with(&origin, &head, &key, sign)?)
    }

    /// The key that signs the checkpoints, in the text form that tools for such logs take: the
    /// log's name, a short digest and the public key (C2SP signed-note).
    pub async fn log_verifier_key(&self) -> Result<String, NotSigned> {
        let origin = self.origin().await?;
        Ok(checkpoint::verifier_key(&origin, &self.proposer())?)
    }

    /// The name of the public log: set by its operator, or made from the chain's id.
    async fn origin(&self) -> Result<String, StoreError> {
        match self.store().origin().await? {
            Some(origin) => Ok(origin),
            None => {
                let origin = format!("aqueduct.invalid/{}", &self.chain_id().to_string()[..16]);
                self.store().set_origin(&origin).await?;
                Ok(origin)
            }
        }
    }
}
