//! `flagReview`: takes up a finding.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::id::{self, NodeId};
use crate::api::scalar::{DateTime, OperationId, Uuid};
use crate::api::types::case::Case;
use crate::ledger::ids::Reference;
use crate::ledger::money::{AMOUNT_MINOR_MAX, Currency, Minor};
use crate::ledger::operation::{FlagReview, Operation};

use crate::service::operation::id_time;

use super::fault::{Fault, Fields};
use super::input::MoneyInput;
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, Zero, if_any};
use super::refusal_code::RefusalCode;
use super::way;

/// Takes up a flag: opens its case. The case quotes what was found, because findings are derived and
/// may change with the rules. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct FlagReviewInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The flag, by its id (`flg_...`) or UUID: quoted as it stood at the time of the operation id;
    /// or give `quote`.
    pub flag: Option<ID>,
    /// What is quoted, word for word, of a finding made elsewhere; or give `flag`.
    pub quote: Option<FlagQuoteInput>,
    /// By when the next step is to be taken, at most two years away.
    pub deadline: DateTime,
    /// Why it is taken up, in words.
    pub reason: String,
}

/// What a case quotes of a finding. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct FlagQuoteInput {
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

/// Hops that a case names at most; the rest is found by the finding.
const QUOTED_HOPS_MAX: usize = 100;

impl FlagReviewInput {
    async fn quote(&self, reader: &mut InputReader<'_>) -> Option<Quote> {
        match (&self.flag, &self.quote) {
            (Some(flag), None) => quoted(reader, flag).await,
            (None, Some(quote)) => quote.read(reader).await,
            _ => {
                reader.exactly_one(&["flag", "quote"]);
                None
            }
        }
    }
}

impl FlagQuoteInput {
    async fn read(&self, reader: &mut InputReader<'_>) -> Option<Quote> {
        let accused = if_any(self.accused.as_ref(), |accused| reader.party(&["quote", "accused"], accused));
        let hops = reader.hops(&["quote", "hops"], &self.hops).await;
        let currency = self.amount.currency.0;
        let amount = reader.amount(&["quote", "amount", "amount"], &self.amount.amount.0, currency, Zero::Allowed)?;
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

/// What a flag said at the time of the operation id: a retry quotes the same.
async fn quoted(reader: &mut InputReader<'_>, flag: &ID) -> Option<Quote> {
    let unknown = |message: String| Fault::at(&["flag"], RefusalCode::UnknownReference, message);
    let id = match id::flag(flag) {
        Ok(id) => id,
        Err(why) => {
            reader.fault(Fault::at(&["flag"], RefusalCode::BadId, why.to_string()));
            return None;
        }
    };
    let versions = match reader.node().finding_versions(id).await {
        Ok(versions) => versions,
        Err(cause) => {
            reader.broke(cause.into());
            return None;
        }
    };
    let then = id_time(reader.operation).unwrap_or_default();
    let stood = versions.iter().rev().find(|finding| finding.changed.time <= then).or(versions.first());
    let Some(finding) = stood.cloned() else {
        reader.fault(unknown(format!("there is no flag {id}")));
        return None;
    };
    let conclusion = finding.conclusion;
    let (accused, currency) = {
        let tables = reader.node().tables();
        let accused = conclusion.responsible.and_then(|party| tables.parties.get(&party)).map(|party| party.id);
        let of_programme = conclusion.programme.and_then(|id| tables.programmes.get(&id)).map(|known| known.currency);
        // A flag that is about no money is quoted with nothing, in whatever currency there is.
        let any = tables.programmes.values().next().map(|programme| programme.currency);
        (accused, conclusion.currency.or(of_programme).or(any))
    };
    let Some(currency) = currency else {
        reader.fault(unknown("there is no programme, and so no money that a case could be about".to_owned()));
        return None;
    };
    let hops: Vec<ID> = conclusion.hops.iter().take(QUOTED_HOPS_MAX).map(|hop| NodeId::Hop(*hop).to_id()).collect();
    let hops = reader.hops(&["flag"], &hops).await?;
    let at_stake = conclusion.equation.value().and_then(|value| i64::try_from(value).ok()).unwrap_or(0);
    Some(Quote {
        finding: finding.id,
        rule: finding.rule.code().to_owned(),
        rule_version: finding.rule_version,
        accused,
        hops,
        amount: Minor::new(at_stake.clamp(0, AMOUNT_MINOR_MAX)).unwrap_or_default(),
        currency,
    })
}

impl Stating for FlagReviewInput {
    const FIELDS: Fields = Fields {
        subject: "flag",
        amount: &["quote", "amount", "amount"],
        currency: &["quote", "amount", "currency"],
        party: "flag",
        case: "flag",
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
    /// Takes up a flag, which has no other open case. Needs a caseworker of a supervisor that is
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
