//! A chart as an SVG document: text stays text, and the picture says in words what it shows.

use plotters::prelude::SVGBackend;

use super::Chart;
use super::font::Weight;
use super::render::{Target, render};
use super::scene::Scene;

/// Plotters rounds to whole units: on a grid eight times finer nobody sees it.
struct Svg;

impl Target for Svg {
    const GRID: f64 = 8.0;
    const PIECES: bool = false;
    const FAMILY: &'static str = "Inter, system-ui, sans-serif";

    fn font_size(size: f64, _: Weight) -> f64 {
        // Plotters writes its size divided by this into the file.
        size * 1.24
    }

    fn top_of_baseline(baseline: f64, size: f64, _: Weight) -> f64 {
        // Plotters moves such text down by this much.
        baseline - 0.76 * size
    }
}

pub(super) fn svg(chart: &Chart) -> String {
    document(chart, &chart.scene, "", 0.0)
}

/// The picture with its upper part cut off at `top`, for a page with several pictures: `prefix` makes their ids unique.
/// The scene may be another than the chart's.
pub fn document(chart: &Chart, scene: &Scene, prefix: &str, top: f64) -> String {
    let size = ((scene.width * Svg::GRID) as u32, (scene.height * Svg::GRID) as u32);
    let mut drawn = String::new();
    {
        let mut backend = SVGBackend::with_string(&mut drawn, size);
        // Into a string nothing can fail.
        let _ = render::<Svg, _>(scene, &mut backend);
    }
    let body = drawn.split_once('>').map_or("", |(_, body)| body).trim_start();
    // Plotters knows only one weight beside the normal one; the embedded font is measured in this one.
    let body = body.replace("font-weight=\"bold\"", "font-weight=\"600\"").replace(" opacity=\"1\"", "");
    let body = with_widths(&body, scene);
    let cut = (top * Svg::GRID) as u32;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 {cut} {} {}\" role=\"img\" \
         aria-labelledby=\"{prefix}title {prefix}desc\">\n<title id=\"{prefix}title\">{}</title>\n\
         <desc id=\"{prefix}desc\">{}</desc>\n{body}",
        scene.width,
        scene.height - top,
        size.0,
        size.1 - cut,
        escaped(&chart.title),
        escaped(&chart.description),
    )
}

/// Every text gets the width that it was measured with: readers without the font see another one, squeezed or stretched
/// into the same place, so that nothing overlaps or is cut off for them either.
fn with_widths(body: &str, scene: &Scene) -> String {
    const TAG: &str = "<text ";
    // What users wrote is escaped, so the tags are ours, in the order of the labels.
    let mut parts = body.split(TAG);
    let mut text = parts.next().unwrap_or("").to_string();
    for (label, part) in scene.labels().zip(parts) {
        let width = libm::round(label.area().width() * Svg::GRID);
        text += &format!("{TAG}textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\" {part}");
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
