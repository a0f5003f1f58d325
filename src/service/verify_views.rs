//! The stored views against the views derived anew, table by table and row by row.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::ledger::case::Case;
use crate::ledger::cell::{Cell, CellKey, Fund, FundId};
use crate::ledger::hop::Hop;
use crate::ledger::ids::PartyKey;
use crate::ledger::note::Note;
use crate::ledger::registry::Party;
use crate::ledger::registry::{Allocation, Programme};
use crate::ledger::state::Tables;
use crate::ledger::token::Token;
use crate::store::views::Views;
use crate::store::views::blocks::{BlockRow, OperationRow, Tile};
use crate::store::views::error::ViewsError;

use super::verified::{Fault, Part};
use super::verify::{VerifyError, Walk, views_fault};

/// Rows that are read of each side at once.
const PAGE_ROWS: u64 = 5_000;

/// How often the views may move on while one page is compared.
const MOVES_MAX: u32 = 1_000;

/// Differing fields that a fault names.
const DIFFERENCES_NAMED: usize = 4;

/// Compares the stored views with derived ones of the same height.
pub(super) struct Comparison<'a> {
    walk: &'a mut Walk,
    views: &'a Views,
    moves: u32,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(walk: &'a mut Walk, views: &'a Views) -> Self {
        Self { walk, views, moves: 0 }
    }

    /// Compares everything; the answer is the first fault.
    pub(super) async fn run(mut self) -> Result<Option<Fault>, VerifyError> {
        match self.everything().await {
            Ok(()) => Ok(None),
            Err(Stop::Fault(fault)) => Ok(Some(fault)),
            Err(Stop::Error(error)) => Err(error),
        }
    }

    async fn everything(&mut self) -> Result<(), Stop> {
        self.applied().await?;
        self.resident().await?;
        self.table(
            "blocks",
            |views: Views, after| async move { views.blocks_after(after, PAGE_ROWS).await },
            |row: &BlockRow| row.height,
            |key| key.to_string(),
        )
        .await?;
        self.table(
            "operations",
            |views: Views, after| async move { views.operations_after(after, PAGE_ROWS).await },
            |row: &OperationRow| row.recorded.entry,
            |key| key.to_string(),
        )
        .await?;
        self.table(
            "programmes",
            |views: Views, after| async move { views.programme_versions_after(after, PAGE_ROWS).await },
            |row: &Programme| (row.id, row.version),
            |(id, version)| format!("{id}, version {version}"),
        )
        .await?;
        self.table(
            "allocations",
            |views: Views, after| async move { views.allocations_after(after, PAGE_ROWS).await },
            |row: &Allocation| row.id,
            |key| key.to_string(),
        )
        .await?;
        self.table(
            "tokens",
            |views: Views, after| async move { views.tokens_after(after, PAGE_ROWS).await },
            |row: &Token| row.id,
            |key| key.to_string(),
        )
        .await?;
        self.table(
            "hops",
            |views: Views, after| async move { views.hop_versions_after(after, PAGE_ROWS).await },
            |(hop, _): &(Hop, Option<u64>)| (hop.id, hop.version),
            |(id, version)| format!("{id}, version {version}"),
        )
        .await?;
        self.table(
            "notes",
            |views: Views, after| async move { views.notes_after(after, PAGE_ROWS).await },
            |row: &Note| row.id,
            |key| key.to_string(),
        )
        .await?;
        self.table(
            "case_versions",
            |views: Views, after| async move { views.case_versions_after(after, PAGE_ROWS).await },
            |row: &Case| (row.id, row.version),
            |(id, version)| format!("{id}, version {version}"),
        )
        .await?;
        self.table(
            "imported_rows",
            |views: Views, after| async move { views.imported_rows_after(after, PAGE_ROWS).await },
            |(key, _): &([u8; 16], Option<u64>)| *key,
            hex::encode,
        )
        .await?;
        self.table(
            "funds",
            |views: Views, after| async move { views.funds_after(after, PAGE_ROWS).await },
            |(id, _): &(FundId, Fund)| *id,
            |id| id.0.to_string(),
        )
        .await?;
        self.table(
            "cells",
            |views: Views, after| async move { views.cells_after(after, PAGE_ROWS).await },
            |(id, _): &(u32, CellKey)| *id,
            |id| id.to_string(),
        )
        .await?;
        self.table(
            "cell_rows",
            |views: Views, after| async move { views.cell_rows_after(after, PAGE_ROWS).await },
            |(cell, height, _): &(u32, u64, Cell)| (*cell, *height),
            |(cell, height)| format!("cell {cell}, height {height}"),
        )
        .await?;
        self.table(
            "tiles",
            |views: Views, after| async move { views.tiles_after(after, PAGE_ROWS).await },
            |(level, number, _): &Tile| (*level, *number),
            |(level, number)| format!("level {level}, number {number}"),
        )
        .await
    }

    /// The height that the views state, and the digest of all changes with it.
    async fn applied(&mut self) -> Result<(), Stop> {
        loop {
            let stored = self.views.applied().await?;
            let derived = self.walk.derived().await?;
            if stored == derived {
                return Ok(());
            }
            if !self.has_moved().await? {
                let what = format!("they were made from another chain: {}", differences(&stored, &derived));
                return Err(Stop::Fault(Fault { block: stored.height, ..Fault::in_views(what) }));
            }
        }
    }

    /// The tables that are small: areas, parties, keys, appropriations, totals.
    async fn resident(&mut self) -> Result<(), Stop> {
        loop {
            let stored = self.views.load_resident().await?;
            let derived = self.walk.scratch.load_resident().await.map_err(VerifyError::from)?;
            match resident_fault(&stored, &derived) {
                None => {
                    self.walk.verified.view_rows.extend([
                        ("areas", count(stored.areas.len())),
                        ("parties", count(stored.parties.len())),
                        ("officer_keys", count(stored.keys.len())),
                        ("appropriations", count(stored.appropriations.len())),
                        ("totals", count(stored.totals.len())),
                    ]);
                    return Ok(());
                }
                Some(fault) => {
                    if !self.has_moved().await? {
                        return Err(Stop::Fault(fault));
                    }
                }
            }
        }
    }

    /// One table, page by page: both sides at once, and the next page while one is compared.
    async fn table<R, K, F>(
        &mut self,
        table: &'static str,
        page: impl Fn(Views, Option<K>) -> F,
        key: impl Fn(&R) -> K,
        text: impl Fn(K) -> String,
    ) -> Result<(), Stop>
    where
        R: Debug + PartialEq + Send + 'static,
        K: Copy + Ord,
        F: Future<Output = Result<Vec<R>, ViewsError>> + Send + 'static,
    {
        let (mut at, mut rows) = (None, 0);
        let mut reading = None;
        loop {
            let Pages { stored, derived } = reading.take().unwrap_or_else(|| self.pages(&page, at));
            let stored = read(stored).await.map_err(|why| in_table(table, &why))?;
            let derived = read(derived).await.map_err(VerifyError::from)?;
            let Some(last) = stored.last().map(&key) else {
                match first_difference(&stored, &derived, &key) {
                    None => break,
                    Some(difference) => self.differ(table, difference, &text).await?,
                }
                continue;
            };
            let next = self.pages(&page, Some(last));
            match first_difference(&stored, &derived, &key) {
                None => (at, reading) = (Some(last), Some(next)),
                // What was read on is of the views before they moved.
                Some(difference) => {
                    self.differ(table, difference, &text).await?;
                    continue;
                }
            }
            rows += count(stored.len());
        }
        self.walk.verified.view_rows.push((table, rows));
        Ok(())
    }

    /// Begins to read a page of both sides, after a key.
    fn pages<R, K, F>(&self, page: impl Fn(Views, Option<K>) -> F, after: Option<K>) -> Pages<R>
    where
        R: Send + 'static,
        K: Copy,
        F: Future<Output = Result<Vec<R>, ViewsError>> + Send + 'static,
    {
        let stored = tokio::spawn(page(self.views.clone(), after));
        Pages { stored, derived: tokio::spawn(page(self.walk.scratch.clone(), after)) }
    }

    /// A difference at a key: nothing when the stored views have moved on meanwhile.
    async fn differ<K>(
        &mut self,
        table: &'static str,
        (at, what): (K, String),
        text: impl Fn(K) -> String,
    ) -> Result<(), Stop> {
        if self.has_moved().await? {
            return Ok(());
        }
        Err(Stop::Fault(Fault { table: Some(table), key: Some(text(at)), ..Fault::in_views(what) }))
    }

    /// Whether the stored views are at another height than the derived ones; if so the derived
    /// ones follow.
    async fn has_moved(&mut self) -> Result<bool, Stop> {
        let (stored, derived) = (self.views.applied().await?.height, self.walk.derived().await?.height);
        let Some(height) = stored.filter(|stored| derived.is_none_or(|derived| *stored > derived)) else {
            return Ok(false);
        };
        self.moves += 1;
        if self.moves > MOVES_MAX {
            return Err(Stop::Error(VerifyError::TooBusy));
        }
        self.walk.verified.views_height = Some(height);
        self.walk.walk_to(height, |_| ()).await?;
        match self.walk.verified.fault.take() {
            Some(fault) => Err(Stop::Fault(fault)),
            None => Ok(true),
        }
    }
}

