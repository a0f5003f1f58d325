//! Top-level errors: for missing rights, bad documents, limits and faults of the server. Each
//! carries `extensions.code`. What a rule refuses is no error but a `userErrors` entry.

use std::sync::Arc;

use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextParseQuery, NextRequest, NextSubscribe, NextValidation,
};
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{
    Error, ErrorExtensionValues, Response, ServerError, ServerResult, ValidationResult, Value, Variables,
};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use tracing::error;

use crate::service::lists::ListError;
use crate::service::reads::ReadError;
use crate::service::record::NotAccepted;
use crate::service::statements::FollowError;

use super::id::NotAnId;
use super::load::LoadError;

/// No login, or one that is not valid.
pub const UNAUTHENTICATED: &str = "UNAUTHENTICATED";
/// A login that may not do this.
pub const FORBIDDEN: &str = "FORBIDDEN";
/// A value that cannot be what it should be.
pub const BAD_USER_INPUT: &str = "BAD_USER_INPUT";
/// The document is not GraphQL.
pub const PARSE_FAILED: &str = "GRAPHQL_PARSE_FAILED";
/// The document does not fit the schema.
pub const VALIDATION_FAILED: &str = "GRAPHQL_VALIDATION_FAILED";
/// The document asks for too much, or too deep.
pub const TOO_COMPLEX: &str = "QUERY_TOO_COMPLEX";
/// A store does not answer.
pub const STORE_UNAVAILABLE: &str = "STORE_UNAVAILABLE";
/// What was asked for is committed, but not yet to be read.
pub const VIEWS_BEHIND: &str = "VIEWS_BEHIND";
/// A fault of the server.
pub const INTERNAL: &str = "INTERNAL_SERVER_ERROR";

/// A top-level error with its code.
pub fn coded(code: &str, message: impl Into<String>) -> Error {
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code);
    Error { message: message.into(), source: None, extensions: Some(extensions) }
}

/// The error of a request without a valid login.
pub fn unauthenticated() -> Error {
    coded(UNAUTHENTICATED, "log in first: send `Authorization: Bearer TOKEN`")
}

/// The error of a login that may not do this.
pub fn forbidden(message: &str) -> Error {
    coded(FORBIDDEN, message)
}

/// The error of a value that cannot be what it should be.
pub fn bad_input(message: impl Into<String>) -> Error {
    coded(BAD_USER_INPUT, message)
}

/// The error of something that is committed but that the views do not show yet.
pub fn behind(what: &str) -> Error {
    coded(VIEWS_BEHIND, format!("{what} is recorded, but the books that readers see are behind; ask again"))
}

/// Makes the extension that gives every error its code.
pub struct Coded;

impl ExtensionFactory for Coded {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Coded)
    }
}

#[async_graphql::async_trait::async_trait]
impl Extension for Coded {
    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        coded_response(next.run(ctx).await)
    }

    fn subscribe<'s>(
        &self,
        ctx: &ExtensionContext<'_>,
        stream: BoxStream<'s, Response>,
        next: NextSubscribe<'_>,
    ) -> BoxStream<'s, Response> {
        next.run(ctx, stream).map(coded_response).boxed()
    }

    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        next.run(ctx, query, variables).await.map_err(|error| with_code(error, PARSE_FAILED))
    }

    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        next.run(ctx).await.map_err(|errors| errors.into_iter().map(refused_document).collect())
    }
}

fn coded_response(mut response: Response) -> Response {
    response.errors = response.errors.into_iter().map(any_error).collect();
    response
}

/// A document that the engine refuses: the limits are named by their messages only.
fn refused_document(error: ServerError) -> ServerError {
    let is_limit =
        error.message.starts_with("Query is too complex") || error.message.starts_with("Query is nested too deep");
    with_code(error, if is_limit { TOO_COMPLEX } else { VALIDATION_FAILED })
}

/// An error of a resolver or of the engine, whichever has come so far without a code.
fn any_error(error: ServerError) -> ServerError {
    if code_of(&error).is_some() {
        return error;
    }
    if error.source::<NotAnId>().is_some() {
        return with_code(error, BAD_USER_INPUT);
    }
    if let Some(cause) = error.source::<ReadError>() {
        let code = cause.code();
        if let ReadError::Views(_) = cause {
            log_cause(cause);
        }
        return with_code(error, code);
    }
    if let Some(cause) = error.source::<FollowError>() {
        let code = cause.code();
        return with_code(error, code);
    }
    let unreadable = error.source::<ListError>().or_else(|| error.source::<LoadError>().map(LoadError::cause));
    if let Some(cause) = unreadable {
        log_cause(cause);
        return with_code(error, STORE_UNAVAILABLE);
    }
    if let Some(cause) = error.source::<NotAccepted>() {
        let code = cause.code();
        log_cause(cause);
        return with_code(error, code);
    }
    // What the engine says of values has no source; what it says of itself begins so.
    if error.source.is_none() && !error.message.starts_with("internal:") {
        return with_code(error, BAD_USER_INPUT);
    }
    error!(error = %error.message, "a request failed");
    let hidden = "the server failed at this; its operator finds the cause in the log".to_owned();
    with_code(ServerError { message: hidden, source: None, ..error }, INTERNAL)
}

fn code_of(error: &ServerError) -> Option<&Value> {
    error.extensions.as_ref().and_then(|extensions| extensions.get("code"))
}

fn with_code(mut error: ServerError, code: &str) -> ServerError {
    if code_of(&error).is_none() {
        error.extensions.get_or_insert_with(ErrorExtensionValues::default).set("code", code);
    }
    error
}

/// A cause with the causes behind it, on one line of the log; the caller hears none of them.
fn log_cause(cause: &dyn std::error::Error) {
    let mut text = cause.to_string();
    let mut at = cause.source();
    while let Some(next) = at {
        text.push_str(": ");
        text.push_str(&next.to_string());
        at = next.source();
    }
    error!(error = %text, "a request failed");
}
