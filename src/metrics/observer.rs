//! Watches every request and answer, knows the truth, and fills the measurements that every workload has.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use crate::model::{Answer, Client, Key, Listing, Operation, Request, Seen, Span, Time, Version};

use super::count::Count;
use super::lists::Standings;
use super::measurements::Measurements;
use super::places::Served;
use super::series::Series;
use super::sessions::{Held, Knows};
use super::table::{CountId, CurveId, DistributionId};
use super::truth::{Judgement, Truth, Verdict};
use super::window::Window;

/// Nothing stays measured between partitions but the measurements.
#[derive(Debug)]
pub struct Observer {
    pub measurements: Measurements,
    window: Window,
    keys: Vec<Truth>,
    /// Keys that were touched since the partition began; the others' lists are empty.
    touched: Vec<Key>,
    /// What each client has read and written of each key, where the workload's clients are sessions.
    sessions: Option<HashMap<(Client, Key), Knows, FxBuildHasher>>,
    /// Which guarantees held in each session; clients of different groups are not the same.
    sessions_counted: HashMap<(u32, Client), Held, FxBuildHasher>,
    /// Where the workload asks for lists.
    lists: Option<Standings>,
    /// The measurements of the batches, but for the current one, whose place is empty.
    batches: Vec<Measurements>,
    batch: usize,
    /// The most completed writes of a key that were kept at a time.
    most_kept: usize,
}

/// With fewer completed writes of a key nobody looks for what can be forgotten.
const LONG: usize = 512;

impl Observer {
    /// Nothing observed yet.
    pub fn new(locations: usize, window: Window, sessions: bool) -> Observer {
        let mut measurements = Measurements::new(locations);
        measurements.series = Series::new(window);
        Observer {
            measurements,
            window,
            keys: Vec::new(),
            touched: Vec::new(),
            sessions: sessions.then(HashMap::default),
            sessions_counted: HashMap::default(),
            lists: None,
            batches: vec![Measurements::new(0)],
            batch: 0,
            most_kept: 0,
        }
    }

    /// Judges lists, too; `preloaded` says whether every key is there at the start.
    pub fn observe_lists(&mut self, preloaded: bool) {
        self.lists = Some(Standings::new(preloaded));
    }

    /// Keeps the measurements of so many batches of time apart.
    pub fn divide(&mut self, batches: usize) {
        let mut empty = Measurements::new(self.measurements.places.len());
        empty.places.clear();
        self.batches = vec![empty; batches.max(1)];
    }

    /// From now on, what is observed belongs to this batch.
    pub fn turn_to(&mut self, batch: usize) {
        if batch != self.batch {
            std::mem::swap(&mut self.measurements, &mut self.batches[self.batch]);
            std::mem::swap(&mut self.measurements, &mut self.batches[batch]);
            // The largest tables are kept once: what is told of places is not told batch by batch, and neither is what is
            // told by its time anyway.
            std::mem::swap(&mut self.measurements.places, &mut self.batches[self.batch].places);
            std::mem::swap(&mut self.measurements.series, &mut self.batches[self.batch].series);
            let kept = &mut self.batches[self.batch].stale_by_location;
            std::mem::swap(&mut self.measurements.stale_by_location, kept);
            self.batch = batch;
        }
    }

    /// How many operations were measured so far.
    pub fn operations(&self) -> u64 {
        // The current batch's place is empty.
        self.measurements.operations + self.batches.iter().map(|batch| batch.operations).sum::<u64>()
    }

    /// All that was observed, batch by batch.
    pub fn into_batches(mut self) -> Vec<Measurements> {
        // Where it is kept must not depend on which partition was the last.
        self.turn_to(self.batches.len() - 1);
        std::mem::swap(&mut self.measurements, &mut self.batches[self.batch]);
        self.batches.iter_mut().for_each(Measurements::sum_places);
        self.batches
    }

