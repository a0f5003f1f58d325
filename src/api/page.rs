//! Pages of growing lists: the one place that reads `first`, `after`, `last` and `before`.
//!
//! Cursors are keys of rows, so a page that was read stays right while the list grows. Each names
//! its list, and one that no row of the list can have is refused.

use std::future::Future;
use std::ops::Mul;

use async_graphql::connection::PageInfo;
use async_graphql::{Context, Error};

use crate::ledger::ids::Place;
use crate::ledger::selection;
use crate::limits::{FIELD_WEIGHT_MAX, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX};
use crate::service::lists::place_number;

use super::error::bad_input;
use super::id::{number_text, read_number};
use super::request::Api;

/// The lists that have cursors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Allocations, by place.
    Allocations,
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
    /// Operations that wait for a signature, by the first half of their ids.
    Waiting,
}

impl List {
    /// What its cursors begin with.
    fn prefix(self) -> &'static str {
        match self {
            Self::Allocations => "allocations",
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

/// A page, as it was asked for and checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    list: List,
    size: u64,
    bound: Option<u64>,
    backward: bool,
}

/// The rows of a page with their keys, in the list's order.
pub struct Rows<T> {
    /// The list that they are of.
    pub list: List,
    /// The rows.
    pub rows: Vec<(u64, T)>,
    /// Whether there are rows before them.
    pub has_previous: bool,
    /// Whether there are rows after them.
    pub has_next: bool,
    /// How many rows the whole list has, if the client asked.
    pub total: Option<u64>,
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
        let backward = self.last.is_some() || self.before.is_some();
        if backward && (self.first.is_some() || self.after.is_some()) {
            return Err(bad_input("ask for `first` and `after`, or for `last` and `before`, not for both"));
        }
        let size = size(if backward { self.last } else { self.first })?;
        let bound = if backward { &self.before } else { &self.after };
        let bound = bound.as_deref().map(|text| read_cursor(text, list, end)).transpose()?;
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

fn read_cursor(text: &str, list: List, end: u64) -> Result<u64, Error> {
    let number = text.strip_prefix(list.prefix()).and_then(|rest| rest.strip_prefix(CURSOR_MARK));
    let key = number.and_then(read_number).filter(|key| *key < end);
    key.ok_or_else(|| bad_input("this cursor was not made by this server for this list"))
}

/// What stands between a cursor's list and its number.
const CURSOR_MARK: char = '-';

/// The cursor of a key.
pub fn cursor(list: List, key: u64) -> String {
    format!("{}{CURSOR_MARK}{}", list.prefix(), number_text(key))
}

impl Page {
    /// The part of a list that runs from its newest row to its oldest, or the other way; with
    /// one row more than the page, to see whether there are any.
    pub fn window(self, newest_first: bool) -> selection::Page<u64> {
        selection::Page { after: self.bound, limit: self.size + 1, newest_first: newest_first != self.backward }
    }

