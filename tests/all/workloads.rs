//! When clients act: arrival processes against their theory, and the same arrivals for every store.

use consistency_sim::engine::Partition;
use consistency_sim::model::{Location, Span, Time};
use consistency_sim::random::{Law, Purpose, StreamKey};
use consistency_sim::run::Contestant;
use consistency_sim::workloads::arrivals::{Arrivals, other_edge};
use consistency_sim::workloads::{MixConfig, Popularity, Prepared, Shape, WorkloadConfig};

use crate::support::*;

/// How many arrivals fall into each of `cells` cells of `width` seconds.
fn counts(shape: &Shape, rate: f64, width: u64, cells: usize, entity: u64) -> Vec<u64> {
    let arrivals = Arrivals::new(shape);
    let stream = StreamKey::new(3, 0, Purpose::Arrivals).stream(entity);
    let (mut source, mut at) = arrivals.first(stream, rate);
    let mut counts = vec![0; cells];
    while let Some(count) = counts.get_mut((at.0 / Span::from_secs(width).0) as usize) {
        *count += 1;
        let next = arrivals.next(&mut source, at, rate);
        assert!(next >= at, "time goes on");
        at = next;
    }
    counts
}

fn mean_and_variance(counts: &[u64]) -> (f64, f64) {
    let n = counts.len() as f64;
    let mean = counts.iter().sum::<u64>() as f64 / n;
    (mean, counts.iter().map(|count| (*count as f64 - mean) * (*count as f64 - mean)).sum::<f64>() / (n - 1.0))
}

#[test]
fn poisson_arrivals_have_the_mean_and_the_variance_of_their_rate() {
    for rate in [0.3, 7.0] {
        let (mean, variance) = mean_and_variance(&counts(&Shape::Poisson, rate, 10, 20_000, 1));
        let expected = rate * 10.0;
        assert!((mean / expected - 1.0).abs() < 0.02, "{mean}");
        assert!((variance / expected - 1.0).abs() < 0.05, "{variance}");
    }
}

#[test]
fn constant_arrivals_are_evenly_spaced_from_a_random_phase() {
    let all = counts(&Shape::Constant, 2.5, 2, 1_000, 1);
    assert!(all.iter().all(|count| *count == 5), "{all:?}");
    let first = |entity| {
        let stream = StreamKey::new(3, 0, Purpose::Arrivals).stream(entity);
        Arrivals::new(&Shape::Constant).first(stream, 1.0).1
    };
    let mean: f64 = (0..4_000).map(|entity| first(entity).seconds()).sum::<f64>() / 4_000.0;
    assert!((mean - 0.5).abs() < 0.03, "{mean}");
}

#[test]
fn bursts_keep_the_mean_rate_and_are_as_bursty_as_theory_says() {
    // On for exponential times of mean a and off for mean b, the phase forgets itself within ab/(a+b), and is off with
    // probability b/(a+b): over long cells the index of dispersion is 1 + 2 · rate while on · b/(a+b) · ab/(a+b).
    let (a, b, rate) = (5.0, 20.0, 2.0);
    let shape = Shape::OnOff { on: Span::from_secs(5), off: Span::from_secs(20) };
    let all: Vec<u64> = (0..40).flat_map(|entity| counts(&shape, rate, 1_000, 100, entity)).collect();
    let (mean, variance) = mean_and_variance(&all);
    assert!((mean / (rate * 1_000.0) - 1.0).abs() < 0.02, "{mean}");
    let while_on = rate * (a + b) / a;
    let expected = 1.0 + 2.0 * while_on * b / (a + b) * (a * b / (a + b));
    let dispersion = variance / mean;
    println!("index of dispersion {dispersion:.1}, expected about {expected:.1}");
    assert!((dispersion / expected - 1.0).abs() < 0.12, "{dispersion} against {expected}");
}

