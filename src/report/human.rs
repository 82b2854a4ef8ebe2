//! The comparison for a terminal.

use unicode_width::UnicodeWidthStr;

use crate::metrics::table::Unit;
use crate::run::Outcome;

use super::comparison::{Cell, TableRow, Tone, circumstances, rows};
use super::{advice, figures, free_plan};

/// The narrowest that a table is made for.
const WIDTH_MIN: usize = 40;
/// The widest a row's words get before they are broken into lines.
const LABEL_WIDTH: usize = 34;
/// The widest a store's name gets before it is broken into lines.
const HEADER_WIDTH: usize = 18;

/// The question, the comparison, refusals, and how many assumptions it rests on. Stores that find no room beside each
/// other within `width` columns follow below. Colour comes on top of words and signs, never instead of them.
pub fn human(outcome: &Outcome, width: usize, color: bool) -> String {
    let width = width.max(WIDTH_MIN);
    let mut text = String::new();
    let title = format!("{}: {}", outcome.scenario.name, outcome.scenario.question);
    for line in wrap(&title, width) {
        text += &paint(&line, "1", color);
        text.push('\n');
    }
    for line in wrap(&circumstances(outcome), width) {
        text += &paint(&line, "2", color);
        text.push('\n');
    }
    let rows = rows(outcome);
    let labels = label_width(&rows, width);
    for columns in blocks(outcome, &rows, width - labels) {
        text.push('\n');
        text += &table(outcome, &rows, labels, &columns, color);
    }
    let advised = advice::paragraphs(outcome);
    if !advised.is_empty() {
        text.push('\n');
    }
    for (n, (indent, paragraph)) in advised.iter().enumerate() {
        for line in wrap(paragraph, width - indent) {
            let line = format!("{}{line}", " ".repeat(*indent));
            text += &paint(&line, if n == 0 { "1" } else { "" }, color);
            text.push('\n');
        }
    }
    let notes = notes(outcome);
    if !notes.is_empty() {
        text.push('\n');
    }
    for note in notes {
        for line in wrap(&note, width) {
            text += &line;
            text.push('\n');
        }
    }
    text
}

/// A store's place in the outcome and the width of its column.
type Column = (usize, usize);

fn label_width(rows: &[TableRow], width: usize) -> usize {
    let widest = rows.iter().map(|row| row.label.width()).max().unwrap_or(0) + 3;
    // At least half of the screen is for the figures; longer labels are broken into lines.
    widest.min(width / 2).min(LABEL_WIDTH)
}

/// The stores, in as many tables as the width asks for.
fn blocks(outcome: &Outcome, rows: &[TableRow], width: usize) -> Vec<Vec<Column>> {
    let mut blocks: Vec<Vec<Column>> = Vec::new();
    let mut used = usize::MAX;
    for (index, store) in outcome.stores.iter().enumerate() {
        let cells = rows.iter().map(|row| row.cells[index].text.width()).max().unwrap_or(0);
        let header = wrap(&store.label, HEADER_WIDTH).iter().map(|line| line.width()).max().unwrap_or(0);
        let column = cells.max(header) + 3;
        // The last column needs no gap behind it.
        if used.saturating_add(column - 3) > width {
            blocks.push(Vec::new());
            used = 0;
        }
        used += column;
        if let Some(block) = blocks.last_mut() {
            block.push((index, column));
        }
    }
    blocks
}

fn table(outcome: &Outcome, rows: &[TableRow], labels: usize, columns: &[Column], color: bool) -> String {
    let headers: Vec<Vec<String>> =
        columns.iter().map(|(index, _)| wrap(&outcome.stores[*index].label, HEADER_WIDTH)).collect();
    let height = headers.iter().map(Vec::len).max().unwrap_or(0);
    let mut text = String::new();
    for line in 0..height {
        let cells = headers.iter().map(|header| {
            // Short names stand on the last line, next to their figures.
            let part = (line + header.len()).checked_sub(height).and_then(|n| header.get(n));
            (part.cloned().unwrap_or_default(), "1")
        });
        text += &print_row("", labels, &cells.collect::<Vec<_>>(), columns, color);
    }
    for row in rows {
        let cells: Vec<(String, &str)> = columns.iter().map(|(index, _)| styled(&row.cells[*index])).collect();
        let label = wrap(&row.label, labels.saturating_sub(2));
        for (line, part) in label.iter().enumerate() {
            let label = format!(" {part}");
            let cells: &[(String, &str)] = if line == 0 { &cells } else { &[] };
            text += &print_row(&label, labels, cells, columns, color);
        }
    }
    text
}

