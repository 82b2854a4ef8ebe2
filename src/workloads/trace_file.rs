//! Reads a trace: a csv file with named columns, row by row, never as a whole.

use std::collections::HashMap;
use std::fmt;

use rustc_hash::FxBuildHasher;

use crate::model::{Location, Span, Time};

use super::config::{TraceFile, TraceOperation, TraceSource};
use super::trace_bytes::{last_line, open};
use super::trace_clock::Clock;
use super::trace_fields::{
    InField, What, Wrong, clip, frequent_operation, no_text, operation, plain_whole, text, text_number, whole,
};
use super::trace_names::{Keys, Numbers, Unread};
use super::trace_plain::{self, PlainColumns, PlainMore, PlainRow};
use super::trace_records::Records;

/// What is wrong with a trace, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TraceError {
    /// `T001` and so on.
    pub code: &'static str,
    /// As the scenario writes it.
    pub file: String,
    /// Counted from 1, the header included; 0 where the file as a whole is meant.
    pub line: u64,
    pub message: String,
    /// The row, and the wrong bytes of it; empty where the file as a whole is meant.
    pub row: String,
    pub at: std::ops::Range<usize>,
    /// What the user can do.
    pub help: String,
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}\n  --> {}", self.code, self.message, self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, "\n  = help: {}", self.help)
    }
}

/// One row.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Row<K = u64> {
    /// From the first row on, scaled.
    pub at: Time,
    /// The key's name as a number, or what the reader makes of it.
    pub key: K,
    pub operation: Option<TraceOperation>,
    pub size_bytes: Option<u64>,
    pub ttl: Option<Span>,
    pub location: Option<Location>,
    /// The client's name as a number.
    pub client: Option<u64>,
}

/// Where each column stands.
#[derive(Clone, Copy, Debug)]
struct Columns {
    time: usize,
    key: Option<usize>,
    operation: Option<usize>,
    size: Option<usize>,
    ttl: Option<usize>,
    location: Option<usize>,
    client: Option<usize>,
}

/// A trace that is being read.
pub struct TraceReader {
    source: TraceSource,
    /// The codes of the scenario's edges, for the column of locations.
    places: Vec<String>,
    /// The same, spelt exactly so; looked up, never iterated.
    codes: HashMap<Vec<u8>, Location, FxBuildHasher>,
    records: Records,
    columns: Columns,
    clock: Clock,
}

impl fmt::Debug for TraceReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceReader").field("source", &self.source).finish_non_exhaustive()
    }
}

/// How long a trace is, from its first row to its last, scaled. A small one is read to its end, so that every row is known to
/// be good; of a large file only the first and the last row are looked at, and what is wrong between them is found when it
/// is replayed.
///
/// # Errors
/// The first thing that is wrong with these rows.
pub fn look(source: &TraceSource, places: &[String]) -> Result<Span, TraceError> {
    let mut reader = TraceReader::open(source, places)?;
    let first = reader.first_row()?;
    // Where the end does not look like a row by itself, the whole is read, for the first thing that is wrong.
    match last_line(source).and_then(|line| reader.row_of(&line)) {
        Some(last) => Ok(last.at.since(Time::START)),
        None => reader.last_time(first),
    }
}

/// The same, and every row is read however large the file is.
///
/// # Errors
/// The first thing that is wrong.
pub fn inspect(source: &TraceSource, places: &[String]) -> Result<Span, TraceError> {
    let mut reader = TraceReader::open(source, places)?;
    let first = reader.first_row()?;
    reader.last_time(first)
}

/// The name of a trace in messages.
fn name_of(source: &TraceSource) -> &str {
    match &source.file {
        TraceFile::Path { written, .. } => written,
        TraceFile::Bytes(_) => "<bytes>",
    }
}

