//! The finding in sentences, made from the numbers and true for every outcome.

use crate::metrics::table::Unit;
use crate::run::{Outcome, StoreOutcome};

use super::emphasis::{self, Line};
use super::figures;

/// Each store that measured the line, with the figure by which it is ranked.
fn measured(outcome: &Outcome, line: Line) -> Vec<(&StoreOutcome, f64)> {
    let name = line.name();
    // A store without stale reads has no age of stale reads; beside one that has, its age is zero.
    let value = |store: &StoreOutcome| {
        store.estimate(&name).map(|estimate| estimate.value).or_else(|| emptied(store, line).then_some(0.0))
    };
    outcome.stores.iter().filter_map(|store| value(store).map(|value| (store, value))).collect()
}

/// Whether a figure about stale reads is missing because reads were measured and none was stale.
pub fn emptied(store: &StoreOutcome, line: Line) -> bool {
    use crate::metrics::{CountId, DistributionId};
    let about_stale_reads = matches!(line, Line::Figures(DistributionId::StaleAge | DistributionId::VersionLag, _));
    let reads = store.pooled.count(CountId::StaleReads);
    about_stale_reads && reads.of > 0 && reads.hits == 0
}

/// Sentences that say what a line of the comparison shows, the fullest first, each true by itself; none where nothing
/// was measured.
pub fn headlines(outcome: &Outcome, line: Line) -> Vec<String> {
    let stores = measured(outcome, line);
    let words = emphasis::sentence(line);
    let unit = line.row().unit;
    let Some((worst, most)) = stores.iter().copied().reduce(|a, b| if b.1 > a.1 { b } else { a }) else {
        return Vec::new();
    };
    if most == 0.0 {
        return vec![words.all_zero.to_string()];
    }
    let claim = format!("{} {}", worst.label, words.worst.replace("{}", &figures::value(unit, most)));
    let clean: Vec<&str> = stores.iter().filter(|(_, value)| *value == 0.0).map(|(store, _)| &*store.label).collect();
    let least = stores
        .iter()
        .copied()
        .filter(|(store, _)| store.name != worst.name)
        .reduce(|a, b| if b.1 < a.1 { b } else { a });
    let mut sentences = Vec::new();
    match (clean.as_slice(), least) {
        ([], Some((store, value))) => {
            sentences.push(format!("{claim}; {}: {}", store.label, figures::value(unit, value)));
        }
        ([], None) => {}
        (names, _) => {
            sentences.push(format!("{claim}; {}: {}", names.join(", "), words.zero));
            sentences.push(format!("{claim}; {} of {} stores: {}", names.len(), stores.len(), words.zero));
        }
    }
    sentences.push(claim);
    sentences
}

/// The finding of a run: its harm, its stale reads, its promises and its refusals, a sentence each.
pub fn sentences(outcome: &Outcome) -> Vec<String> {
    let harm = emphasis::of(outcome.scenario.workload.word()).harm;
    let first = harm.iter().find_map(|line| headlines(outcome, *line).into_iter().next());
    let stale = headlines(outcome, Line::Share(crate::metrics::CountId::StaleReads)).into_iter().next();
    let mut sentences: Vec<String> = Vec::new();
    for sentence in first.into_iter().chain(stale) {
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    sentences.extend(age(outcome));
    sentences.extend(promises(outcome));
    let faults = outcome.scenario.network.faults.all().iter();
    sentences.extend(faults.map(|fault| format!("A fault, {}", super::faults::sentence(&outcome.scenario, fault))));
    sentences.extend(refusals(outcome));
    if sentences.is_empty() {
        sentences.push("Nothing was measured".to_string());
    }
    sentences.iter().map(|sentence| format!("{sentence}.")).collect()
}

/// How old the stale reads of the stalest store were.
fn age(outcome: &Outcome) -> Option<String> {
    let (store, p99) = outcome
        .stores
        .iter()
        .filter_map(|store| store.estimate("stale_age.p99").map(|estimate| (store, estimate.value)))
        .reduce(|a, b| if b.1 > a.1 { b } else { a })?;
    let p99 = figures::value(Unit::Seconds, p99);
    Some(match store.estimate("stale_age.max") {
        Some(max) => {
            let max = figures::value(Unit::Seconds, max.value);
            format!("Stale reads from {} were out of date for up to {max} (p99 {p99})", store.label)
        }
        None => format!("Stale reads from {} were out of date for {p99} at the 99th percentile", store.label),
    })
}

fn promises(outcome: &Outcome) -> Vec<String> {
    let mut sentences = Vec::new();
    for (index, promise) in outcome.scenario.promises.iter().enumerate() {
        let judged = |met: bool| -> Vec<&str> {
            let holds = |store: &&StoreOutcome| store.promises.iter().any(|p| p.promise == index && p.met == met);
            outcome.stores.iter().filter(holds).map(|store| &*store.label).collect()
        };
        let (keeps, breaks) = (judged(true), judged(false));
        let sentence = match (keeps.is_empty(), breaks.is_empty()) {
            (true, true) => continue,
            (false, true) => format!("“{}” was kept by {}", promise.name, keeps.join(", ")),
            (true, false) => format!("“{}” was broken by {}", promise.name, breaks.join(", ")),
            (false, false) => {
                format!("“{}” was kept by {} and broken by {}", promise.name, keeps.join(", "), breaks.join(", "))
            }
        };
        sentences.push(sentence);
    }
    sentences
}

fn refusals(outcome: &Outcome) -> Vec<String> {
    let mut sentences = Vec::new();
    for store in &outcome.stores {
        for limit in store.limits.iter().filter(|limit| limit.violations > 0) {
            let times = if limit.violations == 1 {
                "once".to_string()
            } else {
                format!("{} times", figures::grouped(limit.violations))
            };
            sentences.push(format!(
                "{} refused {times} with “{}” ({}), first after {}",
                store.label,
                limit.text.trim_end_matches('.'),
                limit.refusal.rule(),
                figures::value(Unit::Seconds, limit.first.seconds()),
            ));
        }
    }
    sentences
}
