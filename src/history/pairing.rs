//! From lines of "asked" and "answered" to whole operations: shared by the readers of formats that log events.

use std::ops::Range;

use super::judged::{Call, Clock, Judged, Log, Lookup, Names, Outcome};

/// Why a history could not be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadError {
    /// Counted from 1; 0 where no line is to blame.
    pub line: usize,
    /// The wrong bytes of the line; empty where the whole line is to blame.
    pub columns: Range<usize>,
    /// What is wrong, in one sentence.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

impl ReadError {
    /// An error at a line.
    pub fn new(line: usize, problem: impl Into<String>, remedy: impl Into<String>) -> ReadError {
        ReadError { line, columns: 0..0, problem: problem.into(), remedy: remedy.into() }
    }

    /// The same, with the place in the line of what the problem names between backticks.
    #[must_use]
    pub fn within(self, line: &str) -> ReadError {
        let columns = self.place_in(line).unwrap_or_default();
        ReadError { columns, ..self }
    }

    /// The same, with the place of what the problem names between backticks in a value that begins at this column of
    /// the error's line and may go on for more lines. A value without it is to blame as a whole, or its first line is.
    #[must_use]
    pub fn within_value(self, value: &str, column: usize) -> ReadError {
        let place = self.place_in(value).unwrap_or(0..value.len());
        // What is on one line only can be marked.
        if value[place.clone()].contains('\n') {
            return ReadError { columns: 0..0, ..self };
        }
        let before = &value[..place.start];
        let line = self.line + before.matches('\n').count();
        let start = before.rfind('\n').map_or(column + place.start, |end| place.start - end - 1);
        ReadError { line, columns: start..start + place.len(), ..self }
    }

    fn place_in(&self, text: &str) -> Option<Range<usize>> {
        let word = self.problem.split('`').nth(1).filter(|word| !word.is_empty())?;
        text.rfind(word).map(|at| at..at + word.len())
    }
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        write!(f, "{}\nhelp: {}", self.problem, self.remedy)
    }
}

impl std::error::Error for ReadError {}

/// The three ways in which an operation can end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    Ok,
    Fail,
    /// The client gave up waiting: the operation may still take effect.
    Info,
}

impl Ending {
    /// The ending with this keyword (without its colon).
    pub fn of(word: &str) -> Option<Ending> {
        match word {
            "ok" => Some(Ending::Ok),
            "fail" => Some(Ending::Fail),
            "info" => Some(Ending::Info),
            _ => None,
        }
    }
}

/// Collects events and pairs them. Time is the number of the event: these formats promise the order of their lines.
#[derive(Default)]
pub struct Pairing {
    operations: Vec<Judged>,
    /// The operation that each process waits for.
    waiting: Lookup<i64, usize>,
    /// The dense number of each process.
    processes: Lookup<i64, u32>,
    /// Processes that go by a name.
    named: Names,
    events: u64,
    abandoned: u64,
    pub keys: Names,
    pub texts: Names,
}

impl Pairing {
    /// A number for a process that goes by a name. No file uses such numbers.
    pub fn named(&mut self, name: &str) -> i64 {
        i64::MIN + i64::from(self.named.place(name))
    }

    /// A process asks. If it was still waiting, that earlier operation never gets an answer.
    pub fn ask(&mut self, process: i64, key: &str, call: Call) {
        // Processes keep their own numbers where these are small, because people look for them in the file.
        let number = match u32::try_from(process) {
            Ok(number) => number,
            Err(_) => {
                let next = u32::MAX - self.processes.len() as u32;
                *self.processes.entry(process).or_insert(next)
            }
        };
        let place = self.operations.len();
        if self.waiting.insert(process, place).is_some() {
            self.abandoned += 1;
        }
        let key = self.keys.place(key);
        let (start, index) = (self.events, place as u32);
        self.operations.push(Judged { process: number, key, call, outcome: Outcome::Unknown, start, end: None, index });
        self.events += 1;
    }

    /// What the process waits for: its key and call.
    pub fn waiting(&self, process: i64) -> Option<(u32, Call)> {
        let operation = &self.operations[*self.waiting.get(&process)?];
        Some((operation.key, operation.call))
    }

    /// The answer comes. Returns false if the process waits for nothing.
    #[must_use]
    pub fn answer(&mut self, process: i64, outcome: Outcome) -> bool {
        let Some(place) = self.waiting.remove(&process) else { return false };
        let operation = &mut self.operations[place];
        operation.outcome = outcome;
        if outcome != Outcome::Unknown {
            operation.end = Some(self.events);
        }
        self.events += 1;
        true
    }

    /// Whether no operation was met.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// The log, with remarks on `ignored` lines or events that were no operations.
    pub fn finish(self, ignored: u64) -> Log {
        let mut remarks = Vec::new();
        if ignored > 0 {
            remarks.push(format!("{ignored} entries are not operations and were passed over"));
        }
        if self.abandoned > 0 {
            let count = self.abandoned;
            remarks
                .push(format!("{count} operations were followed by the next of their process before an answer came"));
        }
        for (number, name) in (i64::MIN..).zip(self.named.into_vec()) {
            if let Some(shown) = self.processes.get(&number) {
                remarks.push(format!("process {name} is shown as process {shown}"));
            }
        }
        Log {
            operations: self.operations,
            keys: self.keys.into_vec(),
            texts: self.texts.into_vec(),
            clock: Clock::Order,
            remarks,
        }
    }
}
