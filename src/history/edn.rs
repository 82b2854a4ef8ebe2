//! Histories read from EDN: those of Jepsen and Knossos, and porcupine's key-value files.
//!
//! One map for each event: `{:process 0, :type :invoke, :f :read, :value nil, :time 123, :index 0}`. Events follow one
//! another as in the file; `:time` and `:index` are not needed. Where a history has several keys, every value is the tuple
//! `[key value]`, as Jepsen's independent tests write it; porcupine's key-value files name the key under `:key` instead.

use super::edn_value::{Edn, Reader};
pub use super::edn_write::{write, write_from};
use super::judged::{Call, Datum, Log, Outcome};
use super::pairing::{Ending, Pairing, ReadError};

/// What was read.
pub struct Read {
    pub log: Log,
    /// Whether keys were named under `:key`, as in porcupine's key-value files.
    pub keyed: bool,
}

/// Reads a history: maps one after the other, or in one vector or list.
///
/// # Errors
/// If the text is no EDN, or an event lacks what makes it one, with the line and the remedy.
pub fn read(text: &str) -> Result<Read, ReadError> {
    // Pairs are tuples of a key and a value as long as every operation has one; the first that has none shows that they
    // are values like any other.
    match read_as(text, true)? {
        Some(read) => Ok(read),
        None => read_as(text, false)?.ok_or_else(|| ReadError::new(0, "the file has no operation", OPERATIONS)),
    }
}

const OPERATIONS: &str = "operations are maps with :process, :type (:invoke, :ok, :fail, :info) and :f (:read, :write, \
                          :cas, :add, :get, :put, :append)";

/// Reads a history with pairs as tuples or as values; `None` if an operation has no pair where pairs were to be tuples.
fn read_as(text: &str, tuples: bool) -> Result<Option<Read>, ReadError> {
    let mut reader = Reader::new(text);
    let mut events = Events { tuples, ..Events::default() };
    let enclosed = reader.enter()?;
    loop {
        if enclosed && reader.leave()? {
            break;
        }
        if reader.at_end()? {
            if enclosed {
                return Err(reader.error("the vector of events is not closed", "end the file with `]`"));
            }
            break;
        }
        let (line, column, passed) = (reader.line(), reader.column(), reader.passed());
        let event = reader.value()?;
        events.take(&event, line).map_err(|error| error.within_value(reader.passed_since(passed), column))?;
        if events.is_single {
            return Ok(None);
        }
    }
    if !reader.at_end()? {
        let remedy = "put all events into one vector, or none";
        return Err(reader.error("something follows the vector of events", remedy));
    }
    if events.pairing.is_empty() {
        return Err(ReadError::new(0, "the file has no operation", OPERATIONS));
    }
    if let (true, Some(line)) = (events.adds, events.collection) {
        let problem = "a collection is read of what is added to: this is a set, not a counter";
        return Err(ReadError::new(line, problem, "only registers, counters and texts can be judged"));
    }
    Ok(Some(Read { log: events.pairing.finish(events.ignored), keyed: events.keyed }))
}

#[derive(Default)]
struct Events {
    pairing: Pairing,
    ignored: u64,
    /// Whether operations have their key under `:key`.
    keyed: bool,
    /// Whether pairs are tuples of a key and a value.
    tuples: bool,
    /// Set if an operation has no pair although pairs are tuples.
    is_single: bool,
    adds: bool,
    /// The line of the first read of a collection.
    collection: Option<usize>,
}

/// What an invocation asks, before its value is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Function {
    Read,
    Write,
    Cas,
    Add,
    Append,
    Count,
}

impl Function {
    fn of(word: &str) -> Option<Function> {
        match word {
            "read" | "get" => Some(Function::Read),
            "write" | "put" => Some(Function::Write),
            "cas" => Some(Function::Cas),
            "add" => Some(Function::Add),
            "append" => Some(Function::Append),
            "count" => Some(Function::Count),
            _ => None,
        }
    }

    fn of_call(call: Call) -> Function {
        match call {
            Call::Read => Function::Read,
            Call::Write(_) => Function::Write,
            Call::Cas { .. } => Function::Cas,
            Call::Add(_) => Function::Add,
            Call::Append(_) => Function::Append,
            Call::Count { .. } => Function::Count,
        }
    }
}

/// A keyword's name; some tools write texts or bare words instead.
fn name(value: &Edn) -> Option<&str> {
    match value {
        Edn::Keyword(name) | Edn::Text(name) | Edn::Other(name) => Some(name),
        _ => None,
    }
}

impl Events {
    fn take(&mut self, event: &Edn, line: usize) -> Result<(), ReadError> {
        if !matches!(event, Edn::Map(_)) {
            return Err(ReadError::new(line, "an event is a map, and this is something else", "write {:process 0, …}"));
        }
        let word = |keyword: &str| event.get(keyword).and_then(name);
        let Some(process) = event.get("process") else {
            if word("f").and_then(Function::of).is_some() {
                return Err(ReadError::new(line, "the operation has no :process", "say who asked: :process 0"));
            }
            // Jepsen also logs what is no operation: phases, notes of the test.
            self.ignored += 1;
            return Ok(());
        };
        let known = word("f").and_then(Function::of);
        let (number, is_client) = match process {
            Edn::Int(number) => (*number, true),
            // The nemesis breaks things and asks for nothing; other names may be clients'.
            other => {
                let is_client = name(other).is_some_and(|name| name != "nemesis") && known.is_some();
                (if is_client { self.pairing.named(&other.write()) } else { 0 }, is_client)
            }
        };
        let (Some(kind), true) = (word("type"), is_client) else {
            self.ignored += 1;
            return Ok(());
        };
        if kind == "invoke" {
            let Some(function) = known else {
                let what = event.get("f").unwrap_or(&Edn::Nil).write();
                let problem = format!("`:f {what}` is no operation of a register, a counter or a text");
                return Err(ReadError::new(
                    line,
                    problem,
                    "only :read, :write, :cas, :add, :get, :put and :append can be judged",
                ));
            };
            return self.ask(number, function, event, line);
        }
        let Some(ending) = Ending::of(kind) else {
            let problem = format!("`:type :{kind}` is unknown");
            return Err(ReadError::new(line, problem, "use :invoke, :ok, :fail or :info"));
        };
        self.answer((number, process), ending, known, event, line)
    }

