//! What whoever serves may choose, and the bounds in time and number that tests make smaller.

use std::sync::Arc;
use std::time::Duration;

use crate::api::document::trusted::TrustedDocuments;
use crate::limits;

/// How to serve.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Origins, besides the server's own, whose pages may open a WebSocket connection, such as
    /// `https://pensions.example`.
    pub allowed_origins: Vec<String>,
    /// The only documents that are executed; any when absent.
    pub trusted_documents: Option<Arc<TrustedDocuments>>,
    /// Times and numbers.
    pub bounds: Bounds,
}

/// Times and numbers that hold for every connection; see [`limits`] for what is behind them.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// For the head of a request, and for a connection without one.
    pub head: Duration,
    /// For the body of a request.
    pub body: Duration,
    /// For a client to read on.
    pub write: Duration,
    /// For requests under way when the server stops.
    pub stop: Duration,
    /// HTTP connections.
    pub connections: usize,
    /// Requests of one login.
    pub pace: Pace,
    /// WebSocket connections.
    pub sockets: Sockets,
}

/// How much one login may ask.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Requests in a second, over a longer time.
    pub per_second: u64,
    /// Requests at once beyond that.
    pub burst: u64,
    /// Requests under way at one time.
    pub under_way: u64,
}

/// What holds for WebSocket connections.
#[derive(Clone, Copy, Debug)]
pub struct Sockets {
    /// In all, once initialised.
    pub in_all: u64,
    /// Not initialised yet.
    pub uninitialised: u64,
    /// Of one login.
    pub of_login: u64,
    /// Subscriptions of one login, over all its connections.
    pub streams_of_login: u64,
    /// For `connection_init`.
    pub init: Duration,
    /// Without a sign of life before a ping.
    pub ping: Duration,
    /// For a sign of life after a ping.
    pub pong: Duration,
    /// For one message to be taken.
    pub write: Duration,
    /// For both sides to close.
    pub close: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(limits::HEAD_SECONDS_MAX),
            body: Duration::from_secs(limits::BODY_SECONDS_MAX),
            write: Duration::from_secs(limits::WRITE_SECONDS_MAX),
            stop: Duration::from_secs(limits::STOP_GRACE_SECONDS),
            connections: limits::CONNECTIONS_MAX,
            pace: Pace {
                per_second: limits::LOGIN_REQUESTS_PER_SECOND,
                burst: limits::LOGIN_REQUESTS_BURST,
                under_way: limits::LOGIN_REQUESTS_UNDER_WAY_MAX,
            },
            sockets: Sockets {
                in_all: limits::SOCKETS_MAX,
                uninitialised: limits::SOCKETS_UNINITIALISED_MAX,
                of_login: limits::LOGIN_SOCKETS_MAX,
                streams_of_login: limits::LOGIN_STREAMS_MAX,
                init: Duration::from_secs(limits::SOCKET_INIT_SECONDS),
                ping: Duration::from_secs(limits::SOCKET_PING_SECONDS),
                pong: Duration::from_secs(limits::SOCKET_PONG_SECONDS),
                write: Duration::from_secs(limits::SOCKET_WRITE_SECONDS),
                close: Duration::from_secs(limits::SOCKET_CLOSE_SECONDS),
            },
        }
    }
}
