//! A server's GraphQL API from here: where it is, who asks, and one request at a time.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use super::failure::{Failure, Kind};
use super::output::read_input;

/// How long one request may take: a full list waits for its block and, at the worst, for a busy
/// server.
const REQUEST_SECONDS_MAX: u64 = 120;

/// Bytes of one answer.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// How often a server that cannot be reached is tried: while it restarts, about half a minute.
const UNREACHED_ATTEMPTS_MAX: u32 = 60;

/// How often a server that is busy is asked again; with its own pause of half a second, ten
/// minutes.
const BUSY_ATTEMPTS_MAX: u32 = 1_200;

/// The pause before another attempt, when the server names none.
const PAUSE_MS: u64 = 500;

/// Where the login is read from when no option gives it.
const LOGIN_VARIABLE: &str = "AQUEDUCT_LOGIN";

/// Where the approver's login is read from when no option gives it.
const APPROVER_VARIABLE: &str = "AQUEDUCT_APPROVER_LOGIN";

/// A server and a login there.
#[derive(Debug, Args)]
pub struct ServerArgs {
    /// Works through the server at this address, such as `https://books.example`, instead of the
    /// data directory.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// A file with the token of the officer's login at the server, as `aqueduct login
    /// --token-file` writes it. The environment variable AQUEDUCT_LOGIN does as well.
    #[arg(long, value_name = "FILE", requires = "server")]
    login_file: Option<PathBuf>,
    /// The token itself. Everybody on this machine can see it while the command runs: better use
    /// --login-file.
    #[arg(long, value_name = "TOKEN", requires = "server", conflicts_with = "login_file")]
    login: Option<String>,
    /// A file (PEM) with the certificate of the authority that vouches for an https server, such as
    /// an office's own. Only it is then trusted; without this the authorities that Mozilla trusts
    /// are, as of this program's version, and none that this machine has been given.
    #[arg(long, value_name = "FILE", requires = "server")]
    server_ca: Option<PathBuf>,
}

/// The login of a second officer, who approves.
#[derive(Debug, Args)]
pub struct ApproverArgs {
    /// A file with the token of the approver's login. The environment variable
    /// AQUEDUCT_APPROVER_LOGIN does as well. Without it what needs two officers waits.
    #[arg(long, value_name = "FILE", requires = "server")]
    approver_login_file: Option<PathBuf>,
    /// The token itself; see --login.
    #[arg(long, value_name = "TOKEN", requires = "server", conflicts_with = "approver_login_file")]
    approver_login: Option<String>,
}

impl ServerArgs {
    /// The server with the officer's login; none without `--server`.
    pub fn connect(&self) -> Result<Option<Client>, Failure> {
        let Some(server) = &self.server else { return Ok(None) };
        let token = token(self.login.as_deref(), self.login_file.as_deref(), LOGIN_VARIABLE)?.ok_or_else(|| {
            Failure::input("a server needs to know who asks")
                .way_out("give the token of a login: --login-file FILE, or the environment variable AQUEDUCT_LOGIN")
        })?;
        self.officer(server, token).map(Some)
    }

    fn officer(&self, server: &str, token: String) -> Result<Client, Failure> {
        Client::new(server, token, self.server_ca.as_deref().map(authorities).transpose()?)
    }

    /// The server, which this command cannot do without.
    pub fn connect_always(&self) -> Result<Client, Failure> {
        let missing = || Failure::input("this is handed in at a server").way_out("name it with --server URL");
        self.connect()?.ok_or_else(missing)
    }
}

impl ApproverArgs {
    /// The same server with the approver's login, if there is one.
    pub fn connect(&self, server: &ServerArgs) -> Result<Option<Client>, Failure> {
        let given = token(self.approver_login.as_deref(), self.approver_login_file.as_deref(), APPROVER_VARIABLE)?;
        match (given, &server.server) {
            (Some(token), Some(url)) => server.officer(url, token).map(Some),
            _ => Ok(None),
        }
    }
}

