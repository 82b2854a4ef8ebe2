//! Random streams: even, unrelated to each other, and the same for ever.
//!
//! Statistical tests use fixed seeds, so they pass or fail for good. Their bounds are six standard deviations: true
//! randomness would fail one of them about twice in a thousand million.

use consistency_sim::random::{Purpose, Stream, StreamKey, chance, derive, mix, unit};

const PURPOSES: [Purpose; 5] =
    [Purpose::Arrivals, Purpose::Requests, Purpose::Replication, Purpose::Store, Purpose::Placement];

/// How many draws each statistical test looks at.
const DRAWS: u64 = 1 << 18;

fn key() -> StreamKey {
    StreamKey::new(20_261_123, 3, Purpose::Requests)
}

/// By how many standard deviations the counts differ from even ones (Pearson's statistic, nearly normal for many cells).
fn unevenness(counts: &[u64]) -> f64 {
    let expected = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
    let statistic: f64 = counts.iter().map(|count| (*count as f64 - expected) * (*count as f64 - expected)).sum();
    let freedom = counts.len() as f64 - 1.0;
    (statistic / expected - freedom) / libm::sqrt(2.0 * freedom)
}

/// The most uneven of the eight bytes of all draws, and of all single bits.
fn worst_unevenness(draws: impl Iterator<Item = u64>) -> f64 {
    let mut bytes = [[0_u64; 256]; 8];
    for draw in draws {
        for (place, byte) in draw.to_le_bytes().into_iter().enumerate() {
            bytes[place][usize::from(byte)] += 1;
        }
    }
    let bit = |counts: &[u64; 256], bit: usize| {
        let ones: u64 =
            counts.iter().enumerate().filter(|(byte, _)| byte >> bit & 1 == 1).map(|(_, count)| count).sum();
        let all: u64 = counts.iter().sum();
        (ones as f64 - 0.5 * all as f64) / libm::sqrt(0.25 * all as f64)
    };
    let of_bytes = bytes.iter().map(|counts| unevenness(counts).abs());
    let of_bits = bytes.iter().flat_map(|counts| (0..8).map(move |n| bit(counts, n).abs()));
    of_bytes.chain(of_bits).fold(0.0, f64::max)
}

/// How much two sequences of draws have to do with each other, in standard deviations: the worst of their linear
/// correlation, the joint frequencies of their highest and of their lowest four bits, and the agreement of each bit of
/// one with each bit of the other.
fn relation(pairs: impl Iterator<Item = (u64, u64)>) -> f64 {
    /// Bits are compared over fewer pairs: there are 64 × 64 of them.
    const COMPARED: u64 = 1 << 14;
    let (mut high, mut low) = ([0_u64; 256], [0_u64; 256]);
    let mut equal_bits = vec![[0_u32; 64]; 64];
    let (mut products, mut n) = (0.0, 0_u64);
    for (a, b) in pairs {
        n += 1;
        // Variance 1/12 each, so the product has variance 1/144.
        products += 12.0 * (unit(a) - 0.5) * (unit(b) - 0.5);
        high[(a >> 60 << 4 | b >> 60) as usize] += 1;
        low[((a & 15) << 4 | b & 15) as usize] += 1;
        for (bit, counts) in equal_bits.iter_mut().enumerate().filter(|_| n <= COMPARED) {
            let equal = if a >> bit & 1 == 1 { b } else { !b };
            counts.iter_mut().enumerate().for_each(|(other, count)| *count += (equal >> other & 1) as u32);
        }
    }
    let compared = n.min(COMPARED) as f64;
    let bits = equal_bits.iter().flatten().map(|count| (f64::from(*count) - 0.5 * compared).abs());
    let bits = bits.fold(0.0, f64::max) / libm::sqrt(0.25 * compared);
    let correlation = products.abs() / libm::sqrt(n as f64);
    bits.max(correlation).max(unevenness(&high).abs()).max(unevenness(&low).abs())
}

#[test]
fn the_tests_themselves_notice_bad_streams() {
    assert!(worst_unevenness(0..DRAWS) > 6.0, "a counter");
    assert!(worst_unevenness((0..DRAWS).map(|n| mix(n) & !1)) > 6.0, "a lowest bit that is never set");
    let lazy = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    assert!(relation((0..DRAWS).map(|n| (lazy(n), lazy(n + 1)))) > 6.0, "a multiplied counter and its neighbour");
    assert!(relation((0..DRAWS).map(|n| (mix(n), mix(n) ^ (mix(n + DRAWS) >> 4)))) > 6.0, "four bits in common");
    assert!(relation((0..DRAWS).map(|n| (mix(n), mix(n + DRAWS) << 1 | mix(n) >> 63))) > 6.0, "one bit passed on");
}

