//! Facts that move no money and that rules need: what a registry knows of people, what they are
//! entitled to, what banks, agents and offices can show, and what a programme wants looked for.
//!
//! A note is admitted when what it names exists and its signer may speak of it; whether it is
//! plausible is for the rules. No note holds a name or a number of a person: people and accounts
//! appear as keyed digests.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ids::{AllocationId, HopId, NoteId, PartyKey, ProgrammeId};
use super::operation::Rules;
use super::registry::names;
use super::time::Millis;

names! {
    /// Whether a recipient may be paid.
    RecipientStatus {
        /// Yes.
        Active = "ACTIVE",
        /// Not for now.
        Suspended = "SUSPENDED",
        /// No more.
        Deceased = "DECEASED",
    }
    /// What is recorded of a person.
    ParticularKind {
        /// The status since a day: `ACTIVE`, `SUSPENDED` or `DECEASED`.
        Status = "STATUS",
        /// The keyed digest of an identity number; also of an officer.
        Identity = "IDENTITY",
        /// The keyed digest of the account that payments go to.
        Account = "ACCOUNT",
        /// The household, by a random id.
        Household = "HOUSEHOLD",
        /// The keyed digest of the guardian's identity number.
        Guardian = "GUARDIAN",
        /// The keyed digest of the identity number of somebody who may collect.
        Collector = "COLLECTOR",
    }
    /// What evidence is of.
    EvidenceKind {
        /// Somebody collected a payment, perhaps through an agent or device.
        Collected = "COLLECTED",
        /// A document for an expenditure.
        Document = "DOCUMENT",
        /// A recipient proved who they are.
        Authenticated = "AUTHENTICATED",
        /// Another register knows the recipient.
        RegistryMatch = "REGISTRY_MATCH",
        /// Somebody visited the recipient.
        FieldVisit = "FIELD_VISIT",
        /// The recipient was asked for a word.
        ConfirmationRequested = "CONFIRMATION_REQUESTED",
        /// What a party says, or its bank, that it held at the end of a day.
        Balance = "BALANCE",
        /// A debit on a party's bank statement that no instruction explains.
        BankDebit = "BANK_DEBIT",
        /// A credit on a party's bank statement that no payment explains.
        BankCredit = "BANK_CREDIT",
    }
}

impl EvidenceKind {
    /// Whether it is of a hop.
    pub fn is_of_a_hop(self) -> bool {
        matches!(self, Self::Collected | Self::Document | Self::ConfirmationRequested)
    }

    /// Whether it states an amount of a programme's money with a party.
    pub fn is_of_an_account(self) -> bool {
        matches!(self, Self::Balance | Self::BankDebit | Self::BankCredit)
    }
}

/// A keyed digest of an identity or account number: enough to find the same one twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonDigest(pub [u8; 32]);

impl Serialize for PersonDigest {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for PersonDigest {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        super::ids::hex32(d).map(Self)
    }
}

/// Whom a particular is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Person {
    /// A recipient.
    Recipient(PartyKey),
    /// An officer, by public id.
    Officer(Uuid),
}

/// One thing that a registry knows of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Particular {
    /// The status.
    Status(RecipientStatus),
    /// The identity.
    Identity(PersonDigest),
    /// The account.
    Account(PersonDigest),
    /// The household.
    Household(Uuid),
    /// The guardian.
    Guardian(PersonDigest),
    /// A designated or alternate collector.
    Collector(PersonDigest),
}

/// A note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its place: the entry, and its number there.
    pub id: NoteId,
    /// The party that stated it.
    pub by: PartyKey,
    /// When what it states happened.
    pub at: Millis,
    /// What it states.
    pub fact: Noted,
}

/// What a note states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Noted {
    /// Something of a person, true since a day.
    Of {
        /// Whom.
        person: Person,
        /// What.
        particular: Particular,
        /// Since when.
        since: NaiveDate,
    },
    /// What a recipient is due; it replaces what was stated before of the same recipient,
    /// programme, cycle and purpose.
    Entitled {
        /// Who.
        recipient: PartyKey,
        /// From which programme.
        programme: ProgrammeId,
        /// For which cycle.
        cycle: String,
        /// For what.
        purpose: String,
        /// Minor units; 0 takes it back.
        amount: i64,
        /// The end of the day by which it is to be paid.
        due: Millis,
    },
    /// Evidence.
    Evidence(Evidence),
    /// What a bank's evidence says of a hop beyond its amounts.
    Bank {
        /// The hop.
        hop: HopId,
        /// Credited in all, when stated.
        credited: Option<i64>,
        /// Bounced with this evidence, when stated.
        returned: Option<i64>,
        /// The value date.
        value_date: Option<NaiveDate>,
        /// The reason code (ISO 20022 external code set), such as `AC04`.
        reason: Option<String>,
    },
    /// What an allocation was declared to be paid out as.
    Declared {
        /// The allocation.
        allocation: AllocationId,
        /// To so many recipients at most.
        recipients: Option<u32>,
        /// So much in all at most, in minor units.
        total: Option<i64>,
    },
    /// What is looked for in a programme, from now on.
    Rules {
        /// The programme.
        programme: ProgrammeId,
        /// Its rules.
        rules: Rules,
    },
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is of.
    pub kind: EvidenceKind,
    /// The hop that it is about.
    pub hop: Option<HopId>,
    /// The recipient or party that it is about.
    pub party: Option<PartyKey>,
    /// The programme whose money it counts.
    pub programme: Option<ProgrammeId>,
    /// Minor units.
    pub amount: Option<i64>,
    /// When.
    pub at: Millis,
    /// The document, or who collected.
    pub digest: Option<PersonDigest>,
    /// The agent or device through which it was collected.
    pub agent: Option<PersonDigest>,
    /// A reference or reason code.
    pub reference: Option<String>,
}

impl Note {
    /// What it is about first: a recipient, party, hop, allocation or programme, by its place.
    pub fn subject(&self) -> Option<super::ids::Place> {
        match &self.fact {
            Noted::Of { person: Person::Recipient(party), .. } => Some(party.0),
            Noted::Of { person: Person::Officer(_), .. } => None,
            Noted::Entitled { recipient, .. } => Some(recipient.0),
            Noted::Evidence(evidence) => evidence.hop.map(|hop| hop.0).or(evidence.party.map(|party| party.0)),
            Noted::Bank { hop, .. } => Some(hop.0),
            Noted::Declared { allocation, .. } => Some(allocation.0),
            Noted::Rules { programme, .. } => Some(programme.0),
        }
    }

    /// The hop that it is about.
    pub fn hop(&self) -> Option<HopId> {
        match &self.fact {
            Noted::Evidence(evidence) => evidence.hop,
            Noted::Bank { hop, .. } => Some(*hop),
            _ => None,
        }
    }

    /// The recipient or party that it is about.
    pub fn party(&self) -> Option<PartyKey> {
        match &self.fact {
            Noted::Of { person: Person::Recipient(party), .. } => Some(*party),
            Noted::Entitled { recipient, .. } => Some(*recipient),
            Noted::Evidence(evidence) => evidence.party,
            _ => None,
        }
    }

    /// Its one form: JSON with its fields in the order of their declaration.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("notes are plain JSON")
    }

    /// Reads that form.
    pub fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}
