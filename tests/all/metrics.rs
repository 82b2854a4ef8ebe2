//! Metrics counted by hand, by a second way of counting, and against closed forms.

use std::collections::BTreeMap;

use consistency_sim::history::{History, Note};
use consistency_sim::metrics::{
    CountId, Distribution, DistributionId, DistributionRows, Joint, Observer, Served, Window,
};
use consistency_sim::model::*;
use consistency_sim::random::Law;
use consistency_sim::run::Recording;
use consistency_sim::stores::StoreKind;
use proptest::prelude::*;

use crate::support::*;

const SECOND: u64 = 1_000_000_000;

fn request(client: u32, operation: Operation, start: u64) -> Request {
    let location = Location(client as u16);
    Request { client: Client(client), location, ..Request::plain(operation, Time(start * SECOND)) }
}

/// Lets the observer see one operation after the other: (client, a write or not, start, end, the version's number).
fn observed(operations: &[(u32, bool, u64, u64, u64)]) -> consistency_sim::metrics::Measurements {
    let window = Window { from: Time::START, until: Time(1_000 * SECOND) };
    let mut observer = Observer::new(4, window, true);
    for (client, write, start, end, version) in operations {
        let put = Operation::Put { value: *version as i64, ttl: None };
        let operation = if *write { put } else { Operation::Get { cache_ttl: None } };
        let mut request = request(*client, operation, *start);
        observer.started(&mut request);
        let version = Version { stamp: *version, nonce: 0 };
        observer.answered(&request, &Answer::of(Seen { version, value: Some(1) }), Time(end * SECOND));
    }
    observer.end();
    observer.into_batches().remove(0)
}

#[test]
fn session_guarantees_are_counted_per_operation_and_per_session() {
    let measured = observed(&[
        (0, true, 0, 1, 5),   // nothing before it
        (0, true, 2, 3, 4),   // before the client's own version 5: a write out of order
        (0, true, 4, 5, 9),   // in order
        (1, false, 6, 7, 9),  // client 1 knows 9
        (1, true, 8, 9, 7),   // before what it had read
        (1, true, 10, 11, 8), // after its own 7, still before the 9 that it had read
        (2, false, 12, 13, 9),
        (2, false, 14, 15, 8), // back from 9
        (2, false, 16, 17, 7), // back again: the same session
        (3, false, 18, 19, 9),
        (3, false, 20, 21, 9),
        (1, false, 22, 23, 7), // older than its own 8, and than the 9 that it had read
    ]);
    let count = |id: CountId| (measured.count(id).hits, measured.count(id).of);
    assert_eq!(count(CountId::MonotonicWrites), (1, 3));
    assert_eq!(count(CountId::MonotonicWritesSessions), (1, 2));
    assert_eq!(count(CountId::WritesFollowReads), (2, 2));
    assert_eq!(count(CountId::WritesFollowReadsSessions), (1, 1));
    assert_eq!(count(CountId::MonotonicReads), (3, 4));
    assert_eq!(count(CountId::MonotonicReadsSessions), (2, 3));
    assert_eq!(count(CountId::ReadYourWrites), (1, 1));
    assert_eq!(count(CountId::ReadYourWritesSessions), (1, 1));
}

#[test]
fn versions_and_age_are_counted_together() {
    let mut joint = Joint::default();
    // (versions behind, seconds old)
    for (versions, seconds) in [(1, 0), (1, 70), (2, 4), (4, 31), (12, 200)] {
        joint.add(versions, Span::from_secs(seconds));
    }
    assert_eq!(joint.reads(0, 0), 5, "all");
    assert_eq!(joint.reads(1, 0), 3, "two versions or more");
    assert_eq!(joint.reads(0, 4), 3, "30 s or older");
    assert_eq!(joint.reads(2, 4), 2, "three versions or more, and 30 s or older");
    assert_eq!(joint.reads(4, 6), 1);
    let mut twice = joint;
    twice.merge(&joint);
    assert_eq!(twice.reads(0, 0), 10);
}

