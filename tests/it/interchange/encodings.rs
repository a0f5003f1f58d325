//! Files in other encodings and dialects give the same rows.

use super::{HEADER, SMALL, mapping, read};

const ROW: &str = "F,2026-11-01,2026-11-30,2026-12-05,M,Orléans,1234.50,1,,\n";

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_header() {
    let plain = read(&mapping(SMALL), format!("{HEADER}{ROW}"));
    let marked = read(&mapping(SMALL), format!("\u{feff}{HEADER}{ROW}"));
    assert_eq!(marked.outcomes, plain.outcomes);
}

#[test]
fn headers_are_compared_without_case_and_spaces() {
    let plain = read(&mapping(SMALL), format!("{HEADER}{ROW}"));
    let header = HEADER.to_uppercase().replace(',', " , ");
    let shouted = read(&mapping(SMALL), format!("{header}{ROW}"));
    assert_eq!(shouted.outcomes, plain.outcomes);
}

#[test]
fn line_ends_of_every_kind_and_quoted_line_breaks_are_read() {
    let header = HEADER.replace("programme", "note,programme");
    let row = format!("\"two\nlines, \"\"quoted\"\"\",{ROW}");
    let file = format!("{header}{row}\n{row}").replace('\n', "\r\n");
    let found = read(&mapping(SMALL), file.trim_end());
    assert_eq!(found.rows().len(), 2);
    assert_eq!(found.rows()[1].number, 2, "an empty line is no row");
    assert_eq!(found.oddities.repeats, 1);
}

#[test]
fn semicolons_with_decimal_commas_are_read() {
    let text = format!("delimiter = \";\"\ndecimal_separator = \",\"\nthousands_separator = \".\"\n{SMALL}");
    let file = format!("{HEADER}{ROW}").replace(',', ";").replace("1234.50", "1.234,50");
    let found = read(&mapping(&text), file);
    assert_eq!(found.rows()[0].purposes[0].official_minor, 123_450);
}

#[test]
fn other_encodings_give_the_same_rows_with_the_same_keys() {
    let chinese = ROW.replace("Orléans", "湘城乡").replace(",M,", ",常州市财政局,");
    let latin = ROW;
    for (label, encoding, row) in [
        ("gb18030", encoding_rs::GB18030, chinese.as_str()),
        ("gbk", encoding_rs::GBK, chinese.as_str()),
        ("big5", encoding_rs::BIG5, &ROW.replace("Orléans", "臺北")),
        ("iso-8859-1", encoding_rs::WINDOWS_1252, latin),
    ] {
        let file = format!("{HEADER}{row}");
        let expected = read(&mapping(SMALL), &file);
        let (bytes, _, lossy) = encoding.encode(&file);
        assert!(!lossy && bytes.as_ref() != file.as_bytes());
        let found = read(&mapping(&format!("encoding = \"{label}\"\n{SMALL}")), bytes);
        assert!(found.error.is_none());
        assert_eq!(found.outcomes, expected.outcomes, "{label}");
        assert_eq!(found.rows().len(), 1);
    }
    // encoding_rs writes no UTF-16, so the bytes are made here, with their mark.
    let file = format!("{HEADER}{chinese}");
    let bytes: Vec<u8> = "\u{feff}".encode_utf16().chain(file.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let found = read(&mapping(&format!("encoding = \"utf-16le\"\n{SMALL}")), bytes);
    assert_eq!(found.outcomes, read(&mapping(SMALL), &file).outcomes);
}
