//! Lists for readers: pages that follow a key, each with its count.
//!
//! Two lists have an index of their own, since people are shown them first: what is on its way
//! to or from a party, and what a party has unspent. The others run along the key, newest or
//! oldest first, and stop when the page is full; their counts run to the end.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};

use crate::ledger::hop::Hop;
use crate::ledger::ids::{AllocationId, HopId, PartyKey, Place, ProgrammeId, TokenId};
use crate::ledger::registry::{Allocation, OfficerKey, Party};
use crate::ledger::selection::{AllocationFilter, HopFilter, Page, PartyFilter, TokenFilter};
use crate::ledger::token::{HopState, Token};

use super::Views;
use super::entity::{allocation, area, hop, officer_key, party, token};
use super::error::ViewsError;
use super::fields::{index, number, sought};

impl Views {
    /// A page of tokens.
    pub async fn tokens_page(&self, filter: &TokenFilter, page: Page<TokenId>) -> Result<Vec<Token>, ViewsError> {
        let page = page.by(|id| id.0.to_key());
        let rows = self.page_of::<token::Entity>("tokens", token::Column::Id, tokens_meant(filter), page).await?;
        rows.into_iter().map(token::Model::read).collect()
    }

    /// How many tokens a filter shows.
    pub async fn tokens_count(&self, filter: &TokenFilter) -> Result<u64, ViewsError> {
        let count = token::Entity::find().filter(tokens_meant(filter)).count(&self.readers).await;
        count.map_err(ViewsError::read("the number of tokens"))
    }

    /// A page of the tokens made from a token.
    pub async fn children(&self, parent: TokenId, page: Page<TokenId>) -> Result<Vec<Token>, ViewsError> {
        let page = page.by(|id| id.0.to_key());
        let of_parent = token::Column::Parent.eq(parent.0.to_key());
        let rows = self.page_of::<token::Entity>("children", token::Column::Id, of_parent, page).await?;
        rows.into_iter().map(token::Model::read).collect()
    }

    /// How many tokens were made from a token.
    pub async fn children_count(&self, parent: TokenId) -> Result<u64, ViewsError> {
        let select = token::Entity::find().filter(token::Column::Parent.eq(parent.0.to_key()));
        select.count(&self.readers).await.map_err(ViewsError::read("the number of children"))
    }

    /// A page of hops in their current versions.
    pub async fn hops_page(&self, filter: &HopFilter, page: Page<HopId>) -> Result<Vec<Hop>, ViewsError> {
        let page = page.by(|id| id.0.to_key());
        let all = hops_meant(filter);
        let Some(party) = filter.party else {
            let rows = self.page_of::<hop::Entity>("hops", hop::Column::Id, all, page).await?;
            return rows.into_iter().map(|row| Ok(row.read()?.0)).collect();
        };
        // One list for each index, merged: a condition on either party would use neither.
        let mut merged = BTreeMap::new();
        for column in [hop::Column::FromParty, hop::Column::ToParty] {
            let one = all.clone().add(column.eq(party.0.to_key()));
            let rows = self.page_of::<hop::Entity>("hops", hop::Column::Id, one, page).await?;
            merged.extend(rows.into_iter().map(|row| (row.id, row)));
        }
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let in_order: Vec<hop::Model> =
            if page.newest_first { merged.into_values().rev().collect() } else { merged.into_values().collect() };
        in_order.into_iter().take(limit).map(|row| Ok(row.read()?.0)).collect()
    }

    /// How many hops a filter shows.
    pub async fn hops_count(&self, filter: &HopFilter) -> Result<u64, ViewsError> {
        let all = hops_meant(filter);
        let Some(party) = filter.party.map(|party| party.0.to_key()) else { return self.count_hops(all).await };
        let (from, to) = (hop::Column::FromParty.eq(party), hop::Column::ToParty.eq(party));
        let sent = self.count_hops(all.clone().add(from.clone())).await?;
        let received = self.count_hops(all.clone().add(to.clone())).await?;
        let both = self.count_hops(all.add(from).add(to)).await?;
        Ok((sent + received).saturating_sub(both))
    }

