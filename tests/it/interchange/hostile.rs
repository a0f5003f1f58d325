//! Broken and hostile files end with an error that names the row, never with silent loss.

use std::io::{self, Read};

use aqueduct::interchange::dialect::{Dialect, Ground};
use aqueduct::interchange::records::FileError;
use aqueduct::interchange::tracking::{OpenError, Reader};

use super::{FACTS, HEADER, SMALL, dialect, mapping, read};

fn good(count: usize) -> String {
    format!("{FACTS}1,1,,\n").repeat(count)
}

/// UTF-8 between commas, as a file without detection is read.
fn plain() -> Dialect {
    let dialect = dialect(&mapping(SMALL), HEADER).unwrap();
    assert_eq!(dialect.numbers_by, Ground::Immaterial);
    dialect
}

fn open_error(file: impl AsRef<[u8]>) -> String {
    match Reader::open(&mapping(SMALL), &plain(), file.as_ref()) {
        Ok(_) => panic!("the file opens"),
        Err(OpenError::File(error)) => format!("header: {error}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_file_without_the_right_header_does_not_open() {
    assert_eq!(open_error(""), "the file is empty");
    assert_eq!(open_error("\n\r\n\n"), "the file is empty");
    assert_eq!(open_error(good(2)), "the file has no column `programme`; it was read as UTF-8");
    assert_eq!(open_error(HEADER.replace("shown", "seen")), "the file has no column `shown`; it was read as UTF-8");
    assert_eq!(open_error(HEADER.replace("stated", "Paid")), "the file has no column `stated`; it was read as UTF-8");
    assert_eq!(open_error(HEADER.replace("programme", "paid ,programme")), "the file has more than one column `paid`");
    assert_eq!(open_error(format!("\"{HEADER}")), "header: row 0 opens a quotation mark that is never closed");
    assert_eq!(
        open_error(b"\xff\xfe"),
        "header: row 0 is not valid UTF-8; the file may be damaged there, or be in another encoding: then declare that \
         as `encoding` in the mapping, such as `gb18030`"
    );
    assert_eq!(open_error([0_u8; 100]), "the file has no column `programme`; it was read as UTF-8");
}

#[test]
fn a_header_alone_is_a_file_without_rows() {
    for header in [HEADER, HEADER.trim_end()] {
        let found = read(&mapping(SMALL), header);
        assert!(found.error.is_none() && found.outcomes.is_empty());
        assert_eq!(found.oddities, Default::default());
    }
}

#[test]
fn bad_text_ends_the_file_at_its_row_and_the_rows_before_are_given() {
    // One row fills a few chunks of the decoder as well, so the fault does not come early.
    for before in [0, 1, 3, 1_000] {
        let tails: [&[u8]; 5] = [b"\xff", b"F,\xc3(", b"F,\xed\xa0\x80", b"\xe6\xb9", "F,\u{ffff}\n".as_bytes()];
        for tail in tails {
            let file = [HEADER.as_bytes(), good(before).as_bytes(), tail].concat();
            // Without a declared encoding the file would be looked at as a whole first.
            let found = read(&mapping(&format!("encoding = \"utf-8\"\n{SMALL}")), file);
            assert_eq!(found.outcomes.len(), before);
            let row = u64::try_from(before + 1).unwrap();
            assert!(
                matches!(found.error, Some(FileError::Encoding { row: at, .. }) if at == row),
                "{:?} after {before}",
                found.error
            );
        }
    }
    let gb = mapping(&format!("encoding = \"gb18030\"\n{SMALL}"));
    let file = [HEADER.as_bytes(), good(2).as_bytes(), b"F,\x81\x20"].concat();
    let found = read(&gb, file);
    let error = found.error.unwrap().to_string();
    assert!(error.starts_with("row 3 is not valid gb18030"), "{error}");
}

#[test]
fn a_quotation_mark_that_is_never_closed_is_an_error_and_swallows_nothing() {
    // In the last column, which takes all the rest of the file without a fault of width.
    let file = format!("{HEADER}{}{FACTS}1,1,1,\"2\n{}", good(1), good(5));
    let found = read(&mapping(SMALL), file.trim_end());
    assert_eq!(found.outcomes.len(), 1);
    assert!(matches!(found.error, Some(FileError::UnclosedQuote { row: 2 })));

    // Closed by the last byte of the file, it is well formed.
    let file = format!("{HEADER}{FACTS}1,1,1,\"2\"");
    assert_eq!(read(&mapping(SMALL), file).rows().len(), 1);
}

#[test]
fn a_record_is_never_longer_than_its_bound() {
    let long = "x".repeat(600_000);
    let header = HEADER.replace("programme", "note,programme");
    let row = format!("{long},{FACTS}1,1,,\n");
    let found = read(&mapping(SMALL), format!("{header}{row}{row}{row}"));
    assert_eq!(found.rows().len(), 3, "the bound is for one record");

    let row = format!("\"{long}\n{long}\",{FACTS}1,1,,\n");
    let found = read(&mapping(SMALL), format!("{header}a,{}{row}", good(1)));
    assert_eq!(found.outcomes.len(), 1);
    assert!(matches!(found.error, Some(FileError::RecordTooLong { row: 2 })));
}

#[test]
fn an_endless_file_without_line_ends_is_refused() {
    let endless = HEADER.as_bytes().chain(io::repeat(b'x'));
    let mut reader = Reader::open(&mapping(SMALL), &plain(), endless).unwrap();
    assert!(matches!(reader.next(), Some(Err(FileError::RecordTooLong { row: 1 }))));
    assert!(reader.next().is_none());
    assert!(Reader::open(&mapping(SMALL), &plain(), io::repeat(b',')).is_err());
}

#[test]
fn a_failing_source_is_an_error_with_its_row() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let file = format!("{HEADER}{}", "F,".repeat(10_000));
    let mut reader = Reader::open(&mapping(SMALL), &plain(), file.as_bytes().chain(Failing)).unwrap();
    match reader.next() {
        Some(Err(FileError::Source { row: 1, source })) => {
            assert_eq!(source.to_string(), "the disk is gone");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn rows_of_another_width_are_rejected_and_the_rest_is_read() {
    let file = format!("{HEADER}F\n{}x\n{FACTS}1,1,,,\n{}", good(1), good(1));
    let found = read(&mapping(SMALL), file);
    assert_eq!(found.rejections(), ["1 -  \"1\" WRONG_WIDTH", "3 -  \"1\" WRONG_WIDTH", "4 -  \"11\" WRONG_WIDTH"]);
    assert_eq!(found.rows().len(), 2);
    assert_eq!(found.oddities.rejected_by_reason["WRONG_WIDTH"], 3);
    assert_eq!(found.oddities.repeats, 1);
}

#[test]
fn lines_without_anything_in_them_are_no_rows() {
    let file = format!("\n \n{HEADER}{} \n,,,,,,,,,\n\n{},,\n", good(1), good(1));
    let found = read(&mapping(SMALL), file);
    assert_eq!(found.rows().len(), 2);
    assert_eq!((found.oddities.rows_read, found.oddities.blank_rows), (2, 3));
    let lines: Vec<u64> = found.outcomes.iter().map(|outcome| outcome.line).collect();
    assert_eq!(lines, [4, 8]);
}
