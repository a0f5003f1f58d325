//! `aqueduct bench`: how fast it is on this machine.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::Value;

use crate::bench::measurement::{Measurement, rounded};
use crate::bench::{BENCHMARKS, Plan};
use crate::service::scratch::Scratch;

use super::Global;
use super::ended::told_to_end;
use super::failure::{Failure, Kind};
use super::handles;
use super::output::{print, print_json};
use super::serve::{address_of, listen};
use super::table::aligned;

/// Every benchmark.
const ALL: &str = "all";

/// Sizes of the books, in hops, unless they are named; and of a quick run.
const HOPS: &[u64] = &[100_000, 1_000_000, 5_000_000];
const HOPS_QUICK: &[u64] = &[100_000];

/// Seconds of the long measurements unless they are named; and of a quick run.
const SECONDS: u64 = 20;
const SECONDS_QUICK: u64 = 3;

/// Subscriptions that are open; and in a quick run.
const SUBSCRIBERS: usize = 1_000;
const SUBSCRIBERS_QUICK: usize = 100;

/// From what the books are made up: the same in every run.
const SEED: u64 = 2_026;

const DETAILS: &str = "\
Examples:
  aqueduct bench operations batch
  aqueduct bench all --quick
  aqueduct bench all --json > figures.json

A server is started in a process of its own on 127.0.0.1, and sent signed operations over HTTP. It
shares the machine's cores with what is sent, as it says of no other machine. Its books are new
ones in a folder beside the data directory (choose the disk with --data), removed at the end. With
--database they are in new databases on that server, removed as well, for which its user needs the
right CREATEDB; that database itself is not touched. What was found is printed, too, when it is
ended early. It logs warnings only, unless RUST_LOG is set. `limit` is the yardstick measured in the same run, in
the same unit: one signature check a request, the same bytes hashed and synced, or the same figure
at the first size; `ratio` is the figure over it. A full run takes about half an hour and 10 GB.";

/// Measures how fast it is on this machine.
#[derive(Debug, Args)]
#[command(after_help = DETAILS)]
pub struct Bench {
    /// What to measure.
    #[arg(value_name = "NAME", default_value = ALL, value_parser = PossibleValuesParser::new(names()))]
    names: Vec<String>,
    /// Prints a list of objects with name, size, value, unit, limit and ratio.
    #[arg(long)]
    json: bool,
    /// A minute or two instead of half an hour: shorter, once, and on small books.
    #[arg(long)]
    quick: bool,
    /// Sizes of the books in hops, rising.
    #[arg(long, value_name = "HOPS,...", value_delimiter = ',', value_parser = clap::value_parser!(u64).range(8..))]
    size: Vec<u64>,
    /// How long each of the long measurements takes.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: Option<u64>,
    /// How many subscriptions are opened.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    subscribers: Option<u16>,
    /// Leaves the books, and says where.
    #[arg(long)]
    keep: bool,
    /// Serves what single operations are held against, until ended; for this command's own use.
    #[arg(long, hide = true)]
    yardstick: bool,
}

fn names() -> impl Iterator<Item = &'static str> {
    BENCHMARKS.iter().map(|(name, _)| *name).chain([ALL])
}

impl Bench {
    /// Measures and prints.
    pub async fn run(&self, global: &Global) -> Result<(), Failure> {
        if self.yardstick {
            return serve_yardstick(global).await;
        }
        handles::ask_for_enough();
        let told_to_end = told_to_end()?;
        let scratch = global.database.as_ref().map(Scratch::beside).transpose();
        let scratch = scratch.map_err(|why| Failure::of(Kind::Input, &why))?;
        let plan = self.plan(folder_beside(&global.data)?, scratch)?;
        let mut figures = Vec::new();
        let ended = tokio::select! {
            // First: whoever ends this from a terminal ends its server, too.
            biased;
            kind = told_to_end => Err(Failure::new(kind, "ended before everything was measured")),
            ran = plan.run(&mut figures) => ran.map_err(|why| Failure::of(Kind::Other, &why)),
        };
        self.leave(&plan).await;
        if ended.is_ok() || !figures.is_empty() {
            match self.json {
                true => print_json(&Value::Array(figures.iter().map(Measurement::as_json).collect()))?,
                false => print(&as_table(&figures))?,
            }
        }
        ended
    }

