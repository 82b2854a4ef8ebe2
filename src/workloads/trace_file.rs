//! Reads a trace: a csv file with named columns, row by row, never as a whole.

use std::fmt;
use std::io::Read;

use crate::model::{Location, Span, Time};
use crate::random::mix;

use super::config::{TimeUnit, TraceFile, TraceOperation, TraceSource};

/// No line of a trace is longer than this.
pub const LINE_BYTES_MAX: usize = 1 << 20;

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
pub struct Row {
    /// From the first row on, scaled.
    pub at: Time,
    /// The key's name as a number.
    pub key: u64,
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
    rows: csv::Reader<Box<dyn Read + Send>>,
    record: csv::ByteRecord,
    columns: Columns,
    first: Option<u128>,
    last: u128,
}

impl fmt::Debug for TraceReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceReader").field("source", &self.source).finish_non_exhaustive()
    }
}

/// What a whole trace holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TraceSummary {
    pub rows: u64,
    /// From the first row to the last, scaled.
    pub length: Span,
}

/// Reads a whole trace, to know that every row is good and how long it is.
///
/// # Errors
/// The first thing that is wrong.
pub fn inspect(source: &TraceSource, places: &[String]) -> Result<TraceSummary, TraceError> {
    let mut reader = TraceReader::open(source, places)?;
    let mut summary = TraceSummary::default();
    while let Some(row) = reader.next_row()? {
        summary.rows += 1;
        summary.length = row.at.since(Time::START);
    }
    if summary.rows == 0 {
        return Err(reader.error(
            "T003",
            0,
            "the trace holds no row".into(),
            "a header and at least one row are needed",
        ));
    }
    Ok(summary)
}

/// Fails on lines that never end, so that a file of garbage is not swallowed whole.
struct BoundedLines<R> {
    inner: R,
    since_newline: usize,
}

impl<R: Read> Read for BoundedLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let mut rest = &buffer[..count];
        while let Some(newline) = rest.iter().position(|byte| *byte == b'\n') {
            self.check(newline)?;
            self.since_newline = 0;
            rest = &rest[newline + 1..];
        }
        self.check(rest.len())?;
        self.since_newline += rest.len();
        Ok(count)
    }
}

impl<R> BoundedLines<R> {
    fn check(&self, more: usize) -> std::io::Result<()> {
        if self.since_newline + more > LINE_BYTES_MAX {
            return Err(std::io::Error::other(format!("a line is longer than {LINE_BYTES_MAX} bytes")));
        }
        Ok(())
    }
}

