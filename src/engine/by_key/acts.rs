//! Somebody acts on a key: what is known of him, and those who do so one after another.

use crate::model::{Location, Span, Time};
use crate::workloads::values::Size;

/// Those who act on one key, in the order of time.
pub(super) trait Acting {
    /// Whether more may act after others' keys were simulated.
    const GOES_ON: bool;
    /// Whether they may have names, so that what each of them knows can be told, whether what they put may expire or has a size,
    /// and whether something may come of answers.
    const SAY_MORE: bool;

    /// Lets the next ones act, up to so many: reads are put in line, and whoever writes is sent off.
    fn act(&mut self, most: usize, reads: &mut Vec<Act>, write: impl FnMut(Act, What));

    /// Whether some who have not acted yet are known.
    #[inline]
    fn is_any_known(&self) -> bool {
        self.horizon() < Time::NEVER
    }

    /// Nobody who has not acted yet acts earlier than this; [`Time::NEVER`]: nobody does any more.
    fn horizon(&self) -> Time;

    /// When the last one acted.
    fn last_act(&self) -> Time;

    /// The number that the key's name makes, and how many bytes that has, if they can say it.
    fn name_and_length(&self) -> Option<(u64, u16)> {
        None
    }
}

/// When somebody would act, if that is before the end; else [`Time::NEVER`].
#[inline(always)]
pub(super) fn before(end: Time, at: Time) -> Time {
    if at < end { at } else { Time::NEVER }
}

/// Somebody acts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Act {
    /// Counted among all who share a stream with the key.
    pub n: u64,
    pub at: Time,
    /// When the one before acted.
    pub before: Time,
    /// The request's own random number.
    pub draw: u64,
    pub location: Location,
    /// Who it is, if they have names.
    pub client: u32,
}

/// What somebody writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum What {
    /// A value that perhaps expires after some time, and its size if sizes are stated.
    Put {
        ttl: Option<Span>,
        size: Size,
    },
    Delete,
}

impl What {
    /// A value of which nothing is said.
    pub const PUT: What = What::Put { ttl: None, size: Size::Stated(0) };
}

impl Act {
    /// Nobody acts: earlier than all who act at that time or later.
    pub fn before_all(at: Time) -> Act {
        Act { n: 0, at, before: Time::START, draw: 0, location: Location(0), client: 0 }
    }
}
