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
use super::scene::{Anchor, Area, Point, Scene, at};
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
    let mut frame = Frame::new(outcome, &titles(outcome), subtitle, HEIGHT);
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
    draw_axes(&mut frame.scene, &plot, &across, &up);
    let mark = table::documented_bound_applies(outcome).then(|| draw_documented(&mut frame.scene, &plot, &across));
    let lines = lines(outcome, &rows, &plot, &across, &up);
    draw_lines(&mut frame.scene, outcome, &lines, &plot);
    draw_names(&mut frame.scene, outcome, &lines, &plot, &mark.unwrap_or_default());
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

/// The documented minute; returns what other texts keep away from.
fn draw_documented(scene: &mut Scene, plot: &Area, across: &Axis) -> Vec<Area> {
    let x = plot.left + across.share(DOCUMENTED_S) * plot.width();
    scene.path(vec![at(x, plot.top), at(x, plot.bottom)], 1.5, theme::INK, &[3.0, 3.0]);
    let lines = ["documented:", "60 s or more"];
    let widest = lines.iter().map(|line| font::width(line, theme::TICK, Weight::Regular)).fold(0.0, f64::max);
    let (place, anchor) =
        if x + 8.0 + widest <= plot.right + 10.0 { (x + 8.0, Anchor::Start) } else { (x - 8.0, Anchor::End) };
    let left = if anchor == Anchor::Start { place } else { place - widest };
    let area = Area { left, top: plot.top + 6.0, right: left + widest, bottom: plot.top + 40.0 };
    // The grid must not run through the words.
    scene.rectangle(area.grown(2.0), theme::PAPER);
    for (n, line) in lines.into_iter().enumerate() {
        let y = plot.top + 18.0 + n as f64 * 16.0;
        scene.text(line, at(place, y), theme::TICK, Weight::Regular, anchor, theme::INK);
    }
    vec![area.grown(6.0), Area { left: x - 3.0, right: x + 3.0, top: plot.top, bottom: plot.bottom }]
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

fn draw_names(scene: &mut Scene, outcome: &Outcome, lines: &[Drawn], plot: &Area, taken: &[Area]) {
    let named = |line: &Drawn| Named {
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
    let named: Vec<Named> = order.iter().map(|line| named(line)).collect();
    let mut homeless = Vec::new();
    let placed = labels::place(&named, plot, taken);
    let mut areas = taken.to_vec();
    areas.extend(placed.iter().flatten().map(|label| label.area()));
    for ((line, named), label) in order.iter().zip(named).zip(placed) {
        match label {
            Some(label) => scene.text_on_paper(label),
            None => homeless.push((line.store, named)),
        }
    }
    key(scene, outcome, &homeless, plot, &areas);
}

/// A key in the upper right for lines whose names found no room beside them.
fn key(scene: &mut Scene, outcome: &Outcome, homeless: &[(usize, Named)], plot: &Area, taken: &[Area]) {
    const SAMPLE: f64 = 34.0;
    const STEP: f64 = 19.0;
    let width = homeless.iter().map(|(_, named)| font::width(&named.name, theme::LABEL, Weight::Semibold).min(240.0));
    let width = width.fold(0.0, f64::max) + SAMPLE + 8.0;
    let height = STEP * homeless.len() as f64;
    // From the right to the left and from the top down: the first place that hides no name.
    let place = (0..40).flat_map(|down| (0..40).map(move |left| (left, down))).find_map(|(left, down)| {
        let (left, top) = (plot.right - width - 8.0 - f64::from(left) * 12.0, plot.top + 4.0 + f64::from(down) * 6.0);
        let area = Area { left, top, right: left + width, bottom: top + height };
        let free = plot.contains(&area) && !taken.iter().any(|other| other.overlaps(&area.grown(4.0)));
        free.then_some(area)
    });
    let Some(area) = place.filter(|_| !homeless.is_empty()) else { return };
    scene.rectangle(area.grown(3.0), theme::PAPER);
    for (n, (store, named)) in homeless.iter().enumerate() {
        let y = area.top + STEP * (n as f64 + 0.5);
        let style = theme::style(outcome, *store);
        scene.path(vec![at(area.left, y), at(area.left + SAMPLE, y)], LINE, style.color, style.dash);
        let name = font::fit(&named.name, theme::LABEL, Weight::Semibold, 240.0);
        let place = at(area.left + SAMPLE + 8.0, y + theme::LABEL * 0.36);
        scene.text(name, place, theme::LABEL, Weight::Semibold, Anchor::Start, style.color);
    }
}
