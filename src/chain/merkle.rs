//! The log's Merkle tree (RFC 6962, section 2.1) and the tiles it is stored
//! and served in (C2SP tlog-tiles: eight levels a tile).

use std::fmt;

use tlog_tiles::tlog;

use super::digest::Digest;
use crate::limits;

/// What RFC 6962 puts in front of a leaf's data before hashing it.
pub(super) const LEAF_PREFIX: u8 = 0x00;

/// Levels of the tree in one tile.
pub const TILE_HEIGHT: u8 = 8;

/// Hashes in a full tile.
pub const TILE_WIDTH: usize = 1 << TILE_HEIGHT;

/// Bytes of one hash in a tile.
pub(super) const HASH_BYTES: usize = 32;

/// Which tile: its level, and its number within the level, both from 0.
/// Printed as in its address without the width: `0/17`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// The level: a tile at level `l` holds hashes of `256^l` leaves each.
    pub level: u8,
    /// The number within the level.
    pub index: u64,
}

/// A tile's hashes, one after the other: 32 to 8,192 bytes. A wider version of
/// a tile begins with the narrower one, so a store may overwrite it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Which tile.
    pub id: TileId,
    /// Its hashes.
    pub bytes: Vec<u8>,
}

/// The stored tiles are not those of a tree of this size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeFault {
    /// A tile is missing or too narrow.
    #[error("the tile {tile} is missing or has fewer than {hashes} hashes")]
    Tile {
        /// Which tile.
        tile: TileId,
        /// How many hashes it needs to have.
        hashes: u64,
    },
    /// A larger tree than the format holds.
    #[error("a tree of {0} entries is larger than the format holds")]
    Size(u64),
}

/// The hash of the empty tree.
pub const EMPTY_ROOT: Digest = Digest(tlog::EMPTY_HASH.0);

/// RFC 6962's hash of a leaf holding this data.
pub fn record_hash(data: &[u8]) -> Digest {
    Digest(tlog::record_hash(data).0)
}

/// RFC 6962's hash of an inner node.
pub fn node_hash(left: Digest, right: Digest) -> Digest {
    Digest(tlog::node_hash(tlog::Hash(left.0), tlog::Hash(right.0)).0)
}

/// The roots of the full subtrees of a growing tree, largest first: one for
/// each set bit of its size. They are all that growing on needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peaks {
    size: u64,
    hashes: Vec<Digest>,
}

impl Peaks {
    /// Those of the empty tree.
    pub fn new() -> Peaks {
        Peaks::default()
    }

    /// Adds the hash of one more leaf. `completed` hears of it and of each
    /// inner node that it completes, with the node's level (leaves are 0).
    pub fn push(&mut self, leaf_hash: Digest, mut completed: impl FnMut(u8, Digest)) {
        let mut hash = leaf_hash;
        completed(0, hash);
        // Each trailing one of the size is a full subtree waiting for a sibling.
        let mut level = 0;
        while (self.size >> level) & 1 == 1 {
            let left = self.hashes.pop().expect("one peak for each bit of the size");
            hash = node_hash(left, hash);
            level += 1;
            completed(level, hash);
        }
        self.hashes.push(hash);
        self.size += 1;
    }

    /// The root of the tree.
    pub fn root(&self) -> Digest {
        let mut peaks = self.hashes.iter().rev().copied();
        match peaks.next() {
            Some(last) => peaks.fold(last, |right, left| node_hash(left, right)),
            None => EMPTY_ROOT,
        }
    }
}

/// The path from one leaf to the root (RFC 6962, section 2.1.1), from hashes
/// that are all in memory. The caller knows that there is such a leaf.
pub(super) fn path(leaf_hashes: &[Digest], index: usize) -> Vec<Digest> {
    let (mut rest, mut index) = (leaf_hashes, index);
    let mut path = Vec::new();
    while rest.len() > 1 {
        // The largest power of two below the number of leaves.
        let half = rest.len().next_power_of_two() / 2;
        let (left, right) = rest.split_at(half);
        if index < half {
            path.push(root(right));
            rest = left;
        } else {
            path.push(root(left));
            rest = right;
            index -= half;
        }
    }
    path.reverse();
    path
}

/// The root of a tree whose leaf hashes are all in memory.
fn root(leaf_hashes: &[Digest]) -> Digest {
    let mut peaks = Peaks::new();
    for hash in leaf_hashes {
        peaks.push(*hash, |_, _| {});
    }
    peaks.root()
}

/// The growing tree of the log. In memory are its right edge and the tiles
/// not yet taken by a store: some kilobytes, however long the log is. A clone
/// is a draft that may be dropped.
#[derive(Clone, Debug)]
pub struct Tree {
    peaks: Peaks,
    /// Per level the last tile, which is not full: 0 to 255 hashes.
    edge: Vec<Vec<u8>>,
    /// Tiles filled since they were last taken.
    filled: Vec<Tile>,
    /// The size when they were last taken.
    taken_size: u64,
}

impl Default for Tree {
    fn default() -> Tree {
        Tree::new()
    }
}

impl Tree {
    /// The empty tree.
    pub fn new() -> Tree {
        Tree { peaks: Peaks::new(), edge: Vec::new(), filled: Vec::new(), taken_size: 0 }
    }

