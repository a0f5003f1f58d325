//! The first reading of a table: every row is judged and counted, and nothing is recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use crate::interchange::control::{Control, ExactSum};
use crate::interchange::dialect::Dialect;
use crate::interchange::mapping::{Mapping, MappingError};
use crate::interchange::tally::{Oddities, Sums, Totals};
use crate::interchange::tracking::{Outcome, Reader};
use crate::ledger::money::Currency;
use crate::ledger::time::Millis;
use crate::limits;

use super::ImportError;
use super::batch::{Candidate, Shape, Unfit, candidates, is_to_come};
use super::outcome::{Controls, Counted, Imported, Standing};
use super::rejected::{BadRow, RejectedFile};
use super::table::Table;

/// Examples kept of each reason for a rejection.
const EXAMPLES_MAX: usize = 5;

/// A table that was read through.
pub struct Prepared {
    pub(super) table: Table,
    pub(super) mapping: Mapping,
    pub(super) shape: Shape,
    /// The first row of each programme and cycle, by which the rules are tried before anything is
    /// recorded: what they refuse, they refuse of a programme or a cycle.
    pub(super) samples: BTreeMap<String, Vec<Candidate>>,
    pub(super) imported: Imported,
}

/// What the first reading gathers.
struct First<'a> {
    prepared: Prepared,
    sampled: BTreeSet<(String, String)>,
    rejected_rows: Control,
    rejected_file: Option<RejectedFile>,
    progress: &'a dyn Fn(&str, u64, u64),
}

/// What is asked of a first reading.
pub struct Wanted<'a> {
    /// The table.
    pub table: &'a Path,
    /// The text of the mapping.
    pub mapping: &'a str,
    /// Where rejected rows are written.
    pub rejected: Option<&'a Path>,
    /// The latest stated day is judged by this moment.
    pub now: Millis,
}

impl Prepared {
    /// Reads a table through. `progress` is told what is done, bytes read and bytes in all.
    pub fn read(wanted: &Wanted<'_>, progress: &dyn Fn(&str, u64, u64)) -> Result<Self, ImportError> {
        let mapping = Mapping::parse(wanted.mapping, super::minor_digits)?;
        if mapping.fixed_cycle().is_some_and(|cycle| is_to_come(cycle.first, wanted.now)) {
            let (key, problem) = ("cycle.value".to_owned(), "is a period that is still to come".to_owned());
            return Err(MappingError::Value { key, problem }.into());
        }
        let rejected_file = wanted.rejected.map(RejectedFile::new).transpose()?;
        let table = Table::look(wanted.table, |done, of| progress("reading", done, of))?;
        Self::read_rows(mapping, table.clone(), wanted.now, rejected_file, progress)
            .map_err(|error| super::told(&table, error))
    }

    fn read_rows(
        mapping: Mapping,
        table: Table,
        now: Millis,
        rejected_file: Option<RejectedFile>,
        progress: &dyn Fn(&str, u64, u64),
    ) -> Result<Self, ImportError> {
        let dialect = Dialect::find(&mapping, || table.open())?;
        let source = table.open().map_err(|source| super::unread(&table, source))?;
        let mut reader = Reader::open(&mapping, &dialect, source)?;
        let currency = Currency::parse(mapping.currency()).expect("the mapping was read with known currencies only");
        let shape = Shape::of(&mapping, currency, table.digest, now);
        let mut first = First {
            prepared: Self {
                imported: empty(&mapping, &table, dialect, currency, reader.is_of_rejected_rows()),
                samples: BTreeMap::new(),
                shape,
                mapping,
                table,
            },
            sampled: BTreeSet::new(),
            rejected_rows: Control::default(),
            rejected_file,
            progress,
        };
        first.read_all(&mut reader)?;
        if reader.oddities().rows_read == 0 {
            return Err(ImportError::NoRows);
        }
        first.end(&reader)
    }

    /// Whether every row is good.
    pub fn is_clean(&self) -> bool {
        self.imported.rejected.is_empty()
    }

    /// What was found, with nothing recorded.
    pub fn unrecorded(self, standing: Standing) -> Imported {
        let mut imported = self.imported;
        imported.standing = standing;
        imported
    }
}

