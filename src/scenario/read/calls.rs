//! `[[workload.call]]`: calls of the key-value interface, and the keys that they name.

use std::collections::{BTreeMap, BTreeSet};

use crate::limits::{FigureId, UNLIMITED};
use crate::model::{Call, Key, Operation, Span};
use crate::scenario::codes;
use crate::scenario::desk::Desk;
use crate::scenario::diagnostic::{Fault, quoted};
use crate::scenario::form::Form;
use crate::scenario::section::Section;
use crate::scenario::tree::{Node, Place, Value};
use crate::scenario::values::ANY;
use crate::workloads::*;

use super::setting::Setting;
use super::sizes::{BYTES_MOST, form_of_call, parse};

/// The largest value, in bytes.
const VALUE_MOST: u32 = u32::MAX;
/// How often a call is made at most.
const TIMES_MOST: u32 = 100_000_000;

/// What a line asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Op {
    Get,
    GetWithMetadata,
    GetBulk,
    GetBulkWithMetadata,
    Put,
    Delete,
    List,
}

impl Op {
    fn is_bulk(self) -> bool {
        matches!(self, Op::GetBulk | Op::GetBulkWithMetadata)
    }

    fn wants_metadata(self) -> bool {
        matches!(self, Op::GetWithMetadata | Op::GetBulkWithMetadata)
    }
}

/// A line as it was read: its keys are names yet.
struct Line {
    keys: Vec<String>,
    prefix: Option<String>,
    /// Where the keys, or the prefix, stand.
    place: Place,
    invocation: Option<String>,
    config: CallConfig,
}

/// Reads the workload.
pub(super) fn calls(s: &mut Section<'_>, setting: &Setting<'_>) -> WorkloadConfig {
    let preloaded =
        s.field("preloaded", "Whether the keys hold a value at the start, of 288 bytes.").default(false).flag();
    let parse = parse(s);
    let lines = s.tables("call", "The calls, in any order.", |s, _| line(s, setting));
    if lines.is_empty() && s.good(&["call"]) {
        let fault = Fault::new(codes::MISSING_FIELD, "the script has no call");
        s.fault("call", fault.help("write [[workload.call]], at = \"1 s\", op = \"put\", key = \"user:1\""));
    }
    let connections = setting.terms.bound(FigureId::WorkerConnections);
    WorkloadConfig::Calls(CallsConfig { preloaded, parse, connections, ..numbered(s.desk, lines) })
}

fn line(s: &mut Section<'_>, setting: &Setting<'_>) -> Line {
    let describing = s.desk.describing;
    let at = s.field("at", "When the call is made, from the start of the run.").required().span(ANY);
    if at >= setting.duration && s.good(&["at"]) {
        let message = format!("the run ends after {}, and the call is made at {at}", setting.duration);
        s.fault("at", Fault::new(codes::CALL_NEVER, message).label("never").help("make `duration` longer"));
    }
    let times = s.field("times", "How often it is made.").default(1).count(1..=TIMES_MOST);
    let repeats = describing || times > 1;
    let every = s
        .field("every", "From one time to the next.")
        .only_if(repeats, "a call that is made several times")
        .default("1 s")
        .span(ANY);
    let location =
        s.field("from", "The edge whose code makes the call; by default the first one.").edge_or_first(setting.places);
    let client = s
        .field("client", "Who asks, by number, for what one client has seen; by default each edge is a client.")
        .count_if_any(0..=u32::MAX);
    let op = s.field("op", "The method that is called.").required().word(&[
        ("get", Op::Get, "Read a value."),
        ("get_with_metadata", Op::GetWithMetadata, "Read a value and its metadata: both of one version."),
        ("get_bulk", Op::GetBulk, "Read several values: one operation."),
        ("get_bulk_with_metadata", Op::GetBulkWithMetadata, "Read several values and their metadata: one operation."),
        ("put", Op::Put, "Write a value."),
        ("delete", Op::Delete, "Delete a key."),
        ("list", Op::List, "List the keys with a prefix."),
    ]);
    let is = |wanted: &[Op]| describing || wanted.contains(&op);
    let (keys, prefix, key_bytes) = names(s, op);
    let place = ["key", "keys", "prefix"].into_iter().find(|key| s.entry(key).is_some());
    let place = place.map_or(s.place, |key| s.place_of(key));
    let reads = is(&[Op::Get, Op::GetWithMetadata, Op::GetBulk, Op::GetBulkWithMetadata]);
    let (ttl, absolute) = expiration(s, is(&[Op::Put]));
    let cache_ttl = s
        .field("cache_ttl", "cacheTtl of a read; by default the store's own.")
        .only_if(reads, "reads")
        .span_if_any(ANY);
    let form = form_of_call(s, reads, op.is_bulk());
    let longest = keys.iter().map(String::len).chain(prefix.iter().map(String::len)).max().unwrap_or_default();
    let call = Call {
        value_bytes: value_bytes(s, is(&[Op::Put])),
        key_bytes: key_bytes.unwrap_or(longest.min(BYTES_MOST as usize) as u32) as u16,
        metadata_bytes: s
            .field("metadata_bytes", "The size of the metadata as JSON.")
            .only_if(is(&[Op::Put]), "a put")
            .default(0)
            .count(0..=BYTES_MOST) as u16,
        earlier: 0,
        form: Some(form),
        with_metadata: op.wants_metadata(),
        dots: keys.iter().any(|key| key == "." || key == ".."),
        absolute,
    };
    let (limit, pages) = paging(s, is(&[Op::List]));
    let invocation = s
        .field("invocation", "Calls with the same name here are made by one invocation of the caller's code, which has six of them open at a time: further ones wait. By default each is made by one of its own.")
        .text_if_any();
    let operation = match op {
        Op::Get | Op::GetWithMetadata | Op::GetBulk | Op::GetBulkWithMetadata => Operation::Get { cache_ttl },
        Op::Put => Operation::Put { value: 0, ttl },
        Op::Delete => Operation::Delete,
        Op::List => Operation::List { until: Key(0), prefix: 0, limit },
    };
    let key = Key(0);
    let config = CallConfig {
        at,
        every,
        times,
        location,
        client,
        group: 0,
        key,
        keys: 1,
        operation,
        call,
        pages: if op == Op::List { pages } else { 1 },
        invocation: None,
    };
    Line { keys, prefix, place, invocation, config }
}

