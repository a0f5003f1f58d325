//! `/metrics`: the node's figures in the text form 0.0.4 that Prometheus reads.
//!
//! The page is public: it says how busy the node is and nothing of the money. Every label is of
//! a closed list, so a caller cannot make it grow.

use std::fmt::Display;

use poem::web::Data;
use poem::{Response, handler};

use crate::service::metrics::Reading;
use crate::service::node::Node;

use super::App;

/// The page.
#[handler]
pub fn show(app: Data<&App>) -> Response {
    Response::builder().content_type("text/plain; version=0.0.4; charset=utf-8").body(page(&app.node))
}

fn page(node: &Node) -> String {
    let (heights, metrics) = (node.heights(), node.metrics());
    let mut page = Page::default();
    page.gauge("aqueduct_head_height", "Height of the last block of the chain.", heights.head.height);
    page.gauge("aqueduct_head_entries", "Entries of the log.", Some(heights.head.entries));
    page.gauge("aqueduct_views_height", "Height of the last block that readers see.", heights.views.height);
    page.gauge("aqueduct_views_entries", "Entries of the log that readers see.", Some(heights.views.entries));
    let behind = heights.head.entries.saturating_sub(heights.views.entries);
    page.gauge("aqueduct_lag_entries", "Entries committed but not yet seen by readers.", Some(behind));
    page.gauge("aqueduct_lag_facts", "Changes committed but not yet seen by readers.", Some(heights.lag_facts));
    page.gauge("aqueduct_ready", "1 when the node takes operations.", Some(u8::from(node.is_ready())));
    page.gauge("aqueduct_queue_operations", "Operations waiting for the orderer.", Some(node.recorder().waiting()));
    let resident = node.tables().evictable();
    page.gauge("aqueduct_resident_records", "Records of tokens, hops and operations in memory.", Some(resident));
    let open = metrics.open_subscriptions();
    page.gauge("aqueduct_subscriptions_open", "Subscriptions that are open.", Some(open));

    page.counter("aqueduct_operations_recorded_total", "Operations recorded.", metrics.recorded.get());
    page.counter(
        "aqueduct_operations_replayed_total",
        "Operations that were recorded before and answered again.",
        metrics.replayed.get(),
    );
    page.by_label(
        "aqueduct_operations_refused_total",
        "Operations not taken, by code of the reason.",
        "code",
        metrics.refusals(),
    );
    page.by_label("aqueduct_http_requests_total", "Requests answered, by class.", "status", metrics.requests());

    let (delivered, failed) = (metrics.webhooks_delivered.get(), metrics.webhooks_failed.get());
    page.by_label(
        "aqueduct_webhook_attempts_total",
        "Attempts to deliver a message to a receiver, by outcome.",
        "outcome",
        [("delivered", delivered), ("failed", failed)],
    );
    let pending = metrics.webhooks_pending();
    page.gauge("aqueduct_webhook_messages_pending", "Messages still to be delivered to receivers.", Some(pending));

    page.histogram(
        "aqueduct_block_append_seconds",
        "Time to make a block durable, fsync included.",
        &metrics.append.read(),
        seconds,
    );
    page.histogram("aqueduct_block_entries", "Entries of a block.", &metrics.block_entries.read(), plain);
    page.histogram("aqueduct_block_bytes", "Bytes of a block's body.", &metrics.block_bytes.read(), plain);
    page.histogram(
        "aqueduct_projection_seconds",
        "Time of a transaction that brings the views on.",
        &metrics.projection.read(),
        seconds,
    );
    page.counter("aqueduct_projected_facts_total", "Changes written into the views.", metrics.projected_facts.get());
    page.counter("aqueduct_projected_blocks_total", "Blocks written into the views.", metrics.projected_blocks.get());

    let started = u64::try_from(metrics.started.0).ok();
    page.gauge("process_start_time_seconds", "Start of the node, since the epoch.", started.map(milliseconds));
    page.gauge("process_resident_memory_bytes", "Memory of this process that is resident.", resident_bytes());
    page.0
}

#[derive(Default)]
struct Page(String);

impl Page {
    /// A figure that rises and falls; nothing when there is none.
    fn gauge(&mut self, name: &str, help: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.family(name, help, "gauge");
            self.0.push_str(&format!("{name} {value}\n"));
        }
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, help, "counter");
        self.0.push_str(&format!("{name} {value}\n"));
    }

    fn by_label(&mut self, name: &str, help: &str, label: &str, values: impl IntoIterator<Item = (&'static str, u64)>) {
        self.family(name, help, "counter");
        for (of, value) in values {
            self.0.push_str(&format!("{name}{{{label}=\"{of}\"}} {value}\n"));
        }
    }

    fn histogram(&mut self, name: &str, help: &str, reading: &Reading, unit: impl Fn(u64) -> String) {
        self.family(name, help, "histogram");
        for (end, count) in &reading.buckets {
            self.0.push_str(&format!("{name}_bucket{{le=\"{}\"}} {count}\n", unit(*end)));
        }
        let count = reading.count;
        self.0.push_str(&format!("{name}_bucket{{le=\"+Inf\"}} {count}\n"));
        self.0.push_str(&format!("{name}_sum {}\n{name}_count {count}\n", unit(reading.sum)));
    }

    /// The lines before a family. No name or help holds a character that would need an escape.
    fn family(&mut self, name: &str, help: &str, kind: &str) {
        self.0.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }
}

fn plain(figure: u64) -> String {
    figure.to_string()
}

/// Nanoseconds as seconds.
fn seconds(ns: u64) -> String {
    format!("{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000)
}

/// Milliseconds as seconds.
fn milliseconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}

/// What the system says that this process has in memory; none where it says nothing.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
