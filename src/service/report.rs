//! The use case `report`: where money is and where it was lost, read from the views alone.
//!
//! It opens the views of a database, and the chain only to say how far the views are
//! behind it; no lock is taken, so it works beside a running server.

use uuid::Uuid;

use crate::ledger::money::Currency;
use crate::ledger::selection::{GroupBy, MoneyFilter};
use crate::ledger::state::Tables;
use crate::ledger::time::Millis;
use crate::store::chain::ChainStore;
use crate::store::database::{Database, Place};
use crate::store::error::StoreError;
use crate::store::faults::Faults;
use crate::store::findings::Findings;
use crate::store::views::Views;
use crate::store::views::error::ViewsError;

use super::reads::{self, ReadError, Report};

/// What a report is about; empty filters let everything through.
#[derive(Clone, Debug)]
pub struct Question {
    /// How it is grouped.
    pub by: GroupBy,
    /// A programme's code.
    pub programme: Option<String>,
    /// A cycle's label.
    pub cycle: Option<String>,
    /// A purpose.
    pub purpose: Option<String>,
    /// The accountable party's public id.
    pub party: Option<Uuid>,
    /// An area with everything under it.
    pub area: Option<String>,
    /// A currency.
    pub currency: Option<Currency>,
    /// The moment; the last block's time when absent.
    pub as_of: Option<Millis>,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The report.
    pub report: Report,
    /// How many blocks the views that it was read from are behind the chain.
    pub blocks_behind: u64,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// There are no views.
    #[error("there is nothing to report on in {0}")]
    Nothing(Database),
    /// A programme that is not defined.
    #[error("there is no programme {0:?}")]
    UnknownProgramme(String),
    /// A party that is not registered.
    #[error("there is no party {0}")]
    UnknownParty(Uuid),
    /// The question has no answer.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The views cannot be opened.
    #[error(transparent)]
    Views(#[from] ViewsError),
    /// A store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Answers a question from the views of a database.
pub async fn ask(database: &Database, question: &Question) -> Result<Answered, ReportError> {
    let (views, chain) = (database.views(), database.chain());
    if !views.exists().await? || !chain.exists().await? {
        return Err(ReportError::Nothing(database.clone()));
    }
    let views = Views::open_to_read(&views).await?;
    if views.last_block().await?.is_none() {
        return Err(ReportError::Nothing(database.clone()));
    }
    let tables = views.load_resident().await?;
    let filter = filter(&tables, question)?;
    let moment = reads::moment(&views, question.as_of).await?;
    let findings = match database.findings().exists().await? {
        true => Some(Findings::open_to_read(&database.findings()).await?),
        false => None,
    };
    let report = reads::sums(&views, findings.as_ref(), &filter, question.by, moment).await?.report(&tables);
    // Read after the views, so that they are never ahead of it.
    let blocks_behind = behind(&views, &chain).await?;
    views.close().await?;
    Ok(Answered { report, blocks_behind })
}

async fn behind(views: &Views, chain: &Place) -> Result<u64, ReportError> {
    let held = views.applied().await?.height.map_or(0, |height| height + 1);
    let chain = ChainStore::open(chain, Faults::default()).await?;
    let blocks = chain.head().await?.map_or(0, |head| head.height + 1);
    chain.close().await?;
    Ok(blocks.saturating_sub(held))
}

fn filter(tables: &Tables, question: &Question) -> Result<MoneyFilter, ReportError> {
    let programme = |code: &String| {
        let known = tables.programme_codes.get(code).copied();
        known.ok_or_else(|| ReportError::UnknownProgramme(code.clone()))
    };
    let party = |id: &Uuid| tables.parties.key_of(id).ok_or(ReportError::UnknownParty(*id));
    Ok(MoneyFilter {
        programme: question.programme.as_ref().map(programme).transpose()?,
        cycle: question.cycle.clone(),
        purpose: question.purpose.clone(),
        party: question.party.as_ref().map(party).transpose()?,
        area: question.area.clone(),
        currency: question.currency,
    })
}
