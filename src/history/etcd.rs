//! Logs of etcd under test as porcupine's test data has them: lines such as `INFO  jepsen.util - 1  :invoke  :read  nil`.
//!
//! Blanks or tabs part the words. Lines of other origin, and those of the nemesis, are counted and passed over.

use super::judged::{Call, Datum, Log, Outcome};
use super::pairing::{Ending, Pairing, ReadError};

/// The mark that opens the part of a line which speaks of an operation.
pub const MARK: &str = "jepsen.util - ";

/// Reads a log of one register.
///
/// # Errors
/// If a line with the mark cannot be understood, with its number and the remedy.
pub fn read(text: &str) -> Result<Log, ReadError> {
    let mut pairing = Pairing::default();
    let mut ignored = 0;
    for (number, line) in (1..).zip(text.lines()) {
        if !take(&mut pairing, line, number)? {
            ignored += u64::from(!line.trim().is_empty());
        }
    }
    if pairing.is_empty() {
        let remedy = format!("operations are lines like `INFO  {MARK}1 :invoke :read nil`");
        return Err(ReadError::new(0, "the file has no operation", remedy));
    }
    Ok(pairing.finish(ignored))
}

/// Whether the line was an operation's.
fn take(pairing: &mut Pairing, line: &str, number: usize) -> Result<bool, ReadError> {
    let Some((_, event)) = line.split_once(MARK) else { return Ok(false) };
    let mut words = event.split_whitespace();
    let Some(Ok(process)) = words.next().map(str::parse::<i64>) else { return Ok(false) };
    let (Some(kind), Some(function)) = (words.next(), words.next()) else {
        return Err(ReadError::new(number, "the line ends early", "write the process, :invoke, :read and nil"));
    };
    let rest: Vec<&str> = words.collect();
    let value = rest.join(" ");
    if kind == ":invoke" {
        let call = match function {
            ":read" => Call::Read,
            ":write" => Call::Write(datum(&value, number)?),
            ":cas" => cas(&value, number)?,
            _ => return Ok(false),
        };
        pairing.ask(process, "", call);
        return Ok(true);
    }
    let Some(ending) = kind.strip_prefix(':').and_then(Ending::of) else {
        let problem = format!("`{kind}` is no kind of event");
        return Err(ReadError::new(number, problem, "use :invoke, :ok, :fail or :info"));
    };
    let outcome = match (ending, function) {
        (Ending::Ok, ":read") => Outcome::Ok(Some(datum(&value, number)?)),
        (Ending::Ok, _) => Outcome::Ok(None),
        (Ending::Fail, _) => Outcome::Failed,
        (Ending::Info, _) => Outcome::Unknown,
    };
    if !pairing.answer(process, outcome) {
        let problem = format!("process {process} gets an answer ({kind}) and waits for none");
        return Err(ReadError::new(number, problem, "keep the :invoke line that the answer belongs to"));
    }
    Ok(true)
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
    let pair = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match pair.and_then(|pair| pair.split_once(' ')) {
        Some((old, new)) => Ok(Call::Cas { old: datum(old.trim(), line)?, new: datum(new.trim(), line)? }),
        None => Err(ReadError::new(line, format!("`{value}` is no pair of values"), "write [old new]")),
    }
}
