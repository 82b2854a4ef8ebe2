//! `check`: validates scenarios and wrangler files without running them.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use consistency_sim::scenario::{self, Diagnostic, Override, Scenario, wrangler};

use super::selection::platform;
use super::terminal::counted_noun;
use super::{Done, Failure, Result, Terminal};

/// Validate scenarios, and the bindings of wrangler files, without running them.
#[derive(Args)]
pub struct Check {
    /// Scenarios; or wrangler.toml, wrangler.json, wrangler.jsonc.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Take the limits and prices of another version: a built-in one, as in brief-2026-01, or a file of your own.
    #[arg(long, value_name = "FILE")]
    platform: Option<PathBuf>,
    /// Set a field otherwise before validating, as in --set workload.keys=500. May be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Exit with 2 on warnings too: what goes wrong in practice in wrangler files, although nothing refuses it.
    #[arg(long, value_name = "WHAT", value_enum)]
    deny: Option<Deny>,
}

/// What makes a file fail the check although it can be run.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Deny {
    Warnings,
}

impl Check {
    /// Says of each file whether it is well.
    pub fn run(&self, terminal: &Terminal) -> Result<Done> {
        let overrides: Vec<Override> =
            self.set.iter().map(Override::set).chain(self.platform.as_deref().map(platform)).collect();
        let mut wrong = false;
        for file in &self.files {
            match check(file, &overrides) {
                Ok(words) => terminal.print(&format!("{}: ok ({words})", file.display()))?,
                Err(diagnostics) => {
                    terminal.diagnose(&diagnostics);
                    if self.deny.is_none() && diagnostics.iter().all(Diagnostic::is_warning) {
                        let warnings = counted_noun(diagnostics.len(), "warning");
                        terminal.print(&format!("{}: ok ({warnings})", file.display()))?;
                    } else {
                        wrong = true;
                    }
                }
            }
        }
        if wrong { Err(Failure::Input) } else { Ok(Done::Kept) }
    }
}

/// What is in a file, in a few words, or what is wrong with it.
fn check(file: &Path, overrides: &[Override]) -> std::result::Result<String, Vec<Diagnostic>> {
    if wrangler::is_wrangler(file) {
        return wrangler::lint(file);
    }
    let scenario = scenario::load_with(file, overrides)?;
    scenario::inspect_trace(&scenario)?;
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lints = wrangler::lint_named(&text, file.parent().unwrap_or(Path::new("")));
    if lints.is_empty() { Ok(summary(&scenario)) } else { Err(lints) }
}

/// A scenario in a few words.
fn summary(scenario: &Scenario) -> String {
    let stores: Vec<&str> = scenario.stores.iter().map(|store| store.name.as_str()).collect();
    format!(
        "{}, {}, {}, on {}, {}, {}",
        scenario.workload.word(),
        counted_noun(usize::from(scenario.network.edges), "edge"),
        scenario.duration,
        stores.join(", "),
        counted_noun(scenario.promises.len(), "promise"),
        counted_noun(usize::try_from(scenario.replications).unwrap_or(usize::MAX), "replication"),
    )
}
