//! The share of reads that still return an old value, by the time since the last completed write, a line for each store.

use crate::metrics::CurveId;
use crate::metrics::table::Unit;
use crate::report::figures;
use crate::report::tables::t_visibility::{self as table, DOCUMENTED_S, Row};
use crate::run::{Outcome, StoreOutcome};

use super::Chart;
use super::axis::{self, Axis};
use super::font::{self, Weight};
use super::frame::Frame;
use super::labels::{self, Named};
use super::scene::{Anchor, Area, Label, Point, Scene, at};
use super::theme::{self, Rgb};

const HEIGHT: f64 = 350.0;
/// For the ticks of the horizontal axis and its words.
const BELOW: f64 = 46.0;
/// For the ticks of the vertical axis.
const BESIDE: f64 = 46.0;
const LINE: f64 = 2.6;
/// The length of the pieces in which lines that lie on each other take turns.
const TURN: f64 = 14.0;

/// The chart; none where no read followed a write.
pub fn chart(outcome: &Outcome) -> Option<Chart> {
    let rows = table::rows(outcome);
    if rows.is_empty() {
        return None;
    }
    let subtitle = "Share of reads that return an older value than the last completed write, by the time since that write \
                    was complete. All replications together.";
    let titles = titles(outcome);
    let mut frame = Frame::new(outcome, &titles, subtitle, HEIGHT);
    let inside = frame.inside;
    let plot = Area {
        left: inside.left + BESIDE,
        top: inside.top + 8.0,
        right: inside.right - 14.0,
        bottom: inside.bottom - BELOW,
    };
    let horizon = table::horizon(outcome) as f64 / 1e9;
    let across = Axis::new(Unit::Seconds, horizon, plot.width(), false);
    // Shares reach up to 100 %; where all are small, the axis ends above the largest of them.
    let largest = rows.iter().map(|row| row.share_still_old).fold(0.0, f64::max);
    let up = Axis::new(Unit::Share, if largest > 0.0 { largest } else { 1.0 }, plot.height() * 3.0, true);
    let lines = lines(outcome, &rows, &plot, &across, &up);
    let documented = table::documented_bound_applies(outcome).then(|| Documented::new(&plot, &across));
    let taken = documented.as_ref().map_or(Vec::new(), Documented::taken);
    let (names, homeless) = names(outcome, &lines, &plot, &taken);
    if !homeless.is_empty() {
        // The same page, with room for a key below; the plot stays where it is.
        frame = Frame::new(outcome, &titles, subtitle, HEIGHT + key_height(homeless.len()));
    }
    draw_axes(&mut frame.scene, &plot, &across, &up);
    documented.iter().for_each(|documented| documented.draw(&mut frame.scene, &plot));
    draw_lines(&mut frame.scene, outcome, &lines, &plot);
    names.into_iter().for_each(|name| frame.scene.text_on_paper(name));
    draw_key(&mut frame.scene, outcome, &homeless, &inside);
    let description = format!("{subtitle} {}", in_words(outcome));
    Some(Chart { name: "t_visibility".to_string(), title: frame.title, description, scene: frame.scene })
}

fn asked(store: &StoreOutcome) -> bool {
    store.pooled.curve(CurveId::TVisibility).chances.count() > 0
}

fn titles(outcome: &Outcome) -> Vec<String> {
    let stores: Vec<(&StoreOutcome, Option<u64>)> =
        outcome.stores.iter().filter(|store| asked(store)).map(|store| (store, table::last_old(store))).collect();
    let Some((worst, Some(last))) = stores.iter().copied().reduce(|a, b| if b.1 > a.1 { b } else { a }) else {
        return vec!["No read was stale: every store shows a write as soon as it is complete".to_string()];
    };
    let never: Vec<&str> = stores.iter().filter(|(_, last)| last.is_none()).map(|(store, _)| &*store.label).collect();
    let claim = format!("{} can answer with an old value {} after a write", worst.label, duration(last));
    let mut titles = Vec::new();
    if !never.is_empty() {
        titles.push(format!("{claim}; {}: never", never.join(", ")));
        titles.push(format!("{claim}; {} of {} stores: never", never.len(), stores.len()));
    }
    titles.push(claim);
    titles
}

