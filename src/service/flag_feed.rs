//! Following flags: the versions of findings, in order of their numbers.

use crate::leakage::finding::Finding;
use crate::leakage::rule::{Rule, Severity};
use crate::leakage::selection::FindingFilter;
use crate::ledger::ids::{PartyKey, ProgrammeId};

use super::lists;
use super::node::Node;
use super::reads::ReadError;

pub use crate::store::findings::Examined;
pub use crate::store::findings::told::Numbers;

/// Which flags are followed; everything that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Of one of these rules; of any when empty.
    pub rules: Vec<Rule>,
    /// Of one of these severities; of any when empty.
    pub severities: Vec<Severity>,
    /// The party that is responsible, or the other of the pair.
    pub party: Option<PartyKey>,
    /// The programme whose money it is.
    pub programme: Option<ProgrammeId>,
    /// An area with everything under it.
    pub area: Option<String>,
}

impl Node {
    /// The name of the numbering of flags, short enough for a cursor: another one once they were
    /// found anew from nothing, and then numbers of before mean nothing.
    pub async fn flags_numbering(&self) -> Result<String, ReadError> {
        let name = self.findings().numbering().await?;
        // Eight digits tell the few numberings apart that one node ever has.
        Ok(name.simple().to_string().chars().take(8).collect())
    }

    /// The versions of flags that are followed and have these numbers, in order; so many at most.
    pub async fn flags_told(
        &self,
        followed: &Followed,
        numbers: Numbers,
        limit: u64,
    ) -> Result<Vec<(u64, Finding)>, ReadError> {
        // Looked up each time: areas are added as parties are registered.
        let areas = followed.area.as_ref().map(|area| lists::areas_under(&self.tables(), area).into_iter().collect());
        let filter = FindingFilter {
            rules: followed.rules.clone(),
            severities: followed.severities.clone(),
            party: followed.party,
            programme: followed.programme,
            areas,
            ..FindingFilter::default()
        };
        Ok(self.findings().told(&filter, numbers, limit).await?)
    }
}
