//! What the free plan would say to a store's use: which quota ends first, and when.
//!
//! The rule: the operations of the measured part, over all replications, as often all day, evenly from midnight UTC on; what
//! was refused is not counted. Where the run itself is on the free plan, what it has shown comes first: when a quota ended
//! in it, or that a whole day passed without that.

use crate::limits::day::DAY;
use crate::limits::{FigureId, MeterId, Nature, Plan, UNLIMITED};
use crate::metrics::Measurements;
use crate::model::{Refusal, Span, Time};
use crate::scenario::Scenario;
use crate::stores::StoreConfig;

use super::cost;

/// What becomes of one quota of the free plan.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct QuotaUse {
    /// The rule that refuses, once the quota is used up.
    pub rule: Refusal,
    pub meter: MeterId,
    /// Used in a whole day at the run's pace, in the meter's unit.
    pub per_day: f64,
    /// In the same unit.
    pub quota: f64,
    /// When it is used up: on this day, the first being 1, at this time of the day in UTC. `None`: never.
    pub ends: Option<(u64, Span)>,
    /// Whether the run itself has shown it, on the free plan; otherwise it is extrapolated.
    pub seen: bool,
}

/// Every quota of the free plan that a store draws on: those that end, the earliest first, and then the others, the one
/// that is used most first. Empty where the store has none, or where nothing was measured.
pub fn quotas(scenario: &Scenario, store: &StoreConfig, measured: &Measurements) -> Vec<QuotaUse> {
    let pace = cost::pace(scenario, store, measured).unwrap_or_default();
    let mut quotas: Vec<QuotaUse> =
        pace.into_iter().filter_map(|(meter, per_second)| day(scenario, measured, meter, per_second)).collect();
    let order = |one: &QuotaUse| one.ends.unwrap_or((u64::MAX, Span::MAX));
    let share = |one: &QuotaUse| one.per_day / one.quota;
    quotas.sort_by(|a, b| order(a).cmp(&order(b)).then(share(b).total_cmp(&share(a))));
    quotas
}

fn day(scenario: &Scenario, measured: &Measurements, meter: MeterId, per_second: f64) -> Option<QuotaUse> {
    let figure = meter.row().quota?;
    let rule = ends_with(figure)?;
    let quota = scenario.platform.bound(figure, Plan::Free);
    let refused = measured.refusals.get(&rule).map(|(_, first)| *first);
    if quota == UNLIMITED || per_second <= 0.0 && refused.is_none() {
        return None;
    }
    let seconds = quota as f64 / per_second;
    let extrapolated = (seconds < 86_400.0).then(|| (1, Span((seconds * 1e9) as u64)));
    let shown = (scenario.plan == Plan::Free).then(|| shown(scenario, refused)).flatten();
    Some(QuotaUse {
        rule,
        meter,
        per_day: per_second * 86_400.0,
        quota: quota as f64,
        ends: shown.unwrap_or(extrapolated),
        seen: shown.is_some(),
    })
}

/// When the quota ended in the run, or that it did not although a whole day was measured.
fn shown(scenario: &Scenario, refused: Option<Time>) -> Option<Option<(u64, Span)>> {
    let since_midnight = |time: Time| time.0 + scenario.starts_at.0;
    if let Some(first) = refused {
        let at = since_midnight(first);
        return Some(Some((at / DAY.0 + 1, Span(at % DAY.0))));
    }
    let first_midnight = since_midnight(Time(scenario.warmup.0)).div_ceil(DAY.0);
    let whole_days = (since_midnight(Time(scenario.duration.0)) / DAY.0).saturating_sub(first_midnight);
    (whole_days > 0).then_some(None)
}

/// The rule of a day's quota.
fn ends_with(figure: FigureId) -> Option<Refusal> {
    let is_it = |refusal: &&Refusal| {
        let facts = refusal.facts();
        facts.nature == Nature::Day && facts.figures.first() == Some(&figure)
    };
    Refusal::ALL.iter().find(is_it).copied()
}
