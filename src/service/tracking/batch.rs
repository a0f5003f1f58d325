//! Rows of a tracking table as lines of import operations of a bounded size.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::interchange::mapping::Mapping;
use crate::interchange::tally::Sums;
use crate::interchange::tracking::{PurposeAmounts, TrackingRow};
use crate::ledger::admit::AHEAD_MS_MAX;
use crate::ledger::ids::PayloadDigest;
use crate::ledger::lines::RowLine;
use crate::ledger::money::{Currency, Minor};
use crate::ledger::operation::{Operation, TrackingImport};
use crate::ledger::time::{Cycle, Millis};
use crate::limits;
use crate::service::operation;

/// Bytes of a salt and the tab behind it, in front of a line's content.
const SALT_BYTES: usize = 23;

/// Bytes that the list of cycles may take of the payload; the rest of it is small.
const CYCLES_BYTES_MAX: usize = limits::PAYLOAD_BYTES_MAX * 3 / 4;

/// Bytes of a cycle in the payload besides its label: names of fields, quotation marks, days.
const CYCLE_BYTES: usize = 80;

/// Longest programme code that the ledger takes.
const CODE_BYTES_MAX: usize = 64;

/// A day begins first where clocks are 14 hours ahead of UTC: that long before its noon in UTC.
const DAY_BEGINS_BEFORE_NOON_MS: i64 = 26 * 3_600_000;

/// What every operation of one import says.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    currency: Currency,
    file: PayloadDigest,
    mapping: PayloadDigest,
    payees: String,
    purposes: Vec<String>,
    route: Vec<String>,
    /// The latest moment that a row may state.
    latest: Millis,
    now: Millis,
}

/// One purpose of one row, as it would stand in an operation.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) programme: String,
    pub(super) cycle: Cycle,
    /// The line; its number of the cycle is set when it joins a batch.
    pub(super) line: RowLine,
}

/// Why the ledger would not take a row that the file's reader took.
#[derive(Clone, Debug)]
pub(super) struct Unfit {
    /// The stable code of the reason.
    pub(super) code: &'static str,
    /// The sentence.
    pub(super) sentence: String,
}

/// Rows of one programme, as many as one operation holds, with lines for those that are not in the
/// books yet. Where it ends depends on the file alone, so that a later run over the same file makes
/// the same operations of what is left.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    cycles: Vec<Cycle>,
    cycle_numbers: BTreeMap<Cycle, u16>,
    lines: Vec<RowLine>,
    all_cycles: BTreeSet<Cycle>,
    all_lines: usize,
    all_lines_bytes: usize,
    all_cycles_bytes: usize,
}

/// What an operation of an import holds, as the part of its id that is not its time: a second run
/// finds the operation of a first one that still waits for a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content([u8; 10]);

impl Shape {
    pub(super) fn of(mapping: &Mapping, currency: Currency, file: PayloadDigest, now: Millis) -> Self {
        Self {
            currency,
            file,
            mapping: PayloadDigest(Sha256::digest(mapping.identity()).into()),
            payees: mapping.payees_label().to_owned(),
            purposes: mapping.purposes().to_vec(),
            route: mapping.levels().to_vec(),
            latest: now.plus(AHEAD_MS_MAX),
            now,
        }
    }
}

/// Whether a period has not begun anywhere on earth.
pub(super) fn is_to_come(first_day: NaiveDate, now: Millis) -> bool {
    Millis::noon(first_day) > now.plus(DAY_BEGINS_BEFORE_NOON_MS)
}

impl Candidate {
    /// A row of nothing is counted, not recorded.
    pub(super) fn is_nothing(&self) -> bool {
        self.line.official.get() == 0 && self.line.verified.get() == 0
    }
}

/// What a row would be in the books: one candidate for each purpose, or everything that keeps the
/// row out.
pub(super) fn candidates(shape: &Shape, row: &TrackingRow) -> Result<Vec<Candidate>, Vec<Unfit>> {
    let whole = |code, problem: &str| vec![Unfit { code, sentence: format!("row {}: {problem}", row.number) }];
    if row.programme.len() > CODE_BYTES_MAX || row.programme.contains([',', ':']) {
        return Err(whole("BAD_PROGRAMME", "the programme is more than 64 bytes long or holds a comma or colon"));
    }
    if row.date.is_some_and(|date| Millis::noon(date) > shape.latest) {
        return Err(whole("DATE_AHEAD", "the day it is stated for is still to come"));
    }
    if is_to_come(row.cycle.first, shape.now) {
        return Err(whole("DATE_AHEAD", &format!("the period {} is still to come", row.cycle.label)));
    }
    let mut fit = Vec::with_capacity(row.purposes.len());
    let mut unfit = Vec::new();
    for amounts in &row.purposes {
        match candidate(shape, row, amounts) {
            Ok(candidate) => fit.push(candidate),
            Err(why) => unfit.push(why),
        }
    }
    if unfit.is_empty() { Ok(fit) } else { Err(unfit) }
}

