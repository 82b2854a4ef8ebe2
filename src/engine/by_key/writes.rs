//! A key's writes: on their way to the central store, accepted or refused there, and on their way back.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::model::{Location, Operation, Span, Time, Version};
use crate::network::Network;
use crate::random::{Sampler, chance, derive};
use crate::stores::kv_pull::{counts_as_write, stamp_of};
use crate::stores::{KvCommon, hop};

use super::acts::{Act, What};
use super::cached::Inside;
use super::order::{Arrival, Return};

/// What stays the same: how the central store takes writes.
#[derive(Clone, Debug)]
pub(super) struct Centre {
    place: Location,
    network: Network,
    /// By location, what distance alone takes: towards the central store, and back.
    ways: Vec<[Span; 2]>,
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
    pub deletes: bool,
    pub draw: u64,
    /// What is written beside the version.
    pub inside: Inside,
    /// Who writes, and when whoever acted before did.
    client: u32,
    before: Time,
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
    pub inside: Inside,
    client: u32,
    before: Time,
}

impl Acknowledged {
    /// How the write started.
    pub fn act(&self) -> Act {
        let &Acknowledged { back, start: at, before, location, client, .. } = self;
        Act { n: back.left.n, at, before, draw: 0, location, client }
    }
}

/// Something that waits for its turn: the earliest first. Turns never tie.
#[derive(Debug)]
pub(super) struct Waiting<T, W>(pub T, pub W);

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
    /// When the first of each is there; [`Time::NEVER`] without any.
    next_coming: Time,
    next_returning: Time,
    last_accepted: Option<Time>,
}

/// What is known of a key's writes while others are simulated.
#[derive(Debug)]
pub(super) enum Kept {
    /// None is in flight, and the last one was accepted then.
    LastAccepted(Time),
    InFlight(Box<Writes>),
}

impl Centre {
    pub fn new(common: &KvCommon, write_interval: Span, place: Location, network: Network, locations: usize) -> Centre {
        let ways = |from| [network.half_rtt(from, place), network.half_rtt(place, from)];
        Centre {
            place,
            ways: (0..locations).map(|n| ways(Location(n as u16))).collect(),
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
        act.at + self.way(act.location, 0, act.draw, hop::OUT)
    }

    /// When what leaves the central store then is back.
    #[inline]
    pub fn back(&self, leaves: Time, to: Location, draw: u64) -> Time {
        leaves + self.way(to, 1, draw, hop::BACK)
    }

    #[inline]
    fn way(&self, location: Location, direction: usize, draw: u64, hop: u64) -> Span {
        if location == self.place {
            return Span::ZERO;
        }
        self.ways[location.index()][direction] + self.network.jitter(derive(draw, hop))
    }
}

impl Writes {
    /// A new key: nothing is in flight.
    #[inline]
    pub fn begin(&mut self) {
        debug_assert!(self.coming.is_empty() && self.returning.is_empty(), "a key ends when nothing is in flight");
        (self.next_coming, self.next_returning) = (Time::NEVER, Time::NEVER);
        self.last_accepted = None;
    }

    /// A client writes, and puts so many bytes where sizes are stated; says which version.
    #[inline(never)]
    pub fn send(&mut self, centre: &Centre, act: &Act, what: What, bytes: u32) -> Version {
        let arrival = Arrival { at: centre.reached(act), n: act.n };
        let inside = match what {
            What::Put { ttl, .. } => Inside { expires: ttl.map_or(Time::NEVER, |ttl| arrival.at + ttl), bytes },
            What::Delete => Inside::NOTHING,
        };
        let write = Write {
            arrival,
            start: act.at,
            location: act.location,
            version: stamp_of(&centre.common, act.location, act.draw, act.at),
            deletes: what == What::Delete,
            draw: act.draw,
            inside,
            client: act.client,
            before: act.before,
        };
        self.next_coming = self.next_coming.min(write.arrival.at);
        self.coming.push(Waiting(write.arrival, write));
        write.version
    }

