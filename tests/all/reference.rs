//! The reference is printed from the tables of the program, and so are the tables within other documents.
//!
//! SNAPSHOTS=overwrite writes them anew.

use std::fmt::Write;

use consistency_sim::checks::CHECKS;
use consistency_sim::limits::Plan;
use consistency_sim::metrics::table::Row;
use consistency_sim::metrics::{CountId, CurveId, DistributionId};
use consistency_sim::model::Refusal;
use consistency_sim::scenario::{self, Field, Form, codes};

use crate::documents::compare;
use crate::house::project;

const HEAD: &str = "# Reference

Printed from the program's own tables; a test compares. What the words mean in the model is in [model.md](model.md).
`consistency-sim schema` prints the fields as a JSON schema for editors.

- [Values](#values)
- [Fields of a scenario](#fields-of-a-scenario)
- [Metrics](#metrics)
- [Limits](#limits)
- [Checks of histories](#checks-of-histories)
- [Diagnostics](#diagnostics)

## Values

| form | written as |
|---|---|
| a span of time | `\"60 s\"`, `\"2.5 ms\"`; the units are ns, us, ms, s, min, h, d |
| a share | `\"20 %\"` or `0.2` |
| a rate | `\"20 /s per edge\"`, `\"1 /min per key\"`; what it may be per stands in the table |
| a law of chance for spans | a span alone is constant; `{ uniform = [\"1 ms\", \"9 ms\"] }`, `{ exponential = { mean = \"5 s\" } }`, `{ lognormal = { median = \"2 ms\", p99 = \"10 ms\" } }`, `{ pareto = { scale = \"1 ms\", shape = 2.1 } }`, `{ quantiles = { p0 = \"40 ms\", p50 = \"107 ms\", p100 = \"400 ms\" } }`, `{ mixture = [{ weight = 0.9, law = \"1 ms\" }, …] }` |
| a shape of arrivals | `\"poisson\"`, `\"constant\"`, `{ on_off = { on = \"5 s\", off = \"55 s\" } }`, `{ diurnal = { period = \"1 d\", depth = 0.8 } }` |
| a popularity | `\"uniform\"`, `{ zipf = 0.99 }`, `{ hot_set = { keys = \"1 %\", operations = \"90 %\" } }` |
| places | codes of airports as in `\"FRA\"`; `edges` also takes a number |

";

/// In a cell, a bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn form(form: &Form) -> String {
    match form {
        Form::Text => "text".into(),
        Form::Texts => "a list of texts".into(),
        Form::Name => "a name: letters, digits, `-`, `_`".into(),
        Form::Span => "a span".into(),
        Form::TimeOfDay => "a time of the day in UTC".into(),
        Form::SignedSpan => "a span, which may be negative".into(),
        Form::Count { least, most } => format!("a whole number from {least} to {most}"),
        Form::Number { least, most } => format!("a number from {least} to {most}"),
        Form::Share => "a share".into(),
        Form::ShareOfReplications => "a share, as in `\"95 % of replications\"`".into(),
        Form::Rate(pers) => {
            let pers = pers.iter().map(|per| if per.is_empty() { "in all" } else { per });
            format!("a rate: {}", pers.collect::<Vec<_>>().join(", "))
        }
        Form::Law => "a law".into(),
        Form::Size => "a size".into(),
        Form::Sizes => "a size or a law of sizes".into(),
        Form::Shape => "a shape of arrivals".into(),
        Form::Popularity => "a popularity".into(),
        Form::Bound => "a span, a share or a number, by the metric's unit".into(),
        Form::Flag => "`true` or `false`".into(),
        Form::Word(words) => words.iter().map(|(word, _)| format!("`\"{word}\"`")).collect::<Vec<_>>().join(" or "),
        Form::Place => "a place".into(),
        Form::Places => "places".into(),
        Form::Edges => "a number of places, or their codes".into(),
        Form::ByPlace(inner) => format!("by place: {}", self::form(inner)),
        Form::Metric => "a [metric](#metrics)".into(),
        Form::Platform => "a version of the platform, or the path of a file".into(),
        Form::Either(forms) => forms.iter().map(self::form).collect::<Vec<_>>().join(", or "),
        Form::Table(_) => "a table, below".into(),
        Form::Tables(_) => "tables, below".into(),
        Form::Kinds { .. } => "below, by kind".into(),
    }
}

fn meaning(field: &Field) -> String {
    let mut text = field.doc.to_string();
    if let Form::Word(words) = &field.form {
        let words: Vec<String> = words.iter().map(|(word, doc)| format!("`{word}`: {doc}")).collect();
        if field.key != "kind" {
            write!(text, " {}", words.join(" ")).expect("text");
        }
    }
    if !field.condition.is_empty() {
        write!(text, " Only with {}.", field.condition).expect("text");
    }
    if !field.assumed.is_empty() {
        write!(text, " **Assumed**: {}.", field.assumed).expect("text");
    }
    cell(&text)
}

/// A table of the fields, then a table for each field that is one itself.
fn fields(out: &mut String, path: &str, fields: &[Field]) {
    out.push_str("| field | value | default | meaning |\n|---|---|---|---|\n");
    for field in fields.iter().filter(|field| field.key != "kind") {
        let default = match field.default_toml() {
            Some(default) => format!("`{}`", cell(&default)),
            None if field.required => "required".into(),
            None => "–".into(),
        };
        let row = [format!("`{}`", field.key), cell(&form(&field.form)), default, meaning(field)];
        writeln!(out, "| {} |", row.join(" | ")).expect("text");
    }
    out.push('\n');
    for field in fields {
        let path = if path.is_empty() { field.key.clone() } else { format!("{path}.{}", field.key) };
        match &field.form {
            Form::Table(inner) => {
                writeln!(out, "#### `{path}`: a table\n").expect("text");
                self::fields(out, &path, inner);
            }
            Form::Tables(inner) => {
                writeln!(out, "### `[[{path}]]`\n\n{}\n", field.doc).expect("text");
                self::fields(out, &path, inner);
            }
            Form::Kinds { kinds, list } => {
                for kind in kinds {
                    let header = if *list { format!("[[{path}]]") } else { format!("[{path}]") };
                    writeln!(out, "### `{header}` `kind = \"{}\"`\n\n{}\n", kind.word, kind.doc).expect("text");
                    self::fields(out, &path, &kind.fields);
                }
            }
            _ => {}
        }
    }
}

fn metric_rows(out: &mut String, title: &str, rows: impl Iterator<Item = Row>) {
    writeln!(out, "{title}\n\n| name | in tables | unit | definition |\n|---|---|---|---|").expect("text");
    for Row { name, label, unit, definition } in rows {
        let unit = if unit.sign() == "1" { "share" } else { unit.sign() };
        writeln!(out, "| `{name}` | {label} | {unit} | {} |", cell(definition)).expect("text");
    }
    out.push('\n');
}

/// Every metric with its definition.
fn metrics() -> String {
    let mut out = String::new();
    let counted = "Cases among chances:";
    metric_rows(&mut out, counted, CountId::ALL.iter().map(|id| id.row()));
    let sized = "Sizes; the name is followed by a figure, as in `stale_age.p99`:";
    metric_rows(&mut out, sized, DistributionId::ALL.iter().map(|id| id.row()));
    metric_rows(&mut out, "Curves over time:", CurveId::ALL.iter().map(|id| id.row()));
    out
}

fn reference() -> String {
    let mut out = HEAD.to_string();
    out.push_str("## Fields of a scenario\n\nA field that nobody publishes is **assumed**; reports list it.\n\n");
    fields(&mut out, "", &scenario::fields());
    write!(out, "## Metrics\n\n{}", metrics()).expect("text");
    out.push_str(
        "## Limits\n\nWhat a store refuses, and what the caller's code sees.\n\n| rule | code | error |\n|---|---|---|\n",
    );
    for refusal in Refusal::ALL {
        let rule = refusal.facts();
        let text = rule.text(&scenario::newest(), Plan::Free);
        writeln!(out, "| `{}` | {} | `{text}` |", rule.name(), rule.code).expect("text");
    }
    out.push_str("\n## Checks of histories\n\n`consistency-sim judge` asks them of a recorded history.\n\n");
    out.push_str("| check | it holds if |\n|---|---|\n");
    for check in CHECKS {
        writeln!(out, "| `{}` | {} |", check.name, cell(check.meaning)).expect("text");
    }
    out.push_str("\n## Diagnostics\n\nA code never changes its meaning.\n");
    for row in codes::ALL {
        // Four spaces make code of an example wherever the page is shown.
        write!(out, "\n### {}: {}\n\n{}\n", row.code, row.title, row.explanation).expect("text");
    }
    out
}

#[test]
fn the_reference_is_printed_from_the_tables() {
    compare("docs/reference.md", &reference());
}

const LIMITS: &str = "# Limits of the platform

Every figure, price and rule that the simulator knows, printed from its tables; a test compares. A date is the page's own, or
that of reading. `consistency-sim limits` prints the same in a terminal, with `--diff` what changed since another version,
and `--platform FILE` puts figures of your own in their place (`src/limits/brief-2026-01.toml` is an example). Which of the
figures runs can meet, and the pair of runs that proves each, is in `tests/data/limits/`.

";

#[test]
fn the_page_of_limits_is_printed_from_the_tables() {
    let page = consistency_sim::report::platform::page(&scenario::newest());
    compare("docs/limits.md", &format!("{LIMITS}{page}"));
}

/// A document with what stands between `<!-- NAME -->` and `<!-- end -->` replaced.
fn with_part(text: &str, name: &str, part: &str) -> String {
    let start = format!("<!-- {name} -->\n");
    let (before, rest) = text.split_once(&start).unwrap_or_else(|| panic!("no place for {name}"));
    let (_, after) = rest.split_once("<!-- end -->").expect("an end");
    format!("{before}{start}\n{part}<!-- end -->{after}")
}

#[test]
fn the_model_page_defines_every_metric_as_the_program_does() {
    let text = std::fs::read_to_string(project().join("docs/model.md")).expect("a document");
    compare("docs/model.md", &with_part(&text, "metrics", &metrics()));
}

#[test]
fn the_model_page_tells_of_every_kind_of_store_and_workload() {
    let text = std::fs::read_to_string(project().join("docs/model.md")).expect("a document");
    let mut kinds = 0;
    for field in scenario::fields() {
        if let Form::Kinds { kinds: all, .. } = &field.form {
            for kind in all {
                assert!(text.contains(&format!("`{}`", kind.word)), "docs/model.md does not tell of {}", kind.word);
                kinds += 1;
            }
        }
    }
    assert!(kinds >= 10, "{kinds} kinds");
}
