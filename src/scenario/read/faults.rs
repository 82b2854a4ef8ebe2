//! `[[fault]]`: one function for each kind, one row for each in the list.

use crate::faults::{Fault as Mishap, FaultKind, Faults, KvStatus, Refill};
use crate::model::{Location, Span, Time};
use crate::scenario::codes;
use crate::scenario::desk::Desk;
use crate::scenario::diagnostic::{Fault, quoted};
use crate::scenario::form::{Form, Kind};
use crate::scenario::overrides::names_of_kinds;
use crate::scenario::section::Section;
use crate::scenario::tree::{Node, Place};
use crate::scenario::values::{self, ANY, POSITIVE, Per};
use crate::stores::{StoreConfig, StoreKind};

use super::places::Places;

/// What a fault's reader needs to know of the rest of the scenario.
pub(in crate::scenario) struct Setting<'a> {
    pub places: &'a Places,
    pub stores: &'a [StoreConfig],
    pub duration: Span,
    /// Whether all stores were read without a mistake: only then is it fair to miss one.
    pub complete: bool,
}

const WHAT: &str = "What goes wrong with the platform during the run, and when. Without any: nothing.";
const TIMEOUT: &str = "Cloudflare does not publish how long a caller waits for a message that never comes";
/// The most reads per second after an outage.
const REFILL_MOST: f64 = 1e9;

fn failing(s: &mut Section<'_>, doc: &'static str) -> f64 {
    let share = s.field("failing", doc).default("100 %").share();
    if share == 0.0 && s.good(&["failing"]) {
        let fault = Fault::new(codes::SHARE_RANGE, "`failing` must be above zero").label("nothing fails");
        s.fault("failing", fault.help("remove the fault, or give it length = \"0 s\""));
    }
    share
}

fn central_outage(s: &mut Section<'_>, _: &Setting<'_>) -> Option<FaultKind> {
    let failing = failing(s, "The share of what reaches the central store that fails. Caches go on answering.");
    let describing = s.desk.describing;
    let length = s
        .field(
            "refill",
            "After the outage: for how long the central store limits the reads with which caches fill again.",
        )
        .take(Form::Span, |desk, key, node| values::span(desk, key, node, &POSITIVE));
    let limited = describing || length.is_some();
    let reads = s
        .field("refill_reads", "How many reads, of all locations and keys together, it takes in each second then.")
        .only_if(limited, "a fault with `refill`")
        .assumed("Cloudflare tells of rate limits after an outage, and publishes no rate")
        .rate_if_any(&[Per { words: "", times: 1.0 }], 1.0, true);
    if length.is_some() && reads.is_none() && s.good(&["refill", "refill_reads"]) {
        let fault = Fault::new(codes::MISSING_FIELD, "`refill` needs `refill_reads` beside it");
        s.fault("refill", fault.label("limited to how many?").help("as in refill_reads = \"50 /s\""));
    }
    let refill = length
        .zip(reads)
        .map(|(length, reads)| Refill { length, reads_per_second: libm::ceil(reads.min(REFILL_MOST)) as u32 });
    Some(FaultKind::CentralOutage { failing, refill })
}

fn kv_errors(s: &mut Section<'_>, _: &Setting<'_>) -> Option<FaultKind> {
    let failing = failing(s, "The share of all operations that fails, cached or not.");
    let status = s.field("status", "The status of the error.").default("401").word(&[
        ("401", KvStatus::Unauthorized, "401 Unauthorized."),
        ("503", KvStatus::Unavailable, "503 Service Unavailable."),
    ]);
    Some(FaultKind::KvErrors { failing, status })
}

fn timeout(s: &mut Section<'_>) -> Span {
    s.field("timeout", "How long somebody waits for a lost message before the connection counts as lost.")
        .default("10 s")
        .assumed(TIMEOUT)
        .span(ANY)
}

fn cut(s: &mut Section<'_>, setting: &Setting<'_>) -> Option<FaultKind> {
    let place = place(s, setting, "The place that no message leaves or reaches: an edge, or where a store is.", true);
    let timeout = timeout(s);
    place.map(|place| FaultKind::Cut { place, timeout })
}

fn slower(s: &mut Section<'_>, what: [&'static str; 2]) -> (f64, Span) {
    let factor = s.field("factor", what[0]).default(1).number(0.0..=1e6);
    let added = s.field("added", what[1]).default("0 s").span(ANY);
    if factor == 1.0 && added == Span::ZERO && s.good(&["factor", "added"]) {
        let fault = Fault::new(codes::FAULT_IDLE, "nothing becomes slower").label("changes nothing");
        s.fault("kind", fault.help("give a factor, as in factor = 5, or what is added, as in added = \"200 ms\""));
    }
    (factor, added)
}

