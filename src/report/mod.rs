//! The files that people open, each a pure function of the outcome, and one function that writes them.
//! To add a file: one function of the outcome, and one line in [`files`].

pub mod advice;
pub mod chain;
#[cfg(feature = "charts")]
pub mod charts;
pub mod comparison;
pub mod diff;
pub mod emphasis;
pub mod explain;
pub mod export;
pub mod faults;
pub mod figures;
pub mod finding;
pub mod free_plan;
pub mod github;
pub mod guidance;
pub mod human;
pub mod json;
pub mod junit;
pub mod limits;
pub mod markdown;
mod over_time;
pub mod page;
pub mod platform;
pub mod sweep;
pub mod tables;
pub mod verdicts;
#[cfg(feature = "host")]
pub mod write;

pub use export::export;
pub use github::github;
pub use human::human;
pub use json::json;
pub use markdown::markdown;
pub use page::page;
#[cfg(feature = "host")]
pub use write::{write, write_files, write_with};

#[cfg(feature = "charts")]
use std::convert::Infallible;
#[cfg(feature = "charts")]
use std::sync::Mutex;

use crate::run::Outcome;
#[cfg(feature = "charts")]
use crate::run::pool;

/// A file of a report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct File {
    /// Relative to the report's folder, with `/` between folders.
    pub path: String,
    pub bytes: Vec<u8>,
}

/// Every file of a report; with charts, where the feature for them is there. The same outcome gives the same bytes.
pub fn files(outcome: &Outcome, charts: bool) -> Vec<File> {
    files_on(outcome, charts, 0)
}

/// The same, drawn by so many threads; 0: as many as the machine has processors.
pub fn files_on(outcome: &Outcome, charts: bool, threads: usize) -> Vec<File> {
    let (images, drawn) = if charts { drawings(outcome, threads) } else { (Vec::new(), Vec::new()) };
    let mut files = vec![
        text("report.html", page(outcome, decision(outcome).as_ref(), charts)),
        text("report.md", markdown::with_images(outcome, &images)),
        text("summary.json", json(outcome)),
    ];
    files.extend(tables::all(outcome).into_iter().map(|(path, table)| text(&path, table)));
    files.extend(drawn);
    files
}

fn text(path: &str, text: String) -> File {
    File { path: path.to_string(), bytes: text.into_bytes() }
}

/// Pictures are drawn by several threads: they take longer than a short run.
#[cfg(feature = "charts")]
fn drawings(outcome: &Outcome, threads: usize) -> (Vec<markdown::Image>, Vec<File>) {
    let charts = charts::all(outcome);
    let done: Vec<Mutex<Vec<File>>> = charts.iter().map(|_| Mutex::default()).collect();
    let places: Vec<usize> = (0..charts.len()).collect();
    let draw = |(): &mut (), place: &usize| -> Result<(), Infallible> {
        *done[*place].lock().expect("no drawing panics") = drawn(&charts[*place]);
        Ok(())
    };
    let Ok(()) = pool::each(threads, &places, || (), draw, |()| ());
    let (mut images, mut files) = (Vec::new(), Vec::new());
    for (chart, done) in charts.iter().zip(done) {
        let drawn = done.into_inner().expect("no drawing panics");
        // A PNG, where there is one, looks the same everywhere, whatever fonts there are.
        images.extend(drawn.last().map(|file| markdown::Image { path: file.path.clone(), title: chart.title.clone() }));
        files.extend(drawn);
    }
    (images, files)
}

/// A picture's files: SVG, and PNG after it.
#[cfg(feature = "charts")]
fn drawn(chart: &charts::Chart) -> Vec<File> {
    let svg = text(&format!("charts/{}.svg", chart.name), chart.svg());
    #[cfg(feature = "png")]
    let files = vec![svg, File { path: format!("charts/{}.png", chart.name), bytes: chart.png() }];
    #[cfg(not(feature = "png"))]
    let files = vec![svg];
    files
}

#[cfg(not(feature = "charts"))]
fn drawings(_: &Outcome, _: usize) -> (Vec<markdown::Image>, Vec<File>) {
    (Vec::new(), Vec::new())
}

/// What the page says at its top, where a comparison has decided.
fn decision(outcome: &Outcome) -> Option<page::Decision> {
    let advice = outcome.advice.as_ref()?;
    let boundaries = advice.boundaries.iter().map(|one| advice::boundary(outcome, one));
    Some(page::Decision {
        headline: advice::headline(outcome)?,
        because: advice::because(outcome).into_iter().map(|one| one.sentence).collect(),
        changes: boundaries.chain(advice::unmoved(advice)).collect(),
    })
}
