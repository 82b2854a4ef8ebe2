//! Many distributions at once, close together in memory: for what is counted at every operation.

use super::distribution::{Distribution, bucket_of};

/// Buckets of one distribution within a doubling of its values.
const STEPS: usize = Distribution::STEPS;

/// Distributions by row number. What is in use of hundreds of rows fits into a cache, where a [`Distribution`] each would
/// be spread over megabytes: counts are bytes that carry into wider ones, and rows lie side by side, doubling by doubling,
/// so that rows whose values are alike share one stretch of memory.
#[derive(Clone, Debug)]
pub struct DistributionRows {
    /// By doubling, each empty until one of its values comes: the buckets of each row.
    doublings: Vec<Box<[u8]>>,
    /// By row, of all its values.
    totals: Vec<Total>,
    /// What did not fit into the bytes, by row.
    carried: Vec<Distribution>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Total {
    sum: u128,
    max: u64,
}

impl DistributionRows {
    /// So many empty ones.
    pub fn new(rows: usize) -> DistributionRows {
        DistributionRows {
            doublings: vec![Box::default(); bucket_of(u64::MAX) / STEPS + 1],
            totals: vec![Total::default(); rows],
            carried: vec![Distribution::default(); rows],
        }
    }

    /// Adds one value to a row.
    #[inline]
    pub fn add(&mut self, row: usize, value: u64) {
        let bucket = bucket_of(value);
        let place = row * STEPS + bucket % STEPS;
        let total = &mut self.totals[row];
        total.sum += u128::from(value);
        total.max = total.max.max(value);
        match self.doublings[bucket / STEPS].get_mut(place) {
            Some(count) if *count < u8::MAX => *count += 1,
            _ => self.carry(row, bucket, place),
        }
    }

    /// Room for the first value of a doubling, or for one more than a byte counts.
    #[cold]
    fn carry(&mut self, row: usize, bucket: usize, place: usize) {
        let counts = &mut self.doublings[bucket / STEPS];
        if counts.is_empty() {
            *counts = vec![0; self.totals.len() * STEPS].into();
            counts[place] = 1;
        } else {
            let count = std::mem::take(&mut counts[place]);
            self.carried[row].add_to_bucket(bucket, u64::from(count) + 1);
        }
    }

    /// A row as a distribution.
    pub fn distribution(&self, row: usize) -> Distribution {
        let mut distribution = self.carried[row].clone();
        for (doubling, counts) in self.doublings.iter().enumerate() {
            let counts = counts.get(row * STEPS..(row + 1) * STEPS).unwrap_or_default();
            for (step, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                distribution.add_to_bucket(doubling * STEPS + step, u64::from(*count));
            }
        }
        let Total { sum, max } = self.totals[row];
        distribution.add_totals(sum, max);
        distribution
    }
}
