//! What codes, metrics, limits, stores and checks mean, from the tables that the simulator itself reads.
//!
//! To add a topic: nothing, where it stands in a table.

use std::fmt::Write;

use crate::checks::CHECKS;
use crate::limits::Plan;
use crate::limits::figure::written;
use crate::metrics::estimate::FIGURES;
use crate::metrics::table::{Row, Unit};
use crate::metrics::{CountId, CurveId, DistributionId};
use crate::model::Refusal;
use crate::scenario::{Field, Form, Kind, codes, fields, newest};

use super::human::wrap;

/// How alike a name must be to be offered instead of a misspelt one; 1 is the same.
const ALIKE: f64 = 0.84;
/// How long a part of an error's text must be to lead to its limit.
const PART_MIN: usize = 3;
/// How many such names are offered.
const OFFERED_MAX: usize = 3;

/// Every topic, in its group, a line each.
pub fn contents() -> String {
    let mut text = String::new();
    for group in GROUPS {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{}", group.title);
        let topics = (group.topics)();
        let width = topics.iter().map(|topic| topic.name.len()).max().unwrap_or(0);
        for topic in topics {
            let _ = writeln!(text, "  {:width$}  {}", topic.name, topic.title);
        }
        text.push('\n');
    }
    text + "Reads\n  read ID --run DIR  why a read was stale, and what would have prevented it; without an ID: stale reads\n"
}

/// What a name means, in lines of this width.
///
/// # Errors
/// The nearest names that mean something, where this one does not.
pub fn topic(name: &str, width: usize) -> Result<String, Vec<String>> {
    let all: Vec<Topic> = GROUPS.iter().flat_map(|group| (group.topics)()).collect();
    let wanted = name.trim();
    let mut found: Vec<&Topic> = all.iter().filter(|topic| topic.answers_to(wanted)).collect();
    if found.is_empty() && wanted.len() >= PART_MIN {
        // Part of an error's text, as it stands in a log.
        let part = wanted.to_ascii_lowercase();
        let limits: Vec<&str> = Refusal::ALL.iter().map(|refusal| refusal.rule()).collect();
        let is_part =
            |topic: &&Topic| limits.contains(&&*topic.name) && topic.title.to_ascii_lowercase().contains(&part);
        found = all.iter().filter(is_part).collect();
    }
    if found.is_empty() {
        return Err(nearest(wanted, &all));
    }
    let texts: Vec<String> = found.iter().map(|topic| topic.text(width)).collect();
    Ok(texts.join("\n"))
}

struct Group {
    title: &'static str,
    topics: fn() -> Vec<Topic>,
}

const GROUPS: [Group; 5] = [
    Group { title: "Stores", topics: stores },
    Group { title: "Metrics", topics: metrics },
    Group { title: "Limits", topics: limits },
    Group { title: "Checks", topics: checks },
    Group { title: "Codes of diagnostics", topics: diagnostics },
];

/// One thing that can be explained.
struct Topic {
    name: String,
    /// Other names that lead to it.
    aliases: Vec<String>,
    title: String,
    /// Paragraphs; lines that begin with blanks stay as they are.
    body: String,
}

impl Topic {
    fn answers_to(&self, name: &str) -> bool {
        let same = |other: &String| other.eq_ignore_ascii_case(name);
        same(&self.name) || self.aliases.iter().any(same)
    }

    fn text(&self, width: usize) -> String {
        let mut text = String::new();
        let heading = format!("{}: {}", self.name, self.title);
        for line in std::iter::once(heading.as_str()).chain(std::iter::once("")).chain(self.body.lines()) {
            if line.starts_with(' ') || line.is_empty() {
                text += line;
                text.push('\n');
                continue;
            }
            for line in wrap(line, width) {
                text += &line;
                text.push('\n');
            }
        }
        text
    }
}

fn nearest(name: &str, all: &[Topic]) -> Vec<String> {
    let name = name.to_ascii_lowercase();
    let likeness = |topic: &Topic| {
        let names = std::iter::once(&topic.name).chain(&topic.aliases);
        names.map(|other| strsim::jaro_winkler(&other.to_ascii_lowercase(), &name)).fold(0.0, f64::max)
    };
    let mut alike: Vec<(f64, &Topic)> = all.iter().map(|topic| (likeness(topic), topic)).collect();
    alike.retain(|(likeness, _)| *likeness >= ALIKE);
    alike.sort_by(|a, b| b.0.total_cmp(&a.0));
    alike.iter().take(OFFERED_MAX).map(|(_, topic)| topic.name.clone()).collect()
}

fn stores() -> Vec<Topic> {
    let all = fields();
    let kinds = all.iter().find_map(|field| match (&field.form, field.key.as_str()) {
        (Form::Kinds { kinds, .. }, "store") => Some(kinds),
        _ => None,
    });
    kinds.into_iter().flatten().map(store).collect()
}

