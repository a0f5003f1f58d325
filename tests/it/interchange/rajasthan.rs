//! The first real file: social audits of Rajasthan, compared with sums made here on another way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;

use rust_decimal::{Decimal, RoundingStrategy};

use super::{Read, mapping, read};

const MAPPING: &str = include_str!("../../../seeds/mappings/mgnrega_rajasthan.toml");

/// The file, or nothing when the shared data is not beside the package.
fn file() -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/mgnrega_social_audit_rajasthan.csv");
    if path.exists() {
        return Some(path);
    }
    let required = std::env::var_os("AQUEDUCT_REQUIRE_SHARED").is_some_and(|value| value == "1");
    assert!(!required, "{} is required", path.display());
    eprintln!("skipped: {} is not there", path.display());
    None
}

fn read_file(mapping_text: &str) -> Option<Read> {
    let bytes = std::fs::read(file()?).unwrap();
    let read = read(&mapping(mapping_text), bytes);
    assert!(read.error.is_none());
    Some(read)
}

/// Official and verified paise and purpose-rows per district, as the reader gives them.
fn districts(read: &Read) -> BTreeMap<String, [i128; 3]> {
    let mut districts = BTreeMap::<String, [i128; 3]>::new();
    for row in read.rows() {
        assert_eq!(row.route.len(), 4);
        let sums = districts.entry(row.route[1].clone()).or_default();
        for purpose in &row.purposes {
            sums[0] += i128::from(purpose.official_minor);
            sums[1] += i128::from(purpose.verified_minor);
            sums[2] += 1;
        }
    }
    districts
}

/// The same, and every count, made from the file by decimals instead of digits.
#[derive(Default, Debug)]
struct Recount {
    districts: BTreeMap<String, [i128; 3]>,
    rows: u64,
    repeats: u64,
    above: u64,
    official_zero: u64,
    both_zero: u64,
    percentage: u64,
    too_fine: u64,
    difference: Decimal,
}

fn recount(rounding: bool) -> Option<Recount> {
    let mut table = csv::Reader::from_reader(File::open(file()?).unwrap());
    let header = table.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|header| header == name).unwrap();
    let amounts = ["wage_exp", "wage_given", "material_exp", "material_given"].map(column);
    let mapped: Vec<usize> = "state district block panchayat sa_period_from sa_period_to gram_sabha_date"
        .split(' ')
        .map(column)
        .chain(amounts)
        .collect();
    let (hundred, thousand) = (Decimal::from(100), Decimal::from(1_000));
    let mut seen = BTreeSet::new();
    let mut count = Recount::default();
    for record in table.records() {
        let record = record.unwrap();
        let values: Vec<String> = mapped.iter().map(|&at| record[at].to_owned()).collect();
        count.repeats += u64::from(!seen.insert(values));
        let sums = count.districts.entry(record[column("district")].to_owned()).or_default();
        let stated = |at: usize| record[at].parse::<Decimal>().unwrap();
        let is_too_fine = |amount: Decimal| amount.normalize().scale() > 2;
        let too_fine = amounts.chunks(2).filter(|pair| pair.iter().any(|&at| is_too_fine(stated(at)))).count();
        count.too_fine += u64::try_from(too_fine).unwrap();
        if too_fine > 0 && !rounding {
            continue;
        }
        count.rows += 1;
        for pair in amounts.chunks(2) {
            let stated: Vec<Decimal> = pair.iter().map(|&at| record[at].parse().unwrap()).collect();
            let kept: Vec<Decimal> = stated
                .iter()
                .map(|amount| amount.round_dp_with_strategy(2, RoundingStrategy::MidpointNearestEven))
                .collect();
            let (official, verified) = (kept[0], kept[1]);
            count.difference += official - stated[0] + verified - stated[1];
            count.above += u64::from(verified > official);
            count.official_zero += u64::from(official.is_zero() && !verified.is_zero());
            count.both_zero += u64::from(official.is_zero() && verified.is_zero());
            let few = !verified.is_zero() && verified <= hundred;
            count.percentage += u64::from(few && official > thousand);
            sums[0] += i128::try_from(official * hundred).unwrap();
            sums[1] += i128::try_from(verified * hundred).unwrap();
            sums[2] += 1;
        }
    }
    Some(count)
}

