//! `aqueduct submit`: hands a signed envelope in at a server.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::chain::envelope::Envelope;
use crate::chain::payload::Payload;

use super::client::ServerArgs;
use super::failure::Failure;
use super::handed_in;
use super::output::read_input;

const EXAMPLES: &str = "\
Examples:
  aqueduct sign payload.json --key maker.key > operation.dsse.json
  aqueduct submit operation.dsse.json --server https://books.example --login-file maker.token
  aqueduct submit whole.dsse.json --lines lines.txt --server http://127.0.0.1:8080 --login-file maker.token

The same envelope again is answered as it was the first time. An operation that needs two officers
waits after the first: the second hands in the same envelope with both signatures, or approves it.";

const SUBMIT: &str = "mutation($input: OperationSubmitInput!) { answer: operationSubmit(input: $input) { replayed \
                      entry { index } operation { status missing } userErrors { code message } } }";

/// Hands an envelope that its signers made themselves in at a server.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Submit {
    /// The DSSE envelope, as `aqueduct sign` prints it; `-` reads standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// The lines that go beside it, as `operationDraft` gave them, one on each line.
    #[arg(long, value_name = "FILE")]
    lines: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
}

impl Submit {
    /// Submits.
    pub async fn run(&self) -> Result<(), Failure> {
        let client = self.server.connect_always()?;
        let envelope = read_input(&self.file)?;
        let read = Envelope::parse_lenient(&envelope)
            .map_err(|why| Failure::input(format!("this is not an envelope: {why}")))?;
        let payload = Payload::parse(read.payload())
            .map_err(|why| Failure::input(format!("the envelope holds no operation: {why}")))?;
        let lines = self.lines.as_deref().map(read_input).transpose()?;
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(|_| Failure::input("the input is not UTF-8 text"));
        let mut input = json!({ "operationId": payload.id.to_string(), "envelope": text(envelope)? });
        if let Some(lines) = lines {
            input["lines"] = Value::String(text(lines)?);
        }
        let data = client.ask(SUBMIT, json!({ "input": input })).await?;
        handed_in::tell(&payload.id.to_string(), &data["answer"])
    }
}
