//! How connections are closed: the codes of `graphql-transport-ws`, those of WebSocket itself
//! (RFC 6455, section 7.4.1), and one of our own.

/// A code with its reason, of at most 123 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The code.
    pub code: u16,
    /// A sentence.
    pub reason: String,
}

impl Close {
    /// A code with a reason of its own, cut to what a closing message can hold.
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        let end = (0..=REASON_BYTES_MAX.min(reason.len())).rev().find(|at| reason.is_char_boundary(*at));
        reason.truncate(end.unwrap_or(0));
        Self { code, reason }
    }
}

impl From<Fixed> for Close {
    fn from((code, reason): Fixed) -> Self {
        Self::new(code, reason)
    }
}

/// RFC 6455, section 5.5.
const REASON_BYTES_MAX: usize = 123;

/// A code whose reason is always the same.
pub type Fixed = (u16, &'static str);

/// The server stops.
pub const STOPPING: Fixed = (1001, "the server is stopping; connect again and go on with `after`");
/// A frame is not one of WebSocket.
pub const BAD_FRAME: u16 = 1002;
/// A message is longer than a request may be.
pub const TOO_BIG: u16 = 1009;
/// Too many connections of one login or in all, or the logins cannot be looked up.
pub const TRY_LATER: u16 = 1013;
/// Others came while it said nothing, and there was no more room for connections that do.
pub const DISPLACED: Fixed = (TRY_LATER, "too many connections wait; connect again and send connection_init at once");
/// A message is not one of the protocol.
pub const BAD_MESSAGE: u16 = 4400;
/// An operation before `connection_ack`.
pub const NOT_INITIALISED: Fixed = (4401, "Unauthorized: send connection_init and wait for connection_ack");
/// The token in `connection_init` is not that of a valid login.
pub const FORBIDDEN: Fixed = (4403, "Forbidden: this login is not valid; without a token you see what everybody sees");
/// The client offered another protocol.
pub const UNKNOWN_PROTOCOL: Fixed = (4406, "Subprotocol not acceptable: offer graphql-transport-ws");
/// No `connection_init` came in time.
pub const INIT_TIMEOUT: Fixed = (4408, "Connection initialisation timeout");
/// An id is in use.
pub const IN_USE: u16 = 4409;
/// A second `connection_init`.
pub const INIT_TWICE: Fixed = (4429, "Too many initialisation requests");
/// The client does not take what is sent, or gives no sign of life; what it follows goes on from
/// where it was with `after`.
pub const TOO_SLOW: Fixed = (4440, "Too slow: connect again and go on with `after`");

/// Every code that the server closes with, and what it means; for the documentation.
pub const CODES: &[(u16, &str)] = &[
    (STOPPING.0, "The server is stopping. Connect again and go on with `after`."),
    (BAD_FRAME, "A frame is not one of WebSocket."),
    (TOO_BIG, "A message is longer than a request may be."),
    (
        TRY_LATER,
        "This login has too many connections, or all together have, or this one said nothing while others came, or \
         logins cannot be looked up now. Try again later.",
    ),
    (BAD_MESSAGE, "A message is not one of the protocol: no JSON in UTF-8, another type, or a field that is wrong."),
    (NOT_INITIALISED.0, "An operation was sent before `connection_ack`."),
    (FORBIDDEN.0, "The token in `connection_init` is not that of a valid login."),
    (UNKNOWN_PROTOCOL.0, "The client did not offer `graphql-transport-ws`."),
    (INIT_TIMEOUT.0, "No `connection_init` came in time."),
    (IN_USE, "There is an operation of this id already."),
    (INIT_TWICE.0, "A second `connection_init` came."),
    (TOO_SLOW.0, "The client did not take a message in time or did not answer a ping. Go on with `after`."),
];
