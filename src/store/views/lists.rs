//! Lists for readers: pages that follow a key, each with its count.
//!
//! Every list runs along its key, newest or oldest first, and stops when the page is full. Three
//! indexes shorten the way: what is on its way to a party (`hops_to`) or from it (`hops_from`),
//! what a party has unspent (`tokens_holder`), what was made from a token (`tokens_parent`). A
//! span of time is a range of keys, and an allocation begins one. All other conditions are looked
//! for row by row, so a page may say how many rows it looks at; then it stops there, and the
//! next one goes on.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::ledger::hop::Hop;
use crate::ledger::ids::{AllocationId, HopId, PartyKey, Place, ProgrammeId, TokenId};
use crate::ledger::registry::{Allocation, OfficerKey};
use crate::ledger::selection::{AllocationFilter, Count, HopFilter, Listed, Page, Span, TokenFilter};
use crate::ledger::token::{HopState, Token, TokenState};

use super::Views;
use super::entity::{allocation, area, hop, officer_key, token};
use super::error::ViewsError;
use super::fields::{Columns, index, number, sought};
use super::rows::Meant;

impl Views {
    /// A page of tokens.
    pub async fn tokens_page(
        &self,
        filter: &TokenFilter,
        page: Page<TokenId>,
    ) -> Result<Listed<Token, TokenId>, ViewsError> {
        let page = page.by(|id| id.0.to_key());
        let found = self.page_of::<token::Entity>("tokens", token::Column::Id, tokens_meant(filter), page).await?;
        ids(found.try_map(token::Model::read)?, TokenId)
    }

    /// How many tokens a filter shows, looking at so many at most.
    pub async fn tokens_count(&self, filter: &TokenFilter, look_max: Option<u64>) -> Result<Count, ViewsError> {
        let what = "the number of tokens";
        self.count_of::<token::Entity>(what, token::Column::Id, tokens_meant(filter), look_max).await
    }

    /// A page of hops in their current versions.
    pub async fn hops_page(&self, filter: &HopFilter, page: Page<HopId>) -> Result<Listed<Hop, HopId>, ViewsError> {
        let page = page.by(|id| id.0.to_key());
        let ways = hops_meant(filter);
        // One list for each index, merged: a condition on either party would use neither.
        let mut merged = BTreeMap::new();
        let mut stops = Vec::new();
        for meant in ways {
            let found = self.page_of::<hop::Entity>("hops", hop::Column::Id, meant, page).await?;
            merged.extend(found.rows.into_iter().map(|row| (row.id, row)));
            stops.extend(found.stopped_at);
        }
        // What lies beyond the first stop is known of one list only.
        let stopped_at = if page.newest_first { stops.into_iter().max() } else { stops.into_iter().min() };
        let is_within = |id: i64| stopped_at.is_none_or(|stop| if page.newest_first { id >= stop } else { id <= stop });
        let mut rows: Vec<hop::Model> = merged.into_values().filter(|row| is_within(row.id)).collect();
        if page.newest_first {
            rows.reverse();
        }
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let stopped_at = stopped_at.filter(|_| rows.len() < limit);
        rows.truncate(limit);
        let rows = rows.into_iter().map(|row| Ok(row.read()?.0)).collect::<Result<_, ViewsError>>()?;
        ids(Listed { rows, stopped_at }, HopId)
    }

    /// How many hops a filter shows, looking at so many at most of those sent and of those
    /// received.
    pub async fn hops_count(&self, filter: &HopFilter, look_max: Option<u64>) -> Result<Count, ViewsError> {
        let mut count = Count::whole(0);
        for meant in hops_meant(filter) {
            let one = self.count_of::<hop::Entity>("the number of hops", hop::Column::Id, meant, look_max).await?;
            count = Count { rows: count.rows + one.rows, whole: count.whole && one.whole };
        }
        Ok(count)
    }

