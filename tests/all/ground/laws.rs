//! Laws of chance: what is drawn follows the law, and the law's two functions are each other's inverse.

use consistency_sim::model::Span;
use consistency_sim::random::law::normal_quantile;
use consistency_sim::random::{Law, Purpose, Sampler, StreamKey, mix, unit};
use proptest::prelude::*;

use crate::support::cases;

const MS: u64 = 1_000_000;

fn ms(milliseconds: u64) -> Span {
    Span(milliseconds * MS)
}

fn log_normal(median: u64, p99: u64) -> Law {
    Law::LogNormal { median: ms(median), p99: ms(p99) }
}

/// The published quantiles of Workers KV Instant, and an end.
fn instant() -> Law {
    Law::Quantiles(vec![(0.0, ms(20)), (0.5, ms(107)), (0.95, ms(181)), (0.99, ms(256)), (1.0, ms(600))])
}

/// The write latencies of a disk in a published fit (Bailis et al., VLDB 2012).
fn disk() -> Law {
    Law::Mixture(vec![
        (38.0, Law::Pareto { scale: Span(1_050_000), shape: 1.51 }),
        (62.0, Law::Exponential { mean: Span(5_464_481) }),
    ])
}

/// Laws whose quantile function is smooth: the ones with a table.
fn smooth() -> Vec<(&'static str, Law)> {
    vec![
        ("exponential", Law::Exponential { mean: ms(5_000) }),
        ("narrow log-normal", log_normal(100, 110)),
        ("log-normal", log_normal(2, 10)),
        ("wide log-normal", log_normal(10, 1_000)),
        ("absurdly wide log-normal", log_normal(1, 1_000_000)),
        ("pareto", Law::Pareto { scale: ms(3), shape: 3.35 }),
        ("heavy pareto", Law::Pareto { scale: ms(3), shape: 0.5 }),
        ("light pareto", Law::Pareto { scale: ms(3), shape: 10.0 }),
    ]
}

fn laws() -> Vec<(&'static str, Law)> {
    let mut laws = smooth();
    laws.extend([
        ("constant", Law::Constant(ms(12))),
        ("uniform", Law::Uniform { low: ms(5), high: ms(60_000) }),
        ("uniform of one value", Law::Uniform { low: ms(5), high: ms(5) }),
        ("log-normal of one value", log_normal(5, 5)),
        ("disk", disk()),
        ("mixture within a mixture", Law::Mixture(vec![(1.0, disk()), (3.0, log_normal(50, 80))])),
        ("mixture with an atom", Law::Mixture(vec![(0.25, Law::Constant(ms(3))), (0.75, log_normal(2, 10))])),
        ("quantiles", instant()),
        ("quantiles with atoms", Law::Quantiles(vec![(0.2, ms(1)), (0.5, ms(4)), (0.7, ms(4)), (0.9, ms(9))])),
        ("quantiles with a gap", Law::Quantiles(vec![(0.0, ms(1)), (0.5, ms(2)), (0.5, ms(8)), (1.0, ms(9))])),
    ]);
    laws
}

/// How many draws; and the Kolmogorov–Smirnov distance that so many true draws exceed once in a million times:
/// √(ln(2 / 10⁻⁶) / 2) / √n.
const DRAWS: usize = 1_000_000;
const CRITICAL: f64 = 0.002_693_4;

/// The largest distance between the share of draws up to x and the law's share given a span of at most `max`, on both
/// sides of every jump.
fn distance(law: &Law, max: Span, sampler: &Sampler) -> f64 {
    let mut stream = StreamKey::new(1, 0, Purpose::Requests).stream(99);
    let mut draws: Vec<f64> = (0..DRAWS).map(|_| sampler.nanos(stream.draw())).collect();
    draws.sort_unstable_by(f64::total_cmp);
    let kept = if max == Span::MAX { 1.0 } else { law.share_up_to(max.0 as f64) };
    let mut worst = 0.0_f64;
    let mut from = 0;
    while from < draws.len() {
        let x = draws[from];
        let to = from + draws[from..].iter().take_while(|draw| **draw == x).count();
        let (below, up_to) = (law.share_up_to(x.next_down()) / kept, law.share_up_to(x) / kept);
        worst = worst.max((from as f64 / DRAWS as f64 - below).abs()).max((to as f64 / DRAWS as f64 - up_to).abs());
        from = to;
    }
    worst
}

#[test]
fn draws_follow_the_law() {
    for (name, law) in laws() {
        let distance = distance(&law, Span::MAX, &Sampler::new(&law));
        assert!(distance < CRITICAL, "{name}: {distance}");
    }
}

