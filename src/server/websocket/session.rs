//! One connection: initialisation, operations by their ids, pings, and the end.

use std::collections::BTreeMap;
use std::future;

use async_graphql::ServerError;
use futures_util::{SinkExt as _, StreamExt as _};
use poem::web::websocket::{CloseCode, Message, WebSocketStream};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};

use crate::api::document::asked::Asked;
use crate::api::error::{RATE_LIMITED, with_code};
use crate::limits;

use super::super::options::Sockets;
use super::super::pace::Socket;
use super::super::{App, stopped};
use super::close::{self, Close};
use super::message::{self, Said};
use super::operation::{self, Told};

/// A connection.
pub struct Session {
    app: App,
    stream: WebSocketStream,
    place: Socket,
    bounds: Sockets,
    /// The token of the login, once initialised.
    login: Option<Option<String>>,
    /// The operations under way by their ids, each with the number that it has here.
    running: BTreeMap<String, (u64, AbortHandle)>,
    /// Their tasks: an operation goes on while the client takes what another one told, so that it
    /// holds no connection to a store for as long as a slow client likes.
    tasks: JoinSet<()>,
    begun: u64,
    telling: mpsc::Sender<Telling>,
    told: mpsc::Receiver<Telling>,
    /// When the client last gave a sign of life; before `connection_init`, when it connected.
    heard: Instant,
    /// Whether it was pinged since.
    is_pinged: bool,
}

/// What an operation tells.
struct Telling {
    id: String,
    /// The operation's number: what one told before it was aborted may still be on its way.
    number: u64,
    told: Told,
    /// Dropped once the client has taken it; the operation goes on then.
    _taken: oneshot::Sender<()>,
}

/// Why a connection ends.
enum End {
    /// The line broke.
    Gone,
    /// The client closes it, and waits for the answer to that.
    Left,
    /// The server closes it.
    Closed(Close),
}

impl<C: Into<Close>> From<C> for End {
    fn from(close: C) -> Self {
        Self::Closed(close.into())
    }
}

impl Session {
    /// A connection that was just opened.
    pub fn new(app: App, stream: WebSocketStream, place: Socket) -> Self {
        let bounds = app.options.bounds.sockets;
        let (telling, told) = mpsc::channel(1);
        Self {
            app,
            stream,
            place,
            bounds,
            login: None,
            running: BTreeMap::new(),
            tasks: JoinSet::new(),
            begun: 0,
            telling,
            told,
            heard: Instant::now(),
            is_pinged: false,
        }
    }

    /// Speaks until one side leaves.
    pub async fn speak(mut self) {
        let mut stop = self.app.stop.clone();
        let end = loop {
            let due = self.due();
            let done = tokio::select! {
                message = self.stream.next() => self.received(message).await,
                Some(telling) = self.told.recv() => self.tell(telling).await,
                () = sleep_until(due) => self.silent().await,
                () = self.place.displaced() => Err(close::DISPLACED.into()),
                () = stopped(&mut stop) => Err(close::STOPPING.into()),
            };
            if let Err(end) = done {
                break end;
            }
        };
        self.tasks.shutdown().await;
        match end {
            End::Gone => {}
            End::Left => {
                let answered = async { while self.stream.next().await.is_some_and(|message| message.is_ok()) {} };
                let _ = timeout(self.bounds.close, answered).await;
            }
            End::Closed(close) => self.close(close).await,
        }
    }

    /// Closes the connection, and waits a little until the client has heard why. What it still
    /// sends is read and dropped: unread, it would make the line break before it has.
    pub async fn close(mut self, close: impl Into<Close>) {
        let Close { code, reason } = close.into();
        let closing = async {
            if self.stream.send(Message::close_with(CloseCode::from(code), reason)).await.is_err() {
                return;
            }
            loop {
                match self.stream.next().await {
                    Some(Ok(_)) => {}
                    None => break,
                    Some(Err(why)) if is_of_the_line(&why) => break,
                    // What comes cannot be read any more, but the client may still listen.
                    Some(Err(_)) => future::pending().await,
                }
            }
        };
        let _ = timeout(self.bounds.close, closing).await;
    }

    /// When the silence of the client has lasted too long.
    fn due(&self) -> Instant {
        self.heard
            + match (&self.login, self.is_pinged) {
                (None, _) => self.bounds.init,
                (Some(_), false) => self.bounds.ping,
                (Some(_), true) => self.bounds.ping + self.bounds.pong,
            }
    }

    async fn silent(&mut self) -> Result<(), End> {
        match (&self.login, self.is_pinged) {
            (None, _) => Err(close::INIT_TIMEOUT.into()),
            (Some(_), true) => Err(close::TOO_SLOW.into()),
            (Some(_), false) => {
                self.is_pinged = true;
                self.send(Message::ping(Vec::new())).await
            }
        }
    }