#[test]
fn a_daily_rhythm_follows_its_sine() {
    let shape = Shape::Diurnal { period: Span::from_secs(400), depth: 0.8 };
    let all: Vec<u64> = (0..200).flat_map(|entity| counts(&shape, 1.0, 100, 4, entity)).collect();
    // Over a quarter of a period the sine's mean is ±2/π.
    let high = 1.0 + 0.8 * 2.0 / std::f64::consts::PI;
    for (quarter, expected) in [(0, high), (1, high), (2, 2.0 - high), (3, 2.0 - high)] {
        let seen: Vec<u64> = all.iter().skip(quarter).step_by(4).copied().collect();
        let (mean, _) = mean_and_variance(&seen);
        assert!((mean / (100.0 * expected) - 1.0).abs() < 0.04, "quarter {quarter}: {mean} against {expected}");
    }
}

#[test]
fn shares_of_popularity_are_what_they_are_called() {
    let sum = |shares: &[f64]| shares.iter().sum::<f64>();
    let zipf = Popularity::Zipf { exponent: 2.0 }.shares(1_000);
    assert!((sum(&zipf) - 1.0).abs() < 1e-12 && (zipf[0] / zipf[9] - 100.0).abs() < 1e-9);
    let hot = Popularity::HotSet { keys: 0.01, operations: 0.9 }.shares(1_000);
    assert!((sum(&hot[..10]) - 0.9).abs() < 1e-12 && (sum(&hot) - 1.0).abs() < 1e-12);
    assert!(Popularity::Uniform.shares(7).iter().all(|share| (share - 1.0 / 7.0).abs() < 1e-15));
}

/// Whoever weighs which keys, and in which order: not a bit of a share changes.
#[test]
fn shares_are_the_same_however_the_keys_are_divided() {
    for popularity in
        [Popularity::Uniform, Popularity::Zipf { exponent: 0.99 }, Popularity::HotSet { keys: 0.07, operations: 0.6 }]
    {
        let WorkloadConfig::Mix(mix) = mix(10_007, 1.0, 1.0) else { panic!("a mix") };
        let whole = popularity.shares(mix.keys);
        let workload = WorkloadConfig::Mix(MixConfig { popularity, ..mix });
        for part in [1, 64, 4_001, 20_000] {
            let prepared = Prepared::divided(&workload, |weights, weigh| {
                let parts = weights.chunks_mut(part).enumerate().collect::<Vec<_>>();
                parts.into_iter().rev().for_each(|(number, weights)| weigh(number * part, weights));
            });
            assert_eq!(prepared.shares().as_deref(), Some(&whole[..]));
        }
    }
}

#[test]
fn the_other_edge_is_any_other_one_evenly() {
    let mut stream = StreamKey::new(1, 0, Purpose::Arrivals).stream(0);
    let mut seen = [0_u32; 5];
    for _ in 0..40_000 {
        seen[other_edge(&mut stream, 5, Location(2)).index()] += 1;
    }
    assert_eq!(seen[2], 0);
    assert!([0, 1, 3, 4].iter().all(|at| (9_600..10_400).contains(&seen[*at])), "{seen:?}");
    assert_eq!(other_edge(&mut stream, 1, Location(0)), Location(0));
}

#[test]
fn every_store_meets_the_same_reads_and_writes() {
    let delay = Law::Exponential { mean: Span::from_secs(5) };
    let stores =
        vec![kv_pull(Span::from_secs(60)), kv_push(delay, Span::from_secs(60)), d1(Location(4)), durable_object()];
    let scenario = scenario(network(4, Span::from_millis(80)), mix(1, 5.0, 0.5), stores);
    let met: Vec<Vec<(Time, Location, bool)>> = Contestant::all(&scenario)
        .iter()
        .map(|contestant| {
            let partition = Partition { first_group: 0, groups: 1 };
            let history = contestant.record(3, partition, 1_000_000).expect("kept");
            assert_eq!(history.dropped, 0);
            let mut met: Vec<_> =
                history.records.iter().map(|one| (one.start, one.location, one.operation.is_read())).collect();
            met.sort_unstable();
            met
        })
        .collect();
    assert!(met[0].len() > 10_000);
    assert!(met.windows(2).all(|pair| pair[0] == pair[1]));
}