fn open(source: &TraceSource) -> std::io::Result<Box<dyn Read + Send>> {
    match &source.file {
        TraceFile::Bytes(bytes) => Ok(Box::new(std::io::Cursor::new(bytes.clone()))),
        #[cfg(feature = "host")]
        TraceFile::Path { resolved, .. } => {
            if resolved.is_dir() {
                return Err(std::io::Error::other("it is a directory"));
            }
            Ok(Box::new(std::fs::File::open(resolved)?))
        }
        #[cfg(not(feature = "host"))]
        TraceFile::Path { .. } => Err(std::io::Error::other("there are no files here")),
    }
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
        let bounded: Box<dyn Read + Send> = Box::new(BoundedLines { inner: file, since_newline: 0 });
        let mut rows = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bounded);
        let headers = rows.byte_headers().map_err(|error| {
            fail("T001", format!("the trace cannot be read: {error}"), "a csv file with a header line is needed")
        })?;
        let names: Vec<String> = headers
            .iter()
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
            places: places.to_vec(),
            rows,
            record: csv::ByteRecord::new(),
            columns,
            first: None,
            last: 0,
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
        for (n, field) in self.record.iter().enumerate().take(column.max(11) + 1) {
            if n > 0 {
                row.push(',');
            }
            let from = row.len();
            row.push_str(&clip(&String::from_utf8_lossy(field)));
            if n == column {
                at = from..row.len();
            }
        }
        if at.is_empty() { (row.clone(), 0..row.len()) } else { (row, at) }
    }

    /// The next row, or `None` after the last.
    ///
    /// # Errors
    /// When the row is malformed or earlier than the one before.
    pub fn next_row(&mut self) -> Result<Option<Row>, TraceError> {
        match self.rows.read_byte_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) => {
                let line = self.rows.position().line();
                let message = format!("the trace cannot be read on: {error}");
                return Err(self.error("T001", line, message, "is it a csv file, with one row a line?"));
            }
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        self.parse().map(Some).map_err(|(column, code, message, help)| {
            let (row, at) = self.excerpt(column);
            TraceError { row, at, ..self.error(code, line, message, &help) }
        })
    }

    fn field(&self, column: usize) -> Result<&str, Wrong> {
        let bytes = self.record.get(column).ok_or_else(|| {
            let message = format!("the row has {} fields, and column {} is needed", self.record.len(), column + 1);
            (column, "T004", message, "every row needs all named columns".to_string())
        })?;
        std::str::from_utf8(bytes).map_err(|_| {
            let message = format!("the field in column {} is not valid UTF-8", column + 1);
            (column, "T005", message, "save the trace as UTF-8".to_string())
        })
    }

    /// Parses an optional column's field; an empty one is absent.
    fn optional<T>(&self, column: Option<usize>, parse: impl Fn(&str) -> Result<T, What>) -> Result<Option<T>, Wrong> {
        let Some(column) = column else { return Ok(None) };
        let field = self.field(column)?;
        if field.is_empty() {
            return Ok(None);
        }
        parse(field).map(Some).map_err(|(code, message, help)| (column, code, message, help))
    }

    fn parse(&mut self) -> Result<Row, Wrong> {
        let at = self.time()?;
        let columns = self.columns;
        let number = |field: &str, what: &str| {
            field.parse::<u64>().map_err(|_| {
                ("T008", format!("`{}` is not a {what}", clip(field)), "a whole number is needed".to_string())
            })
        };
        let ttl = self.optional(columns.ttl, |field| number(field, "TTL in seconds"))?;
        Ok(Row {
            at,
            key: match columns.key {
                Some(column) => name_number(self.field(column)?),
                None => 0,
            },
            operation: self.optional(columns.operation, operation)?,
            size_bytes: self.optional(columns.size, |field| number(field, "size in bytes"))?,
            // Caches write a TTL of zero for "none".
            ttl: ttl.filter(|ttl| *ttl > 0).map(|ttl| Span(ttl.saturating_mul(1_000_000_000))),
            location: self.optional(columns.location, |field| self.place(field))?,
            client: self.optional(columns.client, |field| Ok(name_number(field)))?,
        })
    }

    fn time(&mut self) -> Result<Time, Wrong> {
        let field = self.field(self.columns.time)?;
        let nanos = match self.source.time_unit {
            TimeUnit::Number(unit) => decimal(field, unit),
            TimeUnit::DateTime => date_time(field),
        };
        let nanos = nanos.ok_or_else(|| {
            let help = match self.source.time_unit {
                TimeUnit::Number(_) => "a number that is not negative is needed, such as 12 or 12.5; see `time_unit`",
                TimeUnit::DateTime => "a date and time is needed, such as 2026-11-01 18:17:03.5",
            };
            (self.columns.time, "T006", format!("`{}` is not a time", clip(field)), help.to_string())
        })?;
        let first = *self.first.get_or_insert(nanos);
        if nanos < self.last {
            let back = (self.last - nanos) as f64 / 1e9;
            let message = format!("the trace is out of order: this row is {back} s earlier than the one before");
            return Err((self.columns.time, "T007", message, "sort the rows by time".to_string()));
        }
        self.last = nanos;
        let scaled = (nanos - first) as f64 * self.source.time_scale;
        if scaled >= 3.2e17 {
            let message = "the trace is longer than ten years".to_string();
            return Err((self.columns.time, "T009", message, "check `time_unit` and `time_scale`".to_string()));
        }
        // Exact where nothing is scaled.
        Ok(Time(if self.source.time_scale == 1.0 { (nanos - first) as u64 } else { scaled as u64 }))
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

/// Code, message and help.
type What = (&'static str, String, String);
/// The column, and what is wrong with it.
type Wrong = (usize, &'static str, String, String);

/// The operations of well-known traces (memcached's words, Twitter's, Meta's, YCSB's) and our own.
const OPERATIONS: [(&str, TraceOperation); 24] = [
    ("get", TraceOperation::Get),
    ("gets", TraceOperation::Get),
    ("get_lease", TraceOperation::Get),
    ("read", TraceOperation::Get),
    ("r", TraceOperation::Get),
    ("put", TraceOperation::Put),
    ("set", TraceOperation::Put),
    ("set_lease", TraceOperation::Put),
    ("write", TraceOperation::Put),
    ("w", TraceOperation::Put),
    ("add", TraceOperation::Put),
    ("replace", TraceOperation::Put),
    ("cas", TraceOperation::Put),
    ("append", TraceOperation::Put),
    ("prepend", TraceOperation::Put),
    ("update", TraceOperation::Put),
    ("insert", TraceOperation::Put),
    ("delete", TraceOperation::Delete),
    ("del", TraceOperation::Delete),
    ("remove", TraceOperation::Delete),
    ("incr", TraceOperation::Add),
    ("decr", TraceOperation::Add),
    ("increment", TraceOperation::Add),
    ("decrement", TraceOperation::Add),
];

fn operation(field: &str) -> Result<TraceOperation, What> {
    OPERATIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(field)).map(|(_, operation)| *operation).ok_or_else(
        || {
            let names: Vec<&str> = OPERATIONS.iter().map(|(name, _)| *name).collect();
            ("T011", format!("`{}` is no operation", clip(field)), format!("the operations are: {}", names.join(", ")))
        },
    )
}

/// A name as a number: FNV-1a, then mixed so that every bit counts.
pub fn name_number(name: &str) -> u64 {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    mix(hash)
}

/// A piece of the user's text, short enough for a message.
fn clip(text: &str) -> String {
    let mut short: String = text.chars().take(120).flat_map(char::escape_debug).collect();
    if text.chars().nth(120).is_some() {
        short.push('…');
    }
    short
}

/// A decimal number of units, in nanoseconds: digits, perhaps a point and more digits (those below a nanosecond are cut).
fn decimal(field: &str, unit: u64) -> Option<u128> {
    let (whole, fraction) = field.split_once('.').unwrap_or((field, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 20 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let mut nanos = whole.parse::<u128>().ok()? * u128::from(unit);
    let mut place = u128::from(unit);
    for digit in fraction.bytes() {
        place /= 10;
        nanos += u128::from(digit - b'0') * place;
    }
    Some(nanos)
}

/// `2023-11-16 18:17:03.9799600` in nanoseconds since the year 0, in UTC.
fn date_time(field: &str) -> Option<u128> {
    let field = field.strip_suffix('Z').unwrap_or(field);
    let (date, time) = field.split_once([' ', 'T'])?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<u32>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut clock = clock.splitn(3, ':').map(|part| part.parse::<u32>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let good = year <= 9999 && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !good || hour > 23 || minute > 59 || second > 60 || fraction.is_empty() {
        return None;
    }
    // Days since 0000-03-01, counting years from March, so that the leap day is a year's last.
    let (shifted, months) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let days = 365 * u64::from(shifted)
        + u64::from(shifted / 4 - shifted / 100 + shifted / 400)
        + u64::from((153 * months + 2) / 5 + day - 1);
    let seconds = days * 86_400 + u64::from(hour * 3_600 + minute * 60 + second);
    Some(u128::from(seconds) * 1_000_000_000 + decimal(&format!("0.{fraction}"), 1_000_000_000)?)
}
