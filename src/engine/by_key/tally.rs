//! What is counted of all keys; in the end the same measurements, batch by batch, as an observer's.

use crate::metrics::truth::Verdict;
use crate::metrics::{Count, CountId, CurveId, Distribution, DistributionId, DistributionRows};
use crate::metrics::{Measurements, PlaceMeasurements, Series, Served, Window};
use crate::model::{Location, Refusal, Span, Time};

/// The counts.
#[derive(Debug)]
pub(super) struct Tally {
    window: Window,
    locations: usize,
    clock: Clock,
    /// By batch: what is rare, or has its place there anyway.
    batches: Vec<Measurements>,
    /// By batch: operations that started.
    operations: Vec<u64>,
    /// By batch: answered reads, and stale ones among them.
    reads: Vec<Count>,
    /// By location: stale reads.
    stale: Vec<u64>,
    /// By batch, of stale reads: their age in nanoseconds, and by how many versions they were behind.
    ages: DistributionRows,
    lags: DistributionRows,
    /// By batch, by the time since the last write: reads that missed it, and reads that had it.
    since: DistributionRows,
    /// By [`Served`] and location; once for all batches, as the largest tables are.
    latencies: DistributionRows,
    /// Kept once, too: it tells its time itself.
    series: Series,
}

/// Tells the stretch of the series and the batch that a time belongs to.
#[derive(Debug)]
struct Clock {
    from: Time,
    /// 2⁶⁴ divided by the length of a stretch, rounded up: to multiply with it is to divide, by at most one too much.
    per_nano: u64,
    stretches: Vec<Stretch>,
    /// When each batch begins; after the last, one that never begins.
    batches: Vec<Time>,
}

/// A stretch of the series.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    start: Time,
    /// The batch that holds its start, and when the next one begins.
    batch: usize,
    next: Time,
    /// Reads that started in it: answered by a cache, from elsewhere, and stale ones among them.
    from_cache: u64,
    from_elsewhere: u64,
    stale: u64,
}

impl Clock {
    fn new(window: Window, series: &Series, batches: u32) -> Clock {
        let measured = window.until.since(window.from).0;
        let start = |batch: u32| {
            let before = u128::from(measured) * u128::from(batch) / u128::from(batches);
            Time(window.from.0 + before as u64)
        };
        let mut starts: Vec<Time> = (0..batches).map(start).collect();
        starts[0] = Time::START;
        starts.push(Time::NEVER);
        let stretch = |number| {
            let start = if number == 0 { Time::START } else { series.start(number) };
            let batch = starts[..batches as usize].iter().rposition(|batch| *batch <= start).unwrap_or(0);
            Stretch { start, batch, next: starts[batch + 1], from_cache: 0, from_elsewhere: 0, stale: 0 }
        };
        let stretches = (0..series.stretches().len()).map(stretch).collect();
        let per_nano = u64::try_from((1_u128 << 64).div_ceil(u128::from(series.width().0))).unwrap_or(u64::MAX);
        Clock { from: window.from, per_nano, stretches, batches: starts }
    }

    /// The stretch and the batch.
    #[inline]
    fn tell(&self, at: Time) -> (usize, usize) {
        let guess = ((u128::from(at.since(self.from).0) * u128::from(self.per_nano)) >> 64) as usize;
        let guess = guess.min(self.stretches.len() - 1);
        let number = guess - usize::from(at < self.stretches[guess].start);
        let Stretch { batch, next, .. } = self.stretches[number];
        (number, if at < next { batch } else { self.later(batch, at) })
    }

    /// The batch, given one that begins no later.
    #[inline]
    fn later(&self, mut batch: usize, at: Time) -> usize {
        while at >= self.batches[batch + 1] && at < Time::NEVER {
            batch += 1;
        }
        batch
    }

    fn batch(&self, at: Time) -> usize {
        if at == Time::NEVER { self.batches.len() - 2 } else { self.tell(at).1 }
    }
}

impl Tally {
    pub fn new(locations: usize, window: Window, batches: u32) -> Tally {
        let batches = batches.max(1);
        let series = Series::new(window);
        let mut empty = Measurements::new(locations);
        empty.places.clear();
        Tally {
            window,
            locations,
            clock: Clock::new(window, &series, batches),
            operations: vec![0; batches as usize],
            reads: vec![Count::default(); batches as usize],
            stale: vec![0; locations],
            ages: DistributionRows::new(batches as usize),
            lags: DistributionRows::new(batches as usize),
            since: DistributionRows::new(2 * batches as usize),
            latencies: DistributionRows::new(Served::ALL.len() * locations),
            batches: vec![empty; batches as usize],
            series,
        }
    }

    /// Whether what started then is measured.
    #[inline]
    pub fn measures(&self, start: Time) -> bool {
        start >= self.window.from
    }

