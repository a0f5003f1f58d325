//! Following statements: a set of money is summed once for each batch of blocks that touches it,
//! whoever many follow it.
//!
//! Followers of the same money share its newest statement. The first to ask after a batch sums,
//! the others wait for that sum; and nobody sums when the batch touched no money of the set and
//! nothing fell due.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Semaphore, watch};

use crate::ledger::selection::MoneyFilter;
use crate::limits::{STATEMENTS_FOLLOWED_MAX, STATEMENTS_SUMMED_AT_ONCE_MAX};
use crate::store::views::blocks::BlockRow;

use super::lists::{self, ListError};
use super::node::Node;
use super::projector::Applied;
use super::reads::{Moment, MoneyStatement, ReadError};
use super::touched::{Batches, Cell, Follower};

/// A statement at a moment; none without money and without a single currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementOf {
    /// The moment.
    pub moment: Moment,
    /// The statement.
    pub statement: Option<MoneyStatement>,
}

/// Why a statement cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// It cannot be summed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What was touched cannot be looked up.
    #[error(transparent)]
    List(#[from] ListError),
    /// As many different sets of money are followed as may be.
    #[error("{STATEMENTS_FOLLOWED_MAX} different statements are followed already; try again later")]
    TooMany,
}

impl FollowError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read(why) => why.code(),
            Self::List(_) => "STORE_UNAVAILABLE",
            Self::TooMany => "OVERLOADED",
        }
    }
}

/// The statements that are followed.
#[derive(Debug)]
pub struct Statements {
    followed: Mutex<BTreeMap<MoneyFilter, Weak<Shared>>>,
    batches: Arc<Batches>,
    summing: Semaphore,
}

/// A set of money that somebody follows, with its newest statement.
#[derive(Debug)]
struct Shared {
    filter: MoneyFilter,
    newest: tokio::sync::Mutex<Option<StatementOf>>,
}

/// The changes of one statement, for one follower.
#[derive(Debug)]
pub struct Changes {
    shared: Result<Arc<Shared>, FollowError>,
    applied: watch::Receiver<Applied>,
    since: Since,
    _follower: Follower,
}

/// What a follower knows already.
#[derive(Clone, Copy, Debug)]
enum Since {
    /// The statement up to and with an entry.
    Entry(u64),
    /// The statement of a moment.
    Moment(Moment),
    /// This statement.
    Known(Option<MoneyStatement>),
}

impl Statements {
    /// Nothing is followed yet.
    pub fn new(batches: Arc<Batches>) -> Self {
        let summing = Semaphore::new(STATEMENTS_SUMMED_AT_ONCE_MAX);
        Self { followed: Mutex::default(), batches, summing }
    }

    fn share(&self, filter: MoneyFilter) -> Result<Arc<Shared>, FollowError> {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = followed.get(&filter).and_then(Weak::upgrade) {
            return Ok(shared);
        }
        followed.retain(|_, shared| shared.strong_count() > 0);
        if followed.len() >= STATEMENTS_FOLLOWED_MAX {
            return Err(FollowError::TooMany);
        }
        let shared = Arc::new(Shared { filter: filter.clone(), newest: tokio::sync::Mutex::default() });
        followed.insert(filter, Arc::downgrade(&shared));
        Ok(shared)
    }
}

impl Node {
    /// The changes of the statement of a set of money: since an entry, or from now on.
    pub fn statement_changes(&self, filter: MoneyFilter, after: Option<u64>) -> Changes {
        let follower = self.statements().batches.follow();
        let mut applied = self.applied();
        let since = match after {
            Some(entry) => Since::Entry(entry),
            None => Since::Moment(moment_of(*applied.borrow_and_update())),
        };
        Changes { shared: self.statements().share(filter), applied, since, _follower: follower }
    }
}

