//! From a scene to plotters: one walk over the marks for every kind of file.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::font::Weight;
use super::scene::{Anchor, Label, Mark, Point, Scene};
use super::theme::{Dash, Rgb};

/// What differs between kinds of files.
pub trait Target {
    /// How many of the backend's units one unit of the scene takes.
    const GRID: f64;
    /// Whether a broken line is drawn piece by piece, without corners: thick polylines of bitmaps have holes otherwise.
    const PIECES: bool;
    /// The font's family, as the backend knows it.
    const FAMILY: &'static str;
    /// The size to give to plotters for letters of this size, in the backend's units.
    fn font_size(size: f64, weight: Weight) -> f64;
    /// The place to give to plotters, with [`VPos::Top`], for a baseline at this height.
    fn top_of_baseline(baseline: f64, size: f64, weight: Weight) -> f64;
}

type Drawing = Result<(), Box<dyn std::error::Error>>;

/// Draws all marks.
pub fn render<T: Target, B: DrawingBackend<ErrorType: 'static>>(scene: &Scene, backend: &mut B) -> Drawing {
    for mark in &scene.marks {
        match mark {
            Mark::Rectangle { area, color } => {
                let corners = (
                    grid::<T>(Point { x: area.left, y: area.top }),
                    grid::<T>(Point { x: area.right, y: area.bottom }),
                );
                backend.draw_rect(corners.0, corners.1, &stroke::<T>(*color, 1.0), true)?;
            }
            Mark::Path { points, width, color, dash } => path::<T, B>(backend, points, *width, *color, dash)?,
            Mark::Polygon { points, color } => {
                backend.fill_polygon(points.iter().map(|point| grid::<T>(*point)), &stroke::<T>(*color, 1.0))?;
            }
            Mark::Disc { center, radius, color } => {
                let radius = (radius * T::GRID + 0.5) as u32;
                backend.draw_circle(grid::<T>(*center), radius, &stroke::<T>(*color, 1.0), true)?;
            }
            Mark::Text(label) => text::<T, B>(backend, label)?,
        }
    }
    Ok(backend.present()?)
}

fn grid<T: Target>(point: Point) -> (i32, i32) {
    (libm::round(point.x * T::GRID) as i32, libm::round(point.y * T::GRID) as i32)
}

fn stroke<T: Target>(Rgb(red, green, blue): Rgb, width: f64) -> ShapeStyle {
    let stroke_width = ((width * T::GRID + 0.5) as u32).max(1);
    ShapeStyle { color: RGBColor(red, green, blue).to_rgba(), filled: true, stroke_width }
}

fn path<T: Target, B: DrawingBackend<ErrorType: 'static>>(
    backend: &mut B,
    points: &[Point],
    width: f64,
    color: Rgb,
    dash: Dash,
) -> Drawing {
    let style = stroke::<T>(color, width);
    for piece in dashed(points, dash) {
        if !T::PIECES {
            backend.draw_path(piece.iter().map(|point| grid::<T>(*point)), &style)?;
            continue;
        }
        for pair in piece.windows(2) {
            quad::<T, B>(backend, pair[0], pair[1], width, &style)?;
        }
        // Round joints close the gaps between the pieces; ends stay straight.
        for joint in piece.iter().skip(1).rev().skip(1) {
            backend.draw_circle(grid::<T>(*joint), (width * T::GRID / 2.0) as u32, &style, true)?;
        }
    }
    Ok(())
}

fn quad<T: Target, B: DrawingBackend<ErrorType: 'static>>(
    backend: &mut B,
    from: Point,
    to: Point,
    width: f64,
    style: &ShapeStyle,
) -> Drawing {
    let length = libm::hypot(to.x - from.x, to.y - from.y);
    if length == 0.0 {
        return Ok(());
    }
    let (x, y) = (-(to.y - from.y) / length * width / 2.0, (to.x - from.x) / length * width / 2.0);
    let corner = |point: Point, side: f64| grid::<T>(Point { x: point.x + x * side, y: point.y + y * side });
    if x == 0.0 || y == 0.0 {
        // Plotters leaves out polygons that are one pixel thin; a rectangle is exact.
        let (a, b) = (corner(from, 1.0), corner(to, -1.0));
        backend.draw_rect((a.0.min(b.0), a.1.min(b.1)), (a.0.max(b.0), a.1.max(b.1)), style, true)?;
        return Ok(());
    }
    Ok(backend.fill_polygon([corner(from, 1.0), corner(to, 1.0), corner(to, -1.0), corner(from, -1.0)], style)?)
}

/// The pieces of a line that are drawn.
fn dashed(points: &[Point], dash: Dash) -> Vec<Vec<Point>> {
    if dash.is_empty() {
        return vec![points.to_vec()];
    }
    let mut pieces = Vec::new();
    let (mut part, mut left, mut drawn) = (0, dash[0], true);
    let mut piece: Vec<Point> = points.first().copied().into_iter().collect();
    for pair in points.windows(2) {
        let mut from = pair[0];
        loop {
            let length = libm::hypot(pair[1].x - from.x, pair[1].y - from.y);
            if length <= left {
                left -= length;
                if drawn {
                    piece.push(pair[1]);
                }
                break;
            }
            let share = left / length;
            from = Point { x: from.x + (pair[1].x - from.x) * share, y: from.y + (pair[1].y - from.y) * share };
            if drawn {
                piece.push(from);
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![from];
            }
            drawn = !drawn;
            part = (part + 1) % dash.len();
            left = dash[part];
        }
    }
    if piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

fn text<T: Target, B: DrawingBackend<ErrorType: 'static>>(backend: &mut B, label: &Label) -> Drawing {
    let size = label.size * T::GRID;
    let style = match label.weight {
        Weight::Regular => FontStyle::Normal,
        Weight::Semibold => FontStyle::Bold,
    };
    let Rgb(red, green, blue) = label.color;
    let anchor = match label.anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let style = (T::FAMILY, T::font_size(size, label.weight), style)
        .into_font()
        .color(&RGBColor(red, green, blue))
        .pos(Pos::new(anchor, VPos::Top));
    let (x, baseline) = (label.at.x * T::GRID, label.at.y * T::GRID);
    let place = (libm::round(x) as i32, libm::round(T::top_of_baseline(baseline, size, label.weight)) as i32);
    Ok(backend.draw_text(&label.text, &style, place)?)
}
