//! The way of every mutation: read the input, state the operation, tell what became of it.

use std::sync::{Arc, OnceLock};

use async_graphql::{Context, Result};

use crate::api::request::{Api, api};
use crate::api::types::entry::Entry;
use crate::api::types::operation::Operation;
use crate::ledger::admit::Change;
use crate::ledger::registry::Party;
use crate::limits;
use crate::service::made::Made;
use crate::service::operation::id_time;
use crate::service::orderer::Answer;
use crate::service::record::{NotAccepted, Outcome, Status};

use super::fault::{Fault, Fields, NotTaken};
use super::reading::{InputReader, Stating};
use super::refusal_code::RefusalCode;

/// What became of a mutation, for its payload.
pub struct Told {
    /// What it made, if that was read from the views.
    made: OnceLock<Made>,
    /// What it changed, from which follows what it made: a list of thousands is looked through
    /// only when somebody asks.
    change: Option<Arc<Change>>,
    /// Its place in the log.
    pub entry: Option<Entry>,
    /// How far the operation is.
    pub operation: Option<Operation>,
    /// Whether it was recorded before.
    pub replayed: bool,
    /// Why it was not taken.
    pub faults: Vec<Fault>,
}

impl Told {
    /// Not taken, and nothing is known of an operation.
    pub fn faulty(faults: Vec<Fault>) -> Self {
        let (made, change) = (OnceLock::new(), None);
        Self { made, change, entry: None, operation: None, replayed: false, faults }
    }

    /// Without a standing of the operation: the attempt to act on it failed, not the operation.
    pub fn without_operation(self) -> Self {
        Self { operation: None, ..self }
    }

    /// What it made, once recorded.
    pub fn made(&self) -> Option<&Made> {
        match &self.change {
            Some(change) => Some(self.made.get_or_init(|| Made::of_change(change))),
            None => self.made.get(),
        }
    }

    /// A field of the payload from what it made.
    pub fn of<T>(&self, field: impl FnOnce(&Made) -> T) -> Option<T> {
        self.made().map(field)
    }
}

/// States what an input says, for the officer who is logged in.
pub async fn state<I: Stating>(ctx: &Context<'_>, input: &I) -> Result<Told> {
    let api = api(ctx)?;
    let viewer = api.viewer()?;
    let operation = match InputReader::read(api, viewer, input).await {
        Ok(operation) => operation,
        Err(NotTaken::Faults(faults)) => return Ok(Told::faulty(faults)),
        Err(NotTaken::Error(error)) => return Err(error),
    };
    match api.node.state(viewer, input.id(), input.occurred_at(), operation).await {
        Ok(outcome) => told(api, viewer.party.clone(), outcome).await,
        Err(why) => not_taken(api, viewer.party.clone(), input.id(), why, &I::FIELDS).await,
    }
}

/// Tells an outcome. The party is who states the operation, as far as is known here.
pub async fn told(api: &Api, party: Arc<Party>, outcome: Outcome) -> Result<Told> {
    // Behind by more than a read waits, the objects are null and the status says `RECORDED`.
    let (made, change) = match &outcome.status {
        Status::Recorded(Answer { change: Some(change), .. }) => (None, Some(change.clone())),
        Status::Recorded(answer) => (api.node.made_by(answer.recorded.clone()).await?, None),
        Status::RecordedBefore(entry) => (api.node.made_at(*entry).await?, None),
        _ => (None, None),
    };
    let recorded = match &outcome.status {
        Status::Recorded(answer) => Some(answer.recorded.clone()),
        _ => made.as_ref().map(|made| made.recorded.clone()),
    };
    let replayed = match &outcome.status {
        Status::Recorded(answer) => answer.is_replayed(),
        Status::RecordedBefore(_) => true,
        _ => false,
    };
    let faults = match &outcome.status {
        Status::Refused { code, message } => {
            let code = RefusalCode::parse(code).unwrap_or(RefusalCode::Malformed);
            vec![Fault { field: None, message: message.clone(), code }]
        }
        _ => Vec::new(),
    };
    if let Some(recorded) = &recorded {
        api.recorded(recorded.entry);
    }
    let stating = recorded.as_ref().and_then(|recorded| api.node.tables().parties.get(&recorded.party));
    let operation = Some(Operation::of(stating.unwrap_or(party), outcome));
    let entry = recorded.map(Entry::of);
    let made = made.map_or_else(OnceLock::new, OnceLock::from);
    Ok(Told { made, change, entry, operation, replayed, faults })
}

/// Tells why an operation was not accepted.
pub async fn not_taken(
    api: &Api,
    party: Arc<Party>,
    id: uuid::Uuid,
    why: NotAccepted,
    fields: &Fields,
) -> Result<Told> {
    let faults = match NotTaken::of(why, fields) {
        NotTaken::Faults(faults) => faults,
        NotTaken::Error(error) => return Err(error),
    };
    // The operation of that id is another one, and stands as it did.
    if faults.iter().any(|fault| fault.code == RefusalCode::OperationIdReused) {
        api.settle().await;
        let standing = api.node.outcome(&party, id).await?;
        let operation = standing.map(|outcome| Operation::of(party, outcome));
        return Ok(Told { operation, ..Told::faulty(faults) });
    }
    // An id without a time has no operation: nothing of it could expire.
    let refused = faults.first().zip(id_time(id).ok()).map(|(first, made_at)| Outcome {
        id,
        status: Status::Refused { code: code_text(first.code), message: first.message.clone() },
        expires_at: made_at.plus(limits::VALIDITY_MS_MAX),
    });
    let operation = refused.map(|outcome| Operation::of(party, outcome));
    Ok(Told { operation, ..Told::faulty(faults) })
}

fn code_text(code: RefusalCode) -> String {
    use async_graphql::resolver_utils::EnumType as _;
    RefusalCode::items().iter().find(|item| item.value == code).map_or_else(String::new, |item| item.name.to_owned())
}
