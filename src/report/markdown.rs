//! `report.md`: the finding in sentences, the table, the charts, and all that is needed to judge and to repeat the run.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::metrics::table::{Row, Unit};
use crate::metrics::{CountId, CurveId};
use crate::model::MODEL;
use crate::run::Outcome;
use crate::scenario::{Bound, Promise};

use super::comparison::{circumstances, rows};
use super::{advice, emphasis, figures, finding, free_plan, limits as violated};

/// An image of the report: where it is, and what it says.
pub(super) struct Image {
    pub path: String,
    pub title: String,
}

/// The report without charts, for print; the file `report.md` has them.
pub fn markdown(outcome: &Outcome) -> String {
    with_images(outcome, &[])
}

pub(super) fn with_images(outcome: &Outcome, images: &[Image]) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail; the results are dropped for that reason.
    let _ = heading(&mut text, outcome);
    text += &recommendation(outcome);
    let _ = table(&mut text, outcome);
    for image in images {
        let _ = write!(text, "\n![{}]({})\n", escaped(&image.title).replace(['[', ']'], ""), image.path);
    }
    let _ = promises(&mut text, outcome);
    let _ = limits(&mut text, outcome);
    let _ = definitions(&mut text, outcome);
    let _ = assumptions(&mut text, outcome);
    let _ = repeat(&mut text, outcome);
    text
}

fn heading(text: &mut String, outcome: &Outcome) -> std::fmt::Result {
    writeln!(text, "# {}\n", escaped(&outcome.scenario.question))?;
    writeln!(text, "Scenario `{}` · {}.\n", outcome.scenario.name, circumstances(outcome))?;
    for sentence in finding::sentences(outcome) {
        writeln!(text, "- {}", escaped(&sentence))?;
    }
    Ok(())
}

/// The recommendation, its reasons and its boundaries; nothing without advice.
pub(super) fn recommendation(outcome: &Outcome) -> String {
    let mut text = String::new();
    for (n, (indent, paragraph)) in advice::paragraphs(outcome).into_iter().enumerate() {
        let paragraph = escaped(&paragraph);
        text += &match (n, indent) {
            (0, _) => format!("\n## {}\n\n", paragraph.trim_end_matches('.')),
            (_, 0) => format!("\n{paragraph}\n"),
            (_, indent) => format!("{}- {paragraph}\n", " ".repeat(indent - 2)),
        };
    }
    text
}

fn table(text: &mut String, outcome: &Outcome) -> std::fmt::Result {
    writeln!(text, "\n## Comparison\n")?;
    let labels: Vec<String> = outcome.stores.iter().map(|store| escaped(&store.label)).collect();
    writeln!(text, "| | {} |", labels.join(" | "))?;
    writeln!(text, "|---|{}", "---|".repeat(labels.len()))?;
    for row in rows(outcome) {
        let cells: Vec<String> = row.cells.iter().map(|cell| escaped(&cell.text)).collect();
        writeln!(text, "| {} | {} |", escaped(&row.label), cells.join(" | "))?;
    }
    writeln!(text, "\n{}", intervals(outcome))
}

/// What the signs of the comparison mean.
pub(super) fn intervals(outcome: &Outcome) -> String {
    match outcome.scenario.replications {
        0 | 1 if outcome.stores.iter().all(|store| store.estimates.iter().all(|one| one.interval.is_none())) => {
            "One replication: no intervals. `–` is what was not measured, `0` is exactly none.".to_string()
        }
        0 | 1 => "± is half the width of the 95 % confidence interval from batches of time of the one replication \
                  (Student's t over batches, joined until neighbours do not resemble each other), or from independent \
                  cycles where summary.json says so. `–` is what was not measured, `0` is exactly none."
            .to_string(),
        n => format!(
            "± is half the width of the 95 % confidence interval (Student's t over {n} replications with different \
             random numbers); maxima have none. `–` is what was not measured, `0` is exactly none."
        ),
    }
}

fn promises(text: &mut String, outcome: &Outcome) -> std::fmt::Result {
    if outcome.scenario.promises.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n## Promises\n")?;
    for (index, promise) in outcome.scenario.promises.iter().enumerate() {
        let (name, metric) = (escaped(&promise.name), promise.metric.name());
        writeln!(text, "- **{name}**: `{metric}` {}.", terms(promise))?;
        for store in &outcome.stores {
            for kept in store.promises.iter().filter(|kept| kept.promise == index) {
                let sign = if kept.met { "✓ kept" } else { "✗ broken" };
                writeln!(text, "  - {sign} by {}: {} of {} replications", escaped(&store.label), kept.kept, kept.of)?;
            }
        }
    }
    Ok(())
}

