//! `operationWithdraw`: takes back what waits for a signature.

use async_graphql::{Context, InputObject, Object, Result};

use crate::api::request::api;
use crate::api::scalar::OperationId;

use super::fault::Fields;
use super::payload::payload;
use super::way;

/// Takes back an operation that waits for a signature. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct OperationWithdrawInput {
    /// The id of the operation that waits.
    pub operation_id: OperationId,
}

payload! {
    /// The answer to `operationWithdraw`: the operation is `EXPIRED`. Added in 0.1.0.
    OperationWithdrawPayload;
    /// Why the operation was not withdrawn. Added in 0.1.0.
    OperationWithdrawUserError;
    {}
}

/// The mutation.
#[derive(Debug, Default)]
pub struct OperationWithdrawMutation;

#[Object]
impl OperationWithdrawMutation {
    /// Withdraws an operation that waits for a signature; nothing of it was recorded. Any
    /// officer of its party may. Added in 0.1.0.
    async fn operation_withdraw(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which operation.")] input: OperationWithdrawInput,
    ) -> Result<OperationWithdrawPayload> {
        let api = api(ctx)?;
        let viewer = api.viewer()?;
        let (id, party) = (input.operation_id.0, viewer.party.clone());
        let told = match api.node.withdraw(viewer, id).await {
            Ok(outcome) => way::told(api, party, outcome).await?,
            Err(why) => way::not_taken(api, party, id, why, &Fields::NONE).await?.without_operation(),
        };
        Ok(told.into())
    }
}
