//! Makes the evidence small: from a broken key to the operations without which it would hold.
//!
//! Only what cannot turn a history that holds into a broken one is done: to stop the history at an earlier moment, to
//! begin it at a later one with every value that could have been there, to leave out reads, and to leave out a value of a
//! register altogether, with all its writes and reads.

use crate::history::judged::{Datum, Log};

use super::plain::{Act, NEVER, Step, number};

/// Whether these steps are broken for certain, from this value on, within a budget.
pub(super) type IsBroken<'a> = dyn FnMut(&[Step], Datum, &mut u64) -> bool + 'a;

/// What is left of a broken key.
pub(super) struct Shrunk {
    pub steps: Vec<Step>,
    /// Whether it is broken whatever was stored before its first operation.
    pub from_anything: bool,
}

/// The smallest part of a broken key's steps that is found within this many steps of search. The start can be cut off
/// only where real time orders operations.
pub(super) fn shrink(
    steps: Vec<Step>,
    initial: Datum,
    real_time: bool,
    is_broken: &mut IsBroken,
    mut steps_left: u64,
) -> Shrunk {
    let steps_left = &mut steps_left;
    let mut steps = cut_the_end(steps, &mut |steps, left| is_broken(steps, initial, left), steps_left);
    let values = values(&steps, initial);
    let has_values =
        |step: &Step| matches!(step.act, Act::Read(_) | Act::Write(_) | Act::Cas { .. } | Act::CasFailed { .. });
    let mut from_anything = false;
    if real_time && steps.iter().all(has_values) {
        let shorter = cut_the_start(&steps, &values, is_broken, steps_left);
        from_anything = shorter.is_some();
        steps = shorter.unwrap_or(steps);
    }
    let initials = if from_anything { values.clone() } else { vec![initial] };
    let mut is_broken =
        |steps: &[Step], left: &mut u64| initials.iter().all(|&initial| is_broken(steps, initial, left));
    if steps.iter().all(|step| has_values(step) && !matches!(step.act, Act::CasFailed { .. })) {
        let groups = groups(&steps, &values);
        steps = leave_out(steps, &groups, &mut is_broken, steps_left);
    }
    let reads: Vec<Vec<u32>> =
        steps.iter().filter(|step| step.is_read() && !step.is_pending()).map(|step| vec![step.place]).collect();
    let steps = leave_out(steps, &reads, &mut is_broken, steps_left);
    Shrunk { steps, from_anything }
}

/// All values that occur, the initial one, and one that does not occur, which stands for all others.
fn values(steps: &[Step], initial: Datum) -> Vec<Datum> {
    let mut values: Vec<Datum> = vec![initial];
    for step in steps {
        match step.act {
            Act::Read(value) | Act::Write(value) | Act::CasFailed { old: value } => values.push(value),
            Act::Cas { old, new } => values.extend([old, new]),
            _ => {}
        }
    }
    values.sort_unstable();
    values.dedup();
    let other = (0..).map(Datum::Number).find(|other| values.binary_search(other).is_err());
    values.extend(other);
    values.sort_unstable();
    values
}

/// Cuts at a moment that no operation spans, except those without an answer: what came before can then have left nothing
/// behind but a value. If what follows is broken from every value, it is broken without what came before. The later the
/// cut, the less is broken, so the last such moment is found by bisection.
fn cut_the_start(
    steps: &[Step],
    values: &[Datum],
    is_broken: &mut IsBroken,
    steps_left: &mut u64,
) -> Option<Vec<Step>> {
    let mut answered: Vec<&Step> = steps.iter().filter(|step| !step.is_pending()).collect();
    answered.sort_by_key(|step| step.start);
    let mut cuts: Vec<u64> = Vec::new();
    let mut last_end = 0;
    for step in answered {
        if last_end < step.start {
            cuts.push(step.start);
        }
        last_end = last_end.max(step.end);
    }
    let mut shortest = None;
    let (mut low, mut high) = (0, cuts.len());
    while low < high && *steps_left > 0 {
        let middle = (low + high) / 2;
        let rest: Vec<Step> = steps.iter().filter(|step| step.end >= cuts[middle]).copied().collect();
        if values.iter().all(|&value| is_broken(&rest, value, steps_left)) {
            shortest = Some(rest);
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    shortest
}

/// Whether these steps are broken for certain, from the values that matter.
type Test<'a> = dyn FnMut(&[Step], &mut u64) -> bool + 'a;

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
fn cut_the_end(steps: Vec<Step>, is_broken: &mut Test, steps_left: &mut u64) -> Vec<Step> {
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
fn leave_out(mut steps: Vec<Step>, groups: &[Vec<u32>], is_broken: &mut Test, steps_left: &mut u64) -> Vec<Step> {
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

/// Operations that share a value, directly or through compare-and-sets.
fn groups(steps: &[Step], values: &[Datum]) -> Vec<Vec<u32>> {
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
pub(super) fn evidence(log: &Log, shrunk: &Shrunk, what: &str) -> String {
    let last = shrunk.steps.iter().filter(|step| !step.is_pending()).max_by_key(|step| step.end);
    let last = last.map_or(String::new(), |step| format!("; the last answer was that of {}", number(log, step.place)));
    let from = if shrunk.from_anything { ", whatever was there before" } else { "" };
    format!("No order of these {} operations {what}{from}{last}.", shrunk.steps.len())
}
