//! Linearizability of a register whose writes all have different values, in n log n (Gibbons and Korach 1997).
//!
//! A write and the reads that returned its value form a cluster. In any order that explains the reads a cluster is one
//! uninterrupted run: the write, then its reads. Cluster A must come before cluster B if some operation of A ended before
//! some operation of B started, that is, if first_end(A) < last_start(B). An order exists if and only if no two clusters
//! must each come before the other.
//!
//! Why two suffice: take a shortest cycle of three or more clusters, and in it the cluster A with the least first_end.
//! Let C come before A in the cycle and B before C. Then first_end(A) ≤ first_end(B) < last_start(C), so A must come
//! before C, and C before A: a cycle of two.

use crate::history::judged::{Datum, Log, Lookup};

use super::contract::{Verdict, Witness};
use super::plain::{Act, NEVER, Step, number, places};

/// A write with its reads. Times are shifted by one, so that zero is before everything.
#[derive(Clone, Copy, Debug)]
struct Cluster {
    /// The write's place among the steps; `None` for the value that was there at the start.
    write: Option<u32>,
    first_end: u64,
    last_start: u64,
}

impl Cluster {
    fn must_come_before(&self, other: &Cluster) -> bool {
        self.first_end < other.last_start
    }
}

/// Clusters by value.
pub(super) struct Clusters {
    by_value: Lookup<Datum, u32>,
    /// The cluster of each step.
    pub of_step: Vec<u32>,
    /// The write of each cluster; the initial value's cluster is the first and has none.
    pub writes: Vec<Option<u32>>,
}

/// Why there are no clusters.
pub(super) enum Trouble {
    /// Two writes of one value, or operations that are neither reads nor writes.
    NotUnique,
    /// This step read what nobody wrote.
    Unwritten(usize),
}

/// Groups the steps of a key by value.
pub(super) fn clusters(steps: &[Step], initial: Datum) -> Result<Clusters, Trouble> {
    let mut by_value: Lookup<Datum, u32> = Lookup::default();
    by_value.insert(initial, 0);
    let mut writes = vec![None];
    let mut of_step = vec![0; steps.len()];
    for (at, step) in steps.iter().enumerate() {
        match step.act {
            Act::Write(value) => {
                let cluster = writes.len() as u32;
                if by_value.insert(value, cluster).is_some() {
                    return Err(Trouble::NotUnique);
                }
                writes.push(Some(at as u32));
                of_step[at] = cluster;
            }
            Act::Read(_) => {}
            _ => return Err(Trouble::NotUnique),
        }
    }
    for (at, step) in steps.iter().enumerate() {
        if let Act::Read(value) = step.act {
            of_step[at] = *by_value.get(&value).ok_or(Trouble::Unwritten(at))?;
        }
    }
    Ok(Clusters { by_value, of_step, writes })
}

impl Clusters {
    /// How many different values there are, with the initial one.
    pub fn values(&self) -> usize {
        self.by_value.len()
    }
}

/// The verdict on the steps of one key; `None` if two writes have the same value or there are other operations than
/// reads and writes, so that this test does not apply.
pub fn judge(log: &Log, steps: &[Step], initial: Datum) -> Option<Verdict> {
    let grouped = match clusters(steps, initial) {
        Ok(grouped) => grouped,
        Err(Trouble::NotUnique) => return None,
        Err(Trouble::Unwritten(at)) => return Some(unwritten(log, &steps[at])),
    };
    let mut zones = vec![Cluster { write: None, first_end: NEVER, last_start: 0 }; grouped.values()];
    zones[0].first_end = 0;
    for (at, step) in steps.iter().enumerate() {
        let cluster = grouped.of_step[at];
        let zone = &mut zones[cluster as usize];
        zone.first_end = zone.first_end.min(step.end.saturating_add(1));
        zone.last_start = zone.last_start.max(step.start.saturating_add(1));
        zone.write = grouped.writes[cluster as usize];
        if let Some(write) = zone.write
            && step.end < steps[write as usize].start
        {
            return Some(from_the_future(log, step, &steps[write as usize]));
        }
    }
    // A write that got no answer and that nobody read may never have happened; the others have all taken effect.
    zones.retain(|zone| zone.first_end < NEVER);
    let Some((first, second)) = conflict(&mut zones) else { return Some(Verdict::Holds) };
    let parts = |zone: &Cluster| -> Vec<&Step> {
        let cluster = zone.write.map_or(0, |write| grouped.of_step[write as usize]);
        steps.iter().zip(&grouped.of_step).filter(|(_, of)| **of == cluster).map(|(step, _)| step).collect()
    };
    Some(explain(log, &parts(&first), first.write.is_none(), &parts(&second), second.write.is_none()))
}

