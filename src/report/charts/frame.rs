//! What surrounds every chart: the title that states the finding, the subtitle that defines what is drawn, the footer.

use crate::model::MODEL;
use crate::report::figures;
use crate::run::Outcome;

use super::font::{self, Weight};
use super::rows::{Drawn, Row};
use super::scene::{Anchor, Area, Mark, Scene, at};
use super::theme;

/// A page with its title and subtitle, and the place for what is drawn.
pub struct Frame {
    pub scene: Scene,
    /// Between subtitle and footer, margins left out.
    pub inside: Area,
    pub title: String,
}

const INNER: f64 = theme::WIDTH - 2.0 * theme::MARGIN;

impl Frame {
    /// A page for a drawing of this height. Of the titles, the fullest that fits on one line is taken; if none does, the
    /// fullest that fits on two.
    pub fn new(outcome: &Outcome, titles: &[String], subtitle: &str, height: f64) -> Frame {
        Frame::page(titles, subtitle, &footer(outcome), height)
    }

    /// The same for what is not about one outcome, with a footer of its own.
    pub fn page(titles: &[String], subtitle: &str, footer: &str, height: f64) -> Frame {
        let title = choose(titles);
        let mut scene = Scene { width: theme::WIDTH, height: 0.0, marks: Vec::new() };
        let mut baseline = theme::MARGIN + theme::TITLE * 0.8;
        let left = theme::MARGIN;
        for line in font::wrap(&title, theme::TITLE, Weight::Semibold, INNER, 2) {
            scene.text(line, at(left, baseline), theme::TITLE, Weight::Semibold, Anchor::Start, theme::INK);
            baseline += theme::TITLE * theme::LEADING;
        }
        for line in font::wrap(subtitle, theme::SUBTITLE, Weight::Regular, INNER, 3) {
            scene.text(line, at(left, baseline), theme::SUBTITLE, Weight::Regular, Anchor::Start, theme::GREY);
            baseline += theme::SUBTITLE * theme::LEADING;
        }
        let top = baseline + 10.0;
        let bottom = top + height;
        let footer = font::fit(footer, theme::FOOTER, Weight::Regular, INNER);
        let footer_y = bottom + 16.0 + theme::FOOTER;
        scene.text(footer, at(left, footer_y), theme::FOOTER, Weight::Regular, Anchor::Start, theme::GREY);
        // Whole units, so that pictures have whole pixels.
        scene.height = libm::ceil(footer_y + theme::FOOTER + 8.0);
        let page = Area { left: 0.0, top: 0.0, right: scene.width, bottom: scene.height };
        scene.marks.insert(0, Mark::Rectangle { area: page, color: theme::PAPER });
        Frame { scene, inside: Area { left, top, right: theme::WIDTH - theme::MARGIN, bottom }, title }
    }

    /// Whether no text lies there.
    pub fn is_free(&self, area: &Area) -> bool {
        !self.scene.labels().any(|other| other.area().overlaps(&area.grown(1.0)))
    }
}

fn choose(titles: &[String]) -> String {
    let lines = |title: &&String| font::width(title, theme::TITLE, Weight::Semibold) / INNER;
    let fitting = titles.iter().find(|title| lines(title) <= 1.0);
    // Broken at words, a title rarely fills its first line: hence not quite two.
    fitting.or_else(|| titles.iter().find(|title| lines(title) <= 1.8)).or(titles.last()).cloned().unwrap_or_default()
}

fn footer(outcome: &Outcome) -> String {
    let scenario = &outcome.scenario;
    let plural = |n: u64, word: &str| format!("{} {word}{}", figures::grouped(n), if n == 1 { "" } else { "s" });
    format!(
        "scenario {} · {} · seed {} · {} · model {MODEL}",
        scenario.name,
        plural(u64::from(scenario.network.edges), "edge"),
        scenario.seed,
        plural(u64::from(scenario.replications), "replication"),
    )
}

/// What an interval of the figures means, for subtitles.
pub fn interval_words(outcome: &Outcome, rows: &[Row]) -> String {
    let wide = |row: &Row| matches!(row.drawn, Drawn::Bar { interval: Some([low, high]), .. } if high > low);
    match outcome.scenario.replications {
        n if n > 1 && !rows.iter().any(wide) => format!("The same in each of {n} replications."),
        0 | 1 if !rows.iter().any(wide) => "One replication, hence no interval.".to_string(),
        0 | 1 => "Thin line: 95 % confidence interval over batches of time.".to_string(),
        n => format!("Thin line: 95 % confidence interval over {n} replications."),
    }
}
