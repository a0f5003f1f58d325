//! What belongs to this node and is not on the chain: who may log in, the keys it holds for
//! officers, its settings, operations that await a signature, and receivers that are told of findings.
//!
//! Nothing here can be derived from the chain, so every write is durable when it is confirmed.
//! Secrets are stored hashed (logins) or sealed (keys, webhooks), never in the clear. What an officer may
//! do is the ledger's to say, from the roles of registered keys; a login only says who asks.

use std::sync::Arc;

use aqueduct_migrations::node::NodeMigrator;
use aqueduct_migrations::sea_orm_migration::MigratorTrait;
use sea_orm::{DatabaseConnection, DbErr};
use uuid::Uuid;

use super::database::Place;
use super::error::StoreError;
use super::faults::{Faults, Point};
use super::statements::StatementCount;
use super::{postgres, sqlite};
use found_logins::FoundLogins;

pub mod drafts;
mod found_logins;
mod held_keys;
pub mod keyring;
pub mod logins;
mod sealed;
pub mod settings;
pub mod unlock;
pub mod webhooks;

/// Connections that read: who logs in, and what awaits a signature.
const READERS: u32 = 4;

/// The node's own store. Clones share its connections.
#[derive(Clone, Debug)]
pub struct NodeStore {
    writer: DatabaseConnection,
    readers: DatabaseConnection,
    faults: Faults,
    statements: StatementCount,
    found_logins: Arc<FoundLogins>,
}

impl NodeStore {
    /// Opens the store, making it when it does not exist, and brings its schema up to date.
    pub async fn open(place: &Place, faults: Faults) -> Result<Self, StoreError> {
        let migrate = |source: DbErr| place.cannot_migrate(source);
        let (writer, mut readers) = match place {
            Place::File(path) => {
                let failed = |source: DbErr| place.cannot_open(source);
                let writer = sqlite::connect(path, sqlite::Role::Writer, 1).await.map_err(failed)?;
                NodeMigrator::up(&writer, None).await.map_err(migrate)?;
                (writer, sqlite::connect(path, sqlite::Role::Reader, READERS).await.map_err(failed)?)
            }
            Place::Schema(schema) => {
                schema.bring_up::<NodeMigrator>().await.map_err(migrate)?;
                let readers = schema.connect(postgres::Role::Reader, READERS);
                (schema.connect(postgres::Role::Writer, 1), readers)
            }
        };
        let statements = StatementCount::default();
        statements.watch(&mut readers);
        Ok(Self { writer, readers, faults, statements, found_logins: Arc::default() })
    }

    /// How many statements its readers have sent.
    pub fn statements_read(&self) -> u64 {
        self.statements.get()
    }

    /// Closes every connection of this store and its clones, after what is under way.
    pub async fn close(self) -> Result<(), StoreError> {
        let closed = async {
            self.readers.close_by_ref().await?;
            self.writer.close_by_ref().await
        };
        closed.await.map_err(StoreError::write("the end of the node's store"))
    }

    /// The connection that writes, unless a test asked for a failure.
    fn writer(&self, what: &'static str) -> Result<&DatabaseConnection, StoreError> {
        self.faults.check(Point::BeforeNodeWrite).map_err(StoreError::write(what))?;
        Ok(&self.writer)
    }
}

fn uuid_of(bytes: &[u8], what: &'static str) -> Result<Uuid, StoreError> {
    Uuid::from_slice(bytes).map_err(|_| StoreError::Damaged { what })
}

fn bytes32_of(bytes: &[u8], what: &'static str) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Damaged { what })
}
