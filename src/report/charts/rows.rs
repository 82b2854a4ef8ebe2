//! Charts with a row for each store or place: bars with intervals, or ranges of figures.

use crate::metrics::table::Unit;

use super::axis::{self, Axis};
use super::font::{self, Weight};
use super::scene::{Anchor, Area, Label, Scene, at};
use super::theme::{self, Rgb};

/// What is drawn in a row.
#[derive(Clone, PartialEq, Debug)]
pub enum Drawn {
    /// A bar from zero, and the interval of its end.
    Bar { value: f64, interval: Option<[f64; 2]> },
    /// A line from the first to the last of three figures, with a mark at each.
    Range([f64; 3]),
    /// A place in the list that stands for rows left out.
    Gap,
}

/// One row.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    pub label: String,
    /// The figures in words, at the end of the row.
    pub value: String,
    pub color: Rgb,
    pub drawn: Drawn,
}

const ROW_MIN: f64 = 24.0;
const ROW_MAX: f64 = 52.0;
const LABEL_MAX: f64 = 250.0;
const GAP: f64 = 12.0;
const AXIS_HEIGHT: f64 = 26.0;

/// The height of a row when there are so many.
fn row_height(rows: usize) -> f64 {
    (300.0 / rows.max(1) as f64).clamp(ROW_MIN, ROW_MAX)
}

/// The height of the drawing.
pub fn height(rows: usize) -> f64 {
    row_height(rows) * rows.max(1) as f64 + AXIS_HEIGHT
}

/// Draws the rows with their axis.
pub fn draw(scene: &mut Scene, inside: &Area, rows: &[Row], unit: Unit) {
    let width = |text: &str, weight| font::width(text, theme::LABEL, weight);
    let labels = rows.iter().map(|row| width(&row.label, Weight::Semibold)).fold(0.0, f64::max).min(LABEL_MAX);
    let values = rows.iter().map(|row| width(&row.value, Weight::Regular)).fold(0.0, f64::max);
    // The first tick's text stands around the left end of the axis, the last one's around the right end.
    let plot = Area {
        left: inside.left + labels + GAP + 4.0,
        right: inside.right - values - GAP,
        top: inside.top,
        bottom: inside.bottom - AXIS_HEIGHT,
    };
    let axis = Axis::new(unit, rows.iter().map(largest).fold(0.0, f64::max), plot.width(), true);
    axis::along_bottom(scene, &plot, &axis, true);
    scene.line(at(plot.left, plot.top), at(plot.left, plot.bottom), 1.5, theme::AXIS);
    let step = plot.height() / rows.len().max(1) as f64;
    for (n, row) in rows.iter().enumerate() {
        draw_row(scene, &plot, &axis, row, plot.top + step * (n as f64 + 0.5), step);
    }
}

fn largest(row: &Row) -> f64 {
    match row.drawn {
        Drawn::Bar { value, interval } => interval.map_or(value, |[_, high]| high.max(value)),
        Drawn::Range(figures) => figures.into_iter().fold(0.0, f64::max),
        Drawn::Gap => 0.0,
    }
}

fn draw_row(scene: &mut Scene, plot: &Area, axis: &Axis, row: &Row, y: f64, step: f64) {
    let x = |value: f64| plot.left + axis.share(value) * plot.width();
    let baseline = y + theme::LABEL * 0.36;
    let label = font::fit(&row.label, theme::LABEL, Weight::Semibold, LABEL_MAX);
    let color = if row.drawn == Drawn::Gap { theme::GREY } else { theme::INK };
    scene.text(label, at(plot.left - GAP, baseline), theme::LABEL, Weight::Semibold, Anchor::End, color);
    let end = match row.drawn {
        Drawn::Bar { value, interval } => {
            let half = (step * 0.29).min(13.0);
            let bar = Area { left: plot.left, right: x(value), top: y - half, bottom: y + half };
            scene.rectangle(bar, row.color);
            if let Some([low, high]) = interval.filter(|[low, high]| high > low) {
                whisker(scene, x(low), x(high), y, half * 0.5);
                x(high).max(x(value))
            } else {
                x(value)
            }
        }
        Drawn::Range([first, second, third]) => {
            range(scene, [x(first), x(second), x(third)], y, row.color);
            x(third) + 7.5
        }
        Drawn::Gap => plot.left,
    };
    scene.text_on_paper(Label {
        text: row.value.clone(),
        at: at(end + 8.0, baseline),
        size: theme::LABEL,
        weight: Weight::Regular,
        anchor: Anchor::Start,
        color: theme::INK,
    });
}

fn whisker(scene: &mut Scene, low: f64, high: f64, y: f64, half: f64) {
    // On paper colour, so that it is seen on the bar as well as beside it.
    scene.line(at(low, y), at(high, y), 3.5, theme::PAPER);
    for x in [low, high] {
        scene.line(at(x, y - half - 1.0), at(x, y + half + 1.0), 3.5, theme::PAPER);
    }
    scene.line(at(low, y), at(high, y), 1.5, theme::INK);
    for x in [low, high] {
        scene.line(at(x, y - half), at(x, y + half), 1.5, theme::INK);
    }
}

/// The first figure is a stroke, the second a dot, the third a ring: told apart without colour.
fn range(scene: &mut Scene, [first, second, third]: [f64; 3], y: f64, color: Rgb) {
    scene.line(at(first, y), at(third, y), 3.0, color);
    scene.line(at(first, y - 8.0), at(first, y + 8.0), 3.0, color);
    scene.ring(at(third, y), 7.5, 2.2, color, theme::PAPER);
    scene.disc(at(second, y), 4.2, color);
}

/// The key to [`Drawn::Range`], for subtitles.
pub fn range_words(first: &str, second: &str, third: &str) -> String {
    format!("Stroke: {first}; dot: {second}; ring: {third}.")
}
