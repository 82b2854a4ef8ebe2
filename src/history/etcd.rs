//! Logs of etcd under test as porcupine's test data has them: lines such as `INFO  jepsen.util - 1  :invoke  :read  nil`.
//!
//! Blanks or tabs part the words. Whatever stands before `jepsen.util` (levels, dates, threads) and after the value
//! (hints) is passed over, and so are lines of other origin and those of the nemesis; they are counted.

use super::judged::{Call, Datum, Log, Outcome};
use super::pairing::{Ending, Pairing, ReadError};

/// The word that opens the part of a line which speaks of an operation; a dash or a colon follows it.
const MARK: &str = "jepsen.util";

/// Reads a log of one register.
///
/// # Errors
/// If an operation's line cannot be understood, with its number and the remedy.
pub fn read(text: &str) -> Result<Log, ReadError> {
    let mut pairing = Pairing::default();
    let mut ignored = 0;
    for (number, line) in (1..).zip(text.lines()) {
        let taken = match event(line) {
            Some(event) => take(&mut pairing, &event, number).map_err(|error| error.within(line))?,
            None => false,
        };
        ignored += u64::from(!taken && !line.trim().is_empty());
    }
    if pairing.is_empty() {
        let remedy = format!("operations are lines like `INFO  {MARK} - 1 :invoke :read nil`");
        return Err(ReadError::new(0, "the file has no operation", remedy));
    }
    Ok(pairing.finish(ignored))
}

/// Whether the line speaks of what a process of a test did.
pub fn is_event(line: &str) -> bool {
    event(line).is_some()
}

/// The words of an operation's line.
struct Event<'a> {
    process: i64,
    /// `:invoke`, `:ok`, `:fail` or `:info`.
    kind: &'a str,
    function: &'a str,
    value: &'a str,
}

/// The parts of a line; `None` for lines of other origin and for processes that are no clients.
fn event(line: &str) -> Option<Event<'_>> {
    let rest = line.split_once(MARK)?.1.trim_start();
    let rest = rest.strip_prefix(['-', ':']).unwrap_or(rest);
    let (process, rest) = word(rest);
    let (kind, rest) = word(rest);
    let (function, rest) = word(rest);
    let rest = rest.trim_start();
    let value = match rest.find(']') {
        Some(end) if rest.starts_with('[') => &rest[..=end],
        _ => word(rest).0,
    };
    Some(Event { process: process.parse().ok()?, kind, function, value })
}

/// The first word of a text, and what follows it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

/// Whether the event was an operation's.
fn take(pairing: &mut Pairing, event: &Event, number: usize) -> Result<bool, ReadError> {
    let &Event { process, kind, function, value } = event;
    if function.is_empty() {
        return Err(ReadError::new(number, "the line ends early", "write the process, :invoke, :read and nil"));
    }
    if kind == ":invoke" {
        let call = match function {
            ":read" => Call::Read,
            ":write" => Call::Write(datum(value, number)?),
            ":cas" => cas(value, number)?,
            _ => {
                let problem = format!("`{function}` is no operation of a register");
                return Err(ReadError::new(number, problem, "use :read, :write or :cas"));
            }
        };
        pairing.ask(process, "", call);
        return Ok(true);
    }
    let Some(ending) = kind.strip_prefix(':').and_then(Ending::of) else {
        let problem = format!("`{kind}` is no kind of event");
        return Err(ReadError::new(number, problem, "use :invoke, :ok, :fail or :info"));
    };
    let outcome = match (ending, function) {
        (Ending::Ok, ":read") => Outcome::Ok(Some(datum(value, number)?)),
        (Ending::Ok, _) => Outcome::Ok(None),
        (Ending::Fail, _) => Outcome::Failed,
        (Ending::Info, _) => Outcome::Unknown,
    };
    match pairing.waiting(process).map(|(_, call)| name(call)) {
        Some(asked) if asked != function => {
            let problem = format!("`{function}` answers, and process {process} waits for {asked}");
            Err(ReadError::new(number, problem, "keep each answer behind its :invoke"))
        }
        // Whoever is not waited for and does not know what happened says nothing.
        None if ending == Ending::Info => Ok(false),
        None => {
            let problem = format!("process {process} gets an answer (`{kind}`) and waits for none");
            Err(ReadError::new(number, problem, "keep the :invoke line that the answer belongs to"))
        }
        Some(_) => Ok(pairing.answer(process, outcome)),
    }
}

fn name(call: Call) -> &'static str {
    match call {
        Call::Read => ":read",
        Call::Cas { .. } => ":cas",
        _ => ":write",
    }
}

fn datum(word: &str, line: usize) -> Result<Datum, ReadError> {
    if word == "nil" {
        return Ok(Datum::Absent);
    }
    word.parse().map(Datum::Number).map_err(|_| {
        ReadError::new(line, format!("`{word}` is no value of a register"), "write a whole number, or nil for nothing")
    })
}

fn cas(value: &str, line: usize) -> Result<Call, ReadError> {
    let pair = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or_default();
    let mut words = pair.split([' ', '\t', ',']).filter(|word| !word.is_empty());
    match (words.next(), words.next(), words.next()) {
        (Some(old), Some(new), None) => Ok(Call::Cas { old: datum(old, line)?, new: datum(new, line)? }),
        _ => Err(ReadError::new(line, format!("`{value}` is no pair of values"), "write [old new]")),
    }
}
