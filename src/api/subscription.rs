//! Subscriptions: what is recorded, as it is recorded.
//!
//! A stream reads the views page by page from where the client left off, so it loses nothing and
//! repeats nothing however slow the client is: the log is the truth and the stream only follows.
//! Few read at once, so that queries always find a reader: a turn lasts until a message is answered.

use std::collections::VecDeque;
use std::sync::Arc;

use async_graphql::{Context, Error, ID, InputObject, Result, SimpleObject, Subscription as Subscribe};
use futures_util::Stream;
use futures_util::stream;
use tokio::sync::watch;

use crate::ledger::selection::{Listed, OperationFilter, Page};
use crate::limits::{LIST_ROWS_LOOKED_AT_MAX, PAGE_SIZE_MAX};
use crate::service::lists::{EntryRecord, ListError};
use crate::service::metrics::OpenSubscription;
use crate::service::officers::Viewer;
use crate::service::projector::Applied;
use crate::service::statements::{Changes, StatementOf};

use super::error::{bad_input, forbidden, unauthenticated};
use super::flag_follower::{FlagEventFilter, FlagFollower};
use super::query;
use super::query::report::{MoneyFilter, may_sum};
use super::request::{Api, api};
use super::scalar::{DateTime, LogIndex, Uuid};
use super::types::entry::Entry;
use super::types::flag_event::FlagEvent;
use super::types::names::OperationKind;
use super::types::statement::Statement;

/// Which entries are meant; all fields are optional and must all fit. Added in 0.1.0.
#[derive(InputObject, Default)]
pub struct EntryFilter {
    /// The party that speaks, by its id (`prt_...`) or UUID.
    party: Option<ID>,
    /// The kind of the operation.
    kind: Option<OperationKind>,
    /// The programme, by its id (`prg_...`) or code, that it defines or appropriates to, or
    /// whose money it moves or answers for.
    programme: Option<ID>,
    /// The officer who signed it.
    officer: Option<Uuid>,
}

/// A statement that is no longer what it was. Added in 0.1.0.
#[derive(SimpleObject)]
pub struct StatementChange {
    /// The last entry that the statement counts, by its place in the log; pass it as `after` to
    /// go on after a break.
    index: LogIndex,
    /// The height of the last block that it counts.
    height: LogIndex,
    /// The moment at which its deadlines are judged: that block's time.
    as_of: DateTime,
    /// The statement as it is now; null when there is no money and no single currency.
    statement: Option<Statement>,
}

/// The roots of following.
#[derive(Default)]
pub struct Subscription;

/// What can be followed, over `graphql-transport-ws` at `/graphql/ws`; the login is given in
/// `connection_init` as `{"token": "..."}`. Added in 0.1.0.
#[Subscribe]
impl Subscription {
    /// Entries in the order of the log, each once, as soon as readers see them. To go on after a
    /// break, pass the index of the last one seen. A message without data is the last, and says
    /// why. Added in 0.1.0.
    async fn entry_recorded(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only entries after this place in the log; those recorded from now on when left out.")]
        after: Option<LogIndex>,
        #[graphql(desc = "Which ones; all that may be seen when left out.")] filter: Option<EntryFilter>,
    ) -> Result<impl Stream<Item = Result<Entry>> + use<>> {
        let request = api(ctx)?;
        let EntryFilter { party, kind, programme, officer } = filter.unwrap_or_default();
        let filter = query::operation::OperationFilter::of_entries(party, kind, programme, officer);
        let filter = filter.read(request).await?.ok().map(Option::unwrap_or_default);
        let applied = request.node.applied();
        let next = match known(request, after)? {
            Some(index) => index + 1,
            None => applied.borrow().entries,
        };
        let api = ctx.data::<Arc<Api>>()?.clone();
        let open = api.node.metrics().subscribed();
        let follower = Follower { api, filter, applied, next, read: VecDeque::new(), over: false, _open: open };
        Ok(stream::unfold(follower, |mut follower| async move {
            let item = follower.next().await?;
            Some((item, follower))
        }))
    }

