//! What every resolver has at hand: the node, who asks, the moment that is asked about, and
//! loaders that turn many single look-ups into one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::{Context, Error};
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use crate::limits::ANSWER_ENTRY_BYTES_MAX;
use crate::service::node::Node;
use crate::service::officers::Viewer;
use crate::service::reads::{Moment, ReadError};
use crate::service::rights::Reader;

use super::error;
use super::load::{self, Loaders, Needed};

/// The last entry that each officer's login recorded here, so that a read can wait for it.
#[derive(Debug, Default)]
pub struct LastRecorded(Mutex<BTreeMap<Uuid, u64>>);

impl LastRecorded {
    /// Notes that an officer recorded an entry.
    pub fn note(&self, officer: Uuid, entry: u64) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = last.entry(officer).or_default();
        *known = (*known).max(entry + 1);
    }

    /// How many entries the views must hold before an officer reads.
    pub fn entries(&self, officer: Uuid) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&officer).copied().unwrap_or(0)
    }
}

/// Who sends a request: the officer, if the login is valid, and what the views must hold first.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The officer; none without a valid login.
    pub viewer: Option<Viewer>,
    /// Entries that the client says it knows of (`Aqueduct-At-Least`).
    pub at_least: u64,
}

impl Caller {
    /// The officer's public id.
    pub fn officer(&self) -> Option<Uuid> {
        self.viewer.as_ref().map(|viewer| viewer.officer)
    }
}

/// The state of one request.
pub struct Api {
    /// The node.
    pub node: Arc<Node>,
    /// Loaders.
    pub load: Loaders,
    caller: Caller,
    /// Of who follows.
    token: Option<String>,
    /// Held while a follower reads.
    turn: Mutex<Option<OwnedSemaphorePermit>>,
    last_recorded: Arc<LastRecorded>,
    needed: Needed,
    moment: tokio::sync::Mutex<Option<Moment>>,
    begun: AtomicBool,
    /// Bytes of envelopes and lines in the answer so far.
    entry_bytes: AtomicUsize,
}

/// The state of the request that a resolver works for.
pub fn api<'a>(ctx: &Context<'a>) -> Result<&'a Api, Error> {
    Ok(ctx.data::<Arc<Api>>()?.as_ref())
}

impl Api {
    /// The state of a new request.
    pub fn new(node: Arc<Node>, caller: Caller, last_recorded: Arc<LastRecorded>) -> Self {
        let own = caller.viewer.as_ref().map_or(0, |viewer| last_recorded.entries(viewer.officer));
        let needed: Needed = Arc::new(AtomicU64::new(own.max(caller.at_least)));
        Self {
            load: Loaders::new(&node, &needed),
            node,
            caller,
            token: None,
            turn: Mutex::default(),
            last_recorded,
            needed,
            moment: tokio::sync::Mutex::default(),
            begun: AtomicBool::new(false),
            entry_bytes: AtomicUsize::new(0),
        }
    }

    /// The same for who follows with a token, which is looked at again as the stream goes on.
    pub fn following(self, token: Option<String>) -> Self {
        Self { token, ..self }
    }

    /// Who asks; an error without a login.
    pub fn viewer(&self) -> Result<&Viewer, Error> {
        self.caller.viewer.as_ref().ok_or_else(error::unauthenticated)
    }

    /// The token of a login that follows.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// What may be read; an error without a login.
    pub fn reader(&self) -> Result<Reader, Error> {
        Ok(Reader::of(self.viewer()?))
    }

    /// What may be read; nothing of the contents without a login.
    pub fn reader_if_any(&self) -> Option<Reader> {
        self.caller.viewer.as_ref().map(Reader::of)
    }

    /// Notes that the viewer recorded an entry: what this request reads from now on, and every
    /// later read of the same officer, waits until the views hold it.
    pub fn recorded(&self, entry: u64) {
        if let Some(viewer) = &self.caller.viewer {
            self.last_recorded.note(viewer.officer, entry);
        }
        self.needed.fetch_max(entry + 1, Ordering::SeqCst);
    }

    /// Waits until the views hold what the caller knows of, at most the time a read may wait.
    pub async fn settle(&self) {
        load::settle(&self.node, self.needed.load(Ordering::SeqCst)).await;
    }

    /// The moment that this request reads at: the same for all its fields, and not before what
    /// the caller recorded. The first field that asks looks it up, the others wait for it.
    pub async fn moment(&self) -> Result<Moment, ReadError> {
        let needed = self.needed.load(Ordering::SeqCst);
        let mut known = self.moment.lock().await;
        if let Some(moment) = known.filter(|moment| moment.entries >= needed) {
            return Ok(moment);
        }
        self.settle().await;
        let moment = self.node.moment(None).await?;
        *known = Some(moment);
        Ok(moment)
    }

    /// Waits for the turn of a follower to read, unless it has it.
    pub async fn take_turn(&self) {
        if self.turn().is_none() {
            let turn = self.node.stream_turns().clone().acquire_owned().await;
            *self.turn() = Some(turn.expect("nobody closes it"));
        }
    }

    /// Lets the next follower read.
    pub fn end_turn(&self) {
        self.turn().take();
    }

    fn turn(&self) -> MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the moment and what the last answer held: the next message of a subscription is
    /// another answer, about a later moment.
    pub async fn advance(&self) {
        *self.moment.lock().await = None;
        self.entry_bytes.store(0, Ordering::SeqCst);
    }

    /// Counts lines or envelopes that the answer is to hold; an error when it is too much.
    pub fn holds(&self, bytes: usize) -> Result<(), Error> {
        let before = self.entry_bytes.fetch_add(bytes, Ordering::SeqCst);
        match before.saturating_add(bytes) <= ANSWER_ENTRY_BYTES_MAX {
            true => Ok(()),
            false => Err(error::too_large()),
        }
    }

    /// Notes that the document has passed every check and is being executed.
    pub fn begin(&self) {
        self.begun.store(true, Ordering::SeqCst);
    }

    /// Whether it came to that: an error before is one of the request, and its answer has no
    /// data, not even null.
    pub fn has_begun(&self) -> bool {
        self.begun.load(Ordering::SeqCst)
    }
}
