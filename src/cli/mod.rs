//! The command line: one file per subcommand, each a translation from arguments to a use case
//! and from its answer to text or JSON.
//!
//! What a command prints on standard output is its answer; progress, logs and errors go to
//! standard error. Exit codes are part of the contract (see [`failure`]). Money, stores and
//! GraphQL do not belong here.

pub mod approve;
pub mod bench;
pub mod client;
pub mod codes;
pub mod demo;
mod ended;
pub mod failure;
mod handed_in;
mod handles;
pub mod import;
mod import_server;
mod import_told;
pub mod init;
pub mod keygen;
pub mod login;
pub mod output;
pub mod progress;
pub mod rebuild;
pub mod report;
mod report_found;
mod rules;
pub mod schema;
pub mod serve;
pub mod sign;
pub mod simulate;
pub mod submit;
pub mod table;
pub mod verify;
pub mod webhook;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::limits;
use crate::service::address::Address;
use crate::service::begin;
use crate::service::node::{Options, StartError};
use crate::service::rollback;

use failure::{Failure, Kind};

/// What stands below every `--help`.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  2  the arguments or the input are wrong
  3  refused: a rule of the books, or a chain that is there already
  4  broken: verify found a fault, or the chain contradicts itself
  1  anything else, such as a disk or a port that cannot be used
  130, 143  ended by Ctrl-C (SIGINT) or by SIGTERM before it was done";

const EXAMPLES: &str = "\
Examples:
  aqueduct demo                         look around: a told story on http://127.0.0.1:8080
  aqueduct init                         begin a chain in ./aqueduct-data
  aqueduct serve --listen 0.0.0.0:8080  serve it
  aqueduct import tracking audits.csv --mapping audits.toml
  aqueduct report --by area --area-level 2
  aqueduct verify                       check every byte, signature and figure";

/// Records public money from the treasury to the person, and shows where it leaks.
///
/// Every command works on one data directory: the chain (the truth), the views derived from it,
/// and what belongs to this node alone (logins, keys). With --database these three are in a
/// PostgreSQL database, and the directory holds only the node's files. Commands that write need
/// both for themselves, or go through a running server (`--server`); `report` and `verify` only
/// read, also beside one.
#[derive(Debug, Parser)]
#[command(name = "aqueduct", version, after_help = EXIT_CODES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// The data directory.
    #[arg(long, global = true, env = "AQUEDUCT_DATA", default_value = "aqueduct-data", value_name = "DIR")]
    pub data: PathBuf,
    /// A PostgreSQL database for the chain, the views and what belongs to the node, instead of
    /// files in the data directory: postgres://user:password@host:5432/name, with
    /// ?sslmode=verify-full beyond this machine. Other users of this machine can read arguments
    /// and not the environment: give a password there.
    #[arg(long, global = true, env = "AQUEDUCT_DATABASE", hide_env_values = true, value_name = "URL")]
    pub database: Option<Address>,
    /// How many seconds a database is waited for whose server is just being started.
    #[arg(
        long, global = true, env = "AQUEDUCT_DATABASE_WAIT", default_value_t = limits::DATABASE_WAIT_SECONDS,
        value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..=limits::DATABASE_WAIT_SECONDS_MAX)
    )]
    pub database_wait: u64,
    /// Where a server listens.
    #[arg(long, global = true, env = "AQUEDUCT_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR")]
    pub listen: String,
    /// A file with the passphrase of the keys that the node keeps. Without it, and without the
    /// environment variable AQUEDUCT_PASSPHRASE, they open with the file node.key in the data
    /// directory.
    #[arg(long, global = true, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// How log lines are written to standard error; their level is set by RUST_LOG.
    #[arg(long, global = true, env = "AQUEDUCT_LOG", default_value = "text", value_enum)]
    pub log: LogFormat,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Serve(serve::Serve),
    Demo(demo::Demo),
    Simulate(simulate::Simulate),
    Import(import::Import),
    Report(report::Report),
    Verify(verify::Verify),
    Rebuild(rebuild::Rebuild),
    Login(login::Login),
    Webhook(webhook::Webhook),
    Schema(schema::Schema),
    Keygen(keygen::Keygen),
    Sign(sign::Sign),
    Submit(submit::Submit),
    Approve(approve::Approve),
    Bench(bench::Bench),
}

