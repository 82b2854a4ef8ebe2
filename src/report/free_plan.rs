//! What the free plan would say, in words: which quota ends first, and when.

use serde::Serialize;

use crate::limits::Plan;
use crate::metrics::table::Unit;
use crate::model::Span;
use crate::run::{Outcome, QuotaUse, StoreOutcome};

use super::figures;

/// How the times are reckoned, in words.
pub const RULE: &str = "The rule: the measured operations of the run, as often all day, evenly from 00:00 UTC on; what was \
    refused is not counted. What is stored grows as evenly, from the first day on, where sizes are known. Where the run itself was on the free plan, what it has shown comes first.";

/// A time of the day, as in `13:53:20`.
pub fn clock(time: Span) -> String {
    let seconds = time.0 / 1_000_000_000;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// When a quota ends, as in `each day from 13:53:20 UTC on` or `from day 12, 04:10:00 UTC on`.
fn when(quota: &QuotaUse, (day, at): (u64, Span)) -> String {
    let time = clock(at);
    if quota.seen || quota.meter.row().is_stored() {
        format!("from day {day}, {time} UTC on")
    } else {
        format!("each day from {time} UTC on")
    }
}

/// What is used of a quota, as in `172,800 a day of 100,000`.
fn used(quota: &QuotaUse) -> String {
    if quota.meter.row().is_stored() {
        let more = figures::tidy(libm::round(quota.per_day * 1e4) / 1e4);
        return format!("{more} GB more a day, with room for {} GB", quota.quota);
    }
    let unit = if quota.meter.row().unit == "GB-s" { " GB-s" } else { "" };
    let amount = |amount: f64| match amount {
        amount if amount >= 100.0 => figures::grouped(libm::round(amount) as u64),
        amount => figures::tick(amount, amount / 100.0),
    };
    format!("{} a day of {}{unit}", amount(quota.per_day), amount(quota.quota))
}

/// What becomes of one store, without its name; `None` where it draws on no quota.
pub fn fate(store: &StoreOutcome) -> Option<String> {
    let first = store.free_plan.first()?;
    let rule = first.rule.rule();
    Some(match (first.ends, first.seen) {
        (Some(ends), seen) => {
            let fails = if seen { "fails" } else { "would have failed" };
            // What went through on the free plan is less than what was asked for.
            let used = if seen { String::new() } else { format!(": {}", used(first)) };
            format!("{fails} {} ({rule}{used})", when(first, ends))
        }
        (None, _) if first.meter.row().is_stored() => {
            format!("would have lasted: what it stores does not fill {} GB ({rule})", first.quota)
        }
        (None, seen) => {
            let lasts = if seen { "lasts" } else { "would have lasted" };
            let share = figures::value(Unit::Share, first.per_day / first.quota);
            format!("{lasts}, with {share} of the quota that it uses most ({rule})")
        }
    })
}

/// One quota, as data.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Quota {
    pub rule: &'static str,
    pub code: &'static str,
    pub meter: &'static str,
    pub unit: &'static str,
    /// At the run's pace.
    pub used_per_day: f64,
    pub quota: f64,
    /// The day and the time of the day from which it refuses; `null`: never.
    pub fails_on_day: Option<u64>,
    pub fails_at_utc: Option<String>,
    /// `run`: the run was on the free plan and has shown it. `extrapolated`: by the rule.
    pub how: &'static str,
}

/// Every quota that a store draws on, the one that ends first before all others.
pub fn of(store: &StoreOutcome) -> Vec<Quota> {
    let quota = |one: &QuotaUse| Quota {
        rule: one.rule.rule(),
        code: one.rule.facts().code,
        meter: one.meter.row().name,
        unit: one.meter.row().unit,
        used_per_day: figures::tidy(one.per_day),
        quota: one.quota,
        fails_on_day: one.ends.map(|(day, _)| day),
        fails_at_utc: one.ends.map(|(_, at)| clock(at)),
        how: if one.seen { "run" } else { "extrapolated" },
    };
    store.free_plan.iter().map(quota).collect()
}

/// All stores in one paragraph, for a terminal; `None` where none draws on a quota.
pub fn paragraph(outcome: &Outcome) -> Option<String> {
    let fates = outcome.stores.iter().filter_map(|store| Some(format!("{} {}", store.label, fate(store)?)));
    let fates: Vec<String> = fates.collect();
    let given = if outcome.scenario.plan == Plan::Free { "" } else { ", at this pace" };
    (!fates.is_empty()).then(|| format!("On the free plan{given}: {}.", fates.join("; ")))
}

/// A sentence for each store, for a report; with what its caller would see.
pub fn sentences(outcome: &Outcome) -> Vec<(String, Option<String>)> {
    let of = |store: &StoreOutcome| {
        let first = store.free_plan.first()?;
        let text = first.ends.map(|_| first.rule.facts().text(&outcome.scenario.platform, Plan::Free));
        Some((format!("{} {}", store.label, fate(store)?), text))
    };
    outcome.stores.iter().filter_map(of).collect()
}
