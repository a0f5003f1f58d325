//! The use case `init`: a chain begins in an empty directory and names its registrar.
//!
//! The registrar's key is made and kept by the node ([`begin`]), or it never leaves its holder,
//! who signs the first payload ([`first_payload`]) and hands the envelope in ([`begin_signed`]).
//! Either way the registrar's officer gets a login, whose token is shown once.

use uuid::{NoContext, Timestamp, Uuid};

use crate::chain::digest::Digest;
use crate::chain::envelope::{Envelope, EnvelopeFault, signing_bytes};
use crate::chain::key::{PublicKey, Signature};
use crate::chain::payload::{Malformed, Payload};
use crate::ledger::ids::KeyId;
use crate::ledger::operation::{ChainBegin, KeyRegister, Operation, PartyRegister};
use crate::ledger::registry::{Custody, PartyKind, Role};
use crate::ledger::time::Millis;
use crate::store::chain::ChainStore;
use crate::store::error::StoreError;
use crate::store::lock::{LockError, WriterLock};
use crate::store::node::NodeStore;
use crate::store::node::keyring::{Keyring, KeyringError, Unlock};
use crate::store::node::unlock::UnlockError;

use super::clock::ClockSuspect;
use super::node::{Node, Options, StartError, make_directory};
use super::operation::{self, Header, Unwritable};
use super::rollback::refuse_lost_chain;

/// What the registrar's first officer may do besides registering.
const FIRST_ROLES: [Role; 2] = [Role::Registrar, Role::Administrator];

/// The label of the first login.
const FIRST_LOGIN: &str = "registrar";

/// A chain that has begun.
#[derive(Debug)]
pub struct Begun {
    /// The chain's id.
    pub chain: Digest,
    /// The registrar's public id.
    pub party: Uuid,
    /// The registrar's label.
    pub label: String,
    /// The registrar's first officer.
    pub officer: Uuid,
    /// That officer's key.
    pub key: KeyId,
    /// Who holds it.
    pub custody: Custody,
    /// The officer's bearer token; it cannot be shown again.
    pub token: String,
}

