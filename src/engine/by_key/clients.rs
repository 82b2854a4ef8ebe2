//! One key's clients: when they act, where and how, draw by draw as the workload [`Mix`](crate::workloads::mix) has it.

use std::sync::Arc;

use crate::model::{Location, Span, Time, Value};
use crate::random::{Purpose, StreamKey, chance, derive};
use crate::stores::d1_alone::What as Does;
use crate::workloads::MixConfig;
use crate::workloads::arrivals::{Arrivals, Pace, Source, any_edge};
use crate::workloads::values::{KEY_BYTES, Size};

use super::acts::{Act, Acting, What, before};
use super::sources::Sources;

/// The clients of all keys, of one replication.
#[derive(Debug)]
pub(super) struct Clients {
    arrivals: Arrivals,
    /// What arrivals are drawn from, and what requests are.
    streams: StreamKey,
    requests: StreamKey,
    edges: u16,
    /// Operations per second, all keys together.
    rate: f64,
    shares: Arc<[f64]>,
    writes: u64,
    deletes: u64,
    /// Whether what they put has a size or something comes of answers, and after which time what they put expires if it does.
    say_more: bool,
    ttl: Option<Span>,
    /// Nobody acts from then on.
    until: Time,
}

/// The clients of one key, on their way through the run; `MORE`: what they put may expire or has a size, or something may come
/// of answers.
#[derive(Debug)]
pub(super) struct OfKey<'a, const MORE: bool> {
    clients: &'a Clients,
    key: u32,
    source: Source,
    pace: Pace,
    /// The group's number for random draws.
    number: u64,
    /// How many have acted, how many of them wrote, and when the last of them did.
    acted: u64,
    written: Value,
    last: Time,
    /// When the next acts; [`Time::NEVER`]: nobody does any more.
    next: Time,
}

impl Clients {
    /// `awaited`: whether something comes of answers to reads when they are there.
    pub fn new(
        config: &MixConfig,
        awaited: bool,
        shares: Arc<[f64]>,
        seed: u64,
        replication: u32,
        edges: u16,
        until: Time,
    ) -> Clients {
        let rate = config.reads + config.writes;
        Clients {
            arrivals: Arrivals::new(&config.shape),
            streams: StreamKey::new(seed, replication, Purpose::Arrivals),
            requests: StreamKey::new(seed, replication, Purpose::Requests),
            edges,
            rate,
            shares,
            writes: chance(config.writes / rate),
            deletes: chance(config.deletes),
            say_more: awaited || config.values.is_some(),
            ttl: config.values.as_ref().and_then(|values| values.expiration_ttl),
            until,
        }
    }

    /// Whether what they put may expire or has a size, or something comes of answers.
    pub fn say_more(&self) -> bool {
        self.say_more
    }

    /// Operations per second on a key.
    #[inline]
    fn rate_of(&self, key: u32) -> f64 {
        self.rate * self.shares[key as usize]
    }

    /// The clients of a key, before any of them acts.
    #[inline]
    pub fn of<const MORE: bool>(&self, key: u32) -> OfKey<'_, MORE> {
        let rate = self.rate_of(key);
        let (number, pace) = (self.number(key), self.arrivals.pace(rate));
        let (source, next) = self.first_at(key, rate, pace);
        OfKey { clients: self, key, source, pace, number, acted: 0, written: 0, last: Time::START, next }
    }

    #[inline(always)]
    fn first_at(&self, key: u32, rate: f64, pace: Pace) -> (Source, Time) {
        let (source, first) = self.arrivals.first_at(self.streams.stream(u64::from(key)), rate, pace);
        (source, before(self.until, first))
    }

    /// Where somebody acts, whether he writes, and whether that deletes.
    #[inline(always)]
    fn draw(&self, source: &mut Source) -> (Location, bool, bool) {
        let location = any_edge(&mut source.stream, self.edges);
        let writes = source.stream.happens(self.writes);
        (location, writes, writes && source.stream.happens(self.deletes))
    }
}

impl Sources for Clients {
    type One = Source;

    fn keys(&self) -> u32 {
        self.shares.len() as u32
    }

    #[inline]
    fn number(&self, key: u32) -> u64 {
        self.requests.entity(u64::from(key))
    }

    fn first(&self, key: u32) -> (Source, Time) {
        let rate = self.rate_of(key);
        self.first_at(key, rate, self.arrivals.pace(rate))
    }

    #[inline]
    fn act(&self, source: &mut Source) -> (Location, Does) {
        match self.draw(source) {
            (location, false, _) => (location, Does::Get),
            (location, true, false) => (location, Does::Put),
            (location, true, true) => (location, Does::Delete),
        }
    }

    #[inline]
    fn next(&self, key: u32, source: &mut Source, now: Time) -> Time {
        before(self.until, self.arrivals.next(source, now, self.rate_of(key)))
    }
}

impl<const MORE: bool> Acting for OfKey<'_, MORE> {
    const GOES_ON: bool = false;
    const SAY_MORE: bool = MORE;

    fn act(&mut self, most: usize, reads: &mut Vec<Act>, write: impl FnMut(Act, What)) {
        // Asked once, not for everybody.
        if self.clients.arrivals.is_poisson() {
            self.draw::<true>(most, reads, write);
        } else {
            self.draw::<false>(most, reads, write);
        }
    }

    #[inline]
    fn horizon(&self) -> Time {
        self.next
    }

    fn last_act(&self) -> Time {
        self.last
    }

    fn name_and_length(&self) -> Option<(u64, u16)> {
        Some((self.key.into(), KEY_BYTES))
    }
}

impl<const MORE: bool> OfKey<'_, MORE> {
    /// What somebody puts, who is the so manieth to write.
    #[inline]
    fn put(&self, written: Value) -> What {
        if MORE { What::Put { ttl: self.clients.ttl, size: Size::OfNumber(written) } } else { What::PUT }
    }

    #[inline(never)]
    fn draw<const POISSON: bool>(&mut self, most: usize, reads: &mut Vec<Act>, mut write: impl FnMut(Act, What)) {
        // What changes with every act stays in registers.
        let OfKey { clients, key: _, mut source, pace, number, acted, mut written, mut last, next: mut at } = *self;
        let (mut n, end) = (acted, acted + most as u64);
        if at == Time::NEVER {
            return;
        }
        while n < end {
            let (location, writes, deletes) = clients.draw(&mut source);
            let next = if POISSON {
                clients.arrivals.next_poisson(&mut source, at, pace)
            } else {
                clients.arrivals.next_at(&mut source, at, pace)
            };
            // Made where it goes: to put it together first and then to copy it costs more than to draw it.
            let act = Act { n, at, before: last, draw: derive(number, n + 1), location, client: 0 };
            if writes {
                written += 1;
                write(act, if deletes { What::Delete } else { self.put(written) });
            } else {
                reads.push(act);
            }
            (last, at) = (at, next);
            n += 1;
            if next >= clients.until {
                at = Time::NEVER;
                break;
            }
        }
        *self = OfKey { source, acted: n, written, last, next: at, ..*self };
    }
}
