//! Histories written in EDN as Jepsen would write them, for its checkers.

use std::io;

use super::edn_value::quote;
use super::judged::{Call, Datum, Log, Lookup, Outcome};

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
