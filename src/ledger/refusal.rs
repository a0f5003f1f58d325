//! Why an operation is not admitted: one variant per rule, in order of precedence.

use super::case::CaseState;
use super::ids::{KeyId, PartyKey};
use super::money::Currency;
use super::time::Millis;
use super::token::{HopKind, HopState, TokenState};

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident $({ $($field:ident : $ty:ty),* })? = $code:literal, $text:literal $(, $arg:expr)*;)*) => {
        /// A rule that an operation breaks, with the operands that explain it.
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[expect(missing_docs, reason = "operands are named by their fields and shown in the text")]
        pub enum Refusal {
            $($(#[$doc])* #[error($text $(, $arg)*)] $name $({ $($field: $ty),* })?,)*
        }

        impl Refusal {
            /// Every code, in order of precedence.
            pub const CODES: &[&str] = &[$($code),*];

            /// The stable code of the rule, such as `TOKEN_SPENT`.
            pub fn code(&self) -> &'static str {
                match self { $(Self::$name { .. } => $code,)* }
            }
        }
    };
}

refusals! {
    /// The form is wrong in a way that only the ledger can see.
    Form { what: String } = "MALFORMED", "{what}";
    /// Same party and id, other bytes.
    IdReused { entry: u64 } = "OPERATION_ID_REUSED", "this operation id was recorded before with other content, in entry {entry}";
    /// Past its expiry.
    Expired { expires_at: Millis, now: Millis } = "EXPIRED", "the operation expired at {expires_at}; it is {now}";
    /// Issued in the future.
    IssuedAhead { issued_at: Millis, now: Millis } = "ISSUED_AHEAD", "the operation is issued at {issued_at}, more than 5 minutes ahead of {now}";
    /// States the future.
    OccurredAhead { occurred_at: Millis, now: Millis } = "OCCURRED_AHEAD", "what it states happened at {occurred_at}, more than 5 minutes ahead of {now}";
    /// The signing party is not registered.
    UnknownSigner = "UNKNOWN_PARTY", "the signing party is not registered";
    /// A key that is not registered.
    UnknownKey { key: KeyId } = "UNKNOWN_KEY", "key {} is not registered", hex::encode(key.0);
    /// A revoked key.
    RevokedKey { key: KeyId, entry: u64 } = "REVOKED_KEY", "key {} was revoked by entry {entry}", hex::encode(key.0);
    /// A key of another party.
    ForeignKey { key: KeyId } = "FOREIGN_KEY", "key {} belongs to another party", hex::encode(key.0);
    /// Not exactly the signatures needed.
    SignatureCount { needed: usize, found: usize } = "SIGNATURE_COUNT", "the operation needs exactly {needed} signatures and has {found}";
    /// One officer signed twice.
    SameOfficer = "SAME_OFFICER", "the signatures must be of two different officers";
    /// The key lacks the role.
    RoleMissing { roles: String } = "ROLE_MISSING", "the operation needs {roles}";
    /// The party is not of the kind that may say this.
    PartyKindWrong { needed: &'static str } = "PARTY_KIND_WRONG", "only {needed} may state this";
    /// A party that is not registered.
    UnknownParty { party: String } = "UNKNOWN_RECEIVER", "party {party} is not registered";
    /// A programme that is not defined.
    UnknownProgramme { code: String } = "UNKNOWN_PROGRAMME", "programme {code:?} is not defined";
    /// A cycle without appropriation.
    UnknownCycle { label: String } = "UNKNOWN_CYCLE", "nothing was appropriated for cycle {label:?}";
    /// A reference to nothing.
    UnknownReference { what: &'static str } = "UNKNOWN_REFERENCE", "no recorded operation made the {what} that is referred to";
    /// Registered before.
    AlreadyRegistered { what: String } = "ALREADY_REGISTERED", "{what} is registered already";
    /// Other currency than the programme's.
    WrongCurrency { stated: Currency, needed: Currency } = "WRONG_CURRENCY", "the amount is in {stated}, the money in {needed}";
    /// Somebody else's money.
    NotYours { holder: Option<PartyKey> } = "NOT_YOURS", "the money or hop is not this party's";
    /// To itself.
    ToItself = "TO_ITSELF", "a party cannot send money to itself";
    /// The provider may not speak of this hop.
    NotTheProvider = "NOT_THE_PROVIDER", "another payment provider was named for this hop";
    /// Back to somebody who did not send it.
    NotUpstream = "NOT_UPSTREAM", "money goes back to who sent it or to the treasury that allocated it";
    /// A hop of another kind.
    WrongHopKind { kind: HopKind } = "WRONG_HOP_KIND", "this cannot be stated of a hop of kind {}", kind.name();
    /// A recipient does not acknowledge; others give no word.
    WrongAnswer { needed: &'static str } = "WRONG_ANSWER", "the receiver of this hop answers with {needed}";
    /// A hop in another state.
    WrongHopState { state: HopState } = "WRONG_HOP_STATE", "the hop is {}", state.name();
    /// A token in another state.
    WrongTokenState { state: TokenState } = "WRONG_TOKEN_STATE", "the token is {}", state.name();
    /// A word below an earlier word must be a dispute, above it a confirmation.
    WrongDirection { before: i64, stated: i64, needed: &'static str } = "WRONG_DIRECTION", "{before} was stated before and {stated} now: use {needed}";
    /// The same figure again.
    NothingNew { total: i64 } = "NOTHING_NEW", "a total of {total} is recorded already";
    /// A lower arrival.
    LowerThanBefore { before: i64, stated: i64 } = "LOWER_THAN_BEFORE", "{before} was acknowledged before and {stated} now: a slip is reversed";
    /// Below what the recipient sent back.
    BelowReturned { returned: i64 } = "BELOW_RETURNED", "{returned} of it was sent back, so at least that was received";
    /// Not yet due.
    NotOverdue { due: Millis } = "NOT_OVERDUE", "the money is not overdue before {due}";
    /// Something downstream stands on it.
    NotReversible { why: &'static str } = "NOT_REVERSIBLE", "it cannot be reversed: {why}";
    /// A party to the hop may not decide on it.
    PartyToTheHop = "PARTY_TO_THE_HOP", "a party to the hop cannot decide on it";
    /// Nothing to decide.
    NothingDisputed = "NOTHING_DISPUTED", "there is nothing to decide on this hop";
    /// A threshold out of its range.
    ThresholdOutOfRange { name: String, value: i64, min: i64, max: i64 } = "THRESHOLD_OUT_OF_RANGE", "{name} is {min} to {max}, not {value}";
    /// A finding that has an open case.
    CaseOpen { entry: u64 } = "CASE_OPEN", "the finding was taken up by entry {entry}, and that case is open";
    /// A case in another state.
    WrongCaseState { state: CaseState } = "WRONG_CASE_STATE", "the case is {}", state.name();
    /// An officer of a party that the case is about.
    PartyToTheCase = "PARTY_TO_THE_CASE", "nobody of a party that the case is about may decide on it";
    /// A deadline that is no deadline.
    BadDeadline { deadline: Millis, now: Millis } = "BAD_DEADLINE", "a deadline is after {now} and at most two years away, not {deadline}";
    /// More than the case is about.
    AboveTheLoss { loss: i64, booked: i64, stated: i64 } = "ABOVE_THE_LOSS", "the case is about {loss}, {booked} of it is booked as recovered already, and {stated} is stated now (minor units)";
    /// A row that was imported before.
    RowRepeated { number: u64, entry: u64 } = "ROW_REPEATED", "row {number} was imported before by entry {entry}";
    /// A spent token.
    TokenSpent { by: u64 } = "TOKEN_SPENT", "the token was spent by entry {by}";
    /// More than there is.
    Unfunded { needed: i64, available: i64 } = "UNFUNDED", "{needed} is needed and {available} available (minor units)";
    /// Parts that do not add up.
    SumDiffers { expected: i64, found: i64 } = "SUM_DIFFERS", "the parts add up to {found}, not to {expected} (minor units)";
    /// All money of a currency would pass 2^62.
    TotalTooLarge = "TOTAL_TOO_LARGE", "all money of the currency would pass 2^62 minor units";
}
