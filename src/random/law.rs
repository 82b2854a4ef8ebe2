//! Laws of chance for spans of time, and how they are sampled: by inverse transform, from 64-bit draws, without platform mathematics.

use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use serde::Serialize;

use crate::model::Span;

use super::stream::{derive, unit};
use super::tail::Tails;

/// A probability law of a span of time.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub enum Law {
    /// Always the same.
    Constant(Span),
    /// Evenly between two bounds.
    Uniform { low: Span, high: Span },
    /// Exponential with this mean.
    Exponential { mean: Span },
    /// The logarithm is normal; given by the median and the 99th percentile.
    LogNormal { median: Span, p99: Span },
    /// Pareto: P(X > x) = (scale / x)^shape for x ≥ scale.
    Pareto { scale: Span, shape: f64 },
    /// One of several laws, chosen with these weights (any positive numbers).
    Mixture(Vec<(f64, Law)>),
    /// An empirical law: (probability, span) points, joined by straight lines. Below the first point the span is the
    /// first point's, above the last it is the last point's.
    Quantiles(Vec<(f64, Span)>),
}

/// The 99th percentile of the standard normal law.
const NORMAL_P99: f64 = 2.326_347_874_040_841;

impl Law {
    /// The quantile function: the span that is not exceeded with probability `p`, in nanoseconds.
    /// A mixture has none in closed form; it is found by bisection.
    pub fn quantile(&self, p: f64) -> f64 {
        match self {
            Law::Constant(span) => span.0 as f64,
            Law::Uniform { low, high } => low.0 as f64 + (high.0 as f64 - low.0 as f64) * p,
            Law::Exponential { mean } => -libm::log1p(-p) * mean.0 as f64,
            Law::LogNormal { median, p99 } => {
                if p99 == median {
                    return median.0 as f64;
                }
                let sigma = libm::log(p99.0 as f64 / median.0 as f64) / NORMAL_P99;
                median.0 as f64 * libm::exp(sigma * normal_quantile(p))
            }
            Law::Pareto { scale, shape } => scale.0 as f64 * libm::pow(1.0 - p, -1.0 / shape),
            Law::Mixture(_) => {
                let (mut low, mut high) = (0.0, 1.0);
                while self.share_up_to(high) < p && high < 1e18 {
                    high *= 2.0;
                }
                for _ in 0..80 {
                    let middle = 0.5 * (low + high);
                    if self.share_up_to(middle) < p { low = middle } else { high = middle }
                }
                high
            }
            Law::Quantiles(points) => quantile_of_points(points, p),
        }
    }

    /// The distribution function: the probability of a span of at most `x` nanoseconds.
    pub fn share_up_to(&self, x: f64) -> f64 {
        match self {
            Law::Constant(span) => f64::from(u8::from(x >= span.0 as f64)),
            Law::Uniform { low, high } => {
                let (low, high) = (low.0 as f64, high.0 as f64);
                if x >= high {
                    1.0
                } else if x <= low {
                    0.0
                } else {
                    (x - low) / (high - low)
                }
            }
            Law::Exponential { mean } => {
                if x <= 0.0 {
                    0.0
                } else {
                    -libm::expm1(-x / mean.0 as f64)
                }
            }
            Law::LogNormal { median, p99 } => {
                if x <= 0.0 {
                    return 0.0;
                }
                if p99 == median {
                    return f64::from(u8::from(x >= median.0 as f64));
                }
                let sigma = libm::log(p99.0 as f64 / median.0 as f64) / NORMAL_P99;
                let z = libm::log(x / median.0 as f64) / sigma;
                0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
            }
            Law::Pareto { scale, shape } => {
                let scale = scale.0 as f64;
                if x <= scale { 0.0 } else { 1.0 - libm::pow(scale / x, *shape) }
            }
            Law::Mixture(parts) => {
                let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
                parts.iter().map(|(weight, law)| weight / total * law.share_up_to(x)).sum()
            }
            Law::Quantiles(points) => share_of_points(points, x),
        }
    }
}

