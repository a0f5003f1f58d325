//! `recipientEnrol`: registers recipients, one line each.

use async_graphql::{Context, InputObject, Object, Result};
use serde::Deserialize;

use crate::api::scalar::{DateTime, OperationId};
use crate::api::types::recipient::Recipient;
use crate::ledger::lines::RecipientLine;
use crate::ledger::operation::{Operation, RecipientEnrol};

use super::fault::{Fault, Fields};
use super::payload::{header, payload};
use super::reading::{InputReader, Stating};
use super::refusal_code::RefusalCode;
use super::typed_lines;
use super::way;

/// Registers recipients; one line each. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct RecipientEnrolInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// Up to 10,000 recipients, each a JSON object on a line of its own: `label` (says nothing
    /// of the person), `area` (a path of names) and, if made by the caller, `party` (a random
    /// UUID), such as `{"label":"R-1","area":"North/Lake"}`. Never a name or a number of a
    /// person. One bad line refuses all; the first ten are named, counted from 0.
    pub lines: String,
}

/// A recipient as a line of JSON holds it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedRecipient {
    label: String,
    #[serde(default)]
    area: String,
    party: Option<String>,
}

impl Stating for RecipientEnrolInput {
    const FIELDS: Fields = Fields { party: "lines", lines: "lines", ..Fields::NONE };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let lines = typed_lines::read(reader, &self.lines, |reader, at, typed: TypedRecipient| {
            let party = match &typed.party {
                None => Some(reader.node().derived_id(reader.operation, &at.to_string())),
                Some(text) => uuid(reader, at, text),
            };
            Some(RecipientLine { party: party?, area: typed.area, label: typed.label })
        });
        Some(Operation::RecipientEnrol(RecipientEnrol {}, lines?))
    }
}

fn uuid(reader: &mut InputReader<'_>, at: usize, text: &str) -> Option<uuid::Uuid> {
    let id = uuid::Uuid::try_parse(text).ok();
    if id.is_none() {
        let message = format!("line {at}: {text:?} is not a UUID");
        reader.fault(Fault::at(&["lines", &at.to_string(), "party"], RefusalCode::BadLines, message));
    }
    id
}

payload! {
    /// The answer to `recipientEnrol`. Added in 0.1.0.
    RecipientEnrolPayload;
    /// Why no recipient was registered. Added in 0.1.0.
    RecipientEnrolUserError;
    {
        /// The recipients, in the order of the lines; null unless recorded.
        recipients: Vec<Recipient>,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct RecipientEnrolMutation;

#[Object]
impl RecipientEnrolMutation {
    /// Registers recipients by random ids, all of them or none. Needs a registrar. Added in
    /// 0.1.0.
    async fn recipient_enrol(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: RecipientEnrolInput,
    ) -> Result<RecipientEnrolPayload> {
        let told = way::state(ctx, &input).await?;
        let recipients = told.of(|made| made.parties.iter().cloned().map(Recipient).collect());
        Ok(RecipientEnrolPayload { recipients, ..told.into() })
    }
}
