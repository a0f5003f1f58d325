//! Operations of two officers: waiting, approved, withdrawn, expired.

use aqueduct::limits;
use serde_json::{Value, json};

use super::client::{Served, faults, inr, login};

fn allocation(id: uuid::Uuid, amount: &str) -> Value {
    json!({
        "operationId": id, "programme": "PENSION", "cycle": "2024-11", "purpose": "PENSION", "amount": inr(amount),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allocation_waits_for_another_officer() {
    let served = Served::start().await;
    let treasury = served.world.treasury.clone();
    let before = served.standing().await;
    let id = served.world.next_id();
    let waiting = json!({
        "token": null, "entry": null, "operation": { "status": "AWAITING_SIGNATURE", "missing": [["APPROVER"]] },
        "replayed": false, "userErrors": [],
    });
    let field = "token { state }";
    let first = served.payload(&treasury, 0, "allocationCreate", field, allocation(id, "10")).await;
    assert_eq!(first, waiting);
    let again = served.payload(&treasury, 0, "allocationCreate", field, allocation(id, "10")).await;
    assert_eq!(again, waiting, "a retry changes nothing");
    assert_eq!(served.standing().await, before, "a draft reserves nothing");

    let approve = json!({ "operationId": id });
    let same = served.payload(&treasury, 0, "operationApprove", "", approve.clone()).await;
    assert_eq!(faults(&same), ["SAME_OFFICER at operationId"]);
    let county = served.world.county.clone();
    let foreign = served.payload(&county, 1, "operationApprove", "", approve.clone()).await;
    assert_eq!(faults(&foreign), ["NOT_WAITING at operationId"], "another party learns nothing of it");
    assert_eq!(served.standing().await, before);

    let approved = served.payload(&treasury, 1, "operationApprove", "", approve.clone()).await;
    let standing = |replayed: bool| {
        json!({
            "entry": { "kind": "ALLOCATION_CREATE", "party": { "label": "Treasury" } },
            "operation": { "status": "RECORDED", "missing": [] }, "replayed": replayed, "userErrors": [],
        })
    };
    assert_eq!(approved, standing(false));
    let approved = served.payload(&treasury, 1, "operationApprove", "", approve).await;
    assert_eq!(approved, standing(true), "an approval that is repeated is answered again");
    let stated = served.payload(&treasury, 0, "allocationCreate", field, allocation(id, "10")).await;
    let mut expected = standing(true);
    expected["token"] = json!({ "state": "HELD" });
    assert_eq!(stated, expected);

    let other = served.payload(&treasury, 0, "allocationCreate", field, allocation(id, "11")).await;
    assert_eq!(faults(&other), ["OPERATION_ID_REUSED at operationId"]);
    assert_eq!(other["operation"], json!({ "status": "RECORDED", "missing": [] }));
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_can_be_withdrawn() {
    let served = Served::start().await;
    let treasury = served.world.treasury.clone();
    let before = served.standing().await;
    let id = served.world.next_id();
    served.payload(&treasury, 0, "allocationCreate", "", allocation(id, "10")).await;
    let foreign = served.payload(&served.world.county, 0, "operationWithdraw", "", json!({ "operationId": id })).await;
    assert_eq!(faults(&foreign), ["NOT_WAITING at operationId"]);
    let withdrawn = served.payload(&treasury, 1, "operationWithdraw", "", json!({ "operationId": id })).await;
    let expired = json!({
        "entry": null, "operation": { "status": "EXPIRED", "missing": [] }, "replayed": false, "userErrors": [],
    });
    assert_eq!(withdrawn, expired);
    let late = served.payload(&treasury, 1, "operationApprove", "", json!({ "operationId": id })).await;
    assert_eq!(faults(&late), ["NOT_WAITING at operationId"]);
    let again = served.payload(&treasury, 0, "allocationCreate", "", allocation(id, "10")).await;
    assert_eq!(again["operation"]["status"], "EXPIRED");
    assert_eq!(served.standing().await, before);
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_too_long_expires() {
    let served = Served::start().await;
    let treasury = served.world.treasury.clone();
    let id = served.world.next_id();
    served.payload(&treasury, 0, "allocationCreate", "", allocation(id, "10")).await;
    served.world.pass(limits::VALIDITY_MS_MAX + 1_000);
    let before = served.standing().await;
    let late = served.payload(&treasury, 1, "operationApprove", "", json!({ "operationId": id })).await;
    assert_eq!(faults(&late), ["EXPIRED at operationId"]);
    let again = served.payload(&treasury, 0, "allocationCreate", "", allocation(id, "10")).await;
    assert_eq!(again["entry"], Value::Null);
    assert_eq!(served.standing().await, before);
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_revoked_meanwhile_voids_the_draft() {
    let served = Served::start().await;
    let treasury = served.world.treasury.clone();
    let registrar = served.world.registrar.clone();
    let id = served.world.next_id();
    served.payload(&treasury, 0, "allocationCreate", "", allocation(id, "10")).await;
    let officer = served.world.viewer(&treasury, 0);
    let key = format!("ed25519:{}", hex::encode(officer.keys[0].key.0));
    served.record(&registrar, "keyRevoke", "", json!({ "key": key, "reason": "left" })).await;
    let before = served.standing().await;
    let approved = served.payload(&treasury, 1, "operationApprove", "", json!({ "operationId": id })).await;
    assert_eq!(faults(&approved), ["REVOKED_KEY at -"]);
    assert_eq!(served.standing().await, before);
    let login = login(&treasury, 0);
    let body = served.send(Some(login), "allocationCreate", "", allocation(served.world.next_id(), "10")).await;
    assert_eq!(body["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "an officer without a key has no login");
    served.end().await.stop().await;
}
