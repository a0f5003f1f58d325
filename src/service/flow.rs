//! Flows: what passed between parties and areas, small enough for a diagram.
//!
//! The ends with the most money are shown by themselves, all others together as one end, so that
//! nothing is left out and the size is bounded whatever the country's.

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::cell::Sums;
use crate::ledger::ids::PartyKey;
use crate::ledger::money::Currency;
use crate::ledger::selection::{GroupBy, GroupKey, MoneyFilter};
use crate::ledger::state::Tables;
use crate::ledger::statement::HopSums;
use crate::ledger::token::HopKind;
pub use crate::store::views::groups::{End, Link};

use super::node::Node;
use super::reads::{Moment, ReadError};

/// An end of flows as it is shown; none for all that are not shown by themselves.
pub type Shown = Option<End>;

/// A node of the diagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowNode {
    /// What it is.
    pub end: Shown,
    /// The key as text, stable and unlike any other: `PARTY:` and a party's id, `AREA:` and an area's
    /// path, `NOBODY`, `OTHERS`.
    pub key: String,
    /// What people call it.
    pub label: String,
    /// Sent from here by the links shown, in minor units.
    pub sent: i128,
    /// Arrived here by the links shown, in minor units.
    pub arrived: i128,
    /// Held here, of the same money; none for areas and nobody.
    pub held: Option<i128>,
}

/// A link of the diagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowLink {
    /// The key of the node that sent.
    pub source: String,
    /// The key of the node to which it was sent.
    pub target: String,
    /// The kind of its hops.
    pub kind: HopKind,
    /// Sums over them.
    pub hops: HopSums,
}

/// Links and nodes, the largest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The moment.
    pub moment: Moment,
    /// The currency; none when no money passed.
    pub currency: Option<Currency>,
    /// The nodes.
    pub nodes: Vec<FlowNode>,
    /// The links.
    pub links: Vec<FlowLink>,
    /// How many ends are shown together.
    pub others: u64,
}

impl Node {
    /// What passed between parties and areas, with so many nodes at most.
    pub async fn flow(
        &self,
        filter: &MoneyFilter,
        area_level: u32,
        nodes_max: usize,
        moment: Moment,
    ) -> Result<Flow, ReadError> {
        let links = self.views().links(filter, area_level, moment.height, moment.at).await?;
        let currencies: BTreeSet<Currency> = links.iter().map(|link| link.currency).collect();
        if currencies.len() > 1 {
            return Err(ReadError::MixedCurrencies(currencies.into_iter().collect()));
        }
        // What a party holds does not depend on whom the diagram is about.
        let everybody = MoneyFilter { party: None, ..filter.clone() };
        let sums = self.views().sums(&everybody, GroupBy::Party, moment.height, moment.at).await?;
        let held = sums.into_iter().filter_map(|((group, currency), Sums { statement, .. })| match group {
            GroupKey::Party(party) if currencies.contains(&currency) => {
                Some((party, statement.held + statement.returned))
            }
            _ => None,
        });
        let (nodes, links, others) = diagram(links, &held.collect(), nodes_max, &self.tables());
        Ok(Flow { moment, currency: currencies.into_iter().next(), nodes, links, others })
    }
}

/// Merges the ends with the least money until there are so many nodes at most.
fn diagram(
    links: Vec<Link>,
    held: &BTreeMap<PartyKey, i128>,
    nodes_max: usize,
    tables: &Tables,
) -> (Vec<FlowNode>, Vec<FlowLink>, u64) {
    let mut passed: BTreeMap<End, i128> = BTreeMap::new();
    for link in &links {
        let most = link.hops.sent.max(link.hops.arrived);
        for end in [&link.from, &link.to] {
            *passed.entry(end.clone()).or_default() += most;
        }
    }
    let mut ends: Vec<(End, i128)> = passed.into_iter().collect();
    ends.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    let merged = if ends.len() > nodes_max { ends.split_off(nodes_max.saturating_sub(1)) } else { Vec::new() };
    let mut order: Vec<Shown> = ends.into_iter().map(|(end, _)| Some(end)).collect();
    let mut nodes: BTreeMap<Shown, FlowNode> = BTreeMap::new();
    for end in order.iter().flatten() {
        nodes.insert(Some(end.clone()), node(Some(end.clone()), held_by(end, held), tables));
    }
    if !merged.is_empty() {
        let sum = merged.iter().filter_map(|(end, _)| held_by(end, held)).sum();
        nodes.insert(None, node(None, Some(sum), tables));
        order.push(None);
    }
    let mut shown: BTreeMap<(Shown, Shown, HopKind), Sums> = BTreeMap::new();
    let as_shown =
        |end: End, nodes: &BTreeMap<Shown, FlowNode>| Some(end).filter(|end| nodes.contains_key(&Some(end.clone())));
    for Link { from, to, kind, hops, .. } in links {
        let ends = (as_shown(from, &nodes), as_shown(to, &nodes));
        for (end, sent, arrived) in [(&ends.0, hops.sent, 0), (&ends.1, 0, hops.arrived)] {
            let node = nodes.get_mut(end).expect("every end is a node, by itself or with others");
            node.sent += sent;
            node.arrived += arrived;
        }
        shown.entry((ends.0, ends.1, kind)).or_default().add(&Sums { hops, ..Sums::default() });
    }
    let mut links: Vec<FlowLink> = shown
        .into_iter()
        .map(|((from, to, kind), Sums { hops, .. })| FlowLink {
            source: nodes[&from].key.clone(),
            target: nodes[&to].key.clone(),
            kind,
            hops,
        })
        .collect();
    links.sort_by_key(|link| std::cmp::Reverse(link.hops.sent.max(link.hops.arrived)));
    let nodes = order.iter().filter_map(|end| nodes.remove(end)).collect();
    // A length in memory always fits into 64 bits.
    (nodes, links, merged.len() as u64)
}

/// What an end holds: nobody and recipients are accountable for nothing.
fn held_by(end: &End, held: &BTreeMap<PartyKey, i128>) -> Option<i128> {
    match end {
        End::Party(party) => Some(held.get(party).copied().unwrap_or(0)),
        End::Nobody | End::Area(_) => None,
    }
}

fn node(end: Shown, held: Option<i128>, tables: &Tables) -> FlowNode {
    let (key, label) = match &end {
        None => ("OTHERS".to_owned(), "others".to_owned()),
        Some(End::Nobody) => ("NOBODY".to_owned(), "nobody sent it".to_owned()),
        Some(End::Area(path)) => (format!("AREA:{path}"), path.clone()),
        Some(End::Party(party)) => match tables.parties.get(party) {
            Some(party) => (format!("PARTY:{}", party.id), party.label.clone()),
            None => (format!("PARTY:{party}"), party.to_string()),
        },
    };
    FlowNode { end, key, label, sent: 0, arrived: 0, held }
}
