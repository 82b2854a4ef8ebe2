//! `run`: runs scenarios, writes their files and prints the comparison of their stores.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use consistency_sim::report;
use consistency_sim::run::{self, Outcome};
use consistency_sim::scenario::{self, Scenario};

use super::exports::{self, Format};
use super::folder::COPY;
use super::history::HistoryOptions;
use super::progress::Progress;
use super::selection::{Selection, in_folder};
use super::{Done, Failure, Result, Terminal};

/// Run scenarios and compare their stores.
///
/// Every store meets the same reads and writes. The comparison is printed; figures and charts are written to a folder for
/// each scenario.
#[derive(Args)]
pub struct Run {
    /// Scenario files. Without any, every scenarios/*.toml.
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
    #[command(flatten)]
    selection: Selection,
    /// Repeat the run until the interval is this narrow: half its width as a share of the value, as in 5%.
    ///
    /// It is the interval of the first promise's metric, or of stale reads, and the widest of all stores.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    until_interval: Option<f64>,
    /// With --until-interval: the most repetitions.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    replications_max: u32,
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
    #[command(flatten)]
    history: HistoryOptions,
    /// Only check that every figure is the same on one thread and on all, in any order; write no files.
    ///
    /// Everything is simulated twice, the second time on all threads and in a shuffled order. The first figure that
    /// differs is named, with its store and replication, and the first operation that went otherwise.
    #[arg(long, conflicts_with_all = ["until_interval", "exports", "file", "deny"])]
    check_determinism: bool,
    /// Exit with 11 if this happens; a broken promise, which exits with 10, comes first. May be repeated.
    #[arg(long, value_name = "WHAT")]
    deny: Vec<Denied>,
    /// Exit with 0 even if a promise is broken, or something happens that --deny names.
    #[arg(long)]
    exit_zero: bool,
    /// Write no charts.
    #[arg(long)]
    no_charts: bool,
}

/// What a run must not meet.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Denied {
    /// A store violates a limit of the platform; refusals that come from a fault are none.
    Limits,
}

impl Run {
    /// Reads all scenarios first, so that nothing runs where one of them is wrong.
    pub fn run(&self, terminal: &Terminal) -> Result<Done> {
        self.history.validate()?;
        exports::check(&self.exports)?;
        let files = if self.scenarios.is_empty() { every_scenario()? } else { self.scenarios.clone() };
        let scenarios = self.selection.load(terminal, &files)?;
        if self.check_determinism {
            scenarios.iter().try_for_each(|scenario| self.repeat(terminal, scenario))?;
            return Ok(Done::Kept);
        }
        let mut done = Done::Kept;
        let mut outcomes = Vec::new();
        for (file, scenario) in files.iter().zip(&scenarios) {
            let outcome = self.simulate(terminal, file, scenario)?;
            self.history.write(terminal, scenario, scenarios.len() > 1)?;
            if !self.exit_zero && outcome.stores.iter().any(|store| store.promises.iter().any(|promise| !promise.met)) {
                done = Done::Broken;
            }
            let violated = self.denies_limits() && tell_violations(terminal, &outcome);
            if violated && !self.exit_zero && done == Done::Kept {
                done = Done::Violated;
            }
            // Outcomes are kept only where they are needed again: they hold every replication's figures.
            if !self.exports.is_empty() {
                outcomes.push(outcome);
            }
        }
        exports::write(&self.exports, &outcomes, self.denies_limits())?;
        Ok(done)
    }

    fn denies_limits(&self) -> bool {
        self.deny.contains(&Denied::Limits)
    }

    /// Simulates everything twice; a difference is a fault of the program.
    fn repeat(&self, terminal: &Terminal, scenario: &Scenario) -> Result<()> {
        let checked = run::determinism::check(scenario, self.threads);
        let (units, found) = checked.map_err(|error| terminal.failed(error))?;
        let Some(run::determinism::Difference { unit, figure, begins }) = found else {
            let line = format!("{}: deterministic: {units} units, each twice, give the same figures", scenario.name);
            return terminal.print(&line);
        };
        let mut message = format!(
            "{}: NOT deterministic: store {}, replication {}, share {} of {} of its groups: {figure}",
            scenario.name, scenario.stores[unit.store].name, unit.replication, unit.share, unit.shares
        );
        let _ = match begins {
            None => write!(
                message,
                "\nNothing differed when the unit was simulated twice more, event by event and key by key."
            ),
            Some(begins) => write!(message, "\nIt begins {begins}"),
        };
        Err(Failure::Other { message, input: false })
    }

