//! `diff`: what differs between two runs, from the files that they left.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use consistency_sim::report::diff::{self, Run};

use super::folder::Folder;
use super::{Done, Result, Terminal};

/// Say what differs between two runs.
///
/// Where both took the same seed, each replication of one is compared with the same replication of the other: both met
/// the same clients, so the difference is known better than either figure. Otherwise the runs are compared as independent.
#[derive(Args)]
pub struct Diff {
    /// The folder of a run, as in output/sessions.
    #[arg(value_name = "RUN_A")]
    before: PathBuf,
    /// The folder of the other run.
    #[arg(value_name = "RUN_B")]
    after: PathBuf,
    /// Show also what does not differ.
    #[arg(long)]
    all: bool,
    /// What is printed.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

/// What is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for people.
    Human,
    /// Markdown, for issues and pages.
    Markdown,
}

impl Diff {
    /// Compares.
    pub fn run(&self, terminal: &Terminal) -> Result<Done> {
        let read = |path: &PathBuf| -> Result<Run> {
            let folder = Folder::open(path)?;
            let replications = folder.text("replications.csv");
            Ok(Run::new(path.display().to_string(), folder.summary, &replications))
        };
        let difference = diff::diff(&read(&self.before)?, &read(&self.after)?);
        terminal.print(&match self.format {
            Format::Human => diff::human(&difference, self.all),
            Format::Markdown => diff::markdown(&difference, self.all),
        })?;
        Ok(Done::Kept)
    }
}
