//! Records by key: whole in a layer under construction, in compact form in the committed books.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeBounds;
use std::sync::Arc;

use super::packed::{Packed, Reader};

/// Records by key.
pub struct Records<R: Packed>(BTreeMap<R::Key, Kept<R>>);

enum Kept<R> {
    Whole(Arc<R>),
    Packed(Box<[u8]>),
}

impl<R: Packed> Kept<R> {
    fn read(&self, key: R::Key) -> Arc<R> {
        match self {
            Self::Whole(record) => record.clone(),
            Self::Packed(bytes) => Arc::new(R::unpack(key, &mut Reader::of(bytes))),
        }
    }
}

impl<R: Packed> Records<R> {
    /// A record.
    pub fn get(&self, key: &R::Key) -> Option<Arc<R>> {
        self.0.get(key).map(|kept| kept.read(*key))
    }

    /// Whether there is a record.
    pub fn contains_key(&self, key: &R::Key) -> bool {
        self.0.contains_key(key)
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts a record in the place of the one with its key.
    pub fn insert(&mut self, record: Arc<R>) {
        self.0.insert(record.key(), Kept::Whole(record));
    }

    /// Puts a record, in its compact form, in the place of the one with its key.
    pub(super) fn insert_packed(&mut self, key: R::Key, bytes: &[u8]) {
        self.0.insert(key, Kept::Packed(bytes.into()));
    }

    /// Removes a record.
    pub fn remove(&mut self, key: &R::Key) {
        self.0.remove(key);
    }

    /// The keys within a range, rising.
    pub fn keys(&self, range: impl RangeBounds<R::Key>) -> impl DoubleEndedIterator<Item = R::Key> {
        self.0.range(range).map(|(key, _)| *key)
    }

    /// The records within a range, by rising key.
    pub fn range(&self, range: impl RangeBounds<R::Key>) -> impl DoubleEndedIterator<Item = Arc<R>> {
        self.0.range(range).map(|(key, kept)| kept.read(*key))
    }

    /// Every record, by rising key.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = Arc<R>> {
        self.range(..)
    }

    /// Takes every record of a layer that lay over this one.
    pub fn merge(&mut self, mut over: Self) {
        match self.is_empty() {
            true => std::mem::swap(self, &mut over),
            false => self.0.extend(over.0),
        }
    }
}

impl<R: Packed> Default for Records<R> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<R: Packed> fmt::Debug for Records<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records", self.len())
    }
}

impl<R: Packed + PartialEq> PartialEq for Records<R> {
    fn eq(&self, other: &Self) -> bool {
        self.values().eq(other.values())
    }
}

impl<R: Packed> Clone for Records<R> {
    fn clone(&self) -> Self {
        let kept = |kept: &Kept<R>| match kept {
            Kept::Whole(record) => Kept::Whole(record.clone()),
            Kept::Packed(bytes) => Kept::Packed(bytes.clone()),
        };
        Self(self.0.iter().map(|(key, at)| (*key, kept(at))).collect())
    }
}
