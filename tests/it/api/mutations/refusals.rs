//! Expected refusals: each with its code and the path of its field, and nothing changed.

use serde_json::{Value, json};

use super::client::{Served, error_code, faults, inr};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_the_wrong_party_and_the_wrong_role_state_nothing() {
    let served = Served::start().await;
    let world = &served.world;
    let before = served.standing().await;
    let split = json!({ "token": "tok_0", "currency": "INR", "parts": ["1", "2"] });
    for login in [None, Some("not-a-token")] {
        let body = served.send(login, "tokenSplit", "", split.clone()).await;
        assert_eq!(error_code(&body), "UNAUTHENTICATED");
    }
    let token = served.allocated().await;
    let split = json!({ "token": token, "currency": "INR", "parts": ["900", "100"] });
    assert_eq!(served.refused(&world.bureau, "tokenSplit", split.clone()).await, ["NOT_YOURS at token"]);
    assert_eq!(served.refused(&world.recipients[0], "tokenSplit", split.clone()).await, ["NO_KEY_HERE at -"]);
    let approver = served.payload(&world.treasury, 1, "tokenSplit", "", split).await;
    assert_eq!(faults(&approver), ["NO_KEY_HERE at -"]);
    let party = json!({ "kind": "OUTSIDE", "label": "Somebody" });
    assert_eq!(served.refused(&world.supervisor, "partyRegister", party).await, ["NO_KEY_HERE at -"]);
    let key = json!({ "party": world.county.party, "custody": "NODE", "roles": ["DISPATCHER"] });
    assert_eq!(served.refused(&world.county, "keyRegister", key).await, ["ROLE_MISSING at -"]);
    assert_eq!(served.standing().await.1, before.1 + 1, "only the allocation was recorded");
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_that_people_mistype_are_named() {
    let served = Served::start().await;
    let world = &served.world;
    let hop = served.sent(&world.treasury, &served.allocated().await, &world.bureau, "100").await;
    let cases = [
        ("-1", "AMOUNT_NEGATIVE"),
        ("1.234", "AMOUNT_TOO_MANY_DECIMALS"),
        ("1.000", "AMOUNT_TOO_MANY_DECIMALS"),
        ("000001.00", "AMOUNT_NOT_A_NUMBER"),
        ("1,000", "AMOUNT_NOT_A_NUMBER"),
        ("", "AMOUNT_NOT_A_NUMBER"),
        ("1e3", "AMOUNT_NOT_A_NUMBER"),
        ("NaN", "AMOUNT_NOT_A_NUMBER"),
        ("10000000000000.01", "AMOUNT_TOO_LARGE"),
        ("99999999999999999999999999999999", "AMOUNT_TOO_LARGE"),
    ];
    for (amount, code) in cases {
        let input = json!({ "hop": hop, "arrived": inr(amount) });
        let expected = [format!("{code} at arrived.amount")];
        assert_eq!(served.refused(&world.bureau, "hopAcknowledge", input).await, expected, "{amount:?}");
    }
    let input = json!({ "hop": hop, "amount": inr("0"), "reason": "" });
    assert_eq!(served.refused(&world.bureau, "hopRefuse", input).await, ["AMOUNT_ZERO at amount.amount"]);
    let input = json!({ "hop": hop, "amount": inr("1"), "reason": "" });
    assert_eq!(served.refused(&world.bureau, "hopRefuse", input).await, ["MALFORMED at reason"]);
    let input = json!({ "hop": hop, "arrived": { "amount": "1", "currency": "USD" } });
    assert_eq!(served.refused(&world.bureau, "hopAcknowledge", input).await, ["WRONG_CURRENCY at arrived.currency"]);
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_name_the_field_that_they_are_about() {
    let served = Served::start().await;
    let world = &served.world;
    let (treasury, bureau) = (&world.treasury, &world.bureau);
    let token = served.allocated().await;
    let hop = served.sent(treasury, &token, bureau, "100").await;
    let spent = json!({ "token": token, "currency": "INR", "parts": ["900", "100"] });
    assert_eq!(served.refused(treasury, "tokenSplit", spent).await, ["TOKEN_SPENT at token"]);
    let own = served.arrived(bureau, &hop, "100").await;
    let parts = json!({ "token": own, "currency": "INR", "parts": ["60", "50"] });
    assert_eq!(served.refused(bureau, "tokenSplit", parts).await, ["SUM_DIFFERS at parts"]);
    let again = json!({ "hop": hop, "arrived": inr("100") });
    assert_eq!(served.refused(bureau, "hopAcknowledge", again).await, ["NOTHING_NEW at arrived.amount"]);
    let lower = json!({ "hop": hop, "arrived": inr("90") });
    assert_eq!(served.refused(bureau, "hopAcknowledge", lower).await, ["LOWER_THAN_BEFORE at arrived.amount"]);
    let word = json!({ "hop": hop, "received": inr("90") });
    assert_eq!(served.refused(bureau, "receiptConfirm", word).await, ["WRONG_ANSWER at hop"]);
    let much = json!({ "token": own, "currency": "INR", "outputs": [{ "to": world.county.party, "amount": "101" }] });
    assert_eq!(served.refused(bureau, "tokenDispatch", much).await, ["UNFUNDED at token"]);
    let itself = json!({ "token": own, "currency": "INR", "outputs": [{ "to": bureau.party, "amount": "1" }] });
    assert_eq!(served.refused(bureau, "tokenDispatch", itself).await, ["TO_ITSELF at outputs"]);
    let sideways = json!({ "token": own, "amount": inr("1"), "to": world.county.party, "reason": "r" });
    assert_eq!(served.refused(bureau, "tokenReturn", sideways).await, ["NOT_UPSTREAM at to"]);
    let unfunded = json!({ "programme": "PENSION", "cycle": "2024-11", "purpose": "P", "amount": inr("99999999") });
    assert_eq!(served.refused(treasury, "allocationCreate", unfunded).await, ["UNFUNDED at amount.amount"]);
    let cycle = json!({ "programme": "PENSION", "cycle": "1999-01", "purpose": "P", "amount": inr("1") });
    assert_eq!(served.refused(treasury, "allocationCreate", cycle).await, ["UNKNOWN_CYCLE at cycle"]);
    let early =
        json!({ "hop": served.sent(bureau, &own, &world.county, "5").await, "amount": inr("5"), "reason": "r" });
    assert_eq!(served.refused(bureau, "lossDeclare", early).await, ["NOT_OVERDUE at token"]);
    let again = json!({ "party": bureau.party, "kind": "TREASURY", "label": "Twice" });
    assert_eq!(served.refused(&world.registrar, "partyRegister", again).await, ["ALREADY_REGISTERED at party"]);
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_and_foreign_ids_are_named() {
    let served = Served::start().await;
    let world = &served.world;
    let token = |named: &str| json!({ "token": named, "currency": "INR", "parts": ["1", "2"] });
    let cases = [
        ("tok_zzzzzzzz", "UNKNOWN_REFERENCE at token"),
        ("tok_0", "UNKNOWN_REFERENCE at token"),
        ("hop_0", "BAD_ID at token"),
        ("", "BAD_ID at token"),
        ("'; drop table tokens", "BAD_ID at token"),
    ];
    for (named, expected) in cases {
        assert_eq!(served.refused(&world.treasury, "tokenSplit", token(named)).await, [expected], "{named}");
    }
    let neither = json!({ "currency": "INR", "parts": ["1", "2"] });
    assert_eq!(served.refused(&world.treasury, "tokenSplit", neither).await, ["EXACTLY_ONE at token"]);
    let reference = json!({
        "tokenReference": { "operation": world.next_id(), "digest": "00".repeat(32), "output": 0 },
        "currency": "INR", "parts": ["1", "2"],
    });
    assert_eq!(served.refused(&world.treasury, "tokenSplit", reference).await, ["UNKNOWN_REFERENCE at token"]);
    let own = served.allocated().await;
    let to = json!({ "token": own, "currency": "INR", "outputs": [
        { "to": world.next_id(), "amount": "1" }, { "to": "prt_x", "amount": "0" },
    ]});
    let expected = ["UNKNOWN_RECEIVER at outputs.0.to", "BAD_ID at outputs.1.to", "AMOUNT_ZERO at outputs.1.amount"];
    assert_eq!(served.refused(&world.treasury, "tokenDispatch", to).await, expected);
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_line_refuses_the_whole_list() {
    let served = Served::start().await;
    let world = &served.world;
    let token = served.allocated().await;
    let to = world.bureau.party;
    let good = json!({ "to": to, "amount": "1" }).to_string();
    let lines = [
        good.clone(),
        "{".to_owned(),
        json!({ "to": to, "amount": 5 }).to_string(),
        json!({ "to": to, "amount": "1.005" }).to_string(),
        json!({ "to": to, "amount": "1", "tip": "1" }).to_string(),
        good.clone(),
        json!({ "to": world.next_id(), "amount": "1" }).to_string(),
    ]
    .join("\n");
    let input = json!({ "token": token, "currency": "INR", "lines": lines });
    let expected = [
        "BAD_LINES at lines.1",
        "BAD_LINES at lines.2",
        "AMOUNT_TOO_MANY_DECIMALS at lines.3.amount",
        "BAD_LINES at lines.4",
        "UNKNOWN_RECEIVER at lines.6.to",
    ];
    assert_eq!(served.refused(&world.treasury, "tokenDispatch", input).await, expected);
    let many = json!({ "token": token, "currency": "INR", "lines": "nonsense\n".repeat(5_000) });
    assert_eq!(served.refused(&world.treasury, "tokenDispatch", many).await.len(), 10, "the first ten are named");
    let none = json!({ "token": token, "currency": "INR", "lines": "" });
    assert_eq!(served.refused(&world.treasury, "tokenDispatch", none).await, ["BAD_LIST at lines"]);
    let long = json!({ "token": token, "currency": "INR", "lines": format!("{good}\n").repeat(10_001) });
    assert_eq!(served.refused(&world.treasury, "tokenDispatch", long).await, ["BAD_LIST at lines"]);
    let both = json!({ "token": token, "currency": "INR", "lines": good, "outputs": [{ "to": to, "amount": "1" }] });
    assert_eq!(served.refused(&world.treasury, "tokenDispatch", both).await, ["EXACTLY_ONE at outputs"]);
    let label = "x".repeat(300);
    let people = format!("{}\n{}", json!({ "label": "A" }), json!({ "label": label }));
    let refused = served.refused(&world.registrar, "recipientEnrol", json!({ "lines": people })).await;
    assert_eq!(refused, ["BAD_LINES at lines.1"]);
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_answers_the_same_and_never_something_else() {
    let served = Served::start().await;
    let world = &served.world;
    let token = served.allocated().await;
    let id = world.next_id();
    let input = json!({ "operationId": id, "token": token, "currency": "INR", "parts": ["900", "100"] });
    let fields = "tokens { id state amount { amount } } entry { index }";
    let first = served.record(&world.treasury, "tokenSplit", fields, input.clone()).await;
    let before = served.standing().await;
    let mut expected = first.clone();
    expected["replayed"] = json!(true);
    assert_eq!(served.record(&world.treasury, "tokenSplit", fields, input.clone()).await, expected);
    let mut other: Value = input;
    other["parts"] = json!(["800", "200"]);
    assert_eq!(
        served.refused(&world.treasury, "tokenSplit", other.clone()).await,
        ["OPERATION_ID_REUSED at operationId"]
    );
    let payload = served.payload(&world.treasury, 0, "tokenSplit", "", other).await;
    assert_eq!(payload["operation"]["status"], "RECORDED", "that of the id is recorded: {payload}");
    assert_eq!(served.standing().await, before);

    // A refused operation leaves no trace: the corrected attempt keeps its id.
    let id = world.next_id();
    let parts = |second: &str| {
        json!({
            "operationId": id, "token": first["tokens"][0]["id"], "currency": "INR", "parts": ["800", second],
        })
    };
    assert_eq!(served.refused(&world.treasury, "tokenSplit", parts("90")).await, ["SUM_DIFFERS at parts"]);
    served.record(&world.treasury, "tokenSplit", "", parts("100")).await;
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_has_one_form() {
    let served = Served::start().await;
    let login = Some(served.world.treasury.officers[0].1.as_str());
    let before = served.standing().await;
    for day in ["-0001-01-01", "+12345-01-01", "2026-1-1", " 2026-01-01", "2026-02-30"] {
        for (first, last) in [(day, "9999-12-31"), ("0000-01-01", day)] {
            let cycle = json!({ "label": "2027-01", "firstDay": first, "lastDay": last });
            let input = json!({ "programme": "PENSION", "cycle": cycle, "amount": inr("1") });
            let body = served.send(login, "budgetAppropriate", "", input).await;
            assert_eq!(error_code(&body), "BAD_USER_INPUT", "{day:?}");
        }
    }
    assert_eq!(served.standing().await, before);
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_can_never_sign_is_not_registered() {
    let served = Served::start().await;
    let party = served.world.county.party;
    for bytes in ["00".repeat(32), "ff".repeat(32), format!("01{}", "00".repeat(31))] {
        let key = json!({
            "party": party, "custody": "HOLDER", "publicKey": format!("ed25519:{bytes}"), "roles": ["DISPATCHER"],
        });
        let refused = served.refused(&served.world.registrar, "keyRegister", key).await;
        assert_eq!(refused, ["MALFORMED at publicKey"], "{bytes}");
    }
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_a_time_beyond_four_digits_is_refused() {
    let served = Served::start().await;
    let cycle = json!({ "label": "2027-01", "firstDay": "2027-01-01", "lastDay": "2027-01-31" });
    for at in [253_402_300_799_999_i64, 253_402_300_800_000, (1 << 48) - 1] {
        let id = crate::world::id_at(aqueduct::ledger::time::Millis(at));
        let input = json!({ "operationId": id, "programme": "PENSION", "cycle": cycle, "amount": inr("1") });
        let payload = served.payload(&served.world.treasury, 0, "budgetAppropriate", "", input).await;
        assert_eq!(faults(&payload), ["BAD_OPERATION_ID at operationId"], "{id}");
        assert_eq!(payload["operation"], Value::Null);
    }
    served.end().await.stop().await;
}
