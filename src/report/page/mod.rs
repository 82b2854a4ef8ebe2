//! `report.html`: one page that holds everything and asks nothing of any server; it works from disk and without scripts.
//!
//! What is the same for all pages are files of the web: `page.html`, `page.css`, `page.js`. To add a section: one function
//! and one line in [`sections`].

#[cfg(feature = "charts")]
pub mod dark;
#[cfg(feature = "charts")]
mod figure;
pub mod html;

use std::fmt::Write;

use crate::metrics::table::Unit;
use crate::model::MODEL;
use crate::run::Outcome;

use super::comparison::{self, Tone};
use super::{figures, finding, free_plan, json, limits as violated, markdown};
use html::{Cell, digest, escaped, filled, json_in_script, table, unbroken};

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Which store to take, and why: said by whoever compares stores, shown at the head of the page.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Decision {
    /// As in "Use D1 with read replicas."
    pub headline: String,
    /// The evidence, a sentence each.
    pub because: Vec<String>,
    /// What would change the answer, a sentence each.
    pub changes: Vec<String>,
}

/// The page. Without a decision it says which store kept which promise.
pub fn page(outcome: &Outcome, decision: Option<&Decision>, charts: bool) -> String {
    let charts = Charts::new(outcome, charts);
    let style = format!("{STYLE}{}", charts.style);
    let (mut main, mut links) = (String::new(), String::new());
    for section in sections(outcome, decision, &charts) {
        let Section { id, title, body } = section;
        // Writing into a string cannot fail.
        let _ = writeln!(
            main,
            "<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{title}</h2>\n{body}</section>"
        );
        let _ = write!(links, "<li><a href=\"#{id}\">{title}</a></li>");
    }
    let scenario = &outcome.scenario;
    filled(
        TEMPLATE,
        &[
            ("title", &escaped(&format!("{}: {}", scenario.name, scenario.question))),
            ("question", &escaped(&scenario.question)),
            ("scenario", &escaped(&scenario.name)),
            ("circumstances", &escaped(&format!("{}.", comparison::circumstances(outcome)))),
            ("links", &links),
            ("main", &main),
            ("model", MODEL),
            ("data", &json_in_script(&json(outcome))),
            ("style", &style),
            ("style_digest", &digest(&style)),
            ("script", SCRIPT),
            ("script_digest", &digest(SCRIPT)),
        ],
    )
}

/// The charts' part of the page; nothing where charts are not wanted or not built in.
struct Charts {
    style: String,
    figures: String,
}

impl Charts {
    #[cfg(feature = "charts")]
    fn new(outcome: &Outcome, wanted: bool) -> Charts {
        let charts = if wanted { super::charts::all(outcome) } else { Vec::new() };
        let tables = super::tables::all(outcome);
        let rows = |name: &str| {
            let (_, csv) = tables.iter().find(|(file, _)| file.strip_suffix(".csv") == Some(name))?;
            let table = html::table_of_csv(&format!("The rows of {name}.csv"), csv);
            Some(format!("<details><summary>The figures of this chart</summary>\n{table}</details>\n"))
        };
        let figures = charts.iter().enumerate();
        let figures = figures.map(|(n, chart)| figure::figure(chart, n + 1, &rows(&chart.name).unwrap_or_default()));
        Charts { figures: figures.collect(), style: figure::style(outcome, &charts) }
    }

    #[cfg(not(feature = "charts"))]
    fn new(_: &Outcome, _: bool) -> Charts {
        Charts { style: String::new(), figures: String::new() }
    }
}

/// A part of the page under its own heading; the body is HTML.
struct Section {
    id: &'static str,
    title: &'static str,
    body: String,
}

