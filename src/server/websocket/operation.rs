//! One operation on a connection: from what was asked to what is told about it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Response, ServerError};
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt as _, StreamExt as _};

use crate::api::document::{self, asked::Asked};
use crate::api::error::{INTERNAL, STORE_UNAVAILABLE, UNAUTHENTICATED, with_code};
use crate::api::request::{Api, Caller};

use super::super::App;
use super::super::pace::UnderWay;
use super::super::reply::Executed;

/// What is told about an operation.
pub enum Told {
    /// A result, as JSON text; more may follow.
    Next(String),
    /// It was not executed; the last that is told.
    Errors(Vec<ServerError>),
    /// It ended; the last that is told.
    Complete,
}

/// Runs an operation for a login. Nothing happens but while the stream is asked for more.
pub fn run(app: App, token: Option<String>, asked: Asked) -> BoxStream<'static, Told> {
    let begun = async move {
        match begin(&app, token, asked).await {
            Err(error) => stream::once(async { Told::Errors(vec![error]) }).boxed(),
            Ok(begun) => told(app, begun),
        }
    };
    let told = AssertUnwindSafe(begun.flatten_stream()).catch_unwind();
    told.map(|told| told.unwrap_or_else(|_| Told::Errors(vec![fault()]))).boxed()
}

/// An operation that the engine has taken.
struct Begun {
    api: Arc<Api>,
    responses: BoxStream<'static, Response>,
    /// Counts among the requests of the login; what is followed does not, since it mostly waits.
    under_way: Option<UnderWay>,
}

/// Looks the login up again for each operation: it may have been revoked since the connection
/// was opened.
async fn begin(app: &App, token: Option<String>, asked: Asked) -> Result<Begun, ServerError> {
    let refused = |code: &str, message: &str| with_code(ServerError::new(message, None), code);
    let viewer = match token {
        None => None,
        Some(token) => match app.node.viewer(&token).await {
            Ok(Some(viewer)) => Some(viewer),
            Ok(None) => return Err(refused(UNAUTHENTICATED, "this login is not valid any more")),
            Err(why) => {
                tracing::error!(error = %why, "a login cannot be looked up");
                return Err(refused(STORE_UNAVAILABLE, "the server cannot look up logins now; try again"));
            }
        },
    };
    let caller = Caller { viewer, at_least: 0 };
    let under_way = app.accounts.take(caller.officer()).map_err(|why| why.error())?;
    let ready = document::ready(asked, app.options.trusted_documents.as_deref())?;
    under_way.counts(ready.statements).map_err(|why| why.error())?;
    let api = Arc::new(Api::new(app.node.clone(), caller, app.last_recorded.clone()));
    let responses = app.schema.execute_stream(ready.request.data(api.clone()));
    let under_way = (ready.kind != OperationType::Subscription).then_some(under_way);
    Ok(Begun { api, responses, under_way })
}

fn told(app: App, begun: Begun) -> BoxStream<'static, Told> {
    let Begun { api, responses, under_way } = begun;
    let results = responses.map(move |response| {
        let _until_dropped = &under_way;
        match api.has_begun() {
            true => Told::Next(Executed::of(response, &app.node.heights()).text()),
            false => Told::Errors(response.errors),
        }
    });
    results.chain(stream::once(async { Told::Complete })).boxed()
}

fn fault() -> ServerError {
    let message = "the server failed at this; its operator finds the cause in the log";
    with_code(ServerError::new(message, None), INTERNAL)
}
