//! An operator flips flags, and every edge evaluates them.

use crate::metrics::{CountId, DistributionId, Judgement};
use crate::model::{Answer, Key, Location, Operation, Request, Seen, Time, Value};
use crate::random::{Sampler, StreamKey};

use super::arrivals::{Arrivals, Source, any_edge};
use super::config::{FeatureFlagConfig, Shape};
use super::contract::{Ask, Desk, Groups, Workload};

/// The operator's tag; evaluations carry zero.
const FLIP: u32 = 1;

/// What a token means: its lowest bit. Above it: the flag.
const WAKE_FLIP: u64 = 0;

/// One flip. The flag's value is the flip's number; flags start switched on, so odd flips switch off.
#[derive(Clone, Copy, Debug)]
struct Flip {
    completed: Option<Time>,
    /// The end of the first and of the last of the edges' first evaluations that showed this flip or a newer one.
    first_shown: Time,
    last_shown: Time,
    edges: u16,
    /// The start of the last evaluation that used an older value.
    last_older: Time,
}

/// One flag.
#[derive(Clone, Debug)]
struct Flag {
    operator: Source,
    evaluations: Source,
    flips: Vec<Flip>,
    /// By edge: the newest flip that it has shown.
    shown: Vec<u32>,
}

/// The workload: each flag is a group. The operator sits at the first edge.
#[derive(Debug)]
pub struct FeatureFlags {
    config: FeatureFlagConfig,
    flip_every: Sampler,
    arrivals: Arrivals,
    key: StreamKey,
    edges: u16,
    flags: Vec<Flag>,
}

impl FeatureFlags {
    /// From its plain data.
    pub fn new(config: &FeatureFlagConfig, key: StreamKey, edges: u16) -> FeatureFlags {
        FeatureFlags {
            flip_every: Sampler::new(&config.flip_every),
            arrivals: Arrivals::new(&Shape::Poisson),
            config: config.clone(),
            key,
            edges,
            flags: Vec::new(),
        }
    }

    fn rate(&self) -> f64 {
        self.config.evaluations * f64::from(self.edges)
    }

    fn ask(&self, group: u32, location: Location, operation: Operation, tag: u32, desk: &mut Desk<'_>) {
        let client = if tag == FLIP { u32::from(self.edges) } else { u32::from(location.0) };
        desk.ask(Ask::of_group(group, client, location, operation, tag));
    }
}

impl Flag {
    fn evaluated(&mut self, request: &Request, shown: u32, edges: u16, end: Time) {
        let at = request.location.index();
        let before = self.shown[at];
        if shown > before {
            self.shown[at] = shown;
            for flip in &mut self.flips[before as usize..shown as usize] {
                flip.first_shown = flip.first_shown.min(end);
                flip.last_shown = flip.last_shown.max(end);
                flip.edges += 1;
                debug_assert!(flip.edges <= edges, "an edge shows a flip for the first time once");
            }
        }
        for flip in self.flips[shown as usize..].iter_mut() {
            flip.last_older = flip.last_older.max(request.start);
        }
    }
}

impl Workload for FeatureFlags {
    fn groups(&self) -> Groups {
        Groups::Fixed(self.config.flags)
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
            let number = u64::from(first_group + group);
            let mut operator = self.arrivals.first(self.key.stream(number << 1), 1.0).0;
            let (evaluations, first) = self.arrivals.first(self.key.stream(number << 1 | 1), self.rate());
            let flip = self.flip_every.span(operator.stream.draw());
            desk.wake(Time(flip.0), u64::from(group) << 1 | WAKE_FLIP);
            desk.wake(first, u64::from(group) << 1 | 1);
            let shown = vec![0; usize::from(self.edges)];
            self.flags.push(Flag { operator, evaluations, flips: Vec::new(), shown });
        }
    }

    fn wake(&mut self, token: u64, desk: &mut Desk<'_>) {
        let group = (token >> 1) as u32;
        let rate = self.rate();
        let flag = &mut self.flags[group as usize];
        if token & 1 == WAKE_FLIP {
            flag.flips.push(Flip {
                completed: None,
                first_shown: Time::NEVER,
                last_shown: Time::START,
                edges: 0,
                last_older: Time::START,
            });
            let value = flag.flips.len() as i64;
            let next = desk.now + self.flip_every.span(flag.operator.stream.draw());
            desk.wake(next, token);
            self.ask(group, Location(0), Operation::Put { value, ttl: None }, FLIP, desk);
        } else {
            let location = any_edge(&mut flag.evaluations.stream, self.edges);
            let next = self.arrivals.next(&mut flag.evaluations, desk.now, rate);
            desk.wake(next, token);
            self.ask(group, location, Operation::Get { cache_ttl: None }, 0, desk);
        }
    }

    fn answered(&mut self, request: &Request, answer: &Answer, judgement: Judgement, desk: &mut Desk<'_>) {
        let flag = &mut self.flags[request.group as usize];
        if let Operation::Put { value, .. } = request.operation {
            let flip = &mut flag.flips[value as usize - 1];
            flip.completed = answer.is_ok().then_some(desk.now);
        } else if answer.is_ok() {
            let shown = answer.seen.value.unwrap_or(0) as u32;
            flag.evaluated(request, shown, self.edges, desk.now);
            if desk.measures(request.start) {
                desk.measurements.count_mut(CountId::StaleEvaluations).add(judgement.stale);
            }
        }
    }

    fn end(&mut self, _latest: &dyn Fn(Key) -> Seen, desk: &mut Desk<'_>) {
        for flag in &self.flags {
            for (number, flip) in flag.flips.iter().enumerate() {
                // Only flips that were seen everywhere: of the others the end of the run hides the rest.
                let Some(completed) = flip.completed.filter(|at| desk.measures(*at) && flip.edges == self.edges) else {
                    continue;
                };
                let measurements = &mut *desk.measurements;
                let first = flip.first_shown.since(completed).0;
                let last = flip.last_shown.since(completed).0;
                measurements.distribution_mut(DistributionId::FirstEdge).add(first);
                measurements.distribution_mut(DistributionId::LastEdge).add(last);
                let switches_off = number % 2 == 0;
                if switches_off {
                    let exposed = flip.last_older.since(completed).0;
                    measurements.distribution_mut(DistributionId::Exposure).add(exposed);
                }
            }
        }
    }
}
