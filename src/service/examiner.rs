//! The examiner: follows the views with findings, block by block, in its own transactions.
//!
//! It never keeps anybody waiting: when lists are recorded in bulk it rests as the views do, and what
//! it missed it reads again from the views. A detector that stopped is examined anew by itself, from
//! the first block, beside the others, and runs with them again when it has caught up.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tracing::{info, warn};

use crate::leakage::examine::Detector;
use crate::leakage::rule::Rule;
use crate::ledger::state::Tables;
use crate::limits;
use crate::store::database::Place;
use crate::store::error::with_causes;
use crate::store::findings::{Examined, Findings, Stopped};
use crate::store::views::Views;
use crate::store::views::error::ViewsError;
use crate::store::views::project::ProjectedBlock;

use super::examination::Examination;
use super::projector::{Applied, Lag};

/// Hands blocks that were projected to the examiner, as long as not too many wait.
#[derive(Clone, Debug)]
pub struct Offered {
    inbox: mpsc::UnboundedSender<Vec<ProjectedBlock>>,
    waiting: Arc<AtomicI64>,
}

/// Where offered blocks come out.
#[derive(Debug)]
pub struct Inbox {
    blocks: mpsc::UnboundedReceiver<Vec<ProjectedBlock>>,
    waiting: Arc<AtomicI64>,
}

/// The two ends.
pub fn offered() -> (Offered, Inbox) {
    // Bounded by the changes that wait: more is not offered.
    let (inbox, blocks) = mpsc::unbounded_channel();
    let waiting = Arc::new(AtomicI64::new(0));
    (Offered { inbox, waiting: waiting.clone() }, Inbox { blocks, waiting })
}

fn facts(blocks: &[ProjectedBlock]) -> i64 {
    let facts: usize = blocks.iter().flat_map(|block| &block.changes).map(|change| change.facts.len()).sum();
    i64::try_from(facts).unwrap_or(i64::MAX)
}

impl Offered {
    /// Offers blocks; when too much waits they are passed over, and read later from the views.
    pub fn offer(&self, blocks: Vec<ProjectedBlock>) {
        let facts = facts(&blocks);
        if self.waiting.load(Ordering::SeqCst) + facts <= limits::EXAMINED_FACTS_WAITING_MAX {
            self.waiting.fetch_add(facts, Ordering::SeqCst);
            // Without an examiner nobody waits for them.
            let _ = self.inbox.send(blocks);
        }
    }
}

/// What the examiner tells others.
#[derive(Clone, Debug)]
pub struct ExaminerState {
    /// How far the findings are.
    pub reached: watch::Receiver<Examined>,
    stopped: Arc<Mutex<Vec<Stopped>>>,
}

impl ExaminerState {
    /// The detectors that stand still.
    pub fn stopped(&self) -> Vec<Stopped> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Everything that the examiner works with.
pub struct Examiner {
    examination: Examination,
    /// Every detector, those that stand still too.
    all: Vec<&'static dyn Detector>,
    views: Views,
    tables: Arc<RwLock<Tables>>,
    inbox: Inbox,
    applied: watch::Receiver<Applied>,
    lag: Arc<Lag>,
    reached: watch::Sender<Examined>,
    stopped: Arc<Mutex<Vec<Stopped>>>,
    stop: watch::Receiver<bool>,
}

/// What the examiner follows.
pub struct Followed {
    /// The views.
    pub views: Views,
    /// The books, for parties and officers, which never change.
    pub tables: Arc<RwLock<Tables>>,
    /// Blocks as they are projected.
    pub inbox: Inbox,
    /// How far the views are.
    pub applied: watch::Receiver<Applied>,
    /// Whether the views make way.
    pub lag: Arc<Lag>,
    /// The signal to stop.
    pub stop: watch::Receiver<bool>,
}

impl Examiner {
    /// Starts to follow the views with these detectors.
    pub async fn start(
        store: Findings,
        all: Vec<&'static dyn Detector>,
        followed: Followed,
    ) -> Result<(ExaminerState, JoinHandle<()>), ViewsError> {
        let Followed { views, tables, inbox, applied, lag, stop } = followed;
        let behind = behind(&store, &all, views.applied().await?.height).await?;
        let running = all.iter().copied().filter(|detector| !behind.iter().any(|other| other.rule == detector.rule()));
        let running: Vec<_> = running.collect();
        let rules: Vec<Rule> = running.iter().map(|detector| detector.rule()).collect();
        store.set_detectors(&rules).await?;
        let examination = Examination::open(store, views.clone(), tables.clone(), running).await?;
        let (reached, receiver) = watch::channel(examination.examined().clone());
        let stopped = Arc::new(Mutex::new(behind));
        let state = ExaminerState { reached: receiver, stopped: stopped.clone() };
        let examiner = Self { examination, all, views, tables, inbox, applied, lag, reached, stopped, stop };
        Ok((state, tokio::spawn(examiner.run())))
    }

