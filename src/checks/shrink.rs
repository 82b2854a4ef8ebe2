//! Makes the evidence small: from a broken key to the operations without which it would hold.
//!
//! Only what cannot turn a history that holds into a broken one is done: to stop the history at an earlier moment, to
//! leave out reads, and to leave out a value of a register altogether, with all its writes and reads.

use crate::history::judged::{Datum, Log};

use super::plain::{Act, NEVER, Step, number};

/// Whether these steps are broken for certain, within a budget.
pub(super) type IsBroken<'a> = dyn FnMut(&[Step], &mut u64) -> bool + 'a;

/// The smallest part of a broken key's steps that is found within this many steps of search.
pub(super) fn shrink(steps: Vec<Step>, initial: Datum, is_broken: &mut IsBroken, mut steps_left: u64) -> Vec<Step> {
    let mut steps = cut_the_end(steps, is_broken, &mut steps_left);
    if steps.iter().all(|step| matches!(step.act, Act::Read(_) | Act::Write(_) | Act::Cas { .. })) {
        let groups = groups(&steps, initial);
        steps = leave_out(steps, &groups, is_broken, &mut steps_left);
    }
    let reads: Vec<Vec<u32>> =
        steps.iter().filter(|step| step.is_read() && !step.is_pending()).map(|step| vec![step.place]).collect();
    leave_out(steps, &reads, is_broken, &mut steps_left)
}

/// The history as it was at a moment: what had not started is not there, what had not ended has no answer.
fn until(steps: &[Step], end: u64) -> Vec<Step> {
    let started = steps.iter().filter(|step| step.start <= end);
    started
        .filter_map(|&step| match step.act {
            _ if step.end <= end => Some(step),
            // Without their answers these say nothing.
            Act::Read(_) | Act::CasFailed { .. } => None,
            Act::Add { delta, .. } => Some(Step { act: Act::Add { delta, left: None }, end: NEVER, ..step }),
            Act::Count { window, limit, .. } => {
                Some(Step { act: Act::Count { window, limit, left: None }, end: NEVER, ..step })
            }
            _ => Some(Step { end: NEVER, ..step }),
        })
        .collect()
}

/// Finds by bisection the first answer after which the history is broken: once broken, it stays so.
fn cut_the_end(steps: Vec<Step>, is_broken: &mut IsBroken, steps_left: &mut u64) -> Vec<Step> {
    let mut ends: Vec<u64> = steps.iter().map(|step| step.end).filter(|&end| end != NEVER).collect();
    ends.sort_unstable();
    ends.dedup();
    let (mut low, mut high) = (0, ends.len());
    let mut shortest = steps;
    while low < high && *steps_left > 0 {
        let middle = (low + high) / 2;
        let shorter = until(&shortest, ends[middle]);
        if is_broken(&shorter, steps_left) {
            shortest = shorter;
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    shortest
}

/// Leaves out groups of operations (by their places in the log) as long as the rest is still broken: first many groups
/// together, then single ones until no single one can go.
fn leave_out(mut steps: Vec<Step>, groups: &[Vec<u32>], is_broken: &mut IsBroken, steps_left: &mut u64) -> Vec<Step> {
    let mut groups: Vec<&Vec<u32>> = groups.iter().collect();
    let mut size = groups.len().div_ceil(2);
    while size > 0 && *steps_left > 0 {
        let mut at = 0;
        let mut smaller = false;
        while at < groups.len() && *steps_left > 0 {
            let to = (at + size).min(groups.len());
            let mut gone: Vec<u32> = groups[at..to].iter().flat_map(|group| group.iter().copied()).collect();
            gone.sort_unstable();
            let rest: Vec<Step> =
                steps.iter().filter(|step| gone.binary_search(&step.place).is_err()).copied().collect();
            if is_broken(&rest, steps_left) {
                steps = rest;
                groups.drain(at..to);
                smaller = true;
            } else {
                at = to;
            }
        }
        if size > 1 {
            size = size.div_ceil(2);
        } else if !smaller {
            break;
        }
    }
    steps
}

/// Operations that share a value, directly or through compare-and-sets. The initial value's group is one of them.
fn groups(steps: &[Step], initial: Datum) -> Vec<Vec<u32>> {
    let mut values: Vec<Datum> = vec![initial];
    for step in steps {
        match step.act {
            Act::Read(value) | Act::Write(value) => values.push(value),
            Act::Cas { old, new } => values.extend([old, new]),
            _ => {}
        }
    }
    values.sort_unstable();
    values.dedup();
    let place = |value: Datum| values.partition_point(|&other| other < value);
    let mut parent: Vec<usize> = (0..values.len()).collect();
    fn root(parent: &mut [usize], mut at: usize) -> usize {
        while parent[at] != at {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        at
    }
    for step in steps {
        if let Act::Cas { old, new } = step.act {
            let (old, new) = (root(&mut parent, place(old)), root(&mut parent, place(new)));
            parent[old] = new;
        }
    }
    let mut groups: Vec<Vec<u32>> = vec![Vec::new(); values.len()];
    for step in steps {
        if let Act::Read(value) | Act::Write(value) | Act::Cas { old: value, .. } = step.act {
            groups[root(&mut parent, place(value))].push(step.place);
        }
    }
    groups.retain(|group| !group.is_empty());
    groups
}

/// The sentence for evidence that a search gave: which answer came last, and what does not exist.
pub(super) fn evidence(log: &Log, steps: &[Step], what: &str) -> String {
    let last = steps.iter().filter(|step| !step.is_pending()).max_by_key(|step| step.end);
    let last = last.map_or(String::new(), |step| format!("; the last answer was that of {}", number(log, step.place)));
    format!("No order of these {} operations {what}{last}.", steps.len())
}