    fn simulate(&self, terminal: &Terminal, file: &Path, scenario: &Scenario) -> Result<Outcome> {
        let progress = Progress::new(&scenario.name);
        let mut command = self.selection.command("run", file);
        if let Some(relative) = self.until_interval {
            let _ =
                write!(command, " --until-interval {}% --replications-max {}", relative * 100.0, self.replications_max);
        }
        let options = run::Options { threads: self.threads, command };
        let outcome = match self.until_interval {
            None => run::run(scenario, &options, &progress).map(|outcome| (outcome, None)),
            Some(relative) => {
                let until = run::Until { relative, replications_max: self.replications_max };
                run::run_until(scenario, &options, until, &progress).map(|(outcome, reached)| (outcome, Some(reached)))
            }
        };
        let (operations, time) = progress.finish();
        let (outcome, reached) = outcome.map_err(|error| terminal.failed(error))?;
        let folder = self.out.join(&scenario.name);
        let failed = |error: std::io::Error| Failure::Other {
            message: format!("cannot write to {}: {error}", folder.display()),
            input: false,
        };
        // With its text the run can be looked into later, wherever the scenario is then.
        let text = scenario::text_with(file, &self.selection.overrides()).map_err(failed)?;
        let copy = report::File { path: COPY.to_string(), bytes: text.into_bytes() };
        let written =
            report::write_with(&self.out, &outcome, !self.no_charts, self.threads, vec![copy]).map_err(failed)?;
        terminal.print(&exports::printed(self.format, &outcome, file, terminal, self.denies_limits()))?;
        progress.tell_serial(terminal, &scenario.name, self.threads, outcome.scenario.replications);
        if let (Some(reached), Some(wanted)) = (reached, self.until_interval) {
            terminal.remark(&format!("{}: {}", scenario.name, told(&reached, wanted)));
        }
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
}

/// Says which limits of the platform were violated, a line for each store and rule; whether there were any.
fn tell_violations(terminal: &Terminal, outcome: &Outcome) -> bool {
    let mut any = false;
    for store in &outcome.stores {
        for limit in report::limits::deniable(outcome, store) {
            any = true;
            let told = report::limits::sentence(&limit);
            terminal.remark(&format!("{}: denied: {}: {told}", outcome.scenario.name, store.name));
        }
    }
    any
}

/// How far the wish for a narrow interval came.
fn told(reached: &run::Reached, wanted: f64) -> String {
    let percent = |share: f64| format!("{:.3} %", share * 100.0);
    let width = reached.relative.map_or_else(|| "not known".to_string(), |relative| format!("±{}", percent(relative)));
    let sign = if reached.reached { "reached" } else { "NOT reached" };
    let remedy = if reached.reached { "" } else { "; raise --replications-max, or lengthen the run" };
    format!(
        "±{} of {} {sign}: {width} after {} replications{remedy}",
        percent(wanted),
        reached.metric.name(),
        reached.replications
    )
}

/// A share above zero and below one, as in `5%`, `5 %` or `0.05`.
fn share(text: &str) -> std::result::Result<f64, String> {
    let (number, scale) = match text.trim().strip_suffix('%') {
        Some(number) => (number.trim(), 0.01),
        None => (text.trim(), 1.0),
    };
    let share = number.parse::<f64>().map(|number| number * scale);
    share.ok().filter(|share| *share > 0.0 && *share < 1.0).ok_or_else(|| "write a share, as in 5%".to_string())
}

/// The scenarios of the folder that is called so.
fn every_scenario() -> Result<Vec<PathBuf>> {
    let failure = |why: String| Failure::Other { message: format!("no scenario is named, and {why}"), input: true };
    let files =
        in_folder(Path::new("scenarios")).map_err(|_| failure("there is no folder called scenarios here".into()))?;
    if files.is_empty() { Err(failure("the folder scenarios holds no .toml file".into())) } else { Ok(files) }
}
