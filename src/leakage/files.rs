//! Files: what is kept of a person, party, hop or account between blocks, so that no detector has
//! to read the books. Each is small, bounded, and stored by its key.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ledger::ids::{AllocationId, AreaId, CaseId, HopId, NoteId, PartyKey, ProgrammeId};
use crate::ledger::money::Currency;
use crate::ledger::note::{PersonDigest, RecipientStatus};
use crate::ledger::operation::Rules;
use crate::ledger::parameter::Parameter;
use crate::ledger::time::{Cycle, Millis};

/// The most payment periods and purposes that a recipient's file keeps; the oldest go.
pub const DUES_MAX: usize = 64;
/// The most payments that one of them keeps.
pub const PAYMENTS_MAX: usize = 32;
/// The most accounts, statuses and collectors that a recipient's file keeps.
pub const PARTICULARS_MAX: usize = 16;
/// The most members that an identity, account or household is kept with.
pub const MEMBERS_MAX: usize = 256;
/// The most payments, confirmations or legs that other files keep.
pub const RECENT_MAX: usize = 128;

/// What is known of a recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientFile {
    /// Statuses with the day since which each holds, as they were noted, the newest last.
    pub statuses: Vec<StatusSince>,
    /// The identity.
    pub identity: Option<PersonDigest>,
    /// The note that stated the identity.
    pub identity_note: Option<NoteId>,
    /// The party that stated the identity.
    pub identity_by: Option<PartyKey>,
    /// The identity that the last note of it replaced.
    pub identity_before: Option<PersonDigest>,
    /// Accounts, the newest last: the last is the one that payments go to.
    pub accounts: Vec<AccountSince>,
    /// The household.
    pub household: Option<Uuid>,
    /// The household that the last note of it replaced.
    pub household_before: Option<Uuid>,
    /// The guardian.
    pub guardian: Option<PersonDigest>,
    /// Who may collect.
    pub collectors: Vec<PersonDigest>,
    /// The last sign of life: an authentication, a match in another register, a visit.
    pub sign_of_life: Option<(Millis, NoteId)>,
    /// What is due and what was paid, by programme, cycle and purpose, in order of first use.
    pub dues: Vec<DueFile>,
}

/// A status since a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusSince {
    /// The status.
    pub status: RecipientStatus,
    /// Since when.
    pub since: NaiveDate,
    /// The note that said so.
    pub note: NoteId,
}

/// An account since a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSince {
    /// The account.
    pub account: PersonDigest,
    /// When it was noted (stated time).
    pub at: Millis,
    /// The note that said so.
    pub note: NoteId,
    /// The party that said so.
    pub by: PartyKey,
}

/// What a recipient gets of a programme for one cycle and purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueFile {
    /// The programme.
    pub programme: ProgrammeId,
    /// The cycle; of arrears the one that they are for.
    pub cycle: String,
    /// The purpose.
    pub purpose: String,
    /// What the recipient is entitled to, when stated.
    pub entitled: Option<Entitled>,
    /// What was paid, in order.
    pub payments: Vec<Payment>,
}

/// An entitlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entitled {
    /// Minor units.
    pub amount: i64,
    /// By when.
    pub due: Millis,
    /// The note that said so.
    pub note: NoteId,
    /// The party that said so.
    pub by: PartyKey,
    /// Whether it replaced an earlier one.
    pub restated: bool,
}