/// A page that is being read, of both sides.
struct Pages<R> {
    stored: JoinHandle<Result<Vec<R>, ViewsError>>,
    derived: JoinHandle<Result<Vec<R>, ViewsError>>,
}

async fn read<R>(page: JoinHandle<Result<Vec<R>, ViewsError>>) -> Result<Vec<R>, ViewsError> {
    page.await.unwrap_or_else(|why| std::panic::resume_unwind(why.into_panic()))
}

/// Why the comparison ends early.
enum Stop {
    Fault(Fault),
    Error(VerifyError),
}

impl From<VerifyError> for Stop {
    fn from(error: VerifyError) -> Self {
        Self::Error(error)
    }
}

/// Of the stored views; what is wrong with the derived ones is an error and says so.
impl From<ViewsError> for Stop {
    fn from(error: ViewsError) -> Self {
        Self::Fault(views_fault(&error))
    }
}

fn in_table(table: &'static str, error: &ViewsError) -> Stop {
    Stop::Fault(Fault { table: Some(table), ..views_fault(error) })
}

fn resident_fault(stored: &Tables, derived: &Tables) -> Option<Fault> {
    fn same<K: Ord + Debug, V: PartialEq + Debug>(
        table: &'static str,
        stored: &BTreeMap<K, V>,
        derived: &BTreeMap<K, V>,
        text: impl Fn(&K) -> String,
    ) -> Option<Fault> {
        let keys = stored.keys().chain(derived.keys());
        let key = keys.filter(|key| stored.get(key) != derived.get(key)).min()?;
        let what = match (stored.get(key), derived.get(key)) {
            (Some(stored), Some(derived)) => differences(stored, derived),
            (Some(_), None) => NOT_FROM_THE_CHAIN.to_owned(),
            (None, _) => MISSING.to_owned(),
        };
        Some(Fault { part: Part::Views, table: Some(table), key: Some(text(key)), ..Fault::in_views(what) })
    }
    fn parties(tables: &Tables) -> BTreeMap<PartyKey, Arc<Party>> {
        tables.parties.values().map(|party| (party.key, party)).collect()
    }
    fn shown<K: Display>(key: &K) -> String {
        key.to_string()
    }
    same("areas", &stored.areas, &derived.areas, shown)
        .or_else(|| same("parties", &parties(stored), &parties(derived), shown))
        .or_else(|| same("officer_keys", &stored.keys, &derived.keys, |key| hex::encode(key.0)))
        .or_else(|| {
            let text = |(programme, cycle): &(_, String)| format!("programme {programme}, cycle {cycle}");
            same("appropriations", &stored.appropriations, &derived.appropriations, text)
        })
        .or_else(|| same("totals", &stored.totals, &derived.totals, shown))
}

