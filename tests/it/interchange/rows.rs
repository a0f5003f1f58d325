//! Route, cycle, date and by what a row is known.

use super::{HEADER, SMALL, mapping, read};

/// Reads one row with these facts; its rejections, or nothing.
fn rejection(facts: &str) -> String {
    read(&mapping(SMALL), format!("{HEADER}{facts},1,1,,\n")).rejections().join("; ")
}

#[test]
fn facts_at_fault_reject_the_whole_row() {
    let eighty = "n".repeat(80);
    let cases = [
        ("F,2026-11-01,2026-11-30,2026-12-05,M,T".to_owned(), ""),
        (format!("F,2026-11-01,2026-11-30,2026-12-05,M,{eighty}"), ""),
        (" ,2026-11-01,2026-11-30,2026-12-05,M,T".to_owned(), "1 - programme \" \" EMPTY_NAME"),
        ("F,2026-11-01,2026-11-30,2026-12-05,,T".to_owned(), "1 - ministry \"\" EMPTY_NAME"),
        ("F,2026-11-01,2026-11-30,2026-12-05,M,a/b".to_owned(), "1 - town \"a/b\" BAD_NAME"),
        ("F,2026-11-01,2026-11-30,2026-12-05,M,a\0b".to_owned(), "1 - town \"a\\0b\" BAD_NAME"),
        ("F,2026-11-01,2026-11-30,2026-12-05,M,a\u{202e}b".to_owned(), "1 - town \"a\\u{202e}b\" BAD_NAME"),
        ("F,2026-11-01,2026-11-30,2026-12-05,M,\"a\nb\"".to_owned(), "1 - town \"a\\nb\" BAD_NAME"),
        ("F,2026-11-01,2026-11-30,2026-12-05,M,a\u{2028}b".to_owned(), "1 - town \"a\\u{2028}b\" BAD_NAME"),
        ("F,2026-11-31,2026-11-30,2026-12-05,M,T".to_owned(), "1 - from \"2026-11-31\" BAD_DATE"),
        ("F,2026-11-01,,2026-12-05,M,T".to_owned(), "1 - to \"\" BAD_DATE"),
        ("F,2026-11-01,2026-10-30,2026-12-05,M,T".to_owned(), "1 - to \"2026-10-30\" BAD_DATE"),
        ("F,2026-11-01,2026-11-30,05/12/2026,M,T".to_owned(), "1 - stated \"05/12/2026\" BAD_DATE"),
        ("F,0026-11-01,2026-11-30,2026-12-05,M,T".to_owned(), "1 - from \"0026-11-01\" BAD_DATE"),
        ("F,2026-11-01,2026-11-30,2026-12-05,M".to_owned(), "1 -  \"9\" WRONG_WIDTH"),
        ("F,2026-11-01,2026-11-30,2026-12-05,M,T,U".to_owned(), "1 -  \"11\" WRONG_WIDTH"),
    ];
    for (facts, expected) in cases {
        assert_eq!(rejection(&facts), expected, "{facts}");
    }
    let long = rejection(&format!("F,2026-11-01,2026-11-30,2026-12-05,M,{eighty}n"));
    assert!(long.ends_with("NAME_TOO_LONG"), "{long}");
}

#[test]
fn a_route_has_at_most_150_bytes_with_its_slashes() {
    let three = SMALL.replace(
        "[[route]]\ncolumn = \"town\"",
        "[[route]]\ncolumn = \"region\"\nlevel = \"region\"\n\n[[route]]\ncolumn = \"town\"",
    );
    let header = HEADER.replace("town", "region,town");
    let route = |last: usize| {
        let (first, last) = ("n".repeat(70), "n".repeat(last));
        let row = format!("F,2026-11-01,2026-11-30,2026-12-05,{first},{first},{last},1,1,,\n");
        read(&mapping(&three), format!("{header}{row}"))
    };
    assert_eq!(route(8).rows()[0].route.join("/").len(), 150);
    let rejected = route(9);
    let rejected = rejected.rejected();
    assert_eq!(rejected[0].reason.code(), "ROUTE_TOO_LONG");
    assert_eq!(rejected[0].column, "town");
    assert_eq!(rejected[0].value.chars().count(), 101, "cut, with a mark of it");
}