fn quantile_of_points(points: &[(f64, Span)], p: f64) -> f64 {
    let after = points.partition_point(|(at, _)| *at < p);
    if after == 0 || after == points.len() {
        let end = if after == 0 { points.first() } else { points.last() };
        return end.map_or(0.0, |(_, span)| span.0 as f64);
    }
    let ((p0, x0), (p1, x1)) = (points[after - 1], points[after]);
    let (x0, x1) = (x0.0 as f64, x1.0 as f64);
    x0 + (x1 - x0) * (p - p0) / (p1 - p0)
}

fn share_of_points(points: &[(f64, Span)], x: f64) -> f64 {
    let after = points.partition_point(|(_, at)| at.0 as f64 <= x);
    if after == 0 {
        return 0.0;
    }
    if after == points.len() {
        return 1.0;
    }
    let ((p0, x0), (p1, x1)) = (points[after - 1], points[after]);
    let (x0, x1) = (x0.0 as f64, x1.0 as f64);
    p0 + (p1 - p0) * (x - x0) / (x1 - x0)
}

/// A polynomial by its coefficients, that of the lowest power first.
fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// The quantile function of the standard normal law: Wichura's algorithm AS 241 (1988), accurate to about one part in
/// 10¹⁵; infinite at 0 and 1.
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * polynomial(&AS241_A, r) / polynomial(&AS241_B, r);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = libm::sqrt(-libm::log(tail));
    let z = if tail <= 0.0 {
        f64::INFINITY
    } else if r <= 5.0 {
        polynomial(&AS241_C, r - 1.6) / polynomial(&AS241_D, r - 1.6)
    } else {
        polynomial(&AS241_E, r - 5.0) / polynomial(&AS241_F, r - 5.0)
    };
    if q < 0.0 { -z } else { z }
}

const AS241_A: [f64; 8] = [
    3.387_132_872_796_366_5,
    1.331_416_678_917_843_8e2,
    1.971_590_950_306_551_3e3,
    1.373_169_376_550_946e4,
    4.592_195_393_154_987e4,
    6.726_577_092_700_87e4,
    3.343_057_558_358_813e4,
    2.509_080_928_730_122_7e3,
];
const AS241_B: [f64; 8] = [
    1.0,
    4.231_333_070_160_091e1,
    6.871_870_074_920_579e2,
    5.394_196_021_424_751e3,
    2.121_379_430_158_659_7e4,
    3.930_789_580_009_271e4,
    2.872_908_573_572_194_3e4,
    5.226_495_278_852_545e3,
];
const AS241_C: [f64; 8] = [
    1.423_437_110_749_683_5,
    4.630_337_846_156_546,
    5.769_497_221_460_691,
    3.647_848_324_763_204_5,
    1.270_458_252_452_368_4,
    2.417_807_251_774_506e-1,
    2.272_384_498_926_918_4e-2,
    7.745_450_142_783_414e-4,
];
const AS241_D: [f64; 8] = [
    1.0,
    2.053_191_626_637_759,
    1.676_384_830_183_803_8,
    6.897_673_349_851e-1,
    1.481_039_764_274_800_8e-1,
    1.519_866_656_361_645_7e-2,
    5.475_938_084_995_345e-4,
    1.050_750_071_644_416_9e-9,
];
const AS241_E: [f64; 8] = [
    6.657_904_643_501_103,
    5.463_784_911_164_114,
    1.784_826_539_917_291_3,
    2.965_605_718_285_048_7e-1,
    2.653_218_952_657_612_4e-2,
    1.242_660_947_388_078_4e-3,
    2.711_555_568_743_487_6e-5,
    2.010_334_399_292_288_1e-7,
];
const AS241_F: [f64; 8] = [
    1.0,
    5.998_322_065_558_88e-1,
    1.369_298_809_227_358e-1,
    1.487_536_129_085_061_5e-2,
    7.868_691_311_456_133e-4,
    1.846_318_317_510_054_8e-5,
    1.421_511_758_316_446e-7,
    2.044_263_103_389_939_8e-15,
];

/// Cells of a sampler's table.
const CELLS: usize = 4096;
/// The quantiles where cells begin and end; not a number where a cell has no line.
type Table = [f64; CELLS + 1];
static NO_LINE: Table = [f64::NAN; CELLS + 1];
static NO_LINES: LazyLock<Arc<Table>> = LazyLock::new(|| Arc::new(NO_LINE));
/// How far the straight line within a cell may be off in the cell's middle, as a share of the span. Where it is farther
/// off, in the tails, draws are computed exactly; so every draw is within one part in 10⁵ of its quantile (tested).
const TOLERANCE: f64 = 9e-6;

