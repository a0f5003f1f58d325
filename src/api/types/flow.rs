//! Flows of money between parties and areas.

use async_graphql::{Context, Enum, Object, Result};

use crate::api::page::Weight;
use crate::api::scalar::{CurrencyCode, DateTime, LogIndex};
use crate::ledger::money::Currency;
use crate::service::flow::{self, End};

use super::money::Money;
use super::names::HopKind;
use super::party::Party;

/// What a node of a flow is. Added in 0.1.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum FlowNodeKind {
    /// A party.
    Party,
    /// The recipients and end payees of an area.
    Area,
    /// Nobody: money arrived there that was never sent.
    Nobody,
    /// Every party and area that has no node of its own.
    Others,
}

/// What passed between parties and areas.
pub struct Flow(pub flow::Flow);

/// What passed between parties and areas at one moment, as nodes and links of a diagram. Nothing
/// is left out: what is too small for a node of its own is in the node `OTHERS`. Added in 0.1.0.
#[Object]
impl Flow {
    /// The moment at which deadlines are judged: what was asked for, or the last block's time.
    async fn as_of(&self) -> DateTime {
        self.0.moment.at.into()
    }

    /// The height of the last block that counts.
    async fn height(&self) -> LogIndex {
        LogIndex(self.0.moment.height)
    }

    /// The currency of all its amounts; null when no money passed.
    async fn currency(&self) -> Option<CurrencyCode> {
        self.0.currency.map(CurrencyCode)
    }

    /// The nodes, those with the most money first, `OTHERS` last.
    #[graphql(complexity = "Weight(30) * child_complexity")]
    async fn nodes(&self) -> Vec<FlowNode> {
        let of = |currency| self.0.nodes.iter().cloned().map(move |node| FlowNode { node, currency });
        self.0.currency.into_iter().flat_map(of).collect()
    }

    /// The links, those with the most money first.
    #[graphql(complexity = "Weight(60) * child_complexity")]
    async fn links(&self) -> Vec<FlowLink> {
        let of = |currency| self.0.links.iter().cloned().map(move |link| FlowLink { link, currency });
        self.0.currency.into_iter().flat_map(of).collect()
    }

    /// How many parties and areas are together in the node `OTHERS`: 0 to 2,147,483,647.
    async fn others(&self) -> i32 {
        i32::try_from(self.0.others).unwrap_or(i32::MAX)
    }
}

/// A node of a flow.
pub struct FlowNode {
    node: flow::FlowNode,
    currency: Currency,
}

/// Where money came from or went to. Added in 0.1.0.
#[Object]
impl FlowNode {
    /// The key that links name it by, stable: `PARTY:` and a party's UUID, `AREA:` and an area's path,
    /// `NOBODY`, `OTHERS`.
    async fn key(&self) -> &str {
        &self.node.key
    }

    /// What people call it.
    async fn label(&self) -> &str {
        &self.node.label
    }

    /// What it is.
    async fn kind(&self) -> FlowNodeKind {
        match &self.node.end {
            None => FlowNodeKind::Others,
            Some(End::Nobody) => FlowNodeKind::Nobody,
            Some(End::Party(_)) => FlowNodeKind::Party,
            Some(End::Area(_)) => FlowNodeKind::Area,
        }
    }

    /// The party; null for the other kinds.
    async fn party(&self, ctx: &Context<'_>) -> Result<Option<Party>> {
        match &self.node.end {
            Some(End::Party(key)) => Party::known(ctx, *key).map(Some),
            _ => Ok(None),
        }
    }

    /// The sum of what was sent from here by the links, gross.
    async fn sent(&self) -> Money {
        Money::of(self.node.sent, self.currency)
    }

    /// The sum of what arrived here by the links.
    async fn arrived(&self) -> Money {
        Money::of(self.node.arrived, self.currency)
    }

    /// What is held or returned here, of the money that the filter means; null where nobody is
    /// accountable, for areas and `NOBODY`.
    async fn held(&self) -> Option<Money> {
        self.node.held.map(|held| Money::of(held, self.currency))
    }
}

/// A link of a flow.
pub struct FlowLink {
    link: flow::FlowLink,
    currency: Currency,
}

/// What passed from one node to another by hops of one kind:
/// `sent = arrived + deducted + refused + lost + unanswered`. Added in 0.1.0.
#[Object]
impl FlowLink {
    /// The key of the node that sent.
    async fn source(&self) -> &str {
        &self.link.source
    }

    /// The key of the node to which it was sent.
    async fn target(&self) -> &str {
        &self.link.target
    }

    /// The kind of its hops.
    async fn hop_kind(&self) -> HopKind {
        self.link.kind.into()
    }

    /// Sent, gross.
    async fn sent(&self) -> Money {
        Money::of(self.link.hops.sent, self.currency)
    }

    /// Arrived in all, by the receivers' word.
    async fn arrived(&self) -> Money {
        Money::of(self.link.hops.arrived, self.currency)
    }

    /// Deductions declared on the way.
    async fn deducted(&self) -> Money {
        Money::of(self.link.hops.deducted, self.currency)
    }

    /// Refused by receivers or bounced by banks.
    async fn refused(&self) -> Money {
        Money::of(self.link.hops.refused, self.currency)
    }

    /// The sum of `shortfall` over answered hops; negative when more came than was sent.
    async fn lost(&self) -> Money {
        Money::of(self.link.hops.loss, self.currency)
    }

    /// Sent and not answered by the receivers yet.
    async fn unanswered(&self) -> Money {
        Money::of(self.link.hops.unanswered(), self.currency)
    }
}