fn slow_network(s: &mut Section<'_>, setting: &Setting<'_>) -> Option<FaultKind> {
    let place = place(s, setting, "Only messages from or to this place; without it, all.", false);
    let (factor, added) = slower(s, ["How many times as long each way takes.", "What is added to each way."]);
    s.good(&["place"]).then_some(FaultKind::SlowNetwork { place, factor, added })
}

fn slow_replication(s: &mut Section<'_>, _: &Setting<'_>) -> Option<FaultKind> {
    let what = [
        "How many times as long a version that commits meanwhile takes to a location or replica.",
        "What is added to that time.",
    ];
    let (factor, added) = slower(s, what);
    Some(FaultKind::SlowReplication { factor, added })
}

fn clock_skew(s: &mut Section<'_>, setting: &Setting<'_>) -> Option<FaultKind> {
    let place = place(s, setting, "The location whose clock is wrong.", true);
    let nanos = s
        .field("ahead", "How far its clock is ahead, or behind (negative).")
        .required()
        .take(Form::SignedSpan, values::signed_span);
    Some(FaultKind::ClockSkew { place: place?, nanos: nanos? })
}

/// A place that the scenario has already.
fn place(s: &mut Section<'_>, setting: &Setting<'_>, doc: &'static str, required: bool) -> Option<Location> {
    let field = s.field("place", doc);
    let field = if required { field.required() } else { field };
    field.take(Form::Place, |desk, key, node| setting.places.in_use(desk, key, node))
}

type Reader = fn(&mut Section<'_>, &Setting<'_>) -> Option<FaultKind>;

/// Whether a fault can befall a store.
type Befalls = fn(&StoreKind) -> bool;

const KINDS: [(&str, &str, Reader, Befalls, &str); 9] = [
    (
        "central_outage",
        "The central store of Workers KV fails; caches go on answering.",
        central_outage,
        has_kv,
        "Workers KV",
    ),
    ("kv_errors", "Workers KV fails operations, cached or not.", kv_errors, has_kv, "Workers KV"),
    ("cut", "A place is cut off from all others.", cut, |_| true, "a store"),
    ("slow_network", "Messages take longer.", slow_network, |_| true, "a store"),
    (
        "slow_replication",
        "Versions reach locations (Workers KV that pushes) and replicas (D1) later.",
        slow_replication,
        |kind| match kind {
            StoreKind::KvPush(_) => true,
            StoreKind::D1(config) => config.replication.is_some(),
            _ => false,
        },
        "Workers KV with model = \"push\", or D1 with replication",
    ),
    (
        "d1_stall",
        "A D1 database does nothing: queries wait, and are refused by its own rules.",
        |_, _| Some(FaultKind::D1Stall),
        |kind| matches!(kind, StoreKind::D1(_) | StoreKind::CacheAside(_)),
        "D1",
    ),
    (
        "object_partition",
        "Nobody reaches a Durable Object.",
        |s, _| Some(FaultKind::ObjectPartition { timeout: timeout(s) }),
        has_objects,
        "Durable Objects",
    ),
    (
        "object_restart",
        "Durable Objects are restarted, each once, at a time of its own within the length: it loses what is in memory, and refuses what is in flight.",
        |_, _| Some(FaultKind::ObjectRestart),
        has_objects,
        "Durable Objects",
    ),
    (
        "clock_skew",
        "A location's clock is ahead or behind: its writes to Workers KV are stamped by it.",
        clock_skew,
        has_kv,
        "Workers KV",
    ),
];

fn has_objects(kind: &StoreKind) -> bool {
    matches!(kind, StoreKind::DurableObject(_) | StoreKind::KvThroughObject(_))
}

fn has_kv(kind: &StoreKind) -> bool {
    matches!(
        kind,
        StoreKind::KvPull(_) | StoreKind::KvPush(_) | StoreKind::CacheAside(_) | StoreKind::KvThroughObject(_)
    )
}

/// Reads all faults.
pub(in crate::scenario) fn read<'a>(top: &mut Section<'a>, setting: &Setting<'_>) -> Faults {
    if top.desk.describing {
        top.declare_kinds("fault", WHAT, kinds(setting), true);
        return Faults::default();
    }
    top.declare_kinds("fault", WHAT, Vec::new(), true);
    let tables = top.list_of_tables("fault");
    let names = names_of_kinds(tables.iter().map(|(table, _)| Some(*table)), "fault");
    let mut faults: Vec<Mishap> = Vec::new();
    for ((table, place), name) in tables.into_iter().zip(names) {
        let section = Section::new(top.desk, format!("fault.{name}"), Some(table), place);
        faults.extend(fault(section, setting, name, &faults));
    }
    Faults::new(faults)
}

