//! Look-ups and lists for readers: what the edges show, without a word of how it is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use crate::ledger::hop::Hop;
use crate::ledger::ids::{AllocationId, AreaId, HopId, PartyKey, Place, ProgrammeId, TokenId};
use crate::ledger::registry::{Allocation, Appropriation, OfficerKey, Party, Programme, Recorded};
use crate::ledger::selection::{
    AllocationFilter, Count, HopFilter, Listed, OperationFilter, Page, PartyFilter, ProgrammeFilter, Span, TokenFilter,
};
use crate::ledger::state::Tables;
use crate::ledger::time::Millis;
use crate::ledger::token::Token;
use crate::limits::LIST_ROWS_LOOKED_AT_MAX;
use crate::store::error::StoreError;
use crate::store::views::blocks::{BlockRow, OperationRow};
use crate::store::views::error::ViewsError;

use super::bodies::BlockEntries;
use super::node::Node;

/// Why a list cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The views do not answer.
    #[error("the books cannot be read now; try again")]
    Views(#[from] ViewsError),
    /// A store does not answer.
    #[error("the store cannot be read now; try again")]
    Store(#[from] StoreError),
    /// What the chain holds cannot be read.
    #[error("entry {0} cannot be read from the chain; look with `aqueduct verify`")]
    Broken(u64),
}

/// The number of a place, as pages and cursors hold it.
pub fn place_number(place: Place) -> u64 {
    u64::try_from(place.to_key()).unwrap_or(0)
}

/// An operation of the log with its leaf.
#[derive(Clone, Debug)]
pub struct EntryRecord {
    /// The operation.
    pub recorded: Arc<Recorded>,
    /// SHA-256 of the entry's bytes.
    pub leaf: [u8; 32],
}

impl EntryRecord {
    fn of(row: OperationRow) -> Self {
        Self { recorded: Arc::new(row.recorded), leaf: row.leaf }
    }
}

/// An entry as the chain holds it.
#[derive(Clone, Debug)]
pub struct EntryBytes {
    /// The envelope in canonical form.
    pub envelope: Vec<u8>,
    /// The lines beside it.
    pub lines: Vec<String>,
}

/// A block, as readers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockHead {
    /// Its height, from 0.
    pub height: u64,
    /// Its time.
    pub time: Millis,
    /// The entries of the log up to and with it.
    pub entries: u64,
    /// The root of the log's tree after it.
    pub root: [u8; 32],
    /// The digest of its header.
    pub digest: [u8; 32],
}

impl From<BlockRow> for BlockHead {
    fn from(block: BlockRow) -> Self {
        Self {
            height: block.height,
            time: block.time,
            entries: block.tree_size,
            root: block.tree_root,
            digest: block.digest,
        }
    }
}

/// Look-ups by id.
impl Node {
    /// Tokens by id.
    pub async fn tokens_by_id(&self, ids: &[TokenId]) -> Result<BTreeMap<TokenId, Arc<Token>>, ListError> {
        let found = self.views().tokens(ids).await?;
        Ok(found.into_iter().map(|token| (token.id, Arc::new(token))).collect())
    }

    /// Hops by id, as they stand now.
    pub async fn hops_by_id(&self, ids: &[HopId]) -> Result<BTreeMap<HopId, Arc<Hop>>, ListError> {
        let found = self.views().hops(ids).await?;
        Ok(found.into_iter().map(|hop| (hop.id, Arc::new(hop))).collect())
    }

    /// Allocations by id: those just committed from memory, the others from the views.
    pub async fn allocations_by_id(
        &self,
        ids: &[AllocationId],
    ) -> Result<BTreeMap<AllocationId, Arc<Allocation>>, ListError> {
        let mut found: BTreeMap<_, _> = {
            let tables = self.tables();
            ids.iter().filter_map(|id| Some((*id, tables.allocations.get(id)?.clone()))).collect()
        };
        let lacking: Vec<AllocationId> = ids.iter().copied().filter(|id| !found.contains_key(id)).collect();
        if !lacking.is_empty() {
            let stored = self.views().allocations(&lacking).await?;
            found.extend(stored.into_iter().map(|allocation| (allocation.id, Arc::new(allocation))));
        }
        Ok(found)
    }

    /// Operations with their leaves, by the index of their entries.
    pub async fn entries_by_index(&self, indexes: &[u64]) -> Result<BTreeMap<u64, EntryRecord>, ListError> {
        let mut found = BTreeMap::new();
        for row in self.views().operations_of_entries(indexes).await? {
            let record = EntryRecord::of(row);
            found.insert(record.recorded.entry, record);
        }
        Ok(found)
    }

    /// The exact bytes of entries and the lines beside them, from the chain; each block is read
    /// once.
    pub async fn bytes_of_entries(&self, indexes: &[u64]) -> Result<BTreeMap<u64, Arc<EntryBytes>>, ListError> {
        let wanted: BTreeSet<u64> = indexes.iter().copied().collect();
        let mut found = BTreeMap::new();
        let mut block: Option<Arc<BlockEntries>> = None;
        for index in wanted {
            if block.as_ref().is_none_or(|block| block.entry(index).is_none()) {
                block = self.bodies().of_entry(index, self.chain()).await?;
            }
            if let Some(entry) = block.as_ref().and_then(|block| block.entry(index)) {
                found.insert(index, entry.clone());
            }
        }
        Ok(found)
    }

