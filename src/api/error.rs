//! Top-level errors: for missing rights, bad documents, limits and faults of the server. Each
//! carries `extensions.code`. What a rule refuses is no error but a `userErrors` entry.

use std::sync::Arc;

use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextExecute, NextParseQuery, NextRequest, NextSubscribe,
    NextValidation,
};
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{
    Error, ErrorExtensionValues, Response, ServerError, ServerResult, ValidationResult, Value, Variables,
};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use tracing::error;

use crate::limits;
use crate::service::lists::ListError;
use crate::service::orderer::NotRecorded;
use crate::service::reads::ReadError;
use crate::service::record::NotAccepted;
use crate::service::statements::FollowError;

use super::id::NotAnId;
use super::load::LoadError;
use super::request::Api;

/// The codes as constants and as one list.
macro_rules! codes {
    ($($name:ident = $code:literal: $meaning:literal,)*) => {
        $(#[doc = $meaning] pub const $name: &str = $code;)*

        /// Every code of a top-level error with its meaning. Nothing else stands in
        /// `extensions.code`: what a rule refuses is in `userErrors`, with a `RefusalCode`.
        pub const CODES: &[(&str, &str)] = &[$(($code, $meaning),)*];
    };
}

codes! {
    BAD_REQUEST = "BAD_REQUEST": "The HTTP request is not one that this address can answer.",
    NOT_FOUND = "NOT_FOUND": "There is nothing at this address.",
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED": "This address, or this operation, does not take this method; see the header `Allow`.",
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE": "The header `Accept` names no media type that is spoken here.",
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE": "The body is not `application/json` in UTF-8.",
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE": "The body has more bytes than a request may have.",
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT": "The body did not come in time.",
    BATCH_NOT_SUPPORTED = "BATCH_NOT_SUPPORTED": "The body is a list of requests; send them one by one.",
    BAD_USER_INPUT = "BAD_USER_INPUT": "A value cannot be what it should be; the message says which.",
    UNAUTHENTICATED = "UNAUTHENTICATED": "No login, or one that is not valid (any more).",
    FORBIDDEN = "FORBIDDEN": "The login, or the origin of a page, may not do this.",
    PARSE_FAILED = "GRAPHQL_PARSE_FAILED": "The document is not GraphQL.",
    VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED": "The document does not fit the schema.",
    TOO_COMPLEX = "QUERY_TOO_COMPLEX": "The document asks for too much, or too deep, or is too long.",
    TOO_LARGE = "ANSWER_TOO_LARGE": "The answer would hold more bytes of envelopes and lines than one may; ask for fewer at a time.",
    NOT_TRUSTED = "DOCUMENT_NOT_TRUSTED": "This server executes listed documents only, and this one is not listed.",
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND": "No listed document has this hash.",
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED": "This server has no list of documents; send the text.",
    RATE_LIMITED = "RATE_LIMITED": "This login asks too often or too much at once; try again after `retryAfterMs`.",
    TOO_MANY_STREAMS = "TOO_MANY_STREAMS": "This login follows as many subscriptions as it may, over all its connections.",
    OVERLOADED = "OVERLOADED": "Too much is waiting; try again after `retryAfterMs`.",
    STOPPING = "STOPPING": "The server is stopping; nothing was recorded.",
    CLOCK_SUSPECT = "CLOCK_SUSPECT": "The server's clock cannot be trusted, so nothing is recorded.",
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE": "A store does not answer; a retry with the same operation id finds out what became of it.",
    KEYRING_UNAVAILABLE = "KEYRING_UNAVAILABLE": "The server cannot use the key that it keeps for the officer.",
    VIEWS_BEHIND = "VIEWS_BEHIND": "What was asked for is recorded, but not yet to be read; ask again.",
    MIXED_CURRENCIES = "MIXED_CURRENCIES": "A total over several currencies; name one in the filter.",
    AS_OF_IN_THE_FUTURE = "AS_OF_IN_THE_FUTURE": "`asOf` is after the last block.",
    AS_OF_BEFORE_THE_CHAIN = "AS_OF_BEFORE_THE_CHAIN": "`asOf` is before the first block.",
    NO_PROOF = "NO_PROOF": "The log has no such proof: an index or a size is outside of it.",
    NO_CHECKPOINT = "NO_CHECKPOINT": "No checkpoint can be signed now.",
    INTERNAL = "INTERNAL_SERVER_ERROR": "A fault of the server; its operator finds the cause in the log.",
}

/// Whether a code may stand in `extensions.code`.
pub fn is_listed(code: &str) -> bool {
    CODES.iter().any(|(listed, _)| *listed == code)
}

/// A top-level error with its code.
pub fn coded(code: &str, message: impl Into<String>) -> Error {
    debug_assert!(is_listed(code), "{code} is not in the list of codes");
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

/// The error of an answer that would hold too many bytes of envelopes and lines.
pub fn too_large() -> Error {
    let most = limits::ANSWER_ENTRY_BYTES_MAX;
    coded(TOO_LARGE, format!("one answer holds at most {most} bytes of envelopes and lines; ask for fewer at a time"))
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
        let told = limits::DOCUMENT_ERRORS_MAX;
        let refused = |errors: Vec<ServerError>| errors.into_iter().take(told).map(refused_document).collect();
        next.run(ctx).await.map_err(refused)
    }

    /// Comes once the document has passed: from here on there is data, or null for it.
    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        if let Some(api) = ctx.data_opt::<Arc<Api>>() {
            api.begin();
        }
        next.run(ctx, operation_name).await
    }
}

