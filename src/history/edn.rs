//! Histories in EDN: written for Jepsen's checkers, read from Jepsen and from porcupine's key-value files.
//!
//! One map for each event: `{:process 0, :type :invoke, :f :read, :value nil, :time 123, :index 0}`. Where a history has
//! several keys, a value is the tuple `[key value]`, as Jepsen's independent tests write it; porcupine's key-value files
//! name the key under `:key` instead.

use std::io;

use super::edn_value::{Edn, Reader, quote};
use super::judged::{Call, Datum, Log, Lookup, Outcome};
use super::pairing::{Ending, Pairing, ReadError};

/// What was read.
pub struct Read {
    pub log: Log,
    /// Whether keys were named under `:key`, as in porcupine's key-value files.
    pub keyed: bool,
}

/// Reads a history: maps one after the other, or in one vector.
///
/// # Errors
/// If the text is no EDN, or an event lacks what makes it one, with the line and the remedy.
pub fn read(text: &str) -> Result<Read, ReadError> {
    let mut reader = Reader::new(text);
    let mut events = Events::default();
    let enclosed = reader.enter();
    loop {
        if enclosed && reader.leave() {
            break;
        }
        if reader.at_end() {
            if enclosed {
                return Err(ReadError::new(
                    reader.line(),
                    "the vector of events is not closed",
                    "end the file with `]`",
                ));
            }
            break;
        }
        let event = reader.value()?;
        events.take(&event, reader.line())?;
    }
    if !reader.at_end() {
        let remedy = "put all events into one vector, or none";
        return Err(ReadError::new(reader.line(), "something follows the vector of events", remedy));
    }
    if events.pairing.is_empty() {
        let remedy = "operations are maps with :process, :type (:invoke, :ok, :fail, :info) and :f (:read, :write, :cas, \
                      :get, :put, :append, :add)";
        return Err(ReadError::new(0, "the file has no operation", remedy));
    }
    Ok(Read { log: events.pairing.finish(events.ignored), keyed: events.keyed })
}

#[derive(Default)]
struct Events {
    pairing: Pairing,
    ignored: u64,
    keyed: bool,
}

/// What an invocation asks, before its value is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Function {
    Read,
    Write,
    Cas,
    Add,
    Append,
}

impl Function {
    fn of(word: &str) -> Option<Function> {
        match word {
            "read" | "get" => Some(Function::Read),
            "write" | "put" => Some(Function::Write),
            "cas" => Some(Function::Cas),
            "add" => Some(Function::Add),
            "append" => Some(Function::Append),
            _ => None,
        }
    }
}

impl Events {
    fn take(&mut self, event: &Edn, line: usize) -> Result<(), ReadError> {
        let (Some(Edn::Keyword(kind)), Some(Edn::Keyword(function))) = (event.get("type"), event.get("f")) else {
            if matches!(event, Edn::Map(_)) {
                // Jepsen also logs what is no operation: phases, notes of the test.
                self.ignored += 1;
                return Ok(());
            }
            return Err(ReadError::new(line, "an event is a map, and this is something else", "write {:process 0, …}"));
        };
        // The nemesis, and whatever else goes by a name, breaks things and asks for nothing.
        let (Some(&Edn::Int(process)), Some(function)) = (event.get("process"), Function::of(function)) else {
            self.ignored += 1;
            return Ok(());
        };
        let value = event.get("value").unwrap_or(&Edn::Nil);
        if kind == "invoke" {
            return self.ask(process, function, event.get("key"), value, line);
        }
        let Some(ending) = Ending::of(kind) else {
            let problem = format!("`:type :{kind}` is unknown");
            return Err(ReadError::new(line, problem, "use :invoke, :ok, :fail or :info"));
        };
        let outcome = self.outcome(process, ending, event, value);
        if self.pairing.answer(process, outcome) {
            Ok(())
        } else {
            let problem = format!("process {process} gets an answer (:{kind}) and waits for none");
            Err(ReadError::new(line, problem, "keep the :invoke that the answer belongs to"))
        }
    }

