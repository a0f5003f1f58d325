//! `flagReview`: takes up a finding.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::scalar::{DateTime, OperationId, Uuid};
use crate::api::types::case::Case;
use crate::ledger::ids::Reference;
use crate::ledger::money::{Currency, Minor};
use crate::ledger::operation::{FlagReview, Operation};

use super::fault::Fields;
use super::input::MoneyInput;
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, Zero, if_any};
use super::way;

/// Takes up a finding: opens its case. The finding is quoted, because it is derived and may change
/// with the rules. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct FlagReviewInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The finding's id.
    pub finding: Uuid,
    /// The rule that it is of, such as `L01`.
    pub rule: String,
    /// The version of that rule, 0 to 2,147,483,647.
    pub rule_version: u32,
    /// The party that it holds responsible, by its id (`prt_...`) or UUID; none when left out.
    pub accused: Option<ID>,
    /// The hops that it is about (`hop_...`), at most 100.
    #[graphql(default)]
    pub hops: Vec<ID>,
    /// The money at stake; may be zero.
    pub amount: MoneyInput,
    /// By when the next step is to be taken, at most two years away.
    pub deadline: DateTime,
    /// Why it is taken up, in words.
    pub reason: String,
}

/// What a case quotes of its finding.
struct Quote {
    finding: uuid::Uuid,
    rule: String,
    rule_version: u32,
    accused: Option<uuid::Uuid>,
    hops: Vec<Reference>,
    amount: Minor,
    currency: Currency,
}

impl FlagReviewInput {
    async fn quote(&self, reader: &mut InputReader<'_>) -> Option<Quote> {
        let accused = if_any(self.accused.as_ref(), |accused| reader.party(&["accused"], accused));
        let hops = reader.hops("hops", &self.hops).await;
        let (amount, currency) = reader.money("amount", &self.amount, Zero::Allowed)?;
        Some(Quote {
            finding: self.finding.0,
            rule: self.rule.clone(),
            rule_version: self.rule_version,
            accused: accused?,
            hops: hops?,
            amount,
            currency,
        })
    }
}

impl Stating for FlagReviewInput {
    const FIELDS: Fields = Fields {
        subject: "hops",
        amount: &["amount", "amount"],
        currency: &["amount", "currency"],
        party: "accused",
        case: "finding",
        texts: &["reason", "rule"],
        ..Fields::NONE
    };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let quote = self.quote(reader).await?;
        Some(Operation::FlagReview(FlagReview {
            accused: quote.accused,
            amount: quote.amount,
            currency: quote.currency,
            deadline: self.deadline.0,
            finding: quote.finding,
            hops: quote.hops,
            reason: self.reason.clone(),
            rule: quote.rule,
            rule_version: quote.rule_version,
        }))
    }
}

payload! {
    /// The answer to `flagReview`. Added in 0.1.0.
    FlagReviewPayload;
    /// Why the finding was not taken up. Added in 0.1.0.
    FlagReviewUserError;
    {
        /// The case; null unless recorded.
        case: Case,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct FlagReviewMutation;

#[Object]
impl FlagReviewMutation {
    /// Takes up a finding, which has no other open case. Needs a caseworker of a supervisor that is
    /// no party to it, who has no key of one either. Added in 0.1.0.
    async fn flag_review(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: FlagReviewInput,
    ) -> Result<FlagReviewPayload> {
        let told = way::state(ctx, &input).await?;
        let case = told.made().and_then(|made| made.cases.first()).cloned().map(Case);
        Ok(FlagReviewPayload { case, ..told.into() })
    }
}
