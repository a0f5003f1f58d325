//! Webhooks: receivers on other machines that are told of findings as they are raised, change and are
//! resolved, each message signed as Standard Webhooks says (<https://www.standardwebhooks.com/>).
//!
//! [`add`], [`list`], [`remove`] and [`retry`] change rows of the node's own store, so they work
//! beside a running server; its [`worker`] delivers. A [`message`] is signed by [`signature`] and
//! sent by [`sender`], to an [`address`] that anybody could reach.

pub mod address;
pub mod message;
pub mod sender;
pub mod signature;
pub mod worker;

use uuid::Uuid;

use crate::leakage::rule::{Rule, Severity};
use crate::ledger::time::Millis;
use crate::limits;
use crate::store::database::Database;
use crate::store::error::StoreError;
use crate::store::findings::Findings;
use crate::store::node::NodeStore;
use crate::store::node::keyring::Keyring;
use crate::store::node::unlock::UnlockError;
use crate::store::node::webhooks::{Reached, Webhook, WebhookFilter};
use crate::store::views::error::ViewsError;

use super::clock::ClockSuspect;
use super::node::Options;
use address::NotAReceiver;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// Where the receiver listens.
    pub url: String,
    /// Only findings of these rules; of any when empty.
    pub rules: Vec<Rule>,
    /// Only findings of these severities; of any when empty.
    pub severities: Vec<Severity>,
    /// Whether it is told as well what was found before.
    pub from_start: bool,
}

/// What was made.
#[derive(Debug)]
pub struct MadeWebhook {
    /// Its id.
    pub id: Uuid,
    /// The secret, `whsec_...`; it cannot be shown again.
    pub secret: String,
    /// Whether its address is written as a loopback, link-local or private one.
    pub is_private: bool,
}

/// Why webhooks cannot be changed or listed.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// There is no node.
    #[error("there is no chain in {0}")]
    NoChain(Database),
    /// The receiver has no address.
    #[error(transparent)]
    NotAReceiver(#[from] NotAReceiver),
    /// There are as many as may be.
    #[error("there are {} webhooks, and no more are possible", limits::WEBHOOKS_MAX)]
    TooMany,
    /// There is none of this id.
    #[error("there is no webhook {0}")]
    Absent(Uuid),
    /// The node's store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The findings cannot be read.
    #[error(transparent)]
    Findings(#[from] ViewsError),
    /// The keys do not open.
    #[error(transparent)]
    Unlock(#[from] UnlockError),
    /// The clock cannot be trusted.
    #[error(transparent)]
    Clock(#[from] ClockSuspect),
}

/// Adds a receiver. Unless it is asked for what was found before, it is told what is found from the
/// block on that is examined next.
pub async fn add(options: Options, wanted: &NewWebhook) -> Result<MadeWebhook, WebhookError> {
    let uri = address::receiver(&wanted.url)?;
    let store = open(&options).await?;
    if store.webhooks().await?.len() >= limits::WEBHOOKS_MAX {
        return Err(WebhookError::TooMany);
    }
    let (since, reached) = match wanted.from_start {
        true => (None, None),
        false => stand(&options.database).await?,
    };
    let keyring = Keyring::unlock(&store, options.unlock).await?;
    let webhook = Webhook {
        id: Uuid::now_v7(),
        url: wanted.url.clone(),
        filter: WebhookFilter { rules: wanted.rules.clone(), severities: wanted.severities.clone() },
        created_at: options.clock.now()?,
        since,
        reached,
        failures: 0,
        next_attempt: Millis(0),
        last_failure: None,
        disabled_at: None,
    };
    let secret = store.add_webhook(&keyring, &webhook).await?.to_string();
    store.close().await?;
    Ok(MadeWebhook { id: webhook.id, secret, is_private: address::is_plainly_private(&uri) })
}

/// Every receiver, the oldest first.
pub async fn list(options: Options) -> Result<Vec<Webhook>, WebhookError> {
    let store = open(&options).await?;
    let webhooks = store.webhooks().await?;
    store.close().await?;
    Ok(webhooks)
}

/// Forgets a receiver: nothing more is delivered to it after the attempt that may be under way.
pub async fn remove(options: Options, id: Uuid) -> Result<(), WebhookError> {
    let store = open(&options).await?;
    let was_there = store.remove_webhook(id).await?;
    store.close().await?;
    if was_there { Ok(()) } else { Err(WebhookError::Absent(id)) }
}

/// Lets a receiver be tried again at once, also one that answered 410 Gone.
pub async fn retry(options: Options, id: Uuid) -> Result<(), WebhookError> {
    let store = open(&options).await?;
    let was_there = store.retry_webhook(id).await?;
    store.close().await?;
    if was_there { Ok(()) } else { Err(WebhookError::Absent(id)) }
}

async fn open(options: &Options) -> Result<NodeStore, WebhookError> {
    let place = options.database.node();
    match place.exists().await? {
        true => Ok(NodeStore::open(&place, options.faults.clone()).await?),
        false => Err(WebhookError::NoChain(options.database.clone())),
    }
}

/// The block up to which everything is examined, and how far that is among the findings.
async fn stand(database: &Database) -> Result<(Option<u64>, Option<Reached>), WebhookError> {
    let place = database.findings();
    if !place.exists().await? {
        return Ok((None, None));
    }
    let findings = Findings::open_to_read(&place).await?;
    let examined = findings.examined().await?;
    let reached = Reached { numbering: findings.numbering().await?, number: examined.number.checked_sub(1) };
    findings.close().await?;
    Ok((examined.height, Some(reached)))
}