    async fn count_hops(&self, condition: Condition) -> Result<u64, ViewsError> {
        let count = hop::Entity::find().filter(condition).count(&self.readers).await;
        count.map_err(ViewsError::read("the number of hops"))
    }

    /// A hop as it stood after so many entries of the chain; none when it was not yet there.
    pub async fn hop_at(&self, id: HopId, as_of_entries: u64) -> Result<Option<Hop>, ViewsError> {
        let entries = index(as_of_entries);
        let row = hop::Entity::find()
            .filter(hop::Column::Id.eq(id.0.to_key()))
            .filter(hop::Column::Version.lt(entries))
            .order_by_desc(hop::Column::Version)
            .one(&self.readers)
            .await;
        Ok(row.map_err(ViewsError::read("a hop"))?.map(hop::Model::read).transpose()?.map(|(hop, _)| hop))
    }

    /// A page of parties.
    pub async fn parties_page(&self, filter: &PartyFilter, page: Page<PartyKey>) -> Result<Vec<Party>, ViewsError> {
        let page = page.by(|key| key.0.to_key());
        let rows = self.page_of::<party::Entity>("parties", party::Column::Key, parties_meant(filter), page).await?;
        rows.into_iter().map(party::Model::read).collect()
    }

    /// How many parties a filter shows.
    pub async fn parties_count(&self, filter: &PartyFilter) -> Result<u64, ViewsError> {
        let count = party::Entity::find().filter(parties_meant(filter)).count(&self.readers).await;
        count.map_err(ViewsError::read("the number of parties"))
    }

    /// A page of allocations.
    pub async fn allocations_page(
        &self,
        filter: &AllocationFilter,
        page: Page<AllocationId>,
    ) -> Result<Vec<Allocation>, ViewsError> {
        let page = page.by(|id| id.0.to_key());
        let column = allocation::Column::Id;
        let rows = self.page_of::<allocation::Entity>("allocations", column, allocations_meant(filter), page).await?;
        rows.into_iter().map(allocation::Model::read).collect()
    }

    /// How many allocations a filter shows.
    pub async fn allocations_count(&self, filter: &AllocationFilter) -> Result<u64, ViewsError> {
        let count = allocation::Entity::find().filter(allocations_meant(filter)).count(&self.readers).await;
        count.map_err(ViewsError::read("the number of allocations"))
    }

    /// The keys of a party's officers, in order of registration.
    pub async fn keys_of_party(&self, party: PartyKey) -> Result<Vec<OfficerKey>, ViewsError> {
        let rows = officer_key::Entity::find()
            .filter(officer_key::Column::Party.eq(party.0.to_key()))
            .order_by_asc(officer_key::Column::RegisteredBy)
            .order_by_asc(officer_key::Column::Key)
            .all(&self.readers)
            .await;
        rows.map_err(ViewsError::read("the keys of a party"))?.into_iter().map(officer_key::Model::read).collect()
    }
}

fn tokens_meant(filter: &TokenFilter) -> Condition {
    use token::Column;
    let mut all = Condition::all()
        .add_option(filter.holder.map(|party| Column::Holder.eq(party.0.to_key())))
        .add_option(filter.accountable.map(|party| Column::Accountable.eq(party.0.to_key())))
        .add_option(filter.state.map(|state| Column::State.eq(number(state.number()))))
        .add_option(filter.allocation.map(|id| Column::Allocation.eq(id.0.to_key())))
        .add_option(filter.hop.map(|id| Column::Hop.eq(id.0.to_key())));
    // Nothing of an allocation or hop is older than it is.
    for place in [filter.allocation.map(|id| id.0), filter.hop.map(|id| id.0)].into_iter().flatten() {
        all = all.add_option(first_of_entry(place).map(|first| Column::Id.gte(first)));
    }
    if let Some(select) = allocations_of(filter.programme, filter.cycle.as_deref()) {
        all = all.add(Column::Allocation.in_subquery(select));
    }
    if filter.unspent_only { all.add(Column::SpentBy.is_null()) } else { all }
}

