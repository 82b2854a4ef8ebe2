//! The rows of a trace as a workload takes them in: keys counted, places given where the file has none, failures kept.

use crate::model::Location;
use crate::random::StreamKey;

use super::arrivals::any_edge;
use super::config::{Placement, TraceSource};
use super::trace_file::{Row, TraceError, TraceReader};
use super::trace_names::Names;

/// A row with its place in the run.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    pub row: Row<u32>,
    /// The key's number among the keys of the trace, in the order of their first rows.
    pub group: u32,
    pub location: Location,
    /// The row's own number, from zero.
    pub number: u64,
}

/// A trace under way.
#[derive(Debug)]
pub struct Feed {
    source: TraceSource,
    places: Vec<String>,
    placement: StreamKey,
    /// Rows without a place go to one of the first so many locations.
    locations: u16,
    reader: Option<TraceReader>,
    failure: Option<TraceError>,
    names: Names,
    rows: u64,
}

impl Feed {
    /// A feed that has not begun. `places` are the codes of the edges.
    pub fn new(source: &TraceSource, places: &[String], locations: u16, placement: StreamKey) -> Feed {
        Feed {
            source: source.clone(),
            places: places.to_vec(),
            placement,
            locations,
            reader: None,
            failure: None,
            names: Names::default(),
            rows: 0,
        }
    }

    /// Starts from the first row.
    pub fn begin(&mut self) {
        self.names.clear();
        self.rows = 0;
        match TraceReader::open(&self.source, &self.places) {
            Ok(reader) => self.reader = Some(reader),
            Err(error) => self.failure = Some(error),
        }
    }

    /// The next row; `None` after the last, and after the first that cannot be read, which is kept as the failure.
    #[inline(always)]
    pub fn next_row(&mut self) -> Option<Placed> {
        let row = match self.reader.as_mut()?.next_row_of(&mut self.names) {
            Ok(row) => row?,
            Err(error) => {
                self.failure = Some(*error);
                self.reader = None;
                return None;
            }
        };
        let number = self.rows;
        self.rows += 1;
        let location = row.location.unwrap_or_else(|| self.place(&row, number));
        Some(Placed { row, group: row.key, location, number })
    }

    /// The seeded rule for rows without a place.
    fn place(&self, row: &Row<u32>, number: u64) -> Location {
        let entity = match (self.source.placement, row.client) {
            (Placement::PerKey, _) => self.name(row.key),
            (Placement::PerClient, Some(client)) => client,
            (Placement::PerRow | Placement::PerClient, _) => number,
        };
        any_edge(&mut self.placement.stream(entity), self.locations)
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
