//! A registered key of an officer.

use sea_orm::entity::prelude::*;

use crate::ledger::ids::KeyId;
use crate::ledger::registry::{Custody, OfficerKey, Role};
use crate::store::views::error::ViewsError;
use crate::store::views::fields::{Columns, index, number};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "officer_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: Vec<u8>,
    pub officer: Vec<u8>,
    pub party: i64,
    pub roles: String,
    pub custody: i64,
    pub registered_by: i64,
    pub revoked_by: Option<i64>,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const COLUMNS: Columns = Columns("officer_keys");

impl Model {
    /// The row of a key; its roles are names with commas between them.
    pub fn of(key: &OfficerKey) -> Self {
        let roles: Vec<&str> = key.roles.iter().map(|role| role.name()).collect();
        Self {
            key: key.key.0.to_vec(),
            officer: key.officer.as_bytes().to_vec(),
            party: key.party.0.to_key(),
            roles: roles.join(","),
            custody: number(key.custody.number()),
            registered_by: index(key.registered_by),
            revoked_by: key.revoked_by.map(index),
        }
    }

    /// The key of a row.
    pub fn read(self) -> Result<OfficerKey, ViewsError> {
        let names = self.roles.split(',').filter(|name| !name.is_empty());
        let roles: Option<Vec<Role>> = names.map(Role::parse).collect();
        Ok(OfficerKey {
            key: KeyId(COLUMNS.bytes("key", &self.key)?),
            officer: COLUMNS.uuid("officer", &self.officer)?,
            party: COLUMNS.party("party", self.party)?,
            roles: COLUMNS.parsed("roles", roles)?,
            custody: COLUMNS.named("custody", self.custody, Custody::from_number)?,
            registered_by: COLUMNS.index("registered_by", self.registered_by)?,
            revoked_by: COLUMNS.maybe_index("revoked_by", self.revoked_by)?,
        })
    }
}