    /// The heights of the blocks of these times, as far as the views hold them.
    pub async fn heights_of_times(&self, times: &[Millis]) -> Result<BTreeMap<Millis, u64>, ListError> {
        let blocks = self.views().blocks_of_times(times).await?;
        Ok(blocks.into_iter().map(|block| (block.time, block.height)).collect())
    }

    /// The last block that the views hold.
    pub async fn last_block(&self) -> Result<Option<BlockHead>, ListError> {
        Ok(self.views().last_block().await?.map(BlockHead::from))
    }

    /// The entries that made or changed hops, in order.
    pub async fn entries_of_hops(&self, ids: &[HopId]) -> Result<BTreeMap<HopId, Vec<u64>>, ListError> {
        let mut found: BTreeMap<HopId, Vec<u64>> = BTreeMap::new();
        for (id, version) in self.views().versions_of_hops(ids).await? {
            found.entry(id).or_default().push(version);
        }
        for entries in found.values_mut() {
            entries.sort_unstable();
        }
        Ok(found)
    }

    /// The entries that were recorded in a span of time: from a moment, and before another.
    pub async fn entries_between(&self, from: Option<Millis>, before: Option<Millis>) -> Result<Span, ListError> {
        let mut span = Span::default();
        if let Some(from) = from {
            span.from = Some(self.views().entries_before(from).await?);
        }
        if let Some(before) = before {
            span.before = Some(self.views().entries_before(before).await?);
        }
        Ok(span)
    }

    /// The hops that a token was sent on: those that the entry which spent it opened with it.
    pub async fn hops_out_of(&self, token: &Token) -> Result<Vec<Arc<Hop>>, ListError> {
        let Some(entry) = token.spent_by else { return Ok(Vec::new()) };
        let hops = self.views().of_entry(entry).await?.hops;
        Ok(hops.into_iter().filter(|hop| hop.token == Some(token.id)).map(Arc::new).collect())
    }

    /// The path of an area.
    pub fn area_path(&self, area: AreaId) -> String {
        let tables = self.tables();
        tables.areas.iter().find(|(_, id)| **id == area).map(|(path, _)| path.clone()).unwrap_or_default()
    }

    /// The keys of a party's officers, in order of their registration.
    pub fn keys_of_party(&self, party: PartyKey) -> Vec<Arc<OfficerKey>> {
        let tables = self.tables();
        let mut keys: Vec<_> = tables.keys.values().filter(|key| key.party == party).cloned().collect();
        keys.sort_by_key(|key| (key.registered_by, key.key));
        keys
    }

    /// What was appropriated to a programme, in order of the cycles' labels.
    pub fn appropriations_of(&self, programme: ProgrammeId) -> Vec<Arc<Appropriation>> {
        let tables = self.tables();
        tables.appropriations.values().filter(|set| set.programme == programme).cloned().collect()
    }

    /// The programme of an id or a code.
    pub fn programme_named(&self, code: &str) -> Option<Arc<Programme>> {
        let tables = self.tables();
        tables.programme_codes.get(code).and_then(|id| tables.programmes.get(id)).cloned()
    }
}

/// Lists and their counts. Where no index finds what a filter means, so many rows at most are
/// looked at.
impl Node {
    /// A part of the list of tokens.
    pub async fn tokens_list(
        &self,
        filter: &TokenFilter,
        page: Page<u64>,
    ) -> Result<Listed<Arc<Token>, u64>, ListError> {
        let found = self.views().tokens_page(filter, by_place(page, TokenId)).await?;
        Ok(found.map(Arc::new, |id| place_number(id.0)))
    }

    /// How many tokens it has.
    pub async fn tokens_count(&self, filter: &TokenFilter) -> Result<Count, ListError> {
        Ok(self.views().tokens_count(filter, Some(LIST_ROWS_LOOKED_AT_MAX)).await?)
    }

    /// A part of the list of hops.
    pub async fn hops_list(&self, filter: &HopFilter, page: Page<u64>) -> Result<Listed<Arc<Hop>, u64>, ListError> {
        let found = self.views().hops_page(filter, by_place(page, HopId)).await?;
        Ok(found.map(Arc::new, |id| place_number(id.0)))
    }

    /// How many hops it has.
    pub async fn hops_count(&self, filter: &HopFilter) -> Result<Count, ListError> {
        Ok(self.views().hops_count(filter, Some(LIST_ROWS_LOOKED_AT_MAX)).await?)
    }

    /// A part of the list of allocations.
    pub async fn allocations_list(
        &self,
        filter: &AllocationFilter,
        page: Page<u64>,
    ) -> Result<Listed<Arc<Allocation>, u64>, ListError> {
        let found = self.views().allocations_page(filter, by_place(page, AllocationId)).await?;
        Ok(found.map(Arc::new, |id| place_number(id.0)))
    }

