//! `partyRegister`: registers a party.

use async_graphql::{Context, InputObject, Object, Result};

use crate::api::scalar::{DateTime, OperationId, Uuid};
use crate::api::types::names::PartyKind;
use crate::api::types::party::Party;
use crate::ledger::operation::{Operation, PartyRegister};

use super::fault::Fields;
use super::payload::{header, payload};
use super::reading::{InputReader, Stating};
use super::way;

/// Registers a party. Its kind, area and level never change. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct PartyRegisterInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// Its public id, random; made by the server when left out.
    pub party: Option<Uuid>,
    /// What it is.
    pub kind: PartyKind,
    /// What people call it, 1 to 200 bytes; never a recipient's name.
    pub label: String,
    /// How deep in the administration it stands, such as `county`; free text.
    #[graphql(default)]
    pub level: String,
    /// Where it works, as a path of at most 8 names (`province/county/township`); empty for the
    /// whole country.
    #[graphql(default)]
    pub area: String,
}

impl Stating for PartyRegisterInput {
    const FIELDS: Fields = Fields { party: "party", texts: &["label", "level", "area"], ..Fields::NONE };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let party = self.party.map_or_else(|| reader.node().derived_id(reader.operation, "party"), |party| party.0);
        Some(Operation::PartyRegister(PartyRegister {
            area: self.area.clone(),
            kind: self.kind.into(),
            label: self.label.clone(),
            level: self.level.clone(),
            party,
        }))
    }
}

payload! {
    /// The answer to `partyRegister`. Added in 0.1.0.
    PartyRegisterPayload;
    /// Why the party was not registered. Added in 0.1.0.
    PartyRegisterUserError;
    {
        /// The party; null unless recorded.
        party: Party,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct PartyRegisterMutation;

#[Object]
impl PartyRegisterMutation {
    /// Registers a party. Needs a registrar; a party of kind `OUTSIDE`, which a sender must name, may
    /// be registered by any dispatcher. Added in 0.1.0.
    async fn party_register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: PartyRegisterInput,
    ) -> Result<PartyRegisterPayload> {
        let told = way::state(ctx, &input).await?;
        let party = told.made().and_then(|made| made.parties.first()).cloned().map(Party);
        Ok(PartyRegisterPayload { party, ..told.into() })
    }
}
