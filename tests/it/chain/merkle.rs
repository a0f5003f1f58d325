//! The log's tree, its tiles and its proofs: against a plain reading of
//! RFC 6962 and against the vectors of other implementations.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use aqueduct::chain::checkpoint;
use aqueduct::chain::digest::Digest;
use aqueduct::chain::key::PublicKey;
use aqueduct::chain::merkle::{self, TileId, Tree, TreeFault};
use aqueduct::chain::proof::{self, Inclusion, NoProof, TreeHead};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::random::Random;
use super::vectors;

/// RFC 6962, section 2.1, word for word.
pub fn naive_root(leaves: &[Vec<u8>]) -> Digest {
    match leaves {
        [] => Digest::of(b""),
        [leaf] => Digest::of_parts(&[&[0], leaf]),
        _ => {
            let mut half = 1;
            while half * 2 < leaves.len() {
                half *= 2;
            }
            let (left, right) = leaves.split_at(half);
            Digest::of_parts(&[&[1], &naive_root(left).0, &naive_root(right).0])
        }
    }
}

fn leaf(number: u64) -> Digest {
    Digest::of(&number.to_be_bytes())
}

/// A tree, the tiles that a store holds for it, and its root at every size.
struct Grown {
    tree: Tree,
    tiles: BTreeMap<TileId, Vec<u8>>,
    roots: Vec<Digest>,
}

impl Grown {
    /// Grows in batches of random length, storing the dirty tiles after each.
    fn to(size: u64, random: &mut Random) -> Grown {
        let mut grown = Grown { tree: Tree::new(), tiles: BTreeMap::new(), roots: vec![Tree::new().root()] };
        while grown.tree.size() < size {
            let batch = (1 + random.below(300)).min(size - grown.tree.size());
            for _ in 0..batch {
                grown.tree.append(&leaf(grown.tree.size()));
                grown.roots.push(grown.tree.root());
            }
            grown.store();
        }
        grown
    }

    fn store(&mut self) {
        for tile in self.tree.take_dirty_tiles() {
            let stored = self.tiles.insert(tile.id, tile.bytes.clone());
            let narrower = stored.unwrap_or_default();
            assert!(narrower.len() < tile.bytes.len(), "{} was not dirty", tile.id);
            assert!(tile.bytes.starts_with(&narrower));
        }
    }

    fn head(&self, size: u64) -> TreeHead {
        let root = self.roots[size as usize];
        TreeHead { size, root }
    }

    fn read(&self, tile: TileId) -> Option<Vec<u8>> {
        self.tiles.get(&tile).cloned()
    }

    fn check_inclusion(&self, index: u64, size: u64) {
        let mut asked = BTreeSet::new();
        let proof = proof::inclusion_proof(index, size, |tile| {
            assert!(asked.insert(tile), "{tile} was asked for twice");
            self.read(tile)
        })
        .unwrap();
        let planned = proof::tiles_for_inclusion(index, size).unwrap();
        assert_eq!(planned, asked.into_iter().collect::<Vec<_>>());
        let root = self.roots[size as usize];
        let claim = Inclusion { index, size, root };
        let hash = merkle::record_hash(&leaf(index).0);
        assert!(proof::check_inclusion(&hash, &claim, &proof).is_ok());
        let other = merkle::record_hash(&leaf(index + 1).0);
        assert!(proof::check_inclusion(&other, &claim, &proof).is_err());
        let moved = Inclusion { index: index + 1, ..claim };
        assert!(proof::check_inclusion(&hash, &moved, &proof).is_err());
    }

    fn check_consistency(&self, first: u64, second: u64) {
        let mut asked = BTreeSet::new();
        let proof = proof::consistency_proof(first, second, |tile| {
            assert!(asked.insert(tile), "{tile} was asked for twice");
            self.read(tile)
        })
        .unwrap();
        let planned = proof::tiles_for_consistency(first, second).unwrap();
        assert_eq!(planned, asked.into_iter().collect::<Vec<_>>());
        let (old, new) = (self.head(first), self.head(second));
        assert!(proof::check_consistency(&old, &new, &proof).is_ok());
        let other = TreeHead { root: Digest::ZERO, ..old };
        assert!(proof::check_consistency(&other, &new, &proof).is_err());
        let other = TreeHead { root: Digest::ZERO, ..new };
        assert!(proof::check_consistency(&old, &other, &proof).is_err());
    }

