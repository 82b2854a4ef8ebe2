//! Which store is recommended, by two parameters: a field of cells, each named and coloured by its store.

use crate::advise::sweep::{Cell, Sweep};
use crate::report::charts::font::{self, Weight};
use crate::report::charts::frame::Frame;
use crate::report::charts::scene::{Anchor, Area, at};
use crate::report::charts::theme::{self, Rgb};
use crate::report::charts::{Chart, font_step};
use crate::report::figures::plain;

/// The widest that the values at the left get.
const LABELS_MOST: f64 = 200.0;
const BELOW: f64 = 62.0;
/// Paler than in other charts, so that ink can be read on it.
const PALE: f64 = 0.55;
const NONE: Rgb = Rgb(0xE5, 0xE7, 0xEB);

/// The map; none where there are no points.
pub fn chart(sweep: &Sweep) -> Option<Chart> {
    let [down, across] = sweep.axes.as_slice() else { return None };
    let first = sweep.cells.first()?;
    let (rows, columns) = (down.values.len(), across.values.len());
    if sweep.cells.len() != rows * columns {
        return None;
    }
    let row_height = (360.0 / rows as f64).clamp(22.0, 56.0);
    let titles = titles(sweep);
    let subtitle = format!(
        "Of the stores that keep every promise, the {}; grey: none does. Downwards: {}. To the right: {}.",
        first.prefer, sweep.words[0].noun, sweep.words[1].noun
    );
    let mut frame = Frame::page(&titles, &subtitle, &super::footer(sweep), row_height * rows as f64 + BELOW);
    let inside = frame.inside;
    let widths = down.values.iter().map(|value| font::width(&plain(value), theme::TICK, Weight::Regular));
    let left_of_cells = (widths.fold(0.0, f64::max) + 12.0).clamp(40.0, LABELS_MOST);
    let width = (inside.width() - left_of_cells) / columns as f64;
    let kinds: Vec<&str> = first.stores.iter().map(|store| store.kind.as_str()).collect();
    let color = |cell: &Cell| {
        let place =
            cell.recommended.as_ref().and_then(|name| first.stores.iter().position(|store| store.name == *name));
        place.map_or(NONE, |place| theme::mix(theme::style_among(&kinds, place).color, theme::PAPER, PALE))
    };
    let labels: Vec<&str> = first.stores.iter().map(|store| store.label.as_str()).chain(["none"]).collect();
    let widest = labels.iter().map(|label| font::width(label, theme::TICK, Weight::Semibold)).fold(0.0, f64::max);
    for (n, cell) in sweep.cells.iter().enumerate() {
        let (row, column) = (n / columns, n % columns);
        let (left, top) = (inside.left + left_of_cells + width * column as f64, inside.top + row_height * row as f64);
        let area = Area { left, top, right: left + width - 2.0, bottom: top + row_height - 2.0 };
        frame.scene.rectangle(area, color(cell));
        // Where cells are too narrow for names, a number stands for each store, and the key below explains it.
        let text = if widest + 8.0 <= width { cell.recommended_label().to_string() } else { number(first, cell) };
        let (x, y) = ((area.left + area.right) / 2.0, (area.top + area.bottom) / 2.0 + theme::TICK * 0.36);
        frame.scene.text(text, at(x, y), theme::TICK, Weight::Semibold, Anchor::Middle, theme::INK);
    }
    for (n, value) in down.values.iter().enumerate() {
        let y = inside.top + row_height * (n as f64 + 0.5) + theme::TICK * 0.36;
        let text = font::fit(&plain(value), theme::TICK, Weight::Regular, left_of_cells - 10.0);
        frame.scene.text(
            text,
            at(inside.left + left_of_cells - 8.0, y),
            theme::TICK,
            Weight::Regular,
            Anchor::End,
            theme::GREY,
        );
    }
    let bottom = inside.top + row_height * rows as f64;
    let longest =
        across.values.iter().map(|value| font::width(&plain(value), theme::TICK, Weight::Regular)).fold(0.0, f64::max);
    let every = font_step(longest + 8.0, width);
    for (n, value) in across.values.iter().enumerate().step_by(every) {
        let x = inside.left + left_of_cells + width * (n as f64 + 0.5);
        let text = font::fit(&plain(value), theme::TICK, Weight::Regular, width * every as f64 - 4.0);
        frame.scene.text(text, at(x, bottom + 15.0), theme::TICK, Weight::Regular, Anchor::Middle, theme::GREY);
    }
    let noun = font::fit(&sweep.words[1].noun, theme::TICK, Weight::Regular, width * columns as f64);
    let middle = inside.left + left_of_cells + width * columns as f64 / 2.0;
    frame.scene.text(noun, at(middle, bottom + 35.0), theme::TICK, Weight::Regular, Anchor::Middle, theme::GREY);
    if widest + 8.0 > width {
        let key: Vec<String> =
            first.stores.iter().enumerate().map(|(n, store)| format!("{}: {}", n + 1, store.label)).collect();
        let key = font::fit(&format!("{}; –: none", key.join("; ")), theme::TICK, Weight::Regular, inside.width());
        frame.scene.text(key, at(inside.left, bottom + 56.0), theme::TICK, Weight::Regular, Anchor::Start, theme::INK);
    }
    let words: Vec<String> =
        sweep.cells.iter().map(|cell| format!("{}: {}", cell.values.join(" × "), cell.recommended_label())).collect();
    let description = format!("{subtitle} {}.", words.join("; "));
    Some(Chart { name: "decision_map".into(), title: frame.title, description, scene: frame.scene })
}

fn number(first: &Cell, cell: &Cell) -> String {
    let place = cell.recommended.as_ref().and_then(|name| first.stores.iter().position(|store| store.name == *name));
    place.map_or("–".to_string(), |place| (place + 1).to_string())
}

fn titles(sweep: &Sweep) -> Vec<String> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for cell in &sweep.cells {
        let label = cell.recommended_label();
        match counts.iter_mut().find(|(other, _)| *other == label) {
            Some((_, count)) => *count += 1,
            None => counts.push((label, 1)),
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let all = sweep.cells.len();
    let name = |label: &str| {
        if label == "none" { "No store keeps every promise".to_string() } else { format!("{label} is recommended") }
    };
    let Some((most, count)) = counts.first().copied() else { return Vec::new() };
    if counts.len() == 1 {
        return vec![format!("{} at all {all} points", name(most))];
    }
    let rest: Vec<String> = counts[1..]
        .iter()
        .map(|(label, count)| format!("{} at {count}", if *label == "none" { "no store" } else { label }))
        .collect();
    vec![
        format!("{} at {count} of {all} points, {}", name(most), rest.join(", ")),
        format!("{} at {count} of {all} points", name(most)),
    ]
}
