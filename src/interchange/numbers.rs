//! How a file writes its numbers, found from all of them together.
//!
//! `12,50` and `1.234,50` show a decimal comma, `12.50` and `1,234.50` a decimal point; `1,500`
//! alone may be fifteen hundred or one and a half. Where no number of the file decides, nothing
//! is guessed: the mapping has to say it.

use super::amount::{NumberForm, is_digits, ungroup};
use super::bounds::NUMBERS_PER_SLIP_MIN;
use super::dialect::{Evidence, Ground};
use super::rejection::quoted;

/// Marks that can only stand between groups of digits.
const GROUPING_ONLY: [char; 5] = [' ', '\u{a0}', '\u{202f}', '\'', '\u{2019}'];

/// A number of the file, for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The data row.
    pub row: u64,
    /// Its text.
    pub text: String,
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} in row {}", self.text, self.row)
    }
}

/// Why the form stays open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumbersFault {
    /// Nothing in the file tells whether a mark groups digits or begins decimals.
    #[error(
        "it is not clear whether {0} has decimals; declare `decimal_separator` (and `thousands_separator`) in the \
         mapping"
    )]
    Unclear(Seen),
    /// Some numbers show a decimal point and others a decimal comma.
    #[error(
        "{point} has a decimal point and {comma} a decimal comma; declare `decimal_separator` in the mapping, then \
         the others are rejected one by one"
    )]
    Contradictory {
        /// The first with a point.
        point: Seen,
        /// The first with a comma.
        comma: Seen,
    },
}

/// What the numbers of a file show.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    point: Shown,
    comma: Shown,
    /// Groups of digits, by the mark between them.
    groups: Vec<(char, u64)>,
    unclear: Option<(char, Seen)>,
    unclear_other: Option<Seen>,
}

#[derive(Debug, Default)]
struct Shown {
    count: u64,
    first: Option<Seen>,
}

impl Numbers {
    /// Looks at a cell; one that is no number in any form shows nothing.
    pub(super) fn see(&mut self, row: u64, text: &str) {
        let text = text.trim();
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let marks: Vec<(usize, char)> = unsigned.char_indices().filter(|(_, c)| !c.is_ascii_digit()).collect();
        let is_mark = |c: char| c == ',' || c == '.' || GROUPING_ONLY.contains(&c);
        let Some((last_at, last)) = marks.last().copied() else { return };
        let is_number = marks.iter().all(|(_, c)| is_mark(*c))
            && unsigned.starts_with(|c: char| c.is_ascii_digit())
            && unsigned.ends_with(|c: char| c.is_ascii_digit());
        if !is_number {
            return;
        }
        let is_grouped = |text: &str, mark: char| ungroup(text, mark).is_some_and(|digits| is_digits(&digits));
        let seen = || Seen { row, text: quoted(text) };
        let decimals = unsigned.len() - last_at - last.len_utf8();
        let first = marks[0].1;
        if GROUPING_ONLY.contains(&last) {
            if is_grouped(unsigned, last) {
                self.group(last);
            }
        } else if marks.len() == 1 {
            let is_group = decimals == 3 && last_at <= 3 && !unsigned.starts_with('0');
            match is_group {
                true => self.unclear(last, seen()),
                false => self.decimal(last, seen),
            }
        } else if is_grouped(unsigned, last) {
            // Both marks of a number being this one, the other is left for decimals.
            self.group(last);
            self.decimal(if last == '.' { ',' } else { '.' }, seen);
        } else if first != last && is_grouped(&unsigned[..last_at], first) {
            self.group(first);
            self.decimal(last, seen);
        }
    }

    /// The form that all numbers together show.
    pub(super) fn conclude(self) -> Result<(NumberForm, Ground), NumbersFault> {
        let (point, comma) = (&self.point, &self.comma);
        if let (Some(first_point), Some(first_comma)) = (&point.first, &comma.first)
            && point.count.min(comma.count).saturating_mul(NUMBERS_PER_SLIP_MIN) > point.count.max(comma.count)
        {
            return Err(NumbersFault::Contradictory { point: first_point.clone(), comma: first_comma.clone() });
        }
        let decimal = match (point.count, comma.count) {
            (0, 0) => match self.unclear {
                Some((_, seen)) => return Err(NumbersFault::Unclear(seen)),
                None if self.groups.is_empty() => {
                    return Ok((NumberForm { decimal: '.', thousands: None }, Ground::Immaterial));
                }
                None => '.',
            },
            (point, comma) if comma > point => ',',
            _ => '.',
        };
        let grouping = |mark: char, count: u64| (mark != decimal && count > 0).then_some((count, mark));
        let mut groupings: Vec<(u64, char)> =
            self.groups.iter().filter_map(|(mark, count)| grouping(*mark, *count)).collect();
        // What was unclear by itself is not any more: with the mark of the decimals it has some,
        // with the other it is grouped.
        let unclear = self.unclear.iter().map(|(mark, _)| *mark);
        let other =
            self.unclear_other.iter().zip(&self.unclear).map(|(_, (mark, _))| if *mark == '.' { ',' } else { '.' });
        for mark in unclear.chain(other) {
            if mark != decimal && !groupings.iter().any(|(_, known)| *known == mark) {
                groupings.push((1, mark));
            }
        }
        let thousands = groupings.into_iter().max().map(|(_, mark)| mark);
        let shown = if decimal == ',' { comma } else { point };
        let evidence = shown.first.as_ref().map_or(Evidence::Groups, |seen| Evidence::Number(seen.row));
        Ok((NumberForm { decimal, thousands }, Ground::Detected(evidence)))
    }

    fn decimal(&mut self, mark: char, seen: impl FnOnce() -> Seen) {
        let shown = if mark == '.' { &mut self.point } else { &mut self.comma };
        shown.count += 1;
        shown.first.get_or_insert_with(seen);
    }

    fn group(&mut self, mark: char) {
        match self.groups.iter_mut().find(|(known, _)| *known == mark) {
            Some((_, count)) => *count += 1,
            None => self.groups.push((mark, 1)),
        }
    }

    fn unclear(&mut self, mark: char, seen: Seen) {
        match &self.unclear {
            None => self.unclear = Some((mark, seen)),
            Some((known, _)) if *known != mark => self.unclear_other = Some(seen),
            Some(_) => {}
        }
    }
}
