//! The charts of a sweep: figures by one parameter, decisions by two.

mod decision_map;
mod lines;

use crate::advise::sweep::Sweep;
use crate::model::MODEL;
use crate::report::figures;

use super::Chart;

/// Every chart that a sweep has data for.
pub fn charts(sweep: &Sweep) -> Vec<Chart> {
    match sweep.axes.as_slice() {
        [axis] if axis.values.len() > 1 => lines::charts(sweep),
        [_, _] => decision_map::chart(sweep).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn footer(sweep: &Sweep) -> String {
    format!(
        "scenario {} · {} points · seed {} · {} replications each · model {MODEL}",
        sweep.name,
        figures::grouped(sweep.cells.len() as u64),
        sweep.seed,
        sweep.replications
    )
}
