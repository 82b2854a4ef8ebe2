//! Which of two things at one time the engine does first.
//!
//! The engine orders by (time, serial number), and a serial number is given when something is scheduled. Who schedules
//! what is known, so that the order can be told from times and from who acted when:
//!
//! - the n-th act schedules its journey to the central store, and then the act after it;
//! - an arrival at the central store schedules its return.
//!
//! So of two arrivals at one time the one of the earlier act is first; of two returns at one time the one that left the
//! centre first; an arrival is before a later act at its own time; and a return is before an act at its own time if it
//! left the centre before the act was scheduled, which was when the act before it took place.

use crate::model::Time;

use super::acts::Act;

/// An arrival at the central store; the order of fields is the order of events.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Arrival {
    pub at: Time,
    pub n: u64,
}

impl Arrival {
    /// Behind all who arrive at this time.
    pub fn until(at: Time) -> Arrival {
        Arrival { at, n: u64::MAX }
    }
}

/// A return from there; the order of fields is the order of events.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Return {
    pub at: Time,
    pub left: Arrival,
}

impl Return {
    /// Whether the engine sees it before this act.
    #[inline]
    pub fn is_before(self, act: &Act) -> bool {
        self.at < act.at || (self.at == act.at && self.left.n + 1 < act.n && self.left.at <= act.before)
    }
}
