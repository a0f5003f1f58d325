//! The table on disk, read more than once and the same each time.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

use crate::ledger::ids::PayloadDigest;
use crate::limits::{TABLE_BYTES_MAX, TABLE_PART_BYTES};

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// It is not there or cannot be opened.
    #[error("{} cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is a directory, a pipe or a device.
    #[error("{} is not a file; a table is read twice, so save it as one first", .0.display())]
    NotAFile(PathBuf),
    /// It is larger than is taken.
    #[error("{} has more than {TABLE_BYTES_MAX} bytes; divide it", .0.display())]
    TooLarge(PathBuf),
}

/// The bytes are not those that were read before.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the file changed while it was read")]
pub(super) struct Changed;

/// A table whose bytes are known.
#[derive(Clone, Debug)]
pub(super) struct Table {
    path: PathBuf,
    /// SHA-256 of the file.
    pub(super) digest: PayloadDigest,
    /// Its length.
    pub(super) bytes: u64,
    parts: Arc<[[u8; 32]]>,
    /// How much was read since it was last opened.
    read: Arc<AtomicU64>,
}

impl Table {
    /// Reads a table through and keeps the digest of each part.
    pub(super) fn look(path: &Path, progress: impl Fn(u64, u64)) -> Result<Self, TableError> {
        let unreadable = |source| TableError::File { path: path.to_owned(), source };
        // Before it is opened: a pipe would wait for somebody to write.
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(TableError::NotAFile(path.to_owned()));
        }
        let mut file = File::open(path).map_err(unreadable)?;
        let mut whole = Sha256::new();
        let mut parts = Vec::new();
        let mut bytes = 0;
        let mut part = Vec::with_capacity(TABLE_PART_BYTES);
        loop {
            read_part(&mut file, &mut part).map_err(unreadable)?;
            if part.is_empty() {
                break;
            }
            // A length fits 64 bits.
            bytes += part.len() as u64;
            if bytes > TABLE_BYTES_MAX {
                return Err(TableError::TooLarge(path.to_owned()));
            }
            whole.update(&part);
            parts.push(Sha256::digest(&part).into());
            progress(bytes, metadata.len());
        }
        let digest = PayloadDigest(whole.finalize().into());
        Ok(Self { path: path.to_owned(), digest, bytes, parts: parts.into(), read: Arc::default() })
    }

    /// Opens it from its beginning; a byte that differs from what was read first is an error that
    /// carries [`Changed`], before anything of its part is given.
    pub(super) fn open(&self) -> io::Result<impl Read + use<>> {
        self.read.store(0, Ordering::Relaxed);
        let (parts, read) = (self.parts.clone(), self.read.clone());
        Ok(Unchanged { file: File::open(&self.path)?, parts, next: 0, part: Vec::new(), at: 0, read })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes were read since it was last opened.
    pub(super) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

/// Whether a failed reading is due to a changed file.
pub(super) fn is_change(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Changed>())
}

/// A file whose parts are compared with their digests.
struct Unchanged {
    file: File,
    parts: Arc<[[u8; 32]]>,
    next: usize,
    part: Vec<u8>,
    at: usize,
    read: Arc<AtomicU64>,
}

impl Read for Unchanged {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.part.len() {
            read_part(&mut self.file, &mut self.part)?;
            self.at = 0;
            let digest: Option<[u8; 32]> = (!self.part.is_empty()).then(|| Sha256::digest(&self.part).into());
            if digest != self.parts.get(self.next).copied() {
                self.part.clear();
                return Err(io::Error::other(Changed));
            }
            self.next += 1;
            // A length fits 64 bits.
            self.read.fetch_add(self.part.len() as u64, Ordering::Relaxed);
        }
        let rest = &self.part[self.at..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}

fn read_part(file: &mut File, part: &mut Vec<u8>) -> io::Result<()> {
    part.clear();
    let limit = u64::try_from(TABLE_PART_BYTES).expect("a part is a megabyte");
    file.take(limit).read_to_end(part).map(drop)
}