#[test]
fn draws_are_even_in_every_byte_and_bit() {
    let mut stream = key().stream(0);
    let number = key().entity(42);
    let request = key().entity(43);
    let cases: [(&str, f64); 6] = [
        ("one stream", worst_unevenness((0..DRAWS).map(|_| stream.draw()))),
        ("the numbers of entities", worst_unevenness((0..DRAWS).map(|n| key().entity(n)))),
        ("numbers of sparse entities", worst_unevenness((0..DRAWS).map(|n| key().entity(n << 40)))),
        ("first draws of streams", worst_unevenness((0..DRAWS).map(|n| key().stream(n).draw()))),
        ("derived numbers", worst_unevenness((0..DRAWS).map(|n| derive(number, n)))),
        ("the second hop of many", worst_unevenness((0..DRAWS).map(|n| derive(derive(request, n), 1)))),
    ];
    for (name, worst) in cases {
        assert!(worst < 6.0, "{name}: {worst}");
    }
}

#[test]
fn neighbours_have_nothing_to_do_with_each_other() {
    let (here, number) = (key(), key().entity(7));
    let first = |key: StreamKey, entity: u64| key.stream(entity).draw();
    let later = |key: StreamKey, entity: u64| {
        let mut stream = key.stream(entity);
        stream.draw();
        stream.draw()
    };
    let other = |seed, replication, purpose| StreamKey::new(seed, replication, purpose);
    let (seed, replication) = (other(20_261_124, 3, Purpose::Requests), other(20_261_123, 4, Purpose::Requests));
    let all = || 0..DRAWS;
    let cases = [
        ("entities", relation(all().map(|n| (here.entity(n), here.entity(n + 1))))),
        ("streams", relation(all().map(|n| (first(here, n), first(here, n + 1))))),
        ("second draws", relation(all().map(|n| (later(here, n), later(here, n + 1))))),
        ("an entity and its first draw", relation(all().map(|n| (here.entity(n), first(here, n))))),
        ("draws of one stream", relation(all().map(|n| (derive(number, n), derive(number, n + 1))))),
        ("hops of one request", relation(all().map(|n| (derive(mix(n), 0), derive(mix(n), 1))))),
        ("a draw and what derives from it", relation(all().map(|n| (mix(n), derive(mix(n), 0))))),
        ("derivations of derivations", relation(all().map(|n| (derive(mix(n), 0), derive(derive(mix(n), 0), 0))))),
        ("seeds", relation(all().map(|n| (first(here, n), first(seed, n))))),
        ("replications", relation(all().map(|n| (first(here, n), first(replication, n))))),
    ];
    for (name, worst) in cases {
        assert!(worst < 6.0, "{name}: {worst}");
    }
}

#[test]
fn purposes_have_nothing_to_do_with_each_other() {
    for (n, a) in PURPOSES.into_iter().enumerate() {
        for b in &PURPOSES[n + 1..] {
            let (a_key, b_key) = (StreamKey::new(1, 0, a), StreamKey::new(1, 0, *b));
            let worst = relation((0..DRAWS / 4).map(|n| (a_key.entity(n), b_key.entity(n))));
            assert!(worst < 6.0, "{a:?} and {b:?}: {worst}");
        }
    }
}

/// The share of flips of each output bit when one input bit flips: the one farthest from a half.
fn worst_avalanche(inputs: u64, function: impl Fn(u64) -> u64, input: impl Fn(u64) -> u64) -> f64 {
    let mut worst = 0.0_f64;
    for flipped in 0..64 {
        let mut flips = [0_u64; 64];
        for n in 0..inputs {
            let difference = function(input(n)) ^ function(input(n) ^ 1 << flipped);
            for (bit, count) in flips.iter_mut().enumerate() {
                *count += difference >> bit & 1;
            }
        }
        worst = flips.iter().map(|count| (*count as f64 / inputs as f64 - 0.5).abs()).fold(worst, f64::max);
    }
    worst
}

#[test]
fn every_input_bit_reaches_every_output_bit() {
    const INPUTS: u64 = 1 << 13;
    let six_deviations = 6.0 * 0.5 / libm::sqrt(INPUTS as f64);
    // Entities are counted from zero: small numbers must do as well as large ones.
    assert!(worst_avalanche(INPUTS, |x| key().entity(x), |n| n) < six_deviations);
    assert!(worst_avalanche(INPUTS, |x| key().entity(x), |n| n << 32 | n) < six_deviations);
    assert!(worst_avalanche(INPUTS, |x| derive(x, 0), mix) < six_deviations);
    assert!(worst_avalanche(INPUTS, mix, |n| derive(n, 5)) < six_deviations);
    assert!(
        worst_avalanche(INPUTS, |x| x.wrapping_mul(0x9e37_79b9_7f4a_7c15), mix) > six_deviations,
        "notices bad ones"
    );
}

/// The inverse of [`mix`].
fn unmix(mut x: u64) -> u64 {
    let inverse = |odd: u64| (0..6).fold(odd, |y, _| y.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(y))));
    let unshift = |x: u64, by: u32| x ^ (x >> by) ^ (x >> (2 * by));
    x = unshift(x, 31).wrapping_mul(inverse(0x94d0_49bb_1331_11eb));
    x = unshift(x, 27).wrapping_mul(inverse(0xbf58_476d_1ce4_e5b9));
    unshift(x, 30)
}

