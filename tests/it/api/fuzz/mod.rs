//! Generated documents against the served schema: no server error, and no answer that
//! contradicts the schema.
//!
//! Documents are made from what introspection says, with arguments that are sometimes sensible
//! and sometimes not. The seed is printed; `AQUEDUCT_FUZZ_SEED` gives one again, and
//! `AQUEDUCT_FUZZ_DOCUMENTS` another number of documents.

mod check;
mod document;
mod random;
mod schema;
mod values;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::queries::client::{Served, login};
use document::Document;
use random::Random;
use schema::Schema;
use values::Known;

/// Documents that are sent when nobody says how many.
const DOCUMENTS: usize = 5_000;

/// Who sends them, in twenties: mostly who may see everything, now and then nobody.
const WHO: [usize; 20] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 5];

/// Connections that send them at the same time.
const SENDERS: usize = 4;

fn from_environment<T: std::str::FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn generated_documents_get_answers_that_fit_the_schema() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let seed = from_environment("AQUEDUCT_FUZZ_SEED").unwrap_or(u64::try_from(now % u128::from(u64::MAX)).unwrap());
    let documents = from_environment("AQUEDUCT_FUZZ_DOCUMENTS").unwrap_or(DOCUMENTS);
    eprintln!("AQUEDUCT_FUZZ_SEED={seed}");
    let served = Served::start().await;
    let schema = Schema::of(&served.ask(None, schema::INTROSPECTION, Value::Null).await);
    let known = Known::of(&served).await;
    let world = &served.world;
    // The registrar is not among them: it could take the keys of all of them away.
    let logins: Vec<Option<String>> = [&world.supervisor, &world.treasury, &world.county, &world.recipients[0]]
        .map(|actor| Some(login(actor).to_owned()))
        .into_iter()
        .chain([None, Some("aqd_nonsense".to_owned())])
        .collect();
    let told = Told::default();
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            for sender in 0..SENDERS {
                let (schema, known, logins, told, url) = (&schema, &known, &logins, &told, &served.url);
                scope.spawn(move || {
                    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
                    for number in (sender..documents).step_by(SENDERS) {
                        // Each has its own seed, so that one can be tried alone.
                        let mut random = Random::new(seed, number);
                        let login = logins[*random.one(&WHO)].as_deref();
                        let document = Document::make(schema, known, &mut random);
                        told.note(send(&agent, url, login, &document, schema).unwrap_or_else(|why| {
                            panic!(
                                "seed {seed}, document {number}: {why}\nlogin {login:?}\n{}\n{}",
                                document.text, document.variables
                            )
                        }));
                    }
                });
            }
        })
    });
    let [data, errors, both] = told.0.map(AtomicUsize::into_inner);
    eprintln!("{data} with data alone, {errors} with errors alone, {both} with both");
    assert!(data + both > documents / 3, "hardly any document was answered: {data} and {both} of {documents}");
    assert!(errors > documents / 20, "hardly any document was refused: {errors} of {documents}");
    assert_eq!(served.get("/readyz").await.text, "ready\n", "the server lives");
    let statement = served.world.statement().await;
    assert!(statement.closes(), "the books add up");
}

/// How many answers had data, errors, or both.
#[derive(Default)]
struct Told([AtomicUsize; 3]);

/// What an answer had.
enum Kind {
    Data,
    Errors,
    Both,
}

impl Told {
    fn note(&self, kind: Kind) {
        self.0[kind as usize].fetch_add(1, Ordering::Relaxed);
    }
}

/// Sends a document and checks the answer.
fn send(
    agent: &ureq::Agent,
    url: &str,
    login: Option<&str>,
    document: &Document,
    schema: &Schema,
) -> Result<Kind, String> {
    let mut request = agent.post(format!("{url}/graphql")).content_type("application/json");
    if let Some(login) = login {
        request = request.header("Authorization", format!("Bearer {login}"));
    }
    let body = json!({ "query": document.text, "variables": document.variables });
    let mut response = request.send(body.to_string()).map_err(|why| format!("no answer: {why}"))?;
    let status = response.status().as_u16();
    let text = response.body_mut().read_to_string().map_err(|why| format!("no text: {why}"))?;
    if status >= 500 {
        return Err(format!("status {status}: {text}"));
    }
    let answer: Value = serde_json::from_str(&text).map_err(|why| format!("no JSON ({why}): {text}"))?;
    check::answer(schema, document, &answer).map_err(|why| format!("{why}\n{answer}"))?;
    Ok(match (answer["data"].is_null(), answer.get("errors").is_some()) {
        (false, false) => Kind::Data,
        (false, true) => Kind::Both,
        (true, _) => Kind::Errors,
    })
}
