//! The audit finds every change and says where.

use aqueduct::chain::audit::{Audit, Examined};
use aqueduct::chain::block::{Block, Body, Stamp, StoredEntry};
use aqueduct::chain::digest::Digest;
use aqueduct::chain::envelope::Envelope;
use aqueduct::chain::fault::{EntryFault, Fault, FaultKind};
use aqueduct::chain::list::ListFault;
use aqueduct::chain::merkle::Tree;
use aqueduct::chain::payload::{Malformed, Payload};

use super::fixtures::{self, Chain, entry, genesis_payload, id, moment, payload};
use super::random::Random;

fn run(audit: &mut Audit, blocks: &[Block]) -> Result<(), Fault> {
    blocks.iter().try_for_each(|block| audit.block(&block.header.to_bytes(), &block.body_bytes).map(|_| ()))
}

/// An audit that has seen the blocks below this height.
fn before(chain: &Chain, height: usize) -> Audit {
    let mut audit = Audit::of_chain(chain.id());
    run(&mut audit, &chain.blocks[..height]).unwrap();
    audit
}

/// The fault of a chain whose block 1 has these entries instead, with a header
/// that fits them.
fn fault_of(make: impl FnOnce(Digest) -> Vec<StoredEntry>) -> Fault {
    let mut chain = Chain::begin();
    let entries = make(chain.id());
    chain.add(entries);
    run(&mut Audit::new(), &chain.blocks).unwrap_err()
}

#[track_caller]
fn entry_fault(number: u64, expected: EntryFault, make: impl FnOnce(Digest) -> Vec<StoredEntry>) {
    let fault = fault_of(make);
    assert_eq!((fault.height, fault.entry), (1, Some(number)), "{fault}");
    assert_eq!(fault.kind, FaultKind::Entry(expected), "{fault}");
}

/// An entry around bytes that are no good payload, with a good signature.
fn around(payload: Vec<u8>) -> StoredEntry {
    StoredEntry { envelope: Envelope::sign(payload, &fixtures::key(1)).unwrap().to_entry_bytes(), lines: Vec::new() }
}

#[test]
fn a_good_chain_passes_and_is_handed_on_whole() {
    let chain = Chain::small();
    let mut audit = Audit::of_chain(chain.id());
    let mut indexes = Vec::new();
    for block in &chain.blocks {
        let audited = audit.block(&block.header.to_bytes(), &block.body_bytes).unwrap();
        assert_eq!(audited.header, block.header);
        assert_eq!(audited.digest, block.header.digest());
        for entry in audited.entries {
            indexes.push(entry.index);
            assert_eq!(entry.leaf, Digest::of(&entry.envelope));
            let bytes = entry.payload.to_bytes().unwrap();
            assert_eq!(entry.payload_digest, Digest::of(&bytes));
            let lines = entry.payload.list.map_or(0, |list| list.count as usize);
            assert_eq!(entry.lines.len(), lines);
            let officers = if lines > 0 { 2 } else { 1 };
            assert_eq!(entry.keys.len(), officers);
        }
    }
    assert_eq!(indexes, [0, 1, 2, 3, 4]);
    assert_eq!(audit.chain_id(), Some(chain.id()));
    assert_eq!(audit.head(), chain.head());
    assert_eq!(audit.head_digest(), chain.head().map(|header| header.digest()));
    assert_eq!(audit.tree().root(), chain.tree.root());
    assert_eq!(audit.next_height(), 4);
}

#[test]
fn every_changed_byte_is_found_at_its_height() {
    let mut random = Random::new("every_changed_byte_is_found_at_its_height");
    let chain = Chain::small();
    for (height, block) in chain.blocks.iter().enumerate() {
        let audit = before(&chain, height);
        let header = block.header.to_bytes();
        for position in 0..header.len() + block.body_bytes.len() {
            let (mut header, mut body) = (header.clone(), block.body_bytes.clone());
            let bit = 1 << random.below(8);
            match position.checked_sub(header.len()) {
                None => header[position] ^= bit,
                Some(position) => body[position] ^= bit,
            }
            let where_found = find(&audit, &header, &body, chain.blocks.get(height + 1));
            match where_found {
                Some(fault) => assert!(names(&fault, height as u64), "byte {position}: {fault}"),
                // Behind the last block nothing confirms these but its digest.
                None => assert!(height + 1 == chain.blocks.len() && is_unconfirmed(position), "byte {position}"),
            }
        }
    }
}

