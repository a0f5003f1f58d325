//! Look-ups and lists for readers: what the edges show, without a word of how it is stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::chain::block::Body;
use crate::ledger::hop::Hop;
use crate::ledger::ids::{AllocationId, AreaId, HopId, PartyKey, Place, ProgrammeId, TokenId};
use crate::ledger::registry::{Allocation, Appropriation, OfficerKey, Party, Programme, Recorded};
use crate::ledger::selection::{AllocationFilter, HopFilter, OperationFilter, Page, PartyFilter, TokenFilter};
use crate::ledger::time::Millis;
use crate::ledger::token::Token;
use crate::store::error::StoreError;
use crate::store::views::blocks::BlockRow;
use crate::store::views::error::ViewsError;

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
            let record = EntryRecord { recorded: Arc::new(row.recorded), leaf: row.leaf };
            found.insert(record.recorded.entry, record);
        }
        Ok(found)
    }

    /// The exact bytes of an entry and the lines beside it, from the chain.
    pub async fn entry_bytes(&self, index: u64) -> Result<Option<(Vec<u8>, Vec<String>)>, ListError> {
        let Some(block) = self.chain().block_of_entry(index).await? else { return Ok(None) };
        let body = Body::parse(&block.body).map_err(|_| ListError::Broken(index))?;
        let at = index.checked_sub(block.first_entry).and_then(|at| usize::try_from(at).ok());
        let entry = at.and_then(|at| body.into_entries().into_iter().nth(at)).ok_or(ListError::Broken(index))?;
        Ok(Some((entry.envelope, entry.lines)))
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

    /// The entries that made or changed a hop, in order.
    pub async fn entries_of_hop(&self, hop: &Hop) -> Result<Vec<u64>, ListError> {
        let mut entries = vec![hop.version];
        let mut version = hop.version;
        // Each version ends where the next begins; a hop has a handful of them.
        while version > hop.id.0.entry() {
            let Some(before) = self.views().hop_at(hop.id, version).await? else { break };
            version = before.version;
            entries.push(version);
        }
        entries.reverse();
        Ok(entries)
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

/// Lists and their counts.
impl Node {
    /// A part of the list of tokens.
    pub async fn tokens_list(&self, filter: &TokenFilter, page: Page<u64>) -> Result<Vec<Arc<Token>>, ListError> {
        let found = self.views().tokens_page(filter, by_place(page, TokenId)).await?;
        Ok(found.into_iter().map(Arc::new).collect())
    }

    /// How many tokens it has.
    pub async fn tokens_count(&self, filter: &TokenFilter) -> Result<u64, ListError> {
        Ok(self.views().tokens_count(filter).await?)
    }

    /// A part of the list of tokens made from a token.
    pub async fn children_list(&self, parent: TokenId, page: Page<u64>) -> Result<Vec<Arc<Token>>, ListError> {
        let found = self.views().children(parent, by_place(page, TokenId)).await?;
        Ok(found.into_iter().map(Arc::new).collect())
    }

    /// How many tokens were made from a token.
    pub async fn children_count(&self, parent: TokenId) -> Result<u64, ListError> {
        Ok(self.views().children_count(parent).await?)
    }

    /// A part of the list of hops.
    pub async fn hops_list(&self, filter: &HopFilter, page: Page<u64>) -> Result<Vec<Arc<Hop>>, ListError> {
        let found = self.views().hops_page(filter, by_place(page, HopId)).await?;
        Ok(found.into_iter().map(Arc::new).collect())
    }

    /// How many hops it has.
    pub async fn hops_count(&self, filter: &HopFilter) -> Result<u64, ListError> {
        Ok(self.views().hops_count(filter).await?)
    }

    /// A part of the list of allocations.
    pub async fn allocations_list(
        &self,
        filter: &AllocationFilter,
        page: Page<u64>,
    ) -> Result<Vec<Arc<Allocation>>, ListError> {
        let found = self.views().allocations_page(filter, by_place(page, AllocationId)).await?;
        Ok(found.into_iter().map(Arc::new).collect())
    }

    /// How many allocations it has.
    pub async fn allocations_count(&self, filter: &AllocationFilter) -> Result<u64, ListError> {
        Ok(self.views().allocations_count(filter).await?)
    }

    /// A part of the list of recorded operations, by entry.
    pub async fn operations_list(
        &self,
        filter: OperationFilter,
        page: Page<u64>,
    ) -> Result<Vec<EntryRecord>, ListError> {
        let found = self.views().operations_page(&filter, page).await?;
        Ok(found.into_iter().map(|row| EntryRecord { recorded: Arc::new(row.recorded), leaf: row.leaf }).collect())
    }

    /// How many operations it has.
    pub async fn operations_count(&self, filter: OperationFilter) -> Result<u64, ListError> {
        Ok(self.views().operations_count(&filter).await?)
    }

    /// The list of parties; they are all in memory.
    pub fn parties_list(&self, filter: &PartyFilter, page: Page<u64>) -> Vec<Arc<Party>> {
        page.part_of(self.parties_in(filter), |party| place_number(party.key.0))
    }

    /// How many parties it has.
    pub fn parties_count(&self, filter: &PartyFilter) -> u64 {
        u64::try_from(self.parties_in(filter).len()).unwrap_or(u64::MAX)
    }

    /// A part of the list of programmes; they are all in memory.
    pub fn programmes_list(&self, page: Page<u64>) -> Vec<Arc<Programme>> {
        let all = self.tables().programmes.values().cloned().collect();
        page.part_of(all, |programme: &Arc<Programme>| place_number(programme.id.0))
    }

    /// How many programmes there are.
    pub fn programmes_count(&self) -> u64 {
        u64::try_from(self.tables().programmes.len()).unwrap_or(u64::MAX)
    }

    fn parties_in(&self, filter: &PartyFilter) -> Vec<Arc<Party>> {
        let tables = self.tables();
        let areas: Option<Vec<AreaId>> = filter.area.as_ref().map(|area| {
            let under = format!("{area}/");
            let is_in = |path: &str| area.is_empty() || path == area || path.starts_with(&under);
            tables.areas.iter().filter(|(path, _)| is_in(path)).map(|(_, id)| *id).collect()
        });
        let fits = |party: &&Arc<Party>| {
            filter.kind.is_none_or(|kind| kind == party.kind)
                && filter.only.as_ref().is_none_or(|only| only.contains(&party.key))
                && areas.as_ref().is_none_or(|areas| areas.contains(&party.area))
        };
        tables.parties.values().filter(fits).cloned().collect()
    }
}

/// A page by places, as the store takes it; a number that no row can have is beyond the last.
fn by_place<K>(page: Page<u64>, key: impl Fn(Place) -> K) -> Page<K> {
    let place = |raw: u64| Place::from_key(i64::try_from(raw).unwrap_or(i64::MAX)).map(&key);
    Page { after: page.after.and_then(place), limit: page.limit, newest_first: page.newest_first }
}
