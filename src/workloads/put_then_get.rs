//! `put`, and then `get` at once: the snippet that everybody writes.

use crate::metrics::{CountId, Judgement};
use crate::model::{Answer, Key, Location, Operation, Request, Seen, Value, Version};
use crate::random::StreamKey;

use super::arrivals::{Arrivals, Source, any_edge, other_edge};
use super::config::{GetFrom, PutThenGetConfig, Shape};
use super::contract::{Ask, Desk, Groups, Workload};

/// Clients below this number are background readers, one for each location.
const PAIR_CLIENTS: u32 = 1 << 16;
/// The tag of background reads; pairs carry their client.
const BACKGROUND: u32 = u32::MAX;

/// The state of one pair.
#[derive(Clone, Copy, Debug)]
struct Pair {
    get_at: Location,
    /// What the put left behind.
    put: Version,
}

/// One key: who puts and gets it, and who reads it besides.
#[derive(Clone, Debug)]
struct Group {
    pairs: Source,
    background: Source,
    written: Value,
    /// By client: a client takes the next pair when its last one is over.
    under_way: Vec<Pair>,
    free: Vec<u32>,
}

/// The workload: each key is a group.
#[derive(Debug)]
pub struct PutThenGet {
    config: PutThenGetConfig,
    arrivals: Arrivals,
    key: StreamKey,
    edges: u16,
    groups: Vec<Group>,
}

/// What a token means: its lowest two bits. Above them: the group in 30 bits, then the client of a pair.
const PAIR: u64 = 0;
const READ: u64 = 1;
const GET: u64 = 2;
const GROUPS_MASK: u32 = (1 << 30) - 1;

impl PutThenGet {
    /// From its plain data.
    pub fn new(config: &PutThenGetConfig, key: StreamKey, edges: u16) -> PutThenGet {
        let arrivals = Arrivals::new(&Shape::Poisson);
        PutThenGet { config: config.clone(), arrivals, key, edges, groups: Vec::new() }
    }

    fn background_rate(&self) -> f64 {
        self.config.background_reads * f64::from(self.edges)
    }

    fn put(&mut self, number: u32, desk: &mut Desk<'_>) {
        let group = &mut self.groups[number as usize];
        let source = &mut group.pairs;
        let location = any_edge(&mut source.stream, self.edges);
        let get_at = match self.config.get_from {
            GetFrom::Same => location,
            GetFrom::Other => other_edge(&mut source.stream, self.edges, location),
            GetFrom::Any => any_edge(&mut source.stream, self.edges),
        };
        group.written += 1;
        let operation = Operation::Put { value: group.written, ttl: None };
        let next = self.arrivals.next(source, desk.now, self.config.pairs);
        desk.wake(next, u64::from(number) << 2 | PAIR);
        let client = group.free.pop().unwrap_or(group.under_way.len() as u32);
        let pair = Pair { get_at, put: Version::INITIAL };
        if client as usize == group.under_way.len() {
            group.under_way.push(pair);
        }
        group.under_way[client as usize] = pair;
        ask(desk, PAIR_CLIENTS + client, location, number, operation, client);
    }

    fn get(&mut self, group: u32, client: u32, desk: &mut Desk<'_>) {
        let get_at = self.groups[group as usize].under_way[client as usize].get_at;
        ask(desk, PAIR_CLIENTS + client, get_at, group, Operation::Get { cache_ttl: None }, client);
    }
}

fn ask(desk: &mut Desk<'_>, client: u32, location: Location, group: u32, operation: Operation, tag: u32) {
    desk.ask(Ask::of_group(group, client, location, operation, tag));
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
            self.groups.push(Group { pairs, background, written: 0, under_way: Vec::new(), free: Vec::new() });
        }
    }

    fn wake(&mut self, token: u64, desk: &mut Desk<'_>) {
        let number = (token >> 2) as u32 & GROUPS_MASK;
        match token & 3 {
            PAIR => self.put(number, desk),
            GET => self.get(number, (token >> 32) as u32, desk),
            _ => {
                let rate = self.background_rate();
                let source = &mut self.groups[number as usize].background;
                let location = any_edge(&mut source.stream, self.edges);
                let next = self.arrivals.next(source, desk.now, rate);
                let get = Operation::Get { cache_ttl: None };
                ask(desk, u32::from(location.0), location, number, get, BACKGROUND);
                desk.wake(next, token);
            }
        }
    }

    fn answered(&mut self, request: &Request, answer: &Answer, _: Judgement, desk: &mut Desk<'_>) {
        let client = request.tag;
        if client == BACKGROUND {
            return;
        }
        let group = &mut self.groups[request.group as usize];
        let pair = &mut group.under_way[client as usize];
        if !request.operation.is_read() && answer.is_ok() {
            pair.put = answer.seen.version;
            if self.config.gap.0 == 0 {
                self.get(request.group, client, desk);
            } else {
                let token = u64::from(client) << 32 | u64::from(request.group) << 2 | GET;
                desk.wake(desk.now + self.config.gap, token);
            }
            return;
        }
        if answer.is_ok() && desk.measures(request.start) {
            let old = answer.seen.version < pair.put;
            desk.measurements.count_mut(CountId::OldOrNothing).add(old);
        }
        group.free.push(client);
    }

    fn end(&mut self, _latest: &dyn Fn(Key) -> Seen, _desk: &mut Desk<'_>) {}
}
