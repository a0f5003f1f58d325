//! The orderer, one per chain: takes what is waiting, forms a block, makes it durable as one
//! row, and only then answers.
//!
//! Group commit without a timer: while a block is being written the next operations gather,
//! and are the next block. After an error at commit nobody is answered until the head of the
//! chain store has been read again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::MissedTickBehavior;
use tracing::{debug, error, info, warn};

use crate::chain::block::Block;
use crate::ledger::admit::{Change, Requirement};
use crate::ledger::operation::Stated;
use crate::ledger::refusal::Refusal;
use crate::ledger::registry::Recorded;
use crate::ledger::time::Millis;
use crate::limits;
use crate::store::chain::{ChainStore, Kept, StoredBlock};
use crate::store::error::{AppendError, with_causes};
use crate::store::views::Views;

use super::clock::{Clock, ClockSuspect};
use super::operation::Checked;
use super::prefetch::{PrefetchError, prefetch};
use super::projector::{Lag, Projector};
use super::replica::{Replica, Verdict};

/// Why an operation has no answer from the books.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotRecorded {
    /// A rule refuses it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too much is waiting, or the views are too far behind.
    #[error("too much is waiting; try again in {retry_after_ms} ms")]
    Overloaded {
        /// When to try again.
        retry_after_ms: u64,
    },
    /// The clock cannot be trusted.
    #[error(transparent)]
    Clock(#[from] ClockSuspect),
    /// A store does not answer. Nothing was recorded, or a retry with the same id finds it.
    #[error("the store is not available; send the same operation again to learn what became of it")]
    Unavailable,
    /// The node is stopping, or another writer took the chain.
    #[error("the server is stopping; nothing was recorded")]
    Stopped,
}

impl NotRecorded {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Overloaded { .. } => "OVERLOADED",
            Self::Clock(_) => "CLOCK_SUSPECT",
            Self::Unavailable => "STORE_UNAVAILABLE",
            Self::Stopped => "STOPPING",
        }
    }
}

/// The answer to a recorded operation.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its record.
    pub recorded: Arc<Recorded>,
    /// What it changed; none when it was recorded before.
    pub change: Option<Arc<Change>>,
}

impl Answer {
    /// Whether it was recorded before with the same content.
    pub fn is_replayed(&self) -> bool {
        self.change.is_none()
    }
}

struct Waiting {
    checked: Checked,
    task: Task,
}

enum Task {
    Record(oneshot::Sender<Result<Answer, NotRecorded>>),
    Rehearse(oneshot::Sender<Result<(), NotRecorded>>),
    Requirement(oneshot::Sender<Result<Requirement, NotRecorded>>),
}

/// Where operations are handed to the orderer.
#[derive(Clone, Debug)]
pub struct Recorder {
    inbox: mpsc::Sender<Waiting>,
    lag: Arc<Lag>,
    acceptance: Arc<Acceptance>,
}

/// What must hold for operations to be taken.
#[derive(Debug)]
struct Acceptance {
    /// The clock can be trusted.
    clock: AtomicBool,
    /// The last block could be written.
    store: AtomicBool,
    /// The chain goes on with a block that is not this node's.
    superseded: AtomicBool,
}

impl Recorder {
    /// Records an operation; the answer comes once it is durable.
    pub async fn record(&self, checked: Checked) -> Result<Answer, NotRecorded> {
        let (reply, answer) = oneshot::channel();
        self.send(checked, Task::Record(reply))?;
        // No reply at all: the orderer ended with the operation in its hands.
        answer.await.map_err(|_| NotRecorded::Unavailable)?
    }

    /// The signatures that an operation needs, by records that may have left memory.
    pub async fn requirement(&self, stated: Stated) -> Result<Requirement, NotRecorded> {
        let (reply, answer) = oneshot::channel();
        let checked = Checked { stated, entry_bytes: Vec::new(), lines: Vec::new() };
        self.send(checked, Task::Requirement(reply))?;
        answer.await.map_err(|_| NotRecorded::Stopped)?
    }

    /// Says whether an operation would be admitted now, apart from signatures still to come.
    pub async fn rehearse(&self, checked: Checked) -> Result<(), NotRecorded> {
        let (reply, answer) = oneshot::channel();
        self.send(checked, Task::Rehearse(reply))?;
        answer.await.map_err(|_| NotRecorded::Stopped)?
    }

    /// Whether operations are taken at all.
    pub fn is_accepting(&self) -> bool {
        let Acceptance { clock, store, .. } = self.acceptance.as_ref();
        clock.load(Ordering::SeqCst) && store.load(Ordering::SeqCst) && !self.inbox.is_closed()
    }

    /// Whether the chain went on without this node, or was put back: then it ends.
    pub fn is_superseded(&self) -> bool {
        self.acceptance.superseded.load(Ordering::SeqCst)
    }

