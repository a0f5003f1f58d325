//! `node`.

use async_graphql::{Context, ID, Interface, Object, Result};

use crate::api::id::NodeId;
use crate::api::query::operation::of_party;
use crate::api::request::api;
use crate::api::types::allocation::Allocation;
use crate::api::types::case::Case;
use crate::api::types::entry::Entry;
use crate::api::types::flag::Flag;
use crate::api::types::hop::Hop;
use crate::api::types::operation::Operation;
use crate::api::types::party::Party;
use crate::api::types::programme::Programme;
use crate::api::types::recipient::Recipient;
use crate::api::types::token::Token;
use crate::ledger::registry::PartyKind;

/// Anything that has an id of its own. Added in 0.1.0.
#[derive(Interface)]
#[graphql(field(
    name = "id",
    ty = "ID",
    desc = "Its id: opaque, unique over the whole chain, with a prefix that says what it names."
))]
pub enum Node {
    /// A token.
    Token(Token),
    /// A hop.
    Hop(Hop),
    /// A party.
    Party(Party),
    /// A recipient.
    Recipient(Recipient),
    /// A programme.
    Programme(Programme),
    /// An allocation.
    Allocation(Allocation),
    /// A case.
    Case(Case),
    /// A flag.
    Flag(Flag),
    /// An entry.
    Entry(Entry),
    /// An operation.
    Operation(Operation),
}

/// The group of fields about anything with an id.
#[derive(Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// Anything by its id; null when there is nothing that may be seen. Added in 0.1.0.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id, with its prefix.")] id: ID,
    ) -> Result<Option<Node>> {
        let api = api(ctx)?;
        let reader = api.reader()?;
        let party = |id| api.node.party_by_id(id).filter(|party| reader.may_see_party(party));
        Ok(match NodeId::parse(&id)? {
            NodeId::Token(id) => Token::by_id(ctx, id).await?.map(Node::Token),
            NodeId::Hop(id) => Hop::by_id(ctx, id).await?.map(Node::Hop),
            NodeId::Party(id) => party(id).map(Party).map(Node::Party),
            NodeId::Recipient(id) => {
                let recipient = party(id).filter(|party| party.kind == PartyKind::Recipient);
                recipient.map(Recipient).map(Node::Recipient)
            }
            NodeId::Programme(id) => Programme::by_id(ctx, id)?.map(Node::Programme),
            NodeId::Allocation(id) => Allocation::by_id(ctx, id).await?.map(Node::Allocation),
            NodeId::Case(id) => Case::by_id(ctx, id)?.map(Node::Case),
            NodeId::Flag(id) => Flag::by_id(ctx, id, None).await?.map(Node::Flag),
            NodeId::Entry(index) => Entry::by_index(ctx, index).await?.map(Node::Entry),
            NodeId::Operation { party, id } => of_party(api, party, id).await?.map(Node::Operation),
        })
    }
}
