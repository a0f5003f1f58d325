//! The demonstration: a story with planted leaks, told through the public path.
//!
//! `seeds/` holds the story as data and says, in its README, what a report of it must show.
//! Here it is told: every step is an operation, signed with the officers' own keys and sent the
//! way of [`super::record`], with a clock that is set to the day of the step. The genesis says
//! that the chain is a demonstration.
//!
//! `script` reads the data and `country` answers questions about it; `cast` registers who takes
//! part, `deeds` and `notes` turn steps into operations, `books` finds what they name.

mod books;
mod cast;
mod country;
mod deeds;
mod notes;
mod script;

use std::sync::Arc;

use futures_util::future::join_all;
use uuid::Uuid;

use crate::chain::digest::Digest;
use crate::ledger::registry::Role;
use crate::ledger::time::Millis;
use crate::store::database::Database;
use crate::store::error::StoreError;
use crate::store::node::NodeStore;
use crate::store::node::keyring::{KeyringError, Unlock};

use super::begin::{self, BeginError, Beginning, Begun};
use super::clock::Clock;
use super::node::{Node, Options, StartError, make_directory};
use super::orderer::NotRecorded;
use super::record::{NotAccepted, Outcome, Status};

use books::Books;
use cast::Cast;
use deeds::{Act, Scene};
use script::{Deed, Script};

/// Where the node remembers how far the story was told.
const SETTING: &str = "demonstration";
const BEGUN: &[u8] = b"begun";
const TOLD: &[u8] = b"told";

/// Why the story was not told.
#[derive(Debug, thiserror::Error)]
pub enum StoryError {
    /// The data in `seeds/` contradicts itself.
    #[error("the story cannot be told: {0}")]
    Script(String),
    /// The directory holds the whole demonstration already.
    #[error("the demonstration in {0} is told already; serve it, or remove that {kind} to tell it anew with new logins", kind = .0.kind())]
    AlreadyTold(Database),
    /// An earlier telling was interrupted.
    #[error("the demonstration in {0} was interrupted before its end; remove that {kind} and run `aqueduct demo` again", kind = .0.kind())]
    HalfTold(Database),
    /// There is another chain.
    #[error("there is another chain in {0}; the demonstration needs an empty {kind}", kind = .0.kind())]
    OtherChain(Database),
    /// The story would lie in the future.
    #[error("the clock says {now}, but the story ends at {ends}; set the clock right")]
    NotYet {
        /// The clock.
        now: Millis,
        /// The story's end.
        ends: Millis,
    },
    /// The chain does not begin.
    #[error(transparent)]
    Begin(#[from] BeginError),
    /// The node does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A step was not taken.
    #[error("the story breaks off at {at}: {by} cannot state {kind}")]
    Refused {
        /// The story's time.
        at: Millis,
        /// Who.
        by: String,
        /// What.
        kind: &'static str,
        /// Why.
        source: Box<NotAccepted>,
    },
    /// A step came out otherwise than the story needs.
    #[error("the story breaks off at {at}: {kind} of {by} is {status}")]
    Unexpected {
        /// The story's time.
        at: Millis,
        /// Who.
        by: String,
        /// What.
        kind: &'static str,
        /// How far it came.
        status: String,
    },
    /// The clock cannot be trusted.
    #[error(transparent)]
    Clock(NotRecorded),
    /// The node's own store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key cannot be kept.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}

/// A login of the demonstration: who it is and the bearer token.
#[derive(Clone, PartialEq, Eq)]
pub struct DemoLogin {
    /// What the officer is called, such as `cashier`; `recipient` for a person.
    pub officer: String,
    /// The officer's public id.
    pub officer_id: Uuid,
    /// The party's label, such as `Alder County Office` or `Alder North 04`.
    pub party: String,
    /// The party's public id.
    pub party_id: Uuid,
    /// What the officer may sign.
    pub roles: Vec<Role>,
    /// The bearer token.
    pub token: String,
}

/// Without the token: it is a secret.
impl std::fmt::Debug for DemoLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DemoLogin({}, {})", self.officer, self.party)
    }
}

