//! One Durable Object: where it is, what it has to do, and what it has beyond its storage.

use std::collections::BTreeSet;

use crate::model::{Key, Location, Seen, Span, Time, Value};

use super::alarm::Alarm;
use super::object_day::{Activity, ObjectDay};
use super::object_life::Life;
use super::server::Server;

/// The window in which an object's requests are counted: "within a 10 second window", as its overload error says.
const WINDOW: Span = Span::from_secs(10);

/// Counts an object's requests in its window.
#[derive(Clone, Copy, Debug, Default)]
pub struct Arrivals {
    /// The number of the latest window, and its requests so far.
    window: u64,
    count: u32,
}

impl Arrivals {
    /// Counts a request, and says whether there was room.
    pub fn admit(&mut self, now: Time, limit: Option<u32>) -> bool {
        let Some(limit) = limit else { return true };
        let window = now.0 / WINDOW.0;
        if self.window != window {
            (self.window, self.count) = (window, 0);
        }
        self.count += 1;
        self.count <= limit
    }
}

/// One object.
#[derive(Clone, Debug, Default)]
pub(super) struct Object {
    /// Set by the first caller.
    pub place: Option<Location>,
    pub server: Server,
    /// All writes so far are durable from then on.
    pub durable: Time,
    pub arrivals: Arrivals,
    pub activity: Activity,
    /// Only where it matters how objects live.
    pub living: Option<Box<Living>>,
}

/// What an object has beyond its storage.
#[derive(Clone, Debug)]
pub(super) struct Living {
    pub life: Life,
    pub alarm: Alarm,
    pub alarm_runs: u64,
    /// Keys whose newest value is in memory only.
    pub unwritten: BTreeSet<Key>,
}

impl Object {
    /// When it is restarted next.
    pub fn restart(&self) -> Time {
        self.living.as_ref().map_or(Time::NEVER, |living| living.life.next_restart())
    }

    pub fn works(&mut self, now: Time, until: Time, day: &mut ObjectDay) {
        self.activity.add(now, (now, until.min(self.restart())), day);
        if let Some(living) = &mut self.living {
            living.life.works(until);
        }
    }
}

/// A request in the middle of its code.
#[derive(Clone, Debug, Default)]
pub(super) struct Halfway {
    /// What its keys held when it read them.
    pub found: Vec<Option<Value>>,
    pub written: Vec<Seen>,
}
