//! The tables of `seeds/README.md`, and the program's answers in the same form.

use std::collections::BTreeMap;

use aqueduct::ledger::money::{Currency, parse_decimal, print_decimal_wide};
use aqueduct::ledger::selection::GroupBy;
use aqueduct::ledger::statement::Statement;
use aqueduct::service::reads::ReportGroup;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/seeds/README.md");
const CLASSES: [&str; 11] = [
    "allocated",
    "surplus",
    "held",
    "in transit",
    "overdue",
    "booked",
    "confirmed",
    "deducted",
    "returned",
    "disputed",
    "unaccounted",
];

/// A table of the README: the heading above it, and rows by column name.
pub struct Table {
    pub heading: String,
    pub rows: Vec<BTreeMap<String, String>>,
}

pub fn tables() -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    let mut heading = String::new();
    let mut columns: Vec<String> = Vec::new();
    let readme = std::fs::read_to_string(README).unwrap();
    for line in readme.lines() {
        if let Some(text) = line.strip_prefix('#') {
            heading = text.trim_start_matches('#').trim().to_owned();
        }
        let Some(inner) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |")) else {
            // The line of dashes belongs to its table.
            if !line.starts_with("|---") {
                columns.clear();
            }
            continue;
        };
        let cells: Vec<String> = inner.split(" | ").map(|cell| cell.trim().to_owned()).collect();
        if columns.is_empty() {
            columns = cells;
            tables.push(Table { heading: heading.clone(), rows: Vec::new() });
        } else {
            assert_eq!(cells.len(), columns.len(), "{line}");
            tables.last_mut().unwrap().rows.push(columns.iter().cloned().zip(cells).collect());
        }
    }
    tables
}

pub fn kes() -> Currency {
    Currency::parse("KES").unwrap()
}

/// `1,200.00` as minor units; `-` is no figure.
pub fn minor(cell: &str) -> Option<i128> {
    if cell == "-" {
        return None;
    }
    let plain = cell.replace(',', "");
    let (sign, digits) = plain.strip_prefix('-').map_or((1, plain.as_str()), |rest| (-1, rest));
    Some(sign * i128::from(parse_decimal(digits, kes()).unwrap().get()))
}

pub fn class(statement: &Statement, name: &str) -> i128 {
    match name {
        "allocated" => statement.allocated,
        "surplus" => statement.surplus,
        "held" => statement.held,
        "in transit" => statement.in_transit,
        "overdue" => statement.overdue,
        "booked" => statement.booked,
        "confirmed" => statement.confirmed,
        "deducted" => statement.deducted,
        "returned" => statement.returned,
        "disputed" => statement.disputed,
        "unaccounted" => statement.unaccounted,
        other => panic!("no class {other:?}"),
    }
}

pub fn grouping(title: &str) -> GroupBy {
    match title {
        "The whole" | "By programme" => GroupBy::Programme,
        "By cycle" => GroupBy::Cycle,
        "By party" => GroupBy::Party,
        "By area, level 1" => GroupBy::Area { level: 1 },
        "By area, level 2" => GroupBy::Area { level: 2 },
        other => panic!("no grouping {other:?}"),
    }
}

/// A row of the README as the program shows it, for one comparison with a readable difference.
pub fn shown(group: &ReportGroup) -> BTreeMap<String, String> {
    let money = |amount: i128| print_decimal_wide(amount, kes());
    let rate = |rate: Option<rust_decimal::Decimal>| rate.map_or("-".to_owned(), |rate| rate.to_string());
    let mut row: BTreeMap<String, String> =
        CLASSES.iter().map(|name| ((*name).to_owned(), money(class(&group.statement, name)))).collect();
    row.insert("hop loss".to_owned(), money(group.hops.loss));
    row.insert("narrow rate".to_owned(), rate(group.narrow_rate));
    row.insert("coverage".to_owned(), rate(group.coverage));
    row
}