    /// A read is answered by its location's cache, and judged when it starts.
    #[inline]
    pub fn hit(&mut self, location: Location, start: Time, latency: Span, verdict: &Verdict) {
        if self.measures(start) {
            let (number, batch) = self.started(location, start, latency, Served::FromCache);
            let stretch = &mut self.clock.stretches[number];
            stretch.from_cache += 1;
            stretch.stale += u64::from(verdict.judgement.stale);
            self.judged(location, batch, verdict);
        }
    }

    /// A read is answered from elsewhere, and judged when its answer is at the client.
    #[inline]
    pub fn miss(&mut self, location: Location, start: Time, end: Time, verdict: &Verdict) {
        if self.measures(start) {
            let (number, batch) = self.started(location, start, end.since(start), Served::Read);
            let stretch = &mut self.clock.stretches[number];
            stretch.from_elsewhere += 1;
            stretch.stale += u64::from(verdict.judgement.stale);
            self.judged(location, self.clock.later(batch, end), verdict);
        }
    }

    /// An operation started then and ended so after this time; says the stretch and the batch in which it started.
    #[inline]
    fn started(&mut self, location: Location, start: Time, latency: Span, served: Served) -> (usize, usize) {
        self.latencies.add(served as usize * self.locations + location.index(), latency.0);
        let (stretch, batch) = self.clock.tell(start);
        self.operations[batch] += 1;
        (stretch, batch)
    }

    #[inline]
    fn judged(&mut self, location: Location, batch: usize, verdict: &Verdict) {
        self.reads[batch].add(verdict.judgement.stale);
        if let Some((since, hit)) = verdict.last {
            self.since.add(2 * batch + usize::from(hit), since.0);
            if verdict.judgement.stale {
                self.stale(location, batch, verdict);
            }
        }
    }

    #[inline(never)]
    fn stale(&mut self, location: Location, batch: usize, verdict: &Verdict) {
        let age = verdict.judgement.age;
        self.ages.add(batch, age.0);
        self.lags.add(batch, verdict.lag);
        self.batches[batch].joint.add(verdict.lag, age);
        self.stale[location.index()] += 1;
    }

    /// A write started then and ended so; says the stretch and the batch in which it started.
    fn write(&mut self, location: Location, start: Time, end: Time, served: Served) -> (usize, usize) {
        let (stretch, batch) = self.started(location, start, end.since(start), served);
        self.series.add(stretch, served);
        (stretch, batch)
    }

    /// A write is refused.
    pub fn refused(&mut self, location: Location, start: Time, end: Time) {
        if self.measures(start) {
            let (stretch, batch) = self.write(location, start, end, Served::WriteRefused);
            self.series.refuse(stretch, Refusal::KvTooManyWrites);
            self.batches[self.clock.later(batch, end)].refuse(Refusal::KvTooManyWrites, end);
        }
    }

    /// A write is acknowledged.
    pub fn wrote(&mut self, location: Location, start: Time, end: Time, deletes: bool) {
        if self.measures(start) {
            let (_, batch) = self.write(location, start, end, Served::Write);
            self.batches[self.clock.later(batch, end)].deletes += u64::from(deletes);
        }
    }

    /// Where the windows of inconsistency of a key belong whose last event was then.
    pub fn windows(&mut self, last_event: Time) -> &mut Distribution {
        let batch = self.clock.batch(last_event);
        self.batches[batch].distribution_mut(DistributionId::InconsistencyWindow)
    }

    /// How many operations were measured so far.
    pub fn operations(&self) -> u64 {
        self.operations.iter().sum()
    }

    /// All that was measured, batch by batch.
    pub fn into_batches(mut self) -> Vec<Measurements> {
        for (batch, measurements) in self.batches.iter_mut().enumerate() {
            measurements.operations = self.operations[batch];
            *measurements.count_mut(CountId::StaleReads) = self.reads[batch];
            *measurements.distribution_mut(DistributionId::StaleAge) = self.ages.distribution(batch);
            *measurements.distribution_mut(DistributionId::VersionLag) = self.lags.distribution(batch);
            let curve = measurements.curve_mut(CurveId::TVisibility);
            curve.hits = self.since.distribution(2 * batch + 1);
            curve.chances = self.since.distribution(2 * batch);
            curve.chances.merge(&curve.hits);
        }
        let places: Vec<PlaceMeasurements> = (0..self.locations).map(|location| self.place(location)).collect();
        for (number, stretch) in self.clock.stretches.iter().enumerate() {
            self.series.add_reads(number, stretch.from_cache, stretch.from_elsewhere, stretch.stale);
        }
        if let Some(last) = self.batches.last_mut() {
            let stale = self.stale.iter().zip(&places).map(|(stale, place)| Count { hits: *stale, of: place.reads() });
            last.stale_by_location = stale.collect();
            last.places = places;
            last.series = self.series;
        }
        self.batches.iter_mut().for_each(Measurements::sum_places);
        self.batches
    }

    fn place(&self, location: usize) -> PlaceMeasurements {
        let mut place = PlaceMeasurements::default();
        for served in Served::ALL {
            *place.latency_mut(served) = self.latencies.distribution(served as usize * self.locations + location);
        }
        place
    }
}
