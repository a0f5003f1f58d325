//! Importing a table, again and with faults, and what the report says of it.

use serde_json::{Value, json};

use super::{HEADER, MAPPING, Place, second_table, small_table};

fn height(place: &Place) -> Value {
    place.run(&["verify", "--json"]).expect(0).json()["head"]["height"].clone()
}

fn report(place: &Place, args: &[&str]) -> Value {
    let all: Vec<&str> = ["report", "--format", "json"].into_iter().chain(args.iter().copied()).collect();
    place.run(&all).expect(0).json()
}

#[test]
fn a_table_is_recorded_once() {
    let place = Place::new();
    let first = place.import("one.csv", &small_table()).expect(0).json();
    assert_eq!(first["rowsRead"], 3);
    assert_eq!(first["recorded"], json!({ "rows": 3, "purposeRows": 5 }));
    assert_eq!(first["alreadyRecorded"], json!({ "rows": 0, "purposeRows": 0 }));
    assert_eq!(first["programmes"], json!(["MEALS"]));
    assert_eq!(first["currency"], "USD");
    assert_eq!(first["oddities"]["bothZero"], 1);
    assert_eq!(first["oddities"]["officialZero"], 1);
    assert_eq!(first["oddities"]["verifiedAboveOfficial"], 2);
    let all = &first["totals"]["all"];
    assert_eq!((&all["official"], &all["verified"]), (&json!("167.25"), &json!("145.75")));
    assert_eq!(first["entries"].as_array().unwrap().len(), 1);
    let (before, reported) = (height(&place), report(&place, &["--by", "area", "--area-level", "2"]));

    let again = place.import("one.csv", &small_table()).expect(0).json();
    assert_eq!(again["recorded"], json!({ "rows": 0, "purposeRows": 0 }));
    assert_eq!(again["alreadyRecorded"], json!({ "rows": 3, "purposeRows": 5 }));
    assert_eq!(again["totals"], first["totals"]);
    assert_eq!(again["entries"], json!([]));
    assert_eq!(height(&place), before, "no block is made");
    assert_eq!(report(&place, &["--by", "area", "--area-level", "2"]), reported);

    // Another file with a row of the first: only what is new is recorded, by the same office.
    let second = place.import("two.csv", &second_table()).expect(0).json();
    assert_eq!(second["recorded"], json!({ "rows": 1, "purposeRows": 1 }));
    assert_eq!(second["alreadyRecorded"], json!({ "rows": 1, "purposeRows": 2 }));
    assert_eq!(height(&place).as_u64(), before.as_u64().map(|height| height + 1));
}

#[test]
fn the_report_says_where_the_money_went() {
    let place = Place::new();
    place.import("one.csv", &small_table()).expect(0);
    let by_area = report(&place, &["--by", "area", "--area-level", "2"]);
    let group = |key: &str| {
        let groups = by_area["groups"].as_array().unwrap();
        groups.iter().find(|group| group["key"] == key).unwrap_or_else(|| panic!("{key} in {by_area:#}")).clone()
    };
    let east = group("North/East");
    assert_eq!(east["statement"]["allocated"], "110.00");
    assert_eq!(east["statement"]["confirmed"], "70.50");
    assert_eq!(east["statement"]["unaccounted"], "39.50");
    assert_eq!(east["hopLoss"], "39.50");
    assert_eq!(east["narrowRate"], "0.359091");
    let west = group("North/West");
    assert_eq!(west["statement"]["surplus"], "25.00");
    assert_eq!(west["hopLoss"], "-18.00");
    assert_eq!(by_area["total"]["statement"]["allocated"], "167.25");
    assert_eq!(by_area["total"]["statement"]["surplus"], "25.00");

    for by in ["programme", "cycle", "purpose", "party", "hop-kind"] {
        assert_eq!(report(&place, &["--by", by])["total"]["statement"], by_area["total"]["statement"], "by {by}");
    }
    let fuel = report(&place, &["--by", "purpose", "--purpose", "FUEL", "--cycle", "2026-02"]);
    assert_eq!(fuel["total"]["statement"]["unaccounted"], "7.00");
    assert_eq!(report(&place, &["--area", "North/East"])["total"]["statement"], east["statement"]);
    assert_eq!(report(&place, &["--currency", "EUR"])["groups"], json!([]));
    place.run(&["report", "--programme", "NONE"]).expect(2);
    place.run(&["report", "--as-of", "2999-01-01T00:00:00Z"]).expect(2);
    place.run(&["report", "--as-of", "1999-01-01T00:00:00Z"]).expect(2);
    let as_of = by_area["asOf"].as_str().unwrap();
    assert_eq!(report(&place, &["--by", "area", "--area-level", "2", "--as-of", as_of]), by_area);

    let table = place.run(&["report", "--by", "area", "--area-level", "2"]).expect(0).out;
    let line = table.lines().find(|line| line.contains("North/East")).unwrap();
    assert!(line.contains("110.00") && line.contains("0.359091"), "{table}");
}

