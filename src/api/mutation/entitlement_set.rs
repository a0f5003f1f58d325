//! `entitlementSet`: what recipients are due, one line each.

use async_graphql::{Context, InputObject, Object, Result};
use serde::Deserialize;

use crate::api::scalar::{CurrencyCode, DateTime, OperationId};
use crate::api::types::entitlement::{self, Entitlement};
use crate::ledger::lines::EntitlementLine;
use crate::ledger::operation::{EntitlementSet, Operation};

use super::fault::Fields;
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, Zero};
use super::typed_lines::{self, LineReader};
use super::way;

/// States what recipients are due of a programme, cycle and purpose; one line each. Added in
/// 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct EntitlementSetInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The programme's code or id.
    pub programme: String,
    /// The cycle's label.
    pub cycle: String,
    /// What it is for, a code of at most 64 bytes.
    pub purpose: String,
    /// The currency of every amount.
    pub currency: CurrencyCode,
    /// Up to 10,000 recipients, each a JSON object on a line of its own: `recipient` (an id or
    /// UUID), `amount` (a decimal in a text; `"0"` takes back what was stated before) and `due`
    /// (the last day on which it is in time), such as
    /// `{"recipient":"rcp_...","amount":"500","due":"2026-11-15"}`. One bad line refuses all; the
    /// first ten are named, counted from 0.
    pub lines: String,
}

/// An entitlement as a line of JSON holds it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedEntitlement {
    recipient: String,
    amount: String,
    due: String,
}

impl Stating for EntitlementSetInput {
    const FIELDS: Fields = Fields {
        subject: "programme",
        currency: &["currency"],
        party: "lines",
        programme: "programme",
        cycle: &["cycle"],
        lines: "lines",
        texts: &["cycle", "purpose"],
        ..Fields::NONE
    };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let programme = reader.programme(&self.programme);
        let currency = self.currency.0;
        let lines = typed_lines::read(reader, &self.lines, |reader, at, typed: TypedEntitlement| {
            let at = at.to_string();
            let recipient = reader.party(&["lines", &at, "recipient"], &typed.recipient);
            let amount = reader.amount(&["lines", &at, "amount"], &typed.amount, currency, Zero::Allowed);
            let due = LineReader::new(reader, &at).day("due", &typed.due);
            Some(EntitlementLine { recipient: recipient?, amount: amount?, due: due? })
        });
        let (cycle, purpose) = (self.cycle.clone(), self.purpose.clone());
        Some(Operation::EntitlementSet(EntitlementSet { currency, cycle, programme: programme?, purpose }, lines?))
    }
}

payload! {
    /// The answer to `entitlementSet`. Added in 0.1.0.
    EntitlementSetPayload;
    /// Why no entitlement was set. Added in 0.1.0.
    EntitlementSetUserError;
    {
        /// The entitlements, in the order of the lines; null unless recorded.
        entitlements: Vec<Entitlement>,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct EntitlementSetMutation;

#[Object]
impl EntitlementSetMutation {
    /// States what recipients are due, all of it or nothing. Each replaces what was stated before of
    /// the same recipient, programme, cycle and purpose. Needs the treasury that owns the programme,
    /// or a registrar. Added in 0.1.0.
    async fn entitlement_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: EntitlementSetInput,
    ) -> Result<EntitlementSetPayload> {
        let told = way::state(ctx, &input).await?;
        let entitlements = told.of(|made| entitlement::of_notes(&made.notes));
        Ok(EntitlementSetPayload { entitlements, ..told.into() })
    }
}
