//! `importedRows`.

use async_graphql::{Context, Object, Result};

use crate::api::error::bad_input;
use crate::api::request::api;
use crate::api::types::entry::Entry;
use crate::api::types::imported::ImportedRow;
use crate::limits::IMPORTED_ROWS_MAX;

/// The group of fields about rows of tables.
#[derive(Default)]
pub struct ImportedRowQuery;

#[Object]
impl ImportedRowQuery {
    /// Which rows of a table are in the books, in the order of the keys: whoever imports asks before,
    /// so that an import that was interrupted goes on where it stopped. Added in 0.1.0.
    #[graphql(complexity = "keys.len().min(IMPORTED_ROWS_MAX + 1) * child_complexity")]
    async fn imported_rows(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The rows' keys, each 32 hexadecimal digits, as `trackingImport` takes them; at most 1,000.")]
        keys: Vec<String>,
    ) -> Result<Vec<ImportedRow>> {
        let api = api(ctx)?;
        let reader = api.reader()?;
        if keys.len() > IMPORTED_ROWS_MAX {
            return Err(bad_input(format!("ask for at most {IMPORTED_ROWS_MAX} rows at once, not {}", keys.len())));
        }
        let read = |text: &String| {
            let mut key = [0; 16];
            let read = hex::decode_to_slice(text, &mut key).map(|()| key);
            read.map_err(|_| bad_input(format!("{text:?} is not a row's key: 32 hexadecimal digits")))
        };
        let asked = keys.iter().map(read).collect::<Result<Vec<[u8; 16]>>>()?;
        // Rows belong to nobody in particular: who may see no totals sees none of them.
        let found = match reader.may_see_totals() {
            true => {
                api.settle().await;
                api.node.rows_imported(&asked).await?
            }
            false => Default::default(),
        };
        let row =
            |(key, asked): (String, [u8; 16])| ImportedRow { key, entry: found.get(&asked).cloned().map(Entry::of) };
        Ok(keys.into_iter().zip(asked).map(row).collect())
    }
}
