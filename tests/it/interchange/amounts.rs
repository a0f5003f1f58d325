//! Decimal text becomes whole units exactly, or a rejection with its reason.

use super::{FACTS, HEADER, SMALL, declared, mapping, read};

/// Reads one amount as the verified amount beside an official 1 (or 0, for yen: also 1), under
/// `SMALL` with lines added at its top; gives minor units and the rounding difference, or the code.
fn verified(top: &str, amount: &str) -> String {
    // Where the form of numbers is not the point, it is declared; `dialects` finds it.
    let form = if top.contains("_separator") { "" } else { "decimal_separator = \".\"\n" };
    let text = format!("{form}{top}{SMALL}");
    let text = match top.contains("currency") {
        true => text.replace("currency = \"EUR\"\n", ""),
        false => text,
    };
    let read = read(&mapping(&text), format!("{HEADER}{FACTS}1,\"{amount}\",,\n"));
    assert!(read.error.is_none());
    match (read.rows().as_slice(), read.rejected().as_slice()) {
        ([row], []) => {
            let minor = row.purposes[0].verified_minor;
            match read.oddities.rounded {
                0 => minor.to_string(),
                _ => format!("{minor} by {}", read.oddities.rounding_difference),
            }
        }
        ([], [rejected]) => rejected.reason.code().to_owned(),
        other => panic!("neither one row nor one rejection: {other:?}"),
    }
}

#[track_caller]
fn check(top: &str, cases: &[(&str, &str)]) {
    for (amount, expected) in cases {
        assert_eq!(&verified(top, amount), expected, "{amount:?} under {top:?}");
    }
}

#[test]
fn amounts_are_plain_decimals_of_at_most_the_currencys_digits() {
    check(
        "",
        &[
            ("0", "0"),
            ("0.00", "0"),
            ("-0.0", "0"),
            ("007", "700"),
            ("12.5", "1250"),
            ("12.500", "1250"),
            ("296.0", "29600"),
            (" 1.20\u{a0}", "120"),
            ("0.01", "1"),
            ("10000000000000", "1000000000000000"),
            ("10000000000000.01", "TOO_LARGE"),
            ("999999999999999999999999999999999999999999", "TOO_LARGE"),
            ("0.001", "TOO_MANY_DECIMALS"),
            ("-0.001", "NEGATIVE"),
            ("-5", "NEGATIVE"),
            ("", "NOT_A_NUMBER"),
            ("-", "NOT_A_NUMBER"),
            (".5", "NOT_A_NUMBER"),
            ("5.", "NOT_A_NUMBER"),
            ("+5", "NOT_A_NUMBER"),
            ("--5", "NOT_A_NUMBER"),
            ("1e3", "NOT_A_NUMBER"),
            ("1.2.3", "NOT_A_NUMBER"),
            ("1,000", "NOT_A_NUMBER"),
            ("1 000", "NOT_A_NUMBER"),
            ("0x10", "NOT_A_NUMBER"),
            ("NaN", "NOT_A_NUMBER"),
            ("inf", "NOT_A_NUMBER"),
            ("\u{967}\u{968}", "NOT_A_NUMBER"),
            ("5\0", "NOT_A_NUMBER"),
            ("€5", "NOT_A_NUMBER"),
        ],
    );
}

#[test]
fn the_currency_decides_the_digits() {
    check("currency = \"JPY\"\n", &[("12", "12"), ("12.0", "12"), ("12.5", "TOO_MANY_DECIMALS")]);
    check("currency = \"KWD\"\n", &[("1.234", "1234"), ("1.2345", "TOO_MANY_DECIMALS")]);
}

#[test]
fn extra_decimals_are_rounded_half_to_even_and_the_difference_is_exact() {
    check(
        "extra_decimals = \"round-half-even\"\n",
        &[
            ("12.500", "1250"),
            ("0.005", "0 by -0.005"),
            ("0.015", "2 by 0.005"),
            ("0.025", "2 by -0.005"),
            ("0.0050000001", "1 by 0.0049999999"),
            ("93.998", "9400 by 0.002"),
            ("9.999", "1000 by 0.001"),
            ("0.001000000000000001", "0 by -0.001000000000000001"),
            ("0.0010000000000000001", "TOO_MANY_DECIMALS"),
            ("9999999999999.999", "1000000000000000 by 0.001"),
            ("10000000000000.004", "1000000000000000 by -0.004"),
            ("10000000000000.006", "TOO_LARGE"),
            ("-0.001", "NEGATIVE"),
        ],
    );
}

#[test]
fn thousands_are_grouped_by_three_or_as_in_india() {
    check(
        "thousands_separator = \",\"\n",
        &[
            ("1,234,567.50", "123456750"),
            ("12,34,567", "123456700"),
            ("1234567", "123456700"),
            ("-1,000", "NEGATIVE"),
            ("1,5", "NOT_A_NUMBER"),
            ("1,23,45", "NOT_A_NUMBER"),
            (",123", "NOT_A_NUMBER"),
            ("1,,234", "NOT_A_NUMBER"),
            ("1,234,", "NOT_A_NUMBER"),
            ("1.234,5", "NOT_A_NUMBER"),
            ("123,45,678", "NOT_A_NUMBER"),
        ],
    );
    check(
        "decimal_separator = \",\"\nthousands_separator = \".\"\n",
        &[("1.234,56", "123456"), ("1.5", "NOT_A_NUMBER")],
    );
}

