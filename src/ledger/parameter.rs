//! What a programme may set for the rules that look for leakage: thresholds with their ranges.
//!
//! The ledger only keeps them and refuses values out of range; what a rule makes of its threshold
//! is the rule's. Every value is an integer of the unit that stands beside it.

macro_rules! parameters {
    ($(#[doc = $doc:literal] $name:ident = $text:literal, $unit:literal, $default:literal, $min:literal ..= $max:literal;)*) => {
        /// A threshold by its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Parameter {
            $(#[doc = $doc] $name,)*
        }

        impl Parameter {
            /// Every parameter, in the order of this list.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name in signed bodies, such as `L05.days`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The unit of its value.
            pub fn unit(self) -> &'static str {
                match self { $(Self::$name => $unit,)* }
            }

            /// Its value where a programme sets none.
            pub fn default(self) -> i64 {
                match self { $(Self::$name => $default,)* }
            }

            /// The lowest and highest value, both allowed.
            pub fn range(self) -> (i64, i64) {
                match self { $(Self::$name => ($min, $max),)* }
            }

            /// What it says, for the documentation.
            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $doc.trim_ascii(),)* }
            }
        }
    };
}

parameters! {
    /// Above this amount a programme asks for an approval of its own; 0: it does not.
    ApprovalThreshold = "approval.threshold", "minor units", 0, 0..=1_000_000_000_000_000;
    /// A balance may differ by this much.
    BalanceTolerance = "L00.tolerance", "minor units", 0, 0..=1_000_000_000_000_000;
    /// A shortfall up to this is passed over.
    ShortfallTolerance = "L01.tolerance", "minor units", 0, 0..=1_000_000_000_000_000;
    /// Money may lie so long with a party while entitlements below it are due.
    ParkedDays = "L05.days", "days", 15, 1..=3650;
    /// The yearly rate at which idle money costs.
    IdleRate = "L05.rate", "millionths a year", 30_000, 0..=1_000_000;
    /// A payment may come so long after its due day.
    LateDays = "L06.days", "days", 30, 0..=3650;
    /// An entitlement may stay unpaid so long after its due day.
    UnpaidDays = "L07.days", "days", 0, 0..=3650;
    /// In so many cycles a ghost was paid without a sign of life.
    GhostCycles = "L08.cycles", "cycles", 2, 2..=24;
    /// So many members of a household may be paid in a cycle; 0: any number.
    HouseholdMembers = "L11.members", "recipients", 0, 0..=100;
    /// So many recipients on one account are too many.
    AccountRecipients = "L12.recipients", "recipients", 3, 2..=1_000;
    /// An account that changed so shortly before a payment, or back so shortly after, is suspect.
    SwitchDays = "L14.days", "days", 7, 1..=365;
    /// After a death payments may go on so long.
    DeathGraceDays = "L15.days", "days", 0, 0..=365;
    /// A payment may exceed an entitlement by this much.
    EntitlementTolerance = "L17.tolerance", "minor units", 0, 0..=1_000_000_000_000_000;
    /// A payment may pass through so many hands.
    HopsMax = "L21.hops", "hops", 5, 1..=16;
    /// A round trip brings back at least this share.
    RoundTripShare = "L23.share", "millionths", 800_000, 1..=1_000_000;
    /// A round trip takes so long at most.
    RoundTripDays = "L23.days", "days", 30, 1..=365;
    /// Payments of one split lie so close together.
    SplitDays = "L24.days", "days", 7, 1..=90;
    /// Just below the threshold there are so many times more amounts than just below those.
    BunchingFactor = "L25.factor", "millionths", 3_000_000, 1_000_000..=100_000_000;
    /// Bunching is judged from so many amounts.
    BunchingCount = "L25.count", "payments", 30, 10..=1_000_000;
    /// One agent or device may serve so many recipients in an hour.
    AgentPerHour = "L26.recipients", "recipients an hour", 60, 1..=10_000;
    /// Confirmations of one agent that follow in less than this are too fast.
    AgentSeconds = "L26.seconds", "seconds", 20, 1..=3_600;
    /// So many of them in a row are a run.
    AgentRun = "L26.run", "confirmations", 5, 2..=1_000;
    /// Above this Herfindahl-Hirschman index an area depends on too few agents.
    AgentShare = "L26.index", "millionths", 500_000, 1..=1_000_000;
    /// The index is judged from so many confirmations.
    AgentCount = "L26.count", "confirmations", 30, 10..=1_000_000;
    /// One collector for so many households is suspect.
    CollectorHouseholds = "L27.households", "households", 3, 2..=1_000;
    /// A bounced payment is back on the account within this time.
    BounceDays = "L28.days", "days", 5, 1..=365;
    /// Money that nobody claims goes back after this time.
    UnclaimedDays = "L29.days", "days", 60, 1..=3650;
    /// The bank says something of a payment within this time.
    BankDays = "L31.days", "days", 3, 1..=365;
    /// Documents for an expenditure are produced within this time; 0: none are asked for.
    DocumentDays = "L37.days", "days", 0, 0..=3650;
    /// What is stated happened at most so long before it is recorded.
    BackdatedDays = "L38.backdated", "days", 30, 1..=3650;
    /// Money of a cycle moves at most so long after its last day.
    ClosedDays = "L38.closed", "days", 90, 0..=3650;
    /// Hands that pass money on in less than this are too fast.
    ChainSeconds = "L38.chain", "seconds", 10, 1..=3_600;
    /// More than this share of a year's money in its last twentieth is a spike.
    SpikeShare = "L38.spike", "millionths", 250_000, 50_000..=1_000_000;
    /// A party is an outlier when chance alone makes it so with less than this probability.
    OutlierProbability = "L40.probability", "millionths", 10_000, 1..=500_000;
    /// A party is judged from so many hops.
    OutlierHops = "L40.hops", "hops", 30, 5..=1_000_000;
    /// A loss under review is followed up within this time.
    RecoveryDays = "L42.days", "days", 180, 1..=3650;
    /// Less than this share of it recovered by then is too little.
    RecoveryShare = "L42.share", "millionths", 100_000, 1..=1_000_000;
    /// An officer who uses one explanation so many times more often than others abuses it.
    ExplanationFactor = "L43.factor", "millionths", 3_000_000, 1_000_000..=100_000_000;
    /// An officer is judged from so many explanations.
    ExplanationCount = "L43.count", "explanations", 20, 5..=1_000_000;
}

impl Parameter {
    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|parameter| parameter.name() == name)
    }
}
