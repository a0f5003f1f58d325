//! Who takes part and under which rules: parties, keys, programmes, allocations.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ids::{AllocationId, AreaId, KeyId, PartyKey, PayloadDigest, Place, ProgrammeId};
use super::money::{Currency, Minor};
use super::operation::{AllowedDays, Basis, Kind, ScheduledDeduction};
use super::time::{Cycle, Millis};
use super::token::HopKind;

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// Every value, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in signed bodies and in the API.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Reads a name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == name)
            }

            /// The number in stored records: the position in the list.
            pub fn number(self) -> u8 {
                self as u8
            }

            /// Reads a stored number.
            pub fn from_number(number: u8) -> Option<Self> {
                Self::ALL.get(usize::from(number)).copied()
            }
        }
    )*};
}
pub(super) use names;

names! {
    /// What a party is.
    PartyKind {
        /// Allocates money and takes it back.
        Treasury = "TREASURY",
        /// Passes money on: a bureau, an agency, a county.
        Intermediary = "INTERMEDIARY",
        /// Pays recipients and states what was credited: a bank.
        Provider = "PROVIDER",
        /// A person. Gives a word, never an acknowledgement.
        Recipient = "RECIPIENT",
        /// Last on the route but no person: a school, the payees of a village.
        EndPayee = "END_PAYEE",
        /// Looks into what went wrong and decides disputes.
        Supervisor = "SUPERVISOR",
        /// Registers parties, officers and recipients.
        Registrar = "REGISTRAR",
        /// Somebody off the route whom a sender had to name.
        Outside = "OUTSIDE",
    }
    /// What a key may sign.
    Role {
        /// Appropriates, allocates and defines programmes.
        Allocator = "ALLOCATOR",
        /// Gives the second signature.
        Approver = "APPROVER",
        /// Splits, dispatches, returns, pays back, declares losses.
        Dispatcher = "DISPATCHER",
        /// Acknowledges, refuses, gives a recipient's word.
        Receiver = "RECEIVER",
        /// Works on cases.
        Caseworker = "CASEWORKER",
        /// Decides cases.
        Supervisor = "SUPERVISOR",
        /// Reads everything, imports what documents report.
        Auditor = "AUDITOR",
        /// Registers parties and keys.
        Registrar = "REGISTRAR",
        /// Runs the node.
        Administrator = "ADMINISTRATOR",
    }
    /// Who holds a private key.
    Custody {
        /// It never leaves its holder.
        Holder = "HOLDER",
        /// Kept encrypted by the party's node, which signs for a logged-in officer.
        Node = "NODE",
    }
}

impl PartyKind {
    /// Whether money that arrives there has reached the end of its way.
    pub fn is_payee(self) -> bool {
        matches!(self, Self::Recipient | Self::EndPayee)
    }
}

/// A registered party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Where its registration stands.
    pub key: PartyKey,
    /// Its public id.
    pub id: Uuid,
    /// What it is.
    pub kind: PartyKind,
    /// What people call it.
    pub label: String,
    /// How deep in the administration it stands.
    pub level: String,
    /// Where it works.
    pub area: AreaId,
    /// Known from an import: it has no keys and signs nothing.
    pub reported: bool,
}

/// A registered key of an officer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficerKey {
    /// The public key.
    pub key: KeyId,
    /// The officer.
    pub officer: Uuid,
    /// The officer's party.
    pub party: PartyKey,
    /// What it may sign.
    pub roles: Vec<Role>,
    /// Who holds the private key.
    pub custody: Custody,
    /// The entry that registered it.
    pub registered_by: u64,
    /// The entry that revoked it.
    pub revoked_by: Option<u64>,
}

/// A programme with the rules now in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programme {
    /// The place of its first definition.
    pub id: ProgrammeId,
    /// Its code, unique on the chain.
    pub code: String,
    /// What people call it.
    pub label: String,
    /// The treasury that owns it.
    pub owner: PartyKey,
    /// Its currency.
    pub currency: Currency,
    /// The fixed UTC offset of its days.
    pub utc_offset_minutes: i16,
    /// How long hops may take.
    pub allowed_days: AllowedDays,
    /// Which deductions are lawful.
    pub deductions: Vec<ScheduledDeduction>,
    /// The entry that set these rules.
    pub version: u64,
}

impl Programme {
    /// The days a hop of this kind may take.
    pub fn days(&self, kind: HopKind) -> u16 {
        match kind {
            HopKind::Transfer => self.allowed_days.transfer,
            HopKind::Delivery => self.allowed_days.delivery,
            HopKind::Return => self.allowed_days.giving_back,
            HopKind::Recovery => self.allowed_days.recovery,
        }
    }

    /// How much of a code is lawful on a gross amount: the lower cap, the share rounded down;
    /// nothing when the code is not in the schedule, everything when it has no cap.
    pub fn cap(&self, code: &str, gross: i64) -> i64 {
        let Some(rule) = self.deductions.iter().find(|rule| rule.code == code) else { return 0 };
        lower_cap(gross, rule.cap_millionths, rule.cap_amount.map(Minor::get))
    }
}

/// The lower of two caps on a gross amount, the share rounded down; everything without a cap.
pub fn lower_cap(gross: i64, millionths: Option<u32>, amount: Option<i64>) -> i64 {
    let share = millionths.map(|millionths| {
        let part = i128::from(gross) * i128::from(millionths) / 1_000_000;
        i64::try_from(part).unwrap_or(i64::MAX)
    });
    share.into_iter().chain(amount).min().unwrap_or(i64::MAX)
}

/// What was appropriated to a programme and cycle, and how much of it is allocated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appropriation {
    /// The programme.
    pub programme: ProgrammeId,
    /// The cycle.
    pub cycle: Cycle,
    /// Minor units appropriated.
    pub appropriated: i64,
    /// Minor units allocated.
    pub allocated: i64,
}

/// An allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// Its place.
    pub id: AllocationId,
    /// The programme.
    pub programme: ProgrammeId,
    /// The cycle's label.
    pub cycle: String,
    /// What it is for.
    pub purpose: String,
    /// The currency, the programme's.
    pub currency: Currency,
    /// The treasury that allocated it; money comes back there.
    pub treasury: PartyKey,
    /// Minor units; 0 for money that nobody sent, and once reversed.
    pub amount: i64,
    /// Opened for money that nobody sent.
    pub unsent: bool,
    /// The entry that reversed it.
    pub reversed_by: Option<u64>,
}

/// A recorded operation, remembered for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The entry's index.
    pub entry: u64,
    /// The operation's id.
    pub id: Uuid,
    /// The party that spoke.
    pub party: PartyKey,
    /// SHA-256 of the payload.
    pub digest: PayloadDigest,
    /// Its kind.
    pub kind: Kind,
    /// Who vouched.
    pub basis: Basis,
    /// The block's time.
    pub recorded_at: Millis,
    /// When what it states happened.
    pub occurred_at: Millis,
    /// The keys that signed.
    pub signers: Vec<KeyId>,
    /// The first thing it is about: a hop, a token, a party, a programme or an allocation.
    pub subject: Option<Place>,
}
