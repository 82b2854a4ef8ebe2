//! Sequential consistency of one register whose writes all have different values, decided exactly.
//!
//! A write and the reads of its value must be one uninterrupted run in any order that explains them, the write first. So
//! the operations of a process put such clusters into an order, and there is an order of all if and only if these demands
//! form no cycle, no process reads a value before it writes it, and nothing must come before the initial value.

use crate::history::judged::{Datum, Log, Lookup};

use super::contract::{Verdict, Witness};
use super::plain::{Act, Step, number, places};
use super::zones::{Clusters, Trouble, clusters, unwritten};

/// One demand: the cluster of `earlier` comes before that of `later`, because one process did both in this order.
#[derive(Clone, Copy)]
struct Demand {
    earlier: u32,
    later: u32,
}

/// The verdict on one key; `None` if this test does not apply.
pub(super) fn judge(log: &Log, steps: &[Step], initial: Datum) -> Option<Verdict> {
    let grouped = match clusters(steps, initial) {
        Ok(grouped) => grouped,
        Err(Trouble::NotUnique) => return None,
        Err(Trouble::Unwritten(at)) => return Some(unwritten(log, &steps[at])),
    };
    let mut edges: Vec<Vec<(u32, Demand)>> = vec![Vec::new(); grouped.writes.len()];
    for demand in demands(steps) {
        let (from, to) = (grouped.of_step[demand.earlier as usize], grouped.of_step[demand.later as usize]);
        if from == to {
            if matches!(steps[demand.later as usize].act, Act::Write(_)) {
                return Some(own_value_too_early(log, steps, demand));
            }
            continue;
        }
        if to == 0 {
            return Some(back_to_the_start(log, steps, &grouped, demand));
        }
        edges[from as usize].push((to, demand));
    }
    match cycle(&edges) {
        None => Some(Verdict::Holds),
        Some(cycle) => Some(explain(log, steps, &grouped, &cycle)),
    }
}

/// For each operation the ones of its process that ended last before it started. What ended earlier still precedes
/// those, so it need not be named.
fn demands(steps: &[Step]) -> Vec<Demand> {
    let mut by_process: Lookup<u32, usize> = Lookup::default();
    let mut processes: Vec<Vec<u32>> = Vec::new();
    for (at, step) in (0_u32..).zip(steps) {
        let place = *by_process.entry(step.process).or_insert_with(|| {
            processes.push(Vec::new());
            processes.len() - 1
        });
        processes[place].push(at);
    }
    let mut demands = Vec::new();
    for own in &processes {
        let mut by_end: Vec<u32> = own.iter().copied().filter(|&at| !steps[at as usize].is_pending()).collect();
        by_end.sort_by_key(|&at| (steps[at as usize].end, steps[at as usize].place));
        let mut by_start = own.clone();
        by_start.sort_by_key(|&at| (steps[at as usize].start, steps[at as usize].place));
        let (mut ended, mut last_start) = (0, None);
        for &later in &by_start {
            let step = &steps[later as usize];
            while let Some(&at) = by_end.get(ended) {
                if !steps[at as usize].is_before_in_session(step) {
                    break;
                }
                let start = (steps[at as usize].start, steps[at as usize].place);
                last_start = last_start.max(Some((start, at)));
                ended += 1;
            }
            let Some((_, last)) = last_start else { continue };
            for &earlier in by_end[..ended].iter().rev() {
                if earlier != last && steps[earlier as usize].is_before_in_session(&steps[last as usize]) {
                    break;
                }
                demands.push(Demand { earlier, later });
            }
        }
    }
    demands
}

