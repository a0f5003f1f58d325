//! What a party states and signs: the closed, versioned list of operations.
//!
//! Each body is the `body` of a signed payload in its JSON form. Reading is strict: unknown
//! fields are malformed, and what is read prints back to the same value.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

use super::case::{CaseMove, CaseOutcome};
use super::ids::{KeyId, PayloadDigest, Reference};
use super::lines::{EntitlementLine, EvidenceLine, Malformed, OutputLine, ParticularLine, RecipientLine, RowLine};
use super::money::{Currency, Minor};
use super::registry::{Custody, PartyKind, Role};
use super::time::{Cycle, Millis};

use chrono::NaiveDate;

/// Who vouches for a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The signing party speaks of itself.
    Own,
    /// The signer says what a document says of parties without keys.
    Reported,
}

/// A signed operation, as the ledger needs it: the payload's header and its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// The operation's id, made by its signer.
    pub id: Uuid,
    /// SHA-256 of the payload.
    pub digest: PayloadDigest,
    /// The party that speaks, by its public id.
    pub party: Uuid,
    /// Who vouches.
    pub basis: Basis,
    /// When it was made.
    pub issued_at: Millis,
    /// After this moment it can no longer be recorded.
    pub expires_at: Millis,
    /// When what it states happened; the block's time when absent.
    pub occurred_at: Option<Millis>,
    /// The keys whose signatures were checked, in order of key id.
    pub signers: Vec<KeyId>,
    /// What is stated.
    pub operation: Operation,
}

/// A deduction by code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deduction {
    /// How much was taken; above zero.
    pub amount: Minor,
    /// The code it is declared under, such as `TRANSIT_FEE`.
    pub code: String,
}

/// One code of a programme's deduction schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScheduledDeduction {
    /// The highest amount per hop (kept: per dispatch).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap_amount: Option<Minor>,
    /// The highest share of the gross amount, in millionths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap_millionths: Option<u32>,
    /// The code.
    pub code: String,
}

/// A threshold that a programme sets; [`super::parameter::Parameter`] lists them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// Its name, such as `L05.days`.
    pub name: String,
    /// Its value, in the parameter's unit.
    pub value: i64,
}

/// To which levels a level may pass money on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteStep {
    /// The level of the sender, as parties are registered.
    pub from: String,
    /// The levels that may come next; `RECIPIENT` and `END_PAYEE` stand for these kinds.
    pub to: Vec<String>,
}

/// For which other purposes money of a purpose may be spent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurposeRule {
    /// The purpose that the money was allocated for.
    pub of: String,
    /// What it may be spent on besides.
    pub to: Vec<String>,
}

/// What is looked for in a programme.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Codes of programmes that nobody may be paid from beside this one.
    pub exclusive: Vec<String>,
    /// Which purposes may be paid from which.
    pub purposes: Vec<PurposeRule>,
    /// Who may pass money on to whom; any way is right when empty.
    pub route: Vec<RouteStep>,
    /// The thresholds that are not the default.
    pub thresholds: Vec<Threshold>,
}

/// An earlier operation as lines of evidence name it by its number in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryReference {
    /// SHA-256 of the payload, as 64 hexadecimal digits.
    pub digest: PayloadDigest,
    /// The operation's id.
    pub operation: Uuid,
}

impl EntryReference {
    /// The reference to one of its outputs.
    pub fn output(&self, output: u32) -> Reference {
        Reference { digest: self.digest, operation: self.operation, output }
    }
}

/// How many days each kind of hop may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowedDays {
    /// To a recipient or end payee.
    pub delivery: u16,
    /// A recovery on its way to the treasury.
    pub recovery: u16,
    /// Back upstream.
    #[serde(rename = "return")]
    pub giving_back: u16,
    /// Between parties.
    pub transfer: u16,
}

macro_rules! bodies {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident : $ty:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $ty,)*
        }
    )*};
}

