//! `aqueduct demo`: tells a story into an empty directory and serves it.

use std::net::ToSocketAddrs;
use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use crate::server::options::Options;
use crate::service::node::Node;
use crate::service::story::{self, DemoLogin, Told};

use super::Global;
use super::failure::{Failure, Kind};
use super::output::{print, write_secret};
use super::progress::Progress;
use super::serve::{listen, serve, stop_signal};

/// Where the logins of the story are kept, for their owner only.
const LOGINS_FILE: &str = "demo-logins.json";

/// Fills an empty data directory with a told story and serves it.
///
/// Everything in it is made up and signed by keys that this node made and keeps. The logins of
/// everybody in the story are written to demo-logins.json in the data directory. A directory
/// that holds the story already is served again; one with another chain is refused. Listens on
/// this machine only.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aqueduct demo\n  aqueduct --data /tmp/look --listen 127.0.0.1:9000 demo")]
pub struct Demo {}

impl Demo {
    /// Tells the story, unless it is there, and serves it.
    pub async fn run(&self, global: &Global) -> Result<(), Failure> {
        refuse_beyond_this_machine(&global.listen)?;
        let stop = stop_signal()?;
        let listener = listen(&global.listen).await?;
        let logins = global.data.join(LOGINS_FILE);
        let options = global.options(false)?;
        let told = story::told(&options).await.map_err(|why| Failure::of(Kind::Other, &why))?;
        if told != Told::Whole {
            let progress = Progress::begin("telling the story");
            let told = story::tell(options, |what, done, of| {
                progress.say(what);
                progress.at(done, of);
            })
            .await;
            progress.end();
            write_logins(&logins, &told?)?;
        }
        let node = Node::open(global.options(true)?).await?;
        match logins.exists() {
            true => print(&format!("Logins are in {}.\n", logins.display()))?,
            false => print(&format!("{} is gone; for its logins begin in an empty directory.\n", logins.display()))?,
        }
        serve(node, listener, Options::default(), stop).await
    }
}

fn write_logins(path: &Path, logins: &[DemoLogin]) -> Result<(), Failure> {
    let logins: Vec<Value> = logins
        .iter()
        .map(|login| {
            let roles: Vec<&str> = login.roles.iter().map(|role| role.name()).collect();
            json!({
                "party": login.party,
                "partyId": login.party_id.to_string(),
                "officer": login.officer,
                "officerId": login.officer_id.to_string(),
                "roles": roles,
                "token": login.token,
            })
        })
        .collect();
    write_secret(path, format!("{:#}\n", Value::Array(logins)).as_bytes())
}

/// Everybody in the story shares their secrets with who can read one file, so nobody else may
/// reach it.
fn refuse_beyond_this_machine(address: &str) -> Result<(), Failure> {
    let mut resolved =
        address.to_socket_addrs().map_err(|why| Failure::input(format!("{address} is no address")).because(&why))?;
    match resolved.all(|address| address.ip().is_loopback()) {
        true => Ok(()),
        false => Err(Failure::input(format!("a demonstration listens on this machine only, not on {address}"))
            .way_out("use --listen 127.0.0.1:8080")),
    }
}
