//! The named lists of the ledger, as enums of the interface.

use async_graphql::Enum;

use crate::ledger::{case, note, operation, registry, token};

macro_rules! mirror {
    ($(#[$doc:meta])* $name:ident of $remote:path { $($(#[$item_doc:meta])* $item:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
        pub enum $name {
            $($(#[$item_doc])* $item,)*
        }

        impl From<$remote> for $name {
            fn from(value: $remote) -> Self {
                use $remote as Remote;
                match value { $(Remote::$item => Self::$item,)* }
            }
        }

        impl From<$name> for $remote {
            fn from(value: $name) -> Self {
                use $remote as Remote;
                match value { $($name::$item => Remote::$item,)* }
            }
        }
    };
}

mirror! {
    /// What a party is. Added in 0.1.0.
    PartyKind of registry::PartyKind {
        /// Allocates money and takes it back.
        Treasury,
        /// Passes money on: a bureau, an agency, a county.
        Intermediary,
        /// Pays recipients and states what was credited: a bank.
        Provider,
        /// A person. Gives a word, never an acknowledgement.
        Recipient,
        /// Last on the route but no person: a school, the payees of a village.
        EndPayee,
        /// Looks into what went wrong and decides disputes.
        Supervisor,
        /// Registers parties, officers and recipients.
        Registrar,
        /// Somebody off the route whom a sender had to name.
        Outside,
    }
}

mirror! {
    /// What a key may sign. Added in 0.1.0.
    Role of registry::Role {
        /// Appropriates, allocates and defines programmes.
        Allocator,
        /// Gives the second signature.
        Approver,
        /// Splits, dispatches, returns, pays back, declares losses.
        Dispatcher,
        /// Acknowledges, refuses, gives a recipient's word.
        Receiver,
        /// Works on cases.
        Caseworker,
        /// Decides cases.
        Supervisor,
        /// Reads everything, imports what documents report.
        Auditor,
        /// Registers parties and keys.
        Registrar,
        /// Runs the node.
        Administrator,
    }
}

mirror! {
    /// Who holds a private key. Added in 0.1.0.
    Custody of registry::Custody {
        /// It never leaves its holder.
        Holder,
        /// Kept encrypted by the party's node, which signs for a logged-in officer.
        Node,
    }
}

mirror! {
    /// Where a unit of money came from. Added in 0.1.0.
    Origin of token::Origin {
        /// An allocation.
        Allocation,
        /// Somebody acknowledged, confirmed or booked more than was sent.
        Surplus,
    }
}

mirror! {
    /// Why money is missing. Added in 0.1.0.
    MissingReason of token::MissingReason {
        /// Less arrived than was sent.
        Shortfall,
        /// A deduction off the schedule or above its cap.
        Deduction,
        /// A dispute was upheld.
        Upheld,
        /// Declared lost.
        Lost,
    }
}

mirror! {
    /// What kind of pass of hands a hop is. Added in 0.1.0.
    HopKind of token::HopKind {
        /// Between parties.
        Transfer,
        /// To a recipient or end payee.
        Delivery,
        /// Back upstream.
        Return,
        /// Missing money paid back to the treasury.
        Recovery,
    }
}

mirror! {
    /// How far a hop has come. That it is overdue is a reading of the clock and no state; see
    /// `Hop.overdue`. Added in 0.1.0.
    HopState of token::HopState {
        /// Nothing is known of its arrival.
        Sent,
        /// A bank says it was credited.
        Booked,
        /// Answered; nothing is missing.
        Acknowledged,
        /// Some of it is missing.
        Short,
        /// Some of it is disputed.
        Disputed,
        /// All of it was refused or bounced.
        Returned,
        /// Reversed: it counts as nothing.
        Reversed,
    }
}

mirror! {
    /// Who vouches for a statement. Added in 0.1.0.
    Basis of operation::Basis {
        /// The signing party speaks of itself.
        Own,
        /// The signer says what a document says of parties without keys; it never counts as
        /// their own word.
        Reported,
    }
}

mirror! {
    /// The kind of an operation. Added in 0.1.0.
    OperationKind of operation::Kind {
        /// Begins a chain and names its registrar.
        ChainBegin,
        /// Registers a party.
        PartyRegister,
        /// Registers recipients, one line each.
        RecipientEnrol,
        /// Registers an officer's key.
        KeyRegister,
        /// Ends a key.
        KeyRevoke,
        /// Defines a programme or replaces its rules.
        ProgrammeDefine,
        /// Appropriates money to a programme and cycle.
        BudgetAppropriate,
        /// Sets money aside for a programme, cycle and purpose.
        AllocationCreate,
        /// Divides a token.
        TokenSplit,
        /// Sends a token, or a part of it, to one or many.
        TokenDispatch,
        /// States how much of a hop has arrived in all.
        HopAcknowledge,
        /// States that money arrived which nobody sent.
        UnsentAcknowledge,
        /// Refuses money on its way.
        HopRefuse,
        /// A recipient's word: how much was received.
        ReceiptConfirm,
        /// A recipient's word: less was received than was sent, or than was said before.
        ReceiptDispute,
        /// What a payment provider's books say of a hop.
        BankEvidenceRecord,
        /// Gives money back.
        TokenReturn,
        /// Decides a dispute.
        DisputeDecide,
        /// Declares money lost.
        LossDeclare,
        /// Writes missing money off; it stays unaccounted.
        LossWriteOff,
        /// Pays missing money back to the treasury.
        RecoveryRecord,
        /// Reverses an entry.
        EntryReverse,
        /// Imports rows of a tracking table.
        TrackingImport,
        /// States what a registry knows of recipients and officers, one line each.
        RecipientRecord,
        /// States what recipients are due, one line each.
        EntitlementSet,
        /// States what can be shown, one line each.
        EvidenceRecord,
        /// Sets what is looked for in a programme.
        RulesSet,
        /// Takes up a finding: opens its case.
        FlagReview,
        /// Takes a case one step further.
        CaseStep,
        /// Ends a case.
        FlagClose,
    }
}

mirror! {
    /// Whether a recipient may be paid. Added in 0.1.0.
    RecipientStatus of note::RecipientStatus {
        /// Yes.
        Active,
        /// Not for now.
        Suspended,
        /// No more.
        Deceased,
    }
}

mirror! {
    /// What a registry records of a person. Added in 0.1.0.
    ParticularKind of note::ParticularKind {
        /// The status since a day: `ACTIVE`, `SUSPENDED` or `DECEASED`.
        Status,
        /// The keyed digest of an identity number; also of an officer.
        Identity,
        /// The keyed digest of the account that payments go to.
        Account,
        /// The household, by a random id.
        Household,
        /// The keyed digest of the guardian's identity number.
        Guardian,
        /// The keyed digest of the identity number of somebody who may collect.
        Collector,
    }
}

mirror! {
    /// What evidence is of. Added in 0.1.0.
    EvidenceKind of note::EvidenceKind {
        /// Somebody collected a payment, perhaps through an agent or device.
        Collected,
        /// A document for an expenditure.
        Document,
        /// A recipient proved who they are.
        Authenticated,
        /// Another register knows the recipient.
        RegistryMatch,
        /// Somebody visited the recipient.
        FieldVisit,
        /// The recipient was asked for a word.
        ConfirmationRequested,
        /// What a party says, or its bank, that it held at the end of a day.
        Balance,
        /// A debit on a party's bank statement that no instruction explains.
        BankDebit,
        /// A credit on a party's bank statement that no payment explains.
        BankCredit,
    }
}

mirror! {
    /// How far a case is. Added in 0.1.0.
    CaseState of case::CaseState {
        /// An officer took it up.
        UnderReview,
        /// It is known where the money went.
        Traced,
        /// Put right and closed.
        Closed,
        /// There was nothing to it.
        Dismissed,
    }
}

mirror! {
    /// One step of a case. Added in 0.1.0.
    CaseMove of case::CaseMove {
        /// It is known where the money went.
        Traced,
        /// So much is found to be lost.
        Decided,
        /// So much is ordered back.
        Ordered,
        /// The deadline moves, with the reason.
        Extended,
    }
}

mirror! {
    /// How a case ends. Added in 0.1.0.
    CaseOutcome of case::CaseOutcome {
        /// Put right.
        Corrected,
        /// There was nothing to it.
        Dismissed,
    }
}

/// Where a token's money is; a token that an operation consumed is `SPENT`, and its successors
/// say where the money went. Added in 0.1.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum TokenState {
    /// With a party.
    Held,
    /// Back at the treasury that allocated it.
    Returned,
    /// On a hop.
    InTransit,
    /// Credited, says the bank; or a dispute was dismissed.
    Booked,
    /// Received, says the recipient or end payee.
    Confirmed,
    /// Not received, says the recipient.
    Disputed,
    /// Lawfully deducted.
    Deducted,
    /// Not accounted for; `Token.reason` says why.
    Missing,
    /// Consumed by a later operation.
    Spent,
}

impl TokenState {
    /// The state of a token as it stands.
    pub fn of(token: &token::Token) -> Self {
        if token.spent_by.is_some() { Self::Spent } else { token.state.into() }
    }

    /// The state of an unspent token; none for `SPENT`.
    pub fn unspent(self) -> Option<token::TokenState> {
        token::TokenState::ALL.iter().copied().find(|state| Self::from(*state) == self)
    }
}

impl From<token::TokenState> for TokenState {
    fn from(state: token::TokenState) -> Self {
        match state {
            token::TokenState::Held => Self::Held,
            token::TokenState::Returned => Self::Returned,
            token::TokenState::InTransit => Self::InTransit,
            token::TokenState::Booked => Self::Booked,
            token::TokenState::Confirmed => Self::Confirmed,
            token::TokenState::Disputed => Self::Disputed,
            token::TokenState::Deducted => Self::Deducted,
            token::TokenState::Missing => Self::Missing,
        }
    }
}