fn store(kind: &Kind) -> Topic {
    let mut body = "Fields of a [[store]] with this kind, with their defaults:\n".to_string();
    for field in &kind.fields {
        body += &told(field);
    }
    body += "\nDefaults that are marked are assumptions: nobody publishes them, and every report that rests on them says so.\n";
    let aliases = vec![kind.word.replace('_', "-"), kind.word.replace('_', " ")];
    Topic { name: kind.word.to_string(), aliases, title: kind.doc.trim_end_matches('.').to_string(), body }
}

fn told(field: &Field) -> String {
    let mut text = format!("\n  {}", field.key);
    if let Some(default) = field.default_toml() {
        let _ = write!(text, " = {default}");
    }
    if !field.condition.is_empty() {
        let _ = write!(text, "   (only with {})", field.condition);
    }
    let _ = write!(text, "\n      {}", field.doc);
    if !field.assumed.is_empty() {
        let _ = write!(text, "\n      Assumed: {}.", field.assumed);
    }
    text + "\n"
}

fn metrics() -> Vec<Topic> {
    let counts = CountId::ALL.iter().map(|id| metric(id.row(), "A share: cases among chances."));
    let sizes = DistributionId::ALL.iter().map(|id| metric(id.row(), ""));
    let curves = CurveId::ALL.iter().map(|id| metric(id.row(), "A curve over time; t_visibility.csv has it."));
    counts.chain(sizes).chain(curves).collect()
}

fn metric(row: Row, kind: &str) -> Topic {
    let is_size = kind.is_empty();
    let figures: Vec<String> =
        if is_size { FIGURES.iter().map(|(figure, _)| format!("{}.{figure}", row.name)).collect() } else { Vec::new() };
    let unit = match row.unit {
        Unit::Share => "Exported as a number between 0 and 1.".to_string(),
        unit => format!("Exported in {}.", if unit == Unit::Seconds { "seconds" } else { unit.sign() }),
    };
    let mut body = format!("{}\n\n", row.definition);
    if is_size {
        let _ = writeln!(body, "Of these sizes, reports give {}.", figures.join(", "));
    } else {
        let _ = writeln!(body, "{kind}");
    }
    let _ = writeln!(body, "{unit}");
    let promised = if is_size { figures[3].clone() } else { row.name.to_string() };
    if kind.is_empty() || kind.starts_with("A share") {
        let bound = match row.unit {
            Unit::Share => "\"1 %\"",
            Unit::Seconds => "\"5 s\"",
            _ => "5",
        };
        let _ = write!(
            body,
            "\nIn a promise:\n\n    [[promise]]\n    name = \"…\"\n    metric = \"{promised}\"\n    at_most = {bound}\n"
        );
    }
    let aliases = figures.into_iter().chain([row.label.to_string()]).collect();
    Topic { name: row.name.to_string(), aliases, title: row.label.to_string(), body }
}

fn limits() -> Vec<Topic> {
    let platform = newest();
    let topic = |refusal: &Refusal| {
        let rule = refusal.facts();
        let text = rule.text(&platform, Plan::Free);
        let mut body =
            format!("The caller’s code sees:\n\n    {text}\n\n{}\n\nWhat helps: {}\n", rule.what, rule.remedy);
        // Writing into a string cannot fail.
        for id in rule.figures {
            let figure = platform.figure(*id);
            let unit = id.row().unit;
            let (free, paid) = (written(unit, figure.free), written(unit, figure.paid));
            let value = if free == paid { free } else { format!("{free} on Workers Free, {paid} on Workers Paid") };
            let _ = write!(body, "\n{}: {value} ({}, {}).\n", id.name(), figure.source, figure.date);
        }
        let _ = write!(body, "\nThe error stands in {} ({}).\n", rule.source, rule.date);
        if let Some(status) = rule.status {
            let _ = writeln!(body, "Its HTTP status is {status}.");
        }
        let bare = text.split(": ").last().unwrap_or_default().to_string();
        let plain = text.trim_end_matches('.').to_string();
        let aliases = vec![rule.code.to_string(), text.clone(), plain.clone(), bare];
        Topic { name: rule.name().to_string(), aliases, title: plain, body }
    };
    Refusal::ALL.iter().map(topic).collect()
}

fn checks() -> Vec<Topic> {
    let topic = |check: &crate::checks::Check| {
        let body = format!(
            "Where it holds, {}.\n\nRun it over a recorded history:\n\n    consistency-sim judge HISTORY --check {}\n",
            check.meaning.trim_end_matches('.'),
            check.name
        );
        let aliases = vec![check.name.replace('-', "_"), check.name.replace(['-', '_'], " ")];
        Topic { name: check.name.to_string(), aliases, title: "a check of `judge`".to_string(), body }
    };
    CHECKS.iter().map(topic).collect()
}

fn diagnostics() -> Vec<Topic> {
    let topic = |code: &codes::Code| Topic {
        name: code.code.to_string(),
        aliases: Vec::new(),
        title: code.title.to_string(),
        body: format!("{}\n", code.explanation),
    };
    codes::ALL.iter().map(topic).collect()
}