fn sections(outcome: &Outcome, decision: Option<&Decision>, charts: &Charts) -> Vec<Section> {
    let head = match decision {
        Some(_) => "The decision",
        None if outcome.scenario.promises.is_empty() => "Promises",
        None => "What was promised, and kept",
    };
    let mut sections = vec![
        Section { id: "finding", title: "The finding", body: list("findings", &finding::sentences(outcome)) },
        Section { id: "decision", title: head, body: decided(outcome, decision) },
        Section { id: "comparison", title: "The comparison", body: compared(outcome) },
    ];
    if !charts.figures.is_empty() {
        sections.push(Section { id: "charts", title: "The evidence, drawn", body: charts.figures.clone() });
    }
    sections.push(Section { id: "figures", title: "Every figure", body: every_figure(outcome) });
    sections.push(Section { id: "limits", title: "Limits", body: limits(outcome) });
    sections.push(Section { id: "definitions", title: "Definitions", body: definitions(outcome) });
    if !outcome.scenario.assumptions.is_empty() {
        sections.push(Section { id: "assumptions", title: "Assumptions", body: assumptions(outcome) });
    }
    sections.push(Section { id: "repeat", title: "How to repeat", body: repeat(outcome) });
    sections
}

fn list(class: &str, sentences: &[String]) -> String {
    let items: String = sentences.iter().map(|sentence| format!("<li>{}</li>\n", escaped(sentence))).collect();
    format!("<ul class=\"{class}\">\n{items}</ul>\n")
}

fn decided(outcome: &Outcome, decision: Option<&Decision>) -> String {
    let mut body = String::new();
    if let Some(decision) = decision {
        body += &format!("<p class=\"verdict\">{}</p>\n", escaped(&decision.headline));
        body += &list("because", &decision.because);
        if !decision.changes.is_empty() {
            body += &format!("<h3>What changes the answer</h3>\n{}", list("changes", &decision.changes));
        }
    }
    if outcome.scenario.promises.is_empty() {
        if decision.is_none() {
            body += "<p>The scenario promises nothing, so no store can fail. What must hold in your case is said with \
                     <code>[[promise]]</code>; the comparison shows what there is to choose from.</p>\n";
        }
        return body;
    }
    for (index, promise) in outcome.scenario.promises.iter().enumerate() {
        let (name, metric, terms) =
            (escaped(&promise.name), escaped(&promise.metric.name()), escaped(&markdown::terms(promise)));
        body += &format!("<h3>“{name}”</h3>\n<p class=\"note\"><code>{metric}</code> {terms}</p>\n<ul>\n");
        for store in &outcome.stores {
            for kept in store.promises.iter().filter(|kept| kept.promise == index) {
                let (class, word) = if kept.met { ("good", "✓ kept") } else { ("bad", "✗ broken") };
                let label = escaped(&store.label);
                body += &format!(
                    "<li><b class=\"{class}\">{word}</b> by {label}: {} of {} replications</li>\n",
                    kept.kept, kept.of
                );
            }
        }
        body += "</ul>\n";
    }
    body
}

fn compared(outcome: &Outcome) -> String {
    let heads: String = outcome
        .stores
        .iter()
        .enumerate()
        .map(|(n, store)| {
            let label = escaped(&store.label);
            format!("<th scope=\"col\"><span class=\"chip chip-{n}\" aria-hidden=\"true\"></span>{label}</th>")
        })
        .collect();
    let mut rows = String::new();
    for row in comparison::rows(outcome) {
        let cells: String = row
            .cells
            .iter()
            .map(|cell| match cell.tone {
                Tone::Plain => format!("<td>{}</td>", escaped(&cell.text)),
                Tone::Good => format!("<td class=\"good\">{}</td>", escaped(&cell.text)),
                Tone::Bad => format!("<td class=\"bad\">{}</td>", escaped(&cell.text)),
            })
            .collect();
        rows += &format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", escaped(&row.label));
    }
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"What each store did\">\
         <table class=\"comparison\">\n<thead><tr><td></td>{heads}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n\
         <p class=\"note\">{}</p>\n",
        unbroken(&escaped(&markdown::intervals(outcome))).replace("`–`", "“–”").replace("`0`", "“0”")
    )
}