    /// Takes the books away, or says where they are. What cannot be removed is said, too; the
    /// figures matter more.
    async fn leave(&self, plan: &Plan) {
        let folder = plan.folder.display();
        if self.keep {
            say(&format!("the books are in {folder}"));
        } else if let Err(why) = std::fs::remove_dir_all(&plan.folder) {
            say(&format!("{folder} cannot be removed: {why}"));
        }
        let Some(scratch) = &plan.scratch else { return };
        if self.keep {
            say(&format!("and in the databases whose names begin with {}", scratch.prefix()));
        } else if let Err(why) = scratch.remove("").await {
            say(&format!("the databases whose names begin with {} may be left: {why}", scratch.prefix()));
        }
    }

    fn plan(&self, folder: PathBuf, scratch: Option<Scratch>) -> Result<Plan, Failure> {
        let program =
            std::env::current_exe().map_err(|why| Failure::other("this program cannot be found").because(&why))?;
        let all = self.names.iter().any(|name| name == ALL);
        let named = |name: &&str| all || self.names.iter().any(|wanted| wanted == name);
        let defaults = if self.quick { HOPS_QUICK } else { HOPS };
        let mut hops = if self.size.is_empty() { defaults.to_vec() } else { self.size.clone() };
        hops.sort_unstable();
        let seconds = self.seconds.unwrap_or(if self.quick { SECONDS_QUICK } else { SECONDS });
        let subscribers = if self.quick { SUBSCRIBERS_QUICK } else { SUBSCRIBERS };
        Ok(Plan {
            program,
            folder,
            scratch,
            names: names().filter(named).map(str::to_owned).collect(),
            seconds: Duration::from_secs(seconds),
            hops,
            quick: self.quick,
            keep: self.keep,
            subscribers: self.subscribers.map_or(subscribers, usize::from),
            seed: SEED,
            say,
        })
    }
}

async fn serve_yardstick(global: &Global) -> Result<(), Failure> {
    let listener = listen(&global.listen).await?;
    print(&format!("Serving http://{}\n", address_of(&listener)?))?;
    crate::server::yardstick::serve(listener).await.map_err(|why| Failure::other("the server stopped").because(&why))
}

/// A new folder on the disk of the data directory.
fn folder_beside(data: &Path) -> Result<PathBuf, Failure> {
    let mut name = data.as_os_str().to_owned();
    name.push(format!(".bench-{}", std::process::id()));
    let folder = PathBuf::from(name);
    std::fs::create_dir_all(&folder)
        .map_err(|why| Failure::other(format!("{} cannot be made", folder.display())).because(&why))?;
    Ok(folder)
}

/// Progress, line by line: a run takes long, and what is slow should be seen.
fn say(what: &str) {
    // eprintln would panic when nobody reads any more.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{what}\n").as_bytes());
}

fn as_table(figures: &[Measurement]) -> String {
    let number = |value: f64| match value {
        large if large >= 100.0 => format!("{large:.0}"),
        small => rounded(small).to_string(),
    };
    let mut lines = vec![["what", "size", "value", "unit", "limit", "ratio"].map(str::to_owned)];
    lines.extend(figures.iter().map(|figure| {
        [
            figure.name.clone(),
            figure.size.clone(),
            number(figure.value),
            figure.unit.to_owned(),
            figure.limit.map_or_else(String::new, number),
            figure.ratio().map_or_else(String::new, |ratio| format!("{ratio:.2}")),
        ]
    }));
    aligned(&lines, 2)
}
