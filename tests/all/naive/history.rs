//! Everything that clients did, and every figure as its definition says.

use std::collections::BTreeMap;

use consistency_sim::metrics::{CountId, CurveId, DistributionId, Measurements, Served};
use consistency_sim::model::{Refusal, Time, Version};
use consistency_sim::scenario::Scenario;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Read,
    Write,
    Delete,
}

/// A moment of the simulation: its time, and its number among all that was written down.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Moment {
    pub number: u64,
    pub at: Time,
}

#[derive(Clone, Copy, Debug)]
pub struct Operation {
    pub client: u32,
    pub location: u16,
    pub key: u32,
    pub kind: Kind,
    pub began: Moment,
    pub ended: Option<Moment>,
    pub refusal: Option<Refusal>,
    pub cached: bool,
    /// What was read or written.
    pub version: Version,
}

/// The operations in the order in which they began, and what the counters held in the end.
#[derive(Default)]
pub struct History {
    pub operations: Vec<Operation>,
    moments: u64,
    /// By counter: how many increments were acknowledged, and how many it holds.
    pub counters: Vec<(u64, u64)>,
}

/// A completed write, as the reads of its key meet it.
struct Complete {
    operation: usize,
    version: Version,
    /// The newest version among this and all that were complete earlier.
    newest: Version,
    ended: Moment,
    last_missed: Option<Time>,
}

impl History {
    fn moment(&mut self, at: Time) -> Moment {
        self.moments += 1;
        Moment { number: self.moments, at }
    }

    pub fn begin(&mut self, now: Time, client: u32, location: u16, key: u32, kind: Kind) -> usize {
        let began = self.moment(now);
        let (ended, refusal, cached, version) = (None, None, false, Version::INITIAL);
        self.operations.push(Operation { client, location, key, kind, began, ended, refusal, cached, version });
        self.operations.len() - 1
    }

    pub fn end(&mut self, now: Time, operation: usize, version: Version, cached: bool) {
        let ended = Some(self.moment(now));
        let operation = &mut self.operations[operation];
        (operation.ended, operation.version, operation.cached) = (ended, version, cached);
    }

    pub fn refuse(&mut self, now: Time, operation: usize, refusal: Refusal) {
        self.operations[operation].ended = Some(self.moment(now));
        self.operations[operation].refusal = Some(refusal);
    }

    /// All figures. With `known_clients`, clients are sessions.
    pub fn figures(&self, scenario: &Scenario, known_clients: bool) -> Measurements {
        let mut figures = Measurements::new(scenario.network.places.len());
        let from = Time(scenario.warmup.0);
        self.served(from, &mut figures);
        let mut by_key: Vec<usize> = (0..self.operations.len()).collect();
        by_key.sort_by_key(|n| self.operations[*n].key);
        for of_key in by_key.chunk_by(|a, b| self.operations[*a].key == self.operations[*b].key) {
            self.staleness(of_key, from, &mut figures);
        }
        if known_clients {
            self.sessions(from, &mut figures);
        }
        for (acknowledged, counted) in &self.counters {
            let lost = figures.count_mut(CountId::LostUpdates);
            lost.hits += acknowledged.saturating_sub(*counted);
            lost.of += acknowledged;
        }
        figures
    }

    /// How places were served, and what follows from it.
    fn served(&self, from: Time, figures: &mut Measurements) {
        for operation in self.operations.iter().filter(|operation| operation.began.at >= from) {
            figures.operations += 1;
            let is_read = operation.kind == Kind::Read;
            let place = usize::from(operation.location);
            let answered = operation.ended.is_some() && operation.refusal.is_none();
            figures.count_mut(CountId::Available).add(answered);
            let Some(ended) = operation.ended else {
                figures.places[place].unanswered[usize::from(!is_read)] += 1;
                continue;
            };
            let latency = ended.at.since(operation.began.at).0;
            let served = match (is_read, answered, operation.cached) {
                (true, true, true) => Served::FromCache,
                (true, true, false) => Served::Read,
                (false, true, _) => Served::Write,
                (true, false, _) => Served::ReadRefused,
                (false, false, _) => Served::WriteRefused,
            };
            figures.places[place].latency_mut(served).add(latency);
            if let Some(refusal) = operation.refusal {
                figures.refuse(refusal, ended.at);
            } else if is_read {
                figures.count_mut(CountId::CacheHits).add(operation.cached);
                figures.distribution_mut(DistributionId::ReadLatency).add(latency);
            } else {
                figures.deletes += u64::from(operation.kind == Kind::Delete);
                figures.distribution_mut(DistributionId::WriteLatency).add(latency);
            }
        }
    }

