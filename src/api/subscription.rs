//! Subscriptions: what is recorded, as it is recorded.
//!
//! A stream reads the views page by page from where the client left off, so it loses nothing and
//! repeats nothing however slow the client is: the log is the truth and the stream only follows.

use std::collections::VecDeque;
use std::sync::Arc;

use async_graphql::{Context, Error, ID, InputObject, Result, Subscription as Subscribe};
use futures_util::Stream;
use futures_util::stream;
use tokio::sync::watch;

use crate::ledger::selection::{OperationFilter, Page};
use crate::limits::PAGE_SIZE_MAX;
use crate::service::lists::{EntryRecord, ListError};
use crate::service::metrics::OpenSubscription;
use crate::service::officers::Viewer;
use crate::service::projector::Applied;

use super::error::unauthenticated;
use super::query::filter;
use super::request::{Api, api};
use super::scalar::LogIndex;
use super::types::entry::Entry;
use super::types::names::OperationKind;

/// Which entries are meant; all fields are optional and must all fit. Added in 0.1.0.
#[derive(InputObject, Default)]
pub struct EntryFilter {
    /// The party that speaks, by its id (`prt_...`) or UUID.
    party: Option<ID>,
    /// The kind of the operation.
    kind: Option<OperationKind>,
}

/// The roots of following.
#[derive(Default)]
pub struct Subscription;

/// What can be followed, over `graphql-transport-ws` at `/graphql/ws`; the login is given in
/// `connection_init` as `{"token": "..."}`. Added in 0.1.0.
#[Subscribe]
impl Subscription {
    /// Entries in the order of the log, each once, as soon as readers see them. To go on after a
    /// break, pass the index of the last one seen. Added in 0.1.0.
    async fn entry_recorded(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only entries after this place in the log; those recorded from now on when left out.")]
        after: Option<LogIndex>,
        #[graphql(desc = "Which ones; all that may be seen when left out.")] filter: Option<EntryFilter>,
    ) -> Result<impl Stream<Item = Result<Entry>> + use<>> {
        let request = api(ctx)?;
        let reader = request.reader()?;
        let filter = filter.unwrap_or_default();
        let party = filter::party(&request.node, filter.party.as_ref())?;
        let named = party.map(|party| party.or(reader.only())).ok();
        let party = named.filter(|party| party.is_none_or(|key| reader.may_see_operations_of(key)));
        let applied = request.node.applied();
        let next = match after {
            Some(LogIndex(index)) => index.saturating_add(1),
            None => applied.borrow().entries,
        };
        let filter = party.map(|party| OperationFilter { party, kind: filter.kind.map(Into::into) });
        let api = ctx.data::<Arc<Api>>()?.clone();
        let open = api.node.metrics().subscribed();
        let follower = Follower { api, filter, applied, next, read: VecDeque::new(), over: false, _open: open };
        Ok(stream::unfold(follower, |mut follower| async move {
            let item = follower.next().await?;
            Some((item, follower))
        }))
    }
}

struct Follower {
    api: Arc<Api>,
    /// What is followed; none when the filter names what is not there, and nothing ever comes.
    filter: Option<OperationFilter>,
    applied: watch::Receiver<Applied>,
    next: u64,
    read: VecDeque<EntryRecord>,
    over: bool,
    /// Counts it as long as it is followed.
    _open: OpenSubscription,
}

impl Follower {
    /// The next entry; none when the node stops, or after an error.
    async fn next(&mut self) -> Option<Result<Entry>> {
        while !self.over {
            if let Some(record) = self.read.pop_front() {
                self.api.advance();
                return Some(Ok(Entry::of(record.recorded)));
            }
            // Before the rows: what is not among them by then is told by the next change.
            let entries = self.applied.borrow_and_update().entries;
            match self.read_on().await {
                Err(error) => {
                    self.over = true;
                    return Some(Err(error));
                }
                Ok(true) => {}
                Ok(false) => {
                    self.next = self.next.max(entries);
                    self.applied.changed().await.ok()?;
                }
            }
        }
        None
    }

    /// Reads the next page; whether there was anything on it.
    async fn read_on(&mut self) -> Result<bool, Error> {
        let Some(filter) = self.filter else { return Ok(false) };
        let officer = self.api.viewer()?.officer;
        if Viewer::of(&self.api.node.tables(), officer).is_none() {
            return Err(unauthenticated());
        }
        let page = Page::oldest_first(self.next.checked_sub(1), PAGE_SIZE_MAX);
        let found: Result<_, ListError> = self.api.node.operations_list(filter, page).await;
        self.read = found?.into();
        if let Some(last) = self.read.back() {
            self.next = last.recorded.entry + 1;
        }
        Ok(!self.read.is_empty())
    }
}
