//! Importing and submitting through a running server, and reading beside it.
#![cfg(unix)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};
use serde_json::{Value, json};

use super::serve::Server;
use super::{HEADER, MAPPING, Place, Ran, binary, second_table, small_table};

/// A directory with an import office whose two officers have logins, beside a server.
struct Office {
    place: Place,
    server: Server,
}

impl Office {
    /// The office is registered by a first import, before the server starts.
    fn open() -> Self {
        let place = Place::new();
        place.run(&["init", "--token-file", &place.path("registrar.token")]).expect(0);
        place.import("first.csv", &format!("{HEADER}South,East,2025-01-01,2025-01-31,1,1,0,0\n")).expect(0);
        let server = Server::start(&place, "serve");
        let office = Self { place, server };
        office.logins();
        office
    }

    fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    fn ask(&self, token_file: &str, query: &str) -> Value {
        let token = std::fs::read_to_string(self.place.file(token_file)).unwrap();
        let body = ureq::post(format!("{}/graphql", self.url()))
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", token.trim()))
            .send(json!({ "query": query }).to_string())
            .unwrap()
            .body_mut()
            .read_to_string()
            .unwrap();
        serde_json::from_str(&body).unwrap()
    }

    /// Makes a login for each officer of the office, beside the server.
    fn logins(&self) {
        let query = "{ parties(first: 100) { nodes { uuid label keys { officer roles } } } }";
        let found = self.ask("registrar.token", query);
        let parties = found["data"]["parties"]["nodes"].as_array().unwrap();
        let office = parties.iter().find(|party| party["label"] == "Import office").unwrap();
        for key in office["keys"].as_array().unwrap() {
            let role = key["roles"][0].as_str().unwrap().to_lowercase();
            let (officer, party) = (key["officer"].as_str().unwrap(), office["uuid"].as_str().unwrap());
            let file = self.place.path(&format!("{role}.token"));
            self.place.run(&["login", officer, "--party", party, "--token-file", &file]).expect(0);
        }
    }

    fn args(&self, name: &str, table: &str, more: &[&str]) -> Vec<String> {
        let (table, mapping) = (self.place.write(name, table), self.place.write("map.toml", MAPPING));
        let url = self.url();
        let mut args = vec!["import", "tracking", &table, "--mapping", &mapping, "--json", "--server", &url];
        args.extend_from_slice(more);
        args.into_iter().map(str::to_owned).collect()
    }

