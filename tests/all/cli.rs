//! The command line: what it prints where, and its exit codes.

use std::io::Read;
use std::process::{Command as Process, Stdio};

use snapbox::cmd::{Command, cargo_bin};
use snapbox::str;

fn command(arguments: &[&str]) -> Command {
    Command::new(cargo_bin!("consistency-sim")).env("NO_COLOR", "1").args(arguments)
}

/// Sessions of the command line with what they print (TRYCMD=overwrite renews them).
#[test]
fn sessions_print_what_they_say() {
    trycmd::TestCases::new().env("NO_COLOR", "1").case("tests/data/cli/*.trycmd");
}

#[test]
fn the_schema_is_json_on_standard_output() {
    let output = Process::new(cargo_bin!("consistency-sim")).arg("schema").output().expect("a run");
    assert!(output.status.success() && output.stderr.is_empty());
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(schema, consistency_sim::scenario::schema());
}

/// Nobody reads on: no error, nothing on standard error.
#[test]
fn a_closed_pipe_is_no_error() {
    let mut child = Process::new(cargo_bin!("consistency-sim"))
        .arg("schema")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a run");
    // The schema is longer than a pipe holds, so the command is still writing when its reader goes.
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().expect("standard error").read_to_string(&mut said).expect("text");
    assert_eq!((child.wait().expect("an end").code(), said.as_str()), (Some(0), ""));
}

#[test]
fn colours_are_used_as_asked() {
    let bad = "tests/data/scenarios-bad/missing-name.toml";
    let errors = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut process = Process::new(cargo_bin!("consistency-sim"));
        process.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").envs(variables.iter().copied());
        let output = process.args(["check", bad]).args(arguments).output().expect("a run");
        String::from_utf8(output.stderr).expect("text")
    };
    let colored = |variables: &[(&str, &str)], arguments: &[&str]| errors(variables, arguments).contains('\u{1b}');
    assert!(!colored(&[], &[]), "standard error is no terminal here");
    assert!(colored(&[], &["--color", "always"]));
    assert!(colored(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!colored(&[("CLICOLOR_FORCE", "0")], &[]));
    assert!(!colored(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]));
    assert!(colored(&[("NO_COLOR", "1")], &["--color", "always"]), "an explicit wish wins");
    assert!(!colored(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]));
}

