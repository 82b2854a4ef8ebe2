//! Replications until the interval is as narrow as wanted, or there are as many as allowed.

use crate::metrics::CountId;
use crate::metrics::estimate::{FIGURES, Figure, Scalar, estimate};
use crate::scenario::Scenario;

use super::walk::Walk;
use super::{Options, Outcome, RunError, Watch};

/// When to stop.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Until {
    /// Half the width of the interval of the main metric, as a share of its value.
    pub relative: f64,
    /// The most replications.
    pub replications_max: u32,
}

/// How far it came.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Reached {
    /// The main metric.
    pub metric: Scalar,
    /// The widest of the stores' intervals, as half its width and a share of its value; `None` where one has none.
    pub relative: Option<f64>,
    pub replications: u32,
    /// Whether it is as narrow as wanted.
    pub reached: bool,
}

/// An interval over fewer replications says too little of its own width.
const REPLICATIONS_LEAST: u32 = 10;

/// The metric whose interval decides: that of the first promise whose metric has intervals, otherwise stale reads.
pub fn main_metric(scenario: &Scenario) -> Scalar {
    let has_interval = |scalar: &Scalar| match scalar {
        Scalar::Share(_) => true,
        Scalar::Figure(_, figure) => FIGURES[*figure].1 != Figure::Max,
    };
    let promised = scenario.promises.iter().map(|promise| promise.metric).find(has_interval);
    promised.unwrap_or(Scalar::Share(CountId::StaleReads))
}

/// Runs a scenario with as many replications as the interval needs; at least the scenario's own number, and ten. How
/// many that are follows from the figures alone, so that threads change nothing; the outcome is that of a run which was
/// told this number from the start.
///
/// # Errors
/// When a trace cannot be read to its end.
pub fn run_until(
    scenario: &Scenario,
    options: &Options,
    until: Until,
    watch: &dyn Watch,
) -> Result<(Outcome, Reached), RunError> {
    let metric = main_metric(scenario);
    // An interval needs two.
    let most = until.replications_max.max(2);
    let mut replications = scenario.replications.max(REPLICATIONS_LEAST).min(most);
    let mut walk = Walk::new(scenario, 1, options);
    watch.serial(&walk.serial());
    loop {
        walk.extend(replications, options, watch)?;
        let relative = widest(&mut walk, metric);
        watch.aimed(replications, relative, until.relative);
        let reached = relative.is_some_and(|relative| relative <= until.relative);
        if reached || replications >= most {
            let outcome = walk.finish(options);
            return Ok((outcome, Reached { metric, relative, replications, reached }));
        }
        replications = next(replications, relative, until).min(most);
    }
}

/// Half the width of the widest interval; stores that did not measure the metric do not count.
fn widest(walk: &mut Walk, metric: Scalar) -> Option<f64> {
    let estimates = walk.samples(metric).into_iter().filter_map(|samples| estimate(metric, &samples));
    estimates.map(|estimate| estimate.relative_half_width()).try_fold(0.0, |widest: f64, half| Some(widest.max(half?)))
}

/// The width falls with the root of the number: what that says is needed, with a tenth more because the width is itself
/// an estimate, but at least a quarter more than there are and at most four times as many.
fn next(replications: u32, relative: Option<f64>, until: Until) -> u32 {
    let now = f64::from(replications);
    let needed = relative.map_or(f64::INFINITY, |relative| {
        let ratio = relative / until.relative;
        1.1 * now * ratio * ratio
    });
    // `as` saturates.
    libm::ceil(needed.clamp(1.25 * now, 4.0 * now)) as u32
}
