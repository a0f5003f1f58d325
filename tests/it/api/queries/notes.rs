//! What is noted of people, hops and programmes, for who may see it.

use aqueduct::ledger::ids::HopId;
use aqueduct::ledger::lines::{EntitlementLine, EvidenceLine, ParticularLine};
use aqueduct::ledger::note::{EvidenceKind, Particular, PersonDigest, RecipientStatus};
use aqueduct::ledger::operation::*;
use serde_json::{Value, json};

use crate::world::{Actor, World, inr, minor, reference};

use super::client::{Served, text};

async fn entitle(world: &World, purpose: &str, lines: &[(&Actor, i64)]) {
    let body = EntitlementSet {
        currency: inr(),
        cycle: "2024-11".to_owned(),
        programme: "PENSION".to_owned(),
        purpose: purpose.to_owned(),
    };
    let line = |(of, amount): &(&Actor, i64)| EntitlementLine {
        recipient: of.party,
        amount: minor(*amount),
        due: "2024-11-15".parse().unwrap(),
    };
    world.record(&world.treasury, Operation::EntitlementSet(body, lines.iter().map(line).collect())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_is_due_is_what_was_stated_last_and_not_taken_back() {
    let served = Served::start().await;
    let world = &served.world;
    let [r1, r2] = [&world.recipients[0], &world.recipients[1]];
    entitle(world, "WINTER", &[(r1, 100), (r2, 100)]).await;
    entitle(world, "PENSION", &[(r1, 50_000), (r2, 50_000)]).await;
    entitle(world, "WINTER", &[(r1, 200)]).await;
    entitle(world, "PENSION", &[(r2, 0)]).await;
    world.node().catch_up().await;
    let of = async |asker: &Actor, of: &Actor| {
        let query = format!(
            "{{ recipient(id: \"{}\") {{ entitlements {{ purpose amount {{ amount }} cycle programme {{ code }} \
             recipient {{ label }} by {{ label }} }} }} }}",
            of.party
        );
        served.data(asker, &query).await["recipient"].clone()
    };
    let one = |label: &str, purpose: &str, amount: &str| {
        json!({
            "purpose": purpose, "amount": { "amount": amount }, "cycle": "2024-11", "programme": { "code": "PENSION" },
            "recipient": { "label": label }, "by": { "label": "Treasury" },
        })
    };
    let first = json!({ "entitlements": [one("R1", "PENSION", "500.00"), one("R1", "WINTER", "2.00")] });
    assert_eq!(of(&world.supervisor, r1).await, first);
    assert_eq!(of(&world.supervisor, r2).await, json!({ "entitlements": [one("R2", "WINTER", "1.00")] }));
    assert_eq!(of(r1, r1).await, first, "a recipient sees the own");
    assert_eq!(of(r2, r1).await, Value::Null, "and nobody else's");
    assert_eq!(of(&world.supervisor, &world.recipients[2]).await, json!({ "entitlements": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_a_person_is_shown_in_its_order() {
    let served = Served::start().await;
    let world = &served.world;
    let [r1, r2] = [&world.recipients[0], &world.recipients[1]];
    let status = |of: &Actor, status, since: &str| ParticularLine {
        person: of.party,
        particular: Particular::Status(status),
        since: since.parse().ok(),
    };
    let account = |of: &Actor, byte| ParticularLine {
        person: of.party,
        particular: Particular::Account(PersonDigest([byte; 32])),
        since: None,
    };
    let steps = [
        vec![status(r1, RecipientStatus::Active, "2024-01-01"), account(r2, 1), account(r1, 2)],
        vec![status(r1, RecipientStatus::Suspended, "2024-10-01")],
    ];
    for lines in steps {
        world.record(&world.registrar, Operation::RecipientRecord(RecipientRecord {}, lines)).await;
    }
    world.node().catch_up().await;
    let query = "{ recipients { nodes { label particulars { kind value since } } } }";
    let data = served.data(&world.supervisor, query).await;
    let own = json!({ "label": "R1", "particulars": [
        { "kind": "STATUS", "value": "ACTIVE", "since": "2024-01-01" },
        { "kind": "ACCOUNT", "value": "02".repeat(32), "since": "2024-11-04" },
        { "kind": "STATUS", "value": "SUSPENDED", "since": "2024-10-01" },
    ] });
    assert_eq!(data["recipients"]["nodes"][0], own);
    assert_eq!(data["recipients"]["nodes"][1]["particulars"].as_array().unwrap().len(), 1);
    assert_eq!(served.data(r1, query).await, json!({ "recipients": { "nodes": [own] } }));
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_is_shown_with_its_hop_alone() {
    let served = Served::start().await;
    let world = &served.world;
    let allocated = world.allocate(10_000).await;
    let to: Vec<(&Actor, i64)> = world.recipients.iter().map(|to| (to, 1_000)).collect();
    let sent = world.dispatch(&world.treasury, allocated, &to).await;
    let hop = reference(&sent, 1);
    let line = EvidenceLine {
        kind: EvidenceKind::Collected,
        hop: Some((0, 1)),
        party: None,
        programme: None,
        amount: None,
        at: None,
        digest: Some(PersonDigest([1; 32])),
        agent: Some(PersonDigest([2; 32])),
        reference: None,
    };
    let entries = vec![EntryReference { digest: hop.digest, operation: hop.operation }];
    world.record(&world.county, Operation::EvidenceRecord(EvidenceRecord { entries }, vec![line])).await;
    world.node().catch_up().await;
    let query =
        "{ hops(order: OLDEST_FIRST, filter: { from: \"PARTY\" }) { nodes { id to { label } evidence { kind digest \
                 agent hop { id } by { label } } bankEvidence { reasonCode } } } }"
            .replace("PARTY", &world.treasury.party.to_string());
    let data = served.data(&world.supervisor, &query).await;
    let hops: Vec<&Value> =
        data["hops"]["nodes"].as_array().unwrap().iter().filter(|hop| hop["to"]["label"] != "Bureau").collect();
    assert_eq!(hops.len(), 5);
    for (number, hop) in hops.iter().enumerate() {
        let shown = match number {
            1 => json!([{
                "kind": "COLLECTED", "digest": "01".repeat(32), "agent": "02".repeat(32), "hop": { "id": hop["id"] },
                "by": { "label": "County" },
            }]),
            _ => json!([]),
        };
        assert_eq!((&hop["evidence"], &hop["bankEvidence"]), (&shown, &json!([])), "hop {number}");
    }
    let query = format!("{{ hop(id: {}) {{ evidence {{ kind }} }} }}", hops[1]["id"]);
    let own = json!({ "hop": { "evidence": [{ "kind": "COLLECTED" }] } });
    assert_eq!(served.data(&world.recipients[1], &query).await, own);
    assert_eq!(served.data(&world.recipients[0], &query).await, json!({ "hop": null }));
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_of_a_person_is_not_shown_with_the_hops_to_that_person() {
    let served = Served::start().await;
    let world = &served.world;
    let allocated = world.allocate(10_000).await;
    let sent = world.dispatch(&world.treasury, allocated, &[(&world.recipients[0], 1_000)]).await;
    let line = |kind: EvidenceKind, hop, party| EvidenceLine {
        kind,
        hop,
        party,
        programme: None,
        amount: None,
        at: None,
        digest: None,
        agent: None,
        reference: None,
    };
    let lines = vec![
        line(EvidenceKind::ConfirmationRequested, Some((0, 0)), None),
        line(EvidenceKind::FieldVisit, None, Some(world.recipients[0].party)),
    ];
    let hop = reference(&sent, 0);
    let entries = vec![EntryReference { digest: hop.digest, operation: hop.operation }];
    world.record(&world.county, Operation::EvidenceRecord(EvidenceRecord { entries }, lines)).await;
    world.node().catch_up().await;
    let place = HopId(aqueduct::ledger::ids::Place::new(sent.recorded.entry, 0).unwrap());
    let visited = served.world.node().party_by_id(world.recipients[0].party).unwrap().key.0;
    let found = served.world.node().notes_about(&[place.0, visited]).await.unwrap();
    assert_eq!((found[&place.0].len(), found[&visited].len()), (1, 1));
    let query = format!(
        "{{ hops(filter: {{ to: \"{}\" }}) {{ nodes {{ evidence {{ kind }} }} }} }}",
        world.recipients[0].party
    );
    let data = served.data(&world.supervisor, &query).await;
    let expected = json!([{ "evidence": [{ "kind": "CONFIRMATION_REQUESTED" }] }, { "evidence": [] }]);
    assert_eq!(data["hops"]["nodes"], expected, "a visit is of a person, not of a hop");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_programme_shows_the_rules_set_last_or_the_defaults() {
    let served = Served::start().await;
    let world = &served.world;
    let query = "{ programme(id: \"PENSION\") { rules { setBy { kind } exclusive { code } route { from } \
                 thresholds { name value default } } } }";
    let rules = async || served.data(&world.supervisor, query).await["programme"]["rules"].clone();
    let differing = |rules: &Value| -> Vec<String> {
        let all = rules["thresholds"].as_array().unwrap().iter();
        all.filter(|of| of["value"] != of["default"]).map(|of| text(&of["name"])).collect()
    };
    let before = rules().await;
    assert_eq!((&before["setBy"], &before["exclusive"], &before["route"]), (&Value::Null, &json!([]), &json!([])));
    assert_eq!(differing(&before), Vec::<String>::new());
    for (name, value) in [("L05.days", 9), ("L21.hops", 3)] {
        let rules = Rules { thresholds: vec![Threshold { name: name.to_owned(), value }], ..Rules::default() };
        let set = RulesSet { programme: "PENSION".to_owned(), rules };
        world.record(&world.treasury, Operation::RulesSet(set)).await;
    }
    world.node().catch_up().await;
    let after = rules().await;
    assert_eq!(after["setBy"], json!({ "kind": "RULES_SET" }));
    assert_eq!(differing(&after), ["L21.hops"], "they replace those before");
}
