//! The rows of a trace as a workload takes them in: keys counted, places given where the file has none, failures kept.

use crate::model::{Location, Time, Value};
use crate::random::StreamKey;

use super::arrivals::any_edge;
use super::config::{Placement, TraceSource};
use super::trace_file::{Row, TraceError, TraceReader, ttl};
use super::trace_names::{Names, TOGETHER};
use super::trace_plain::{PlainMore, PlainRow};

/// A row with its place in the run.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    pub row: Row<u32>,
    /// The key's number among the keys of the trace, in the order of their first rows.
    pub group: u32,
    pub location: Location,
    /// Its client's number, where clients are not numbered on the way.
    pub client: Option<u32>,
    /// The row's own number, from zero.
    pub number: u64,
    /// How many rows put something before it, where that is not counted on the way.
    pub puts: Option<Value>,
    /// Whether nothing is done.
    pub left_out: bool,
}

/// The seeded rule for rows without a place, of one replication.
#[derive(Clone, Copy, Debug)]
pub struct PlaceRule {
    pub placement: Placement,
    pub key: StreamKey,
    /// They go to one of the first so many locations.
    pub locations: u16,
}

impl PlaceRule {
    /// Where a row goes, given the name of its key, its client if it has one, and its number.
    #[inline]
    pub fn place(&self, name: impl FnOnce() -> u64, client: Option<u64>, number: u64) -> Location {
        let entity = match (self.placement, client) {
            (Placement::PerKey, _) => name(),
            (Placement::PerClient, Some(client)) => client,
            (Placement::PerRow | Placement::PerClient, _) => number,
        };
        any_edge(&mut self.key.stream(entity), self.locations)
    }
}

/// A trace under way.
#[derive(Debug)]
pub struct Feed {
    source: TraceSource,
    places: Vec<String>,
    rule: PlaceRule,
    reader: Option<TraceReader>,
    failure: Option<TraceError>,
    names: Names,
    rows: u64,
    ahead: Ahead,
}

/// Rows that were read together, with their keys; the first of them have been given away.
#[derive(Debug, Default)]
struct Ahead {
    rows: Vec<PlainRow>,
    more: Vec<PlainMore>,
    keys: Vec<u32>,
    given: usize,
    read: usize,
}

impl Ahead {
    /// The next of them.
    #[inline(always)]
    fn next(&mut self) -> Option<Row<u32>> {
        if self.given == self.read {
            return None;
        }
        let (row, more, key) = (self.rows[self.given], self.more[self.given], self.keys[self.given]);
        self.given += 1;
        Some(Row {
            at: row.at,
            key,
            operation: PlainRow::operation(row.what),
            size_bytes: (row.size != PlainRow::NO_SIZE).then_some(row.size.into()),
            ttl: ttl(more.ttl.into()),
            location: PlainRow::location(row.location),
            client: more.client,
        })
    }

    /// Reads more, after all were given away; none if the next row needs a closer look.
    #[inline(never)]
    fn read_on(&mut self, reader: &mut TraceReader, names: &mut Names) {
        self.rows.resize(TOGETHER, PlainRow::default());
        self.more.resize(TOGETHER, PlainMore::default());
        self.keys.resize(TOGETHER, 0);
        let (read, bytes) = reader.plain_rows(Time::NEVER, &mut self.rows, &mut self.more);
        if read > 0 {
            names.find(&self.rows[..read], bytes, &mut self.keys[..read]);
        }
        (self.given, self.read) = (0, read);
    }
}

impl Feed {
    /// A feed that has not begun. `places` are the codes of the edges.
    pub fn new(source: &TraceSource, places: &[String], locations: u16, placement: StreamKey) -> Feed {
        Feed {
            source: source.clone(),
            places: places.to_vec(),
            rule: PlaceRule { placement: source.placement, key: placement, locations },
            reader: None,
            failure: None,
            names: Names::default(),
            rows: 0,
            ahead: Ahead::default(),
        }
    }

    /// Starts from the first row.
    pub fn begin(&mut self) {
        self.names.clear();
        self.rows = 0;
        (self.ahead.given, self.ahead.read) = (0, 0);
        match TraceReader::open(&self.source, &self.places) {
            Ok(reader) => self.reader = Some(reader),
            Err(error) => self.failure = Some(error),
        }
    }

    /// The next row; `None` after the last, and after the first that cannot be read, which is kept as the failure.
    #[inline(always)]
    pub fn next_row(&mut self) -> Option<Placed> {
        let row = match self.ahead.next() {
            Some(row) => row,
            None => self.read_on()?,
        };
        let number = self.rows;
        self.rows += 1;
        let location =
            row.location.unwrap_or_else(|| self.rule.place(|| self.names.number(row.key), row.client, number));
        Some(Placed { row, group: row.key, location, client: None, number, puts: None, left_out: false })
    }

    /// Reads on, many rows together where they are plain.
    #[inline(never)]
    fn read_on(&mut self) -> Option<Row<u32>> {
        let reader = self.reader.as_mut()?;
        self.ahead.read_on(reader, &mut self.names);
        if let Some(row) = self.ahead.next() {
            return Some(row);
        }
        match reader.next_row_of(&mut self.names) {
            Ok(row) => row,
            Err(error) => {
                self.failure = Some(*error);
                self.reader = None;
                None
            }
        }
    }

    /// The name of a key, as a number.
    pub fn name(&self, group: u32) -> u64 {
        self.names.number(group)
    }

    /// How many bytes the name of a key has in the file.
    pub fn key_bytes(&self, group: u32) -> u16 {
        self.names.bytes(group)
    }

    /// What stopped the feed, once.
    pub fn take_failure(&mut self) -> Option<TraceError> {
        self.failure.take()
    }
}
