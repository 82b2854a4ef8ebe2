//! What must hold where a scenario promises nothing: one table, said in every output that uses it.

use crate::metrics::estimate::Scalar;
use crate::scenario::{Bound, Promise, Scenario};

/// Workload (`*`: every one), the promise in words, the metric, the bound.
pub const DEFAULTS: [(&str, &str, &str, Bound); 12] = [
    ("put_then_get", "a get after a put returns what was put", "old_or_nothing", Bound::AtMost(0.0)),
    ("counter", "no acknowledged increment is lost", "lost_update_rate", Bound::AtMost(0.0)),
    ("session", "a logout holds within a second", "exposure.max", Bound::AtMost(1.0)),
    ("session", "999 of 1,000 requests see the login", "login_not_seen", Bound::AtMost(0.001)),
    ("feature_flag", "99 of 100 flips are everywhere within 65 seconds", "last_edge.p99", Bound::AtMost(65.0)),
    ("feature_flag", "19 of 20 evaluations take at most 50 ms", "read_latency.p95", Bound::AtMost(0.05)),
    ("config", "what is read is at most 65 seconds old", "stale_age.max", Bound::AtMost(65.0)),
    ("config", "half of the readings take at most 50 ms", "read_latency.p50", Bound::AtMost(0.05)),
    ("rate_limit", "nobody gets more than the limit", "overshoot.max", Bound::AtMost(0.0)),
    ("cache_aside", "99 of 100 stale reads are at most 65 seconds old", "stale_age.p99", Bound::AtMost(65.0)),
    ("cache_aside", "half of the reads take at most 50 ms", "read_latency.p50", Bound::AtMost(0.05)),
    ("*", "999 of 1,000 operations are answered", "availability", Bound::AtLeast(0.999)),
];

/// For workloads without harm of their own.
const OTHERWISE: (&str, &str, Bound) = ("what is read is at most 65 seconds old", "stale_age.max", Bound::AtMost(65.0));

/// The promises that are judged for a workload where the scenario has none.
pub fn of(word: &str) -> Vec<Promise> {
    let promise = |name: &str, metric: &str, bound: Bound| {
        let metric = Scalar::named(metric)?;
        Some(Promise { name: name.to_string(), metric, bound, share: 1.0 })
    };
    let own = DEFAULTS.iter().filter(|(workload, ..)| *workload == word);
    let mut promises: Vec<Promise> = own.filter_map(|(_, name, metric, bound)| promise(name, metric, *bound)).collect();
    if promises.is_empty() {
        promises.extend(promise(OTHERWISE.0, OTHERWISE.1, OTHERWISE.2));
    }
    let all = DEFAULTS.iter().filter(|(workload, ..)| *workload == "*");
    promises.extend(all.filter_map(|(_, name, metric, bound)| promise(name, metric, *bound)));
    promises
}

/// Gives the workload's default promises to a scenario that has none; says whether it did.
pub fn complete(scenario: &mut Scenario) -> bool {
    let none = scenario.promises.is_empty();
    if none {
        scenario.promises = of(scenario.workload.word());
    }
    none
}