    fn check_restore(&self, size: u64) {
        let mut asked = Vec::new();
        let restored = Tree::restore(size, |tile| {
            asked.push(tile);
            self.read(tile)
        });
        let mut restored = restored.unwrap();
        assert_eq!(asked, Tree::tiles_for_restore(size));
        assert_eq!(restored.root(), self.roots[size as usize]);
        assert!(restored.take_dirty_tiles().is_empty());
        // It goes on as the first one did, over the next tile's edge.
        for number in size..(size + 257).min(self.tree.size()) {
            restored.append(&leaf(number));
        }
        assert_eq!(restored.root(), self.roots[restored.size() as usize]);
        for tile in restored.take_dirty_tiles() {
            assert!(self.tiles[&tile.id].starts_with(&tile.bytes));
        }
    }
}

#[test]
fn the_tree_is_that_of_rfc_6962_at_every_size_to_600() {
    let leaves: Vec<Vec<u8>> = (0..600).map(|number| leaf(number).0.to_vec()).collect();
    let mut tree = Tree::new();
    assert_eq!(tree.root(), merkle::EMPTY_ROOT);
    for size in 0..=600 {
        assert_eq!(tree.size(), size as u64);
        assert_eq!(tree.root(), naive_root(&leaves[..size]), "size {size}");
        tree.append(&leaf(size as u64));
    }
}

#[test]
fn the_tree_is_restored_at_every_size_from_wider_tiles() {
    let mut random = Random::new("the_tree_is_restored_at_every_size_from_wider_tiles");
    let grown = Grown::to(600, &mut random);
    for size in 0..=600 {
        grown.check_restore(size);
    }
}

#[test]
fn small_trees_prove_everything() {
    let mut random = Random::new("small_trees_prove_everything");
    let grown = Grown::to(40, &mut random);
    for second in 1..=40 {
        for first in 1..=second {
            grown.check_inclusion(first - 1, second);
            grown.check_consistency(first, second);
        }
    }
}

#[test]
fn three_levels_of_tiles_prove_and_restore_at_random() {
    let mut random = Random::new("three_levels_of_tiles_prove_and_restore_at_random");
    let size = 66_000;
    let grown = Grown::to(size, &mut random);
    let levels: BTreeSet<u8> = grown.tiles.keys().map(|tile| tile.level).collect();
    assert_eq!(levels, BTreeSet::from([0, 1, 2]));
    let edges = [1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 65_792, size];
    for edge in edges {
        grown.check_restore(edge);
        grown.check_inclusion(edge - 1, edge);
        grown.check_inclusion(0, edge);
        grown.check_consistency(edge, size);
        grown.check_consistency(1, edge);
    }
    for _ in 0..300 {
        let second = 1 + random.below(size);
        grown.check_inclusion(random.below(second), second);
        grown.check_consistency(1 + random.below(second), second);
    }
    for _ in 0..30 {
        grown.check_restore(random.below(size + 1));
    }
}

#[test]
fn every_changed_hash_of_a_proof_is_refused() {
    let mut random = Random::new("every_changed_hash_of_a_proof_is_refused");
    let grown = Grown::to(700, &mut random);
    for _ in 0..50 {
        let size = 2 + random.below(699);
        let index = random.below(size);
        let root = grown.roots[size as usize];
        let claim = Inclusion { index, size, root };
        let hash = merkle::record_hash(&leaf(index).0);
        let good = proof::inclusion_proof(index, size, |tile| grown.read(tile)).unwrap();
        for position in 0..good.len() {
            let mut changed = good.clone();
            changed[position].0[random.below(32) as usize] ^= 1 << random.below(8);
            assert!(proof::check_inclusion(&hash, &claim, &changed).is_err());
            let mut shorter = good.clone();
            shorter.remove(position);
            assert!(proof::check_inclusion(&hash, &claim, &shorter).is_err());
        }
        let longer = vec![Digest::ZERO; 1_000_000];
        assert!(proof::check_inclusion(&hash, &claim, &longer).is_err());
    }
}

