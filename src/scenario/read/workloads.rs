//! `[workload]`: one function for each kind, one row for each in the list at the end.

use crate::model::Span;
use crate::scenario::codes;
use crate::scenario::desk::Desk;
use crate::scenario::diagnostic::Fault;
use crate::scenario::form::Kind;
use crate::scenario::section::Section;
use crate::scenario::tree::Place;
use crate::scenario::values::{ANY, POSITIVE, Per};
use crate::workloads::*;

use super::setting::Setting;
use super::sizes::{values_if_any, values_of_trace};
use super::{calls, trace};

/// The most keys, users, counters: tables of this size still fit in memory.
pub(super) const MANY: u32 = 10_000_000;
/// What is repeated takes at least this long, lest a run never ends.
const PAUSE: Span = Span(1_000);

const ALL: &str = "";

fn per(words: &'static str, times: f64) -> Per {
    Per { words, times }
}

fn put_then_get(s: &mut Section<'_>, setting: &Setting<'_>) -> WorkloadConfig {
    let keys = s.field("keys", "How many keys.").default(20).count(1..=MANY);
    let (k, e) = (f64::from(keys), f64::from(setting.edges));
    let pairs = s
        .field("pairs", "How often a client puts a new value and gets it back.")
        .default("2 /min per key")
        .rate(&[per("per key", 1.0), per(ALL, 1.0 / k)], k);
    let gap = s.field("gap", "From the acknowledgement of the put to the get.").default("0 s").span(ANY);
    let get_from = s
        .field(
            "get_from",
            "Which location gets what another, or the same, has just put. With one edge, the default is \"same\".",
        )
        .default(if setting.edges == 1 { "same" } else { "other" })
        .word(&[
            ("same", GetFrom::Same, "The writer's own."),
            ("other", GetFrom::Other, "Another one, evenly."),
            ("any", GetFrom::Any, "Any, evenly."),
        ]);
    if get_from == GetFrom::Other && setting.edges == 1 && s.good(&["get_from"]) {
        s.fault("get_from", needs_two_edges("get_from"));
    }
    let background_reads = s
        .field("background_reads", "Other clients' reads, which fill the caches.")
        .default("2 /min per key per edge")
        .rate_or_never(
            &[per("per key per edge", 1.0), per("per key", 1.0 / e), per("per edge", 1.0 / k), per(ALL, 1.0 / (k * e))],
            k * e,
        );
    let preloaded =
        s.field("preloaded", "Whether the keys hold an old value at the start, or nothing.").default(true).flag();
    WorkloadConfig::PutThenGet(PutThenGetConfig { keys, pairs, gap, get_from, background_reads, preloaded })
}

fn needs_two_edges(key: &str) -> Fault {
    Fault::new(codes::NEEDS_TWO_EDGES, format!("`{key}` asks for another location, and the scenario has one edge"))
        .label("there is no other")
        .help("write edges = 2, or more")
}