const NOT_FROM_THE_CHAIN: &str = "the row does not follow from the chain";
const MISSING: &str = "the row is missing";

/// The first key at which two pages differ, and how.
fn first_difference<R: Debug + PartialEq, K: Copy + Ord>(
    stored: &[R],
    derived: &[R],
    key: impl Fn(&R) -> K,
) -> Option<(K, String)> {
    let at = stored.iter().zip(derived).position(|(stored, derived)| stored != derived);
    let at = at.or_else(|| (stored.len() != derived.len()).then(|| stored.len().min(derived.len())))?;
    match (stored.get(at), derived.get(at)) {
        (Some(stored), Some(derived)) if key(stored) == key(derived) => {
            Some((key(stored), differences(stored, derived)))
        }
        (Some(stored), derived) if derived.is_none_or(|derived| key(stored) < key(derived)) => {
            Some((key(stored), NOT_FROM_THE_CHAIN.to_owned()))
        }
        (_, Some(derived)) => Some((key(derived), MISSING.to_owned())),
        (_, None) => None,
    }
}

/// The fields in which two records differ: `amount: here 900, from the chain 1000`.
fn differences(stored: &impl Debug, derived: &impl Debug) -> String {
    let (stored, derived) = (format!("{stored:#?}"), format!("{derived:#?}"));
    // A value may stand on lines of its own below its field's name.
    let mut field = "";
    let mut named = Vec::new();
    for (stored, derived) in stored.lines().zip(derived.lines()) {
        let (name, here) = name_and_value(stored);
        field = name.unwrap_or(field);
        if stored != derived && named.len() < DIFFERENCES_NAMED {
            named.push(format!("{field}: here {here}, from the chain {}", name_and_value(derived).1));
        }
    }
    match named.is_empty() {
        true => "the rows differ in length".to_owned(),
        false => named.join("; "),
    }
}

/// The name and the value of a line of a record's debug text; without a name, all of it.
fn name_and_value(line: &str) -> (Option<&str>, &str) {
    let line = line.trim().trim_end_matches(',');
    match line.split_once(": ") {
        Some((name, value)) if name.chars().all(|c| c.is_ascii_lowercase() || c == '_') => (Some(name), value),
        _ => (None, line),
    }
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}
