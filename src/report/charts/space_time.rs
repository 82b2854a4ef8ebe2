//! One stale read and how it came about: a lane for the central store and for each place, time to the right.

use crate::history::{Note, Record};
use crate::metrics::table::Unit;
use crate::model::{Location, Time};
use crate::report::figures;
use crate::report::tables::space_time::Versions;
use crate::run::{Anomaly, Outcome};
use crate::stores::StoreKind;

use super::Chart;
use super::axis::{self, Axis};
use super::font::{self, Weight};
use super::frame::Frame;
use super::scene::{Anchor, Area, Label, Scene, at};
use super::stretches::stretches;
use super::theme::{self, Rgb};

const LANE: f64 = 50.0;
const BAR: f64 = 12.0;
const KEY: f64 = 34.0;
const AXIS: f64 = 46.0;
/// Places that are drawn; those with stale reads and writes come first.
const LANES_MAX: usize = 9;
/// Reads that are nearer to each other than this are drawn as one.
const CROWDED: f64 = 5.0;

/// The chart; none where no read was stale.
pub fn chart(outcome: &Outcome) -> Option<Chart> {
    let anomaly = outcome.anomaly.as_ref()?;
    let store = outcome.stores.get(anomaly.store)?;
    let (lanes, left_out) = lanes(anomaly);
    if lanes.is_empty() || anomaly.to <= anomaly.from {
        return None;
    }
    let more = if left_out > 0 { format!(" {left_out} further locations are not shown.") } else { String::new() };
    let subtitle = format!(
        "{}, one key, a stretch of replication 1. A bar is the version that a place answers with, as far as it is known.{more}",
        store.label
    );
    let height = KEY + LANE * (lanes.len() + 1) as f64 + AXIS;
    let mut frame = Frame::new(outcome, &titles(outcome, anomaly), &subtitle, height);
    let diagram = Diagram::new(outcome, anomaly, &lanes, &frame.inside);
    draw_key(&mut frame.scene, &frame.inside);
    diagram.draw(&mut frame);
    let stale = anomaly.history.records.iter().filter(|record| record.stale).count();
    let description = format!("{subtitle} {stale} stale reads are marked; the rows are in space_time.csv.");
    Some(Chart { name: "space_time".to_string(), title: frame.title, description, scene: frame.scene })
}

/// The stale read that is most out of date, with the write that it missed, where that lies in this stretch.
fn worst(anomaly: &Anomaly) -> Option<(&Record, Option<&Record>)> {
    let records = &anomaly.history.records;
    let missed = |read: &Record| {
        let newer = |write: &&Record| {
            let complete = write.end.is_some_and(|end| end < read.start) && write.refusal.is_none();
            !write.operation.is_read() && complete && write.seen.version > read.seen.version
        };
        records.iter().filter(newer).min_by_key(|write| write.end)
    };
    let age =
        |read: &Record, write: Option<&Record>| write.and_then(|write| write.end).map(|end| read.start.since(end));
    records
        .iter()
        .filter(|record| record.stale)
        .map(|read| (read, missed(read)))
        .reduce(|a, b| if age(b.0, b.1) > age(a.0, a.1) { b } else { a })
}

fn titles(outcome: &Outcome, anomaly: &Anomaly) -> Vec<String> {
    let versions = Versions::of(anomaly);
    match worst(anomaly) {
        Some((read, Some(write))) => {
            let age = read.start.since(write.end.unwrap_or(read.start)).seconds();
            let (old, new) = (versions.name(read.seen.version), versions.name(write.seen.version));
            let age = figures::value(Unit::Seconds, age);
            let place = city(outcome, read.location);
            vec![
                format!("{place} still answers {old}, {age} after {new} was written and acknowledged"),
                format!("{place} still answers {old}, {age} after {new}"),
            ]
        }
        Some((read, None)) => vec![format!("{} answers with an old value", city(outcome, read.location))],
        None => vec!["A place answers with an old value".to_string()],
    }
}

fn city(outcome: &Outcome, location: Location) -> &str {
    let place = outcome.scenario.network.places.get(location.index());
    place.map_or("a location", |place| if place.city.is_empty() { &place.code } else { &place.city })
}

/// The places to draw, in the scenario's order, and how many are left out.
fn lanes(anomaly: &Anomaly) -> (Vec<Location>, usize) {
    let records = &anomaly.history.records;
    let stale = records.iter().filter(|record| record.stale).map(|record| record.location);
    let writers = records.iter().filter(|record| !record.operation.is_read()).map(|record| record.location);
    let others = records.iter().map(|record| record.location);
    let worst = worst(anomaly).map(|(read, _)| read.location);
    let mut lanes: Vec<Location> = Vec::new();
    let mut left_out = Vec::new();
    for location in worst.into_iter().chain(writers).chain(stale).chain(others) {
        if lanes.contains(&location) || left_out.contains(&location) {
            continue;
        }
        if lanes.len() < LANES_MAX { lanes.push(location) } else { left_out.push(location) }
    }
    lanes.sort_unstable();
    (lanes, left_out.len())
}

