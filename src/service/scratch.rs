//! Databases for books that nobody keeps: they are made beside one that is there already, and
//! taken away again. That one itself is not touched.

use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::postgres::{NotAnAddress, Server};

use super::address::Address;

/// Where databases are made, and how their names begin.
#[derive(Clone, Debug)]
pub struct Scratch {
    server: Server,
    address: Address,
    prefix: String,
}

impl Scratch {
    /// Databases on the server of this address, with names that nobody else takes.
    pub fn beside(address: &Address) -> Result<Self, NotAnAddress> {
        let prefix = format!("aqueduct_bench_{}_", Uuid::new_v4().simple());
        Ok(Self { server: address.as_str().parse()?, address: address.clone(), prefix })
    }

    /// How the names of all of them begin.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Makes an empty one.
    pub async fn make(&self, name: &str) -> Result<Address, StoreError> {
        let name = format!("{}{name}", self.prefix);
        self.server.make_beside(&name).await?;
        // The last of several names counts; what follows a # is no part of an address.
        let address = self.address.as_str().split('#').next().unwrap_or_default();
        let joint = if address.contains('?') { '&' } else { '?' };
        Ok(Address::from(format!("{address}{joint}dbname={name}")))
    }

    /// Takes one away; with no name, all of them.
    pub async fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.server.remove_beside(&format!("{}{name}", self.prefix)).await
    }
}
