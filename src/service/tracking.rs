//! The use case `import tracking`: a table of official and verified amounts becomes reported
//! money in the books.
//!
//! The file is read as a stream and taken in by operations of a bounded size, each signed by the
//! two officers of the [import office](super::import_office). What was imported before is known
//! by its row keys and passed over, so the same file adds nothing, and an interrupted import is
//! finished by running it again. Rows that cannot be taken in are counted with their reason;
//! they do not stop the others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::chain::envelope::{Envelope, signing_bytes};
use crate::chain::key::{PublicKey, Signature};
use crate::interchange::mapping::{Mapping, MappingError};
use crate::interchange::tally::{Oddities, PurposeTotals, Sums, Totals};
use crate::interchange::tracking::{FileError, OpenError, Outcome, Reader};
use crate::ledger::ids::PayloadDigest;
use crate::ledger::money::Currency;
use crate::limits;
use crate::store::node::keyring::KeyringError;
use crate::store::views::error::ViewsError;

use super::begin::fresh_id;
use super::import_office::{ImportOffice, NoImportOffice};
use super::node::Node;
use super::operation::{self, Checked, Header};
use super::orderer::{Answer, NotRecorded};
use super::tracking_batch::{Batch, Candidate, Shape, Unfit, candidates};

/// Rows of the file that are looked up at once, to see which were imported before.
const ROWS_AT_ONCE: usize = 4_096;

/// Examples kept of each reason for a rejection.
const EXAMPLES_MAX: usize = 5;

/// Lines gathered for all programmes together before they are recorded: it bounds the memory of
/// a file with a programme on every row.
const GATHERED_LINES_MAX: usize = 2 * limits::LIST_LINES_MAX;

/// How often an overloaded orderer is asked again. At half a second each this is ten minutes:
/// the views of the largest import catch up in less.
const ATTEMPTS_MAX: u32 = 1_200;

/// What an import did.
#[derive(Clone, Debug)]
pub struct Imported {
    /// SHA-256 of the file.
    pub file: PayloadDigest,
    /// The mapping's name.
    pub mapping: String,
    /// The currency of every amount.
    pub currency: Currency,
    /// The programmes of the rows, in order of code.
    pub programmes: Vec<String>,
    /// What this run recorded.
    pub recorded: Counted,
    /// What an earlier run had recorded.
    pub already_recorded: Counted,
    /// What was not taken in, by the code of the reason.
    pub rejected: BTreeMap<&'static str, Rejections>,
    /// Everything odd in the file.
    pub oddities: Oddities,
    /// The sums over what the file holds and was not rejected, recorded now or before.
    pub totals: Totals,
    /// The entries that this run made.
    pub entries: Vec<MadeEntry>,
}

/// Rows, and purposes of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Rows with at least one such purpose.
    pub rows: u64,
    /// Purposes of rows.
    pub purpose_rows: u64,
}

/// The rejections of one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejections {
    /// How many.
    pub count: u64,
    /// The first of them, as sentences.
    pub examples: Vec<String>,
}

/// An entry that the import made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MadeEntry {
    /// Its index in the log.
    pub index: u64,
    /// The operation's id.
    pub operation: Uuid,
    /// Its lines: one for each row and purpose.
    pub lines: usize,
}

