//! `limits`: the figures and prices of a version of the platform, each with its source; or what changed between two versions.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use consistency_sim::limits::Platform;
use consistency_sim::limits::platform::NEWEST;
use consistency_sim::report;
use consistency_sim::scenario::{platform, platform_of, platforms};

use super::{Done, Failure, Result, Terminal};

/// Print the limits and prices of a version of the platform, with their sources.
///
/// With --diff: what changed between two versions.
#[derive(Args)]
pub struct Limits {
    /// The version: a built-in one, or a file of your own, as in mine.toml.
    #[arg(value_name = "VERSION", default_value = NEWEST)]
    version: String,
    /// The same as VERSION, as other commands take it.
    #[arg(long, value_name = "FILE", conflicts_with = "version")]
    platform: Option<PathBuf>,
    /// Only what is different in this other version, and there.
    #[arg(long, value_name = "VERSION")]
    diff: Option<String>,
}

impl Limits {
    /// Prints the figures, or the differences.
    pub fn run(&self, terminal: &Terminal) -> Result<Done> {
        let version = self.platform.as_ref().map_or(self.version.clone(), |file| file.display().to_string());
        let mine = known(terminal, &version)?;
        let text = match &self.diff {
            None => report::platform::text(&mine, &platforms()),
            Some(other) => report::platform::changed(&mine, known(terminal, other)?.as_ref()),
        };
        terminal.print(&text)?;
        Ok(Done::Kept)
    }
}

/// A built-in version, or one of the user's own, read from its file.
fn known(terminal: &Terminal, name: &str) -> Result<Arc<Platform>> {
    if let Some(platform) = platform(name) {
        return Ok(platform);
    }
    if !name.ends_with(".toml") {
        let all = platforms().join(", ");
        let why =
            format!("no version of the platform is called `{name}`; there are {all}, and files that end with .toml");
        return Err(Failure::input(why));
    }
    let text = std::fs::read_to_string(Path::new(name))
        .map_err(|error| Failure::input(format!("cannot read the platform file {name}: {error}")))?;
    platform_of(&text, name).map(Arc::new).map_err(|diagnostics| {
        terminal.diagnose(&diagnostics);
        Failure::Input
    })
}
