//! A version of the platform to read: figures, prices and rules with their sources, and what changed between two versions.

use std::fmt::Write;

use crate::limits::figure::{SECTIONS, written};
use crate::limits::platform::Figure;
use crate::limits::{FigureId, METERS, Nature, Plan, Platform, Price};
use crate::model::Refusal;

use super::figures;

/// A figure's value; by plan where the plans differ.
fn value(id: FigureId, figure: &Figure) -> String {
    let unit = id.row().unit;
    let (free, paid) = (written(unit, figure.free), written(unit, figure.paid));
    if free == paid { paid } else { format!("{free} free, {paid} paid") }
}

fn sourced(source: &str, date: &str) -> String {
    match (source, date) {
        ("", _) => "no source given".to_string(),
        (source, "") => source.to_string(),
        (source, date) => format!("{source} ({date})"),
    }
}

/// A number of units, with commas and no more decimals than it has.
fn units(number: f64) -> String {
    if number >= 1000.0 && number == libm::floor(number) { figures::grouped(number as u64) } else { number.to_string() }
}

/// What a meter costs, as in `$0.50 per 1,000,000 keys beyond 10,000,000 a month`.
fn price(price: &Price, unit: &str) -> String {
    if price.usd == 0.0 {
        return "nothing".to_string();
    }
    let one = unit.strip_suffix('s').filter(|_| unit != "GB-s").unwrap_or(unit);
    let each = if price.per == 1.0 { one.to_string() } else { format!("{} {unit}", units(price.per)) };
    let begun = if price.whole_steps { " begun" } else { "" };
    let usd = if price.usd < 0.01 { price.usd.to_string() } else { format!("{:.2}", price.usd) };
    let beyond =
        if price.included > 0.0 { format!(" beyond {} a month", units(price.included)) } else { String::new() };
    format!("${usd} per {each}{begun}{beyond}")
}

/// The plan and every meter: name, price, source.
fn prices(platform: &Platform) -> Vec<Vec<String>> {
    let paid = &platform.paid;
    let plan = vec!["plan.paid".into(), format!("${:.2} a month", paid.usd_month), sourced(&paid.source, &paid.date)];
    let meter = METERS
        .iter()
        .zip(&platform.prices)
        .map(|(row, one)| vec![row.name.to_string(), price(one, row.unit), sourced(&one.source, &one.date)]);
    std::iter::once(plan).chain(meter).collect()
}

/// Every figure and price of a version, as tables for a terminal.
pub fn text(platform: &Platform, versions: &[&str]) -> String {
    let row = |id: &FigureId| {
        let figure = platform.figure(*id);
        vec![id.name(), value(*id, figure), sourced(&figure.source, &figure.date)]
    };
    let rows: Vec<Vec<String>> = FigureId::ALL.iter().map(row).collect();
    let limits = table(&["limit", "value", "source"], &rows);
    let prices = table(&["price", "on the paid plan", "source"], &prices(platform));
    format!("{}: {}\n\n{limits}\n{prices}\nVersions: {}\n", platform.name, platform.title, versions.join(", "))
}

/// The figures and prices whose values differ.
pub fn changed(mine: &Platform, other: &Platform) -> String {
    let figure = |id: &FigureId| {
        let (here, there) = (mine.figure(*id), other.figure(*id));
        let differs = (here.free, here.paid) != (there.free, there.paid);
        let source = || sourced(&here.source, &here.date);
        differs.then(|| vec![id.name(), value(*id, there), value(*id, here), source()])
    };
    let priced = |(here, there): (Vec<String>, Vec<String>)| {
        let [name, mine, source] = <[String; 3]>::try_from(here).ok()?;
        let theirs = there.into_iter().nth(1)?;
        (mine != theirs).then(|| vec![name, theirs, mine, source])
    };
    let rows: Vec<Vec<String>> = FigureId::ALL.iter().filter_map(figure).collect();
    let money: Vec<Vec<String>> = prices(mine).into_iter().zip(prices(other)).filter_map(priced).collect();
    let (count, all) = (FigureId::ALL.len(), METERS.len() + 1);
    if rows.is_empty() && money.is_empty() {
        return format!("{} and {}: all {count} limits and {all} prices are the same\n", other.name, mine.name);
    }
    let title = format!(
        "{} of {count} limits and {} of {all} prices differ between {} and {}",
        rows.len(),
        money.len(),
        other.name,
        mine.name
    );
    let source = format!("source of {}", mine.name);
    let mut text = format!("{title}\n");
    for (what, rows) in [("limit", rows), ("price", money)] {
        if !rows.is_empty() {
            text += &format!("\n{}", table(&[what, &other.name, &mine.name, &source], &rows));
        }
    }
    text
}

/// Columns two spaces apart; the last one is as long as it is.
fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |n: usize| {
        let cells = rows.iter().map(|row| row[n].chars().count());
        cells.chain([head[n].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells.zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut text = line(&mut head.iter().copied());
    for row in rows {
        text += &line(&mut row.iter().map(String::as_str));
    }
    text
}

/// In a cell, a bar would end the cell, and so would a line.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// The word for what kind of rule it is.
fn kind(nature: Nature) -> &'static str {
    match nature {
        Nature::Bound => "a single call",
        Nature::Pace => "a pace",
        Nature::Load => "a server with too much to do",
        Nature::Day => "a day's quota",
        Nature::Storage => "storage",
        Nature::Fault => "a fault, no limit",
    }
}

/// A version as a page in Markdown: every figure, price and rule, each with its source and date.
pub fn page(platform: &Platform) -> String {
    let mut out = format!("`{}`: {}.\n", platform.name, platform.title.trim_end_matches('.'));
    // Writing into a string cannot fail.
    for (section, what) in SECTIONS {
        let _ = write!(
            out,
            "\n## {}\n\n| figure | meaning | free plan | paid plan | source | date |\n",
            what.trim_end_matches('.')
        );
        out += "|---|---|---|---|---|---|\n";
        for id in FigureId::ALL.iter().filter(|id| id.row().section == section) {
            let (row, figure) = (id.row(), platform.figure(*id));
            let (free, paid) = (written(row.unit, figure.free), written(row.unit, figure.paid));
            let (meaning, source) = (cell(row.meaning), cell(&figure.source));
            let _ = writeln!(out, "| `{}` | {meaning} | {free} | {paid} | {source} | {} |", id.name(), figure.date);
        }
    }
    out += "\n## Prices of the paid plan\n\n| meter | price | source |\n|---|---|---|\n";
    for row in prices(platform) {
        let _ = writeln!(out, "| `{}` | {} | {} |", row[0], cell(&row[1]), cell(&row[2]));
    }
    out += "\n## Rules\n\nWhat a run can break, and what the caller's code sees. `consistency-sim explain CODE` says more.\n\n";
    out += "| code | rule | breaks | error | figures | source | what helps |\n|---|---|---|---|---|---|---|\n";
    for refusal in Refusal::ALL {
        let rule = refusal.facts();
        let figures: Vec<String> = rule.figures.iter().map(|figure| format!("`{}`", figure.name())).collect();
        let _ = writeln!(
            out,
            "| {} | `{}` | {} | `{}` | {} | {} | {} |",
            rule.code,
            rule.name(),
            kind(rule.nature),
            cell(&rule.text(platform, Plan::Free)),
            if figures.is_empty() { "–".to_string() } else { figures.join(", ") },
            cell(&sourced(rule.source, rule.date)),
            cell(rule.remedy)
        );
    }
    out
}
