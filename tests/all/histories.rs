//! Whole histories of runs: written in both forms, judged from the files, by the checks and by trying every order.

use std::path::Path;
use std::process::{Command, Output};

use consistency_sim::history::format::read;
use consistency_sim::history::judged::{Log, Reading};
use consistency_sim::history::{Note, jsonl};
use consistency_sim::model::Span;
use consistency_sim::run::{RecordError, Recording};
use consistency_sim::scenario::{Origin, Scenario, parse};

use crate::checks::reference::linearizable_by_trying_everything;
use crate::checks::verdict;
use crate::support;

/// One key, read four times a minute at two places and written once.
const SMALL: &str = r#"
name = "small"
duration = "3 min"
edges = ["LHR", "SYD"]
replications = 1
[workload]
kind = "mix"
keys = 1
reads = "4 /min"
writes = "1.5 /min"
[[store]]
kind = "kv"
[[store]]
kind = "durable_object"
"#;

fn program(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_consistency-sim"));
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1").output().expect("a run")
}

/// What the independent reference says of a file, and what `judge` says.
fn judged(folder: &Path, file: &str) -> (bool, bool) {
    let text = std::fs::read_to_string(folder.join(file)).expect("a history");
    let input = read(&text, None).expect("a history that is understood");
    let output = program(folder, &["judge", file, "--check", "linearizable"]);
    let code = output.status.code().expect("an exit code");
    assert!(code == 0 || code == 10, "{}", String::from_utf8_lossy(&output.stderr));
    (linearizable_by_trying_everything(&input.log, input.reading), code == 0)
}

/// The program writes, the program judges, and a reference that shares no code with the checks tries every order.
#[test]
fn exported_histories_are_judged_as_the_stores_deserve() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("small.toml"), SMALL).expect("a file");
    let mut broken = 0;
    for seed in 1..=12 {
        let seed = seed.to_string();
        for ending in ["edn", "jsonl"] {
            let file = format!("h.{ending}");
            let arguments = ["run", "small.toml", "--seed", &seed, "--history", &file, "--no-charts"];
            let output = program(folder.path(), &arguments);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let object = judged(folder.path(), &format!("h.durable_object.{ending}"));
            assert_eq!(object, (true, true), "a Durable Object, seed {seed}, {ending}");
            let (by_reference, by_judge) = judged(folder.path(), &format!("h.kv.{ending}"));
            assert_eq!(by_reference, by_judge, "Workers KV, seed {seed}, {ending}");
            broken += u32::from(!by_judge);
        }
    }
    assert!(broken >= 12, "only {broken} of 24 histories of Workers KV are not linearizable");
}

#[test]
fn both_forms_say_the_same() {
    let mut scenario = scenario(SMALL);
    scenario.duration = Span::from_secs(3600);
    for store in 0..2 {
        let recording = Recording::new(&scenario, store, 100_000).expect("short enough");
        let mut edn = Vec::new();
        recording.write_edn(&mut edn).expect("memory");
        let mut lines = Vec::new();
        recording.write_jsonl(&mut lines).expect("memory");
        let lines = String::from_utf8(lines).expect("text");
        let edn = read(&String::from_utf8(edn).expect("text"), None).expect("EDN");
        assert_eq!(jsonl::read(&lines).expect("JSON lines").len(), 1);
        let lines = read(&lines, None).expect("JSON lines");
        // The write of what was there at the start is one more.
        assert_eq!(edn.log.operations.len(), lines.log.operations.len() + 1);
        assert_eq!(lines.log.operations.len(), recording.operations());
        for check in ["linearizable", "read-your-writes", "monotonic-reads"] {
            let of_edn = verdict(check, &edn.log, edn.reading).word();
            assert_eq!(of_edn, verdict(check, &lines.log, lines.reading).word(), "{check} of store {store}");
            if check == "linearizable" {
                assert_eq!(of_edn, if store == 0 { "broken" } else { "holds" });
            }
        }
    }
}

#[test]
fn a_history_that_is_too_long_is_refused_and_says_so() {
    let scenario = scenario(SMALL);
    let whole = Recording::new(&scenario, 1, 1_000).expect("short enough");
    let count = whole.operations();
    assert!(Recording::new(&scenario, 1, count).is_ok());
    assert_eq!(Recording::new(&scenario, 1, count - 1), Err(RecordError::TooLong { bound: count - 1 }));
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("small.toml"), SMALL).expect("a file");
    let said = |arguments: &[&str]| {
        let output = program(folder.path(), &[&["run", "small.toml", "--no-charts"], arguments].concat());
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).expect("text")
    };
    let text = said(&["--store", "durable_object", "--history", "h.edn", "--history-max", "3"]);
    assert!(text.contains("more than 3 operations") && text.contains("raise --history-max"), "{text}");
    assert!(!folder.path().join("h.edn").exists());
    let text = said(&["--history", "h.txt"]);
    assert!(text.contains("h.txt: the file must end in .jsonl or .edn"), "{text}");
    assert!(!folder.path().join("output/h").exists(), "nothing ran");
}

