//! Location hints: the regions that a caller may ask for, and the place that stands for each.
//!
//! To add one: a row; the word is Cloudflare's, the place an assumption (durable-objects/reference/data-location and its
//! changelog of 2026-06-19; d1/configuration/data-location, read 2026-11).

use crate::model::Location;
use crate::scenario::section::Section;
use crate::scenario::tree::{Node, Value};
use crate::scenario::values::Word;

use super::places::Places;

/// The hints that D1 takes, too, come first.
const HINTS: [Word<&str>; 11] = [
    ("wnam", "SJC", "Western North America."),
    ("enam", "IAD", "Eastern North America."),
    ("weur", "LHR", "Western Europe."),
    ("eeur", "WAW", "Eastern Europe."),
    ("apac", "SIN", "Asia-Pacific."),
    ("oc", "SYD", "Oceania."),
    ("apac-ne", "NRT", "Asia-Pacific, north-east."),
    ("apac-se", "SIN", "Asia-Pacific, south-east."),
    ("sam", "GRU", "South America."),
    ("afr", "JNB", "Africa."),
    ("me", "DXB", "Middle East."),
];
const D1_HINTS: usize = 6;

/// What takes hints.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hinted {
    Database,
    Object,
}

/// The place that a hint stands for, where one is given.
pub(super) fn location_hint(s: &mut Section<'_>, places: &Places, hinted: Hinted) -> Option<Location> {
    let (words, doc) = match hinted {
        Hinted::Database => (&HINTS[..D1_HINTS], "The region of the primary, instead of its place."),
        Hinted::Object => (&HINTS[..], "The region where every object is placed, instead of a place."),
    };
    let code = s
        .field("location_hint", doc)
        .assumed("Cloudflare follows a hint as well as it can, and publishes no cities")
        .word_if_any(words)?;
    let node = Node { place: s.place_of("location_hint"), value: Value::Text(code.into()) };
    places.locate(s.desk, "location_hint", &node)
}
