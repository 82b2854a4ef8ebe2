//! How charts look: sizes, colours, and the style of each store. Every chart takes these and none of its own.

use crate::run::Outcome;

/// Red, green, blue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    /// Its three parts, which can be ordered.
    pub fn parts(self) -> (u8, u8, u8) {
        (self.0, self.1, self.2)
    }
}

/// The width of every chart, in units of which one is one pixel of a screen.
pub const WIDTH: f64 = 900.0;
/// Between the picture's edge and what is in it.
pub const MARGIN: f64 = 24.0;

pub const PAPER: Rgb = Rgb(255, 255, 255);
pub const INK: Rgb = Rgb(31, 41, 55);
/// For subtitles, ticks and the footer: 4.8 to 1 on paper.
pub const GREY: Rgb = Rgb(107, 114, 128);
pub const AXIS: Rgb = Rgb(107, 114, 128);
pub const GRID: Rgb = Rgb(229, 231, 235);
/// For stale reads.
pub const ALARM: Rgb = Rgb(190, 18, 20);

pub const TITLE: f64 = 19.0;
pub const SUBTITLE: f64 = 13.0;
pub const LABEL: f64 = 13.0;
pub const TICK: f64 = 12.0;
pub const FOOTER: f64 = 11.0;
/// From one line of text to the next, in sizes of the text.
pub const LEADING: f64 = 1.35;

/// The lengths of strokes and gaps along a line; empty: unbroken.
pub type Dash = &'static [f64];

/// How a store is drawn.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Style {
    pub color: Rgb,
    pub dash: Dash,
}

const DASHES: [Dash; 6] =
    [&[], &[10.0, 4.0], &[2.5, 3.0], &[10.0, 3.0, 2.5, 3.0], &[18.0, 5.0], &[10.0, 3.0, 2.5, 3.0, 2.5, 3.0]];

/// The colour of a kind of store, and its place among the dashes. The first three are fixed for all charts of the
/// project; all are told apart by people with any common form of colour blindness.
fn kind_style(kind: &str) -> (Rgb, usize) {
    match kind {
        "kv" => (Rgb(0xD5, 0x5E, 0x00), 0),
        "d1" => (Rgb(0x00, 0x72, 0xB2), 1),
        "durable_object" => (Rgb(0x00, 0x9E, 0x73), 2),
        "cache_aside" => (Rgb(0xA0, 0x40, 0xE0), 3),
        "kv_through_object" => (Rgb(0x5C, 0x2A, 0x00), 4),
        "rate_limiting" => (Rgb(0x2B, 0x10, 0x45), 5),
        _ => (Rgb(0x55, 0x55, 0x55), 4),
    }
}

/// The style of a store: the colour of its kind; further stores of a kind are darker or lighter and dashed otherwise.
pub fn style(outcome: &Outcome, store: usize) -> Style {
    let kinds: Vec<&str> = outcome.stores.iter().map(|store| store.kind).collect();
    style_among(&kinds, store)
}

/// The same, from the kinds of all stores alone.
pub fn style_among(kinds: &[&str], store: usize) -> Style {
    let kind = kinds[store];
    let nth = kinds[..store].iter().filter(|other| **other == kind).count();
    let (color, dash) = kind_style(kind);
    let color = match nth % 4 {
        0 => color,
        1 => mix(color, Rgb(0, 0, 0), 0.42),
        2 => mix(color, PAPER, 0.28),
        _ => mix(color, Rgb(0, 0, 0), 0.68),
    };
    Style { color, dash: DASHES[(dash + nth) % DASHES.len()] }
}

/// The style of the store with this name.
pub fn style_of(outcome: &Outcome, name: &str) -> Style {
    let place = outcome.stores.iter().position(|store| store.name == name);
    place.map_or(Style { color: GREY, dash: &[] }, |place| style(outcome, place))
}

/// The words for the store with this name.
pub fn label_of<'a>(outcome: &'a Outcome, name: &'a str) -> &'a str {
    outcome.stores.iter().find(|store| store.name == name).map_or(name, |store| &store.label)
}

/// The colours of versions in the space-time diagram; their names stand beside them.
pub const VERSIONS: [Rgb; 6] = [
    Rgb(0x9A, 0xA5, 0xB8),
    Rgb(0x3B, 0x82, 0xF6),
    Rgb(0xE9, 0xA2, 0x3B),
    Rgb(0x2A, 0xA1, 0x98),
    Rgb(0x8B, 0x5C, 0xF6),
    Rgb(0x65, 0x6D, 0x4A),
];

/// A colour between two.
pub fn mix(color: Rgb, other: Rgb, share: f64) -> Rgb {
    let between = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share + 0.5) as u8;
    Rgb(between(color.0, other.0), between(color.1, other.1), between(color.2, other.2))
}
