//! Tables as they come: other encodings and layouts, bad rows, interrupted and hostile files.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{HEADER, MAPPING, Place, Ran, binary_in, small_table};
use crate::database;

/// A table of many programmes, each of which is an operation and a block of its own.
fn many_programmes(rows: usize, programmes: usize) -> String {
    let row = |row: usize| format!("S{},North,East,2026-01-01,2026-01-31,{row}.50,1,1,1\n", row % programmes);
    format!("scheme,{HEADER}{}", (1..=rows).map(row).collect::<String>())
}

fn many_mapping(place: &Place) -> String {
    place.write("many.toml", &MAPPING.replace("value = \"MEALS\"", "column = \"scheme\""))
}

fn total(place: &Place) -> Value {
    place.run(&["report", "--by", "programme", "--format", "json"]).expect(0).json()["total"].clone()
}

fn head(place: &Place) -> Value {
    place.run(&["verify", "--json"]).expect(0).json()["head"].clone()
}

#[test]
fn control_totals_add_up_before_and_after() {
    let place = Place::new();
    let bad = "North,East,2026-01-01,2026-01-31,-5.125,1,2,2\nNorth,East,2026-01-01,2026-01-31,abc,1,1,1\n";
    let ran = place.import_with("one.csv", &format!("{}{bad}", small_table()), &["--accept-good-rows"]).expect(0);
    let controls = &ran.json()["controls"];
    let side = |name: &str| {
        let side = &controls[name];
        (side["rows"].clone(), side["purposeRows"].clone(), side["official"].clone(), side["verified"].clone())
    };
    assert_eq!(side("file"), (json!(5), json!(10), json!("165.125"), json!("150.75")));
    assert_eq!(side("taken"), (json!(3), json!(6), json!("167.25"), json!("145.75")));
    assert_eq!(side("rejected"), (json!(2), json!(4), json!("-2.125"), json!("5")));
    assert_eq!(controls["file"]["unreadableAmounts"], 1);
    assert_eq!(controls["rejected"]["unreadableAmounts"], 1);
    let sums = json!({ "purposeRows": 5, "official": "167.25", "verified": "145.75" });
    assert_eq!(controls["books"], json!({ "agree": true, "recorded": sums, "found": sums }));
    // What rounding added is part of the sum.
    let rounding = format!("decimal_separator = \".\"\nextra_decimals = \"round-half-even\"\n{MAPPING}");
    let mapping = place.write("rounding.toml", &rounding);
    let table = place.write("fine.csv", &format!("{HEADER}South,East,2026-01-01,2026-01-31,1.005,1.015,0,0\n"));
    let ran = place.run(&["import", "tracking", &table, "--mapping", &mapping, "--json"]).expect(0).json();
    assert_eq!(ran["controls"]["file"]["official"], "1.005");
    assert_eq!(ran["controls"]["taken"]["official"], "1");
    assert_eq!(ran["controls"]["rounding"], json!({ "official": "-0.005", "verified": "0.005" }));
}

#[test]
fn a_dry_run_says_the_same_and_records_nothing() {
    let place = Place::new();
    let dry = place.import_with("one.csv", &small_table(), &["--dry-run"]).expect(0).json();
    assert_eq!(dry["outcome"], "DRY_RUN");
    assert!(!place.data().exists(), "not even a chain was begun");
    let wet = place.import("one.csv", &small_table()).expect(0).json();
    for field in ["recorded", "alreadyRecorded", "rejected", "oddities", "totals", "dialect", "programmes", "rowsRead"]
    {
        assert_eq!(dry[field], wet[field], "{field}");
    }
    assert_eq!((&dry["entries"], &dry["controls"]["books"]), (&json!([]), &Value::Null));

    let before = head(&place);
    let dry = place.import_with("two.csv", &super::second_table(), &["--dry-run"]).expect(0).json();
    assert_eq!(dry["recorded"], json!({ "rows": 1, "purposeRows": 1 }));
    assert_eq!(dry["alreadyRecorded"], json!({ "rows": 1, "purposeRows": 2 }));
    assert_eq!(head(&place), before);
    let bad = format!("{HEADER}North,East,2026-01-01,2026-01-31,x,1,1,1\n");
    place.import_with("bad.csv", &bad, &["--dry-run"]).expect(2);
    place.import_with("bad.csv", &bad, &["--dry-run", "--accept-good-rows"]).expect(0);
    assert_eq!(head(&place), before);
}

