//! Progress where nobody looks at a terminal.

use std::time::{Duration, Instant};

use aqueduct::cli::progress::Lines;

#[test]
fn a_log_gets_a_line_at_most_every_ten_seconds() {
    let began = Instant::now();
    let at = |seconds: u64| began + Duration::from_secs(seconds);
    let mut lines = Lines::begin("reading", began);
    assert_eq!(lines.at(1, 1_000, at(0)), None, "short work leaves no line");
    assert_eq!(lines.at(100, 1_000, at(9)), None);
    assert_eq!(lines.at(119, 1_000, at(10)).unwrap(), "reading: 11 %\n");
    lines.say("checking");
    assert_eq!(lines.at(500, 1_000, at(19)), None);
    assert_eq!(lines.at(u64::MAX, u64::MAX, at(25)).unwrap(), "checking: 100 %\n");
    assert_eq!(lines.at(7, 0, at(35)).unwrap(), "checking\n", "of an unknown size");
}
