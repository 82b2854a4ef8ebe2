//! What is varied in the search for boundaries: fields of a scenario, with their values now.
//! To add one: a line in [`of`], for the workload or store that has the field.

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
    let mut knobs = Vec::new();
    let mut add = |key: &str, words: &str, now: f64, form: Form, least: f64, most: f64| {
        let (key, words) = (key.to_string(), words.to_string());
        if now > 0.0 {
            knobs.push(Knob { key, words, now, form, least, most });
        }
    };
    let edges = f64::from(scenario.network.edges);
    let free = |add: &mut dyn FnMut(&str, &str, f64, Form, f64, f64), key: &str, words: &str, now, form| {
        add(key, words, now, form, 1e-6, 1e6);
    };
    match &scenario.workload {
        WorkloadConfig::PutThenGet(config) => {
            free(&mut add, "workload.pairs", "puts of each key", config.pairs, Form::Rate(" per key"));
        }
        WorkloadConfig::Counter(config) => {
            match &config.pace {
                Pace::Open { rate, .. } => {
                    free(&mut add, "workload.rate", "increments of each client", *rate, Form::Rate(" per client"));
                }
                Pace::Closed { think: Law::Exponential { mean } } => {
                    free(&mut add, "workload.think", "pause between increments", mean.seconds(), Form::Exponential);
                }
                Pace::Closed { .. } => {}
            }
            add("workload.clients", "clients of each counter", f64::from(config.clients), Form::Count, 1.0, 10_000.0);
        }
        WorkloadConfig::Session(config) => {
            if let Law::Exponential { mean } = config.life {
                free(&mut add, "workload.life", "length of a session", mean.seconds(), Form::Exponential);
            }
            add("workload.users", "users", f64::from(config.users), Form::Count, 1.0, 1e6);
        }
        WorkloadConfig::FeatureFlag(config) => {
            if let Law::Exponential { mean } = config.flip_every {
                free(&mut add, "workload.flip_every", "time between flips", mean.seconds(), Form::Exponential);
            }
            let form = Form::Rate(" per flag per edge");
            free(&mut add, "workload.evaluations", "evaluations", config.evaluations, form);
        }
        WorkloadConfig::Config(config) => {
            if let Law::Exponential { mean } = config.publish_every {
                free(&mut add, "workload.publish_every", "time between publishes", mean.seconds(), Form::Exponential);
            }
            free(&mut add, "workload.reads", "readings", config.reads, Form::Rate(" per set per edge"));
        }
        WorkloadConfig::RateLimit(config) if config.arrivals.is_none() => {
            free(&mut add, "workload.requests", "requests", config.requests, Form::Rate(" per identity"));
            let locations = f64::from(config.locations);
            add("workload.locations", "locations of each identity", locations, Form::Count, 1.0, edges);
            add("workload.identities", "identities", f64::from(config.identities), Form::Count, 1.0, 1e6);
        }
        WorkloadConfig::CacheAside(config) => {
            free(&mut add, "workload.updates", "updates", config.updates, Form::Rate(""));
            free(&mut add, "workload.reads", "reads", config.reads, Form::Rate(" per edge"));
        }
        WorkloadConfig::Mix(config) => {
            free(&mut add, "workload.writes", "writes", config.writes, Form::Rate(""));
            free(&mut add, "workload.reads", "reads", config.reads, Form::Rate(""));
        }
        WorkloadConfig::RateLimit(_) | WorkloadConfig::Trace(_) => {}
    }
    add("edges", "locations", edges, Form::Count, 1.0, 200.0);
    for store in &scenario.stores {
        let (key, config) = match &store.kind {
            StoreKind::KvPull(config) => (format!("store.{}.cache_ttl", store.name), config),
            StoreKind::CacheAside(config) => (format!("store.{}.cache.cache_ttl", store.name), &config.cache),
            _ => continue,
        };
        // 30 s is the least that the platform takes; a day is more than anybody waits.
        let words = format!("cacheTtl of {}", store.label);
        add(&key, &words, config.cache_ttl.seconds(), Form::Span, 30.0, 86_400.0);
    }
    knobs
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
