//! Following the log over `graphql-transport-ws`.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::client::{Served, login};

pub struct Follower(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Follower {
    pub async fn open(served: &Served, token: Option<&str>) -> Self {
        let url = format!("{}/graphql/ws", served.url.replace("http://", "ws://"));
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let mut follower = Self(connect_async(request).await.unwrap().0);
        let payload = token.map_or(Value::Null, |token| json!({ "token": token }));
        follower.send(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(follower.next().await, json!({ "type": "connection_ack" }));
        follower
    }

    pub async fn subscribe(&mut self, query: &str) {
        self.send(json!({ "type": "subscribe", "id": "1", "payload": { "query": query } })).await;
    }

    async fn send(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn next(&mut self) -> Value {
        loop {
            match self.0.next().await.unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Close(frame) => return json!({ "closed": frame.map(|frame| u16::from(frame.code)) }),
                _ => {}
            }
        }
    }

    /// The index of the next entry that is told.
    pub async fn index(&mut self) -> u64 {
        let message = self.next().await;
        let index = message["payload"]["data"]["entryRecorded"]["index"].as_str();
        index.unwrap_or_else(|| panic!("no entry: {message}")).parse().unwrap()
    }

    async fn code(&mut self) -> String {
        let message = self.next().await;
        super::client::text(&message["payload"][0]["extensions"]["code"])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_sees_every_entry_once_and_resumes() {
    let served = Served::start().await;
    let token = login(&served.world.supervisor);
    let entries = served.world.node().heights().views.entries;
    let mut follower = Follower::open(&served, Some(token)).await;
    follower.subscribe("subscription { entryRecorded(after: \"3\") { index kind party { label } } }").await;
    for index in 4..entries {
        assert_eq!(follower.index().await, index);
    }
    served.world.allocate(100).await;
    assert_eq!(follower.index().await, entries);
    drop(follower);
    served.world.allocate(200).await;
    let mut follower = Follower::open(&served, Some(token)).await;
    follower.subscribe(&format!("subscription {{ entryRecorded(after: \"{entries}\") {{ index }} }}")).await;
    assert_eq!(follower.index().await, entries + 1, "what was recorded in between is told");
    served.world.allocate(300).await;
    assert_eq!(follower.index().await, entries + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_rights_hold_for_followers_too() {
    let served = Served::start().await;
    let all = "subscription { entryRecorded(after: \"0\") { index kind } }";
    let mut recipient = Follower::open(&served, Some(login(&served.world.recipients[0]))).await;
    recipient.subscribe(all).await;
    assert_eq!(recipient.next().await["payload"]["data"]["entryRecorded"]["kind"], "RECEIPT_CONFIRM");
    let mut filtered = Follower::open(&served, Some(login(&served.world.supervisor))).await;
    filtered
        .subscribe("subscription { entryRecorded(after: \"0\", filter: { kind: HOP_ACKNOWLEDGE }) { kind } }")
        .await;
    for _ in 0..2 {
        assert_eq!(filtered.next().await["payload"]["data"]["entryRecorded"]["kind"], "HOP_ACKNOWLEDGE");
    }
    let mut nobody = Follower::open(&served, None).await;
    nobody.subscribe(all).await;
    assert_eq!(nobody.code().await, "UNAUTHENTICATED");
    let mut wrong = Follower::open(&served, Some(login(&served.world.supervisor))).await;
    wrong.subscribe("subscription { nope }").await;
    assert_eq!(wrong.code().await, "GRAPHQL_VALIDATION_FAILED");
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_filtered_by_programme_and_officer() {
    let served = Served::start().await;
    served.world.programme("OTHER").await;
    let last = served.world.allocate(100).await;
    let mut follower = Follower::open(&served, Some(login(&served.world.supervisor))).await;
    let officer = served.world.treasury.officers[0].0;
    let filter = format!("{{ programme: \"PENSION\", officer: \"{officer}\" }}");
    follower
        .subscribe(&format!(
            "subscription {{ entryRecorded(after: \"0\", filter: {filter}) {{ index kind operationId }} }}"
        ))
        .await;
    let mut kinds = Vec::new();
    loop {
        let message = follower.next().await;
        let entry = &message["payload"]["data"]["entryRecorded"];
        kinds.push(super::client::text(&entry["kind"]));
        if entry["operationId"] == json!(last.operation) {
            break;
        }
    }
    let expected =
        ["PROGRAMME_DEFINE", "BUDGET_APPROPRIATE", "ALLOCATION_CREATE", "TOKEN_DISPATCH", "ALLOCATION_CREATE"];
    assert_eq!(kinds, expected, "and nothing of the other programme");
    let mut nowhere = Follower::open(&served, Some(login(&served.world.supervisor))).await;
    nowhere.subscribe("subscription { entryRecorded(filter: { programme: \"tok_1\" }) { index } }").await;
    assert_eq!(nowhere.code().await, "BAD_USER_INPUT");
}

/// What a change of a statement says: its index and what is held.
fn change(message: &Value) -> (u64, String) {
    let change = &message["payload"]["data"]["statementChanged"];
    let index = change["index"].as_str().unwrap_or_else(|| panic!("no change: {message}"));
    (index.parse().unwrap(), super::client::text(&change["statement"]["held"]["amount"]))
}

fn following(filter: &str, after: u64) -> String {
    format!(
        "subscription {{ statementChanged(filter: {filter}, after: \"{after}\") {{ index height asOf statement {{ held {{ amount }} }} }} }}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_told_when_it_changes_and_after_a_break() {
    let served = Served::start().await;
    let world = &served.world;
    let token = login(&world.supervisor);
    let entries = || world.node().heights().views.entries;
    let at_first = entries() - 1;
    let mut follower = Follower::open(&served, Some(token)).await;
    let mut other = Follower::open(&served, Some(token)).await;
    let bureau = format!("{{ party: \"{}\" }}", world.bureau.party);
    follower.subscribe(&following("{ programme: \"PENSION\" }", at_first)).await;
    other.subscribe(&following(&bureau, at_first)).await;
    world.allocate(10_000).await;
    let (index, held) = change(&follower.next().await);
    assert_eq!((index, held.as_str()), (at_first + 1, "880.00"), "780.00 were held before");
    drop(follower);
    // What the bureau holds did not change, so its follower hears of the next that touches it.
    let allocated = world.allocate(5_000).await;
    let sent = world.dispatch(&world.treasury, allocated, &[(&world.bureau, 5_000)]).await;
    let arrived = world.acknowledge(crate::world::reference(&sent, 0), 5_000);
    world.record(&world.bureau, arrived).await;
    let (index, held) = change(&other.next().await);
    assert_eq!((index, held.as_str()), (at_first + 4, "330.00"), "280.00 were held before");
    world.node().catch_up().await;
    let mut again = Follower::open(&served, Some(token)).await;
    again.subscribe(&following("{ programme: \"PENSION\" }", at_first + 1)).await;
    assert_eq!(change(&again.next().await), (entries() - 1, "930.00".to_owned()), "one message for all of the break");
    let mut up_to_date = Follower::open(&served, Some(token)).await;
    up_to_date.subscribe(&following(&bureau, at_first + 4)).await;
    let sent_on = world.allocate(1).await;
    world.dispatch(&world.treasury, sent_on, &[(&world.county, 1)]).await;
    let bureau_sends = world.allocate(200).await;
    let sent = world.dispatch(&world.treasury, bureau_sends, &[(&world.bureau, 200)]).await;
    world.record(&world.bureau, world.acknowledge(crate::world::reference(&sent, 0), 200)).await;
    world.node().catch_up().await;
    assert_eq!(change(&up_to_date.next().await), (entries() - 1, "332.00".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_falls_due_changes_a_statement_and_nobody_sums_in_vain() {
    let served = Served::start().await;
    let world = &served.world;
    let at_first = world.node().heights().views.entries - 1;
    let mut follower = Follower::open(&served, Some(login(&world.supervisor))).await;
    let query = "subscription { statementChanged(filter: { party: \"{}\" }, after: \"\") { index statement { overdue { amount } inTransit { amount } } } }";
    let query =
        query.replace("{}", &world.county.party.to_string()).replace("after: \"\"", &format!("after: \"{at_first}\""));
    follower.subscribe(&query).await;
    // Other parties' money, and an operation about none: neither is told to this follower.
    world.allocate(100).await;
    world.pass(40 * 24 * 3_600_000);
    world.allocate(200).await;
    let message = follower.next().await;
    let statement = &message["payload"]["data"]["statementChanged"]["statement"];
    assert_eq!(
        (&statement["overdue"]["amount"], &statement["inTransit"]["amount"]),
        (&json!("100.00"), &json!("0.00"))
    );
    world.node().catch_up().await;
    let before = world.node().views().statements_read();
    for _ in 0..3 {
        world.programme_money().await;
    }
    world.node().catch_up().await;
    let mut second = Follower::open(&served, Some(login(&world.supervisor))).await;
    second.subscribe("subscription { entryRecorded(after: \"0\") { index } }").await;
    second.next().await;
    let read = world.node().views().statements_read() - before;
    assert!(read <= 12, "{read} statements for what touches nobody who follows");
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_followed_by_who_may_see_sums_and_over_one_currency() {
    let served = Served::start().await;
    let mut recipient = Follower::open(&served, Some(login(&served.world.recipients[0]))).await;
    recipient.subscribe("subscription { statementChanged { index } }").await;
    assert_eq!(recipient.code().await, "FORBIDDEN");
    let mut nobody = Follower::open(&served, None).await;
    nobody.subscribe("subscription { statementChanged { index } }").await;
    assert_eq!(nobody.code().await, "UNAUTHENTICATED");
    let mut absent = Follower::open(&served, Some(login(&served.world.supervisor))).await;
    absent.subscribe("subscription { statementChanged(filter: { programme: \"NONE\" }) { index } }").await;
    assert_eq!(absent.code().await, "BAD_USER_INPUT");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_ends_hears_nothing_of_what_is_recorded_then() {
    let served = Served::start().await;
    let token = login(&served.world.supervisor);
    let entries = served.world.node().heights().views.entries;
    let mut follower = Follower::open(&served, Some(token)).await;
    let mut other = Follower::open(&served, Some(login(&served.world.treasury))).await;
    for follower in [&mut follower, &mut other] {
        let after = entries - 1;
        follower.subscribe(&format!("subscription {{ entryRecorded(after: \"{after}\") {{ index }} }}")).await;
    }
    served.world.allocate(100).await;
    assert_eq!((follower.index().await, other.index().await), (entries, entries));
    let store = served.world.node().store();
    let login = store.login_by_token(token).await.unwrap().unwrap();
    assert!(store.remove_login(login.id).await.unwrap());
    served.world.allocate(200).await;
    assert_eq!(other.index().await, entries + 1);
    let last = follower.next().await;
    assert_eq!(last["payload"]["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{last}");
    assert_eq!(last["payload"]["data"], Value::Null);
    assert_eq!(follower.next().await, json!({ "type": "complete", "id": "1" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_follow_the_head_read_its_blocks_once() {
    let served = Served::start().await;
    let entries = served.world.node().heights().views.entries;
    let query = format!("subscription {{ entryRecorded(after: \"{}\") {{ index envelope lines }} }}", entries - 1);
    let mut followers = Vec::new();
    for _ in 0..5 {
        let mut follower = Follower::open(&served, Some(login(&served.world.supervisor))).await;
        follower.subscribe(&query).await;
        followers.push(follower);
    }
    let before = served.world.node().bodies().read_from_chain();
    served.world.allocate(100).await;
    for follower in &mut followers {
        assert_eq!(follower.index().await, entries);
    }
    let read = served.world.node().bodies().read_from_chain() - before;
    // Two may begin at the same moment; whoever comes later finds what they read.
    assert!((1..=2).contains(&read), "{read}");
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_are_told_that_the_server_stops() {
    let served = Served::start().await;
    let mut follower = Follower::open(&served, Some(login(&served.world.supervisor))).await;
    follower.subscribe("subscription { entryRecorded { index } }").await;
    let told = tokio::spawn(async move { follower.next().await });
    let mut world = served.end().await;
    assert_eq!(told.await.unwrap(), json!({ "closed": 1001 }));
    world.stop().await;
}

/// What is told of a flag: its cursor, amount, version and whether it is resolved.
async fn flag(follower: &mut Follower) -> (String, String, u64, bool) {
    let next = tokio::time::timeout(std::time::Duration::from_secs(30), follower.next()).await;
    let message = next.expect("a flag is told");
    let flag = &message["payload"]["data"]["flagRaised"];
    let version = flag["version"].as_u64().unwrap_or_else(|| panic!("no flag: {message}"));
    let text = super::client::text;
    (text(&flag["cursor"]), text(&flag["amount"]["amount"]), version, flag["resolved"].as_bool().unwrap())
}

fn following_flags(arguments: &str) -> String {
    format!(
        "subscription {{ flagRaised{arguments} {{ cursor flagId version rule severity resolved amount {{ amount currency }} raisedAt changedAt }} }}"
    )
}

/// Waits until so many subscriptions are under way.
async fn until_followed(served: &Served, count: u64) {
    while served.world.node().metrics().open_subscriptions() < count {
        tokio::task::yield_now().await;
    }
}

/// The treasury sends money to the bureau, which acknowledges less, then all of it.
async fn fall_short_for_a_while(served: &Served, sent: i64, arrived: i64) {
    let world = &served.world;
    let token = world.allocate(sent).await;
    let hop = crate::world::reference(&world.dispatch(&world.treasury, token, &[(&world.bureau, sent)]).await, 0);
    for arrived in [arrived, sent] {
        world.record(&world.bureau, world.acknowledge(hop, arrived)).await;
    }
    world.node().examine_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_are_told_as_they_are_raised_and_resolved_and_after_a_break() {
    let served = Served::start().await;
    served.world.node().examine_up().await;
    let token = login(&served.world.supervisor);
    let mut follower = Follower::open(&served, Some(token)).await;
    follower.subscribe(&following_flags("(filter: { rules: [\"L01\"] })")).await;
    until_followed(&served, 1).await;
    fall_short_for_a_while(&served, 900, 850).await;
    let (first, amount, version, resolved) = flag(&mut follower).await;
    assert_eq!((amount.as_str(), version, resolved), ("0.50", 1, false), "and nothing from before");
    let (second, _, version, resolved) = flag(&mut follower).await;
    assert_eq!((version, resolved), (2, true));
    drop(follower);
    fall_short_for_a_while(&served, 700, 630).await;
    let mut again = Follower::open(&served, Some(token)).await;
    again.subscribe(&following_flags(&format!("(after: \"{first}\", filter: {{ rules: [\"L01\"] }})"))).await;
    assert_eq!(flag(&mut again).await, (second, "0.50".to_owned(), 2, true));
    let (_, amount, version, resolved) = flag(&mut again).await;
    assert_eq!((amount.as_str(), version, resolved), ("0.70", 1, false), "what came in between is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_are_followed_by_rule_severity_party_programme_and_area() {
    let served = Served::start().await;
    let world = &served.world;
    world.node().examine_up().await;
    let token = login(&world.supervisor);
    let mut start = Follower::open(&served, Some(token)).await;
    start.subscribe(&following_flags("(filter: { rules: [\"L01\"] }, after: \"0-\")")).await;
    assert_eq!(start.code().await, "BAD_USER_INPUT", "a cursor of another numbering");
    let fitting = [
        format!("party: \"{}\"", world.county.party),
        "severities: [A]".to_owned(),
        "programme: \"PENSION\"".to_owned(),
        "area: \"North\"".to_owned(),
    ];
    let other = format!("party: \"{}\", severities: [A]", world.bank.party);
    let others = [other.as_str(), "severities: [D]", "area: \"North/Hill/Nowhere\""];
    let mut followers = Vec::new();
    for filter in fitting.iter().map(String::as_str).chain(others) {
        let mut follower = Follower::open(&served, Some(token)).await;
        follower.subscribe(&following_flags(&format!("(filter: {{ rules: [\"L01\"], {filter} }})"))).await;
        followers.push(follower);
    }
    until_followed(&served, 7).await;
    let money = world.allocate(900).await;
    let hop = crate::world::reference(&world.dispatch(&world.treasury, money, &[(&world.bureau, 900)]).await, 0);
    let held = crate::world::reference(&world.record(&world.bureau, world.acknowledge(hop, 900)).await, 0);
    let hop = crate::world::reference(&world.dispatch(&world.bureau, held, &[(&world.county, 900)]).await, 0);
    world.record(&world.county, world.acknowledge(hop, 850)).await;
    world.node().examine_up().await;
    for follower in &mut followers[..fitting.len()] {
        assert_eq!(flag(follower).await.1, "0.50");
    }
    for follower in &mut followers[fitting.len()..] {
        let waiting = tokio::time::timeout(std::time::Duration::from_millis(50), follower.next()).await;
        assert!(waiting.is_err(), "{waiting:?}");
    }
    for wrong in ["rules: [\"L99\"]", "party: \"nobody\"", "programme: \"NONE\""] {
        let mut follower = Follower::open(&served, Some(token)).await;
        follower.subscribe(&following_flags(&format!("(filter: {{ {wrong} }})"))).await;
        assert_eq!(follower.code().await, "BAD_USER_INPUT", "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_are_not_for_recipients_or_nobody() {
    let served = Served::start().await;
    let mut recipient = Follower::open(&served, Some(login(&served.world.recipients[0]))).await;
    recipient.subscribe(&following_flags("")).await;
    assert_eq!(recipient.code().await, "FORBIDDEN");
    let mut nobody = Follower::open(&served, None).await;
    nobody.subscribe(&following_flags("")).await;
    assert_eq!(nobody.code().await, "UNAUTHENTICATED");
}
