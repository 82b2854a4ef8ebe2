//! The commands around a run: explain a read of it, compare two of them, start a scenario, completions and manual.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command as Process, Stdio};

use snapbox::cmd::{Command, cargo_bin};

const SCENARIO: &str = r#"
name = "small"
question = "Is it old?"
duration = "20 min"
replications = 4
edges = 3
[workload]
kind = "mix"
keys = 2
reads = "0.5 /s per edge"
writes = "1 /min per key"
[[store]]
kind = "kv"
[[store]]
kind = "d1"
"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("small.toml"), SCENARIO).expect("written");
    folder
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    Command::new(cargo_bin!("consistency-sim")).env("NO_COLOR", "1").current_dir(folder).args(arguments)
}

/// Standard output of a command that ends well.
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = command(folder, arguments).assert().success().get_output().stdout.clone();
    String::from_utf8(output).expect("text")
}

fn failed(folder: &Path, arguments: &[&str]) -> String {
    let output = command(folder, arguments).assert().code(2).stdout_eq("").get_output().stderr.clone();
    String::from_utf8(output).expect("text")
}

#[test]
fn a_stale_read_of_a_run_is_explained() {
    let folder = folder();
    let path = folder.path();
    printed(path, &["run", "small.toml", "--no-charts", "--set", "store.kv.cache_ttl=45 s", "--store", "kv"]);
    let list = printed(path, &["explain", "read", "--run", "output/small"]);
    let id = list.split_whitespace().find(|word| word.starts_with("kv:")).expect("stale reads are listed");
    assert!(list.contains(&format!("consistency-sim explain read {id} --run output/small")), "{list}");
    let text = printed(path, &["explain", "read", id, "--run", "output/small"]);
    assert!(text.starts_with(&format!("Read {id} at ")) && text.contains("may be 45 s old"), "{text}");
    assert!(text.contains("<- stale") && text.contains("What would have prevented it:"), "{text}");
    // The whole run, with both stores: the other one's reads are the evidence.
    printed(path, &["run", "small.toml", "--no-charts"]);
    let text = printed(path, &["explain", "read", id, "--run", "output/small"]);
    assert!(text.contains("D1: none of its"), "{text}");
}

#[test]
fn a_read_that_cannot_be_explained_is_told_why() {
    let folder = folder();
    let path = folder.path();
    printed(path, &["run", "small.toml", "--no-charts"]);
    let explain = |id| failed(path, &["explain", "read", id, "--run", "output/small"]);
    assert!(explain("812").contains("`812` names no read; a read is named by its store, group and number"));
    assert!(explain("kx:0:1").contains("no store of this run is called `kx`; there are kv, d1"));
    assert!(explain("kv:7:1").contains("kv has the groups 0 to 1, and 7 is none of them"));
    assert!(explain("d1:0:1").contains("was not stale"));
    let scenario = path.join("output/small/scenario.toml");
    assert_eq!(std::fs::read_to_string(&scenario).expect("a copy"), SCENARIO, "what is not changed is copied");
    std::fs::write(&scenario, SCENARIO.replace("1 /min", "2 /min")).expect("written");
    assert!(explain("kv:0:1").contains("was changed after the run"));
    std::fs::remove_file(&scenario).expect("removed");
    assert!(explain("kv:0:1").contains("run the scenario again"));
}

#[test]
fn the_copy_of_a_scenario_repeats_the_run() {
    let folder = folder();
    let path = folder.path();
    printed(path, &["run", "small.toml", "--no-charts", "--seed", "9", "--set", "workload.popularity={ zipf = 0.9 }"]);
    printed(path, &["run", "output/small/scenario.toml", "--no-charts", "--out", "again"]);
    let digest = |folder: &str| {
        let text = std::fs::read_to_string(path.join(folder).join("small/summary.json")).expect("a summary");
        let summary: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        (summary["scenario_digest"].clone(), summary["digest"].clone())
    };
    assert_eq!(digest("output"), digest("again"));
}