#[test]
fn truncated_draws_follow_the_law_given_the_maximum() {
    for (name, law) in laws() {
        // Cut in the upper half, and deep in the lower one; laws with a gap or an atom are cut at their edges too.
        for share in [0.9, 0.3] {
            let max = Span(law.quantile(share) as u64 + 1);
            let sampler = Sampler::truncated(&law, max);
            let distance = distance(&law, max, &sampler);
            assert!(distance < CRITICAL, "{name} up to {max}: {distance}");
        }
    }
}

#[test]
fn the_test_notices_a_law_that_is_one_percent_off() {
    let sampler = Sampler::new(&Law::Exponential { mean: ms(1_000) });
    assert!(distance(&Law::Exponential { mean: ms(1_010) }, Span::MAX, &sampler) > CRITICAL);
    assert!(distance(&Law::Exponential { mean: ms(1_000) }, ms(4_000), &sampler) > CRITICAL, "truncated or not");
}

#[test]
fn truncated_draws_never_exceed_the_maximum() {
    for (name, law) in laws() {
        for max in [Span(1), ms(1), ms(3), ms(60), ms(60_000)] {
            let sampler = Sampler::truncated(&law, max);
            let draws = [0, 1, u64::MAX, u64::MAX - 1, 1 << 63].into_iter().chain((0..10_000).map(mix));
            for draw in draws {
                assert!(sampler.span(draw) <= max, "{name} up to {max}: {}", sampler.span(draw));
            }
        }
    }
    assert_eq!(Sampler::truncated(&Law::Constant(ms(9)), ms(4)).span(7), ms(4), "a law wholly above gives the maximum");
}

#[test]
fn what_samplers_share_leaves_each_its_own_law_and_maximum() {
    let drawn = |sampler: &Sampler| -> Vec<Span> { (0..10_000).map(|n| sampler.span(mix(n))).collect() };
    for (name, law) in laws() {
        let maxima = [Span::MAX, ms(60_000), ms(60), ms(3)];
        let alone = maxima.map(|max| drawn(&Sampler::truncated(&law, max)));
        // All are there before the first of them is drawn from.
        let together = [maxima, maxima].map(|maxima| maxima.map(|max| Sampler::truncated(&law, max)));
        for samplers in together {
            for ((max, sampler), alone) in maxima.iter().zip(&samplers).zip(&alone) {
                assert!(drawn(sampler) == *alone, "{name} up to {max}");
            }
        }
        assert!(alone[1] != alone[3], "{name}: the maxima make a difference");
    }
}

#[test]
fn means_are_the_known_ones() {
    let sigma = libm::log(5.0) / 2.326_347_874_040_841;
    let cases = [
        (Law::Exponential { mean: ms(40) }, 40.0, 40.0),
        (Law::Uniform { low: ms(10), high: ms(30) }, 20.0, 20.0 / libm::sqrt(12.0)),
        (log_normal(2, 10), 2.0 * libm::exp(0.5 * sigma * sigma), 3.0),
        (Law::Pareto { scale: ms(3), shape: 4.0 }, 4.0, libm::sqrt(2.0)),
        (Law::Mixture(vec![(1.0, Law::Constant(ms(1))), (3.0, Law::Constant(ms(5)))]), 4.0, libm::sqrt(3.0)),
        // A quarter in each stretch: its middle.
        (Law::Quantiles(vec![(0.0, ms(0)), (0.75, ms(30)), (1.0, ms(50))]), 0.75 * 15.0 + 0.25 * 40.0, 15.0),
    ];
    for (law, mean, deviation) in cases {
        let sampler = Sampler::new(&law);
        let mut stream = StreamKey::new(2, 0, Purpose::Requests).stream(1);
        let sum: u128 = (0..DRAWS).map(|_| u128::from(sampler.span(stream.draw()).0)).sum();
        let measured = sum as f64 / DRAWS as f64 / MS as f64;
        assert!((measured - mean).abs() < 6.0 * deviation / 1_000.0, "{law:?}: {measured} instead of {mean}");
    }
}

#[test]
fn tables_are_within_one_part_in_a_hundred_thousand() {
    for (name, law) in smooth() {
        for max in [Span::MAX, Span(law.quantile(0.999) as u64), Span(law.quantile(0.6) as u64)] {
            let kept = if max == Span::MAX { 1.0 } else { law.share_up_to(max.0 as f64) };
            let sampler = Sampler::truncated(&law, max);
            // 32 draws in each of 4,096 cells.
            for draw in (0..1_u64 << 17).map(|n| n << 47 | 1 << 46) {
                let (drawn, exact) = (sampler.nanos(draw), law.quantile(unit(draw) * kept));
                assert!((drawn - exact).abs() <= 1e-5 * exact, "{name} up to {max}: {drawn} instead of {exact}");
            }
        }
    }
}

