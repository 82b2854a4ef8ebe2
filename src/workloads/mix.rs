//! Reads and writes in given proportions over keys of given popularity; also the load of a cache in front of a database.

use std::sync::Arc;

use crate::metrics::{CountId, Judgement};
use crate::model::{Answer, Call, Key, Operation, Request, Seen, Span, Value};
use crate::random::{StreamKey, chance};

use super::arrivals::{Arrivals, Source, any_edge};
use super::config::{CacheAsideWorkloadConfig, MixConfig};
use super::contract::{Ask, Desk, Groups, Workload};
use super::values::{KEY_BYTES, Values};

/// What a cache in front of a database is held to.
#[derive(Clone, Copy, Debug)]
struct CachePromise {
    ttl: Span,
}

/// The workload: each key is a group with its own arrivals.
#[derive(Debug)]
pub struct Mix {
    arrivals: Arrivals,
    key: StreamKey,
    edges: u16,
    /// Operations per second, all keys together.
    rate: f64,
    shares: Arc<[f64]>,
    writes: u64,
    deletes: u64,
    preloaded: bool,
    promise: Option<CachePromise>,
    values: Option<Values>,
    first_group: u32,
    sources: Vec<(Source, Value)>,
}

impl Mix {
    /// The general mix; `key` is for its arrivals, `sizes` for its values.
    pub fn new(config: &MixConfig, shares: Arc<[f64]>, key: StreamKey, sizes: StreamKey, edges: u16) -> Mix {
        let rate = config.reads + config.writes;
        Mix {
            arrivals: Arrivals::new(&config.shape),
            key,
            edges,
            rate,
            shares,
            writes: chance(config.writes / rate),
            deletes: chance(config.deletes),
            preloaded: config.preloaded,
            promise: None,
            values: config.values.as_ref().map(|values| Values::new(values, sizes)),
            first_group: 0,
            sources: Vec::new(),
        }
    }

    /// Reads through a cache, updates in the database.
    pub fn cache_aside(config: &CacheAsideWorkloadConfig, shares: Arc<[f64]>, key: StreamKey, edges: u16) -> Mix {
        // Without values, nothing is drawn for their sizes.
        let mix = Mix::new(&config.mix(edges), shares, key, key, edges);
        Mix { promise: Some(CachePromise { ttl: config.ttl }), ..mix }
    }

    #[inline]
    fn rate_of(&self, group: u32) -> f64 {
        self.rate * self.shares[(self.first_group + group) as usize]
    }
}

impl Workload for Mix {
    fn groups(&self) -> Groups {
        Groups::Fixed(self.shares.len() as u32)
    }

    fn initial(&self) -> Option<Value> {
        self.preloaded.then_some(0)
    }

    fn sessions(&self) -> bool {
        false
    }

    fn is_open(&self) -> bool {
        true
    }

    fn value_bytes(&self, key: Key, value: Value) -> u32 {
        self.values.as_ref().map_or(0, |all| all.bytes_of(u64::from(self.first_group + key.0), value))
    }

    fn metadata_bytes(&self, _key: Key, value: Value) -> u16 {
        self.values.as_ref().map_or(0, |all| all.metadata_of(value))
    }

    fn states_sizes(&self) -> bool {
        self.values.is_some()
    }

    fn stored_at_start(&self, first_group: u32, groups: u32, tell: &mut dyn FnMut(u32, Key, u64)) {
        let Some(values) = self.values.as_ref().filter(|_| self.preloaded) else { return };
        for group in 0..groups {
            tell(group, Key(group), values.stored_at_start(u64::from(first_group + group), KEY_BYTES));
        }
    }

    fn parse_time(&self, call: Call, bytes: u64) -> Span {
        self.values.as_ref().map_or(Span::ZERO, |all| all.config.parse.time(call, bytes))
    }

    fn begin(&mut self, first_group: u32, groups: u32, desk: &mut Desk<'_>) {
        self.first_group = first_group;
        self.sources.clear();
        for group in 0..groups {
            let stream = self.key.stream(u64::from(first_group + group));
            let (source, at) = self.arrivals.first(stream, self.rate_of(group));
            self.sources.push((source, 0));
            desk.wake(at, u64::from(group));
        }
    }

    #[inline]
    fn wake(&mut self, token: u64, desk: &mut Desk<'_>) {
        let group = token as u32;
        let rate = self.rate_of(group);
        let (source, written) = &mut self.sources[group as usize];
        let location = any_edge(&mut source.stream, self.edges);
        let operation = if source.stream.happens(self.writes) {
            *written += 1;
            if source.stream.happens(self.deletes) {
                Operation::Delete
            } else {
                Operation::Put { value: *written, ttl: self.values.as_ref().and_then(|all| all.config.expiration_ttl) }
            }
        } else {
            Operation::Get { cache_ttl: self.values.as_ref().and_then(|all| all.config.cache_ttl) }
        };
        let number = u64::from(self.first_group + group);
        let call = self.values.as_ref().map_or(Call::default(), |all| all.call(number, operation, KEY_BYTES));
        let wants_answer = self.promise.is_some();
        let client = u32::from(location.0);
        desk.ask(Ask { wants_answer, call, ..Ask::of_group(group, client, location, operation, 0) });
        let next = self.arrivals.next(source, desk.now, rate);
        desk.wake(next, token);
    }

    fn answered(&mut self, request: &Request, answer: &Answer, judgement: Judgement, desk: &mut Desk<'_>) {
        let Some(promise) = self.promise else { return };
        if request.operation.is_read() && answer.is_ok() && desk.measures(request.start) {
            let beyond = judgement.stale && judgement.age > promise.ttl;
            desk.measurements.count_mut(CountId::StaleAfterInvalidation).add(judgement.stale);
            desk.measurements.count_mut(CountId::StaleBeyondTtl).add(beyond);
        }
    }

    fn end(&mut self, _latest: &dyn Fn(Key) -> Seen, _desk: &mut Desk<'_>) {}
}
