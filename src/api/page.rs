//! Pages of growing lists: the one place that reads `first`, `after`, `last` and `before`.
//!
//! Cursors are keys of rows, so a page that was read stays right while the list grows.

use std::future::Future;

use async_graphql::connection::PageInfo;
use async_graphql::{Context, Error};

use crate::ledger::selection;
use crate::limits::{PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX};

use super::error::bad_input;
use super::id::{number_text, read_number};

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
    size: u64,
    bound: Option<u64>,
    backward: bool,
}

/// The rows of a page with their keys, in the list's order.
pub struct Rows<T> {
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
pub fn cost(first: Option<i32>, last: Option<i32>) -> usize {
    let size = first.or(last).map_or(PAGE_SIZE_DEFAULT, |size| u64::try_from(size).unwrap_or(1));
    usize::try_from(size.clamp(1, PAGE_SIZE_MAX)).unwrap_or(1)
}

impl Args {
    /// Only `first` and `after`.
    pub fn forward(first: Option<i32>, after: Option<String>) -> Self {
        Self { first, after, ..Self::default() }
    }

    /// Checks what was asked for.
    pub fn read(&self) -> Result<Page, Error> {
        let backward = self.last.is_some() || self.before.is_some();
        if backward && (self.first.is_some() || self.after.is_some()) {
            return Err(bad_input("ask for `first` and `after`, or for `last` and `before`, not for both"));
        }
        let size = size(if backward { self.last } else { self.first })?;
        let bound = if backward { &self.before } else { &self.after };
        let bound = bound.as_deref().map(read_cursor).transpose()?;
        Ok(Page { size, bound, backward })
    }
}

fn size(asked: Option<i32>) -> Result<u64, Error> {
    let Some(asked) = asked else { return Ok(PAGE_SIZE_DEFAULT) };
    match u64::try_from(asked) {
        Ok(size) if (1..=PAGE_SIZE_MAX).contains(&size) => Ok(size),
        _ => Err(bad_input(format!("a page has 1 to {PAGE_SIZE_MAX} items, not {asked}"))),
    }
}

fn read_cursor(text: &str) -> Result<u64, Error> {
    read_number(text).ok_or_else(|| bad_input("this cursor was not made by this server"))
}

/// The cursor of a key.
pub fn cursor(key: u64) -> String {
    number_text(key)
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
        Rows { rows, has_previous, has_next, total: None }
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
            start_cursor: self.rows.first().map(|(key, _)| cursor(*key)),
            end_cursor: self.rows.last().map(|(key, _)| cursor(*key)),
        }
    }
}

/// Makes a connection type with its edge type. `$node` wraps a row by `$wrap`.
macro_rules! connection {
    ($(#[$doc:meta])* $connection:ident, $(#[$edge_doc:meta])* $edge:ident, $node:ident) => {
        /// A page of a growing list, as rows of the connection.
        pub struct $connection {
            info: async_graphql::connection::PageInfo,
            edges: Vec<(u64, std::sync::Arc<$node>)>,
            total: Option<u64>,
        }

        impl $connection {
            /// A page of rows.
            pub fn new<T>(rows: $crate::api::page::Rows<T>, wrap: impl Fn(T) -> $node) -> Self {
                let info = rows.info();
                let total = rows.total;
                let edges = rows.rows.into_iter().map(|(key, row)| (key, std::sync::Arc::new(wrap(row)))).collect();
                Self { info, edges, total }
            }
        }

        $(#[$doc])*
        #[async_graphql::Object]
        impl $connection {
            /// The rows of this page, each with its cursor.
            async fn edges(&self) -> Vec<$edge> {
                self.edges.iter().map(|(key, node)| $edge { key: *key, node: node.clone() }).collect()
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
            key: u64,
            node: std::sync::Arc<$node>,
        }

        $(#[$edge_doc])*
        #[async_graphql::Object]
        impl $edge {
            /// The cursor to go on from here, in `after` or `before`.
            async fn cursor(&self) -> String {
                $crate::api::page::cursor(self.key)
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
            assert!(Args::forward(Some(size), None).read().is_err(), "{size}");
            assert!((1..=100).contains(&cost(Some(size), None)));
        }
        assert_eq!(cost(None, None), 20);
        assert_eq!(cost(None, Some(7)), 7);
    }

    #[test]
    fn backward_pages_read_the_other_way_and_answer_in_order() {
        let args = Args { last: Some(2), before: Some(cursor(9)), ..Args::default() };
        let page = args.read().unwrap();
        assert_eq!(page.window(false), selection::Page { after: Some(9), limit: 3, newest_first: true });
        let rows = page.rows(vec![8_u64, 7, 6], |row| *row);
        assert_eq!(rows.rows, [(7, 7), (8, 8)]);
        assert!(rows.has_previous && rows.has_next);
    }
}
