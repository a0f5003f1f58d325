//! The books of a server, for an import: every step is a request of its API.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::interchange::tally::Sums;
use crate::ledger::lines::RowLine;
use crate::ledger::money::{self, Currency, Minor};
use crate::ledger::operation::{Operation, TrackingImport};
use crate::ledger::time::Millis;
use crate::limits::IMPORTED_ROWS_MAX;
use crate::service::clock::Clock;
use crate::service::tracking::Content;
use crate::service::tracking::books::{Books, BooksError, Handed};

use super::client::{Client, ClientError};
use super::failure::Failure;

const VIEWER: &str = "query { viewer { officer party { id label } roles } }";

const WAITING: &str = "query($after: String) { viewer { inbox { operationsAwaitingOthers(first: 100, after: $after) { \
                       nodes { operationId } pageInfo { hasNextPage endCursor } } } } }";

const KNOWN: &str = "query($keys: [String!]!) { importedRows(keys: $keys) { key entry { index } } }";

const IMPORT: &str = "mutation($input: TrackingImportInput!) { answer: trackingImport(input: $input) { \
                      entry { index } operation { status } userErrors { code message } } }";

const APPROVE: &str = "mutation($input: OperationApproveInput!) { answer: operationApprove(input: $input) { \
                       entry { index } operation { status } userErrors { code message } } }";

const SUMS: &str = "query($index: LogIndex!) { log { entry(index: $index) { imported { rows official { amount } \
                    verified { amount } } } } }";

/// How often the books are asked for what they recorded, until readers see it: ten minutes.
const SEEN_ATTEMPTS_MAX: u32 = 1_200;

/// The pause between two such questions.
const SEEN_PAUSE_MS: u64 = 500;

/// The books of a server, by the logins of one or two officers.
pub struct ServerBooks {
    auditor: Client,
    approver: Option<Client>,
    /// Operations of an earlier run that wait for the approver.
    waiting: Vec<Uuid>,
    clock: Clock,
}

/// Who is logged in, as the server knows them.
struct Officer {
    officer: String,
    party: String,
    label: String,
    roles: Vec<String>,
}

impl ServerBooks {
    /// Looks who the officers are, and what of an earlier run still waits.
    pub async fn open(auditor: Client, approver: Option<Client>) -> Result<Self, Failure> {
        let first = officer(&auditor, "AUDITOR", "the first login").await?;
        if let Some(approver) = &approver {
            let second = officer(approver, "APPROVER", "the approver's login").await?;
            if first.party != second.party {
                return Err(Failure::refused(format!(
                    "the two logins are of different parties, {} and {}",
                    first.label, second.label
                ))
                .way_out("an import is stated by one party: by its auditor and its approver"));
            }
            if first.officer == second.officer {
                return Err(Failure::refused("the two logins are of the same officer")
                    .way_out("nobody signs alone for an import: give the login of another officer to approve it"));
            }
        }
        let waiting = waiting(&auditor).await?;
        Ok(Self { auditor, approver, waiting, clock: Clock::system() })
    }

    /// What became of an operation: its entry, or that it waits.
    async fn hand_in(
        &self,
        client: &Client,
        document: &str,
        input: Value,
    ) -> Result<(Option<u64>, String), BooksError> {
        let data = client.ask(document, json!({ "input": input })).await.map_err(unavailable)?;
        let answer = &data["answer"];
        if let Some(first) = answer["userErrors"].get(0) {
            return Err(refused(first));
        }
        let entry = answer["entry"]["index"].as_str().and_then(|index| index.parse().ok());
        Ok((entry, answer["operation"]["status"].as_str().unwrap_or_default().to_owned()))
    }
}

impl Books for ServerBooks {
    async fn known(&self, keys: &[[u8; 16]]) -> Result<BTreeSet<[u8; 16]>, BooksError> {
        let mut known = BTreeSet::new();
        for part in keys.chunks(IMPORTED_ROWS_MAX) {
            let texts: Vec<String> = part.iter().map(hex::encode).collect();
            let data = self.auditor.ask(KNOWN, json!({ "keys": texts })).await.map_err(unavailable)?;
            let rows = data["importedRows"].as_array().filter(|rows| rows.len() == part.len());
            let rows = rows.ok_or_else(|| strange("which rows it has"))?;
            known.extend(part.iter().zip(rows).filter(|(_, row)| !row["entry"].is_null()).map(|(key, _)| *key));
        }
        Ok(known)
    }

    async fn rehearse(&self, operation: &Operation) -> Result<(), BooksError> {
        let id = Content::of(operation).id_at(self.now()?);
        let mut input = input(id, operation)?;
        input["rehearse"] = true.into();
        self.hand_in(&self.auditor, IMPORT, input).await.map(drop)
    }

    async fn record(&self, operation: Operation) -> Result<Handed, BooksError> {
        let content = Content::of(&operation);
        let waiting = self.waiting.iter().copied().find(|id| content.is_of(*id));
        let id = match waiting {
            Some(id) => id,
            None => content.id_at(self.now()?),
        };
        let (entry, status) = self.hand_in(&self.auditor, IMPORT, input(id, &operation)?).await?;
        match (&self.approver, status.as_str()) {
            (Some(approver), "AWAITING_SIGNATURE") => {
                let (entry, _) = self.hand_in(approver, APPROVE, json!({ "operationId": id })).await?;
                let entry = entry.ok_or_else(|| strange("where it recorded an operation"))?;
                Ok(Handed { operation: id, entry: Some(entry) })
            }
            (None, "AWAITING_SIGNATURE") => Ok(Handed { operation: id, entry: None }),
            (_, "RECORDED") => Ok(Handed { operation: id, entry }),
            _ => Err(strange("what became of an operation")),
        }
    }

