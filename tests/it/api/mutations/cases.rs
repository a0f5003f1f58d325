//! Findings that are taken up, taken further and closed.

use serde_json::{Value, json};

use super::client::{Served, inr, normal, recorded, text};

const CASE: &str = "case { id finding rule ruleVersion state reported { amount } decided { amount } ordered { amount } \
                    booked { amount } accused { label } by { label } parties { label } deadline isOverdue reason \
                    hops { id } }";
const DEADLINE: &str = "2024-12-01T00:00:00.000Z";

/// A world in which the bureau lost 30.00 of 500.00 that it was sent.
struct Lost {
    served: Served,
    hop: String,
    missing: String,
}

async fn lost() -> Lost {
    let served = Served::start().await;
    let (treasury, bureau) = (served.world.treasury.clone(), served.world.bureau.clone());
    let hop = served.sent(&treasury, &served.allocated().await, &bureau, "500").await;
    let token = served.arrived(&bureau, &hop, "500").await;
    let input = json!({ "token": token, "amount": inr("30"), "reason": "stolen" });
    let answer = served.record(&bureau, "lossDeclare", "token { id }", input).await;
    Lost { missing: text(&answer["token"]["id"]), served, hop }
}

impl Lost {
    /// The input that takes the loss up.
    fn finding(&self) -> Value {
        json!({
            "finding": "0193a000-0000-8000-8000-000000000001", "rule": "L01", "ruleVersion": 2,
            "accused": self.served.world.bureau.party, "hops": [self.hop], "amount": inr("30"),
            "deadline": DEADLINE, "reason": "30.00 did not arrive",
        })
    }

    async fn taken_up(&self) -> String {
        let supervisor = &self.served.world.supervisor;
        text(&self.served.record(supervisor, "flagReview", "case { id }", self.finding()).await["case"]["id"])
    }

