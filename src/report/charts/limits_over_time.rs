//! What was refused when, and why: refusals per second as the run goes on, a panel for each store and rule.

use crate::metrics::Series;
use crate::report::figures;
use crate::report::tables::over_time as table;
use crate::run::{Outcome, StoreOutcome};

use super::Chart;
use super::frame::Frame;
use super::panels::{self, PANELS_MAX, Panels};
use super::scene::{Area, Scene, at};
use super::theme::{self, Rgb};

/// One panel: a store's refusals by one rule.
struct Refused<'a> {
    store: usize,
    outcome: &'a StoreOutcome,
    /// The error that the caller sees.
    text: String,
    counts: &'a [u64],
}

/// The chart; none where nothing was refused.
pub fn chart(outcome: &Outcome) -> Option<Chart> {
    let all = refused(outcome);
    let first = all.first()?;
    let width = first.outcome.pooled.series.width();
    let shown = &all[..all.len().min(PANELS_MAX)];
    let more = match all.len() - shown.len() {
        0 => String::new(),
        n => format!(" The {PANELS_MAX} most frequent; {n} more in the table."),
    };
    let subtitle = format!(
        "Refusals per second, by when the operation started, in steps of {width}: the mean of all replications. Each panel \
         has its own scale.{more}"
    );
    let mut frame = Frame::new(outcome, &titles(outcome, &all), &subtitle, panels::height(shown.len()));
    let inside = frame.inside;
    let panels = Panels::new(&inside, inside.top, shown.len(), outcome.scenario.duration.seconds());
    for (panel, refused) in shown.iter().enumerate() {
        let color = theme::style(outcome, refused.store).color;
        draw(&mut frame.scene, &panels, panel, refused, outcome.scenario.replications, color);
    }
    panels.time(&mut frame.scene);
    let words: Vec<String> = all.iter().map(|one| format!("{}: {}", heading(one), total(one))).collect();
    let description = format!("{subtitle} {}.", words.join("; "));
    Some(Chart { name: "limits_over_time".to_string(), title: frame.title, description, scene: frame.scene })
}

/// What was refused most comes first.
fn refused(outcome: &Outcome) -> Vec<Refused<'_>> {
    let mut all: Vec<Refused<'_>> = Vec::new();
    for (store, of_store) in outcome.stores.iter().enumerate() {
        for (refusal, counts) in of_store.pooled.series.refusals() {
            all.push(Refused { store, outcome: of_store, text: outcome.scenario.error_text(*refusal), counts });
        }
    }
    all.sort_by_key(|one| std::cmp::Reverse(sum(one)));
    all
}

fn sum(refused: &Refused<'_>) -> u64 {
    refused.counts.iter().sum()
}

fn heading(refused: &Refused<'_>) -> String {
    format!("{}: {}", refused.outcome.label, refused.text)
}

fn total(refused: &Refused<'_>) -> String {
    match sum(refused) {
        1 => "once".to_string(),
        n => format!("{} times", figures::grouped(n)),
    }
}

fn titles(outcome: &Outcome, all: &[Refused<'_>]) -> Vec<String> {
    let Some(most) = all.first() else { return Vec::new() };
    let label = &most.outcome.label;
    let text = most.text.trim_end_matches('.');
    let refusals: u64 = all.iter().filter(|one| one.store == most.store).map(sum).sum();
    let times = if refusals == 1 { "once".to_string() } else { format!("{} times", figures::grouped(refusals)) };
    let mostly = if all.iter().filter(|one| one.store == most.store).count() > 1 { "mostly " } else { "" };
    let never = outcome.stores.iter().filter(|store| store.pooled.series.refusals().is_empty()).count();
    let others = if never > 0 { format!("; {never} of {} stores never", outcome.stores.len()) } else { String::new() };
    vec![
        format!("{label} refuses {times}, {mostly}with “{text}”{others}"),
        format!("{label} refuses {times}, {mostly}with “{text}”"),
        format!("{label} refuses {times}{others}"),
    ]
}

/// The rate at which a panel's axis ends, and its words.
fn scale(series: &Series, counts: &[u64], replications: u32) -> (f64, String) {
    let largest = counts.iter().max().copied().unwrap_or(0) as f64;
    let rate = largest / f64::from(replications.max(1)) / series.width().seconds();
    let text = if rate >= 100.0 {
        figures::grouped((rate + 0.5) as u64)
    } else {
        format!(
            "{:.1$}",
            rate,
            if rate >= 10.0 {
                0
            } else if rate >= 1.0 {
                1
            } else {
                2
            }
        )
    };
    (largest, format!("{text} /s"))
}

fn draw(scene: &mut Scene, panels: &Panels, panel: usize, refused: &Refused<'_>, replications: u32, color: Rgb) {
    let series = &refused.outcome.pooled.series;
    let plot = panels.plots[panel];
    let (largest, words) = scale(series, refused.counts, replications);
    panels.upright(scene, panel, &[(0.0, "0".to_string()), (1.0, words)]);
    panels.heading(scene, panel, (&heading(refused), color), &total(refused));
    for (number, count) in refused.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let (from, to) = table::bounds(series, number);
        let top = plot.bottom - *count as f64 / largest.max(1.0) * plot.height();
        // Rare refusals are seen, too.
        let top = top.min(plot.bottom - 2.0);
        let (left, right) = (panels.x(from), panels.x(to).max(panels.x(from) + 1.5));
        scene.rectangle(Area { left, right, top, bottom: plot.bottom }, color);
    }
    scene.line(at(plot.left, plot.top), at(plot.left, plot.bottom), 1.0, theme::GRID);
}
