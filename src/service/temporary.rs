//! Directories that are gone with whoever made them.

use std::path::{Path, PathBuf};

use uuid::Uuid;

/// A directory of one's own for as long as this is kept.
#[derive(Debug)]
pub struct Directory(PathBuf);

impl Directory {
    /// Makes one where the system keeps such things, readable by its owner only.
    pub fn make() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("aqueduct-{}", Uuid::new_v4().simple()));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What cannot be removed now is left to the system.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