#[test]
fn places_add_up_to_the_whole() {
    let stores = vec![kv_pull(Span::from_secs(60)), d1(Location(3)), durable_object()];
    let mut network = network(3, Span::from_millis(80));
    network.jitter = Law::LogNormal { median: Span::from_millis(2), p99: Span::from_millis(30) };
    let mut scenario = scenario(network, mix(5, 20.0, 2.0), stores);
    scenario.replications = 2;
    let outcome = outcome(&scenario);
    for store in &outcome.stores {
        let pooled = &store.pooled;
        let sum = |served| pooled.places.iter().map(|place| place.count(served)).sum::<u64>();
        let reads = sum(Served::FromCache) + sum(Served::Read);
        assert_eq!(reads, pooled.distribution(DistributionId::ReadLatency).count());
        assert_eq!(reads, pooled.count(CountId::StaleReads).of);
        assert_eq!(sum(Served::Write), pooled.distribution(DistributionId::WriteLatency).count());
        assert_eq!(sum(Served::FromCache), pooled.count(CountId::CacheHits).hits);
        assert_eq!(pooled.count(CountId::Available).of, pooled.operations);
        assert!(pooled.places[..3].iter().all(|place| place.count(Served::Write) > 100), "every edge writes");
        assert_eq!(pooled.places[3].reads(), 0, "nobody is at the central store");
        let joint = pooled.joint.reads(0, 0);
        assert_eq!(joint, pooled.count(CountId::StaleReads).hits, "{}", store.name);
    }
    let kv = &outcome.stores[0].pooled;
    assert!(kv.joint.reads(0, 0) > 1_000 && kv.joint.reads(0, 5) < kv.joint.reads(0, 0) / 10);
}

/// What the locations would have answered, from the notes of a pull cache, looked at again and again.
fn scanned(history: &History, edges: u16, ttl: Span, from: Time, until: Time, step: Span) -> (u64, u64) {
    let (mut diverged, mut looks) = (0, 0);
    let mut copies: BTreeMap<u16, (Version, Time)> = BTreeMap::new();
    let (mut central, mut next, mut now) = (Version::INITIAL, 0, from);
    while now < until {
        while let Some(noted) = history.notes.get(next).filter(|noted| noted.at <= now) {
            next += 1;
            match noted.note {
                Note::Committed { seen, .. } => central = central.max(seen.version),
                Note::Filled { location, seen, .. } | Note::ShownLocally { location, seen, .. } => {
                    let held = copies.entry(location.0).or_insert((Version::INITIAL, Time::START));
                    if seen.version >= held.0 {
                        *held = (seen.version, noted.at);
                    }
                }
                Note::Expired { .. } => {}
            }
        }
        let answer = |edge: u16| match copies.get(&edge) {
            Some((version, filled)) if now.since(*filled) < ttl => *version,
            _ => central,
        };
        let first = answer(0);
        diverged += u64::from((1..edges).any(|edge| answer(edge) != first));
        looks += 1;
        now += step;
    }
    (diverged, looks)
}

#[test]
fn divergence_of_pull_agrees_with_looking_again_and_again() {
    let mut kv = kv_pull(Span::from_secs(60));
    if let StoreKind::KvPull(config) = &mut kv.kind {
        config.common.local_visibility = 0.7;
    }
    let mut scenario = scenario(network(3, Span::from_millis(120)), mix(1, 0.3, 0.02), vec![kv]);
    scenario.divergence = true;
    scenario.replications = 1;
    let outcome = outcome(&scenario);
    let count = outcome.stores[0].pooled.count(CountId::Divergence);
    assert_eq!(count.of, 3_000_000_000, "the measured part of one key, in microseconds");
    let recording = Recording::new(&scenario, 0, 100_000).expect("short enough");
    let (from, until) = (Time(scenario.warmup.0), Time(scenario.duration.0));
    let step = Span::from_millis(7);
    let (hits, of) = scanned(&recording.parts[0].1, 3, Span::from_secs(60), from, until, step);
    let (exact, scanned) = (count.share().expect("measured"), hits as f64 / of as f64);
    println!("divergence of pull: {exact:.5}, looking every 7 ms: {scanned:.5}");
    assert!((exact - scanned).abs() < 2e-4 && exact > 0.1, "{exact} against {scanned}");
}

