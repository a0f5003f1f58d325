//! Officers who keep their own keys: draft, sign, submit.

use aqueduct::chain::key::SecretKey;
use aqueduct::ledger::ids::KeyId;
use aqueduct::ledger::registry::{Custody, Role};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::client::{Served, faults, inr, text};
use crate::world::Actor;

const DRAFT: &str = "mutation($input: OperationDraftInput!) { operationDraft(input: $input) { \
    draft { kind payload payloadText payloadDigest signingBytes lines requirement } userErrors { field message code } } }";

/// A further officer of a party, who keeps the own key.
async fn holder(served: &Served, actor: &Actor, roles: &[Role]) -> (SecretKey, Actor) {
    let world = &served.world;
    let key = SecretKey::generate().unwrap();
    let officer = world.next_id();
    world.key(actor.party, officer, KeyId(key.public().0), roles, Custody::Holder).await;
    let token =
        world.node().store().add_login(officer, actor.party, "holder", world.clock.now().unwrap()).await.unwrap();
    (key, Actor { party: actor.party, label: actor.label.clone(), officers: vec![(officer, token.to_string())] })
}

async fn draft(served: &Served, actor: &Actor, kind: &str, input: Value) -> Value {
    let body = served.ask(Some(&actor.officers[0].1), DRAFT, json!({ "input": { kind: input } })).await;
    assert_eq!(body.get("errors"), None, "{body}");
    body["data"]["operationDraft"].clone()
}

