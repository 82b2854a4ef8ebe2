//! Where do two simulations without events begin to differ? In which key, and from which of its operations on?
//!
//! Such a simulation keeps no history. But its figures are sums, and it can be told to measure some keys alone, and of
//! them only what starts from some time on, without doing anything else otherwise. So the first key is found by halving
//! the keys, and the first operation by halving the time.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use crate::engine::Partition;
use crate::history::{Record, jsonl};
use crate::metrics::{Distribution, DistributionId, Measurements};
use crate::model::{Span, Time};
use crate::workloads::trace_file::TraceError;

use super::suspect::{OPERATIONS_MAX, Order, Suspect};
use super::{Contestant, Unit};

/// The first key, by number, whose figures differ.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FirstKey {
    /// The key's group.
    pub group: u32,
    /// The first figure that differs, with both values: of the operation and of all that follows it in both, or of the key
    /// where no operation is found.
    pub figure: String,
    /// The first of its operations, in the order of their starts, whose own figures differ, or one that differs, if very
    /// many start before it; `None` where only figures differ that belong to several operations.
    pub operation: Option<FirstOperation>,
}

/// An operation of which it is known when it starts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FirstOperation {
    pub at: Time,
    /// What starts at that time when events are simulated, as lines of a history: more than one if several do.
    pub by_events: Vec<String>,
}

impl fmt::Display for FirstKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in group {}, and only where it is simulated without events", self.group)?;
        let Some(FirstOperation { at, by_events }) = &self.operation else {
            return write!(f, ": {}; no operation differs by itself", self.figure);
        };
        write!(f, ", with what starts at t = {} s:", at.seconds())?;
        by_events.iter().try_for_each(|line| write!(f, "\n  by events: {line}"))?;
        write!(f, "\n  with all that follows it in both: {}", self.figure)
    }
}

/// So many operations of a key are looked at one by one.
const ONE_BY_ONE_MAX: usize = 1_000;

/// What both orders measure.
type Both = [Measurements; 2];

/// Finds the first key of a unit whose figures depend on the order in which keys are simulated. `None` where nothing
/// differs when the unit is simulated again on one thread, or where it needs events.
pub(super) fn find(suspect: &dyn Suspect, unit: Unit) -> Result<Option<FirstKey>, TraceError> {
    let differ = |groups: &Range<u32>| both(suspect, unit, groups, Time::START).map(|[first, second]| first != second);
    if !differ(&(0..u32::MAX))? {
        return Ok(None);
    }
    let group = first_that(u32::MAX.into(), |groups| differ(&(0..groups as u32)))? as u32 - 1;
    let key = group..group + 1;
    let [first, second] = both(suspect, unit, &key, Time::START)?;
    let figure = told(&first, &second);
    let operations = |time| both(suspect, unit, &key, time).map(|both| both.map(of_operations));
    let records = by_events(suspect.contestant(unit), unit, group);
    let Some((at, figure)) = first_operation(&records, &operations)? else {
        return Ok(Some(FirstKey { group, figure, operation: None }));
    };
    let by_events = records.iter().filter(|record| record.start == at).map(jsonl::operation_text).collect();
    Ok(Some(FirstKey { group, figure, operation: Some(FirstOperation { at, by_events }) }))
}

/// The first start of an operation that differs, and in what, given what both measure from a time on.
fn first_operation(
    records: &[Record],
    from: &dyn Fn(Time) -> Result<Both, TraceError>,
) -> Result<Option<(Time, String)>, TraceError> {
    let all = from(Time::START)?;
    if all[0] == all[1] {
        return Ok(None);
    }
    let end = first_that(Time::NEVER.0, |time| Ok(between(&all, &from(Time(time))?).is_some()))?;
    // Operations that differ may add up to the same, as a hit and a miss do with a miss and a hit. So those that start
    // earlier are looked at one by one, unless they are too many.
    let starts: BTreeSet<Time> = records.iter().map(|record| record.start).filter(|start| start.0 < end - 1).collect();
    let few = if starts.len() > ONE_BY_ONE_MAX { BTreeSet::new() } else { starts };
    let mut before = all;
    for start in few.into_iter().chain([Time(end - 1)]) {
        let after = from(start + Span(1))?;
        if let Some(figure) = between(&before, &after) {
            return Ok(Some((start, figure)));
        }
        before = after;
    }
    Ok(None)
}

/// What both orders measure of these groups; what needs events measures nothing here, twice the same.
fn both(suspect: &dyn Suspect, unit: Unit, groups: &Range<u32>, from: Time) -> Result<Both, TraceError> {
    let some = |order| {
        let measured = suspect.measure_some(unit, order, groups, from)?;
        Ok(measured.unwrap_or_else(|| Measurements::new(0)))
    };
    Ok([some(Order::ByNumber)?, some(Order::Shuffled)?])
}

/// What differs, given what both measure from one time on, and from a later time on. What starts between the two is the
/// same in both, if all that one measures and the later part of the other add up to the same as the other way round.
fn between(from: &Both, later: &Both) -> Option<String> {
    let [mut first, mut second] = from.clone();
    first.merge(&later[1]);
    second.merge(&later[0]);
    (first != second).then(|| told(&first, &second))
}

/// The first number, no greater than `last`, from which on something is so: it is not at zero, and is at the last.
fn first_that(last: u64, mut so: impl FnMut(u64) -> Result<bool, TraceError>) -> Result<u64, TraceError> {
    let (mut below, mut first) = (0, last);
    while first - below > 1 {
        let middle = below + (first - below) / 2;
        if so(middle)? { first = middle } else { below = middle }
    }
    Ok(first)
}

/// Without what is counted at a write but depends on later reads.
fn of_operations(mut measured: Measurements) -> Measurements {
    *measured.distribution_mut(DistributionId::InconsistencyWindow) = Distribution::default();
    measured
}

pub(super) fn told(first: &Measurements, second: &Measurements) -> String {
    first.difference(second).unwrap_or_else(|| "a figure over time".to_string())
}

/// What a group does when it is simulated by events.
fn by_events(contestant: &Contestant, unit: Unit, group: u32) -> Vec<Record> {
    let alone = contestant.separable().is_some();
    let partition = if alone { Partition { first_group: group, groups: 1 } } else { contestant.whole() };
    let mut records = contestant.record(unit.replication, partition, OPERATIONS_MAX).unwrap_or_default().records;
    records.retain(|record| alone || contestant.group_of(record.key) == group);
    records
}
