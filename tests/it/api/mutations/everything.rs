//! The happy path of every mutation, each answer compared whole.

use serde_json::{Value, json};

use super::client::{Served, inr, login, normal, recorded, text};

const HOP: &str = "hop { kind state to { label } dispatched { amount } acknowledged { amount } shortfall { amount } refused { amount } }";

fn hop(kind: &str, state: &str, to: &str, figures: [Option<&str>; 4]) -> Value {
    let money = |amount: Option<&str>| amount.map(|amount| json!({ "amount": amount }));
    json!({
        "kind": kind, "state": state, "to": { "label": to },
        "dispatched": money(figures[0]), "acknowledged": money(figures[1]),
        "shortfall": money(figures[2]), "refused": money(figures[3]),
    })
}

fn held(amount: &str) -> Value {
    json!({ "id": "<tok>", "state": "HELD", "amount": { "amount": amount, "currency": "INR" } })
}

const TOKEN: &str = "id state amount { amount currency }";

#[tokio::test(flavor = "multi_thread")]
async fn parties_keys_and_recipients_are_registered() {
    let served = Served::start().await;
    let registrar = served.world.registrar.clone();
    let input = json!({ "kind": "END_PAYEE", "label": "Ford School", "level": "school", "area": "North/Hill/Ford" });
    let answer = served.record(&registrar, "partyRegister", "party { id kind label level area }", input).await;
    let party = json!({
        "id": "<prt>", "kind": "END_PAYEE", "label": "Ford School", "level": "school", "area": "North/Hill/Ford",
    });
    assert_eq!(normal(&answer), recorded(json!({ "party": party }), "PARTY_REGISTER", "Registrar", false));

    let id = served.world.next_id();
    let key = json!({
        "operationId": id, "party": answer["party"]["id"], "custody": "NODE", "roles": ["DISPATCHER", "RECEIVER"],
    });
    let fields = "key { publicKey officer party { label } roles custody revokedBy { kind } }";
    let first = served.record(&registrar, "keyRegister", fields, key.clone()).await;
    let expected = |revoked: Value| {
        json!({ "key": {
            "publicKey": "<key>", "officer": "<uuid>", "party": { "label": "Ford School" },
            "roles": ["DISPATCHER", "RECEIVER"], "custody": "NODE", "revokedBy": revoked,
        }})
    };
    assert_eq!(normal(&first), recorded(expected(Value::Null), "KEY_REGISTER", "Registrar", false));
    let again = served.record(&registrar, "keyRegister", fields, key).await;
    assert_eq!(again["key"], first["key"], "a retry registers the same key");
    assert_eq!(again["replayed"], json!(true));

    let revoke = json!({ "key": first["key"]["publicKey"], "reason": "lost" });
    let answer = served.record(&registrar, "keyRevoke", fields, revoke).await;
    let revoked = expected(json!({ "kind": "KEY_REVOKE" }));
    assert_eq!(normal(&answer), recorded(revoked, "KEY_REVOKE", "Registrar", false));

    let lines = "{\"label\":\"A\",\"area\":\"North/Lake\"}\n{\"label\":\"B\",\"area\":\"North/Lake\"}\n";
    let answer =
        served.record(&registrar, "recipientEnrol", "recipients { id label area }", json!({ "lines": lines })).await;
    let one = |label: &str| json!({ "id": "<rcp>", "label": label, "area": "North/Lake" });
    let enrolled = json!({ "recipients": [one("A"), one("B")] });
    assert_eq!(normal(&answer), recorded(enrolled, "RECIPIENT_ENROL", "Registrar", false));
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_set_aside_split_sent_and_acknowledged() {
    let served = Served::start().await;
    let (treasury, bureau) = (served.world.treasury.clone(), served.world.bureau.clone());
    let define = json!({
        "code": "SCHOOL", "label": "School meals", "currency": "INR", "utcOffsetMinutes": 330,
        "allowedDays": { "transfer": 3, "delivery": 5, "return": 5, "recovery": 10 },
        "deductions": [{ "code": "FEE", "capAmount": "2.50", "capMillionths": 10000 }],
    });
    let fields = "programme { code label currency utcOffsetMinutes allowedDays { transfer delivery return recovery } \
                  deductions { code capAmount { amount } capShare } }";
    let answer = served.record_by_two(&treasury, "programmeDefine", fields, define).await;
    let programme = json!({ "programme": {
        "code": "SCHOOL", "label": "School meals", "currency": "INR", "utcOffsetMinutes": 330,
        "allowedDays": { "transfer": 3, "delivery": 5, "return": 5, "recovery": 10 },
        "deductions": [{ "code": "FEE", "capAmount": { "amount": "2.50" }, "capShare": "0.010000" }],
    }});
    assert_eq!(answer, recorded(programme, "PROGRAMME_DEFINE", "Treasury", true));

    let cycle = json!({ "label": "2026-12", "firstDay": "2026-12-01", "lastDay": "2026-12-31" });
    let input = json!({ "programme": "SCHOOL", "cycle": cycle, "amount": inr("5000") });
    let fields = "programme { code } cycle { label firstDay lastDay appropriated { amount } allocated { amount } }";
    let answer = served.record(&treasury, "budgetAppropriate", fields, input).await;
    let appropriated = json!({
        "programme": { "code": "SCHOOL" },
        "cycle": {
            "label": "2026-12", "firstDay": "2026-12-01", "lastDay": "2026-12-31",
            "appropriated": { "amount": "5000.00" }, "allocated": { "amount": "0.00" },
        },
    });
    assert_eq!(answer, recorded(appropriated, "BUDGET_APPROPRIATE", "Treasury", false));

    let input = json!({ "programme": "SCHOOL", "cycle": "2026-12", "purpose": "MEALS", "amount": inr("1000") });
    let fields =
        format!("allocation {{ id cycle purpose amount {{ amount }} treasury {{ label }} }} token {{ {TOKEN} }}");
    let answer = served.record_by_two(&treasury, "allocationCreate", &fields, input).await;
    let allocated = json!({
        "allocation": {
            "id": "<alc>", "cycle": "2026-12", "purpose": "MEALS", "amount": { "amount": "1000.00" },
            "treasury": { "label": "Treasury" },
        },
        "token": held("1000.00"),
    });
    assert_eq!(normal(&answer), recorded(allocated, "ALLOCATION_CREATE", "Treasury", true));

    let input = json!({ "token": answer["token"]["id"], "currency": "INR", "parts": ["900", "100.00"] });
    let answer = served.record(&treasury, "tokenSplit", &format!("tokens {{ {TOKEN} }}"), input).await;
    let parts = json!({ "tokens": [held("900.00"), held("100.00")] });
    assert_eq!(normal(&answer), recorded(parts, "TOKEN_SPLIT", "Treasury", false));

    let id = served.world.next_id();
    let input = json!({
        "operationId": id, "token": answer["tokens"][0]["id"], "currency": "INR",
        "outputs": [{ "to": bureau.party, "amount": "850" }],
    });
    let fields = format!("hop {{ id }} hops {{ id to {{ label }} dispatched {{ amount }} state }} rest {{ {TOKEN} }}");
    let answer = served.record(&treasury, "tokenDispatch", &fields, input.clone()).await;
    let sent = json!({
        "hop": { "id": "<hop>" },
        "hops": [{ "id": "<hop>", "to": { "label": "Bureau" }, "dispatched": { "amount": "850.00" }, "state": "SENT" }],
        "rest": held("50.00"),
    });
    assert_eq!(normal(&answer), recorded(sent.clone(), "TOKEN_DISPATCH", "Treasury", false));

    let acknowledge = json!({
        "hop": answer["hop"]["id"], "arrived": inr("840"), "deductions": [{ "code": "FEE", "amount": "1.25" }],
    });
    let fields = format!("{HOP} token {{ {TOKEN} }}");
    let arrived = served.record(&bureau, "hopAcknowledge", &fields, acknowledge).await;
    let figures = [Some("850.00"), Some("840.00"), Some("8.75"), Some("0.00")];
    let expected = json!({ "hop": hop("TRANSFER", "SHORT", "Bureau", figures), "token": held("840.00") });
    assert_eq!(normal(&arrived), recorded(expected, "HOP_ACKNOWLEDGE", "Bureau", false));

    // The first answer again, though the hop and the token have moved on since.
    let fields = format!("hop {{ id }} hops {{ id to {{ label }} dispatched {{ amount }} state }} rest {{ {TOKEN} }}");
    let again = served.record(&treasury, "tokenDispatch", &fields, input).await;
    assert_eq!(normal(&again), recorded(sent, "TOKEN_DISPATCH", "Treasury", true));
    assert_eq!(again["hops"], answer["hops"]);

    let input = json!({ "programme": "SCHOOL", "cycle": "2026-12", "purpose": "MEALS", "arrived": inr("7") });
    let fields = format!("{HOP} token {{ {TOKEN} origin }}");
    let answer = served.record(&bureau, "unsentAcknowledge", &fields, input).await;
    let mut token = held("7.00");
    token["origin"] = json!("SURPLUS");
    let figures = [Some("0.00"), Some("7.00"), Some("-7.00"), Some("0.00")];
    let unsent = json!({ "hop": hop("TRANSFER", "ACKNOWLEDGED", "Bureau", figures), "token": token });
    assert_eq!(normal(&answer), recorded(unsent, "UNSENT_ACKNOWLEDGE", "Bureau", false));
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn receivers_banks_and_supervisors_answer() {
    let served = Served::start().await;
    let world = &served.world;
    let (treasury, bureau, bank) = (world.treasury.clone(), world.bureau.clone(), world.bank.clone());
    let people = world.recipients.clone();
    let token = served.allocated().await;
    let refused = served.sent(&treasury, &token, &bureau, "100").await;
    let input = json!({ "hop": refused, "amount": inr("40"), "reason": "wrong office" });
    let fields = format!("{HOP} returns {{ kind to {{ label }} dispatched {{ amount }} }}");
    let answer = served.record(&bureau, "hopRefuse", &fields, input).await;
    let figures = [Some("100.00"), None, None, Some("40.00")];
    let back = |to: &str, amount: &str| json!([{ "kind": "RETURN", "to": { "label": to }, "dispatched": { "amount": amount } }]);
    let expected = json!({ "hop": hop("TRANSFER", "SENT", "Bureau", figures), "returns": back("Treasury", "40.00") });
    assert_eq!(normal(&answer), recorded(expected, "HOP_REFUSE", "Bureau", false));

    let token = served.arrived(&bureau, &refused, "60").await;
    let mut lines = String::new();
    for person in &people[..3] {
        lines.push_str(&json!({ "to": person.party, "amount": "20", "via": bank.party, "payment": "P-1" }).to_string());
        lines.push('\n');
    }
    let input = json!({ "token": token, "currency": "INR", "lines": lines });
    let answer = served.record(&bureau, "tokenDispatch", "hops { id kind payment } rest { id }", input).await;
    let delivery = json!({ "id": "<hop>", "kind": "DELIVERY", "payment": "P-1" });
    let expected = json!({ "hops": [delivery, delivery, delivery], "rest": null });
    assert_eq!(normal(&answer), recorded(expected, "TOKEN_DISPATCH", "Bureau", false));
    let hops: Vec<String> = answer["hops"].as_array().unwrap().iter().map(|hop| text(&hop["id"])).collect();

    let input = json!({ "hop": hops[0], "credited": inr("20"), "reference": "ACSC" });
    let answer = served.record(&bank, "bankEvidenceRecord", &fields, input).await;
    let figures = [Some("20.00"), None, None, Some("0.00")];
    let expected = json!({ "hop": hop("DELIVERY", "BOOKED", "R1", figures), "returns": [] });
    assert_eq!(normal(&answer), recorded(expected, "BANK_EVIDENCE_RECORD", "Bank", false));
    let input = json!({ "hop": hops[2], "returned": inr("20"), "reference": "AC01" });
    let answer = served.record(&bank, "bankEvidenceRecord", &fields, input).await;
    let figures = [Some("20.00"), None, None, Some("20.00")];
    let expected = json!({ "hop": hop("DELIVERY", "RETURNED", "R3", figures), "returns": back("Bureau", "20.00") });
    assert_eq!(normal(&answer), recorded(expected, "BANK_EVIDENCE_RECORD", "Bank", false));

    let answer =
        served.record(&people[0], "receiptConfirm", HOP, json!({ "hop": hops[0], "received": inr("20") })).await;
    let figures = [Some("20.00"), Some("20.00"), Some("0.00"), Some("0.00")];
    let expected = json!({ "hop": hop("DELIVERY", "ACKNOWLEDGED", "R1", figures) });
    assert_eq!(normal(&answer), recorded(expected, "RECEIPT_CONFIRM", "R1", false));
    let input = json!({ "hop": hops[1], "received": inr("0"), "reason": "nothing came" });
    let answer = served.record(&people[1], "receiptDispute", HOP, input).await;
    let figures = [Some("20.00"), Some("0.00"), Some("20.00"), Some("0.00")];
    let expected = json!({ "hop": hop("DELIVERY", "DISPUTED", "R2", figures) });
    assert_eq!(normal(&answer), recorded(expected, "RECEIPT_DISPUTE", "R2", false));

    let input = json!({ "hop": hops[1], "decision": "UPHELD", "reason": "no trace at the bank" });
    let answer = served.record_by_two(&world.supervisor, "disputeDecide", HOP, input).await;
    let expected = json!({ "hop": hop("DELIVERY", "SHORT", "R2", figures) });
    assert_eq!(normal(&answer), recorded(expected, "DISPUTE_DECIDE", "Supervisor", true));
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_goes_back_is_lost_recovered_and_reversed() {
    let served = Served::start().await;
    let (treasury, bureau) = (served.world.treasury.clone(), served.world.bureau.clone());
    let token = served.allocated().await;
    let sent = served.sent(&treasury, &token, &bureau, "500").await;
    let token = served.arrived(&bureau, &sent, "500").await;

    let input = json!({ "token": token, "amount": inr("50"), "to": treasury.party, "reason": "not needed" });
    let answer = served.record(&bureau, "tokenReturn", &format!("{HOP} rest {{ {TOKEN} }}"), input).await;
    let figures = [Some("50.00"), None, None, Some("0.00")];
    let expected = json!({ "hop": hop("RETURN", "SENT", "Treasury", figures), "rest": held("450.00") });
    assert_eq!(normal(&answer), recorded(expected, "TOKEN_RETURN", "Bureau", false));

    let input = json!({ "token": answer["rest"]["id"], "amount": inr("30"), "reason": "stolen" });
    let fields = format!("token {{ {TOKEN} reason }} tokens {{ {TOKEN} }}");
    let answer = served.record(&bureau, "lossDeclare", &fields, input).await;
    assert_eq!(
        normal(&answer["token"]),
        json!({
            "id": "<tok>", "state": "MISSING", "amount": { "amount": "30.00", "currency": "INR" }, "reason": "LOST",
        })
    );
    assert_eq!(answer["tokens"].as_array().unwrap().len(), 2);

    let input = json!({ "token": answer["token"]["id"], "reason": "not to be had" });
    let answer = served.record_by_two(&served.world.supervisor, "lossWriteOff", "token { id state }", input).await;
    let expected = json!({ "token": { "id": "<tok>", "state": "MISSING" } });
    assert_eq!(normal(&answer), recorded(expected, "LOSS_WRITE_OFF", "Supervisor", true));

    let input = json!({ "token": answer["token"]["id"], "amount": inr("10"), "reason": "order 7" });
    let answer =
        served.record(&bureau, "recoveryRecord", &format!("{HOP} rest {{ state amount {{ amount }} }}"), input).await;
    let figures = [Some("10.00"), None, None, Some("0.00")];
    let rest = json!({ "state": "MISSING", "amount": { "amount": "20.00" } });
    let expected = json!({ "hop": hop("RECOVERY", "SENT", "Treasury", figures), "rest": rest });
    assert_eq!(normal(&answer), recorded(expected, "RECOVERY_RECORD", "Bureau", false));

    // An acknowledgement of a hop that was sent is reversed by an officer of each side.
    let sent = served.sent(&treasury, &served.allocated().await, &bureau, "70").await;
    let input = json!({ "hop": sent, "arrived": inr("7") });
    let slip = served.record(&bureau, "hopAcknowledge", "entry { id }", input).await;
    let id = served.world.next_id();
    let input = json!({ "operationId": id, "entry": slip["entry"]["id"], "reason": "a slip" });
    let fields = format!("{HOP} allocation {{ id }} tokens {{ state amount {{ amount }} }}");
    let waiting = served.payload(&bureau, 0, "entryReverse", &fields, input.clone()).await;
    assert_eq!(
        waiting["operation"],
        json!({ "status": "AWAITING_SIGNATURE", "missing": [["DISPATCHER", "APPROVER"]] })
    );
    let body = served.send(Some(login(&treasury, 0)), "operationApprove", "", json!({ "operationId": id })).await;
    assert_eq!(body["data"]["operationApprove"]["operation"]["status"], "RECORDED", "{body}");
    let answer = served.payload(&bureau, 0, "entryReverse", &fields, input).await;
    let figures = [Some("70.00"), None, None, Some("0.00")];
    let expected = json!({
        "hop": hop("TRANSFER", "SENT", "Bureau", figures), "allocation": null,
        "tokens": [{ "state": "IN_TRANSIT", "amount": { "amount": "70.00" } }],
    });
    assert_eq!(normal(&answer), recorded(expected, "ENTRY_REVERSE", "Bureau", true));
    served.end().await.stop().await;
}
