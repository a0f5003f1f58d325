//! From a passphrase or a key file to the data key, checked against a stored verifier so that
//! a wrong one is told at once and nothing is ever sealed with it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::NodeStore;
use super::keyring::Unlock;
use super::sealed::DataKey;
use crate::store::error::{Cause, StoreError};

const KEYRING: &str = "keyring";
const VERIFIER: &[u8] = b"aqueduct/keyring/v1\0";

/// Memory of one derivation. RFC 9106, section 4, second recommended option: 64 MiB.
const MEMORY_KIB: u32 = 64 * 1024;

/// Passes over that memory (RFC 9106, section 4).
const PASSES: u32 = 3;

/// Lanes (RFC 9106, section 4).
const LANES: u32 = 4;

/// Bytes of salt (RFC 9106, section 3.1).
const SALT_BYTES: usize = 16;

/// The keyring could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum UnlockError {
    /// Not the passphrase that the keyring was made with.
    #[error("this is not the passphrase of this node's keys")]
    WrongPassphrase,
    /// An empty passphrase protects nothing.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// Not the file that the keyring was made with.
    #[error("{} is not the key file of this node's keys", .0.display())]
    WrongKeyFile(PathBuf),
    /// The keyring opens with a passphrase, and a file was given.
    #[error("this node's keys open with a passphrase, not with a key file")]
    NeedsPassphrase,
    /// The keyring opens with a file, and a passphrase was given.
    #[error("this node's keys open with the key file, not with a passphrase")]
    NeedsKeyFile,
    /// The key file could not be read or made.
    #[error("the key file {} could not be used", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nothing could be derived from the passphrase.
    #[error("no key could be derived from the passphrase")]
    Derivation(#[source] Cause),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How the keyring opens, as stored: JSON under the setting `keyring`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    /// `None` when a key file holds the data key itself.
    derivation: Option<Derivation>,
    /// Sealed under the data key; opens only with the right one. Hexadecimal.
    verifier: String,
}

/// Argon2id, with the figures it was run with, so that later defaults open older stores.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Derivation {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
}

/// The data key of a store; the first call makes it.
pub(super) async fn data_key(store: &NodeStore, unlock: Unlock) -> Result<DataKey, UnlockError> {
    if let Some(record) = stored(store).await? {
        return open(record, unlock).await;
    }
    let (key, derivation) = match &unlock {
        Unlock::Passphrase(passphrase) => {
            let derivation = Derivation::new()?;
            (derive(passphrase, &derivation).await?, Some(derivation))
        }
        Unlock::KeyFile(path) => (made_or_read(path)?, None),
    };
    let verifier = key.seal(VERIFIER, &[]).map_err(StoreError::write(KEYRING))?;
    let record = Record { derivation, verifier: hex::encode(verifier) };
    let json = serde_json::to_vec(&record).map_err(StoreError::write(KEYRING))?;
    if store.set_setting_if_absent(KEYRING, &json).await? {
        return Ok(key);
    }
    // Another task was first, so its record is the one that counts.
    let record = stored(store).await?.ok_or(StoreError::Damaged { what: KEYRING })?;
    open(record, unlock).await
}

async fn stored(store: &NodeStore) -> Result<Option<Record>, StoreError> {
    let Some(json) = store.setting(KEYRING).await? else { return Ok(None) };
    serde_json::from_slice(&json).map(Some).map_err(|_| StoreError::Damaged { what: KEYRING })
}

async fn open(record: Record, unlock: Unlock) -> Result<DataKey, UnlockError> {
    let (key, wrong) = match (unlock, &record.derivation) {
        (Unlock::Passphrase(passphrase), Some(derivation)) => {
            let passphrase = Zeroizing::new(passphrase);
            (derive(&passphrase, derivation).await?, UnlockError::WrongPassphrase)
        }
        (Unlock::KeyFile(path), None) => (read(&path)?, UnlockError::WrongKeyFile(path)),
        (Unlock::KeyFile(_), Some(_)) => return Err(UnlockError::NeedsPassphrase),
        (Unlock::Passphrase(_), None) => return Err(UnlockError::NeedsKeyFile),
    };
    let verifier = hex::decode(&record.verifier).map_err(|_| StoreError::Damaged { what: KEYRING })?;
    match key.open(VERIFIER, &verifier) {
        Ok(_) => Ok(key),
        Err(_) => Err(wrong),
    }
}

impl Derivation {
    fn new() -> Result<Self, UnlockError> {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(|error| UnlockError::Derivation(error.into()))?;
        Ok(Self { memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES, salt: hex::encode(salt) })
    }
}

/// Runs beside the async tasks: it uses a core and 64 MiB for a while.
async fn derive(passphrase: &str, derivation: &Derivation) -> Result<DataKey, UnlockError> {
    if passphrase.is_empty() {
        return Err(UnlockError::EmptyPassphrase);
    }
    let (passphrase, derivation) = (Zeroizing::new(passphrase.to_owned()), derivation.clone());
    let derived = tokio::task::spawn_blocking(move || derived(&passphrase, &derivation)).await;
    derived.map_err(|error| UnlockError::Derivation(error.into()))?.map_err(UnlockError::Derivation)
}

fn derived(passphrase: &str, derivation: &Derivation) -> Result<DataKey, Cause> {
    let salt = hex::decode(&derivation.salt)?;
    let params = Params::new(derivation.memory_kib, derivation.passes, derivation.lanes, Some(32))
        .map_err(|error| error.to_string())?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), &salt, key.as_mut_slice())
        .map_err(|error| error.to_string())?;
    Ok(DataKey(key))
}

/// The file's key; a new one, safely on the disk, when there is no file.
fn made_or_read(path: &Path) -> Result<DataKey, UnlockError> {
    match make(path) {
        Ok(key) => Ok(key),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read(path),
        Err(source) => Err(UnlockError::KeyFile { path: path.to_owned(), source }),
    }
}

fn make(path: &Path) -> io::Result<DataKey> {
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(key.as_mut_slice())?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(key.as_slice())?;
    file.sync_all()?;
    #[cfg(unix)]
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        File::open(directory)?.sync_all()?;
    }
    Ok(DataKey(key))
}

fn read(path: &Path) -> Result<DataKey, UnlockError> {
    let bytes = fs::read(path).map_err(|source| UnlockError::KeyFile { path: path.to_owned(), source })?;
    let bytes = Zeroizing::new(bytes);
    let key = bytes.as_slice().try_into().map_err(|_| UnlockError::WrongKeyFile(path.to_owned()))?;
    Ok(DataKey(Zeroizing::new(key)))
}
