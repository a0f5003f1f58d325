//! Tables of other layouts: a path in one column, one purpose in each row, months.

use std::collections::BTreeMap;

use super::{mapping, minor_digits, read};
use aqueduct::interchange::dialect::{Evidence, Ground};
use aqueduct::interchange::mapping::Mapping;

const ISLAND: &str = include_str!("../../../seeds/mappings/school_meals_island.toml");
const TABLE: &[u8] = include_bytes!("../../../seeds/tables/school_meals_island.csv");

/// A long table with a path.
const LONG: &str = r#"
name = "long"
currency = "CNY"

[programme]
column = "项目"

[cycle]
column = "月份"
format = "%Y年%m月"

[route_path]
column = "单位"
separator = "/"
levels = ["province", "county"]

[payees]
label = "村民"

[purposes]
column = "用途"
official = "拨付"
verified = "实收"

[purposes.codes]
"养老金" = "PENSION"
"Pension" = "PENSION"
"低保" = "ALLOWANCE"
"#;

const HEADER: &str = "单位;月份;项目;用途;拨付;实收\n";

#[test]
fn a_row_of_a_long_table_holds_one_purpose() {
    let rows = "江苏/武进;2026年03月;甲;养老金;1.234,50;1.000\n\
                江苏 / 武进 ;2026年3月;甲;PENSION;20,5;20,5\n\
                江苏/武进;2026年03月;乙;低保;7;0\n";
    let found = read(&mapping(LONG), format!("{HEADER}{rows}"));
    assert!(found.rejected().is_empty(), "{:?}", found.rejections());
    let row = |at: usize| {
        let row = found.rows()[at];
        let amounts = &row.purposes[0];
        format!(
            "{} {} {} {} {} {}",
            row.route.join("/"),
            row.cycle.label,
            row.programme,
            amounts.code,
            amounts.official_minor,
            amounts.verified_minor
        )
    };
    assert_eq!(row(0), "江苏/武进 2026-03 甲 PENSION 123450 100000");
    assert_eq!(row(1), "江苏/武进 2026-03 甲 PENSION 2050 2050");
    assert_eq!(row(2), "江苏/武进 2026-03 乙 ALLOWANCE 700 0");
    let sums: Vec<_> = found.totals.purposes.iter().map(|one| (one.code.as_str(), one.sums.official_minor)).collect();
    assert_eq!(sums, [("ALLOWANCE", 700), ("PENSION", 125_500)]);
}

#[test]
fn what_does_not_fit_a_long_table_is_rejected_with_its_reason() {
    let rows = "江苏;2026年03月;甲;养老金;1;1\n\
                江苏/武进/雪堰;2026年03月;甲;养老金;1;1\n\
                江苏/;2026年03月;甲;养老金;1;1\n\
                江苏/武进;2026年13月;甲;养老金;1;1\n\
                江苏/武进;2026-03;甲;养老金;1;1\n\
                江苏/武进;2026年03月;甲;修路;1;1\n\
                江苏/武进;2026年03月;甲;养老金;一;1\n";
    let found = read(&mapping(LONG), format!("{HEADER}{rows}"));
    assert_eq!(
        found.rejections(),
        [
            "1 - 单位 \"江苏\" BAD_ROUTE",
            "2 - 单位 \"江苏/武进/雪堰\" BAD_ROUTE",
            "3 - 单位 \"江苏/\" EMPTY_NAME",
            "4 - 月份 \"2026年13月\" BAD_DATE",
            "5 - 月份 \"2026-03\" BAD_DATE",
            "6 - 用途 \"修路\" UNKNOWN_PURPOSE",
            "7 PENSION 拨付 \"一\" NOT_A_NUMBER",
        ]
    );
}

