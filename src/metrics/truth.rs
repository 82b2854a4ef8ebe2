//! What was complete when, of one key: what reads are judged by.

use smallvec::SmallVec;

use crate::model::{Span, Time, Version};

use super::distribution::Distribution;

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
    settled: Settled,
    /// How many of the first completions [`forget`](Truth::forget) has dropped.
    forgotten: u64,
    /// Whether any read missed any write.
    is_missed: bool,
}

/// What is left of writes that no read can miss any more, all of them older than those that are kept.
#[derive(Debug, Default)]
struct Settled {
    /// The start of the last read that missed one of them.
    last_missed: Time,
    /// The windows of inconsistency of those that are measured, in nanoseconds.
    windows: Distribution,
    /// There is nothing to gain from looking for more before so many are kept.
    look_at: usize,
}

/// What is known of a key, in as little room as it takes.
#[derive(Debug)]
pub struct Kept {
    completed: SmallVec<[Completed; 1]>,
    last_missed: Time,
    look_at: usize,
    forgotten: u64,
    is_missed: bool,
}

/// With fewer completed writes nobody looks for what has settled.
const LONG: usize = 4096;

/// What the truth says of a read.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    pub judgement: Judgement,
    /// How many completed writes are newer than what it returned.
    pub lag: u64,
    /// The time since the last completed write, and whether the read returned that write or a newer one.
    pub last: Option<(Span, bool)>,
}

impl Verdict {
    /// Of a read before any write is complete.
    pub const NOTHING_WRITTEN: Verdict =
        Verdict { judgement: Judgement { stale: false, age: Span::ZERO }, lag: 0, last: None };
}

impl Truth {
    /// A write is acknowledged.
    pub fn complete(&mut self, version: Version, at: Time, measured: bool) {
        self.push(Completed { version, newest: version, at, rising_from: 0, last_missed: Time::START, measured });
    }

    fn push(&mut self, mut write: Completed) {
        write.rising_from = self.completed.len() as u32;
        if let Some(last) = self.completed.last() {
            write.newest = last.newest.max(write.version);
            if last.version < write.version {
                write.rising_from = last.rising_from;
            }
        }
        self.completed.push(write);
    }

