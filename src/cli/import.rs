//! `aqueduct import tracking`: takes a table of official and verified amounts into the books.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::interchange::tally::Sums;
use crate::ledger::money::{Currency, print_decimal_wide};
use crate::service::begin::{self, Beginning};
use crate::service::import_office::NoImportOffice;
use crate::service::node::Node;
use crate::service::orderer::NotRecorded;
use crate::service::tracking::{self, Counted, ImportError, Imported};

use super::Global;
use super::failure::{Failure, Kind};
use super::output::{print, print_json, read_input};
use super::progress::Progress;
use super::table::{aligned, printable};

const EXAMPLES: &str = "\
Examples:
  aqueduct import tracking audits.csv --mapping audits.toml
  aqueduct import tracking audits.csv --mapping audits.toml --json > import.json
  aqueduct report --by area --area-level 2     what it shows

Every row is taken in once: the same file again records nothing, and an interrupted import goes
on where it stopped. Rows that cannot be taken in are named with the reason and do not stop the
others; correct them in the file and import it again. What the table says of others is recorded
as REPORTED, signed by the two officers of this directory's own import office, never as their
own word. In a directory without a chain it begins one.";

/// Takes files of other systems into the books.
#[derive(Debug, Args)]
pub struct Import {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Tracking(Tracking),
}

/// Imports a table that says, per row, what was officially spent and what was verified.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
struct Tracking {
    /// The table: delimited text with a header.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The mapping: which column says what (TOML).
    #[arg(long, value_name = "MAP.toml")]
    mapping: PathBuf,
    /// Prints the outcome as JSON.
    #[arg(long)]
    json: bool,
}

impl Import {
    /// Imports.
    pub async fn run(&self, global: &Global) -> Result<(), Failure> {
        let What::Tracking(tracking) = &self.what;
        tracking.run(global).await
    }
}

impl Tracking {
    async fn run(&self, global: &Global) -> Result<(), Failure> {
        let mapping = String::from_utf8(read_input(&self.mapping)?)
            .map_err(|_| Failure::input(format!("{} is not UTF-8 text", self.mapping.display())))?;
        if !self.file.is_file() {
            return Err(Failure::input(format!("there is no file {}", self.file.display())));
        }
        let options = global.options(false)?;
        if !begin::has_chain(&options).await.map_err(|why| Failure::of(Kind::Other, &why))? {
            // Before anything is begun: a wrong mapping or table leaves no trace.
            tracking::check(&self.file, &mapping).map_err(failure)?;
            begin::begin(global.options(false)?, Beginning { label: "Registrar", demonstration: false }).await?;
        }
        let node = Node::open(options).await?;
        let progress = Progress::begin("importing");
        let imported = tracking::import(&node, &self.file, &mapping, |done, of| progress.at(done, of)).await;
        progress.say("writing the views");
        node.catch_up().await;
        node.stop().await;
        progress.end();
        let imported = imported.map_err(failure)?;
        match self.json {
            true => print_json(&as_json(&imported)),
            false => print(&as_text(&imported)),
        }
    }
}

fn failure(error: ImportError) -> Failure {
    match &error {
        ImportError::Mapping(_) | ImportError::Open(_) | ImportError::Table(_) | ImportError::Unwritable { .. } => {
            Failure::of(Kind::Input, &error)
        }
        ImportError::FileChanged => Failure::of(Kind::Input, &error),
        ImportError::Office(NoImportOffice::NoRegistrar) => Failure::of(Kind::Refused, &error)
            .way_out("import into a directory whose registrar's key the node keeps, for instance a new one"),
        ImportError::NotRecorded { why: NotRecorded::Refused(_), entries_before, .. } => {
            Failure::of(Kind::Refused, &error).way_out(match entries_before {
                0 => "this run recorded nothing".to_owned(),
                1 => "the entry that this run made before stays; its rows will not be recorded again".to_owned(),
                made => {
                    format!("the {made} entries that this run made before stay; their rows will not be recorded again")
                }
            })
        }
        _ => Failure::of(Kind::Other, &error).way_out("run the same import again: it goes on where it stopped"),
    }
}

/// The outcome as JSON; amounts are decimal strings.
fn as_json(imported: &Imported) -> Value {
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
    json!({
        "file": hex::encode(imported.file.0),
        "mapping": imported.mapping,
        "programmes": imported.programmes,
        "currency": imported.currency.code(),
        "rowsRead": imported.oddities.rows_read,
        "recorded": counted(imported.recorded),
        "alreadyRecorded": counted(imported.already_recorded),
        "rejected": { "count": imported.rejected.values().map(|one| one.count).sum::<u64>(), "byReason": rejected },
        "oddities": imported.oddities,
        "totals": { "purposes": purposes, "all": sums(&imported.totals.all) },
        "entries": entries,
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
fn as_text(imported: &Imported) -> String {
    let odd = &imported.oddities;
    let (now, before) = (imported.recorded, imported.already_recorded);
    let mut text = format!(
        "Programme {} in {}, mapping {}\n\n  rows read           {}\n  recorded            {} rows, {} amounts\n  \
         recorded before     {} rows, {} amounts\n  without any money   {} amounts\n",
        imported.programmes.join(", "),
        imported.currency,
        imported.mapping,
        odd.rows_read,
        now.rows,
        now.purpose_rows,
        before.rows,
        before.purpose_rows,
        odd.both_zero,
    );
    text.push_str("\nOdd, and taken in as it stands\n");
    for (name, count) in [
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
    match imported.entries.as_slice() {
        [] => text.push_str("\nNothing new: no entry was made.\n"),
        [one] => text.push_str(&format!("\nMade entry {}.\n", one.index)),
        [first, .., last] => {
            let count = imported.entries.len();
            text.push_str(&format!("\nMade {count} entries, {} to {}.\n", first.index, last.index));
        }
    }
    text
}

fn rejections_text(imported: &Imported) -> String {
    if imported.rejected.is_empty() {
        return "\nNothing was rejected.\n".to_owned();
    }
    let mut text = "\nRejected: not in the books, and the others were taken in without them\n".to_owned();
    for (code, rejections) in &imported.rejected {
        text.push_str(&format!("  {code:<38}{:>8}\n", rejections.count));
        for example in &rejections.examples {
            text.push_str(&format!("    {}\n", printable(example)));
        }
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
    format!("\nControl totals of the file, in {}\n{}", imported.currency, aligned(&lines, 1))
}
