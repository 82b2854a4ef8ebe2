//! Does a scenario give the same figures on one thread and on many, whatever is simulated first? And if not, what is the
//! first thing that happens otherwise?

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

use crate::history::{History, jsonl};
use crate::metrics::Measurements;
use crate::model::Time;
use crate::scenario::Scenario;
use crate::workloads::trace_file::TraceError;

use super::first_key::{self, FirstKey};
use super::suspect::{OPERATIONS_MAX, Order, Suspect, partitions, shuffle};
use super::{Contestant, RunError, Unit, pool};

/// So many units are simulated twice before they are compared: what is kept does not grow with the run.
const TOGETHER: usize = 64;
/// The first unit, in the order of stores and replications, whose two simulations are not the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    pub unit: Unit,
    /// The first figure that differs, with both values.
    pub figure: String,
    /// Where the difference begins, if it shows again when that is looked for.
    pub begins: Option<Beginning>,
}

/// Where two simulations begin to differ.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Beginning {
    /// By events as well.
    Event(Event),
    /// Only where a unit is simulated key by key, without events.
    Key(FirstKey),
}

impl fmt::Display for Beginning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Beginning::Event(event) => event.fmt(f),
            Beginning::Key(key) => key.fmt(f),
        }
    }
}

/// The first thing that happened otherwise in the earliest partition in which anything did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// The partition's first group.
    pub group: u32,
    pub at: Time,
    /// The operation or the note, as a line of a history; `None` where the history was over.
    pub first: Option<String>,
    pub second: Option<String>,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |line: &Option<String>| line.clone().unwrap_or_else(|| "nothing more".to_string());
        let (first, second) = (told(&self.first), told(&self.second));
        let (group, seconds) = (self.group, self.at.seconds());
        write!(f, "in group {group} at t = {seconds} s:\n  first:  {first}\n  second: {second}")
    }
}

/// Simulates every unit of a scenario twice, first in order on one thread, then on so many (0: as many as there are
/// processors) with units, and the partitions of each, in a shuffled order. Says how many units there were and what
/// differed first.
///
/// # Errors
/// When a trace cannot be read to its end.
pub fn check(scenario: &Scenario, threads: usize) -> Result<(usize, Option<Difference>), RunError> {
    check_all(&Contestant::all(scenario), scenario.replications, threads)
}

/// The same for stores that are ready to run.
///
/// # Errors
/// When a trace cannot be read to its end.
pub fn check_all(
    contestants: &[Contestant],
    replications: u32,
    threads: usize,
) -> Result<(usize, Option<Difference>), RunError> {
    let mut units = Vec::new();
    for (store, contestant) in contestants.iter().enumerate() {
        let shares = contestant.shares(replications);
        for replication in 0..replications {
            units.extend((0..shares).map(|share| Unit { store, replication, share, shares }));
        }
    }
    let found = check_units(&contestants, &units, threads).map_err(RunError::Trace)?;
    Ok((units.len(), found))
}

/// The same for some units of whatever simulates them.
///
/// # Errors
/// When a trace cannot be read to its end.
pub fn check_units(suspect: &dyn Suspect, units: &[Unit], threads: usize) -> Result<Option<Difference>, TraceError> {
    let Some((unit, figure)) = twice(suspect, units, threads)? else { return Ok(None) };
    let event = locate(suspect.contestant(unit), unit, threads)?.map(Beginning::Event);
    let begins = match event {
        Some(event) => Some(event),
        None => first_key::find(suspect, unit)?.map(Beginning::Key),
    };
    Ok(Some(Difference { unit, figure, begins }))
}

/// Simulates units twice and compares: the first unit that differs, and in what figure.
fn twice(suspect: &dyn Suspect, units: &[Unit], threads: usize) -> Result<Option<(Unit, String)>, TraceError> {
    for units in units.chunks(TOGETHER) {
        let first = units.iter().map(|unit| suspect.measure(*unit, Order::ByNumber)).collect::<Result<Vec<_>, _>>()?;
        let mut order: Vec<usize> = (0..units.len()).collect();
        shuffle(&mut order);
        let second: Vec<Mutex<Option<Measurements>>> = units.iter().map(|_| Mutex::new(None)).collect();
        let work = |(): &mut (), n: &usize| {
            let measured = suspect.measure(units[*n], Order::Shuffled)?;
            *second[*n].lock().expect("no unit panics") = Some(measured);
            Ok(())
        };
        pool::each(threads, &order, || (), work, |()| ())?;
        for ((unit, first), second) in units.iter().zip(&first).zip(second) {
            let second = second.into_inner().expect("no unit panics").expect("every unit was simulated");
            if *first != second {
                return Ok(Some((*unit, first_key::told(first, &second))));
            }
        }
    }
    Ok(None)
}

/// Simulates a unit again in both orders, the second time on all threads at once, and compares what happened.
fn locate(contestant: &Contestant, unit: Unit, threads: usize) -> Result<Option<Event>, TraceError> {
    let straight = partitions(contestant, unit, Order::ByNumber);
    let shuffled = partitions(contestant, unit, Order::Shuffled);
    let bound = (OPERATIONS_MAX / straight.len().max(1)).max(1);
    let mut first: BTreeMap<u32, History> = BTreeMap::new();
    contestant.record_these(unit, &straight, bound, &mut |partition, history| {
        first.insert(partition.first_group, history);
    })?;
    let earliest: Mutex<Option<Event>> = Mutex::new(None);
    let work = |(): &mut (), _: &usize| {
        contestant.record_these(unit, &shuffled, bound, &mut |partition, second| {
            let group = partition.first_group;
            if let Some(event) = first.get(&group).and_then(|first| difference(group, first, &second)) {
                let mut earliest = earliest.lock().expect("no unit panics");
                if earliest.as_ref().is_none_or(|known| (event.group, event.at) < (known.group, known.at)) {
                    *earliest = Some(event);
                }
            }
        })
    };
    let everyone: Vec<usize> = (0..threads.max(2)).collect();
    pool::each(threads, &everyone, || (), work, |()| ())?;
    Ok(earliest.into_inner().expect("no unit panics"))
}

/// What is first different in two histories of the same partition.
fn difference(group: u32, first: &History, second: &History) -> Option<Event> {
    // A history that is full may be cut off anywhere in its other list.
    let full = first.dropped + second.dropped > 0;
    let operation = split(&first.records, &second.records, full).map(|(first, second)| {
        let at = [first, second].into_iter().flatten().map(|record| record.end.unwrap_or(record.start)).min();
        (at, first.map(jsonl::operation_text), second.map(jsonl::operation_text))
    });
    let note = split(&first.notes, &second.notes, full).map(|(first, second)| {
        let at = [first, second].into_iter().flatten().map(|noted| noted.at).min();
        (at, first.map(jsonl::note_text), second.map(jsonl::note_text))
    });
    let (at, first, second) = operation.into_iter().chain(note).min_by_key(|(at, ..)| *at)?;
    Some(Event { group, at: at.unwrap_or(Time::START), first, second })
}

/// The first pair that is not equal; where one list is over, only if it was kept to its end.
fn split<'a, T: PartialEq>(first: &'a [T], second: &'a [T], full: bool) -> Option<(Option<&'a T>, Option<&'a T>)> {
    let same = first.iter().zip(second).take_while(|(first, second)| first == second).count();
    let pair = (first.get(same), second.get(same));
    match pair {
        (None, None) => None,
        (Some(_), Some(_)) => Some(pair),
        _ => (!full).then_some(pair),
    }
}