bodies! {
    /// Begins a chain: names its first registrar and that registrar's officer and key.
    ChainBegin {
        /// Made with a clock of its own (a demonstration or simulation).
        demonstration: bool,
        /// The registrar's first key.
        key: KeyRegister,
        /// The registrar.
        registrar: PartyRegister,
    }
    /// Registers a party. Its area and level never change.
    PartyRegister {
        /// Where it works, as a path of names; empty for a party of the whole country.
        area: String,
        /// What it is.
        kind: PartyKind,
        /// What people call it; never a recipient's name.
        label: String,
        /// How deep in the administration it stands, such as `county`; free text.
        level: String,
        /// Its public id, random.
        party: Uuid,
    }
    /// Registers recipients; one line each.
    RecipientEnrol {}
    /// Registers an officer's key.
    KeyRegister {
        /// Who holds the private key.
        custody: Custody,
        /// The public key.
        key: KeyId,
        /// The officer's public id; an officer may have several keys.
        officer: Uuid,
        /// The officer's party.
        party: Uuid,
        /// What the key may sign.
        roles: Vec<Role>,
    }
    /// Ends a key: it signs nothing recorded after this entry.
    KeyRevoke {
        /// The key.
        key: KeyId,
        /// Why.
        reason: String,
    }
    /// Defines a programme or replaces its rules from now on.
    ProgrammeDefine {
        /// How long hops may take.
        allowed_days: AllowedDays,
        /// Its code, unique on the chain.
        code: String,
        /// Its currency; cannot be changed.
        currency: Currency,
        /// Which deductions are lawful, and up to what.
        deductions: Vec<ScheduledDeduction>,
        /// What people call it.
        label: String,
        /// The fixed UTC offset of its days, in minutes.
        utc_offset_minutes: i16,
    }
    /// Appropriates money to a programme and cycle: the most that can be allocated.
    BudgetAppropriate {
        /// How much is added.
        amount: Minor,
        /// The currency.
        currency: Currency,
        /// The cycle; the first appropriation fixes its days.
        cycle: Cycle,
        /// The programme's code.
        programme: String,
    }
    /// Sets money aside for a programme, cycle and purpose.
    AllocationCreate {
        /// How much.
        amount: Minor,
        /// The currency.
        currency: Currency,
        /// The cycle's label.
        cycle: String,
        /// The most recipients that it is to be paid out to, when declared.
        #[serde(skip_serializing_if = "Option::is_none")]
        declared_recipients: Option<u32>,
        /// The most that is to be paid out to them, when declared.
        #[serde(skip_serializing_if = "Option::is_none")]
        declared_total: Option<Minor>,
        /// The programme's code.
        programme: String,
        /// What it is for.
        purpose: String,
    }
    /// Divides a token held by the party.
    TokenSplit {
        /// The currency.
        currency: Currency,
        /// The parts, in order; they add up to the token.
        parts: Vec<Minor>,
        /// The token.
        token: Reference,
    }
    /// Sends a token, or a part of it, to one or many; one line each.
    TokenDispatch {
        /// The currency.
        currency: Currency,
        /// What the sender keeps for itself.
        keep: Vec<Deduction>,
        /// The token.
        token: Reference,
    }
    /// States how much of a hop has arrived in all.
    HopAcknowledge {
        /// The total arrived so far; may be zero.
        arrived: Minor,
        /// The currency.
        currency: Currency,
        /// Deductions made on the way, not declared before.
        deductions: Vec<Deduction>,
        /// The hop.
        hop: Reference,
    }
    /// States that money arrived which nobody sent.
    UnsentAcknowledge {
        /// How much arrived.
        arrived: Minor,
        /// The currency.
        currency: Currency,
        /// The cycle's label.
        cycle: String,
        /// The programme's code.
        programme: String,
        /// What it was said to be for.
        purpose: String,
    }
    /// Refuses money on its way to the party: it goes back to the sender.
    HopRefuse {
        /// How much is refused.
        amount: Minor,
        /// The currency.
        currency: Currency,
        /// The hop.
        hop: Reference,
        /// Why.
        reason: String,
    }
    /// A recipient's word: how much was received in all, first or more than said before.
    ReceiptConfirm {
        /// The currency.
        currency: Currency,
        /// The hop.
        hop: Reference,
        /// What was wrong with it, if anything; empty when all was well.
        issues: String,
        /// The total received; may be zero.
        received: Minor,
    }
    /// A recipient's word: less was received than was sent, or than was said before.
    ReceiptDispute {
        /// The currency.
        currency: Currency,
        /// The hop.
        hop: Reference,
        /// What is disputed.
        reason: String,
        /// The total received; may be zero.
        received: Minor,
    }
    /// What a payment provider's books say of a hop to a recipient.
    BankEvidenceRecord {
        /// Credited to the recipient in all, when stated; may be zero.
        #[serde(skip_serializing_if = "Option::is_none")]
        credited: Option<Minor>,
        /// The currency.
        currency: Currency,
        /// Fees taken on the way, not declared before.
        deductions: Vec<Deduction>,
        /// The hop.
        hop: Reference,
        /// Why, as a code of ISO 20022's external code sets, such as `AC04`; when stated.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason_code: Option<String>,
        /// The bank's own reference, or empty.
        reference: String,
        /// Bounced with this evidence, when stated.
        #[serde(skip_serializing_if = "Option::is_none")]
        returned: Option<Minor>,
        /// The day on which the account was credited or debited, when stated.
        #[serde(skip_serializing_if = "Option::is_none")]
        value_date: Option<NaiveDate>,
    }
    /// Gives money back: to who sent it, or to the treasury that allocated it.
    TokenReturn {
        /// How much.
        amount: Minor,
        /// The currency.
        currency: Currency,
        /// Why.
        reason: String,
        /// To whom.
        to: Uuid,
        /// The token.
        token: Reference,
    }
    /// Decides a dispute (two officers of a supervisor).
    DisputeDecide {
        /// For or against the recipient.
        decision: Decision,
        /// The hop.
        hop: Reference,
        /// Why.
        reason: String,
    }
    /// Declares money lost: a token the party holds, or overdue money on a hop it sent.
    LossDeclare {
        /// How much.
        amount: Minor,
        /// The currency.
        currency: Currency,
        /// Why.
        reason: String,
        /// What is lost.
        subject: LossSubject,
    }
    /// Writes missing money off; it stays unaccounted (two officers of a supervisor).
    LossWriteOff {
        /// Why.
        reason: String,
        /// The missing token.
        token: Reference,
    }
    /// Pays missing money back to the treasury.
    RecoveryRecord {
        /// How much.
        amount: Minor,
        /// The case that it is booked against, by the operation that opened it.
        #[serde(skip_serializing_if = "Option::is_none")]
        case: Option<Reference>,
        /// The currency.
        currency: Currency,
        /// Under which order or agreement.
        reason: String,
        /// The missing token.
        token: Reference,
    }
    /// Reverses an entry (two officers).
    EntryReverse {
        /// The operation, and for dispatches, returns and recoveries the number of the hop.
        entry: Reference,
        /// Why.
        reason: String,
    }
    /// States what a registry knows of recipients and officers; one line each.
    RecipientRecord {}
    /// States what recipients are due; one line each.
    EntitlementSet {
        /// The currency.
        currency: Currency,
        /// The cycle's label.
        cycle: String,
        /// The programme's code.
        programme: String,
        /// What it is for.
        purpose: String,
    }
    /// States what can be shown: of collections, documents, visits, accounts; one line each.
    EvidenceRecord {
        /// The operations that lines number from 0.
        entries: Vec<EntryReference>,
    }
    /// Sets what is looked for in a programme from now on (two officers).
    RulesSet {
        /// The programme's code.
        programme: String,
        /// The rules; they replace those before.
        rules: Rules,
    }
    /// Takes up a finding: opens its case.
    FlagReview {
        /// The party that the finding holds responsible.
        #[serde(skip_serializing_if = "Option::is_none")]
        accused: Option<Uuid>,
        /// The money at stake; may be zero.
        amount: Minor,
        /// The currency.
        currency: Currency,
        /// By when the next step is to be taken.
        deadline: Millis,
        /// The finding's id.
        finding: Uuid,
        /// The hops that it is about.
        hops: Vec<Reference>,
        /// Why it is taken up.
        reason: String,
        /// The rule that the finding is of, such as `L01`.
        rule: String,
        /// The version of that rule.
        rule_version: u32,
    }
    /// Takes a case one step further.
    CaseStep {
        /// How much, of a decision or an order.
        #[serde(skip_serializing_if = "Option::is_none")]
        amount: Option<Minor>,
        /// The case, by the operation that opened it.
        case: Reference,
        /// By when the next step is to be taken.
        deadline: Millis,
        /// Why.
        reason: String,
        /// Which step.
        step: CaseMove,
    }
    /// Ends a case (two officers).
    FlagClose {
        /// The case, by the operation that opened it.
        case: Reference,
        /// How it ends.
        outcome: CaseOutcome,
        /// Why.
        reason: String,
    }
    /// Imports rows of a tracking table; one line for each row and purpose.
    TrackingImport {
        /// The currency of every amount.
        currency: Currency,
        /// The cycles that lines number from 0.
        cycles: Vec<Cycle>,
        /// SHA-256 of the file.
        file: PayloadDigest,
        /// SHA-256 of the mapping's meaning.
        mapping: PayloadDigest,
        /// The label of the end payees below the last party of the route.
        payees: String,
        /// The programme's code; defined by the first import when the chain has none.
        programme: String,
        /// The purposes that lines number from 0.
        purposes: Vec<String>,
        /// The levels of the route, first the treasury's.
        route: Vec<String>,
    }
}

