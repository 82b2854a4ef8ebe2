//! What is counted of all keys; in the end the same measurements, batch by batch, as an observer's.

use crate::metrics::truth::Verdict;
use crate::metrics::{Count, CountId, CurveId, Distribution, DistributionId, DistributionRows};
use crate::metrics::{Measurements, PlaceMeasurements, Series, Served, Window};
use crate::model::{Location, Refusal, Span, Time};
use crate::random::Sampler;

/// The counts.
#[derive(Debug)]
pub(super) struct Tally {
    window: Window,
    locations: usize,
    clock: Clock,
    /// By batch: what is rare, or has its place there anyway.
    batches: Vec<Measurements>,
    /// By batch: writes that started.
    writes: Vec<u64>,
    /// By batch: reads that started in an earlier one and were judged in this, and the other way round.
    came: Vec<Count>,
    went: Vec<Count>,
    /// Reads that wait to be counted: answered by a cache, and from elsewhere.
    hits: Uncounted,
    misses: Uncounted,
    hit_latency: Sampler,
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

/// Tells where in time something belongs.
#[derive(Debug)]
struct Clock {
    from: Time,
    /// 2⁶⁴ divided by the length of a stretch of the series, rounded up: to multiply with it is to divide, by at most one
    /// too much.
    per_nano: u64,
    /// By stretch: the last cell that begins no later than it.
    first: Vec<u32>,
    /// In the order of time, without a gap.
    cells: Vec<Cell>,
    /// When each batch begins; after the last, one that never begins.
    batches: Vec<Time>,
}

/// A piece of time that lies in one stretch of the series and in one batch.
#[derive(Clone, Copy, Debug)]
struct Cell {
    start: Time,
    /// When the next one begins.
    next: Time,
    stretch: u32,
    batch: u32,
    /// Reads that started in it: answered by a cache, from elsewhere, and stale ones among them.
    from_cache: u64,
    from_elsewhere: u64,
    stale: u64,
}

impl Clock {
    fn new(window: Window, series: &Series, batches: u32) -> Clock {
        let start = |batch: u32| window.batch_start(batch.into(), batches.into());
        let mut batch_starts: Vec<Time> = (0..batches).map(start).collect();
        batch_starts[0] = Time::START;
        let mut stretch_starts: Vec<Time> = (0..series.stretches().len()).map(|number| series.start(number)).collect();
        stretch_starts[0] = Time::START;
        let mut starts: Vec<Time> = batch_starts.iter().chain(&stretch_starts).copied().collect();
        starts.sort_unstable();
        starts.dedup();
        let last_of = |starts: &[Time], at: Time| starts.partition_point(|start| *start <= at) - 1;
        let cell = |(n, start): (usize, &Time)| Cell {
            start: *start,
            next: starts.get(n + 1).copied().unwrap_or(Time::NEVER),
            stretch: last_of(&stretch_starts, *start) as u32,
            batch: last_of(&batch_starts, *start) as u32,
            from_cache: 0,
            from_elsewhere: 0,
            stale: 0,
        };
        let cells = starts.iter().enumerate().map(cell).collect();
        let first = stretch_starts.iter().map(|start| last_of(&starts, *start) as u32).collect();
        let per_nano = u64::try_from((1_u128 << 64).div_ceil(u128::from(series.width().0))).unwrap_or(u64::MAX);
        batch_starts.push(Time::NEVER);
        Clock { from: window.from, per_nano, first, cells, batches: batch_starts }
    }

    /// The cell of a time.
    #[inline(always)]
    fn cell(&self, at: Time) -> usize {
        let guess = ((u128::from(at.since(self.from).0) * u128::from(self.per_nano)) >> 64) as usize;
        let mut cell = self.first[guess.min(self.first.len() - 1)] as usize;
        while at < self.cells[cell].start {
            cell -= 1;
        }
        while at >= self.cells[cell].next && at < Time::NEVER {
            cell += 1;
        }
        cell
    }

    /// The batch of a time, given one that begins no later.
    #[inline]
    fn later(&self, mut batch: usize, at: Time) -> usize {
        while at >= self.batches[batch + 1] && at < Time::NEVER {
            batch += 1;
        }
        batch
    }

