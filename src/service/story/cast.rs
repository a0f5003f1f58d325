//! Who takes part: every office, officer and recipient is registered, gets a key that the node
//! keeps, and a login.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::chain::digest::Digest;
use crate::ledger::lines::RecipientLine;
use crate::ledger::note::PersonDigest;
use crate::ledger::operation::{KeyRegister, Operation, PartyRegister, RecipientEnrol};
use crate::ledger::registry::{Custody, Role};
use crate::service::begin::Begun;
use crate::service::node::Node;
use crate::service::officers::Viewer;

use super::deeds::Act;
use super::script::{Country, Officer};
use super::{DemoLogin, StoryError};

/// What an officer of a recipient is called: the person.
const RECIPIENT: &str = "recipient";

/// Somebody who signs.
#[derive(Clone, Debug)]
struct Person {
    officer: Officer,
    party: String,
    officer_id: Uuid,
}

/// Everybody who signs, by the label of the party.
#[derive(Debug)]
pub struct Cast {
    registrar: (String, Uuid),
    people: Vec<Person>,
    viewers: BTreeMap<String, Vec<Viewer>>,
}

/// The public id of a party of the story, registrar apart: the same in every telling.
pub fn party_id(label: &str) -> Uuid {
    derived("party", label)
}

/// The id of a household, from what the story calls it.
pub fn household_id(name: &str) -> Uuid {
    derived("household", name)
}

/// The made-up keyed digest of an identity, an account or an agent, from what the story calls it.
pub fn person_digest(kind: &str, name: &str) -> PersonDigest {
    PersonDigest(Digest::of_parts(&[b"aqueduct/story/v1\0", kind.as_bytes(), b"\0", name.as_bytes()]).0)
}

/// An id derived from content is a UUIDv8 (RFC 9562, section 5.8).
fn derived(kind: &str, name: &str) -> Uuid {
    let digest = Digest::of_parts(&[b"aqueduct/story/v1\0", kind.as_bytes(), b"\0", name.as_bytes()]);
    Uuid::new_v8(digest.0[..16].try_into().expect("a digest has 32 bytes"))
}

impl Cast {
    /// Everybody that the country names; the registrar is there already.
    pub fn of(country: &Country, begun: &Begun) -> Self {
        let officer = Officer { title: RECIPIENT.to_owned(), roles: vec![Role::Receiver] };
        let mut people = Vec::new();
        for office in country.offices() {
            for officer in country.staff_of(office.kind) {
                people.push(Person::new(officer.clone(), &office.label));
            }
        }
        for township in &country.township {
            let with_key = (1..=township.recipients).filter(|number| !township.without_key.contains(number));
            people.extend(with_key.map(|number| Person::new(officer.clone(), &township.recipient(number))));
        }
        Self { registrar: (begun.label.clone(), begun.officer), people, viewers: BTreeMap::new() }
    }

    /// The registrations of parties and recipients.
    pub fn parties(&self, country: &Country) -> Vec<Act> {
        let mut acts: Vec<Act> = Vec::new();
        for office in country.offices() {
            acts.push(self.registration(Operation::PartyRegister(PartyRegister {
                area: office.area,
                kind: office.kind,
                party: party_id(&office.label),
                label: office.label,
                level: office.level,
            })));
        }
        for township in &country.township {
            let line = |number| {
                let label = township.recipient(number);
                RecipientLine { party: party_id(&label), area: township.area.clone(), label }
            };
            let lines = (1..=township.recipients).map(line).collect();
            acts.push(self.registration(Operation::RecipientEnrol(RecipientEnrol {}, lines)));
        }
        acts
    }

    /// Makes a key for everybody, kept by the node, and the registrations of these keys.
    pub async fn keys(&self, node: &Node) -> Result<Vec<Act>, StoryError> {
        let mut acts = Vec::with_capacity(self.people.len());
        for person in &self.people {
            acts.push(self.registration(Operation::KeyRegister(KeyRegister {
                custody: Custody::Node,
                key: node.keyring().create(person.officer_id).await?,
                officer: person.officer_id,
                party: party_id(&person.party),
                roles: person.officer.roles.clone(),
            })));
        }
        Ok(acts)
    }

    /// Makes a login for everybody.
    pub async fn logins(&self, node: &Node, begun: &Begun) -> Result<Vec<DemoLogin>, StoryError> {
        let now = node.now().map_err(StoryError::Clock)?;
        let mut logins = vec![DemoLogin {
            officer: "registrar".to_owned(),
            officer_id: begun.officer,
            party: begun.label.clone(),
            party_id: begun.party,
            roles: vec![Role::Registrar, Role::Administrator],
            token: begun.token.clone(),
        }];
        for person in &self.people {
            let party = party_id(&person.party);
            let label = format!("{}, {}", person.officer.title, person.party);
            let token = node.store().add_login(person.officer_id, party, &label, now).await?;
            logins.push(DemoLogin {
                officer: person.officer.title.clone(),
                officer_id: person.officer_id,
                party: person.party.clone(),
                party_id: party,
                roles: person.officer.roles.clone(),
                token: token.to_string(),
            });
        }
        Ok(logins)
    }

    /// Learns from the books who may sign by now.
    pub fn learn(&mut self, node: &Node) {
        let tables = node.tables();
        let officers = self.people.iter().map(|person| (&person.party, person.officer_id));
        let registrar = (&self.registrar.0, self.registrar.1);
        let mut viewers: BTreeMap<String, Vec<Viewer>> = BTreeMap::new();
        for (party, officer) in officers.chain([registrar]) {
            if let Some(viewer) = Viewer::of(&tables, officer) {
                viewers.entry(party.clone()).or_default().push(viewer);
            }
        }
        self.viewers = viewers;
    }

    /// The officer of a party who has a role.
    pub fn officer(&self, party: &str, role: Role) -> Result<&Viewer, StoryError> {
        let found = self.viewers.get(party).and_then(|viewers| viewers.iter().find(|viewer| viewer.has(role)));
        found.ok_or_else(|| StoryError::Script(format!("{party:?} has no officer who is {}", role.name())))
    }

    fn registration(&self, operation: Operation) -> Act {
        Act { by: self.registrar.0.clone(), role: Role::Registrar, for_two: false, operation }
    }
}

impl Person {
    fn new(officer: Officer, party: &str) -> Self {
        let officer_id = derived("officer", &format!("{party}\0{}", officer.title));
        Self { officer, party: party.to_owned(), officer_id }
    }
}
