//! Estimates: Student's t as in the tables, intervals as computed by hand, and as wide as they promise.

use consistency_sim::metrics::estimate::{FIGURES, Sample, Scalar, estimate, student_quantile};
use consistency_sim::metrics::{CountId, DistributionId, Measurements};
use consistency_sim::random::law::normal_quantile;
use consistency_sim::random::{Purpose, StreamKey, unit};

const STALE: Scalar = Scalar::Share(CountId::StaleReads);

fn figure(name: &str) -> Scalar {
    Scalar::named(name).unwrap_or_else(|| panic!("{name} is a metric"))
}

fn samples(pairs: &[(f64, f64)]) -> Vec<Sample> {
    pairs.iter().map(|(hits, of)| Sample { hits: *hits, of: *of }).collect()
}

fn assert_close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} instead of {expected}");
}

#[test]
fn student_quantiles_are_those_of_the_tables() {
    let printed = [
        (0.975, 1.0, 12.706),
        (0.975, 2.0, 4.303),
        (0.975, 3.0, 3.182),
        (0.975, 4.0, 2.776),
        (0.975, 9.0, 2.262),
        (0.975, 19.0, 2.093),
        (0.975, 29.0, 2.045),
        (0.975, 99.0, 1.984),
        (0.975, 199.0, 1.972),
        (0.975, 1_000.0, 1.962),
        (0.975, 1e6, 1.960),
        (0.95, 1.0, 6.314),
        (0.95, 9.0, 1.833),
        (0.995, 1.0, 63.657),
        (0.995, 5.0, 4.032),
        (0.9995, 10.0, 4.587),
    ];
    for (p, freedom, t) in printed {
        assert_close(student_quantile(p, freedom), t, 0.000_5);
    }
}

#[test]
fn student_quantiles_agree_with_their_closed_forms() {
    for p in [0.55, 0.75, 0.9, 0.975, 0.999] {
        // One degree of freedom is Cauchy's law, two have a root, four an angle.
        let cauchy = libm::tan(std::f64::consts::PI * (p - 0.5));
        assert_close(student_quantile(p, 1.0), cauchy, 1e-9 * cauchy);
        let alpha = 4.0 * p * (1.0 - p);
        let two = 2.0 * (p - 0.5) * libm::sqrt(2.0 / alpha);
        assert_close(student_quantile(p, 2.0), two, 1e-9 * two);
        let root = libm::sqrt(alpha);
        let four = 2.0 * libm::sqrt(libm::cos(libm::acos(root) / 3.0) / root - 1.0);
        assert_close(student_quantile(p, 4.0), four, 1e-9 * four);
        // Many degrees: the first terms of the expansion around the normal law.
        for freedom in [1e4, 1e6] {
            let z = normal_quantile(p);
            let (cube, fifth) = (z * z * z, z * z * z * z * z);
            let second = (5.0 * fifth + 16.0 * cube + 3.0 * z) / (96.0 * freedom * freedom);
            assert_close(student_quantile(p, freedom), z + (cube + z) / (4.0 * freedom) + second, 1e-9);
        }
    }
}

#[test]
fn a_share_is_the_ratio_of_all_hits_to_all_chances() {
    // 4 of 40. Misses of the ratio: 1 − 1, 3 − 2, 0 − 1; squares 2; error √(2/2/3) / (40/3) = 0.0433013.
    let found = estimate(STALE, &samples(&[(1.0, 10.0), (3.0, 20.0), (0.0, 10.0)])).unwrap();
    assert_eq!(found.value, 0.1);
    let [low, high] = found.interval.unwrap();
    assert_eq!(low, 0.0, "a share is never below zero");
    assert_close(high, 0.1 + 4.302_652_73 * 0.043_301_27, 1e-8);
    // The same replications four times: 12 of them, t = 2.200985 with 11 degrees; error √(8/11/12) / (40/3).
    let four_times = [(1.0, 10.0), (3.0, 20.0), (0.0, 10.0)].repeat(4);
    let [low, high] = estimate(STALE, &samples(&four_times)).unwrap().interval.unwrap();
    let half = 2.200_985_16 * libm::sqrt(8.0 / 11.0 / 12.0) / (40.0 / 3.0);
    assert_close(low, 0.1 - half, 1e-8);
    assert_close(high, 0.1 + half, 1e-8);
    let [_, high] = estimate(STALE, &samples(&[(9.0, 10.0), (10.0, 10.0), (10.0, 10.0)])).unwrap().interval.unwrap();
    assert_eq!(high, 1.0, "nor above one");
}