    /// The tree of this size from stored tiles, which may be wider than they
    /// were at that size. Only the right edge is read, so compare the root
    /// with the one that a header or checkpoint names.
    pub fn restore(size: u64, mut read_tile: impl FnMut(TileId) -> Option<Vec<u8>>) -> Result<Tree, TreeFault> {
        if size > limits::TREE_SIZE_MAX {
            return Err(TreeFault::Size(size));
        }
        let mut edge = Vec::new();
        for level in levels(size) {
            let (tile, hashes) = edge_tile(size, level);
            // At most 255 hashes: fits into any usize.
            let bytes = hashes as usize * HASH_BYTES;
            let mut stored = match hashes {
                0 => Vec::new(),
                _ => read_tile(tile).ok_or(TreeFault::Tile { tile, hashes })?,
            };
            if stored.len() < bytes {
                return Err(TreeFault::Tile { tile, hashes });
            }
            stored.truncate(bytes);
            edge.push(stored);
        }
        Ok(Tree { peaks: peaks_of(size, &edge), edge, filled: Vec::new(), taken_size: size })
    }

    /// The tiles that `restore` will ask for.
    pub fn tiles_for_restore(size: u64) -> Vec<TileId> {
        levels(size)
            .map(|level| edge_tile(size, level))
            .filter(|(_, hashes)| *hashes > 0)
            .map(|(tile, _)| tile)
            .collect()
    }

    /// The number of entries.
    pub fn size(&self) -> u64 {
        self.peaks.size
    }

    /// The root.
    pub fn root(&self) -> Digest {
        self.peaks.root()
    }

    /// Adds an entry by its leaf (the digest of its bytes).
    pub fn append(&mut self, leaf: &Digest) {
        self.append_hash(record_hash(&leaf.0));
    }

    /// Adds an entry by RFC 6962's hash of its leaf.
    pub fn append_hash(&mut self, leaf_hash: Digest) {
        let position = self.peaks.size;
        let (edge, filled) = (&mut self.edge, &mut self.filled);
        self.peaks.push(leaf_hash, |tree_level, hash| {
            if tree_level % TILE_HEIGHT == 0 {
                let level = tree_level / TILE_HEIGHT;
                put(edge, filled, TileId { level, index: position >> tree_level >> TILE_HEIGHT }, hash);
            }
        });
    }

    /// The tiles that changed since this was last called, full ones and the
    /// right edge, for a store to insert or overwrite.
    pub fn take_dirty_tiles(&mut self) -> Vec<Tile> {
        let mut tiles = std::mem::take(&mut self.filled);
        for level in levels(self.size()) {
            let (id, _) = edge_tile(self.size(), level);
            let bytes = &self.edge[usize::from(level)];
            let shift = level * TILE_HEIGHT;
            let is_changed = self.size() >> shift != self.taken_size >> shift;
            if is_changed && !bytes.is_empty() {
                let bytes = bytes.clone();
                tiles.push(Tile { id, bytes });
            }
        }
        self.taken_size = self.size();
        tiles
    }
}

/// Puts a hash at the end of its tile; a tile that is full now leaves the edge.
fn put(edge: &mut Vec<Vec<u8>>, filled: &mut Vec<Tile>, id: TileId, hash: Digest) {
    let level = usize::from(id.level);
    if edge.len() == level {
        edge.push(Vec::new());
    }
    let bytes = &mut edge[level];
    bytes.extend_from_slice(&hash.0);
    if bytes.len() == TILE_WIDTH * HASH_BYTES {
        let bytes = std::mem::take(bytes);
        filled.push(Tile { id, bytes });
    }
}

/// The levels of tiles of a tree of this size.
fn levels(size: u64) -> impl Iterator<Item = u8> {
    (0..u8::MAX).take_while(move |level| {
        let shift = u32::from(*level) * u32::from(TILE_HEIGHT);
        size.checked_shr(shift).unwrap_or(0) > 0
    })
}

/// The last, not full tile of a level and how many hashes it has, maybe none.
fn edge_tile(size: u64, level: u8) -> (TileId, u64) {
    // A u64 has eight levels, so the shift is at most 56.
    let hashes = size >> (level * TILE_HEIGHT);
    let tile = TileId { level, index: hashes >> TILE_HEIGHT };
    // A width of 256 fits any type.
    (tile, hashes % TILE_WIDTH as u64)
}

/// The peaks of a tree from its right edge: a full subtree of `2^bit` leaves
/// lies in the edge tile of its level.
fn peaks_of(size: u64, edge: &[Vec<u8>]) -> Peaks {
    // There are 64 bits.
    let set_bits = (0..u64::BITS as u8).rev().filter(|bit| (size >> bit) & 1 == 1);
    let hashes = set_bits
        .map(|bit| {
            let level = bit / TILE_HEIGHT;
            let in_tile = bit % TILE_HEIGHT;
            // Everything larger than this subtree stands before it. Only the
            // lowest eight bits count, so the cast loses nothing.
            let before = (size >> bit >> 1 << 1 << in_tile) as usize % TILE_WIDTH;
            let width = 1_usize << in_tile;
            let bytes = &edge[usize::from(level)][before * HASH_BYTES..][..width * HASH_BYTES];
            Digest(tlog_tiles::tile::Tile::subtree_hash(bytes).0)
        })
        .collect();
    Peaks { size, hashes }
}

impl fmt::Display for TileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.level, self.index)
    }
}
