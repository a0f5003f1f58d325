//! One attempt to deliver a message over HTTP.

use std::error::Error as _;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;

use crate::limits;

use super::address::Addresses;

/// Speaks to receivers. Certificates are verified, redirects are not followed, no proxy is used, and
/// nothing of an answer but its status is read.
#[derive(Clone, Debug)]
pub struct Sender(Agent);

/// A message that is ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Where to.
    pub url: String,
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`, in seconds since 1970.
    pub timestamp: i64,
    /// `webhook-signature`.
    pub signature: String,
    /// The body.
    pub body: String,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The receiver took it (2xx).
    Taken,
    /// The receiver wants nothing more (410).
    Gone,
    /// It did not take it; why, in a few words.
    Failed(String),
}

impl Sender {
    /// A sender that may connect to public addresses only, or to any.
    pub fn new(allow_private: bool) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            // A connection that the receiver closed meanwhile would look like a failure.
            .max_idle_connections(0)
            .max_response_header_size(limits::WEBHOOK_HEAD_BYTES_MAX)
            .tls_config(TlsConfig::builder().root_certs(RootCerts::WebPki).build())
            .timeout_global(Some(Duration::from_secs(limits::WEBHOOK_SECONDS_MAX)))
            .user_agent(concat!("aqueduct/", env!("CARGO_PKG_VERSION")))
            .build();
        Self(Agent::with_parts(config, DefaultConnector::default(), Addresses { allow_private }))
    }

    /// Sends a message once. Blocks the thread for the seconds of `WEBHOOK_SECONDS_MAX` at the most.
    pub fn send(&self, message: &Signed) -> Attempt {
        let sent = self
            .0
            .post(&message.url)
            .header("content-type", "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", message.timestamp.to_string())
            .header("webhook-signature", &message.signature)
            .send(&message.body);
        match sent.map(|answer| answer.status().as_u16()) {
            Ok(200..=299) => Attempt::Taken,
            Ok(410) => Attempt::Gone,
            Ok(status @ 300..=399) => Attempt::Failed(format!("HTTP status {status}: redirects are not followed")),
            Ok(status) => Attempt::Failed(format!("HTTP status {status}")),
            Err(error) => Attempt::Failed(reason(&error)),
        }
    }
}

/// Why a message was not sent. The receiver has no part in these texts.
fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Other(cause) => cause.to_string(),
        error => error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}")),
    }
}
