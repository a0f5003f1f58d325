//! The worker of a serving node: tells each receiver every version of a finding that is for it, in
//! order, each until it is taken.
//!
//! What still has to be told is in the store of findings, and how far each receiver is in the node's
//! own; so nothing is lost when a receiver is down or the node stops. A receiver may be told twice
//! what it took just before the node stopped: the message's id is the same.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{self, JoinHandle, JoinSet};
use tracing::{info, warn};
use uuid::Uuid;

use crate::leakage::finding::Finding;
use crate::leakage::selection::FindingFilter;
use crate::ledger::state::Tables;
use crate::ledger::time::Millis;
use crate::limits;
use crate::service::clock::Clock;
use crate::service::metrics::Metrics;
use crate::store::error::{StoreError, with_causes};
use crate::store::findings::told::Numbers;
use crate::store::findings::{Examined, Findings};
use crate::store::node::NodeStore;
use crate::store::node::keyring::Keyring;
use crate::store::node::webhooks::{FailedAttempt, Reached, Webhook, WebhookFilter, WebhookSecret};
use crate::store::views::error::ViewsError;

use super::message;
use super::sender::{Attempt, Sender, Signed};
use super::signature::signature;

/// How a serving node delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deliveries {
    /// Whether receivers may be at loopback, link-local and private addresses.
    pub allow_private: bool,
    /// How often it looks for what is due, in milliseconds.
    pub look_ms: u64,
}

impl Default for Deliveries {
    fn default() -> Self {
        Self { allow_private: false, look_ms: limits::WEBHOOKS_LOOK_MS }
    }
}

/// What the worker works with.
pub struct Work {
    /// What there is to tell.
    pub findings: Findings,
    /// Whom, and how far each is.
    pub store: NodeStore,
    /// Opens the receivers' secrets.
    pub keyring: Arc<Keyring>,
    /// The books, for the ids of parties.
    pub tables: Arc<RwLock<Tables>>,
    /// By which attempts are due.
    pub clock: Arc<Clock>,
    /// Where deliveries are counted.
    pub metrics: Arc<Metrics>,
    /// How far the findings are.
    pub examined: watch::Receiver<Examined>,
    /// The signal to stop.
    pub stop: watch::Receiver<bool>,
}

/// A store failed; everything is tried again later.
#[derive(Debug, thiserror::Error)]
enum DeliveryError {
    #[error(transparent)]
    Findings(#[from] ViewsError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is known of a receiver beside its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Passed {
    reached: Option<Reached>,
    below: u64,
}

struct Worker {
    work: Arc<Work>,
    sender: Sender,
    numbering: Uuid,
    under_way: JoinSet<Option<Passed>>,
    /// Whose turn each task is.
    turns: Vec<(task::Id, Uuid)>,
    /// Up to where nothing is left to tell.
    passed: BTreeMap<Uuid, Passed>,
}

/// Starts the worker.
pub async fn start(work: Work, deliveries: Deliveries) -> Result<JoinHandle<()>, ViewsError> {
    let worker = Worker {
        numbering: work.findings.numbering().await?,
        work: Arc::new(work),
        sender: Sender::new(deliveries.allow_private),
        under_way: JoinSet::new(),
        turns: Vec::new(),
        passed: BTreeMap::new(),
    };
    Ok(tokio::spawn(worker.run(deliveries.look_ms)))
}

impl Worker {
    async fn run(mut self, look_ms: u64) {
        let (mut examined, mut stop) = (self.work.examined.clone(), self.work.stop.clone());
        while !*stop.borrow() && stop.has_changed().is_ok() {
            examined.borrow_and_update();
            if let Err(error) = self.look().await {
                warn!(error = with_causes(&error), "webhooks cannot be looked up; trying again");
            }
            tokio::select! {
                Ok(()) = examined.changed() => {}
                Some(ended) = self.under_way.join_next_with_id() => match ended {
                    Ok((task, passed)) => self.ended(task, passed),
                    // It panicked, and has said so.
                    Err(error) => self.ended(error.id(), None),
                },
                _ = stop.wait_for(|stop| *stop) => {}
                () = tokio::time::sleep(Duration::from_millis(look_ms)) => {}
            }
        }
        // Attempts under way end within their time, and what became of them is noted.
        while self.under_way.join_next().await.is_some() {}
    }