/// Whether a byte of a header belongs to its time, its digest of changes or its
/// proposer, which mean nothing to an audit that knows no money.
fn is_unconfirmed(position: usize) -> bool {
    (74..82).contains(&position) || (166..230).contains(&position)
}

/// The fault of a block, or of the one built on it; none if the block passes,
/// is the last, and has another digest than the true one.
fn find(audit: &Audit, header: &[u8], body: &[u8], next: Option<&Block>) -> Option<Fault> {
    let mut audit = audit.clone();
    if let Err(fault) = audit.block(header, body) {
        return Some(fault);
    }
    match next {
        Some(next) => audit.block(&next.header.to_bytes(), &next.body_bytes).err(),
        None => {
            assert_ne!(audit.head_digest(), Chain::small().head().map(|header| header.digest()));
            None
        }
    }
}

/// Whether a fault points at this block. Where two blocks do not fit together
/// it points at both.
fn names(fault: &Fault, height: u64) -> bool {
    match fault.kind {
        FaultKind::Previous { before } => [before, fault.height].contains(&height),
        _ => fault.height == height,
    }
}

#[test]
fn a_changed_byte_of_an_entry_names_the_entry() {
    let mut random = Random::new("a_changed_byte_of_an_entry_names_the_entry");
    let chain = Chain::small();
    let body = Body::parse(&chain.blocks[1].body_bytes).unwrap();
    let header = chain.blocks[1].header.to_bytes();
    for number in 0..3 {
        let length = body.entries()[number].envelope.len();
        for position in (0..length).step_by(7) {
            let mut entries = body.entries().to_vec();
            entries[number].envelope[position] ^= 1 << random.below(8);
            let bytes = Body::new(entries).unwrap().to_bytes();
            let fault = before(&chain, 1).block(&header, &bytes).unwrap_err();
            assert_eq!(fault.entry, Some(1 + number as u64), "{fault}");
            assert!(fault.to_string().starts_with(&format!("block 1, entry {}: ", 1 + number)));
        }
    }
}

#[test]
fn swapped_missing_and_doubled_blocks_are_found() {
    let blocks = Chain::small().blocks;
    let pick = |order: &[usize]| {
        let picked: Vec<Block> = order.iter().map(|height| blocks[*height].clone()).collect();
        run(&mut Audit::new(), &picked).unwrap_err()
    };
    let at = |height, stands| (height, FaultKind::Height(stands));
    for (order, expected) in [
        (&[1, 2][..], at(0, 1)),
        (&[0, 2, 1, 3], at(1, 2)),
        (&[0, 1, 3], at(2, 3)),
        (&[0, 0, 1], at(1, 0)),
        (&[0, 1, 1, 2], at(2, 1)),
    ] {
        let fault = pick(order);
        assert_eq!((fault.height, fault.kind), expected);
    }
}

#[test]
fn a_block_of_another_chain_or_branch_is_found() {
    let chain = Chain::small();
    let mut branch = Chain::begin();
    branch.add(vec![entry(payload(branch.id(), 8), 0, 1)]);
    branch.add(Vec::new());
    let mut audit = before(&chain, 2);
    let fault = run(&mut audit, &branch.blocks[2..]).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Previous { before: 1 });
    assert_eq!(fault.to_string(), "block 2: it was built on another block 1 than the one here");
    // A fault changes nothing: the right block still follows.
    run(&mut audit, &chain.blocks[2..]).unwrap();

    let other =
        Audit::of_chain(Digest::of(b"other")).block(&chain.blocks[0].header.to_bytes(), &chain.blocks[0].body_bytes);
    assert_eq!(other.unwrap_err().kind, FaultKind::Chain(chain.id()));
}

#[test]
fn time_must_rise() {
    let mut chain = Chain::begin();
    let stamp = Stamp { time: moment(0), changes_digest: Digest::ZERO, proposer: fixtures::proposer() };
    let body = Body::new(Vec::new()).unwrap();
    let parent = chain.blocks[0].header.clone();
    let block = Block::form(Some(&parent), &mut chain.tree, &body, stamp);
    let fault = run(&mut before(&chain, 1), &[block]).unwrap_err();
    let (time, before) = (moment(0), moment(0));
    assert_eq!(fault.kind, FaultKind::Time { time, before });
}

