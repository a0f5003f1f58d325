//! The examination of events: facts first, then every detector by itself.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::ledger::time::Millis;

use super::event::{At, Event, Wake};
use super::facts::Facts;
use super::finding::{Conclusion, Subject, Verdict};
use super::rule::Rule;

/// A rule at work. It holds nothing: all that it needs is in the event and the facts.
pub trait Detector: std::fmt::Debug + Send + Sync {
    /// The rule that it finds.
    fn rule(&self) -> Rule;

    /// Looks at an event, which the facts hold already.
    fn examine(&self, event: &Event<'_>, at: &At, facts: &Facts, found: &mut Found);
}

/// What a detector says of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Verdicts, in order; of one subject the last stands.
    pub verdicts: Vec<(Subject, Verdict)>,
    /// What it wants to be shown again, once the moment has passed.
    pub wakes: Vec<(Millis, Wake)>,
}

impl Found {
    /// The rule holds for a subject.
    pub fn holds(&mut self, subject: Subject, conclusion: Conclusion) {
        self.verdicts.push((subject, Verdict::Holds(Box::new(conclusion))));
    }

    /// The rule does not hold for a subject, or no more. To be said only where it may have held
    /// before: of what never was a finding nothing need be said.
    pub fn clear(&mut self, subject: Subject) {
        self.verdicts.push((subject, Verdict::Clear));
    }

    /// Holds or not.
    pub fn judge(&mut self, subject: Subject, conclusion: Option<Conclusion>) {
        match conclusion {
            Some(conclusion) => self.holds(subject, conclusion),
            None => self.clear(subject),
        }
    }

    /// Asks to be shown something again once a moment has passed.
    pub fn wake(&mut self, at: Millis, wake: Wake) {
        self.wakes.push((at, wake));
    }
}

/// Looks at an event with one detector; an error when it panics, with what it said.
pub fn look(detector: &dyn Detector, event: &Event<'_>, at: &At, facts: &Facts) -> Result<Found, String> {
    let mut found = Found::default();
    let ran = catch_unwind(AssertUnwindSafe(|| detector.examine(event, at, facts, &mut found)));
    match ran {
        Ok(()) => Ok(found),
        Err(payload) => Err(said(payload.as_ref())),
    }
}

fn said(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it gave no reason".to_owned())
}
