//! A run's folder, read back: its figures, and the scenario as it was run.

use std::fs;
use std::path::{Path, PathBuf};

use consistency_sim::advise::defaults;
use consistency_sim::model::MODEL;
use consistency_sim::report::chain::Other;
use consistency_sim::report::json::SCHEMA;
use consistency_sim::run::digest;
use consistency_sim::scenario::{self, Scenario};
use serde_json::Value;

use super::{Failure, Result, Terminal};

/// The file with the scenario as it was run.
pub const COPY: &str = "scenario.toml";

/// A folder that `run` or `compare` wrote.
pub struct Folder {
    pub path: PathBuf,
    /// `summary.json`.
    pub summary: Value,
}

impl Folder {
    /// Reads `summary.json`.
    pub fn open(path: &Path) -> Result<Folder> {
        let file = path.join("summary.json");
        let text = fs::read_to_string(&file).map_err(|error| {
            Failure::input(format!("{}: {error}; the folder of a run is needed, as in output/sessions", file.display()))
        })?;
        let summary: Value =
            serde_json::from_str(&text).map_err(|error| Failure::input(format!("{}: {error}", file.display())))?;
        match summary["schema"].as_str() {
            Some(SCHEMA) => Ok(Folder { path: path.to_path_buf(), summary }),
            Some(other) => {
                Err(Failure::input(format!("{} has the shape {other}, and {SCHEMA} is known here", file.display())))
            }
            None => Err(Failure::input(format!("{} is not the summary of a run", file.display()))),
        }
    }

    /// A file of the folder; empty where it is not there.
    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path.join(name)).unwrap_or_default()
    }

    /// The scenario as it was run; refused where it is not the one that the figures are of.
    pub fn scenario(&self, terminal: &Terminal) -> Result<Scenario> {
        let model = self.summary["model"].as_str().unwrap_or_default();
        if model != MODEL {
            return Err(Failure::input(format!(
                "{} was made by model {model}, and this is {MODEL}: run the scenario again",
                self.path.display()
            )));
        }
        let file = self.path.join(COPY);
        if !file.exists() {
            return Err(Failure::input(format!("{} is not there: run the scenario again", file.display())));
        }
        // A trace lies where the scenario lay.
        let command = self.summary["command"].as_str().unwrap_or_default();
        let origin = PathBuf::from(scenario_of(command));
        let folder = origin.parent().unwrap_or(Path::new(""));
        let mut scenario = scenario::load_beside(&file, folder, &[]).map_err(|diagnostics| {
            terminal.diagnose(&diagnostics);
            Failure::Input
        })?;
        let stores = self.summary["stores"].as_array().into_iter().flatten();
        let names: Vec<String> = stores.filter_map(|store| Some(store["name"].as_str()?.to_string())).collect();
        scenario.keep_stores(&names, "summary.json").map_err(|diagnostics| {
            terminal.diagnose(&diagnostics);
            Failure::Input
        })?;
        if self.summary.pointer("/recommendation/default_promises").and_then(Value::as_bool) == Some(true) {
            defaults::complete(&mut scenario);
        }
        if self.summary["scenario_digest"].as_str() != Some(&digest::of_scenario(&scenario)) {
            return Err(Failure::input(format!(
                "{} was changed after the run: what happened in it cannot be told any more",
                file.display()
            )));
        }
        Ok(scenario)
    }

    /// How the stores beside this one did.
    pub fn others(&self, store: &str) -> Vec<Other> {
        let word = |value: &Value| value.as_str().unwrap_or_default().to_string();
        let stores = self.summary["stores"].as_array().into_iter().flatten();
        let others = stores.filter(|other| other["name"].as_str() != Some(store));
        let sum = |store: &Value, field: &str| {
            let places = store["stale_by_location"].as_array().into_iter().flatten();
            places.filter_map(|place| place[field].as_u64()).sum()
        };
        others
            .map(|other| Other {
                name: word(&other["name"]),
                label: word(&other["label"]),
                stale: sum(other, "stale"),
                answered: sum(other, "answered"),
            })
            .collect()
    }
}

/// The scenario's path in the command that repeats a run: its third word, as shells read it.
fn scenario_of(command: &str) -> String {
    let Some(rest) = command.splitn(3, ' ').nth(2) else { return String::new() };
    let (mut word, mut quoted) = (String::new(), false);
    let mut letters = rest.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => quoted = !quoted,
            '\\' if !quoted => word.extend(letters.next()),
            ' ' if !quoted => break,
            letter => word.push(letter),
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use super::scenario_of;

    #[test]
    fn the_scenario_is_found_in_the_command() {
        assert_eq!(scenario_of("consistency-sim run a/b.toml --seed 1"), "a/b.toml");
        assert_eq!(scenario_of(r"consistency-sim run 'it'\''s here/b.toml' --seed 1"), "it's here/b.toml");
        assert_eq!(scenario_of("consistency-sim run"), "");
    }
}
