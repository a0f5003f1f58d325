//! Receivers that are told of findings, and how far each has been told.
//!
//! Secrets are sealed as held keys are. How far a receiver is, is the number of the last version of a
//! finding that it took: the findings themselves are what still has to be told.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::keyring::Keyring;
use super::{NodeStore, bytes32_of, uuid_of};
use crate::leakage::rule::{Rule, Severity};
use crate::ledger::time::Millis;
use crate::store::error::StoreError;

const WEBHOOK: &str = "a webhook";
const SECRET: &str = "the secret of a webhook";

/// What every secret begins with (Standard Webhooks, "Symmetric keys").
const PREFIX: &str = "whsec_";

/// What deliveries to a receiver are signed with: 32 random bytes, shown once as `whsec_` and
/// Base64, to who sets the receiver up.
pub struct WebhookSecret(pub Zeroizing<[u8; 32]>);

/// Which findings a receiver is told of; everything that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookFilter {
    /// Of these rules; of any when empty.
    pub rules: Vec<Rule>,
    /// Of these severities; of any when empty.
    pub severities: Vec<Severity>,
}

/// How far a receiver has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The numbering of the findings that the number is of.
    pub numbering: Uuid,
    /// The number of the last version that it took or that is not for it; none before the first.
    pub number: Option<u64>,
}

/// A receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: Uuid,
    /// Where it listens.
    pub url: String,
    /// What it is told of.
    pub filter: WebhookFilter,
    /// When it was added.
    pub created_at: Millis,
    /// Only what later blocks made is told; everything when none.
    pub since: Option<u64>,
    /// How far it is; none before the first look.
    pub reached: Option<Reached>,
    /// Attempts that failed since the last one that did not.
    pub failures: u32,
    /// When to try again, after a failure.
    pub next_attempt: Millis,
    /// Why the last attempt failed, if it did.
    pub last_failure: Option<String>,
    /// Since when it is told nothing more.
    pub disabled_at: Option<Millis>,
}

/// What became of an attempt that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedAttempt {
    /// Failures in a row, with this one.
    pub failures: u32,
    /// When to try again.
    pub next_attempt: Millis,
    /// Why it failed, in a few words.
    pub reason: String,
    /// Set when the receiver wants nothing more.
    pub disabled_at: Option<Millis>,
}

mod rows {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "webhooks")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Vec<u8>,
        pub url: String,
        pub secret: Vec<u8>,
        pub filter: String,
        pub created_at: i64,
        pub since: Option<i64>,
        pub numbering: Option<Vec<u8>>,
        pub position: Option<i64>,
        pub failures: i64,
        pub next_attempt: i64,
        pub last_failure: Option<String>,
        pub disabled_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

use rows::Column;

impl WebhookSecret {
    /// A new one, from the system's randomness.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", STANDARD.encode(self.0.as_slice()))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}

impl NodeStore {
    /// Adds a receiver; its secret cannot be shown again.
    pub async fn add_webhook(&self, keyring: &Keyring, webhook: &Webhook) -> Result<WebhookSecret, StoreError> {
        let secret = WebhookSecret::generate().map_err(StoreError::write(WEBHOOK))?;
        let sealed = keyring.data_key.seal(&purpose(webhook.id), secret.0.as_slice());
        let filter = serde_json::to_string(&webhook.filter).map_err(StoreError::write(WEBHOOK))?;
        let row = rows::ActiveModel {
            id: Set(webhook.id.as_bytes().to_vec()),
            url: Set(webhook.url.clone()),
            secret: Set(sealed.map_err(StoreError::write(WEBHOOK))?),
            filter: Set(filter),
            created_at: Set(webhook.created_at.0),
            since: Set(webhook.since.map(key)),
            numbering: Set(webhook.reached.map(|reached| reached.numbering.as_bytes().to_vec())),
            position: Set(webhook.reached.and_then(|reached| reached.number).map(key)),
            failures: Set(i64::from(webhook.failures)),
            next_attempt: Set(webhook.next_attempt.0),
            last_failure: Set(webhook.last_failure.clone()),
            disabled_at: Set(webhook.disabled_at.map(|at| at.0)),
        };
        let writer = self.writer(WEBHOOK)?;
        rows::Entity::insert(row).exec_without_returning(writer).await.map_err(StoreError::write(WEBHOOK))?;
        Ok(secret)
    }

    /// Every receiver, the oldest first.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, StoreError> {
        let rows = rows::Entity::find().order_by_asc(Column::CreatedAt).order_by_asc(Column::Id);
        let rows = rows.all(&self.readers).await.map_err(StoreError::read(WEBHOOK))?;
        rows.into_iter().map(Webhook::try_from).collect()
    }