    async fn received(&mut self, message: Option<std::io::Result<Message>>) -> Result<(), End> {
        let bytes = match message {
            None => return Err(End::Gone),
            Some(Ok(Message::Close(_))) => return Err(End::Left),
            Some(Ok(Message::Text(text))) => text.into_bytes(),
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                self.alive();
                return Ok(());
            }
            // The line broke, or a frame is wrong or too long; then the client may still listen.
            Some(Err(why)) => return Err(unreadable(&why)),
        };
        let said =
            Said::read(&bytes).map_err(|why| Close::new(close::BAD_MESSAGE, format!("Invalid message: {why}")))?;
        self.alive();
        match said {
            Said::Init { token } => self.initialise(token).await,
            Said::Ping(payload) => self.send(Message::text(message::pong(payload))).await,
            Said::Pong => Ok(()),
            Said::Subscribe { id, asked } => self.subscribe(id, asked).await,
            Said::Complete { id } => {
                self.ended(&id);
                Ok(())
            }
        }
    }

    /// Before `connection_init` nothing is a sign of life: its time runs from the start.
    fn alive(&mut self) {
        if self.login.is_some() {
            self.heard = Instant::now();
            self.is_pinged = false;
        }
    }

    async fn initialise(&mut self, token: Option<String>) -> Result<(), End> {
        if self.login.is_some() {
            return Err(close::INIT_TWICE.into());
        }
        let officer = match &token {
            None => None,
            Some(token) => match self.app.node.viewer(token).await {
                Ok(Some(viewer)) => Some(viewer.officer),
                Ok(None) => return Err(close::FORBIDDEN.into()),
                Err(why) => {
                    tracing::error!(error = %why, "a login cannot be looked up");
                    return Err(Close::new(close::TRY_LATER, "logins cannot be looked up now; try again").into());
                }
            },
        };
        self.place.of_login(officer).map_err(|why| Close::new(close::TRY_LATER, why))?;
        self.login = Some(token);
        self.alive();
        self.send(Message::text(message::ack())).await
    }

    async fn subscribe(&mut self, id: String, asked: Asked) -> Result<(), End> {
        let Some(token) = self.login.clone() else { return Err(close::NOT_INITIALISED.into()) };
        if self.running.contains_key(&id) {
            return Err(Close::new(close::IN_USE, format!("Subscriber for {id} already exists")).into());
        }
        if self.running.len() >= limits::SOCKET_OPERATIONS_MAX {
            let most = limits::SOCKET_OPERATIONS_MAX;
            let error = ServerError::new(format!("a connection has at most {most} operations; complete one"), None);
            return self.send(errors(&id, &[with_code(error, RATE_LIMITED)])).await;
        }
        while self.tasks.try_join_next().is_some() {}
        self.begun += 1;
        let (number, telling) = (self.begun, self.telling.clone());
        let mut operation = operation::run(self.app.clone(), token, asked);
        let of_id = id.clone();
        let running = self.tasks.spawn(async move {
            while let Some(told) = operation.next().await {
                let (taken, until_taken) = oneshot::channel();
                let next = Telling { id: of_id.clone(), number, told, _taken: taken };
                if telling.send(next).await.is_err() {
                    return;
                }
                // Nothing is sent over it: it ends when what was told is dropped.
                let _ = until_taken.await;
            }
        });
        self.running.insert(id, (number, running));
        Ok(())
    }

    async fn tell(&mut self, telling: Telling) -> Result<(), End> {
        let Telling { id, number, told, _taken } = telling;
        if self.running.get(&id).is_none_or(|(running, _)| *running != number) {
            return Ok(());
        }
        match told {
            Told::Next(result) => self.send(next(&id, &result)).await,
            Told::Errors(why) => {
                self.ended(&id);
                self.send(errors(&id, &why)).await
            }
            Told::Complete => {
                self.ended(&id);
                self.send(Message::text(json!({ "type": "complete", "id": id }).to_string())).await
            }
        }
    }

    /// Nothing more is told of this operation; its id is free again.
    fn ended(&mut self, id: &str) {
        if let Some((_, running)) = self.running.remove(id) {
            running.abort();
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        match timeout(self.bounds.write, self.stream.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(close::TOO_SLOW.into()),
        }
    }
}

/// `next`. The result is JSON text already.
fn next(id: &str, result: &str) -> Message {
    Message::text(format!(r#"{{"type":"next","id":{},"payload":{result}}}"#, json!(id)))
}

/// `error`.
fn errors(id: &str, errors: &[ServerError]) -> Message {
    Message::text(json!({ "type": "error", "id": id, "payload": errors }).to_string())
}

/// A frame that cannot be taken. The library says only in words why.
fn unreadable(why: &std::io::Error) -> End {
    if is_of_the_line(why) {
        return End::Gone;
    }
    let text = why.to_string();
    if text.contains("Space limit exceeded") {
        return Close::new(close::TOO_BIG, format!("a message has at most {} bytes", limits::BODY_BYTES_MAX)).into();
    }
    match text.contains("UTF-8") {
        true => Close::new(close::BAD_MESSAGE, "Invalid message: not UTF-8").into(),
        false => Close::new(close::BAD_FRAME, text).into(),
    }
}

/// Whether the line broke, and not what came over it.
fn is_of_the_line(why: &std::io::Error) -> bool {
    why.kind() != std::io::ErrorKind::Other || why.to_string().contains("without closing handshake")
}