/// Why a chain did not begin.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// The node does not start, or a chain is there already.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The directory is in use.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys that the node keeps do not open.
    #[error(transparent)]
    Unlock(#[from] UnlockError),
    /// The key cannot be kept or used.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The clock cannot be trusted.
    #[error(transparent)]
    Clock(#[from] ClockSuspect),
    /// The first operation cannot be written down.
    #[error("the first operation cannot be written down: {0}")]
    Unwritable(#[from] Unwritable),
    /// The envelope cannot be read.
    #[error("the envelope cannot be read: {0}")]
    Envelope(#[from] EnvelopeFault),
    /// The envelope's payload cannot be read.
    #[error("the envelope's payload cannot be read: {0}")]
    Payload(#[from] Malformed),
    /// The envelope holds another operation.
    #[error("the envelope does not begin a chain: {0}")]
    NotABeginning(String),
}

/// Who the registrar is to be.
#[derive(Clone, Copy, Debug)]
pub struct Beginning<'a> {
    /// What people call the registrar.
    pub label: &'a str,
    /// Whether the chain is a demonstration or a simulation, told with a clock of its own.
    pub demonstration: bool,
}

/// Begins a chain whose registrar's key the node makes and keeps.
pub async fn begin(options: Options, beginning: Beginning<'_>) -> Result<Begun, BeginError> {
    refuse_second_chain(&options).await?;
    let (officer, now) = (Uuid::new_v4(), options.clock.now()?);
    let envelope = {
        make_directory(&options.directory)?;
        let lock = WriterLock::acquire(&options.directory, &options.database).await?;
        let store = open_node_store(&options).await?;
        let keyring = Keyring::unlock(&store, same(&options.unlock)).await?;
        let key = keyring.create(officer).await?;
        let payload = payload(beginning, officer, key, Custody::Node, now)?;
        let signature = keyring.sign(key, &signing_bytes(&payload))?;
        store.close().await?;
        lock.release().await;
        Envelope::new(payload, vec![(PublicKey(key.0), Signature(signature))])?
    };
    begin_with(options, envelope, now).await
}

/// The bytes that the holder of a registrar's key signs to begin a chain.
pub fn first_payload(beginning: Beginning<'_>, key: PublicKey, now: Millis) -> Result<Vec<u8>, Unwritable> {
    payload(beginning, Uuid::new_v4(), KeyId(key.0), Custody::Holder, now)
}

/// Begins a chain with a first operation that its registrar signed elsewhere.
pub async fn begin_signed(options: Options, envelope: &[u8]) -> Result<Begun, BeginError> {
    let envelope = Envelope::parse_lenient(envelope)?;
    refuse_second_chain(&options).await?;
    let now = options.clock.now()?;
    begin_with(options, envelope, now).await
}

/// A fresh operation id of a moment: a UUIDv7 carries its time.
pub fn fresh_id(now: Millis) -> Uuid {
    let ms = u64::try_from(now.0).unwrap_or(0);
    let nanos = u32::try_from(ms % 1_000).expect("below a thousand") * 1_000_000;
    Uuid::new_v7(Timestamp::from_unix(NoContext, ms / 1_000, nanos))
}

impl Options {
    /// The same, with keys that open by a passphrase instead of the key file.
    pub fn with_passphrase(self, passphrase: String) -> Self {
        Self { unlock: Unlock::Passphrase(passphrase), ..self }
    }
}

async fn begin_with(options: Options, envelope: Envelope, now: Millis) -> Result<Begun, BeginError> {
    let first = read(&envelope)?;
    // The login comes first: a chain that nobody can log in to would be of no use.
    let store = open_node_store(&options).await?;
    let (party, officer) = (first.registrar.party, first.key.officer);
    let token = store.add_login(officer, party, FIRST_LOGIN, now).await?.to_string();
    store.close().await?;
    let chain = Node::begin(options, envelope.to_entry_bytes()).await?;
    let ChainBegin { registrar, key, .. } = first;
    Ok(Begun { chain, party, label: registrar.label, officer, key: key.key, custody: key.custody, token })
}

fn payload(
    beginning: Beginning<'_>,
    officer: Uuid,
    key: KeyId,
    custody: Custody,
    now: Millis,
) -> Result<Vec<u8>, Unwritable> {
    let party = Uuid::new_v4();
    let operation = Operation::ChainBegin(ChainBegin {
        demonstration: beginning.demonstration,
        key: KeyRegister { custody, key, officer, party, roles: FIRST_ROLES.to_vec() },
        registrar: PartyRegister {
            area: String::new(),
            kind: PartyKind::Registrar,
            label: beginning.label.to_owned(),
            level: String::new(),
            party,
        },
    });
    let header = Header { chain: Digest::ZERO, id: fresh_id(now), party, occurred_at: None };
    // Without lines no salt is made, so there is nothing to keep secret.
    Ok(operation::to_sign(&header, &operation, &[0; 32])?.payload)
}

fn read(envelope: &Envelope) -> Result<ChainBegin, BeginError> {
    let payload = Payload::parse(envelope.payload())?;
    let stated = operation::read_payload(&payload, envelope.payload_digest(), &[], &[])
        .map_err(|why| BeginError::NotABeginning(why.to_string()))?;
    match stated.operation {
        Operation::ChainBegin(first) => Ok(first),
        other => Err(BeginError::NotABeginning(format!("it holds {}", other.kind().name()))),
    }
}

/// Refuses where a chain is, or was and was lost.
async fn refuse_second_chain(options: &Options) -> Result<(), BeginError> {
    match has_chain(options).await? {
        true => Err(StartError::ChainExists(options.database.clone()).into()),
        false => Ok(refuse_lost_chain(options).await?),
    }
}

/// Whether there is a chain; makes nothing.
pub async fn has_chain(options: &Options) -> Result<bool, StoreError> {
    let place = options.database.chain();
    if !place.exists().await? {
        return Ok(false);
    }
    let chain = ChainStore::open(&place, options.faults.clone()).await?;
    let head = chain.head().await?;
    chain.close().await?;
    Ok(head.is_some())
}

async fn open_node_store(options: &Options) -> Result<NodeStore, BeginError> {
    make_directory(&options.directory)?;
    Ok(NodeStore::open(&options.database.node(), options.faults.clone()).await?)
}

/// The same way to unlock, for a second opening.
fn same(unlock: &Unlock) -> Unlock {
    match unlock {
        Unlock::Passphrase(passphrase) => Unlock::Passphrase(passphrase.clone()),
        Unlock::KeyFile(path) => Unlock::KeyFile(path.clone()),
    }
}