    /// Makes a page of the rows of that part.
    pub fn rows<T>(self, found: Vec<T>, key: impl Fn(&T) -> u64) -> Rows<T> {
        let mut rows: Vec<(u64, T)> = found.into_iter().map(|row| (key(&row), row)).collect();
        // Both are far below 2^32.
        let more = rows.len() > self.size as usize;
        rows.truncate(self.size as usize);
        if self.backward {
            rows.reverse();
        }
        let (has_previous, has_next) =
            if self.backward { (more, self.bound.is_some()) } else { (self.bound.is_some(), more) };
        Rows { list: self.list, rows, has_previous, has_next, total: None }
    }
}

/// Whether the client asks how many rows the whole list has: it costs a query of its own.
pub fn asks_for_total(ctx: &Context<'_>) -> bool {
    ctx.look_ahead().field("totalCount").exists()
}

impl<T> Rows<T> {
    /// Adds the number of rows, counted only if the client asks for it.
    pub async fn counted<E, F>(mut self, ctx: &Context<'_>, count: F) -> Result<Self, E>
    where
        F: Future<Output = Result<u64, E>>,
    {
        if asks_for_total(ctx) {
            self.total = Some(count.await?);
        }
        Ok(self)
    }

    /// The page's place in the list.
    pub fn info(&self) -> PageInfo {
        PageInfo {
            has_previous_page: self.has_previous,
            has_next_page: self.has_next,
            start_cursor: self.rows.first().map(|(key, _)| cursor(self.list, *key)),
            end_cursor: self.rows.last().map(|(key, _)| cursor(self.list, *key)),
        }
    }
}

/// Makes a connection type with its edge type. `$node` wraps a row by `$wrap`.
macro_rules! connection {
    ($(#[$doc:meta])* $connection:ident, $(#[$edge_doc:meta])* $edge:ident, $node:ident) => {
        /// A page of a growing list, as rows of the connection.
        pub struct $connection {
            list: $crate::api::page::List,
            info: async_graphql::connection::PageInfo,
            edges: Vec<(u64, std::sync::Arc<$node>)>,
            total: Option<u64>,
        }

        impl $connection {
            /// A page of rows.
            pub fn new<T>(rows: $crate::api::page::Rows<T>, wrap: impl Fn(T) -> $node) -> Self {
                let info = rows.info();
                let (list, total) = (rows.list, rows.total);
                let edges = rows.rows.into_iter().map(|(key, row)| (key, std::sync::Arc::new(wrap(row)))).collect();
                Self { list, info, edges, total }
            }
        }

        $(#[$doc])*
        #[async_graphql::Object]
        impl $connection {
            /// The rows of this page, each with its cursor.
            async fn edges(&self) -> Vec<$edge> {
                self.edges.iter().map(|(key, node)| $edge { list: self.list, key: *key, node: node.clone() }).collect()
            }

            /// The rows of this page.
            async fn nodes(&self) -> Vec<std::sync::Arc<$node>> {
                self.edges.iter().map(|(_, node)| node.clone()).collect()
            }

            /// Whether there are rows before and after this page, and the cursors to go on from.
            async fn page_info(&self) -> async_graphql::connection::PageInfo {
                async_graphql::connection::PageInfo {
                    has_previous_page: self.info.has_previous_page,
                    has_next_page: self.info.has_next_page,
                    start_cursor: self.info.start_cursor.clone(),
                    end_cursor: self.info.end_cursor.clone(),
                }
            }

            /// How many rows the whole list has, at most 2147483647.
            async fn total_count(&self) -> i32 {
                i32::try_from(self.total.unwrap_or_default()).unwrap_or(i32::MAX)
            }
        }

        /// A row with its cursor.
        pub struct $edge {
            list: $crate::api::page::List,
            key: u64,
            node: std::sync::Arc<$node>,
        }

        $(#[$edge_doc])*
        #[async_graphql::Object]
        impl $edge {
            /// The cursor to go on from here, in `after` or `before`.
            async fn cursor(&self) -> String {
                $crate::api::page::cursor(self.list, self.key)
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
        let args = Args { last: Some(2), before: Some(cursor(List::Hops, 9)), ..Args::default() };
        let page = args.read_below(List::Hops, 10).unwrap();
        assert_eq!(page.window(false), selection::Page { after: Some(9), limit: 3, newest_first: true });
        let rows = page.rows(vec![8_u64, 7, 6], |row| *row);
        assert_eq!(rows.rows, [(7, 7), (8, 8)]);
        assert!(rows.has_previous && rows.has_next);
    }

    #[test]
    fn a_cursor_is_of_one_list_and_of_a_row_that_can_be() {
        let read = |text: &str| Args::forward(None, Some(text.to_owned())).read_below(List::Hops, 40);
        assert_eq!(read(&cursor(List::Hops, 39)).unwrap().bound, Some(39));
        let bad =
            ["", "-", "17", "hops", "hops-", "hops17", "hops-017", "hops-1G", "hops- 1", "hops-zzzzzz", "hops--1"];
        for text in bad.map(str::to_owned).into_iter().chain([cursor(List::Hops, 40), cursor(List::Tokens, 1)]) {
            assert!(read(&text).is_err(), "{text:?}");
        }
    }
}
