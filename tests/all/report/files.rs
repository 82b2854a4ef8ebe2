//! Writing: whole files or none, ours only, and the page that explains them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use consistency_sim::report;

use super::sample::{self, D1, KV, OBJECT};

fn outcome() -> consistency_sim::run::Outcome {
    let mut plan = sample::plan(sample::session(), &[KV, D1, OBJECT]);
    plan.reads_per_edge = 100;
    plan.replications = 3;
    sample::outcome(&plan)
}

fn tree(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(tree(&path));
        } else {
            found.insert(path.display().to_string());
        }
    }
    found
}

#[test]
fn the_same_bytes_twice() {
    assert_eq!(report::files(&outcome(), true), report::files(&outcome(), true));
}

#[test]
fn what_is_written_is_what_files_gives_and_its_list() {
    let dir = tempfile::tempdir().expect("a folder");
    let outcome = outcome();
    let written = report::write(dir.path(), &outcome, false).expect("written");
    let folder = dir.path().join("flash-sale");
    let named: BTreeSet<String> = written.iter().map(|path| path.display().to_string()).collect();
    assert_eq!(named, tree(dir.path()), "nothing else is left behind");
    for file in report::files(&outcome, false) {
        assert_eq!(fs::read(folder.join(&file.path)).expect("written"), file.bytes, "{}", file.path);
    }
}

#[test]
fn a_later_run_removes_what_is_ours_and_nothing_else() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path().join("flash-sale");
    let mut outcome = outcome();
    report::write(dir.path(), &outcome, true).expect("written");
    fs::write(folder.join("notes.txt"), "mine").expect("written");
    fs::write(folder.join("exposure.csv"), "changed by hand").expect("written");
    assert!(folder.join("charts/exposure.svg").exists() && folder.join("revoked_accepted.csv").exists());
    outcome.scenario.workload = sample::mix();
    report::write(dir.path(), &outcome, false).expect("written");
    assert!(!folder.join("charts").exists(), "no charts were asked for");
    assert!(!folder.join("revoked_accepted.csv").exists());
    assert!(folder.join("notes.txt").exists(), "not ours");
    assert!(folder.join("exposure.csv").exists(), "no longer ours");
}

#[test]
fn a_list_that_points_elsewhere_removes_nothing_there() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path().join("flash-sale");
    fs::create_dir(&folder).expect("made");
    fs::write(dir.path().join("other"), "").expect("written");
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let absolute = dir.path().join("other");
    let list = format!("{empty}  ../other\n{empty}  {}\n", absolute.display());
    fs::write(folder.join("SHA256SUMS"), list).expect("written");
    report::write(dir.path(), &outcome(), false).expect("written");
    assert!(absolute.exists());
}

#[test]
fn where_nothing_can_be_written_nothing_is_left() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("file");
    fs::write(&file, "here already").expect("written");
    let error = report::write(&file, &outcome(), false).expect_err("a file is no folder");
    assert!(error.to_string().contains("file"), "{error}");
    // A place that is taken by a folder: found before anything is renamed, or the list is never written.
    let folder = dir.path().join("flash-sale");
    fs::create_dir_all(folder.join(".summary.json.part")).expect("made");
    report::write(dir.path(), &outcome(), true).expect_err("the place beside is taken");
    assert_eq!(tree(dir.path()), BTreeSet::from([file.display().to_string()]));
    assert!(!folder.join("charts").exists());
}

#[test]
fn the_page_about_outputs_names_every_file_and_column() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("output/README.md")).expect("the page");
    let metrics = ["revoked_accepted.csv", "exposure.csv", "login_not_seen.csv"];
    for file in report::files(&outcome(), false) {
        let named = page.contains(&format!("`{}`", file.path)) || metrics.contains(&file.path.as_str());
        assert!(named, "{} is not explained", file.path);
        if file.path.ends_with(".csv") {
            let text = String::from_utf8(file.bytes).expect("text");
            for column in text.lines().next().unwrap_or("").split(',') {
                assert!(page.contains(&format!("`{column}`")), "{column} of {} is not explained", file.path);
            }
        }
    }
}