/// A law ready to be sampled: a table of quantiles with straight lines between, exact in the tails; cut off at a maximum
/// by conditioning (a draw above the maximum is as if drawn anew), as "truncated" means in statistics.
///
/// Making one computes some thousand quantiles; a clone shares them and costs nothing, and so does every other sampler of an
/// equal law while this one is there.
#[derive(Clone, Debug)]
pub struct Sampler {
    /// The table of a law that is no mixture; without lines for a mixture.
    table: Arc<Table>,
    /// The maximum, in nanoseconds.
    most: f64,
    /// Up to which a draw on a line needs no further look.
    plain: f64,
    /// Of a uniform law: its low end and its width in nanoseconds, and the share below the maximum.
    even: Option<(f64, f64, f64)>,
    parts: Arc<[Arc<Part>]>,
    /// Where the choice among parts ends, as thresholds of a draw; empty for one part.
    ends: Arc<[u64]>,
}

#[derive(Debug)]
struct Part {
    law: Law,
    /// The share of the law that lies below the maximum.
    kept: f64,
    table: Arc<Table>,
    tails: Tails,
}

impl Sampler {
    /// A sampler for the whole law.
    pub fn new(law: &Law) -> Sampler {
        Sampler::truncated(law, Span::MAX)
    }

    /// A sampler for the law given that the span is at most `max`. A law that lies wholly above gives `max`.
    pub fn truncated(law: &Law, max: Span) -> Sampler {
        let mut flat = Vec::new();
        flatten(law, 1.0, &mut flat);
        let mut weighted: Vec<(f64, Arc<Part>)> = flat
            .into_iter()
            .map(|(weight, law)| Part::of(weight, law, max))
            .filter(|(weight, _)| *weight > 0.0)
            .collect();
        if weighted.is_empty() {
            weighted.push(Part::of(1.0, Law::Constant(max), Span::MAX));
        }
        let total: f64 = weighted.iter().map(|(weight, _)| weight).sum();
        let mut ends = Vec::new();
        let mut sum = 0.0;
        if weighted.len() > 1 {
            for (weight, _) in &weighted {
                sum += weight / total;
                ends.push(super::stream::chance(sum));
            }
            *ends.last_mut().expect("more than one part") = u64::MAX;
        }
        let parts: Arc<[Arc<Part>]> = weighted.into_iter().map(|(_, part)| part).collect();
        let table = if let [part] = &*parts { part.table.clone() } else { NO_LINES.clone() };
        let even = match &*parts {
            [part] => part.even(),
            _ => None,
        };
        Sampler { table, most: max.0 as f64, plain: Span::PLAIN.min(max.0 as f64), even, parts, ends: ends.into() }
    }

    /// The span that belongs to a draw.
    #[inline]
    pub fn span(&self, draw: u64) -> Span {
        let nanos = on_line(&self.table, draw);
        // False also where there is no line.
        if nanos <= self.plain
            && let Some(span) = Span::plain(nanos)
        {
            return span;
        }
        self.span_without_line(draw, nanos)
    }

    #[inline(never)]
    fn span_without_line(&self, draw: u64, on_line: f64) -> Span {
        let (part, of_part, on_line) = self.part(draw, on_line);
        let in_tail = if on_line.is_nan() { part.tails.span(of_part, self.most) } else { None };
        in_tail.unwrap_or_else(|| Span::from_nanos_f64(self.at_most(part.nanos(of_part, on_line))))
    }

    /// The same, sooner where the law is uniform and thus without a table.
    #[inline]
    pub fn span_of_any(&self, draw: u64) -> Span {
        match self.even {
            Some((low, width, kept)) => Span::from_nanos_f64(self.at_most(low + width * (unit(draw) * kept))),
            None => self.span(draw),
        }
    }

    /// The span that belongs to a draw, in nanoseconds with their fraction.
    #[inline]
    pub fn nanos(&self, draw: u64) -> f64 {
        let nanos = on_line(&self.table, draw);
        // False also where there is no line.
        if nanos <= self.most { nanos } else { self.without_line(draw, nanos) }
    }

