//! `compare`: judges every store of a scenario on the same reads and writes, recommends one, and says what would change that.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use consistency_sim::advise::{self, Search, defaults};
use consistency_sim::report;
use consistency_sim::run::{self, Outcome, Prefer};
use consistency_sim::scenario::{self, Override, Scenario};

use super::exports::{self, Format};
use super::folder::COPY;
use super::progress::Progress;
use super::selection::{Selection, in_folder};
use super::{Done, Failure, Result, Terminal};

/// Say which store to take, why, and what would change the answer.
///
/// Every store meets the same reads and writes, and every promise of the scenario is judged; where there is none, the
/// usual promises for the workload are, and the output says so. Of the stores that keep all promises, the cheapest is
/// recommended. Then the scenario is varied until another store is: rates, clients, locations, caches, bounds.
///
/// A folder is a matrix: every scenario in it against every store. Exit code 10: in some scenario no store keeps all
/// promises.
#[derive(Args, Debug)]
pub struct Compare {
    /// Scenario files, or folders of them.
    #[arg(value_name = "SCENARIO", required = true)]
    scenarios: Vec<PathBuf>,
    #[command(flatten)]
    selection: Selection,
    /// What decides between stores that keep all promises.
    #[arg(long, value_name = "WHAT", default_value = "cheapest")]
    prefer: Preference,
    /// Do not search for what changes the answer, beyond the promises' own bounds.
    #[arg(long)]
    no_search: bool,
    /// Millions of operations that the search may simulate for each scenario.
    #[arg(long, value_name = "MILLIONS", default_value_t = 20)]
    effort: u32,
    /// Where the files are written, in a folder for each scenario.
    #[arg(long, value_name = "DIR", default_value = "output")]
    out: PathBuf,
    /// What is printed.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
    /// Also write all results into this file: .xml is JUnit, .md Markdown, .json and .csv data. May be repeated.
    #[arg(long = "export", value_name = "FILE")]
    exports: Vec<PathBuf>,
    /// How many threads; 0: as many as there are processors. The results are the same.
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// Exit with 0 even where no store keeps all promises.
    #[arg(long)]
    exit_zero: bool,
    /// Write no charts.
    #[arg(long)]
    no_charts: bool,
}

/// What decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Preference {
    /// The lowest monthly cost; equal costs: the lower median read latency.
    Cheapest,
    /// The lowest median latency, of reads (of writes, where a store never reads); equal latencies: the lower cost.
    Nearest,
}

impl Preference {
    /// As the library has it.
    pub fn prefer(self) -> Prefer {
        match self {
            Preference::Cheapest => Prefer::Cheapest,
            Preference::Nearest => Prefer::Nearest,
        }
    }
}

impl Compare {
    /// Compares all scenarios, prints each as it is done, and the matrix where a folder was named.
    pub fn run(&self, terminal: &Terminal) -> Result<Done> {
        exports::check(&self.exports)?;
        let (files, folder) = self.files()?;
        let scenarios = self.selection.load(terminal, &files)?;
        let mut outcomes = Vec::new();
        for (file, scenario) in files.iter().zip(scenarios) {
            let outcome = self.compare(terminal, file, scenario)?;
            if folder.is_none() || self.format != Format::Human {
                terminal.print(&exports::printed(self.format, &outcome, file, terminal, false))?;
            }
            outcomes.push(outcome);
        }
        if let Some(folder) = folder {
            self.write_matrix(terminal, &folder, &outcomes)?;
        }
        exports::write(&self.exports, &outcomes, false)?;
        let undecided = |outcome: &Outcome| outcome.advice.as_ref().is_none_or(|advice| advice.store().is_none());
        Ok(if !self.exit_zero && outcomes.iter().any(undecided) { Done::Broken } else { Done::Kept })
    }

    /// The files, and the folder where one was named.
    fn files(&self) -> Result<(Vec<PathBuf>, Option<PathBuf>)> {
        let (mut files, mut named) = (Vec::new(), None);
        for path in &self.scenarios {
            if !path.is_dir() {
                files.push(path.clone());
                continue;
            }
            let failure = |why: String| Failure::Other { message: format!("{}: {why}", path.display()), input: true };
            let inside = in_folder(path).map_err(|error| failure(error.to_string()))?;
            if inside.is_empty() {
                return Err(failure("the folder holds no .toml file".into()));
            }
            files.extend(inside);
            named = Some(path.clone());
        }
        Ok((files, named))
    }

    fn compare(&self, terminal: &Terminal, file: &Path, mut scenario: Scenario) -> Result<Outcome> {
        let prefer = self.prefer.prefer();
        let usual = defaults::complete(&mut scenario);
        let mut command = self.selection.command("compare", file);
        if prefer == Prefer::Nearest {
            command += " --prefer nearest";
        }
        let options = run::Options { threads: self.threads, command };
        let progress = Progress::new(&scenario.name);
        let outcome = run::run(&scenario, &options, &progress);
        let (operations, time) = progress.finish();
        let mut outcome = outcome.map_err(|error| terminal.failed(error))?;
        advise::advise(&mut outcome, prefer, usual);
        if !self.no_search {
            self.search(terminal, file, &mut outcome, &options, prefer).map_err(|error| terminal.failed(error))?;
        }
        let folder = self.out.join(&scenario.name);
        let written = scenario::text_with(file, &self.selection.overrides())
            .and_then(|text| {
                let copy = report::File { path: COPY.to_string(), bytes: text.into_bytes() };
                report::write_with(&self.out, &outcome, !self.no_charts, self.threads, vec![copy])
            })
            .map_err(|error| exports::cannot_write(&folder, &error))?;
        progress.tell_serial(terminal, &scenario.name, self.threads, outcome.scenario.replications);
        terminal.remark(&format!(
            "{}: {} operations in {:.1} s; {} files in {}",
            scenario.name,
            report::figures::grouped(operations),
            time.as_secs_f64(),
            written.len(),
            folder.display()
        ));
        Ok(outcome)
    }

    fn search(
        &self,
        terminal: &Terminal,
        file: &Path,
        outcome: &mut Outcome,
        options: &run::Options,
        prefer: Prefer,
    ) -> std::result::Result<(), run::RunError> {
        let variant = |overrides: &[Override]| {
            let mut scenario = self.selection.load_one(file, overrides).ok()?;
            defaults::complete(&mut scenario);
            Some(scenario)
        };
        let name = outcome.scenario.name.clone();
        let search = Search {
            prefer,
            variant: &variant,
            options,
            operations: u64::from(self.effort) * 1_000_000,
            watch: &|what: &str| terminal.passing(&format!("{name}: what if there were other {what}?")),
        };
        let found = advise::boundaries(outcome, &search);
        terminal.passing("");
        found
    }

    fn write_matrix(&self, terminal: &Terminal, folder: &Path, outcomes: &[Outcome]) -> Result<()> {
        let name = folder.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_owned()));
        let place = self.out.join(name.unwrap_or_else(|| "matrix".into()));
        let files = report::guidance::files(outcomes, !self.no_charts);
        let written = report::write_files(&place, files).map_err(|error| exports::cannot_write(&place, &error))?;
        match self.format {
            Format::Human => terminal.print(&report::guidance::human(outcomes, terminal.width()))?,
            Format::Markdown => terminal.print(&report::guidance::markdown(outcomes))?,
            Format::Json | Format::Github => {}
        }
        terminal.remark(&format!("{} files in {}", written.len(), place.display()));
        Ok(())
    }
}
