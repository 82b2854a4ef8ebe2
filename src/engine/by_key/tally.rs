//! What is counted of all keys of a unit; in the end the same measurements, batch by batch, as an observer's.

use crate::metrics::truth::Verdict;
use crate::metrics::{Count, CountId, CurveId, DistributionId, Measurements};
use crate::metrics::{PlaceMeasurements, Series, Served, Window};
use crate::model::{Location, Refusal, Span, Time};

/// The counts.
#[derive(Debug)]
pub(super) struct Tally {
    window: Window,
    /// When each batch begins, and [`Time::NEVER`] after the last.
    starts: Vec<Time>,
    /// Batches for each nanosecond of the measured time: a first guess.
    per_nano: f64,
    locations: usize,
    /// By batch: what is rare, or has its place there anyway.
    batches: Vec<Measurements>,
    operations: Vec<u64>,
    /// By batch and location: answered reads, and stale ones among them.
    reads: Vec<Count>,
    /// Kept once for all batches, as the largest tables are.
    places: Vec<PlaceMeasurements>,
    /// Kept once, too: it tells its time itself.
    series: Series,
}

impl Tally {
    pub fn new(locations: usize, window: Window, batches: u32) -> Tally {
        let batches = batches.max(1);
        let measured = window.until.since(window.from).0;
        let start = |batch: u32| {
            let before = u128::from(measured) * u128::from(batch) / u128::from(batches);
            Time(window.from.0 + before as u64)
        };
        let mut starts: Vec<Time> = (0..batches).map(start).collect();
        starts[0] = Time::START;
        starts.push(Time::NEVER);
        let mut empty = Measurements::new(locations);
        empty.places.clear();
        Tally {
            window,
            starts,
            per_nano: f64::from(batches) / measured.max(1) as f64,
            locations,
            operations: vec![0; batches as usize],
            reads: vec![Count::default(); batches as usize * locations],
            batches: vec![empty; batches as usize],
            places: vec![PlaceMeasurements::default(); locations],
            series: Series::new(window),
        }
    }

    /// The batch that a time belongs to.
    #[inline]
    fn batch(&self, at: Time) -> usize {
        let last = self.starts.len() - 2;
        let mut batch = ((at.since(self.window.from).0 as f64 * self.per_nano) as usize).min(last);
        while at < self.starts[batch] {
            batch -= 1;
        }
        while batch < last && at >= self.starts[batch + 1] {
            batch += 1;
        }
        batch
    }

    /// Whether what started then is measured.
    #[inline]
    pub fn measures(&self, start: Time) -> bool {
        start >= self.window.from
    }

    /// An operation starts.
    #[inline]
    pub fn start(&mut self, at: Time) {
        if self.measures(at) {
            let batch = self.batch(at);
            self.operations[batch] += 1;
        }
    }

    /// An operation ended so; says in which stretch of the series it is.
    #[inline]
    fn served(&mut self, location: Location, start: Time, end: Time, served: Served) -> usize {
        self.places[location.index()].latency_mut(served).add(end.since(start).0);
        let stretch = self.series.number(start);
        self.series.add(stretch, served);
        stretch
    }

    /// A read is judged at a time, and its answer is at the client at another.
    #[inline]
    pub fn read(&mut self, location: Location, start: Time, judged: Time, end: Time, cached: bool, verdict: &Verdict) {
        if !self.measures(start) {
            return;
        }
        let served = if cached { Served::FromCache } else { Served::Read };
        let stretch = self.served(location, start, end, served);
        let batch = self.batch(judged);
        let judgement = verdict.judgement;
        self.reads[batch * self.locations + location.index()].add(judgement.stale);
        let measurements = &mut self.batches[batch];
        if judgement.stale {
            measurements.distribution_mut(DistributionId::StaleAge).add(judgement.age.0);
            measurements.distribution_mut(DistributionId::VersionLag).add(verdict.lag);
            measurements.joint.add(verdict.lag, judgement.age);
            self.series.add_stale(stretch);
        }
        if let Some((since, hit)) = verdict.last {
            measurements.curve_mut(CurveId::TVisibility).add(since.0, hit);
        }
    }

    /// A write is refused.
    pub fn refused(&mut self, location: Location, start: Time, end: Time) {
        if self.measures(start) {
            let stretch = self.served(location, start, end, Served::WriteRefused);
            self.series.refuse(stretch, Refusal::KvTooManyWrites);
            let batch = self.batch(end);
            self.batches[batch].refuse(Refusal::KvTooManyWrites, end);
        }
    }

    /// A write is acknowledged.
    pub fn wrote(&mut self, location: Location, start: Time, end: Time, deletes: bool) {
        if self.measures(start) {
            self.served(location, start, end, Served::Write);
            let batch = self.batch(end);
            self.batches[batch].deletes += u64::from(deletes);
        }
    }

    /// A measured write was missed for so long; its key had its last event then.
    pub fn window(&mut self, span: Span, last_event: Time) {
        let batch = self.batch(last_event);
        self.batches[batch].distribution_mut(DistributionId::InconsistencyWindow).add(span.0);
    }

    /// How many operations were measured so far.
    pub fn operations(&self) -> u64 {
        self.operations.iter().sum()
    }

    /// All that was measured, batch by batch.
    pub fn into_batches(mut self) -> Vec<Measurements> {
        for (batch, measurements) in self.batches.iter_mut().enumerate() {
            measurements.operations = self.operations[batch];
            let from = batch * self.locations;
            measurements.stale_by_location.copy_from_slice(&self.reads[from..from + self.locations]);
            for count in &measurements.stale_by_location.clone() {
                measurements.count_mut(CountId::StaleReads).merge(*count);
            }
        }
        if let Some(last) = self.batches.last_mut() {
            last.places = self.places;
            last.series = self.series;
        }
        self.batches.iter_mut().for_each(Measurements::sum_places);
        self.batches
    }
}
