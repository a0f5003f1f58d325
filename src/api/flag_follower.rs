//! Following flags: every version of one, as it is written, from where the client left off.

use std::collections::VecDeque;
use std::sync::Arc;

use async_graphql::{Error, ID, InputObject, Result};
use tokio::sync::watch;

use crate::leakage::finding::Finding;
use crate::leakage::rule::{Rule, Severity};
use crate::limits::{LIST_ROWS_LOOKED_AT_MAX, PAGE_SIZE_MAX};
use crate::service::flag_feed::{Examined, Followed, Numbers};
use crate::service::metrics::OpenSubscription;
use crate::service::public_id::{number_text, read_number};

use super::error::bad_input;
use super::query::filter;
use super::request::Api;
use super::subscription::still_valid;
use super::types::flag;
use super::types::flag_event::FlagEvent;

/// Which flags are followed; all fields are optional and must all fit. A programme or party that is
/// not there is an error. Added in 0.1.0.
#[derive(InputObject, Default)]
pub struct FlagEventFilter {
    /// Of one of these rules, by their codes, such as `L01`; of any when empty.
    #[graphql(default)]
    rules: Vec<String>,
    /// Of one of these severities; of any when empty.
    #[graphql(default)]
    severities: Vec<flag::Severity>,
    /// The party, by its id (`prt_...`) or UUID, that is responsible, or the other of the pair.
    party: Option<ID>,
    /// The programme, by its id (`prg_...`) or code.
    programme: Option<ID>,
    /// An area as a path of names (`province/county/township`), with everything under it.
    area: Option<String>,
}

/// Who follows flags.
pub struct FlagFollower {
    api: Arc<Api>,
    followed: Followed,
    examined: watch::Receiver<Examined>,
    numbering: String,
    next: u64,
    read: VecDeque<(u64, Finding)>,
    over: bool,
    /// Counts it as long as it is followed.
    _open: OpenSubscription,
}

impl FlagFollower {
    /// Follows from a cursor on, or from now on.
    pub async fn start(api: Arc<Api>, filter: FlagEventFilter, after: Option<String>) -> Result<Self> {
        let followed = read(&api, filter)?;
        let numbering = api.node.flags_numbering().await?;
        let examined = api.node.examined();
        let number = examined.borrow().number;
        let next = match after {
            Some(cursor) => next_of(&cursor, &numbering, number)?,
            None => number,
        };
        let open = api.node.metrics().subscribed();
        Ok(Self { api, followed, examined, numbering, next, read: VecDeque::new(), over: false, _open: open })
    }

    /// The next version; none when the node stops, or after an error.
    pub async fn next(&mut self) -> Option<Result<FlagEvent>> {
        while !self.over {
            if let Some((number, finding)) = self.read.pop_front() {
                self.api.take_turn().await;
                self.api.advance().await;
                let cursor = format!("{}-{}", number_text(number), self.numbering);
                return Some(Ok(FlagEvent::new(cursor, &finding)));
            }
            // Before the rows: what is not among them by then is told by the next change.
            let below = self.examined.borrow_and_update().number;
            match self.read_on(below).await {
                Err(error) => {
                    self.over = true;
                    return Some(Err(error));
                }
                Ok(true) => {}
                Ok(false) => {
                    self.api.end_turn();
                    self.examined.changed().await.ok()?;
                }
            }
        }
        None
    }

    /// Reads the next page; whether it may go on at once.
    async fn read_on(&mut self, below: u64) -> Result<bool, Error> {
        if self.next >= below {
            return Ok(false);
        }
        // Behind the others, if there is much to look through.
        self.api.end_turn();
        self.api.take_turn().await;
        still_valid(&self.api).await?;
        let part = self.next.saturating_add(LIST_ROWS_LOOKED_AT_MAX).min(below);
        let numbers = Numbers { after: self.next.checked_sub(1), below: part };
        let rows = self.api.node.flags_told(&self.followed, numbers, PAGE_SIZE_MAX).await?;
        let is_full = u64::try_from(rows.len()).is_ok_and(|found| found >= PAGE_SIZE_MAX);
        self.next = match rows.last() {
            Some((last, _)) if is_full => last + 1,
            _ => part,
        };
        self.read = rows.into();
        Ok(true)
    }
}

/// The filter with what it names looked up; an error when that is not there.
fn read(api: &Api, filter: FlagEventFilter) -> Result<Followed> {
    filter::texts([&filter.area])?;
    let rule = |code: &String| {
        let code_shown: String = code.chars().take(20).collect();
        Rule::parse(code).ok_or_else(|| bad_input(format!("there is no rule {code_shown:?}")))
    };
    Ok(Followed {
        rules: filter.rules.iter().map(rule).collect::<Result<_>>()?,
        severities: filter.severities.into_iter().map(Severity::from).collect(),
        party: filter::known_party(&api.node, filter.party.as_ref())?,
        programme: filter::known_programme(&api.node, filter.programme.as_ref())?,
        area: filter.area,
    })
}

/// The number after that of a cursor. One of another numbering, or of a version that is not there,
/// would never be passed in silence: something could be missed.
fn next_of(cursor: &str, numbering: &str, number: u64) -> Result<u64> {
    let (at, of) = cursor.split_once('-').unwrap_or_default();
    let at = read_number(at).ok_or_else(|| bad_input("`after` is the cursor of a flag that was told"))?;
    if of != numbering || at >= number {
        return Err(bad_input("the flags were found anew since then: read `flags`, then follow without `after`"));
    }
    Ok(at + 1)
}
