//! Documents that were read before. Programs send the same few again and again, with other values
//! of their variables; what does not depend on those is found out once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{ServerError, ValidationResult};

use crate::limits;

use super::super::error::{PARSE_FAILED, shortened, with_code};
use super::passed::Given;
use super::{scan, weight};

/// A document that may be executed, apart from which of its operations is wanted and its variables.
#[derive(Debug)]
pub struct Known {
    text: String,
    /// It, parsed.
    pub document: ExecutableDocument,
    /// Its operations by name, with how many fields each has at its root.
    root_fields: Vec<(Option<String>, u64)>,
    /// Where its variables stand, if what the engine finds does not depend on them otherwise.
    pub(super) given: Option<Given>,
    /// What the engine found when the document passed.
    pub(super) passed: OnceLock<ValidationResult>,
}

/// The documents that were read last, as many as are worth it.
#[derive(Debug, Default)]
pub struct Documents(Mutex<Ages>);

#[derive(Debug, Default)]
struct Ages {
    newer: Age,
    /// What was newer until there was enough of it. Whatever is not asked for again goes with it.
    older: Age,
}

#[derive(Debug, Default)]
struct Age {
    documents: HashMap<String, Arc<Known>>,
    /// Of their texts.
    bytes: usize,
}

impl Documents {
    /// Finds a document that was kept, or reads it.
    pub fn read(&self, text: &str) -> Result<Arc<Known>, ServerError> {
        self.find(text).map_or_else(|| Known::read(text).map(Arc::new), Ok)
    }

    /// Keeps a document that was executed. One that was refused is not worth it: whoever sends
    /// many of those must not push out the others.
    pub fn keep(&self, known: &Arc<Known>) {
        if known.text.len() <= limits::KNOWN_DOCUMENT_BYTES_MAX {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).keep(known);
        }
    }

    fn find(&self, text: &str) -> Option<Arc<Known>> {
        let mut ages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = ages.newer.documents.get(text) {
            return Some(known.clone());
        }
        let known = ages.older.documents.get(text)?.clone();
        ages.keep(&known);
        Some(known)
    }
}

impl Ages {
    fn keep(&mut self, known: &Arc<Known>) {
        if self.newer.documents.contains_key(&known.text) {
            return;
        }
        if self.newer.bytes + known.text.len() > limits::KNOWN_DOCUMENTS_BYTES_MAX / 2 {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.bytes += known.text.len();
        self.newer.documents.insert(known.text.clone(), known.clone());
    }
}

impl Known {
    /// How many fields an operation has at its root.
    pub fn root_fields(&self, name: Option<&str>) -> u64 {
        self.root_fields.iter().find(|(known, _)| known.as_deref() == name).map_or(0, |(_, fields)| *fields)
    }

    fn read(text: &str) -> Result<Self, ServerError> {
        scan::check(text)?;
        let document = parse_query(text).map_err(|error| shortened(with_code(error.into(), PARSE_FAILED)))?;
        let root_fields = weight::check(&document)?;
        let given = Given::of(&document);
        Ok(Self { text: text.to_owned(), document, root_fields, given, passed: OnceLock::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(documents: &Documents) -> (usize, usize) {
        let ages = documents.0.lock().unwrap();
        let sum = |age: &Age| age.documents.keys().map(String::len).sum::<usize>();
        assert_eq!((ages.newer.bytes, ages.older.bytes), (sum(&ages.newer), sum(&ages.older)));
        (ages.newer.documents.len() + ages.older.documents.len(), ages.newer.bytes + ages.older.bytes)
    }

    fn executed(documents: &Documents, text: &str) -> Arc<Known> {
        let known = documents.read(text).unwrap();
        documents.keep(&known);
        known
    }

    #[test]
    fn a_document_that_was_executed_is_read_once() {
        let documents = Documents::default();
        documents.read("query A { a b } query B { a }").unwrap();
        assert_eq!(kept(&documents), (0, 0), "it may be refused yet");
        let first = executed(&documents, "query A { a b } query B { a }");
        assert_eq!((first.root_fields(Some("A")), first.root_fields(Some("B"))), (2, 1));
        assert!(Arc::ptr_eq(&first, &documents.read("query A { a b } query B { a }").unwrap()));
        assert!(!Arc::ptr_eq(&first, &documents.read("query A { a b }  query B { a }").unwrap()), "by the very text");
    }

    #[test]
    fn a_document_that_is_refused_is_refused_again_and_not_kept() {
        let documents = Documents::default();
        for text in ["{ a", "{ ...A } fragment A on Q { ...A }", "\"\\u0000\""] {
            assert!(documents.read(text).is_err() && documents.read(text).is_err(), "{text}");
        }
        assert_eq!(kept(&documents).0, 0);
    }

    #[test]
    fn only_so_much_is_kept_and_what_is_asked_for_again_stays() {
        let documents = Documents::default();
        let often = executed(&documents, "{ often }");
        for n in 0..2_000 {
            executed(&documents, &format!("{{ a{n} }} # {}", "-".repeat(1_000)));
            assert!(Arc::ptr_eq(&often, &documents.read("{ often }").unwrap()));
        }
        let (count, bytes) = kept(&documents);
        assert!(count > 100 && bytes <= limits::KNOWN_DOCUMENTS_BYTES_MAX, "{count} of {bytes} bytes");
        executed(&documents, &format!("{{ large }} # {}", "-".repeat(limits::KNOWN_DOCUMENT_BYTES_MAX)));
        assert_eq!(kept(&documents), (count, bytes));
    }
}
