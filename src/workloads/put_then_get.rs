//! `put`, and then `get` at once: the snippet that everybody writes.

use crate::metrics::{CountId, Judgement};
use crate::model::{Answer, Client, Key, Location, Operation, Request, Seen, Value, Version};
use crate::random::StreamKey;

use super::arrivals::{Arrivals, Source, any_edge, other_edge};
use super::config::{GetFrom, PutThenGetConfig, Shape};
use super::contract::{Ask, Desk, Groups, Workload};

/// Clients below this number are background readers, one for each location.
const PAIR_CLIENTS: u32 = 1 << 16;
/// The tag of background reads; pairs carry the place of their state.
const BACKGROUND: u32 = u32::MAX;

/// The state of one pair.
#[derive(Clone, Copy, Debug)]
struct Pair {
    group: u32,
    get_at: Location,
    /// What the put left behind.
    put: Version,
}

/// The workload: each key is a group.
#[derive(Debug)]
pub struct PutThenGet {
    config: PutThenGetConfig,
    arrivals: Arrivals,
    key: StreamKey,
    edges: u16,
    /// For each group: the pairs' source, the background's, and the last value written.
    groups: Vec<(Source, Source, Value)>,
    pairs: Vec<Pair>,
    free: Vec<u32>,
}

/// What a token means: its lowest two bits.
const PAIR: u64 = 0;
const READ: u64 = 1;
const GET: u64 = 2;

impl PutThenGet {
    /// From its plain data.
    pub fn new(config: &PutThenGetConfig, key: StreamKey, edges: u16) -> PutThenGet {
        let arrivals = Arrivals::new(&Shape::Poisson);
        let (groups, pairs, free) = Default::default();
        PutThenGet { config: config.clone(), arrivals, key, edges, groups, pairs, free }
    }

    fn background_rate(&self) -> f64 {
        self.config.background_reads * f64::from(self.edges)
    }

    fn put(&mut self, group: u32, desk: &mut Desk<'_>) {
        let (source, _, written) = &mut self.groups[group as usize];
        let location = any_edge(&mut source.stream, self.edges);
        let get_at = match self.config.get_from {
            GetFrom::Same => location,
            GetFrom::Other => other_edge(&mut source.stream, self.edges, location),
            GetFrom::Any => any_edge(&mut source.stream, self.edges),
        };
        *written += 1;
        let operation = Operation::Put { value: *written, ttl: None };
        let next = self.arrivals.next(source, desk.now, self.config.pairs);
        desk.wake(next, u64::from(group) << 2 | PAIR);
        let pair = Pair { group, get_at, put: Version::INITIAL };
        let slot = self.free.pop().unwrap_or(self.pairs.len() as u32);
        if slot as usize == self.pairs.len() {
            self.pairs.push(pair);
        }
        self.pairs[slot as usize] = pair;
        ask(desk, PAIR_CLIENTS + slot, location, group, operation, slot);
    }

    fn get(&mut self, slot: u32, desk: &mut Desk<'_>) {
        let Pair { group, get_at, .. } = self.pairs[slot as usize];
        ask(desk, PAIR_CLIENTS + slot, get_at, group, Operation::Get { cache_ttl: None }, slot);
    }
}

fn ask(desk: &mut Desk<'_>, client: u32, location: Location, group: u32, operation: Operation, tag: u32) {
    let client = Client(client);
    desk.ask(Ask { client, location, key: Key(group), keys: 1, group, operation, tag, wants_answer: true });
}

impl Workload for PutThenGet {
    fn groups(&self) -> Groups {
        Groups::Fixed(self.config.keys)
    }

    fn initial(&self) -> Option<Value> {
        self.config.preloaded.then_some(0)
    }

    fn sessions(&self) -> bool {
        true
    }

    fn begin(&mut self, first_group: u32, groups: u32, desk: &mut Desk<'_>) {
        self.groups.clear();
        self.pairs.clear();
        self.free.clear();
        for group in 0..groups {
            let number = u64::from(first_group + group);
            let (pairs, first_pair) = self.arrivals.first(self.key.stream(number << 1), self.config.pairs);
            desk.wake(first_pair, u64::from(group) << 2 | PAIR);
            let stream = self.key.stream(number << 1 | 1);
            let mut background = pairs;
            if self.config.background_reads > 0.0 {
                let (source, first_read) = self.arrivals.first(stream, self.background_rate());
                background = source;
                desk.wake(first_read, u64::from(group) << 2 | READ);
            }
            self.groups.push((pairs, background, 0));
        }
    }

    fn wake(&mut self, token: u64, desk: &mut Desk<'_>) {
        let number = (token >> 2) as u32;
        match token & 3 {
            PAIR => self.put(number, desk),
            GET => self.get(number, desk),
            _ => {
                let rate = self.background_rate();
                let source = &mut self.groups[number as usize].1;
                let location = any_edge(&mut source.stream, self.edges);
                let next = self.arrivals.next(source, desk.now, rate);
                let get = Operation::Get { cache_ttl: None };
                ask(desk, u32::from(location.0), location, number, get, BACKGROUND);
                desk.wake(next, token);
            }
        }
    }

    fn answered(&mut self, request: &Request, answer: &Answer, _: Judgement, desk: &mut Desk<'_>) {
        let slot = request.tag;
        if slot == BACKGROUND {
            return;
        }
        if request.operation.is_read() {
            if answer.is_ok() && desk.measures(request.start) {
                let old = answer.seen.version < self.pairs[slot as usize].put;
                desk.measurements.count_mut(CountId::OldOrNothing).add(old);
            }
            self.free.push(slot);
        } else if answer.is_ok() {
            self.pairs[slot as usize].put = answer.seen.version;
            if self.config.gap.0 == 0 {
                self.get(slot, desk);
            } else {
                desk.wake(desk.now + self.config.gap, u64::from(slot) << 2 | GET);
            }
        } else {
            self.free.push(slot);
        }
    }

    fn end(&mut self, _latest: &dyn Fn(Key) -> Seen, _desk: &mut Desk<'_>) {}
}
