//! The use case `report`: where money is and where it was lost, read from the views alone.
//!
//! It opens the views of a data directory, and the chain only to say how far the views are
//! behind it; no lock is taken, so it works beside a running server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::ledger::ids::{PartyKey, ProgrammeId};
use crate::ledger::money::Currency;
use crate::ledger::selection::{GroupBy, GroupKey, MoneyFilter};
use crate::ledger::state::Tables;
use crate::ledger::statement::{HopSums, Statement};
use crate::ledger::time::Millis;
use crate::store::chain::ChainStore;
use crate::store::error::StoreError;
use crate::store::faults::Faults;
use crate::store::views::Views;
use crate::store::views::error::ViewsError;

use super::reads::{Moment, ReadError, Report, ReportGroup};

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
    #[error("there is nothing to report on in {}", .0.display())]
    Nothing(PathBuf),
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
    /// The chain cannot be opened.
    #[error(transparent)]
    Chain(#[from] StoreError),
}

/// Answers a question from the views of a data directory.
pub async fn ask(directory: &Path, question: &Question) -> Result<Answered, ReportError> {
    let (views_path, chain_path) = (directory.join("views.db"), directory.join("chain.db"));
    if !views_path.exists() || !chain_path.exists() {
        return Err(ReportError::Nothing(directory.to_owned()));
    }
    let views = Views::open(&views_path, Faults::default()).await?;
    if views.last_block().await?.is_none() {
        return Err(ReportError::Nothing(directory.to_owned()));
    }
    let tables = views.load_resident().await?;
    let filter = filter(&tables, question)?;
    let moment = moment(&views, question.as_of).await?;
    let report = report(&views, &tables, &filter, question.by, moment).await?;
    // Read after the views, so that they are never ahead of it.
    let blocks_behind = behind(&views, &chain_path).await?;
    views.close().await?;
    Ok(Answered { report, blocks_behind })
}

async fn behind(views: &Views, chain: &Path) -> Result<u64, ReportError> {
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
    let party = |id: &Uuid| tables.party_ids.get(id).copied().ok_or(ReportError::UnknownParty(*id));
    Ok(MoneyFilter {
        programme: question.programme.as_ref().map(programme).transpose()?,
        cycle: question.cycle.clone(),
        purpose: question.purpose.clone(),
        party: question.party.as_ref().map(party).transpose()?,
        area: question.area.clone(),
        currency: question.currency,
        ..MoneyFilter::default()
    })
}

/// The moment that a question is about.
async fn moment(views: &Views, as_of: Option<Millis>) -> Result<Moment, ReadError> {
    let last = views.last_block().await?;
    let last = last.ok_or(ReadError::BeforeTheChain { asked: as_of.unwrap_or(Millis(0)) })?;
    let Some(asked) = as_of else {
        return Ok(Moment { at: last.time, height: last.height, entries: last.entries() });
    };
    if asked > last.time {
        return Err(ReadError::InTheFuture { asked, last: last.time });
    }
    let block = views.block_as_of(asked).await?.ok_or(ReadError::BeforeTheChain { asked })?;
    Ok(Moment { at: asked, height: block.height, entries: block.entries() })
}

/// Where money is and where it was lost, by group.
async fn report(
    views: &Views,
    tables: &Tables,
    filter: &MoneyFilter,
    by: GroupBy,
    moment: Moment,
) -> Result<Report, ReadError> {
    let mut sums: BTreeMap<(GroupKey, Currency), (Statement, HopSums)> = BTreeMap::new();
    for (key, currency, statement) in views.statements(filter, by, moment.entries, moment.at).await? {
        sums.entry((key, currency)).or_default().0 = statement;
    }
    for (key, currency, hops) in views.hop_sums(filter, by, moment.entries, moment.at).await? {
        sums.entry((key, currency)).or_default().1 = hops;
    }
    let mut totals: BTreeMap<Currency, (Statement, HopSums)> = BTreeMap::new();
    for ((_, currency), (statement, hops)) in &sums {
        let total = totals.entry(*currency).or_default();
        total.0.add_all(statement);
        total.1.add_all(hops);
    }
    let groups = sums.into_iter().map(|((key, currency), sums)| group(tables, key, currency, sums, by)).collect();
    let total = match totals.len() {
        1 => totals
            .pop_first()
            .map(|(currency, sums)| group(tables, GroupKey::Nothing, currency, sums, GroupBy::Nothing)),
        _ => None,
    };
    Ok(Report { moment, total, groups })
}

fn group(
    tables: &Tables,
    key: GroupKey,
    currency: Currency,
    (statement, hops): (Statement, HopSums),
    by: GroupBy,
) -> ReportGroup {
    // Good money of a party or kind of hop moves on to other groups, so its rate is of hops.
    let narrow_rate = match by {
        GroupBy::Party | GroupBy::HopKind => hops.narrow_rate(),
        _ => statement.narrow_rate(),
    };
    let (key_text, label) = texts(tables, &key);
    let coverage = hops.coverage();
    ReportGroup { key, key_text, label, currency, statement, hops, narrow_rate, broad_rate: None, coverage }
}

/// A group's key as text and what people call it.
fn texts(tables: &Tables, key: &GroupKey) -> (String, String) {
    let programme = |id: &ProgrammeId| match tables.programmes.get(id) {
        Some(programme) => (programme.code.clone(), programme.label.clone()),
        None => (id.to_string(), id.to_string()),
    };
    let party = |key: &PartyKey| match tables.parties.get(key) {
        Some(party) => (party.id.to_string(), party.label.clone()),
        None => (key.to_string(), key.to_string()),
    };
    match key {
        GroupKey::Nothing => ("TOTAL".to_owned(), "all".to_owned()),
        GroupKey::Programme(id) => programme(id),
        GroupKey::Party(key) => party(key),
        GroupKey::Cycle(text) | GroupKey::Purpose(text) | GroupKey::Area(text) => (text.clone(), text.clone()),
        GroupKey::HopKind(kind) => {
            let name = kind.map_or("NONE", |kind| kind.name()).to_owned();
            (name.clone(), name)
        }
    }
}