    fn ask(
        &mut self,
        process: i64,
        function: Function,
        key: Option<&Edn>,
        value: &Edn,
        line: usize,
    ) -> Result<(), ReadError> {
        self.keyed |= key.is_some();
        let (key, value) = match key {
            Some(key) => (name(key), value),
            None => match tuple(function, value) {
                Some((key, value)) => (name(key), value),
                None => (String::new(), value),
            },
        };
        let call = match function {
            Function::Read => Call::Read,
            Function::Write => Call::Write(self.datum(value)),
            Function::Append => Call::Append(match value {
                Edn::Text(text) => self.pairing.texts.place(text),
                other => self.pairing.texts.place(&other.write()),
            }),
            Function::Cas => match value {
                Edn::Sequence(pair) if pair.len() == 2 => {
                    Call::Cas { old: self.datum(&pair[0]), new: self.datum(&pair[1]) }
                }
                _ => return Err(ReadError::new(line, ":cas without its two values", "write :value [old new]")),
            },
            Function::Add => match value {
                Edn::Int(delta) => Call::Add(*delta),
                _ => return Err(ReadError::new(line, ":add without a whole number", "write :value 1")),
            },
        };
        self.pairing.ask(process, &key, call);
        Ok(())
    }

    fn outcome(&mut self, process: i64, ending: Ending, event: &Edn, value: &Edn) -> Outcome {
        match ending {
            Ending::Fail => Outcome::Failed,
            Ending::Info => Outcome::Unknown,
            Ending::Ok => match self.pairing.waiting(process) {
                Some((_, Call::Read)) => {
                    let value = match (event.get("key"), tuple(Function::Read, value)) {
                        (None, Some((_, value))) => value,
                        _ => value,
                    };
                    Outcome::Ok(Some(self.datum(value)))
                }
                Some((_, Call::Add(_))) => Outcome::Ok(event.get("result").map(|value| self.datum(value))),
                _ => Outcome::Ok(None),
            },
        }
    }

    fn datum(&mut self, value: &Edn) -> Datum {
        match value {
            Edn::Nil => Datum::Absent,
            Edn::Int(number) => Datum::Number(*number),
            Edn::Text(text) => Datum::Text(self.pairing.texts.place(text)),
            other => Datum::Text(self.pairing.texts.place(&other.write())),
        }
    }
}

/// The parts of `[key value]`. A compare-and-set has two values itself, so only `[key [old new]]` is a tuple there.
fn tuple(function: Function, value: &Edn) -> Option<(&Edn, &Edn)> {
    let Edn::Sequence(parts) = value else { return None };
    let [key, value] = parts.as_slice() else { return None };
    let fits = function != Function::Cas || matches!(value, Edn::Sequence(_));
    fits.then_some((key, value))
}

fn name(key: &Edn) -> String {
    match key {
        Edn::Text(text) => text.clone(),
        other => other.write(),
    }
}

/// Writes a log as Jepsen would, one event on a line.
///
/// Jepsen's processes do one thing at a time: a process of ours with several operations in flight becomes several, the
/// j-th of which has the number p + j·n, with n processes in the log. A process whose operation got no answer is not
/// used again. Nothing stored is `nil`, which Knossos takes for a value that the client does not know.
///
/// # Errors
/// Whatever `out` answers.
pub fn write(log: &Log, out: &mut impl io::Write) -> io::Result<()> {
    write_from(log, Datum::Absent, out)
}

