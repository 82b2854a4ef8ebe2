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