    async fn run(mut self) {
        let mut alone: Option<JoinHandle<Option<(Rule, Examination)>>> = None;
        let mut tried: Option<Instant> = None;
        while !self.is_over() {
            let retry = tried.is_none_or(|at| at.elapsed() >= Duration::from_secs(limits::DETECTOR_RETRY_SECONDS));
            if alone.is_none()
                && let Some(rule) = self.next_stopped().filter(|_| retry)
            {
                alone = self.examine_alone(rule).await;
                tried = alone.is_none().then(Instant::now);
            }
            if alone.as_ref().is_some_and(JoinHandle::is_finished)
                && let Some(ended) = alone.take()
            {
                tried = match ended.await.ok().flatten() {
                    Some((rule, other)) => self.rejoin(rule, other).await,
                    None => Some(Instant::now()),
                };
            }
            match self.step().await {
                Ok(true) => {}
                Ok(false) => self.wait(alone.is_some()).await,
                Err(error) => {
                    warn!(error = with_causes(&error), "blocks cannot be examined; trying again");
                    self.again().await;
                }
            }
        }
    }

    /// Whether the node stops, or is gone without having been stopped.
    fn is_over(&self) -> bool {
        *self.stop.borrow() || self.stop.has_changed().is_err() || self.applied.has_changed().is_err()
    }

    /// Waits until there may be something to do.
    async fn wait(&mut self, alone: bool) {
        let pause = Duration::from_millis(if alone { limits::STORE_RETRY_MS } else { 60_000 });
        tokio::select! {
            _ = self.applied.changed() => {}
            _ = self.stop.wait_for(|stop| *stop) => {}
            () = tokio::time::sleep(pause) => {}
        }
    }