/// A delivery to a recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The hop.
    pub hop: HopId,
    /// Who sent it.
    pub from: Option<PartyKey>,
    /// The bank that it went through.
    pub via: Option<PartyKey>,
    /// The reference that ties several hops to one payment.
    pub reference: Option<String>,
    /// `s`.
    pub sent: i64,
    /// `f`.
    pub deducted: i64,
    /// The part of `f` that the programme's schedule allowed when it was declared.
    pub lawful: i64,
    /// `q`.
    pub refused: i64,
    /// What the bank says was credited.
    pub credited: Option<i64>,
    /// `v`: what the recipient says was received.
    pub word: Option<i64>,
    /// What the recipient sent back afterwards, less what of that was refused or reversed.
    pub returned: i64,
    /// The hops by which it was sent back.
    pub returns: Vec<HopId>,
    /// When it was sent (stated).
    pub sent_at: Millis,
    /// When it was first booked or confirmed above zero (stated, or the bank's value date).
    pub settled_at: Option<Millis>,
    /// The bank's value date.
    pub value_date: Option<NaiveDate>,
    /// Whether the recipient was asked for a word.
    pub requested: bool,
    /// Stated by an import.
    pub reported: bool,
}

impl Payment {
    /// `x`: what the bank booked or the recipient confirmed, whichever is more.
    pub fn settled(&self) -> i64 {
        let booked = booked(self.credited, self.sent - self.deducted, self.refused);
        booked.max(self.word.unwrap_or(0))
    }

    /// What was settled and not sent back: what the recipient has of it.
    pub fn kept(&self) -> i64 {
        self.settled() - self.returned
    }
}

/// What of a credit is still booked when so much of a net amount bounced: the bank need not state
/// its credit anew when money comes back that it had credited.
pub fn booked(credited: Option<i64>, net: i64, refused: i64) -> i64 {
    credited.map_or(0, |credited| credited.min(credited.max(net) - refused).max(0))
}

impl DueFile {
    /// The payments that were settled, by reference: hops of one reference are one payment.
    pub fn settled_by_reference(&self) -> Vec<Vec<&Payment>> {
        let mut groups: Vec<Vec<&Payment>> = Vec::new();
        for payment in self.payments.iter().filter(|payment| payment.settled() > 0) {
            let same =
                |group: &&mut Vec<&Payment>| payment.reference.is_some() && group[0].reference == payment.reference;
            match groups.iter_mut().find(same) {
                Some(group) => group.push(payment),
                None => groups.push(vec![payment]),
            }
        }
        groups
    }

    /// What was settled in all.
    pub fn settled(&self) -> i64 {
        self.payments.iter().map(Payment::settled).sum()
    }
}

impl RecipientFile {
    /// The status on a day: that of the latest day not after it, among these the one noted last;
    /// `ACTIVE` before the first.
    pub fn status_on(&self, day: NaiveDate) -> RecipientStatus {
        self.status_since(day).map_or(RecipientStatus::Active, |status| status.status)
    }

    /// The same with the note that says so.
    pub fn status_since(&self, day: NaiveDate) -> Option<&StatusSince> {
        // Of equal days the last stands.
        self.statuses.iter().filter(|status| status.since <= day).max_by_key(|status| status.since)
    }

    /// What is due and paid of a programme, cycle and purpose.
    pub fn due(&self, programme: ProgrammeId, cycle: &str, purpose: &str) -> Option<&DueFile> {
        self.dues.iter().find(|due| due.is(programme, cycle, purpose))
    }

    /// The payment of a hop, with what it is of.
    pub fn payment(&self, hop: HopId) -> Option<(&DueFile, &Payment)> {
        self.dues
            .iter()
            .find_map(|due| due.payments.iter().find(|payment| payment.hop == hop).map(|found| (due, found)))
    }
}

impl DueFile {
    /// Whether it is of this programme, cycle and purpose.
    pub fn is(&self, programme: ProgrammeId, cycle: &str, purpose: &str) -> bool {
        self.programme == programme && self.cycle == cycle && self.purpose == purpose
    }
}

/// What several recipients may have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Holding {
    /// An identity.
    Identity,
    /// An account.
    Account,
    /// A household; its id stands in the first 16 bytes.
    Household,
}

/// The recipients who have something in common.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldersFile {
    /// The recipients, in the order in which they came to it.
    pub members: Vec<PartyKey>,
    /// The notes that said so, beside them.
    pub notes: Vec<NoteId>,
}

/// What is known of a party that passes money on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartyFile {
    /// What it holds, by programme.
    pub parked: BTreeMap<ProgrammeId, Parked>,
}

