//! `aqueduct init`: begins a chain and names its registrar.

use std::path::PathBuf;

use clap::Args;

use crate::chain::key::PublicKey;
use crate::service::begin::{self, Beginning, Begun};
use crate::service::node::Node;

use super::Global;
use super::failure::Failure;
use super::output::{print, read_input, write_secret};

const EXAMPLES: &str = "\
Examples:
  The node makes the registrar's key and keeps it, encrypted:
    aqueduct init --registrar \"National registry office\"

  The registrar's key never leaves its holder:
    aqueduct keygen registrar.key                        prints the public key
    aqueduct init --registrar-key ed25519:... > first.json
    aqueduct sign first.json --key registrar.key > first.dsse.json
    aqueduct init --envelope first.dsse.json";

/// Begins a chain in an empty data directory and names its registrar.
///
/// The registrar is the only party that the chain knows from its first entry on; it registers
/// everybody else. Prints the token of the registrar's login once: keep it, it cannot be shown
/// again.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Init {
    /// What people call the registrar.
    #[arg(long, default_value = "Registrar", value_name = "LABEL")]
    registrar: String,
    /// The registrar's public key, held by somebody else: prints the payload that the holder
    /// signs, and begins nothing yet.
    #[arg(long, value_name = "KEY", conflicts_with = "envelope")]
    registrar_key: Option<PublicKey>,
    /// The signed first payload: begins the chain with it.
    #[arg(long, value_name = "FILE", conflicts_with = "registrar")]
    envelope: Option<PathBuf>,
    /// Writes the login token to this new file, readable by its owner only, instead of printing
    /// it.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl Init {
    /// Begins the chain.
    pub async fn run(&self, global: &Global) -> Result<(), Failure> {
        let options = global.options(false)?;
        let beginning = Beginning { label: &self.registrar, demonstration: false };
        if let Some(key) = self.registrar_key {
            let now = options.clock.now().map_err(|why| Failure::other(why.to_string()))?;
            let payload = begin::first_payload(beginning, key, now).map_err(|why| Failure::input(why.to_string()))?;
            return print(&String::from_utf8_lossy(&payload));
        }
        let begun = match &self.envelope {
            Some(path) => begin::begin_signed(options, &read_input(path)?).await?,
            None => begin::begin(options, beginning).await?,
        };
        // Once through a start, so that the views hold the first block and a wrong key file or
        // passphrase shows now.
        let node = Node::open(global.options(false)?).await?;
        node.catch_up().await;
        node.stop().await;
        self.tell(global, &begun)
    }

    fn tell(&self, global: &Global, begun: &Begun) -> Result<(), Failure> {
        let login = match &self.token_file {
            Some(path) => {
                write_secret(path, format!("{}\n", begun.token).as_bytes())?;
                format!("in {}", path.display())
            }
            None => format!("{}   (shown once)", begun.token),
        };
        print(&format!(
            "A chain has begun in {}.\n\n  chain      {}\n  registrar  {} ({})\n  officer    {}\n  key        {} \
             ({})\n  login      {login}\n\nNext: aqueduct serve\n",
            global.options_to_read()?.database,
            begun.chain,
            begun.label,
            begun.party,
            begun.officer,
            PublicKey(begun.key.0),
            begun.custody.name(),
        ))
    }
}
