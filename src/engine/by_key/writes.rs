//! A key's writes: on their way to the central store, accepted or refused there, and on their way back.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::model::{Location, Operation, Span, Time, Version};
use crate::network::Network;
use crate::random::{Sampler, chance, derive};
use crate::stores::kv_pull::{counts_as_write, stamp_of};
use crate::stores::{KvCommon, hop};

use super::clients::Act;
use super::order::{Arrival, Return};

/// What stays the same: how the central store takes writes.
#[derive(Clone, Debug)]
pub(super) struct Centre {
    pub place: Location,
    pub network: Network,
    write: Sampler,
    shown_locally: u64,
    /// Between two writes to the key.
    write_interval: Span,
    common: KvCommon,
}

/// A write, as it arrives at the central store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Write {
    pub arrival: Arrival,
    pub start: Time,
    pub location: Location,
    pub version: Version,
    pub operation: Operation,
    pub draw: u64,
}

/// An acknowledgement as it arrives at the client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Acknowledged {
    pub back: Return,
    pub start: Time,
    pub location: Location,
    pub version: Version,
    pub deletes: bool,
    /// Whether the location shows the version from then on.
    pub shown: bool,
}

/// Something that waits for its turn: the earliest first. Turns never tie.
#[derive(Debug)]
struct Waiting<T, W>(T, W);

impl<T: Ord, W> PartialEq for Waiting<T, W> {
    fn eq(&self, other: &Waiting<T, W>) -> bool {
        self.0 == other.0
    }
}

impl<T: Ord, W> Eq for Waiting<T, W> {}

impl<T: Ord, W> PartialOrd for Waiting<T, W> {
    fn partial_cmp(&self, other: &Waiting<T, W>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord, W> Ord for Waiting<T, W> {
    fn cmp(&self, other: &Waiting<T, W>) -> Ordering {
        // A heap hands out its greatest.
        other.0.cmp(&self.0)
    }
}

/// What the central store says to a write.
pub(super) enum Decision {
    Accepted,
    /// The refusal is at the client then.
    Refused(Time),
}

/// The writes of one key that are in flight.
#[derive(Debug, Default)]
pub(super) struct Writes {
    coming: BinaryHeap<Waiting<Arrival, Write>>,
    returning: BinaryHeap<Waiting<Return, Acknowledged>>,
    last_accepted: Option<Time>,
}

impl Centre {
    pub fn new(common: &KvCommon, write_interval: Span, place: Location, network: Network) -> Centre {
        Centre {
            place,
            network,
            write: Sampler::new(&common.central_write),
            shown_locally: chance(common.local_visibility),
            write_interval,
            common: common.clone(),
        }
    }

    /// When what starts with this act is at the central store.
    #[inline]
    pub fn reached(&self, act: &Act) -> Time {
        act.at + self.network.one_way(act.location, self.place, derive(act.draw, hop::OUT))
    }

    /// When what leaves the central store then is back.
    #[inline]
    pub fn back(&self, leaves: Time, to: Location, draw: u64) -> Time {
        leaves + self.network.one_way(self.place, to, derive(draw, hop::BACK))
    }
}

impl Writes {
    /// A new key: nothing is in flight.
    pub fn begin(&mut self) {
        self.coming.clear();
        self.returning.clear();
        self.last_accepted = None;
    }

    /// A client writes.
    pub fn send(&mut self, centre: &Centre, act: &Act) {
        let write = Write {
            arrival: Arrival { at: centre.reached(act), n: act.n },
            start: act.at,
            location: act.location,
            version: stamp_of(&centre.common, act.location, act.draw, act.at),
            operation: act.operation,
            draw: act.draw,
        };
        self.coming.push(Waiting(write.arrival, write));
    }

    /// Takes the next write that arrives no later than `until`, in the order of arrival.
    #[inline]
    pub fn arrive(&mut self, until: Time) -> Option<Write> {
        let Waiting(next, _) = self.coming.peek()?;
        if next.at > until {
            return None;
        }
        self.coming.pop().map(|Waiting(_, write)| write)
    }

    /// The central store accepts or refuses a write that arrived.
    pub fn decide(&mut self, centre: &Centre, write: &Write) -> Decision {
        let now = write.arrival.at;
        let counted = counts_as_write(&centre.common, write.operation);
        if counted && self.last_accepted.is_some_and(|last| now.since(last) < centre.write_interval) {
            return Decision::Refused(centre.back(now, write.location, write.draw));
        }
        if counted {
            self.last_accepted = Some(now);
        }
        let service = centre.write.span(derive(write.draw, hop::SERVICE));
        let at = centre.back(now + service, write.location, write.draw);
        let back = Return { at, left: write.arrival };
        let acknowledged = Acknowledged {
            back,
            start: write.start,
            location: write.location,
            version: write.version,
            deletes: write.operation == Operation::Delete,
            shown: derive(write.draw, hop::LOCAL) <= centre.shown_locally && centre.shown_locally > 0,
        };
        self.returning.push(Waiting(back, acknowledged));
        Decision::Accepted
    }

    /// Takes the next acknowledgement if the engine sees it before this act; without an act, the next one.
    #[inline]
    pub fn acknowledge(&mut self, act: Option<&Act>) -> Option<Acknowledged> {
        let Waiting(next, _) = self.returning.peek()?;
        if act.is_some_and(|act| !next.is_before(act)) {
            return None;
        }
        self.returning.pop().map(|Waiting(_, acknowledged)| acknowledged)
    }
}
