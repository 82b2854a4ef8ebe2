//! `sweep`: runs a scenario at many points of one or two parameters, and draws what is found.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use consistency_sim::advise::{self, defaults, sweep};
use consistency_sim::model::MODEL;
use consistency_sim::report;
use consistency_sim::run;
use consistency_sim::scenario::{Override, Scenario};

use super::compare::Preference;
use super::exports::cannot_write;
use super::progress::Progress;
use super::selection::{Selection, quoted};
use super::{Done, Failure, Result, Terminal};

/// The most points of a sweep.
const POINTS_MOST: usize = 10_000;

/// Run a scenario at many points of one or two parameters: figures by one, decisions by two.
///
/// Each point is a comparison of all stores. A finished point is kept, so that --resume goes on where a sweep stopped.
/// --shards 4 --shard 1 runs every fourth point, on this machine or another; `merge` makes one sweep of all shards.
#[derive(Args, Debug)]
pub struct Sweep {
    /// The scenario file.
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// A field and its values: KEY=A,B,C or KEY=A..B:STEP or KEY=A..B:xFACTOR, as in edges=1..16:x2. Once or twice.
    #[arg(long = "vary", value_name = "KEY=VALUES", required = true)]
    vary: Vec<String>,
    #[command(flatten)]
    selection: Selection,
    /// What decides between stores that keep all promises.
    #[arg(long, value_name = "WHAT", default_value = "cheapest")]
    prefer: Preference,
    /// Take over the points that an earlier sweep finished.
    #[arg(long)]
    resume: bool,
    /// Divide the points into so many shards, and run one of them.
    #[arg(long, value_name = "N", requires = "shard", value_parser = clap::value_parser!(u32).range(1..))]
    shards: Option<u32>,
    /// Which shard: 1 to the number of shards.
    #[arg(long, value_name = "K", requires = "shards", value_parser = clap::value_parser!(u32).range(1..))]
    shard: Option<u32>,
    /// Where the files are written, in a folder for the scenario and the parameters.
    #[arg(long, value_name = "DIR", default_value = "output")]
    out: PathBuf,
    /// How many threads; 0: as many as there are processors. The results are the same.
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// Write no charts.
    #[arg(long)]
    no_charts: bool,
}

impl Sweep {
    /// Runs every point, keeping each as it is finished, then writes the files about all of them.
    pub fn run(&self, terminal: &Terminal) -> Result<Done> {
        let wrong = |message: String| Failure::Other { message, input: true };
        let axes: Vec<sweep::Axis> = self
            .vary
            .iter()
            .map(|text| sweep::Axis::parse(text))
            .collect::<std::result::Result<_, _>>()
            .map_err(wrong)?;
        if axes.len() > 2 {
            return Err(wrong("a sweep varies one or two parameters: give --vary once or twice".into()));
        }
        let points = sweep::points(&axes);
        if points.len() > POINTS_MOST {
            return Err(wrong(format!("{} points are too many: at most {POINTS_MOST}", points.len())));
        }
        let plain = self.load(terminal, &[])?;
        // All points are read before the first is run: nothing runs where one of them is wrong.
        let scenarios: Vec<Scenario> =
            points.iter().map(|point| self.load(terminal, &overrides(&axes, point))).collect::<Result<_>>()?;
        let folder = self.out.join(folder_name(&plain.name, &axes));
        let plan = sweep::Plan {
            name: plain.name.clone(),
            question: plain.question.clone(),
            workload: plain.workload.word().to_string(),
            seed: plain.seed,
            replications: plain.replications,
            command: self.command(),
            words: axes.iter().map(|axis| sweep::Words::of(&plain, &axis.key)).collect(),
            axes,
            digests: scenarios.iter().map(run::digest::of_scenario).collect(),
        };
        write_plan(&folder, &plan)?;
        let (shards, shard) = (self.shards.unwrap_or(1) as usize, self.shard.unwrap_or(1) as usize);
        if shard > shards {
            return Err(wrong(format!("there is no shard {shard} of {shards}")));
        }
        terminal.remark(&format!(
            "{}: {} points; each is kept when it is finished, and --resume goes on after Ctrl-C",
            plan.name,
            points.len()
        ));
        let mut cells = Vec::new();
        let mut told = false;
        for (number, (point, scenario)) in points.iter().zip(&scenarios).enumerate().skip(shard - 1).step_by(shards) {
            let progress = Progress::new(&format!("{} {}/{}", plan.name, number + 1, points.len()));
            cells.push(self.cell(terminal, &folder, scenario, plan.values(point), &progress)?);
            // Once is enough: the points have the same stores.
            told = told || progress.tell_serial(terminal, &plan.name, self.threads, scenario.replications);
        }
        if shards > 1 {
            terminal.print(&format!(
                "shard {shard} of {shards}: {} of {} points are in {}; consistency-sim merge DIR... makes one sweep of all shards",
                cells.len(),
                points.len(),
                folder.display()
            ))?;
            return Ok(Done::Kept);
        }
        conclude(terminal, &folder, &plan.finish(cells), !self.no_charts)?;
        Ok(Done::Kept)
    }

