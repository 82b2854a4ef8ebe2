//! Charts in the page: their titles and subtitles as text of the page, the drawings inline, in light and dark.

use std::fmt::Write;

use crate::report::charts::font::Weight;
use crate::report::charts::scene::{Mark, Scene};
use crate::report::charts::{Chart, font, svg, theme};
use crate::run::Outcome;

use super::dark;
use super::html::{base64, escaped, unbroken};

/// The style sheet that the charts need: their font, their colours in the dark, and the stores' colours for chips.
pub fn style(outcome: &Outcome, charts: &[Chart]) -> String {
    let mut style = String::new();
    for (weight, bytes) in [(400, font::REGULAR), (600, font::SEMIBOLD)] {
        // Writing into a string cannot fail.
        let _ = writeln!(
            style,
            "@font-face {{ font-family: Inter; font-weight: {weight}; src: url(data:font/ttf;base64,{}); }}",
            base64(bytes)
        );
    }
    for store in 0..outcome.stores.len() {
        let color = theme::style(outcome, store).color;
        let (light, dark) = (dark::hex(color), dark::hex(dark::dark(color)));
        let _ = writeln!(style, ".chip-{store} {{ background: {light}; background: light-dark({light}, {dark}); }}");
    }
    style + &dark::rules(&dark::colors(charts.iter().map(|chart| &chart.scene)))
}

/// A chart as a figure; `number` tells it apart from the page's others, `rows` is its table, or nothing.
pub fn figure(chart: &Chart, number: usize, rows: &str) -> String {
    let (scene, subtitle, top) = bare(&chart.scene);
    let drawing = svg::document(chart, &scene, &format!("chart-{number}-"), top);
    let drawing = with_classes(&drawing, &scene);
    let (title, subtitle) = (escaped(&chart.title), unbroken(&escaped(&subtitle)));
    format!(
        "<figure id=\"chart-{number}\">\n<figcaption><strong>{title}</strong><span>{subtitle}</span></figcaption>\n\
         <div class=\"chart\" tabindex=\"0\" role=\"group\" aria-label=\"{title}\">{drawing}</div>\n{rows}</figure>\n"
    )
}

/// The scene without title, subtitle and footer, which the page has as text; the subtitle; and where the rest begins.
fn bare(scene: &Scene) -> (Scene, String, f64) {
    let is_title = |size: f64, weight: Weight| size == theme::TITLE && weight == Weight::Semibold;
    let mut kept = Scene { marks: Vec::new(), ..*scene };
    let (mut subtitle, mut top, mut bottom) = (Vec::new(), 0.0_f64, scene.height);
    let mut in_head = true;
    for mark in &scene.marks {
        match mark {
            Mark::Rectangle { .. } if kept.marks.is_empty() => kept.marks.push(mark.clone()),
            Mark::Text(label) if in_head && is_title(label.size, label.weight) => top = top.max(label.area().bottom),
            Mark::Text(label) if in_head && label.size == theme::SUBTITLE => {
                subtitle.push(label.text.as_str());
                top = top.max(label.area().bottom);
            }
            Mark::Text(label) if in_head && label.size == theme::FOOTER => {
                bottom = label.area().top;
                in_head = false;
            }
            _ => {
                in_head = false;
                kept.marks.push(mark.clone());
            }
        }
    }
    kept.height = libm::ceil(bottom);
    (kept, subtitle.join(" "), libm::floor(top + 2.0).max(0.0))
}

/// Marks the texts that lie on colours, so that they stay legible when the paper turns dark.
fn with_classes(drawing: &str, scene: &Scene) -> String {
    const TAG: &str = "<text ";
    let mut parts = drawing.split(TAG);
    let mut text = parts.next().unwrap_or("").to_string();
    for (label, part) in scene.labels().zip(parts) {
        text.push_str(TAG);
        if let Some(class) = dark::class_on_color(scene, label) {
            let _ = write!(text, "class=\"{class}\" ");
        }
        text.push_str(part);
    }
    text
}
