//! Every rule of the platform in two runs: one that breaks it by a unit, and one that just keeps it.
//!
//! The cases are data: `tests/data/limits/*.toml`. A `[[pair]]` names its `rule` and, where there is one, the `figure`
//! that it walks along. The run that is `broken` must name exactly this rule among its limits, so many `times` (1 where
//! it says nothing), `first` then, with exactly this `text`; the run `below` must name none. Both are the same scenario
//! but for what each adds: to the `top`, to the store's `setting`, a `fault`, and `calls`, each written as in
//! "1 s, a, put, key = 'x'; value_bytes = 9". NAMES(3) stands for three names; `spread` makes one call for so many keys, one after another.

use std::collections::BTreeMap;

use consistency_sim::limits::FigureId;
use consistency_sim::model::{Key, Refusal, Span, Time};
use consistency_sim::run::LimitOutcome;
use consistency_sim::scenario::{Origin, Scenario, newest, parse};
use consistency_sim::workloads::{CallConfig, WorkloadConfig};
use serde::Deserialize;

use crate::support::outcome;

/// Two places with clients and one more, 100 ms from each other; nothing else takes time.
const GROUND: &str = r#"
    name = "pair"
    replications = 1
    edges = ["a", "b"]
    central = "c"
    network.jitter = "0 s"
    place = [
        { code = "a", rtt = { b = "100 ms", c = "100 ms" } },
        { code = "b", rtt = { c = "100 ms" } },
        { code = "c" },
    ]
"#;

/// The stores, by the word in the cases: what takes time in each, and how long where a case does not say it.
const STORES: [(&str, &str, &[&str]); 4] = [
    ("kv", "kind = 'kv'", &["hit_latency", "central_read", "central_write"]),
    ("instant", "kind = 'kv'\npreset = 'instant'\ndelay = '50 ms'", &["hit_latency", "central_write"]),
    ("d1", "kind = 'd1'", &["read_time", "write_time"]),
    ("durable_object", "kind = 'durable_object'", &["read_time", "write_time", "durability"]),
];

const FILES: [&str; 4] = ["kv", "d1", "durable_object", "faults"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    pair: Vec<Pair>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    rule: String,
    figure: Option<String>,
    store: String,
    #[serde(default)]
    top: String,
    #[serde(default)]
    setting: String,
    fault: Option<String>,
    #[serde(default)]
    calls: Vec<String>,
    broken: Side,
    below: Side,
}

/// What one run of a pair has beyond the other; `first` and `text` belong to the broken one.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Side {
    top: String,
    setting: String,
    calls: Vec<String>,
    spread: Option<u32>,
    times: Option<u64>,
    first: Option<String>,
    text: Option<String>,
}

fn pairs() -> Vec<(&'static str, Pair)> {
    let read = |name: &&'static str| {
        let path = format!("{}/tests/data/limits/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|wrong| panic!("{path}: {wrong}"));
        let file: File = toml::from_str(&text).unwrap_or_else(|wrong| panic!("{path}: {wrong}"));
        file.pair.into_iter().map(|pair| (*name, pair)).collect::<Vec<_>>()
    };
    FILES.iter().flat_map(read).collect()
}

fn refusal(rule: &str) -> Refusal {
    *Refusal::ALL.iter().find(|refusal| refusal.rule() == rule).unwrap_or_else(|| panic!("no rule is called {rule}"))
}

/// A call as the cases write it, as a table of a scenario.
fn call(line: &str) -> String {
    let [at, from, what] = line.splitn(3, ", ").collect::<Vec<_>>()[..] else { panic!("{line}") };
    let (op, rest) = what.find([',', ';']).map_or((what, ""), |at| (&what[..at], &what[at + 1..]));
    let mut rest = rest.replace(';', "\n");
    while let Some(start) = rest.find("NAMES(") {
        let end = start + rest[start..].find(')').expect("a closing bracket");
        let many: u32 = rest[start + 6..end].parse().expect("a number of names");
        let names: Vec<String> = (0..many).map(|n| format!("'{n:05}'")).collect();
        rest.replace_range(start..=end, &format!("[{}]", names.join(", ")));
    }
    format!("[[workload.call]]\nat = '{at}'\nfrom = '{from}'\nop = '{op}'\n{rest}\n")
}

