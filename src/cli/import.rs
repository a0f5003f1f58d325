//! `aqueduct import tracking`: takes a table of official and verified amounts into the books.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::interchange::bounds::MAPPING_BYTES_MAX;
use crate::service::begin::{self, Beginning};
use crate::service::import_office::NoImportOffice;
use crate::service::node::{Node, StartError};
use crate::service::tracking::ImportError;
use crate::service::tracking::books::{BooksError, NoBooks, NodeBooks};
use crate::service::tracking::outcome::{Imported, Standing};
use crate::service::tracking::prepared::{Prepared, Wanted};

use super::Global;
use super::client::{ApproverArgs, ServerArgs};
use super::ended::told_to_end;
use super::failure::{Failure, Kind};
use super::import_server::ServerBooks;
use super::import_told;
use super::output::{print, print_json};
use super::progress::Progress;

const EXAMPLES: &str = "\
Examples:
  aqueduct import tracking audits.csv --mapping audits.toml --dry-run
  aqueduct import tracking audits.csv --mapping audits.toml
  aqueduct import tracking audits.csv --mapping audits.toml --accept-good-rows --rejected bad.csv
  aqueduct report --by area --area-level 2     what it shows
  aqueduct import tracking audits.csv --mapping audits.toml --server https://books.example \\
      --login-file auditor.token --approver-login-file approver.token     beside a running server

All rows are taken or none: with a single bad row nothing is recorded, the reasons are printed and
the exit code is 2. --accept-good-rows takes the good ones by themselves; a row with one bad amount
is a bad row. --rejected writes the bad rows, each with its line, code and reason, in the encoding
and with the delimiter of the table: correct them there and import that file again. (A corrected
row that equals one already in the books counts as that one; then correct the table itself and
import it again whole.)

A mapping may declare `encoding`, `delimiter`, `decimal_separator` and `thousands_separator`. What it
does not declare is found in the file and said; where the file leaves it open, nothing is recorded
and the key to declare is named. Headers are compared without case, accents and order.

Every row is taken in once: the same file again records nothing, and an interrupted import goes
on where it stopped. What the table says of others is recorded as REPORTED, never as their own
word, signed by two officers of one party, an auditor and an approver: those of this directory's
own import office (in a directory without a chain it begins one), or with --server those whose
logins are given. Without the approver's login the operations wait until the approver signs them
(`aqueduct approve`).";

/// How often it is said that an import only waits.
const WAITING_TOLD_SECONDS: u64 = 5;

const WAITING: &str = "waiting for the database to take what was recorded; this can be ended (Ctrl-C): what was \
                       recorded stays, and the same command again goes on where it stopped\n";

/// Takes files of other systems into the books.
#[derive(Debug, Args)]
pub struct Import {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Tracking(Box<Tracking>),
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
    /// Takes the good rows although others are bad.
    #[arg(long)]
    accept_good_rows: bool,
    /// Writes the bad rows, each with its reason, to this new file.
    #[arg(long, value_name = "FILE")]
    rejected: Option<PathBuf>,
    /// Does everything but record.
    #[arg(long)]
    dry_run: bool,
    /// Prints the outcome as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    approver: ApproverArgs,
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
        self.tell_when_ended()?;
        let mapping = self.mapping()?;
        let books =
            self.server.connect()?.map(|officer| Ok::<_, Failure>((officer, self.approver.connect(&self.server)?)));
        let books = books.transpose()?;
        let now = global.options(false)?.clock.now().map_err(|why| Failure::of(Kind::Other, &why))?;
        let progress = Progress::begin("reading");
        let say = |what: &str, done: u64, of: u64| {
            progress.say(what);
            progress.at(done, of);
        };
        let wanted = Wanted { table: &self.file, mapping: &mapping, rejected: self.rejected.as_deref(), now };
        // Before anything is begun: a wrong mapping or table leaves no trace.
        let prepared = Prepared::read(&wanted, &say).map_err(failure)?;
        let imported = match (prepared.is_clean() || self.accept_good_rows, books) {
            (false, _) => Ok(prepared.unrecorded(Standing::Nothing)),
            (true, Some((officer, approver))) => {
                let books = ServerBooks::open(officer, approver).await?;
                prepared.record(&books, self.dry_run, &say).await.map_err(failure)
            }
            (true, None) => self.record_here(global, prepared, &progress).await,
        };
        progress.end();
        let imported = imported?;
        match self.json {
            true => print_json(&import_told::as_json(&imported))?,
            false => print(&import_told::as_text(&imported))?,
        }
        verdict(&imported)
    }

    /// Ends the process when somebody tells it to, at once and wherever it is: what is recorded is
    /// durable, and reading a table waits for nobody. Only says more than the signal would.
    fn tell_when_ended(&self) -> Result<(), Failure> {
        let told_to_end = told_to_end()?;
        let standing = match self.dry_run {
            true => "a dry run records nothing",
            false => "what was recorded stays; the same command again goes on where it stopped",
        };
        tokio::spawn(async move {
            let kind = told_to_end.await;
            // On a terminal a bar may stand in the line.
            let _ = io::stderr().is_terminal().then(|| io::stderr().write_all(b"\n"));
            Failure::new(kind, "the import was ended before it was done").way_out(standing).report();
            std::process::exit(kind as i32);
        });
        Ok(())
    }

    /// The text of the mapping; one that is too long is not read to its end.
    fn mapping(&self) -> Result<String, Failure> {
        let path = self.mapping.display();
        let unread = |why: io::Error| match why.kind() {
            io::ErrorKind::NotFound => Failure::input(format!("there is no file {path}")),
            _ => Failure::other(format!("{path} cannot be read")).because(&why),
        };
        // Before it is opened: a pipe would wait for somebody to write.
        if !std::fs::metadata(&self.mapping).map_err(unread)?.is_file() {
            return Err(Failure::input(format!("{path} is not a file")).way_out("save the mapping as one first"));
        }
        let mut bytes = Vec::new();
        let most = MAPPING_BYTES_MAX as u64 + 1;
        File::open(&self.mapping).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(unread)?;
        String::from_utf8(bytes).map_err(|_| Failure::input(format!("{path} is not UTF-8 text")))
    }

    /// Records into the data directory, in this process.
    async fn record_here(&self, global: &Global, prepared: Prepared, progress: &Progress) -> Result<Imported, Failure> {
        let say = |what: &str, done: u64, of: u64| {
            progress.say(what);
            progress.at(done, of);
        };
        let options = global.options(false)?;
        if !begin::has_chain(&options).await.map_err(|why| Failure::of(Kind::Other, &why))? {
            if self.dry_run {
                return prepared.record(&NoBooks, true, &say).await.map_err(failure);
            }
            begin::begin(global.options(false)?, Beginning { label: "Registrar", demonstration: false }).await?;
        }
        let node = Node::open(options).await.map_err(beside_a_server)?;
        let recording = async {
            let recorded = self.record_in(&node, prepared, &say).await;
            progress.say("writing the views");
            node.catch_up().await;
            progress.say("looking for leaks");
            node.examine_up().await;
            recorded
        };
        let recorded = told_when_waiting(&node, recording).await;
        node.stop().await;
        recorded
    }

    async fn record_in(
        &self,
        node: &Node,
        prepared: Prepared,
        say: &dyn Fn(&str, u64, u64),
    ) -> Result<Imported, Failure> {
        let office = match self.dry_run {
            true => node.import_office_if_any(),
            false => Some(node.import_office().await.map_err(no_office)?),
        };
        node.catch_up().await;
        prepared.record(&NodeBooks::new(node, office), self.dry_run, say).await.map_err(failure)
    }
}