fn counter(s: &mut Section<'_>, _: &Setting<'_>) -> WorkloadConfig {
    let counters = s.field("counters", "How many counters.").default(10).count(1..=MANY);
    let clients =
        s.field("clients", "Clients of each counter, spread over the edges in turn.").default(10).count(1..=1_000_000);
    let (n, all) = (f64::from(clients), f64::from(clients) * f64::from(counters));
    s.exclude("think", "rate");
    let open = s.entry("rate").is_some() || describes(s);
    let think = s
        .field("think", "From one increment's answer to the client's next increment: clients wait for answers.")
        .default_toml(r#"{ exponential = { mean = "2 s" } }"#)
        .law_from(PAUSE);
    let rate = s
        .field("rate", "How often a client increments, whether or not it was answered; instead of think.")
        .rate_if_any(&[per("per client", 1.0), per("per counter", 1.0 / n), per(ALL, 1.0 / all)], all, false);
    let shape = s
        .field("shape", "How the increments are spread over time.")
        .only_if(open, "a counter with a rate")
        .default("poisson")
        .shape();
    let pace = rate.map_or(Pace::Closed { think }, |rate| Pace::Open { rate, shape });
    let read_back =
        s.field("read_back", "Whether each increment is followed by a read of the counter.").default(true).flag();
    let retry = s.table("retry", "What a client does when its write is refused.", |r| Retry {
        attempts: r.field("attempts", "How often it tries again; 0: it gives up at once.").default(0).count(0..=1000),
        wait: r.field("wait", "How long it waits before each new try.").default("1 s").span(ANY),
    });
    WorkloadConfig::Counter(CounterConfig { counters, clients, pace, read_back, retry })
}

fn session(s: &mut Section<'_>, setting: &Setting<'_>) -> WorkloadConfig {
    let users = s.field("users", "How many users.").default(100).count(1..=MANY);
    let all = f64::from(users);
    let pers = [per("per user", 1.0), per("per session", 1.0)];
    let config = SessionConfig {
        users,
        life: s
            .field("life", "From login to logout.")
            .default_toml(r#"{ exponential = { mean = "2 min" } }"#)
            .law_from(PAUSE),
        idle: s
            .field("idle", "From the end of one session to the next login.")
            .default_toml(r#"{ exponential = { mean = "1 min" } }"#)
            .law_from(PAUSE),
        requests: s.field("requests", "Requests within a session.").default("0.5 /s per user").rate(&pers, all),
        elsewhere: s
            .field("elsewhere", "Probability that a request comes from a location other than the one of the login. With one edge, the default is 0.")
            .default(if setting.edges == 1 { "0 %" } else { "20 %" })
            .share(),
        after_logout: s
            .field("after_logout", "How long requests with the old token go on after the logout.")
            .default("2 min")
            .span(ANY),
        after_rate: s
            .field("after_rate", "How often they come then, each from any location.")
            .default("0.5 /s per user")
            .rate_or_never(&pers, all),
    };
    if config.elsewhere > 0.0 && setting.edges == 1 && s.good(&["elsewhere"]) {
        s.fault("elsewhere", needs_two_edges("elsewhere"));
    }
    WorkloadConfig::Session(config)
}

fn feature_flag(s: &mut Section<'_>, setting: &Setting<'_>) -> WorkloadConfig {
    let flags = s.field("flags", "How many flags.").default(10).count(1..=MANY);
    let (f, e) = (f64::from(flags), f64::from(setting.edges));
    let flip_every = s
        .field("flip_every", "From one flip of a flag to the next.")
        .default_toml(r#"{ exponential = { mean = "2 min" } }"#)
        .law_from(PAUSE);
    let evaluations = s.field("evaluations", "How often flags are evaluated.").default("1 /s per flag per edge").rate(
        &[per("per flag per edge", 1.0), per("per edge", 1.0 / f), per("per flag", 1.0 / e), per(ALL, 1.0 / (f * e))],
        f * e,
    );
    WorkloadConfig::FeatureFlag(FeatureFlagConfig { flags, flip_every, evaluations })
}

fn config(s: &mut Section<'_>, setting: &Setting<'_>) -> WorkloadConfig {
    let sets = s.field("sets", "How many configurations.").default(10).count(1..=MANY);
    let (n, e) = (f64::from(sets), f64::from(setting.edges));
    let keys = s.field("keys", "Keys of one configuration, published and read together.").default(5).count(1..=1000);
    let publish_every = s
        .field("publish_every", "From one publish of a configuration to the next.")
        .default_toml(r#"{ exponential = { mean = "2 min" } }"#)
        .law_from(PAUSE);
    let reads = s.field("reads", "Readings of a whole configuration.").default("1 /s per set per edge").rate(
        &[per("per set per edge", 1.0), per("per edge", 1.0 / n), per("per set", 1.0 / e), per(ALL, 1.0 / (n * e))],
        n * e * f64::from(keys),
    );
    let keys = u16::try_from(keys).unwrap_or(1);
    WorkloadConfig::Config(ConfigConfig { sets, keys, publish_every, reads })
}

fn rate_limit(s: &mut Section<'_>, setting: &Setting<'_>) -> WorkloadConfig {
    let from_file = s.entry("arrivals").is_some();
    let describes = describes(s);
    let made = !from_file || describes;
    const CONDITION: &str = "a rate_limit without arrivals from a file";
    let identities = s
        .field("identities", "How many identities send requests.")
        .only_if(made, CONDITION)
        .default(100)
        .count(1..=MANY);
    let n = f64::from(identities);
    let requests = s
        .field("requests", "How often an identity sends a request.")
        .only_if(made, CONDITION)
        .default("2 /s per identity")
        .rate(&[per("per identity", 1.0), per(ALL, 1.0 / n)], n);
    let shape =
        s.field("shape", "How the requests are spread over time.").only_if(made, CONDITION).default("poisson").shape();
    let locations = s
        .field("locations", "From how many locations each identity sends, evenly: the first ones of the edges. The default is 3, or all edges where there are fewer.")
        .default(setting.edges.min(3))
        .count(1..=if describes { 1000 } else { setting.edges });
    let limit = s
        .field("limit", "How many requests are admitted per window and identity.")
        .default(60)
        .count(1..=1_000_000_000);
    let window = s
        .field("window", "Fixed windows, aligned to the start of the run.")
        .default("1 min")
        .span(Span::from_secs(1)..=*ANY.end());
    let arrivals = s.table_if_any(
        "arrivals",
        "Arrivals from a file instead of requests and shape: one identity for each key of the trace.",
        |t| trace::source(t, setting),
    );
    let locations = u16::try_from(locations).unwrap_or(1);
    WorkloadConfig::RateLimit(RateLimitConfig { identities, requests, shape, locations, limit, window, arrivals })
}

fn cache_aside(s: &mut Section<'_>, setting: &Setting<'_>) -> WorkloadConfig {
    let keys = s.field("keys", "How many keys.").default(500).count(1..=MANY);
    let (k, e) = (f64::from(keys), f64::from(setting.edges));
    let popularity =
        s.field("popularity", "Which keys are asked for more.").default_toml("{ zipf = 0.99 }").popularity();
    let reads = s
        .field("reads", "Reads through the cache.")
        .default("20 /s per edge")
        .rate(&[per("per edge", 1.0), per("per key", k / e), per("per key per edge", k), per(ALL, 1.0 / e)], e);
    let updates = s
        .field("updates", "Updates in the database, over the keys in the proportions of popularity.")
        .default("1 /s")
        .rate_or_never(&[per(ALL, 1.0), per("per key", k), per("per edge", e)], 1.0);
    let ttl = s
        .field("ttl", "How old an answer the readers expect at most: older stale reads are counted as beyond the TTL.")
        .default("60 s")
        .span(ANY);
    WorkloadConfig::CacheAside(CacheAsideWorkloadConfig { keys, popularity, reads, updates, ttl })
}

fn mix(s: &mut Section<'_>, setting: &Setting<'_>) -> WorkloadConfig {
    let keys = s.field("keys", "How many keys.").default(500).count(1..=MANY);
    let (k, e) = (f64::from(keys), f64::from(setting.edges));
    let pers = [per("per edge", e), per("per key", k), per("per key per edge", k * e), per(ALL, 1.0)];
    WorkloadConfig::Mix(MixConfig {
        keys,
        popularity: s
            .field("popularity", "Which keys are asked for more.")
            .default_toml("{ zipf = 0.99 }")
            .popularity(),
        reads: s
            .field("reads", "Reads, over the keys in the proportions of popularity.")
            .default("20 /s per edge")
            .rate_or_never(&pers, 1.0),
        writes: s
            .field("writes", "Writes, over the keys in the proportions of popularity, each from any edge.")
            .default("1 /min per key")
            .rate_or_never(&pers, 1.0),
        deletes: s.field("deletes", "Share of the writes that delete.").default(0.0).share(),
        shape: s.field("shape", "How the operations are spread over time.").default("poisson").shape(),
        preloaded: s.field("preloaded", "Whether the keys hold a value at the start.").default(true).flag(),
        values: values_if_any(s, KEY_BYTES.into()),
    })
}

fn trace(s: &mut Section<'_>, setting: &Setting<'_>) -> WorkloadConfig {
    let source = trace::source(s, setting);
    let default_operation = s.field("default_operation", "The operation of rows without one.").default("get").word(&[
        ("get", TraceOperation::Get, "Read the key."),
        ("put", TraceOperation::Put, "Replace its value."),
        ("delete", TraceOperation::Delete, "Remove it."),
        ("add", TraceOperation::Add, "Add one to it."),
    ]);
    let write_share = s
        .field("write_share", "Share of the rows without an operation that become puts instead, by a seeded rule.")
        .default(0.0)
        .share();
    let readers =
        s.table_if_any("readers", "Readers around each write, for traces that hold writes only.", |r| TraceReaders {
            rate: r
                .field("rate", "How often each edge reads the written key.")
                .required()
                .rate(&[per("per edge", 1.0), per("per key per edge", 1.0)], f64::from(setting.edges)),
            within: r
                .field("within", "From this long before each write of a key until this long after.")
                .required()
                .span(POSITIVE),
        });
    let values = values_of_trace(s, source.size.is_some());
    WorkloadConfig::Trace(TraceConfig { source, default_operation, write_share, readers, values })
}

/// Whether fields are only declared: then all of them are, whatever their condition.
fn describes(s: &Section<'_>) -> bool {
    s.desk.describing
}

type Reader = fn(&mut Section<'_>, &Setting<'_>) -> WorkloadConfig;

const KINDS: [(&str, &str, Reader); 10] = [
    ("put_then_get", "A put and then a get at once: the snippet that everybody writes.", put_then_get),
    ("counter", "Clients increment counters and read them back.", counter),
    ("session", "Users log in, browse and log out; somebody goes on using the old token.", session),
    ("feature_flag", "An operator flips flags, every edge evaluates them.", feature_flag),
    ("config", "Several keys are published together and read together.", config),
    ("rate_limit", "Identities send requests from several locations; a limit per window holds for each.", rate_limit),
    ("cache_aside", "Reads through a cache, updates in the database.", cache_aside),
    ("mix", "Reads and writes in given proportions.", mix),
    ("trace", "Operations from a file.", trace),
    ("calls", "Calls of the key-value interface, one by one: a script.", calls::calls),
];

const WHAT: &str = "Which client asks what, and when.";

/// Reads the table, and declares all kinds where they are only described.
pub(in crate::scenario) fn read<'a>(top: &mut Section<'a>, setting: &Setting<'a>) -> Option<WorkloadConfig> {
    let words = KINDS.map(|(word, doc, _)| (word, word, doc));
    let desk = top.desk;
    let kinds = || -> Vec<Kind> {
        let describe = Desk::new(Vec::new(), true);
        let fields = |reader: Reader| {
            let mut section = Section::new(&describe, "workload", None, Place::default());
            section.field("kind", WHAT).required().word(&words);
            reader(&mut section, setting);
            section.into_fields()
        };
        KINDS.iter().map(|(word, doc, reader)| Kind { word, doc, fields: fields(*reader) }).collect()
    };
    if desk.describing {
        top.declare_kinds("workload", WHAT, kinds(), false);
        return None;
    }
    top.declare_kinds("workload", WHAT, Vec::new(), false);
    let mut section = top.open_required("workload", "write [workload] and kind = \"counter\", or another kind")?;
    let word = section.field("kind", WHAT).required().word_if_any(&words)?;
    let (_, _, reader) = KINDS.iter().find(|(kind, ..)| *kind == word)?;
    let config = reader(&mut section, setting);
    section.finish_kind(word, kinds);
    Some(config)
}