#[test]
fn a_spreadsheet_calculates_nothing_in_the_csv() {
    let place = Place::new();
    let table = format!("{HEADER}=1+1,\"@x,y\",2026-01-01,2026-01-31,10,20,0,0\n");
    place.import("one.csv", &table).expect(0);
    let csv = place.run(&["report", "--by", "area", "--area-level", "1", "--format", "csv"]).expect(0).out;
    let mut lines = csv.lines();
    assert!(lines.next().unwrap().starts_with("key,label,currency,allocated,surplus,"));
    let line = lines.next().unwrap();
    assert!(line.starts_with("'=1+1,'=1+1,USD,10.00,10.00,"), "{line}");
    assert!(line.contains(",-10.00,"), "a negative amount stays a number: {line}");
}

#[test]
fn rejected_rows_are_named_and_stop_the_others_unless_those_are_wanted() {
    let place = Place::new();
    let table = format!(
        "{HEADER}North,East,2026-01-01,2026-01-31,-5,1,1.00,1.00\n\
         North,East,2026-01-01,2026-01-31,5,1,many,1.00\n\
         North,East,2026-13-01,2026-01-31,5,1,1,1\n\
         North,,2026-01-01,2026-01-31,5,1,1,1\n\
         North,West,2026-01-01,2026-01-31,7.5,1,1,1\n\
         North,East,2026-01-01\n"
    );
    let refused = place.import("one.csv", &table).expect(2);
    assert!(refused.err.contains("5 rows are bad, so nothing was recorded"), "{}", refused.err);
    assert!(refused.err.contains("--accept-good-rows"), "{}", refused.err);
    let found = refused.json();
    assert_eq!(found["outcome"], "NOTHING_RECORDED");
    assert_eq!((&found["rejected"]["rows"], &found["rejected"]["count"]), (&json!(5), &json!(5)));
    assert!(!place.data().exists(), "not even a chain was begun");

    let imported = place.import_with("one.csv", &table, &["--accept-good-rows"]).expect(0).json();
    assert_eq!(imported["recorded"], json!({ "rows": 1, "purposeRows": 2 }));
    let reasons: Vec<&str> = imported["rejected"]["byReason"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["reason"].as_str().unwrap())
        .collect();
    assert_eq!(reasons, ["BAD_DATE", "EMPTY_NAME", "NEGATIVE", "NOT_A_NUMBER", "WRONG_WIDTH"]);
    let args =
        ["import", "tracking", &place.path("one.csv"), "--mapping", &place.path("map.toml"), "--accept-good-rows"];
    let text = place.run(&args).expect(0).out;
    for what in [
        "row 1, FOOD: food_official \"-5\" is negative",
        "recorded before     1 rows, 2 amounts",
        "Nothing new",
        "Read as UTF-8, nothing depends on it;\n  fields between commas, detected from the header",
        "numbers like 1234.50, detected from the number in row 1",
        "One row has more or fewer fields than the header; its amounts are in no sum.",
    ] {
        assert!(text.contains(what), "{what} in {text}");
    }
    assert_eq!(imported["dialect"]["numbersFrom"], "the number in row 1");
    assert_eq!(imported["dialect"]["encodingFrom"], json!(null));
    // The row of the wrong width is in the totals of the file and of what was rejected.
    for side in ["file", "rejected"] {
        assert_eq!(imported["controls"][side]["wrongWidthRows"], 1, "{side}");
    }
    assert_eq!(imported["controls"]["taken"]["wrongWidthRows"], 0);
    // Corrected, what was rejected is taken in, and only that.
    let corrected = table.replacen("-5,1", "5,1", 1);
    let again = place.import_with("two.csv", &corrected, &["--accept-good-rows"]).expect(0).json();
    assert_eq!(again["recorded"], json!({ "rows": 1, "purposeRows": 2 }));
    assert_eq!(again["alreadyRecorded"], json!({ "rows": 1, "purposeRows": 2 }));
}

