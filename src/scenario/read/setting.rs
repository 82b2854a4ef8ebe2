//! What the reader of a workload needs to know of the rest of the scenario.

use std::cell::Cell;
use std::path::Path;

use crate::limits::Terms;
use crate::model::Span;
use crate::scenario::tree::Place;

use super::places::Places;

/// What a workload's reader needs to know of the rest of the scenario.
pub(in crate::scenario) struct Setting<'a> {
    /// How many locations have clients.
    pub edges: u32,
    pub places: &'a Places,
    pub terms: &'a Terms,
    /// How long clients act.
    pub duration: Span,
    /// Where relative paths of traces start.
    pub folder: &'a Path,
    /// Where the scenario names a trace file.
    pub trace_place: Cell<Option<Place>>,
}