    /// How many allocations it has.
    pub async fn allocations_count(&self, filter: &AllocationFilter) -> Result<Count, ListError> {
        Ok(self.views().allocations_count(filter, Some(LIST_ROWS_LOOKED_AT_MAX)).await?)
    }

    /// A part of the list of recorded operations, by entry.
    pub async fn operations_list(
        &self,
        filter: &OperationFilter,
        page: Page<u64>,
    ) -> Result<Listed<EntryRecord, u64>, ListError> {
        let found = self.views().operations_page(filter, page).await?;
        Ok(found.map(EntryRecord::of, |entry| entry))
    }

    /// How many operations it has.
    pub async fn operations_count(&self, filter: &OperationFilter) -> Result<Count, ListError> {
        Ok(self.views().operations_count(filter, Some(LIST_ROWS_LOOKED_AT_MAX)).await?)
    }

    /// A part of the list of parties; they are all in memory.
    pub fn parties_list(&self, filter: &PartyFilter, page: Page<u64>) -> Listed<Arc<Party>, u64> {
        let tables = self.tables();
        let fits = parties_meant(&tables, filter);
        let key = |party: &Arc<Party>| place_number(party.key.0);
        let beyond = page.after.map_or(Bound::Unbounded, |number| Bound::Excluded(PartyKey(place_of(number))));
        match &filter.only {
            Some(only) => page.part_of(named(&tables, only).filter(|party| fits(party)).collect(), key),
            None if page.newest_first => page.walk(tables.parties.falling(beyond), key, fits),
            None => page.walk(tables.parties.rising(beyond), key, fits),
        }
    }

    /// How many parties it has.
    pub fn parties_count(&self, filter: &PartyFilter) -> Count {
        let tables = self.tables();
        let fits = parties_meant(&tables, filter);
        match &filter.only {
            Some(only) => Count::whole(named(&tables, only).filter(|party| fits(party)).count()),
            None => Count::of(tables.parties.values(), fits, LIST_ROWS_LOOKED_AT_MAX),
        }
    }

    /// A part of the list of programmes; they are all in memory.
    pub fn programmes_list(&self, filter: &ProgrammeFilter, page: Page<u64>) -> Listed<Arc<Programme>, u64> {
        let all = self.programmes_in(filter);
        page.part_of(all, |programme: &Arc<Programme>| place_number(programme.id.0))
    }

    /// How many programmes it has.
    pub fn programmes_count(&self, filter: &ProgrammeFilter) -> Count {
        Count::whole(self.programmes_in(filter).len())
    }

    fn programmes_in(&self, filter: &ProgrammeFilter) -> Vec<Arc<Programme>> {
        let has_text =
            |text: &String, programme: &Programme| has_part(&programme.code, text) || has_part(&programme.label, text);
        let fits = |programme: &&Arc<Programme>| {
            filter.owner.is_none_or(|owner| owner == programme.owner)
                && filter.currency.is_none_or(|currency| currency == programme.currency)
                && filter.text.as_ref().is_none_or(|text| has_text(text, programme))
        };
        self.tables().programmes.values().filter(fits).cloned().collect()
    }
}

/// Whether a party is meant.
fn parties_meant<'a>(tables: &Tables, filter: &'a PartyFilter) -> impl Fn(&Arc<Party>) -> bool + use<'a> {
    let areas: Option<BTreeSet<AreaId>> = filter.area.as_ref().map(|area| areas_under(tables, area));
    move |party| {
        filter.kind.is_none_or(|kind| kind == party.kind)
            && areas.as_ref().is_none_or(|areas| areas.contains(&party.area))
            && filter.text.as_ref().is_none_or(|text| has_part(&party.label, text))
    }
}

/// An area and everything under it; all of them for the empty path.
pub fn areas_under(tables: &Tables, area: &str) -> BTreeSet<AreaId> {
    let under = format!("{area}/");
    let is_in = |path: &str| area.is_empty() || path == area || path.starts_with(&under);
    tables.areas.iter().filter(|(path, _)| is_in(path)).map(|(_, id)| *id).collect()
}

/// Whether a text has a part, given in lower case.
fn has_part(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(part)
}

/// The parties of some keys, in order of the keys.
fn named<'a>(tables: &'a Tables, keys: &[PartyKey]) -> impl Iterator<Item = Arc<Party>> + use<'a> {
    let keys: BTreeSet<PartyKey> = keys.iter().copied().collect();
    keys.into_iter().filter_map(move |key| tables.parties.get(&key))
}

/// A page by places, as the store takes it.
fn by_place<K>(page: Page<u64>, key: impl Fn(Place) -> K) -> Page<K> {
    page.by(|raw| key(place_of(raw)))
}

/// The place of a number; one that no row can have is beyond the last.
fn place_of(number: u64) -> Place {
    Place::from_key(i64::try_from(number).unwrap_or(i64::MAX)).expect("it is not negative")
}