    fn batch(&self, at: Time) -> usize {
        self.cells[if at == Time::NEVER { self.cells.len() - 1 } else { self.cell(at) }].batch as usize
    }
}

/// A read that was judged, and waits to be counted with others: so their ways through the tables overlap.
#[derive(Clone, Copy, Debug)]
struct Answered {
    start: Time,
    /// From a cache: the draw of its latency. From elsewhere: when the answer was at the client.
    how: u64,
    /// The time since the last completed write; [`Span::MAX`] without any.
    since: Span,
    location: Location,
    /// Whether the read returned that write or a newer one.
    fresh: bool,
    stale: bool,
}

impl Answered {
    #[inline(always)]
    fn new(location: Location, start: Time, how: u64, verdict: &Verdict) -> Answered {
        let (since, fresh) = verdict.last.unwrap_or((Span::MAX, false));
        Answered { start, how, since, location, fresh, stale: verdict.judgement.stale }
    }
}

/// What more there is to count of a stale read.
#[derive(Clone, Copy, Debug)]
struct Stale {
    /// Its place among those that wait.
    place: usize,
    age: Span,
    lag: u64,
}

/// Reads that were judged and wait to be counted, and those of them that are stale.
#[derive(Debug)]
struct Uncounted {
    reads: Vec<Answered>,
    stale: Vec<Stale>,
}

impl Uncounted {
    fn new() -> Uncounted {
        Uncounted { reads: Vec::with_capacity(TOGETHER), stale: Vec::with_capacity(TOGETHER) }
    }

    /// Adds one; says whether so many wait that they are to be counted.
    #[inline(always)]
    fn add(&mut self, location: Location, start: Time, how: u64, verdict: &Verdict) -> bool {
        if verdict.judgement.stale {
            self.stale.push(Stale { place: self.reads.len(), age: verdict.judgement.age, lag: verdict.lag });
        }
        self.reads.push(Answered::new(location, start, how, verdict));
        self.reads.len() == TOGETHER
    }

    fn clear(&mut self) {
        self.reads.clear();
        self.stale.clear();
    }
}

/// So many reads are counted together.
const TOGETHER: usize = 256;

/// Counts the age and the lag of stale reads among those that wait, given the batch in which each was judged.
fn count_stale(
    uncounted: &Uncounted,
    judged: &[u32; TOGETHER],
    [ages, lags]: [&mut DistributionRows; 2],
    batches: &mut [Measurements],
    by_location: &mut [u64],
) {
    for Stale { place, age, lag } in uncounted.stale.iter().copied() {
        let batch = judged[place] as usize;
        ages.add(batch, age.0);
        lags.add(batch, lag);
        batches[batch].joint.add(lag, age);
        by_location[uncounted.reads[place].location.index()] += 1;
    }
}

impl Tally {
    /// `hit_latency` is what the latency of a read is drawn from that a cache answers.
    pub fn new(locations: usize, window: Window, batches: u32, hit_latency: Sampler) -> Tally {
        let batches = batches.max(1);
        let series = Series::new(window);
        let mut empty = Measurements::new(locations);
        empty.places.clear();
        Tally {
            window,
            locations,
            clock: Clock::new(window, &series, batches),
            writes: vec![0; batches as usize],
            came: vec![Count::default(); batches as usize],
            went: vec![Count::default(); batches as usize],
            hits: Uncounted::new(),
            misses: Uncounted::new(),
            hit_latency,
            stale: vec![0; locations],
            ages: DistributionRows::new(batches as usize),
            lags: DistributionRows::new(batches as usize),
            since: DistributionRows::new(2 * batches as usize),
            latencies: DistributionRows::new(Served::ALL.len() * locations),
            batches: vec![empty; batches as usize],
            series,
        }
    }

    /// Measures nothing that starts earlier; time is divided as before.
    pub fn starting(mut self, from: Time) -> Tally {
        self.window.from = self.window.from.max(from);
        self
    }

    /// Whether what started then is measured.
    #[inline]
    pub fn measures(&self, start: Time) -> bool {
        start >= self.window.from
    }

    /// A read is answered by its location's cache with a latency of this draw, and judged when it starts.
    #[inline(always)]
    pub fn hit(&mut self, location: Location, start: Time, draw: u64, verdict: &Verdict) {
        if self.measures(start) && self.hits.add(location, start, draw, verdict) {
            self.count_hits();
        }
    }

    /// A read is answered from elsewhere, and judged when its answer is at the client.
    #[inline(always)]
    pub fn miss(&mut self, location: Location, start: Time, end: Time, verdict: &Verdict) {
        if self.measures(start) && self.misses.add(location, start, end.0, verdict) {
            self.count_misses();
        }
    }

