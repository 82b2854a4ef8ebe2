//! All measurements of one store: the table's columns, filled. Merging is exact and does not depend on order.

use std::collections::BTreeMap;

use crate::limits::{Storage, Usage};
use crate::model::{Refusal, Time};

use super::count::Count;
use super::curve::Curve;
use super::distribution::Distribution;
use super::joint::Joint;
use super::places::{PlaceMeasurements, Served};
use super::series::Series;
use super::table::{CountId, CurveId, DistributionId};

/// The figures of one store, of one partition, one replication or all of them together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Measurements {
    counts: Vec<Count>,
    distributions: Vec<Distribution>,
    curves: Vec<Curve>,
    /// Operations that started, counted in the measured part of the run.
    pub operations: u64,
    /// Keys whose deletion was acknowledged: platforms bill them apart from other writes.
    pub deletes: u64,
    /// Refusals by rule: how often, and when first.
    pub refusals: BTreeMap<Refusal, (u64, Time)>,
    /// What the caller's code saw of the first refusal by a rule, where that is more than the rule's own text.
    pub refusal_texts: BTreeMap<Refusal, (Time, String)>,
    /// What was stored, as far as calls state sizes.
    pub storage: Storage,
    /// What was used of the platform's meters, as far as the store counts that itself.
    pub usage: Usage,
    /// Answered reads and stale reads among them, by location.
    pub stale_by_location: Vec<Count>,
    /// How each location was served.
    pub places: Vec<PlaceMeasurements>,
    /// Stale reads by versions and age together.
    pub joint: Joint,
    /// What became of operations as the run went on; empty where nobody observed it.
    pub series: Series,
}

impl Measurements {
    /// Nothing measured yet, for a scenario with so many locations.
    pub fn new(locations: usize) -> Measurements {
        Measurements {
            counts: vec![Count::default(); CountId::ALL.len()],
            distributions: vec![Distribution::default(); DistributionId::ALL.len()],
            curves: vec![Curve::default(); CurveId::ALL.len()],
            operations: 0,
            deletes: 0,
            refusals: BTreeMap::new(),
            refusal_texts: BTreeMap::new(),
            storage: Storage::default(),
            usage: Usage::default(),
            stale_by_location: vec![Count::default(); locations],
            places: vec![PlaceMeasurements::default(); locations],
            joint: Joint::default(),
            series: Series::default(),
        }
    }

    /// A count.
    pub fn count(&self, id: CountId) -> Count {
        self.counts[id as usize]
    }

    /// A count, to add to.
    #[inline]
    pub fn count_mut(&mut self, id: CountId) -> &mut Count {
        &mut self.counts[id as usize]
    }

    /// A distribution.
    pub fn distribution(&self, id: DistributionId) -> &Distribution {
        &self.distributions[id as usize]
    }

    /// A distribution, to add to.
    #[inline]
    pub fn distribution_mut(&mut self, id: DistributionId) -> &mut Distribution {
        &mut self.distributions[id as usize]
    }

    /// A curve.
    pub fn curve(&self, id: CurveId) -> &Curve {
        &self.curves[id as usize]
    }

    /// A curve, to add to.
    #[inline]
    pub fn curve_mut(&mut self, id: CurveId) -> &mut Curve {
        &mut self.curves[id as usize]
    }

    /// Adds up what was kept by location only, because adding to two tables at every answer would be one too many.
    /// Called once, when all is observed.
    pub fn sum_places(&mut self) {
        for place in &self.places {
            for served in [Served::FromCache, Served::Read] {
                self.distributions[DistributionId::ReadLatency as usize].merge(place.latency(served));
            }
            self.distributions[DistributionId::WriteLatency as usize].merge(place.latency(Served::Write));
            let cached = Count { hits: place.count(Served::FromCache), of: place.reads() };
            self.counts[CountId::CacheHits as usize].merge(cached);
            let answered = place.reads() + place.count(Served::Write);
            let refused = place.count(Served::ReadRefused) + place.count(Served::WriteRefused);
            let of = answered + refused + place.unanswered.iter().sum::<u64>();
            self.counts[CountId::Available as usize].merge(Count { hits: answered, of });
        }
    }

