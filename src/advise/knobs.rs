//! What is varied in the search for boundaries: fields of a scenario, with their values now.
//! To add one: a line in [`of`] or [`of_workload`], for the store or workload that has the field.

use crate::model::Span;
use crate::random::Law;
use crate::scenario::{Override, Scenario};
use crate::stores::StoreKind;
use crate::workloads::{Pace, WorkloadConfig};

/// How a value is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// So many a second, with these words behind the unit.
    Rate(&'static str),
    /// The mean of an exponential law, in seconds.
    Exponential,
    /// A span, in seconds.
    Span,
    Count,
}

/// A field that is varied.
#[derive(Clone, PartialEq, Debug)]
pub struct Knob {
    /// As `--set` takes it.
    pub key: String,
    /// In words.
    pub words: String,
    pub now: f64,
    pub form: Form,
    pub least: f64,
    pub most: f64,
}

/// Everything that can be varied in a scenario: writes, clients, locations, caches, reads.
pub fn of(scenario: &Scenario) -> Vec<Knob> {
    let mut knobs = of_workload(scenario);
    knobs.push(count("edges", "locations", u32::from(scenario.network.edges), 200.0));
    for store in &scenario.stores {
        let (key, config) = match &store.kind {
            StoreKind::KvPull(config) => (format!("store.{}.cache_ttl", store.name), config),
            StoreKind::CacheAside(config) => (format!("store.{}.cache.cache_ttl", store.name), &config.cache),
            _ => continue,
        };
        let knob = free(&key, &format!("cacheTtl of {}", store.label), config.cache_ttl.seconds(), Form::Span);
        // 30 s is the least that the platform takes; a day is more than anybody waits.
        knobs.push(Knob { least: 30.0, most: 86_400.0, ..knob });
    }
    // What never happens has no rate to vary.
    knobs.retain(|knob| knob.now > 0.0);
    knobs
}

fn of_workload(scenario: &Scenario) -> Vec<Knob> {
    match &scenario.workload {
        WorkloadConfig::PutThenGet(config) => {
            vec![free("workload.pairs", "puts of each key", config.pairs, Form::Rate(" per key"))]
        }
        WorkloadConfig::Counter(config) => {
            let pace = match &config.pace {
                Pace::Open { rate, .. } => {
                    Some(free("workload.rate", "increments of each client", *rate, Form::Rate(" per client")))
                }
                Pace::Closed { think } => pause("workload.think", "pause between increments", think),
            };
            let clients = count("workload.clients", "clients of each counter", config.clients, 10_000.0);
            pace.into_iter().chain([clients]).collect()
        }
        WorkloadConfig::Session(config) => {
            let life = pause("workload.life", "length of a session", &config.life);
            life.into_iter().chain([count("workload.users", "users", config.users, 1e6)]).collect()
        }
        WorkloadConfig::FeatureFlag(config) => {
            let form = Form::Rate(" per flag per edge");
            let evaluations = free("workload.evaluations", "evaluations", config.evaluations, form);
            let flips = pause("workload.flip_every", "time between flips", &config.flip_every);
            flips.into_iter().chain([evaluations]).collect()
        }
        WorkloadConfig::Config(config) => {
            let publishes = pause("workload.publish_every", "time between publishes", &config.publish_every);
            let reads = free("workload.reads", "readings", config.reads, Form::Rate(" per set per edge"));
            publishes.into_iter().chain([reads]).collect()
        }
        WorkloadConfig::RateLimit(config) if config.arrivals.is_none() => {
            let edges = f64::from(scenario.network.edges);
            vec![
                free("workload.requests", "requests", config.requests, Form::Rate(" per identity")),
                count("workload.locations", "locations of each identity", u32::from(config.locations), edges),
                count("workload.identities", "identities", config.identities, 1e6),
            ]
        }
        WorkloadConfig::CacheAside(config) => vec![
            free("workload.updates", "updates", config.updates, Form::Rate("")),
            free("workload.reads", "reads", config.reads, Form::Rate(" per edge")),
        ],
        WorkloadConfig::Mix(config) => vec![
            free("workload.writes", "writes", config.writes, Form::Rate("")),
            free("workload.reads", "reads", config.reads, Form::Rate("")),
        ],
        // What a file or a script says is not varied.
        WorkloadConfig::RateLimit(_) | WorkloadConfig::Trace(_) | WorkloadConfig::Calls(_) => Vec::new(),
    }
}

