//! The clock, given to the orderer: the system's, or one of a story told in the past.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::ledger::time::Millis;

/// How far the system's clock may jump against the monotonic one before nothing is accepted
/// any more: a block's time cannot be taken back.
const JUMP_MS_MAX: i64 = 10 * 60_000;

/// The system's clock cannot be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system clock jumped by {jump_ms} ms; nothing is recorded until it is set right and the server restarted")]
pub struct ClockSuspect {
    /// By how much, in milliseconds.
    pub jump_ms: i64,
}

/// Where the time of blocks comes from.
#[derive(Debug)]
pub enum Clock {
    /// The system's clock, watched against the monotonic one.
    System(Mutex<(Instant, i64)>),
    /// A clock that is set by hand, for demonstrations, simulations and tests.
    Manual(AtomicI64),
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::System(Mutex::new((Instant::now(), system_ms())))
    }

    /// A clock that stands at a moment until it is set.
    pub fn manual(at: Millis) -> Self {
        Self::Manual(AtomicI64::new(at.0))
    }

    /// Sets a manual clock; the system's is not ours to set.
    pub fn set(&self, at: Millis) {
        if let Self::Manual(ms) = self {
            ms.store(at.0, Ordering::SeqCst);
        }
    }

    /// The moment, or why it cannot be told.
    pub fn now(&self) -> Result<Millis, ClockSuspect> {
        match self {
            Self::Manual(ms) => Ok(Millis(ms.load(Ordering::SeqCst))),
            Self::System(last) => {
                let mut last = last.lock().expect("nothing panics while holding the clock");
                let (instant, ms) = (Instant::now(), system_ms());
                let expected = last.1 + i64::try_from((instant - last.0).as_millis()).unwrap_or(i64::MAX);
                if (ms - expected).abs() > JUMP_MS_MAX {
                    return Err(ClockSuspect { jump_ms: ms - expected });
                }
                *last = (instant, ms);
                Ok(Millis(ms))
            }
        }
    }
}

fn system_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
