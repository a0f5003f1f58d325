//! Ten questions of a supervisor, asked over HTTP of the demonstration.
//!
//! Each document of `tests/questions` is answered as `seeds/README.md` says, leaf by leaf, and
//! `docs/questions.md` prints all of them. Every flag's amount is computed again from its operands.

mod shown;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aqueduct::ledger::registry::Role;
use aqueduct::server::options::Options;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::story::{Story, runtime, told};

use shown::shown;

/// Where the answers of a question stand in the README: below a heading with its name.
const README: &str = "seeds/README.md";
const DOCS: &str = "docs/questions.md";

/// A document with its variables.
struct Question {
    name: String,
    document: String,
    variables: Option<Value>,
}

impl Question {
    /// The sentence that the document begins with.
    fn sentence(&self) -> &str {
        self.document.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap()
    }
}

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Every document in order of its name; nothing else lies beside them.
fn questions() -> Vec<Question> {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in std::fs::read_dir(file("tests/questions")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let (stem, kind) = name.split_once('.').unwrap();
        names.entry(stem.to_owned()).or_default().push(kind.to_owned());
    }
    let read = |(name, mut kinds): (String, Vec<String>)| {
        kinds.sort();
        assert!(kinds == ["graphql"] || kinds == ["graphql", "json"], "{name}: {kinds:?}");
        let text = |kind: &str| std::fs::read_to_string(file(&format!("tests/questions/{name}.{kind}"))).unwrap();
        let variables = (kinds.len() == 2).then(|| serde_json::from_str(&text("json")).unwrap());
        Question { document: text("graphql"), variables, name }
    };
    names.into_iter().map(read).collect()
}

/// A server of the demonstration, and a login of the supervisor.
struct Asked {
    address: SocketAddr,
    token: String,
    _stop: watch::Sender<bool>,
}

impl Asked {
    async fn start(story: &Story) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let node = Arc::clone(&story.node);
        tokio::spawn(aqueduct::server::serve_with(node, listener, Options::default(), stopped));
        let token = story.login("Audit Office", Role::Supervisor).token.clone();
        Self { address, token, _stop: stop }
    }

    /// The data of an answer without errors.
    async fn data(&self, query: &str, variables: Option<&Value>) -> Value {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let head = format!(
            "POST /graphql HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAccept: application/json\r\n\
             Content-Type: application/json\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
            self.address,
            self.token,
            body.len()
        );
        let address = self.address;
        let exchange = move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            stream.write_all((head + &body).as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        };
        let answer = tokio::task::spawn_blocking(exchange).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        let mut answer: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"));
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"].take()
    }
}

/// The lines of tables below the README's heading of a question.
fn predicted(readme: &str, name: &str) -> String {
    let heading = format!("### {name}\n");
    let section = readme.split(&heading).nth(1).unwrap_or_default();
    let section = section.split("\n#").next().unwrap_or_default();
    section.lines().filter(|line| line.starts_with('|')).fold(String::new(), |text, line| text + line + "\n")
}

#[test]
fn ten_questions_are_answered_as_the_seeds_readme_predicts() {
    runtime().block_on(async {
        let asked = Asked::start(told().await).await;
        let readme = std::fs::read_to_string(file(README)).unwrap();
        let questions = questions();
        assert_eq!(questions.len(), 10);
        let mut page = String::from(PAGE);
        let mut wrong = String::new();
        for question in &questions {
            let data = asked.data(&question.document, question.variables.as_ref()).await;
            let tables = shown(&data, &question.document);
            let lines = tables.lines().filter(|line| line.starts_with('|'));
            let found = lines.fold(String::new(), |text, line| text + line + "\n");
            if found != predicted(&readme, &question.name) {
                wrong.push_str(&format!("### {}\n\n{tables}\n", question.name));
            }
            page.push_str(&printed(question, &tables));
        }
        assert!(wrong.is_empty(), "{README} says otherwise than these answers:\n\n{wrong}");
        if std::env::var_os("UPDATE_QUESTIONS").is_some() {
            std::fs::write(file(DOCS), &page).unwrap();
        }
        let kept = std::fs::read_to_string(file(DOCS)).unwrap_or_default();
        assert!(kept == page, "{DOCS} is not up to date; run this test with UPDATE_QUESTIONS=1 and review");
    });
}

const PAGE: &str = "# Ten questions of a supervisor

Each question is a document of `tests/questions`, with its variables beside it. The answers are those
of the demonstration (`aqueduct demo`) at the end of its story, as an officer of the Audit Office sees
them; `seeds/README.md` predicts them and says why. A server that goes on from there judges deadlines
at its last block: give `asOf: \"2026-10-20T12:00:00Z\"` where a field takes it. A test compares this
page with the program.
";

/// A question as the documentation prints it.
fn printed(question: &Question, tables: &str) -> String {
    let document = question.document.lines().skip(1).collect::<Vec<_>>().join("\n");
    let variables = question.variables.as_ref().map_or(String::new(), |variables| {
        format!("```json\n{}\n```\n\n", serde_json::to_string_pretty(variables).unwrap())
    });
    let sentence = question.sentence();
    format!("\n## {sentence}\n\n`{}.graphql`\n\n```graphql\n{document}\n```\n\n{variables}{tables}", question.name)
}

/// The value of an equation of names, whole numbers, `+` and `-`, worked out here and not by the
/// program.
fn worked_out(equation: &str, operands: &Value) -> i128 {
    let mut sum = 0;
    let mut sign = 1;
    for word in equation.split_whitespace() {
        match word {
            "+" => sign = 1,
            "-" => sign = -1,
            name => {
                if let Ok(number) = name.parse::<i128>() {
                    sum += sign * number;
                    continue;
                }
                let named = operands.as_array().unwrap().iter().find(|operand| operand["name"] == name);
                let value = named.unwrap_or_else(|| panic!("{equation} has no operand {name}"))["value"].as_str();
                sum += sign * value.unwrap().parse::<i128>().unwrap();
            }
        }
    }
    sum
}

#[test]
fn the_amount_of_every_flag_is_its_equation_worked_out() {
    runtime().block_on(async {
        let asked = Asked::start(told().await).await;
        let (mut after, mut flags) = (Value::Null, 0);
        loop {
            let query = "query($after: String) { flags(first: 100, after: $after) {
                nodes { rule { code } equation operands { name value } computation amount { amount } }
                pageInfo { hasNextPage endCursor } } }";
            let data = asked.data(query, Some(&json!({ "after": after }))).await;
            for flag in data["flags"]["nodes"].as_array().unwrap() {
                let value = worked_out(flag["equation"].as_str().unwrap(), &flag["operands"]);
                assert!(flag["computation"].as_str().unwrap().ends_with(&format!(" = {value}")), "{flag}");
                let amount = flag["amount"]["amount"].as_str().unwrap_or("0.00").replace('.', "");
                assert_eq!(amount.parse::<i128>().unwrap(), value, "{flag}");
                flags += 1;
            }
            if data["flags"]["pageInfo"]["hasNextPage"] == false {
                break;
            }
            after = data["flags"]["pageInfo"]["endCursor"].clone();
        }
        assert!(flags > 100, "{flags} flags");
    });
}
