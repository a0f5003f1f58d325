//! The server that is measured: this program's own `serve`, in a process of its own, so that
//! its memory and its start are its own. It shares the machine's cores with who asks it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::service::address::Address;
use crate::service::node::Options;

use super::client::Client;
use super::error::BenchError;

/// How often a server is asked whether it is ready or in step, and a process whether it has ended.
const POLL: Duration = Duration::from_millis(10);

/// This program, run on a data directory.
#[derive(Clone, Debug)]
pub struct Program {
    /// The executable.
    pub path: PathBuf,
    /// What its books are called.
    pub name: String,
    /// The data directory.
    pub data: PathBuf,
    /// Its database; without one, its stores are files in the data directory.
    pub database: Option<Address>,
}

/// A running server. It is killed when this is dropped before it was stopped.
#[derive(Debug)]
pub struct Host {
    child: Running,
    /// Where it listens.
    pub address: String,
    /// From the start of the process to the first answer that it is ready.
    pub started_in: Duration,
}

/// A process that is killed when this is dropped before it has ended.
#[derive(Debug)]
struct Running(Child);

/// The figures of `/metrics`.
#[derive(Debug)]
pub struct Figures(BTreeMap<String, f64>);

impl Program {
    /// Starts a server and waits until it is ready.
    pub async fn serve(&self) -> Result<Host, BenchError> {
        // One login stands for the many of a payment day.
        let bounds = ["--login-requests", "1000000", "--login-sockets", "4096", "--login-streams", "4096"];
        self.start(&[&["serve"], bounds.as_slice()].concat()).await
    }

    /// Starts the server that checks one signature for each request and does nothing else.
    pub async fn serve_yardstick(&self) -> Result<Host, BenchError> {
        self.start(&["bench", "--yardstick"]).await
    }

    async fn start(&self, command: &[&str]) -> Result<Host, BenchError> {
        let began = Instant::now();
        let what = format!("{} {}", self.path.display(), command.join(" "));
        let spawned = self.command(&[&["--listen", "127.0.0.1:0"], command].concat()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|source| BenchError::Program { what: what.clone(), source })?;
        let mut lines = BufReader::new(child.stdout.take().expect("it was asked for above")).lines();
        let address = lines.find_map(|line| line.ok()?.split_once("http://").map(|(_, address)| address.to_owned()));
        let Some(address) = address else {
            // It has said why on standard error.
            let ended = child.wait();
            return Err(BenchError::Failed(format!("{what} did not start: {ended:?}")));
        };
        let mut host = Host { child: Running(child), address, started_in: Duration::ZERO };
        let mut client = host.client().await?;
        while client.get("/readyz").await?.0 != 200 {
            tokio::time::sleep(POLL).await;
        }
        host.started_in = began.elapsed();
        Ok(host)
    }

    /// Runs a command to its end; how long it took.
    pub async fn run(&self, args: &[&str]) -> Result<Duration, BenchError> {
        let what = format!("{} {}", self.path.display(), args.join(" "));
        let began = Instant::now();
        let failed = |source| BenchError::Program { what: what.clone(), source };
        let mut running = Running(self.command(args).stdout(Stdio::null()).spawn().map_err(failed)?);
        let status = running.ended().await.map_err(failed)?;
        match status.success() {
            true => Ok(began.elapsed()),
            false => Err(BenchError::Failed(format!("{what}: {status}"))),
        }
    }

    /// How its books are opened in this process.
    pub fn options(&self) -> Result<Options, BenchError> {
        let options = Options::new(&self.data);
        match &self.database {
            Some(address) => options.with_database(address.as_str()).map_err(BenchError::store),
            None => Ok(options),
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        command.arg("--data").arg(&self.data).args(args).stdin(Stdio::null());
        // As a variable, because it may hold a password. What this process was given for itself
        // does not fit books of their own.
        command.env_remove("AQUEDUCT_DATABASE").env_remove("AQUEDUCT_PASSPHRASE");
        command.envs(self.database.as_ref().map(|address| ("AQUEDUCT_DATABASE", address.as_str())));
        // A line for each request costs about as much as answering a small one.
        if std::env::var_os("RUST_LOG").is_none() {
            command.env("RUST_LOG", "warn");
        }
        command
    }
}

impl Host {
    /// A new connection.
    pub async fn client(&self) -> Result<Client, BenchError> {
        Client::open(&self.address).await
    }

    /// What it says of itself.
    pub async fn figures(&self) -> Result<Figures, BenchError> {
        let (status, page) = self.client().await?.get("/metrics").await?;
        let text = std::str::from_utf8(&page).ok().filter(|_| status == 200);
        let text = text.ok_or_else(|| BenchError::answer("to /metrics", &page))?;
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let sample = |line: &str| Some((line.rsplit_once(' ')?.0.to_owned(), line.rsplit_once(' ')?.1.parse().ok()?));
        Ok(Figures(samples.filter_map(sample).collect()))
    }

    /// Waits until the views hold all that was recorded.
    pub async fn in_step(&self) -> Result<(), BenchError> {
        while self.figures().await?.get("aqueduct_lag_entries") > 0.0 {
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Stops it in good order, as a service manager does.
    pub async fn stop(self) -> Result<(), BenchError> {
        if !is_told_to_end(&self.child.0) {
            return Err(BenchError::Failed("the server cannot be told to stop".to_owned()));
        }
        let mut host = self;
        match host.child.ended().await {
            Ok(status) if status.success() => Ok(()),
            ended => Err(BenchError::Failed(format!("the server did not stop in good order: {ended:?}"))),
        }
    }
}

impl Running {
    /// Waits for its end without a thread, so that nobody has to wait for it who no longer wants to.
    async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        loop {
            match self.0.try_wait()? {
                Some(status) => return Ok(status),
                None => tokio::time::sleep(POLL).await,
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Figures {
    /// A figure; 0 when it is not there.
    pub fn get(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0)
    }
}

/// The standard library only knows how to kill.
fn is_told_to_end(child: &Child) -> bool {
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    told.is_ok_and(|status| status.success())
}
