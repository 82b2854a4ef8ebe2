//! Rows that are picked from a trace and replayed without the others, for stores on which keys have nothing to do with each
//! other: what happens to the keys of these rows is what happens when all rows are replayed.
//!
//! Where times are equal the order of events depends on when a row came into sight, which is when the row before it took
//! place. So of a row whose predecessor is not picked the time of that is kept, and nothing is done then.

use crate::model::{Location, Value};

use super::config::TraceOperation;
use super::trace_feed::Placed;
use super::trace_file::Row;
use super::trace_rows::KeyRow;
use super::values::Size;

/// A row, and what there is to know of those that are left out.
#[derive(Clone, Copy, Debug)]
pub struct PickedRow {
    pub key: u32,
    pub row: KeyRow,
    pub operation: TraceOperation,
    pub location: Location,
    /// Who it is, if it says so, as the workload numbers clients.
    pub client: Option<u32>,
    /// How many rows of all put something before it.
    pub puts: Value,
}

/// All rows of some keys up to some row.
#[derive(Debug)]
pub struct Picked {
    rows: Vec<PickedRow>,
    /// By key, for those that are picked: the number that its name makes, and how many bytes that has, if sizes matter.
    names: Vec<(u64, u16)>,
    next: usize,
    /// Of all rows, the one that is next in sight.
    number: u32,
}

impl Picked {
    /// From rows in any order, and the names of their keys.
    pub fn new(mut rows: Vec<PickedRow>, name: impl Fn(u32) -> (u64, u16)) -> Picked {
        rows.sort_unstable_by_key(|picked| picked.row.number);
        let keys = rows.iter().map(|picked| picked.key as usize + 1).max().unwrap_or(0);
        let mut names = vec![(0, 0); keys];
        rows.iter().for_each(|picked| names[picked.key as usize] = name(picked.key));
        Picked { rows, names, next: 0, number: 0 }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Starts from the first row.
    pub fn begin(&mut self) {
        (self.next, self.number) = (0, 0);
    }

    /// The next row, or the one before it if that is left out.
    pub fn next_row(&mut self) -> Option<Placed> {
        let PickedRow { key, row, operation, location, client, puts } = *self.rows.get(self.next)?;
        let left_out = self.number < row.number;
        let (at, number) = if left_out { (row.before, row.number - 1) } else { (row.at, row.number) };
        self.next += usize::from(!left_out);
        self.number = number + 1;
        let size_bytes = if let Size::Stated(bytes) = row.beside.size() { Some(bytes.into()) } else { None };
        let row = Row {
            at,
            key,
            operation: Some(operation),
            size_bytes,
            ttl: row.beside.ttl(),
            location: Some(location),
            client: None,
        };
        let number = number.into();
        Some(Placed { row, group: key, location, client, number, puts: Some(puts), left_out })
    }

    /// The name of a key, as a number, if it is picked.
    pub fn name(&self, key: u32) -> u64 {
        self.names[key as usize].0
    }

    /// How many bytes the name of a key has in the file, if it is picked and sizes matter.
    pub fn key_bytes(&self, key: u32) -> u16 {
        self.names[key as usize].1
    }
}
