//! The public log: nobody needs to trust who serves it.

use aqueduct::chain::checkpoint;
use aqueduct::chain::digest::Digest;
use aqueduct::chain::envelope::leaf;
use aqueduct::chain::merkle::record_hash;
use aqueduct::chain::proof::{Inclusion, TreeHead, check_consistency, check_inclusion};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::client::{Served, login, text};

fn digest(value: &Value) -> Digest {
    text(value).parse().unwrap()
}

fn number(value: &Value) -> u64 {
    text(value).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_check_every_entry_against_the_head() {
    let served = Served::start().await;
    let query = "{ log { chainId head { height entries root time digest checkpoint } } }";
    let body = served.ask(None, query, Value::Null).await;
    let head = &body["data"]["log"]["head"];
    let (size, root) = (number(&head["entries"]), digest(&head["root"]));
    assert_eq!(digest(&body["data"]["log"]["chainId"]), served.world.node().chain_id());
    for index in 0..size {
        let query = format!(
            "{{ log {{ entry(index: \"{index}\") {{ index leaf kind envelope height party {{ label }} }} \
             inclusionProof(index: \"{index}\", treeSize: \"{size}\") {{ hashes }} }} }}"
        );
        let body = served.ask(None, &query, Value::Null).await;
        let entry = &body["data"]["log"]["entry"];
        assert_eq!((&entry["kind"], &entry["envelope"], &entry["party"]), (&Value::Null, &Value::Null, &Value::Null));
        let hashes = body["data"]["log"]["inclusionProof"]["hashes"].as_array().unwrap();
        let proof: Vec<Digest> = hashes.iter().map(digest).collect();
        let claim = Inclusion { index, size, root };
        check_inclusion(&record_hash(&digest(&entry["leaf"]).0), &claim, &proof).unwrap();
    }
    let beyond = format!("{{ log {{ entry(index: \"{size}\") {{ index }} }} }}");
    assert_eq!(served.ask(None, &beyond, Value::Null).await["data"]["log"]["entry"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checkpoint_is_signed_by_the_key_that_is_told() {
    let served = Served::start().await;
    let query = "{ log { verifierKey head { entries root checkpoint } } }";
    let log = &served.ask(None, query, Value::Null).await["data"]["log"];
    let told = text(&log["verifierKey"]);
    let (origin, _) = told.split_once('+').unwrap();
    let key = served.world.node().proposer();
    assert_eq!(told, checkpoint::verifier_key(origin, &key).unwrap());
    let signed = checkpoint::open(&text(&log["head"]["checkpoint"]), origin, &key).unwrap();
    assert_eq!((signed.size, signed.root), (number(&log["head"]["entries"]), digest(&log["head"]["root"])));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_of_an_entry_are_those_of_its_leaf() {
    let served = Served::start().await;
    let query = "{ operations(first: 20) { nodes { lines entry { leaf envelope payloadDigest lines } } } }";
    let data = served.data(&served.world.supervisor, query).await;
    for operation in data["operations"]["nodes"].as_array().unwrap() {
        let entry = &operation["entry"];
        assert_eq!(operation["lines"], entry["lines"], "also of what never waited here");
        let envelope = STANDARD.decode(text(&entry["envelope"])).unwrap();
        assert_eq!(leaf(&envelope), digest(&entry["leaf"]));
        let envelope = aqueduct::chain::envelope::Envelope::parse(&envelope).unwrap();
        assert_eq!(envelope.payload_digest(), digest(&entry["payloadDigest"]));
        envelope.verify().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_leads_to_what_it_made() {
    let served = Served::start().await;
    let made = "index kind lines hops(first: 50) { nodes { id entries { index } } } \
                tokens(first: 50) { nodes { id createdBy { index } } }";
    let all = "{ hops(first: 100) { totalCount } tokens(first: 100, filter: { includeSpent: true }) { totalCount } }";
    let totals = served.data(&served.world.supervisor, all).await;
    let (mut hops, mut tokens, mut lines) = (0, 0, 0);
    for index in 0..served.world.node().heights().views.entries {
        let query = format!("{{ log {{ entry(index: \"{index}\") {{ {made} }} }} }}");
        let entry = served.data(&served.world.supervisor, &query).await["log"]["entry"].clone();
        for hop in entry["hops"]["nodes"].as_array().unwrap() {
            assert_eq!(hop["entries"][0]["index"], entry["index"], "{entry}");
            hops += 1;
        }
        for token in entry["tokens"]["nodes"].as_array().unwrap() {
            assert_eq!(token["createdBy"]["index"], entry["index"], "{entry}");
            tokens += 1;
        }
        lines += entry["lines"].as_array().unwrap().len();
        let hidden = served.ask(None, &query, Value::Null).await["data"]["log"]["entry"].clone();
        assert_eq!((&hidden["hops"], &hidden["tokens"]), (&Value::Null, &Value::Null));
    }
    assert_eq!((&totals["hops"]["totalCount"], &totals["tokens"]["totalCount"]), (&hops.into(), &tokens.into()));
    assert!(hops > 0 && tokens > hops && lines > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_today_continues_the_log_of_before() {
    let served = Served::start().await;
    let head = "{ log { head { entries root } } }";
    let read = |body: Value| {
        let head = &body["data"]["log"]["head"];
        TreeHead { size: number(&head["entries"]), root: digest(&head["root"]) }
    };
    let first = read(served.ask(None, head, Value::Null).await);
    served.world.allocate(100).await;
    served.world.node().catch_up().await;
    let second = read(served.ask(None, head, Value::Null).await);
    assert_eq!(second.size, first.size + 1);
    let query = format!(
        "{{ log {{ consistencyProof(first: \"{}\", second: \"{}\") {{ hashes }} }} }}",
        first.size, second.size
    );
    let body = served.ask(Some(login(&served.world.county)), &query, Value::Null).await;
    let hashes = body["data"]["log"]["consistencyProof"]["hashes"].as_array().unwrap();
    check_consistency(&first, &second, &hashes.iter().map(digest).collect::<Vec<_>>()).unwrap();
}
