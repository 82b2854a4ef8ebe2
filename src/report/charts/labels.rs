//! Names beside the lines that they belong to, kept from lines and from each other.

use super::font::{self, Weight};
use super::scene::{Anchor, Area, Label, Point, at};
use super::theme::{self, Rgb};

/// A line that wants its name beside it.
#[derive(Clone, PartialEq, Debug)]
pub struct Named {
    pub name: String,
    pub color: Rgb,
    pub points: Vec<Point>,
}

/// Names wider than this are cut.
const WIDTH_MAX: f64 = 420.0;
/// A name farther away than this from its single point is led to it by a line.
pub const LED: f64 = 12.0;
/// How far apart the points are with which lines are compared, at most.
const FINE: f64 = 3.0;
/// Between a name and any line.
const CLEAR: f64 = 2.5;
/// Names farther away than this from other lines gain nothing by being still farther.
const FAR: f64 = 30.0;

/// Where names stand, seen from a point of their line.
const NEAR: [(f64, f64, Anchor); 7] = [
    (9.0, -5.0, Anchor::Start),
    (9.0, 13.0, Anchor::Start),
    (0.0, -8.0, Anchor::Middle),
    (-9.0, 15.0, Anchor::End),
    (-9.0, -6.0, Anchor::End),
    (16.0, -16.0, Anchor::Start),
    (-14.0, 26.0, Anchor::End),
];
/// For single points, which have no other point to stand beside: higher and higher above those that lie around them.
const FARTHER: [(f64, f64, Anchor); 12] = [
    (0.0, -26.0, Anchor::Middle),
    (9.0, -26.0, Anchor::Start),
    (-9.0, -26.0, Anchor::End),
    (0.0, -44.0, Anchor::Middle),
    (9.0, -44.0, Anchor::Start),
    (-9.0, -44.0, Anchor::End),
    (9.0, -62.0, Anchor::Start),
    (-9.0, -62.0, Anchor::End),
    (9.0, 31.0, Anchor::Start),
    (9.0, 49.0, Anchor::Start),
    (-9.0, 33.0, Anchor::End),
    (-9.0, 51.0, Anchor::End),
];

/// A label for each line, in the same order; `None` where every place is taken. The first lines choose first.
pub fn place(lines: &[Named], plot: &Area, taken: &[Area]) -> Vec<Option<Label>> {
    let dense: Vec<Vec<Point>> = lines.iter().map(|line| densely(&line.points)).collect();
    let mut taken: Vec<Area> = taken.to_vec();
    let mut labels = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let best = candidates(line)
            .into_iter()
            .enumerate()
            .filter_map(|(rank, label)| Some((score(&label, rank, index, &dense, plot, &taken)?, label)))
            // The first of equals stays, so that the choice does not depend on anything but the lines.
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map(|(_, label)| label);
        taken.extend(best.as_ref().map(|label| label.area().grown(3.0)));
        labels.push(best);
    }
    labels
}

/// Places along the line, to its right first; those in its first half are the better ones.
fn candidates(line: &Named) -> Vec<Label> {
    let name = font::fit(&line.name, theme::LABEL, Weight::Semibold, WIDTH_MAX);
    let mut labels = Vec::new();
    let mut offsets = NEAR.to_vec();
    if line.points.len() == 1 {
        offsets.extend(FARTHER);
    }
    let dense = densely(&line.points);
    let step = (dense.len() / 60).max(1);
    for point in dense.iter().step_by(step) {
        for &(dx, dy, anchor) in &offsets {
            labels.push(Label {
                text: name.clone(),
                at: at(point.x + dx, point.y + dy),
                size: theme::LABEL,
                weight: Weight::Semibold,
                anchor,
                color: line.color,
            });
        }
    }
    labels
}

/// How good a place is; `None` where it is taken. Far from other lines is good, near the middle of the line too.
fn score(label: &Label, rank: usize, own: usize, lines: &[Vec<Point>], plot: &Area, taken: &[Area]) -> Option<f64> {
    let area = label.area();
    let inside = Area { left: plot.left + 4.0, right: plot.right, top: plot.top, bottom: plot.bottom - 2.0 };
    if !inside.contains(&area) || taken.iter().any(|other| other.overlaps(&area)) {
        return None;
    }
    let nearest = |points: &[Point]| points.iter().map(|point| area.distance(*point)).fold(f64::INFINITY, f64::min);
    let to_own = nearest(&lines[own]);
    let to_others = lines
        .iter()
        .enumerate()
        .filter(|(n, _)| *n != own)
        .map(|(_, line)| nearest(line))
        .fold(f64::INFINITY, f64::min);
    // A name that is nearer to another line than to its own would mislead; lines that lie on each other are as near.
    let led = lines[own].len() == 1 && to_own > LED;
    if to_own < CLEAR || to_others < CLEAR || (to_others < to_own - 0.5 && !led) {
        return None;
    }
    let doubtful = if to_others < to_own + 2.0 { 25.0 } else { 0.0 };
    Some(to_others.min(FAR) - to_own - doubtful - rank as f64 * 0.02)
}

fn densely(points: &[Point]) -> Vec<Point> {
    let mut dense = Vec::new();
    for pair in points.windows(2) {
        let length = libm::hypot(pair[1].x - pair[0].x, pair[1].y - pair[0].y);
        let pieces = libm::ceil(length / FINE).clamp(1.0, 4000.0) as usize;
        dense.extend((0..pieces).map(|n| {
            let share = n as f64 / pieces as f64;
            at(pair[0].x + (pair[1].x - pair[0].x) * share, pair[0].y + (pair[1].y - pair[0].y) * share)
        }));
    }
    dense.extend(points.last());
    dense
}
