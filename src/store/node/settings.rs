//! What the node remembers about itself, as bytes under a name.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};

use super::{NodeStore, bytes32_of};
use crate::ledger::ids::KeyId;
use crate::store::error::StoreError;

const SETTING: &str = "a setting of the node";
const PROPOSER_KEY: &str = "proposer_key";
const ORIGIN: &str = "origin";
const LAST_CHECKPOINT: &str = "last_signed_checkpoint";

/// The log that this node last signed for: how many leaves, and the root over them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree over them.
    pub root: [u8; 32],
}

/// A checkpoint may not be signed.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It would contradict what was signed before: a smaller log, or another of the same size.
    #[error("this node signed a log of {} entries before; the new checkpoint contradicts it", .0.size)]
    Contradicts(SignedCheckpoint),
    /// Another task signed at the same time; read again.
    #[error("another checkpoint was signed at the same time")]
    Overtaken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

mod rows {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "settings")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub value: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl NodeStore {
    /// The key that signs this node's blocks and checkpoints; its secret is in the `Keyring`.
    pub async fn proposer_key(&self) -> Result<Option<KeyId>, StoreError> {
        let value = self.setting(PROPOSER_KEY).await?;
        value.map(|bytes| bytes32_of(&bytes, SETTING).map(KeyId)).transpose()
    }

    /// Sets the key that signs this node's blocks and checkpoints.
    pub async fn set_proposer_key(&self, key: KeyId) -> Result<(), StoreError> {
        self.set_setting(PROPOSER_KEY, &key.0).await
    }

    /// The name of the public log, such as `log.example.org/aqueduct`.
    pub async fn origin(&self) -> Result<Option<String>, StoreError> {
        let value = self.setting(ORIGIN).await?;
        value.map(|bytes| String::from_utf8(bytes).map_err(|_| StoreError::Damaged { what: SETTING })).transpose()
    }

    /// Sets the name of the public log.
    pub async fn set_origin(&self, origin: &str) -> Result<(), StoreError> {
        self.set_setting(ORIGIN, origin.as_bytes()).await
    }

    /// The last checkpoint that this node signed.
    pub async fn last_signed_checkpoint(&self) -> Result<Option<SignedCheckpoint>, StoreError> {
        self.setting(LAST_CHECKPOINT).await?.map(|bytes| SignedCheckpoint::from_bytes(&bytes)).transpose()
    }

    /// Remembers, durably, that a checkpoint is about to be signed; call it before signing.
    ///
    /// Refuses one that contradicts the last. The same one again is fine.
    pub async fn advance_signed_checkpoint(&self, next: SignedCheckpoint) -> Result<(), CheckpointError> {
        let Some(last) = self.last_signed_checkpoint().await? else {
            let first = self.set_setting_if_absent(LAST_CHECKPOINT, &next.to_bytes()).await?;
            return if first { Ok(()) } else { Err(CheckpointError::Overtaken) };
        };
        if next == last {
            return Ok(());
        }
        if next.size <= last.size {
            return Err(CheckpointError::Contradicts(last));
        }
        let done = rows::Entity::update_many()
            .col_expr(rows::Column::Value, Expr::value(next.to_bytes()))
            .filter(rows::Column::Name.eq(LAST_CHECKPOINT))
            .filter(rows::Column::Value.eq(last.to_bytes()))
            .exec(self.writer(SETTING)?)
            .await
            .map_err(StoreError::write(SETTING))?;
        if done.rows_affected == 0 { Err(CheckpointError::Overtaken) } else { Ok(()) }
    }

    /// The bytes under a name.
    pub async fn setting(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let row = rows::Entity::find_by_id(name.to_owned()).one(&self.readers).await;
        Ok(row.map_err(StoreError::read(SETTING))?.map(|row| row.value))
    }

    /// Sets the bytes under a name, replacing what was there.
    pub async fn set_setting(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        let replace = OnConflict::column(rows::Column::Name).update_column(rows::Column::Value).to_owned();
        rows::Entity::insert(row(name, value))
            .on_conflict(replace)
            .exec_without_returning(self.writer(SETTING)?)
            .await
            .map_err(StoreError::write(SETTING))?;
        Ok(())
    }

    /// Sets the bytes under a name unless there are some; answers whether it did.
    pub async fn set_setting_if_absent(&self, name: &str, value: &[u8]) -> Result<bool, StoreError> {
        let written = rows::Entity::insert(row(name, value))
            .on_conflict(OnConflict::column(rows::Column::Name).do_nothing().to_owned())
            .exec_without_returning(self.writer(SETTING)?)
            .await
            .map_err(StoreError::write(SETTING))?;
        Ok(written > 0)
    }
}

impl SignedCheckpoint {
    /// 8 bytes of size, big-endian, then the root.
    fn to_bytes(self) -> Vec<u8> {
        [&self.size.to_be_bytes()[..], &self.root[..]].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let (size, root) = bytes.split_first_chunk().ok_or(StoreError::Damaged { what: SETTING })?;
        Ok(Self { size: u64::from_be_bytes(*size), root: bytes32_of(root, SETTING)? })
    }
}

fn row(name: &str, value: &[u8]) -> rows::ActiveModel {
    rows::ActiveModel { name: Set(name.to_owned()), value: Set(value.to_vec()) }
}
