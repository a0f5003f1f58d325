//! `viewer`.

use async_graphql::{Context, Object, Result};

use crate::api::request::api;
use crate::api::types::viewer::Viewer;

/// The group of fields about who is logged in.
#[derive(Default)]
pub struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// The officer who is logged in, and what waits for them. Added in 0.1.0.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Viewer> {
        Ok(Viewer(api(ctx)?.viewer()?.clone()))
    }
}