/// How a dispute was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Decision {
    /// The recipient is right: the money is missing.
    Upheld,
    /// The recipient is not: the money was booked.
    Dismissed,
}

/// What is declared lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum LossSubject {
    /// Money the party holds.
    Token(Reference),
    /// Overdue money on a hop the party sent.
    Hop(Reference),
}

macro_rules! operations {
    ($($name:ident = $kind:literal $(with $line:ident)?,)*) => {
        /// An operation with its lines, where its kind has any.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Operation {
            $(#[doc = concat!("`", $kind, "`")] $name($name $(, Vec<$line>)?),)*
        }

        /// The kind of an operation, as the payload names it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $(#[doc = concat!("`", $kind, "`")] $name,)*
        }

        impl Kind {
            /// Every kind, in the order of this list.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name in the payload, such as `TOKEN_DISPATCH`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $kind,)* }
            }

            /// Whether its payload carries a list.
            pub fn has_lines(self) -> bool {
                match self { $(Self::$name => operations!(@has $($line)?),)* }
            }
        }

        impl Operation {
            /// Its kind.
            pub fn kind(&self) -> Kind {
                match self { $(Self::$name(..) => Kind::$name,)* }
            }

            /// The body as the payload holds it.
            pub fn body(&self) -> Value {
                match self {
                    $(Self::$name(body, ..) => serde_json::to_value(body).expect("bodies are plain JSON"),)*
                }
            }

            /// Reads a payload's kind, version and body and the contents of its lines.
            pub fn read(kind: &str, version: u32, body: &Value, lines: &[&str]) -> Result<Self, Malformed> {
                if version != 1 {
                    return Err(Malformed::Version(version));
                }
                let kind = Kind::parse(kind).ok_or_else(|| Malformed::UnknownKind(kind.to_owned()))?;
                if kind.has_lines() == lines.is_empty() {
                    return Err(if lines.is_empty() { Malformed::LinesMissing } else { Malformed::LinesUnexpected });
                }
                Ok(match kind {
                    $(Kind::$name => Self::$name(body_of(body)? $(, $line::read_all(lines)?)?),)*
                })
            }
        }
    };
    (@has) => { false };
    (@has $line:ident) => { true };
}

