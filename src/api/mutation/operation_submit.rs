//! `operationSubmit`: takes an envelope that its signers made themselves.

use async_graphql::{Context, InputObject, Object, Result};
use uuid::Uuid;

use crate::api::request::api;
use crate::api::scalar::OperationId;
use crate::service::signed::Signed;

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
        let read = Signed::read(input.envelope.as_bytes());
        let payload = read.as_ref().ok().map(Signed::payload);
        if let Some(fault) = payload.and_then(|payload| other_id(id, payload.id)) {
            return Ok(Told::faulty(vec![fault]).into());
        }
        let stating = payload.and_then(|payload| api.node.party_by_id(payload.party));
        let party = stating.unwrap_or_else(|| viewer.party.clone());
        let lines = input.lines.as_deref().unwrap_or_default().lines().map(str::to_owned).collect();
        let told = match api.node.submit(viewer, read, lines).await {
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

/// The id beside the envelope is for the caller's own bookkeeping, so the two must agree.
fn other_id(asked: Uuid, stated: Uuid) -> Option<Fault> {
    (stated != asked).then(|| {
        let message = format!("the envelope's operation id is {stated}");
        Fault::at(&["operationId"], RefusalCode::BadOperationId, message)
    })
}
