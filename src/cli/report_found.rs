//! Reports of what was found: flags, and parties beside their peers; as a table, CSV or JSON.

use serde_json::{Map, Value};

use crate::leakage::finding::Finding;
use crate::ledger::ids::PartyKey;
use crate::ledger::money::{print_decimal, six_places};
use crate::ledger::state::Tables;
use crate::service::flags::Peer;
use crate::service::report::Answered;

use super::failure::Failure;
use super::table::{aligned_rows, printable};

/// A list of rows with named columns.
pub struct Sheet {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    /// Columns that a table for people leaves out.
    only_for_programs: Vec<usize>,
}

/// The flags of a report, the newest change first.
pub fn flags(answered: &Answered) -> Sheet {
    let head = vec![
        "rule",
        "severity",
        "title",
        "amount",
        "currency",
        "responsible",
        "counterparty",
        "programme",
        "cycle",
        "area",
        "since",
        "raised",
        "resolved",
        "computation",
        "score",
        "id",
        "version",
        "ruleVersion",
        "purpose",
        "entries",
    ];
    let rows = answered.findings.iter().map(|finding| flag(finding, &answered.tables)).collect();
    Sheet { head, rows, only_for_programs: vec![6, 7, 8, 10, 14, 15, 16, 17, 18, 19] }
}

fn flag(finding: &Finding, tables: &Tables) -> Vec<String> {
    let of = &finding.conclusion;
    let party =
        |key: Option<PartyKey>| key.and_then(|key| tables.parties.get(&key)).map_or(String::new(), |p| p.label.clone());
    let programme = of.programme.and_then(|id| tables.programmes.get(&id)).map_or(String::new(), |p| p.code.clone());
    let area =
        of.area.and_then(|id| tables.areas.iter().find(|(_, known)| **known == id)).map(|(path, _)| path.clone());
    let entries: Vec<String> = of.entries.iter().map(u64::to_string).collect();
    vec![
        finding.rule.code().to_owned(),
        of.severity.name().to_owned(),
        finding.rule.title().to_owned(),
        of.currency.map_or(String::new(), |currency| print_decimal(of.amount(), currency)),
        of.currency.map_or(String::new(), |currency| currency.code().to_owned()),
        party(of.responsible),
        party(of.counterparty),
        programme,
        of.cycle.clone().unwrap_or_default(),
        area.unwrap_or_default(),
        of.since.map_or(String::new(), |since| since.to_string()),
        finding.raised.time.to_string(),
        finding.resolved.map_or(String::new(), |moment| moment.time.to_string()),
        of.equation.to_string(),
        of.score.as_ref().map_or(String::new(), |score| format!("{} ({})", score.value, score.equation)),
        finding.id.to_string(),
        finding.version.to_string(),
        finding.rule_version.to_string(),
        of.purpose.clone().unwrap_or_default(),
        entries.join(" "),
    ]
}

/// The parties of a report beside their peers, the highest shrunk rate first.
pub fn peers(answered: &Answered) -> Sheet {
    let head = vec![
        "party",
        "level",
        "area",
        "hops",
        "sent",
        "lost",
        "currency",
        "rate",
        "shrunkRate",
        "probability",
        "probabilityAdjusted",
        "equation",
        "id",
    ];
    let rows = answered.peers.iter().map(|peer| beside(peer, &answered.tables)).collect();
    Sheet { head, rows, only_for_programs: vec![11, 12] }
}

fn beside(peer: &Peer, tables: &Tables) -> Vec<String> {
    let rate = &peer.rate;
    let six = |value| six_places(value).to_string();
    let area = tables.areas.iter().find(|(_, known)| **known == peer.party.area).map(|(path, _)| path.clone());
    vec![
        peer.party.label.clone(),
        peer.party.level.clone(),
        area.unwrap_or_default(),
        rate.hops.to_string(),
        print_decimal(rate.sent, peer.currency),
        print_decimal(rate.lost, peer.currency),
        peer.currency.code().to_owned(),
        rate.compared.map_or(String::new(), |compared| six(compared.rate)),
        rate.compared.map_or(String::new(), |compared| six(compared.shrunk)),
        rate.compared.map_or(String::new(), |compared| six(compared.p)),
        rate.adjusted.map_or(String::new(), six),
        rate.equation(),
        peer.party.id.to_string(),
    ]
}

impl Sheet {
    /// For people: the columns that tell most.
    pub fn table(&self) -> String {
        let shown: Vec<usize> = (0..self.head.len()).filter(|at| !self.only_for_programs.contains(at)).collect();
        let line = |cells: &dyn Fn(usize) -> String| shown.iter().map(|at| cells(*at)).collect::<Vec<String>>();
        let mut lines = vec![line(&|at| self.head[at].to_owned())];
        lines.extend(self.rows.iter().map(|row| line(&|at| printable(&row[at]))));
        match self.rows.is_empty() {
            true => "There is nothing of that.\n".to_owned(),
            false => aligned_rows(&lines, shown.len()),
        }
    }

    /// For spreadsheets, with every column.
    pub fn csv(&self) -> Result<String, Failure> {
        let failed = |why: csv::Error| Failure::other("the table cannot be written").because(&why);
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.head).map_err(failed)?;
        for row in &self.rows {
            writer.write_record(row.iter().map(|cell| harmless(cell))).map_err(failed)?;
        }
        let bytes = writer.into_inner().map_err(|why| Failure::other("the table cannot be written").because(&why))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// For programs: an array of objects; what is not there is null.
    pub fn json(&self) -> Value {
        let cell = |cell: &String| if cell.is_empty() { Value::Null } else { Value::from(cell.as_str()) };
        let row = |row: &Vec<String>| {
            let fields = self.head.iter().zip(row).map(|(name, value)| ((*name).to_owned(), cell(value)));
            Value::Object(fields.collect::<Map<String, Value>>())
        };
        Value::Array(self.rows.iter().map(row).collect())
    }
}

/// A text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, "CSV
/// injection"); a number with a sign is a number.
pub fn harmless(text: &str) -> String {
    let is_number = text.parse::<rust_decimal::Decimal>().is_ok();
    match text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && !is_number {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}
