//! The books that an import writes to: those of a node in this process, or of a server elsewhere.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use uuid::Uuid;

use crate::chain::envelope::{Envelope, signing_bytes};
use crate::chain::key::{PublicKey, Signature};
use crate::interchange::tally::Sums;
use crate::ledger::operation::Operation;
use crate::limits;
use crate::service::import_office::ImportOffice;
use crate::service::node::Node;
use crate::service::operation::{self, Checked, Header};
use crate::service::orderer::{Answer, NotRecorded};

use super::batch::Content;

/// How often an overloaded orderer is asked again. At half a second each this is ten minutes:
/// the views of the largest import catch up in less.
const ATTEMPTS_MAX: u32 = 1_200;

/// Why the books do not answer as wanted.
#[derive(Debug, thiserror::Error)]
pub enum BooksError {
    /// A rule refuses it.
    #[error("refused: {message} ({code})")]
    Refused {
        /// The stable code.
        code: String,
        /// The sentence.
        message: String,
    },
    /// Anything else; trying again may help.
    #[error(transparent)]
    Unavailable(#[from] Box<dyn std::error::Error + Send + Sync>),
}

/// What became of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handed {
    /// The operation's id.
    pub operation: Uuid,
    /// Its entry; none while it waits for another officer's signature.
    pub entry: Option<u64>,
}

/// Books that take imports.
pub trait Books {
    /// Which of these rows are in the books.
    fn known(&self, keys: &[[u8; 16]]) -> impl Future<Output = Result<BTreeSet<[u8; 16]>, BooksError>>;

    /// Whether the rules would take an operation now; records nothing.
    fn rehearse(&self, operation: &Operation) -> impl Future<Output = Result<(), BooksError>>;

    /// Records an operation. The same content again is the same operation while it waits.
    fn record(&self, operation: Operation) -> impl Future<Output = Result<Handed, BooksError>>;

    /// What the books hold of the rows that these entries made.
    fn sums(&self, entries: &[u64]) -> impl Future<Output = Result<Sums, BooksError>>;
}

/// No books at all: for a dry run where no chain was begun.
#[derive(Clone, Copy, Debug)]
pub struct NoBooks;

impl Books for NoBooks {
    async fn known(&self, _: &[[u8; 16]]) -> Result<BTreeSet<[u8; 16]>, BooksError> {
        Ok(BTreeSet::new())
    }

    async fn rehearse(&self, _: &Operation) -> Result<(), BooksError> {
        Ok(())
    }

    async fn record(&self, _: Operation) -> Result<Handed, BooksError> {
        Err(BooksError::Unavailable("there are no books".into()))
    }

    async fn sums(&self, _: &[u64]) -> Result<Sums, BooksError> {
        Ok(Sums::default())
    }
}

/// The books of a node in this process.
pub struct NodeBooks<'a> {
    node: &'a Node,
    /// Who signs; nobody yet where nothing was ever imported and nothing may be recorded.
    office: Option<ImportOffice>,
}

impl<'a> NodeBooks<'a> {
    /// The books of a node.
    pub fn new(node: &'a Node, office: Option<ImportOffice>) -> Self {
        Self { node, office }
    }

    /// The operation, signed by both officers.
    fn signed(&self, office: &ImportOffice, operation: &Operation) -> Result<Checked, BooksError> {
        let now = self.node.now().map_err(unavailable)?;
        let chain = self.node.chain_id();
        let header = Header { chain, id: Content::of(operation).id_at(now), party: office.party, occurred_at: None };
        let to_sign = operation::to_sign(&header, operation, self.node.salt_key()).map_err(unavailable)?;
        let message = signing_bytes(&to_sign.payload);
        let mut signatures = Vec::with_capacity(2);
        for key in [office.auditor, office.approver] {
            let signature = self.node.keyring().sign(key, &message).map_err(unavailable)?;
            signatures.push((PublicKey(key.0), Signature(signature)));
        }
        let envelope = Envelope::new(to_sign.payload, signatures)
            .expect("the payload was bounded when it was made, and the keys are two");
        Checked::new(envelope.to_entry_bytes(), to_sign.lines, &chain).map_err(unavailable)
    }

    /// The views may be far behind a large import: waits for them.
    async fn record_patiently(&self, checked: Checked) -> Result<Answer, NotRecorded> {
        if self.node.heights().lag_facts > limits::IMPORT_LAG_FACTS_MAX {
            self.node.catch_up().await;
        }
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

impl Books for NodeBooks<'_> {
    async fn known(&self, keys: &[[u8; 16]]) -> Result<BTreeSet<[u8; 16]>, BooksError> {
        let found = self.node.views().imported_rows(keys).await.map_err(unavailable)?;
        Ok(found.into_iter().filter_map(|(key, entry)| entry.is_some().then_some(key)).collect())
    }

    async fn rehearse(&self, operation: &Operation) -> Result<(), BooksError> {
        let Some(office) = &self.office else { return Ok(()) };
        let checked = self.signed(office, operation)?;
        self.node.recorder().rehearse(checked).await.map_err(not_recorded)
    }

    async fn record(&self, operation: Operation) -> Result<Handed, BooksError> {
        let office = self.office.as_ref().expect("whoever records has registered an office first");
        let checked = self.signed(office, &operation)?;
        let id = checked.stated.id;
        let answer = self.record_patiently(checked).await.map_err(not_recorded)?;
        Ok(Handed { operation: id, entry: Some(answer.recorded.entry) })
    }

    async fn sums(&self, entries: &[u64]) -> Result<Sums, BooksError> {
        self.node.catch_up().await;
        let mut sums = Sums::default();
        for entry in entries {
            let of_entry = self.node.imported_by(*entry).await.map_err(unavailable)?;
            sums.purpose_rows += of_entry.count;
            sums.official_minor += of_entry.sent;
            sums.verified_minor += of_entry.arrived;
        }
        Ok(sums)
    }
}

fn not_recorded(why: NotRecorded) -> BooksError {
    match why {
        NotRecorded::Refused(refusal) => {
            BooksError::Refused { code: refusal.code().to_owned(), message: refusal.to_string() }
        }
        other => unavailable(other),
    }
}

fn unavailable(why: impl std::error::Error + Send + Sync + 'static) -> BooksError {
    BooksError::Unavailable(Box::new(why))
}