operations! {
    ChainBegin = "CHAIN_BEGIN",
    PartyRegister = "PARTY_REGISTER",
    RecipientEnrol = "RECIPIENT_ENROL" with RecipientLine,
    KeyRegister = "KEY_REGISTER",
    KeyRevoke = "KEY_REVOKE",
    ProgrammeDefine = "PROGRAMME_DEFINE",
    BudgetAppropriate = "BUDGET_APPROPRIATE",
    AllocationCreate = "ALLOCATION_CREATE",
    TokenSplit = "TOKEN_SPLIT",
    TokenDispatch = "TOKEN_DISPATCH" with OutputLine,
    HopAcknowledge = "HOP_ACKNOWLEDGE",
    UnsentAcknowledge = "UNSENT_ACKNOWLEDGE",
    HopRefuse = "HOP_REFUSE",
    ReceiptConfirm = "RECEIPT_CONFIRM",
    ReceiptDispute = "RECEIPT_DISPUTE",
    BankEvidenceRecord = "BANK_EVIDENCE_RECORD",
    TokenReturn = "TOKEN_RETURN",
    DisputeDecide = "DISPUTE_DECIDE",
    LossDeclare = "LOSS_DECLARE",
    LossWriteOff = "LOSS_WRITE_OFF",
    RecoveryRecord = "RECOVERY_RECORD",
    EntryReverse = "ENTRY_REVERSE",
    TrackingImport = "TRACKING_IMPORT" with RowLine,
    RecipientRecord = "RECIPIENT_RECORD" with ParticularLine,
    EntitlementSet = "ENTITLEMENT_SET" with EntitlementLine,
    EvidenceRecord = "EVIDENCE_RECORD" with EvidenceLine,
    RulesSet = "RULES_SET",
    FlagReview = "FLAG_REVIEW",
    CaseStep = "CASE_STEP",
    FlagClose = "FLAG_CLOSE",
}

impl Operation {
    /// The sum of its lines' amounts, as the payload's list states it; `None` when it passes 64
    /// bits. Lines without an amount add nothing.
    pub fn list_total(&self) -> Option<i64> {
        match self {
            Self::TokenDispatch(_, lines) => sum(lines.iter().map(|line| line.amount)),
            Self::TrackingImport(_, lines) => sum(lines.iter().map(|line| line.official)),
            Self::EntitlementSet(_, lines) => sum(lines.iter().map(|line| line.amount)),
            _ => Some(0),
        }
    }
}

fn sum(mut amounts: impl Iterator<Item = Minor>) -> Option<i64> {
    amounts.try_fold(0_i64, |total, amount| total.checked_add(amount.get()))
}

impl Kind {
    /// Reads a payload's kind.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

fn body_of<T: DeserializeOwned + Serialize>(body: &Value) -> Result<T, Malformed> {
    let read = T::deserialize(body).map_err(|error| Malformed::Body(error.to_string()))?;
    let printed = serde_json::to_value(&read).expect("bodies are plain JSON");
    if printed != *body {
        return Err(Malformed::Body("it is not in its canonical form".to_owned()));
    }
    Ok(read)
}
