//! `aqueduct schema`: prints the GraphQL schema.

use clap::Args;

use super::failure::Failure;
use super::output::print;

/// Prints the GraphQL schema (SDL) that a server of this version has.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aqueduct schema > schema.graphql")]
pub struct Schema {}

impl Schema {
    /// Prints it.
    pub fn run(&self) -> Result<(), Failure> {
        print(&crate::api::schema::sdl())
    }
}
