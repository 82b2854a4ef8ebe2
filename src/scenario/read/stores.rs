//! `[[store]]`: one function for each kind, one row for each in the list.
//!
//! Sources of the figures are at the fields of the configs in `stores/config.rs`.

use crate::limits::{FigureId, Terms};
use crate::scenario::codes;
use crate::scenario::desk::Desk;
use crate::scenario::diagnostic::Fault;
use crate::scenario::form::Kind;
use crate::scenario::section::Section;
use crate::scenario::tree::Place;
use crate::scenario::values::{ANY, POSITIVE};
use crate::stores::*;
use crate::workloads::WorkloadConfig;

use super::databases::{d1, database};
use super::objects::{durable_object, object};
use super::server::{NOT_PUBLISHED, Setting};

fn common(s: &mut Section<'_>, setting: &Setting<'_>) -> KvCommon {
    KvCommon {
        hit_latency: s
            .field("hit_latency", "Answering from the location's cache.")
            .default_toml(r#"{ lognormal = { median = "2 ms", p99 = "10 ms" } }"#)
            .assumed("Cloudflare publishes a range for hot keys, 500 us to 10 ms, and no law")
            .law(),
        central_read: s
            .field("central_read", "A read at the central store.")
            .default_toml(r#"{ lognormal = { median = "1 ms", p99 = "5 ms" } }"#)
            .assumed("Cloudflare publishes only that the 99th percentile is below 5 ms")
            .law(),
        central_write: s
            .field("central_write", "A write at the central store until it is acknowledged.")
            .default_toml(r#"{ lognormal = { median = "10 ms", p99 = "50 ms" } }"#)
            .assumed(NOT_PUBLISHED)
            .law(),
        local_visibility: s
            .field(
                "local_visibility",
                "Probability that the writer's own location shows the new version on acknowledgement.",
            )
            .default("100 %")
            .assumed("Cloudflare says \"usually immediately visible\", which is not guaranteed, and no probability")
            .share(),
        write_limit: s
            .field("write_limit", "Whether a second write within a second is refused.")
            .default("strict")
            .word(&[
                ("strict", WriteLimit::Strict, "As documented: refused with 429."),
                ("lenient", WriteLimit::Lenient, "As some have measured: accepted."),
            ]),
        tombstone_life: s
            .field("tombstone_life", "How long lists still count a key that was deleted or has expired.")
            .default("10 s")
            .assumed(NOT_PUBLISHED)
            .span(ANY),
        clock_skew: s
            .field("clock_skew", "How far the clocks of edges are ahead, or behind (negative); the others are right.")
            .clock_skew(setting.places),
    }
}

fn pull(s: &mut Section<'_>, setting: &Setting<'_>, applies: bool) -> KvPullConfig {
    const CONDITION: &str = "model = \"pull\"";
    let cache_ttl = s
        .field("cache_ttl", "How long a location answers from its cache: cacheTtl of reads that give none. Least 30 s.")
        .only_if(applies, CONDITION)
        .default("60 s")
        .span(ANY);
    let below = s
        .field("allow_below_minimum", "What if: take a cache_ttl that the platform refuses.")
        .only_if(applies, CONDITION)
        .default(false)
        .flag();
    let least = setting.terms.span(FigureId::KvCacheTtl);
    if cache_ttl < least && !below && s.good(&["cache_ttl", "allow_below_minimum"]) {
        let message = format!("`cache_ttl` is {cache_ttl}, and Workers KV takes no less than {least}");
        let fault = Fault::new(codes::CACHE_TTL_MINIMUM, message).label("too short");
        s.fault("cache_ttl", fault.help("to see what would be, add allow_below_minimum = true"));
    }
    let negative_caching = s
        .field("negative_caching", "Whether \"not found\" is cached like a value.")
        .only_if(applies, CONDITION)
        .default(true)
        .flag();
    KvPullConfig { common: common(s, setting), cache_ttl, negative_caching }
}

#[derive(Clone, Copy, PartialEq)]
enum Model {
    Pull,
    Push,
}

fn kv(s: &mut Section<'_>, setting: &Setting<'_>) -> StoreKind {
    let instant = s
        .field("preset", "A product's own figures as defaults.")
        .word_if_any(&[("instant", (), "Workers KV Instant: pushed, one write per second for the whole namespace.")])
        .is_some();
    let model = s
        .field("model", "How new versions reach the locations.")
        .default(if instant { "push" } else { "pull" })
        .word(&[
            ("pull", Model::Pull, "As documented: caches at the locations pull from a central store."),
            ("push", Model::Push, "Each version is pushed to each location and takes its own time."),
        ]);
    if instant && model == Model::Pull && s.good(&["preset", "model"]) {
        let fault = Fault::new(codes::CONFLICT, "preset \"instant\" is a push model");
        s.fault("model", fault.label("pull").help("remove `model`, or `preset`"));
    }
    let describing = s.desk.describing;
    let (pulled, pushed) = (describing || model == Model::Pull, describing || model == Model::Push);
    let pull = pull(s, setting, pulled);
    const CONDITION: &str = "model = \"push\"";
    let delay = s
        .field("delay", "From the commit at the central store to the arrival at a location. Preset instant: 107, 181 and 256 ms at p50, p95 and p99.")
        .only_if(pushed, CONDITION)
        .default_toml(if instant {
            r#"{ quantiles = { p0 = "40 ms", p50 = "107 ms", p95 = "181 ms", p99 = "256 ms", p100 = "400 ms" } }"#
        } else {
            r#"{ uniform = ["0 s", "60 s"] }"#
        })
        .assumed(if instant {
            "Cloudflare publishes the median, p95 and p99; the ends of the law, 40 ms and 400 ms, are assumed"
        } else {
            "Cloudflare publishes no law of propagation, only \"up to 60 seconds or more\""
        })
        .law();
    let max = s
        .field("max", "Delays are conditioned to be at most this.")
        .only_if(pushed, CONDITION)
        .default("60 s")
        .span(POSITIVE);
    let limit_per_namespace = s
        .field(
            "limit_per_namespace",
            "One write per second for the whole namespace instead of for each key. Preset instant: true.",
        )
        .only_if(pushed, CONDITION)
        .default(instant)
        .flag();
    if model == Model::Push && s.good(&["delay", "max"]) && delay.share_up_to(max.0 as f64) <= 0.0 {
        let message = format!("no `delay` is as short as {max}, the longest that `max` allows");
        let key = if s.entry("max").is_some() { "max" } else { "delay" };
        s.fault(key, Fault::new(codes::CONFLICT, message).label("never happens"));
    }
    if model == Model::Pull {
        return StoreKind::KvPull(pull);
    }
    StoreKind::KvPush(KvPushConfig { common: pull.common, delay, max, limit_per_namespace })
}

fn cache_aside(s: &mut Section<'_>, setting: &Setting<'_>) -> StoreKind {
    let cache = s.table("cache", "The cache: Workers KV in the pull model.", |c| pull(c, setting, true));
    let database = s.table("database", "The database behind it: D1.", |d| database(d, setting));
    let expiration_ttl =
        s.field("expiration_ttl", "expirationTtl of the cached copy. Least 60 s.").default("1 h").span(ANY);
    let least = setting.terms.span(FigureId::KvExpirationTtl);
    if expiration_ttl < least && s.good(&["expiration_ttl"]) {
        let message = format!("`expiration_ttl` is {expiration_ttl}, and Workers KV takes no less than {least}");
        s.fault("expiration_ttl", Fault::new(codes::EXPIRATION_MINIMUM, message).label("too short"));
    }
    StoreKind::CacheAside(CacheAsideConfig { cache, database, expiration_ttl })
}

fn kv_through_object(s: &mut Section<'_>, setting: &Setting<'_>) -> StoreKind {
    let object = s.table("object", "The object that all updates of a key go through.", |o| object(o, setting));
    let cache =
        s.table("cache", "Where it puts what they leave: Workers KV in the pull model.", |c| pull(c, setting, true));
    StoreKind::KvThroughObject(KvThroughObjectConfig {
        object,
        cache,
        publish_every: s
            .field("publish_every", "Between two puts of a key at least so much time passes; the newest value is put.")
            .default(setting.terms.span(FigureId::KvWriteInterval).to_string().as_str())
            .span(ANY),
        read_from: s.field("read_from", "Whom readers ask.").default("kv").word(&[
            ("kv", ReadFrom::Kv, "Workers KV, at their own location."),
            ("object", ReadFrom::Object, "The object."),
        ]),
    })
}

/// The most machines of a location.
const MACHINES_MOST: u32 = 1000;

fn rate_limiting(s: &mut Section<'_>, _: &Setting<'_>) -> StoreKind {
    StoreKind::RateLimiting(RateLimitingConfig {
        machines: s
            .field("machines", "How many machines of a location count, each for itself.")
            .default(4)
            .assumed("Cloudflare publishes that counters are cached on each machine, and not how many there are")
            .count(1..=MACHINES_MOST),
        sync_delay: s
            .field("sync_delay", "From an admission until the other machines of the location know of it.")
            .default_toml(r#"{ exponential = { mean = "1 s" } }"#)
            .assumed("Cloudflare publishes that counters are updated in the background, and no time")
            .law(),
    })
}

/// The Rate Limiting binding counts requests in windows of two lengths, and does nothing else.
pub(in crate::scenario) fn refuse_uncountable(
    top: &mut Section<'_>,
    stores: &[StoreConfig],
    workload: &WorkloadConfig,
    terms: &Terms,
) {
    let counts = |store: &&StoreConfig| matches!(store.kind, StoreKind::RateLimiting(_));
    let Some(store) = stores.iter().find(counts) else { return };
    let periods = [FigureId::RateLimitPeriodShort, FigureId::RateLimitPeriodLong].map(|id| terms.span(id));
    let fault = match workload {
        WorkloadConfig::RateLimit(config) if periods.contains(&config.window) => return,
        WorkloadConfig::RateLimit(config) => {
            let [short, long] = periods;
            let message = format!("store `{}` has no windows of {}", store.name, config.window);
            Fault::new(codes::STORE_CANNOT, message)
                .label("asks for them")
                .help(format!("write window = \"{short}\" or \"{long}\", the periods of the Rate Limiting binding"))
        }
        other => {
            let message =
                format!("store `{}` only counts requests, and workload {} reads and writes", store.name, other.word());
            Fault::new(codes::STORE_CANNOT, message)
                .label("asks for more")
                .help("remove the store, or write kind = \"rate_limit\"")
        }
    };
    top.fault("workload", fault);
}

type Reader = fn(&mut Section<'_>, &Setting<'_>) -> StoreKind;

const KINDS: [(&str, &str, Reader); 6] = [
    ("kv", "Workers KV.", kv),
    ("d1", "A D1 database: one SQLite primary.", d1),
    ("durable_object", "Durable Objects: one single-threaded owner per object.", durable_object),
    ("cache_aside", "Reads go through Workers KV, updates go to D1 and delete the cached copy.", cache_aside),
    (
        "kv_through_object",
        "Updates go through a Durable Object, which puts the new value into Workers KV.",
        kv_through_object,
    ),
    (
        "rate_limiting",
        "The Rate Limiting binding: a limit for each location. For the rate_limit workload.",
        rate_limiting,
    ),
];

/// The kinds that are compared where a scenario names none.
pub(in crate::scenario) const DEFAULT_KINDS: [&str; 3] = ["kv", "d1", "durable_object"];

const WHAT: &str = "The stores to compare. Without any: kv, d1 and durable_object, each with its defaults.";

/// The words for tables and charts where the scenario gives none.
fn label(kind: &StoreKind) -> &'static str {
    match kind {
        StoreKind::KvPull(_) => "Workers KV",
        StoreKind::KvPush(push) if push.limit_per_namespace => "Workers KV Instant",
        StoreKind::KvPush(_) => "Workers KV (push)",
        StoreKind::D1(config) if config.replication.is_some() => "D1 with replicas",
        StoreKind::D1(_) => "D1",
        StoreKind::DurableObject(_) => "Durable Object",
        StoreKind::CacheAside(_) => "KV over D1",
        StoreKind::KvThroughObject(_) => "KV through an object",
        StoreKind::RateLimiting(_) => "Rate Limiting binding",
    }
}

/// Reads all stores; `names` are their names, given or made.
pub(in crate::scenario) fn read<'a>(
    top: &mut Section<'a>,
    setting: &Setting<'_>,
    names: &[String],
) -> Vec<StoreConfig> {
    if top.desk.describing {
        top.declare_kinds("store", WHAT, kinds(setting), true);
        return Vec::new();
    }
    top.declare_kinds("store", WHAT, Vec::new(), true);
    let mut stores: Vec<(StoreConfig, bool)> = Vec::new();
    for ((table, place), name) in top.list_of_tables("store").into_iter().zip(names) {
        let mut section = Section::new(top.desk, format!("store.{name}"), Some(table), place);
        let (given, said, kind) = words(&mut section);
        if let (Some(_), true) = (given, stores.iter().any(|(store, _)| store.name == *name)) {
            let fault = Fault::new(codes::DUPLICATE_NAME, format!("another store is called `{name}` too"));
            section.fault("name", fault.label("the second of this name"));
        }
        let Some((word, _, reader)) = kind.and_then(|kind| KINDS.iter().find(|(word, ..)| *word == kind)) else {
            continue;
        };
        let kind = reader(&mut section, setting);
        section.finish_kind(word, || kinds(setting));
        let text = said.clone().unwrap_or_else(|| label(&kind).to_string());
        stores.push((StoreConfig { name: name.clone(), label: text, kind }, said.is_none()));
    }
    let labels: Vec<String> = stores.iter().map(|(store, _)| store.label.clone()).collect();
    let mut finished = Vec::new();
    for (number, (mut store, made)) in stores.into_iter().enumerate() {
        // Two stores of one kind would look alike in every table; the first with the plain name keeps the plain label.
        let alike = labels.iter().enumerate().any(|(other, label)| other != number && *label == store.label);
        if made && alike && store.name != store.kind.word() {
            store.label = format!("{} ({})", store.label, store.name);
        }
        finished.push(store);
    }
    finished
}

/// The fields that every kind has.
fn words(section: &mut Section<'_>) -> (Option<String>, Option<String>, Option<&'static str>) {
    let words = KINDS.map(|(word, doc, _)| (word, word, doc));
    let kind = section.field("kind", "The kind of store.").required().word_if_any(&words);
    let name = section
        .field("name", "The name in files and options; by default the kind, numbered where it is repeated.")
        .name_if_any();
    section
        .field(
            "binding",
            "The binding in the scenario's `wrangler` file that the store is: it gives the kind and the name.",
        )
        .text_if_any();
    let label = section.field("label", "The words in tables and charts; by default those of the kind.").text_if_any();
    (name, label, kind)
}

fn kinds(setting: &Setting<'_>) -> Vec<Kind> {
    let describe = Desk::new(Vec::new(), true);
    let fields = |reader: Reader| {
        let mut section = Section::new(&describe, "store", None, Place::default());
        words(&mut section);
        reader(&mut section, setting);
        section.into_fields()
    };
    KINDS.iter().map(|(word, doc, reader)| Kind { word, doc, fields: fields(*reader) }).collect()
}

/// As many clock skews as places.
pub(in crate::scenario) fn complete(stores: &mut [StoreConfig], places: usize) {
    for store in stores {
        let common = match &mut store.kind {
            StoreKind::KvPull(kv) => &mut kv.common,
            StoreKind::KvPush(kv) => &mut kv.common,
            StoreKind::CacheAside(aside) => &mut aside.cache.common,
            StoreKind::KvThroughObject(through) => &mut through.cache.common,
            StoreKind::D1(_) | StoreKind::DurableObject(_) | StoreKind::RateLimiting(_) => continue,
        };
        common.clock_skew.resize(places, 0);
    }
}