#[test]
fn quantities_have_six_decimals_and_are_never_rounded() {
    let small = declared("extra_decimals = \"round-half-even\"\n");
    let cases = [
        ("296.0,0.000001", Ok((Some(296_000_000), Some(1)))),
        (",", Ok((None, None))),
        ("5, ", Ok((Some(5_000_000), None))),
        ("1.0000000,2", Ok((Some(1_000_000), Some(2_000_000)))),
        ("1,1.0000001", Err("TOO_MANY_DECIMALS")),
        ("-1,1", Err("NEGATIVE")),
        ("x,1", Err("NOT_A_NUMBER")),
        ("1000000000000,1", Ok((Some(1_000_000_000_000_000_000), Some(1_000_000)))),
        ("1000000000000.1,1", Err("TOO_LARGE")),
    ];
    for (quantities, expected) in cases {
        let read = read(&small, format!("{HEADER}{FACTS}1,1,{quantities}\n"));
        let found = match read.rows().first() {
            Some(row) => Ok((row.purposes[0].official_quantity_micros, row.purposes[0].verified_quantity_micros)),
            None => Err(read.rejected()[0].reason.code()),
        };
        assert_eq!(found, expected, "{quantities}");
    }
}

#[test]
fn odd_amounts_are_counted_at_their_bounds() {
    // official, verified; above official, official zero, both zero, looks like a percentage
    let cases = [
        ("5,5", [0, 0, 0, 0]),
        ("5,5.01", [1, 0, 0, 0]),
        ("0,5", [1, 1, 0, 0]),
        ("0,0", [0, 0, 1, 0]),
        ("1000,100", [0, 0, 0, 0]),
        ("1000.01,100", [0, 0, 0, 1]),
        ("1000.01,100.01", [0, 0, 0, 0]),
        ("1000.01,0.01", [0, 0, 0, 1]),
        ("1000.01,0", [0, 0, 0, 0]),
    ];
    for (amounts, expected) in cases {
        let found = read(&declared(""), format!("{HEADER}{FACTS}{amounts},,\n")).oddities;
        let counts = [found.verified_above_official, found.official_zero, found.both_zero, found.looks_like_percentage];
        assert_eq!(counts, expected, "{amounts}");
    }
}

#[test]
fn a_row_with_one_bad_amount_is_rejected_whole() {
    let two = format!("{SMALL}\n[[purpose]]\ncode = \"SEED\"\nofficial = \"seed\"\nverified = \"seed shown\"\n");
    let header = HEADER.replace("days shown", "days shown,seed,seed shown");
    let found = read(&mapping(&two), format!("{header}{FACTS}7,-1,,,5,4\n{FACTS}x,1,,,5,-4\n{FACTS}9,8,,,3,2\n"));
    assert_eq!(
        found.rejections(),
        ["1 WAGE shown \"-1\" NEGATIVE", "2 WAGE paid \"x\" NOT_A_NUMBER", "2 SEED seed shown \"-4\" NEGATIVE",]
    );
    assert_eq!(found.rejected()[0].to_string(), "row 1, WAGE: shown \"-1\" is negative");
    assert_eq!(found.rows().len(), 1);
    assert_eq!(found.rows()[0].purposes.len(), 2);
    assert_eq!((found.oddities.rows_read, found.oddities.rows), (3, 1));
    let [wage, seed] = found.totals.purposes.as_slice() else {
        panic!("two purposes");
    };
    assert_eq!((wage.sums.official_minor, wage.sums.verified_minor), (900, 800));
    assert_eq!((seed.sums.official_minor, seed.sums.verified_minor), (300, 200));
    assert_eq!((found.totals.all.official_minor, found.totals.all.purpose_rows), (1_200, 2));
    assert_eq!(
        serde_json::to_string(&found.oddities).unwrap(),
        concat!(
            r#"{"rowsRead":3,"blankRows":0,"rows":1,"repeats":0,"verifiedAboveOfficial":0,"officialZero":0,"#,
            r#""bothZero":0,"looksLikePercentage":0,"tooManyDecimals":0,"rounded":0,"#,
            r#""roundingDifference":"0","rejectedByReason":{"NEGATIVE":2,"NOT_A_NUMBER":1}}"#
        )
    );
    // The file's own sums hold what can be read of every row: 7 + 5 + 5 + 9 + 3, and with signs.
    let control = found.control;
    assert_eq!((control.rows, control.purpose_rows, control.unreadable_amounts), (3, 6, 1));
    assert_eq!((control.official.to_string(), control.verified.to_string()), ("29".to_owned(), "10".to_owned()));
}

#[test]
fn control_totals_are_exact_for_whatever_is_a_number() {
    let control = |amounts: &str| read(&declared(""), format!("{HEADER}{FACTS}{amounts},,\n")).control;
    for (amounts, official, verified, unreadable) in [
        ("1.005,-0.000000000000000001", "1.005", "-0.000000000000000001", 0),
        ("10000000000000.01,0", "10000000000000.01", "0", 0),
        ("1e3,5", "0", "5", 1),
        (",", "0", "0", 2),
        ("1000000000000001,1", "0", "1", 1),
        ("0.0000000000000000001,1", "0", "1", 1),
    ] {
        let found = control(amounts);
        let sums = (found.official.to_string(), found.verified.to_string(), found.unreadable_amounts);
        assert_eq!(sums, (official.to_owned(), verified.to_owned(), unreadable), "{amounts}");
    }
}
