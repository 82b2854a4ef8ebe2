//! Uses against stores: each cell a verdict with its number.

use crate::model::MODEL;
use crate::report::verdicts::{self, Verdict};
use crate::run::{Outcome, Prefer};

use super::Chart;
use super::font::{self, Weight};
use super::frame::Frame;
use super::scene::{Anchor, Area, Scene, at};
use super::theme::{self, Rgb};

const ROW: f64 = 58.0;
const HEADER: f64 = 26.0;
const LABELS: f64 = 150.0;
const GAP: f64 = 6.0;
/// Light and dark enough apart that they differ in black and white too.
const KEEPS: Rgb = Rgb(0xD7, 0xEF, 0xE6);
const BREAKS: Rgb = Rgb(0xFB, 0xE3, 0xD6);
/// The chart.
pub fn chart(outcomes: &[Outcome]) -> Chart {
    let matrix = verdicts::matrix(outcomes);
    let title = verdicts::title(outcomes);
    let footer = footer(outcomes);
    let subtitle = subtitle(outcomes);
    let mut frame =
        Frame::page(std::slice::from_ref(&title), &subtitle, &footer, HEADER + ROW * matrix.rows.len() as f64);
    let inside = frame.inside;
    let columns = matrix.columns.len().max(1) as f64;
    let width = (inside.width() - LABELS) / columns;
    let left = |column: usize| inside.left + LABELS + width * column as f64;
    for (n, (_, label)) in matrix.columns.iter().enumerate() {
        let x = left(n) + GAP;
        let label = font::fit(label, theme::LABEL, Weight::Semibold, width - GAP);
        frame.scene.text(label, at(x, inside.top + 14.0), theme::LABEL, Weight::Semibold, Anchor::Start, theme::INK);
    }
    let mut words = Vec::new();
    for (n, row) in matrix.rows.iter().enumerate() {
        let top = inside.top + HEADER + ROW * n as f64;
        let name = font::fit(&row.name, theme::LABEL, Weight::Semibold, LABELS - GAP);
        frame.scene.text(
            name,
            at(inside.left, top + ROW / 2.0),
            theme::LABEL,
            Weight::Semibold,
            Anchor::Start,
            theme::INK,
        );
        for (column, verdict) in row.verdicts.iter().enumerate() {
            let Some(verdict) = verdict else { continue };
            let area = Area { left: left(column), right: left(column) + width - GAP, top, bottom: top + ROW - GAP };
            cell(&mut frame.scene, &area, verdict);
            let keeps = if verdict.keeps { "keeps every promise" } else { "breaks a promise" };
            words.push(format!(
                "{}, {}: {keeps}, {} {}",
                row.name, matrix.columns[column].1, verdict.metric, verdict.number
            ));
        }
    }
    let description = format!("{subtitle} {}.", words.join("; "));
    Chart { name: "matrix".to_string(), title: frame.title, description, scene: frame.scene }
}

fn subtitle(outcomes: &[Outcome]) -> String {
    let prefer = outcomes.iter().find_map(|outcome| outcome.advice.as_ref()).map(|advice| advice.prefer);
    let best = match prefer.unwrap_or_default() {
        Prefer::Cheapest => "the cheapest that keeps every promise; equal costs: the nearest",
        Prefer::Nearest => "the nearest that keeps every promise; equally near: the cheapest",
    };
    format!(
        "✓: every promise of the scenario is kept; ✗: one is broken, and this is its figure. Frame: the recommended store, {best}."
    )
}

fn footer(outcomes: &[Outcome]) -> String {
    let mut replications: Vec<u32> = outcomes.iter().map(|outcome| outcome.scenario.replications).collect();
    replications.sort_unstable();
    replications.dedup();
    let replications: Vec<String> = replications.iter().map(u32::to_string).collect();
    format!("{} scenarios · {} replications each · model {MODEL}", outcomes.len(), replications.join(" or "))
}

fn cell(scene: &mut Scene, area: &Area, verdict: &Verdict) {
    if verdict.recommended {
        scene.rectangle(*area, theme::INK);
        scene.rectangle(area.grown(-2.5), KEEPS);
    } else {
        scene.rectangle(*area, if verdict.keeps { KEEPS } else { BREAKS });
    }
    let sign = if verdict.keeps { "✓" } else { "✗" };
    let room = area.width() - 24.0;
    let number = font::fit(&format!("{sign} {}", verdict.number), 16.0, Weight::Semibold, room);
    scene.text(number, at(area.left + 12.0, area.top + 22.0), 16.0, Weight::Semibold, Anchor::Start, theme::INK);
    let metric = font::fit(&verdict.metric, theme::TICK, Weight::Regular, room);
    scene.text(metric, at(area.left + 12.0, area.top + 40.0), theme::TICK, Weight::Regular, Anchor::Start, theme::INK);
}
