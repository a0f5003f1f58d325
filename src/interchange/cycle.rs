//! The payment period of a row.

use chrono::{Datelike, Months, NaiveDate};

/// A payment period: a label with a first and a last day. Equal periods have equal labels.
///
/// Printed: `2026-11` for a calendar month, `2022-04-01..2023-03-31` for anything else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cycle {
    /// The label by which people know it.
    pub label: String,
    /// The first day.
    pub first: NaiveDate,
    /// The last day, included.
    pub last: NaiveDate,
}

impl Cycle {
    /// The period from one day to another, both included; none when it ends before it begins.
    pub fn between(first: NaiveDate, last: NaiveDate) -> Option<Self> {
        if last < first || !has_four_digit_year(first) || !has_four_digit_year(last) {
            return None;
        }
        let label = if month(first) == Some((first, last)) {
            first.format("%Y-%m").to_string()
        } else {
            format!("{}..{}", first.format("%Y-%m-%d"), last.format("%Y-%m-%d"))
        };
        Some(Self { label, first, last })
    }

    /// Reads a label: `2026-11` or `2022-04-01..2023-03-31`.
    pub fn from_label(label: &str) -> Option<Self> {
        let iso = |text: &str| {
            let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            // The parser is lenient about zeros and signs; one day shall have one text.
            (date.format("%Y-%m-%d").to_string() == text).then_some(date)
        };
        let (first, last) = match label.split_once("..") {
            Some((first, last)) => (iso(first)?, iso(last)?),
            None => month(iso(&format!("{label}-01"))?)?,
        };
        Self::between(first, last)
    }

    /// Reads a calendar month in a form such as `%m/%Y`.
    pub(super) fn from_month(text: &str, format: &str) -> Option<Self> {
        let first = NaiveDate::parse_from_str(&format!("{text} 01"), &format!("{format} %d")).ok()?;
        let (first, last) = month(first)?;
        Self::between(first, last)
    }

    /// Whether a form gives a whole month: one that is printed in it reads back as the same.
    pub(super) fn is_month_format(format: &str) -> bool {
        let valid = chrono::format::StrftimeItems::new(format).all(|item| !matches!(item, chrono::format::Item::Error));
        let sample = NaiveDate::from_ymd_opt(2026, 11, 1).expect("a day that exists");
        let mut printed = String::new();
        // A form with hours or a zone cannot print a day and is no form of a month.
        let printable =
            valid && std::fmt::Write::write_fmt(&mut printed, format_args!("{}", sample.format(format))).is_ok();
        printable && Self::from_month(&printed, format).is_some_and(|cycle| cycle.first == sample)
    }
}

/// Whether the year is written with exactly four digits, so that labels have one form and a year
/// typed as `0023` or `20223` is noticed.
pub(super) fn has_four_digit_year(date: NaiveDate) -> bool {
    (1000..=9999).contains(&date.year())
}

/// The first and last day of the month in which the day lies.
fn month(day: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
    let first = day.with_day(1)?;
    let last = first.checked_add_months(Months::new(1))?.pred_opt()?;
    Some((first, last))
}
