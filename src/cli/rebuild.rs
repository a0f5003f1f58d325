//! `aqueduct rebuild`: makes the views anew from the chain.

use clap::Args;

use crate::service::rebuild;

use super::Global;
use super::failure::Failure;
use super::output::print;
use super::progress::Progress;

/// Empties the views and makes them anew from the chain.
///
/// The chain is the truth and is only read: every block is checked again on the way. Needs the
/// directory for itself, so stop the server first. Interrupted, it goes on at the next start.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aqueduct rebuild && aqueduct verify")]
pub struct Rebuild {}

impl Rebuild {
    /// Rebuilds.
    pub async fn run(&self, global: &Global) -> Result<(), Failure> {
        let options = global.options_of_chain(false).await?;
        let progress = Progress::begin("making the views anew");
        let rebuilt = rebuild::rebuild(options, |done, of| progress.at(done, of)).await;
        progress.end();
        let rebuilt = rebuilt?;
        print(&format!("The views hold {} blocks with {} entries.\n", rebuilt.blocks, rebuilt.entries))
    }
}