    fn answer(
        &mut self,
        (number, process): (i64, &Edn),
        ending: Ending,
        function: Option<Function>,
        event: &Edn,
        line: usize,
    ) -> Result<(), ReadError> {
        let Some((_, call)) = self.pairing.waiting(number) else {
            // Whoever is not waited for and does not know what happened says nothing.
            if ending == Ending::Info {
                self.ignored += 1;
                return Ok(());
            }
            let problem = format!("process {} gets an answer and waits for none", process.write());
            return Err(ReadError::new(line, problem, "keep the :invoke that the answer belongs to"));
        };
        if function.is_some_and(|function| function != Function::of_call(call)) {
            let problem = format!("process {} gets an answer to something else than it asked", process.write());
            return Err(ReadError::new(line, problem, "keep each answer behind its :invoke"));
        }
        let value = event.get("value").unwrap_or(&Edn::Nil);
        let outcome = match ending {
            Ending::Fail => Outcome::Failed,
            Ending::Info => Outcome::Unknown,
            Ending::Ok => match call {
                Call::Read => {
                    let value = self.parts(Function::Read, event, value).map_or(value, |(_, value)| value);
                    if matches!(value, Edn::Sequence(_) | Edn::Set(_)) {
                        self.collection.get_or_insert(line);
                    }
                    Outcome::Ok(Some(self.datum(value)))
                }
                Call::Add(_) | Call::Count { .. } => Outcome::Ok(event.get("result").map(|value| self.datum(value))),
                _ => Outcome::Ok(None),
            },
        };
        let _ = self.pairing.answer(number, outcome);
        Ok(())
    }

    /// The key and the value of a tuple, where pairs are tuples and the event does not name its key otherwise.
    fn parts<'a>(&self, function: Function, event: &Edn, value: &'a Edn) -> Option<(&'a Edn, &'a Edn)> {
        if !self.tuples || event.get("key").is_some() { None } else { tuple(function, value) }
    }

    fn ask(&mut self, process: i64, function: Function, event: &Edn, line: usize) -> Result<(), ReadError> {
        let value = event.get("value").unwrap_or(&Edn::Nil);
        let (key, value) = match (event.get("key"), self.parts(function, event, value)) {
            (Some(key), _) => {
                self.keyed = true;
                (key_name(key), value)
            }
            (None, Some((key, value))) => (key_name(key), value),
            (None, None) => {
                self.is_single = self.tuples;
                (String::new(), value)
            }
        };
        let call = match (function, value) {
            (Function::Read, _) => Call::Read,
            (Function::Write, value) => Call::Write(self.datum(value)),
            (Function::Append, Edn::Text(text)) => Call::Append(self.pairing.texts.place(text)),
            (Function::Append, other) => Call::Append(self.pairing.texts.place(&other.write())),
            (Function::Cas, Edn::Sequence(pair)) if pair.len() == 2 => {
                Call::Cas { old: self.datum(&pair[0]), new: self.datum(&pair[1]) }
            }
            (Function::Cas, _) => {
                return Err(ReadError::new(line, ":cas without its two values", "write :value [old new]"));
            }
            (Function::Add, &Edn::Int(delta)) => Call::Add(delta),
            (Function::Add, _) => return Err(ReadError::new(line, ":add without a whole number", "write :value 1")),
            (Function::Count, value) => match window_and_limit(value) {
                Some((window, limit)) => Call::Count { window, limit },
                None => {
                    return Err(ReadError::new(line, ":count without its two numbers", "write :value [window limit]"));
                }
            },
        };
        self.adds |= function == Function::Add;
        self.pairing.ask(process, &key, call);
        Ok(())
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

/// The parts of `[key value]`. What has two values itself is a tuple only as `[key [one two]]`.
fn tuple(function: Function, value: &Edn) -> Option<(&Edn, &Edn)> {
    let Edn::Sequence(parts) = value else { return None };
    let [key, value] = parts.as_slice() else { return None };
    let fits = !matches!(function, Function::Cas | Function::Count) || matches!(value, Edn::Sequence(_));
    fits.then_some((key, value))
}

fn window_and_limit(value: &Edn) -> Option<(u32, u32)> {
    match value {
        Edn::Sequence(parts) => match parts.as_slice() {
            [Edn::Int(window), Edn::Int(limit)] => Some((u32::try_from(*window).ok()?, u32::try_from(*limit).ok()?)),
            _ => None,
        },
        _ => None,
    }
}

fn key_name(key: &Edn) -> String {
    match key {
        Edn::Text(text) => text.clone(),
        other => other.write(),
    }
}
