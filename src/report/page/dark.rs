//! How charts look on dark paper: a counterpart for each of their colours, as rules of a style sheet.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::report::charts::scene::{Area, Label, Mark, Point, Scene};
use crate::report::charts::theme::{self, Rgb, mix};

/// The page's paper in the dark; `page.css` has the same.
pub const PAPER: Rgb = Rgb(0x14, 0x18, 0x1F);
const INK: Rgb = Rgb(0xE6, 0xE9, 0xEF);
const WHITE: Rgb = Rgb(255, 255, 255);

/// The counterpart of a colour. Greys change places with the paper's; other colours stay what they are, but for those
/// that would be too dark to be read as text (4.5 to 1), which become lighter until they are not.
pub fn dark(color: Rgb) -> Rgb {
    match color {
        theme::PAPER => PAPER,
        theme::INK => INK,
        theme::GREY => Rgb(0x9A, 0xA4, 0xB4),
        theme::GRID => Rgb(0x2B, 0x32, 0x3D),
        Rgb(r, g, b) if r.max(g).max(b) - r.min(g).min(b) <= 24 => {
            let light = (f64::from(r) + f64::from(g) + f64::from(b)) / 765.0;
            mix(PAPER, INK, 1.0 - light)
        }
        _ => {
            let lighter = (0..=20).map(|step| mix(color, WHITE, f64::from(step) / 20.0));
            lighter.into_iter().find(|lighter| contrast(*lighter, PAPER) >= 4.5).unwrap_or(WHITE)
        }
    }
}

/// The contrast of two colours, from 1 to 21, as the Web Content Accessibility Guidelines define it.
pub fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(Rgb(red, green, blue): Rgb) -> f64 {
    let linear = |part: u8| {
        let part = f64::from(part) / 255.0;
        if part <= 0.03928 { part / 12.92 } else { libm::pow((part + 0.055) / 1.055, 2.4) }
    };
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

/// As in `#D55E00`.
pub fn hex(Rgb(red, green, blue): Rgb) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

/// The class of a text that lies on a coloured area: which of paper and ink is read there, once the area has its dark
/// counterpart; `None` where it lies on paper, and changes as the paper does.
pub fn class_on_color(scene: &Scene, label: &Label) -> Option<&'static str> {
    let below = background(scene, label);
    let grey = |Rgb(r, g, b): Rgb| r.max(g).max(b) - r.min(g).min(b) <= 24;
    if grey(below) {
        return None;
    }
    let below = dark(below);
    Some(if contrast(INK, below) >= contrast(PAPER, below) { "on-deep" } else { "on-bright" })
}

/// The colour of the topmost area below a text's middle.
fn background(scene: &Scene, label: &Label) -> Rgb {
    let Area { left, top, right, bottom } = label.area();
    let middle = Point { x: (left + right) / 2.0, y: (top + bottom) / 2.0 };
    let before = scene.marks.iter().take_while(|mark| !matches!(mark, Mark::Text(other) if std::ptr::eq(other, label)));
    let color = |mark: &Mark| match mark {
        Mark::Rectangle { area, color } => (area.distance(middle) == 0.0).then_some(*color),
        Mark::Disc { center, radius, color } => {
            (libm::hypot(center.x - middle.x, center.y - middle.y) <= *radius).then_some(*color)
        }
        _ => None,
    };
    before.filter_map(color).last().unwrap_or(theme::PAPER)
}

/// Every colour of the scenes.
pub fn colors<'a>(scenes: impl Iterator<Item = &'a Scene>) -> Vec<Rgb> {
    let of = |mark: &Mark| match mark {
        Mark::Rectangle { color, .. }
        | Mark::Path { color, .. }
        | Mark::Polygon { color, .. }
        | Mark::Disc { color, .. } => *color,
        Mark::Text(label) => label.color,
    };
    let all: BTreeSet<(u8, u8, u8)> = scenes.flat_map(|scene| &scene.marks).map(|mark| of(mark).parts()).collect();
    all.into_iter().map(|(red, green, blue)| Rgb(red, green, blue)).collect()
}

/// The rules for these colours; browsers that know no `light-dark` leave the charts light.
pub fn rules(colors: &[Rgb]) -> String {
    let mut rules = String::from("@supports (color: light-dark(#000, #fff)) {\n");
    for color in colors {
        let (light, dark) = (hex(*color), hex(dark(*color)));
        // Writing into a string cannot fail.
        let _ = writeln!(rules, ".chart [fill=\"{light}\"] {{ fill: light-dark({light}, {dark}); }}");
        let _ = writeln!(rules, ".chart [stroke=\"{light}\"] {{ stroke: light-dark({light}, {dark}); }}");
        for (class, text) in [("on-deep", INK), ("on-bright", PAPER)] {
            let text = hex(text);
            let _ = writeln!(rules, ".chart .{class}[fill=\"{light}\"] {{ fill: light-dark({light}, {text}); }}");
        }
    }
    rules + "}\n"
}
