//! `operationSubmit`: takes an envelope that its signers made themselves.

use async_graphql::{Context, InputObject, Object, Result};

use crate::api::request::api;
use crate::api::scalar::OperationId;
use crate::chain::envelope::Envelope;
use crate::chain::payload::Payload;

use super::fault::{Fault, Fields};
use super::payload::payload;
use super::refusal_code::RefusalCode;
use super::way::{self, Told};

/// A signed envelope. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct OperationSubmitInput {
    /// The operation's id, the one in the signed payload.
    pub operation_id: OperationId,
    /// The DSSE envelope as JSON text: `payloadType`, `payload` (Base64 of the exact bytes that
    /// were signed) and `signatures`, each `keyid` and `sig`. At most 128 KiB.
    pub envelope: String,
    /// The lines that go beside it, as `operationDraft` gave them, joined by newlines; left out
    /// for a kind without lines.
    pub lines: Option<String>,
}

const FIELDS: Fields = Fields { lines: "lines", ..Fields::NONE };

payload! {
    /// The answer to `operationSubmit`. What the operation made is found by its entry. Added in
    /// 0.1.0.
    OperationSubmitPayload;
    /// Why the envelope was not taken. Added in 0.1.0.
    OperationSubmitUserError;
    {}
}

/// The mutation.
#[derive(Debug, Default)]
pub struct OperationSubmitMutation;

#[Object]
impl OperationSubmitMutation {
    /// Takes an operation signed by keys that their holders keep. With all signatures it is
    /// recorded; with the first of two it waits, and the second comes by `operationApprove` or
    /// by another `operationSubmit` over the same payload. Added in 0.1.0.
    async fn operation_submit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The envelope.")] input: OperationSubmitInput,
    ) -> Result<OperationSubmitPayload> {
        let api = api(ctx)?;
        let viewer = api.viewer()?;
        let id = input.operation_id.0;
        // Read once: of the work before the signature check this is the largest part.
        let payload = payload_of(&input);
        if let Some(fault) = payload.as_ref().and_then(|payload| other_id(&input, payload)) {
            return Ok(Told::faulty(vec![fault]).into());
        }
        let lines = input.lines.as_deref().unwrap_or_default().lines().map(str::to_owned).collect();
        let stating = payload.and_then(|payload| api.node.party_by_id(payload.party));
        let party = stating.unwrap_or_else(|| viewer.party.clone());
        let told = match api.node.submit(viewer, input.envelope.as_bytes(), lines).await {
            Ok(outcome) => way::told(api, party, outcome).await?,
            Err(why) => {
                let mut told = way::not_taken(api, party, id, why, &FIELDS).await?;
                for fault in &mut told.faults {
                    fault.field.get_or_insert_with(|| vec!["envelope".to_owned()]);
                }
                told
            }
        };
        Ok(told.into())
    }
}

fn payload_of(input: &OperationSubmitInput) -> Option<Payload> {
    let envelope = Envelope::parse_lenient(input.envelope.as_bytes()).ok()?;
    Payload::parse(envelope.payload()).ok()
}

/// The id beside the envelope is for the caller's own bookkeeping, so the two must agree.
fn other_id(input: &OperationSubmitInput, payload: &Payload) -> Option<Fault> {
    let stated = payload.id;
    (stated != input.operation_id.0).then(|| {
        let message = format!("the envelope's operation id is {stated}");
        Fault::at(&["operationId"], RefusalCode::BadOperationId, message)
    })
}
