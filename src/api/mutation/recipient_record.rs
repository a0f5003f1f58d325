//! `recipientRecord`: what a registry knows of people, one line each.

use async_graphql::{Context, InputObject, Object, Result};
use serde::Deserialize;
use uuid::Uuid;

use crate::api::scalar::{DateTime, OperationId};
use crate::api::types::particular::{self, Particular};
use crate::ledger::lines::ParticularLine;
use crate::ledger::note::{self, ParticularKind, RecipientStatus};
use crate::ledger::operation::{Operation, RecipientRecord};

use super::fault::Fields;
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, if_any};
use super::typed_lines::{self, LineReader};
use super::way;

/// States what a registry knows of people; one line each. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct RecipientRecordInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// Up to 10,000 facts, each a JSON object on a line of its own: `person` (the recipient's id
    /// or UUID; for an identity also an officer's UUID), `kind` (as `ParticularKind`), `value` and
    /// perhaps `since` (a day; that of the statement when left out, but a status names it), such
    /// as `{"person":"rcp_...","kind":"STATUS","value":"SUSPENDED","since":"2026-10-01"}`. The
    /// value is `ACTIVE`, `SUSPENDED` or `DECEASED` of a status, a random UUID of a household, and
    /// a keyed SHA-256 digest in 64 lower-case hexadecimal digits of everything else: never a name
    /// or a number of a person. One bad line refuses all; the first ten are named, counted from 0.
    pub lines: String,
}

/// A fact of a person as a line of JSON holds it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedParticular {
    person: String,
    kind: ParticularKind,
    value: String,
    since: Option<String>,
}

impl Stating for RecipientRecordInput {
    const FIELDS: Fields = Fields { party: "lines", lines: "lines", ..Fields::NONE };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let lines = typed_lines::read(reader, &self.lines, |reader, at, typed: TypedParticular| {
            let at = at.to_string();
            let person = person(reader, &at, &typed);
            let mut read = LineReader::new(reader, &at);
            let particular = particular_of(&mut read, typed.kind, &typed.value);
            let since = if_any(typed.since.as_deref(), |day| read.day("since", day));
            Some(ParticularLine { person: person?, particular: particular?, since: since? })
        });
        Some(Operation::RecipientRecord(RecipientRecord {}, lines?))
    }
}

/// A registered party; for an identity also an officer, who is known by public id alone.
fn person(reader: &mut InputReader<'_>, at: &str, typed: &TypedParticular) -> Option<Uuid> {
    let is_officer = |id: &Uuid| reader.node().tables().keys_of(*id).next().is_some();
    match Uuid::try_parse(&typed.person) {
        Ok(id) if typed.kind == ParticularKind::Identity && is_officer(&id) => Some(id),
        _ => reader.party(&["lines", at, "person"], &typed.person),
    }
}

fn particular_of(read: &mut LineReader<'_, '_>, kind: ParticularKind, value: &str) -> Option<note::Particular> {
    use note::Particular as Of;
    Some(match kind {
        ParticularKind::Status => {
            Of::Status(read.text("value", value, "ACTIVE, SUSPENDED or DECEASED", RecipientStatus::parse)?)
        }
        ParticularKind::Identity => Of::Identity(read.digest("value", value)?),
        ParticularKind::Account => Of::Account(read.digest("value", value)?),
        ParticularKind::Household => Of::Household(read.uuid("value", value)?),
        ParticularKind::Guardian => Of::Guardian(read.digest("value", value)?),
        ParticularKind::Collector => Of::Collector(read.digest("value", value)?),
    })
}

payload! {
    /// The answer to `recipientRecord`. Added in 0.1.0.
    RecipientRecordPayload;
    /// Why nothing was recorded of people. Added in 0.1.0.
    RecipientRecordUserError;
    {
        /// The facts, in the order of the lines; null unless recorded.
        particulars: Vec<Particular>,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct RecipientRecordMutation;

#[Object]
impl RecipientRecordMutation {
    /// States what a registry knows of recipients and officers, all of it or nothing: it moves no
    /// money and refuses none, but rules look at it. Needs a registrar. Added in 0.1.0.
    async fn recipient_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: RecipientRecordInput,
    ) -> Result<RecipientRecordPayload> {
        let told = way::state(ctx, &input).await?;
        let particulars = told.of(|made| particular::of_notes(&made.notes));
        Ok(RecipientRecordPayload { particulars, ..told.into() })
    }
}