fn free(key: &str, words: &str, now: f64, form: Form) -> Knob {
    Knob { key: key.to_string(), words: words.to_string(), now, form, least: 1e-6, most: 1e6 }
}

fn count(key: &str, words: &str, now: u32, most: f64) -> Knob {
    Knob { least: 1.0, most, ..free(key, words, f64::from(now), Form::Count) }
}

/// A pause, where its law has one parameter.
fn pause(key: &str, words: &str, law: &Law) -> Option<Knob> {
    match law {
        Law::Exponential { mean } => Some(free(key, words, mean.seconds(), Form::Exponential)),
        _ => None,
    }
}

impl Knob {
    /// The value as people read it.
    pub fn text(&self, value: f64) -> String {
        match self.form {
            Form::Rate(words) => format!("{}{words}", rate(value)),
            Form::Exponential | Form::Span => span(value),
            Form::Count => format!("{value}"),
        }
    }

    /// The value as `--set` takes it.
    pub fn toml(&self, value: f64) -> String {
        match self.form {
            Form::Exponential => format!("{{ exponential = {{ mean = \"{}\" }} }}", span(value)),
            _ => self.text(value),
        }
    }

    /// The override that sets it.
    pub fn with(&self, value: f64) -> Override {
        Override::set(format!("{}={}", self.key, self.toml(value)))
    }

    /// The nearest value that can be written in two digits; whole for counts, in bounds.
    pub fn rounded(&self, value: f64) -> f64 {
        let round = match self.form {
            Form::Count => libm::round(value),
            Form::Rate(_) => {
                let (size, _) = rate_unit(value);
                two_digits(value * size) / size
            }
            Form::Exponential | Form::Span => {
                let size = if value < 600.0 {
                    1.0
                } else if value < 36_000.0 {
                    60.0
                } else {
                    3600.0
                };
                two_digits(value / size) * size
            }
        };
        round.clamp(self.least, self.most)
    }

    /// A value between two, if there is one worth looking at.
    pub fn between(&self, one: f64, other: f64) -> Option<f64> {
        let (low, high) = if one < other { (one, other) } else { (other, one) };
        let middle = self.rounded(libm::sqrt(low * high));
        let apart = match self.form {
            Form::Count => high - low > 1.0 && high / low > 1.05,
            _ => high / low > 1.11,
        };
        (apart && middle > low && middle < high).then_some(middle)
    }
}

fn rate_unit(per_second: f64) -> (f64, &'static str) {
    let units = [(1.0, "s"), (60.0, "min"), (3600.0, "h")];
    units.into_iter().find(|(size, _)| per_second * size >= 0.995).unwrap_or((86_400.0, "d"))
}

fn rate(per_second: f64) -> String {
    let (size, unit) = rate_unit(per_second);
    format!("{} /{unit}", three_digits(per_second * size))
}

fn span(seconds: f64) -> String {
    let nanos = Span::from_nanos_f64(seconds * 1e9);
    // Whole milliseconds where they are many: no law needs more.
    let whole = match nanos.0 {
        0..=1_000_000_000 => nanos,
        _ => Span((nanos.0 + 500_000) / 1_000_000 * 1_000_000),
    };
    whole.to_string()
}

fn three_digits(value: f64) -> String {
    let places = (2 - libm::floor(libm::log10(value)) as i32).clamp(0, 9) as usize;
    let text = format!("{value:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text }
}

fn two_digits(value: f64) -> f64 {
    if value <= 0.0 {
        return value;
    }
    let power = libm::pow(10.0, libm::floor(libm::log10(value)) - 1.0);
    libm::round(value / power) * power
}