/// Two locations agree when the newest version that has reached either has reached both. With ages a of versions as a
/// Poisson process of rate μ, each of which has reached a location with probability F(a):
/// P(agree) = ∫ μ F² exp(−μ ∫ (1 − (1 − F)²)) da.
fn push_divergence(mu: f64, reached: impl Fn(f64) -> f64, longest: f64) -> f64 {
    let steps = 200_000;
    let step = longest / f64::from(steps);
    let (mut agree, mut hazard) = (0.0, 0.0);
    for n in 0..steps {
        let share = reached((f64::from(n) + 0.5) * step);
        let either = 1.0 - (1.0 - share) * (1.0 - share);
        let before = libm::exp(-mu * (hazard + 0.5 * either * step));
        agree += mu * share * share * before * step;
        hazard += either * step;
    }
    // Beyond the longest delay every version has reached both.
    agree += libm::exp(-mu * hazard);
    1.0 - agree
}

#[test]
fn divergence_of_push_agrees_with_its_closed_form() {
    let seconds = Span::from_secs;
    for (mu, delay, max, shape) in [
        (0.02, Law::Uniform { low: seconds(0), high: seconds(60) }, 60, 0),
        (0.2, Law::Uniform { low: seconds(0), high: seconds(60) }, 60, 0),
        (0.02, Law::Constant(seconds(20)), 60, 1),
    ] {
        let mut scenario = scenario(
            network(2, Span::ZERO),
            mix(4, 0.4, 4.0 * mu),
            vec![kv_push(delay, seconds(max)), d1(Location(2))],
        );
        scenario.divergence = true;
        scenario.duration = seconds(8_000);
        let outcome = outcome(&scenario);
        let (value, error) = share(&outcome, 0, CountId::Divergence);
        let reached = |age: f64| if shape == 0 { age / 60.0 } else { f64::from(u8::from(age >= 20.0)) };
        let expected = push_divergence(mu, reached, 60.0);
        println!("divergence of push μ={mu}: {value:.5} ±{error:.5}, closed form {expected:.5}");
        assert!((value - expected).abs() <= 3.0 * error + 1e-6, "μ={mu}: {value} ±{error} against {expected}");
        let primary = outcome.stores[1].pooled.count(CountId::Divergence);
        assert!(primary.hits == 0 && primary.of > 0, "one truth is the same everywhere");
    }
}

#[test]
fn divergence_is_measured_only_where_it_is_asked_for() {
    let mut scenario = scenario(network(2, Span::ZERO), mix(2, 1.0, 0.1), vec![kv_pull(Span::from_secs(60))]);
    scenario.replications = 2;
    let without = outcome(&scenario);
    assert_eq!(without.stores[0].pooled.count(CountId::Divergence).of, 0);
    scenario.divergence = true;
    let with = outcome(&scenario);
    assert!(with.stores[0].pooled.count(CountId::Divergence).hits > 0);
    assert_eq!(with.stores[0].estimates[0], without.stores[0].estimates[0], "it changes nothing else");
}

/// Numbers of nanoseconds near to what lies in the middle between two spans, and just over the border up to which rounding
/// is done in a simpler way.
fn nanoseconds() -> impl Strategy<Value = f64> {
    const BORDER: u64 = 1 << 43;
    let whole = prop_oneof![0_u64..1_000, 0..BORDER, BORDER - 4..BORDER + 4, 0..u64::MAX];
    let part = prop_oneof![Just(0.0), Just(0.5), 0.498..0.502, 0.0..1.0_f64];
    (whole, part, -2_i64..=2).prop_map(|(whole, part, steps)| {
        let number = whole as f64 + part;
        f64::from_bits(number.to_bits().saturating_add_signed(steps))
    })
}

proptest! {
    #![proptest_config(cases(20_000))]

    #[test]
    fn the_nearest_span_is_the_number_and_a_half_cut_off(nanoseconds in nanoseconds()) {
        prop_assert_eq!(Span::from_nanos_f64(nanoseconds), Span((nanoseconds + 0.5) as u64));
    }
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn rows_of_distributions_are_distributions(
        values in prop::collection::vec((0_usize..5, prop_oneof![0_u64..300, any::<u64>(), Just(7)]), 0..6_000)
    ) {
        let mut rows = DistributionRows::new(5);
        let mut apart = vec![Distribution::default(); 5];
        for (row, value) in values {
            rows.add(row, value);
            apart[row].add(value);
        }
        for (row, distribution) in apart.iter().enumerate() {
            prop_assert_eq!(&rows.distribution(row), distribution);
        }
    }
}