fn candidate(shape: &Shape, row: &TrackingRow, amounts: &PurposeAmounts) -> Result<Candidate, Unfit> {
    let purpose = shape.purposes.iter().position(|code| *code == amounts.code);
    let purpose = purpose.and_then(|at| u16::try_from(at).ok());
    let minor = |value: i64| Minor::new(value).ok_or(());
    let quantity = |value: Option<i64>| value.map(minor).transpose();
    let unfit =
        |code, problem: &str| Unfit { code, sentence: format!("row {}, {}: {problem}", row.number, amounts.code) };
    let line = || {
        Ok(RowLine {
            number: row.number,
            key: row_key(&row.key, &amounts.code),
            route: row.route.clone(),
            // The highest number has the most digits, so the length below is the longest.
            cycle: u16::MAX,
            date: row.date,
            purpose: purpose.ok_or(())?,
            official: minor(amounts.official_minor)?,
            verified: minor(amounts.verified_minor)?,
            official_quantity: quantity(amounts.official_quantity_micros)?,
            verified_quantity: quantity(amounts.verified_quantity_micros)?,
        })
    };
    let line = line().map_err(|()| unfit("TOO_LARGE", "an amount or quantity is larger than the ledger takes"))?;
    if SALT_BYTES + line.print().len() > limits::LINE_BYTES_MAX {
        return Err(unfit("LINE_TOO_LONG", "its names and amounts are longer than a line of the ledger may be"));
    }
    let cycle = Cycle { label: row.cycle.label.clone(), first_day: row.cycle.first, last_day: row.cycle.last };
    Ok(Candidate { programme: row.programme.clone(), cycle, line })
}

/// The key of one purpose of a row: the first 16 bytes of the SHA-256 over the row's key and the
/// purpose's code.
fn row_key(row: &[u8; 16], purpose: &str) -> [u8; 16] {
    let mut hasher = Sha256::new();
    hasher.update(row);
    hasher.update(purpose.as_bytes());
    let digest = hasher.finalize();
    std::array::from_fn(|at| digest[at])
}

impl Batch {
    /// How many rows and purposes it stands for.
    pub(super) fn len(&self) -> usize {
        self.all_lines
    }

    /// Whether everything in it is in the books already.
    pub(super) fn is_recorded(&self) -> bool {
        self.lines.is_empty()
    }

    /// The first and the last row of the file that is to be recorded.
    pub(super) fn rows(&self) -> (u64, u64) {
        let number = |line: Option<&RowLine>| line.map_or(0, |line| line.number);
        (number(self.lines.first()), number(self.lines.last()))
    }

    /// How many lines are to be recorded, and what they come to.
    pub(super) fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        for line in &self.lines {
            sums.add(line.official.get(), line.verified.get());
        }
        sums
    }

    /// Whether one more line keeps it within an operation's bounds.
    pub(super) fn has_room_for(&self, candidate: &Candidate) -> bool {
        let is_new = !self.all_cycles.contains(&candidate.cycle);
        let cycle_bytes = if is_new { bytes_of_cycle(&candidate.cycle) } else { 0 };
        self.all_lines < limits::LIST_LINES_MAX
            && self.all_lines_bytes + bytes_of_line(&candidate.line) <= limits::LIST_BYTES_MAX
            && self.all_cycles_bytes + cycle_bytes <= CYCLES_BYTES_MAX
            && self.all_cycles.len() < usize::from(u16::MAX)
    }

    /// Adds a row, for which there must be room; one that is in the books only takes its room.
    pub(super) fn push(&mut self, candidate: Candidate, is_known: bool) {
        let Candidate { cycle, mut line, .. } = candidate;
        self.all_lines += 1;
        self.all_lines_bytes += bytes_of_line(&line);
        if self.all_cycles.insert(cycle.clone()) {
            self.all_cycles_bytes += bytes_of_cycle(&cycle);
        }
        if is_known {
            return;
        }
        let next = u16::try_from(self.cycles.len()).expect("has_room_for bounds the cycles");
        line.cycle = *self.cycle_numbers.entry(cycle).or_insert_with_key(|cycle| {
            self.cycles.push(cycle.clone());
            next
        });
        self.lines.push(line);
    }

    pub(super) fn into_operation(self, shape: &Shape, programme: &str) -> Operation {
        let body = TrackingImport {
            currency: shape.currency,
            cycles: self.cycles,
            file: shape.file,
            mapping: shape.mapping,
            payees: shape.payees.clone(),
            programme: programme.to_owned(),
            purposes: shape.purposes.clone(),
            route: shape.route.clone(),
        };
        Operation::TrackingImport(body, self.lines)
    }
}

impl Content {
    /// The content of an operation.
    pub fn of(operation: &Operation) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(b"aqueduct/import/v1\0");
        hasher.update(operation.body().to_string());
        if let Operation::TrackingImport(_, lines) = operation {
            for line in lines {
                hasher.update(line.print());
                hasher.update(b"\n");
            }
        }
        let digest = hasher.finalize();
        Self(std::array::from_fn(|at| digest[at]))
    }

    /// The id of an operation of this content that is issued now, a UUIDv7.
    pub fn id_at(&self, now: Millis) -> Uuid {
        let ms = u64::try_from(now.0).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(ms, &self.0).into_uuid()
    }

    /// Whether an id was made of this content.
    pub fn is_of(&self, id: Uuid) -> bool {
        operation::id_time(id).is_ok_and(|at| self.id_at(at) == id)
    }
}

/// An upper bound of what a line takes with its salt.
fn bytes_of_line(line: &RowLine) -> usize {
    SALT_BYTES + line.print().len()
}

fn bytes_of_cycle(cycle: &Cycle) -> usize {
    CYCLE_BYTES + cycle.label.len()
}