/// The certificates of a file.
fn authorities(path: &Path) -> Result<RootCerts, Failure> {
    let pem = read_input(path)?;
    let items = parse_pem(&pem).collect::<Result<Vec<_>, _>>().unwrap_or_default();
    let certificates: Vec<_> = items
        .into_iter()
        .filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        })
        .collect();
    match certificates.is_empty() {
        true => Err(Failure::input(format!("{} holds no certificate in PEM form", path.display()))
            .way_out("it begins with the line -----BEGIN CERTIFICATE-----")),
        false => Ok(RootCerts::new_with_certs(&certificates)),
    }
}

fn token(given: Option<&str>, file: Option<&Path>, variable: &str) -> Result<Option<String>, Failure> {
    let token = match (given, file) {
        (Some(token), _) => Some(token.to_owned()),
        (None, Some(file)) => Some(String::from_utf8_lossy(&read_input(file)?).into_owned()),
        (None, None) => std::env::var(variable).ok(),
    };
    let token = token.map(|token| token.trim().to_owned());
    match &token {
        // It goes into a header, where nothing else is allowed.
        Some(token) if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Err(Failure::input("the login is not a token as `aqueduct login` prints it"))
        }
        _ => Ok(token),
    }
}

/// Why a server gave no answer to a request.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// It cannot be reached, or the connection broke.
    #[error("the server {url} cannot be reached")]
    Unreached {
        /// Its address.
        url: String,
        /// Why.
        #[source]
        source: Box<ureq::Error>,
    },
    /// What is there does not speak GraphQL.
    #[error("{url} does not answer as an Aqueduct server does (HTTP status {status})")]
    NotAServer {
        /// Its address.
        url: String,
        /// The status of its answer.
        status: u16,
    },
    /// It answers that it cannot do this, with its code.
    #[error("the server answers: {message} ({code})")]
    Error {
        /// The stable code.
        code: String,
        /// The sentence.
        message: String,
        /// When to come back, if it says so.
        retry_after_ms: Option<u64>,
    },
    /// A thread of this process broke.
    #[error("a request could not be made")]
    Broken,
}

impl ClientError {
    /// The pause before it makes sense to ask again, and how often; none when it makes none.
    fn pause(&self) -> Option<(u64, u32)> {
        match self {
            Self::Unreached { source, .. } => is_passing(source).then_some((PAUSE_MS, UNREACHED_ATTEMPTS_MAX)),
            // What a proxy says while the server behind it restarts.
            Self::NotAServer { status: 502..=504, .. } => Some((PAUSE_MS, UNREACHED_ATTEMPTS_MAX)),
            Self::Error { code, retry_after_ms, .. } => match (retry_after_ms, code.as_str()) {
                (Some(ms), _) => Some((*ms, BUSY_ATTEMPTS_MAX)),
                (None, "OVERLOADED" | "RATE_LIMITED" | "STORE_UNAVAILABLE" | "VIEWS_BEHIND" | "STOPPING") => {
                    Some((PAUSE_MS, BUSY_ATTEMPTS_MAX))
                }
                _ => None,
            },
            Self::NotAServer { .. } | Self::Broken => None,
        }
    }
}

/// Whether a failed connection may be a server that restarts.
fn is_passing(error: &ureq::Error) -> bool {
    match error {
        // As which TLS reports a certificate that is not trusted: it will not be in a while, either.
        ureq::Error::Io(error) => error.kind() != std::io::ErrorKind::InvalidData,
        ureq::Error::ConnectionFailed | ureq::Error::Timeout(_) | ureq::Error::Protocol(_) => true,
        _ => false,
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let failure = Self::of(Kind::Other, &error);
        match &error {
            ClientError::Unreached { .. } => failure.way_out("is it running, and is the address right?"),
            ClientError::Error { code, .. } => match code.as_str() {
                "UNAUTHENTICATED" => Self::of(Kind::Refused, &error)
                    .way_out("the login is not valid there, or its officer has no registered key"),
                "FORBIDDEN" => Self::of(Kind::Refused, &error),
                _ => failure,
            },
            _ => failure,
        }
    }
}

