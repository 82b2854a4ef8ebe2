//! What differs between two runs, from the files that they left: figure by figure, with intervals.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use crate::metrics::estimate::{Sample, Scalar, student_quantile};
use crate::metrics::table::Unit;

use super::figures;

/// A run, as its files tell of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Run {
    /// What the reader calls it.
    pub name: String,
    /// `summary.json`.
    summary: Value,
    /// By store and metric: what each replication contributed.
    samples: BTreeMap<(String, String), BTreeMap<u32, Sample>>,
}

impl Run {
    /// From the texts of `summary.json` and `replications.csv`; without the latter there are no intervals.
    pub fn new(name: String, summary: Value, replications: &str) -> Run {
        let mut samples: BTreeMap<_, BTreeMap<u32, Sample>> = BTreeMap::new();
        let mut reader = csv::Reader::from_reader(replications.as_bytes());
        for (store, metric, replication, hits, of) in reader.deserialize::<(String, String, u32, f64, f64)>().flatten()
        {
            samples.entry((store, metric)).or_default().insert(replication, Sample { hits, of });
        }
        Run { name, summary, samples }
    }

    fn word(&self, field: &str) -> &str {
        self.summary[field].as_str().unwrap_or_default()
    }

    fn stores(&self) -> impl Iterator<Item = &Value> {
        self.summary["stores"].as_array().into_iter().flatten()
    }

    fn store(&self, name: &str) -> Option<&Value> {
        self.stores().find(|store| store["name"].as_str() == Some(name))
    }
}

/// One figure in both runs, in exported units.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// The store's label.
    pub store: String,
    pub scalar: Scalar,
    pub before: Option<f64>,
    pub after: Option<f64>,
    /// After less before, where both measured it.
    pub change: Option<f64>,
    /// The 95 % confidence interval of the change; `None` for maxima and single replications.
    pub interval: Option<[f64; 2]>,
}

impl Row {
    /// Whether the runs differ in this figure by more than chance explains; without an interval, at all.
    pub fn differs(&self) -> bool {
        match (self.change, self.interval) {
            (Some(0.0), _) => false,
            (Some(_), Some([low, high])) => low > 0.0 || high < 0.0,
            _ => self.before != self.after,
        }
    }
}

/// What was found.
#[derive(Clone, PartialEq, Debug)]
pub struct Difference {
    pub names: [String; 2],
    /// What is to be known about the comparison, a sentence each.
    pub remarks: Vec<String>,
    /// Whether every figure agrees, to the last digit.
    pub identical: bool,
    pub rows: Vec<Row>,
}

/// Compares two runs.
pub fn diff(before: &Run, after: &Run) -> Difference {
    let same = |field: &str| before.summary[field] == after.summary[field];
    let paired = same("seed") && same("replications");
    let identical = before.word("digest") == after.word("digest") && before.word("model") == after.word("model");
    let mut rows = Vec::new();
    for store in before.stores() {
        let name = store["name"].as_str().unwrap_or_default();
        let Some(other) = after.store(name) else { continue };
        for scalar in Scalar::all() {
            let metric = scalar.name();
            let values = [store, other].map(|store| store["metrics"][&metric]["value"].as_f64());
            if values != [None, None] {
                let key = (name.to_string(), metric);
                let samples = [before, after].map(|run| run.samples.get(&key));
                let label = store["label"].as_str().unwrap_or(name).to_string();
                rows.push(row(label, scalar, values, samples, paired));
            }
        }
    }
    let names = [before.name.clone(), after.name.clone()];
    Difference { names, remarks: remarks(before, after, paired), identical, rows }
}

fn row(
    store: String,
    scalar: Scalar,
    [before, after]: [Option<f64>; 2],
    samples: [Option<&BTreeMap<u32, Sample>>; 2],
    paired: bool,
) -> Row {
    let change = before.zip(after).map(|(before, after)| figures::tidy(after - before));
    let is_max = scalar.name().ends_with(".max");
    let interval = match (change, samples) {
        (Some(change), [Some(before), Some(after)]) if !is_max => {
            let half = if paired { paired_half(before, after) } else { independent_half(before, after) };
            half.map(|half| [change - half, change + half])
        }
        _ => None,
    };
    Row { store, scalar, before, after, change, interval }
}

/// What each replication adds to the error of a ratio of sums: its distance from the ratio, in units of the mean chance.
fn residuals(samples: &BTreeMap<u32, Sample>) -> BTreeMap<u32, f64> {
    let hits: f64 = samples.values().map(|sample| sample.hits).sum();
    let of: f64 = samples.values().map(|sample| sample.of).sum();
    let (ratio, mean) = (hits / of, of / samples.len() as f64);
    samples.iter().map(|(replication, sample)| (*replication, (sample.hits - ratio * sample.of) / mean)).collect()
}

/// Half the interval of a difference over pairs of replications; `None` where there are fewer than two pairs, or where
/// one run has replications without a partner.
fn paired_half(before: &BTreeMap<u32, Sample>, after: &BTreeMap<u32, Sample>) -> Option<f64> {
    if !before.keys().eq(after.keys()) {
        return independent_half(before, after);
    }
    let n = before.len() as f64;
    if before.len() < 2 {
        return None;
    }
    let (before, after) = (residuals(before), residuals(after));
    let squares: f64 = before.iter().zip(&after).map(|((_, a), (_, b))| (b - a) * (b - a)).sum();
    Some(student_quantile(0.975, n - 1.0) * libm::sqrt(squares / (n - 1.0) / n))
}