#[test]
fn runs_are_compared_pair_by_pair() {
    let folder = folder();
    let path = folder.path();
    let run = |out: &str, more: &[&str]| {
        printed(path, &[&["run", "small.toml", "--no-charts", "--out", out], more].concat());
    };
    run("a", &[]);
    run("b", &["--set", "store.kv.cache_ttl=30 s"]);
    run("c", &["--seed", "2"]);
    run("d", &["--replications", "3", "--store", "kv"]);
    let same = printed(path, &["diff", "a/small", "a/small"]);
    assert!(same.contains("The runs agree in every figure"), "{same}");
    let paired = printed(path, &["diff", "a/small", "b/small"]);
    assert!(paired.contains("pair by pair") && paired.contains("The scenario was changed in between"), "{paired}");
    let age = paired.lines().find(|line| line.contains("stale_age.p99")).expect("a row");
    assert!(age.starts_with("Workers KV") && age.contains(" −") && age.contains('±'), "{age}");
    assert!(!paired.contains("\nD1 "), "D1 does not change: {paired}");
    let other = printed(path, &["diff", "a/small", "c/small", "--format", "markdown"]);
    assert!(other.contains("The seeds differ (1 and 2)") && other.contains("- The"), "{other}");
    let all = printed(path, &["diff", "a/small", "c/small", "--format", "markdown", "--all"]);
    assert!(all.contains("| Workers KV | `stale_read_rate` | ") && all.contains(" points"), "{all}");
    let fewer = printed(path, &["diff", "a/small", "d/small"]);
    assert!(
        fewer.contains("(4 and 3): there are no pairs") && fewer.contains("Only a/small has the store d1."),
        "{fewer}"
    );
    std::fs::remove_file(path.join("a/small/replications.csv")).expect("removed");
    assert!(printed(path, &["diff", "a/small", "b/small"]).contains("there are no intervals"));
}

#[test]
fn pairs_know_a_difference_better_than_independent_runs() {
    use consistency_sim::report::diff::{Run, diff};
    // Two runs whose replications rise and fall together, 0.1 apart.
    let values = [1.0, 3.0, 2.0, 5.0];
    let csv = |shift: f64| {
        let rows = values.iter().enumerate().map(|(n, value)| format!("kv,stale_age.p99,{n},{},1\n", value + shift));
        format!("store,metric,replication,hits,of\n{}", rows.collect::<String>())
    };
    let run = |seed: u32, mean: f64, shift: f64| {
        let metrics = serde_json::json!({ "stale_age.p99": { "value": mean } });
        let summary = serde_json::json!({ "seed": seed, "replications": 4, "digest": mean.to_string(),
            "stores": [{ "name": "kv", "label": "KV", "metrics": metrics }] });
        Run::new("run".into(), summary, &csv(shift))
    };
    let (a, b) = (run(1, 2.75, 0.0), run(1, 2.85, 0.1));
    let paired = diff(&a, &b);
    let [low, high] = paired.rows[0].interval.expect("an interval");
    assert!((low - 0.1).abs() < 1e-9 && (high - 0.1).abs() < 1e-9 && paired.rows[0].differs(), "{low} {high}");
    let independent = diff(&a, &run(2, 2.85, 0.1));
    // By hand: both variances are 35/12; their sum over 4 has the root 1.2076; t(0.975) with 6 degrees is 2.4469.
    let [low, high] = independent.rows[0].interval.expect("an interval");
    assert!(((high - low) / 2.0 - 2.954_9).abs() < 1e-3 && !independent.rows[0].differs(), "{low} {high}");
}

#[test]
fn a_scenario_to_start_from_is_written_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    assert!(printed(path, &["init"]).contains("rate_limit"));
    assert_eq!(std::fs::read_dir(path).expect("a folder").count(), 0, "a list writes nothing");
    assert_eq!(printed(path, &["init", "rate-limit"]), "wrote rate-limiting.toml\n");
    let file = path.join("rate-limiting.toml");
    assert!(printed(path, &["check", "rate-limiting.toml"]).contains("ok (rate_limit"));
    std::fs::write(&file, "mine").expect("written");
    assert!(failed(path, &["init", "rate_limit"]).contains("is there already"));
    assert_eq!(std::fs::read_to_string(&file).expect("still there"), "mine");
    printed(path, &["init", "trace"]);
    assert!(printed(path, &["check", "trace.toml"]).contains("ok"), "its rows are beside it");
}

#[test]
fn completions_and_manual_know_every_command() {
    let folder = tempfile::tempdir().expect("a folder");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let text = printed(folder.path(), &["completions", shell]);
        for command in ["run", "explain", "diff", "init", "judge"] {
            assert!(text.contains(command), "{shell}: {command}");
        }
    }
    assert!(printed(folder.path(), &["man"]).contains(".SH NAME"));
    printed(folder.path(), &["man", "--out", "."]);
    assert!(folder.path().join("consistency-sim-explain.1").exists());
}

#[test]
fn a_reader_that_goes_is_no_error() {
    for arguments in [vec!["explain"], vec!["completions", "bash"], vec!["man"], vec!["init"]] {
        let mut child = Process::new(cargo_bin!("consistency-sim"))
            .args(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a run");
        let mut first = String::new();
        let mut out = BufReader::with_capacity(16, child.stdout.take().expect("standard output"));
        out.read_line(&mut first).expect("a line");
        drop(out);
        let output = child.wait_with_output().expect("an end");
        assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}");
        assert!(!first.is_empty());
    }
}
