//! The codes of expected refusals, one list for every mutation.
//!
//! A list of its own for each of 25 mutations would say the same forty rules 25 times, and a
//! client would have to handle them 25 times; so there is one, made of the ledger's rules and
//! of what can be wrong before the ledger is asked.

use async_graphql::Enum;
use async_graphql::resolver_utils::EnumType;

/// Why something was not recorded. A new value may be added with a new kind of rule, so clients
/// show `message` for codes they do not know. Added in 0.1.0.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalCode {
    /// The form is wrong; the message says what.
    Malformed,
    /// This operation id was recorded before with other content.
    OperationIdReused,
    /// The operation's time ran out.
    Expired,
    /// The operation id is of more than five minutes in the future.
    IssuedAhead,
    /// `occurredAt` is more than five minutes in the future.
    OccurredAhead,
    /// The signing party is not registered.
    UnknownParty,
    /// A key is not registered.
    UnknownKey,
    /// A key was revoked.
    RevokedKey,
    /// A key belongs to another party.
    ForeignKey,
    /// There are too many or too few signatures.
    SignatureCount,
    /// Both signatures would be of one officer.
    SameOfficer,
    /// The key lacks the role that this needs.
    RoleMissing,
    /// A party of this kind may not state this.
    PartyKindWrong,
    /// A party that is named is not registered.
    UnknownReceiver,
    /// The programme is not defined.
    UnknownProgramme,
    /// Nothing was appropriated for the cycle.
    UnknownCycle,
    /// No recorded operation made what is referred to.
    UnknownReference,
    /// It is registered already.
    AlreadyRegistered,
    /// The amount is in another currency than the money.
    WrongCurrency,
    /// The money, hop or operation is not this party's.
    NotYours,
    /// A party cannot send money to itself.
    ToItself,
    /// Another payment provider was named for this hop.
    NotTheProvider,
    /// Money goes back to who sent it or to the treasury that allocated it.
    NotUpstream,
    /// This cannot be stated of a hop of this kind.
    WrongHopKind,
    /// The receiver of this hop answers in another way.
    WrongAnswer,
    /// The hop's state does not allow it.
    WrongHopState,
    /// The token's state does not allow it.
    WrongTokenState,
    /// A lower word is a dispute, a higher one a confirmation.
    WrongDirection,
    /// The same figure is recorded already.
    NothingNew,
    /// More was acknowledged before; a slip is reversed.
    LowerThanBefore,
    /// More than that was sent back, so more was received.
    BelowReturned,
    /// The money is not overdue yet.
    NotOverdue,
    /// It cannot be reversed; the message says why.
    NotReversible,
    /// A party to the hop cannot decide on it.
    PartyToTheHop,
    /// There is nothing to decide on this hop.
    NothingDisputed,
    /// A threshold is out of its range; the message says which and what the range is.
    ThresholdOutOfRange,
    /// The finding was taken up before, and that case is open.
    CaseOpen,
    /// The case's state does not allow it.
    WrongCaseState,
    /// Nobody of a party that the case is about may touch it, with whichever key.
    PartyToTheCase,
    /// A deadline is in the future, at most two years away.
    BadDeadline,
    /// More than the case is about, or less than was booked as recovered.
    AboveTheLoss,
    /// A row of the tracking table was imported before.
    RowRepeated,
    /// The token was spent before.
    TokenSpent,
    /// More is needed than there is.
    Unfunded,
    /// The parts do not add up to the token.
    SumDiffers,
    /// All money of the currency would pass what can be counted.
    TotalTooLarge,
    /// The operation id is not a UUIDv7, or not the envelope's.
    BadOperationId,
    /// The envelope's list does not fit its lines.
    BadList,
    /// Lines cannot be read; `field` says which.
    BadLines,
    /// A signature does not fit the bytes and the key.
    BadSignature,
    /// The envelope is of another chain.
    WrongChain,
    /// There is no operation of this kind or version.
    UnknownKind,
    /// This server keeps no key of yours that may sign this.
    NoKeyHere,
    /// No operation of this id is waiting for a signature.
    NotWaiting,
    /// The text is not an id of the kind asked for.
    BadId,
    /// Exactly one of several fields must be given.
    ExactlyOne,
    /// The amount is not a decimal number such as `1250.50`.
    AmountNotANumber,
    /// The amount is negative.
    AmountNegative,
    /// The amount is zero where something must be moved.
    AmountZero,
    /// The amount has more decimals than the currency.
    AmountTooManyDecimals,
    /// The amount is above 10^15 minor units.
    AmountTooLarge,
}

impl RefusalCode {
    /// The value of a stable code of the ledger or the service.
    pub fn parse(code: &str) -> Option<Self> {
        Self::items().iter().find(|item| item.name == code).map(|item| item.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::refusal::Refusal;

    #[test]
    fn every_rule_of_the_ledger_has_its_value() {
        for code in Refusal::CODES {
            assert!(RefusalCode::parse(code).is_some(), "{code}");
        }
    }
}
