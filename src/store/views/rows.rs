//! Reading rows: by lists of keys, and by pages that follow a key.

use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select, Value};

use crate::ledger::selection::{Count, Listed, Page};

use super::Views;
use super::error::ViewsError;

/// Keys that one statement names.
const KEYS_MAX: usize = 4_096;

impl Views {
    /// The rows that name one of the keys, one statement for every so many keys. Keys that no
    /// row names are passed over.
    pub(super) async fn rows_in<E: EntityTrait>(
        &self,
        what: &'static str,
        column: E::Column,
        keys: impl IntoIterator<Item = impl Into<Value>>,
        also: Condition,
    ) -> Result<Vec<E::Model>, ViewsError> {
        let mut keys: Vec<Value> = keys.into_iter().map(Into::into).collect();
        let mut found = Vec::new();
        while !keys.is_empty() {
            let mut some = keys.split_off(keys.len().saturating_sub(KEYS_MAX));
            // Few lengths, so that few statements are prepared: the last key fills up.
            let last = some.last().cloned().unwrap_or(Value::BigInt(None));
            some.resize(some.len().next_power_of_two(), last);
            let select = E::find().filter(column.is_in(some)).filter(also.clone());
            found.extend(select.all(&self.readers).await.map_err(ViewsError::read(what))?);
        }
        Ok(found)
    }

    /// The rows of a page, given as the page's key in its column.
    pub(super) async fn page_of<E: EntityTrait>(
        &self,
        what: &'static str,
        column: E::Column,
        meant: Meant,
        page: Page<i64>,
    ) -> Result<Listed<E::Model, i64>, ViewsError> {
        let bound = match page.look_max {
            Some(look_max) if !meant.looked_at.is_empty() => {
                self.key_after::<E>(what, column, &meant.served, page, look_max).await?
            }
            _ => None,
        };
        let within = bound.map(|key| if page.newest_first { column.gte(key) } else { column.lte(key) });
        let found = E::find().filter(meant.served).filter(meant.mostly).filter(meant.looked_at);
        let found = found.filter(Condition::all().add_option(within));
        let rows = paged(found, column, page).all(&self.readers).await.map_err(ViewsError::read(what))?;
        let is_full = u64::try_from(rows.len()).is_ok_and(|found| found >= page.limit);
        Ok(Listed { rows, stopped_at: bound.filter(|_| !is_full) })
    }

    /// How many rows a filter shows, of the newest `look_max`.
    pub(super) async fn count_of<E: EntityTrait>(
        &self,
        what: &'static str,
        column: E::Column,
        meant: Meant,
        look_max: Option<u64>,
    ) -> Result<Count, ViewsError> {
        let bound = match look_max {
            Some(look_max) => {
                let all = Page::newest_first(None, look_max);
                // One more than may be counted: only then are there too many.
                self.key_after::<E>(what, column, &meant.served, all, look_max + 1).await?
            }
            None => None,
        };
        let found = E::find().filter(meant.served).filter(meant.mostly).filter(meant.looked_at);
        let found = found.filter(Condition::all().add_option(bound.map(|key| column.gt(key))));
        let found = found.select_only().column_as(column.count(), "number");
        let row = found.into_tuple::<i64>().one(&self.readers).await;
        let rows = row.map_err(ViewsError::read(what))?.unwrap_or_default();
        Ok(Count { rows: u64::try_from(rows).unwrap_or_default(), whole: bound.is_none() })
    }

    /// The key of the row that comes so many rows after the page's key, if there is one. Only the
    /// index or the key is read, not the rows.
    async fn key_after<E: EntityTrait>(
        &self,
        what: &'static str,
        column: E::Column,
        served: &Condition,
        page: Page<i64>,
        rows: u64,
    ) -> Result<Option<i64>, ViewsError> {
        let select = paged(E::find().filter(served.clone()), column, Page { limit: 1, ..page });
        let select = select.select_only().column(column).offset(rows.saturating_sub(1));
        select.into_tuple::<i64>().one(&self.readers).await.map_err(ViewsError::read(what))
    }
}

/// What a list shows: what an index or the key finds, and what is looked for among the rows that
/// it finds. That part runs along the key, so its way is bounded.
pub(super) struct Meant {
    /// Served by an index, or by the key.
    pub served: Condition,
    /// True of nearly every row that it finds, so that no way gets long by it.
    pub mostly: Condition,
    /// Looked for row by row.
    pub looked_at: Condition,
}

impl Meant {
    /// Everything, or what the key finds.
    pub(super) fn served(served: Condition) -> Self {
        Self { served, mostly: Condition::all(), looked_at: Condition::all() }
    }
}

fn paged<E: EntityTrait>(select: Select<E>, column: E::Column, page: Page<i64>) -> Select<E> {
    let order = if page.newest_first { Order::Desc } else { Order::Asc };
    let select = match page.after {
        None => select,
        Some(after) if page.newest_first => select.filter(column.lt(after)),
        Some(after) => select.filter(column.gt(after)),
    };
    select.order_by(column, order).limit(page.limit)
}
