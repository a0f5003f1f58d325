//! One operation on a connection: from what was asked to what is told about it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Response, ServerError, Value};
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt as _, StreamExt as _};

use crate::api::document::{self, asked::Asked};
use crate::api::error::{INTERNAL, STORE_UNAVAILABLE, TOO_MANY_STREAMS, UNAUTHENTICATED, with_code};
use crate::api::request::{Api, Caller};
use crate::service::node::Heights;

use super::super::App;
use super::super::pace::{Stream, UnderWay};
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
    counted: Counted,
}

/// How the operation counts for its login.
#[expect(dead_code, reason = "they count until they are dropped")]
enum Counted {
    Request(UnderWay),
    /// Not among the requests under way, since it mostly waits.
    Stream(Stream),
}

/// Looks the login up again for each operation: it may have been revoked since the connection
/// was opened.
async fn begin(app: &App, token: Option<String>, asked: Asked) -> Result<Begun, ServerError> {
    let refused = |code: &str, message: &str| with_code(ServerError::new(message, None), code);
    let viewer = match &token {
        None => None,
        Some(token) => match app.node.viewer(token).await {
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
    let ready = document::ready(asked, app.options.trusted_documents.as_deref(), &app.documents)?;
    under_way.counts(ready.statements).map_err(|why| why.error())?;
    let counted = match ready.kind {
        OperationType::Subscription => Counted::Stream(app.accounts.stream(caller.officer()).ok_or_else(|| {
            let most = app.options.bounds.sockets.streams_of_login;
            refused(TOO_MANY_STREAMS, &format!("a login follows at most {most} subscriptions; complete one"))
        })?),
        _ => Counted::Request(under_way),
    };
    let api = Api::new(app.node.clone(), caller, app.last_recorded.clone());
    let api = Arc::new(api.following(token));
    let responses = app.schema.execute_stream(ready.request.data(api.clone()));
    Ok(Begun { api, responses, counted })
}

fn told(app: App, begun: Begun) -> BoxStream<'static, Told> {
    let Begun { api, responses, counted } = begun;
    let results = responses.flat_map(move |response| {
        let _until_dropped = &counted;
        api.end_turn();
        stream::iter(match api.has_begun() {
            true => result(response, &app.node.heights()),
            false => vec![Told::Errors(response.errors)],
        })
    });
    results.chain(stream::once(async { Told::Complete })).boxed()
}

/// A result of what was executed. One without data is the last: of an entry that cannot be told
/// a follower would not even learn that it is there, so it must not go on as if nothing were.
fn result(response: Response, heights: &Heights) -> Vec<Told> {
    let is_last = response.data == Value::Null;
    let next = Told::Next(Executed::of(response, heights).text());
    if is_last { vec![next, Told::Complete] } else { vec![next] }
}

fn fault() -> ServerError {
    let message = "the server failed at this; its operator finds the cause in the log";
    with_code(ServerError::new(message, None), INTERNAL)
}

#[cfg(test)]
mod tests {
    use async_graphql::Name;

    use super::*;

    #[test]
    fn a_result_without_data_is_the_last() {
        let heights = Heights { head: Default::default(), views: Default::default(), lag_facts: 0, findings: None };
        let failed = result(Response::from_errors(vec![fault()]), &heights);
        assert!(matches!(&failed[..], [Told::Next(text), Told::Complete] if text.contains(INTERNAL)));
        let data = Value::Object([(Name::new("entryRecorded"), Value::Null)].into_iter().collect());
        assert!(matches!(&result(Response::new(data), &heights)[..], [Told::Next(_)]));
    }
}
