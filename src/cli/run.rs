//! `run`: runs scenarios, writes their files and prints the comparison of their stores.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use consistency_sim::report;
use consistency_sim::run::{self, Outcome};
use consistency_sim::scenario::{self, Override, Scenario};

use super::folder::COPY;
use super::progress::Progress;
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
    /// Run only the store with this name. May be repeated.
    #[arg(long = "store", value_name = "NAME")]
    stores: Vec<String>,
    /// Take another seed than the scenario's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Repeat the run this many times, with other chances each.
    #[arg(long, value_name = "N")]
    replications: Option<u64>,
    /// Set a field otherwise, as in --set workload.keys=500 or --set 'store.kv.cache_ttl=30 s'. May be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Where the files are written, in a folder for each scenario.
    #[arg(long, value_name = "DIR", default_value = "output")]
    out: PathBuf,
    /// What is printed.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
    /// How many threads; 0: as many as there are processors. The results are the same.
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// Exit with 0 even if a promise is broken.
    #[arg(long)]
    exit_zero: bool,
    /// Write no charts.
    #[arg(long)]
    no_charts: bool,
}

/// What is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for people.
    Human,
    /// The whole result as one JSON document for each scenario.
    Json,
    /// Markdown, for issues and pages.
    Markdown,
}

impl Run {
    /// Reads all scenarios first, so that nothing runs where one of them is wrong.
    pub fn run(&self, terminal: &Terminal) -> Result<Done> {
        let files = if self.scenarios.is_empty() { every_scenario()? } else { self.scenarios.clone() };
        let scenarios = self.load(terminal, &files)?;
        let mut done = Done::Kept;
        for (file, scenario) in files.iter().zip(&scenarios) {
            let outcome = self.simulate(terminal, file, scenario)?;
            if !self.exit_zero && outcome.stores.iter().any(|store| store.promises.iter().any(|promise| !promise.met)) {
                done = Done::Broken;
            }
        }
        Ok(done)
    }

    fn load(&self, terminal: &Terminal, files: &[PathBuf]) -> Result<Vec<Scenario>> {
        let overrides = self.overrides();
        let mut scenarios: Vec<Scenario> = Vec::new();
        let mut wrong = false;
        for file in files {
            let loaded = scenario::load_with(file, &overrides)
                .and_then(|mut scenario| scenario.keep_stores(&self.stores, "--store").map(|()| scenario));
            match loaded {
                Ok(scenario) => scenarios.push(scenario),
                Err(diagnostics) => {
                    terminal.diagnose(&diagnostics);
                    wrong = true;
                }
            }
        }
        if wrong {
            return Err(Failure::Input);
        }
        for (number, scenario) in scenarios.iter().enumerate() {
            if let Some(other) = scenarios[..number].iter().position(|other| other.name == scenario.name) {
                let (one, other) = (files[other].display(), files[number].display());
                let message =
                    format!("{one} and {other} are both called `{}` and would write the same files", scenario.name);
                return Err(Failure::Other { message, input: true });
            }
        }
        Ok(scenarios)
    }

    fn overrides(&self) -> Vec<Override> {
        let mut overrides: Vec<Override> = self.set.iter().map(Override::set).collect();
        let numbers = [("seed", self.seed), ("replications", self.replications)];
        for (key, number) in numbers {
            let one = number.map(|number| Override { option: format!("--{key}"), text: format!("{key}={number}") });
            overrides.extend(one);
        }
        overrides
    }

    fn simulate(&self, terminal: &Terminal, file: &Path, scenario: &Scenario) -> Result<Outcome> {
        let progress = Progress::new(&scenario.name);
        let options = run::Options { threads: self.threads, command: self.command(file) };
        let outcome = run::run(scenario, &options, &progress);
        let (operations, time) = progress.finish();
        let outcome = outcome.map_err(|error| Failure::Other {
            message: format!("{}: {error}", file.display()),
            input: error.is_input(),
        })?;
        let folder = self.out.join(&scenario.name);
        let failed = |error: std::io::Error| Failure::Other {
            message: format!("cannot write to {}: {error}", folder.display()),
            input: false,
        };
        // With its text the run can be looked into later, wherever the scenario is then.
        let text = scenario::text_with(file, &self.overrides()).map_err(failed)?;
        let copy = report::File { path: COPY.to_string(), bytes: text.into_bytes() };
        let written = report::write_with(&self.out, &outcome, !self.no_charts, vec![copy]).map_err(failed)?;
        terminal.print(&match self.format {
            Format::Human => report::human(&outcome, terminal.width(), terminal.colors_output()),
            Format::Json => report::json(&outcome),
            Format::Markdown => report::markdown(&outcome),
        })?;
        terminal.remark(&format!(
            "{}: {operations} operations in {:.1} s; {} files in {}",
            scenario.name,
            time.as_secs_f64(),
            written.len(),
            folder.display()
        ));
        Ok(outcome)
    }

    /// The command that repeats the run: with whatever changes a figure, and nothing else.
    fn command(&self, file: &Path) -> String {
        let mut words = vec!["consistency-sim".to_string(), "run".to_string(), quoted(&file.display().to_string())];
        let mut option = |name: &str, value: &str| words.extend([name.to_string(), quoted(value)]);
        self.stores.iter().for_each(|store| option("--store", store));
        self.set.iter().for_each(|set| option("--set", set));
        self.seed.iter().for_each(|seed| option("--seed", &seed.to_string()));
        self.replications.iter().for_each(|number| option("--replications", &number.to_string()));
        words.join(" ")
    }
}

/// The scenarios of the folder that is called so.
fn every_scenario() -> Result<Vec<PathBuf>> {
    let failure = |why: String| Failure::Other { message: format!("no scenario is named, and {why}"), input: true };
    let folder =
        std::fs::read_dir("scenarios").map_err(|_| failure("there is no folder called scenarios here".into()))?;
    let mut files: Vec<PathBuf> = folder
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    // The order of a folder is the file system's; the order of the alphabet is the same everywhere.
    files.sort();
    if files.is_empty() { Err(failure("the folder scenarios holds no .toml file".into())) } else { Ok(files) }
}

/// A word as shells take it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_string();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn shells_take_the_words_as_they_are() {
        assert_eq!(quoted("store.kv.cache_ttl=30"), "store.kv.cache_ttl=30");
        assert_eq!(quoted("duration=1 min"), "'duration=1 min'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
