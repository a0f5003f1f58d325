//! Pages of growing lists: the one place that reads `first`, `after`, `last` and `before`.
//!
//! Cursors are keys of rows, so a page that was read stays right while the list grows. Each names
//! its list, and one that no row of the list can have is refused.

use std::future::Future;
use std::ops::Mul;

use async_graphql::{Context, Enum, Error, SimpleObject};
use uuid::Uuid;

use crate::ledger::ids::Place;
use crate::ledger::selection::{self, Count, Listed};
use crate::limits::{FIELD_WEIGHT_MAX, LIST_ROWS_LOOKED_AT_MAX, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX};
use crate::service::lists::place_number;
use crate::service::papers::PaperKey;

use super::error::bad_input;
use super::id::{number_text, read_number};
use super::request::Api;

/// The lists that have cursors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Allocations, by place.
    Allocations,
    /// Cases, by place.
    Cases,
    /// Findings, by the numbers of their versions.
    Flags,
    /// Groups of a report, by position from 1.
    Groups,
    /// Hops, by place.
    Hops,
    /// Recorded operations, by entry.
    Operations,
    /// Parties, by place.
    Parties,
    /// Programmes, by place.
    Programmes,
    /// Recipients, by place.
    Recipients,
    /// Tokens, by place.
    Tokens,
    /// Operations without a place in the log, by their ids and parties.
    Waiting,
}

impl List {
    /// What its cursors begin with.
    fn prefix(self) -> &'static str {
        match self {
            Self::Allocations => "allocations",
            Self::Cases => "cases",
            Self::Flags => "flags",
            Self::Groups => "groups",
            Self::Hops => "hops",
            Self::Operations => "operations",
            Self::Parties => "parties",
            Self::Programmes => "programmes",
            Self::Recipients => "recipients",
            Self::Tokens => "tokens",
            Self::Waiting => "waiting",
        }
    }
}

/// The order of a list. Added in 0.1.0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum ListOrder {
    /// What was recorded last comes first.
    #[default]
    NewestFirst,
    /// What was recorded first comes first.
    OldestFirst,
}

impl ListOrder {
    /// Whether it is the newest first; so it is when nobody says.
    pub fn is_newest_first(order: Option<Self>) -> bool {
        order.unwrap_or_default() == Self::NewestFirst
    }
}

/// Where a page is in its list. To go on forward, ask for `first` with `after: endCursor`; to go
/// on backward, for `last` with `before: startCursor`. Added in 0.1.0.
#[derive(Clone, Debug, SimpleObject)]
pub struct PageInfo {
    /// Whether the list goes on after this page. A filter that no index serves looks at 100,000
    /// rows for one page at most: then a page may have fewer rows than asked for, even none,
    /// and the list goes on after `endCursor` all the same.
    has_next_page: bool,
    /// Whether the list goes on before this page; exact only where the page was asked for with
    /// `last`. With `first` it says whether `after` was given.
    has_previous_page: bool,
    /// Where the page begins; null for a page without rows that was not cut short.
    start_cursor: Option<String>,
    /// Where the page ends; null for a page without rows that was not cut short.
    end_cursor: Option<String>,
}

/// What a client asks of a connection.
#[derive(Clone, Debug, Default)]
pub struct Args {
    /// How many from the start.
    pub first: Option<i32>,
    /// Only what follows this cursor.
    pub after: Option<String>,
    /// How many from the end.
    pub last: Option<i32>,
    /// Only what precedes this cursor.
    pub before: Option<String>,
}

/// What the rows of a list are found by: cursors hold it.
pub trait Key: Copy + Ord {
    /// As text of letters, digits and hyphens.
    fn print(self) -> String;

    /// Reads that text, and nothing else.
    fn read(text: &str) -> Option<Self>;
}

impl Key for u64 {
    fn print(self) -> String {
        number_text(self)
    }

    fn read(text: &str) -> Option<Self> {
        read_number(text)
    }
}

impl Key for PaperKey {
    fn print(self) -> String {
        format!("{}-{}", self.0.simple(), self.1.simple())
    }

    fn read(text: &str) -> Option<Self> {
        let (id, party) = text.split_once('-')?;
        let key = (Uuid::try_parse(id).ok()?, Uuid::try_parse(party).ok()?);
        (key.print() == text).then_some(key)
    }
}

/// A page, as it was asked for and checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<K = u64> {
    list: List,
    size: u64,
    bound: Option<K>,
    backward: bool,
}

