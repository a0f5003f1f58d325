//! The file of rejected rows: safe in a spreadsheet, and read again as the rows were.

use csv::StringRecord;

use aqueduct::interchange::dialect::Dialect;
use aqueduct::interchange::mapping::Mapping;
use aqueduct::interchange::rejected_file::RejectedRows;
use aqueduct::interchange::tracking::Reader;

use super::{FACTS, HEADER, SMALL, declared, dialect, mapping, read};

/// The rejected rows of a file, as bytes.
fn rejected(mapping: &Mapping, file: &[u8]) -> Vec<u8> {
    let dialect = dialect(mapping, file).unwrap();
    let mut reader = Reader::open(mapping, &dialect, file).unwrap();
    let mut target = RejectedRows::begin(Vec::new(), &dialect, reader.header()).unwrap();
    while let Some(outcome) = reader.next() {
        let outcome = outcome.unwrap();
        for fault in &outcome.rejected {
            let (code, reason) = (fault.reason.code(), fault.to_string());
            let was_rejected = reader.is_of_rejected_rows();
            target.write(outcome.line, code, &reason, &outcome.record, was_rejected).unwrap();
        }
    }
    target.end().unwrap()
}

fn text(bytes: &[u8], dialect: &Dialect) -> String {
    dialect.encoding.decode(bytes).0.into_owned()
}

#[test]
fn rows_are_written_as_they_were_with_line_code_and_reason_in_front() {
    let file = format!("{HEADER}{FACTS}1,1,,\n{FACTS}1,-5,,\nF,short\n{FACTS}x,1,,\n");
    let bytes = rejected(&declared(""), file.as_bytes());
    let written = String::from_utf8(bytes).unwrap();
    let expected = format!(
        "rejected_line,rejected_code,rejected_reason,{HEADER}\
         3,NEGATIVE,\"row 2, WAGE: shown \"\"-5\"\" is negative\",{FACTS}1,-5,,\n\
         4,WRONG_WIDTH,\"row 3:  \"\"2\"\" is not the number of fields that the header has\",F,short\n\
         5,NOT_A_NUMBER,\"row 4, WAGE: paid \"\"x\"\" is not a number\",{FACTS}x,1,,\n"
    );
    assert_eq!(written, expected);

    // Corrected there, the row is known as if it had been right in the first file.
    let corrected = read(&mapping(SMALL), written.replace(",-5,,", ",5,,").replace("x,1,,", "7,1,,"));
    assert_eq!(corrected.rejections(), ["2 -  \"5\" WRONG_WIDTH"]);
    let right = read(&mapping(SMALL), format!("{HEADER}{FACTS}1,5,,\n{FACTS}7,1,,\n"));
    let keys = |read: &super::Read| read.rows().iter().map(|row| row.key).collect::<Vec<_>>();
    assert_eq!(keys(&corrected), keys(&right));

    // Rejected once more, the columns are there once, and the line is that of the new file.
    let again = String::from_utf8(rejected(&mapping(SMALL), written.as_bytes())).unwrap();
    assert_eq!(again.lines().next(), written.lines().next());
    assert!(again.lines().nth(1).unwrap().starts_with("2,NEGATIVE,"), "{again}");
    assert_eq!(again.lines().nth(1).unwrap().split(',').count(), written.lines().nth(1).unwrap().split(',').count());
}

#[test]
fn cells_that_a_spreadsheet_would_calculate_are_guarded_and_come_back() {
    let names = ["=1+1", "+x", "-x", "@cmd", "'=x", "''@x", "'plain", "-5", "+1,5", "-2+3", "\u{9}x", "ok"];
    let header = HEADER.replace("programme", "note,programme");
    let rows: String = names.iter().map(|name| format!("\"{name}\",{FACTS}1,-1,,\n")).collect();
    let written = rejected(&declared(""), format!("{header}{rows}").as_bytes());
    let mut table = csv::Reader::from_reader(written.as_slice());
    let cells: Vec<String> = table.records().map(|record| record.unwrap()[3].to_owned()).collect();
    let guarded = ["'=1+1", "'+x", "'-x", "'@cmd", "''=x", "'''@x", "'plain", "-5", "+1,5", "'-2+3", "'\u{9}x", "ok"];
    assert_eq!(cells, guarded);
    let again = read(&declared(""), &written);
    let back: Vec<&str> = again.outcomes.iter().map(|outcome| &outcome.record[3]).collect();
    assert_eq!(back, names);
    // In a file that is not one of rejected rows an apostrophe is an apostrophe.
    let other = read(&declared(""), format!("{header}'=x,{FACTS}1,1,,\n"));
    assert_eq!(&other.outcomes[0].record[0], "'=x");
}

#[test]
fn the_encoding_delimiter_and_mark_of_the_table_are_kept() {
    let long = "é".repeat(6_000);
    let row = |note: &str| format!("{note};{}1;-1;;\n", FACTS.replace(',', ";"));
    let header = HEADER.replace("programme", "note,programme").replace(',', ";");
    for (label, notes) in
        [("utf-8", ["Málaga, süß", &long]), ("iso-8859-1", ["Málaga", &long]), ("gb18030", ["雪堰镇", "湘"])]
    {
        let mapping = mapping(&format!("encoding = \"{label}\"\n{SMALL}"));
        let file = format!("{header}{}", notes.iter().map(|note| row(note)).collect::<String>());
        let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
        let (bytes, _, lossy) = encoding.encode(&file);
        assert!(!lossy);
        let written = rejected(&mapping, &bytes);
        let found = dialect(&mapping, &written).unwrap();
        assert_eq!((found.encoding.name(), found.delimiter), (encoding.name(), b';'));
        let text = text(&written, &found);
        assert!(notes.iter().all(|note| text.contains(note)), "{label}");
        let again = read(&mapping, &written);
        assert_eq!(again.rejections().len(), 2, "{label}");
    }
    let file = format!("\u{feff}{header}{}", row("雪堰镇"));
    let utf_16: Vec<u8> = file.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [file.into_bytes(), utf_16] {
        let written = rejected(&mapping(SMALL), &bytes);
        let found = dialect(&mapping(SMALL), &written).unwrap();
        assert!(found.mark);
        assert_eq!(&read(&mapping(SMALL), &written).outcomes[0].record[3], "雪堰镇");
    }
}

#[test]
fn a_character_cut_between_two_writings_is_whole() {
    // The writer hands on what it has gathered in blocks, which end anywhere.
    let header = StringRecord::from(vec!["a"]);
    let dialect = dialect(&mapping(SMALL), HEADER).unwrap();
    for shift in 0..4 {
        let mut rows = RejectedRows::begin(Vec::new(), &dialect, &header).unwrap();
        let cell = format!("{}{}", "x".repeat(shift), "雪".repeat(10_000));
        rows.write(2, "CODE", "reason", &StringRecord::from(vec![cell.as_str()]), false).unwrap();
        assert!(String::from_utf8(rows.end().unwrap()).unwrap().contains(&cell));
    }
}