fn every_figure(outcome: &Outcome) -> String {
    let mut rows = Vec::new();
    for store in &outcome.stores {
        for estimate in &store.estimates {
            let unit = estimate.scalar.row().unit;
            let bound = |side: usize| estimate.interval.map(|interval| interval[side]);
            let number = |value: Option<f64>| {
                Cell::Number(
                    value.map_or("–".to_string(), |value| figures::value(unit, value)),
                    value.map(figures::tidy),
                )
            };
            rows.push(vec![
                Cell::Text(store.label.clone()),
                Cell::Code(estimate.scalar.name()),
                number(Some(estimate.value)),
                number(bound(0)),
                number(bound(1)),
            ]);
        }
    }
    let headers = ["store", "metric", "value", "interval from", "to"];
    let table = table("Every metric that was measured, of every store", &headers, &rows);
    format!("<details><summary>{} figures</summary>\n{table}</details>\n", figures::grouped(rows.len() as u64))
}

fn limits(outcome: &Outcome) -> String {
    let mut rows = Vec::new();
    for store in &outcome.stores {
        for limit in violated::of(outcome, store) {
            let first = figures::value(Unit::Seconds, limit.first_s);
            rows.push(vec![
                Cell::Text(store.label.clone()),
                Cell::Code(limit.error),
                Cell::Code(format!("{} {}", limit.code, limit.rule)),
                Cell::Number(figures::grouped(limit.violations), Some(limit.violations as f64)),
                Cell::Number(format!("{first} ({} UTC)", limit.first_utc), Some(limit.first_s)),
                Cell::Text(limit.remedy),
            ]);
        }
    }
    let headers = ["store", "what the caller’s code sees", "rule", "times", "first after", "what helps"];
    let refused = match rows.is_empty() {
        true => "<p>No store refused an operation.</p>\n".to_string(),
        false => table("Operations that a store refused, over all replications", &headers, &rows),
    };
    let fates = free_plan::sentences(outcome).into_iter().map(|(sentence, seen)| {
        let seen = seen.map_or(String::new(), |text| format!(": <code>{}</code>", escaped(&text)));
        format!("<li>{}{seen}</li>\n", escaped(&sentence))
    });
    let fates: String = fates.collect();
    if fates.is_empty() {
        return refused;
    }
    format!("{refused}<h3>On the free plan</h3>\n<ul class=\"free-plan\">\n{fates}</ul>\n<p>{}</p>\n", free_plan::RULE)
}

fn definitions(outcome: &Outcome) -> String {
    let mut body = "<dl>\n".to_string();
    for row in markdown::defined(outcome) {
        let (label, name, definition) = (escaped(row.label), escaped(row.name), escaped(row.definition));
        body += &format!("<dt>{label} <code>{name}</code></dt>\n<dd>{definition}</dd>\n");
    }
    body + "<dt>p50, p95, p99</dt>\n<dd>The size that 50 %, 95 % and 99 % of the cases do not exceed.</dd>\n</dl>\n"
}

fn assumptions(outcome: &Outcome) -> String {
    let row = |assumption: &crate::scenario::Assumption| {
        vec![
            Cell::Code(assumption.field.clone()),
            Cell::Code(assumption.value.clone()),
            Cell::Text(assumption.why.clone()),
        ]
    };
    let rows: Vec<Vec<Cell>> = outcome.scenario.assumptions.iter().map(row).collect();
    let table =
        table("Fields of the scenario, their values, and why they are assumed", &["field", "value", "why"], &rows);
    format!("<p>These figures are not published; the result rests on them.</p>\n{table}")
}

fn repeat(outcome: &Outcome) -> String {
    let scenario = &outcome.scenario;
    let facts = [
        ("seed", scenario.seed.to_string()),
        ("replications", scenario.replications.to_string()),
        ("model", MODEL.to_string()),
        ("digest of the scenario", outcome.scenario_digest.clone()),
        ("digest of the figures", outcome.digest.clone()),
    ];
    let facts: String =
        facts.iter().map(|(name, value)| format!("<dt>{name}</dt><dd>{}</dd>\n", escaped(value))).collect();
    format!(
        "<pre tabindex=\"0\"><code>{}</code></pre>\n<dl class=\"facts\">\n{facts}</dl>\n\
         <p>The same scenario, seed and model give the same figures on every machine. \
         <code>summary.json</code> beside this page has every number that it shows.</p>\n",
        escaped(&outcome.command)
    )
}
