//! Limits of the platform that stores violated: the same facts in every form of a report.

use serde::Serialize;

use crate::limits::{Nature, Plan};
use crate::model::{Refusal, Time};
use crate::run::{LimitOutcome, Outcome, StoreOutcome};
use crate::scenario::Scenario;

use super::figures::{self, tidy};
use super::free_plan::clock;

/// A limit that a store violated, over all replications.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Violated {
    #[serde(skip)]
    pub refusal: Refusal,
    /// As in `L016`.
    pub code: &'static str,
    pub rule: &'static str,
    pub violations: u64,
    /// When first in any replication, from the start of the run.
    pub first_s: f64,
    /// The same by the clock, as in `day 1, 13:53:20`; the run begins on day 1.
    pub first_utc: String,
    /// What the caller's code saw.
    pub error: String,
    pub plan: &'static str,
    /// Where the text, or the rule, stands, and the page's date.
    pub source: &'static str,
    pub date: &'static str,
    pub remedy: String,
}

/// A time of the run by the clock, as in `day 1, 13:53:20`.
pub fn utc(scenario: &Scenario, at: Time) -> String {
    let (day, time) = scenario.by_the_clock(at);
    format!("day {day}, {}", clock(time))
}

/// What one store violated, rule by rule.
pub fn of(outcome: &Outcome, store: &StoreOutcome) -> Vec<Violated> {
    let scenario = &outcome.scenario;
    let violated = |limit: &LimitOutcome| {
        let facts = limit.refusal.facts();
        Violated {
            refusal: limit.refusal,
            code: facts.code,
            rule: facts.name(),
            violations: limit.violations,
            first_s: tidy(limit.first.seconds()),
            first_utc: utc(scenario, limit.first),
            error: limit.text.clone(),
            plan: if scenario.plan == Plan::Free { "free" } else { "paid" },
            source: facts.source,
            date: facts.date,
            remedy: facts.remedy.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    };
    store.limits.iter().filter(|limit| limit.violations > 0).map(violated).collect()
}

/// What one store violated of the platform's limits by its design, and not because of a fault that the scenario asked for:
/// what `--deny limits` means.
pub fn deniable(outcome: &Outcome, store: &StoreOutcome) -> Vec<Violated> {
    let mut limits = of(outcome, store);
    limits.retain(|limit| limit.refusal.facts().nature != Nature::Fault);
    limits
}

/// One sentence without the store, as in `kv.writes_per_day (L016) is violated 3 times, first at …`.
pub fn sentence(limit: &Violated) -> String {
    let times = match limit.violations {
        1 => "once".to_string(),
        many => format!("{} times", figures::grouped(many)),
    };
    format!(
        "{} ({}) is violated {times}, first at t = {:.3} s ({} UTC): “{}”. What helps: {}",
        limit.rule, limit.code, limit.first_s, limit.first_utc, limit.error, limit.remedy
    )
}
