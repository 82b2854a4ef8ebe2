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

/// A trace of more rows is left to events: so many take 110 MB while they are put in order.
pub const ROWS_MAX: usize = 1 << 21;

/// All rows of a trace, key by key.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// By key: the number that its requests are drawn from, and where its rows end.
    keys: Vec<(u64, usize)>,
    rows: Vec<Row>,
}

/// A row among those of its key.
#[derive(Clone, Copy, Debug)]
struct Row {
    at: Time,
    /// When the row before it was, whatever its key.
    before: Time,
    /// Its number in the trace.
    n: u32,
    location: Location,
    /// Nothing for a read.
    writes: Option<What>,
}

const NOTHING: Row = Row { at: Time::START, before: Time::START, n: 0, location: Location(0), writes: None };

impl Rows {
    /// Reads a trace up to the end of the run; `None` where something in it needs events, before anything is measured.
    ///
    /// # Errors
    /// When the trace cannot be read on.
    pub fn read(trace: &mut Trace, requests: StreamKey, until: Time) -> Result<Option<Rows>, TraceError> {
        let (mut groups, mut taken) = (Vec::new(), Vec::new());
        let mut rows = Rows::default();
        let mut before = Time::START;
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
            if placed.group as usize == rows.keys.len() {
                rows.keys.push((requests.entity(placed.row.key), 0));
            }
            groups.push(placed.group);
            taken.push(Row { at, before, n: placed.number as u32, location: placed.location, writes });
            before = at;
        }
        if let Some(error) = trace.failure() {
            return Err(error);
        }
        rows.sort(&groups, &taken);
        Ok(Some(rows))
    }

    /// Puts rows in the order of their keys, and leaves those of one key in their order.
    fn sort(&mut self, groups: &[u32], taken: &[Row]) {
        groups.iter().for_each(|group| self.keys[*group as usize].1 += 1);
        let mut end = 0;
        for (_, rows) in &mut self.keys {
            end += std::mem::replace(rows, end);
        }
        self.rows = vec![NOTHING; taken.len()];
        for (group, row) in groups.iter().zip(taken) {
            let place = &mut self.keys[*group as usize].1;
            self.rows[*place] = *row;
            *place += 1;
        }
    }

    /// Each key, before anything happens to it.
    pub fn keys(&self) -> impl Iterator<Item = OfRows<'_>> {
        let mut from = 0;
        self.keys.iter().map(move |(number, to)| {
            let rows = &self.rows[std::mem::replace(&mut from, *to)..*to];
            OfRows { rows, number: *number, made: 0, last: Time::START }
        })
    }
}

/// One key's rows, on the way through them.
#[derive(Debug)]
pub(super) struct OfRows<'a> {
    rows: &'a [Row],
    number: u64,
    /// How many have acted, and when the last of them did.
    made: u64,
    last: Time,
}

impl Acting for OfRows<'_> {
    fn act(&mut self, most: usize, reads: &mut Vec<Act>, mut write: impl FnMut(Act, What)) {
        let (rows, rest) = self.rows.split_at(most.min(self.rows.len()));
        self.rows = rest;
        for Row { at, before, n, location, writes } in rows.iter().copied() {
            self.made += 1;
            let act = Act { n: u64::from(n), at, before, draw: derive(self.number, self.made), location };
            match writes {
                Some(what) => write(act, what),
                None => reads.push(act),
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