impl TraceReader {
    /// Opens a trace and finds its columns.
    ///
    /// # Errors
    /// When the file cannot be read or a named column is missing.
    pub fn open(source: &TraceSource, places: &[String]) -> Result<TraceReader, TraceError> {
        let fail = |code, message: String, help: &str| TraceError {
            code,
            file: name_of(source).to_string(),
            line: 0,
            message,
            row: String::new(),
            at: 0..0,
            help: help.to_string(),
        };
        let file = open(source).map_err(|error| {
            fail(
                "T001",
                format!("the trace cannot be read: {error}"),
                "check the path; it starts at the scenario's folder",
            )
        })?;
        let mut records = Records::new(file);
        records.advance().map_err(|error| {
            fail("T001", format!("the trace cannot be read: {error}"), "a csv file with a header line is needed")
        })?;
        let names: Vec<String> = (0..records.fields())
            .map_while(|column| records.field(column))
            .map(|name| String::from_utf8_lossy(name).trim_start_matches(['#', '\u{feff}']).trim().to_string())
            .collect();
        if names.iter().all(String::is_empty) {
            return Err(fail("T003", "the trace is empty".into(), "a header and at least one row are needed"));
        }
        let find = |name: &str| {
            names.iter().position(|have| have == name).ok_or_else(|| {
                let shown: Vec<&str> = names.iter().take(20).map(String::as_str).collect();
                let message = format!("the trace has no column `{}`", clip(name));
                fail("T002", message, &format!("its columns are: {}", clip(&shown.join(", "))))
            })
        };
        let optional = |name: &Option<String>| name.as_deref().map(find).transpose();
        let columns = Columns {
            time: find(&source.time)?,
            key: optional(&source.key)?,
            operation: optional(&source.operation)?,
            size: optional(&source.size)?,
            ttl: optional(&source.ttl)?,
            location: optional(&source.location)?,
            client: optional(&source.client)?,
        };
        Ok(TraceReader {
            source: source.clone(),
            // Of equal codes the first counts, so it is put in last.
            codes: (0..places.len()).rev().map(|n| (places[n].clone().into_bytes(), Location(n as u16))).collect(),
            places: places.to_vec(),
            records,
            columns,
            clock: Clock::new(source, columns.time),
        })
    }

    fn error(&self, code: &'static str, line: u64, message: String, help: &str) -> TraceError {
        let (file, help) = (name_of(&self.source).to_string(), help.to_string());
        TraceError { code, file, line, message, row: String::new(), at: 0..0, help }
    }

    /// The row as text, short enough for a message, and where its field stands in it.
    fn excerpt(&self, column: usize) -> (String, std::ops::Range<usize>) {
        let mut row = String::new();
        let mut at = 0..0;
        let fields = (0..=column.max(11)).map_while(|n| self.records.field(n));
        for (n, field) in fields.enumerate() {
            if n > 0 {
                row.push(',');
            }
            let from = row.len();
            row.push_str(&clip(&String::from_utf8_lossy(field.trim_ascii())));
            if n == column {
                at = from..row.len();
            }
        }
        if at.is_empty() { (row.clone(), 0..row.len()) } else { (row, at) }
    }

    fn first_row(&mut self) -> Result<Row<()>, TraceError> {
        self.next_row_of(&mut Unread).map_err(|error| *error)?.ok_or_else(|| {
            self.error("T003", 0, "the trace holds no row".into(), "a header and at least one row are needed")
        })
    }

    /// Reads on to the end; the time of the last row.
    fn last_time(&mut self, first: Row<()>) -> Result<Span, TraceError> {
        let mut last = first;
        while let Some(row) = self.next_row_of(&mut Unread).map_err(|error| *error)? {
            last = row;
        }
        Ok(last.at.since(Time::START))
    }

