//! Counts, histograms and curves: exact where they say so, and the same whichever way they were put together.

use consistency_sim::metrics::distribution::{bucket_of, bucket_range};
use consistency_sim::metrics::{Count, CountId, Curve, CurveId, Distribution, DistributionId, Measurements};
use consistency_sim::model::{Refusal, Time};
use proptest::prelude::*;

use crate::support::cases;

/// Buckets that cover all of u64.
const BUCKETS: usize = 7_424;

fn distribution(values: &[u64]) -> Distribution {
    let mut distribution = Distribution::default();
    values.iter().for_each(|value| distribution.add(*value));
    distribution
}

/// Values of every size, not only huge ones.
fn any_value() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0_u32..64).prop_map(|(value, shift)| value >> shift)
}

#[test]
fn buckets_follow_each_other_without_gap_up_to_the_greatest_number() {
    // Bounds of all buckets: with the order of values inside (next test) this is every u64.
    let mut next = 0_u128;
    for bucket in 0..BUCKETS {
        let (least, width) = bucket_range(bucket);
        assert_eq!(u128::from(least), next, "bucket {bucket}");
        assert_eq!(bucket_of(least), bucket);
        assert_eq!(bucket_of(least + (width - 1)), bucket);
        assert!(width == 1 || least / width >= 128, "bucket {bucket} is at most 1/128 wide");
        next += u128::from(width);
    }
    assert_eq!(next, 1 << 64);
    assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
}

#[test]
fn buckets_of_neighbours_are_neighbours() {
    let near_powers = (0..64).flat_map(|n| (0..600).map(move |d| (1_u64 << n).wrapping_add(d).wrapping_sub(300)));
    for value in (0..70_000).chain(near_powers).filter(|value| *value < u64::MAX) {
        let (here, next) = (bucket_of(value), bucket_of(value + 1));
        assert!(next == here || next == here + 1, "{value}");
        let (least, width) = bucket_range(here);
        assert!(least <= value && value - least < width, "{value}");
    }
    assert!((0..256).all(|value| bucket_range(bucket_of(value)) == (value, 1)), "small values are exact");
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn every_value_lies_in_its_bucket(value in any_value(), other in any_value()) {
        let (least, width) = bucket_range(bucket_of(value));
        prop_assert!(least <= value && value - least < width);
        prop_assert!(bucket_of(value.min(other)) <= bucket_of(value.max(other)));
    }

    #[test]
    fn quantiles_are_within_one_part_in_256(mut values in prop::collection::vec(any_value(), 1..300), thousandths in 0_u64..=1000) {
        let found = distribution(&values).quantile(thousandths as f64 / 1000.0).unwrap();
        values.sort_unstable();
        // The least value that at least this share does not exceed, in whole numbers.
        let rank = (thousandths as usize * values.len()).div_ceil(1000).max(1);
        let exact = values[rank - 1];
        let error = (found - exact as f64).abs();
        prop_assert!(error <= exact as f64 / 256.0, "{} instead of {}", found, exact);
        prop_assert!(exact >= 256 || error == 0.0);
        prop_assert!(found <= *values.last().unwrap() as f64);
    }

    #[test]
    fn sums_means_and_maxima_are_exact(values in prop::collection::vec(any_value(), 1..300)) {
        let found = distribution(&values);
        let sum: u128 = values.iter().map(|value| u128::from(*value)).sum();
        prop_assert_eq!(found.count(), values.len() as u64);
        prop_assert_eq!(found.sum(), sum);
        prop_assert_eq!(found.mean(), Some(sum as f64 / values.len() as f64));
        prop_assert_eq!(found.max(), values.iter().max().copied());
        prop_assert_eq!(found.buckets().map(|(_, _, count)| count).sum::<u64>(), values.len() as u64);
    }

    #[test]
    fn merging_equals_adding_in_any_order(
        parts in prop::collection::vec(prop::collection::vec(any_value(), 0..40), 1..6).prop_shuffle(),
    ) {
        let together = distribution(&parts.concat());
        let (mut forwards, mut backwards) = (Distribution::default(), Distribution::default());
        for part in &parts {
            forwards.merge(&distribution(part));
        }
        for part in parts.iter().rev() {
            let mut left = distribution(part);
            left.merge(&backwards);
            backwards = left;
        }
        let mut sorted = parts.concat();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        prop_assert_eq!(&forwards, &together);
        prop_assert_eq!(&backwards, &together);
        prop_assert_eq!(&distribution(&sorted), &together);
    }

    #[test]
    fn curves_hold_every_chance_before_the_horizon(
        // Below 256 every value has a bucket of its own, so the curve must be exact.
        chances in prop::collection::vec((0_u64..256, any::<bool>()), 0..200), horizon in 1_u64..300, cells in 1_usize..40,
    ) {
        let mut curve = Curve::default();
        chances.iter().for_each(|(nanos, hit)| curve.add(*nanos, *hit));
        let points = curve.points(horizon, cells);
        prop_assert_eq!(points.len(), cells);
        prop_assert_eq!((points[0].from, points[cells - 1].to), (0, horizon));
        prop_assert!(points.windows(2).all(|pair| pair[0].to == pair[1].from));
        for point in points {
            let inside = |nanos: u64| point.from <= nanos && nanos < point.to;
            prop_assert_eq!(point.of, chances.iter().filter(|(nanos, _)| inside(*nanos)).count() as u64);
            prop_assert_eq!(point.hits, chances.iter().filter(|(nanos, hit)| inside(*nanos) && *hit).count() as u64);
        }
    }

    #[test]
    fn merged_curves_equal_one(chances in prop::collection::vec((any_value(), any::<bool>()), 0..200), cut in 0_usize..200) {
        let mut parts = [Curve::default(), Curve::default(), Curve::default()];
        for (n, (nanos, hit)) in chances.iter().enumerate() {
            parts[2].add(*nanos, *hit);
            parts[usize::from(n < cut)].add(*nanos, *hit);
        }
        let [mut one, two, all] = parts;
        one.merge(&two);
        prop_assert_eq!(one, all);
    }
}

