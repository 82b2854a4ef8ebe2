//! What was complete when, of one key: reads are judged by it as the observer judges them.

use crate::metrics::Judgement;
use crate::model::{Span, Time, Version};

/// A completed write.
#[derive(Clone, Copy, Debug)]
struct Completed {
    version: Version,
    /// The newest version among this and all earlier completions.
    newest: Version,
    at: Time,
    /// The start of the last read that missed this write and, of those that it missed, no older one.
    last_missed: Time,
    measured: bool,
}

/// The completed writes of a key, in the order of completion.
#[derive(Debug, Default)]
pub(super) struct Truth {
    completed: Vec<Completed>,
}

/// What the truth says of a read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verdict {
    pub judgement: Judgement,
    /// How many completed writes are newer than what it returned.
    pub lag: u64,
    /// The time since the last completed write, and whether the read returned that write or a newer one.
    pub last: Option<(Span, bool)>,
}

impl Truth {
    /// A write is acknowledged.
    pub fn complete(&mut self, version: Version, at: Time, measured: bool) {
        let newest = self.completed.last().map_or(version, |write| write.newest.max(version));
        self.completed.push(Completed { version, newest, at, last_missed: Time::START, measured });
    }

    /// Judges a read that starts now, after all that is complete.
    #[inline]
    pub fn judge(&mut self, start: Time, seen: Version) -> Verdict {
        let Some(last) = self.completed.last() else {
            return Verdict { judgement: Judgement::default(), lag: 0, last: None };
        };
        let since = Some((start.since(last.at), seen >= last.version));
        if last.newest <= seen {
            return Verdict { judgement: Judgement::default(), lag: 0, last: since };
        }
        let first = self.completed.partition_point(|write| write.newest <= seen);
        let age = start.since(self.completed[first].at);
        let (mut lag, mut oldest) = (0, first);
        for n in first..self.completed.len() {
            if self.completed[n].version > seen {
                lag += 1;
                if self.completed[n].version < self.completed[oldest].version {
                    oldest = n;
                }
            }
        }
        self.completed[oldest].last_missed = self.completed[oldest].last_missed.max(start);
        Verdict { judgement: Judgement { stale: true, age }, lag, last: since }
    }

    /// The key's run is over: tells the window of inconsistency of every measured write, and forgets all.
    pub fn end(&mut self, mut window: impl FnMut(Span)) {
        // A read that missed a write missed all newer ones too, if it started after they were complete.
        self.completed.sort_by_key(|write| write.version);
        let mut last_missed = Time::START;
        for write in self.completed.drain(..) {
            if write.measured || write.last_missed > Time::START {
                last_missed = last_missed.max(write.last_missed);
            }
            if write.measured {
                window(last_missed.since(write.at));
            }
        }
    }
}
