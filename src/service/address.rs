//! The address of a database, as somebody wrote it.

use std::fmt;

/// The address of a database. It may hold a password, so it is printed nowhere.
#[derive(Clone)]
pub struct Address(String);

impl Address {
    /// Its text, for whoever connects to it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Address {
    fn from(address: String) -> Self {
        Self(address)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}
