//! A GraphQL request before the engine sees it.
//!
//! Whoever sends a document decides how much work it makes, and the engine finds out only while
//! it works: its own limits spread fragments out again for each place they stand in. So here a
//! request is read ([`asked`]), its text found or checked against the list of documents
//! ([`trusted`]), looked over token by token before the parser may call itself (`scan`), and
//! weighed with every fragment counted once (`weight`), unless all this was done before
//! ([`known`]); its operation is chosen and its variables are fitted (`variables`). What is refused
//! here was not executed in any part.

pub mod asked;
pub mod known;
pub mod passed;
mod scan;
pub mod trusted;
mod variables;
mod weight;

use std::sync::Arc;

use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType};
use async_graphql::{Pos, Request, ServerError};

use crate::limits;

use super::error::{BAD_USER_INPUT, VALIDATION_FAILED, shortened, with_code};

use asked::Asked;
use known::{Documents, Known};
use trusted::TrustedDocuments;

/// A request that may be given to the engine.
#[derive(Debug)]
pub struct Ready {
    /// The request, parsed; its data holds what is known of the document.
    pub request: Request,
    /// What is known of the document.
    pub known: Arc<Known>,
    /// What the chosen operation is.
    pub kind: OperationType,
    /// How many operations of the books it states at most: 1 for what only reads.
    pub statements: u64,
}

/// Checks a request. With a list of documents, only those are executed.
pub fn ready(asked: Asked, listed: Option<&TrustedDocuments>, documents: &Documents) -> Result<Ready, ServerError> {
    let text = trusted::text(&asked, listed)?;
    let known = documents.read(&text)?;
    let (name, operation, pos) = chosen(&known.document, asked.operation_name.as_deref())?;
    let kind = operation.ty;
    let fields = known.root_fields(name);
    match kind {
        OperationType::Query => {}
        OperationType::Mutation if fields > limits::MUTATION_FIELDS_MAX => {
            let most = limits::MUTATION_FIELDS_MAX;
            return Err(weight::too_complex(&format!("a mutation has at most {most} fields; send several"), pos));
        }
        OperationType::Mutation => {}
        OperationType::Subscription => weight::check_subscription(operation, pos)?,
    }
    variables::check(operation, &asked.variables)?;
    let mut request = Request::new(text).variables(asked.variables).data(known.clone());
    if let Some(name) = asked.operation_name {
        request = request.operation_name(name);
    }
    request.set_parsed_query(known.document.clone());
    let statements = if kind == OperationType::Mutation { fields.max(1) } else { 1 };
    Ok(Ready { request, known, kind, statements })
}

/// The operation that is to be executed (GraphQL, section 6.1, GetOperation).
fn chosen<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<(Option<&'a str>, &'a OperationDefinition, Pos), ServerError> {
    let refused = |message: String| Err(refusal(BAD_USER_INPUT, message, None));
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Ok((None, &operation.node, operation.pos)),
        (DocumentOperations::Single(_), Some(name)) => {
            refused(format!("there is no operation `{name}`: the document's only operation has no name"))
        }
        (DocumentOperations::Multiple(named), None) => match named.iter().next() {
            Some((name, operation)) if named.len() == 1 => Ok((Some(name.as_str()), &operation.node, operation.pos)),
            _ => refused("the document has several operations; name one in `operationName`".to_owned()),
        },
        (DocumentOperations::Multiple(named), Some(name)) => match named.get_key_value(name) {
            Some((name, operation)) => Ok((Some(name.as_str()), &operation.node, operation.pos)),
            None => refused(format!("the document has no operation `{name}`")),
        },
    }
}

/// An error of a request that is not executed.
fn refusal(code: &str, message: impl Into<String>, pos: Option<Pos>) -> ServerError {
    shortened(with_code(ServerError::new(message, pos), code))
}

/// A document that contradicts the language's own rules.
fn invalid(message: impl Into<String>, pos: Pos) -> ServerError {
    refusal(VALIDATION_FAILED, message, Some(pos))
}
