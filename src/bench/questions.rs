//! `report` and `trace`: what a supervisor asks, one question after the other on one
//! connection, while nothing is recorded.

use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::ledger::time::Millis;

use super::Plan;
use super::client::question;
use super::error::BenchError;
use super::host::Host;
use super::measurement::{Latencies, Measurement};

/// How often a question is asked at least, and at most.
const SAMPLES: (usize, usize) = (3, 300);

/// What the classes of a statement are asked for.
const STATEMENT: &str = "{ allocated { amount } surplus { amount } held { amount } inTransit { amount } \
                         overdue { amount } booked { amount } confirmed { amount } deducted { amount } \
                         returned { amount } disputed { amount } unaccounted { amount } }";

/// What the questions are about.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The id of a token that came over eight hops.
    pub token: String,
    /// A party that sends and receives.
    pub bureau: Uuid,
    /// A moment when the books were small.
    pub past: Millis,
}

/// A question with its name.
#[derive(Clone, Debug)]
pub struct Question {
    name: String,
    query: String,
}

impl Standing {
    /// Reports in every grouping, statements, the past, and lists.
    pub fn reports(&self) -> Vec<Question> {
        let Self { bureau, past, .. } = self;
        let groups = format!("{{ nodes {{ key hopLoss {{ amount }} narrowRate coverage statement {STATEMENT} }} }}");
        let report = |by: &str, arguments: &str| {
            let total = format!("total {{ statement {STATEMENT} }}");
            format!("{{ leakageReport(groupBy: {by}{arguments}) {{ {total} groups(first: 20) {groups} }} }}")
        };
        let mut questions: Vec<Question> = ["PROGRAMME", "CYCLE", "PURPOSE", "PARTY", "HOP_KIND"]
            .into_iter()
            .map(|by| Question::new(format!("report by {by}"), report(by, "")))
            .collect();
        questions.extend([
            Question::new("report by AREA", report("AREA", ", areaLevel: 2")),
            Question::new("report as of the past", report("PROGRAMME", &format!(", asOf: \"{past}\""))),
            Question::new("statement", format!("{{ statement {STATEMENT} }}")),
            Question::new("statement as of the past", format!("{{ statement(asOf: \"{past}\") {STATEMENT} }}")),
            Question::new("list of hops", "{ hops(first: 20) { nodes { id state } } }"),
            Question::new("list of hops from its end", "{ hops(last: 20) { nodes { id state } } }"),
            Question::new(
                "list of hops of a sender",
                format!("{{ hops(first: 20, filter: {{ from: \"{bureau}\" }}) {{ nodes {{ id state }} }} }}"),
            ),
            Question::new(
                "list of tokens of a holder",
                format!("{{ tokens(first: 20, filter: {{ holder: \"{bureau}\" }}) {{ nodes {{ id }} }} }}"),
            ),
        ]);
        questions
    }

    /// The way of a token that came over eight hops.
    pub fn traces(&self) -> Vec<Question> {
        let query = format!("{{ token(id: \"{}\") {{ trace {{ id kind state }} }} }}", self.token);
        vec![Question::new("trace", query)]
    }
}

impl Question {
    fn new(name: impl Into<String>, query: impl Into<String>) -> Self {
        Self { name: name.into(), query: query.into() }
    }
}

/// Asks each question many times, as long as the plan's window lasts.
pub async fn ask_all(
    plan: &Plan,
    host: &Host,
    login: &str,
    questions: &[Question],
    size: &str,
) -> Result<Vec<Measurement>, BenchError> {
    let mut client = host.client().await?;
    let mut figures = Vec::new();
    for Question { name, query } in questions {
        // Once beforehand, with the answer looked at: an error would be answered fastest.
        client.ask(login, query).await?;
        let (body, began) = (question(query), Instant::now());
        let mut latencies = Latencies::default();
        let is_enough = |samples: usize, elapsed: Duration| {
            samples >= SAMPLES.1 || (samples >= SAMPLES.0 && elapsed >= plan.window())
        };
        while !is_enough(latencies.len(), began.elapsed()) {
            let asked = Instant::now();
            client.post(login, body.clone()).await?;
            latencies.take(asked.elapsed());
        }
        figures.push(Measurement::new(format!("{name} p50"), size, latencies.at_ms(500), "ms"));
        figures.push(Measurement::new(format!("{name} p99"), size, latencies.at_ms(990), "ms"));
    }
    Ok(figures)
}