    /// After an error everything is looked up again.
    async fn again(&mut self) {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(limits::STORE_RETRY_MS)) => {}
            _ = self.stop.wait_for(|stop| *stop) => {}
        }
        let (store, views, tables) = (self.examination.store().clone(), self.views.clone(), self.tables.clone());
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let runs = |detector: &&'static dyn Detector| !stopped.iter().any(|other| other.rule == detector.rule());
        let running = self.all.iter().copied().filter(|detector| runs(detector)).collect();
        if let Ok(examination) = Examination::open(store, views, tables, running).await {
            self.examination = examination;
        }
    }

    /// Examines the next blocks, if there are any; whether there were.
    async fn step(&mut self) -> Result<bool, ViewsError> {
        let next = self.examination.examined().height.map_or(0, |height| height + 1);
        let Some(applied) = self.applied.borrow().height.filter(|applied| *applied >= next) else {
            return Ok(false);
        };
        if self.lag.is_bulk_run() {
            tokio::time::sleep(Duration::from_millis(limits::PROJECTION_REST_MS)).await;
            return Ok(true);
        }
        let blocks = loop {
            match self.inbox.blocks.try_recv() {
                Err(_) => break self.examination.read_on(applied).await?,
                Ok(offered) => {
                    self.inbox.waiting.fetch_sub(facts(&offered), Ordering::SeqCst);
                    let (first, last) = (offered.first().map(|b| b.height), offered.last().map(|b| b.height));
                    match first {
                        Some(first) if first == next => break self.examination.seen(&offered),
                        // What was passed over lies between; these are read again with it.
                        _ if last.is_some_and(|last| last >= next) => {
                            break self.examination.read_on(applied).await?;
                        }
                        _ => {}
                    }
                }
            }
        };
        self.examination.take(&blocks).await?;
        self.note_stopped().await?;
        self.reached.send_replace(self.examination.examined().clone());
        Ok(!blocks.is_empty())
    }

    async fn note_stopped(&mut self) -> Result<(), ViewsError> {
        let running = self.examination.running();
        let known = self.stopped.lock().unwrap_or_else(PoisonError::into_inner).len();
        if running + known < self.all.len() {
            let now = self.examination.store().stopped().await?;
            let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
            for new in now {
                if !stopped.iter().any(|old| old.rule == new.rule) {
                    stopped.push(new);
                }
            }
        }
        Ok(())
    }

    fn next_stopped(&self) -> Option<Rule> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).first().map(|stopped| stopped.rule)
    }

    /// Begins to examine everything anew for one detector, in a store of its own.
    async fn examine_alone(&self, rule: Rule) -> Option<JoinHandle<Option<(Rule, Examination)>>> {
        let detector = self.all.iter().copied().find(|detector| detector.rule() == rule)?;
        let directory = tempfile_directory()?;
        let store = Findings::open(&Place::file(directory.path().join("alone.db"))).await.ok()?;
        let (views, tables, stop) = (self.views.clone(), self.tables.clone(), self.stop.clone());
        let reached = self.reached.subscribe();
        info!(rule = rule.code(), "a detector is examined anew by itself");
        Some(tokio::spawn(async move {
            let mut alone = Examination::open(store, views, tables, vec![detector]).await.ok()?;
            loop {
                let to = reached.borrow().height?;
                if *stop.borrow() || stop.has_changed().is_err() || alone.running() == 0 {
                    return None;
                }
                if alone.examined().height.is_some_and(|height| height >= to) {
                    alone.keep(directory);
                    return Some((rule, alone));
                }
                let blocks = alone.read_on(to).await.ok()?;
                alone.take(&blocks).await.ok()?;
            }
        }))
    }

    /// Brings a detector that was examined by itself to where the others are, and takes its findings
    /// over. Says when it was tried, if it failed.
    async fn rejoin(&mut self, rule: Rule, mut alone: Examination) -> Option<Instant> {
        let joined = async {
            let to = self.examination.examined().height.unwrap_or(0);
            while alone.examined().height.is_none_or(|height| height < to) {
                let blocks = alone.read_on(to).await?;
                if blocks.is_empty() || alone.running() == 0 {
                    return Ok(false);
                }
                alone.take(&blocks).await?;
            }
            let versions = alone.store().versions_of_rule(rule).await?;
            let wakes = alone.store().wakes_of_rule(rule).await?;
            let store = self.examination.store().clone();
            let examined = store.replace(rule, &versions, &wakes, self.examination.examined()).await?;
            if let Some(detector) = self.all.iter().copied().find(|detector| detector.rule() == rule) {
                self.examination.resume(detector, examined);
            }
            self.stopped.lock().unwrap_or_else(PoisonError::into_inner).retain(|stopped| stopped.rule != rule);
            self.reached.send_replace(self.examination.examined().clone());
            Ok::<_, ViewsError>(true)
        };
        match joined.await {
            Ok(true) => {
                info!(rule = rule.code(), "a detector runs with the others again");
                None
            }
            Ok(false) => Some(Instant::now()),
            Err(error) => {
                warn!(error = with_causes(&error), rule = rule.code(), "a detector could not rejoin the others");
                Some(Instant::now())
            }
        }
    }
}

fn tempfile_directory() -> Option<super::temporary::Directory> {
    super::temporary::Directory::make().ok()
}

/// The detectors that cannot go on with the others: they stopped, they are new, or their rule has
/// another version than its findings.
async fn behind(
    store: &Findings,
    all: &[&'static dyn Detector],
    views: Option<u64>,
) -> Result<Vec<Stopped>, ViewsError> {
    let mut examined = store.examined().await?;
    // Views that were made anew may be behind: then everything is examined again.
    if examined.height > views {
        store.clear().await?;
        examined = Examined::default();
    }
    let Some(height) = examined.height else { return Ok(Vec::new()) };
    let mut behind = store.stopped().await?;
    behind.retain(|stopped| all.iter().any(|detector| detector.rule() == stopped.rule));
    let versions = store.rule_versions().await?;
    for rule in all.iter().map(|detector| detector.rule()) {
        let reason = match versions.get(&rule) {
            Some(version) if *version == rule.version() => continue,
            Some(version) => format!("its findings are of version {version}"),
            None => "it is new".to_owned(),
        };
        if !behind.iter().any(|stopped| stopped.rule == rule) {
            behind.push(Stopped { rule, height, reason });
        }
    }
    Ok(behind)
}