    /// The row in a line that was read by other means, if it is a good one and not before those that were read so far.
    fn row_of(&mut self, line: &[u8]) -> Option<Row<()>> {
        let last_line = Records::new(Box::new(std::io::Cursor::new(line.to_vec())));
        let read = (self.clock, std::mem::replace(&mut self.records, last_line));
        let row = self.records.advance().ok().filter(|found| *found).and_then(|_| self.parse(&mut Unread).ok());
        (self.clock, self.records) = read;
        row
    }

    /// The next row, or `None` after the last.
    ///
    /// # Errors
    /// When the row is malformed or earlier than the one before.
    pub fn next_row(&mut self) -> Result<Option<Row>, TraceError> {
        self.next_row_of(&mut Numbers).map_err(|error| *error)
    }

    /// The same, and `keys` says what its key is.
    #[inline(always)]
    pub(super) fn next_row_of<K: Keys>(&mut self, keys: &mut K) -> Result<Option<Row<K::Key>>, Box<TraceError>> {
        match self.records.advance() {
            Ok(true) => match self.parse(keys) {
                Ok(row) => Ok(Some(row)),
                Err(wrong) => Err(self.malformed(*wrong)),
            },
            Ok(false) => Ok(None),
            Err(error) => Err(self.broken(&error)),
        }
    }

    /// Reads the next rows before a time as far as they need no closer look: as many as there is room for. Says how many, and
    /// gives the bytes in which their long names are. None of a trace with clients or TTLs is, without room for these.
    pub(super) fn plain_rows(&mut self, until: Time, rows: &mut [PlainRow], more: &mut [PlainMore]) -> (usize, &[u8]) {
        let read = self.read_plain_rows(until, rows, more).unwrap_or(0);
        (read, self.records.bytes())
    }

    #[inline(never)]
    fn read_plain_rows(&mut self, until: Time, rows: &mut [PlainRow], more: &mut [PlainMore]) -> Option<usize> {
        let Columns { time, key, operation, size, ttl, location, client } = self.columns;
        if (ttl.is_some() || client.is_some()) && more.len() < rows.len() {
            return None;
        }
        let columns = PlainColumns { time, key: key?, operation, size, location, ttl, client };
        let mut clock = self.clock.plain(until)?;
        let plain = self.records.plain()?;
        let stride = plain.stride;
        let place = |code: &[u8]| self.codes.get(code).map(|place| place.0).filter(|place| *place != PlainRow::NOWHERE);
        let read = trace_plain::read(plain, columns, &mut clock, place, rows, more);
        if read > 0 {
            self.records.divided(read, stride);
            self.clock.go_on(&clock);
        }
        Some(read)
    }

    #[cold]
    fn broken(&self, error: &std::io::Error) -> Box<TraceError> {
        let message = format!("the trace cannot be read on from line {}: {error}", self.records.line());
        Box::new(self.error("T001", self.records.line(), message, "is it a csv file, with one row a line?"))
    }

    #[cold]
    fn malformed(&self, (column, code, message, help): InField) -> Box<TraceError> {
        let (row, at) = self.excerpt(column);
        Box::new(TraceError { row, at, ..self.error(code, self.records.record_line(), message, &help) })
    }

