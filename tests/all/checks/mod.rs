//! Checks against drawings, against references that try everything, and against planted faults; readers against garbage.

mod dialects;
mod drawn;
mod formats;
mod planted;
pub mod reference;
mod traps;

use consistency_sim::checks::{Budget, Case, Verdict, find};
use consistency_sim::history::judged::{Log, Reading};

/// The verdict of one check.
pub fn verdict(check: &str, log: &Log, reading: Reading) -> Verdict {
    let check = find(check).expect("the check exists");
    (check.run)(&Case { log, reading, budget: Budget::default() }).verdict
}
