//! Scenario files: what is refused and how that is said, what is accepted, and that fields, schema and defaults agree.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use consistency_sim::scenario::{self, Diagnostic, Field, Form, Origin, Override, Scenario, codes};
use proptest::prelude::*;
use serde_json::Value;
use snapbox::cmd::{Command, cargo_bin};
use snapbox::{Data, assert_data_eq};

use crate::support::cases;

const BAD: &str = "tests/data/scenarios-bad";

fn bad_files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(BAD)
        .expect("the folder of bad scenarios")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    files
}

/// The overrides that a file asks to be checked with, in lines that begin with `#: --set `.
fn overrides_of(file: &Path) -> Vec<String> {
    let bytes = fs::read(file).expect("a bad scenario");
    let text = String::from_utf8_lossy(&bytes);
    text.lines().filter_map(|line| line.strip_prefix("#: --set ")).map(str::to_string).collect()
}

/// Each bad file is refused with exactly the diagnostics that stand beside it (SNAPSHOTS=overwrite renews them).
#[test]
fn every_bad_scenario_is_refused_as_its_snapshot_says() {
    let files = bad_files();
    assert!(files.len() >= 60, "only {} bad scenarios", files.len());
    for file in files {
        let name = file.file_name().expect("a name");
        let mut command = Command::new(cargo_bin!("consistency-sim"))
            .with_assert(snapbox::Assert::new().action_env("SNAPSHOTS").normalize_paths(false))
            .current_dir(BAD)
            .env("NO_COLOR", "1")
            .arg("check")
            .arg(name);
        for set in overrides_of(&file) {
            command = command.args(["--set", &set]);
        }
        let snapshot = Data::read_from(&file.with_extension("stderr"), None);
        command.assert().code(2).stdout_eq("").stderr_eq(snapshot);
    }
}

