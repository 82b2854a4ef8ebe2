//! Who was answered when: the share of operations answered from a cache, answered from elsewhere and failed, as the run
//! goes on, a panel for each store.

use crate::faults::Fault;
use crate::metrics::table::Unit;
use crate::metrics::{Served, Stretch};
use crate::model::Time;
use crate::report::tables::over_time as table;
use crate::report::{faults, figures};
use crate::run::{Outcome, StoreOutcome};

use super::Chart;
use super::font::{self, Weight};
use super::frame::Frame;
use super::panels::{self, PANELS_MAX, Panels};
use super::scene::{Anchor, Area, Point, Scene, at};
use super::theme::{self, Rgb};

const KEY: f64 = 24.0;
const FAILED: Rgb = Rgb(0xF6, 0xD0, 0xD0);
const SWATCH: f64 = 13.0;
/// More faults than this are not marked.
const MARKS_MAX: usize = 12;

/// The chart; none where no stretch of the run shows failures.
pub fn chart(outcome: &Outcome) -> Option<Chart> {
    if !table::worth_a_look(outcome) {
        return None;
    }
    let stores = shown(outcome);
    let left_out = outcome.stores.len() - stores.len();
    let width = stores.iter().map(|store| outcome.stores[*store].pooled.series.width()).max()?;
    let more = if left_out > 0 {
        format!(" The {} stores that fail most; {left_out} more in the table.", stores.len())
    } else {
        String::new()
    };
    let subtitle = format!(
        "Share of the operations that started in each {width}, by what became of them. All replications together.{more}"
    );
    let seconds = outcome.scenario.duration.seconds();
    // Where marks are across does not depend on where the page is; how many rows they need decides how high it is.
    let across = Area { left: theme::MARGIN, right: theme::WIDTH - theme::MARGIN, top: 0.0, bottom: 0.0 };
    let marks = Panels::new(&across, 0.0, stores.len(), seconds).place(marks(outcome));
    let above = KEY + panels::MARK * marks.iter().map(|mark| mark.row + 1).max().unwrap_or(0) as f64;
    let mut frame = Frame::new(outcome, &titles(outcome), &subtitle, above + panels::height(stores.len()));
    let inside = frame.inside;
    key(&mut frame.scene, &inside);
    let panels = Panels::new(&inside, inside.top + above, stores.len(), seconds);
    let ticks = [0.0, 0.5, 1.0].map(|value| (value, format!("{:.0} %", value * 100.0)));
    for (panel, store) in stores.iter().enumerate() {
        let color = theme::style(outcome, *store).color;
        let store = &outcome.stores[*store];
        panels.upright(&mut frame.scene, panel, &ticks);
        draw(&mut frame.scene, &panels, panel, store, color);
        panels.heading(&mut frame.scene, panel, (&store.label, color), &total(store));
    }
    panels.time(&mut frame.scene);
    panels.mark(&mut frame.scene, &marks);
    let words: Vec<String> = outcome.stores.iter().map(|store| format!("{}: {}", store.label, total(store))).collect();
    let description = format!("{subtitle} {}.", words.join("; "));
    Some(Chart { name: "answers_over_time".to_string(), title: frame.title, description, scene: frame.scene })
}

/// The stores that find room, in the scenario's order: those that fail most, where there are too many.
fn shown(outcome: &Outcome) -> Vec<usize> {
    let mut stores: Vec<usize> = (0..outcome.stores.len()).collect();
    let share = |store: usize| worst(&outcome.stores[store]).map_or(0.0, |stretch| failed(&stretch));
    stores.sort_by(|a, b| share(*b).total_cmp(&share(*a)));
    stores.truncate(PANELS_MAX);
    stores.sort_unstable();
    stores
}

fn failed(stretch: &Stretch) -> f64 {
    stretch.failed() as f64 / stretch.operations().max(1) as f64
}

/// The stretch with the largest share of failures.
fn worst(store: &StoreOutcome) -> Option<Stretch> {
    let stretches = store.pooled.series.stretches().iter().copied().filter(|stretch| stretch.failed() > 0);
    stretches.reduce(|a, b| if failed(&b) > failed(&a) { b } else { a })
}

fn sum(store: &StoreOutcome) -> Stretch {
    let mut sum = Stretch::default();
    store.pooled.series.stretches().iter().for_each(|stretch| sum.merge(stretch));
    sum
}

fn total(store: &StoreOutcome) -> String {
    let sum = sum(store);
    if sum.operations() == 0 {
        return "nobody asked".to_string();
    }
    let answered = figures::value(Unit::Share, sum.answered() as f64 / sum.operations() as f64);
    format!("{answered} answered in the whole run")
}

/// When each fault holds, in seconds, and its words.
fn marks(outcome: &Outcome) -> Vec<(f64, f64, String)> {
    let end = outcome.scenario.duration.seconds();
    let faults = outcome.scenario.network.faults.all().iter().filter(|fault| fault.from < fault.until);
    let mark = |fault: &Fault| {
        let until = fault.until.seconds().min(end);
        (fault.from.seconds(), until, capital(&faults::short(&outcome.scenario, fault)))
    };
    faults.take(MARKS_MAX).map(mark).collect()
}