#[track_caller]
fn check(read: &Read, recount: &Recount) {
    let found = &read.oddities;
    assert_eq!(districts(read), recount.districts);
    assert_eq!(found.rows, recount.rows);
    assert_eq!(found.repeats, recount.repeats);
    assert_eq!(found.verified_above_official, recount.above);
    assert_eq!(found.official_zero, recount.official_zero);
    assert_eq!(found.both_zero, recount.both_zero);
    assert_eq!(found.looks_like_percentage, recount.percentage);
    assert_eq!(found.too_many_decimals, recount.too_fine);
    assert_eq!(found.rounding_difference, recount.difference);
    let sum = |at: usize| recount.districts.values().map(|sums| sums[at]).sum::<i128>();
    assert_eq!(read.totals.all.official_minor, sum(0));
    assert_eq!(read.totals.all.verified_minor, sum(1));
    assert_eq!(i128::from(read.totals.all.purpose_rows), sum(2));
}

#[test]
fn every_audit_of_rajasthan_is_read_to_the_paisa() {
    let (Some(read), Some(recount)) = (read_file(MAPPING), recount(true)) else {
        return;
    };
    check(&read, &recount);
    assert!(read.rejected().is_empty());
    let found = &read.oddities;
    assert_eq!((found.rows_read, found.rows, found.repeats), (8_706, 8_706, 1_117));
    assert_eq!((found.verified_above_official, found.official_zero), (41, 15));
    assert_eq!((found.both_zero, found.looks_like_percentage), (2_494, 370));
    assert_eq!((found.too_many_decimals, found.rounded), (13, 13));
    assert_eq!(found.rounding_difference.to_string(), "0.003");
    let expected = [
        ("AJMER", [1_946_607_215_281, 1_298_656_056_600, 2_548]),
        ("ALWAR", [590_069_053_782, 175_379_005_417, 4_826]),
        ("BANSWARA", [1_825_880_273_673, 1_423_538_709_177, 2_878]),
        ("BARAN", [633_813_208_530, 288_542_729_852, 2_142]),
        ("BARMER", [4_225_556_936_800, 3_837_723_831_599, 5_018]),
    ];
    let expected = expected.map(|(district, sums)| (district.to_owned(), sums));
    assert_eq!(districts(&read), BTreeMap::from(expected));
    let purposes: Vec<_> = read.totals.purposes.iter().collect();
    assert_eq!((purposes[0].code.as_str(), purposes[1].code.as_str()), ("WAGE", "MATERIAL"));
    assert_eq!(purposes[0].sums.official_minor, 6_930_431_965_885);
    assert_eq!(purposes[0].sums.verified_minor, 5_267_612_720_146);
    assert_eq!(purposes[1].sums.official_minor, 2_291_494_722_181);
    assert_eq!(purposes[1].sums.verified_minor, 1_756_227_612_499);

    let first = read.rows()[0];
    assert_eq!(first.route, ["RAJASTHAN", "BANSWARA", "SAJJANGARH", "खुन्दनी हाला"]);
    assert_eq!(first.cycle.label, "2022-04-01..2023-03-31");
    assert_eq!(first.date.unwrap().to_string(), "2023-09-21");
    assert_eq!(first.purposes[0].official_minor, 977_864_500);
    assert_eq!(first.purposes[0].official_quantity_micros, None);
    let keys: BTreeSet<_> = read.rows().iter().map(|row| row.key).collect();
    assert_eq!(keys.len(), 8_706);
    let cycles: BTreeSet<_> = read.rows().iter().map(|row| row.cycle.label.clone()).collect();
    assert_eq!(cycles.len(), 132);
    assert_eq!(cycles.iter().filter(|label| !label.contains("..")).count(), 3);
}

#[test]
fn without_rounding_the_rows_of_thirteen_purposes_are_rejected_and_the_rest_keeps_its_keys() {
    let strict = MAPPING.replace("\"round-half-even\"", "\"reject\"");
    let (Some(read), Some(recount)) = (read_file(&strict), recount(false)) else {
        return;
    };
    check(&read, &recount);
    let found = &read.oddities;
    assert_eq!((found.rows_read, found.rows, found.repeats), (8_706, 8_699, 1_117));
    assert_eq!((found.too_many_decimals, found.rounded), (13, 0));
    assert_eq!(found.rejected_by_reason, BTreeMap::from([("TOO_MANY_DECIMALS", 13)]));
    let values: BTreeSet<&str> = read.rejected().iter().map(|rejected| rejected.value.as_str()).collect();
    assert_eq!(values, BTreeSet::from(["1.045", "181.238", "58.752", "61.718", "93.998"]));
    let rounded = read_file(MAPPING).unwrap();
    let keys: BTreeSet<_> = rounded.rows().iter().map(|row| row.key).collect();
    assert!(read.rows().iter().all(|row| keys.contains(&row.key)));
}
