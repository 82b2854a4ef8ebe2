//! `[[store]]` of kind `durable_object`: how its code behaves, how long its objects live, and where they are.
//!
//! Sources of the figures are at the fields of the configs in `stores/config.rs`.

use crate::limits::{FigureId, Plan};
use crate::model::Span;
use crate::scenario::codes;
use crate::scenario::diagnostic::Fault;
use crate::scenario::section::Section;
use crate::scenario::values::{ANY, POSITIVE};
use crate::stores::*;

use super::databases::sql;
use super::hints::{Hinted, location_hint};
use super::server::{NOT_PUBLISHED, QUEUE_MOST, Setting, queue_limit, queue_timeout};

/// An object is not restarted more often than this, lest a run never ends.
const RESTART_LEAST: Span = Span::from_millis(1);

pub(super) fn durable_object(s: &mut Section<'_>, setting: &Setting<'_>) -> StoreKind {
    StoreKind::DurableObject(object(s, setting))
}

pub(super) fn object(s: &mut Section<'_>, setting: &Setting<'_>) -> DurableObjectConfig {
    let placement = s
        .field("placement", "Where every object is placed; by default near its first caller, as documented.")
        .place_if_any(setting.places);
    let hint = location_hint(s, setting.places, Hinted::Object);
    let hosts = s
        .field("hosts", "The locations that can host objects; an object is placed at the one nearest to its first caller. By default all places can.")
        .places(setting.places);
    s.exclude("placement", "hosts");
    s.exclude("placement", "location_hint");
    s.exclude("location_hint", "hosts");
    let code = code(s);
    let config = DurableObjectConfig {
        placement: placement.or(hint),
        hosts,
        read_time: s
            .field("read_time", "How long a read keeps the object busy.")
            .default("1 ms")
            .assumed("Cloudflare publishes a soft limit of 1,000 requests per second, and no law")
            .law(),
        write_time: s
            .field("write_time", "How long a write keeps the object busy.")
            .default_toml(r#"{ lognormal = { median = "2 ms", p99 = "5 ms" } }"#)
            .assumed("Cloudflare publishes 200 to 500 requests per second with storage writes, and no law")
            .law(),
        durability: s
            .field("durability", "The output gate: from the end of a write's turn until it is durable and the answer may leave.")
            .only_if(code.state != ObjectState::Memory, "state = \"storage\" or \"written-behind\"")
            .default_toml(r#"{ lognormal = { median = "5 ms", p99 = "20 ms" } }"#)
            .assumed(NOT_PUBLISHED)
            .law(),
        queue_limit: queue_limit(s),
        queue_timeout: queue_timeout(s),
        window_limit: s
            .field("window_limit", "How many requests an object takes in ten seconds before it refuses; by default any number, because Cloudflare publishes none.")
            .assumed("Cloudflare documents the error, and a soft limit of 1,000 requests per second, but no threshold")
            .count_if_any(1..=QUEUE_MOST),
        queue_bytes: s
            .field("queue_bytes", "How many bytes of requests may wait, keys and values together; by default any number, because Cloudflare publishes none.")
            .assumed("Cloudflare documents the error, and no threshold")
            .count_if_any(0..=u32::MAX)
            .map(u64::from),
        cpu_limit: cpu_limit(s, setting),
        websocket: s
            .field("websocket", "Requests are messages of WebSockets, which stay open, instead of calls from a Worker: twenty are charged as one request.")
            .default(false)
            .flag(),
        storage: storage(s, setting, code.state),
        read_then_write: s
            .field("read_then_write", "Client code reads in one call and writes in another.")
            .default(false)
            .flag(),
        life: life(s, setting, code.state),
        code,
    };
    s.exclude("foreign_await", "read_then_write");
    config
}

fn storage(s: &mut Section<'_>, setting: &Setting<'_>, state: ObjectState) -> ObjectStorage {
    let describing = s.desk.describing;
    let stores = state != ObjectState::Memory || describing;
    let key_value = s
        .field("storage", "What the object stores its state in.")
        .only_if(stores, "state = \"storage\" or \"written-behind\"")
        .default("sqlite")
        .word(&[
            ("sqlite", false, "SQLite."),
            ("key-value", true, "The older key-value storage, of paid plans and accounts that have such a class."),
        ]);
    if key_value && setting.terms.plan == Plan::Free && s.good(&["storage"]) {
        let fault = Fault::new(codes::CONFLICT, "objects of the free plan have SQLite storage only");
        s.fault("storage", fault.label("on the paid plan only").help("write plan = \"paid\", or remove `storage`"));
    }
    const SQLITE: &str = "storage = \"sqlite\"";
    let sqlite = stores && (!key_value || describing);
    let one_statement = s
        .field("one_statement", "Several keys are read or written by one SQL statement, instead of one for each key.")
        .only_if(sqlite, SQLITE)
        .default(false)
        .flag();
    let sql = sql(s, (sqlite, SQLITE), (one_statement || describing, "one_statement = true"));
    if key_value { ObjectStorage::KeyValue } else { ObjectStorage::Sqlite { one_statement, sql } }
}

fn cpu_limit(s: &mut Section<'_>, setting: &Setting<'_>) -> Option<Span> {
    let most = setting.terms.span(FigureId::ObjectCpuMost);
    let limit = s
        .field(
            "cpu_limit",
            "How much processor time one request may use, as configured; by default what the platform gives: 30 s.",
        )
        .span_if_any(POSITIVE)?;
    if limit > most {
        let message = format!("`cpu_limit` is {limit}, and no more than {most} can be configured");
        s.fault("cpu_limit", Fault::new(codes::CONFLICT, message).label("too long"));
    }
    Some(limit)
}

fn code(s: &mut Section<'_>) -> ObjectCode {
    let foreign_await = s
        .field("foreign_await", "What every update awaits between its storage get and its put, and that is not storage (a get of Workers KV, a fetch): it opens the input gate, and other requests come in between.")
        .law_if_any();
    let given = foreign_await.is_some() || s.desk.describing;
    const AWAITS: &str = "code with a foreign_await";
    let block_concurrency_while = s
        .field("block_concurrency_while", "The update runs in blockConcurrencyWhile: nothing comes in between.")
        .only_if(given, AWAITS)
        .default(false)
        .flag();
    let unblocked = given && (!block_concurrency_while || s.desk.describing);
    let await_each_write = s
        .field("await_each_write", "The foreign await comes before each key's put: the writes of a request for several keys are not coalesced into one transaction.")
        .only_if(unblocked, "code with a foreign_await that does not block")
        .default(false)
        .flag();
    let state = s.field("state", "Where an object keeps what it knows.").default("storage").word(&[
        ("storage", 0, "In its storage: survives everything."),
        ("memory", 1, "In variables only: gone when the object leaves memory."),
        ("written-behind", 2, "In variables, and an alarm writes them to storage some time after their first change."),
    ]);
    let behind = state == 2 || s.desk.describing;
    const BEHIND: &str = "state = \"written-behind\"";
    let after = s
        .field("write_behind", "From the first change that is not written until the alarm that writes it.")
        .only_if(behind, BEHIND)
        .default("5 s")
        .span(POSITIVE);
    let failures = s
        .field(
            "alarm_failures",
            "Share of the alarm's runs that throw; they are tried again after 2 s, 4 s and so on, six times.",
        )
        .only_if(behind, BEHIND)
        .default("0 %")
        .share();
    let state = match state {
        0 => ObjectState::Storage,
        1 => ObjectState::Memory,
        _ => ObjectState::WrittenBehind { after, failures },
    };
    ObjectCode { foreign_await, block_concurrency_while, await_each_write, state }
}

fn life(s: &mut Section<'_>, setting: &Setting<'_>, state: ObjectState) -> ObjectLife {
    let cold_start = s
        .field("cold_start", "From the first request to an object that is not in memory until it is served; by default no time, because Cloudflare publishes none.")
        .assumed(NOT_PUBLISHED)
        .law_if_any();
    let describing = s.desk.describing;
    let sleeps = state != ObjectState::Storage || cold_start.is_some() || describing;
    let hibernates = s
        .field(
            "hibernates",
            "Whether an idle object may hibernate: no timer, pending call or socket keeps it in memory, where its time is charged.",
        )
        .default(true)
        .flag();
    let hibernate_after = s
        .field("hibernate_after", "Idle for so long, an object hibernates.")
        .only_if(sleeps && (hibernates || describing), "hibernates = true, with a state in memory or a cold_start")
        .default(setting.terms.span(FigureId::ObjectHibernateAfter).to_string().as_str())
        .span(ANY);
    let range = [FigureId::ObjectEvictAfterMin, FigureId::ObjectEvictAfterMax].map(|id| setting.terms.span(id));
    let evict_after = s
        .field("evict_after", "Idle for so long, an object that may not hibernate is evicted.")
        .only_if(!hibernates || describing, "hibernates = false")
        .default_toml(&format!("{{ uniform = [\"{}\", \"{}\"] }}", range[0], range[1]))
        .assumed("Cloudflare publishes a range, 70 to 140 s, and no law")
        .law();
    let restart_every = s
        .field("restart_every", "From one restart of an object (new code, another machine) to the next; by default never. It loses what is in memory, and refuses what is in flight.")
        .law_if_any_from(RESTART_LEAST);
    let defaults = ObjectLife::default();
    ObjectLife {
        hibernates,
        hibernate_after,
        evict_after,
        cold_start: cold_start.unwrap_or(defaults.cold_start),
        restart_every,
    }
}
