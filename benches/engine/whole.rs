//! Whole runs of the scenarios that ship, one replication each, and the files of a report.

use std::path::{Path, PathBuf};

use consistency_sim::report;
use consistency_sim::run::{Options, Unwatched, run};
use consistency_sim::scenario::{Override, Scenario, load_with};
use divan::counter::ItemsCount;

const FOLDERS: [&str; 3] = ["scenarios", "scenarios/guidance", "scenarios/incidents"];

/// The scenarios' paths, from the project's folder.
fn shipped() -> Vec<String> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let inside = |folder: &str| {
        let entries = std::fs::read_dir(project.join(folder)).expect("the folder ships").flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| name.ends_with(".toml")).map(|name| format!("{folder}/{name}")).collect::<Vec<_>>()
    };
    let mut files: Vec<String> = FOLDERS.iter().flat_map(|folder| inside(folder)).collect();
    files.sort();
    files
}

fn scenario(file: &str) -> Scenario {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    load_with(&path, &[Override::set("replications=1")]).expect("it ships")
}

/// Loading, simulating and estimating; all stores together, in operations per second.
#[divan::bench(sample_count = 1, sample_size = 1, args = shipped())]
fn scenarios(bencher: divan::Bencher<'_, '_>, file: &str) {
    let options = Options { threads: 0, command: String::new() };
    let outcome = run(&scenario(file), &options, &Unwatched).expect("its trace is good");
    let operations: u64 = outcome.stores.iter().map(|store| store.pooled.operations).sum();
    bencher.counter(ItemsCount::new(operations as usize)).bench_local(|| run(&scenario(file), &options, &Unwatched));
}

/// The files of the first scenario of the course, in files per second; with charts, it is nearly all drawing.
#[divan::bench(sample_count = 3, sample_size = 1, args = [false, true])]
fn report_with_charts(bencher: divan::Bencher<'_, '_>, charts: bool) {
    let options = Options { threads: 0, command: String::new() };
    let outcome = run(&scenario("scenarios/put-then-get.toml"), &options, &Unwatched).expect("no trace is read");
    let files = report::files(&outcome, charts).len();
    bencher.counter(ItemsCount::new(files)).bench_local(|| report::files(&outcome, charts));
}