impl Changes {
    /// The statement once it is no longer what the follower knows; none when the node stops.
    pub async fn next(&mut self, node: &Node) -> Option<Result<StatementOf, FollowError>> {
        let shared = match &self.shared {
            Ok(shared) => shared.clone(),
            Err(_) => return Some(Err(FollowError::TooMany)),
        };
        loop {
            let seen = *self.applied.borrow_and_update();
            match self.known(node, &shared.filter, seen).await {
                // The entry is not in the views yet: there is nothing to compare with.
                Ok(None) => {}
                Ok(Some(known)) => match shared.at(node, seen).await {
                    Ok(now) if now.statement == known => {}
                    Ok(now) => {
                        self.since = Since::Known(now.statement);
                        return Some(Ok(now));
                    }
                    Err(error) => return Some(Err(error)),
                },
                Err(error) => return Some(Err(error.into())),
            }
            self.applied.changed().await.ok()?;
        }
    }

    /// The statement that the follower knows; none when its entry is still to come.
    async fn known(
        &mut self,
        node: &Node,
        filter: &MoneyFilter,
        seen: Applied,
    ) -> Result<Option<Option<MoneyStatement>>, ReadError> {
        let moment = match self.since {
            Since::Known(statement) => return Ok(Some(statement)),
            Since::Moment(moment) => moment,
            Since::Entry(entry) if entry >= seen.entries => return Ok(None),
            Since::Entry(entry) => match node.views().block_of_entry(entry).await? {
                Some(block) if block.entries() == entry + 1 => moment_of_block(&block),
                // Statements are of whole blocks: of this one the follower knows a part.
                Some(BlockRow { height, .. }) => match height.checked_sub(1) {
                    Some(before) => match node.views().block_at(before).await? {
                        Some(before) => moment_of_block(&before),
                        None => return Ok(None),
                    },
                    None => return Ok(Some(None)),
                },
                None => return Ok(None),
            },
        };
        let statement = node.statement(filter, moment).await?;
        self.since = Since::Known(statement);
        Ok(Some(statement))
    }
}

impl Shared {
    /// The statement at what the views hold, summed unless it was and nothing touched it since.
    async fn at(&self, node: &Node, seen: Applied) -> Result<StatementOf, FollowError> {
        let mut newest = self.newest.lock().await;
        let moment = moment_of(seen);
        if let Some(known) = *newest {
            if known.moment.height >= moment.height {
                return Ok(known);
            }
            if !self.is_touched(node, known.moment.height, moment.height).await? {
                let known = StatementOf { moment, ..known };
                *newest = Some(known);
                return Ok(known);
            }
        }
        let turn = node.statements().summing.acquire().await;
        let statement = node.statement(&self.filter, moment).await?;
        drop(turn);
        let found = StatementOf { moment, statement };
        *newest = Some(found);
        Ok(found)
    }

    /// Whether blocks after a height, up to another, can have changed the statement.
    async fn is_touched(&self, node: &Node, after: u64, to: u64) -> Result<bool, ListError> {
        let Some(batches) = node.statements().batches.between(after, to) else { return Ok(true) };
        if batches.iter().any(|batch| batch.fell_due) {
            return Ok(true);
        }
        let filter = &self.filter;
        let areas = filter.area.as_ref().map(|area| lists::areas_under(&node.tables(), area));
        let fits = |(_, accountable, area): &&Cell| {
            filter.party.is_none_or(|party| party == *accountable)
                && areas.as_ref().is_none_or(|areas| areas.contains(area))
        };
        let mut allocations: Vec<_> = batches
            .iter()
            .flat_map(|batch| batch.cells.iter().filter(fits))
            .map(|(allocation, ..)| *allocation)
            .collect();
        allocations.sort_unstable();
        allocations.dedup();
        let found = node.allocations_by_id(&allocations).await?;
        Ok(found.values().any(|allocation| {
            filter.programme.is_none_or(|programme| programme == allocation.programme)
                && filter.cycle.as_ref().is_none_or(|cycle| *cycle == allocation.cycle)
                && filter.purpose.as_ref().is_none_or(|purpose| *purpose == allocation.purpose)
                && filter.currency.is_none_or(|currency| currency == allocation.currency)
        }))
    }
}

fn moment_of_block(block: &BlockRow) -> Moment {
    Moment { at: block.time, height: block.height, entries: block.entries() }
}

/// The moment of what the views hold. A chain has its first block before anybody follows it.
fn moment_of(applied: Applied) -> Moment {
    let (at, height) = (applied.time.unwrap_or(crate::ledger::time::Millis(0)), applied.height.unwrap_or(0));
    Moment { at, height, entries: applied.entries }
}