    fn import(&self, name: &str, table: &str, more: &[&str]) -> Ran {
        let args = self.args(name, table, more);
        // In another directory: nothing of the server's is at hand.
        super::run_in(&self.place.file("elsewhere"), &args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn both(&self) -> [String; 4] {
        let path = |name: &str| self.place.path(name);
        ["--login-file".to_owned(), path("auditor.token"), "--approver-login-file".to_owned(), path("approver.token")]
    }

    fn import_by_both(&self, name: &str, table: &str, more: &[&str]) -> Ran {
        let both = self.both();
        let all: Vec<&str> = both.iter().map(String::as_str).chain(more.iter().copied()).collect();
        self.import(name, table, &all)
    }

    fn report(&self) -> Value {
        let args = ["report", "--by", "area", "--area-level", "2", "--format", "json"];
        self.place.run(&args).expect(0).json()["groups"].clone()
    }
}

#[test]
fn an_import_through_a_server_is_the_same_as_into_the_directory() {
    let office = Office::open();
    let dry = office.import_by_both("one.csv", &small_table(), &["--dry-run"]).expect(0).json();
    assert_eq!((&dry["outcome"], &dry["entries"]), (&json!("DRY_RUN"), &json!([])));
    let first = office.import_by_both("one.csv", &small_table(), &[]).expect(0).json();
    assert_eq!(first["recorded"], json!({ "rows": 3, "purposeRows": 5 }));
    assert_eq!(dry["recorded"], first["recorded"]);
    let sums = json!({ "purposeRows": 5, "official": "167.25", "verified": "145.75" });
    assert_eq!(first["controls"]["books"], json!({ "agree": true, "recorded": sums, "found": sums }));
    assert_eq!(first["entries"].as_array().unwrap().len(), 1);
    assert!(!office.place.file("elsewhere").exists(), "nothing is made here");

    let again = office.import_by_both("one.csv", &small_table(), &[]).expect(0).json();
    assert_eq!(again["recorded"], json!({ "rows": 0, "purposeRows": 0 }));
    assert_eq!(again["alreadyRecorded"], first["recorded"]);
    let second = office.import_by_both("two.csv", &second_table(), &[]).expect(0).json();
    assert_eq!(second["recorded"], json!({ "rows": 1, "purposeRows": 1 }));
    assert_eq!(second["alreadyRecorded"], json!({ "rows": 1, "purposeRows": 2 }));
    let bad = format!("{HEADER}North,East,2026-01-01,2026-01-31,x,1,1,1\n");
    office.import_by_both("bad.csv", &bad, &[]).expect(2);

    // The same tables into a directory of one's own give the same books.
    let other = Place::new();
    other.import("first.csv", &format!("{HEADER}South,East,2025-01-01,2025-01-31,1,1,0,0\n")).expect(0);
    other.import("one.csv", &small_table()).expect(0);
    other.import("two.csv", &second_table()).expect(0);
    let args = ["report", "--by", "area", "--area-level", "2", "--format", "json"];
    assert_eq!(office.report(), other.run(&args).expect(0).json()["groups"]);
    office.place.run(&["verify"]).expect(0);
    assert_eq!(office.server.stop("-TERM"), 0);
    // What was imported through the server is known to the directory, and the other way round.
    let here = office.place.import("one.csv", &small_table()).expect(0).json();
    assert_eq!(here["alreadyRecorded"], json!({ "rows": 3, "purposeRows": 5 }));
}

#[test]
fn without_the_approver_it_waits_and_the_approver_signs_elsewhere() {
    let office = Office::open();
    let auditor = ["--login-file", &office.place.path("auditor.token")].map(str::to_owned);
    let auditor: Vec<&str> = auditor.iter().map(String::as_str).collect();
    let before = office.report();
    let first = office.import("one.csv", &small_table(), &auditor).expect(0).json();
    let waiting = first["awaitingSignature"].as_array().unwrap();
    assert_eq!((waiting.len(), &first["entries"]), (1, &json!([])));
    assert_eq!(office.report(), before, "nothing is in the books yet");
    // Again: the same operation waits, not a second one.
    let again = office.import("one.csv", &small_table(), &auditor).expect(0).json();
    assert_eq!(again["awaitingSignature"], first["awaitingSignature"]);

    let id = waiting[0].as_str().unwrap();
    let url = office.url();
    let approve = |token: &str| office.place.run(&["approve", id, "--server", &url, "--login-file", token]);
    let own = approve(&office.place.path("auditor.token")).expect(3);
    assert!(own.err.contains("SAME_OFFICER"), "{}", own.err);
    let approved = approve(&office.place.path("approver.token")).expect(0);
    assert!(approved.out.contains("recorded as entry"), "{}", approved.out);
    let twice = approve(&office.place.path("approver.token")).expect(0);
    assert!(twice.out.contains("as it was before"), "{}", twice.out);
    let after = office.import("one.csv", &small_table(), &auditor).expect(0).json();
    assert_eq!(after["alreadyRecorded"], json!({ "rows": 3, "purposeRows": 5 }));
    assert_eq!(after["awaitingSignature"], json!([]));

    // One that waits is finished by a later run with both logins, under the same id.
    let second = office.import("two.csv", &second_table(), &auditor).expect(0).json();
    let both = office.import_by_both("two.csv", &second_table(), &[]).expect(0).json();
    assert_eq!(both["entries"][0]["operation"], second["awaitingSignature"][0]);
    assert_eq!(office.server.stop("-TERM"), 0);
}

#[test]
fn logins_that_cannot_import_are_told_before_anything_is_tried() {
    let office = Office::open();
    let table = small_table();
    let path = |name: &str| office.place.path(name);
    let by = |first: &str, second: &str| {
        office.import("one.csv", &table, &["--login-file", &path(first), "--approver-login-file", &path(second)])
    };
    let swapped = by("approver.token", "auditor.token").expect(3);
    assert!(swapped.err.contains("is no AUDITOR"), "{}", swapped.err);
    assert!(by("auditor.token", "auditor.token").expect(3).err.contains("is no APPROVER"));
    assert!(by("registrar.token", "approver.token").expect(3).err.contains("is no AUDITOR"));
    office.place.write("wrong.token", "aqd_nobody\n");
    let nobody = by("wrong.token", "approver.token").expect(3);
    assert!(nobody.err.contains("UNAUTHENTICATED"), "{}", nobody.err);
    office.place.write("two.token", "two words");
    by("two.token", "approver.token").expect(2);
    by("absent.token", "approver.token").expect(2);
    let without = office.import("one.csv", &table, &[]).expect(2);
    assert!(without.err.contains("AQUEDUCT_LOGIN"), "{}", without.err);

    // The environment does as well, and an option goes before it.
    let args = office.args("one.csv", &table, &[]);
    let token = |name: &str| std::fs::read_to_string(office.place.file(name)).unwrap().trim().to_owned();
    let mut command = binary();
    command.args(&args).env("AQUEDUCT_LOGIN", token("auditor.token"));
    let by_variable = super::finish(command.env("AQUEDUCT_APPROVER_LOGIN", token("approver.token"))).expect(0);
    assert_eq!(by_variable.json()["recorded"]["rows"], 3);
    let given = office.import("one.csv", &table, &["--login", &token("auditor.token")]).expect(0);
    assert_eq!(given.json()["alreadyRecorded"]["rows"], 3);

    for wrong in ["books.example", "ftp://books.example", "http://me:secret@127.0.0.1", "http://127.0.0.1/?x=1", ""] {
        let table = path("one.csv");
        let refused = office.place.run(&[
            "import",
            "tracking",
            &table,
            "--mapping",
            &path("map.toml"),
            "--server",
            wrong,
            "--login",
            "aqd_x",
        ]);
        let refused = refused.expect(2);
        assert!(refused.err.contains("is not the address of a server"), "{wrong}: {}", refused.err);
    }
    assert_eq!(office.server.stop("-TERM"), 0);
}

#[test]
fn what_does_not_answer_as_a_server_does_is_told() {
    let place = Place::new();
    let (table, mapping) = (place.write("one.csv", &small_table()), place.write("map.toml", MAPPING));
    let import = |url: &str| {
        place.run(&["import", "tracking", &table, "--mapping", &mapping, "--server", url, "--login", "aqd_x"])
    };
    // A port that nobody listens on.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = import(&format!("http://{free}")).expect(1);
    assert!(refused.err.contains("cannot be reached") && refused.err.contains(&free.to_string()), "{}", refused.err);
    // Something else that speaks HTTP.
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = other.accept().unwrap();
        let mut buffer = [0; 65_536];
        let _ = std::io::Read::read(&mut stream, &mut buffer).unwrap();
        let answer =
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 7\r\nconnection: close\r\n\r\n<html/>";
        std::io::Write::write_all(&mut stream, answer.as_bytes()).unwrap();
    });
    let refused = import(&format!("http://{address}")).expect(1);
    assert!(refused.err.contains("does not answer as an Aqueduct server"), "{}", refused.err);
    answering.join().unwrap();
}

