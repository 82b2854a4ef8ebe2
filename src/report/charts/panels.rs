//! Panels below each other that share one axis of time: what two charts over time have in common.

use crate::metrics::table::Unit;

use super::axis::{self, Axis};
use super::font::{self, Weight};
use super::scene::{Anchor, Area, Scene, at};
use super::theme::{self, Rgb};

/// More panels than this would be too low to read.
pub const PANELS_MAX: usize = 6;
/// For the texts of the vertical axis.
const BESIDE: f64 = 46.0;
/// For the heading of a panel.
const HEADING: f64 = 30.0;
/// For the ticks of the axis of time and its words.
const BELOW: f64 = 44.0;

/// Where everything is.
pub struct Panels {
    /// The drawings, from above.
    pub plots: Vec<Area>,
    across: Axis,
}

/// The height of so many panels with what is around them.
pub fn height(panels: usize) -> f64 {
    panels as f64 * (panel_height(panels) + HEADING) + BELOW
}

fn panel_height(panels: usize) -> f64 {
    match panels {
        0 | 1 => 210.0,
        2 => 120.0,
        3 => 92.0,
        _ => 70.0,
    }
}

impl Panels {
    /// So many panels from `top` on, over a run of so many seconds.
    pub fn new(inside: &Area, top: f64, panels: usize, seconds: f64) -> Panels {
        let (left, right) = (inside.left + BESIDE, inside.right - 14.0);
        let plot = |n: usize| {
            let bottom = top + (panel_height(panels) + HEADING) * (n + 1) as f64;
            Area { left, right, top: bottom - panel_height(panels), bottom }
        };
        Panels {
            plots: (0..panels).map(plot).collect(),
            across: Axis::new(Unit::Seconds, seconds, right - left, false),
        }
    }

    /// Where a time is, in seconds since the start of the run.
    pub fn x(&self, seconds: f64) -> f64 {
        self.plots.first().map_or(0.0, |plot| plot.left + self.across.share(seconds) * plot.width())
    }

    /// The heading of a panel: what it is about, and a figure at the other end.
    pub fn heading(&self, scene: &mut Scene, panel: usize, (words, color): (&str, Rgb), figure: &str) {
        let plot = &self.plots[panel];
        let baseline = plot.top - 7.0;
        let room = plot.width() - font::width(figure, theme::LABEL, Weight::Regular) - 24.0;
        let words = font::fit(words, theme::LABEL, Weight::Semibold, room);
        scene.text(words, at(plot.left, baseline), theme::LABEL, Weight::Semibold, Anchor::Start, color);
        scene.text(figure, at(plot.right, baseline), theme::LABEL, Weight::Regular, Anchor::End, theme::INK);
    }

    /// Light lines and texts of a panel's vertical axis: values between 0 (below) and 1 (above).
    pub fn upright(&self, scene: &mut Scene, panel: usize, ticks: &[(f64, String)]) {
        let plot = &self.plots[panel];
        for (value, text) in ticks {
            let y = plot.bottom - value * plot.height();
            scene.line(at(plot.left, y), at(plot.right, y), 1.0, theme::GRID);
            let place = at(plot.left - 10.0, y + theme::TICK * 0.36);
            scene.text(text.as_str(), place, theme::TICK, Weight::Regular, Anchor::End, theme::GREY);
        }
    }

    /// The line below each panel, and the axis of time below the last.
    pub fn time(&self, scene: &mut Scene) {
        for plot in &self.plots {
            scene.line(at(plot.left, plot.bottom), at(plot.right, plot.bottom), 1.5, theme::AXIS);
        }
        let Some(last) = self.plots.last() else { return };
        axis::along_bottom(scene, last, &self.across, false);
        let middle = at((last.left + last.right) / 2.0, last.bottom + BELOW - 4.0);
        let words = "time since the start of the run";
        scene.text(words, middle, theme::TICK, Weight::Regular, Anchor::Middle, theme::GREY);
    }

    /// Stretches of time that something holds for, above the panels, and lines through each panel at their ends.
    pub fn mark(&self, scene: &mut Scene, marks: &[Placed]) {
        let Some(first) = self.plots.first() else { return };
        let rows = marks.iter().map(|mark| mark.row + 1).max().unwrap_or(0);
        for mark in marks {
            let y = first.top - HEADING - MARK * (rows - mark.row) as f64 + MARK - 6.0;
            for x in [mark.left, mark.right] {
                scene.line(at(x, y), at(x, y + 5.0), 1.2, theme::INK);
                // Not through the headings between the panels.
                for plot in &self.plots {
                    scene.path(vec![at(x, plot.top), at(x, plot.bottom)], 1.2, theme::INK, &[3.0, 3.0]);
                }
            }
            scene.line(at(mark.left, y), at(mark.right.max(mark.left + 2.0), y), 3.0, theme::INK);
            let (x, anchor) = if mark.before { (mark.right, Anchor::End) } else { (mark.left, Anchor::Start) };
            scene.text(mark.words.as_str(), at(x, y - 6.0), theme::TICK, Weight::Semibold, anchor, theme::INK);
        }
    }

    /// Finds each mark its row, so that none lies on another; times in seconds.
    pub fn place(&self, marks: Vec<(f64, f64, String)>) -> Vec<Placed> {
        let Some(plot) = self.plots.first() else { return Vec::new() };
        let mut placed: Vec<Placed> = Vec::new();
        for (from, until, words) in marks {
            let (left, right) = (self.x(from), self.x(until));
            let width = font::width(&words, theme::TICK, Weight::Semibold);
            let before = left + width > plot.right;
            let taken = if before { (left.min(right - width), right) } else { (left, right.max(left + width)) };
            let free = |row: usize| {
                placed
                    .iter()
                    .filter(|other| other.row == row)
                    .all(|other| taken.1 + 8.0 < other.taken.0 || other.taken.1 + 8.0 < taken.0)
            };
            let row = (0..).find(|row| free(*row)).unwrap_or_default();
            placed.push(Placed { words, left, right, before, taken, row });
        }
        placed
    }
}

/// The height of a row of marks.
pub const MARK: f64 = 26.0;

/// A mark above the panels.
pub struct Placed {
    words: String,
    left: f64,
    right: f64,
    /// Whether the words end where the mark ends, because behind its beginning there is no room.
    before: bool,
    taken: (f64, f64),
    pub row: usize,
}
