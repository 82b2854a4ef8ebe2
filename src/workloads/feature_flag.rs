//! An operator flips flags, and every edge evaluates them.

use crate::metrics::{CountId, Judgement};
use crate::model::{Answer, Key, Location, Operation, Request, Seen, Time, Value};
use crate::random::{Sampler, Stream, StreamKey};

use super::arrivals::{Arrivals, Pace, Source, any_edge};
use super::config::{FeatureFlagConfig, Shape};
use super::contract::{Ask, Desk, Groups, Workload};
use super::flips::Flips;

/// Who acts on flags, and when.
#[derive(Clone, Debug)]
pub struct FlagActs {
    flip_every: Sampler,
    arrivals: Arrivals,
    /// Of the evaluations of one flag at all edges.
    rate: f64,
    pace: Pace,
    key: StreamKey,
    edges: u16,
}

/// Those who act on one flag, on their way through the run.
#[derive(Clone, Copy, Debug)]
pub struct OfFlag {
    operator: Stream,
    evaluations: Source,
    flips_at: Time,
    evaluates_at: Time,
}

/// Somebody acts on a flag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FlagAct {
    /// The operator, who sits at the first edge, flips it.
    Flip,
    /// It is evaluated at an edge.
    Evaluation(Location),
}

impl FlagActs {
    /// From their plain data.
    pub fn new(config: &FeatureFlagConfig, key: StreamKey, edges: u16) -> FlagActs {
        let (arrivals, rate) = (Arrivals::new(&Shape::Poisson), config.evaluations * f64::from(edges));
        let pace = arrivals.pace(rate);
        FlagActs { flip_every: Sampler::new(&config.flip_every), arrivals, rate, pace, key, edges }
    }

    /// Those of a flag, before any of them acts.
    pub fn of(&self, flag: u32) -> OfFlag {
        let stream = |which| self.key.stream(u64::from(flag) << 1 | which);
        // One draw of the operator's is passed over, as it always was.
        let mut operator = self.arrivals.first(stream(0), 1.0).0.stream;
        let (evaluations, evaluates_at) = self.arrivals.first_at(stream(1), self.rate, self.pace);
        let flips_at = Time(self.flip_every.span(operator.draw()).0);
        OfFlag { operator, evaluations, flips_at, evaluates_at }
    }
}

impl OfFlag {
    /// When the next one acts.
    #[inline]
    pub fn next(&self) -> Time {
        self.flips_at.min(self.evaluates_at)
    }

    /// The next one acts; of two at one time the operator does first.
    #[inline]
    pub fn act(&mut self, acts: &FlagActs) -> FlagAct {
        if self.flips_at <= self.evaluates_at {
            self.flips_at += acts.flip_every.span(self.operator.draw());
            return FlagAct::Flip;
        }
        let location = any_edge(&mut self.evaluations.stream, acts.edges);
        self.evaluates_at = acts.arrivals.next_at(&mut self.evaluations, self.evaluates_at, acts.pace);
        FlagAct::Evaluation(location)
    }
}

/// The workload: each flag is a group.
#[derive(Debug)]
pub struct FeatureFlags {
    acts: FlagActs,
    count: u32,
    flags: Vec<(OfFlag, Flips)>,
}

impl FeatureFlags {
    /// From its plain data.
    pub fn new(config: &FeatureFlagConfig, key: StreamKey, edges: u16) -> FeatureFlags {
        FeatureFlags { acts: FlagActs::new(config, key, edges), count: config.flags, flags: Vec::new() }
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
            self.flags.push((flag, Flips::new(self.acts.edges)));
        }
    }

    fn wake(&mut self, token: u64, desk: &mut Desk<'_>) {
        let group = token as u32;
        let (flag, flips) = &mut self.flags[group as usize];
        match flag.act(&self.acts) {
            FlagAct::Flip => {
                let value = Value::from(flips.flip());
                // A client of its own, beside one at each edge.
                let client = u32::from(self.acts.edges);
                desk.ask(Ask::of_group(group, client, Location(0), Operation::Put { value, ttl: None }, 0));
            }
            FlagAct::Evaluation(location) => {
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