    async fn step(&self, case: &str, step: &str, amount: Option<&str>) -> Value {
        let amount = amount.map(inr);
        let input = json!({ "case": case, "step": step, "amount": amount, "deadline": DEADLINE, "reason": step });
        self.served.record(&self.served.world.supervisor, "caseStep", CASE, input).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_is_taken_up_traced_and_put_right() {
    let lost = lost().await;
    let (served, world) = (&lost.served, &lost.served.world);
    let mut first = lost.finding();
    first["operationId"] = json!(world.next_id());
    let opened = served.record(&world.supervisor, "flagReview", CASE, first.clone()).await;
    let case = json!({
        "id": "<case>", "finding": "<uuid>", "rule": "L01", "ruleVersion": 2, "state": "UNDER_REVIEW",
        "reported": { "amount": "30.00" }, "decided": null, "ordered": null, "booked": { "amount": "0.00" },
        "accused": { "label": "Bureau" }, "by": { "label": "Supervisor" },
        "parties": [{ "label": "Treasury" }, { "label": "Bureau" }], "deadline": DEADLINE, "isOverdue": false,
        "reason": "30.00 did not arrive", "hops": [{ "id": "<hop>" }],
    });
    assert_eq!(normal(&opened), recorded(json!({ "case": case }), "FLAG_REVIEW", "Supervisor", false));
    let id = text(&opened["case"]["id"]);

    assert_eq!(lost.step(&id, "TRACED", None).await["case"]["state"], "TRACED");
    assert_eq!(lost.step(&id, "DECIDED", Some("25")).await["case"]["decided"], json!({ "amount": "25.00" }));
    let ordered = lost.step(&id, "ORDERED", Some("20.5")).await;
    assert_eq!(ordered["case"]["ordered"], json!({ "amount": "20.50" }));
    assert_eq!(ordered["case"]["reason"], "ORDERED");

    let back = json!({ "token": lost.missing, "amount": inr("10"), "reason": "order 7", "case": id });
    let fields = "hop { id } case { id booked { amount } recoveries { id } }";
    let paid = served.record(&world.bureau, "recoveryRecord", fields, back).await;
    let booked = json!({ "id": id, "booked": { "amount": "10.00" }, "recoveries": [paid["hop"]] });
    assert_eq!(paid["case"], booked);
    let recovered = async || {
        let query = format!("{{ case(id: \"{id}\") {{ recovered {{ amount }} }} }}");
        let login = super::client::login(&world.supervisor, 0);
        served.ask(Some(login), &query, Value::Null).await["data"]["case"]["recovered"]["amount"].clone()
    };
    assert_eq!(recovered().await, json!("0.00"), "not before it arrives");
    served.arrived(&world.treasury, &text(&paid["hop"]["id"]), "9.5").await;
    world.node().catch_up().await;
    assert_eq!(recovered().await, json!("9.50"));

    let input = |operation: uuid::Uuid| json!({ "operationId": operation, "case": id, "outcome": "CORRECTED", "reason": "paid" });
    let operation = world.next_id();
    let fields = "case { state history { entry { kind } state reason booked { amount } } }";
    let waiting = served.payload(&world.supervisor, 0, "flagClose", fields, input(operation)).await;
    assert_eq!(waiting["operation"], json!({ "status": "AWAITING_SIGNATURE", "missing": [["APPROVER"]] }));
    assert_eq!(waiting["case"], Value::Null, "one officer alone closes nothing");
    let approve = json!({ "operationId": operation });
    served.payload(&world.supervisor, 1, "operationApprove", "", approve).await;
    let closed = served.payload(&world.supervisor, 0, "flagClose", fields, input(operation)).await;
    let version = |kind: &str, state: &str, reason: &str, booked: &str| json!({ "entry": { "kind": kind }, "state": state, "reason": reason, "booked": { "amount": booked } });
    let case = json!({ "state": "CLOSED", "history": [
        version("FLAG_REVIEW", "UNDER_REVIEW", "30.00 did not arrive", "0.00"),
        version("CASE_STEP", "TRACED", "TRACED", "0.00"),
        version("CASE_STEP", "TRACED", "DECIDED", "0.00"),
        version("CASE_STEP", "TRACED", "ORDERED", "0.00"),
        version("RECOVERY_RECORD", "TRACED", "ORDERED", "10.00"),
        version("FLAG_CLOSE", "CLOSED", "paid", "10.00"),
    ] });
    assert_eq!(closed, recorded(json!({ "case": case }), "FLAG_CLOSE", "Supervisor", true));

    let mut expected = opened.clone();
    expected["replayed"] = json!(true);
    let again = served.record(&world.supervisor, "flagReview", CASE, first).await;
    assert_eq!(again, expected, "the first answer again, though the case has ended since");
    lost.served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_rules_of_cases_refuse_is_named() {
    let lost = lost().await;
    let (served, world) = (&lost.served, &lost.served.world);
    let supervisor = &world.supervisor;
    let with = |field: &str, value: Value| {
        let mut input = lost.finding();
        input[field] = value;
        input
    };
    let findings = [
        (with("deadline", json!("2024-11-01T00:00:00Z")), "BAD_DEADLINE at deadline"),
        (with("deadline", json!("2030-11-01T00:00:00Z")), "BAD_DEADLINE at deadline"),
        (with("accused", json!(supervisor.party)), "PARTY_TO_THE_CASE at finding"),
        (with("accused", json!(world.next_id())), "UNKNOWN_RECEIVER at accused"),
        (with("hops", json!([lost.hop, "tok_0"])), "BAD_ID at hops.1"),
        (with("hops", json!(["hop_zzzzzzzz"])), "UNKNOWN_REFERENCE at hops.0"),
        (with("amount", inr("-1")), "AMOUNT_NEGATIVE at amount.amount"),
        (with("reason", json!("")), "MALFORMED at reason"),
        (with("rule", json!("")), "MALFORMED at rule"),
    ];
    for (input, expected) in findings {
        assert_eq!(served.refused(supervisor, "flagReview", input).await, [expected]);
    }
    assert_eq!(served.refused(&world.treasury, "flagReview", lost.finding()).await, ["NO_KEY_HERE at -"]);
    let case = lost.taken_up().await;
    assert_eq!(served.refused(supervisor, "flagReview", lost.finding()).await, ["CASE_OPEN at finding"]);

    let step = |step: &str, amount: Value| json!({ "case": case, "step": step, "amount": amount, "deadline": DEADLINE, "reason": "r" });
    let mut nowhere = step("TRACED", Value::Null);
    nowhere["case"] = json!("case_zzzzzzzz");
    let mut of_a_hop = nowhere.clone();
    of_a_hop["case"] = json!(lost.hop.replace("hop_", "case_"));
    let mut late = step("EXTENDED", Value::Null);
    late["deadline"] = json!("2024-11-01T00:00:00Z");
    let steps = [
        (nowhere, "UNKNOWN_REFERENCE at case"),
        (of_a_hop, "UNKNOWN_REFERENCE at case"),
        (late, "BAD_DEADLINE at deadline"),
        (step("DECIDED", inr("30.01")), "ABOVE_THE_LOSS at amount.amount"),
        (step("DECIDED", json!({ "amount": "30", "currency": "JPY" })), "WRONG_CURRENCY at amount.currency"),
        (step("DECIDED", Value::Null), "MALFORMED at -"),
    ];
    for (input, expected) in steps {
        assert_eq!(served.refused(supervisor, "caseStep", input).await, [expected]);
    }
    let close = |outcome: &str| json!({ "case": case, "outcome": outcome, "reason": "r" });
    assert_eq!(served.refused(supervisor, "flagClose", close("CORRECTED")).await, ["WRONG_CASE_STATE at case"]);

    let back =
        |amount: &str, case: &str| json!({ "token": lost.missing, "amount": inr(amount), "reason": "r", "case": case });
    lost.step(&case, "DECIDED", Some("5")).await;
    assert_eq!(
        served.refused(&world.bureau, "recoveryRecord", back("6", &case)).await,
        ["ABOVE_THE_LOSS at amount.amount"]
    );
    let unknown = lost.hop.replace("hop_", "case_");
    assert_eq!(
        served.refused(&world.bureau, "recoveryRecord", back("1", &unknown)).await,
        ["UNKNOWN_REFERENCE at case"]
    );
    served.record_by_two(supervisor, "flagClose", "case { state }", close("DISMISSED")).await;
    assert_eq!(served.refused(&world.bureau, "recoveryRecord", back("1", &case)).await, ["WRONG_CASE_STATE at case"]);
    assert_eq!(served.refused(supervisor, "caseStep", step("TRACED", Value::Null)).await, ["WRONG_CASE_STATE at case"]);
    lost.served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_who_had_a_key_of_the_accused_closes_nothing() {
    use aqueduct::ledger::operation::{KeyRevoke, Operation};
    use aqueduct::ledger::registry::{Custody, Role};
    let lost = lost().await;
    let (served, world) = (&lost.served, &lost.served.world);
    let case = lost.taken_up().await;
    // The second officer of the supervisor was an approver of the bureau for a while.
    let officer = world.supervisor.officers[1].0;
    let key = world.node().keyring().create(officer).await.unwrap();
    world.key(world.bureau.party, officer, key, &[Role::Approver], Custody::Node).await;
    let revoke = KeyRevoke { key, reason: "left".to_owned() };
    world.record(&world.registrar, Operation::KeyRevoke(revoke)).await;
    let operation = world.next_id();
    let close = json!({ "operationId": operation, "case": case, "outcome": "DISMISSED", "reason": "r" });
    let waiting = served.payload(&world.supervisor, 0, "flagClose", "", close.clone()).await;
    assert_eq!(waiting["operation"]["status"], "AWAITING_SIGNATURE");
    let approve = json!({ "operationId": operation });
    let refused = served.payload(&world.supervisor, 1, "operationApprove", "", approve).await;
    assert_eq!(refused["userErrors"][0]["code"], "PARTY_TO_THE_CASE", "{refused}");
    let query = format!("{{ case(id: \"{case}\") {{ state }} }}");
    let seen = served.ask(Some(super::client::login(&world.supervisor, 0)), &query, Value::Null).await;
    assert_eq!(seen["data"]["case"], json!({ "state": "UNDER_REVIEW" }));
    lost.served.end().await.stop().await;
}