#[test]
fn rejected_rows_are_corrected_in_their_file_and_imported() {
    let place = Place::new();
    let table = format!(
        "{}North,East,2026-01-01,2026-01-31,-5,1,1.00,many\n=HYPERLINK(1),East,2026-01-01,2026-01-31,x,1,1,1\n",
        small_table()
    );
    let bad = place.path("bad.csv");
    let first = place.import_with("one.csv", &table, &["--rejected", &bad]).expect(2);
    assert_eq!(first.json()["rejected"]["file"], bad.as_str());
    let written = std::fs::read_to_string(&bad).unwrap();
    let expected = format!(
        "rejected_line,rejected_code,rejected_reason,{HEADER}\
         5,NEGATIVE NOT_A_NUMBER,\"row 4, FOOD: food_official \"\"-5\"\" is negative; row 4, FUEL: fuel_verified \
         \"\"many\"\" is not a number\",North,East,2026-01-01,2026-01-31,-5,1,1.00,many\n\
         6,NOT_A_NUMBER,\"row 5, FOOD: food_official \"\"x\"\" is not a number\",'=HYPERLINK(1),East,2026-01-01,2026-01-31,x,1,1,1\n"
    );
    assert_eq!(written, expected);
    // An existing file is never touched, least of all one that somebody corrects.
    let again = place.import_with("one.csv", &table, &["--rejected", &bad]).expect(3);
    assert!(again.err.contains("exists already"), "{}", again.err);
    place.import_with("one.csv", &table, &["--accept-good-rows"]).expect(0);

    std::fs::write(&bad, written.replace(",-5,1,1.00,many", ",5,1,1.00,1.00").replace(",x,1,1,1", ",7,1,1,1")).unwrap();
    let map = place.path("map.toml");
    let import = |path: &str| place.run(&["import", "tracking", path, "--mapping", &map, "--json"]).expect(0).json();
    assert_eq!(import(&bad)["recorded"], json!({ "rows": 2, "purposeRows": 4 }));
    // The table itself, corrected the same way, has nothing new.
    let corrected = table.replace(",-5,1,1.00,many", ",5,1,1.00,1.00").replace(",x,1,1,1", ",7,1,1,1");
    let whole = import(&place.write("corrected.csv", &corrected));
    assert_eq!(whole["recorded"], json!({ "rows": 0, "purposeRows": 0 }));
    assert_eq!(whole["alreadyRecorded"], json!({ "rows": 5, "purposeRows": 9 }));
    let areas = place.run(&["report", "--by", "area", "--format", "json"]).expect(0).out;
    assert!(areas.contains("\"=HYPERLINK(1)\""), "the name is the table's own: {areas}");

    // A corrected row that equals one of the table counts as that one, and the import says so.
    let equal = table.replace(",-5,1,1.00,many", ",100.00,60.50,10.00,10.00").lines().nth(4).unwrap().to_owned();
    let header = "rejected_line,rejected_code,rejected_reason,";
    let table = place.write("equal.csv", &format!("{header}{HEADER}5,NEGATIVE,why,{equal}\n"));
    let told = place.run(&["import", "tracking", &table, "--mapping", &map]).expect(0).out;
    assert!(told.contains("are in the books already"), "{told}");
}

#[test]
fn no_file_of_rejected_rows_is_left_half_written() {
    let place = Place::new();
    let rows = "North,East,2026-01-01,2026-01-31,x,1,1,1\n".repeat(2_000);
    let (table, mapping) = (place.write("one.csv", &format!("{HEADER}{rows}")), place.write("map.toml", MAPPING));
    let bad = place.path("bad.csv");
    // A full disk, as a process sees it: no file may grow beyond 8 blocks.
    let limited = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_aqueduct"), "--data"])
        .arg(place.data())
        .args(["import", "tracking", &table, "--mapping", &mapping, "--accept-good-rows", "--rejected", &bad])
        .output()
        .unwrap();
    let told = String::from_utf8(limited.stderr).unwrap();
    assert_eq!(limited.status.code(), Some(1), "{told}");
    assert!(told.contains("cannot be written") && told.contains("nothing was recorded"), "{told}");
    assert!(!Path::new(&bad).exists() && !place.data().exists());
    assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 2, "the table and the mapping");
    // What an interrupted run left under another name is no obstacle; without bad rows no file is made.
    std::fs::write(format!("{bad}.partial"), "half").unwrap();
    place.import_with("one.csv", &format!("{HEADER}{rows}"), &["--rejected", &bad]).expect(2);
    assert_eq!(std::fs::read_to_string(&bad).unwrap().lines().count(), 2_001);
    place.import_with("good.csv", &small_table(), &["--rejected", &place.path("none.csv")]).expect(0);
    assert!(!place.file("none.csv").exists());
    place.import_with("good.csv", &small_table(), &["--rejected", &place.path("no/such/folder.csv")]).expect(0);
    let nowhere = place.import_with("one.csv", &format!("{HEADER}{rows}"), &["--rejected", &place.path("no/x.csv")]);
    assert!(nowhere.expect(1).err.contains("cannot be written"));
}