    #[inline(never)]
    fn count_hits(&mut self) {
        let row = Served::FromCache as usize * self.locations;
        let latency = |read: &Answered| (row + read.location.index(), self.hit_latency.span(read.how).0);
        self.latencies.add_all(self.hits.reads.iter().map(latency));
        let mut batches = [0; TOGETHER];
        for (read, batch) in self.hits.reads.iter().zip(&mut batches) {
            let cell = self.clock.cell(read.start);
            let cell = &mut self.clock.cells[cell];
            *batch = cell.batch;
            cell.from_cache += 1;
            cell.stale += u64::from(read.stale);
            if read.since < Span::MAX {
                self.since.add(2 * cell.batch as usize + usize::from(read.fresh), read.since.0);
            }
        }
        count_stale(&self.hits, &batches, [&mut self.ages, &mut self.lags], &mut self.batches, &mut self.stale);
        self.hits.clear();
    }

    #[inline(never)]
    fn count_misses(&mut self) {
        let row = Served::Read as usize * self.locations;
        let latency = |read: &Answered| (row + read.location.index(), Time(read.how).since(read.start).0);
        self.latencies.add_all(self.misses.reads.iter().map(latency));
        let mut batches = [0; TOGETHER];
        for (read, judged) in self.misses.reads.iter().zip(&mut batches) {
            let cell = self.clock.cell(read.start);
            let cell = &mut self.clock.cells[cell];
            cell.from_elsewhere += 1;
            cell.stale += u64::from(read.stale);
            let (mut batch, end) = (cell.batch as usize, Time(read.how));
            if end >= cell.next {
                let later = self.clock.later(batch, end);
                if later > batch {
                    self.went[batch].add(read.stale);
                    self.came[later].add(read.stale);
                    batch = later;
                }
            }
            *judged = batch as u32;
            if read.since < Span::MAX {
                self.since.add(2 * batch + usize::from(read.fresh), read.since.0);
            }
        }
        count_stale(&self.misses, &batches, [&mut self.ages, &mut self.lags], &mut self.batches, &mut self.stale);
        self.misses.clear();
    }

    /// A write started then and ended so; says the stretch and the batch in which it started.
    fn write(&mut self, location: Location, start: Time, end: Time, served: Served) -> (usize, usize) {
        self.latencies.add(served as usize * self.locations + location.index(), end.since(start).0);
        let Cell { stretch, batch, .. } = self.clock.cells[self.clock.cell(start)];
        self.writes[batch as usize] += 1;
        self.series.add(stretch as usize, served);
        (stretch as usize, batch as usize)
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
        let counted = self.clock.cells.iter().map(|cell| cell.from_cache + cell.from_elsewhere).sum::<u64>();
        counted + (self.hits.reads.len() + self.misses.reads.len()) as u64 + self.writes.iter().sum::<u64>()
    }

    /// All that was measured, batch by batch.
    pub fn into_batches(mut self) -> Vec<Measurements> {
        self.count_hits();
        self.count_misses();
        let mut reads = vec![Count::default(); self.batches.len()];
        for cell in &self.clock.cells {
            reads[cell.batch as usize].merge(Count { hits: cell.stale, of: cell.from_cache + cell.from_elsewhere });
            self.series.add_reads(cell.stretch as usize, cell.from_cache, cell.from_elsewhere, cell.stale);
        }
        for (batch, measurements) in self.batches.iter_mut().enumerate() {
            measurements.operations = self.writes[batch] + reads[batch].of;
            let (came, went) = (self.came[batch], self.went[batch]);
            *measurements.count_mut(CountId::StaleReads) =
                Count { hits: reads[batch].hits + came.hits - went.hits, of: reads[batch].of + came.of - went.of };
            *measurements.distribution_mut(DistributionId::StaleAge) = self.ages.distribution(batch);
            *measurements.distribution_mut(DistributionId::VersionLag) = self.lags.distribution(batch);
            let curve = measurements.curve_mut(CurveId::TVisibility);
            curve.hits = self.since.distribution(2 * batch + 1);
            curve.chances = self.since.distribution(2 * batch);
            curve.chances.merge(&curve.hits);
        }
        let places: Vec<PlaceMeasurements> = (0..self.locations).map(|location| self.place(location)).collect();
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