    /// Counts a refusal.
    pub fn refuse(&mut self, refusal: Refusal, at: Time) {
        let entry = self.refusals.entry(refusal).or_insert((0, at));
        entry.0 += 1;
        entry.1 = entry.1.min(at);
    }

    /// Keeps what the caller saw of a refusal, if no earlier one is known; of two at once, the text that comes first.
    pub fn tell(&mut self, refusal: Refusal, at: Time, text: impl FnOnce() -> Option<String>) {
        if self.refusal_texts.get(&refusal).is_some_and(|(known, _)| *known < at) {
            return;
        }
        if let Some(text) = text() {
            let told = (at, text);
            let first = self.refusal_texts.entry(refusal).or_insert_with(|| told.clone());
            if told < *first {
                *first = told;
            }
        }
    }

    /// Those of several batches or replications together.
    pub fn merged(parts: Vec<Measurements>) -> Measurements {
        let mut parts = parts.into_iter();
        let mut all = parts.next().unwrap_or_else(|| Measurements::new(0));
        parts.for_each(|part| all.absorb(part));
        all
    }

    /// Adds measurements that are not needed any more. The tables of hundreds of locations are megabytes: those that there
    /// is nothing to add to are moved and not copied.
    pub fn absorb(&mut self, mut other: Measurements) {
        for (mine, theirs) in self.distributions.iter_mut().zip(std::mem::take(&mut other.distributions)) {
            mine.absorb(theirs);
        }
        for (mine, theirs) in self.curves.iter_mut().zip(std::mem::take(&mut other.curves)) {
            mine.absorb(theirs);
        }
        self.absorb_places(std::mem::take(&mut other.places));
        self.merge(&other);
    }

    /// The same of how locations were served alone.
    pub fn absorb_places(&mut self, mut places: Vec<PlaceMeasurements>) {
        if self.places.len() < places.len() {
            std::mem::swap(&mut self.places, &mut places);
        }
        for (mine, theirs) in self.places.iter_mut().zip(places) {
            mine.absorb(theirs);
        }
    }

    /// Adds the measurements of another partition or replication.
    pub fn merge(&mut self, other: &Measurements) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            mine.merge(*theirs);
        }
        for (mine, theirs) in self.distributions.iter_mut().zip(&other.distributions) {
            mine.merge(theirs);
        }
        for (mine, theirs) in self.curves.iter_mut().zip(&other.curves) {
            mine.merge(theirs);
        }
        if self.stale_by_location.len() < other.stale_by_location.len() {
            self.stale_by_location.resize(other.stale_by_location.len(), Count::default());
        }
        for (mine, theirs) in self.stale_by_location.iter_mut().zip(&other.stale_by_location) {
            mine.merge(*theirs);
        }
        if self.places.len() < other.places.len() {
            self.places.resize(other.places.len(), PlaceMeasurements::default());
        }
        for (mine, theirs) in self.places.iter_mut().zip(&other.places) {
            mine.merge(theirs);
        }
        for (refusal, (at, text)) in &other.refusal_texts {
            self.tell(*refusal, *at, || Some(text.clone()));
        }
        self.storage.merge(&other.storage);
        self.usage.merge(&other.usage);
        self.joint.merge(&other.joint);
        self.series.merge(&other.series);
        self.operations += other.operations;
        self.deletes += other.deletes;
        self.refuse_more(&other.refusals);
    }

    /// Adds refusals by rule: how often, and when first.
    pub fn refuse_more(&mut self, refusals: &BTreeMap<Refusal, (u64, Time)>) {
        for (refusal, (count, first)) in refusals {
            let entry = self.refusals.entry(*refusal).or_insert((0, *first));
            entry.0 += count;
            entry.1 = entry.1.min(*first);
        }
    }
}
