//! How often each size occurred: an integer histogram with logarithmic groups of equal steps.

/// Steps within each doubling: values below 256 are exact, larger ones are off by at most one part in 256.
const STEPS_LOG2: u32 = 7;
const STEPS: u64 = 1 << STEPS_LOG2;

/// A histogram of whole numbers (nanoseconds, versions, requests). Merging is exact and does not depend on order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Distribution {
    /// How often each bucket was hit, for the whole doublings from the lowest to the highest that was: hundreds of
    /// distributions of latencies would be mostly zeros otherwise, and those take time to clear, merge and read.
    buckets: Vec<u64>,
    /// The number of the first of them.
    first: usize,
    count: u64,
    sum: u128,
    max: u64,
}

/// The bucket of a value.
#[inline]
pub fn bucket_of(value: u64) -> usize {
    // Without a branch: values below the first doubling are their own buckets, as if they were in it.
    let shift = (value | STEPS).ilog2() - STEPS_LOG2;
    ((u64::from(shift) << STEPS_LOG2) + (value >> shift)) as usize
}

/// The least value of a bucket, and the number of values that share it. For buckets that [`bucket_of`] gives; the least
/// value and the number together reach 2⁶⁴ in the last one.
pub fn bucket_range(bucket: usize) -> (u64, u64) {
    let bucket = bucket as u64;
    if bucket < STEPS {
        return (bucket, 1);
    }
    let shift = (bucket >> STEPS_LOG2) - 1;
    ((STEPS + (bucket & (STEPS - 1))) << shift, 1 << shift)
}

impl Distribution {
    /// Buckets within each doubling.
    pub(super) const STEPS: usize = STEPS as usize;

    /// Adds so many values of a bucket; their sum and the largest of them are to be added apart.
    pub(super) fn add_to_bucket(&mut self, bucket: usize, count: u64) {
        *self.bucket_mut(bucket) += count;
        self.count += count;
    }

    /// What [`Distribution::add_to_bucket`] cannot know.
    pub(super) fn add_totals(&mut self, sum: u128, max: u64) {
        self.sum += sum;
        self.max = self.max.max(max);
    }

    /// Adds one value.
    #[inline]
    pub fn add(&mut self, value: u64) {
        *self.bucket_mut(bucket_of(value)) += 1;
        self.count += 1;
        self.sum += u128::from(value);
        self.max = self.max.max(value);
    }

    #[inline]
    fn bucket_mut(&mut self, bucket: usize) -> &mut u64 {
        // One comparison for both ends: what lies below the first wraps around.
        if bucket.wrapping_sub(self.first) >= self.buckets.len() {
            let doubling = bucket & !(Distribution::STEPS - 1);
            self.cover(doubling, doubling + Distribution::STEPS);
        }
        &mut self.buckets[bucket - self.first]
    }

    /// Makes room for buckets from the first of a doubling that is filled to the last of one that is.
    pub(super) fn make_room(&mut self, from: usize, to: usize) {
        if from < self.first || to > self.first + self.buckets.len() {
            self.cover(from, to);
        }
    }

    /// Makes room for the buckets of whole doublings. What there is room for follows from the lowest and the highest filled
    /// bucket alone, however they were reached, so that equal distributions compare equal.
    #[cold]
    fn cover(&mut self, from: usize, to: usize) {
        if self.buckets.is_empty() {
            self.first = from;
        }
        if from < self.first {
            self.buckets.splice(0..0, std::iter::repeat_n(0, self.first - from));
            self.first = from;
        }
        if to > self.first + self.buckets.len() {
            self.buckets.resize(to - self.first, 0);
        }
    }

    /// Adds all values of another distribution.
    pub fn merge(&mut self, other: &Distribution) {
        if self.buckets.is_empty() {
            self.buckets.clone_from(&other.buckets);
            self.first = other.first;
        } else if !other.buckets.is_empty() {
            self.make_room(other.first, other.first + other.buckets.len());
            let mine = &mut self.buckets[other.first - self.first..];
            mine.iter_mut().zip(&other.buckets).for_each(|(mine, theirs)| *mine += theirs);
        }
        self.count += other.count;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    /// Adds all values of another distribution that is not needed any more: what there is nothing to add to is kept as it is.
    pub fn absorb(&mut self, mut other: Distribution) {
        if self.buckets.len() < other.buckets.len() {
            std::mem::swap(self, &mut other);
        }
        self.merge(&other);
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The largest value, exact; `None` when empty.
    pub fn max(&self) -> Option<u64> {
        (self.count > 0).then_some(self.max)
    }

    /// The sum of all values, exact.
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// The mean, exact up to the division; `None` when empty.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The least value that at least the share `p` of all values does not exceed, to within the bucket's width
    /// (middle of the bucket, never above the maximum); `None` when empty.
    pub fn quantile(&self, p: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        // A product that rounding lifted above a whole number (7 % of 100 values: 7.000000000000001) means that number.
        let rank = libm::ceil(p * self.count as f64 * (1.0 - 4.0 * f64::EPSILON));
        let rank = (rank as u64).clamp(1, self.count);
        // A doubling at a time, then step by step within the one that holds the rank.
        let (mut seen, mut bucket) = (0, 0);
        for doubling in self.buckets.chunks(Distribution::STEPS) {
            let more: u64 = doubling.iter().sum();
            if seen + more >= rank {
                break;
            }
            seen += more;
            bucket += doubling.len();
        }
        for count in &self.buckets[bucket..] {
            seen += count;
            if seen >= rank {
                let (least, width) = bucket_range(self.first + bucket);
                let middle = least as f64 + (width - 1) as f64 / 2.0;
                return Some(middle.min(self.max as f64));
            }
            bucket += 1;
        }
        Some(self.max as f64)
    }

    /// The filled buckets: (least value, number of values that share the bucket, how often).
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        self.buckets.iter().enumerate().filter(|(_, count)| **count > 0).map(|(bucket, count)| {
            let (least, width) = bucket_range(self.first + bucket);
            (least, width, *count)
        })
    }
}
