//! The benchmarks, run at a tiny size: what they print, never how fast it was.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Place, binary, binary_in, finish};
use crate::database;

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
    assert!(!ran.err.contains(" may be left"), "{}", ran.err);
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
    let mut verify = binary();
    verify.arg("--data").arg(books.join("books")).arg("verify");
    if let Some(address) = database::address_of(&place.data()) {
        let (_, prefix) = ran.err.split_once("names begin with ").unwrap();
        verify.env("AQUEDUCT_DATABASE", format!("{address}?dbname={}books", prefix.trim()));
    }
    finish(&mut verify).expect(0);
    place.run(&["bench", "nonsense"]).expect(2);
    place.run(&["bench", "--size", "0"]).expect(2);
}

#[test]
fn what_was_found_is_printed_when_it_is_ended_early() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let place = Place::new();
        let mut command = binary_in(&place.data());
        command.args(["bench", "trace", "--json", "--quick", "--seconds", "1", "--size", "100,5000000"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        assert!(told.any(|line| line.contains("5000000 hops: growing")), "it ended by itself");
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let rest: Vec<String> = told.collect();
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(code), "{rest:?}");
        let figures: Value = serde_json::from_slice(&ended.stdout).unwrap();
        let found: Vec<(&str, &str)> = figures.as_array().unwrap().iter().map(of_size).collect();
        assert_eq!(found, [("trace p50", "100 hops"), ("trace p99", "100 hops")]);
        assert!(rest.iter().any(|line| line.contains("ended before")), "{rest:?}");
        assert!(!rest.iter().any(|line| line.contains(" may be left")), "{rest:?}");
        assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 0, "the books are removed");
    }
}

fn of_size(figure: &Value) -> (&str, &str) {
    (figure["name"].as_str().unwrap(), figure["size"].as_str().unwrap())
}
