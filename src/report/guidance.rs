//! The matrix of uses and stores: what each store makes of each scenario, and where that differs from the rule of thumb.

use std::fmt::Write;

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::advise::guidance::{self, Disagreement, is_kv};
use crate::run::{Outcome, StoreOutcome};

use super::advice;
use super::human::wrap;
use super::markdown::{escaped, recommendation};
use super::verdicts::{Matrix, Verdict, matrix, title, words};
use super::{File, figures, tables};

/// Where an outcome differs from the rule of thumb, and what Cloudflare says, in sentences.
pub fn remarks(outcome: &Outcome) -> Vec<String> {
    let Some(rule) = guidance::of(outcome) else { return Vec::new() };
    let label = |store: usize| outcome.stores[store].label.as_str();
    let mut remarks: Vec<String> = guidance::disagreements(outcome)
        .into_iter()
        .map(|difference| match difference {
            Disagreement::KvBreaks => "the rule of thumb says Workers KV, which breaks a promise here".to_string(),
            Disagreement::KvKeeps => "the rule of thumb says no Workers KV, which keeps every promise here".to_string(),
            Disagreement::InsteadBreaks(store) => {
                format!("the rule of thumb says {}, which breaks a promise here", label(store))
            }
            Disagreement::OtherRecommended(store, other) => format!(
                "the rule of thumb says {}; it keeps every promise, and {} is {}",
                label(store),
                label(other),
                if advice_is_cheaper(&outcome.stores[other], &outcome.stores[store]) {
                    "cheaper"
                } else {
                    "no dearer and nearer"
                }
            ),
        })
        .map(|sentence| format!("{}: {sentence}.", rule.name))
        .collect();
    if remarks.is_empty() {
        remarks.push(format!("{}: agrees with the rule of thumb.", rule.name));
    }
    remarks.push(format!("{}: {}.", rule.name, rule.vendor));
    if !rule.kv {
        // How much would have to be tolerated before Workers KV could be taken all the same.
        let reasons = advice::because(outcome).into_iter();
        let tolerant = reasons.filter(|one| is_kv(outcome.stores[one.store].kind) && one.at.ends_with("/kept_from"));
        remarks.extend(tolerant.map(|one| format!("{}: {}", rule.name, one.sentence)));
    }
    remarks
}

fn advice_is_cheaper(one: &StoreOutcome, other: &StoreOutcome) -> bool {
    crate::advise::decide::cents(one) < crate::advise::decide::cents(other)
}

/// The boundaries of an outcome, a sentence each.
fn boundaries(outcome: &Outcome) -> Vec<String> {
    let advice = outcome.advice.iter();
    advice
        .flat_map(|advice| advice.boundaries.iter().map(|one| format!("{}.", advice::boundary(outcome, one))))
        .collect()
}

/// The matrix for a terminal of this width, and what is to be said of each row.
pub fn human(outcomes: &[Outcome], width: usize) -> String {
    let matrix = matrix(outcomes);
    let mut text = wrap(&format!("{}.", title(outcomes)), width).join("\n") + "\n";
    let wide = side_by_side(&matrix);
    let fits = wide.lines().all(|line| line.width() <= width);
    let table = if fits { wide } else { one_by_one(&matrix) };
    text += &format!("\n{table}\n");
    let mut paragraph = |indent: usize, paragraph: &str| {
        for (n, line) in wrap(paragraph, width.saturating_sub(indent + 2).max(20)).iter().enumerate() {
            text += &format!("{}{line}\n", " ".repeat(if n == 0 { indent } else { indent + 2 }));
        }
    };
    for outcome in outcomes {
        remarks(outcome).iter().for_each(|remark| paragraph(0, remark));
        boundaries(outcome).iter().for_each(|boundary| paragraph(4, boundary));
    }
    text
}

/// A column for each kind of store.
fn side_by_side(matrix: &Matrix) -> String {
    let mut cells: Vec<Vec<String>> =
        vec![std::iter::once(String::new()).chain(matrix.columns.iter().map(|(_, label)| label.clone())).collect()];
    for row in &matrix.rows {
        cells.push(std::iter::once(row.name.clone()).chain(row.verdicts.iter().map(words)).collect());
        let metrics = row
            .verdicts
            .iter()
            .map(|verdict| verdict.as_ref().map_or(String::new(), |one| format!("  {}", one.metric)));
        cells.push(std::iter::once(String::new()).chain(metrics).collect());
    }
    table(&cells)
}