fn styled(cell: &Cell) -> (String, &'static str) {
    let code = match cell.tone {
        Tone::Plain => "",
        Tone::Good => "32",
        Tone::Bad => "31",
    };
    (cell.text.clone(), code)
}

fn print_row(label: &str, labels: usize, cells: &[(String, &str)], columns: &[Column], color: bool) -> String {
    let mut line = pad(label, labels);
    let mut gap = 0;
    for ((cell, code), (_, width)) in cells.iter().zip(columns) {
        // Gaps are kept until something follows, so that no line ends in blanks.
        if !cell.is_empty() {
            line += &" ".repeat(gap);
            line += &paint(cell, code, color);
            gap = 0;
        }
        gap += width.saturating_sub(cell.width());
    }
    format!("{}\n", line.trim_end())
}

/// What the table cannot hold.
fn notes(outcome: &Outcome) -> Vec<String> {
    let faults = outcome.scenario.network.faults.all().iter();
    let mut notes: Vec<String> =
        faults.map(|fault| format!("Fault {}", super::faults::sentence(&outcome.scenario, fault))).collect();
    for store in &outcome.stores {
        for limit in store.limits.iter().filter(|limit| limit.violations > 0) {
            notes.push(format!(
                "{}: {} × “{}” ({}), first after {}",
                store.label,
                figures::grouped(limit.violations),
                limit.text,
                limit.refusal.rule(),
                figures::value(Unit::Seconds, limit.first.seconds()),
            ));
        }
    }
    notes.extend(free_plan::paragraph(outcome));
    match outcome.scenario.assumptions.len() {
        0 => {}
        1 => notes.push("Rests on 1 assumption: a figure that is not published. The report names it.".to_string()),
        n => notes.push(format!("Rests on {n} assumptions: figures that are not published. The report lists them.")),
    }
    notes
}

fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

fn paint(text: &str, code: &str, color: bool) -> String {
    if color && !code.is_empty() && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
}

/// The words of a text; a number and its unit are one.
fn unparted(text: &str) -> Vec<String> {
    const UNITS: [&str; 10] = ["%", "ns", "µs", "ms", "s", "min", "h", "d", "KB", "MB"];
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let unit = word.trim_end_matches(|letter: char| ".,;:)".contains(letter));
        let is_unit = UNITS.contains(&unit) || unit.starts_with('/');
        match words.last_mut().filter(|last| is_unit && last.ends_with(|letter: char| letter.is_ascii_digit())) {
            Some(last) => *last = format!("{last} {word}"),
            None => words.push(word.to_string()),
        }
    }
    words
}

/// Breaks at blanks, but not between a number and its unit; a word that is longer than the width is broken inside.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for mut word in unparted(text) {
        loop {
            let line = lines.last_mut().expect("there is always a line");
            let gap = usize::from(!line.is_empty());
            if line.width() + gap + word.width() <= width {
                if gap == 1 {
                    line.push(' ');
                }
                line.push_str(&word);
                break;
            }
            if !line.is_empty() {
                lines.push(String::new());
                continue;
            }
            let mut end = 0;
            for (place, letter) in word.char_indices() {
                if word[..place + letter.len_utf8()].width() > width.max(1) && place > 0 {
                    break;
                }
                end = place + letter.len_utf8();
            }
            line.push_str(&word[..end]);
            word.drain(..end);
            if word.is_empty() {
                break;
            }
        }
    }
    lines
}
