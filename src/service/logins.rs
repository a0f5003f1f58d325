//! The use case `login`: a bearer token for an officer, and a key that the node keeps.

use uuid::Uuid;

use crate::ledger::ids::KeyId;
use crate::store::database::Database;
use crate::store::error::StoreError;
use crate::store::node::NodeStore;
use crate::store::node::keyring::{Keyring, KeyringError};
use crate::store::node::unlock::UnlockError;

use super::clock::ClockSuspect;
use super::node::Options;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct NewLogin {
    /// The officer.
    pub officer: Uuid,
    /// The party the officer speaks for.
    pub party: Uuid,
    /// What people call the login.
    pub label: String,
    /// Whether the node makes and keeps a key for the officer as well.
    pub new_key: bool,
}

/// What was made.
#[derive(Debug)]
pub struct MadeLogin {
    /// The bearer token; it cannot be shown again.
    pub token: String,
    /// The new key, to be registered with custody `NODE`.
    pub key: Option<KeyId>,
}

/// Why no login was made.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// There is no node.
    #[error("there is no chain in {0}")]
    NoChain(Database),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys do not open.
    #[error(transparent)]
    Unlock(#[from] UnlockError),
    /// The key cannot be kept.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The clock cannot be trusted.
    #[error(transparent)]
    Clock(#[from] ClockSuspect),
}

/// Makes a login; works beside a running server, since a login is one row of the node's store.
pub async fn make(options: Options, wanted: &NewLogin) -> Result<MadeLogin, LoginError> {
    let place = options.database.node();
    if !place.exists().await? {
        return Err(LoginError::NoChain(options.database));
    }
    let store = NodeStore::open(&place, options.faults.clone()).await?;
    let key = match wanted.new_key {
        true => Some(Keyring::unlock(&store, options.unlock).await?.create(wanted.officer).await?),
        false => None,
    };
    let now = options.clock.now()?;
    let token = store.add_login(wanted.officer, wanted.party, &wanted.label, now).await?.to_string();
    store.close().await?;
    Ok(MadeLogin { token, key })
}