/// What a promise asks for, as in "at most 5 s in every replication".
pub(super) fn terms(promise: &Promise) -> String {
    let (words, bound) = match promise.bound {
        Bound::AtMost(most) => ("at most", most),
        Bound::AtLeast(least) => ("at least", least),
    };
    let share = if promise.share >= 1.0 {
        "every replication".to_string()
    } else {
        format!("{} of the replications", figures::value(Unit::Share, promise.share))
    };
    format!("{words} {} in {share}", figures::value(promise.metric.row().unit, bound))
}

fn limits(text: &mut String, outcome: &Outcome) -> std::fmt::Result {
    writeln!(text, "\n## Limits\n")?;
    let mut none = true;
    for store in &outcome.stores {
        for limit in violated::of(outcome, store) {
            none = false;
            writeln!(
                text,
                "- {}: {} × `{}` (rule `{}`, {}), first after {} ({} UTC). What helps: {}",
                escaped(&store.label),
                figures::grouped(limit.violations),
                limit.error,
                limit.rule,
                limit.code,
                figures::value(Unit::Seconds, limit.first_s),
                limit.first_utc,
                escaped(&limit.remedy),
            )?;
        }
    }
    if none {
        writeln!(text, "No store refused an operation.")?;
    }
    let fates = free_plan::sentences(outcome);
    if !fates.is_empty() {
        writeln!(text, "\n### On the free plan\n")?;
        for (sentence, seen) in fates {
            let seen = seen.map_or(String::new(), |text| format!(": `{text}`"));
            writeln!(text, "- {}{seen}", escaped(&sentence))?;
        }
        writeln!(text, "\n{}", free_plan::RULE)?;
    }
    Ok(())
}

fn definitions(text: &mut String, outcome: &Outcome) -> std::fmt::Result {
    writeln!(text, "\n## Definitions\n")?;
    for row in defined(outcome) {
        writeln!(text, "- **{}** (`{}`): {}", row.label, row.name, row.definition)?;
    }
    writeln!(text, "- **p50**, **p95**, **p99**: the size that 50 %, 95 % and 99 % of the cases do not exceed.")
}

/// Every metric that the report speaks of, once, in the order in which they come up.
pub(super) fn defined(outcome: &Outcome) -> Vec<Row> {
    let mut said = BTreeSet::new();
    let lines = emphasis::lines(outcome).into_iter().map(|line| line.row());
    let promised = outcome.scenario.promises.iter().map(|promise| promise.metric.row());
    let always = [CountId::StaleReads.row(), CurveId::TVisibility.row()];
    lines.chain(promised).chain(always).filter(|row| said.insert(row.name)).collect()
}

fn assumptions(text: &mut String, outcome: &Outcome) -> std::fmt::Result {
    if outcome.scenario.assumptions.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n## Assumptions\n")?;
    writeln!(text, "These figures are not published; the result rests on them.\n")?;
    writeln!(text, "| field | value | why |\n|---|---|---|")?;
    for assumption in &outcome.scenario.assumptions {
        let (value, why) = (escaped(&assumption.value), escaped(&assumption.why));
        writeln!(text, "| `{}` | {value} | {why} |", assumption.field)?;
    }
    Ok(())
}

fn repeat(text: &mut String, outcome: &Outcome) -> std::fmt::Result {
    writeln!(text, "\n## How to repeat\n")?;
    writeln!(text, "    {}\n", outcome.command)?;
    writeln!(text, "- seed: {}", outcome.scenario.seed)?;
    writeln!(text, "- replications: {}", outcome.scenario.replications)?;
    writeln!(text, "- model: {MODEL}")?;
    writeln!(text, "- digest of the scenario: `{}`", outcome.scenario_digest)?;
    writeln!(text, "- digest of the figures: `{}`", outcome.digest)?;
    writeln!(text, "\nThe same scenario, seed and model give the same figures on every machine.")
}

/// What users write stays text: signs that Markdown or HTML would read are escaped.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' => escaped.extend(['\\', letter]),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\n' | '\r' => escaped.push(' '),
            _ => escaped.push(letter),
        }
    }
    escaped
}