    /// Whether no write of the key is complete yet.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.completed.is_empty()
    }

    /// How many writes are complete.
    #[inline]
    pub fn writes(&self) -> usize {
        self.completed.len()
    }

    /// How many writes have ever been complete, those that are forgotten included.
    #[inline]
    pub fn completions(&self) -> u64 {
        self.forgotten + self.completed.len() as u64
    }

    /// The place among the writes that are kept of a count as [`completions`](Truth::completions) told it.
    #[inline]
    pub fn kept_of(&self, completions: u64) -> usize {
        completions.saturating_sub(self.forgotten) as usize
    }

    /// How many writes were complete at a time, without those that are forgotten.
    pub fn complete_at(&self, at: Time) -> usize {
        self.completed.partition_point(|write| write.at <= at)
    }

    /// Judges a read that started when so many writes were complete.
    #[inline]
    pub fn judge(&mut self, start: Time, completed_before: usize, seen: Version) -> Verdict {
        let mut nowhere = u32::MAX;
        self.judge_near(start, completed_before, seen, &mut nowhere)
    }

    /// The same, given a place that is tried first for the oldest of the writes that the read missed; holds it afterwards.
    /// Whoever returns one version again and again misses the same write first.
    #[inline]
    pub fn judge_near(&mut self, start: Time, completed_before: usize, seen: Version, near: &mut u32) -> Verdict {
        let Some(last) = self.completed[..completed_before].last() else {
            return Verdict::NOTHING_WRITTEN;
        };
        let since = Some((start.since(last.at), seen >= last.version));
        if last.newest <= seen {
            return Verdict { judgement: Judgement::default(), lag: 0, last: since };
        }
        let (age, lag) = self.miss(start, completed_before, seen, near);
        Verdict { judgement: Judgement { stale: true, age }, lag, last: since }
    }

    /// A read that missed some of so many completed writes: since when the first of them is complete, and how many.
    fn miss(&mut self, start: Time, completed_before: usize, seen: Version, near: &mut u32) -> (Span, u64) {
        let completed = &mut self.completed[..completed_before];
        let newer = |place: usize| completed.get(place).is_some_and(|write| write.newest > seen);
        let mut first = *near as usize;
        if !newer(first) || (first > 0 && newer(first - 1)) {
            first = first_newer(completed, seen);
            *near = first as u32;
        }
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
        self.is_missed = true;
        (age, lag)
    }

    /// Whether so many writes are kept that it is worth to look for those that have settled.
    #[inline]
    pub fn is_long(&self) -> bool {
        self.is_longer_than(LONG)
    }

    /// The same, where it is worth to look from so many on.
    #[inline]
    pub fn is_longer_than(&self, least: usize) -> bool {
        self.completed.len() >= self.settled.look_at.max(least)
    }

    /// Every read that is not yet judged, and every write that is not yet complete, knows all writes that were complete
    /// before this time: a read returns one as new as they are, and a write gets a newer version. Settles those that are
    /// older than all that was complete later. They all lie before the place of any read, which moves by as many.
    pub fn forget(&mut self, before: Time) {
        let kept = self.completed.len();
        // The time since the last completion is told of the last one, so that is kept.
        let known = self.completed.partition_point(|write| write.at < before).saturating_sub(1);
        let Some(oldest_kept) = self.completed[known..].iter().map(|write| write.version).min() else { return };
        self.settle(oldest_kept, oldest_kept);
        self.forgotten += (kept - self.completed.len()) as u64;
    }

    /// From now on no read returns an older version than `oldest_read`, and no write that completes has an older one than
    /// `oldest_write`: of writes that nobody can miss any more only the sums are kept. Afterwards fewer count as complete.
    pub fn settle(&mut self, oldest_read: Version, oldest_write: Version) {
        let Some(last) = self.completed.last() else { return };
        // All that settles is older than all that stays, since windows are told in the order of versions; and the time
        // since the last completion is told of the last one, however old its version is.
        let kept_from = oldest_read.min(oldest_write).min(last.version);
        let completed = std::mem::take(&mut self.completed);
        let (mut settled, kept): (Vec<_>, Vec<_>) = completed.into_iter().partition(|write| write.version < kept_from);
        // Where nothing was missed all windows are zero, in whatever order.
        if self.is_missed {
            settled.sort_by_key(|write| write.version);
        }
        let windows = &mut self.settled.windows;
        self.settled.last_missed = tell(self.settled.last_missed, &settled, |window| windows.add(window.0));
        self.settled.look_at = 2 * kept.len();
        for write in kept {
            self.push(Completed { newest: write.version, ..write });
        }
    }

    /// Goes on to another key; what is known of this one comes back with [`come_back`](Truth::come_back), but for the windows
    /// of inconsistency of measured writes that nobody can miss any more: these are added here, in nanoseconds. `None` where
    /// no write is complete.
    pub fn keep(&mut self, windows: &mut Distribution) -> Option<Kept> {
        if self.is_empty() {
            return None;
        }
        let Settled { last_missed, windows: settled, look_at } = std::mem::take(&mut self.settled);
        windows.merge(&settled);
        let completed = self.completed[..].into();
        self.completed.clear();
        let (forgotten, is_missed) = (std::mem::take(&mut self.forgotten), std::mem::take(&mut self.is_missed));
        Some(Kept { completed, last_missed, look_at, forgotten, is_missed })
    }

    /// Goes back to a key, when nothing is known of any other.
    pub fn come_back(&mut self, kept: Kept) {
        let Kept { completed, last_missed, look_at, forgotten, is_missed } = kept;
        self.completed.extend_from_slice(&completed);
        (self.settled.last_missed, self.settled.look_at) = (last_missed, look_at);
        (self.forgotten, self.is_missed) = (forgotten, is_missed);
    }

    /// The key's run is over: adds the window of inconsistency of every measured write, in nanoseconds, and forgets all.
    pub fn end(&mut self, windows: &mut Distribution) {
        if self.is_empty() {
            return;
        }
        if std::mem::take(&mut self.is_missed) {
            self.completed.sort_by_key(|write| write.version);
        }
        let settled = std::mem::take(&mut self.settled);
        windows.merge(&settled.windows);
        tell(settled.last_missed, &self.completed, |window| windows.add(window.0));
        self.completed.clear();
        self.forgotten = 0;
    }
}

/// Tells the windows of measured writes, which rise in version; says when a read missed any of them last, `last_missed`
/// being what is known of older ones.
fn tell(mut last_missed: Time, writes: &[Completed], mut window: impl FnMut(Span)) -> Time {
    for write in writes {
        // A read that missed a write missed all newer ones too, if it started after they were complete.
        last_missed = last_missed.max(write.last_missed);
        if write.measured {
            window(last_missed.since(write.at));
        }
    }
    last_missed
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
