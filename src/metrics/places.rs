//! How each location was served: latencies by what became of the operation, and from them who was answered at all.

use super::distribution::Distribution;

/// What became of an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Served {
    /// A read, answered from a cache at the location.
    FromCache,
    /// A read, answered from elsewhere.
    Read,
    /// A write or an update, acknowledged.
    Write,
    ReadRefused,
    WriteRefused,
}

impl Served {
    /// All of them, in the order of reports.
    pub const ALL: [Served; 5] =
        [Served::FromCache, Served::Read, Served::Write, Served::ReadRefused, Served::WriteRefused];

    /// The word in files.
    pub fn word(self) -> &'static str {
        match self {
            Served::FromCache => "read_from_cache",
            Served::Read => "read_from_elsewhere",
            Served::Write => "write",
            Served::ReadRefused => "read_refused",
            Served::WriteRefused => "write_refused",
        }
    }
}

/// One location: every operation that started there and was measured is counted once.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PlaceMeasurements {
    /// By [`Served`]: from the call to the answer or the refusal, in nanoseconds.
    latency: [Distribution; 5],
    /// Reads and writes that nothing answered before the end of the run.
    pub unanswered: [u64; 2],
}

impl PlaceMeasurements {
    /// The latencies of what was served so.
    pub fn latency(&self, served: Served) -> &Distribution {
        &self.latency[served as usize]
    }

    /// The same, to add to.
    #[inline]
    pub fn latency_mut(&mut self, served: Served) -> &mut Distribution {
        &mut self.latency[served as usize]
    }

    /// How many operations were served so.
    pub fn count(&self, served: Served) -> u64 {
        self.latency(served).count()
    }

    /// Reads that were answered.
    pub fn reads(&self) -> u64 {
        self.count(Served::FromCache) + self.count(Served::Read)
    }

    /// Adds another partition's or replication's.
    pub fn merge(&mut self, other: &PlaceMeasurements) {
        for (mine, theirs) in self.latency.iter_mut().zip(&other.latency) {
            mine.merge(theirs);
        }
        for (mine, theirs) in self.unanswered.iter_mut().zip(other.unanswered) {
            *mine += theirs;
        }
    }

    /// Adds another partition's or replication's that is not needed any more.
    pub fn absorb(&mut self, mut other: PlaceMeasurements) {
        for (mine, theirs) in self.latency.iter_mut().zip(std::mem::take(&mut other.latency)) {
            mine.absorb(theirs);
        }
        self.merge(&other);
    }
}
