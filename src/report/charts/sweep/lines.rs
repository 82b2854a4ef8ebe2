//! Figures by one parameter: a line for each store.

use crate::advise::sweep::Sweep;
use crate::metrics::estimate::Scalar;
use crate::metrics::table::Unit;
use crate::report::advice::{amount, usd};
use crate::report::charts::axis::Axis;
use crate::report::charts::font::{self, Weight};
use crate::report::charts::frame::Frame;
use crate::report::charts::labels::{self, Named};
use crate::report::charts::scene::{Anchor, Area, Point, at};
use crate::report::charts::theme;
use crate::report::charts::{Chart, font_step};
use crate::report::emphasis;
use crate::report::figures::plain;

const HEIGHT: f64 = 330.0;
const LEFT: f64 = 64.0;
const BELOW: f64 = 46.0;
const POINT: f64 = 3.2;

/// A quantity that is drawn.
struct Drawn {
    name: String,
    /// As in "lost updates".
    words: String,
    definition: String,
    unit: Unit,
    money: bool,
    /// By store and point.
    values: Vec<Vec<Option<f64>>>,
}

/// A chart for each figure that some store measured and that is not zero everywhere, and one for the cost.
pub fn charts(sweep: &Sweep) -> Vec<Chart> {
    let of_scalars = emphasis::of_sweeps(&sweep.workload).into_iter().filter_map(|scalar| of_scalar(sweep, scalar));
    of_scalars.chain(of_cost(sweep)).filter_map(|drawn| chart(sweep, &drawn)).collect()
}

fn of_scalar(sweep: &Sweep, scalar: Scalar) -> Option<Drawn> {
    let name = scalar.name();
    let stores = sweep.cells.first()?.stores.len();
    let value = |store: usize, cell: &crate::advise::sweep::Cell| {
        let figures = &cell.stores.get(store)?.figures;
        figures.iter().find(|figure| figure.metric == name).map(|figure| figure.value)
    };
    let values = (0..stores).map(|store| sweep.cells.iter().map(|cell| value(store, cell)).collect()).collect();
    let row = scalar.row();
    let definition = row.definition.find(". ").map_or(row.definition, |end| &row.definition[..=end]).to_string();
    Some(Drawn { words: scalar.words(), name, definition, unit: row.unit, money: false, values })
}

fn of_cost(sweep: &Sweep) -> Option<Drawn> {
    let stores = sweep.cells.first()?.stores.len();
    let value =
        |store: usize, cell: &crate::advise::sweep::Cell| cell.stores.get(store).and_then(|store| store.usd_month);
    Some(Drawn {
        name: "cost".into(),
        words: "monthly cost".into(),
        definition: "What 30 days of this would cost on the Workers Paid plan, without storage.".into(),
        unit: Unit::Requests,
        money: true,
        values: (0..stores).map(|store| sweep.cells.iter().map(|cell| value(store, cell)).collect()).collect(),
    })
}

