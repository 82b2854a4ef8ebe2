//! The general form of a history that checks work on: who asked what of which key, when, and what came back.
//!
//! Nothing in it is the simulator's own knowledge: every field could have been written down by a client, so histories
//! of other systems and ours are judged alike.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use crate::model::{Operation, Value};

use super::{History, Note, Record};

/// A table for look-ups alone: its order means nothing, so it is never walked through.
pub(crate) type Lookup<K, V> = HashMap<K, V, FxBuildHasher>;

/// A value as clients see it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Datum {
    /// Nothing is stored.
    #[default]
    Absent,
    Number(i64),
    /// A text, by its place in [`Log::texts`]; equal texts have equal places.
    Text(u32),
}

impl From<Option<Value>> for Datum {
    fn from(value: Option<Value>) -> Datum {
        value.map_or(Datum::Absent, Datum::Number)
    }
}

/// What a client asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    Read,
    /// Replace the value; writing [`Datum::Absent`] removes it.
    Write(Datum),
    /// Replace `old` by `new`, and do nothing where something else is stored.
    Cas {
        old: Datum,
        new: Datum,
    },
    /// Add to a number; nothing stored counts as zero.
    Add(i64),
    /// Put a text (by its place in [`Log::texts`]) behind what is stored; nothing stored counts as an empty text.
    Append(u32),
    /// Count a request in a window, as [`Operation::CountInWindow`] does.
    Count {
        window: u32,
        limit: u32,
    },
}

/// What a client learned of its operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It took effect. Reads, additions and counts may carry the value that was read or left behind; where they do not,
    /// the client did not learn it.
    Ok(Option<Datum>),
    /// It did not take effect, for certain. A failed compare-and-set may mean that something else was stored.
    Failed,
    /// No answer came: it may take effect at any time after its start, or never.
    Unknown,
}

/// One operation on one key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Judged {
    /// Who asked. A process is a session: the session guarantees hold within it.
    pub process: u32,
    /// The key's place in [`Log::keys`].
    pub key: u32,
    pub call: Call,
    pub outcome: Outcome,
    /// When it was asked, on the log's clock.
    pub start: u64,
    /// When the answer came; `None` while none has come.
    pub end: Option<u64>,
    /// The operation's number in the file that it came from, counted from 0.
    pub index: u32,
}

/// What the numbers of a log's times are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Clock {
    /// Nanoseconds since the start of the run.
    #[default]
    Nanoseconds,
    /// The numbers of the lines or events: only their order means something.
    Order,
}

/// A history in the general form.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Log {
    /// In the order of their starts.
    pub operations: Vec<Judged>,
    /// The keys' names.
    pub keys: Vec<String>,
    /// The texts that values refer to.
    pub texts: Vec<String>,
    pub clock: Clock,
    /// What a reader of the verdict should know: lines that were no operations, records that were dropped.
    pub remarks: Vec<String>,
}

/// What a completed read of nothing means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Nil {
    /// The client does not know what it read (Knossos).
    Unknown,
    /// Nothing was stored (the etcd logs that porcupine is tested with, and ours).
    Absent,
}

/// What a failed compare-and-set says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FailedCas {
    /// Something other than the expected value was stored at some moment between its start and its end.
    Constrains,
    /// Nothing: it may have failed for any reason.
    Ignored,
}

/// How a log is to be understood where formats differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    pub nil: Nil,
    pub failed_cas: FailedCas,
    /// What every key holds before the first operation.
    pub initial: Datum,
}

impl Default for Reading {
    /// What our own histories mean.
    fn default() -> Reading {
        Reading { nil: Nil::Absent, failed_cas: FailedCas::Constrains, initial: Datum::Absent }
    }
}

impl Log {
    /// The general form of one partition's history.
    pub fn of(history: &History) -> Log {
        Log::of_parts([history])
    }

