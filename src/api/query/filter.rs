//! What filters name: programmes by id or code, parties by id or UUID.
//!
//! An id that cannot be one is an error; in lists, one that names nothing matches nothing, so that
//! what is hidden looks like what is absent. Sums are for those from whom nothing is hidden: there
//! it is an error, because a sum of nothing would look like an answer.

use async_graphql::{Error, ID, Result};

use crate::api::error::bad_input;
use crate::api::id::{self, NodeId};
use crate::api::request::Api;
use crate::api::scalar::{DateTime, Uuid};
use crate::ledger::ids::{KeyId, PartyKey, ProgrammeId};
use crate::ledger::selection::Span;
use crate::service::node::Node;

/// The filter names something that is not there: nothing fits it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nothing;

/// What a filter's field comes to: no condition, something, or nothing that could fit.
pub type Named<T> = Result<Option<T>, Nothing>;

/// The programme that a filter names.
pub fn programme(node: &Node, named: Option<&ID>) -> Result<Named<ProgrammeId>> {
    let Some(named) = named else { return Ok(Ok(None)) };
    let found = match NodeId::parse(named) {
        Ok(NodeId::Programme(id)) => node.tables().programmes.contains_key(&id).then_some(id),
        // The id of something else: the reader of programme ids says so.
        Ok(_) => Some(id::programme(named)?),
        Err(_) => node.programme_named(named).map(|programme| programme.id),
    };
    Ok(found.map(Some).ok_or(Nothing))
}

/// The party that a filter names.
pub fn party(node: &Node, named: Option<&ID>) -> Result<Named<PartyKey>> {
    let Some(named) = named else { return Ok(Ok(None)) };
    let uuid = id::party(named)?;
    Ok(node.party_by_id(uuid).map(|party| Some(party.key)).ok_or(Nothing))
}

/// The keys of the officer that a filter names, revoked ones too.
pub fn officer(node: &Node, officer: Option<Uuid>) -> Named<Vec<KeyId>> {
    let Some(Uuid(officer)) = officer else { return Ok(None) };
    let tables = node.tables();
    let keys: Vec<KeyId> = tables.keys_of(officer).map(|key| key.key).collect();
    if keys.is_empty() { Err(Nothing) } else { Ok(Some(keys)) }
}

/// The programme that a sum's filter names, which must be there.
pub fn known_programme(node: &Node, named: Option<&ID>) -> Result<Option<ProgrammeId>> {
    programme(node, named)?.map_err(|Nothing| absent("programme", named))
}

/// The party that a sum's filter names, which must be there.
pub fn known_party(node: &Node, named: Option<&ID>) -> Result<Option<PartyKey>> {
    party(node, named)?.map_err(|Nothing| absent("party", named))
}

/// The entries of a span of time.
pub async fn span(api: &Api, from: Option<DateTime>, to: Option<DateTime>) -> Result<Span> {
    api.settle().await;
    Ok(api.node.entries_between(from.map(|at| at.0), to.map(|at| at.0)).await?)
}

/// Checks texts that the books are searched for. None has a NUL, and a database may not take one.
pub fn texts<const N: usize>(texts: [&Option<String>; N]) -> Result<()> {
    match texts.into_iter().flatten().any(|text| text.contains('\0')) {
        true => Err(bad_input("no text here has a NUL character")),
        false => Ok(()),
    }
}

/// The part of a text that is looked for, without regard to case.
pub fn text(part: Option<String>) -> Option<String> {
    part.map(|part| part.to_lowercase())
}

fn absent(what: &str, named: Option<&ID>) -> Error {
    // A client may send megabytes; the answer repeats a line of it.
    let named: String = named.map(|named| named.chars().take(80).collect()).unwrap_or_default();
    bad_input(format!("there is no {what} {named:?}"))
}