    #[inline(never)]
    fn without_line(&self, draw: u64, on_line: f64) -> f64 {
        let (part, draw, on_line) = self.part(draw, on_line);
        self.at_most(part.nanos(draw, on_line))
    }

    /// The part that a draw chooses, the draw within it, and what its table gives for that.
    #[inline]
    fn part(&self, draw: u64, on_line: f64) -> (&Part, u64, f64) {
        if let [part] = &*self.parts {
            return (part, draw, on_line);
        }
        let part = &self.parts[self.ends.partition_point(|end| *end < draw).min(self.parts.len() - 1)];
        let draw = derive(draw, 0);
        (part, draw, self::on_line(&part.table, draw))
    }

    /// Rounding must not lift a truncated draw above the maximum.
    #[inline]
    fn at_most(&self, nanos: f64) -> f64 {
        if nanos > self.most { self.most } else { nanos }
    }
}

/// A draw where its cell has a line; where it has none, not a number.
#[inline]
fn on_line(table: &Table, draw: u64) -> f64 {
    let cell = (draw >> 52) as usize;
    // The other 52 bits as a number from 0 to 1: those after the point of a number from 1 to 2.
    let along = f64::from_bits((draw & ((1 << 52) - 1)) | 1.0_f64.to_bits()) - 1.0;
    let (from, to) = (table[cell], table[cell + 1]);
    from + (to - from) * along
}

fn flatten(law: &Law, weight: f64, into: &mut Vec<(f64, Law)>) {
    if let Law::Mixture(parts) = law {
        let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
        for (part, law) in parts {
            flatten(law, weight * part / total, into);
        }
    } else {
        into.push((weight, law.clone()));
    }
}

/// The parts that somebody uses, so that equal ones are made once: replications and stores have most laws in common.
static MADE: Mutex<Vec<Weak<Part>>> = Mutex::new(Vec::new());

impl Part {
    /// The part, and the weight that is left of it below the maximum.
    fn of(weight: f64, law: Law, max: Span) -> (f64, Arc<Part>) {
        let kept = if max == Span::MAX { 1.0 } else { law.share_up_to(max.0 as f64) };
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let equal = |part: &Arc<Part>| part.law == law && part.kept == kept;
        let part = made.iter().filter_map(Weak::upgrade).find(equal).unwrap_or_else(|| {
            made.retain(|part| part.strong_count() > 0);
            let part = Arc::new(Part::new(law, kept));
            made.push(Arc::downgrade(&part));
            part
        });
        (weight * kept, part)
    }

    fn new(law: Law, kept: f64) -> Part {
        let mut part = Part { law, kept, table: NO_LINES.clone(), tails: Tails::default() };
        // The other laws are as fast without a table, and empirical ones have corners that a line would cut off.
        if kept > 0.0 && matches!(part.law, Law::Exponential { .. } | Law::LogNormal { .. } | Law::Pareto { .. }) {
            part.tabulate();
        }
        part
    }

    /// Of a uniform law: its low end and its width in nanoseconds, and the share below the maximum.
    fn even(&self) -> Option<(f64, f64, f64)> {
        let Law::Uniform { low, high } = self.law else { return None };
        Some((low.0 as f64, high.0 as f64 - low.0 as f64, self.kept))
    }

    fn nanos(&self, draw: u64, on_line: f64) -> f64 {
        if on_line.is_nan() { self.law.quantile(unit(draw) * self.kept) } else { on_line }
    }

    fn tabulate(&mut self) {
        let at = |cell: f64| self.law.quantile(cell / CELLS as f64 * self.kept);
        let straight = |cell: &usize| {
            let (from, middle, to) = (at(*cell as f64), at(*cell as f64 + 0.5), at(*cell as f64 + 1.0));
            // False also where an end is infinite.
            (0.5 * (from + to) - middle).abs() <= TOLERANCE * middle
        };
        // These laws bend more the nearer they are to an end, so what is straight enough is straight enough inside.
        let first = (0..CELLS / 2).find(straight).unwrap_or(CELLS / 2);
        let last = (CELLS / 2..CELLS).rev().find(straight).map_or(CELLS / 2, |cell| cell + 1);
        let mut table = NO_LINE;
        (first..=last).for_each(|cell| table[cell] = at(cell as f64));
        self.table = Arc::new(table);
        self.tails = Tails::new(at, CELLS, first, last);
    }
}
