//! `docs/validation.md`: what was compared with what, printed from the results of the tests themselves.
//!
//! To add a section: a function here that renders it, and its line in [`quick`] or [`slow`].

use std::fmt::Write as _;

use consistency_sim::metrics::CountId;
use consistency_sim::model::{Location, Span};

use crate::closed_forms::{Compared, pull_grid, push_grid, visibility_grid};
use crate::house::project;
use crate::intervals::{RATES, coverages, truth};
use crate::mutants::{Fault, caught};
use crate::pbs;
use crate::support::*;

const PAGE: &str = "docs/validation.md";
const COMMAND: &str = "cargo test --release --test all write_the_validation_page -- --ignored";

/// The trials of the slow sections.
const TRIALS: u64 = 20_000_000;
const RUNS: u32 = 400;

/// Sections that every run of the tests computes again and compares with the page.
fn quick() -> Vec<String> {
    vec![pull(), push(), visibility(), controls(), k_staleness(), mutants()]
}

/// Sections that take minutes.
fn slow() -> Vec<String> {
    vec![quorums(), intervals()]
}

fn table(title: &str, text: &str, header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let header: Vec<String> = header.iter().map(|cell| (*cell).to_owned()).collect();
    let rule: Vec<String> =
        header.iter().enumerate().map(|(n, _)| if n == 0 { "---" } else { "---:" }.into()).collect();
    let mut section = format!("## {title}\n\n{text}\n\n{}{}", line(&header), line(&rule));
    rows.into_iter().for_each(|row| section.push_str(&line(&row)));
    section
}

fn compared(title: &str, text: &str, rows: &[Compared]) -> String {
    let row = |row: &Compared| {
        let off = if row.error > 0.0 { format!("{:+.1}", row.off()) } else { "0".to_owned() };
        vec![
            row.what.clone(),
            format!("{:.4}", row.found),
            format!("{:.4}", row.error),
            format!("{:.4}", row.expected),
            off,
        ]
    };
    let header = ["case", "simulated", "standard error", "closed form", "standard errors apart"];
    table(title, text, &header, rows.iter().map(row))
}

fn pull() -> String {
    let text = "One location, no latency, reads and writes at random (Poisson), a cache that expires after its TTL τ: the \
                share of stale reads is λ/(1+λτ) · [τ − (1−e^(−μτ))/μ] with λ reads and μ writes per second. 40 \
                replications each; a difference of up to three standard errors passes.";
    compared("Workers KV as documented (pull): share of stale reads", text, pull_grid())
}

fn push() -> String {
    let text = "Each version reaches each location after a random delay D: the share of stale reads is 1 − E[e^(−μD)]. \
                Delays are conditioned to be at most 60 s. Log-normal, Pareto, mixture and quantiles have no closed form \
                and are integrated numerically.";
    compared("The teaching model (push): share of stale reads", text, push_grid())
}

fn visibility() -> String {
    let text = "The share of reads that a time t after a write still miss it: λ·max(0, τ−t)/(1+λτ), for rare writes. The \
                page shows every third of the points that the tests compare; up to four standard errors pass.";
    let shown: Vec<Compared> = visibility_grid().iter().step_by(3).cloned().collect();
    compared("t-visibility of a pull cache", text, &shown)
}

/// The same clients on a strong store, at several latencies, and on Workers KV.
fn controls() -> String {
    let text = "Stores that answer from one truth must score exactly zero, at any latency; Workers KV must not. The same \
                reads and writes for all; divergence is the share of time in which two locations would answer differently.";
    let mut rows = Vec::new();
    for milliseconds in [0, 80, 700] {
        let stores = vec![kv_pull(Span::from_secs(60)), d1(Location(4)), durable_object()];
        let mut scenario = scenario(network(4, Span::from_millis(milliseconds)), mix(5, 20.0, 1.0), stores);
        scenario.replications = 4;
        scenario.divergence = true;
        for store in &outcome(&scenario).stores {
            let count = |id| store.pooled.count(id);
            let (stale, diverged) = (count(CountId::StaleReads), count(CountId::Divergence));
            if store.name != "kv" {
                assert_eq!((stale.hits, diverged.hits), (0, 0), "{} at {milliseconds} ms", store.name);
            }
            rows.push(vec![
                format!("{}, {milliseconds} ms round trip", store.label),
                stale.hits.to_string(),
                stale.of.to_string(),
                format!("{:.4}", diverged.share().unwrap_or(0.0)),
            ]);
        }
    }
    table("Controls", text, &["store", "stale reads", "of", "divergence"], rows)
}

fn published(title: &str, text: &str, rows: &[pbs::Row]) -> String {
    let row = |row: &pbs::Row| {
        let off = if row.published == 0.0 { 0.0 } else { (row.found / row.published - 1.0) * 100.0 };
        vec![row.what.clone(), format!("{:.4}", row.found), format!("{:.4}", row.published), format!("{off:+.2} %")]
    };
    table(title, text, &["figure", "found", "expected", "apart"], rows.iter().map(row))
}

