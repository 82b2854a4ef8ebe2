//! The one table: what each store did, row by row, for print and for Markdown.

use crate::run::{Outcome, StoreOutcome};

use super::emphasis::{self, Line};
use super::{advice, figures, finding};

/// How a cell is to be understood at a glance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    Plain,
    Good,
    Bad,
}

/// One cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cell {
    pub text: String,
    pub tone: Tone,
}

/// One row: its words, and a cell for each store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableRow {
    pub label: String,
    pub cells: Vec<Cell>,
}

/// The line under the title: places, time, operations, replications.
pub fn circumstances(outcome: &Outcome) -> String {
    let scenario = &outcome.scenario;
    let replications = u64::from(scenario.replications.max(1));
    let per_replication = |store: &StoreOutcome| store.pooled.operations / replications;
    let least = outcome.stores.iter().map(per_replication).min().unwrap_or(0);
    let most = outcome.stores.iter().map(per_replication).max().unwrap_or(0);
    let operations = if least == most {
        format!("{} operations", figures::grouped(most))
    } else {
        format!("{} to {} operations", figures::grouped(least), figures::grouped(most))
    };
    let same = if outcome.stores.len() > 1 { ", the same clients for every store" } else { "" };
    let each = match replications {
        1 => "1 replication".to_string(),
        n => format!("in each of {} replications", figures::grouped(n)),
    };
    let join = if replications == 1 { " · " } else { " " };
    let edges = match scenario.network.edges {
        1 => "1 edge".to_string(),
        n => format!("{n} edges"),
    };
    format!("{edges} · {} · {operations}{join}{each}{same}", scenario.duration)
}

/// All rows: figures, limits, promises.
pub fn rows(outcome: &Outcome) -> Vec<TableRow> {
    let mut rows: Vec<TableRow> = emphasis::lines(outcome)
        .into_iter()
        .map(|line| TableRow {
            label: line.label(),
            cells: outcome.stores.iter().map(|store| figure(store, line)).collect(),
        })
        .collect();
    rows.push(TableRow { label: "limits".to_string(), cells: outcome.stores.iter().map(limits).collect() });
    if advice::has_costs(&outcome.stores) {
        let cells = outcome.stores.iter().map(cost).collect();
        rows.push(TableRow { label: "monthly cost".to_string(), cells });
    }
    for (index, promise) in outcome.scenario.promises.iter().enumerate() {
        let cells = outcome.stores.iter().map(|store| kept(store, index)).collect();
        rows.push(TableRow { label: promise.name.clone(), cells });
    }
    rows
}

fn plain(text: impl Into<String>) -> Cell {
    Cell { text: text.into(), tone: Tone::Plain }
}

fn figure(store: &StoreOutcome, line: Line) -> Cell {
    if finding::emptied(store, line) {
        return plain("0");
    }
    let estimates: Option<Vec<_>> = line.scalars().iter().map(|scalar| store.estimate(&scalar.name())).collect();
    let unit = line.row().unit;
    match estimates.as_deref() {
        None | Some([]) => plain("–"),
        Some([one]) => plain(figures::value_with_interval(unit, one.value, one.interval)),
        Some(many) => plain(figures::several(unit, &many.iter().map(|estimate| estimate.value).collect::<Vec<_>>())),
    }
}

fn limits(store: &StoreOutcome) -> Cell {
    match store.limits.iter().map(|limit| limit.violations).sum::<u64>() {
        0 => Cell { text: "ok".to_string(), tone: Tone::Good },
        1 => Cell { text: "1 refusal".to_string(), tone: Tone::Bad },
        n => Cell { text: format!("{} refusals", figures::grouped(n)), tone: Tone::Bad },
    }
}

fn cost(store: &StoreOutcome) -> Cell {
    plain(store.cost.as_ref().map_or("–".to_string(), |bill| advice::usd(bill.total_usd_month)))
}

fn kept(store: &StoreOutcome, promise: usize) -> Cell {
    match store.promises.iter().find(|outcome| outcome.promise == promise) {
        None => plain("–"),
        Some(outcome) => {
            let (sign, tone) = if outcome.met { ("✓", Tone::Good) } else { ("✗", Tone::Bad) };
            Cell { text: format!("{sign} kept {} of {}", outcome.kept, outcome.of), tone }
        }
    }
}