#[test]
fn a_wrong_mapping_of_a_long_table_is_refused_naming_the_key() {
    for (old, new, expected) in [
        ("separator = \"/\"", "separator = \" \"", "`route_path.separator`"),
        ("[\"province\", \"county\"]", "[\"province\"]", "`route` has 2 to 8 levels"),
        ("[\"province\", \"county\"]", "[\"province\", \"\"]", "`route_path.levels` is an empty name"),
        ("verified = \"实收\"", "verified = \"拨付\"", "`purposes.verified` is a column that is already mapped"),
        ("\"低保\" = \"ALLOWANCE\"", "\"pension\" = \"ALLOWANCE\"", "`purposes.codes` names a text twice"),
        ("\"ALLOWANCE\"", "\"A:B\"", "`purposes.codes` is longer than 64 bytes or holds"),
        ("separator = \"/\"", "separator = \"/\"\nlevel = 3", "unknown field `level`"),
        ("[purposes.codes]", "[purposes.code]", "unknown field `code`"),
    ] {
        assert!(LONG.contains(old), "{old}");
        let error = Mapping::parse(&LONG.replacen(old, new, 1), minor_digits).unwrap_err().to_string();
        assert!(error.contains(expected), "{old} -> {new}: {error}");
    }
    let identity = mapping(LONG).identity();
    let other = [("separator = \"/\"", "separator = \">\""), ("= \"ALLOWANCE\"", "= \"OTHER\""), ("%Y年%m月", "%m/%Y")];
    for (old, new) in other {
        assert_ne!(mapping(&LONG.replacen(old, new, 1)).identity(), identity, "{new}");
    }
}

/// The table's rows, read here on another way: path, month, purpose, official and verified cents.
fn recount() -> Vec<(String, String, String, i64, i64)> {
    let text: String = TABLE.iter().map(|byte| char::from(*byte)).collect();
    let mut table = csv::ReaderBuilder::new().delimiter(b';').from_reader(text.as_bytes());
    let cents = |cell: &str| -> i64 { cell.replace(['.', ','], "").parse().unwrap() };
    let rows = table.records().map(|record| {
        let record = record.unwrap();
        let month = format!("2026-{}", record[1].split('/').next().unwrap());
        let path = record[5].split(" > ").collect::<Vec<_>>().join("/");
        (path, month, record[2].to_owned(), cents(&record[4]), cents(&record[3]))
    });
    rows.collect()
}

#[test]
fn the_made_up_table_of_the_second_mapping_is_read_to_the_cent() {
    let island = Mapping::parse(ISLAND, |code| (code == "BRL").then_some(2)).unwrap();
    let found = read(&island, TABLE);
    assert!(found.error.is_none() && found.rejected().is_empty(), "{:?}", found.rejections());
    let dialect = super::dialect(&island, TABLE).unwrap();
    assert_eq!((dialect.delimiter, dialect.delimiter_by), (b';', Ground::Detected(Evidence::Header)));
    let recounted = recount();
    let read: Vec<_> = found
        .rows()
        .iter()
        .map(|row| {
            let amounts = &row.purposes[0];
            let word = match amounts.code.as_str() {
                "FOOD" => "Alimentação",
                "FUEL" => "Gás de cozinha",
                other => {
                    assert_eq!(other, "TRANSPORT");
                    "Transporte"
                }
            };
            assert_eq!(amounts.official_quantity_micros.is_some(), word == "Alimentação");
            let (path, cycle) = (row.route.join("/"), row.cycle.label.clone());
            (path, cycle, word.to_owned(), amounts.official_minor, amounts.verified_minor)
        })
        .collect();
    assert_eq!(read, recounted);
    let by_cycle = recounted.iter().fold(BTreeMap::<&str, i64>::new(), |mut sums, (_, cycle, _, official, _)| {
        *sums.entry(cycle).or_default() += official;
        sums
    });
    assert_eq!(by_cycle, BTreeMap::from([("2026-01", 25_054_377), ("2026-02", 25_035_670), ("2026-03", 29_912_746)]));
    assert_eq!((found.totals.all.official_minor, found.totals.all.verified_minor), (80_002_793, 73_699_198));
    assert_eq!((found.oddities.repeats, found.oddities.official_zero), (1, 1));
    assert_eq!(found.rows()[10].number, 11, "a line break within quotation marks is no new row");
    assert_eq!(found.outcomes[11].line, 14);

    // Nothing is tied to how it is written: the same rows come from other bytes.
    let text: String = TABLE.iter().map(|byte| char::from(*byte)).collect();
    let undeclared: String = ISLAND
        .lines()
        .filter(|line| !line.starts_with("encoding") && !line.contains("_separator"))
        .map(|line| format!("{line}\n"))
        .collect();
    let undeclared = Mapping::parse(&undeclared, |code| (code == "BRL").then_some(2)).unwrap();
    for bytes in [TABLE.to_vec(), text.clone().into_bytes(), format!("\u{feff}{text}").into_bytes()] {
        let again = super::read(&undeclared, bytes);
        assert_eq!(again.outcomes, found.outcomes);
    }
}