/// A time as the cases write it, as in "1.5 s".
fn time(text: &str) -> Time {
    let (number, unit) = text.split_once(' ').unwrap_or_else(|| panic!("{text} has no unit"));
    let ns = [("us", 1e3), ("ms", 1e6), ("s", 1e9)].iter().find(|(word, _)| *word == unit).expect("s, ms or us").1;
    Time((number.parse::<f64>().expect("a number") * ns).round() as u64)
}

/// One run of a pair.
fn scenario(pair: &Pair, side: &Side) -> Scenario {
    let (_, kind, times) = STORES.iter().find(|(word, ..)| *word == pair.store).expect("one of the stores");
    let setting = format!("{}\n{}", pair.setting, side.setting);
    // An object without storage waits for none.
    let lasting = |field: &str| field != "durability" || !setting.contains("state = 'memory'");
    let unsaid = |field: &&&str| lasting(field) && !setting.lines().any(|line| line.starts_with(&format!("{field} ")));
    let instantly: String = times.iter().filter(unsaid).map(|field| format!("{field} = '0 s'\n")).collect();
    let top = format!("{}\n{}", pair.top, side.top);
    let duration = if top.contains("duration") { "" } else { "duration = '1 h'" };
    let fault = pair.fault.as_ref().map_or(String::new(), |fault| format!("[[fault]]\n{fault}\n"));
    let calls: String = pair.calls.iter().chain(&side.calls).map(|line| call(line)).collect();
    let text = format!(
        "{GROUND}\n{duration}\n{top}\n[[store]]\n{kind}\n{instantly}{setting}\n{fault}[workload]\nkind = 'calls'\n{calls}"
    );
    let mut scenario = parse(&text, &Origin::default()).unwrap_or_else(|wrong| panic!("{text}\n{wrong:#?}"));
    if let (Some(keys), WorkloadConfig::Calls(script)) = (side.spread, &mut scenario.workload) {
        // A scenario has a thousand lines at most.
        let [first] = &script.calls[..] else { panic!("{}: one call is spread", pair.rule) };
        let first = first.clone();
        let line = |n: u32| CallConfig {
            at: first.at + Span(first.every.0 * u64::from(n)),
            group: n,
            key: Key(n),
            times: 1,
            ..first.clone()
        };
        script.calls = (0..keys).map(line).collect();
        script.keys = (0..keys).map(|n| format!("{n:05}")).collect();
        script.groups = (0..keys).collect();
    }
    scenario
}

fn limits(scenario: &Scenario) -> Vec<LimitOutcome> {
    outcome(scenario).stores.swap_remove(0).limits
}

#[test]
fn each_rule_is_broken_by_a_unit_and_kept_just_below() {
    for (file, pair) in pairs() {
        let whose = format!("{file}: {}", pair.rule);
        let expected = LimitOutcome {
            refusal: refusal(&pair.rule),
            violations: pair.broken.times.unwrap_or(1),
            first: time(pair.broken.first.as_ref().expect("when it is broken first")),
            text: pair.broken.text.clone().expect("what the caller sees"),
        };
        assert_eq!(limits(&scenario(&pair, &pair.broken)), [expected], "{whose}, broken");
        assert_eq!(limits(&scenario(&pair, &pair.below)), [], "{whose}, just below");
    }
}

/// Rules that no run breaks, and why.
const UNMET: &[(&str, &str)] =
    &[("durable_object.account_load", "Cloudflare publishes neither a figure nor what is counted")];

#[test]
fn every_rule_has_its_pair() {
    let met: Vec<String> = pairs().into_iter().map(|(_, pair)| pair.rule).collect();
    for refusal in Refusal::ALL {
        let (rule, listed) = (refusal.rule(), UNMET.iter().any(|(rule, _)| *rule == refusal.rule()));
        assert!(met.iter().any(|met| met == rule) != listed, "{rule}: either a pair, or the reason why not");
    }
    UNMET.iter().for_each(|(rule, why)| assert!(why.len() > 10 && refusal(rule).rule() == *rule, "{rule}"));
}

