//! `aqueduct serve`: serves a chain over HTTP until it is told to stop.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::warn;

use crate::service::node::Node;

use super::Global;
use super::failure::{Failure, Kind};
use super::output::print;

/// Serves the chain of the data directory: GraphQL at /graphql, a page to try it at /graphiql.
///
/// Prints its address once it answers. SIGTERM or SIGINT (Ctrl-C) stops it: requests under way
/// are finished and the views brought up to the chain. There is no TLS: put a proxy in front
/// before it listens beyond this machine.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aqueduct serve\n  aqueduct serve --listen 127.0.0.1:0   any free port; the \
                        address is printed\n  RUST_LOG=debug aqueduct --log json serve")]
pub struct Serve {}

impl Serve {
    /// Serves until stopped.
    pub async fn run(&self, global: &Global) -> Result<(), Failure> {
        let stop = stop_signal()?;
        let node = Node::open(global.options_of_chain(true).await?).await?;
        let listener = listen(&global.listen).await?;
        serve(node, listener, stop).await
    }
}

/// Serves a node until the signal, then stops it.
pub(super) async fn serve(node: Node, listener: TcpListener, stop: watch::Receiver<bool>) -> Result<(), Failure> {
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
    let served = crate::server::serve(node.clone(), listener, ended).await;
    watching.abort();
    let is_broken = *node.broken().borrow();
    match Arc::try_unwrap(node) {
        Ok(node) => node.stop().await,
        // Whatever is recorded is durable; the views catch up at the next start.
        Err(_) => warn!("a request is still under way; leaving it"),
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