/// Money that lies with a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// The first day at the end of which it held anything, without a break since.
    pub since: NaiveDate,
    /// The day on which it was last looked at; the days before it are counted.
    pub last: NaiveDate,
    /// The balance then, in minor units; 0 when it was gone.
    pub balance: i64,
    /// The sum of the balances at the ends of all days since: minor units times days.
    pub balance_days: i128,
}

/// Payments of one party to another in a programme that asks for approval above a threshold: those
/// below it, within the days in which a split is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairFile {
    /// When (stated), how much, and by which hop, the newest last.
    pub recent: Vec<(Millis, i64, HopId)>,
}

/// One pass of hands on the way of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// The hop.
    pub hop: HopId,
    /// The sender.
    pub from: Option<PartyKey>,
    /// The receiver.
    pub to: PartyKey,
    /// `s`.
    pub sent: i64,
    /// When it was sent (stated).
    pub sent_at: Millis,
    /// When it was answered (stated).
    pub answered_at: Option<Millis>,
}

/// What is known of a hop between parties, of one to an end payee, and of one with evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HopFile {
    /// The way of its money from the treasury, this hop last.
    pub legs: Vec<Leg>,
    /// The officers who signed its dispatch.
    pub sent_by: Vec<Uuid>,
    /// The part of `f` that the programme's schedule allowed when it was declared.
    pub lawful: i64,
    /// What documents show of it, in minor units.
    pub documents: i64,
    /// The notes of these documents.
    pub document_notes: Vec<NoteId>,
    /// Their digests: a document that is produced again shows nothing more.
    pub document_digests: Vec<PersonDigest>,
    /// Who collected it, with the note.
    pub collected: Option<(PersonDigest, NoteId)>,
    /// The case that it is a recovery of.
    pub case: Option<CaseId>,
}

/// What is known of an allocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllocationFile {
    /// The programme.
    pub programme: ProgrammeId,
    /// The cycle.
    pub cycle: String,
    /// The purpose.
    pub purpose: String,
    /// The currency.
    pub currency: Currency,
    /// The treasury.
    pub treasury: PartyKey,
    /// To how many recipients it was declared to be paid out.
    pub declared_recipients: Option<u32>,
    /// How much was declared to be paid out.
    pub declared_total: Option<i64>,
    /// The note that declared it.
    pub declared_by: Option<NoteId>,
    /// How many deliveries there were.
    pub deliveries: u32,
    /// What was sent by them.
    pub delivered: i64,
    /// What of it was sent by those beyond the declared number of recipients.
    pub beyond: i64,
}

/// What is known of a programme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgrammeFile {
    /// Its code.
    pub code: String,
    /// The treasury that owns it.
    pub owner: PartyKey,
    /// Its currency.
    pub currency: Currency,
    /// The fixed UTC offset of its days.
    pub utc_offset_minutes: i16,
    /// Which deductions are lawful now.
    pub caps: Vec<Cap>,
    /// What is looked for in it now.
    pub rules: Rules,
    /// Entitlements by due day, in minor units; those that were paid are not taken off.
    pub entitled: BTreeMap<NaiveDate, i64>,
    /// What was paid of entitlements, never more than each.
    pub paid_of_entitled: i64,
    /// What was sent to recipients and end payees by day (stated), of the newest two years; not what
    /// imports report.
    pub delivered_by_day: BTreeMap<NaiveDate, i64>,
}

/// A lawful deduction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// Its code.
    pub code: String,
    /// The highest amount for each hop, in minor units.
    pub amount: Option<i64>,
    /// The highest share of the gross amount, in millionths.
    pub millionths: Option<u32>,
}

impl ProgrammeFile {
    /// The value of a parameter now: what the programme set, else the default.
    pub fn value(&self, parameter: Parameter) -> i64 {
        let set = self.rules.thresholds.iter().find(|threshold| threshold.name == parameter.name());
        set.map_or(parameter.default(), |threshold| threshold.value)
    }

