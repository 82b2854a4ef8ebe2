//! A space-time drawing of a few operations as text: a line for each process, time from left to right.
//!
//! Only the order of the moments is drawn, not their distances; what shares a stretch of columns is concurrent. The
//! words are those of the notation, so a drawing can be read again.

use super::judged::{Call, Datum, Judged, Log, Outcome};

/// Draws the operations at these places of a log.
pub fn draw(log: &Log, places: &[usize]) -> String {
    let mut places: Vec<usize> = places.iter().copied().filter(|&place| place < log.operations.len()).collect();
    places.sort_unstable();
    places.dedup();
    let columns = columns(log, &places);
    // Operations of one process that overlap go on lines of their own.
    let mut lanes: Vec<(u32, usize, String)> = Vec::new();
    for (&place, &(start, end)) in places.iter().zip(&columns) {
        let operation = &log.operations[place];
        let fits = |lane: &&mut (u32, usize, String)| lane.0 == operation.process && lane.1 <= start;
        let lane = match lanes.iter_mut().find(fits) {
            Some(lane) => lane,
            None => {
                lanes.push((operation.process, 0, String::new()));
                let last = lanes.len() - 1;
                &mut lanes[last]
            }
        };
        lane.2.push_str(&" ".repeat(start - lane.1));
        lane.2.push_str(&bar(log, operation, end - start));
        lane.1 = end + 1;
    }
    lanes.sort_by_key(|lane| lane.0);
    let width = lanes.iter().map(|lane| lane.0.to_string().len()).max().unwrap_or(1);
    let lines = lanes.iter().map(|(process, _, text)| format!("p{process:<width$}: {text}\n"));
    lines.collect()
}

/// The first and the last column of each operation.
fn columns(log: &Log, places: &[usize]) -> Vec<(usize, usize)> {
    // Starts come before ends at the same moment, because such operations are concurrent.
    let mut moments: Vec<(u64, bool, usize)> = Vec::with_capacity(places.len() * 2);
    for (at, &place) in places.iter().enumerate() {
        let operation = &log.operations[place];
        moments.push((operation.start, false, at));
        moments.push((operation.end.unwrap_or(u64::MAX), true, at));
    }
    moments.sort_unstable();
    let mut columns = vec![(0, 0); places.len()];
    let mut last: Option<(u64, bool, usize)> = None;
    for (time, ends, at) in moments {
        let mut column = match last {
            None => 0,
            Some((before, kind, column)) if (before, kind) == (time, ends) => column,
            Some((_, _, column)) => column + 1,
        };
        if ends {
            column = column.max(columns[at].0 + word(log, &log.operations[places[at]]).chars().count() + 3);
            columns[at].1 = column;
        } else {
            columns[at].0 = column;
        }
        last = Some((time, ends, column));
    }
    columns
}

/// `|--w1--|`, `width` columns from bar to bar.
fn bar(log: &Log, operation: &Judged, width: usize) -> String {
    let word = word(log, operation);
    let dashes = width.saturating_sub(1 + word.chars().count());
    let left = dashes / 2;
    let close = if operation.end.is_some() { '|' } else { '>' };
    format!("|{}{word}{}{close}", "-".repeat(left), "-".repeat(dashes - left))
}

fn word(log: &Log, operation: &Judged) -> String {
    let show = |datum: Datum| match datum {
        Datum::Text(text) => shorten(log.text(text)),
        other => log.show(other),
    };
    let mut word = match operation.call {
        Call::Read => match operation.outcome {
            Outcome::Ok(Some(value)) => format!("r{}", show(value)),
            _ => "r?".to_owned(),
        },
        Call::Write(value) => format!("w{}", show(value)),
        Call::Cas { old, new } => format!("c{}>{}", show(old), show(new)),
        Call::Add(delta) => format!("a{delta}"),
        Call::Append(text) => format!("+{}", shorten(log.text(text))),
        Call::Count { .. } => "count".to_owned(),
    };
    if let (Call::Add(_) | Call::Count { .. }, Outcome::Ok(Some(value))) = (operation.call, operation.outcome) {
        word.push_str(&format!("={}", show(value)));
    }
    if log.keys.len() > 1 {
        word.push_str(&format!("@{}", shorten(log.key(operation.key))));
    }
    if operation.outcome == Outcome::Failed {
        word.push('!');
    }
    word
}

/// Long texts keep their ends: in a log of appends that is where they differ.
fn shorten(text: &str) -> String {
    let characters: Vec<char> =
        text.chars().map(|character| if character.is_whitespace() { '_' } else { character }).collect();
    if characters.len() <= 12 {
        return characters.into_iter().collect();
    }
    let tail: String = characters[characters.len() - 11..].iter().collect();
    format!("…{tail}")
}