fn fault(mut s: Section<'_>, setting: &Setting<'_>, name: String, before: &[Mishap]) -> Option<Mishap> {
    let common = common(&mut s, setting);
    if before.iter().any(|other| other.name == name) {
        let fault = Fault::new(codes::DUPLICATE_NAME, format!("another fault is called `{name}` too"));
        s.fault("name", fault.label("the second of this name"));
    }
    let (word, _, reader, befalls, whom) = *KINDS.iter().find(|(word, ..)| Some(*word) == common.kind)?;
    let kind = reader(&mut s, setting);
    let (from, until) = (Time(common.start.0), Time(common.start.0) + common.length);
    if from >= Time(setting.duration.0) && s.good(&["start"]) {
        let message = format!("the fault begins at {}, and the run ends at {}", common.start, setting.duration);
        s.fault("start", Fault::new(codes::FAULT_OUTSIDE, message).label("after the end").help("lengthen `duration`"));
    }
    let meets = |store: &&StoreConfig| common.store.as_ref().is_none_or(|name| *name == store.name);
    if setting.complete && s.good(&["store"]) && !setting.stores.iter().filter(meets).any(|store| befalls(&store.kind))
    {
        let message = match &common.store {
            Some(name) => format!("{word} cannot befall `{name}`, which is no {whom}"),
            None => format!("{word} befalls none of the stores"),
        };
        let fault = Fault::new(codes::FAULT_ALONE, message).label("would change nothing");
        s.fault(if common.store.is_some() { "store" } else { "kind" }, fault.help(format!("it befalls {whom}")));
    }
    let made = kind.map(|kind| Mishap { name, kind, from, until, store: common.store.clone() });
    if let Some(made) = &made
        && let Some(other) = before.iter().find(|other| overlap(made, other))
        && s.good(&["start", "length"])
    {
        let message = format!("another {word}, `{}`, holds at the same time", other.name);
        let fault = Fault::new(codes::FAULT_OVERLAP, message).label("before that one is over");
        s.fault("start", fault.help("let one begin when the other has ended, or make them one"));
    }
    s.finish_kind(word, || kinds(setting));
    made
}

/// Whether two faults of one kind would hold at one time for the same store and place.
fn overlap(one: &Mishap, other: &Mishap) -> bool {
    let place = |kind: &FaultKind| match kind {
        FaultKind::Cut { place, .. } | FaultKind::ClockSkew { place, .. } => Some(*place),
        FaultKind::SlowNetwork { place, .. } => *place,
        _ => None,
    };
    one.kind.word() == other.kind.word()
        && place(&one.kind) == place(&other.kind)
        && (one.store == other.store || one.store.is_none() || other.store.is_none())
        && one.from < other.over()
        && other.from < one.over()
}

/// The fields that every kind has.
struct Common {
    kind: Option<&'static str>,
    start: Span,
    length: Span,
    store: Option<String>,
}

fn common(s: &mut Section<'_>, setting: &Setting<'_>) -> Common {
    let words = KINDS.map(|(word, doc, ..)| (word, word, doc));
    let kind = s.field("kind", "What goes wrong.").required().word_if_any(&words);
    s.field("name", "The name in files and options; by default the kind, numbered where it is repeated.").name_if_any();
    let start = s.field("start", "When it begins, from the start of the run.").required().span(ANY);
    let length = s.field("length", "How long it lasts.").required().span(ANY);
    let store = s
        .field("store", "The only store that meets it; by default all that it can befall.")
        .take(Form::Name, |desk, key, node| store(desk, key, node, setting));
    Common { kind, start, length, store }
}

fn store(desk: &Desk, key: &str, node: &Node, setting: &Setting<'_>) -> Option<String> {
    let name = values::text(desk, key, node)?;
    if setting.complete && !setting.stores.iter().any(|store| store.name == name) {
        let fault = Fault::new(codes::UNKNOWN_STORE, format!("no store is called {}", quoted(&name)));
        let known = setting.stores.iter().map(|store| store.name.as_str());
        desk.report(node.place, fault.label("no such store").choices(&name, "the stores are", known));
        return None;
    }
    Some(name)
}

fn kinds(setting: &Setting<'_>) -> Vec<Kind> {
    let describe = Desk::new(Vec::new(), true);
    let fields = |reader: Reader| {
        let mut section = Section::new(&describe, "fault", None, Place::default());
        common(&mut section, setting);
        reader(&mut section, setting);
        section.into_fields()
    };
    KINDS.iter().map(|(word, doc, reader, ..)| Kind { word, doc, fields: fields(*reader) }).collect()
}
