//! `run --history`: the whole history of each store in replication 0, written where `judge` and other checkers read it.

use std::path::{Path, PathBuf};

use clap::Args;
use consistency_sim::report::write::write_file;
use consistency_sim::run::{RecordError, Recording};
use consistency_sim::scenario::Scenario;

use super::{Failure, Result, Terminal};

/// What to keep of what happened.
#[derive(Args)]
pub struct HistoryOptions {
    /// Write every operation of replication 0 to this file: as JSON lines (.jsonl), or as Jepsen EDN (.edn).
    ///
    /// Where there are several stores or scenarios, each has a file of its own, with its name before the ending.
    #[arg(long = "history", value_name = "FILE")]
    file: Option<PathBuf>,
    /// The most operations that a history may have; a longer one is refused, because half of it would be judged wrongly.
    #[arg(long = "history-max", value_name = "N", default_value_t = 1_000_000)]
    most: usize,
}

/// The two forms in which histories are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Jsonl,
    Edn,
}

impl HistoryOptions {
    /// Whether the file's ending says in which form it is to be written; before anything runs.
    pub fn validate(&self) -> Result<()> {
        self.file.as_deref().map_or(Ok(()), |file| form(file).map(|_| ()))
    }

    /// Writes a file for each store. `several` says that other scenarios write theirs beside.
    pub fn write(&self, terminal: &Terminal, scenario: &Scenario, several: bool) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let form = form(file)?;
        for (place, store) in scenario.stores.iter().enumerate() {
            let recording = Recording::new(scenario, place, self.most).map_err(|error| Failure::Other {
                message: self.refusal(&scenario.name, &store.name, &error),
                input: true,
            })?;
            let mut names = Vec::new();
            names.extend(several.then_some(scenario.name.as_str()));
            names.extend((scenario.stores.len() > 1).then_some(store.name.as_str()));
            let path = with_names(file, &names);
            let mut bytes = Vec::new();
            let written = match form {
                Form::Jsonl => recording.write_jsonl(&mut bytes),
                Form::Edn => recording.write_edn(&mut bytes),
            };
            written.and_then(|()| write_file(&path, &bytes)).map_err(|error| Failure::Other {
                message: format!("cannot write the history: {error}"),
                input: false,
            })?;
            terminal.remark(&format!(
                "{}: the history of {}, {} operations, in {}",
                scenario.name,
                store.name,
                recording.operations(),
                path.display()
            ));
        }
        Ok(())
    }

    fn refusal(&self, scenario: &str, store: &str, error: &RecordError) -> String {
        match error {
            RecordError::Trace(error) => format!("{scenario}: {error}"),
            RecordError::TooLong { bound } => format!(
                "the history of `{store}` in {scenario} has more than {bound} operations or notes: raise --history-max, \
                 or shorten the run, as in --set 'duration=1 min'"
            ),
        }
    }
}

fn form(file: &Path) -> Result<Form> {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("jsonl") => Ok(Form::Jsonl),
        Some("edn") => Ok(Form::Edn),
        _ => Err(Failure::Other {
            message: format!("--history {}: the file must end in .jsonl or .edn", file.display()),
            input: true,
        }),
    }
}

/// The path with names before its ending: `h.edn` becomes `h.kv.edn`.
fn with_names(file: &Path, names: &[&str]) -> PathBuf {
    let ending = file.extension().map_or_else(String::new, |ending| ending.to_string_lossy().into_owned());
    let added: String = names.iter().map(|name| format!("{name}.")).collect();
    file.with_extension(format!("{added}{ending}"))
}

#[cfg(test)]
mod tests {
    use super::with_names;
    use std::path::Path;

    #[test]
    fn names_come_before_the_ending() {
        assert_eq!(with_names(Path::new("a/h.edn"), &["kv"]), Path::new("a/h.kv.edn"));
        assert_eq!(with_names(Path::new("h.jsonl"), &["sale", "d1"]), Path::new("h.sale.d1.jsonl"));
        assert_eq!(with_names(Path::new("h.edn"), &[]), Path::new("h.edn"));
    }
}