#[test]
fn a_header_that_miscounts_is_found() {
    let chain = Chain::small();
    let block = &chain.blocks[1];
    let check = |change: &dyn Fn(&mut aqueduct::chain::block::Header)| {
        let mut header = block.header.clone();
        change(&mut header);
        before(&chain, 1).block(&header.to_bytes(), &block.body_bytes).unwrap_err().kind
    };
    let fault = check(&|header| header.first_entry = 2);
    assert_eq!(fault, FaultKind::FirstEntry { found: 2, expected: 1 });
    let fault = check(&|header| header.entry_count = 2);
    assert_eq!(fault, FaultKind::EntryCount { counted: 2, found: 3 });
    let fault = check(&|header| header.tree_size = 5);
    assert_eq!(fault, FaultKind::TreeSize { found: 5, expected: 4 });
    let fault = check(&|header| header.tree_root = Digest::ZERO);
    assert!(matches!(fault, FaultKind::TreeRoot { .. }));
    let fault = check(&|header| header.body_digest = Digest::ZERO);
    assert_eq!(fault, FaultKind::BodyDigest);
    let fault = check(&|header| header.chain = Digest::ZERO);
    assert_eq!(fault, FaultKind::Chain(Digest::ZERO));
}

#[test]
fn genesis_is_one_operation_that_begins_the_chain() {
    let begin = |entries: Vec<StoredEntry>| {
        let mut chain = Chain { blocks: Vec::new(), tree: Tree::new() };
        chain.add(entries);
        run(&mut Audit::new(), &chain.blocks).map_err(|fault| fault.kind)
    };
    assert_eq!(begin(vec![entry(genesis_payload(), 0, 1)]), Ok(()));
    assert_eq!(begin(Vec::new()), Err(FaultKind::Genesis));
    assert_eq!(begin(vec![entry(payload(Digest::ZERO, 1), 0, 1)]), Err(FaultKind::Genesis));
    let two = vec![entry(genesis_payload(), 0, 1), entry(genesis_payload(), 0, 2)];
    assert_eq!(begin(two), Err(FaultKind::Genesis));
    let named = Payload { chain: Digest::of(b"x"), ..genesis_payload() };
    let fault = FaultKind::Entry(EntryFault::SecondBeginning);
    let second = |chain| vec![entry(Payload { chain, ..genesis_payload() }, 0, 1)];
    assert_eq!(fault_of(second).kind, fault);
    let fault = FaultKind::Entry(EntryFault::Chain(Digest::of(b"x")));
    assert_eq!(begin(vec![entry(named, 0, 1)]), Err(fault));
}

#[test]
fn each_wrong_entry_has_its_own_fault() {
    let other = Digest::of(b"other");
    entry_fault(2, EntryFault::Chain(other), |chain| {
        vec![entry(payload(chain, 1), 0, 1), entry(payload(other, 2), 0, 1)]
    });
    entry_fault(1, EntryFault::Payload(Malformed::NotCanonical), |chain| {
        let mut bytes = payload(chain, 1).to_bytes().unwrap();
        bytes.push(b' ');
        vec![around(bytes)]
    });
    let doubled = Malformed::DuplicateField("body".to_owned());
    entry_fault(1, EntryFault::Payload(doubled), |chain| {
        let text = String::from_utf8(payload(chain, 1).to_bytes().unwrap()).unwrap();
        vec![around(text.replacen('{', "{\"body\":{},", 1).into_bytes())]
    });
    let unknown = Malformed::UnknownField("zone".to_owned());
    entry_fault(1, EntryFault::Payload(unknown), |chain| {
        let text = String::from_utf8(payload(chain, 1).to_bytes().unwrap()).unwrap();
        vec![around(format!("{},\"zone\":1}}", &text[..text.len() - 1]).into_bytes())]
    });
}

#[test]
fn lists_are_held_against_what_was_signed() {
    let listed = |chain| entry(payload(chain, 1), 3, 1);
    entry_fault(1, EntryFault::UnsignedLines(2), |chain| {
        let lines = fixtures::lines(2);
        vec![StoredEntry { lines, ..entry(payload(chain, 1), 0, 1) }]
    });
    entry_fault(1, EntryFault::LineCount { signed: 3, found: 2 }, |chain| {
        let mut entry = listed(chain);
        entry.lines.pop();
        vec![entry]
    });
    entry_fault(1, EntryFault::LineRoot, |chain| {
        let mut entry = listed(chain);
        entry.lines.swap(0, 1);
        vec![entry]
    });
    let fault = fault_of(|chain| {
        let mut entry = listed(chain);
        entry.lines[2] = "no salt".to_owned();
        vec![entry]
    });
    let is_named = matches!(fault.kind, FaultKind::Entry(EntryFault::List(ListFault::Line { position: 2, .. })));
    assert!(is_named, "{fault}");
}

