//! Headers and bodies in binary.

use aqueduct::chain::block::{Body, BodyFault, HEADER_BYTES, Header, HeaderFault, StoredEntry};
use aqueduct::chain::digest::Digest;

use super::fixtures::Chain;

fn stored(envelope_bytes: usize, lines: usize) -> StoredEntry {
    StoredEntry { envelope: vec![b'e'; envelope_bytes], lines: vec!["l".repeat(200); lines] }
}

#[test]
fn headers_have_a_fixed_width_and_read_back() {
    for block in Chain::small().blocks {
        let bytes = block.header.to_bytes();
        assert_eq!(bytes.len(), HEADER_BYTES);
        assert_eq!(Header::parse(&bytes), Ok(block.header));
        let shorter = &bytes[..HEADER_BYTES - 1];
        assert_eq!(Header::parse(shorter), Err(HeaderFault::Length(HEADER_BYTES - 1)));
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(Header::parse(&longer), Err(HeaderFault::Length(HEADER_BYTES + 1)));
        let mut other = bytes.clone();
        other[1] = 2;
        assert_eq!(Header::parse(&other), Err(HeaderFault::Protocol(2)));
        let mut other = bytes;
        other[74] = 0x7f;
        assert!(matches!(Header::parse(&other), Err(HeaderFault::Time(_))));
    }
    assert_eq!(Header::parse(&[]), Err(HeaderFault::Length(0)));
}

#[test]
fn every_byte_of_a_header_is_in_its_digest() {
    let header = Chain::small().blocks[1].header.clone();
    let bytes = header.to_bytes();
    for position in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        if let Ok(other) = Header::parse(&changed) {
            assert_eq!(other.to_bytes(), changed);
            assert_ne!(other.digest(), header.digest(), "byte {position}");
        }
    }
    let tagged = [b"aqueduct/block/v1\0", bytes.as_slice()].concat();
    assert_eq!(header.digest(), Digest::of(&tagged));
}

#[test]
fn the_chain_is_named_by_its_genesis() {
    let chain = Chain::small();
    assert_eq!(chain.blocks[0].header.chain, Digest::ZERO);
    for block in &chain.blocks {
        assert_eq!(block.header.chain_id(), chain.id());
    }
}

#[test]
fn bodies_read_back_and_leave_nothing_over() {
    for entries in [vec![], vec![stored(0, 0)], vec![stored(300, 3), stored(5, 0), stored(90_000, 1)]] {
        let body = Body::new(entries).unwrap();
        let bytes = body.to_bytes();
        let stored: usize = body.entries().iter().map(StoredEntry::stored_bytes).sum();
        assert_eq!(bytes.len(), 4 + stored);
        assert_eq!(Body::parse(&bytes), Ok(body));
        for end in 0..bytes.len().min(700) {
            assert_eq!(Body::parse(&bytes[..end]), Err(BodyFault::TooShort));
        }
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(Body::parse(&longer), Err(BodyFault::TrailingBytes(1)));
    }
}

#[test]
fn bounds_of_a_body_hold_for_writing_and_for_reading() {
    assert_eq!(Body::new(vec![stored(90_001, 0)]), Err(BodyFault::EntryBytes(90_001)));
    assert_eq!(Body::new(vec![stored(1, 10_001)]), Err(BodyFault::EntryLines(10_001)));
    assert!(Body::new(vec![stored(1, 10_000), stored(1, 10_000)]).is_ok());
    let entries = vec![stored(1, 10_000), stored(1, 10_000), stored(1, 1)];
    assert_eq!(Body::new(entries), Err(BodyFault::Lines));
    assert!(matches!(Body::new(vec![stored(90_000, 0); 47]), Err(BodyFault::Bytes(_))));
    assert!(Body::new(vec![stored(90_000, 0); 46]).is_ok());
    let long = StoredEntry { envelope: Vec::new(), lines: vec!["l".repeat(257)] };
    assert_eq!(Body::new(vec![long]), Err(BodyFault::LineBytes(257)));

    let too_long = vec![0; 4 * 1024 * 1024 + 1];
    assert_eq!(Body::parse(&too_long), Err(BodyFault::Bytes(too_long.len())));
    // A count that promises more than there is allocates nothing.
    assert_eq!(Body::parse(&[0xff; 4]), Err(BodyFault::TooShort));
    let many = [0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff];
    assert_eq!(Body::parse(&many), Err(BodyFault::EntryBytes(0xffff_ffff)));
    let many = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x27, 0x11];
    assert_eq!(Body::parse(&many), Err(BodyFault::EntryLines(10_001)));
    let text = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0xff];
    assert_eq!(Body::parse(&text), Err(BodyFault::LineText));
}

#[test]
fn a_block_of_nothing_but_full_lists_is_read_within_its_bounds() {
    let body = Body::new(vec![stored(500, 10_000), stored(500, 10_000)]).unwrap();
    let mut bytes = body.to_bytes();
    // A third entry with one line is one too many.
    let more = Body::new(vec![stored(1, 1)]).unwrap().to_bytes();
    bytes.extend_from_slice(&more[4..]);
    bytes[3] = 3;
    assert_eq!(Body::parse(&bytes), Err(BodyFault::Lines));
}
