//! The mix on Workers KV, pulled or pushed.

use std::collections::HashMap;

use consistency_sim::model::{Location, Refusal, Span, Time, Version};
use consistency_sim::network::Network;
use consistency_sim::random::{Purpose, Sampler, StreamKey, chance, derive};
use consistency_sim::scenario::Scenario;
use consistency_sim::stores::{KvCommon, KvPullConfig, KvPushConfig, WriteLimit, hop};
use consistency_sim::workloads::MixConfig;
use consistency_sim::workloads::arrivals::{Arrivals, Source, any_edge};
use rustc_hash::FxBuildHasher;

use super::history::{History, Kind};
use super::{Agenda, Class, Draws};

/// What both models have, and how a copy gets to a location.
pub struct Kv {
    common: KvCommon,
    copies: Copies,
    limit_per_namespace: bool,
}

enum Copies {
    Pulled { cache_ttl: Span, negative_caching: bool },
    Pushed { delay: Sampler },
}

impl Kv {
    pub fn pull(config: &KvPullConfig) -> Kv {
        let copies = Copies::Pulled { cache_ttl: config.cache_ttl, negative_caching: config.negative_caching };
        Kv { common: config.common.clone(), copies, limit_per_namespace: false }
    }

    pub fn push(config: &KvPushConfig) -> Kv {
        let copies = Copies::Pushed { delay: Sampler::truncated(&config.delay, config.max) };
        Kv { common: config.common.clone(), copies, limit_per_namespace: config.limit_per_namespace }
    }
}

/// A version, and whether it is a value or the absence of one.
#[derive(Clone, Copy)]
struct Copy {
    version: Version,
    value: bool,
}

enum Event {
    /// The next operation of a key.
    Arrival(u32),
    /// A read that missed is at the central store, and its answer is back.
    Fetch(usize),
    Fetched(usize, Copy),
    /// A write is at the central store, and its acknowledgement or refusal is back.
    Commit(usize, Copy),
    Acknowledged(usize, Copy),
    Refused(usize),
    /// A read's answer is at its client.
    Answered(usize, Version, bool),
    /// A pushed version reaches a location.
    Reaches(u32, Location, Version),
    /// A copy that was filled with this number is too old.
    Expires(u32, Location, u64),
}

/// A copy at a location. One that is too old is no longer shown, and still keeps older ones out.
#[derive(Clone, Copy)]
struct Held {
    copy: Copy,
    fill: u64,
    shown: bool,
}

struct Simulation<'a> {
    scenario: &'a Scenario,
    kv: Kv,
    network: Network,
    agenda: Agenda<Event>,
    history: History,
    /// By operation.
    draws: Vec<u64>,
    central: Vec<(Copy, Option<Time>)>,
    last_accepted_of_all: Option<Time>,
    held: HashMap<(u32, Location), Held, FxBuildHasher>,
    fills: u64,
    initial: Copy,
    hit: Sampler,
    read: Sampler,
    write: Sampler,
}

pub fn simulate(scenario: &Scenario, mix: &MixConfig, kv: Kv, replication: u32) -> History {
    let initial = Copy { version: Version::INITIAL, value: mix.preloaded };
    let mut simulation = Simulation {
        scenario,
        network: Network::new(&scenario.network),
        agenda: Agenda::new(),
        history: History::default(),
        draws: Vec::new(),
        central: vec![(initial, None); mix.keys as usize],
        last_accepted_of_all: None,
        held: HashMap::default(),
        fills: 0,
        initial,
        hit: Sampler::new(&kv.common.hit_latency),
        read: Sampler::new(&kv.common.central_read),
        write: Sampler::new(&kv.common.central_write),
        kv,
    };
    simulation.run(mix, replication);
    simulation.history
}