    /// A request that nothing answered before the end of the run.
    pub fn unanswered(&mut self, request: &Request) {
        if self.measures(request.start) {
            let place = &mut self.measurements.places[request.location.index()];
            place.unanswered[usize::from(!request.operation.is_read())] += 1;
            let stretch = self.measurements.series.number(request.start);
            self.measurements.series.unanswered(stretch);
        }
    }

    /// Whether an operation that started then is measured.
    #[inline]
    pub fn measures(&self, start: Time) -> bool {
        start >= self.window.from
    }

    /// A request starts: remembers what was true then.
    #[inline]
    pub fn started(&mut self, request: &mut Request) {
        let last = request.key.index() + usize::from(request.keys) - 1;
        if last >= self.keys.len() {
            self.keys.resize_with(last + 1, Truth::default);
        }
        request.completed_before = self.keys[request.key.index()].completions();
        if let Some(sessions) = &self.sessions
            && let Some(Knows { read, written }) = sessions.get(&(request.client, request.key))
        {
            request.read_before = *read;
            request.written_before = *written;
        }
        if self.measures(request.start) {
            self.measurements.operations += 1;
        }
    }

    /// A request is answered.
    pub fn answered(&mut self, request: &Request, answer: &Answer, end: Time) -> Judgement {
        let measured = self.measures(request.start);
        if measured {
            let served = match (request.operation.is_read(), answer.is_ok(), answer.cached) {
                (true, true, true) => Served::FromCache,
                (true, true, false) => Served::Read,
                (false, true, _) => Served::Write,
                (true, false, _) => Served::ReadRefused,
                (false, false, _) => Served::WriteRefused,
            };
            let latency = end.since(request.start).0;
            self.measurements.places[request.location.index()].latency_mut(served).add(latency);
            let series = &mut self.measurements.series;
            let stretch = series.number(request.start);
            series.add(stretch, served);
            if let Some(refusal) = answer.refusal {
                series.refuse(stretch, refusal);
                self.measurements.refuse(refusal, end);
            }
        }
        if answer.refusal.is_some() {
            return Judgement::default();
        }
        if let Some(listing) = answer.listing() {
            return self.judge_list(request, listing, end, measured);
        }
        if let Some(metadata) = answer.more.as_ref().and_then(|more| more.metadata.as_ref()).filter(|_| measured) {
            let lost = self.measurements.count_mut(CountId::MetadataLost);
            metadata.iter().filter(|one| one.put_bytes > 0).for_each(|one| lost.add(one.is_lost()));
        }
        if request.operation.is_read() {
            let before = self.keys[request.key.index()].kept_of(request.completed_before);
            let mut judgement = self.judge(request, request.key, before, answer.seen);
            for (n, seen) in answer.others().enumerate() {
                let key = Key(request.key.0 + 1 + n as u32);
                let before = self.keys[key.index()].complete_at(request.start);
                let other = self.judge(request, key, before, *seen);
                judgement.stale |= other.stale;
                judgement.age = judgement.age.max(other.age);
            }
            judgement
        } else {
            if measured && request.operation == Operation::Delete {
                self.measurements.deletes += u64::from(request.keys);
            }
            self.complete(request, request.key, answer.seen, end);
            for (n, seen) in answer.others().enumerate() {
                self.complete(request, Key(request.key.0 + 1 + n as u32), *seen, end);
            }
            Judgement::default()
        }
    }

    fn judge(&mut self, request: &Request, key: Key, completed_before: usize, seen: Seen) -> Judgement {
        let measured = self.measures(request.start);
        let Verdict { judgement, lag, last } =
            self.keys[key.index()].judge(request.start, completed_before, seen.version);
        if measured {
            let measurements = &mut self.measurements;
            measurements.count_mut(CountId::StaleReads).add(judgement.stale);
            measurements.stale_by_location[request.location.index()].add(judgement.stale);
            if judgement.stale {
                measurements.distribution_mut(DistributionId::StaleAge).add(judgement.age.0);
                measurements.distribution_mut(DistributionId::VersionLag).add(lag);
                measurements.joint.add(lag, judgement.age);
                let stretch = measurements.series.number(request.start);
                measurements.series.add_stale(stretch);
            }
            if let Some((since, fresh)) = last {
                measurements.curve_mut(CurveId::TVisibility).add(since.0, fresh);
            }
        }
        self.judge_session(request, key, seen, measured);
        judgement
    }

