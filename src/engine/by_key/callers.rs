//! Who acts on a database: rows of a trace in their order, or the clients of all keys, each of whom waits for his turn.

use crate::model::{Location, Time};
use crate::stores::d1_alone::What;
use crate::workloads::TraceOperation;
use crate::workloads::trace_feed::{Feed, Placed};
use crate::workloads::trace_file::TraceError;

use super::acts::before;
use super::rows::Rules;

/// Those who act, one after another.
pub(super) trait Callers {
    /// Nobody has acted yet: tells who waits for his turn, and until when.
    fn begin(&mut self, wait: &mut dyn FnMut(Time, u32));

    /// Somebody whose turn it is acts; `None` where only events can tell what comes of it.
    fn act(&mut self, who: u32) -> Option<Call>;

    /// When it is the same one's turn again, after he acted `now`; [`Time::NEVER`]: never, or not before the end.
    fn next(&mut self, who: u32, now: Time) -> Time;

    /// The number from which a key's requests are drawn.
    fn number(&self, key: u32) -> u64;

    /// What stopped them, once.
    fn take_failure(&mut self) -> Option<TraceError> {
        None
    }
}

/// What somebody asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub key: u32,
    pub location: Location,
    pub what: What,
}

/// The rows of a trace before a time.
#[derive(Debug)]
pub(super) struct InTurn {
    rules: Rules,
    feed: Feed,
    until: Time,
    row: Option<Placed>,
}

impl InTurn {
    pub fn new(rules: Rules, feed: Feed, until: Time) -> InTurn {
        InTurn { rules, feed, until, row: None }
    }
}

impl Callers for InTurn {
    fn begin(&mut self, wait: &mut dyn FnMut(Time, u32)) {
        self.feed.begin();
        let first = self.next(0, Time::START);
        if first < Time::NEVER {
            wait(first, 0);
        }
    }

    #[inline]
    fn act(&mut self, _: u32) -> Option<Call> {
        let Placed { row, group: key, location, number, .. } = self.row?;
        let what = match row.operation.unwrap_or_else(|| self.rules.operations.operation(number)) {
            TraceOperation::Get => What::Get,
            TraceOperation::Put => What::Put,
            TraceOperation::Delete => What::Delete,
            TraceOperation::Add => return None,
        };
        Some(Call { key, location, what })
    }

    /// Reads on.
    #[inline]
    fn next(&mut self, _: u32, now: Time) -> Time {
        self.row = self.feed.next_row();
        before(self.until, self.row.map_or(Time::NEVER, |placed| placed.row.at.max(now)))
    }

    fn number(&self, key: u32) -> u64 {
        self.rules.requests.entity(self.feed.name(key))
    }

    fn take_failure(&mut self) -> Option<TraceError> {
        self.feed.take_failure()
    }
}