/// What happens while the first fault holds.
fn titles_of_fault(outcome: &Outcome, fault: &Fault) -> Vec<String> {
    let during = |store: &StoreOutcome| {
        let series = &store.pooled.series;
        let mut sum = Stretch::default();
        let last = series.number(Time(fault.until.0.saturating_sub(1)));
        series.stretches()[series.number(fault.from)..=last].iter().for_each(|stretch| sum.merge(stretch));
        (sum.operations() > 0).then(|| sum.answered() as f64 / sum.operations() as f64)
    };
    let shares = outcome.stores.iter().filter_map(|store| Some((during(store)?, &*store.label)));
    let mut shares: Vec<(f64, &str)> = shares.collect();
    shares.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (Some(least), Some(most)) = (shares.first(), shares.last()) else { return Vec::new() };
    let subject = capital(&faults::short(&outcome.scenario, fault));
    let share = |value: f64| figures::value(Unit::Share, value);
    let words =
        |value: f64| if value == 0.0 { "nothing".to_string() } else { format!("{} of operations", share(value)) };
    if least.0 == 1.0 {
        return vec![format!("{subject}: every store goes on answering")];
    }
    if shares.len() == 1 || least.0 == most.0 {
        return vec![format!("{subject}: {} answers {}", least.1, words(least.0))];
    }
    vec![
        format!("{subject}: {} answers {}, {} {}", least.1, words(least.0), most.1, share(most.0)),
        format!("{subject}: {} answers {}", least.1, words(least.0)),
    ]
}

fn titles(outcome: &Outcome) -> Vec<String> {
    let longest = |fault: &&Fault| fault.until.since(fault.from);
    let faults = outcome.scenario.network.faults.all().iter().filter(|fault| fault.from < fault.until);
    if let Some(fault) = faults.reduce(|a, b| if longest(&b) > longest(&a) { b } else { a }) {
        return titles_of_fault(outcome, fault);
    }
    let worst = |store: &StoreOutcome| worst(store).map_or(0.0, |stretch| failed(&stretch));
    let Some(most) = outcome.stores.iter().reduce(|a, b| if worst(b) > worst(a) { b } else { a }) else {
        return Vec::new();
    };
    let share = figures::about(Unit::Share, worst(most));
    let never: Vec<&str> =
        outcome.stores.iter().filter(|store| sum(store).failed() == 0).map(|store| &*store.label).collect();
    let claim = format!("At its worst, {} fails {share} of all operations", most.label);
    let mut titles = Vec::new();
    if !never.is_empty() {
        titles.push(format!("{claim}; {}: none", never.join(", ")));
        titles.push(format!("{claim}; {} of {} stores: none", never.len(), outcome.stores.len()));
    }
    titles.push(claim);
    titles
}

/// The colours of a store: answered from a cache, answered from elsewhere.
fn colors(color: Rgb) -> [Rgb; 2] {
    [color, theme::mix(color, theme::PAPER, 0.55)]
}

fn key(scene: &mut Scene, inside: &Area) {
    let [cached, elsewhere] = colors(theme::GREY);
    let words = [("from a cache at the location", cached), ("from elsewhere", elsewhere), ("failed", FAILED)];
    let (mut x, y) = (inside.left + 46.0, inside.top + 8.0);
    for (text, color) in words {
        let swatch = Area { left: x, right: x + SWATCH, top: y - SWATCH / 2.0, bottom: y + SWATCH / 2.0 };
        scene.rectangle(swatch, color);
        if color == FAILED {
            scene.line(at(x, swatch.bottom), at(x + SWATCH, swatch.bottom), 2.0, theme::ALARM);
        }
        let place = at(x + SWATCH + 6.0, y + theme::LABEL * 0.36);
        scene.text(text, place, theme::LABEL, Weight::Regular, Anchor::Start, theme::INK);
        x += SWATCH + 6.0 + font::width(text, theme::LABEL, Weight::Regular) + 24.0;
    }
}

fn draw(scene: &mut Scene, panels: &Panels, panel: usize, store: &StoreOutcome, color: Rgb) {
    let series = &store.pooled.series;
    let plot = panels.plots[panel];
    let stretches = series.stretches();
    let [cached, elsewhere] = colors(color);
    let mut first = 0;
    while first < stretches.len() {
        if stretches[first].operations() == 0 {
            first += 1;
            continue;
        }
        let end = (first..stretches.len()).find(|n| stretches[*n].operations() == 0).unwrap_or(stretches.len());
        // The outline of what lies below a share, stretch by stretch.
        let outline = |share: &dyn Fn(&Stretch) -> f64| -> Vec<Point> {
            let steps = (first..end).flat_map(|n| {
                let y = plot.bottom - share(&stretches[n]) * plot.height();
                let (from, to) = table::bounds(series, n);
                [at(panels.x(from), y), at(panels.x(to), y)]
            });
            steps.collect()
        };
        let share = |count: u64, stretch: &Stretch| count as f64 / stretch.operations() as f64;
        let answered = outline(&|stretch| share(stretch.answered(), stretch));
        for (points, color) in [
            (outline(&|_| 1.0), FAILED),
            (answered.clone(), elsewhere),
            (outline(&|stretch| share(stretch.count(Served::FromCache), stretch)), cached),
        ] {
            let (Some(left), Some(right)) = (points.first().copied(), points.last().copied()) else { continue };
            let mut points = points;
            points.extend([at(right.x, plot.bottom), at(left.x, plot.bottom)]);
            scene.polygon(points, color);
        }
        if (first..end).any(|n| stretches[n].failed() > 0) {
            scene.path(answered, 1.6, theme::ALARM, &[]);
        }
        first = end;
    }
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
}
