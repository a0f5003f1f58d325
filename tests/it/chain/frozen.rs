//! The formats of protocol 1, frozen byte for byte. The file is written only
//! with `UPDATE_VECTORS=1`; a difference means a new protocol.

use std::fs;
use std::path::Path;

use aqueduct::chain::checkpoint;
use aqueduct::chain::envelope::{self, Envelope};
use aqueduct::chain::list;
use aqueduct::chain::merkle;
use aqueduct::chain::proof::TreeHead;
use serde_json::{Value, json};

use super::fixtures::{self, Chain, entry, genesis_payload, key, payload};
use super::vectors;

fn current() -> Value {
    let chain = Chain::small();
    let block = &chain.blocks[1];
    let genesis = &chain.blocks[0];
    let bulk = entry(payload(chain.id(), 2), 3, 2);
    let envelope = Envelope::parse(&bulk.envelope).unwrap();
    let leaf = envelope::leaf(&bulk.envelope);
    let head = TreeHead { size: chain.tree.size(), root: chain.tree.root() };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    json!({
        "protocol": 1,
        "secretKeys": [hex::encode([1; 32]), hex::encode([2; 32])],
        "publicKeys": [key(1).public(), key(2).public()],
        "genesisPayload": text(&genesis_payload().to_bytes().unwrap()),
        "genesisHeader": hex::encode(genesis.header.to_bytes()),
        "chainId": chain.id(),
        "payload": text(envelope.payload()),
        "payloadDigest": envelope.payload_digest(),
        "signingBytes": text(&envelope::signing_bytes(envelope.payload())),
        "entry": text(&bulk.envelope),
        "leaf": leaf,
        "leafHash": merkle::record_hash(&leaf.0),
        "lines": fixtures::lines(3),
        "lineHash0": list::line_hash(fixtures::id(2), 0, &bulk.lines[0]),
        "listRoot": list::root(fixtures::id(2), &bulk.lines).unwrap(),
        "body": hex::encode(&block.body_bytes),
        "bodyDigest": block.header.body_digest,
        "header": hex::encode(block.header.to_bytes()),
        "blockDigest": block.header.digest(),
        "treeSize": head.size,
        "treeRoot": head.root,
        "checkpointKey": checkpoint::verifier_key("books.example/aqueduct", &key(9).public()).unwrap(),
        "checkpoint": checkpoint::sign("books.example/aqueduct", &head, &key(9)).unwrap(),
    })
}

#[test]
fn protocol_1_is_what_it_was() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/protocol_1.json");
    let current = current();
    if std::env::var("UPDATE_VECTORS").is_ok_and(|value| value == "1") {
        let text = serde_json::to_string_pretty(&current).unwrap();
        fs::write(&file, format!("{text}\n")).unwrap();
    }
    let frozen = vectors::read_json(&file);
    let (frozen, current) = (frozen.as_object().unwrap(), current.as_object().unwrap());
    assert!(frozen.keys().eq(current.keys()), "fields were added or removed");
    for (field, value) in current {
        assert_eq!(frozen[field], *value, "{field}");
    }
}