    fn ended(&mut self, task: task::Id, passed: Option<Passed>) {
        let Some(at) = self.turns.iter().position(|(turn, _)| *turn == task) else { return };
        let (_, id) = self.turns.swap_remove(at);
        match passed {
            Some(passed) => drop(self.passed.insert(id, passed)),
            None => drop(self.passed.remove(&id)),
        }
    }

    /// Begins to tell those receivers for whom there may be something, and counts what waits.
    async fn look(&mut self) -> Result<(), DeliveryError> {
        let webhooks = self.work.store.webhooks().await?;
        self.passed.retain(|id, _| webhooks.iter().any(|webhook| webhook.id == *id));
        // A clock that cannot be trusted says so elsewhere; nothing is due then.
        let Ok(now) = self.work.clock.now() else { return Ok(()) };
        let below = self.work.examined.borrow().number;
        let mut pending = 0;
        for webhook in webhooks.into_iter().filter(|webhook| webhook.disabled_at.is_none()) {
            let passed = Passed { reached: webhook.reached, below };
            if self.passed.get(&webhook.id) == Some(&passed) {
                continue;
            }
            pending += self.waiting(&webhook, below).await?;
            if webhook.next_attempt <= now && !self.turns.iter().any(|(_, id)| *id == webhook.id) {
                let id = webhook.id;
                let delivery = Delivery {
                    work: self.work.clone(),
                    sender: self.sender.clone(),
                    numbering: self.numbering,
                    webhook,
                };
                let task = self.under_way.spawn(delivery.run());
                self.turns.push((task.id(), id));
            }
        }
        self.work.metrics.set_webhooks_pending(pending);
        Ok(())
    }

    /// How many versions a receiver has still to be told.
    async fn waiting(&self, webhook: &Webhook, below: u64) -> Result<u64, ViewsError> {
        let after = webhook.reached.filter(|reached| reached.numbering == self.numbering);
        let after = after.and_then(|reached| reached.number);
        self.work.findings.told_count(&meant(&webhook.filter), Numbers { after, below }).await
    }
}

/// One receiver's turn.
struct Delivery {
    work: Arc<Work>,
    sender: Sender,
    numbering: Uuid,
    webhook: Webhook,
}

impl Delivery {
    /// Tells what there is to tell; up to where nothing is left, if it came so far.
    async fn run(mut self) -> Option<Passed> {
        let id = self.webhook.id;
        match self.tell().await {
            Ok(passed) => passed,
            Err(error) => {
                warn!(webhook.id = %id, error = with_causes(&error), "a webhook cannot go on; trying again");
                // The store failed, not the receiver: it is asked again soon, but not at once.
                tokio::time::sleep(Duration::from_millis(limits::STORE_RETRY_MS)).await;
                None
            }
        }
    }

    async fn tell(&mut self) -> Result<Option<Passed>, DeliveryError> {
        let (findings, store) = (self.work.findings.clone(), self.work.store.clone());
        let Some(secret) = store.webhook_secret(&self.work.keyring, self.webhook.id).await? else { return Ok(None) };
        let filter = meant(&self.webhook.filter);
        let examined = self.work.examined.borrow().clone();
        let Some(mut after) = self.begin(&examined).await? else {
            return Ok(Some(Passed { reached: self.webhook.reached, below: examined.number }));
        };
        loop {
            let below = self.work.examined.borrow().number;
            // A part at a time: where a filter means little, much is looked at to find it.
            let part = after.map_or(0, |after| after + 1).saturating_add(limits::LIST_ROWS_LOOKED_AT_MAX).min(below);
            let page = findings.told(&filter, Numbers { after, below: part }, limits::WEBHOOK_PAGE).await?;
            if page.is_empty() && part == below {
                return Ok(Some(Passed { reached: self.webhook.reached, below }));
            }
            if page.is_empty() {
                after = part.checked_sub(1);
                if !self.reached(after).await? {
                    return Ok(None);
                }
            }
            for (number, finding) in page {
                if *self.work.stop.borrow() || !self.deliver(&secret, number, &finding).await? {
                    return Ok(None);
                }
                after = Some(number);
            }
        }
    }

