//! An object's alarm: one at a time, run at least once, and tried again when its handler throws
//! (durable-objects/api/alarms, read 2026-11).

use crate::limits::{FigureId, Terms};
use crate::model::{Span, Time};

/// How often a handler that throws is tried again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience {
    /// The wait before the first retry; each further one is twice as long.
    pub first: Span,
    /// After so many retries the alarm is given up.
    pub retries: u64,
}

impl Patience {
    /// What the platform has.
    pub fn of(terms: &Terms) -> Patience {
        Patience {
            first: terms.span(FigureId::ObjectAlarmRetryFirst),
            retries: terms.bound(FigureId::ObjectAlarmRetries),
        }
    }

    /// How long it waits after so many failures before this one.
    pub fn wait(self, failures: u32) -> Span {
        Span(self.first.0.saturating_mul(1 << failures.min(40)))
    }
}

/// The alarm. It is stored with the object, so it survives eviction and restarts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Alarm {
    due: Option<Time>,
    failures: u32,
}

impl Alarm {
    /// Sets it, unless it is set already; says whether it was set now.
    pub fn set(&mut self, at: Time) -> bool {
        if self.due.is_some() {
            return false;
        }
        *self = Alarm { due: Some(at), failures: 0 };
        true
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        self.due.is_some()
    }

    /// Whether it rings now.
    pub fn rings(&self, now: Time) -> bool {
        self.due == Some(now)
    }

    /// Its handler came to its end: the alarm is done.
    pub fn done(&mut self) {
        self.due = None;
    }

    /// Its handler failed at `at`: when it is tried again, if it is.
    pub fn failed(&mut self, at: Time, patience: Patience) -> Option<Time> {
        self.due = (u64::from(self.failures) < patience.retries).then(|| at + patience.wait(self.failures));
        self.failures += 1;
        self.due
    }
}
