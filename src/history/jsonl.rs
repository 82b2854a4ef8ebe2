//! Our own histories as JSON lines: a header, then the operations and what happened inside the store, one on a line.
//!
//! A file may hold several parts (partitions, replications), each opened by its header. Everything is written, also what
//! only the simulator knows; reading gives back the same records.

use std::io;

use serde::{Deserialize, Serialize};

use crate::model::{Client, Key, Listing, Location, Operation, Refusal, Seen, Span, Time, Told, Value, Version};

use super::pairing::ReadError;
use super::{History, Note, Noted, Record};

/// The name of the format and its version, in each header.
pub const SCHEMA: &str = "consistency-sim/history@1";

/// Where a history comes from.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Header {
    pub schema: String,
    pub scenario: String,
    pub store: String,
    pub seed: u64,
    pub replication: u32,
    pub partition: u32,
    /// The model's version.
    pub model: String,
    /// The names of the locations, in the order of their numbers.
    pub locations: Vec<String>,
    /// What every key holds before the first operation.
    pub initial: Option<Value>,
    /// Records and notes that found no room.
    pub dropped: u64,
    /// The most that was kept of either.
    pub bound: u64,
    /// What went wrong with the platform, and when.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultLine>,
}

/// A fault that the store met.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultLine {
    pub name: String,
    /// The word in scenario files, as in `central_outage`.
    pub kind: String,
    /// It held from here …
    pub from_ns: u64,
    /// … until just before this.
    pub until_ns: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line {
    Header(Header),
    Operation(OperationLine),
    Committed { at_ns: u64, key: u32, location: u16, seen: SeenLine },
    Filled { at_ns: u64, key: u32, location: u16, seen: SeenLine, asked_ns: u64, taken_ns: u64 },
    ShownLocally { at_ns: u64, key: u32, location: u16, seen: SeenLine },
    Expired { at_ns: u64, key: u32, seen: SeenLine },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OperationLine {
    client: u32,
    location: u16,
    key: u32,
    #[serde(default = "one")]
    keys: u16,
    operation: OperationWords,
    start_ns: u64,
    /// `null` while no answer has come.
    end_ns: Option<u64>,
    seen: SeenLine,
    #[serde(default)]
    others: Option<Vec<SeenLine>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    listing: Option<ListingLine>,
    /// Of each key, where the caller asked for metadata; `null` where there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    metadata_bytes: Option<Box<[Option<u16>]>>,
    /// The rule by which the store refused.
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    cached: bool,
    #[serde(default)]
    stale: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
enum OperationWords {
    Get {
        cache_ttl_ns: Option<u64>,
    },
    Put {
        value: Value,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ttl_ns: Option<u64>,
    },
    Delete,
    Add {
        delta: Value,
    },
    Count {
        window: u32,
        limit: u32,
    },
    List {
        until: u32,
        prefix: u32,
        limit: u16,
    },
}

/// The page that a list answered.
#[derive(Serialize, Deserialize)]
struct ListingLine {
    told: Vec<ToldLine>,
    end: u32,
    complete: bool,
}

#[derive(Serialize, Deserialize)]
struct ToldLine {
    key: u32,
    seen: SeenLine,
    /// `null` where the key never expires.
    expires_ns: Option<u64>,
}

/// A version (the simulator's truth) and its value, `null` where nothing is stored.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeenLine {
    #[serde(default)]
    stamp: u64,
    #[serde(default)]
    nonce: u32,
    value: Option<Value>,
}

fn one() -> u16 {
    1
}

impl From<Seen> for SeenLine {
    fn from(seen: Seen) -> SeenLine {
        SeenLine { stamp: seen.version.stamp, nonce: seen.version.nonce, value: seen.value }
    }
}

impl From<&Listing> for ListingLine {
    fn from(listing: &Listing) -> ListingLine {
        let told = |told: &Told| ToldLine {
            key: told.key.0,
            seen: told.seen.into(),
            expires_ns: Some(told.expires.0).filter(|at| *at != Time::NEVER.0),
        };
        ListingLine { told: listing.told.iter().map(told).collect(), end: listing.end.0, complete: listing.complete }
    }
}

impl From<ListingLine> for Listing {
    fn from(line: ListingLine) -> Listing {
        let told = |line: ToldLine| Told {
            key: Key(line.key),
            seen: line.seen.into(),
            expires: line.expires_ns.map_or(Time::NEVER, Time),
        };
        Listing { told: line.told.into_iter().map(told).collect(), end: Key(line.end), complete: line.complete }
    }
}

impl From<SeenLine> for Seen {
    fn from(line: SeenLine) -> Seen {
        Seen { version: Version { stamp: line.stamp, nonce: line.nonce }, value: line.value }
    }
}

/// Writes one part: its header, its records in their order, its notes in theirs.
/// The header's schema, `dropped` and `bound` are filled in from the history.
///
/// # Errors
/// Whatever `out` answers.
pub fn write(history: &History, header: &Header, out: &mut impl io::Write) -> io::Result<()> {
    let header =
        Header { schema: SCHEMA.to_owned(), dropped: history.dropped, bound: history.bound as u64, ..header.clone() };
    write_line(&Line::Header(header), out)?;
    for record in &history.records {
        write_line(&Line::Operation(operation_line(record)), out)?;
    }
    for noted in &history.notes {
        write_line(&note_line(noted), out)?;
    }
    Ok(())
}

/// An operation as its line of a file.
pub fn operation_text(record: &Record) -> String {
    text(&Line::Operation(operation_line(record)))
}

/// A note as its line of a file.
pub fn note_text(noted: &Noted) -> String {
    text(&note_line(noted))
}

fn text(line: &Line) -> String {
    serde_json::to_string(line).expect("plain data has a line")
}

fn write_line(line: &Line, out: &mut impl io::Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

fn operation_line(record: &Record) -> OperationLine {
    OperationLine {
        client: record.client.0,
        location: record.location.0,
        key: record.key.0,
        keys: record.keys,
        operation: match record.operation {
            Operation::Get { cache_ttl } => OperationWords::Get { cache_ttl_ns: cache_ttl.map(|ttl| ttl.0) },
            Operation::Put { value, ttl } => OperationWords::Put { value, ttl_ns: ttl.map(|ttl| ttl.0) },
            Operation::Delete => OperationWords::Delete,
            Operation::Add { delta } => OperationWords::Add { delta },
            Operation::CountInWindow { window, limit } => OperationWords::Count { window, limit },
            Operation::List { until, prefix, limit } => OperationWords::List { until: until.0, prefix, limit },
        },
        start_ns: record.start.0,
        end_ns: record.end.map(|end| end.0),
        seen: record.seen.into(),
        others: record.others.as_ref().map(|others| others.iter().map(|&seen| seen.into()).collect()),
        listing: record.listing.as_deref().map(ListingLine::from),
        metadata_bytes: record.metadata.clone(),
        refusal: record.refusal.map(|refusal| refusal.rule().to_owned()),
        cached: record.cached,
        stale: record.stale,
    }
}

fn note_line(noted: &Noted) -> Line {
    let at_ns = noted.at.0;
    match noted.note {
        Note::Committed { key, from, seen } => {
            Line::Committed { at_ns, key: key.0, location: from.0, seen: seen.into() }
        }
        Note::Filled { key, location, seen, asked, taken } => Line::Filled {
            at_ns,
            key: key.0,
            location: location.0,
            seen: seen.into(),
            asked_ns: asked.0,
            taken_ns: taken.0,
        },
        Note::ShownLocally { key, location, seen } => {
            Line::ShownLocally { at_ns, key: key.0, location: location.0, seen: seen.into() }
        }
        Note::Expired { key, seen } => Line::Expired { at_ns, key: key.0, seen: seen.into() },
    }
}

/// Reads all parts of a file.
///
/// # Errors
/// If a line cannot be understood, with its number and the remedy.
pub fn read(text: &str) -> Result<Vec<(Header, History)>, ReadError> {
    let mut parts: Vec<(Header, History)> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let parsed: Line = serde_json::from_str(line).map_err(|error| {
            let remedy = format!("each line is an object with a \"type\", as `{SCHEMA}` describes it");
            // The library names the place of what is no JSON, in bytes from 1, and none for a wrong field.
            let said = error.to_string();
            let said = said.split(" at line ").next().unwrap_or_default();
            let columns = error.column().checked_sub(1).map_or(0..0, |column| column..column + 1);
            let named = ReadError::new(number, format!("this is no line of a history: {said}"), remedy).within(line);
            if named.columns.is_empty() { ReadError { columns, ..named } } else { named }
        })?;
        match (parsed, parts.last_mut()) {
            (Line::Header(header), _) => {
                if header.schema != SCHEMA {
                    let problem = format!("the schema `{}` is unknown", header.schema);
                    let remedy = format!("this program reads `{SCHEMA}`");
                    return Err(ReadError::new(number, problem, remedy).within(line));
                }
                let bound = usize::try_from(header.bound).unwrap_or(usize::MAX);
                let history = History { bound, dropped: header.dropped, ..History::default() };
                parts.push((header, history));
            }
            (_, None) => {
                let remedy = format!("begin with {{\"type\":\"header\",\"schema\":\"{SCHEMA}\"}}");
                return Err(ReadError::new(number, "a header must come first", remedy));
            }
            (Line::Operation(operation), Some((_, history))) => {
                history.records.push(record(operation, number).map_err(|error| error.within(line))?);
            }
            (line, Some((_, history))) => history.notes.extend(noted(line)),
        }
    }
    if parts.is_empty() {
        return Err(ReadError::new(0, "the file has no header", format!("histories of `{SCHEMA}` begin with one")));
    }
    Ok(parts)
}

fn record(line: OperationLine, number: usize) -> Result<Record, ReadError> {
    let refusal = match &line.refusal {
        None => None,
        Some(rule) => Some(Refusal::ALL.iter().copied().find(|known| known.rule() == rule).ok_or_else(|| {
            let known: Vec<&str> = Refusal::ALL.iter().map(|known| known.rule()).collect();
            let remedy = format!("the rules are {}", known.join(", "));
            ReadError::new(number, format!("the rule `{rule}` is unknown"), remedy)
        })?),
    };
    if line.end_ns.is_some_and(|end| end < line.start_ns) {
        return Err(ReadError::new(
            number,
            "the operation ends (`end_ns`) before it starts",
            "exchange start_ns and end_ns",
        ));
    }
    Ok(Record {
        client: Client(line.client),
        location: Location(line.location),
        key: Key(line.key),
        keys: line.keys,
        operation: match line.operation {
            OperationWords::Get { cache_ttl_ns } => Operation::Get { cache_ttl: cache_ttl_ns.map(Span) },
            OperationWords::Put { value, ttl_ns } => Operation::Put { value, ttl: ttl_ns.map(Span) },
            OperationWords::Delete => Operation::Delete,
            OperationWords::Add { delta } => Operation::Add { delta },
            OperationWords::Count { window, limit } => Operation::CountInWindow { window, limit },
            OperationWords::List { until, prefix, limit } => Operation::List { until: Key(until), prefix, limit },
        },
        start: Time(line.start_ns),
        end: line.end_ns.map(Time),
        seen: line.seen.into(),
        others: line.others.map(|others| others.into_iter().map(Seen::from).collect()),
        listing: line.listing.map(|listing| Box::new(listing.into())),
        metadata: line.metadata_bytes,
        refusal,
        cached: line.cached,
        stale: line.stale,
    })
}

fn noted(line: Line) -> Option<Noted> {
    let (at, note) = match line {
        Line::Committed { at_ns, key, location, seen } => {
            (at_ns, Note::Committed { key: Key(key), from: Location(location), seen: seen.into() })
        }
        Line::Filled { at_ns, key, location, seen, asked_ns, taken_ns } => {
            let (asked, taken) = (Time(asked_ns), Time(taken_ns));
            (at_ns, Note::Filled { key: Key(key), location: Location(location), seen: seen.into(), asked, taken })
        }
        Line::ShownLocally { at_ns, key, location, seen } => {
            (at_ns, Note::ShownLocally { key: Key(key), location: Location(location), seen: seen.into() })
        }
        Line::Expired { at_ns, key, seen } => (at_ns, Note::Expired { key: Key(key), seen: seen.into() }),
        Line::Header(_) | Line::Operation(_) => return None,
    };
    Some(Noted { at: Time(at), note })
}
