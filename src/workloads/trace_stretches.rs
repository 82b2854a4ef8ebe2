//! A trace on its way into memory, in the order of its keys: whole, or stretch by stretch where it is too long to be kept.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::model::{Location, Time, Value};

use super::config::{TraceConfig, TraceOperation};
use super::trace_beside::{Beside, Says};
use super::trace_file::{TraceError, TraceReader};
use super::trace_names::{Clients, Names, TOGETHER};
use super::trace_plain::{PlainMore, PlainRow};
use super::trace_rows::{OfNames, ROWS_MAX, Rows, Sorter};
use super::values::{Size, Values};

/// What a trace is to whoever replays one key after another.
#[derive(Debug)]
pub enum Whole {
    /// These are all rows up to the end of the run.
    Rows(Box<Rows>),
    /// There are more rows than are kept: they are read by [`Stretches`].
    TooMany(Begun),
    /// It asks for more than to read, to put and to delete, or puts a value of which nothing is said, and which number that has
    /// differs between replications.
    NeedsEvents,
}

impl Whole {
    /// Reads a trace up to the end of the run, if it has no more rows than [`ROWS_MAX`]; `places` are the codes of the edges.
    ///
    /// # Errors
    /// When the trace cannot be read on.
    pub fn read(config: &TraceConfig, places: &[String], until: Time) -> Result<Whole, TraceError> {
        let mut stretches = Stretches::open(config, places, until, ROWS_MAX)?;
        let Some(rows) = stretches.read_on(Rows::default())? else { return Ok(Whole::NeedsEvents) };
        Ok(match stretches.look()? {
            Next::None => Whole::Rows(Box::new(rows)),
            Next::Row(..) => {
                stretches.first = Some(rows);
                Whole::TooMany(Begun(Mutex::new(Some(Box::new(stretches)))))
            }
            Next::NeedsEvents => Whole::NeedsEvents,
        })
    }
}

/// A trace that was begun to be read, so that the first who reads it in stretches need not begin again.
#[derive(Debug)]
pub struct Begun(Mutex<Option<Box<Stretches>>>);

impl Begun {
    /// The trace from its beginning, by as many rows at a time as are kept; `None` to all but the first who ask.
    pub fn take(&self) -> Option<Stretches> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().map(|stretches| *stretches)
    }
}

/// A trace on its way into memory, so many rows at a time.
pub struct Stretches {
    reader: TraceReader,
    until: Time,
    /// Whether a row asks for nothing but to read, to put or to delete that does not say what it asks for.
    unsaid_is_known: bool,
    names: Names,
    sorter: Sorter,
    plain: Vec<PlainRow>,
    /// As many, if the trace has clients or TTLs.
    more: Vec<PlainMore>,
    clients: Clients,
    puts: Puts,
    /// How many keys have rows so far; one more may be known, of a row at the end of the run.
    keys: usize,
    /// What comes next, if somebody has looked.
    next: Option<Next>,
    /// Rows that come before that, and were read already.
    first: Option<Rows>,
}

impl fmt::Debug for Stretches {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Stretches").field("next", &self.next).finish_non_exhaustive()
    }
}

/// The rows that put something, as far as they have come.
#[derive(Clone, Copy, Debug)]
struct Puts {
    count: Value,
    /// What a row does that does not say it; `None`: this or that, by chance.
    unsaid: Option<TraceOperation>,
    /// Whether a row has come that puts something by chance.
    by_chance: bool,
}

impl Puts {
    fn new(config: &TraceConfig) -> Puts {
        let sure = config.write_share <= 0.0 || config.default_operation == TraceOperation::Put;
        Puts { count: 0, unsaid: sure.then_some(config.default_operation), by_chance: false }
    }

    /// How large what a row puts is; `None` where it is of a number that is not known.
    #[inline(always)]
    fn size(&mut self, row: &PlainRow) -> Option<Size> {
        let operation = PlainRow::operation(row.what);
        if operation == Some(TraceOperation::Get) { Some(stated(row)) } else { self.size_of(row, operation) }
    }

    #[inline(never)]
    fn size_of(&mut self, row: &PlainRow, said: Option<TraceOperation>) -> Option<Size> {
        let operation = said.or(self.unsaid);
        self.by_chance |= operation.is_none();
        self.count += Value::from(operation == Some(TraceOperation::Put));
        match operation {
            Some(TraceOperation::Put) | None if row.size == PlainRow::NO_SIZE => {
                (!self.by_chance).then_some(Size::OfNumber(self.count))
            }
            _ => Some(stated(row)),
        }
    }
}

/// The size that a row says; nothing if it says none.
#[inline]
fn stated(row: &PlainRow) -> Size {
    Size::Stated(if row.size == PlainRow::NO_SIZE { 0 } else { Values::most_of_size(row.size.into()) })
}

/// What comes after the rows that were read.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// A row, what it says beside, and its key.
    Row(PlainRow, Beside, u32),
    /// The end of the trace or of the run.
    None,
    /// A row that is not what can be replayed without events.
    NeedsEvents,
}