    /// Every version of a flag as it is written: when it is raised, when it changes, and when the
    /// facts resolve it; each once, in order. To go on after a break, pass the cursor of the last
    /// one seen. A recipient is refused. A message without data is the last, and says why. Added in
    /// 0.1.0.
    async fn flag_raised(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which flags; all when left out.")] filter: Option<FlagEventFilter>,
        #[graphql(desc = "The `cursor` of the last one seen; those written from now on when left out. An error when \
                          the flags were found anew since then.")]
        after: Option<String>,
    ) -> Result<impl Stream<Item = Result<FlagEvent>> + use<>> {
        if !api(ctx)?.reader()?.may_see_totals() {
            return Err(forbidden("flags are not for recipients"));
        }
        let api = ctx.data::<Arc<Api>>()?.clone();
        let follower = FlagFollower::start(api, filter.unwrap_or_default(), after).await?;
        Ok(stream::unfold(follower, |mut follower| async move {
            let item = follower.next().await?;
            Some((item, follower))
        }))
    }

    /// The statement of a set of money whenever it is no longer what it was: because something
    /// was recorded, or because money on its way fell due. One message at most for all that
    /// became visible at once, always with the newest statement; so a slow reader misses steps,
    /// never the end. Who may not see sums over many is refused. Added in 0.1.0.
    async fn statement_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which money; all when left out.")] filter: Option<MoneyFilter>,
        #[graphql(desc = "The `index` of the last message seen: if the statement is no longer what it was then, a \
                          message comes at once. Only changes from now on when left out.")]
        after: Option<LogIndex>,
    ) -> Result<impl Stream<Item = Result<StatementChange>> + use<>> {
        let request = api(ctx)?;
        may_sum(request)?;
        let filter = query::report::read(request, filter)?;
        let after = known(request, after)?;
        let api = ctx.data::<Arc<Api>>()?.clone();
        let changes = request.node.statement_changes(filter, after);
        Ok(stream::unfold((api, Some(changes)), |(api, changes)| async move {
            let (item, rest) = next_change(&api, changes?).await?;
            Some((item, (api, rest)))
        }))
    }
}

/// The next change, and how to go on unless it is an error; none when the node stops.
async fn next_change(api: &Api, mut changes: Changes) -> Option<(Result<StatementChange>, Option<Changes>)> {
    let found = changes.next(&api.node).await.map(|found| found.map_err(Error::from));
    let found = match found? {
        Ok(found) => still_valid(api).await.map(|()| found),
        Err(error) => Err(error),
    };
    match found {
        Ok(StatementOf { moment, statement }) => {
            let statement = statement.map(|of| Statement::new(of.currency, of.statement));
            let index = LogIndex(moment.entries.saturating_sub(1));
            let change = StatementChange { index, height: LogIndex(moment.height), as_of: moment.at.into(), statement };
            Some((Ok(change), Some(changes)))
        }
        Err(error) => Some((Err(error), None)),
    }
}

/// The login may have ended, or its officer have lost every key, since the stream began.
pub(super) async fn still_valid(api: &Api) -> Result<()> {
    let officer = api.viewer()?.officer;
    let viewer = match api.token() {
        Some(token) => api.node.viewer(token).await.map_err(ListError::Store)?,
        None => Viewer::of(&api.node.tables(), officer),
    };
    viewer.map(|_| ()).ok_or_else(unauthenticated)
}

/// The entry after which to go on. One that the log has not would never be passed in silence: the
/// client followed another chain, or a later state of this one.
fn known(request: &Api, after: Option<LogIndex>) -> Result<Option<u64>> {
    let entries = request.node.heights().head.entries;
    match after {
        Some(LogIndex(index)) if index >= entries => {
            Err(bad_input(format!("there is no entry {index} to go on after: the log has {entries} entries")))
        }
        after => Ok(after.map(|LogIndex(index)| index)),
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
                self.api.take_turn().await;
                self.api.advance().await;
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
                    self.api.end_turn();
                    self.next = self.next.max(entries);
                    self.applied.changed().await.ok()?;
                }
            }
        }
        None
    }

    /// Reads the next page; whether it may go on at once.
    async fn read_on(&mut self) -> Result<bool, Error> {
        let Some(filter) = &self.filter else { return Ok(false) };
        // Behind the others, if there is much to look through.
        self.api.end_turn();
        self.api.take_turn().await;
        still_valid(&self.api).await?;
        let page = Page::oldest_first(self.next.checked_sub(1), PAGE_SIZE_MAX);
        let page = Page { look_max: Some(LIST_ROWS_LOOKED_AT_MAX), ..page };
        let found: Result<_, ListError> = self.api.node.operations_list(filter, page).await;
        let Listed { rows, stopped_at } = found?;
        let last = rows.last().map(|record| record.recorded.entry).max(stopped_at);
        self.read = rows.into();
        if let Some(last) = last {
            self.next = last + 1;
        }
        Ok(last.is_some())
    }
}