#[test]
fn draws_of_one_sampler_rise_with_the_draw() {
    for (name, law) in smooth() {
        let sampler = Sampler::new(&law);
        let spans: Vec<f64> = (0..1_u64 << 16).map(|n| sampler.nanos(n << 48)).collect();
        assert!(spans.windows(2).all(|pair| pair[0] <= pair[1] * (1.0 + 1e-12)), "{name}");
    }
}

#[test]
fn spans_in_tails_are_those_of_the_quantiles_rounded() {
    for (name, law) in laws() {
        let most = [Span::MAX, ms(40), ms(4), Span(law.quantile(0.9999) as u64)];
        for sampler in most.map(|most| Sampler::truncated(&law, most)) {
            for n in 0..60_000_u64 {
                // All cells of a table, and those at its ends a hundred times as often.
                let cell = if n % 2 == 0 { n / 2 % 4096 } else { n % 200 + if n % 400 < 200 { 0 } else { 3896 } };
                let draw = (cell << 52) | (mix(n) >> 12);
                let span = Span::from_nanos_f64(sampler.nanos(draw));
                assert_eq!((sampler.span(draw), sampler.span_of_any(draw)), (span, span), "{name}, {draw}");
            }
        }
    }
}

#[test]
fn extreme_draws_give_finite_spans() {
    for (name, law) in laws() {
        for draw in [0, u64::MAX] {
            assert!(Sampler::new(&law).nanos(draw).is_finite(), "{name}");
        }
    }
}

#[test]
fn golden_spans_do_not_change() {
    // Changing these changes every figure of every report: then the model's version must change too.
    let spans = |law: &Law| [1, 2, 3].map(|n| Sampler::new(law).span(mix(n)).0);
    assert_eq!(spans(&Law::Exponential { mean: ms(5_000) }), [2_063_707_130, 9_783_518_239, 630_422_482]);
    assert_eq!(spans(&log_normal(2, 10)), [1_498_294, 4_205_714, 882_412]);
    assert_eq!(spans(&Law::Pareto { scale: ms(3), shape: 3.35 }), [3_393_354, 5_380_078, 3_115_063]);
    assert_eq!(spans(&disk()), [2_627_938, 1_602_822, 3_214_168]);
    assert_eq!(spans(&instant()), [78_840_989, 165_982_353, 40_611_977]);
}

#[test]
fn figures_of_the_law_are_those_that_name_it() {
    let close = |a: f64, b: f64| assert!((a - b).abs() <= 1e-9 * b, "{a} instead of {b}");
    close(log_normal(2, 10).quantile(0.5), 2e6);
    close(log_normal(2, 10).quantile(0.99), 1e7);
    close(log_normal(2, 10).share_up_to(1e7), 0.99);
    close(Law::Exponential { mean: ms(5) }.quantile(1.0 - libm::exp(-2.0)), 1e7);
    close(Law::Pareto { scale: ms(3), shape: 2.0 }.quantile(0.75), 6e6);
    for (p, expected) in [(0.0, 20e6), (0.5, 107e6), (0.725, 144e6), (0.95, 181e6), (0.99, 256e6), (1.0, 600e6)] {
        close(instant().quantile(p), expected);
    }
    let inner = Law::Quantiles(vec![(0.2, ms(1)), (0.9, ms(9))]);
    assert_eq!([inner.quantile(0.0), inner.quantile(0.1), inner.quantile(1.0)], [1e6, 1e6, 9e6]);
    assert_eq!([inner.share_up_to(0.9e6), inner.share_up_to(1e6), inner.share_up_to(9e6)], [0.0, 0.2, 1.0]);
}

#[test]
fn normal_quantiles_are_the_published_ones() {
    // The last three are the check values of Wichura's paper (AS 241, 1988).
    let published = [
        (0.975, 1.959_963_984_540_054),
        (0.99, 2.326_347_874_040_841),
        (0.995, 2.575_829_303_548_9),
        (0.841_344_746_068_542_9, 1.0),
        (0.25, -0.674_489_750_196_081_7),
        (0.001, -3.090_232_306_167_813_5),
        (1e-20, -9.262_340_089_798_408),
    ];
    for (p, z) in published {
        assert!((normal_quantile(p) - z).abs() < 1e-14 * z.abs().max(1.0), "{p}: {}", normal_quantile(p));
    }
    assert_eq!(
        [normal_quantile(0.0), normal_quantile(0.5), normal_quantile(1.0)],
        [f64::NEG_INFINITY, 0.0, f64::INFINITY]
    );
}

