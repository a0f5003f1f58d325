//! Rows of the keys that this node holds for officers. Only the `Keyring` can open them.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait, QueryOrder};
use uuid::Uuid;

use super::{NodeStore, bytes32_of, uuid_of};
use crate::ledger::ids::KeyId;
use crate::store::error::StoreError;

const HELD_KEY: &str = "a key held by the node";

/// A key as it is stored.
pub(super) struct SealedKey {
    pub(super) key: KeyId,
    pub(super) officer: Uuid,
    pub(super) sealed: Vec<u8>,
}

mod rows {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "held_keys")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub key: Vec<u8>,
        pub officer: Vec<u8>,
        pub sealed: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl NodeStore {
    pub(super) async fn sealed_keys(&self) -> Result<Vec<SealedKey>, StoreError> {
        let rows = rows::Entity::find().order_by_asc(rows::Column::Key).all(&self.readers).await;
        rows.map_err(StoreError::read(HELD_KEY))?.into_iter().map(SealedKey::try_from).collect()
    }

    pub(super) async fn sealed_key(&self, key: KeyId) -> Result<Option<SealedKey>, StoreError> {
        let row = rows::Entity::find_by_id(key.0.to_vec()).one(&self.readers).await;
        row.map_err(StoreError::read(HELD_KEY))?.map(SealedKey::try_from).transpose()
    }

    /// Answers whether it was written: not when the key is there already.
    pub(super) async fn insert_sealed_key(&self, key: SealedKey) -> Result<bool, StoreError> {
        let row = rows::ActiveModel {
            key: Set(key.key.0.to_vec()),
            officer: Set(key.officer.as_bytes().to_vec()),
            sealed: Set(key.sealed),
        };
        let written = rows::Entity::insert(row)
            .on_conflict(OnConflict::column(rows::Column::Key).do_nothing().to_owned())
            .exec_without_returning(self.writer(HELD_KEY)?)
            .await
            .map_err(StoreError::write(HELD_KEY))?;
        Ok(written > 0)
    }

    /// Answers whether there was one.
    pub(super) async fn delete_sealed_key(&self, key: KeyId) -> Result<bool, StoreError> {
        let done = rows::Entity::delete_by_id(key.0.to_vec()).exec(self.writer(HELD_KEY)?).await;
        Ok(done.map_err(StoreError::write(HELD_KEY))?.rows_affected > 0)
    }
}

impl TryFrom<rows::Model> for SealedKey {
    type Error = StoreError;

    fn try_from(row: rows::Model) -> Result<Self, StoreError> {
        Ok(Self {
            key: KeyId(bytes32_of(&row.key, HELD_KEY)?),
            officer: uuid_of(&row.officer, HELD_KEY)?,
            sealed: row.sealed,
        })
    }
}
