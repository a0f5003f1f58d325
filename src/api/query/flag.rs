//! `flag`, `flags` and `leakageRules`.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::error::bad_input;
use crate::api::id;
use crate::api::page::{Args, List, ListOrder, cost};
use crate::api::query::filter::{self, Nothing};
use crate::api::query::report::{MoneyFilter, moment, read as read_money};
use crate::api::request::{Api, api};
use crate::api::scalar::{CurrencyCode, DateTime};
use crate::api::types::flag::{Flag, FlagConnection, LeakageRule, Severity};
use crate::leakage::finding::Finding;
use crate::leakage::rule::Rule;
use crate::leakage::selection::FindingFilter;

/// Which flags are meant; all fields are optional and must all fit. Added in 0.1.0.
#[derive(InputObject, Default)]
pub struct FlagFilter {
    /// Of one of these rules, such as `L01`.
    rules: Option<Vec<String>>,
    /// Of one of these severities.
    severities: Option<Vec<Severity>>,
    /// The responsible party or the other of a pair, by its id (`prt_...`) or UUID.
    party: Option<ID>,
    /// The recipient whom it is about, by its id (`rcp_...`) or UUID.
    recipient: Option<ID>,
    /// The programme, by its id (`prg_...`) or code.
    programme: Option<ID>,
    /// The label of the payment period.
    cycle: Option<String>,
    /// The purpose.
    purpose: Option<String>,
    /// An area as a path of names (`province/county/township`), with everything under it.
    area: Option<String>,
    /// The currency.
    currency: Option<CurrencyCode>,
    /// A hop (`hop_...`) that it rests on.
    hop: Option<ID>,
    /// Only those that the facts resolved, or only those that they did not.
    resolved: Option<bool>,
}

/// Rules by their codes.
pub fn rules(codes: Option<Vec<String>>) -> Result<Vec<Rule>> {
    let read = |code: String| {
        let shown: String = code.chars().take(20).collect();
        Rule::parse(&code).ok_or_else(|| bad_input(format!("there is no rule {shown:?}")))
    };
    codes.unwrap_or_default().into_iter().map(read).collect()
}

impl FlagFilter {
    /// The filter with what it names looked up; nothing when that is not there.
    pub fn read(self, api: &Api) -> Result<Result<FindingFilter, Nothing>> {
        let named = (
            filter::party(&api.node, self.party.as_ref())?,
            filter::party(&api.node, self.recipient.as_ref())?,
            filter::programme(&api.node, self.programme.as_ref())?,
        );
        let (Ok(party), Ok(recipient), Ok(programme)) = named else { return Ok(Err(Nothing)) };
        let money = MoneyFilter::of_area(self.cycle, self.purpose, self.area);
        let money = read_money(api, Some(money))?;
        let by = crate::ledger::selection::GroupBy::Nothing;
        let all = crate::ledger::selection::GroupKey::Nothing;
        let of_money = api.node.findings_of_group(&money, by, &all).unwrap_or_default();
        Ok(Ok(FindingFilter {
            rules: rules(self.rules)?,
            severities: self.severities.unwrap_or_default().into_iter().map(Into::into).collect(),
            party,
            recipient,
            programme,
            currency: self.currency.map(|code| code.0),
            hop: self.hop.as_ref().map(|hop| id::hop(hop)).transpose()?,
            resolved: self.resolved,
            ..of_money
        }))
    }
}

/// The group of fields about flags.
#[derive(Default)]
pub struct FlagQuery;

#[Object]
impl FlagQuery {
    /// A flag by its id, as it stands at a moment; null when there is none that may be seen. Added in
    /// 0.1.0.
    async fn flag(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id: `flg_...`, or its UUID.")] id: ID,
        #[graphql(desc = "The moment, not later than the last block; that when left out.")] as_of: Option<DateTime>,
    ) -> Result<Option<Flag>> {
        api(ctx)?.viewer()?;
        Flag::by_id(ctx, id::flag(&id)?, as_of).await
    }

    /// Flags, as they stand at a moment; none for who may see only their own money. Added in 0.1.0.
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn flags(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all when left out.")] filter: Option<FlagFilter>,
        #[graphql(desc = "In which order of their last change; `NEWEST_FIRST` when left out.")] order: Option<
            ListOrder,
        >,
        #[graphql(desc = "The moment, not later than the last block; that when left out.")] as_of: Option<DateTime>,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<FlagConnection> {
        let api = api(ctx)?;
        let reader = api.reader()?;
        let moment = moment(api, as_of).await?;
        let height = api.node.examined_height(moment).await;
        let args = Args { first, after, last, before };
        let page = args.read_below(List::Flags, api.node.examined().borrow().number)?;
        let wrap = |(_, finding): (u64, Finding)| Flag { finding: Arc::new(finding) };
        let filter = match filter.unwrap_or_default().read(api)? {
            Ok(filter) if reader.may_see_cases() => filter,
            _ => return Ok(FlagConnection::new(page.nothing(), wrap)),
        };
        let found = api.node.findings_list(&filter, height, page.window(ListOrder::is_newest_first(order))).await?;
        let rows = page.rows(found, |(number, _)| *number);
        Ok(FlagConnection::new(rows.counted(ctx, api.node.findings_count(&filter, height)).await?, wrap))
    }

    /// The catalogue: every rule that is looked for, in order of its code. Added in 0.1.0.
    async fn leakage_rules(&self, ctx: &Context<'_>) -> Result<Vec<LeakageRule>> {
        api(ctx)?.viewer()?;
        Ok(Rule::ALL.iter().copied().map(LeakageRule).collect())
    }
}