#[test]
fn a_mean_or_quantile_is_the_mean_over_replications() {
    // 2, 4, 9: mean 5, squares 26, error √(26/2/3) = 2.081666.
    let found = estimate(figure("version_lag.p99"), &samples(&[(2.0, 1.0), (4.0, 1.0), (9.0, 1.0)])).unwrap();
    assert_eq!(found.value, 5.0);
    let [low, high] = found.interval.unwrap();
    assert_eq!(low, 0.0);
    assert_close(high, 5.0 + 4.302_652_73 * 2.081_666, 1e-6);
}

#[test]
fn a_maximum_is_the_largest_and_has_no_interval() {
    let found = estimate(figure("stale_age.max"), &samples(&[(2.0, 1.0), (9.0, 1.0), (4.0, 1.0)])).unwrap();
    assert_eq!((found.value, found.interval), (9.0, None));
}

#[test]
fn replications_without_a_chance_do_not_count() {
    let with = samples(&[(1.0, 10.0), (0.0, 0.0), (3.0, 20.0), (0.0, 0.0), (0.0, 10.0)]);
    let without = samples(&[(1.0, 10.0), (3.0, 20.0), (0.0, 10.0)]);
    assert_eq!(estimate(STALE, &with), estimate(STALE, &without));
    assert_eq!(estimate(STALE, &samples(&[(0.0, 0.0)])), None);
    assert_eq!(estimate(STALE, &[]), None);
    let one = estimate(STALE, &samples(&[(1.0, 4.0)])).unwrap();
    assert_eq!((one.value, one.interval), (0.25, None), "one replication says nothing of the spread");
}

#[test]
fn samples_are_read_off_measurements_in_exported_units() {
    let mut measurements = Measurements::new(1);
    [true, false, false, false].into_iter().for_each(|hit| measurements.count_mut(CountId::StaleReads).add(hit));
    measurements.distribution_mut(DistributionId::StaleAge).add(2_000_000_000);
    measurements.distribution_mut(DistributionId::VersionLag).add(3);
    assert_eq!(Sample::of(STALE, &measurements), Sample { hits: 1.0, of: 4.0 });
    assert_eq!(Sample::of(figure("version_lag.mean"), &measurements), Sample { hits: 3.0, of: 1.0 });
    assert_close(Sample::of(figure("stale_age.mean"), &measurements).hits, 2.0, 1e-12);
    assert_eq!(Sample::of(figure("exposure.p50"), &measurements), Sample::default());
}

#[test]
fn names_of_scalars_are_unique_and_lead_back() {
    let all = Scalar::all();
    assert_eq!(all.len(), CountId::ALL.len() + DistributionId::ALL.len() * FIGURES.len());
    for (n, scalar) in all.iter().enumerate() {
        assert_eq!(Scalar::named(&scalar.name()), Some(*scalar));
        assert!(all[..n].iter().all(|other| other.name() != scalar.name()), "{}", scalar.name());
    }
    assert_eq!(Scalar::named("stale_age.p98"), None);
}

#[test]
fn intervals_cover_the_truth_as_often_as_they_promise() {
    // Stale reads cluster: each replication has its own rate, 2 % or 18 %, and its own number of reads. An interval from
    // the count of reads alone takes them for independent, and misses the truth most of the time.
    const TRIALS: u64 = 2_000;
    const REPLICATIONS: usize = 30;
    let (mut covered, mut covered_by_counting) = (0, 0);
    for trial in 0..TRIALS {
        let mut stream = StreamKey::new(5, 0, Purpose::Arrivals).stream(trial);
        let replications: Vec<Sample> = (0..REPLICATIONS)
            .map(|_| {
                let rate = if stream.draw() >> 63 == 0 { 0.02 } else { 0.18 };
                let of = 1_000 + stream.below(1_000);
                // The normal approximation of a binomial number of hits.
                let noise = normal_quantile(unit(stream.draw())) * libm::sqrt(of as f64 * rate * (1.0 - rate));
                Sample { hits: of as f64 * rate + noise, of: of as f64 }
            })
            .collect();
        let found = estimate(STALE, &replications).unwrap();
        let [low, high] = found.interval.unwrap();
        covered += u64::from(low <= 0.1 && 0.1 <= high);
        let reads: f64 = replications.iter().map(|sample| sample.of).sum();
        let half = 1.96 * libm::sqrt(found.value * (1.0 - found.value) / reads);
        covered_by_counting += u64::from((found.value - 0.1).abs() <= half);
    }
    let share = covered as f64 / TRIALS as f64;
    assert!((0.935..=0.965).contains(&share), "{share} of the intervals cover the truth");
    assert!(covered_by_counting < TRIALS / 4, "{covered_by_counting} of {TRIALS}");
}