/// The height of a server's chain.
fn height(address: &str) -> u64 {
    let page = ureq::get(format!("http://{address}/metrics")).call().unwrap().into_body().read_to_string().unwrap();
    let figure = page.lines().find_map(|line| line.strip_prefix("aqueduct_head_height "));
    figure.unwrap().parse().unwrap()
}

#[test]
fn an_import_outlives_a_server_that_is_killed_and_a_client_that_is() {
    let mut office = Office::open();
    let mapping = MAPPING.replace("value = \"MEALS\"", "column = \"scheme\"");
    let (rows, programmes) = (900, 30);
    let row = |row: usize| format!("S{},North,East,2026-01-01,2026-01-31,{row}.50,1,1,1\n", row % programmes);
    let table = format!("scheme,{HEADER}{}", (1..=rows).map(row).collect::<String>());
    let mut args = office.args("many.csv", &table, &[]);
    office.place.write("map.toml", &mapping);
    args.extend(office.both());
    let spawn = || binary().args(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let more_than = |address: &str, child: &mut std::process::Child, blocks: u64| {
        while height(address) < blocks {
            assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        }
    };
    // The client is killed in the middle.
    let before = height(&office.server.address);
    let mut client = spawn();
    more_than(&office.server.address, &mut client, before + 5);
    client.kill().unwrap();
    client.wait().unwrap();
    // The server is killed in the middle of the next run, and comes back at the same address.
    // Reading beside both works.
    let before = height(&office.server.address);
    let mut client = spawn();
    more_than(&office.server.address, &mut client, before + 5);
    office.place.run(&["report"]).expect(0);
    office.server.child.kill().unwrap();
    office.server.child.wait().unwrap();
    let address = office.server.address.clone();
    office.server = Server::start_at(&office.place, "serve", &address, &[]);
    let ended = client.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let told: Value = serde_json::from_slice(&ended.stdout).unwrap();
    let sum = |field: &str| told[field]["purposeRows"].as_u64().unwrap();
    assert_eq!(sum("recorded") + sum("alreadyRecorded"), 2 * u64::try_from(rows).unwrap());
    assert_eq!(told["controls"]["books"]["agree"], true);
    assert_eq!(office.server.stop("-TERM"), 0);
    let verified = office.place.run(&["verify", "--json"]).expect(0).json();
    assert_eq!(verified["checked"]["lines"], 2 * rows + 1, "no row is there twice");
}

#[test]
fn an_envelope_is_submitted_and_a_repeated_one_answered_as_before() {
    let place = Place::new();
    let key = place.path("registrar.key");
    let public = super::run(&["keygen", &key]).expect(0).out.trim().to_owned();
    let first = super::run(&["init", "--registrar-key", &public]).expect(0).out;
    let signed = super::run(&["sign", &place.write("first.json", &first), "--key", &key]).expect(0).out;
    let envelope = place.write("first.dsse", &signed);
    place.run(&["init", "--envelope", &envelope, "--token-file", &place.path("token")]).expect(0);
    let server = Server::start(&place, "serve");
    let office = Office { place, server };
    let draft = |id: uuid::Uuid| {
        let query = format!(
            "mutation {{ operationDraft(input: {{ partyRegister: {{ operationId: \"{id}\", kind: TREASURY, label: \
             \"Treasury\", level: \"country\", area: \"\" }} }}) {{ draft {{ payloadText }} }} }}"
        );
        let drafted = office.ask("token", &query);
        drafted["data"]["operationDraft"]["draft"]["payloadText"].as_str().unwrap().to_owned()
    };
    let sign = |payload: &str, key: &str| {
        let signed = super::run(&["sign", &office.place.write("p.json", payload), "--key", key]).expect(0).out;
        office.place.write("p.dsse", &signed)
    };
    let id = uuid::Uuid::now_v7();
    let envelope = sign(&draft(id), &key);
    let (url, token) = (office.url(), office.place.path("token"));
    let submit = |file: &str| office.place.run(&["submit", file, "--server", &url, "--login-file", &token]);
    let recorded = submit(&envelope).expect(0);
    assert!(recorded.out.starts_with(&format!("{id}  recorded as entry 1")), "{}", recorded.out);
    assert!(submit(&envelope).expect(0).out.contains("as it was before"));
    submit(&office.place.write("no.json", "{}")).expect(2);
    // Signed by somebody whose key is not registered.
    let other = office.place.path("other.key");
    super::run(&["keygen", &other]).expect(0);
    let refused = submit(&sign(&draft(uuid::Uuid::now_v7()), &other)).expect(3);
    assert!(refused.err.contains("UNKNOWN_KEY"), "{}", refused.err);
    assert_eq!(office.server.stop("-TERM"), 0);
}

/// Answers one request over TLS as a server does that refuses it, or whatever the client thinks of
/// its certificate.
fn answer_over_tls(listener: &TcpListener) {
    let file = |name: &str| Path::new("tests/tls").join(name);
    let certificates = CertificateDer::pem_file_iter(file("server.pem")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(certificates, key).unwrap();
    let (stream, _) = listener.accept().unwrap();
    let mut stream = rustls::StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), stream);
    let mut request = [0; 65_536];
    if stream.read(&mut request).is_ok_and(|count| count > 0) {
        let body = r#"{"errors":[{"message":"over TLS","extensions":{"code":"FORBIDDEN"}}]}"#;
        let head = format!("content-type: application/json\r\ncontent-length: {}\r\nconnection: close", body.len());
        write!(stream, "HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}").unwrap();
        stream.flush().unwrap();
    }
    // What the client still sends is read to its end: closed before that, the answer could be lost.
    stream.sock.shutdown(std::net::Shutdown::Write).unwrap();
    let _ = std::io::copy(&mut stream.sock, &mut std::io::sink());
}

