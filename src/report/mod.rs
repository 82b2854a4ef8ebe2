//! Files that people open, each a pure function of the outcome.

use std::io;
use std::path::{Path, PathBuf};

use crate::run::Outcome;

/// Writes every file of a run into a folder and says which.
pub fn write(_: &Path, _: &Outcome, _: bool) -> io::Result<Vec<PathBuf>> {
    Ok(Vec::new())
}

/// The screen that decides.
pub fn human(outcome: &Outcome, _: usize, _: bool) -> String {
    outcome.scenario.name.clone()
}

/// The same as Markdown.
pub fn markdown(outcome: &Outcome) -> String {
    outcome.scenario.name.clone()
}

/// The whole outcome as one JSON document.
pub fn json(outcome: &Outcome) -> String {
    outcome.scenario.name.clone()
}