/// Half the interval of a difference between independent runs, after Welch (1947).
fn independent_half(before: &BTreeMap<u32, Sample>, after: &BTreeMap<u32, Sample>) -> Option<f64> {
    if before.len() < 2 || after.len() < 2 {
        return None;
    }
    let part = |samples: &BTreeMap<u32, Sample>| {
        let n = samples.len() as f64;
        let squares: f64 = residuals(samples).values().map(|residual| residual * residual).sum();
        (squares / (n - 1.0) / n, n - 1.0)
    };
    let ((a, freedom_a), (b, freedom_b)) = (part(before), part(after));
    if a + b == 0.0 {
        return Some(0.0);
    }
    let freedom = (a + b) * (a + b) / (a * a / freedom_a + b * b / freedom_b);
    Some(student_quantile(0.975, freedom) * libm::sqrt(a + b))
}

fn remarks(before: &Run, after: &Run, paired: bool) -> Vec<String> {
    let mut remarks = Vec::new();
    let number = |run: &Run, field: &str| run.summary[field].to_string();
    remarks.push(if paired {
        format!(
            "Both took seed {}: the difference is that of replications which met the same clients, pair by pair.",
            number(before, "seed")
        )
    } else if before.summary["seed"] == after.summary["seed"] {
        let (a, b) = (number(before, "replications"), number(after, "replications"));
        format!("The numbers of replications differ ({a} and {b}): there are no pairs, and the runs are compared as independent.")
    } else {
        let (a, b) = (number(before, "seed"), number(after, "seed"));
        format!("The seeds differ ({a} and {b}): the runs met other clients, and are compared as independent.")
    });
    for (field, words) in [("scenario", "scenarios"), ("workload", "workloads"), ("model", "models")] {
        let (a, b) = (before.word(field), after.word(field));
        if a != b {
            remarks.push(format!("The {words} differ: {a} and {b}."));
        }
    }
    if before.word("scenario_digest") != after.word("scenario_digest")
        && before.word("scenario") == after.word("scenario")
    {
        remarks.push(format!(
            "The scenario was changed in between:\n  {}\n  {}",
            before.word("command"),
            after.word("command")
        ));
    }
    if before.samples.is_empty() || after.samples.is_empty() {
        remarks.push("A run has no replications.csv: there are no intervals.".to_string());
    }
    for (here, there) in [(before, after), (after, before)] {
        for store in here.stores().filter_map(|store| store["name"].as_str()).filter(|name| there.store(name).is_none())
        {
            remarks.push(format!("Only {} has the store {store}.", here.name));
        }
    }
    remarks
}

/// One line of print: store, metric, before, after, change.
fn cells(row: &Row) -> [String; 5] {
    let unit = row.scalar.row().unit;
    let value = |value: Option<f64>| value.map_or("–".to_string(), |value| figures::value(unit, value));
    let change = match (row.change, row.interval) {
        (None, _) => "–".to_string(),
        (Some(0.0), _) => "0".to_string(),
        (Some(change), interval) => {
            let sign = if change > 0.0 { "+" } else { "−" };
            let size = libm::fabs(change);
            let around = interval.map(|[low, high]| [size - (high - low) / 2.0, size + (high - low) / 2.0]);
            let size = figures::value_with_interval(unit, size, around);
            // Half of 2 % is 1 %, and so is 2 % less 1 %: a share's change is said in points.
            format!("{sign}{}", if unit == Unit::Share { size.replace(" %", " points") } else { size })
        }
    };
    [row.store.clone(), row.scalar.name(), value(row.before), value(row.after), change]
}

fn shown(difference: &Difference, all: bool) -> Vec<[String; 5]> {
    difference.rows.iter().filter(|row| all || row.differs()).map(cells).collect()
}

fn last_words(difference: &Difference, shown: usize) -> String {
    let hidden = difference.rows.len() - shown;
    match (difference.identical, hidden) {
        (true, _) => "The runs agree in every figure, to the last digit.\n".to_string(),
        (false, 0) => String::new(),
        (false, hidden) => format!(
            "{} further figures do not differ by more than chance explains; --all shows them.\n",
            figures::grouped(hidden as u64)
        ),
    }
}

/// For a terminal.
pub fn human(difference: &Difference, all: bool) -> String {
    let mut text = format!("A: {}\nB: {}\n", difference.names[0], difference.names[1]);
    for remark in &difference.remarks {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{remark}");
    }
    text.push('\n');
    let rows = shown(difference, all);
    let head = ["store", "metric", "A", "B", "B − A"].map(str::to_string);
    let width =
        |column: usize| std::iter::once(&head).chain(&rows).map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    if !rows.is_empty() {
        for row in std::iter::once(&head).chain(&rows) {
            let line: String = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}   ")).collect();
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text.push('\n');
    }
    text + &last_words(difference, rows.len())
}

/// For issues and pages.
pub fn markdown(difference: &Difference, all: bool) -> String {
    let mut text = format!("A: `{}`, B: `{}`\n\n", difference.names[0], difference.names[1]);
    for remark in &difference.remarks {
        let _ = writeln!(text, "- {}", remark.replace("\n  ", "\n  - "));
    }
    text.push('\n');
    let rows = shown(difference, all);
    if !rows.is_empty() {
        text += "| store | metric | A | B | B − A |\n|---|---|---|---|---|\n";
        for [store, metric, before, after, change] in &rows {
            let _ = writeln!(text, "| {} | `{metric}` | {before} | {after} | {change} |", store.replace('|', "\\|"));
        }
        text.push('\n');
    }
    text + &last_words(difference, rows.len())
}