    /// The entries that made or changed these hops, in no order.
    pub async fn versions_of_hops(&self, ids: &[HopId]) -> Result<Vec<(HopId, u64)>, ViewsError> {
        let keys = ids.iter().map(|id| id.0.to_key());
        let found = hop::Entity::find()
            .select_only()
            .columns([hop::Column::Id, hop::Column::Version])
            .filter(hop::Column::Id.is_in(keys))
            .into_tuple::<(i64, i64)>()
            .all(&self.readers)
            .await;
        let columns = Columns("hops");
        let read = |(id, version)| Ok((HopId(columns.place("id", id)?), columns.index("version", version)?));
        found.map_err(ViewsError::read("versions of hops"))?.into_iter().map(read).collect()
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

    /// A page of allocations.
    pub async fn allocations_page(
        &self,
        filter: &AllocationFilter,
        page: Page<AllocationId>,
    ) -> Result<Listed<Allocation, AllocationId>, ViewsError> {
        let page = page.by(|id| id.0.to_key());
        let (column, meant) = (allocation::Column::Id, allocations_meant(filter));
        let found = self.page_of::<allocation::Entity>("allocations", column, meant, page).await?;
        ids(found.try_map(allocation::Model::read)?, AllocationId)
    }

    /// How many allocations a filter shows, looking at so many at most.
    pub async fn allocations_count(
        &self,
        filter: &AllocationFilter,
        look_max: Option<u64>,
    ) -> Result<Count, ViewsError> {
        let (column, meant) = (allocation::Column::Id, allocations_meant(filter));
        self.count_of::<allocation::Entity>("the number of allocations", column, meant, look_max).await
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

/// What was read of a list, with the key at which it stopped as an id.
fn ids<T, K>(found: Listed<T, i64>, id: impl Fn(Place) -> K) -> Result<Listed<T, K>, ViewsError> {
    // A key of a row is never negative.
    let stopped_at = found.stopped_at.and_then(Place::from_key).map(id);
    Ok(Listed { rows: found.rows, stopped_at })
}

fn tokens_meant(filter: &TokenFilter) -> Meant {
    use token::Column;
    let mut served = Condition::all()
        .add_option(filter.parent.map(|parent| Column::Parent.eq(parent.0.to_key())))
        .add(made_in(Column::Id, filter.made));
    let mut looked_at = Condition::all()
        .add_option(filter.accountable.map(|party| Column::Accountable.eq(party.0.to_key())))
        .add_option(filter.state.map(|state| Column::State.eq(number(state.number()))))
        .add_option(filter.allocation.map(|id| Column::Allocation.eq(id.0.to_key())))
        .add_option(filter.hop.map(|id| Column::Hop.eq(id.0.to_key())))
        .add_option(filter.area.as_deref().and_then(areas_under).map(|select| Column::Area.in_subquery(select)));
    // Nothing of an allocation or hop, and nothing made from a token, is older than it is.
    let places = [filter.allocation.map(|id| id.0), filter.hop.map(|id| id.0), filter.parent.map(|id| id.0)];
    for place in places.into_iter().flatten() {
        served = served.add_option(first_of_entry(place).map(|first| Column::Id.gte(first)));
    }
    if let Some(select) = allocations_of(filter.programme, filter.cycle.as_deref(), filter.purpose.as_deref()) {
        looked_at = looked_at.add(Column::Allocation.in_subquery(select));
    }
    if let Some(at) = filter.overdue_at {
        let in_transit = Column::State.eq(number(TokenState::InTransit.number()));
        looked_at = looked_at.add(Column::SpentBy.is_null()).add(in_transit).add(Column::Due.lt(at.0));
    }
    let holder = filter.holder.map(|party| Column::Holder.eq(party.0.to_key()));
    let unspent = filter.unspent_only.then(|| Column::SpentBy.is_null());
    // The index of what a holder has is of unspent tokens only.
    if holder.is_some() && unspent.is_some() {
        served = served.add_option(holder).add_option(unspent);
    } else {
        looked_at = looked_at.add_option(holder).add_option(unspent);
    }
    Meant { looked_at, ..Meant::served(served) }
}

/// What a filter shows, as one list for each index that it needs; no hop is in two of them.
fn hops_meant(filter: &HopFilter) -> Vec<Meant> {
    use hop::Column;
    let is_from = |party: PartyKey| Column::FromParty.eq(party.0.to_key());
    let is_to = |party: PartyKey| Column::ToParty.eq(party.0.to_key());
    let looked_at = hops_looked_at(filter);
    let begins = filter.allocation.and_then(|id| first_of_entry(id.0)).map(|first| Column::Id.gte(first));
    let within = Condition::all().add(made_in(Column::Id, filter.opened)).add_option(begins);
    // Both indexes of parties hold current versions only; a hop has a handful of versions.
    let current = Condition::all().add(Column::Ended.is_null());
    let of_party = |served: Condition, mostly: Condition, looked_at: Condition| Meant {
        served: served.add(current.clone()).add(within.clone()),
        mostly,
        looked_at,
    };
    let all = Condition::all;
    let (from, to) = (filter.from.map(is_from), filter.to.map(is_to));
    match (filter.party, from, to) {
        (Some(party), from, to) => {
            let looked_at = looked_at.add_option(from).add_option(to);
            let by_others = Condition::any().add(Column::FromParty.is_null()).add(is_from(party).not());
            let sent = of_party(all().add(is_from(party)), all(), looked_at.clone());
            vec![sent, of_party(all().add(is_to(party)), all().add(by_others), looked_at)]
        }
        (None, from, Some(to)) => vec![of_party(all().add(to), all(), looked_at.add_option(from))],
        (None, Some(from), None) => vec![of_party(all().add(from), all(), looked_at)],
        (None, None, None) => vec![Meant { served: within, mostly: current, looked_at }],
    }
}

/// All but the parties and the keys.
fn hops_looked_at(filter: &HopFilter) -> Condition {
    use hop::Column;
    let mut all = Condition::all()
        .add_option(filter.state.map(|state| Column::State.eq(number(state.number()))))
        .add_option(filter.kind.map(|kind| Column::Kind.eq(number(kind.number()))))
        .add_option(filter.allocation.map(|id| Column::Allocation.eq(id.0.to_key())))
        .add_option(filter.area.as_deref().and_then(areas_under).map(|select| Column::Area.in_subquery(select)));
    if let Some(select) = allocations_of(filter.programme, filter.cycle.as_deref(), None) {
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

/// Made by the entries of a span, as a range of keys.
fn made_in(key: impl ColumnTrait, span: Span) -> Condition {
    let first = |entry: u64| Place::new(entry, 0).map_or(i64::MAX, Place::to_key);
    Condition::all()
        .add_option(span.from.map(|entry| key.gte(first(entry))))
        .add_option(span.before.map(|entry| key.lt(first(entry))))
}

/// No answer of the receiver, and money still on the hop.
fn awaits_receiver() -> Condition {
    let over = [HopState::Returned, HopState::Reversed].map(|state| number(state.number()));
    Condition::all().add(hop::Column::Arrived.is_null()).add(hop::Column::State.is_not_in(over))
}

fn allocations_meant(filter: &AllocationFilter) -> Meant {
    use allocation::Column;
    let looked_at = Condition::all()
        .add_option(filter.programme.map(|id| Column::Programme.eq(id.0.to_key())))
        .add_option(filter.cycle.as_deref().map(|cycle| Column::Cycle.eq(sought(cycle))))
        .add_option(filter.purpose.as_deref().map(|purpose| Column::Purpose.eq(sought(purpose))))
        .add_option(filter.treasury.map(|party| Column::Treasury.eq(party.0.to_key())));
    Meant { looked_at, ..Meant::served(Condition::all()) }
}

/// The key of the first thing that the entry of a place could make.
fn first_of_entry(place: Place) -> Option<i64> {
    Place::new(place.entry(), 0).map(Place::to_key)
}

/// The ids of the allocations of a programme, cycle or purpose; none when nothing is wanted.
pub(super) fn allocations_of(
    programme: Option<ProgrammeId>,
    cycle: Option<&str>,
    purpose: Option<&str>,
) -> Option<SelectStatement> {
    if programme.is_none() && cycle.is_none() && purpose.is_none() {
        return None;
    }
    let all = Condition::all()
        .add_option(programme.map(|id| allocation::Column::Programme.eq(id.0.to_key())))
        .add_option(cycle.map(|cycle| allocation::Column::Cycle.eq(sought(cycle))))
        .add_option(purpose.map(|purpose| allocation::Column::Purpose.eq(sought(purpose))));
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
