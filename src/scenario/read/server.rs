//! What the readers of stores have in common: what they need to know of the rest of the scenario, and the queue in front of
//! a single server.

use crate::limits::Terms;
use crate::model::{Location, Span};
use crate::scenario::section::Section;
use crate::scenario::values::POSITIVE;

use super::places::Places;

/// What a store's reader needs to know of the rest of the scenario.
pub(in crate::scenario) struct Setting<'a> {
    pub places: &'a Places,
    pub central: Location,
    pub terms: &'a Terms,
}

/// The most requests in one queue, so that a queue fits in memory.
pub(super) const QUEUE_MOST: u32 = 10_000_000;

pub(super) const NOT_PUBLISHED: &str = "Cloudflare does not publish it";

pub(super) fn queue_limit(s: &mut Section<'_>) -> u32 {
    s.field("queue_limit", "How many requests may wait.").default(1000).assumed(NOT_PUBLISHED).count(0..=QUEUE_MOST)
}

pub(super) fn queue_timeout(s: &mut Section<'_>) -> Span {
    s.field("queue_timeout", "How long a request may wait.").default("5 s").assumed(NOT_PUBLISHED).span(POSITIVE)
}