#[test]
fn the_first_wrong_signature_of_a_large_block_is_named() {
    let mut chain = Chain::begin();
    let id = chain.id();
    let mut entries: Vec<StoredEntry> = (1..=150).map(|number| entry(payload(id, number), 0, 1)).collect();
    chain.add(entries.clone());
    run(&mut Audit::new(), &chain.blocks).unwrap();

    for number in [149, 88, 87] {
        let envelope = Envelope::parse(&entries[number].envelope).unwrap();
        let mut signatures = envelope.signatures().to_vec();
        signatures[0].1.0[3] ^= 1;
        let wrong = Envelope::new(envelope.payload().to_vec(), signatures).unwrap();
        entries[number].envelope = wrong.to_entry_bytes();
        let mut changed = Chain::begin();
        changed.add(entries.clone());
        let fault = run(&mut Audit::new(), &changed.blocks).unwrap_err();
        assert_eq!(fault.entry, Some(1 + number as u64), "{fault}");
        let kind = fault.kind;
        assert!(matches!(kind, FaultKind::Entry(EntryFault::Signature(_))), "{kind}");
    }
}

#[test]
fn blocks_examined_in_any_order_have_the_faults_of_blocks_checked_in_order() {
    /// A block's header and body.
    type Parts = (Vec<u8>, Vec<u8>);
    let chain = Chain::small();
    let flipped = |height: usize, at: fn(&mut Parts)| {
        let mut bytes: Vec<_> =
            chain.blocks.iter().map(|block| (block.header.to_bytes(), block.body_bytes.clone())).collect();
        at(&mut bytes[height]);
        bytes
    };
    let cases: [fn(&mut Parts); 5] = [
        |_| (),
        |(header, _)| header[0] ^= 1,
        |(_, body)| *body.last_mut().unwrap() ^= 1,
        |(_, body)| body.truncate(body.len() / 2),
        |(header, body)| (*header.last_mut().unwrap(), body[0]) = (0, 0xff),
    ];
    for height in 0..chain.blocks.len() {
        for case in cases {
            let blocks = flipped(height, case);
            let mut examined: Vec<_> = blocks.iter().rev().map(|(header, body)| Examined::of(header, body)).collect();
            let mut ahead = Audit::new();
            let mut audit = Audit::new();
            for (header, body) in &blocks {
                let taken = ahead.take(examined.pop().unwrap()).map(|block| block.digest);
                assert_eq!(taken, audit.block(header, body).map(|block| block.digest));
                assert_eq!(ahead.next_height(), audit.next_height());
            }
        }
    }
}

#[test]
fn a_replay_is_found_with_the_callers_memory() {
    let mut chain = Chain::begin();
    let id_of_chain = chain.id();
    chain.add(vec![entry(payload(id_of_chain, 1), 0, 1)]);
    chain.add(vec![entry(payload(id_of_chain, 2), 0, 1), entry(payload(id_of_chain, 1), 0, 2)]);
    let mut audit = Audit::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut replay = Ok(());
    for block in &chain.blocks {
        let audited = audit.block(&block.header.to_bytes(), &block.body_bytes).unwrap();
        replay = audited.first_replay(|party, id| seen.insert((party, id)));
    }
    let fault = replay.unwrap_err();
    let (party, id) = (id(900), id(1));
    assert_eq!((fault.height, fault.entry), (2, Some(3)));
    assert_eq!(fault.kind, FaultKind::Replay { party, id });
}

#[test]
fn an_audit_resumes_only_with_the_tree_of_its_header() {
    let chain = Chain::small();
    let mut audit = before(&chain, 2);
    let header = audit.head().unwrap().clone();
    assert!(Audit::resume(header.clone(), chain.tree.clone()).is_none());
    let mut resumed = Audit::resume(header, audit.tree().clone()).unwrap();
    run(&mut resumed, &chain.blocks[2..]).unwrap();
    run(&mut audit, &chain.blocks[2..]).unwrap();
    assert_eq!(resumed.head_digest(), audit.head_digest());
    assert_eq!(resumed.chain_id(), Some(chain.id()));
}