#[test]
fn what_cannot_be_imported_leaves_no_trace() {
    let place = Place::new();
    let table = place.write("one.csv", &small_table());
    let mapping = |text: &str| place.write("map.toml", text);
    let import = |mapping: &str| place.run(&["import", "tracking", &table, "--mapping", mapping]);
    for wrong in
        ["nonsense".to_owned(), MAPPING.replace("USD", "XXX"), MAPPING.replace("food_official", "no_such_column")]
    {
        let refused = import(&mapping(&wrong)).expect(2);
        assert!(refused.err.contains("because"), "{}", refused.err);
    }
    import(&place.path("absent.toml")).expect(2);
    place.run(&["import", "tracking", &place.path("absent.csv"), "--mapping", &mapping(MAPPING)]).expect(2);
    assert!(!place.data().exists());
}

#[test]
fn a_day_to_come_and_too_long_a_line_are_rejected_by_themselves() {
    let place = Place::new();
    let mapping =
        MAPPING.replace("[[route]]\ncolumn = \"state\"", "[date]\ncolumn = \"day\"\n\n[[route]]\ncolumn = \"state\"");
    let long = format!("{},{}", "n".repeat(80), "e".repeat(69));
    let table = format!(
        "state,district,from,to,food_official,food_verified,fuel_official,fuel_verified,day\n\
         North,East,2026-01-01,2026-01-31,5,1,0,0,2026-01-05\n\
         North,East,2026-01-01,2026-01-31,5,1,0,0,9999-12-31\n\
         {long},2026-01-01,2026-01-31,9999999999999.99,9999999999999.99,5,1,2026-01-05\n"
    );
    let (table, mapping) = (place.write("one.csv", &table), place.write("map.toml", &mapping));
    place.run(&["import", "tracking", &table, "--mapping", &mapping]).expect(2);
    let args = ["import", "tracking", &table, "--mapping", &mapping, "--json", "--accept-good-rows"];
    let imported = place.run(&args).expect(0).json();
    // The last row's other purpose would fit, but a row is taken whole.
    assert_eq!(imported["recorded"], json!({ "rows": 1, "purposeRows": 1 }));
    let reasons = &imported["rejected"]["byReason"];
    assert_eq!((&reasons[0]["reason"], &reasons[1]["reason"]), (&json!("DATE_AHEAD"), &json!("LINE_TOO_LONG")));
    assert_eq!(imported["oddities"]["rejectedByReason"], json!({ "DATE_AHEAD": 1, "LINE_TOO_LONG": 1 }));
    assert_eq!(imported["totals"]["all"]["official"], "5.00", "what is rejected is in no total");
    assert_eq!(imported["oddities"]["bothZero"], 1, "nor in any other count");
}

