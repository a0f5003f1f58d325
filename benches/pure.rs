//! How fast the pure rooms are on this machine: `cargo bench --bench pure`.
//!
//! Each figure is the best of five rounds, since a machine is only ever slowed down by others.
//! No test asserts any of them.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aqueduct::chain::audit::check_entry;
use aqueduct::chain::digest::Digest;
use aqueduct::chain::envelope::Envelope;
use aqueduct::chain::key::SecretKey;
use aqueduct::chain::list;
use aqueduct::chain::merkle::Tree;
use aqueduct::chain::payload::{Basis, Payload};
use aqueduct::chain::time::Timestamp;
use uuid::Uuid;

const LINES: usize = 8_000;
const ENTRIES: usize = 2_000;
const LEAVES: usize = 100_000;
const ROUNDS: usize = 5;

fn main() {
    let id = Uuid::from_u128(0x0193_5f00_0000_7000_8000_0000_0000_0001);
    let lines: Vec<String> = (0..LINES)
        .map(|n| {
            let content = format!("0195a000-0000-7000-8000-{n:012x}\t{}\t\t\t\t\t\t", 100 + n);
            list::salted(list::Salt([7; 16]), &content).expect("the line is in form")
        })
        .collect();
    report("list root", LINES, "lines", || {
        black_box(list::root(id, &lines).expect("the list is in form"));
    });

    let key = SecretKey::from_bytes(&[9; 32]);
    let entry = entry(id, &key);
    report("entry: parse, canonical form, one signature", ENTRIES, "entries", || {
        for _ in 0..ENTRIES {
            black_box(check_entry(&entry, &[], &Digest::ZERO).expect("the entry is in order"));
        }
    });

    let leaf = Digest::of(b"leaf");
    report("log tree: append and root", LEAVES, "leaves", || {
        let mut tree = Tree::new();
        for _ in 0..LEAVES {
            tree.append(&leaf);
        }
        black_box(tree.root());
    });
}

fn entry(id: Uuid, key: &SecretKey) -> Vec<u8> {
    let at = |ms| Timestamp::from_millis(ms).expect("the time is in range");
    let payload = Payload {
        chain: Digest::ZERO,
        id,
        kind: "HOP_ACKNOWLEDGE".to_owned(),
        version: 1,
        basis: Basis::Own,
        party: Uuid::from_u128(2),
        issued_at: at(1_700_000_000_000),
        expires_at: at(1_700_000_600_000),
        occurred_at: None,
        body: serde_json::json!({ "arrived": "88000", "currency": "INR", "deductions": [] }),
        list: None,
    };
    let payload = payload.to_bytes().expect("the payload is in form");
    Envelope::sign(payload, key).expect("one signature").to_entry_bytes()
}

fn report(name: &str, count: usize, unit: &str, mut round: impl FnMut()) {
    let best = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            round();
            start.elapsed()
        })
        .min()
        .unwrap_or(Duration::MAX);
    let rate = count as u128 * 1_000_000_000 / best.as_nanos().max(1);
    println!("{name:<48} {rate:>12} {unit}/s");
}