/// Where the truth is: the place of the primary or of the object where the scenario says so, else of the central store.
fn centre(outcome: &Outcome, anomaly: &Anomaly) -> Location {
    let name = outcome.stores.get(anomaly.store).map(|store| &store.name);
    let config = outcome.scenario.stores.iter().find(|store| Some(&store.name) == name);
    let central = outcome.scenario.network.central;
    match config.map(|config| &config.kind) {
        Some(StoreKind::D1(config)) => config.primary,
        Some(StoreKind::DurableObject(config)) => config.placement.unwrap_or(central),
        _ => central,
    }
}

fn version_color(rank: usize) -> Rgb {
    if rank == 0 { Rgb(0xC9, 0xCE, 0xD6) } else { theme::VERSIONS[(rank - 1) % theme::VERSIONS.len()] }
}

/// What the signs mean, drawn with the signs themselves.
fn draw_key(scene: &mut Scene, inside: &Area) {
    let y = inside.top + 6.0;
    let mut x = inside.left + 6.0;
    let words =
        ["stale read", "fresh read", "write acknowledged", "write on its way", "copy taken from the central store"];
    for (n, word) in words.into_iter().enumerate() {
        match n {
            0 => scene.cross(at(x, y), 5.0, 2.4, theme::ALARM),
            1 => scene.ring(at(x, y), 4.5, 1.6, theme::INK, theme::PAPER),
            2 => acknowledged(scene, x, y),
            3 => scene.arrow(at(x - 6.0, y), at(x + 10.0, y), 1.8, theme::INK),
            _ => scene.arrow(at(x - 6.0, y), at(x + 10.0, y), 1.2, theme::GREY),
        }
        x += if n < 3 { 12.0 } else { 18.0 };
        scene.text(word, at(x, y + 4.4), theme::TICK, Weight::Regular, Anchor::Start, theme::INK);
        x += font::width(word, theme::TICK, Weight::Regular) + 26.0;
    }
}

fn acknowledged(scene: &mut Scene, x: f64, y: f64) {
    scene.polygon(vec![at(x, y - 6.5), at(x + 6.0, y), at(x, y + 6.5), at(x - 6.0, y)], theme::PAPER);
    scene.polygon(vec![at(x, y - 5.0), at(x + 4.6, y), at(x, y + 5.0), at(x - 4.6, y)], theme::INK);
}

struct Diagram<'a> {
    outcome: &'a Outcome,
    anomaly: &'a Anomaly,
    lanes: &'a [Location],
    versions: Versions,
    plot: Area,
}