    /// The general form of several partitions' histories, which share neither keys nor clients.
    /// An operation on several keys becomes one operation for each of them.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a History>) -> Log {
        let mut log = Log::default();
        let (mut first_key, mut first_process, mut index, mut dropped) = (0, 0, 0, 0);
        for history in parts {
            let (mut keys, mut processes) = (0, 0);
            for record in &history.records {
                keys = keys.max(record.key.0.saturating_add(u32::from(record.keys.max(1))));
                processes = processes.max(record.client.0.saturating_add(1));
                log.push_record(record, first_key, first_process, index);
                index += 1;
            }
            let asked = index;
            // An expiry is a removal that nobody asked for and everybody sees at once.
            for noted in &history.notes {
                let Note::Expired { key, .. } = noted.note else { continue };
                log.operations.push(Judged {
                    process: first_process.saturating_add(processes),
                    key: first_key.saturating_add(key.0),
                    call: Call::Write(Datum::Absent),
                    outcome: Outcome::Ok(None),
                    start: noted.at.0,
                    end: Some(noted.at.0),
                    index,
                });
                index += 1;
            }
            processes = processes.saturating_add(u32::from(index > asked));
            first_key = first_key.saturating_add(keys);
            first_process = first_process.saturating_add(processes);
            dropped += history.dropped;
        }
        log.name_number_keys();
        log.sort();
        if dropped > 0 {
            log.remarks.push(format!("{dropped} records or notes found no room: a verdict holds for what was kept"));
        }
        log
    }

    fn push_record(&mut self, record: &Record, first_key: u32, first_process: u32, index: u32) {
        // A list is no operation on a register.
        let Some(call) = Call::of(record.operation) else { return };
        let others = record.others.iter().flatten();
        let seen = std::iter::once(&record.seen).chain(others);
        let unanswered = std::iter::repeat(&record.seen);
        let keys = usize::from(record.keys.max(1));
        // An operation without an answer has no list of what was seen, and still touches all of its keys.
        for (offset, seen) in (0_u32..).zip(seen.chain(unanswered).take(keys)) {
            let outcome = if record.refusal.is_some() {
                Outcome::Failed
            } else if record.end.is_none() {
                Outcome::Unknown
            } else {
                match record.operation {
                    Operation::Put { .. } | Operation::Delete => Outcome::Ok(None),
                    _ => Outcome::Ok(Some(seen.value.into())),
                }
            };
            self.operations.push(Judged {
                process: first_process.saturating_add(record.client.0),
                key: first_key.saturating_add(record.key.0).saturating_add(offset),
                call,
                outcome,
                start: record.start.0,
                end: record.end.map(|end| end.0),
                index,
            });
        }
    }

    /// Keys that were numbers so far get their number as name, and become places in the list of those that occur.
    fn name_number_keys(&mut self) {
        let mut numbers: Vec<u32> = self.operations.iter().map(|operation| operation.key).collect();
        numbers.sort_unstable();
        numbers.dedup();
        self.keys = numbers.iter().map(u32::to_string).collect();
        for operation in &mut self.operations {
            operation.key = numbers.partition_point(|&number| number < operation.key) as u32;
        }
    }

    /// Puts the operations into the order of their starts; those that start together keep their order.
    pub fn sort(&mut self) {
        self.operations.sort_by_key(|operation| operation.start);
    }

    /// A value in words: `nil`, a number, or a text in quotes.
    pub fn show(&self, datum: Datum) -> String {
        match datum {
            Datum::Absent => "nil".to_owned(),
            Datum::Number(number) => number.to_string(),
            Datum::Text(text) => format!("{:?}", self.text(text)),
        }
    }

    /// The text at this place; empty for a place that the log does not have.
    pub fn text(&self, place: u32) -> &str {
        self.texts.get(place as usize).map_or("", String::as_str)
    }

    /// The key's name.
    pub fn key(&self, place: u32) -> &str {
        self.keys.get(place as usize).map_or("", String::as_str)
    }

    /// One operation as a line: its number, who, what, and when.
    pub fn describe(&self, place: usize) -> String {
        let Some(operation) = self.operations.get(place) else { return String::new() };
        let asked = match operation.call {
            Call::Read => "read".to_owned(),
            Call::Write(value) => format!("write {}", self.show(value)),
            Call::Cas { old, new } => format!("cas {} -> {}", self.show(old), self.show(new)),
            Call::Add(delta) => format!("add {delta}"),
            Call::Append(text) => format!("append {:?}", self.text(text)),
            Call::Count { window, limit } => format!("count in window {window}, at most {limit}"),
        };
        let learned = match operation.outcome {
            Outcome::Ok(Some(value)) => format!(" = {}", self.show(value)),
            Outcome::Ok(None) if operation.call == Call::Read => " = unknown".to_owned(),
            Outcome::Ok(None) => String::new(),
            Outcome::Failed => " failed".to_owned(),
            Outcome::Unknown => " without an answer".to_owned(),
        };
        let when = match (self.clock, operation.end) {
            (Clock::Nanoseconds, Some(end)) => format!("{} to {}", seconds(operation.start), seconds(end)),
            (Clock::Nanoseconds, None) => format!("from {}", seconds(operation.start)),
            (Clock::Order, Some(end)) => format!("events {} to {end}", operation.start),
            (Clock::Order, None) => format!("from event {}", operation.start),
        };
        let key = self.key(operation.key);
        let of_key = if self.keys.len() > 1 { format!("key {key} ") } else { String::new() };
        format!("#{} process {}: {of_key}{asked}{learned} ({when})", operation.index, operation.process)
    }
}

impl Call {
    /// The general form of one of our operations; `None` for a list, which no register has.
    pub fn of(operation: Operation) -> Option<Call> {
        Some(match operation {
            Operation::Get { .. } => Call::Read,
            Operation::Put { value, .. } => Call::Write(Datum::Number(value)),
            Operation::Delete => Call::Write(Datum::Absent),
            Operation::Add { delta } => Call::Add(delta),
            Operation::CountInWindow { window, limit } => Call::Count { window, limit },
            Operation::List { .. } => return None,
        })
    }
}

/// Seconds with all nine digits: a difference of a nanosecond can decide.
fn seconds(nanoseconds: u64) -> String {
    format!("{}.{:09} s", nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000)
}

/// Names with numbers, in the order in which they were first met.
#[derive(Clone, Debug, Default)]
pub struct Names {
    places: Lookup<String, u32>,
    names: Vec<String>,
}

impl Names {
    /// The place of a name, new or known.
    pub fn place(&mut self, name: &str) -> u32 {
        if let Some(&place) = self.places.get(name) {
            return place;
        }
        let place = self.names.len() as u32;
        self.places.insert(name.to_owned(), place);
        self.names.push(name.to_owned());
        place
    }

    /// The names in the order of their places.
    pub fn into_vec(self) -> Vec<String> {
        self.names
    }
}
