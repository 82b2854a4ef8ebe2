//! Does a scenario give the same figures on one thread and on many, whatever is simulated first? And if not, where does
//! it begin to differ?

use std::sync::Mutex;

use crate::metrics::Measurements;
use crate::random::Stream;
use crate::scenario::Scenario;
use crate::workloads::trace_file::TraceError;

use super::{Contestant, RunError, Unit, pool};

/// So many units are simulated twice before they are compared: what is kept does not grow with the run.
const TOGETHER: usize = 64;

/// The first unit, in the order of stores and replications, whose two simulations are not the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    pub unit: Unit,
    /// The first figure that differs, with both values.
    pub figure: String,
}

/// Simulates every unit of a scenario twice, first in order on one thread, then in a shuffled order on so many (0: as
/// many as there are processors), and says how many units there were and what differed first.
///
/// # Errors
/// When a trace cannot be read to its end.
pub fn check(scenario: &Scenario, threads: usize) -> Result<(usize, Option<Difference>), RunError> {
    let contestants = Contestant::all(scenario);
    let mut units = Vec::new();
    for (store, contestant) in contestants.iter().enumerate() {
        let shares = contestant.shares(scenario.replications);
        for replication in 0..scenario.replications {
            units.extend((0..shares).map(|share| Unit { store, replication, share, shares }));
        }
    }
    let simulate = |unit: &Unit| contestants[unit.store].simulate(*unit);
    let found = twice(&units, threads, &simulate).map_err(RunError::Trace)?;
    Ok((units.len(), found))
}

/// Simulates units twice, by whatever simulates them, and compares: the door for a simulation that is wrong on purpose.
///
/// # Errors
/// What simulating fails with.
pub fn twice(
    units: &[Unit],
    threads: usize,
    simulate: &(dyn Fn(&Unit) -> Result<Measurements, TraceError> + Sync),
) -> Result<Option<Difference>, TraceError> {
    for units in units.chunks(TOGETHER) {
        let first = units.iter().map(simulate).collect::<Result<Vec<_>, _>>()?;
        let mut order: Vec<usize> = (0..units.len()).collect();
        shuffle(&mut order);
        let second: Vec<Mutex<Option<Measurements>>> = units.iter().map(|_| Mutex::new(None)).collect();
        let work = |(): &mut (), n: &usize| {
            let measured = simulate(&units[*n])?;
            *second[*n].lock().expect("no unit panics") = Some(measured);
            Ok(())
        };
        pool::each(threads, &order, || (), work, |()| ())?;
        for ((unit, first), second) in units.iter().zip(&first).zip(second) {
            let second = second.into_inner().expect("no unit panics").expect("every unit was simulated");
            if *first != second {
                let figure = first.difference(&second).unwrap_or_else(|| "a figure over time".to_string());
                return Ok(Some(Difference { unit: *unit, figure }));
            }
        }
    }
    Ok(None)
}

/// The same order each time, and not the one in which threads would take the units by themselves.
fn shuffle(order: &mut [usize]) {
    let mut stream = Stream::from_entity(order.len() as u64);
    for last in (1..order.len()).rev() {
        order.swap(last, stream.below(last as u64 + 1) as usize);
    }
}
