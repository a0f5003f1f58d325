//! `aqueduct serve`: serves a chain over HTTP until it is told to stop.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::warn;

use crate::api::document::trusted::TrustedDocuments;
use crate::limits;
use crate::server::options::{Bounds, Options};
use crate::service::node::Node;

use super::Global;
use super::failure::{Failure, Kind};
use super::handles;
use super::output::print;

/// Serves the chain of the data directory: GraphQL at /graphql, a page to try it at /graphiql.
///
/// Prints its address once it answers. SIGTERM or SIGINT (Ctrl-C) stops it: requests under way
/// are finished and the views brought up to the chain. There is no TLS: put a proxy in front
/// before it listens beyond this machine.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aqueduct serve\n  aqueduct serve --listen 127.0.0.1:0   any free port; the \
                        address is printed\n  RUST_LOG=debug aqueduct --log json serve")]
pub struct Serve {
    /// An origin whose pages may open WebSocket connections, such as `https://pensions.example`;
    /// may be given several times. Pages of this server's own address always may.
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
    /// A file with the only documents that are executed, as JSON: {"SHA-256": "document"}.
    #[arg(long, value_name = "FILE")]
    trusted_documents: Option<PathBuf>,
    /// How many requests one login may make in a second, over a longer time; at once, twice as
    /// many. Each field of a mutation counts.
    #[arg(long, value_name = "NUMBER", default_value_t = limits::LOGIN_REQUESTS_PER_SECOND)]
    login_requests: u64,
    /// How many WebSocket connections one login may hold open.
    #[arg(long, value_name = "NUMBER", default_value_t = limits::LOGIN_SOCKETS_MAX)]
    login_sockets: u64,
    /// How many subscriptions one login may follow, over all its connections.
    #[arg(long, value_name = "NUMBER", default_value_t = limits::LOGIN_STREAMS_MAX)]
    login_streams: u64,
    /// Delivers webhooks to receivers at loopback, link-local and private addresses as well. Without
    /// it whoever adds a receiver could make this server call what only it can reach.
    #[arg(long)]
    webhooks_to_private_addresses: bool,
}

impl Serve {
    /// Serves until stopped.
    pub async fn run(&self, global: &Global) -> Result<(), Failure> {
        let stop = stop_signal()?;
        let options = self.options()?;
        let mut stores = global.options_of_chain(true).await?;
        stores.deliveries.allow_private = self.webhooks_to_private_addresses;
        let node = Node::open(stores).await?;
        let listener = listen(&global.listen).await?;
        serve(node, listener, options, stop).await
    }

    fn options(&self) -> Result<Options, Failure> {
        if let Some(origin) = self.allow_origin.iter().find(|origin| !is_origin(origin)) {
            return Err(
                Failure::input(format!("{origin} is no origin")).way_out("write it as https://example.org:8443")
            );
        }
        let trusted_documents = self.trusted_documents.as_deref().map(trusted_documents).transpose()?;
        let mut bounds = Bounds::default();
        bounds.pace.per_second = self.login_requests;
        bounds.pace.burst = self.login_requests.saturating_mul(2);
        bounds.sockets.of_login = self.login_sockets;
        bounds.sockets.streams_of_login = self.login_streams;
        Ok(Options {
            allowed_origins: self.allow_origin.clone(),
            trusted_documents: trusted_documents.map(Arc::new),
            bounds,
        })
    }
}

/// A scheme, a host and perhaps a port, as browsers write them (RFC 6454, section 6.2).
fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, authority)| {
        matches!(scheme, "http" | "https") && !authority.is_empty() && !authority.contains(['/', '?', '#', '*', ' '])
    })
}

fn trusted_documents(path: &Path) -> Result<TrustedDocuments, Failure> {
    let unread = |why: std::io::Error| Failure::input(format!("{} cannot be read", path.display())).because(&why);
    let size = std::fs::metadata(path).map_err(unread)?.len();
    if size > limits::TRUSTED_BYTES_MAX {
        let most = limits::TRUSTED_BYTES_MAX;
        return Err(Failure::input(format!("{} has more than {most} bytes", path.display())));
    }
    let json = std::fs::read(path).map_err(unread)?;
    TrustedDocuments::read(&json)
        .map_err(|why| Failure::input(format!("{} is no list of documents", path.display())).because(&why))
}

/// Serves a node until the signal, then stops it.
pub(super) async fn serve(
    node: Node,
    listener: TcpListener,
    options: Options,
    stop: watch::Receiver<bool>,
) -> Result<(), Failure> {
    handles::ask_for_enough();
    let address = address_of(&listener)?;
    print(&format!("Serving http://{address}\n"))?;
    let node = Arc::new(node);
    let (end, ended) = watch::channel(false);
    let (mut stop, mut broken) = (stop, node.broken());
    let watching = tokio::spawn(async move {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            _ = broken.wait_for(|broken| *broken) => {}
        }
        end.send_replace(true);
    });
    let served = crate::server::serve_with(node.clone(), listener, options, ended).await;
    watching.abort();
    let (is_broken, is_superseded) = (*node.broken().borrow(), node.recorder().is_superseded());
    match Arc::try_unwrap(node) {
        Ok(node) => node.stop().await,
        // Whatever is recorded is durable; the views catch up at the next start.
        Err(_) => warn!("a request is still under way; leaving it"),
    }
    if is_superseded {
        let sentence = "another process wrote to this chain, or its database was put back to an earlier state";
        return Err(Failure::refused(format!(
            "{sentence}; this server ended, and lost nothing that it answered itself"
        ))
        .way_out("see to it that one process alone writes here, then start it again"));
    }
    if is_broken {
        return Err(Failure::new(Kind::Broken, "the node could not go on; nothing that was answered is lost")
            .way_out("read the log, then run `aqueduct verify` and `aqueduct rebuild`"));
    }
    served.map_err(|why| Failure::other("the server stopped").because(&why))
}

/// Takes the port.
pub(super) async fn listen(address: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|why| match why.kind() {
        std::io::ErrorKind::InvalidInput => {
            Failure::input(format!("{address} is no address")).way_out("write it as 127.0.0.1:8080")
        }
        _ => Failure::other(format!("{address} cannot be listened on"))
            .because(&why)
            .way_out("choose another address with --listen"),
    })
}

pub(super) fn address_of(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener.local_addr().map_err(|why| Failure::other("the address cannot be read").because(&why))
}

/// Becomes true when the process is told to stop.
pub(super) fn stop_signal() -> Result<watch::Receiver<bool>, Failure> {
    let (sender, receiver) = watch::channel(false);
    let failed = |why: std::io::Error| Failure::other("signals cannot be waited for").because(&why);
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(failed)?;
    #[cfg(unix)]
    let mut interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt()).map_err(failed)?;
    tokio::spawn(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
        sender.send_replace(true);
    });
    #[cfg(not(unix))]
    let _ = failed;
    Ok(receiver)
}
