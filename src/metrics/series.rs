//! What became of operations as the run went on: counts in equal stretches of its time, which merge exactly.

use std::collections::BTreeMap;

use crate::model::{Refusal, Span, Time};

use super::places::Served;
use super::window::Window;

/// Into how many stretches of equal length the measured part of a run is divided.
pub const STRETCHES: usize = 120;

/// One stretch. An operation belongs to the stretch in which it started, whenever it was answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stretch {
    /// By [`Served`]: how many operations ended so.
    served: [u64; Served::ALL.len()],
    /// Operations that nothing answered before the end of the run.
    pub unanswered: u64,
    /// Answered reads that were stale. A read of several keys counts once for each.
    pub stale: u64,
}

impl Stretch {
    /// How many operations ended so.
    pub fn count(&self, served: Served) -> u64 {
        self.served[served as usize]
    }

    /// Operations that were done.
    pub fn answered(&self) -> u64 {
        [Served::FromCache, Served::Read, Served::Write].into_iter().map(|served| self.count(served)).sum()
    }

    /// Operations that were refused, or that nothing answered.
    pub fn failed(&self) -> u64 {
        self.count(Served::ReadRefused) + self.count(Served::WriteRefused) + self.unanswered
    }

    /// All operations that started in the stretch.
    pub fn operations(&self) -> u64 {
        self.answered() + self.failed()
    }

    /// Adds another partition's or replication's.
    pub fn merge(&mut self, other: &Stretch) {
        for (mine, theirs) in self.served.iter_mut().zip(other.served) {
            *mine += theirs;
        }
        self.unanswered += other.unanswered;
        self.stale += other.stale;
    }
}

/// All stretches of a run; none where nothing was measured over time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Series {
    from: Time,
    width: Span,
    stretches: Vec<Stretch>,
    /// By rule, what was refused in each stretch.
    refusals: BTreeMap<Refusal, Vec<u64>>,
}

impl Series {
    /// Empty stretches of a window, each as long as the next whole nanosecond allows.
    pub fn new(window: Window) -> Series {
        let width = Span(window.until.since(window.from).0.div_ceil(STRETCHES as u64).max(1));
        Series { from: window.from, width, stretches: vec![Stretch::default(); STRETCHES], refusals: BTreeMap::new() }
    }

    /// The number of the stretch that holds a time; what a client still asks after the end belongs to the last.
    #[inline]
    pub fn number(&self, at: Time) -> usize {
        ((at.since(self.from).0 / self.width.0.max(1)) as usize).min(STRETCHES - 1)
    }

    /// When a stretch begins.
    pub fn start(&self, number: usize) -> Time {
        self.from + Span(self.width.0.saturating_mul(number as u64))
    }

    /// How long each stretch is.
    pub fn width(&self) -> Span {
        self.width
    }

    /// The stretches, in the order of time.
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// What each rule refused, stretch by stretch.
    pub fn refusals(&self) -> &BTreeMap<Refusal, Vec<u64>> {
        &self.refusals
    }

    /// An operation of this stretch ended so.
    #[inline]
    pub fn add(&mut self, number: usize, served: Served) {
        self.stretches[number].served[served as usize] += 1;
    }

    /// So many reads of this stretch were answered from caches and from elsewhere, and so many of them were stale.
    pub fn add_reads(&mut self, number: usize, from_cache: u64, from_elsewhere: u64, stale: u64) {
        let stretch = &mut self.stretches[number];
        stretch.served[Served::FromCache as usize] += from_cache;
        stretch.served[Served::Read as usize] += from_elsewhere;
        stretch.stale += stale;
    }

    /// An answered read of this stretch was stale.
    #[inline]
    pub fn add_stale(&mut self, number: usize) {
        self.stretches[number].stale += 1;
    }

    /// An operation of this stretch was refused; that it ended so is counted by [`Series::add`].
    pub fn refuse(&mut self, number: usize, refusal: Refusal) {
        self.refusals.entry(refusal).or_insert_with(|| vec![0; STRETCHES])[number] += 1;
    }

    /// Nothing answered an operation of this stretch.
    pub fn unanswered(&mut self, number: usize) {
        self.stretches[number].unanswered += 1;
    }

    /// Adds another partition's or replication's; both must be of the same window, or one of them of none.
    pub fn merge(&mut self, other: &Series) {
        if other.stretches.is_empty() {
            return;
        }
        if self.stretches.is_empty() {
            self.clone_from(other);
            return;
        }
        for (mine, theirs) in self.stretches.iter_mut().zip(&other.stretches) {
            mine.merge(theirs);
        }
        for (refusal, counts) in &other.refusals {
            let mine = self.refusals.entry(*refusal).or_insert_with(|| vec![0; STRETCHES]);
            mine.iter_mut().zip(counts).for_each(|(mine, theirs)| *mine += theirs);
        }
    }
}