#[test]
fn an_import_that_is_told_to_end_says_what_became_of_it() {
    let place = Place::new();
    let (table, mapping) = (place.write("one.csv", &small_table()), place.write("map.toml", MAPPING));
    let login = place.write("login", "aqd_nobody");
    // A server that takes the connection and never answers: the import is in the middle.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", silent.local_addr().unwrap());
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let mut command = binary_in(&place.data());
        command.args([
            "import",
            "tracking",
            &table,
            "--mapping",
            &mapping,
            "--server",
            &server,
            "--login-file",
            &login,
        ]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let _held = silent.accept().unwrap();
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let ended = child.wait_with_output().unwrap();
        let told = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(code), "{told}");
        assert!(told.contains("ended before it was done") && told.contains("goes on where it stopped"), "{told}");
    }
}

#[test]
fn an_import_that_is_killed_goes_on_where_it_stopped() {
    let whole = Place::new();
    let (rows, programmes) = (1_500, 50);
    let import = |place: &Place| {
        let table = place.write("many.csv", &many_programmes(rows, programmes));
        ["import".to_owned(), "tracking".to_owned(), table, "--mapping".to_owned(), many_mapping(place)]
    };
    let run = |place: &Place, args: &[String; 5]| -> Ran {
        place.run(&args.iter().map(String::as_str).chain(["--json"]).collect::<Vec<_>>())
    };
    let uninterrupted = run(&whole, &import(&whole)).expect(0).json();
    assert_eq!(uninterrupted["recorded"]["purposeRows"], 2 * rows);

    let place = Place::new();
    place.run(&["init"]).expect(0);
    let args = import(&place);
    let mut killed = 0;
    for _ in 0..20 {
        let before = head(&place)["height"].as_u64().unwrap();
        let mut child = binary_in(&place.data()).args(&args).stdout(Stdio::null()).spawn().unwrap();
        // In the middle: once it has recorded something more.
        let ended = loop {
            if child.try_wait().unwrap().is_some() {
                break true;
            }
            if head(&place)["height"].as_u64().unwrap() > before + 3 {
                break false;
            }
        };
        if ended {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        killed += 1;
    }
    assert!(killed > 0, "it was never in the middle");
    let last = run(&place, &args).expect(0).json();
    let sum = |field: &str| last[field]["purposeRows"].as_u64().unwrap();
    assert_eq!(sum("recorded") + sum("alreadyRecorded"), u64::try_from(2 * rows).unwrap());
    assert_eq!(total(&place), total(&whole));
    let verified = place.run(&["verify", "--json"]).expect(0).json();
    assert_eq!(verified["checked"]["lines"], 2 * rows, "no row is there twice");
}

#[test]
fn a_file_that_changes_between_its_readings_is_not_taken() {
    let place = Place::new();
    let mapping = place.write("map.toml", MAPPING);
    let table = place.path("one.csv");
    // A note of two thousand bytes in each row makes the file several parts long.
    let rows = format!("North,East,2026-01-01,2026-01-31,1.50,1,1,1,{}\n", "n".repeat(2_000)).repeat(1_500);
    std::fs::write(&table, format!("{},note\n{rows}", HEADER.trim_end())).unwrap();
    let whole = std::fs::metadata(&table).unwrap().len();
    let mut import = binary_in(&place.data())
        .args(["import", "tracking", &table, "--mapping", &mapping])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The chain is begun after the first reading and before the second.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    while !runtime.block_on(database::has(&place.data(), "chain")) {
        assert!(import.try_wait().unwrap().is_none(), "it ended before it began");
        std::thread::yield_now();
    }
    let file = std::fs::OpenOptions::new().write(true).open(&table).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"9", whole - 10).unwrap();
    let told = import.wait_with_output().unwrap();
    let error = String::from_utf8(told.stderr).unwrap();
    assert_eq!(told.status.code(), Some(2), "{error}");
    assert!(error.contains("changed while it was read"), "{error}");
    // What was recorded of it before is what was there before, and verifies.
    place.run(&["verify"]).expect(0);
}