/// The rows of a page with their cursors, in the list's order.
pub struct Rows<T> {
    /// The rows.
    pub rows: Vec<(String, T)>,
    /// Where they are in the list.
    pub info: PageInfo,
    /// How many rows the whole list has, if the client asked.
    pub total: Option<Count>,
}

/// How much a page weighs in the measure of a document: the number of its rows, clamped before
/// anything is multiplied by it.
pub fn cost(first: Option<i32>, last: Option<i32>) -> Weight {
    let size = first.or(last).map_or(PAGE_SIZE_DEFAULT, |size| u64::try_from(size).unwrap_or(1));
    Weight(usize::try_from(size.clamp(1, PAGE_SIZE_MAX)).unwrap_or(1))
}

/// How many times what stands in a field counts. Its product with another weight has a largest
/// value: pages within pages would otherwise overflow, and pass the limit they should break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight(pub usize);

impl Mul<usize> for Weight {
    type Output = usize;

    fn mul(self, within: usize) -> usize {
        self.0.saturating_mul(within).min(FIELD_WEIGHT_MAX)
    }
}

impl Args {
    /// Only `first` and `after`.
    pub fn forward(first: Option<i32>, after: Option<String>) -> Self {
        Self { first, after, ..Self::default() }
    }

    /// Checks what was asked of a list whose keys are entries or the places of what they made.
    pub fn read(&self, api: &Api, list: List) -> Result<Page, Error> {
        let entries = api.node.heights().head.entries;
        let end = match list {
            List::Operations => entries,
            _ => Place::new(entries, 0).map_or(u64::MAX, place_number),
        };
        self.read_below(list, end)
    }

    /// Checks what was asked of a list whose keys are all below `end`.
    pub fn read_below(&self, list: List, end: u64) -> Result<Page, Error> {
        self.read_keys(list, |key| *key < end)
    }

    /// Checks what was asked of a list whose keys can be told.
    pub fn read_keys<K: Key>(&self, list: List, can_be: impl Fn(&K) -> bool) -> Result<Page<K>, Error> {
        let backward = self.last.is_some() || self.before.is_some();
        if backward && (self.first.is_some() || self.after.is_some()) {
            return Err(bad_input("ask for `first` and `after`, or for `last` and `before`, not for both"));
        }
        let size = size(if backward { self.last } else { self.first })?;
        let bound = if backward { &self.before } else { &self.after };
        let bound = bound.as_deref().map(|text| read_cursor(text, list, can_be)).transpose()?;
        Ok(Page { list, size, bound, backward })
    }
}

fn size(asked: Option<i32>) -> Result<u64, Error> {
    let Some(asked) = asked else { return Ok(PAGE_SIZE_DEFAULT) };
    match u64::try_from(asked) {
        Ok(size) if (1..=PAGE_SIZE_MAX).contains(&size) => Ok(size),
        _ => Err(bad_input(format!("a page has 1 to {PAGE_SIZE_MAX} items, not {asked}"))),
    }
}

fn read_cursor<K: Key>(text: &str, list: List, can_be: impl Fn(&K) -> bool) -> Result<K, Error> {
    let key = text.strip_prefix(list.prefix()).and_then(|rest| rest.strip_prefix(CURSOR_MARK));
    let key = key.and_then(K::read).filter(can_be);
    key.ok_or_else(|| bad_input("this cursor was not made by this server for this list"))
}

/// What stands between a cursor's list and its key.
const CURSOR_MARK: char = '-';

/// The cursor of a key.
pub fn cursor<K: Key>(list: List, key: K) -> String {
    format!("{}{CURSOR_MARK}{}", list.prefix(), key.print())
}

impl<K: Key> Page<K> {
    /// The part of a list that runs from its newest row to its oldest, or the other way; with
    /// one row more than the page, to see whether there are any.
    pub fn window(self, newest_first: bool) -> selection::Page<K> {
        selection::Page {
            after: self.bound,
            limit: self.size + 1,
            newest_first: newest_first != self.backward,
            look_max: Some(LIST_ROWS_LOOKED_AT_MAX),
        }
    }

