//! Linearizability: each key's operations fit into one order that keeps real time, and every answer is the one that this
//! order gives (Herlihy and Wing 1990). Keys are judged one by one: a history is linearizable if each of its keys is.
//!
//! Two operations keep their order if one ended before the other started; those that share a moment may go either way.

use crate::history::judged::{Datum, Log};

use super::contract::{Budget, Case, Check, KeyVerdicts, Report, Verdict, Why, Witness};
use super::plain::{Act, NEVER, Step, by_key, places};
use super::search::{Found, search};
use super::shrink::{evidence, shrink};
use super::zones;

pub(super) const CHECK: Check = Check {
    name: "linearizable",
    meaning: "every operation took effect at one moment between its start and its end",
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
fn judge(log: &Log, mut steps: Vec<Step>, initial: Datum, budget: Budget, steps_left: &mut u64) -> Verdict {
    if let Some(verdict) = zones::judge(log, &steps, initial) {
        return verdict;
    }
    drop_useless(&mut steps);
    let lists = [steps];
    match search(log, &lists, initial, budget, steps_left) {
        Found::Order(_) => return Verdict::Holds,
        Found::OutOfBudget => return Verdict::Unknown(Why::Budget(budget)),
        Found::Nothing => {}
    }
    let [steps] = lists;
    let mut is_broken = |steps: &[Step], initial: Datum, steps_left: &mut u64| {
        search(log, &[steps.to_vec()], initial, budget, steps_left) == Found::Nothing
    };
    let shrunk = shrink(steps, initial, true, &mut is_broken, budget.steps / 4);
    let sentence = evidence(log, &shrunk, "keeps real time and explains every answer");
    Verdict::Broken(Witness { operations: places(&shrunk.steps), sentence })
}

/// Leaves out unanswered writes of values that nobody could have met: they may as well never have happened.
/// This is no longer so where an operation depends on what is *not* stored, or on any value at all.
fn drop_useless(steps: &mut Vec<Step>) {
    let Some(mut observed) = observed_values(steps) else { return };
    observed.sort_unstable();
    observed.dedup();
    steps.retain(|step| match step.act {
        Act::Write(value) | Act::Cas { new: value, .. } => step.end != NEVER || observed.binary_search(&value).is_ok(),
        _ => true,
    });
}

/// The values that reads and compare-and-sets met; `None` where other operations depend on the state.
fn observed_values(steps: &[Step]) -> Option<Vec<Datum>> {
    let mut observed = Vec::new();
    for step in steps {
        match step.act {
            Act::Read(value) => observed.push(value),
            Act::Cas { old, .. } => observed.push(old),
            Act::Write(_) => {}
            Act::CasFailed { .. } | Act::Add { .. } | Act::Append(_) | Act::Count { .. } => return None,
        }
    }
    Some(observed)
}