#[test]
fn a_cycle_is_a_month_or_its_two_days() {
    let cases = [
        ("2026-11-01", "2026-11-30", "2026-11"),
        ("2024-02-01", "2024-02-29", "2024-02"),
        ("2023-02-01", "2023-02-27", "2023-02-01..2023-02-27"),
        ("2022-04-01", "2023-03-31", "2022-04-01..2023-03-31"),
        ("2023-04-01", "2023-04-01", "2023-04-01..2023-04-01"),
    ];
    for (first, last, label) in cases {
        let row = format!("{HEADER} F ,{first},{last},2026-12-05, M , T ,1,1,,\n");
        let read = read(&mapping(SMALL), row);
        let row = read.rows()[0];
        assert_eq!(row.cycle.label, label);
        assert_eq!(row.cycle.first.to_string(), first);
        assert_eq!(row.cycle.last.to_string(), last);
        assert_eq!(row.date.unwrap().to_string(), "2026-12-05");
        assert_eq!((row.programme.as_str(), row.route.join("/")), ("F", "M/T".to_owned()));
    }
}

#[test]
fn a_cycle_column_holds_labels_and_equal_periods_get_one_label() {
    let labels = SMALL.replace("from = \"from\"\nto = \"to\"", "column = \"from\"");
    let cases = [
        ("2026-11", Some("2026-11")),
        (" 2026-11 ", Some("2026-11")),
        ("2026-11-01..2026-11-30", Some("2026-11")),
        ("2026-11-01..2026-12-31", Some("2026-11-01..2026-12-31")),
        ("2026-12-31..2026-11-01", None),
        ("2026-13", None),
        ("2026-1", None),
        ("2026", None),
        ("+2026-11", None),
        ("November", None),
        ("", None),
    ];
    for (label, expected) in cases {
        let row = format!("{HEADER}F,{label},,2026-12-05,M,T,1,1,,\n");
        let read = read(&mapping(&labels), row);
        let found = read.rows().first().map(|row| row.cycle.label.clone());
        assert_eq!(found.as_deref(), expected, "{label}");
    }
}

#[test]
fn repeats_are_kept_counted_and_known_apart() {
    let row = "F,2026-11-01,2026-11-30,2026-12-05,M,T,1,1,,\n";
    let other = row.replace(",T,", ",U,");
    let header = HEADER.replace("days shown", "days shown,note");
    let noted = |row: &str, note: &str| row.replace('\n', &format!(",{note}\n"));
    // The note is not mapped, so rows that differ only in it are repeats.
    let file = [header.as_str(), &noted(row, "a"), &noted(&other, "a"), &noted(row, "b"), &noted(row, "a")].concat();
    let first = read(&mapping(SMALL), &file);
    let occurrences: Vec<u32> = first.rows().iter().map(|row| row.occurrence).collect();
    assert_eq!(occurrences, [1, 1, 2, 3]);
    assert_eq!((first.oddities.repeats, first.oddities.rows), (2, 4));
    let keys: std::collections::BTreeSet<_> = first.rows().iter().map(|row| row.key).collect();
    assert_eq!(keys.len(), 4);

    // The same rows have the same keys in a file of another order, width and column order.
    let again = read(&mapping(SMALL), [HEADER, row, row, &other, row].concat());
    let again: std::collections::BTreeSet<_> = again.rows().iter().map(|row| row.key).collect();
    assert_eq!(again, keys);
}

#[test]
fn a_rows_key_is_frozen() {
    let row = "F,2026-11-01,2026-11-30,2026-12-05,M,T,1,1,,\n";
    let read = read(&mapping(SMALL), format!("{HEADER}{row}"));
    assert_eq!(hex::encode(read.rows()[0].key), "b439b76933370eca97412e82ca8db792");
}

#[test]
fn neighbouring_values_cannot_lend_each_other_letters() {
    let row = |from: &str, to: &str| format!("F,2026-11-01,2026-11-30,2026-12-05,{from},{to},1,1,,\n");
    let file = format!("{HEADER}{}{}", row("ab", "c"), row("a", "bc"));
    let read = read(&mapping(SMALL), file);
    assert_eq!(read.oddities.repeats, 0);
    assert_ne!(read.rows()[0].key, read.rows()[1].key);
}
