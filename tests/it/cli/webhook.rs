//! Receivers of findings, from the command line.

use super::Place;

#[test]
fn a_receiver_is_added_listed_and_removed() {
    let place = Place::new();
    place.run(&["webhook", "list"]).expect(2);
    place.run(&["init"]).expect(0);
    assert_eq!(place.run(&["webhook", "list"]).expect(0).out, "");
    let url = "https://audit.example/flags";
    let made = place.run(&["webhook", "add", url, "--rules", "L01,L15", "--severities", "A"]).expect(0);
    let secret = made.out.lines().find_map(|line| line.strip_prefix("secret   ")).unwrap();
    assert!(secret.starts_with("whsec_") && secret.ends_with("(shown once)"), "{secret}");
    assert_eq!(made.err, "");
    let listed = place.run(&["webhook", "list", "--json"]).expect(0).json();
    let webhook = &listed[0];
    assert_eq!((&webhook["url"], &webhook["rules"]), (&url.into(), &serde_json::json!(["L01", "L15"])));
    assert_eq!((&webhook["severities"], &webhook["failures"]), (&serde_json::json!(["A"]), &0.into()));
    let id = webhook["id"].as_str().unwrap();
    let plain = place.run(&["webhook", "list"]).expect(0).out;
    assert!(plain.contains(id) && plain.contains("well") && !plain.contains("whsec_"), "{plain}");
    place.run(&["webhook", "retry", id]).expect(0);
    place.run(&["webhook", "remove", id]).expect(0);
    let absent = place.run(&["webhook", "remove", id]).expect(2);
    assert!(absent.err.contains("there is no webhook"), "{}", absent.err);
}

#[test]
fn what_a_receiver_may_not_be_is_told() {
    let place = Place::new();
    place.run(&["init"]).expect(0);
    for wrong in [
        &["ftp://audit.example"][..],
        &["https://audit.example", "--rules", "L99"],
        &["https://audit.example", "--severities", "E"],
    ] {
        place.run(&[&["webhook", "add"], wrong].concat()).expect(2);
    }
    let file = place.path("hook.secret");
    let near = place.run(&["webhook", "add", "http://10.0.0.7/flags", "--secret-file", &file]).expect(0);
    assert!(near.err.contains("--webhooks-to-private-addresses") && near.err.contains("not encrypted"), "{}", near.err);
    assert!(!near.out.contains("whsec_"), "{}", near.out);
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("whsec_"));
}
