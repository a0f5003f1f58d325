//! `aqueduct approve`: signs operations that wait at a server, as their second officer.

use clap::Args;
use serde_json::json;
use uuid::Uuid;

use super::client::ServerArgs;
use super::failure::Failure;
use super::handed_in;

const EXAMPLES: &str = "\
Examples:
  aqueduct approve 0199f2c8-6b1e-7d3a-8c55-2f4be1a70c11 --server https://books.example --login-file head.token

Look at what you sign first: the server shows its bytes under operation(id) { payload lines }. Each is
approved by itself; the first that is refused ends the command, and those before it stay approved.";

const APPROVE: &str = "mutation($input: OperationApproveInput!) { answer: operationApprove(input: $input) { replayed \
                       entry { index } operation { status missing } userErrors { code message } } }";

/// Adds the second signature to operations that wait at a server, by a key that it keeps.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Approve {
    /// The operations, by their ids.
    #[arg(value_name = "OPERATION", required = true)]
    operations: Vec<Uuid>,
    #[command(flatten)]
    server: ServerArgs,
}

impl Approve {
    /// Approves.
    pub async fn run(&self) -> Result<(), Failure> {
        let client = self.server.connect_always()?;
        for id in &self.operations {
            let id = id.to_string();
            let data = client.ask(APPROVE, json!({ "input": { "operationId": id } })).await?;
            handed_in::tell(&id, &data["answer"])?;
        }
        Ok(())
    }
}
