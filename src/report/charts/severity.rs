//! The harm that the workload comes to, store by store: a chart for each of its metrics that is drawn.

use crate::metrics::estimate::Scalar;
use crate::report::emphasis::{self, Line};
use crate::report::tables::severity::{self as table, SizeRow};
use crate::report::{figures, finding};
use crate::run::Outcome;

use super::Chart;
use super::frame::{Frame, interval_words};
use super::rows::{self, Drawn, Row};
use super::theme;

/// The charts, in the order of the emphasis.
pub fn charts(outcome: &Outcome) -> Vec<Chart> {
    emphasis::of(outcome.scenario.workload.word()).charts.iter().filter_map(|line| chart(outcome, *line)).collect()
}

/// The chart of one line of the comparison; none where no store measured it.
pub fn chart(outcome: &Outcome, line: Line) -> Option<Chart> {
    let rows = match line {
        Line::Share(id) => bars(outcome, Scalar::Share(id)),
        Line::Figures(..) => ranges(outcome, line, &table::sizes(outcome, line)),
    };
    let titles = finding::headlines(outcome, line);
    if rows.is_empty() || titles.is_empty() {
        return None;
    }
    Some(finish(outcome, line.row().name, &titles, &subtitle(outcome, line, &rows), rows, line.row().unit))
}

/// Title, rows and axis on one page.
pub(super) fn finish(
    outcome: &Outcome,
    name: &str,
    titles: &[String],
    subtitle: &str,
    rows: Vec<Row>,
    unit: crate::metrics::table::Unit,
) -> Chart {
    let mut frame = Frame::new(outcome, titles, subtitle, rows::height(rows.len()));
    rows::draw(&mut frame.scene, &frame.inside, &rows, unit);
    let figures: Vec<String> = rows.iter().map(|row| format!("{}: {}", row.label, row.value)).collect();
    let description = format!("{subtitle} {}.", figures.join("; "));
    Chart { name: name.to_string(), title: frame.title, description, scene: frame.scene }
}

/// A bar for each store that measured the share.
pub(super) fn bars(outcome: &Outcome, scalar: Scalar) -> Vec<Row> {
    let unit = scalar.row().unit;
    table::shares(outcome, scalar)
        .into_iter()
        .map(|row| {
            let interval = row.low.zip(row.high).map(|(low, high)| [low, high]);
            Row {
                label: theme::label_of(outcome, &row.store).to_string(),
                value: figures::value_with_interval(unit, row.value, interval),
                color: theme::style_of(outcome, &row.store).color,
                drawn: Drawn::Bar { value: row.value, interval },
            }
        })
        .collect()
}

/// A range for each store with three figures.
pub(super) fn ranges(outcome: &Outcome, line: Line, sizes: &[SizeRow]) -> Vec<Row> {
    let unit = line.row().unit;
    let row = |three: &[SizeRow]| {
        let values = [three[0].value, three[1].value, three[2].value];
        Row {
            label: theme::label_of(outcome, &three[0].store).to_string(),
            value: figures::several(unit, &values),
            color: theme::style_of(outcome, &three[0].store).color,
            drawn: Drawn::Range(values),
        }
    };
    sizes.chunks_exact(3).map(row).collect()
}

fn subtitle(outcome: &Outcome, line: Line, rows: &[Row]) -> String {
    let definition = line.row().definition;
    match line {
        Line::Share(_) => format!("{} {}", first_sentence(definition), interval_words(outcome, rows)),
        Line::Figures(_, names) => {
            let words = |n: usize| names.get(n).map_or("", |name| in_words(name));
            format!("{} {}", first_sentence(definition), rows::range_words(words(0), words(1), words(2)))
        }
    }
}

/// The words for the name of a figure.
pub(super) fn in_words(figure: &str) -> &str {
    match figure {
        "mean" => "mean",
        "p50" => "median",
        "p95" => "95th percentile",
        "p99" => "99th percentile",
        "p999" => "99.9th percentile",
        "max" => "largest of all",
        other => other,
    }
}

fn first_sentence(text: &str) -> &str {
    text.find(". ").map_or(text, |end| &text[..=end])
}