/// The keys or the prefix, and the size of the key where that is given apart.
fn names(s: &mut Section<'_>, op: Op) -> (Vec<String>, Option<String>, Option<u32>) {
    let describing = s.desk.describing;
    let bulk = op.is_bulk();
    let single = !bulk && op != Op::List;
    let key = s.field("key", "The key, of any form.").only_if(describing || single, "calls for one key");
    let key = if single || describing { key.required() } else { key }.take(Form::Text, key_text);
    let keys = s
        .field(
            "keys",
            "The keys of a bulk read. Keys of the scenario that are connected with them must not lie between.",
        )
        .only_if(describing || bulk, "bulk reads");
    let keys = if bulk { keys.required() } else { keys }.take(Form::Texts, key_texts).unwrap_or_default();
    let prefix = s
        .field("prefix", "The prefix of the listed keys; by default all keys.")
        .only_if(describing || op == Op::List, "op = \"list\"")
        .take(Form::Text, key_text);
    let key_bytes = s
        .field("key_bytes", "The size of the key, where its name here stands for a longer one.")
        .count_if_any(0..=BYTES_MOST);
    let prefix = if op == Op::List { Some(prefix.unwrap_or_default()) } else { None };
    (if bulk { keys } else { key.into_iter().collect() }, prefix, key_bytes)
}

fn expiration(s: &mut Section<'_>, applies: bool) -> (Option<Span>, bool) {
    s.exclude("expiration_ttl", "expiration");
    let ttl = s
        .field("expiration_ttl", "expirationTtl: the key expires so long after the write.")
        .only_if(applies, "a put")
        .span_if_any(ANY);
    let absolute = s
        .field("expiration", "expiration: the key expires then, from the start of the run.")
        .only_if(applies, "a put")
        .span_if_any(ANY);
    (ttl.or(absolute), ttl.is_none() && absolute.is_some())
}

fn value_bytes(s: &mut Section<'_>, applies: bool) -> u32 {
    s.field("value_bytes", "The size of the value. Default: the median of objects in Workers KV.")
        .only_if(applies, "a put")
        .default(PRELOADED_BYTES)
        .count(0..=VALUE_MOST)
}

fn paging(s: &mut Section<'_>, applies: bool) -> (u16, u32) {
    let limit = s
        .field("limit", "The most keys of a page; stores take no more than 1,000.")
        .only_if(applies, "op = \"list\"")
        .default(1000)
        .count(1..=BYTES_MOST);
    let pages = s
        .field("pages", "How many pages are asked for at most, each with the cursor of the one before.")
        .only_if(applies, "op = \"list\"")
        .default(1)
        .count(1..=4_000_000);
    (limit as u16, pages)
}

fn key_text(desk: &Desk, key: &str, node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) if text.len() <= BYTES_MOST as usize => Some(text.clone()),
        Value::Text(text) => {
            let message =
                format!("`{key}` has {} bytes, and no more than {BYTES_MOST} can be written here", text.len());
            desk.report(node.place, Fault::new(codes::NUMBER_RANGE, message).label("too long"));
            None
        }
        _ => {
            desk.wrong_type(key, node, "text", None);
            None
        }
    }
}

fn key_texts(desk: &Desk, key: &str, node: &Node) -> Option<Vec<String>> {
    let Value::List(list) = &node.value else {
        desk.wrong_type(key, node, "a list of texts, as in [\"a\", \"b\"]", None);
        return None;
    };
    let mut texts: Vec<String> = Vec::new();
    for one in list {
        let text = key_text(desk, key, one)?;
        if texts.contains(&text) {
            let fault = Fault::new(codes::CALL_KEYS, format!("{} is asked for twice", quoted(&text)));
            desk.report(one.place, fault.label("the second time"));
            return None;
        }
        texts.push(text);
    }
    if texts.is_empty() || texts.len() > BYTES_MOST as usize {
        let fault = Fault::new(codes::CALL_KEYS, "a bulk read needs at least one key");
        desk.report(node.place, fault.label("no key"));
        return None;
    }
    Some(texts)
}