/// Why an import stopped. What was recorded before stays; running it again goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file cannot be read.
    #[error("{} cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The mapping is wrong.
    #[error("the mapping is wrong")]
    Mapping(#[from] MappingError),
    /// The table does not fit the mapping.
    #[error("the table cannot be read with this mapping")]
    Open(#[from] OpenError),
    /// The table cannot be read on.
    #[error("the table cannot be read to its end")]
    Table(#[from] FileError),
    /// The file changed while it was read.
    #[error("the file changed while it was read; import it again once nobody writes to it")]
    FileChanged,
    /// Nobody can sign.
    #[error(transparent)]
    Office(#[from] NoImportOffice),
    /// An operation cannot be written down.
    #[error("rows {first} to {last} cannot be written down as an operation: {why}")]
    Unwritable {
        /// The first row.
        first: u64,
        /// The last row.
        last: u64,
        /// Why.
        why: String,
    },
    /// The books do not take an operation.
    #[error("rows {first} to {last} were not recorded: {why}")]
    NotRecorded {
        /// The first row.
        first: u64,
        /// The last row.
        last: u64,
        /// Why.
        why: NotRecorded,
        /// How many entries this run had made before.
        entries_before: usize,
    },
    /// The clock or the orderer does not answer.
    #[error(transparent)]
    NoAnswer(#[from] NotRecorded),
    /// A key cannot be used.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The views cannot be read.
    #[error("the views cannot be read")]
    Views(#[from] ViewsError),
}

/// Imports a tracking table. `progress` is told bytes read and bytes in all.
pub async fn import(
    node: &Node,
    table: &Path,
    mapping: &str,
    progress: impl Fn(u64, u64),
) -> Result<Imported, ImportError> {
    let mapping = Mapping::parse(mapping, minor_digits)?;
    let unreadable = |source| ImportError::File { path: table.to_owned(), source };
    let mut file = File::open(table).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?.len();
    let digest = digest_of(&mut file).map_err(unreadable)?;
    let read = Arc::new(AtomicU64::new(0));
    let mut source = Hashing { inner: file, hasher: Sha256::new(), read: read.clone() };
    let mut reader = Reader::open(&mapping, &mut source)?;
    // Not before the table is known to fit: a wrong mapping leaves no trace on the chain.
    let office = node.import_office().await?;
    node.catch_up().await;
    let mut run = Run::new(node, office, &mapping, digest)?;
    loop {
        let outcomes = reader.by_ref().take(ROWS_AT_ONCE).collect::<Result<Vec<_>, _>>()?;
        if outcomes.is_empty() {
            break;
        }
        run.take(outcomes).await?;
        progress(read.load(Ordering::Relaxed), bytes);
    }
    let oddities = reader.oddities().clone();
    drop(reader);
    if PayloadDigest(source.hasher.finalize().into()) != digest {
        return Err(ImportError::FileChanged);
    }
    run.record_all().await?;
    Ok(run.done(oddities))
}

/// Reads the mapping and the header of the table, and nothing more: whether an import can begin.
pub fn check(table: &Path, mapping: &str) -> Result<(), ImportError> {
    let mapping = Mapping::parse(mapping, minor_digits)?;
    let file = File::open(table).map_err(|source| ImportError::File { path: table.to_owned(), source })?;
    Reader::open(&mapping, file)?;
    Ok(())
}

/// The decimals of a currency that the ledger knows.
fn minor_digits(code: &str) -> Option<u8> {
    Currency::parse(code).and_then(|currency| u8::try_from(currency.minor_digits()).ok())
}

fn digest_of(file: &mut File) -> io::Result<PayloadDigest> {
    let mut hasher = Sha256::new();
    io::copy(file, &mut hasher)?;
    file.rewind()?;
    Ok(PayloadDigest(hasher.finalize().into()))
}

/// A source whose bytes are hashed and counted as they are read.
struct Hashing {
    inner: File,
    hasher: Sha256,
    read: Arc<AtomicU64>,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        // A length fits 64 bits.
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// An import under way.
struct Run<'a> {
    node: &'a Node,
    office: ImportOffice,
    shape: Shape,
    /// What is gathered for the next operation of each programme.
    batches: BTreeMap<String, Batch>,
    imported: Imported,
}

impl<'a> Run<'a> {
    fn new(node: &'a Node, office: ImportOffice, mapping: &Mapping, file: PayloadDigest) -> Result<Self, NotRecorded> {
        let currency = Currency::parse(mapping.currency()).expect("the mapping was read with known currencies only");
        let purpose = |code: &str| PurposeTotals { code: code.to_owned(), sums: Sums::default() };
        let purposes = mapping.purposes().iter().map(|columns| purpose(&columns.code)).collect();
        let imported = Imported {
            file,
            mapping: mapping.name().to_owned(),
            currency,
            programmes: Vec::new(),
            recorded: Counted::default(),
            already_recorded: Counted::default(),
            rejected: BTreeMap::new(),
            oddities: Oddities::default(),
            totals: Totals { purposes, all: Sums::default() },
            entries: Vec::new(),
        };
        let shape = Shape::of(mapping, currency, file, node.now()?);
        Ok(Self { node, office, shape, batches: BTreeMap::new(), imported })
    }

    /// Takes some rows: what is new is gathered, and recorded whenever an operation is full.
    async fn take(&mut self, outcomes: Vec<Outcome>) -> Result<(), ImportError> {
        let mut fit = Vec::new();
        for outcome in outcomes {
            for rejected in &outcome.rejected {
                self.reject(rejected.reason.code(), rejected.to_string());
            }
            let Some(row) = outcome.row else { continue };
            for candidate in candidates(&self.shape, &row) {
                match candidate {
                    Ok(candidate) => fit.push(candidate),
                    Err(Unfit { code, sentence }) => self.reject(code, sentence),
                }
            }
        }
        let keys: Vec<[u8; 16]> = fit.iter().filter(|one| !one.is_nothing()).map(|one| one.line.key).collect();
        let known = self.node.views().imported_rows(&keys).await?;
        let known: BTreeSet<[u8; 16]> =
            known.into_iter().filter_map(|(key, entry)| entry.is_some().then_some(key)).collect();
        let mut last = (0, 0);
        for candidate in fit {
            self.count(&candidate);
            if candidate.is_nothing() {
                continue;
            }
            let (number, is_known) = (candidate.line.number, known.contains(&candidate.line.key));
            let imported = &mut self.imported;
            let (counted, last) = match is_known {
                true => (&mut imported.already_recorded, &mut last.0),
                false => (&mut imported.recorded, &mut last.1),
            };
            counted.purpose_rows += 1;
            counted.rows += u64::from(*last != number);
            *last = number;
            if !is_known {
                self.gather(candidate).await?;
            }
        }
        Ok(())
    }

    fn reject(&mut self, code: &'static str, sentence: String) {
        let rejections = self.imported.rejected.entry(code).or_default();
        rejections.count += 1;
        if rejections.examples.len() < EXAMPLES_MAX {
            rejections.examples.push(sentence);
        }
    }

    fn count(&mut self, candidate: &Candidate) {
        let totals = &mut self.imported.totals;
        let purpose = &mut totals.purposes[usize::from(candidate.line.purpose)].sums;
        for sums in [purpose, &mut totals.all] {
            sums.purpose_rows += 1;
            sums.official_minor += i128::from(candidate.line.official.get());
            sums.verified_minor += i128::from(candidate.line.verified.get());
        }
        if let Err(at) = self.imported.programmes.binary_search(&candidate.programme) {
            self.imported.programmes.insert(at, candidate.programme.clone());
        }
    }

    async fn gather(&mut self, candidate: Candidate) -> Result<(), ImportError> {
        let programme = candidate.programme.clone();
        if self.batches.get(&programme).is_some_and(|batch| !batch.has_room_for(&candidate)) {
            self.record(&programme).await?;
        }
        self.batches.entry(programme).or_default().push(candidate);
        if self.batches.values().map(Batch::len).sum::<usize>() > GATHERED_LINES_MAX {
            self.record_all().await?;
        }
        Ok(())
    }

    async fn record_all(&mut self) -> Result<(), ImportError> {
        while let Some(programme) = self.batches.keys().next().cloned() {
            self.record(&programme).await?;
        }
        Ok(())
    }

    /// Records what is gathered for a programme as one operation, signed by both officers.
    async fn record(&mut self, programme: &str) -> Result<(), ImportError> {
        let Some(batch) = self.batches.remove(programme) else { return Ok(()) };
        let (first, last) = batch.rows();
        let unwritable = |why: String| ImportError::Unwritable { first, last, why };
        let (id, lines) = (fresh_id(self.node.now()?), batch.len());
        let chain = self.node.chain_id();
        let header = Header { chain, id, party: self.office.party, occurred_at: None };
        let operation = batch.into_operation(&self.shape, programme);
        let to_sign =
            operation::to_sign(&header, &operation, self.node.salt_key()).map_err(|why| unwritable(why.to_string()))?;
        let envelope = self.sign(to_sign.payload)?;
        let checked = Checked::new(envelope, to_sign.lines, &chain).map_err(|why| unwritable(why.to_string()))?;
        let entries_before = self.imported.entries.len();
        let answer = self.record_patiently(checked).await;
        let answer = answer.map_err(|why| ImportError::NotRecorded { first, last, why, entries_before })?;
        self.imported.entries.push(MadeEntry { index: answer.recorded.entry, operation: id, lines });
        Ok(())
    }

    /// The outcome, with what the reader found odd. The reader counts only its own rejections, so
    /// those counts are taken from all of them.
    fn done(self, oddities: Oddities) -> Imported {
        let mut imported = self.imported;
        imported.oddities = oddities;
        imported.oddities.rejected_by_reason =
            imported.rejected.iter().map(|(code, rejections)| (*code, rejections.count)).collect();
        imported
    }

    fn sign(&self, payload: Vec<u8>) -> Result<Vec<u8>, ImportError> {
        let message = signing_bytes(&payload);
        let mut signatures = Vec::with_capacity(2);
        for key in [self.office.auditor, self.office.approver] {
            let signature = self.node.keyring().sign(key, &message)?;
            signatures.push((PublicKey(key.0), Signature(signature)));
        }
        let envelope =
            Envelope::new(payload, signatures).expect("the payload was bounded when it was made, and the keys are two");
        Ok(envelope.to_entry_bytes())
    }

    /// The views may be far behind a large import: waits for them.
    async fn record_patiently(&self, checked: Checked) -> Result<Answer, NotRecorded> {
        let mut attempts = 0;
        loop {
            match self.node.recorder().record(checked.clone()).await {
                Err(NotRecorded::Overloaded { retry_after_ms }) if attempts < ATTEMPTS_MAX => {
                    attempts += 1;
                    tokio::time::sleep(Duration::from_millis(retry_after_ms)).await;
                }
                answer => return answer,
            }
        }
    }
}
