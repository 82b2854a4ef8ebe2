//! Traces: the one that ships, bad ones, and real ones where they are at hand.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output};

use consistency_sim::metrics::{Count, CountId};
use consistency_sim::model::Span;
use consistency_sim::random::{Purpose, StreamKey};
use consistency_sim::run::{Contestant, Unit};
use consistency_sim::workloads::{
    Popularity, TraceConfig, TraceFile, TraceOperation, TraceSource, WorkloadConfig, trace_bytes, trace_file,
};

use crate::support::{d1, network, scenario, trace_source};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_consistency-sim")).args(arguments).output().expect("the program starts")
}

/// How `scenarios/traces/shop.csv` is made: 2,000 requests in ten minutes, a tenth of them writes.
fn shop() -> String {
    let mut stream = StreamKey::new(2026, 0, Purpose::Arrivals).stream(0);
    let shares = Popularity::Zipf { exponent: 0.9 }.shares(60);
    let places = ["LHR", "IAD", "GRU", "SIN", "SYD", "CPT"];
    let mut text = String::from("time_s,key,operation,size_bytes,ttl_s,location,client\n");
    let mut millis = 0;
    for _ in 0..2_000 {
        millis += stream.below(600);
        let mut left = consistency_sim::random::unit(stream.draw());
        let key = shares.iter().position(|share| {
            left -= share;
            left < 0.0
        });
        let key = key.unwrap_or(0);
        let client = stream.below(80);
        // A client asks from one place; now and then it travels.
        let place = if stream.below(20) == 0 { stream.below(6) } else { client % 6 } as usize;
        let (operation, ttl) = match stream.below(100) {
            0 => ("delete", ""),
            1..=9 => ("put", if stream.below(4) == 0 { "300" } else { "" }),
            _ => ("get", ""),
        };
        let size = 120 + (key as u64 * 37) % 900;
        let (seconds, rest) = (millis / 1000, millis % 1000);
        let _ = writeln!(
            text,
            "{seconds}.{rest:03},product:{key},{operation},{size},{ttl},{},client-{client}",
            places[place]
        );
    }
    text
}

#[test]
fn the_trace_that_ships_is_the_one_that_is_made_here() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/traces/shop.csv");
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        std::fs::write(&path, shop()).expect("the trace can be written");
    }
    let shipped = std::fs::read_to_string(path).expect("the trace is there");
    assert!(shipped == shop(), "run with SNAPSHOTS=overwrite to write it anew");
}

/// A scenario around a trace, in a folder of its own.
fn folder(trace: &[u8], more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("t.csv"), trace).expect("the trace can be written");
    let scenario = format!(
        "name = \"t\"\nedges = [\"LHR\", \"IAD\"]\nreplications = 1\n[workload]\nkind = \"trace\"\nfile = \"t.csv\"\n{more}\n"
    );
    std::fs::write(folder.path().join("t.toml"), scenario).expect("the scenario can be written");
    folder
}

const COLUMNS: &str =
    "columns = { time = \"t\", key = \"k\", operation = \"op\", ttl = \"ttl\", size = \"size\", location = \"at\" }";