#[test]
fn the_greatest_number_is_a_value_like_others() {
    let mut both = distribution(&[u64::MAX, u64::MAX]);
    both.merge(&distribution(&[1]));
    assert_eq!(both.sum(), 2 * u128::from(u64::MAX) + 1);
    assert_eq!(both.max(), Some(u64::MAX));
    assert_eq!(both.quantile(0.0), Some(1.0));
    let top = both.quantile(1.0).unwrap();
    assert!((top / u64::MAX as f64 - 1.0).abs() < 1.0 / 256.0);
    let mut curve = Curve::default();
    curve.add(u64::MAX, true);
    assert_eq!(curve.points(1_000, 10).iter().map(|point| point.of).sum::<u64>(), 0, "far beyond the horizon");
}

#[test]
fn nothing_measured_has_no_figures() {
    let empty = Distribution::default();
    assert_eq!((empty.count(), empty.mean(), empty.quantile(0.5), empty.max()), (0, None, None, None));
    assert_eq!(Count::default().share(), None);
    assert!(Curve::default().points(100, 4).iter().all(|point| point.of == 0));
    assert!(Curve::default().points(100, 0).is_empty());
    let mut curve = Curve::default();
    curve.add(0, true);
    assert!(curve.points(0, 3).iter().all(|point| point.of == 0), "no time, no chances");
}

#[test]
fn quantiles_are_the_textbook_ones() {
    let hundred = distribution(&(1..=100).collect::<Vec<_>>());
    for percent in 1..=100_u32 {
        assert_eq!(hundred.quantile(f64::from(percent) / 100.0), Some(f64::from(percent)), "{percent} % of 1 to 100");
    }
    let few = distribution(&[3, 1, 2, 10]);
    assert_eq!(
        [0.0, 0.25, 0.26, 0.5, 0.75, 0.76, 1.0].map(|p| few.quantile(p).unwrap()),
        [1., 1., 2., 2., 3., 10., 10.]
    );
}

#[test]
fn counts_add_up() {
    let mut count = Count::default();
    [true, false, false, true].into_iter().for_each(|hit| count.add(hit));
    count.merge(Count { hits: 1, of: 6 });
    assert_eq!((count, count.share()), (Count { hits: 3, of: 10 }, Some(0.3)));
}

/// Measurements that differ in everything, made from a number.
fn measurements(n: u64, locations: usize) -> Measurements {
    let mut made = Measurements::new(locations);
    made.operations = n + 1;
    for (place, id) in CountId::ALL.iter().enumerate() {
        *made.count_mut(*id) = Count { hits: n, of: n * n + place as u64 };
    }
    for (place, id) in DistributionId::ALL.iter().enumerate() {
        made.distribution_mut(*id).add(n << place);
    }
    CurveId::ALL.iter().for_each(|id| made.curve_mut(*id).add(n * 1_000, n.is_multiple_of(2)));
    made.refuse(Refusal::ALL[n as usize % Refusal::ALL.len()], Time(100 - n));
    made.refuse(Refusal::D1QueueFull, Time(50 + n));
    made.stale_by_location[n as usize % locations].add(n.is_multiple_of(3));
    made
}

#[test]
fn measurements_merge_in_any_order() {
    let parts: Vec<Measurements> = (0..7).map(|n| measurements(n, 2 + n as usize % 3)).collect();
    let merged = |order: &[usize]| {
        let mut all = Measurements::new(0);
        order.iter().for_each(|n| all.merge(&parts[*n]));
        all
    };
    let all = merged(&[0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(all, merged(&[6, 5, 4, 3, 2, 1, 0]));
    assert_eq!(all, merged(&[3, 0, 6, 1, 5, 2, 4]));
    assert_eq!(all.operations, 28);
    assert_eq!(all.stale_by_location.iter().map(|count| count.of).sum::<u64>(), 7);
    // One in each part, and those that its place in the list adds.
    let listed = (0..7).filter(|n| Refusal::ALL[n % Refusal::ALL.len()] == Refusal::D1QueueFull).count() as u64;
    assert_eq!(all.refusals[&Refusal::D1QueueFull], (7 + listed, Time(50)), "how often, and when first");
    assert_eq!(all.count(CountId::Available).hits, 21);
    assert_eq!(all.distribution(DistributionId::StaleAge).count(), 7);
    assert_eq!(all.curve(CurveId::TVisibility).hits.count(), 4);
}