/// An officer at a server.
#[derive(Clone, Debug)]
pub struct Client {
    url: Arc<str>,
    agent: ureq::Agent,
    authorization: Arc<str>,
}

impl Client {
    /// Without authorities those of the library's own list are trusted.
    fn new(server: &str, token: String, authorities: Option<RootCerts>) -> Result<Self, Failure> {
        let url = endpoint(server)?;
        if authorities.is_some() && !url.starts_with("https:") {
            return Err(Failure::input(format!("{server} shows no certificate: --server-ca is for https")));
        }
        let tls = TlsConfig::builder().root_certs(authorities.unwrap_or(RootCerts::WebPki)).build();
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .tls_config(tls)
            .timeout_global(Some(Duration::from_secs(REQUEST_SECONDS_MAX)))
            .user_agent(concat!("aqueduct/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { url: url.into(), agent: config.into(), authorization: format!("Bearer {token}").into() })
    }

    /// Asks once; the data of the answer.
    pub async fn ask_once(&self, document: &str, variables: Value) -> Result<Value, ClientError> {
        let body = json!({ "query": document, "variables": variables }).to_string();
        let client = self.clone();
        tokio::task::spawn_blocking(move || client.post(&body)).await.map_err(|_| ClientError::Broken)?
    }

    /// Asks until there is an answer or no hope of one. Every mutation has an id by which the
    /// server knows it again, so nothing is done twice.
    pub async fn ask(&self, document: &str, variables: Value) -> Result<Value, ClientError> {
        let mut attempts = 0;
        loop {
            let error = match self.ask_once(document, variables.clone()).await {
                Ok(data) => return Ok(data),
                Err(error) => error,
            };
            match error.pause() {
                Some((pause_ms, attempts_max)) if attempts < attempts_max => {
                    attempts += 1;
                    tokio::time::sleep(Duration::from_millis(pause_ms)).await;
                }
                _ => return Err(error),
            }
        }
    }

    fn post(&self, body: &str) -> Result<Value, ClientError> {
        let unreached =
            |source: ureq::Error| ClientError::Unreached { url: self.url.to_string(), source: source.into() };
        let mut response = self
            .agent
            .post(&*self.url)
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .header("authorization", &*self.authorization)
            .send(body)
            .map_err(unreached)?;
        let status = response.status().as_u16();
        let read = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(unreached)?;
        let answer: Value = serde_json::from_slice(&read).unwrap_or(Value::Null);
        if let Some(first) = answer["errors"].get(0) {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            return Err(ClientError::Error {
                code: text(&first["extensions"]["code"]),
                message: text(&first["message"]),
                retry_after_ms: first["extensions"]["retryAfterMs"].as_u64(),
            });
        }
        match &answer["data"] {
            data @ Value::Object(_) => Ok(data.clone()),
            _ => Err(ClientError::NotAServer { url: self.url.to_string(), status }),
        }
    }
}

/// The address of the API at a server.
fn endpoint(server: &str) -> Result<String, Failure> {
    let wrong = || {
        Failure::input(format!("{server} is not the address of a server"))
            .way_out("write it as https://books.example, or http://127.0.0.1:8080 on this machine")
    };
    let uri: ureq::http::Uri = server.parse().map_err(|_| wrong())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(wrong()) };
    if !["http", "https"].contains(&scheme) || authority.as_str().contains('@') || uri.query().is_some() {
        return Err(wrong());
    }
    let host = authority.host().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if scheme == "http" && !is_here {
        eprintln!("note: {server} is not encrypted: whoever sees the connection can use the login");
    }
    let path = uri.path().trim_end_matches('/');
    let path = if path.ends_with("/graphql") { path.to_owned() } else { format!("{path}/graphql") };
    Ok(format!("{scheme}://{authority}{path}"))
}
