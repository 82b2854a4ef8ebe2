//! The rows of a trace: one key's rows are what its clients do.
//!
//! Rows are one stream over all keys, so a row's number and the time of the row before it, by which `order.rs` tells what
//! is first, are those of the whole trace.

use crate::model::{Location, Span, Time};
use crate::random::{StreamKey, derive};
use crate::workloads::TraceOperation;
use crate::workloads::trace::OperationRule;
use crate::workloads::trace_beside::Slices;
use crate::workloads::trace_feed::PlaceRule;
use crate::workloads::trace_rows::{ByKey, KeyRow, Rows, Run};

use super::acts::{Act, Acting, What};

/// What differs between replications of a trace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub places: PlaceRule,
    pub operations: OperationRule,
    pub requests: StreamKey,
    /// After which time what a row puts expires that does not say it.
    pub ttl: Option<Span>,
}

impl Rules {
    /// Where a row of a key happens, and what it asks for, given the number that its client's name makes.
    #[inline(always)]
    pub fn complete(&self, name: u64, row: &KeyRow, client: Option<u64>) -> (Location, TraceOperation) {
        (self.location(|| name, row, || client), self.operation(row))
    }

    #[inline(always)]
    fn location(&self, name: impl Fn() -> u64, row: &KeyRow, client: impl Fn() -> Option<u64>) -> Location {
        row.location().unwrap_or_else(|| self.places.place(name, client(), row.number.into()))
    }

    #[inline(always)]
    fn operation(&self, row: &KeyRow) -> TraceOperation {
        row.operation().unwrap_or_else(|| self.operations.operation(row.number.into()))
    }

    /// After which time what a row puts expires, if that does.
    #[inline(always)]
    fn ttl(&self, row: &KeyRow) -> Option<Span> {
        row.beside.ttl().or(self.ttl)
    }

    /// The number of a client where locations come first, which are the clients of rows that name none.
    #[inline(always)]
    fn client(&self, number: u32) -> u32 {
        u32::from(self.places.locations) + number
    }
}

/// So many rows at least are found before their keys are simulated: so the ways through memory to them overlap.
const TOGETHER: usize = 2_048;

/// The first rows of a trace as they are in its first replication.
#[derive(Debug)]
pub struct FirstReplication<'a> {
    rows: Held<'a>,
    rules: Rules,
}

/// Rows that are kept for all, or that were read for one.
#[derive(Debug)]
pub(super) enum Held<'a> {
    Kept(&'a Rows),
    Read(Box<Rows>),
}

impl<'a> FirstReplication<'a> {
    pub(super) fn new(rows: Held<'a>, rules: Rules) -> FirstReplication<'a> {
        FirstReplication { rows, rules }
    }

    /// The rows, those that do not come first too, where all are kept.
    pub fn rows(&self) -> &Rows {
        match &self.rows {
            Held::Kept(rows) => rows,
            Held::Read(rows) => rows,
        }
    }

    /// Where a row of a key happens.
    pub fn location(&self, key: u32, row: &KeyRow) -> Location {
        let client = || row.beside.client().map(|client| self.rows().clients()[client as usize]);
        self.rules.location(|| self.rows().name(key), row, client)
    }

    /// What a row asks for.
    #[inline]
    pub fn operation(&self, row: &KeyRow) -> TraceOperation {
        self.rules.operation(row)
    }

    /// The number of a row's client, if it has one, where locations come first.
    pub fn client(&self, row: &KeyRow) -> Option<u32> {
        row.beside.client().map(|client| self.rules.client(client))
    }
}

/// All rows, and what they say beside, looked up once.
#[derive(Debug)]
struct All<'a> {
    rows: &'a Rows,
    beside: Slices<'a>,
    clients: &'a [u64],
}

/// Some of the keys, with all their rows.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    all: All<'a>,
    runs: Vec<Run<'a>>,
    /// By key: its number, that of its name, and where its runs end.
    keys: Vec<(u32, u64, usize)>,
}

