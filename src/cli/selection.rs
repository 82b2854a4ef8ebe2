//! Which scenarios a command takes, and what it sets otherwise in them: arguments that several commands share.

use std::path::{Path, PathBuf};

use clap::Args;
use consistency_sim::scenario::{self, Override, Scenario};

use super::{Failure, Result, Terminal};

/// What is set otherwise than in the files.
#[derive(Args, Debug)]
pub struct Selection {
    /// Run only the store with this name. May be repeated.
    #[arg(long = "store", value_name = "NAME")]
    stores: Vec<String>,
    /// Take another seed than the scenario's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Repeat the run this many times, with other chances each.
    #[arg(long, value_name = "N")]
    replications: Option<u64>,
    /// Take the limits and prices of another version: a built-in one, as in brief-2026-01, or a file of your own.
    #[arg(long, value_name = "FILE")]
    pub platform: Option<PathBuf>,
    /// Set a field otherwise, as in --set workload.keys=500 or --set 'store.kv.cache_ttl=30 s'. May be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl Selection {
    /// Reads all files first, so that nothing runs where one of them is wrong.
    pub fn load(&self, terminal: &Terminal, files: &[PathBuf]) -> Result<Vec<Scenario>> {
        let mut scenarios: Vec<Scenario> = Vec::new();
        let mut wrong = false;
        for file in files {
            match self.load_one(file, &[]) {
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

    /// Reads one file, with further overrides.
    pub fn load_one(
        &self,
        file: &Path,
        further: &[Override],
    ) -> std::result::Result<Scenario, Vec<scenario::Diagnostic>> {
        let overrides: Vec<Override> = self.overrides().into_iter().chain(further.iter().cloned()).collect();
        let mut scenario = scenario::load_with(file, &overrides)?;
        scenario.keep_stores(&self.stores, "--store")?;
        Ok(scenario)
    }

    /// What the options set otherwise than the files.
    pub fn overrides(&self) -> Vec<Override> {
        let mut overrides: Vec<Override> = self.set.iter().map(Override::set).collect();
        let numbers = [("seed", self.seed), ("replications", self.replications)];
        for (key, number) in numbers {
            let one = number.map(|number| Override { option: format!("--{key}"), text: format!("{key}={number}") });
            overrides.extend(one);
        }
        overrides.extend(self.platform.as_deref().map(platform));
        overrides
    }

    /// The command that repeats what was done: with whatever changes a figure, and nothing else.
    pub fn command(&self, verb: &str, file: &Path) -> String {
        let mut words = vec!["consistency-sim".to_string(), verb.to_string(), quoted(&file.display().to_string())];
        let mut option = |name: &str, value: &str| words.extend([name.to_string(), quoted(value)]);
        self.stores.iter().for_each(|store| option("--store", store));
        self.platform.iter().for_each(|file| option("--platform", &file.display().to_string()));
        self.set.iter().for_each(|set| option("--set", set));
        self.seed.iter().for_each(|seed| option("--seed", &seed.to_string()));
        self.replications.iter().for_each(|number| option("--replications", &number.to_string()));
        words.join(" ")
    }
}

/// The override that names another version of the platform. Its path starts where the command runs, not at the scenario.
pub fn platform(file: &Path) -> Override {
    let word = file.display().to_string();
    let path = if word.ends_with(".toml") {
        std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf())
    } else {
        file.to_path_buf()
    };
    Override { option: "--platform".into(), text: format!("platform={}", path.display()) }
}

/// The scenarios of a folder, in the order of the alphabet, which is the same everywhere.
pub fn in_folder(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    Ok(files)
}

/// A word as shells take it.
pub fn quoted(word: &str) -> String {
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
