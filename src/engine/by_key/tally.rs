//! What is counted of all keys; in the end the same measurements, batch by batch, as an observer's.

use crate::metrics::truth::Verdict;
use crate::metrics::{Count, CountId, CurveId, Distribution, DistributionId, DistributionRows};
use crate::metrics::{Measurements, PlaceMeasurements, Series, Served, Window};
use crate::model::{Location, Refusal, Span, Time};
use crate::random::Sampler;

use super::Ended;

/// The counts.
#[derive(Debug)]
pub(super) struct Tally {
    window: Window,
    locations: usize,
    clock: Clock,
    /// By batch: what is rare, or has its place there anyway.
    batches: Vec<Measurements>,
    /// By batch: operations that started and are no answered reads.
    others: Vec<u64>,
    /// By batch: reads that started in an earlier one and were judged in this, and the other way round.
    came: Vec<Count>,
    went: Vec<Count>,
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
    also: Also,
    /// By batch: stale reads that were older than a cache's TTL.
    beyond_ttl: Vec<u64>,
}

/// What answered reads are counted as, too.
#[derive(Clone, Copy, Debug)]
pub(super) enum Also {
    Nothing,
    /// Evaluations of flags.
    Evaluations,
    /// Answers of a cache in front of a database, which should be no older than this.
    Cached(Span),
    /// Readings of so many keys in one step: all of them are judged, none is stale, and no reading is torn.
    Readings(u16),
}

impl Also {
    /// Of how many keys an answered read is.
    fn keys(self) -> u16 {
        if let Also::Readings(keys) = self { keys } else { 1 }
    }

    /// What is judged of each key, given what is of one.
    fn each_key(self, one: Distribution) -> Distribution {
        if self.keys() == 1 {
            return one;
        }
        let mut all = Distribution::default();
        (0..self.keys()).for_each(|_| all.merge(&one));
        all
    }

    /// The same of reads that are counted.
    fn count_each_key(self, one: Count) -> Count {
        let keys = u64::from(self.keys());
        Count { hits: keys * one.hits, of: keys * one.of }
    }
}

/// Tells where in time something belongs.
#[derive(Debug)]
struct Clock {
    from: Time,
    /// A slot is 2 to this power nanoseconds long.
    slot: u32,
    /// By slot: the cell in which it begins.
    first: Box<[u16; SLOTS]>,
    /// In the order of time, without a gap.
    cells: Vec<Cell>,
    /// When each batch begins; after the last, one that never begins.
    batches: Vec<Time>,
}

/// The window lies in half of these or more, several times as many as there are cells.
const SLOTS: usize = 2048;

/// A piece of time that lies in one stretch of the series and in one batch.
#[derive(Clone, Copy, Debug)]
struct Cell {
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
            next: starts.get(n + 1).copied().unwrap_or(Time::NEVER),
            stretch: last_of(&stretch_starts, *start) as u32,
            batch: last_of(&batch_starts, *start) as u32,
            from_cache: 0,
            from_elsewhere: 0,
            stale: 0,
        };
        let cells: Vec<Cell> = starts.iter().enumerate().map(cell).collect();
        let length = window.until.since(window.from).0;
        let slot = (length / SLOTS as u64).checked_ilog2().map_or(0, |log2| log2 + 1);
        let begins = |number: u64| Time(window.from.0.saturating_add(number << slot));
        let first = std::array::from_fn(|number| last_of(&starts, begins(number as u64)) as u16);
        batch_starts.push(Time::NEVER);
        Clock { from: window.from, slot, first: Box::new(first), cells, batches: batch_starts }
    }

    /// The cell of a time in the window.
    #[inline(always)]
    fn cell(&self, at: Time) -> usize {
        debug_assert!(at >= self.from, "what starts earlier is not measured");
        // In the window every number is below that of slots, which the remainder says without a branch.
        let slot = (at.0.wrapping_sub(self.from.0) >> self.slot) as usize % SLOTS;
        let mut cell = usize::from(self.first[slot]);
        while at >= self.cells[cell].next {
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
        self.later(0, at)
    }
}

impl Tally {
    /// `hit_latency` is what the latency of a read is drawn from that a cache answers.
    pub fn new(locations: usize, window: Window, batches: u32, hit_latency: Sampler, also: Also) -> Tally {
        let batches = batches.max(1);
        let series = Series::new(window);
        let mut empty = Measurements::new(locations);
        empty.places.clear();
        Tally {
            window,
            locations,
            clock: Clock::new(window, &series, batches),
            others: vec![0; batches as usize],
            came: vec![Count::default(); batches as usize],
            went: vec![Count::default(); batches as usize],
            hit_latency,
            stale: vec![0; locations],
            ages: DistributionRows::new(batches as usize),
            lags: DistributionRows::new(batches as usize),
            since: DistributionRows::new(2 * batches as usize),
            latencies: DistributionRows::new(Served::ALL.len() * locations),
            batches: vec![empty; batches as usize],
            series,
            also,
            beyond_ttl: vec![0; batches as usize],
        }
    }

