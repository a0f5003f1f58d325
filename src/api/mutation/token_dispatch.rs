//! `tokenDispatch`: sends a token to one or many.

use async_graphql::{Context, ID, InputObject, Object, Result};
use serde::Deserialize;

use crate::api::scalar::{CurrencyCode, DateTime, Decimal, Digest, OperationId};
use crate::api::types::hop::Hop;
use crate::api::types::token::Token;
use crate::ledger::lines::OutputLine;
use crate::ledger::money::Currency;
use crate::ledger::operation::{Deduction, Operation, TokenDispatch};

use super::fault::{Fault, Fields};
use super::input::{DeductionInput, ReferenceInput};
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, Zero};
use super::refusal_code::RefusalCode;
use super::typed_lines;
use super::way;

/// Outputs that may be given as a list; more go in as lines, which is many times faster.
const OUTPUTS_MAX: usize = 100;

/// Sends a token, or a part of it, to one or many. Give `outputs` or `lines`. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct TokenDispatchInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The token, by its id; or give `tokenReference`.
    pub token: Option<ID>,
    /// The token, as signed bytes name it; or give `token`.
    pub token_reference: Option<ReferenceInput>,
    /// The currency of every amount here.
    pub currency: CurrencyCode,
    /// Up to 100 outputs, each a hop; or give `lines`.
    pub outputs: Option<Vec<DispatchOutputInput>>,
    /// Up to 10,000 outputs, each a JSON object on a line of its own with the fields of
    /// `DispatchOutputInput`, such as `{"to":"prt_...","amount":"12.50"}`; or give `outputs`.
    /// One bad line refuses all; the first ten are named, counted from 0.
    pub lines: Option<String>,
    /// What the sender keeps for itself.
    #[graphql(default)]
    pub keep: Vec<DeductionInput>,
}

/// One output of a dispatch: who gets how much. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct DispatchOutputInput {
    /// The receiver: the id of a party.
    pub to: ID,
    /// The gross amount; above zero.
    pub amount: Decimal,
    /// Deductions made on the way; together less than the amount.
    #[graphql(default)]
    pub deductions: Vec<DeductionInput>,
    /// Another purpose than the allocation's.
    pub purpose: Option<String>,
    /// The label of an earlier cycle that it pays for.
    pub for_cycle: Option<String>,
    /// The reference that ties several hops to one payment.
    pub payment: Option<String>,
    /// The payment provider whose evidence counts: the id of a party.
    pub via: Option<ID>,
    /// Digest of a one-time code whose showing proves receipt.
    pub commitment: Option<Digest>,
}

/// An output as a line of JSON holds it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TypedOutput {
    to: String,
    amount: String,
    #[serde(default)]
    deductions: Vec<TypedDeduction>,
    purpose: Option<String>,
    for_cycle: Option<String>,
    payment: Option<String>,
    via: Option<String>,
    commitment: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedDeduction {
    code: String,
    amount: String,
}

impl From<TypedOutput> for DispatchOutputInput {
    fn from(typed: TypedOutput) -> Self {
        let deduction = |d: TypedDeduction| DeductionInput { code: d.code, amount: Decimal(d.amount) };
        Self {
            to: ID(typed.to),
            amount: Decimal(typed.amount),
            deductions: typed.deductions.into_iter().map(deduction).collect(),
            purpose: typed.purpose,
            for_cycle: typed.for_cycle,
            payment: typed.payment,
            via: typed.via.map(ID),
            commitment: None,
        }
    }
}