/// Does some work and says, again and again, when it only waits for the stores.
async fn told_when_waiting<T>(node: &Node, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut before = node.heights().views;
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(Duration::from_secs(WAITING_TOLD_SECONDS)) => {}
        }
        let heights = node.heights();
        let is_stuck = heights.lag_facts > 0 && heights.views == before;
        before = heights.views;
        if is_stuck || !node.recorder().is_accepting() {
            // eprintln would panic when nobody reads any more.
            let _ = io::stderr().write_all(WAITING.as_bytes());
        }
    }
}

/// Whether the outcome is what was asked for.
fn verdict(imported: &Imported) -> Result<(), Failure> {
    if imported.standing == Standing::Nothing {
        let count = imported.controls.rejected.rows;
        let rows = if count == 1 { "1 row is bad".to_owned() } else { format!("{count} rows are bad") };
        return Err(Failure::input(format!("{rows}, so nothing was recorded"))
            .way_out("correct them (--rejected FILE writes them down), or take the others with --accept-good-rows"));
    }
    match imported.controls.books {
        Some((recorded, found)) if recorded != found => {
            Err(Failure::new(Kind::Broken, "the books say something else of these rows than what was recorded")
                .way_out("look with `aqueduct verify`"))
        }
        _ => Ok(()),
    }
}

fn failure(error: ImportError) -> Failure {
    match &error {
        ImportError::Mapping(_)
        | ImportError::Table(_)
        | ImportError::Dialect(_)
        | ImportError::Open(_)
        | ImportError::File(_)
        | ImportError::Changed(_)
        | ImportError::NoRows
        | ImportError::TooManyProgrammes => Failure::of(Kind::Input, &error),
        ImportError::Rejected(rejected) => match rejected.is_there_already() {
            true => Failure::of(Kind::Refused, &error),
            false => Failure::of(Kind::Other, &error).way_out("nothing was recorded"),
        },
        ImportError::ControlTotals => Failure::of(Kind::Broken, &error),
        ImportError::WouldBeRefused { .. } => Failure::of(Kind::Refused, &error).way_out("this run recorded nothing"),
        ImportError::NotRecorded { why: BooksError::Refused { .. }, entries_before, .. } => {
            Failure::of(Kind::Refused, &error).way_out(match entries_before {
                0 => "this run recorded nothing".to_owned(),
                1 => "the entry that this run made before stays; its rows will not be recorded again".to_owned(),
                made => {
                    format!("the {made} entries that this run made before stay; their rows will not be recorded again")
                }
            })
        }
        ImportError::Books(BooksError::Refused { .. }) => Failure::of(Kind::Refused, &error),
        _ => Failure::of(Kind::Other, &error).way_out("run the same import again: it goes on where it stopped"),
    }
}

fn no_office(error: NoImportOffice) -> Failure {
    match &error {
        NoImportOffice::NoRegistrar => Failure::of(Kind::Refused, &error).way_out(
            "import through a server with two officers' logins (--server), or into a directory whose registrar's key \
             the node keeps, for instance a new one",
        ),
        _ => Failure::of(Kind::Other, &error).way_out("run the same import again: it goes on where it stopped"),
    }
}

/// A directory that another process has is reached through that process.
fn beside_a_server(error: StartError) -> Failure {
    let is_locked = matches!(&error, StartError::Lock(_));
    let failure = Failure::from(error);
    match is_locked {
        true => failure.way_out(
            "if that is a server, import through it: --server URL --login-file FILE --approver-login-file FILE",
        ),
        false => failure,
    }
}
