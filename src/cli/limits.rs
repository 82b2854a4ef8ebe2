//! `limits`: the figures of a version of the platform, each with its source; or what changed between two versions.

use std::sync::Arc;

use clap::Args;
use consistency_sim::limits::figure::written;
use consistency_sim::limits::platform::{Figure, NEWEST};
use consistency_sim::limits::{FigureId, Platform};
use consistency_sim::scenario::{platform, platforms};

use super::{Done, Failure, Result, Terminal};

/// Print the limits of a version of the platform, with their sources.
///
/// With --diff: what changed between two versions.
#[derive(Args)]
pub struct Limits {
    /// The version.
    #[arg(value_name = "VERSION", default_value = NEWEST)]
    version: String,
    /// Only what is different in this other version, and there.
    #[arg(long, value_name = "VERSION")]
    diff: Option<String>,
}

impl Limits {
    /// Prints the figures, or the differences.
    pub fn run(&self, terminal: &Terminal) -> Result<Done> {
        let mine = known(&self.version)?;
        let text = match &self.diff {
            None => all(&mine),
            Some(other) => changed(&mine, known(other)?.as_ref()),
        };
        terminal.print(&text)?;
        Ok(Done::Kept)
    }
}

fn known(name: &str) -> Result<Arc<Platform>> {
    platform(name).ok_or_else(|| {
        Failure::input(format!("no version of the platform is called `{name}`; there are {}", platforms().join(", ")))
    })
}

/// A figure's value; by plan where the plans differ.
fn value(id: FigureId, figure: &Figure) -> String {
    let unit = id.row().unit;
    let (free, paid) = (written(unit, figure.free), written(unit, figure.paid));
    if free == paid { paid } else { format!("{free} free, {paid} paid") }
}

fn source(figure: &Figure) -> String {
    format!("{} ({})", figure.source, figure.date)
}

fn all(platform: &Platform) -> String {
    let row = |id: &FigureId| {
        let figure = platform.figure(*id);
        vec![id.name(), value(*id, figure), source(figure)]
    };
    let rows: Vec<Vec<String>> = FigureId::ALL.iter().map(row).collect();
    let table = table(&["limit", "value", "source"], &rows);
    format!("{}: {}\n\n{table}\nVersions: {}\n", platform.name, platform.title, platforms().join(", "))
}

/// The figures whose values differ.
fn changed(mine: &Platform, other: &Platform) -> String {
    let row = |id: &FigureId| {
        let (here, there) = (mine.figure(*id), other.figure(*id));
        let differs = (here.free, here.paid) != (there.free, there.paid);
        differs.then(|| vec![id.name(), value(*id, there), value(*id, here), source(here)])
    };
    let rows: Vec<Vec<String>> = FigureId::ALL.iter().filter_map(row).collect();
    let count = FigureId::ALL.len();
    if rows.is_empty() {
        return format!("{} and {}: all {count} limits are the same\n", other.name, mine.name);
    }
    let title = format!("{} of {count} limits differ between {} and {}", rows.len(), other.name, mine.name);
    let source = format!("source of {}", mine.name);
    format!("{title}\n\n{}", table(&["limit", &other.name, &mine.name, &source], &rows))
}

/// Columns two spaces apart; the last one is as long as it is.
fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |n: usize| {
        let cells = rows.iter().map(|row| row[n].chars().count());
        cells.chain([head[n].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells.zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut text = line(&mut head.iter().copied());
    for row in rows {
        text += &line(&mut row.iter().map(String::as_str));
    }
    text
}
