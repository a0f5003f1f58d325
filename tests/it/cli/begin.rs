//! Beginning a chain, and who may unlock its keys.

use super::{Place, binary_in, finish};
use crate::database;

#[cfg(unix)]
fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_chain_begins_once() {
    let place = Place::new();
    let begun = place.run(&["init", "--registrar", "National registry"]).expect(0);
    assert!(begun.out.contains("National registry") && begun.out.contains("aqd_"), "{}", begun.out);
    assert!(!begun.err.contains("WARN"), "{}", begun.err);
    #[cfg(unix)]
    {
        assert_eq!(mode(&place.data()), 0o700);
        let stores = if database::is_postgres() { &[][..] } else { &["chain.db", "views.db", "node.db"] };
        for file in ["node.key", "writer.lock"].iter().chain(stores) {
            assert_eq!(mode(&place.data().join(file)), 0o600, "{file}");
        }
    }
    let verified = place.run(&["verify", "--json"]).expect(0).json();
    let again = place.run(&["init"]).expect(3);
    assert!(again.err.contains("already") && again.err.contains("--data"), "{}", again.err);
    assert!(!again.out.contains("aqd_"), "a refused beginning makes no login");
    assert_eq!(place.run(&["verify", "--json"]).expect(0).json(), verified);
    assert!(place.run(&["report"]).expect(0).out.contains("no such money"));
}

#[test]
fn the_token_can_go_into_a_file_for_its_owner() {
    let place = Place::new();
    let file = place.path("token");
    let begun = place.run(&["init", "--token-file", &file]).expect(0);
    assert!(!begun.out.contains("aqd_"));
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("aqd_"));
    #[cfg(unix)]
    assert_eq!(mode(&place.file("token")), 0o600);
}

#[test]
fn keys_open_with_the_passphrase_they_were_made_with() {
    let place = Place::new();
    let with = |passphrase: Option<&str>, args: &[&str]| {
        let mut command = binary_in(&place.data());
        command.args(args);
        if let Some(passphrase) = passphrase {
            command.env("AQUEDUCT_PASSPHRASE", passphrase);
        }
        finish(&mut command)
    };
    with(Some("green river"), &["init"]).expect(0);
    assert!(!place.data().join("node.key").exists());
    with(Some("green river"), &["rebuild"]).expect(0);
    assert!(with(Some("blue river"), &["rebuild"]).expect(2).err.contains("passphrase"));
    assert!(with(None, &["rebuild"]).expect(2).err.contains("passphrase"));
    let file = place.write("passphrase", "green river\n");
    with(None, &["--passphrase-file", &file, "rebuild"]).expect(0);
    // Reading needs no key.
    with(None, &["verify"]).expect(0);
}

#[test]
fn a_login_is_made_for_an_officer_with_a_key_kept_by_the_node() {
    let place = Place::new();
    let officer = "0b54c1a2-7c1e-4f0e-8f3b-3f7f5f0f9a01";
    let party = "0b54c1a2-7c1e-4f0e-8f3b-3f7f5f0f9a02";
    place.run(&["login", officer, "--party", party]).expect(2);
    place.run(&["init"]).expect(0);
    let made = place.run(&["login", officer, "--party", party, "--new-key"]).expect(0);
    assert!(made.out.contains("key    ed25519:") && made.out.contains("login  aqd_"), "{}", made.out);
}