    /// The number after which it goes on; none while there can be nothing for it. After the findings
    /// were concluded anew that is where the receiver began: most of it was told, and the ids of the
    /// messages say so.
    async fn begin(&mut self, examined: &Examined) -> Result<Option<Option<u64>>, DeliveryError> {
        if let Some(reached) = self.webhook.reached.filter(|reached| reached.numbering == self.numbering) {
            return Ok(Some(reached.number));
        }
        // Until then no version has its last number: what it is to be told comes after these blocks.
        if examined.height <= self.webhook.since {
            return Ok(None);
        }
        let first = self.work.findings.number_after_block(self.webhook.since).await?;
        let number = first.map_or(examined.number, |first| first.min(examined.number)).checked_sub(1);
        self.reached(number).await?;
        Ok(Some(number))
    }

    /// Notes how far the receiver is; whether it is still there.
    async fn reached(&mut self, number: Option<u64>) -> Result<bool, DeliveryError> {
        let reached = Reached { numbering: self.numbering, number };
        self.webhook.reached = Some(reached);
        self.webhook.failures = 0;
        Ok(self.work.store.webhook_reached(self.webhook.id, reached).await?)
    }

    /// Makes one attempt to deliver a version; whether it goes on with the next.
    async fn deliver(&mut self, secret: &WebhookSecret, number: u64, finding: &Finding) -> Result<bool, DeliveryError> {
        // A clock that cannot be trusted signs nothing.
        let Ok(now) = self.work.clock.now() else { return Ok(false) };
        let message = self.message(secret, finding, now);
        let sender = self.sender.clone();
        let attempt = tokio::task::spawn_blocking(move || sender.send(&message)).await;
        let id = self.webhook.id;
        let (reason, disabled_at) =
            match attempt.unwrap_or_else(|_| Attempt::Failed("the attempt broke off".to_owned())) {
                Attempt::Taken => {
                    self.work.metrics.webhooks_delivered.add(1);
                    return self.reached(Some(number)).await;
                }
                Attempt::Gone => {
                    info!(webhook.id = %id, "a webhook is disabled: its receiver answered 410 Gone");
                    ("HTTP status 410: it wants nothing more".to_owned(), Some(now))
                }
                Attempt::Failed(reason) => (reason, None),
            };
        self.work.metrics.webhooks_failed.add(1);
        let failures = self.webhook.failures.saturating_add(1);
        let next_attempt = now.plus(pause_ms(failures));
        info!(webhook.id = %id, failures, reason, "a webhook was not delivered");
        let failed = FailedAttempt { failures, next_attempt, reason, disabled_at };
        self.work.store.webhook_failed(id, &failed).await?;
        Ok(false)
    }

    fn message(&self, secret: &WebhookSecret, finding: &Finding, now: Millis) -> Signed {
        let tables = self.work.tables.read().expect("nothing panics while holding the books");
        let body = message::body(finding, &tables);
        let (id, timestamp) = (message::id(self.webhook.id, finding), now.0.div_euclid(1000));
        let signature = signature(secret.0.as_slice(), &id, timestamp, &body);
        Signed { url: self.webhook.url.clone(), id, timestamp, signature, body }
    }
}

/// The findings that a receiver is told of.
fn meant(filter: &WebhookFilter) -> FindingFilter {
    FindingFilter { rules: filter.rules.clone(), severities: filter.severities.clone(), ..FindingFilter::default() }
}

/// The pause after so many failures in a row.
fn pause_ms(failures: u32) -> i64 {
    let pauses = limits::WEBHOOK_PAUSES_MS;
    let at = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
    pauses[at.min(pauses.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_day() {
        let seconds: Vec<i64> = (1..=9).map(|failures| pause_ms(failures) / 1000).collect();
        assert_eq!(seconds, [5, 300, 1_800, 7_200, 18_000, 36_000, 86_400, 86_400, 86_400]);
    }
}