    /// How many operations wait for the orderer.
    pub fn waiting(&self) -> usize {
        self.inbox.max_capacity() - self.inbox.capacity()
    }

    fn send(&self, checked: Checked, task: Task) -> Result<(), NotRecorded> {
        if self.lag.is_over_its_bound() {
            return Err(NotRecorded::Overloaded { retry_after_ms: limits::RETRY_AFTER_MS });
        }
        self.inbox.try_send(Waiting { checked, task }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotRecorded::Overloaded { retry_after_ms: limits::RETRY_AFTER_MS },
            mpsc::error::TrySendError::Closed(_) => NotRecorded::Stopped,
        })
    }
}

/// The orderer's own side.
pub struct Orderer {
    replica: Replica,
    chain: Arc<ChainStore>,
    views: Views,
    projector: Projector,
    clock: Arc<Clock>,
    inbox: mpsc::Receiver<Waiting>,
    stop: watch::Receiver<bool>,
    acceptance: Arc<Acceptance>,
    /// What did not fit into the last block.
    left: VecDeque<Waiting>,
    serving: bool,
    /// Who had the writer's lock when it was last asked for.
    lock: Kept,
}

impl Orderer {
    /// An orderer over a replica, and the way to hand it operations. `serving` says whether it
    /// makes empty blocks when money falls due.
    pub fn new(
        replica: Replica,
        chain: Arc<ChainStore>,
        views: Views,
        projector: Projector,
        clock: Arc<Clock>,
        stop: watch::Receiver<bool>,
        serving: bool,
    ) -> (Self, Recorder) {
        let (sender, inbox) = mpsc::channel(limits::QUEUE_OPERATIONS_MAX);
        let acceptance = Arc::new(Acceptance {
            clock: AtomicBool::new(true),
            store: AtomicBool::new(true),
            superseded: AtomicBool::new(false),
        });
        let recorder = Recorder { inbox: sender, lag: projector.lag(), acceptance: acceptance.clone() };
        let left = VecDeque::new();
        let lock = Kept::Still;
        let orderer = Self { replica, chain, views, projector, clock, inbox, stop, acceptance, left, serving, lock };
        (orderer, recorder)
    }

