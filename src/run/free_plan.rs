//! What the free plan would say to a store's use: which quota ends first, and when.
//!
//! The rule: the operations of the measured part, over all replications, as often all day, evenly from midnight UTC on; what
//! was refused is not counted. What is stored at the start of the measured part is there at midnight of the first day, and
//! grows as evenly as in it. Where the run itself is on the free plan, what it has shown comes first: when a quota ended in
//! it, or that a whole day passed without that.

use crate::limits::day::{DAY, day_and_time};
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
    /// Used in a whole day at the run's pace, in the meter's unit; of what is stored, how much more it gets in a day, in GB.
    pub per_day: f64,
    /// In the same unit, or the cap in GB.
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
        pace.into_iter().filter_map(|(meter, per_second)| quota(scenario, measured, meter, per_second)).collect();
    let order = |one: &QuotaUse| one.ends.unwrap_or((u64::MAX, Span::MAX));
    let share = |one: &QuotaUse| one.per_day / one.quota;
    quotas.sort_by(|a, b| order(a).cmp(&order(b)).then(share(b).total_cmp(&share(a))));
    quotas
}

fn quota(scenario: &Scenario, measured: &Measurements, meter: MeterId, per_second: f64) -> Option<QuotaUse> {
    match meter {
        MeterId::KvStorage => room(scenario, measured, meter, Refusal::KvStorageFull, FigureId::KvStorageBytes),
        // Of one database; the account's cap is higher.
        MeterId::D1Storage => room(scenario, measured, meter, Refusal::D1DatabaseFull, FigureId::D1DatabaseBytes),
        MeterId::ObjectStorage => {
            room(scenario, measured, meter, Refusal::ObjectStorageFull, FigureId::ObjectStorageBytes)
        }
        _ => day(scenario, measured, meter, per_second),
    }
}

/// After so many days it is not said any more when storage is full.
const DAYS_MOST: f64 = 36_500.0;

/// When storage is full, if it is, where sizes are known.
fn room(
    scenario: &Scenario,
    measured: &Measurements,
    meter: MeterId,
    rule: Refusal,
    figure: FigureId,
) -> Option<QuotaUse> {
    let cap = scenario.platform.bound(figure, Plan::Free);
    let stored = measured.storage;
    if cap == UNLIMITED || stored.byte_ns == 0 {
        return None;
    }
    let replications = f64::from(scenario.replications);
    let seconds = scenario.duration.seconds() - scenario.warmup.seconds();
    let start = stored.bytes_at_start as f64 / replications;
    let per_second = (stored.bytes_at_end as f64 / replications - start) / seconds;
    let left = (cap as f64 - start).max(0.0);
    let seconds = if left == 0.0 {
        0.0
    } else if per_second > 0.0 {
        left / per_second
    } else {
        f64::INFINITY
    };
    let extrapolated = (seconds < DAYS_MOST * 86_400.0).then(|| day_and_time(span(seconds)));
    let refused = measured.refusals.get(&rule).filter(|_| scenario.plan == Plan::Free).map(|(_, first)| *first);
    let shown = refused.map(|first| scenario.by_the_clock(first));
    Some(QuotaUse {
        rule,
        meter,
        per_day: per_second * 86_400.0 / 1e9,
        quota: cap as f64 / 1e9,
        ends: shown.or(extrapolated),
        seen: shown.is_some(),
    })
}

/// To the microsecond, so that the last digit of a division does not turn 16:00:00 into 15:59:59.
fn span(seconds: f64) -> Span {
    Span(libm::round(seconds * 1e6) as u64 * 1000)
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
    let extrapolated = (seconds < 86_400.0).then(|| (1, span(seconds)));
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
        return Some(Some(scenario.by_the_clock(first)));
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
