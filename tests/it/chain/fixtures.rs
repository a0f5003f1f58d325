//! Keys, payloads and chains to test with: the same on each run.

use aqueduct::chain::block::{Block, Body, Header, Stamp, StoredEntry};
use aqueduct::chain::digest::Digest;
use aqueduct::chain::envelope::Envelope;
use aqueduct::chain::key::{PublicKey, SecretKey};
use aqueduct::chain::list::{self, Salt};
use aqueduct::chain::merkle::Tree;
use aqueduct::chain::payload::{Basis, ListHeader, Payload};
use aqueduct::chain::time::Timestamp;
use serde_json::json;
use uuid::Uuid;

/// 2026-11-21T07:00:00.000Z.
pub const START_MS: i64 = 1_795_244_400_000;

pub fn key(number: u8) -> SecretKey {
    SecretKey::from_bytes(&[number; 32])
}

pub fn moment(after_ms: i64) -> Timestamp {
    Timestamp::from_millis(START_MS + after_ms).unwrap()
}

/// A UUIDv7 that says its number.
pub fn id(number: u64) -> Uuid {
    Uuid::parse_str(&format!("019aa500-0000-7000-8000-{number:012x}")).unwrap()
}

pub fn payload(chain: Digest, number: u64) -> Payload {
    Payload {
        chain,
        id: id(number),
        kind: "TOKEN_DISPATCH".to_owned(),
        version: 1,
        basis: Basis::Own,
        party: id(900),
        issued_at: moment(0),
        expires_at: moment(3_600_000),
        occurred_at: None,
        body: json!({"amount": "90000", "note": "für März €", "outputs": [1, -2, null, true]}),
        list: None,
    }
}

pub fn genesis_payload() -> Payload {
    Payload { kind: "CHAIN_BEGIN".to_owned(), body: json!({"demonstration": true}), ..payload(Digest::ZERO, 0) }
}

pub fn lines(count: u32) -> Vec<String> {
    let line = |number: u32| {
        let mut salt = [7; 16];
        salt[..4].copy_from_slice(&number.to_be_bytes());
        list::salted(Salt(salt), &format!("R-{number}\t{}", 100 + number)).unwrap()
    };
    (0..count).map(line).collect()
}

/// A signed operation with so many lines, by one officer or by two.
pub fn entry(mut payload: Payload, line_count: u32, officers: u8) -> StoredEntry {
    let lines = lines(line_count);
    if line_count > 0 {
        payload.list =
            Some(ListHeader { count: line_count, total: 4_200, root: list::root(payload.id, &lines).unwrap() });
    }
    let mut envelope = Envelope::sign(payload.to_bytes().unwrap(), &key(1)).unwrap();
    for number in 2..=officers {
        envelope = envelope.and_sign(&key(number)).unwrap();
    }
    StoredEntry { envelope: envelope.to_entry_bytes(), lines }
}

pub fn proposer() -> PublicKey {
    key(9).public()
}

/// A chain that grows block by block.
pub struct Chain {
    pub blocks: Vec<Block>,
    pub tree: Tree,
}

impl Chain {
    pub fn begin() -> Chain {
        let mut chain = Chain { blocks: Vec::new(), tree: Tree::new() };
        chain.add(vec![entry(genesis_payload(), 0, 1)]);
        chain
    }

    /// Genesis, a block with a list and two signatures, an empty one, one more.
    pub fn small() -> Chain {
        let mut chain = Chain::begin();
        let id = chain.id();
        chain.add(vec![entry(payload(id, 1), 0, 1), entry(payload(id, 2), 3, 2), entry(payload(id, 3), 0, 1)]);
        chain.add(Vec::new());
        chain.add(vec![entry(payload(id, 4), 0, 1)]);
        chain
    }

    pub fn id(&self) -> Digest {
        self.blocks[0].header.digest()
    }

    pub fn head(&self) -> Option<&Header> {
        self.blocks.last().map(|block| &block.header)
    }

    pub fn add(&mut self, entries: Vec<StoredEntry>) {
        let height = self.blocks.len() as u8;
        let stamp = Stamp {
            time: moment(i64::from(height) * 1_000),
            changes_digest: Digest::of(&[height]),
            proposer: proposer(),
        };
        let body = Body::new(entries).unwrap();
        let parent = self.blocks.last().map(|block| &block.header).cloned();
        let block = Block::form(parent.as_ref(), &mut self.tree, &body, stamp);
        self.blocks.push(block);
    }
}
