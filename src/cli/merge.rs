//! `merge`: makes one sweep of its shards, wherever they were run.

use std::path::{Path, PathBuf};

use clap::Args;
use consistency_sim::advise::sweep;
use consistency_sim::model::MODEL;

use super::sweep::{PLAN, conclude, kept};
use super::{Done, Failure, Result, Terminal};

/// Make one sweep of its shards.
///
/// Reads the points that the shards finished, and writes the files that a sweep in one piece would have written, to the
/// byte. Exit code 3: points are missing; they are named.
#[derive(Args, Debug)]
pub struct Merge {
    /// The folders that `sweep --shard` wrote.
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    /// Where the files are written. Without it: into the first folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write no charts.
    #[arg(long)]
    no_charts: bool,
}

impl Merge {
    /// Reads all points and writes the files, or says what is missing.
    pub fn run(&self, terminal: &Terminal) -> Result<Done> {
        let plans: Vec<sweep::Plan> = self.folders.iter().map(|folder| plan(folder)).collect::<Result<_>>()?;
        let Some((first, others)) = plans.split_first() else { return Err(Failure::input("no folder is named")) };
        if let Some(n) = others.iter().position(|other| other != first) {
            return Err(Failure::input(format!(
                "{} and {} are not of one sweep",
                self.folders[0].display(),
                self.folders[n + 1].display()
            )));
        }
        let (mut cells, mut missing) = (Vec::new(), Vec::new());
        for (point, digest) in sweep::points(&first.axes).iter().zip(&first.digests) {
            let values = first.values(point);
            let name = format!("{digest}.json");
            let mut found = self.folders.iter().filter_map(|folder| kept(&folder.join("points").join(&name)));
            match found.find(|cell| cell.scenario_digest == *digest && cell.model == MODEL) {
                Some(cell) => cells.push(sweep::Cell { values, ..cell }),
                None => missing.push(values.join(", ")),
            }
        }
        if !missing.is_empty() {
            terminal.print(&format!(
                "{} of {} points are missing: {}",
                missing.len(),
                first.digests.len(),
                missing.join("; ")
            ))?;
            return Ok(Done::Undecided);
        }
        let out = self.out.as_ref().unwrap_or(&self.folders[0]);
        conclude(terminal, out, &first.clone().finish(cells), !self.no_charts)?;
        Ok(Done::Kept)
    }
}

fn plan(folder: &Path) -> Result<sweep::Plan> {
    let file = folder.join(PLAN);
    let failure = |why: String| Failure::input(format!("{}: {why}; the folder of a sweep is needed", file.display()));
    let text = std::fs::read_to_string(&file).map_err(|error| failure(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| failure(error.to_string()))
}