#[test]
fn what_cannot_be_proved_has_a_name() {
    let none = |_| None;
    let size = 10;
    assert_eq!(proof::inclusion_proof(10, size, none), Err(NoProof::Index { index: 10, size }));
    let (first, second) = (0, 10);
    assert_eq!(proof::consistency_proof(first, second, none), Err(NoProof::Sizes { first, second }));
    let (first, second) = (11, 10);
    assert_eq!(proof::consistency_proof(first, second, none), Err(NoProof::Sizes { first, second }));
    let tile = TileId { level: 0, index: 0 };
    assert_eq!(proof::inclusion_proof(3, 10, none), Err(NoProof::Tile(tile)));
    let narrow = |_| Some(vec![0; 9 * 32]);
    assert_eq!(proof::inclusion_proof(3, 10, narrow), Err(NoProof::Tile(tile)));
    for large in [(1 << 56) + 1, u64::MAX] {
        assert_eq!(proof::inclusion_proof(0, large, none), Err(NoProof::TooLarge(large)));
        assert_eq!(proof::consistency_proof(1, large, none), Err(NoProof::TooLarge(large)));
        assert_eq!(Tree::restore(large, none).unwrap_err(), TreeFault::Size(large));
    }
    // The largest tree of the format has a proof of its height.
    let full = |_| Some(vec![0; 8192]);
    let largest = 1_u64 << 56;
    assert_eq!(proof::inclusion_proof(0, largest, full).unwrap().len(), 56);
    assert_eq!(proof::consistency_proof(1, largest - 1, full).unwrap().len(), 56);
    let hashes = 10;
    let fault = TreeFault::Tile { tile, hashes };
    assert_eq!(Tree::restore(10, none).unwrap_err(), fault);
    assert_eq!(Tree::restore(10, narrow).unwrap_err(), fault);
}

#[test]
fn a_dropped_draft_leaves_the_tree_as_it_was() {
    let mut tree = Tree::new();
    (0..300).for_each(|number| tree.append(&leaf(number)));
    let root = tree.root();
    let mut draft = tree.clone();
    draft.append(&leaf(300));
    assert_ne!(draft.root(), root);
    drop(draft);
    assert_eq!(tree.root(), root);
    assert_eq!(tree.take_dirty_tiles().len(), 3);
    assert_eq!(tree.take_dirty_tiles(), []);
}

/// A hash from a vector. Some hold a few bytes of garbage in the place of a
/// hash; where only equality matters their digest stands for them.
fn hash(text: &Value) -> Digest {
    let bytes = STANDARD.decode(text.as_str().unwrap()).unwrap();
    match <[u8; 32]>::try_from(bytes.as_slice()) {
        Ok(hash) => Digest(hash),
        Err(_) => Digest::of_parts(&[b"no hash: ", &bytes]),
    }
}

fn hashes(list: &Value) -> Vec<Digest> {
    list.as_array().map(|items| items.iter().map(hash).collect()).unwrap_or_default()
}

#[test]
fn transparency_dev_inclusion_cases_have_their_verdicts() {
    let Some(shared) = vectors::shared() else {
        return;
    };
    let folder = shared.join("transparency-dev-merkle/testdata/inclusion");
    let files = vectors::json_files(&folder);
    assert_eq!(files.len(), 98);
    for file in files {
        let case = vectors::read_json(&file);
        let claim = Inclusion {
            index: case["leafIdx"].as_u64().unwrap(),
            size: case["treeSize"].as_u64().unwrap(),
            root: hash(&case["root"]),
        };
        let verdict = proof::check_inclusion(&hash(&case["leafHash"]), &claim, &hashes(&case["proof"]));
        // "empty root and leaf" has two texts that are equal and no hashes;
        // 32 bytes are our type's promise, so it cannot be put.
        let is_unreadable = case["root"] == "" && case["leafHash"] == "";
        let is_error = verdict.is_err() || is_unreadable;
        assert_eq!(is_error, case["wantErr"].as_bool().unwrap(), "{}", file.display());
    }
}