#[test]
fn one_bad_scenario_stops_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = folder.path().join("good.toml");
    std::fs::write(&good, "name = \"good\"\n[workload]\nkind = \"counter\"\n").expect("a file");
    let out = folder.path().join("out");
    let bad = "tests/data/scenarios-bad/missing-name.toml";
    let arguments = ["run", good.to_str().expect("a path"), bad, "--out", out.to_str().expect("a path")];
    command(&arguments).assert().code(2).stdout_eq("").stderr_eq(str![[r#"
error[S011]: `name` is missing
 --> tests/data/scenarios-bad/missing-name.toml:1:1
...
"#]]);
    assert!(!out.exists(), "nothing ran");
}

#[test]
fn stores_and_numbers_of_options_are_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("good.toml"), "name = \"good\"\n[workload]\nkind = \"counter\"\n")
        .expect("a file");
    let run =
        |arguments: &[&str]| command(&["run", "good.toml"]).args(arguments).current_dir(folder.path()).assert().code(2);
    run(&["--store", "kx"]).stderr_eq(str![[r#"
error[S097]: no store is called `kx`
 --> --store:1:1
  |
1 | kx
  | ^^ no such store
  |
  = help: did you mean `kv`?
  = help: the stores are: kv, d1, durable_object

1 mistake in --store

"#]]);
    run(&["--replications", "0"]).stderr_eq(str![[r#"
error[S026]: `replications` must be between 1 and 100,000
 --> --replications:1:14
  |
1 | replications=0
  |              ^ out of bounds

1 mistake in --replications

"#]]);
    run(&["good.toml"]).stderr_eq(str![[r#"
error: good.toml and good.toml are both called `good` and would write the same files

"#]]);
}

#[test]
fn without_scenarios_there_is_a_hint() {
    let folder = tempfile::tempdir().expect("a folder");
    command(&["run"]).current_dir(folder.path()).assert().code(2).stdout_eq("").stderr_eq(str![[r#"
error: no scenario is named, and there is no folder called scenarios here

"#]]);
}

/// Clients at six edges count on one key: KV takes one write a second of it, D1 has no such rule.
const COUNTER: &str = "tests/data/scenarios-good/counter.toml";

/// Runs the counter on one store; the exit code and what stands on standard error.
fn counted(store: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut process = Process::new(cargo_bin!("consistency-sim"));
    process.env("NO_COLOR", "1").args([
        "run",
        COUNTER,
        "--store",
        store,
        "--replications",
        "2",
        "--no-charts",
        "--out",
    ]);
    let output = process.arg(folder.path()).args(arguments).output().expect("a run");
    (output.status.code(), String::from_utf8(output.stderr).expect("text"))
}

#[test]
fn a_violated_limit_is_an_exit_code_where_it_is_denied() {
    let told = "counter: denied: kv: kv.writes_per_key (L001) is violated ";
    let (code, said) = counted("kv", &["--deny", "limits"]);
    assert_eq!(code, Some(11), "{said}");
    let line = said.lines().find(|line| line.starts_with(told)).expect("a line about the rule");
    assert!(
        line.contains(" times, first at t = ") && line.contains("“KV PUT failed: 429 Too Many Requests”"),
        "{line}"
    );
    let (code, said) = counted("kv", &["--deny", "limits", "--exit-zero"]);
    assert_eq!((code, said.contains(told)), (Some(0), true), "{said}");
    let (code, said) = counted("kv", &[]);
    assert_eq!((code, said.contains(told)), (Some(0), false), "{said}");
    let (code, said) = counted("d1", &["--deny", "limits"]);
    assert_eq!((code, said.contains("denied")), (Some(0), false), "{said}");
}

/// An object that cannot be reached refuses calls, which is no limit of the platform.
#[test]
fn refusals_by_a_fault_are_not_denied() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("outage.toml");
    let text = std::fs::read_to_string(COUNTER).expect("a scenario");
    let fault = "\n[[fault]]\nkind = \"object_partition\"\nstart = \"2 min\"\nlength = \"3 min\"\n";
    std::fs::write(&file, text + fault).expect("a file");
    let arguments = ["--store", "durable_object", "--replications", "1", "--no-charts", "--deny", "limits", "--out"];
    command(&["run", file.to_str().expect("a path")]).args(arguments).arg(folder.path()).assert().code(0);
    let summary = std::fs::read_to_string(folder.path().join("counter/summary.json")).expect("a summary");
    assert!(summary.contains("durable_object.connection_lost"), "calls were refused: {summary}");
}

/// Whoever waits for a promise must not be told of a limit instead.
#[test]
fn a_broken_promise_comes_before_a_violated_limit() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("promised.toml");
    let text = std::fs::read_to_string(COUNTER).expect("a scenario");
    let promise = "\n[[promise]]\nname = \"nothing is lost\"\nmetric = \"lost_update_rate\"\nat_most = \"0 %\"\n";
    std::fs::write(&file, text + promise).expect("a file");
    let arguments = ["--store", "kv", "--replications", "1", "--no-charts", "--deny", "limits", "--out"];
    command(&["run", file.to_str().expect("a path")]).args(arguments).arg(folder.path()).assert().code(10);
}

#[test]
fn a_store_that_one_thread_simulates_is_said_to_be_serial() {
    let out = tempfile::tempdir().expect("a folder");
    let said = |arguments: &[&str]| {
        let out = ["--no-charts", "--out", out.path().to_str().expect("UTF-8")];
        let all = [&["run", "scenarios/counters.toml"], &out[..], arguments].concat();
        String::from_utf8(command(&all).output().expect("it starts").stderr).expect("UTF-8")
    };
    let two = said(&["--replications", "2"]);
    assert!(two.contains("d1 is serial") && two.contains("the 2 replications run beside"), "{two}");
    let one = said(&["--replications", "1", "--store", "d1"]);
    assert!(one.contains("d1 is serial") && one.contains("with --replications N"), "{one}");
    assert!(!said(&["--replications", "1", "--threads", "1"]).contains("serial"), "one thread is what was asked for");
    assert!(!said(&["--replications", "2", "--store", "durable_object"]).contains("serial"), "an object for each key");
}
