//! The first real file, from the table to the report: 8,706 social audits of Rajasthan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use super::{Place, Ran};

fn file() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/mgnrega_social_audit_rajasthan.csv");
    if path.exists() {
        return Some(path);
    }
    let required = std::env::var_os("AQUEDUCT_REQUIRE_SHARED").is_some_and(|value| value == "1");
    assert!(!required, "{} is required", path.display());
    eprintln!("skipped: {} is not there", path.display());
    None
}

/// Official, verified, missing and surplus rupees of a district, made from the file alone.
fn districts(file: &Path) -> BTreeMap<String, [Decimal; 4]> {
    let mut table = csv::Reader::from_path(file).unwrap();
    let header = table.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|header| header == name).unwrap();
    let pairs = [("wage_exp", "wage_given"), ("material_exp", "material_given")];
    let pairs = pairs.map(|(official, verified)| (column(official), column(verified)));
    let mut sums = BTreeMap::<String, [Decimal; 4]>::new();
    for record in table.records() {
        let record = record.unwrap();
        let amount = |at: usize| {
            let amount: Decimal = record[at].trim().parse().unwrap();
            amount.round_dp_with_strategy(2, RoundingStrategy::MidpointNearestEven)
        };
        let district = sums.entry(record[column("district")].trim().to_owned()).or_default();
        for (official, verified) in pairs {
            let (official, verified) = (amount(official), amount(verified));
            district[0] += official;
            district[1] += verified;
            district[2] += (official - verified).max(Decimal::ZERO);
            district[3] += (verified - official).max(Decimal::ZERO);
        }
    }
    sums
}

#[test]
fn the_audits_of_rajasthan_agree_to_the_paisa() {
    let Some(file) = file() else { return };
    let place = Place::new();
    let mapping = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/mappings/mgnrega_rajasthan.toml");
    let import = || -> Ran {
        let (file, mapping) = (file.to_str().unwrap(), mapping.to_str().unwrap());
        place.run(&["import", "tracking", file, "--mapping", mapping, "--json"])
    };
    let first = import().expect(0).json();
    assert_eq!(first["rowsRead"], 8706);
    let verified = place.run(&["verify", "--json"]).expect(0).json();
    assert_eq!(verified["checked"]["lines"], first["recorded"]["purposeRows"]);
    let report = || -> Value {
        place.run(&["report", "--by", "area", "--area-level", "2", "--format", "json"]).expect(0).json()
    };
    let reported = report();

    let again = import().expect(0).json();
    assert_eq!(again["recorded"], json!({ "rows": 0, "purposeRows": 0 }));
    assert_eq!(again["alreadyRecorded"], first["recorded"]);
    let after = place.run(&["verify", "--json"]).expect(0).json();
    assert_eq!(after["head"], verified["head"]);
    assert_eq!(report(), reported);

    let money = |value: &Value| -> Decimal { value.as_str().unwrap().parse().unwrap() };
    let groups: BTreeMap<&str, &Value> = reported["groups"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|group| Some((group["key"].as_str()?.strip_prefix("RAJASTHAN/")?, group)))
        .collect();
    let expected = districts(&file);
    assert_eq!(
        groups.keys().map(|key| (*key).to_owned()).collect::<Vec<_>>(),
        expected.keys().cloned().collect::<Vec<_>>()
    );
    let mut total = [Decimal::ZERO; 4];
    for (district, sums) in &expected {
        let group = groups[district.as_str()];
        let statement = &group["statement"];
        let found = ["allocated", "confirmed", "unaccounted", "surplus"].map(|class| money(&statement[class]));
        assert_eq!(found, *sums, "{district}");
        let [official, verified, ..] = *sums;
        assert_eq!(money(&group["hopLoss"]), official - verified, "{district}");
        let rate =
            (Decimal::ONE - verified / official).round_dp_with_strategy(6, RoundingStrategy::MidpointNearestEven);
        assert_eq!(money(&group["narrowRate"]), rate, "{district}");
        for (total, sum) in total.iter_mut().zip(sums) {
            *total += sum;
        }
    }
    let all = &reported["total"]["statement"];
    assert_eq!(["allocated", "confirmed", "unaccounted", "surplus"].map(|class| money(&all[class])), total);
    assert_eq!(first["totals"]["all"]["official"], total[0].to_string());
    assert_eq!(first["totals"]["all"]["verified"], total[1].to_string());
}