/// An envelope as a client makes it, with signatures by these keys.
fn envelope(draft: &Value, keys: &[&SecretKey]) -> String {
    let bytes = STANDARD.decode(text(&draft["signingBytes"])).unwrap();
    let sign = |key: &&SecretKey| json!({ "keyid": key.public().to_string(), "sig": key.sign(&bytes).to_string() });
    json!({
        "payloadType": "application/vnd.aqueduct.operation+json",
        "payload": draft["payload"],
        "signatures": keys.iter().map(sign).collect::<Vec<_>>(),
    })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_key_signs_the_drafted_bytes() {
    let served = Served::start().await;
    let (key, holder) = holder(&served, &served.world.bureau, &[Role::Dispatcher, Role::Receiver]).await;
    let token = served.allocated().await;
    let hop = served.sent(&served.world.treasury, &token, &served.world.bureau, "100").await;
    let token = served.arrived(&served.world.bureau, &hop, "100").await;

    let id = served.world.next_id();
    let lines = json!({ "to": served.world.county.party, "amount": "12.50" }).to_string();
    let input = json!({ "operationId": id, "token": token, "currency": "INR", "lines": lines });
    let drafted = draft(&served, &holder, "tokenDispatch", input.clone()).await;
    assert_eq!(drafted["userErrors"], json!([]));
    let paper = &drafted["draft"];
    assert_eq!(paper["kind"], "TOKEN_DISPATCH");
    assert_eq!(paper["requirement"], json!([["DISPATCHER"]]));
    assert_eq!(paper["lines"].as_array().unwrap().len(), 1);
    let payload = STANDARD.decode(text(&paper["payload"])).unwrap();
    assert_eq!(String::from_utf8(payload.clone()).unwrap(), text(&paper["payloadText"]));
    let pae =
        [b"DSSEv1 39 application/vnd.aqueduct.operation+json ", payload.len().to_string().as_bytes(), b" ", &payload]
            .concat();
    assert_eq!(STANDARD.decode(text(&paper["signingBytes"])).unwrap(), pae);
    assert_eq!(draft(&served, &holder, "tokenDispatch", input).await, drafted, "the same bytes again");

    let submit = json!({
        "operationId": id, "envelope": envelope(paper, &[&key]), "lines": text(&paper["lines"][0]),
    });
    let before = served.standing().await;
    let answer =
        served.record(&holder, "operationSubmit", "entry { payloadDigest signers { custody } }", submit.clone()).await;
    assert_eq!(answer["entry"]["payloadDigest"], paper["payloadDigest"]);
    assert_eq!(answer["entry"]["signers"], json!([{ "custody": "HOLDER" }]));
    assert_eq!(served.standing().await.1, before.1 + 1);
    let again = served.record(&holder, "operationSubmit", "", submit).await;
    assert_eq!(again["replayed"], json!(true));
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_holder_signs_the_same_bytes() {
    let served = Served::start().await;
    let (first, maker) = holder(&served, &served.world.treasury, &[Role::Allocator]).await;
    let (second, checker) = holder(&served, &served.world.treasury, &[Role::Approver]).await;
    let id = served.world.next_id();
    let input = json!({
        "operationId": id, "programme": "PENSION", "cycle": "2024-11", "purpose": "PENSION", "amount": inr("5"),
    });
    let drafted = draft(&served, &maker, "allocationCreate", input).await;
    assert_eq!(drafted["draft"]["requirement"], json!([["ALLOCATOR"], ["APPROVER"]]));
    let paper = &drafted["draft"];
    let submit = |keys: &[&SecretKey]| json!({ "operationId": id, "envelope": envelope(paper, keys) });
    let waiting = served.payload(&maker, 0, "operationSubmit", "", submit(&[&first])).await;
    assert_eq!(waiting["operation"], json!({ "status": "AWAITING_SIGNATURE", "missing": [["APPROVER"]] }));
    let again = served.payload(&maker, 0, "operationSubmit", "", submit(&[&first])).await;
    assert_eq!(again["operation"], waiting["operation"]);
    let approve = served.payload(&checker, 0, "operationApprove", "", json!({ "operationId": id })).await;
    assert_eq!(faults(&approve), ["NO_KEY_HERE at -"], "the server does not hold this officer's key");
    served.record(&checker, "operationSubmit", "", submit(&[&second])).await;
    let whole = served.record(&maker, "operationSubmit", "", submit(&[&first, &second])).await;
    assert_eq!(whole["replayed"], json!(true));
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_envelopes_are_refused_and_change_nothing() {
    let served = Served::start().await;
    let (key, holder) = holder(&served, &served.world.treasury, &[Role::Allocator, Role::Dispatcher]).await;
    let stranger = SecretKey::generate().unwrap();
    let id = served.world.next_id();
    let cycle = json!({ "label": "2026-12", "firstDay": "2026-12-01", "lastDay": "2026-12-31" });
    let input = json!({ "operationId": id, "programme": "PENSION", "cycle": cycle, "amount": inr("5") });
    let drafted = draft(&served, &holder, "budgetAppropriate", input).await;
    let paper = &drafted["draft"];
    let good = envelope(paper, &[&key]);

    let changed = |from: &str, to: &str| {
        let mut whole: Value = serde_json::from_str(&good).unwrap();
        let payload = text(&paper["payloadText"]).replace(from, to);
        whole["payload"] = json!(STANDARD.encode(payload));
        whole.to_string()
    };
    let submit = |envelope: String| json!({ "operationId": id, "envelope": envelope });
    let cases = [
        ("not json".to_owned(), "MALFORMED at envelope"),
        ("{}".to_owned(), "MALFORMED at envelope"),
        (good.replace("aqueduct.operation", "aqueduct.poem"), "MALFORMED at envelope"),
        (changed("\"500\"", "\"600\""), "BAD_SIGNATURE at envelope"),
        (changed("\"500\"", "\"-500\""), "BAD_SIGNATURE at envelope"),
        (changed("BUDGET_APPROPRIATE", "MONEY_PRINT"), "BAD_SIGNATURE at envelope"),
        (envelope(paper, &[&stranger]), "UNKNOWN_KEY at envelope"),
        (envelope(paper, &[&key, &key]), "MALFORMED at envelope"),
    ];
    for (envelope, expected) in cases {
        assert_eq!(
            served.refused(&holder, "operationSubmit", submit(envelope.clone())).await,
            [expected],
            "{envelope}"
        );
    }
    let mut other = submit(good.clone());
    other["operationId"] = json!(served.world.next_id());
    assert_eq!(served.refused(&holder, "operationSubmit", other).await, ["BAD_OPERATION_ID at operationId"]);
    let mut lines = submit(good.clone());
    lines["lines"] = json!("a line that nobody signed");
    assert_eq!(served.refused(&holder, "operationSubmit", lines).await, ["BAD_LIST at lines"]);
    assert_eq!(
        served.refused(&served.world.county, "operationSubmit", submit(good.clone())).await,
        ["NOT_YOURS at envelope"]
    );

    // The same bytes are good until their time runs out or the key is revoked.
    let registrar = served.world.registrar.clone();
    let revoke = json!({ "key": key.public().to_string(), "reason": "lost" });
    let (other_key, other) = self::holder(&served, &served.world.treasury, &[Role::Allocator]).await;
    served.record(&registrar, "keyRevoke", "", revoke).await;
    assert_eq!(served.refused(&other, "operationSubmit", submit(good)).await, ["REVOKED_KEY at envelope"]);
    served.world.pass(aqueduct::limits::VALIDITY_MS_MAX + 1_000);
    let late = submit(envelope(paper, &[&other_key]));
    assert_eq!(served.refused(&other, "operationSubmit", late).await, ["EXPIRED at operationId"]);
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_names_every_fault_and_exactly_one_kind() {
    let served = Served::start().await;
    let treasury = served.world.treasury.clone();
    let id = served.world.next_id();
    let input = json!({
        "operationId": id, "programme": "NOWHERE", "cycle": "2024-11", "purpose": "PENSION", "amount": inr("1.234"),
    });
    let drafted = draft(&served, &treasury, "allocationCreate", input.clone()).await;
    assert_eq!(drafted["draft"], Value::Null);
    assert_eq!(faults(&drafted), ["UNKNOWN_PROGRAMME at programme", "AMOUNT_TOO_MANY_DECIMALS at amount.amount"]);
    let two = json!({ "input": { "allocationCreate": input, "tokenSplit": null } });
    let body = served.ask(Some(&treasury.officers[0].1), DRAFT, two).await;
    assert_eq!(super::client::error_code(&body), "GRAPHQL_VALIDATION_FAILED");
    served.end().await.stop().await;
}