    /// Measures nothing that starts earlier; time is divided as before.
    pub fn starting(mut self, from: Time) -> Tally {
        self.window.from = self.window.from.max(from);
        self
    }

    /// From when on what starts is measured.
    #[inline]
    pub fn from(&self) -> Time {
        self.window.from
    }

    /// Whether what started then is measured.
    #[inline]
    pub fn measures(&self, start: Time) -> bool {
        start >= self.window.from
    }

    /// A read is answered by its location's cache with a latency of this draw, and judged when it starts.
    #[inline(always)]
    pub fn hit(&mut self, location: Location, start: Time, draw: u64, verdict: &Verdict) {
        if !self.measures(start) {
            return;
        }
        let row = Served::FromCache as usize * self.locations + location.index();
        self.latencies.add(row, self.hit_latency.span(draw).0);
        let cell = self.clock.cell(start);
        let cell = &mut self.clock.cells[cell];
        cell.from_cache += 1;
        cell.stale += u64::from(verdict.judgement.stale);
        let batch = cell.batch as usize;
        self.judged(location, batch, verdict);
    }

    /// The same where the caller makes something of the value for a while; says when that is done. Of clients with names it is
    /// judged only then.
    #[inline(always)]
    pub fn hit_and_made(
        &mut self,
        location: Location,
        start: Time,
        draw: u64,
        making: Span,
        named: bool,
        verdict: &Verdict,
    ) -> Time {
        let end = start + self.hit_latency.span(draw) + making;
        self.read(Served::FromCache, location, (start, if named { end } else { start }, end), verdict);
        end
    }

    /// A read is answered from elsewhere: when it started, when it was judged, and when it ended.
    #[inline(always)]
    pub fn miss(&mut self, location: Location, times: (Time, Time, Time), verdict: &Verdict) {
        self.read(Served::Read, location, times, verdict);
    }

    /// The same of a read that is not stale, which is judged before its answer is there: when it started, when it was judged,
    /// and when it ended; and how long ago the last write was complete when it started.
    #[inline]
    pub fn fresh(&mut self, location: Location, times: (Time, Time, Time), since: Option<Span>) {
        self.read(
            Served::Read,
            location,
            times,
            &Verdict { last: since.map(|since| (since, true)), ..Verdict::NOTHING_WRITTEN },
        );
    }

    #[inline(always)]
    fn read(&mut self, served: Served, location: Location, times: (Time, Time, Time), verdict: &Verdict) {
        let (start, judged, end) = times;
        if !self.measures(start) {
            return;
        }
        let row = served as usize * self.locations + location.index();
        // Nothing ends before it starts.
        self.latencies.add(row, end.0.wrapping_sub(start.0));
        let cell = self.clock.cell(start);
        let cell = &mut self.clock.cells[cell];
        if served == Served::FromCache {
            cell.from_cache += 1;
        } else {
            cell.from_elsewhere += 1;
        }
        cell.stale += u64::from(verdict.judgement.stale);
        let mut batch = cell.batch as usize;
        if judged >= cell.next {
            batch = self.later(batch, judged, verdict.judgement.stale);
        }
        self.judged(location, batch, verdict);
    }

    /// A read that started in a batch is judged then: tells in which.
    #[inline(never)]
    fn later(&mut self, started: usize, judged: Time, stale: bool) -> usize {
        let batch = self.clock.later(started, judged);
        if batch > started {
            self.went[started].add(stale);
            self.came[batch].add(stale);
        }
        batch
    }

    /// What a read's verdict adds to the batch in which it is judged.
    #[inline(always)]
    fn judged(&mut self, location: Location, batch: usize, verdict: &Verdict) {
        if let Some((since, fresh)) = verdict.last {
            self.since.add(2 * batch + usize::from(fresh), since.0);
        }
        if verdict.judgement.stale {
            self.stale(location, batch, verdict.judgement.age, verdict.lag);
        }
    }

    #[inline(never)]
    fn stale(&mut self, location: Location, batch: usize, age: Span, lag: u64) {
        self.ages.add(batch, age.0);
        self.lags.add(batch, lag);
        self.batches[batch].joint.add(lag, age);
        self.stale[location.index()] += 1;
        if let Also::Cached(ttl) = self.also {
            self.beyond_ttl[batch] += u64::from(age > ttl);
        }
    }

    /// What is no answered read started then and ended so; says the stretch and the batch in which it started.
    fn operation(&mut self, location: Location, start: Time, end: Time, served: Served) -> (usize, usize) {
        self.latencies.add(served as usize * self.locations + location.index(), end.since(start).0);
        let Cell { stretch, batch, .. } = self.clock.cells[self.clock.cell(start)];
        self.others[batch as usize] += 1;
        self.series.add(stretch as usize, served);
        (stretch as usize, batch as usize)
    }