#[test]
fn a_server_of_an_authority_of_its_own_is_reached_when_that_is_named() {
    let place = Place::new();
    let (table, mapping) = (place.write("one.csv", &small_table()), place.write("map.toml", MAPPING));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let import = |url: &str, more: &[&str]| {
        let args = ["import", "tracking", &table, "--mapping", &mapping, "--server", url, "--login", "aqd_x"];
        place.run(&args.into_iter().chain(more.iter().copied()).collect::<Vec<_>>())
    };
    let over_tls = |more: &[&str]| {
        std::thread::scope(|scope| {
            scope.spawn(|| answer_over_tls(&listener));
            import(&format!("https://{address}"), more)
        })
    };
    let trusted = over_tls(&["--server-ca", "tests/tls/authority.pem"]).expect(3);
    assert!(trusted.err.contains("over TLS (FORBIDDEN)"), "{}", trusted.err);
    for more in [&[][..], &["--server-ca", "tests/tls/stranger.pem"]] {
        let refused = over_tls(more).expect(1);
        assert!(refused.err.contains("cannot be reached") && refused.err.contains("certificate"), "{}", refused.err);
    }
    let refused = import(&format!("https://{address}"), &["--server-ca", &mapping]).expect(2);
    assert!(refused.err.contains("holds no certificate"), "{}", refused.err);
    let refused = import(&format!("http://{address}"), &["--server-ca", "tests/tls/authority.pem"]).expect(2);
    assert!(refused.err.contains("is for https"), "{}", refused.err);
}