/// What a directory holds of the demonstration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// No chain.
    Nothing,
    /// All of it.
    Whole,
    /// A part: the telling was interrupted.
    Half,
    /// A chain of another kind.
    OtherChain,
}

/// How much of the demonstration a directory holds; makes nothing in an empty one.
pub async fn told(options: &Options) -> Result<Told, StoreError> {
    let place = options.database.node();
    let mark = match place.exists().await? {
        false => None,
        true => {
            let store = NodeStore::open(&place, options.faults.clone()).await?;
            let mark = store.setting(SETTING).await?;
            store.close().await?;
            mark
        }
    };
    Ok(match (mark.as_deref(), begin::has_chain(options).await?) {
        (Some(TOLD), true) => Told::Whole,
        (Some(_), true) => Told::Half,
        (None, true) => Told::OtherChain,
        (_, false) => Told::Nothing,
    })
}

/// Tells the story into an empty directory and stops the node. `progress` hears what is being
/// done, how many steps are done, and how many there are.
///
/// The story has a clock of its own; that of the options is asked only at the end, for what is
/// left waiting for a second officer, which would otherwise have expired long ago.
pub async fn tell(options: Options, progress: impl Fn(&str, u64, u64)) -> Result<Vec<DemoLogin>, StoryError> {
    let script = Script::read()?;
    match told(&options).await? {
        Told::Nothing => {}
        Told::Whole => return Err(StoryError::AlreadyTold(options.database)),
        Told::Half => return Err(StoryError::HalfTold(options.database)),
        Told::OtherChain => return Err(StoryError::OtherChain(options.database)),
    }
    let now = options.clock.now().map_err(|suspect| StoryError::Clock(suspect.into()))?;
    if now < script.ends() {
        return Err(StoryError::NotYet { now, ends: script.ends() });
    }
    let clock = Arc::new(Clock::manual(script.country.begins.0));
    let begun = begin_story(&options, &clock, &script).await?;
    let node = Node::open(with_clock(&options, &clock)).await?;
    let cast = Cast::of(&script.country, &begun);
    let mut teller = Teller { node, clock, script, cast, books: Books::default(), stated: 0 };
    let logins = teller.tell(&begun, now, &progress).await;
    // Stopped cleanly whether the story was told to its end or not.
    teller.node.stop().await;
    logins
}

/// Begins the chain, with a mark that tells an interrupted story from any other chain.
async fn begin_story(options: &Options, clock: &Arc<Clock>, script: &Script) -> Result<Begun, StoryError> {
    make_directory(&options.directory)?;
    let store = NodeStore::open(&options.database.node(), options.faults.clone()).await?;
    store.set_setting(SETTING, BEGUN).await?;
    store.close().await?;
    let label = &script.country.registrar()?.label;
    Ok(begin::begin(with_clock(options, clock), Beginning { label, demonstration: true }).await?)
}

/// The same options with the story's clock; a story makes no empty blocks.
fn with_clock(options: &Options, clock: &Arc<Clock>) -> Options {
    Options {
        unlock: match &options.unlock {
            Unlock::Passphrase(passphrase) => Unlock::Passphrase(passphrase.clone()),
            Unlock::KeyFile(path) => Unlock::KeyFile(path.clone()),
        },
        clock: clock.clone(),
        faults: options.faults.clone(),
        database: options.database.clone(),
        ..Options::new(&options.directory)
    }
}

struct Teller {
    node: Node,
    clock: Arc<Clock>,
    script: Script,
    cast: Cast,
    books: Books,
    /// Operations stated so far: what their ids are made from.
    stated: u64,
}