/// A cycle of demands, as short as is found from its own clusters.
fn cycle(edges: &[Vec<(u32, Demand)>]) -> Option<Vec<Demand>> {
    // Clusters that nothing left must precede are taken away; what stays lies on cycles or behind them.
    let mut waiting = vec![0_u32; edges.len()];
    for &(to, _) in edges.iter().flatten() {
        waiting[to as usize] += 1;
    }
    let mut ready: Vec<u32> = (0_u32..).zip(&waiting).filter(|(_, count)| **count == 0).map(|(at, _)| at).collect();
    let mut gone = 0;
    while let Some(at) = ready.pop() {
        gone += 1;
        for &(to, _) in &edges[at as usize] {
            waiting[to as usize] -= 1;
            if waiting[to as usize] == 0 {
                ready.push(to);
            }
        }
    }
    if gone == edges.len() {
        return None;
    }
    // Walking back among what stays must meet a cluster twice: every one of them still waits for another.
    let mut back = vec![u32::MAX; edges.len()];
    for (from, out) in (0_u32..).zip(edges) {
        for &(to, _) in out {
            if waiting[from as usize] > 0 {
                back[to as usize] = from;
            }
        }
    }
    let mut met = vec![false; edges.len()];
    let mut at = (0_u32..).zip(&waiting).find(|(_, count)| **count > 0).map_or(0, |(at, _)| at);
    while !met[at as usize] {
        met[at as usize] = true;
        at = back[at as usize];
    }
    let mut on_cycle = vec![at];
    let mut walk = back[at as usize];
    while walk != at {
        on_cycle.push(walk);
        walk = back[walk as usize];
    }
    // A few of its clusters are enough to try: each gives the shortest cycle through itself.
    on_cycle.truncate(16);
    on_cycle.iter().filter_map(|&through| shortest(edges, &waiting, through)).min_by_key(Vec::len)
}

/// The shortest cycle through a cluster, breadth first.
fn shortest(edges: &[Vec<(u32, Demand)>], waiting: &[u32], through: u32) -> Option<Vec<Demand>> {
    let mut came_by: Vec<Option<(u32, Demand)>> = vec![None; edges.len()];
    let mut level = vec![through];
    while !level.is_empty() {
        let mut next = Vec::new();
        for from in level {
            for &(to, demand) in &edges[from as usize] {
                if waiting[to as usize] == 0 || came_by[to as usize].is_some() {
                    continue;
                }
                came_by[to as usize] = Some((from, demand));
                if to == through {
                    let mut cycle = Vec::new();
                    let mut at = through;
                    while let Some((before, demand)) = came_by[at as usize] {
                        cycle.push(demand);
                        at = before;
                        if at == through {
                            break;
                        }
                    }
                    cycle.reverse();
                    return Some(cycle);
                }
                next.push(to);
            }
        }
        level = next;
    }
    None
}

fn own_value_too_early(log: &Log, steps: &[Step], demand: Demand) -> Verdict {
    let (read, write) = (&steps[demand.earlier as usize], &steps[demand.later as usize]);
    let (reader, writer) = (number(log, read.place), number(log, write.place));
    let sentence = format!("{reader} returned a value that the same process wrote only afterwards, in {writer}.");
    Verdict::Broken(Witness { operations: places([read, write]), sentence })
}

fn back_to_the_start(log: &Log, steps: &[Step], grouped: &Clusters, demand: Demand) -> Verdict {
    let (earlier, later) = (&steps[demand.earlier as usize], &steps[demand.later as usize]);
    let write = grouped.writes[grouped.of_step[demand.earlier as usize] as usize].map(|at| &steps[at as usize]);
    let sentence = format!(
        "{} returned what was there before any write, although the same process had met a write in {}.",
        number(log, later.place),
        number(log, earlier.place)
    );
    Verdict::Broken(Witness { operations: places([Some(earlier), Some(later), write].into_iter().flatten()), sentence })
}

fn explain(log: &Log, steps: &[Step], grouped: &Clusters, cycle: &[Demand]) -> Verdict {
    let mut shown: Vec<&Step> = Vec::new();
    let mut reasons: Vec<String> = Vec::new();
    for demand in cycle {
        let (earlier, later) = (&steps[demand.earlier as usize], &steps[demand.later as usize]);
        shown.extend([earlier, later]);
        for at in [demand.earlier, demand.later] {
            shown.extend(grouped.writes[grouped.of_step[at as usize] as usize].map(|write| &steps[write as usize]));
        }
        let value = |step: &Step| match step.act {
            Act::Read(value) | Act::Write(value) => log.show(value),
            _ => String::new(),
        };
        reasons.push(format!("{} before {} (process {})", value(earlier), value(later), earlier.process));
    }
    let sentence = format!("No order keeps every process's own: {}.", reasons.join(", "));
    Verdict::Broken(Witness { operations: places(shown), sentence })
}