impl<'a> Keys<'a> {
    /// None of the keys of these rows.
    pub fn of(rows: &'a Rows) -> Keys<'a> {
        let all = All { rows, beside: rows.beside(), clients: rows.clients() };
        Keys { all, runs: Vec::new(), keys: Vec::new() }
    }

    /// Takes the next keys, in place of those before; whether there are any.
    pub fn take(&mut self, by_key: &mut ByKey<'a>) -> bool {
        self.runs.clear();
        self.keys.clear();
        let (runs, mut rows) = (&mut self.runs, 0);
        while rows < TOGETHER
            && let Some(key) = by_key.next_runs(
                |_| true,
                |run| {
                    rows += run.len();
                    runs.push(run);
                },
            )
        {
            self.keys.push((key, self.all.rows.name(key), runs.len()));
        }
        !self.keys.is_empty()
    }

    /// Each key, before anything happens to it; `MORE`: its rows may have clients, TTLs or sizes.
    pub fn each<'b, const MORE: bool>(&'b self, rules: &'b Rules) -> impl Iterator<Item = OfRows<'b, MORE>> {
        let mut from = 0;
        self.keys.iter().filter_map(move |(key, name, to)| {
            let (first, runs) = self.runs[std::mem::replace(&mut from, *to)..*to].split_first()?;
            let (number, so_far) = (rules.requests.entity(*name), SoFar::default());
            let (key, name, end) = (*key, *name, Time::NEVER);
            Some(OfRows { key, run: *first, runs, rules, all: &self.all, name, number, so_far, end })
        })
    }
}

/// What a key's rows have done.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SoFar {
    /// How many have acted, and when the last of them did.
    made: u64,
    last: Time,
}

/// One key's rows, on the way through them; `MORE`: they may have clients, TTLs or sizes.
#[derive(Debug)]
pub(super) struct OfRows<'a, const MORE: bool> {
    /// Among the keys of the trace.
    pub key: u32,
    /// Those that come next, and then those of these; if none are left here, none are there.
    run: Run<'a>,
    runs: &'a [Run<'a>],
    rules: &'a Rules,
    all: &'a All<'a>,
    name: u64,
    /// What requests are drawn from.
    number: u64,
    so_far: SoFar,
    /// No other rows come earlier than this.
    end: Time,
}

impl<'a, const MORE: bool> OfRows<'a, MORE> {
    /// Goes on after other rows of the key; perhaps more come from some time on.
    pub fn after(&mut self, so_far: SoFar, end: Time) {
        (self.so_far, self.end) = (so_far, end);
    }

    /// Some rows act.
    #[inline(always)]
    fn each_acts(&mut self, run: Run<'a>, reads: &mut Vec<Act>, write: &mut impl FnMut(Act, What)) {
        let (beside, clients) = if MORE { (self.all.beside, self.all.clients) } else { (Slices::NONE, &[][..]) };
        for row in run.each(beside) {
            self.so_far.made += 1;
            let client = if MORE { row.beside.client() } else { None };
            let name = client.map(|client| clients[client as usize]);
            let (location, operation) = self.rules.complete(self.name, &row, name);
            let numbered = || client.map_or(location.0.into(), |client| self.rules.client(client));
            let client = if MORE { numbered() } else { 0 };
            let KeyRow { at, before, number, beside, .. } = row;
            let draw = derive(self.number, self.so_far.made);
            let act = Act { n: number.into(), at, before, draw, location, client };
            match operation {
                TraceOperation::Get => reads.push(act),
                TraceOperation::Put if MORE => {
                    write(act, What::Put { ttl: self.rules.ttl(&row), size: beside.size() });
                }
                TraceOperation::Put => write(act, What::PUT),
                TraceOperation::Delete => write(act, What::Delete),
                TraceOperation::Add => debug_assert!(false, "such traces are left to events"),
            }
            self.so_far.last = at;
        }
    }

    /// What they have done.
    pub fn so_far(&self) -> SoFar {
        self.so_far
    }
}

/// No row comes any more.
impl Acting for SoFar {
    const GOES_ON: bool = false;
    const SAY_MORE: bool = true;

    fn act(&mut self, _: usize, _: &mut Vec<Act>, _: impl FnMut(Act, What)) {}

    fn is_any_known(&self) -> bool {
        false
    }

    fn horizon(&self) -> Time {
        Time::NEVER
    }

    fn last_act(&self) -> Time {
        self.last
    }
}

impl<const MORE: bool> Acting for OfRows<'_, MORE> {
    const GOES_ON: bool = true;
    const SAY_MORE: bool = MORE;

    fn act(&mut self, most: usize, reads: &mut Vec<Act>, mut write: impl FnMut(Act, What)) {
        let mut left = most;
        while left > 0 && !self.run.is_empty() {
            let run = self.run.split_off(left);
            left -= run.len();
            self.each_acts(run, reads, &mut write);
            if self.run.is_empty()
                && let Some((next, rest)) = self.runs.split_first()
            {
                (self.run, self.runs) = (*next, rest);
            }
        }
    }

    #[inline]
    fn is_any_known(&self) -> bool {
        !self.run.is_empty()
    }

    #[inline]
    fn horizon(&self) -> Time {
        self.run.start().unwrap_or(self.end)
    }

    fn last_act(&self) -> Time {
        self.so_far.last
    }

    fn name_and_length(&self) -> Option<(u64, u16)> {
        Some(self.all.rows.name_and_length(self.key))
    }
}
