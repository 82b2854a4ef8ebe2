//! The four session guarantees: what a client knows of a key when it asks, and which of its operations go behind that.

use crate::model::Version;

use super::measurements::Measurements;
use super::table::CountId;

/// What a client has read and written of a key: the newest version of each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Knows {
    pub read: Version,
    pub written: Version,
}

/// Of a session, a bit for each guarantee that could have been broken, and one for each that was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Held {
    could: u8,
    did: u8,
}

/// Each session guarantee with the same for whole sessions; first those of reads, then those of writes: by what the client
/// has written, and by what it has read.
const GUARANTEES: [(CountId, CountId); 4] = [
    (CountId::ReadYourWrites, CountId::ReadYourWritesSessions),
    (CountId::MonotonicReads, CountId::MonotonicReadsSessions),
    (CountId::MonotonicWrites, CountId::MonotonicWritesSessions),
    (CountId::WritesFollowReads, CountId::WritesFollowReadsSessions),
];

impl Knows {
    /// Whether it is no more than what everybody knows.
    #[inline]
    pub fn is_nothing(&self) -> bool {
        *self == Knows::default()
    }

    /// An operation is answered with a version.
    #[inline]
    pub fn learn(&mut self, reads: bool, version: Version) {
        let known = if reads { &mut self.read } else { &mut self.written };
        *known = version.max(*known);
    }
}

impl Held {
    /// Counts those guarantees that are about an operation: its version must not be older than what its client knew when it
    /// asked.
    pub fn count(&mut self, reads: bool, knew: Knows, version: Version, measurements: &mut Measurements) {
        let first = if reads { 0 } else { 2 };
        for (number, known) in [(first, knew.written), (first + 1, knew.read)] {
            if known == Version::INITIAL {
                continue;
            }
            let violated = version < known;
            let (of_operations, of_sessions) = GUARANTEES[number];
            measurements.count_mut(of_operations).add(violated);
            let bit = 1 << number;
            let sessions = measurements.count_mut(of_sessions);
            sessions.of += u64::from(self.could & bit == 0);
            sessions.hits += u64::from(violated && self.did & bit == 0);
            self.could |= bit;
            self.did |= if violated { bit } else { 0 };
        }
    }
}