/// Figures that belong to no rule: the test that meets them, or why no run can.
const APART: &[(&str, &str)] = &[
    ("worker.connections_max", "calls::an_invocation_has_six_connections_open_and_further_calls_wait"),
    ("kv.namespaces_max", "unmet: a run has no account to create them in"),
    ("kv.api_requests_per_5_min", "unmet: a run uses the binding, not the REST API"),
    ("kv_instant.metadata_bytes_max", "calls::instant_has_limits_of_its_own"),
    ("d1.databases_max", "unmet: a run has no account to create them in"),
    ("d1.storage_bytes_max", "unmet: a run has one database, whose own bound is lower"),
    ("d1.columns_max", "unmet: no table is created in a run"),
    ("d1.function_arguments_max", "unmet: no SQL is executed in a run"),
    ("d1.like_pattern_bytes_max", "unmet: no SQL is executed in a run, and lists compare keys instead of LIKE"),
    ("d1.read_retries", "faults::a_place_that_is_cut_off_answers_from_its_cache_and_reaches_nobody"),
    ("d1.time_travel", "unmet: nothing is restored in a run"),
    ("d1.import_bytes_max", "unmet: nothing is imported in a run"),
    ("durable_object.classes_max", "unmet: a run has no account to create them in"),
    ("durable_object.object_bytes_max", "quotas_of_rows::each_object_has_a_cap_and_all_have_one_together"),
    ("durable_object.unit_bytes", "objects::key_value_storage_charges_each_key_by_four_kibibytes"),
    ("durable_object.memory_billed_bytes", "limits::the_worked_examples_cost_what_they_say"),
    ("durable_object.hibernates_after", "objects::memory_is_lost_when_the_object_hibernates"),
    (
        "durable_object.evicted_after_min",
        "objects::an_object_that_may_not_hibernate_is_evicted_between_70_and_140_seconds",
    ),
    (
        "durable_object.evicted_after_max",
        "objects::an_object_that_may_not_hibernate_is_evicted_between_70_and_140_seconds",
    ),
    ("durable_object.alarm_retry_first", "objects::an_alarm_that_throws_is_tried_again_six_times"),
    ("durable_object.alarm_retries", "objects::an_alarm_that_throws_is_tried_again_six_times"),
    (
        "durable_object.alarm_duration_max",
        "unmet: the alarm's handler takes as long as a write, and a write of 15 min is refused before it sets an alarm",
    ),
    ("rate_limit.period_short", "contestants::the_binding_offers_windows_of_ten_and_of_sixty_seconds"),
    ("rate_limit.period_long", "contestants::the_binding_offers_windows_of_ten_and_of_sixty_seconds"),
];

#[test]
fn every_figure_is_walked_along_or_says_where_else_it_is_met() {
    let walked: BTreeMap<String, String> =
        pairs().into_iter().filter_map(|(_, pair)| Some((pair.figure?, pair.rule))).collect();
    for id in FigureId::ALL {
        let apart = APART.iter().find(|(name, _)| *name == id.name());
        match (walked.get(&id.name()), apart) {
            (Some(rule), None) => {
                let figures = refusal(rule).facts().figures;
                assert!(figures.contains(id), "{} is no figure of {rule}", id.name());
            }
            (None, Some((name, why))) => assert!(why.starts_with("unmet: ") || is_a_test(why), "{name}: {why}"),
            _ => panic!("{}: either a pair that walks along it, or where else it is met", id.name()),
        }
    }
    assert_eq!(walked.len() + APART.len(), FigureId::ALL.len(), "a name is no figure's");
    // A figure without a bound on the paid plan has one on the free plan: such a pair names the plan.
    for (_, pair) in pairs() {
        let Some(figure) = pair.figure else { continue };
        let id = FigureId::ALL.iter().find(|id| id.name() == figure).expect("a figure");
        let free = format!("{}{}", pair.top, pair.broken.top).contains("plan = 'free'");
        assert!(newest().limit(*id, consistency_sim::limits::Plan::Paid).is_some() || free, "{figure}");
    }
}

/// Whether there is a test of this name, as in `objects::a_window`.
fn is_a_test(name: &str) -> bool {
    let Some((module, function)) = name.split_once("::") else { return false };
    let path = format!("{}/tests/all/{module}.rs", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).is_ok_and(|text| text.contains(&format!("#[test]\nfn {function}()")))
}
