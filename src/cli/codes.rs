//! `docs/codes.md`: every stable code of the program, what it means and what to do about it.

use crate::api::codes::{self, Described};
use crate::server::websocket::close;

use super::failure::EXIT_CODES;

/// The page, in Markdown.
pub fn page() -> String {
    let mut page = "# Codes\n\n\
        Sentences may change; codes stay. Show the sentence to a person, and let a program look at the code. A code that \
        you do not know is one that was added: show its sentence.\n\n\
        This page is written by the program: `aqueduct schema --codes > docs/codes.md`.\n"
        .to_owned();
    page += "\n## User errors\n\n\
        What a rule refuses is in `userErrors` of a mutation's payload, each with `field`, `message` and one of these \
        codes (`RefusalCode`). Nothing was recorded, and the operation id may be used for a corrected attempt unless \
        said otherwise.\n";
    page += &described(&codes::refusals());
    page += "\n## Errors of requests\n\n\
        Errors of the whole request, or of a field, are in `errors`, with the code in `extensions.code`.\n";
    page += &described(&codes::errors());
    page += "\n## Closed connections\n\n\
        The code with which the server closes a WebSocket at `/graphql/ws` (`graphql-transport-ws`).\n";
    page += "\n| Code | Meaning and way out |\n|---|---|\n";
    for (code, meaning) in close::CODES {
        page += &format!("| {code} | {meaning} |\n");
    }
    page += "\n## Exit codes\n\nThe code with which a command ends.\n";
    page += "\n| Code | Meaning | What to do |\n|---|---|---|\n";
    for (code, meaning, advice) in EXIT_CODES {
        page += &format!("| {code} | {meaning} | {advice} |\n");
    }
    page
}

fn described(codes: &[Described]) -> String {
    let row = |of: &Described| format!("| `{}` | {} | {} |\n", of.code, of.meaning, of.advice);
    let rows: String = codes.iter().map(row).collect();
    format!("\n| Code | Meaning | What to do |\n|---|---|---|\n{rows}")
}
