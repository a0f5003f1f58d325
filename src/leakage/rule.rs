//! The catalogue: what is looked for, how grave it is, and where the rule comes from.

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Severity {
    /// Money is lost.
    A,
    /// Money is at risk.
    B,
    /// A control was breached.
    C,
    /// Data or evidence is defective.
    D,
}

impl Severity {
    /// Every severity, the gravest first.
    pub const ALL: [Self; 4] = [Self::A, Self::B, Self::C, Self::D];

    /// Its letter.
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
        }
    }
}

macro_rules! rules {
    ($($name:ident $severity:ident $version:literal $title:literal, $definition:literal, $reference:literal;)*) => {
        /// A rule of the catalogue, by its code.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        pub enum Rule {
            $(#[doc = $title] $name,)*
        }

        impl Rule {
            /// Every rule, in order of its code.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its code, such as `L01`.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The version of what it computes: raised whenever that changes.
            pub fn version(self) -> u32 {
                match self { $(Self::$name => $version,)* }
            }

            /// How grave its findings are, unless a detector says otherwise.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// What it is called.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// When it fires.
            pub fn definition(self) -> &'static str {
                match self { $(Self::$name => $definition,)* }
            }

            /// Where it comes from.
            pub fn reference(self) -> &'static str {
                match self { $(Self::$name => $reference,)* }
            }
        }
    };
}

