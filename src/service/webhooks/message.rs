//! What a receiver is told of a version of a finding.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::leakage::finding::Finding;
use crate::ledger::ids::PartyKey;
use crate::ledger::money::print_decimal;
use crate::ledger::state::Tables;
use crate::ledger::time::Millis;
use crate::service::public_id::place_text;

/// The id of a message: the same whenever this version is delivered to this receiver, also after the
/// findings were concluded anew and have other numbers, so that the receiver can drop repeats.
pub fn id(webhook: Uuid, finding: &Finding) -> String {
    let mut hash = Sha256::new();
    hash.update(b"aqueduct/webhook-message/v1\0");
    hash.update(webhook.as_bytes());
    hash.update(finding.id.as_bytes());
    for number in [finding.version, finding.rule_version] {
        hash.update(number.to_be_bytes());
    }
    hash.update(finding.changed.height.to_be_bytes());
    hash.update([u8::from(finding.resolved.is_some())]);
    hash.update(serde_json::to_vec(&finding.conclusion).expect("conclusions are plain JSON"));
    let digest = hash.finalize();
    let id = Uuid::new_v8(digest[..16].try_into().expect("a digest has 32 bytes"));
    format!("msg_{}", id.simple())
}

/// The body of a message, as JSON text. Amounts are decimal strings in the finding's currency; the
/// operands and the value of an equation are whole numbers in strings, of money in minor units.
pub fn body(finding: &Finding, tables: &Tables) -> String {
    let conclusion = &finding.conclusion;
    let area = conclusion.area.and_then(|area| tables.areas.iter().find(|(_, id)| **id == area));
    let party = |key: Option<PartyKey>| key.and_then(|key| tables.parties.get(&key)).map(|party| party.id);
    let operands: Vec<Value> = conclusion
        .equation
        .operands
        .iter()
        .map(|(name, value)| json!({ "name": name, "value": value.to_string() }))
        .collect();
    let data = json!({
        "finding": finding.id,
        "version": finding.version,
        "rule": finding.rule.code(),
        "ruleVersion": finding.rule_version,
        "title": finding.rule.title(),
        "severity": conclusion.severity.name(),
        "amount": conclusion.currency.map(|currency| print_decimal(conclusion.amount(), currency)),
        "currency": conclusion.currency.map(|currency| currency.code().to_owned()),
        "equation": {
            "text": conclusion.equation.text,
            "operands": operands,
            "value": conclusion.equation.value().map(|value| value.to_string()),
        },
        "responsible": party(conclusion.responsible).map(|id| format!("prt_{}", id.simple())),
        "counterparty": party(conclusion.counterparty).map(|id| format!("prt_{}", id.simple())),
        "recipient": party(conclusion.recipient).map(|id| format!("rcp_{}", id.simple())),
        "programme": conclusion.programme.map(|programme| format!("prg_{}", place_text(programme.0))),
        "cycle": conclusion.cycle,
        "purpose": conclusion.purpose,
        "area": area.map(|(path, _)| path),
        "hops": conclusion.hops.iter().map(|hop| format!("hop_{}", place_text(hop.0))).collect::<Vec<_>>(),
        "entries": conclusion.entries.iter().map(u64::to_string).collect::<Vec<_>>(),
        "score": conclusion.score.as_ref().map(|score| json!({ "equation": score.equation, "value": score.value })),
        "since": moment(conclusion.since),
        "raisedAt": finding.raised.time.to_string(),
        "changedAt": finding.changed.time.to_string(),
        "resolvedAt": moment(finding.resolved.map(|resolved| resolved.time)),
        "height": finding.changed.height.to_string(),
    });
    json!({ "type": kind(finding), "timestamp": finding.changed.time.to_string(), "data": data }).to_string()
}

/// What happened to the finding.
fn kind(finding: &Finding) -> &'static str {
    match (finding.resolved, finding.version) {
        (Some(_), _) => "flag.resolved",
        (None, 1) => "flag.raised",
        (None, _) => "flag.changed",
    }
}

fn moment(at: Option<Millis>) -> Option<String> {
    at.map(|at| at.to_string())
}
