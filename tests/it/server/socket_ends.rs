//! How WebSocket connections are refused and closed, by each code.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use aqueduct::limits::{BODY_BYTES_MAX, SOCKET_ID_BYTES_MAX};
use aqueduct::server::options::{Bounds, Options, Pace, Sockets};
use serde_json::json;
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::Message;

use super::client::{PATIENCE, Served, connect};
use super::socket_client::{Came, PROTOCOL, Socket};

const SHORT: Duration = Duration::from_millis(100);

async fn served(change: impl FnOnce(&mut Sockets)) -> Served {
    let mut bounds = Bounds::default();
    change(&mut bounds.sockets);
    Served::with(Options { bounds, ..Options::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_initialise_in_time_is_closed() {
    let served = served(|sockets| sockets.init = SHORT).await;
    let mut silent = Socket::open(&served).await;
    assert_eq!(silent.next().await, Came::Closed(4408, "Connection initialisation timeout".to_owned()));
    let mut talking = Socket::open(&served).await;
    for _ in 0..3 {
        talking.try_send(Message::text(json!({ "type": "ping" }).to_string())).await;
    }
    assert_eq!(talking.closed().await, 4408, "a ping does not gain time");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_closes_the_connection() {
    let served = Served::start().await;
    let mut long_id = json!({ "type": "complete" });
    long_id["id"] = json!("x".repeat(SOCKET_ID_BYTES_MAX + 1));
    let texts = [
        "",
        "nonsense",
        "{",
        "[]",
        "17",
        "{}",
        r#"{"type":1}"#,
        r#"{"type":"nope"}"#,
        r#"{"type":"connection_ack"}"#,
        r#"{"type":"start","id":"1","payload":{"query":"{a}"}}"#,
        r#"{"type":"next","id":"1","payload":{}}"#,
        r#"{"type":"connection_init","payload":"x"}"#,
        r#"{"type":"connection_init","payload":{"token":7}}"#,
        r#"{"type":"connection_init","type":"ping"}"#,
        r#"{"type":"ping","payload":1}"#,
        r#"{"type":"pong","payload":[]}"#,
        r#"{"type":"subscribe","payload":{"query":"{a}"}}"#,
        r#"{"type":"subscribe","id":"","payload":{"query":"{a}"}}"#,
        r#"{"type":"subscribe","id":1,"payload":{"query":"{a}"}}"#,
        r#"{"type":"subscribe","id":"1"}"#,
        r#"{"type":"subscribe","id":"1","payload":{}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":1}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":[]}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","operationName":1}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","extensions":"x"}}"#,
        r#"{"type":"complete"}"#,
        &long_id.to_string(),
    ];
    for text in texts {
        let mut socket = Socket::open(&served).await;
        socket.send(Message::text(text)).await;
        assert_eq!(socket.closed().await, 4400, "{text}");
    }
    let mut socket = Socket::ready(&served).await;
    socket.send(Message::binary(vec![0xff, 0xfe])).await;
    assert_eq!(socket.closed().await, 4400);
    served.lives().await;
}

/// A frame of a client: final, masked with zeros.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    assert!(length < 126);
    [&[0x80 | opcode, 0x80 | length, 0, 0, 0, 0], payload].concat()
}

/// Opens a connection byte by byte.
fn raw(served: &Served) -> std::net::TcpStream {
    let mut stream = connect(served.address);
    let head = format!(
        "GET /graphql/ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {PROTOCOL}\r\n\r\n",
        served.address
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"));
    stream
}

/// The code of the closing frame that a connection gets, whatever comes before.
async fn raw_code(mut stream: std::net::TcpStream) -> u16 {
    let reading = tokio::task::spawn_blocking(move || {
        loop {
            let mut head = [0; 2];
            stream.read_exact(&mut head).unwrap();
            let mut payload = vec![0; usize::from(head[1] & 0x7f)];
            stream.read_exact(&mut payload).unwrap();
            if head[0] & 0x0f == 8 {
                return u16::from_be_bytes([payload[0], payload[1]]);
            }
        }
    });
    reading.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_frames_close_the_connection() {
    let served = served(|sockets| sockets.close = SHORT).await;
    for (bytes, code) in [
        (frame(1, b"\xff\xfe"), 4400),
        (frame(11, b""), 1002),
        (vec![0x81, 0x02, b'{', b'}'], 1002),
        (vec![0xf1, 0x80, 0, 0, 0, 0], 1002),
    ] {
        let mut stream = raw(&served);
        stream.write_all(&bytes).unwrap();
        assert_eq!(raw_code(stream).await, code, "{bytes:?}");
    }
    let mut socket = Socket::ready(&served).await;
    socket.try_send(Message::text("x".repeat(BODY_BYTES_MAX + 1))).await;
    assert_eq!(socket.closed().await, 1009);
    served.lives().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_messages_is_kept() {
    let served = Served::start().await;
    let mut early = Socket::open(&served).await;
    early.subscribe("1", "{ __typename }").await;
    assert_eq!(early.closed().await, 4401);

    let mut wrong = Socket::open(&served).await;
    wrong.init(Some("aqd_nonsense")).await;
    assert_eq!(wrong.closed().await, 4403);

    let mut twice = Socket::ready(&served).await;
    twice.init(None).await;
    assert_eq!(twice.closed().await, 4429);

    let mut same = Socket::ready(&served).await;
    same.subscribe("one", "subscription { entryRecorded { index } }").await;
    same.subscribe("one", "{ __typename }").await;
    assert_eq!(same.next().await, Came::Closed(4409, "Subscriber for one already exists".to_owned()));

    for protocol in [None, Some("graphql-ws"), Some("graphql-transport-ws2")] {
        let stream = raw_with(&served, protocol);
        assert_eq!(raw_code(stream).await, 4406, "{protocol:?}");
    }
}

/// Opens a connection that offers another protocol.
fn raw_with(served: &Served, protocol: Option<&str>) -> std::net::TcpStream {
    let mut stream = connect(served.address);
    let offer = protocol.map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n")).unwrap_or_default();
    let head = format!(
        "GET /graphql/ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{offer}\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    let answer = String::from_utf8(answer).unwrap().to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 101") && !answer.contains("sec-websocket-protocol"), "{answer}");
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_servers_may_not_connect() {
    let options = Options { allowed_origins: vec!["https://pensions.example".to_owned()], ..Options::default() };
    let served = Served::with(options).await;
    let own = format!("http://{}", served.address);
    for (origin, is_allowed) in [
        (None, true),
        (Some(own.as_str()), true),
        (Some("https://pensions.example"), true),
        (Some("https://pensions.example.evil"), false),
        (Some("http://pensions.example"), false),
        (Some("http://127.0.0.1:1"), false),
        (Some("null"), false),
    ] {
        let connected = Socket::connect(&served, Some(PROTOCOL), origin).await.map(|_| ());
        assert_eq!(connected, if is_allowed { Ok(()) } else { Err(403) }, "{origin:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_bounded_for_each_login() {
    let served = served(|sockets| (sockets.in_all, sockets.uninitialised, sockets.of_login) = (2, 1, 1)).await;
    let first = Socket::ready(&served).await;
    let mut silent = Socket::open(&served).await;
    let mut second = Socket::open(&served).await;
    let room = "too many connections wait; connect again and send connection_init at once".to_owned();
    assert_eq!(silent.next().await, Came::Closed(1013, room), "one may wait");
    second.init(Some(served.token())).await;
    assert_eq!(second.next().await, Came::Closed(1013, "this login has too many connections".to_owned()));
    drop((first, second));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_bounded_in_all() {
    let served = served(|sockets| sockets.in_all = 1).await;
    let first = Socket::ready(&served).await;
    assert_eq!(Socket::connect(&served, Some(PROTOCOL), None).await.err(), Some(503));
    drop(first);
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_are_bounded_for_a_login_over_all_its_connections() {
    let served = served(|sockets| sockets.streams_of_login = 2).await;
    let follow = "subscription { entryRecorded(after: \"0\") { index } }";
    let mut first = Socket::ready(&served).await;
    let mut second = Socket::ready(&served).await;
    for socket in [&mut first, &mut second] {
        socket.subscribe("s", follow).await;
        assert_eq!(socket.said().await["type"], "next");
    }
    let mut third = Socket::ready(&served).await;
    third.subscribe("s", follow).await;
    let refused = third.said().await;
    assert_eq!(
        (&refused["type"], &refused["payload"][0]["extensions"]["code"]),
        (&json!("error"), &json!("TOO_MANY_STREAMS"))
    );
    third.subscribe("q", "{ __typename }").await;
    assert_eq!(third.said().await["type"], "next", "and a query is still answered");
    third.hears(json!({ "type": "complete", "id": "q" })).await;
    first.say(json!({ "type": "complete", "id": "s" })).await;
    // The place is free once the server has read that.
    loop {
        third.subscribe("s", follow).await;
        if third.said().await["type"] == "next" {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_clients_are_pinged_and_closed_when_they_do_not_answer() {
    let served = served(|sockets| (sockets.ping, sockets.pong) = (SHORT, PATIENCE)).await;
    let mut answering = Socket::ready(&served).await;
    for _ in 0..3 {
        assert_eq!(answering.next().await, Came::Ping);
    }
    answering.subscribe("1", "{ __typename }").await;
    loop {
        match answering.next().await {
            Came::Ping => {}
            Came::Said(message) => break assert_eq!(message["type"], "next"),
            other => panic!("{other:?}"),
        }
    }
    let served = self::served(|sockets| (sockets.ping, sockets.pong) = (SHORT, SHORT)).await;
    let mut mute = raw(&served);
    mute.write_all(&frame(1, br#"{"type":"connection_init"}"#)).unwrap();
    assert_eq!(raw_code(mute).await, 4440);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_is_cut_off_and_hears_why() {
    let mut bounds = Bounds { write: PATIENCE, ..Bounds::default() };
    (bounds.sockets.write, bounds.sockets.close) = (SHORT, PATIENCE);
    // One request of this login at a time: while the answer is stuck there is no room for another.
    bounds.pace = Pace { under_way: 1, ..bounds.pace };
    let served = Served::with(Options { bounds, ..Options::default() }).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let stream = socket.connect(served.address).await.unwrap();
    let mut slow = Socket::over(stream, &served, Some(PROTOCOL), None).await.unwrap();
    slow.init(Some(served.token())).await;
    slow.hears(json!({ "type": "connection_ack" })).await;
    let names = "types { name description fields { name description args { name description } } }";
    let many: String = (0..60).map(|n| format!("a{n}: __schema {{ {names} }} ")).collect();
    slow.subscribe("1", &format!("{{ {many} }}")).await;
    let bearer = format!("Bearer {}", served.token());
    let ask = async || {
        let headers = [("Content-Type", "application/json"), ("Authorization", bearer.as_str())];
        served.send("POST", "/graphql", &headers, br#"{"query":"{ __typename }"}"#).await.status
    };
    while ask().await == 200 {}
    while ask().await == 429 {}
    assert_eq!(slow.said().await["type"], "next", "what was begun is still sent");
    assert_eq!(slow.closed().await, 4440);
}