/// Two clusters each of which must come before the other, if there are any: of those met, the ones closest in time.
fn conflict(zones: &mut [Cluster]) -> Option<(Cluster, Cluster)> {
    zones.sort_unstable_by_key(|zone| zone.first_end);
    let mut best: Option<(u64, Cluster, Cluster)> = None;
    let mut reaching: Option<Cluster> = None;
    for &zone in zones.iter() {
        if let Some(other) = reaching {
            // The cluster that reaches furthest is enough to look at: if an earlier one reaches past this zone's
            // first_end as well, then those two are in conflict with each other, and were found.
            if other.must_come_before(&zone) && zone.must_come_before(&other) {
                let from = other.first_end.min(zone.first_end);
                let length = other.last_start.max(zone.last_start) - from;
                if best.is_none_or(|(known, _, _)| length < known) {
                    best = Some((length, other, zone));
                }
            }
        }
        if reaching.is_none_or(|other| zone.last_start > other.last_start) {
            reaching = Some(zone);
        }
    }
    best.map(|(_, first, second)| (first, second))
}

pub(super) fn unwritten(log: &Log, step: &Step) -> Verdict {
    let sentence = format!("{} returned a value that no write could have left behind.", number(log, step.place));
    Verdict::Broken(Witness { operations: places([step]), sentence })
}

fn from_the_future(log: &Log, read: &Step, write: &Step) -> Verdict {
    let (reader, writer) = (number(log, read.place), number(log, write.place));
    let sentence = format!("{reader} returned a value before {writer}, the only write of it, had begun.");
    Verdict::Broken(Witness { operations: places([read, write]), sentence })
}

/// At most six operations: for each cluster its write, one operation that ended early and one that started late.
fn explain(log: &Log, a: &[&Step], a_initial: bool, b: &[&Step], b_initial: bool) -> Verdict {
    let (a_late, b_late) = (latest(a), latest(b));
    // The write is taken where it serves, because it must be shown anyway. In a cluster it is the one that is no read.
    let (a_write, b_write) = (the_write(a), the_write(b));
    let a_early = if a_initial { None } else { a_write.filter(|w| w.end < b_late.map_or(0, |l| l.start)) };
    let a_early = if a_initial { None } else { a_early.or_else(|| earliest(a)) };
    let b_early = if b_initial { None } else { b_write.filter(|w| w.end < a_late.map_or(0, |l| l.start)) };
    let b_early = if b_initial { None } else { b_early.or_else(|| earliest(b)) };
    let after = |early: Option<&Step>, step: &&Step| early.is_none_or(|early| early.end < step.start);
    let b_late = b_write.filter(|w| after(a_early, w)).or(b_late);
    let a_late = a_write.filter(|w| after(b_early, w)).or(a_late);
    let shown: Vec<&Step> = [a_write, a_early, a_late, b_write, b_early, b_late].into_iter().flatten().collect();
    let name = |step: Option<&Step>| step.map_or("the start".to_owned(), |step| number(log, step.place));
    let value = |steps: &[&Step]| match steps.first().map(|step| step.act) {
        Some(Act::Write(value) | Act::Read(value)) => log.show(value),
        _ => String::new(),
    };
    let sentence = format!(
        "{} must come before {} ({} was over before {} began), and {} before {} ({} was over before {} began).",
        value(a),
        value(b),
        name(a_early),
        name(b_late),
        value(b),
        value(a),
        name(b_early),
        name(a_late),
    );
    Verdict::Broken(Witness { operations: places(shown), sentence })
}

fn the_write<'a>(steps: &[&'a Step]) -> Option<&'a Step> {
    steps.iter().copied().find(|step| matches!(step.act, Act::Write(_)))
}

fn earliest<'a>(steps: &[&'a Step]) -> Option<&'a Step> {
    steps.iter().copied().min_by_key(|step| step.end)
}

fn latest<'a>(steps: &[&'a Step]) -> Option<&'a Step> {
    steps.iter().copied().max_by_key(|step| step.start)
}
