//! The charts: pictures whose titles state what the numbers say.
//! To add a chart: one file with a function of the outcome, and one line in [`all`].

pub mod axis;
pub mod font;
pub mod frame;
pub mod labels;
pub mod panels;
#[cfg(feature = "png")]
pub mod png;
mod render;
pub mod rows;
pub mod scene;
pub mod stretches;
pub mod svg;
pub mod theme;

pub mod answers_over_time;

pub mod limits_over_time;
pub mod matrix;
pub mod read_latency;
pub mod severity;
pub mod space_time;
pub mod stale_reads;
pub mod stale_share;
pub mod sweep;
pub mod t_visibility;
pub mod trade_off;

use crate::run::Outcome;

use scene::Scene;

/// A finished picture.
#[derive(Clone, PartialEq, Debug)]
pub struct Chart {
    /// The file's name without its ending, and that of the CSV with the same data.
    pub name: String,
    /// The finding, as a sentence.
    pub title: String,
    /// What is to be seen, in words, for those who do not see it.
    pub description: String,
    pub scene: Scene,
}

/// Every chart that this outcome has data for, in the order of the report.
pub fn all(outcome: &Outcome) -> Vec<Chart> {
    let mut charts = severity::charts(outcome);
    charts.extend(stale_share::chart(outcome));
    charts.extend(trade_off::chart(outcome));
    charts.extend(t_visibility::chart(outcome));
    charts.extend(stale_reads::chart(outcome));
    charts.extend(space_time::chart(outcome));
    charts.extend(answers_over_time::chart(outcome));
    charts.extend(limits_over_time::chart(outcome));
    charts.extend(read_latency::chart(outcome));
    charts
}

/// Of texts this wide beside each other, each with this much room: every how many-th fits.
fn font_step(width: f64, room: f64) -> usize {
    libm::ceil(width / room.max(1.0)).max(1.0) as usize
}

impl Chart {
    /// The picture as an SVG document.
    pub fn svg(&self) -> String {
        svg::svg(self)
    }

    /// The picture as a PNG, [`png::PIXELS`] pixels for each unit of the scene.
    #[cfg(feature = "png")]
    pub fn png(&self) -> Vec<u8> {
        png::png(&self.scene)
    }
}