    /// An optional column's field; an empty one is absent.
    #[inline(always)]
    fn optional_field(&self, column: Option<usize>) -> Result<Option<Found<'_>>, Wrong> {
        let Some(column) = column else { return Ok(None) };
        let (bytes, length) = field_and_more(&self.records, column)?;
        Ok((length > 0).then_some((column, bytes, length)))
    }

    /// Parses an optional column's field: as what is frequent, or more slowly as whatever it may be.
    #[inline(always)]
    fn optional<T>(
        &self,
        column: Option<usize>,
        frequent: impl Fn(&[u8]) -> Option<T>,
        parse: impl Fn(&str) -> Result<T, What>,
    ) -> Result<Option<T>, Wrong> {
        let Some((column, bytes, length)) = self.optional_field(column)? else { return Ok(None) };
        let field = &bytes[..length];
        frequent(field).map_or_else(|| TraceReader::parse_rare(column, field, parse), Ok).map(Some)
    }

    #[cold]
    fn parse_rare<T>(column: usize, field: &[u8], parse: impl Fn(&str) -> Result<T, What>) -> Result<T, Wrong> {
        parse(text(column, field)?).map_err(|(code, message, help)| Box::new((column, code, message, help)))
    }

    #[inline(always)]
    fn number(&self, column: Option<usize>, what: &str) -> Result<Option<u64>, Wrong> {
        let Some((_, bytes, length)) = self.optional_field(column)? else { return Ok(None) };
        match plain_whole(bytes, length) {
            Some(number) => Ok(Some(number)),
            None => self.long_number(column, what),
        }
    }

    #[cold]
    fn long_number(&self, column: Option<usize>, what: &str) -> Result<Option<u64>, Wrong> {
        self.optional(column, whole, |field| {
            field.parse::<u64>().map_err(|_| {
                ("T008", format!("`{}` is not a {what}", clip(field)), "a whole number is needed".to_string())
            })
        })
    }

    #[inline(always)]
    fn parse<K: Keys>(&mut self, keys: &mut K) -> Result<Row<K::Key>, Wrong> {
        let columns = self.columns;
        let (bytes, length) = field_and_more(&self.records, columns.time)?;
        let at = self.clock.time(bytes, length)?;
        let seconds = self.number(columns.ttl, "TTL in seconds")?;
        let key = match columns.key {
            Some(column) => {
                let (bytes, length) = field_and_more(&self.records, column)?;
                match keys.named(bytes, length) {
                    Some(key) => key,
                    None => return Err(no_text(column)),
                }
            }
            None => keys.unnamed(),
        };
        Ok(Row {
            at,
            key,
            operation: self.optional(columns.operation, frequent_operation, operation)?,
            size_bytes: self.number(columns.size, "size in bytes")?,
            ttl: ttl(seconds.unwrap_or(0)),
            location: self.optional(columns.location, |code| self.codes.get(code).copied(), |code| self.place(code))?,
            client: match self.optional_field(columns.client)? {
                Some((column, bytes, length)) => Some(text_number(&bytes[..length]).ok_or_else(|| no_text(column))?),
                None => None,
            },
        })
    }

    fn place(&self, field: &str) -> Result<Location, What> {
        self.places.iter().position(|code| code.eq_ignore_ascii_case(field)).map(|at| Location(at as u16)).ok_or_else(
            || {
                let help = format!("the scenario's edges are: {}", clip(&self.places.join(", ")));
                ("T010", format!("`{}` is no edge of the scenario", clip(field)), help)
            },
        )
    }
}

/// The TTL of so many seconds. Caches write a zero for "none".
#[inline(always)]
pub(super) fn ttl(seconds: u64) -> Option<Span> {
    (seconds > 0).then(|| Span(seconds.saturating_mul(1_000_000_000)))
}

/// A field's bytes with those behind them in memory, and its length.
#[inline(always)]
fn field_and_more(records: &Records, column: usize) -> Result<(&[u8], usize), Wrong> {
    let Some((bytes, length)) = records.field_and_more(column) else { return Err(short_row(records, column)) };
    // What has no blanks at its ends needs no search for more of them.
    match &bytes[..length] {
        [first, .., last] if *first > b' ' && *last > b' ' => Ok((bytes, length)),
        field => {
            let blanks = length - field.trim_ascii_start().len();
            Ok((&bytes[blanks..], field.trim_ascii().len()))
        }
    }
}

#[cold]
fn short_row(records: &Records, column: usize) -> Wrong {
    let message = format!("the row has {} fields, and column {} is needed", records.fields(), column + 1);
    Box::new((column, "T004", message, "every row needs all named columns".to_string()))
}

/// A column, the bytes of its field with those that are behind them in memory, and the field's length.
type Found<'a> = (usize, &'a [u8], usize);