impl Stating for TokenDispatchInput {
    const FIELDS: Fields = Fields {
        subject: "token",
        amount: &["token"],
        currency: &["currency"],
        party: "outputs",
        lines: "lines",
        texts: &["keep"],
        ..Fields::NONE
    };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let currency = self.currency.0;
        let token = reader.token(self.token.as_ref(), self.token_reference.as_ref()).await;
        let keep = reader.deductions(&["keep"], &self.keep, currency);
        let lines = match (&self.outputs, &self.lines) {
            (Some(outputs), None) => listed(reader, outputs, currency),
            (None, Some(lines)) => typed_lines::read(reader, lines, |reader, at, typed: TypedOutput| {
                let commitment = typed.commitment.clone();
                let mut line = output(reader, "lines", at, &typed.into(), currency)?;
                line.commitment = match commitment {
                    None => None,
                    Some(text) => Some(digest(reader, at, &text)?),
                };
                Some(line)
            }),
            _ => {
                reader.exactly_one(&["outputs", "lines"]);
                None
            }
        };
        Some(Operation::TokenDispatch(TokenDispatch { currency, keep: keep?, token: token? }, lines?))
    }
}

fn listed(
    reader: &mut InputReader<'_>,
    outputs: &[DispatchOutputInput],
    currency: Currency,
) -> Option<Vec<OutputLine>> {
    if outputs.is_empty() || outputs.len() > OUTPUTS_MAX {
        let message = format!("give 1 to {OUTPUTS_MAX} outputs; more go in as `lines`");
        reader.fault(Fault::at(&["outputs"], RefusalCode::BadList, message));
        return None;
    }
    let read: Vec<_> =
        outputs.iter().enumerate().map(|(at, typed)| output(reader, "outputs", at, typed, currency)).collect();
    read.into_iter().collect()
}

/// One output, at its place in `outputs` or `lines`.
fn output(
    reader: &mut InputReader<'_>,
    list: &str,
    at: usize,
    typed: &DispatchOutputInput,
    currency: Currency,
) -> Option<OutputLine> {
    let at = at.to_string();
    let to = reader.party(&[list, &at, "to"], &typed.to);
    let amount = reader.amount(&[list, &at, "amount"], &typed.amount.0, currency, Zero::Refused);
    let deductions: Option<Vec<Deduction>> = reader.deductions(&[list, &at, "deductions"], &typed.deductions, currency);
    let via = typed.via.as_ref().map(|via| reader.party(&[list, &at, "via"], via));
    Some(OutputLine {
        to: to?,
        amount: amount?,
        deductions: deductions?,
        purpose: typed.purpose.clone(),
        for_cycle: typed.for_cycle.clone(),
        payment: typed.payment.clone(),
        via: via.map_or(Some(None), |read| read.map(Some))?,
        commitment: typed.commitment.map(|digest| digest.0.0),
    })
}

fn digest(reader: &mut InputReader<'_>, at: usize, text: &str) -> Option<[u8; 32]> {
    let digest = text.parse::<crate::chain::digest::Digest>().ok();
    if digest.is_none() {
        let message = "the commitment is not 64 lower-case hexadecimal digits";
        reader.fault(Fault::at(&["lines", &at.to_string(), "commitment"], RefusalCode::BadLines, message));
    }
    digest.map(|digest| digest.0)
}

payload! {
    /// The answer to `tokenDispatch`. Added in 0.1.0.
    TokenDispatchPayload;
    /// Why a token was not dispatched. Added in 0.1.0.
    TokenDispatchUserError;
    {
        /// The first hop as recorded; null unless recorded.
        hop: Hop,
        /// Every hop, in the order of the outputs; null unless recorded.
        hops: Vec<Hop>,
        /// What the sender still has of the token; null when nothing is left.
        rest: Token,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct TokenDispatchMutation;

#[Object]
impl TokenDispatchMutation {
    /// Sends a token, or a part of it, to one or many: each output is a hop. Deductions up to
    /// the programme's caps count as deducted, beyond them as unaccounted. Needs a dispatcher of
    /// the holder. Added in 0.1.0.
    async fn token_dispatch(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: TokenDispatchInput,
    ) -> Result<TokenDispatchPayload> {
        let told = way::state(ctx, &input).await?;
        let hops = told.of(|made| made.opened_hops().cloned().map(Hop).collect::<Vec<_>>());
        let hop = told.made().and_then(|made| made.opened_hops().next()).cloned().map(Hop);
        let rest = told.made().and_then(|made| made.rest(made.recorded.party)).cloned().map(Token);
        Ok(TokenDispatchPayload { hop, hops, rest, ..told.into() })
    }
}