fn k_staleness() -> String {
    let text = "A read that asks R of N replicas misses each of the last k writes, which went to W of them, with \
                probability (C(N−W,R)/C(N,R))^k. 400,000 trials with the simulator's random streams; 1.5 % passes.";
    published("k-staleness of quorums", text, &pbs::k_staleness(400_000))
}

fn quorums() -> String {
    let text = "Probabilistically Bounded Staleness (Bailis et al., VLDB 2012): its model of quorums and its fitted \
                latencies, drawn by the simulator's laws and sampler, against 100 million trials of an independent \
                program. 20 million trials; 2 % passes for latencies, 1.5 % for shares. The figures that the paper prints \
                are 2 to 13 % lower, because its sweep over t stops at the first t that happens to do.";
    published("The published table of quorums", text, &pbs::table(TRIALS))
}

fn mutants() -> String {
    let text = "Faults planted in a store that is otherwise strong: the checks and metrics that are there for a fault must \
                catch it, and nothing may be found where there is none.";
    let row = |fault: &Fault| {
        let caught = caught(*fault);
        let words = [caught.linearizable, caught.read_your_writes, caught.monotonic_reads];
        let name = match caught.fault {
            Fault::None => "no fault",
            Fault::ReplicaGoesBack => "a replica that goes back",
            Fault::DroppedAcknowledgement => "acknowledgements dropped",
            Fault::LostWrite => "writes acknowledged and lost",
            Fault::EarlyAcknowledgement => "writes acknowledged too early",
        };
        let mut cells = vec![name.to_owned()];
        cells.extend(words.map(str::to_owned));
        cells.extend([caught.stale_reads.to_string(), caught.unanswered.to_string()]);
        cells
    };
    let header = ["fault", "linearizable", "read your writes", "monotonic reads", "stale reads", "unanswered"];
    table("Planted faults", text, &header, Fault::ALL.iter().map(row))
}

fn intervals() -> String {
    let (lambda, mu) = RATES;
    let text = format!(
        "A 95 % interval must hold the truth in 95 % of runs. {RUNS} small runs of one cache (reads {lambda}/s, writes \
         {mu}/s, TTL 60 s) whose truth is known: {:.5} of reads are stale. The last column is what the binomial interval \
         holds, which counts reads as independent: stale reads come in clusters, so it is far too narrow, and nothing here \
         uses it.",
        truth(lambda, mu)
    );
    let row = |(name, coverage): &(&str, crate::intervals::Coverage)| {
        let percent = |held: u32, of: u32| format!("{:.1} %", 100.0 * f64::from(held) / f64::from(of));
        vec![
            (*name).to_owned(),
            coverage.with_interval.to_string(),
            percent(coverage.held, coverage.with_interval),
            percent(coverage.binomial, coverage.runs),
        ]
    };
    let header = ["interval over", "runs that have one", "hold the truth", "binomial intervals that do"];
    table("Intervals", &text, &header, coverages(RUNS).map(|coverage| row(&coverage)))
}

fn page() -> String {
    let mut page = String::from(
        "# Validation\n\nWhat was compared with what, and how near it came. Every figure on this page is printed by the tests \
         that check it; the same code gives the same page. To repeat it all:\n\n",
    );
    let _ = write!(page, "    {COMMAND}\n    git diff {PAGE}        # nothing\n\n");
    page.push_str(
        "Everything but the last two sections is computed again by `cargo test`, which fails where this page says otherwise. \
         Not on this page, because they are yes or no: histories of Workers KV are judged not linearizable and those of a \
         Durable Object linearizable, by the checks and by trying every order (`tests/all/histories.rs`); the checks agree \
         with trying every order on random small histories (`tests/all/checks/reference.rs`); laws that hold whatever the \
         numbers are, on random scenarios (`tests/all/laws.rs`).\n",
    );
    for section in quick().into_iter().chain(slow()) {
        let _ = write!(page, "\n{section}");
    }
    page
}

#[test]
fn the_validation_page_says_what_the_tests_found() {
    let page = std::fs::read_to_string(project().join(PAGE)).expect("the page");
    for section in quick() {
        let title = section.lines().next().unwrap_or_default();
        assert!(page.contains(&section), "{title}: {PAGE} says otherwise; to renew it: {COMMAND}\n{section}");
    }
    assert!(page.contains(COMMAND));
}

#[test]
#[ignore = "minutes; scripts/check proofs runs it"]
fn proof_the_whole_validation_page_is_what_the_tests_find() {
    let old = std::fs::read_to_string(project().join(PAGE)).expect("the page");
    assert!(old == page(), "{PAGE} says otherwise; to renew it: {COMMAND}");
}

#[test]
#[ignore = "writes the page"]
fn write_the_validation_page() {
    std::fs::write(project().join(PAGE), page()).expect("a writable page");
}