    /// The day of a moment, in the programme's own time.
    pub fn day(&self, at: Millis) -> NaiveDate {
        at.date(self.utc_offset_minutes).unwrap_or_default()
    }

    /// How much of a code is lawful on a gross amount, by the schedule now in force.
    pub fn cap(&self, code: &str, gross: i64) -> i64 {
        let Some(cap) = self.caps.iter().find(|cap| cap.code == code) else { return 0 };
        crate::ledger::registry::lower_cap(gross, cap.millionths, cap.amount)
    }

    /// Entitlements due before a day and not paid, as far as payments tell.
    pub fn unpaid_before(&self, day: NaiveDate) -> i64 {
        let due: i64 = self.entitled.range(..day).map(|(_, amount)| amount).sum();
        due - self.paid_of_entitled
    }
}

/// The cycles of programmes, which the appropriations state.
pub type Cycles = BTreeMap<(ProgrammeId, String), Cycle>;

/// What is known of an agent or device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentFile {
    /// What was collected through it, in order of time; the newest last.
    pub recent: Vec<Collection>,
}

/// A payment that was collected through an agent or device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    /// When (stated).
    pub at: Millis,
    /// For whom.
    pub recipient: PartyKey,
    /// The hop.
    pub hop: HopId,
    /// The note that says so.
    pub note: NoteId,
    /// What was sent by the hop.
    pub sent: i64,
}

/// What is known of somebody who collects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectorFile {
    /// The households for which they collected, with the first hop and note of each, and all that
    /// was sent; a recipient without a household stands for one.
    pub households: Vec<(Household, HopId, NoteId, i64)>,
}

/// A household, or a recipient who is in none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Household {
    /// A household.
    Of(Uuid),
    /// A recipient alone.
    Alone(PartyKey),
}

/// What is known of an officer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficerFile {
    /// The identity.
    pub identity: Option<PersonDigest>,
    /// How often the officer used each explanation: codes of deductions (`FEE`), outcomes of cases
    /// (`case DISMISSED`). Of one party's programme each.
    pub explanations: BTreeMap<String, u32>,
    /// The newest hop with each explanation, or none of a case.
    pub newest: BTreeMap<String, Option<HopId>>,
    /// The parties that the officer signed for.
    pub parties: BTreeSet<PartyKey>,
    /// The level of the party for which the officer explained something last.
    pub level: String,
    /// The programme in which that was.
    pub programme: Option<ProgrammeId>,
}

/// What a party's answered hops of a programme came to, and how its amounts lie at the threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TallyFile {
    /// Answered transfers and deliveries that it sent.
    pub hops: u32,
    /// `s` over them.
    pub sent: i64,
    /// `s - r - f - q` over them; may be negative.
    pub lost: i64,
    /// The sum of `s * s`.
    pub sent_squared: i128,
    /// The sum of the squares of `s - r - f - q`.
    pub lost_squared: i128,
    /// The sum of `s * (s - r - f - q)`.
    pub sent_lost: i128,
    /// Amounts in the twentieth just below the threshold.
    pub just_below: u32,
    /// The money in them.
    pub just_below_sum: i64,
    /// Amounts in the twentieth below that.
    pub next_below: u32,
}

/// How many confirmations each agent has in an area of a programme.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AreaAgentsFile {
    /// Confirmations by agent.
    pub agents: BTreeMap<PersonDigest, u32>,
    /// The money confirmed by agent.
    pub money: BTreeMap<PersonDigest, i64>,
}

/// What is known of a case beside its state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseFile {
    /// What the treasury acknowledged of its recoveries.
    pub recovered: i64,
    /// The programme whose money it is about; none when the case names no hop.
    pub programme: Option<ProgrammeId>,
}

