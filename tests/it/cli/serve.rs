//! A server that is started, looked at beside, and stopped.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use super::{Place, binary_in, small_table};

/// A running server and its address.
pub struct Server {
    pub child: Child,
    out: BufReader<ChildStdout>,
    pub address: String,
}

impl Server {
    pub fn start(place: &Place, command: &str) -> Self {
        Self::start_with(place, command, &[])
    }

    pub fn start_with(place: &Place, command: &str, args: &[&str]) -> Self {
        Self::start_at(place, command, "127.0.0.1:0", args)
    }

    pub fn start_at(place: &Place, command: &str, listen: &str, args: &[&str]) -> Self {
        let mut child = binary_in(&place.data())
            .args(["--listen", listen, command])
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let address = loop {
            let mut line = String::new();
            assert!(out.read_line(&mut line).unwrap() > 0, "the server ended: {:?}", child.wait());
            if let Some((_, address)) = line.trim().split_once("http://") {
                break address.to_owned();
            }
        };
        Self { child, out, address }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Stops it as a service manager does, and gives the exit code.
    pub fn stop(mut self, signal: &str) -> i32 {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        self.child.wait().unwrap().code().unwrap()
    }
}

/// A test that fails leaves no server behind.
impl Drop for Server {
    fn drop(&mut self) {
        // It may have been stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn reading_works_beside_a_server_and_a_second_writer_is_refused() {
    let place = Place::new();
    place.import("one.csv", &small_table()).expect(0);
    let before = place.run(&["verify", "--json"]).expect(0).json();
    let server = Server::start(&place, "serve");
    assert!(server.get("/healthz").starts_with("HTTP/1.1 200"));
    assert_eq!(place.run(&["verify", "--json"]).expect(0).json()["ok"], true);
    assert!(place.run(&["report"]).expect(0).out.contains("MEALS"));
    for args in [&["rebuild"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let refused = place.run(args).expect(3);
        assert!(refused.err.contains("already writing"), "{}", refused.err);
    }
    let refused = place.import("one.csv", &small_table()).expect(3);
    assert!(refused.err.contains("already writing") && refused.err.contains("--server URL"), "{}", refused.err);
    assert_eq!(server.stop("-TERM"), 0);
    let after = place.run(&["verify", "--json"]).expect(0).json();
    assert_eq!(after["checked"]["entries"], before["checked"]["entries"]);
    let server = Server::start(&place, "serve");
    assert_eq!(server.stop("-INT"), 0);
}

#[test]
fn a_port_that_cannot_be_had_is_told() {
    let place = Place::new();
    place.run(&["init"]).expect(0);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = place.run(&["serve", "--listen", &address]).expect(1);
    assert!(refused.err.contains(&address) && refused.err.contains("--listen"), "{}", refused.err);
    place.run(&["serve", "--listen", "nowhere"]).expect(2);
}

#[test]
fn what_may_be_asked_and_from_where_can_be_chosen() {
    let place = Place::new();
    place.run(&["init"]).expect(0);
    let document = "{ __typename }";
    let hash = aqueduct::chain::digest::Digest::of(document.as_bytes()).to_string();
    let list = place.write("documents.json", &serde_json::json!({ hash.as_str(): document }).to_string());
    let origin = "https://pensions.example";
    let server = Server::start_with(&place, "serve", &["--trusted-documents", &list, "--allow-origin", origin]);
    let listed = server.get(&format!("/graphql?documentId=sha256:{hash}"));
    assert!(listed.contains(r#""data":{"__typename":"Query"}"#), "{listed}");
    assert!(server.get("/graphql?query=%7Blog%7BchainId%7D%7D").contains("DOCUMENT_NOT_TRUSTED"));
    assert_eq!(server.stop("-TERM"), 0);

    let wrong = place.write("wrong.json", r#"{"00":"{ __typename }"}"#);
    for args in [
        ["--trusted-documents", &wrong],
        ["--trusted-documents", &place.path("absent.json")],
        ["--allow-origin", "pensions.example"],
        ["--allow-origin", "https://pensions.example/"],
        ["--allow-origin", "https://*"],
    ] {
        place.run(&[&["serve", "--listen", "127.0.0.1:0"], &args[..]].concat()).expect(2);
    }
}

#[test]
fn a_demonstration_stays_on_this_machine_and_is_told_once() {
    let place = Place::new();
    let refused = place.run(&["demo", "--listen", "0.0.0.0:0"]).expect(2);
    assert!(refused.err.contains("this machine only"), "{}", refused.err);
    assert!(!place.data().exists());

    let other = Place::new();
    other.run(&["init"]).expect(0);
    other.run(&["demo", "--listen", "127.0.0.1:0"]).expect(3);

    let server = Server::start(&place, "demo");
    assert!(server.get("/healthz").starts_with("HTTP/1.1 200"));
    assert_eq!(server.stop("-TERM"), 0);
    let path = place.data().join("demo-logins.json");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let logins: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let logins = logins.as_array().unwrap();
    assert!(logins.len() > 10);
    assert!(logins.iter().all(|login| login["token"].as_str().unwrap().starts_with("aqd_")));
    let told = place.run(&["verify", "--json"]).expect(0).json();
    let server = Server::start(&place, "demo");
    assert_eq!(server.stop("-TERM"), 0);
    let again = place.run(&["verify", "--json"]).expect(0).json();
    assert_eq!(again["checked"]["entries"], told["checked"]["entries"]);
}