#[test]
fn a_period_that_is_still_to_come_is_rejected() {
    let place = Place::new();
    let today = chrono::Utc::now().date_naive();
    let day = |days| (today + chrono::Days::new(days)).format("%Y-%m-%d").to_string();
    let (now, last, ahead) = (day(0), day(30), day(3));
    let table = format!("{HEADER}North,East,{now},{last},5,1,0,0\nNorth,East,{ahead},{last},5,1,0,0\n");
    let imported = place.import_with("one.csv", &table, &["--accept-good-rows"]).expect(0).json();
    assert_eq!(imported["recorded"], json!({ "rows": 1, "purposeRows": 1 }), "one that began goes on");
    let reason = &imported["rejected"]["byReason"][0];
    assert_eq!(reason["reason"], "DATE_AHEAD", "{reason}");
    let example = format!("row 2: the period {ahead}..{last} is still to come");
    assert!(reason.to_string().contains(&example), "{reason}");
    // By its month, and for all rows at once.
    let by_month = MAPPING.replace("from = \"from\"\nto = \"to\"", "column = \"from\"\nformat = \"%m/%Y\"");
    let table = place.write("two.csv", &format!("{HEADER}North,East,01/2099,,5,1,0,0\n"));
    let mapping = place.write("month.toml", &by_month);
    let ran = place.run(&["import", "tracking", &table, "--mapping", &mapping]).expect(2);
    assert!(ran.out.contains("the period 2099-01 is still to come"), "{}", ran.out);
    let fixed = MAPPING.replace("from = \"from\"\nto = \"to\"", "value = \"2099-01\"");
    let mapping = place.write("fixed.toml", &fixed);
    let ran = place.run(&["import", "tracking", &table, "--mapping", &mapping]).expect(2);
    assert!(ran.err.contains("`cycle.value` is a period that is still to come"), "{}", ran.err);
}

#[test]
fn what_the_rules_refuse_is_known_before_anything_is_recorded() {
    let place = Place::new();
    place.import("one.csv", &small_table()).expect(0);
    // A programme is in one currency.
    let table = place.write("two.csv", &second_table());
    let mapping = place.write("euro.toml", &MAPPING.replace("USD", "EUR"));
    let refused = place.run(&["import", "tracking", &table, "--mapping", &mapping]).expect(3);
    assert!(refused.err.contains("this run recorded nothing"), "{}", refused.err);

    // One programme of three is refused: it is tried before any is recorded.
    let rows = "NEW,North,East,2026-01-01,2026-01-31,5,1,0,0\n\
                MEALS,North,South,2026-03-01,2026-03-31,9,4,0,0\n\
                ANOTHER,North,South,2026-03-01,2026-03-31,9,4,0,0\n";
    let table = place.write("three.csv", &format!("scheme,{HEADER}{rows}"));
    let mapping = MAPPING.replace("USD", "EUR").replace("value = \"MEALS\"", "column = \"scheme\"");
    let mapping = place.write("euro.toml", &mapping);
    let before = height(&place);
    for args in [&[][..], &["--dry-run"]] {
        let import = ["import", "tracking", &table, "--mapping", &mapping];
        let refused = place.run(&import.into_iter().chain(args.iter().copied()).collect::<Vec<_>>()).expect(3);
        assert!(refused.err.contains("row 2, and others"), "{}", refused.err);
        assert!(refused.err.contains("WRONG_CURRENCY") && refused.err.contains("recorded nothing"), "{}", refused.err);
    }
    assert_eq!(height(&place), before);
}

#[test]
fn verifying_beside_an_import_finds_nothing_wrong() {
    let place = Place::new();
    place.run(&["init"]).expect(0);
    // Each programme is an operation and a block of its own, so the views move on many times.
    let mapping = MAPPING.replace("value = \"MEALS\"", "column = \"scheme\"");
    let rows: String =
        (0..2_000).map(|row| format!("S{},North,East,2026-01-01,2026-01-31,{row}.50,1,1,1\n", row % 40)).collect();
    let table = place.write("many.csv", &format!("scheme,{HEADER}{rows}"));
    let mapping = place.write("map.toml", &mapping);
    let mut import = super::binary_in(&place.data())
        .args(["import", "tracking", &table, "--mapping", &mapping])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    loop {
        let status = import.try_wait().unwrap();
        let found = place.run(&["verify", "--json"]).expect(0).json();
        assert_eq!(found["ok"], true);
        if let Some(status) = status {
            assert!(status.success());
            assert!(found["head"]["height"].as_u64().unwrap() >= 40);
            break;
        }
    }
}
