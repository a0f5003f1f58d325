//! Proofs over the log's tree: that an entry is in it, and that a later tree
//! continues an earlier one (RFC 6962, sections 2.1.1 and 2.1.2).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use tlog_tiles::tlog::{self, HashReader};

use super::digest::Digest;
use super::merkle::{self, HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, TileId};
use crate::limits;

/// Where a leaf is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// Its index, from 0.
    pub index: u64,
    /// The size of the tree.
    pub size: u64,
    /// The root of the tree of that size.
    pub root: Digest,
}

/// One moment of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// Its size.
    pub size: u64,
    /// Its root.
    pub root: Digest,
}

/// Why there is no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoProof {
    /// The tree has no such entry.
    #[error("a tree of {size} entries has no entry {index}")]
    Index {
        /// The index asked for.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// The sizes are not those of an earlier and a later tree.
    #[error("a tree of {second} entries does not continue one of {first}")]
    Sizes {
        /// The earlier size, at least 1.
        first: u64,
        /// The later size.
        second: u64,
    },
    /// A larger tree than the format holds.
    #[error("a tree of {0} entries is larger than the format holds")]
    TooLarge(u64),
    /// A tile is missing or too narrow.
    #[error("the tile {0} is missing or has too few hashes")]
    Tile(TileId),
}

/// The proof does not show what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the proof does not lead to the root")]
pub struct ProofFault;

/// Proves that the tree of this size has the entry with this index. Tiles may
/// be wider than they were at that size. Each is asked for once.
pub fn inclusion_proof(
    index: u64,
    size: u64,
    read_tile: impl FnMut(TileId) -> Option<Vec<u8>>,
) -> Result<Vec<Digest>, NoProof> {
    check_index(index, size)?;
    let tiles = Tiles::new(read_tile);
    let proof = tlog::prove_record(size, index, &tiles);
    tiles.finish(proof)
}

/// Proves that the tree of the second size continues the tree of the first,
/// which is not empty: what the empty tree goes on with needs no proof.
pub fn consistency_proof(
    first: u64,
    second: u64,
    read_tile: impl FnMut(TileId) -> Option<Vec<u8>>,
) -> Result<Vec<Digest>, NoProof> {
    check_sizes(first, second)?;
    let tiles = Tiles::new(read_tile);
    let proof = tlog::prove_tree(second, first, &tiles);
    tiles.finish(proof)
}

/// The tiles that `inclusion_proof` will ask for, to be fetched beforehand.
pub fn tiles_for_inclusion(index: u64, size: u64) -> Result<Vec<TileId>, NoProof> {
    let mut asked = BTreeSet::new();
    inclusion_proof(index, size, |tile| full_tile(&mut asked, tile))?;
    Ok(asked.into_iter().collect())
}

/// The tiles that `consistency_proof` will ask for.
pub fn tiles_for_consistency(first: u64, second: u64) -> Result<Vec<TileId>, NoProof> {
    let mut asked = BTreeSet::new();
    consistency_proof(first, second, |tile| full_tile(&mut asked, tile))?;
    Ok(asked.into_iter().collect())
}

/// Checks that a tree has an entry with this leaf hash at this index.
pub fn check_inclusion(leaf_hash: &Digest, claim: &Inclusion, proof: &[Digest]) -> Result<(), ProofFault> {
    check_index(claim.index, claim.size).map_err(|_| ProofFault)?;
    let proof = hashes(proof)?;
    let (root, leaf) = (tlog::Hash(claim.root.0), tlog::Hash(leaf_hash.0));
    tlog::check_record(&proof, claim.size, root, claim.index, leaf).map_err(|_| ProofFault)
}

/// Checks that one tree continues another. The empty tree is continued by
/// itself only, since nothing can be shown of it.
pub fn check_consistency(first: &TreeHead, second: &TreeHead, proof: &[Digest]) -> Result<(), ProofFault> {
    if first.size == 0 {
        let is_same = first == second && first.root == merkle::EMPTY_ROOT;
        return if is_same && proof.is_empty() { Ok(()) } else { Err(ProofFault) };
    }
    check_sizes(first.size, second.size).map_err(|_| ProofFault)?;
    let proof = hashes(proof)?;
    let (old, new) = (tlog::Hash(first.root.0), tlog::Hash(second.root.0));
    tlog::check_tree(&proof, second.size, new, first.size, old).map_err(|_| ProofFault)
}

fn check_index(index: u64, size: u64) -> Result<(), NoProof> {
    if size > limits::TREE_SIZE_MAX {
        return Err(NoProof::TooLarge(size));
    }
    if index >= size {
        return Err(NoProof::Index { index, size });
    }
    Ok(())
}

fn check_sizes(first: u64, second: u64) -> Result<(), NoProof> {
    if second > limits::TREE_SIZE_MAX {
        return Err(NoProof::TooLarge(second));
    }
    if !(1..=second).contains(&first) {
        return Err(NoProof::Sizes { first, second });
    }
    Ok(())
}

/// Bounds a proof before the library copies it at each step.
fn hashes(proof: &[Digest]) -> Result<Vec<tlog::Hash>, ProofFault> {
    if proof.len() > limits::PROOF_HASHES_MAX {
        return Err(ProofFault);
    }
    Ok(proof.iter().map(|digest| tlog::Hash(digest.0)).collect())
}

/// Stands for any tile while only the questions matter.
fn full_tile(asked: &mut BTreeSet<TileId>, tile: TileId) -> Option<Vec<u8>> {
    asked.insert(tile);
    Some(vec![0; TILE_WIDTH * HASH_BYTES])
}

/// Gives the library single hashes out of tiles.
struct Tiles<F>(RefCell<TileCache<F>>);

struct TileCache<F> {
    read_tile: F,
    known: BTreeMap<TileId, Vec<u8>>,
    missing: Option<TileId>,
}

impl<F: FnMut(TileId) -> Option<Vec<u8>>> Tiles<F> {
    fn new(read_tile: F) -> Tiles<F> {
        Tiles(RefCell::new(TileCache { read_tile, known: BTreeMap::new(), missing: None }))
    }

    /// The proof, or the tile for want of which there is none.
    fn finish(self, proof: Result<Vec<tlog::Hash>, tlog::Error>) -> Result<Vec<Digest>, NoProof> {
        let missing = self.0.into_inner().missing;
        match (proof, missing) {
            (Ok(proof), _) => Ok(proof.into_iter().map(|hash| Digest(hash.0)).collect()),
            (Err(_), Some(tile)) => Err(NoProof::Tile(tile)),
            (Err(error), None) => unreachable!("the bounds were checked before: {error}"),
        }
    }
}

impl<F: FnMut(TileId) -> Option<Vec<u8>>> HashReader for Tiles<F> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        let mut cache = self.0.borrow_mut();
        indexes.iter().map(|index| cache.hash(*index)).collect()
    }
}

impl<F: FnMut(TileId) -> Option<Vec<u8>>> TileCache<F> {
    fn hash(&mut self, index: u64) -> Result<tlog::Hash, tlog::Error> {
        let tile = tlog_tiles::tile::Tile::from_index(TILE_HEIGHT, index);
        let id = TileId { level: tile.level(), index: tile.level_index() };
        if !self.known.contains_key(&id) {
            // A tile that is not there is as good as one without hashes.
            let bytes = (self.read_tile)(id).unwrap_or_default();
            self.known.insert(id, bytes);
        }
        tile.hash_at_index(&self.known[&id], index).inspect_err(|_| self.missing = Some(id))
    }
}