    async fn sums(&self, entries: &[u64]) -> Result<Sums, BooksError> {
        let mut sums = Sums::default();
        for entry in entries {
            let found = self.sums_of(*entry).await?;
            sums.purpose_rows += found.purpose_rows;
            sums.official_minor += found.official_minor;
            sums.verified_minor += found.verified_minor;
        }
        Ok(sums)
    }
}

impl ServerBooks {
    fn now(&self) -> Result<Millis, BooksError> {
        self.clock.now().map_err(|why| BooksError::Unavailable(Box::new(why)))
    }

    /// What the books say of one entry, once readers see it.
    async fn sums_of(&self, entry: u64) -> Result<Sums, BooksError> {
        for _ in 0..SEEN_ATTEMPTS_MAX {
            let data = self.auditor.ask(SUMS, json!({ "index": entry.to_string() })).await.map_err(unavailable)?;
            let found = &data["log"]["entry"]["imported"];
            if found.is_null() {
                tokio::time::sleep(Duration::from_millis(SEEN_PAUSE_MS)).await;
                continue;
            }
            let read = || {
                Some(Sums {
                    purpose_rows: found["rows"].as_u64()?,
                    official_minor: minor(&found["official"]["amount"])?,
                    verified_minor: minor(&found["verified"]["amount"])?,
                })
            };
            return read().ok_or_else(|| strange("what it recorded"));
        }
        Err(strange("what it recorded"))
    }
}

/// The digits of a decimal amount: its minor units, since every answer has the currency's places.
fn minor(amount: &Value) -> Option<i128> {
    amount.as_str()?.replace('.', "").parse().ok()
}

/// The officer of a login, who must have a role.
async fn officer(client: &Client, role: &str, which: &str) -> Result<Officer, Failure> {
    let data = client.ask_once(VIEWER, Value::Null).await?;
    let viewer = &data["viewer"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let roles = viewer["roles"].as_array().into_iter().flatten().map(text).collect();
    let officer = Officer {
        officer: text(&viewer["officer"]),
        party: text(&viewer["party"]["id"]),
        label: text(&viewer["party"]["label"]),
        roles,
    };
    match officer.roles.iter().any(|known| known == role) {
        true => Ok(officer),
        false => Err(Failure::refused(format!("{which} is of an officer of {} who is no {role}", officer.label))
            .way_out("an import is stated by an officer with the role AUDITOR and approved by one with APPROVER")),
    }
}

async fn waiting(client: &Client) -> Result<Vec<Uuid>, Failure> {
    let mut found = Vec::new();
    let mut after = Value::Null;
    loop {
        let data = client.ask(WAITING, json!({ "after": after })).await?;
        let page = &data["viewer"]["inbox"]["operationsAwaitingOthers"];
        let nodes = page["nodes"].as_array().into_iter().flatten();
        found.extend(nodes.filter_map(|node| Uuid::try_parse(node["operationId"].as_str()?).ok()));
        if page["pageInfo"]["hasNextPage"] != Value::Bool(true) {
            return Ok(found);
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

/// The operation as the API takes it.
fn input(id: Uuid, operation: &Operation) -> Result<Value, BooksError> {
    let Operation::TrackingImport(body, lines) = operation else {
        return Err(BooksError::Unavailable("only imports of tables are handed in here".into()));
    };
    let TrackingImport { currency, cycles, file, mapping, payees, programme, purposes, route } = body;
    let cycle = |cycle: &crate::ledger::time::Cycle| json!({ "label": cycle.label, "firstDay": cycle.first_day.to_string(), "lastDay": cycle.last_day.to_string() });
    let mut text = String::new();
    for line in lines {
        text.push_str(&row(line, *currency).to_string());
        text.push('\n');
    }
    Ok(json!({
        "operationId": id.to_string(),
        "programme": programme,
        "currency": currency.code(),
        "file": hex::encode(file.0),
        "mapping": hex::encode(mapping.0),
        "payees": payees,
        "levels": route,
        "purposes": purposes,
        "cycles": cycles.iter().map(cycle).collect::<Vec<_>>(),
        "lines": text,
    }))
}

fn row(line: &RowLine, currency: Currency) -> Value {
    let amount = |minor: Minor| money::print_decimal(minor.get(), currency);
    let mut row = json!({
        "number": line.number,
        "key": hex::encode(line.key),
        "route": line.route.join("/"),
        "cycle": line.cycle,
        "purpose": line.purpose,
        "official": amount(line.official),
        "verified": amount(line.verified),
    });
    if let Some(date) = line.date {
        row["date"] = date.to_string().into();
    }
    let quantities = [("officialQuantity", line.official_quantity), ("verifiedQuantity", line.verified_quantity)];
    for (name, quantity) in quantities {
        if let Some(quantity) = quantity {
            row[name] = money::print_quantity(quantity).into();
        }
    }
    row
}

fn refused(error: &Value) -> BooksError {
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    BooksError::Refused { code: text("code"), message: text("message") }
}

fn unavailable(error: ClientError) -> BooksError {
    BooksError::Unavailable(Box::new(error))
}

fn strange(what: &str) -> BooksError {
    BooksError::Unavailable(format!("the server does not say {what}").into())
}
