//! Recommendations: traceable to their numbers, true on both sides of every boundary, and where the guidance says.

use std::path::{Path, PathBuf};

use consistency_sim::advise::{self, Search, decide, defaults, differences, guidance, knobs, sweep};
use consistency_sim::metrics::estimate::Scalar;
use consistency_sim::report;
use consistency_sim::report::charts::scene::Area;
use consistency_sim::report::charts::{self, Chart};
use consistency_sim::run::{Boundary, Options, Outcome, Prefer, PromiseOutcome, RunError, Unwatched, run};
use consistency_sim::scenario::{Origin, Override, Scenario, load, parse_with};
use snapbox::cmd::{Command, cargo_bin};

use crate::house::project;

/// Small enough to be run many times: one key's readers everywhere, and few writes.
const SMALL: &str = r#"
name = "small"
question = "?"
duration = "10 min"
edges = 4
replications = 6

[workload]
kind = "mix"
keys = 4
popularity = "uniform"
reads = "1 /s per edge"
writes = "2 /min"

[[promise]]
name = "reads are old for at most a second"
metric = "stale_age.max"
at_most = "1 s"

[[promise]]
name = "nearly all are answered"
metric = "availability"
at_least = "98 %"
"#;

fn scenario(text: &str, overrides: &[Override]) -> Option<Scenario> {
    let mut scenario = parse_with(text, &Origin::default(), overrides).ok()?;
    defaults::complete(&mut scenario);
    Some(scenario)
}

fn simulate(scenario: &Scenario) -> Result<Outcome, RunError> {
    run(scenario, &Options { threads: 0, command: "c".into() }, &Unwatched)
}

fn compared(text: &str, prefer: Prefer) -> Outcome {
    let mut outcome = simulate(&scenario(text, &[]).expect("a scenario")).expect("a run");
    advise::advise(&mut outcome, prefer, false);
    outcome
}

fn searched(text: &str, prefer: Prefer) -> Outcome {
    let mut outcome = compared(text, prefer);
    let search = Search {
        prefer,
        variant: &|overrides| scenario(text, overrides),
        options: &Options { threads: 0, command: "c".into() },
        operations: 3_000_000,
        watch: &|_| {},
    };
    advise::boundaries(&mut outcome, &search).expect("no trace is read");
    outcome
}

/// Runs the scenario on both sides of a boundary, as a user would with `--set`.
fn both_sides(text: &str, prefer: Prefer, boundary: &Boundary) -> [Option<usize>; 2] {
    [&boundary.before, &boundary.after].map(|side| {
        let set = Override::set(format!("{}={}", boundary.key, side.toml));
        let there = scenario(text, &[set]).unwrap_or_else(|| panic!("{} = {}", boundary.key, side.toml));
        decide::recommended(&simulate(&there).expect("a run"), prefer, None)
    })
}

#[test]
fn both_sides_of_every_boundary_give_the_answers_that_are_printed() {
    let mut kinds = Vec::new();
    for prefer in [Prefer::Cheapest, Prefer::Nearest] {
        let outcome = searched(SMALL, prefer);
        let advice = outcome.advice.as_ref().expect("advice");
        for boundary in &advice.boundaries {
            assert_eq!(boundary.before.store, advice.store(), "{boundary:?}");
            assert_ne!(boundary.after.store, advice.store(), "{boundary:?}");
            let answers = both_sides(SMALL, prefer, boundary);
            assert_eq!(answers, [boundary.before.store, boundary.after.store], "{boundary:?}");
            kinds.push(boundary.key.split('.').next().unwrap_or_default().to_string());
        }
        assert!(!advice.unmoved.is_empty(), "something was varied without effect");
    }
    assert!(kinds.iter().any(|kind| kind == "promise"), "a bound is among them: {kinds:?}");
    assert!(kinds.iter().any(|kind| kind != "promise"), "so is a field of the scenario: {kinds:?}");
}