/// Numbers the keys: connected ones in a row, in the order of their bytes.
fn numbered(desk: &Desk, lines: Vec<Line>) -> CallsConfig {
    let names: BTreeSet<&str> = lines.iter().flat_map(|line| &line.keys).map(String::as_str).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let range = |prefix: &str| {
        let first = names.partition_point(|name| *name < prefix);
        let count = names[first..].iter().take_while(|name| name.starts_with(prefix)).count();
        (first..first + count).collect::<Vec<usize>>()
    };
    let touched = |line: &Line| match &line.prefix {
        Some(prefix) => range(prefix),
        None => line.keys.iter().filter_map(|key| names.binary_search(&key.as_str()).ok()).collect(),
    };
    let touched: Vec<Vec<usize>> = lines.iter().map(touched).collect();
    let groups = groups(names.len(), &lines, &touched);
    // Stable: within a group, names stay in the order of their bytes.
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_key(|name| groups[*name]);
    let mut place = vec![0_u32; names.len()];
    order.iter().zip(0..).for_each(|(name, at)| place[*name] = at);
    let mut starts: Vec<u32> = Vec::new();
    for (at, name) in (0..).zip(&order) {
        if groups[*name] as usize == starts.len() {
            starts.push(at);
        }
    }
    let mut prefixes: BTreeMap<String, u32> = BTreeMap::new();
    let mut invocations: Vec<String> = Vec::new();
    let mut calls = Vec::new();
    for (line, touched) in lines.iter().zip(&touched) {
        let mut config = line.config.clone();
        let Some(first) = touched.iter().map(|name| place[*name]).min() else {
            if let Some(prefix) = &line.prefix {
                let fault = Fault::new(codes::CALL_KEYS, format!("no key begins with {}", quoted(prefix)));
                desk.report(line.place, fault.label("would list nothing").help("name such a key in a call"));
            }
            continue;
        };
        let last = touched.iter().map(|name| place[*name]).max().unwrap_or(first);
        config.group = groups[touched[0]];
        config.key = Key(first);
        if let Operation::List { limit, .. } = config.operation {
            let next = prefixes.len() as u32;
            let prefix = *prefixes.entry(line.prefix.clone().unwrap_or_default()).or_insert(next);
            config.operation = Operation::List { until: Key(last + 1), prefix, limit };
        } else {
            config.keys = touched.len() as u16;
            if last + 1 - first != u32::from(config.keys) {
                let between = order[first as usize..=last as usize].iter().find(|name| !touched.contains(name));
                let between = between.map_or("", |name| names[*name]);
                let message = format!("{} lies between the keys of this bulk read", quoted(between));
                let fault = Fault::new(codes::CALL_KEYS, message).label("not in a row");
                desk.report(line.place, fault.help(format!("ask for {} too, or rename a key", quoted(between))));
            }
        }
        config.invocation = line.invocation.as_ref().map(|name| {
            invocations.iter().position(|known| known == name).unwrap_or_else(|| {
                invocations.push(name.clone());
                invocations.len() - 1
            }) as u32
        });
        calls.push(config);
    }
    let keys = order.iter().map(|name| names[*name].to_string()).collect();
    let parse = ParseConfig { stream: Span::ZERO, array_buffer: Span::ZERO, text: Span::ZERO, json: Span::ZERO };
    CallsConfig { keys, groups: starts, calls, invocations, connections: UNLIMITED, preloaded: false, parse }
}

/// For each name the number of its group: keys that a call or an invocation connects are in one.
fn groups(names: usize, lines: &[Line], touched: &[Vec<usize>]) -> Vec<u32> {
    let mut parent: Vec<usize> = (0..names).collect();
    fn root(parent: &mut [usize], mut name: usize) -> usize {
        while parent[name] != name {
            parent[name] = parent[parent[name]];
            name = parent[name];
        }
        name
    }
    let mut invocations: BTreeMap<&str, usize> = BTreeMap::new();
    for (line, touched) in lines.iter().zip(touched) {
        let Some(first) = touched.first().copied() else { continue };
        let shared = line.invocation.as_deref().map(|name| *invocations.entry(name).or_insert(first));
        for other in touched.iter().copied().skip(1).chain(shared) {
            let (one, two) = (root(&mut parent, first), root(&mut parent, other));
            parent[one.max(two)] = one.min(two);
        }
    }
    let mut numbers: BTreeMap<usize, u32> = BTreeMap::new();
    (0..names)
        .map(|name| {
            let next = numbers.len() as u32;
            *numbers.entry(root(&mut parent, name)).or_insert(next)
        })
        .collect()
}
