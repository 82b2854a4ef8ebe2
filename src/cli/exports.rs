//! What commands print and export of their outcomes.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use consistency_sim::report;
use consistency_sim::run::Outcome;
use consistency_sim::scenario::promise_lines;

use super::{Failure, Result, Terminal};

/// What is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Format {
    /// A table for people.
    Human,
    /// The whole result as one JSON document for each scenario.
    Json,
    /// Markdown, for issues and pages.
    Markdown,
    /// Annotations of GitHub Actions, which point at the promises that are broken, and at limits that are violated.
    Github,
}

/// The outcome as it is printed.
pub fn printed(format: Format, outcome: &Outcome, file: &Path, terminal: &Terminal, deny_limits: bool) -> String {
    match format {
        Format::Human => report::human(outcome, terminal.width(), terminal.colors_output()),
        Format::Json => report::json(outcome),
        Format::Markdown => report::markdown(outcome),
        Format::Github => {
            // The file was just read as text; where it is gone meanwhile, the first line stands for all.
            let lines = std::fs::read_to_string(file).map(|text| promise_lines(&text)).unwrap_or_default();
            report::github(outcome, &file.display().to_string(), &lines, deny_limits)
        }
    }
}

/// Refuses names that say no form, before anything runs.
pub fn check(files: &[PathBuf]) -> Result<()> {
    for file in files {
        report::export(&[], &file.display().to_string(), false)
            .map_err(|message| Failure::Other { message, input: true })?;
    }
    Ok(())
}

/// Writes each export, whole or not at all.
pub fn write(files: &[PathBuf], outcomes: &[Outcome], deny_limits: bool) -> Result<()> {
    for file in files {
        let export = report::export(outcomes, &file.display().to_string(), deny_limits)
            .map_err(|message| Failure::Other { message, input: true })?;
        report::write::write_file(file, &export.bytes).map_err(|error| cannot_write(file, &error))?;
    }
    Ok(())
}

/// The failure to write somewhere.
pub fn cannot_write(place: &Path, error: &std::io::Error) -> Failure {
    Failure::Other { message: format!("cannot write to {}: {error}", place.display()), input: false }
}