#[test]
fn the_cheapest_and_the_nearest_are_what_they_say() {
    let text = SMALL.replace("at_most = \"1 s\"", "at_most = \"1 h\"");
    let cheapest = compared(&text, Prefer::Cheapest);
    let nearest = compared(&text, Prefer::Nearest);
    let keeping = &nearest.advice.as_ref().expect("advice").keeping;
    assert_eq!(keeping.len(), 3, "all keep so loose a promise");
    let latency =
        |outcome: &Outcome, store: usize| outcome.stores[store].estimate("read_latency.p50").map(|one| one.value);
    assert!(keeping.windows(2).all(|pair| latency(&nearest, pair[0]) <= latency(&nearest, pair[1])));
    assert_eq!(nearest.stores[keeping[0]].kind, "kv");
    let keeping = &cheapest.advice.as_ref().expect("advice").keeping;
    assert!(
        keeping
            .windows(2)
            .all(|pair| decide::cents(&cheapest.stores[pair[0]]) <= decide::cents(&cheapest.stores[pair[1]]))
    );
    // A bill by hand: four keys, two writes a minute and four reads a second are within what the plan includes.
    let bill = cheapest.stores[0].cost.as_ref().expect("a bill");
    let reads = cheapest.stores[0].pooled.count(consistency_sim::metrics::CountId::StaleReads).of as f64;
    let month = reads / (600.0 * 6.0) * 2_592_000.0;
    assert_eq!(bill.items[1].meter, "kv.reads");
    assert!((bill.items[1].quantity / month - 1.0).abs() < 1e-12, "{} {month}", bill.items[1].quantity);
    assert!((month / (4.0 * 2_592_000.0) - 1.0).abs() < 0.05, "{month}");
}

#[test]
fn differences_are_paired() {
    let outcome = compared(SMALL, Prefer::Cheapest);
    let rate = Scalar::named("stale_read_rate").expect("a metric");
    let difference = differences::difference(&outcome, 0, 1, rate).expect("both measured it");
    let [low, high] = difference.interval.expect("six replications");
    let share = |store: usize, n: usize| {
        let sample = outcome.stores[store].samples_of(rate).expect("samples")[n];
        sample.hits / sample.of
    };
    let mean = (0..6).map(|n| share(0, n) - share(1, n)).sum::<f64>() / 6.0;
    assert!((difference.value - mean).abs() < 1e-15 && low < mean && mean < high);
    // Strong stores see the same reads and writes and are never stale: no difference, and no doubt.
    let none = differences::difference(&outcome, 1, 2, rate).expect("both measured it");
    assert_eq!((none.value, none.interval), (0.0, Some([0.0, 0.0])));
}

/// Wilson's interval against figures computed elsewhere (R: `binom.confint(x, n, methods = "wilson")`).
#[test]
fn shares_of_replications_have_wilsons_interval() {
    let interval = |kept, of| PromiseOutcome { promise: 0, kept, of, met: true }.interval();
    for (kept, of, low, high) in [(10, 10, 0.722_467, 1.0), (0, 10, 0.0, 0.277_533), (15, 20, 0.531_299, 0.888_139)] {
        let [a, b] = interval(kept, of);
        assert!((a - low).abs() < 1e-4 && (b - high).abs() < 1e-4, "{kept} of {of}: {a} {b}");
    }
    assert_eq!(interval(0, 0), [0.0, 1.0]);
}

#[test]
fn every_workload_has_usual_promises_about_metrics_that_it_measures() {
    for (workload, _, metric, _) in defaults::DEFAULTS {
        assert!(Scalar::named(metric).is_some(), "{workload}: {metric}");
    }
    for word in
        ["put_then_get", "counter", "session", "feature_flag", "config", "rate_limit", "cache_aside", "mix", "trace"]
    {
        assert!(defaults::of(word).len() >= 2, "{word}");
        let text = format!(
            "name = \"a\"\nduration = \"30 min\"\nedges = 2\nreplications = 1\n[workload]\nkind = \"{word}\"\n"
        );
        let Some(scenario) = scenario(&text, &[]) else {
            assert_eq!(word, "trace", "it needs a file");
            continue;
        };
        let outcome = simulate(&scenario).expect("a run");
        for promise in &scenario.promises {
            let measured = outcome.stores.iter().any(|store| store.estimate(&promise.metric.name()).is_some());
            assert!(measured, "{word}: {}", promise.metric.name());
        }
        // Whatever is varied is a field that exists, and its present value changes nothing.
        let varied = knobs::of(&scenario);
        assert!(varied.len() >= 3, "{word}");
        for knob in varied {
            let same = parse_with(&text, &Origin::default(), &[knob.with(knob.now)]);
            let same = same.unwrap_or_else(|errors| panic!("{word}: {}: {errors:?}", knob.key));
            assert_eq!(
                (same.network, same.stores),
                (scenario.network.clone(), scenario.stores.clone()),
                "{}",
                knob.key
            );
        }
    }
}

