//! Histories drawn as text: `p1: |--w1--|   |-r1-|`, one line for each process, time from left to right.
//!
//! | word | what |
//! |---|---|
//! | `w1` | write 1; `wnil` removes |
//! | `r1`, `rnil`, `r?` | a read of 1, of nothing, of something unknown |
//! | `c1>2` | compare-and-set from 1 to 2 |
//! | `a5`, `a5=7` | add 5; add 5, leaving 7 |
//! | `+x` | append the text x |
//! | `w1@y` | on key y |
//! | `w1!` | it failed |
//! | `\|-w1->` | no answer came |
//!
//! Values that are not whole numbers are texts. `#` opens a comment. Operations that share a column are concurrent.
//! A process may be drawn on several lines.

use super::judged::{Call, Clock, Datum, Judged, Log, Names, Outcome};
use super::pairing::ReadError;

const SAMPLE: &str = "draw `p1: |--w1--|  |-r1-|`";

/// Reads a drawing.
///
/// # Errors
/// If something is not as described above, with the line and the remedy.
pub fn read(text: &str) -> Result<Log, ReadError> {
    let mut drawing = Drawing::default();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default();
        if line.trim().is_empty() {
            continue;
        }
        let Some((process, lane)) = line.split_once(':') else {
            return Err(ReadError::new(number, "the line does not begin with a process and a colon", SAMPLE));
        };
        let process = drawing.processes.place(process.trim());
        // Columns count from the start of the line, so that bars above each other mean the same moment.
        let columns: Vec<char> = line.chars().collect();
        let from = columns.len() - lane.chars().count();
        drawing.lane(process, &columns, from, number).map_err(|error| error.within(line))?;
    }
    if drawing.operations.is_empty() {
        return Err(ReadError::new(0, "nothing is drawn", SAMPLE));
    }
    let mut log = Log {
        operations: drawing.operations,
        keys: drawing.keys.into_vec(),
        texts: drawing.texts.into_vec(),
        clock: Clock::Order,
        remarks: Vec::new(),
    };
    log.sort();
    for (index, operation) in (0..).zip(&mut log.operations) {
        operation.index = index;
    }
    Ok(log)
}

#[derive(Default)]
struct Drawing {
    operations: Vec<Judged>,
    processes: Names,
    keys: Names,
    texts: Names,
}

impl Drawing {
    fn lane(&mut self, process: u32, columns: &[char], from: usize, line: usize) -> Result<(), ReadError> {
        let mut at = from;
        while at < columns.len() {
            if columns[at].is_whitespace() {
                at += 1;
                continue;
            }
            if columns[at] != '|' {
                let problem = format!("`{}` stands outside of an operation", columns[at]);
                return Err(ReadError::new(line, problem, SAMPLE));
            }
            let body = &columns[at + 1..];
            // An arrow ends an operation without an answer only where nothing but a blank follows: `c1>2` has one too.
            let closes = |place: usize| {
                body[place] == '|'
                    || (body[place] == '>' && body.get(place + 1).is_none_or(|next| next.is_whitespace()))
            };
            let Some(length) = (0..body.len()).find(|&place| closes(place)) else {
                return Err(ReadError::new(line, "an operation is not closed", "end it with `|`, or with `>`"));
            };
            let word: String = body[..length].iter().collect();
            let end = at + 1 + length;
            let answered = columns[end] == '|';
            self.operation(process, word.trim_matches(['-', ' ']), at as u64, answered.then_some(end as u64), line)?;
            at = end + 1;
        }
        Ok(())
    }

    fn operation(
        &mut self,
        process: u32,
        word: &str,
        start: u64,
        end: Option<u64>,
        line: usize,
    ) -> Result<(), ReadError> {
        let unknown = || {
            let remedy = "write w1, r1, rnil, r?, c1>2, a5, a5=7 or +x; with @y for the key y and ! for a failure";
            ReadError::new(line, format!("`{word}` is no operation"), remedy)
        };
        let (rest, failed) = word.strip_suffix('!').map_or((word, false), |rest| (rest, true));
        let (rest, key) = rest.split_once('@').unwrap_or((rest, ""));
        let mut characters = rest.chars();
        let (kind, argument) = (characters.next().ok_or_else(unknown)?, characters.as_str());
        let mut learned = None;
        let call = match kind {
            'r' => {
                learned = (argument != "?").then(|| self.datum(argument));
                Call::Read
            }
            'w' => Call::Write(self.datum(argument)),
            'c' => {
                let (old, new) = argument.split_once('>').ok_or_else(unknown)?;
                Call::Cas { old: self.datum(old), new: self.datum(new) }
            }
            'a' => {
                let (delta, result) =
                    argument.split_once('=').map_or((argument, None), |(delta, result)| (delta, Some(result)));
                learned = result.map(|result| self.datum(result));
                Call::Add(delta.parse().map_err(|_| unknown())?)
            }
            '+' => Call::Append(self.texts.place(argument)),
            _ => return Err(unknown()),
        };
        let outcome = match (end, failed) {
            (None, _) => Outcome::Unknown,
            (Some(_), true) => Outcome::Failed,
            (Some(_), false) => Outcome::Ok(learned),
        };
        let key = self.keys.place(key);
        self.operations.push(Judged { process, key, call, outcome, start, end, index: 0 });
        Ok(())
    }

    fn datum(&mut self, word: &str) -> Datum {
        if word == "nil" {
            Datum::Absent
        } else if let Ok(number) = word.parse() {
            Datum::Number(number)
        } else {
            Datum::Text(self.texts.place(word))
        }
    }
}