impl Command {
    /// What is logged when RUST_LOG says nothing: a server tells what it does, a command only
    /// what is wrong.
    fn log_level(&self) -> &'static str {
        match self {
            Self::Serve(_) | Self::Demo(_) => "info,sea_orm_migration=warn,poem=warn",
            _ => "warn",
        }
    }
}

/// The whole command line, as the parser knows it: every command with its options and examples.
pub fn definition() -> clap::Command {
    Cli::command()
}

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    log_to_stderr(global.log, command.log_level());
    match execute(&global, command) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

fn execute(global: &Global, command: Command) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|why| Failure::other("threads cannot be started").because(&why))?;
    runtime.block_on(async {
        match command {
            Command::Init(init) => init.run(global).await,
            Command::Serve(serve) => serve.run(global).await,
            Command::Demo(demo) => demo.run(global).await,
            Command::Simulate(simulate) => simulate.run(global).await,
            Command::Import(import) => import.run(global).await,
            Command::Report(report) => report.run(global).await,
            Command::Verify(verify) => verify.run(global).await,
            Command::Rebuild(rebuild) => rebuild.run(global).await,
            Command::Login(login) => login.run(global).await,
            Command::Webhook(webhook) => webhook.run(global).await,
            Command::Schema(schema) => schema.run(),
            Command::Keygen(keygen) => keygen.run(),
            Command::Sign(sign) => sign.run(),
            Command::Submit(submit) => submit.run().await,
            Command::Approve(approve) => approve.run().await,
            Command::Bench(bench) => bench.run(global).await,
        }
        .map(|()| ExitCode::SUCCESS)
    })
}

impl Global {
    /// How a node over the data directory is opened.
    pub fn options(&self, serving: bool) -> Result<Options, Failure> {
        let options = Options { serving, ..self.options_to_read()? };
        Ok(match self.passphrase()? {
            Some(passphrase) => options.with_passphrase(passphrase),
            None => options,
        })
    }

    /// The same for a command that only reads and so needs no keys.
    pub fn options_to_read(&self) -> Result<Options, Failure> {
        let options = Options::new(&self.data);
        match &self.database {
            Some(address) => options
                .with_database(address.as_str())
                .map(|options| options.with_database_wait(Duration::from_secs(self.database_wait)))
                .map_err(|why| Failure::of(Kind::Input, &why)),
            None => Ok(options),
        }
    }

    /// The same for a command that needs a chain; makes nothing when there is none.
    pub async fn options_of_chain(&self, serving: bool) -> Result<Options, Failure> {
        let options = self.options(serving)?;
        let has_chain = begin::has_chain(&options).await.map_err(|why| Failure::of(Kind::Other, &why))?;
        match has_chain {
            true => Ok(options),
            false => {
                rollback::refuse_lost_chain(&options).await?;
                Err(StartError::NoChain(options.database).into())
            }
        }
    }

    fn passphrase(&self) -> Result<Option<String>, Failure> {
        if let Some(path) = &self.passphrase_file {
            let text = std::fs::read_to_string(path)
                .map_err(|why| Failure::other(format!("{} cannot be read", path.display())).because(&why))?;
            return Ok(Some(without_newline(text)));
        }
        match std::env::var("AQUEDUCT_PASSPHRASE") {
            Ok(passphrase) => Ok(Some(passphrase)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => {
                Err(Failure::input("AQUEDUCT_PASSPHRASE is not UTF-8 text").way_out("use --passphrase-file"))
            }
        }
    }
}

/// A passphrase file usually ends with a newline that is no part of the passphrase.
fn without_newline(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

fn log_to_stderr(format: LogFormat, level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init(),
        LogFormat::Json => lines.json().init(),
    }
}
