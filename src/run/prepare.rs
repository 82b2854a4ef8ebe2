//! What all units of a scenario share, computed once and by several threads.

use std::convert::Infallible;
use std::sync::Mutex;

use crate::workloads::{Prepared, WorkloadConfig};

use super::pool;

/// How many keys' shares of all operations a thread computes at a time: some hundred microseconds.
const KEYS_AT_A_TIME: usize = 1 << 13;

/// Prepares a workload; 0 threads: as many as the machine has processors. Who computes which share changes no bit of it.
pub(super) fn prepared(workload: &WorkloadConfig, threads: usize) -> Prepared {
    Prepared::divided(workload, |weights, weigh| {
        let parts: Vec<_> = weights.chunks_mut(KEYS_AT_A_TIME).enumerate().map(Mutex::new).collect();
        let work = |(): &mut (), part: &Mutex<(usize, &mut [f64])>| -> Result<(), Infallible> {
            let (number, weights) = &mut *part.lock().expect("no weighing panics");
            weigh(*number * KEYS_AT_A_TIME, weights);
            Ok(())
        };
        let Ok(()) = pool::each(threads, &parts, || (), work, |()| ());
    })
}
