//! The HTTP server: every URL, limit and timeout.
//!
//! | URL | what |
//! |---|---|
//! | `POST /graphql` | a GraphQL request as JSON |
//! | `GET /graphql` | a query, never a mutation |
//! | `/graphql/ws` | subscriptions, protocol `graphql-transport-ws` |
//! | `/graphiql` | a page to try requests; asks nobody but this server |
//! | `/schema.graphql` | the schema's text |
//! | `/healthz`, `/readyz` | alive; ready for work |
//! | `/metrics` | the node's figures, for Prometheus |
//! | `/log/checkpoint` | the log's size and root, signed (C2SP tlog-checkpoint) |
//!
//! A request's log line names its method, path, status and time, never its query, token or body.

mod graphql;
mod metrics;
mod page;
mod reply;
mod websocket;
pub mod yardstick;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use poem::http::StatusCode;
use poem::listener::TcpAcceptor;
use poem::middleware::CatchPanic;
use poem::web::Data;
use poem::{Endpoint, EndpointExt, IntoEndpoint, IntoResponse, Request, Response, Route, Server, get, handler};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tracing::{Instrument as _, info, info_span, warn};
use uuid::Uuid;

use crate::api::request::LastRecorded;
use crate::api::schema::{self, Schema};
use crate::limits;
use crate::service::metrics::Metrics;
use crate::service::node::Node;

/// What every handler works with.
#[derive(Clone)]
struct App {
    node: Arc<Node>,
    schema: Schema,
    last_recorded: Arc<LastRecorded>,
    /// Becomes true when the server stops.
    stop: watch::Receiver<bool>,
    /// Held by every open subscription connection; the server waits until none is left.
    open: mpsc::Sender<()>,
}

/// Serves a node until `stop` is true, then finishes what is under way.
pub async fn serve(node: Arc<Node>, listener: TcpListener, stop: watch::Receiver<bool>) -> std::io::Result<()> {
    let (open, mut closed) = mpsc::channel(1);
    let last_recorded = Arc::new(LastRecorded::default());
    let schema = schema::schema(node.clone(), last_recorded.clone());
    let app = App { node, schema, last_recorded, stop: stop.clone(), open };
    let grace = Duration::from_secs(limits::STOP_GRACE_SECONDS);
    let server = Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?);
    server.run_with_graceful_shutdown(routes(app), stopped(stop), Some(grace)).await?;
    // Nobody sends: it ends when the last connection lets go of its sender.
    if tokio::time::timeout(grace, closed.recv()).await.is_err() {
        warn!("a subscription did not end in time; leaving it");
    }
    Ok(())
}

/// Every URL.
fn routes(app: App) -> impl IntoEndpoint<Endpoint = impl Endpoint<Output = Response> + 'static> {
    let metrics = app.node.metrics().clone();
    Route::new()
        .at("/graphql", get(graphql::get).post(graphql::post))
        .at("/graphql/ws", get(websocket::connect))
        .at("/graphiql", get(page::html))
        .at("/graphiql/page.js", get(page::script))
        .at("/graphiql/page.css", get(page::style))
        .at("/schema.graphql", get(schema_text))
        .at("/healthz", get(health))
        .at("/readyz", get(readiness))
        .at("/metrics", get(metrics::show))
        .at("/log/checkpoint", get(checkpoint))
        .data(app)
        .with(CatchPanic::new().with_handler(panicked))
        .catch_all_error(refused)
        .around(move |endpoint, request| observed(endpoint, request, metrics.clone()))
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // Without a sender nobody can say stop any more; then the server stops as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Gives each request an id, writes one line about it when it is answered, and counts it.
async fn observed<E: Endpoint<Output = Response>>(
    endpoint: Arc<E>,
    request: Request,
    metrics: Arc<Metrics>,
) -> poem::Result<Response> {
    let id = Uuid::now_v7();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let span = info_span!("request", request.id = %id);
    let began = Instant::now();
    let answer: std::pin::Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(endpoint.call(request));
    let mut response: Response = answer.instrument(span.clone()).await?;
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    info!(parent: &span, %method, path, status, duration_ms, "request answered");
    metrics.answered(status);
    reply::header(&mut response, reply::REQUEST_ID, &id.to_string());
    Ok(response)
}

/// What the router or an extractor refuses: no such URL, not that method, no upgrade.
async fn refused(error: poem::Error) -> Response {
    let status = error.status();
    let (code, message) = match status {
        StatusCode::NOT_FOUND => ("NOT_FOUND", "there is nothing at this address; GraphQL is at /graphql".to_owned()),
        StatusCode::METHOD_NOT_ALLOWED => ("METHOD_NOT_ALLOWED", "this address does not take this method".to_owned()),
        other if other.is_client_error() => ("BAD_REQUEST", error.to_string()),
        _ => {
            tracing::error!(%error, "a request failed");
            ("INTERNAL_SERVER_ERROR", "the server failed at this; its operator finds the cause in the log".to_owned())
        }
    };
    reply::failure(status, code, &message)
}

/// A fault in the program: the caller hears that there was one, the panic's own line is in the
/// log.
fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let message = "the server failed at this; its operator finds the cause in the log";
    reply::failure(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_SERVER_ERROR", message)
}

#[handler]
fn schema_text() -> Response {
    Response::builder().content_type("text/plain; charset=utf-8").body(schema::sdl())
}

/// Alive: the process answers.
#[handler]
fn health() -> &'static str {
    "ok\n"
}

/// Ready: state loaded, store writable, lag under its bound.
#[handler]
fn readiness(app: Data<&App>) -> Response {
    if app.node.is_ready() {
        return "ready\n".into_response();
    }
    Response::builder().status(StatusCode::SERVICE_UNAVAILABLE).body("not ready\n")
}

/// The log's size and root, signed: a C2SP checkpoint.
#[handler]
async fn checkpoint(app: Data<&App>) -> Response {
    match app.node.checkpoint().await {
        Ok(note) => Response::builder().content_type("text/plain; charset=utf-8").body(note),
        Err(why) => {
            tracing::error!(error = %why, "no checkpoint was signed");
            reply::failure(StatusCode::SERVICE_UNAVAILABLE, "NO_CHECKPOINT", &why.to_string())
        }
    }
}
