//! `aqueduct login`: makes a login for a registered officer.

use std::path::PathBuf;

use clap::Args;
use uuid::Uuid;

use crate::chain::key::PublicKey;
use crate::service::logins;

use super::Global;
use super::failure::{Failure, Kind};
use super::output::{print, write_secret};

const EXAMPLES: &str = "\
Examples:
  aqueduct login 7a1c7f6e-3c1b-4b57-9f7a-0d6f2b1f4e11 --party 0b9f0a52-8d1e-4c0e-9a53-5b6c1f20d7aa \\
      --label \"treasury, maker\"
  aqueduct login 7a1c7f6e-3c1b-4b57-9f7a-0d6f2b1f4e11 --party 0b9f0a52-8d1e-4c0e-9a53-5b6c1f20d7aa --new-key
      makes a key that this node keeps for the officer, to be registered with custody NODE";

/// Makes a login for an officer of this node and prints its token once.
///
/// What an officer may do is decided by the officer's registered keys, not by the login: before
/// a key of the officer is registered the login opens nothing. Works beside a running server.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Login {
    /// The officer's id, as it was or will be registered with the officer's key.
    #[arg(value_name = "OFFICER")]
    officer: Uuid,
    /// The party the officer speaks for.
    #[arg(long, value_name = "PARTY")]
    party: Uuid,
    /// What people call the login.
    #[arg(long, default_value = "officer", value_name = "LABEL")]
    label: String,
    /// Also makes a key for the officer, kept by the node, and prints its public key. Restart a
    /// running server afterwards: it reads its keys when it starts.
    #[arg(long)]
    new_key: bool,
    /// Writes the login token to this new file, readable by its owner only, instead of printing
    /// it.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl Login {
    /// Makes the login.
    pub async fn run(&self, global: &Global) -> Result<(), Failure> {
        let wanted = logins::NewLogin {
            officer: self.officer,
            party: self.party,
            label: self.label.clone(),
            new_key: self.new_key,
        };
        let made = logins::make(global.options(false)?, &wanted).await.map_err(|error| match &error {
            logins::LoginError::NoChain(_) => Failure::of(Kind::Input, &error).way_out("begin with `aqueduct init`"),
            logins::LoginError::Unlock(_) => Failure::of(Kind::Input, &error),
            _ => Failure::of(Kind::Other, &error),
        })?;
        if let Some(key) = made.key {
            print(&format!("key    {}\n", PublicKey(key.0)))?;
        }
        match &self.token_file {
            Some(path) => write_secret(path, format!("{}\n", made.token).as_bytes()),
            None => print(&format!("login  {}   (shown once)\n", made.token)),
        }
    }
}