    fn load(&self, terminal: &Terminal, overrides: &[Override]) -> Result<Scenario> {
        let mut scenario = self.selection.load_one(&self.scenario, overrides).map_err(|diagnostics| {
            terminal.diagnose(&diagnostics);
            Failure::Input
        })?;
        defaults::complete(&mut scenario);
        Ok(scenario)
    }

    /// The cell of a point: from its file where the sweep is resumed and it was finished, else from a run.
    fn cell(
        &self,
        terminal: &Terminal,
        folder: &Path,
        scenario: &Scenario,
        values: Vec<String>,
        progress: &Progress,
    ) -> Result<sweep::Cell> {
        let digest = run::digest::of_scenario(scenario);
        let file = folder.join("points").join(format!("{digest}.json"));
        if self.resume
            && let Some(cell) = kept(&file)
            && cell.scenario_digest == digest
            && cell.model == MODEL
            && cell.prefer == self.prefer.prefer().word()
        {
            return Ok(sweep::Cell { values, ..cell });
        }
        let options = run::Options { threads: self.threads, command: self.command() };
        let outcome = run::run(scenario, &options, progress);
        progress.finish();
        let mut outcome = outcome.map_err(|error| terminal.failed(error))?;
        advise::advise(&mut outcome, self.prefer.prefer(), false);
        let cell = sweep::Cell::of(&outcome, values);
        let bytes = serde_json::to_vec(&cell).map_err(|error| cannot_write(&file, &io::Error::other(error)))?;
        report::write::write_file(&file, &bytes).map_err(|error| cannot_write(&file, &error))?;
        Ok(cell)
    }

    fn command(&self) -> String {
        let vary: Vec<String> = self.vary.iter().map(|vary| format!(" --vary {}", quoted(vary))).collect();
        let prefer = if self.prefer == Preference::Nearest { " --prefer nearest" } else { "" };
        format!("{}{prefer}{}", self.selection.command("sweep", &self.scenario), vary.concat())
    }
}

/// The file that says what a sweep is about.
pub const PLAN: &str = "sweep.json";

fn write_plan(folder: &Path, plan: &sweep::Plan) -> Result<()> {
    let file = folder.join(PLAN);
    let bytes = serde_json::to_vec_pretty(plan).map_err(|error| cannot_write(&file, &io::Error::other(error)))?;
    report::write::write_file(&file, &bytes).map_err(|error| cannot_write(&file, &error))
}

/// Writes the files about all points, and prints what was found.
pub fn conclude(terminal: &Terminal, folder: &Path, sweep: &sweep::Sweep, charts: bool) -> Result<()> {
    let written = report::write_files(folder, report::sweep::files(sweep, charts))
        .map_err(|error| cannot_write(folder, &error))?;
    terminal.print(&report::sweep::markdown(sweep))?;
    terminal.remark(&format!(
        "{}: {} points; {} files in {}",
        sweep.name,
        sweep.cells.len(),
        written.len(),
        folder.display()
    ));
    Ok(())
}

fn overrides(axes: &[sweep::Axis], point: &[usize]) -> Vec<Override> {
    axes.iter().zip(point).map(|(axis, value)| axis.with(*value)).collect()
}

/// A finished point; one that cannot be read is simulated again.
pub fn kept(file: &Path) -> Option<sweep::Cell> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}

/// The scenario and the fields that are varied, as a folder's name.
fn folder_name(scenario: &str, axes: &[sweep::Axis]) -> String {
    let plain = |key: &str| -> String {
        key.chars()
            .map(|letter| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '-' })
            .take(60)
            .collect()
    };
    let keys: Vec<String> = axes.iter().map(|axis| plain(&axis.key)).collect();
    format!("{scenario}-by-{}", keys.join("-and-"))
}
