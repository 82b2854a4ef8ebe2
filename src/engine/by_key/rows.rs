//! The rows of a trace: one key's rows are what its clients do.
//!
//! Rows are one stream over all keys, so a row's number and the time of the row before it, by which `order.rs` tells what
//! is first, are those of the whole trace.

use crate::model::{Location, Time};
use crate::random::{StreamKey, derive};
use crate::workloads::TraceOperation;
use crate::workloads::trace::OperationRule;
use crate::workloads::trace_feed::PlaceRule;
use crate::workloads::trace_rows::{ByKey, KeyRow, Rows};

use super::clients::{Act, Acting, What};

/// What differs between replications of a trace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub places: PlaceRule,
    pub operations: OperationRule,
    pub requests: StreamKey,
}

impl Rules {
    /// Where a row of a key happens, and what it asks for.
    #[inline(always)]
    pub fn complete(&self, name: u64, row: &KeyRow) -> (Location, TraceOperation) {
        let number = u64::from(row.number);
        let location = row.location().unwrap_or_else(|| self.places.place(|| name, None, number));
        (location, row.operation().unwrap_or_else(|| self.operations.operation(number)))
    }
}

/// So many rows at least are put together before their keys are simulated.
const TOGETHER: usize = 2_048;

/// The rows of a trace as they are in its first replication.
#[derive(Clone, Copy, Debug)]
pub struct FirstReplication<'a> {
    pub rows: &'a Rows,
    rules: Rules,
}

impl<'a> FirstReplication<'a> {
    pub(super) fn new(rows: &'a Rows, rules: Rules) -> FirstReplication<'a> {
        FirstReplication { rows, rules }
    }

    /// Where a row of a key happens, and what it asks for.
    pub fn complete(&self, key: u32, row: &KeyRow) -> (Location, TraceOperation) {
        self.rules.complete(self.rows.name(key), row)
    }
}

/// Some of the keys, with all their rows.
#[derive(Debug, Default)]
pub(super) struct Keys {
    rows: Vec<KeyRow>,
    /// By key: the number of its name, and where its rows end.
    keys: Vec<(u64, usize)>,
}

impl Keys {
    /// Takes the next keys, in place of those before; whether there are any.
    pub fn take(&mut self, by_key: &mut ByKey<'_>) -> bool {
        self.rows.clear();
        self.keys.clear();
        while self.rows.len() < TOGETHER
            && let Some((_, name)) = by_key.next_key(&mut self.rows)
        {
            self.keys.push((name, self.rows.len()));
        }
        !self.keys.is_empty()
    }

    /// Each key, before anything happens to it.
    pub fn each<'a>(&'a self, rules: &'a Rules) -> impl Iterator<Item = OfRows<'a>> {
        let mut from = 0;
        self.keys.iter().map(move |(name, to)| {
            let rows = &self.rows[std::mem::replace(&mut from, *to)..*to];
            OfRows { rows, rules, name: *name, number: rules.requests.entity(*name), made: 0, last: Time::START }
        })
    }
}

/// One key's rows, on the way through them.
#[derive(Debug)]
pub(super) struct OfRows<'a> {
    rows: &'a [KeyRow],
    rules: &'a Rules,
    name: u64,
    /// What requests are drawn from.
    number: u64,
    /// How many have acted, and when the last of them did.
    made: u64,
    last: Time,
}

impl Acting for OfRows<'_> {
    fn act(&mut self, most: usize, reads: &mut Vec<Act>, mut write: impl FnMut(Act, What)) {
        let (rows, rest) = self.rows.split_at(most.min(self.rows.len()));
        self.rows = rest;
        for row in rows {
            self.made += 1;
            let (location, operation) = self.rules.complete(self.name, row);
            let KeyRow { at, before, number, .. } = *row;
            let act = Act { n: number.into(), at, before, draw: derive(self.number, self.made), location };
            match operation {
                TraceOperation::Get => reads.push(act),
                TraceOperation::Put => write(act, What::Put),
                TraceOperation::Delete => write(act, What::Delete),
                TraceOperation::Add => debug_assert!(false, "such traces are left to events"),
            }
        }
        self.last = rows.last().map_or(self.last, |row| row.at);
    }

    #[inline]
    fn horizon(&self) -> Time {
        self.rows.first().map_or(Time::NEVER, |row| row.at)
    }

    fn last_act(&self) -> Time {
        self.last
    }
}
