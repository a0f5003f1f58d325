//! Clients that send or take slowly, or not at all.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use aqueduct::server::options::{Bounds, Options};

use super::client::{Served, connect, rest};

const SHORT: Duration = Duration::from_millis(100);

async fn served(bounds: Bounds) -> Served {
    Served::with(Options { bounds, ..Options::default() }).await
}

/// Everything that a connection still gets.
async fn end_of(mut stream: TcpStream) -> String {
    tokio::task::spawn_blocking(move || rest(&mut stream)).await.unwrap()
}

fn sent(served: &Served, bytes: &str) -> TcpStream {
    let mut stream = connect(served.address);
    stream.write_all(bytes.as_bytes()).unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_does_not_come_ends_the_connection() {
    let served = served(Bounds { head: SHORT, ..Bounds::default() }).await;
    for begun in ["", "G", "GET /healthz HTTP/1.1\r\nHost: a\r\n", "POST /graphql HTTP/1.1\r\nX: "] {
        let answer = end_of(sent(&served, begun)).await;
        assert!(!answer.contains("200"), "{begun:?}: {answer}");
    }
    let answer = end_of(sent(&served, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "answered, and closed when nothing follows: {answer}");
    served.lives().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_answered() {
    let served = served(Bounds { body: SHORT, ..Bounds::default() }).await;
    let head = "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    let answer = end_of(sent(&served, head)).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("REQUEST_TIMEOUT"), "{answer}");
    served.lives().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_requests_that_never_end() {
    let forever = Duration::from_secs(100_000);
    let bounds = Bounds { head: forever, body: forever, write: forever, stop: forever, ..Bounds::default() };
    let served = served(bounds).await;
    let idle = sent(&served, "");
    let mut answered = sent(&served, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    answered.read_exact(&mut [0; 12]).unwrap();
    let half_head = sent(&served, "GET /healthz HTTP/1.1\r\nHost: a\r\n");
    let body = "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n";
    let mut half_body = sent(&served, body);
    let mut go_on = [0; 25];
    half_body.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n", "the body is waited for");
    half_body.write_all(b"{").unwrap();
    served.end().await;
    let told = end_of(half_body).await;
    assert!(told.starts_with("HTTP/1.1 503") && told.contains("STOPPING"), "{told}");
    for stream in [idle, half_head] {
        assert_eq!(end_of(stream).await, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_bound_wait_for_their_turn() {
    let served = served(Bounds { connections: 1, ..Bounds::default() }).await;
    let first = sent(&served, "GET /healthz HTTP/1.1\r\n");
    let mut second = sent(&served, "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    second.set_read_timeout(Some(SHORT)).unwrap();
    let waiting = second.read(&mut [0; 1]).unwrap_err().kind();
    assert!(matches!(waiting, std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut), "{waiting:?}");
    second.set_read_timeout(Some(super::client::PATIENCE)).unwrap();
    drop(first);
    assert!(end_of(second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_taken_does_not_hold_its_place() {
    let served = served(Bounds { connections: 1, write: SHORT, ..Bounds::default() }).await;
    // Many answers asked for at once and none read: more than the system keeps for a client.
    let one = "GET /schema.graphql HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut deaf = connect(served.address);
    let asking = tokio::task::spawn_blocking(move || {
        // It ends when the server has ended the connection.
        while deaf.write_all(one.as_bytes()).is_ok() {}
    });
    asking.await.unwrap();
    served.lives().await;
}