#[test]
fn normal_quantiles_invert_the_complementary_error_function() {
    let exponents = (1..3_000).map(|n| libm::pow(10.0, -f64::from(n) / 10.0));
    for p in exponents.chain((1..10_000).map(|n| f64::from(n) / 10_000.0)) {
        let z = normal_quantile(p);
        let share = 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2);
        assert!((share - p).abs() < 1e-12 * p, "{p}: {z} has {share}");
        if p > 1e-3 && p < 0.5 {
            assert!((normal_quantile(1.0 - p) + z).abs() < 1e-12, "{p}: not symmetric");
        }
    }
}

fn any_span() -> impl Strategy<Value = Span> {
    (1_u64..1_000_000_000_000).prop_map(Span)
}

/// Laws without atoms or gaps, on which the two functions are inverse to each other.
fn any_continuous_law() -> impl Strategy<Value = Law> {
    let single = prop_oneof![
        (any_span(), any_span()).prop_map(|(low, width)| Law::Uniform { low, high: low + width }),
        any_span().prop_map(|mean| Law::Exponential { mean }),
        (any_span(), 1.01_f64..1e4).prop_map(|(median, ratio)| {
            let p99 = Span::from_nanos_f64(median.0 as f64 * ratio + 1.0);
            Law::LogNormal { median, p99 }
        }),
        (any_span(), 0.3_f64..20.0).prop_map(|(scale, shape)| Law::Pareto { scale, shape }),
        (any_span(), any_span(), 0.1_f64..0.9).prop_map(|(x, y, p)| {
            let middle = x + Span(1_000);
            Law::Quantiles(vec![(0.0, x), (p, middle), (1.0, middle + y + Span(1_000))])
        }),
    ];
    (prop::collection::vec((0.1_f64..10.0, single), 1..4))
        .prop_map(|mut parts| if parts.len() == 1 { parts.remove(0).1 } else { Law::Mixture(parts) })
}

proptest! {
    #![proptest_config(cases(256))]

    /// Spans are nearest whole numbers, half of one going up.
    #[test]
    fn spans_of_nanoseconds_are_rounded(bits: u64, whole in 0_u64..1 << 53, part in 0_u64..8) {
        let near = whole as f64 + part as f64 / 8.0;
        for nanos in [f64::from_bits(bits), near, -near, f64::from_bits(near.to_bits() + 1), near / 1e6] {
            prop_assert_eq!(Span::from_nanos_f64(nanos).0, (nanos + 0.5) as u64, "{}", nanos);
        }
    }


    #[test]
    fn share_of_a_quantile_is_its_probability(law in any_continuous_law(), p in 0.000_1_f64..0.999_9) {
        let x = law.quantile(p);
        // Near a steep place one unit in the last place of x is more than that of p.
        let (below, above) = (law.share_up_to(x * (1.0 - 1e-12)), law.share_up_to(x * (1.0 + 1e-12)));
        prop_assert!(below - 1e-9 <= p && p <= above + 1e-9, "{law:?} {p}: {x} has {below} to {above}");
    }

    #[test]
    fn quantile_of_a_share_is_the_span(law in any_continuous_law(), draw in any::<u64>()) {
        let x = Sampler::new(&law).nanos(draw);
        let share = law.share_up_to(x);
        prop_assume!(share > 1e-9 && share < 1.0 - 1e-6);
        let (below, above) = (law.quantile(share - 1e-10), law.quantile(share + 1e-10));
        prop_assert!(below * (1.0 - 1e-9) <= x && x <= above * (1.0 + 1e-9), "{law:?}: {x} between {below} and {above}");
    }

    #[test]
    fn shares_and_quantiles_rise(law in any_continuous_law(), a in 0.0_f64..1.0, b in 0.0_f64..1.0) {
        let (low, high) = (a.min(b), a.max(b));
        prop_assert!(law.quantile(low) <= law.quantile(high) * (1.0 + 1e-12));
        let (x, y) = (low * 1e12, high * 1e12);
        prop_assert!(law.share_up_to(x) <= law.share_up_to(y) + 1e-15);
        prop_assert!((0.0..=1.0 + 1e-15).contains(&law.share_up_to(x)));
    }
}