rules! {
    L00 A 1 "Node out of balance",
        "the balance by the ledger differs from the one that the party declared or its bank stated",
        "double-entry accounting";
    L01 A 1 "Hop shortfall",
        "acknowledged, and s - r - f - q is above the tolerance",
        "public expenditure tracking surveys";
    L02 C 1 "Hop surplus",
        "s - r - f - q is below zero: more came than was sent",
        "negative leakage in social audit data of Andhra Pradesh";
    L03 A 1 "Unexplained deduction",
        "a deduction whose code is not in the programme's schedule, or above its cap",
        "audits of withheld funds; fee caps of cash transfer networks";
    L04 B 1 "Unacknowledged hop",
        "not acknowledged, and past its due time",
        "pending fund transfer orders of MGNREGA";
    L05 B 1 "Parked funds",
        "money lies with a party for more days than allowed while entitlements of the programme are due and unpaid",
        "just-in-time release (SNA-SPARSH); audits of idle balances";
    L06 B 1 "Late to recipient",
        "first confirmed or booked more days after its due day than allowed",
        "pension audits of Punjab; payment delays of MGNREGA";
    L07 B 1 "Due but not paid",
        "an entitlement is due, nothing of it is paid, and the recipient is neither suspended nor deceased",
        "audits of unpaid subsistence allowances";
    L08 A 1 "Ghost suspect",
        "paid in several cycles, asked for a word in each, without any word or sign of life",
        "Niehaus and Sukhtankar 2013, over-reporting; pension audit of Haryana";
    L09 A 1 "Duplicate identity",
        "one identity digest is that of two or more active recipients",
        "pension audits of Haryana and Punjab";
    L10 A 1 "Duplicate payment",
        "two or more settled payments, not of one reference, for the same recipient, programme, cycle and purpose",
        "ISO 20022 reason AM05; deduplication in social protection systems";
    L11 A 1 "Cross-programme conflict",
        "settled payments from programmes that exclude each other, or to more members of a household than allowed",
        "pension audit of Telangana: more than one member of a family";
    L12 B 1 "Shared account",
        "one account digest is that of several recipients who are not of one household or guardian",
        "pension audit of Haryana: pensions into others' accounts";
    L14 B 1 "Account switched before payment",
        "the account changed shortly before a payment, or back shortly after it",
        "payroll diversion";
    L15 A 1 "Paid to the deceased",
        "the value date is after the date of death and the days of grace",
        "pension audits of Haryana and Kerala; GAO-15-482T; ISO 20022 reason MD07";
    L16 A 1 "Paid while suspended",
        "the recipient was not active on the day of the dispatch",
        "pension audit of Kerala";
    L17 A 1 "Over-entitlement",
        "settled payments are above the entitlement and the tolerance",
        "Payment Integrity Information Act: overpayment";
    L18 A 1 "Under-entitlement",
        "the recipient's word is above zero and, with lawful deductions, below the entitlement",
        "Niehaus and Sukhtankar 2013, underpayment";
    L19 C 1 "Envelope overrun",
        "deliveries of an allocation are above the declared sum, or to more recipients than declared",
        "utilisation above 105 per cent in expenditure audits";
    L20 C 1 "Off-route",
        "the receiver is not in the approved next set, or is registered as outside",
        "audits of payments to committees instead of persons";
    L21 C 1 "Excess intermediaries",
        "money reaches its receiver over more hops than the programme allows",
        "direct benefit transfer audits of Punjab and Kerala";
    L22 A 1 "Purpose diversion",
        "the purpose of a payment is neither that of its allocation nor allowed for it",
        "audit of MGNREGA, chapter 5: inadmissible items and diversion";
    L23 A 1 "Round trip",
        "most of an amount comes back to a party that had sent it, over others, within a few weeks",
        "anti-money-laundering typologies";
    L24 C 1 "Split payments",
        "several payments of one party to one payee within days, each below the approval threshold, together not",
        "procurement audits: splitting";
    L25 C 1 "Bunching below the threshold",
        "amounts just below the approval threshold are many times more frequent than those below them",
        "procurement studies: bunching at thresholds";
    L26 B 1 "Agent or device concentration",
        "one agent serves too many recipients an hour, too fast in a row, or nearly all of an area",
        "same thumb impressions (Kerala); one handwriting (Changzhou)";
    L27 B 1 "Collector substitution",
        "collected by somebody not registered for it, or by one for many households",
        "alternate collectors in cash programmes";
    L28 A 1 "Return not re-credited",
        "a bounced payment is not acknowledged by its sender within days",
        "benefit transfer audit of Haryana; ISO 20022 camt.054, RRTN";
    L29 B 1 "Unclaimed",
        "available, and neither confirmed nor returned within two months",
        "unclaimed benefits go back to the treasury";
    L30 A 1 "Bank entry without instruction",
        "a bank statement shows a debit that no instruction explains",
        "bank reconciliation: unmatched external entries";
    L31 B 1 "Instruction without bank entry",
        "dispatched through a bank that has said nothing of it within days",
        "bank reconciliation: unmatched internal entries";
    L32 A 1 "Bank amount mismatch",
        "the bank credited another amount than was instructed",
        "bank reconciliation: amount mismatch";
    L33 B 1 "Recipient disputes",
        "the recipient says that less, or nothing, was received: s - f - q - v",
        "post-distribution monitoring";
    L34 A 1 "Contradiction",
        "the bank or an agent says paid and the recipient says not, or the reverse",
        "performance audits of direct benefit transfer";
    L36 C 1 "Self-dealing",
        "the same officer signs on both sides of a hop, or an officer pays the own household",
        "audits of cadres' family accounts";
    L37 D 1 "Missing evidence",
        "documents produced for an expenditure are below what was spent",
        "social audits of Rajasthan: records not produced; GAO: insufficient documentation";
    L38 C 1 "Time anomaly",
        "answered before it was sent, backdated, after the cycle's close, within seconds over several hands, or a spike at the year's end",
        "tampering cases; year-end spending";
    L40 B 1 "Peer outlier",
        "a party's loss rate, shrunk towards its peers', is improbably high (Benjamini-Hochberg over all)",
        "public expenditure tracking surveys: comparison across units";
    L42 C 1 "Low recovery",
        "half a year after a loss was taken up less than a tenth of what was reported is recovered",
        "recovery figures of social audits (Bihar)";
    L43 C 1 "Explanation abuse",
        "an officer uses one explanation many times more often than peers",
        "audit practice";
}

impl Rule {
    /// Reads a code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.code() == code)
    }
}