    /// Runs until stopped; what was taken by then is answered.
    pub async fn run(mut self) {
        let mut tick = tokio::time::interval(Duration::from_millis(limits::EMPTY_BLOCK_INTERVAL_MS));
        let mut lock = tokio::time::interval(Duration::from_millis(limits::LOCK_INTERVAL_MS));
        lock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next = match self.left.pop_front() {
                Some(waiting) => Next::Block(Some(Box::new(waiting))),
                None => tokio::select! {
                    waiting = self.inbox.recv() => match waiting {
                        Some(waiting) => Next::Block(Some(Box::new(waiting))),
                        None => break,
                    },
                    _ = tick.tick(), if self.serving => Next::Block(None),
                    _ = lock.tick(), if self.serving => Next::Lock,
                    _ = self.stop.wait_for(|stop| *stop) => break,
                },
            };
            let goes_on = match next {
                Next::Block(first) => {
                    let batch = self.gather(first.map(|first| *first));
                    self.round(batch).await
                }
                Next::Lock => self.keep_lock().await,
            };
            if !goes_on {
                break;
            }
        }
        self.inbox.close();
        while let Ok(waiting) = self.inbox.try_recv() {
            waiting.fail(NotRecorded::Stopped);
        }
    }

    /// Takes the writer's lock again if the database lost it, before anybody else does. False when
    /// the chain went on without this node.
    async fn keep_lock(&mut self) -> bool {
        let before = self.lock;
        let asked = match self.chain.keep_lock().await {
            Ok(Kept::Still) => Ok(None),
            Ok(kept) => self.chain.head().await.map(|head| Some((kept, head))),
            Err(error) => Err(error),
        };
        match asked {
            Ok(None) => return true,
            Ok(Some((_, head))) if head.map(|head| head.digest) != self.replica.head().map(|head| head.digest().0) => {
                self.give_up();
                return false;
            }
            Ok(Some((kept, _))) => self.lock = kept,
            Err(error) => {
                debug!(error = with_causes(&error), "the chain store does not answer");
                return true;
            }
        }
        match (before, self.lock) {
            (Kept::Elsewhere, Kept::Elsewhere) => {}
            (_, Kept::Elsewhere) => {
                warn!("another process has the right to write this chain; nothing is recorded until it has ended");
                self.acceptance.store.store(false, Ordering::SeqCst);
            }
            _ => {
                info!("the session that writes the chain was lost, and is there again with its lock");
                if before == Kept::Elsewhere {
                    self.acceptance.store.store(true, Ordering::SeqCst);
                }
            }
        }
        true
    }

    /// Notes that the chain is not the one that this node knows.
    fn give_up(&self) {
        error!("the head of the chain is not the block that this node wrote last; stopping");
        self.acceptance.superseded.store(true, Ordering::SeqCst);
    }

    /// What is waiting, as much as one block holds.
    fn gather(&mut self, first: Option<Waiting>) -> Vec<Waiting> {
        let (mut lines, mut bytes) = (0, 64);
        let mut batch = Vec::new();
        let mut next = first;
        while let Some(waiting) = next {
            lines += waiting.checked.lines.len();
            bytes += waiting.checked.stored_bytes();
            let full = lines > limits::BLOCK_LINES_MAX || bytes > limits::BLOCK_BYTES_MAX;
            if full && !batch.is_empty() {
                self.left.push_front(waiting);
                break;
            }
            batch.push(waiting);
            next = match self.left.pop_front() {
                Some(waiting) => Some(waiting),
                None => self.inbox.try_recv().ok(),
            };
        }
        batch
    }

    /// One block: fetch, admit, make durable, answer. False when nothing more can be recorded.
    async fn round(&mut self, batch: Vec<Waiting>) -> bool {
        let now = match self.clock.now() {
            Ok(now) => {
                self.acceptance.clock.store(true, Ordering::SeqCst);
                now
            }
            Err(suspect) => {
                error!(jump_ms = suspect.jump_ms, "the clock is suspect; nothing is recorded");
                self.acceptance.clock.store(false, Ordering::SeqCst);
                batch.into_iter().for_each(|waiting| waiting.fail(suspect.into()));
                return true;
            }
        };
        if let Err(error) = self.prefetch(&batch, now).await {
            error!(error = with_causes(&error), "the views cannot be read; nothing is recorded");
            batch.into_iter().for_each(|waiting| waiting.fail(NotRecorded::Unavailable));
            return true;
        }
        let (checked, mut tasks) = self.rehearsals(batch, now);
        let time = self.replica.time_after_head(now);
        // After a failed write an empty block tells when the store can be written again.
        let is_written = self.acceptance.store.load(Ordering::SeqCst);
        let empty_too = tasks.is_empty() && self.serving && (!is_written || self.replica.has_fallen_due(now));
        let proposal = self.replica.propose(checked, time, empty_too);
        let verdicts = proposal.verdicts.clone();
        let replayed = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Replayed(_))).count();
        // A length in memory always fits into 64 bits.
        self.projector.metrics().replayed.add(replayed as u64);
        let Some(block) = &proposal.block else {
            answer_all(tasks, verdicts);
            return true;
        };
        match self.make_durable(block, &mut tasks).await {
            Durable::Yes => {
                self.acceptance.store.store(true, Ordering::SeqCst);
                self.count(block);
                let committed = self.replica.commit(proposal);
                self.projector.take(committed);
                self.replica.drop_projected(self.projector.lag().applied_entries());
                answer_all(tasks, verdicts);
                true
            }
            Durable::No => {
                self.acceptance.store.store(false, Ordering::SeqCst);
                fail_all(tasks, NotRecorded::Unavailable);
                true
            }
            Durable::Lost => {
                // It may be written: only a retry with the same id can tell.
                fail_all(tasks, NotRecorded::Unavailable);
                false
            }
        }
    }

    /// Counts a block that is durable.
    fn count(&self, block: &Block) {
        let metrics = self.projector.metrics();
        metrics.recorded.add(u64::from(block.header.entry_count));
        metrics.block_entries.take(u64::from(block.header.entry_count));
        // A length in memory always fits into 64 bits.
        metrics.block_bytes.take(block.body_bytes.len() as u64);
    }

    /// Tells everybody who waits that the store is not available.
    fn turn_away(&mut self) {
        self.left.drain(..).for_each(|waiting| waiting.fail(NotRecorded::Unavailable));
        while let Ok(waiting) = self.inbox.try_recv() {
            waiting.fail(NotRecorded::Unavailable);
        }
    }

    /// Answers rehearsals at once; the rest goes into a block.
    fn rehearsals(&self, batch: Vec<Waiting>, now: Millis) -> (Vec<Checked>, Vec<Reply>) {
        let (mut checked, mut tasks) = (Vec::new(), Vec::new());
        for waiting in batch {
            match waiting.task {
                Task::Record(reply) => {
                    checked.push(waiting.checked);
                    tasks.push(reply);
                }
                Task::Requirement(reply) => {
                    // A caller that went away needs no answer.
                    let _ = reply.send(self.replica.requirement(&waiting.checked.stated).map_err(NotRecorded::Refused));
                }
                Task::Rehearse(reply) => {
                    let verdict = self.replica.rehearse(&waiting.checked, now);
                    // A caller that went away needs no answer.
                    let _ = reply.send(verdict.map_err(NotRecorded::Refused));
                }
            }
        }
        (checked, tasks)
    }

    /// Reads from the views what the waiting operations name and memory lacks.
    async fn prefetch(&mut self, batch: &[Waiting], now: Millis) -> Result<(), PrefetchError> {
        let stated: Vec<_> = batch.iter().map(|waiting| &waiting.checked.stated).collect();
        prefetch(&mut self.replica, &self.views, &stated, now).await
    }

    /// Writes the block as one row. An unknown outcome is found out before anybody is told that
    /// something is recorded, or refused.
    async fn make_durable(&mut self, block: &Block, tasks: &mut Vec<Reply>) -> Durable {
        let stored = stored(block);
        let mut tries = 0;
        loop {
            tries += 1;
            let began = Instant::now();
            let appended = self.chain.append(&stored).await;
            self.projector.metrics().append.take_duration(began.elapsed());
            let error = match appended {
                Ok(()) => return Durable::Yes,
                Err(AppendError::Conflict) => {
                    self.give_up();
                    return Durable::Lost;
                }
                Err(error) => error,
            };
            let was_cut_off = matches!(error, AppendError::Unknown { .. });
            let error = with_causes(&error);
            warn!(height = stored.height, error, "the block may not be written; reading the head again");
            let found = self.find_out(&stored, tasks).await;
            // A connection that was lost is there again, and somebody is still waiting.
            let once_more = matches!(found, Durable::No) && was_cut_off && !tasks.is_empty();
            if !once_more || tries == limits::APPEND_TRIES_MAX {
                return found;
            }
        }
    }

    /// Reads the head until it answers: the block is there, or it is not. Who waits for that is
    /// told after a while that it is not known.
    async fn find_out(&mut self, stored: &StoredBlock, tasks: &mut Vec<Reply>) -> Durable {
        self.acceptance.store.store(false, Ordering::SeqCst);
        let began = Instant::now();
        loop {
            let head = match self.chain.reopen().await {
                Ok(()) => self.chain.head().await,
                Err(error) => Err(error),
            };
            match head {
                Ok(head) => {
                    let before = stored.height.checked_sub(1);
                    return match head {
                        Some(head) if head.digest == stored.digest => {
                            info!(height = stored.height, "the block is written after all");
                            Durable::Yes
                        }
                        Some(head) if Some(head.height) == before && head.digest == stored.previous => Durable::No,
                        None if before.is_none() => Durable::No,
                        _ => {
                            self.give_up();
                            Durable::Lost
                        }
                    };
                }
                Err(error) => warn!(error = with_causes(&error), "the chain store does not answer"),
            }
            if began.elapsed() >= Duration::from_millis(limits::STORE_OUTAGE_MS) {
                fail_all(std::mem::take(tasks), NotRecorded::Unavailable);
                self.turn_away();
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(limits::STORE_RETRY_MS)) => {}
                _ = self.stop.wait_for(|stop| *stop) => return Durable::Lost,
            }
        }
    }
}