#[test]
fn what_is_no_table_is_told_and_never_waited_for() {
    let place = Place::new();
    let mapping = place.write("map.toml", MAPPING);
    let import = |table: &str| place.run(&["import", "tracking", table, "--mapping", &mapping]);
    let folder = place.folder.path().to_str().unwrap().to_owned();
    assert!(import(&folder).expect(2).err.contains("is not a file"));
    let pipe = place.path("pipe");
    if Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
        assert!(import(&pipe).expect(2).err.contains("is not a file"));
    }
    assert!(import("/dev/null").expect(2).err.contains("is not a file"));
    let table = place.write("one.csv", &small_table());
    let with = |mapping: &str| place.run(&["import", "tracking", &table, "--mapping", mapping]);
    for no_file in [&folder, &pipe, "/dev/zero"].into_iter().filter(|path| Path::new(path).exists()) {
        assert!(with(no_file).expect(2).err.contains("is not a file"), "{no_file}");
    }
    assert!(with(&place.path("none.toml")).expect(2).err.contains("there is no file"));
    assert!(with(&place.write("long.toml", &"#\n".repeat(40_000))).expect(2).err.contains("more than 65536 bytes"));
    assert!(import(&place.write("empty.csv", "")).expect(2).err.contains("the file is empty"));
    for bare in [HEADER.to_owned(), format!("{HEADER}\n,,,,,,,\n")] {
        let refused = import(&place.write("bare.csv", &bare)).expect(2);
        assert!(refused.err.contains("the table has no rows"), "{}", refused.err);
    }
    let zeros = place.path("zeros.csv");
    std::fs::write(&zeros, vec![0; 100_000]).unwrap();
    assert!(import(&zeros).expect(2).err.contains("no column"));
    // A line without end, of a file that takes no room on the disk.
    let line = place.path("line.csv");
    std::fs::write(&line, HEADER).unwrap();
    std::fs::OpenOptions::new().write(true).open(&line).unwrap().set_len(1 << 28).unwrap();
    let refused = import(&line).expect(2);
    assert!(refused.err.contains("row 1 is longer than a record may be"), "{}", refused.err);
    // A mapping that is no mapping.
    for (name, text) in [("huge.toml", "#".repeat(100_000)), ("key.toml", format!("{MAPPING}\ncolour = 1\n"))] {
        let mapping = place.write(name, &text);
        let table = place.write("one.csv", &small_table());
        let refused = place.run(&["import", "tracking", &table, "--mapping", &mapping]).expect(2);
        assert!(refused.err.contains("the mapping is wrong"), "{}", refused.err);
    }
    assert!(!place.data().exists());
}

#[test]
fn a_file_of_too_many_programmes_is_a_wrong_mapping() {
    let place = Place::new();
    let table = place.write("many.csv", &many_programmes(1_001, 1_001));
    let refused = place.run(&["import", "tracking", &table, "--mapping", &many_mapping(&place)]).expect(2);
    assert!(refused.err.contains("more than 1000 programmes"), "{}", refused.err);
    assert!(!place.data().exists());
}

#[test]
fn the_same_table_in_other_bytes_is_the_same_money() {
    let place = Place::new();
    let names = ["Orléans", "Besançon", "Évreux", "Nîmes", "Sète"];
    let rows: String =
        names.iter().map(|name| format!("Région,{name},2026-01-01,2026-01-31,1234.50,1000,0.75,0.5\n")).collect();
    let table = format!("{HEADER}{rows}");
    let first = place.import("utf-8.csv", &table).expect(0).json();
    assert_eq!(first["recorded"], json!({ "rows": 5, "purposeRows": 10 }));
    let mapping = place.path("map.toml");
    let semicolons =
        table.replace(',', ";").replace("1234.50", "1.234,50").replace("0.75", "0,75").replace("0.5", "0,5");
    let latin = encoding_rs::WINDOWS_1252.encode(&semicolons).0.into_owned();
    let mut mixed: Vec<&str> = semicolons.lines().collect();
    mixed[1..].reverse();
    let decomposed = table.replace('é', "e\u{301}").replace('î', "i\u{302}");
    for (name, bytes) in [
        ("bom.csv", format!("\u{feff}{table}").into_bytes()),
        ("latin.csv", latin),
        ("reversed.csv", mixed.join("\r\n").into_bytes()),
        ("tabs.csv", table.replace(',', "\t").into_bytes()),
        ("decomposed.csv", decomposed.into_bytes()),
        ("shouted.csv", table.replacen(HEADER, &HEADER.to_uppercase(), 1).into_bytes()),
    ] {
        std::fs::write(place.file(name), bytes).unwrap();
        let again = place.run(&["import", "tracking", &place.path(name), "--mapping", &mapping, "--json"]).expect(0);
        let again = again.json();
        assert_eq!(again["recorded"], json!({ "rows": 0, "purposeRows": 0 }), "{name}");
        assert_eq!(again["alreadyRecorded"], first["recorded"], "{name}");
    }
}

