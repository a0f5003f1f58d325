//! Progress of long work, on standard error: a bar for a person who is looking, a line from time to
//! time for a log.

use std::io::{IsTerminal, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The least that lies between two lines of a log.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// How far some work is.
#[derive(Clone, Debug)]
pub struct Progress(Shown);

#[derive(Clone, Debug)]
enum Shown {
    /// On a terminal.
    Bar(ProgressBar),
    /// Anywhere else.
    Lines(Arc<Mutex<Lines>>),
}

/// Lines for a log; work that is done before the first is due leaves none.
#[derive(Debug)]
pub struct Lines {
    what: String,
    last: Instant,
}

impl Progress {
    /// Work of an unknown size.
    pub fn begin(what: &str) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(Shown::Lines(Arc::new(Mutex::new(Lines::begin(what, Instant::now())))));
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        // The templates are constants and hold only keys that the library knows.
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len}") {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        Self(Shown::Bar(bar))
    }

    /// Says how much is done of how much.
    pub fn at(&self, done: u64, of: u64) {
        match &self.0 {
            Shown::Bar(bar) => {
                bar.set_length(of);
                bar.set_position(done);
            }
            Shown::Lines(lines) => {
                let line = lines.lock().unwrap_or_else(PoisonError::into_inner).at(done, of, Instant::now());
                // eprintln would panic when nobody reads any more.
                let _ = line.map(|line| std::io::stderr().write_all(line.as_bytes()));
            }
        }
    }

    /// Says what is being done now.
    pub fn say(&self, what: &str) {
        match &self.0 {
            Shown::Bar(bar) => bar.set_message(what.to_owned()),
            Shown::Lines(lines) => lines.lock().unwrap_or_else(PoisonError::into_inner).say(what),
        }
    }

    /// Ends and leaves nothing on the screen.
    pub fn end(&self) {
        if let Shown::Bar(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl Lines {
    /// Of work that begins now.
    pub fn begin(what: &str, now: Instant) -> Self {
        Self { what: what.to_owned(), last: now }
    }

    /// Says what is being done.
    pub fn say(&mut self, what: &str) {
        if self.what != what {
            self.what = what.to_owned();
        }
    }

    /// The line that is due now, if one is: `checking: 41 %`.
    pub fn at(&mut self, done: u64, of: u64, now: Instant) -> Option<String> {
        if now.duration_since(self.last) < LINE_EVERY {
            return None;
        }
        self.last = now;
        let what = &self.what;
        Some(match u128::from(done).saturating_mul(100).checked_div(of.into()) {
            Some(percent) => format!("{what}: {percent} %\n"),
            None => format!("{what}\n"),
        })
    }
}