impl<'a> Diagram<'a> {
    fn new(outcome: &'a Outcome, anomaly: &'a Anomaly, lanes: &'a [Location], inside: &Area) -> Diagram<'a> {
        let width = |text: &str| font::width(text, theme::LABEL, Weight::Semibold);
        let names = lanes.iter().map(|lane| width(city(outcome, *lane))).fold(width("Central store"), f64::max);
        let plot = Area {
            left: inside.left + names.min(190.0) + 16.0,
            right: inside.right - 16.0,
            top: inside.top + KEY,
            bottom: inside.bottom - AXIS,
        };
        Diagram { outcome, anomaly, lanes, versions: Versions::of(anomaly), plot }
    }

    fn x(&self, time: Time) -> f64 {
        let whole = self.anomaly.to.since(self.anomaly.from).0 as f64;
        let passed = time.since(self.anomaly.from).0 as f64;
        self.plot.left + (passed / whole).clamp(0.0, 1.0) * self.plot.width()
    }

    /// The middle of the central store's lane.
    fn top(&self) -> f64 {
        self.plot.top + LANE / 2.0
    }

    /// The middle of a place's lane, if it is drawn.
    fn y(&self, location: Location) -> Option<f64> {
        let lane = self.lanes.iter().position(|lane| *lane == location)?;
        Some(self.top() + LANE * (lane + 1) as f64)
    }

    fn draw(&self, frame: &mut Frame) {
        self.draw_lanes(&mut frame.scene);
        self.draw_bars(&mut frame.scene);
        self.draw_arrows(&mut frame.scene);
        self.draw_reads(&mut frame.scene);
        self.draw_version_names(frame);
    }

    fn draw_lanes(&self, scene: &mut Scene) {
        let seconds = self.anomaly.to.since(self.anomaly.from).seconds();
        let axis = Axis::new(Unit::Seconds, seconds, self.plot.width(), false);
        axis::along_bottom(scene, &self.plot, &axis, true);
        let words = format!(
            "time since {} after the start of the run",
            figures::value(Unit::Seconds, self.anomaly.from.seconds())
        );
        let words =
            if self.anomaly.from == Time::START { "time since the start of the run".to_string() } else { words };
        let middle = at((self.plot.left + self.plot.right) / 2.0, self.plot.bottom + AXIS - 4.0);
        scene.text(words, middle, theme::TICK, Weight::Regular, Anchor::Middle, theme::GREY);
        let name = |scene: &mut Scene, text: &str, y: f64, weight: Weight, size: f64, color: Rgb| {
            let text = font::fit(text, size, weight, self.plot.left - theme::MARGIN - 14.0);
            scene.text(text, at(self.plot.left - 14.0, y), size, weight, Anchor::End, color);
        };
        let top = self.top();
        scene.line(at(self.plot.left, top), at(self.plot.right, top), 1.0, theme::GRID);
        let place = city(self.outcome, centre(self.outcome, self.anomaly));
        name(scene, "Central store", top - 1.0, Weight::Semibold, theme::LABEL, theme::INK);
        name(scene, place, top + 14.0, Weight::Regular, theme::TICK, theme::GREY);
        for lane in self.lanes {
            let y = self.y(*lane).unwrap_or(top);
            scene.line(at(self.plot.left, y), at(self.plot.right, y), 1.0, theme::GRID);
            name(scene, city(self.outcome, *lane), y + 4.6, Weight::Semibold, theme::LABEL, theme::INK);
        }
    }

    fn draw_bars(&self, scene: &mut Scene) {
        for lane in self.all_lanes() {
            for (from, to, version) in stretches(self.outcome, self.anomaly, lane.0) {
                let color = version_color(self.versions.rank(version));
                let bar =
                    Area { left: self.x(from), right: self.x(to), top: lane.1 - BAR / 2.0, bottom: lane.1 + BAR / 2.0 };
                scene.rectangle(bar, color);
                // Where one version ends and the next begins is seen without colour too.
                scene.line(at(bar.left, bar.top), at(bar.left, bar.bottom), 1.5, theme::PAPER);
            }
        }
    }

    /// Every lane that is drawn, the central store's first, with its height.
    fn all_lanes(&self) -> Vec<(Option<Location>, f64)> {
        let places = self.lanes.iter().filter_map(|lane| Some((Some(*lane), self.y(*lane)?)));
        std::iter::once((None, self.top())).chain(places).collect()
    }

    fn draw_arrows(&self, scene: &mut Scene) {
        let top = self.top() + BAR / 2.0;
        for noted in &self.anomaly.history.notes {
            if let Note::Filled { location, taken, .. } = noted.note
                && let Some(y) = self.y(location)
                && taken >= self.anomaly.from
            {
                scene.arrow(at(self.x(taken), top), at(self.x(noted.at), y - BAR / 2.0), 1.2, theme::GREY);
            }
        }
        for record in self.writes() {
            let Some(y) = self.y(record.location) else { continue };
            let committed = self.anomaly.history.notes.iter().find(
                |noted| matches!(noted.note, Note::Committed { seen, .. } if seen.version == record.seen.version),
            );
            if let Some(committed) = committed.filter(|_| record.start >= self.anomaly.from) {
                scene.arrow(at(self.x(record.start), y - BAR / 2.0), at(self.x(committed.at), top), 1.8, theme::INK);
            }
        }
    }

    fn writes(&self) -> impl Iterator<Item = &Record> {
        let done = |record: &&Record| !record.operation.is_read() && record.refusal.is_none() && record.end.is_some();
        self.anomaly.history.records.iter().filter(done)
    }

    fn draw_reads(&self, scene: &mut Scene) {
        let mut reads: Vec<&Record> = self
            .anomaly
            .history
            .records
            .iter()
            .filter(|record| record.operation.is_read() && record.refusal.is_none() && record.end.is_some())
            .collect();
        reads.sort_by_key(|record| (record.location, record.start));
        for stale in [false, true] {
            let mut last: Option<(Location, f64)> = None;
            for read in reads.iter().filter(|read| read.stale == stale) {
                let (x, Some(y)) = (self.x(read.start), self.y(read.location)) else { continue };
                if last.is_some_and(|(location, before)| location == read.location && x - before < CROWDED) {
                    continue;
                }
                last = Some((read.location, x));
                if stale {
                    scene.cross(at(x, y), 6.0, 4.6, theme::PAPER);
                    scene.cross(at(x, y), 5.0, 2.4, theme::ALARM);
                } else {
                    scene.ring(at(x, y), 4.2, 1.6, theme::INK, theme::PAPER);
                }
            }
        }
        for record in self.writes() {
            if let (Some(end), Some(y)) = (record.end, self.y(record.location)) {
                acknowledged(scene, self.x(end), y);
            }
        }
    }

    /// The name of each version above the place where its bar begins, where there is room.
    fn draw_version_names(&self, frame: &mut Frame) {
        for (_, y, stretches) in
            self.all_lanes().into_iter().map(|(lane, y)| (lane, y, stretches(self.outcome, self.anomaly, lane)))
        {
            let mut before = None;
            for (from, _, version) in stretches {
                if before == Some(version) {
                    continue;
                }
                before = Some(version);
                let label = Label {
                    text: self.versions.name(version),
                    at: at(self.x(from) + 3.0, y - BAR / 2.0 - 4.0),
                    size: theme::TICK,
                    weight: Weight::Semibold,
                    anchor: Anchor::Start,
                    color: theme::INK,
                };
                let area = label.area();
                if area.right <= self.plot.right + 14.0 && frame.is_free(&area) {
                    // Arrows pass behind the name, not through it.
                    frame.scene.text_on_paper(label);
                }
            }
        }
    }
}