#[test]
fn what_a_file_leaves_open_is_an_error_that_names_the_key() {
    let place = Place::new();
    let refused = place.import("open.csv", &format!("{HEADER}North,East,2026-01-01,2026-01-31,\"1,500\",1,1,1\n"));
    let refused = refused.expect(2);
    assert!(refused.err.contains("decimal_separator"), "{}", refused.err);
    let mapping = place.write("map.toml", MAPPING);
    let table = place.path("bytes.csv");
    let rows = "ひたち,つくば,2026-01-01,2026-01-31,1,1,1,1\n".repeat(3);
    std::fs::write(&table, encoding_rs::SHIFT_JIS.encode(&format!("{HEADER}{rows}")).0).unwrap();
    let refused = place.run(&["import", "tracking", &table, "--mapping", &mapping]).expect(2);
    assert!(refused.err.contains("declare its `encoding`"), "{}", refused.err);
    assert!(!place.data().exists());
    let declared = place.write("declared.toml", &format!("encoding = \"shift_jis\"\n{MAPPING}"));
    place.run(&["import", "tracking", &table, "--mapping", &declared]).expect(0);
}

#[test]
fn a_second_mapping_brings_another_layout_into_the_books_to_the_cent() {
    let place = Place::new();
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = |name: &str| package.join("seeds").join(name).to_str().unwrap().to_owned();
    let (table, mapping) = (path("tables/school_meals_island.csv"), path("mappings/school_meals_island.toml"));
    let import = || place.run(&["import", "tracking", &table, "--mapping", &mapping, "--json"]).expect(0).json();
    let first = import();
    assert_eq!(first["recorded"], json!({ "rows": 36, "purposeRows": 36 }));
    assert_eq!(first["controls"]["books"]["agree"], true);
    assert_eq!(import()["alreadyRecorded"], first["recorded"]);
    let report = |args: &[&str]| -> BTreeMap<String, [String; 4]> {
        let all: Vec<&str> = ["report", "--format", "json"].into_iter().chain(args.iter().copied()).collect();
        let report = place.run(&all).expect(0).json();
        let group = |group: &Value| {
            let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{value} in {group}")).to_owned();
            let classes = ["allocated", "confirmed", "surplus"].map(|class| text(&group["statement"][class]));
            let [allocated, confirmed, surplus] = classes;
            (text(&group["key"]), [allocated, confirmed, surplus, text(&group["hopLoss"])])
        };
        let groups = report["groups"].as_array().unwrap().iter().map(group);
        // The government itself passed everything on: a group of nothing.
        groups.filter(|(_, figures)| figures[0] != "0.00").collect()
    };
    let row = |key: &str, allocated: &str, confirmed: &str, loss: &str| {
        (key.to_owned(), [allocated.to_owned(), confirmed.to_owned(), loss.to_owned()])
    };
    let figures = |args: &[&str]| -> BTreeMap<String, [String; 3]> {
        report(args)
            .into_iter()
            .map(|(key, [allocated, confirmed, _, loss])| (key, [allocated, confirmed, loss]))
            .collect()
    };
    // Added up from the table by hand, apart from this program.
    assert_eq!(
        figures(&["--by", "area", "--area-level", "2"]),
        BTreeMap::from([
            row("Governo da Ilha/Litoral", "434692.76", "374331.27", "60361.49"),
            row("Governo da Ilha/Serra Alta", "365335.17", "362660.71", "2674.46"),
        ])
    );
    assert_eq!(
        figures(&["--by", "cycle"]),
        BTreeMap::from([
            row("2026-01", "250543.77", "223646.62", "26897.15"),
            row("2026-02", "250356.70", "227090.50", "23266.20"),
            row("2026-03", "299127.46", "286254.86", "12872.60"),
        ])
    );
    assert_eq!(
        figures(&["--by", "purpose"]),
        BTreeMap::from([
            row("FOOD", "270627.95", "244031.84", "26596.11"),
            row("FUEL", "323732.96", "309314.11", "14418.85"),
            row("TRANSPORT", "205667.02", "183646.03", "22020.99"),
        ])
    );
    let whole = report(&["--by", "programme"]);
    assert_eq!(whole["MEALS"][2], "19282.75", "what was verified above the official amounts");
}
