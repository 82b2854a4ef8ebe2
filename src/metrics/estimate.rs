//! From replications, batches or cycles to a figure with its interval.

use crate::random::law::normal_quantile;

use super::distribution::Distribution;
use super::measurements::Measurements;
use super::table::{CountId, DistributionId, Row};

/// The figures that are read off a distribution, and their names.
pub const FIGURES: [(&str, Figure); 6] = [
    ("mean", Figure::Mean),
    ("p50", Figure::Quantile(0.50)),
    ("p95", Figure::Quantile(0.95)),
    ("p99", Figure::Quantile(0.99)),
    ("p999", Figure::Quantile(0.999)),
    ("max", Figure::Max),
];

/// What is read off a distribution.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Figure {
    Mean,
    Quantile(f64),
    Max,
}

impl Figure {
    /// The figure, in the distribution's stored unit; `None` when empty.
    pub fn of(self, distribution: &Distribution) -> Option<f64> {
        match self {
            Figure::Mean => distribution.mean(),
            Figure::Quantile(p) => distribution.quantile(p),
            Figure::Max => distribution.max().map(|max| max as f64),
        }
    }
}

/// One number of a report: a share, a mean, a quantile or a maximum.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Scalar {
    Share(CountId),
    Figure(DistributionId, usize),
}

impl Scalar {
    /// Every scalar, in the order of reports.
    pub fn all() -> Vec<Scalar> {
        let shares = CountId::ALL.iter().map(|id| Scalar::Share(*id));
        let figures = DistributionId::ALL.iter().flat_map(|id| (0..FIGURES.len()).map(|n| Scalar::Figure(*id, n)));
        shares.chain(figures).collect()
    }

    /// The scalar with this name, as in `stale_age.p99`.
    pub fn named(name: &str) -> Option<Scalar> {
        Scalar::all().into_iter().find(|scalar| scalar.name() == name)
    }

    /// The table's row behind it.
    pub fn row(self) -> Row {
        match self {
            Scalar::Share(id) => id.row(),
            Scalar::Figure(id, _) => id.row(),
        }
    }

    /// The name in files and promises.
    pub fn name(self) -> String {
        match self {
            Scalar::Share(id) => id.row().name.to_string(),
            Scalar::Figure(id, n) => format!("{}.{}", id.row().name, FIGURES[n].0),
        }
    }

    /// The words in tables for people, as in `age of stale reads p99`.
    pub fn words(self) -> String {
        match self {
            Scalar::Share(id) => id.row().label.to_string(),
            Scalar::Figure(id, n) => format!("{} {}", id.row().label, FIGURES[n].0),
        }
    }

    /// The value in exported units; `None` where there was nothing to measure.
    pub fn value(self, measurements: &Measurements) -> Option<f64> {
        match self {
            Scalar::Share(id) => measurements.count(id).share(),
            Scalar::Figure(id, n) => {
                FIGURES[n].1.of(measurements.distribution(id)).map(|value| value * id.row().unit.scale())
            }
        }
    }
}

/// A number with its interval.
#[derive(Clone, PartialEq, Debug)]
pub struct Estimate {
    pub scalar: Scalar,
    /// In exported units.
    pub value: f64,
    /// The 95 % confidence interval; `None` where nothing supports one, and for maxima, which have none.
    pub interval: Option<[f64; 2]>,
    /// Where the interval comes from.
    pub method: Method,
}

/// How an interval was found. None of them takes reads for independent: stale reads come in clusters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// There is no interval.
    None,
    /// Over replications with different seeds.
    Replications,
    /// Over so many batches of time of one replication.
    BatchMeans { batches: u32 },
    /// Over so many cycles of one replication, each of which begins anew and independently of all before it.
    Regenerative { cycles: u64 },
}

impl Method {
    /// The word in files.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Method::None => None,
            Method::Replications => Some("replications"),
            Method::BatchMeans { .. } => Some("batch means"),
            Method::Regenerative { .. } => Some("regenerative"),
        }
    }
}

impl Estimate {
    /// Half the width of the interval as a share of the value; zero where both are, `None` without an interval.
    pub fn relative_half_width(&self) -> Option<f64> {
        let [low, high] = self.interval?;
        // Where the interval was cut off at what the quantity can be, the longer side counts.
        let half = (high - self.value).max(self.value - low);
        Some(if half == 0.0 { 0.0 } else { half / self.value.abs() })
    }
}

/// What one replication contributes to an estimate.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Sample {
    /// Hits and chances of a share; the value and one of a figure; all zero where there was nothing to measure.
    pub hits: f64,
    pub of: f64,
}

impl Sample {
    /// The sample of a replication.
    pub fn of(scalar: Scalar, measurements: &Measurements) -> Sample {
        match scalar {
            Scalar::Share(id) => {
                let count = measurements.count(id);
                Sample { hits: count.hits as f64, of: count.of as f64 }
            }
            Scalar::Figure(..) => {
                scalar.value(measurements).map_or(Sample::default(), |value| Sample { hits: value, of: 1.0 })
            }
        }
    }
}

