//! Dependencies point down only: the sources are read, and a room that names one it may not
//! know fails the test. The order of rooms is that of `src/lib.rs`.

use std::fs;
use std::path::{Path, PathBuf};

/// What each room must not name.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("src/ledger", &["chain", "leakage", "interchange", "store", "service", "api", "cli", "server", "limits"]),
    ("src/chain", &["ledger", "leakage", "interchange", "store", "service", "api", "cli", "server"]),
    ("src/leakage", &["chain", "interchange", "store", "service", "api", "cli", "server", "limits"]),
    ("src/interchange", &["ledger", "chain", "store", "service", "api", "cli", "server"]),
    ("src/store", &["chain", "interchange", "service", "api", "cli", "server"]),
    ("src/service", &["api", "bench", "cli", "server"]),
    ("src/api", &["store", "interchange", "bench", "cli", "server"]),
    ("src/bench", &["store", "interchange", "api", "cli", "server"]),
    ("src/cli", &["store"]),
    ("src/server.rs", &["store", "bench", "cli"]),
    ("src/server", &["store", "bench", "cli"]),
];

/// Crates that only some rooms may name.
const CRATES: &[(&str, &[&str])] = &[
    ("sea_orm", &["src/store"]),
    ("async_graphql", &["src/api", "src/server.rs", "src/server"]),
    ("poem", &["src/api", "src/server.rs", "src/server", "src/cli"]),
    ("clap", &["src/cli"]),
    ("tokio", &["src/store", "src/service", "src/api", "src/bench", "src/cli", "src/server.rs", "src/server"]),
];

#[test]
fn no_room_names_one_above_it() {
    let mut broken = Vec::new();
    for (room, forbidden) in FORBIDDEN {
        for file in sources(Path::new(room)) {
            for (number, line) in code_lines(&file) {
                for other in *forbidden {
                    if names(&line, &format!("crate::{other}")) {
                        broken.push(format!("{}:{number} names {other}", file.display()));
                    }
                }
            }
        }
    }
    assert!(broken.is_empty(), "rooms that know too much:\n{}", broken.join("\n"));
}

#[test]
fn frameworks_stay_in_their_rooms() {
    let mut broken = Vec::new();
    for file in sources(Path::new("src")) {
        for (number, line) in code_lines(&file) {
            for (name, rooms) in CRATES {
                let allowed = rooms.iter().any(|room| file.starts_with(room));
                if !allowed && names(&line, &format!("{name}::")) {
                    broken.push(format!("{}:{number} names {name}", file.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "frameworks outside their rooms:\n{}", broken.join("\n"));
}

#[test]
fn the_pure_rooms_have_no_clock_randomness_or_floats() {
    let mut broken = Vec::new();
    for room in ["src/ledger", "src/leakage", "src/interchange"] {
        for file in sources(Path::new(room)) {
            for (number, line) in code_lines(&file) {
                for word in
                    ["SystemTime", "Instant::", "Utc::now", "now_v7", "getrandom", "f64", "f32", "HashMap", "async "]
                {
                    if line.contains(word) && !(word == "HashMap" && room == "src/interchange") {
                        broken.push(format!("{}:{number} names {word}", file.display()));
                    }
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Whether a line names a path, as a whole word.
fn names(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let after = line[at + path.len()..].chars().next();
        let before = line[..at].chars().next_back();
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        (path.ends_with(':') || !is_word(after)) && !is_word(before)
    })
}

/// The lines of a file that are code, with their numbers.
fn code_lines(file: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(file).unwrap();
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.to_owned()));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//")).collect()
}

fn sources(path: &Path) -> Vec<PathBuf> {
    let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if whole.is_file() {
        return vec![path.to_owned()];
    }
    let Ok(entries) = fs::read_dir(&whole) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries {
        let name = path.join(entry.unwrap().file_name());
        match Path::new(env!("CARGO_MANIFEST_DIR")).join(&name).is_dir() {
            true => found.extend(sources(&name)),
            false if name.extension().is_some_and(|e| e == "rs") => found.push(name),
            false => {}
        }
    }
    found.sort();
    found
}
