//! Sequential consistency, key by key: each key's operations fit into one order that keeps the order of every process,
//! and every answer is the one that this order gives (Lamport 1979, asked of single keys).
//!
//! Real time between processes does not count: a whole process may lag, as long as it never goes back. To ask it of all
//! keys together is NP-hard even where every written value is different; of a single key with different values it is
//! decided exactly, in `order.rs`. Other keys are searched, within the budget.

use crate::history::judged::{Datum, Log};

use super::contract::{Budget, Case, Check, KeyVerdicts, Report, Verdict, Why, Witness};
use super::order;
use super::plain::{Step, by_key, places};
use super::search::{Found, search};
use super::shrink::{evidence, shrink};

pub(super) const CHECK: Check = Check {
    name: "sequential",
    meaning: "for each key there is one order of all operations that keeps the order of every process",
    run,
};

fn run(case: &Case) -> Report {
    let mut verdicts = KeyVerdicts::default();
    let mut steps_left = case.budget.steps;
    for steps in by_key(case) {
        if !steps.is_empty() {
            let operations = steps.len();
            verdicts.add(operations, judge(case.log, steps, case.reading.initial, case.budget, &mut steps_left));
        }
    }
    verdicts.report()
}

/// The verdict on one key.
fn judge(log: &Log, steps: Vec<Step>, initial: Datum, budget: Budget, steps_left: &mut u64) -> Verdict {
    if let Some(verdict) = order::judge(log, &steps, initial) {
        return verdict;
    }
    match search(log, &by_process(&steps), initial, budget, steps_left) {
        Found::Order(_) => return Verdict::Holds,
        Found::OutOfBudget => return Verdict::Unknown(Why::Budget(budget)),
        Found::Nothing => {}
    }
    let mut is_broken = |steps: &[Step], initial: Datum, steps_left: &mut u64| {
        search(log, &by_process(steps), initial, budget, steps_left) == Found::Nothing
    };
    let shrunk = shrink(steps, initial, false, &mut is_broken, budget.steps / 4);
    let sentence = evidence(log, &shrunk, "keeps the order of every process and explains every answer");
    Verdict::Broken(Witness { operations: places(&shrunk.steps), sentence })
}

/// A list for each process. Within it the moments are numbered anew, so that an answer comes before the next request of
/// the same process even where both have the same time.
fn by_process(steps: &[Step]) -> Vec<Vec<Step>> {
    let mut sorted: Vec<Step> = steps.to_vec();
    sorted.sort_by_key(|step| (step.process, step.start, step.place));
    let mut lists: Vec<Vec<Step>> = Vec::new();
    for process in sorted.chunk_by(|a, b| a.process == b.process) {
        let mut moments: Vec<(u64, u32, bool, usize)> = Vec::with_capacity(process.len() * 2);
        for (at, step) in process.iter().enumerate() {
            moments.push((step.start, step.place, false, at));
            if !step.is_pending() {
                moments.push((step.end, step.place, true, at));
            }
        }
        moments.sort_unstable();
        let mut list = process.to_vec();
        for (moment, &(_, _, ends, at)) in (0..).zip(&moments) {
            if ends {
                list[at].end = moment;
            } else {
                list[at].start = moment;
            }
        }
        lists.push(list);
    }
    lists
}
