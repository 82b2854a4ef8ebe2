//! The rows of a trace, put in the order of their keys: one key's rows are what its clients do.
//!
//! Rows are one stream over all keys, so a row's number and the time of the row before it, by which `order.rs` tells what
//! is first, are those of the whole trace.

use crate::model::{Location, Time};
use crate::random::{StreamKey, derive};
use crate::workloads::trace::Trace;
use crate::workloads::trace_file::TraceError;
use crate::workloads::{TraceOperation, Workload};

use super::clients::{Act, Acting, What};

/// A trace of more rows is left to events: so many take 67 MB while they are put in order.
pub const ROWS_MAX: usize = 1 << NUMBER_BITS;

const NUMBER_BITS: u32 = 21;
const LOCATION_BITS: u32 = u16::BITS;
/// A longer step of time than such a number says is looked up.
const STEP_MAX: u64 = (1 << (u64::BITS - NUMBER_BITS - LOCATION_BITS)) - 1;

/// All rows of a trace, key by key.
#[derive(Debug)]
pub(super) struct Rows {
    /// By key: the number that its requests are drawn from, and where its rows end.
    keys: Vec<(u64, usize)>,
    /// The start of the run, then when each row is, whatever its key.
    times: Vec<Time>,
    rows: Vec<Row>,
}

/// A row as it is read.
#[derive(Clone, Copy, Debug)]
struct Taken {
    /// The key's number among those of the trace.
    group: u32,
    location: Location,
    /// Nothing for a read.
    writes: Option<What>,
}

/// A row among those of its key, in as few bytes as it can be: all of them go through memory once more.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// Its time, and in the last two bits what it does.
    at: u64,
    /// From the last bit on its number in the trace, its location, and how much later it is than the row before.
    rest: u64,
}

impl Row {
    fn new(n: usize, before: Time, at: Time, taken: Taken) -> Row {
        let what = match taken.writes {
            None => 0,
            Some(What::Put) => 1,
            Some(What::Delete) => 2,
        };
        let step = at.since(before).0.min(STEP_MAX);
        let rest = (step << LOCATION_BITS | u64::from(taken.location.0)) << NUMBER_BITS | n as u64;
        Row { at: at.0 << 2 | what, rest }
    }

    #[inline(always)]
    fn at(self) -> Time {
        Time(self.at >> 2)
    }

    #[inline(always)]
    fn writes(self) -> Option<What> {
        match self.at & 3 {
            0 => None,
            1 => Some(What::Put),
            _ => Some(What::Delete),
        }
    }

    #[inline(always)]
    fn location(self) -> Location {
        Location((self.rest >> NUMBER_BITS) as u16)
    }

    #[inline(always)]
    fn number(self) -> usize {
        self.rest as usize & (ROWS_MAX - 1)
    }

    /// When the row before it was, whatever its key.
    #[inline(always)]
    fn before(self, times: &[Time]) -> Time {
        match self.rest >> (NUMBER_BITS + LOCATION_BITS) {
            STEP_MAX => times[self.number()],
            step => Time(self.at().0 - step),
        }
    }
}

impl Rows {
    /// Reads a trace up to the end of the run; `None` where something in it needs events, before anything is measured.
    ///
    /// # Errors
    /// When the trace cannot be read on.
    pub fn read(trace: &mut Trace, requests: StreamKey, until: Time) -> Result<Option<Rows>, TraceError> {
        let mut rows = Rows { keys: Vec::new(), times: vec![Time::START], rows: Vec::new() };
        let mut taken = Vec::new();
        trace.rewind();
        while let Some((placed, operation)) = trace.next_operation() {
            let at = placed.row.at;
            if at >= until {
                break;
            }
            let writes = match operation {
                TraceOperation::Get => None,
                TraceOperation::Put => Some(What::Put),
                TraceOperation::Delete => Some(What::Delete),
                // A get, and a put when its answer is there.
                TraceOperation::Add => return Ok(None),
            };
            if taken.len() == ROWS_MAX {
                return Ok(None);
            }
            let group = placed.group;
            if group as usize == rows.keys.len() {
                rows.keys.push((requests.entity(trace.name(group)), 0));
            }
            rows.keys[group as usize].1 += 1;
            rows.times.push(at);
            taken.push(Taken { group, location: placed.location, writes });
        }
        if let Some(error) = trace.failure() {
            return Err(error);
        }
        rows.sort(&taken);
        Ok(Some(rows))
    }

    /// Puts rows in the order of their keys, of which so far is known how many rows each has; those of one key stay in
    /// their order.
    fn sort(&mut self, taken: &[Taken]) {
        let mut end = 0;
        for (_, rows) in &mut self.keys {
            end += std::mem::replace(rows, end);
        }
        self.rows = vec![Row { at: 0, rest: 0 }; taken.len()];
        let times = self.times.iter().zip(&self.times[1..]);
        for (n, (taken, (before, at))) in taken.iter().zip(times).enumerate() {
            let place = &mut self.keys[taken.group as usize].1;
            self.rows[*place] = Row::new(n, *before, *at, *taken);
            *place += 1;
        }
    }

    /// Each key, before anything happens to it.
    pub fn keys(&self) -> impl Iterator<Item = OfRows<'_>> {
        let mut from = 0;
        self.keys.iter().map(move |(number, to)| {
            let rows = &self.rows[std::mem::replace(&mut from, *to)..*to];
            OfRows { rows, times: &self.times, number: *number, made: 0, last: Time::START }
        })
    }
}

/// One key's rows, on the way through them.
#[derive(Debug)]
pub(super) struct OfRows<'a> {
    rows: &'a [Row],
    times: &'a [Time],
    number: u64,
    /// How many have acted, and when the last of them did.
    made: u64,
    last: Time,
}

impl Acting for OfRows<'_> {
    fn act(&mut self, most: usize, reads: &mut Vec<Act>, mut write: impl FnMut(Act, What)) {
        let (rows, rest) = self.rows.split_at(most.min(self.rows.len()));
        self.rows = rest;
        for row in rows.iter().copied() {
            self.made += 1;
            let (at, before, draw) = (row.at(), row.before(self.times), derive(self.number, self.made));
            let act = Act { n: row.number() as u64, at, before, draw, location: row.location() };
            match row.writes() {
                Some(what) => write(act, what),
                None => reads.push(act),
            }
        }
        self.last = rows.last().map_or(self.last, |row| row.at());
    }

    #[inline]
    fn horizon(&self) -> Time {
        self.rows.first().map_or(Time::NEVER, |row| row.at())
    }

    fn last_act(&self) -> Time {
        self.last
    }
}