fn chart(sweep: &Sweep, drawn: &Drawn) -> Option<Chart> {
    let axis = sweep.axes.first()?;
    let largest = drawn.values.iter().flatten().flatten().copied().fold(0.0, f64::max);
    if largest <= 0.0 {
        return None;
    }
    let subtitle = drawn.definition.clone();
    let mut frame = Frame::page(&titles(sweep, drawn), &subtitle, &super::footer(sweep), HEIGHT + BELOW);
    let inside = frame.inside;
    let plot = Area {
        left: inside.left + LEFT,
        right: inside.right - 12.0,
        top: inside.top + 8.0,
        bottom: inside.top + HEIGHT,
    };
    let mut scale = Axis::new(drawn.unit, largest, plot.height() * 3.0, true);
    if drawn.money {
        scale.ticks.iter_mut().for_each(|(_, text)| text.insert(0, '$'));
    }
    let y = |value: f64| plot.bottom - scale.share(value) * plot.height();
    for (value, text) in &scale.ticks {
        frame.scene.line(at(plot.left, y(*value)), at(plot.right, y(*value)), 1.0, theme::GRID);
        let place = at(plot.left - 8.0, y(*value) + theme::TICK * 0.36);
        frame.scene.text(text.as_str(), place, theme::TICK, Weight::Regular, Anchor::End, theme::GREY);
    }
    let steps = axis.values.len().saturating_sub(1).max(1) as f64;
    let x = |n: usize| plot.left + 20.0 + (plot.width() - 60.0) * n as f64 / steps;
    let longest =
        axis.values.iter().map(|value| font::width(&plain(value), theme::TICK, Weight::Regular)).fold(0.0, f64::max);
    let room = (plot.width() - 60.0) / steps;
    for (n, value) in axis.values.iter().enumerate().step_by(font_step(longest + 14.0, room)) {
        frame.scene.line(at(x(n), plot.bottom), at(x(n), plot.bottom + 4.0), 1.0, theme::AXIS);
        let place = at(x(n), plot.bottom + 6.0 + theme::TICK);
        let text = font::fit(&plain(value), theme::TICK, Weight::Regular, 120.0);
        frame.scene.text(text, place, theme::TICK, Weight::Regular, Anchor::Middle, theme::GREY);
    }
    frame.scene.line(at(plot.left, plot.bottom), at(plot.right, plot.bottom), 1.5, theme::AXIS);
    let noun = font::fit(&sweep.words[0].noun, theme::TICK, Weight::Regular, plot.width());
    let place = at((plot.left + plot.right) / 2.0, plot.bottom + 26.0 + theme::TICK);
    frame.scene.text(noun, place, theme::TICK, Weight::Regular, Anchor::Middle, theme::GREY);
    let stores = &sweep.cells.first()?.stores;
    let kinds: Vec<&str> = stores.iter().map(|store| store.kind.as_str()).collect();
    let mut named = Vec::new();
    for (place, store) in stores.iter().enumerate() {
        let points: Vec<Point> = drawn.values[place]
            .iter()
            .enumerate()
            .filter_map(|(n, value)| value.map(|value| at(x(n), y(value))))
            .collect();
        if points.is_empty() {
            continue;
        }
        let style = theme::style_among(&kinds, place);
        frame.scene.path(points.clone(), 2.5, style.color, style.dash);
        named.push(Named { name: store.label.clone(), color: style.color, points });
    }
    let mut taken: Vec<Area> = frame.scene.labels().map(|label| label.area().grown(2.0)).collect();
    for point in named.iter().flat_map(|line| &line.points) {
        taken.push(Area { left: point.x, right: point.x, top: point.y, bottom: point.y }.grown(POINT));
    }
    // Lines that lie on each other have one name between them.
    let shared = shared(&named);
    for label in labels::place(&shared, &plot, &taken).into_iter().flatten() {
        frame.scene.text_on_paper(label);
    }
    for line in &named {
        line.points.iter().for_each(|point| frame.scene.disc(*point, POINT, line.color));
    }
    let words = sweep.cells.iter().enumerate().map(|(n, cell)| {
        let values = stores.iter().enumerate().filter_map(|(place, store)| {
            drawn.values[place][n].map(|value| format!("{} {}", store.label, text(drawn, value)))
        });
        format!("{}: {}", cell.values.join(", "), values.collect::<Vec<_>>().join(", "))
    });
    let description = format!("{subtitle} {}.", words.collect::<Vec<_>>().join("; "));
    Some(Chart {
        name: format!("by_{}", drawn.name.replace('.', "_")),
        title: frame.title,
        description,
        scene: frame.scene,
    })
}

fn shared(lines: &[Named]) -> Vec<Named> {
    let close = |a: &Named, b: &Named| {
        a.points.len() == b.points.len()
            && a.points.iter().zip(&b.points).all(|(a, b)| (a.x - b.x).abs() < 0.5 && (a.y - b.y).abs() < 4.0)
    };
    let mut shared: Vec<Named> = Vec::new();
    for line in lines {
        match shared.iter_mut().find(|other| close(other, line)) {
            Some(other) => {
                other.name = format!("{}, {}", other.name, line.name);
                other.color = theme::INK;
            }
            None => shared.push(line.clone()),
        }
    }
    shared
}

fn text(drawn: &Drawn, value: f64) -> String {
    if drawn.money {
        return usd(value);
    }
    Scalar::named(&drawn.name).map_or_else(String::new, |scalar| amount(scalar, value))
}

/// From the first point to the last, of the store that changes most.
fn titles(sweep: &Sweep, drawn: &Drawn) -> Vec<String> {
    let Some(first) = sweep.cells.first() else { return Vec::new() };
    let ends = |place: usize| {
        let values = &drawn.values[place];
        let measured: Vec<usize> = (0..values.len()).filter(|n| values[*n].is_some()).collect();
        let (one, last) = (*measured.first()?, *measured.last()?);
        Some((one, last, values[one]?, values[last]?))
    };
    // Of equal changes, the larger amount.
    let change = |place: usize| ends(place).map_or((-1.0, 0.0), |(_, _, one, last)| ((last - one).abs(), one));
    let more = |a: &usize, b: &usize| {
        let (a, b) = (change(*a), change(*b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    };
    let Some(most) = (0..first.stores.len()).max_by(more) else { return Vec::new() };
    let Some((one, last, from, to)) = ends(most) else { return Vec::new() };
    let (along, label) = (&sweep.words[0], &first.stores[most].label);
    let value = |n: usize| sweep.cells[n].values.first().map_or(String::new(), |value| plain(value));
    let going = along.going(&value(one), &value(last));
    let going = format!("G{}", &going[1..]);
    let (words, from, to) = (&drawn.words, text(drawn, from), text(drawn, to));
    if from == to {
        let same = format!("{going} makes no difference to {words} of {label}: {from}");
        return vec![same, format!("{} makes no difference to {words} of {label}: {from}", along.noun)];
    }
    vec![
        format!("{going} takes {words} of {label} from {from} to {to}"),
        format!("{label}: {words} go from {from} to {to}"),
    ]
}
