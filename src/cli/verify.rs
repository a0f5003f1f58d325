//! `aqueduct verify`: checks everything that is stored.

use clap::Args;
use serde_json::{Value, json};

use crate::service::verified::{Fault, Part, Verified};
use crate::service::verify::{self, VerifyError};

use super::Global;
use super::failure::{Failure, Kind};
use super::output::{print, print_json};
use super::progress::Progress;

const DETAILS: &str = "\
What is checked, from the first block to the last: that every byte is what was signed and hashed,
that no block is missing, changed or out of place, every signature and every line of every list,
that the rules admit each entry, the digest of all changes; then every row of the views against
views derived anew; and the last checkpoint that this node signed against the chain.

A whole data directory that was replaced by an older copy, with everything in it, looks in order
from inside: compare the printed head with one known from elsewhere.

Examples:
  aqueduct verify
  aqueduct verify --json | jq .fault

It changes nothing and can run beside a server. The views derived anew take as much room again for
a while, in a hidden folder of the data directory, or of the system's temporary directory where
that is read-only. Views behind the chain are no fault: they follow it.
Exit code 0: all in order; 4: a fault, the first of which is named.";

/// Checks every block, signature and figure, and names the first fault.
#[derive(Debug, Args)]
#[command(after_help = DETAILS)]
pub struct Verify {
    /// Prints what was found as JSON.
    #[arg(long)]
    json: bool,
}

impl Verify {
    /// Verifies.
    pub async fn run(&self, global: &Global) -> Result<(), Failure> {
        let progress = Progress::begin("checking blocks");
        let verified = verify::verify(&global.data, &global.options_to_read()?.database, |what, done, of| {
            progress.say(what);
            progress.at(done, of);
        })
        .await;
        progress.end();
        let verified = verified.map_err(|error| match &error {
            VerifyError::NoChain(_) => Failure::of(Kind::Input, &error)
                .way_out("begin one with `aqueduct init`, or name another with --data or --database"),
            VerifyError::TooBusy => Failure::of(Kind::Other, &error).way_out("try again when less is recorded"),
            _ => Failure::of(Kind::Other, &error),
        })?;
        match self.json {
            true => print_json(&as_json(&verified))?,
            false => print(&as_text(&verified))?,
        }
        match &verified.fault {
            Some(fault) => Err(failure(fault)),
            None => Ok(()),
        }
    }
}

fn failure(fault: &Fault) -> Failure {
    let failure = Failure::new(Kind::Broken, format!("{}: {}", place(fault), fault.what));
    match fault.part {
        Part::Views => failure.way_out("make the views anew from the chain with `aqueduct rebuild`"),
        Part::Chain => failure.way_out("stop the server and bring the chain back from a copy that verifies"),
        Part::Node => failure.way_out("bring the data directory back as it was: its parts are of different times"),
    }
}

/// Where the fault is: `the views, table tokens, row 17.3`.
fn place(fault: &Fault) -> String {
    let mut place = match fault.part {
        Part::Chain => "the chain".to_owned(),
        Part::Views => "the views".to_owned(),
        Part::Node => "the node's own store".to_owned(),
    };
    if let Some(block) = fault.block {
        place.push_str(&format!(", block {block}"));
    }
    if let Some(entry) = fault.entry {
        place.push_str(&format!(", entry {entry}"));
    }
    if let Some(table) = fault.table {
        place.push_str(&format!(", table {table}"));
    }
    if let Some(key) = &fault.key {
        place.push_str(&format!(", row {key}"));
    }
    place
}

fn as_text(verified: &Verified) -> String {
    let mut text = String::new();
    if let (Some(chain), Some(head)) = (verified.chain, verified.head) {
        text.push_str(&format!(
            "Chain {chain}\n  last block  {}, {}\n              {}\n  log         {} entries, root {}\n\nIn order\n",
            head.height, head.time, head.digest, head.tree_size, head.tree_root
        ));
    }
    let counts = [
        ("blocks", verified.blocks),
        ("entries", verified.entries),
        ("signatures", verified.signatures),
        ("lines of lists", verified.lines),
    ];
    for (name, count) in counts {
        text.push_str(&format!("  {name:<24}{count:>12}\n"));
    }
    for (table, rows) in &verified.view_rows {
        let name = format!("rows of {table}");
        text.push_str(&format!("  {name:<24}{rows:>12}\n"));
    }
    match verified.views_behind {
        0 => {}
        1 => text.push_str("\nThe views are 1 block behind the chain; they follow it when the node runs.\n"),
        behind => text.push_str(&format!(
            "\nThe views are {behind} blocks behind the chain; they follow it when the node runs.\n"
        )),
    }
    if verified.fault.is_none() {
        text.push_str("\nEverything is in order.\n");
    }
    text
}

fn as_json(verified: &Verified) -> Value {
    let head = verified.head.map(|head| {
        json!({
            "height": head.height,
            "digest": head.digest.to_string(),
            "time": head.time.to_string(),
            "treeSize": head.tree_size,
            "treeRoot": head.tree_root.to_string(),
        })
    });
    let rows: serde_json::Map<String, Value> =
        verified.view_rows.iter().map(|(table, rows)| ((*table).to_owned(), (*rows).into())).collect();
    let fault = verified.fault.as_ref().map(|fault| {
        json!({
            "store": fault.part.name(),
            "block": fault.block,
            "entry": fault.entry,
            "table": fault.table,
            "key": fault.key,
            "what": fault.what,
        })
    });
    json!({
        "ok": verified.fault.is_none(),
        "chain": verified.chain.map(|chain| chain.to_string()),
        "head": head,
        "checked": {
            "blocks": verified.blocks,
            "entries": verified.entries,
            "signatures": verified.signatures,
            "lines": verified.lines,
            "viewRows": rows,
        },
        "views": { "height": verified.views_height, "blocksBehind": verified.views_behind },
        "signedCheckpoint": verified.signed_size.map(|size| json!({ "treeSize": size })),
        "fault": fault,
    })
}