    fn judge_list(&mut self, request: &Request, listing: &Listing, end: Time, measured: bool) -> Judgement {
        let Some(standings) = &self.lists else { return Judgement::default() };
        let keys = &self.keys;
        let page = standings.judge(request, listing, end, |key| {
            keys.get(key.index()).map_or(0, |truth| truth.complete_at(request.start))
        });
        let stale = page.missing + page.deleted > 0;
        if measured {
            self.measurements.count_mut(CountId::StaleLists).add(stale);
            let missing = Count { hits: page.missing, of: page.due };
            self.measurements.count_mut(CountId::ListMissing).merge(missing);
            let deleted = Count { hits: page.deleted, of: page.shown };
            self.measurements.count_mut(CountId::ListDeleted).merge(deleted);
        }
        Judgement { stale, age: Span::ZERO }
    }

    fn judge_session(&mut self, request: &Request, key: Key, seen: Seen, measured: bool) {
        if self.sessions.is_none() {
            return;
        }
        if measured && key == request.key {
            self.guarantee(request, seen.version);
        }
        let Some(sessions) = &mut self.sessions else { return };
        // Whoever saw nothing but the start knows as much as who saw nothing; most pairs of client and key stay so.
        if seen.version > Version::INITIAL && (key != request.key || seen.version > request.read_before) {
            sessions.entry((request.client, key)).or_default().learn(true, seen.version);
        }
    }

    /// Counts the guarantees that are about the operation.
    fn guarantee(&mut self, request: &Request, version: Version) {
        let knew = Knows { read: request.read_before, written: request.written_before };
        if !knew.is_nothing() {
            let held = self.sessions_counted.entry((request.group, request.client)).or_default();
            held.count(request.operation.is_read(), knew, version, &mut self.measurements);
        }
    }

    fn complete(&mut self, request: &Request, key: Key, seen: Seen, at: Time) {
        let measured = self.measures(request.start);
        let truth = &mut self.keys[key.index()];
        if truth.writes() == 0 {
            self.touched.push(key);
        }
        truth.complete(seen.version, at, measured);
        if let Some(standings) = &mut self.lists {
            standings.complete(key, request, seen, at);
        }
        if measured && key == request.key && self.sessions.is_some() {
            self.guarantee(request, seen.version);
        }
        if let Some(sessions) = &mut self.sessions {
            sessions.entry((request.client, key)).or_default().learn(false, seen.version);
        }
    }

    /// Whether so many completed writes of a key are kept that it is worth to look for those that can be forgotten. Lists
    /// are judged by all writes.
    #[inline]
    pub fn is_long(&self, key: Key) -> bool {
        self.lists.is_none() && self.keys.get(key.index()).is_some_and(|truth| truth.is_longer_than(LONG))
    }

    /// Forgets writes of a key as [`Truth::forget`] does.
    #[cold]
    pub fn forget(&mut self, key: Key, before: Time) {
        let truth = &mut self.keys[key.index()];
        self.most_kept = self.most_kept.max(truth.writes());
        truth.forget(before);
    }

    /// The most completed writes of a key that were kept at a time, in the partitions that are over.
    pub fn most_kept(&self) -> usize {
        self.most_kept
    }

    /// The partition is over: what can only be known at its end, and a clean table for the next one.
    pub fn end(&mut self) {
        for key in self.touched.drain(..) {
            self.most_kept = self.most_kept.max(self.keys[key.index()].writes());
            let windows = self.measurements.distribution_mut(DistributionId::InconsistencyWindow);
            self.keys[key.index()].end(windows);
        }
        if let Some(standings) = &mut self.lists {
            standings.clear();
        }
        if let Some(sessions) = &mut self.sessions {
            sessions.clear();
            self.sessions_counted.clear();
        }
    }
}
