//! A picture as plain data: marks with places, before any file format. What overlaps can be computed from it.

use super::font::{self, Weight};
use super::theme::{self, Dash, Rgb};

/// A place; y grows downwards.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// A place from its two numbers.
pub fn at(x: f64, y: f64) -> Point {
    Point { x, y }
}

/// A rectangle.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Area {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Area {
    /// Whether two rectangles share more than an edge.
    pub fn overlaps(&self, other: &Area) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }

    /// Whether another rectangle lies inside.
    pub fn contains(&self, other: &Area) -> bool {
        self.left <= other.left && self.top <= other.top && self.right >= other.right && self.bottom >= other.bottom
    }

    /// How far a point is away; zero inside.
    pub fn distance(&self, point: Point) -> f64 {
        let x = (self.left - point.x).max(point.x - self.right).max(0.0);
        let y = (self.top - point.y).max(point.y - self.bottom).max(0.0);
        libm::hypot(x, y)
    }

    /// Wider by this on every side.
    pub fn grown(&self, by: f64) -> Area {
        Area { left: self.left - by, top: self.top - by, right: self.right + by, bottom: self.bottom + by }
    }

    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }
}

/// Which part of a text stands at its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// A text.
#[derive(Clone, PartialEq, Debug)]
pub struct Label {
    pub text: String,
    /// On the baseline.
    pub at: Point,
    pub size: f64,
    pub weight: Weight,
    pub anchor: Anchor,
    pub color: Rgb,
}

impl Label {
    /// Where its letters are, ascenders and descenders included.
    pub fn area(&self) -> Area {
        let width = font::width(&self.text, self.size, self.weight);
        let left = match self.anchor {
            Anchor::Start => self.at.x,
            Anchor::Middle => self.at.x - width / 2.0,
            Anchor::End => self.at.x - width,
        };
        let (top, bottom) = (self.at.y - 0.76 * self.size, self.at.y + 0.22 * self.size);
        Area { left, top, right: left + width, bottom }
    }
}

/// One thing in a picture.
#[derive(Clone, PartialEq, Debug)]
pub enum Mark {
    Rectangle { area: Area, color: Rgb },
    Path { points: Vec<Point>, width: f64, color: Rgb, dash: Dash },
    Polygon { points: Vec<Point>, color: Rgb },
    Disc { center: Point, radius: f64, color: Rgb },
    Text(Label),
}

/// A picture: later marks lie on earlier ones.
#[derive(Clone, PartialEq, Debug)]
pub struct Scene {
    pub width: f64,
    pub height: f64,
    pub marks: Vec<Mark>,
}

impl Scene {
    /// Every text.
    pub fn labels(&self) -> impl Iterator<Item = &Label> {
        self.marks.iter().filter_map(|mark| match mark {
            Mark::Text(label) => Some(label),
            _ => None,
        })
    }

    /// A straight, unbroken line.
    pub fn line(&mut self, from: Point, to: Point, width: f64, color: Rgb) {
        self.path(vec![from, to], width, color, &[]);
    }

    /// A line through several points.
    pub fn path(&mut self, points: Vec<Point>, width: f64, color: Rgb, dash: Dash) {
        self.marks.push(Mark::Path { points, width, color, dash });
    }

    pub fn rectangle(&mut self, area: Area, color: Rgb) {
        self.marks.push(Mark::Rectangle { area, color });
    }

    pub fn polygon(&mut self, points: Vec<Point>, color: Rgb) {
        self.marks.push(Mark::Polygon { points, color });
    }

    pub fn disc(&mut self, center: Point, radius: f64, color: Rgb) {
        self.marks.push(Mark::Disc { center, radius, color });
    }

    /// A circle filled with another colour.
    pub fn ring(&mut self, center: Point, radius: f64, width: f64, color: Rgb, inside: Rgb) {
        self.disc(center, radius, color);
        self.disc(center, radius - width, inside);
    }

    /// A diagonal cross.
    pub fn cross(&mut self, center: Point, radius: f64, width: f64, color: Rgb) {
        for side in [-1.0, 1.0] {
            let (from, to) =
                (at(center.x - radius, center.y - side * radius), at(center.x + radius, center.y + side * radius));
            self.line(from, to, width, color);
        }
    }

    /// A text; its place is on the baseline.
    pub fn text(&mut self, text: impl Into<String>, at: Point, size: f64, weight: Weight, anchor: Anchor, color: Rgb) {
        self.marks.push(Mark::Text(Label { text: text.into(), at, size, weight, anchor, color }));
    }

    /// A text that hides the grid behind it.
    pub fn text_on_paper(&mut self, label: Label) {
        if !label.text.is_empty() {
            self.rectangle(label.area().grown(1.5), theme::PAPER);
            self.marks.push(Mark::Text(label));
        }
    }

    /// A piece of a line that ends in a point.
    pub fn arrow(&mut self, from: Point, to: Point, width: f64, color: Rgb) {
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let length = libm::hypot(dx, dy);
        if length < 1.0 {
            return;
        }
        let (ux, uy) = (dx / length, dy / length);
        let head = 7.0_f64.min(length);
        let base = at(to.x - ux * head, to.y - uy * head);
        self.line(from, base, width, color);
        let half = head * 0.42;
        self.polygon(
            vec![to, at(base.x - uy * half, base.y + ux * half), at(base.x + uy * half, base.y - ux * half)],
            color,
        );
    }
}
