//! The benchmarks, run at a tiny size: what they print, never how fast it was.
#![cfg(unix)]

use std::collections::BTreeSet;

use serde_json::Value;

use super::Place;

#[test]
fn every_benchmark_prints_its_figures_and_leaves_nothing_behind() {
    let place = Place::new();
    let args = ["bench", "all", "--json", "--quick", "--seconds", "1", "--size", "300,900", "--subscribers", "5"];
    let ran = place.run(&args).expect(0);
    let figures = ran.json();
    let figures = figures.as_array().unwrap();
    for figure in figures {
        let keys: Vec<&str> = figure.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(BTreeSet::from_iter(keys), ["limit", "name", "ratio", "size", "unit", "value"].into(), "{figure}");
        assert!(figure["value"].as_f64().is_some_and(|value| value >= 0.0), "{figure}");
        assert_eq!(figure["ratio"].is_null(), figure["limit"].as_f64().is_none_or(|limit| limit == 0.0), "{figure}");
    }
    let measured = |name: &str, size: &str, unit: &str| {
        let is_it = |figure: &&Value| figure["name"] == name && figure["size"] == size && figure["unit"] == unit;
        let found: Vec<&Value> = figures.iter().filter(is_it).collect();
        assert_eq!(found.len(), 1, "{name} at {size} in {unit}: {}", ran.out);
        found[0].clone()
    };
    for size in ["1 connection", "64 connections", "256 connections"] {
        assert!(measured("operations", size, "operations/s")["ratio"].as_f64().unwrap() > 0.0);
        measured("operations p50", size, "ms");
        measured("operations p99", size, "ms");
    }
    measured("operations in step", "64 connections", "operations/s");
    measured("subscribers", "5 subscriptions, 64 connections", "operations/s");
    for size in ["1000 outputs", "8000 outputs"] {
        assert!(measured("batch", size, "outputs/s")["limit"].as_f64().unwrap() > 0.0);
    }
    for size in ["300 hops", "900 hops"] {
        for (name, unit) in [
            ("projection", "hops/s"),
            ("report by AREA p50", "ms"),
            ("statement as of the past p99", "ms"),
            ("trace p50", "ms"),
            ("memory", "MB"),
            ("bytes per hop, chain", "bytes"),
            ("bytes per hop, views", "bytes"),
            ("start", "s"),
            ("replay", "hops/s"),
            ("rebuild", "hops/s"),
            ("verify", "hops/s"),
        ] {
            let figure = measured(name, size, unit);
            assert_eq!(figure["limit"].is_null(), size == "300 hops", "the first size is the yardstick: {figure}");
        }
    }
    assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 0, "the books are removed");
}

#[test]
fn one_benchmark_alone_prints_a_table() {
    let place = Place::new();
    let ran = place.run(&["bench", "trace", "--quick", "--seconds", "1", "--size", "100", "--keep"]).expect(0);
    let lines: Vec<&str> = ran.out.lines().map(str::trim).collect();
    assert!(lines[0].starts_with("what"), "{}", ran.out);
    assert!(lines[1].starts_with("trace p50") && lines[2].starts_with("trace p99"), "{}", ran.out);
    assert_eq!(lines.len(), 3, "{}", ran.out);
    let books = std::fs::read_dir(place.folder.path()).unwrap().next().unwrap().unwrap().path();
    assert!(ran.err.contains(books.to_str().unwrap()), "{}", ran.err);
    super::run_in(&books.join("books"), &["verify"]).expect(0);
    place.run(&["bench", "nonsense"]).expect(2);
    place.run(&["bench", "--size", "0"]).expect(2);
}