    /// Makes a page of the rows of that part.
    pub fn rows<T>(self, found: Listed<T, K>, key: impl Fn(&T) -> K) -> Rows<T> {
        let mut rows: Vec<(String, T)> =
            found.rows.into_iter().map(|row| (cursor(self.list, key(&row)), row)).collect();
        // Both are far below 2^32.
        let more = rows.len() > self.size as usize || found.stopped_at.is_some();
        rows.truncate(self.size as usize);
        if self.backward {
            rows.reverse();
        }
        let stop = found.stopped_at.map(|key| cursor(self.list, key));
        let (first, last) = (rows.first().map(|(at, _)| at.clone()), rows.last().map(|(at, _)| at.clone()));
        let info = if self.backward {
            PageInfo {
                has_previous_page: more,
                has_next_page: self.bound.is_some(),
                start_cursor: stop.clone().or(first),
                end_cursor: last.or(stop),
            }
        } else {
            PageInfo {
                has_previous_page: self.bound.is_some(),
                has_next_page: more,
                start_cursor: first.or(stop.clone()),
                end_cursor: stop.or(last),
            }
        };
        Rows { rows, info, total: None }
    }

    /// A page of a list in which there is nothing.
    pub fn nothing<T>(self) -> Rows<T> {
        let info = PageInfo { has_next_page: false, has_previous_page: false, start_cursor: None, end_cursor: None };
        Rows { rows: Vec::new(), info, total: Some(Count::whole(0)) }
    }
}

/// Whether the client asks how many rows the whole list has: it costs a query of its own.
pub fn asks_for_total(ctx: &Context<'_>) -> bool {
    let asked = ctx.look_ahead();
    asked.field("totalCount").exists() || asked.field("totalCountExact").exists()
}

impl<T> Rows<T> {
    /// The same page with rows in another form.
    pub fn try_map<U, E>(self, mut row: impl FnMut(T) -> Result<U, E>) -> Result<Rows<U>, E> {
        let rows = self.rows.into_iter().map(|(at, found)| Ok((at, row(found)?))).collect::<Result<_, E>>()?;
        Ok(Rows { rows, info: self.info, total: self.total })
    }

    /// Adds the number of rows of a list in memory, counted only if the client asks for it.
    pub fn counted_now(self, ctx: &Context<'_>, count: impl FnOnce() -> Count) -> Self {
        let total = asks_for_total(ctx).then(count);
        Self { total, ..self }
    }