fn duration(nanos: u64) -> String {
    // Less than a nanosecond's worth of bucket is still some time.
    figures::about(Unit::Seconds, nanos.max(1) as f64 / 1e9)
}

fn in_words(outcome: &Outcome) -> String {
    let words = outcome.stores.iter().filter(|store| asked(store)).map(|store| match table::last_old(store) {
        Some(last) => format!("{}: old values up to {} after a write.", store.label, duration(last)),
        None => format!("{}: never an old value.", store.label),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn draw_axes(scene: &mut Scene, plot: &Area, across: &Axis, up: &Axis) {
    for (value, text) in &up.ticks {
        let y = plot.bottom - up.share(*value) * plot.height();
        scene.line(at(plot.left, y), at(plot.right, y), 1.0, theme::GRID);
        let place = at(plot.left - 10.0, y + theme::TICK * 0.36);
        scene.text(text.as_str(), place, theme::TICK, Weight::Regular, Anchor::End, theme::GREY);
    }
    axis::along_bottom(scene, plot, across, false);
    scene.line(at(plot.left, plot.bottom), at(plot.right, plot.bottom), 1.5, theme::AXIS);
    let middle = at((plot.left + plot.right) / 2.0, plot.bottom + BELOW - 4.0);
    scene.text(
        "time since the last write was complete",
        middle,
        theme::TICK,
        Weight::Regular,
        Anchor::Middle,
        theme::GREY,
    );
}

/// The mark at the documented minute.
struct Documented {
    x: f64,
    /// Where its words begin or end.
    words: f64,
    anchor: Anchor,
    area: Area,
}

const DOCUMENTED_WORDS: [&str; 2] = ["documented:", "60 s or more"];

impl Documented {
    fn new(plot: &Area, across: &Axis) -> Documented {
        let x = plot.left + across.share(DOCUMENTED_S) * plot.width();
        let widths = DOCUMENTED_WORDS.iter().map(|line| font::width(line, theme::TICK, Weight::Regular));
        let widest = widths.fold(0.0, f64::max);
        let after = x + 8.0 + widest <= plot.right + 10.0;
        let (words, anchor, left) =
            if after { (x + 8.0, Anchor::Start, x + 8.0) } else { (x - 8.0, Anchor::End, x - 8.0 - widest) };
        let area = Area { left, top: plot.top + 6.0, right: left + widest, bottom: plot.top + 40.0 };
        Documented { x, words, anchor, area }
    }

    /// What other texts keep away from.
    fn taken(&self) -> Vec<Area> {
        let line = Area { left: self.x - 3.0, right: self.x + 3.0, top: 0.0, bottom: theme::WIDTH };
        vec![self.area.grown(6.0), line]
    }

    fn draw(&self, scene: &mut Scene, plot: &Area) {
        scene.path(vec![at(self.x, plot.top), at(self.x, plot.bottom)], 1.5, theme::INK, &[3.0, 3.0]);
        // The grid must not run through the words.
        scene.rectangle(self.area.grown(2.0), theme::PAPER);
        for (n, line) in DOCUMENTED_WORDS.into_iter().enumerate() {
            let place = at(self.words, plot.top + 18.0 + n as f64 * 16.0);
            scene.text(line, place, theme::TICK, Weight::Regular, self.anchor, theme::INK);
        }
    }
}

/// A line in the plot, and whether it lies on the axis all along.
struct Drawn {
    store: usize,
    points: Vec<Point>,
    zero: bool,
}

fn lines(outcome: &Outcome, rows: &[Row], plot: &Area, across: &Axis, up: &Axis) -> Vec<Drawn> {
    let place = |row: &Row| {
        let x = plot.left + across.share((row.from_s + row.to_s) / 2.0) * plot.width();
        at(x, plot.bottom - up.share(row.share_still_old) * plot.height())
    };
    let line = |(store, outcome): (usize, &StoreOutcome)| {
        let mut own: Vec<&Row> = rows.iter().filter(|row| row.store == outcome.name).collect();
        // A line ends where it reaches the axis for good: there it would only hide those that lie on it all along.
        if let Some(last) = own.iter().rposition(|row| row.still_old > 0) {
            own.truncate(last + 2);
        }
        let mut points: Vec<Point> = own.iter().map(|row| place(row)).collect();
        if let [only] = points[..] {
            points = vec![at(only.x - 4.0, only.y), at(only.x + 4.0, only.y)];
        }
        Drawn { store, points, zero: own.iter().all(|row| row.still_old == 0) }
    };
    outcome.stores.iter().enumerate().map(line).filter(|line| !line.points.is_empty()).collect()
}

fn draw_lines(scene: &mut Scene, outcome: &Outcome, lines: &[Drawn], plot: &Area) {
    // Stores that are never stale lie on each other: they take turns along the axis, so that each is seen.
    let zero: Vec<&Drawn> = lines.iter().filter(|line| line.zero).collect();
    let colors: Vec<Rgb> = zero.iter().map(|line| theme::style(outcome, line.store).color).collect();
    let turns = libm::ceil(plot.width() / TURN) as usize;
    for turn in 0..if colors.is_empty() { 0 } else { turns } {
        let from = plot.left + turn as f64 * TURN;
        let to = (from + TURN).min(plot.right);
        scene.line(at(from, plot.bottom), at(to, plot.bottom), LINE + 1.0, colors[turn % colors.len()]);
    }
    for line in lines.iter().filter(|line| !line.zero) {
        let style = theme::style(outcome, line.store);
        scene.path(line.points.clone(), LINE, style.color, style.dash);
    }
}

/// The names that found a place beside their lines, and the stores whose names did not.
fn names(outcome: &Outcome, lines: &[Drawn], plot: &Area, taken: &[Area]) -> (Vec<Label>, Vec<(usize, String)>) {
    let named = |line: &&Drawn| Named {
        name: match (&outcome.stores[line.store].label, line.zero) {
            (label, true) => format!("{label}: never"),
            (label, false) => label.clone(),
        },
        color: theme::style(outcome, line.store).color,
        points: line.points.clone(),
    };
    // Names of lines on the axis have the most places to choose from, so they come last.
    let mut order: Vec<&Drawn> = lines.iter().filter(|line| !line.zero).collect();
    order.extend(lines.iter().filter(|line| line.zero));
    let named: Vec<Named> = order.iter().map(named).collect();
    let placed = labels::place(&named, plot, taken);
    let homeless = order.iter().zip(&named).zip(&placed).filter(|(_, label)| label.is_none());
    let homeless = homeless.map(|((line, named), _)| (line.store, named.name.clone())).collect();
    (placed.into_iter().flatten().collect(), homeless)
}

const KEY_COLUMNS: usize = 2;
const KEY_STEP: f64 = 21.0;
/// The length of the sample of a line.
const SAMPLE: f64 = 40.0;

fn key_height(names: usize) -> f64 {
    KEY_STEP * names.div_ceil(KEY_COLUMNS) as f64 + 6.0
}

/// A key below the plot for the lines whose names found no room beside them.
fn draw_key(scene: &mut Scene, outcome: &Outcome, homeless: &[(usize, String)], inside: &Area) {
    let column = inside.width() / KEY_COLUMNS as f64;
    for (n, (store, name)) in homeless.iter().enumerate() {
        let left = inside.left + column * (n % KEY_COLUMNS) as f64;
        let y = inside.bottom + 6.0 + KEY_STEP * ((n / KEY_COLUMNS) as f64 + 0.5);
        let style = theme::style(outcome, *store);
        scene.path(vec![at(left, y), at(left + SAMPLE, y)], LINE, style.color, style.dash);
        let name = font::fit(name, theme::LABEL, Weight::Semibold, column - SAMPLE - 20.0);
        let place = at(left + SAMPLE + 8.0, y + theme::LABEL * 0.36);
        scene.text(name, place, theme::LABEL, Weight::Semibold, Anchor::Start, style.color);
    }
}
