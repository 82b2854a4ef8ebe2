//! The first figure in which two measurements differ: for whoever claims that they are the same.

use super::distribution::Distribution;
use super::measurements::Measurements;
use super::places::Served;
use super::table::{CountId, CurveId, DistributionId};

impl Measurements {
    /// Names the first figure that is not the same in both, with its two values; `None` where all named figures agree.
    ///
    /// Locations are numbered as in the scenario's list, from zero.
    pub fn difference(&self, other: &Measurements) -> Option<String> {
        let told = |what: &str, mine: &dyn std::fmt::Debug, theirs: &dyn std::fmt::Debug| {
            Some(format!("{what}: {mine:?} against {theirs:?}"))
        };
        if self.operations != other.operations {
            return told("operations", &self.operations, &other.operations);
        }
        for id in CountId::ALL {
            let (mine, theirs) = (self.count(*id), other.count(*id));
            if mine != theirs {
                let of = |count: super::Count| format!("{} of {}", count.hits, count.of);
                return Some(format!("{}: {} against {}", id.row().name, of(mine), of(theirs)));
            }
        }
        for id in DistributionId::ALL {
            if let Some(found) = of_distributions(self.distribution(*id), other.distribution(*id)) {
                return Some(format!("{}: {found}", id.row().name));
            }
        }
        for id in CurveId::ALL {
            let (mine, theirs) = (self.curve(*id), other.curve(*id));
            let found = of_distributions(&mine.chances, &theirs.chances);
            if let Some(found) = found.or_else(|| of_distributions(&mine.hits, &theirs.hits)) {
                return Some(format!("{}: {found}", id.row().name));
            }
        }
        if self.refusals != other.refusals {
            return told("refusals", &self.refusals, &other.refusals);
        }
        if self.deletes != other.deletes {
            return told("deletes", &self.deletes, &other.deletes);
        }
        if self.joint != other.joint {
            return told("versions and age together", &self.joint, &other.joint);
        }
        self.difference_of_places(other)
    }

    fn difference_of_places(&self, other: &Measurements) -> Option<String> {
        let places = self.stale_by_location.len().max(other.stale_by_location.len());
        for place in 0..places {
            let of = |all: &Measurements| all.stale_by_location.get(place).copied().unwrap_or_default();
            let (mine, theirs) = (of(self), of(other));
            if mine != theirs {
                return Some(format!("stale reads at location {place}: {mine:?} against {theirs:?}"));
            }
        }
        let none = super::PlaceMeasurements::default();
        for place in 0..self.places.len().max(other.places.len()) {
            let mine = self.places.get(place).unwrap_or(&none);
            let theirs = other.places.get(place).unwrap_or(&none);
            for served in Served::ALL {
                if let Some(found) = of_distributions(mine.latency(served), theirs.latency(served)) {
                    return Some(format!("latency of {} at location {place}: {found}", served.word()));
                }
            }
            if mine.unanswered != theirs.unanswered {
                let (mine, theirs) = (mine.unanswered, theirs.unanswered);
                return Some(format!("unanswered at location {place}: {mine:?} against {theirs:?}"));
            }
        }
        None
    }
}

fn of_distributions(mine: &Distribution, theirs: &Distribution) -> Option<String> {
    if mine == theirs {
        return None;
    }
    let of = |all: &Distribution| format!("{} values that add up to {}", all.count(), all.sum());
    if (mine.count(), mine.sum()) != (theirs.count(), theirs.sum()) {
        return Some(format!("{} against {}", of(mine), of(theirs)));
    }
    // As many, with the same sum, and yet not the same.
    let first = mine.buckets().zip(theirs.buckets()).find(|(mine, theirs)| mine != theirs);
    Some(match first {
        Some(((mine, _, so_many), (theirs, _, as_many))) => {
            format!("{so_many} values around {mine} against {as_many} around {theirs}")
        }
        None => format!("maximum {:?} against {:?}", mine.max(), theirs.max()),
    })
}