impl Teller {
    async fn tell(
        &mut self,
        begun: &Begun,
        now: Millis,
        progress: &impl Fn(&str, u64, u64),
    ) -> Result<Vec<DemoLogin>, StoryError> {
        let script = std::mem::replace(&mut self.script, Script::read()?);
        // A step for the parties, one for their keys, one for the logins, one for what waits.
        let total = u64::try_from(script.steps.len()).unwrap_or(u64::MAX).saturating_add(4);
        progress("registering offices and recipients", 0, total);
        let begins = script.country.begins.0;
        self.cast.learn(&self.node);
        self.state_all(begins, self.cast.parties(&script.country)).await?;
        progress("registering keys", 1, total);
        self.state_all(begins, self.cast.keys(&self.node).await?).await?;
        self.cast.learn(&self.node);
        for programme in &script.country.programme {
            let definition =
                crate::ledger::operation::Operation::ProgrammeDefine(script.country.definition(programme)?);
            let by = programme.treasury.clone();
            self.state_all(begins, vec![Act { by, role: Role::Allocator, for_two: true, operation: definition }])
                .await?;
        }
        for (done, step) in (2_u64..).zip(&script.steps) {
            progress(&step.at.to_string(), done, total);
            self.clock.set(step.at);
            let acts = Scene { country: &script.country, books: &self.books }.acts(&step.deed)?;
            self.state_all(step.at, acts).await?;
        }
        progress("leaving some work undone", total.saturating_sub(2), total);
        self.leave_waiting(now, &script.waiting, &script).await?;
        progress("making logins", total.saturating_sub(1), total);
        let logins = self.cast.logins(&self.node, begun).await?;
        self.node.examine_up().await;
        self.node.store().set_setting(SETTING, TOLD).await?;
        progress("told", total, total);
        Ok(logins)
    }

    /// States operations of one moment, all at once; those for two officers one by one.
    async fn state_all(&mut self, at: Millis, acts: Vec<Act>) -> Result<(), StoryError> {
        let named: Vec<(Uuid, Act)> = acts.into_iter().map(|act| (self.next_id(at), act)).collect();
        let this = &*self;
        let outcomes = join_all(named.iter().map(|(id, act)| this.state(at, *id, act))).await;
        for ((_, act), outcome) in named.iter().zip(outcomes) {
            match outcome?.status {
                Status::Recorded(answer) if answer.change.is_some() => {
                    answer.change.iter().for_each(|change| self.books.take(change));
                }
                other => return Err(unexpected(at, act, &other)),
            }
        }
        Ok(())
    }

    /// States one operation, and lets the approver sign it where two officers must.
    async fn state(&self, at: Millis, id: Uuid, act: &Act) -> Result<Outcome, StoryError> {
        let refused = |why: NotAccepted| StoryError::Refused {
            at,
            by: act.by.clone(),
            kind: act.operation.kind().name(),
            source: Box::new(why),
        };
        let officer = self.cast.officer(&act.by, act.role)?;
        let outcome = self.node.state(officer, id, None, act.operation.clone()).await.map_err(refused)?;
        if !act.for_two {
            return Ok(outcome);
        }
        let approver = self.cast.officer(&act.by, Role::Approver)?;
        self.node.approve(approver, id).await.map_err(refused)
    }

    /// States what needs two officers, and leaves the second signature to the reader.
    async fn leave_waiting(&mut self, now: Millis, deeds: &[Deed], script: &Script) -> Result<(), StoryError> {
        self.clock.set(now);
        for deed in deeds {
            for act in (Scene { country: &script.country, books: &self.books }).acts(deed)? {
                let id = self.next_id(now);
                let first_only = Act { for_two: false, ..act };
                let outcome = self.state(now, id, &first_only).await?;
                if !matches!(outcome.status, Status::AwaitingSignature { .. }) {
                    return Err(unexpected(now, &first_only, &outcome.status));
                }
            }
        }
        Ok(())
    }

    /// The id of the next operation: a UUIDv7 of the story's time, the same in every telling.
    fn next_id(&mut self, at: Millis) -> Uuid {
        self.stated += 1;
        let digest = Digest::of_parts(&[b"aqueduct/story/v1\0operation\0", &self.stated.to_be_bytes()]);
        let random = digest.0[..10].try_into().expect("a digest has 32 bytes");
        uuid::Builder::from_unix_timestamp_millis(u64::try_from(at.0).unwrap_or(0), random).into_uuid()
    }
}

fn unexpected(at: Millis, act: &Act, status: &Status) -> StoryError {
    let (by, kind) = (act.by.clone(), act.operation.kind().name());
    StoryError::Unexpected { at, by, kind, status: format!("{status:?}") }
}
