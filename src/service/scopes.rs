//! Which money, tokens, hops, parties, allocations and operations a reader means.

use crate::ledger::ids::{AllocationId, HopId, PartyKey, ProgrammeId};
use crate::ledger::money::Currency;
use crate::ledger::operation::Kind;
use crate::ledger::registry::PartyKind;
use crate::ledger::time::Millis;
use crate::ledger::token::{HopKind, HopState, TokenState};
use crate::store::views::blocks::OperationFilter;
use crate::store::views::lists::{AllocationFilter, HopFilter, TokenFilter};
use crate::store::views::sums::{GroupBy, MoneyFilter};

/// Which money is meant; empty means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MoneyScope {
    /// The programme.
    pub programme: Option<ProgrammeId>,
    /// The cycle's label.
    pub cycle: Option<String>,
    /// The purpose.
    pub purpose: Option<String>,
    /// The accountable party.
    pub party: Option<PartyKey>,
    /// The area with everything under it.
    pub area: Option<String>,
    /// The currency.
    pub currency: Option<Currency>,
}

/// How a report is grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// By programme.
    Programme,
    /// By cycle.
    Cycle,
    /// By purpose.
    Purpose,
    /// By accountable party.
    Party,
    /// By area, so many names deep.
    Area {
        /// How many names of the path are told apart.
        level: u32,
    },
    /// By the kind of the last hop.
    HopKind,
}

/// Which tokens are meant; empty means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenScope {
    /// Who has or kept it.
    pub holder: Option<PartyKey>,
    /// The programme.
    pub programme: Option<ProgrammeId>,
    /// The cycle's label.
    pub cycle: Option<String>,
    /// Where its money is, or was when it was spent.
    pub state: Option<TokenState>,
    /// The allocation.
    pub allocation: Option<AllocationId>,
    /// The last hop it came by, or is on.
    pub hop: Option<HopId>,
    /// Leave out what is spent.
    pub unspent_only: bool,
}

/// Which hops are meant; empty means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HopScope {
    /// The sender.
    pub from: Option<PartyKey>,
    /// The receiver.
    pub to: Option<PartyKey>,
    /// The sender or the receiver.
    pub party: Option<PartyKey>,
    /// How far it has come.
    pub state: Option<HopState>,
    /// What kind of pass it is.
    pub kind: Option<HopKind>,
    /// The allocation whose money it carries.
    pub allocation: Option<AllocationId>,
    /// The programme.
    pub programme: Option<ProgrammeId>,
    /// The cycle's label.
    pub cycle: Option<String>,
    /// Overdue at this moment.
    pub overdue_at: Option<Millis>,
    /// The receiver has yet to give its own answer.
    pub awaits_receiver: bool,
}

/// Which parties are meant; empty means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartyScope {
    /// What they are.
    pub kind: Option<PartyKind>,
    /// The area with everything under it.
    pub area: Option<String>,
    /// Only this one.
    pub only: Option<PartyKey>,
}

/// Which allocations are meant; empty means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllocationScope {
    /// The programme.
    pub programme: Option<ProgrammeId>,
    /// The cycle's label.
    pub cycle: Option<String>,
    /// What it is for.
    pub purpose: Option<String>,
}

/// Which operations are meant; empty means all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperationScope {
    /// The party that spoke.
    pub party: Option<PartyKey>,
    /// The kind.
    pub kind: Option<Kind>,
}

impl MoneyScope {
    pub(super) fn filter(&self) -> MoneyFilter {
        MoneyFilter {
            programme: self.programme,
            cycle: self.cycle.clone(),
            purpose: self.purpose.clone(),
            party: self.party,
            area: self.area.clone(),
            currency: self.currency,
            allocation: None,
        }
    }
}

impl From<Grouping> for GroupBy {
    fn from(grouping: Grouping) -> Self {
        match grouping {
            Grouping::Programme => Self::Programme,
            Grouping::Cycle => Self::Cycle,
            Grouping::Purpose => Self::Purpose,
            Grouping::Party => Self::Party,
            Grouping::Area { level } => Self::Area { level },
            Grouping::HopKind => Self::HopKind,
        }
    }
}

impl TokenScope {
    pub(super) fn filter(&self) -> TokenFilter {
        TokenFilter {
            holder: self.holder,
            accountable: None,
            programme: self.programme,
            cycle: self.cycle.clone(),
            state: self.state,
            allocation: self.allocation,
            hop: self.hop,
            unspent_only: self.unspent_only,
        }
    }
}

impl HopScope {
    pub(super) fn filter(&self) -> HopFilter {
        HopFilter {
            from: self.from,
            to: self.to,
            party: self.party,
            state: self.state,
            kind: self.kind,
            allocation: self.allocation,
            programme: self.programme,
            cycle: self.cycle.clone(),
            overdue_at: self.overdue_at,
            unanswered: false,
            awaits_receiver: self.awaits_receiver,
        }
    }
}

impl AllocationScope {
    pub(super) fn filter(&self) -> AllocationFilter {
        AllocationFilter { programme: self.programme, cycle: self.cycle.clone(), purpose: self.purpose.clone() }
    }
}

impl OperationScope {
    pub(super) fn filter(self) -> OperationFilter {
        OperationFilter { party: self.party, kind: self.kind }
    }
}
