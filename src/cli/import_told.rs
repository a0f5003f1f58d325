//! What an import tells, for people and as JSON.

use serde_json::{Value, json};

use crate::interchange::control::Control;
use crate::interchange::dialect::{Dialect, Ground};
use crate::interchange::tally::Sums;
use crate::ledger::money::{Currency, print_decimal_wide};
use crate::service::tracking::outcome::{Counted, Imported, Standing};

use super::table::{aligned, printable};

/// The outcome as JSON; amounts are decimal strings.
pub fn as_json(imported: &Imported) -> Value {
    let counted = |c: Counted| json!({ "rows": c.rows, "purposeRows": c.purpose_rows });
    let sums = |s: &Sums| sums_json(s, imported.currency);
    let purposes: Vec<Value> = imported
        .totals
        .purposes
        .iter()
        .map(|purpose| {
            let mut value = sums(&purpose.sums);
            value["code"] = purpose.code.clone().into();
            value
        })
        .collect();
    let rejected: Vec<Value> = imported
        .rejected
        .iter()
        .map(|(code, one)| json!({ "reason": code, "count": one.count, "examples": one.examples }))
        .collect();
    let entries: Vec<Value> = imported
        .entries
        .iter()
        .map(|entry| {
            json!({ "index": entry.index.to_string(), "operation": entry.operation.to_string(), "lines": entry.lines })
        })
        .collect();
    let (controls, rounding) = (&imported.controls, &imported.controls.rounding);
    let books = controls.books.map(
        |(recorded, found)| json!({ "recorded": sums(&recorded), "found": sums(&found), "agree": recorded == found }),
    );
    json!({
        "outcome": match imported.standing {
            Standing::Done => "DONE",
            Standing::DryRun => "DRY_RUN",
            Standing::Nothing => "NOTHING_RECORDED",
        },
        "file": hex::encode(imported.file.0),
        "mapping": imported.mapping,
        "dialect": dialect_json(&imported.dialect),
        "programmes": imported.programmes,
        "currency": imported.currency.code(),
        "rowsRead": imported.oddities.rows_read,
        "recorded": counted(imported.recorded),
        "alreadyRecorded": counted(imported.already_recorded),
        "rejected": {
            "rows": controls.rejected.rows,
            "count": imported.rejected.values().map(|one| one.count).sum::<u64>(),
            "byReason": rejected,
            "file": imported.rejected_file.as_ref().map(|path| path.display().to_string()),
        },
        "oddities": imported.oddities,
        "totals": { "purposes": purposes, "all": sums(&imported.totals.all) },
        "controls": {
            "file": controls.file,
            "taken": controls.taken,
            "rejected": controls.rejected,
            "rounding": { "official": rounding.official, "verified": rounding.verified },
            "books": books,
        },
        "entries": entries,
        "awaitingSignature": imported.awaiting.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn dialect_json(dialect: &Dialect) -> Value {
    let from = |ground: Ground| match ground {
        Ground::Detected(evidence) => Some(evidence.to_string()),
        Ground::Declared | Ground::Immaterial => None,
    };
    json!({
        "encoding": dialect.encoding.name(),
        "encodingBy": dialect.encoding_by.code(),
        "encodingFrom": from(dialect.encoding_by),
        "delimiter": char::from(dialect.delimiter).to_string(),
        "delimiterBy": dialect.delimiter_by.code(),
        "delimiterFrom": from(dialect.delimiter_by),
        "decimalSeparator": dialect.numbers.decimal.to_string(),
        "thousandsSeparator": dialect.numbers.thousands.map(String::from),
        "numbersBy": dialect.numbers_by.code(),
        "numbersFrom": from(dialect.numbers_by),
    })
}

fn sums_json(sums: &Sums, currency: Currency) -> Value {
    json!({
        "purposeRows": sums.purpose_rows,
        "official": print_decimal_wide(sums.official_minor, currency),
        "verified": print_decimal_wide(sums.verified_minor, currency),
    })
}

/// The outcome for people.
pub fn as_text(imported: &Imported) -> String {
    let odd = &imported.oddities;
    let (now, before) = (imported.recorded, imported.already_recorded);
    let recorded = match imported.standing {
        Standing::Done if imported.awaiting.is_empty() => "recorded",
        Standing::Done => "handed in",
        Standing::DryRun => "to be recorded",
        Standing::Nothing => "recorded",
    };
    let mut text = format!(
        "Programme {} in {}, mapping {}\n  {}\n\n  rows read           {}\n  {recorded:<18}  {} rows, {} amounts\n  \
         recorded before     {} rows, {} amounts\n  without any money   {} amounts\n",
        printable(&imported.programmes.join(", ")),
        imported.currency,
        imported.mapping,
        dialect_text(&imported.dialect),
        odd.rows_read,
        now.rows,
        now.purpose_rows,
        before.rows,
        before.purpose_rows,
        odd.both_zero,
    );
    if imported.is_of_rejected_rows && before.rows > 0 {
        text.push_str(
            "  The file is of rejected rows, and some of them are in the books already: a row of the table that\n  \
             equals another one there. To take them in as well, correct the table itself and import it whole.\n",
        );
    }
    text.push_str("\nOdd, and taken in as it stands\n");
    for (name, count) in [
        ("empty lines", odd.blank_rows),
        ("rows equal to an earlier row", odd.repeats),
        ("more verified than official", odd.verified_above_official),
        ("nothing official, something verified", odd.official_zero),
        ("verified looks like a percentage", odd.looks_like_percentage),
        ("too many decimals", odd.too_many_decimals),
        ("amounts rounded", odd.rounded),
    ] {
        text.push_str(&format!("  {name:<38}{count:>8}\n"));
    }
    if odd.rounded > 0 {
        text.push_str(&format!("  rounding added {} {} in all\n", odd.rounding_difference, imported.currency));
    }
    text.push_str(&rejections_text(imported));
    text.push_str(&totals_text(imported));
    text.push_str(&controls_text(imported));
    text.push_str(&ending(imported));
    text
}

/// What was taken for how the file is written, and why, each on a line: `fields between commas,
/// detected from the header, ...`.
fn dialect_text(dialect: &Dialect) -> String {
    let by = |ground: Ground| match ground {
        Ground::Declared => "declared in the mapping".to_owned(),
        Ground::Detected(evidence) => format!("detected from {evidence}"),
        Ground::Immaterial => "nothing depends on it".to_owned(),
    };
    let delimiter = match dialect.delimiter {
        b',' => "commas".to_owned(),
        b';' => "semicolons".to_owned(),
        b'\t' => "tabs".to_owned(),
        other => format!("{:?}", char::from(other)),
    };
    let thousands = dialect.numbers.thousands.map(String::from).unwrap_or_default();
    format!(
        "Read as {}, {};\n  fields between {delimiter}, {};\n  numbers like 1{thousands}234{}50, {}",
        dialect.encoding.name(),
        by(dialect.encoding_by),
        by(dialect.delimiter_by),
        dialect.numbers.decimal,
        by(dialect.numbers_by),
    )
}

fn rejections_text(imported: &Imported) -> String {
    if imported.rejected.is_empty() {
        return "\nNothing was rejected.\n".to_owned();
    }
    let rows = imported.controls.rejected.rows;
    let others = match imported.standing {
        Standing::Nothing => "so nothing was recorded",
        Standing::DryRun => "and the others would be taken in without them",
        Standing::Done => "and the others were taken in without them",
    };
    let mut text = format!("\nRejected: {rows} of {} rows, {others}\n", imported.oddities.rows_read);
    for (code, rejections) in &imported.rejected {
        text.push_str(&format!("  {code:<38}{:>8}\n", rejections.count));
        for example in &rejections.examples {
            text.push_str(&format!("    {}\n", printable(example)));
        }
    }
    if let Some(path) = &imported.rejected_file {
        text.push_str(&format!("  All of them, each with its reason, are in {}.\n", path.display()));
    }
    text
}

/// The sums to compare with another count of the file.
fn totals_text(imported: &Imported) -> String {
    let mut lines = vec![["".to_owned(), "amounts".to_owned(), "official".to_owned(), "verified".to_owned()]];
    let purposes = imported.totals.purposes.iter().map(|purpose| (purpose.code.as_str(), &purpose.sums));
    for (name, sums) in purposes.chain([("all", &imported.totals.all)]) {
        lines.push([
            name.to_owned(),
            sums.purpose_rows.to_string(),
            print_decimal_wide(sums.official_minor, imported.currency),
            print_decimal_wide(sums.verified_minor, imported.currency),
        ]);
    }
    format!("\nTotals of the good rows, in {}\n{}", imported.currency, aligned(&lines, 1))
}

/// The file's own totals, and where all of it went.
fn controls_text(imported: &Imported) -> String {
    let controls = &imported.controls;
    let head = ["", "rows", "amounts", "official", "verified"].map(str::to_owned);
    let line = |name: &str, control: &Control| {
        [
            name.to_owned(),
            control.rows.to_string(),
            control.purpose_rows.to_string(),
            control.official.to_string(),
            control.verified.to_string(),
        ]
    };
    let mut lines = vec![head, line("the file says", &controls.file), line("good rows", &controls.taken)];
    if controls.rounding.amounts > 0 {
        let (official, verified) = (controls.rounding.official, controls.rounding.verified);
        lines.push([
            "added by rounding".to_owned(),
            String::new(),
            String::new(),
            official.to_string(),
            verified.to_string(),
        ]);
    }
    lines.push(line("rejected rows", &controls.rejected));
    if let Some((recorded, found)) = &controls.books {
        for (name, sums) in [("recorded now", recorded), ("the books say", found)] {
            lines.push([
                name.to_owned(),
                String::new(),
                sums.purpose_rows.to_string(),
                print_decimal_wide(sums.official_minor, imported.currency),
                print_decimal_wide(sums.verified_minor, imported.currency),
            ]);
        }
    }
    let mut text = format!("\nControl totals, in {}\n{}", imported.currency, aligned(&lines, 1));
    match controls.file.wrong_width_rows {
        0 => {}
        1 => text.push_str("  One row has more or fewer fields than the header; its amounts are in no sum.\n"),
        count => text.push_str(&format!(
            "  {count} rows have more or fewer fields than the header; their amounts are in no sum.\n"
        )),
    }
    match controls.file.unreadable_amounts {
        0 => {}
        1 => text.push_str("  One amount cannot be read and is in no sum.\n"),
        count => text.push_str(&format!("  {count} amounts cannot be read and are in no sum.\n")),
    }
    text
}

fn ending(imported: &Imported) -> String {
    let mut text = match (imported.entries.as_slice(), imported.standing) {
        (_, Standing::DryRun) => "\nA dry run: nothing was recorded.\n".to_owned(),
        (_, Standing::Nothing) => "\nNothing was recorded.\n".to_owned(),
        ([], Standing::Done) if !imported.awaiting.is_empty() => String::new(),
        ([], Standing::Done) => "\nNothing new: no entry was made.\n".to_owned(),
        ([one], Standing::Done) => format!("\nMade entry {}.\n", one.index),
        ([first, .., last], Standing::Done) => {
            format!("\nMade {} entries, {} to {}.\n", imported.entries.len(), first.index, last.index)
        }
    };
    if !imported.awaiting.is_empty() {
        text.push_str("\nThese operations wait for the approver's signature (`aqueduct approve`):\n");
        for id in &imported.awaiting {
            text.push_str(&format!("  {id}\n"));
        }
    }
    text
}