#[test]
fn mixing_is_a_bijection() {
    for n in (0..10_000).chain((0..64).map(|bit| 1 << bit)).chain([u64::MAX, u64::MAX - 1]) {
        assert_eq!(unmix(mix(n)), n);
        assert_eq!(mix(unmix(n)), n);
    }
}

#[test]
fn keys_differ_for_every_seed_replication_and_purpose() {
    let mut numbers = Vec::new();
    for seed in [0, 1, 2, 1 << 32, u64::MAX] {
        for replication in [0, 1, 2, 65_535, 65_536, u32::MAX] {
            numbers.extend(PURPOSES.map(|purpose| StreamKey::new(seed, replication, purpose).entity(0)));
        }
    }
    let all = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), all);
}

#[test]
fn streams_are_pure_functions_of_their_names() {
    let mut one = key().stream(5);
    let mut two = key().stream(5);
    let mut three = Stream::from_entity(key().entity(5));
    for n in 0..100 {
        let draw = one.draw();
        assert_eq!((draw, draw, draw), (two.draw(), three.draw(), derive(key().entity(5), n)));
    }
}

#[test]
fn golden_values_do_not_change() {
    // Changing these changes every figure of every report: then the model's version must change too.
    assert_eq!(StreamKey::new(1, 0, Purpose::Arrivals).entity(0), 0x6f22_0982_14db_6e81);
    assert_eq!(StreamKey::new(1, 0, Purpose::Requests).entity(1), 0xcc27_fd34_b61c_2a25);
    assert_eq!(StreamKey::new(1, 7, Purpose::Replication).entity(2), 0xd666_7590_b8ea_20cd);
    assert_eq!(StreamKey::new(u64::MAX, 0, Purpose::Store).entity(3), 0x25f1_0f9b_931f_9f78);
    assert_eq!(StreamKey::new(42, u32::MAX, Purpose::Placement).entity(u64::MAX), 0xd0ad_724e_fe98_ada1);
    let mut stream = StreamKey::new(1, 0, Purpose::Arrivals).stream(0);
    assert_eq!(
        [stream.draw(), stream.draw(), stream.below(1_000_000)],
        [0xbb71_da3b_0892_44db, 0x2bb6_d87b_bd0f_5969, 478_667]
    );
    // SplitMix64 from zero, as its author published it (Vigna, splitmix64.c).
    assert_eq!([derive(0, 0), derive(0, 1)], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
}

#[test]
fn thresholds_happen_as_often_as_asked() {
    for probability in [0.0, 0.001, 0.3, 0.5, 0.97, 1.0] {
        let threshold = chance(probability);
        let happened = (0..DRAWS).filter(|n| key().stream(*n).happens(threshold)).count() as f64;
        let deviation = libm::sqrt(probability * (1.0 - probability) * DRAWS as f64);
        assert!((happened - probability * DRAWS as f64).abs() <= 6.0 * deviation, "{probability}: {happened}");
    }
    assert_eq!([chance(-1.0), chance(0.0), chance(f64::NAN)], [0; 3]);
    assert_eq!([chance(1.0), chance(2.0), chance(f64::INFINITY)], [u64::MAX; 3]);
    assert_eq!(chance(0.25), 1 << 62);
}

#[test]
fn certainty_holds_even_for_the_greatest_draw() {
    let before = Stream::from_entity(unmix(u64::MAX).wrapping_sub(unmix(derive(0, 0))));
    assert_eq!({ before }.draw(), u64::MAX);
    assert!({ before }.happens(chance(1.0)));
    assert!(!{ before }.happens(chance(0.999_999)));
    let mut zero = Stream::from_entity(unmix(0).wrapping_sub(unmix(derive(0, 0))));
    assert!(!zero.happens(chance(0.0)));
}

#[test]
fn numbers_below_a_bound_are_even_and_stay_below() {
    for bound in [1, 2, 3, 7, 100, 997] {
        let mut counts = vec![0_u64; bound as usize];
        let mut stream = key().stream(bound);
        for _ in 0..DRAWS {
            counts[stream.below(bound) as usize] += 1;
        }
        assert!(bound == 1 || unevenness(&counts).abs() < 6.0, "{bound}");
    }
    assert!((0..1000).all(|n| key().stream(n).below(u64::MAX) < u64::MAX));
}

#[test]
fn units_lie_strictly_between_zero_and_one() {
    let smallest = 1.0 / 9_007_199_254_740_992.0;
    assert_eq!([unit(0), unit(u64::MAX)], [smallest, 1.0 - smallest]);
    assert_eq!(unit(1 << 63), 0.5 + smallest);
    // The upper half, where a fraction would be lost to rounding, is as symmetric as the lower.
    for draw in (0..10_000).map(mix) {
        assert_eq!(unit(draw), 1.0 - unit(!draw));
    }
}