fn coded_response(mut response: Response) -> Response {
    response.errors = response.errors.into_iter().map(any_error).collect();
    response
}

/// A document that the engine refuses: the limits are named by their messages only.
fn refused_document(mut error: ServerError) -> ServerError {
    let is_too_complex = error.message.starts_with("Query is too complex");
    let is_limit = is_too_complex || error.message.starts_with("Query is nested too deep");
    if is_too_complex {
        let (most, sum) = (limits::QUERY_COMPLEXITY_MAX, limits::SUM_WEIGHT);
        error.message = format!(
            "the document weighs more than {most}: a field weighs 1, a page what its rows weigh times `first` or \
             `last`, a report or statement {sum}; ask for shorter pages or send several documents"
        );
    }
    shortened(with_code(error, if is_limit { TOO_COMPLEX } else { VALIDATION_FAILED }))
}

/// Cuts a message that repeats too much of what was sent.
pub(super) fn shortened(mut error: ServerError) -> ServerError {
    shorten(&mut error.message);
    error
}

/// Cuts a sentence that repeats too much of what was sent.
pub(super) fn shorten(message: &mut String) {
    if let Some((end, _)) = message.char_indices().nth(limits::DOCUMENT_ERROR_CHARS_MAX) {
        message.truncate(end);
        message.push_str(" ...");
    }
}

/// An error of a resolver or of the engine, whichever has come so far without a code.
fn any_error(error: ServerError) -> ServerError {
    let error = shortened(error);
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
        let mut error = with_code(error, code);
        if code == OVERLOADED {
            error.extensions.get_or_insert_default().set("retryAfterMs", limits::RETRY_AFTER_MS);
        }
        return error;
    }
    let unreadable = error.source::<ListError>().or_else(|| error.source::<LoadError>().map(LoadError::cause));
    if let Some(cause) = unreadable {
        log_cause(cause);
        return with_code(error, STORE_UNAVAILABLE);
    }
    if let Some(cause) = error.source::<NotAccepted>() {
        let code = cause.code();
        log_cause(cause);
        let again = match cause {
            NotAccepted::NotRecorded(NotRecorded::Overloaded { retry_after_ms }) => Some(*retry_after_ms),
            _ => None,
        };
        let error = with_code(error, code);
        return match again {
            Some(ms) => retry_after(error, ms),
            None => error,
        };
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

/// Gives an error its code, unless it has one.
pub fn with_code(mut error: ServerError, code: &str) -> ServerError {
    debug_assert!(is_listed(code), "{code} is not in the list of codes");
    if code_of(&error).is_none() {
        error.extensions.get_or_insert_with(ErrorExtensionValues::default).set("code", code);
    }
    error
}

/// Adds when to try again.
pub fn retry_after(mut error: ServerError, ms: u64) -> ServerError {
    error.extensions.get_or_insert_with(ErrorExtensionValues::default).set("retryAfterMs", ms);
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
