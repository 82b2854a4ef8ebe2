//! What to run: plain data, validated by the only way in ([`parse`]).
//!
//! To add a field: the struct that holds it, one line in its reader (`read/`), and the schema follows.

pub mod codes;
mod desk;
mod diagnostic;
mod form;
mod lines;
#[cfg(feature = "host")]
mod load;
mod overrides;
mod parse;
mod read;
mod schema;
mod section;
mod text;
mod tree;
mod units;
mod values;
pub mod wrangler;

pub use diagnostic::{Diagnostic, Origin};
pub use form::{Field, Form, Kind};
pub use lines::promise_lines;
#[cfg(feature = "host")]
pub use load::{inspect_trace, load, load_beside, load_with, text_with};
pub use overrides::Override;
pub use parse::{parse, parse_with};
pub use read::platform::{newest, own as platform_of, platform, platforms};
pub use schema::{fields, schema};

use std::sync::Arc;

use serde::Serialize;

use crate::limits::day::day_and_time;
use crate::limits::{Plan, Platform, Terms};
use crate::metrics::CountId;
use crate::metrics::estimate::Scalar;
use crate::model::{Location, Refusal, Span, Time};
use crate::network::NetworkConfig;
use crate::stores::{StoreConfig, StoreKind};
use crate::workloads::WorkloadConfig;

/// A validated scenario. Everything that could be refused was refused when it was read: running it cannot fail but for
/// a trace file that is missing or malformed.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Scenario {
    /// Letters, digits, `-` and `_`.
    pub name: String,
    /// What the scenario answers, as a question.
    pub question: String,
    /// How long clients act; what is in flight then is still answered.
    pub duration: Span,
    /// Operations that start before this are simulated but not measured.
    pub warmup: Span,
    pub seed: u64,
    pub replications: u32,
    pub network: NetworkConfig,
    pub workload: WorkloadConfig,
    pub stores: Vec<StoreConfig>,
    pub promises: Vec<Promise>,
    /// The version of the platform whose limits hold.
    #[serde(skip_serializing_if = "is_newest")]
    pub platform: Arc<Platform>,
    /// What the account pays for.
    #[serde(skip_serializing_if = "is_paid")]
    pub plan: Plan,
    /// The time of the day in UTC at which the run starts; quotas of a day begin anew at midnight.
    #[serde(skip_serializing_if = "is_midnight")]
    pub starts_at: Span,
    /// Whether divergence is measured: it costs a look at every location whenever a key changes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub divergence: bool,
    /// Fields that Cloudflare does not publish and that the scenario left at their default, or set: an assumption.
    pub assumptions: Vec<Assumption>,
}

/// What the user needs to hold, in each replication.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Promise {
    pub name: String,
    #[serde(serialize_with = "scalar_name")]
    pub metric: Scalar,
    pub bound: Bound,
    /// The share of replications that must keep it; 1: all.
    pub share: f64,
}

fn is_newest(platform: &Arc<Platform>) -> bool {
    *platform == newest()
}

fn is_midnight(starts_at: &Span) -> bool {
    *starts_at == Span::ZERO
}

fn is_paid(plan: &Plan) -> bool {
    *plan == Plan::Paid
}

fn scalar_name<S: serde::Serializer>(scalar: &Scalar, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&scalar.name())
}

/// In the metric's exported unit.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    /// Whether a value keeps the bound.
    pub fn holds(self, value: f64) -> bool {
        match self {
            Bound::AtMost(most) => value <= most,
            Bound::AtLeast(least) => value >= least,
        }
    }
}

/// Something that the figures rest on and that nobody publishes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Assumption {
    /// As in `d1.queue_limit`.
    pub field: String,
    pub value: String,
    pub why: String,
}

impl Scenario {
    /// The locations with clients.
    pub fn edges(&self) -> impl Iterator<Item = Location> {
        (0..self.network.edges).map(Location)
    }

    /// The network with the faults that this store meets.
    pub fn network_of(&self, store: &StoreConfig) -> NetworkConfig {
        let objects = matches!(store.kind, StoreKind::DurableObject(_) | StoreKind::KvThroughObject(_));
        self.network.of_store(&store.name, objects)
    }

    /// What every store is subject to.
    pub fn terms(&self) -> Terms {
        Terms { platform: self.platform.clone(), plan: self.plan, starts_at: self.starts_at }
    }

    /// The day (in UTC) of a time of the run, the first being 1, and the time of that day.
    pub fn by_the_clock(&self, time: Time) -> (u64, Span) {
        day_and_time(Span(time.0 + self.starts_at.0))
    }

    /// The error that a caller sees of a rule.
    pub fn error_text(&self, refusal: Refusal) -> String {
        refusal.facts().text(&self.platform, self.plan)
    }

    /// Whether divergence is measured: because it was asked for, or because a promise is about it.
    pub fn measures_divergence(&self) -> bool {
        let promised = |promise: &Promise| promise.metric == Scalar::Share(CountId::Divergence);
        self.divergence || self.promises.iter().any(promised)
    }

    /// Leaves only the stores with these names, in the scenario's order; all of them where no name is given. A name that
    /// no store has is a diagnostic in `option`.
    pub fn keep_stores(&mut self, names: &[String], option: &str) -> Result<(), Vec<Diagnostic>> {
        let known: Vec<String> = self.stores.iter().map(|store| store.name.clone()).collect();
        let unknown = names.iter().filter(|name| !known.contains(name));
        let diagnostics: Vec<Diagnostic> = unknown.map(|name| overrides::unknown_store(name, &known, option)).collect();
        if !diagnostics.is_empty() {
            return Err(diagnostics);
        }
        if !names.is_empty() {
            self.stores.retain(|store| names.contains(&store.name));
            let gone = known.iter().filter(|name| !names.contains(name)).map(|name| format!("{name}."));
            let gone: Vec<String> = gone.collect();
            self.assumptions.retain(|assumption| !gone.iter().any(|prefix| assumption.field.starts_with(prefix)));
        }
        Ok(())
    }
}
