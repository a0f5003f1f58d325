//! Connections: who is let in, how long they may take, how they end.
//!
//! HTTP/1.1 only: a proxy speaks it to any server, and there is less to attack. A connection
//! that sends nothing, half a head or takes nothing is ended; the number of connections is
//! bounded; at a stop what is under way is finished and what is not is let go.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep, timeout};
use tracing::{debug, info, warn};

use crate::limits;

use super::options::Bounds;
use super::stopped;

/// Takes connections until `stop` is true, then finishes the requests under way.
pub async fn listen<E>(
    listener: TcpListener,
    endpoint: E,
    bounds: Bounds,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()>
where
    E: Endpoint<Output = Response> + 'static,
{
    let local = LocalAddr(listener.local_addr()?.into());
    info!(address = %local, "listening");
    let endpoint = Arc::new(endpoint);
    let places = Arc::new(Semaphore::new(bounds.connections));
    let mut connections = JoinSet::new();
    loop {
        let place = places.clone();
        let accepted = async {
            let place = place.acquire_owned().await.expect("nobody closes the semaphore");
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = accepted => accepted,
            Some(_) = connections.join_next() => continue,
            () = stopped(&mut stop) => break,
        };
        match accepted {
            Ok((stream, remote)) => {
                let (endpoint, stop, local) = (endpoint.clone(), stop.clone(), local.clone());
                connections.spawn(async move {
                    converse(stream, endpoint, (local, RemoteAddr(remote.into())), bounds, stop).await;
                    drop(place);
                });
            }
            Err(why) => {
                warn!(error = %why, "a connection was not taken");
                sleep(Duration::from_millis(limits::ACCEPT_RETRY_MS)).await;
            }
        }
    }
    drop(listener);
    let ending = async { while connections.join_next().await.is_some() {} };
    if timeout(bounds.stop, ending).await.is_err() {
        warn!("requests did not end in time; leaving them");
    }
    Ok(())
}

/// Answers the requests of one connection.
async fn converse<E>(
    stream: TcpStream,
    endpoint: Arc<E>,
    (local, remote): (LocalAddr, RemoteAddr),
    bounds: Bounds,
    mut stop: watch::Receiver<bool>,
) where
    E: Endpoint<Output = Response> + 'static,
{
    // Answers are written whole; waiting for more to send with them would only delay them.
    let _ = stream.set_nodelay(true);
    let under_way = Arc::new(watch::Sender::new(0_u64));
    let mut idle = under_way.subscribe();
    let service = service_fn(|request: poem::http::Request<Incoming>| {
        let held = Held::new(under_way.clone());
        let (endpoint, local, remote) = (endpoint.clone(), local.clone(), remote.clone());
        async move {
            let request = Request::from((request, local, remote, Scheme::HTTP));
            let response = hyper::Response::from(endpoint.get_response(request).await);
            Ok::<_, Infallible>(response.map(|body| Answered { body: Box::pin(body), _held: held }))
        }
    });
    let io = TokioIo::new(Guarded { stream, bound: bounds.write, stalled: None });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head)
        .max_headers(limits::HEADERS_MAX)
        .max_buf_size(limits::HEAD_BYTES_MAX)
        .serve_connection(io, service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return told(ended),
        () = stopped(&mut stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    let nothing_under_way = async {
        let _ = idle.wait_for(|requests| *requests == 0).await;
        sleep(Duration::from_secs(limits::STOP_IDLE_SECONDS)).await;
    };
    tokio::select! {
        ended = connection.as_mut() => told(ended),
        () = nothing_under_way => debug!("a connection without a request was let go"),
        () = sleep(bounds.stop) => {}
    }
}

fn told(ended: hyper::Result<()>) {
    if let Err(why) = ended {
        debug!(error = %why, "a connection ended early");
    }
}

/// Counts as a request under way while it lives.
struct Held(Arc<watch::Sender<u64>>);

impl Held {
    fn new(under_way: Arc<watch::Sender<u64>>) -> Self {
        under_way.send_modify(|requests| *requests += 1);
        Self(under_way)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.send_modify(|requests| *requests -= 1);
    }
}

/// The body of an answer: its request is under way until the last of it has been taken.
struct Answered<B> {
    body: Pin<Box<B>>,
    _held: Held,
}

impl<B: Body> Body for Answered<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.body.as_mut().poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream on which nothing waits for ever to be taken: a client that stops reading would
/// otherwise hold its answer in memory as long as it likes.
struct Guarded {
    stream: TcpStream,
    bound: Duration,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Guarded {
    fn bounded<T>(&mut self, polled: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.stalled = None;
            return polled;
        }
        let bound = self.bound;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(bound)));
        match stalled.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Guarded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.bounded(polled, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.bounded(polled, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
