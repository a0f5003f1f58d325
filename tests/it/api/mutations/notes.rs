//! What is recorded and moves no money: people, entitlements, evidence, rules of programmes.

use serde_json::{Value, json};

use super::client::{Served, faults, inr, normal, recorded, text};
use crate::world::Actor;

fn lines(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn digest(byte: &str) -> String {
    byte.repeat(32)
}

/// The payload of a mutation that records at once, and is answered the same when it is sent again.
async fn record_twice(served: &Served, actor: &Actor, mutation: &str, fields: &str, input: Value) -> Value {
    let mut input = input;
    input["operationId"] = json!(served.world.next_id());
    let first = served.record(actor, mutation, fields, input.clone()).await;
    let mut expected = first.clone();
    expected["replayed"] = json!(true);
    served.world.node().catch_up().await;
    assert_eq!(served.record(actor, mutation, fields, input).await, expected, "{mutation}");
    first
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_registry_knows_of_people_is_recorded() {
    let served = Served::start().await;
    let world = &served.world;
    let (registrar, r1) = (world.registrar.clone(), world.recipients[0].clone());
    let officer = world.bureau.officers[0].0;
    let known = lines(&[
        json!({ "person": r1.party, "kind": "STATUS", "value": "ACTIVE", "since": "2024-10-01" }),
        json!({ "person": format!("rcp_{}", r1.party.simple()), "kind": "ACCOUNT", "value": digest("0a") }),
        json!({ "person": r1.party, "kind": "HOUSEHOLD", "value": world.next_id() }),
        json!({ "person": officer, "kind": "IDENTITY", "value": digest("0b") }),
    ]);
    let fields = "particulars { kind value status since recipient { label } officer by { label } entry { kind } }";
    let answer = record_twice(&served, &registrar, "recipientRecord", fields, json!({ "lines": known })).await;
    let one = |kind: &str, value: &str, since: &str| {
        json!({
            "kind": kind, "value": value, "status": null, "since": since, "recipient": { "label": "R1" },
            "officer": null, "by": { "label": "Registrar" }, "entry": { "kind": "RECIPIENT_RECORD" },
        })
    };
    let mut status = one("STATUS", "ACTIVE", "2024-10-01");
    status["status"] = json!("ACTIVE");
    let mut of_officer = one("IDENTITY", &digest("0b"), "2024-11-04");
    of_officer["recipient"] = Value::Null;
    of_officer["officer"] = json!("<uuid>");
    let account = one("ACCOUNT", &digest("0a"), "2024-11-04");
    let household = one("HOUSEHOLD", "<uuid>", "2024-11-04");
    let expected = json!({ "particulars": [status, account, household, of_officer] });
    assert_eq!(normal(&answer), recorded(expected, "RECIPIENT_RECORD", "Registrar", false));

    for (input, status) in [(json!({}), "SUSPENDED"), (json!({ "status": "DECEASED" }), "DECEASED")] {
        let mut input = input;
        input["recipient"] = json!(r1.party);
        input["since"] = json!("2024-11-02");
        let fields = "particular { status since recipient { label } }";
        let answer = record_twice(&served, &registrar, "recipientSuspend", fields, input).await;
        let particular = json!({ "status": status, "since": "2024-11-02", "recipient": { "label": "R1" } });
        let expected = json!({ "particular": particular });
        assert_eq!(answer, recorded(expected, "RECIPIENT_RECORD", "Registrar", false));
    }
    let of_bureau = json!({ "recipient": world.bureau.party, "since": "2024-11-02" });
    assert_eq!(served.refused(&registrar, "recipientSuspend", of_bureau).await, ["PARTY_KIND_WRONG at -"]);
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entitlements_evidence_and_rules_are_recorded() {
    let served = Served::start().await;
    let world = &served.world;
    let (treasury, bureau, r1) = (world.treasury.clone(), world.bureau.clone(), world.recipients[0].clone());
    let due = lines(&[json!({ "recipient": r1.party, "amount": "500", "due": "2024-11-15" })]);
    let input = json!({
        "programme": "PENSION", "cycle": "2024-11", "purpose": "PENSION", "currency": "INR", "lines": due,
    });
    let fields = "entitlements { recipient { label } programme { code } cycle purpose amount { amount } due }";
    let answer = record_twice(&served, &treasury, "entitlementSet", fields, input).await;
    let entitled = json!({ "entitlements": [{
        "recipient": { "label": "R1" }, "programme": { "code": "PENSION" }, "cycle": "2024-11", "purpose": "PENSION",
        "amount": { "amount": "500.00" }, "due": "2024-11-15T18:29:59.999Z",
    }] });
    assert_eq!(answer, recorded(entitled, "ENTITLEMENT_SET", "Treasury", false));

    let sent = served.sent(&treasury, &served.allocated().await, &bureau, "100").await;
    let later = served.sent(&treasury, &served.allocated().await, &bureau, "50").await;
    let shown = lines(&[
        json!({ "kind": "DOCUMENT", "hop": later, "amount": "40", "digest": digest("01"), "reference": "INV-7" }),
        json!({ "kind": "COLLECTED", "hop": sent, "digest": digest("02"), "agent": digest("03") }),
        json!({ "kind": "CONFIRMATION_REQUESTED", "hop": later, "at": "2024-11-01T00:00:00Z" }),
        json!({ "kind": "FIELD_VISIT", "party": r1.party }),
        json!({ "kind": "BALANCE", "party": bureau.party, "programme": "PENSION", "amount": "12.50" }),
    ]);
    let fields = "evidence { kind hop { id } party { label } programme { code } amount { amount currency } digest agent \
                  reference by { label } }";
    let input = json!({ "currency": "INR", "lines": shown });
    let answer = record_twice(&served, &bureau, "evidenceRecord", fields, input).await;
    let found = answer["evidence"].as_array().unwrap();
    assert_eq!(found[0]["hop"]["id"], json!(later), "each names its own hop");
    assert_eq!(found[1]["hop"]["id"], json!(sent));
    let expected = json!({
        "kind": "DOCUMENT", "hop": { "id": later }, "party": null, "programme": null,
        "amount": { "amount": "40.00", "currency": "INR" }, "digest": digest("01"), "agent": null,
        "reference": "INV-7", "by": { "label": "Bureau" },
    });
    assert_eq!(found[0], expected);
    assert_eq!((&found[1]["digest"], &found[1]["agent"]), (&json!(digest("02")), &json!(digest("03"))));
    assert_eq!(found[4]["amount"], json!({ "amount": "12.50", "currency": "INR" }));
    assert_eq!(found[4]["programme"], json!({ "code": "PENSION" }));

    let input = json!({
        "programme": "PENSION", "exclusive": ["PENSION"],
        "purposes": [{ "of": "PENSION", "to": ["WINTER"] }], "route": [{ "from": "state", "to": ["RECIPIENT"] }],
        "thresholds": [{ "name": "L05.days", "value": "9" }],
    });
    let fields = "programme { code rules { thresholds { name value } } } rules { exclusive { code } \
                  purposes { of to } route { from to } thresholds { name value default unit lowest highest text } }";
    let answer = served.record_by_two(&treasury, "programmeRulesSet", fields, input.clone()).await;
    for (name, value) in
        input.as_object().unwrap().iter().filter(|(name, _)| ["purposes", "route"].contains(&name.as_str()))
    {
        assert_eq!(answer["rules"][name], *value);
    }
    assert_eq!(answer["rules"]["exclusive"], json!([{ "code": "PENSION" }]));
    let all = answer["rules"]["thresholds"].as_array().unwrap();
    assert_eq!(all.len(), aqueduct::ledger::parameter::Parameter::ALL.len(), "those that were not set as well");
    let set = all.iter().find(|threshold| threshold["name"] == "L05.days").unwrap();
    let expected = json!({
        "name": "L05.days", "value": "9", "default": "15", "unit": "days", "lowest": "1", "highest": "3650",
        "text": "Money may lie so long with a party while entitlements below it are due.",
    });
    assert_eq!(*set, expected);
    let in_force = answer["programme"]["rules"]["thresholds"].as_array().unwrap();
    assert!(in_force.contains(&json!({ "name": "L05.days", "value": "9" })));
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_allocations_declare_and_banks_add_is_recorded() {
    let served = Served::start().await;
    let world = &served.world;
    let input = json!({
        "programme": "PENSION", "cycle": "2024-11", "purpose": "PENSION", "amount": inr("1000"),
        "declaredRecipients": 3, "declaredTotal": "900",
    });
    let fields = "token { id } allocation { declaredRecipients declaredTotal { amount } }";
    let answer = served.record_by_two(&world.treasury, "allocationCreate", fields, input).await;
    let declared = json!({ "declaredRecipients": 3, "declaredTotal": { "amount": "900.00" } });
    assert_eq!(answer["allocation"], declared);
    let input = json!({ "programme": "PENSION", "cycle": "2024-11", "purpose": "PENSION", "amount": inr("7") });
    let plain = served.record_by_two(&world.treasury, "allocationCreate", fields, input).await;
    assert_eq!(plain["allocation"], json!({ "declaredRecipients": null, "declaredTotal": null }));
    let token = text(&answer["token"]["id"]);
    let outputs = json!([{ "to": world.recipients[0].party, "amount": "100", "via": world.bank.party }]);
    let input = json!({ "token": token, "currency": "INR", "outputs": outputs });
    let sent = served.record(&world.treasury, "tokenDispatch", "hop { id }", input).await;
    let input = json!({
        "hop": sent["hop"]["id"], "returned": inr("100"), "reasonCode": "AC04", "valueDate": "2024-11-03",
    });
    let fields = "hop { bankEvidence { credited { amount } returned { amount } valueDate reasonCode by { label } } }";
    let answer = served.record(&world.bank, "bankEvidenceRecord", fields, input).await;
    let expected = json!([{
        "credited": null, "returned": { "amount": "100.00" }, "valueDate": "2024-11-03", "reasonCode": "AC04",
        "by": { "label": "Bank" },
    }]);
    assert_eq!(answer["hop"]["bankEvidence"], expected);
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_about_people_and_evidence_are_named() {
    let served = Served::start().await;
    let world = &served.world;
    let (registrar, treasury, bureau) = (&world.registrar, &world.treasury, &world.bureau);
    let r1 = world.recipients[0].party;
    let known = lines(&[
        json!({ "person": r1, "kind": "STATUS", "value": "GONE", "since": "2024-10-01" }),
        json!({ "person": r1, "kind": "NAME", "value": "Asha" }),
        json!({ "person": r1, "kind": "IDENTITY", "value": "123456789012" }),
        json!({ "person": r1, "kind": "IDENTITY", "value": digest("AB") }),
        json!({ "person": world.next_id(), "kind": "IDENTITY", "value": digest("0a") }),
        json!({ "person": r1, "kind": "HOUSEHOLD", "value": "h-7" }),
        json!({ "person": r1, "kind": "ACCOUNT", "value": digest("0a"), "since": "2024-13-01" }),
    ]);
    let expected = [
        "BAD_LINES at lines.0.value",
        "BAD_LINES at lines.1",
        "BAD_LINES at lines.2.value",
        "BAD_LINES at lines.3.value",
        "UNKNOWN_RECEIVER at lines.4.person",
        "BAD_LINES at lines.5.value",
        "BAD_LINES at lines.6.since",
    ];
    assert_eq!(served.refused(registrar, "recipientRecord", json!({ "lines": known })).await, expected);
    let since = lines(&[json!({ "person": r1, "kind": "STATUS", "value": "ACTIVE" })]);
    assert_eq!(served.refused(registrar, "recipientRecord", json!({ "lines": since })).await, ["MALFORMED at lines.0"]);
    assert_eq!(served.refused(bureau, "recipientRecord", json!({ "lines": since })).await, ["NO_KEY_HERE at -"]);

    let due = |line: Value| {
        json!({
            "programme": "PENSION", "cycle": "2024-11", "purpose": "PENSION", "currency": "INR",
            "lines": lines(&[line]),
        })
    };
    let bad = due(json!({ "recipient": "prt_x", "amount": "-1", "due": "soon" }));
    let expected = ["BAD_ID at lines.0.recipient", "AMOUNT_NEGATIVE at lines.0.amount", "BAD_LINES at lines.0.due"];
    assert_eq!(served.refused(treasury, "entitlementSet", bad).await, expected);
    let mut other = due(json!({ "recipient": r1, "amount": "1", "due": "2024-11-15" }));
    other["cycle"] = json!("1999-01");
    assert_eq!(served.refused(treasury, "entitlementSet", other.clone()).await, ["UNKNOWN_CYCLE at cycle"]);
    other["cycle"] = json!("2024-11");
    other["currency"] = json!("USD");
    assert_eq!(served.refused(treasury, "entitlementSet", other).await, ["WRONG_CURRENCY at currency"]);

    let sent = served.sent(treasury, &served.allocated().await, bureau, "100").await;
    let show = async |line: Value, currency: Value| {
        served.refused(bureau, "evidenceRecord", json!({ "currency": currency, "lines": lines(&[line]) })).await
    };
    let asked = |hop: &str| json!({ "kind": "CONFIRMATION_REQUESTED", "hop": hop });
    assert_eq!(show(asked("hop_zzzzzzzz"), Value::Null).await, ["UNKNOWN_REFERENCE at lines.0.hop"]);
    assert_eq!(show(asked("tok_0"), Value::Null).await, ["BAD_LINES at lines.0.hop"]);
    // The operation is there, and has no hop of that number.
    let mut absent = sent.clone();
    absent.pop();
    absent.push('7');
    assert_eq!(show(asked(&absent), Value::Null).await, ["UNKNOWN_REFERENCE at lines"]);
    let document = json!({ "kind": "DOCUMENT", "hop": sent, "amount": "1", "digest": digest("01") });
    assert_eq!(show(document.clone(), Value::Null).await, ["WRONG_CURRENCY at currency"]);
    assert_eq!(show(document, json!("JPY")).await, ["WRONG_CURRENCY at lines.0.amount"]);
    let balance = json!({ "kind": "BALANCE", "party": bureau.party, "programme": "X", "amount": "1" });
    assert_eq!(show(balance.clone(), json!("INR")).await, ["UNKNOWN_PROGRAMME at lines.0.programme"]);
    let mut balance = balance;
    balance["programme"] = json!("PENSION");
    assert_eq!(show(balance.clone(), json!("JPY")).await, ["WRONG_CURRENCY at lines.0.amount"]);
    balance["party"] = json!(treasury.party);
    assert_eq!(show(balance, json!("INR")).await, ["NOT_YOURS at lines"]);
    assert_eq!(show(json!({ "kind": "FIELD_VISIT" }), Value::Null).await, ["MALFORMED at lines.0"]);
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_out_of_their_range_are_refused() {
    let served = Served::start().await;
    let world = &served.world;
    let set = |thresholds: Value| json!({ "programme": "PENSION", "thresholds": thresholds });
    let cases = [
        (set(json!([{ "name": "L05.days", "value": "0" }])), "THRESHOLD_OUT_OF_RANGE at thresholds"),
        (set(json!([{ "name": "L05.days", "value": "3651" }])), "THRESHOLD_OUT_OF_RANGE at thresholds"),
        (set(json!([{ "name": "L05.days", "value": "1.5" }])), "MALFORMED at thresholds.0.value"),
        (set(json!([{ "name": "L99.days", "value": "1" }])), "MALFORMED at -"),
        (json!({ "programme": "PENSION", "exclusive": ["X"] }), "UNKNOWN_PROGRAMME at exclusive.0"),
        (json!({ "programme": "X" }), "UNKNOWN_PROGRAMME at programme"),
    ];
    for (input, expected) in cases {
        assert_eq!(served.refused(&world.treasury, "programmeRulesSet", input).await, [expected]);
    }
    let message = served
        .payload(&world.treasury, 0, "programmeRulesSet", "", set(json!([{ "name": "L05.days", "value": "0" }])))
        .await["userErrors"][0]["message"]
        .clone();
    assert_eq!(message, json!("L05.days is 1 to 3650, not 0"), "with its operands");
    let waiting = served.payload(&world.bureau, 0, "programmeRulesSet", "", set(json!([]))).await;
    assert_eq!(faults(&waiting), ["NO_KEY_HERE at -"]);
    served.end().await.stop().await;
}
