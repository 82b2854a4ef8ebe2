//! How much work a scenario asks for, so that what would never end is refused.

use crate::model::Span;
use crate::random::Law;
use crate::workloads::{Pace, WorkloadConfig};

use super::setting::Setting;

/// Operations in a replication that are still simulated: a night's work.
pub(super) const MOST: f64 = 1e10;

/// Operations in one replication, about: the mean rates times the duration. Traces count what is in them elsewhere.
pub(super) fn operations(workload: &WorkloadConfig, setting: &Setting<'_>, duration: Span) -> f64 {
    let edges = f64::from(setting.edges);
    if let WorkloadConfig::Calls(script) = workload {
        return script.calls.iter().map(|call| f64::from(call.times) * f64::from(call.pages)).sum();
    }
    let per_second = match workload {
        WorkloadConfig::PutThenGet(put) => f64::from(put.keys) * (2.0 * put.pairs + put.background_reads * edges),
        WorkloadConfig::Counter(counter) => {
            let clients = f64::from(counter.counters) * f64::from(counter.clients);
            let each = match &counter.pace {
                Pace::Open { rate, .. } => *rate,
                Pace::Closed { think } => 1.0 / middle(think),
            };
            clients * each * if counter.read_back { 2.0 } else { 1.0 }
        }
        WorkloadConfig::Session(session) => {
            f64::from(session.users)
                * (session.requests + session.after_rate + 2.0 / (middle(&session.life) + middle(&session.idle)))
        }
        WorkloadConfig::FeatureFlag(flag) => {
            f64::from(flag.flags) * (flag.evaluations * edges + 1.0 / middle(&flag.flip_every))
        }
        WorkloadConfig::Config(config) => {
            let keys = f64::from(config.keys);
            f64::from(config.sets) * keys * (config.reads * edges + 1.0 / middle(&config.publish_every))
        }
        WorkloadConfig::RateLimit(limit) if limit.arrivals.is_none() => {
            f64::from(limit.identities) * limit.requests * 2.0
        }
        WorkloadConfig::CacheAside(aside) => aside.reads * edges + aside.updates,
        WorkloadConfig::Mix(mix) => mix.reads + mix.writes,
        WorkloadConfig::RateLimit(_) | WorkloadConfig::Trace(_) | WorkloadConfig::Calls(_) => 0.0,
    };
    per_second * duration.seconds()
}

/// The median in seconds; at least a nanosecond.
fn middle(law: &Law) -> f64 {
    (law.quantile(0.5) / 1e9).max(1e-9)
}