fn guidance_scenarios() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(project().join("scenarios/guidance")).expect("the folder of the guidance");
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

/// The six rows, with few replications: which kinds keep every promise, and which is recommended.
pub fn guidance_outcomes() -> Vec<Outcome> {
    let outcome = |file: &PathBuf| {
        let mut scenario = load(file).unwrap_or_else(|errors| panic!("{}: {errors:?}", file.display()));
        scenario.replications = 3;
        let mut outcome = simulate(&scenario).expect("a run");
        advise::advise(&mut outcome, Prefer::Cheapest, false);
        outcome
    };
    guidance_scenarios().iter().map(outcome).collect()
}

#[test]
fn the_guidance_holds_where_it_is_said_to_hold() {
    let outcomes = guidance_outcomes();
    assert_eq!(outcomes.len(), guidance::GUIDANCE.len(), "a scenario for each row");
    for rule in guidance::GUIDANCE {
        let outcome = outcomes.iter().find(|outcome| outcome.scenario.workload.word() == rule.workload);
        let outcome = outcome.unwrap_or_else(|| panic!("no scenario for {}", rule.name));
        assert!(!outcome.scenario.promises.is_empty(), "{}: its promises are stated", rule.name);
        let keeps =
            |kv: bool| outcome.stores.iter().any(|store| guidance::is_kv(store.kind) == kv && store.keeps_all());
        assert_eq!(keeps(true), rule.kv, "{}: Workers KV", rule.name);
        assert_eq!(keeps(false), !rule.kv, "{}: the others", rule.name);
    }
    // Remarks say where Cloudflare or the figures differ.
    let remarks: Vec<String> = outcomes.iter().flat_map(report::guidance::remarks).collect();
    for said in [
        "need not be immediately consistent",
        "no page of Cloudflare's says D1",
        "Durable Object; it keeps every promise, and D1",
    ] {
        assert!(remarks.iter().any(|remark| remark.contains(said)), "{said}: {remarks:#?}");
    }
    looks_well(&charts::matrix::chart(&outcomes));
}

/// No text overlaps another or leaves the page.
fn looks_well(chart: &Chart) {
    let page = Area { left: 0.0, top: 0.0, right: chart.scene.width, bottom: chart.scene.height };
    let labels: Vec<_> = chart.scene.labels().collect();
    for (n, label) in labels.iter().enumerate() {
        assert!(page.contains(&label.area()), "{}: {:?} is cut off", chart.name, label.text);
        for letter in label.text.chars() {
            assert!(charts::font::has(letter, label.weight), "{}: {letter:?} in {:?}", chart.name, label.text);
        }
        for other in &labels[n + 1..] {
            assert!(!label.area().overlaps(&other.area()), "{}: {:?} on {:?}", chart.name, label.text, other.text);
        }
    }
}

#[test]
fn a_sweep_goes_on_where_it_stopped_and_writes_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("small.toml");
    std::fs::write(&file, SMALL).expect("a file");
    let sweep = |out: &str, more: &[&str]| {
        let out = folder.path().join(out);
        let vary = "promise.\"reads are old for at most a second\".at_most=1 s,2 min";
        let mut command = Command::new(cargo_bin!("consistency-sim")).env("NO_COLOR", "1").arg("sweep").arg(&file);
        command = command.args(["--vary", "edges=1..4:x2", "--vary", vary, "--out"]).arg(&out).args(more);
        command.assert().code(0);
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(&out).expect("results").map(|one| one.expect("one").path()).collect();
        assert_eq!(entries.len(), 1);
        entries.remove(0)
    };
    let read =
        |folder: &Path, name: &str| std::fs::read(folder.join(name)).unwrap_or_else(|_| panic!("{name} is missing"));
    let whole = sweep("whole", &[]);
    let mut points: Vec<PathBuf> =
        std::fs::read_dir(whole.join("points")).expect("points").map(|one| one.expect("one").path()).collect();
    points.sort();
    assert_eq!(points.len(), 6);
    let before = ["sweep.csv", "sweep.md", "charts/decision_map.svg"].map(|name| read(&whole, name));
    // Two points are lost, one of them half written; a third one is marked to show that it is not simulated again.
    std::fs::remove_file(&points[0]).expect("removed");
    std::fs::write(&points[1], b"{\"scenario_dig").expect("written");
    let marked = String::from_utf8(std::fs::read(&points[2]).expect("a point")).expect("text");
    std::fs::write(&points[2], marked.replace("\"name\":\"kv\"", "\"name\":\"marked\"")).expect("written");
    let again = sweep("whole", &["--resume"]);
    assert!(String::from_utf8_lossy(&read(&again, "sweep.csv")).contains(",marked,"));
    std::fs::write(&points[2], marked).expect("written");
    let again = sweep("whole", &["--resume"]);
    assert_eq!(before, ["sweep.csv", "sweep.md", "charts/decision_map.svg"].map(|name| read(&again, name)));
}