impl Simulation<'_> {
    fn run(&mut self, mix: &MixConfig, replication: u32) {
        let key = StreamKey::new(self.scenario.seed, replication, Purpose::Arrivals);
        let arrivals = Arrivals::new(&mix.shape);
        let total = mix.reads + mix.writes;
        let rates: Vec<f64> = mix.popularity.shares(mix.keys).iter().map(|share| total * share).collect();
        let mut draws = Draws::new(self.scenario, replication, mix.keys);
        let mut sources: Vec<Source> = Vec::new();
        let end = Time(self.scenario.duration.0);
        for (number, rate) in (0..).zip(&rates) {
            let (source, at) = arrivals.first(key.stream(u64::from(number)), *rate);
            sources.push(source);
            if at < end {
                self.agenda.add(at, Class::Other, Event::Arrival(number));
            }
        }
        let (writes, deletes) = (chance(mix.writes / total), chance(mix.deletes));
        while let Some((now, event)) = self.agenda.next() {
            let Event::Arrival(key) = event else {
                self.happens(now, event);
                continue;
            };
            let source = &mut sources[key as usize];
            let location = any_edge(&mut source.stream, self.scenario.network.edges);
            let kind = match source.stream.happens(writes) {
                false => Kind::Read,
                true if source.stream.happens(deletes) => Kind::Delete,
                true => Kind::Write,
            };
            let at = arrivals.next(source, now, rates[key as usize]);
            self.draws.push(draws.next(key));
            self.begin(now, key, location, kind);
            if at < end {
                self.agenda.add(at, Class::Other, Event::Arrival(key));
            }
        }
    }

    /// When something that leaves one place now is at another.
    fn arrives(&self, leaves: Time, from: Location, to: Location, draw: u64) -> Time {
        leaves + self.network.one_way(from, to, draw)
    }

    fn begin(&mut self, now: Time, key: u32, location: Location, kind: Kind) {
        let operation = self.history.begin(now, u32::from(location.0), location.0, key, kind);
        let draw = self.draws[operation];
        let at_central = self.arrives(now, location, self.scenario.network.central, derive(draw, hop::OUT));
        if kind != Kind::Read {
            let skew = self.kv.common.clock_skew.get(location.index()).copied().unwrap_or(0);
            let stamp = (now.0 + 1).saturating_add_signed(skew).max(1);
            let version = Version { stamp, nonce: derive(draw, hop::NONCE) as u32 };
            let copy = Copy { version, value: kind == Kind::Write };
            self.agenda.add(at_central, Class::Other, Event::Commit(operation, copy));
            return;
        }
        let held = self.held.get(&(key, location)).filter(|held| held.shown).map(|held| held.copy);
        let copy = match self.kv.copies {
            Copies::Pulled { .. } => held,
            Copies::Pushed { .. } => Some(held.unwrap_or(self.initial)),
        };
        if let Some(copy) = copy {
            let answered = now + self.hit.span(derive(draw, hop::HIT));
            self.agenda.add(answered, Class::Other, Event::Answered(operation, copy.version, true));
        } else {
            self.agenda.add(at_central, Class::Other, Event::Fetch(operation));
        }
    }

    fn happens(&mut self, now: Time, event: Event) {
        match event {
            Event::Arrival(_) => unreachable!("arrivals are the workload's"),
            Event::Fetch(operation) => {
                let (key, location, draw) = self.of(operation);
                let leaves = now + self.read.span(derive(draw, hop::SERVICE));
                let back = self.arrives(leaves, self.scenario.network.central, location, derive(draw, hop::BACK));
                let copy = self.central[key as usize].0;
                self.agenda.add(back, Class::Other, Event::Fetched(operation, copy));
            }
            Event::Fetched(operation, copy) => {
                let (key, location, _) = self.of(operation);
                if copy.value || matches!(self.kv.copies, Copies::Pulled { negative_caching: true, .. }) {
                    self.hold(now, key, location, copy);
                }
                self.history.end(now, operation, copy.version, false);
            }
            Event::Commit(operation, copy) => self.commit(now, operation, copy),
            Event::Acknowledged(operation, copy) => {
                let (key, location, draw) = self.of(operation);
                let shown = chance(self.kv.common.local_visibility);
                if shown > 0 && derive(draw, hop::LOCAL) <= shown {
                    self.hold(now, key, location, copy);
                }
                self.history.end(now, operation, copy.version, false);
            }
            Event::Refused(operation) => {
                let instant = self.kv.limit_per_namespace;
                let rule = if instant { Refusal::KvInstantTooManyWrites } else { Refusal::KvTooManyWrites };
                self.history.refuse(now, operation, rule);
            }
            Event::Answered(operation, version, cached) => self.history.end(now, operation, version, cached),
            Event::Reaches(key, location, version) => {
                self.hold(now, key, location, Copy { version, value: true });
            }
            Event::Expires(key, location, fill) => {
                if let Some(held) = self.held.get_mut(&(key, location)).filter(|held| held.fill == fill) {
                    held.shown = false;
                }
            }
        }
    }

    fn of(&self, operation: usize) -> (u32, Location, u64) {
        let of = &self.history.operations[operation];
        (of.key, Location(of.location), self.draws[operation])
    }

    /// A location takes a copy, unless it has a newer one.
    fn hold(&mut self, now: Time, key: u32, location: Location, copy: Copy) {
        if self.held.get(&(key, location)).is_some_and(|held| held.copy.version > copy.version) {
            return;
        }
        self.fills += 1;
        self.held.insert((key, location), Held { copy, fill: self.fills, shown: true });
        if let Copies::Pulled { cache_ttl, .. } = self.kv.copies {
            self.agenda.add(now + cache_ttl, Class::Change, Event::Expires(key, location, self.fills));
        }
    }

    fn commit(&mut self, now: Time, operation: usize, copy: Copy) {
        let (key, location, draw) = self.of(operation);
        let place = self.scenario.network.central;
        let back = derive(draw, hop::BACK);
        let (newest, last_of_key) = &mut self.central[key as usize];
        if self.kv.common.write_limit == WriteLimit::Strict && copy.value {
            let last = if self.kv.limit_per_namespace { &mut self.last_accepted_of_all } else { last_of_key };
            if last.is_some_and(|last| now.since(last) < Span::from_secs(1)) {
                let back = self.arrives(now, place, location, back);
                self.agenda.add(back, Class::Other, Event::Refused(operation));
                return;
            }
            *last = Some(now);
        }
        if copy.version > newest.version {
            *newest = copy;
        }
        if let Copies::Pushed { delay } = &self.kv.copies {
            let push = derive(draw, hop::PUSH);
            for edge in (0..self.scenario.network.edges).map(Location) {
                let reaches = now + delay.span(derive(push, u64::from(edge.0)));
                self.agenda.add(reaches, Class::Change, Event::Reaches(key, edge, copy.version));
            }
        }
        let leaves = now + self.write.span(derive(draw, hop::SERVICE));
        let back = self.arrives(leaves, place, location, back);
        self.agenda.add(back, Class::Other, Event::Acknowledged(operation, copy));
    }
}