    /// An operation is refused by a rule: when it started, when that is known, and when it ended.
    pub fn refused(
        &mut self,
        location: Location,
        (start, known, end): (Time, Time, Time),
        served: Served,
        refusal: Refusal,
    ) {
        if self.measures(start) {
            let (stretch, batch) = self.operation(location, start, end, served);
            self.series.refuse(stretch, refusal);
            self.batches[self.clock.later(batch, known)].refuse(refusal, end);
        }
    }

    /// What the caller of an operation sees of a refusal, which started and ended then.
    #[cold]
    pub fn tell(&mut self, at: Time, refusal: Refusal, text: impl FnOnce() -> Option<String>) {
        if self.measures(at) {
            self.at(at).tell(refusal, at, text);
        }
    }

    /// A write is acknowledged.
    pub fn wrote(&mut self, location: Location, start: Time, end: Time, deletes: bool) {
        if self.measures(start) {
            let (_, batch) = self.operation(location, start, end, Served::Write);
            self.batches[self.clock.later(batch, end)].deletes += u64::from(deletes);
        }
    }

    /// The same of a write that no read misses: its window of inconsistency is none.
    pub fn wrote_for_all(&mut self, location: Location, start: Time, end: Time, deletes: bool, ended: &mut Ended) {
        self.wrote(location, start, end, deletes);
        if self.measures(start) {
            (0..self.also.keys()).for_each(|_| ended.windows.add(0));
        }
    }

    /// Where the windows of inconsistency of a key belong whose last event was then.
    pub fn windows(&mut self, last_event: Time) -> &mut Distribution {
        self.at(last_event).distribution_mut(DistributionId::InconsistencyWindow)
    }

    /// What is known only at the end of a partition belongs where its last event is.
    pub fn end(&mut self, ended: &Ended) {
        let batch = self.at(ended.last_event);
        batch.distribution_mut(DistributionId::InconsistencyWindow).merge(&ended.windows);
        batch.usage.merge(&ended.usage);
        batch.storage.merge(&ended.stored.storage());
    }

    /// What belongs to the batch of that time.
    pub fn at(&mut self, time: Time) -> &mut Measurements {
        let batch = self.clock.batch(time);
        &mut self.batches[batch]
    }

    /// How many operations were measured so far.
    pub fn operations(&self) -> u64 {
        let reads = self.clock.cells.iter().map(|cell| cell.from_cache + cell.from_elsewhere).sum::<u64>();
        reads + self.others.iter().sum::<u64>()
    }

    /// All that was measured, batch by batch.
    pub fn into_batches(mut self) -> Vec<Measurements> {
        let mut reads = vec![Count::default(); self.batches.len()];
        for cell in &self.clock.cells {
            reads[cell.batch as usize].merge(Count { hits: cell.stale, of: cell.from_cache + cell.from_elsewhere });
            self.series.add_reads(cell.stretch as usize, cell.from_cache, cell.from_elsewhere, cell.stale);
        }
        for (batch, measurements) in self.batches.iter_mut().enumerate() {
            measurements.operations = self.others[batch] + reads[batch].of;
            let (came, went) = (self.came[batch], self.went[batch]);
            let stale =
                Count { hits: reads[batch].hits + came.hits - went.hits, of: reads[batch].of + came.of - went.of };
            *measurements.count_mut(CountId::StaleReads) = self.also.count_each_key(stale);
            match self.also {
                Also::Nothing => {}
                Also::Evaluations => *measurements.count_mut(CountId::StaleEvaluations) = stale,
                Also::Readings(_) => *measurements.count_mut(CountId::TornReads) = Count { hits: 0, ..stale },
                Also::Cached(_) => {
                    *measurements.count_mut(CountId::StaleAfterInvalidation) = stale;
                    let beyond = Count { hits: self.beyond_ttl[batch], ..stale };
                    *measurements.count_mut(CountId::StaleBeyondTtl) = beyond;
                }
            }
            *measurements.distribution_mut(DistributionId::StaleAge) = self.ages.distribution(batch);
            *measurements.distribution_mut(DistributionId::VersionLag) = self.lags.distribution(batch);
            let curve = measurements.curve_mut(CurveId::TVisibility);
            curve.hits = self.also.each_key(self.since.distribution(2 * batch + 1));
            curve.chances = self.also.each_key(self.since.distribution(2 * batch));
            curve.chances.merge(&curve.hits);
        }
        let places: Vec<PlaceMeasurements> = (0..self.locations).map(|location| self.place(location)).collect();
        if let Some(last) = self.batches.last_mut() {
            let stale = self.stale.iter().zip(&places).map(|(stale, place)| Count { hits: *stale, of: place.reads() });
            last.stale_by_location = stale.map(|stale| self.also.count_each_key(stale)).collect();
            last.places = places;
            last.series = self.series;
        }
        self.batches.iter_mut().for_each(Measurements::sum_places);
        self.batches
    }

    fn place(&mut self, location: usize) -> PlaceMeasurements {
        let mut place = PlaceMeasurements::default();
        for served in Served::ALL {
            *place.latency_mut(served) = self.latencies.distribution(served as usize * self.locations + location);
        }
        place
    }
}