/// A line for each verdict, for terminals that are too narrow for the matrix.
fn one_by_one(matrix: &Matrix) -> String {
    let mut cells: Vec<Vec<String>> = Vec::new();
    for row in &matrix.rows {
        for (n, ((_, label), verdict)) in matrix.columns.iter().zip(&row.verdicts).enumerate() {
            let name = if n == 0 { row.name.clone() } else { String::new() };
            let metric = verdict.as_ref().map_or(String::new(), |one| one.metric.clone());
            cells.push(vec![name, label.clone(), words(verdict), metric]);
        }
    }
    table(&cells)
}

fn table(cells: &[Vec<String>]) -> String {
    let columns = cells.first().map_or(0, Vec::len);
    let widths: Vec<usize> =
        (0..columns).map(|n| cells.iter().map(|row| row[n].width()).max().unwrap_or(0) + 2).collect();
    let line = |row: &Vec<String>| {
        let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())));
        format!("{}\n", padded.collect::<String>().trim_end())
    };
    cells.iter().map(line).collect()
}

/// The matrix as Markdown, with the recommendation of each row.
pub fn markdown(outcomes: &[Outcome]) -> String {
    let matrix = matrix(outcomes);
    let mut text = format!("# {}\n\n", title(outcomes));
    let labels: Vec<&str> = matrix.columns.iter().map(|(_, label)| label.as_str()).collect();
    // Writing into a string cannot fail.
    let _ = writeln!(text, "| | {} |\n|---|{}", labels.join(" | "), "---|".repeat(labels.len()));
    for row in &matrix.rows {
        let cell = |verdict: &Option<Verdict>| match verdict {
            Some(one) => format!("{} ({})", words(verdict), one.metric),
            None => words(verdict),
        };
        let cells: Vec<String> = row.verdicts.iter().map(cell).map(|cell| escaped(&cell)).collect();
        let _ = writeln!(text, "| **{}** | {} |", escaped(&row.name), cells.join(" | "));
    }
    for outcome in outcomes {
        let _ = writeln!(text, "\n## {}\n", escaped(&outcome.scenario.question));
        for remark in remarks(outcome) {
            let _ = writeln!(text, "- {}", escaped(&remark));
        }
        text += &recommendation(outcome);
    }
    text
}

/// One cell as a row of `matrix.csv`.
#[derive(Serialize)]
struct CsvRow<'a> {
    scenario: &'a str,
    store: &'a str,
    kind: &'a str,
    keeps_all: bool,
    recommended: bool,
    promise: &'a str,
    metric: String,
    value: Option<f64>,
    kept: u32,
    of: u32,
    usd_month: Option<f64>,
}

/// Every promise of every store, a row each.
pub fn csv(outcomes: &[Outcome]) -> String {
    let mut rows = Vec::new();
    for outcome in outcomes {
        let recommended = outcome.advice.as_ref().and_then(crate::run::Advice::store);
        for (place, store) in outcome.stores.iter().enumerate() {
            for kept in &store.promises {
                let Some(terms) = outcome.scenario.promises.get(kept.promise) else { continue };
                rows.push(CsvRow {
                    scenario: &outcome.scenario.name,
                    store: &store.name,
                    kind: store.kind,
                    keeps_all: store.keeps_all(),
                    recommended: Some(place) == recommended,
                    promise: &terms.name,
                    metric: terms.metric.name(),
                    value: store.estimate(&terms.metric.name()).map(|estimate| figures::tidy(estimate.value)),
                    kept: kept.kept,
                    of: kept.of,
                    usd_month: store.cost.as_ref().map(|bill| figures::tidy(bill.total_usd_month)),
                });
            }
        }
    }
    tables::csv(&rows)
}

/// The files about all outcomes together.
pub fn files(outcomes: &[Outcome], charts: bool) -> Vec<File> {
    let mut files = vec![super::text("matrix.md", markdown(outcomes)), super::text("matrix.csv", csv(outcomes))];
    if charts {
        files.extend(drawing(outcomes));
    }
    files
}

#[cfg(feature = "charts")]
fn drawing(outcomes: &[Outcome]) -> Vec<File> {
    super::drawn(&super::charts::matrix::chart(outcomes))
}

#[cfg(not(feature = "charts"))]
fn drawing(_: &[Outcome]) -> Vec<File> {
    Vec::new()
}