/// A key that expires is removed by nobody: without the expiry, the history makes no sense.
#[test]
fn expiries_are_part_of_the_history() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("trace.csv"),
        "time,key,op,ttl,location\n0,a,put,60,LHR\n10,a,get,,LHR\n90,a,get,,LHR\n100,a,put,60,LHR\n130,a,put,90,LHR\n\
         190,a,get,,LHR\n250,a,get,,LHR\n",
    )
    .expect("a file");
    let text = r#"
name = "expiries"
edges = ["LHR"]
[workload]
kind = "trace"
file = "trace.csv"
columns = { time = "time", key = "key", operation = "op", ttl = "ttl", location = "location" }
[[store]]
kind = "kv"
cache_ttl = "30 s"
"#;
    let origin = Origin { folder: folder.path().to_path_buf(), ..Origin::default() };
    let scenario = parse(text, &origin).expect("a scenario");
    let recording = Recording::new(&scenario, 0, 100).expect("short enough");
    let history = &recording.parts[0].1;
    let expired = |note: &Note| matches!(note, Note::Expired { .. });
    let expiries = history.notes.iter().filter(|noted| expired(&noted.note)).count();
    assert_eq!(expiries, 2, "the put of 100 s was replaced before: {:?}", history.notes);
    assert_eq!(verdict("linearizable", &recording.log(), Reading::default()).word(), "holds");
    let mut without = history.clone();
    without.notes.retain(|noted| !expired(&noted.note));
    assert_eq!(verdict("linearizable", &Log::of(&without), Reading::default()).word(), "broken");
    let mut lines = Vec::new();
    recording.write_jsonl(&mut lines).expect("memory");
    let again = jsonl::read(&String::from_utf8(lines).expect("text")).expect("JSON lines");
    assert_eq!(again, recording.parts.iter().map(|part| fill(part.clone())).collect::<Vec<_>>());
}

/// What writing fills in.
fn fill(
    (header, history): (jsonl::Header, consistency_sim::history::History),
) -> (jsonl::Header, consistency_sim::history::History) {
    let header = jsonl::Header { schema: jsonl::SCHEMA.to_owned(), bound: history.bound as u64, ..header };
    (header, history)
}

fn scenario(text: &str) -> Scenario {
    parse(text, &Origin::default()).unwrap_or_else(|diagnostics| panic!("{diagnostics:?}"))
}

/// Parts share neither keys nor clients, so a history of many parts is judged as one.
#[test]
fn a_history_of_many_partitions_keeps_them_apart() {
    let mut scenario = support::scenario(
        support::network(3, Span::from_millis(80)),
        support::mix(5, 2.0, 0.5),
        vec![support::kv_pull(Span::from_secs(60)), support::durable_object()],
    );
    scenario.duration = Span::from_secs(900);
    let kv = Recording::new(&scenario, 0, 10_000).expect("short enough");
    assert_eq!((kv.parts.len(), kv.log().keys.len()), (5, 5));
    let reading = Reading { initial: Some(0).into(), ..Reading::default() };
    assert_eq!(verdict("linearizable", &kv.log(), reading).word(), "broken");
    let object = Recording::new(&scenario, 1, 10_000).expect("short enough");
    assert_eq!(verdict("linearizable", &object.log(), reading).word(), "holds");
    assert_eq!(object.operations(), kv.operations(), "every store meets the same requests");
}

/// Whoever judges a history must know when the platform was at fault.
#[test]
fn faults_are_part_of_the_history() {
    let text = "name = \"f\"\nquestion = \"?\"\nduration = \"10 min\"\nedges = [\"LHR\"]\ncentral = \"FRA\"\n\
        [workload]\nkind = \"mix\"\nkeys = 1\nreads = \"1 /s per edge\"\nwrites = \"1 /min per key\"\n\
        [[store]]\nkind = \"kv\"\n[[store]]\nkind = \"d1\"\n\
        [[fault]]\nkind = \"central_outage\"\nstart = \"2 min\"\nlength = \"1 min\"\n\
        [[fault]]\nkind = \"cut\"\nplace = \"LHR\"\nstart = \"5 min\"\nlength = \"1 min\"\nstore = \"d1\"\n";
    let scenario = scenario(text);
    let told = |store| {
        let mut bytes = Vec::new();
        Recording::new(&scenario, store, 10_000).expect("short enough").write_jsonl(&mut bytes).expect("memory");
        let parts = jsonl::read(std::str::from_utf8(&bytes).expect("text")).expect("what was written");
        parts[0].0.faults.iter().map(|fault| (fault.kind.clone(), fault.from_ns / 1_000_000_000)).collect::<Vec<_>>()
    };
    assert_eq!(told(0), [("central_outage".to_owned(), 120)]);
    assert!(told(1).contains(&("cut".to_owned(), 300)), "the fault of one store alone: {:?}", told(1));
}