impl Stretches {
    /// Opens a trace, to read so many rows at a time, no more than [`ROWS_MAX`], up to the end of the run; `places` are the
    /// codes of the edges.
    ///
    /// # Errors
    /// When the trace cannot be read.
    pub fn open(config: &TraceConfig, places: &[String], until: Time, rows: usize) -> Result<Stretches, TraceError> {
        let more = config.source.client.is_some() || config.source.ttl.is_some();
        // Without a table of values nothing looks at sizes.
        let says = Says { more, sizes: config.values.is_some() };
        Ok(Stretches {
            reader: TraceReader::open(&config.source, places)?,
            until,
            unsaid_is_known: config.default_operation != TraceOperation::Add,
            names: Names::new(),
            sorter: Sorter::new(rows.clamp(1, ROWS_MAX), says),
            plain: vec![PlainRow::default(); TOGETHER],
            more: vec![PlainMore::default(); if more { TOGETHER } else { 0 }],
            clients: Clients::default(),
            puts: Puts::new(config),
            keys: 0,
            next: None,
            first: None,
        })
    }

    /// The next rows, none after the last; `None` where they are not what can be replayed without events, or are more than can
    /// be counted. The memory of others that nobody needs any more is used for them, of this trace or none.
    ///
    /// # Errors
    /// When the trace cannot be read on.
    pub fn read_on(&mut self, done: Rows) -> Result<Option<Rows>, TraceError> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        // Rows are counted in 32 bits.
        if self.sorter.count > u32::MAX as usize - ROWS_MAX && !matches!(self.look()?, Next::None) {
            return Ok(None);
        }
        let OfNames { mut names, mut lengths, mut clients } = self.sorter.begin(done);
        let says = self.sorter.says();
        while self.sorter.room() > 0 {
            if self.next.is_none() {
                let room = self.sorter.room().min(TOGETHER);
                let (read, bytes) = self.reader.plain_rows(self.until, &mut self.plain[..room], &mut self.more);
                if read > 0 {
                    self.names.find(&self.plain[..read], bytes, self.sorter.keys_to_come(read));
                    let (plain, more) = (&self.plain[..read], &self.more);
                    let (clients, puts) = (&mut self.clients, &mut self.puts);
                    let beside = |row: usize| {
                        let more = more.get(row).copied().unwrap_or_default();
                        beside_of(says, &plain[row], more, clients, puts)
                    };
                    if self.sorter.say(read, beside).is_none() {
                        return Ok(None);
                    }
                    self.sorter.take(&self.plain[..read], self.names.len());
                    self.keys = self.names.len();
                    continue;
                }
            }
            match self.look()? {
                Next::Row(row, beside, key) => {
                    self.next = None;
                    self.sorter.say(1, |_| Some(beside));
                    self.sorter.keys_to_come(1)[0] = key;
                    self.sorter.take(&[row], self.names.len());
                    self.keys = self.names.len();
                }
                Next::None => break,
                Next::NeedsEvents => return Ok(None),
            }
        }
        for key in names.len()..self.keys {
            names.push(self.names.number(key as u32));
            if says.sizes {
                lengths.push(self.names.bytes(key as u32));
            }
        }
        self.clients.names()[clients.len()..].iter().for_each(|name| clients.push(*name));
        Ok(Some(self.sorter.end(OfNames { names, lengths, clients })))
    }

    /// When the next row is; [`Time::NEVER`] after the last.
    ///
    /// # Errors
    /// When the trace cannot be read on.
    pub fn next_at(&mut self) -> Result<Time, TraceError> {
        Ok(match self.look()? {
            Next::Row(row, ..) => row.at,
            Next::None => Time::NEVER,
            // It comes no earlier, and nobody gets to see it.
            Next::NeedsEvents => self.sorter.last,
        })
    }

    /// Reads one more row, if that is not done yet.
    fn look(&mut self) -> Result<Next, TraceError> {
        let next = match self.next {
            Some(next) => next,
            None => self.look_on()?,
        };
        self.next = Some(next);
        Ok(next)
    }

    fn look_on(&mut self) -> Result<Next, TraceError> {
        let Some(row) = self.reader.next_row_of(&mut self.names).map_err(|error| *error)? else {
            return Ok(Next::None);
        };
        if row.at >= self.until {
            return Ok(Next::None);
        }
        let what = match row.operation {
            Some(TraceOperation::Get) => 0,
            Some(TraceOperation::Put) => 1,
            Some(TraceOperation::Delete) => 2,
            None if self.unsaid_is_known => PlainRow::UNSAID,
            // A get, and a put when its answer is there.
            _ => return Ok(Next::NeedsEvents),
        };
        let location = row.location.map_or(PlainRow::NOWHERE, |location| location.0);
        if row.location == Some(Location(PlainRow::NOWHERE)) {
            return Ok(Next::NeedsEvents);
        }
        // Nobody waits for longer than a century.
        let seconds = row.ttl.map_or(0, |ttl| ttl.0 / 1_000_000_000);
        let Ok(ttl) = u32::try_from(seconds) else { return Ok(Next::NeedsEvents) };
        let more = PlainMore { client: row.client, ttl };
        let size = row.size_bytes.map_or(PlainRow::NO_SIZE, Values::most_of_size);
        let plain = PlainRow { at: row.at, what, location, size, ..PlainRow::default() };
        let beside = beside_of(self.sorter.says(), &plain, more, &mut self.clients, &mut self.puts);
        Ok(beside.map_or(Next::NeedsEvents, |beside| Next::Row(plain, beside, row.key)))
    }
}

/// What a row says beside, its client by number; `None` where nobody knows how large what it puts is.
#[inline(always)]
fn beside_of(says: Says, row: &PlainRow, more: PlainMore, clients: &mut Clients, puts: &mut Puts) -> Option<Beside> {
    let client = more.client.map_or(Beside::NOBODY, |name| clients.number(name));
    let size = if says.sizes { puts.size(row)? } else { Size::Stated(0) };
    Beside::new(client, more.ttl, size)
}
