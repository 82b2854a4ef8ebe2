//! What each store makes of each use: the cells of the guidance's matrix.

use crate::advise::guidance::{self, is_kv};
use crate::run::Outcome;

use super::advice::amount;

/// A verdict with its number.
#[derive(Clone, PartialEq, Debug)]
pub struct Verdict {
    /// The store's place in its outcome.
    pub store: usize,
    pub keeps: bool,
    pub recommended: bool,
    /// What stands in the cell: the figure of the broken promise, or of the first one.
    pub number: String,
    pub metric: String,
}

/// A use and its verdicts, one for each column.
#[derive(Clone, PartialEq, Debug)]
pub struct MatrixRow {
    pub name: String,
    pub verdicts: Vec<Option<Verdict>>,
}

/// The whole matrix. Columns are kinds of stores; the cache over a database counts as Workers KV.
#[derive(Clone, PartialEq, Debug)]
pub struct Matrix {
    /// The word for the kind, and what stands above the column.
    pub columns: Vec<(&'static str, String)>,
    pub rows: Vec<MatrixRow>,
}

/// The first columns; every other kind has one behind them, named like its first store.
const COLUMNS: [(&str, &str); 3] = [("kv", "Workers KV"), ("d1", "D1"), ("durable_object", "Durable Object")];

fn column(kind: &'static str) -> &'static str {
    if is_kv(kind) { "kv" } else { kind }
}

/// The matrix of these outcomes, in their order.
pub fn matrix(outcomes: &[Outcome]) -> Matrix {
    let mut columns: Vec<(&'static str, String)> = Vec::new();
    for store in outcomes.iter().flat_map(|outcome| &outcome.stores) {
        let kind = column(store.kind);
        if !columns.iter().any(|(other, _)| *other == kind) {
            let fixed = COLUMNS.iter().find(|(other, _)| *other == kind);
            columns.push((kind, fixed.map_or_else(|| store.label.clone(), |(_, label)| (*label).to_string())));
        }
    }
    // A stable sort: the others stay in the order in which they occur.
    columns.sort_by_key(|(kind, _)| COLUMNS.iter().position(|(fixed, _)| fixed == kind).unwrap_or(COLUMNS.len()));
    let row = |outcome: &Outcome| MatrixRow {
        name: guidance::of(outcome).map_or_else(|| outcome.scenario.name.clone(), |rule| rule.name.to_string()),
        verdicts: columns.iter().map(|(kind, _)| verdict(outcome, kind)).collect(),
    };
    Matrix { rows: outcomes.iter().map(row).collect(), columns }
}

/// The best store of a column: the recommended one, else the first that keeps every promise, else the first.
fn verdict(outcome: &Outcome, kind: &str) -> Option<Verdict> {
    let recommended = outcome.advice.as_ref().and_then(crate::run::Advice::store);
    let all: Vec<usize> = (0..outcome.stores.len()).filter(|n| column(outcome.stores[*n].kind) == kind).collect();
    let best = all.iter().find(|n| Some(**n) == recommended);
    let best = best.or_else(|| all.iter().find(|n| outcome.stores[**n].keeps_all())).or(all.first())?;
    let store = &outcome.stores[*best];
    let shown = store.promises.iter().find(|promise| !promise.met).or(store.promises.first())?;
    let scalar = outcome.scenario.promises.get(shown.promise)?.metric;
    let number = store.estimate(&scalar.name()).map_or("–".to_string(), |estimate| amount(scalar, estimate.value));
    Some(Verdict {
        store: *best,
        keeps: store.keeps_all(),
        recommended: Some(*best) == recommended,
        number,
        metric: scalar.words(),
    })
}

/// The finding of the whole matrix in one sentence.
pub fn title(outcomes: &[Outcome]) -> String {
    let matrix = matrix(outcomes);
    let parts = matrix.columns.iter().enumerate().map(|(n, (_, label))| {
        let verdicts = || matrix.rows.iter().filter_map(|row| row.verdicts[n].as_ref());
        format!("{label} in {} of {}", verdicts().filter(|verdict| verdict.keeps).count(), verdicts().count())
    });
    let parts = parts.collect::<Vec<_>>().join(", ");
    let suits_all = |n: usize| matrix.rows.iter().all(|row| row.verdicts[n].as_ref().is_some_and(|one| one.keeps));
    if (0..matrix.columns.len()).any(suits_all) {
        return format!("Every promise is kept by {parts}");
    }
    format!("No store suits every use: promises are kept by {parts}")
}

/// What stands in a cell, in a text.
pub fn words(verdict: &Option<Verdict>) -> String {
    verdict.as_ref().map_or("–".to_string(), |verdict| {
        let sign = if verdict.keeps { "✓" } else { "✗" };
        let best = if verdict.recommended { " ← take" } else { "" };
        format!("{sign} {}{best}", verdict.number)
    })
}
