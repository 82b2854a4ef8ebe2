//! A configuration of several keys is published together, and read together.

use crate::metrics::{CountId, Judgement};
use crate::model::{Answer, Key, Location, Operation, Request, Seen, Value};
use crate::random::StreamKey;

use super::config::ConfigConfig;
use super::contract::{Ask, Desk, Groups, Workload};
use super::single_writer::{Does, OneWritten, SingleWriter};

/// The publisher's tag; readings carry the place of their state.
const PUBLISH: u32 = u32::MAX;

/// One reading under way: of which publishes its keys were.
#[derive(Clone, Copy, Debug)]
struct Reading {
    awaited: u16,
    complete: bool,
    oldest: Value,
    newest: Value,
}

/// One configuration.
#[derive(Clone, Copy, Debug)]
struct Set {
    acting: OneWritten,
    published: Value,
}

/// The workload: each configuration is a group. The publisher sits at the first edge.
#[derive(Debug)]
pub struct Configurations {
    acts: SingleWriter,
    count: u32,
    /// Of each configuration.
    keys: u16,
    sets: Vec<Set>,
    readings: Vec<Reading>,
    free: Vec<u32>,
}

impl Configurations {
    /// From its plain data.
    pub fn new(config: &ConfigConfig, key: StreamKey, edges: u16) -> Configurations {
        let ConfigConfig { sets: count, keys, publish_every, reads } = config;
        Configurations {
            acts: SingleWriter::new(publish_every, *reads, key, edges),
            count: *count,
            keys: *keys,
            sets: Vec::new(),
            readings: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Asks for all keys of a set: in one request where the store can, else side by side.
    fn ask(&self, group: u32, location: Location, operation: Operation, tag: u32, desk: &mut Desk<'_>) -> u16 {
        let count = self.keys;
        let (requests, keys) = if desk.idiom.several_keys { (1, count) } else { (count, 1) };
        let client = if tag == PUBLISH { u32::from(self.acts.edges()) } else { u32::from(location.0) };
        for n in 0..requests {
            let key = Key(group * u32::from(count) + u32::from(n));
            let wants_answer = tag != PUBLISH;
            desk.ask(Ask { key, keys, wants_answer, ..Ask::of_group(group, client, location, operation, tag) });
        }
        requests
    }
}

impl Workload for Configurations {
    fn groups(&self) -> Groups {
        Groups::Fixed(self.count)
    }

    fn initial(&self) -> Option<Value> {
        Some(0)
    }

    fn sessions(&self) -> bool {
        false
    }

    fn is_open(&self) -> bool {
        true
    }

    fn begin(&mut self, first_group: u32, groups: u32, desk: &mut Desk<'_>) {
        self.sets.clear();
        self.readings.clear();
        self.free.clear();
        for group in 0..groups {
            let acting = self.acts.of(first_group + group);
            desk.wake(acting.next(), u64::from(group));
            self.sets.push(Set { acting, published: 0 });
        }
    }

    fn wake(&mut self, token: u64, desk: &mut Desk<'_>) {
        let group = token as u32;
        let set = &mut self.sets[group as usize];
        match set.acting.act(&self.acts) {
            Does::Write => {
                set.published += 1;
                let operation = Operation::Put { value: set.published, ttl: None };
                self.ask(group, Location(0), operation, PUBLISH, desk);
            }
            Does::Read(location) => {
                let reading = Reading { awaited: 0, complete: true, oldest: Value::MAX, newest: Value::MIN };
                let slot = self.free.pop().unwrap_or(self.readings.len() as u32);
                if slot as usize == self.readings.len() {
                    self.readings.push(reading);
                }
                self.readings[slot as usize] = reading;
                let awaited = self.ask(group, location, Operation::Get { cache_ttl: None }, slot, desk);
                self.readings[slot as usize].awaited = awaited;
            }
        }
        desk.wake(self.sets[group as usize].acting.next(), token);
    }

    fn answered(&mut self, request: &Request, answer: &Answer, _: Judgement, desk: &mut Desk<'_>) {
        let reading = &mut self.readings[request.tag as usize];
        reading.complete &= answer.is_ok();
        for seen in answer.all() {
            let value = seen.value.unwrap_or(Value::MIN);
            reading.oldest = reading.oldest.min(value);
            reading.newest = reading.newest.max(value);
        }
        reading.awaited -= 1;
        if reading.awaited == 0 {
            if reading.complete && desk.measures(request.start) {
                let torn = reading.oldest != reading.newest;
                desk.measurements.count_mut(CountId::TornReads).add(torn);
            }
            self.free.push(request.tag);
        }
    }

    fn end(&mut self, _latest: &dyn Fn(Key) -> Seen, _desk: &mut Desk<'_>) {}
}
