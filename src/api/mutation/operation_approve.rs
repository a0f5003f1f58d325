//! `operationApprove`: adds the second signature.

use async_graphql::{Context, InputObject, Object, Result};

use crate::api::request::api;
use crate::api::scalar::OperationId;
use crate::service::record::{NotAccepted, Outcome, Status};

use super::fault::Fields;
use super::payload::payload;
use super::way::{self, Told};

/// Adds the signature of the officer who is logged in to an operation that waits for it. Added
/// in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct OperationApproveInput {
    /// The id of the operation that waits.
    pub operation_id: OperationId,
}

payload! {
    /// The answer to `operationApprove`. What the operation made is found by its entry. Added
    /// in 0.1.0.
    OperationApprovePayload;
    /// Why the operation was not approved. Added in 0.1.0.
    OperationApproveUserError;
    {}
}

/// The mutation.
#[derive(Debug, Default)]
pub struct OperationApproveMutation;

#[Object]
impl OperationApproveMutation {
    /// Signs an operation that waits, by the key that the server keeps for the officer, after
    /// its bytes were read (`Operation.payload`). Must be another officer than the first. Once
    /// fully signed it is recorded at once. Who keeps the own key uses `operationSubmit` with
    /// the same payload. Added in 0.1.0.
    async fn operation_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which operation.")] input: OperationApproveInput,
    ) -> Result<OperationApprovePayload> {
        let api = api(ctx)?;
        let viewer = api.viewer()?;
        let (id, party) = (input.operation_id.0, viewer.party.clone());
        let told = match api.node.approve(viewer, id).await {
            Ok(outcome) => way::told(api, party, outcome).await?,
            // A retry of an approval that went through gets the first answer again.
            Err(NotAccepted::NotWaiting(_)) => match signed_before(ctx, id).await? {
                Some(told) => told,
                None => {
                    let why = NotAccepted::NotWaiting(id);
                    way::not_taken(api, party, id, why, &Fields::NONE).await?.without_operation()
                }
            },
            Err(why) => way::not_taken(api, party, id, why, &Fields::NONE).await?.without_operation(),
        };
        Ok(told.into())
    }
}

/// The operation, if the viewer is one of those who signed it and it is recorded.
async fn signed_before(ctx: &Context<'_>, id: uuid::Uuid) -> Result<Option<Told>> {
    let api = api(ctx)?;
    let viewer = api.viewer()?;
    api.settle().await;
    // It may have been recorded without this caller, by a server that went on after a stop.
    api.node.wait_for(api.node.heights().head.entries).await;
    let recorded = api.node.signed_by(viewer, id).await?;
    let Some(recorded) = recorded else { return Ok(None) };
    let expires_at = crate::service::operation::id_time(id)
        .map_or(crate::ledger::time::Millis(0), |at| at.plus(crate::limits::VALIDITY_MS_MAX));
    let outcome = Outcome { id, status: Status::RecordedBefore(recorded.entry), expires_at };
    way::told(api, viewer.party.clone(), outcome).await.map(Some)
}
