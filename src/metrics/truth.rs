//! What was complete when, of one key: what reads are judged by.

use crate::model::{Span, Time, Version};

/// What the truth says of an answered read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Judgement {
    /// Older than a write that was complete when the read started.
    pub stale: bool,
    /// For a stale read: its start minus the completion of the oldest completed write that it missed.
    pub age: Span,
}

/// A completed write.
#[derive(Clone, Copy, Debug)]
struct Completed {
    version: Version,
    /// The newest version among this and all earlier completions.
    newest: Version,
    at: Time,
    /// The place of the first of the completions up to this whose versions rise without a break.
    rising_from: u32,
    /// The start of the last read that missed this write and, of those that it missed, no older one.
    last_missed: Time,
    measured: bool,
}

/// The completed writes of a key, in the order of completion.
#[derive(Debug, Default)]
pub struct Truth {
    completed: Vec<Completed>,
}

/// What the truth says of a read.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    pub judgement: Judgement,
    /// How many completed writes are newer than what it returned.
    pub lag: u64,
    /// The time since the last completed write, and whether the read returned that write or a newer one.
    pub last: Option<(Span, bool)>,
}

impl Truth {
    /// A write is acknowledged.
    pub fn complete(&mut self, version: Version, at: Time, measured: bool) {
        let (mut newest, mut rising_from) = (version, self.completed.len() as u32);
        if let Some(last) = self.completed.last() {
            newest = last.newest.max(version);
            rising_from = if last.version < version { last.rising_from } else { rising_from };
        }
        self.completed.push(Completed { version, newest, at, rising_from, last_missed: Time::START, measured });
    }

    /// How many writes are complete.
    pub fn writes(&self) -> usize {
        self.completed.len()
    }

    /// How many writes were complete at a time.
    pub fn complete_at(&self, at: Time) -> usize {
        self.completed.partition_point(|write| write.at <= at)
    }

    /// Judges a read that started when so many writes were complete.
    #[inline]
    pub fn judge(&mut self, start: Time, completed_before: usize, seen: Version) -> Verdict {
        let Some(last) = self.completed[..completed_before].last() else {
            return Verdict { judgement: Judgement::default(), lag: 0, last: None };
        };
        let since = Some((start.since(last.at), seen >= last.version));
        if last.newest <= seen {
            return Verdict { judgement: Judgement::default(), lag: 0, last: since };
        }
        let (age, lag) = self.miss(start, completed_before, seen);
        Verdict { judgement: Judgement { stale: true, age }, lag, last: since }
    }

    /// A read that missed some of so many completed writes: since when the first of them is complete, and how many.
    fn miss(&mut self, start: Time, completed_before: usize, seen: Version) -> (Span, u64) {
        let completed = &mut self.completed[..completed_before];
        let first = first_newer(completed, seen);
        let age = start.since(completed[first].at);
        let (mut lag, mut oldest) = ((completed.len() - first) as u64, first);
        if completed[completed.len() - 1].rising_from as usize > first {
            lag = 0;
            for n in first..completed.len() {
                if completed[n].version > seen {
                    lag += 1;
                    if completed[n].version < completed[oldest].version {
                        oldest = n;
                    }
                }
            }
        }
        completed[oldest].last_missed = completed[oldest].last_missed.max(start);
        (age, lag)
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

/// The first completion after which something newer than `seen` was complete; the last is one of them. Readers are rarely
/// far behind, so the search goes back from the end in growing steps.
fn first_newer(completed: &[Completed], seen: Version) -> usize {
    let (mut newer, mut step) = (completed.len() - 1, 1);
    while step <= newer && completed[newer - step].newest > seen {
        newer -= step;
        step *= 2;
    }
    let from = newer.saturating_sub(step);
    from + completed[from..newer].partition_point(|write| write.newest <= seen)
}