/// All but `party`.
fn hops_meant(filter: &HopFilter) -> Condition {
    use hop::Column;
    let mut all = Condition::all()
        .add(Column::Ended.is_null())
        .add_option(filter.from.map(|party| Column::FromParty.eq(party.0.to_key())))
        .add_option(filter.to.map(|party| Column::ToParty.eq(party.0.to_key())))
        .add_option(filter.state.map(|state| Column::State.eq(number(state.number()))))
        .add_option(filter.kind.map(|kind| Column::Kind.eq(number(kind.number()))))
        .add_option(filter.allocation.map(|id| Column::Allocation.eq(id.0.to_key())));
    if let Some(select) = allocations_of(filter.programme, filter.cycle.as_deref()) {
        all = all.add(Column::Allocation.in_subquery(select));
    }
    if let Some(at) = filter.overdue_at {
        let on_it = Expr::col(Column::Sent)
            .sub(Expr::col(Column::Deducted))
            .sub(Expr::col(Column::Refused))
            .sub(Expr::col(Column::Credited).if_null(0_i64));
        all = all.add(awaits_receiver()).add(Column::Due.lt(at.0)).add(on_it.gt(0_i64));
    }
    if filter.awaits_receiver {
        all = all.add(awaits_receiver());
    }
    if filter.unanswered {
        all = all
            .add(Column::State.eq(number(HopState::Sent.number())))
            .add(Column::Refused.eq(0_i64))
            .add(Column::Credited.is_null())
            .add(Column::Arrived.is_null());
    }
    all
}

/// No answer of the receiver, and money still on the hop.
fn awaits_receiver() -> Condition {
    let over = [HopState::Returned, HopState::Reversed].map(|state| number(state.number()));
    Condition::all().add(hop::Column::Arrived.is_null()).add(hop::Column::State.is_not_in(over))
}

fn parties_meant(filter: &PartyFilter) -> Condition {
    use party::Column;
    let only = |keys: &Vec<PartyKey>| Column::Key.is_in(keys.iter().map(|key| key.0.to_key()));
    Condition::all()
        .add_option(filter.kind.map(|kind| Column::Kind.eq(number(kind.number()))))
        .add_option(filter.area.as_deref().and_then(areas_under).map(|select| Column::Area.in_subquery(select)))
        .add_option(filter.only.as_ref().map(only))
}

fn allocations_meant(filter: &AllocationFilter) -> Condition {
    use allocation::Column;
    Condition::all()
        .add_option(filter.programme.map(|id| Column::Programme.eq(id.0.to_key())))
        .add_option(filter.cycle.as_deref().map(|cycle| Column::Cycle.eq(sought(cycle))))
        .add_option(filter.purpose.as_deref().map(|purpose| Column::Purpose.eq(sought(purpose))))
}

/// The key of the first thing that the entry of a place could make.
fn first_of_entry(place: Place) -> Option<i64> {
    Place::new(place.entry(), 0).map(Place::to_key)
}

/// The ids of a programme's or cycle's allocations; none when neither is wanted.
fn allocations_of(programme: Option<ProgrammeId>, cycle: Option<&str>) -> Option<SelectStatement> {
    if programme.is_none() && cycle.is_none() {
        return None;
    }
    let all = Condition::all()
        .add_option(programme.map(|id| allocation::Column::Programme.eq(id.0.to_key())))
        .add_option(cycle.map(|cycle| allocation::Column::Cycle.eq(sought(cycle))));
    Some(Query::select().column(allocation::Column::Id).from(allocation::Entity).cond_where(all).take())
}

/// The ids of an area and everything under it; none for the whole country, the empty path.
pub(super) fn areas_under(path: &str) -> Option<SelectStatement> {
    if path.is_empty() {
        return None;
    }
    let path = sought(path);
    let below = format!("{path}/");
    // A prefix is compared by cutting, since LIKE and collations differ between databases.
    let length = i64::try_from(below.chars().count()).unwrap_or(i64::MAX);
    let start = sea_orm::sea_query::Func::cust("SUBSTR").args([
        Expr::col(area::Column::Path),
        Expr::val(1_i64).cast_as("INTEGER"),
        Expr::val(length).cast_as("INTEGER"),
    ]);
    let either = Condition::any().add(area::Column::Path.eq(path)).add(Expr::from(start).eq(below));
    Some(Query::select().column(area::Column::Id).from(area::Entity).cond_where(either).take())
}
