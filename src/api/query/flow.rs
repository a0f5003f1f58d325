//! `flow`.

use async_graphql::{Context, Object, Result};

use crate::api::error::bad_input;
use crate::api::request::api;
use crate::api::scalar::DateTime;
use crate::api::types::flow::Flow;
use crate::limits::{FLOW_NODES_DEFAULT, FLOW_NODES_MAX, SUM_WEIGHT};

use super::report::{self, AREA_LEVEL_DEFAULT, MoneyFilter};

/// The group of the field that shows flows.
#[derive(Default)]
pub struct FlowQuery;

#[Object]
impl FlowQuery {
    /// What passed between parties and areas, ready for a diagram. With a party in the filter, what
    /// it sent and what was sent to it. The error `MIXED_CURRENCIES` when the money is in several.
    /// Added in 0.1.0.
    #[graphql(complexity = "SUM_WEIGHT + child_complexity")]
    async fn flow(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which money; all when left out.")] filter: Option<MoneyFilter>,
        #[graphql(desc = "How many names of an area's path are told apart: 1 to 2,147,483,647, default 1.")]
        area_level: Option<i32>,
        #[graphql(desc = "How many nodes at most, the last for all the rest: 2 to 100, default 30.")] nodes: Option<
            i32,
        >,
        #[graphql(desc = "The moment, not later than the last block; that when left out.")] as_of: Option<DateTime>,
    ) -> Result<Flow> {
        let api = api(ctx)?;
        report::may_sum(api)?;
        let area_level = match u32::try_from(area_level.unwrap_or(AREA_LEVEL_DEFAULT)) {
            Ok(level) if level > 0 => level,
            _ => return Err(bad_input("`areaLevel` is at least 1")),
        };
        let nodes = match nodes.map(usize::try_from) {
            None => FLOW_NODES_DEFAULT,
            Some(Ok(nodes @ 2..=FLOW_NODES_MAX)) => nodes,
            Some(_) => return Err(bad_input(format!("`nodes` is from 2 to {FLOW_NODES_MAX}"))),
        };
        let filter = report::read(api, filter)?;
        let moment = report::moment(api, as_of).await?;
        Ok(Flow(api.node.flow(&filter, area_level, nodes, moment).await?))
    }
}