/// As [`write`], for keys that held something before the first operation: the format has no place for that, so a process
/// that does nothing else writes it to each key before anything happens.
///
/// # Errors
/// Whatever `out` answers.
pub fn write_from(log: &Log, initial: Datum, out: &mut impl io::Write) -> io::Result<()> {
    let lanes = lanes(log);
    let mut index = 0;
    if initial != Datum::Absent {
        let process = lanes.iter().max().map_or(0, |last| last + 1);
        for key in &log.keys {
            let value = keyed(log, key, show(log, initial));
            for kind in ["invoke", "ok"] {
                writeln!(
                    out,
                    "{{:process {process}, :type :{kind}, :f :write, :value {value}, :time 0, :index {index}}}"
                )?;
                index += 1;
            }
        }
    }
    // Asking comes before answering at the same moment: operations that touch in time count as concurrent.
    let mut events: Vec<(u64, u8, usize)> = Vec::with_capacity(log.operations.len() * 2);
    for (place, operation) in log.operations.iter().enumerate() {
        events.push((operation.start, 0, place));
        match operation.end {
            Some(end) => events.push((end, 1, place)),
            None => events.push((u64::MAX, 2, place)),
        }
    }
    events.sort_unstable();
    let last = events.iter().rev().find(|event| event.1 < 2).map_or(0, |event| event.0);
    for (index, &(time, phase, place)) in (index..).zip(&events) {
        let operation = &log.operations[place];
        let kind = match (phase, operation.outcome) {
            (0, _) => "invoke",
            (1, Outcome::Ok(_)) => "ok",
            (1, Outcome::Failed) => "fail",
            _ => "info",
        };
        let (function, mut value) = asked(log, operation.call);
        let mut result = String::new();
        if let (1, Outcome::Ok(Some(learned))) = (phase, operation.outcome) {
            if operation.call == Call::Read {
                value = show(log, learned);
            } else {
                result = format!(", :result {}", show(log, learned));
            }
        }
        let value = keyed(log, log.key(operation.key), value);
        let (process, time) = (lanes[place], time.min(last));
        writeln!(
            out,
            "{{:process {process}, :type :{kind}, :f :{function}, :value {value}{result}, :time {time}, :index {index}}}"
        )?;
    }
    Ok(())
}

/// Where there are several keys, a value is told together with its key.
fn keyed(log: &Log, key: &str, value: String) -> String {
    if log.keys.len() > 1 { format!("[{} {value}]", show_key(key)) } else { value }
}

fn asked(log: &Log, call: Call) -> (&'static str, String) {
    match call {
        Call::Read => ("read", "nil".to_owned()),
        Call::Write(value) => ("write", show(log, value)),
        Call::Cas { old, new } => ("cas", format!("[{} {}]", show(log, old), show(log, new))),
        Call::Add(delta) => ("add", delta.to_string()),
        Call::Append(text) => ("append", quote(log.text(text))),
        Call::Count { window, limit } => ("count", format!("[{window} {limit}]")),
    }
}

fn show(log: &Log, datum: Datum) -> String {
    match datum {
        Datum::Absent => "nil".to_owned(),
        Datum::Number(number) => number.to_string(),
        Datum::Text(text) => quote(log.text(text)),
    }
}

fn show_key(key: &str) -> String {
    if key.parse::<i64>().is_ok_and(|number| number.to_string() == key) { key.to_owned() } else { quote(key) }
}

/// The process number under which each operation is written.
fn lanes(log: &Log) -> Vec<u64> {
    let processes = log.operations.iter().map(|operation| u64::from(operation.process) + 1).max().unwrap_or(0);
    // For each process, the moment at which each of its lanes is free again; `u64::MAX` is never.
    let mut free: Lookup<u32, Vec<Option<u64>>> = Lookup::default();
    log.operations
        .iter()
        .map(|operation| {
            let lanes = free.entry(operation.process).or_default();
            let found = lanes.iter().position(|lane| lane.is_some_and(|end| end < operation.start));
            let lane = found.unwrap_or_else(|| {
                lanes.push(None);
                lanes.len() - 1
            });
            lanes[lane] = operation.end;
            u64::from(operation.process) + lane as u64 * processes
        })
        .collect()
}
