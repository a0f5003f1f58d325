//! How a file is written is found in it, said, and never guessed.

use aqueduct::interchange::dialect::{Evidence, Ground};

use super::{FACTS, HEADER, SMALL, dialect, mapping, read};

/// The form of numbers found in a file with these amounts, such as `1.234,50 DETECTED`; or the error.
fn numbers(amounts: &[&str]) -> String {
    let rows: String = amounts.iter().map(|amount| format!("{FACTS}1,\"{amount}\",,\n")).collect();
    match dialect(&mapping(SMALL), format!("{HEADER}{rows}")) {
        Ok(found) => {
            let thousands = found.numbers.thousands.map(String::from).unwrap_or_default();
            format!("1{thousands}234{}50 {}", found.numbers.decimal, found.numbers_by.code())
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_form_of_numbers_is_found_from_all_of_them() {
    for (amounts, expected) in [
        (&["5", "17"][..], "1234.50 IMMATERIAL"),
        (&["5.5"], "1234.50 DETECTED"),
        (&["5,5"], "1234,50 DETECTED"),
        (&["1.234,56"], "1.234,50 DETECTED"),
        (&["1,234.56"], "1,234.50 DETECTED"),
        (&["12,34,567.00"], "1,234.50 DETECTED"),
        (&["1.234.567"], "1.234,50 DETECTED"),
        (&["1,234,567"], "1,234.50 DETECTED"),
        (&["0,500"], "1234,50 DETECTED"),
        (&["1234,500"], "1234,50 DETECTED"),
        (&["1 234,5"], "1 234,50 DETECTED"),
        (&["1\u{a0}234,500"], "1\u{a0}234,50 DETECTED"),
        (&["1'234.50"], "1'234.50 DETECTED"),
        (&["1 234"], "1 234.50 DETECTED"),
        (&["-1.234,56"], "1.234,50 DETECTED"),
        // Unclear by themselves, and clear beside others.
        (&["1.500", "2,5"], "1.234,50 DETECTED"),
        (&["1,500", "2.5"], "1,234.50 DETECTED"),
        (&["1.045", "2.5"], "1234.50 DETECTED"),
        (&["1,500", "1.500", "2.5"], "1,234.50 DETECTED"),
        // What is no number shows nothing.
        (&["x", "5.", ".5", "1..5", "1,2.3,4", "", "-"], "1234.50 IMMATERIAL"),
    ] {
        assert_eq!(numbers(amounts), expected, "{amounts:?}");
    }
}

#[test]
fn what_the_numbers_leave_open_is_an_error_that_names_the_key() {
    for unclear in [&["1,500"][..], &["5", "1.500"], &["1,500", "1.500"]] {
        let error = numbers(unclear);
        assert!(error.contains("not clear whether") && error.contains("`decimal_separator`"), "{error}");
        assert!(error.contains("in row "), "{error}");
    }
    let error = numbers(&["1.5", "2,5"]);
    assert!(error.contains("\"1.5\" in row 1 has a decimal point and \"2,5\" in row 2"), "{error}");
    assert!(error.contains("declare `decimal_separator`"), "{error}");
    // Declared, they are read so, and only the others are rejected.
    let file = format!("{HEADER}{FACTS}1,1.5,,\n{FACTS}1,\"2,5\",,\n{FACTS}1,\"1,500\",,\n");
    let declared = mapping(&format!("decimal_separator = \",\"\n{SMALL}"));
    assert_eq!(dialect(&declared, &file).unwrap().numbers_by, Ground::Declared);
    let found = read(&declared, &file);
    assert_eq!(found.rejections(), ["1 WAGE shown \"1.5\" NOT_A_NUMBER"]);
    assert_eq!(found.rows()[1].purposes[0].verified_minor, 150);
}

#[test]
fn one_slip_in_a_hundred_is_a_bad_row_and_no_open_question() {
    let with = |good: usize| {
        let rows = format!("{FACTS}1,1.5,,\n").repeat(good);
        format!("{HEADER}{rows}{FACTS}1,\"2,5\",,\n")
    };
    assert!(dialect(&mapping(SMALL), with(99)).is_err());
    let found = read(&mapping(SMALL), with(100));
    assert_eq!(found.rejections(), ["101 WAGE shown \"2,5\" NOT_A_NUMBER"]);
}

#[test]
fn the_same_number_is_the_same_row_however_it_is_written() {
    let small = mapping(SMALL);
    let key = |amount: &str, other: &str| {
        let file = format!("{HEADER}{FACTS}\"{amount}\",1,,\n{FACTS}1,\"{other}\",,\n");
        let found = read(&small, file);
        assert!(found.rejected().is_empty(), "{:?}", found.rejections());
        hex::encode(found.rows()[0].key)
    };
    let plain = key("1234.50", "7.25");
    assert_eq!(key("1.234,50", "7,25"), plain);
    assert_eq!(key("1234,50", "7,25"), plain);
    assert_eq!(key("1,234.50", "7.25"), plain);
    assert_eq!(key("1 234,50", "7,25"), plain);
    assert_ne!(key("1234.5", "7.25"), plain, "other digits are other values");
}

#[test]
fn it_is_said_from_what_the_form_was_detected() {
    let from = |amounts: &[&str]| {
        let rows: String = amounts.iter().map(|amount| format!("{FACTS}1,\"{amount}\",,\n")).collect();
        match dialect(&mapping(SMALL), format!("{HEADER}{rows}")).unwrap().numbers_by {
            Ground::Detected(evidence) => evidence.to_string(),
            other => other.code().to_owned(),
        }
    };
    assert_eq!(from(&["5", "1,500", "2,5", "3,5"]), "the number in row 3");
    assert_eq!(from(&["5", "1,500", "2.5"]), "the number in row 3");
    assert_eq!(from(&["1 500", "5"]), "the grouped digits");
    assert_eq!(from(&["5"]), "IMMATERIAL");
    let encoding = |bytes: &[u8]| match dialect(&mapping(SMALL), bytes).unwrap().encoding_by {
        Ground::Detected(evidence) => evidence,
        other => panic!("{other:?}"),
    };
    let file = format!("{HEADER}{}Orléans Besançon Köln,1,1,,\n", FACTS.trim_end_matches("T,"));
    assert_eq!(encoding(file.as_bytes()), Evidence::Utf8);
    let marked: Vec<u8> = format!("\u{feff}{file}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(encoding(&marked), Evidence::ByteOrderMark);
    assert_eq!(encoding(&encoding_rs::WINDOWS_1252.encode(&file).0), Evidence::Bytes);
}

#[test]
fn the_mark_between_fields_is_found_by_the_header() {
    let plain = format!("{HEADER}{FACTS}1,1,,\n");
    let expected = read(&mapping(SMALL), &plain);
    for (mark, delimiter) in [(",", b','), (";", b';'), ("\t", b'\t'), ("|", b'|')] {
        let file = plain.replace(',', mark);
        let found = dialect(&mapping(SMALL), &file).unwrap();
        assert_eq!((found.delimiter, found.delimiter_by), (delimiter, Ground::Detected(Evidence::Header)));
        assert_eq!(read(&mapping(SMALL), &file).outcomes, expected.outcomes);
    }
    let error = |file: &str| dialect(&mapping(SMALL), file).unwrap_err().to_string();
    assert_eq!(error(&plain.replace(',', ":")), "the file has no column `programme`; it was read as UTF-8");
    // Told for the mark that divides the header into the most fields.
    assert_eq!(
        error(&plain.replace(',', ";").replace("shown;days;", "seen;days;")),
        "the file has no column `shown`; it was read as UTF-8"
    );
    assert_eq!(error(""), "the file is empty");
    let both = HEADER.trim_end();
    assert_eq!(error(&format!("\"{both}")), "the header cannot be read");
}

#[test]
fn the_encoding_is_found_or_asked_for() {
    let small = mapping(SMALL);
    let found = |bytes: &[u8]| match dialect(&small, bytes) {
        Ok(found) => format!("{} {} {}", found.encoding.name(), found.encoding_by.code(), found.mark),
        Err(error) => error.to_string(),
    };
    let file = |towns: &[&str]| -> String {
        let row = |town: &&str| format!("{}{town},1,1,,\n", FACTS.trim_end_matches("T,"));
        format!("{HEADER}{}", towns.iter().map(row).collect::<String>())
    };
    let plain = file(&["Town"]);
    assert_eq!(found(plain.as_bytes()), "UTF-8 IMMATERIAL false");
    assert_eq!(found(format!("\u{feff}{plain}").as_bytes()), "UTF-8 DETECTED true");
    let latin = file(&["Orléans", "Besançon", "Málaga", "São João", "Köln", "Würzburg"]);
    assert_eq!(found(latin.as_bytes()), "UTF-8 DETECTED false");
    assert_eq!(found(&encoding_rs::WINDOWS_1252.encode(&latin).0), "windows-1252 DETECTED false");
    let chinese = file(&["常州市财政局", "湘城乡", "武进区民政局", "雪堰镇"]);
    assert_eq!(found(&encoding_rs::GB18030.encode(&chinese).0), "gb18030 DETECTED false");
    for (marked, label) in [(u16::to_le_bytes as fn(u16) -> [u8; 2], "UTF-16LE"), (u16::to_be_bytes, "UTF-16BE")] {
        let bytes: Vec<u8> = "\u{feff}".encode_utf16().chain(chinese.encode_utf16()).flat_map(marked).collect();
        assert_eq!(found(&bytes), format!("{label} DETECTED true"));
        assert_eq!(read(&small, &bytes).outcomes, read(&small, &chinese).outcomes);
    }
    // Without a mark, UTF-16 is named and asked for, whatever it is written in.
    for file in [&plain, &chinese] {
        for (bytes_of, label) in [(u16::to_le_bytes as fn(u16) -> [u8; 2], "utf-16le"), (u16::to_be_bytes, "utf-16be")]
        {
            let bytes: Vec<u8> = file.encode_utf16().flat_map(bytes_of).collect();
            let told = found(&bytes);
            assert!(told.contains("UTF-16") && told.contains(&format!("`encoding = \"{label}\"`")), "{told}");
            let declared = mapping(&format!("encoding = \"{label}\"\n{SMALL}"));
            assert_eq!(read(&declared, &bytes).outcomes, read(&small, file).outcomes);
        }
    }
    // A damaged byte does not make another encoding of it: the row is named.
    let mut damaged = file(&["खुन्दनी हाला", "常州市财政局"].repeat(4)).into_bytes();
    let at = damaged.len() - 20;
    damaged[at] = 0xff;
    assert_eq!(found(&damaged), "UTF-8 DETECTED false");
    let error = read(&small, &damaged).error.unwrap().to_string();
    assert!(error.starts_with("row 8 is not valid UTF-8"), "{error}");
    // Too few to tell: asked for.
    let mut few = file(&["Cañón del Río", "Bogotá"]).into_bytes();
    let at = few.iter().position(|byte| *byte == 0xc3).unwrap();
    few.remove(at);
    assert!(found(&few).contains("encoding"), "{}", found(&few));
    // Neither of the two that are told apart well: said, with a guess, and not taken.
    for encoding in [encoding_rs::WINDOWS_1251, encoding_rs::SHIFT_JIS, encoding_rs::BIG5] {
        let towns = match encoding.name() {
            "windows-1251" => file(&["Санкт-Петербург", "Нижний Новгород", "Ростов-на-Дону"]),
            "Shift_JIS" => file(&["ひたちなか市", "つくばみらい市", "さいたま市"]),
            _ => file(&["臺北市政府", "高雄縣鳳山鄉", "嘉義縣竹崎鄉"]),
        };
        let error = found(&encoding.encode(&towns).0);
        assert!(error.contains("declare its `encoding`") && error.contains(encoding.name()), "{error}");
    }
    let told = found(b"\xff\xff\xff\xff");
    assert!(told.contains("declare its `encoding`") && told.contains("may be damaged"), "{told}");
    // So is a file that says itself what it is, and one character of which is only half there.
    let mut utf_16: Vec<u8> = file(&["Kyoto"]).encode_utf16().flat_map(u16::to_le_bytes).collect();
    utf_16.splice(..0, [0xff, 0xfe]);
    let at = utf_16.len() - 4;
    utf_16[at..at + 2].copy_from_slice(&0xd800_u16.to_le_bytes());
    let error = read(&small, &utf_16).error.unwrap().to_string();
    assert!(error.starts_with("row 1 is not valid UTF-16LE; the file may be damaged there"), "{error}");
}

#[test]
fn accents_and_case_do_not_make_another_column_nor_another_name() {
    let accented = SMALL.replace("\"town\"\nlevel", "\"Município\"\nlevel");
    let rows = |header: &str, town: &str| {
        let header = HEADER.replace("town", header);
        read(&mapping(&accented), format!("{header}F,2026-11-01,2026-11-30,2026-12-05,M,{town},1,1,,\n"))
    };
    let plain = rows("município", "São João");
    assert_eq!(plain.rows()[0].route[1], "São João");
    for header in ["MUNICÍPIO", " Municipio ", "MUNICIPIO", "Munici\u{301}pio", "\u{a0}município"] {
        assert_eq!(rows(header, "São João").outcomes[0].row, plain.outcomes[0].row, "{header}");
    }
    // Composed and decomposed letters are one name, and one row.
    assert_eq!(rows("município", "Sa\u{303}o Joa\u{303}o").outcomes[0].row, plain.outcomes[0].row);
    // With both in the file, the one as the mapping spells it is meant.
    let both = HEADER.replace("town", "municipio,município");
    let found = read(&mapping(&accented), format!("{both}F,2026-11-01,2026-11-30,2026-12-05,M,no,yes,1,1,,\n"));
    assert_eq!(found.rows()[0].route[1], "yes");
    // Two that differ in accents from the mapping are not told apart.
    let unaccented = SMALL.replace("\"town\"\nlevel", "\"municipio\"\nlevel");
    let twice = HEADER.replace("town", "munícipio,município");
    let error = dialect(&mapping(&unaccented), twice).unwrap_err();
    assert_eq!(error.to_string(), "the file has more than one column `municipio`");
    // Two that differ in nothing but case are one header twice, however the mapping spells it.
    for header in ["town,TOWN", "Town,town", "town,Town,T\u{f3}wn"] {
        let error = dialect(&mapping(SMALL), HEADER.replace("town", header)).unwrap_err();
        assert_eq!(error.to_string(), "the file has more than one column `town`", "{header}");
    }
    // A break within a quoted header is a blank.
    let broken = HEADER.replace("days shown", "\"days\n shown\"");
    assert_eq!(read(&mapping(SMALL), format!("{broken}{FACTS}1,1,,\n")).rows().len(), 1);
}

#[test]
fn lines_that_end_in_a_carriage_return_alone_are_read() {
    let file = format!("{HEADER}{FACTS}1,1,,\n{FACTS}2,2,,\n").replace('\n', "\r");
    let found = read(&mapping(SMALL), file);
    assert_eq!(found.rows().len(), 2);
    let lines: Vec<u64> = found.outcomes.iter().map(|outcome| outcome.line).collect();
    assert_eq!(lines, [2, 3]);
}