    /// What the reads of one key missed.
    fn staleness(&self, of_key: &[usize], from: Time, figures: &mut Measurements) {
        let answered = |n: &&usize| self.operations[**n].ended.is_some() && self.operations[**n].refusal.is_none();
        let mut writes: Vec<Complete> = of_key
            .iter()
            .filter(answered)
            .filter(|n| self.operations[**n].kind != Kind::Read)
            .map(|n| {
                let Operation { version, ended, .. } = self.operations[*n];
                let ended = ended.expect("answered");
                Complete { operation: *n, version, newest: version, ended, last_missed: None }
            })
            .collect();
        writes.sort_by_key(|write| write.ended);
        for n in 1..writes.len() {
            writes[n].newest = writes[n].newest.max(writes[n - 1].newest);
        }
        for n in of_key.iter().filter(answered).filter(|n| self.operations[**n].kind == Kind::Read) {
            let read = &self.operations[*n];
            let complete = writes.partition_point(|write| write.ended < read.began);
            self.read(read, &mut writes[..complete], read.began.at >= from, figures);
        }
        for write in writes.iter().filter(|write| self.operations[write.operation].began.at >= from) {
            let window = write.last_missed.unwrap_or(Time::START).since(write.ended.at).0;
            figures.distribution_mut(DistributionId::InconsistencyWindow).add(window);
        }
    }

    fn read(&self, read: &Operation, complete: &mut [Complete], measured: bool, figures: &mut Measurements) {
        let began = read.began.at;
        let last = complete.last().map(|write| (write.version, write.ended.at));
        let (mut missed, mut oldest) = (0, began);
        // Backwards; where everything that was complete until then is no newer than what was read, nothing was missed.
        for write in complete.iter_mut().rev().take_while(|write| write.newest > read.version) {
            if write.version > read.version {
                missed += 1;
                oldest = write.ended.at;
                write.last_missed = write.last_missed.max(Some(began));
            }
        }
        if !measured {
            return;
        }
        let stale = missed > 0;
        figures.count_mut(CountId::StaleReads).add(stale);
        figures.stale_by_location[usize::from(read.location)].add(stale);
        if stale {
            let age = began.since(oldest);
            figures.distribution_mut(DistributionId::StaleAge).add(age.0);
            figures.distribution_mut(DistributionId::VersionLag).add(missed);
            figures.joint.add(missed, age);
        }
        if let Some((version, at)) = last {
            figures.curve_mut(CurveId::TVisibility).add(began.since(at).0, read.version >= version);
        }
    }

    /// The four guarantees: what a client knew when it began must not be newer than what it then got.
    fn sessions(&self, from: Time, figures: &mut Measurements) {
        let mut of_client: BTreeMap<(u32, u32), Vec<&Operation>> = BTreeMap::new();
        for operation in self.operations.iter().filter(|operation| operation.refusal.is_none()) {
            of_client.entry((operation.key, operation.client)).or_default().push(operation);
        }
        const READS: [(CountId, CountId, bool); 2] = [
            (CountId::ReadYourWrites, CountId::ReadYourWritesSessions, true),
            (CountId::MonotonicReads, CountId::MonotonicReadsSessions, false),
        ];
        const WRITES: [(CountId, CountId, bool); 2] = [
            (CountId::MonotonicWrites, CountId::MonotonicWritesSessions, true),
            (CountId::WritesFollowReads, CountId::WritesFollowReadsSessions, false),
        ];
        for operations in of_client.values() {
            let mut ended: Vec<&Operation> = operations.iter().filter(|each| each.ended.is_some()).copied().collect();
            ended.sort_by_key(|operation| operation.ended);
            let mut ended = ended.into_iter().peekable();
            // The newest version that was read, and that was written, by what has ended so far.
            let mut known = [Version::INITIAL; 2];
            // By guarantee: whether it was broken, where it could be.
            let mut sessions: BTreeMap<CountId, (CountId, bool)> = BTreeMap::new();
            for operation in operations {
                while let Some(earlier) = ended.next_if(|earlier| earlier.ended < Some(operation.began)) {
                    let known = &mut known[usize::from(earlier.kind != Kind::Read)];
                    *known = earlier.version.max(*known);
                }
                if operation.began.at < from || operation.ended.is_none() {
                    continue;
                }
                for (of_operations, of_sessions, of_writes) in if operation.kind == Kind::Read { READS } else { WRITES }
                {
                    let known = known[usize::from(of_writes)];
                    if known > Version::INITIAL {
                        let broken = operation.version < known;
                        figures.count_mut(of_operations).add(broken);
                        sessions.entry(of_operations).or_insert((of_sessions, false)).1 |= broken;
                    }
                }
            }
            for (of_sessions, broken) in sessions.values() {
                figures.count_mut(*of_sessions).add(*broken);
            }
        }
    }
}
