//! Where a scenario is read: its texts, and what was found in them.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use super::Assumption;
use super::codes;
use super::diagnostic::{Diagnostic, Fault};
use super::tree::{Node, Place};

/// A text that a scenario is made of: the file, or an option.
pub(super) struct Source {
    pub name: String,
    pub text: Arc<str>,
}

/// The reader's desk: the texts that are read, and what was found wrong in them.
pub(super) struct Desk {
    pub sources: Vec<Source>,
    pub diagnostics: RefCell<Vec<Diagnostic>>,
    pub assumptions: RefCell<Vec<Assumption>>,
    /// Nothing is read, the fields are only declared.
    pub describing: bool,
}

impl Desk {
    pub fn new(sources: Vec<Source>, describing: bool) -> Desk {
        Desk { sources, diagnostics: RefCell::default(), assumptions: RefCell::default(), describing }
    }

    /// Records a mistake at a place.
    pub fn report(&self, place: Place, fault: Fault) {
        if self.describing {
            return;
        }
        let source = &self.sources[place.source];
        let range = fault.within.clone().map_or(place.start..place.end, |within| self.inside(place, within));
        self.diagnostics.borrow_mut().push(Diagnostic {
            first_line: 1,
            code: fault.code,
            message: fault.message,
            file: source.name.clone(),
            source: source.text.clone(),
            span: Some(on_characters(&source.text, range)),
            label: fault.label,
            help: fault.help,
        });
    }

    /// Where a part of a text value stands: behind the quotation mark. Where the file has escapes, the whole value.
    fn inside(&self, place: Place, within: Range<usize>) -> Range<usize> {
        let written = self.sources[place.source].text.get(place.start..place.end).unwrap_or_default();
        let marks = if written.starts_with("\"\"\"") || written.starts_with("'''") || written.contains('\\') {
            return place.start..place.end;
        } else {
            usize::from(written.starts_with(['"', '\'']))
        };
        let (start, end) = (place.start + marks + within.start, place.start + marks + within.end);
        if end <= place.end { start..end } else { place.start..place.end }
    }

    /// Records that a field's value is of another type than the one expected.
    pub fn wrong_type(&self, key: &str, node: &Node, expected: &str, help: Option<String>) {
        let mut fault = Fault::new(codes::WRONG_TYPE, format!("`{key}` must be {expected}, not {}", node.value.noun()))
            .label(format!("expected {expected}"));
        fault.help.extend(help);
        self.report(node.place, fault);
    }

    /// Records a value that is an assumption, and why.
    pub fn assume(&self, field: String, value: String, why: &str) {
        if !self.describing {
            self.assumptions.borrow_mut().push(Assumption { field, value, why: why.to_string() });
        }
    }
}

/// The range, clamped to the text and widened to whole characters.
fn on_characters(text: &str, range: Range<usize>) -> Range<usize> {
    let floor = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let ceil =
        |at: usize| (at.min(text.len())..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let start = floor(range.start);
    start..ceil(range.end).max(start)
}
