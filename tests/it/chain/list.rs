//! The lines of a bulk operation.

use aqueduct::chain::digest::Digest;
use aqueduct::chain::list::{self, LineFault, ListFault, Salt};
use aqueduct::chain::payload::ListHeader;
use uuid::Uuid;

use super::fixtures::{id, lines};
use super::merkle::naive_root;
use super::random::Random;

fn header(operation: Uuid, lines: &[String]) -> ListHeader {
    ListHeader { count: u32::try_from(lines.len()).unwrap(), total: 0, root: list::root(operation, lines).unwrap() }
}

#[test]
fn a_line_reads_back_into_salt_and_content() {
    let salt = Salt([0xfb; 16]);
    let line = list::salted(salt, "R-1\t12000\tmärz").unwrap();
    assert_eq!(line, "-_v7-_v7-_v7-_v7-_v7-w\tR-1\t12000\tmärz");
    assert_eq!(list::split(&line), Ok((salt, "R-1\t12000\tmärz")));
    assert_eq!(list::salted(salt, &"x".repeat(233)).unwrap().len(), 256);
    assert_eq!(list::salted(salt, &"x".repeat(234)), Err(LineFault::TooLong(257)));
}

#[test]
fn a_text_that_is_no_line_is_refused() {
    for (text, fault) in [
        ("", LineFault::Salt),
        ("R-1\t12000", LineFault::Salt),
        ("AAAAAAAAAAAAAAAAAAAAAA", LineFault::Salt),
        ("AAAAAAAAAAAAAAAAAAAAA\tx", LineFault::Salt),
        ("AAAAAAAAAAAAAAAAAAAAAAA\tx", LineFault::Salt),
        ("AAAAAAAAAAAAAAAAAAAAA+\tx", LineFault::Salt),
        // Bits behind the last byte would be a second spelling of a salt.
        ("AAAAAAAAAAAAAAAAAAAAAB\tx", LineFault::Salt),
        ("AAAAAAAAAAAAAAAAAAAAAA\tx\n", LineFault::ControlCharacter),
        ("AAAAAAAAAAAAAAAAAAAAAA\tx\r", LineFault::ControlCharacter),
        ("AAAAAAAAAAAAAAAAAAAAAA\t\0", LineFault::ControlCharacter),
        ("AAAAAAAAAAAAAAAAAAAAAA\t\u{7f}", LineFault::ControlCharacter),
        ("AAAAAAAAAAAAAAAAAAAAAA\t\u{85}", LineFault::ControlCharacter),
    ] {
        assert_eq!(list::split(text), Err(fault), "{text:?}");
    }
}

#[test]
fn one_bad_line_refuses_the_list_and_is_named() {
    let mut bad = lines(5);
    bad[3].push('\u{1}');
    let (position, fault) = (3, LineFault::ControlCharacter);
    assert_eq!(list::root(id(1), &bad), Err(ListFault::Line { position, fault }));
    assert_eq!(list::root::<String>(id(1), &[]), Err(ListFault::Count(0)));
    assert_eq!(list::root(id(1), &lines(10_001)), Err(ListFault::Count(10_001)));
    assert!(list::root(id(1), &lines(10_000)).is_ok());
    let long = vec![list::salted(Salt([0; 16]), &"x".repeat(233)).unwrap(); 8_193];
    assert_eq!(list::root(id(1), &long), Err(ListFault::Bytes(8_193 * 256)));
    assert!(list::root(id(1), &long[..8_192]).is_ok());
}

#[test]
fn the_root_is_that_of_rfc_6962_over_tagged_leaves() {
    for count in 1..=70 {
        let lines = lines(count);
        let leaves: Vec<Vec<u8>> = (0_u32..)
            .zip(&lines)
            .map(|(position, line)| {
                let mut leaf = b"aqueduct/line/v1\0".to_vec();
                leaf.extend_from_slice(id(7).as_bytes());
                leaf.extend_from_slice(&position.to_be_bytes());
                leaf.extend_from_slice(line.as_bytes());
                leaf
            })
            .collect();
        assert_eq!(list::root(id(7), &lines).unwrap(), naive_root(&leaves));
    }
}

#[test]
fn every_line_is_proved_at_its_place_and_nowhere_else() {
    for count in 1..=40 {
        let lines = lines(count);
        let header = header(id(1), &lines);
        for position in 0..count {
            let line = &lines[position as usize];
            let path = list::prove_line(id(1), &lines, position).unwrap();
            assert!(list::check_line(id(1), &header, position, line, &path).is_ok());
            assert!(list::check_line(id(2), &header, position, line, &path).is_err());
            assert!(list::check_line(id(1), &header, position + 1, line, &path).is_err());
            let other = format!("{line}0");
            assert!(list::check_line(id(1), &header, position, &other, &path).is_err());
            let longer = [&path[..], &[Digest::ZERO]].concat();
            assert!(list::check_line(id(1), &header, position, line, &longer).is_err());
            if let Some((_, shorter)) = path.split_last() {
                assert!(list::check_line(id(1), &header, position, line, shorter).is_err());
            }
        }
        assert_eq!(list::prove_line(id(1), &lines, count), None);
    }
}

#[test]
fn long_lists_prove_random_lines() {
    let mut random = Random::new("long_lists_prove_random_lines");
    let lines = lines(9_999);
    let header = header(id(1), &lines);
    for _ in 0..5 {
        let position = u32::try_from(random.below(9_999)).unwrap();
        let mut path = list::prove_line(id(1), &lines, position).unwrap();
        let line = &lines[position as usize];
        assert!(list::check_line(id(1), &header, position, line, &path).is_ok());
        let changed = random.below(path.len() as u64) as usize;
        path[changed].0[0] ^= 1;
        assert!(list::check_line(id(1), &header, position, line, &path).is_err());
    }
}

#[test]
fn order_and_operation_are_part_of_the_root() {
    let mut swapped = lines(4);
    swapped.swap(1, 2);
    assert_ne!(list::root(id(1), &lines(4)), list::root(id(1), &swapped));
    assert_ne!(list::root(id(1), &lines(4)), list::root(id(2), &lines(4)));
}