/// Every code of the table is run into by one of the bad files, but for those that need a file system's help.
#[test]
fn every_code_has_a_bad_scenario() {
    let elsewhere = [codes::FILE_UNREADABLE, codes::FILE_IS_FOLDER, codes::FILE_TOO_LARGE, codes::UNKNOWN_STORE];
    let mut seen: BTreeSet<&str> = elsewhere.into_iter().collect();
    for file in bad_files() {
        let overrides: Vec<Override> = overrides_of(&file).into_iter().map(Override::set).collect();
        let diagnostics = scenario::load_with(&file, &overrides).expect_err("a bad scenario");
        seen.extend(diagnostics.iter().map(|diagnostic| diagnostic.code));
    }
    // Those of traces begin with a T, and have bad traces of their own.
    let scenarios = codes::ALL.iter().map(|row| row.code).filter(|code| code.starts_with('S'));
    let missing: Vec<&str> = scenarios.filter(|code| !seen.contains(code)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn codes_are_unique_rising_and_explained() {
    let numbers: Vec<&str> = codes::ALL.iter().map(|row| row.code).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
    for row in codes::ALL {
        assert!(row.explanation.len() > row.title.len(), "{} is not explained", row.code);
        assert_eq!(codes::find(&row.code.to_lowercase()), Some(row));
    }
}

fn parse(text: &str) -> Result<Scenario, Vec<Diagnostic>> {
    scenario::parse(text, &Origin::default())
}

fn parse_with(text: &str, set: &str) -> Result<Scenario, Vec<Diagnostic>> {
    scenario::parse_with(text, &Origin::default(), &[Override::set(set)])
}

fn accepted(text: &str) -> Scenario {
    parse(text).unwrap_or_else(|diagnostics| panic!("{text}\n{diagnostics:#?}"))
}

/// The workload's lines that a kind cannot do without.
fn workload(kind: &str) -> String {
    let needs = match kind {
        "trace" => "file = \"requests.csv\"\ncolumns = { time = \"t\" }\n",
        "calls" => "call = [{ at = \"1 s\", op = \"put\", key = \"k\" }]\n",
        _ => "",
    };
    format!("[workload]\nkind = \"{kind}\"\n{needs}")
}

/// Stores that every kind of fault can befall, in front of which another field can stand.
const STORES: &str = "store = [{ kind = \"kv\" }, { kind = \"kv\", model = \"push\" }, { kind = \"d1\" }, { kind = \"durable_object\" }]\n";

/// A fault of a kind that can do without a field.
fn fault(kind: &str, without: &str) -> String {
    let needs = match kind {
        "cut" => "place = \"LHR\"\n",
        "clock_skew" => "place = \"LHR\"\nahead = \"1 s\"\n",
        "slow_network" | "slow_replication" if without == "factor" => "added = \"1 s\"\n",
        "slow_network" | "slow_replication" => "factor = 2\n",
        _ => "",
    };
    format!("[[fault]]\nname = \"s\"\nkind = \"{kind}\"\nstart = \"1 min\"\nlength = \"1 min\"\n{needs}")
}

/// A leaf of the tree of fields: its path for overrides, and a scenario in which it has an effect.
struct Leaf {
    path: String,
    base: String,
    field: Field,
}

/// Every field that is no table, each with a scenario of its own kind.
fn leaves() -> Vec<Leaf> {
    let top = "name = \"all\"\n";
    let mut leaves = Vec::new();
    for field in scenario::fields() {
        match &field.form {
            Form::Kinds { kinds, list: false } => {
                for kind in kinds {
                    collect(&mut leaves, "workload", &format!("{top}{}", workload(kind.word)), &kind.fields);
                }
            }
            Form::Kinds { kinds, list: true } if field.key == "fault" => {
                for kind in kinds {
                    for field in &kind.fields {
                        let base = format!("{top}{STORES}{}{}", workload("mix"), fault(kind.word, &field.key));
                        collect(&mut leaves, "fault.s", &base, std::slice::from_ref(field));
                    }
                }
            }
            Form::Kinds { kinds, list: true } => {
                for kind in kinds {
                    let workload = workload(if kind.word == "rate_limiting" { "rate_limit" } else { "mix" });
                    let base = format!("{top}{workload}[[store]]\nkind = \"{}\"\nname = \"s\"\n", kind.word);
                    collect(&mut leaves, "store.s", &base, &kind.fields);
                }
            }
            Form::Tables(fields) => {
                let members = match field.key.as_str() {
                    "promise" => "[[promise]]\nname = \"p\"\nmetric = \"stale_age.p99\"\nat_most = \"5 s\"\n",
                    "place" => "[[place]]\ncode = \"p\"\nlat = 1.0\nlon = 1.0\n",
                    other => panic!("a new list of tables, {other}: say here how a member looks"),
                };
                let base = format!("{top}central = \"p\"\n{}{members}", workload("mix"));
                let base = if field.key == "place" { base } else { base.replace("central = \"p\"\n", "") };
                collect(&mut leaves, &format!("{}.p", field.key), &base, fields);
            }
            _ => collect(&mut leaves, "", &format!("{top}{}", workload("mix")), std::slice::from_ref(&field)),
        }
    }
    leaves
}

fn collect(leaves: &mut Vec<Leaf>, path: &str, base: &str, fields: &[Field]) {
    for field in fields {
        let path = if path.is_empty() { field.key.clone() } else { format!("{path}.{}", field.key) };
        let extra = match field.condition {
            "" | "model = \"pull\"" | "a rate_limit without arrivals from a file" => "",
            "model = \"push\"" => "model = \"push\"\n",
            "read_replication = \"auto\"" => "read_replication = \"auto\"\n",
            "a fault with `refill`" => "refill = \"1 min\"\nrefill_reads = \"5 /s\"\n",
            "a scenario with `wrangler`" => "",
            "a counter with a rate" => "rate = \"2 /s per client\"\n",
            "code with a foreign_await" | "code with a foreign_await that does not block" => {
                "foreign_await = \"20 ms\"\n"
            }
            "state = \"written-behind\"" => "state = \"written-behind\"\n",
            "state = \"storage\" or \"written-behind\"" | "storage = \"sqlite\"" => "",
            "one_statement = true" => "one_statement = true\n",
            "objects with their state in memory, or with a cold_start"
            | "hibernates = true, with a state in memory or a cold_start" => "state = \"memory\"\n",
            "statements with scan_rows" => "scan_rows = 1000\n",
            "hibernates = false" => "state = \"memory\"\nhibernates = false\n",
            other => panic!("a new condition, {other}: say here what fulfils it"),
        };
        let before = if field.key == "env" { "wrangler = \"tests/data/wrangler/wrangler.toml\"\n" } else { "" };
        let base = format!("{before}{base}{extra}");
        match &field.form {
            Form::Table(fields) => {
                // A table that may be absent, but has fields that must not.
                let needs = match field.key.as_str() {
                    "readers" => "readers = { rate = \"1 /s per edge\", within = \"1 min\" }\n",
                    "values" => "values = {}\n",
                    "arrivals" => "arrivals = { file = \"requests.csv\", columns = { time = \"t\" } }\n",
                    // Its fields have conditions, which are fulfilled inside it.
                    "object" => "[store.object]\n",
                    "database" => "[store.database]\n",
                    _ => "",
                };
                collect(leaves, &path, &format!("{base}{needs}"), fields);
            }
            // The lines of a script have no name by which an override could reach them.
            Form::Tables(_) => {}
            _ => leaves.push(Leaf { path, base, field: field.clone() }),
        }
    }
}

/// Writing a field's documented default changes nothing: the default is what is taken without it.
#[test]
fn documented_defaults_are_what_parse_gives() {
    let mut checked = 0;
    for leaf in leaves() {
        let Some(default) = leaf.field.default_toml() else { continue };
        let said = parse_with(&leaf.base, &format!("{}={default}", leaf.path));
        let said =
            said.unwrap_or_else(|diagnostics| panic!("{} = {default}\n{}\n{diagnostics:#?}", leaf.path, leaf.base));
        assert_eq!(said, accepted(&leaf.base), "{} = {default}", leaf.path);
        checked += 1;
    }
    assert!(checked > 90, "only {checked} defaults");
}

/// Values of a form, all of which some field of that form takes.
fn examples(form: &Form, definitions: &Value) -> Vec<String> {
    let of = |name: &str| definitions[name]["examples"].as_array().expect(name).iter().map(toml).collect();
    match form {
        Form::Text => vec!["\"words\"".into()],
        Form::Texts => vec!["[\"one\", \"two\"]".into()],
        Form::Name => vec!["\"a-name_1\"".into()],
        Form::Span => of("span"),
        Form::TimeOfDay => ["00:00 UTC", "23:59:59 UTC", "7:05"].map(|time| format!("\"{time}\"")).into(),
        Form::SignedSpan => of("signed_span"),
        Form::Count { least, .. } => vec![(*least).max(1).to_string()],
        Form::Number { least, most } => vec![format!("{:?}", least.max(most.min(1.0)))],
        Form::Share => of("share"),
        Form::ShareOfReplications => of("share_of_replications"),
        Form::Rate(pers) => pers.iter().map(|per| format!("\"2 /h {per}\"")).collect(),
        Form::Law => of("law"),
        Form::Size => of("size"),
        Form::Sizes => of("sizes"),
        Form::Shape => of("shape"),
        Form::Popularity => of("popularity"),
        Form::Bound => vec!["\"5 s\"".into()],
        Form::Flag => vec!["true".into(), "false".into()],
        Form::Word(words) => words.iter().map(|(word, _)| format!("\"{word}\"")).collect(),
        Form::Place => vec!["\"FRA\"".into()],
        Form::Places => vec!["[\"FRA\", \"LHR\"]".into()],
        Form::Edges => vec!["3".into(), "[\"FRA\", \"LHR\", \"IAD\"]".into()],
        Form::ByPlace(inner) => {
            let code = if matches!(**inner, Form::ByPlace(_)) { "LHR" } else { "IAD" };
            examples(inner, definitions).iter().map(|inner| format!("{{ {code} = {inner} }}")).collect()
        }
        Form::Metric => vec!["\"read_latency.p95\"".into()],
        Form::Platform => scenario::platforms().map(|name| format!("\"{name}\"")).into(),
        Form::Either(forms) => forms.iter().flat_map(|form| examples(form, definitions)).collect(),
        Form::Table(_) | Form::Tables(_) | Form::Kinds { .. } => Vec::new(),
    }
}

/// JSON as TOML on one line.
fn toml(value: &Value) -> String {
    match value {
        Value::Array(list) => format!("[{}]", list.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Value::Object(table) => {
            let entries: Vec<String> = table.iter().map(|(key, value)| format!("{key} = {}", toml(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        plain => plain.to_string(),
    }
}

/// Every field of the schema is read, and takes the values that the schema gives as examples; a value of no form at all
/// is refused everywhere.
#[test]
fn every_field_takes_the_values_of_its_form() {
    let schema = scenario::schema();
    // What is right for the form and wrong together with the rest of the scenario, each for a reason.
    let contradictions = [
        ("code", "the edges would have to be renamed with the place"),
        ("at_least", "excludes at_most"),
        ("kind", "another kind has other fields"),
        ("rate", "the pace is given both ways only by mistake"),
        ("start", "a fault begins before the run is over, and some spans are longer"),
        ("wrangler", "the file has to be there"),
        ("env", "the file must have the environment"),
        ("binding", "the file must have the binding"),
        ("store", "a fault names a store that is there"),
        ("refill", "a refill says how many reads it takes"),
        ("window", "a window is at least a second, and the form's example shorter"),
    ];
    for leaf in leaves() {
        let examples = examples(&leaf.field.form, &schema["definitions"]);
        assert!(!examples.is_empty(), "{} has no example", leaf.path);
        for example in examples {
            let result = parse_with(&leaf.base, &format!("{}={example}", leaf.path));
            let key = leaf.field.key.as_str();
            if let Err(diagnostics) = &result {
                let form_is_fine = diagnostics.iter().all(|diagnostic| {
                    [codes::CONFLICT, codes::WARMUP, codes::EXPIRATION_MINIMUM, codes::CACHE_TTL_MINIMUM]
                        .contains(&diagnostic.code)
                });
                let known = contradictions.iter().any(|(name, _)| *name == key);
                assert!(form_is_fine || known, "{} = {example}\n{}\n{diagnostics:#?}", leaf.path, leaf.base);
            }
        }
        let refused = parse_with(&leaf.base, &format!("{}=[[]]", leaf.path)).expect_err(&leaf.path);
        assert!(refused.iter().any(|diagnostic| diagnostic.file == "--set"), "{}\n{refused:#?}", leaf.path);
    }
}

/// The schema's properties are the declared fields, and nothing beside them is allowed.
#[test]
fn the_schema_has_every_field() {
    let schema = scenario::schema();
    let properties = schema["properties"].as_object().expect("properties");
    for field in scenario::fields() {
        assert!(properties.contains_key(&field.key), "{}", field.key);
        assert!(properties[&field.key]["description"].as_str().is_some_and(|doc| doc.len() > 10), "{}", field.key);
    }
    let kinds = properties["workload"]["oneOf"].as_array().expect("kinds");
    assert_eq!(kinds.len(), 10);
    let mix = kinds.iter().find(|kind| kind["title"] == "mix").expect("mix");
    assert_eq!(mix["additionalProperties"], false);
    assert_eq!(mix["properties"]["keys"]["default"], 500);
    assert_eq!(mix["properties"]["kind"]["const"], "mix");
    assert_eq!(schema["required"], serde_json::json!(["name", "workload"]));
}

/// A newcomer's scenario: a name and a kind, nothing else.
#[test]
fn each_kind_of_workload_alone_is_a_scenario() {
    for kind in ["put_then_get", "counter", "session", "feature_flag", "config", "rate_limit", "cache_aside", "mix"] {
        for edges in ["", "edges = 1\n"] {
            let scenario = accepted(&format!("name = \"first\"\n{edges}[workload]\nkind = \"{kind}\"\n"));
            assert_eq!(scenario.workload.word(), kind);
            let names: Vec<&str> = scenario.stores.iter().map(|store| store.name.as_str()).collect();
            assert_eq!(names, ["kv", "d1", "durable_object"]);
            assert_eq!(scenario.network.rtt.len(), scenario.network.places.len().pow(2));
        }
    }
}

/// Two ways of saying one thing give one scenario.
#[test]
fn rates_and_shares_mean_the_same_in_every_unit() {
    let same = [
        ("reads = \"20 /s per edge\"", "reads = \"80 /s\""),
        ("reads = \"1200 /min per edge\"", "reads = \"0.4 /s per key per edge\""),
        ("reads = \"1.6 /s per key\"", "reads = \"80 /s\""),
        ("deletes = \"25 %\"", "deletes = 0.25"),
    ];
    for (one, other) in same {
        let scenario =
            |line: &str| accepted(&format!("name = \"a\"\nedges = 4\n[workload]\nkind = \"mix\"\nkeys = 50\n{line}\n"));
        assert_eq!(scenario(one), scenario(other), "{one} and {other}");
    }
}

#[test]
fn stores_get_distinct_names_and_labels() {
    let text = format!(
        "name = \"a\"\n{}{}",
        workload("mix"),
        "[[store]]\nkind = \"kv\"\n[[store]]\nkind = \"kv\"\ncache_ttl = \"30 s\"\n[[store]]\nkind = \"kv\"\npreset = \"instant\"\n[[store]]\nkind = \"kv\"\nname = \"kv-2\"\nmodel = \"push\"\n"
    );
    let scenario = accepted(&text);
    let stores: Vec<(&str, &str)> =
        scenario.stores.iter().map(|store| (store.name.as_str(), store.label.as_str())).collect();
    let expected = [
        ("kv", "Workers KV"),
        ("kv-3", "Workers KV (kv-3)"),
        ("kv-4", "Workers KV Instant"),
        ("kv-2", "Workers KV (push)"),
    ];
    assert_eq!(stores, expected);
}

#[test]
fn places_of_stores_join_the_network_behind_the_edges() {
    let text = format!(
        "name = \"a\"\nedges = [\"LHR\", \"lab\"]\n{}[[place]]\ncode = \"lab\"\nrtt = {{ LHR = \"4 ms\", FRA = \"8 ms\", SIN = \"90 ms\" }}\n[[store]]\nkind = \"d1\"\nprimary = \"SIN\"\n[[store]]\nkind = \"kv\"\nclock_skew = {{ lab = \"-20 ms\" }}\n",
        workload("mix")
    );
    let network = accepted(&text).network;
    let codes: Vec<&str> = network.places.iter().map(|place| place.code.as_str()).collect();
    assert_eq!(codes, ["LHR", "lab", "FRA", "SIN"]);
    assert_eq!((network.edges, network.central.index()), (2, 2));
    let millis = |from: u16, to: u16| {
        network.rtt(consistency_sim::model::Location(from), consistency_sim::model::Location(to)).0 / 1_000_000
    };
    assert_eq!((millis(1, 0), millis(0, 1), millis(1, 3), millis(1, 1)), (4, 4, 90, 0));
    let consistency_sim::stores::StoreKind::KvPull(kv) = &accepted(&text).stores[1].kind else { panic!("a KV store") };
    assert_eq!(kv.common.clock_skew, [0, -20_000_000, 0, 0]);
}

#[test]
fn assumptions_say_what_is_not_published() {
    let scenario = accepted(&format!("name = \"a\"\n{}", workload("mix")));
    let value = |field: &str| {
        let found = scenario.assumptions.iter().find(|assumption| assumption.field == field);
        found.map(|assumption| assumption.value.as_str())
    };
    assert_eq!(value("d1.queue_limit"), Some("1000"));
    assert_eq!(value("kv.central_write"), Some("{ lognormal = { median = \"10 ms\", p99 = \"50 ms\" } }"));
    assert_eq!(value("central"), Some("\"FRA\""));
    assert!(value("network.rtt").is_some());
    assert_eq!(value("kv.cache_ttl"), None);
    assert_eq!(value("kv.delay"), None);
    let zero = accepted(&format!("name = \"a\"\n{}[network]\nzero = true\n", workload("mix")));
    assert!(zero.network.rtt.iter().all(|rtt| rtt.0 == 0));
    assert!(!zero.assumptions.iter().any(|assumption| assumption.field.starts_with("network")));
}

#[test]
fn only_the_named_stores_are_kept() {
    let mut scenario = accepted(&format!("name = \"a\"\n{}", workload("mix")));
    let unknown = scenario.keep_stores(&["d2".into()], "--store").expect_err("no such store");
    assert_eq!((unknown[0].code, unknown[0].file.as_str()), (codes::UNKNOWN_STORE, "--store"));
    scenario.keep_stores(&["durable_object".into(), "kv".into()], "--store").expect("two stores");
    assert_eq!(scenario.stores.iter().map(|store| store.name.as_str()).collect::<Vec<_>>(), ["kv", "durable_object"]);
    assert!(!scenario.assumptions.iter().any(|assumption| assumption.field.starts_with("d1.")));
}

#[test]
fn a_file_that_is_no_scenario_is_not_read_to_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let large = folder.path().join("large.toml");
    fs::File::create(&large).and_then(|file| file.set_len(1 << 30)).expect("a sparse file of a gigabyte");
    let code = |path: &Path| scenario::load(path).expect_err("no scenario")[0].code;
    assert_eq!(code(&large), codes::FILE_TOO_LARGE);
    assert_eq!(code(folder.path()), codes::FILE_IS_FOLDER);
    assert_eq!(code(&folder.path().join("absent.toml")), codes::FILE_UNREADABLE);
}

/// What the parser says about any text is well formed: known codes, places on characters.
fn judged(result: Result<Scenario, Vec<Diagnostic>>) {
    let Err(diagnostics) = result else { return };
    assert!(!diagnostics.is_empty(), "refused without a reason");
    for diagnostic in diagnostics {
        assert!(codes::find(diagnostic.code).is_some(), "{diagnostic:?}");
        assert!(!diagnostic.message.is_empty() && !diagnostic.message.ends_with('.'), "{diagnostic:?}");
        let span = diagnostic.span.clone().expect("a place in the text");
        assert!(diagnostic.source.get(span).is_some(), "{diagnostic:?}");
        assert!(diagnostic.line().is_some());
    }
}

const VALID: &str = r#"name = "flash-sale"
question = "Can shoppers see an old price?"
duration = "10 min"
warmup = "10 s"
edges = ["LHR", "IAD", "lab"]
central = "FRA"
[network]
jitter = { mixture = [ { weight = 0.9, law = "1 ms" }, { weight = 0.1, law = { pareto = { scale = "1 ms", shape = 2.1 } } } ] }
rtt = { LHR = { IAD = "75 ms" } }
[[place]]
code = "lab"
lat = 50.0
lon = 8.0
[workload]
kind = "mix"
keys = 500
popularity = { hot_set = { keys = "1 %", operations = "90 %" } }
reads = "20 /s per edge"
writes = "1 /min per key"
shape = { on_off = { on = "5 s", off = "55 s" } }
[[store]]
kind = "kv"
model = "push"
delay = { quantiles = { p0 = "40 ms", p50 = "107 ms", p95 = "181 ms" } }
clock_skew = { IAD = "-5 ms" }
[[store]]
kind = "cache_aside"
[store.cache]
cache_ttl = "30 s"
[[promise]]
name = "prices are never old"
metric = "stale_age.p99"
at_most = "5 s"
in = "95 % of replications"
"#;

#[test]
fn the_scenario_that_is_mutated_is_valid() {
    let scenario = accepted(VALID);
    assert_eq!((scenario.stores.len(), scenario.promises.len(), scenario.network.edges), (2, 1, 3));
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*|[a-z=\"'\\[\\]{}\\.,0-9 \r\n\t#%/\u{85}é漢]{0,300}", set in "\\PC*") {
        judged(parse(&text));
        judged(parse_with(VALID, &set));
    }

    #[test]
    fn no_mutation_makes_the_parser_panic(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..40, any::<prop::sample::Index>()), 1..5),
    ) {
        const BITS: [&str; 24] = [
            "", "\"", "nan", "inf", "-1", "0", "99999999999999999999999", "1e999", "true", "[]", "{}", "[", "}", "\"5 ms\"",
            "\"-5 s\"", "\"nan s\"", "\"20 /s per\"", "\"200 %\"", "=", "\n", "[[store]]\n", "kind = \"d1\"\n", "\u{feff}", "漢",
        ];
        let mut text: Vec<char> = VALID.chars().collect();
        for (at, length, bit) in cuts {
            let start = at.index(text.len() + 1);
            let end = (start + length).min(text.len());
            text.splice(start..end, BITS[bit.index(BITS.len())].chars());
        }
        judged(parse(&text.into_iter().collect::<String>()));
    }

    #[test]
    fn no_value_of_a_field_makes_the_parser_panic(leaf in any::<prop::sample::Index>(), value in "\\PC*|-?[0-9]{1,40}(\\.[0-9]{1,40})? ?(ns|us|ms|s|min|h|d|%|/s|/min per key)?|\\{ ?[a-z]{1,11} = ([0-9.]{1,5}|\\[\\]|\"[0-9]{1,3} s\") ?\\}") {
        let leaves = LEAVES.get_or_init(leaves);
        let leaf = &leaves[leaf.index(leaves.len())];
        judged(parse_with(&leaf.base, &format!("{}={value}", leaf.path)));
    }
}

static LEAVES: std::sync::OnceLock<Vec<Leaf>> = std::sync::OnceLock::new();

/// Snapshots of diagnostics hold nothing that differs between machines.
#[test]
fn snapshots_name_no_folder() {
    for file in bad_files() {
        let snapshot = fs::read_to_string(file.with_extension("stderr")).expect("a snapshot beside each bad scenario");
        assert!(!snapshot.contains(env!("CARGO_MANIFEST_DIR")), "{}", file.display());
        assert_data_eq!(snapshot.contains('\u{1b}').to_string(), "false");
    }
}
