//! The file of rejected rows on disk: there whole, or not at all.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use csv::StringRecord;

use crate::interchange::dialect::Dialect;
use crate::interchange::rejected_file::RejectedRows;

/// Why there is no file of rejected rows.
#[derive(Debug, thiserror::Error)]
pub enum RejectedFileError {
    /// Something of that name is there.
    #[error("{} exists already; choose another name for the rejected rows", .0.display())]
    Exists(PathBuf),
    /// It cannot be written.
    #[error("the rejected rows cannot be written to {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl RejectedFileError {
    /// Whether nothing is wrong but the name.
    pub fn is_there_already(&self) -> bool {
        matches!(self, Self::Exists(_))
    }
}

/// A file of rejected rows, begun with the first of them. Until it is whole it has another name,
/// which a later run overwrites.
pub(super) struct RejectedFile {
    path: PathBuf,
    partial: PathBuf,
    begun: bool,
    writer: Option<RejectedRows<BufWriter<File>>>,
}

impl RejectedFile {
    /// A file that does not exist yet; an existing one is never touched.
    pub(super) fn new(path: &Path) -> Result<Self, RejectedFileError> {
        if path.symlink_metadata().is_ok() {
            return Err(RejectedFileError::Exists(path.to_owned()));
        }
        let mut partial = OsString::from(path);
        partial.push(".partial");
        Ok(Self { path: path.to_owned(), partial: partial.into(), begun: false, writer: None })
    }

    /// Writes one row.
    pub(super) fn write(
        &mut self,
        dialect: &Dialect,
        header: &StringRecord,
        row: &BadRow<'_>,
    ) -> Result<(), RejectedFileError> {
        let BadRow { line, code, reason, record, was_rejected } = row;
        if !self.begun {
            self.begun = true;
            let file = File::create(&self.partial).map(BufWriter::new);
            let begun = file.and_then(|file| RejectedRows::begin(file, dialect, header));
            self.writer = Some(begun.map_err(|source| self.failed(source))?);
        }
        let written = match &mut self.writer {
            Some(writer) => writer.write(*line, code, reason, record, *was_rejected),
            None => Ok(()),
        };
        written.map_err(|source| self.failed(source))
    }

    /// Makes it durable under its name; gives that name if there was anything to write.
    pub(super) fn end(mut self) -> Result<Option<PathBuf>, RejectedFileError> {
        let Some(writer) = self.writer.take() else { return Ok(None) };
        let end = || {
            let file = writer.end()?.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_all()?;
            std::fs::rename(&self.partial, &self.path)
        };
        match end() {
            Ok(()) => Ok(Some(self.path.clone())),
            Err(source) => Err(self.failed(source)),
        }
    }

    fn failed(&self, source: io::Error) -> RejectedFileError {
        RejectedFileError::Write { path: self.path.clone(), source }
    }
}

impl Drop for RejectedFile {
    /// Half a file is worse than none. Under its own name it is whole.
    fn drop(&mut self) {
        if self.begun {
            drop(self.writer.take());
            // After a rename there is nothing to remove.
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}

/// A rejected row with what is wrong with it.
pub(super) struct BadRow<'a> {
    pub(super) line: u64,
    pub(super) code: &'a str,
    pub(super) reason: &'a str,
    pub(super) record: &'a StringRecord,
    pub(super) was_rejected: bool,
}
