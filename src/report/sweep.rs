//! The files of a sweep: every figure at every point, and what is recommended where.

use std::fmt::Write;

use crate::advise::sweep::Sweep;

use super::figures::{plain, tidy};
use super::markdown::escaped;
use super::{File, advice};

/// `sweep.csv`: a row for each point, store and metric. Its first columns are the varied fields.
pub fn csv(sweep: &Sweep) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let keys = sweep.axes.iter().map(|axis| axis.key.as_str());
    let rest = ["recommended", "store", "kind", "keeps_all", "usd_month", "metric", "value", "low", "high"];
    // Writing into memory cannot fail, and every row is as long as the header.
    let _ = writer.write_record(keys.chain(rest));
    let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{}", tidy(value)));
    for cell in &sweep.cells {
        for store in &cell.stores {
            for figure in &store.figures {
                let interval = figure.interval;
                let fields = [
                    cell.recommended.clone().unwrap_or_default(),
                    store.name.clone(),
                    store.kind.clone(),
                    store.keeps_all.to_string(),
                    number(store.usd_month),
                    figure.metric.clone(),
                    number(Some(figure.value)),
                    number(interval.map(|[low, _]| low)),
                    number(interval.map(|[_, high]| high)),
                ];
                let _ = writer.write_record(cell.values.iter().cloned().chain(fields));
            }
        }
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// Where the answer changes along the points, in lines of Markdown.
pub fn changes(sweep: &Sweep) -> Vec<String> {
    let Some(axis) = sweep.axes.last() else { return Vec::new() };
    let pairs = sweep.cells.windows(2).filter(|pair| {
        let same_line = pair[0].values[..sweep.axes.len() - 1] == pair[1].values[..sweep.axes.len() - 1];
        same_line && pair[0].recommended != pair[1].recommended
    });
    pairs
        .map(|pair| {
            let value = |n: usize| pair[n].values.last().map_or(String::new(), |value| escaped(&plain(value)));
            let others: Vec<String> = sweep.axes[..sweep.axes.len() - 1]
                .iter()
                .zip(&pair[0].values)
                .map(|(axis, value)| format!("`{}` = {}, ", axis.key, escaped(&plain(value))))
                .collect();
            format!(
                "{}`{}` = {}: {}; {}: {}",
                others.concat(),
                axis.key,
                value(0),
                escaped(pair[0].recommended_label()),
                value(1),
                escaped(pair[1].recommended_label())
            )
        })
        .collect()
}

/// The recommendations as a table, and where they change.
pub fn markdown(sweep: &Sweep) -> String {
    let mut text = format!("# {}\n\n", escaped(&sweep.question));
    let keys: Vec<String> = sweep.axes.iter().map(|axis| format!("`{}`", axis.key)).collect();
    let stores: Vec<String> =
        sweep.cells.first().map_or(Vec::new(), |cell| cell.stores.iter().map(|store| escaped(&store.label)).collect());
    // Writing into a string cannot fail.
    let _ = writeln!(text, "| {} | recommended | {} |", keys.join(" | "), stores.join(" | "));
    let _ = writeln!(text, "|{}", "---|".repeat(keys.len() + 1 + stores.len()));
    for cell in &sweep.cells {
        let values: Vec<String> = cell.values.iter().map(|value| escaped(&plain(value))).collect();
        let verdicts = cell.stores.iter().map(|store| {
            let sign = if store.keeps_all { "✓" } else { "✗" };
            store.usd_month.map_or(sign.to_string(), |usd| format!("{sign} {}", advice::usd(usd)))
        });
        let verdicts: Vec<String> = verdicts.collect();
        let best = escaped(cell.recommended_label());
        let _ = writeln!(text, "| {} | {best} | {} |", values.join(" | "), verdicts.join(" | "));
    }
    let changes = changes(sweep);
    if !changes.is_empty() {
        text += "\n## Where the answer changes\n\n";
        for change in changes {
            let _ = writeln!(text, "- {change}");
        }
    }
    let _ = writeln!(text, "\n## How to repeat\n\n    {}", sweep.command);
    text
}

/// Every file of a sweep.
pub fn files(sweep: &Sweep, charts: bool) -> Vec<File> {
    let mut files = vec![super::text("sweep.md", markdown(sweep)), super::text("sweep.csv", csv(sweep))];
    if charts {
        files.extend(drawings(sweep));
    }
    files
}

#[cfg(feature = "charts")]
fn drawings(sweep: &Sweep) -> Vec<File> {
    super::charts::sweep::charts(sweep).iter().flat_map(super::drawn).collect()
}

#[cfg(not(feature = "charts"))]
fn drawings(_: &Sweep) -> Vec<File> {
    Vec::new()
}
