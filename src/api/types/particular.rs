//! What a registry knows of people.

use std::sync::Arc;

use async_graphql::{Context, Object, Result};

use crate::api::request::api;
use crate::api::scalar::{Date, Uuid};
use crate::ledger::note::{self, Note, Noted, Person, PersonDigest};

use super::entry::Entry;
use super::names::{ParticularKind, RecipientStatus};
use super::party::Party;
use super::recipient::Recipient;

/// One fact of a person, with the note that states it.
pub struct Particular {
    note: Arc<Note>,
    person: Person,
    particular: note::Particular,
    since: chrono::NaiveDate,
}

/// The facts of people among notes, in their order.
pub fn of_notes(notes: &[Arc<Note>]) -> Vec<Particular> {
    let of = |note: &Arc<Note>| match &note.fact {
        Noted::Of { person, particular, since } => {
            Some(Particular { note: note.clone(), person: *person, particular: *particular, since: *since })
        }
        _ => None,
    };
    notes.iter().filter_map(of).collect()
}

/// One thing that a registry knows of a person, true since a day until it says otherwise; never a
/// name or a number. Added in 0.1.0.
#[Object]
impl Particular {
    /// What is known.
    async fn kind(&self) -> ParticularKind {
        use note::Particular as Of;
        match self.particular {
            Of::Status(_) => ParticularKind::Status,
            Of::Identity(_) => ParticularKind::Identity,
            Of::Account(_) => ParticularKind::Account,
            Of::Household(_) => ParticularKind::Household,
            Of::Guardian(_) => ParticularKind::Guardian,
            Of::Collector(_) => ParticularKind::Collector,
        }
    }

    /// The value as text: a status, the UUID of a household, or a digest.
    async fn value(&self) -> String {
        use note::Particular as Of;
        match self.particular {
            Of::Status(status) => status.name().to_owned(),
            Of::Household(id) => id.to_string(),
            Of::Identity(PersonDigest(digest))
            | Of::Account(PersonDigest(digest))
            | Of::Guardian(PersonDigest(digest))
            | Of::Collector(PersonDigest(digest)) => hex::encode(digest),
        }
    }

    /// The status; null for what is no status.
    async fn status(&self) -> Option<RecipientStatus> {
        match self.particular {
            note::Particular::Status(status) => Some(status.into()),
            _ => None,
        }
    }

    /// Since which day it holds.
    async fn since(&self) -> Date {
        Date(self.since)
    }

    /// The recipient; null for an officer.
    async fn recipient(&self, ctx: &Context<'_>) -> Result<Option<Recipient>> {
        match self.person {
            Person::Recipient(key) => Ok(api(ctx)?.node.tables().parties.get(&key).map(Recipient)),
            Person::Officer(_) => Ok(None),
        }
    }

    /// The officer's public id; null for a recipient.
    async fn officer(&self) -> Option<Uuid> {
        match self.person {
            Person::Recipient(_) => None,
            Person::Officer(id) => Some(Uuid(id)),
        }
    }

    /// Who stated it.
    async fn by(&self, ctx: &Context<'_>) -> Result<Party> {
        Party::known(ctx, self.note.by)
    }

    /// The entry that stated it. Null only while the views are behind.
    async fn entry(&self, ctx: &Context<'_>) -> Result<Option<Entry>> {
        Entry::by_index(ctx, self.note.id.0.entry()).await
    }
}
