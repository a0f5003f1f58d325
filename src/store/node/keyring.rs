//! The keys that the node holds: opened once with a passphrase or a key file, then used to
//! sign for officers who have logged in. Their custody on the chain is `NODE`.
//!
//! Secrets leave this file in no form: they are sealed in the store, wiped when dropped, and
//! never printed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use ed25519_dalek::{Signer, SigningKey};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::held_keys::SealedKey;
use super::sealed::DataKey;
use super::unlock::{self, UnlockError};
use super::{NodeStore, bytes32_of};
use crate::ledger::ids::KeyId;
use crate::store::error::StoreError;

/// The officer id under which the node's own proposer key is held: none of a person.
pub const NODE_ITSELF: Uuid = Uuid::nil();

/// The key file's name inside the data directory.
const KEY_FILE: &str = "node.key";

/// What opens the keyring. The first use of a store decides which of the two it is.
pub enum Unlock {
    /// Something the operator types or passes in.
    Passphrase(String),
    /// A file of 32 random bytes, made for its owner only when the store is new.
    KeyFile(PathBuf),
}

/// The opened keys of a node.
pub struct Keyring {
    store: NodeStore,
    pub(super) data_key: DataKey,
    held: RwLock<BTreeMap<KeyId, Held>>,
}

/// A key could not be held or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The node does not hold this key.
    #[error("this node does not hold key {}", hex::encode(.0.0))]
    NotHeld(KeyId),
    /// The stored bytes do not open: they were changed.
    #[error("the stored secret of key {} is damaged; register a new key for its officer", hex::encode(.0.0))]
    Damaged(KeyId),
    /// Held for somebody else already.
    #[error("key {} is held for another officer", hex::encode(.0.0))]
    OtherOfficer(KeyId),
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    Randomness(#[source] getrandom::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

struct Held {
    officer: Uuid,
    /// `None` when the stored bytes do not open; the other keys stay usable.
    secret: Option<SigningKey>,
}

impl Unlock {
    /// The way of a node that was told nothing: the file `node.key` in its data directory.
    pub fn key_file_in(directory: &Path) -> Self {
        Self::KeyFile(directory.join(KEY_FILE))
    }
}

impl fmt::Debug for Unlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passphrase(_) => f.write_str("Passphrase(..)"),
            Self::KeyFile(path) => f.debug_tuple("KeyFile").field(path).finish(),
        }
    }
}

impl Keyring {
    /// Opens the keys of a store. On a store without keyring this decides how it opens for
    /// ever after. With a passphrase it takes about a tenth of a second, by intent.
    pub async fn unlock(store: &NodeStore, unlock: Unlock) -> Result<Self, UnlockError> {
        let data_key = unlock::data_key(store, unlock).await?;
        let rows = store.sealed_keys().await?;
        let held =
            rows.into_iter().map(|row| (row.key, Held { officer: row.officer, secret: opened(&data_key, &row) }));
        Ok(Self { store: store.clone(), held: RwLock::new(held.collect()), data_key })
    }

    /// Makes a new key and holds it for an officer.
    pub async fn create(&self, officer: Uuid) -> Result<KeyId, KeyringError> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(secret.as_mut_slice()).map_err(KeyringError::Randomness)?;
        self.add(officer, &secret).await
    }

    /// Holds a secret (the 32 bytes of RFC 8032) for an officer; again is fine.
    pub async fn add(&self, officer: Uuid, secret: &[u8; 32]) -> Result<KeyId, KeyringError> {
        let secret = SigningKey::from_bytes(secret);
        let key = KeyId(secret.verifying_key().to_bytes());
        let sealed = self.data_key.seal(&purpose(key, officer), secret.as_bytes()).map_err(KeyringError::Randomness)?;
        if !self.store.insert_sealed_key(SealedKey { key, officer, sealed }).await? {
            self.check_stored(key, officer).await?;
        }
        let held = Held { officer, secret: Some(secret) };
        self.held.write().unwrap_or_else(PoisonError::into_inner).insert(key, held);
        Ok(key)
    }

    /// Destroys a key, in the store first; answers whether it was held.
    pub async fn remove(&self, key: KeyId) -> Result<bool, KeyringError> {
        let removed = self.store.delete_sealed_key(key).await?;
        self.held.write().unwrap_or_else(PoisonError::into_inner).remove(&key);
        Ok(removed)
    }

    /// Signs with a held key (Ed25519, 64 bytes). Whether its officer asked for it is the
    /// caller's to know.
    pub fn sign(&self, key: KeyId, message: &[u8]) -> Result<[u8; 64], KeyringError> {
        let held = self.read();
        let held = held.get(&key).ok_or(KeyringError::NotHeld(key))?;
        let secret = held.secret.as_ref().ok_or(KeyringError::Damaged(key))?;
        Ok(secret.sign(message).to_bytes())
    }

    /// The keys held for an officer, in order; damaged ones too.
    pub fn keys_of(&self, officer: Uuid) -> Vec<KeyId> {
        self.read().iter().filter(|(_, held)| held.officer == officer).map(|(key, _)| *key).collect()
    }

    /// The keys whose stored bytes do not open. The node names them when it starts.
    pub fn damaged(&self) -> Vec<KeyId> {
        self.read().iter().filter(|(_, held)| held.secret.is_none()).map(|(key, _)| *key).collect()
    }

    /// Whether the stored row of a key is this officer's and opens.
    async fn check_stored(&self, key: KeyId, officer: Uuid) -> Result<(), KeyringError> {
        let row = self.store.sealed_key(key).await?.ok_or(KeyringError::NotHeld(key))?;
        if row.officer != officer {
            return Err(KeyringError::OtherOfficer(key));
        }
        opened(&self.data_key, &row).map(drop).ok_or(KeyringError::Damaged(key))
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<KeyId, Held>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("held", &self.read().len()).finish_non_exhaustive()
    }
}

/// The secret of a row; `None` unless it opens and is the secret of that very key.
fn opened(data_key: &DataKey, row: &SealedKey) -> Option<SigningKey> {
    let secret = data_key.open(&purpose(row.key, row.officer), &row.sealed).ok()?;
    let secret = Zeroizing::new(bytes32_of(&secret, "a held key").ok()?);
    let secret = SigningKey::from_bytes(&secret);
    (secret.verifying_key().to_bytes() == row.key.0).then_some(secret)
}

/// Binds the sealed bytes to their row: moved to another key or officer they do not open.
fn purpose(key: KeyId, officer: Uuid) -> Vec<u8> {
    [&b"aqueduct/held-key/v1\0"[..], &key.0, officer.as_bytes()].concat()
}