impl First<'_> {
    fn read_all<R: Read>(&mut self, reader: &mut Reader<R>) -> Result<(), ImportError> {
        while let Some(outcome) = reader.next() {
            let outcome = outcome?;
            if outcome.number % 1_000 == 0 {
                (self.progress)("checking", self.prepared.table.read(), self.prepared.table.bytes);
            }
            let faults = match &outcome.row {
                None => outcome.rejected.iter().map(|r| (r.reason.code(), r.to_string())).collect(),
                Some(row) => match candidates(&self.prepared.shape, row) {
                    Ok(fit) => {
                        reader.take_in(row);
                        self.sample(fit)?;
                        Vec::new()
                    }
                    Err(unfit) => unfit.into_iter().map(|Unfit { code, sentence }| (code, sentence)).collect(),
                },
            };
            if !faults.is_empty() {
                self.reject(reader, &outcome, faults)?;
            }
        }
        Ok(())
    }

    fn sample(&mut self, fit: Vec<Candidate>) -> Result<(), ImportError> {
        for candidate in fit {
            let programmes = &mut self.prepared.imported.programmes;
            if let Err(at) = programmes.binary_search(&candidate.programme) {
                programmes.insert(at, candidate.programme.clone());
            }
            if programmes.len() > limits::IMPORT_PROGRAMMES_MAX {
                return Err(ImportError::TooManyProgrammes);
            }
            if candidate.is_nothing() || self.sampled.len() >= limits::LIST_LINES_MAX {
                continue;
            }
            if self.sampled.insert((candidate.programme.clone(), candidate.cycle.label.clone())) {
                self.prepared.samples.entry(candidate.programme.clone()).or_default().push(candidate);
            }
        }
        Ok(())
    }

    fn reject<R: Read>(
        &mut self,
        reader: &Reader<R>,
        outcome: &Outcome,
        faults: Vec<(&'static str, String)>,
    ) -> Result<(), ImportError> {
        if !self.rejected_rows.add(&reader.control_of(&outcome.record)) {
            return Err(crate::interchange::records::FileError::TotalTooLarge { row: outcome.number }.into());
        }
        let codes: BTreeSet<&str> = faults.iter().map(|(code, _)| *code).collect();
        let codes = codes.into_iter().collect::<Vec<_>>().join(" ");
        let reasons = faults.iter().map(|(_, sentence)| sentence.as_str()).collect::<Vec<_>>().join("; ");
        if let Some(file) = &mut self.rejected_file {
            let row = BadRow {
                line: outcome.line,
                code: &codes,
                reason: &reasons,
                record: &outcome.record,
                was_rejected: reader.is_of_rejected_rows(),
            };
            file.write(&self.prepared.imported.dialect, reader.header(), &row)?;
        }
        for (code, sentence) in faults {
            let rejections = self.prepared.imported.rejected.entry(code).or_default();
            rejections.count += 1;
            if rejections.examples.len() < EXAMPLES_MAX {
                rejections.examples.push(sentence);
            }
        }
        Ok(())
    }

    fn end<R: Read>(self, reader: &Reader<R>) -> Result<Prepared, ImportError> {
        let First { mut prepared, rejected_rows, rejected_file, .. } = self;
        let imported = &mut prepared.imported;
        // The reader counts only its own faults, so those counts are taken from all of them.
        let by_reason: BTreeMap<&'static str, u64> =
            imported.rejected.iter().map(|(code, rejections)| (*code, rejections.count)).collect();
        imported.oddities = Oddities { rejected_by_reason: by_reason, ..reader.oddities().clone() };
        imported.totals = reader.totals().clone();
        imported.controls = controls(imported, reader, rejected_rows)?;
        imported.rejected_file = rejected_file.map(RejectedFile::end).transpose()?.flatten();
        Ok(prepared)
    }
}

/// The totals of the file beside those of what was judged; they must add up.
fn controls<R: Read>(imported: &Imported, reader: &Reader<R>, rejected: Control) -> Result<Controls, ImportError> {
    let digits = u8::try_from(imported.currency.minor_digits()).unwrap_or(u8::MAX);
    let exact = |minor: i128| ExactSum::of_minor(minor, digits).ok_or(ImportError::ControlTotals);
    let all = &imported.totals.all;
    let controls = Controls {
        file: *reader.control(),
        rejected,
        taken: Control {
            rows: imported.oddities.rows,
            purpose_rows: all.purpose_rows,
            official: exact(all.official_minor)?,
            verified: exact(all.verified_minor)?,
            unreadable_amounts: 0,
            wrong_width_rows: 0,
        },
        rounding: reader.rounding(),
        books: None,
    };
    match controls.add_up() {
        true => Ok(controls),
        false => Err(ImportError::ControlTotals),
    }
}

fn empty(
    mapping: &Mapping,
    table: &Table,
    dialect: Dialect,
    currency: Currency,
    is_of_rejected_rows: bool,
) -> Imported {
    Imported {
        file: table.digest,
        mapping: mapping.name().to_owned(),
        dialect,
        currency,
        programmes: Vec::new(),
        recorded: Counted::default(),
        already_recorded: Counted::default(),
        rejected: BTreeMap::new(),
        rejected_file: None,
        is_of_rejected_rows,
        oddities: Oddities::default(),
        totals: Totals { purposes: Vec::new(), all: Sums::default() },
        controls: Controls::default(),
        entries: Vec::new(),
        awaiting: Vec::new(),
        standing: Standing::Done,
    }
}