    /// Adds the number of rows, counted only if the client asks for it.
    pub async fn counted<E, F>(mut self, ctx: &Context<'_>, count: F) -> Result<Self, E>
    where
        F: Future<Output = Result<Count, E>>,
    {
        if asks_for_total(ctx) {
            self.total = Some(count.await?);
        }
        Ok(self)
    }
}

/// Makes a connection type with its edge type. `$node` wraps a row by `$wrap`.
macro_rules! connection {
    ($(#[$doc:meta])* $connection:ident, $(#[$edge_doc:meta])* $edge:ident, $node:ident) => {
        /// A page of a growing list, as rows of the connection.
        pub struct $connection {
            info: $crate::api::page::PageInfo,
            edges: Vec<(String, std::sync::Arc<$node>)>,
            total: Option<$crate::ledger::selection::Count>,
        }

        impl $connection {
            /// A page of rows.
            pub fn new<T>(rows: $crate::api::page::Rows<T>, wrap: impl Fn(T) -> $node) -> Self {
                let wrap = |(cursor, row)| (cursor, std::sync::Arc::new(wrap(row)));
                Self { info: rows.info, edges: rows.rows.into_iter().map(wrap).collect(), total: rows.total }
            }
        }

        $(#[$doc])*
        #[async_graphql::Object]
        impl $connection {
            /// The rows of this page, each with its cursor.
            async fn edges(&self) -> Vec<$edge> {
                let edge = |(cursor, node): &(String, std::sync::Arc<$node>)| $edge {
                    cursor: cursor.clone(),
                    node: node.clone(),
                };
                self.edges.iter().map(edge).collect()
            }

            /// The rows of this page.
            async fn nodes(&self) -> Vec<std::sync::Arc<$node>> {
                self.edges.iter().map(|(_, node)| node.clone()).collect()
            }

            /// Where this page is in the list, and the cursors to go on from.
            async fn page_info(&self) -> &$crate::api::page::PageInfo {
                &self.info
            }

            /// How many rows the whole list has, from 0 to 100,000. Counting looks at the newest
            /// 100,000 rows at most, and at 1,000 operations that are not recorded; beyond that it
            /// says how many of those, and `totalCountExact` is false.
            async fn total_count(&self) -> i32 {
                self.total.map_or(0, |total| i32::try_from(total.rows).unwrap_or(i32::MAX))
            }

            /// Whether `totalCount` is the number of all rows; when not, there are at least so
            /// many.
            async fn total_count_exact(&self) -> bool {
                self.total.is_none_or(|total| total.whole)
            }
        }

        /// A row with its cursor.
        pub struct $edge {
            cursor: String,
            node: std::sync::Arc<$node>,
        }

        $(#[$edge_doc])*
        #[async_graphql::Object]
        impl $edge {
            /// The cursor to go on from here, in `after` or `before`.
            async fn cursor(&self) -> &str {
                &self.cursor
            }

            /// The row.
            async fn node(&self) -> std::sync::Arc<$node> {
                self.node.clone()
            }
        }
    };
}
pub(super) use connection;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_outside_its_bounds_is_an_error_and_costs_at_least_one_row() {
        for size in [-1, 0, 101, i32::MIN, i32::MAX] {
            assert!(Args::forward(Some(size), None).read_below(List::Hops, 1).is_err(), "{size}");
            assert!((1..=100).contains(&cost(Some(size), None).0));
        }
        assert_eq!(cost(None, None), Weight(20));
        assert_eq!(cost(None, Some(7)), Weight(7));
        let nested = (0..20).fold(1, |within, _| cost(Some(100), None) * within + 1);
        assert_eq!(nested, FIELD_WEIGHT_MAX + 1, "pages within pages stop at the largest weight");
    }

    #[test]
    fn backward_pages_read_the_other_way_and_answer_in_order() {
        let args = Args { last: Some(2), before: Some(cursor(List::Hops, 9_u64)), ..Args::default() };
        let page = args.read_below(List::Hops, 10).unwrap();
        let window = page.window(false);
        assert_eq!((window.after, window.limit, window.newest_first), (Some(9), 3, true));
        let rows = page.rows(Listed { rows: vec![8_u64, 7, 6], stopped_at: None }, |row| *row);
        assert_eq!(rows.rows, [("hops-7".to_owned(), 7), ("hops-8".to_owned(), 8)]);
        assert!(rows.info.has_previous_page && rows.info.has_next_page);
    }

    #[test]
    fn a_page_that_was_cut_short_says_where_to_go_on() {
        let cut = || Listed { rows: vec![8_u64], stopped_at: Some(3) };
        let forward = Args { first: Some(2), ..Args::default() }.read_below(List::Hops, 10).unwrap();
        let info = forward.rows(cut(), |row| *row).info;
        assert!(info.has_next_page && !info.has_previous_page);
        assert_eq!((info.start_cursor.as_deref(), info.end_cursor.as_deref()), (Some("hops-8"), Some("hops-3")));
        let backward = Args { last: Some(2), ..Args::default() }.read_below(List::Hops, 10).unwrap();
        let info = backward.rows(cut(), |row| *row).info;
        assert!(info.has_previous_page && !info.has_next_page);
        assert_eq!((info.start_cursor.as_deref(), info.end_cursor.as_deref()), (Some("hops-3"), Some("hops-8")));
        let info = forward.rows(Listed::<u64, u64> { rows: vec![], stopped_at: Some(3) }, |row| *row).info;
        assert_eq!((info.has_next_page, info.end_cursor.as_deref()), (true, Some("hops-3")));
    }

    #[test]
    fn cursors_of_what_waits_hold_its_whole_key() {
        let key = (Uuid::from_u128(7), Uuid::from_u128(u128::MAX));
        let text = cursor(List::Waiting, key);
        let args = Args::forward(None, Some(text.clone()));
        assert_eq!(args.read_keys(List::Waiting, |_: &PaperKey| true).unwrap().bound, Some(key));
        for bad in [text.to_uppercase(), text.replace('f', "g"), "waiting-7".to_owned(), format!("{text}-")] {
            assert!(Args::forward(None, Some(bad)).read_keys(List::Waiting, |_: &PaperKey| true).is_err());
        }
    }

    #[test]
    fn a_cursor_is_of_one_list_and_of_a_row_that_can_be() {
        let read = |text: &str| Args::forward(None, Some(text.to_owned())).read_below(List::Hops, 40);
        assert_eq!(read(&cursor(List::Hops, 39_u64)).unwrap().bound, Some(39));
        let bad =
            ["", "-", "17", "hops", "hops-", "hops17", "hops-017", "hops-1G", "hops- 1", "hops-zzzzzz", "hops--1"];
        for text in bad.map(str::to_owned).into_iter().chain([cursor(List::Hops, 40_u64), cursor(List::Tokens, 1_u64)])
        {
            assert!(read(&text).is_err(), "{text:?}");
        }
    }
}