/// The estimate from the samples of all replications, in their order; `None` where nothing was measured.
///
/// A share is the ratio of all hits to all chances, with the interval of the ratio estimator: chances differ between
/// replications, and reads within one are not independent, so replications are the unit. A mean or quantile is the mean
/// over the replications that have one. A maximum is the largest. Intervals are Student's t at 95 %, clipped to what the
/// quantity can be.
pub fn estimate(scalar: Scalar, samples: &[Sample]) -> Option<Estimate> {
    let used: Vec<Sample> = samples.iter().copied().filter(|sample| sample.of > 0.0).collect();
    let n = used.len() as f64;
    let of: f64 = used.iter().map(|sample| sample.of).sum();
    if of == 0.0 {
        return None;
    }
    if let Scalar::Figure(_, figure) = scalar
        && FIGURES[figure].1 == Figure::Max
    {
        let value = used.iter().map(|sample| sample.hits).fold(0.0, f64::max);
        return Some(Estimate { scalar, value, interval: None, method: Method::None });
    }
    let value = used.iter().map(|sample| sample.hits).sum::<f64>() / of;
    let interval = (used.len() > 1).then(|| {
        let squares: f64 = used.iter().map(|sample| sample.hits - value * sample.of).map(|miss| miss * miss).sum();
        let error = libm::sqrt(squares / (n - 1.0) / n) / (of / n);
        let half = student_quantile(0.975, n - 1.0) * error;
        let top = if matches!(scalar, Scalar::Share(_)) { 1.0 } else { f64::INFINITY };
        [(value - half).max(0.0), (value + half).min(top)]
    });
    let method = if interval.is_some() { Method::Replications } else { Method::None };
    Some(Estimate { scalar, value, interval, method })
}

/// Into how many batches of time a single replication is divided.
pub const BATCHES: u32 = 32;
/// Fewer batches than this say too little of their own spread.
const BATCHES_LEAST: usize = 8;

/// The estimate from one replication, `whole` and divided into batches of equal time; only shares and means get an
/// interval, because percentiles of short batches are not percentiles of the whole.
///
/// Batches are joined in pairs while neighbours resemble each other, by von Neumann's ratio at 10 %, down to 8; the
/// interval is then that of the ratio estimator over batches, Student's t at 95 %. Where even 8 batches resemble their
/// neighbours the run is too short for an interval, and there is none.
pub fn batch_means(scalar: Scalar, whole: &Measurements, batches: &[Measurements]) -> Option<Estimate> {
    let value = scalar.value(whole)?;
    let mut samples: Vec<Sample> = match scalar {
        Scalar::Share(_) => batches.iter().map(|batch| Sample::of(scalar, batch)).collect(),
        Scalar::Figure(id, figure) if FIGURES[figure].1 == Figure::Mean => {
            let sample = |batch: &Measurements| {
                let distribution = batch.distribution(id);
                let scale = id.row().unit.scale();
                Sample { hits: distribution.sum() as f64 * scale, of: distribution.count() as f64 }
            };
            batches.iter().map(sample).collect()
        }
        Scalar::Figure(..) => Vec::new(),
    };
    while samples.len() >= 2 * BATCHES_LEAST && resemble_neighbours(&samples, value) {
        samples = samples.chunks(2).map(join).collect();
    }
    let batches = samples.iter().filter(|sample| sample.of > 0.0).count();
    let estimated = (batches >= BATCHES_LEAST && !resemble_neighbours(&samples, value))
        .then(|| estimate(scalar, &samples))
        .flatten();
    let interval = estimated.and_then(|estimate| estimate.interval);
    let method = interval.map_or(Method::None, |_| Method::BatchMeans { batches: batches as u32 });
    Some(Estimate { scalar, value, interval, method })
}

fn join(samples: &[Sample]) -> Sample {
    let add = |a: Sample, b: &Sample| Sample { hits: a.hits + b.hits, of: a.of + b.of };
    samples.iter().fold(Sample::default(), add)
}

/// Whether batches are more like their neighbours than chance makes them: von Neumann's ratio of the mean squared
/// difference to the variance, one-sided at 10 %, on what each batch has more than its share.
fn resemble_neighbours(samples: &[Sample], value: f64) -> bool {
    let n = samples.len() as f64;
    let misses: Vec<f64> = samples.iter().map(|sample| sample.hits - value * sample.of).collect();
    let squares: f64 = misses.iter().map(|miss| miss * miss).sum();
    let products: f64 = misses.windows(2).map(|pair| pair[0] * pair[1]).sum();
    if squares == 0.0 {
        return false;
    }
    let ends = misses.first().map_or(0.0, |first| first * first) + misses.last().map_or(0.0, |last| last * last);
    let correlation = (products + 0.5 * ends) / squares;
    correlation > normal_quantile(0.9) * libm::sqrt((n - 2.0) / (n * n - 1.0))
}

/// The share from cycles that begin anew independently of each other, with its interval by the ratio estimator:
/// `None` without cycles. The value is that of the cycles alone.
pub fn regenerative(id: CountId, cycles: &[Sample]) -> Option<Estimate> {
    let scalar = Scalar::Share(id);
    let mut estimate = estimate(scalar, cycles)?;
    let count = cycles.iter().filter(|cycle| cycle.of > 0.0).count() as u64;
    if estimate.interval.is_some() {
        estimate.method = Method::Regenerative { cycles: count };
    }
    Some(estimate)
}

/// The quantile function of Student's t law, for p > 0.5, by bisection of its distribution function.
pub fn student_quantile(p: f64, freedom: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while student_share(high, freedom) < p && high < 1e9 {
        high *= 2.0;
    }
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if student_share(middle, freedom) < p { low = middle } else { high = middle }
    }
    high
}

/// The distribution function of Student's t law for t ≥ 0, through the incomplete beta function.
fn student_share(t: f64, freedom: f64) -> f64 {
    let x = freedom / (freedom + t * t);
    1.0 - 0.5 * incomplete_beta(0.5 * freedom, 0.5, x)
}

/// The regularised incomplete beta function, by Lentz's continued fraction.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let logs = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * libm::log(x) + b * libm::log1p(-x);
    let tiny = 1e-300;
    let guard = |value: f64| if value.abs() < tiny { tiny } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for m in 1..500 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        for term in [even, odd] {
            d = 1.0 / guard(1.0 + term * d);
            c = guard(1.0 + term / c);
            fraction *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    libm::exp(logs) * fraction / a
}
