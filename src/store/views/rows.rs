//! Reading rows: by lists of keys, and by pages that follow a key.

use sea_orm::sea_query::{Condition, IntoCondition};
use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select, Value};

use crate::ledger::selection::Page;

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
        filter: impl IntoCondition,
        page: Page<i64>,
    ) -> Result<Vec<E::Model>, ViewsError> {
        let select = paged(E::find().filter(filter.into_condition()), column, page);
        select.all(&self.readers).await.map_err(ViewsError::read(what))
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