    /// The secret of a receiver; none when there is no such receiver.
    pub async fn webhook_secret(&self, keyring: &Keyring, id: Uuid) -> Result<Option<WebhookSecret>, StoreError> {
        let row = rows::Entity::find_by_id(id.as_bytes().to_vec()).one(&self.readers).await;
        let Some(row) = row.map_err(StoreError::read(WEBHOOK))? else { return Ok(None) };
        let opened = keyring.data_key.open(&purpose(id), &row.secret);
        let opened = opened.map_err(|_| StoreError::Damaged { what: SECRET })?;
        Ok(Some(WebhookSecret(Zeroizing::new(bytes32_of(&opened, SECRET)?))))
    }

    /// Notes how far a receiver is, and that nothing stands in its way; answers whether there is one.
    pub async fn webhook_reached(&self, id: Uuid, reached: Reached) -> Result<bool, StoreError> {
        let done = rows::Entity::update_many()
            .col_expr(Column::Numbering, Expr::value(Some(reached.numbering.as_bytes().to_vec())))
            .col_expr(Column::Position, Expr::value(reached.number.map(key)))
            .col_expr(Column::Failures, Expr::value(0_i64))
            .col_expr(Column::NextAttempt, Expr::value(0_i64))
            .col_expr(Column::LastFailure, Expr::value(Option::<String>::None))
            .filter(Column::Id.eq(id.as_bytes().to_vec()))
            .exec(self.writer(WEBHOOK)?)
            .await
            .map_err(StoreError::write(WEBHOOK))?;
        Ok(done.rows_affected > 0)
    }

    /// Notes that an attempt failed; answers whether there is such a receiver.
    pub async fn webhook_failed(&self, id: Uuid, failed: &FailedAttempt) -> Result<bool, StoreError> {
        let done = rows::Entity::update_many()
            .col_expr(Column::Failures, Expr::value(i64::from(failed.failures)))
            .col_expr(Column::NextAttempt, Expr::value(failed.next_attempt.0))
            .col_expr(Column::LastFailure, Expr::value(Some(failed.reason.clone())))
            .col_expr(Column::DisabledAt, Expr::value(failed.disabled_at.map(|at| at.0)))
            .filter(Column::Id.eq(id.as_bytes().to_vec()))
            .exec(self.writer(WEBHOOK)?)
            .await
            .map_err(StoreError::write(WEBHOOK))?;
        Ok(done.rows_affected > 0)
    }

    /// Lets a receiver be tried again at once, also one that wanted nothing more; answers whether
    /// there is one.
    pub async fn retry_webhook(&self, id: Uuid) -> Result<bool, StoreError> {
        let done = rows::Entity::update_many()
            .col_expr(Column::Failures, Expr::value(0_i64))
            .col_expr(Column::NextAttempt, Expr::value(0_i64))
            .col_expr(Column::DisabledAt, Expr::value(Option::<i64>::None))
            .filter(Column::Id.eq(id.as_bytes().to_vec()))
            .exec(self.writer(WEBHOOK)?)
            .await
            .map_err(StoreError::write(WEBHOOK))?;
        Ok(done.rows_affected > 0)
    }

    /// Forgets a receiver; answers whether there was one.
    pub async fn remove_webhook(&self, id: Uuid) -> Result<bool, StoreError> {
        let done = rows::Entity::delete_by_id(id.as_bytes().to_vec()).exec(self.writer(WEBHOOK)?).await;
        Ok(done.map_err(StoreError::write(WEBHOOK))?.rows_affected > 0)
    }
}

impl TryFrom<rows::Model> for Webhook {
    type Error = StoreError;

    fn try_from(row: rows::Model) -> Result<Self, StoreError> {
        let damaged = || StoreError::Damaged { what: WEBHOOK };
        let number = |value: Option<i64>| value.map(|value| u64::try_from(value).map_err(|_| damaged())).transpose();
        let numbering = row.numbering.map(|name| uuid_of(&name, WEBHOOK)).transpose()?;
        let position = number(row.position)?;
        Ok(Self {
            id: uuid_of(&row.id, WEBHOOK)?,
            url: row.url,
            filter: serde_json::from_str(&row.filter).map_err(|_| damaged())?,
            created_at: Millis(row.created_at),
            since: number(row.since)?,
            reached: numbering.map(|numbering| Reached { numbering, number: position }),
            failures: u32::try_from(row.failures).map_err(|_| damaged())?,
            next_attempt: Millis(row.next_attempt),
            last_failure: row.last_failure,
            disabled_at: row.disabled_at.map(Millis),
        })
    }
}

/// Binds the sealed bytes to their row: moved to another receiver they do not open.
fn purpose(id: Uuid) -> Vec<u8> {
    [&b"aqueduct/webhook-secret/v1\0"[..], id.as_bytes()].concat()
}

/// A number as a column. Above 63 bits, which nothing reaches, it is the highest.
fn key(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
