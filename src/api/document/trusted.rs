//! Trusted documents: a list, made where the clients are made, of the only documents that a
//! server executes. A client names one by its SHA-256 or sends its text; nothing is ever added
//! to the list by a request, because then it would protect nothing.

use std::collections::BTreeMap;

use async_graphql::ServerError;
use async_graphql::parser::parse_query;

use crate::chain::digest::Digest;

use super::super::error::{BAD_USER_INPUT, NOT_TRUSTED, PERSISTED_QUERY_NOT_FOUND, PERSISTED_QUERY_NOT_SUPPORTED};
use super::asked::Asked;
use super::{refusal, scan, weight};

/// The list.
#[derive(Clone, Debug, Default)]
pub struct TrustedDocuments(BTreeMap<String, String>);

/// Why a list of documents cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NotAList {
    /// It is not such a list.
    #[error("it is not a JSON object of documents by their SHA-256: {0}")]
    Json(#[from] serde_json::Error),
    /// A document does not have the hash it stands under.
    #[error("the document under `{listed}` has the SHA-256 {is}")]
    Hash {
        /// Where it stands.
        listed: String,
        /// Its hash.
        is: Digest,
    },
    /// A document that could never be executed.
    #[error("the document {hash} cannot be executed: {why}")]
    Document {
        /// Its hash.
        hash: String,
        /// Why.
        why: String,
    },
}

impl TrustedDocuments {
    /// Reads `{"SHA-256 in lower-case hexadecimal": "document"}`.
    pub fn read(json: &[u8]) -> Result<Self, NotAList> {
        let listed: BTreeMap<String, String> = serde_json::from_slice(json)?;
        for (hash, document) in &listed {
            let is = Digest::of(document.as_bytes());
            if is.to_string() != *hash {
                return Err(NotAList::Hash { listed: hash.clone(), is });
            }
            executable(document).map_err(|why| NotAList::Document { hash: hash.clone(), why: why.message })?;
        }
        Ok(Self(listed))
    }
}

fn executable(document: &str) -> Result<(), ServerError> {
    scan::check(document)?;
    weight::check(&parse_query(document)?).map(|_| ())
}

/// The text of the document that is asked for.
pub fn text(asked: &Asked, listed: Option<&TrustedDocuments>) -> Result<String, ServerError> {
    let named = named(asked)?;
    match (&asked.query, listed) {
        (Some(text), listed) => {
            if named.is_none() && listed.is_none() {
                return Ok(text.clone());
            }
            let hash = Digest::of(text.as_bytes()).to_string();
            if named.is_some_and(|named| named != hash) {
                return Err(refusal(BAD_USER_INPUT, "the hash is not that of the document", None));
            }
            match listed {
                Some(listed) if !listed.0.contains_key(&hash) => {
                    Err(refusal(NOT_TRUSTED, "this document is not in the server's list of documents", None))
                }
                _ => Ok(text.clone()),
            }
        }
        (None, Some(listed)) => match named.and_then(|hash| listed.0.get(hash)) {
            Some(text) => Ok(text.clone()),
            None => Err(refusal(PERSISTED_QUERY_NOT_FOUND, "no document of the server's list has this id", None)),
        },
        (None, None) => {
            let message = "this server has no list of documents; send the document as `query`";
            Err(refusal(PERSISTED_QUERY_NOT_SUPPORTED, message, None))
        }
    }
}

/// The hash by which a document is named, if it is.
fn named(asked: &Asked) -> Result<Option<&str>, ServerError> {
    // Ids of other kinds are reserved (GraphQL over HTTP, appendix A); no document has one.
    let by_id = asked.document_id.as_deref().map(|id| id.strip_prefix("sha256:").unwrap_or_default());
    match (by_id, asked.sha256_hash.as_deref()) {
        (Some(id), Some(hash)) if id != hash => {
            Err(refusal(BAD_USER_INPUT, "`documentId` and `persistedQuery` name two documents", None))
        }
        (id, hash) => Ok(id.or(hash)),
    }
}
