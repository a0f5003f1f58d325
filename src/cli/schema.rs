//! `aqueduct schema`: prints the GraphQL schema.

use clap::Args;

use super::codes;
use super::failure::Failure;
use super::output::print;
use super::rules;

/// Prints the GraphQL schema (SDL) that a server of this version has.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aqueduct schema > schema.graphql")]
pub struct Schema {
    /// Prints docs/codes.md instead: every stable code of the program.
    #[arg(long, hide = true)]
    codes: bool,
    /// Prints docs/rules.md instead: what is looked for, with every threshold.
    #[arg(long, hide = true, conflicts_with = "codes")]
    rules: bool,
}

impl Schema {
    /// Prints it.
    pub fn run(&self) -> Result<(), Failure> {
        match (self.codes, self.rules) {
            (true, _) => print(&codes::page()),
            (_, true) => print(&rules::page()),
            _ => print(&crate::api::schema::sdl()),
        }
    }
}