macro_rules! files {
    ($($number:literal $name:ident $field:ident($key:ty) -> $file:ty;)*) => {
        /// The key of a file.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "each is named as its file")]
        pub enum FileKey {
            $($name($key),)*
        }

        impl FileKey {
            /// The number of its kind, which never changes.
            pub fn kind(&self) -> u8 {
                match self { $(Self::$name(_) => $number,)* }
            }

            /// Its stored form within its kind.
            pub fn bytes(&self) -> Vec<u8> {
                match self { $(Self::$name(key) => encoded(key),)* }
            }

            /// The key of a stored form; none when it is of no kind.
            pub fn of(kind: u8, bytes: &[u8]) -> Option<Self> {
                match kind {
                    $($number => postcard::from_bytes(bytes).ok().map(Self::$name),)*
                    _ => None,
                }
            }
        }

        /// Every file that is in memory.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Files {
            $(
                #[doc = concat!("Files of [`", stringify!($file), "`].")]
                pub $field: BTreeMap<$key, $file>,
            )*
            /// The keys that were asked for, whether there is a file or not.
            known: BTreeSet<FileKey>,
            /// The keys of files that changed.
            changed: BTreeSet<FileKey>,
        }

        impl Files {
            /// Takes a stored file; false when its form cannot be read.
            pub fn take(&mut self, key: FileKey, body: &[u8]) -> bool {
                match &key {
                    $(FileKey::$name(at) => match postcard::from_bytes(body) {
                        Ok(file) => drop(self.$field.insert(at.clone(), file)),
                        Err(_) => return false,
                    },)*
                }
                self.known.insert(key);
                true
            }

            /// The files that changed since this was asked, in their stored form; none for a file
            /// that is no more.
            pub fn changes(&mut self) -> Vec<(FileKey, Vec<u8>)> {
                let changed = std::mem::take(&mut self.changed);
                changed.into_iter().filter_map(|key| {
                    let body = match &key {
                        $(FileKey::$name(at) => self.$field.get(at).map(encoded),)*
                    };
                    body.map(|body| (key, body))
                }).collect()
            }
        }
    };
}

files! {
    1 Recipient recipients(PartyKey) -> RecipientFile;
    2 Holders holders((Holding, PersonDigest)) -> HoldersFile;
    3 Party parties(PartyKey) -> PartyFile;
    4 Pair pairs((ProgrammeId, PartyKey, PartyKey)) -> PairFile;
    5 Hop hops(HopId) -> HopFile;
    6 Allocation allocations(AllocationId) -> AllocationFile;
    7 Programme programmes(ProgrammeId) -> ProgrammeFile;
    8 Agent agents(PersonDigest) -> AgentFile;
    9 Collector collectors(PersonDigest) -> CollectorFile;
    10 Officer officers(Uuid) -> OfficerFile;
    11 Tally tallies((ProgrammeId, PartyKey)) -> TallyFile;
    12 AreaAgents area_agents((ProgrammeId, AreaId)) -> AreaAgentsFile;
    13 Case cases(CaseId) -> CaseFile;
}

/// The kinds of files that a day is looked at over: all of them are in memory then.
pub const DAILY: [u8; 5] = [3, 7, 10, 11, 12];

impl Files {
    /// Whether a key was asked for before.
    pub fn knows(&self, key: &FileKey) -> bool {
        self.known.contains(key)
    }

    /// Notes that keys were asked for; those without a file are not there.
    pub fn asked(&mut self, keys: impl IntoIterator<Item = FileKey>) {
        self.known.extend(keys);
    }

    /// Notes that a file changed.
    pub fn touch(&mut self, key: FileKey) {
        self.known.insert(key.clone());
        self.changed.insert(key);
    }

    /// How many files and keys are in memory.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether nothing is in memory.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

fn encoded<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_allocvec(value).expect("files have no length that is not known")
}

/// A household's id as the key of its holders.
pub fn household_key(id: Uuid) -> PersonDigest {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(id.as_bytes());
    PersonDigest(bytes)
}

/// Pushes to a list that keeps the newest so many.
pub fn push_bounded<T>(list: &mut Vec<T>, item: T, max: usize) {
    if list.len() >= max {
        list.remove(0);
    }
    list.push(item);
}
