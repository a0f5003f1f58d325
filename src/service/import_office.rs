//! The import office: the party whose two officers sign what a document says of others.
//!
//! A data directory has one of its own, registered by the registrar whose key the node keeps,
//! the first time something is imported. Its keys are kept by the node as well.

use uuid::Uuid;

use crate::ledger::ids::KeyId;
use crate::ledger::operation::{KeyRegister, Operation, PartyRegister};
use crate::ledger::registry::{Custody, OfficerKey, Party, PartyKind, Role};
use crate::store::node::keyring::KeyringError;

use super::begin::fresh_id;
use super::node::Node;
use super::officers::Viewer;
use super::orderer::NotRecorded;
use super::record::NotAccepted;

/// What the party is called.
pub const LABEL: &str = "Import office";

/// The party that imports, with a key each for the officer who states and the one who approves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportOffice {
    /// The party's public id.
    pub party: Uuid,
    /// The maker's key.
    pub auditor: KeyId,
    /// The checker's key, of another officer.
    pub approver: KeyId,
}

/// Why there is no import office.
#[derive(Debug, thiserror::Error)]
pub enum NoImportOffice {
    /// Nobody here can register one.
    #[error("this node keeps no registrar's key, so it cannot register an import office of its own")]
    NoRegistrar,
    /// The registration was not taken.
    #[error(transparent)]
    NotAccepted(#[from] NotAccepted),
    /// No answer from the books.
    #[error(transparent)]
    NotRecorded(#[from] NotRecorded),
    /// A key cannot be made.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}

impl Node {
    /// The import office of this data directory, registered now if there is none.
    pub async fn import_office(&self) -> Result<ImportOffice, NoImportOffice> {
        let party = match self.office_party() {
            Some(party) => party,
            None => self.register_office().await?,
        };
        let auditor = self.office_key(party, Role::Auditor).await?;
        let approver = self.office_key(party, Role::Approver).await?;
        Ok(ImportOffice { party, auditor, approver })
    }

    /// The import office of this data directory, if it is registered whole; makes nothing.
    pub fn import_office_if_any(&self) -> Option<ImportOffice> {
        let party = self.office_party()?;
        let (auditor, approver) = (self.known_key(party, Role::Auditor)?, self.known_key(party, Role::Approver)?);
        Some(ImportOffice { party, auditor, approver })
    }

    fn office_party(&self) -> Option<Uuid> {
        let is_office = |party: &Party| party.kind == PartyKind::Supervisor && party.label == LABEL && !party.reported;
        let tables = self.tables();
        // Another node of the chain may have an office of the same name: ours has our keys, or
        // none yet, when an earlier registration was interrupted.
        let offices = tables.parties.offices().filter(|party| is_office(party));
        let mut ours = offices.filter(|party| {
            let mut keys = tables.keys.values().filter(|key| key.party == party.key);
            keys.all(|key| self.holds(key))
        });
        ours.next().map(|party| party.id)
    }

    async fn register_office(&self) -> Result<Uuid, NoImportOffice> {
        let party = Uuid::new_v4();
        let operation = Operation::PartyRegister(PartyRegister {
            area: String::new(),
            kind: PartyKind::Supervisor,
            label: LABEL.to_owned(),
            level: String::new(),
            party,
        });
        self.state_as_registrar(operation).await?;
        Ok(party)
    }

    /// The office's key of a role; each role has an officer of its own.
    async fn office_key(&self, party: Uuid, role: Role) -> Result<KeyId, NoImportOffice> {
        if let Some(key) = self.known_key(party, role) {
            return Ok(key);
        }
        let officer = Uuid::new_v4();
        let key = self.keyring().create(officer).await?;
        let roles = vec![role];
        let operation = Operation::KeyRegister(KeyRegister { custody: Custody::Node, key, officer, party, roles });
        self.state_as_registrar(operation).await?;
        Ok(key)
    }

    fn known_key(&self, party: Uuid, role: Role) -> Option<KeyId> {
        let tables = self.tables();
        let office = tables.parties.key_of(&party);
        let of_office = |key: &OfficerKey| office == Some(key.party);
        let fits = |key: &OfficerKey| of_office(key) && key.roles == [role] && self.holds(key);
        tables.keys.values().find(|key| fits(key)).map(|key| key.key)
    }

    async fn state_as_registrar(&self, operation: Operation) -> Result<(), NoImportOffice> {
        let viewer = self.kept_registrar().ok_or(NoImportOffice::NoRegistrar)?;
        self.state(&viewer, fresh_id(self.now()?), None, operation).await?;
        Ok(())
    }

    /// A registrar's officer whose key this node keeps.
    fn kept_registrar(&self) -> Option<Viewer> {
        let tables = self.tables();
        let is_registrar = |key: &OfficerKey| {
            let party = tables.parties.get(&key.party);
            key.roles.contains(&Role::Registrar)
                && party.is_some_and(|party| party.kind == PartyKind::Registrar)
                && self.holds(key)
        };
        let officer = tables.keys.values().find(|key| is_registrar(key))?.officer;
        Viewer::of(&tables, officer)
    }

    /// Whether a key is valid and this node can sign with it.
    fn holds(&self, key: &OfficerKey) -> bool {
        key.revoked_by.is_none()
            && key.custody == Custody::Node
            && self.keyring().keys_of(key.officer).contains(&key.key)
    }
}
