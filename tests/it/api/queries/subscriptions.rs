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
async fn followers_are_told_that_the_server_stops() {
    let served = Served::start().await;
    let mut follower = Follower::open(&served, Some(login(&served.world.supervisor))).await;
    follower.subscribe("subscription { entryRecorded { index } }").await;
    let told = tokio::spawn(async move { follower.next().await });
    let mut world = served.end().await;
    assert_eq!(told.await.unwrap(), json!({ "closed": 1001 }));
    world.stop().await;
}