/// The commands of `docs/maps.md`, with fewer operations: each runs, and its chart shows a finding.
#[test]
fn the_maps_of_the_documents_are_drawn() {
    let text = std::fs::read_to_string(project().join("docs/maps.md")).expect("a document");
    let commands: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("consistency-sim ")).collect();
    assert!(commands.len() >= 5, "{commands:?}");
    for line in commands {
        let out = tempfile::tempdir().expect("a folder");
        let mut arguments: Vec<String> = Vec::new();
        for (n, part) in line.split('\'').enumerate() {
            match n % 2 {
                1 => arguments.push(part.to_string()),
                _ => arguments.extend(part.split_whitespace().map(String::from)),
            }
        }
        if line.contains("duration=") {
            arguments.extend(["--set", "duration=3 min", "--set", "warmup=1 min"].map(String::from));
        }
        arguments.extend(["--replications", "1", "--out"].map(String::from));
        arguments.push(out.path().display().to_string());
        let command = Command::new(cargo_bin!("consistency-sim")).env("NO_COLOR", "1").current_dir(project());
        command.args(&arguments).assert().code(0);
        let folder = std::fs::read_dir(out.path()).expect("results").next().expect("a sweep").expect("a folder").path();
        let wanted = text.split('`').filter(|code| code.starts_with("charts/by_") && code.ends_with(".png"));
        let charts = wanted.chain(["charts/decision_map.png"]).filter(|chart| folder.join(chart).exists()).count();
        assert!(charts >= 1, "{line} draws none of the charts that the page names");
    }
}

#[test]
fn shards_of_a_sweep_make_the_whole_to_the_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("small.toml"), SMALL).expect("a file");
    let command = |arguments: &[&str]| {
        let command = Command::new(cargo_bin!("consistency-sim")).env("NO_COLOR", "1").current_dir(folder.path());
        command.args(arguments).assert()
    };
    let sweep = ["sweep", "small.toml", "--vary", "edges=1..4:1", "--vary", "seed=1,2", "--out"];
    let run = |more: &[&str]| command(&[&sweep[..], more].concat());
    run(&["whole"]).code(0);
    let name = "small-by-edges-and-seed";
    let [a, b, whole] = ["a", "b", "whole"].map(|out| format!("{out}/{name}"));
    run(&["a", "--shards", "2", "--shard", "1"]).code(0);
    let incomplete = command(&["merge", &a]).code(3);
    let said = String::from_utf8_lossy(&incomplete.get_output().stdout).to_string();
    assert!(said.starts_with("4 of 8 points are missing: 1, 2; 2, 2; 3, 2; 4, 2"), "{said}");
    run(&["b", "--shards", "2", "--shard", "2", "--threads", "1"]).code(0);
    command(&["merge", &b, &a, "--out", "merged"]).code(0);
    for file in ["sweep.csv", "sweep.md", "charts/decision_map.svg", "charts/decision_map.png"] {
        let read = |out: &str| std::fs::read(folder.path().join(out).join(file)).expect("a file");
        assert!(read("merged") == read(&whole), "{file}");
    }
    command(&["sweep", "small.toml", "--vary", "edges=1,2", "--out", "c"]).code(0);
    command(&["merge", &a, "c/small-by-edges"]).code(2);
    run(&["d", "--shards", "2", "--shard", "3"]).code(2);
    command(&["merge", "whole"]).code(2);
}

