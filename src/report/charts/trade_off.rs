//! Harm against latency against cost: a point for each store, with its price beside it.

use crate::metrics::table::Unit;
use crate::report::advice::{amount, usd};
use crate::report::figures;
use crate::report::tables::trade_off::{self as table, Row};
use crate::run::Outcome;

use super::Chart;
use super::axis::{self, Axis};
use super::font::Weight;
use super::frame::Frame;
use super::labels::{self, Named};
use super::scene::{Anchor, Area, at};
use super::theme;

const HEIGHT: f64 = 320.0;
const LEFT: f64 = 76.0;
const BELOW: f64 = 30.0;
const RADIUS: f64 = 6.0;

/// The chart; none where fewer than two stores were measured.
pub fn chart(outcome: &Outcome) -> Option<Chart> {
    let rows = table::rows(outcome);
    let (_, scalar) = table::harm(outcome)?;
    if rows.len() < 2 {
        return None;
    }
    let unit = scalar.row().unit;
    let subtitle = format!(
        "Upwards: {}. To the right: median {} latency. Beside each store: what 30 days of this would cost. Best is below and to the left.",
        scalar.words(),
        kind_of(&rows)
    );
    let mut frame = Frame::new(outcome, &titles(outcome, &rows), &subtitle, HEIGHT + BELOW);
    let inside = frame.inside;
    let plot = Area {
        left: inside.left + LEFT,
        right: inside.right - 30.0,
        top: inside.top + 10.0,
        bottom: inside.top + HEIGHT,
    };
    let largest = |of: fn(&Row) -> f64| rows.iter().map(of).fold(0.0, f64::max);
    let across = Axis::new(Unit::Seconds, largest(|row| row.latency_s), plot.width(), true);
    // Room above the highest point for names.
    let most = largest(|row| row.harm) * 1.15;
    let most = if unit == Unit::Share { most.min(1.0) } else { most };
    let up = Axis::new(unit, most, plot.height() * 3.0, true);
    axis::along_bottom(&mut frame.scene, &plot, &across, true);
    let y = |value: f64| plot.bottom - up.share(value) * plot.height();
    for (value, text) in &up.ticks {
        frame.scene.line(at(plot.left, y(*value)), at(plot.right, y(*value)), 1.0, theme::GRID);
        let place = at(plot.left - 12.0, y(*value) + theme::TICK * 0.36);
        frame.scene.text(text.as_str(), place, theme::TICK, Weight::Regular, Anchor::End, theme::GREY);
    }
    let mut named = Vec::new();
    let mut taken: Vec<Area> = Vec::new();
    for row in &rows {
        let point = at(plot.left + across.share(row.latency_s) * plot.width(), y(row.harm));
        let name = format!("{}, {}", theme::label_of(outcome, &row.store), usd(row.usd_month));
        named.push(Named { name, color: theme::style_of(outcome, &row.store).color, points: vec![point] });
        taken.push(Area { left: point.x, right: point.x, top: point.y, bottom: point.y }.grown(RADIUS));
    }
    taken.extend(frame.scene.labels().map(|label| label.area().grown(2.0)));
    for (one, label) in named.iter().zip(labels::place(&named, &plot, &taken)) {
        let Some(label) = label else { continue };
        let (area, point) = (label.area(), one.points[0]);
        if area.distance(point) > labels::LED {
            let end = at(point.x.clamp(area.left, area.right), point.y.clamp(area.top, area.bottom));
            frame.scene.line(point, end, 1.0, one.color);
        }
        frame.scene.text_on_paper(label);
    }
    for one in &named {
        one.points.iter().for_each(|point| frame.scene.ring(*point, RADIUS, 3.0, one.color, theme::PAPER));
    }
    let words = rows.iter().map(|row| {
        let latency = figures::value(Unit::Seconds, row.latency_s);
        let label = theme::label_of(outcome, &row.store);
        format!("{label}: {latency}, {}, {}", amount(scalar, row.harm), usd(row.usd_month))
    });
    let description = format!("{subtitle} {}.", words.collect::<Vec<_>>().join("; "));
    Some(Chart { name: "trade_off".into(), title: frame.title, description, scene: frame.scene })
}

/// `read` or `write`: whose latency is drawn.
fn kind_of(rows: &[Row]) -> &'static str {
    if rows.iter().all(|row| row.latency_metric.starts_with("read")) { "read" } else { "write" }
}

/// The cheapest and the nearest, which are what one gives harm for.
fn titles(outcome: &Outcome, rows: &[Row]) -> Vec<String> {
    let label = |row: &Row| theme::label_of(outcome, &row.store).to_string();
    let least = |of: fn(&Row) -> f64| rows.iter().min_by(|a, b| of(a).total_cmp(&of(b)));
    let (Some(near), Some(cheap)) = (least(|row| row.latency_s), least(|row| row.usd_month)) else {
        return Vec::new();
    };
    let latency = figures::value(Unit::Seconds, near.latency_s);
    let price = usd(cheap.usd_month);
    let verb = format!("{}s", kind_of(rows));
    if rows.iter().all(|row| usd(row.usd_month) == price) {
        return vec![
            format!("{} {verb} fastest ({latency} at the median); all cost {price} a month", label(near)),
            format!("{} {verb} fastest; all cost {price} a month", label(near)),
        ];
    }
    if near.store == cheap.store {
        return vec![
            format!("{} {verb} fastest ({latency} at the median) and is cheapest ({price} a month)", label(near)),
            format!("{} {verb} fastest and is cheapest", label(near)),
        ];
    }
    vec![
        format!(
            "{} {verb} fastest ({latency} at the median); {} is cheapest ({price} a month)",
            label(near),
            label(cheap)
        ),
        format!("{} {verb} fastest; {} is cheapest", label(near), label(cheap)),
    ]
}
