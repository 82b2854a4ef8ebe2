//! An operator flips flags, and every edge evaluates them.

use crate::metrics::{CountId, Judgement};
use crate::model::{Answer, Key, Location, Operation, Request, Seen, Value};
use crate::random::StreamKey;

use super::config::FeatureFlagConfig;
use super::contract::{Ask, Desk, Groups, Workload};
use super::flips::Flips;
use super::single_writer::{Does, OneWritten, SingleWriter};

/// The workload: each flag is a group.
#[derive(Debug)]
pub struct FeatureFlags {
    acts: SingleWriter,
    count: u32,
    flags: Vec<(OneWritten, Flips)>,
}

impl FeatureFlags {
    /// From its plain data.
    pub fn new(config: &FeatureFlagConfig, key: StreamKey, edges: u16) -> FeatureFlags {
        let acts = SingleWriter::new(&config.flip_every, config.evaluations, key, edges);
        FeatureFlags { acts, count: config.flags, flags: Vec::new() }
    }
}

impl Workload for FeatureFlags {
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
        self.flags.clear();
        for group in 0..groups {
            let flag = self.acts.of(first_group + group);
            desk.wake(flag.next(), u64::from(group));
            self.flags.push((flag, Flips::new(self.acts.edges())));
        }
    }

    fn wake(&mut self, token: u64, desk: &mut Desk<'_>) {
        let group = token as u32;
        let (flag, flips) = &mut self.flags[group as usize];
        match flag.act(&self.acts) {
            Does::Write => {
                let value = Value::from(flips.flip());
                // A client of its own, beside one at each edge.
                let client = u32::from(self.acts.edges());
                desk.ask(Ask::of_group(group, client, Location(0), Operation::Put { value, ttl: None }, 0));
            }
            Does::Read(location) => {
                let evaluates = Operation::Get { cache_ttl: None };
                desk.ask(Ask::of_group(group, u32::from(location.0), location, evaluates, 0));
            }
        }
        desk.wake(flag.next(), token);
    }

    fn answered(&mut self, request: &Request, answer: &Answer, judgement: Judgement, desk: &mut Desk<'_>) {
        let (_, flips) = &mut self.flags[request.group as usize];
        if !answer.is_ok() {
            return;
        }
        if let Operation::Put { value, .. } = request.operation {
            flips.complete(value as u32, desk.now);
        } else {
            let shown = answer.seen.value.unwrap_or(0) as u32;
            flips.evaluated(request.location, shown, (request.start, desk.now), desk.now);
            if desk.measures(request.start) {
                desk.measurements.count_mut(CountId::StaleEvaluations).add(judgement.stale);
            }
        }
    }

    fn end(&mut self, _latest: &dyn Fn(Key) -> Seen, desk: &mut Desk<'_>) {
        let from = desk.window.from;
        self.flags.iter_mut().for_each(|(_, flips)| flips.end(from, desk.measurements));
    }
}
