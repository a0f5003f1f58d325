//! `/metrics`, read strictly by the grammar of the text form 0.0.4.

use std::collections::BTreeMap;

use aqueduct::ledger::operation::{Operation, TokenSplit};

use super::client::{Served, login};
use crate::world::{inr, minor, reference};

/// A page, once it is in form: the samples with their labels as written, by name.
struct Page(BTreeMap<String, String>);

impl Page {
    async fn of(served: &Served) -> Self {
        let answer = served.get("/metrics").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        Self::parse(&answer.text)
    }

    /// Every family has its help and type once, before its samples and in one group; names and
    /// values are in form; buckets rise to the count.
    fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line ends");
        let mut samples = BTreeMap::new();
        let mut kinds: BTreeMap<String, String> = BTreeMap::new();
        let mut helped = String::new();
        let mut family = String::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap();
                assert!(is_name(name) && !help.is_empty() && !kinds.contains_key(name), "{line}");
                name.clone_into(&mut helped);
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert_eq!(name, helped, "the type follows the help");
                assert!(["gauge", "counter", "histogram"].contains(&kind), "{line}");
                assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} stands twice");
                name.clone_into(&mut family);
            } else {
                let (name, value) = line.rsplit_once(' ').unwrap();
                assert!(value.parse::<f64>().is_ok_and(|value| value >= 0.0), "{line}");
                let bare = name.split('{').next().unwrap();
                assert!(is_name(bare), "{line}");
                let ending = bare.strip_prefix(family.as_str()).unwrap_or_else(|| panic!("{line} is not of {family}"));
                let is_histogram = kinds[&family] == "histogram";
                let endings: &[&str] = if is_histogram { &["_bucket", "_sum", "_count"] } else { &[""] };
                assert!(endings.contains(&ending), "{line}");
                assert_eq!(kinds[&family] == "counter", family.ends_with("_total"), "{line}");
                labels(&name[bare.len()..]);
                assert!(samples.insert(name.to_owned(), value.to_owned()).is_none(), "{name} stands twice");
            }
        }
        let page = Self(samples);
        for name in kinds.iter().filter(|(_, kind)| *kind == "histogram").map(|(name, _)| name) {
            page.check_buckets(name, text);
        }
        page
    }

    fn check_buckets(&self, name: &str, text: &str) {
        let prefix = format!("{name}_bucket{{le=\"");
        let buckets: Vec<(f64, f64)> = text
            .lines()
            .filter_map(|line| line.strip_prefix(&prefix)?.split_once("\"} "))
            .map(|(end, count)| (end.parse().unwrap(), count.parse().unwrap()))
            .collect();
        assert!(buckets.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1), "{name} rises");
        let (end, count) = buckets[buckets.len() - 1];
        assert_eq!((end, count), (f64::INFINITY, self.get(&format!("{name}_count"))), "{name} ends");
    }

    fn get(&self, name: &str) -> f64 {
        self.0.get(name).unwrap_or_else(|| panic!("no {name}")).parse().unwrap()
    }
}

fn is_name(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    name.chars().all(is_part) && name.starts_with(|c: char| !c.is_ascii_digit())
}

/// None, or `{name="value"}` with nothing that needs an escape.
fn labels(text: &str) {
    if text.is_empty() {
        return;
    }
    let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap();
    let (name, value) = inner.split_once('=').unwrap();
    assert!(is_name(name), "{text}");
    let value = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
    assert!(!value.contains(['"', '\\', '\n', ',']), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_is_counted() {
    let served = Served::start().await;
    let before = Page::of(&served).await;
    let world = &served.world;
    let allocated = world.allocate(500).await;
    let token = reference(&world.dispatch(&world.treasury, allocated, &[(&world.bureau, 500)]).await, 0);
    let split = TokenSplit { currency: inr(), parts: vec![minor(1), minor(2)], token };
    let code = world.refused(&world.treasury, Operation::TokenSplit(split)).await;
    world.node().catch_up().await;
    assert_eq!(served.get("/nothing").await.status, 404);
    let after = Page::of(&served).await;
    let rise = |name: &str| after.get(name) - before.get(name);

    // An allocation and a dispatch.
    assert_eq!(rise("aqueduct_operations_recorded_total"), 2.0);
    assert_eq!(rise("aqueduct_head_entries"), 2.0);
    assert_eq!(rise("aqueduct_views_entries"), 2.0);
    assert_eq!(rise("aqueduct_block_append_seconds_count"), 2.0);
    assert_eq!(rise("aqueduct_block_entries_sum"), 2.0);
    assert_eq!(rise("aqueduct_projected_blocks_total"), 2.0);
    assert!(rise("aqueduct_block_bytes_sum") > 500.0);
    assert!(rise("aqueduct_block_append_seconds_sum") > 0.0);
    assert!(rise("aqueduct_projection_seconds_sum") > 0.0);
    assert!(rise("aqueduct_projected_facts_total") >= 6.0);
    assert_eq!(after.get(&format!("aqueduct_operations_refused_total{{code=\"{code}\"}}")), 1.0);
    assert_eq!(rise("aqueduct_http_requests_total{status=\"2xx\"}"), 1.0);
    assert_eq!(rise("aqueduct_http_requests_total{status=\"4xx\"}"), 1.0);
    for name in ["aqueduct_lag_facts", "aqueduct_lag_entries", "aqueduct_queue_operations"] {
        assert_eq!(after.get(name), 0.0, "{name}");
    }
    assert_eq!(after.get("aqueduct_ready"), 1.0);
    assert!(after.get("aqueduct_resident_records") > 0.0);
    assert!(after.get("process_start_time_seconds") > 1_700_000_000.0);
    if cfg!(target_os = "linux") {
        assert!(after.get("process_resident_memory_bytes") > 1_000_000.0);
    }
    served.end().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_are_counted_while_they_are_open() {
    let served = Served::start().await;
    assert_eq!(Page::of(&served).await.get("aqueduct_subscriptions_open"), 0.0);
    let token = login(&served.world.supervisor);
    let mut follower = super::subscriptions::Follower::open(&served, Some(token)).await;
    follower.subscribe("subscription { entryRecorded(after: \"0\") { index } }").await;
    assert_eq!(follower.index().await, 1);
    assert_eq!(Page::of(&served).await.get("aqueduct_subscriptions_open"), 1.0);
    let world = served.end().await;
    assert_eq!(world.node().metrics().open_subscriptions(), 0);
}