fn swept(vary: &[&str]) -> sweep::Sweep {
    let axes: Vec<sweep::Axis> = vary.iter().map(|text| sweep::Axis::parse(text).expect("a range")).collect();
    let plain = scenario(SMALL, &[]).expect("a scenario");
    let cell = |point: &Vec<usize>| {
        let overrides: Vec<Override> = axes.iter().zip(point).map(|(axis, value)| axis.with(*value)).collect();
        let mut outcome = simulate(&scenario(SMALL, &overrides).expect("a scenario")).expect("a run");
        advise::advise(&mut outcome, Prefer::Nearest, false);
        sweep::Cell::of(&outcome, axes.iter().zip(point).map(|(axis, value)| axis.values[*value].clone()).collect())
    };
    let cells = sweep::points(&axes).iter().map(cell).collect();
    sweep::Sweep {
        name: plain.name.clone(),
        question: plain.question.clone(),
        workload: plain.workload.word().into(),
        seed: plain.seed,
        replications: plain.replications,
        command: "c".into(),
        words: axes.iter().map(|axis| sweep::Words::of(&plain, &axis.key)).collect(),
        axes,
        cells,
    }
}

#[test]
fn charts_of_sweeps_are_legible() {
    let tolerance = "promise.\"reads are old for at most a second\".at_most=1 s,30 s,90 s";
    let one = charts::sweep::charts(&swept(&["workload.writes=1 /min..16 /min:x2"]));
    let names: Vec<&str> = one.iter().map(|chart| chart.name.as_str()).collect();
    assert_eq!(names, ["by_stale_age_max", "by_stale_read_rate", "by_stale_age_p99", "by_read_latency_p50", "by_cost"]);
    let sweep = swept(&["workload.writes=1 /min,4 /min", tolerance]);
    let map = charts::sweep::charts(&sweep);
    assert_eq!(map.len(), 1);
    assert!(sweep.cells[0].recommended != sweep.cells[2].recommended, "tolerance decides: {:?}", sweep.cells);
    assert!(map[0].title.contains("Workers KV"), "{}", map[0].title);
    let wide = charts::sweep::charts(&swept(&["edges=1,2", "seed=1..24:1"]));
    for chart in one.iter().chain(&map).chain(&wide) {
        looks_well(chart);
    }
}

#[test]
fn promises_reach_the_tools_that_ask() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("small.toml"), SMALL).expect("a file");
    let command = |arguments: &[&str]| {
        Command::new(cargo_bin!("consistency-sim"))
            .env("NO_COLOR", "1")
            .args(arguments)
            .current_dir(folder.path())
            .assert()
    };
    let run = command(&[
        "run",
        "small.toml",
        "--no-charts",
        "--format",
        "github",
        "--export",
        "a/junit.xml",
        "--export",
        "all.csv",
    ])
    .code(10);
    let printed = String::from_utf8_lossy(&run.get_output().stdout).to_string();
    // The promise's name stands on line 16 of the file.
    assert!(printed.starts_with("::error file=small.toml,line=16,title=small%3A reads are old"), "{printed}");
    let junit = std::fs::read_to_string(folder.path().join("a/junit.xml")).expect("JUnit");
    assert!(junit.contains("tests=\"7\" failures=\"1\"") && junit.contains("<failure type=\"promise\""), "{junit}");
    let csv = std::fs::read_to_string(folder.path().join("all.csv")).expect("CSV");
    assert!(csv.starts_with("scenario,store,kind,metric,value,low,high,unit\nsmall,kv,kv,stale_read_rate,"), "{csv}");
    // A comparison decides although a store breaks a promise; where none keeps all, it says so with its exit code.
    command(&["compare", "small.toml", "--no-charts", "--no-search", "--format", "json"]).code(0);
    let none = [
        "--set",
        "promise.\"nearly all are answered\".metric=write_latency.p50",
        "--set",
        "promise.\"nearly all are answered\".at_least=1 h",
    ];
    let none: Vec<&str> = ["advise", "small.toml", "--no-charts", "--no-search"].into_iter().chain(none).collect();
    let said = command(&none).code(10);
    assert!(String::from_utf8_lossy(&said.get_output().stdout).contains("No store keeps every promise."));
    command(&[&none[..], &["--exit-zero"]].concat()).code(0);
    command(&["compare", "small.toml", "--export", "results.txt"]).code(2);
}