#[test]
fn transparency_dev_consistency_cases_have_their_verdicts() {
    let Some(shared) = vectors::shared() else {
        return;
    };
    let folder = shared.join("transparency-dev-merkle/testdata/consistency");
    let files = vectors::json_files(&folder);
    assert_eq!(files.len(), 98);
    for file in files {
        let case = vectors::read_json(&file);
        let head = |size: &str, root: &str| TreeHead { size: case[size].as_u64().unwrap(), root: hash(&case[root]) };
        let (first, second) = (head("size1", "root1"), head("size2", "root2"));
        let verdict = proof::check_consistency(&first, &second, &hashes(&case["proof"]));
        let want_error = case["wantErr"].as_bool().unwrap();
        assert_eq!(verdict.is_err(), want_error, "{}", file.display());
    }
}

/// The entries of a C2SP tlog-tiles bundle: each after its length (u16).
fn bundle(path: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    let mut rest = bytes.as_slice();
    let mut entries = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        let (entry, after) = after.split_at(u16::from_be_bytes(*length).into());
        entries.push(entry.to_vec());
        rest = after;
    }
    entries
}

#[test]
fn the_tessera_log_is_read_whole() {
    let Some(shared) = vectors::shared() else {
        return;
    };
    let log = shared.join("tessera-testlog/testdata/log");
    let origin = "example.com/log/testdata";
    let verifier = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
    let typed_key = STANDARD.decode(verifier.splitn(3, '+').nth(2).unwrap()).unwrap();
    let key = PublicKey(typed_key[1..].try_into().unwrap());
    assert_eq!(checkpoint::verifier_key(origin, &key).unwrap(), verifier);

    let open = |name: &str| {
        let text = fs::read_to_string(log.join(name)).unwrap();
        checkpoint::open(&text, origin, &key).unwrap()
    };
    let heads: Vec<TreeHead> = (0..=15).map(|size| open(&format!("checkpoint.{size}"))).collect();
    assert_eq!(open("checkpoint"), heads[15]);

    let entries = bundle(&log.join("tile/entries/000.p/15"));
    assert_eq!(entries.len(), 15);
    let mut tree = Tree::new();
    for (size, head) in (0..).zip(&heads) {
        assert_eq!(*head, TreeHead { size, root: tree.root() });
        if size > 0 {
            let narrow = bundle(&log.join(format!("tile/entries/000.p/{size}")));
            assert_eq!(narrow[..], entries[..narrow.len()]);
            let stored = fs::read(log.join(format!("tile/0/000.p/{size}"))).unwrap();
            let tiles = tree.take_dirty_tiles();
            assert_eq!(tiles.len(), 1);
            assert_eq!(tiles[0].bytes, stored);
        }
        if let Some(entry) = entries.get(size as usize) {
            tree.append_hash(merkle::record_hash(entry));
        }
    }
    proofs_between_all(&heads, &entries, &fs::read(log.join("tile/0/000.p/15")).unwrap());
}

fn proofs_between_all(heads: &[TreeHead], entries: &[Vec<u8>], widest: &[u8]) {
    let read = |_| Some(widest.to_vec());
    for second in &heads[1..] {
        for first in &heads[1..=second.size as usize] {
            let proof = proof::consistency_proof(first.size, second.size, read).unwrap();
            assert!(proof::check_consistency(first, second, &proof).is_ok());
        }
        for index in 0..second.size {
            let claim = Inclusion { index, size: second.size, root: second.root };
            let hash = merkle::record_hash(&entries[index as usize]);
            let proof = proof::inclusion_proof(index, second.size, read).unwrap();
            assert!(proof::check_inclusion(&hash, &claim, &proof).is_ok());
        }
        // Nothing can be shown of the empty tree.
        assert!(proof::check_consistency(&heads[0], second, &[]).is_err());
    }
    assert!(proof::check_consistency(&heads[0], &heads[0], &[]).is_ok());
}