#[test]
fn a_bad_trace_gets_a_clear_error_with_its_line_and_leaves_nothing() {
    let head = "t,k,op,ttl,size,at\n";
    let good = "0,a,get,,,LHR\n";
    let cases: Vec<(&str, Vec<u8>, &str, &str)> = vec![
        ("empty file", Vec::new(), "T003", "empty"),
        ("only a header", head.into(), "T003", "no row"),
        ("missing column", b"t,k\n0,a\n".to_vec(), "T002", "no column `op`"),
        ("short row", format!("{head}{good}1,a\n").into(), "T004", "t.csv:3"),
        ("not a time", format!("{head}{good}soon,a,get,,,LHR\n").into(), "T006", "t.csv:3"),
        ("a negative time", format!("{head}-1,a,get,,,LHR\n").into(), "T006", "`-1` is not a time"),
        ("NaN", format!("{head}NaN,a,get,,,LHR\n").into(), "T006", "`NaN`"),
        ("an infinite time", format!("{head}inf,a,get,,,LHR\n").into(), "T006", "`inf`"),
        ("a number with too many digits", format!("{head}{},a,get,,,LHR\n", "9".repeat(40)).into(), "T006", "999"),
        ("longer than ten years", format!("{head}{good}99999999999,a,get,,,LHR\n").into(), "T009", "ten years"),
        ("out of order", format!("{head}5,a,get,,,LHR\n4.5,a,get,,,LHR\n").into(), "T007", "0.5 s earlier"),
        ("unknown operation", format!("{head}0,a,frobnicate,,,LHR\n").into(), "T011", "`frobnicate`"),
        ("unknown place", format!("{head}0,a,get,,,XXX\n").into(), "T010", "LHR, IAD"),
        ("bad TTL", format!("{head}0,a,put,soon,,LHR\n").into(), "T008", "`soon`"),
        ("negative size", format!("{head}0,a,put,,-5,LHR\n").into(), "T008", "`-5`"),
        ("invalid UTF-8", [head.as_bytes(), b"0,\xff\xfe,get,,,LHR\n"].concat(), "T005", "UTF-8"),
        (
            "garbage",
            (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect(),
            "T002",
            "no column",
        ),
        (
            "a quote that never ends",
            format!("{head}{good}1,\"a,get,,,LHR\n{}", "2,b,get,,,LHR\n".repeat(200_000)).into(),
            "T001",
            "from line 3: a record is longer than",
        ),
        (
            "fields that never end",
            format!("{head}{good}1,{}", "\"a\n\",,,,".repeat(300_000)).into(),
            "T001",
            "a quote that never ends?",
        ),
        ("a line that never ends", [head.as_bytes(), &vec![b'x'; 3 << 20]].concat(), "T001", "longer than"),
    ];
    for (name, trace, code, words) in cases {
        let folder = folder(&trace, COLUMNS);
        let out = folder.path().join("out");
        let scenario = folder.path().join("t.toml");
        let output = run(&["run", scenario.to_str().expect("UTF-8"), "--out", out.to_str().expect("UTF-8")]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains(code) && said.contains(words), "{name}: expected {code} and `{words}` in\n{said}");
        assert!(output.stdout.is_empty() && !out.exists(), "{name}: something was left");
        let codes = consistency_sim::scenario::codes::ALL;
        assert!(codes.iter().any(|row| row.code == code), "{code} has no row in the table of codes");
    }
}

#[test]
fn a_gigabyte_without_a_line_break_is_refused_at_once() {
    let folder = folder(b"", COLUMNS);
    let file = std::fs::File::create(folder.path().join("t.csv")).expect("a file");
    // A hole of zeros: a gigabyte to read, nothing to store.
    file.set_len(1 << 30).expect("a long file");
    let output = run(&["check", folder.path().join("t.toml").to_str().expect("UTF-8")]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("T001") && said.contains("longer than"), "{said}");
}

#[test]
fn a_million_rows_stream() {
    let mut trace = String::from("t,k,op,ttl,size,at\n");
    for n in 0..1_000_000_u32 {
        let operation = if n % 50 == 0 { "put" } else { "get" };
        let at = if n % 3 == 0 { "LHR" } else { "IAD" };
        let _ = writeln!(trace, "{}.{:03},k{},{operation},,,{at}", n / 1000, n % 1000, n % 997);
    }
    let folder = folder(trace.as_bytes(), &format!("{COLUMNS}\n[[store]]\nkind = \"kv\""));
    let out = folder.path().join("out");
    let scenario = folder.path().join("t.toml");
    let arguments = ["run", scenario.to_str().expect("UTF-8"), "--no-charts", "--format", "json", "--out"];
    let output = run(&[&arguments[..], &[out.to_str().expect("UTF-8")]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json["stores"][0]["operations"], 1_000_000);
}

/// Rows of a trace that is too large to be read before it is replayed.
fn large() -> String {
    let mut trace = String::from("t,k,op,ttl,size,at\n");
    let mut n = 0_u32;
    while (trace.len() as u64) <= trace_bytes::SMALL_BYTES_MAX + 100_000 {
        let _ = writeln!(trace, "{}.{:03},product:{},get,,,LHR", n / 50, n % 50 * 20, n % 997);
        n += 1;
    }
    trace
}

#[test]
fn a_large_trace_is_read_once_and_its_mistakes_are_told_as_well() {
    let mut rows: Vec<String> = large().lines().map(str::to_string).collect();
    let wrong = rows.len() / 2;
    rows[wrong] = rows[wrong].replace("get", "frobnicate");
    let store = format!("{COLUMNS}\n[[store]]\nkind = \"kv\"");
    let folder = folder(rows.join("\n").as_bytes(), &store);
    let out = folder.path().join("out");
    let (scenario, into) = (folder.path().join("t.toml"), out.to_str().expect("UTF-8"));
    let scenario = scenario.to_str().expect("UTF-8");
    let told = |arguments: &[&str]| {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !out.exists(), "{arguments:?}: something was left");
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    let checked = told(&["check", scenario]);
    assert!(checked.contains("T011") && checked.contains(&format!("t.csv:{}", wrong + 1)), "{checked}");
    assert!(checked.contains("frobnicate"), "the row is shown: {checked}");
    assert_eq!(told(&["run", scenario, "--out", into]), checked);
    assert_eq!(told(&["run", scenario, "--check-determinism"]), checked);
    assert_eq!(told(&["compare", scenario, "--out", into]), checked);
}

#[test]
fn two_large_traces_in_one_file_are_out_of_order_and_not_cut_short() {
    let rows = large();
    let again = rows.split_once('\n').expect("a header").1;
    let folder =
        folder(format!("{rows}{}", &again[..=again[..again.len() / 2].rfind('\n').expect("rows")]).as_bytes(), COLUMNS);
    let output = run(&["run", folder.path().join("t.toml").to_str().expect("UTF-8"), "--no-charts"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("T007") && said.contains("later than the last one"), "{said}");
}

#[test]
fn the_ends_of_a_large_trace_tell_its_length() {
    let rows = large();
    let places = ["LHR".to_string()];
    let cases = [
        ("as it is", rows.clone()),
        ("without a line break at the end", rows.trim_end().to_string()),
        ("with empty lines at the end", format!("{rows}\r\n\n")),
        ("other line breaks", rows.replace('\n', "\r\n")),
        ("quoted over two lines at the end", format!("{rows}99999,\"a\n1,b\",get,,,LHR\n")),
        ("a row before the first at the end", format!("{}0,b,get,,,LHR\n", rows.replace("\n0.", "\n1."))),
        ("wrong at the end", format!("{rows}soon,b,get,,,LHR\n")),
    ];
    for (name, trace) in cases {
        let folder = folder(trace.as_bytes(), COLUMNS);
        let file = TraceFile::Path { written: "t.csv".into(), resolved: folder.path().join("t.csv") };
        let source = TraceSource { location: Some("at".into()), time_scale: 0.5, ..trace_source(file, 1_000_000_000) };
        let whole = trace_file::inspect(&source, &places);
        assert_eq!(trace_file::look(&source, &places), whole, "{name}");
        assert_eq!(whole.is_err(), name.starts_with("a row before") || name.starts_with("wrong"), "{name}: {whole:?}");
    }
}

/// A client that asks again before its first answer is there knows nothing yet that its second answer could fall behind.
#[test]
fn a_client_knows_what_it_has_read_when_the_answer_is_there() {
    let rows = "t,k,op,who\n0,a,put,writer\n1000,a,get,reader\n1075,a,get,reader\n1200,a,get,reader\n";
    let file = TraceFile::Bytes(rows.as_bytes().into());
    let source = TraceSource { client: Some("who".into()), ..trace_source(file, 1_000_000) };
    let config =
        TraceConfig { source, default_operation: TraceOperation::Get, write_share: 0.0, readers: None, values: None };
    // The store is 50 ms away: it answers the first read after 50 ms, and the answer is there after 100 ms.
    let network = network(1, Span::from_millis(100));
    let central = network.central;
    let mut scenario = scenario(network, WorkloadConfig::Trace(config), vec![d1(central)]);
    (scenario.duration, scenario.warmup) = (Span::from_secs(2), Span::ZERO);
    let whole = Unit { store: 0, replication: 0, share: 0, shares: 1 };
    let measured = Contestant::all(&scenario)[0].simulate(whole).expect("a good trace");
    assert_eq!(measured.count(CountId::StaleReads), Count { hits: 0, of: 3 });
    // Of the three reads only the last one starts when an answer is there.
    assert_eq!(measured.count(CountId::MonotonicReads), Count { hits: 0, of: 1 });
}

/// A real trace of `../shared/data/traces`, if it is there.
fn real(file: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/traces").join(file);
    if path.exists() {
        return Some(path.to_str().expect("UTF-8").to_string());
    }
    eprintln!("skipped: {} is not here", path.display());
    None
}

fn figures(scenario: &str) -> serde_json::Value {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("real.toml");
    std::fs::write(&file, scenario).expect("the scenario can be written");
    let out = folder.path().join("out");
    let arguments = ["run", file.to_str().expect("UTF-8"), "--no-charts", "--format", "json", "--out"];
    let output = run(&[&arguments[..], &[out.to_str().expect("UTF-8")]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn value(json: &serde_json::Value, store: usize, metric: &str) -> f64 {
    json["stores"][store]["metrics"][metric]["value"].as_f64().unwrap_or_else(|| panic!("{metric} was not measured"))
}

#[test]
fn real_flag_changes_run() {
    let Some(file) = real("ddg_flag_events_2025H2.csv") else { return };
    let json = figures(&format!(
        "name = \"flags\"\nedges = 6\nreplications = 2\n[workload]\nkind = \"trace\"\nfile = \"{file}\"\n\
         time_unit = \"s\"\ncolumns = {{ time = \"unix_time\", key = \"key\", operation = \"op\", size = \"value_bytes\" }}\n\
         placement = \"per_row\"\nreaders = {{ rate = \"6 /min per edge\", within = \"2 min\" }}\n"
    ));
    let (kv, d1) = (value(&json, 0, "stale_read_rate"), value(&json, 1, "stale_read_rate"));
    println!("flag changes: KV stale within 2 min of a change {kv:.4}, D1 {d1}");
    // Readers at λ = 0.1/s per edge meet each write in the midst of a cache generation: about half of the minute after
    // it is stale at other edges, of four minutes that are read.
    assert!((0.05..0.20).contains(&kv), "{kv}");
    assert_eq!(d1, 0.0);
    assert!(value(&json, 0, "stale_age.max") < 61.5);
}

#[test]
fn real_twitter_reads_run() {
    let Some(file) = real("twitter_cluster52_first100k.csv") else { return };
    let json = figures(&format!(
        "name = \"twitter\"\nedges = 6\nreplications = 1\n[workload]\nkind = \"trace\"\nfile = \"{file}\"\n\
         time_unit = \"s\"\ncolumns = {{ time = \"time\", key = \"object\", size = \"size\" }}\n\
         default_operation = \"get\"\nwrite_share = \"1 %\"\n"
    ));
    assert_eq!(json["stores"][0]["operations"], 100_000);
    let (kv, hits) = (value(&json, 0, "stale_read_rate"), value(&json, 0, "hit_ratio"));
    println!("Twitter reads with 1 % made writes: KV stale {kv:.4}, hit ratio {hits:.4}");
    // Almost all reads come within a minute of the last one of their key, so that what is written is seen late.
    assert!(kv > 0.05 && kv < 0.5 && hits > 0.3, "{kv} {hits}");
    assert_eq!(value(&json, 1, "stale_read_rate"), 0.0);
    assert_eq!(value(&json, 2, "stale_read_rate"), 0.0);
}

#[test]
fn real_bursts_run_against_a_rate_limit() {
    let Some(file) = real("AzureLLMInferenceTrace_code.csv") else { return };
    let json = figures(&format!(
        "name = \"bursts\"\nedges = 6\nreplications = 2\n[workload]\nkind = \"rate_limit\"\nlimit = 100\nwindow = \"1 min\"\n\
         locations = 6\n[workload.arrivals]\nfile = \"{file}\"\ntime_unit = \"datetime\"\ncolumns = {{ time = \"TIMESTAMP\" }}\n"
    ));
    let over = value(&json, 0, "overshoot.mean");
    println!("bursts against 100 a minute: KV admits {over:.0} too many in a window on average");
    assert!(over > 10.0, "{over}");
    assert_eq!(value(&json, 1, "overshoot.max"), 0.0);
    assert_eq!(value(&json, 2, "overshoot.max"), 0.0);
}
