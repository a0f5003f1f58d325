//! The HTTP server: every URL, limit and timeout.
//!
//! | URL | what |
//! |---|---|
//! | `POST /graphql` | a GraphQL request as JSON (GraphQL over HTTP) |
//! | `GET /graphql` | a query, never a mutation |
//! | `/graphql/ws` | operations of any kind, followed or not: protocol `graphql-transport-ws` |
//! | `/graphiql` | a page to try requests; asks nobody but this server |
//! | `/schema.graphql` | the schema's text |
//! | `/healthz`, `/readyz` | alive; ready for work |
//! | `/metrics` | the node's figures, for Prometheus |
//! | `/log/checkpoint` | the log's size and root, signed (C2SP tlog-checkpoint) |
//!
//! A request's log line names its method, path, status and time, never its query, token or body.

mod graphql;
mod listen;
mod media;
mod metrics;
pub mod options;
mod pace;
mod page;
mod parameters;
mod reply;
pub mod websocket;
pub mod yardstick;

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use poem::http::{Method, StatusCode};
use poem::middleware::CatchPanic;
use poem::web::Data;
use poem::{Endpoint, EndpointExt, IntoEndpoint, IntoResponse, Request, Response, Route, get, handler};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tracing::{Instrument as _, info, info_span, warn};
use uuid::Uuid;

use crate::api::document::known::Documents;
use crate::api::error::{BAD_REQUEST, INTERNAL, METHOD_NOT_ALLOWED, NO_CHECKPOINT, NOT_FOUND};
use crate::api::request::LastRecorded;
use crate::api::schema::{self, Schema};
use crate::service::metrics::Metrics;
use crate::service::node::Node;

use options::Options;
use pace::Accounts;

/// What every handler works with.
#[derive(Clone)]
struct App {
    node: Arc<Node>,
    schema: Schema,
    documents: Arc<Documents>,
    last_recorded: Arc<LastRecorded>,
    options: Arc<Options>,
    accounts: Arc<Accounts>,
    /// Becomes true when the server stops.
    stop: watch::Receiver<bool>,
    /// Held by every open WebSocket connection; the server waits until none is left.
    open: mpsc::Sender<()>,
}

/// Serves a node until `stop` is true, then finishes what is under way.
pub async fn serve(node: Arc<Node>, listener: TcpListener, stop: watch::Receiver<bool>) -> std::io::Result<()> {
    serve_with(node, listener, Options::default(), stop).await
}

/// The same, with options.
pub async fn serve_with(
    node: Arc<Node>,
    listener: TcpListener,
    options: Options,
    stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let (open, mut closed) = mpsc::channel(1);
    let bounds = options.bounds;
    let app = App {
        node,
        schema: schema::schema(),
        documents: Arc::default(),
        last_recorded: Arc::new(LastRecorded::default()),
        options: Arc::new(options),
        accounts: Arc::new(Accounts::new(&bounds)),
        stop: stop.clone(),
        open,
    };
    let endpoint = routes(app).into_endpoint();
    listen::listen(listener, endpoint, bounds, stop).await?;
    // Nobody sends: it ends when the last connection lets go of its sender.
    if tokio::time::timeout(bounds.stop, closed.recv()).await.is_err() {
        warn!("a WebSocket connection did not end in time; leaving it");
    }
    Ok(())
}

/// Every URL.
fn routes(app: App) -> impl IntoEndpoint<Endpoint = impl Endpoint<Output = Response> + 'static> {
    let metrics = app.node.metrics().clone();
    let read = "GET, HEAD, OPTIONS";
    Route::new()
        .at("/graphql", Methods("GET, HEAD, POST, OPTIONS", get(graphql::get).post(graphql::post)))
        .at("/graphql/ws", Methods("GET, OPTIONS", get(websocket::connect)))
        .at("/graphiql", Methods(read, get(page::html)))
        .at("/graphiql/page.js", Methods(read, get(page::script)))
        .at("/graphiql/page.css", Methods(read, get(page::style)))
        .at("/schema.graphql", Methods(read, get(schema_text)))
        .at("/healthz", Methods(read, get(health)))
        .at("/readyz", Methods(read, get(readiness)))
        .at("/metrics", Methods(read, get(metrics::show)))
        .at("/log/checkpoint", Methods(read, get(checkpoint)))
        .data(app)
        .with(CatchPanic::new().with_handler(panicked))
        .catch_all_error(refused)
        .around(move |endpoint, request| observed(endpoint, request, metrics.clone()))
}

/// An address with the methods that it takes, which it names to whoever sends another.
struct Methods<E>(&'static str, E);

impl<E: Endpoint> Endpoint for Methods<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let Self(methods, endpoint) = self;
        let mut response = match request.method() {
            &Method::OPTIONS => Response::builder().status(StatusCode::NO_CONTENT).finish(),
            method if methods.split(", ").any(|known| known == method.as_str()) => {
                return endpoint.call(request).await.map(IntoResponse::into_response);
            }
            _ => {
                let message = format!("this address takes {methods}");
                reply::failure(StatusCode::METHOD_NOT_ALLOWED, METHOD_NOT_ALLOWED, &message)
            }
        };
        reply::header(&mut response, "allow", methods);
        Ok(response)
    }
}

/// Comes when the server stops.
async fn stopped(stop: &mut watch::Receiver<bool>) {
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
        StatusCode::NOT_FOUND => (NOT_FOUND, "there is nothing at this address; GraphQL is at /graphql".to_owned()),
        other if other.is_client_error() => (BAD_REQUEST, error.to_string()),
        _ => {
            tracing::error!(%error, "a request failed");
            (INTERNAL, "the server failed at this; its operator finds the cause in the log".to_owned())
        }
    };
    reply::failure(status, code, &message)
}

/// A fault in the program: the caller hears that there was one, the panic's own line is in the
/// log.
fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let message = "the server failed at this; its operator finds the cause in the log";
    reply::failure(StatusCode::INTERNAL_SERVER_ERROR, INTERNAL, message)
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
    let stopped = app.node.stopped_detectors();
    let stopped: String = stopped
        .iter()
        .map(|stopped| format!("detector {} stands still since block {}\n", stopped.rule.code(), stopped.height))
        .collect();
    if app.node.is_ready() {
        // Work goes on without a detector; whoever watches reads that one is missing.
        return format!("ready\n{stopped}").into_response();
    }
    Response::builder().status(StatusCode::SERVICE_UNAVAILABLE).body(format!("not ready\n{stopped}"))
}

/// The log's size and root, signed: a C2SP checkpoint.
#[handler]
async fn checkpoint(app: Data<&App>) -> Response {
    match app.node.checkpoint().await {
        Ok(note) => Response::builder().content_type("text/plain; charset=utf-8").body(note),
        Err(why) => {
            tracing::error!(error = %why, "no checkpoint was signed");
            reply::failure(StatusCode::SERVICE_UNAVAILABLE, NO_CHECKPOINT, &why.to_string())
        }
    }
}