    /// No write that is acknowledged from now on has an older version.
    pub fn oldest_to_come(&self, centre: &Centre, now: Time) -> Version {
        let coming = self.coming.iter().map(|Waiting(_, write)| write.version);
        let returning = self.returning.iter().map(|Waiting(_, acknowledged)| acknowledged.version);
        let clock = centre.common.clock_skew.iter().copied().min().unwrap_or(0).min(0);
        let later = Version { stamp: now.0.saturating_add_signed(clock), nonce: 0 };
        coming.chain(returning).fold(later, Version::min)
    }

    /// The first of those who wrote what is on its way, there or back, by count; the greatest number without any.
    pub fn first_in_flight(&self) -> u64 {
        let coming = self.coming.iter().map(|Waiting(arrival, _)| arrival.n);
        let returning = self.returning.iter().map(|Waiting(back, _)| back.left.n);
        coming.chain(returning).min().unwrap_or(u64::MAX)
    }

    /// Whether no write is on its way, there or back.
    #[inline]
    pub fn is_none_in_flight(&self) -> bool {
        self.next_coming == Time::NEVER && self.next_returning == Time::NEVER
    }

    /// Goes on to another key, and gives what is known of this one; `None` where no write was ever accepted nor is in flight.
    pub fn keep(&mut self) -> Option<Kept> {
        if self.is_none_in_flight() {
            return self.last_accepted.map(Kept::LastAccepted);
        }
        let fresh = Writes { next_coming: Time::NEVER, next_returning: Time::NEVER, ..Writes::default() };
        Some(Kept::InFlight(Box::new(std::mem::replace(self, fresh))))
    }

    /// The key that has just begun is one that was kept.
    pub fn come_back(&mut self, kept: Kept) {
        match kept {
            Kept::LastAccepted(at) => self.last_accepted = Some(at),
            Kept::InFlight(writes) => *self = *writes,
        }
    }

    /// Whether a write arrives no later than `until`.
    #[inline]
    pub fn is_any_due(&self, until: Time) -> bool {
        self.next_coming <= until && self.next_coming < Time::NEVER
    }

    /// Whether an acknowledgement may be back before this act; without an act, whether any is to come.
    #[inline]
    pub fn is_any_back(&self, act: Option<&Act>) -> bool {
        self.next_returning <= act.map_or(Time::NEVER, |act| act.at) && self.next_returning < Time::NEVER
    }

    /// Takes the next write that arrives before that, in the order of arrival.
    pub fn arrive(&mut self, before: Arrival) -> Option<Write> {
        if !self.is_any_due(before.at) || self.coming.peek().is_some_and(|Waiting(next, _)| *next >= before) {
            return None;
        }
        let Waiting(_, write) = self.coming.pop()?;
        self.next_coming = self.coming.peek().map_or(Time::NEVER, |Waiting(next, _)| next.at);
        Some(write)
    }

    /// The central store accepts or refuses a write that arrived.
    pub fn decide(&mut self, centre: &Centre, write: &Write) -> Decision {
        let now = write.arrival.at;
        let operation = if write.deletes { Operation::Delete } else { Operation::Put { value: 0, ttl: None } };
        let counted = counts_as_write(&centre.common, operation);
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
            deletes: write.deletes,
            shown: derive(write.draw, hop::LOCAL) <= centre.shown_locally && centre.shown_locally > 0,
            inside: write.inside,
            client: write.client,
            before: write.before,
        };
        self.next_returning = self.next_returning.min(at);
        self.returning.push(Waiting(back, acknowledged));
        Decision::Accepted
    }

    /// Takes the next acknowledgement if the engine sees it before this act; without an act, the next one.
    pub fn acknowledge(&mut self, act: Option<&Act>) -> Option<Acknowledged> {
        let Waiting(next, _) = self.returning.peek()?;
        if act.is_some_and(|act| !next.is_before(act)) {
            return None;
        }
        let Waiting(_, acknowledged) = self.returning.pop()?;
        self.next_returning = self.returning.peek().map_or(Time::NEVER, |Waiting(next, _)| next.at);
        Some(acknowledged)
    }
}
