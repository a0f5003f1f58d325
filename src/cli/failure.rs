//! How a command fails: a sentence, a way out, the causes, and an exit code.

use std::error::Error;
use std::process::ExitCode;

use crate::service::begin::BeginError;
use crate::service::node::StartError;
use crate::service::orderer::NotRecorded;
use crate::service::record::NotAccepted;
use crate::service::story::StoryError;

/// What kind of failure it is; the number is the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A disk, a port or anything else that is not the caller's doing.
    Other = 1,
    /// The arguments or the input are wrong.
    Input = 2,
    /// A rule refuses it.
    Refused = 3,
    /// The chain or the views are broken.
    Broken = 4,
    /// Somebody ended it from a terminal (SIGINT, Ctrl-C).
    Interrupted = 130,
    /// Something told it to end (SIGTERM).
    Terminated = 143,
}

/// Every exit code, what it means and what to do about it; those of [`Kind`], and 0.
pub const EXIT_CODES: &[(u8, &str, &str)] = &[
    (0, "Done.", "Nothing."),
    (
        Kind::Other as u8,
        "A disk, a port or anything else that is not the caller's doing.",
        "Read the causes on standard error, mend them and run the command again.",
    ),
    (Kind::Input as u8, "The arguments or the input are wrong.", "Correct them; `--help` says what a command takes."),
    (Kind::Refused as u8, "A rule refuses it.", "Nothing changed; the code in the sentence is explained above."),
    (
        Kind::Broken as u8,
        "The chain or the views are broken, or do not fit each other.",
        "Look with `aqueduct verify`; make the views anew with `aqueduct rebuild`, or bring back a copy that verifies.",
    ),
    (
        Kind::Interrupted as u8,
        "It was ended by Ctrl-C (SIGINT) before it was done; `serve` and `demo`, which go on until then, exit with 0.",
        "Run it again; what was recorded or printed before stands.",
    ),
    (
        Kind::Terminated as u8,
        "It was told to end (SIGTERM) before it was done; `serve` and `demo` exit with 0.",
        "Run it again; what was recorded or printed before stands.",
    ),
];

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    sentence: String,
    way_out: Option<String>,
    causes: Vec<String>,
}

impl Failure {
    /// A failure of some kind.
    pub fn new(kind: Kind, sentence: impl Into<String>) -> Self {
        Self { kind, sentence: sentence.into(), way_out: None, causes: Vec::new() }
    }

    /// Wrong arguments or input.
    pub fn input(sentence: impl Into<String>) -> Self {
        Self::new(Kind::Input, sentence)
    }

    /// A rule refuses it.
    pub fn refused(sentence: impl Into<String>) -> Self {
        Self::new(Kind::Refused, sentence)
    }

    /// Something that is not the caller's doing.
    pub fn other(sentence: impl Into<String>) -> Self {
        Self::new(Kind::Other, sentence)
    }

    /// An error as a failure: its own sentence, then its causes.
    pub fn of(kind: Kind, error: &dyn Error) -> Self {
        let failure = Self::new(kind, error.to_string());
        match error.source() {
            Some(cause) => failure.because(cause),
            None => failure,
        }
    }

    /// The same failure with a way out.
    pub fn way_out(mut self, way_out: impl Into<String>) -> Self {
        self.way_out = Some(way_out.into());
        self
    }

    /// The same failure with its cause, and the causes of that.
    pub fn because(mut self, cause: &dyn Error) -> Self {
        let mut at = Some(cause);
        while let Some(error) = at {
            let text = error.to_string();
            // Some errors tell their cause at the end of their own text, or as all of it.
            if !self.causes.last().unwrap_or(&self.sentence).ends_with(&text) {
                self.causes.push(text);
            }
            at = error.source();
        }
        self
    }

    /// Tells it on standard error, and gives the exit code.
    pub fn report(&self) -> ExitCode {
        let mut text = format!("error: {}", self.sentence);
        for cause in &self.causes {
            text.push_str(&format!("\n  because {cause}"));
        }
        if let Some(way_out) = &self.way_out {
            text.push_str(&format!("\n  {way_out}"));
        }
        // eprintln would panic when nobody reads any more.
        let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{text}\n").as_bytes());
        // The discriminants are the codes.
        ExitCode::from(self.kind as u8)
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let kind = match &error {
            StartError::NoChain(_) | StartError::Unlock(_) => Kind::Input,
            StartError::ChainExists(_) | StartError::Begin(_) => Kind::Refused,
            StartError::Lock(lock) if lock.is_held() => Kind::Refused,
            StartError::Broken(_)
            | StartError::ViewsContradict(_)
            | StartError::ChainBehindViews(_)
            | StartError::NodeStoreLost(_) => Kind::Broken,
            _ => Kind::Other,
        };
        let failure = Self::of(kind, &error);
        match &error {
            StartError::ChainExists(_) => {
                failure.way_out("choose another directory with --data, or another database with --database")
            }
            _ => failure,
        }
    }
}

impl From<BeginError> for Failure {
    fn from(error: BeginError) -> Self {
        match error {
            BeginError::Start(error) => error.into(),
            BeginError::Lock(error) if error.is_held() => Self::of(Kind::Refused, &error),
            BeginError::Unlock(error) => Self::of(Kind::Input, &error),
            BeginError::Envelope(_)
            | BeginError::Payload(_)
            | BeginError::NotABeginning(_)
            | BeginError::Unwritable(_) => Self::of(Kind::Input, &error),
            other => Self::of(Kind::Other, &other),
        }
    }
}

impl From<StoryError> for Failure {
    fn from(error: StoryError) -> Self {
        match error {
            StoryError::Begin(error) => error.into(),
            StoryError::Start(error) => error.into(),
            StoryError::AlreadyTold(_) | StoryError::HalfTold(_) | StoryError::OtherChain(_) => {
                Self::of(Kind::Refused, &error)
            }
            other => Self::of(Kind::Other, &other),
        }
    }
}

impl From<NotRecorded> for Failure {
    fn from(error: NotRecorded) -> Self {
        match &error {
            NotRecorded::Refused(refusal) => Self::refused(format!("refused: {refusal} ({})", refusal.code())),
            _ => Self::of(Kind::Other, &error),
        }
    }
}

impl From<NotAccepted> for Failure {
    fn from(error: NotAccepted) -> Self {
        match error {
            NotAccepted::NotRecorded(error) => error.into(),
            NotAccepted::Store(_) | NotAccepted::Keyring(_) => Self::of(Kind::Other, &error),
            other => Self::refused(other.to_string()),
        }
    }
}