/// Who waits for the record of an operation.
type Reply = oneshot::Sender<Result<Answer, NotRecorded>>;

/// A block as the chain store takes it.
pub(super) fn stored(block: &Block) -> StoredBlock {
    StoredBlock {
        height: block.header.height,
        digest: block.header.digest().0,
        previous: block.header.previous.0,
        first_entry: block.header.first_entry,
        entry_count: block.header.entry_count,
        time: Millis(block.header.time.millis()),
        header: block.header.to_bytes(),
        body: block.body_bytes.clone(),
    }
}

/// What is done next: a block, that of some operation or an empty one, or a look at the lock.
enum Next {
    Block(Option<Box<Waiting>>),
    Lock,
}

enum Durable {
    Yes,
    No,
    Lost,
}

impl Waiting {
    fn fail(self, why: NotRecorded) {
        // A caller that went away needs no answer.
        match self.task {
            Task::Record(reply) => drop(reply.send(Err(why))),
            Task::Rehearse(reply) => drop(reply.send(Err(why))),
            Task::Requirement(reply) => drop(reply.send(Err(why))),
        }
    }
}

fn answer_all(tasks: Vec<Reply>, verdicts: Vec<Verdict>) {
    for (reply, verdict) in tasks.into_iter().zip(verdicts) {
        let answer = match verdict {
            Verdict::Admitted(change) => Ok(Answer { recorded: change.recorded().clone(), change: Some(change) }),
            Verdict::Replayed(recorded) => Ok(Answer { recorded, change: None }),
            Verdict::Refused(refusal) => Err(NotRecorded::Refused(refusal)),
        };
        // A caller that went away needs no answer.
        let _ = reply.send(answer);
    }
}

fn fail_all(tasks: Vec<Reply>, why: NotRecorded) {
    for reply in tasks {
        // A caller that went away needs no answer.
        let _ = reply.send(Err(why.clone()));
    }
}
